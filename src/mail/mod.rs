//! Bytes ↔ facts. Knows no ticket's policy.

pub mod body;
pub mod compose;
pub mod parse;
pub mod templates;
