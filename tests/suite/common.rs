//! What several test modules need: a directory that goes away, a clock to count on, mails, tickets, letters and commits.

use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU32, Ordering};

use chrono::{DateTime, Duration, Utc};
use postdesk::domain::message::{Address, Arrival, Folder, Letter, LetterKey, LetterKind, MessageId, Person, Place, TemplateName, Wording};
use postdesk::domain::ticket::{Change, Ticket, TicketNo, Version};
use postdesk::domain::{Outcome, Reason};
use postdesk::store::{Commit, CommitError, CommittedMail, Pending, Store, TicketState};

/// The mailbox of every arrival and letter.
pub const MAILBOX: &str = "support";

/// A directory of its own, removed when dropped.
pub struct Scratch(PathBuf);

impl Scratch {
    pub fn new(name: &str) -> Scratch {
        static NEXT: AtomicU32 = AtomicU32::new(0);
        let unique = format!("postdesk-{name}-{}-{}", std::process::id(), NEXT.fetch_add(1, Ordering::Relaxed));
        let path = std::env::temp_dir().join(unique);
        std::fs::create_dir_all(&path).unwrap();
        Scratch(path)
    }

    pub fn path(&self) -> &Path {
        &self.0
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

/// So many minutes after the tests' day began.
pub fn minute(n: i64) -> DateTime<Utc> {
    "2026-12-01T08:00:00Z".parse::<DateTime<Utc>>().unwrap() + Duration::minutes(n)
}

pub fn address(text: &str) -> Address {
    Address::parse(text).unwrap()
}

pub fn person(text: &str) -> Person {
    Person { name: String::new(), address: address(text) }
}

pub fn message_id(text: &str) -> MessageId {
    MessageId::parse(text).unwrap()
}

/// A plain mail, LF line ends.
pub fn mail(id: &str, from: &str, subject: &str, body: &str) -> Vec<u8> {
    format!("Received: by mx\nMessage-ID: <{id}>\nFrom: {from}\nTo: support@desk.example\nSubject: {subject}\n\n{body}\n").into_bytes()
}

/// These bytes, come by a pipe.
pub fn arrival(raw: impl Into<Vec<u8>>, at: DateTime<Utc>) -> Arrival {
    Arrival { mailbox: MAILBOX.into(), place: None, at, raw: raw.into(), whole_size: None, quiet: false, cursor: None }
}

pub fn inbox() -> Folder {
    Folder { host: "imap.desk.example".into(), user: "support".into(), folder: "INBOX".into() }
}

pub fn uid(uidvalidity: u32, uid: u32) -> Place {
    Place { folder: inbox(), uidvalidity, uid, name: String::new() }
}

/// A ticket in its first version, ready to be committed.
pub fn ticket(number: TicketNo, requester: &str, at: DateTime<Utc>) -> Ticket {
    let mut ticket = Ticket::open(number, "VPN down".into(), person(requester), "support".into(), "en".into(), at);
    ticket.version = Version(1);
    ticket
}

/// Makes a change and counts it, as the desk does.
pub fn changed(ticket: &Ticket, changes: &[Change], at: DateTime<Utc>) -> Ticket {
    let mut next = ticket.clone();
    for change in changes {
        next.apply(change, at);
    }
    next.version = Version(ticket.version.0 + 1);
    next
}

/// A letter to these people. Its Message-ID is made of the key.
pub fn letter(key: &str, kind: LetterKind, ticket: Option<TicketNo>, to: &[&str]) -> Letter {
    Letter {
        key: LetterKey(key.into()),
        kind,
        template: TemplateName::Ack.as_str().to_owned(),
        mailbox: MAILBOX.into(),
        ticket,
        reverse_path: Some(address("support@desk.example")),
        to: to.iter().map(|to| address(to)).collect(),
        message_id: message_id(&format!("{}@desk.example", key.replace([':', ' '], "."))),
        held: None,
        not_before: None,
    }
}

/// What a letter of this key says: more than a MiB each of text and bytes for `long`.
pub fn wording(key: &str) -> Wording {
    let times = |n| if key == "long" { n } else { 1 };
    Wording {
        subject: "[#1001] VPN down".into(),
        text: format!("We have your mail. 我们已收到您的邮件。 {key}").repeat(times(40_000)),
        bytes: format!("Subject: [#1001] VPN down\r\n\r\nWe have your mail. {key}\r\n").into_bytes().repeat(times(60_000)),
        files: Vec::new(),
    }
}

/// Commits, with the words of each letter.
pub fn commits(store: &mut dyn Store, commit: &Commit) -> Result<(), CommitError> {
    let rows = store.commit(commit)?;
    let words: Vec<Wording> = commit.letters.iter().map(|letter| wording(&letter.key.0)).collect();
    if !rows.is_empty() {
        store.word(&rows, &words.into())?;
    }
    Ok(())
}

/// A commit that only says that a cause is done.
pub fn nothing(cause: &Pending, at: DateTime<Utc>) -> Commit {
    Commit {
        cause: cause.id,
        key: cause.key.clone(),
        at,
        actor: "desk".into(),
        outcome: Outcome::Done,
        tickets: Vec::new(),
        changes: Vec::new(),
        because: vec![Reason("a test says so".into())],
        policy: "0123456789abcdef".into(),
        letters: Vec::new(),
        release: Vec::new(),
        cancel: Vec::new(),
        restore: Vec::new(),
        grants: Vec::new(),
        mail: None,
    }
}

/// A commit that opens this ticket for a mail of this Message-ID.
pub fn opening(cause: &Pending, ticket: &Ticket, id: &str, at: DateTime<Utc>) -> Commit {
    Commit {
        outcome: Outcome::Opened { ticket: ticket.number },
        actor: ticket.requester.address.to_string(),
        tickets: vec![TicketState { ticket: ticket.clone(), next_due: None }],
        changes: vec![(ticket.number, Change::Opened(Box::new(ticket.clone())), None)],
        mail: Some(CommittedMail {
            id: Some(message_id(id)),
            references: Vec::new(),
            from: Some(ticket.requester.address.clone()),
            ticket: Some(ticket.number),
            internal: false,
            files: Vec::new(),
            suspect: None,
            text: "My VPN is down.".into(),
        }),
        ..nothing(cause, at)
    }
}
