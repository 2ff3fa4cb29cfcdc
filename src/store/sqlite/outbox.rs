//! Letters with their wording, which holds the final bytes but for those of files (see `enclosures`), and envelopes (one recipient each)
//! with their fate. T3 is here.
//!
//! A letter of the current batch may have no wording yet. Nobody can have seen it, so that nothing is known of what it says.

use std::collections::BTreeMap;
use std::sync::Arc;

use anyhow::{Context, ensure};
use chrono::{DateTime, Utc};
use rusqlite::{OptionalExtension, Row, params};

use super::{Db, blobs, causes, commit, due_micros, enclosures, micros, moment};
use crate::domain::message::{Address, Letter, LetterId, LetterKey, LetterKind, TemplateName, hash64};
use crate::domain::ticket::{Change, TicketNo};
use crate::domain::trust::LetterName;
use crate::domain::{CauseKey, Crossing, HeldLetter, Outbox, QueuedLetter, Reader, Sent, Undelivered};
use crate::store::{CauseId, Fate, JournalMail, Note, OutboxRow, Posting, Result, Sealed};

/// A claim ends before it holds more bytes than this, but for a single letter.
const CLAIM_BYTES: usize = 8 * 1024 * 1024;

/// Key of the cause that an envelope's refusal becomes. A letter written because of one begins so and is a bounce of a bounce.
const FATE: &str = "fate:";

/// The class of a kind: the order of the queue.
fn class(kind: LetterKind) -> i64 {
    match kind {
        LetterKind::Reply => 0,
        LetterKind::Notice => 1,
        LetterKind::Automatic => 2,
        LetterKind::Summary => 3,
    }
}

fn kind(class: i64) -> Result<LetterKind> {
    use LetterKind::{Automatic, Notice, Reply, Summary};
    [Reply, Notice, Automatic, Summary].into_iter().find(|kind| self::class(*kind) == class).with_context(|| format!("{class} is no class"))
}

fn address(row: &Row<'_>, column: usize) -> Result<Address> {
    let text = row.get_ref(column)?.as_str()?;
    Address::parse(text).with_context(|| format!("{text:?} is no address"))
}

/// A column of `lapses!`.
pub(super) fn lapses(row: &Row<'_>, column: usize) -> Result<Option<DateTime<Utc>>> {
    row.get::<_, Option<i64>>(column)?.map(moment).transpose()
}

/// Stores a letter without its words and queues (or holds) its envelopes.
pub(super) fn queue(db: &Db, cause: CauseId, letter: &Letter, at: DateTime<Utc>) -> Result<LetterId> {
    let class = class(letter.kind);
    db.sql(
        "INSERT INTO letter (cause, key, class, template, mailbox, ticket, reverse_path, message_id, not_before, created)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10)",
    )?
    .execute(params![
        cause.0,
        letter.key.0,
        class,
        letter.template,
        letter.mailbox,
        letter.ticket.map(|number| number.0),
        letter.reverse_path.as_ref().map(Address::as_str),
        letter.message_id.as_str(),
        letter.not_before.map(due_micros),
        micros(at),
    ])?;
    let id = db.conn.last_insert_rowid();
    let state = if letter.held.is_some() { "held" } else { "queued" };
    // Nothing else happens to what is held.
    let due = letter.held.as_ref().map_or(letter.not_before, |held| held.lapses);
    let next_at = due.map_or(micros(at), |then| due_micros(then).max(micros(at)));
    for to in &letter.to {
        db.sql(
            "INSERT INTO envelope (letter, recipient, recipient_hash, class, state, next_at, queued, why, doubt)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9)",
        )?
        .execute(params![
            id,
            to.as_str(),
            hash64(to.as_str().as_bytes()),
            class,
            state,
            next_at,
            micros(at),
            letter.held.as_ref().map_or("", |held| held.why.as_str()),
            letter.held.as_ref().map(|held| held.doubt.as_str()),
        ])?;
    }
    // Most ids of ours say themselves where they lead.
    if let Some(number) = letter.ticket.filter(|number| LetterName::read(&letter.message_id).and_then(|id| id.ticket) != Some(*number)) {
        commit::know(db, &letter.message_id, number, Some(LetterId(id)))?;
    }
    Ok(LetterId(id))
}

