//! Everything that needs no server: one binary, so that it links once.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, clippy::string_slice, clippy::panic, missing_docs)]

mod architecture;
mod cli;
mod clients;
mod clocks;
mod common;
mod confirm;
mod corpus;
mod crash;
mod day;
mod docs;
mod fuzz;
mod goldens;
mod import;
mod init;
mod kb;
mod leaks;
mod replies;
mod robots;
mod signals;
mod store;
mod stories;
mod strangers;
mod turns;
mod unsettled;
mod world;
