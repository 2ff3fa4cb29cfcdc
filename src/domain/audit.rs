//! The first promise, proved: what lies in a folder now, beside what the desk remembers of it.

use std::collections::{BTreeMap, HashMap};

use chrono::{DateTime, TimeDelta, Utc};
use serde::Serialize;

use super::Outcome;

/// A mail as its server lists it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Listed {
    /// Where it lies in its folder.
    #[serde(flatten)]
    pub spot: Spot,
    /// When it arrived there, where the server tells it.
    pub at: Option<DateTime<Utc>>,
}

/// Where a mail lies in a folder of one UIDVALIDITY.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize)]
pub struct Spot {
    /// The UID; 0 in a Maildir.
    pub uid: u32,
    /// Maildir: the unique part of the file name; empty for IMAP.
    pub name: String,
}

/// What is to be said of a mail.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Class {
    /// It opened a ticket.
    Opened,
    /// It joined a ticket, as words or as orders.
    Joined,
    /// It lies with a ticket, and nothing followed.
    Filed,
    /// Its orders were refused, and their writer was told.
    Refused,
    /// It asked something, and was answered.
    Answered,
    /// No ticket, with a reason.
    Ignored,
    /// Set aside; the operator was told.
    Quarantined,
    /// Received, and to be decided next.
    Undecided,
    /// It arrived a moment ago and has not been received yet.
    Unread,
    /// It lay there before the desk did, and is left alone.
    Before,
    /// Nothing is known of it.
    Missing,
}

impl From<&Outcome> for Class {
    fn from(outcome: &Outcome) -> Class {
        match outcome {
            Outcome::Opened { .. } => Class::Opened,
            Outcome::Joined { .. } => Class::Joined,
            Outcome::Filed { .. } => Class::Filed,
            Outcome::Refused { .. } => Class::Refused,
            Outcome::Answered => Class::Answered,
            Outcome::Ignored | Outcome::Done => Class::Ignored,
            Outcome::SetAside { .. } => Class::Quarantined,
        }
    }
}

/// What the desk remembers of a folder.
pub struct Memory {
    /// What became of the mails that it has had from there, by where they lay.
    pub mails: HashMap<Spot, Class>,
    /// The desk reads on from this UID; `None` where it lists the folder anew each time.
    pub next_uid: Option<u32>,
}

/// A folder accounted for.
#[derive(Debug, Default, PartialEq, Eq, Serialize)]
pub struct Audit {
    /// How many mails lie there.
    pub mails: usize,
    /// How many of each.
    pub classes: BTreeMap<Class, usize>,
    /// How many the desk has had from there that lie there no more: moved or removed.
    pub gone: usize,
    /// Those of which nothing is known, in the order of the folder.
    pub missing: Vec<Listed>,
}

/// So long a mail may lie there before the desk has received it: it waits for a server, or is just being started.
const SOON: TimeDelta = TimeDelta::minutes(15);

/// Compares a folder, listed first, with what the desk remembers of it, asked afterwards. `before` says whether a mail of such an age was
/// to be left alone.
pub fn compare(mut listed: Vec<Listed>, memory: &Memory, before: impl Fn(DateTime<Utc>) -> bool, now: DateTime<Utc>) -> Audit {
    // A server may name one twice.
    listed.sort_unstable_by(|a, b| a.spot.cmp(&b.spot));
    listed.dedup_by(|a, b| a.spot == b.spot);
    let mut audit = Audit { mails: listed.len(), gone: memory.mails.len(), ..Audit::default() };
    for mail in listed {
        let known = memory.mails.get(&mail.spot).copied();
        audit.gone -= usize::from(known.is_some());
        let class = known.unwrap_or_else(|| unknown(&mail, memory.next_uid, &before, now));
        *audit.classes.entry(class).or_default() += 1;
        if class == Class::Missing {
            audit.missing.push(mail);
        }
    }
    audit
}

/// What is to be said of a mail that the desk does not remember.
fn unknown(mail: &Listed, next_uid: Option<u32>, before: impl Fn(DateTime<Utc>) -> bool, now: DateTime<Utc>) -> Class {
    let passed = next_uid.is_some_and(|next| mail.spot.uid < next);
    let fresh = mail.at.is_some_and(|at| now - at < SOON);
    // Times have whole seconds: what was left alone by its UID may bear the second in which the desk came.
    let grain = if passed { TimeDelta::seconds(1) } else { TimeDelta::zero() };
    match mail.at {
        Some(at) if before(at - grain) => Class::Before,
        _ if !passed && fresh => Class::Unread,
        _ => Class::Missing,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(text: &str) -> DateTime<Utc> {
        text.parse().unwrap()
    }

    fn listed(uid: u32, arrived: &str) -> Listed {
        Listed { spot: Spot { uid, name: String::new() }, at: (!arrived.is_empty()).then(|| at(arrived)) }
    }

    #[test]
    fn each_mail_of_a_folder_is_accounted_for_or_named() {
        let now = at("2026-12-01T12:00:00Z");
        let before = |at: DateTime<Utc>| at < self::at("2026-11-01T00:00:00Z");
        for (uid, arrived, next_uid, class) in [
            (1, "2026-10-01T00:00:00Z", Some(7), Class::Before),
            (1, "2026-11-01T00:00:00Z", Some(7), Class::Before),
            (7, "2026-11-01T00:00:00Z", Some(7), Class::Missing),
            (2, "2026-11-20T00:00:00Z", Some(7), Class::Joined),
            // It was read before it could be remembered: a mail from before that came along.
            (3, "2026-10-20T00:00:00Z", Some(7), Class::Ignored),
            (4, "2026-11-20T00:00:00Z", Some(7), Class::Missing),
            (4, "", Some(7), Class::Missing),
            // Just arrived, but the desk reads on behind it.
            (6, "2026-12-01T11:59:00Z", Some(7), Class::Missing),
            (7, "2026-12-01T11:59:00Z", Some(7), Class::Unread),
            (7, "2026-12-01T11:59:00Z", None, Class::Unread),
            // It lies there for too long.
            (7, "2026-12-01T11:00:00Z", Some(7), Class::Missing),
            (7, "2026-12-01T11:00:00Z", None, Class::Missing),
        ] {
            let known = [(2, Class::Joined), (3, Class::Ignored), (9, Class::Opened)];
            let mails = known.map(|(uid, class)| (Spot { uid, name: String::new() }, class)).into();
            let audit = compare(vec![listed(uid, arrived), listed(uid, arrived)], &Memory { mails, next_uid }, before, now);
            assert_eq!(audit.classes.into_iter().collect::<Vec<_>>(), [(class, 1)], "{uid} {arrived}");
            assert_eq!(audit.missing.len(), usize::from(class == Class::Missing));
            assert_eq!(audit.gone, 3 - usize::from([2, 3].contains(&uid)));
        }
    }
}
