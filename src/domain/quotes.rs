//! How mailers announce a quote, in the languages that they speak: the functions that read the `tables`, and the `feet` that mailers add.

mod feet;
mod lines;
mod tables;

use std::collections::BTreeMap;
use std::sync::LazyLock;

use aho_corasick::AhoCorasick;

use super::text::is_invisible;
pub use feet::is_client_line;
pub use lines::Lines;
use tables::{
    FORWARDED, FORWARDS, FROM_FIELDS, IN_A_LETTER, OTHER_FIELDS, QUOTING, REPLY_LINES, SENT_FIELDS, SEPARATORS, STARTS, SUBJECT_FIELDS,
    WROTE, WROTE_BESIDE_ADDRESS, WROTE_LAST,
};

/// What companies' gateways write below every mail, lower case.
const GATEWAYS: &[&str] = &[
    "confidential", "intended recipient", "disclaimer", "privileged", "think before you print", "consider the environment", "scanned by",
    "virus-free", "unauthorised", "unauthorized", "vertraulich", "confidentiel", "confidencial", "riservat", "保密", "机密", "免责声明",
    "请勿泄露", "打印前", "非指定收件人", "機密", "免責", "registered office", "registered in ", "registered number", "company number",
    "geschäftsführer", "sitz der gesellschaft", "amtsgericht", "handelsregister", "siège social", "sede legale", "domicilio social",
    "statutaire zetel",
];

/// Is this a line that a gateway writes below every mail?
pub fn is_gateway_line(line: &str) -> bool {
    let lower = line.to_lowercase();
    GATEWAYS.iter().any(|words| lower.contains(words))
}

/// A field of a quote's head.
pub fn is_field(line: &str) -> bool {
    field(line).is_some_and(|(name, _)| [FROM_FIELDS, SUBJECT_FIELDS, OTHER_FIELDS].iter().any(|table| knows(table, &name)))
}

/// Is this line a row of dashes or the like?
pub fn is_rule(line: &str) -> bool {
    let line = line.trim();
    line.chars().count() >= 2 && line.chars().all(|c| "-_=*#~+—–─· ".contains(c))
}

/// Other desks ask that answers stand above a line of theirs.
pub fn is_reply_line(line: &str) -> bool {
    let drawn = |c: char| "-#=*_~—<>[]+".contains(c);
    if line.len() > 160 || !line.starts_with(drawn) || !line.ends_with(drawn) {
        return false;
    }
    let lower = line.to_lowercase();
    REPLY_LINES.iter().any(|words| lower.contains(words))
}

/// What may stand around a separator's words.
fn is_dash(c: char) -> bool {
    matches!(c, '-' | '_' | '=' | '*' | '~' | '—' | '─' | '‐' | '‑' | '‒' | '–' | '―' | '━' | '|' | '<' | '>' | ' ' | '\u{a0}')
}

/// A separator or a block of header lines at `at`, after which everything is quoted: the line that the cut begins with.
pub fn separator(lines: &Lines<'_>, at: usize) -> Option<usize> {
    if !lines.may_separate(at) {
        return None;
    }
    if is_separator(lines.get(at)?.trim()) || is_notes_block(lines, at) {
        return Some(at);
    }
    header_block(lines, at).then(|| {
        // Outlook and Foxmail draw a rule above the block.
        let above = (0..at).rev().take(3).find(|i| lines.get(*i).is_some_and(|l| !l.trim().is_empty()));
        above.filter(|i| lines.get(*i).is_some_and(|l| is_rule(l))).unwrap_or(at)
    })
}

