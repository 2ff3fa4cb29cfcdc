//! Raw bytes → [`Reading`], once; total: any bytes give a reading, with defects for what was wrong.
//!
//! mail-parser lends its dates and rarer charsets. The header, the tree of parts and the charsets of Chinese mail are read here, since
//! its walk has no limit, decodes every attachment and trusts every label (see `header`, `mime`, `charset`).
//! Memory: the raw mail, one decoded text of at most `TEXT` bytes, and facts.

mod charset;
mod events;
mod guess;
mod header;
mod inside;
mod mime;
mod notice;
mod report;
mod sealed;
mod smime;
mod subject;

use std::borrow::Cow;

use chrono::{DateTime, Utc};
use memchr::{memchr, memchr_iter, memmem};

use self::header::Header;
use self::mime::Part;
use self::subject::Prefix;
use super::{enriched, flowed, html, language};
use crate::domain::attachment::{Attachment, Print, Span, Transfer, is_rich_text};
use crate::domain::message::{Address, Defect, MessageId, Original, Person, Reading};
use crate::domain::quotes::Lines;
use crate::domain::{forward, reply};
use crate::transfer::decode;

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
    read_lines(&parts, &mut reading);
    reading.language = language::of_mail(&reading.base_subject, &reading.reply.text).map(str::to_owned);
    reading.defects = defects.0;
    reading
}

