//! Config → sources and carriers: the one place that knows both.

use std::sync::Arc;
use std::time::Duration;

use chrono::Utc;
use tokio::sync::watch;

use super::alarm::{Alarm, Heard, Subject};
use super::hub::Door;
use crate::config::{self, Delivery, Mailbox, Source};
use crate::delivery::{Carrier, smtp};
use crate::policy::Loaded;
use crate::source::{SourceState, Start, imap, maildir};

/// One folder that is watched.
#[derive(Clone)]
pub enum Watcher {
    /// A folder of an IMAP account.
    Imap {
        /// The account.
        account: Arc<imap::Account>,
        /// Which of its folders.
        folder: String,
    },
    /// A Maildir.
    Maildir(maildir::Account),
}

impl Watcher {
    /// Watches until the end is asked for; with `once` until what is there was handed over.
    ///
    /// # Errors
    /// The account may not be used as configured; with `once`, it could not be read.
    pub async fn watch(self, door: Door, alarm: Alarm, stopping: watch::Receiver<bool>, once: bool) -> anyhow::Result<()> {
        let subject = self.subject();
        // The log is written by the source itself.
        let report = |state| match state {
            SourceState::Watching => alarm.well(subject.clone()),
            SourceState::Waiting { why, refused, .. } => alarm.ill(subject.clone(), &why, refused),
        };
        let inbox = Heard { door: &door, alarm: &alarm };
        match &self {
            Watcher::Imap { account, folder } => imap::watch(account, folder, &inbox, &Utc::now, stopping, once, &report).await,
            Watcher::Maildir(account) => maildir::watch(account, &inbox, &Utc::now, stopping, once, &report).await,
        }
    }

    /// The mailbox's name in the config.
    pub fn mailbox(&self) -> &str {
        match self {
            Watcher::Imap { account, .. } => &account.mailbox,
            Watcher::Maildir(account) => &account.mailbox,
        }
    }

    /// The folder as the config spells it, or the Maildir's path.
    pub fn folder(&self) -> String {
        match self {
            Watcher::Imap { folder, .. } => folder.clone(),
            Watcher::Maildir(account) => account.path.display().to_string(),
        }
    }

    /// Where it was taken up.
    pub fn start(&self) -> Start {
        match self {
            Watcher::Imap { account, .. } => account.start,
            Watcher::Maildir(account) => account.start,
        }
    }

    /// What is told to the alarm.
    pub fn subject(&self) -> Subject {
        Subject::Mailbox { mailbox: self.mailbox().to_owned(), folder: self.folder() }
    }
}

/// A watcher for each folder of each mailbox.
pub fn watchers(loaded: &Loaded) -> Vec<Watcher> {
    loaded.config.mailboxes.iter().flat_map(|mailbox| watchers_of(mailbox, loaded.policy.limits.message_size)).collect()
}

fn watchers_of(mailbox: &Mailbox, message_size: u64) -> Vec<Watcher> {
    match &mailbox.source {
        Source::Imap(_) => {
            let Some(account) = imap_account(mailbox, message_size).map(Arc::new) else { return Vec::new() };
            account.folders.iter().map(|folder| Watcher::Imap { account: Arc::clone(&account), folder: folder.clone() }).collect()
        }
        Source::Maildir { .. } => maildir_account(mailbox, message_size).map(Watcher::Maildir).into_iter().collect(),
    }
}

