//! What the desk remembers, as domain verbs. No SQL in signatures: a second backend is one file and one arm in [`open`].
//!
//! Every writing verb joins the current batch; nothing of a batch is durable before [`Store::flush`], all of it after, and
//! [`Store::drop_batch`] forgets it. Answers see the batch at once. A write that fails spoils its batch: it can only be dropped. While a
//! batch is open no other process can write, so that an idle desk has none open.

pub mod identity;
pub mod lock;
mod pack;
pub mod sqlite;

use std::collections::{BTreeSet, HashMap};
use std::fs::DirBuilder;
#[cfg(unix)]
use std::os::unix::fs::DirBuilderExt;
use std::path::Path;
use std::sync::Arc;

use anyhow::Context;
use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

use crate::domain::attachment::Attachment;
use crate::domain::audit::{Class, Spot};
use crate::domain::confirm::Grant;
use crate::domain::doubt::Suspicion;
use crate::domain::foresight::Foresight;
use crate::domain::message::{Address, Arrival, Cursor, Enclosure, Folder, Letter, LetterId, LetterKind, MessageId, Place, Wording};
use crate::domain::reports::Scope;
use crate::domain::ticket::{Change, Ticket, TicketNo, Version};
use crate::domain::unsettled::Lists;
use crate::domain::{Answer, CauseKey, Outcome, Query, Reason};
use lock::DataLock;

/// The row number of a cause.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(transparent)]
pub struct CauseId(pub i64);

/// The store cannot answer or write: disk full, locked, damaged. The same work may succeed later.
pub type Result<T> = anyhow::Result<T>;

/// A mail with everything that its receipt needs and that its bytes alone decide: worked out beforehand, on any thread, so that the
/// desk's own has less to do.
#[derive(Debug)]
pub struct Prepared {
    /// The mail.
    pub arrival: Arrival,
    /// What tells it from others, and by which its bytes are found.
    pub key: CauseKey,
    /// Its bytes, packed, unless it is large: then they are packed piece by piece as they are written.
    packed: Option<Vec<u8>>,
    /// Its facts and what was judged of them, where somebody has read it already.
    pub foresight: Option<Arc<Foresight>>,
}

impl From<Arrival> for Prepared {
    fn from(arrival: Arrival) -> Prepared {
        let raw = arrival.raw.as_slice();
        let small = raw.len() <= pack::PIECE;
        // A failure is met again, and told, when the bytes are written.
        let packed = small.then(|| pack::pack(raw, |packed| Ok(packed.to_vec())).ok()).flatten();
        let key = identity::key(raw);
        Prepared { arrival, key, packed, foresight: None }
    }
}

/// The words of a decision's letters, which say nearly the same, packed together: as for [`Prepared`], on any thread.
#[derive(Debug)]
pub struct Sealed {
    letters: Vec<SealedLetter>,
    /// Bytes in all.
    size: usize,
    bytes: SealedBytes,
}

/// One letter of them.
#[derive(Debug)]
struct SealedLetter {
    subject: String,
    /// Where its text begins in the bytes; its final bytes follow.
    start: usize,
    text_size: usize,
    stop: usize,
    /// Where its files are.
    files: Vec<Enclosure>,
}

#[derive(Debug)]
enum SealedBytes {
    Packed(Vec<u8>),
    /// Too many for one piece: as they are.
    Large(Vec<u8>),
}

impl From<Vec<Wording>> for Sealed {
    fn from(wordings: Vec<Wording>) -> Sealed {
        let mut plain = Vec::with_capacity(wordings.iter().map(|w| w.text.len() + w.bytes.len()).sum());
        let mut letters = Vec::with_capacity(wordings.len());
        for Wording { subject, text, bytes, files } in wordings {
            let start = plain.len();
            plain.extend_from_slice(text.as_bytes());
            plain.extend_from_slice(&bytes);
            letters.push(SealedLetter { subject, start, text_size: text.len(), stop: plain.len(), files });
        }
        let size = plain.len();
        let packed = (size <= pack::PIECE).then(|| pack::pack(&plain, |packed| Ok(packed.to_vec())).ok()).flatten();
        Sealed { letters, size, bytes: packed.map_or_else(|| SealedBytes::Large(plain), SealedBytes::Packed) }
    }
}

