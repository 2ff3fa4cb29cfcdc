//! How facts enter a template without becoming Markdown, HTML or a link.
//!
//! Backslashes were weighed and dropped: Markdown keeps them inside code and link targets, where they would show. Instead each ASCII
//! punctuation mark of a fact travels as a character of the private plane 15, which means nothing to Markdown, and
//! [`super::markdown`] turns it back while it writes. The same plane carries the marks of `{{relay …}}` and `{{verbatim …}}`, whose
//! texts never pass through Markdown at all. Plane 15 and not the BMP's private area, because GB18030 mail really uses the latter.

use crate::domain::text::{is_invisible, stand_apart};

/// Punctuation of a fact: its ASCII code is added.
const FACT: u32 = 0xF_0000;
/// Begins the mark of a relayed text (a person of ours wrote it: links stay links).
pub(super) const RELAY: char = '\u{F0200}';
/// Begins the mark of a verbatim text (a stranger wrote it: no links).
pub(super) const VERBATIM: char = '\u{F0201}';
/// Ends either mark.
pub(super) const END: char = '\u{F0202}';

/// Stands at both ends of a fact, until [`settle`] sees its neighbours.
const EDGE: char = '\u{F0203}';

/// A fact that a template sets among its own words.
pub(super) fn edged(fact: &str) -> String {
    format!("{EDGE}{fact}{EDGE}")
}

/// The edges taken away, for a space where a Latin name meets Chinese words: `support有新工单` reads `support 有新工单`.
pub(super) fn settle(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let (mut before, mut edge) = (None, false);
    for c in text.chars() {
        if c == EDGE {
            edge = true;
            continue;
        }
        if std::mem::take(&mut edge) && before.is_some_and(|before| stand_apart(before, c)) {
            out.push(' ');
        }
        out.push(c);
        before = Some(c);
    }
    out
}

/// A fact on one line, its punctuation out of Markdown's reach.
pub(super) fn fact(text: &str) -> String {
    let mut out = String::with_capacity(text.len() + 16);
    let mut space = false;
    for c in text.trim().chars() {
        if c.is_whitespace() || c.is_control() {
            space = true;
            continue;
        }
        if std::mem::take(&mut space) {
            out.push(' ');
        }
        out.push(hide(c));
    }
    out
}

fn hide(c: char) -> char {
    match u32::from(c) {
        code if c.is_ascii_punctuation() => char::from_u32(FACT + code).unwrap_or(c),
        0xF_0000..=0xF_02FF => char::REPLACEMENT_CHARACTER,
        _ => c,
    }
}

/// The mark of a text that stands for itself; `name` is a fact's name.
pub(super) fn mark(begin: char, name: &str) -> String {
    std::iter::once(begin).chain(name.chars().map(hide)).chain(std::iter::once(END)).collect()
}

/// The punctuation mark that a private character stands for.
pub(super) fn shown(c: char) -> Option<char> {
    let code = u32::from(c).checked_sub(FACT)?;
    u8::try_from(code).ok().map(char::from).filter(char::is_ascii_punctuation)
}

/// Everything turned back: for link targets and names, where nothing is to be defused.
pub(super) fn restore(text: &str) -> String {
    text.chars().map(|c| shown(c).unwrap_or(c)).collect()
}

/// A stranger's text as plain lines: LF line ends, no control characters, no blank lines around it.
pub(super) fn lines(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut chars = text.chars().peekable();
    while let Some(c) = chars.next() {
        match c {
            '\r' if chars.peek() == Some(&'\n') => {}
            '\r' | '\u{2028}' | '\u{2029}' => out.push('\n'),
            '\n' | '\t' => out.push(c),
            c if c.is_control() => {}
            c => out.push(c),
        }
    }
    let end = out.trim_end().len();
    out.truncate(end);
    // Only whole blank lines go: the first line's indentation belongs to the text.
    let lead = out.find(|c: char| !c.is_whitespace()).and_then(|first| out.get(..first)?.rfind('\n')).map_or(0, |i| i + 1);
    out.split_off(lead)
}

/// Most characters of a fact in a Subject line.
const SUBJECT_CHARS: usize = 80;

