//! `postdesk check`: everything that is wrong with the operator's files, with place and remedy.

use std::path::Path;

use super::table;
use super::{Exit, configured, count};
use crate::policy;

/// Read configuration, rules with their examples, templates and articles, and say what is wrong.
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:
  postdesk check
  postdesk -c /etc/postdesk/config.toml check

Without a configuration the built-in rules, templates and articles are checked.")]
pub struct Arguments {}

/// Runs the command.
///
/// # Errors
/// None: what is wrong is printed.
pub fn run(config: &Path, _arguments: &Arguments) -> anyhow::Result<Exit> {
    let (name, findings) = match configured(config) {
        Some(config) => (config.display().to_string(), policy::check(config)),
        None => ("the built-in rules, templates and articles".to_owned(), policy::check_builtin()),
    };
    for complaint in &findings.errors {
        table::complain(complaint);
    }
    for complaint in &findings.warnings {
        table::complain(format_args!("warning: {complaint}"));
    }
    if findings.errors.is_empty() {
        table::line(format_args!("{name}: sound{}", if findings.warnings.is_empty() { "" } else { ", with warnings" }))?;
        return Ok(Exit::Done);
    }
    table::line(format_args!("{name}: {}", count(findings.errors.len(), "error")))?;
    Ok(Exit::Findings)
}
