//! `postdesk tickets`: list, show, history.

use std::path::Path;

use chrono_tz::Tz;
use clap::Subcommand;

use super::table::{self, cut, time};
use super::{Exit, load_config, open_store};
use crate::domain::message::Address;
use crate::domain::ticket::{Change, Status, Ticket, TicketNo};
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
        #[arg(long, default_value_t = 100)]
        limit: usize,
        /// One JSON array
        #[arg(long)]
        json: bool,
    },
    /// One ticket
    Show {
        /// Its number
        number: String,
        /// JSON
        #[arg(long)]
        json: bool,
    },
    /// Everything that happened to a ticket, and why
    History {
        /// Its number
        number: String,
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
fn number(text: &str) -> anyhow::Result<TicketNo> {
    let digits = text.trim_matches(|c: char| !c.is_ascii_digit());
    digits.parse().map(TicketNo).map_err(|_| anyhow::anyhow!("{text} is no ticket number; write 1042 or #1042"))
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
                limit: *limit,
            };
            list(&store.tickets(&filter)?, zone, *json)?;
        }
        What::Show { number: text, json } => {
            let ticket = one(store.as_ref(), text)?;
            if *json { table::print_json(&ticket)? } else { show(&ticket, zone) }
        }
        What::History { number: text, json } => {
            let ticket = one(store.as_ref(), text)?;
            let rows = store.history(ticket.number)?;
            if *json { table::print_json(&rows)? } else { rows.iter().for_each(|row| tell(row, zone)) }
        }
    }
    Ok(Exit::Done)
}

fn one(store: &dyn Store, text: &str) -> anyhow::Result<Ticket> {
    let number = number(text)?;
    store.ticket(number)?.ok_or_else(|| anyhow::anyhow!("there is no ticket {number}; `postdesk tickets list` shows what there is"))
}

/// The list as a table or a JSON array.
///
/// # Errors
/// Standard output is closed.
pub fn list(tickets: &[Ticket], zone: Tz, json: bool) -> anyhow::Result<()> {
    let header = ["ticket", "status", "priority", "category", "team", "owner", "requester", "subject", "changed"];
    table::print(json, &header, tickets, |t| {
        let or_dash = |text: &Option<String>| text.clone().unwrap_or_else(|| "-".to_owned());
        vec![
            t.number.to_string(),
            t.status.to_string(),
            t.priority.to_string(),
            or_dash(&t.category),
            or_dash(&t.team),
            or_dash(&t.owner),
            cut(t.requester.called(), 18),
            cut(&t.subject, 42),
            time(t.updated, zone),
        ]
    })
}

fn show(ticket: &Ticket, zone: Tz) {
    let line = |name: &str, value: String| {
        if !value.is_empty() {
            println!("{name:<13}{value}");
        }
    };
    let optional = |value: &Option<String>| value.clone().unwrap_or_default();
    println!("{} {}", ticket.number, ticket.subject);
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
    line("linked", ticket.linked.map_or_else(String::new, |n| n.to_string()));
    line("unreachable", ticket.unreachable.iter().map(ToString::to_string).collect::<Vec<_>>().join(", "));
}

fn tell(row: &JournalRow, zone: Tz) {
    println!("{}  {}  ({})", time(row.at, zone), row.actor, row.cause.0);
    for (_, change, before) in &row.changes {
        println!("    {}", change_sentence(change, before.as_ref()));
    }
    for reason in &row.because {
        println!("    because {}", reason.0);
    }
    let mark = if row.internal { "internal: " } else { "" };
    for line in row.text.iter().flat_map(|text| text.lines()) {
        println!("    | {mark}{line}");
    }
    println!();
}

/// `status: new → open`.
fn change_sentence(change: &Change, before: Option<&Change>) -> String {
    let (name, now) = name_and_value(change);
    match before.map(name_and_value) {
        Some((_, then)) if !then.is_empty() && then != now => format!("{name}: {then} → {now}"),
        _ => format!("{name}: {now}"),
    }
}

fn name_and_value(change: &Change) -> (String, String) {
    if let Change::Opened(ticket) = change {
        let category = ticket.category.as_deref().unwrap_or("unclassified");
        return ("opened".to_owned(), format!("{category}, {}, team {}", ticket.priority, ticket.team.as_deref().unwrap_or("-")));
    }
    // A change is an enum with one name and one value: its JSON says both.
    match serde_json::to_value(change) {
        Ok(serde_json::Value::Object(map)) => map.into_iter().next().map_or_else(Default::default, |(name, value)| (name, words(&value))),
        _ => Default::default(),
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
