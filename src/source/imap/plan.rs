//! What to read, as pure functions: where a folder is taken up, which mails are fetched together, how a set of UIDs is written.

use chrono::{DateTime, Utc};

use crate::domain::message::Cursor;
use crate::source::{Start, Verdict};

/// Bodies up to this many bytes are fetched whole and together; also the size of a window into a larger one.
pub(super) const WINDOW: u32 = 1024 * 1024;
/// Bytes in a group. Two groups are in memory at once, one being fetched while the other is stored.
const GROUP_BYTES: u64 = 4 * 1024 * 1024;
/// Mails in a group: what the desk makes durable with one flush.
const GROUP_MAILS: usize = 64;

/// What SELECT or EXAMINE said of a folder (RFC 3501 section 6.3.1).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Selected {
    pub uidvalidity: u32,
    /// Not every server says it.
    pub uidnext: Option<u32>,
}

/// A message as discovery sees it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Found {
    pub uid: u32,
    /// RFC822.SIZE.
    pub size: u32,
    /// INTERNALDATE; `None` where the server gave none that can be read.
    pub at: Option<DateTime<Utc>>,
}

/// A message that is to be fetched.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Wanted {
    pub uid: u32,
    pub size: u32,
    pub at: DateTime<Utc>,
    pub quiet: bool,
}

/// The cursor to read on from. When it is not the stored one it must be stored before anything is read, so that `since` is the moment
/// of the first take-up whatever happens next.
///
/// `next_uid` 0 stands for a sweep: the whole folder is to be gone through. It stays 0 until the sweep is over, so that a sweep that was
/// cut short still knows what to skip.
pub(super) fn take_up(stored: Option<Cursor>, selected: Selected, start: Start, now: DateTime<Utc>) -> Cursor {
    let Selected { uidvalidity, uidnext } = selected;
    match stored {
        Some(cursor) if cursor.uidvalidity == uidvalidity => cursor,
        Some(cursor) => Cursor { uidvalidity, next_uid: 0, since: cursor.since },
        None => {
            let next_uid = if start == Start::Now { uidnext.unwrap_or(0) } else { 0 };
            Cursor { uidvalidity, next_uid, since: now }
        }
    }
}

/// What is wanted of the messages found, in the order of UIDs. A message without a readable date counts as arriving `now`.
pub(super) fn choose(mut found: Vec<Found>, cursor: Cursor, start: Start, now: DateTime<Utc>) -> Vec<Wanted> {
    found.sort_unstable_by_key(|message| message.uid);
    found.dedup_by_key(|message| message.uid);
    let judged = |Found { uid, size, at }: Found| {
        let at = at.unwrap_or(now);
        match start.judge(cursor.since, cursor.next_uid == 0, at) {
            Verdict::Take { quiet } => Some(Wanted { uid, size, at, quiet }),
            Verdict::Skip => None,
        }
    };
    found.into_iter().filter_map(judged).collect()
}

/// May a message's cursor be stored with it? Not in a sweep that skips by date: a cursor there would end the sweep.
pub(super) fn carries_cursor(cursor: Cursor, start: Start) -> bool {
    cursor.next_uid != 0 || start == Start::All
}

/// Cuts the list into groups that are fetched by one command and stored by one flush. A message over the window is alone, and so is
/// a suspect one.
pub(super) fn groups(wanted: &[Wanted], suspect: impl Fn(u32) -> bool) -> Vec<&[Wanted]> {
    let (mut groups, mut rest) = (Vec::new(), wanted);
    while !rest.is_empty() {
        let (group, after) = rest.split_at(group_length(rest, &suspect));
        groups.push(group);
        rest = after;
    }
    groups
}

/// At least 1 for a list that is not empty.
fn group_length(wanted: &[Wanted], suspect: impl Fn(u32) -> bool) -> usize {
    let mut bytes = 0;
    let fits = |message: &&Wanted| {
        bytes += u64::from(message.size);
        message.size <= WINDOW && bytes <= GROUP_BYTES && !suspect(message.uid)
    };
    wanted.iter().take(GROUP_MAILS).take_while(fits).count().max(1).min(wanted.len())
}

