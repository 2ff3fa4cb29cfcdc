//! Folding of text, so that a rule's word meets a writer's word.
//!
//! NFKC (full width to half width), lower case, traditional to simplified Chinese, curly quotes to straight ones, invisible
//! characters dropped. Offsets are not kept: evidence quotes the folded text.
//!
//! Nearly every character of a real mail folds by itself ([`fold_char`]); only runs of the others go through the normaliser. That
//! also makes the folding of a part predictable, on which the rules' search for the literals of a regular expression relies.

use std::sync::LazyLock;

use unicode_normalization::UnicodeNormalization;

/// Pairs of a traditional and a simplified character, made by `dev/make-t2s`.
const PAIRS: &str = include_str!("t2s.txt");
const FIRST_HAN: u32 = 0x3400;
const LAST_HAN: u32 = 0x9fff;

/// For each character of U+3400..=U+9FFF its simplified form as an offset from U+3400.
static SIMPLIFIED: LazyLock<Vec<u16>> = LazyLock::new(|| {
    let mut table: Vec<u16> = (0..=(LAST_HAN - FIRST_HAN)).filter_map(|offset| u16::try_from(offset).ok()).collect();
    let mut chars = PAIRS.chars().filter(|c| *c != '\n');
    while let (Some(from), Some(to)) = (chars.next(), chars.next()) {
        if let (Some(slot), Ok(offset)) = (table.get_mut(han_offset(from)), u16::try_from(han_offset(to))) {
            *slot = offset;
        }
    }
    table
});

fn han_offset(c: char) -> usize {
    (u32::from(c).wrapping_sub(FIRST_HAN)) as usize
}

/// The simplified form of one character; any other character is itself.
pub fn simplify(c: char) -> char {
    match SIMPLIFIED.get(han_offset(c)) {
        Some(offset) => char::from_u32(FIRST_HAN + u32::from(*offset)).unwrap_or(c),
        None => c,
    }
}

/// Is this a letter or digit of a script that puts spaces between its words?
pub fn is_spaced_letter(c: char) -> bool {
    if c.is_ascii() { c.is_ascii_alphanumeric() } else { !is_unspaced(c) && c.is_alphanumeric() }
}

/// Han, kana, Hangul (particles cling to words), Thai, Lao, Khmer.
fn is_unspaced(c: char) -> bool {
    is_han_or_kana(c) || matches!(u32::from(c), 0x0e00..=0x0eff | 0x1100..=0x11ff | 0x1780..=0x17ff | 0x3130..=0x318f | 0xac00..=0xd7af)
}

/// Han or kana: lines of these are broken inside words.
pub fn is_han_or_kana(c: char) -> bool {
    matches!(u32::from(c), 0x2e80..=0x2fdf | 0x3005..=0x3007 | 0x3040..=0x30ff | 0x3400..=0x9fff | 0xf900..=0xfaff | 0x20000..=0x3ffff)
}

/// Do these two want a space between them, as a Latin letter or a figure and Han do?
pub fn stand_apart(left: char, right: char) -> bool {
    is_han_or_kana(left) && is_spaced_letter(right) || is_spaced_letter(left) && is_han_or_kana(right)
}

/// The pieces of a Chinese sentence, a space where a Latin name meets Han; inside a piece nothing changes.
pub fn joined(pieces: &[&str]) -> String {
    let mut out = String::new();
    for piece in pieces.iter().filter(|piece| !piece.is_empty()) {
        if let (Some(left), Some(right)) = (out.chars().next_back(), piece.chars().next())
            && stand_apart(left, right)
        {
            out.push(' ');
        }
        out.push_str(piece);
    }
    out
}

/// What one character folds to, where that depends on no neighbour; `None` for the rest. A letter that a combining mark may follow
/// ([`may_compose`]) is taken back when one does.
pub fn fold_char(c: char) -> Option<char> {
    match u32::from(c) {
        0..=0x7f => Some(c.to_ascii_lowercase()),
        FIRST_HAN..=0x4dbf | 0x4e00..=LAST_HAN => Some(simplify(c)),
        wide @ 0xff01..=0xff5e => char::from_u32(wide - 0xfee0).map(|c| c.to_ascii_lowercase()),
        0x3001 | 0x3002 | 0x3008..=0x3011 | 0x3014..=0x301b | 0x2014 => Some(c),
        0x2018 | 0x2019 => Some('\''),
        0x201c | 0x201d => Some('"'),
        _ => None,
    }
}

