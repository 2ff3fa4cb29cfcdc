//! A mail from a mailbox to itself, and one to a plus address of it: what only a mail can prove.
//!
//! The mails carry the desk's loop header, so that a desk that runs meanwhile ignores them.

use std::sync::Arc;
use std::time::Duration;

use chrono::{DateTime, Utc};

use super::super::accounts::{carrier, imap_account};
use super::{Step, marks};
use crate::config::{Delivery, Mailbox, Source};
use crate::delivery::{Handover, Parcel};
use crate::domain::message::{Address, MessageId};
use crate::mail::parse;
use crate::policy::Loaded;
use crate::source::imap;

/// How long a mail may be on its way.
const PATIENCE: Duration = Duration::from_secs(60);
/// How long the second may take when the first is there.
const GRACE: Duration = Duration::from_secs(10);

/// Sends the mails and looks for them.
pub async fn try_it(mailbox: &Mailbox, loaded: &Loaded) -> Vec<Step> {
    let account = match (&mailbox.source, &mailbox.delivery, imap_account(mailbox, loaded.policy.limits.message_size)) {
        (Source::Imap(_), Delivery::Smtp(_), Some(account)) => account,
        _ => return vec![(true, "tried only where mail comes by IMAP and goes by SMTP".to_owned())],
    };
    let trip = Trip { mailbox, mark: loaded.policy.key.sign(&["loop"]), left: Utc::now() };
    let mut carrier = carrier(&mailbox.delivery);
    let mut wanted = Vec::new();
    let mut steps = Vec::new();
    for to in [Some(mailbox.address.clone()), trip.plus_address()].into_iter().flatten() {
        let Some(id) = trip.id(wanted.len()) else { break };
        let parcel = Parcel { reverse_path: Some(mailbox.address.clone()), to: to.clone(), bytes: Arc::new(trip.letter(&to, &id)) };
        match carrier.deliver(&parcel).await {
            Handover::Taken(_) => wanted.push(id),
            // Only the first one's refusal is a trouble: many servers know no plus addresses.
            _ if !wanted.is_empty() => break,
            Handover::Later { why, .. } | Handover::Refused(why) | Handover::Uncertain(why) => {
                carrier.close().await;
                return vec![(false, format!("a mail from {to} to itself was not taken: {why}"))];
            }
        }
    }
    carrier.close().await;
    match imap::await_mails(&account, &wanted, PATIENCE, GRACE).await {
        Ok(found) => {
            let mut found = found.into_iter();
            steps.extend(trip.itself(found.next().flatten()));
            steps.push(trip.plus(found.next().flatten().is_some()));
        }
        Err(error) => steps.push((false, format!("the mail was sent, but the mailbox cannot be read: {error:#}"))),
    }
    steps
}

struct Trip<'a> {
    mailbox: &'a Mailbox,
    /// Of the loop header.
    mark: String,
    left: DateTime<Utc>,
}

impl Trip<'_> {
    fn plus_address(&self) -> Option<Address> {
        Address::parse(&format!("{}+postdesk-doctor@{}", self.mailbox.address.local(), self.mailbox.address.domain()))
    }

    fn id(&self, number: usize) -> Option<MessageId> {
        let moment = self.left.timestamp_micros();
        MessageId::parse(&format!("postdesk-doctor.{moment}.{}.{number}@{}", std::process::id(), self.mailbox.address.domain()))
    }

    fn letter(&self, to: &Address, id: &MessageId) -> Vec<u8> {
        format!(
            "From: {}\r\nTo: {to}\r\nSubject: Postdesk doctor: round trip\r\nMessage-ID: {id}\r\nDate: {}\r\nAuto-Submitted: auto-generated\r\n\
             X-Auto-Response-Suppress: All\r\nX-Postdesk-Loop: {}\r\nMIME-Version: 1.0\r\nContent-Type: text/plain; charset=utf-8\r\n\r\n\
             `postdesk doctor --send` wrote this to see whether it arrives. It can be deleted.\r\n",
            self.mailbox.address,
            self.left.to_rfc2822(),
            self.mark,
        )
        .into_bytes()
    }

    /// What the mail to the mailbox itself shows.
    fn itself(&self, found: Option<(imap::Header, DateTime<Utc>)>) -> Vec<Step> {
        let Mailbox { address, .. } = self.mailbox;
        let Some((header, seen)) = found else {
            return vec![(
                false,
                format!(
                    "a mail to {address} was taken by the mail server, but did not arrive within {} s: look into the account's junk folder \
                     and rules, and at folders in the config",
                    PATIENCE.as_secs()
                ),
            )];
        };
        let mut steps = vec![(true, format!("a mail to {address} arrived within {:.1} s", (seen - self.left).as_seconds_f64()))];
        let from = parse::read(&header.raw, None).from.map(|person| person.address);
        if from.as_ref() != Some(address) {
            let from = from.map_or_else(|| "nobody".to_owned(), |from| from.to_string());
            steps.push((
                false,
                format!(
                    "the mail server wrote {from} into From instead of {address}: answers would go there; make user and the mailbox's address \
                     the same, or let the server allow {address} as a sender"
                ),
            ));
        }
        steps.extend(header.at.map(|arrived| marks::clock(self.left, seen, arrived)));
        steps
    }

    /// What the mail to the plus address shows.
    fn plus(&self, arrived: bool) -> Step {
        let address = &self.mailbox.address;
        let setting = format!("reply_address = \"{}+{{token}}@{}\"", address.local(), address.domain());
        match (arrived, self.mailbox.plus_addresses) {
            (true, true) => (true, "plus addresses arrive, as reply_address wants".to_owned()),
            (true, false) => (true, format!("plus addresses arrive: {setting} would find the ticket even of answers that quote nothing")),
            (false, false) => (true, "plus addresses do not arrive: leave reply_address as it is".to_owned()),
            (false, true) => {
                (false, format!("plus addresses do not arrive, so answers to {setting} are lost: set reply_address = \"fixed\""))
            }
        }
    }
}
