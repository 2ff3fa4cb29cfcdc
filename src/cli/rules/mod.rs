//! `postdesk rules`: how good the rules are, and what another set of them would have made of past mail.

mod eval;
mod mails;
mod replay;
mod stats;

use std::path::{Path, PathBuf};

use clap::Subcommand;

use super::{Exit, configured, load_or_builtin, sound};
use crate::policy::{self, Loaded};

/// Measure the rules: against labelled mails, by what each rule did, by the desk's own last mails.
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:
  postdesk rules eval mails.jsonl             how many get the category that they should?
  postdesk rules eval -v mails.jsonl          and which do not, and why
  postdesk rules stats                        which rules did the work on the last mails?
  postdesk rules replay                       a rule was changed: what would become of the last mails?

Each of them says more about itself:  postdesk rules eval --help")]
pub struct Arguments {
    #[command(subcommand)]
    what: What,
}

#[derive(Debug, Subcommand)]
enum What {
    /// Judge labelled mails and compare: accuracy by language, confusion, misses with their evidence
    Eval(eval::Arguments),
    /// Rules by the number of mails that they matched: won, lost; those that never matched
    Stats(stats::Arguments),
    /// Judge the desk's last first mails anew: which tickets would be classified otherwise now
    Replay(replay::Arguments),
}

/// Runs the command.
///
/// # Errors
/// Files are unsound, or the store fails.
pub fn run(config: &Path, arguments: &Arguments) -> anyhow::Result<Exit> {
    match &arguments.what {
        What::Eval(command) => eval::run(config, command),
        What::Stats(command) => stats::run(config, command),
        What::Replay(command) => replay::run(config, command),
    }
}

/// Which rules are measured.
#[derive(Debug, clap::Args)]
struct Which {
    /// Measure the rules of this directory, whatever categories they name
    #[arg(long, value_name = "DIR")]
    rules: Option<PathBuf>,
}

impl Which {
    /// The rules of the directory, else the desk's, else the built-in ones.
    fn load(&self, config: &Path) -> anyhow::Result<Loaded> {
        match &self.rules {
            Some(directory) => sound(policy::on_trial(configured(config), directory)),
            None => load_or_builtin(config),
        }
    }
}
