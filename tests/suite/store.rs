//! One conformance suite for every backend, then what only SQLite has: its file, its migrations.

use std::collections::BTreeSet;
use std::path::Path;
use std::sync::mpsc;
use std::time::Duration as Wait;

use chrono::Duration;
use postdesk::domain::attachment::{Attachment, Span, Transfer};
use postdesk::domain::audit::Class;
use postdesk::domain::confirm::Grant;
use postdesk::domain::doubt::{Doubt, Suspicion};
use postdesk::domain::message::{
    Arrival, Cursor, Enclosure, Folder, Held, Letter, LetterId, LetterKey, LetterKind, MessageId, Place, TemplateName, Withheld, Wording,
};
use postdesk::domain::reports::{Scope, Tally};
use postdesk::domain::ticket::{Alert, Change, Priority, Status, Ticket, TicketNo, Version};
use postdesk::domain::unsettled::{Lists, Matter, Unsettled};
use postdesk::domain::{Answer, Asked, CauseKey, HeldLetter, Known, Outbox, Outcome, Query, Reader, Reason, Sent, TicketFile, Undelivered};
use postdesk::store::lock::DataLock;
use postdesk::store::{
    CauseId, Commit, CommitError, CommittedMail, Conflict, Fate, Note, Pending, PendingBody, Received, Store, TicketFilter, TicketState,
};

use crate::common::{
    MAILBOX, Scratch, address, arrival, changed, commits, inbox, letter, mail, message_id, minute, nothing, opening, ticket, uid, wording,
};

type Open<'a> = &'a dyn Fn(&Path) -> Box<dyn Store>;

