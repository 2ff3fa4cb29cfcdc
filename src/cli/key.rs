//! `postdesk key`: what signs the desk's ids. Keys themselves are never shown.

use std::path::Path;

use clap::Subcommand;
use serde::Serialize;

use super::table::Column;
use super::{Exit, count, load_config, sound, table};
use crate::domain::trust::Key;
use crate::policy;

/// What signs the desk's ids: list the keys, put a new one in front
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:
  postdesk key list
  postdesk key rotate        a new key signs, the older ones verify still
  postdesk key drop 2        what it signed proves nothing any more")]
pub struct Arguments {
    #[command(subcommand)]
    what: What,
}

#[derive(Debug, Subcommand)]
enum What {
    /// Fingerprints, and which one signs
    #[command(after_help = "Example:\n  postdesk key list")]
    List {
        /// One JSON array
        #[arg(long)]
        json: bool,
    },
    /// Put a new key in front; mails that the older ones signed count as before
    #[command(after_help = "Example:\n  postdesk key rotate")]
    Rotate,
    /// Let go of an older key: what it signed proves nothing any more
    #[command(after_help = "Example:\n  postdesk key drop 2")]
    Drop {
        /// Its number in `key list`
        number: usize,
    },
}

/// A key, without the key.
#[derive(Serialize)]
struct Row {
    number: usize,
    fingerprint: String,
    signs: bool,
}

/// Runs the command.
///
/// # Errors
/// The configuration or the key is unsound, there is no such key, or it cannot be written.
pub fn run(config: &Path, arguments: &Arguments) -> anyhow::Result<Exit> {
    let data = load_config(config)?.data;
    match arguments.what {
        What::List { json } => {
            let key = sound(policy::key::read(&data).map_err(|complaint| vec![complaint]))?;
            let none = "there is no key yet: `postdesk run` makes it when it first starts";
            table::print(json, &["no", "fingerprint", "use"].map(Column::Whole), &rows(key.as_ref()), none, |row| {
                let does = if row.signs { "signs and verifies" } else { "verifies" };
                vec![row.number.to_string(), row.fingerprint.clone(), does.to_owned()]
            })?;
        }
        What::Rotate => {
            let rows = rows(Some(&policy::key::rotate(&data)?));
            let fingerprint = rows.first().map_or("", |row| &row.fingerprint);
            let older = count(rows.len().saturating_sub(1), "older key");
            table::line(format_args!(
                "key {fingerprint} signs from now on, beside {older} to verify; a running desk takes it within seconds"
            ))?;
        }
        What::Drop { number } => {
            let left = count(rows(Some(&policy::key::drop(&data, number)?)).len(), "key");
            table::line(format_args!("key {number} is gone, {left} left; a running desk lets go of it within seconds"))?;
        }
    }
    Ok(Exit::Done)
}

fn rows(key: Option<&Key>) -> Vec<Row> {
    let fingerprint = |secret| Key::new(secret).sign(&["fingerprint"]);
    let secrets = key.into_iter().flat_map(Key::secrets).enumerate();
    secrets.map(|(at, secret)| Row { number: at + 1, fingerprint: fingerprint(*secret), signs: at == 0 }).collect()
}
