//! T1: what happened, once. Mails with their bytes, identity and places; notes; the batch marker; the quarantine.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::Arc;

use anyhow::{Context, bail, ensure};
use chrono::{DateTime, Utc};
use rusqlite::{OptionalExtension, Row, params};
use serde::Deserialize;

use super::{Db, blobs, get, micros, moment, set};
use crate::domain::audit::{Class, Spot};
use crate::domain::confirm::Grant;
use crate::domain::foresight::Foresight;
use crate::domain::message::{Address, Cursor, Folder, MessageId, Place, Withheld, hash64};
use crate::domain::ticket::TicketNo;
use crate::domain::{Asked, CauseKey, Outcome};
use crate::store::identity::{stem, stem_of};
use crate::store::{CauseId, Note, Pending, PendingBody, PendingMail, Prepared, QuarantineRow, Received, Result};

/// A list of waiting mails ends before it holds more bytes than this, but for a single mail.
const PENDING_BYTES: usize = 8 * 1024 * 1024;

/// The number of a desk's first ticket.
const FIRST_NUMBER: i64 = 1001;

/// Name of the batch marker: the causes of the batch, separated by spaces.
const BATCH: &str = "batch";

/// Name of the ticket counter: the next number.
const NEXT_NUMBER: &str = "next ticket";

/// Mails that wait, held from their receipt until they are asked for once: they need not be read and unpacked again. They never
/// change, so that only a dropped batch makes them untrue.
#[derive(Default)]
pub(super) struct Fresh {
    mails: BTreeMap<CauseId, FreshMail>,
    bytes: usize,
}

struct FreshMail {
    raw: Vec<u8>,
    foresight: Option<Arc<Foresight>>,
}

impl Fresh {
    /// Bytes that are held at most. The oldest stay: they are asked for first.
    const MOST: usize = 4 * 1024 * 1024;

    pub(super) fn keep(&mut self, cause: CauseId, mail: Prepared) {
        let raw = mail.arrival.raw;
        if self.bytes + raw.len() <= Fresh::MOST {
            self.bytes += raw.len();
            self.mails.insert(cause, FreshMail { raw, foresight: mail.foresight });
        }
    }

    fn take(&mut self, cause: CauseId) -> Option<FreshMail> {
        let mail = self.mails.remove(&cause)?;
        self.bytes -= mail.raw.len();
        Some(mail)
    }
}

pub(super) fn receive(db: &Db, mail: &Prepared) -> Result<Received> {
    let received = match find(db, &mail.key)? {
        Found { exact: Some(known), .. } => Received::Copy(known),
        Found { exact: None, like } => Received::New(insert_mail(db, mail, like)?),
    };
    let arrival = &mail.arrival;
    let (Received::New(cause) | Received::Copy(cause)) = received;
    if let Some(place) = &arrival.place {
        db.sql("INSERT OR IGNORE INTO place (folder, uidvalidity, uid, name, cause) VALUES (?1, ?2, ?3, ?4, ?5)")?.execute(params![
            make_folder(db, &place.folder)?,
            place.uidvalidity,
            place.uid,
            place.name,
            cause.0
        ])?;
    }
    if let Some((folder, cursor)) = &arrival.cursor {
        set_cursor(db, folder, *cursor)?;
    }
    Ok(received)
}

fn insert_mail(db: &Db, mail: &Prepared, same_id: bool) -> Result<CauseId> {
    let blob = blobs::put_mail(db, mail)?;
    let arrival = &mail.arrival;
    let cause = insert(db, &mail.key, arrival.at, None)?;
    let whole_size = arrival.whole_size.map(i64::try_from).transpose()?;
    db.sql("INSERT INTO message (cause, mailbox, blob, whole_size, quiet, same_id) VALUES (?1, ?2, ?3, ?4, ?5, ?6)")?
        .execute(params![cause.0, arrival.mailbox, blob, whole_size, arrival.quiet, same_id])?;
    Ok(cause)
}

