//! `postdesk status`: figures at a glance; exit code 1 when something wants a look.

use std::path::Path;

use super::table;
use super::{Exit, load_config, open_store};

/// Figures: tickets, queue, outbox.
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:
  postdesk status
  postdesk status --json | jq .pending

Exit code 1 when mail is in quarantine, failed or uncertain.")]
pub struct Arguments {
    /// JSON
    #[arg(long)]
    json: bool,
}

/// Runs the command.
///
/// # Errors
/// The configuration is unsound or the store fails.
pub fn run(config: &Path, arguments: &Arguments) -> anyhow::Result<Exit> {
    let config = load_config(config)?;
    let counts = open_store(&config)?.counts()?;
    if arguments.json {
        table::print_json(&counts)?;
    } else {
        let together = |list: &[(String, u64)]| list.iter().map(|(word, n)| format!("{n} {word}")).collect::<Vec<_>>().join(", ");
        let or_none = |text: String| if text.is_empty() { "none".to_owned() } else { text };
        println!("messages     {}", counts.messages);
        println!("waiting      {}", counts.pending);
        println!("quarantined  {}", counts.quarantined);
        println!("tickets      {}", or_none(together(&counts.tickets)));
        println!("outbox       {}", or_none(together(&counts.envelopes)));
    }
    let wants_a_look = |(word, n): &(String, u64)| *n > 0 && (word == "failed" || word == "uncertain");
    let findings = counts.quarantined > 0 || counts.envelopes.iter().any(wants_a_look);
    Ok(if findings { Exit::Findings } else { Exit::Done })
}