/// Stores what these letters say.
pub(super) fn word(db: &Db, letters: &[LetterId], words: &Sealed) -> Result<()> {
    ensure!(letters.len() == words.letters.len(), "{} letters have words for {}", letters.len(), words.letters.len());
    let blob = blobs::put_sealed(db, words)?;
    for (letter, said) in letters.iter().zip(&words.letters) {
        let insert = "INSERT INTO wording (letter, subject, blob, start, text_size, stop, files) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)";
        db.sql(insert)?.execute(params![
            letter.0,
            said.subject,
            blob,
            i64::try_from(said.start)?,
            i64::try_from(said.text_size)?,
            i64::try_from(said.stop)?,
            enclosures::size(&said.files)?,
        ])?;
        enclosures::put(db, *letter, &said.files)?;
    }
    Ok(())
}

/// Lets a held letter go. Its time in the queue begins now.
pub(super) fn release(db: &Db, letter: LetterId, at: DateTime<Utc>) -> Result<()> {
    db.sql(
        "UPDATE envelope SET state = 'queued', queued = ?2, why = '',
         next_at = max(?2, coalesce((SELECT not_before FROM letter WHERE id = ?1), ?2)) WHERE letter = ?1 AND state = 'held'",
    )?
    .execute([letter.0, micros(at)])?;
    Ok(())
}

/// Why a letter did not go that another decision made needless.
fn replaced_by(cause: &CauseKey) -> String {
    format!("replaced by what followed from {}", cause.0)
}

/// Takes a letter out of the queue for which this cause has something better.
pub(super) fn replace(db: &Db, letter: LetterId, by: &CauseKey, at: DateTime<Utc>) -> Result<()> {
    db.sql("UPDATE envelope SET state = 'cancelled', ended = ?3, why = ?2 WHERE letter = ?1 AND state = 'queued'")?.execute(params![
        letter.0,
        replaced_by(by),
        micros(at)
    ])?;
    Ok(())
}

/// Puts back what this cause took out.
pub(super) fn restore(db: &Db, by: &CauseKey, at: DateTime<Utc>) -> Result<()> {
    db.sql(
        "UPDATE envelope SET state = 'queued', ended = NULL, why = '', next_at = max(next_at, ?2)
         WHERE state = 'cancelled' AND why = ?1",
    )?
    .execute(params![replaced_by(by), micros(at)])?;
    Ok(())
}

/// Letters of a ticket, but for notices, that wait whole; the decision behind each can be undone while none came after it.
pub(super) fn unsent(db: &Db, number: TicketNo) -> Result<Outbox> {
    let last_automatic: Option<i64> = db
        .sql(
            "SELECT max(max(l.created, coalesce(l.not_before, 0))) FROM letter l WHERE l.ticket = ?1 AND l.class = 2
             AND EXISTS (SELECT 1 FROM envelope e WHERE e.letter = l.id AND e.state <> 'cancelled')",
        )?
        .query_row([number.0], |row| row.get(0))?;
    let mut select = db.sql(
        "SELECT l.id, c.key, j.actor, l.template, j.changes,
         NOT EXISTS (SELECT 1 FROM journal_ticket o JOIN journal_ticket t ON t.ticket = o.ticket JOIN journal k ON k.id = t.journal
                     WHERE o.journal = j.id AND t.journal > j.id AND k.changes <> '[]')
         FROM letter l JOIN cause c ON c.id = l.cause JOIN journal j ON j.cause = l.cause
         WHERE l.ticket = ?1 AND l.class IN (0, 2)
         AND EXISTS (SELECT 1 FROM envelope e WHERE e.letter = l.id)
         AND NOT EXISTS (SELECT 1 FROM envelope e WHERE e.letter = l.id AND (e.state <> 'queued' OR e.attempts > 0))
         ORDER BY l.id",
    )?;
    let read = |row: &Row<'_>| -> Result<QueuedLetter> {
        let changes: Vec<(TicketNo, Change, Option<Change>)> =
            if row.get(5)? { serde_json::from_str(row.get_ref(4)?.as_str()?)? } else { Vec::new() };
        Ok(QueuedLetter {
            id: LetterId(row.get(0)?),
            cause: CauseKey(row.get(1)?),
            actor: row.get(2)?,
            template: TemplateName::parse(row.get_ref(3)?.as_str()?),
            undoes: changes.into_iter().rev().filter_map(|(of, _, before)| Some((of, before?))).collect(),
        })
    };
    let queued = select.query_and_then([number.0], read)?.collect::<Result<_>>()?;
    Ok(Outbox { queued, last_automatic: last_automatic.map(moment).transpose()? })
}

