//! Tickets, histories and figures: what `decide` and the command line ask.

use anyhow::Context;
use chrono::{DateTime, Utc};
use rusqlite::{OptionalExtension, Row, params};

use super::{Db, causes, due_micros, micros, moment, outbox, unsettled};
use crate::domain::attachment::Attachment;
use crate::domain::message::{Address, LetterId, MessageId, hash64};
use crate::domain::reports::{Scope, Tally};
use crate::domain::ticket::{Status, Ticket, TicketNo, Version};
use crate::domain::trust::LetterName;
use crate::domain::{CauseKey, Known, TicketFile};
use crate::store::{Counts, EXPIRED, JournalRow, Result, TicketFilter};

/// The ticket in a row's first column.
pub(super) fn read_ticket(row: &Row<'_>) -> Result<Ticket> {
    serde_json::from_str(row.get_ref(0)?.as_str()?).context("a ticket is damaged")
}

pub(super) fn ticket(db: &Db, number: TicketNo) -> Result<Option<Ticket>> {
    let mut select = db.sql("SELECT doc FROM ticket WHERE number = ?1")?;
    let mut rows = select.query([number.0])?;
    rows.next()?.map(read_ticket).transpose()
}

pub(super) fn known(db: &Db, ids: &[MessageId]) -> Result<Vec<Known>> {
    let mut found = Vec::new();
    for id in ids {
        let Some((ticket, letter)) = leads_to(db, id)? else { continue };
        let sent = letter.map(|letter| outbox::sent(db, letter)).transpose()?.flatten();
        found.push(Known { id: id.clone(), ticket, sent });
    }
    Ok(found)
}

/// The ticket that an id leads to, and the letter, where it is one of ours. What mails referred to comes before received mails.
pub(super) fn leads_to(db: &Db, id: &MessageId) -> Result<Option<(TicketNo, Option<LetterId>)>> {
    if let Some(ticket) = LetterName::read(id).and_then(|id| id.ticket) {
        let letter: Option<i64> = db
            .sql("SELECT id FROM letter WHERE ticket = ?1 AND message_id = ?2")?
            .query_row(params![ticket.0, id.as_str()], |row| row.get(0))
            .optional()?;
        if letter.is_some() {
            return Ok(letter.map(|letter| (ticket, Some(LetterId(letter)))));
        }
    }
    let known = db
        .sql("SELECT ticket, letter FROM known_id WHERE hash = ?1 AND id = ?2")?
        .query_row(params![id.hash64(), id.as_str()], |row| Ok((TicketNo(row.get(0)?), row.get::<_, Option<i64>>(1)?.map(LetterId))))
        .optional()?;
    Ok(match known {
        Some(known) => Some(known),
        None => causes::ticket_of(db, id)?.map(|number| (number, None)),
    })
}

pub(super) fn live_of(db: &Db, requester: &Address) -> Result<Vec<TicketNo>> {
    let mut select = db.sql(
        "SELECT number FROM ticket WHERE requester = ?1 AND status IN ('new', 'open', 'waiting')
         AND json_extract(doc, '$.requester.address') = ?2 ORDER BY number DESC",
    )?;
    let read = |row: &Row<'_>| Ok(TicketNo(row.get(0)?));
    select.query_and_then(params![hash64(requester.as_str().as_bytes()), requester.as_str()], read)?.collect()
}

/// The ticket of a `dedup_key`: a live one before any other, then the newest.
pub(super) fn keyed(db: &Db, key: &str) -> Result<Option<Ticket>> {
    let mut select = db.sql(
        "SELECT doc FROM ticket WHERE dedup = ?1 AND json_extract(doc, '$.alert.key') = ?2
         ORDER BY status IN ('new', 'open', 'waiting') DESC, number DESC LIMIT 1",
    )?;
    let mut rows = select.query(params![hash64(key.as_bytes()), key])?;
    rows.next()?.map(read_ticket).transpose()
}

