//! `postdesk rules replay`: what would have become of the desk's last tickets by the rules as they stand in the files now.

use std::path::Path;
use std::sync::Arc;

use serde::Serialize;

use super::super::progress::Progress;
use super::super::table::Column::{Spare, Whole, Words};
use super::super::{Exit, count, load_config, open_store, table};
use super::Which;
use crate::domain::foresight::Foresight;
use crate::domain::intake;
use crate::domain::origin::OriginKind;
use crate::domain::policy::Policy;
use crate::domain::rules::Verdict;
use crate::domain::rules::replay::{Classification, Figures};
use crate::domain::rules::score::NONE;
use crate::domain::ticket::{Change, Level, Ticket, TicketNo};
use crate::domain::{Case, CauseKey};
use crate::mail::parse;
use crate::store::{CauseId, Store};

/// Judge the desk's last first mails anew: which tickets would be classified otherwise now.
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:
  postdesk rules replay                       the mails that opened the last 1000 tickets
  postdesk rules replay --last 100
  postdesk rules replay --category hardware   only tickets that had, would get or were given this category
  postdesk rules replay --rules new           by the rules of another directory
  postdesk rules replay --json | jq '.[] | select(.changed)'

Category, team and urgency by the files as they stand now are compared with what the ticket was opened with. SINCE is the
category that an agent has set since; RULE is the one that decides the category. Nothing is changed.")]
pub struct Arguments {
    #[command(flatten)]
    which: Which,
    /// So many tickets, the newest
    #[arg(long, value_name = "N", default_value_t = 1000, value_parser = table::at_least_one)]
    last: usize,
    /// Of these, only tickets of this category, then, now or by an agent; none for those without
    #[arg(long, value_name = "ID")]
    category: Option<String>,
    /// One JSON array, also of the mails that are judged as before
    #[arg(long)]
    json: bool,
}

/// One mail.
#[derive(Serialize)]
struct Row {
    ticket: TicketNo,
    subject: String,
    changed: bool,
    was: Classification,
    /// `None`: no ticket would be made.
    now: Option<Classification>,
    set: Option<Set>,
    rule: Option<Place>,
}

/// A category that an agent has set.
#[derive(Serialize)]
struct Set {
    by: String,
    category: String,
}

/// Where a rule stands.
#[derive(Serialize)]
struct Place {
    name: String,
    at: String,
}

/// Runs the command.
///
/// # Errors
/// The configuration is unsound, or the store fails.
pub fn run(config: &Path, arguments: &Arguments) -> anyhow::Result<Exit> {
    // Without a desk there are no tickets.
    load_config(config)?;
    let loaded = arguments.which.load(config)?;
    let mut store = open_store(&loaded.config)?;
    let openings = store.openings(arguments.last)?;
    let mut progress = Progress::new("judging", openings.len() as u64);
    let mut rows = Vec::new();
    for (cause, number) in openings {
        rows.extend(replay(store.as_mut(), (cause, number), &loaded.policy)?.filter(|row| row.is_of(arguments.category.as_deref())));
        progress.add(1);
    }
    progress.clear();
    if arguments.json {
        table::print_json(&rows)?;
    } else {
        tell(rows)?;
    }
    Ok(Exit::Done)
}

/// Judges the mail anew that opened this ticket; nothing where its bytes are gone.
fn replay(store: &mut dyn Store, (cause, number): (CauseId, TicketNo), policy: &Arc<Policy>) -> anyhow::Result<Option<Row>> {
    let (Some(raw), Some((opened, set))) = (store.raw(cause)?, told(store, number)?) else { return Ok(None) };
    // Rules may ask for the hour: it is judged as it came then.
    let seen = Foresight::of(Arc::new(parse::read(&raw, None)), opened.opened, Arc::clone(policy));
    let verdict = verdict(store, &seen, &opened, policy)?;
    let kept_out = verdict.ignore.is_some() || verdict.quarantine.is_some();
    let becomes_ticket = !kept_out && (seen.origin.kind == OriginKind::Person || verdict.ticket);
    let now = becomes_ticket.then(|| Classification {
        category: verdict.category.clone(),
        team: intake::team(&verdict, policy),
        urgency: verdict.urgency.unwrap_or(Level::Medium),
    });
    let was = Classification { category: opened.category, team: opened.team, urgency: opened.urgency };
    let changed = now.as_ref() != Some(&was);
    Ok(Some(Row { ticket: number, subject: opened.subject, changed, was, now, set, rule: deciding(&verdict, policy) }))
}

