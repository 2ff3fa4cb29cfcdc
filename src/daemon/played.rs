//! A desk whose clock is played, for the demo: the real Maildir source, desk and Maildir delivery, one step at a time.

use std::sync::{Arc, Mutex};

use anyhow::Context;
use chrono::{DateTime, Utc};
use tokio::sync::watch;

use super::{accounts, book_of, hub};
use crate::delivery::Carrier;
use crate::desk::{self, Desk};
use crate::domain::message::{Address, Arrival, Cursor, Folder, Place, Withheld};
use crate::mail::parse;
use crate::policy::Loaded;
use crate::source::{Inbox, maildir};
use crate::store::{self, Posting, Prepared, Store};

/// The desk with its one Maildir mailbox.
pub struct Played {
    desk: Mutex<Desk>,
    source: maildir::Account,
    mailbox: String,
    carrier: Carrier,
    now: DateTime<Utc>,
    runtime: tokio::runtime::Runtime,
    /// The source ends when this is dropped.
    open: watch::Sender<bool>,
}

/// A mail that left the desk.
#[derive(Debug, Clone)]
pub struct SentMail {
    /// Which template made it.
    pub template: String,
    /// To whom.
    pub to: Address,
    /// Its subject.
    pub subject: String,
}

impl Played {
    /// Opens a desk whose first mailbox and whose delivery are Maildirs, at a moment.
    ///
    /// # Errors
    /// They are not, or the store cannot be opened.
    pub fn open(loaded: &Loaded, now: DateTime<Utc>) -> anyhow::Result<Played> {
        let mailbox = loaded.config.mailboxes.first().context("a mailbox")?;
        let source = accounts::maildir_account(mailbox, loaded.policy.limits.message_size).context("the mailbox is no Maildir")?;
        let desk = Desk::open(store::open(&loaded.config.data)?, book_of(loaded))?;
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
        let (open, _) = watch::channel(false);
        let carrier = accounts::carrier(&mailbox.delivery);
        let mut played = Played { desk: Mutex::new(desk), source, mailbox: mailbox.name.clone(), carrier, now, runtime, open };
        played.look()?;
        Ok(played)
    }

    /// Lets time pass.
    pub fn set_clock(&mut self, now: DateTime<Utc>) {
        self.now = now;
    }

    /// The store, for questions.
    pub fn store(&mut self) -> &mut dyn Store {
        match self.desk.get_mut() {
            Ok(desk) => desk.store(),
            Err(poisoned) => poisoned.into_inner().store(),
        }
    }

    /// Takes in what lies in the Maildir and does everything that follows. Returns the mails that left.
    ///
    /// # Errors
    /// The Maildir or the store fails.
    pub fn work(&mut self) -> anyhow::Result<Vec<SentMail>> {
        self.look()?;
        let now = self.now;
        let mut sent = Vec::new();
        loop {
            let desk = self.desk.get_mut().map_err(|_| poisoned())?;
            desk.tick(now)?;
            let idle = desk.step(now)?.idle;
            let postings = desk.claim(now, 100, std::slice::from_ref(&self.mailbox))?;
            if idle && postings.is_empty() {
                return Ok(sent);
            }
            let mut ended = Vec::new();
            for posting in postings {
                let handover = self.runtime.block_on(self.carrier.deliver(&hub::parcel(&posting)));
                sent.push(seen(&posting));
                ended.push((posting, handover));
            }
            desk.settle(&ended, now)?;
        }
    }

    /// The source goes once through the Maildir.
    fn look(&mut self) -> anyhow::Result<()> {
        let (now, stopping) = (self.now, self.open.subscribe());
        let inbox = Direct(&self.desk);
        self.runtime.block_on(maildir::watch(&self.source, &inbox, &move || now, stopping, true, &|_| {}))
    }
}

fn seen(posting: &Posting) -> SentMail {
    let mail = parse::read(&posting.bytes, None);
    SentMail {
        template: mail.header(crate::mail::TEMPLATE_HEADER).unwrap_or_default().to_owned(),
        to: posting.to.clone(),
        subject: mail.subject,
    }
}

fn poisoned() -> anyhow::Error {
    anyhow::anyhow!("the desk panicked")
}

/// The desk without a channel between: nothing else is running.
struct Direct<'a>(&'a Mutex<Desk>);

impl Inbox for Direct<'_> {
    type Ready = Vec<Prepared>;

    async fn cursor(&self, folder: &Folder) -> anyhow::Result<Option<Cursor>> {
        self.0.lock().map_err(|_| poisoned())?.cursor(folder)
    }

    async fn set_cursor(&self, folder: &Folder, cursor: Cursor) -> anyhow::Result<()> {
        self.0.lock().map_err(|_| poisoned())?.set_cursor(folder, cursor)
    }

    async fn received(&self, places: Vec<Place>) -> anyhow::Result<Vec<bool>> {
        self.0.lock().map_err(|_| poisoned())?.received(&places)
    }

    async fn prepare(&self, arrivals: Vec<Arrival>) -> anyhow::Result<Vec<Prepared>> {
        let policy = Arc::clone(&self.0.lock().map_err(|_| poisoned())?.book().policy);
        Ok(arrivals.into_iter().map(|arrival| desk::prepare(arrival, &policy)).collect())
    }

    async fn receive(&self, mails: Vec<Prepared>) -> anyhow::Result<()> {
        self.0.lock().map_err(|_| poisoned())?.receive(mails)
    }

    async fn pass_over(&self, mails: Vec<Withheld>) -> anyhow::Result<()> {
        self.0.lock().map_err(|_| poisoned())?.pass_over(mails, Utc::now())
    }

    async fn passed_over(&self, folder: &Folder) -> anyhow::Result<Vec<Place>> {
        self.0.lock().map_err(|_| poisoned())?.passed_over(folder)
    }

    async fn no_more(&self, places: Vec<Place>) -> anyhow::Result<()> {
        self.0.lock().map_err(|_| poisoned())?.no_more(&places, Utc::now())
    }
}
