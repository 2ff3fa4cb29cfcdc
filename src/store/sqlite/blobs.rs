//! Rows of bytes, packed. Large bytes lie in pieces: the first in `blob`, the others in `blob_piece`.

use anyhow::{Context, ensure};
use rusqlite::params;

use super::Db;
use crate::store::pack::{self, PIECE};
use crate::store::{Prepared, Result, Sealed, SealedBytes};

/// Stores the bytes of a received mail and returns the row.
pub(super) fn put_mail(db: &Db, mail: &Prepared) -> Result<i64> {
    match &mail.packed {
        Some(packed) => insert(db, mail.arrival.raw.len(), packed),
        None => put(db, &mail.arrival.raw),
    }
}

/// Stores the texts and final bytes of letters and returns the row.
pub(super) fn put_sealed(db: &Db, words: &Sealed) -> Result<i64> {
    match &words.bytes {
        SealedBytes::Packed(packed) => insert(db, words.size, packed),
        SealedBytes::Large(plain) => put(db, plain),
    }
}

/// Stores bytes and returns their row.
pub(super) fn put(db: &Db, plain: &[u8]) -> Result<i64> {
    let (first, others) = plain.split_at(PIECE.min(plain.len()));
    let blob = pack::pack(first, |packed| insert(db, plain.len(), packed))?;
    for (piece, n) in others.chunks(PIECE).zip(1_i64..) {
        pack::pack(piece, |packed| {
            db.sql("INSERT INTO blob_piece (blob, piece, zstd) VALUES (?1, ?2, ?3)")?.execute(params![blob, n, packed])?;
            Ok(())
        })?;
    }
    Ok(blob)
}

/// Stores a first piece; `size` is that of the whole.
fn insert(db: &Db, size: usize, packed: &[u8]) -> Result<i64> {
    db.sql("INSERT INTO blob (size, zstd) VALUES (?1, ?2)")?.execute(params![i64::try_from(size)?, packed])?;
    Ok(db.conn.last_insert_rowid())
}

/// The bytes of a blob.
pub(super) fn get(db: &Db, blob: i64) -> Result<Vec<u8>> {
    let (mut bytes, size) = first(db, blob, true)?;
    if bytes.len() < size {
        let mut pieces = db.sql("SELECT zstd FROM blob_piece WHERE blob = ?1 ORDER BY piece")?;
        let mut rows = pieces.query([blob])?;
        while let Some(row) = rows.next()? {
            bytes.extend_from_slice(&pack::unpack(row.get_ref(0)?.as_blob()?, 0)?);
        }
    }
    Ok(bytes)
}

/// Hands over `length` bytes of a blob from `start` on, piece by piece.
pub(super) fn range(db: &Db, blob: i64, start: usize, length: usize, mut take: impl FnMut(&[u8])) -> Result<()> {
    let (bytes, size) = first(db, blob, false)?;
    let end = start.saturating_add(length);
    ensure!(end <= size, "blob {blob} ends before byte {end}");
    let mut before = 0;
    let mut hand_over = |piece: &[u8]| {
        let inside = |at: usize| at.saturating_sub(before).min(piece.len());
        take(piece.get(inside(start)..inside(end)).unwrap_or_default());
        before += piece.len();
        before < end
    };
    if hand_over(&bytes) {
        let mut pieces = db.sql("SELECT zstd FROM blob_piece WHERE blob = ?1 ORDER BY piece")?;
        let mut rows = pieces.query([blob])?;
        while let Some(row) = rows.next()?
            && hand_over(&pack::unpack(row.get_ref(0)?.as_blob()?, 0)?)
        {}
    }
    Ok(())
}

/// The bytes of a blob from `start` on, before `stop`.
pub(super) fn between(db: &Db, blob: i64, start: i64, stop: i64) -> Result<Vec<u8>> {
    let (start, length) = (usize::try_from(start)?, usize::try_from(stop - start)?);
    let mut bytes = Vec::with_capacity(length);
    range(db, blob, start, length, |piece| bytes.extend_from_slice(piece))?;
    Ok(bytes)
}

/// The first piece, and the size of the whole. With `whole` there is room for the others behind.
fn first(db: &Db, blob: i64, whole: bool) -> Result<(Vec<u8>, usize)> {
    let mut select = db.sql("SELECT size, zstd FROM blob WHERE id = ?1")?;
    let mut rows = select.query([blob])?;
    let row = rows.next()?.with_context(|| format!("blob {blob} is missing"))?;
    let size = usize::try_from(row.get::<_, i64>(0)?)?;
    Ok((pack::unpack(row.get_ref(1)?.as_blob()?, if whole { size } else { 0 })?, size))
}
