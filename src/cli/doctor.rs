//! `postdesk doctor`: the servers, step by step, in words with a remedy.

use std::path::Path;

use super::table;
use super::{Exit, count, load, load_to_work};
use crate::daemon::{self, Examination};

/// Try the servers: names, TLS, login, capabilities, folders, senders; with --send a round trip.
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:
  postdesk doctor
  postdesk doctor --send
  postdesk -c /var/lib/postdesk/config.toml doctor

Without --send no mail is sent; nothing on the servers is changed in any case. Exit code 1 when something is wrong.")]
pub struct Arguments {
    /// Send a mail from each mailbox to itself, and wait up to a minute until it is there: proves sender, plus addresses and clock
    #[arg(long)]
    send: bool,
}

/// Runs the command.
///
/// # Errors
/// The configuration is unsound.
pub fn run(config: &Path, arguments: &Arguments) -> anyhow::Result<Exit> {
    // The mails carry a mark that the desk signs with its key.
    let loaded = if arguments.send { load_to_work(config)? } else { load(config)? };
    if arguments.send {
        eprintln!("each mailbox gets a mail from itself, which is waited for; that may take a minute");
    }
    let mut wrong = 0;
    daemon::examine(&loaded, arguments.send, |examination| match examination {
        Examination::Begun(name) => table::line(name),
        Examination::Done(steps) => steps.into_iter().try_for_each(|(good, sentence)| {
            wrong += usize::from(!good);
            table::line(format_args!("  {} {sentence}", if good { "ok   " } else { "WRONG" }))
        }),
    })?;
    if wrong == 0 {
        table::line("everything answers as it should")?;
        return Ok(Exit::Done);
    }
    table::line(format_args!("{} to mend", count(wrong, "thing")))?;
    Ok(Exit::Findings)
}
