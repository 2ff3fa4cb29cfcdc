//! Delivery reports: RFC 3464 where there is one, else what qmail, Exim, Exchange, Notes and the Chinese providers write in words.

use super::Defects;
use super::header::{self, Header};
use super::mime::Part;
use crate::domain::message::{Address, Reading, Report};
use crate::domain::origin::words_to_status;

/// Lines of a notice that are searched.
const LINES: usize = 300;
/// Longest diagnostic that is kept, characters.
const DIAGNOSTIC: usize = 500;

/// Reads the machine-readable part of a report, and the header of the mail that it returns.
pub fn from_parts(parts: &[Part<'_>], defects: &mut Defects) -> Option<Report> {
    let is_report = parts.first().is_some_and(|p| p.kind.value == "multipart/report");
    let status = parts.iter().find(|p| {
        let kind = p.kind.value.as_str();
        kind == "message/delivery-status" || kind == "message/global-delivery-status" || (is_report && p.body.starts_with(b"Reporting-MTA"))
    })?;
    let bytes = status.decode(64 * 1024);
    let mut report = recipient_group(&bytes, defects);
    returned(parts, &mut report, defects);
    Some(report)
}

/// The group that matters most: the first failure, else the first recipient (RFC 3464 section 2.3).
fn recipient_group(bytes: &[u8], defects: &mut Defects) -> Report {
    let mut best: Option<Report> = None;
    let mut rest = bytes.trim_ascii_start();
    while !rest.is_empty() {
        let group = Header::split(rest);
        let mut field = |name: &str| group.get(name).map(|v| header::text(v, defects)).filter(|v| !v.is_empty());
        let address = |v: Option<String>| v.and_then(|v| address_of_type(&v));
        let recipient = address(field("Final-Recipient")).or_else(|| address(field("Original-Recipient")));
        let action = field("Action").unwrap_or_default().trim().to_ascii_lowercase();
        if recipient.is_some() || !action.is_empty() {
            let diagnostic = field("Diagnostic-Code").unwrap_or_default();
            let diagnostic = one_line(diagnostic.split_once(';').map_or(diagnostic.as_str(), |(_, text)| text));
            let given = field("Status").and_then(|s| enhanced(&s));
            let status = given
                .filter(|s| !s.ends_with(".0.0"))
                .or_else(|| enhanced(&diagnostic))
                .or_else(|| field("Status").and_then(|s| enhanced(&s)));
            let failed = action == "failed";
            if best.as_ref().is_none_or(|b| failed && b.action != "failed") {
                best = Some(Report { recipient, status, action, diagnostic, ..Report::default() });
            }
        }
        // A line that is no field stops the group; step over it.
        let next = if group.body.len() < rest.len() { group.body } else { skip_line(rest) };
        rest = next.trim_ascii_start();
    }
    best.unwrap_or_default()
}

fn skip_line(bytes: &[u8]) -> &[u8] {
    memchr::memchr(b'\n', bytes).and_then(|i| bytes.get(i + 1..)).unwrap_or_default()
}

/// `rfc822; li@example.org` → the address.
fn address_of_type(value: &str) -> Option<Address> {
    let address = value.split_once(';').map_or(value, |(_, a)| a);
    Address::parse(address).or_else(|| addresses(address).next())
}

/// Takes the ids of the returned mail from the part that holds it or its header.
pub fn returned(parts: &[Part<'_>], report: &mut Report, defects: &mut Defects) {
    let kinds = [
        "message/rfc822", "text/rfc822-headers", "text/rfc822-header", "message/rfc822-headers", "message/global", "message/global-headers",
    ];
    let Some(part) = parts.iter().skip(1).find(|p| kinds.contains(&p.kind.value.as_str())) else { return };
    let bytes = part.decode(256 * 1024);
    take_ids(&Header::split(bytes.trim_ascii_start()), report, defects);
}

fn take_ids(returned: &Header<'_>, report: &mut Report, defects: &mut Defects) {
    let mut ids = |name| returned.get(name).map(|v| header::ids(v, defects)).unwrap_or_default();
    report.original = ids("Message-ID").into_iter().next();
    report.original_references = ids("References");
    for id in ids("In-Reply-To") {
        if !report.original_references.contains(&id) {
            report.original_references.push(id);
        }
    }
}

/// Reads a notice in words. Only asked where sender or subject say that it is one.
pub fn from_text(mail: &Reading, defects: &mut Defects) -> Report {
    let (notice, returned) = cut_returned(&mail.text);
    let mut report = Report { action: "failed".to_owned(), ..Report::default() };
    let named = mail.header("X-Failed-Recipients").and_then(|v| addresses(v).next());
    report.recipient = named.or_else(|| recipient(&notice, mail));
    let whole = one_text(&notice);
    let cause = notice.iter().find(|l| enhanced(l).is_some_and(|s| !s.ends_with(".0.0")));
    let cause =
        cause.or_else(|| notice.iter().find(|l| reply_class(l).is_some())).or_else(|| notice.iter().find(|l| words_to_status(l).is_some()));
    report.diagnostic = cause.map(|l| one_line(l)).unwrap_or_default();
    let told = |text: &str| words_to_status(text).map(str::to_owned);
    // A reply code alone tells the class: 5.0.0 is "other or undefined" (RFC 3463 section 3.1).
    let class = || cause.and_then(|l| reply_class(l)).map(|c| format!("{c}.0.0"));
    let precise = cause.and_then(|l| enhanced(l)).or_else(|| enhanced(&whole));
    report.status = precise.or_else(|| told(cause?)).or_else(class).or_else(|| told(&whole));
    let said = format!("{}\n{whole}", mail.subject).to_lowercase();
    let later = [
        "delayed", "still being retried", "will be retried", "still undelivered", "will continue to", "do not need to resend", "延迟",
        "仍在尝试", "继续尝试",
    ];
    if later.iter().any(|w| said.contains(w)) && !report.status.as_ref().is_some_and(|s| s.starts_with('5')) {
        report.action = "delayed".to_owned();
    }
    // The returned header stands in the text itself; `>` and indents come off.
    let lines: Vec<&str> = returned.iter().map(|l| l.trim_start_matches(['>', ' '])).collect();
    let start = lines.iter().position(|l| is_returned_header(l)).unwrap_or(lines.len());
    let header = lines.get(start..).unwrap_or_default().join("\n");
    take_ids(&Header::split(header.as_bytes()), &mut report, defects);
    if report.original.is_none() {
        let id = lines.iter().find_map(|l| l.get(..11).filter(|n| n.eq_ignore_ascii_case("message-id:")).and_then(|_| l.get(11..)));
        report.original = id.and_then(|v| header::ids(v.as_bytes(), defects).into_iter().next());
    }
    report
}

fn is_returned_header(line: &str) -> bool {
    let name = line.split(':').next().unwrap_or("");
    ["received", "return-path", "message-id", "delivered-to", "mime-version", "dkim-signature"].iter().any(|n| name.eq_ignore_ascii_case(n))
}

/// The notice's own lines, and the lines of the returned mail.
fn cut_returned(text: &str) -> (Vec<&str>, Vec<&str>) {
    let marks = [
        "below this line is a copy", "copy of the message", "copy of your message", "original message", "returned message",
        "unsent message", "message header", "message text follows", "headers of the message", "original mail", "原邮件", "原始邮件",
        "原信",
    ];
    let lines: Vec<&str> = text.lines().take(LINES * 4).collect();
    let cut = lines.iter().position(|line| {
        let bare = line.trim_start_matches(['>', ' ']);
        let lower = bare.to_lowercase();
        is_returned_header(bare)
            || (bare.len() < 100
                && (bare.starts_with(['-', '=', '*']) || lower.starts_with("original m"))
                && marks.iter().any(|m| lower.contains(m)))
    });
    let cut = cut.unwrap_or(lines.len());
    let (notice, returned) = lines.split_at_checked(cut).unwrap_or((&lines, &[]));
    (notice.iter().take(LINES).copied().collect(), returned.to_vec())
}

/// The address that stands most like a recipient: alone on its line or before a colon, else the first foreign one.
fn recipient(notice: &[&str], mail: &Reading) -> Option<Address> {
    let sender = mail.from.as_ref().map(|p| &p.address);
    let foreign = |a: &Address| {
        let desk = ["postmaster", "mailer-daemon", "mailer_daemon", "helpdesk", "abuse"].contains(&a.local());
        Some(a) != sender && !desk && !mail.to.iter().any(|p| p.address == *a)
    };
    let mut first = None;
    for line in notice {
        let bare = line.trim();
        for address in addresses(bare).filter(|a| foreign(a)) {
            let rest = bare.to_lowercase().replace(address.as_str(), "");
            let alone = rest.chars().all(|c| !c.is_alphanumeric());
            let told = rest.trim_start_matches(['<', '"', '\'']).starts_with([':', '>']) && bare.starts_with(['<', '"', '\'']);
            let keyed = ["recipient", "收件人", "收信人", "收件地址", "to:"].iter().any(|k| rest.trim_start().starts_with(k));
            if alone || told || keyed {
                return Some(address);
            }
            first.get_or_insert(address);
        }
    }
    first
}

/// Every address in a line of text.
fn addresses(text: &str) -> impl Iterator<Item = Address> {
    text.split(|c: char| c.is_whitespace() || "<>()[]\"',;:：，；（）《》|".contains(c))
        .map(|w| w.trim_matches(['.', '!', '?', '*', '-', '=']))
        .filter(|w| w.contains('@') && w.is_ascii())
        .filter_map(Address::parse)
        .filter(|a| a.domain().contains('.'))
}

/// The first enhanced status code (RFC 3463) in a text; one that says something before `5.0.0`.
pub fn enhanced(text: &str) -> Option<String> {
    let mut vague = None;
    for word in text.split(|c: char| !c.is_ascii_digit() && c != '.') {
        let word = word.trim_matches('.');
        let mut parts = word.split('.');
        let (Some(class), Some(subject), Some(detail), None) = (parts.next(), parts.next(), parts.next(), parts.next()) else { continue };
        let sound = matches!(class, "2" | "4" | "5") && (1..=3).contains(&subject.len()) && (1..=3).contains(&detail.len());
        // 5.7.0 to 5.7.30 exist; a version number has a larger subject.
        if !sound || subject.parse::<u16>().is_ok_and(|s| s > 7) {
            continue;
        }
        if word.ends_with(".0.0") {
            vague.get_or_insert(word);
        } else {
            return Some(word.to_owned());
        }
    }
    vague.map(str::to_owned)
}

/// The class of the SMTP reply code of failure in a line.
fn reply_class(line: &str) -> Option<char> {
    let mut words = line.split(|c: char| !c.is_ascii_alphanumeric() && c != '.');
    let code = |w: &str| w.len() == 3 && w.bytes().all(|b| b.is_ascii_digit()) && w.get(1..2).is_some_and(|d| d <= "5");
    words.find(|w| w.starts_with(['4', '5']) && code(w)).and_then(|w| w.chars().next())
}

/// The lines as one, since a phrase may be wrapped.
fn one_text(lines: &[&str]) -> String {
    lines.iter().flat_map(|l| l.split_whitespace()).collect::<Vec<_>>().join(" ")
}

fn one_line(text: &str) -> String {
    let line = text.split_whitespace().collect::<Vec<_>>().join(" ");
    line.chars().take(DIAGNOSTIC).collect()
}
