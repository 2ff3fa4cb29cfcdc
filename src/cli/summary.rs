//! `postdesk summary NAME --preview FILE`: the mail that a schedule would send now.

use std::path::{Path, PathBuf};

use anyhow::Context;
use chrono::Utc;

use super::table;
use super::{Exit, load, open_store};
use crate::desk::{self, Rulebook};
use crate::domain::CauseKey;
use crate::domain::complaint::nearest;

/// Write a summary mail to a file without sending it.
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:
  postdesk summary daily --preview daily.eml
  postdesk summary daily --preview -          to standard output")]
pub struct Arguments {
    /// Name of the `[[summary]]` in the configuration
    name: String,
    /// Where to write the mail
    #[arg(long, value_name = "FILE")]
    preview: PathBuf,
}

/// Runs the command.
///
/// # Errors
/// The configuration is unsound, there is no such summary, or the file cannot be written.
pub fn run(config: &Path, arguments: &Arguments) -> anyhow::Result<Exit> {
    let loaded = load(config)?;
    let names: Vec<&str> = loaded.policy.summaries.iter().map(|s| s.name.as_str()).collect();
    if !names.contains(&arguments.name.as_str()) {
        let hint = nearest(&arguments.name, names.iter().copied()).map_or_else(String::new, |n| format!("; did you mean {n}?"));
        let known = if names.is_empty() { "none".to_owned() } else { names.join(", ") };
        anyhow::bail!("the configuration has no [[summary]] named {}; there is {known}{hint}", arguments.name);
    }
    let mut store = open_store(&loaded.config)?;
    let book = Rulebook { policy: loaded.policy.clone(), templates: loaded.templates.clone() };
    let key = CauseKey("preview".to_owned());
    let last = desk::last_slot(store.as_ref(), &arguments.name)?;
    let letters = desk::preview_slot(&arguments.name, last, &book, Utc::now(), &mut |query| store.answer(&key, query))?;
    let Some((letter, words)) = letters.first() else {
        table::line(format_args!("no mail would go out: nothing is held, unconfirmed or suspect"))?;
        return Ok(Exit::Done);
    };
    if arguments.preview.as_os_str() == "-" {
        std::io::Write::write_all(&mut std::io::stdout().lock(), &words.bytes)?;
    } else {
        std::fs::write(&arguments.preview, &words.bytes).with_context(|| format!("writing {}", arguments.preview.display()))?;
        table::line(format_args!(
            "{} holds the mail to {}",
            arguments.preview.display(),
            letter.to.first().map_or("nobody", |to| to.as_str())
        ))?;
    }
    Ok(Exit::Done)
}