/// What the rules say now.
fn verdict(store: &mut dyn Store, seen: &Foresight, opened: &Ticket, policy: &Policy) -> anyhow::Result<Arc<Verdict>> {
    let mut case = Case::default();
    loop {
        match intake::first_verdict(&case, seen, opened, policy) {
            Ok(verdict) => return Ok(verdict),
            Err(need) => need.meet(&mut case, |query| store.answer(&CauseKey(String::new()), query))?,
        }
    }
}

/// The ticket as it was opened, and the category that an agent has set since, as the journal tells.
fn told(store: &dyn Store, number: TicketNo) -> anyhow::Result<Option<(Ticket, Option<Set>)>> {
    let (mut opened, mut set) = (None, None);
    for row in store.history(number)? {
        for (_, change, _) in row.changes.into_iter().filter(|(of, ..)| *of == number) {
            match change {
                Change::Opened(ticket) => opened = Some(*ticket),
                // Rules speak only as a ticket is opened: whatever comes after is an agent's order.
                Change::Category(category) => set = category.map(|category| Set { by: row.actor.clone(), category }),
                _ => {}
            }
        }
    }
    Ok(opened.map(|ticket| (ticket, set)))
}

/// The rule that keeps the mail out, else the weightiest of those that voted for the category.
fn deciding(verdict: &Verdict, policy: &Policy) -> Option<Place> {
    let kept_out = verdict.ignore.as_ref().or(verdict.quarantine.as_ref());
    let decides = |name: &str, category: Option<&str>| match kept_out {
        Some(rule) => name == rule,
        None => category.is_some() && category == verdict.category.as_deref(),
    };
    let rules = policy.rules.rules().filter(|(name, _, category)| decides(name, *category));
    let found = rules.filter_map(|(name, at, _)| Some((verdict.evidence.iter().find(|e| e.at == at)?.weight, name, at)));
    // Of equals the first in file order.
    let found = found.reduce(|best, next| if next.0 > best.0 { next } else { best });
    found.map(|(_, name, at)| Place { name: name.to_owned(), at: at.to_owned() })
}

impl Row {
    /// Has to do with this category, if one is asked for.
    fn is_of(&self, category: Option<&str>) -> bool {
        let Some(wanted) = category else { return true };
        let given = |c: &Classification| c.category.as_deref().unwrap_or(NONE) == wanted;
        given(&self.was) || self.now.as_ref().is_some_and(given) || self.set.as_ref().is_some_and(|set| set.category == wanted)
    }

    /// What it was and is now: the category, and what else differs.
    fn told(&self, side: Option<&Classification>) -> String {
        let Some(side) = side else { return "no ticket".to_owned() };
        let mut text = side.category.as_deref().unwrap_or("unclassified").to_owned();
        if self.now.as_ref().is_some_and(|now| now.team != self.was.team) {
            text += &format!(", team {}", side.team.as_deref().unwrap_or(NONE));
        }
        if self.now.as_ref().is_some_and(|now| now.urgency != self.was.urgency) {
            text += &format!(", urgency {}", side.urgency);
        }
        text
    }

    fn cells(&self) -> Vec<String> {
        let or_none = |text: Option<String>| text.unwrap_or_else(|| "-".to_owned());
        vec![
            self.ticket.to_string(),
            self.subject.clone(),
            self.told(Some(&self.was)),
            self.told(self.now.as_ref()),
            or_none(self.set.as_ref().map(|set| format!("set by {}: {}", set.by, set.category))),
            or_none(self.rule.as_ref().map(|rule| format!("{} ({})", rule.name, rule.at))),
        ]
    }
}

fn tell(mut rows: Vec<Row>) -> anyhow::Result<()> {
    let mut figures = Figures::default();
    for row in &rows {
        figures.add(&row.was, row.now.as_ref(), row.set.as_ref().map(|set| set.category.as_str()));
    }
    let Figures { mails, changed, newly_classified, now_unclassified, no_ticket, set, agreed, agree } = figures;
    let none = if no_ticket > 0 { format!(", {no_ticket} no ticket") } else { String::new() };
    let agents = if set > 0 { format!("; agents have set {set}: {agreed} agreed before, {agree} now") } else { String::new() };
    table::line(format_args!(
        "{}: {} same, {changed} changed ({newly_classified} newly classified, {now_unclassified} now unclassified{none}){agents}",
        count(mails, "mail"),
        mails - changed
    ))?;
    rows.retain(|row| row.changed);
    let columns = [Whole("ticket"), Words("subject"), Words("was"), Words("is now"), Spare("since"), Words("rule")];
    table::print(false, &columns, &rows, "nothing would change", Row::cells)
}
