//! What followed from an event, in few words, read from the journal and the mails that left.

use std::collections::HashMap;

use chrono::Utc;

use crate::daemon::played::SentMail;
use crate::domain::Outcome;
use crate::domain::message::Address;
use crate::domain::policy::Policy;
use crate::domain::ticket::{Change, Priority, TicketNo};
use crate::store::{JournalRow, Store, TicketFilter};

/// How much of the journals was told already.
#[derive(Debug, Default)]
pub struct Told {
    rows: HashMap<TicketNo, usize>,
    messages: u64,
}

impl Told {
    /// What is new since the last call, with the mails that left.
    ///
    /// # Errors
    /// The store fails.
    pub fn next(&mut self, store: &mut dyn Store, sent: &[SentMail], policy: &Policy) -> anyhow::Result<String> {
        let messages = store.counts(Utc::now())?.messages;
        let arrived = std::mem::replace(&mut self.messages, messages) < messages;
        let mut sentences = Vec::new();
        let filter = TicketFilter { limit: usize::MAX, ..TicketFilter::default() };
        for ticket in store.tickets(&filter)? {
            let history = store.history(ticket.number)?;
            let told = self.rows.insert(ticket.number, history.len()).unwrap_or_default();
            sentences.extend(history.iter().skip(told).map(|row| sentence(ticket.number, row)));
        }
        let mails: Vec<String> = sent.iter().map(|mail| format!("{} to {}", kind(&mail.template), called(&mail.to, policy))).collect();
        Ok(match (sentences.is_empty(), mails.is_empty()) {
            (true, true) if arrived => "kept; no ticket, no answer".to_owned(),
            (true, true) => "known already: nothing follows".to_owned(),
            (true, false) => format!("→ {}", mails.join(", ")),
            (false, true) => sentences.join("; "),
            (false, false) => format!("{} → {}", sentences.join("; "), mails.join(", ")),
        })
    }
}

/// An agent's handle, or the local part of a requester's address.
fn called<'a>(address: &'a Address, policy: &'a Policy) -> &'a str {
    policy.agent_at(address).map_or_else(|| address.local(), |agent| agent.handle.as_str())
}

/// The word for a mail of the desk.
fn kind(template: &str) -> &str {
    match template {
        "agent_new" | "agent_followup" => "notice",
        "agent_receipt" => "receipt",
        "agent_error" => "error",
        other => other,
    }
}

fn sentence(number: TicketNo, row: &JournalRow) -> String {
    let changes: Vec<String> = row.changes.iter().filter(|(n, ..)| *n == number).filter_map(|(_, change, _)| words(change)).collect();
    if let Outcome::Opened { .. } = row.outcome {
        return format!("{number} {}", changes.join(", "));
    }
    match (&row.outcome, changes.is_empty()) {
        (_, false) => format!("{number} {}", changes.join(", ")),
        (Outcome::Refused { .. }, true) => format!("{number}: nothing is done"),
        (Outcome::Joined { .. }, true) if row.internal => format!("noted in {number}"),
        (Outcome::Joined { .. }, true) => format!("added to {number}"),
        _ => format!("filed with {number}"),
    }
}

fn words(change: &Change) -> Option<String> {
    Some(match change {
        Change::Opened(ticket) => {
            let priority = if ticket.priority == Priority::Normal { String::new() } else { format!(", {}", ticket.priority) };
            let linked = ticket.linked.map_or_else(String::new, |other| format!(", linked to {other}"));
            format!("opened: {}{priority}{linked}", ticket.category.as_deref().unwrap_or("unclassified"))
        }
        Change::Status(status) => status.to_string(),
        Change::Owner(Some(handle)) => format!("owner {handle}"),
        Change::Team(Some(team)) => format!("team {team}"),
        Change::Category(Some(category)) => format!("category {category}"),
        Change::Priority(priority) => priority.to_string(),
        Change::Unreachable(address, true) => format!("{} unreachable", address.local()),
        _ => return None,
    })
}