/// What `receive` made of an arrival.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Received {
    /// A new cause.
    New(CauseId),
    /// The same message was here before (another place, another mailbox, UIDVALIDITY changed).
    Copy(CauseId),
}

/// A cause that waits, with what is needed to decide it.
#[derive(Debug, Clone)]
pub struct Pending {
    /// Row.
    pub id: CauseId,
    /// Unique key.
    pub key: CauseKey,
    /// When it happened.
    pub at: DateTime<Utc>,
    /// How often its work was begun or failed.
    pub attempts: u32,
    /// Runs alone: an earlier try failed or took the process down.
    pub alone: bool,
    /// What it is.
    pub body: PendingBody,
}

/// The content of a pending cause.
#[derive(Debug, Clone)]
pub enum PendingBody {
    /// A mail: its raw bytes.
    Mail(PendingMail),
    /// Anything else: serialised by the desk, see [`Note`].
    Note(Note),
}

/// A mail that waits to be decided.
#[derive(Debug, Clone)]
pub struct PendingMail {
    /// Configured mailbox.
    pub mailbox: String,
    /// Decompressed raw bytes.
    pub raw: Vec<u8>,
    /// Its facts and what was judged of them, where it was read as it came in and has been waiting since.
    pub foresight: Option<Arc<Foresight>>,
    /// Real size where only the header was fetched.
    pub whole_size: Option<u64>,
    /// No automatic mail.
    pub quiet: bool,
    /// Another mail with this Message-ID but another body (or From) came before.
    pub same_id_other_body: bool,
    /// Its agent's word that it is his, where it is decided again for that.
    pub grant: Option<Grant>,
}

/// A cause that is no mail.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Note {
    /// A ticket's clock struck.
    Due {
        /// Which.
        ticket: TicketNo,
    },
    /// A report slot.
    Slot {
        /// `[[summary]]` name.
        name: String,
        /// The slot's time.
        at: DateTime<Utc>,
        /// The one before it that was sent; an earlier version wrote none.
        #[serde(default)]
        last: Option<DateTime<Utc>>,
    },
    /// An envelope ended in refusal.
    Undelivered(crate::domain::Undelivered),
    /// A cause was set aside.
    Quarantined(crate::domain::Quarantined),
    /// A mail that its server does not give out.
    Withheld(crate::domain::message::Withheld),
}

/// One commit: everything that follows from one cause.
#[derive(Debug, Clone)]
pub struct Commit {
    /// The cause; done after this.
    pub cause: CauseId,
    /// Its key.
    pub key: CauseKey,
    /// The moment of the decision.
    pub at: DateTime<Utc>,
    /// Who.
    pub actor: String,
    /// What became of it.
    pub outcome: Outcome,
    /// Tickets after their changes, with the version they are to have now (guard: stored version is one less, or absent for 1).
    pub tickets: Vec<TicketState>,
    /// Journal: (ticket, change, what undoes it).
    pub changes: Vec<(TicketNo, Change, Option<Change>)>,
    /// Reasons with evidence.
    pub because: Vec<Reason>,
    /// Fingerprint of the policy that decided.
    pub policy: String,
    /// Letters to queue; their words follow in the same batch.
    pub letters: Vec<Letter>,
    /// Held letters that may go now.
    pub release: Vec<LetterId>,
    /// Queued letters that do not go.
    pub cancel: Vec<LetterId>,
    /// Causes whose cancellations are void.
    pub restore: Vec<CauseKey>,
    /// Mails that their agents have confirmed: each becomes a cause, once.
    pub grants: Vec<Grant>,
    /// For a mail: what the thread index is to know.
    pub mail: Option<CommittedMail>,
}

