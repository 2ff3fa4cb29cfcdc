//! What a decision becomes in the store.

use std::collections::BTreeMap;
use std::sync::Arc;

use chrono::{DateTime, Utc};

use super::Desk;
use crate::domain::attachment::Attachment;
use crate::domain::doubt::Suspicion;
use crate::domain::message::{Letter, Reading};
use crate::domain::ticket::{Change, Ticket, TicketNo, Version};
use crate::domain::{Decision, Outcome, sla};
use crate::store::{Commit, CommittedMail, Note, Pending, PendingBody, TicketState};

/// A change, and what undoes it.
type Changed = (TicketNo, Change, Option<Change>);

impl Desk {
    /// The tickets after these changes, and each change that took place with what undoes it.
    fn changed(&self, cause: &Pending, wanted: Vec<(TicketNo, Change)>) -> anyhow::Result<(BTreeMap<TicketNo, Ticket>, Vec<Changed>)> {
        let mut tickets: BTreeMap<TicketNo, Ticket> = BTreeMap::new();
        let mut changes = Vec::new();
        let touched = match &cause.body {
            // A clock that struck is set anew, also where nothing was due any more.
            PendingBody::Note(Note::Due { ticket }) => Some(*ticket),
            _ => None,
        };
        for number in wanted.iter().map(|(n, _)| *n).chain(touched) {
            if !tickets.contains_key(&number)
                && let Some(ticket) = self.store.ticket(number)?
            {
                tickets.insert(number, ticket);
            }
        }
        for (number, change) in wanted {
            let before = match &change {
                Change::Opened(ticket) => {
                    tickets.insert(number, (**ticket).clone());
                    None
                }
                other => match tickets.get_mut(&number).and_then(|t| t.apply(other, cause.at)) {
                    Some(before) => Some(before),
                    None => continue,
                },
            };
            changes.push((number, change, before));
        }
        Ok((tickets, changes))
    }

    /// The commit for a decision: tickets after their changes, and a journal row.
    pub(super) fn commit_of(
        &mut self,
        cause: &Pending,
        reading: Option<Arc<Reading>>,
        decision: Decision,
        letters: Vec<Letter>,
        now: DateTime<Utc>,
    ) -> anyhow::Result<Commit> {
        let at = match &cause.body {
            // The history of a ticket tells when things happened, not when the desk read of them.
            PendingBody::Mail(mail) if mail.quiet => cause.at,
            _ => now,
        };
        let suspect = suspect(cause, &decision);
        let (tickets, changes) = self.changed(cause, decision.changes)?;
        let states = tickets.into_values().map(|mut ticket| {
            ticket.version = Version(ticket.version.0 + 1);
            TicketState { next_due: sla::next_due(&ticket, &self.book.policy), ticket }
        });
        let mail = reading.map(|reading| CommittedMail {
            id: reading.id.clone(),
            references: reading.references.clone(),
            from: reading.from.as_ref().map(|p| p.address.clone()),
            ticket: decision.outcome.ticket(),
            internal: decision.internal,
            files: files_of(&reading, &decision.outcome),
            suspect,
            text: decision.judged.as_ref().map_or_else(String::new, |j| j.reply.text.clone()),
        });
        Ok(Commit {
            cause: cause.id,
            key: cause.key.clone(),
            at,
            actor: decision.actor,
            outcome: decision.outcome,
            tickets: states.collect(),
            changes,
            because: decision.because,
            policy: self.book.policy.fingerprint.clone(),
            letters,
            release: decision.release,
            cancel: decision.cancel,
            restore: decision.restore,
            grants: decision.grants,
            mail,
        })
    }
}

/// Why the border distrusts a mail that became part of a ticket. What came before the desk was there is nothing new.
fn suspect(cause: &Pending, decision: &Decision) -> Option<Suspicion> {
    let quiet = matches!(&cause.body, PendingBody::Mail(mail) if mail.quiet);
    let part = matches!(decision.outcome, Outcome::Opened { .. } | Outcome::Joined { .. });
    decision.judged.as_ref().filter(|_| part && !quiet)?.origin.suspect
}

/// The files of a mail that its ticket is to know. Who was refused sends them again; what was only filed went nowhere.
fn files_of(reading: &Reading, outcome: &Outcome) -> Vec<Attachment> {
    match outcome {
        Outcome::Opened { .. } | Outcome::Joined { .. } => reading.attachments.clone(),
        _ => Vec::new(),
    }
}