pub(super) fn any_due(db: &Db, now: DateTime<Utc>) -> Result<bool> {
    Ok(db
        .sql("SELECT EXISTS (SELECT 1 FROM envelope INDEXED BY envelope_wake WHERE state = 'queued' AND next_at <= ?1)")?
        .query_row([micros(now)], |row| row.get(0))?)
}

pub(super) fn senders(db: &Db) -> Result<Vec<String>> {
    let mut select = db.sql(
        "SELECT DISTINCT l.mailbox FROM letter l WHERE l.id IN (SELECT letter FROM envelope WHERE state IN ('queued', 'sending'))
         ORDER BY l.mailbox",
    )?;
    select.query_and_then([], |row| Ok(row.get(0)?))?.collect()
}

/// The attempt is counted here, before anything can go wrong with it.
pub(super) fn claim(db: &Db, now: DateTime<Utc>, n: usize, mailboxes: &[String]) -> Result<Vec<Posting>> {
    let claimed = due_postings(db, now, n, mailboxes)?;
    for posting in &claimed {
        db.sql("UPDATE envelope SET state = 'sending', attempts = attempts + 1 WHERE id = ?1")?.execute([posting.envelope])?;
    }
    Ok(claimed)
}

fn due_postings(db: &Db, now: DateTime<Utc>, n: usize, mailboxes: &[String]) -> Result<Vec<Posting>> {
    // The index gives the order of the queue, and whether an envelope is due without reading it.
    let mut select = db.sql(
        "SELECT e.id, e.letter, e.recipient, e.attempts, e.queued, l.mailbox, l.reverse_path, w.blob, w.start + w.text_size, w.stop, w.files
         FROM envelope e INDEXED BY envelope_queue CROSS JOIN letter l ON l.id = e.letter CROSS JOIN wording w ON w.letter = l.id
         WHERE e.state = 'queued' AND e.next_at <= ?1 AND l.mailbox IN (SELECT value FROM json_each(?3)) ORDER BY e.class, e.queued, e.id LIMIT ?2",
    )?;
    let mut rows = select.query(params![micros(now), i64::try_from(n)?, serde_json::to_string(mailboxes)?])?;
    let mut bytes: BTreeMap<LetterId, Arc<Vec<u8>>> = BTreeMap::new();
    let mut found = Vec::new();
    while let Some(row) = rows.next()? {
        let letter = LetterId(row.get(1)?);
        let bytes = match bytes.get(&letter) {
            Some(bytes) => Arc::clone(bytes),
            None => {
                let own = blobs::between(db, row.get(7)?, row.get(8)?, row.get(9)?)?;
                let files: Option<i64> = row.get(10)?;
                let held: usize = bytes.values().map(|bytes| bytes.len()).sum();
                if !found.is_empty() && held + own.len() + usize::try_from(files.unwrap_or(0))? > CLAIM_BYTES {
                    break;
                }
                let whole = Arc::new(whole(db, letter, own, files)?);
                bytes.insert(letter, Arc::clone(&whole));
                whole
            }
        };
        let reverse_path = if row.get_ref(6)?.as_str_or_null()?.is_some() { Some(address(row, 6)?) } else { None };
        found.push(Posting {
            envelope: row.get(0)?,
            letter,
            mailbox: row.get(5)?,
            reverse_path,
            to: address(row, 2)?,
            bytes,
            attempts: row.get(3)?,
            queued: moment(row.get(4)?)?,
        });
    }
    Ok(found)
}

/// A letter's final bytes.
fn whole(db: &Db, letter: LetterId, own: Vec<u8>, files: Option<i64>) -> Result<Vec<u8>> {
    match files {
        Some(files) => enclosures::set_in(db, letter, &own, files),
        None => Ok(own),
    }
}

