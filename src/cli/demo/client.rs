//! A small mail client for the demo: writes mails, finds a mail in a Maildir, answers it with the quote below as most clients do.

use std::fs::File;
use std::path::Path;

use chrono::DateTime;
use chrono_tz::Tz;

use super::day::{Answer, Mail};
use crate::domain::message::Reading;
use crate::mail::parse;

/// Puts a mail into a Maildir as an MTA does (`new`) or as a client keeps what it sent (`cur`, seen), with the played time as the file's.
///
/// # Errors
/// The Maildir cannot be written.
pub fn drop_into(maildir: &Path, sent: bool, raw: &[u8], index: usize, at: DateTime<Tz>) -> anyhow::Result<()> {
    let name = format!("{}.{index:03}.demo", at.timestamp());
    for folder in ["new", "cur", "tmp"] {
        std::fs::create_dir_all(maildir.join(folder))?;
    }
    let tmp = maildir.join("tmp").join(&name);
    std::fs::write(&tmp, raw)?;
    File::options().write(true).open(&tmp)?.set_modified(at.into())?;
    std::fs::rename(tmp, if sent { maildir.join("cur").join(name + ":2,S") } else { maildir.join("new").join(name) })?;
    Ok(())
}

/// `Alice Baker <alice@example.com>` → `alice@example.com`
pub fn address(person: &str) -> &str {
    person.rsplit_once('<').map_or(person, |(_, rest)| rest.trim_end_matches('>'))
}

/// `Alice Baker <alice@example.com>` → `Alice Baker`
pub fn name(person: &str) -> &str {
    person.split(" <").next().unwrap_or(person)
}

/// A header line is given unless the scene brings its own.
fn unless_given(headers: &str, name: &str, value: &str) -> String {
    let given = headers.lines().any(|l| l.to_ascii_lowercase().starts_with(&format!("{}:", name.to_ascii_lowercase())));
    if given { String::new() } else { format!("{name}: {value}\n") }
}

const PLAIN: &str = "Content-Type: text/plain; charset=utf-8\nContent-Transfer-Encoding: 8bit\n";

/// The end of the header and the body: plain text, with a file where there is one.
fn body(text: &str, file: Option<(&str, &str)>) -> String {
    match file {
        None => format!("MIME-Version: 1.0\n{PLAIN}\n{text}\n"),
        Some((name, content)) => format!(
            "MIME-Version: 1.0\nContent-Type: multipart/mixed; boundary=\"part\"\n\n--part\n{PLAIN}\n{text}\n\n--part\n\
             Content-Type: text/plain; charset=utf-8\nContent-Disposition: attachment; filename=\"{name}\"\n\n{content}\n--part--\n"
        ),
    }
}

/// A new mail to the desk.
pub fn new_mail(mail: &Mail, index: usize, at: DateTime<Tz>) -> Vec<u8> {
    let Mail { from, subject, headers, text } = mail;
    format!(
        "From: {from}\nTo: IT Support <support@desk.example>\nSubject: {subject}\nDate: {}\nMessage-ID: <demo-{index}@mail.example>\n{headers}{}",
        at.to_rfc2822(),
        body(text, None)
    )
    .into_bytes()
}

/// The newest mail of a template in somebody's Maildir whose subject speaks of something.
pub fn find(maildir: &Path, template: &str, about: &str) -> Option<Reading> {
    let mut files: Vec<_> = std::fs::read_dir(maildir.join("new")).ok()?.filter_map(|entry| Some(entry.ok()?.path())).collect();
    files.sort();
    let read = |path: std::path::PathBuf| Some(parse::read(&std::fs::read(path).ok()?, None));
    let fits = |mail: &Reading| mail.header(crate::mail::TEMPLATE_HEADER) == Some(template) && mail.subject.contains(about);
    let mut found: Vec<Reading> = files.into_iter().filter_map(read).filter(fits).collect();
    found.sort_by_key(|mail| mail.date);
    found.pop()
}

/// What threads an answer: In-Reply-To and References with everything before.
fn threading(parent: &Reading) -> (String, String) {
    let id = parent.id.as_ref().map(ToString::to_string).unwrap_or_default();
    let mut references: Vec<String> = parent.references.iter().map(ToString::to_string).collect();
    references.push(id.clone());
    (id, references.join("\n "))
}

/// An answer: own words above, the mail quoted below; clients of Chinese writers say so in Chinese.
pub fn answer(parent: &Reading, answer: &Answer, index: usize, at: DateTime<Tz>) -> Vec<u8> {
    let Answer { who, tags, headers, text, file, .. } = answer;
    let chinese = !name(who).is_ascii();
    let (id, references) = threading(parent);
    let base = parent.subject.trim_start_matches("Re: ");
    let subject = if chinese { format!("回复: {base}{tags}") } else { format!("Re: {base}{tags}") };
    let sent = parent.date.map_or(at, |date| date.with_timezone(&at.timezone()));
    let head = if chinese {
        format!("在 {}，IT Support <support@desk.example> 写道：", sent.format("%Y-%m-%d %H:%M"))
    } else {
        format!("On {}, IT Support <support@desk.example> wrote:", sent.format("%a, %b %-d, %Y at %H:%M"))
    };
    let quote: String = parent.text.trim_end().lines().map(|line| format!("> {line}\n")).collect();
    format!(
        "From: {who}\nTo: IT Support <support@desk.example>\n{}Date: {}\nMessage-ID: <demo-{index}@mail.example>\nIn-Reply-To: {id}\nReferences: {references}\n{headers}{}",
        unless_given(headers, "Subject", &subject),
        at.to_rfc2822(),
        body(&format!("{text}\n\n{head}\n{quote}"), *file)
    )
    .into_bytes()
}

/// A report that a mail could not be delivered (RFC 3464), as the recipient's host writes it.
pub fn bounce(original: &Reading, who: &str, index: usize, at: DateTime<Tz>) -> Vec<u8> {
    let (id, references) = threading(original);
    let host = who.rsplit_once('@').map_or(who, |(_, host)| host);
    format!(
        "Return-Path: <>\nFrom: Mail Delivery System <MAILER-DAEMON@{host}>\nTo: support@desk.example\n\
         Subject: Undelivered Mail Returned to Sender\nDate: {}\nMessage-ID: <demo-{index}@{host}>\nAuto-Submitted: auto-replied\n\
         MIME-Version: 1.0\nContent-Type: multipart/report; report-type=delivery-status; boundary=\"part\"\n\n\
         --part\nContent-Type: text/plain\n\nYour mail could not be delivered to {who}.\n\n\
         --part\nContent-Type: message/delivery-status\n\nReporting-MTA: dns; mx.{host}\n\nFinal-Recipient: rfc822; {who}\n\
         Action: failed\nStatus: 5.1.1\nDiagnostic-Code: smtp; 550 5.1.1 no such user\n\n\
         --part\nContent-Type: text/rfc822-headers\n\nMessage-ID: {id}\nReferences: {references}\nSubject: {}\n\n--part--\n",
        at.to_rfc2822(),
        original.subject
    )
    .into_bytes()
}
