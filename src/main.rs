//! `postdesk`: arguments and exit codes; everything else is in the library.

use std::process::ExitCode;

use clap::Parser;

fn main() -> ExitCode {
    match postdesk::cli::Arguments::try_parse() {
        Ok(arguments) => postdesk::cli::main(arguments),
        Err(error) => postdesk::cli::usage(&error, std::env::args_os()),
    }
}
