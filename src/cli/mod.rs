//! The command line: one file a command. Exit codes: 0 done, 1 findings, 2 usage, 75 try again (sysexits' EX_TEMPFAIL).

mod audit;
mod check;
mod completions;
mod deliver;
mod demo;
mod doctor;
mod explain;
mod import;
mod init;
mod input;
mod kb;
mod key;
mod man;
mod outbox;
mod progress;
mod quarantine;
mod rules;
mod run;
mod status;
mod summary;
mod table;
mod tickets;

use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use clap::{Parser, Subcommand};

use crate::config::Config;
use crate::domain::complaint::{Complaint, nearest};
use crate::policy::{self, Loaded};
use crate::store::{self, Store};

/// A help desk that lives in a mailbox: requesters and agents only write mail.
#[derive(Debug, Parser)]
#[command(name = "postdesk", version, propagate_version = true, after_help = EXAMPLES)]
pub struct Arguments {
    /// The configuration
    #[arg(short, long, global = true, value_name = "FILE", default_value = DEFAULT_CONFIG)]
    config: PathBuf,
    #[command(subcommand)]
    command: Command,
}

/// The configuration that is read when none is named.
const DEFAULT_CONFIG: &str = "config.toml";

const EXAMPLES: &str = "Examples:
  postdesk demo                       see a whole day of a desk, without a server
  postdesk init desk                  lay out a desk of your own
  postdesk check                      is the configuration sound?
  postdesk doctor                     do the servers answer as they should?
  postdesk run                        work
  postdesk explain mail.eml           how would this mail be read and answered?

Exit codes: 0 done, 1 findings, 2 wrong usage, 75 try again later.";

#[derive(Debug, Subcommand)]
enum Command {
    /// Play a day of some thirty mails on an embedded Maildir desk: no server, no configuration
    Demo(demo::Arguments),
    /// Lay out the directory of a new desk: config, rules, templates, articles, a service, first steps
    Init(init::Arguments),
    /// Read configuration, rules with their examples, templates and articles, and say what is wrong
    Check(check::Arguments),
    /// Try the servers: names, TLS, login, capabilities, folders, senders; with --send a round trip
    Doctor(doctor::Arguments),
    /// Work: watch the mailboxes, decide, send
    Run(run::Arguments),
    /// Take one mail on standard input, for an MTA's pipe
    Deliver(deliver::Arguments),
    /// Take up old mail from files: threaded and judged, and nothing is sent
    Import(import::Arguments),
    /// Account for every mail that lies in the mailboxes: what became of it, or that nothing is known of it
    Audit(audit::Arguments),
    /// Say how mails would be read, threaded, judged and answered; changes nothing
    Explain(explain::Arguments),
    /// The knowledge base: search it, say what wants a look, build pages of it
    Kb(kb::Arguments),
    /// Measure the rules: against labelled mails, by what each rule did, by the desk's own last mails
    Rules(rules::Arguments),
    /// List tickets, show one, show its history
    Tickets(tickets::Arguments),
    /// What waits to be sent, what failed; send again, cancel
    Outbox(outbox::Arguments),
    /// Mails that broke the desk and were set aside
    Quarantine(quarantine::Arguments),
    /// Figures: tickets, queue, outbox
    Status(status::Arguments),
    /// Write a summary mail to a file without sending it
    Summary(summary::Arguments),
    /// What signs the desk's ids: list the keys, put a new one in front
    Key(key::Arguments),
    /// Print the completions of a shell
    Completions(completions::Arguments),
    /// Print the manual page of the program, or of one command
    Man(man::Arguments),
}

/// How a command ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Exit {
    /// Done.
    Done,
    /// Done, and there is something to look at.
    Findings,
    /// Not called as it should be; what is missing was said.
    Usage,
    /// Try again later.
    TryAgain,
}

/// Says what is wrong with the arguments, or shows the help that was asked for.
///
/// An MTA bounces a mail whose pipe ends in 2, and in sysexits' EX_USAGE as well: for `deliver` a slip is a reason to try again.
pub fn usage(error: &clap::Error, arguments: impl IntoIterator<Item = OsString>) -> ExitCode {
    // Whoever does not read it gets the exit code all the same.
    let _ = error.print();
    match error.use_stderr() {
        false => ExitCode::SUCCESS,
        true if arguments.into_iter().any(|word| word == "deliver") => ExitCode::from(TRY_AGAIN),
        true => ExitCode::from(2),
    }
}

/// sysexits' EX_TEMPFAIL.
const TRY_AGAIN: u8 = 75;

/// Runs a command and says what went wrong, if anything did.
pub fn main(arguments: Arguments) -> ExitCode {
    let config = arguments.config.as_path();
    let outcome = match arguments.command {
        Command::Demo(command) => demo::run(&command),
        Command::Init(command) => init::run(&command),
        Command::Check(command) => check::run(config, &command),
        Command::Doctor(command) => doctor::run(config, &command),
        Command::Run(command) => run::run(config, &command),
        Command::Deliver(command) => deliver::run(config, &command),
        Command::Import(command) => import::run(config, &command),
        Command::Explain(command) => explain::run(config, &command),
        Command::Kb(command) => kb::run(config, &command),
        Command::Rules(command) => rules::run(config, &command),
        Command::Tickets(command) => tickets::run(config, &command),
        Command::Outbox(command) => outbox::run(config, &command),
        Command::Quarantine(command) => quarantine::run(config, &command),
        Command::Audit(command) => audit::run(config, &command),
        Command::Status(command) => status::run(config, &command),
        Command::Summary(command) => summary::run(config, &command),
        Command::Key(command) => key::run(config, &command),
        Command::Completions(command) => completions::run(&command),
        Command::Man(command) => man::run(&command),
    };
    match outcome {
        Ok(Exit::Done) => ExitCode::SUCCESS,
        Ok(Exit::Findings) => ExitCode::from(1),
        Ok(Exit::Usage) => ExitCode::from(2),
        Ok(Exit::TryAgain) => ExitCode::from(TRY_AGAIN),
        // A reader such as `head` that has seen enough is no error.
        Err(error) if is_broken_pipe(&error) => ExitCode::SUCCESS,
        Err(error) => {
            table::complain(format_args!("postdesk: {}", in_words(&error)));
            ExitCode::from(1)
        }
    }
}