/// Every rule of `store::Store`, each on a store of its own.
fn conforms(open: impl Fn(&Path) -> Box<dyn Store>) {
    type Rule = fn(Open<'_>, &Path);
    let rules: &[(&str, Rule)] = &[
        ("a message is received once", a_message_is_received_once),
        ("each mail of a folder is accounted for", each_mail_of_a_folder_is_accounted_for),
        ("mails keep what they came with", mails_keep_what_they_came_with),
        ("causes wait in order", causes_wait_in_order),
        ("a note is a cause once", a_note_is_a_cause_once),
        ("a batch is all or nothing", a_batch_is_all_or_nothing),
        ("handles share a file", handles_share_a_file),
        ("a writer waits for another", a_writer_waits_for_another),
        ("numbers belong to causes", numbers_belong_to_causes),
        ("a cause is decided once", a_cause_is_decided_once),
        ("a changed ticket is a conflict", a_changed_ticket_is_a_conflict),
        ("the journal tells everything", the_journal_tells_everything),
        ("ids lead to tickets", ids_lead_to_tickets),
        ("tickets are found", tickets_are_found),
        ("keys lead to tickets", keys_lead_to_tickets),
        ("clocks strike", clocks_strike),
        ("the queue has an order", the_queue_has_an_order),
        ("envelopes end", envelopes_end),
        ("a refusal becomes a cause", a_refusal_becomes_a_cause),
        ("held letters wait", held_letters_wait),
        ("what waits is listed", what_waits_is_listed),
        ("letters that wait are replaced and taken back", letters_that_wait_are_replaced),
        ("files lie once", files_lie_once),
        ("a ticket knows its files", a_ticket_knows_its_files),
        ("automatic mail is counted", automatic_mail_is_counted),
        ("answers that cross are seen", answers_that_cross_are_seen),
        ("a confirmed mail is a cause of its own", a_confirmed_mail_is_a_cause_of_its_own),
        ("an unclean end is noticed", an_unclean_end_is_noticed),
        ("the quarantine keeps the bytes", the_quarantine_keeps_the_bytes),
        ("large mails stay whole", large_mails_stay_whole),
        ("values have names", values_have_names),
    ];
    for (name, rule) in rules {
        println!("{name}");
        let scratch = Scratch::new("store");
        rule(&open, scratch.path());
    }
}

#[test]
fn sqlite_conforms() {
    conforms(|dir| postdesk::store::open(dir).unwrap());
}

// ---- short words for the rules ----

fn new(received: Received) -> CauseId {
    match received {
        Received::New(cause) => cause,
        Received::Copy(cause) => panic!("cause {} is a copy", cause.0),
    }
}

fn raw_of(pending: &Pending) -> &[u8] {
    match &pending.body {
        PendingBody::Mail(mail) => &mail.raw,
        PendingBody::Note(note) => panic!("{note:?} is no mail"),
    }
}

fn keys(pending: &[Pending]) -> Vec<&str> {
    pending.iter().map(|p| p.key.0.as_str()).collect()
}

fn ask(store: &mut dyn Store, query: Query) -> Answer {
    store.answer(&CauseKey("explain:1".into()), &query).unwrap()
}

fn number(store: &mut dyn Store, cause: &Pending) -> TicketNo {
    match store.answer(&cause.key, &Query::NewNumber).unwrap() {
        Answer::Number(number) => number,
        other => panic!("{other:?} is no number"),
    }
}

/// A note that waits.
fn note(store: &mut dyn Store, key: &str, at: i64) -> Pending {
    assert!(store.enqueue(&CauseKey(key.into()), minute(at), &Note::Due { ticket: TicketNo(1) }).unwrap());
    store.pending(1000).unwrap().into_iter().find(|p| p.key.0 == key).unwrap()
}

/// A mail that waits.
fn waiting(store: &mut dyn Store, id: &str, at: i64) -> Pending {
    let cause = new(store.receive(arrival(mail(id, "Ann <ann@corp.example>", "VPN down", "Help!"), minute(at)).into()).unwrap());
    store.pending(1000).unwrap().into_iter().find(|p| p.id == cause).unwrap()
}

/// A mail that opened a ticket.
fn opened(store: &mut dyn Store, id: &str, requester: &str, at: i64) -> Ticket {
    let cause = waiting(store, id, at);
    let ticket = ticket(number(store, &cause), requester, minute(at));
    commits(&mut *store, &opening(&cause, &ticket, id, minute(at))).unwrap();
    ticket
}

/// A note that changed a ticket.
fn change(store: &mut dyn Store, ticket: &Ticket, change: Change, at: i64) -> Ticket {
    let next = changed(ticket, std::slice::from_ref(&change), minute(at));
    let cause = note(store, &format!("change:{}:{}", ticket.number.0, next.version.0), at);
    let before = ticket.clone().apply(&change, minute(at));
    let state = TicketState { ticket: next.clone(), next_due: None };
    commits(&mut *store, &Commit { tickets: vec![state], changes: vec![(ticket.number, change, before)], ..nothing(&cause, minute(at)) })
        .unwrap();
    next
}

/// A note that queued letters.
fn post(store: &mut dyn Store, key: &str, at: i64, letters: Vec<Letter>) {
    let cause = note(store, key, at);
    commits(&mut *store, &Commit { letters, ..nothing(&cause, minute(at)) }).unwrap();
}

// ---- T1 ----

fn a_message_is_received_once(open: Open<'_>, dir: &Path) {
    let mut store = open(dir);
    let first = mail("1@a", "Ann <ann@corp.example>", "VPN", "line 1\nline 2");
    let place = |place: Place, raw: &[u8]| Arrival { place: Some(place), ..arrival(raw, minute(0)) };
    let cause = new(store.receive(place(uid(7, 1), &first).into()).unwrap());
    assert_eq!(store.receive(place(uid(7, 1), &first).into()).unwrap(), Received::Copy(cause), "the same place");
    assert_eq!(store.receive(place(uid(8, 1), &first).into()).unwrap(), Received::Copy(cause), "another UIDVALIDITY");
    assert_eq!(store.receive(arrival(first.clone(), minute(3)).into()).unwrap(), Received::Copy(cause), "by a pipe");
    let crlf = String::from_utf8(first.clone()).unwrap().replace('\n', "\r\n").replace("by mx", "by another mx").into_bytes();
    assert_eq!(store.receive(arrival(crlf, minute(3)).into()).unwrap(), Received::Copy(cause), "another road");
    for known in [uid(7, 1), uid(8, 1)] {
        assert!(store.has_place(&known).unwrap());
    }
    let file = Place { name: "1700000000.M1P1.host".into(), ..uid(0, 0) };
    for unknown in [uid(7, 2), uid(9, 1), file.clone()] {
        assert!(!store.has_place(&unknown).unwrap());
    }

    let other = new(store.receive(arrival(mail("1@a", "Ann <ann@corp.example>", "VPN", "line 3"), minute(1)).into()).unwrap());
    let bare = new(store.receive(place(file.clone(), b"Subject: no id\n\nx\n").into()).unwrap());
    assert_eq!(store.receive(arrival(b"Subject: no id\n\nx\n", minute(9)).into()).unwrap(), Received::Copy(bare));
    new(store.receive(arrival(b"", minute(2)).into()).unwrap());
    store.flush().unwrap();
    drop(store);

    let mut store = open(dir);
    assert!(store.has_place(&file).unwrap());
    assert_eq!(store.receive(arrival(first, minute(4)).into()).unwrap(), Received::Copy(cause), "after a new start");
    let defects: Vec<_> =
        store.pending(9).unwrap().into_iter().map(|p| (p.id, matches!(p.body, PendingBody::Mail(m) if m.same_id_other_body))).collect();
    assert_eq!(defects.iter().filter(|(_, defect)| *defect).collect::<Vec<_>>(), [&(other, true)]);
    assert_eq!(store.counts(minute(0)).unwrap().messages, 4);
}

fn mails_keep_what_they_came_with(open: Open<'_>, dir: &Path) {
    let mut store = open(dir);
    let cursor = Cursor { uidvalidity: 4_000_000_000, next_uid: 4_000_000_001, since: minute(-5) };
    assert_eq!(store.cursor(&inbox()).unwrap(), None);
    let raw = [b"Message-ID: <1@a>\r\n\r\n".as_slice(), &(0..=255).cycle().take(3000).collect::<Vec<u8>>()].concat();
    let sent = Arrival {
        mailbox: "支持".into(),
        place: Some(uid(4_000_000_000, 4_000_000_000)),
        whole_size: Some(40_000_000),
        quiet: true,
        cursor: Some((inbox(), cursor)),
        ..arrival(raw.clone(), minute(1))
    };
    let cause = new(store.receive(sent.clone().into()).unwrap());
    store.flush().unwrap();
    for mut store in [store, open(dir)] {
        assert_eq!(store.cursor(&inbox()).unwrap(), Some(cursor));
        // Twice: what was asked for stays until it is decided.
        for _ in 0..2 {
            let pending = store.pending(5).unwrap();
            let [Pending { id, at, attempts: 0, body: PendingBody::Mail(mail), .. }] = pending.as_slice() else { panic!("{pending:?}") };
            assert_eq!((*id, *at, mail.mailbox.as_str(), &mail.raw), (cause, minute(1), "支持", &raw));
            assert_eq!((mail.whole_size, mail.quiet, mail.same_id_other_body), (Some(40_000_000), true, false));
        }
        assert_eq!(store.raw(cause).unwrap().as_ref(), Some(&raw));
    }
    let mut store = open(dir);
    store.set_cursor(&inbox(), Cursor { next_uid: 7, ..cursor }).unwrap();
    assert_eq!(store.cursor(&inbox()).unwrap().unwrap().next_uid, 7);
}

fn causes_wait_in_order(open: Open<'_>, dir: &Path) {
    let mut store = open(dir);
    for (key, at) in [("c", 3), ("a", 1), ("b1", 2), ("b2", 2)] {
        note(&mut *store, key, at);
    }
    assert_eq!(keys(&store.pending(9).unwrap()), ["a", "b1", "b2", "c"]);
    assert_eq!(keys(&store.pending(2).unwrap()), ["a", "b1"]);
    assert!(store.pending(0).unwrap().is_empty());

    let b1 = store.pending(2).unwrap().pop().unwrap();
    assert_eq!(store.attempt(b1.id).unwrap(), 1);
    assert_eq!(store.attempt(b1.id).unwrap(), 2);
    assert_eq!(keys(&store.pending(9).unwrap()), ["a"], "what runs alone ends a list");
    let a = store.pending(1).unwrap().pop().unwrap();
    commits(&mut *store, &nothing(&a, minute(5))).unwrap();
    let alone = store.pending(9).unwrap();
    assert_eq!((keys(&alone), alone[0].attempts), (vec!["b1"], 2));
    commits(&mut *store, &nothing(&b1, minute(5))).unwrap();
    assert_eq!(keys(&store.pending(9).unwrap()), ["b2", "c"]);
}

fn a_note_is_a_cause_once(open: Open<'_>, dir: &Path) {
    let mut store = open(dir);
    let notes = [
        Note::Due { ticket: TicketNo(1042) },
        Note::Slot { name: "daily".into(), at: minute(60), last: Some(minute(30)) },
        Note::Undelivered(Undelivered {
            letter: LetterId(3),
            kind: LetterKind::Notice,
            ticket: None,
            subject: "打印机".into(),
            to: address("li@corp.example"),
            why: "550 5.1.1 no such user".into(),
        }),
    ];
    for (i, note) in (0..).zip(&notes) {
        let key = CauseKey(format!("note:{i}"));
        assert!(store.enqueue(&key, minute(i), note).unwrap());
        assert!(!store.enqueue(&key, minute(9), note).unwrap());
    }
    store.flush().unwrap();
    let mut store = open(dir);
    let found = store.pending(9).unwrap();
    for (pending, note) in found.iter().zip(&notes) {
        assert!(matches!(&pending.body, PendingBody::Note(n) if n == note));
        commits(&mut *store, &nothing(pending, minute(9))).unwrap();
    }
    assert_eq!(found.len(), notes.len());
    assert!(!store.enqueue(&CauseKey("note:1".into()), minute(10), &notes[1]).unwrap(), "done is known, too");
    assert_eq!(store.counts(minute(0)).unwrap().messages, 0);
}

// ---- batches ----

fn a_batch_is_all_or_nothing(open: Open<'_>, dir: &Path) {
    let mut store = open(dir);
    opened(&mut *store, "kept@a", "ann@corp.example", 0);
    store.flush().unwrap();

    let lost = |store: &mut dyn Store| {
        let cause = waiting(store, "lost@a", 1);
        let ticket = ticket(number(store, &cause), "bob@corp.example", minute(1));
        let letters = vec![letter("l", LetterKind::Automatic, Some(ticket.number), &["bob@corp.example"])];
        commits(&mut *store, &Commit { letters, ..opening(&cause, &ticket, "lost@a", minute(1)) }).unwrap();
        store.set("slot", "1").unwrap();
        store.set_cursor(&inbox(), Cursor { uidvalidity: 1, next_uid: 2, since: minute(0) }).unwrap();
        new(store.receive(Arrival { place: Some(uid(1, 1)), ..arrival(mail("too@a", "x@a", "", ""), minute(2)) }.into()).unwrap());
        assert_eq!(store.mark(9).unwrap().len(), 1);
        assert_eq!((store.counts(minute(0)).unwrap().messages, store.outbox(false, 9).unwrap().len()), (3, 1), "seen at once");
        assert_eq!(store.pending(9).unwrap().len(), 1);
    };
    let as_before = |store: &mut dyn Store| {
        let counts = store.counts(minute(0)).unwrap();
        assert_eq!((counts.messages, counts.pending, counts.tickets), (1, 0, vec![("new".into(), 1)]));
        assert_eq!((store.outbox(true, 9).unwrap(), store.get("slot").unwrap(), store.cursor(&inbox()).unwrap()), (vec![], None, None));
        assert!(store.pending(9).unwrap().is_empty() && !store.has_place(&uid(1, 1)).unwrap());
        assert_eq!(ask(store, Query::Known(vec![message_id("lost@a"), message_id("l@desk.example")])), Answer::Known(vec![]));
        assert_eq!(store.recover().unwrap(), 0);
    };
    lost(&mut *store);
    store.drop_batch().unwrap();
    as_before(&mut *store);
    store.drop_batch().unwrap();

    lost(&mut *store);
    drop(store);
    let mut store = open(dir);
    as_before(&mut *store);
    store.flush().unwrap();

    // The same work again has the same end.
    lost(&mut *store);
    store.flush().unwrap();
    store.drop_batch().unwrap();
    drop(store);
    let store = open(dir);
    assert_eq!((store.counts(minute(0)).unwrap().messages, store.get("slot").unwrap().as_deref()), (3, Some("1")));
}

fn handles_share_a_file(open: Open<'_>, dir: &Path) {
    let (mut daemon, mut pipe) = (open(dir), open(dir));
    let first = waiting(&mut *daemon, "1@a", 1);
    assert!(pipe.pending(9).unwrap().is_empty(), "nobody else sees an open batch");
    daemon.flush().unwrap();
    assert_eq!(pipe.pending(9).unwrap().len(), 1);

    // The daemon asks and is idle: it keeps nobody out.
    assert_eq!(daemon.next_wake().unwrap(), None);
    assert!(daemon.claim(minute(9), 9, &[MAILBOX.to_owned()]).unwrap().is_empty());
    assert_eq!(daemon.pending(9).unwrap().len(), 1);
    let second = waiting(&mut *pipe, "2@a", 0);
    pipe.flush().unwrap();
    assert_eq!(
        pipe.receive(arrival(mail("1@a", "Ann <ann@corp.example>", "VPN down", "Help!"), minute(3)).into()).unwrap(),
        Received::Copy(first.id)
    );
    pipe.flush().unwrap();
    let seen = daemon.pending(9).unwrap();
    assert_eq!(seen.iter().map(|p| p.id).collect::<Vec<_>>(), [second.id, first.id]);
    assert_eq!(raw_of(&seen[0]), raw_of(&second));
    daemon.commit(&nothing(&first, minute(4))).unwrap();
    daemon.flush().unwrap();
    assert_eq!(pipe.pending(9).unwrap().len(), 1);
}

fn a_writer_waits_for_another(open: Open<'_>, dir: &Path) {
    let mut daemon = open(dir);
    waiting(&mut *daemon, "1@a", 1);
    let (told, tell) = mpsc::channel();
    let mut pipe = open(dir);
    let other = std::thread::spawn(move || {
        told.send(()).unwrap();
        waiting(&mut *pipe, "2@a", 2);
        pipe.flush().unwrap();
    });
    tell.recv().unwrap();
    std::thread::sleep(Wait::from_millis(50));
    assert!(!other.is_finished(), "a batch is open");
    daemon.flush().unwrap();
    other.join().unwrap();
    assert_eq!(daemon.pending(9).unwrap().len(), 2);
}

fn each_mail_of_a_folder_is_accounted_for(open: Open<'_>, dir: &Path) {
    let mut store = open(dir);
    let receive = |store: &mut dyn Store, place: Place, id: &str, at: i64| {
        let arrival = Arrival { place: Some(place), ..arrival(mail(id, "Ann <ann@corp.example>", "VPN", id), minute(at)) };
        new(store.receive(arrival.into()).unwrap())
    };
    let causes = [1, 2, 3].map(|n| receive(&mut *store, uid(7, n), &format!("{n}@a"), i64::from(n)));
    receive(&mut *store, uid(8, 1), "of another UIDVALIDITY", 4);
    let [opened, _, poison] = causes;
    let cause = store.pending(9).unwrap().into_iter().find(|p| p.id == opened).unwrap();
    let ticket = ticket(number(&mut *store, &cause), "ann@corp.example", minute(1));
    commits(&mut *store, &opening(&cause, &ticket, "1@a", minute(1))).unwrap();
    store.quarantine(poison, "it broke the desk", minute(5)).unwrap();
    let place = uid(7, 9);
    let key = Withheld::key(&place);
    let withheld = Withheld { mailbox: MAILBOX.into(), place, at: minute(5), size: 9, why: "NO".into(), header: String::new() };
    store.enqueue(&key, minute(5), &Note::Withheld(withheld)).unwrap();
    let cause = store.pending(9).unwrap().into_iter().find(|p| p.key == key).unwrap();
    store.quarantine(cause.id, "its server does not give it out", minute(6)).unwrap();
    let told = |folder: &Folder| {
        let mut told: Vec<_> = store.classes(folder, 7).unwrap().into_iter().map(|(spot, class)| (spot.uid, class)).collect();
        told.sort_unstable();
        told
    };
    let expected = [(1, Class::Opened), (2, Class::Undecided), (3, Class::Quarantined), (9, Class::Quarantined)];
    assert_eq!(told(&uid(7, 1).folder), expected);
    assert_eq!(told(&Folder { user: "another".into(), ..uid(7, 1).folder }), []);
}

// ---- T2 ----

fn numbers_belong_to_causes(open: Open<'_>, dir: &Path) {
    let mut store = open(dir);
    let [a, b, c] = ["a", "b", "c"].map(|key| note(&mut *store, key, 1));
    store.flush().unwrap();
    assert_eq!(ask(&mut *store, Query::NewNumber), Answer::Number(TicketNo(1001)), "what is no cause is told the next one");
    assert_eq!([&a, &b, &a].map(|cause| number(&mut *store, cause).0), [1001, 1002, 1001]);
    assert_eq!(ask(&mut *store, Query::NewNumber), Answer::Number(TicketNo(1003)));
    store.drop_batch().unwrap();
    assert_eq!([&b, &a].map(|cause| number(&mut *store, cause).0), [1001, 1002], "nobody saw the first ones");
    store.flush().unwrap();
    drop(store);
    let mut store = open(dir);
    assert_eq!([&a, &b, &c, &c].map(|cause| number(&mut *store, cause).0), [1002, 1001, 1003, 1003]);
    store.quarantine(c.id, "poison", minute(2)).unwrap();
    let d = note(&mut *store, "d", 1);
    assert_eq!([&d, &c].map(|cause| number(&mut *store, cause).0), [1004, 1003], "never used again");
}

fn a_cause_is_decided_once(open: Open<'_>, dir: &Path) {
    let mut store = open(dir);
    let cause = note(&mut *store, "a", 1);
    commits(&mut *store, &nothing(&cause, minute(1))).unwrap();
    assert!(store.pending(9).unwrap().is_empty());
    store.flush().unwrap();

    let again = Commit { letters: vec![letter("l", LetterKind::Notice, None, &["li@corp.example"])], ..nothing(&cause, minute(2)) };
    note(&mut *store, "b", 1);
    assert!(matches!(commits(&mut *store, &again), Err(CommitError::Unavailable(_))));
    assert!(store.flush().is_err(), "a batch with a failed write cannot be made durable");
    assert!(store.set("x", "y").is_err());
    store.drop_batch().unwrap();
    assert!(store.pending(9).unwrap().is_empty() && store.outbox(true, 9).unwrap().is_empty());

    let cause = note(&mut *store, "c", 1);
    let wrong = Commit { key: CauseKey("d".into()), ..nothing(&cause, minute(1)) };
    assert!(commits(&mut *store, &wrong).is_err(), "the row is another cause's");
    store.drop_batch().unwrap();
    store.set("x", "y").unwrap();
    store.flush().unwrap();
    assert_eq!(open(dir).get("x").unwrap().as_deref(), Some("y"));
}

fn a_changed_ticket_is_a_conflict(open: Open<'_>, dir: &Path) {
    let mut store = open(dir);
    let first = opened(&mut *store, "1@a", "ann@corp.example", 0);
    let other = opened(&mut *store, "2@a", "bob@corp.example", 0);
    let second = change(&mut *store, &first, Change::Status(Status::Open), 1);
    let cause = note(&mut *store, "late", 2);
    let versions = |n: i64| changed(&Ticket { version: Version(n - 1), ..first.clone() }, &[Change::Owner(Some("li".into()))], minute(2));
    for (stale, what) in [(versions(1), "opened again"), (versions(2), "decided on the first"), (versions(4), "one ahead")] {
        let good = changed(&other, &[Change::Owner(Some("li".into()))], minute(2));
        let tickets = [good, stale].map(|ticket| TicketState { ticket, next_due: None }).to_vec();
        let letters = vec![letter("l", LetterKind::Notice, Some(first.number), &["li@corp.example"])];
        match commits(&mut *store, &Commit { tickets, letters, ..nothing(&cause, minute(2)) }) {
            Err(CommitError::Conflict(conflict)) => assert_eq!(conflict, Conflict(first.number), "{what}"),
            other => panic!("{what}: {other:?}"),
        }
    }
    let unknown = changed(&Ticket { number: TicketNo(5000), ..first.clone() }, &[], minute(2));
    let tickets = vec![TicketState { ticket: unknown, next_due: None }];
    assert!(matches!(
        commits(&mut *store, &Commit { tickets, ..nothing(&cause, minute(2)) }),
        Err(CommitError::Conflict(Conflict(TicketNo(5000))))
    ));

    // Nothing was written, and the batch goes on.
    assert_eq!((store.ticket(first.number).unwrap(), store.ticket(other.number).unwrap()), (Some(second.clone()), Some(other.clone())));
    assert!(store.outbox(true, 9).unwrap().is_empty());
    assert_eq!(store.history(other.number).unwrap().len(), 1);
    let tickets = vec![TicketState { ticket: versions(3), next_due: None }];
    commits(&mut *store, &Commit { tickets, ..nothing(&cause, minute(2)) }).unwrap();
    store.flush().unwrap();
    assert_eq!(open(dir).ticket(first.number).unwrap(), Some(versions(3)));
}

fn the_journal_tells_everything(open: Open<'_>, dir: &Path) {
    let mut store = open(dir);
    let first = opened(&mut *store, "1@a", "ann@corp.example", 0);
    let other = opened(&mut *store, "2@a", "bob@corp.example", 1);
    let cause = waiting(&mut *store, "3@a", 2);
    let steps = [Change::Priority(postdesk::domain::ticket::Priority::Urgent), Change::Field("error_code".into(), Some("809".into()))];
    let mut next = first.clone();
    let mut changes: Vec<_> = steps.iter().map(|step| (first.number, step.clone(), next.apply(step, minute(3)))).collect();
    next.version = Version(2);
    changes.push((other.number, Change::Label("dup".into(), true), Some(Change::Label("dup".into(), false))));
    let commit = Commit {
        actor: "li".into(),
        outcome: Outcome::Joined { ticket: first.number },
        tickets: vec![TicketState { ticket: next.clone(), next_due: None }],
        changes: changes.clone(),
        because: vec![Reason("主题中的 [#1001]".into()), Reason("two".into())],
        mail: Some(CommittedMail {
            id: None,
            references: vec![],
            from: None,
            ticket: Some(first.number),
            internal: true,
            files: vec![],
            suspect: None,
            text: "仅供内部".into(),
        }),
        ..nothing(&cause, minute(3))
    };
    commits(&mut *store, &commit).unwrap();
    store.flush().unwrap();

    let mut store = open(dir);
    assert_eq!(ask(&mut *store, Query::FirstWords(first.number)), Answer::Words("My VPN is down.".into()));
    assert_eq!(ask(&mut *store, Query::FirstWords(TicketNo(9))), Answer::Words(String::new()));
    let rows = store.history(first.number).unwrap();
    assert_eq!(rows.iter().map(|row| row.at).collect::<Vec<_>>(), [minute(0), minute(3)]);
    assert_eq!(rows[0].changes, [(first.number, Change::Opened(Box::new(first.clone())), None)]);
    assert_eq!((rows[0].text.as_deref(), rows[0].internal), (Some("My VPN is down."), false));
    let row = &rows[1];
    assert_eq!((&row.cause, row.actor.as_str(), row.policy.as_str()), (&cause.key, "li", "0123456789abcdef"));
    assert_eq!((&row.outcome, &row.because, &row.changes), (&commit.outcome, &commit.because, &changes));
    assert_eq!((row.text.as_deref(), row.internal), (Some("仅供内部"), true));
    assert_eq!(store.history(other.number).unwrap().len(), 2, "a row belongs to every ticket that it speaks of");
    assert!(store.history(TicketNo(9)).unwrap().is_empty());
    let ignored = waiting(&mut *store, "4@a", 4);
    store.commit(&Commit { outcome: Outcome::Ignored, ..nothing(&ignored, minute(4)) }).unwrap();
    let lone = store.first_mails(2).unwrap();
    assert_eq!((lone.len(), lone[0]), (2, ignored.id), "the last ones");
    assert!(!store.first_mails(9).unwrap().contains(&cause.id), "this one joined a ticket");
    let openings = store.openings(9).unwrap();
    assert_eq!(openings.iter().map(|(_, ticket)| *ticket).collect::<Vec<_>>(), [other.number, first.number], "the last first");
    assert_eq!(store.openings(1).unwrap(), openings[..1]);

    let mut undone = next;
    for (_, _, before) in row.changes.iter().filter(|(number, ..)| *number == first.number).rev() {
        undone.apply(before.as_ref().unwrap(), minute(0));
    }
    assert_eq!(Ticket { version: first.version, updated: first.updated, ..undone }, first, "what undoes each, does");
}

fn ids_lead_to_tickets(open: Open<'_>, dir: &Path) {
    let mut store = open(dir);
    let first = opened(&mut *store, "1@a", "ann@corp.example", 0);
    let cause = waiting(&mut *store, "2@a", 1);
    let second = ticket(number(&mut *store, &cause), "bob@corp.example", minute(1));
    let mut commit = opening(&cause, &second, "2@a", minute(1));
    commit.mail.as_mut().unwrap().references = ["old@elsewhere", "1@a"].map(message_id).to_vec();
    commit.letters = vec![
        letter("with ticket", LetterKind::Automatic, Some(second.number), &["bob@corp.example"]),
        letter("without", LetterKind::Notice, None, &["li@corp.example"]),
        letter("long", LetterKind::Reply, Some(second.number), &["bob@corp.example"]),
    ];
    commits(&mut *store, &commit).unwrap();
    // A mail that was filed nowhere leads nowhere, and what leads somewhere stays.
    let ignored = waiting(&mut *store, "3@a", 2);
    let mut commit = opening(&ignored, &second, "3@a", minute(2));
    (commit.tickets, commit.changes, commit.outcome) = (vec![], vec![], Outcome::Ignored);
    commit.mail.as_mut().unwrap().ticket = None;
    commits(&mut *store, &commit).unwrap();
    let joins = waiting(&mut *store, "4@a", 3);
    let mut commit = opening(&joins, &first, "with.ticket@desk.example", minute(3));
    (commit.tickets, commit.changes, commit.outcome) = (vec![], vec![], Outcome::Filed { ticket: first.number });
    commits(&mut *store, &commit).unwrap();
    store.flush().unwrap();

    let mut store = open(dir);
    let ids: Vec<MessageId> =
        ["x@a", "with.ticket@desk.example", "1@a", "without@desk.example", "2@a", "3@a", "long@desk.example", "old@elsewhere"]
            .map(message_id)
            .to_vec();
    let Answer::Known(known) = ask(&mut *store, Query::Known(ids)) else { panic!() };
    let of = |id: &str, ticket: &Ticket, sent: Option<String>| Known {
        id: message_id(id),
        ticket: ticket.number,
        sent: sent.map(|text| Sent {
            key: LetterKey(id.split('@').next().unwrap().replace('.', " ")),
            template: Some(TemplateName::Ack),
            subject: "[#1001] VPN down".into(),
            text,
        }),
    };
    assert_eq!(
        known,
        [
            of("with.ticket@desk.example", &second, Some(text_of("with ticket"))),
            of("1@a", &first, None),
            of("2@a", &second, None),
            of("long@desk.example", &second, Some(text_of("long"))),
            of("old@elsewhere", &second, None),
        ]
    );
    let rows = store.outbox(true, 9).unwrap();
    let row = rows.iter().find(|r| r.message_id == "long@desk.example").unwrap();
    assert_eq!(store.letter_bytes(row.envelope).unwrap().unwrap(), wording("long").bytes);
}

fn text_of(key: &str) -> String {
    wording(key).text
}

fn counted<'a>(scope: Scope, tickets: impl IntoIterator<Item = &'a Ticket>) -> Answer {
    let mut tally = Tally::new(scope);
    tickets.into_iter().for_each(|ticket| tally.add(ticket.clone()));
    Answer::Tally(Box::new(tally))
}

