//! `[operator] canary`: a mail from each mailbox to itself, now and then, by the ways that all mail goes. One that does not come back is told
//! by `alert_command`: a mail server that takes mail and loses it, a folder rule that hides it, a mailbox that is full.
//!
//! It carries the desk's loop header, so that it is the desk's own mail by any road: no ticket, no answer, in no list. A header of its own,
//! with its moment signed, says that it is a canary; which one does not matter, for each that comes shows that mail flows. One that is back
//! as it left has done its work, and its source removes it.

use std::sync::Arc;
use std::time::Duration;

use chrono::{DateTime, Utc};
use tokio::sync::watch;

use super::accounts::carrier;
use super::alarm::{Alarm, Subject};
use crate::config::{Delivery, Mailbox};
use crate::delivery::{Handover, Parcel};
use crate::domain::language;
use crate::domain::message::{Arrival, Reading};
use crate::domain::policy::Policy;
use crate::domain::trust::Key;
use crate::mail::parse;

/// The first leaves so long after the start: a desk that is started again and again sends none.
const FIRST: Duration = Duration::from_secs(60);

const HEADER: &str = "X-Postdesk-Canary";

const SUBJECT: &str = "Postdesk canary";

const TEXT: &str = "Postdesk wrote this to see whether mail arrives. It can be deleted.";

/// With what relays add to its header, a canary is no larger.
const MOST: usize = 64 * 1024;

/// Sends a canary from each mailbox that sends by SMTP, as often as is wanted now, until the end is asked for.
pub async fn send(
    mailboxes: Vec<Mailbox>,
    mut wanted: watch::Receiver<Option<Duration>>,
    policy: watch::Receiver<Arc<Policy>>,
    language: String,
    alarm: Alarm,
    mut stopping: watch::Receiver<bool>,
) {
    let mailboxes: Vec<&Mailbox> = mailboxes.iter().filter(|mailbox| matches!(mailbox.delivery, Delivery::Smtp(_))).collect();
    let mut every = *wanted.borrow_and_update();
    let mut wait = every.map(|every| FIRST.min(every));
    while !mailboxes.is_empty() {
        tokio::select! {
            () = tokio::time::sleep(wait.unwrap_or(Duration::MAX)) => {
                let key = policy.borrow().key.clone();
                for mailbox in &mailboxes {
                    send_one(mailbox, &key, &alarm, &language).await;
                }
                wait = every;
            }
            changed = wanted.changed() => {
                if changed.is_err() {
                    return;
                }
                every = *wanted.borrow_and_update();
                wait = every.map(|every| FIRST.min(every));
            }
            _ = stopping.changed() => return,
        }
    }
}

async fn send_one(mailbox: &Mailbox, key: &Key, alarm: &Alarm, language: &str) {
    let (address, now) = (&mailbox.address, Utc::now());
    let bytes = Arc::new(letter(mailbox, key, now));
    let mut carrier = carrier(&mailbox.delivery);
    let handover = carrier.deliver(&Parcel { reverse_path: Some(address.clone()), to: address.clone(), bytes }).await;
    carrier.close().await;
    let why = fate(&handover, now, language);
    tracing::debug!(mailbox = mailbox.name, why, "canary");
    // It is a trouble until it is seen; seen in time, nobody hears of it.
    alarm.ill(Subject::Canary(mailbox.name.clone()), &why, false);
}

/// How far it came, in the operator's language.
fn fate(handover: &Handover, left: DateTime<Utc>, language: &str) -> String {
    let (left, chinese) = (left.format("%Y-%m-%d %H:%M UTC"), language::is_chinese(language));
    match handover {
        Handover::Taken(_) if chinese => format!("{left} 发出的一封已被邮件服务器接收"),
        Handover::Taken(_) => format!("the one that left at {left} was taken by the mail server"),
        Handover::Later { why, .. } | Handover::Refused(why) | Handover::Uncertain(why) if chinese => {
            format!("{left} 的一封未被接收：{why}")
        }
        Handover::Later { why, .. } | Handover::Refused(why) | Handover::Uncertain(why) => {
            format!("the one of {left} was not taken: {why}")
        }
    }
}

fn letter(mailbox: &Mailbox, key: &Key, now: DateTime<Utc>) -> Vec<u8> {
    let address = &mailbox.address;
    let moment = now.timestamp_micros().to_string();
    let (id, loop_mark, mark) = (key.sign(&["canary", address.as_str(), &moment]), key.sign(&["loop"]), key.sign(&["canary", &moment]));
    format!(
        "From: {address}\r\nTo: {address}\r\nSubject: {SUBJECT}\r\nMessage-ID: <postdesk-canary.{moment}.{id}@{}>\r\nDate: {}\r\n\
         Auto-Submitted: auto-generated\r\nX-Auto-Response-Suppress: All\r\nX-Postdesk-Loop: {loop_mark}\r\n{HEADER}: {moment} {mark}\r\n\
         MIME-Version: 1.0\r\nContent-Type: text/plain; charset=utf-8\r\n\r\n{TEXT}\r\n",
        address.domain(),
        now.to_rfc2822(),
    )
    .into_bytes()
}

