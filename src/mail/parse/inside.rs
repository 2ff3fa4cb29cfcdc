//! What stands inside a text: the frame of a cleartext signature, files in uuencode.

use std::borrow::Cow;
use std::ops::Range;

const SIGNED: &str = "-----BEGIN PGP SIGNED MESSAGE-----";
const SIGNATURE: &str = "-----BEGIN PGP SIGNATURE-----";
const SIGNATURE_END: &str = "-----END PGP SIGNATURE-----";

/// The words of a text with a cleartext signature (RFC 9580 section 7): header and signature off, escaped dashes back; what stands around
/// it stays. `None` where there is no such signature.
pub fn signed_words(text: &str) -> Option<String> {
    memchr::memmem::find(text.as_bytes(), SIGNED.as_bytes())?;
    let mut out = String::with_capacity(text.len());
    let mut place = Place::Outside;
    for line in text.lines() {
        let bare = line.trim_end();
        place = match (place, bare) {
            (Place::Outside, SIGNED) => Place::Header,
            (Place::Header, "") => Place::Words,
            (Place::Header, _) => Place::Header,
            (Place::Words, SIGNATURE) => Place::Signature,
            (Place::Signature, SIGNATURE_END) => Place::Outside,
            (Place::Signature, _) => Place::Signature,
            (place, _) => {
                out.push_str(if place == Place::Words { line.strip_prefix("- ").unwrap_or(line) } else { line });
                out.push('\n');
                place
            }
        };
    }
    (place == Place::Outside).then_some(out)
}

#[derive(Clone, Copy, PartialEq)]
enum Place {
    Outside,
    Header,
    Words,
    Signature,
}

/// Files in uuencode that are looked for in one text.
pub const FILES: usize = 100;

/// A file in uuencode inside a text (IEEE Std 1003.1, uuencode).
#[derive(Debug, Clone, PartialEq)]
pub struct File<'a> {
    /// Its name, in the charset of the text.
    pub name: &'a [u8],
    /// From `begin` to the line behind `end`.
    pub whole: Range<usize>,
    /// The lines between these.
    pub lines: Range<usize>,
}

/// The files in a text. What has no sound end is none.
pub fn files(text: &[u8]) -> Vec<File<'_>> {
    let mut found: Vec<File<'_>> = Vec::new();
    for at in memchr::memmem::find_iter(text, b"begin ") {
        let inside = found.last().is_some_and(|file| at < file.whole.end);
        if inside || !(at == 0 || text.get(at - 1) == Some(&b'\n')) {
            continue;
        }
        found.extend(file_at(text, at));
        if found.len() >= FILES {
            break;
        }
    }
    found
}

fn file_at(text: &[u8], begin: usize) -> Option<File<'_>> {
    let head_end = begin + memchr::memchr(b'\n', text.get(begin..)?)?;
    let name = file_name(text.get(begin..head_end)?)?;
    let start = head_end + 1;
    let mut at = start;
    for line in text.get(start..)?.split_inclusive(|b| *b == b'\n') {
        if line.trim_ascii_end() == b"end" {
            return Some(File { name, whole: begin..at + line.len(), lines: start..at });
        }
        if !is_line(line.strip_suffix(b"\n").map_or(line, |line| line.strip_suffix(b"\r").unwrap_or(line))) {
            return None;
        }
        at += line.len();
    }
    None
}

/// `begin 644 report.doc` → the name.
fn file_name(head: &[u8]) -> Option<&[u8]> {
    let rest = head.strip_prefix(b"begin ")?;
    let (mode, name) = rest.split_at_checked(memchr::memchr(b' ', rest)?)?;
    let sound = (3..=4).contains(&mode.len()) && mode.iter().all(|b| matches!(b, b'0'..=b'7'));
    let name = name.trim_ascii();
    (sound && !name.is_empty()).then(|| name.get(..400).unwrap_or(name))
}

/// The first letter says how many bytes the others are.
fn is_line(line: &[u8]) -> bool {
    let bytes = line.first().map_or(0, |b| usize::from(b.wrapping_sub(b' ') & 0x3f));
    let letters = line.len().saturating_sub(1);
    line.iter().all(|b| (b' '..=b'`').contains(b)) && letters <= bytes.div_ceil(3) * 4 + 2
}

/// The text with a line that names it in the place of each file.
pub fn without<'a>(text: &'a [u8], files: &[File<'_>]) -> Cow<'a, [u8]> {
    if files.is_empty() {
        return Cow::Borrowed(text);
    }
    let (mut out, mut at) = (Vec::new(), 0);
    for file in files {
        out.extend_from_slice(text.get(at..file.whole.start).unwrap_or_default());
        out.extend([b"[", file.name, b"]\n"].concat());
        at = file.whole.end;
    }
    out.extend_from_slice(text.get(at..).unwrap_or_default());
    Cow::Owned(out)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cleartext_signatures() {
        let signed = |words: &str| format!("{SIGNED}\nHash: SHA256\n\n{words}\n{SIGNATURE}\n\niQEzBAEB\n{SIGNATURE_END}\n");
        for (text, words) in [
            (signed("Hello\n- -- \nLi"), Some("Hello\n-- \nLi\n")),
            (format!("above\n{}below", signed("x")), Some("above\nx\nbelow\n")),
            (format!("{SIGNED}\nHash: SHA256\n\ncut off"), None),
            ("plain".to_owned(), None),
        ] {
            assert_eq!(signed_words(&text).as_deref(), words, "{text}");
        }
    }

    #[test]
    fn files_in_uuencode() {
        let file = "begin 644 cat.txt\n#0V%T\n`\nend\n";
        let wrong = |line: &str| format!("begin 644 a\n{line}\nend\n");
        for (text, left, names) in [
            (format!("see\n{file}bye"), "see\n[cat.txt]\nbye", vec!["cat.txt"]),
            (format!("{file}{file}"), "[cat.txt]\n[cat.txt]\n", vec!["cat.txt"; 2]),
            (file.replace('\n', "\r\n"), "[cat.txt]\n", vec!["cat.txt"]),
            ("begin 0644 报告 1.doc\nend".to_owned(), "[报告 1.doc]\n", vec!["报告 1.doc"]),
            ("begin 644 of them\nare broken\nend\n".to_owned(), "", vec![]),
            ("to\nbegin with\nend".to_owned(), "", vec![]),
            ("begin 644 a\n#0V%T\n".to_owned(), "", vec![]),
            ("x begin 644 a\n#0V%T\nend\n".to_owned(), "", vec![]),
            ("begin 999 a\n#0V%T\nend\n".to_owned(), "", vec![]),
            ("begin 644  \n#0V%T\nend\n".to_owned(), "", vec![]),
            (wrong("#0V%T0V%T0V%T"), "", vec![]),
            (wrong("#0v%t"), "", vec![]),
        ] {
            let found = files(text.as_bytes());
            assert_eq!(found.iter().map(|file| std::str::from_utf8(file.name).unwrap()).collect::<Vec<_>>(), names, "{text}");
            let left = if left.is_empty() { text.as_str() } else { left };
            assert_eq!(String::from_utf8_lossy(&without(text.as_bytes(), &found)), left, "{text}");
        }
        assert_eq!(files(file.repeat(1000).as_bytes()).len(), FILES);
        assert!(files("begin 644 a\n#0V%T\n".repeat(100_000).as_bytes()).is_empty());
    }
}
