//! Bytes ↔ facts. Knows no ticket's policy.

pub mod compose;
pub mod enriched;
pub mod flowed;
pub mod html;
pub mod language;
pub mod parse;
pub mod templates;

/// Names the template that made a mail of ours: for agents' filters, and for tests.
pub const TEMPLATE_HEADER: &str = "X-Postdesk-Mail";
