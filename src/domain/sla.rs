//! What is due on a ticket, and when: a pure function over the ticket's own clock fields, so there is no table of deadlines.
//!
//! A clock runs in business time, from the moment at which a mail arrived (never from its Date), and stands still while it is not our turn.
//! Whoever looks after the ticket hears once that a time is running out, the team's lead once that it is over.

use chrono::{DateTime, Duration, Timelike, Utc};

use super::facts::{Closed, Facts, Reminder};
use super::message::{LetterKind, hash64};
use super::notify::{self, say};
use super::policy::{Agent, Policy};
use super::ticket::{Alarm, Change, Clock, Status, Ticket, TicketNo};
use super::{Case, Decision, Need, Outcome};

/// What a clock that struck asks for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Due {
    /// The time that was named for waiting is over.
    WaitOver,
    /// Silent for long enough: resolved, or reminded in vain.
    Close,
    /// The requester has kept us waiting: he is asked once more.
    Remind,
    /// The time of this clock is running out.
    Soon(Clock),
    /// The time of this clock is over.
    Over(Clock),
}

/// The part of its time after which a clock begins to warn: three quarters.
const WARNED_AFTER: (i32, i32) = (3, 4);

/// Three clocks strike twice each; a wait ends, and so does a reminded one.
const MOST_AT_ONCE: usize = 9;

/// What is due next on a ticket, and when.
pub fn due(ticket: &Ticket, policy: &Policy) -> Option<(DateTime<Utc>, Due)> {
    match ticket.status {
        Status::New | Status::Open => next_alarm(ticket, policy),
        Status::Waiting => match ticket.wait_until {
            Some(until) => [Some((until, Due::WaitOver)), reminder(ticket, policy)].into_iter().flatten().min_by_key(|(at, _)| *at),
            None => reminder(ticket, policy).or_else(|| given_up(ticket, policy)),
        },
        Status::Resolved => {
            let close = ticket.resolved.map(|at| (at + policy.closing.close, Due::Close));
            [reminder(ticket, policy), close].into_iter().flatten().min_by_key(|(at, _)| *at)
        }
        Status::Closed => None,
    }
}

/// The next moment at which a ticket's clock strikes.
pub fn next_due(ticket: &Ticket, policy: &Policy) -> Option<DateTime<Utc>> {
    due(ticket, policy).map(|(at, _)| at)
}

/// Names everything by which clocks are set: equal where they strike at the same moments.
pub fn measure(policy: &Policy) -> String {
    let all = format!("{:?} {:?} {:?} {:?}", policy.calendar, policy.desk.timezone, policy.sla, policy.closing);
    format!("{:016x}", hash64(all.as_bytes()))
}

/// The moment by which a person answers, where that is promised for tickets of this priority.
pub fn answer_by(ticket: &Ticket, policy: &Policy) -> Option<DateTime<Utc>> {
    deadline(ticket, Clock::FirstResponse, policy)
}

/// The moment at which the time of a clock is over; `None` where it does not run.
pub fn deadline(ticket: &Ticket, clock: Clock, policy: &Policy) -> Option<DateTime<Utc>> {
    let (since, length) = run(ticket, clock, policy)?;
    after(ticket, since, length, policy)
}

/// A moment as it is promised: the next full quarter of an hour.
pub fn rounded(at: DateTime<Utc>) -> DateTime<Utc> {
    const QUARTER: i64 = 15 * 60;
    let seconds = i64::from(at.minute() % 15) * 60 + i64::from(at.second());
    let rest = if seconds == 0 && at.nanosecond() == 0 { 0 } else { QUARTER - seconds };
    at.with_nanosecond(0).unwrap_or(at) + Duration::seconds(rest)
}

