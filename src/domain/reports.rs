//! Scheduled reports: REPORTS, one entry a report, each a pure fold over ticket facts.

use std::collections::BTreeMap;

use chrono::{DateTime, Duration, Utc};

use super::facts::{Facts, OldTicket, Row, Summary};
use super::message::{Draft, LetterKind, Person};
use super::notify;
use super::policy::{self, Agent, Policy};
use super::ticket::{Status, Ticket};
use super::unsettled::Lists;
use super::{Case, Decision, Need, Outcome};

/// One kind of report.
pub struct ReportSpec {
    /// As `[[summary]] report = "…"` names it.
    pub name: &'static str,
    /// What it tells, for the docs.
    pub doc: &'static str,
    /// How far it looks back.
    pub span: fn() -> Duration,
    /// It counts tickets; else it only names what waits for somebody's look, and is not sent where nothing does.
    pub counts: bool,
}

/// Which tickets a report counts, and when.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Scope {
    /// From.
    pub since: DateTime<Utc>,
    /// Until.
    pub until: DateTime<Utc>,
    /// When the report was sent last: what is told once was told up to then.
    pub last: DateTime<Utc>,
    /// Only this team's.
    pub team: Option<String>,
}

impl Scope {
    fn holds(&self, at: Option<DateTime<Utc>>) -> bool {
        at.is_some_and(|at| self.since <= at && at < self.until)
    }
}

/// What a report counts: a fold over tickets that come one by one, so that a hundred thousand of them are never held at once.
#[derive(Debug, Clone, PartialEq)]
pub struct Tally {
    scope: Scope,
    all: Count,
    answered: u64,
    unanswered: u64,
    waiting: u64,
    by_category: BTreeMap<Option<String>, Count>,
    by_team: BTreeMap<Option<String>, Count>,
    /// The longest open, oldest first.
    oldest: Vec<Ticket>,
    unsettled: Lists,
}

/// The oldest tickets that a report names.
const OLDEST: usize = 10;

#[derive(Debug, Clone, Copy, Default, PartialEq)]
struct Count {
    opened: u64,
    resolved: u64,
    live: u64,
}

impl Count {
    fn add(&mut self, other: Count) {
        self.opened += other.opened;
        self.resolved += other.resolved;
        self.live += other.live;
    }
}

impl Tally {
    /// Nothing counted yet.
    pub fn new(scope: Scope) -> Tally {
        let (by_category, by_team) = Default::default();
        Tally {
            scope,
            all: Count::default(),
            answered: 0,
            unanswered: 0,
            waiting: 0,
            by_category,
            by_team,
            oldest: Vec::new(),
            unsettled: Lists::default(),
        }
    }

    /// Learns what waits for somebody's look.
    pub fn waits(&mut self, lists: Lists) {
        self.unsettled = lists;
    }

    /// Counts a ticket that is live or was touched in the span.
    pub fn add(&mut self, ticket: Ticket) {
        let scope = &self.scope;
        if (scope.team.is_some() && ticket.team != scope.team) || ticket.opened >= scope.until {
            return;
        }
        let live = ticket.status.is_live();
        let count = Count {
            opened: u64::from(scope.holds(Some(ticket.opened))),
            resolved: u64::from(!live && (scope.holds(ticket.resolved) || scope.holds(ticket.closed))),
            live: u64::from(live),
        };
        self.answered += u64::from(scope.holds(ticket.answered));
        self.unanswered += u64::from(live && ticket.answered.is_none());
        self.waiting += u64::from(ticket.status == Status::Waiting);
        self.all.add(count);
        self.by_category.entry(ticket.category.clone()).or_default().add(count);
        self.by_team.entry(ticket.team.clone()).or_default().add(count);
        if live {
            let at = self.oldest.partition_point(|other| (other.opened, other.number) < (ticket.opened, ticket.number));
            self.oldest.insert(at, ticket);
            self.oldest.truncate(OLDEST);
        }
    }
}

/// Every report.
pub static REPORTS: &[ReportSpec] = &[
    ReportSpec {
        name: "daily",
        doc: "what is held, unconfirmed and suspect; the last 24 hours: opened, answered, resolved, waiting, the oldest open, by category and team",
        span: || Duration::days(1),
        counts: true,
    },
    ReportSpec {
        name: "weekly",
        doc: "the same over seven days; what is held, unconfirmed and suspect only for those whom no daily one tells",
        span: || Duration::days(7),
        counts: true,
    },
    ReportSpec {
        name: UNSETTLED,
        doc: "only what is held, unconfirmed and suspect; not sent where nothing is",
        span: || Duration::days(1),
        counts: false,
    },
];

/// The report without figures, and the summary that a desk has without any of its own.
pub const UNSETTLED: &str = "unsettled";

/// The names of all reports.
pub fn names() -> Vec<&'static str> {
    REPORTS.iter().map(|r| r.name).collect()
}

/// The report of this name.
pub fn find(name: &str) -> Option<&'static ReportSpec> {
    REPORTS.iter().find(|r| r.name == name)
}

