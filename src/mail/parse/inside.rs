//! What stands inside a text: the frame of a cleartext signature, files in uuencode.

use std::ops::Range;

const SIGNED: &str = "-----BEGIN PGP SIGNED MESSAGE-----";
const SIGNATURE: &str = "-----BEGIN PGP SIGNATURE-----";
const SIGNATURE_END: &str = "-----END PGP SIGNATURE-----";

/// The words of a text with a cleartext signature (RFC 9580 section 7): header and signature off, escaped dashes back; what stands around
/// it stays. `None` where there is no such signature.
pub fn signed_words(text: &str) -> Option<String> {
    if !text.contains(SIGNED) {
        return None;
    }
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

/// Cuts files in uuencode (IEEE Std 1003.1, uuencode) out of a text, a line with the name in place of each. True where there was one.
pub fn without_uuencoded(text: &mut String) -> bool {
    let mut found = false;
    let mut from = 0;
    while let Some((place, name)) = next_uuencoded(text, from) {
        let line = format!("[{name}]\n");
        from = place.start + line.len();
        text.replace_range(place, &line);
        found = true;
    }
    found
}

/// The next file at or behind `from`, and its name.
fn next_uuencoded(text: &str, from: usize) -> Option<(Range<usize>, String)> {
    let mut at = from;
    loop {
        let rest = text.get(at..)?;
        let begin = at + if rest.starts_with("begin ") { 0 } else { rest.find("\nbegin ")? + 1 };
        let (head, body) = text.get(begin..)?.split_once('\n')?;
        match file_name(head).zip(encoded_length(body)) {
            Some((name, length)) => return Some((begin..begin + head.len() + 1 + length, name)),
            None => at = begin + head.len(),
        }
    }
}

/// `begin 644 report.doc` → the name.
fn file_name(head: &str) -> Option<String> {
    let (mode, name) = head.strip_prefix("begin ")?.split_once(' ')?;
    let sound = (3..=4).contains(&mode.len()) && mode.bytes().all(|b| matches!(b, b'0'..=b'7'));
    (sound && !name.trim().is_empty()).then(|| name.trim().chars().filter(|c| !c.is_control()).take(200).collect())
}

/// How long the lines of a file are, with its `end`; `None` where a line is no such line.
fn encoded_length(body: &str) -> Option<usize> {
    let mut length = 0;
    for line in body.split_inclusive('\n') {
        length += line.len();
        let bare = line.trim_end_matches(['\r', '\n']);
        if bare.trim_end() == "end" {
            return Some(length);
        }
        let bytes = bare.bytes().next().map_or(0, |b| usize::from(b.wrapping_sub(b' ') & 0x3f));
        let letters = bare.len().saturating_sub(1);
        let sound = bare.bytes().all(|b| (b' '..=b'`').contains(&b)) && letters <= bytes.div_ceil(3) * 4 + 2;
        if !sound {
            return None;
        }
    }
    None
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
        for (text, left) in [
            (format!("see\n{file}bye"), Some("see\n[cat.txt]\nbye")),
            (format!("{file}{file}"), Some("[cat.txt]\n[cat.txt]\n")),
            ("begin 644 of them\nare broken\nend\n".to_owned(), None),
            ("to\nbegin with\nend".to_owned(), None),
            ("begin 644 a\n#0V%T\n".to_owned(), None),
        ] {
            let mut cut = text.clone();
            assert_eq!((without_uuencoded(&mut cut).then_some(cut.as_str())), left, "{text}");
        }
    }
}
