//! Config → sources and carriers: the one place that knows both.

use std::sync::Arc;
use std::time::Duration;

use chrono::Utc;
use tokio::sync::watch;

use super::hub::Door;
use crate::config::{self, Delivery, Mailbox, Source};
use crate::delivery::{Carrier, smtp};
use crate::policy::Loaded;
use crate::source::{Start, imap, maildir};

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
    pub async fn watch(self, door: Door, stopping: watch::Receiver<bool>, once: bool) -> anyhow::Result<()> {
        // How a source fares is logged by the source itself.
        let report = |_| {};
        match self {
            Watcher::Imap { account, folder } => imap::watch(&account, &folder, &door, &Utc::now, stopping, once, &report).await,
            Watcher::Maildir(account) => maildir::watch(&account, &door, &Utc::now, stopping, once, &report).await,
        }
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
        password: Arc::new(move || secret.resolve().map(|revealed| revealed.expose().to_owned())),
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
        start: start(mailbox.start),
        message_size,
    })
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
        password: secret
            .map(|secret| -> smtp::Password { Box::new(move || secret.resolve().map(|revealed| revealed.expose().to_owned())) }),
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

/// Every source and delivery of the configuration, tried.
pub async fn examine(loaded: &Loaded) -> Vec<super::Examination> {
    let mut found = Vec::new();
    for mailbox in &loaded.config.mailboxes {
        let name = format!("mailbox {} ({})", mailbox.name, mailbox.address);
        let steps = match (&mailbox.source, imap_account(mailbox, loaded.policy.limits.message_size)) {
            (Source::Maildir { path }, _) => vec![maildir_step(path)],
            (_, Some(account)) => imap::doctor(&account).await,
            (_, None) => Vec::new(),
        };
        found.push((name, steps));
    }
    let deliveries: Vec<_> = loaded.config.mailboxes.iter().map(|m| (m.name.clone(), m.delivery.clone())).collect();
    for (delivery, mailboxes) in super::hub::shared_lines(&deliveries) {
        let steps = match &delivery {
            Delivery::Smtp(account) => smtp::doctor(&Arc::new(smtp_account(account))).await,
            Delivery::Maildir { path } => vec![(true, format!("mail is written below {}", path.display()))],
        };
        found.push((format!("delivery of {}", mailboxes.join(", ")), steps));
    }
    found
}

fn maildir_step(path: &std::path::Path) -> (bool, String) {
    if path.join("new").is_dir() {
        return (true, format!("{} is a Maildir", path.display()));
    }
    (
        false,
        format!("{} is no Maildir: it has no directory `new`; make it with `mkdir -p {}/{{new,cur,tmp}}`", path.display(), path.display()),
    )
}