/// May a combining mark melt into this folded character (Unicode's compositions with ASCII)?
pub fn may_compose(c: char) -> bool {
    c.is_ascii_alphabetic() || matches!(c, '<' | '=' | '>')
}

/// Soft hyphen, zero-width characters, marks of the writing direction, byte order mark: seen by nobody, in the middle of words. One table for
/// all who read or write names, tags and subjects: what one of them saw and another did not would be an order in disguise.
pub fn is_invisible(c: char) -> bool {
    matches!(c, '\u{ad}' | '\u{61c}' | '\u{180e}' | '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2060}'..='\u{206f}'
        | '\u{feff}' | '\u{fe00}'..='\u{fe0f}' | '\u{e0000}'..='\u{e007f}')
}

/// As [`str::to_lowercase`] does it, but Chinese and its neighbours, which have no capitals, are not looked up.
pub fn lower(text: &str) -> String {
    if text.is_ascii() || text.contains('Σ') {
        return text.to_lowercase();
    }
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '\0'..='\x7f' => out.push(c.to_ascii_lowercase()),
            '\u{2e80}'..='\u{a63f}' | '\u{ac00}'..='\u{d7ff}' => out.push(c),
            c => out.extend(c.to_lowercase()),
        }
    }
    out
}

/// Folds a text, white space as it is.
pub fn fold(text: &str) -> String {
    if text.is_ascii() { text.to_ascii_lowercase() } else { Folder::new(text, false).run(text) }
}

/// Folds a text for a search of words and phrases: as [`fold`], each run of white space one space, none at the ends, and a line break
/// between two Chinese characters nothing at all, since lines are broken inside words there.
pub fn fold_words(text: &str) -> String {
    Folder::new(text, true).run(text)
}

#[derive(PartialEq, Clone, Copy)]
enum Gap {
    None,
    Space,
    Break,
}

struct Folder {
    /// UTF-8: whole characters only are written.
    out: Vec<u8>,
    /// The last character written is Han or kana.
    after_han: bool,
    /// Characters that wait for the normaliser.
    slow: String,
    gap: Gap,
    squeeze: bool,
}

impl Folder {
    fn new(text: &str, squeeze: bool) -> Folder {
        Folder { out: Vec::with_capacity(text.len()), after_han: false, slow: String::new(), gap: Gap::None, squeeze }
    }

    fn run(mut self, text: &str) -> String {
        let mut rest = text;
        while !rest.is_empty() {
            let (ascii, after) = rest.split_at_checked(rest.bytes().take_while(u8::is_ascii).count()).unwrap_or((rest, ""));
            self.ascii(ascii);
            let (other, after) = after.split_at_checked(after.find(|c: char| c.is_ascii()).unwrap_or(after.len())).unwrap_or((after, ""));
            other.chars().for_each(|c| self.other(c));
            rest = after;
        }
        self.normalise();
        String::from_utf8(self.out).unwrap_or_default()
    }

    /// The short road: byte by byte.
    fn ascii(&mut self, run: &str) {
        if !run.is_empty() {
            self.normalise();
        }
        for byte in run.bytes() {
            if self.squeeze && matches!(byte, b'\t'..=b'\r' | b' ') {
                self.widen(matches!(byte, b'\n' | b'\r'));
            } else {
                self.bridge(false);
                self.out.push(byte.to_ascii_lowercase());
                self.after_han = false;
            }
        }
    }

    fn other(&mut self, c: char) {
        if self.squeeze && c.is_whitespace() {
            self.normalise();
            self.widen(matches!(c, '\u{2028}' | '\u{2029}' | '\u{85}'));
        } else if let Some(folded) = fold_char(c) {
            self.normalise();
            self.push(folded);
        } else if !is_invisible(c) {
            self.hold(c);
        }
    }

    fn push(&mut self, c: char) {
        let han = is_han_or_kana(c);
        self.bridge(han);
        self.out.extend_from_slice(c.encode_utf8(&mut [0; 4]).as_bytes());
        self.after_han = han;
    }

