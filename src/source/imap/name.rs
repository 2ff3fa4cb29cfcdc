//! Folder names on the wire: modified UTF-7 (RFC 3501 section 5.1.3) in a quoted string.

use data_encoding::{BASE64_NOPAD, Encoding};

/// The name as servers spell it: `工单` → `&XeVTVQ-`. A name that is spelled so already stays, and `inbox` is `INBOX` in any case
/// (RFC 3501 section 5.1).
pub(super) fn on_the_wire(name: &str) -> String {
    if name.eq_ignore_ascii_case("INBOX") {
        return "INBOX".to_owned();
    }
    if is_encoded(name) { name.to_owned() } else { encode(name) }
}

/// A name as people read it, with the server's spelling behind it where that differs: `工单 (&XeVTVQ-)`.
pub(super) fn as_read(wire: &str) -> String {
    let mut read = String::new();
    let mut parts = wire.split('&');
    read.push_str(parts.next().unwrap_or_default());
    for part in parts {
        let Some((sequence, rest)) = part.split_once('-') else { return wire.to_owned() };
        let Ok(bytes) = BASE64_NOPAD.decode(sequence.replace(',', "/").as_bytes()) else { return wire.to_owned() };
        let units = bytes.as_chunks::<2>().0.iter().map(|pair| u16::from_be_bytes(*pair));
        if sequence.is_empty() {
            read.push('&');
        }
        read.extend(char::decode_utf16(units).map(|c| c.unwrap_or(char::REPLACEMENT_CHARACTER)));
        read.push_str(rest);
    }
    if read == wire { read } else { format!("{read} ({wire})") }
}

/// A quoted string (RFC 3501 section 9); CR, LF and NUL, which it cannot hold, are left out.
pub(super) fn quoted(text: &str) -> String {
    let mut out = String::with_capacity(text.len() + 2);
    out.push('"');
    for c in text.chars().filter(|c| !matches!(c, '\r' | '\n' | '\0')) {
        if matches!(c, '"' | '\\') {
            out.push('\\');
        }
        out.push(c);
    }
    out.push('"');
    out
}

fn encode(name: &str) -> String {
    let mut out = String::new();
    let mut shifted: Vec<u8> = Vec::new();
    for c in name.chars() {
        if matches!(c, ' '..='~') {
            unshift(&mut out, &mut shifted);
            out.push(c);
            if c == '&' {
                out.push('-');
            }
        } else {
            shifted.extend(c.encode_utf16(&mut [0; 2]).iter().flat_map(|unit| unit.to_be_bytes()));
        }
    }
    unshift(&mut out, &mut shifted);
    out
}

fn unshift(out: &mut String, shifted: &mut Vec<u8>) {
    if !shifted.is_empty() {
        out.push('&');
        out.push_str(&BASE64_NOPAD.encode(shifted).replace('/', ","));
        out.push('-');
        shifted.clear();
    }
}

/// Does the name hold an `&`, and does every one begin a sound sequence?
fn is_encoded(name: &str) -> bool {
    let base64: &Encoding = &BASE64_NOPAD;
    let sound = |part: &str| {
        part.split_once('-').is_some_and(|(sequence, _)| {
            let bytes = base64.decode(sequence.replace(',', "/").as_bytes());
            sequence.is_empty() || bytes.is_ok_and(|bytes| !bytes.is_empty() && bytes.len() % 2 == 0)
        })
    };
    name.is_ascii() && name.contains('&') && name.split('&').skip(1).all(sound)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_as_servers_spell_them() {
        let cases = [
            ("inbox", "INBOX"),
            ("Support/Alerts", "Support/Alerts"),
            ("工单", "&XeVTVQ-"),
            ("&XeVTVQ-", "&XeVTVQ-"),
            ("~peter/mail/台北/日本語", "~peter/mail/&U,BTFw-/&ZeVnLIqe-"),
            ("Hi Mom ☺!", "Hi Mom &Jjo-!"),
            ("R&D", "R&-D"),
            ("R&-D", "R&-D"),
            ("R&D-Team", "R&-D-Team"),
            ("Größe & Maß", "Gr&APYA3w-e &- Ma&AN8-"),
            ("📥", "&2D3c5Q-"),
        ];
        for (name, wire) in cases {
            assert_eq!(on_the_wire(name), wire);
            assert_eq!(on_the_wire(wire), wire);
        }
    }

    #[test]
    fn names_as_people_read_them() {
        for (wire, read) in [
            ("INBOX", "INBOX"),
            ("&XeVTVQ-", "工单 (&XeVTVQ-)"),
            ("~peter/mail/&U,BTFw-/&ZeVnLIqe-", "~peter/mail/台北/日本語 (~peter/mail/&U,BTFw-/&ZeVnLIqe-)"),
            ("R&-D", "R&D (R&-D)"),
            ("&2D3c5Q-", "📥 (&2D3c5Q-)"),
            ("R&D", "R&D"),
            ("&?-", "&?-"),
        ] {
            assert_eq!(as_read(wire), read);
        }
    }

    #[test]
    fn a_quoted_string_cannot_be_left() {
        assert_eq!(quoted("a\"b\\c\r\nA1 LOGOUT"), "\"a\\\"b\\\\cA1 LOGOUT\"");
    }
}
