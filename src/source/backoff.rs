//! How long to wait before the next try: exponential, capped, and spread so that many folders of one server do not come back at once.
//!
//! The spread is a hash of what the caller names, not randomness: the same failures give the same waits, and tests need no seed.

use std::time::Duration;

use crate::domain::message::hash64;

/// What kind of trouble a try ended in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Trouble {
    /// No connection, a dropped one, a store that cannot write: passes by itself.
    Passing,
    /// The server said no: somebody has to mend something, and a server that is asked too often may lock the account.
    Refused,
}

/// How long to wait after `failures` failed tries in a row (1 after the first), spread by `key`: between half and all of
/// 1 s, 2 s, 4 s … 5 min for passing trouble, and of 2 min, 4 min … 30 min, never under a minute, for a refusal.
pub fn wait(trouble: Trouble, failures: u32, key: &str) -> Duration {
    let (first, cap) = match trouble {
        Trouble::Passing => (Duration::from_secs(1), Duration::from_secs(5 * 60)),
        Trouble::Refused => (Duration::from_secs(2 * 60), Duration::from_secs(30 * 60)),
    };
    let doubled = first.saturating_mul(1_u32.checked_shl(failures.saturating_sub(1)).unwrap_or(u32::MAX));
    let whole = doubled.min(cap);
    let hash = hash64(format!("{key} {failures}").as_bytes()).unsigned_abs();
    let thousandths = u32::try_from(hash % 501).unwrap_or(0);
    whole / 2 + whole * thousandths / 1000
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn waits_grow_to_a_cap_and_stay_within_their_spread() {
        let cases = [
            (Trouble::Passing, 1, 1),
            (Trouble::Passing, 2, 2),
            (Trouble::Passing, 5, 16),
            (Trouble::Passing, 9, 256),
            (Trouble::Passing, 10, 300),
            (Trouble::Passing, 33, 300),
            (Trouble::Passing, u32::MAX, 300),
            (Trouble::Refused, 1, 120),
            (Trouble::Refused, 2, 240),
            (Trouble::Refused, 5, 1800),
            (Trouble::Refused, 500, 1800),
        ];
        for (trouble, failures, seconds) in cases {
            let whole = Duration::from_secs(seconds);
            for key in ["a", "b", "support@desk.test INBOX"] {
                let waited = wait(trouble, failures, key);
                assert!(waited >= whole / 2 && waited <= whole, "{trouble:?} {failures} {key}: {waited:?}");
            }
        }
    }

    #[test]
    fn two_folders_do_not_come_back_together() {
        assert_ne!(wait(Trouble::Passing, 4, "INBOX"), wait(Trouble::Passing, 4, "Alerts"));
        assert_eq!(wait(Trouble::Passing, 4, "INBOX"), wait(Trouble::Passing, 4, "INBOX"));
    }
}