/// A fact in a Subject line: one line, cut, without links and without anything that a reader would decode (RFC 2047).
pub(super) fn subject(text: &str) -> String {
    let mut out = String::with_capacity(text.len().min(4 * SUBJECT_CHARS));
    let clean = |c: char| if c.is_control() || c.is_whitespace() { ' ' } else { c };
    // A longer look than the cut, so that a link across the cut is seen as one; a subject may be megabytes long.
    let head: String = text.chars().take(8 * SUBJECT_CHARS).map(clean).filter(|c| !is_invisible(*c)).collect();
    for word in head.split(' ').filter(|w| !w.is_empty()) {
        if !out.is_empty() {
            out.push(' ');
        }
        match link_start(word) {
            Some(at) => {
                out.push_str(word.get(..at).unwrap_or(""));
                out.push('…');
            }
            None => out.push_str(&word.replace("=?", "=\u{ff1f}")),
        }
    }
    match out.char_indices().nth(SUBJECT_CHARS) {
        Some((end, _)) => format!("{}…", out.get(..end).unwrap_or("").trim_end()),
        None => out,
    }
}

/// Where a link begins in a word, if there is one that a mail client would make clickable.
fn link_start(word: &str) -> Option<usize> {
    let lower = word.to_ascii_lowercase();
    if let Some(at) = lower.find("://") {
        let scheme = lower.get(..at)?.rfind(|c: char| !c.is_ascii_alphanumeric());
        return Some(scheme.map_or(0, |i| i + lower.get(i..).and_then(|s| s.chars().next()).map_or(1, char::len_utf8)));
    }
    if let Some(at) = lower.find("www.") {
        return Some(at);
    }
    let slash = lower.find('/')?;
    let host = lower.get(..slash)?;
    let start = host
        .rfind(|c: char| !(c.is_ascii_alphanumeric() || c == '.' || c == '-'))
        .map_or(0, |i| i + host.get(i..).and_then(|s| s.chars().next()).map_or(1, char::len_utf8));
    let (_, last) = host.get(start..)?.rsplit_once('.')?;
    (last.len() >= 2 && last.bytes().all(|b| b.is_ascii_alphabetic())).then_some(start)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn subjects_are_cut_and_lose_their_links() {
        for (given, wanted) in [
            ("VPN down", "VPN down"),
            ("a\r\nBcc: x@y", "a Bcc: x@y"),
            ("see https://evil.example/x now", "see … now"),
            ("请点击http://evil.cn/a，谢谢", "请点击…"),
            ("WWW.evil.cn", "…"),
            ("win evil.com/prize", "win …"),
            ("report.pdf broken, 3/4 done", "report.pdf broken, 3/4 done"),
            ("=?utf-8?B?AA?=", "=？utf-8?B?AA?="),
            ("a\u{202E}b\u{200B}", "ab"),
        ] {
            assert_eq!(subject(given), wanted, "{given:?}");
        }
        let long = subject(&"很".repeat(500));
        assert_eq!(long.chars().count(), 81);
        assert!(long.ends_with('…'));
    }

    #[test]
    fn facts_stand_on_one_line_and_come_back_whole() {
        let nasty = "  # *x* [y](http://z) <b>\r\n- `q` | \\ & 1. 好";
        let hidden = fact(nasty);
        assert!(!hidden.chars().any(|c| c.is_ascii_punctuation() || c == '\n'), "{hidden:?}");
        assert_eq!(restore(&hidden), "# *x* [y](http://z) <b> - `q` | \\ & 1. 好");
        assert_eq!(fact("\u{F0200}words\u{F0202}"), "\u{FFFD}words\u{FFFD}");
    }

    #[test]
    fn names_stand_apart_from_chinese_words() {
        for (before, given, after, wanted) in [
            ("", "support", "有新工单", "support 有新工单"),
            ("", "信息部", "有新工单", "信息部有新工单"),
            ("发给", "Alice Baker", "。", "发给 Alice Baker。"),
            ("发给", "王芳", "。", "发给王芳。"),
            ("由 ", "Li", " 转来", "由 Li 转来"),
            ("**由", "Li", "**转来", "**由 Li**转来"),
            ("主题“", "VPN连不上", "”", "主题“VPN连不上”"),
            ("有", "3", "封", "有 3 封"),
            ("有", "", "封", "有封"),
            ("Hello ", "王芳", ",", "Hello 王芳,"),
        ] {
            assert_eq!(settle(&format!("{before}{}{after}", edged(given))), wanted);
        }
        assert_eq!(fact("a\u{F0203}b"), "a\u{FFFD}b", "nobody else sets an edge");
    }

    #[test]
    fn verbatim_lines_keep_indentation() {
        assert_eq!(lines("\r\n\r\n  a\r\n> b\u{0}\rc\n\n"), "  a\n> b\nc");
        assert_eq!(lines(" \n "), "");
    }
}
