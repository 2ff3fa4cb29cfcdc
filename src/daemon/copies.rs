//! `sent_folder`: what people wrote is kept in a folder of the mailbox, as their own mail client would keep it.
//!
//! A copy is made after the server took the mail, on a task of its own, once a letter. It is a convenience: when it fails, the log says so,
//! and nothing is sent again for its sake.

use std::collections::HashSet;
use std::sync::Arc;

use tokio::sync::mpsc;
use tokio::task::JoinHandle;

use super::accounts;
use crate::delivery::Handover;
use crate::domain::message::LetterId;
use crate::mail::parse;
use crate::policy::Loaded;
use crate::source::{imap, maildir};
use crate::store::Posting;

/// Copies that may wait; more are not kept, for nothing may hold up delivery.
const WAITING: usize = 256;

/// Letters whose copy is remembered, so that the other recipients of one make no second.
const REMEMBERED: usize = 4096;

/// Where the copies of a mailbox are kept.
enum Shelf {
    Imap(imap::Account),
    Maildir(maildir::Account),
}

/// A letter that was taken by a server.
struct Copy {
    mailbox: String,
    letter: LetterId,
    bytes: Arc<Vec<u8>>,
}

/// Where carriers hand letters in.
#[derive(Clone)]
pub struct Copies {
    /// Mailboxes that have a `sent_folder`.
    mailboxes: Arc<HashSet<String>>,
    road: mpsc::Sender<Copy>,
}

impl Copies {
    /// Starts the task; it ends when every [`Copies`] is dropped and what waited was kept.
    pub fn start(loaded: &Loaded) -> (Copies, JoinHandle<()>) {
        let size = loaded.policy.limits.message_size;
        let shelf = |mailbox| {
            let imap = accounts::imap_account(mailbox, size).map(Shelf::Imap);
            imap.or_else(|| accounts::maildir_account(mailbox, size).map(Shelf::Maildir))
        };
        let with_folder = loaded.config.mailboxes.iter().filter_map(|mailbox| Some((mailbox, mailbox.sent_folder.clone()?)));
        let shelves: Vec<_> = with_folder.filter_map(|(mailbox, folder)| Some((mailbox.name.clone(), folder, shelf(mailbox)?))).collect();
        let mailboxes = Arc::new(shelves.iter().map(|(name, ..)| name.clone()).collect());
        let (road, copies) = mpsc::channel(WAITING);
        (Copies { mailboxes, road }, tokio::spawn(keep_all(shelves, copies)))
    }

    /// Keeps a copy where the mail was taken, its mailbox wants one, and a person wrote it.
    pub fn keep(&self, posting: &Posting, handover: &Handover) {
        let Handover::Taken(_) = handover else { return };
        if !self.mailboxes.contains(&posting.mailbox) || !of_a_person(&posting.bytes) {
            return;
        }
        let copy = Copy { mailbox: posting.mailbox.clone(), letter: posting.letter, bytes: Arc::clone(&posting.bytes) };
        if self.road.try_send(copy).is_err() {
            tracing::warn!(mailbox = posting.mailbox, envelope = posting.envelope, "too many copies wait: no copy of a sent mail is kept");
        }
    }
}

/// RFC 3834 section 5: what nobody typed says so.
fn of_a_person(letter: &[u8]) -> bool {
    parse::read(letter, None).header("Auto-Submitted").is_none()
}

async fn keep_all(shelves: Vec<(String, String, Shelf)>, mut copies: mpsc::Receiver<Copy>) {
    let mut kept: HashSet<LetterId> = HashSet::new();
    while let Some(first) = copies.recv().await {
        let mut waiting = vec![first];
        while let Ok(next) = copies.try_recv() {
            waiting.push(next);
        }
        if kept.len() > REMEMBERED {
            kept.clear();
        }
        waiting.retain(|copy| kept.insert(copy.letter));
        for (mailbox, folder, shelf) in &shelves {
            let letters: Vec<_> = waiting.iter().filter(|copy| copy.mailbox == *mailbox).map(|copy| Arc::clone(&copy.bytes)).collect();
            if letters.is_empty() {
                continue;
            }
            let count = letters.len();
            let outcome = match shelf {
                Shelf::Imap(account) => imap::keep(account, folder, &letters).await,
                Shelf::Maildir(account) => maildir::keep(account, folder, letters).await,
            };
            match outcome {
                Ok(()) => tracing::debug!(mailbox, folder, count, "copies of sent mail were kept"),
                Err(error) => tracing::warn!(mailbox, folder, count, "no copy of sent mail could be kept: {error:#}"),
            }
        }
    }
}
