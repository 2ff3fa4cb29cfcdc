//! `postdesk rules stats [FILE...]`: which rules do the work, which lose their votes, which never match.

use std::path::{Path, PathBuf};

use super::super::progress::Progress;
use super::super::table::Column::{Whole, Words};
use super::super::{Exit, count, load_config, open_store, table};
use super::{Which, mails};
use crate::domain::message::Reading;
use crate::domain::origin::{self, OriginKind};
use crate::domain::policy::Policy;
use crate::domain::rules::score::{RuleTallies, RuleTally};
use crate::mail::parse;
use crate::store::Store;

/// Rules by the number of mails that they matched: won, lost; those that never matched.
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:
  postdesk rules stats                        over the last 1000 mails that opened a ticket or were ignored
  postdesk rules stats --last 100
  postdesk rules stats --rules new mails.jsonl
  postdesk rules stats --json mail.eml | jq '.[] | select(.matched == 0)'

WON counts mails that got the rule's category, LOST those that got another one or none. Files are JSON lines, as
those of `postdesk rules eval`, or raw mails named *.eml.")]
pub struct Arguments {
    /// Mails; without any, those of the desk
    #[arg(value_name = "FILE")]
    files: Vec<PathBuf>,
    #[command(flatten)]
    which: Which,
    /// So many of the desk's mails, the newest
    #[arg(long, value_name = "N", default_value_t = 1000, conflicts_with = "files")]
    last: usize,
    /// One JSON array
    #[arg(long)]
    json: bool,
}

/// Runs the command.
///
/// # Errors
/// A file cannot be read, the configuration is unsound, or the store fails.
pub fn run(config: &Path, arguments: &Arguments) -> anyhow::Result<Exit> {
    if arguments.files.is_empty() {
        // Without a desk there are no mails of it.
        load_config(config)?;
    }
    let loaded = arguments.which.load(config)?;
    let policy = loaded.policy.as_ref();
    let (mut tallies, mut judged) = (RuleTallies::of(&policy.rules), 0);
    let mut add = |mail: &Reading| {
        tallies.add(&mails::judge(mail, policy));
        judged += 1;
    };
    let mut progress = Progress::through("judging", &arguments.files);
    for file in &arguments.files {
        mails::read(file, &mut progress, |labelled| add(&labelled.mail))?;
    }
    progress.clear();
    if arguments.files.is_empty() {
        of_the_desk(open_store(&loaded.config)?.as_ref(), arguments.last, policy, &mut add)?;
    }
    let rows = tallies.sorted();
    if arguments.json {
        table::print_json(&rows)?;
        return Ok(Exit::Done);
    }
    tell(&rows, judged)?;
    Ok(Exit::Done)
}

/// The newest mails of the desk that rules are asked about.
fn of_the_desk(store: &dyn Store, last: usize, policy: &Policy, add: &mut dyn FnMut(&Reading)) -> anyhow::Result<()> {
    for cause in store.first_mails(last)? {
        let Some(raw) = store.raw(cause)? else { continue };
        let mail = parse::read(&raw, None);
        if matches!(origin::judge(&mail, policy).kind, OriginKind::Person | OriginKind::Generated | OriginKind::Bulk) {
            add(&mail);
        }
    }
    Ok(())
}

fn tell(rows: &[RuleTally], judged: usize) -> anyhow::Result<()> {
    let idle = rows.iter().filter(|row| row.matched == 0).count();
    table::line(format_args!("{} judged by {}, {idle} of which never matched", count(judged, "mail"), count(rows.len(), "rule")))?;
    let columns = [Words("rule"), Whole("matched"), Whole("won"), Whole("lost"), Whole("category"), Words("at")];
    table::print(false, &columns, rows, "there are no rules", |row| {
        let votes = |n: usize| if row.category.is_some() { n.to_string() } else { "-".to_owned() };
        let category = row.category.clone().unwrap_or_else(|| "-".to_owned());
        vec![row.rule.clone(), row.matched.to_string(), votes(row.won), votes(row.lost), category, row.at.clone()]
    })
}
