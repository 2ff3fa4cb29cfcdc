//! Who a mail is, before anybody has read it: Message-ID, From and the SHA-256 of the bytes after the header.
//!
//! Copies of one mail (two mailboxes, a changed UIDVALIDITY, a pipe beside IMAP) differ in trace fields, in line ends and in
//! empty lines at the end, so none of these counts. The header is scanned by hand and tolerantly: identity must not change when the parser learns something.
//! What its very bytes are called, line ends and trace fields and all, follows from the same pass: hashing them twice was a tenth of
//! what it costs to receive a mail.

use std::io::BufRead;

use data_encoding::BASE32_NOPAD;
use memchr::{memchr, memchr_iter, memmem};
use sha2::{Digest, Sha256};

use crate::domain::CauseKey;
use crate::domain::message::{BlobHash, MessageId};

/// What tells one mail from another.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Identity {
    /// `mail:<Message-ID, hashed>.<From and body, hashed>`; without a Message-ID `mail:<all, hashed>`.
    pub key: CauseKey,
    /// The name of its bytes: equal for equal bytes alone.
    pub bytes: BlobHash,
}

/// Line ends are folded in steps of this many bytes, so that a large mail is not copied whole.
const STEP: usize = 64 * 1024;

impl Identity {
    /// The identity of these bytes. Total: a mail without a Message-ID is known by all its bytes.
    pub fn of(raw: &[u8]) -> Identity {
        let (header, body) = split(raw);
        let id = field(header, "message-id").and_then(|value| message_id(&value));
        let Some(id) = id else {
            let digest = folded(raw, Sha256::new());
            let key = CauseKey(format!("mail:{}", short::<15>(&digest)));
            return Identity { key, bytes: name(&[], raw, &digest) };
        };
        // Another program may fold a long From at another place.
        let from = field(header, "from").unwrap_or_default().split_whitespace().collect::<Vec<_>>().join(" ");
        let start = Sha256::new_with_prefix((from.len() as u64).to_be_bytes()).chain_update(&from);
        let digest = folded(body, start);
        Identity { key: CauseKey(format!("{}.{}", stem_of(&id), short::<15>(&digest))), bytes: name(header, raw, &digest) }
    }
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

/// The name of a message's bytes: the hash of its header and of the digest of what follows. That digest is blind to line ends, so
/// the one way in which they all end is named, and bytes that mix several are hashed themselves.
fn name(header: &[u8], raw: &[u8], digest: &Digest32) -> BlobHash {
    let rest = raw.get(header.len()..).unwrap_or_default();
    let returns = memchr_iter(b'\r', rest).count();
    let ends = match returns {
        0 => "lf",
        _ if returns == memchr_iter(b'\n', rest).count() && returns == memmem::find_iter(rest, b"\r\n").count() => "crlf",
        _ => return BlobHash(Sha256::digest(raw).into()),
    };
    let mut hash = Sha256::new_with_prefix(ends);
    for length in [raw.len(), header.len()] {
        hash.update((length as u64).to_be_bytes());
    }
    BlobHash(hash.chain_update(header).chain_update(digest).finalize().into())
}

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
            assert_eq!(Identity::of(copy).key, Identity::of(MAIL).key, "{}", String::from_utf8_lossy(copy));
        }
    }

    #[test]
    fn others_are_not() {
        let original = Identity::of(MAIL).key;
        let same_id: &[&[u8]] = &[
            b"Message-ID: <1@a>\nFrom: Ann <ann@a>\n\nline 1\nline 3\n", b"Message-ID: <1@a>\nFrom: Bob <bob@a>\n\nline 1\nline 2\n",
            b"Message-ID: <1@a>\n\nline 1\nline 2\n", b"Message-ID: <1@a>\nFrom: Ann <ann@a>\nline 1\nline 2\n",
        ];
        for other in same_id {
            let other = Identity::of(other).key;
            assert_ne!(other, original);
            assert_eq!(stem(&other), stem(&original));
        }
        let other = Identity::of(b"Message-ID: <2@a>\nFrom: Ann <ann@a>\n\nline 1\nline 2\n").key;
        assert_ne!(stem(&other), stem(&original));
    }

    #[test]
    fn without_an_id_all_bytes_count() {
        let bare: &[&[u8]] =
            &[b"", b"\n", b"x", b"From: a\n\nx", b"Subject: b\n\nx", b"Message-ID: \n\nx", b"Message-ID: <a b>\n\nx", b"\xff\xfe\r"];
        let keys: Vec<_> = bare.iter().map(|raw| Identity::of(raw)).collect();
        for (i, identity) in keys.iter().enumerate() {
            assert_eq!(stem(&identity.key), identity.key.0);
            assert!(!keys.iter().skip(i + 1).any(|other| other == identity), "{i}");
        }
        assert_eq!(Identity::of(b"Subject: b\r\n\r\nx").key, Identity::of(b"Subject: b\n\nx").key);
    }

    #[test]
    fn long_bodies_are_folded_in_steps() {
        let lf = [b"Message-ID: <1@a>\n\n".as_slice(), &b"some line\n".repeat(20_000)].concat();
        let crlf = [b"Message-ID: <1@a>\r\n\r\n".as_slice(), &b"some line\r\n".repeat(20_000)].concat();
        assert_eq!(Identity::of(&lf).key, Identity::of(&crlf).key);
    }

    #[test]
    fn only_equal_bytes_have_one_name() {
        let heads: &[&str] = &[
            "Message-ID: <1@a>\n", "Message-ID: <1@a>\n\n", "Message-ID: <1@a>\r\n\r\n", "X: 1\nMessage-ID: <1@a>\n\n",
            "Subject: none\n\n", "",
        ];
        let bodies: &[&str] =
            &["a\nb\n", "a\r\nb\r\n", "a\r\nb\n", "a\nb\r\n", "a\rb\n", "a\nb\r", "a\n\rb", "a\r\r\nb\n", "a\nb", "lf", ""];
        let all: Vec<String> = heads.iter().flat_map(|head| bodies.iter().map(move |body| format!("{head}{body}"))).collect();
        let names: std::collections::HashSet<BlobHash> = all.iter().map(|raw| Identity::of(raw.as_bytes()).bytes).collect();
        assert_eq!(names.len(), all.len());
    }
}