/// An answer that comes twice, or after the envelope went back to the queue, changes nothing.
pub(super) fn settle(db: &Db, envelope: i64, fate: &Fate, now: DateTime<Utc>) -> Result<()> {
    let (state, why, next_at) = match fate {
        Fate::Sent(why) => ("sent", why, None),
        Fate::Retry { at, why } => ("queued", why, Some(due_micros(*at))),
        Fate::Failed(why) => ("failed", why, None),
        Fate::Uncertain(why) => ("uncertain", why, None),
    };
    let ended = if next_at.is_none() { Some(micros(now)) } else { None };
    let changed = db
        .sql(
            "UPDATE envelope SET state = ?2, why = ?3, next_at = coalesce(?4, next_at), ended = ?5
             WHERE id = ?1 AND state = 'sending'",
        )?
        .execute(params![envelope, state, why, next_at, ended])?;
    if changed == 0 {
        let known: bool = db.sql("SELECT EXISTS (SELECT 1 FROM envelope WHERE id = ?1)")?.query_row([envelope], |row| row.get(0))?;
        ensure!(known, "there is no envelope {envelope}");
    } else if matches!(fate, Fate::Failed(_)) {
        undelivered(db, envelope, why, now)?;
    }
    Ok(())
}

/// A refusal becomes a cause, once for each time that the envelope was in the queue.
fn undelivered(db: &Db, envelope: i64, why: &str, now: DateTime<Utc>) -> Result<()> {
    let mut select = db.sql(
        "SELECT l.key, l.id, l.class, l.ticket, w.subject, e.recipient FROM envelope e JOIN letter l ON l.id = e.letter
         JOIN wording w ON w.letter = l.id WHERE e.id = ?1",
    )?;
    let mut rows = select.query([envelope])?;
    let row = rows.next()?.with_context(|| format!("there is no envelope {envelope}"))?;
    if row.get_ref(0)?.as_str()?.starts_with(FATE) {
        return Ok(());
    }
    let note = Note::Undelivered(Undelivered {
        letter: LetterId(row.get(1)?),
        kind: kind(row.get(2)?)?,
        ticket: row.get::<_, Option<i64>>(3)?.map(TicketNo),
        subject: row.get(4)?,
        to: address(row, 5)?,
        why: why.to_owned(),
    });
    let first = CauseKey(format!("{FATE}{envelope}"));
    if !causes::enqueue(db, &first, now, &note)? {
        causes::enqueue(db, &CauseKey(format!("{FATE}{envelope}:{}", micros(now))), now, &note)?;
    }
    Ok(())
}

pub(super) fn unclaim(db: &Db) -> Result<usize> {
    Ok(db.sql("UPDATE envelope SET state = 'queued' WHERE state = 'sending'")?.execute([])?)
}

/// An operator's word begins a new life in the queue; what is queued only need not wait any longer.
pub(super) fn resend(db: &Db, envelope: i64, now: DateTime<Utc>) -> Result<bool> {
    let set = db
        .sql(
            "UPDATE envelope SET attempts = iif(state = 'queued', attempts, 0), queued = iif(state = 'queued', queued, ?2),
             next_at = ?2, ended = NULL, state = 'queued' WHERE id = ?1 AND state IN ('queued', 'failed', 'uncertain', 'cancelled')",
        )?
        .execute([envelope, micros(now)])?;
    Ok(set == 1)
}

pub(super) fn cancel(db: &Db, envelope: i64, now: DateTime<Utc>) -> Result<bool> {
    let set = db
        .sql("UPDATE envelope SET state = 'cancelled', ended = ?2 WHERE id = ?1 AND state IN ('queued', 'held')")?
        .execute([envelope, micros(now)])?;
    Ok(set == 1)
}

pub(super) fn next_wake(db: &Db) -> Result<Option<DateTime<Utc>>> {
    let first: Option<i64> = db
        .sql(
            "SELECT min(at) FROM (SELECT min(next_at) AS at FROM envelope WHERE state = 'queued'
             UNION ALL SELECT min(next_due) FROM ticket WHERE next_due IS NOT NULL)",
        )?
        .query_row([], |row| row.get(0))?;
    first.map(moment).transpose()
}