fn tickets_are_found(open: Open<'_>, dir: &Path) {
    let mut store = open(dir);
    let people = ["ann@corp.example", "bob@corp.example", "ann@corp.example", "ann@corp.example", "ann@corp.example"];
    let made: Vec<Ticket> =
        people.iter().enumerate().map(|(i, who)| opened(&mut *store, &format!("{i}@a"), who, i64::try_from(i).unwrap())).collect();
    let [a, b, c, d, e] = made.try_into().unwrap();
    let b = change(&mut *store, &b, Change::Team(Some("network".into())), 20);
    let c = change(&mut *store, &c, Change::Status(Status::Waiting), 10);
    let d = change(&mut *store, &d, Change::Status(Status::Resolved), 11);
    let e = change(&mut *store, &e, Change::Status(Status::Closed), 12);
    let e = change(&mut *store, &e, Change::Owner(Some("li".into())), 13);
    store.flush().unwrap();

    let mut store = open(dir);
    assert_eq!(store.ticket(c.number).unwrap().as_ref(), Some(&c));
    assert_eq!(store.ticket(TicketNo(1)).unwrap(), None);
    assert_eq!(ask(&mut *store, Query::Ticket(b.number)), Answer::Ticket(Some(Box::new(b.clone()))));
    assert_eq!(ask(&mut *store, Query::Ticket(TicketNo(1))), Answer::Ticket(None));
    let live = |store: &mut dyn Store, who: &str| ask(store, Query::LiveOf(address(who)));
    assert_eq!(live(&mut *store, "ann@corp.example"), Answer::Numbers(vec![c.number, a.number]));
    assert_eq!(live(&mut *store, "nobody@corp.example"), Answer::Numbers(vec![]));
    assert_eq!(ask(&mut *store, Query::Keyed("db1/disk".into())), Answer::Ticket(None));
    for (since, with) in [(11, vec![&a, &b, &c, &d, &e]), (12, vec![&a, &b, &c, &e]), (13, vec![&a, &b, &c, &e]), (14, vec![&a, &b, &c])] {
        let scope = Scope { since: minute(since), until: minute(99), last: minute(since), team: None };
        assert_eq!(ask(&mut *store, Query::Tally(scope.clone())), counted(scope, with), "since minute {since}");
    }

    let all = TicketFilter { limit: 9, ..TicketFilter::default() };
    let list = |filter: TicketFilter| store.tickets(&filter).unwrap().iter().map(|t| t.number).collect::<Vec<_>>();
    assert_eq!(list(all.clone()), [b.number, e.number, d.number, c.number, a.number], "newest change first");
    assert_eq!(list(TicketFilter { limit: 2, ..all.clone() }), [b.number, e.number]);
    assert_eq!(list(TicketFilter { status: vec![Status::New, Status::Closed], ..all.clone() }), [b.number, e.number, a.number]);
    assert_eq!(list(TicketFilter { team: Some("network".into()), ..all.clone() }), [b.number]);
    assert_eq!(list(TicketFilter { owner: Some("li".into()), status: vec![Status::Closed], ..all.clone() }), [e.number]);
    assert_eq!(list(TicketFilter { owner: Some("li".into()), status: vec![Status::New], ..all.clone() }), []);
    let ann = TicketFilter { requester: Some(address("ann@corp.example")), ..all };
    assert_eq!(list(ann), [e.number, d.number, c.number, a.number]);
    let words: Vec<_> = [("new", 2), ("waiting", 1), ("resolved", 1), ("closed", 1)].map(|(word, n)| (word.to_owned(), n)).to_vec();
    assert_eq!(store.counts(minute(0)).unwrap().tickets, words);
}

