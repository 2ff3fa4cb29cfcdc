//! `postdesk status`: figures at a glance; exit code 1 when something wants a look.

use std::io::Write;
use std::path::Path;

use chrono::{Duration, Utc};
use serde_json::{Map, Value, json};

use super::table;
use super::{Exit, load_config, open_store};
use crate::domain::reports::Scope;
use crate::domain::unsettled::Lists;

/// Figures at a glance.
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:
  postdesk status
  postdesk status --json | jq .tickets.open

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
    let (store, now) = (open_store(&config)?, Utc::now());
    let counts = store.counts(now)?;
    let last = now - Duration::days(1);
    let Lists { held, unconfirmed, suspect } = store.unsettled(&Scope { since: last, until: now, last, team: None })?;
    let waits = [("held", held.count()), ("unconfirmed", unconfirmed.count()), ("suspect", suspect.count())];
    if arguments.json {
        let object = |list: &[(String, u64)]| list.iter().map(|(word, n)| (word.clone(), Value::from(*n))).collect::<Map<_, _>>();
        table::print_json(&json!({
            "messages": counts.messages,
            "pending": counts.pending,
            "quarantined": counts.quarantined,
            "tickets": object(&counts.tickets),
            "envelopes": object(&counts.envelopes),
            "waiting": object(&waits.map(|(word, n)| (word.to_owned(), n))),
        }))?;
    } else {
        let together = |list: &[(String, u64)]| list.iter().map(|(word, n)| format!("{n} {word}")).collect::<Vec<_>>().join(", ");
        let or_none = |text: String| if text.is_empty() { "none".to_owned() } else { text };
        let mut out = std::io::stdout().lock();
        writeln!(out, "messages     {} received, {} not decided yet", counts.messages, counts.pending)?;
        writeln!(
            out,
            "quarantine   {}",
            if counts.quarantined == 0 { "nothing".to_owned() } else { format!("{}; see `postdesk quarantine list`", counts.quarantined) }
        )?;
        writeln!(out, "tickets      {}", or_none(together(&counts.tickets)))?;
        writeln!(out, "mails        {}", or_none(together(&counts.envelopes)))?;
        if waits.iter().any(|(_, n)| *n > 0) {
            let [(_, held), (_, unconfirmed), (_, suspect)] = waits;
            let named = config.summaries.iter().find(|summary| summary.team.is_none());
            let where_to = named.map_or_else(String::new, |s| format!("; `postdesk summary {} --preview -` names them", s.name));
            writeln!(out, "to look at   {held} held for [send], {unconfirmed} to be confirmed, {suspect} suspect in 24 hours{where_to}")?;
        }
    }
    let wants_a_look = |(word, n): &(String, u64)| *n > 0 && (word == "failed" || word == "uncertain");
    let findings = counts.quarantined > 0 || counts.envelopes.iter().any(wants_a_look);
    Ok(if findings { Exit::Findings } else { Exit::Done })
}