/// A slot's time has come: one mail to each recipient. `last` is the slot that was sent before it, where that is known.
///
/// # Errors
/// The [`Need`] for the tickets.
pub fn slot(case: &Case, name: &str, (at, last): (DateTime<Utc>, Option<DateTime<Utc>>), policy: &Policy) -> Result<Decision, Need> {
    let mut decision = Decision::new(Outcome::Done, "desk");
    let Some(summary) = policy.summaries.iter().find(|s| s.name == name) else {
        decision.because(format!("the summary {name} is no longer configured"));
        return Ok(decision);
    };
    let Some(report) = find(&summary.report) else { return Ok(decision) };
    let since = at - (report.span)();
    let tally = case.tally(&Scope { since, until: at, last: last.unwrap_or(since), team: summary.team.clone() })?;
    decision.because(format!("summary {name} for the slot of {}", notify::local_time(at, policy)));
    if !report.counts && tally.unsettled.is_empty() {
        decision.because("nothing waits for somebody's look: no mail");
        return Ok(decision);
    }
    for agent in summary.to.iter().filter_map(|handle| policy.agent(handle)) {
        let facts = facts(summary, report, tally, policy, notify::agent_language(agent, policy), !is_told_sooner(agent, summary, policy));
        decision.drafts.push(Draft { kind: LetterKind::Summary, ..notify::to_agent(agent, None, policy, facts) });
    }
    // The desk's own summary, where there is no lead.
    if let (true, Some(operator)) = (summary.to.is_empty(), &policy.desk.operator) {
        let language = policy.desk.operator_language.as_deref().unwrap_or(&policy.desk.language);
        let facts = facts(summary, report, tally, policy, language, true);
        let person = Person { name: String::new(), address: operator.clone() };
        decision.drafts.push(Draft { kind: LetterKind::Summary, ..notify::to_staff(person, language, policy, facts) });
    }
    Ok(decision)
}

/// Does a summary that comes more often tell this agent all that this one would of what waits?
fn is_told_sooner(agent: &Agent, summary: &policy::Summary, policy: &Policy) -> bool {
    let span = |summary: &policy::Summary| find(&summary.report).map(|report| (report.span)());
    policy.summaries.iter().any(|other| {
        span(other) < span(summary) && other.to.contains(&agent.handle) && (other.team.is_none() || other.team == summary.team)
    })
}

fn facts(summary: &policy::Summary, report: &ReportSpec, tally: &Tally, policy: &Policy, language: &str, lists: bool) -> Facts {
    let mut facts = figures(&summary.name, tally, policy, language);
    facts.counts = report.counts;
    if lists {
        let Lists { held, unconfirmed, suspect } = &tally.unsettled;
        facts.waits = !tally.unsettled.is_empty();
        (facts.held, facts.more_held) = (held.facts(policy, language), held.more());
        (facts.unconfirmed, facts.more_unconfirmed) = (unconfirmed.facts(policy, language), unconfirmed.more());
        (facts.suspect, facts.more_suspect) = (suspect.facts(policy, language), suspect.more());
    }
    Facts::Summary(Box::new(facts))
}

fn figures(name: &str, tally: &Tally, policy: &Policy, language: &str) -> Summary {
    let unclassified = || notify::say(language, "unclassified", "未分类");
    let category = |id: &Option<String>| id.as_deref().map_or_else(unclassified, |id| notify::category_name(policy, id, language));
    let oldest = |t: &Ticket| OldTicket { ticket: notify::card(t, policy, language), age: age(tally.scope.until - t.opened) };
    Summary {
        name: name.to_owned(),
        since: notify::local_time(tally.scope.since, policy),
        until: notify::local_time(tally.scope.until, policy),
        last: notify::local_time(tally.scope.last, policy),
        opened: tally.all.opened,
        answered: tally.answered,
        resolved: tally.all.resolved,
        unanswered: tally.unanswered,
        open: tally.all.live - tally.waiting,
        waiting: tally.waiting,
        oldest: tally.oldest.iter().map(oldest).collect(),
        by_category: rows(&tally.by_category, category),
        by_team: rows(&tally.by_team, |team| team.clone().unwrap_or_else(|| "-".to_owned())),
        ..Summary::default()
    }
}

/// The busiest first, then by name; rows of zeros left out.
fn rows(counts: &BTreeMap<Option<String>, Count>, called: impl Fn(&Option<String>) -> String) -> Vec<Row> {
    let counts = counts.iter().filter(|(_, count)| **count != Count::default());
    let row = |(name, count): (&Option<String>, &Count)| {
        let Count { opened, resolved, live } = *count;
        Row { name: called(name), opened, resolved, live }
    };
    let mut rows: Vec<Row> = counts.map(row).collect();
    rows.sort_by(|a, b| (b.opened + b.live, &a.name).cmp(&(a.opened + a.live, &b.name)));
    rows
}

/// `3d 4h`, `5h 10m`, `7m`.
pub fn age(span: Duration) -> String {
    let (days, hours, minutes) = (span.num_days(), span.num_hours() % 24, span.num_minutes() % 60);
    match (days, hours) {
        (0, 0) => format!("{}m", minutes.max(0)),
        (0, _) => format!("{hours}h {minutes}m"),
        _ => format!("{days}d {hours}h"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_age_is_said_in_two_units_at_most() {
        for (minutes, words) in [(0, "0m"), (7, "7m"), (310, "5h 10m"), (1440, "1d 0h"), (4560, "3d 4h")] {
            assert_eq!(age(Duration::minutes(minutes)), words);
        }
    }
}