fn is_separator(line: &str) -> bool {
    let drawn = line.starts_with(['-', '*', '_', '=', '—', '─', '‐', '‑', '–', '―', '━', '~', '>', '<', '|']);
    if !(drawn || line.len() <= 120 && line.ends_with([':', '：'])) {
        return false;
    }
    let inside = line.trim_matches(is_dash);
    let marked = line.len() - inside.len() >= 4;
    let lower = inside.trim_end_matches([':', '：']).replace("&nbsp;", " ").replace('’', "'").trim().to_lowercase();
    if FORWARDS.contains(&lower.as_str()) {
        return line.ends_with([':', '：']);
    }
    // GroupWise: >>> IT Support <it@desk.example> 12/1/2026 9:12 AM >>>
    if line.starts_with(">>>") && line.ends_with(">>>") {
        return lower.contains('@') && has_date(&lower);
    }
    if !marked || !line.starts_with(['-', '*', '_', '=', '—', '─', '‐', '‑', '–', '―', '━', '~']) {
        return false;
    }
    // Notes: -----"IT Support" <it@desk.example> wrote: -----
    let wrote = || lower.contains('@') && verb_tails(&lower).any(str::is_empty);
    wrote()
        || SEPARATORS.contains(&lower.as_str())
        || ["forwarded by", "forwarded message from", "original message"].iter().any(|start| lower.starts_with(start))
}

/// Does a GroupWise separator begin here? Its marks look like those of a quote.
pub fn is_marked_separator(line: &str) -> bool {
    line.starts_with(">>>") && is_separator(line.trim())
}

/// Is this more than what a writer might draw or begin a sentence with: a mailer's own line, with an address or with fields below it? Marks
/// before it do not count.
pub fn is_mailers_head(lines: &Lines<'_>, at: usize) -> bool {
    let Some(line) = lines.get(at) else { return false };
    let bare = |line: &str| line.trim_start_matches(|c: char| matches!(c, '>' | '＞' | '|' | '│') || c.is_whitespace()).to_owned();
    if *line == HTML_ORIGINAL || is_notes_block(lines, at) || header_block(lines, at) {
        return true;
    }
    let inside = bare(line);
    let below = || {
        lines
            .iter()
            .skip(at + 1)
            .filter(|line| !bare(line).is_empty())
            .take(2)
            .any(|line| head_field(line).is_some() || is_field(&bare(line)))
    };
    if is_separator(inside.trim()) || is_separator(line.trim()) {
        return inside.contains('@') || below();
    }
    if is_field(&inside) && inside.contains('@') && below() {
        return true;
    }
    let joined: Vec<String> = lines.iter().skip(at).take(3).map(|line| bare(line)).take_while(|line| !line.is_empty()).collect();
    (1..=joined.len()).any(|count| {
        let head = joined.iter().take(count).map(String::as_str).collect::<Vec<_>>().join(" ");
        head.contains('@') && (is_head(&head) || is_head_above_marks(&head))
    })
}

/// What HTML is read into where a mailer marks that the mail that is answered begins. Nobody draws it so.
const HTML_ORIGINAL: &str = "-----Original Message-----";

/// The first line behind a separator or block at `at` that is none of its fields.
pub fn after_fields(lines: &[&str], at: usize) -> usize {
    let rest = lines.iter().skip(at + 1).take(12);
    at + 1 + rest.take_while(|line| line.trim().is_empty() || is_field(line) || is_separator(line.trim())).count()
}

/// A separator that only a forward has.
pub fn announces_forward(line: &str) -> bool {
    let line = line.trim();
    if !is_separator(line) {
        return false;
    }
    let inside = line.trim_matches(|c: char| "-_=*—─ \u{a0}|<>:：".contains(c)).replace("&nbsp;", " ").to_lowercase();
    ["forwarded by", "forwarded message from"].iter().any(|start| inside.starts_with(start))
        || FORWARDED.iter().chain(FORWARDS).any(|s| inside == *s)
}

/// The line that mutt and Pine write below a forward.
pub fn ends_forward(line: &str) -> bool {
    let inside = line.trim_matches(|c: char| "- ".contains(c)).to_lowercase();
    line.starts_with("--") && inside == "end forwarded message"
}

/// What a line of a quoted header block holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum HeadField {
    /// The sender.
    From,
    /// The subject.
    Subject,
    /// Another field.
    Other,
}

