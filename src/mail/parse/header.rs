//! Header fields (RFC 5322 section 2.2) from raw bytes: split, unfolded, decoded (RFC 2047, RFC 2231, RFC 6532).
//!
//! mail-parser decodes each encoded-word alone and takes raw 8-bit bytes for UTF-8. Foxmail and Outlook cut a GBK character between two
//! words and old webmails send raw GBK, both of which would end in U+FFFD, so fields are decoded here from their raw bytes: neighbouring
//! words of one charset are joined before they are decoded.

use std::borrow::Cow;

use memchr::memchr;

use super::{Defects, charset};
use crate::domain::message::{Address, MessageId, Person};
use crate::transfer::decode;

/// More fields than this are not read.
const FIELDS: usize = 1000;
/// Bytes of a header that are read; RFC 5322 knows no limit, servers refuse far less.
const HEADER: usize = 512 * 1024;
/// Bytes of an encoded-word; RFC 2047 section 2 allows 75, some writers know no limit.
const WORD: usize = 16 * 1024;

/// One field, as it stands in the raw mail.
#[derive(Debug, Clone, Copy)]
pub struct Field<'a> {
    /// Name as written.
    pub name: &'a str,
    /// Everything after the colon, with its folds.
    pub value: &'a [u8],
}

/// A header and the body behind it.
#[derive(Debug, Clone, Default)]
pub struct Header<'a> {
    /// Fields in order.
    pub fields: Vec<Field<'a>>,
    /// What follows the empty line.
    pub body: &'a [u8],
    /// The empty line was there.
    pub closed: bool,
    /// There was more of it than is read.
    pub cut: bool,
}

impl<'a> Header<'a> {
    /// Splits a message or part. A line that is no field ends the header, as no writer puts it there but many forget the empty line.
    pub fn split(raw: &'a [u8]) -> Header<'a> {
        let mut header = Header { fields: Vec::new(), body: raw, closed: false, cut: false };
        let mut rest = raw;
        let mut read = 0_usize;
        while !rest.is_empty() {
            let (line, after) = line(rest);
            if line.is_empty() {
                header.closed = true;
                header.body = after;
                return header;
            }
            let Some((name, value_at)) = field_name(line) else {
                let envelope = header.fields.is_empty() && (line.starts_with(b"From ") || line.starts_with(b">From "));
                let stray = !header.fields.is_empty() && line.starts_with(b">From ");
                if envelope || stray {
                    rest = after;
                    continue;
                }
                header.body = rest;
                return header;
            };
            let end = field_end(rest);
            let value = rest.get(value_at..end).unwrap_or_default();
            read += end;
            if header.fields.len() < FIELDS && read <= HEADER {
                header.fields.push(Field { name, value });
            } else {
                header.cut = true;
            }
            rest = rest.get(end..).unwrap_or_default();
        }
        header.body = rest;
        header
    }

    /// The first field of this name, any case.
    pub fn get(&self, name: &str) -> Option<&'a [u8]> {
        self.fields.iter().find(|f| f.name.eq_ignore_ascii_case(name)).map(|f| f.value)
    }
}

/// The first line without its end, and what follows it.
fn line(bytes: &[u8]) -> (&[u8], &[u8]) {
    let end = memchr(b'\n', bytes).map_or(bytes.len(), |i| i + 1);
    let (line, after) = bytes.split_at_checked(end).unwrap_or((bytes, &[]));
    let line = line.strip_suffix(b"\n").unwrap_or(line);
    (line.strip_suffix(b"\r").unwrap_or(line), after)
}

/// The name of a field and where its value begins; `None` where the line is no field.
fn field_name(line: &[u8]) -> Option<(&str, usize)> {
    let colon = memchr(b':', line.get(..line.len().min(200))?)?;
    let name = std::str::from_utf8(line.get(..colon)?).ok()?.trim_end_matches([' ', '\t']);
    (!name.is_empty() && name.bytes().all(|b| b.is_ascii_graphic())).then_some((name, colon + 1))
}

/// Where a field ends: after the last line that begins with white space and holds something.
fn field_end(bytes: &[u8]) -> usize {
    let mut end = 0;
    loop {
        let rest = bytes.get(end..).unwrap_or_default();
        match memchr(b'\n', rest) {
            None => return bytes.len(),
            Some(i) => end += i + 1,
        }
        if !matches!(bytes.get(end), Some(b' ' | b'\t')) {
            return end;
        }
    }
}

