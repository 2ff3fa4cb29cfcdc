//! The synchronous shell around `decide`: receive (T1), step (T2), settle (T3), explain. One thread owns it.
//!
//! Many causes share one flush, so that the disk is waited for per batch and not per mail: what a turn decides, what arrived meanwhile and
//! the mark of what comes next are durable together. After an unclean end the causes that were marked run alone, attempts are counted
//! before the work, and the third failure puts a cause into quarantine with its raw bytes (promise 10). A panic in reading, deciding or
//! composing is caught and counts as such a failure.

mod clocks;
mod composer;
mod explain;
mod record;

use std::collections::BTreeSet;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;

use anyhow::Context;
use chrono::{DateTime, Utc};

pub use clocks::last_slot;
use composer::{Composer, Order, Written};
pub use explain::{Ask, Question, Resolved, explain, preview_slot};

use crate::delivery::{self, Handover};
use crate::domain::foresight::Foresight;
use crate::domain::message::{Arrival, Cursor, Defect, Draft, Folder, Letter, LetterId, Place, Reading, Withheld};
use crate::domain::policy::Policy;
use crate::domain::{self, Case, CauseKey, Decision, Event, Incoming, Outcome, What};
use crate::mail::compose;
use crate::mail::parse;
use crate::mail::templates::Templates;
use crate::store::{CauseId, CommitError, Fate, Note, Pending, PendingBody, PendingMail, Posting, Prepared, Store};

/// Causes that share one flush.
pub const BATCH: usize = 128;

/// How often `decide` may ask before something must be wrong with it.
const ROUNDS: usize = 8;

/// The failure that puts a cause into quarantine.
const LAST_ATTEMPT: u32 = 3;

/// Policy and templates that are live together.
#[derive(Debug, Clone)]
pub struct Rulebook {
    /// What decides.
    pub policy: Arc<Policy>,
    /// What speaks.
    pub templates: Arc<Templates>,
}

impl From<Trouble> for anyhow::Error {
    fn from(trouble: Trouble) -> anyhow::Error {
        match trouble {
            Trouble::Broken(why) => anyhow::anyhow!(why),
            Trouble::Store(error) => error,
        }
    }
}

/// The desk: a store and a rulebook.
pub struct Desk {
    store: Box<dyn Store>,
    book: Rulebook,
    /// After a failed batch so many causes run one by one.
    singly: usize,
    /// The batch marker as it was flushed last.
    marked: BTreeSet<CauseId>,
    /// Started with the first batch.
    composer: Option<Composer>,
    /// Every ticket's next clock is that of this policy.
    timed: bool,
}

/// What a step did.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Step {
    /// Causes decided and committed.
    pub decided: usize,
    /// Causes set aside for good.
    pub quarantined: usize,
    /// Nothing waits.
    pub idle: bool,
}

/// Reads a mail; none where that breaks: it breaks again when the mail is decided on, and counts there.
pub fn read(raw: &[u8], whole_size: Option<u64>) -> Option<Arc<Reading>> {
    catch_unwind(|| Arc::new(parse::read(raw, whole_size))).ok()
}

/// Works out what the bytes of a mail and the policy decide, before the desk's thread gets it.
pub fn prepare(arrival: Arrival, policy: &Arc<Policy>) -> Prepared {
    let look_ahead = |reading| {
        let foresight = Foresight::of(reading, arrival.at, Arc::clone(policy));
        foresight.look_ahead(&arrival.mailbox);
        Arc::new(foresight)
    };
    let reading = read(&arrival.raw, arrival.whole_size);
    // As in `read`.
    let foresight = reading.and_then(|reading| catch_unwind(AssertUnwindSafe(|| look_ahead(reading))).ok());
    let mut mail = Prepared::from(arrival);
    mail.foresight = foresight;
    mail
}

/// Why a cause could not be decided.
enum Trouble {
    /// The cause itself breaks the work; it counts as an attempt.
    Broken(String),
    /// The store failed; nobody's fault.
    Store(anyhow::Error),
}

/// Why a batch must be dropped.
enum Halt {
    /// The store failed.
    Store(anyhow::Error),
    /// A letter that follows from this cause of the batch could not be written.
    Unwritten { cause: usize, why: String },
}

impl From<anyhow::Error> for Halt {
    fn from(error: anyhow::Error) -> Halt {
        Halt::Store(error)
    }
}

