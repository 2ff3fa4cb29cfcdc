//! Where mail comes from. A source sees messages, hands each to an [`Inbox`] and waits for the flush before it touches the server.

pub mod imap;
pub mod maildir;

use std::future::Future;

use crate::domain::message::{Arrival, Cursor, Folder, Place};

/// The desk as a source sees it: a bounded channel in the daemon, a plain list in tests.
pub trait Inbox: Send + Sync {
    /// How far a folder was read.
    fn cursor(&self, folder: &Folder) -> impl Future<Output = anyhow::Result<Option<Cursor>>> + Send;
    /// Remembers a cursor without a message (first take-up, UIDVALIDITY change, skipped mail); durable on return.
    fn set_cursor(&self, folder: &Folder, cursor: Cursor) -> impl Future<Output = anyhow::Result<()>> + Send;
    /// Was this place received before?
    fn has_place(&self, place: &Place) -> impl Future<Output = anyhow::Result<bool>> + Send;
    /// Hands over messages; they are durable on return (T1 and flush), so that flags and moves may follow.
    fn receive(&self, arrivals: Vec<Arrival>) -> impl Future<Output = anyhow::Result<()>> + Send;
}
