//! Delivery by SMTP.

mod faults;
mod postfix;
mod providers;
pub mod script;

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use postdesk::delivery::smtp::{Account, Proof, Timeouts, Tls};
use postdesk::delivery::{Handover, Parcel};
use postdesk::domain::message::Address;

const QUICK: Timeouts = Timeouts {
    connect: Duration::from_secs(10),
    greeting: Duration::from_secs(10),
    command: Duration::from_secs(10),
    data: Duration::from_secs(10),
    block: Duration::from_secs(10),
    end: Duration::from_secs(20),
    idle: Duration::from_secs(20),
    probe: Duration::from_millis(300),
};

fn account(port: u16, tls: Tls) -> Account {
    Account {
        host: "localhost".to_owned(),
        port,
        tls,
        ca_file: None,
        user: None,
        proof: Proof::Password,
        password: None,
        hello: "desk.test".to_owned(),
        allow_plaintext: false,
        timeouts: QUICK,
    }
}

fn with_login(account: Account, user: &str, password: &str) -> Account {
    let password = password.to_owned();
    Account { user: Some(user.to_owned()), password: Some(Box::new(move || Ok(password.clone()))), ..account }
}

fn with_ca(account: Account, ca_file: PathBuf) -> Account {
    Account { ca_file: Some(ca_file), ..account }
}

fn parcel(to: &str, bytes: impl Into<Vec<u8>>) -> Parcel {
    Parcel { reverse_path: Address::parse("support@desk.test"), to: Address::parse(to).unwrap(), bytes: Arc::new(bytes.into()) }
}

fn letter(subject: &str, body: &str) -> Vec<u8> {
    format!(
        "From: Support <support@desk.test>\r\nSubject: {subject}\r\nMessage-ID: <{subject}@desk.test>\r\nMIME-Version: 1.0\r\n\
         Content-Type: text/plain; charset=utf-8\r\nContent-Transfer-Encoding: 8bit\r\n\r\n{body}"
    )
    .into_bytes()
}

#[track_caller]
fn assert_taken(handover: &Handover) {
    assert!(matches!(handover, Handover::Taken(words) if words.starts_with("250 ")), "{handover:?}");
}

#[track_caller]
fn assert_later(handover: &Handover, pauses: bool, words: &[&str]) {
    let Handover::Later { why, pause } = handover else { panic!("{handover:?}") };
    assert_eq!(*pause, pauses, "{why}");
    for word in words {
        assert!(why.contains(word), "no {word:?} in: {why}");
    }
}

#[track_caller]
fn assert_refused(handover: &Handover, words: &str) {
    assert!(matches!(handover, Handover::Refused(why) if why.contains(words)), "{handover:?}");
}
