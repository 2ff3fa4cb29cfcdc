//! `postdesk doctor`: the servers, step by step, in words with a remedy.

use std::path::Path;

use super::table;
use super::{Exit, count, load};
use crate::daemon;

/// Try the servers: names, TLS, login, capabilities, folders.
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:
  postdesk doctor
  postdesk -c /etc/postdesk/config.toml doctor

Sends no mail and changes nothing on the servers. Exit code 1 when something is wrong.")]
pub struct Arguments {}

/// Runs the command.
///
/// # Errors
/// The configuration is unsound.
pub fn run(config: &Path, _arguments: &Arguments) -> anyhow::Result<Exit> {
    let loaded = load(config)?;
    let mut wrong = 0;
    daemon::examine(&loaded, |(name, steps)| {
        table::line(format_args!("{name}"))?;
        for (good, sentence) in steps {
            table::line(format_args!("  {} {sentence}", if good { "ok   " } else { "WRONG" }))?;
            wrong += usize::from(!good);
        }
        Ok(())
    })?;
    if wrong == 0 {
        table::line("everything answers as it should")?;
        return Ok(Exit::Done);
    }
    table::line(format_args!("{} to mend", count(wrong, "thing")))?;
    Ok(Exit::Findings)
}
