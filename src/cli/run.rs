//! `postdesk run`: the daemon.

use std::path::Path;

use super::{Exit, load_to_work};
use crate::daemon;

/// Work: watch the mailboxes, decide, send.
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:
  postdesk run                  until SIGTERM or Ctrl-C
  postdesk run --once           work off what waits now, then end
  POSTDESK_LOG=debug postdesk run

SIGHUP, and changed files, reload everything but the mail accounts, when all of it is sound; changed accounts need a restart.")]
pub struct Arguments {
    /// Work off what waits and end
    #[arg(long)]
    once: bool,
    /// Log as JSON, one object a line
    #[arg(long)]
    log_json: bool,
}

/// Runs the command.
///
/// # Errors
/// The configuration is unsound, another process works on the same directory, or the store fails for good.
pub fn run(config: &Path, arguments: &Arguments) -> anyhow::Result<Exit> {
    let listening = daemon::Listening::start()?;
    let loaded = load_to_work(config)?;
    daemon::log_to_stderr(arguments.log_json);
    for warning in &loaded.warnings {
        tracing::warn!("{warning}");
    }
    daemon::run(listening, config, loaded, arguments.once)?;
    Ok(Exit::Done)
}
