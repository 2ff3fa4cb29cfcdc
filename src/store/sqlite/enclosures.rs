//! The files of letters: put down as places in received mails, set in when a letter goes out.

use anyhow::{Context, ensure};
use rusqlite::{OptionalExtension, params};

use super::{Db, blobs};
use crate::domain::CauseKey;
use crate::domain::attachment::Transfer;
use crate::domain::message::{Enclosure, LetterId, hash64};
use crate::store::Result;
use crate::store::identity::stem;
use crate::transfer::Recoder;
use crate::transfer::encode::base64_size;

fn word(transfer: Transfer) -> &'static str {
    match transfer {
        Transfer::Plain => "plain",
        Transfer::Base64 => "base64",
        Transfer::QuotedPrintable => "quoted_printable",
        Transfer::Uuencode => "uuencode",
    }
}

fn transfer(word: &str) -> Result<Transfer> {
    use Transfer::{Base64, Plain, QuotedPrintable, Uuencode};
    [Plain, Base64, QuotedPrintable, Uuencode]
        .into_iter()
        .find(|t| self::word(*t) == word)
        .with_context(|| format!("{word:?} is no encoding"))
}

/// What the files of a letter add to it; `None` where it has none.
pub(super) fn size(files: &[Enclosure]) -> Result<Option<i64>> {
    if files.is_empty() {
        return Ok(None);
    }
    let sizes = files.iter().map(|file| usize::try_from(file.size).map(base64_size)).sum::<std::result::Result<usize, _>>()?;
    Ok(Some(i64::try_from(sizes)?))
}

/// Puts down where the files of a letter are.
pub(super) fn put(db: &Db, letter: LetterId, files: &[Enclosure]) -> Result<()> {
    for (file, n) in files.iter().zip(0_i64..) {
        let mut insert =
            db.sql("INSERT INTO letter_file (letter, n, at, blob, start, length, transfer) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)")?;
        insert.execute(params![
            letter.0,
            n,
            i64::try_from(file.at)?,
            blob_of(db, &file.mail)?,
            i64::try_from(file.span.start)?,
            i64::try_from(file.span.length)?,
            word(file.span.transfer),
        ])?;
    }
    Ok(())
}

/// The raw bytes of a received mail.
fn blob_of(db: &Db, mail: &CauseKey) -> Result<i64> {
    db.sql("SELECT m.blob FROM cause c JOIN message m ON m.cause = c.id WHERE c.stem = ?1 AND c.key = ?2")?
        .query_row(params![hash64(stem(mail).as_bytes()), mail.0], |row| row.get(0))
        .optional()?
        .with_context(|| format!("{} is no mail that could hold a file", mail.0))
}

/// A letter's own bytes with its files set in. Holds the whole letter once and a piece of a mail.
pub(super) fn set_in(db: &Db, letter: LetterId, own: &[u8], files: i64) -> Result<Vec<u8>> {
    let mut out = Vec::with_capacity(own.len().saturating_add(usize::try_from(files)?));
    let mut select = db.sql("SELECT at, blob, start, length, transfer FROM letter_file WHERE letter = ?1 ORDER BY n")?;
    let mut rows = select.query([letter.0])?;
    let mut done = 0;
    while let Some(row) = rows.next()? {
        let at = usize::try_from(row.get::<_, i64>(0)?)?;
        out.extend_from_slice(own.get(done..at).with_context(|| format!("letter {} is damaged", letter.0))?);
        done = at;
        let (start, length) = (usize::try_from(row.get::<_, i64>(2)?)?, usize::try_from(row.get::<_, i64>(3)?)?);
        let mut recoder = Recoder::new(transfer(row.get_ref(4)?.as_str()?)?);
        blobs::range(db, row.get(1)?, start, length, |piece| recoder.feed(piece, &mut out))?;
        recoder.end(&mut out);
    }
    ensure!(done > 0, "the files of letter {} are missing", letter.0);
    out.extend_from_slice(own.get(done..).unwrap_or_default());
    Ok(out)
}
