//! `postdesk audit`: what lies in the mailboxes beside what the desk knows of it; exit code 1 when a mail is not accounted for.

use std::path::Path;

use serde_json::{Map, Value, json};

use super::table::{self, time};
use super::{Exit, count, load, open_store};
use crate::daemon::{self, Audited};
use crate::domain::audit::{Audit, Class, Listed};

/// Account for every mail that lies in the mailboxes.
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:
  postdesk audit
  postdesk audit --json | jq '.[].missing'

May be run while the desk works; nothing is changed on the servers or in the store. Exit code 1 when nothing is known of a mail, or a folder
cannot be listed.")]
pub struct Arguments {
    /// One JSON array, an object for each folder
    #[arg(long)]
    json: bool,
}

/// Runs the command.
///
/// # Errors
/// The configuration is unsound or the store fails.
pub fn run(config: &Path, arguments: &Arguments) -> anyhow::Result<Exit> {
    let loaded = load(config)?;
    let store = open_store(&loaded.config)?;
    let (mut rows, mut wrong) = (Vec::new(), false);
    daemon::audit(&loaded, &*store, |audited| {
        wrong |= audited.found.as_ref().map_or(true, |audit| !audit.missing.is_empty());
        if arguments.json {
            rows.push(as_json(&audited));
            return Ok(());
        }
        lines(&audited, |at| time(at, loaded.config.desk.timezone)).iter().try_for_each(table::line)
    })?;
    if arguments.json {
        table::print_json(&rows)?;
    } else if !wrong {
        table::line("every mail is accounted for")?;
    }
    Ok(if wrong { Exit::Findings } else { Exit::Done })
}

fn as_json(Audited { mailbox, folder, found }: &Audited) -> Value {
    let mut object = Map::from_iter([("mailbox".to_owned(), json!(mailbox)), ("folder".to_owned(), json!(folder))]);
    object.extend(match found {
        Ok(audit) => match json!(audit) {
            Value::Object(audit) => audit,
            _ => Map::new(),
        },
        Err(error) => Map::from_iter([("error".to_owned(), json!(format!("{error:#}")))]),
    });
    Value::Object(object)
}

fn lines(Audited { mailbox, folder, found }: &Audited, time: impl Fn(chrono::DateTime<chrono::Utc>) -> String) -> Vec<String> {
    let Audit { mails, classes, gone, missing } = match found {
        Ok(audit) => audit,
        Err(error) => return vec![format!("{mailbox}, {folder}: cannot be accounted for: {error:#}")],
    };
    let mut lines = vec![format!("{mailbox}, {folder}: {}", count(*mails, "mail"))];
    lines.extend(classes.iter().map(|(class, count)| format!("  {count:>8}  {}", words(*class))));
    if *gone > 0 {
        lines.push(format!("  {gone:>8}  more that the desk has had from there lie there no more: moved or removed"));
    }
    lines.extend(missing.iter().map(|Listed { spot, at }| {
        let name = if spot.name.is_empty() { format!("UID {}", spot.uid) } else { spot.name.clone() };
        format!("  MISSING  {name}, arrived {}", at.map_or_else(|| "nobody knows when".to_owned(), &time))
    }));
    if !missing.is_empty() {
        lines.push(
            "  see that `postdesk run` works, and its log; a mail that is moved out of the folder and back in comes as a new one"
                .to_owned(),
        );
    }
    lines
}

fn words(class: Class) -> &'static str {
    match class {
        Class::Opened => "opened a ticket",
        Class::Joined => "joined a ticket, with words or orders",
        Class::Filed => "filed with a ticket, where nothing followed",
        Class::Refused => "whose orders were refused",
        Class::Answered => "asked something, and were answered",
        Class::Ignored => "are no ticket, for a reason",
        Class::Quarantined => "in quarantine: see `postdesk quarantine list`",
        Class::Undecided => "received, to be decided next",
        Class::Unread => "just arrived, to be received next",
        Class::Before => "were there before the desk, and are left alone",
        Class::Missing => "of which nothing is known",
    }
}
