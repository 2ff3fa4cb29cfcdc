//! `postdesk kb`: search, check, build.

use std::path::{Path, PathBuf};

use anyhow::Context;
use chrono::Utc;
use clap::Subcommand;
use serde::Serialize;

use super::progress::Progress;
use super::table::Column::{Spare, Whole, Words};
use super::{Exit, configured, count, sound, table};
use crate::config::Config;
use crate::kb::pages::{self, Site};
use crate::kb::{Index, Library, doubts};
use crate::policy;

/// The knowledge base: search it, say what wants a look, build pages of it.
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:
  postdesk kb search wifi keeps dropping
  postdesk kb search 打印机卡纸
  postdesk kb check
  postdesk kb build /var/www/help

Without a configuration the built-in articles are used.")]
pub struct Arguments {
    #[command(subcommand)]
    what: What,
}

#[derive(Debug, Subcommand)]
enum What {
    /// Find articles, as a mail of these words would
    #[command(after_help = "Examples:\n  postdesk kb search wifi keeps dropping\n  postdesk kb search --lang zh --json 打印机卡纸")]
    Search {
        /// What is looked for
        #[arg(required = true, value_name = "WORDS")]
        words: Vec<String>,
        /// Only articles in this language: en, zh
        #[arg(long, value_name = "LANGUAGE")]
        lang: Option<String>,
        /// One JSON array
        #[arg(long)]
        json: bool,
    },
    /// Say what is wrong with articles, and which want a look: no url, not checked for a year, a category without any
    #[command(after_help = "Example:\n  postdesk kb check")]
    Check,
    /// Write the articles as static pages, to be put onto a web server; see kb_url in the configuration
    #[command(after_help = "Examples:\n  postdesk kb build /var/www/help\n  postdesk kb build --internal /var/www/team")]
    Build {
        /// Where to: an empty directory, or one that was built before
        #[arg(value_name = "DIR")]
        directory: PathBuf,
        /// With the articles for agents: for a server that only they can reach
        #[arg(long)]
        internal: bool,
    },
}

/// Runs the command.
///
/// # Errors
/// The configuration or the articles are unsound, or a page cannot be written.
pub fn run(config: &Path, arguments: &Arguments) -> anyhow::Result<Exit> {
    let loaded = policy::load_library(configured(config));
    match &arguments.what {
        What::Search { words, lang, json } => search(&sound(loaded)?.1, &words.join(" "), lang.as_deref(), *json),
        What::Check => match loaded {
            Ok((config, library)) => check(&config, &library),
            Err(wrong) => {
                wrong.iter().for_each(|complaint| eprintln!("{complaint}"));
                table::line(count(wrong.len(), "error"))?;
                Ok(Exit::Findings)
            }
        },
        What::Build { directory, internal } => {
            let (own, (config, library)) = (configured(config).is_some(), sound(loaded)?);
            build(directory, &config, &library, own, *internal)
        }
    }
}

/// So many articles a language are shown.
const MOST_SHOWN: usize = 10;

/// A line of `kb search`.
#[derive(Serialize)]
struct Row<'a> {
    id: &'a str,
    language: &'a str,
    title: &'a str,
    url: Option<&'a str>,
    score: f64,
    /// A mail of these words would carry it.
    suggested: bool,
    internal: bool,
}

