//! The tree of parts (RFC 2045, RFC 2046): slices of the raw mail, nothing decoded until it is asked for.
//!
//! mail-parser decodes every attachment while it walks, and neither its nesting of messages nor its search for missing boundaries has a
//! limit: a few megabytes of `Content-Type: message/rfc822` overflow the stack. So the walk is ours, with limits; a part costs one
//! search for its boundary, and its bytes are decoded by [`Part::decode`] alone.

use memchr::memmem::Finder;

use super::Defects;
use super::header::{Header, Params};
use crate::domain::message::Defect;

/// Parts that are read; the rest of the mail is left alone.
const PARTS: usize = 1000;
/// Multiparts inside one another that are read.
const DEPTH: usize = 30;

/// Content-Transfer-Encoding.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Transfer {
    /// 7bit, 8bit, binary.
    Plain,
    /// base64.
    Base64,
    /// quoted-printable.
    QuotedPrintable,
}

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
            Transfer::Plain => std::borrow::Cow::Borrowed(self.body.get(..limit).unwrap_or(self.body)),
            Transfer::Base64 => std::borrow::Cow::Owned(base64(self.body, limit)),
            Transfer::QuotedPrintable => std::borrow::Cow::Owned(quoted_printable(self.body, limit)),
        }
    }

    /// The size after decoding, without decoding.
    pub fn decoded_size(&self) -> u64 {
        let size = match self.transfer {
            Transfer::Plain => self.body.len(),
            Transfer::Base64 => {
                let letters = self.body.iter().filter(|b| **b > b' ').count();
                let padding = self.body.iter().rev().filter(|b| **b > b' ').take_while(|b| **b == b'=').count();
                letters.saturating_sub(padding) * 3 / 4
            }
            Transfer::QuotedPrintable => quoted_printable(self.body, usize::MAX).len(),
        };
        size as u64
    }
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

/// The value of a hexadecimal digit; 0 for anything else.
pub fn hex(digit: u8) -> u8 {
    match digit {
        b'0'..=b'9' => digit - b'0',
        b'a'..=b'f' => digit - b'a' + 10,
        b'A'..=b'F' => digit - b'A' + 10,
        _ => 0,
    }
}

/// Decodes base64 (RFC 2045 section 6.8), skipping what is no letter of it; stops when `limit` bytes are there.
pub fn base64(text: &[u8], limit: usize) -> Vec<u8> {
    let mut out = Vec::with_capacity((text.len() / 4 * 3 + 3).min(limit.saturating_add(3)));
    let (mut bits, mut count) = (0_u32, 0_u32);
    for &byte in text {
        let value = match byte {
            b'A'..=b'Z' => byte - b'A',
            b'a'..=b'z' => byte - b'a' + 26,
            b'0'..=b'9' => byte - b'0' + 52,
            b'+' => 62,
            b'/' => 63,
            b'=' => {
                // Padding ends a run; some writers join several.
                (bits, count) = (0, 0);
                continue;
            }
            _ => continue,
        };
        bits = bits << 6 | u32::from(value);
        count += 6;
        if count >= 8 {
            count -= 8;
            out.push((bits >> count & 0xff) as u8);
            if out.len() >= limit {
                break;
            }
        }
    }
    out
}

/// Decodes quoted-printable (RFC 2045 section 6.7); a stray `=` stays. Stops when `limit` bytes are there.
pub fn quoted_printable(text: &[u8], limit: usize) -> Vec<u8> {
    let mut out = Vec::with_capacity(text.len().min(limit));
    let mut rest = text;
    while let Some(at) = memchr::memchr(b'=', rest) {
        let (literal, tail) = rest.split_at_checked(at).unwrap_or((rest, &[]));
        out.extend_from_slice(literal);
        rest = match tail {
            [b'=', a, b, after @ ..] if a.is_ascii_hexdigit() && b.is_ascii_hexdigit() => {
                out.push(hex(*a) << 4 | hex(*b));
                after
            }
            [b'=', after @ ..] => match soft_break(after) {
                Some(next) => next,
                None => {
                    out.push(b'=');
                    after
                }
            },
            _ => &[],
        };
        if out.len() >= limit {
            return out;
        }
    }
    out.extend_from_slice(rest);
    out
}

/// What follows a soft line break; white space before its end is transport padding.
fn soft_break(after: &[u8]) -> Option<&[u8]> {
    let blank = after.iter().take_while(|b| matches!(b, b' ' | b'\t' | b'\r')).count();
    match after.get(blank..)? {
        [b'\n', next @ ..] => Some(next),
        [] => Some(&[]),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn decoders_take_what_comes() {
        for (text, bytes) in [
            ("SGVsbG8=", "Hello"),
            ("SGVs\r\nbG8", "Hello"),
            ("SGVsbG8=SGVsbG8=", "HelloHello"),
            ("SG!Vsb*G8=", "Hello"),
            ("=", ""),
            ("", ""),
        ] {
            assert_eq!(base64(text.as_bytes(), usize::MAX), bytes.as_bytes(), "{text}");
        }
        for (text, bytes) in [
            ("a=3Db", "a=b"),
            ("a=\r\nb", "ab"),
            ("a=  \nb", "ab"),
            ("100=% =", "100=% "),
            ("=E4=BD=A0", "你"),
            ("=e4=bd=a0", "你"),
            ("a=3", "a=3"),
        ] {
            assert_eq!(String::from_utf8_lossy(&quoted_printable(text.as_bytes(), usize::MAX)), bytes, "{text}");
        }
    }

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