/// A line of a quoted header block, with its value.
pub fn head_field(line: &str) -> Option<(HeadField, &str)> {
    let (name, value) = table_field(line).or_else(|| field(line))?;
    let kind = if knows(FROM_FIELDS, &name) {
        HeadField::From
    } else if knows(SUBJECT_FIELDS, &name) {
        HeadField::Subject
    } else if knows(OTHER_FIELDS, &name) {
        HeadField::Other
    } else {
        return None;
    };
    Some((kind, value.trim().trim_end_matches(['*', '|']).trim()))
}

/// The field name of a line `Name: value`, with a mailer's bold marks off.
fn field(line: &str) -> Option<(String, &str)> {
    let line = line.trim().trim_start_matches(['*', '|', ' ', '_']);
    let colon = line.char_indices().take(24).find(|(_, c)| matches!(c, ':' | '：'))?;
    let (name, value) = line.split_at_checked(colon.0)?;
    Some((field_name(name), value.trim_start_matches([':', '：', '*', ' '])))
}

fn field_name(name: &str) -> String {
    let name: String = name.trim_matches(['*', ' ', '\u{a0}', '\u{3000}']).to_lowercase();
    if name.is_ascii() { name } else { name.replace([' ', '\u{3000}', '\u{a0}'], "") }
}

/// Table layouts of NetEase: `| 发件人 | li<li@example.org> |`.
fn table_field(line: &str) -> Option<(String, &str)> {
    let inside = line.trim().strip_prefix('|')?;
    let (name, value) = inside.split_once('|')?;
    Some((field_name(name), value))
}

/// `From:` with a mail's other fields around it: at least three different ones within some lines, the first of them here. One is a date, and
/// beside it stands an address or a subject: who describes a mail or a journey has a "From", a "To" and perhaps a "Date" too, but no time.
fn header_block(lines: &[&str], at: usize) -> bool {
    let (mut named_from, mut addressed, mut subject) = (false, false, false);
    let (mut dated, mut timed) = (false, false);
    let mut others: Vec<String> = Vec::new();
    let mut misses = 0;
    for (i, line) in lines.iter().skip(at).take(12).enumerate() {
        if line.trim().is_empty() {
            // HTML mails put an empty line between the fields.
            let apart = !named_from && misses == 0 && others.len() >= 2;
            if i > 0 && (misses >= 4 || apart) {
                break;
            }
            misses += 1;
            continue;
        }
        let Some((name, value)) = field(line).or_else(|| table_field(line)) else {
            misses += 1;
            // Above the sender stand fields alone: else a writer's own lines, which look like some, would begin the block.
            if i == 0 || misses > 4 || !named_from {
                break;
            }
            continue;
        };
        if knows(FROM_FIELDS, &name) {
            if named_from {
                break;
            }
            named_from = true;
            addressed = value.contains('@');
        } else if knows(OTHER_FIELDS, &name) || knows(SUBJECT_FIELDS, &name) {
            let of_subject = knows(SUBJECT_FIELDS, &name);
            subject |= of_subject;
            let sent = SENT_FIELDS.contains(&name.as_str());
            dated |= sent || !of_subject && !value.contains('@') && value.contains(|c: char| c.is_ascii_digit());
            timed |= sent || !of_subject && has_time(value);
            if !others.contains(&name) {
                others.push(name);
            }
        } else if !named_from {
            return false;
        } else {
            misses += 1;
        }
        if named_from && others.len() >= 2 && (addressed && dated || subject && timed) {
            return true;
        }
    }
    false
}

/// Notes writes the sender, the date, and then fields and values on lines of their own.
fn is_notes_block(lines: &[&str], at: usize) -> bool {
    let mut words = lines.iter().skip(at).take(24).map(|l| l.trim()).filter(|l| !l.is_empty());
    let sender = words.next().is_some_and(|l| l.contains('@') && l.len() <= 120 && l.ends_with('>'));
    let date = sender && words.next().is_some_and(|l| has_date(l) && l.len() <= 40);
    let mut told = |names: [&str; 4]| words.by_ref().take(5).any(|l| names.iter().any(|name| l.eq_ignore_ascii_case(name)));
    date && told(["To", "An", "A", "Para"]) && told(["Subject", "Thema", "Objet", "Asunto"])
}