/// A sequence set (RFC 3501 section 9): `4:6,9`. Only neighbours are joined, so that it names no UID that was not asked for.
pub(super) fn uid_set(uids: impl IntoIterator<Item = u32>) -> String {
    let mut runs: Vec<(u32, u32)> = Vec::new();
    for uid in uids {
        match runs.last_mut() {
            Some((_, last)) if last.checked_add(1) == Some(uid) => *last = uid,
            _ => runs.push((uid, uid)),
        }
    }
    let written = runs.iter().map(|(first, last)| if first == last { first.to_string() } else { format!("{first}:{last}") });
    written.collect::<Vec<_>>().join(",")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(second: i64) -> DateTime<Utc> {
        DateTime::from_timestamp(1_700_000_000 + second, 0).unwrap()
    }

    fn cursor(uidvalidity: u32, next_uid: u32, since: i64) -> Cursor {
        Cursor { uidvalidity, next_uid, since: at(since) }
    }

    fn wanted(uid: u32, size: u32) -> Wanted {
        Wanted { uid, size, at: at(0), quiet: false }
    }

    #[test]
    fn a_folder_is_taken_up_where_it_was_left() {
        let here = Selected { uidvalidity: 7, uidnext: Some(40) };
        let silent = Selected { uidvalidity: 7, uidnext: None };
        let cases = [
            (None, here, Start::Now, cursor(7, 40, 100)),
            (None, silent, Start::Now, cursor(7, 0, 100)),
            (None, here, Start::All, cursor(7, 0, 100)),
            (None, here, Start::Since(at(50)), cursor(7, 0, 100)),
            (Some(cursor(7, 12, 5)), here, Start::Now, cursor(7, 12, 5)),
            (Some(cursor(7, 0, 5)), here, Start::All, cursor(7, 0, 5)),
            (Some(cursor(6, 12, 5)), here, Start::Now, cursor(7, 0, 5)),
            (Some(cursor(6, 12, 5)), here, Start::All, cursor(7, 0, 5)),
        ];
        for (stored, selected, start, expected) in cases {
            assert_eq!(take_up(stored, selected, start, at(100)), expected, "{stored:?} {selected:?} {start:?}");
        }
    }

    #[test]
    fn a_sweep_skips_by_date_and_an_ordinary_look_does_not() {
        let found = |uid, second| Found { uid, size: 10, at: Some(at(second)) };
        let list = vec![found(3, 90), found(1, 10), found(2, 110), found(2, 110)];
        let uids = |cursor, start| choose(list.clone(), cursor, start, at(200)).iter().map(|w| (w.uid, w.quiet)).collect::<Vec<_>>();
        assert_eq!(uids(cursor(7, 0, 100), Start::Now), [(2, false)]);
        assert_eq!(uids(cursor(7, 1, 100), Start::Now), [(1, true), (2, false), (3, true)]);
        assert_eq!(uids(cursor(7, 0, 100), Start::All), [(1, true), (2, false), (3, true)]);
        assert_eq!(uids(cursor(7, 0, 100), Start::Since(at(50))), [(2, false), (3, true)]);
        let undated = choose(vec![Found { uid: 9, size: 1, at: None }], cursor(7, 0, 100), Start::Now, at(200));
        assert_eq!(undated, [Wanted { uid: 9, size: 1, at: at(200), quiet: false }]);
    }

    #[test]
    fn only_a_sweep_that_skips_holds_its_cursor_back() {
        assert!(carries_cursor(cursor(7, 1, 0), Start::Now));
        assert!(carries_cursor(cursor(7, 0, 0), Start::All));
        assert!(!carries_cursor(cursor(7, 0, 0), Start::Now));
        assert!(!carries_cursor(cursor(7, 0, 0), Start::Since(at(0))));
    }

    #[test]
    fn groups_are_bounded_by_number_and_bytes() {
        let lengths = |list: &[Wanted]| groups(list, |uid| uid >= 1000).iter().map(|group| group.len()).collect::<Vec<_>>();
        assert_eq!(lengths(&[]), [0; 0]);
        assert_eq!(lengths(&(1..=130).map(|uid| wanted(uid, 1000)).collect::<Vec<_>>()), [64, 64, 2]);
        assert_eq!(lengths(&(1..=9).map(|uid| wanted(uid, WINDOW)).collect::<Vec<_>>()), [4, 4, 1]);
        assert_eq!(lengths(&[wanted(1, 9), wanted(2, 9), wanted(1000, 9), wanted(1001, 9)]), [2, 1, 1]);
        assert_eq!(lengths(&[wanted(1, 9), wanted(2, WINDOW + 1), wanted(3, u32::MAX), wanted(4, 9), wanted(5, 9)]), [1, 1, 1, 2]);
    }

    #[test]
    fn sets_join_neighbours_only() {
        assert_eq!(uid_set([]), "");
        assert_eq!(uid_set([4]), "4");
        assert_eq!(uid_set([4, 5, 6, 9, 11, 12]), "4:6,9,11:12");
        assert_eq!(uid_set([u32::MAX - 1, u32::MAX]), "4294967294:4294967295");
    }
}
