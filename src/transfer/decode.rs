//! What others encoded, whatever they made of it: nothing is refused, what is no letter of the encoding is skipped or stays.

use data_encoding::BASE64;
use memchr::{memchr, memrchr};

use crate::domain::attachment::Transfer;

/// Encoded bytes that are decoded between two looks at the limit.
const BLOCK: usize = 64 * 1024;

/// Decodes what comes in pieces.
#[derive(Debug)]
pub struct Decoder {
    transfer: Transfer,
    /// base64: bits that make no byte yet, and how many they are.
    bits: u32,
    count: u32,
    /// quoted-printable and uuencode: a line whose end has not come yet; base64: room for letters.
    line: Vec<u8>,
}

impl Decoder {
    /// At the beginning of a body.
    pub fn new(transfer: Transfer) -> Decoder {
        Decoder { transfer, bits: 0, count: 0, line: Vec::new() }
    }

    /// Adds the bytes that are certain now.
    pub fn feed(&mut self, piece: &[u8], out: &mut Vec<u8>) {
        match self.transfer {
            Transfer::Plain => out.extend_from_slice(piece),
            Transfer::Base64 => self.base64(piece, out),
            Transfer::QuotedPrintable => self.lines(piece, out, |lines, out| unquote(lines, usize::MAX, out)),
            Transfer::Uuencode => self.lines(piece, out, uudecode),
        }
    }

    /// Decodes the lines that are there as a whole: nothing goes on behind a line's end.
    fn lines(&mut self, piece: &[u8], out: &mut Vec<u8>, decode: impl Fn(&[u8], &mut Vec<u8>)) {
        let (whole, begun) = piece.split_at(memrchr(b'\n', piece).map_or(0, |at| at + 1));
        if self.line.is_empty() {
            decode(whole, out);
        } else if !whole.is_empty() {
            self.line.extend_from_slice(whole);
            decode(&std::mem::take(&mut self.line), out);
        }
        self.line.extend_from_slice(begun);
    }

    /// Adds what is left.
    pub fn end(self, out: &mut Vec<u8>) {
        match self.transfer {
            Transfer::QuotedPrintable => unquote(&self.line, usize::MAX, out),
            Transfer::Uuencode => uudecode(&self.line, out),
            Transfer::Plain | Transfer::Base64 => {}
        }
    }

    /// Clean base64 is decoded at one go, letters that are not are looked at one by one.
    fn base64(&mut self, piece: &[u8], out: &mut Vec<u8>) {
        let mut rest = piece;
        while self.count > 0
            && let Some((letter, after)) = rest.split_first()
        {
            self.letter(*letter, out);
            rest = after;
        }
        let mut letters = std::mem::take(&mut self.line);
        let mut lines = rest;
        while let Some(end) = memchr(b'\n', lines) {
            let (line, after) = lines.split_at_checked(end + 1).unwrap_or((lines, &[]));
            letters.extend_from_slice(line.trim_ascii_end());
            lines = after;
        }
        letters.extend_from_slice(lines.trim_ascii_end());
        let (whole, begun) = letters.split_at(letters.len() / 4 * 4);
        let one_by_one = if clean_base64(whole, out) { begun } else { rest };
        one_by_one.iter().for_each(|letter| self.letter(*letter, out));
        letters.clear();
        self.line = letters;
    }

    fn letter(&mut self, letter: u8, out: &mut Vec<u8>) {
        let value = match letter {
            b'A'..=b'Z' => letter - b'A',
            b'a'..=b'z' => letter - b'a' + 26,
            b'0'..=b'9' => letter - b'0' + 52,
            b'+' => 62,
            b'/' => 63,
            b'=' => {
                // Padding ends a run; some writers join several.
                (self.bits, self.count) = (0, 0);
                return;
            }
            _ => return,
        };
        self.bits = self.bits << 6 | u32::from(value);
        self.count += 6;
        if self.count >= 8 {
            self.count -= 8;
            out.push((self.bits >> self.count & 0xff) as u8);
        }
    }
}

