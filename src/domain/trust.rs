//! Signed ids and who may give orders (promise 6).
//!
//! Every mail of the desk carries ids that only the desk can make: HMAC-SHA-256 over (purpose, ticket, person), cut to 80 bits.

use std::fmt;

use hmac::{Hmac, KeyInit, Mac};
use serde::Serialize;
use sha2::Sha256;

use super::authentication;
use super::message::{MessageId, Reading};
use super::policy::{Policy, Role};
use super::ticket::TicketNo;

/// The desk's secret key: 32 bytes, kept in a file of its own. Keys that signed before it stand beside it and verify still, so that
/// mails in people's mailboxes count after a new one.
#[derive(Clone, PartialEq, Eq)]
pub struct Key {
    signs: Secret,
    older: Vec<Secret>,
}

/// The bytes of a key.
pub type Secret = [u8; 32];

impl fmt::Debug for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Key(…)")
    }
}

impl Key {
    /// A key with none before it.
    pub fn new(secret: Secret) -> Key {
        Key { signs: secret, older: Vec::new() }
    }

    /// The same with the keys that signed before it, newest first.
    #[must_use]
    pub fn after(self, older: Vec<Secret>) -> Key {
        Key { older, ..self }
    }

    /// Stands in where a desk has no key yet: signs samples, protects nothing.
    pub fn unset() -> Key {
        Key::new([0; 32])
    }

    /// Does it protect nothing?
    pub fn is_unset(&self) -> bool {
        self.signs == [0; 32]
    }

    /// All secrets, the one that signs first.
    pub fn secrets(&self) -> impl Iterator<Item = &Secret> {
        std::iter::once(&self.signs).chain(&self.older)
    }

    /// 16 base32 letters (80 bits) of the HMAC over the parts, each framed by its length.
    pub fn sign(&self, parts: &[&str]) -> String {
        signature(&self.signs, parts)
    }

    /// Did this key, or one before it, sign the parts so? Every key is tried and every letter compared, so that the time which it takes
    /// tells nothing.
    pub fn signed(&self, parts: &[&str], claimed: &str) -> bool {
        self.secrets().fold(false, |any, secret| any | same(&signature(secret, parts), claimed))
    }

    /// The key that signed the parts so, alone.
    fn signer(&self, parts: &[&str], claimed: &str) -> Option<Key> {
        self.secrets().find(|secret| same(&signature(secret, parts), claimed)).map(|secret| Key::new(*secret))
    }
}

fn signature(secret: &Secret, parts: &[&str]) -> String {
    let Ok(mut mac) = Hmac::<Sha256>::new_from_slice(secret) else { return String::new() };
    for part in parts {
        mac.update(&(part.len() as u64).to_be_bytes());
        mac.update(part.as_bytes());
    }
    let digest = mac.finalize().into_bytes();
    let short: Vec<u8> = digest.iter().take(10).copied().collect();
    data_encoding::BASE32_NOPAD.encode(&short).to_lowercase()
}

fn same(ours: &str, claimed: &str) -> bool {
    ours.len() == claimed.len() && ours.bytes().zip(claimed.bytes()).fold(0, |differing, (a, b)| differing | (a ^ b)) == 0
}

/// What a signed id of ours says. Text form: `pd.<ticket>.<handle or 0>.<signature>`; it stands
/// - as the anchor, first in References: `<pd.1042.li.SIG@desk.example>`,
/// - in the `Ref:` line of the text: `Ref: pd.1042.li.SIG`,
/// - in the plus address where one is used: `support+pd.1042.li.SIG@desk.example`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Token {
    /// The ticket that it names.
    pub ticket: TicketNo,
    /// The agent that it was mailed to; `None` for requesters and participants.
    pub agent: Option<String>,
}

impl Token {
    /// The agent whom it was mailed to, and how many of his tokens of this ticket were retired before it.
    pub fn holder(&self) -> Option<(&str, u32)> {
        let agent = self.agent.as_deref()?;
        let later = agent.rsplit_once('.').and_then(|(handle, retired)| Some((handle, retired.parse().ok()?)));
        Some(later.unwrap_or((agent, 0)))
    }

