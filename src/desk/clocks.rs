//! Clocks that strike: due tickets and report slots become causes.

use std::sync::Arc;

use chrono::{DateTime, Utc};

use super::{BATCH, Desk};
use crate::domain::policy::{Policy, Summary};
use crate::domain::{CauseKey, sla};
use crate::store::{Note, Store};

impl Desk {
    /// Makes causes of clocks that have struck: due tickets and report slots. A missed slot is made up for once.
    ///
    /// # Errors
    /// The store fails.
    pub fn tick(&mut self, now: DateTime<Utc>) -> anyhow::Result<()> {
        let policy = Arc::clone(&self.book.policy);
        let timed = self.timed;
        self.durably(|store| {
            if !timed {
                retime(store, &policy)?;
            }
            for (ticket, version, at) in store.due(now, BATCH)? {
                // Deciding it makes another version, so that each strike of a ticket is a cause of its own.
                let key = CauseKey(format!("due:{}:{}", ticket.0, version.0));
                store.enqueue(&key, at, &Note::Due { ticket })?;
            }
            policy.summaries.iter().try_for_each(|summary| enqueue_slot(store, summary, now))
        })?;
        self.timed = true;
        Ok(())
    }

    /// The next moment at which something is due without a mail.
    ///
    /// # Errors
    /// The store fails.
    pub fn next_wake(&self, now: DateTime<Utc>) -> anyhow::Result<Option<DateTime<Utc>>> {
        let slots = self.book.policy.summaries.iter().filter_map(|s| Policy::next_slot(s, now));
        Ok(self.store.next_wake()?.into_iter().chain(slots).min())
    }
}

/// Sets every clock anew where the policy measures time in another way than when they were set.
fn retime(store: &mut dyn Store, policy: &Policy) -> anyhow::Result<()> {
    const NAME: &str = "clocks";
    let measure = sla::measure(policy);
    if store.get(NAME)?.as_ref() == Some(&measure) {
        return Ok(());
    }
    let changed = store.retime(&|ticket| sla::next_due(ticket, policy))?;
    if changed > 0 {
        tracing::info!(tickets = changed, "clocks set anew by the config");
    }
    store.set(NAME, &measure)
}

/// The slot of a summary that was sent last, or when the desk first knew of it.
///
/// # Errors
/// The store fails.
pub fn last_slot(store: &dyn Store, summary: &str) -> anyhow::Result<Option<DateTime<Utc>>> {
    Ok(store.get(&slot_name(summary))?.and_then(|text| text.parse().ok()))
}

fn slot_name(summary: &str) -> String {
    format!("slot:{summary}")
}

/// Makes a cause of a summary's newest slot that has passed; earlier ones that were missed are not made up for.
fn enqueue_slot(store: &mut dyn Store, summary: &Summary, now: DateTime<Utc>) -> anyhow::Result<()> {
    let name = slot_name(&summary.name);
    let Some(last) = last_slot(store, &summary.name)? else { return store.set(&name, &now.to_rfc3339()) };
    let next = |after: &DateTime<Utc>| Policy::next_slot(summary, *after).filter(|slot| *slot <= now);
    let Some(slot) = std::iter::successors(next(&last), next).last() else { return Ok(()) };
    let key = CauseKey(format!("{name}:{}", slot.to_rfc3339()));
    store.enqueue(&key, slot, &Note::Slot { name: summary.name.clone(), at: slot, last: Some(last) })?;
    store.set(&name, &slot.to_rfc3339())
}
