//! A session with the tagged status of every command seen.
//!
//! async-imap's own FETCH ignores the tagged status and takes a closed connection for the end of the answer, so commands go through
//! [`Session::checked`], which reads up to the tagged response and knows no other success than OK (RFC 3501 section 7.1).

use std::panic::AssertUnwindSafe;
use std::time::Duration;

use anyhow::Context as _;
use async_imap::imap_proto::{MailboxDatum, NameAttribute, Outcome, RequestId, Response, ResponseCode, Status};
use futures_util::FutureExt as _;
use tokio::io::AsyncWriteExt as _;
use tokio::time::timeout;

use super::connect::{Refused, Stream, capability_name};
use super::name::quoted;
use super::plan::{Selected, uid_set};
use super::{Mark, name};

/// One response, a window of a body at the longest, comes within this time.
const PATIENCE: Duration = Duration::from_secs(120);
/// The end of a session is not waited for longer.
const FAREWELL: Duration = Duration::from_millis(500);

/// What is told of an answer that is none of RFC 3501.
const UNREADABLE: &str = "the server's answer cannot be read";

/// A connection that is logged in.
pub(super) struct Session {
    pub(super) inner: async_imap::Session<Stream>,
    /// EXISTS was seen since this was last reset: there may be new mail.
    pub(super) news: bool,
    /// UIDVALIDITY of the open folder.
    uidvalidity: Option<u32>,
    /// How many messages the open folder holds.
    pub(super) exists: u32,
    /// IDLE is offered (RFC 2177).
    pub(super) can_idle: bool,
    /// MOVE is offered (RFC 6851).
    pub(super) can_move: bool,
    /// UID EXPUNGE is offered (RFC 4315).
    pub(super) can_uid_expunge: bool,
    /// We have said who we are (RFC 2971).
    named: bool,
}

/// The tagged response was NO or BAD.
#[derive(Debug, thiserror::Error)]
#[error("the server answered {verb} with {status}: {words}")]
pub(super) struct Rejected {
    verb: String,
    status: &'static str,
    words: String,
    /// RFC 3501 section 7.1: the folder does not exist but can be created.
    try_create: bool,
}

impl Session {
    /// Asks what the server can do and says who we are.
    pub(super) async fn new(inner: async_imap::Session<Stream>) -> anyhow::Result<Session> {
        let mut session = Session {
            inner,
            news: false,
            uidvalidity: None,
            exists: 0,
            can_idle: false,
            can_move: false,
            can_uid_expunge: false,
            named: false,
        };
        let mut names = Vec::new();
        session
            .checked("CAPABILITY", |response| {
                if let Response::Capabilities(list) = response {
                    names.extend(list.iter().map(capability_name));
                }
            })
            .await?;
        let can = |name: &str| names.iter().any(|one| one == name);
        (session.can_idle, session.can_move, session.can_uid_expunge) = (can("IDLE"), can("MOVE"), can("UIDPLUS"));
        if can("ID") {
            session.say_who_we_are().await?;
        }
        Ok(session)
    }

    /// ID (RFC 2971): some servers let nobody select a folder who has not said this. What they think of it does not matter.
    async fn say_who_we_are(&mut self) -> anyhow::Result<()> {
        self.named = true;
        let id = concat!("ID (\"name\" \"Postdesk\" \"version\" \"", env!("CARGO_PKG_VERSION"), "\")");
        rejection(self.checked(id, |_| ()).await).map(|_| ())
    }

