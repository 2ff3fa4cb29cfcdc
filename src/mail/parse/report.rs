//! Delivery reports (RFC 3464): what they say of each recipient, and the ids of the mail that they return.
//!
//! Notices in words are read by `notice`; what a report leaves out is taken from its words too.

use super::header::{self, Header};
use super::mime::Part;
use super::{Defects, events, notice};
use crate::domain::message::{Address, Defect, Reading, RecipientReport, Report};
use crate::domain::origin::bounce;
use crate::domain::origin::reason::{self, enhanced};

/// Recipients of one report that are read.
pub const MOST: usize = 50;
/// Longest diagnostic that is kept, characters.
const DIAGNOSTIC: usize = 500;

/// Characters of a returned mail's text that are kept.
const RETURNED: usize = 4000;

/// Reads what a mail reports, if it is a report: from its parts, completed from its words. The text must have been read.
pub fn read(parts: &[Part<'_>], mail: &mut Reading, defects: &mut Defects) {
    mail.report = from_parts(parts, defects).or_else(|| events::read(mail));
    let complete = |r: &Report| !r.recipients.is_empty() && r.recipients.iter().all(|p| p.recipient.is_some() && p.status.is_some());
    if mail.report.as_ref().is_some_and(complete) || bounce::shape(mail).is_none() {
        return;
    }
    let mut told = notice::read(mail, defects);
    if let Some(known) = mail.report.take().filter(|known| !known.recipients.is_empty()) {
        told.recipients = known.recipients.into_iter().map(|one| completed(one, &told.recipients)).collect();
    }
    returned(parts, &mut told, defects);
    mail.report = Some(told);
}

/// A recipient's group with what it lacks, from the words about the same recipient.
fn completed(known: RecipientReport, told: &[RecipientReport]) -> RecipientReport {
    let same = told.iter().find(|t| t.recipient.is_some() && t.recipient == known.recipient);
    let Some(words) = same.or_else(|| told.first().filter(|_| told.len() == 1)) else { return known };
    let of_diagnostic = || reason::by_words(&known.diagnostic).and_then(reason::BounceReason::status).map(str::to_owned);
    let or = |given: &str, words: &str| if given.is_empty() { words.to_owned() } else { given.to_owned() };
    RecipientReport {
        recipient: known.recipient.clone().or_else(|| words.recipient.clone()),
        status: known.status.clone().or_else(of_diagnostic).or_else(|| words.status.clone()),
        action: or(&known.action, &words.action),
        diagnostic: or(&known.diagnostic, &words.diagnostic),
    }
}

/// Reads the machine-readable part of a report, and the header of the mail that it returns.
fn from_parts(parts: &[Part<'_>], defects: &mut Defects) -> Option<Report> {
    let is_report = parts.first().is_some_and(|p| p.kind.value == "multipart/report");
    let status = parts.iter().find(|p| {
        let kind = p.kind.value.as_str();
        kind == "message/delivery-status" || kind == "message/global-delivery-status" || (is_report && p.body.starts_with(b"Reporting-MTA"))
    })?;
    let mut report = Report { recipients: recipient_groups(&status.decode(64 * 1024), defects), ..Report::default() };
    returned(parts, &mut report, defects);
    Some(report)
}

/// The groups of fields, one a recipient (RFC 3464 section 2.3); the same recipient once.
pub fn recipient_groups(bytes: &[u8], defects: &mut Defects) -> Vec<RecipientReport> {
    let mut found: Vec<RecipientReport> = Vec::new();
    let mut rest = bytes.trim_ascii_start();
    while !rest.is_empty() && found.len() < MOST {
        let group = Header::split(rest);
        if let Some(one) = recipient_group(&group, defects) {
            match found.iter_mut().find(|f| f.recipient == one.recipient) {
                // A repeated group with more to say replaces the first.
                Some(same) if same.status.is_none() || (one.action == "failed" && same.action != "failed") => *same = one,
                Some(_) => {}
                None => found.push(one),
            }
        }
        // A line that is no field stops the group; step over it.
        let next = if group.body.len() < rest.len() { group.body } else { skip_line(rest) };
        rest = next.trim_ascii_start();
    }
    defects.add((!rest.is_empty()).then_some(Defect::TextTooLong));
    found
}

fn recipient_group(group: &Header<'_>, defects: &mut Defects) -> Option<RecipientReport> {
    let mut field = |name: &str| group.get(name).map(|v| header::text(v, defects)).filter(|v| !v.is_empty());
    let address = |v: Option<String>| v.and_then(|v| address_of_type(&v));
    let recipient = address(field("Final-Recipient")).or_else(|| address(field("Original-Recipient")));
    let action = field("Action").unwrap_or_default().trim().to_ascii_lowercase();
    if recipient.is_none() && action.is_empty() {
        return None;
    }
    let diagnostic = field("Diagnostic-Code").unwrap_or_default();
    let diagnostic = one_line(diagnostic.split_once(';').map_or(diagnostic.as_str(), |(_, text)| text));
    let given = field("Status").and_then(|s| enhanced(&s));
    let precise = given.clone().filter(|s| !s.ends_with(".0.0")).or_else(|| enhanced(&diagnostic));
    let action = action.split([' ', '(', ';']).next().unwrap_or("").to_owned();
    Some(RecipientReport { recipient, status: precise.or(given), action, diagnostic })
}

fn skip_line(bytes: &[u8]) -> &[u8] {
    memchr::memchr(b'\n', bytes).and_then(|i| bytes.get(i + 1..)).unwrap_or_default()
}

/// `rfc822; li@example.org` → the address.
fn address_of_type(value: &str) -> Option<Address> {
    let address = value.split_once(';').map_or(value, |(_, a)| a);
    Address::parse(address).or_else(|| notice::addresses(address).next())
}

/// Takes the ids of the returned mail from the part that holds it or its header.
fn returned(parts: &[Part<'_>], report: &mut Report, defects: &mut Defects) {
    let kinds = [
        "message/rfc822", "text/rfc822-headers", "text/rfc822-header", "message/rfc822-headers", "message/global",
        "message/global-headers", "message/partial",
    ];
    let known = parts.iter().skip(1).find(|p| kinds.contains(&p.kind.value.as_str()));
    let Some(part) = known.or_else(|| parts.iter().skip(1).find(|p| is_copy(p))) else { return };
    let bytes = part.decode(256 * 1024);
    let header = Header::split(bytes.trim_ascii_start());
    take_ids(&header, report, defects);
    name_the_only_one(&header, report, defects);
    let Some(copy) = super::attached_mail(part) else { return };
    report.returned = copy.subject.chars().chain(['\n']).chain(copy.text.chars().take(RETURNED)).collect();
}

/// Some servers return the mail as a file or a text, whatever it is in truth: then its first lines are a mail's header.
fn is_copy(part: &Part<'_>) -> bool {
    let kind = part.kind.value.as_str();
    if !kind.starts_with("text/") && kind != "application/octet-stream" {
        return false;
    }
    let bytes = part.decode(8 * 1024);
    let header = Header::split(bytes.trim_ascii_start());
    let has = |name: &str| header.get(name).is_some();
    has("Message-ID") || (has("From") && has("Subject") && has("To"))
}

/// A report that names nobody, or an account of its own machine, speaks of the one to whom the mail went.
pub fn name_the_only_one(returned: &Header<'_>, report: &mut Report, defects: &mut Defects) {
    let to = returned.get("To").map(|v| header::people(v, defects)).unwrap_or_default();
    if let ([RecipientReport { recipient: nobody @ None, .. }], [only]) = (report.recipients.as_mut_slice(), to.as_slice()) {
        *nobody = Some(only.address.clone());
    }
}

/// The ids in a returned header; those found before stay where it has none.
pub fn take_ids(returned: &Header<'_>, report: &mut Report, defects: &mut Defects) {
    let mut ids = |name| returned.get(name).map(|v| header::ids(v, defects)).unwrap_or_default();
    report.original = ids("Message-ID").into_iter().next().or(report.original.take());
    for id in ids("References").into_iter().chain(ids("In-Reply-To")) {
        if !report.original_references.contains(&id) {
            report.original_references.push(id);
        }
    }
}

/// White space folded, at most [`DIAGNOSTIC`] characters.
pub fn one_line(text: &str) -> String {
    let line = text.split_whitespace().collect::<Vec<_>>().join(" ");
    line.chars().take(DIAGNOSTIC).collect()
}
