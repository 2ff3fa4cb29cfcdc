//! A Maildir as a mailbox: `new` and `cur` are read, `tmp` is not.
//!
//! `cur` is read too because any mail client moves mails there as soon as somebody looks: a mail must not be lost because somebody read
//! it. Which mails are new is told by their unique names, the part before the flags; names that were seen stay in memory, and a directory
//! whose time has not changed is not listed. Times of arrival are the files' times: delivery sets them and a move keeps them. A watcher
//! of directories (inotify) would save the second until the next look and cost a dependency for one platform.

use std::collections::HashSet;
use std::fs::{self, DirEntry, Metadata};
use std::hash::{BuildHasher as _, RandomState};
use std::io::{self, ErrorKind, Read as _};
use std::path::{Path, PathBuf, absolute};
use std::sync::Arc;
use std::time::{Duration, Instant, SystemTime};

use anyhow::Context as _;
use chrono::{DateTime, Utc};
use tokio::task::spawn_blocking;
use tokio::time::sleep;

use super::backoff::{self, Trouble};
use super::{Inbox, Listing, Shutdown, SourceState, Start, Verdict, stopped, stopping};
use crate::domain::audit::{Listed, Spot};
use crate::domain::message::{Arrival, Cursor, Folder, Place, hash64};

/// Mails handed over at once, and their bytes: what is made durable with one flush.
const BATCH_MAILS: usize = 64;
const BATCH_BYTES: u64 = 4 * 1024 * 1024;
/// Of a mail over the limit no more than this is read in search of the end of its header.
const HEADER_BYTES: u64 = 1024 * 1024;
/// A directory's time that is younger than this when it is listed may hide a later change in the same tick of the clock.
const TICK: Duration = Duration::from_secs(2);
/// File systems whose times cannot be relied on are listed this often in any case.
const LIST_ANYWAY: Duration = Duration::from_secs(60);

/// A Maildir and how it is to be read.
#[derive(Debug, Clone)]
pub struct Account {
    /// The directory that holds `new`, `cur` and `tmp`.
    pub path: PathBuf,
    /// Name of the configured mailbox.
    pub mailbox: String,
    /// How often to look.
    pub poll: Duration,
    /// A received mail is moved to `cur` with the flag S.
    pub mark_seen: bool,
    /// A received mail is moved to this folder (Maildir++: the directory `.NAME`), which is made when it is missing.
    pub done_folder: Option<String>,
    /// Where the Maildir is taken up on the first day.
    pub start: Start,
    /// Larger mails, in bytes, are handed over by their header.
    pub message_size: u64,
}

impl Account {
    /// The Maildir, as the desk remembers it: the same one from whatever directory the desk is started.
    fn folder(&self) -> Folder {
        folder_at(&absolute(&self.path).unwrap_or_else(|_| self.path.clone()))
    }
}

fn folder_at(path: &Path) -> Folder {
    Folder { host: "maildir".to_owned(), user: String::new(), folder: path.to_string_lossy().into_owned() }
}

/// Lists the Maildir, for the audit; nothing is changed.
///
/// # Errors
/// It cannot be read.
pub fn list(account: &Account) -> anyhow::Result<Listing> {
    let entries = Known::default().list(&account.path)?;
    let mails = entries.into_iter().map(|Entry { name, at, .. }| Listed { spot: Spot { uid: 0, name }, at: Some(at) }).collect();
    Ok(Listing { folder: account.folder(), uidvalidity: 0, mails })
}

/// Reads the Maildir until the end is asked for, or, with `once`, until everything that lies there is handed over. `report` hears how it fares.
///
/// # Errors
/// With `once`: whatever kept the Maildir from being read.
pub async fn watch<I: Inbox>(
    account: &Account,
    inbox: &I,
    clock: &(impl Fn() -> DateTime<Utc> + Sync),
    shutdown: Shutdown,
    once: bool,
    report: &(impl Fn(SourceState) + Sync),
) -> anyhow::Result<()> {
    let path = account.path.to_string_lossy().into_owned();
    let mut reader = Reader { account, folder: account.folder(), inbox, shutdown: &shutdown, known: Known::default(), since: None };
    let mut failures = 0;
    let mut told = false;
    while !stopping(&shutdown) {
        let pause = match reader.look(clock).await {
            Ok(()) => {
                failures = 0;
                if !std::mem::replace(&mut told, true) {
                    tracing::info!(mailbox = account.mailbox, path, "watching");
                    report(SourceState::Watching);
                }
                account.poll
            }
            Err(error) if once => return Err(error),
            Err(error) => {
                (failures, told) = (failures + 1, false);
                let (why, wait) = (format!("{error:#}"), backoff::wait(Trouble::Passing, failures, &path));
                let seconds = wait.as_millis().div_ceil(1000);
                tracing::warn!(mailbox = account.mailbox, why, seconds, "the mailbox cannot be read now, waiting");
                report(SourceState::Waiting { why, wait, refused: false });
                wait
            }
        };
        if once {
            break;
        }
        tokio::select! {
            () = sleep(pause) => (),
            () = stopped(&shutdown) => (),
        }
    }
    Ok(())
}

