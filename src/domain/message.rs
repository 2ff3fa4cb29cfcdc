//! What a mail says (`Reading`), what the desk wants to say (`Draft`) and what it will say (`Letter`).
//!
//! A [`Reading`] is made once from raw bytes by `mail::parse` and holds facts only: no judgement, no ticket.
//! A [`Draft`] is an intent that `mail::compose` turns into a [`Letter`]; a letter's bytes never change again, so
//! that a repeated delivery is the same mail (RFC 5322 section 3.6.4).

use std::fmt;

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use super::CauseKey;
use super::attachment::{Attachment, Span};
use super::doubt::Doubt;
use super::facts::Facts;
use super::ticket::TicketNo;

/// A mailbox address, folded to lower case: `local@domain`.
///
/// Local parts are case-sensitive by RFC 5321 section 2.4, but no system in use keeps two people apart by case.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Address(String);

impl Address {
    /// Reads one bare address; `None` when it has no local part or domain, or holds white space or control bytes.
    pub fn parse(text: &str) -> Option<Address> {
        let text = text.trim().trim_start_matches('<').trim_end_matches('>');
        let (local, domain) = text.rsplit_once('@')?;
        let clean = |part: &str| !part.is_empty() && !part.chars().any(|c| c.is_whitespace() || c.is_control() || "<>,;\"".contains(c));
        (clean(local) && clean(domain) && text.len() <= 320).then(|| Address(text.to_lowercase()))
    }

    /// The address of nobody, for mail that names no sender (RFC 2606: `.invalid` never resolves).
    pub fn nowhere() -> Address {
        Address("nobody@sender.invalid".to_owned())
    }

    /// The whole address, `local@domain`.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// What stands before the last `@`.
    pub fn local(&self) -> &str {
        self.0.rsplit_once('@').map_or("", |(local, _)| local)
    }

    /// What stands after the last `@`.
    pub fn domain(&self) -> &str {
        self.0.rsplit_once('@').map_or("", |(_, domain)| domain)
    }

    /// `support+x@d` → (`support@d`, `x`): the plus address (RFC 5233) taken apart.
    pub fn split_plus(&self) -> Option<(Address, &str)> {
        let (base, detail) = self.local().split_once('+')?;
        Some((Address(format!("{base}@{}", self.domain())), detail))
    }
}

impl fmt::Display for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// An address with the name that its owner writes before it.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Person {
    /// The display name, decoded; empty when there is none.
    pub name: String,
    /// The bare address.
    pub address: Address,
}

impl Person {
    /// The name, or the local part of the address where there is none.
    pub fn called(&self) -> &str {
        if self.name.trim().is_empty() { self.address.local() } else { self.name.trim() }
    }
}

/// A Message-ID without its angle brackets (RFC 5322 section 3.6.4), at most 900 bytes, printable ASCII or UTF-8 without spaces.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(transparent)]
pub struct MessageId(String);

impl MessageId {
    /// Reads one id with or without brackets; `None` when empty, too long to fold into a header, or with white space inside.
    pub fn parse(text: &str) -> Option<MessageId> {
        let text = text.trim().trim_start_matches('<').trim_end_matches('>');
        let sound =
            !text.is_empty() && text.len() <= 900 && !text.chars().any(|c| c.is_whitespace() || c.is_control() || c == '<' || c == '>');
        sound.then(|| MessageId(text.to_owned()))
    }

    /// The id without brackets.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// A 64-bit hash for index look-ups; the text is verified after.
    pub fn hash64(&self) -> i64 {
        hash64(self.0.as_bytes())
    }
}

impl fmt::Display for MessageId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "<{}>", self.0)
    }
}

/// The first eight bytes of SHA-256 as an integer: an index key that is stable across versions and machines.
pub fn hash64(bytes: &[u8]) -> i64 {
    let digest = Sha256::digest(bytes);
    let mut first = [0_u8; 8];
    for (to, from) in first.iter_mut().zip(digest.iter()) {
        *to = *from;
    }
    i64::from_be_bytes(first)
}

