//! Rows of bytes, packed. Large bytes lie in pieces: the first in `blob`, the others in `blob_piece`.

use std::borrow::Cow;

use anyhow::{Context, ensure};
use rusqlite::{OptionalExtension, params};

use super::Db;
use crate::domain::message::BlobHash;
use crate::store::pack::{self, PIECE};
use crate::store::{Prepared, Result, Sealed, SealedBytes};

/// Stores the bytes of a received mail and returns the row.
pub(super) fn put_mail(db: &Db, mail: &Prepared) -> Result<i64> {
    match &mail.packed {
        Some(packed) => insert(db, Some(&mail.identity.bytes), mail.arrival.raw.len(), packed),
        None => put(db, Some(&mail.identity.bytes), &[], &mail.arrival.raw),
    }
}

/// Stores a letter's text and final bytes and returns the row.
pub(super) fn put_sealed(db: &Db, words: &Sealed) -> Result<i64> {
    match &words.bytes {
        SealedBytes::Packed(packed) => insert(db, None, words.size, packed),
        SealedBytes::Large(text, bytes) => put(db, None, text.as_bytes(), bytes),
    }
}

/// Stores `head` and `tail` as one blob and returns its row. The whole head lies in the first piece.
pub(super) fn put(db: &Db, hash: Option<&BlobHash>, head: &[u8], tail: &[u8]) -> Result<i64> {
    let (near, far) = tail.split_at(PIECE.saturating_sub(head.len()).min(tail.len()));
    let first = if head.is_empty() { Cow::Borrowed(near) } else { Cow::Owned([head, near].concat()) };
    let blob = pack::pack(&first, |packed| insert(db, hash, head.len() + tail.len(), packed))?;
    for (piece, n) in far.chunks(PIECE).zip(1_i64..) {
        pack::pack(piece, |packed| {
            db.sql("INSERT INTO blob_piece (blob, piece, zstd) VALUES (?1, ?2, ?3)")?.execute(params![blob, n, packed])?;
            Ok(())
        })?;
    }
    Ok(blob)
}

/// Stores a first piece; `size` is that of the whole.
fn insert(db: &Db, hash: Option<&BlobHash>, size: usize, packed: &[u8]) -> Result<i64> {
    let hash = hash.map(|h| h.0.as_slice());
    db.sql("INSERT INTO blob (hash, size, zstd) VALUES (?1, ?2, ?3)")?.execute(params![hash, i64::try_from(size)?, packed])?;
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

/// The bytes of a blob without the first `n`, which are its head.
pub(super) fn tail(db: &Db, blob: i64, n: i64) -> Result<Vec<u8>> {
    let mut bytes = get(db, blob)?;
    bytes.drain(..usize::try_from(n)?.min(bytes.len()));
    Ok(bytes)
}

/// The first `n` bytes of a blob, which are its head, as text.
pub(super) fn head(db: &Db, blob: i64, n: i64) -> Result<String> {
    let (mut bytes, _) = first(db, blob, false)?;
    bytes.truncate(usize::try_from(n)?);
    String::from_utf8(bytes).context("a damaged text")
}

/// The first piece, and the size of the whole. With `whole` there is room for the others behind.
fn first(db: &Db, blob: i64, whole: bool) -> Result<(Vec<u8>, usize)> {
    let mut select = db.sql("SELECT size, zstd FROM blob WHERE id = ?1")?;
    let mut rows = select.query([blob])?;
    let row = rows.next()?.with_context(|| format!("blob {blob} is missing"))?;
    let size = usize::try_from(row.get::<_, i64>(0)?)?;
    Ok((pack::unpack(row.get_ref(1)?.as_blob()?, if whole { size } else { 0 })?, size))
}

/// The bytes of this hash, where there are some.
pub(super) fn by_hash(db: &Db, hash: &BlobHash) -> Result<Option<Vec<u8>>> {
    find(db, hash)?.map(|blob| get(db, blob)).transpose()
}

/// The row of this hash, where there is one.
pub(super) fn find(db: &Db, hash: &BlobHash) -> Result<Option<i64>> {
    Ok(db
        .sql("SELECT id FROM blob WHERE hash IS NOT NULL AND substr(hash, 1, 8) = substr(?1, 1, 8) AND hash = ?1")?
        .query_row([hash.0.as_slice()], |row| row.get(0))
        .optional()?)
}
