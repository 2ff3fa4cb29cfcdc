//! `postdesk deliver`: one mail on standard input. The mail is durable before exit code 0 says so.

use std::path::{Path, PathBuf};

use chrono::Utc;

use super::{Exit, input, load_config, load_to_work, table};
use crate::daemon;
use crate::domain::message::Arrival;
use crate::store::{self, lock::DataLock};

/// Take one mail on standard input, for an MTA's pipe.
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:
  postdesk deliver < mail.eml
  postdesk deliver --mailbox support < mail.eml

Postfix (master.cf):
  postdesk unix - n n - - pipe user=postdesk argv=/usr/local/bin/postdesk -c /etc/postdesk/config.toml deliver

While `postdesk run` works on the same directory, it takes the mail over; else the mail is decided here and letters go out with the next
run. Exit code 75 asks the MTA to try again, also where the arguments are wrong: nobody's mail is bounced for a slip in master.cf.")]
pub struct Arguments {
    /// The mailbox that it came to (default: the first of the configuration)
    #[arg(long, value_name = "NAME")]
    mailbox: Option<String>,
}

/// Runs the command.
///
/// # Errors
/// None that an MTA should bounce: trouble ends in exit code 75.
pub fn run(config: &Path, arguments: &Arguments) -> anyhow::Result<Exit> {
    let data = match take(config, arguments) {
        Ok(data) => data,
        Err(error) => {
            table::complain(format_args!("postdesk: the mail was not taken: {}", store::in_words(&error)));
            return Ok(Exit::TryAgain);
        }
    };
    // The mail is safe, whatever happens now: an MTA that tried again would only bring a copy.
    if let Err(error) = decide(config, &data) {
        table::complain(format_args!(
            "postdesk: the mail is kept and will be decided by the next `postdesk run`: {}",
            store::in_words(&error)
        ));
    }
    Ok(Exit::Done)
}

/// Decides it, unless the daemon does. Only then the rules are read.
fn decide(config: &Path, data: &Path) -> anyhow::Result<()> {
    match DataLock::take(data)? {
        Some(_lock) => daemon::decide_what_waits(&load_to_work(config)?),
        None => Ok(()),
    }
}

/// Makes the mail durable. Returns the data directory.
fn take(path: &Path, arguments: &Arguments) -> anyhow::Result<PathBuf> {
    let config = load_config(path)?;
    let mailbox = super::mailbox_named(&config, arguments.mailbox.as_deref())?;
    let (raw, whole_size) = input::mail(&mut std::io::stdin().lock(), config.limits.message_size)?;
    anyhow::ensure!(!raw.is_empty(), "standard input was empty; the mail comes there:  postdesk deliver < mail.eml");
    let arrival = Arrival { mailbox, place: None, at: Utc::now(), raw, whole_size, quiet: false, cursor: None };
    let mut store = store::open_beside(&config.data)?;
    store.receive(arrival.into())?;
    store.flush()?;
    Ok(config.data)
}
