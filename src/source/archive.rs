//! Old mail in files: an mbox, a Maildir, a directory of `.eml` files, one `.eml` file.
//!
//! An mbox (RFC 4155) is read as mboxrd: a message begins at a `From ` line behind an empty one, and a line of `>`s and `From ` loses one
//! `>`. A `From ` line counts only with a time and a year in it, since some writers quote nothing. The message is what it was when it
//! arrived, so that it is known again when the same mail lies in a mailbox. mail-parser's reader was left out: it holds each message
//! whole, however large.

use std::fs::{self, File};
use std::io::{BufRead, BufReader, Read};
use std::path::{Path, PathBuf};

use anyhow::Context as _;
use chrono::{DateTime, Utc};

use super::maildir;

/// A line longer than this is read in pieces.
const LINE: u64 = 64 * 1024;

/// A mail of an archive.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OldMail {
    /// Its bytes; the header alone where `whole_size` is set.
    pub raw: Vec<u8>,
    /// Its size where it is over the limit.
    pub whole_size: Option<u64>,
    /// The time of the file that holds it.
    pub file_time: DateTime<Utc>,
    /// Bytes of the archive that are done with it.
    pub done: u64,
}

/// Files that hold old mail.
#[derive(Debug)]
pub struct Archive {
    files: Vec<Mails>,
    /// All their bytes.
    pub bytes: u64,
}

const WHAT_TO_NAME: &str = "name an mbox file, a Maildir, a mail, or a directory of mails *.eml";

/// One file.
#[derive(Debug)]
struct Mails {
    path: PathBuf,
    size: u64,
    time: DateTime<Utc>,
    mbox: bool,
}

impl Archive {
    /// Finds the files of these paths; no mail is read yet.
    ///
    /// # Errors
    /// A path cannot be read, or holds no mail.
    pub fn open(paths: &[PathBuf]) -> anyhow::Result<Archive> {
        let mut files = Vec::new();
        for path in paths {
            let before = files.len();
            find(path, &mut files).with_context(|| format!("reading {}", path.display()))?;
            if files.len() == before {
                let why = if ["new", "cur"].iter().any(|part| path.join(part).is_dir()) {
                    "nothing lies in its `new` and `cur`"
                } else {
                    "it has neither `new` and `cur`, as a Maildir has, nor files *.eml"
                };
                anyhow::bail!("{} holds no mail: {why}; {WHAT_TO_NAME}", path.display());
            }
        }
        Ok(Archive { bytes: files.iter().map(|file| file.size).sum(), files })
    }

    /// Hands over every mail, in the order of the files; of one over `limit` bytes the header.
    ///
    /// # Errors
    /// A file cannot be read, or `each` fails.
    pub fn read(&self, limit: u64, each: &mut impl FnMut(OldMail) -> anyhow::Result<()>) -> anyhow::Result<()> {
        let mut before = 0;
        for file in &self.files {
            let mut hand_over = |raw: Vec<u8>, size: u64, done: u64| {
                each(OldMail { raw, whole_size: (size > limit).then_some(size), file_time: file.time, done: before + done })
            };
            let read = if file.mbox {
                File::open(&file.path).map_err(Into::into).and_then(|opened| mbox(BufReader::new(opened), limit, &mut hand_over))
            } else {
                maildir::read(&file.path, file.size, limit).map_err(Into::into).and_then(|raw| hand_over(raw, file.size, file.size))
            };
            read.with_context(|| format!("reading {}", file.path.display()))?;
            before += file.size;
        }
        Ok(())
    }
}

fn find(path: &Path, files: &mut Vec<Mails>) -> anyhow::Result<()> {
    if !fs::metadata(path)?.is_dir() {
        let mut start = Vec::new();
        File::open(path)?.take(LINE).read_to_end(&mut start)?;
        let mbox = start.starts_with(b"From ");
        anyhow::ensure!(
            mbox || is_eml(path) || begins_with_a_field(&start),
            "it holds no mail: it begins neither with \"From \", as an mbox does, nor with a header field, as a mail does; {WHAT_TO_NAME}"
        );
        files.push(mails(path, mbox)?);
        return Ok(());
    }
    let parts = [path.join("new"), path.join("cur")];
    if parts.iter().any(|part| part.is_dir()) {
        for file in parts.iter().filter(|part| part.is_dir()).map(|part| listed(part)).collect::<Result<Vec<_>, _>>()?.concat() {
            if file.is_file() && !file.file_name().is_some_and(|name| name.to_string_lossy().starts_with('.')) {
                files.push(mails(&file, false)?);
            }
        }
        return Ok(());
    }
    below(path, files)
}

