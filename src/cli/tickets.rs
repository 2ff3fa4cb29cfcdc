//! `postdesk tickets`: list, show, history.

use std::io::Write;
use std::path::Path;

use chrono::Utc;
use chrono_tz::Tz;
use clap::Subcommand;

use super::table::Column::{self, Spare, Whole, Words};
use super::table::{self, one_line, time};
use super::{Exit, load_config, open_store};
use crate::config::Config;
use crate::domain::complaint::nearest;
use crate::domain::message::Address;
use crate::domain::ticket::{Approval, Change, Status, Ticket, TicketNo};
use crate::store::{JournalRow, Store, TicketFilter};

/// List tickets, show one, show its history.
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:
  postdesk tickets list
  postdesk tickets list --status new --status open --team network
  postdesk tickets list --json | jq '.[].subject'
  postdesk tickets show 1042
  postdesk tickets history 1042")]
pub struct Arguments {
    #[command(subcommand)]
    what: What,
}

#[derive(Debug, Subcommand)]
enum What {
    /// Tickets, newest change first
    #[command(
        after_help = "Examples:\n  postdesk tickets list\n  postdesk tickets list --status new --status open --team network\n  postdesk tickets list --json | jq '.[].subject'"
    )]
    List {
        /// Only in this state: new, open, waiting, resolved, closed; may be repeated
        #[arg(long, value_name = "STATUS", value_parser = status)]
        status: Vec<Status>,
        /// Only this team
        #[arg(long)]
        team: Option<String>,
        /// Only this owner (handle)
        #[arg(long)]
        owner: Option<String>,
        /// Only of this requester
        #[arg(long, value_name = "ADDRESS", value_parser = address)]
        requester: Option<Address>,
        /// At most so many
        #[arg(long, default_value_t = 100, value_parser = table::at_least_one)]
        limit: usize,
        /// One JSON array
        #[arg(long)]
        json: bool,
    },
    /// One ticket
    #[command(after_help = "Example:\n  postdesk tickets show 1042")]
    Show {
        /// Its number: 1042 or #1042
        #[arg(value_parser = number)]
        number: TicketNo,
        /// One JSON object
        #[arg(long)]
        json: bool,
    },
    /// Everything that happened to a ticket, and why
    #[command(after_help = "Example:\n  postdesk tickets history 1042")]
    History {
        /// Its number: 1042 or #1042
        #[arg(value_parser = number)]
        number: TicketNo,
        /// One JSON array
        #[arg(long)]
        json: bool,
    },
}

fn status(text: &str) -> Result<Status, String> {
    let words: Vec<&str> = Status::ALL.iter().map(|s| s.as_str()).collect();
    Status::parse(text).ok_or_else(|| format!("one of {}", words.join(", ")))
}

fn address(text: &str) -> Result<Address, String> {
    Address::parse(text).ok_or_else(|| "an address such as alice@example.com".to_owned())
}

/// `1042`, `#1042` or `[#1042]`.
fn number(text: &str) -> Result<TicketNo, String> {
    let digits = text.trim_start_matches('[').trim_end_matches(']').trim_start_matches('#');
    digits.parse().map(TicketNo).map_err(|_| "a ticket's number, such as 1042 or #1042".to_owned())
}

/// Runs the command.
///
/// # Errors
/// The configuration is unsound, the store fails, or there is no such ticket.
pub fn run(config: &Path, arguments: &Arguments) -> anyhow::Result<Exit> {
    let config = load_config(config)?;
    let store = open_store(&config)?;
    let zone = config.desk.timezone;
    match &arguments.what {
        What::List { status, team, owner, requester, limit, json } => {
            let filter = TicketFilter {
                status: status.clone(),
                team: team.clone(),
                owner: owner.clone(),
                requester: requester.clone(),
                limit: limit.saturating_add(1),
            };
            let tickets = table::at_most(store.tickets(&filter)?, *limit);
            list(&tickets, zone, &none_of(&filter, &config), *json)?;
        }
        What::Show { number, json } => {
            let ticket = one(store.as_ref(), *number)?;
            if *json { table::print_json(&ticket)? } else { show(&mut std::io::stdout().lock(), &ticket, zone)? }
        }
        What::History { number, json } => {
            let ticket = one(store.as_ref(), *number)?;
            let (now, mut rows) = (Utc::now(), store.history(ticket.number)?);
            rows.iter_mut().for_each(|row| row.mails = std::mem::take(&mut row.mails).into_iter().map(|mail| mail.told(now)).collect());
            if *json {
                table::print_json(&rows)?;
            } else {
                let mut out = std::io::stdout().lock();
                writeln!(out, "{} {}\n", ticket.number, one_line(&ticket.subject))?;
                rows.iter().try_for_each(|row| tell(&mut out, row, zone))?;
            }
        }
    }
    Ok(Exit::Done)
}