/// What the store has for a key.
struct Found {
    /// The cause of this key.
    exact: Option<CauseId>,
    /// There are others with its stem.
    like: bool,
}

fn find(db: &Db, key: &CauseKey) -> Result<Found> {
    let mut select = db.sql("SELECT id, key FROM cause WHERE stem = ?1")?;
    let mut rows = select.query([stem_hash(key)])?;
    let mut found = Found { exact: None, like: false };
    while let Some(row) = rows.next()? {
        let other = CauseKey(row.get(1)?);
        if other == *key {
            found.exact = Some(CauseId(row.get(0)?));
        } else {
            found.like |= stem(&other) == stem(key);
        }
    }
    Ok(found)
}

fn stem_hash(key: &CauseKey) -> i64 {
    hash64(stem(key).as_bytes())
}

/// The ticket of the first mail with this Message-ID that has one.
pub(super) fn ticket_of(db: &Db, id: &MessageId) -> Result<Option<TicketNo>> {
    let wanted = stem_of(id);
    let mut select = db.sql(
        "SELECT m.ticket, c.key FROM cause c JOIN message m ON m.cause = c.id WHERE c.stem = ?1 AND m.ticket IS NOT NULL ORDER BY c.id",
    )?;
    let mut rows = select.query([hash64(wanted.as_bytes())])?;
    while let Some(row) = rows.next()? {
        if stem(&CauseKey(row.get(1)?)) == wanted {
            return Ok(Some(TicketNo(row.get(0)?)));
        }
    }
    Ok(None)
}

fn insert(db: &Db, key: &CauseKey, at: DateTime<Utc>, note: Option<&str>) -> Result<CauseId> {
    db.sql("INSERT INTO cause (key, stem, at, state, note) VALUES (?1, ?2, ?3, 'pending', ?4)")?.execute(params![
        key.0,
        stem_hash(key),
        micros(at),
        note
    ])?;
    Ok(CauseId(db.conn.last_insert_rowid()))
}

pub(super) fn enqueue(db: &Db, key: &CauseKey, at: DateTime<Utc>, note: &Note) -> Result<bool> {
    if find(db, key)?.exact.is_some() {
        return Ok(false);
    }
    insert(db, key, at, Some(&serde_json::to_string(note)?))?;
    Ok(true)
}

/// A mail that its agent has confirmed is a cause of its own, with the bytes of the first.
pub(super) fn grant(db: &Db, grant: &Grant) -> Result<()> {
    let key = grant.original.granted();
    let Found { exact: Some(original), .. } = find(db, &grant.original)? else { bail!("{} is no cause", grant.original.0) };
    if find(db, &key)?.exact.is_some() {
        return Ok(());
    }
    let cause = insert(db, &key, grant.confirmed, Some(&serde_json::to_string(grant)?))?;
    db.sql(
        "INSERT INTO message (cause, mailbox, blob, whole_size, quiet, same_id)
         SELECT ?1, mailbox, blob, whole_size, quiet, same_id FROM message WHERE cause = ?2",
    )?
    .execute([cause.0, original.0])?;
    Ok(())
}

/// The mails of a ticket that agents were asked to confirm, oldest first.
pub(super) fn asked(db: &Db, number: TicketNo) -> Result<Vec<Asked>> {
    let mut select = db.sql(
        "SELECT c.key, c.at, l.created FROM letter l JOIN cause c ON c.id = l.cause
         WHERE l.ticket = ?1 AND l.template = 'confirm' ORDER BY l.id",
    )?;
    let read = |row: &Row<'_>| -> Result<Asked> {
        let cause = CauseKey(row.get(0)?);
        let granted = granted(db, &cause)?;
        Ok(Asked { cause, written: moment(row.get(1)?)?, at: moment(row.get(2)?)?, granted })
    };
    select.query_and_then([number.0], read)?.collect()
}

