//! What waits for somebody's look: held letters, questions without an answer, suspect mail. What of it a report names is not decided here.

use anyhow::Context;
use chrono::{DateTime, Utc};
use rusqlite::{Row, params};

use super::{Db, causes, micros, moment, outbox, tickets};
use crate::domain::CauseKey;
use crate::domain::confirm;
use crate::domain::doubt::{Doubt, Suspicion};
use crate::domain::reports::Scope;
use crate::domain::unsettled::{Lists, Matter, Unsettled};
use crate::store::{CauseId, Result};

/// All that waits, as far as a report of this scope names it.
pub(super) fn lists(db: &Db, scope: &Scope) -> Result<Lists> {
    let mut lists = Lists::default();
    let mut add = |one| lists.add(one, scope);
    held(db, &mut add)?;
    unconfirmed(db, scope.until - confirm::lapses(), &mut add)?;
    suspect(db, scope.last, &mut add)?;
    Ok(lists)
}

/// A letter of an agent's to several people is one. He has answered since where he wrote another on the ticket that never was in doubt: sending
/// one of two that are held says nothing of the other.
fn held(db: &Db, add: &mut dyn FnMut(Unsettled)) -> Result<()> {
    let mut select = db.sql(concat!(
        "SELECT t.doc, j.actor, l.created, min(e.doubt), max(",
        lapses!(),
        "), EXISTS (SELECT 1 FROM letter r JOIN journal k ON k.cause = r.cause JOIN envelope o ON o.letter = r.id
                     WHERE r.ticket = l.ticket AND r.class = 0 AND r.template <> 'consult' AND k.actor = j.actor
                     AND o.state <> 'cancelled' AND o.doubt IS NULL AND r.id > l.id)
         FROM envelope e INDEXED BY envelope_held JOIN letter l ON l.id = e.letter JOIN ticket t ON t.number = l.ticket
         JOIN journal j ON j.cause = l.cause WHERE e.state = 'held' GROUP BY l.id"
    ))?;
    let mut rows = select.query([])?;
    while let Some(row) = rows.next()? {
        let doubt = row.get_ref(3)?.as_str_or_null()?.and_then(Doubt::parse);
        let what = Matter::Held { doubt, lapses: outbox::lapses(row, 4)?, answered: row.get(5)? };
        add(read(row, what)?);
    }
    Ok(())
}

/// The mails that agents were asked about since then and have not confirmed.
fn unconfirmed(db: &Db, since: DateTime<Utc>, add: &mut dyn FnMut(Unsettled)) -> Result<()> {
    let mut select = db.sql(
        "SELECT t.doc, j.actor, l.created, c.key FROM letter l INDEXED BY letter_question JOIN cause c ON c.id = l.cause
         JOIN ticket t ON t.number = l.ticket JOIN journal j ON j.cause = l.cause
         WHERE l.template IN ('confirm', 'agent_error') AND l.created >= ?1 AND l.template = 'confirm'",
    )?;
    let mut rows = select.query([micros(since)])?;
    while let Some(row) = rows.next()? {
        if causes::granted(db, &CauseKey(row.get(3)?))?.is_none() {
            add(read(row, Matter::Unconfirmed)?);
        }
    }
    Ok(())
}

/// The mails that the border distrusts, decided on since then.
fn suspect(db: &Db, since: DateTime<Utc>, add: &mut dyn FnMut(Unsettled)) -> Result<()> {
    let mut select = db.sql(
        "SELECT t.doc, coalesce(m.sender, ''), s.at, s.why FROM suspect s JOIN message m ON m.cause = s.cause
         JOIN ticket t ON t.number = m.ticket WHERE s.at >= ?1",
    )?;
    let mut rows = select.query([micros(since)])?;
    while let Some(row) = rows.next()? {
        let why = row.get_ref(3)?.as_str()?;
        let suspicion = Suspicion::parse(why).with_context(|| format!("{why:?} is no suspicion"))?;
        add(read(row, Matter::Suspect(suspicion))?);
    }
    Ok(())
}

/// Ticket, who and since when, from the first columns.
fn read(row: &Row<'_>, what: Matter) -> Result<Unsettled> {
    Ok(Unsettled { ticket: tickets::read_ticket(row)?, who: row.get(1)?, since: moment(row.get(2)?)?, what })
}

/// Remembers that the border distrusts a mail.
pub(super) fn suspicious(db: &Db, cause: CauseId, at: DateTime<Utc>, why: Suspicion) -> Result<()> {
    db.sql("INSERT INTO suspect (at, cause, why) VALUES (?1, ?2, ?3)")?.execute(params![micros(at), cause.0, why.as_str()])?;
    Ok(())
}
