//! Signs inside an encoding inside a file: a saved notification has its text in base64 or quoted-printable, whatever the file is called.
//!
//! No header is read, since a cut or mislabelled one would blind the search. A line of nothing but base64 letters is decoded as such, and so is
//! a line with a `=` as quoted-printable; what is none decodes to noise, which no sign stands in. One pass over the bytes as they come, in
//! memory for one line; what is decoded is a quarter shorter than its letters, and looked into [`DEPTH`] times at most. What is packed
//! (a ZIP) stays closed.

use crate::domain::attachment::{Signs, Transfer};
use crate::transfer::decode::Decoder;

/// Encodings inside one another that are seen through: a mail in a saved mail in a saved mail.
const DEPTH: usize = 3;
/// Longer lines are no quoted-printable (RFC 2045 section 6.7 allows 76 letters).
const LINE: usize = 1000;

/// Looks for signs behind encodings in bytes that come in pieces.
#[derive(Debug, Default)]
pub struct Sealed {
    base64: Stream,
    quoted: Stream,
    /// The line that has come so far holds more than letters of base64.
    other: bool,
    /// The line itself, while it is short enough for quoted-printable.
    line: Vec<u8>,
    too_long: bool,
    /// The line before ended softly.
    soft: bool,
}

impl Sealed {
    fn at(depth: usize) -> Sealed {
        let stream = || Stream { depth, ..Stream::default() };
        Sealed { base64: stream(), quoted: stream(), ..Sealed::default() }
    }

    /// No more comes. Was there one?
    pub fn end(mut self) -> bool {
        self.end_line();
        self.base64.end() || self.quoted.end()
    }

    /// The next bytes.
    pub fn add(&mut self, bytes: &[u8]) {
        let mut rest = bytes;
        while !rest.is_empty() {
            let end = memchr::memchr(b'\n', rest).map_or(rest.len(), |at| at + 1);
            let (piece, after) = rest.split_at_checked(end).unwrap_or((rest, &[]));
            self.piece(piece);
            rest = after;
        }
    }

    /// A line, or the part of it that has come.
    fn piece(&mut self, piece: &[u8]) {
        let letters = piece.trim_ascii();
        self.other = self.other || !letters.iter().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'+' | b'/' | b'='));
        if self.other {
            self.base64.stop();
        } else if !letters.is_empty() {
            self.base64.feed(Transfer::Base64, letters);
        }
        self.too_long |= self.line.len() + piece.len() > LINE;
        if !self.too_long {
            self.line.extend_from_slice(piece);
        }
        if piece.ends_with(b"\n") {
            self.end_line();
        }
    }

    fn end_line(&mut self) {
        let marked = self.soft || self.other && memchr::memchr(b'=', &self.line).is_some();
        let quoted = marked && !self.too_long && self.line.is_ascii();
        if quoted {
            self.quoted.feed(Transfer::QuotedPrintable, &self.line);
        } else {
            self.quoted.stop();
        }
        self.soft = quoted && self.line.trim_ascii_end().ends_with(b"=");
        if self.line.trim_ascii().is_empty() && !self.too_long {
            self.base64.stop();
        }
        self.line.clear();
        (self.other, self.too_long) = (false, false);
    }
}

/// What stands in one encoding: decoded, searched, and looked into once more.
#[derive(Debug, Default)]
struct Stream {
    depth: usize,
    decoder: Option<Decoder>,
    room: Vec<u8>,
    signs: Signs,
    within: Option<Box<Sealed>>,
}

impl Stream {
    fn feed(&mut self, transfer: Transfer, encoded: &[u8]) {
        self.decoder.get_or_insert_with(|| Decoder::new(transfer)).feed(encoded, &mut self.room);
        if self.room.len() > LINE * 4 {
            self.look();
        }
    }

    /// The letters of one text end here.
    fn stop(&mut self) {
        if let Some(decoder) = self.decoder.take() {
            decoder.end(&mut self.room);
            self.look();
        }
    }

    fn look(&mut self) {
        self.signs.add(&self.room);
        if self.depth + 1 < DEPTH && !self.room.is_empty() {
            self.within.get_or_insert_with(|| Box::new(Sealed::at(self.depth + 1))).add(&self.room);
        }
        self.room.clear();
    }

