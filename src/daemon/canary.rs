//! `[operator] canary`: a mail from each mailbox to itself, now and then, by the ways that all mail goes. One that does not come back is told
//! by `alert_command`: a mail server that takes mail and loses it, a folder rule that hides it, a mailbox that is full.
//!
//! It carries the desk's loop header, so that it is the desk's own mail by any road: no ticket, no answer, in no list. A signed header of its
//! own says that it is a canary; which one does not matter, for each that comes shows that mail flows.

use std::sync::Arc;
use std::time::Duration;

use chrono::{DateTime, Utc};
use tokio::sync::watch;

use super::accounts::carrier;
use super::alarm::{Alarm, Subject};
use crate::config::{Config, Delivery, Mailbox};
use crate::delivery::{Handover, Parcel};
use crate::domain::message::Arrival;
use crate::domain::policy::Policy;
use crate::domain::trust::Key;

/// The first leaves so long after the start: a desk that is started again and again sends none.
const FIRST: Duration = Duration::from_secs(60);

const HEADER: &str = "X-Postdesk-Canary";

/// So many bytes of a mail are looked at for the header; relays add theirs above it.
const HEAD: usize = 64 * 1024;

/// Sends a canary from each mailbox that sends by SMTP, until the end is asked for. Comes back at once where none is wanted.
pub async fn send(config: Config, policy: Arc<Policy>, alarm: Alarm, mut stopping: watch::Receiver<bool>) {
    let Some(every) = config.operator.canary else { return };
    let mailboxes = || config.mailboxes.iter().filter(|mailbox| matches!(mailbox.delivery, Delivery::Smtp(_)));
    let language = config.operator.language.as_ref().unwrap_or(&config.desk.language);
    let mut wait = FIRST.min(every);
    while mailboxes().next().is_some() {
        tokio::select! {
            () = tokio::time::sleep(wait) => {}
            _ = stopping.changed() => return,
        }
        wait = every;
        for mailbox in mailboxes() {
            send_one(mailbox, &policy.key, &alarm, language).await;
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
    let (left, chinese) = (left.format("%Y-%m-%d %H:%M UTC"), language.starts_with("zh"));
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
    let (id, loop_mark, mark) = (key.sign(&["canary", address.as_str(), &moment]), key.sign(&["loop"]), key.sign(&["canary"]));
    format!(
        "From: {address}\r\nTo: {address}\r\nSubject: Postdesk canary\r\nMessage-ID: <postdesk-canary.{moment}.{id}@{}>\r\nDate: {}\r\n\
         Auto-Submitted: auto-generated\r\nX-Auto-Response-Suppress: All\r\nX-Postdesk-Loop: {loop_mark}\r\n{HEADER}: {mark}\r\n\
         MIME-Version: 1.0\r\nContent-Type: text/plain; charset=utf-8\r\n\r\n\
         Postdesk wrote this to see whether mail arrives. It can be deleted.\r\n",
        address.domain(),
        now.to_rfc2822(),
    )
    .into_bytes()
}

/// The mailboxes that canaries among these mails have come back to.
pub fn seen<'m>(arrivals: impl Iterator<Item = &'m Arrival>, key: &Key) -> Vec<String> {
    arrivals.filter(|arrival| is_canary(&arrival.raw, key)).map(|arrival| arrival.mailbox.clone()).collect()
}

fn is_canary(raw: &[u8], key: &Key) -> bool {
    let head = raw.get(..HEAD).unwrap_or(raw);
    let Some(at) = memchr::memmem::find(head, HEADER.as_bytes()) else { return false };
    let line = head.get(at + HEADER.len() + 1..).and_then(|rest| rest.split(|b| *b == b'\n').next());
    line.and_then(|line| std::str::from_utf8(line).ok()).is_some_and(|mark| key.signed(&["canary"], mark.trim()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::mail::parse;

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
        let relayed = [b"Received: from mx.test (x [127.0.0.1])\n by y; Tue, 1 Dec 2026 09:30:00 +0800\n".as_slice(), &raw].concat();
        let forged = String::from_utf8(raw.clone()).unwrap().replace(&key.sign(&["canary"]), "aaaaaaaaaaaaaaaa").into_bytes();
        for (raw, canary) in [(raw, true), (relayed, true), (forged, false), (b"Subject: x\n\nX-Postdesk-Canary:".to_vec(), false)] {
            assert_eq!(is_canary(&raw, key), canary, "{}", String::from_utf8_lossy(&raw));
        }
    }
}