/// Counts the tickets that are live or were touched in the scope's span, one at a time, and what waits for somebody's look.
pub(super) fn tally(db: &Db, scope: &Scope) -> Result<Tally> {
    let mut select = db.sql(
        "SELECT doc FROM ticket WHERE status IN ('new', 'open', 'waiting')
         UNION ALL SELECT doc FROM ticket WHERE status IN ('resolved', 'closed') AND updated >= ?1",
    )?;
    let mut rows = select.query([micros(scope.since)])?;
    let mut tally = Tally::new(scope.clone());
    while let Some(row) = rows.next()? {
        tally.add(read_ticket(row)?);
    }
    tally.waits(unsettled::lists(db, scope)?);
    Ok(tally)
}

/// The own words of the mail that opened a ticket; the first of its journal is the one.
pub(super) fn first_words(db: &Db, number: TicketNo) -> Result<String> {
    let mut select = db.sql(
        "SELECT coalesce(m.text, '') FROM journal_ticket t JOIN journal j ON j.id = t.journal JOIN message m ON m.cause = j.cause
         WHERE t.ticket = ?1 ORDER BY t.journal LIMIT 1",
    )?;
    let mut rows = select.query([number.0])?;
    Ok(rows.next()?.map(|row| row.get(0)).transpose()?.unwrap_or_default())
}

/// The files that a ticket's mails brought, in the order of its journal.
pub(super) fn files(db: &Db, number: TicketNo) -> Result<Vec<TicketFile>> {
    let mut select = db.sql(
        "SELECT c.key, m.sender, m.files FROM journal_ticket t JOIN journal j ON j.id = t.journal JOIN message m ON m.cause = j.cause
         JOIN cause c ON c.id = m.cause WHERE t.ticket = ?1 AND m.ticket = ?1 AND m.files IS NOT NULL ORDER BY t.journal",
    )?;
    let mut rows = select.query([number.0])?;
    let mut found = Vec::new();
    while let Some(row) = rows.next()? {
        let mail = CauseKey(row.get(0)?);
        let from = row.get_ref(1)?.as_str_or_null()?.and_then(Address::parse);
        let files: Vec<Attachment> =
            serde_json::from_str(row.get_ref(2)?.as_str()?).with_context(|| format!("the files of {number} are damaged"))?;
        found.extend(files.into_iter().map(|file| TicketFile { mail: mail.clone(), from: from.clone(), file }));
    }
    Ok(found)
}

pub(super) fn due(db: &Db, now: DateTime<Utc>, limit: usize) -> Result<Vec<(TicketNo, Version, DateTime<Utc>)>> {
    let mut select = db.sql("SELECT number, version, next_due FROM ticket WHERE next_due <= ?1 ORDER BY next_due, number LIMIT ?2")?;
    let read = |row: &Row<'_>| Ok((TicketNo(row.get(0)?), Version(row.get(1)?), moment(row.get(2)?)?));
    select.query_and_then(params![micros(now), i64::try_from(limit)?], read)?.collect()
}

/// What a ticket says is read one at a time; only those whose clock is another now are held and written.
pub(super) fn retime(db: &Db, strikes: &dyn Fn(&Ticket) -> Option<DateTime<Utc>>) -> Result<usize> {
    let mut select = db.sql("SELECT doc, next_due FROM ticket WHERE status IN ('new', 'open', 'waiting', 'resolved')")?;
    let mut rows = select.query([])?;
    let mut changed = Vec::new();
    while let Some(row) = rows.next()? {
        let ticket = read_ticket(row)?;
        let next = strikes(&ticket).map(due_micros);
        if next != row.get(1)? {
            changed.push((ticket.number, next));
        }
    }
    let mut update = db.sql("UPDATE ticket SET next_due = ?2 WHERE number = ?1")?;
    for (number, next) in &changed {
        update.execute(params![number.0, next])?;
    }
    Ok(changed.len())
}