/// Adds what letters without line ends say; false, and nothing added, where they are not as RFC 2045 wants them.
fn clean_base64(letters: &[u8], out: &mut Vec<u8>) -> bool {
    let before = out.len();
    let Ok(most) = BASE64.decode_len(letters.len()) else { return false };
    out.resize(before + most, 0);
    let decoded = out.get_mut(before..).and_then(|room| BASE64.decode_mut(letters, room).ok());
    out.truncate(before + decoded.unwrap_or(0));
    decoded.is_some()
}

/// The lines of a file in uuencode (IEEE Std 1003.1, uuencode): the first letter of each says how many bytes it holds. Blanks that were
/// lost at a line's end count as zeros.
fn uudecode(lines: &[u8], out: &mut Vec<u8>) {
    let value = |letter: u8| letter.wrapping_sub(b' ') & 0x3f;
    for line in lines.split(|b| *b == b'\n') {
        let Some((first, letters)) = line.strip_suffix(b"\r").unwrap_or(line).split_first() else { continue };
        let end = out.len() + usize::from(value(*first));
        let mut groups = letters.chunks(4);
        while out.len() < end {
            let group = groups.next().unwrap_or_default();
            let bits = (0..4).fold(0_u32, |bits, n| bits << 6 | u32::from(group.get(n).map_or(0, |letter| value(*letter))));
            let [_, bytes @ ..] = bits.to_be_bytes();
            out.extend_from_slice(&bytes);
        }
        out.truncate(end);
    }
}

/// Decodes base64 (RFC 2045 section 6.8), skipping what is no letter of it; stops when `limit` bytes are there.
pub fn base64(text: &[u8], limit: usize) -> Vec<u8> {
    let mut out = Vec::with_capacity((text.len() / 4 * 3 + 3).min(limit.saturating_add(BLOCK)));
    let mut decoder = Decoder::new(Transfer::Base64);
    for block in text.chunks(BLOCK) {
        decoder.feed(block, &mut out);
        if out.len() >= limit {
            out.truncate(limit);
            break;
        }
    }
    out
}

/// Decodes quoted-printable (RFC 2045 section 6.7); a stray `=` stays. Stops when `limit` bytes are there.
pub fn quoted_printable(text: &[u8], limit: usize) -> Vec<u8> {
    let mut out = Vec::with_capacity(text.len().min(limit));
    unquote(text, limit, &mut out);
    out
}

fn unquote(text: &[u8], limit: usize, out: &mut Vec<u8>) {
    let mut rest = text;
    while let Some(at) = memchr(b'=', rest) {
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
            return;
        }
    }
    out.extend_from_slice(rest);
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

/// The value of a hexadecimal digit; 0 for anything else.
pub fn hex(digit: u8) -> u8 {
    match digit {
        b'0'..=b'9' => digit - b'0',
        b'a'..=b'f' => digit - b'a' + 10,
        b'A'..=b'F' => digit - b'A' + 10,
        _ => 0,
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

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

    fn in_pieces(text: &[u8], transfer: Transfer, size: usize) -> Vec<u8> {
        let (mut out, mut decoder) = (Vec::new(), Decoder::new(transfer));
        text.chunks(size).for_each(|piece| decoder.feed(piece, &mut out));
        decoder.end(&mut out);
        out
    }

    proptest! {
        #[test]
        fn pieces_make_no_difference(text in "([A-Za-z0-9+/]{76}\r\n|[A-Za-z0-9+/=]{0,9}|=[0-9A-F]{2}|=\r\n|=  \n|[ -~\r\n]{0,5}){0,20}", size in 1..90_usize) {
            let text = text.as_bytes();
            for (transfer, whole) in [
                (Transfer::Base64, base64(text, usize::MAX)),
                (Transfer::QuotedPrintable, quoted_printable(text, usize::MAX)),
                (Transfer::Plain, text.to_vec()),
            ] {
                prop_assert_eq!(in_pieces(text, transfer, size), whole);
            }
        }

        #[test]
        fn what_we_encode_comes_back(bytes in proptest::collection::vec(any::<u8>(), 0..400), limit in 0..500_usize) {
            let mut text = Vec::new();
            crate::transfer::encode::base64(&mut text, &bytes);
            prop_assert_eq!(&base64(&text, usize::MAX), &bytes);
            let start = base64(&text, limit);
            prop_assert_eq!(start.as_slice(), bytes.get(..limit).unwrap_or(&bytes));
        }
    }
}