fn keys_lead_to_tickets(open: Open<'_>, dir: &Path) {
    let mut store = open(dir);
    let keyed = |store: &mut dyn Store, key: &str| match ask(store, Query::Keyed(key.into())) {
        Answer::Ticket(found) => found.map(|ticket| ticket.number),
        other => panic!("{other:?}"),
    };
    let mut alert = |id: &str, key: Option<&str>, at: i64| {
        let cause = waiting(&mut *store, id, at);
        let ticket = Ticket {
            alert: key.map(|key| Alert { key: key.into(), told: minute(at), returned: 0 }),
            version: Version(1),
            ..ticket(number(&mut *store, &cause), "monitor@corp.example", minute(at))
        };
        store.commit(&opening(&cause, &ticket, id, minute(at))).unwrap();
        ticket
    };
    let (first, second, other) = (alert("a", Some("db1/disk"), 0), alert("b", Some("db1/disk"), 1), alert("c", Some("db2/disk"), 2));
    alert("d", None, 3);
    store.flush().unwrap();

    let mut store = open(dir);
    assert_eq!(keyed(&mut *store, "db1/disk"), Some(second.number), "the newest");
    assert_eq!(keyed(&mut *store, "db2/disk"), Some(other.number));
    assert_eq!(keyed(&mut *store, "db1"), None);
    change(&mut *store, &second, Change::Status(Status::Resolved), 4);
    assert_eq!(keyed(&mut *store, "db1/disk"), Some(first.number), "a live one before a newer one that is over");
    let first = change(&mut *store, &first, Change::Status(Status::Closed), 5);
    assert_eq!(keyed(&mut *store, "db1/disk"), Some(second.number));
    let later = Change::Alert(Some(Alert { key: "db3/disk".into(), told: minute(6), returned: 1 }));
    change(&mut *store, &first, later, 6);
    assert_eq!(keyed(&mut *store, "db3/disk"), Some(first.number), "the key follows the ticket");
    store.flush().unwrap();
}

fn clocks_strike(open: Open<'_>, dir: &Path) {
    let mut store = open(dir);
    let mut set = |id: &str, due: Option<chrono::DateTime<chrono::Utc>>| {
        let cause = waiting(&mut *store, id, 0);
        let ticket = ticket(number(&mut *store, &cause), "ann@corp.example", minute(0));
        let mut commit = opening(&cause, &ticket, id, minute(0));
        commit.tickets[0].next_due = due;
        commits(&mut *store, &commit).unwrap();
        store.flush().unwrap();
        ticket.number
    };
    let exact = minute(10) + Duration::nanoseconds(1);
    let (late, early, _never) = (set("1@a", Some(exact)), set("2@a", Some(minute(5))), set("3@a", None));
    let mut store = open(dir);
    let due = |store: &dyn Store, at| store.due(at, 9).unwrap().into_iter().map(|(number, ..)| number).collect::<Vec<_>>();
    assert_eq!(due(&*store, minute(4)), []);
    assert_eq!(due(&*store, minute(5)), [early]);
    assert_eq!(due(&*store, minute(10)), [early], "nothing strikes a nanosecond too early");
    assert_eq!(due(&*store, minute(11)), [early, late]);
    assert_eq!(store.due(minute(11), 1).unwrap(), [(early, Version(1), minute(5))]);
    assert!(store.due(minute(11), 9).unwrap()[1].2 >= exact);
    assert_eq!(store.next_wake().unwrap(), Some(minute(5)));

    let ticket = store.ticket(early).unwrap().unwrap();
    change(&mut *store, &ticket, Change::Status(Status::Closed), 6);
    assert_eq!(due(&*store, minute(11)), [late]);
    let set = |ticket: &Ticket| (ticket.number == late).then(|| minute(20));
    assert_eq!(store.retime(&set).unwrap(), 1, "closed tickets have no clock");
    assert_eq!((due(&*store, minute(19)), due(&*store, minute(20))), (vec![], vec![late]));
    assert_eq!(store.retime(&set).unwrap(), 0);
    store.flush().unwrap();
    post(&mut *store, "post", 6, vec![letter("l", LetterKind::Notice, None, &["li@corp.example"])]);
    assert_eq!(store.next_wake().unwrap(), Some(minute(6)), "an envelope comes first now");
}

// ---- T3 ----

fn the_queue_has_an_order(open: Open<'_>, dir: &Path) {
    use LetterKind::{Automatic, Notice, Reply, Summary};
    let mut store = open(dir);
    post(
        &mut *store,
        "1",
        1,
        vec![letter("s", Summary, None, &["lead@corp.example"]), letter("a", Automatic, None, &["ann@corp.example"])],
    );
    let mut later = letter("later", Reply, None, &["ann@corp.example"]);
    later.not_before = Some(minute(30));
    post(&mut *store, "2", 2, vec![letter("n", Notice, None, &["li@corp.example", "wang@corp.example"]), later]);
    let mut null = letter("r", Reply, None, &["ann@corp.example"]);
    null.reverse_path = None;
    post(&mut *store, "3", 3, vec![null]);
    post(&mut *store, "4", 4, vec![letter("n2", Notice, None, &["li@corp.example"])]);
    assert!(store.claim(minute(0), 9, &[MAILBOX.to_owned()]).unwrap().is_empty());
    store.flush().unwrap();

    let mut store = open(dir);
    let first = store.claim(minute(4), 2, &[MAILBOX.to_owned()]).unwrap();
    let rest = store.claim(minute(4), 9, &[MAILBOX.to_owned()]).unwrap();
    let claimed: Vec<_> = first.iter().chain(&rest).collect();
    let order: Vec<_> = claimed
        .iter()
        .map(|p| (String::from_utf8_lossy(&p.bytes).trim_end().rsplit(' ').next().unwrap().to_owned(), p.to.local().to_owned()))
        .collect();
    let expected = [("r", "ann"), ("n", "li"), ("n", "wang"), ("n2", "li"), ("a", "ann"), ("s", "lead")];
    assert_eq!(order, expected.map(|(key, to)| (key.to_owned(), to.to_owned())));
    assert_eq!((&claimed[0].reverse_path, &claimed[1].reverse_path), (&None, &Some(address("support@desk.example"))));
    assert_eq!((claimed[1].queued, claimed[1].attempts, claimed[1].mailbox.as_str()), (minute(2), 0, "support"));
    assert_eq!(claimed[1].letter, claimed[2].letter);
    assert_eq!(store.letter_bytes(claimed[1].envelope).unwrap().as_ref(), Some(&*claimed[1].bytes));
    assert_eq!(store.letter_bytes(99).unwrap(), None);

    assert!(store.claim(minute(4), 9, &[MAILBOX.to_owned()]).unwrap().is_empty(), "nothing is claimed twice");
    assert_eq!(store.next_wake().unwrap(), Some(minute(30)));
    assert_eq!(store.claim(minute(30), 9, &[MAILBOX.to_owned()]).unwrap().len(), 1);
    store.flush().unwrap();

    // The process dies while sending.
    let mut store = open(dir);
    assert_eq!(store.unclaim().unwrap(), 7);
    let again = store.claim(minute(30), 9, &[MAILBOX.to_owned()]).unwrap();
    let same = again.iter().find(|p| p.envelope == claimed[0].envelope).unwrap();
    assert_eq!((again.len(), same.attempts, &same.bytes), (7, 1, &claimed[0].bytes));
}

fn envelopes_end(open: Open<'_>, dir: &Path) {
    let mut store = open(dir);
    let to = ["a@x.example", "b@x.example", "c@x.example", "d@x.example", "e@x.example"];
    post(&mut *store, "1", 1, vec![letter("l", LetterKind::Notice, None, &to)]);
    store.flush().unwrap();
    let claimed = store.claim(minute(1), 4, &[MAILBOX.to_owned()]).unwrap();
    store.flush().unwrap();
    let fates = [
        Fate::Sent("250 2.0.0 ok".into()),
        Fate::Retry { at: minute(5), why: "451 later".into() },
        Fate::Failed("550 no".into()),
        Fate::Uncertain("lost after the dot".into()),
    ];
    for (posting, fate) in claimed.iter().zip(&fates) {
        store.settle(posting.envelope, fate, minute(2)).unwrap();
    }
    store.flush().unwrap();

    let mut store = open(dir);
    let state = |store: &dyn Store| {
        let mut rows: Vec<_> = store.outbox(true, 9).unwrap().into_iter().map(|r| (r.envelope, r.state, r.attempts, r.at, r.why)).collect();
        rows.reverse();
        rows
    };
    let at = |i: usize, state: &str, attempts: u32, at: i64, why: &str| {
        (claimed[0].envelope + i as i64, state.to_owned(), attempts, minute(at), why.to_owned())
    };
    let expected = [
        at(0, "sent", 1, 2, "250 2.0.0 ok"),
        at(1, "queued", 1, 5, "451 later"),
        at(2, "failed", 1, 2, "550 no"),
        at(3, "uncertain", 1, 2, "lost after the dot"),
        at(4, "queued", 0, 1, ""),
    ];
    assert_eq!(state(&*store), expected);
    assert_eq!(store.outbox(false, 9).unwrap().len(), 4, "what was sent is of the past");
    let newest = store.outbox(false, 1).unwrap().pop().unwrap();
    assert_eq!(
        (newest.to.local(), newest.template.as_str(), newest.kind, newest.message_id.as_str()),
        ("e", "ack", LetterKind::Notice, "l@desk.example")
    );

    // An answer that comes twice changes nothing; an unknown envelope is an error.
    store.settle(claimed[0].envelope, &Fate::Failed("late".into()), minute(3)).unwrap();
    assert_eq!(state(&*store), expected);
    store.flush().unwrap();
    assert!(store.settle(999, &fates[0], minute(3)).is_err());
    store.drop_batch().unwrap();

    let again: Vec<_> =
        store.claim(minute(5), 9, &[MAILBOX.to_owned()]).unwrap().into_iter().map(|p| (p.to.local().to_owned(), p.attempts)).collect();
    assert_eq!(again, [("b".to_owned(), 1), ("e".to_owned(), 0)], "only what is due and not ended");
    store.drop_batch().unwrap();

    let [sent, retry, failed, uncertain, fresh] = [0, 1, 2, 3, 4].map(|i| claimed[0].envelope + i);
    assert!(!store.resend(sent, minute(6)).unwrap());
    assert!(store.resend(retry, minute(4)).unwrap(), "what is queued need not wait");
    let now: Vec<_> = store.claim(minute(4), 9, &[MAILBOX.to_owned()]).unwrap().into_iter().map(|p| (p.envelope, p.attempts)).collect();
    assert_eq!(now.iter().find(|(envelope, _)| *envelope == retry), Some(&(retry, 1)), "its tries still count");
    store.drop_batch().unwrap();
    assert!(store.resend(failed, minute(6)).unwrap() && store.resend(uncertain, minute(6)).unwrap());
    assert!(store.cancel(fresh, minute(6)).unwrap() && !store.cancel(fresh, minute(7)).unwrap() && !store.cancel(sent, minute(7)).unwrap());
    let claimed = store.claim(minute(6), 9, &[MAILBOX.to_owned()]).unwrap();
    let resent = claimed.iter().find(|p| p.envelope == failed).unwrap();
    assert_eq!((claimed.len(), resent.attempts, resent.queued), (3, 0, minute(6)), "a new life");
    assert!(!store.cancel(failed, minute(7)).unwrap(), "it is on its way");
    assert!(store.resend(fresh, minute(8)).unwrap(), "cancelled is not for ever");
    let words: Vec<_> = store.counts(minute(0)).unwrap().envelopes;
    assert_eq!(words, [("queued".to_owned(), 1), ("sending".to_owned(), 3), ("sent".to_owned(), 1)]);
}

