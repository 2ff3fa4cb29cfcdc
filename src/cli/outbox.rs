//! `postdesk outbox`: what waits to be sent, what failed; send again, cancel, show.

use std::io::Write;
use std::path::Path;

use chrono::Utc;
use chrono_tz::Tz;
use clap::Subcommand;

use super::table::Column::{Spare, Whole, Words};
use super::table::{self, time};
use super::{Exit, load_config, open_store};
use crate::store::Store;

/// What waits to be sent, what failed; send again, cancel.
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:
  postdesk outbox                what is not sent yet, failed, held or uncertain
  postdesk outbox --all          sent mail too
  postdesk outbox show 17        the mail itself
  postdesk outbox retry 17       send a failed, uncertain or cancelled mail again, a queued one now
  postdesk outbox cancel 17      do not send a queued or held mail")]
#[command(args_conflicts_with_subcommands = true)]
pub struct Arguments {
    #[command(subcommand)]
    what: Option<What>,
    #[command(flatten)]
    list: List,
}

#[derive(Debug, clap::Args)]
struct List {
    /// Sent and cancelled ones too
    #[arg(long)]
    all: bool,
    /// At most so many
    #[arg(long, default_value_t = 100, value_parser = table::at_least_one)]
    limit: usize,
    /// One JSON array
    #[arg(long)]
    json: bool,
}

#[derive(Debug, Subcommand)]
enum What {
    /// Envelopes, newest first
    #[command(after_help = "Examples:\n  postdesk outbox list\n  postdesk outbox list --all --json | jq length")]
    List(List),
    /// The bytes of a mail
    #[command(after_help = "Example:\n  postdesk outbox show 17")]
    Show {
        /// Its number in `outbox list`
        #[arg(value_parser = table::number)]
        envelope: i64,
    },
    /// Send a failed, uncertain or cancelled mail again; a queued one at once
    #[command(after_help = "Example:\n  postdesk outbox retry 17")]
    Retry {
        /// Its number in `outbox list`
        #[arg(value_parser = table::number)]
        envelope: i64,
    },
    /// Do not send a queued or held mail
    #[command(after_help = "Example:\n  postdesk outbox cancel 17")]
    Cancel {
        /// Its number in `outbox list`
        #[arg(value_parser = table::number)]
        envelope: i64,
    },
}

/// Runs the command.
///
/// # Errors
/// The configuration is unsound, the store fails, or the envelope is in no state for this.
pub fn run(config: &Path, arguments: &Arguments) -> anyhow::Result<Exit> {
    let config = load_config(config)?;
    let mut store = open_store(&config)?;
    let zone = config.desk.timezone;
    match &arguments.what {
        None => list(store.as_ref(), &arguments.list, zone)?,
        Some(What::List(asked)) => list(store.as_ref(), asked, zone)?,
        Some(What::Show { envelope }) => {
            let bytes = store
                .letter_bytes(*envelope)?
                .ok_or_else(|| anyhow::anyhow!("there is no mail {envelope}; `postdesk outbox list --all` shows what there is"))?;
            std::io::stdout().lock().write_all(&bytes)?;
        }
        Some(What::Retry { envelope }) => {
            let done = store.resend(*envelope, Utc::now())?;
            store.flush()?;
            anyhow::ensure!(
                done,
                "envelope {envelope} is not queued, failed, uncertain or cancelled; `postdesk outbox list --all` shows its state"
            );
            table::line(format_args!("{envelope} is sent as soon as the daemon runs"))?;
        }
        Some(What::Cancel { envelope }) => {
            let done = store.cancel(*envelope, Utc::now())?;
            store.flush()?;
            anyhow::ensure!(done, "envelope {envelope} is not queued or held; `postdesk outbox list --all` shows its state");
            table::line(format_args!("{envelope} is cancelled"))?;
        }
    }
    Ok(Exit::Done)
}

fn list(store: &dyn Store, asked: &List, zone: Tz) -> anyhow::Result<()> {
    let (now, found) = (Utc::now(), store.outbox(asked.all, asked.limit.saturating_add(1))?);
    let rows = table::at_most(found.into_iter().map(|row| row.told(now)).collect(), asked.limit);
    let columns = [
        Whole("no"),
        Whole("state"),
        Spare("template"),
        Whole("ticket"),
        Words("to"),
        Words("subject"),
        Spare("tries"),
        Spare("when"),
        Words("why"),
    ];
    let none =
        if asked.all { "no mail was written yet" } else { "nothing waits, failed or is held; `outbox list --all` shows what was sent" };
    table::print(asked.json, &columns, &rows, none, |row| {
        vec![
            row.envelope.to_string(),
            row.state.clone(),
            row.template.clone(),
            row.ticket.map_or_else(|| "-".to_owned(), |n| n.to_string()),
            row.to.to_string(),
            row.subject.clone(),
            row.attempts.to_string(),
            time(row.at, zone),
            row.why.clone(),
        ]
    })
}