/// RFC 5322 section 2.2: printable ASCII, then a colon; further down a config may look like that too, so that only the first line counts.
fn begins_with_a_field(start: &[u8]) -> bool {
    let name = start.iter().take_while(|byte| byte.is_ascii_graphic() && **byte != b':').count();
    name > 0 && start.get(name) == Some(&b':')
}

/// The `.eml` files below a directory.
fn below(directory: &Path, files: &mut Vec<Mails>) -> anyhow::Result<()> {
    for file in listed(directory)? {
        // A link to a directory may lead in a circle.
        if fs::symlink_metadata(&file)?.is_dir() {
            below(&file, files)?;
        } else if is_eml(&file) {
            files.push(mails(&file, false)?);
        }
    }
    Ok(())
}

fn is_eml(path: &Path) -> bool {
    path.extension().is_some_and(|extension| extension.eq_ignore_ascii_case("eml"))
}

fn mails(path: &Path, mbox: bool) -> anyhow::Result<Mails> {
    let metadata = fs::metadata(path)?;
    Ok(Mails { path: path.to_owned(), size: metadata.len(), time: metadata.modified()?.into(), mbox })
}

fn listed(directory: &Path) -> std::io::Result<Vec<PathBuf>> {
    let mut files = fs::read_dir(directory)?.map(|entry| entry.map(|entry| entry.path())).collect::<Result<Vec<_>, _>>()?;
    files.sort();
    Ok(files)
}

/// A message of an mbox as it is read.
#[derive(Default)]
struct Message {
    raw: Vec<u8>,
    size: u64,
}

impl Message {
    fn add(&mut self, piece: &[u8], limit: u64) {
        self.size += piece.len() as u64;
        if self.size <= limit {
            self.raw.extend_from_slice(piece);
        } else if self.size - piece.len() as u64 <= limit {
            // Over the limit from here on.
            self.raw.truncate(maildir::header_length(&self.raw));
        }
    }

    /// The empty line before the next `From ` line belongs to the mbox.
    fn end(mut self, limit: u64) -> (Vec<u8>, u64) {
        let blank = if self.raw.ends_with(b"\n\r\n") { 2 } else { usize::from(self.raw.ends_with(b"\n\n")) };
        if self.size <= limit {
            self.raw.truncate(self.raw.len() - blank);
            self.size = self.raw.len() as u64;
        }
        (self.raw, self.size)
    }
}

fn mbox(mut file: impl BufRead, limit: u64, each: &mut impl FnMut(Vec<u8>, u64, u64) -> anyhow::Result<()>) -> anyhow::Result<()> {
    let (mut message, mut done): (Option<Message>, u64) = (None, 0);
    let (mut line_begins, mut behind_blank) = (true, true);
    let mut line = Vec::new();
    loop {
        line.clear();
        if file.by_ref().take(LINE).read_until(b'\n', &mut line)? == 0 {
            break;
        }
        if line_begins && behind_blank && is_separator(&line) {
            if let Some(message) = message.replace(Message::default()) {
                let (raw, size) = message.end(limit);
                each(raw, size, done)?;
            }
        } else if let Some(message) = &mut message {
            let quoted = line_begins && is_quoted(&line);
            message.add(line.get(usize::from(quoted)..).unwrap_or_default(), limit);
        }
        done += line.len() as u64;
        behind_blank = line_begins && matches!(line.as_slice(), b"\n" | b"\r\n");
        line_begins = line.ends_with(b"\n");
    }
    if let Some(message) = message {
        let (raw, size) = message.end(limit);
        each(raw, size, done)?;
    }
    Ok(())
}

