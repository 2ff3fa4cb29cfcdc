//! `postdesk`: arguments and exit codes; everything else is in the library.

use std::process::ExitCode;

use clap::Parser;

/// A mail is many short strings; see docs/decisions/0026-allocator.md.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> ExitCode {
    postdesk::cli::main(postdesk::cli::Arguments::parse())
}
