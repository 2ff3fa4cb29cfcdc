//! Content-Transfer-Encoding (RFC 2045 section 6): how bytes travel in a mail, both ways.
//!
//! A room of its own, for two need it: `mail` reads and writes with it, and the store sets the files of a letter in when the letter goes
//! out. What comes out is a pure function of the bytes that go in, so that a letter sent again is the same letter.

pub mod decode;
pub mod encode;

use self::decode::Decoder;
use self::encode::Base64Lines;
use crate::domain::attachment::Transfer;

/// Turns the encoded bytes of a received file into base64 in lines, whatever pieces they come in.
#[derive(Debug)]
pub struct Recoder {
    decoder: Decoder,
    lines: Base64Lines,
    plain: Vec<u8>,
}

impl Recoder {
    /// At the beginning of a file that came in this encoding.
    pub fn new(transfer: Transfer) -> Recoder {
        Recoder { decoder: Decoder::new(transfer), lines: Base64Lines::default(), plain: Vec::new() }
    }

    /// Adds the lines that are whole now.
    pub fn feed(&mut self, piece: &[u8], out: &mut Vec<u8>) {
        self.plain.clear();
        self.decoder.feed(piece, &mut self.plain);
        self.lines.feed(&self.plain, out);
    }

    /// Adds what is left, without an end behind the last line.
    pub fn end(mut self, out: &mut Vec<u8>) {
        self.plain.clear();
        self.decoder.end(&mut self.plain);
        self.lines.feed(&self.plain, out);
        self.lines.end(out);
    }
}
