//! IMAP (RFC 3501): one connection a folder, mail discovered by UID, told of new mail by IDLE.
//!
//! Built on async-imap for its parser and login; commands, IDLE and windows are driven by our own code (see `session`, `idle`, `fetch`),
//! because its own lose errors. Nothing is ever searched for: SEARCH answers from flags that others change. A folder is only examined,
//! unless the config wants mails marked or moved, and that happens after the desk has made them durable.
//!
//! The cursor is the whole state. A folder whose UIDVALIDITY changed is gone through from the start; the desk knows copies by identity.

mod connect;
mod copy;
mod doctor;
mod doubt;
mod fetch;
mod idle;
mod list;
mod name;
mod plan;
mod session;

use std::fmt;
use std::net::IpAddr;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use anyhow::Context as _;
use chrono::{DateTime, TimeDelta, Utc};
use tokio::time::sleep;

use self::connect::{Refused, connect};
use self::doubt::Doubts;
use self::fetch::{Fetched, Group, Unread};
use self::idle::Wake;
use self::plan::Wanted;
use self::session::Session;
use super::backoff::{self, Trouble};
use super::{Inbox, Shutdown, SourceState, stopped, stopping};
use crate::domain::message::{Arrival, Cursor, Folder, Place, Withheld};

pub use self::copy::keep;
pub use self::doctor::{Examined, await_mails, doctor};
pub use self::fetch::Header;
pub use self::list::list;
pub use super::Start;
pub use crate::sasl::Proof;
pub use crate::tls::Tls;

/// What is done with a mail on the server after it was received.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Mark {
    /// Nothing.
    None,
    /// It gets \Seen.
    Seen,
    /// It gets this keyword (an atom of RFC 3501 section 9).
    Keyword(String),
}

/// Gives the password at each login; may run a command.
pub type Password = Arc<dyn Fn() -> anyhow::Result<String> + Send + Sync>;

/// An account and how it is to be read.
#[derive(Clone)]
pub struct Account {
    /// Host name or address; the certificate must bear it.
    pub host: String,
    /// Port.
    pub port: u16,
    /// Protection.
    pub tls: Tls,
    /// PEM roots instead of the system's.
    pub ca_file: Option<PathBuf>,
    /// A connection without TLS may go to any host.
    pub allow_plaintext: bool,
    /// Login.
    pub user: String,
    /// What `password` gives.
    pub proof: Proof,
    /// The password, or the access token, resolved at each login.
    pub password: Password,
    /// Folders, as people or as the server spell them.
    pub folders: Vec<String>,
    /// How often to look where there is no IDLE; with IDLE, five times this is how often to look in any case.
    pub poll: Duration,
    /// Use IDLE where the server has it.
    pub idle: bool,
    /// IDLE is renewed after this time, 28 minutes at most.
    pub idle_renew: Duration,
    /// Name of the configured mailbox.
    pub mailbox: String,
    /// What a received mail is marked with.
    pub mark: Mark,
    /// Where a received mail is moved to.
    pub done_folder: Option<String>,
    /// Where copies of sent mail are kept.
    pub sent_folder: Option<String>,
    /// Where a folder is taken up on the first day.
    pub start: Start,
    /// Larger mails, in bytes, are handed over by their header.
    pub message_size: u64,
}

impl fmt::Debug for Account {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Account { host, port, tls, user, mailbox, .. } = self;
        write!(f, "Account {{ {mailbox}: {user} at {host}:{port}, {tls:?} }}")
    }
}

impl Account {
    /// Is anything changed on the server?
    fn writes(&self) -> bool {
        self.mark != Mark::None || self.done_folder.is_some()
    }

    /// One of its folders, as people or as the server spell it, as the desk remembers it.
    fn folder(&self, name: &str) -> Folder {
        Folder { host: self.host.to_lowercase(), user: self.user.clone(), folder: name::on_the_wire(name) }
    }

    /// # Errors
    /// The connection would show the password to a network.
    fn check_protection(&self) -> anyhow::Result<()> {
        let loopback =
            self.host.eq_ignore_ascii_case("localhost") || self.host.parse::<IpAddr>().is_ok_and(|address| address.is_loopback());
        anyhow::ensure!(
            self.tls != Tls::None || loopback || self.allow_plaintext,
            "mailbox {}: a connection to {} without TLS would show the password to everyone on the way",
            self.mailbox,
            self.host
        );
        Ok(())
    }
}