/// A file that may be a new mail.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Entry {
    /// The unique part of its name.
    name: String,
    path: PathBuf,
    at: DateTime<Utc>,
    size: u64,
}

/// What is remembered between two looks. Names are kept as keyed 64-bit hashes: a hundred thousand old mails are no reason to be large.
#[derive(Debug, Default)]
struct Known {
    hasher: RandomState,
    names: HashSet<u64>,
    /// Files that could not be read, and were complained about.
    unreadable: HashSet<u64>,
    /// The times of `new` and `cur` at the last listing, and when that was; `None`: list again.
    listed: Option<([SystemTime; 2], Instant)>,
}

impl Known {
    fn hash(&self, name: &str) -> u64 {
        self.hasher.hash_one(name)
    }

    fn add(&mut self, name: &str) {
        self.names.insert(self.hash(name));
    }

    /// The files of both directories that are not known, in the order of their arrival; empty when nothing changed.
    fn list(&mut self, maildir: &Path) -> anyhow::Result<Vec<Entry>> {
        let directories = [maildir.join("new"), maildir.join("cur")];
        let [new, cur] = &directories;
        let times = [changed_at(new)?, changed_at(cur)?];
        if self.listed.is_some_and(|(then, at)| then == times && at.elapsed() < LIST_ANYWAY) {
            return Ok(Vec::new());
        }
        let mut present = HashSet::new();
        let mut entries = Vec::new();
        for directory in &directories {
            for file in fs::read_dir(directory).with_context(|| directory.display().to_string())? {
                let file = file?;
                let name = file.file_name().to_string_lossy().into_owned();
                let unique = unique(&name);
                if unique.starts_with('.') || !present.insert(self.hash(unique)) || self.names.contains(&self.hash(unique)) {
                    continue;
                }
                // One that is gone was moved to `cur`, and its time says so at the next look.
                if let Ok(metadata) = file.metadata()
                    && metadata.is_file()
                {
                    entries.push(entry(unique, &file, &metadata)?);
                }
            }
        }
        self.names.retain(|hash| present.contains(hash));
        self.unreadable.retain(|hash| present.contains(hash));
        let settled = times.iter().all(|time| time.elapsed().is_ok_and(|age| age > TICK));
        self.listed = settled.then(|| (times, Instant::now()));
        entries.sort_unstable_by(|a, b| (a.at, &a.name).cmp(&(b.at, &b.name)));
        Ok(entries)
    }
}

fn changed_at(directory: &Path) -> anyhow::Result<SystemTime> {
    fs::metadata(directory).and_then(|metadata| metadata.modified()).with_context(|| format!("no Maildir: {}", directory.display()))
}

fn entry(unique: &str, file: &DirEntry, metadata: &Metadata) -> io::Result<Entry> {
    Ok(Entry { name: unique.to_owned(), path: file.path(), at: metadata.modified()?.into(), size: metadata.len() })
}

/// `1700000000.M1P2.host:2,FS` → `1700000000.M1P2.host`.
fn unique(name: &str) -> &str {
    name.split_once(':').map_or(name, |(unique, _)| unique)
}

/// The flags of a name, `:2,FS` → `FS`.
fn flags(path: &Path) -> String {
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    name.split_once(":2,").map_or_else(String::new, |(_, flags)| flags.to_owned())
}

struct Reader<'a, I> {
    account: &'a Account,
    folder: Folder,
    inbox: &'a I,
    shutdown: &'a Shutdown,
    known: Known,
    since: Option<DateTime<Utc>>,
}

