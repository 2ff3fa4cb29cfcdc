//! [`Draft`] + templates → [`Letter`] and [`Wording`]: headers, MIME, final bytes.
//!
//! Who gets a letter, and its Message-ID, are known at once ([`address`]); writing it ([`word`]) takes a hundred times as long and can
//! be done elsewhere.
//!
//! The same arguments give the same bytes, so that a mail that has to be composed or sent again is the same mail: Message-ID and
//! MIME boundaries are HMACs of (cause, ordinal, recipients), the date is given. lettre encodes headers (RFC 2047, 2231); its
//! `Message` is not used, because it fetches the clock when it cannot read a date and builds an envelope of all recipients at once.

use anyhow::{Context as _, anyhow};
use lettre::message::header::{
    Cc, ContentDisposition, ContentTransferEncoding, ContentType, From, Header, HeaderName, HeaderValue, Headers, InReplyTo,
    MessageId as MessageIdHeader, MimeVersion, References, ReplyTo, Subject, To,
};
use lettre::message::{Mailbox as Named, Mailboxes};

use super::templates::{Rendered, Templates};
use crate::domain::CauseKey;
use crate::domain::facts::Facts;
use crate::domain::language::is_chinese;
use crate::domain::message::{Address, Attach, Draft, Enclosure, Letter, LetterKey, LetterKind, MessageId, Recipient, Wording};
use crate::domain::policy::{Mailbox, Policy};
use crate::domain::text;
use crate::domain::trust::{self, LetterName, Token};
use crate::transfer::encode;

/// What composing needs beside the draft.
#[derive(Debug, Clone, Copy)]
pub struct Desk<'a> {
    /// Addresses, names, key.
    pub policy: &'a Policy,
    /// Templates.
    pub templates: &'a Templates,
    /// The cause: ids are an HMAC of (cause, ordinal, recipient).
    pub cause: &'a CauseKey,
    /// Date header.
    pub now: chrono::DateTime<chrono::Utc>,
}

/// Addresses one draft. The same arguments give the same letter.
///
/// # Errors
/// A mailbox whose own address cannot stand in a Message-ID.
pub fn address(draft: &Draft, ordinal: usize, desk: Desk<'_>) -> anyhow::Result<Letter> {
    let mailbox = mailbox(draft, desk.policy)?;
    let ids = Ids::new(draft, ordinal, desk);
    Ok(Letter {
        key: LetterKey(format!("{}#{ordinal}", desk.cause.0)),
        kind: draft.kind,
        template: desk.templates.stem(&draft.facts, draft.variant.as_deref(), &draft.language),
        mailbox: mailbox.name.clone(),
        ticket: draft.ticket,
        reverse_path: Some(reverse_path(draft, mailbox, &ids.key, desk.policy)),
        to: draft.to.iter().map(|to| to.person.address.clone()).collect(),
        message_id: ids.message_id(draft, mailbox, desk.policy)?,
        held: draft.held.clone(),
        not_before: draft.not_before,
    })
}

fn mailbox<'p>(draft: &Draft, policy: &'p Policy) -> anyhow::Result<&'p Mailbox> {
    policy.mailbox(&draft.mailbox).ok_or_else(|| anyhow!("no mailbox is named {}", draft.mailbox))
}

