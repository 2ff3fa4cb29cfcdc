//! What waits for somebody's look, for the leads: replies that are held, orders that nobody has confirmed, suspect mail.
//!
//! A held reply is the requester's answer that an agent believes he has given, so that forgotten ones are named each day until they are
//! settled: sent, lapsed, made needless by a later answer of the same agent, or by the end of the ticket. Suspect mail is named once, for it
//! is a ticket like others beside that.

use chrono::{DateTime, Utc};

use super::confirm;
use super::doubt::{Doubt, Suspicion};
use super::facts::Waits;
use super::notify;
use super::policy::Policy;
use super::reports::Scope;
use super::sentence::Sentence;
use super::ticket::Ticket;

/// Something that may wait for somebody's look.
#[derive(Debug, Clone, PartialEq)]
pub struct Unsettled {
    /// Its ticket.
    pub ticket: Ticket,
    /// An agent's handle, or the address of the sender; empty where a mail names none.
    pub who: String,
    /// When it was held, asked about or filed.
    pub since: DateTime<Utc>,
    /// What.
    pub what: Matter,
}

/// What waits.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Matter {
    /// A reply is held.
    Held {
        /// Why; an earlier version kept no reason.
        doubt: Option<Doubt>,
        /// When it lapses, if ever.
        lapses: Option<DateTime<Utc>>,
        /// The same agent has written to the requester since.
        answered: bool,
    },
    /// An agent was asked whether a mail is his, and has not answered.
    Unconfirmed,
    /// The border distrusts a mail.
    Suspect(Suspicion),
}

impl Unsettled {
    /// Does a report of this scope name it?
    fn is_for(&self, scope: &Scope) -> bool {
        let team = scope.team.is_none() || self.ticket.team == scope.team;
        team && self.since < scope.until && self.waits(scope)
    }

    fn waits(&self, scope: &Scope) -> bool {
        match self.what {
            Matter::Held { doubt, lapses, answered } => {
                let his = !doubt.is_some_and(Doubt::is_of_the_writer);
                lapses.is_none_or(|lapses| scope.until < lapses) && !self.ended() && !(his && answered)
            }
            Matter::Unconfirmed => scope.until < self.since + confirm::lapses() && !self.ended(),
            Matter::Suspect(_) => {
                let answered = self.ticket.told.is_some_and(|told| self.since < told);
                scope.last <= self.since && self.ticket.status.is_live() && !answered
            }
        }
    }

    /// Has the ticket come to its end since?
    fn ended(&self) -> bool {
        !self.ticket.status.is_live() && self.ticket.resolved.max(self.ticket.closed).is_some_and(|end| self.since <= end)
    }

    /// In words for a lead.
    fn facts(&self, policy: &Policy, language: &str) -> Waits {
        let said = |sentence: Sentence| sentence.to(language).to_owned();
        let mut ticket = notify::card(&self.ticket, policy, language);
        ticket.subject = notify::one_line(&ticket.subject, MOST_SUBJECT);
        let who = match &self.what {
            Matter::Suspect(_) if self.who.is_empty() => notify::say(language, "no sender", "无发件人"),
            Matter::Suspect(_) => self.who.clone(),
            Matter::Held { .. } | Matter::Unconfirmed => notify::agent_name(policy, &self.who),
        };
        let (why, until, doubted) = match self.what {
            Matter::Held { doubt, lapses, .. } => {
                (doubt.map_or_else(Doubt::line_without, Doubt::line), lapses, doubt.is_some_and(Doubt::is_of_the_writer))
            }
            Matter::Unconfirmed => (Doubt::Unproved.line(), Some(self.since + confirm::lapses()), true),
            Matter::Suspect(suspicion) => (suspicion.line(), None, true),
        };
        let until = until.map_or_else(String::new, |until| notify::local_time(until, policy));
        Waits { ticket, who, since: notify::local_time(self.since, policy), why: said(why), doubted, until }
    }
}

/// A list names so many; of the others it says how many they are.
const MOST: usize = 10;

/// Characters of a subject in a list: it may be a forger's.
const MOST_SUBJECT: usize = 80;

/// Things of one kind: the newest by name, the others by number.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct List {
    newest: Vec<Unsettled>,
    more: u64,
}

impl List {
    fn add(&mut self, one: Unsettled) {
        let at = self.newest.partition_point(|other| (other.since, other.ticket.number) > (one.since, one.ticket.number));
        self.newest.insert(at, one);
        if self.newest.len() > MOST {
            self.newest.truncate(MOST);
            self.more += 1;
        }
    }

    /// In words for a lead, newest first.
    pub fn facts(&self, policy: &Policy, language: &str) -> Vec<Waits> {
        self.newest.iter().map(|one| one.facts(policy, language)).collect()
    }

    /// How many there are.
    pub fn count(&self) -> u64 {
        self.more + self.newest.len() as u64
    }

    /// How many are not named.
    pub fn more(&self) -> u64 {
        self.more
    }
}

/// All that waits, in the order of its urgency.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Lists {
    /// Replies that are held.
    pub held: List,
    /// Mails that their agents were asked to confirm.
    pub unconfirmed: List,
    /// Mail that the border distrusts.
    pub suspect: List,
}

impl Lists {
    /// Adds what a report of this scope names.
    pub fn add(&mut self, one: Unsettled, scope: &Scope) {
        if !one.is_for(scope) {
            return;
        }
        match one.what {
            Matter::Held { .. } => self.held.add(one),
            Matter::Unconfirmed => self.unconfirmed.add(one),
            Matter::Suspect(_) => self.suspect.add(one),
        }
    }

