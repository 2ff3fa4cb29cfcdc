//! Where mail comes from. A source sees messages, hands each to an [`Inbox`] and waits for the flush before it touches the server.
//!
//! Sources know nothing of tickets. What they share stands here: the contract with the desk, the rules of the first day
//! ([`Start`]) and the words in which a source says how it fares ([`SourceState`]).

pub mod archive;
pub mod backoff;
pub mod imap;
pub mod maildir;

use std::future::Future;
use std::time::Duration;

use chrono::{DateTime, DurationRound, TimeDelta, Utc};

use crate::domain::audit::Listed;
use crate::domain::message::{Arrival, Cursor, Folder, Place, Withheld};

/// The desk as a source sees it: a bounded channel in the daemon, a plain list in tests.
pub trait Inbox: Send + Sync {
    /// Messages with everything done for them that needs no desk.
    type Ready: Send;
    /// How far a folder was read.
    fn cursor(&self, folder: &Folder) -> impl Future<Output = anyhow::Result<Option<Cursor>>> + Send;
    /// Remembers a cursor without a message (first take-up, UIDVALIDITY change, skipped mail); durable on return.
    fn set_cursor(&self, folder: &Folder, cursor: Cursor) -> impl Future<Output = anyhow::Result<()>> + Send;
    /// Which of these places were received before; an answer for each.
    fn received(&self, places: Vec<Place>) -> impl Future<Output = anyhow::Result<Vec<bool>>> + Send;
    /// Makes messages ready to be handed over; the next ones can be while these are received.
    fn prepare(&self, arrivals: Vec<Arrival>) -> impl Future<Output = anyhow::Result<Self::Ready>> + Send;
    /// Hands over messages; they are durable on return (T1 and flush), so that flags and moves may follow.
    fn receive(&self, mails: Self::Ready) -> impl Future<Output = anyhow::Result<()>> + Send;
    /// Is a mail of no use to anybody once it is received, because the desk itself wrote it for that? Then it is removed, where nothing
    /// else can go with it.
    fn is_spent(&self, _: &Arrival) -> bool {
        false
    }
    /// Remembers mails that their server does not give out, and tells the operator; durable on return, so that they may be passed over.
    fn pass_over(&self, mails: Vec<Withheld>) -> impl Future<Output = anyhow::Result<()>> + Send;
    /// Where the mails of a folder lie that were passed over.
    fn passed_over(&self, folder: &Folder) -> impl Future<Output = anyhow::Result<Vec<Place>>> + Send;
    /// These were received after all, or lie there no more.
    fn no_more(&self, places: Vec<Place>) -> impl Future<Output = anyhow::Result<()>> + Send;
}

/// Turns true when the source is to end; a dropped sender means the same.
pub type Shutdown = tokio::sync::watch::Receiver<bool>;

/// Has the end been asked for?
pub(crate) fn stopping(shutdown: &Shutdown) -> bool {
    *shutdown.borrow() || shutdown.has_changed().is_err()
}

/// Comes back when the end is asked for.
pub(crate) async fn stopped(shutdown: &Shutdown) {
    // An error says that the sender is gone, which is the same news.
    let _ = shutdown.clone().wait_for(|stop| *stop).await;
}

/// Where a mailbox is taken up on the first day (promise 16).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Start {
    /// From now: what lies there already is not looked at.
    Now,
    /// Everything that is there.
    All,
    /// What arrived at or after this moment.
    Since(DateTime<Utc>),
}

/// What is to be done with a message, by the time of its arrival.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verdict {
    /// Hand it over.
    Take {
        /// It arrived before the desk was there: no automatic mail.
        quiet: bool,
    },
    /// Leave it alone for good.
    Skip,
}

impl Start {
    /// Judges a message that arrived at `at` in a folder that was taken up at `since`. `sweep` is true while a whole folder is gone
    /// through; later an old date only means that somebody moved an old mail in, and that is taken, quietly.
    pub fn judge(self, since: DateTime<Utc>, sweep: bool, at: DateTime<Utc>) -> Verdict {
        // INTERNALDATE has whole seconds (RFC 3501 section 9, date-time): a mail of the same second is not older.
        let since = since.duration_trunc(TimeDelta::seconds(1)).unwrap_or(since);
        match self {
            Start::Now if sweep && at < since => Verdict::Skip,
            Start::Since(limit) if sweep && at < limit => Verdict::Skip,
            _ => Verdict::Take { quiet: at < since },
        }
    }
}

/// What lies in a folder now.
#[derive(Debug)]
pub struct Listing {
    /// The folder.
    pub folder: Folder,
    /// Its UIDVALIDITY; 0 for a Maildir.
    pub uidvalidity: u32,
    /// Its mails.
    pub mails: Vec<Listed>,
}

/// How a source fares, for `status` and the operator.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum SourceState {
    /// Connected and up to date, waiting for mail.
    Watching,
    /// Not connected; tries again after a pause.
    Waiting {
        /// What went wrong, in words for the operator.
        why: String,
        /// How long it waits.
        wait: Duration,
        /// The server said no (login, folder): somebody has to mend something.
        refused: bool,
    },
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(text: &str) -> DateTime<Utc> {
        text.parse().unwrap()
    }

    #[test]
    fn the_first_day_is_quiet() {
        let since = at("2026-11-22T10:00:00.7Z");
        let (old, same_second, new) = (at("2026-11-21T09:00:00Z"), at("2026-11-22T10:00:00Z"), at("2026-11-22T10:00:01Z"));
        let limit = Start::Since(at("2026-11-21T12:00:00Z"));
        let between = at("2026-11-21T12:00:00Z");
        let (loud, quiet) = (Verdict::Take { quiet: false }, Verdict::Take { quiet: true });
        let cases = [
            (Start::Now, true, old, Verdict::Skip),
            (Start::Now, true, same_second, loud),
            (Start::Now, true, new, loud),
            (Start::Now, false, old, quiet),
            (Start::Now, false, new, loud),
            (Start::All, true, old, quiet),
            (Start::All, true, new, loud),
            (limit, true, old, Verdict::Skip),
            (limit, true, between, quiet),
            (limit, true, new, loud),
            (limit, false, old, quiet),
        ];
        for (start, sweep, arrived, verdict) in cases {
            assert_eq!(start.judge(since, sweep, arrived), verdict, "{start:?} sweep={sweep} {arrived}");
        }
    }
}