    /// How an agent stands in his token. A handle has no dot.
    pub fn name(handle: &str, retired: u32) -> String {
        if retired == 0 { handle.to_owned() } else { format!("{handle}.{retired}") }
    }

    /// The text form.
    pub fn text(&self, key: &Key) -> String {
        let agent = self.agent.as_deref().unwrap_or("0");
        let number = self.ticket.0.to_string();
        format!("pd.{number}.{agent}.{}", key.sign(&["token", &number, agent]))
    }

    /// Reads and verifies a text form; `None` when it is none of ours.
    pub fn read(text: &str, key: &Key) -> Option<Token> {
        let text = text.trim().to_ascii_lowercase();
        let mut parts = text.strip_prefix("pd.")?.splitn(2, '.');
        let number: i64 = parts.next()?.parse().ok()?;
        let (agent, signature) = parts.next()?.rsplit_once('.')?;
        let sound = key.signed(&["token", &number.to_string(), agent], signature);
        sound.then(|| Token { ticket: TicketNo(number), agent: (agent != "0").then(|| agent.to_owned()) })
    }

    /// The anchor of a text form: a Message-ID that stands first in References of every mail of the ticket.
    pub fn anchor(text: &str, domain: &str) -> Option<MessageId> {
        MessageId::parse(&format!("{text}@{domain}"))
    }
}

/// What the Message-ID of a letter of ours says: `<pdl.1042.KEY.SIG@desk.example>`. The ticket stands in it, so that an answer leads there
/// without an index of all ids; who finds the letter by it compares the whole id.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct LetterName<'a> {
    /// `None` for what belongs to no ticket, as a summary does.
    pub ticket: Option<TicketNo>,
    /// What makes the letter itself.
    pub key: &'a str,
    signature: &'a str,
}

impl<'a> LetterName<'a> {
    /// The id of a letter; `None` where the domain cannot stand in one.
    pub fn make(ticket: Option<TicketNo>, letter: &str, domain: &str, key: &Key) -> Option<MessageId> {
        MessageId::parse(&format!("pdl.{}.{letter}.{}@{domain}", in_id(ticket), key.sign(&["letter", letter])))
    }

    /// Takes an id apart that has this form; whether it is ours is not said yet.
    pub fn read(id: &'a MessageId) -> Option<LetterName<'a>> {
        let (local, _) = id.as_str().split_once('@')?;
        let mut parts = local.strip_prefix("pdl.")?.split('.');
        let ticket = from_id(parts.next()?)?;
        let (key, signature) = (parts.next()?, parts.next()?);
        parts.next().is_none().then_some(LetterName { ticket, key, signature })
    }

    /// Did this desk write it?
    pub fn is_signed(&self, key: &Key) -> bool {
        key.signed(&["letter", self.key], self.signature)
    }
}

/// Who wrote a mail.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Sender {
    /// `requester`, `agent`, `lead`, `desk`, `stranger`.
    pub role: SenderRole,
    /// The agent's handle, where From is an agent's.
    pub agent: Option<String>,
    /// The tickets for which the mail proves its sender, unless that token was retired: so many were before it.
    #[serde(skip)]
    pub proved: Vec<(TicketNo, u32)>,
    /// Our own border vouches for From, or the agent himself for this mail, which proves him for every ticket.
    #[serde(skip)]
    pub vouched: bool,
    /// Proved for any ticket at all.
    pub trusted: bool,
    /// Why.
    pub because: String,
}

impl Sender {
    /// Is the agent proved for a ticket of which so many of his tokens were retired?
    pub fn is_proved(&self, ticket: TicketNo, retired: u32) -> bool {
        self.vouched || self.proved.contains(&(ticket, retired))
    }

    /// The agent has confirmed the mail.
    pub fn grant(&mut self, confirmed: &str) {
        (self.vouched, self.trusted) = (true, true);
        self.because = format!("{}; he confirmed it at {confirmed}", self.because);
    }

    /// By what he is proved, in a word for `explain`.
    pub fn proof(&self) -> &'static str {
        match (self.proved.is_empty(), self.vouched) {
            (false, _) => "token",
            (true, true) => "border",
            (true, false) => "none",
        }
    }
}

/// Roles, as `explain` and rules spell them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum SenderRole {
    /// Anybody who writes for help.
    Requester,
    /// An agent by address.
    Agent,
    /// A lead by address.
    Lead,
}