pub(super) fn rows(db: &Db, all: bool, limit: usize) -> Result<Vec<OutboxRow>> {
    let mut select = db.sql(concat!(
        "SELECT e.id, e.state, e.class, l.template, l.ticket, e.recipient, w.subject, e.attempts, coalesce(e.ended, e.next_at), e.why,
         l.message_id, ",
        lapses!(),
        " FROM envelope e JOIN letter l ON l.id = e.letter JOIN wording w ON w.letter = l.id
         WHERE ?1 OR e.state <> 'sent' ORDER BY e.id DESC LIMIT ?2"
    ))?;
    let read = |row: &Row<'_>| -> Result<OutboxRow> {
        Ok(OutboxRow {
            envelope: row.get(0)?,
            state: row.get(1)?,
            kind: kind(row.get(2)?)?,
            template: row.get(3)?,
            ticket: row.get::<_, Option<i64>>(4)?.map(TicketNo),
            to: address(row, 5)?,
            subject: row.get(6)?,
            attempts: row.get(7)?,
            at: moment(row.get(8)?)?,
            why: row.get(9)?,
            message_id: row.get(10)?,
            lapses: lapses(row, 11)?,
        })
    };
    select.query_and_then(params![all, i64::try_from(limit).unwrap_or(i64::MAX)], read)?.collect()
}

/// What a decision wrote for a ticket.
pub(super) fn written(db: &Db, number: TicketNo, cause: i64) -> Result<Vec<JournalMail>> {
    let mut select = db.sql(concat!(
        "SELECT l.template, e.recipient, w.subject, e.state, e.id, ",
        lapses!(),
        " FROM letter l JOIN envelope e ON e.letter = l.id
         JOIN wording w ON w.letter = l.id WHERE l.cause = ?1 AND l.ticket = ?2 ORDER BY e.id"
    ))?;
    let read = |row: &Row<'_>| -> Result<JournalMail> {
        Ok(JournalMail {
            template: row.get(0)?,
            to: address(row, 1)?,
            subject: row.get(2)?,
            state: row.get(3)?,
            envelope: row.get(4)?,
            lapses: lapses(row, 5)?,
        })
    };
    select.query_and_then(params![cause, number.0], read)?.collect()
}

pub(super) fn letter_bytes(db: &Db, envelope: i64) -> Result<Option<Vec<u8>>> {
    let mut select = db.sql(
        "SELECT w.letter, w.blob, w.start + w.text_size, w.stop, w.files
         FROM envelope e JOIN wording w ON w.letter = e.letter WHERE e.id = ?1",
    )?;
    let mut rows = select.query([envelope])?;
    let Some(row) = rows.next()? else { return Ok(None) };
    let own = blobs::between(db, row.get(1)?, row.get(2)?, row.get(3)?)?;
    whole(db, LetterId(row.get(0)?), own, row.get(4)?).map(Some)
}

/// What a letter said, and the template that made it.
pub(super) fn sent(db: &Db, letter: LetterId) -> Result<Option<Sent>> {
    let mut select = db.sql(
        "SELECT w.blob, w.start, w.start + w.text_size, l.template, l.key, w.subject
         FROM letter l JOIN wording w ON w.letter = l.id WHERE l.id = ?1",
    )?;
    let mut rows = select.query([letter.0])?;
    let Some(row) = rows.next()? else { return Ok(None) };
    Ok(Some(Sent {
        key: LetterKey(row.get(4)?),
        template: TemplateName::parse(row.get_ref(3)?.as_str()?),
        subject: row.get(5)?,
        text: String::from_utf8(blobs::between(db, row.get(0)?, row.get(1)?, row.get(2)?)?).context("a damaged text")?,
    }))
}

pub(super) fn held(db: &Db, number: TicketNo) -> Result<Vec<HeldLetter>> {
    let mut select = db.sql(concat!(
        "SELECT l.id, min(e.why), w.subject, l.key, max(",
        lapses!(),
        ") FROM letter l JOIN envelope e ON e.letter = l.id
         JOIN wording w ON w.letter = l.id WHERE l.ticket = ?1 AND e.state = 'held' GROUP BY l.id ORDER BY l.id"
    ))?;
    let read = |row: &Row<'_>| -> Result<HeldLetter> {
        Ok(HeldLetter {
            id: LetterId(row.get(0)?),
            why: row.get(1)?,
            subject: row.get(2)?,
            key: LetterKey(row.get(3)?),
            lapses: lapses(row, 4)?,
        })
    };
    select.query_and_then([number.0], read)?.collect()
}