/// The mailboxes that canaries among these mails have come back to.
pub fn seen<'m>(arrivals: impl Iterator<Item = &'m Arrival>, key: &Key) -> Vec<String> {
    arrivals.filter(|arrival| canary(&arrival.raw, key).is_some()).map(|arrival| arrival.mailbox.clone()).collect()
}

/// Is it a canary, and nothing but what the desk wrote? A mail that quotes or carries one is somebody's.
pub fn is_spent(arrival: &Arrival, key: &Key) -> bool {
    let words = |text: &str| text.split_whitespace().map(str::to_owned).collect::<Vec<_>>();
    arrival.whole_size.is_none()
        && canary(&arrival.raw, key).is_some_and(|mail| {
            let own = mail.all_headers("X-Postdesk-Loop").any(|mark| key.signed(&["loop"], mark.trim()));
            own && mail.subject == SUBJECT && words(&mail.text) == words(TEXT) && mail.attachments.is_empty() && mail.original.is_none()
        })
}

/// The mail, where its header says that it is a canary.
fn canary(raw: &[u8], key: &Key) -> Option<Reading> {
    if raw.len() > MOST {
        return None;
    }
    memchr::memmem::find(raw, HEADER.as_bytes())?;
    let mail = parse::read(raw, None);
    let mark = mail.header(HEADER)?;
    let (moment, signature) = mark.trim().split_once(' ')?;
    key.signed(&["canary", moment], signature.trim()).then_some(mail)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn its_fate_is_told_in_the_operators_language() {
        let refused = Handover::Refused("550 no".to_owned());
        for (handover, language, words) in [
            (&Handover::Taken(String::new()), "en", "the one that left at 1970-01-01 00:00 UTC was taken by the mail server"),
            (&Handover::Taken(String::new()), "zh", "1970-01-01 00:00 UTC 发出的一封已被邮件服务器接收"),
            (&refused, "en", "the one of 1970-01-01 00:00 UTC was not taken: 550 no"),
            (&refused, "zh-cn", "1970-01-01 00:00 UTC 的一封未被接收：550 no"),
        ] {
            assert_eq!(fate(handover, DateTime::UNIX_EPOCH, language), words);
        }
    }

    #[test]
    fn a_canary_is_our_own_mail_and_nobody_elses() {
        let config = "[[team]]\nname = \"it\"\n[[agent]]\nhandle = \"li\"\nname = \"Li\"\naddress = \"li@desk.test\"\n\
            [delivery]\nkind = \"maildir\"\npath = \"out\"\n\
            [[mailbox]]\nname = \"s\"\naddress = \"s@desk.test\"\nsource = { kind = \"maildir\", path = \"in\" }\n";
        let config = crate::config::read(std::path::Path::new("config.toml"), config).unwrap().config;
        let key = &Key::new([7; 32]);
        let raw = letter(&config.mailboxes[0], key, DateTime::UNIX_EPOCH);
        let reading = parse::read(&raw, None);
        let own = reading.header("X-Postdesk-Loop").is_some_and(|mark| key.signed(&["loop"], mark));
        assert_eq!((own, reading.defects, reading.id.is_some()), (true, vec![], true));
        let text = String::from_utf8(raw.clone()).unwrap();
        let relayed = [b"Received: from mx.test (x [127.0.0.1])\n by y; Tue, 1 Dec 2026 09:30:00 +0800\n".as_slice(), &raw].concat();
        let changed = |from: &str, to: &str| text.replace(from, to).into_bytes();
        let with_words = |words: &str| format!("From: alice@ext.test\r\nSubject: What is this?\r\n\r\n{words}\r\n").into_bytes();
        let lf = changed("\r\n", "\n");
        for (raw, canary, spent) in [
            (raw, true, true),
            (relayed, true, true),
            (lf, true, true),
            (changed(&key.sign(&["canary", "0"]), "aaaaaaaaaaaaaaaa"), false, false),
            (changed(&format!("{HEADER}: 0 "), &format!("{HEADER}: 1 ")), false, false),
            (changed(&key.sign(&["loop"]), "aaaaaaaaaaaaaaaa"), true, false),
            (changed(SUBJECT, "Re: Postdesk canary"), true, false),
            (changed(TEXT, "And the printer is broken."), true, false),
            (changed(TEXT, &format!("{TEXT}\r\n\r\nThe printer is broken.")), true, false),
            (with_words(&text), false, false),
            (with_words(&format!("\r\n> {}", text.replace("\r\n", "\r\n> "))), false, false),
            (b"Subject: x\n\nX-Postdesk-Canary:".to_vec(), false, false),
        ] {
            let at = DateTime::UNIX_EPOCH;
            let arrival = Arrival { mailbox: "s".into(), place: None, at, raw, whole_size: None, quiet: false, cursor: None };
            let seen = !seen([&arrival].into_iter(), key).is_empty();
            assert_eq!((seen, is_spent(&arrival, key)), (canary, spent), "{}", String::from_utf8_lossy(&arrival.raw));
        }
    }
}