/// Writes one draft. The same arguments give the same bytes.
///
/// # Errors
/// A template that fails to render, a mailbox whose own address cannot stand in a header.
pub fn word(draft: &Draft, ordinal: usize, desk: Desk<'_>) -> anyhow::Result<Wording> {
    let Desk { policy, .. } = desk;
    let mailbox = mailbox(draft, policy)?;
    let token = draft.ticket.map(|ticket| Token { ticket, agent: draft.agent.clone() }.text(&policy.key));
    let reference = token.as_deref().unwrap_or("");
    let mut mail = desk.templates.render(&draft.facts, draft.variant.as_deref(), &draft.language, &policy.desk.name, reference)?;
    tag_subject(&mut mail, draft, policy);

    let ids = Ids::new(draft, ordinal, desk);
    let message_id = ids.message_id(draft, mailbox, policy)?;
    let headers = headers(draft, &mail, mailbox, token.as_deref(), &message_id, desk)?;
    let mut bytes = headers.to_string().into_bytes();
    let places = add_body(&mut bytes, &mail.text, &mail.html, &draft.attach, &ids.boundary(policy));
    let enclosure = |(attach, at): (&Attach, usize)| Enclosure {
        at,
        mail: attach.mail.as_ref().unwrap_or(desk.cause).clone(),
        span: attach.file.span,
        size: attach.file.size,
    };
    Ok(Wording { subject: mail.subject, text: mail.text, bytes, files: draft.attach.iter().zip(places).map(enclosure).collect() })
}

/// What makes a letter itself: 16 letters of (cause, ordinal, recipients).
struct Ids {
    key: String,
}

impl Ids {
    fn new(draft: &Draft, ordinal: usize, desk: Desk<'_>) -> Ids {
        let recipients: Vec<&str> = draft.to.iter().map(|to| to.person.address.as_str()).collect();
        let key = desk.policy.key.sign(&["key", &desk.cause.0, &ordinal.to_string(), &recipients.join(",")]);
        Ids { key }
    }

    /// Ends no line of any text by accident: an HMAC.
    fn boundary(&self, policy: &Policy) -> String {
        policy.key.sign(&["boundary", &self.key])
    }

    fn message_id(&self, draft: &Draft, mailbox: &Mailbox, policy: &Policy) -> anyhow::Result<MessageId> {
        let id = LetterName::make(draft.ticket, &self.key, mailbox.address.domain(), &policy.key);
        id.ok_or_else(|| anyhow!("{} has no domain for a Message-ID", mailbox.address))
    }
}

/// Mail of a ticket carries its `[#1042]`, whatever the template says: the last clue that survives every mail client.
fn tag_subject(mail: &mut Rendered, draft: &Draft, policy: &Policy) {
    let Some(ticket) = draft.ticket else { return };
    let tag = format!("[{}{}]", policy.desk.ticket_prefix, ticket.0);
    if !mail.subject.contains(&tag) {
        mail.subject = match mail.subject.strip_prefix("Re: ") {
            Some(rest) => format!("Re: {tag} {rest}"),
            None => format!("{tag} {}", mail.subject),
        };
    }
}

fn headers(
    draft: &Draft,
    mail: &Rendered,
    mailbox: &Mailbox,
    token: Option<&str>,
    message_id: &MessageId,
    desk: Desk<'_>,
) -> anyhow::Result<Headers> {
    let Desk { policy, .. } = desk;
    let own: lettre::Address = mailbox.address.as_str().parse().with_context(|| format!("{} cannot stand in a header", mailbox.address))?;
    let mut headers = Headers::with_capacity(16);
    headers.insert_raw(date(desk));
    headers.set(From::from(Mailboxes::from(Named::new(Some(sender_name(draft, &policy.desk.name)), own.clone()))));
    if let Some(to) = people(draft.to.iter().filter(|to| !to.cc)) {
        headers.set(To::from(to));
    }
    if let Some(cc) = people(draft.to.iter().filter(|to| to.cc)) {
        headers.set(Cc::from(cc));
    }
    let detail = token.filter(|_| mailbox.plus_addresses);
    let reply_to = detail.and_then(|detail| plus(&mailbox.address, detail)).and_then(|a| a.as_str().parse().ok()).unwrap_or(own);
    headers.set(ReplyTo::from(Mailboxes::from(Named::new(None, reply_to))));
    headers.set(Subject::from(mail.subject.clone()));
    headers.set(MessageIdHeader::from(message_id.to_string()));

    let answers = draft.answers.as_ref().filter(|id| id.as_str().bytes().all(|b| b.is_ascii_graphic()));
    let anchor = token.and_then(|token| Token::anchor(token, mailbox.address.domain()));
    if let Some(answers) = answers {
        headers.set(InReplyTo::from(answers.to_string()));
    }
    let references: Vec<String> = anchor.iter().chain(answers).map(ToString::to_string).collect();
    if !references.is_empty() {
        headers.set(References::from(references.join(" ")));
    }
    if draft.kind != LetterKind::Reply {
        // RFC 3834 section 5: an answer to a mail is auto-replied, everything else that nobody typed is auto-generated.
        let how = if draft.answers.is_some() { "auto-replied" } else { "auto-generated" };
        headers.insert_raw(plain_header(HeaderName::new_from_ascii_str("Auto-Submitted"), how.to_owned()));
        headers.insert_raw(plain_header(HeaderName::new_from_ascii_str("X-Auto-Response-Suppress"), "All".to_owned()));
        headers.insert_raw(plain_header(HeaderName::new_from_ascii_str("X-Postdesk-Loop"), policy.key.sign(&["loop"])));
    }
    headers.insert_raw(plain_header(HeaderName::new_from_ascii_str(super::TEMPLATE_HEADER), mail.template.clone()));
    headers.set(MimeVersion::default());
    Ok(headers)
}