    /// Does nothing wait?
    pub fn is_empty(&self) -> bool {
        [&self.held, &self.unconfirmed, &self.suspect].into_iter().all(|list| list.newest.is_empty())
    }
}

#[cfg(test)]
mod tests {
    use chrono::Duration;

    use super::super::message::{Address, Person};
    use super::super::ticket::{Change, Status, TicketNo};
    use super::*;

    /// The slot of this day, in days.
    fn day(n: i64) -> DateTime<Utc> {
        "2026-12-01T00:00:00Z".parse::<DateTime<Utc>>().unwrap() + Duration::days(n)
    }

    fn scope(until: i64, last: i64) -> Scope {
        Scope { since: day(until - 1), until: day(until), last: day(last), team: None }
    }

    /// Something on a ticket of day 0 to which these changes came.
    fn on(changes: &[(Change, i64)], since: i64, what: Matter) -> Unsettled {
        let requester = Person { name: "Alice".into(), address: Address::parse("alice@example.com").unwrap() };
        let mut ticket = Ticket::open(TicketNo(1042), "VPN down".into(), requester, "support".into(), "en".into(), day(0));
        for (change, at) in changes {
            ticket.apply(change, day(*at)).unwrap();
        }
        Unsettled { ticket, who: "li".into(), since: day(since), what }
    }

    #[test]
    fn what_is_settled_is_not_named() {
        let held = |doubt| Matter::Held { doubt, lapses: None, answered: false };
        let (resolve, close) = (Change::Status(Status::Resolved), Change::Status(Status::Closed));
        let forged = Matter::Held { doubt: Some(Doubt::Forged), lapses: Some(day(8)), answered: false };
        let answered = |doubt| Matter::Held { doubt, lapses: None, answered: true };
        let spam = Matter::Suspect(Suspicion::Spam);
        let told = |at| (Change::Told(Some(day(at))), at);
        for (what, changes, since, (until, last), named) in [
            (held(Some(Doubt::Internal)), vec![], 1, (2, 1), true),
            (held(Some(Doubt::Internal)), vec![], 1, (400, 399), true),
            (held(None), vec![], 1, (2, 1), true),
            // Held after the slot: the next one names it.
            (held(Some(Doubt::Internal)), vec![], 2, (2, 1), false),
            (held(Some(Doubt::Internal)), vec![(resolve.clone(), 2)], 1, (3, 2), false),
            (held(Some(Doubt::Internal)), vec![(resolve.clone(), 1), (close.clone(), 3)], 2, (4, 3), false),
            // What is said on a ticket that had ended is not lost either.
            (held(Some(Doubt::Internal)), vec![(close.clone(), 1)], 2, (3, 2), true),
            (answered(Some(Doubt::Crossing)), vec![], 1, (2, 1), false),
            (answered(None), vec![], 1, (2, 1), false),
            // What he writes says nothing of what another writes in his name.
            (answered(Some(Doubt::Forged)), vec![], 1, (2, 1), true),
            (forged, vec![], 1, (7, 6), true),
            (forged, vec![], 1, (8, 7), false),
            (forged, vec![(close.clone(), 2)], 1, (3, 2), false),
            (Matter::Unconfirmed, vec![], 1, (2, 1), true),
            (Matter::Unconfirmed, vec![], 1, (7, 6), true),
            (Matter::Unconfirmed, vec![], 1, (8, 7), false),
            (Matter::Unconfirmed, vec![(close.clone(), 2)], 1, (3, 2), false),
            (spam, vec![], 1, (2, 1), true),
            (spam, vec![], 2, (2, 1), false),
            (spam, vec![], 2, (3, 2), true),
            // Once; the weekend counts with the slot that ends it.
            (spam, vec![], 1, (3, 2), false),
            (spam, vec![], 1, (4, 1), true),
            (spam, vec![(close, 2)], 1, (3, 1), false),
            (spam, vec![told(2)], 1, (3, 1), false),
            (spam, vec![told(1)], 2, (3, 1), true),
        ] {
            let one = on(&changes, since, what);
            let mut lists = Lists::default();
            lists.add(one, &scope(until, last));
            assert_eq!(!lists.is_empty(), named, "{what:?} of day {since} with {changes:?} on day {until}");
        }
    }

    #[test]
    fn a_team_reads_of_its_own() {
        let network = [(Change::Team(Some("network".into())), 1)];
        for (changes, team, named) in [
            (network.as_slice(), None, true),
            (&network, Some("network"), true),
            (&network, Some("support"), false),
            (&[], Some("support"), false),
            (&[], None, true),
        ] {
            let mut lists = Lists::default();
            lists.add(on(changes, 1, Matter::Unconfirmed), &Scope { team: team.map(str::to_owned), ..scope(2, 1) });
            assert_eq!(!lists.is_empty(), named, "{team:?}");
        }
    }

    #[test]
    fn the_newest_are_named_and_the_others_counted() {
        for (count, named, more) in [(0, 0, 0), (1, 1, 0), (10, 10, 0), (11, 10, 1), (25, 10, 15)] {
            let mut list = List::default();
            // In an order that is none.
            (0..count).map(|n| n * 7 % count).for_each(|n| list.add(on(&[], n, Matter::Unconfirmed)));
            let days: Vec<i64> = list.newest.iter().map(|one| (one.since - day(0)).num_days()).collect();
            assert_eq!(days, (0..count).rev().take(named).collect::<Vec<_>>());
            assert_eq!(list.more(), more);
        }
    }
}
