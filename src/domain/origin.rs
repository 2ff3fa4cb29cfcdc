//! What kind of mail a mail is: a person's, or some machine's (RFC 3834, RFC 3464).
//!
//! First match wins: own, bounce, automatic reply, generated, list or bulk, person. The tables in the rooms below hold words that machines
//! write at the start of a subject or notice; a word that people use as well (a ticket about the leave system) counts only beside a
//! machine's mark, and never where somebody asks for something (`speech`).

mod automatic;
pub mod bounce;
mod lists;
mod marks;
mod phrases;
pub mod reason;
mod speech;
#[cfg(test)]
mod tests;

use serde::{Deserialize, Serialize};

pub use bounce::Bounce;
pub use lists::{behind_list, is_own_list};
use marks::asks_for_none;

use super::doubt::Suspicion;
use super::message::Reading;
use super::policy::Policy;
use super::trust::LetterName;

/// The kinds, as `explain` spells them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum OriginKind {
    /// Written by a person.
    Person,
    /// A vacation notice and its like.
    AutomaticReply,
    /// A machine's own mail: an alert, a form.
    Generated,
    /// A delivery report.
    Bounce,
    /// A list, a newsletter.
    Bulk,
    /// Our own mail, come back.
    Own,
}

/// A judgement with its reason.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Origin {
    /// What it is.
    pub kind: OriginKind,
    /// Why, in words with the evidence.
    pub because: String,
    /// How the border marked it: a ticket without any automatic mail.
    pub suspect: Option<Suspicion>,
    /// The sender's system asks for no acknowledgment, or would answer it; or the mail may be an automatic reply that does not say so.
    pub suppress: bool,
    /// Filled for a bounce.
    pub bounce: Option<Bounce>,
}

/// Judges a reading; first match wins, in the order of design section 4.
pub fn judge(mail: &Reading, policy: &Policy) -> Origin {
    let found = own(mail, policy)
        .map(|why| (OriginKind::Own, why))
        .or_else(|| bounce::shape(mail).map(|why| (OriginKind::Bounce, why)))
        .or_else(|| automatic::reply(mail).map(|why| (OriginKind::AutomaticReply, why)))
        .or_else(|| generated(mail).map(|why| (OriginKind::Generated, why)))
        .or_else(|| lists::bulk(mail, policy).map(|why| (OriginKind::Bulk, why)));
    let (kind, mut because) = found.unwrap_or_else(|| (OriginKind::Person, "no mark of a machine".to_owned()));
    let suspicion = marks::suspicion(mail, policy);
    if let Some((_, why)) = &suspicion {
        because = format!("{because}; suspect: {why}");
    }
    let bounce = (kind == OriginKind::Bounce).then(|| Bounce::read(mail));
    for fate in bounce.iter().flat_map(|b| &b.recipients) {
        let to = fate.recipient.as_ref().map_or("a recipient without a name", |address| address.as_str());
        let lasting = match (fate.ended, fate.hard) {
            (bounce::Ended::Failed, true) => ", hard",
            (bounce::Ended::Failed, false) => ", soft",
            _ => "",
        };
        because = format!("{because}; {to}: {}{lasting}", fate.en());
    }
    let suppress = marks::suppressed(mail) || (kind == OriginKind::Person && automatic::may_be_reply(mail));
    Origin { kind, because, suspect: suspicion.map(|(suspicion, _)| suspicion), suppress, bounce }
}

/// Our signed Message-ID or our loop header; never From.
fn own(mail: &Reading, policy: &Policy) -> Option<String> {
    if mail.id.as_ref().and_then(LetterName::read).is_some_and(|letter| letter.is_signed(&policy.key)) {
        return Some("its Message-ID carries our signature".to_owned());
    }
    let looped = mail.all_headers("X-Postdesk-Loop").any(|mark| policy.key.signed(&["loop"], mark.trim()));
    looped.then(|| "it carries this desk's X-Postdesk-Loop header".to_owned())
}

fn generated(mail: &Reading) -> Option<String> {
    if let Some(word) = auto_submitted(mail) {
        return Some(format!("Auto-Submitted: {word}"));
    }
    let root = content_type(mail);
    if root.starts_with("multipart/report") && root.contains("feedback-report") {
        return Some("it is an abuse report (RFC 5965)".to_owned());
    }
    mail.header("X-Amz-Sns-Message-Id").map(|id| format!("X-Amz-Sns-Message-Id: {id}"))
}

// What the rooms share.

/// Auto-Submitted's keyword (RFC 3834 section 5) where it says that a machine wrote; `no` is a person's mail.
fn auto_submitted(mail: &Reading) -> Option<String> {
    let word = mail.header("Auto-Submitted")?.split([';', '(', ' ']).next().unwrap_or("").trim().to_ascii_lowercase();
    (!word.is_empty() && word != "no").then_some(word)
}

fn precedence(mail: &Reading) -> String {
    mail.header("Precedence").unwrap_or("").trim().to_ascii_lowercase()
}

/// Content-Type of the whole mail, lower case.
fn content_type(mail: &Reading) -> String {
    mail.header("Content-Type").unwrap_or("").to_ascii_lowercase()
}

/// The first lines in lower case.
fn opening(text: &str) -> String {
    let mut opening = String::new();
    for line in text.lines().map(str::trim).filter(|l| !l.is_empty()).take(14) {
        opening.extend(line.chars().take(300).flat_map(char::to_lowercase));
        opening.push(' ');
    }
    opening
}