impl SenderRole {
    /// The word.
    pub fn as_str(self) -> &'static str {
        match self {
            SenderRole::Requester => "requester",
            SenderRole::Agent => "agent",
            SenderRole::Lead => "lead",
        }
    }
}

/// Every token of ours in a mail: plus addresses, References, `Ref:` lines; each once, in that order.
pub fn tokens(mail: &Reading, policy: &Policy) -> Vec<(Token, TokenPlace)> {
    let mut found: Vec<(Token, TokenPlace)> = Vec::new();
    let mut add = |token: Option<Token>, place| {
        if let Some(token) = token
            && !found.iter().any(|(t, _)| *t == token)
        {
            found.push((token, place));
        }
    };
    let addresses = mail.recipients().map(|p| &p.address).chain(mail.delivered_to.iter());
    for address in addresses.filter(|a| policy.is_own(a)) {
        if let Some((_, detail)) = address.split_plus() {
            add(Token::read(detail, &policy.key), TokenPlace::Address);
        }
    }
    for id in mail.references.iter().rev() {
        if let Some((local, _)) = id.as_str().split_once('@') {
            add(Token::read(local, &policy.key), TokenPlace::Reference);
        }
    }
    // A quote's own Ref: line is its last; what stands above may be a stranger's words.
    for token in in_text(&mail.text, &policy.key).into_iter().rev() {
        add(Some(token), TokenPlace::RefLine);
    }
    found
}

/// A letter's ticket as its ids have it: 0 for none.
fn in_id(ticket: Option<TicketNo>) -> i64 {
    ticket.map_or(0, |ticket| ticket.0)
}

fn from_id(number: &str) -> Option<Option<TicketNo>> {
    let number: i64 = number.parse().ok()?;
    Some((number > 0).then_some(TicketNo(number)))
}

/// The detail of the address to which a letter's bounces go, `bounce.<ticket or 0>.<letter>.<signature>`.
pub fn bounce_detail(ticket: Option<TicketNo>, letter: &str, key: &Key) -> String {
    format!("bounce.{}.{letter}.{}", in_id(ticket), key.sign(&["bounce", letter]))
}

/// The Message-ID of the letter whose bounce this is, by the signed address that it went to: some servers return nothing of the mail.
pub fn bounced(mail: &Reading, policy: &Policy) -> Option<MessageId> {
    let addresses = mail.recipients().map(|p| &p.address).chain(mail.delivered_to.iter());
    addresses.filter(|a| policy.is_own(a)).find_map(|address| {
        let (_, detail) = address.split_plus()?;
        let (ticket, letter) = detail.strip_prefix("bounce.")?.split_once('.')?;
        let (letter, signature) = letter.split_once('.')?;
        let ticket = from_id(ticket)?;
        let key = policy.key.signer(&["bounce", letter], signature)?;
        LetterName::make(ticket, letter, address.domain(), &key)
    })
}

/// Every token of ours in a text, whatever stands around it.
pub fn in_text(text: &str, key: &Key) -> Vec<Token> {
    let words = text.split(|c: char| !(c.is_ascii_alphanumeric() || c == '.' || c == '-' || c == '_'));
    let tokens = words.filter_map(|word| word.char_indices().map(|(at, _)| at).find_map(|at| word.get(at..).filter(|w| starts(w))));
    tokens.filter_map(|word| Token::read(word.trim_end_matches('.'), key)).collect()
}

fn starts(word: &str) -> bool {
    word.get(..3).is_some_and(|start| start.eq_ignore_ascii_case("pd."))
}

/// Where a token stood.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TokenPlace {
    /// In an address of ours.
    Address,
    /// In In-Reply-To or References.
    Reference,
    /// In a quoted `Ref:` line.
    RefLine,
}