/// The present run of a clock: since when, and how long it may take.
fn run(ticket: &Ticket, clock: Clock, policy: &Policy) -> Option<(DateTime<Utc>, Duration)> {
    let targets = policy.sla.get(&ticket.priority).filter(|_| ticket.clocked)?;
    // Whom nobody can answer is answered by whoever takes it up.
    let taken = !speaks(ticket, policy) && ticket.owner.is_some();
    let answered = ticket.answered.is_some() || ticket.resolved.is_some() || taken;
    match clock {
        Clock::FirstResponse => targets.first_response.filter(|_| !answered).map(|length| (ticket.opened, length)),
        // Until somebody has answered, the promise of the first answer stands. A machine reads no progress.
        Clock::Update if !speaks(ticket, policy) || !answered && targets.first_response.is_some() => None,
        Clock::Update => targets.update.map(|length| (ticket.told.unwrap_or(ticket.opened), length)),
        Clock::Resolution => targets.resolution.map(|length| (ticket.opened, length)),
        Clock::Reminder => None,
    }
}

/// The moment at which a clock that began at `since` has run so long, the pauses left out; `None` while it stands still.
fn after(ticket: &Ticket, since: DateTime<Utc>, length: Duration, policy: &Policy) -> Option<DateTime<Utc>> {
    let (mut from, mut left) = (since, length);
    for pause in ticket.pauses.iter().filter(|pause| pause.until.is_none_or(|until| until > since)) {
        if pause.from > from {
            let ran = policy.between(from, pause.from);
            if ran >= left {
                break;
            }
            left -= ran;
        }
        from = pause.until?;
    }
    policy.after(from, left)
}

/// The next warning of any clock, or the end of its time.
fn next_alarm(ticket: &Ticket, policy: &Policy) -> Option<(DateTime<Utc>, Due)> {
    let next = |clock: Clock| {
        let (since, length) = run(ticket, clock, policy)?;
        let told = ticket.alarms.get(&clock).filter(|alarm| alarm.since == since);
        let (length, due) = match told {
            None => (length * WARNED_AFTER.0 / WARNED_AFTER.1, Due::Soon(clock)),
            Some(alarm) if !alarm.over => (length, Due::Over(clock)),
            Some(_) => return None,
        };
        Some((after(ticket, since, length, policy)?, due))
    };
    [Clock::FirstResponse, Clock::Update, Clock::Resolution].into_iter().filter_map(next).min_by_key(|(at, _)| *at)
}

/// The reminder of a requester who keeps us waiting, in business hours.
fn reminder(ticket: &Ticket, policy: &Policy) -> Option<(DateTime<Utc>, Due)> {
    let since = ticket.paused_since().filter(|_| speaks(ticket, policy))?;
    let told = ticket.alarms.get(&Clock::Reminder).is_some_and(|alarm| alarm.since == since);
    let remind = policy.closing.remind.filter(|_| !told)?;
    Some((policy.next_open(since + remind), Due::Remind))
}

/// The end of a wait without a limit, once a reminder was in vain.
fn given_up(ticket: &Ticket, policy: &Policy) -> Option<(DateTime<Utc>, Due)> {
    let since = ticket.paused_since()?;
    let reminded = ticket.alarms.get(&Clock::Reminder).is_some_and(|alarm| alarm.since == since);
    let remind = policy.closing.remind.filter(|_| reminded)?;
    Some((policy.next_open(since + remind) + policy.closing.close, Due::Close))
}

/// Does a person read what the desk writes to the requester by itself?
fn speaks(ticket: &Ticket, policy: &Policy) -> bool {
    let address = &ticket.requester.address;
    !ticket.quiet && ticket.alert.is_none() && !ticket.unreachable.contains(address) && !policy.is_via_list(address)
}

/// A ticket's clock struck. It may have changed since: then nothing follows.
///
/// # Errors
/// The [`Need`] for the ticket.
pub fn struck(case: &Case, number: TicketNo, policy: &Policy, now: DateTime<Utc>) -> Result<Decision, Need> {
    let mut decision = Decision::new(Outcome::Done, "desk");
    let Some(ticket) = case.ticket(number)? else { return Ok(decision) };
    decision.guards.push((number, ticket.version));
    decision.outcome = Outcome::Filed { ticket: number };
    let mut strike = Strike { decision, after: ticket.clone(), policy, now };
    let mut silent = true;
    // Each step takes one thing off what is due; more than all of them would be an error that must not hold the desk.
    for _ in 0..MOST_AT_ONCE {
        let Some((at, what)) = due(&strike.after, policy).filter(|(at, _)| *at <= now) else { break };
        silent = false;
        match what {
            Due::WaitOver => strike.wait_over(),
            Due::Close => strike.close(),
            Due::Remind => strike.remind(case)?,
            Due::Soon(clock) => strike.soon(clock, at),
            Due::Over(clock) => strike.over(clock, at),
        }
    }
    let mut decision = strike.decision;
    if silent {
        decision.outcome = Outcome::Done;
        decision.guards.clear();
        decision.because(format!("{number} changed meanwhile: nothing is due"));
    }
    Ok(decision)
}

