//! Raw bytes → [`Reading`], once; total: any bytes give a reading, with defects for what was wrong.
//!
//! mail-parser lends its dates and rarer charsets. The header, the tree of parts and the charsets of Chinese mail are read here, since
//! its walk has no limit, decodes every attachment and trusts every label (see `header`, `mime`, `charset`).
//! Memory: the raw mail, one decoded text of at most `TEXT` bytes, and facts.

mod charset;
mod events;
mod header;
mod inside;
mod mime;
mod notice;
mod report;
mod smime;
mod subject;

use std::borrow::Cow;

use chrono::{DateTime, Utc};

use self::header::Header;
use self::mime::Part;
use self::subject::Prefix;
use super::{body, html};
use crate::domain::attachment::{Attachment, Span, Transfer};
use crate::domain::message::{Address, Defect, MessageId, Original, Person, Reading};
use crate::domain::{forward, reply};

/// Bytes of decoded text that are read.
const TEXT: usize = 1024 * 1024;
/// Bytes of a mail wrapped in its signature that are looked at.
const OPAQUE: usize = 8 * 1024 * 1024;

/// How an encrypted message begins inside a text (RFC 9580 section 6.2).
const PGP_MESSAGE: &str = "-----BEGIN PGP MESSAGE-----";

/// Addresses of the border that are kept.
const DELIVERED: usize = 50;

/// What was wrong, each once.
#[derive(Debug, Default)]
struct Defects(Vec<Defect>);

impl Defects {
    fn add(&mut self, defect: Option<Defect>) {
        if let Some(defect) = defect
            && !self.0.contains(&defect)
        {
            self.0.push(defect);
        }
    }
}

/// Reads a mail. `whole_size` is set where `raw` holds the header only.
pub fn read(raw: &[u8], whole_size: Option<u64>) -> Reading {
    let mut defects = Defects::default();
    let bytes = line_ends(raw);
    let parts = mime::walk(bytes.trim_ascii_start(), &mut defects);
    let mut reading = Reading { size: whole_size.unwrap_or(raw.len() as u64), ..Reading::default() };
    let Some(root) = parts.first() else { return reading };
    read_header(&root.header, &mut reading, &mut defects);
    if whole_size.is_some() {
        reading.oversize = true;
        defects.0.retain(|d| *d != Defect::Truncated);
        defects.add(Some(Defect::TooLarge));
    } else {
        read_body(&bytes, &parts, &mut reading, &mut defects);
    }
    carried_mail(&parts, &mut reading);
    reading.language = body::language(&reading.reply.text)
        .or_else(|| body::language(&format!("{}\n{}", reading.base_subject, reading.reply.text)))
        .map(str::to_owned);
    reading.defects = defects.0;
    reading
}

/// Old Macs end lines with CR alone; nobody else does.
fn line_ends(raw: &[u8]) -> Cow<'_, [u8]> {
    let start = raw.get(..4096).unwrap_or(raw);
    if memchr::memchr(b'\n', start).is_none() && memchr::memchr(b'\r', start).is_some() && memchr::memchr(b'\n', raw).is_none() {
        return Cow::Owned(raw.iter().map(|b| if *b == b'\r' { b'\n' } else { *b }).collect());
    }
    Cow::Borrowed(raw)
}

fn read_header(header: &Header<'_>, reading: &mut Reading, defects: &mut Defects) {
    reading.headers = header.fields.iter().map(|f| (f.name.to_owned(), header::text(f.value, defects))).collect();
    let mut people = |name: &str| -> Vec<Person> {
        let fields = header.fields.iter().filter(|f| f.name.eq_ignore_ascii_case(name));
        fields.flat_map(|f| header::people(f.value, defects)).collect()
    };
    reading.from = people("From").into_iter().next();
    reading.sender = people("Sender").into_iter().next().filter(|s| reading.from.as_ref().is_none_or(|f| f.address != s.address));
    reading.reply_to = people("Reply-To");
    reading.to = people("To");
    reading.cc = people("Cc");
    for name in ["Delivered-To", "X-Original-To", "Envelope-To"] {
        for person in people(name) {
            if reading.delivered_to.len() < DELIVERED && !reading.delivered_to.contains(&person.address) {
                reading.delivered_to.push(person.address);
            }
        }
    }
    let mut ids = |name: &str| header.get(name).map(|v| header::ids(v, defects)).unwrap_or_default();
    reading.id = ids("Message-ID").into_iter().next();
    reading.in_reply_to = ids("In-Reply-To");
    reading.references = ids("References");
    let late: Vec<MessageId> = reading.in_reply_to.iter().filter(|id| !reading.references.contains(id)).cloned().collect();
    reading.references.extend(late);
    reading.subject = header.get("Subject").map(|v| header::text(v, defects)).unwrap_or_default();
    reading.subject = reading.subject.split_whitespace().collect::<Vec<_>>().join(" ");
    let (base_subject, prefix) = subject::base(&reading.subject);
    (reading.base_subject, reading.forwarded) = (base_subject, prefix == Prefix::Forward);
    reading.date = reading.header("Date").and_then(date);
    reading.return_path = reading.header("Return-Path").and_then(return_path);
    let none = header.fields.is_empty();
    defects.add(header.cut.then_some(Defect::HeaderTooLarge));
    defects.add(none.then_some(Defect::NoHeader));
    defects.add((!none && reading.from.is_none()).then_some(Defect::NoFrom));
    defects.add((!none && reading.id.is_none()).then_some(Defect::NoMessageId));
}

/// RFC 5322 section 3.3, and what writers make of it.
fn date(value: &str) -> Option<DateTime<Utc>> {
    let parsed = mail_parser::DateTime::parse_rfc822(value).filter(mail_parser::DateTime::is_valid)?;
    DateTime::from_timestamp(parsed.to_timestamp(), 0)
}

/// When a mail arrived, by its own trace: the date of the topmost Received field (RFC 5321 section 4.4), else its Date.
pub fn arrived(reading: &Reading) -> Option<DateTime<Utc>> {
    let trace = reading.header("Received").and_then(|value| value.rsplit_once(';')).and_then(|(_, at)| date(at));
    trace.or(reading.date)
}

/// `<>` is the null reverse-path; what is no address at all says nothing.
fn return_path(value: &str) -> Option<Option<Address>> {
    match value.trim() {
        "<>" => Some(None),
        other => Address::parse(other).map(Some),
    }
}

