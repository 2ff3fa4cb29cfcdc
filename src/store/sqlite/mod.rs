//! The store in one SQLite file, in WAL mode with `synchronous=FULL`: what was flushed survives the loss of power.
//!
//! One connection does everything. A batch is one open transaction, begun by its first write with BEGIN IMMEDIATE, so that it
//! never has to be upgraded and fail halfway; between batches none is open and another process (`postdesk deliver`) writes
//! within its own. Savepoints are not needed: [`Store::commit`] checks its guards before it writes, and a write that fails
//! spoils the batch, which then cannot be flushed any more, only dropped.
//!
//! Weighed and left: a pool (SQLite has one writer, and decisions are serial), an ORM (the statements are few and the indexes
//! matter), memory-mapped reads (an I/O error becomes a signal), rusqlite_migration (thirty lines, see `schema`). All
//! statements stay prepared.

/// When the envelope `e` of a query lapses: what is held is due then, and what never lapses was due when it was queued.
macro_rules! lapses {
    () => {
        "iif(e.state = 'held' AND e.next_at > e.queued, e.next_at, NULL)"
    };
}

mod blobs;
mod causes;
mod checkpoint;
mod commit;
mod enclosures;
mod outbox;
mod schema;
mod tickets;
mod unsettled;

use std::collections::{BTreeSet, HashMap};
use std::path::Path;
use std::time::{Duration, Instant};

use anyhow::{Context, ensure};
use chrono::{DateTime, Utc};
use rusqlite::config::DbConfig;
use rusqlite::{CachedStatement, Connection, ErrorCode, OpenFlags, OptionalExtension, params};

use checkpoint::Checkpoints;

use super::{
    Commit, CommitError, Counts, Fate, JournalRow, Note, OutboxRow, Pending, Posting, Prepared, QuarantineRow, Read, Received, Result,
    Sealed, Store, TicketFilter, TicketState,
};
use crate::domain::audit::{Class, Spot};
use crate::domain::message::{Address, Cursor, Folder, LetterId, Place};
use crate::domain::reports::Scope;
use crate::domain::ticket::{Ticket, TicketNo, Version};
use crate::domain::unsettled::Lists;
use crate::domain::{Answer, CauseKey, Query};

/// How long a write waits for another process to end its own.
const BUSY: Duration = Duration::from_secs(10);

/// The store in one SQLite file.
pub struct Sqlite {
    /// Before the connection, so that this one is closed last.
    checkpoints: Checkpoints,
    db: Db,
    /// A write of this batch failed half-way.
    spoiled: bool,
    /// Mails that were just received: they are decided next, and need not be read and unpacked again.
    fresh: causes::Fresh,
}

/// The connection.
struct Db {
    conn: Connection,
}

impl Db {
    /// A statement, prepared once.
    fn sql(&self, sql: &'static str) -> Result<CachedStatement<'_>> {
        Ok(self.conn.prepare_cached(sql)?)
    }
}

impl Sqlite {
    /// Opens, makes and migrates.
    ///
    /// # Errors
    /// The file cannot be opened, is damaged, or is newer than this program.
    pub fn open(path: &Path) -> Result<Sqlite> {
        let conn = patiently(|| {
            let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_CREATE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
            let mut conn = Connection::open_with_flags(path, flags)?;
            conn.busy_timeout(BUSY)?;
            schema::check(&conn)?;
            settings(&conn)?;
            schema::migrate(&mut conn)?;
            Ok(conn)
        });
        let conn = conn.with_context(|| format!("opening the database {}", path.display()))?;
        let checkpoints = Checkpoints::take_over(&conn, path.to_owned());
        Ok(Sqlite { checkpoints, db: Db { conn }, spoiled: false, fresh: causes::Fresh::default() })
    }

    /// Was it written by an older Postdesk, and would be brought up to date when it is opened? Changes nothing.
    ///
    /// # Errors
    /// It cannot be read, or is none that this program knows.
    pub fn is_behind(path: &Path) -> Result<bool> {
        let version = patiently(|| {
            let conn = Connection::open_with_flags(path, OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX)?;
            conn.busy_timeout(BUSY)?;
            schema::check(&conn)
        });
        Ok(schema::is_older(version.with_context(|| format!("opening the database {}", path.display()))?))
    }