fn a_refusal_becomes_a_cause(open: Open<'_>, dir: &Path) {
    let mut store = open(dir);
    let ticket = opened(&mut *store, "1@a", "ann@corp.example", 0);
    post(&mut *store, "x", 1, vec![letter("x#0", LetterKind::Reply, Some(ticket.number), &["ann@corp.example"])]);
    let posting = store.claim(minute(1), 1, &[MAILBOX.to_owned()]).unwrap().pop().unwrap();
    store.settle(posting.envelope, &Fate::Failed("550 5.1.1".into()), minute(2)).unwrap();
    let [cause] = store.pending(9).unwrap().try_into().unwrap();
    assert_eq!((&cause.key.0, cause.at), (&format!("fate:{}", posting.envelope), minute(2)));
    let PendingBody::Note(Note::Undelivered(fate)) = &cause.body else { panic!("{cause:?}") };
    let expected = Undelivered {
        letter: posting.letter,
        kind: LetterKind::Reply,
        ticket: Some(ticket.number),
        subject: "[#1001] VPN down".into(),
        to: address("ann@corp.example"),
        why: "550 5.1.1".into(),
    };
    assert_eq!(*fate, expected);

    // The letter that tells of it is refused, too: nothing more is said.
    let telling = letter(&format!("{}#0", cause.key.0), LetterKind::Notice, Some(ticket.number), &["li@corp.example"]);
    commits(&mut *store, &Commit { letters: vec![telling], ..nothing(&cause, minute(3)) }).unwrap();
    let posting2 = store.claim(minute(3), 1, &[MAILBOX.to_owned()]).unwrap().pop().unwrap();
    store.settle(posting2.envelope, &Fate::Failed("550".into()), minute(4)).unwrap();
    assert!(store.pending(9).unwrap().is_empty());

    // Sent again by hand and refused again: that is news.
    assert!(store.resend(posting.envelope, minute(5)).unwrap());
    store.claim(minute(5), 1, &[MAILBOX.to_owned()]).unwrap();
    store.settle(posting.envelope, &Fate::Failed("still".into()), minute(6)).unwrap();
    assert_eq!(store.pending(9).unwrap().len(), 1);
}

fn letters_that_wait_are_replaced(open: Open<'_>, dir: &Path) {
    let mut store = open(dir);
    let ticket = opened(&mut *store, "1@a", "ann@corp.example", 0);
    let number = ticket.number;
    let later = |key: &str, kind: LetterKind, template: &str, at: i64| {
        let to: &[&str] = if kind == LetterKind::Notice { &["li@corp.example"] } else { &["ann@corp.example", "bob@corp.example"] };
        Letter { template: template.to_owned(), not_before: Some(minute(at)), ..letter(key, kind, Some(number), to) }
    };
    let outbox = |store: &mut dyn Store| match ask(store, Query::Outbox(number)) {
        Answer::Outbox(outbox) => outbox,
        other => panic!("{other:?}"),
    };
    assert_eq!(outbox(&mut *store), Outbox::default());
    post(
        &mut *store,
        "ack",
        1,
        vec![later("ack#0", LetterKind::Automatic, "ack", 20), later("ack#1", LetterKind::Notice, "agent_new", 20)],
    );
    store.flush().unwrap();
    let waits = outbox(&mut *store);
    assert_eq!(waits.last_automatic, Some(minute(20)));
    let [ack] = waits.queued.as_slice() else { panic!("a notice is not for the requester: {waits:?}") };
    assert_eq!((ack.template, ack.undoes.len()), (Some(TemplateName::Ack), 0));

    let owner = Change::Owner(Some("li".into()));
    let next = changed(&ticket, std::slice::from_ref(&owner), minute(2));
    let cause = note(&mut *store, "answer", 2);
    let answer = Commit {
        actor: "li".into(),
        tickets: vec![TicketState { ticket: next.clone(), next_due: None }],
        changes: vec![(number, owner, Some(Change::Owner(None)))],
        letters: vec![later("answer#0", LetterKind::Reply, "reply", 30)],
        cancel: vec![ack.id],
        ..nothing(&cause, minute(2))
    };
    commits(&mut *store, &answer).unwrap();
    let waits = outbox(&mut *store);
    let [reply] = waits.queued.as_slice() else { panic!("{waits:?}") };
    assert_eq!((reply.cause.0.as_str(), reply.actor.as_str(), waits.last_automatic), ("answer", "li", None));
    assert_eq!(reply.undoes, [(number, Change::Owner(None))]);
    assert!(store.outbox(false, 9).unwrap().iter().any(|row| row.state == "cancelled" && row.why.contains("answer")));

    let cause = note(&mut *store, "undo", 3);
    commits(&mut *store, &Commit { cancel: vec![reply.id], restore: vec![reply.cause.clone()], ..nothing(&cause, minute(3)) }).unwrap();
    assert_eq!(outbox(&mut *store).queued.iter().map(|letter| letter.id).collect::<Vec<_>>(), [ack.id]);
    post(&mut *store, "again", 4, vec![later("again#0", LetterKind::Reply, "reply", 30)]);
    change(&mut *store, &next, Change::Priority(Priority::High), 5);
    store.flush().unwrap();
    let mut store = open(dir);
    assert!(outbox(&mut *store).queued.iter().all(|letter| letter.undoes.is_empty()), "the ticket has changed since");
    let claimed = store.claim(minute(20), 9, &[MAILBOX.to_owned()]).unwrap();
    assert_eq!(claimed.iter().filter(|posting| posting.letter == ack.id).count(), 2);
    assert!(claimed.iter().all(|posting| posting.letter != reply.id));
    // What a carrier has is not taken back.
    assert!(outbox(&mut *store).queued.iter().all(|letter| letter.id != ack.id));
    let cause = note(&mut *store, "too late", 21);
    commits(&mut *store, &Commit { cancel: vec![ack.id], ..nothing(&cause, minute(21)) }).unwrap();
    assert!(store.outbox(false, 9).unwrap().iter().any(|row| row.state == "sending" && row.template == "ack"));
}

fn held_letters_wait(open: Open<'_>, dir: &Path) {
    let mut store = open(dir);
    let ticket = opened(&mut *store, "1@a", "ann@corp.example", 0);
    let hold = |key: &str, not_before: Option<i64>| {
        let mut held = letter(key, LetterKind::Reply, Some(ticket.number), &["ann@corp.example", "bob@corp.example"]);
        held.held = Some(Held { why: "quoted text may remain".into(), doubt: Doubt::Internal, lapses: (key == "h3").then(|| minute(500)) });
        held.not_before = not_before.map(minute);
        held
    };
    post(&mut *store, "1", 1, vec![hold("h1", None), hold("h2", Some(20)), hold("h3", None)]);
    store.flush().unwrap();

    let mut store = open(dir);
    assert!(store.claim(minute(99), 9, &[MAILBOX.to_owned()]).unwrap().is_empty());
    assert_eq!(store.next_wake().unwrap(), None);
    let Answer::Letters(held) = ask(&mut *store, Query::Held(ticket.number)) else { panic!() };
    let [one, two, three]: [HeldLetter; 3] = held.try_into().unwrap();
    assert_eq!((one.why.as_str(), one.subject.as_str()), ("quoted text may remain", "[#1001] VPN down"));
    assert_eq!(ask(&mut *store, Query::Held(TicketNo(5))), Answer::Letters(vec![]));
    assert_eq!([one.lapses, two.lapses, three.lapses], [None, None, Some(minute(500))]);
    for row in store.outbox(false, 9).unwrap() {
        assert_eq!((row.state.as_str(), row.why.as_str()), ("held", "quoted text may remain"));
        let late = if row.lapses.is_some() { "expired" } else { "held" };
        assert_eq!((row.clone().told(minute(499)).state.as_str(), row.told(minute(500)).state.as_str()), ("held", late));
    }
    let words = |minutes| store.counts(minute(minutes)).unwrap().envelopes;
    assert_eq!(words(499), [("held".to_owned(), 6)]);
    assert_eq!(words(500), [("expired".to_owned(), 2), ("held".to_owned(), 4)]);

    let cause = note(&mut *store, "send", 9);
    commits(&mut *store, &Commit { release: vec![one.id, two.id], ..nothing(&cause, minute(9)) }).unwrap();
    assert_eq!(ask(&mut *store, Query::Held(ticket.number)), Answer::Letters(vec![three.clone()]));
    let claimed = store.claim(minute(9), 9, &[MAILBOX.to_owned()]).unwrap();
    assert_eq!(claimed.iter().map(|p| (p.letter, p.queued)).collect::<Vec<_>>(), [(one.id, minute(9)), (one.id, minute(9))]);
    assert_eq!(store.next_wake().unwrap(), Some(minute(20)));
    assert_eq!(store.claim(minute(20), 9, &[MAILBOX.to_owned()]).unwrap().len(), 2);
    // Released once more, it is not sent once more.
    let cause = note(&mut *store, "send again", 10);
    commits(&mut *store, &Commit { release: vec![one.id], ..nothing(&cause, minute(10)) }).unwrap();
    assert!(store.claim(minute(20), 9, &[MAILBOX.to_owned()]).unwrap().is_empty());
    let held: Vec<_> = store.outbox(false, 9).unwrap().into_iter().filter(|row| row.state == "held").collect();
    assert!(store.cancel(held[0].envelope, minute(30)).unwrap());
}

/// What a report of this scope names of these.
fn named(scope: &Scope, all: Vec<(&Ticket, &str, i64, Matter)>) -> Lists {
    let mut lists = Lists::default();
    for (ticket, who, since, what) in all {
        lists.add(Unsettled { ticket: ticket.clone(), who: who.into(), since: minute(since), what }, scope);
    }
    lists
}

fn what_waits_is_listed(open: Open<'_>, dir: &Path) {
    let mut store = open(dir);
    let ticket = opened(&mut *store, "1@a", "ann@corp.example", 0);
    let by = |store: &mut dyn Store, who: &str, at: i64, letter: Letter| {
        let cause = waiting(store, &format!("{at}@b"), at);
        commits(store, &Commit { actor: who.into(), letters: vec![letter], ..nothing(&cause, minute(at)) }).unwrap();
        cause
    };
    let reply = |key: &str, doubt: Option<Doubt>| Letter {
        held: doubt.map(|doubt| Held { why: "why".into(), doubt, lapses: (doubt == Doubt::Forged).then(|| minute(500)) }),
        ..letter(key, LetterKind::Reply, Some(ticket.number), &["ann@corp.example", "bob@corp.example"])
    };
    by(&mut *store, "li", 10, reply("h1", Some(Doubt::Internal)));
    by(&mut *store, "wang", 11, reply("h2", Some(Doubt::Crossing)));
    by(&mut *store, "li", 12, reply("h3", Some(Doubt::Forged)));
    let asks = Letter { template: "confirm".into(), ..letter("q", LetterKind::Notice, Some(ticket.number), &["li@corp.example"]) };
    let order = by(&mut *store, "li", 13, asks);
    let error = Letter { template: "agent_error".into(), ..letter("e", LetterKind::Notice, Some(ticket.number), &["li@corp.example"]) };
    by(&mut *store, "li", 14, error);
    let spam = waiting(&mut *store, "15@c", 15);
    let opened = self::ticket(number(&mut *store, &spam), "eve@elsewhere.example", minute(15));
    let mut commit = opening(&spam, &opened, "15@c", minute(16));
    commit.mail.as_mut().unwrap().suspect = Some(Suspicion::Dmarc);
    commits(&mut *store, &commit).unwrap();
    store.flush().unwrap();

    let mut store = open(dir);
    let held = |doubt, answered| Matter::Held { doubt: Some(doubt), lapses: (doubt == Doubt::Forged).then(|| minute(500)), answered };
    let [internal, crossing] = [Doubt::Internal, Doubt::Crossing].map(|doubt| held(doubt, false));
    let (forged, suspect) = (held(Doubt::Forged, false), (&opened, "eve@elsewhere.example", 16, Matter::Suspect(Suspicion::Dmarc)));
    let all = [(&ticket, "li", 10, internal), (&ticket, "wang", 11, crossing), (&ticket, "li", 12, forged)];
    let unconfirmed = (&ticket, "li", 13, Matter::Unconfirmed);
    let scope = |until: i64, last: i64| Scope { since: minute(0), until: minute(until), last: minute(last), team: None };
    for (until, last) in [(30, 0), (30, 16), (30, 17), (11, 0), (500, 16), (13 + 7 * 24 * 60, 0)] {
        let scope = scope(until, last);
        let expected = named(&scope, all.iter().copied().chain([unconfirmed, suspect]).collect());
        assert_eq!(store.unsettled(&scope).unwrap(), expected, "until {until}, last {last}");
        let Answer::Tally(tally) = ask(&mut *store, Query::Tally(scope.clone())) else { panic!("no tally") };
        let mut counted = Tally::new(scope);
        [&ticket, &opened].into_iter().for_each(|ticket| counted.add(ticket.clone()));
        counted.waits(expected);
        assert_eq!(*tally, counted);
    }
    let counts = |store: &dyn Store, until: i64| {
        let Lists { held, unconfirmed, suspect } = store.unsettled(&scope(until, 0)).unwrap();
        [held.count(), unconfirmed.count(), suspect.count()]
    };
    assert_eq!(counts(&*store, 30), [3, 1, 1]);
    assert_eq!([counts(&*store, 499), counts(&*store, 500)], [[3, 1, 1], [2, 1, 1]], "what has lapsed");

    let cause = waiting(&mut *store, "40@b", 40);
    let grant = Grant { original: order.key.clone(), by: "li".into(), written: minute(13), confirmed: minute(40) };
    commits(&mut *store, &Commit { grants: vec![grant], ..nothing(&cause, minute(40)) }).unwrap();
    assert_eq!(counts(&*store, 50), [3, 0, 1], "what is confirmed");
    by(&mut *store, "li", 41, reply("r1", None));
    store.flush().unwrap();
    let mut store = open(dir);
    let scope = scope(50, 50);
    let answered = vec![(&ticket, "wang", 11, crossing), (&ticket, "li", 12, held(Doubt::Forged, true))];
    assert_eq!(store.unsettled(&scope).unwrap(), named(&scope, answered), "li has answered himself");
    by(&mut *store, "wang", 42, reply("h4", Some(Doubt::Internal)));
    assert_eq!(counts(&*store, 50), [3, 0, 1], "another that is held is no answer");
    let Answer::Letters(letters) = ask(&mut *store, Query::Held(ticket.number)) else { panic!("no letters") };
    let second = letters.iter().find(|letter| letter.key.0 == "h2").unwrap().id;
    let cause = waiting(&mut *store, "43@b", 43);
    commits(&mut *store, &Commit { release: vec![second], ..nothing(&cause, minute(43)) }).unwrap();
    assert_eq!(counts(&*store, 50), [2, 0, 1], "what is sent, alone");
    for row in store.outbox(false, 99).unwrap().iter().filter(|row| row.state == "held") {
        assert!(store.cancel(row.envelope, minute(43)).unwrap());
    }
    assert_eq!(counts(&*store, 50), [0, 0, 1], "what an operator cancelled");
}