/// Who wrote this mail, and may he give orders? From alone is never believed.
pub fn judge(mail: &Reading, tokens: &[(Token, TokenPlace)], policy: &Policy) -> Sender {
    let agent = mail.from.as_ref().and_then(|p| policy.agent_at(&p.address));
    let role = match agent.map(|agent| agent.role) {
        Some(Role::Lead) => SenderRole::Lead,
        Some(_) => SenderRole::Agent,
        None => SenderRole::Requester,
    };
    let who = agent.map_or_else(|| "From is no agent's address".to_owned(), |agent| format!("From is {}", agent.address));
    let mut sender =
        Sender { role, agent: agent.map(|agent| agent.handle.clone()), proved: Vec::new(), vouched: false, trusted: false, because: who };
    if let Some(why) = forged(mail, policy) {
        sender.because = format!("{}, but {why}", sender.because);
        return sender;
    }
    let border = authentication::vouched(mail, policy);
    if let Some(agent) = agent {
        let mine = tokens.iter().filter_map(|(token, _)| Some((token.ticket, token.holder()?)));
        sender.proved = mine.filter(|(_, (handle, _))| *handle == agent.handle).map(|(ticket, (_, retired))| (ticket, retired)).collect();
        sender.because = match (sender.proved.first(), &border) {
            (Some((ticket, _)), _) => {
                format!("{} and the mail carries the token that was mailed to {} for {ticket}", sender.because, agent.handle)
            }
            (None, Some(_)) => sender.because,
            (None, None) => format!("{}, but the mail carries no token that was mailed to {}", sender.because, agent.handle),
        };
    }
    if let Some(why) = &border {
        sender.because = format!("{}, and {why}", sender.because);
    }
    sender.vouched = border.is_some();
    sender.trusted = sender.vouched || !sender.proved.is_empty();
    sender
}

/// Why From may be another's, whatever token the mail carries (promise 6).
pub fn forged(mail: &Reading, policy: &Policy) -> Option<&'static str> {
    if authentication::dmarc_failed(mail, policy) {
        return Some("our border reports dmarc=fail");
    }
    // RFC 5322 section 3.6 knows one From; programs differ in which of two they believe.
    (mail.all_headers("From").count() > 1).then_some("the mail has several From fields")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_newest_key_signs_and_all_verify() {
        let [a, b, c] = [[1; 32], [2; 32], [3; 32]];
        let desk = |secrets: &[Secret]| Key::new(secrets[0]).after(secrets[1..].to_vec());
        for (signing, reading, counts) in [
            (vec![a], vec![a], true),
            (vec![a], vec![b, a], true),
            (vec![a], vec![c, b, a], true),
            (vec![b, a], vec![c, b], true),
            (vec![b, a], vec![b], true),
            (vec![b, a], vec![a], false),
            (vec![a], vec![b], false),
            (vec![a], vec![c, b], false),
        ] {
            let (old, new) = (desk(&signing), desk(&reading));
            let case = format!("{signing:?} read with {reading:?}");
            assert_eq!(old.sign(&["loop"]), Key::new(signing[0]).sign(&["loop"]), "{case}");
            assert_eq!(new.signed(&["loop"], &old.sign(&["loop"])), counts, "{case}");
            let signer = new.signer(&["loop"], &old.sign(&["loop"]));
            let id = |key: &Key| LetterName::make(None, "a", "desk.example", key);
            assert_eq!(signer.map(|key| id(&key)), counts.then(|| id(&old)), "{case}");
            let token = Token { ticket: TicketNo(1042), agent: Some("li".into()) };
            assert_eq!(Token::read(&token.text(&old), &new), counts.then(|| token.clone()), "{case}");
            assert_eq!(in_text(&format!("> Ref: {}", token.text(&old)), &new).len(), usize::from(counts), "{case}");
        }
    }

    #[test]
    fn a_signature_is_for_its_parts_and_whole() {
        let key = Key::new([1; 32]).after(vec![[2; 32]]);
        let sound = Key::new([2; 32]).sign(&["token", "1", "li"]);
        assert!(key.signed(&["token", "1", "li"], &sound));
        for (parts, claimed) in [
            (["token", "2", "li"], sound.as_str()),
            (["token", "1l", "i"], sound.as_str()),
            (["token", "1", "li"], ""),
            (["token", "1", "li"], sound.get(..15).unwrap()),
            (["token", "1", "li"], &format!("{sound}a")),
            (["token", "1", "li"], &sound.to_uppercase()),
        ] {
            assert!(!key.signed(&parts, claimed), "{parts:?} {claimed}");
        }
        assert_eq!(format!("{key:?}"), "Key(…)");
    }
}