/// Where a message lies on a server: (host, user, folder, UIDVALIDITY, UID), RFC 3501 section 2.3.1.1. For a Maildir the
/// folder is its path, UIDVALIDITY and UID are 0 and `name` is the unique part of the file name.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Place {
    /// The folder.
    pub folder: Folder,
    /// UIDVALIDITY of the folder when the message was seen.
    pub uidvalidity: u32,
    /// The UID.
    pub uid: u32,
    /// Maildir: the unique part of the file name; empty for IMAP.
    pub name: String,
}

/// A mail that its server does not give out in any form, on several connections.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Withheld {
    /// Name of the configured mailbox.
    pub mailbox: String,
    /// Where it lies.
    pub place: Place,
    /// INTERNALDATE.
    pub at: DateTime<Utc>,
    /// RFC822.SIZE.
    pub size: u64,
    /// What the server says or does in its place.
    pub why: String,
    /// Its header, where at least that could be had.
    pub header: String,
}

impl Withheld {
    /// The key of the cause that such a mail is: one for each place.
    pub fn key(place: &Place) -> CauseKey {
        let Folder { host, user, folder } = &place.folder;
        let folder = hash64(format!("{host}\n{user}\n{folder}").as_bytes());
        CauseKey(format!("withheld:{folder:016x}:{}:{}", place.uidvalidity, place.uid))
    }
}

/// One folder on one server, as one user sees it.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Folder {
    /// Host name, or `maildir`.
    pub host: String,
    /// Login, empty for a Maildir.
    pub user: String,
    /// Folder name as the server spells it, or the Maildir's path.
    pub folder: String,
}

/// How far a folder has been read.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Cursor {
    /// UIDVALIDITY that `next_uid` belongs to.
    pub uidvalidity: u32,
    /// The first UID not yet received.
    pub next_uid: u32,
    /// When the desk first took up this folder: mail that arrived before gets no automatic mail (promise 16).
    pub since: DateTime<Utc>,
}

/// A message as it reaches `receive`, whatever its road.
#[derive(Debug, Clone)]
pub struct Arrival {
    /// Name of the configured mailbox that it came to.
    pub mailbox: String,
    /// Where it lies; `None` for a pipe.
    pub place: Option<Place>,
    /// INTERNALDATE, the file's time or the time of the pipe; never the Date header.
    pub at: DateTime<Utc>,
    /// The bytes; only the header when `whole_size` is set.
    pub raw: Vec<u8>,
    /// The real size in bytes of a message that was too large to fetch whole; `raw` then ends with the header.
    pub whole_size: Option<u64>,
    /// It arrived before the desk was there for it: a ticket, but no automatic mail (promise 16).
    pub quiet: bool,
    /// The cursor after this message, stored with it.
    pub cursor: Option<(Folder, Cursor)>,
}

/// The facts of one mail. Total: any bytes give a reading, with [`Reading::defects`] for what was wrong.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Reading {
    /// Message-ID, if it has a sound one.
    pub id: Option<MessageId>,
    /// The Date header; used for display only.
    pub date: Option<DateTime<Utc>>,
    /// First mailbox of From; `None` for a mail without a readable one.
    pub from: Option<Person>,
    /// Sender, where it differs from From.
    pub sender: Option<Person>,
    /// Reply-To.
    pub reply_to: Vec<Person>,
    /// To.
    pub to: Vec<Person>,
    /// Cc.
    pub cc: Vec<Person>,
    /// Delivered-To, X-Original-To, Envelope-To: the addresses that the border wrote.
    pub delivered_to: Vec<Address>,
    /// Return-Path: `Some(None)` is the null reverse-path of RFC 5321 section 4.5.5.
    pub return_path: Option<Option<Address>>,
    /// Decoded subject on one line.
    pub subject: String,
    /// The subject without Re:, 回复:, Fwd: … and without our `[#n]`.
    pub base_subject: String,
    /// It is a forward: its subject's outermost prefix says so (Fwd, 转发, WG, TR), or the head above what it carries.
    pub forwarded: bool,
    /// The mail that it carries, below a forward's head or attached whole.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub original: Option<Box<Original>>,
    /// In-Reply-To and References, oldest first, each once.
    pub references: Vec<MessageId>,
    /// Ids in In-Reply-To alone.
    pub in_reply_to: Vec<MessageId>,
    /// Every header field in order, name as written, value unfolded and decoded.
    pub headers: Vec<(String, String)>,
    /// The whole text: the plain part, or the HTML part as text.
    pub text: String,
    /// What the writer wrote himself: `text` without quotes and signature.
    pub reply: ReplyText,
    /// Attachments and inline parts in order.
    pub attachments: Vec<Attachment>,
    /// A delivery report's content (RFC 3464), where the mail has one.
    pub report: Option<Report>,
    /// METHOD of the calendar object by which the mail speaks (RFC 5546), lower case: `request`, `reply`, ….
    pub calendar_method: Option<String>,
    /// BCP 47 primary subtag of the language of the own words: `en`, `zh`, …; `None` where too short to tell.
    pub language: Option<String>,
    /// Size in bytes, as received.
    pub size: u64,
    /// The message was too large and only its header was read.
    pub oversize: bool,
    /// What was wrong with the bytes, in words of a closed set.
    pub defects: Vec<Defect>,
}