/// A mail with three files: a large one in base64, a text in quoted-printable, another as it is.
fn with_files(id: &str) -> Vec<u8> {
    let mut state = 7_u32;
    let mut byte = || {
        state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        (state >> 24) as u8
    };
    let large: Vec<u8> = (0..1_500_000).map(|_| byte()).collect();
    let mut raw = format!(
        "Message-ID: <{id}>\nFrom: Ann <ann@corp.example>\nTo: support@desk.example\nSubject: VPN down\n\
         Content-Type: multipart/mixed; boundary=b\n\n--b\n\nSee the files.\n\
         --b\nContent-Type: application/zip; name=log.zip\nContent-Transfer-Encoding: base64\n\n"
    )
    .into_bytes();
    // Unlike ours, these lines are 72 long.
    for line in large.chunks(54) {
        raw.extend(data_encoding::BASE64.encode(line).bytes().chain([b'\n']));
    }
    raw.extend(b"--b\nContent-Type: text/x-log; name=a.log\nContent-Transfer-Encoding: quoted-printable\n\nthree=3D3=\n and more\n");
    raw.extend(b"--b\nContent-Type: text/x-log; name=b.log\n\nas it is\n--b--\n");
    raw
}

/// The words of a letter with these files of a mail, and its final bytes.
fn enclosing(key: &str, mail: &CauseKey, files: &[Attachment], contents: &[&[u8]]) -> (Wording, Vec<u8>) {
    let mut words = wording(key);
    let mut whole = words.bytes.clone();
    for (file, content) in files.iter().zip(contents) {
        let head = format!("--mix\r\nContent-Disposition: attachment; filename={}\r\n\r\n", file.name).into_bytes();
        words.bytes.extend(&head);
        words.files.push(Enclosure { at: words.bytes.len(), mail: mail.clone(), span: file.span, size: content.len() as u64 });
        words.bytes.extend(b"\r\n");
        whole.extend(&head);
        let lines: Vec<String> = content.chunks(57).map(|line| data_encoding::BASE64.encode(line)).collect();
        whole.extend(lines.join("\r\n").bytes().chain(*b"\r\n"));
    }
    (words, whole)
}

fn files_lie_once(open: Open<'_>, dir: &Path) {
    let mut store = open(dir);
    let raw = with_files("1@a");
    let mail = new(store.receive(arrival(raw.clone(), minute(0)).into()).unwrap());
    let mail = store.pending(9).unwrap().into_iter().find(|p| p.id == mail).unwrap();
    let files = postdesk::mail::parse::read(&raw, None).attachments;
    assert_eq!(files.iter().map(|f| f.size).collect::<Vec<_>>(), [1_500_000, 16, 8]);
    let large: Vec<u8> = {
        let start = raw.windows(8).position(|w| w == b"base64\n\n").unwrap() + 8;
        let end = start + raw[start..].windows(3).position(|w| w == b"--b").unwrap();
        data_encoding::BASE64_MIME.decode(&raw[start..end]).unwrap()
    };
    let contents: [&[u8]; 3] = [&large, b"three=3 and more", b"as it is"];
    let keys: Vec<String> = (0..8).map(|n| format!("l:{n}")).collect();
    let words: Vec<(Wording, Vec<u8>)> = keys.iter().map(|key| enclosing(key, &mail.key, &files, &contents)).collect();
    let letters = keys.iter().map(|key| letter(key, LetterKind::Notice, None, &["li@desk.example", "wang@desk.example"])).collect();
    let rows = store.commit(&Commit { letters, ..nothing(&mail, minute(1)) }).unwrap();
    // The first stands alone, the others in one block.
    let said: Vec<Wording> = words.iter().map(|(words, _)| words.clone()).collect();
    store.word(&rows[..1], &said[..1].to_vec().into()).unwrap();
    store.word(&rows[1..], &said[1..].to_vec().into()).unwrap();
    store.flush().unwrap();
    let size = std::fs::read_dir(dir).unwrap().map(|file| file.unwrap().metadata().unwrap().len()).sum::<u64>();
    assert!(size < 2 * raw.len() as u64, "{size} bytes on the disk for a mail of {}", raw.len());

    let claim_all = |store: &mut dyn Store| {
        let mut bytes = Vec::new();
        loop {
            let some = store.claim(minute(2), 99, &[MAILBOX.to_owned()]).unwrap();
            if some.is_empty() {
                break bytes;
            }
            let held: usize = some.iter().step_by(2).map(|p| p.bytes.len()).sum();
            assert!(some.len() <= 2 || held <= 8 << 20, "{held} bytes are held at once");
            bytes.extend(some.into_iter().map(|p| p.bytes));
        }
    };
    let first = claim_all(&mut *store);
    assert_eq!(first.len(), 16);
    for (n, bytes) in first.iter().enumerate() {
        assert!(**bytes == words[n / 2].1, "envelope {n}");
    }
    let envelope = store.outbox(true, 1).unwrap()[0].envelope;
    assert!(store.letter_bytes(envelope).unwrap().as_ref() == Some(&words[7].1));
    store.flush().unwrap();
    drop(store);
    let mut store = open(dir);
    assert_eq!(store.unclaim().unwrap(), 16);
    assert!(claim_all(&mut *store) == first, "sent again it is the same mail");

    let cause = note(&mut *store, "x", 3);
    let (nowhere, _) = enclosing("l:9", &CauseKey("mail:none".into()), &files, &contents);
    let letters = vec![letter("l:9", LetterKind::Notice, None, &["li@desk.example"])];
    let row = store.commit(&Commit { letters, ..nothing(&cause, minute(3)) }).unwrap().remove(0);
    assert!(store.word(&[row], &vec![nowhere].into()).is_err(), "no mail holds its files");
    store.drop_batch().unwrap();
}

fn a_ticket_knows_its_files(open: Open<'_>, dir: &Path) {
    let mut store = open(dir);
    let files = postdesk::mail::parse::read(&with_files("x@a"), None).attachments;
    let cause = waiting(&mut *store, "1@a", 0);
    let ticket = ticket(number(&mut *store, &cause), "ann@corp.example", minute(0));
    let mut commit = opening(&cause, &ticket, "1@a", minute(0));
    commit.mail.as_mut().unwrap().files = files[..2].to_vec();
    commits(&mut *store, &commit).unwrap();
    assert_eq!(ask(&mut *store, Query::Files(TicketNo(9))), Answer::Files(vec![]));
    let other = opened(&mut *store, "2@a", "bob@corp.example", 1);
    assert_eq!(ask(&mut *store, Query::Files(other.number)), Answer::Files(vec![]), "a mail without files");

    let second = waiting(&mut *store, "3@a", 2);
    let joined = CommittedMail { files: files[2..].to_vec(), from: None, ..commit.mail.clone().unwrap() };
    commits(&mut *store, &Commit { mail: Some(joined), ..nothing(&second, minute(2)) }).unwrap();
    let file = |mail: &Pending, from: Option<&str>, n: usize| TicketFile {
        mail: mail.key.clone(),
        from: from.map(address),
        file: files[n].clone(),
    };
    let ann = Some("ann@corp.example");
    let all = vec![file(&cause, ann, 0), file(&cause, ann, 1), file(&second, None, 2)];
    assert_eq!(ask(&mut *store, Query::Files(ticket.number)), Answer::Files(all.clone()));
    store.flush().unwrap();
    assert_eq!(ask(&mut *open(dir), Query::Files(ticket.number)), Answer::Files(all));
}

fn automatic_mail_is_counted(open: Open<'_>, dir: &Path) {
    use LetterKind::{Automatic, Notice};
    let mut store = open(dir);
    let ticket = opened(&mut *store, "1@a", "ann@corp.example", 0);
    let number = Some(ticket.number);
    post(&mut *store, "1", 10, vec![letter("a1", Automatic, number, &["ann@corp.example", "bob@corp.example"])]);
    post(
        &mut *store,
        "2",
        20,
        vec![letter("a2", Automatic, None, &["ann@corp.example"]), letter("n", Notice, number, &["ann@corp.example"])],
    );
    post(&mut *store, "3", 30, vec![letter("a3", Automatic, number, &["ann@corp.example"])]);
    let mut to = |who: &str, since: i64| ask(&mut *store, Query::AutomaticTo(address(who), minute(since)));
    assert_eq!([0, 10, 11, 30, 31].map(|since| to("ann@corp.example", since)), [3, 3, 2, 1, 0].map(Answer::Count));
    assert_eq!((to("bob@corp.example", 0), to("li@corp.example", 0)), (Answer::Count(1), Answer::Count(0)));
    let mut of = |number: TicketNo, since: i64| ask(&mut *store, Query::AutomaticFor(number, minute(since)));
    assert_eq!([0, 11, 31].map(|since| of(ticket.number, since)), [2, 1, 0].map(Answer::Count));
    assert_eq!(of(TicketNo(1), 0), Answer::Count(0));
    let mut notices = |who: &str, number: TicketNo, since: i64| ask(&mut *store, Query::NoticesTo(address(who), number, minute(since)));
    assert_eq!([0, 20, 21].map(|since| notices("ann@corp.example", ticket.number, since)), [1, 1, 0].map(Answer::Count));
    assert_eq!(
        (notices("bob@corp.example", ticket.number, 0), notices("ann@corp.example", TicketNo(1), 0)),
        (Answer::Count(0), Answer::Count(0))
    );
    let newest = store.outbox(false, 1).unwrap().pop().unwrap();
    assert!(store.cancel(newest.envelope, minute(31)).unwrap());
    assert_eq!(ask(&mut *store, Query::AutomaticTo(address("ann@corp.example"), minute(0))), Answer::Count(2), "it was never sent");
}