/// When the mail of this cause was confirmed.
pub(super) fn granted(db: &Db, mail: &CauseKey) -> Result<Option<DateTime<Utc>>> {
    let key = mail.granted();
    let mut select = db.sql("SELECT at FROM cause WHERE stem = ?1 AND key = ?2")?;
    let at: Option<i64> = select.query_row(params![stem_hash(&key), key.0], |row| row.get(0)).optional()?;
    at.map(moment).transpose()
}

fn find_folder(db: &Db, folder: &Folder) -> Result<Option<i64>> {
    Ok(db
        .sql("SELECT id FROM folder WHERE host = ?1 AND user = ?2 AND folder = ?3")?
        .query_row([&folder.host, &folder.user, &folder.folder], |row| row.get(0))
        .optional()?)
}

fn make_folder(db: &Db, folder: &Folder) -> Result<i64> {
    if let Some(id) = find_folder(db, folder)? {
        return Ok(id);
    }
    db.sql("INSERT INTO folder (host, user, folder) VALUES (?1, ?2, ?3)")?.execute([&folder.host, &folder.user, &folder.folder])?;
    Ok(db.conn.last_insert_rowid())
}

pub(super) fn has_place(db: &Db, place: &Place) -> Result<bool> {
    let Some(folder) = find_folder(db, &place.folder)? else { return Ok(false) };
    Ok(db
        .sql("SELECT EXISTS (SELECT 1 FROM place WHERE folder = ?1 AND uidvalidity = ?2 AND uid = ?3 AND name = ?4)")?
        .query_row(params![folder, place.uidvalidity, place.uid, place.name], |row| row.get(0))?)
}

pub(super) fn classes(db: &Db, folder: &Folder, uidvalidity: u32) -> Result<HashMap<Spot, Class>> {
    let passed_over = withheld(db, folder)?.into_iter().filter(|place| place.uidvalidity == uidvalidity);
    let mut classes: HashMap<_, _> = passed_over.map(|Place { uid, name, .. }| (Spot { uid, name }, Class::Quarantined)).collect();
    let Some(folder) = find_folder(db, folder)? else { return Ok(classes) };
    let mut select = db.sql(
        "SELECT p.uid, p.name, c.state, j.outcome FROM place p JOIN cause c ON c.id = p.cause LEFT JOIN journal j ON j.cause = c.id
         WHERE p.folder = ?1 AND p.uidvalidity = ?2",
    )?;
    let mut rows = select.query(params![folder, uidvalidity])?;
    while let Some(row) = rows.next()? {
        let decided = row.get_ref(3)?.as_str_or_null()?.map(serde_json::from_str::<Outcome>).transpose()?;
        let class = match (row.get_ref(2)?.as_str()?, decided) {
            ("pending", _) => Class::Undecided,
            ("quarantined", _) => Class::Quarantined,
            (_, Some(outcome)) => Class::from(&outcome),
            // Done, and nobody wrote down how.
            (_, None) => Class::Missing,
        };
        classes.insert(Spot { uid: row.get(0)?, name: row.get(1)? }, class);
    }
    Ok(classes)
}

pub(super) fn cursor(db: &Db, folder: &Folder) -> Result<Option<Cursor>> {
    let Some(folder) = find_folder(db, folder)? else { return Ok(None) };
    let mut select = db.sql("SELECT uidvalidity, next_uid, since FROM cursor WHERE folder = ?1")?;
    let mut rows = select.query([folder])?;
    let Some(row) = rows.next()? else { return Ok(None) };
    Ok(Some(Cursor { uidvalidity: row.get(0)?, next_uid: row.get(1)?, since: moment(row.get(2)?)? }))
}

pub(super) fn set_cursor(db: &Db, folder: &Folder, cursor: Cursor) -> Result<()> {
    db.sql(
        "INSERT INTO cursor (folder, uidvalidity, next_uid, since) VALUES (?1, ?2, ?3, ?4)
         ON CONFLICT (folder) DO UPDATE SET uidvalidity = excluded.uidvalidity, next_uid = excluded.next_uid, since = excluded.since",
    )?
    .execute(params![make_folder(db, folder)?, cursor.uidvalidity, cursor.next_uid, micros(cursor.since)])?;
    Ok(())
}

