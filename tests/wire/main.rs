//! Against real servers, and against scripted ones for the faults that no real server commits on demand.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, clippy::string_slice, clippy::panic, missing_docs)]

mod host;
mod smtp;