/// A ticket as it is to be stored, with the projected clock.
#[derive(Debug, Clone)]
pub struct TicketState {
    /// The ticket.
    pub ticket: Ticket,
    /// When its next clock strikes.
    pub next_due: Option<DateTime<Utc>>,
}

/// What the index keeps of a decided mail.
#[derive(Debug, Clone)]
pub struct CommittedMail {
    /// Its Message-ID.
    pub id: Option<MessageId>,
    /// References, known or not: each leads to the ticket from now on.
    pub references: Vec<MessageId>,
    /// From.
    pub from: Option<Address>,
    /// Ticket that it was filed with.
    pub ticket: Option<TicketNo>,
    /// Never quoted to a requester.
    pub internal: bool,
    /// Files that the ticket is to know.
    pub files: Vec<Attachment>,
    /// Why the border distrusts it, where it became part of a ticket.
    pub suspect: Option<Suspicion>,
    /// Own words, for histories and (later) search.
    pub text: String,
}

/// The guards failed: a ticket changed since it was read. Decide again.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
#[error("ticket {0} changed while it was being decided on")]
pub struct Conflict(pub TicketNo);

/// Why a commit did not happen.
#[derive(Debug, thiserror::Error)]
pub enum CommitError {
    /// Decide again.
    #[error(transparent)]
    Conflict(#[from] Conflict),
    /// The store failed.
    #[error(transparent)]
    Unavailable(#[from] anyhow::Error),
}

/// An envelope that is to be delivered now.
#[derive(Debug, Clone)]
pub struct Posting {
    /// Envelope row.
    pub envelope: i64,
    /// Letter row.
    pub letter: LetterId,
    /// Mailbox that it goes out from (its `delivery` is used).
    pub mailbox: String,
    /// Reverse-path; `None` is `<>`.
    pub reverse_path: Option<Address>,
    /// Recipient.
    pub to: Address,
    /// The final bytes.
    pub bytes: Arc<Vec<u8>>,
    /// Tries so far.
    pub attempts: u32,
    /// When it was queued first.
    pub queued: DateTime<Utc>,
}

/// How an envelope ended, or goes on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Fate {
    /// The server took it, with its words.
    Sent(String),
    /// Try again then.
    Retry {
        /// When.
        at: DateTime<Utc>,
        /// What the server said.
        why: String,
    },
    /// Refused for good.
    Failed(String),
    /// The answer to the final dot was lost: it may have been taken. Not sent again by itself.
    Uncertain(String),
}

/// One row of `postdesk outbox`.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct OutboxRow {
    /// Envelope row: the number for `outbox retry|cancel`.
    pub envelope: i64,
    /// queued, held (or expired, by [`OutboxRow::told`]), sending, sent, failed, uncertain, cancelled.
    pub state: String,
    /// Queue.
    pub kind: LetterKind,
    /// Template.
    pub template: String,
    /// Ticket.
    pub ticket: Option<TicketNo>,
    /// Recipient.
    pub to: Address,
    /// Subject.
    pub subject: String,
    /// Tries so far.
    pub attempts: u32,
    /// Next try or time of the end.
    pub at: DateTime<Utc>,
    /// Last words of the server, or why it is held.
    pub why: String,
    /// Message-ID.
    pub message_id: String,
    /// When it lapses, where it is held and does.
    pub lapses: Option<DateTime<Utc>>,
}

/// What a held letter is called that has lapsed.
pub const EXPIRED: &str = "expired";

impl OutboxRow {
    /// The row as it stands at this moment.
    #[must_use]
    pub fn told(self, now: DateTime<Utc>) -> OutboxRow {
        OutboxRow { state: told(self.state, self.lapses, now), ..self }
    }
}

