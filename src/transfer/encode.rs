//! How texts go out: 7bit where lines are short and ASCII, else quoted-printable or base64, whichever is shorter. Files go as base64.
//!
//! lettre's bodies were used first; each letter cost 60 µs there, for a line end put into a text moves the whole rest of it. The encoding
//! chosen and the bytes are lettre's to the last one, which a test holds them to.

use data_encoding::BASE64;
use memchr::{memchr, memchr_iter};

/// Longest line of an encoded text (RFC 2045 section 6.7 and 6.8), without its end.
const LINE: usize = 76;
/// Bytes in a whole line of base64.
const BASE64_LINE: usize = LINE / 4 * 3;

/// Adds a text part with its header: `subtype` is `plain` or `html`.
pub fn text_part(out: &mut Vec<u8>, subtype: &str, text: &str) {
    let encoding = Encoding::of(text);
    for piece in ["Content-Type: text/", subtype, "; charset=utf-8\r\nContent-Transfer-Encoding: ", encoding.name(), "\r\n\r\n"] {
        out.extend_from_slice(piece.as_bytes());
    }
    match encoding {
        Encoding::SevenBit => crlf(out, text),
        Encoding::QuotedPrintable => quoted_printable(out, text),
        Encoding::Base64 => {
            let mut lines = Vec::with_capacity(text.len() + text.len() / 16);
            crlf(&mut lines, text);
            base64(out, &lines);
        }
    }
    out.extend_from_slice(b"\r\n");
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Encoding {
    SevenBit,
    QuotedPrintable,
    Base64,
}

impl Encoding {
    fn of(text: &str) -> Encoding {
        if text.is_ascii() && !has_long_line(text) {
            return Encoding::SevenBit;
        }
        // In pieces whose count is a byte, for those are counted many at once.
        let marked = |piece: &[u8]| usize::from(piece.iter().fold(0u8, |count, b| count + u8::from(!is_printable(*b))));
        let marked: usize = text.as_bytes().chunks(128).map(marked).sum();
        if marked <= text.len() / 3 { Encoding::QuotedPrintable } else { Encoding::Base64 }
    }

    fn name(self) -> &'static str {
        match self {
            Encoding::SevenBit => "7bit",
            Encoding::QuotedPrintable => "quoted-printable",
            Encoding::Base64 => "base64",
        }
    }
}

fn has_long_line(text: &str) -> bool {
    let mut last = 0;
    let ends = memchr_iter(b'\n', text.as_bytes()).chain([text.len()]);
    ends.into_iter().any(|end| end - std::mem::replace(&mut last, end) >= LINE)
}

/// The lines of a text, each without its LF or CRLF.
fn lines(text: &str) -> impl Iterator<Item = &[u8]> {
    let mut rest = Some(text.as_bytes());
    std::iter::from_fn(move || {
        let all = rest?;
        let Some((line, more)) = memchr(b'\n', all).and_then(|end| all.split_at_checked(end)) else { return rest.take() };
        rest = more.get(1..);
        Some(line.strip_suffix(b"\r").unwrap_or(line))
    })
}

/// Adds a text with CRLF line ends.
fn crlf(out: &mut Vec<u8>, text: &str) {
    out.reserve(text.len() + text.len() / 16);
    for (n, line) in lines(text).enumerate() {
        out.extend_from_slice(if n > 0 { b"\r\n" } else { b"" });
        out.extend_from_slice(line);
    }
}

/// Adds a text as quoted-printable.
fn quoted_printable(out: &mut Vec<u8>, text: &str) {
    out.reserve(text.len() + text.len() / 4);
    for (n, line) in lines(text).enumerate() {
        out.extend_from_slice(if n > 0 { b"\r\n" } else { b"" });
        // White space at the end of a line would be taken for padding.
        let (mut rest, last) = match line {
            [before @ .., last @ (b' ' | b'\t')] => (before, Some(*last)),
            whole => (whole, None),
        };
        let mut column = 0;
        while !rest.is_empty() {
            // More than a line is never taken at once.
            let next = rest.get(..=LINE).unwrap_or(rest);
            let plain = plain_run(next);
            let run = if plain > 0 { plain } else { next.iter().take_while(|b| !is_plain(**b)).count() };
            let width = if plain > 0 { 1 } else { 3 };
            let ends = last.is_none() && run == rest.len() && column + run * width <= LINE;
            // The `=` of a soft line end takes a column, too.
            let room = LINE - column - usize::from(!ends);
            let (taken, more) = rest.split_at_checked(run.min(room / width)).unwrap_or((rest, &[]));
            if taken.is_empty() {
                out.extend_from_slice(b"=\r\n");
                column = 0;
                continue;
            }
            match plain {
                0 => taken.iter().for_each(|byte| out.extend_from_slice(&marked(*byte))),
                _ => out.extend_from_slice(taken),
            }
            column += taken.len() * width;
            rest = more;
        }
        if let Some(last) = last {
            out.extend_from_slice(if column + 3 > LINE { b"=\r\n" } else { b"" });
            out.extend_from_slice(&marked(last));
        }
    }
}