fn a_confirmed_mail_is_a_cause_of_its_own(open: Open<'_>, dir: &Path) {
    let mut store = open(dir);
    let ticket = opened(&mut *store, "1@a", "ann@corp.example", 0);
    let order = waiting(&mut *store, "2@a", 5);
    let asks = Letter { template: "confirm".into(), ..letter("q", LetterKind::Notice, Some(ticket.number), &["li@corp.example"]) };
    let mail = CommittedMail {
        id: Some(message_id("2@a")),
        references: Vec::new(),
        from: Some(address("li@corp.example")),
        ticket: Some(ticket.number),
        internal: true,
        files: Vec::new(),
        suspect: None,
        text: "Please reboot.".into(),
    };
    let outcome = Outcome::Refused { ticket: Some(ticket.number) };
    commits(&mut *store, &Commit { letters: vec![asks], outcome, mail: Some(mail), ..nothing(&order, minute(6)) }).unwrap();
    store.flush().unwrap();

    let mut store = open(dir);
    let asked = |granted: Option<i64>| {
        Answer::Asked(vec![Asked { cause: order.key.clone(), written: minute(5), at: minute(6), granted: granted.map(minute) }])
    };
    assert_eq!(ask(&mut *store, Query::Asked(ticket.number)), asked(None));
    assert_eq!(ask(&mut *store, Query::Asked(TicketNo(9))), Answer::Asked(Vec::new()));
    for (who, since, count) in [("li@corp.example", 6, 1), ("li@corp.example", 7, 0), ("wang@corp.example", 0, 0)] {
        assert_eq!(ask(&mut *store, Query::QuestionsTo(address(who), minute(since))), Answer::Count(count), "{who} {since}");
    }

    let grant = |at: i64| Grant { original: order.key.clone(), by: "li".into(), written: minute(5), confirmed: minute(at) };
    for at in [20, 30] {
        let answer = waiting(&mut *store, &format!("{at}@a"), at);
        commits(&mut *store, &Commit { grants: vec![grant(at)], ..nothing(&answer, minute(at)) }).unwrap();
    }
    store.flush().unwrap();
    let mut store = open(dir);
    assert_eq!(ask(&mut *store, Query::Asked(ticket.number)), asked(Some(20)), "once");
    let [granted] = store.pending(9).unwrap().try_into().unwrap();
    assert_eq!((&granted.key, granted.at), (&order.key.granted(), minute(20)));
    let (PendingBody::Mail(again), PendingBody::Mail(first)) = (&granted.body, &order.body) else { panic!("no mails") };
    assert_eq!((again.grant.as_ref(), &again.raw, &again.mailbox), (Some(&grant(20)), &first.raw, &first.mailbox));
    assert_eq!(store.raw(granted.id).unwrap().as_ref(), Some(&first.raw));
    let newest = |store: &dyn Store, who: &str| store.newest_from(&[address("nobody@corp.example"), address(who)]).unwrap();
    assert_eq!(newest(store.as_ref(), "li@corp.example"), Some((minute(5), first.raw.clone())));
    assert_eq!(newest(store.as_ref(), "wang@corp.example"), None);
    let unknown = Grant { original: CauseKey("mail:nobody's".into()), ..grant(40) };
    let answer = waiting(&mut *store, "40@a", 40);
    assert!(store.commit(&Commit { grants: vec![unknown], ..nothing(&answer, minute(40)) }).is_err());
}

fn answers_that_cross_are_seen(open: Open<'_>, dir: &Path) {
    use LetterKind::{Notice, Reply};
    let mut store = open(dir);
    let ticket = opened(&mut *store, "1@a", "ann@corp.example", 0);
    let number = Some(ticket.number);
    post(
        &mut *store,
        "1",
        10,
        vec![letter("n1", Notice, number, &["li@corp.example"]), letter("n2", Notice, number, &["wang@corp.example"])],
    );
    let crossing = |store: &mut dyn Store, handle: &str, who: &str, answers: Option<&str>| {
        let answers = answers.map(|key| LetterKey(key.into()));
        let reader = Reader { handle: handle.into(), address: address(who), answers, until: None };
        match ask(store, Query::ReplyAfter(ticket.number, reader)) {
            Answer::Crossing(found) => found.map(|crossing| (crossing.at, crossing.by)),
            other => panic!("{other:?}"),
        }
    };
    assert_eq!(crossing(&mut *store, "wang", "wang@corp.example", Some("n2")), None, "nobody has answered");
    let held = Letter {
        held: Some(Held { why: "why".into(), doubt: Doubt::Absence, lapses: None }),
        ..letter("h", Reply, number, &["ann@corp.example"])
    };
    let advice = Letter { template: "consult".into(), ..letter("c", Reply, number, &["expert@vendor.example"]) };
    post(&mut *store, "2", 20, vec![held, advice]);
    assert_eq!(crossing(&mut *store, "wang", "wang@corp.example", Some("n2")), None, "what is held or asks for advice is no answer");
    post(&mut *store, "3", 30, vec![letter("r", Reply, number, &["ann@corp.example", "bob@corp.example"])]);
    store.flush().unwrap();

    let mut store = open(dir);
    let answered = |at: i64| Some((minute(at), "desk".to_owned()));
    assert_eq!(crossing(&mut *store, "wang", "wang@corp.example", Some("n2")), answered(30));
    assert_eq!(
        crossing(&mut *store, "wang", "wang@corp.example", None),
        answered(30),
        "the last notice to him stands for an unknown letter"
    );
    assert_eq!(crossing(&mut *store, "wang", "wang@corp.example", Some("of another ticket")), answered(30));
    let until = |at: i64| Reader { handle: "wang".into(), address: address("wang@corp.example"), answers: None, until: Some(minute(at)) };
    let found = |store: &mut dyn Store, at| ask(store, Query::ReplyAfter(ticket.number, until(at)));
    assert!(matches!(found(&mut *store, 10), Answer::Crossing(Some(_))), "what he had read by then");
    assert_eq!(found(&mut *store, 9), Answer::Crossing(None), "nothing was written to him before");
    assert_eq!(crossing(&mut *store, "desk", "wang@corp.example", Some("n2")), None, "his own answer");
    assert_eq!(crossing(&mut *store, "zhao", "zhao@corp.example", None), None, "nothing was ever written to him");
    let Answer::Letters(held) = ask(&mut *store, Query::Held(ticket.number)) else { panic!() };
    let cause = note(&mut *store, "4", 40);
    commits(&mut *store, &Commit { release: vec![held[0].id], ..nothing(&cause, minute(40)) }).unwrap();
    assert_eq!(crossing(&mut *store, "wang", "wang@corp.example", Some("n2")), answered(40), "what was held counts from when it is let go");
    post(&mut *store, "5", 50, vec![letter("n3", Notice, number, &["wang@corp.example"])]);
    assert_eq!(crossing(&mut *store, "wang", "wang@corp.example", None), None, "he was told since");
    assert_eq!(crossing(&mut *store, "wang", "wang@corp.example", Some("n2")), answered(40), "he answers the older one");
}

// ---- what goes wrong ----

fn an_unclean_end_is_noticed(open: Open<'_>, dir: &Path) {
    let mut store = open(dir);
    let [a, b, c] = ["a", "b", "c"].map(|key| note(&mut *store, key, 1));
    assert_eq!(store.mark(2).unwrap(), BTreeSet::from([a.id, b.id]));
    store.flush().unwrap();
    commits(&mut *store, &nothing(&a, minute(1))).unwrap();
    assert_eq!(store.mark(2).unwrap(), BTreeSet::from([b.id, c.id]));
    drop(store);

    let mut store = open(dir);
    assert_eq!(store.recover().unwrap(), 2, "nothing of the batch was durable");
    store.flush().unwrap();
    assert_eq!(store.recover().unwrap(), 0, "once");
    assert_eq!(keys(&store.pending(9).unwrap()), ["a"]);
    assert_eq!(store.attempt(a.id).unwrap(), 1);
    store.flush().unwrap();
    drop(store);

    let mut store = open(dir);
    let again = store.pending(9).unwrap();
    assert_eq!((keys(&again), again[0].attempts), (vec!["a"], 1), "counted before it ran");
    commits(&mut *store, &nothing(&a, minute(1))).unwrap();
    assert_eq!(keys(&store.pending(9).unwrap()), ["b"]);

    // A clean end leaves no mark; a decided cause does not run again.
    assert_eq!(store.mark(1).unwrap(), BTreeSet::from([b.id]), "a is done");
    store.flush().unwrap();
    assert_eq!(store.recover().unwrap(), 1);
    store.mark(1).unwrap();
    store.flush().unwrap();
    commits(&mut *store, &nothing(&b, minute(1))).unwrap();
    assert_eq!(store.mark(0).unwrap(), BTreeSet::new());
    store.flush().unwrap();
    let mut store = open(dir);
    assert_eq!(store.recover().unwrap(), 0);
    assert_eq!(keys(&store.pending(9).unwrap()), ["c"]);
}

fn the_quarantine_keeps_the_bytes(open: Open<'_>, dir: &Path) {
    let mut store = open(dir);
    let poison = waiting(&mut *store, "1@a", 1);
    let next = waiting(&mut *store, "2@a", 2);
    for expected in 1..=3 {
        assert_eq!(store.attempt(poison.id).unwrap(), expected);
    }
    store.quarantine(poison.id, "thread panicked", minute(3)).unwrap();
    store.flush().unwrap();

    let mut store = open(dir);
    assert_eq!(store.pending(9).unwrap().iter().map(|p| p.id).collect::<Vec<_>>(), [next.id], "the next goes on");
    let [row] = store.quarantined().unwrap().try_into().unwrap();
    assert_eq!((row.id, row.key, row.at, row.why.as_str()), (poison.id, poison.key.clone(), minute(1), "thread panicked"));
    assert_eq!(row.size, raw_of(&poison).len() as u64);
    assert_eq!(store.raw(poison.id).unwrap().as_deref(), Some(raw_of(&poison)));
    let counts = store.counts(minute(0)).unwrap();
    assert_eq!((counts.pending, counts.quarantined, counts.messages), (1, 1, 2));
    assert!(commits(&mut *store, &nothing(&poison, minute(4))).is_err(), "set aside is not decided");
    store.drop_batch().unwrap();
    assert!(store.quarantine(poison.id, "twice", minute(4)).is_err());
    store.drop_batch().unwrap();

    assert!(!store.retry(next.id).unwrap());
    assert!(store.retry(poison.id).unwrap() && !store.retry(poison.id).unwrap());
    let alone = store.pending(9).unwrap();
    assert_eq!((alone.len(), alone[0].id, alone[0].attempts), (1, poison.id, 0));
    commits(&mut *store, &nothing(&poison, minute(5))).unwrap();
    let note = note(&mut *store, "n", 1);
    assert_eq!(store.raw(note.id).unwrap(), None);
    store.quarantine(note.id, "x", minute(5)).unwrap();
    assert!(store.quarantined().unwrap()[0].size > 0);
}

fn large_mails_stay_whole(open: Open<'_>, dir: &Path) {
    let mut store = open(dir);
    let sizes = [3 * 1024 * 1024 + 1, 1024 * 1024, 6 * 1024 * 1024, 10_000_000, 100, 7 * 1024 * 1024];
    let mut seed = 1_u32;
    let mut next = || {
        seed = seed.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        b'a' + (seed >> 28) as u8
    };
    let mails: Vec<Vec<u8>> = sizes
        .iter()
        .map(|size| {
            format!("Message-ID: <{size}@a>\n\n").into_bytes().into_iter().chain(std::iter::repeat_with(&mut next)).take(*size).collect()
        })
        .collect();
    for (raw, at) in mails.iter().zip(0..) {
        new(store.receive(arrival(raw.as_slice(), minute(at)).into()).unwrap());
    }
    store.flush().unwrap();
    for mut store in [store, open(dir)] {
        let mut seen = Vec::new();
        loop {
            let pending = store.pending(64).unwrap();
            if pending.is_empty() {
                break;
            }
            let bytes: usize = pending.iter().map(|p| raw_of(p).len()).sum();
            assert!(pending.len() == 1 || bytes <= 8 * 1024 * 1024, "{bytes} bytes at once");
            for cause in pending {
                commits(&mut *store, &nothing(&cause, minute(9))).unwrap();
                let PendingBody::Mail(mail) = cause.body else { panic!() };
                seen.push(mail.raw);
            }
        }
        assert!(seen == mails);
        store.drop_batch().unwrap();
    }
}

