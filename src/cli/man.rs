//! `postdesk man`: manual pages, from the same definitions as the help.

use clap::CommandFactory;
use clap_mangen::Man;

use super::Exit;
use crate::domain::complaint::nearest;

/// Print the manual page of the program, or of one command.
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:
  postdesk man | man -l -
  postdesk man import | man -l -
  postdesk man rules eval | man -l -
  postdesk man > /usr/local/share/man/man1/postdesk.1")]
pub struct Arguments {
    /// One command, such as import or  rules eval
    #[arg(value_name = "COMMAND")]
    command: Vec<String>,
}

/// Runs the command.
///
/// # Errors
/// There is no such command, or standard output is closed.
pub fn run(arguments: &Arguments) -> anyhow::Result<Exit> {
    let mut page = super::Arguments::command();
    page.build();
    // A page names another as man(1) does: postdesk-rules-eval.
    for name in arguments.command.iter().flat_map(|word| word.split('-')) {
        let known: Vec<&str> = page.get_subcommands().map(clap::Command::get_name).collect();
        let hint = || nearest(name, known.iter().copied()).map_or_else(String::new, |near| format!("; did you mean {near}?"));
        let there_are = || if known.is_empty() { "none below it".to_owned() } else { known.join(", ") };
        let found = page.find_subcommand(name).cloned();
        page = found.ok_or_else(|| anyhow::anyhow!("there is no command {name}{}; there are {}", hint(), there_are()))?;
    }
    // As git does: postdesk-import(1).
    let name = page.get_display_name().unwrap_or_else(|| page.get_name()).to_owned();
    let mut text = Vec::new();
    Man::new(page).title(name).source(concat!("Postdesk ", env!("CARGO_PKG_VERSION"))).render(&mut text)?;
    std::io::Write::write_all(&mut std::io::stdout().lock(), &text)?;
    Ok(Exit::Done)
}