    /// Runs one command; `each` sees every untagged response.
    ///
    /// # Errors
    /// [`Rejected`] for NO and BAD; anything else means that the connection is of no use any more.
    pub(super) async fn checked(&mut self, command: &str, each: impl FnMut(&Response<'_>)) -> anyhow::Result<()> {
        let verb = command.split(' ').take(if command.starts_with("UID ") { 2 } else { 1 }).collect::<Vec<_>>().join(" ");
        let tag = timeout(PATIENCE, self.inner.run_command(command)).await.with_context(|| format!("{verb} cannot be sent"))??;
        self.tagged(&tag, &verb, each).await
    }

    /// Reads up to the tagged response.
    async fn tagged(&mut self, tag: &RequestId, verb: &str, mut each: impl FnMut(&Response<'_>)) -> anyhow::Result<()> {
        loop {
            let end = self
                .next(|response| match response {
                    Response::Done { tag: seen, status, outcome } if seen == tag => Some(verdict(verb, status, outcome)),
                    other => {
                        each(other);
                        None
                    }
                })
                .await
                .with_context(|| format!("no answer to {verb}"))?;
            if let Some(verdict) = end {
                return Ok(verdict?);
            }
        }
    }

    async fn next<R>(&mut self, read: impl FnOnce(&Response<'_>) -> R) -> anyhow::Result<R> {
        timeout(PATIENCE, self.next_unhurried(read)).await.context("the server is silent")?
    }

    /// Reads one response, however long it takes. A closed connection and an untagged BYE are errors. May be dropped while it waits.
    pub(super) async fn next_unhurried<R>(&mut self, read: impl FnOnce(&Response<'_>) -> R) -> anyhow::Result<R> {
        // The parser below panics at some answers that it takes for impossible: `INTERNALDATE NIL`.
        let response = match AssertUnwindSafe(self.inner.read_response()).catch_unwind().await {
            Ok(Ok(Some(response))) => response,
            Ok(Ok(None)) => anyhow::bail!("the server closed the connection"),
            // The parser quotes what it could not read, and that may be mail.
            Ok(Err(error)) if error.kind() == std::io::ErrorKind::Other => anyhow::bail!(UNREADABLE),
            Ok(Err(error)) => return Err(error.into()),
            Err(_) => anyhow::bail!(UNREADABLE),
        };
        match response.parsed() {
            Response::Data { status: Status::Bye, outcome } => anyhow::bail!("the server ends the connection: {}", said(outcome)),
            Response::MailboxData(MailboxDatum::Exists(count)) => (self.news, self.exists) = (true, *count),
            Response::Expunge(_) => self.exists = self.exists.saturating_sub(1),
            _ => (),
        }
        Ok(read(response.parsed()))
    }

    /// The folders that this login sees and that hold mail, as the server spells them (RFC 3501 section 6.3.8).
    ///
    /// # Errors
    /// As [`Session::checked`].
    pub(super) async fn folders(&mut self) -> anyhow::Result<Vec<String>> {
        let mut names = Vec::new();
        self.checked("LIST \"\" \"*\"", |response| {
            if let Response::MailboxData(MailboxDatum::List(folder)) = response
                && !folder.name_attributes.contains(&NameAttribute::NoSelect)
            {
                names.push(folder.name.to_string());
            }
        })
        .await?;
        Ok(names)
    }

    /// Opens a folder: EXAMINE, which changes nothing at all, unless something is to be marked or moved there.
    ///
    /// # Errors
    /// [`Refused`] when there is no such folder, or one without persistent UIDs.
    pub(super) async fn open(&mut self, wire_name: &str, write: bool) -> anyhow::Result<Selected> {
        let mut opened = self.select(wire_name, write).await;
        // Servers that demand an ID do not all offer it.
        if !self.named && opened.as_ref().is_err_and(|error| error.is::<Refused>()) {
            self.say_who_we_are().await?;
            opened = self.select(wire_name, write).await;
        }
        opened
    }

    async fn select(&mut self, wire_name: &str, write: bool) -> anyhow::Result<Selected> {
        let (mut uidvalidity, mut uidnext) = (None, None);
        self.exists = 0;
        let command = format!("{} {}", if write { "SELECT" } else { "EXAMINE" }, quoted(wire_name));
        let outcome = self
            .checked(&command, |response| {
                if let Response::Data { outcome, .. } = response {
                    match outcome.code {
                        Some(ResponseCode::UidValidity(value)) => uidvalidity = Some(value),
                        Some(ResponseCode::UidNext(value)) => uidnext = Some(value),
                        _ => (),
                    }
                }
            })
            .await;
        if let Some(rejected) = rejection(outcome)? {
            let hint = hint(&rejected.words);
            let folder = name::as_read(wire_name);
            return Err(Refused(format!("folder {folder} cannot be opened: {}{hint}", rejected.words)).into());
        }
        let Some(uidvalidity) = uidvalidity else {
            return Err(Refused(format!("folder {wire_name} has no UIDVALIDITY, so that nobody can tell which mail was read")).into());
        };
        self.uidvalidity = Some(uidvalidity);
        Ok(Selected { uidvalidity, uidnext })
    }

    /// Marks messages. What the server does not let us do is said in the log and hurts nothing else.
    pub(super) async fn mark(&mut self, uids: &[u32], mark: &Mark) -> anyhow::Result<()> {
        let flag = match mark {
            Mark::None => return Ok(()),
            Mark::Seen => "\\Seen",
            Mark::Keyword(keyword) => keyword,
        };
        let command = format!("UID STORE {} +FLAGS.SILENT ({flag})", uid_set(uids.iter().copied()));
        complain("mail stays unmarked", self.checked(&command, |_| ()).await)
    }

    /// Removes messages of the open folder, which is opened for writing as long as that takes, where it is not: nothing but this may change in
    /// it. Without UIDPLUS (RFC 4315) they stay, for EXPUNGE would take with them what others have marked \Deleted.
    pub(super) async fn remove(&mut self, uids: &[u32], wire_name: &str, writable: bool) -> anyhow::Result<()> {
        if !self.can_uid_expunge {
            return Ok(());
        }
        let before = self.uidvalidity;
        if !writable {
            self.open(wire_name, true).await?;
        }
        anyhow::ensure!(self.uidvalidity == before, "the server has renumbered the folder meanwhile");
        complain("mail stays in the folder", self.expunge(&uid_set(uids.iter().copied())).await)?;
        if !writable {
            self.open(wire_name, false).await?;
            anyhow::ensure!(self.uidvalidity == before, "the server has renumbered the folder meanwhile");
        }
        Ok(())
    }

    async fn expunge(&mut self, uids: &str) -> anyhow::Result<()> {
        self.checked(&format!("UID STORE {uids} +FLAGS.SILENT (\\Deleted)"), |_| ()).await?;
        self.checked(&format!("UID EXPUNGE {uids}"), |_| ()).await
    }

    /// Moves messages into a folder, which is made when it is missing.
    pub(super) async fn file(&mut self, uids: &[u32], folder: &str) -> anyhow::Result<()> {
        let (uids, target) = (uid_set(uids.iter().copied()), name::on_the_wire(folder));
        let mut outcome = self.transfer(&uids, &target).await;
        if try_create(&outcome) {
            self.create(&target).await?;
            outcome = self.transfer(&uids, &target).await;
        }
        complain("mail stays where it is", outcome)
    }

    async fn create(&mut self, target: &str) -> anyhow::Result<()> {
        complain("the folder cannot be made", self.checked(&format!("CREATE {}", quoted(target)), |_| ()).await)
    }

    /// Adds a mail that needs no reading to a folder, which is made when it is missing.
    ///
    /// # Errors
    /// [`Rejected`] when the server does not take it.
    pub(super) async fn append(&mut self, folder: &str, mail: &[u8]) -> anyhow::Result<()> {
        let target = name::on_the_wire(folder);
        let mut outcome = self.offer(&target, mail).await;
        if try_create(&outcome) {
            self.create(&target).await?;
            outcome = self.offer(&target, mail).await;
        }
        outcome
    }

    /// APPEND (RFC 3501 section 6.3.11) with a literal: the server says "go on" before the mail follows, or refuses.
    async fn offer(&mut self, target: &str, mail: &[u8]) -> anyhow::Result<()> {
        let command = format!("APPEND {} (\\Seen) {{{}}}", quoted(target), mail.len());
        let tag = timeout(PATIENCE, self.inner.run_command(command)).await.context("APPEND cannot be sent")??;
        loop {
            let end = self.next(|response| match response {
                Response::Continue(_) => Some(Ok(())),
                Response::Done { tag: seen, status, outcome } if *seen == tag => Some(verdict("APPEND", status, outcome)),
                _ => None,
            });
            match end.await.context("no answer to APPEND")? {
                Some(refused @ Err(_)) => return Ok(refused?),
                Some(Ok(())) => break,
                None => {}
            }
        }
        let road = self.inner.get_mut();
        let written = async {
            road.write_all(mail).await?;
            road.write_all(b"\r\n").await?;
            road.flush().await
        };
        timeout(PATIENCE, written).await.context("the mail cannot be sent")??;
        self.tagged(&tag, "APPEND", |_| ()).await
    }

    /// MOVE (RFC 6851), or what it stands for. Without UIDPLUS nothing is expunged: EXPUNGE would take with it what others have
    /// marked \Deleted.
    async fn transfer(&mut self, uids: &str, target: &str) -> anyhow::Result<()> {
        let target = quoted(target);
        if self.can_move {
            return self.checked(&format!("UID MOVE {uids} {target}"), |_| ()).await;
        }
        self.checked(&format!("UID COPY {uids} {target}"), |_| ()).await?;
        self.checked(&format!("UID STORE {uids} +FLAGS.SILENT (\\Deleted)"), |_| ()).await?;
        if self.can_uid_expunge {
            self.checked(&format!("UID EXPUNGE {uids}"), |_| ()).await?;
        }
        Ok(())
    }

    /// Says goodbye, without waiting long for an answer.
    pub(super) async fn leave(mut self) {
        if let Ok(Err(error)) = timeout(FAREWELL, self.inner.logout()).await {
            tracing::debug!(%error, "LOGOUT was not answered");
        }
    }
}

/// What to do about words that large providers say in the place of others.
fn hint(words: &str) -> &'static str {
    if words.contains("Unsafe Login") {
        "; NetEase says so of accounts that it does not trust: log in once in the browser, look for a warning there, and make a new authorization code"
    } else if words.contains("authenticated but not connected") {
        "; Microsoft says so where IMAP is switched off for the mailbox, or the token is another mailbox's than `user`"
    } else {
        ""
    }
}

/// Takes a refusal of the command out of an outcome; other errors stay errors.
pub(super) fn rejection(outcome: anyhow::Result<()>) -> anyhow::Result<Option<Rejected>> {
    match outcome {
        Ok(()) => Ok(None),
        Err(error) => error.downcast::<Rejected>().map(Some),
    }
}

/// Does the server say that the folder is missing and can be made?
fn try_create(outcome: &anyhow::Result<()>) -> bool {
    outcome.as_ref().is_err_and(|error| error.downcast_ref::<Rejected>().is_some_and(|rejected| rejected.try_create))
}

fn complain(consequence: &str, outcome: anyhow::Result<()>) -> anyhow::Result<()> {
    if let Some(rejected) = rejection(outcome)? {
        tracing::warn!("{consequence}: {rejected}");
    }
    Ok(())
}

fn verdict(verb: &str, status: &Status, outcome: &Outcome<'_>) -> Result<(), Rejected> {
    let status = match status {
        Status::Ok => return Ok(()),
        Status::No => "NO",
        _ => "BAD",
    };
    let try_create = matches!(outcome.code, Some(ResponseCode::TryCreate));
    Err(Rejected { verb: verb.to_owned(), status, words: said(outcome), try_create })
}

fn said(outcome: &Outcome<'_>) -> String {
    outcome.information.as_deref().unwrap_or("no reason given").to_owned()
}
