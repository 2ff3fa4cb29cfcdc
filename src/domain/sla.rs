//! What is due on a ticket, and when: a pure function over the ticket's own clock fields, so there is no table of deadlines.

use chrono::{DateTime, Utc};

use super::facts::{Closed, Facts};
use super::message::LetterKind;
use super::notify::{self, say};
use super::policy::Policy;
use super::ticket::{Change, Status, Ticket, TicketNo};
use super::{Case, Decision, Need, Outcome};

/// What a clock that struck asks for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Due {
    /// The time that was named for waiting is over.
    WaitOver,
    /// Resolved and silent for long enough.
    Close,
}

/// What is due next on a ticket, and when.
pub fn due(ticket: &Ticket, policy: &Policy) -> Option<(DateTime<Utc>, Due)> {
    match ticket.status {
        Status::Waiting => ticket.wait_until.map(|at| (at, Due::WaitOver)),
        Status::Resolved => ticket.resolved.map(|at| (at + policy.closing.close, Due::Close)),
        Status::New | Status::Open | Status::Closed => None,
    }
}

/// The next moment at which a ticket's clock strikes.
pub fn next_due(ticket: &Ticket, policy: &Policy) -> Option<DateTime<Utc>> {
    due(ticket, policy).map(|(at, _)| at)
}

/// A ticket's clock struck. It may have changed since: then nothing follows.
///
/// # Errors
/// The [`Need`] for the ticket.
pub fn struck(case: &Case, number: TicketNo, policy: &Policy, now: DateTime<Utc>) -> Result<Decision, Need> {
    let mut decision = Decision::new(Outcome::Done, "desk");
    let Some(ticket) = case.ticket(number)? else { return Ok(decision) };
    let Some((_, what)) = due(ticket, policy).filter(|(at, _)| *at <= now) else {
        decision.because(format!("{number} changed meanwhile: nothing is due"));
        return Ok(decision);
    };
    decision.guards.push((number, ticket.version));
    decision.outcome = Outcome::Filed { ticket: number };
    match what {
        Due::WaitOver => wait_over(&mut decision, ticket, policy),
        Due::Close => close(&mut decision, ticket, policy, now),
    }
    Ok(decision)
}

fn wait_over(decision: &mut Decision, ticket: &Ticket, policy: &Policy) {
    decision.because("the time that was named for waiting is over: open again");
    decision.changes.push((ticket.number, Change::Status(Status::Open)));
    let mut after = ticket.clone();
    after.status = Status::Open;
    for agent in notify::caretakers(&after, policy) {
        let event = say(
            notify::agent_language(agent, policy),
            "The waiting time is over without an answer; the ticket is open again.",
            "等待时间已到，仍未收到回复，工单已重新打开。",
        );
        decision.drafts.push(notify::agent_followup(agent, &after, "", event, None, String::new(), policy));
    }
}

fn close(decision: &mut Decision, ticket: &Ticket, policy: &Policy, now: DateTime<Utc>) {
    decision.because(format!("resolved and silent for {} days: closed", policy.closing.close.num_days()));
    decision.changes.push((ticket.number, Change::Status(Status::Closed)));
    let silent = ticket.quiet || ticket.unreachable.contains(&ticket.requester.address);
    if silent {
        return;
    }
    let mut after = ticket.clone();
    after.apply(&Change::Status(Status::Closed), now);
    let card = notify::card(&after, policy, &after.language);
    let reopen_days = policy.closing.reopen_window.num_days();
    let facts = Closed { ticket: card, agent: String::new(), words: String::new(), merged_into: String::new(), reopen_days };
    decision.drafts.push(notify::to_requester(&after, LetterKind::Automatic, Facts::Closed(facts), Vec::new()));
}