impl<I: Inbox> Reader<'_, I> {
    /// Hands over what is new.
    async fn look(&mut self, clock: &(impl Fn() -> DateTime<Utc> + Sync)) -> anyhow::Result<()> {
        let since = self.take_up(clock).await?;
        let (mut known, path) = (std::mem::take(&mut self.known), self.account.path.clone());
        let entries;
        (self.known, entries) = spawn_blocking(move || {
            let entries = known.list(&path);
            (known, entries)
        })
        .await?;
        let wanted = self.choose(entries?, since).await;
        let outcome = match wanted {
            Ok(wanted) => self.hand_over(wanted).await,
            Err(error) => Err(error),
        };
        if outcome.is_err() {
            self.known.listed = None;
        }
        outcome
    }

    /// The moment of the first take-up, stored before anything is read.
    async fn take_up(&mut self, clock: &(impl Fn() -> DateTime<Utc> + Sync)) -> anyhow::Result<DateTime<Utc>> {
        if let Some(since) = self.since {
            return Ok(since);
        }
        let since = match self.inbox.cursor(&self.folder).await? {
            Some(cursor) => cursor.since,
            None => {
                // An earlier version remembered the path as it was written.
                let earlier = self.inbox.cursor(&folder_at(&self.account.path)).await?;
                let since = earlier.map_or_else(clock, |cursor| cursor.since);
                self.inbox.set_cursor(&self.folder, Cursor { uidvalidity: 0, next_uid: 0, since }).await?;
                since
            }
        };
        self.since = Some(since);
        Ok(since)
    }

    /// What is to be handed over, and whether quietly.
    async fn choose(&mut self, entries: Vec<Entry>, since: DateTime<Utc>) -> anyhow::Result<Vec<(Entry, bool)>> {
        let mut taken = Vec::new();
        for entry in entries {
            match self.account.start.judge(since, true, entry.at) {
                Verdict::Skip => self.known.add(&entry.name),
                Verdict::Take { quiet } => taken.push((entry, quiet)),
            }
        }
        let places = taken.iter().map(|(entry, _)| self.place(&entry.name)).collect();
        let mut received = self.inbox.received(places).await?.into_iter();
        let (old, wanted): (Vec<_>, Vec<_>) = taken.into_iter().partition(|_| received.next().unwrap_or(false));
        // An earlier process may have ended between the flush and this.
        self.received(old.into_iter().map(|(entry, _)| Taken { entry, spent: false }).collect()).await?;
        Ok(wanted)
    }

    /// Reads and hands over, one batch being read and made ready while the one before it is stored.
    async fn hand_over(&mut self, mut wanted: Vec<(Entry, bool)>) -> anyhow::Result<()> {
        let inbox = self.inbox;
        let mut ready: Option<(Vec<Taken>, I::Ready)> = None;
        while !wanted.is_empty() && !stopping(self.shutdown) {
            let rest = wanted.split_off(batch_length(&wanted));
            let next = self.make_ready(std::mem::replace(&mut wanted, rest));
            ready = match ready {
                None => Some(next.await?),
                Some((entries, mails)) => {
                    let (next, received) = tokio::join!(next, inbox.receive(mails));
                    received?;
                    self.received(entries).await?;
                    Some(next?)
                }
            };
        }
        if let Some((entries, mails)) = ready {
            inbox.receive(mails).await?;
            self.received(entries).await?;
        }
        Ok(())
    }

    async fn make_ready(&mut self, wanted: Vec<(Entry, bool)>) -> anyhow::Result<(Vec<Taken>, I::Ready)> {
        let files = self.read(wanted).await?;
        let (entries, arrivals) = self.arrivals(files);
        Ok((entries, self.inbox.prepare(arrivals).await?))
    }

    fn read(&self, wanted: Vec<(Entry, bool)>) -> impl Future<Output = anyhow::Result<Vec<File>>> + use<I> {
        let limit = self.account.message_size;
        let blocking = spawn_blocking(move || {
            let files = wanted.into_iter().map(|(entry, quiet)| File { raw: read(&entry.path, entry.size, limit), entry, quiet });
            files.collect()
        });
        async move { Ok(blocking.await?) }
    }

    fn arrivals(&mut self, files: Vec<File>) -> (Vec<Taken>, Vec<Arrival>) {
        let (mut entries, mut arrivals) = (Vec::new(), Vec::new());
        for File { entry, quiet, raw } in files {
            match raw {
                Ok(raw) => {
                    let arrival = Arrival {
                        mailbox: self.account.mailbox.clone(),
                        place: Some(self.place(&entry.name)),
                        at: entry.at,
                        raw,
                        whole_size: (entry.size > self.account.message_size).then_some(entry.size),
                        quiet,
                        cursor: None,
                    };
                    entries.push(Taken { spent: self.inbox.is_spent(&arrival), entry });
                    arrivals.push(arrival);
                }
                Err(error) => self.unread(&entry, &error),
            }
        }
        (entries, arrivals)
    }

    /// A file that cannot be read is tried again with every listing. One that is gone was moved by a mail client and is found again.
    fn unread(&mut self, entry: &Entry, error: &io::Error) {
        let first = self.known.unreadable.insert(self.known.hash(&entry.name));
        if error.kind() == ErrorKind::NotFound {
            self.known.listed = None;
        } else if first {
            tracing::warn!(mailbox = self.account.mailbox, file = %entry.path.display(), %error, "a mail cannot be read");
        }
    }

    fn place(&self, name: &str) -> Place {
        Place { folder: self.folder.clone(), uidvalidity: 0, uid: 0, name: name.to_owned() }
    }

    async fn received(&mut self, mails: Vec<Taken>) -> anyhow::Result<()> {
        for Taken { entry, .. } in &mails {
            self.known.add(&entry.name);
        }
        self.finish(mails).await
    }

    /// Removes durable mails that nobody needs; marks and moves the others, as far as the config says so.
    async fn finish(&self, mails: Vec<Taken>) -> anyhow::Result<()> {
        let Account { path, mark_seen, done_folder, mailbox, .. } = self.account.clone();
        let files = mark_seen || done_folder.is_some();
        if !files && !mails.iter().any(|mail| mail.spent) {
            return Ok(());
        }
        spawn_blocking(move || {
            for Taken { entry, spent } in mails {
                let outcome = match spent {
                    true => fs::remove_file(&entry.path),
                    false if files => file(&entry, &path, mark_seen, done_folder.as_deref()),
                    false => Ok(()),
                };
                if let Err(error) = outcome
                    && error.kind() != ErrorKind::NotFound
                {
                    tracing::warn!(mailbox, file = %entry.path.display(), %error, "mail stays where it is");
                }
            }
        })
        .await?;
        Ok(())
    }
}

