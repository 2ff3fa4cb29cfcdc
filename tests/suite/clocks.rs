//! Clocks against the simplest account of them: minute by minute.

use std::sync::{Arc, LazyLock};

use chrono::{DateTime, Duration, Utc, Weekday};
use postdesk::domain::calendar::{Calendar, Hours};
use postdesk::domain::message::{Address, Person};
use postdesk::domain::policy::{Policy, Targets};
use postdesk::domain::sla::{self, Due};
use postdesk::domain::ticket::{Change, Clock, Priority, Status, Ticket, TicketNo};
use postdesk::domain::{Answer, Case, CauseKey, Event, Query, What, notify};
use proptest::prelude::*;

fn at(text: &str) -> DateTime<Utc> {
    text.parse().unwrap()
}

/// Office hours of Shanghai with a break at noon; an answer in four hours, a word each day, a solution in three days.
fn policy() -> Policy {
    static BUILT_IN: LazyLock<Policy> =
        LazyLock::new(|| Policy::clone(&postdesk::policy::builtin().unwrap_or_else(|_| panic!("what is built in is sound")).policy));
    let mut policy = BUILT_IN.clone();
    let week = vec![Weekday::Mon, Weekday::Tue, Weekday::Wed, Weekday::Thu, Weekday::Fri];
    let hours = [(540, 720), (780, 1080)].map(|(from, to)| Hours { days: week.clone(), from, to });
    policy.desk.timezone = chrono_tz::Asia::Shanghai;
    policy.calendar = Some(Calendar { hours: hours.into(), holidays: Vec::new(), workdays: Vec::new() });
    let targets =
        Targets { first_response: Some(Duration::hours(4)), update: Some(Duration::hours(8)), resolution: Some(Duration::hours(24)) };
    policy.sla.insert(Priority::Normal, targets);
    policy
}

fn ticket(opened: DateTime<Utc>) -> Ticket {
    let requester = Person { name: "Alice".into(), address: Address::parse("alice@ext.test").unwrap() };
    let mut ticket = Ticket::open(TicketNo(1001), "VPN".into(), requester, "support".into(), "en".into(), opened);
    ticket.clocked = true;
    ticket
}

#[test]
fn promises_are_made_in_the_readers_words() {
    let policy = policy();
    // Tuesday, 10:00 in Shanghai.
    let now = at("2026-12-01T10:00:00+08:00");
    for (then, en, zh, de) in [
        ("2026-12-01T14:00:00+08:00", "14:00 today", "今天 14:00", "2026-12-01 14:00"),
        ("2026-12-02T00:30:00+08:00", "Wednesday 00:30", "周三 00:30", "2026-12-02 00:30"),
        ("2026-12-07T09:15:00+08:00", "Monday 09:15", "周一 09:15", "2026-12-07 09:15"),
        ("2026-12-08T09:15:00+08:00", "Tuesday 8 December, 09:15", "12 月 8 日（周二）09:15", "2026-12-08 09:15"),
        ("2026-12-13T09:15:00+08:00", "Sunday 13 December, 09:15", "12 月 13 日（周日）09:15", "2026-12-13 09:15"),
    ] {
        let words = |language| notify::promised(at(then), now, language, &policy);
        assert_eq!([words("en"), words("zh"), words("de")], [en, zh, de], "{then}");
    }
    for (exact, rounded) in [("13:45:00", "13:45:00"), ("13:45:01", "14:00:00"), ("13:59:59.5", "14:00:00"), ("23:50:00", "24:00:00")] {
        let day = at("2026-12-01T00:00:00Z");
        let time = |text: &str| match text {
            "24:00:00" => day + Duration::days(1),
            _ => at(&format!("2026-12-01T{text}Z")),
        };
        assert_eq!(sla::rounded(time(exact)), time(rounded), "{exact}");
    }
}

