//! [`Draft`] + templates → [`Letter`]: headers, MIME, final bytes.

use super::templates::Templates;
use crate::domain::CauseKey;
use crate::domain::message::{Draft, Letter};
use crate::domain::policy::Policy;

/// What composing needs beside the draft.
#[derive(Debug, Clone, Copy)]
pub struct Desk<'a> {
    /// Addresses, names, key.
    pub policy: &'a Policy,
    /// Templates.
    pub templates: &'a Templates,
    /// Raw bytes of the mail that is decided on, for attachments.
    pub raw: Option<&'a [u8]>,
    /// The cause: ids are an HMAC of (cause, ordinal, recipient).
    pub cause: &'a CauseKey,
    /// Date header.
    pub now: chrono::DateTime<chrono::Utc>,
}

/// Composes one draft. The same arguments give the same bytes.
///
/// # Errors
/// A template that fails to render.
pub fn compose(_draft: &Draft, _ordinal: usize, _desk: Desk<'_>) -> anyhow::Result<Letter> {
    anyhow::bail!("not yet")
}