fn knows(table: &[&str], name: &str) -> bool {
    table.iter().any(|known| *known == name || (known.contains(' ') && known.replace(' ', "") == name))
}

/// A "… wrote:" head that begins at line `at`, or up to three lines below it: its first line and the line after it.
pub fn wrote(lines: &Lines<'_>, at: usize) -> Option<(usize, usize)> {
    // The head may take four lines; its first is here. Most lines have no head's end near them.
    if !lines.may_end_near(at, 4) {
        return None;
    }
    let first = lines.get(at)?.trim();
    let begins = first.len() <= 300
        && (is_start(first) || first.contains(['@', '<']) || has_date(first) || verb_tails(&first.to_lowercase()).next().is_some());
    if !begins {
        return None;
    }
    let mut joined = String::new();
    for (count, line) in lines.iter().skip(at).take(4).enumerate() {
        let line = line.trim();
        if line.is_empty() {
            return None;
        }
        // A wrapped head may leave `>:` on a line of its own.
        if count > 0 && line.starts_with('>') && !(line.len() <= 3 && line.ends_with([':', '：'])) {
            return None;
        }
        if !joined.is_empty() {
            joined.push(' ');
        }
        joined.push_str(line);
        if joined.len() > 500 {
            return None;
        }
        let marked = || is_marked_below(lines, at + count + 1);
        if may_end(line) && (is_head(&joined) || (marked() && is_head_above_marks(&joined))) {
            let narrower = (at + 1..=at + count).rev().find(|s| is_strong_head(lines, *s, at + count));
            // A line of the writer's own may stand right above the head.
            let start = if is_start(first) { at } else { narrower.unwrap_or(at) };
            return Some((start, at + count + 1));
        }
    }
    None
}

/// May a head end with this line?
fn may_end(line: &str) -> bool {
    // Most lines end in a full stop or a letter, and that is all that has to be looked at.
    let last = line.chars().next_back();
    if last.is_none_or(|c| matches!(c, '.' | ',' | '!' | '?' | '。' | '，' | '！' | '？') || c != 'e' && c.is_alphanumeric()) {
        return false;
    }
    trim_head(line).ends_with([':', '：', '>']) || line.ends_with("wrote")
}

/// Is the first line with words behind `at` a marked one?
fn is_marked_below(lines: &[&str], at: usize) -> bool {
    lines.iter().skip(at).take(3).map(|l| l.trim_start()).find(|l| !l.is_empty()).is_some_and(|l| l.starts_with(['>', '＞']))
}

/// Does a head that begins as heads do stand in these lines?
fn is_strong_head(lines: &[&str], start: usize, end: usize) -> bool {
    let joined = lines.get(start..=end).unwrap_or_default().join(" ");
    is_start(joined.trim()) && is_head(joined.trim())
}

fn is_start(line: &str) -> bool {
    let line = line.trim_start_matches(|c: char| is_invisible(c) || "*_ \"".contains(c));
    let head: String = line.chars().take(12).flat_map(char::to_lowercase).collect();
    STARTS.iter().any(|s| head.starts_with(s))
}

/// The verbs of heads; `None` never happens.
static VERBS: LazyLock<Option<AhoCorasick>> =
    LazyLock::new(|| AhoCorasick::new([WROTE, WROTE_LAST, WROTE_BESIDE_ADDRESS].into_iter().flatten()).ok());

/// For each verb of heads in a text of lower case: what follows its last place.
fn verb_tails(lower: &str) -> impl Iterator<Item = &str> {
    let mut ends = BTreeMap::new();
    for found in VERBS.iter().flat_map(|verbs| verbs.find_overlapping_iter(lower)) {
        ends.insert(found.pattern(), found.end());
    }
    ends.into_values().filter_map(|end| lower.get(end..))
}

/// Two groups of digits, as every date or time has.
fn has_date(text: &str) -> bool {
    let mut groups = 0;
    let mut inside = false;
    for c in text.chars() {
        let digit = c.is_numeric();
        groups += usize::from(digit && !inside);
        inside = digit;
    }
    groups >= 2
}