/// A value on one line, raw bytes as text, encoded-words untouched.
pub fn unfold<'a>(value: &'a [u8], defects: &mut Defects) -> Cow<'a, str> {
    let value = value.trim_ascii();
    let (text, defect) = charset::header(value);
    defects.add(defect);
    if !has_controls(text.as_bytes()) {
        return text;
    }
    let mut out = String::with_capacity(text.len());
    let mut lines = text.split(['\r', '\n']);
    out.push_str(lines.next().unwrap_or_default());
    for line in lines.map(|line| line.trim_start_matches([' ', '\t'])).filter(|line| !line.is_empty()) {
        out.push(' ');
        out.push_str(line);
    }
    if has_controls(out.as_bytes()) {
        out = out.replace('\t', " ");
        out.retain(|c| !c.is_control());
    }
    Cow::Owned(out)
}

/// All bytes are looked at, for that is done many at a time.
fn has_controls(bytes: &[u8]) -> bool {
    bytes.iter().fold(false, |found, b| found | (*b < b' ') | (*b == 0x7f))
}

/// A value unfolded and decoded.
pub fn text(value: &[u8], defects: &mut Defects) -> String {
    let line = unfold(value, defects);
    if line.contains("=?") { words(&line, defects) } else { line.into_owned() }
}

/// One encoded-word: `=?charset*language?B|Q?text?=`.
struct Word<'a> {
    charset: &'a str,
    bytes: Vec<u8>,
}

/// Reads an encoded-word at the start of a text; gives it and what follows.
fn encoded_word(text: &str) -> Option<(Word<'_>, &str)> {
    let rest = text.strip_prefix("=?")?;
    let (charset, rest) = near(rest, 80)?;
    let (kind, rest) = near(rest, 4)?;
    let sound = !charset.is_empty() && charset.len() < 60 && charset.bytes().all(|b| b.is_ascii_graphic());
    // Looking on to the end for each start would take quadratic time.
    let end = memchr::memmem::find(rest.as_bytes().get(..WORD).unwrap_or(rest.as_bytes()), b"?=")?;
    let (body, after) = (rest.get(..end)?, rest.get(end + 2..)?);
    if !sound {
        return None;
    }
    let bytes = match kind {
        "b" | "B" => decode::base64(body.as_bytes(), usize::MAX),
        "q" | "Q" => decode::quoted_printable(body.replace('_', " ").as_bytes(), usize::MAX),
        _ => return None,
    };
    Some((Word { charset: charset.split('*').next().unwrap_or(charset), bytes }, after))
}

/// What stands before and behind the next question mark, where that is near.
fn near(text: &str, limit: usize) -> Option<(&str, &str)> {
    let at = memchr(b'?', text.as_bytes().get(..limit).unwrap_or(text.as_bytes()))?;
    Some((text.get(..at)?, text.get(at + 1..)?))
}

/// Decodes the encoded-words of a text; joins neighbours of one charset before decoding, drops the white space between neighbours.
pub fn words(text: &str, defects: &mut Defects) -> String {
    let mut out = String::with_capacity(text.len());
    let mut pending: Option<(String, Vec<u8>)> = None;
    let mut rest = text;
    let mut flush = |pending: &mut Option<(String, Vec<u8>)>, out: &mut String| {
        if let Some((label, bytes)) = pending.take() {
            let (text, defect) = charset::decode(&bytes, Some(&label));
            defects.add(defect);
            out.extend(text.chars().map(|c| if c.is_control() { ' ' } else { c }));
        }
    };
    while let Some(at) = rest.find("=?") {
        let (literal, tail) = rest.split_at_checked(at).unwrap_or((rest, ""));
        let Some((word, after)) = encoded_word(tail) else {
            flush(&mut pending, &mut out);
            out.push_str(literal);
            out.push_str("=?");
            rest = tail.strip_prefix("=?").unwrap_or("");
            continue;
        };
        let neighbour = pending.is_some() && literal.trim().is_empty();
        match &mut pending {
            Some((label, bytes)) if neighbour && label.eq_ignore_ascii_case(word.charset) => bytes.extend_from_slice(&word.bytes),
            _ => {
                flush(&mut pending, &mut out);
                if !neighbour {
                    out.push_str(literal);
                }
                pending = Some((word.charset.to_owned(), word.bytes));
            }
        }
        rest = after;
    }
    flush(&mut pending, &mut out);
    out.push_str(rest);
    out
}

/// The mailboxes of an address field (RFC 5322 section 3.4), with groups flattened; what has no address is left out.
pub fn people(value: &[u8], defects: &mut Defects) -> Vec<Person> {
    let line = unfold(value, defects);
    let mut found = Vec::new();
    for piece in split_mailboxes(&line) {
        if let Some(person) = mailbox(piece, defects) {
            found.push(person);
        } else if piece.contains("=?") {
            // Some clients encode name and address as one word.
            let decoded = words(piece, defects);
            found.extend(split_mailboxes(&decoded).into_iter().filter_map(|p| mailbox(p, defects)));
        }
        if found.len() >= 1000 {
            break;
        }
    }
    found
}