/// Numbers are sorted first and the documents read after: sorting whole tickets would hold them all.
pub(super) fn list(db: &Db, filter: &TicketFilter) -> Result<Vec<Ticket>> {
    let words: Vec<&str> = filter.status.iter().map(|status| status.as_str()).collect();
    let requester = filter.requester.as_ref().map(Address::as_str);
    let mut select = db.sql(
        "SELECT number FROM ticket WHERE (?1 = '[]' OR status IN (SELECT value FROM json_each(?1)))
         AND (?2 IS NULL OR team = ?2) AND (?3 IS NULL OR owner = ?3)
         AND (?4 IS NULL OR requester = ?4 AND json_extract(doc, '$.requester.address') = ?5)
         ORDER BY updated DESC, number DESC LIMIT ?6",
    )?;
    let numbers = select.query_and_then(
        params![
            serde_json::to_string(&words)?,
            filter.team,
            filter.owner,
            requester.map(|address| hash64(address.as_bytes())),
            requester,
            i64::try_from(filter.limit).unwrap_or(i64::MAX),
        ],
        |row| Ok(TicketNo(row.get(0)?)),
    )?;
    numbers.filter_map(|number: Result<TicketNo>| number.and_then(|number| ticket(db, number)).transpose()).collect()
}

pub(super) fn history(db: &Db, number: TicketNo) -> Result<Vec<JournalRow>> {
    let mut select = db.sql(
        "SELECT j.at, c.key, j.actor, j.policy, j.outcome, j.because, j.changes, m.text, coalesce(m.internal, 0), j.cause
         FROM journal_ticket t JOIN journal j ON j.id = t.journal JOIN cause c ON c.id = j.cause LEFT JOIN message m ON m.cause = c.id
         WHERE t.ticket = ?1 ORDER BY t.journal",
    )?;
    let read = |row: &Row<'_>| -> Result<JournalRow> {
        Ok(JournalRow {
            at: moment(row.get(0)?)?,
            cause: CauseKey(row.get(1)?),
            actor: row.get(2)?,
            policy: row.get(3)?,
            outcome: serde_json::from_str(row.get_ref(4)?.as_str()?)?,
            because: serde_json::from_str(row.get_ref(5)?.as_str()?)?,
            changes: serde_json::from_str(row.get_ref(6)?.as_str()?)?,
            text: row.get(7)?,
            internal: row.get(8)?,
            mails: outbox::written(db, number, row.get(9)?)?,
        })
    };
    select.query_and_then([number.0], read)?.collect::<Result<_>>().with_context(|| format!("the history of {number} is damaged"))
}

pub(super) fn counts(db: &Db, now: DateTime<Utc>) -> Result<Counts> {
    let count = |sql| -> Result<u64> { Ok(u64::try_from(db.sql(sql)?.query_row([], |row| row.get::<_, i64>(0))?)?) };
    let by_word = |sql| -> Result<Vec<(String, u64)>> {
        let mut select = db.sql(sql)?;
        let read = |row: &Row<'_>| Ok((row.get(0)?, u64::try_from(row.get::<_, i64>(1)?)?));
        select.query_and_then([], read)?.collect()
    };
    let mut tickets = by_word("SELECT status, count(*) FROM ticket GROUP BY status")?;
    tickets.sort_by_key(|(word, _)| Status::parse(word));
    let lapsed = concat!("SELECT count(*) FROM envelope e WHERE e.state = 'held' AND ", lapses!(), " <= ?1");
    let lapsed = u64::try_from(db.sql(lapsed)?.query_row([micros(now)], |row| row.get::<_, i64>(0))?)?;
    let mut envelopes = by_word("SELECT state, count(*) FROM envelope GROUP BY state ORDER BY state")?;
    if lapsed > 0 {
        envelopes.iter_mut().filter(|(word, _)| word == "held").for_each(|(_, n)| *n -= lapsed);
        envelopes.retain(|(_, n)| *n > 0);
        envelopes.push((EXPIRED.to_owned(), lapsed));
        envelopes.sort();
    }
    Ok(Counts {
        tickets,
        pending: count("SELECT count(*) FROM cause WHERE state = 'pending'")?,
        quarantined: count("SELECT count(*) FROM cause WHERE state = 'quarantined'")?,
        envelopes,
        // The message rows are long; each has a cause without a note.
        messages: count("SELECT count(*) FROM cause WHERE note IS NULL")?,
    })
}