impl Desk {
    /// Takes over a store: what an unclean end left behind is put in order first.
    ///
    /// # Errors
    /// The store fails.
    pub fn open(mut store: Box<dyn Store>, book: Rulebook) -> anyhow::Result<Desk> {
        let alone = store.recover().context("looking for an unfinished batch")?;
        let unsent = store.unclaim().context("putting unfinished deliveries back")?;
        store.flush()?;
        if alone > 0 || unsent > 0 {
            tracing::warn!(causes = alone, envelopes = unsent, "the last run ended uncleanly: its unfinished work is done again");
        }
        Ok(Desk::over(store, book))
    }

    /// A desk that only answers questions: nothing of what another process left is touched.
    pub fn only_to_ask(store: Box<dyn Store>, book: Rulebook) -> Desk {
        Desk::over(store, book)
    }

    fn over(store: Box<dyn Store>, book: Rulebook) -> Desk {
        Desk { store, book, singly: 0, marked: BTreeSet::new(), composer: None, timed: false }
    }

    /// The store, for questions.
    pub fn store(&mut self) -> &mut dyn Store {
        self.store.as_mut()
    }

    /// The live rulebook.
    pub fn book(&self) -> &Rulebook {
        &self.book
    }

    /// Makes another rulebook live; sound by construction.
    pub fn reload(&mut self, book: Rulebook) {
        self.book = book;
        self.timed = false;
    }

    /// Writes and flushes as one batch; on failure nothing of it remains.
    fn durably<T>(&mut self, work: impl FnOnce(&mut dyn Store) -> anyhow::Result<T>) -> anyhow::Result<T> {
        let store = self.store.as_mut();
        let outcome = work(&mut *store).and_then(|value| store.flush().map(|()| value));
        if outcome.is_err() {
            store.drop_batch()?;
        }
        outcome
    }

    /// T1: raw bytes, identity, place and cursor of each message; durable on return.
    ///
    /// # Errors
    /// The store fails: nothing of these was received.
    pub fn receive(&mut self, mails: Vec<Prepared>) -> anyhow::Result<()> {
        self.marked = self.durably(|store| {
            mails.into_iter().try_for_each(|mail| store.receive(mail).map(drop))?;
            store.mark(BATCH)
        })?;
        Ok(())
    }

    /// Ends a batch: what comes next is marked in the same flush.
    fn flush_marked(&mut self) -> anyhow::Result<()> {
        let next = self.store.mark(BATCH)?;
        self.store.flush()?;
        self.marked = next;
        Ok(())
    }

    /// Takes the mark from what was not begun; before a clean end.
    ///
    /// # Errors
    /// The store fails: the next start takes this end for an unclean one, and runs the marked causes alone.
    pub fn rest(&mut self) -> anyhow::Result<()> {
        self.marked = self.durably(|store| store.mark(0))?;
        Ok(())
    }

    /// How far a folder was read.
    ///
    /// # Errors
    /// The store fails.
    pub fn cursor(&self, folder: &Folder) -> anyhow::Result<Option<Cursor>> {
        self.store.cursor(folder)
    }

    /// Remembers a cursor; durable on return.
    ///
    /// # Errors
    /// The store fails.
    pub fn set_cursor(&mut self, folder: &Folder, cursor: Cursor) -> anyhow::Result<()> {
        self.durably(|store| store.set_cursor(folder, cursor))
    }

    /// Which of these places were received before; an answer for each.
    ///
    /// # Errors
    /// The store fails.
    pub fn received(&self, places: &[Place]) -> anyhow::Result<Vec<bool>> {
        places.iter().map(|place| self.store.has_place(place)).collect()
    }

    /// Makes causes of mails that their server does not give out; durable on return.
    ///
    /// # Errors
    /// The store fails.
    pub fn pass_over(&mut self, mails: Vec<Withheld>, now: DateTime<Utc>) -> anyhow::Result<()> {
        self.durably(|store| {
            mails.into_iter().try_for_each(|mail| store.enqueue(&Withheld::key(&mail.place), now, &Note::Withheld(mail)).map(drop))
        })
    }

    /// Where the mails of a folder lie that were passed over.
    ///
    /// # Errors
    /// The store fails.
    pub fn passed_over(&self, folder: &Folder) -> anyhow::Result<Vec<Place>> {
        self.store.withheld(folder)
    }

    /// Mails that were passed over have come after all, or are gone.
    ///
    /// # Errors
    /// The store fails.
    pub fn no_more(&mut self, places: &[Place], now: DateTime<Utc>) -> anyhow::Result<()> {
        self.durably(|store| places.iter().try_for_each(|place| store.no_more_withheld(place, now)))
    }

