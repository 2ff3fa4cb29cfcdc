//! A small mail client for the demo: writes mails, finds a mail in a Maildir, answers it with the quote below as most clients do.

use std::fs::File;
use std::path::Path;

use chrono::{DateTime, Utc};

use crate::domain::message::Reading;
use crate::mail::parse;

/// Puts a mail into a Maildir as an MTA does, with the played time as its arrival.
///
/// # Errors
/// The Maildir cannot be written.
pub fn drop_into(maildir: &Path, raw: &[u8], index: usize, at: DateTime<Utc>) -> anyhow::Result<()> {
    let name = format!("{}.{index:03}.demo", at.timestamp());
    let (tmp, new) = (maildir.join("tmp").join(&name), maildir.join("new").join(&name));
    std::fs::write(&tmp, raw)?;
    File::options().write(true).open(&tmp)?.set_modified(at.into())?;
    std::fs::rename(tmp, new)?;
    Ok(())
}

/// A header line is given unless the scene brings its own.
fn unless_given(headers: &str, name: &str, line: String) -> String {
    let given = headers.lines().any(|l| l.to_ascii_lowercase().starts_with(&format!("{}:", name.to_ascii_lowercase())));
    if given { String::new() } else { line + "\n" }
}

fn mime(headers: &str) -> String {
    unless_given(
        headers,
        "Content-Type",
        "MIME-Version: 1.0\nContent-Type: text/plain; charset=utf-8\nContent-Transfer-Encoding: 8bit".to_owned(),
    )
}

/// A new mail to the desk.
pub fn new_mail(from: &str, subject: &str, headers: &str, text: &str, index: usize, at: DateTime<Utc>) -> Vec<u8> {
    let mime = mime(headers);
    let date = at.to_rfc2822();
    format!(
        "From: {from}\nTo: IT Support <support@desk.example>\nSubject: {subject}\nDate: {date}\nMessage-ID: <demo-{index}@mail.example>\n{headers}{mime}\n{text}\n"
    )
    .into_bytes()
}

/// The newest mail of a template in somebody's Maildir whose subject or text speaks of something.
pub fn find(maildir: &Path, template: &str, about: &str) -> Option<Reading> {
    let mut files: Vec<_> = std::fs::read_dir(maildir.join("new")).ok()?.filter_map(|entry| Some(entry.ok()?.path())).collect();
    files.sort();
    let read = |path: std::path::PathBuf| Some(parse::read(&std::fs::read(path).ok()?, None));
    let fits = |mail: &Reading| {
        mail.header(crate::mail::TEMPLATE_HEADER) == Some(template) && (mail.subject.contains(about) || mail.text.contains(about))
    };
    let mut found: Vec<Reading> = files.into_iter().filter_map(read).filter(fits).collect();
    found.sort_by_key(|mail| mail.date);
    found.pop()
}

/// An answer: own words above, the mail quoted below, threaded by In-Reply-To and References.
pub fn answer(parent: &Reading, who: &str, tags: &str, headers: &str, text: &str, index: usize, at: DateTime<Utc>) -> Vec<u8> {
    let id = parent.id.as_ref().map(ToString::to_string).unwrap_or_default();
    let mut references: Vec<String> = parent.references.iter().map(ToString::to_string).collect();
    references.push(id.clone());
    let references = references.join("\n ");
    let subject = format!("Re: {}{tags}", parent.subject.trim_start_matches("Re: "));
    let top = unless_given(headers, "From", format!("From: {who}")) + &unless_given(headers, "Subject", format!("Subject: {subject}"));
    let original = format!("Message-ID: {id}\nReferences: {references}\nSubject: {}\n", parent.subject);
    let body = if headers.contains("multipart/") {
        text.replace("@ORIGINAL@", &original)
    } else {
        let quote: String = parent.text.trim_end().lines().map(|line| format!("> {line}\n")).collect();
        format!("{text}\n\nOn Tue, Dec 1, 2026, IT Support <support@desk.example> wrote:\n{quote}")
    };
    let date = at.to_rfc2822();
    format!(
        "{top}To: IT Support <support@desk.example>\nDate: {date}\nMessage-ID: <demo-{index}@mail.example>\nIn-Reply-To: {id}\nReferences: {references}\n{headers}{}\n{body}\n",
        mime(headers)
    )
    .into_bytes()
}
