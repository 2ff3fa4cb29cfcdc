//! The tree of parts (RFC 2045, RFC 2046): slices of the raw mail, nothing decoded until it is asked for.
//!
//! mail-parser decodes every attachment while it walks, and neither its nesting of messages nor its search for missing boundaries has a
//! limit: a few megabytes of `Content-Type: message/rfc822` overflow the stack. So the walk is ours, with limits; a part costs one
//! search for its boundary, and its bytes are decoded by [`Part::decode`] alone.

use memchr::memmem::Finder;

use super::Defects;
use super::header::{Header, Params};
use super::sealed::Sealed;
use crate::domain::attachment::{Fingerprint, Print, Span, Transfer};
use crate::domain::message::Defect;
use crate::transfer::decode::{self, Decoder};

/// Parts that are read; the rest of the mail is left alone.
const PARTS: usize = 1000;
/// Multiparts inside one another that are read.
const DEPTH: usize = 30;
/// Encoded bytes that are decoded at a time; a multiple of four, so that base64 without line ends stays whole.
const BLOCK: usize = 64 * 1024;

/// One part. The first of a mail is the mail itself.
#[derive(Debug)]
pub struct Part<'a> {
    /// Its own header.
    pub header: Header<'a>,
    /// Content-Type; `text/plain` where there is none.
    pub kind: Params,
    /// Content-Disposition.
    pub disposition: Params,
    /// Content-Transfer-Encoding.
    pub transfer: Transfer,
    /// Its bytes as they stand in the mail.
    pub body: &'a [u8],
    /// Indices of the parts inside.
    pub children: Vec<usize>,
}

impl<'a> Part<'a> {
    fn new(header: Header<'a>, default: &str, defects: &mut Defects) -> Part<'a> {
        let mut params = |name| header.get(name).map(|v| Params::read(v, defects)).unwrap_or_default();
        let mut kind = params("Content-Type");
        let disposition = params("Content-Disposition");
        if kind.value == "text" {
            // RFC 822 writers said `text` alone.
            kind.value = "text/plain".to_owned();
        } else if !kind.value.contains('/') {
            kind.value = default.to_owned();
        }
        let transfer = match header.get("Content-Transfer-Encoding").map(<[u8]>::trim_ascii) {
            Some(v) if v.eq_ignore_ascii_case(b"base64") => Transfer::Base64,
            Some(v) if v.eq_ignore_ascii_case(b"quoted-printable") => Transfer::QuotedPrintable,
            _ => Transfer::Plain,
        };
        let body = header.body;
        Part { header, kind, disposition, transfer, body, children: Vec::new() }
    }

    /// `multipart/…`.
    pub fn is_multipart(&self) -> bool {
        self.kind.value.starts_with("multipart/")
    }

    /// A file name, from either field.
    pub fn file_name(&self) -> Option<&str> {
        self.disposition.get("filename").or_else(|| self.kind.get("name"))
    }

    /// The decoded bytes, at most about `limit` of them.
    pub fn decode(&self, limit: usize) -> std::borrow::Cow<'a, [u8]> {
        match self.transfer {
            // No field calls for uuencode, see `inside`.
            Transfer::Plain | Transfer::Uuencode => std::borrow::Cow::Borrowed(self.body.get(..limit).unwrap_or(self.body)),
            Transfer::Base64 => std::borrow::Cow::Owned(decode::base64(self.body, limit)),
            Transfer::QuotedPrintable => std::borrow::Cow::Owned(decode::quoted_printable(self.body, limit)),
        }
    }

    /// What is in it, decoded block by block, so that no second copy of a large file is ever held.
    pub fn fingerprint(&self) -> Print {
        fingerprint(self.body, self.transfer)
    }

    /// Where its bytes stand in the mail that it was read from.
    pub fn span(&self, raw: &[u8]) -> Span {
        let start = self.body.as_ptr().addr().saturating_sub(raw.as_ptr().addr());
        Span { start: start as u64, length: self.body.len() as u64, transfer: self.transfer }
    }
}

/// What encoded bytes hold, decoded block by block; signs are looked for in what is encoded once more inside them, too.
pub fn fingerprint(encoded: &[u8], transfer: Transfer) -> Print {
    let (mut print, mut sealed) = (Fingerprint::default(), Sealed::default());
    let mut decoder = Decoder::new(transfer);
    let mut block = Vec::new();
    for piece in encoded.chunks(BLOCK) {
        block.clear();
        decoder.feed(piece, &mut block);
        print.add(&block);
        sealed.add(&block);
    }
    block.clear();
    decoder.end(&mut block);
    print.add(&block);
    sealed.add(&block);
    let print = print.end();
    Print { sign: sealed.end() || print.sign, ..print }
}