    /// Runs a write inside the batch.
    fn write<T>(&mut self, work: impl FnOnce(&Db) -> Result<T>) -> Result<T> {
        ensure!(!self.spoiled, "an earlier write of this batch failed: it can only be dropped");
        if self.db.conn.is_autocommit() {
            self.db.sql("BEGIN IMMEDIATE")?.execute([])?;
        }
        let done = work(&self.db);
        self.spoiled = done.is_err();
        done
    }
}

/// Tries again while another process makes the same new file: SQLite does not wait where the journal's mode changes.
fn patiently<T>(open: impl Fn() -> Result<T>) -> Result<T> {
    let start = Instant::now();
    loop {
        match open() {
            Err(error) if is_busy(&error) && start.elapsed() < BUSY => std::thread::sleep(Duration::from_millis(20)),
            outcome => return outcome,
        }
    }
}

fn is_busy(error: &anyhow::Error) -> bool {
    let code = error.downcast_ref::<rusqlite::Error>().and_then(rusqlite::Error::sqlite_error_code);
    matches!(code, Some(ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked))
}

/// What the operator can do about an error of SQLite's.
pub(super) fn remedy(error: &anyhow::Error) -> Option<&'static str> {
    let code = error.chain().find_map(|cause| cause.downcast_ref::<rusqlite::Error>()?.sqlite_error_code())?;
    Some(match code {
        ErrorCode::NotADatabase | ErrorCode::DatabaseCorrupt => {
            "the file is damaged: stop the desk, move postdesk.db aside with its -wal and -shm, and put a backup in its place \
             (docs/operators.md, \"Backup and restore\")"
        }
        ErrorCode::DiskFull => "make room on the disk that holds the data:  df -h",
        ErrorCode::ReadOnly | ErrorCode::CannotOpen | ErrorCode::PermissionDenied => {
            "run this as the user that owns the data directory, on a disk that can be written"
        }
        ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked => "another program keeps the file locked: end it (a sqlite3 shell, a backup?)",
        ErrorCode::SystemIoFailure => "the disk or its file system fails: see the kernel's log (dmesg), and how full it is (df -h)",
        _ => return None,
    })
}

/// Every connection's settings, measured on 33 KB mails in batches of 64, with a thousand and with a hundred thousand tickets.
fn settings(conn: &Connection) -> Result<()> {
    // Bytes; only a new file takes it. Mails are long, but an index page that is changed is written whole: 4 KiB and 16 KiB cost more.
    conn.pragma_update(None, "page_size", 8192)?;
    let mode: String = conn.pragma_query_value(None, "journal_mode", |row| row.get(0))?;
    if mode != "wal" {
        conn.pragma_update_and_check(None, "journal_mode", "wal", |row| row.get::<_, String>(0))?;
    }
    conn.pragma_update(None, "synchronous", "FULL")?;
    conn.pragma_update(None, "foreign_keys", true)?;
    // KiB. A batch's changed pages and the indexes of a hundred thousand tickets; the rest is in the system's cache.
    conn.pragma_update(None, "cache_size", -16 * 1024)?;
    conn.pragma_update(None, "temp_store", "MEMORY")?;
    conn.pragma_update(None, "journal_size_limit", 64 * 1024 * 1024)?;
    conn.set_prepared_statement_cache_capacity(128);
    // Else a statement that might use a partial index is prepared anew for each value bound to it.
    conn.set_db_config(DbConfig::SQLITE_DBCONFIG_ENABLE_QPSG, true)?;
    Ok(())
}

impl Read for Sqlite {
    fn answer(&mut self, cause: &CauseKey, query: &Query) -> Result<Answer> {
        match query {
            Query::Known(ids) => Ok(Answer::Known(tickets::known(&self.db, ids)?)),
            Query::Ticket(number) => Ok(Answer::Ticket(tickets::ticket(&self.db, *number)?.map(Box::new))),
            Query::LiveOf(address) => Ok(Answer::Numbers(tickets::live_of(&self.db, address)?)),
            Query::Keyed(key) => Ok(Answer::Ticket(tickets::keyed(&self.db, key)?.map(Box::new))),
            Query::NewNumber => Ok(Answer::Number(self.reserve(cause)?)),
            Query::AutomaticTo(address, since) => Ok(Answer::Count(outbox::automatic_to(&self.db, address, *since)?)),
            Query::AutomaticFor(number, since) => Ok(Answer::Count(outbox::automatic_for(&self.db, *number, *since)?)),
            Query::NoticesTo(address, number, since) => Ok(Answer::Count(outbox::notices_to(&self.db, address, *number, *since)?)),
            Query::QuestionsTo(address, since) => Ok(Answer::Count(outbox::questions_to(&self.db, address, *since)?)),
            Query::Asked(number) => Ok(Answer::Asked(causes::asked(&self.db, *number)?)),
            Query::Held(number) => Ok(Answer::Letters(outbox::held(&self.db, *number)?)),
            Query::Outbox(number) => Ok(Answer::Outbox(outbox::unsent(&self.db, *number)?)),
            Query::Tally(scope) => Ok(Answer::Tally(Box::new(tickets::tally(&self.db, scope)?))),
            Query::ReplyAfter(number, reader) => Ok(Answer::Crossing(outbox::reply_after(&self.db, *number, reader)?)),
            Query::FirstWords(number) => Ok(Answer::Words(tickets::first_words(&self.db, *number)?)),
            Query::Files(number) => Ok(Answer::Files(tickets::files(&self.db, *number)?)),
        }
    }
}

