//! Which ticket a mail belongs to (design section 4).

use serde::Serialize;

use super::ticket::TicketNo;

/// By which clue.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum By {
    /// Signed token in an address of ours.
    AddressToken,
    /// Signed id in In-Reply-To or References.
    MessageId,
    /// A known Message-ID in References.
    Reference,
    /// The signed `Ref:` line quoted.
    RefLine,
    /// `[#1042]` in the subject.
    Subject,
    /// Urging without a number.
    Urging,
    /// A new ticket.
    None,
}

/// The ticket that a mail belongs to.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Thread {
    /// The ticket, if it belongs to one.
    pub ticket: Option<TicketNo>,
    /// By which clue.
    pub by: By,
    /// Evidence in words.
    pub because: String,
}