/// A header of printable ASCII that needs no folding.
fn plain_header(name: HeaderName, value: String) -> HeaderValue {
    HeaderValue::dangerous_new_pre_encoded(name, value.clone(), value)
}

/// The date in the desk's zone; lettre's own knows only UTC.
fn date(desk: Desk<'_>) -> HeaderValue {
    plain_header(lettre::message::header::Date::name(), desk.now.with_timezone(&desk.policy.desk.timezone).to_rfc2822())
}

/// Who the mail is from, in words: the desk, or a person by way of the desk. Never an address, for mail clients answer to those.
fn sender_name(draft: &Draft, desk: &str) -> String {
    let person = match &draft.facts {
        Facts::Reply(f) => &f.agent,
        Facts::Resolved(f) if draft.kind == LetterKind::Reply => &f.agent,
        Facts::Closed(f) if draft.kind == LetterKind::Reply => &f.agent,
        Facts::AgentNew(f) => &f.ticket.requester,
        Facts::Approval(f) => &f.asked_by,
        Facts::Consult(f) => &f.agent,
        Facts::AgentFollowup(f) => &f.from,
        _ => "",
    };
    let person = one_line(person);
    if person.is_empty() || person.contains('@') || person.contains("://") {
        return one_line(desk);
    }
    if is_chinese(&draft.language) { format!("{person}（{}）", one_line(desk)) } else { format!("{person} via {}", one_line(desk)) }
}

/// Recipients for a header. An address that no header can hold stands in the envelope alone, where its fate becomes known.
fn people<'a>(recipients: impl Iterator<Item = &'a Recipient>) -> Option<Mailboxes> {
    let mut list: Option<Mailboxes> = None;
    for Recipient { person, .. } in recipients {
        let address = person.address.as_str();
        let Some(parsed) = address.is_ascii().then(|| address.parse::<lettre::Address>().ok()).flatten() else { continue };
        let name = Some(one_line(&person.name)).filter(|name| !name.is_empty());
        list.get_or_insert_with(Mailboxes::new).push(Named::new(name, parsed));
    }
    list
}

/// A name fit for a header: one line, nothing invisible, not endless.
fn one_line(line: &str) -> String {
    let words: Vec<&str> = line.split(|c: char| c.is_whitespace() || c.is_control()).filter(|w| !w.is_empty()).collect();
    words.join(" ").chars().filter(|c| !text::is_invisible(*c)).take(100).collect()
}

/// `support+detail@…` (RFC 5233); `None` where the local part would be longer than RFC 5321 section 4.5.3.1.1 allows.
fn plus(address: &Address, detail: &str) -> Option<Address> {
    let local = format!("{}+{detail}", address.local());
    (local.len() <= 64).then(|| Address::parse(&format!("{local}@{}", address.domain()))).flatten()
}

