//! `postdesk init`: a desk's directory, laid out so that it works: config, rules, templates, articles, a systemd unit, first steps.
//!
//! What is not given by a flag is asked on a terminal. Nothing is written before the config that would result is known to be sound.

mod answers;
mod ask;
mod lay;

use std::io::IsTerminal;
use std::path::{Path, PathBuf};

use anyhow::Context;

use self::answers::{Asked, Host, Member};
use super::table::{self, one_line};
use super::{Exit, count, load_config, sound};
use crate::config::{self, Tls, value};
use crate::domain::message::Address;
use crate::policy;

/// Lay out the directory of a new desk.
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:
  postdesk init desk                                        asks for everything
  postdesk init desk --address it@qq.com --agent 'li,Li Wei,li@example.com,lead'
  postdesk init desk --address support@example.com --imap imap.example.com --smtp smtp.example.com:587 --smtp-tls starttls \\
      --language zh --timezone Asia/Shanghai --agent 'li,李伟,li@example.com,lead' --agent 'wang,王芳,wang@example.com'
  postdesk init desk --address support@example.com --maildir /var/mail/support --smtp localhost --agent 'li,Li Wei,li@example.com'
  postdesk init --add desk                                  what a newer version ships beside; nothing is overwritten

On a terminal it asks for what no flag says; elsewhere a missing flag ends it with exit code 2. Servers of well-known providers are filled in.")]
pub struct Arguments {
    /// The directory; made when it is not there
    #[arg(value_name = "DIR")]
    dir: PathBuf,
    /// The directory may hold files already: only those that are missing are written
    #[arg(long)]
    add: bool,
    /// The support address that people write to
    #[arg(long, value_parser = answers::address)]
    address: Option<Address>,
    /// IMAP server of the mailbox
    #[arg(long, value_name = "HOST[:PORT]")]
    imap: Option<Host>,
    /// implicit (993), starttls (143) or none
    #[arg(long, value_name = "TLS", value_parser = answers::tls)]
    imap_tls: Option<Tls>,
    /// A Maildir on this machine instead of IMAP
    #[arg(long, value_name = "PATH", conflicts_with_all = ["imap", "imap_tls"])]
    maildir: Option<PathBuf>,
    /// SMTP server that takes the desk's mail
    #[arg(long, value_name = "HOST[:PORT]")]
    smtp: Option<Host>,
    /// implicit (465), starttls (587) or none
    #[arg(long, value_name = "TLS", value_parser = answers::tls)]
    smtp_tls: Option<Tls>,
    /// PEM file of a company's own CA, for both servers
    #[arg(long, value_name = "FILE")]
    ca_file: Option<PathBuf>,
    /// The login at both servers [default: the address]
    #[arg(long)]
    user: Option<String>,
    /// Environment variable that holds the password [default: POSTDESK_PASSWORD]
    #[arg(long, value_name = "NAME", value_parser = |text: &str| answers::words(value::variable(text)))]
    password_env: Option<String>,
    /// File that holds the password, on one line
    #[arg(long, value_name = "FILE", conflicts_with = "password_env")]
    password_file: Option<PathBuf>,
    /// The desk's name, which signs its mails [default: IT Support]
    #[arg(long)]
    name: Option<String>,
    /// en or zh: of the files that are written, and of mails where nobody's language is known [default: by LANG]
    #[arg(long, value_parser = answers::language)]
    language: Option<String>,
    /// Time zone of the people who read times [default: this machine's]
    #[arg(long, value_name = "ZONE", value_parser = |text: &str| answers::words(value::timezone(text)))]
    timezone: Option<chrono_tz::Tz>,
    /// An agent, with ",lead" for a lead; may be repeated
    #[arg(long, value_name = "HANDLE,NAME,ADDRESS[,lead]")]
    agent: Vec<Member>,
}

/// Runs the command.
///
/// # Errors
/// The directory is somebody's, or cannot be written; what was answered makes no sound config.
pub fn run(arguments: &Arguments) -> anyhow::Result<Exit> {
    let dir = std::path::absolute(&arguments.dir).with_context(|| format!("the directory {}", arguments.dir.display()))?;
    if !arguments.add {
        refuse_somebodys(&dir)?;
    }
    let file = dir.join("config.toml");
    let config = if file.exists() {
        load_config(&file)?
    } else {
        let asked = if std::io::stdin().is_terminal() && std::io::stderr().is_terminal() {
            answers::ask(arguments, &dir, &mut ask::Person::new(std::io::stdin().lock(), std::io::stderr()))?
        } else {
            answers::by_flags(arguments, &dir)?
        };
        let answers = match asked {
            Asked::All(answers) => answers,
            Asked::Missing(flags) => {
                eprintln!("postdesk: there is nobody to ask here, and this is not said: {}; see `postdesk init --help`", flags.join(", "));
                return Ok(Exit::Usage);
            }
        };
        let text = lay::config(&answers);
        // Before anything is written.
        let config = sound(config::read(&file, &text))?.config;
        lay::file(&dir, "config.toml", &text)?;
        config
    };
    let written = lay::beside(&dir, &config)?;
    report(&dir, &config, &written)
}

/// Nothing of anybody's is overwritten.
fn refuse_somebodys(dir: &Path) -> anyhow::Result<()> {
    anyhow::ensure!(!dir.is_file(), "{} is a file, and a desk is a directory: name another one", dir.display());
    let empty = !dir.exists() || std::fs::read_dir(dir).with_context(|| format!("reading {}", dir.display()))?.next().is_none();
    anyhow::ensure!(
        empty,
        "{} is not empty, and nothing in it was touched; name another directory, or write only what is missing there:  postdesk init --add {}",
        dir.display(),
        lay::shell(&dir.display().to_string())
    );
    Ok(())
}

/// What was written, whether it is sound, what to know and where to go on.
fn report(dir: &Path, config: &config::Config, written: &lay::Written) -> anyhow::Result<Exit> {
    table::line(format_args!("{}: {}", dir.display(), written.sentence()))?;
    let findings = policy::check(&config.file);
    for complaint in &findings.errors {
        eprintln!("{complaint}");
    }
    if !findings.errors.is_empty() {
        table::line(format_args!("{}: {}", config.file.display(), count(findings.errors.len(), "error")))?;
        return Ok(Exit::Findings);
    }
    table::line(format_args!("{}: sound", config.file.display()))?;
    if let Some(provider) = lay::provider_of(config) {
        table::line(format_args!(
            "\n{}: {}",
            provider.name,
            crate::domain::notify::say(&config.desk.language, provider.note.0, provider.note.1)
        ))?;
    }
    let steps = one_line(&dir.join(lay::first_steps(&config.desk.language)).display().to_string());
    table::line(format_args!("\nNext: {steps} says what to type, from the password to the first answered mail."))?;
    Ok(Exit::Done)
}
