//! Where mail goes. A carrier takes one envelope and says how it ended.

pub mod maildir;
pub mod smtp;

use std::path::PathBuf;

use chrono::{DateTime, Duration, Utc};

use crate::domain::message::{Address, hash64};

/// One envelope with its bytes.
#[derive(Debug, Clone)]
pub struct Parcel {
    /// Reverse-path; `None` is `<>`.
    pub reverse_path: Option<Address>,
    /// Recipient.
    pub to: Address,
    /// The final bytes, CRLF.
    pub bytes: std::sync::Arc<Vec<u8>>,
}

/// How a try to deliver ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Handover {
    /// Taken, with the server's words.
    Taken(String),
    /// Not taken now: 4xx, no connection, a refused login. The same may succeed later. `pause` names a trouble of the whole account
    /// (login refused, connection refused, throttled): nothing else should be tried for a while.
    Later {
        /// What was said.
        why: String,
        /// The trouble is the account's, not this envelope's.
        pause: bool,
    },
    /// Refused for good: 5xx to this envelope.
    Refused(String),
    /// The bytes went out whole, the answer never came.
    Uncertain(String),
}

/// A road out, held open over many parcels.
#[derive(Debug)]
pub enum Carrier {
    /// A server.
    Smtp(smtp::Connection),
    /// A folder that holds one Maildir a recipient.
    Maildir(PathBuf),
}

impl Carrier {
    /// Tries to deliver one parcel. Never fails: whatever went wrong is a [`Handover`].
    pub async fn deliver(&mut self, parcel: &Parcel) -> Handover {
        match self {
            Carrier::Smtp(connection) => connection.send(parcel).await,
            Carrier::Maildir(root) => maildir::deliver(root, parcel).await,
        }
    }

    /// Did the server refuse the login, or the sender for this login, at the last try?
    pub fn needs_a_person(&self) -> bool {
        matches!(self, Carrier::Smtp(connection) if connection.needs_a_person())
    }

    /// Takes leave of the server, where there is one.
    pub async fn close(&mut self) {
        match self {
            Carrier::Smtp(connection) => connection.close().await,
            Carrier::Maildir(_) => {}
        }
    }
}

/// How long a letter is tried before it counts as undeliverable (RFC 5321 section 4.5.4.1 asks for four to five days).
const GIVE_UP_AFTER: Duration = Duration::days(5);

/// When to try again after `attempts` failures: 1 min, doubled each time, at most 4 h, spread by ± 20 % from the envelope's own number so
/// that a burst does not come back as a burst. `None` when the time is up.
pub fn next_try(attempts: u32, queued: DateTime<Utc>, now: DateTime<Utc>, envelope: i64) -> Option<DateTime<Utc>> {
    if now - queued >= GIVE_UP_AFTER {
        return None;
    }
    let base = 60_i64.saturating_mul(1 << attempts.min(10)).min(4 * 3600);
    let spread = hash64(format!("{envelope}:{attempts}").as_bytes()).rem_euclid(401) - 200;
    Some(now + Duration::milliseconds(base * (1000 + spread)))
}

/// How long an account in trouble is left alone, the first time.
const FIRST_PAUSE: Duration = Duration::seconds(10);

/// How long an account is left alone that was in trouble so many times in a row: 10 s, doubled each time, at most 10 min.
pub fn pause(times: u32) -> Duration {
    (FIRST_PAUSE * (1 << times.saturating_sub(1).min(10))).min(Duration::minutes(10))
}

/// When to try an envelope again whose account is in trouble: it is the account that waits, longer and longer, so that everything goes
/// out soon after the trouble is over. `None` when the time is up.
pub fn next_try_of_account(queued: DateTime<Utc>, now: DateTime<Utc>) -> Option<DateTime<Utc>> {
    (now - queued < GIVE_UP_AFTER).then_some(now + FIRST_PAUSE)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_account_in_trouble_is_left_alone_longer_and_longer() {
        let seconds = |times| pause(times).num_seconds();
        assert_eq!([1, 2, 3, 6, 7, 8, 40, u32::MAX].map(seconds), [10, 20, 40, 320, 600, 600, 600, 600]);
        let start = DateTime::<Utc>::UNIX_EPOCH;
        assert_eq!(next_try_of_account(start, start + Duration::days(4)), Some(start + Duration::days(4) + pause(1)));
        assert_eq!(next_try_of_account(start, start + Duration::days(5)), None);
    }

    #[test]
    fn tries_grow_apart_and_end_after_five_days() {
        let start = DateTime::<Utc>::UNIX_EPOCH;
        let wait = |attempts| next_try(attempts, start, start, 7).map(|at| (at - start).num_seconds()).unwrap();
        assert!((48..=72).contains(&wait(0)), "{}", wait(0));
        assert!((96..=144).contains(&wait(1)), "{}", wait(1));
        assert!((11_520..=17_280).contains(&wait(40)), "{}", wait(40));
        assert_ne!(next_try(3, start, start, 1), next_try(3, start, start, 2), "spread");
        assert_eq!(next_try(9, start, start + Duration::days(5), 7), None);
    }
}