    /// T2 for one batch: decides what waits, commits it and makes it durable.
    ///
    /// # Errors
    /// As for [`Desk::turn`].
    pub fn step(&mut self, now: DateTime<Utc>) -> anyhow::Result<Step> {
        self.turn(now, Vec::new)
    }

    /// One turn: decides and commits what waits (T2), then takes in what has arrived meanwhile (T1); all of it is durable on return.
    ///
    /// # Errors
    /// The store fails; the batch was dropped and will be done again, and of what had arrived, if that was asked for, nothing was received.
    pub fn turn(&mut self, now: DateTime<Utc>, arrived: impl FnOnce() -> Vec<Prepared>) -> anyhow::Result<Step> {
        let limit = if self.singly > 0 { 1 } else { BATCH };
        let pending = self.store.pending(limit)?;
        if pending.is_empty() {
            self.singly = 0;
            let arrived = arrived();
            let idle = arrived.is_empty();
            self.receive(arrived)?;
            return Ok(Step { idle, ..Step::default() });
        }
        let halt = match self.batch(&pending, now, arrived) {
            Ok(step) => {
                self.singly = self.singly.saturating_sub(pending.len());
                return Ok(step);
            }
            Err(halt) => halt,
        };
        // What the composer still writes belongs to a batch that is gone, and so does the composer.
        self.composer = None;
        self.store.drop_batch()?;
        self.singly = pending.len().max(self.singly);
        match halt {
            Halt::Store(error) => Err(error),
            Halt::Unwritten { cause, why } => self.unwritten(pending.get(cause).context("a letter of no cause")?, &why, now),
        }
    }

    /// Counts a letter that could not be written as a failure of its cause, now that the batch is dropped.
    fn unwritten(&mut self, cause: &Pending, why: &str, now: DateTime<Utc>) -> anyhow::Result<Step> {
        // The attempt of a cause that runs alone was counted, and flushed, before its work began.
        let begun = cause.alone.then_some(cause.attempts + 1);
        let counted = self.broken(cause, begun, why, now).and_then(|last| {
            self.flush_marked()?;
            Ok(Step { quarantined: usize::from(last), ..Step::default() })
        });
        if counted.is_err() {
            self.store.drop_batch()?;
        }
        counted
    }

    fn batch(&mut self, pending: &[Pending], now: DateTime<Utc>, arrived: impl FnOnce() -> Vec<Prepared>) -> Result<Step, Halt> {
        let begun = self.begin(pending)?;
        let mut composer = match self.composer.take() {
            Some(composer) => composer,
            None => Composer::start()?,
        };
        let mut step = Step::default();
        for (n, cause) in pending.iter().enumerate() {
            let outcome = match begun {
                Some(attempts) if attempts > LAST_ATTEMPT => Err(Trouble::Broken("it ended the process each time".to_owned())),
                _ => self.decide_and_commit(cause, now),
            };
            match outcome {
                Ok((letters, drafts)) => {
                    step.decided += 1;
                    if !letters.is_empty() {
                        composer.order(Order { cause: n, key: cause.key.clone(), drafts, letters, book: self.book.clone(), now })?;
                    }
                }
                Err(Trouble::Store(error)) => return Err(error.into()),
                Err(Trouble::Broken(why)) => step.quarantined += usize::from(self.broken(cause, begun, &why, now)?),
            }
            while let Some(written) = composer.ready() {
                self.put_words(written)?;
            }
        }
        while let Some(written) = composer.next()? {
            self.put_words(written)?;
        }
        self.composer = Some(composer);
        arrived().into_iter().try_for_each(|mail| self.store.receive(mail).map(drop))?;
        self.flush_marked()?;
        Ok(step)
    }

    /// Sees to it that the batch is marked before its work begins. Returns the attempts at a cause that runs alone, this one included.
    fn begin(&mut self, pending: &[Pending]) -> anyhow::Result<Option<u32>> {
        let alone = match pending {
            [one] if one.alone => Some(self.store.attempt(one.id)?),
            _ => None,
        };
        if alone.is_some() || !pending.iter().all(|cause| self.marked.contains(&cause.id)) {
            self.flush_marked()?;
        }
        Ok(alone)
    }

    fn put_words(&mut self, written: Written) -> Result<(), Halt> {
        match written.words {
            Ok(words) => Ok(self.store.word(&written.letters, &words)?),
            Err(why) => Err(Halt::Unwritten { cause: written.cause, why }),
        }
    }