    fn end(mut self) -> bool {
        self.stop();
        self.signs.found() || self.within.is_some_and(|within| within.end())
    }
}

#[cfg(test)]
mod tests {
    use data_encoding::BASE64;

    use super::*;

    const SIGN: &str = "pd.1042.li.fyihqkft3xe4bys2";

    fn base64(text: &[u8], width: usize) -> String {
        let letters = BASE64.encode(text);
        letters.as_bytes().chunks(width).map(|line| format!("{}\r\n", String::from_utf8_lossy(line))).collect()
    }

    fn mail(encoding: &str, body: &str) -> String {
        format!(
            "Subject: VPN\r\nContent-Type: multipart/alternative; boundary=b\r\n\r\n--b\r\nContent-Transfer-Encoding: {encoding}\r\n\r\n\
             {body}\r\n--b--\r\n"
        )
    }

    /// A text with the sign at a place where its letters begin anew, and at two where they do not.
    fn texts() -> [String; 3] {
        ["", "x", "xy"].map(|before| format!("{before}Hello Li,\n\nthe VPN is down.\n\nRef: {SIGN}\n"))
    }

    #[test]
    fn signs_in_a_saved_mail() {
        for text in texts() {
            let in_base64 = mail("base64", &base64(text.as_bytes(), 76));
            for (case, bytes, holds) in [
                ("base64", in_base64.clone(), true),
                ("lines of another width", mail("base64", &base64(text.as_bytes(), 61)), true),
                ("one long line", mail("base64", &base64("the VPN is down. ".repeat(9000).as_bytes(), usize::MAX)) + &in_base64, true),
                (
                    "one long line with the sign",
                    mail("base64", &base64([text.as_str(), "x".repeat(90_000).as_str()].concat().as_bytes(), usize::MAX)),
                    true,
                ),
                ("no line behind it", base64(text.as_bytes(), 76).trim_end().to_owned(), true),
                ("LF alone", in_base64.replace('\r', ""), true),
                ("a mail in a mail", mail("base64", &base64(in_base64.as_bytes(), 76)), true),
                (
                    "a mail in a mail in a mail",
                    mail("base64", &base64(mail("base64", &base64(in_base64.as_bytes(), 76)).as_bytes(), 72)),
                    true,
                ),
                ("quoted-printable, a line that ends within", mail("quoted-printable", &text.replace("pd.", "p=\r\nd.")), true),
                ("quoted-printable, in figures", mail("quoted-printable", &text.replace("pd.", "=70=64=2E")), true),
                (
                    "quoted-printable, twice broken",
                    mail("quoted-printable", &text.replace("pd.", "p=\r\nd.").replace("qkft", "=\r\nqkft")),
                    true,
                ),
                (
                    "quoted-printable in base64",
                    mail("base64", &base64(mail("quoted-printable", &text.replace("pd.", "p=\r\nd.")).as_bytes(), 76)),
                    true,
                ),
                ("nothing", mail("base64", &base64("the VPN is down. ".repeat(500).as_bytes(), 76)), false),
                ("words that look like letters", "words\nalone\nAND/OR\nabc=\n".repeat(300), false),
            ] {
                for piece in [1, 7, 76, 4096, usize::MAX] {
                    let mut sealed = Sealed::default();
                    bytes.as_bytes().chunks(piece.min(bytes.len())).for_each(|piece| sealed.add(piece));
                    assert_eq!(sealed.end(), holds, "{case} in pieces of {piece}");
                }
            }
        }
    }

    #[test]
    fn any_bytes_end() {
        for piece in [&b"A"[..], b"A\n", b"=\n", b"a=\n", b"\n", b"\0", b"QUFB\n", b"====\n", b"= =20\n"] {
            let mut sealed = Sealed::default();
            piece.repeat(300_000 / piece.len()).chunks(65_536).for_each(|piece| sealed.add(piece));
            assert!(sealed.line.len() <= LINE && sealed.base64.room.len() <= LINE * 4);
            assert!(!sealed.end());
        }
    }
}