#[test]
fn a_clock_runs_only_where_it_may() {
    let policy = policy();
    let opened = at("2026-12-01T09:00:00+08:00");
    let ends = |change: &dyn Fn(&mut Ticket)| {
        let mut ticket = ticket(opened);
        change(&mut ticket);
        let end = |clock| sla::deadline(&ticket, clock, &policy).map(|at| (at - opened).num_hours());
        [Clock::FirstResponse, Clock::Update, Clock::Resolution].map(end)
    };
    assert_eq!(ends(&|_| ()), [Some(5), None, Some(57)], "no word is due beside the first answer");
    assert_eq!(ends(&|t| t.clocked = false), [None; 3]);
    assert_eq!(ends(&|t| t.priority = Priority::Low), [None; 3], "no times for this priority");
    let told = |t: &mut Ticket| (t.answered, t.told) = (Some(opened + Duration::hours(1)), Some(opened + Duration::hours(1)));
    assert_eq!(ends(&told), [None, Some(25), Some(57)]);
    assert_eq!(ends(&|t| t.quiet = true), [Some(5), None, Some(57)], "somebody has to take it up");
    assert_eq!(ends(&|t| (t.quiet, t.owner) = (true, Some("li".into()))), [None, None, Some(57)]);
    let waits = |t: &mut Ticket| drop(t.apply(&Change::Status(Status::Waiting), opened + Duration::hours(1)));
    assert_eq!(ends(&waits), [None; 3]);
}

/// Whatever strikes, deciding it once settles it: nothing is due a second time at the same moment.
fn settles(ticket: &Ticket, policy: &Policy, now: DateTime<Utc>) -> Ticket {
    let mut case = Case::default();
    case.learn(Query::Ticket(ticket.number), Answer::Ticket(Some(Box::new(ticket.clone()))));
    let event = Event { key: CauseKey("due".into()), at: now, what: What::Due(ticket.number) };
    let mut after = ticket.clone();
    loop {
        match postdesk::domain::decide(&case, &event, policy, now) {
            Ok(decision) => {
                for (_, change) in &decision.changes {
                    after.apply(change, now);
                }
                return after;
            }
            Err(need) => need.0.into_iter().for_each(|query| case.learn(query, Answer::Count(0))),
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 60, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn deadlines_are_what_counting_minutes_gives(
        start in 0_i64..7 * 1440,
        length in 1_i64..1500,
        moves in proptest::collection::vec((1_i64..3000, proptest::sample::select(Status::ALL.to_vec())), 0..6),
    ) {
        let mut policy = policy();
        let targets = Targets { resolution: Some(Duration::minutes(length)), ..Targets::default() };
        policy.sla.insert(Priority::Normal, targets);
        let opened = at("2026-12-01T00:00:00Z") + Duration::minutes(start);
        let mut ticket = ticket(opened);
        let mut turns = vec![(opened, true)];
        let mut now = opened;
        for (after, status) in moves {
            now += Duration::minutes(after);
            ticket.apply(&Change::Status(status), now);
            turns.push((now, matches!(ticket.status, Status::New | Status::Open)));
        }
        let calendar = policy.calendar.clone().unwrap();
        let ours = |at: DateTime<Utc>| turns.iter().rev().find(|(from, _)| *from <= at).is_some_and(|(_, ours)| *ours);
        let mut ran = 0;
        let minutes = (0..60 * 1440).map(|n| opened + Duration::minutes(n));
        let counted = minutes.into_iter().find(|minute| {
            ran += i64::from(ours(*minute) && calendar.is_open(*minute, policy.desk.timezone));
            ran == length
        });
        let counted = counted.map(|minute| minute + Duration::minutes(1));
        // After the last move it stands still for good, or goes on.
        let told = sla::deadline(&ticket, Clock::Resolution, &policy);
        prop_assert_eq!(told.or(counted.filter(|_| ticket.paused_since().is_some())), counted);
    }

    #[test]
    fn every_strike_settles_what_struck(
        start in 0_i64..7 * 1440,
        later in 1_i64..40 * 1440,
        status in proptest::sample::select(Status::ALL.to_vec()),
        remind in proptest::option::of(1_i64..10),
    ) {
        let mut policy = policy();
        policy.closing.remind = remind.map(Duration::days);
        let opened = at("2026-12-01T00:00:00Z") + Duration::minutes(start);
        let mut ticket = ticket(opened);
        ticket.apply(&Change::Status(status), opened + Duration::minutes(5));
        let now = opened + Duration::minutes(later);
        let policy = Arc::new(policy);
        let after = settles(&ticket, &policy, now);
        prop_assert!(sla::next_due(&after, &policy).is_none_or(|at| at > now), "{:?}", sla::due(&after, &policy));
        let calm = sla::due(&ticket, &policy).is_none_or(|(at, _)| at > now);
        prop_assert_eq!(calm, after == ticket);
        if let Some((_, Due::Over(clock))) = sla::due(&after, &policy) {
            prop_assert!(after.alarms.contains_key(&clock), "what is over was running out before");
        }
    }
}
