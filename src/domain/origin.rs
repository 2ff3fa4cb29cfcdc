//! What kind of mail a mail is: a person's, or some machine's (RFC 3834, RFC 3464).

use serde::{Deserialize, Serialize};

use super::message::{Address, Reading};
use super::policy::Policy;

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
    /// The border marked it as spam or forged: a ticket without any automatic mail.
    pub suspect: bool,
    /// X-Auto-Response-Suppress asks for no acknowledgment.
    pub suppress: bool,
    /// Filled for a bounce.
    pub bounce: Option<Bounce>,
}

/// A bounce's facts.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Bounce {
    /// Who could not be reached.
    pub recipient: Option<Address>,
    /// Enhanced status code, `5.1.1` (RFC 3463).
    pub status: Option<String>,
    /// One line in words.
    pub reason: String,
    /// Will not come right by itself.
    pub hard: bool,
}

/// Judges a reading; first match wins, in the order of design section 4.
pub fn judge(_mail: &Reading, _policy: &Policy) -> Origin {
    Origin { kind: OriginKind::Person, because: String::new(), suspect: false, suppress: false, bounce: None }
}