/// The mail that this one carries, and whether that makes it a forward. An answer carries what it quotes; that is no forward.
fn carried_mail(parts: &[Part<'_>], reading: &mut Reading) {
    let prefix = subject::base(&reading.subject).1;
    if prefix == Prefix::Reply || reading.report.is_some() {
        return;
    }
    let below = forward::below_head(&reading.text, prefix == Prefix::Forward, reading.references.is_empty());
    reading.forwarded |= below.as_ref().is_some_and(|head| head.certain);
    let attached = || parts.iter().find(|part| part.kind.value == "message/rfc822").and_then(attached_mail);
    reading.original = below.and_then(|head| head.original).or_else(attached).map(|mut original| {
        original.subject = subject::base(&original.subject).0;
        let own = reply::own_words(&original.text, None).text;
        let words = if own.is_empty() { original.text.as_str() } else { &own };
        let told = body::language(words).or_else(|| body::language(&format!("{}\n{words}", original.subject)));
        original.language = told.map(str::to_owned);
        Box::new(original)
    });
}

/// A mail that is attached whole; what that one carries is not looked at.
fn attached_mail(part: &Part<'_>) -> Option<Original> {
    let bytes = part.decode(2 * TEXT);
    let mut ignored = Defects::default();
    let parts = mime::walk(bytes.trim_ascii_start(), &mut ignored);
    let mut inner = Reading::default();
    read_header(&parts.first()?.header, &mut inner, &mut ignored);
    let mut text = String::new();
    read_words(&parts, &mut text, &mut ignored);
    Some(Original { from: inner.from, subject: inner.subject, text, language: None, id: inner.id, references: inner.references })
}

fn read_body(raw: &[u8], parts: &[Part<'_>], reading: &mut Reading, defects: &mut Defects) {
    let chosen = read_words(parts, &mut reading.text, defects);
    reading.attachments = attachments(raw, parts, &chosen.spoken, defects);
    for part in chosen.texts.iter().filter_map(|at| parts.get(*at)) {
        let files = files_inside(raw, part);
        defects.add((files.len() >= inside::FILES).then_some(Defect::TooManyParts));
        reading.attachments.extend(files);
    }
    read_opaque(parts, &mut reading.text, defects);
    if let Some(words) = inside::signed_words(&reading.text) {
        reading.text = words;
    }
    let armoured = reading.text.contains(PGP_MESSAGE) && reading.text.lines().any(|line| line.trim_end() == PGP_MESSAGE);
    let encrypted = armoured || parts.iter().any(|p| p.kind.value == "multipart/encrypted");
    defects.add(encrypted.then_some(Defect::Encrypted));
    let tnef = |part: &Part<'_>| {
        part.kind.value == "application/ms-tnef" || part.file_name().is_some_and(|n| n.eq_ignore_ascii_case("winmail.dat"))
    };
    defects.add(parts.iter().any(tnef).then_some(Defect::Winmail));
    reading.calendar_method = parts.iter().find_map(calendar_method);
    reading.reply = reply::own_words(&reading.text, None);
    report::read(parts, reading, defects);
}

/// METHOD of a calendar object that the mail speaks by (RFC 6047 section 2.4), lower case; a file that is only attached says nothing.
fn calendar_method(part: &Part<'_>) -> Option<String> {
    if part.kind.value != "text/calendar" || part.disposition.value == "attachment" {
        return None;
    }
    let stated = || {
        let text = part.decode(16 * 1024);
        let lines = text.split(|b| *b == b'\n').map(<[u8]>::trim_ascii);
        let value = lines.filter_map(|l| l.get(..7).filter(|n| n.eq_ignore_ascii_case(b"METHOD:")).and_then(|_| l.get(7..))).next()?;
        std::str::from_utf8(value).ok().map(str::to_owned)
    };
    part.kind.get("method").map(str::to_owned).or_else(stated).map(|m| m.trim().to_ascii_lowercase())
}

/// Adds the text of a mail; which parts are text, or another form of it.
fn read_words(parts: &[Part<'_>], text: &mut String, defects: &mut Defects) -> Chosen {
    let mut chosen = Chosen { texts: Vec::new(), spoken: vec![false; parts.len()] };
    chosen.choose(parts, 0);
    for part in chosen.texts.iter().filter_map(|at| parts.get(*at)) {
        let words = part_text(part, TEXT.saturating_sub(text.len()), defects);
        if !text.is_empty() && !text.ends_with('\n') {
            text.push('\n');
        }
        text.push_str(&words);
    }
    chosen
}

/// Reads a mail that is wrapped in its signature. Its files stay in the wrapping, which is an attachment.
fn read_opaque(parts: &[Part<'_>], text: &mut String, defects: &mut Defects) {
    // Gateways call the type what they like; the name stays (RFC 8551 section 3.9).
    let named = |part: &Part<'_>| part.file_name().is_some_and(|name| name.eq_ignore_ascii_case("smime.p7m"));
    let opaque =
        |part: &&Part<'_>| matches!(part.kind.value.as_str(), "application/pkcs7-mime" | "application/x-pkcs7-mime") || named(part);
    for part in parts.iter().filter(opaque).take(3) {
        match smime::signed_content(&part.decode(OPAQUE)) {
            Some(content) => {
                let inner = mime::walk(content.trim_ascii_start(), defects);
                let chosen = read_words(&inner, text, defects);
                let buried = chosen.texts.iter().filter_map(|at| inner.get(*at)).any(|part| !uuencoded(part).is_empty());
                defects.add(buried.then_some(Defect::Uuencoded));
            }
            None => defects.add(Some(Defect::Encrypted)),
        }
    }
}

/// Which parts are the mail's text.
struct Chosen {
    /// Indices in order of reading.
    texts: Vec<usize>,
    /// Parts that are text or another form of it, and so no attachments.
    spoken: Vec<bool>,
}

impl Chosen {
    /// Walks down as RFC 2046 section 5.1 says; a plain form is preferred, as it is what the writer's mailer took for the words.
    fn choose(&mut self, parts: &[Part<'_>], at: usize) {
        let Some(part) = parts.get(at) else { return };
        let children = part.children.as_slice();
        match part.kind.value.as_str() {
            "multipart/alternative" => self.choose_alternative(parts, children),
            "multipart/related" | "multipart/signed" | "multipart/report" => {
                if let Some(first) = children.first() {
                    self.choose(parts, *first);
                }
            }
            "multipart/encrypted" => {}
            kind if kind.starts_with("multipart/") => children.iter().for_each(|c| self.choose(parts, *c)),
            kind => {
                let file = part.disposition.value == "attachment" || part.file_name().is_some();
                let text = kind == "text/plain" || kind == "text/html" || (at == 0 && kind.starts_with("text/"));
                if text && (at == 0 || !file) {
                    self.speak(at);
                    self.texts.push(at);
                }
            }
        }
    }

    fn choose_alternative(&mut self, parts: &[Part<'_>], children: &[usize]) {
        let kind = |at: &usize| parts.get(*at).map_or("", |p| p.kind.value.as_str());
        let plain = children.iter().find(|at| kind(at) == "text/plain" && parts.get(**at).is_some_and(|p| !is_blank(p)));
        let richest = || children.iter().rev().find(|at| kind(at) == "text/html" || kind(at).starts_with("multipart/"));
        if let Some(best) = plain.or_else(richest).or(children.first()) {
            self.choose(parts, *best);
        }
        for child in children {
            self.speak_inside(parts, *child);
        }
    }

    /// The texts inside an alternative are spoken for, chosen or not; its pictures and files are not.
    fn speak_inside(&mut self, parts: &[Part<'_>], at: usize) {
        let Some(part) = parts.get(at) else { return };
        if matches!(part.kind.value.as_str(), "text/plain" | "text/html" | "text/enriched" | "text/x-amp-html")
            && part.file_name().is_none()
        {
            self.speak(at);
        }
        part.children.iter().for_each(|c| self.speak_inside(parts, *c));
    }

    fn speak(&mut self, at: usize) {
        if let Some(spoken) = self.spoken.get_mut(at) {
            *spoken = true;
        }
    }
}

fn is_blank(part: &Part<'_>) -> bool {
    part.decode(4096).iter().all(|b| b.is_ascii_whitespace() || *b == 0xa0 || *b == 0xc2)
}

/// A text part as plain text with LF.
fn part_text(part: &Part<'_>, limit: usize, defects: &mut Defects) -> String {
    let bytes = without_files(part, limit.saturating_add(1), defects);
    let cut = bytes.len() > limit;
    defects.add(cut.then_some(Defect::TextTooLong));
    let bytes = if cut { bytes.get(..limit).unwrap_or_default() } else { &bytes };
    let is_html = part.kind.value == "text/html";
    let label = part.kind.get("charset").or_else(|| if is_html { meta_charset(bytes) } else { None });
    let (text, defect) = charset::decode(bytes, label);
    // A character that the cut went through is no defect of the charset.
    defects.add(defect.filter(|d| !(cut && *d == Defect::Undecodable)));
    if is_html {
        let (text, coarse) = html::to_text(&text);
        defects.add(coarse.then_some(Defect::HtmlTooComplex));
        return text;
    }
    let mut text = if text.contains('\r') { text.replace("\r\n", "\n").replace('\r', "\n") } else { text.into_owned() };
    if text.contains('\0') {
        text.retain(|c| c != '\0');
    }
    if part.kind.get("format").is_some_and(|f| f.eq_ignore_ascii_case("flowed")) {
        text = body::unflow(&text, part.kind.get("delsp").is_some_and(|d| d.eq_ignore_ascii_case("yes")));
    }
    text
}

/// The files in uuencode that stand in a text as it is written: their bytes can be found again.
fn uuencoded<'a>(part: &Part<'a>) -> Vec<inside::File<'a>> {
    if part.kind.value == "text/html" || part.transfer != Transfer::Plain { Vec::new() } else { inside::files(part.body) }
}

/// The decoded bytes of a text, at most `limit`, without the files in uuencode. A file in a text that is itself encoded can only be named.
fn without_files<'a>(part: &Part<'a>, limit: usize, defects: &mut Defects) -> Cow<'a, [u8]> {
    let files = uuencoded(part);
    if !files.is_empty() {
        let mut bytes = inside::without(part.body, &files).into_owned();
        bytes.truncate(limit);
        return Cow::Owned(bytes);
    }
    let bytes = part.decode(limit);
    let files = if part.kind.value == "text/html" || part.transfer == Transfer::Plain { Vec::new() } else { inside::files(&bytes) };
    if files.is_empty() {
        return bytes;
    }
    defects.add(Some(Defect::Uuencoded));
    Cow::Owned(inside::without(&bytes, &files).into_owned())
}

/// The files in uuencode in a text, as attachments.
fn files_inside(raw: &[u8], part: &Part<'_>) -> Vec<Attachment> {
    let file = |file: inside::File<'_>| {
        let lines = part.body.get(file.lines.clone()).unwrap_or_default();
        let (size, hash) = mime::fingerprint(lines, Transfer::Uuencode).end();
        let start = part.span(raw).start + file.lines.start as u64;
        Attachment {
            name: base_name(&charset::decode(file.name, part.kind.get("charset")).0).unwrap_or_else(|| "file.bin".to_owned()),
            media_type: "application/octet-stream".to_owned(),
            size,
            inline: false,
            cid: None,
            hash,
            span: Span { start, length: lines.len() as u64, transfer: Transfer::Uuencode },
        }
    };
    uuencoded(part).into_iter().map(file).collect()
}

/// `<meta charset=…>` or `<meta … content="text/html; charset=…">` near the start of HTML that has no label outside.
fn meta_charset(html: &[u8]) -> Option<&str> {
    let start = html.get(..2048).unwrap_or(html);
    let at = start.windows(8).position(|w| w.eq_ignore_ascii_case(b"charset="))?;
    let value = start.get(at + 8..)?;
    let value = value.strip_prefix(b"\"").or_else(|| value.strip_prefix(b"'")).unwrap_or(value);
    let end = value.iter().position(|b| !b.is_ascii_alphanumeric() && !b"-_".contains(b))?;
    std::str::from_utf8(value.get(..end)?).ok()
}

fn attachments(raw: &[u8], parts: &[Part<'_>], spoken: &[bool], defects: &mut Defects) -> Vec<Attachment> {
    let mut found = Vec::new();
    for (index, part) in parts.iter().enumerate() {
        if part.is_multipart() || spoken.get(index) == Some(&true) || (index == 0 && part.body.trim_ascii().is_empty()) {
            continue;
        }
        let cid = part.header.get("Content-ID").map(|v| header::text(v, defects)).map(|v| v.trim_matches(['<', '>', ' ']).to_owned());
        let cid = cid.filter(|c| !c.is_empty());
        let (size, hash) = part.fingerprint().end();
        found.push(Attachment {
            name: file_name(part, index, defects),
            media_type: part.kind.value.clone(),
            size,
            inline: part.disposition.value == "inline" || (part.disposition.value != "attachment" && cid.is_some()),
            cid,
            hash,
            span: part.span(raw),
        });
    }
    found
}

/// A name without any path, where something is left.
fn base_name(given: &str) -> Option<String> {
    let name = given.rsplit(['/', '\\']).next().unwrap_or("").trim();
    // Marks of direction make exe.txt of txt.exe.
    let shown = |c: &char| !c.is_control() && !matches!(c, '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}');
    let clean: String = name.chars().filter(shown).take(200).collect();
    (!clean.is_empty() && clean != "." && clean != "..").then_some(clean)
}

/// The name without any path, or one made from the type.
fn file_name(part: &Part<'_>, index: usize, defects: &mut Defects) -> String {
    if let Some(name) = part.file_name().and_then(base_name) {
        return name;
    }
    let kind = part.kind.value.as_str();
    if kind == "message/rfc822" {
        let inner = Header::split(part.body.trim_ascii_start());
        let about = inner.get("Subject").map(|v| header::text(v, defects)).unwrap_or_default();
        let about: String = about.chars().filter(|c| !c.is_control() && !"/\\:*?\"<>|".contains(*c)).take(80).collect();
        return format!("{}.eml", if about.trim().is_empty() { "message" } else { about.trim() });
    }
    let extension = match kind {
        "text/plain" => "txt",
        "text/calendar" => "ics",
        "image/jpeg" => "jpg",
        "image/svg+xml" => "svg",
        "application/octet-stream" => "bin",
        other => other.rsplit('/').next().filter(|s| s.len() <= 5 && s.bytes().all(|b| b.is_ascii_alphanumeric())).unwrap_or("bin"),
    };
    format!("part-{index}.{extension}")
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// The bytes of a file, as a letter finds them again.
    fn held(raw: &[u8], file: &Attachment) -> Vec<u8> {
        let Span { start, length, transfer } = file.span;
        let (mut bytes, mut decoder) = (Vec::new(), crate::transfer::decode::Decoder::new(transfer));
        decoder.feed(&raw[start as usize..][..length as usize], &mut bytes);
        decoder.end(&mut bytes);
        bytes
    }

    fn gbk(text: &str) -> Vec<u8> {
        encoding_rs::GB18030.encode(text).0.into_owned()
    }

    fn word(charset: &str, bytes: &[u8]) -> String {
        format!("=?{charset}?B?{}?=", data_encoding::BASE64.encode(bytes))
    }

    fn subject(value: &[u8]) -> String {
        read(&[b"From: a@b.example\r\nSubject: ", value, b"\r\n\r\nx"].concat(), None).subject
    }

    #[test]
    fn subjects() {
        let text = "打印机坏了";
        let bytes = gbk(text);
        // Three bytes in: through the second character.
        let (left, right) = bytes.split_at(3);
        let split = format!("{}\r\n {}", word("gbk", left), word("GBK", right));
        for (raw, decoded) in [
            (split.as_bytes(), text),
            (bytes.as_slice(), text),
            (text.as_bytes(), text),
            (word("gb2312", &bytes).as_bytes(), text),
            (word("utf-8*zh", text.as_bytes()).as_bytes(), text),
            (word("utf-8", &bytes).as_bytes(), text),
            (b"=?utf-8?q?=E6=89=93_a?= b =?utf-8?q?c?=\r\n\t=?iso-8859-1?q?=E9?=", "打 a b cé"),
            (b"plain\r\n folded", "plain folded"),
            (b"=?utf-8?B?not closed", "=?utf-8?B?not closed"),
            (b"2 =? 3", "2 =? 3"),
            (b"=?x-none?B?YQ==?=", "a"),
            (b"", ""),
        ] {
            assert_eq!(subject(raw), decoded, "{}", String::from_utf8_lossy(raw));
        }
    }

    #[test]
    fn addresses() {
        let people = |value: &str| -> Vec<(String, String)> {
            let mail = read(format!("To: {value}\n\nx").as_bytes(), None);
            mail.to.into_iter().map(|p| (p.name, p.address.to_string())).collect()
        };
        let p = |name: &str, address: &str| (name.to_owned(), address.to_owned());
        for (value, expected) in [
            ("a@b.example", vec![p("", "a@b.example")]),
            ("<A@B.Example>", vec![p("", "a@b.example")]),
            ("\"Li, Wei\" <li@b.example>, c@d.example", vec![p("Li, Wei", "li@b.example"), p("", "c@d.example")]),
            ("a@b.example (Li Wei)", vec![p("Li Wei", "a@b.example")]),
            ("Team: a@b.example, c@d.example;", vec![p("", "a@b.example"), p("", "c@d.example")]),
            ("undisclosed-recipients:;", vec![]),
            ("\"=?utf-8?B?5p2O?=\" <li@b.example>", vec![p("李", "li@b.example")]),
            ("=?utf-8?B?5p2OLCDkvJ8=?= <li@b.example>", vec![p("李, 伟", "li@b.example")]),
            ("=?utf-8?Q?Li_=3Cli=40b.example=3E?=", vec![p("Li", "li@b.example")]),
            ("\"O\\\"Neil\" <o@b.example>", vec![p("O\"Neil", "o@b.example")]),
            ("李伟 <li@b.example>；王 <w@b.example>", vec![p("李伟", "li@b.example"), p("王", "w@b.example")]),
            ("nobody, \"", vec![]),
        ] {
            assert_eq!(people(value), expected, "{value}");
        }
    }

    #[test]
    fn ids() {
        let mail = read(b"Message-ID: <a@x>\nIn-Reply-To: <c@x> (my mail)\nReferences: <b@x>\n <long\n @x> <b@x>\n\nx", None);
        let ids = |list: &[MessageId]| list.iter().map(|i| i.as_str().to_owned()).collect::<Vec<_>>();
        assert_eq!(mail.id.as_ref().map(MessageId::as_str), Some("a@x"));
        assert_eq!(ids(&mail.references), ["b@x", "long@x", "c@x"]);
        assert_eq!(ids(&mail.in_reply_to), ["c@x"]);
    }

    #[test]
    fn file_names() {
        let name = |fields: &[u8]| {
            let start: &[u8] = b"From: a@b.example\nContent-Type: multipart/mixed; boundary=b\n\n--b\n\nx\n--b\n";
            let mail = read(&[start, fields, b"\n\nfile\n--b--\n"].concat(), None);
            mail.attachments.first().map(|a| a.name.clone()).unwrap_or_default()
        };
        let raw = [b"Content-Type: application/pdf; name=\"".as_slice(), &gbk("报表.pdf"), b"\""].concat();
        let cases: [(&[u8], &str); 9] = [
            (b"Content-Disposition: attachment; filename=a.pdf", "a.pdf"),
            (b"Content-Disposition: attachment; filename=\"a;b.pdf\"", "a;b.pdf"),
            (b"Content-Disposition: attachment; filename*=utf-8''%E6%8A%A5.pdf; filename=x.pdf", "报.pdf"),
            (b"Content-Disposition: attachment;\n filename*0*=utf-8''%E6%8A;\n filename*1*=%A5;\n filename*2=.pdf", "报.pdf"),
            (b"Content-Disposition: attachment; filename=\"=?utf-8?B?5oqlLnBkZg==?=\"", "报.pdf"),
            (&raw, "报表.pdf"),
            (b"Content-Disposition: attachment; filename=\"C:\\tmp\\..\\a.pdf\"", "a.pdf"),
            (b"Content-Type: image/png", "part-2.png"),
            (b"Content-Type: message/rfc822", "message.eml"),
        ];
        for (fields, expected) in cases {
            assert_eq!(name(fields), expected, "{}", String::from_utf8_lossy(fields));
        }
    }

    #[test]
    fn parts_are_found_again() {
        let raw = b"Content-Type: multipart/mixed; boundary=b\n\n--b\n\nhi\n--b\nContent-Type: image/png; name=a.png\nContent-ID: <c1>\n\
                    Content-Transfer-Encoding: base64\n\niVBORw==\n--b--\n";
        let mail = read(raw, None);
        let file = mail.attachments.first().unwrap();
        assert_eq!((file.name.as_str(), file.size, file.inline, file.cid.as_deref()), ("a.png", 4, true, Some("c1")));
        assert_eq!(held(raw, file), b"\x89PNG");
        assert_eq!(mail.text, "hi");
    }

    #[test]
    fn a_file_is_known_again_in_any_encoding() {
        let hash = |encoding: &str, body: &str| {
            let raw = format!("Content-Type: application/x-log\nContent-Disposition: attachment; filename=a.log\n{encoding}\n\n{body}");
            read(raw.as_bytes(), None).attachments.first().map(|a| a.hash)
        };
        let base64 = "Content-Transfer-Encoding: base64";
        let one = hash("X-None: x", "one=1\ntwo=2\n");
        assert_eq!(one, hash("X-None: x", "one=1\r\ntwo=2"), "line ends are the client's");
        assert_eq!(one, hash(base64, "b25lPTEKdHdvPTIK"));
        assert_eq!(one, hash("Content-Transfer-Encoding: quoted-printable", "one=3D1\ntw=\no=3D2\n"));
        assert_ne!(one, hash("X-None: x", "one=1\ntwo=3\n"));
    }

    #[test]
    fn defects_are_named() {
        use Defect::*;
        for (raw, defects) in [
            (&b""[..], vec![NoHeader]),
            (b"just some text\nmore", vec![NoHeader]),
            (b"\r\n\r\n", vec![NoHeader]),
            (b"Subject: x\n\nx", vec![NoFrom, NoMessageId]),
            (b"From: a@b\nMessage-ID: <>\n\nx", vec![NoMessageId]),
            (b"From: a@b\nMessage-ID: <a@b>\nContent-Type: multipart/mixed; boundary=q\n\n--q\n\nhalf", vec![Truncated]),
            (b"From: a@b\nMessage-ID: <a@b>\nContent-Type: multipart/encrypted; boundary=q\n\n--q\n\nx\n--q--", vec![Encrypted]),
            (b"From: a@b\nMessage-ID: <a@b>\n\n-----BEGIN PGP MESSAGE-----\nx", vec![Encrypted]),
            (b"From: a@b\nMessage-ID: <a@b>\n\n\xc4\xe3\xba\xc3\xa3\xac\xb4\xf2\xd3\xa1\xbb\xfa", vec![Mislabelled]),
        ] {
            assert_eq!(read(raw, None).defects, defects, "{}", String::from_utf8_lossy(raw));
        }
        let head = read(b"From: a@b\nMessage-ID: <a@b>\nSubject: big\nContent-Type: multipart/mixed; boundary=q\n\n", Some(50_000_000));
        assert_eq!((head.oversize, head.size, head.defects), (true, 50_000_000, vec![TooLarge]));
    }

    #[test]
    fn notices_in_words() {
        let notice = |from: &str, subject: &str, text: &str| {
            let mail = read(format!("From: {from}\nTo: it@desk.example\nSubject: {subject}\nReturn-Path: <>\n\n{text}").as_bytes(), None);
            let report = mail.report.expect(subject);
            let first = report.recipients.into_iter().next().unwrap_or_default();
            let text = |v: Option<String>| v.unwrap_or_default();
            (
                text(first.recipient.map(|a| a.to_string())),
                text(first.status),
                first.action,
                text(report.original.map(|i| i.as_str().to_owned())),
            )
        };
        let e = |a: &str, b: &str, c: &str, d: &str| (a.to_owned(), b.to_owned(), c.to_owned(), d.to_owned());
        assert_eq!(
            notice(
                "MAILER-DAEMON@q.example",
                "failure notice",
                "Hi. This is the qmail-send program at q.example.\n\n<li@x.example>:\nSorry, no mailbox here by that name. (#5.1.1)\n\n--- Below this line is a copy of the message.\n\nReturn-Path: <it@desk.example>\nMessage-ID: <m1@desk.example>\n\nhi"
            ),
            e("li@x.example", "5.1.1", "failed", "m1@desk.example")
        );
        assert_eq!(
            notice(
                "Mail Delivery System <Mailer-Daemon@e.example>",
                "Mail delivery failed: returning message to sender",
                "A message that you sent could not be delivered to one or more of its\nrecipients. The following address(es) failed:\n\n  li@x.example\n    Unrouteable address\n\n------ This is a copy of the message, including all the headers. ------\n\nReceived: from a\nMessage-Id: <m2@desk.example>\n"
            ),
            e("li@x.example", "5.1.2", "failed", "m2@desk.example")
        );
        assert_eq!(
            notice(
                "System Administrator <postmaster@ex.example>",
                "Undeliverable: VPN",
                "Your message did not reach some or all of the intended recipients.\n\n      'li@x.example' on 12/1/2026 9:12 AM\n            The e-mail account does not exist at the organization.\n            <mx.example #5.1.1>"
            ),
            e("li@x.example", "5.1.1", "failed", "")
        );
        assert_eq!(
            notice(
                "postmaster@n.example",
                "DELIVERY FAILURE: x",
                "Your message\n\n  Subject: x\n\nwas not delivered to:\n\n  li@x.example\n\nbecause:\n\n  User li not listed in Domino Directory"
            ),
            e("li@x.example", "5.1.1", "failed", "")
        );
        assert_eq!(
            notice(
                "PostMaster@qq.example",
                "来自qq.example的退信",
                "很抱歉您的邮件被退回。\n收件人邮件地址：li@x.example\n退信原因：收件人邮箱已满\n"
            ),
            e("li@x.example", "5.2.2", "failed", "")
        );
        assert_eq!(
            notice(
                "MAILER-DAEMON@s.example",
                "Warning: message still undelivered",
                "<li@x.example>: connection timed out. Will be retried until 2 days old."
            ),
            e("li@x.example", "4.4.1", "delayed", "")
        );
    }

    #[test]
    fn several_recipients_of_one_notice() {
        let told = |header: &str, text: &str| -> Vec<String> {
            let mail = read(
                format!("From: MAILER-DAEMON@q.example\nTo: it@desk.example\nSubject: failure notice\n{header}\n{text}").as_bytes(),
                None,
            );
            let one = |r: crate::domain::message::RecipientReport| {
                format!("{} {} {}", r.recipient.map_or_else(String::new, |a| a.to_string()), r.status.unwrap_or_default(), r.action)
            };
            mail.report.unwrap().recipients.into_iter().map(one).collect()
        };
        let qmail = "<li@x.example>:\n192.0.2.1 does not like recipient.\nRemote host said: 550 5.1.1 user unknown\n\n\
                     <wu@y.example>:\nSorry, I couldn't find any host named y.example. (#5.1.2)\n";
        assert_eq!(told("", qmail), ["li@x.example 5.1.1 failed", "wu@y.example 5.1.2 failed"]);
        let exim = "The following address(es) failed:\n\n  li@x.example\n    Unrouteable address\n  wu@y.example\n    \
                    SMTP error from remote mail server after RCPT TO:<wu@y.example>:\n    host mx [192.0.2.2]: 452 mailbox full\n";
        assert_eq!(
            told("X-Failed-Recipients: li@x.example, wu@y.example\n", exim),
            ["li@x.example 5.1.2 failed", "wu@y.example 4.2.2 failed"]
        );
        let sendmail = "   ----- The following addresses had permanent fatal errors -----\n<li@x.example>\n<wu@x.example>\n\n\
                        ----- Transcript of session follows -----\n550 <li@x.example>... User unknown\n552 <wu@x.example>... Message too large\n";
        assert_eq!(told("", sendmail), ["li@x.example 5.1.1 failed", "wu@x.example 5.3.4 failed"]);
        let chinese = "以下收件人投递失败：\n收件人：li@x.example\n退信原因：用户不存在\n收件人：wu@y.example\n退信原因：对方邮箱已满\n";
        assert_eq!(told("", chinese), ["li@x.example 5.1.1 failed", "wu@y.example 5.2.2 failed"]);
        let report = "Content-Type: multipart/report; report-type=delivery-status; boundary=b\n";
        let groups = "--b\n\nx\n--b\nContent-Type: message/delivery-status\n\nReporting-MTA: dns; m\n\nFinal-Recipient: rfc822; li@x.example\nAction: failed\n\
                      Status: 5.1.1\n\nFinal-Recipient: rfc822; wu@y.example\nAction: delayed\nStatus: 4.4.1\n--b--\n";
        assert_eq!(told(report, groups), ["li@x.example 5.1.1 failed", "wu@y.example 4.4.1 delayed"]);
        let many: String = (0..500).map(|n| format!("<u{n}@x.example>:\nuser unknown\n\n")).collect();
        assert_eq!(told("", &many).len(), 50, "bounded");
    }

    #[test]
    fn the_original_is_found_in_what_is_left_of_it() {
        let original = |text: &str| {
            let raw = format!(
                "From: MAILER-DAEMON@q.example\nReturn-Path: <>\nSubject: failure notice\n\n<li@x.example>:\nuser unknown\n\n{text}"
            );
            let report = read(raw.as_bytes(), None).report.unwrap();
            let id = |id: &MessageId| id.as_str().to_owned();
            (report.original.as_ref().map(id), report.original_references.iter().map(id).collect::<Vec<_>>())
        };
        let found = (Some("m@desk.example".to_owned()), vec!["pd.1.0.x@desk.example".to_owned(), "b@c".to_owned()]);
        for text in [
            "Return-Path: <it@desk.example>\nMessage-ID: <m@desk.example>\nReferences: <pd.1.0.x@desk.example>\n <b@c>\n\nhi",
            "> Received: from a\n> Message-Id: <m@desk.example>\n> References: <pd.1.0.x@desk.example>\n>  <b@c>\n>\n> hi",
            "   Received: from a\n   References: <pd.1.0.x@desk.example>\n\t<b@c>\n   Message-ID: <m@desk.example>",
        ] {
            assert_eq!(original(text), found, "{text}");
        }
        let cut = "--- Below this line is a copy of the message.\n\nReceived: from a\nReferences: <pd.1.0.x@desk.example>\n <b@c>\nMess";
        assert_eq!(original(cut), (None, found.1));
        assert_eq!(original("The mail with the message-id: <m@desk.example> is lost.").0, found.0);
    }

    #[test]
    fn an_attached_report_does_not_make_a_bounce() {
        let raw = b"From: li@example.org\nSubject: what is this?\nContent-Type: multipart/mixed; boundary=b\n\n--b\n\nplease explain\n--b\n\
                    Content-Type: message/rfc822\n\nFrom: MAILER-DAEMON@x.example\nSubject: Undelivered Mail\nContent-Type: multipart/report\n\nx\n--b--\n";
        let mail = read(raw, None);
        assert_eq!((crate::domain::origin::bounce::shape(&mail), mail.report), (None, None));
    }

    #[test]
    fn deep_and_wide_mails_end() {
        let deep = "Content-Type: message/rfc822\n\n".repeat(200_000);
        assert_eq!(read(deep.as_bytes(), None).attachments.len(), 1);
        let wide = format!("Content-Type: multipart/digest; boundary=b\n\n{}", "--b\n\nx\n".repeat(50_000));
        assert!(read(wide.as_bytes(), None).defects.contains(&Defect::TooManyParts));
        let long = [b"From: a@b\n\n".as_slice(), &vec![b'x'; 3 * TEXT]].concat();
        assert_eq!(read(&long, None).text.len(), TEXT);
        let fields = "X-A: b\n".repeat(100_000);
        assert_eq!(read(fields.as_bytes(), None).headers.len(), 1000);
    }

    /// Each costs time in proportion to its size: none may wait for a square.
    #[test]
    fn hostile_mails_end_soon() {
        let multiparts = |levels: usize| -> String {
            (0..levels).map(|i| format!("Content-Type: multipart/mixed; boundary=b{i}\n\n--b{i}\n")).collect()
        };
        let field =
            |piece: &str| format!("Subject: {0}\nTo: {0}\nReferences: {0}\nContent-Type: {0}\n\nx", piece.repeat(100_000 / piece.len()));
        let fields = |line: &str| line.repeat(1_000_000 / line.len()) + "\n\nx";
        let html = |piece: &str| format!("Content-Type: text/html\n\n{}", piece.repeat(1_000_000 / piece.len()));
        let text = |piece: &str| format!("From: a@b\n\n{}", piece.repeat(1_000_000 / piece.len()));
        let (deep, many, nul) = (multiparts(1000), fields("Delivered-To: a@b.example\n"), "\0".repeat(1_000_000));
        for (case, raw, defect) in [
            ("1000 multiparts inside one another", deep, Some(Defect::TooManyParts)),
            (
                "50,000 parts",
                format!("Content-Type: multipart/mixed; boundary=b\n\n{}", "--b\n\nx\n".repeat(50_000)),
                Some(Defect::TooManyParts),
            ),
            ("a header of 10 MB", format!("X-A: {}\n\nx", "a\n ".repeat(3_300_000)), Some(Defect::HeaderTooLarge)),
            ("fields without end", fields("X: y\n"), Some(Defect::HeaderTooLarge)),
            ("many borders", many, Some(Defect::HeaderTooLarge)),
            (
                "different borders",
                (0..900)
                    .map(|i| format!("Delivered-To: {}\n", (0..40).map(|j| format!("a{i}.{j}@b,")).collect::<String>()))
                    .collect::<String>()
                    + "\nx",
                None,
            ),
            ("words begun", field("=?u?b?"), None),
            ("words begun, long", field("=?utf-8?q?aaaaaaaaaaaaaaaaaaa"), None),
            ("half words", field("=?=?"), None),
            ("commas", field(","), None),
            ("angles", field("<"), None),
            ("ids", field("<a@b> "), None),
            ("ids, different", field("<a@b\n "), None),
            ("comments", field("("), None),
            ("quotes", field("\""), None),
            ("parameters", field("a*0*=x; "), None),
            ("deep HTML", html("<div>"), Some(Defect::HtmlTooComplex)),
            ("deep tables", html("<table><tr><td>"), Some(Defect::HtmlTooComplex)),
            ("closing tags", html("<b></i>"), Some(Defect::HtmlTooComplex)),
            ("heads", text("On 1 Dec 2026 x <a@b> wrote:\n"), None),
            ("fields in the text", text("From: a@b\n"), None),
            ("quotes in the text", text("> "), None),
            ("uuencode begun", text("begin 644 a\n"), None),
            ("uuencode, long", text("begin 644 a\n#0V%T\n"), None),
            ("signatures begun", text("-----BEGIN PGP SIGNED MESSAGE-----\n\n"), None),
            ("feet", text("Sent from my (<"), None),
            ("a long text", text("words\n").repeat(2), Some(Defect::TextTooLong)),
            ("files in uuencode", text("begin 644 a\nend\n"), Some(Defect::TooManyParts)),
            ("NULs", nul, Some(Defect::NoHeader)),
        ] {
            let mail = read(raw.as_bytes(), None);
            assert!(defect.is_none_or(|d| mail.defects.contains(&d)), "{case}: {:?}", mail.defects);
        }
    }

    #[test]
    fn words_in_any_wrapping() {
        use Defect::{Encrypted, Uuencoded, Winmail};
        let mail = |rest: &str| read(format!("From: a@b.example\nMessage-ID: <a@b>\n{rest}").as_bytes(), None);
        let signed = "-----BEGIN PGP SIGNED MESSAGE-----\nHash: SHA512\n\nHello\n- - a list\n-----BEGIN PGP SIGNATURE-----\n\niQEz\n-----END PGP SIGNATURE-----\n";
        for (rest, words, defects) in [
            (format!("\n{signed}"), "Hello\n- a list", vec![]),
            ("\nsee\nbegin 644 cat.txt\n#0V%T\n`\nend\n".to_owned(), "see\n[cat.txt]", vec![]),
            ("Content-Transfer-Encoding: quoted-printable\n\nsee\nbegin 644 cat.txt\n#0V%T\n`\nend\n".to_owned(), "see\n[cat.txt]", vec![Uuencoded]),
            (
                "Content-Type: multipart/mixed; boundary=b\n\n--b\n\nhi\n--b\nContent-Type: application/ms-tnef; name=winmail.dat\n\nx\n--b--".to_owned(),
                "hi",
                vec![Winmail],
            ),
            ("Content-Type: multipart/encrypted; protocol=\"application/pgp-encrypted\"; boundary=b\n\n--b\nContent-Type: application/pgp-encrypted\n\nVersion: 1\n--b\nContent-Type: application/octet-stream; name=encrypted.asc\n\n-----BEGIN PGP MESSAGE-----\n\nhQEM\n-----END PGP MESSAGE-----\n--b--".to_owned(), "", vec![Encrypted]),
            ("\nSee below.\n-----BEGIN PGP MESSAGE-----\n\nhQEM\n-----END PGP MESSAGE-----\n".to_owned(), "See below.\n-----BEGIN PGP MESSAGE-----\n\nhQEM\n-----END PGP MESSAGE-----", vec![Encrypted]),
            ("\nWhat is this?\n> -----BEGIN PGP MESSAGE-----\n> hQEM\n".to_owned(), "What is this?", vec![]),
            ("Content-Type: application/octet-stream; name=smime.p7m\nContent-Transfer-Encoding: base64\n\nMIAGCSqGSIb3DQEHA6CA\n".to_owned(), "", vec![Encrypted]),
            ("Content-Type: application/pkcs7-mime; smime-type=enveloped-data\nContent-Transfer-Encoding: base64\n\nMIAGCSqGSIb3DQEHA6CA\n".to_owned(), "", vec![Encrypted]),
            ("Content-Type: multipart/signed; boundary=b\n\n--b\n\nhi\n--b\nContent-Type: application/pgp-signature; name=s.asc\n\nx\n--b--".to_owned(), "hi", vec![]),
            ("Content-Type: text/plain; format=flowed; delsp=yes\n\n打印 \n机坏了\n".to_owned(), "打印机坏了", vec![]),
            ("Content-Type: text/plain; charset=utf-7\n\nHi +ZeVnLIqe-\n".to_owned(), "Hi 日本語", vec![]),
        ] {
            let mail = mail(&rest);
            assert_eq!((mail.reply.text.as_str(), mail.defects), (words, defects), "{rest}");
        }
    }

    /// (what stands in the text, names and contents of its files, defect)
    #[test]
    fn files_in_the_text_are_attachments() {
        let mail = |head: &str, text: &str| format!("From: a@b.example\nMessage-ID: <a@b>\n{head}\n{text}").into_bytes();
        let cat = "begin 644 cat.txt\n#0V%T\n`\nend\n";
        let long = format!("begin 600 ../../etc/zeros\n{}`\nend\n", format!("M{}\n", "`".repeat(60)).repeat(100_000));
        for (head, text, words, files) in [
            ("", format!("see\n\n{cat}\nbye\n"), "see\n\n[cat.txt]\n\nbye", vec![("cat.txt", b"Cat".to_vec())]),
            ("", format!("{cat}{cat}"), "[cat.txt]\n[cat.txt]", vec![("cat.txt", b"Cat".to_vec()); 2]),
            // Blanks at a line's end are lost on the way.
            ("", "begin 644 z\n#  \nend\n".to_owned(), "[z]", vec![("z", vec![0; 3])]),
            // The text is cut long before the file ends; the file is not.
            ("", format!("see\n{long}bye"), "see\n[../../etc/zeros]\nbye", vec![("zeros", vec![0; 4_500_000])]),
            ("Content-Type: text/html\n", cat.to_owned(), "begin 644 cat.txt #0V%T ` end", vec![]),
        ] {
            for raw in [mail(head, &text), mail(head, &text.replace('\n', "\r\n"))] {
                let read = read(&raw, None);
                let found: Vec<_> = read.attachments.iter().map(|file| (file.name.as_str(), held(&raw, file))).collect();
                assert!(found == files && read.text.len() < 100, "{words}: {:?}", read.attachments);
                assert!(read.attachments.iter().zip(&files).all(|(file, (_, bytes))| file.size == bytes.len() as u64 && !file.inline));
                assert_eq!((read.reply.text.as_str(), read.defects), (words, vec![]));
            }
        }
        let gbk =
            [b"From: a@b.example\nContent-Type: text/plain; charset=gbk\n\nbegin 644 ", &gbk("报告.txt")[..], b"\n#0V%T\nend\n"].concat();
        assert_eq!(read(&gbk, None).attachments[0].name, "报告.txt");
    }

    #[test]
    fn addresses_outside_ascii() {
        let mail =
            read("From: 李伟 <李伟@例子.example>\nTo: Łukasz <łukasz@desk.example>\nMessage-ID: <一@例子.example>\n\nx".as_bytes(), None);
        assert_eq!(mail.from.map(|p| (p.name, p.address.to_string())), Some(("李伟".into(), "李伟@例子.example".into())));
        assert_eq!(mail.to.first().map(|p| p.address.to_string()).as_deref(), Some("łukasz@desk.example"));
        assert_eq!(mail.defects, []);
    }

    proptest! {
        #[test]
        fn any_bytes_are_read(raw in proptest::collection::vec(any::<u8>(), 0..600)) {
            let mail = read(&raw, None);
            for file in &mail.attachments {
                prop_assert_eq!(held(&raw, file).len() as u64, file.size);
            }
        }

        #[test]
        fn any_pieces_of_mail_are_read(pieces in proptest::collection::vec(prop_oneof![
            Just(b"\r\n".to_vec()), Just(b"\n\n".to_vec()), Just(b"--b\n".to_vec()), Just(b"--b--".to_vec()), Just(b"From: ".to_vec()),
            Just(b"Subject: =?gbk?B?".to_vec()), Just(b"?=".to_vec()), Just(b"Content-Type: multipart/report; boundary=b".to_vec()),
            Just(b"Content-Type: text/html; charset=big5\n\n".to_vec()), Just(b"Content-Transfer-Encoding: base64\n".to_vec()),
            Just(b"Content-Type: message/delivery-status\n\n".to_vec()), Just(b"Content-Type: text/plain; format=flowed\n\n".to_vec()),
            Just(b"<table><div>".to_vec()), Just(b"filename*0*=utf-8''%E6".to_vec()), proptest::collection::vec(any::<u8>(), 0..12),
        ], 0..40)) {
            let raw = pieces.concat();
            let mail = read(&raw, None);
            prop_assert!(mail.attachments.len() <= 1000);
        }

        #[test]
        fn any_date_is_read(value in "[0-9JanFebMonTue:, +-]{0,40}") {
            date(&value);
        }

        #[test]
        fn line_ends_make_no_difference(lines in proptest::collection::vec("[ -~]{0,30}", 0..20)) {
            let lf = format!("From: a@b.example\nSubject: x\n\n{}", lines.join("\n"));
            let crlf = lf.replace('\n', "\r\n");
            let (mut a, mut b) = (read(lf.as_bytes(), None), read(crlf.as_bytes(), None));
            (a.size, b.size) = (0, 0);
            prop_assert_eq!(a, b);
        }
    }
}
