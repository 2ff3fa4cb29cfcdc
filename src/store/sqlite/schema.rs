//! The schema's history: one file a version, `PRAGMA user_version` says how far a database has come.

use anyhow::{bail, ensure};
use rusqlite::{Connection, TransactionBehavior};

use crate::store::Result;

/// In order; the first leads to version 1. What has been released is never edited.
const MIGRATIONS: &[&str] = &[
    include_str!("../migrations/0001_first.sql"),
    include_str!("../migrations/0002_ticket_state.sql"),
    include_str!("../migrations/0003_files.sql"),
    include_str!("../migrations/0004_wording.sql"),
    include_str!("../migrations/0005_dedup_key.sql"),
    include_str!("../migrations/0006_block.sql"),
    include_str!("../migrations/0007_confirm.sql"),
    include_str!("../migrations/0008_uuencode.sql"),
    include_str!("../migrations/0009_blobs_by_cause.sql"),
    include_str!("../migrations/0010_doubt.sql"),
];

/// The version that this program writes.
const NEWEST: i64 = MIGRATIONS.len() as i64;

/// How far a database has come.
///
/// # Errors
/// It was written by a newer Postdesk, or by another program; nothing has been changed.
pub(super) fn check(conn: &Connection) -> Result<i64> {
    let version_now = || conn.pragma_query_value(None, "user_version", |row| row.get::<_, i64>(0));
    let version = version_now()?;
    if version > NEWEST {
        bail!(
            "it has schema version {version}, but this Postdesk ({}) knows versions up to {}: use the newer Postdesk that wrote it, \
             or restore a backup",
            env!("CARGO_PKG_VERSION"),
            NEWEST
        );
    }
    if version == 0 && conn.prepare("SELECT 1 FROM sqlite_schema")?.exists([])? {
        // Another process may have made it between these two looks.
        let version = version_now()?;
        if version > 0 {
            return Ok(version);
        }
        bail!("it is another program's database: move it away, or write another place for the desk's:  data = \"…\"  in [desk]");
    }
    Ok(version)
}

/// Is this the version of an older Postdesk? 0 is a database that is just being made.
pub(super) fn is_older(version: i64) -> bool {
    (1..NEWEST).contains(&version)
}

/// Brings a database up to date, each step in a transaction of its own. Two processes may do so at once: one waits and finds it done.
/// Foreign keys are not enforced meanwhile, as SQLite asks for where tables are replaced, and checked after each step.
pub(super) fn migrate(conn: &mut Connection) -> Result<()> {
    if check(conn)? == NEWEST {
        return Ok(());
    }
    conn.pragma_update(None, "foreign_keys", false)?;
    for (sql, version) in MIGRATIONS.iter().zip(1..) {
        let step = conn.transaction_with_behavior(TransactionBehavior::Immediate)?;
        if check(&step)? < version {
            step.execute_batch(sql)?;
            ensure!(
                !step.prepare("PRAGMA foreign_key_check")?.exists([])?,
                "step {version} of its update would leave rows that belong to nothing"
            );
            step.pragma_update(None, "user_version", version)?;
        }
        step.commit()?;
    }
    conn.pragma_update(None, "foreign_keys", true)?;
    Ok(())
}
