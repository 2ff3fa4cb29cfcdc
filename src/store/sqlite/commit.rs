//! T2: everything that follows from one cause, after the guards.

use std::collections::BTreeSet;

use anyhow::ensure;
use rusqlite::{OptionalExtension, params};

use super::{Db, TicketState, causes, due_micros, micros, outbox, tickets, unsettled};
use crate::domain::message::{LetterId, MessageId, hash64};
use crate::domain::ticket::TicketNo;
use crate::store::identity;
use crate::store::{Commit, CommittedMail, Conflict, Result};

/// Writes a decision and returns the rows of its letters; with a conflict nothing is written.
pub(super) fn commit(db: &Db, commit: &Commit) -> Result<std::result::Result<Vec<LetterId>, Conflict>> {
    for state in &commit.tickets {
        let (number, version) = (state.ticket.number, state.ticket.version.0);
        let stored: Option<i64> =
            db.sql("SELECT version FROM ticket WHERE number = ?1")?.query_row([number.0], |row| row.get(0)).optional()?;
        if stored.unwrap_or(0) != version - 1 {
            return Ok(Err(Conflict(number)));
        }
    }
    let done = db.sql("UPDATE cause SET state = 'done', ended = ?3 WHERE id = ?1 AND key = ?2 AND state = 'pending'")?.execute(params![
        commit.cause.0,
        commit.key.0,
        micros(commit.at)
    ])?;
    ensure!(done == 1, "cause {} ({}) does not wait: it is not decided again", commit.cause.0, commit.key.0);
    for state in &commit.tickets {
        put_ticket(db, state)?;
    }
    journal(db, commit)?;
    if let Some(mail) = &commit.mail {
        put_mail(db, commit, mail)?;
    }
    let letters = commit.letters.iter().map(|letter| outbox::queue(db, commit.cause, letter, commit.at)).collect::<Result<_>>()?;
    for cause in &commit.restore {
        outbox::restore(db, cause, commit.at)?;
    }
    for letter in &commit.cancel {
        outbox::replace(db, *letter, &commit.key, commit.at)?;
    }
    for letter in &commit.release {
        outbox::release(db, *letter, commit.at)?;
    }
    for grant in &commit.grants {
        causes::grant(db, grant)?;
    }
    Ok(Ok(letters))
}

fn put_ticket(db: &Db, state: &TicketState) -> Result<()> {
    let ticket = &state.ticket;
    let sql = if ticket.version.0 == 1 {
        "INSERT INTO ticket (number, version, status, team, owner, category, priority, requester, next_due, updated, doc, dedup)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12)"
    } else {
        "UPDATE ticket SET version = ?2, status = ?3, team = ?4, owner = ?5, category = ?6, priority = ?7, requester = ?8,
         next_due = ?9, updated = ?10, doc = ?11, dedup = ?12 WHERE number = ?1"
    };
    db.sql(sql)?.execute(params![
        ticket.number.0,
        ticket.version.0,
        ticket.status.as_str(),
        ticket.team,
        ticket.owner,
        ticket.category,
        ticket.priority.as_str(),
        hash64(ticket.requester.address.as_str().as_bytes()),
        state.next_due.map(due_micros),
        micros(ticket.updated),
        serde_json::to_string(ticket)?,
        ticket.alert.as_ref().map(|alert| hash64(alert.key.as_bytes())),
    ])?;
    Ok(())
}

/// The row of the decision, and the tickets whose history it is part of: those that it changed and the one that it ended in.
fn journal(db: &Db, commit: &Commit) -> Result<()> {
    db.sql("INSERT INTO journal (cause, at, actor, policy, outcome, because, changes) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)")?.execute(
        params![
            commit.cause.0,
            micros(commit.at),
            commit.actor,
            commit.policy,
            serde_json::to_string(&commit.outcome)?,
            serde_json::to_string(&commit.because)?,
            serde_json::to_string(&commit.changes)?,
        ],
    )?;
    let row = db.conn.last_insert_rowid();
    let changed = commit.changes.iter().map(|(number, _, _)| *number);
    let written = commit.tickets.iter().map(|state| state.ticket.number);
    let filed = commit.mail.as_ref().and_then(|mail| mail.ticket);
    let touched: BTreeSet<TicketNo> = changed.chain(written).chain(commit.outcome.ticket()).chain(filed).collect();
    for number in touched {
        db.sql("INSERT INTO journal_ticket (ticket, journal) VALUES (?1, ?2)")?.execute([number.0, row])?;
    }
    Ok(())
}

fn put_mail(db: &Db, commit: &Commit, mail: &CommittedMail) -> Result<()> {
    let files = if mail.files.is_empty() { None } else { Some(serde_json::to_string(&mail.files)?) };
    db.sql("UPDATE message SET ticket = ?2, internal = ?3, sender = ?4, text = ?5, files = ?6 WHERE cause = ?1")?.execute(params![
        commit.cause.0,
        mail.ticket.map(|number| number.0),
        mail.internal,
        mail.from.as_ref().map(|from| from.as_str()),
        mail.text,
        files,
    ])?;
    if let Some(why) = mail.suspect {
        unsettled::suspicious(db, commit.cause, commit.at, why)?;
    }
    if let Some(number) = mail.ticket {
        // A received mail is found by the stem of its key, if that was made of the same id.
        let own = mail.id.iter().filter(|id| identity::stem(&commit.key) != identity::stem_of(id));
        for id in own.chain(&mail.references) {
            know(db, id, number, None)?;
        }
    }
    Ok(())
}

/// From now on an id leads to a ticket, unless it leads somewhere already.
pub(super) fn know(db: &Db, id: &MessageId, number: TicketNo, letter: Option<LetterId>) -> Result<()> {
    let hash = id.hash64();
    if tickets::leads_to(db, id)?.is_some() {
        return Ok(());
    }
    db.sql("INSERT INTO known_id (hash, id, ticket, letter) VALUES (?1, ?2, ?3, ?4)")?.execute(params![
        hash,
        id.as_str(),
        number.0,
        letter.map(|letter| letter.0)
    ])?;
    Ok(())
}