impl Sqlite {
    /// The number of the ticket that a cause opens. What is not in the store (`explain`) is told the next one, reserving nothing.
    fn reserve(&mut self, cause: &CauseKey) -> Result<TicketNo> {
        match causes::reserved(&self.db, cause)? {
            causes::Reserved::Number(number) => Ok(number),
            causes::Reserved::NotYet(id) => self.write(|db| causes::reserve(db, id)),
            causes::Reserved::NoCause => causes::next_number(&self.db),
        }
    }
}

impl Store for Sqlite {
    fn cursor(&self, folder: &Folder) -> Result<Option<Cursor>> {
        causes::cursor(&self.db, folder)
    }

    fn set_cursor(&mut self, folder: &Folder, cursor: Cursor) -> Result<()> {
        self.write(|db| causes::set_cursor(db, folder, cursor))
    }

    fn receive(&mut self, mail: Prepared) -> Result<Received> {
        let received = self.write(|db| causes::receive(db, &mail))?;
        if let Received::New(cause) = received {
            self.fresh.keep(cause, mail);
        }
        Ok(received)
    }

    fn has_place(&self, place: &Place) -> Result<bool> {
        causes::has_place(&self.db, place)
    }

    fn classes(&self, folder: &Folder, uidvalidity: u32) -> Result<HashMap<Spot, Class>> {
        causes::classes(&self.db, folder, uidvalidity)
    }

    fn enqueue(&mut self, key: &CauseKey, at: DateTime<Utc>, note: &Note) -> Result<bool> {
        self.write(|db| causes::enqueue(db, key, at, note))
    }

    fn pending(&mut self, limit: usize) -> Result<Vec<Pending>> {
        causes::pending(&self.db, &mut self.fresh, limit)
    }

    fn due(&self, now: DateTime<Utc>, limit: usize) -> Result<Vec<(TicketNo, Version, DateTime<Utc>)>> {
        tickets::due(&self.db, now, limit)
    }

    fn retime(&mut self, strikes: &dyn Fn(&Ticket) -> Option<DateTime<Utc>>) -> Result<usize> {
        self.write(|db| tickets::retime(db, strikes))
    }

    fn mark(&mut self, limit: usize) -> Result<BTreeSet<super::CauseId>> {
        let next = causes::next(&self.db, limit)?;
        // An idle desk must not open a transaction.
        if causes::marked(&self.db)? != next {
            self.write(|db| causes::mark(db, &next))?;
        }
        Ok(next)
    }

    fn recover(&mut self) -> Result<usize> {
        self.write(causes::recover)
    }

    fn attempt(&mut self, cause: super::CauseId) -> Result<u32> {
        self.write(|db| causes::attempt(db, cause))
    }

    fn commit(&mut self, commit: &Commit) -> std::result::Result<Vec<LetterId>, CommitError> {
        Ok(self.write(|db| commit::commit(db, commit))??)
    }

    fn word(&mut self, letters: &[LetterId], words: &Sealed) -> Result<()> {
        self.write(|db| outbox::word(db, letters, words))
    }

    fn quarantine(&mut self, cause: super::CauseId, why: &str, at: DateTime<Utc>) -> Result<()> {
        self.write(|db| causes::quarantine(db, cause, why, at))
    }

    fn quarantined(&self) -> Result<Vec<QuarantineRow>> {
        causes::quarantined(&self.db)
    }

    fn withheld(&self, folder: &Folder) -> Result<Vec<Place>> {
        causes::withheld(&self.db, folder)
    }

    fn no_more_withheld(&mut self, place: &Place, at: DateTime<Utc>) -> Result<()> {
        self.write(|db| causes::no_more_withheld(db, place, at))
    }

    fn raw(&self, cause: super::CauseId) -> Result<Option<Vec<u8>>> {
        causes::raw(&self.db, cause)
    }

    fn first_mails(&self, limit: usize) -> Result<Vec<super::CauseId>> {
        causes::first_mails(&self.db, limit)
    }

    fn openings(&self, limit: usize) -> Result<Vec<(super::CauseId, TicketNo)>> {
        causes::openings(&self.db, limit)
    }