impl JournalMail {
    /// The mail as it stands at this moment.
    #[must_use]
    pub fn told(self, now: DateTime<Utc>) -> JournalMail {
        JournalMail { state: told(self.state, self.lapses, now), ..self }
    }
}

fn told(state: String, lapses: Option<DateTime<Utc>>, now: DateTime<Utc>) -> String {
    if lapses.is_some_and(|lapses| lapses <= now) { EXPIRED.to_owned() } else { state }
}

/// One row of the history of a ticket.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct JournalRow {
    /// When.
    pub at: DateTime<Utc>,
    /// Cause key.
    pub cause: CauseKey,
    /// Who.
    pub actor: String,
    /// Policy fingerprint.
    pub policy: String,
    /// What became of the cause.
    pub outcome: Outcome,
    /// Reasons.
    pub because: Vec<Reason>,
    /// Changes with what undoes each.
    pub changes: Vec<(TicketNo, Change, Option<Change>)>,
    /// Own words of the mail, where the cause was one.
    pub text: Option<String>,
    /// The text is internal.
    pub internal: bool,
    /// Mails that the decision made.
    pub mails: Vec<JournalMail>,
}

/// A mail that a decision made, one recipient each.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct JournalMail {
    /// Template.
    pub template: String,
    /// Recipient.
    pub to: Address,
    /// Subject.
    pub subject: String,
    /// queued, held, sending, sent, failed, uncertain, cancelled.
    pub state: String,
    /// Envelope row: the number for `outbox show`.
    pub envelope: i64,
    /// When it lapses, where it is held and does.
    pub lapses: Option<DateTime<Utc>>,
}

/// Quarantined cause.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct QuarantineRow {
    /// Row.
    pub id: CauseId,
    /// Key.
    pub key: CauseKey,
    /// When it arrived.
    pub at: DateTime<Utc>,
    /// What went wrong the last time.
    pub why: String,
    /// Bytes.
    pub size: u64,
    /// Its server does not give it out: there is nothing to try again here.
    pub withheld: bool,
}

/// Which tickets a listing wants.
#[derive(Debug, Clone, Default)]
pub struct TicketFilter {
    /// Only these states; empty means every one.
    pub status: Vec<crate::domain::ticket::Status>,
    /// Only this team.
    pub team: Option<String>,
    /// Only this owner.
    pub owner: Option<String>,
    /// Only of this requester.
    pub requester: Option<Address>,
    /// At most.
    pub limit: usize,
}

/// Figures for `status`.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct Counts {
    /// Tickets by status word.
    pub tickets: Vec<(String, u64)>,
    /// Causes that wait.
    pub pending: u64,
    /// Quarantined causes.
    pub quarantined: u64,
    /// Envelopes by state word.
    pub envelopes: Vec<(String, u64)>,
    /// Messages received.
    pub messages: u64,
}

/// What `decide` and the command line may ask.
pub trait Read {
    /// Answers a query of `decide` for a cause. `NewNumber` reserves: the same cause gets the same number. A key that is no cause's
    /// (`explain`) is told the next number and reserves nothing.
    fn answer(&mut self, cause: &CauseKey, query: &Query) -> Result<Answer>;
}