/// Cuts at commas and semicolons outside quotes, comments and angle brackets; a group's name falls away.
fn split_mailboxes(line: &str) -> Vec<&str> {
    let mut pieces = Vec::new();
    let (mut quoted, mut angle, mut comment, mut escaped) = (false, false, 0_usize, false);
    let mut start = 0;
    let mut cut = |start: usize, end: usize| {
        let piece = line.get(start..end).unwrap_or("").trim();
        if !piece.is_empty() {
            pieces.push(piece);
        }
    };
    // Some mailers leave the comma of `Meier, Anna` bare inside an encoded-word.
    let mut word_ends = 0;
    for (i, c) in line.char_indices() {
        if std::mem::take(&mut escaped) || i < word_ends {
            continue;
        }
        match c {
            '=' if !quoted && comment == 0 && !angle => word_ends = i + unbroken_word(line.get(i..).unwrap_or("")),
            '\\' if quoted || comment > 0 => escaped = true,
            '"' if comment == 0 && !angle => quoted = !quoted,
            _ if quoted => {}
            '(' => comment += 1,
            ')' => comment = comment.saturating_sub(1),
            _ if comment > 0 => {}
            '<' => angle = true,
            '>' => angle = false,
            ',' | ';' | '，' | '；' if !angle => {
                cut(start, i);
                start = i + c.len_utf8();
            }
            ':' if !angle => start = i + 1,
            _ => {}
        }
    }
    // An unclosed quote or bracket swallows the rest; take it as it is.
    cut(start, line.len());
    pieces
}

/// The length of an encoded-word that a text begins with; 0 where white space stands in it, for then it may be none.
fn unbroken_word(text: &str) -> usize {
    let length = encoded_word(text).map_or(0, |(_, after)| text.len() - after.len());
    let unbroken = text.get(..length).is_some_and(|word| !word.contains(char::is_whitespace));
    if unbroken { length } else { 0 }
}

/// `Name <address>`, `address (Name)` or `address`.
fn mailbox(piece: &str, defects: &mut Defects) -> Option<Person> {
    let (name, address) = match piece.rfind('<') {
        Some(at) => {
            let (name, rest) = piece.split_at_checked(at)?;
            (name.trim(), rest.trim_start_matches('<').split('>').next().unwrap_or(""))
        }
        None => match piece.split_once('(') {
            Some((address, comment)) => (comment.trim_end().trim_end_matches(')'), address),
            None => ("", piece),
        },
    };
    // A source route (RFC 5321 section 4.1.2) stands before the address: `@a,@b:user@c`.
    let address = address.rsplit_once(':').map_or(address, |(_, last)| last).trim().trim_matches(['"', '\'']);
    let address = Address::parse(address)?;
    Some(Person { name: unquote(name, defects), address })
}

fn unquote(name: &str, defects: &mut Defects) -> String {
    let name = name.trim();
    let bare = match name.strip_prefix('"').and_then(|n| n.strip_suffix('"')) {
        Some(inside) => inside.replace("\\\"", "\"").replace("\\\\", "\\"),
        None => name.replace("\\\"", "\""),
    };
    let decoded = if bare.contains("=?") { words(&bare, defects) } else { bare };
    decoded.trim().trim_matches('"').trim().to_owned()
}

/// The ids in a Message-ID, In-Reply-To or References field; the oldest and the newest of a very long list.
pub fn ids(value: &[u8], defects: &mut Defects) -> Vec<MessageId> {
    let mut line = unfold(value, defects);
    if line.contains("=?") {
        line = Cow::Owned(words(&line, defects));
    }
    let mut found: Vec<MessageId> = Vec::new();
    let mut add = |text: &str| {
        let text: Cow<'_, str> = if text.contains(' ') { Cow::Owned(text.replace(' ', "")) } else { Cow::Borrowed(text) };
        if let Some(id) = MessageId::parse(&text)
            && !found.contains(&id)
        {
            // Keep the first (our anchor stands there) and the last hundred.
            if found.len() > 200 {
                found.remove(1);
            }
            found.push(id);
        }
    };
    if line.contains('<') {
        line.split('<').skip(1).filter_map(|piece| piece.split_once('>')).for_each(|(id, _)| add(id));
    } else {
        line.split_whitespace().filter(|w| w.contains('@') || !line.contains(' ')).for_each(&mut add);
    }
    found
}

