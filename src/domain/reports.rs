//! Scheduled reports: REPORTS, one entry a report, each a pure fold over ticket facts.

use std::collections::BTreeMap;

use chrono::{DateTime, Duration, Utc};

use super::facts::{Facts, OldTicket, Row, Summary};
use super::message::LetterKind;
use super::notify;
use super::policy::{self, Policy};
use super::ticket::{Status, Ticket};
use super::{Case, Decision, Need, Outcome};

/// One kind of report.
pub struct ReportSpec {
    /// As `[[summary]] report = "…"` names it.
    pub name: &'static str,
    /// What it tells, for the docs.
    pub doc: &'static str,
    /// How far it looks back.
    pub span: fn() -> Duration,
    /// The fold: tickets that are live or were touched in the span → facts, in the reader's language.
    pub figures: fn(&Scope<'_>, &[Ticket], &str) -> Summary,
}

/// What a report is about.
pub struct Scope<'a> {
    /// Which summary.
    pub name: &'a str,
    /// Only this team.
    pub team: Option<&'a str>,
    /// From.
    pub since: DateTime<Utc>,
    /// Until.
    pub until: DateTime<Utc>,
    /// For names.
    pub policy: &'a Policy,
}

/// Every report.
pub static REPORTS: &[ReportSpec] = &[
    ReportSpec {
        name: "daily",
        doc: "the last 24 hours: opened, answered, resolved, waiting, the oldest open, by category and team",
        span: || Duration::days(1),
        figures,
    },
    ReportSpec { name: "weekly", doc: "the same over seven days", span: || Duration::days(7), figures },
];

/// The names of all reports.
pub fn names() -> Vec<&'static str> {
    REPORTS.iter().map(|r| r.name).collect()
}

/// The report of this name.
pub fn find(name: &str) -> Option<&'static ReportSpec> {
    REPORTS.iter().find(|r| r.name == name)
}

/// A slot's time has come: one mail to each recipient.
///
/// # Errors
/// The [`Need`] for the tickets.
pub fn slot(case: &Case, name: &str, at: DateTime<Utc>, policy: &Policy) -> Result<Decision, Need> {
    let mut decision = Decision::new(Outcome::Done, "desk");
    let Some(summary) = policy.summaries.iter().find(|s| s.name == name) else {
        decision.because(format!("the summary {name} is no longer configured"));
        return Ok(decision);
    };
    let Some(report) = find(&summary.report) else { return Ok(decision) };
    let since = at - (report.span)();
    let tickets = case.since(since)?;
    decision.because(format!("summary {name} for the slot of {}", notify::local_time(at, policy)));
    for agent in summary.to.iter().filter_map(|handle| policy.agent(handle)) {
        let facts = preview(summary, report, at, tickets, policy, notify::agent_language(agent, policy));
        let mut draft = notify::to_agent(agent, None, policy, Facts::Summary(Box::new(facts)));
        draft.kind = LetterKind::Summary;
        decision.drafts.push(draft);
    }
    Ok(decision)
}

/// The figures of one summary at a moment.
pub fn preview(
    summary: &policy::Summary,
    report: &ReportSpec,
    at: DateTime<Utc>,
    tickets: &[Ticket],
    policy: &Policy,
    language: &str,
) -> Summary {
    let scope = Scope { name: &summary.name, team: summary.team.as_deref(), since: at - (report.span)(), until: at, policy };
    (report.figures)(&scope, tickets, language)
}

fn figures(scope: &Scope<'_>, tickets: &[Ticket], language: &str) -> Summary {
    let within = |at: Option<DateTime<Utc>>| at.is_some_and(|at| scope.since <= at && at < scope.until);
    let ours = |t: &&Ticket| (scope.team.is_none() || t.team.as_deref() == scope.team) && t.opened < scope.until;
    let mut sum = Summary {
        name: scope.name.to_owned(),
        since: notify::local_time(scope.since, scope.policy),
        until: notify::local_time(scope.until, scope.policy),
        ..Summary::default()
    };
    let mut categories = Table::default();
    let mut teams = Table::default();
    let mut live: Vec<&Ticket> = Vec::new();
    for ticket in tickets.iter().filter(ours) {
        let opened = within(Some(ticket.opened));
        let ended = !ticket.status.is_live() && (within(ticket.resolved) || within(ticket.closed));
        sum.opened += u64::from(opened);
        sum.answered += u64::from(within(ticket.answered));
        sum.resolved += u64::from(ended);
        if ticket.status.is_live() {
            live.push(ticket);
            sum.unanswered += u64::from(ticket.answered.is_none());
            sum.waiting += u64::from(ticket.status == Status::Waiting);
            sum.open += u64::from(ticket.status != Status::Waiting);
        }
        let unclassified = || notify::say(language, "unclassified", "未分类");
        let category = ticket.category.as_deref().map_or_else(unclassified, |id| notify::category_name(scope.policy, id, language));
        categories.count(category, opened, ended, ticket.status.is_live());
        teams.count(ticket.team.clone().unwrap_or_else(|| "-".to_owned()), opened, ended, ticket.status.is_live());
    }
    live.sort_by_key(|t| t.opened);
    sum.oldest = live
        .iter()
        .take(10)
        .map(|t| OldTicket { ticket: notify::card(t, scope.policy, language), age: age(scope.until - t.opened) })
        .collect();
    sum.by_category = categories.rows();
    sum.by_team = teams.rows();
    sum
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

#[derive(Default)]
struct Table(BTreeMap<String, (u64, u64, u64)>);

impl Table {
    fn count(&mut self, name: String, opened: bool, resolved: bool, live: bool) {
        let row = self.0.entry(name).or_default();
        row.0 += u64::from(opened);
        row.1 += u64::from(resolved);
        row.2 += u64::from(live);
    }

    /// Most opened first, then by name; rows of zeros left out.
    fn rows(self) -> Vec<Row> {
        let rows = self.0.into_iter().map(|(name, (opened, resolved, live))| Row { name, opened, resolved, live });
        let mut rows: Vec<Row> = rows.filter(|r| r.opened + r.resolved + r.live > 0).collect();
        rows.sort_by_key(|r| std::cmp::Reverse(r.opened + r.live));
        rows
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
