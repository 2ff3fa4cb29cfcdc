//! `postdesk completions`: what a shell completes, from the same definitions as the help.

use clap::CommandFactory;
use clap_complete::Shell;

use super::Exit;

/// Print the completions of a shell.
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:
  postdesk completions bash > /etc/bash_completion.d/postdesk
  postdesk completions zsh > ~/.zfunc/_postdesk               with  fpath+=~/.zfunc  in ~/.zshrc, before compinit
  postdesk completions fish > ~/.config/fish/completions/postdesk.fish")]
pub struct Arguments {
    /// Which shell
    #[arg(value_name = "SHELL")]
    shell: Shell,
}

/// Runs the command.
///
/// # Errors
/// Standard output is closed.
pub fn run(arguments: &Arguments) -> anyhow::Result<Exit> {
    let mut script = Vec::new();
    clap_complete::generate(arguments.shell, &mut super::Arguments::command(), "postdesk", &mut script);
    std::io::Write::write_all(&mut std::io::stdout().lock(), &script)?;
    Ok(Exit::Done)
}