/// A mail that was handed over.
struct Taken {
    entry: Entry,
    /// Nobody needs it any more.
    spent: bool,
}

/// A mail with its bytes, or why there are none.
struct File {
    entry: Entry,
    quiet: bool,
    raw: io::Result<Vec<u8>>,
}

/// At least 1 for a list that is not empty.
fn batch_length(wanted: &[(Entry, bool)]) -> usize {
    let mut bytes = 0;
    let fits = |(entry, _): &&(Entry, bool)| {
        bytes += entry.size;
        bytes <= BATCH_BYTES
    };
    wanted.iter().take(BATCH_MAILS).take_while(fits).count().max(1).min(wanted.len())
}

/// The whole mail in a file, or the header of one over the limit.
pub(super) fn read(path: &Path, size: u64, limit: u64) -> io::Result<Vec<u8>> {
    if size <= limit {
        return fs::read(path);
    }
    let mut raw = Vec::new();
    fs::File::open(path)?.take(HEADER_BYTES).read_to_end(&mut raw)?;
    raw.truncate(header_length(&raw));
    Ok(raw)
}

/// Up to and with the empty line.
pub(super) fn header_length(raw: &[u8]) -> usize {
    let mut length = 0;
    for line in raw.split_inclusive(|byte| *byte == b'\n') {
        length += line.len();
        if matches!(line, b"\n" | b"\r\n") {
            break;
        }
    }
    length
}

/// Moves a received mail to where it belongs, with its flags.
fn file(entry: &Entry, maildir: &Path, mark_seen: bool, done_folder: Option<&str>) -> io::Result<()> {
    let mut letters: Vec<char> = flags(&entry.path).chars().chain(mark_seen.then_some('S')).collect();
    letters.sort_unstable();
    letters.dedup();
    let name = format!("{}:2,{}", entry.name, letters.into_iter().collect::<String>());
    let target = match done_folder {
        None => maildir.join("cur"),
        Some(folder) => made(maildir, folder)?.join("cur"),
    };
    fs::rename(&entry.path, target.join(name))
}

/// A folder below a Maildir (Maildir++), made where it is missing.
fn made(maildir: &Path, folder: &str) -> io::Result<PathBuf> {
    let folder = maildir.join(format!(".{}", folder.replace('/', ".")));
    for part in ["new", "tmp", "cur"] {
        fs::create_dir_all(folder.join(part))?;
    }
    Ok(folder)
}

/// Adds mails, marked as read, to a folder, which is made when it is missing.
///
/// # Errors
/// A file cannot be written; those before it are kept.
pub async fn keep(account: &Account, folder: &str, mails: Vec<Arc<Vec<u8>>>) -> anyhow::Result<()> {
    let (maildir, folder) = (account.path.clone(), folder.to_owned());
    spawn_blocking(move || {
        let folder = made(&maildir, &folder)?;
        for mail in mails {
            // The name is the mail's own, so that the same mail is kept once.
            let name = format!("{:016x}.postdesk", hash64(&mail));
            let draft = folder.join("tmp").join(&name);
            fs::write(&draft, with_lf(&mail))?;
            fs::rename(draft, folder.join("cur").join(format!("{name}:2,S")))?;
        }
        Ok(())
    })
    .await?
}

/// Lines of files end in LF.
fn with_lf(mail: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(mail.len());
    for line in mail.split_inclusive(|byte| *byte == b'\n') {
        match line.strip_suffix(b"\r\n") {
            Some(text) => {
                out.extend_from_slice(text);
                out.push(b'\n');
            }
            None => out.extend_from_slice(line),
        }
    }
    out
}

#[cfg(test)]
mod tests;
