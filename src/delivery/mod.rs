//! Where mail goes. A carrier takes one envelope and says how it ended.

pub mod maildir;
pub mod smtp;

use crate::domain::message::Address;

/// One envelope with its bytes.
#[derive(Debug, Clone)]
pub struct Parcel {
    /// Reverse-path; `None` is `<>`.
    pub reverse_path: Option<Address>,
    /// Recipient.
    pub to: Address,
    /// The final bytes, CRLF.
    pub bytes: std::sync::Arc<Vec<u8>>,
}

/// How a try to deliver ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Handover {
    /// Taken, with the server's words.
    Taken(String),
    /// Not taken now: 4xx, no connection, a refused login. The same may succeed later. `pause` names a trouble of the whole account
    /// (login refused, connection refused, throttled): nothing else should be tried for a while.
    Later {
        /// What was said.
        why: String,
        /// The trouble is the account's, not this envelope's.
        pause: bool,
    },
    /// Refused for good: 5xx to this envelope.
    Refused(String),
    /// The bytes went out whole, the answer never came.
    Uncertain(String),
}
