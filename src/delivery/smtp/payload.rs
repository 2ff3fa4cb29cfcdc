//! The bytes between 354 and the final dot.

use std::borrow::Cow;
use std::slice::Chunks;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

/// How much is written at a time: small enough that a slow link shows progress within a block's time-out.
const BLOCK: usize = 64 * 1_024;

/// A message as lettre's `message_iter` is to have it: without its last CRLF, which lettre writes with the final dot, and with every
/// bare CR or LF made a CRLF. RFC 5321 section 2.3.8 forbids to send those, and a server that took LF.LF for an end would see two mails.
pub fn canonical(bytes: &[u8]) -> Cow<'_, [u8]> {
    let body = bytes.strip_suffix(b"\r\n").unwrap_or(bytes);
    let mut last = 0;
    let mut bare = false;
    for &byte in body {
        bare |= (byte == b'\n') != (last == b'\r');
        last = byte;
    }
    if !bare && last != b'\r' {
        return Cow::Borrowed(body);
    }
    let mut fixed = Vec::with_capacity(bytes.len() + bytes.len() / 16);
    let mut rest = bytes.iter().copied().peekable();
    while let Some(byte) = rest.next() {
        if byte == b'\r' {
            rest.next_if_eq(&b'\n');
        }
        match byte {
            b'\r' | b'\n' => fixed.extend_from_slice(b"\r\n"),
            other => fixed.push(other),
        }
    }
    if fixed.ends_with(b"\r\n") {
        fixed.truncate(fixed.len() - 2);
    }
    Cow::Owned(fixed)
}

/// The message in blocks that tell how far lettre has come.
pub struct Blocks<'a> {
    rest: Chunks<'a, u8>,
    drawn: &'a AtomicUsize,
    whole: &'a AtomicBool,
}

impl<'a> Blocks<'a> {
    /// `drawn` counts the blocks that were asked for; `whole` becomes true when all have been written.
    pub fn new(bytes: &'a [u8], drawn: &'a AtomicUsize, whole: &'a AtomicBool) -> Blocks<'a> {
        Blocks { rest: bytes.chunks(BLOCK), drawn, whole }
    }
}

impl<'a> Iterator for Blocks<'a> {
    type Item = &'a [u8];

    fn next(&mut self) -> Option<&'a [u8]> {
        let block = self.rest.next();
        match block {
            Some(_) => self.drawn.fetch_add(1, Ordering::Relaxed),
            None => usize::from(self.whole.swap(true, Ordering::Relaxed)),
        };
        block
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn line_ends() {
        for (bytes, expected) in [
            (&b"a\r\nb\r\n"[..], &b"a\r\nb"[..]),
            (b"a\r\nb", b"a\r\nb"),
            (b"a\r\n\r\n", b"a\r\n"),
            (b"a\nb\n", b"a\r\nb"),
            (b"a\rb\r", b"a\r\nb"),
            (b"a\n.\nb\r\n", b"a\r\n.\r\nb"),
            (b"a\r\r\nb", b"a\r\n\r\nb"),
            (b"a\n\r\nb", b"a\r\n\r\nb"),
            (b"\r\n", b""),
            (b"\n", b""),
            (b"", b""),
        ] {
            assert_eq!(canonical(bytes).as_ref(), expected, "{bytes:?}");
        }
    }

    proptest::proptest! {
        #[test]
        fn no_bare_line_end_is_left(text in "[ab.\r\n]{0,40}") {
            let fixed = canonical(text.as_bytes()).into_owned();
            let without = String::from_utf8(fixed.clone()).unwrap().replace("\r\n", "");
            proptest::prop_assert!(!without.contains(['\r', '\n']));
            let mut again = fixed.clone();
            again.extend_from_slice(b"\r\n");
            proptest::prop_assert_eq!(canonical(&again).into_owned(), fixed);
        }
    }
}