/// How many bytes at the beginning stand for themselves: most do, and sixteen at once are looked at faster than one after the other.
fn plain_run(bytes: &[u8]) -> usize {
    let all_plain = |piece: &[u8; 16]| piece.iter().fold(true, |all, b| all & is_plain(*b));
    let (pieces, _) = bytes.as_chunks();
    let whole = pieces.iter().take_while(|piece| all_plain(piece)).count() * 16;
    let rest = bytes.get(whole..).unwrap_or_default();
    whole + rest.iter().position(|b| !is_plain(*b)).unwrap_or(rest.len())
}

/// Stands for itself in quoted-printable.
fn is_plain(byte: u8) -> bool {
    is_printable(byte) & (byte != b'=')
}

/// Without branches, so that the compiler asks it of many bytes at once.
fn is_printable(byte: u8) -> bool {
    (byte.wrapping_sub(b' ') <= b'~' - b' ') | (byte == b'\t')
}

/// `=3D`
fn marked(byte: u8) -> [u8; 3] {
    [b'=', hex(byte >> 4), hex(byte & 15)]
}

/// The upper-case hexadecimal digit of a number below 16.
fn hex(digit: u8) -> u8 {
    if digit < 10 { b'0' + digit } else { b'A' - 10 + digit }
}

/// Adds bytes as base64 in lines, without an end behind the last.
pub fn base64(out: &mut Vec<u8>, bytes: &[u8]) {
    out.reserve(base64_size(bytes.len()));
    let mut lines = Base64Lines::default();
    lines.feed(bytes, out);
    lines.end(out);
}

/// The size of so many bytes as base64 in lines.
pub fn base64_size(bytes: usize) -> usize {
    let line_ends = bytes.div_ceil(BASE64_LINE).saturating_sub(1) * 2;
    BASE64.encode_len(bytes) + line_ends
}

/// Base64 in lines of bytes that come in pieces.
#[derive(Debug, Default)]
pub struct Base64Lines {
    /// What makes no whole line yet.
    rest: Vec<u8>,
    /// A line was written.
    begun: bool,
}

impl Base64Lines {
    /// Adds the lines that are whole now.
    pub fn feed(&mut self, bytes: &[u8], out: &mut Vec<u8>) {
        let (head, bytes) = bytes.split_at(if self.rest.is_empty() { 0 } else { bytes.len().min(BASE64_LINE - self.rest.len()) });
        self.rest.extend_from_slice(head);
        if self.rest.len() == BASE64_LINE {
            let whole = std::mem::take(&mut self.rest);
            self.line(&whole, out);
        }
        let lines = bytes.chunks_exact(BASE64_LINE);
        let short = lines.remainder();
        lines.for_each(|line| self.line(line, out));
        self.rest.extend_from_slice(short);
    }

    /// Adds what is left.
    pub fn end(mut self, out: &mut Vec<u8>) {
        let rest = std::mem::take(&mut self.rest);
        if !rest.is_empty() {
            self.line(&rest, out);
        }
    }

    fn line(&mut self, bytes: &[u8], out: &mut Vec<u8>) {
        out.extend_from_slice(if self.begun { b"\r\n" } else { b"" });
        self.begun = true;
        let mut line = [0; LINE];
        if let Some(encoded) = line.get_mut(..BASE64.encode_len(bytes.len())) {
            BASE64.encode_mut(bytes, encoded);
            out.extend_from_slice(encoded);
        }
    }
}

#[cfg(test)]
mod tests {
    use lettre::message::{Body, SinglePart};
    use proptest::prelude::*;

    use super::*;

    fn ours(text: &str) -> String {
        let mut out = Vec::new();
        text_part(&mut out, "plain", text);
        String::from_utf8(out).unwrap()
    }

    fn lettres(text: &str) -> String {
        String::from_utf8(SinglePart::plain(text.to_owned()).formatted()).unwrap()
    }

    #[test]
    fn line_ends_and_edges() {
        let edges = ["", "\n", "\r\n", "a\r", "a\r\r\nb", "\n\n", "a \n\tb\t\n", "=\n", "好", "\r", "好 \r\nb\r"];
        let long: Vec<String> = (70..160)
            .flat_map(|n| {
                let x = "x".repeat(n);
                [
                    x.clone(),
                    format!("{x}\n"),
                    format!("{x} \n好"),
                    format!("好{x}=\r\n"),
                    format!("{x}=y\n"),
                    format!("a\n{x}\nb"),
                    format!("\n{x} "),
                ]
            })
            .collect();
        for text in edges.into_iter().chain(long.iter().map(String::as_str)) {
            assert_eq!(ours(text), lettres(text), "{text:?}");
        }
    }

    proptest! {
        #[test]
        fn bytes_are_lettres(text in "([a-z= \t]{0,90}|[好é]{0,30}|\r?\n|\r|\u{0}){0,12}") {
            prop_assert_eq!(ours(&text), lettres(&text));
        }

        #[test]
        fn base64_is_lettres(bytes in proptest::collection::vec(any::<u8>(), 0..400)) {
            let mut out = Vec::new();
            base64(&mut out, &bytes);
            prop_assert_eq!(out.len(), base64_size(bytes.len()));
            let encoding = lettre::message::header::ContentTransferEncoding::Base64;
            prop_assert_eq!(out, Body::new_with_encoding(bytes, encoding).unwrap().into_vec());
        }
    }
}
