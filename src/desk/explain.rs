//! What would become of a mail, with nothing written: the same path without a commit.

use std::sync::Arc;

use chrono::{DateTime, Utc};

use super::{Desk, Rulebook, Trouble, address, composing, judge, unwritable};
use crate::domain::foresight::Foresight;
use crate::domain::message::{Letter, Reading, Wording};
use crate::domain::{self, CauseKey, Decision, Event, Incoming, What};
use crate::mail::{compose, parse};

/// A decision with everything that a commit needs.
pub struct Resolved {
    /// The facts of the mail, where the cause is one.
    pub reading: Option<Arc<Reading>>,
    /// What follows.
    pub decision: Decision,
    /// The mails, finished.
    pub letters: Vec<(Letter, Wording)>,
}

/// Answers a query of `decide`.
pub type Ask<'a> = dyn FnMut(&domain::Query) -> anyhow::Result<domain::Answer> + 'a;

/// A mail that is asked about.
pub struct Question<'a> {
    /// Its bytes.
    pub raw: &'a [u8],
    /// Its size, where the bytes are its header alone.
    pub whole_size: Option<u64>,
    /// The mailbox that it came to.
    pub mailbox: &'a str,
}

/// Reads, decides and composes one mail by these answers.
///
/// # Errors
/// An answer fails, or the mail breaks the desk.
pub fn explain(mail: &Question<'_>, book: &Rulebook, now: DateTime<Utc>, ask: &mut Ask<'_>) -> anyhow::Result<Resolved> {
    let reading = Arc::new(parse::read(mail.raw, mail.whole_size));
    let foresight = Arc::new(Foresight::of(Arc::clone(&reading), now, Arc::clone(&book.policy)));
    let incoming = Incoming { mailbox: mail.mailbox.to_owned(), quiet: false, foresight };
    let event = Event { key: CauseKey("explain".to_owned()), at: now, what: What::Mail(incoming) };
    Ok(resolve(&event, Some(reading), book, now, ask)?)
}

/// The letters of a summary as its schedule would send them now; `last` is when it did so last.
///
/// # Errors
/// An answer fails, or a template does.
pub fn preview_slot(
    name: &str,
    last: Option<DateTime<Utc>>,
    book: &Rulebook,
    now: DateTime<Utc>,
    ask: &mut Ask<'_>,
) -> anyhow::Result<Vec<(Letter, Wording)>> {
    let event = Event { key: CauseKey("preview".to_owned()), at: now, what: What::Slot { name: name.to_owned(), at: now, last } };
    Ok(resolve(&event, None, book, now, ask)?.letters)
}

impl Desk {
    /// Reads, decides and composes a mail as it would be now, and changes nothing.
    ///
    /// # Errors
    /// The store fails, or the mail breaks the desk.
    pub fn explain(&mut self, mail: &Question<'_>, now: DateTime<Utc>) -> anyhow::Result<Resolved> {
        let key = CauseKey("explain".to_owned());
        let store = self.store.as_mut();
        let mut ask = |query: &domain::Query| store.answer(&key, query);
        let resolved = explain(mail, &self.book, now, &mut ask);
        self.store.drop_batch()?;
        resolved
    }
}

/// A decision with its letters written.
fn resolve(
    event: &Event,
    reading: Option<Arc<Reading>>,
    book: &Rulebook,
    now: DateTime<Utc>,
    ask: &mut Ask<'_>,
) -> Result<Resolved, Trouble> {
    let decision = judge(event, book, now, ask)?;
    let composing = composing(book, &event.key, now);
    let letters = address(&decision.drafts, composing)?;
    let words = decision.drafts.iter().enumerate().map(|(ordinal, draft)| compose::word(draft, ordinal, composing));
    let words = words.collect::<anyhow::Result<Vec<_>>>().map_err(|error| unwritable(&error))?;
    Ok(Resolved { reading, decision, letters: letters.into_iter().zip(words).collect() })
}