/// What is kept with a cause that is no mail, or one that was confirmed.
#[derive(Deserialize)]
#[serde(untagged)]
enum Kept {
    Grant(Grant),
    Note(Note),
}

fn damaged(cause: CauseId) -> impl FnOnce() -> String {
    move || format!("cause {} is damaged", cause.0)
}

pub(super) fn pending(db: &Db, fresh: &mut Fresh, limit: usize) -> Result<Vec<Pending>> {
    let mut select = db.sql("SELECT id, key, at, attempts, note, alone FROM cause WHERE state = 'pending' ORDER BY at, id LIMIT ?1")?;
    let mut rows = select.query([i64::try_from(limit)?])?;
    let mut found = Vec::new();
    let mut bytes = 0;
    while let Some(row) = rows.next()? {
        let alone: bool = row.get(5)?;
        if alone && !found.is_empty() {
            break;
        }
        let id = CauseId(row.get(0)?);
        let kept: Option<Kept> = row.get_ref(4)?.as_str_or_null()?.map(serde_json::from_str).transpose().with_context(damaged(id))?;
        let body = match kept {
            Some(Kept::Note(note)) => PendingBody::Note(note),
            Some(Kept::Grant(grant)) => PendingBody::Mail(PendingMail { grant: Some(grant), ..pending_mail(db, fresh, id)? }),
            None => PendingBody::Mail(pending_mail(db, fresh, id)?),
        };
        if let PendingBody::Mail(mail) = &body {
            bytes += mail.raw.len();
        }
        if bytes > PENDING_BYTES && !found.is_empty() {
            break;
        }
        found.push(Pending { id, key: CauseKey(row.get(1)?), at: moment(row.get(2)?)?, attempts: row.get(3)?, alone, body });
        if alone {
            break;
        }
    }
    Ok(found)
}

fn pending_mail(db: &Db, fresh: &mut Fresh, cause: CauseId) -> Result<PendingMail> {
    let mut select = db.sql("SELECT mailbox, blob, whole_size, quiet, same_id FROM message WHERE cause = ?1")?;
    let mut rows = select.query([cause.0])?;
    let row = rows.next()?.with_context(|| format!("cause {} has no message", cause.0))?;
    let FreshMail { raw, foresight } = match fresh.take(cause) {
        Some(mail) => mail,
        None => FreshMail { raw: blobs::get(db, row.get(1)?)?, foresight: None },
    };
    Ok(PendingMail {
        mailbox: row.get(0)?,
        raw,
        foresight,
        whole_size: row.get::<_, Option<i64>>(2)?.map(u64::try_from).transpose()?,
        quiet: row.get(3)?,
        same_id_other_body: row.get(4)?,
        grant: None,
    })
}

pub(super) fn raw(db: &Db, cause: CauseId) -> Result<Option<Vec<u8>>> {
    let blob = db.sql("SELECT blob FROM message WHERE cause = ?1")?.query_row([cause.0], |row| row.get(0)).optional()?;
    if let Some(blob) = blob {
        return blobs::get(db, blob).map(Some);
    }
    let note: Option<Option<String>> = db.sql("SELECT note FROM cause WHERE id = ?1")?.query_row([cause.0], |row| row.get(0)).optional()?;
    Ok(note.flatten().and_then(|note| as_withheld(&note)).map(|mail| mail.header.into_bytes()))
}

fn as_withheld(note: &str) -> Option<Withheld> {
    match serde_json::from_str(note) {
        Ok(Note::Withheld(mail)) => Some(mail),
        _ => None,
    }
}

pub(super) fn withheld(db: &Db, folder: &Folder) -> Result<Vec<Place>> {
    let mut select = db.sql("SELECT note FROM cause WHERE state = 'quarantined' AND note IS NOT NULL ORDER BY id")?;
    let mut rows = select.query([])?;
    let mut places = Vec::new();
    while let Some(row) = rows.next()? {
        let mail = as_withheld(row.get_ref(0)?.as_str()?);
        places.extend(mail.map(|mail| mail.place).filter(|place| place.folder == *folder));
    }
    Ok(places)
}