/// Why a list is empty, as far as the filter can be to blame.
fn none_of(filter: &TicketFilter, config: &Config) -> String {
    let unknown = |kind: &str, name: &Option<String>, known: &[&str]| {
        let name = name.as_deref().filter(|name| !known.contains(name))?;
        let hint = nearest(name, known.iter().copied()).map_or_else(String::new, |n| format!("; did you mean {n}?"));
        Some(format!("no ticket; the configuration has no {kind} {name}{hint}"))
    };
    let teams: Vec<&str> = config.teams.iter().map(|t| t.name.as_str()).collect();
    let agents: Vec<&str> = config.agents.iter().map(|a| a.handle.as_str()).collect();
    unknown("team", &filter.team, &teams).or_else(|| unknown("agent", &filter.owner, &agents)).unwrap_or_else(|| "no ticket".to_owned())
}

fn one(store: &dyn Store, number: TicketNo) -> anyhow::Result<Ticket> {
    store.ticket(number)?.ok_or_else(|| anyhow::anyhow!("there is no ticket {number}; `postdesk tickets list` shows what there is"))
}

/// What a list says of a ticket, and its columns.
pub(super) const COLUMNS: [Column<'static>; 8] = [
    Whole("ticket"),
    Whole("status"),
    Spare("priority"),
    Whole("category"),
    Spare("team"),
    Whole("owner"),
    Words("requester"),
    Words("subject"),
];

pub(super) fn cells(ticket: &Ticket) -> Vec<String> {
    let or_dash = |text: &Option<String>| text.clone().unwrap_or_else(|| "-".to_owned());
    vec![
        ticket.number.to_string(),
        ticket.status.to_string(),
        ticket.priority.to_string(),
        or_dash(&ticket.category),
        or_dash(&ticket.team),
        or_dash(&ticket.owner),
        ticket.requester.called().to_owned(),
        ticket.subject.clone(),
    ]
}

/// The list as a table or a JSON array.
fn list(tickets: &[Ticket], zone: Tz, none: &str, json: bool) -> anyhow::Result<()> {
    let columns: Vec<Column<'_>> = COLUMNS.into_iter().chain([Spare("changed")]).collect();
    table::print(json, &columns, tickets, none, |t| {
        let mut cells = cells(t);
        cells.push(time(t.updated, zone));
        cells
    })
}

fn show(out: &mut impl Write, ticket: &Ticket, zone: Tz) -> std::io::Result<()> {
    let optional = |value: &Option<String>| value.clone().unwrap_or_default();
    let mut lines: Vec<(&str, String)> = Vec::new();
    let mut line = |name, value| lines.push((name, value));
    line("status", ticket.status.to_string());
    line("priority", format!("{} (impact {}, urgency {})", ticket.priority, ticket.impact, ticket.urgency));
    line("category", optional(&ticket.category));
    line("team", optional(&ticket.team));
    line("owner", optional(&ticket.owner));
    line("requester", format!("{} <{}>", ticket.requester.called(), ticket.requester.address));
    line("participants", ticket.participants.iter().map(|p| p.address.to_string()).collect::<Vec<_>>().join(", "));
    line("language", ticket.language.clone());
    line("mailbox", ticket.mailbox.clone());
    line("opened", time(ticket.opened, zone));
    line("answered", ticket.answered.map_or_else(String::new, |at| time(at, zone)));
    line("changed", time(ticket.updated, zone));
    line("waits until", ticket.wait_until.map_or_else(String::new, |at| time(at, zone)));
    line("labels", ticket.labels.join(", "));
    line("articles", ticket.links.join(", "));
    line("fields", ticket.fields.iter().map(|(name, value)| format!("{name}={value}")).collect::<Vec<_>>().join(", "));
    line("linked", ticket.linked.iter().chain(&ticket.related).map(ToString::to_string).collect::<Vec<_>>().join(", "));
    line("merged into", ticket.merged.map_or_else(String::new, |n| n.to_string()));
    line("advice of", ticket.consulted.iter().map(|p| p.address.to_string()).collect::<Vec<_>>().join(", "));
    line("unreachable", ticket.unreachable.iter().map(ToString::to_string).collect::<Vec<_>>().join(", "));
    writeln!(out, "{} {}", ticket.number, one_line(&ticket.subject))?;
    lines.iter().filter(|(_, value)| !value.is_empty()).try_for_each(|(name, value)| writeln!(out, "{name:<13}{}", one_line(value)))
}

