//! Postdesk: a help desk that lives in a mailbox.
//!
//! Modules in dependency order; imports run strictly downward (`tests/suite/architecture.rs` guards it).

pub mod config;
pub mod delivery;
pub mod domain;
pub mod kb;
pub mod mail;
pub mod policy;
pub mod source;
pub mod store;
