//! Notices of non-delivery in words, as qmail, Exim, sendmail, Exchange, Notes, and the Chinese providers write them.
//!
//! They are read by their shape and not by their maker: an address that stands alone, before a colon or behind a word for "recipient"
//! begins what is said of it. Its status is a code that stands there, else the registered one for the words that stand there.

use super::Defects;
use super::header::{self, Header};
use super::report::{self, MOST, one_line};
use crate::domain::message::{Address, Reading, RecipientReport, Report};
use crate::domain::origin::reason::{self, BounceReason, enhanced};

/// Lines of a notice that are searched.
const LINES: usize = 300;
/// Lines below an address that speak of it.
const BLOCK: usize = 12;
/// Lines of a returned header that are looked at to know it.
const HEADER: usize = 40;

/// Reads a notice. Only asked where sender or subject say that it is one.
pub fn read(mail: &Reading, defects: &mut Defects) -> Report {
    let lines: Vec<&str> = mail.text.lines().take(LINES * 4).collect();
    let (notice, returned) = cut_returned(&lines);
    let notice = notice.get(..LINES).unwrap_or(notice);
    let action = action(mail, notice);
    let named: Vec<Address> = mail.header("X-Failed-Recipients").map(|v| addresses(v).take(MOST).collect()).unwrap_or_default();
    let mut told: Vec<(Option<Address>, usize)> = headings(notice, mail, &named);
    let late: Vec<&Address> = named.iter().filter(|a| !told.iter().any(|(t, _)| t.as_ref() == Some(a))).collect();
    told.extend(late.into_iter().map(|a| (Some(a.clone()), notice.len())));
    if told.is_empty() {
        told.push(first_foreign(notice, mail).map_or((None, 0), |(address, at)| (Some(address), at)));
    }
    let starts: Vec<usize> = told.iter().map(|(_, at)| *at).chain([notice.len()]).collect();
    let first = starts.first().copied().unwrap_or(0);
    let mut recipients: Vec<RecipientReport> = Vec::new();
    for (one, ends) in told.iter().zip(starts.iter().skip(1)) {
        let (address, start) = one;
        let block = notice.get(*start..(*ends).max(*start).min(start + BLOCK)).unwrap_or_default();
        // Of several, what stands among the others is no word on this one.
        let common = if told.len() == 1 { notice } else { notice.get(..first).unwrap_or_default() };
        recipients.push(recipient(address.as_ref(), [notice, block, common], action));
    }
    let groups = written_out(&lines, defects);
    if groups.iter().any(|r| r.status.is_some()) {
        recipients = groups;
    }
    let mut report = Report { recipients, ..Report::default() };
    original(&lines, returned, &mut report, defects);
    report
}

/// What is said of one recipient: in lines that name him, else in those below his address, else in what is said of all.
fn recipient(address: Option<&Address>, [notice, block, common]: [&[&str]; 3], action: &str) -> RecipientReport {
    let naming = |line: &&&str| address.is_some_and(|a| line.to_lowercase().contains(a.as_str()));
    let mentions: Vec<&str> = notice.iter().filter(naming).copied().collect();
    let told = [one_text(&mentions), one_text(block), one_text(common)];
    // The address is no evidence: it may read `no-such-user@…`.
    let sources = told.each_ref().map(|s| address.map_or_else(|| s.clone(), |a| replaced(s, a.as_str())));
    let precise = sources.iter().find_map(|s| enhanced(s).filter(|code| !code.ends_with(".0.0")));
    let later = (action == "delayed").then_some('4');
    let derived = sources.iter().find_map(|s| {
        let status = reason::by_words(s).and_then(BounceReason::status)?;
        Some(of_class(status, reply_class(s).or(later)))
    });
    // A reply code alone tells the class: 5.0.0 is "other or undefined" (RFC 3463 section 3.1).
    let vague = || sources.iter().find_map(|s| enhanced(s).or_else(|| reply_class(s).map(|class| format!("{class}.0.0"))));
    let status = precise.or(derived).or_else(vague);
    let telling = |s: &String| enhanced(s).is_some() || reply_class(s).is_some() || reason::by_words(s).is_some();
    let diagnostic = told.iter().zip(&sources).find(|(_, s)| telling(s)).map(|(t, _)| one_line(t)).unwrap_or_default();
    // A code of failure beside it says more than words do.
    let refused = |s: &str| s.starts_with('5') || action == "delivered" && s.starts_with('4');
    let action = if action != "failed" && status.as_deref().is_some_and(refused) { "failed" } else { action };
    RecipientReport { recipient: address.cloned(), status, action: action.to_owned(), diagnostic }
}