impl Reading {
    /// The first header of this name, any case.
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(n, _)| n.eq_ignore_ascii_case(name)).map(|(_, v)| v.as_str())
    }

    /// Every header of this name, any case, in order.
    pub fn all_headers<'a>(&'a self, name: &'a str) -> impl Iterator<Item = &'a str> {
        self.headers.iter().filter(move |(n, _)| n.eq_ignore_ascii_case(name)).map(|(_, v)| v.as_str())
    }

    /// To and Cc together.
    pub fn recipients(&self) -> impl Iterator<Item = &Person> {
        self.to.iter().chain(self.cc.iter())
    }
}

/// A mail that another one carries, as far as its head tells.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Original {
    /// Who wrote it; Exchange names colleagues without their addresses.
    pub from: Option<Person>,
    /// Its subject without prefixes; empty where the head names none.
    pub subject: String,
    /// Its text.
    pub text: String,
    /// Language of its own words.
    pub language: Option<String>,
    /// Message-ID, where it is attached whole.
    pub id: Option<MessageId>,
    /// The mails that it answers, where it is attached whole.
    pub references: Vec<MessageId>,
}

/// A text taken apart.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct ReplyText {
    /// The own words.
    pub text: String,
    /// Something was quoted and cut.
    pub quoted: bool,
    /// The signature that was cut, empty when none.
    pub signature: String,
    /// The cut is not certain: quoted material may remain in `text`.
    pub unsure: bool,
}

/// What a delivery report says (RFC 3464), or a notice in words.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Report {
    /// Each recipient that it speaks of, in its order; empty when it names none and says nothing.
    pub recipients: Vec<RecipientReport>,
    /// Message-ID of the mail that bounced, from the returned header.
    pub original: Option<MessageId>,
    /// References of the returned mail (they hold our anchor).
    pub original_references: Vec<MessageId>,
    /// Subject and first lines of the returned mail, where it is a part of its own: a number or a `Ref:` line of ours may stand there.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub returned: String,
}

/// What became of a mail to one recipient (RFC 3464 section 2.3).
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct RecipientReport {
    /// Final-Recipient or Original-Recipient.
    pub recipient: Option<Address>,
    /// Enhanced status code `5.1.1` (RFC 3463).
    pub status: Option<String>,
    /// Action field: failed, delayed, delivered, relayed, expanded; empty when not given.
    pub action: String,
    /// Diagnostic-Code or the text that says why, one line.
    pub diagnostic: String,
}

/// What was wrong with a mail's bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Defect {
    /// No Message-ID, or not a usable one.
    NoMessageId,
    /// No From with an address.
    NoFrom,
    /// No header at all.
    NoHeader,
    /// Bytes that fit no declared or detected charset.
    Undecodable,
    /// A charset label that was wrong; the text was read by detection.
    Mislabelled,
    /// Nested deeper or in more parts than is read.
    TooManyParts,
    /// HTML nested too deeply to be turned into text exactly.
    HtmlTooComplex,
    /// A header with more fields or bytes than are read.
    HeaderTooLarge,
    /// Files in Microsoft's TNEF, which nothing but Outlook opens.
    Winmail,
    /// The text is Rich Text alone, which is not read: it is passed on as a file.
    RichText,
    /// Files in uuencode inside a text that is itself encoded: they are named and not passed on.
    Uuencoded,
    /// Encrypted: the desk cannot read it.
    Encrypted,
    /// Larger than the limit: only the header was read.
    TooLarge,
    /// The same Message-ID as an earlier mail with another body.
    SameIdOtherBody,
    /// Ends in the middle of a part.
    Truncated,
    /// A text longer than is read.
    TextTooLong,
    /// A file that is a program: it is named and not passed on.
    Program,
}