/// A structured MIME field: `type/subtype; name=value; …` with RFC 2231 continuations and charsets.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Params {
    /// What stands before the first semicolon, lower case.
    pub value: String,
    params: Vec<(String, String)>,
}

impl Params {
    /// Reads a Content-Type or Content-Disposition field.
    pub fn read(value: &[u8], defects: &mut Defects) -> Params {
        let line = unfold(value, defects);
        let mut pieces = split_params(&line).into_iter();
        let value: String = pieces.next().unwrap_or("").split_whitespace().collect::<String>().to_ascii_lowercase();
        let mut plain: Vec<(String, String)> = Vec::new();
        let mut parted: Vec<(String, u32, bool, String)> = Vec::new();
        for piece in pieces.take(100) {
            let Some((name, value)) = piece.split_once('=') else { continue };
            let name = name.trim().to_ascii_lowercase();
            let value = unquote_param(value);
            match name.split_once('*') {
                None => plain.push((name, if value.contains("=?") { words(&value, defects) } else { value })),
                Some((base, section)) => {
                    let encoded = section.is_empty() || section.ends_with('*');
                    let order = section.trim_end_matches('*').parse().unwrap_or(0);
                    parted.push((base.to_owned(), order, encoded, value));
                }
            }
        }
        parted.sort_by(|a, b| (&a.0, a.1).cmp(&(&b.0, b.1)));
        let mut params = join_sections(&parted, defects);
        // RFC 2231 wins over a plain parameter of the same name: that one is for old readers.
        plain.retain(|(name, _)| !params.iter().any(|(n, _)| n == name));
        params.extend(plain);
        Params { value, params }
    }

    /// A parameter by its lower-case name.
    pub fn get(&self, name: &str) -> Option<&str> {
        self.params.iter().find(|(n, _)| n == name).map(|(_, v)| v.as_str()).filter(|v| !v.is_empty())
    }
}

/// Joins `name*0*=charset'lang'…; name*1=…` (RFC 2231 section 3), sections sorted.
fn join_sections(parted: &[(String, u32, bool, String)], defects: &mut Defects) -> Vec<(String, String)> {
    let mut joined: Vec<(String, String)> = Vec::new();
    for sections in parted.chunk_by(|a, b| a.0 == b.0) {
        let mut label = None;
        let mut bytes = Vec::new();
        for (_, order, encoded, value) in sections {
            let mut value = value.as_str();
            if *encoded && *order == 0 {
                let mut quotes = value.splitn(3, '\'');
                if let (Some(charset), Some(_), Some(text)) = (quotes.next(), quotes.next(), quotes.next()) {
                    label = Some(charset.to_owned());
                    value = text;
                }
            }
            if *encoded { bytes.extend(percent(value)) } else { bytes.extend_from_slice(value.as_bytes()) }
        }
        let (text, defect) = charset::decode(&bytes, label.as_deref());
        defects.add(defect);
        let name = sections.first().map(|s| s.0.clone()).unwrap_or_default();
        let text = if text.contains("=?") { words(&text, defects) } else { text.into_owned() };
        joined.push((name, text));
    }
    joined
}

fn percent(text: &str) -> Vec<u8> {
    let mut out = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes().iter();
    while let Some(&byte) = rest.next() {
        match (byte, rest.as_slice()) {
            (b'%', [a, b, ..]) if a.is_ascii_hexdigit() && b.is_ascii_hexdigit() => {
                out.push(decode::hex(*a) << 4 | decode::hex(*b));
                rest.nth(1);
            }
            _ => out.push(byte),
        }
    }
    out
}

/// Cuts at semicolons outside quotes.
fn split_params(line: &str) -> Vec<&str> {
    let (mut quoted, mut escaped, mut start) = (false, false, 0);
    let mut pieces = Vec::new();
    for (i, c) in line.char_indices() {
        if std::mem::take(&mut escaped) {
            continue;
        }
        match c {
            '\\' if quoted => escaped = true,
            '"' => quoted = !quoted,
            ';' if !quoted => {
                pieces.push(line.get(start..i).unwrap_or(""));
                start = i + 1;
            }
            _ => {}
        }
    }
    pieces.push(line.get(start..).unwrap_or(""));
    pieces
}

/// Quotes off; a backslash stands for itself before anything but a quote or a backslash, as Windows paths stand in names.
fn unquote_param(value: &str) -> String {
    let value = value.trim();
    let inside = value.strip_prefix('"').map(|v| v.strip_suffix('"').unwrap_or(v));
    inside.map_or_else(|| value.to_owned(), |v| v.replace("\\\"", "\"").replace("\\\\", "\\"))
}