    /// Counts a failure that the cause itself brought, unless that was done before its work began; true when it was the last.
    fn broken(&mut self, cause: &Pending, begun: Option<u32>, why: &str, now: DateTime<Utc>) -> anyhow::Result<bool> {
        let attempts = match begun {
            Some(attempts) => attempts,
            None => self.store.attempt(cause.id)?,
        };
        tracing::error!(cause = cause.key.0, attempts, why, "a cause could not be decided");
        if attempts < LAST_ATTEMPT {
            return Ok(false);
        }
        self.set_aside(cause, why, now)?;
        Ok(true)
    }

    /// Puts a cause into quarantine and lets the operator know.
    fn set_aside(&mut self, cause: &Pending, why: &str, now: DateTime<Utc>) -> anyhow::Result<()> {
        self.store.quarantine(cause.id, why, now)?;
        tracing::error!(cause = cause.key.0, id = cause.id.0, why, "quarantined; see `postdesk quarantine list`");
        let (bytes, arrived, withheld) = match &cause.body {
            PendingBody::Mail(mail) => (mail.whole_size.unwrap_or(mail.raw.len() as u64), cause.at, false),
            PendingBody::Note(Note::Withheld(mail)) => (mail.size, mail.at, true),
            // What cannot even be said to the operator is not said about that again.
            PendingBody::Note(Note::Quarantined(_)) => return Ok(()),
            PendingBody::Note(_) => (0, cause.at, false),
        };
        let told = domain::Quarantined { number: cause.id.0, arrived, bytes, why: why.to_owned(), withheld };
        let key = CauseKey(format!("quarantined:{}:{}", cause.id.0, now.timestamp_millis()));
        self.store.enqueue(&key, now, &Note::Quarantined(told)).map(drop)
    }

    /// Decides a cause and commits that; its letters still have to be written.
    fn decide_and_commit(&mut self, cause: &Pending, now: DateTime<Utc>) -> Result<(Vec<LetterId>, Vec<Draft>), Trouble> {
        loop {
            let (reading, mut decision) = self.judge(cause, now)?;
            if let Outcome::SetAside { why } = &decision.outcome {
                return self.set_aside(cause, why, now).map(|()| (Vec::new(), Vec::new())).map_err(Trouble::Store);
            }
            let drafts = std::mem::take(&mut decision.drafts);
            let letters = address(&drafts, composing(&self.book, &cause.key, now))?;
            let commit = self.commit_of(cause, reading, decision, letters, now).map_err(Trouble::Store)?;
            match self.store.commit(&commit) {
                Ok(letters) => return Ok((letters, drafts)),
                Err(CommitError::Conflict(conflict)) => tracing::debug!(%conflict, "decided again"),
                Err(CommitError::Unavailable(error)) => return Err(Trouble::Store(error)),
            }
        }
    }

    /// Reads and decides one cause without writing anything but a reserved number.
    fn judge(&mut self, cause: &Pending, now: DateTime<Utc>) -> Result<(Option<Arc<Reading>>, Decision), Trouble> {
        let book = self.book.clone();
        let store = self.store.as_mut();
        let work = AssertUnwindSafe(|| {
            let (event, reading) = event_of(cause, &book.policy);
            let mut ask = |query: &domain::Query| store.answer(&cause.key, query);
            Ok((reading, judge(&event, &book, now, &mut ask)?))
        });
        catch_unwind(work).unwrap_or_else(|panic| Err(Trouble::Broken(format!("a bug in Postdesk: {}", panic_words(panic.as_ref())))))
    }

    /// The mailboxes whose letters wait to be sent.
    ///
    /// # Errors
    /// The store fails.
    pub fn senders(&self) -> anyhow::Result<Vec<String>> {
        self.store.senders()
    }

    /// Envelopes of these mailboxes to deliver now, marked as being sent; durable on return.
    ///
    /// # Errors
    /// The store fails: nothing was claimed.
    pub fn claim(&mut self, now: DateTime<Utc>, n: usize, mailboxes: &[String]) -> anyhow::Result<Vec<Posting>> {
        self.durably(|store| store.claim(now, n, mailboxes))
    }

    /// T3: how deliveries ended; durable on return.
    ///
    /// # Errors
    /// The store fails: nothing was written down, and the same may be said again.
    pub fn settle(&mut self, ended: &[(Posting, Handover)], now: DateTime<Utc>) -> anyhow::Result<()> {
        self.durably(|store| {
            for (posting, handover) in ended {
                let fate = fate(posting, handover, now);
                match &fate {
                    Fate::Sent(_) => tracing::info!(envelope = posting.envelope, to = %posting.to, "sent"),
                    other => tracing::warn!(envelope = posting.envelope, to = %posting.to, fate = ?other, "not sent"),
                }
                store.settle(posting.envelope, &fate, now)?;
            }
            Ok(())
        })
    }
}