fn values_have_names(open: Open<'_>, dir: &Path) {
    let mut store = open(dir);
    assert_eq!(store.get("slot:daily").unwrap(), None);
    store.set("slot:daily", "2026-12-01T07:00:00Z").unwrap();
    store.set("slot:日报", "值").unwrap();
    store.set("slot:daily", "2026-12-02T07:00:00Z").unwrap();
    store.flush().unwrap();
    let store = open(dir);
    assert_eq!(store.get("slot:daily").unwrap().as_deref(), Some("2026-12-02T07:00:00Z"));
    assert_eq!(store.get("slot:日报").unwrap().as_deref(), Some("值"));
}

// ---- SQLite alone ----

const FIRST: &str = include_str!("../../src/store/migrations/0001_first.sql");

fn sqlite(dir: &Path) -> rusqlite::Connection {
    rusqlite::Connection::open(dir.join("postdesk.db")).unwrap()
}

fn schema(db: &rusqlite::Connection) -> Vec<String> {
    let mut select = db.prepare("SELECT sql FROM sqlite_schema WHERE sql IS NOT NULL ORDER BY sql").unwrap();
    select.query_map([], |row| row.get(0)).unwrap().collect::<Result<_, _>>().unwrap()
}

/// What an earlier version left behind: one of everything.
const ROWS: &str = r#"
    INSERT INTO meta VALUES ('next ticket', '1003'), ('slot:daily', '2026-12-01T07:00:00Z');
    INSERT INTO folder VALUES (1, 'imap.desk.example', 'support', 'INBOX');
    INSERT INTO cursor VALUES (1, 7, 3, 1796112000000000);
    INSERT INTO cause VALUES (1, 'mail:a.b', :stem, 1796112000000000, 'done', 0, 0, 1001, 1796112000000000, '', NULL),
        (2, 'due:1', 102, 1796112060000000, 'pending', 0, 0, NULL, NULL, '', '{"due": {"ticket": 1001}}'),
        (3, 'mail:c.d', 103, 1796112120000000, 'quarantined', 1, 3, 1002, 1796112180000000, 'poison', NULL);
    INSERT INTO place VALUES (1, 7, 1, '', 1), (1, 7, 2, '', 3);
    INSERT INTO ticket VALUES (1001, 1, 'new', NULL, NULL, NULL, 'normal', :requester, 1796115600000000, 1796112000000000, :doc);
    INSERT INTO message VALUES (1, 'support', 1, NULL, 0, 0, 1001, 0, 'ann@corp.example', 'VPN'), (3, 'support', 1, NULL, 0, 0, NULL, 0, NULL, NULL);
    INSERT INTO journal VALUES (1, 1, 1796112000000000, 'ann', 'p', '{"became": "opened", "ticket": 1001}', '[]', '[]');
    INSERT INTO journal_ticket VALUES (1001, 1);
    INSERT INTO letter VALUES (1, 1, 'mail:a.b#0', 2, 'ack', 'support', 1001, NULL, 'l@desk.example', 'VPN', 2, 4, NULL, 1796112000000000);
    INSERT INTO letter VALUES (2, 1, 'mail:a.b#1', 0, 'reply', 'support', 1001, NULL, 'h@desk.example', 'VPN', 2, 4, NULL, 1796112000000000);
    INSERT INTO envelope VALUES (1, 1, 'ann@corp.example', :requester, 2, 'queued', 0, 1796112000000000, 1796112000000000, NULL, ''),
        (2, 2, 'ann@corp.example', :requester, 0, 'held', 0, 1796112000000000, 1796112000000000, NULL, 'unsure');
    INSERT INTO known_id VALUES (:id, 'l@desk.example', 1001, 1);
"#;

#[test]
fn an_earlier_database_is_brought_up_to_date() {
    let (scratch, fresh) = (Scratch::new("migrate"), Scratch::new("fresh"));
    let old = Ticket { version: Version(1), ..ticket(TicketNo(1001), "ann@corp.example", minute(0)) };
    {
        let db = sqlite(scratch.path());
        db.execute_batch("PRAGMA foreign_keys = ON; PRAGMA defer_foreign_keys = ON; BEGIN").unwrap();
        db.execute_batch(FIRST).unwrap();
        let pack = |bytes: &[u8]| zstd::bulk::compress(bytes, 1).unwrap();
        let mut blob = db.prepare("INSERT INTO blob VALUES (?1, ?2, ?3, ?4)").unwrap();
        blob.execute(rusqlite::params![1, Some(&[7_u8; 32]), 8, pack(b"raw mail")]).unwrap();
        blob.execute(rusqlite::params![2, None::<Vec<u8>>, 9, pack(b"textbytes")]).unwrap();
        let requester = postdesk::domain::message::hash64(b"ann@corp.example").to_string();
        let rows = ROWS
            .replace(":requester", &requester)
            .replace(":stem", &postdesk::domain::message::hash64(b"mail:a").to_string())
            .replace(":id", &message_id("l@desk.example").hash64().to_string())
            .replace(":doc", &format!("'{}'", serde_json::to_string(&old).unwrap()));
        db.execute_batch(&rows).unwrap();
        db.execute_batch("PRAGMA user_version = 1; COMMIT").unwrap();
    }
    let mut store = postdesk::store::open(scratch.path()).unwrap();
    assert_eq!(store.ticket(old.number).unwrap().as_ref(), Some(&old));
    let scope = Scope { since: minute(98), until: minute(99), last: minute(98), team: None };
    let held = Matter::Held { doubt: None, lapses: None, answered: false };
    let waits = named(&scope, vec![(&old, "ann", 0, held)]);
    assert_eq!((store.unsettled(&scope).unwrap(), waits.held.count()), (waits.clone(), 1), "held without a reason");
    let mut tally = Tally::new(scope.clone());
    tally.add(old.clone());
    tally.waits(waits);
    assert_eq!(ask(&mut *store, Query::Tally(scope)), Answer::Tally(Box::new(tally)));
    assert_eq!(ask(&mut *store, Query::LiveOf(address("ann@corp.example"))), Answer::Numbers(vec![old.number]));
    let known = Known {
        id: message_id("l@desk.example"),
        ticket: old.number,
        sent: Some(Sent {
            key: LetterKey("mail:a.b#0".into()),
            template: Some(TemplateName::Ack),
            subject: "VPN".into(),
            text: "text".into(),
        }),
    };
    assert_eq!(ask(&mut *store, Query::Known(vec![known.id.clone()])), Answer::Known(vec![known]));
    assert_eq!((keys(&store.pending(9).unwrap()), store.quarantined().unwrap().len()), (vec!["due:1"], 1));
    assert_eq!(store.raw(CauseId(3)).unwrap().as_deref(), Some(b"raw mail".as_slice()));
    assert_eq!((store.history(old.number).unwrap().len(), store.has_place(&uid(7, 2)).unwrap()), (1, true));
    assert_eq!(store.cursor(&inbox()).unwrap().map(|cursor| cursor.next_uid), Some(3));
    assert_eq!(*store.claim(minute(99999), 9, &[MAILBOX.to_owned()]).unwrap()[0].bytes, b"bytes");
    assert_eq!(ask(&mut *store, Query::Files(old.number)), Answer::Files(vec![]));
    let due = store.pending(9).unwrap().remove(0);
    let span = Span { start: 4, length: 4, transfer: Transfer::Plain };
    let enclosure = Enclosure { at: 9, mail: CauseKey("mail:a.b".into()), span, size: 4 };
    let letters = vec![letter("due:1#0", LetterKind::Notice, None, &["li@desk.example"])];
    let row = store.commit(&Commit { letters, ..nothing(&due, minute(99999)) }).unwrap().remove(0);
    store.word(&[row], &vec![Wording { files: vec![enclosure], ..wording("due:1#0") }].into()).unwrap();
    assert!(store.claim(minute(99999), 9, &[MAILBOX.to_owned()]).unwrap()[0].bytes.starts_with(b"Subject: bWFpbA==[#1001]"));
    assert_eq!(ask(&mut *store, Query::NewNumber), Answer::Number(TicketNo(1003)));
    let old = change(&mut *store, &old, Change::Status(Status::Open), 1);
    assert_eq!(ask(&mut *store, Query::Keyed("db1/disk".into())), Answer::Ticket(None));
    let alert = Alert { key: "db1/disk".into(), told: minute(2), returned: 0 };
    let old = change(&mut *store, &old, Change::Alert(Some(alert)), 2);
    assert_eq!(ask(&mut *store, Query::Keyed("db1/disk".into())), Answer::Ticket(Some(Box::new(old))));
    store.flush().unwrap();
    drop(store);

    drop(postdesk::store::open(fresh.path()).unwrap());
    let (db, fresh) = (sqlite(scratch.path()), sqlite(fresh.path()));
    assert_eq!(schema(&db), schema(&fresh), "old and new databases have one shape");
    let sound: String = db.query_row("PRAGMA integrity_check", [], |row| row.get(0)).unwrap();
    let orphans = db.prepare("PRAGMA foreign_key_check").unwrap().exists([]).unwrap();
    assert_eq!((sound.as_str(), orphans), ("ok", false));
    // Opening it once more changes nothing.
    drop((db, postdesk::store::open(scratch.path()).unwrap()));
}

#[test]
fn a_newer_database_is_refused_and_left_alone() {
    let scratch = Scratch::new("newer");
    drop(postdesk::store::open(scratch.path()).unwrap());
    sqlite(scratch.path()).pragma_update(None, "user_version", 99).unwrap();
    let before = std::fs::read(scratch.path().join("postdesk.db")).unwrap();
    let Err(error) = postdesk::store::open(scratch.path()) else { panic!("it was opened") };
    let said = format!("{error:#}");
    for word in ["version 99", "up to ", "postdesk.db", env!("CARGO_PKG_VERSION")] {
        assert!(said.contains(word), "{said:?} lacks {word:?}");
    }
    assert_eq!(std::fs::read(scratch.path().join("postdesk.db")).unwrap(), before);
}

#[test]
fn what_is_no_database_is_refused() {
    let scratch = Scratch::new("junk");
    std::fs::write(scratch.path().join("postdesk.db"), "no database at all, but long enough to have a header of its own").unwrap();
    let Err(error) = postdesk::store::open(scratch.path()) else { panic!("it was opened") };
    assert!(format!("{error:#}").contains("postdesk.db"), "{error:#}");
}

#[test]
fn a_new_database_may_be_opened_by_many_at_once() {
    let scratch = Scratch::new("race");
    std::thread::scope(|scope| {
        for i in 0..8 {
            let dir = scratch.path();
            scope.spawn(move || {
                let mut store = postdesk::store::open(dir).unwrap();
                waiting(&mut *store, &format!("{i}@a"), i);
                store.flush().unwrap();
            });
        }
    });
    assert_eq!(postdesk::store::open(scratch.path()).unwrap().counts(minute(0)).unwrap().messages, 8);
    let db = sqlite(scratch.path());
    assert_eq!(db.pragma_query_value(None, "journal_mode", |row| row.get::<_, String>(0)).unwrap(), "wal");
    let loose =
        "SELECT count(*) FROM pragma_table_list WHERE schema = 'main' AND type = 'table' AND NOT strict AND name NOT LIKE 'sqlite_%'";
    assert_eq!(db.query_row(loose, [], |row| row.get::<_, i64>(0)).unwrap(), 0, "every table is STRICT");
}

#[test]
fn one_decider_holds_the_lock() {
    let scratch = Scratch::new("lock");
    let data = scratch.path().join("new/data");
    assert_eq!(DataLock::last_holder(&data), None);
    let lock = DataLock::take(&data).unwrap();
    assert!(lock.is_some());
    assert!(DataLock::take(&data).unwrap().is_none());
    assert_eq!(DataLock::last_holder(&data), Some(std::process::id()));
    drop(lock);
    assert!(DataLock::take(&data).unwrap().is_some());
}
