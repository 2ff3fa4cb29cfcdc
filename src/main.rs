//! `postdesk`: arguments and exit codes; everything else is in the library.

use std::process::ExitCode;

use clap::Parser;

fn main() -> ExitCode {
    postdesk::cli::main(postdesk::cli::Arguments::parse())
}