/// Reads a mail into its parts, in document order.
pub fn walk<'a>(raw: &'a [u8], defects: &mut Defects) -> Vec<Part<'a>> {
    let mut parts = vec![Part::new(Header::split(raw), "text/plain", defects)];
    descend(&mut parts, 0, 0, defects);
    parts
}

fn descend<'a>(parts: &mut Vec<Part<'a>>, at: usize, depth: usize, defects: &mut Defects) {
    let Some(parent) = parts.get_mut(at).filter(|p| p.is_multipart()) else { return };
    if depth >= DEPTH {
        defects.add(Some(Defect::TooManyParts));
        return;
    }
    let default = if parent.kind.value == "multipart/digest" { "message/rfc822" } else { "text/plain" };
    let body = parent.body;
    let slices = match boundary(parent) {
        Some(boundary) => split(body, boundary.as_bytes(), defects),
        None => Vec::new(),
    };
    if slices.is_empty() {
        // No part to be found: what stands there is text.
        parent.kind.value = "text/plain".to_owned();
        defects.add(Some(Defect::Truncated));
        return;
    }
    for slice in slices {
        if parts.len() >= PARTS {
            defects.add(Some(Defect::TooManyParts));
            return;
        }
        let child = parts.len();
        parts.push(Part::new(Header::split(slice), default, defects));
        if let Some(parent) = parts.get_mut(at) {
            parent.children.push(child);
        }
        descend(parts, child, depth + 1, defects);
    }
}

/// The declared boundary, or the first line that looks like one where it was lost.
fn boundary(part: &Part<'_>) -> Option<String> {
    if let Some(declared) = part.kind.get("boundary") {
        return Some(declared.trim_end().to_owned());
    }
    let line = part.body.trim_ascii_start().split(|b| *b == b'\n').next()?;
    let line = std::str::from_utf8(line).ok()?.trim_end();
    line.strip_prefix("--").filter(|b| !b.is_empty() && b.len() <= 70).map(str::to_owned)
}

/// The slices between the lines `--boundary`.
fn split<'a>(body: &'a [u8], boundary: &[u8], defects: &mut Defects) -> Vec<&'a [u8]> {
    let mark = [b"--", boundary].concat();
    let mut slices = Vec::new();
    let mut open: Option<usize> = None;
    let mut closed = false;
    for at in Finder::new(&mark).find_iter(body) {
        let starts_line = at == 0 || body.get(at - 1) == Some(&b'\n');
        let after = body.get(at + mark.len()..).unwrap_or_default();
        let line_end = memchr::memchr(b'\n', after).map_or(after.len(), |i| i + 1);
        let tail = after.get(..line_end).unwrap_or_default().trim_ascii();
        if !starts_line || !(tail.is_empty() || tail.starts_with(b"--")) {
            continue;
        }
        if let Some(start) = open.take() {
            // The line end before the mark belongs to the mark (RFC 2046 section 5.1.1).
            let slice = body.get(start..at).unwrap_or_default();
            let slice = slice.strip_suffix(b"\n").unwrap_or(slice);
            slices.push(slice.strip_suffix(b"\r").unwrap_or(slice));
        }
        if tail.starts_with(b"--") {
            closed = true;
            break;
        }
        open = Some(at + mark.len() + line_end);
        if slices.len() >= PARTS {
            break;
        }
    }
    if let Some(start) = open.filter(|s| *s < body.len()) {
        slices.push(body.get(start..).unwrap_or_default());
    }
    if !closed {
        defects.add(Some(Defect::Truncated));
    }
    slices
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_walk_is_bounded() {
        let nested = |levels: usize| {
            let mut raw = String::new();
            for i in 0..levels {
                raw.push_str(&format!("Content-Type: multipart/mixed; boundary=b{i}\n\n--b{i}\n"));
            }
            raw
        };
        let mut defects = Defects::default();
        assert!(walk(nested(5000).as_bytes(), &mut defects).len() <= DEPTH + 1);
        assert!(defects.0.contains(&Defect::TooManyParts));
        let wide = format!("Content-Type: multipart/mixed; boundary=b\n\n{}", "--b\n\nx\n".repeat(5000));
        assert_eq!(walk(wide.as_bytes(), &mut defects).len(), PARTS);
        let messages = "Content-Type: message/rfc822\n\n".repeat(100_000);
        assert_eq!(walk(messages.as_bytes(), &mut defects).len(), 1);
    }

    #[test]
    fn boundaries_are_whole_lines() {
        let raw = b"Content-Type: multipart/mixed; boundary=\"a\"\r\n\r\npreamble --a\r\n--a\r\n\r\none\r\n--ab\r\n--a  \r\n\r\ntwo\r\n--a--\r\nepilogue";
        let parts = walk(raw, &mut Defects::default());
        let bodies: Vec<_> = parts.iter().skip(1).map(|p| String::from_utf8_lossy(p.body)).collect();
        assert_eq!(bodies, ["one\r\n--ab", "two"]);
    }
}
