//! The lines of a text, and what a quick look at each of them tells: most lines are no head and no separator, and are asked no further.

use std::ops::Deref;

use super::{is_dash, may_end};

/// The lines of a text without their ends and the space before these.
#[derive(Debug)]
pub struct Lines<'a> {
    lines: Vec<&'a str>,
    looks: Vec<Look>,
}

/// What a quick look at a line tells.
#[derive(Debug, Clone, Copy)]
struct Look {
    may_separate: bool,
    may_end: bool,
    signs: bool,
}

impl<'a> Lines<'a> {
    /// The lines of this text, as [`str::lines`] parts them.
    pub fn of(text: &'a str) -> Self {
        let bytes = text.as_bytes();
        let count = memchr::memchr_iter(b'\n', bytes).count() + 1;
        let mut lines = Self { lines: Vec::with_capacity(count), looks: Vec::with_capacity(count) };
        let mut marks = marks(bytes).peekable();
        let mut start = 0;
        let last = Some(bytes.len()).filter(|_| !bytes.is_empty() && !bytes.ends_with(b"\n"));
        for end in memchr::memchr_iter(b'\n', bytes).chain(last) {
            let whole = text.get(start..end).unwrap_or_default();
            let line = without_end(whole);
            let marked = std::iter::from_fn(|| marks.next_if(|at| *at < end)).count() > 0;
            let may_separate = marked || begins_with_dash(line);
            lines.looks.push(Look { may_separate, may_end: may_end(line), signs: whole.trim_end_matches('\r') == "-- " });
            lines.lines.push(line);
            start = end + 1;
        }
        lines
    }

    /// May a separator, a block of header lines or a head begin here? Those begin with a dash, or have a colon or an address.
    pub fn may_separate(&self, at: usize) -> bool {
        self.looks.get(at).is_some_and(|look| look.may_separate)
    }

    /// Does this line, by the space at its end, say that a signature follows (RFC 3676 section 4.3)?
    pub fn signs(&self, at: usize) -> bool {
        self.looks.get(at).is_some_and(|look| look.signs)
    }

    /// May a "… wrote:" head that begins here end within some lines?
    pub fn may_end_near(&self, at: usize, lines: usize) -> bool {
        self.looks.iter().skip(at).take(lines).any(|look| look.may_end)
    }
}

impl<'a> Deref for Lines<'a> {
    type Target = [&'a str];

    fn deref(&self) -> &[&'a str] {
        &self.lines
    }
}

/// Where a colon or an address stands. The wide colon is found by its first byte, which the other wide marks share.
fn marks(bytes: &[u8]) -> impl Iterator<Item = usize> {
    let wide = "：".as_bytes();
    memchr::memchr3_iter(b':', b'@', 0xef, bytes)
        .filter(move |at| bytes.get(*at).is_some_and(u8::is_ascii) || bytes.get(*at..).is_some_and(|rest| rest.starts_with(wide)))
}

fn begins_with_dash(line: &str) -> bool {
    !line.starts_with(|c: char| c.is_ascii_alphanumeric()) && line.trim_start().starts_with(is_dash)
}

/// Most lines end in a letter or a full stop, and then there is nothing to take off.
fn without_end(line: &str) -> &str {
    if line.as_bytes().last().is_some_and(u8::is_ascii_graphic) {
        return line;
    }
    line.trim_end_matches(['\r', ' ', '\t', '\u{a0}'])
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn lines_as_the_library_parts_them() {
        for text in ["", "\n", "a", "a\n", "a\n\nb", "\n\n", "a\r\nb \u{a0}\r\n", "\r", "打印机\n坏了"] {
            let known: Vec<&str> = text.lines().map(without_end).collect();
            assert_eq!(&*Lines::of(text), known, "{text:?}");
        }
    }

    #[test]
    fn a_quick_look() {
        let lines = Lines::of("words\n  -- x\na: b\n发件人：x\n一，二\nli@desk.example\nOn Tuesday Ann wrote:\n");
        let told: Vec<bool> = (0..lines.len()).map(|at| lines.may_separate(at)).collect();
        assert_eq!(told, [false, true, true, true, false, true, true]);
        assert_eq!((lines.may_end_near(0, 2), lines.may_end_near(4, 3)), (false, true));
        let lines = Lines::of("--\n-- \n-- \r\n--  \n> -- \n");
        assert_eq!((0..lines.len()).map(|at| lines.signs(at)).collect::<Vec<_>>(), [false, true, true, false, false]);
    }

    proptest! {
        #[test]
        fn any_text_has_its_lines(text in "(?s)([a: \r\n\u{a0}：，]|打){0,60}") {
            let known: Vec<&str> = text.lines().map(without_end).collect();
            prop_assert_eq!(&*Lines::of(&text), known);
        }
    }
}