/// What follows from the clocks of a ticket that have struck. Each step changes the ticket, so that what it did is due no more.
struct Strike<'a> {
    decision: Decision,
    after: Ticket,
    policy: &'a Policy,
    now: DateTime<Utc>,
}

impl Strike<'_> {
    fn change(&mut self, change: Change) {
        self.after.apply(&change, self.now);
        self.decision.changes.push((self.after.number, change));
    }

    /// Each of them once, but nobody of a ticket of his own.
    fn tell(&mut self, agents: Vec<&Agent>, en: &str, zh: &str) {
        let mut heard: Vec<&str> = Vec::new();
        for agent in agents.into_iter().filter(|agent| agent.address != self.after.requester.address) {
            if heard.contains(&agent.handle.as_str()) {
                continue;
            }
            heard.push(&agent.handle);
            let event = say(notify::agent_language(agent, self.policy), en, zh);
            self.decision.drafts.push(notify::agent_followup(agent, &self.after, "", event, None, String::new(), self.policy));
        }
    }

    fn wait_over(&mut self) {
        self.decision.because("the time that was named for waiting is over: open again");
        self.change(Change::Status(Status::Open));
        let caretakers = notify::caretakers(&self.after, self.policy);
        self.tell(
            caretakers,
            "The waiting time is over without an answer; the ticket is open again.",
            "等待时间已到，仍未收到回复，工单已重新打开。",
        );
    }

    fn close(&mut self) {
        let policy = self.policy;
        let waited = self.after.status == Status::Waiting;
        let (why, days) = if waited { ("reminded in vain", policy.closing.close) } else { ("resolved and silent", policy.closing.close) };
        self.decision.because(format!("{why} for {} days: closed", days.num_days()));
        self.change(Change::Status(Status::Closed));
        if waited {
            let caretakers = notify::caretakers(&self.after, policy);
            self.tell(
                caretakers,
                "The requester did not answer, not even after a reminder; the ticket is closed.",
                "请求人在提醒之后仍未回复，工单已关闭。",
            );
        }
        let address = &self.after.requester.address;
        if self.after.quiet || self.after.unreachable.contains(address) || policy.is_via_list(address) {
            self.decision.because(format!("no mail about it to {address}: the desk writes nothing there by itself"));
            return;
        }
        let card = notify::card(&self.after, policy, &self.after.language);
        let reopen_days = policy.closing.reopen_window.num_days();
        let facts = Closed { ticket: card, agent: String::new(), words: String::new(), merged_into: String::new(), reopen_days };
        self.decision.drafts.push(notify::to_requester(&self.after, LetterKind::Automatic, Facts::Closed(facts), Vec::new()));
    }

    fn remind(&mut self, case: &Case) -> Result<(), Need> {
        let policy = self.policy;
        let Some(since) = self.after.paused_since() else { return Ok(()) };
        let allowed = notify::within_caps(case, &self.after.requester.address, Some(self.after.number), policy, self.now)?;
        self.change(Change::Alarm(Clock::Reminder, Some(Alarm { since, over: true })));
        if let Err(why) = allowed {
            self.decision.because(format!("no reminder: {why}"));
            return Ok(());
        }
        let waiting = self.after.status == Status::Waiting;
        self.decision.because(if waiting { "the requester keeps us waiting: reminded" } else { "resolved and not confirmed: reminded" });
        let close = due(&self.after, policy).filter(|(_, due)| *due == Due::Close);
        let left = close.map_or(0, |(at, _)| (at - self.now).num_hours());
        let facts = Reminder {
            ticket: notify::card(&self.after, policy, &self.after.language),
            waiting,
            // Half a day more or less is none.
            closes_in_days: (left + 12) / 24,
        };
        self.decision.drafts.push(notify::to_requester(&self.after, LetterKind::Automatic, Facts::Reminder(facts), Vec::new()));
        Ok(())
    }

    /// Whoever looks after it is told, once.
    fn soon(&mut self, clock: Clock, at: DateTime<Utc>) {
        let Some((since, _)) = run(&self.after, clock, self.policy) else { return };
        let deadline = deadline(&self.after, clock, self.policy).unwrap_or(at);
        self.change(Change::Alarm(clock, Some(Alarm { since, over: false })));
        self.decision.because(format!("{} by {}: running out", told_as(clock), notify::local_time(deadline, self.policy)));
        // What is over already is told with that.
        if deadline > self.now {
            let (en, zh) = running_out(clock, speaks(&self.after, self.policy), &notify::local_time(deadline, self.policy));
            self.tell(notify::caretakers(&self.after, self.policy), &en, &zh);
        }
    }

    /// The lead is told, once; whoever looks after it too where no warning went before.
    fn over(&mut self, clock: Clock, at: DateTime<Utc>) {
        let Some((since, _)) = run(&self.after, clock, self.policy) else { return };
        let warned = !self.decision.changes.iter().any(|(_, change)| matches!(change, Change::Alarm(c, _) if *c == clock));
        self.change(Change::Alarm(clock, Some(Alarm { since, over: true })));
        self.decision.because(format!("{} by {}: missed", told_as(clock), notify::local_time(at, self.policy)));
        let (en, zh) = missed(clock, speaks(&self.after, self.policy), &notify::local_time(at, self.policy));
        let mut told = self.policy.leads(self.after.team.as_deref());
        if !warned || told.is_empty() {
            told.extend(notify::caretakers(&self.after, self.policy));
        }
        self.tell(told, &en, &zh);
    }
}