    /// Notes white space.
    fn widen(&mut self, breaks: bool) {
        self.gap = if breaks || self.gap == Gap::Break { Gap::Break } else { Gap::Space };
    }

    /// Writes the white space that came before the next character.
    fn bridge(&mut self, before_han: bool) {
        if self.gap == Gap::None {
            return;
        }
        let inside = self.gap == Gap::Break && before_han && self.after_han;
        if !self.out.is_empty() && !inside {
            self.out.push(b' ');
        }
        self.gap = Gap::None;
    }

    /// Keeps a character for the normaliser, together with a letter before it that it may compose with.
    fn hold(&mut self, c: char) {
        if self.slow.is_empty() {
            let last = self.out.last().map(|byte| char::from(*byte)).filter(|last| self.gap == Gap::None && may_compose(*last));
            match last {
                Some(last) => {
                    self.out.pop();
                    self.slow.push(last);
                }
                None => self.bridge(is_han_or_kana(c)),
            }
        }
        self.slow.push(c);
    }

    fn normalise(&mut self) {
        if self.slow.is_empty() {
            return;
        }
        let slow = std::mem::take(&mut self.slow);
        slow.nfkc().flat_map(char::to_lowercase).for_each(|c| self.push(fold_char(c).unwrap_or(c)));
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn folds() {
        for (text, want) in [
            ("VPN Down", "vpn down"),
            ("ＶＰＮ　连不上", "vpn\u{20}连不上"),
            ("網絡連線", "网络连线"),
            ("電腦無法開機，請協助", "电脑无法开机,请协助"),
            ("Café", "café"),
            ("Cafe\u{301}", "café"),
            ("ﬁle", "file"),
            ("can’t", "can't"),
            ("V\u{200b}PN", "vpn"),
            ("ÄÖÜß", "äöüß"),
            ("が", "が"),
            ("か\u{3099}", "が"),
            ("①", "1"),
            ("", ""),
        ] {
            assert_eq!(fold(text), want, "{text}");
        }
    }

    #[test]
    fn squeezes_white_space() {
        for (text, want) in [
            ("  not\n  working \r\n", "not working"),
            ("打印\n机", "打印机"),
            ("打印\r\n 机", "打印机"),
            ("打印 机", "打印 机"),
            ("打印\nHP", "打印 hp"),
            ("한국\n어", "한국 어"),
            ("a\u{a0}\u{3000}b", "a b"),
            ("e \u{301}", "e \u{301}"),
        ] {
            assert_eq!(fold_words(text), want, "{text:?}");
        }
    }

    #[test]
    fn pairs_are_whole_and_stable() {
        let chars: Vec<char> = PAIRS.chars().filter(|c| *c != '\n').collect();
        assert!(chars.len() > 5000 && chars.len().is_multiple_of(2));
        assert_eq!("乾著麼於後裡".chars().map(simplify).collect::<String>(), "干着么于后里");
        assert_eq!(simplify('a'), 'a');
        assert_eq!(simplify('\u{20000}'), '\u{20000}');
    }

    proptest! {
        #[test]
        fn total_and_nearly_idempotent(text in "[a-zA-Z \n\u{300}-\u{310}ａ-ｚ網路打-折か-ご가-깋\u{200b}]{0,40}") {
            for once in [fold(&text), fold_words(&text)] {
                prop_assert_eq!(&fold(&once), &once);
            }
            prop_assert_eq!(fold_words(&fold_words(&text)), fold_words(&text));
        }

        #[test]
        fn lower_case_as_the_library_has_it(text in "[a-zA-Zà-ÿÀ-ßΑ-Ωα-ωА-Яİᲀ-ᲿⅠ-ⅿＡ-Ｚ打-折か-ご가-깋Ꭰ-Ꭳꭰ-ꭳ \u{2e7f}-\u{2e81}\u{a63d}-\u{a642}]{0,40}") {
            prop_assert_eq!(lower(&text), text.to_lowercase());
        }

        #[test]
        fn never_panics(text in any::<String>()) {
            let _ = (fold(&text), fold_words(&text));
        }

        #[test]
        fn ascii_alone_agrees_with_the_long_road(text in "[ -~\n]{0,40}") {
            prop_assert_eq!(Folder::new(&text, false).run(&text), fold(&text));
        }
    }
}