/// The IMAP account of a mailbox, where it has one.
pub fn imap_account(mailbox: &Mailbox, message_size: u64) -> Option<imap::Account> {
    let Source::Imap(account) = &mailbox.source else { return None };
    let secret = account.secret.clone();
    Some(imap::Account {
        host: account.host.clone(),
        port: account.port,
        tls: account.tls,
        ca_file: account.ca_file.clone(),
        // The config was refused unless plain text was asked for in as many words.
        allow_plaintext: true,
        user: account.user.clone(),
        proof: secret.proof(),
        password: Arc::new(move || reveal(&secret)),
        folders: account.folders.clone(),
        poll: account.poll,
        idle: account.idle,
        idle_renew: Duration::from_secs(28 * 60),
        mailbox: mailbox.name.clone(),
        mark: match mailbox.mark {
            config::Mark::None => imap::Mark::None,
            config::Mark::Seen => imap::Mark::Seen,
            config::Mark::Keyword => imap::Mark::Keyword(KEYWORD.to_owned()),
        },
        done_folder: mailbox.done_folder.clone(),
        sent_folder: mailbox.sent_folder.clone(),
        start: start(mailbox.start),
        message_size,
    })
}

/// A password or a token for a login.
fn reveal(secret: &config::Secret) -> anyhow::Result<String> {
    secret.resolve().map(|revealed| revealed.expose().to_owned())
}

/// The keyword that `mark = "keyword"` sets.
const KEYWORD: &str = "Postdesk";

fn start(start: config::Start) -> Start {
    match start {
        config::Start::Now => Start::Now,
        config::Start::All => Start::All,
        config::Start::Since(date) => Start::Since(date),
    }
}

/// The Maildir of a mailbox, where it has one.
pub fn maildir_account(mailbox: &Mailbox, message_size: u64) -> Option<maildir::Account> {
    let Source::Maildir { path } = &mailbox.source else { return None };
    Some(maildir::Account {
        path: path.clone(),
        mailbox: mailbox.name.clone(),
        mark_seen: mailbox.mark == config::Mark::Seen,
        done_folder: mailbox.done_folder.clone(),
        start: start(mailbox.start),
        message_size,
        poll: Duration::from_secs(1),
    })
}

/// What a delivery is called where it fails.
pub fn way(delivery: &Delivery) -> String {
    match delivery {
        Delivery::Smtp(account) => format!("{}:{}", account.host, account.port),
        Delivery::Maildir { path } => path.display().to_string(),
    }
}

/// How many connections a delivery may use at once.
pub fn connections(delivery: &Delivery) -> usize {
    match delivery {
        Delivery::Smtp(account) => account.connections.max(1) as usize,
        Delivery::Maildir { .. } => 1,
    }
}

/// How many mails may go out within which time.
pub fn rate(delivery: &Delivery) -> Option<(usize, chrono::Duration)> {
    let Delivery::Smtp(account) = delivery else { return None };
    let rate = account.rate?;
    Some((rate.mails as usize, chrono::Duration::from_std(rate.within).ok()?))
}

/// A carrier for one connection; it connects when it has something to carry.
pub fn carrier(delivery: &Delivery) -> Carrier {
    match delivery {
        Delivery::Smtp(account) => Carrier::Smtp(smtp::Connection::new(Arc::new(smtp_account(account)))),
        Delivery::Maildir { path } => Carrier::Maildir(path.clone()),
    }
}

/// The SMTP account of a delivery.
pub fn smtp_account(account: &config::SmtpAccount) -> smtp::Account {
    let secret = account.secret.clone();
    smtp::Account {
        host: account.host.clone(),
        port: account.port,
        tls: account.tls,
        ca_file: account.ca_file.clone(),
        user: account.user.clone(),
        proof: secret.as_ref().map(config::Secret::proof).unwrap_or_default(),
        password: secret.map(|secret| -> smtp::Password { Box::new(move || reveal(&secret)) }),
        hello: hostname(),
        // The config was refused unless plain text was asked for in as many words.
        allow_plaintext: true,
        timeouts: smtp::Timeouts::default(),
    }
}

/// What EHLO calls this machine.
fn hostname() -> String {
    let name = std::fs::read_to_string("/proc/sys/kernel/hostname").unwrap_or_default();
    let name = name.trim();
    if name.is_empty() { "localhost".to_owned() } else { name.to_owned() }
}
