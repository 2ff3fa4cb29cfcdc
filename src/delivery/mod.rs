//! Where mail goes. A carrier takes one envelope and says how it ended.

pub mod maildir;
pub mod smtp;

use std::path::PathBuf;

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

/// A road out, held open over many parcels.
#[derive(Debug)]
pub enum Carrier {
    /// A server.
    Smtp(smtp::Connection),
    /// A folder that holds one Maildir a recipient.
    Maildir(PathBuf),
}

impl Carrier {
    /// Tries to deliver one parcel. Never fails: whatever went wrong is a [`Handover`].
    pub async fn deliver(&mut self, parcel: &Parcel) -> Handover {
        match self {
            Carrier::Smtp(connection) => connection.send(parcel).await,
            Carrier::Maildir(root) => maildir::deliver(root, parcel).await,
        }
    }

    /// Takes leave of the server, where there is one.
    pub async fn close(&mut self) {
        if let Carrier::Smtp(connection) = self {
            connection.close().await;
        }
    }
}
