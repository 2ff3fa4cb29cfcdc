//! `postdesk`: arguments and exit codes; everything else is in the library.

use std::process::ExitCode;

use clap::Parser;

/// A mail is many short strings; see docs/decisions/0026-allocator.md.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> ExitCode {
    match postdesk::cli::Arguments::try_parse() {
        Ok(arguments) => postdesk::cli::main(arguments),
        Err(error) => postdesk::cli::usage(&error, std::env::args_os()),
    }
}