/// `9:12`, `09.12`: digits, a mark, two digits.
fn has_time(text: &str) -> bool {
    text.as_bytes().windows(4).any(|w| matches!(w, [a, b':' | b'.', b, c] if [a, b, c].iter().all(|d| d.is_ascii_digit())))
}

fn has_year(text: &str) -> bool {
    text.split(|c: char| !c.is_ascii_digit()).any(|w| w.len() == 4 && (w.starts_with("19") || w.starts_with("20")))
}

/// Without the emphasis and the marks of writing direction around it.
fn trim_head(text: &str) -> &str {
    text.trim_matches(|c: char| is_invisible(c) || c.is_whitespace() || c == '*' || c == '_')
}

/// A whole head: a date, a verb, a start or an address, and a colon at the end.
fn is_head(joined: &str) -> bool {
    let end = trim_head(joined);
    let lower = end.to_lowercase();
    let bare = trim_head(lower.trim_end_matches([':', '：']));
    if bare.len() == lower.len() {
        return bare.ends_with(" wrote") && bare.contains('@') && is_start(bare);
    }
    if IN_A_LETTER.iter().any(|end| bare.ends_with(end)) {
        return false;
    }
    let address = bare.contains('@');
    if address && QUOTING.iter().any(|q| bare.starts_with(q)) {
        return true;
    }
    if !(has_date(bare) || is_start(bare) && bare.chars().any(char::is_numeric)) {
        return false;
    }
    // Gmail in Japanese, Hebrew and Russian has no verb: a date, a name, an address, a colon.
    if address && has_year(bare) && bare.ends_with('>') {
        return true;
    }
    let sentence = bare.contains("://") && !bare.contains('<');
    let placed = is_start(bare) || address || bare.contains(['<', '年']) || has_year(bare);
    !sentence && placed && (address || has_time(bare)) && has_fitting_verb(bare, address)
}

/// A verb of heads where a head has it: what follows it is a name, a date, or nothing.
fn has_fitting_verb(bare: &str, address: bool) -> bool {
    let last = || WROTE_LAST.iter().filter_map(|verb| bare.rsplit_once(verb)).any(|(_, tail)| is_end_of_head(tail));
    let beside = || address && WROTE_BESIDE_ADDRESS.iter().filter_map(|verb| bare.rsplit_once(verb)).any(|(_, tail)| is_end_of_head(tail));
    WROTE.iter().any(|verb| bare.contains(verb)) || last() || beside()
}

/// What may stand between the verb and the colon: a mark of gender, or when it was.
fn is_end_of_head(tail: &str) -> bool {
    let tail = tail.trim();
    let date = || tail.len() <= 60 && has_date(tail) && (tail.ends_with(|c: char| c.is_numeric() || c == ')') || tail.ends_with('m'));
    tail.chars().count() <= 4 || date()
}

/// What is a head because marked lines follow: an address with a date or a verb, or a name with a verb.
pub fn is_head_above_marks(joined: &str) -> bool {
    let lower = trim_head(joined).to_lowercase();
    let bare = trim_head(lower.trim_end_matches([':', '：']));
    let (colon, address, dated) = (bare.len() < lower.len(), bare.contains('@'), has_date(bare));
    if !colon {
        // Gmail of 2012: 2012/12/1 IT Support <it@desk.example>
        return address && dated && has_year(bare) && bare.ends_with('>') && bare.starts_with(|c: char| c.is_numeric());
    }
    let verb = || verb_tails(bare).next().is_some();
    let ends_so = || bare.chars().count() <= 60 && verb_tails(bare).any(is_end_of_head);
    (address && (dated || verb())) || (dated && verb()) || ends_so()
}

/// A trimmed line that would begin a quote, kept because its company is missing.
pub fn is_stray_head(line: &str) -> bool {
    if is_separator(line) {
        return true;
    }
    let from = field(line).is_some_and(|(name, value)| knows(FROM_FIELDS, &name) && value.contains('@'));
    from || (may_end(line) && is_head(line))
}
