//! What is taken out of a fact before a mail shows it.

use std::borrow::Cow;

use crate::domain::text::is_invisible;

/// A fact on one line.
pub(super) fn fact(text: &str) -> Cow<'_, str> {
    let text = text.trim();
    let odd = |c: char| c != ' ' && (c.is_whitespace() || c.is_control());
    if !text.contains(odd) && !text.contains("  ") {
        return Cow::Borrowed(text);
    }
    let words = text.split(|c: char| c.is_whitespace() || c.is_control()).filter(|word| !word.is_empty());
    Cow::Owned(words.collect::<Vec<_>>().join(" "))
}

/// A stranger's text as plain lines: LF line ends, no control characters, no blank lines around it.
pub(super) fn lines(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    let odd = |c: char| matches!(c, '\u{2028}' | '\u{2029}') || (c.is_control() && !matches!(c, '\n' | '\t'));
    while let Some((before, from)) = rest.find(odd).and_then(|at| rest.split_at_checked(at)) {
        out.push_str(before);
        let mut chars = from.chars();
        if matches!(chars.next(), Some('\r' | '\u{2028}' | '\u{2029}')) && !from.starts_with("\r\n") {
            out.push('\n');
        }
        rest = chars.as_str();
    }
    out.push_str(rest);
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
    fn facts_stand_on_one_line() {
        for (given, wanted) in [("  # *x*\r\n- `q`  |\u{1}好 ", "# *x* - `q` | 好"), ("a b", "a b"), (" \t", ""), ("a\u{3000}b", "a b")] {
            assert_eq!(fact(given), wanted, "{given:?}");
        }
    }

    #[test]
    fn verbatim_lines_keep_indentation() {
        assert_eq!(lines("\r\n\r\n  a\r\n> b\u{0}\rc\n\n"), "  a\n> b\nc");
        assert_eq!(lines(" \n "), "");
    }
}