/// What went wrong, with what to do about it: the store knows the remedies of its own errors; of a file that a command names it depends on
/// what the system says.
fn in_words(error: &anyhow::Error) -> String {
    let said = store::in_words(error);
    file_remedy(error).map_or_else(|| said.clone(), |remedy| format!("{said}; {remedy}"))
}

/// Sentences of our own that begin otherwise end in a remedy.
fn file_remedy(error: &anyhow::Error) -> Option<&'static str> {
    use std::io::ErrorKind::{IsADirectory, NotADirectory, NotFound, PermissionDenied, ReadOnlyFilesystem, StorageFull};
    let outermost = error.to_string();
    let reads = outermost.starts_with("reading ");
    let writes = ["writing ", "making ", "replacing "].iter().any(|verb| outermost.starts_with(verb));
    let kind = error.chain().find_map(|cause| cause.downcast_ref::<std::io::Error>()).filter(|_| reads || writes)?.kind();
    Some(match kind {
        NotFound if reads => "look at its name, which counts from the directory that you are in:  ls",
        NotFound => "make the directory above it first:  mkdir -p",
        NotADirectory => "a file stands in its way where a directory should be: name another place",
        IsADirectory => "it is a directory: name a file",
        PermissionDenied => "look at who may read and write it, and at the directories above it:  ls -l",
        ReadOnlyFilesystem => "nothing can be written on that disk: name another place",
        StorageFull => "make room on that disk:  df -h",
        _ => return None,
    })
}

fn is_broken_pipe(error: &anyhow::Error) -> bool {
    error.chain().any(|cause| {
        let json = cause.downcast_ref::<serde_json::Error>().and_then(serde_json::Error::io_error_kind);
        let kind = cause.downcast_ref::<std::io::Error>().map(std::io::Error::kind).or(json);
        kind == Some(std::io::ErrorKind::BrokenPipe)
    })
}

/// Loads the policy, or says everything that is wrong with it.
fn load(config: &Path) -> anyhow::Result<Loaded> {
    sound(policy::load(config))
}

/// The config, where one is named or stands here.
fn configured(config: &Path) -> Option<&Path> {
    (config.exists() || config != Path::new(DEFAULT_CONFIG)).then_some(config)
}

/// Loads the policy, or what is built in where there is no config.
fn load_or_builtin(config: &Path) -> anyhow::Result<Loaded> {
    sound(configured(config).map_or_else(policy::builtin, policy::load))
}

/// Loads the config alone.
fn load_config(config: &Path) -> anyhow::Result<Config> {
    sound(policy::load_config(config))
}

/// Loads the policy of a desk that is about to work: its directory and key are made where they are missing.
fn load_to_work(config: &Path) -> anyhow::Result<Loaded> {
    sound(policy::prepare(config))
}

fn sound<T>(loaded: Result<T, Vec<Complaint>>) -> anyhow::Result<T> {
    loaded.map_err(|complaints| {
        for complaint in &complaints {
            table::complain(complaint);
        }
        anyhow::anyhow!("{}; nothing was done", count(complaints.len(), "error"))
    })
}

/// Opens the store of a configured desk for questions and small commands.
fn open_store(config: &Config) -> anyhow::Result<Box<dyn Store>> {
    let directory = &config.data;
    match directory.join("postdesk.db").try_exists() {
        Ok(true) => store::open_beside(directory),
        Ok(false) => anyhow::bail!("{} holds no desk yet: `postdesk run` makes it when it first starts", directory.display()),
        Err(error) if error.kind() == std::io::ErrorKind::NotADirectory => anyhow::bail!(
            "{} cannot be looked into: {error}; a file stands where the directory should be: move it away, or write another place:  \
             data = \"…\"  in [desk]",
            directory.display()
        ),
        Err(error) => anyhow::bail!("{} cannot be looked into: {error}; run this as the user that owns it", directory.display()),
    }
}

/// The mailbox of this name; the first one where none is named.
fn mailbox_named(config: &Config, name: Option<&str>) -> anyhow::Result<String> {
    let known: Vec<&str> = config.mailboxes.iter().map(|m| m.name.as_str()).collect();
    match name {
        Some(name) if !known.contains(&name) => {
            let hint = nearest(name, known.iter().copied()).map_or_else(String::new, |n| format!("; did you mean {n}?"));
            anyhow::bail!("there is no mailbox {name}; there is {}{hint}", known.join(", "))
        }
        Some(name) => Ok(name.to_owned()),
        None => Ok(known.first().map(|name| (*name).to_owned()).unwrap_or_default()),
    }
}

/// `1 error`, `3 errors`.
fn count(n: usize, what: &str) -> String {
    format!("{n} {what}{}", if n == 1 { "" } else { "s" })
}