fn tell(out: &mut impl Write, row: &JournalRow, zone: Tz) -> std::io::Result<()> {
    writeln!(out, "{}  {}", time(row.at, zone), row.actor)?;
    let internal = if row.internal { " (internal)" } else { "" };
    for line in row.text.iter().flat_map(|text| text.trim().lines()) {
        writeln!(out, "    |{internal} {}", one_line(line))?;
    }
    for (_, change, before) in &row.changes {
        if let Some(sentence) = change_sentence(change, before.as_ref(), zone) {
            writeln!(out, "    {}", one_line(&sentence))?;
        }
    }
    for mail in &row.mails {
        let state = if mail.state == "sent" { String::new() } else { format!(" ({})", mail.state) };
        writeln!(out, "    → {} to {}{state}: {}  [mail {}]", mail.template, mail.to, one_line(&mail.subject), mail.envelope)?;
    }
    for reason in &row.because {
        writeln!(out, "    because {}", one_line(&reason.0))?;
    }
    writeln!(out)
}

/// `status: new → open`; none for what only threading and clocks need.
fn change_sentence(change: &Change, before: Option<&Change>, zone: Tz) -> Option<String> {
    if matches!(change, Change::LastFromRequester(_) | Change::Told(_) | Change::Alarm(..)) {
        return None;
    }
    let (name, now) = name_and_value(change, zone);
    Some(match before.map(|before| name_and_value(before, zone)) {
        Some((_, then)) if then != "-" && then != now && !toggles(change) => format!("{name}: {then} → {now}"),
        _ => format!("{name}: {now}"),
    })
}

/// Changes whose value says itself what was before.
fn toggles(change: &Change) -> bool {
    matches!(
        change,
        Change::Label(..)
            | Change::Link(..)
            | Change::Participant(..)
            | Change::Consulted(..)
            | Change::Related(..)
            | Change::Unreachable(..)
            | Change::Refused(..)
    )
}

fn name_and_value(change: &Change, zone: Tz) -> (String, String) {
    match change {
        Change::Opened(ticket) => {
            let category = ticket.category.as_deref().unwrap_or("unclassified");
            let team = ticket.team.as_deref().unwrap_or("none");
            return ("opened".to_owned(), format!("{category}, priority {}, team {team}", ticket.priority));
        }
        Change::Answered(Some(at)) => return ("first answered".to_owned(), time(*at, zone)),
        Change::WaitUntil(Some(at)) => return ("waits until".to_owned(), time(*at, zone)),
        Change::Link(article, on) => return ("article".to_owned(), format!("{article} {}", if *on { "sent" } else { "taken back" })),
        Change::Related(number, on) => return ("linked".to_owned(), format!("{number} {}", if *on { "added" } else { "removed" })),
        Change::Merged(Some(into)) => return ("merged into".to_owned(), into.to_string()),
        Change::Alert(Some(alert)) => return ("told of the alert".to_owned(), time(alert.told, zone)),
        Change::Approvals(approvals) => return ("approval".to_owned(), approvals.last().map_or_else(|| "-".to_owned(), approval)),
        _ => {}
    }
    // A change is an enum with one name and one value: its JSON says both.
    match serde_json::to_value(change) {
        Ok(serde_json::Value::Object(map)) => {
            map.into_iter().next().map_or_else(Default::default, |(name, value)| (name.replace('_', " "), words(&value)))
        }
        _ => Default::default(),
    }
}

/// `asked zhao`, `approved by zhao`.
fn approval(approval: &Approval) -> String {
    match &approval.ruling {
        Some(ruling) => format!("{} by {}", if ruling.approved { "approved" } else { "rejected" }, ruling.by),
        None => format!("asked {}", if approval.asked.is_empty() { "nobody".to_owned() } else { approval.asked.join(", ") }),
    }
}

fn words(value: &serde_json::Value) -> String {
    match value {
        serde_json::Value::Null => "-".to_owned(),
        serde_json::Value::String(text) => text.clone(),
        serde_json::Value::Array(items) => items.iter().map(words).collect::<Vec<_>>().join(" "),
        serde_json::Value::Bool(on) => (if *on { "added" } else { "removed" }).to_owned(),
        serde_json::Value::Object(map) => map.values().map(words).collect::<Vec<_>>().join(" "),
        other => other.to_string(),
    }
}