/// The event that a pending cause stands for.
fn event_of(cause: &Pending, policy: &Arc<Policy>) -> (Event, Option<Arc<Reading>>) {
    let (what, reading) = match &cause.body {
        PendingBody::Mail(mail) => {
            let foresight = foresight_of(mail, cause.at, policy);
            let reading = Arc::clone(&foresight.mail);
            let incoming = Incoming { mailbox: mail.mailbox.clone(), quiet: mail.quiet, foresight };
            let what = match &mail.grant {
                Some(grant) => What::Granted { original: incoming, grant: grant.clone() },
                None => What::Mail(incoming),
            };
            (what, Some(reading))
        }
        PendingBody::Note(Note::Due { ticket }) => (What::Due(*ticket), None),
        PendingBody::Note(Note::Slot { name, at, last }) => (What::Slot { name: name.clone(), at: *at, last: *last }, None),
        PendingBody::Note(Note::Undelivered(fate)) => (What::Undelivered(fate.clone()), None),
        PendingBody::Note(Note::Quarantined(what)) => (What::Quarantined(what.clone()), None),
        PendingBody::Note(Note::Withheld(mail)) => (What::Withheld(mail.clone()), None),
    };
    (Event { key: cause.key.clone(), at: cause.at, what }, reading)
}

/// A mail as it was read and judged when it came in, or anew where that is lost or no longer true.
fn foresight_of(mail: &PendingMail, at: DateTime<Utc>, policy: &Arc<Policy>) -> Arc<Foresight> {
    let known = mail.foresight.as_ref().filter(|foresight| !mail.same_id_other_body && foresight.is_by(policy));
    if let Some(foresight) = known {
        return Arc::clone(foresight);
    }
    let mut reading = parse::read(&mail.raw, mail.whole_size);
    reading.defects.extend(mail.same_id_other_body.then_some(Defect::SameIdOtherBody));
    Arc::new(Foresight::of(Arc::new(reading), at, Arc::clone(policy)))
}

/// `decide` with its questions answered.
fn judge(event: &Event, book: &Rulebook, now: DateTime<Utc>, ask: &mut Ask<'_>) -> Result<Decision, Trouble> {
    let mut case = Case::default();
    let mut rounds = 0;
    loop {
        match domain::decide(&case, event, &book.policy, now) {
            Ok(decision) => return Ok(decision),
            Err(_) if rounds >= ROUNDS => return Err(Trouble::Broken(format!("still undecided after {ROUNDS} rounds of questions"))),
            Err(need) => {
                rounds += 1;
                need.meet(&mut case, &mut *ask).map_err(Trouble::Store)?;
            }
        }
    }
}

fn composing<'a>(book: &'a Rulebook, cause: &'a CauseKey, now: DateTime<Utc>) -> compose::Desk<'a> {
    compose::Desk { policy: &book.policy, templates: &book.templates, cause, now }
}

fn unwritable(error: &anyhow::Error) -> Trouble {
    Trouble::Broken(format!("a mail could not be written: {error:#}"))
}

/// The letters of a decision, without their words.
fn address(drafts: &[Draft], composing: compose::Desk<'_>) -> Result<Vec<Letter>, Trouble> {
    let letters = drafts.iter().enumerate().map(|(ordinal, draft)| compose::address(draft, ordinal, composing));
    letters.collect::<anyhow::Result<_>>().map_err(|error| unwritable(&error))
}

/// What an attempt to deliver means for its envelope.
fn fate(posting: &Posting, handover: &Handover, now: DateTime<Utc>) -> Fate {
    match handover {
        Handover::Taken(words) => Fate::Sent(words.clone()),
        Handover::Refused(why) => Fate::Failed(why.clone()),
        Handover::Uncertain(why) => Fate::Uncertain(why.clone()),
        Handover::Later { why, pause } => {
            let again = match pause {
                true => delivery::next_try_of_account(posting.queued, now),
                false => delivery::next_try(posting.attempts, posting.queued, now, posting.envelope),
            };
            match again {
                Some(at) => Fate::Retry { at, why: why.clone() },
                None => Fate::Failed(format!("given up after five days; the last answer was: {why}")),
            }
        }
    }
}

fn panic_words(panic: &(dyn std::any::Any + Send)) -> String {
    let text = panic.downcast_ref::<&str>().map(|s| (*s).to_owned()).or_else(|| panic.downcast_ref::<String>().cloned());
    text.unwrap_or_else(|| "it panicked".to_owned())
}
