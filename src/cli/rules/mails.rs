//! Mails to measure rules with: JSON lines, with or without what is expected of each, and raw mails.
//!
//! A line is made a mail and read as one, so that quotes, signatures and languages are those of live mail.

use std::collections::BTreeMap;
use std::path::Path;

use anyhow::Context;
use chrono::Utc;
use serde::Deserialize;

use super::super::progress::Progress;
use crate::domain::message::Reading;
use crate::domain::policy::Policy;
use crate::domain::rules::Verdict;
use crate::domain::rules::score::Labels;
use crate::domain::trust;
use crate::domain::{intake, origin};
use crate::mail::parse;

/// A mail with what is known of it beforehand.
pub struct Labelled {
    /// `mails.jsonl:12`.
    pub place: String,
    /// The mail.
    pub mail: Reading,
    /// Its language, as the line says, else as it is read; empty where nobody can tell.
    pub language: String,
    /// What is expected.
    pub expect: Option<Labels>,
}

#[derive(Deserialize)]
struct Line {
    lang: Option<String>,
    from: Option<String>,
    #[serde(default)]
    subject: String,
    text: String,
    expect: Option<Labels>,
}

/// Reads a file: a raw mail where its name ends in `.eml`, else one JSON object a line.
///
/// # Errors
/// The file cannot be read; a line is no such object: its place and what it should be.
pub fn read(file: &Path, progress: &mut Progress, mut each: impl FnMut(Labelled)) -> anyhow::Result<()> {
    let name = file.display().to_string();
    let bytes = std::fs::read(file).with_context(|| format!("reading {name}"))?;
    if file.extension().is_some_and(|e| e == "eml") {
        let mail = parse::read(&bytes, None);
        let language = mail.language.clone().unwrap_or_default();
        each(Labelled { place: name, mail, language, expect: None });
        progress.add(bytes.len() as u64);
        return Ok(());
    }
    let text = String::from_utf8(bytes).map_err(|_| anyhow::anyhow!("{name} is not UTF-8; a raw mail is named *.eml"))?;
    for (number, line) in text.lines().enumerate() {
        progress.add(line.len() as u64 + 1);
        if line.trim().is_empty() {
            continue;
        }
        let place = format!("{name}:{}", number + 1);
        let line: Line = serde_json::from_str(line).map_err(|e| anyhow::anyhow!("{place}:{}: {}", e.column(), wrong_line(&e)))?;
        let mail = parse::read(&raw(&line), None);
        let language = line.lang.or_else(|| mail.language.clone()).unwrap_or_default();
        each(Labelled { place, mail, language, expect: line.expect });
    }
    Ok(())
}

/// What is wrong with a line, and what it should be.
fn wrong_line(error: &serde_json::Error) -> String {
    let said = error.to_string();
    let said = said.rsplit_once(" at line ").map_or(said.as_str(), |(message, _)| message);
    format!("{said}\n  = one JSON object a line is wanted: {{\"subject\": \"…\", \"text\": \"…\", \"expect\": {{\"category\": \"…\"}}}}")
}

/// The line as the mail that it stands for.
fn raw(line: &Line) -> Vec<u8> {
    let one_line = |text: &str| text.split(['\r', '\n']).collect::<Vec<_>>().join(" ");
    format!(
        "From: {}\nSubject: {}\nMIME-Version: 1.0\nContent-Type: text/plain; charset=utf-8\nContent-Transfer-Encoding: 8bit\n\n{}\n",
        one_line(line.from.as_deref().unwrap_or("Somebody <somebody@example.com>")),
        one_line(&line.subject),
        line.text
    )
    .into_bytes()
}

/// What the rules say of a mail that belongs to no ticket.
pub fn judge(mail: &Reading, policy: &Policy) -> Verdict {
    let origin = origin::judge(mail, policy);
    let sender = trust::judge(mail, &trust::tokens(mail, policy), policy);
    intake::verdict(mail, (&origin, &sender), &BTreeMap::new(), Utc::now(), policy)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::policy;

    #[test]
    fn a_line_is_read_as_a_mail() {
        let loaded = policy::builtin().unwrap();
        let line =
            r#"{"lang": "zh", "from": "王磊 <wang@ext.test>", "subject": "打印机\n脱机", "text": "卡纸了。\n> VPN 连不上", "id": 7}"#;
        let mail = parse::read(&raw(&serde_json::from_str(line).unwrap()), None);
        assert_eq!(mail.subject, "打印机 脱机");
        assert_eq!(mail.from.as_ref().map(|p| (p.name.as_str(), p.address.as_str())), Some(("王磊", "wang@ext.test")));
        assert_eq!(mail.reply.text.trim(), "卡纸了。");
        let verdict = judge(&mail, &loaded.policy);
        assert!(verdict.evidence.iter().any(|e| e.matched.contains("打印")), "{verdict:?}");
        assert!(verdict.evidence.iter().all(|e| !e.matched.contains("vpn")), "quoted text is not searched");
    }
}