/// The kinds of letters, by which the outbox orders them (first goes first) and counts automatic mail.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum LetterKind {
    /// A person's words on their way to a requester.
    Reply,
    /// To an agent: notification, receipt, error.
    Notice,
    /// To a requester, by the desk itself.
    Automatic,
    /// To leads: summaries.
    Summary,
}

/// One recipient of a draft. One recipient an envelope (RFC 5321 section 2.3.1), so that one refusal stops nobody else.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Recipient {
    /// Who.
    pub person: Person,
    /// Shown in Cc instead of To.
    pub cc: bool,
}

/// An intent to send one message.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Draft {
    /// Template language, `en`.
    pub language: String,
    /// Which queue, which headers.
    pub kind: LetterKind,
    /// Name of the mailbox it goes out from.
    pub mailbox: String,
    /// The ticket that it belongs to, if any.
    pub ticket: Option<TicketNo>,
    /// All recipients of this one message.
    pub to: Vec<Recipient>,
    /// The agent whose token it carries; `None` for mail to requesters.
    pub agent: Option<String>,
    /// In-Reply-To: the message that it answers.
    pub answers: Option<MessageId>,
    /// Facts; they name the template.
    pub facts: Facts,
    /// The operator's variant of that template, `ack-outage`; where the language has none of this name, the template itself serves.
    pub variant: Option<String>,
    /// Files that go along.
    pub attach: Vec<Attach>,
    /// Held: not sent until an agent says `[send]`.
    pub held: Option<Held>,
    /// Not before this moment.
    pub not_before: Option<DateTime<Utc>>,
}

/// Why a letter waits for an agent's `[send]`, and until when.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Held {
    /// One sentence, in English.
    pub why: String,
    /// Which of the reasons it is.
    pub doubt: Doubt,
    /// From then on nobody can send it any more; `None`: it waits for ever.
    pub lapses: Option<DateTime<Utc>>,
}

/// A file to go along: a part of a received mail.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Attach {
    /// Its facts.
    pub file: Attachment,
    /// The earlier mail that holds it; `None` is the mail that is being decided.
    pub mail: Option<CauseKey>,
}

/// The templates that ship. A closed set: each has a file for each language, sample facts and a golden mail.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum TemplateName {
    /// To the requester: we have your mail.
    Ack,
    /// To requester and participants: an agent's words.
    Reply,
    /// To the requester: owner, team or plan changed.
    Update,
    /// To the requester: cause and fix; please confirm.
    Resolved,
    /// To the requester: closed.
    Closed,
    /// To an agent: a ticket is yours or your team's.
    AgentNew,
    /// To an agent: the requester wrote again.
    AgentFollowup,
    /// To an agent: what your orders did.
    AgentReceipt,
    /// To an agent: nothing of this was done, and why.
    AgentError,
    /// To the requester: too large to read; what to do.
    TooLarge,
    /// To a lead: figures.
    Summary,
    /// To an agent: the answer to `[help]`.
    Help,
    /// To the operator: a mail broke the desk and was set aside.
    Quarantined,
    /// To an approver: may this be done?
    Approval,
    /// To the requester: we wait for you.
    Reminder,
    /// To somebody whose advice an agent asks.
    Consult,
    /// To an agent: is this mail yours?
    Confirm,
}