/// `From alice@example.com Tue Dec  1 09:00:00 2026`.
fn is_separator(line: &[u8]) -> bool {
    let Some(rest) = line.strip_prefix(b"From ") else { return false };
    let text = String::from_utf8_lossy(rest);
    let digits = |word: &str| !word.is_empty() && word.bytes().all(|b| b.is_ascii_digit());
    let time = |word: &str| word.split(':').count() >= 2 && word.split(':').all(|part| part.len() <= 2 && digits(part));
    let year = |word: &str| word.len() == 4 && digits(word);
    text.split_whitespace().any(time) && text.split_whitespace().any(year)
}

/// `>From `, `>>From `.
fn is_quoted(line: &[u8]) -> bool {
    let depth = line.iter().take_while(|b| **b == b'>').count();
    depth > 0 && line.get(depth..).is_some_and(|rest| rest.starts_with(b"From "))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn split(mbox: &str, limit: u64) -> Vec<(String, u64)> {
        let mut found = Vec::new();
        super::mbox(mbox.as_bytes(), limit, &mut |raw, size, _| {
            found.push((String::from_utf8(raw).unwrap(), size));
            Ok(())
        })
        .unwrap();
        found
    }

    #[test]
    fn an_mbox_is_taken_apart() {
        let two = "From a@b Tue Dec  1 09:00:00 2026\nSubject: 1\n\nFrom here it is quoted:\n>From x\n>>From y\n> From z\n\nFrom now on.\n\n\
                   From - Tue Dec  1 09:00:00 2026 +0000\nSubject: 2\n\nlast\n";
        let found: Vec<String> = split(two, 1000).into_iter().map(|(raw, _)| raw).collect();
        assert_eq!(found, ["Subject: 1\n\nFrom here it is quoted:\nFrom x\n>From y\n> From z\n\nFrom now on.\n", "Subject: 2\n\nlast\n"]);
    }

    #[test]
    fn line_ends_and_missing_ones() {
        let from = "From a@b Tue Dec  1 09:00:00 2026";
        for (mbox, expected) in [
            (format!("{from}\r\nA: 1\r\n\r\nx\r\n\r\n{from}\r\nB: 2\r\n\r\ny\r\n\r\n"), vec!["A: 1\r\n\r\nx\r\n", "B: 2\r\n\r\ny\r\n"]),
            (format!("{from}\nA: 1\n\n"), vec!["A: 1\n"]),
            (format!("{from}\nA: 1\n\nx"), vec!["A: 1\n\nx"]),
            (format!("{from}\n"), vec![""]),
            (format!("no mbox\n\n{from}\nA: 1\n"), vec!["A: 1\n"]),
            (String::new(), vec![]),
        ] {
            let found: Vec<String> = split(&mbox, 1000).into_iter().map(|(raw, _)| raw).collect();
            assert_eq!(found, expected, "{mbox:?}");
        }
        // A line in several pieces is one line.
        let long = "x".repeat(usize::try_from(LINE).unwrap()) + "From y 09:00 2026\n";
        assert_eq!(split(&format!("{from}\nA: 1\n\n{long}"), 1_000_000).len(), 1);
    }

    #[test]
    fn of_a_large_mail_the_header_is_kept() {
        let from = "From a@b Tue Dec  1 09:00:00 2026\n";
        let mbox = format!("{from}A: 1\n\n{}\n\n{from}B: 2\n\nsmall\n", "0123456789\n".repeat(10));
        assert_eq!(split(&mbox, 50), [("A: 1\n\n".to_owned(), 118), ("B: 2\n\nsmall\n".to_owned(), 12)]);
    }

    #[test]
    fn separators() {
        for (line, expected) in [
            ("From alice@example.com Tue Dec  1 09:00:00 2026\n", true),
            ("From 1234@xxx Mon Jan 01 00:00:00 +0000 2020\r\n", true),
            ("From - Fri Jan  2 9:00 1998", true),
            ("From the year 2020 on\n", false),
            ("From 09:00 on\n", false),
            ("from a Tue Dec  1 09:00:00 2026\n", false),
            ("From: a@b 09:00 2026\n", false),
        ] {
            assert_eq!(is_separator(line.as_bytes()), expected, "{line}");
        }
    }
}