/// Reads one folder until the end is asked for, or, with `once`, until everything that waits is handed over. Reconnects by itself; `report`
/// hears how it fares.
///
/// # Errors
/// The account may not be used as it is configured. With `once`: whatever kept the folder from being read.
pub async fn watch<I: Inbox>(
    account: &Account,
    folder: &str,
    inbox: &I,
    clock: &(impl Fn() -> DateTime<Utc> + Sync),
    shutdown: Shutdown,
    once: bool,
    report: &(impl Fn(SourceState) + Sync),
) -> anyhow::Result<()> {
    account.check_protection()?;
    let place = account.folder(folder);
    let key = format!("{} {} {}", place.host, place.user, place.folder);
    let reader = Reader { account, folder: place, inbox, clock, shutdown: &shutdown, report };
    let mut progress = Progress { reached: false, unfinished: None, spent: Vec::new(), doubts: Doubts::default(), asked_again: None };
    let mut failures = 0;
    while !stopping(&shutdown) {
        let ended = tokio::select! {
            ended = reader.session(&mut progress, once) => ended,
            // It ends by itself where it waits for news; where it waits for the server it is not waited for.
            () = async { stopped(&shutdown).await; sleep(Duration::from_secs(1)).await } => return Ok(()),
        };
        let error = match ended {
            Ok(()) => return Ok(()),
            Err(error) if once && !(error.is::<NotGiven>() || error.is::<Broken>() && failures < PATIENCE_AT_ONCE) => return Err(error),
            Err(error) => error,
        };
        failures = if std::mem::take(&mut progress.reached) { 1 } else { failures + 1 };
        let refused = error.is::<Refused>();
        let wait = backoff::wait(if refused { Trouble::Refused } else { Trouble::Passing }, if once { 1 } else { failures }, &key);
        let why = format!("{error:#}");
        let seconds = wait.as_millis().div_ceil(1000);
        let remedy = if refused { "; `postdesk doctor` says what to change, a restart tries it at once" } else { "" };
        tracing::warn!(mailbox = account.mailbox, folder, why, seconds, "the mailbox cannot be read now, waiting{remedy}");
        report(SourceState::Waiting { why, wait, refused });
        tokio::select! {
            () = sleep(wait) => (),
            () = stopped(&shutdown) => (),
        }
    }
    Ok(())
}

/// What outlives a connection.
struct Progress {
    /// The folder was read to its end.
    reached: bool,
    /// UIDs that were received but perhaps not marked or moved; `None` in a new process, which cannot know.
    unfinished: Option<Vec<u32>>,
    /// UIDs that were received and are to be removed.
    spent: Vec<u32>,
    /// Mails that the server did not give out.
    doubts: Doubts,
    /// When those that were passed over were last asked for again.
    asked_again: Option<DateTime<Utc>>,
}

impl Progress {
    fn received(&mut self, uids: Received) {
        self.unfinished.get_or_insert_default().extend(uids.kept);
        self.spent.extend(uids.spent);
    }
}

/// UIDs of mails that the desk has.
struct Received {
    kept: Vec<u32>,
    /// Those that nobody needs any more.
    spent: Vec<u32>,
}

/// Mails that were passed over are asked for again after so long, and in each new process.
const ASK_AGAIN: TimeDelta = TimeDelta::hours(1);

/// The server did not give out a mail; it may on another connection.
#[derive(Debug, thiserror::Error)]
#[error("the mail with UID {uid} is not given out: {why}")]
struct NotGiven {
    uid: u32,
    why: String,
}

/// The connection ended while a mail was asked for: that mail's fault, or a passing trouble. The next connection knows more.
#[derive(Debug, thiserror::Error)]
#[error("the connection ended while mail was read")]
struct Broken;

/// With `once`, so many connections may end so: enough for some mails that are passed over, too few for a server that ends each.
const PATIENCE_AT_ONCE: u32 = 12;

/// Mails that are ready to be handed over.
struct Batch<I: Inbox> {
    uids: Received,
    /// Where the folder is read on after them, where they carry it.
    cursor: Option<Cursor>,
    mails: I::Ready,
}

/// One folder and whom its mail goes to.
struct Reader<'a, I, C, R> {
    account: &'a Account,
    folder: Folder,
    inbox: &'a I,
    clock: &'a C,
    shutdown: &'a Shutdown,
    report: &'a R,
}