/// Where bounces go: to the mailbox; where plus addresses work, with a signed detail that names the letter.
fn reverse_path(draft: &Draft, mailbox: &Mailbox, key: &str, policy: &Policy) -> Address {
    let detail = || trust::bounce_detail(draft.ticket, key, &policy.key);
    let signed = if mailbox.plus_addresses { plus(&mailbox.address, &detail()) } else { None };
    signed.unwrap_or_else(|| mailbox.address.clone())
}

/// Adds the MIME body: text and HTML as alternatives, files beside them. Returns where the bytes of each file belong.
fn add_body(out: &mut Vec<u8>, text: &str, html: &str, files: &[Attach], boundary: &str) -> Vec<usize> {
    let add = |out: &mut Vec<u8>, pieces: &[&str]| pieces.iter().for_each(|piece| out.extend_from_slice(piece.as_bytes()));
    if !files.is_empty() {
        add(out, &["Content-Type: multipart/mixed; boundary=\"mix.", boundary, "\"\r\n\r\n--mix.", boundary, "\r\n"]);
    }
    add(out, &["Content-Type: multipart/alternative; boundary=\"alt.", boundary, "\"\r\n\r\n--alt.", boundary, "\r\n"]);
    encode::text_part(out, "plain", text);
    add(out, &["--alt.", boundary, "\r\n"]);
    encode::text_part(out, "html", html);
    add(out, &["--alt.", boundary, "--\r\n"]);
    let mut places = Vec::with_capacity(files.len());
    for Attach { file, .. } in files {
        add(out, &["--mix.", boundary, "\r\n"]);
        out.extend_from_slice(file_header(&file.name, &file.media_type).as_bytes());
        places.push(out.len());
        add(out, &["\r\n"]);
    }
    if !files.is_empty() {
        add(out, &["--mix.", boundary, "--\r\n"]);
    }
    places
}

/// The header of a file's part, with the empty line behind it.
fn file_header(name: &str, media_type: &str) -> String {
    // RFC 2046 section 5.2.1 forbids base64 for messages, and nothing else carries any bytes unchanged: they travel as plain files.
    let composite = media_type.starts_with("message/") || media_type.starts_with("multipart/");
    let kind = Some(media_type).filter(|_| !composite).and_then(|t| ContentType::parse(t).ok());
    let kind = kind.or_else(|| ContentType::parse("application/octet-stream").ok()).unwrap_or(ContentType::TEXT_PLAIN);
    let mut headers = Headers::new();
    headers.set(ContentDisposition::attachment(&file_name(name)));
    headers.set(kind);
    headers.set(ContentTransferEncoding::Base64);
    format!("{headers}\r\n")
}

/// A file name without paths or tricks.
fn file_name(name: &str) -> String {
    let name: String = one_line(name).chars().map(|c| if matches!(c, '/' | '\\' | ':' | '"') { '_' } else { c }).collect();
    if name.is_empty() { "file".to_owned() } else { name }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn files_lose_their_tricks() {
        for (name, wanted) in [
            ("a.txt", "filename=\"a.txt\""),
            ("../../etc/passwd", "filename=\".._.._etc_passwd\""),
            ("a\r\nX: y.txt", "filename=\"a X_ y.txt\""),
            ("x\u{202E}gpj.exe", "filename=\"xgpj.exe\""),
            ("", "filename=\"file\""),
            ("断线.png", "filename*0*=utf-8''%E6%96%AD%E7%BA%BF.png"),
        ] {
            let part = file_header(name, "text/plain");
            assert!(part.contains(wanted), "{part}");
            assert!(part.ends_with("base64\r\n\r\n"), "{part}");
        }
        let mail = file_header("m.eml", "message/rfc822");
        assert!(mail.contains("application/octet-stream"), "{mail}");
    }

    #[test]
    fn plus_addresses_stay_within_limits() {
        let address = Address::parse("support@desk.example").unwrap();
        assert_eq!(plus(&address, "pd.1").unwrap().as_str(), "support+pd.1@desk.example");
        assert_eq!(plus(&address, &"x".repeat(60)), None);
    }
}
