//! Who a mail is, before anybody has read it: Message-ID, From and the SHA-256 of the bytes after the header.
//!
//! Copies of one mail (two mailboxes, a changed UIDVALIDITY, a pipe beside IMAP) differ in trace fields, in line ends and in
//! empty lines at the end, so none of these counts. The header is scanned by hand and tolerantly: identity must not change when the parser learns something.

use std::io::BufRead;

use data_encoding::BASE32_NOPAD;
use memchr::memchr;
use sha2::{Digest, Sha256};

use crate::domain::CauseKey;
use crate::domain::message::MessageId;

/// Line ends are folded in steps of this many bytes, so that a large mail is not copied whole.
const STEP: usize = 64 * 1024;

/// The key of the cause that a mail is: `mail:<Message-ID, hashed>.<From and body, hashed>`; without a Message-ID
/// `mail:<all, hashed>`. Equal bytes have one key. Total.
pub fn key(raw: &[u8]) -> CauseKey {
    let (header, body) = split(raw);
    let Some(id) = field(header, "message-id").and_then(|value| message_id(&value)) else {
        return CauseKey(format!("mail:{}", short::<15>(&folded(raw, Sha256::new()))));
    };
    // Another program may fold a long From at another place.
    let from = field(header, "from").unwrap_or_default().split_whitespace().collect::<Vec<_>>().join(" ");
    let start = Sha256::new_with_prefix((from.len() as u64).to_be_bytes()).chain_update(&from);
    CauseKey(format!("{}.{}", stem_of(&id), short::<15>(&folded(body, start))))
}

/// What a key has in common with its like: the keys of all mails with one Message-ID have one stem, every other its own.
pub fn stem(key: &CauseKey) -> &str {
    key.0.split_once('.').map_or(&key.0, |(stem, _)| stem)
}

/// The stem of the keys of all mails with this Message-ID.
pub fn stem_of(id: &MessageId) -> String {
    format!("mail:{}", short::<10>(&Sha256::digest(id.as_str()).into()))
}

/// The header with its last line end, and what follows the empty line (RFC 5322 section 2.1).
fn split(raw: &[u8]) -> (&[u8], &[u8]) {
    let mut at = 0;
    for line in raw.split_inclusive(|b| *b == b'\n') {
        let (header, rest) = raw.split_at_checked(at).unwrap_or((raw, &[]));
        if matches!(line, b"\n" | b"\r\n") {
            return (header, rest.get(line.len()..).unwrap_or_default());
        }
        at += line.len();
    }
    (raw, &[])
}

/// The value of the first field of this name, unfolded (RFC 5322 section 2.2.3).
fn field(header: &[u8], name: &str) -> Option<String> {
    let mut lines = header.split(|b| *b == b'\n').map(|line| line.strip_suffix(b"\r").unwrap_or(line)).peekable();
    while let Some(line) = lines.next() {
        let Some((key, value)) = line.split_at_checked(name.len()) else { continue };
        if !key.eq_ignore_ascii_case(name.as_bytes()) {
            continue;
        }
        let Some(value) = value.trim_ascii_start().strip_prefix(b":") else { continue };
        let mut whole = String::from_utf8_lossy(value).into_owned();
        while let Some(more) = lines.next_if(|line| line.starts_with(b" ") || line.starts_with(b"\t")) {
            whole.push_str(&String::from_utf8_lossy(more));
        }
        return Some(whole);
    }
    None
}

/// The id between the brackets, with or without a comment behind; without brackets the whole value.
fn message_id(value: &str) -> Option<MessageId> {
    let inside = value.split_once('<').and_then(|(_, rest)| rest.split_once('>')).map(|(id, _)| id);
    MessageId::parse(inside.unwrap_or(value))
}

/// A SHA-256.
type Digest32 = [u8; 32];