    fn newest_from(&self, senders: &[Address]) -> Result<Option<(DateTime<Utc>, Vec<u8>)>> {
        causes::newest_from(&self.db, senders)
    }

    fn retry(&mut self, cause: super::CauseId) -> Result<bool> {
        self.write(|db| causes::retry(db, cause))
    }

    fn flush(&mut self) -> Result<()> {
        ensure!(!self.spoiled, "a write of this batch failed: it can only be dropped");
        if self.db.conn.is_autocommit() {
            return Ok(());
        }
        let done = self.db.sql("COMMIT").and_then(|mut commit| Ok(commit.execute([])?));
        self.spoiled = done.is_err();
        done?;
        self.checkpoints.after_commit(&self.db.conn);
        Ok(())
    }

    fn drop_batch(&mut self) -> Result<()> {
        // A full disk may have rolled the transaction back already.
        if !self.db.conn.is_autocommit() {
            self.db.sql("ROLLBACK")?.execute([])?;
        }
        self.spoiled = false;
        self.fresh = causes::Fresh::default();
        Ok(())
    }

    fn claim(&mut self, now: DateTime<Utc>, n: usize, mailboxes: &[String]) -> Result<Vec<Posting>> {
        // An idle outbox must not open a transaction.
        if !outbox::any_due(&self.db, now)? {
            return Ok(Vec::new());
        }
        self.write(|db| outbox::claim(db, now, n, mailboxes))
    }

    fn senders(&self) -> Result<Vec<String>> {
        outbox::senders(&self.db)
    }

    fn settle(&mut self, envelope: i64, fate: &Fate, now: DateTime<Utc>) -> Result<()> {
        self.write(|db| outbox::settle(db, envelope, fate, now))
    }

    fn unclaim(&mut self) -> Result<usize> {
        self.write(outbox::unclaim)
    }

    fn next_wake(&self) -> Result<Option<DateTime<Utc>>> {
        outbox::next_wake(&self.db)
    }

    fn outbox(&self, all: bool, limit: usize) -> Result<Vec<OutboxRow>> {
        outbox::rows(&self.db, all, limit)
    }

    fn resend(&mut self, envelope: i64, now: DateTime<Utc>) -> Result<bool> {
        self.write(|db| outbox::resend(db, envelope, now))
    }

    fn cancel(&mut self, envelope: i64, now: DateTime<Utc>) -> Result<bool> {
        self.write(|db| outbox::cancel(db, envelope, now))
    }

    fn letter_bytes(&self, envelope: i64) -> Result<Option<Vec<u8>>> {
        outbox::letter_bytes(&self.db, envelope)
    }

    fn get(&self, name: &str) -> Result<Option<String>> {
        get(&self.db, name)
    }

    fn set(&mut self, name: &str, value: &str) -> Result<()> {
        self.write(|db| set(db, name, value))
    }

    fn ticket(&self, number: TicketNo) -> Result<Option<Ticket>> {
        tickets::ticket(&self.db, number)
    }

    fn tickets(&self, filter: &TicketFilter) -> Result<Vec<Ticket>> {
        tickets::list(&self.db, filter)
    }

    fn history(&self, number: TicketNo) -> Result<Vec<JournalRow>> {
        tickets::history(&self.db, number)
    }

    fn counts(&self, now: DateTime<Utc>) -> Result<Counts> {
        tickets::counts(&self.db, now)
    }

    fn unsettled(&self, scope: &Scope) -> Result<Lists> {
        unsettled::lists(&self.db, scope)
    }
}

/// A named value.
fn get(db: &Db, name: &str) -> Result<Option<String>> {
    Ok(db.sql("SELECT value FROM meta WHERE name = ?1")?.query_row([name], |row| row.get(0)).optional()?)
}

/// Sets a named value.
fn set(db: &Db, name: &str, value: &str) -> Result<()> {
    db.sql("INSERT INTO meta (name, value) VALUES (?1, ?2) ON CONFLICT (name) DO UPDATE SET value = excluded.value")?
        .execute(params![name, value])?;
    Ok(())
}

/// A moment as it is stored: the last whole microsecond.
fn micros(at: DateTime<Utc>) -> i64 {
    at.timestamp_micros()
}

/// A moment at which something is due, as it is stored: the next whole microsecond, so that nothing is ever due too early.
fn due_micros(at: DateTime<Utc>) -> i64 {
    at.timestamp_micros() + i64::from(!at.timestamp_subsec_nanos().is_multiple_of(1000))
}

/// A stored moment.
fn moment(micros: i64) -> Result<DateTime<Utc>> {
    DateTime::from_timestamp_micros(micros).with_context(|| format!("{micros} is no time"))
}