impl TemplateName {
    /// Every template, for `check` and the golden tests.
    pub const ALL: [TemplateName; 17] = [
        TemplateName::Ack,
        TemplateName::Reply,
        TemplateName::Update,
        TemplateName::Resolved,
        TemplateName::Closed,
        TemplateName::AgentNew,
        TemplateName::AgentFollowup,
        TemplateName::AgentReceipt,
        TemplateName::AgentError,
        TemplateName::TooLarge,
        TemplateName::Summary,
        TemplateName::Help,
        TemplateName::Quarantined,
        TemplateName::Approval,
        TemplateName::Reminder,
        TemplateName::Consult,
        TemplateName::Confirm,
    ];

    /// The template of this stem; a variant's is the template that it varies.
    pub fn parse(stem: &str) -> Option<TemplateName> {
        TemplateName::ALL.into_iter().find(|name| name.as_str() == stem).or_else(|| TemplateName::varied(stem))
    }

    /// The template that an operator's file varies: `ack-outage` → [`TemplateName::Ack`]. Only acknowledgments have variants.
    pub fn varied(stem: &str) -> Option<TemplateName> {
        let word = stem.strip_prefix("ack-")?;
        (!word.is_empty() && word.chars().all(|c| c.is_alphanumeric() || "-_.".contains(c))).then_some(TemplateName::Ack)
    }

    /// The file's stem: `agent_new`.
    pub fn as_str(self) -> &'static str {
        match self {
            TemplateName::Ack => "ack",
            TemplateName::Reply => "reply",
            TemplateName::Update => "update",
            TemplateName::Resolved => "resolved",
            TemplateName::Closed => "closed",
            TemplateName::AgentNew => "agent_new",
            TemplateName::AgentFollowup => "agent_followup",
            TemplateName::AgentReceipt => "agent_receipt",
            TemplateName::AgentError => "agent_error",
            TemplateName::TooLarge => "too_large",
            TemplateName::Summary => "summary",
            TemplateName::Help => "help",
            TemplateName::Quarantined => "quarantined",
            TemplateName::Approval => "approval",
            TemplateName::Reminder => "reminder",
            TemplateName::Consult => "consult",
            TemplateName::Confirm => "confirm",
        }
    }
}

/// Key of a letter: (cause, ordinal), so that deciding again makes the same letter.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct LetterKey(pub String);

impl LetterKey {
    /// Do both follow from one cause?
    pub fn is_beside(&self, other: &LetterKey) -> bool {
        let cause = |key: &LetterKey| key.0.rsplit_once('#').map(|(cause, _)| cause.to_owned());
        cause(self).is_some_and(|own| cause(other) == Some(own))
    }
}

/// The row number of a letter in the store.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(transparent)]
pub struct LetterId(pub i64);

/// A file of a letter. Its bytes lie once, in the mail that brought it; the store sets them in, as base64, when the letter goes out.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Enclosure {
    /// How many of the letter's own bytes stand before it.
    pub at: usize,
    /// The mail that holds it.
    pub mail: CauseKey,
    /// Where.
    pub span: Span,
    /// Its decoded size.
    pub size: u64,
}

/// A letter as it is queued: everything but its words.
#[derive(Debug, Clone, PartialEq)]
pub struct Letter {
    /// (cause, ordinal).
    pub key: LetterKey,
    /// Queue.
    pub kind: LetterKind,
    /// Stem of the template file that made it: `ack`, or an operator's variant, `ack-outage`.
    pub template: String,
    /// Mailbox that it goes out from.
    pub mailbox: String,
    /// Ticket, if any.
    pub ticket: Option<TicketNo>,
    /// Reverse-path; `None` is the null one.
    pub reverse_path: Option<Address>,
    /// One envelope each.
    pub to: Vec<Address>,
    /// Its Message-ID.
    pub message_id: MessageId,
    /// Why it is held, if it is.
    pub held: Option<Held>,
    /// Not before this moment.
    pub not_before: Option<DateTime<Utc>>,
}

/// What a letter says: its bytes never change again.
#[derive(Debug, Clone, PartialEq)]
pub struct Wording {
    /// Subject, for listings.
    pub subject: String,
    /// The text that stands in its plain part: subtracted first from answers to it.
    pub text: String,
    /// The final bytes but for those of its files, CRLF line ends.
    pub bytes: Vec<u8>,
    /// Its files, in the order in which they stand.
    pub files: Vec<Enclosure>,
}