/// The digest with these bytes added, every CRLF as LF, and without empty lines at the end: programs add and take those (so does
/// DKIM not count them, RFC 6376 section 3.4.3).
fn folded(bytes: &[u8], mut hash: Sha256) -> Digest32 {
    let end = bytes.iter().rposition(|byte| !matches!(byte, b'\r' | b'\n')).map_or(0, |at| at + 1);
    let bytes = bytes.get(..end).unwrap_or(bytes);
    if memchr(b'\r', bytes).is_none() {
        hash.update(bytes);
        return hash.finalize().into();
    }
    let mut rest = bytes;
    let mut lines = Vec::with_capacity(STEP.min(bytes.len()));
    // Reading from memory cannot fail.
    while rest.read_until(b'\n', &mut lines).is_ok_and(|n| n > 0) {
        if lines.ends_with(b"\r\n") {
            lines.truncate(lines.len() - 2);
            lines.push(b'\n');
        }
        if lines.len() >= STEP {
            hash.update(&lines);
            lines.clear();
        }
    }
    hash.update(&lines);
    hash.finalize().into()
}

/// The first `N` bytes of a digest in base32, lower case.
fn short<const N: usize>(digest: &Digest32) -> String {
    let first: Vec<u8> = digest.iter().take(N).copied().collect();
    BASE32_NOPAD.encode(&first).to_ascii_lowercase()
}

#[cfg(test)]
mod tests {
    use super::*;

    const MAIL: &[u8] = b"Received: from a\nMessage-ID: <1@a>\nFrom: Ann <ann@a>\nSubject: x\n\nline 1\nline 2\n";

    #[test]
    fn copies_are_the_same() {
        let copies: &[&[u8]] = &[
            b"Received: from a\r\nMessage-ID: <1@a>\r\nFrom: Ann <ann@a>\r\nSubject: x\r\n\r\nline 1\r\nline 2\r\n",
            b"Received: from b\n by c\nMESSAGE-ID : <1@a> (kept)\nFrom: Ann\n  <ann@a>\nX-Spam: no\n\nline 1\nline 2\n",
            b"From:\tAnn <ann@a>\nMessage-Id:\n <1@a>\n\nline 1\r\nline 2\n",
            b"Message-ID: 1@a\nMessage-ID: <2@a>\nFrom: Ann <ann@a>\n\nline 1\nline 2\n",
            b"Message-ID: <1@a>\nFrom: Ann <ann@a>\n\nline 1\nline 2\n\n\n",
            b"Message-ID: <1@a>\r\nFrom: Ann <ann@a>\r\n\r\nline 1\r\nline 2",
        ];
        for copy in copies {
            assert_eq!(key(copy), key(MAIL), "{}", String::from_utf8_lossy(copy));
        }
    }

    #[test]
    fn others_are_not() {
        let original = key(MAIL);
        let same_id: &[&[u8]] = &[
            b"Message-ID: <1@a>\nFrom: Ann <ann@a>\n\nline 1\nline 3\n", b"Message-ID: <1@a>\nFrom: Bob <bob@a>\n\nline 1\nline 2\n",
            b"Message-ID: <1@a>\n\nline 1\nline 2\n", b"Message-ID: <1@a>\nFrom: Ann <ann@a>\nline 1\nline 2\n",
        ];
        for other in same_id {
            let other = key(other);
            assert_ne!(other, original);
            assert_eq!(stem(&other), stem(&original));
        }
        let other = key(b"Message-ID: <2@a>\nFrom: Ann <ann@a>\n\nline 1\nline 2\n");
        assert_ne!(stem(&other), stem(&original));
    }

    #[test]
    fn without_an_id_all_bytes_count() {
        let bare: &[&[u8]] =
            &[b"", b"x", b"From: a\n\nx", b"Subject: b\n\nx", b"Message-ID: \n\nx", b"Message-ID: <a b>\n\nx", b"\xff\xfe\r"];
        let keys: Vec<_> = bare.iter().map(|raw| key(raw)).collect();
        for (i, key) in keys.iter().enumerate() {
            assert_eq!(stem(key), key.0);
            assert!(!keys.iter().skip(i + 1).any(|other| other == key), "{i}");
        }
        assert_eq!(key(b"Subject: b\r\n\r\nx"), key(b"Subject: b\n\nx"));
    }

    #[test]
    fn long_bodies_are_folded_in_steps() {
        let lf = [b"Message-ID: <1@a>\n\n".as_slice(), &b"some line\n".repeat(20_000)].concat();
        let crlf = [b"Message-ID: <1@a>\r\n\r\n".as_slice(), &b"some line\r\n".repeat(20_000)].concat();
        assert_eq!(key(&lf), key(&crlf));
    }
}