pub(super) fn no_more_withheld(db: &Db, place: &Place, at: DateTime<Utc>) -> Result<()> {
    if let Some(cause) = find(db, &Withheld::key(place))?.exact {
        db.sql("UPDATE cause SET state = 'done', ended = ?2 WHERE id = ?1 AND state != 'done'")?.execute(params![cause.0, micros(at)])?;
    }
    Ok(())
}

pub(super) fn first_mails(db: &Db, limit: usize) -> Result<Vec<CauseId>> {
    let mut select = db.sql(
        "SELECT m.cause FROM journal j JOIN message m ON m.cause = j.cause
         WHERE json_extract(j.outcome, '$.became') IN ('opened', 'ignored') ORDER BY j.id DESC LIMIT ?1",
    )?;
    let read = |row: &Row<'_>| Ok(CauseId(row.get(0)?));
    select.query_and_then([i64::try_from(limit).unwrap_or(i64::MAX)], read)?.collect()
}

pub(super) fn openings(db: &Db, limit: usize) -> Result<Vec<(CauseId, TicketNo)>> {
    let mut select = db.sql(
        "SELECT m.cause, json_extract(j.outcome, '$.ticket') FROM journal j JOIN message m ON m.cause = j.cause
         WHERE json_extract(j.outcome, '$.became') = 'opened' ORDER BY j.id DESC LIMIT ?1",
    )?;
    let read = |row: &Row<'_>| Ok((CauseId(row.get(0)?), TicketNo(row.get(1)?)));
    select.query_and_then([i64::try_from(limit).unwrap_or(i64::MAX)], read)?.collect()
}

/// No index leads from a sender to mails: all are looked at. A mail that was confirmed came when it was written.
pub(super) fn newest_from(db: &Db, senders: &[Address]) -> Result<Option<(DateTime<Utc>, Vec<u8>)>> {
    let senders: Vec<&str> = senders.iter().map(Address::as_str).collect();
    let newest: Option<(i64, i64)> = db
        .sql(
            "SELECT c.at, m.blob FROM message m JOIN cause c ON c.id = m.cause
             WHERE m.sender IN (SELECT value FROM json_each(?1)) AND c.note IS NULL ORDER BY c.at DESC, c.id DESC LIMIT 1",
        )?
        .query_row([serde_json::to_string(&senders)?], |row| Ok((row.get(0)?, row.get(1)?)))
        .optional()?;
    newest.map(|(at, blob)| Ok((moment(at)?, blobs::get(db, blob)?))).transpose()
}

/// The causes that come next.
pub(super) fn next(db: &Db, limit: usize) -> Result<BTreeSet<CauseId>> {
    let mut select = db.sql("SELECT id FROM cause WHERE state = 'pending' ORDER BY at, id LIMIT ?1")?;
    let read = |row: &Row<'_>| Ok(CauseId(row.get(0)?));
    select.query_and_then([i64::try_from(limit)?], read)?.collect()
}

pub(super) fn marked(db: &Db) -> Result<BTreeSet<CauseId>> {
    let marker = get(db, BATCH)?.unwrap_or_default();
    marker.split_whitespace().map(|cause| Ok(CauseId(cause.parse().context("the batch marker is damaged")?))).collect()
}

pub(super) fn mark(db: &Db, causes: &BTreeSet<CauseId>) -> Result<()> {
    if causes.is_empty() {
        db.sql("DELETE FROM meta WHERE name = ?1")?.execute([BATCH])?;
        return Ok(());
    }
    let list: Vec<String> = causes.iter().map(|cause| cause.0.to_string()).collect();
    set(db, BATCH, &list.join(" "))
}