/// A text without an address, in whatever case it stands there.
fn replaced(text: &str, address: &str) -> String {
    let lower = text.to_lowercase();
    if lower.len() == text.len() { lower.replace(address, "") } else { lower }
}

/// A registered code in the class of the reply code beside it.
fn of_class(status: &str, class: Option<char>) -> String {
    match (class, status.split_once('.')) {
        (Some(class), Some((_, rest))) => format!("{class}.{rest}"),
        _ => status.to_owned(),
    }
}

/// Words of a server that goes on trying, lower case.
const LATER: &[&str] = &[
    "delayed", "still being retried", "will be retried", "be retried until", "still undelivered", "will continue to", "will keep trying",
    "do not need to resend", "not need to resend", "will try again", "try to deliver it again", "no action is required on your part",
    "this is a warning message only", "just a warning", "wird weiter versucht", "es wird weiter", "sera renouvel", "se seguirá intentando",
    "verzögert", "noch nicht zugestellt", "weiter zuzustellen", "retardé", "pas encore pu être", "continuera ses tentatives",
    "se ha retrasado", "non è stato ancora", "in ritardo", "vertraagd", "задерж", "ещё не достав", "opóźni", "fördröjd", "遅延", "再送を",
    "지연", "延迟", "仍在尝试", "继续尝试", "继续重试", "发送未完成", "稍后重试", "会再次尝试", "将继续投递", "延遲",
];
/// Words of a server that has delivered, lower case.
const ARRIVED: &[&str] = &[
    "successfully delivered", "was successfully relayed", "successfully relayed", "delivery status notification (success)",
    "has been delivered to the following", "was delivered to the following", "erfolgreich zugestellt", "投递成功", "成功送达", "发送成功",
    "已成功投递",
];

/// Words with which the same is said of a mail that did not arrive, lower case: 未能投递成功.
const NOT_ARRIVED: &[&str] = &[
    "could not", "unable", "failed", "not successfully", "nicht erfolgreich", "无法", "失败", "未能", "未投递", "未成功", "未发送成功",
    "没有投递", "没有送达", "不成功", "退信", "退回",
];

/// Failed, delayed or delivered, as RFC 3464 section 2.3.3 names them.
fn action(mail: &Reading, notice: &[&str]) -> &'static str {
    let said = format!("{}\n{}", mail.subject, one_text(notice)).to_lowercase();
    let says = |words: &[&str]| words.iter().any(|w| said.contains(w));
    let failed = says(&[
        "permanent", "giving up", "i've given up", "returned to sender", "was not delivered", "not been delivered to the following",
        "endgültig", "définitive", "已放弃", "不再重试", "停止投递",
    ]);
    if says(ARRIVED) && !says(NOT_ARRIVED) {
        "delivered"
    } else if says(LATER) && !failed {
        "delayed"
    } else {
        "failed"
    }
}

/// A line that a mail's way has put into its header. A Message-ID is none: notices cite it beside subject and date.
fn is_returned_header(line: &str) -> bool {
    ["received", "return-path", "delivered-to", "mime-version", "dkim-signature"].iter().any(|name| is_field(line, name))
}