/// What a clock is about, for the history.
fn told_as(clock: Clock) -> &'static str {
    match clock {
        Clock::FirstResponse => "a first answer",
        Clock::Update => "a word to the requester",
        Clock::Resolution => "a solution",
        Clock::Reminder => "a reminder",
    }
}

/// The sentence that a time runs out: English, Chinese.
fn running_out(clock: Clock, speaks: bool, by: &str) -> (String, String) {
    match clock {
        Clock::FirstResponse if !speaks => {
            (format!("Nobody has taken it up yet, and somebody should by {by}."), format!("尚未有人接手，请在 {by} 之前认领。"))
        }
        Clock::FirstResponse => (
            format!("Nobody has answered the requester yet, and an answer is due by {by}."),
            format!("尚未有人答复请求人，请在 {by} 之前答复。"),
        ),
        Clock::Update | Clock::Reminder => (
            format!("The requester should hear how it stands by {by}; a short reply is enough."),
            format!("请在 {by} 之前告知请求人最新进展，简短回复即可。"),
        ),
        Clock::Resolution => (format!("It is not solved yet, and should be by {by}."), format!("工单尚未解决，请在 {by} 之前解决。")),
    }
}

/// The sentence that a time is over: English, Chinese.
fn missed(clock: Clock, speaks: bool, by: &str) -> (String, String) {
    match clock {
        Clock::FirstResponse if !speaks => (
            format!("Escalation: nobody has taken it up; somebody should have by {by}."),
            format!("升级提醒：工单仍无人接手，应于 {by} 之前认领。"),
        ),
        Clock::FirstResponse => (
            format!("Escalation: nobody has answered the requester; an answer was due by {by}."),
            format!("升级提醒：工单仍无人答复请求人，应于 {by} 之前答复。"),
        ),
        Clock::Update | Clock::Reminder => (
            format!("Escalation: the requester has heard nothing for too long; a word was due by {by}."),
            format!("升级提醒：应于 {by} 之前告知请求人进展，至今没有。"),
        ),
        Clock::Resolution => (
            format!("Escalation: it is not solved; it should have been by {by}."),
            format!("升级提醒：工单应于 {by} 之前解决，至今未解决。"),
        ),
    }
}