/// Found by the ticket, as no index leads from a recipient to notices.
pub(super) fn notices_to(db: &Db, address: &Address, number: TicketNo, since: DateTime<Utc>) -> Result<u32> {
    let mut select = db.sql(
        "SELECT count(*) FROM letter l JOIN envelope e ON e.letter = l.id
         WHERE l.ticket = ?1 AND l.class = 1 AND l.created >= ?2 AND e.recipient = ?3",
    )?;
    Ok(select.query_row(params![number.0, micros(since), address.as_str()], |row| row.get(0))?)
}

/// No index leads from a recipient to notices, but one to the few letters that ask an agent something.
pub(super) fn questions_to(db: &Db, address: &Address, since: DateTime<Utc>) -> Result<u32> {
    let mut select = db.sql(
        "SELECT count(*) FROM letter l INDEXED BY letter_question JOIN envelope e ON e.letter = l.id
         WHERE l.template IN ('confirm', 'agent_error') AND l.created >= ?1 AND e.recipient = ?2",
    )?;
    Ok(select.query_row(params![micros(since), address.as_str()], |row| row.get(0))?)
}

/// The newest reply of somebody else that was let go after the letter that this agent answers. Where a mail server has replaced that
/// letter's id, the last notice to him stands for it.
pub(super) fn reply_after(db: &Db, number: TicketNo, reader: &Reader) -> Result<Option<Crossing>> {
    let read: Option<(i64, i64)> = db
        .sql(
            "SELECT l.id, l.created FROM letter l WHERE l.ticket = ?1 AND (l.key = ?2 OR l.class = 1 AND EXISTS
             (SELECT 1 FROM envelope e WHERE e.letter = l.id AND e.recipient = ?3)) AND (?4 IS NULL OR l.created <= ?4)
             ORDER BY l.key IS ?2 DESC, l.id DESC LIMIT 1",
        )?
        .query_row(params![number.0, reader.answers.as_ref().map(|key| &key.0), reader.address.as_str(), reader.until.map(micros)], |row| {
            Ok((row.get(0)?, row.get(1)?))
        })
        .optional()?;
    let Some((letter, created)) = read else { return Ok(None) };
    let mut select = db.sql(
        "SELECT j.actor, max(e.queued), coalesce(m.text, ''), c.key FROM letter l JOIN envelope e ON e.letter = l.id
         JOIN cause c ON c.id = l.cause JOIN journal j ON j.cause = l.cause LEFT JOIN message m ON m.cause = l.cause
         WHERE l.ticket = ?1 AND l.class = 0 AND l.template <> 'consult' AND e.state NOT IN ('held', 'cancelled') AND (l.id > ?2 OR e.queued > ?3) AND j.actor <> ?4
         GROUP BY l.id ORDER BY max(e.queued) DESC, l.id DESC LIMIT 1",
    )?;
    let mut rows = select.query(params![number.0, letter, created, reader.handle])?;
    let Some(row) = rows.next()? else { return Ok(None) };
    Ok(Some(Crossing { cause: CauseKey(row.get(3)?), by: row.get(0)?, at: moment(row.get(1)?)?, words: row.get(2)? }))
}

pub(super) fn automatic_to(db: &Db, address: &Address, since: DateTime<Utc>) -> Result<u32> {
    let mut select = db.sql(
        "SELECT count(*) FROM envelope INDEXED BY envelope_automatic
         WHERE class = 2 AND recipient_hash = ?1 AND queued >= ?2 AND recipient = ?3 AND state <> 'cancelled'",
    )?;
    Ok(select.query_row(params![hash64(address.as_str().as_bytes()), micros(since), address.as_str()], |row| row.get(0))?)
}

pub(super) fn automatic_for(db: &Db, number: TicketNo, since: DateTime<Utc>) -> Result<u32> {
    let mut select = db.sql("SELECT count(*) FROM letter WHERE ticket = ?1 AND class = 2 AND created >= ?2")?;
    Ok(select.query_row([number.0, micros(since)], |row| row.get(0))?)
}
