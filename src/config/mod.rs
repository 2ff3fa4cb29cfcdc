//! config.toml → [`Config`]; every mistake at once, with file, line, key, allowed values and what to type instead.
//!
//! A config is read in three passes: TOML syntax, each table by itself (`read`), then what the tables say of each other
//! (`names`). Keys of features that this version does not act on yet are read and checked all the same, and named in a warning,
//! so that a config stays valid and nobody trusts in a clock that does not run.

mod account;
mod names;
mod people;
pub mod provider;
mod read;
mod secret;
pub mod section;
pub mod shell;
pub mod value;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use chrono::{DateTime, Utc};

pub use account::{Delivery, ImapAccount, Rate, SmtpAccount, Source, Tls};
pub use people::built_in_categories;
pub use secret::{Revealed, Secret};

use crate::domain::calendar::Calendar;
use crate::domain::complaint::Complaint;
use crate::domain::message::Address;
use crate::domain::policy;
use crate::domain::rules::Question;
use crate::domain::ticket::{Matrix, Priority};

/// A sound config.
#[derive(Debug, Clone)]
pub struct Config {
    /// The file, as it was named.
    pub file: PathBuf,
    /// `[desk]`, with `[operator] address`.
    pub desk: policy::Desk,
    /// Where tickets, key and lock live.
    pub data: PathBuf,
    /// Where rules, templates and articles are looked for.
    pub directories: Directories,
    /// `[desk] kb_url`: where the pages of `kb build` can be read.
    pub kb_url: Option<String>,
    /// `[operator]`.
    pub operator: Operator,
    /// `[[mailbox]]`; never empty.
    pub mailboxes: Vec<Mailbox>,
    /// `[trust]`.
    pub trust: Trust,
    /// `[[team]]`; never empty.
    pub teams: Vec<Team>,
    /// `[[agent]]`.
    pub agents: Vec<policy::Agent>,
    /// `[[approver]]`.
    pub approvers: Vec<policy::Approver>,
    /// `[[category]]`, then the built-in ones that are not replaced.
    pub categories: Vec<Category>,
    /// `[priority] matrix`.
    pub matrix: Matrix,
    /// `[rules] threshold`: votes below it leave a mail unclassified.
    pub threshold: i64,
    /// `[calendar]`.
    pub calendar: Option<Calendar>,
    /// `[sla.<priority>]`.
    pub sla: BTreeMap<Priority, policy::Targets>,
    /// `[closing]`.
    pub closing: policy::Closing,
    /// `[limits]`.
    pub limits: policy::Limits,
    /// `[[summary]]`.
    pub summaries: Vec<policy::Summary>,
}

/// Directories of the policy's other files, beside the config file unless written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Directories {
    /// The config file's own directory; relative paths start here.
    pub base: PathBuf,
    /// `[desk] rules`.
    pub rules: PathBuf,
    /// `[desk] templates`.
    pub templates: PathBuf,
    /// `[desk] kb`.
    pub kb: PathBuf,
}

/// `[operator]`.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Operator {
    /// Who is told of quarantined mail and of refused logins.
    pub address: Option<Address>,
    /// Language of those mails; the desk's where it is not written.
    pub language: Option<String>,
    /// Run by `sh -c` where mail itself cannot get through.
    pub alert_command: Option<String>,
    /// How often each mailbox writes to itself, to see whether mail flows.
    pub canary: Option<std::time::Duration>,
}

/// `start`: which mail of a mailbox is taken up on the first day (promise 16).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Start {
    /// What arrives from now on.
    Now,
    /// What arrived at this moment or later.
    Since(DateTime<Utc>),
    /// Everything.
    All,
}

/// `mark`: what is done to a mail on the server once it is safe with the desk.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Mark {
    /// Nothing.
    None,
    /// `\Seen` is set.
    Seen,
    /// A keyword of the desk is set.
    Keyword,
}

/// `[[mailbox]]`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Mailbox {
    /// Key.
    pub name: String,
    /// Its address.
    pub address: Address,
    /// Other addresses that reach it.
    pub aliases: Vec<Address>,
    /// List-Ids or list addresses through which people legitimately write to it.
    pub via_lists: Vec<String>,
    /// Language where the requester's is unknown.
    pub language: Option<String>,
    /// Which mail is taken up on the first day.
    pub start: Start,
    /// `reply_address = "support+{token}@…"`: answers come to plus addresses.
    pub plus_addresses: bool,
    /// What is done to a mail on the server.
    pub mark: Mark,
    /// Where a mail is moved on the server, if at all.
    pub done_folder: Option<String>,
    /// Where copies of sent mail are kept on the server, if at all.
    pub sent_folder: Option<String>,
    /// Where its mail comes from.
    pub source: Source,
    /// Where its mail goes: its own `delivery`, else the desk's.
    pub delivery: Delivery,
}

/// `[trust]`: what the border writes into mail and the desk may believe.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Trust {
    /// Ids of the own border in Authentication-Results (RFC 8601).
    pub authserv_ids: Vec<String>,
    /// Headers by which the border marks mail from inside: (name, value).
    pub internal: Vec<(String, String)>,
}

/// `[[team]]`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Team {
    /// Key.
    pub name: String,
    /// Its list address.
    pub address: Option<Address>,
    /// Handle of its lead.
    pub lead: Option<String>,
    /// Takes what no rule gives to another; true for exactly one team.
    pub default: bool,
}

/// `[[category]]`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Category {
    /// `network`.
    pub id: String,
    /// Name by language.
    pub names: Vec<(String, String)>,
    /// Team that gets it.
    pub team: Option<String>,
    /// What must be known of its tickets.
    pub checklist: Vec<Question>,
    /// Id of the article that tells agents what to do.
    pub playbook: Option<String>,
}

/// A config that was read, with what is doubtful about it.
#[derive(Debug)]
pub struct Read {
    /// The config.
    pub config: Config,
    /// What works, but hardly as meant.
    pub warnings: Vec<Complaint>,
    /// The languages that it names, each with what to say of it where no template speaks it.
    pub languages: Vec<(String, Complaint)>,
}

/// Reads a config from its text. `file` is its path as the operator named it; relative paths inside start at its directory.
/// Nothing is written; files that the config names are looked at, not read.
///
/// # Errors
/// Everything that is wrong, in the order of the file.
pub fn read(file: &Path, text: &str) -> Result<Read, Vec<Complaint>> {
    let name = file.display().to_string();
    let page = section::Page::new(&name, text);
    let config = page.parse(text).and_then(|table| read::config(&page, &table, file));
    let languages = page.languages();
    let (wrong, warnings) = page.found();
    match config {
        Some(config) if wrong.is_empty() => Ok(Read { config, warnings, languages }),
        _ => Err(wrong),
    }
}

#[cfg(test)]
mod tests;