/// Old Macs end lines with CR alone; nobody else does.
fn line_ends(raw: &[u8]) -> Cow<'_, [u8]> {
    let start = raw.get(..4096).unwrap_or(raw);
    if memchr(b'\n', start).is_none() && memchr(b'\r', start).is_some() && memchr(b'\n', raw).is_none() {
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

/// What the lines of the text say: the writer's own words, the mail that this one carries, and whether that makes it a forward. An answer
/// carries what it quotes; that is no forward.
fn read_lines(parts: &[Part<'_>], reading: &mut Reading) {
    let lines = Lines::of(&reading.text);
    reading.reply = reply::own_words_of(&lines, None);
    let prefix = subject::base(&reading.subject).1;
    if prefix == Prefix::Reply || reading.report.is_some() {
        return;
    }
    let (announced, fresh) = (prefix == Prefix::Forward, reading.references.is_empty());
    let below = forward::below_head(&lines, announced, fresh);
    // Foxmail names the sender's address in the page alone, Yahoo has the whole head in one line of its text.
    let unnamed = below.as_ref().map_or(announced, |head| head.original.as_ref().is_none_or(|original| original.from.is_none()));
    let below = if unnamed { below_head_in_page(parts, announced, fresh).or(below) } else { below };
    reading.forwarded |= below.as_ref().is_some_and(|head| head.certain);
    let attached = || parts.iter().skip(1).find(|part| is_mail(part)).and_then(attached_mail);
    reading.original = below.and_then(|head| head.original).or_else(attached).map(|original| Box::new(with_language(original)));
}

/// The head of a forward in a page that names a sender.
fn below_head_in_page(parts: &[Part<'_>], announced: bool, fresh: bool) -> Option<forward::Head> {
    let page = parts.iter().find(|part| part.kind.value == "text/html" && part.disposition.value != "attachment")?;
    let text = part_text(page, TEXT, &mut Defects::default());
    let head = forward::below_head(&Lines::of(&text), announced, fresh)?;
    head.original.as_ref().is_some_and(|original| original.from.is_some()).then_some(head)
}

/// A mail as an attachment; QQ Mail and others call its kind a file's.
fn is_mail(part: &Part<'_>) -> bool {
    let kind = part.kind.value.as_str();
    let named = || part.file_name().is_some_and(|name| name.to_lowercase().ends_with(".eml"));
    kind == "message/rfc822" || (kind == "application/octet-stream" && named())
}

fn with_language(mut original: Original) -> Original {
    original.subject = subject::base(&original.subject).0;
    let own = reply::own_words(&original.text, None).text;
    let words = if own.is_empty() { original.text.as_str() } else { &own };
    original.language = language::of_mail(&original.subject, words).map(str::to_owned);
    original
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
    let armoured = memmem::find(reading.text.as_bytes(), PGP_MESSAGE.as_bytes()).is_some()
        && reading.text.lines().any(|line| line.trim_end() == PGP_MESSAGE);
    let encrypted = armoured || parts.iter().any(|p| p.kind.value == "multipart/encrypted");
    defects.add(encrypted.then_some(Defect::Encrypted));
    let tnef = |part: &Part<'_>| {
        part.kind.value == "application/ms-tnef" || part.file_name().is_some_and(|n| n.eq_ignore_ascii_case("winmail.dat"))
    };
    defects.add(parts.iter().any(tnef).then_some(Defect::Winmail));
    let rich = |part: &Part<'_>| is_rich_text(&part.kind.value) && part.disposition.value != "attachment";
    defects.add((chosen.texts.is_empty() && parts.iter().any(rich)).then_some(Defect::RichText));
    reading.calendar_method = parts.iter().find_map(calendar_method);
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
                let text =
                    matches!(kind, "text/plain" | "text/html") || enriched_form(kind).is_some() || (at == 0 && kind.starts_with("text/"));
                if text && (at == 0 || !file) && !is_rich_text(kind) {
                    self.speak(at);
                    self.texts.push(at);
                }
            }
        }
    }

    fn choose_alternative(&mut self, parts: &[Part<'_>], children: &[usize]) {
        let kind = |at: &usize| parts.get(*at).map_or("", |p| p.kind.value.as_str());
        let plain = children.iter().find(|at| kind(at) == "text/plain" && parts.get(**at).is_some_and(|p| !is_blank(p) && !is_stub(p)));
        let richest = || children.iter().rev().find(|at| kind(at) == "text/html" || kind(at).starts_with("multipart/"));
        let enriched = || children.iter().find(|at| enriched_form(kind(at)).is_some());
        if let Some(best) = plain.or_else(richest).or_else(enriched).or(children.first()) {
            self.choose(parts, *best);
        }
        for child in children {
            self.speak_inside(parts, *child);
        }
    }

    /// The texts inside an alternative are spoken for, chosen or not; its pictures and files are not.
    fn speak_inside(&mut self, parts: &[Part<'_>], at: usize) {
        let Some(part) = parts.get(at) else { return };
        let kind = part.kind.value.as_str();
        let card = matches!(kind, "text/calendar" | "text/vcard" | "text/x-vcard" | "text/directory");
        let form = if is_rich_text(kind) { !self.texts.is_empty() } else { kind.starts_with("text/") && !card };
        if form && part.file_name().is_none() {
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

fn enriched_form(kind: &str) -> Option<enriched::Form> {
    match kind {
        "text/enriched" => Some(enriched::Form::Enriched),
        "text/richtext" => Some(enriched::Form::Richtext),
        _ => None,
    }
}

fn is_blank(part: &Part<'_>) -> bool {
    part.decode(4096).iter().all(|b| b.is_ascii_whitespace() || *b == 0xa0 || *b == 0xc2)
}

/// What stands in the plain part of mails whose words are in the HTML part alone, lower case, without spaces.
const STUBS: &[&str] = &[
    "notsupporthtml", "notsupporthypertext", "'tsupporthtml", "html-capable", "htmlcapable", "enablehtml", "requireshtml",
    "viewthismessageinhtml", "viewthisemailinhtml", "viewthemessage,pleaseuseanhtml", "useanhtml", "不支持html", "支持html的",
    "无法显示html", "以html", "请切换到html", "不支援html", "支援html的", "keinhtml", "html-fähig",
];

/// Bytes of such a text.
const LONGEST_STUB: usize = 300;

/// A plain text that only says that there is a better one.
fn is_stub(part: &Part<'_>) -> bool {
    let bytes = part.decode(LONGEST_STUB + 1);
    if bytes.len() > LONGEST_STUB {
        return false;
    }
    let (text, _) = charset::decode(&bytes, part.kind.get("charset"));
    let text: String = text.chars().filter(|c| !c.is_whitespace()).flat_map(char::to_lowercase).collect();
    STUBS.iter().any(|stub| text.contains(stub))
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
    let has = |byte: u8| memchr(byte, text.as_bytes()).is_some();
    let (returns, zeros) = (has(b'\r'), has(0));
    let mut text = if returns { text.replace("\r\n", "\n").replace('\r', "\n") } else { text.into_owned() };
    if zeros {
        text.retain(|c| c != '\0');
    }
    if let Some(form) = enriched_form(&part.kind.value) {
        return enriched::to_text(&text, form);
    }
    if part.kind.get("format").is_some_and(|f| f.eq_ignore_ascii_case("flowed")) {
        text = flowed::unflow(&text, part.kind.get("delsp").is_some_and(|d| d.eq_ignore_ascii_case("yes")));
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
    let bytes = with_footer(part, limit).unwrap_or_else(|| part.decode(limit));
    let files = if part.kind.value == "text/html" || part.transfer == Transfer::Plain { Vec::new() } else { inside::files(&bytes) };
    if files.is_empty() {
        return bytes;
    }
    defects.add(Some(Defect::Uuencoded));
    Cow::Owned(inside::without(&bytes, &files).into_owned())
}

/// A text in base64 below which a list or a gateway has set its footer as it is: decoded as letters it would spoil the whole.
fn with_footer<'a>(part: &Part<'a>, limit: usize) -> Option<Cow<'a, [u8]>> {
    let (text, footer) = part.body.split_at_checked(footer(part.body).filter(|_| part.transfer == Transfer::Base64)?)?;
    let mut bytes = decode::base64(text, limit);
    bytes.push(b'\n');
    bytes.extend_from_slice(footer.get(..limit.saturating_sub(bytes.len())).unwrap_or(footer));
    bytes.truncate(limit);
    Some(Cow::Owned(bytes))
}

/// Where ASCII that cannot be base64 begins, behind an empty line or the letters' end.
fn footer(body: &[u8]) -> Option<usize> {
    let is_letter = |b: &u8| b.is_ascii_alphanumeric() || matches!(b, b'+' | b'/' | b'=');
    let (mut start, mut letters, mut ended) = (0, false, false);
    for end in memchr_iter(b'\n', body).map(|at| at + 1).chain([body.len()]) {
        let bare = body.get(start..end).unwrap_or_default().trim_ascii();
        if letters && ended && !bare.iter().all(is_letter) {
            return Some(start).filter(|start| body.get(*start..).is_some_and(<[u8]>::is_ascii));
        }
        ended = bare.is_empty() || bare.ends_with(b"=");
        letters |= !bare.is_empty();
        start = end;
    }
    None
}

/// The files in uuencode in a text, as attachments.
fn files_inside(raw: &[u8], part: &Part<'_>) -> Vec<Attachment> {
    let file = |file: inside::File<'_>| {
        let lines = part.body.get(file.lines.clone()).unwrap_or_default();
        let Print { size, hash, sign } = mime::fingerprint(lines, Transfer::Uuencode);
        let start = part.span(raw).start + file.lines.start as u64;
        Attachment {
            name: base_name(&charset::decode(file.name, part.kind.get("charset")).0).unwrap_or_else(|| "file.bin".to_owned()),
            media_type: "application/octet-stream".to_owned(),
            size,
            inline: false,
            cid: None,
            hash,
            sign,
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
        let Print { size, hash, sign } = part.fingerprint();
        found.push(Attachment {
            name: file_name(part, index, defects),
            media_type: part.kind.value.clone(),
            size,
            inline: part.disposition.value == "inline" || (part.disposition.value != "attachment" && cid.is_some()),
            cid,
            hash,
            sign,
            span: part.span(raw),
        });
    }
    defects.add(found.iter().any(Attachment::is_program).then_some(Defect::Program));
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
mod tests;