/// Domain verbs that write. See the module's words on batches.
pub trait Store: Read + Send {
    /// How far a folder has been read.
    fn cursor(&self, folder: &Folder) -> Result<Option<Cursor>>;
    /// Remembers how far a folder has been read.
    fn set_cursor(&mut self, folder: &Folder, cursor: Cursor) -> Result<()>;
    /// T1: raw bytes (compressed), identity, place, cursor; a cause unless the same message was here before.
    fn receive(&mut self, mail: Prepared) -> Result<Received>;
    /// Has this Maildir place been received (by unique name)?
    fn has_place(&self, place: &Place) -> Result<bool>;
    /// What became of the mails of a folder with this UIDVALIDITY, by where they lay; those that its server does not give out among them.
    fn classes(&self, folder: &Folder, uidvalidity: u32) -> Result<HashMap<Spot, Class>>;
    /// Adds a cause that is no mail; false when its key is known.
    fn enqueue(&mut self, key: &CauseKey, at: DateTime<Utc>, note: &Note) -> Result<bool>;
    /// The causes that wait, oldest first; those that are to run alone come one at a time. Fewer than `limit` where mails are large.
    fn pending(&mut self, limit: usize) -> Result<Vec<Pending>>;
    /// Tickets whose clock has struck, with the version that was to strike.
    fn due(&self, now: DateTime<Utc>, limit: usize) -> Result<Vec<(TicketNo, Version, DateTime<Utc>)>>;
    /// Sets the clocks of all tickets that are not closed anew.
    fn retime(&mut self, strikes: &dyn Fn(&Ticket) -> Option<DateTime<Utc>>) -> Result<usize>;
    /// Marks the causes that come next, at most `limit`, in place of those that were marked; durable with the next flush. After an
    /// unclean end they run alone. Returns them.
    fn mark(&mut self, limit: usize) -> Result<BTreeSet<CauseId>>;
    /// The marker of an earlier run that did not end: its causes are set to run alone. Called once at start.
    fn recover(&mut self) -> Result<usize>;
    /// Counts an attempt before a cause runs alone; returns the count.
    fn attempt(&mut self, cause: CauseId) -> Result<u32>;
    /// T2: checks the guards, then writes everything. Returns the rows of its letters, each of which [`Store::word`] must be given its words
    /// before the flush.
    ///
    /// # Errors
    /// [`CommitError::Conflict`] before anything is written.
    fn commit(&mut self, commit: &Commit) -> std::result::Result<Vec<LetterId>, CommitError>;
    /// The words of a decision's letters, in their order; all are of this batch.
    fn word(&mut self, letters: &[LetterId], words: &Sealed) -> Result<()>;
    /// Sets a cause aside for good, raw bytes kept.
    fn quarantine(&mut self, cause: CauseId, why: &str, at: DateTime<Utc>) -> Result<()>;
    /// Quarantined causes.
    fn quarantined(&self) -> Result<Vec<QuarantineRow>>;
    /// Where the mails of this folder lie that wait in quarantine because their server does not give them out.
    fn withheld(&self, folder: &Folder) -> Result<Vec<Place>>;
    /// Such a mail waits no more: it was received after all, or is gone. Nothing where none waits there.
    fn no_more_withheld(&mut self, place: &Place, at: DateTime<Utc>) -> Result<()>;
    /// Raw bytes of a quarantined or any mail cause; the header of a mail that its server does not give out.
    fn raw(&self, cause: CauseId) -> Result<Option<Vec<u8>>>;
    /// The mails that joined no ticket when they came, but opened one or were ignored; the last decided first.
    fn first_mails(&self, limit: usize) -> Result<Vec<CauseId>>;
    /// The mails that opened a ticket, each with its number; the last decided first.
    fn openings(&self, limit: usize) -> Result<Vec<(CauseId, TicketNo)>>;
    /// The newest mail that came from one of these addresses, with its arrival.
    fn newest_from(&self, senders: &[Address]) -> Result<Option<(DateTime<Utc>, Vec<u8>)>>;
    /// Takes a cause out of quarantine; it runs alone. False when it was not there.
    fn retry(&mut self, cause: CauseId) -> Result<bool>;
    /// Makes the batch durable.
    fn flush(&mut self) -> Result<()>;
    /// Forgets the batch.
    fn drop_batch(&mut self) -> Result<()>;

