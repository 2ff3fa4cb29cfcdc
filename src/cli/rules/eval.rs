//! `postdesk rules eval FILE...`: what the rules say of mails, against what somebody said that they should.

use std::io::Write;
use std::path::{Path, PathBuf};

use serde::Serialize;
use serde_json::{Map, Value, json};

use super::super::progress::Progress;
use super::super::table::Column::{self, Whole, Words};
use super::super::{Exit, table};
use super::{Which, mails};
use crate::config::section::did_you_mean;
use crate::domain::rules::Evidence;
use crate::domain::rules::score::{ASPECTS, Miss, Score, Scores, Share};

/// Judge labelled mails and compare: accuracy by language, confusion, misses with their evidence.
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:
  postdesk rules eval mails.jsonl
  postdesk rules eval -v --rules rules mails.jsonl
  postdesk rules eval --at-least 0.9 mails.jsonl && echo good enough
  postdesk rules eval --json mails.jsonl | jq .languages.zh

A file holds one JSON object a line; only text is needed:
  {\"lang\": \"zh\", \"from\": \"wang@example.com\", \"subject\": \"VPN 连不上\", \"text\": \"报 809 错误\",
   \"expect\": {\"category\": \"network\", \"type\": \"incident\", \"urgency\": \"medium\", \"impact\": \"low\", \"label\": []}}
(all on one line). \"none\" expects that no rule says anything. Labels are among those found; [] expects none.

Without a configuration the built-in rules are measured.")]
pub struct Arguments {
    /// Labelled mails
    #[arg(required = true, value_name = "FILE")]
    files: Vec<PathBuf>,
    #[command(flatten)]
    which: Which,
    /// Show each mail that was judged otherwise, and the evidence
    #[arg(short, long)]
    verbose: bool,
    /// One JSON object
    #[arg(long)]
    json: bool,
    /// Exit code 1 when fewer categories are right: a share from 0 to 1
    #[arg(long, value_name = "SHARE", value_parser = share)]
    at_least: Option<f64>,
}

fn share(text: &str) -> Result<f64, String> {
    text.parse().ok().filter(|share| (0.0..=1.0).contains(share)).ok_or_else(|| "a share from 0 to 1, such as 0.9".to_owned())
}

/// A mail of which something was missed.
#[derive(Serialize)]
struct Missed {
    place: String,
    language: String,
    subject: String,
    text: String,
    missed: Vec<Miss>,
    because: Vec<String>,
    evidence: Vec<Evidence>,
}

/// Runs the command.
///
/// # Errors
/// A file cannot be read, a line is wrong, rules are unsound, nothing is labelled.
pub fn run(config: &Path, arguments: &Arguments) -> anyhow::Result<Exit> {
    let loaded = arguments.which.load(config)?;
    let (mut scores, mut missed) = (Scores::default(), Vec::new());
    // Rules on trial may name categories that nobody has configured.
    let known: Vec<&str> = loaded.policy.categories.iter().map(|category| category.id.as_str()).collect();
    let mut strange = Vec::new();
    let mut progress = Progress::through("judging", &arguments.files);
    for file in &arguments.files {
        mails::read(file, &mut progress, |labelled| {
            let Some(expect) = &labelled.expect else { return };
            let category = expect.category.as_deref().filter(|id| *id != "none" && !known.contains(id));
            strange.extend(category.map(|id| {
                format!("{} expects a category \"{id}\" that is not configured; {}", labelled.place, did_you_mean(id, &known, "known:"))
            }));
            let verdict = mails::judge(&labelled.mail, &loaded.policy);
            let found = scores.add(&labelled.language, expect, &verdict);
            if !found.is_empty() {
                missed.push(Missed {
                    place: labelled.place,
                    language: language(&labelled.language).to_owned(),
                    subject: labelled.mail.subject,
                    text: labelled.mail.reply.text,
                    missed: found,
                    because: verdict.because,
                    evidence: verdict.evidence,
                });
            }
        })?;
    }
    progress.clear();
    if arguments.which.rules.is_none() {
        strange.iter().for_each(|label| eprintln!("warning: {label}"));
    }
    anyhow::ensure!(
        scores.all.mails > 0,
        "no mail of these files is labelled: add  \"expect\": {{\"category\": \"…\"}}  to its line; see  postdesk rules eval --help"
    );
    let mut out = std::io::BufWriter::new(std::io::stdout().lock());
    if arguments.json {
        serde_json::to_writer_pretty(&mut out, &report(&scores, &missed))?;
        writeln!(out)?;
    } else {
        tell(&mut out, &scores, if arguments.verbose { &missed } else { &[] })?;
    }
    out.flush()?;
    let Some(least) = arguments.at_least else { return Ok(Exit::Done) };
    let accuracy = scores.accuracy();
    if accuracy.is_some_and(|accuracy| accuracy >= least) {
        return Ok(Exit::Done);
    }
    let reached =
        accuracy.map_or_else(|| "no category is expected".to_owned(), |a| format!("{} of the categories are right", percent(Some(a))));
    eprintln!("postdesk: {reached}; at least {} was asked for", percent(Some(least)));
    Ok(Exit::Findings)
}

fn language(name: &str) -> &str {
    if name.is_empty() { "unknown" } else { name }
}

/// Everything as one object.
fn report(scores: &Scores, missed: &[Missed]) -> Value {
    let score = |score: &Score| {
        let of = |share: &Share| json!({"right": share.right, "of": share.of, "accuracy": share.ratio()});
        let mut object: Map<String, Value> = ASPECTS.iter().zip(&score.aspects).map(|(a, share)| (a.name.to_owned(), of(share))).collect();
        object.insert("mails".into(), json!(score.mails));
        object.insert("unclassified".into(), json!(score.unclassified));
        Value::Object(object)
    };
    let languages: Map<String, Value> = scores.by_language.iter().map(|(name, s)| (language(name).to_owned(), score(s))).collect();
    let confusion: Vec<Value> =
        scores.confusion.iter().map(|((expected, got), n)| json!({"expected": expected, "got": got, "mails": n})).collect();
    json!({"all": score(&scores.all), "languages": languages, "confusion": confusion, "missed": missed})
}

/// `92.5 %`; `-` where there is nothing to count.
fn percent(ratio: Option<f64>) -> String {
    ratio.map_or_else(|| "-".to_owned(), |ratio| format!("{:.1} %", ratio * 100.0))
}

/// The same for a person.
fn tell(out: &mut impl Write, scores: &Scores, missed: &[Missed]) -> anyhow::Result<()> {
    for mail in missed {
        tell_miss(out, mail)?;
    }
    let mut rows: Vec<(&str, &Score)> = scores.by_language.iter().map(|(name, score)| (language(name), score)).collect();
    rows.push(("all", &scores.all));
    let asked: Vec<(usize, &str)> =
        ASPECTS.iter().map(|a| a.name).enumerate().filter(|(at, _)| scores.all.aspects.get(*at).is_some_and(|s| s.of > 0)).collect();
    let names = ["language", "mails", "unclassified"].into_iter().chain(asked.iter().map(|(_, name)| *name));
    let columns: Vec<Column<'_>> = names.map(Column::Whole).collect();
    table::write(out, table::room(), &columns, &rows, |(name, score)| {
        let unclassified = Share { right: score.unclassified, of: score.mails };
        let mut cells = vec![(*name).to_owned(), score.mails.to_string(), percent(unclassified.ratio())];
        cells.extend(asked.iter().map(|(at, _)| percent(score.aspects.get(*at).and_then(|share| share.ratio()))));
        cells
    })?;
    let confused = confusion(scores);
    if !confused.is_empty() {
        writeln!(out)?;
        let columns = [Whole("category"), Whole("mails"), Whole("found"), Whole("rightly"), Words("taken for")];
        table::write(out, table::room(), &columns, &confused, Clone::clone)?;
    }
    Ok(())
}

/// A row an expected category: of its mails so many were found, of the mails given to it so many rightly, and what the others got.
fn confusion(scores: &Scores) -> Vec<Vec<String>> {
    let pairs = || scores.confusion.iter().map(|((expected, got), n)| (expected.as_str(), got.as_str(), *n));
    let mut expected: Vec<&str> = pairs().map(|(expected, ..)| expected).collect();
    expected.dedup();
    let row = |category: &str| {
        let of: usize = pairs().filter(|(e, ..)| *e == category).map(|(.., n)| n).sum();
        let given: usize = pairs().filter(|(_, g, _)| *g == category).map(|(.., n)| n).sum();
        let right: usize = pairs().filter(|(e, g, _)| *e == category && *g == category).map(|(.., n)| n).sum();
        let mut others: Vec<(&str, usize)> = pairs().filter(|(e, g, _)| *e == category && *g != category).map(|(_, g, n)| (g, n)).collect();
        others.sort_by_key(|(_, n)| std::cmp::Reverse(*n));
        vec![
            category.to_owned(),
            of.to_string(),
            percent(Share { right, of }.ratio()),
            percent(Share { right, of: given }.ratio()),
            others.iter().map(|(got, n)| format!("{got} {n}")).collect::<Vec<_>>().join(", "),
        ]
    };
    expected.into_iter().map(row).collect()
}

fn tell_miss(out: &mut impl Write, mail: &Missed) -> anyhow::Result<()> {
    let what = if mail.subject.is_empty() { &mail.text } else { &mail.subject };
    writeln!(out, "{}: {}", mail.place, table::cut(&table::one_line(what), 100))?;
    for miss in &mail.missed {
        let list = |items: &[String]| if items.is_empty() { "none".to_owned() } else { items.join(", ") };
        writeln!(out, "  {}: expected {}, got {}", miss.aspect, list(&miss.wanted), list(&miss.got))?;
    }
    for sentence in &mail.because {
        writeln!(out, "  {sentence}")?;
    }
    for e in &mail.evidence {
        let vote = if e.weight == 0 { String::new() } else { format!(", {:+}", e.weight) };
        writeln!(out, "  rule {} ({}): {} “{}”{vote}", e.rule, e.at, e.field, table::one_line(&e.matched))?;
    }
    writeln!(out)?;
    Ok(())
}