impl<I: Inbox, C: Fn() -> DateTime<Utc> + Sync, R: Fn(SourceState) + Sync> Reader<'_, I, C, R> {
    /// One connection, from login to logout.
    async fn session(&self, progress: &mut Progress, once: bool) -> anyhow::Result<()> {
        let mut session = connect(self.account).await?;
        let selected = session.open(&self.folder.folder, self.account.writes()).await?;
        let stored = self.inbox.cursor(&self.folder).await?;
        let mut cursor = plan::take_up(stored, selected, self.account.start, (self.clock)());
        if stored != Some(cursor) {
            let (mailbox, folder, uidvalidity) = (&self.account.mailbox, &self.folder.folder, cursor.uidvalidity);
            match stored {
                None => tracing::info!(mailbox, folder, uidvalidity, "the folder is taken up"),
                Some(old) => tracing::info!(
                    mailbox,
                    folder,
                    uidvalidity,
                    before = old.uidvalidity,
                    "the server has renumbered the folder: it is gone through again"
                ),
            }
            self.inbox.set_cursor(&self.folder, cursor).await?;
            progress.unfinished = Some(Vec::new());
            progress.spent.clear();
            progress.doubts.forget();
        }
        self.finish_earlier(&mut session, cursor, progress).await?;
        let mut told = false;
        loop {
            self.ask_again(&mut session, cursor, progress).await?;
            cursor = self.catch_up(&mut session, cursor, progress).await?;
            progress.reached = true;
            if !std::mem::replace(&mut told, true) {
                tracing::info!(mailbox = self.account.mailbox, folder = self.folder.folder, "watching");
                (self.report)(SourceState::Watching);
            }
            if once || stopping(self.shutdown) || session.wait(self.account, self.shutdown).await? == Wake::Stop {
                session.leave().await;
                return Ok(());
            }
        }
    }

    /// Hands over what is new, until nothing is.
    async fn catch_up(&self, session: &mut Session, mut cursor: Cursor, progress: &mut Progress) -> anyhow::Result<Cursor> {
        loop {
            session.news = false;
            let found = session.discover(cursor.next_uid.max(1)).await?;
            let after = found.iter().map(|message| message.uid.saturating_add(1)).fold(cursor.next_uid.max(1), u32::max);
            let mut wanted = plan::choose(found, cursor, self.account.start, (self.clock)());
            if cursor.next_uid == 0 {
                self.leave_out_known(&mut wanted, cursor).await?;
            }
            let reached = self.hand_over(session, &wanted, cursor, progress).await?;
            if stopping(self.shutdown) {
                return Ok(reached);
            }
            cursor = Cursor { next_uid: after, ..cursor };
            if cursor != reached {
                self.inbox.set_cursor(&self.folder, cursor).await?;
            }
            if !session.news {
                return Ok(cursor);
            }
        }
    }

    /// A sweep that was cut short has received some of them.
    async fn leave_out_known(&self, wanted: &mut Vec<Wanted>, cursor: Cursor) -> anyhow::Result<()> {
        let places = wanted.iter().map(|message| self.place(cursor.uidvalidity, message.uid)).collect();
        let mut known = self.inbox.received(places).await?.into_iter();
        wanted.retain(|_| !known.next().unwrap_or(false));
        Ok(())
    }

    /// Fetches and hands over, one group being fetched and made ready while the one before it is stored. Returns the cursor that is
    /// stored now.
    async fn hand_over(&self, session: &mut Session, wanted: &[Wanted], from: Cursor, progress: &mut Progress) -> anyhow::Result<Cursor> {
        let mut reached = from;
        let mut ready: Option<Batch<I>> = None;
        for group in plan::groups(wanted, |uid| progress.doubts.suspect(uid)) {
            if stopping(self.shutdown) {
                break;
            }
            let next = self.make_ready(session, group, from, &mut progress.doubts);
            ready = match ready {
                None => Some(next.await?),
                Some(batch) => {
                    let (next, uids) = tokio::join!(next, self.receive(batch, &mut reached));
                    progress.received(uids?);
                    let next = next?;
                    self.finish(session, progress).await?;
                    Some(next)
                }
            };
        }
        if let Some(batch) = ready {
            let uids = self.receive(batch, &mut reached).await?;
            progress.received(uids);
            self.finish(session, progress).await?;
        }
        Ok(reached)
    }

    async fn make_ready(&self, session: &mut Session, group: &[Wanted], from: Cursor, doubts: &mut Doubts) -> anyhow::Result<Batch<I>> {
        let fetched = self.read(session, group, from, doubts).await?;
        self.batch(fetched.into_iter().map(|mail| self.arrival(mail, from)).collect()).await
    }

    async fn batch(&self, arrivals: Vec<Arrival>) -> anyhow::Result<Batch<I>> {
        let (spent, kept): (Vec<&Arrival>, Vec<&Arrival>) = arrivals.iter().partition(|arrival| self.inbox.is_spent(arrival));
        let uids = |of: Vec<&Arrival>| of.into_iter().filter_map(|arrival| arrival.place.as_ref()).map(|place| place.uid).collect();
        let uids = Received { kept: uids(kept), spent: uids(spent) };
        let cursor = arrivals.last().and_then(|arrival| arrival.cursor.as_ref()).map(|(_, cursor)| *cursor);
        Ok(Batch { uids, cursor, mails: self.inbox.prepare(arrivals).await? })
    }

    /// Reads a group. What the server would not give out on several connections is passed over.
    async fn read(&self, session: &mut Session, group: &[Wanted], from: Cursor, doubts: &mut Doubts) -> anyhow::Result<Vec<Fetched>> {
        if let [wanted] = *group
            && let Some(why) = doubts.settled(wanted.uid)
        {
            let unread = Unread { wanted, why: why.to_owned(), header: Vec::new() };
            self.pass_over(vec![unread], from).await?;
            return Ok(Vec::new());
        }
        let read = session.read(group, self.account.message_size).await;
        let Group { mails, unread } = read.map_err(|error| {
            doubts.broke(group, &format!("{error:#}"));
            error.context(Broken)
        })?;
        for mail in &mails {
            doubts.given(mail.wanted.uid);
        }
        for Unread { wanted, why, .. } in &unread {
            doubts.withheld(wanted.uid, why.clone());
        }
        if let Some(Unread { wanted, why, .. }) = unread.iter().find(|mail| doubts.settled(mail.wanted.uid).is_none()) {
            return Err(NotGiven { uid: wanted.uid, why: why.clone() }.into());
        }
        self.pass_over(unread, from).await?;
        Ok(mails)
    }

    /// Durable on return.
    async fn pass_over(&self, unread: Vec<Unread>, from: Cursor) -> anyhow::Result<()> {
        if unread.is_empty() {
            return Ok(());
        }
        let withheld = |Unread { wanted, why, header }: Unread| {
            let (mailbox, folder) = (&self.account.mailbox, &self.folder.folder);
            tracing::error!(mailbox, folder, uid = wanted.uid, why, "the server does not give out a mail: it is passed over");
            Withheld {
                mailbox: mailbox.clone(),
                place: self.place(from.uidvalidity, wanted.uid),
                at: wanted.at,
                size: wanted.size.into(),
                why,
                header: String::from_utf8_lossy(&header).into_owned(),
            }
        };
        self.inbox.pass_over(unread.into_iter().map(withheld).collect()).await
    }

    /// Asks once more for the mails that were passed over, now and then.
    async fn ask_again(&self, session: &mut Session, cursor: Cursor, progress: &mut Progress) -> anyhow::Result<()> {
        let now = (self.clock)();
        if progress.asked_again.is_some_and(|last| now < last + ASK_AGAIN) {
            return Ok(());
        }
        // One that ends the connection does so once an hour.
        progress.asked_again = Some(now);
        for place in self.inbox.passed_over(&self.folder).await? {
            let here = place.uidvalidity == cursor.uidvalidity;
            let found = if here { session.look(place.uid).await.context(Broken)? } else { None };
            let wanted = plan::choose(found.into_iter().collect(), Cursor { next_uid: place.uid, ..cursor }, self.account.start, now);
            let Group { mails, unread } = session.read(&wanted, self.account.message_size).await.context(Broken)?;
            if !unread.is_empty() {
                continue;
            }
            let arrivals: Vec<Arrival> = mails.into_iter().map(|mail| Arrival { cursor: None, ..self.arrival(mail, cursor) }).collect();
            tracing::info!(uid = place.uid, given = arrivals.len(), "a mail that was passed over is given out now, or gone");
            let uids = self.receive(self.batch(arrivals).await?, &mut cursor.clone()).await?;
            self.inbox.no_more(vec![place]).await?;
            progress.received(uids);
            self.finish(session, progress).await?;
        }
        Ok(())
    }

    /// Durable on return. Returns the UIDs.
    async fn receive(&self, batch: Batch<I>, reached: &mut Cursor) -> anyhow::Result<Received> {
        let Batch { uids, cursor, mails } = batch;
        let count = uids.kept.len() + uids.spent.len();
        if count > 0 {
            self.inbox.receive(mails).await?;
            tracing::debug!(mailbox = self.account.mailbox, folder = self.folder.folder, mails = count, "mail received");
        }
        *reached = cursor.unwrap_or(*reached);
        Ok(uids)
    }

    fn arrival(&self, mail: Fetched, from: Cursor) -> Arrival {
        let Fetched { wanted, raw, whole_size } = mail;
        let after = Cursor { next_uid: wanted.uid.saturating_add(1), ..from };
        Arrival {
            mailbox: self.account.mailbox.clone(),
            place: Some(self.place(from.uidvalidity, wanted.uid)),
            at: wanted.at,
            raw,
            whole_size,
            quiet: wanted.quiet,
            cursor: plan::carries_cursor(from, self.account.start).then(|| (self.folder.clone(), after)),
        }
    }

    fn place(&self, uidvalidity: u32, uid: u32) -> Place {
        Place { folder: self.folder.clone(), uidvalidity, uid, name: String::new() }
    }

    /// Removes what nobody needs; marks and moves the rest of what was received, as far as the config says so.
    async fn finish(&self, session: &mut Session, progress: &mut Progress) -> anyhow::Result<()> {
        if !progress.spent.is_empty() {
            session.remove(&progress.spent, &self.folder.folder, self.account.writes()).await?;
            progress.spent.clear();
        }
        let uids = progress.unfinished.get_or_insert_default();
        if self.account.writes() && !uids.is_empty() {
            session.mark(uids, &self.account.mark).await?;
            if let Some(folder) = &self.account.done_folder {
                session.file(uids, folder).await?;
            }
        }
        uids.clear();
        Ok(())
    }

    /// Marks and moves what an earlier connection or process received and left as it was. A process can leave two batches behind, so no
    /// more than those are looked at: a person may have taken the mark off an older mail.
    async fn finish_earlier(&self, session: &mut Session, cursor: Cursor, progress: &mut Progress) -> anyhow::Result<()> {
        if self.account.writes() && progress.unfinished.is_none() && cursor.next_uid > 1 {
            let first = cursor.next_uid.saturating_sub(128).max(1);
            let mut uids = session.unmarked(first, cursor.next_uid - 1, &self.account.mark).await?;
            let places = uids.iter().map(|uid| self.place(cursor.uidvalidity, *uid)).collect();
            let mut known = self.inbox.received(places).await?.into_iter();
            uids.retain(|_| known.next().unwrap_or(false));
            progress.unfinished = Some(uids);
        }
        self.finish(session, progress).await
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_password_is_shown_to_nobody() {
        let mut account = Account {
            host: "mail.example.com".to_owned(),
            port: 143,
            tls: Tls::None,
            ca_file: None,
            allow_plaintext: false,
            user: "support".to_owned(),
            proof: Proof::Password,
            password: Arc::new(|| Ok("hunter2".to_owned())),
            folders: vec!["INBOX".to_owned()],
            poll: Duration::from_secs(60),
            idle: true,
            idle_renew: Duration::from_secs(28 * 60),
            mailbox: "support".to_owned(),
            mark: Mark::None,
            done_folder: None,
            sent_folder: None,
            start: Start::Now,
            message_size: 1,
        };
        assert!(!format!("{account:?}").contains("hunter2"));
        let cases = [
            ("mail.example.com", Tls::None, false, false),
            ("mail.example.com", Tls::None, true, true),
            ("mail.example.com", Tls::Starttls, false, true),
            ("mail.example.com", Tls::Implicit, false, true),
            ("127.0.0.1", Tls::None, false, true),
            ("127.9.9.9", Tls::None, false, true),
            ("::1", Tls::None, false, true),
            ("LOCALHOST", Tls::None, false, true),
            ("localhost.example.com", Tls::None, false, false),
            ("10.0.0.1", Tls::None, false, false),
        ];
        for (host, tls, allow_plaintext, fine) in cases {
            (account.host, account.tls, account.allow_plaintext) = (host.to_owned(), tls, allow_plaintext);
            assert_eq!(account.check_protection().is_ok(), fine, "{host} {tls:?} {allow_plaintext}");
        }
    }
}