    /// Takes up to `n` envelopes of these mailboxes that are due, in queue order, and marks them `sending`. A letter's files are set in
    /// from the mails that hold them: the same bytes each time.
    fn claim(&mut self, now: DateTime<Utc>, n: usize, mailboxes: &[String]) -> Result<Vec<Posting>>;
    /// The mailboxes whose letters are queued or being sent.
    fn senders(&self) -> Result<Vec<String>>;
    /// T3: how an envelope ended; nothing when it is no longer `sending`. A `Failed` one also becomes a cause (see
    /// [`Note::Undelivered`]), unless its letter was a bounce of a bounce.
    fn settle(&mut self, envelope: i64, fate: &Fate, now: DateTime<Utc>) -> Result<()>;
    /// Envelopes left in `sending` by an earlier process go back to the queue. Called once at start.
    fn unclaim(&mut self) -> Result<usize>;
    /// The next moment at which an envelope or a ticket is due.
    fn next_wake(&self) -> Result<Option<DateTime<Utc>>>;
    /// The outbox, newest first. `all` includes what was sent.
    fn outbox(&self, all: bool, limit: usize) -> Result<Vec<OutboxRow>>;
    /// Puts a failed, uncertain or cancelled envelope back into the queue; a queued one is due at once. False when it is in no such state.
    fn resend(&mut self, envelope: i64, now: DateTime<Utc>) -> Result<bool>;
    /// Cancels a queued or held envelope. False when it is in no such state.
    fn cancel(&mut self, envelope: i64, now: DateTime<Utc>) -> Result<bool>;
    /// Bytes of a letter by envelope, with its files.
    fn letter_bytes(&self, envelope: i64) -> Result<Option<Vec<u8>>>;

    /// A named value, such as the last slot that ran.
    fn get(&self, name: &str) -> Result<Option<String>>;
    /// Sets a named value.
    fn set(&mut self, name: &str, value: &str) -> Result<()>;

    /// One ticket.
    fn ticket(&self, number: TicketNo) -> Result<Option<Ticket>>;
    /// Tickets, newest change first.
    fn tickets(&self, filter: &TicketFilter) -> Result<Vec<Ticket>>;
    /// History of a ticket, oldest first.
    fn history(&self, number: TicketNo) -> Result<Vec<JournalRow>>;
    /// Figures; of letters that are held, those that have lapsed by now are counted apart.
    fn counts(&self, now: DateTime<Utc>) -> Result<Counts>;
    /// What waits for somebody's look, as far as a report of this scope names it.
    fn unsettled(&self, scope: &Scope) -> Result<Lists>;
}

/// Opens the store of a data directory, making and migrating it when needed.
///
/// # Errors
/// The database cannot be opened, is damaged, or was written by a newer Postdesk.
pub fn open(data: &Path) -> Result<Box<dyn Store>> {
    make_directory(data)?;
    Ok(Box::new(sqlite::Sqlite::open(&data.join("postdesk.db"))?))
}

/// Opens it for a command beside the desk. Where this program is newer than the database, that is brought up to date only when nobody else
/// works on it: a desk that runs would find tables under it that it does not know.
///
/// # Errors
/// As [`open`], and an older desk runs.
pub fn open_beside(data: &Path) -> Result<Box<dyn Store>> {
    let path = data.join("postdesk.db");
    let _sole = match path.exists() && sqlite::Sqlite::is_behind(&path)? {
        true => Some(DataLock::take(data)?.with_context(|| {
            format!(
                "{}, and is an older Postdesk than this one: restart it first, with systemd:  systemctl restart postdesk",
                DataLock::taken(data)
            )
        })?),
        false => None,
    };
    open(data)
}

/// What went wrong in words, with the remedy where the store knows one: its own errors speak of SQLite.
pub fn in_words(error: &anyhow::Error) -> String {
    match sqlite::remedy(error) {
        Some(remedy) => format!("{error:#}; {remedy}"),
        None => format!("{error:#}"),
    }
}

/// Makes a data directory that only its owner may read: it holds everybody's mail.
fn make_directory(data: &Path) -> Result<()> {
    let mut builder = DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    builder.mode(0o700);
    builder.create(data).with_context(|| format!("making the data directory {}", data.display()))
}