/// The same for the first line of a returned header, where a Message-ID may stand too.
fn begins_returned(lines: &[&str]) -> bool {
    let bare = |line: &str| is_returned_header(line.trim_start_matches(['>', ' ', '\t']));
    let mut block = lines.iter().copied().take_while(|line| !line.trim().is_empty());
    let Some(first) = block.next() else { return false };
    bare(first) || (is_field(first.trim_start_matches(['>', ' ', '\t']), "message-id") && block.take(HEADER).any(bare))
}

/// The notice's own lines, and the lines of the returned mail.
fn cut_returned<'a, 'b>(lines: &'b [&'a str]) -> (&'b [&'a str], &'b [&'a str]) {
    let marks = [
        "below this line is a copy", "copy of the message", "copy of your message", "original message", "returned message",
        "unsent message", "message header", "message text follows", "headers of the message", "original mail", "原邮件", "原始邮件",
        "原信", "原郵件",
    ];
    let cut = lines.iter().enumerate().position(|(at, line)| {
        let bare = line.trim_start_matches(['>', ' ', '\t']);
        let lower = bare.to_lowercase();
        lines.get(at..).is_some_and(begins_returned)
            || (bare.len() < 100
                && (bare.starts_with(['-', '=', '*']) || lower.starts_with("original m"))
                && marks.iter().any(|m| lower.contains(m)))
    });
    lines.split_at_checked(cut.unwrap_or(lines.len())).unwrap_or((lines, &[]))
}

/// Words before an address of a recipient, lower case.
const KEYED: &[&str] = &[
    "recipient", "final-recipient", "original-recipient", "to:", "rcpt to", "failed address", "e-mail address", "email address",
    "address:", "user:", "unknown user", "invalid user", "empfänger", "destinataire", "destinatario", "destinatário", "收件人", "收信人",
    "收件地址", "收件者", "宛先", "받는 사람",
];

/// The addresses that stand as recipients do, each once, with the line where they stand; where some are named, those alone.
fn headings(notice: &[&str], mail: &Reading, named: &[Address]) -> Vec<(Option<Address>, usize)> {
    let mut found: Vec<(Option<Address>, usize)> = Vec::new();
    for (at, line) in notice.iter().enumerate() {
        let bare = line.trim();
        let lower = bare.to_lowercase();
        for address in addresses(bare).filter(|a| if named.is_empty() { is_foreign(a, mail) } else { named.contains(a) }) {
            let rest = lower.replace(address.as_str(), "");
            let alone = rest.chars().all(|c| !c.is_alphanumeric());
            let told = rest.trim_start_matches(['<', '"', '\'']).starts_with([':', '>', '\'']) && bare.starts_with(['<', '"', '\'']);
            // `li@x.example (user not found)`, `li@x.example; no such mailbox`; a sentence would go on with a word.
            let before_words = lower.starts_with(address.as_str()) && rest.trim_start().starts_with([':', '(', ';', '-', '–', '—']);
            let keyed = KEYED.iter().any(|k| rest.trim_start_matches([' ', '-', '*', '<']).starts_with(k));
            let known = found.iter().any(|(a, _)| a.as_ref() == Some(&address));
            if (alone || told || before_words || keyed) && !known && found.len() < MOST {
                found.push((Some(address), at));
            }
        }
    }
    found
}

/// Neither the mail system's nor ours.
fn is_foreign(address: &Address, mail: &Reading) -> bool {
    let desk = ["postmaster", "mailer-daemon", "mailer_daemon", "helpdesk", "abuse"].contains(&address.local());
    let sender = mail.from.as_ref().map(|p| &p.address);
    Some(address) != sender && !desk && !mail.to.iter().any(|p| p.address == *address)
}

fn first_foreign(notice: &[&str], mail: &Reading) -> Option<(Address, usize)> {
    let all = notice.iter().enumerate().flat_map(|(at, line)| addresses(line).map(move |address| (address, at)));
    all.into_iter().find(|(address, _)| is_foreign(address, mail))
}