pub(super) fn recover(db: &Db) -> Result<usize> {
    let mut alone = 0;
    for cause in marked(db)? {
        alone += db.sql("UPDATE cause SET alone = 1 WHERE id = ?1 AND state = 'pending'")?.execute([cause.0])?;
    }
    mark(db, &BTreeSet::new())?;
    Ok(alone)
}

pub(super) fn attempt(db: &Db, cause: CauseId) -> Result<u32> {
    db.sql("UPDATE cause SET attempts = attempts + 1, alone = 1 WHERE id = ?1 RETURNING attempts")?
        .query_row([cause.0], |row| row.get(0))
        .with_context(|| format!("cause {} cannot be counted", cause.0))
}

pub(super) fn quarantine(db: &Db, cause: CauseId, why: &str, at: DateTime<Utc>) -> Result<()> {
    let set = db
        .sql("UPDATE cause SET state = 'quarantined', why = ?2, ended = ?3 WHERE id = ?1 AND state = 'pending'")?
        .execute(params![cause.0, why, micros(at)])?;
    ensure!(set == 1, "cause {} does not wait: it cannot be set aside", cause.0);
    Ok(())
}

pub(super) fn quarantined(db: &Db) -> Result<Vec<QuarantineRow>> {
    let mut select = db.sql(
        "SELECT c.id, c.key, c.at, c.why, coalesce(b.size, json_extract(c.note, '$.withheld.size'), length(c.note)),
                json_extract(c.note, '$.withheld') IS NOT NULL FROM cause c
         LEFT JOIN message m ON m.cause = c.id LEFT JOIN blob b ON b.id = m.blob
         WHERE c.state = 'quarantined' ORDER BY c.id",
    )?;
    let read = |row: &Row<'_>| -> Result<QuarantineRow> {
        Ok(QuarantineRow {
            id: CauseId(row.get(0)?),
            key: CauseKey(row.get(1)?),
            at: moment(row.get(2)?)?,
            why: row.get(3)?,
            size: u64::try_from(row.get::<_, i64>(4)?)?,
            withheld: row.get(5)?,
        })
    };
    select.query_and_then([], read)?.collect()
}

pub(super) fn retry(db: &Db, cause: CauseId) -> Result<bool> {
    let set = db
        .sql("UPDATE cause SET state = 'pending', alone = 1, attempts = 0, ended = NULL WHERE id = ?1 AND state = 'quarantined'")?
        .execute([cause.0])?;
    Ok(set == 1)
}

/// What is known of the number for a cause's ticket.
pub(super) enum Reserved {
    /// It has this one.
    Number(TicketNo),
    /// It has none yet.
    NotYet(CauseId),
    /// The store knows no such cause.
    NoCause,
}

pub(super) fn reserved(db: &Db, key: &CauseKey) -> Result<Reserved> {
    let row = db
        .sql("SELECT id, number FROM cause WHERE stem = ?1 AND key = ?2")?
        .query_row(params![stem_hash(key), key.0], |row| Ok((CauseId(row.get(0)?), row.get::<_, Option<i64>>(1)?)))
        .optional()?;
    Ok(match row {
        Some((_, Some(number))) => Reserved::Number(TicketNo(number)),
        Some((id, None)) => Reserved::NotYet(id),
        None => Reserved::NoCause,
    })
}

pub(super) fn next_number(db: &Db) -> Result<TicketNo> {
    let counter = get(db, NEXT_NUMBER)?.map_or(Ok(FIRST_NUMBER), |next| next.parse()).context("the ticket counter is damaged")?;
    let last: Option<i64> = db.sql("SELECT max(number) FROM ticket")?.query_row([], |row| row.get(0))?;
    Ok(TicketNo(last.map_or(counter, |last| counter.max(last + 1))))
}

pub(super) fn reserve(db: &Db, cause: CauseId) -> Result<TicketNo> {
    let number = next_number(db)?;
    set(db, NEXT_NUMBER, &(number.0 + 1).to_string())?;
    db.sql("UPDATE cause SET number = ?2 WHERE id = ?1")?.execute([cause.0, number.0])?;
    Ok(number)
}