fn search(library: &Library, words: &str, language: Option<&str>, json: bool) -> anyhow::Result<Exit> {
    let index = Index::of(library);
    let mut languages: Vec<&str> = library.cards.iter().map(|card| card.language.as_str()).collect();
    languages.sort_unstable();
    languages.dedup();
    if let Some(language) = language {
        anyhow::ensure!(languages.contains(&language), "there is no article in \"{language}\"; there are some in {}", languages.join(", "));
        languages = vec![language];
    }
    let mut rows: Vec<Row<'_>> = Vec::new();
    for language in languages {
        rows.extend(index.rank(words, "", language, MOST_SHOWN).into_iter().map(|found| Row {
            id: &found.card.id,
            language: &found.card.language,
            title: &found.card.title,
            url: found.card.url.as_deref(),
            score: (found.score * 100.0).round() / 100.0,
            suggested: found.sure,
            internal: found.card.internal,
        }));
    }
    rows.sort_by(|a, b| b.score.total_cmp(&a.score));
    let columns = [Whole("score"), Whole("mail"), Whole("lang"), Whole("id"), Words("title"), Spare("url")];
    table::print(json, &columns, &rows, "nothing was found", |row| {
        let mail = match (row.suggested, row.internal) {
            (false, _) => "-",
            (true, true) => "agents",
            (true, false) => "yes",
        };
        vec![format!("{:.2}", row.score), mail.into(), row.language.into(), row.id.into(), row.title.into(), row.url.unwrap_or("-").into()]
    })?;
    Ok(Exit::Done)
}

fn check(config: &Config, library: &Library) -> anyhow::Result<Exit> {
    let categories: Vec<&str> = config.categories.iter().map(|c| c.id.as_str()).collect();
    let found = doubts(library, &categories, Utc::now().with_timezone(&config.desk.timezone).date_naive());
    found.iter().for_each(|complaint| eprintln!("warning: {complaint}"));
    let articles = count(library.cards.len(), "article");
    table::line(match found.len() {
        0 => format!("{articles}: sound"),
        n => format!("{articles}: sound, with {}", count(n, "warning")),
    })?;
    Ok(Exit::Done)
}

/// Lists what the last build wrote, so that the next one can take away pages of articles that are gone, and nothing else.
const LIST: &str = ".postdesk-pages";

fn build(directory: &Path, config: &Config, library: &Library, own: bool, internal: bool) -> anyhow::Result<Exit> {
    let empty = !directory.exists() || std::fs::read_dir(directory).with_context(|| reading(directory))?.next().is_none();
    let list = directory.join(LIST);
    anyhow::ensure!(empty || list.exists(), "{} holds other things than pages; name an empty directory", directory.display());
    let before = if list.exists() { std::fs::read_to_string(&list).with_context(|| reading(&list))? } else { String::new() };
    let name_of = |id: &str, language: &str| {
        let names = config.categories.iter().find(|c| c.id == id).map(|c| c.names.as_slice()).unwrap_or_default();
        let find = |language: &str| names.iter().find(|(l, _)| l == language).map(|(_, name)| name.clone());
        find(language).or_else(|| find("en")).unwrap_or_else(|| id.to_owned())
    };
    let address = config.mailboxes.first().filter(|_| own).map(|mailbox| mailbox.address.as_str());
    let files = pages::pages(library, &Site { name: &config.desk.name, address, category: &name_of, internal });
    // First of all, so that a build which was interrupted can be done again.
    let names: Vec<&str> = files.iter().map(|(name, _)| name.as_str()).collect();
    write(directory, LIST, &(names.join("\n") + "\n" + &before))?;
    let mut progress = Progress::new("writing", files.len() as u64);
    for (name, text) in &files {
        write(directory, name, text)?;
        progress.add(1);
    }
    progress.clear();
    for gone in before.lines().filter(|line| !names.contains(line)) {
        std::fs::remove_file(directory.join(gone)).ok();
    }
    write(directory, LIST, &(names.join("\n") + "\n"))?;
    table::line(format_args!("{}: {}", directory.display(), count(files.len(), "file")))?;
    match &config.kb_url {
        Some(url) => table::line(format_args!("mails link to {url}"))?,
        None if own => table::line("mails do not link there yet: write where people read it,  kb_url = \"https://…\"  in [desk]")?,
        None => {}
    }
    Ok(Exit::Done)
}

fn reading(path: &Path) -> String {
    format!("reading {}", path.display())
}

fn write(directory: &Path, name: &str, text: &str) -> anyhow::Result<()> {
    let path = directory.join(name);
    if let Some(parent) = path.parent() {
        std::fs::create_dir_all(parent).with_context(|| format!("making {}", parent.display()))?;
    }
    std::fs::write(&path, text).with_context(|| format!("writing {}", path.display()))
}