/// Every address in a line of text; where Chinese words touch it (`发给li@x.example的邮件`), without them.
pub fn addresses(text: &str) -> impl Iterator<Item = Address> {
    text.split(|c: char| c.is_whitespace() || "<>()[]\"',;:：，；。、（）《》【】“”|".contains(c))
        .map(|w| w.trim_matches(['.', '!', '?', '*', '-', '=']))
        .filter(|w| w.contains('@'))
        // An address of RFC 6531 has such characters of its own, and stands alone.
        .filter_map(|w| address(between_words(w)).or_else(|| address(w)))
}

/// The ASCII characters around the last `@`.
fn between_words(word: &str) -> &str {
    let at = word.rfind('@').unwrap_or(0);
    let (local, domain) = word.split_at_checked(at).unwrap_or(("", word));
    let from = local.rfind(|c: char| !c.is_ascii()).map_or(0, |last| local.ceil_char_boundary(last + 1));
    let to = domain.find(|c: char| !c.is_ascii()).unwrap_or(domain.len());
    word.get(from..at + to).unwrap_or(word)
}

fn address(word: &str) -> Option<Address> {
    Address::parse(word).filter(|a| a.domain().contains('.') && a.domain().split('.').all(|label| !label.is_empty()))
}

/// A report (RFC 3464) that stands in the text, as some systems forward it.
fn written_out(lines: &[&str], defects: &mut Defects) -> Vec<RecipientReport> {
    let Some(start) = lines.iter().position(|l| is_field(l, "final-recipient")) else { return Vec::new() };
    let text = lines.get(start..).unwrap_or_default().join("\n");
    report::recipient_groups(text.as_bytes(), defects)
}

fn is_field(line: &str, name: &str) -> bool {
    line.split_once(':').is_some_and(|(n, _)| n.eq_ignore_ascii_case(name))
}

/// The ids of the mail that did not arrive, from the copy of it in the text, or of its header, or of a part of that.
fn original(lines: &[&str], returned: &[&str], report: &mut Report, defects: &mut Defects) {
    let start = (0..returned.len()).find(|at| returned.get(*at..).is_some_and(begins_returned));
    if let Some(copy) = start.and_then(|at| returned.get(at..)) {
        // The whole copy may be indented or quoted; its folded lines are indented once more.
        let first = copy.first().copied().unwrap_or("");
        let indent = first.get(..first.len() - first.trim_start_matches(['>', ' ', '\t']).len()).unwrap_or("");
        let header: Vec<&str> = copy.iter().map(|l| l.strip_prefix(indent).unwrap_or(l)).collect();
        let header = header.join("\n");
        let header = Header::split(header.as_bytes());
        report::take_ids(&header, report, defects);
        report::name_the_only_one(&header, report, defects);
    }
    if report.original.is_none() {
        report.original = lines.iter().find_map(|line| {
            let (_, value) =
                line.split_once("essage-").filter(|(_, rest)| rest.get(..2).is_some_and(|id| id.eq_ignore_ascii_case("id")))?;
            header::ids(value.get(2..)?.trim_start_matches([':', '：', ' ', '=']).as_bytes(), defects).into_iter().next()
        });
    }
}

/// The class of the SMTP reply code of failure in a text.
fn reply_class(text: &str) -> Option<char> {
    let mut words = text.split(|c: char| !c.is_ascii_alphanumeric() && c != '.');
    let code = |w: &str| w.len() == 3 && w.bytes().all(|b| b.is_ascii_digit()) && w.get(1..2).is_some_and(|d| d <= "5");
    words.find(|w| w.starts_with(['4', '5']) && code(w)).and_then(|w| w.chars().next())
}

/// The lines as one, since a phrase may be wrapped.
fn one_text(lines: &[&str]) -> String {
    lines.iter().flat_map(|l| l.split_whitespace()).collect::<Vec<_>>().join(" ")
}
