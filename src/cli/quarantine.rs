//! `postdesk quarantine`: mails that broke the desk three times, and those that no server gives out; nothing of them is lost.

use std::io::Write;
use std::path::Path;

use clap::Subcommand;

use super::table::Column::{Spare, Whole, Words};
use super::table::{self, time};
use super::{Exit, load_config, open_store};
use crate::store::CauseId;

/// Mails that broke the desk and were set aside.
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:
  postdesk quarantine list
  postdesk quarantine show 12 > mail.eml
  postdesk quarantine retry 12       after an upgrade, say")]
pub struct Arguments {
    #[command(subcommand)]
    what: What,
}

#[derive(Debug, Subcommand)]
enum What {
    /// What is set aside, and why
    #[command(after_help = "Example:\n  postdesk quarantine list")]
    List {
        /// One JSON array
        #[arg(long)]
        json: bool,
    },
    /// The raw bytes
    #[command(after_help = "Example:\n  postdesk quarantine show 12 > mail.eml")]
    Show {
        /// Its number in `quarantine list`
        #[arg(value_parser = table::number)]
        id: i64,
    },
    /// Try once more
    #[command(after_help = "Example:\n  postdesk quarantine retry 12")]
    Retry {
        /// Its number in `quarantine list`
        #[arg(value_parser = table::number)]
        id: i64,
    },
}

/// Runs the command.
///
/// # Errors
/// The configuration is unsound, the store fails, or there is no such mail.
pub fn run(config: &Path, arguments: &Arguments) -> anyhow::Result<Exit> {
    let config = load_config(config)?;
    let mut store = open_store(&config)?;
    match &arguments.what {
        What::List { json } => {
            let rows = store.quarantined()?;
            let columns = [Whole("no"), Whole("arrived"), Spare("bytes"), Words("why"), Spare("cause")];
            table::print(*json, &columns, &rows, "nothing is in quarantine", |row| {
                vec![row.id.0.to_string(), time(row.at, config.desk.timezone), row.size.to_string(), row.why.clone(), row.key.0.clone()]
            })?;
            return Ok(if rows.is_empty() { Exit::Done } else { Exit::Findings });
        }
        What::Show { id } => {
            let here = store.quarantined()?.iter().any(|row| row.id.0 == *id);
            let raw = store.raw(CauseId(*id))?.filter(|_| here);
            let raw = raw.ok_or_else(|| anyhow::anyhow!("{id} is not in quarantine; see `postdesk quarantine list`"))?;
            anyhow::ensure!(!raw.is_empty(), "its server gave out nothing of this mail: look at it there with a mail client");
            std::io::stdout().lock().write_all(&raw)?;
        }
        What::Retry { id } => {
            let withheld = store.quarantined()?.iter().any(|row| row.id.0 == *id && row.withheld);
            anyhow::ensure!(
                !withheld,
                "the mail lies on its server, which does not give it out: the desk asks for it again each hour and when it starts. If you \
                 can read it with a mail client, move it out of the folder and back in, or delete it there"
            );
            let done = store.retry(CauseId(*id))?;
            store.flush()?;
            anyhow::ensure!(done, "{id} is not in quarantine; see `postdesk quarantine list`");
            table::line(format_args!("{id} will be tried once more"))?;
        }
    }
    Ok(Exit::Done)
}
