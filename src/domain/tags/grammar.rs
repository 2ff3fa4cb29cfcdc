//! Where tags stand and how they are written; nothing of what they do.
//!
//! Three shapes end as text: brackets that the ticket's own subject has, brackets that look like no tag (`[EXTERNAL]`, `[JIRA-12]`)
//! and everything after the first line of a body that is no order, unless it is one to the letter and stands at the wrong place. Everything else that comes near a tag is an order or an error,
//! because a mistyped order must never reach a requester (promise 7). Names of this release with a colon (`【优先级：高】`) count as written
//! with `=`: people write so, and no other reading is likely.

use unicode_normalization::UnicodeNormalization;
use unicode_normalization::char::is_combining_mark;

use super::registry::{self, Known, Scope, TagSpec, Takes};
use super::{Op, Tag, TagError, TagReading, strays};
use crate::domain::complaint::{distance, nearest};
use crate::domain::sentence::Sentence;
use crate::domain::text;

/// Brackets that hold tags.
pub(super) const OPENING: [char; 4] = ['[', '【', '〔', '［'];
pub(super) const CLOSING: [char; 4] = [']', '】', '〕', '］'];

/// A longer bracket is prose.
const LONGEST: usize = 200;

/// Reads a mail's orders. Total: any strings give a reading.
///
/// `subject` is the decoded subject on one line, `ticket_subject` that of the ticket which the mail joins, `body` the writer's own
/// words. With `joins` false only the names of [`Scope::Opening`] are orders; those of [`Scope::Question`] where no text remains, or where
/// the subject says nothing else.
pub fn read(subject: &str, ticket_subject: Option<&str>, body: &str, joins: bool) -> TagReading {
    let own = &[ticket_subject.unwrap_or_default()];
    if joins {
        return scan(subject, own, body, &|_| true);
    }
    let asked = scan(subject, own, body, &|scope| scope != Scope::Ticket);
    if is_wordless(&asked.subject) && (asked.body.trim().is_empty() || only_asks(&asked)) {
        return asked;
    }
    scan(subject, own, body, &|scope| scope == Scope::Opening)
}

/// Is there a question in the subject, and no other order in the mail? Then the words below it are no matter of their own: mailers set
/// greetings and signatures there.
fn only_asks(reading: &TagReading) -> bool {
    let asks = |tag: &Tag| registry::lookup(&tag.name).is_some_and(|known| known.scope() == Scope::Question);
    reading.tags.iter().any(|tag| tag.at.starts_with("subject:")) && reading.tags.iter().all(asks)
}

/// Reads the orders of an answer on a ticket. `own` are the subjects that it may answer: the ticket's, and that of our mail, which may say
/// the ticket's otherwise (cut, without its links). A bracket that stands in either is nobody's order.
pub fn read_answer(subject: &str, own: [&str; 2], body: &str) -> TagReading {
    scan(subject, &own, body, &|_| true)
}

/// Folds a name: NFKC, case, traditional characters, surrounding quotes and stops; inside Chinese names also spaces.
pub(super) fn fold_name(name: &str) -> String {
    let folded = text::fold(&squash(name));
    let mut folded = trim_value(&folded).to_owned();
    if folded.chars().any(is_han) {
        folded.retain(|c| !c.is_whitespace());
    }
    folded
}

fn scan(subject: &str, own: &[&str], body: &str, wanted: &dyn Fn(Scope) -> bool) -> TagReading {
    let mut reading = TagReading::default();
    read_subject(&mut reading, subject, own, wanted);
    read_body(&mut reading, body, wanted);
    reading
}

fn read_subject(reading: &mut TagReading, subject: &str, own: &[&str], wanted: &dyn Fn(Scope) -> bool) {
    let mut theirs = own_brackets(own);
    let mut kept = String::with_capacity(subject.len());
    let mut done = 0;
    for bracket in &brackets(subject) {
        let folded = fold_name(bracket.content);
        if let Some(index) = theirs.iter().position(|other| *other == folded) {
            theirs.swap_remove(index);
            continue;
        }
        if let Sense::Tag(meant) = bracket_sense(bracket.content)
            && wanted(meant.scope)
        {
            kept.push_str(subject.get(done..bracket.start).unwrap_or_default());
            // A mark for the place, so that words on both sides stay apart.
            kept.push(' ');
            done = bracket.end;
            meant.file(reading, format!("subject:{}", bracket.column));
        }
    }
    kept.push_str(subject.get(done..).unwrap_or_default());
    reading.subject = if done == 0 { kept } else { kept.split_whitespace().collect::<Vec<_>>().join(" ") };
    if wanted(Scope::Ticket) {
        let theirs: Vec<String> = own.iter().flat_map(|own| strays::find(own)).map(|stray| fold_name(stray.content)).collect();
        for stray in strays::find(subject).into_iter().filter(|stray| !theirs.contains(&fold_name(stray.content))) {
            if let Some(wrong) = stray.wrong() {
                misspelt(&parts(&squash(stray.content), false), wrong).file(reading, format!("subject:{}", stray.column));
            }
        }
    }
}

/// The brackets of the subjects that are answered, folded: a multiset, as often as the one says it that says it more often. Where a
/// ticket's subject says `[resolve]` once, a second one is an order.
fn own_brackets(own: &[&str]) -> Vec<String> {
    let mut all: Vec<String> = Vec::new();
    for subject in own {
        let mut known = all.clone();
        for folded in brackets(subject).iter().map(|bracket| fold_name(bracket.content)) {
            match known.iter().position(|other| *other == folded) {
                Some(index) => drop(known.swap_remove(index)),
                None => all.push(folded),
            }
        }
    }
    all
}

fn read_body(reading: &mut TagReading, body: &str, wanted: &dyn Fn(Scope) -> bool) {
    let mut rest = body;
    let mut after_orders = body;
    let mut lines = body.split_inclusive('\n').enumerate();
    for (index, line) in lines.by_ref() {
        let bare = line.trim_matches(is_blank);
        if !bare.is_empty() {
            let place = || format!("body:{}", index + 1);
            let Some(order) = order_line(bare) else {
                if let Some(meant) = misplaced(bare).filter(|meant| wanted(meant.scope)) {
                    meant.file(reading, place());
                }
                break;
            };
            let meant = line_sense(order);
            if !wanted(meant.scope) {
                break;
            }
            meant.file(reading, place());
            after_orders = rest.strip_prefix(line).unwrap_or_default();
        }
        rest = rest.strip_prefix(line).unwrap_or_default();
    }
    for (index, line) in lines {
        if let Some(meant) = too_late(line.trim_matches(is_blank)).filter(|meant| wanted(meant.scope)) {
            meant.file(reading, format!("body:{}", index + 1));
        }
    }
    let cut = after_orders.len() < body.len();
    reading.body = unescape(if cut { rest } else { body });
}

/// A first line of text that was meant as an order: `# note`, `[note]`, `#[note]`.
fn misplaced(line: &str) -> Option<Meant> {
    let bare = line.strip_prefix(['#', '＃']).unwrap_or(line).trim_start_matches(is_blank);
    if bare.starts_with(OPENING) {
        let first = brackets(bare).into_iter().next().filter(|bracket| bracket.start == 0)?;
        let Sense::Tag(meant) = bracket_sense(first.content) else { return None };
        return Some(meant.astray(&format!("[{}]", squash(first.content))));
    }
    if bare.len() == line.len() {
        return None;
    }
    let text = squash(bare);
    let known = registry::lookup(parts(&text, true).name).filter(|known| matches!(known, Known::Tag(_)))?;
    let meant = known_sense(known, &parts(&text, true), &text);
    meant.wrong.is_none().then(|| meant.astray(&format!("# {text}")))
}

/// A line below text that is an order to the letter: `#note`, or tags in brackets and nothing else.
fn too_late(line: &str) -> Option<Meant> {
    if let Some(order) = order_line(line) {
        let text = squash(order);
        let known = registry::lookup(parts(&text, true).name).filter(|known| matches!(known, Known::Tag(_)))?;
        let meant = known_sense(known, &parts(&text, true), &text);
        return meant.wrong.is_none().then(|| meant.astray(&format!("#{text}")));
    }
    let found = brackets(line);
    let covered: usize = found.iter().map(|bracket| bracket.end - bracket.start).sum();
    let spaces: usize = line.chars().filter(|c| is_blank(*c)).map(char::len_utf8).sum();
    let first = found.first().filter(|_| covered + spaces >= line.len())?;
    let Sense::Tag(meant) = bracket_sense(first.content) else { return None };
    Some(meant.astray(line))
}

/// What follows `#` on an order line: a letter, without a space between.
fn order_line(line: &str) -> Option<&str> {
    let order = line.strip_prefix(['#', '＃'])?;
    order.starts_with(char::is_alphabetic).then_some(order)
}

/// `\#` at the head of a line is `#`.
fn unescape(body: &str) -> String {
    let mut out = String::with_capacity(body.len());
    for line in body.split_inclusive('\n') {
        let text = line.trim_start_matches(is_blank);
        match text.strip_prefix('\\') {
            Some(escaped) if escaped.starts_with(['#', '＃']) => {
                out.push_str(line.strip_suffix(text).unwrap_or_default());
                out.push_str(escaped);
            }
            _ => out.push_str(line),
        }
    }
    out
}

/// White space, and the marks without width that editors and web mail leave behind.
fn is_blank(c: char) -> bool {
    c.is_whitespace() || text::is_invisible(c)
}

fn is_han(c: char) -> bool {
    matches!(c, '\u{3400}'..='\u{4dbf}' | '\u{4e00}'..='\u{9fff}' | '\u{f900}'..='\u{faff}' | '\u{20000}'..='\u{3ffff}')
}

/// A bracketed piece of a subject.
struct Bracket<'a> {
    /// First byte of the opening bracket.
    start: usize,
    /// First byte after the closing one.
    end: usize,
    /// Column in characters of the opening bracket, from 1.
    column: usize,
    /// What stands between.
    content: &'a str,
}

/// The innermost brackets, in order. Any opening bracket pairs with any closing one: people mix widths.
fn brackets(subject: &str) -> Vec<Bracket<'_>> {
    let mut found = Vec::new();
    let mut open = None;
    for (column, (at, c)) in subject.char_indices().enumerate() {
        match c {
            c if OPENING.contains(&c) => open = Some((at, at + c.len_utf8(), column + 1)),
            c if CLOSING.contains(&c) => {
                if let Some((start, inside, column)) = open.take()
                    && let Some(content) = subject.get(inside..at)
                {
                    found.push(Bracket { start, end: at + c.len_utf8(), column, content });
                }
            }
            _ => {}
        }
    }
    found
}

/// NFKC without invisible marks, white space as single spaces.
pub(super) fn squash(line: &str) -> String {
    let clean: String = line.nfkc().filter(|c| !text::is_invisible(*c)).map(|c| if c.is_control() { ' ' } else { c }).collect();
    clean.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// Takes quotes and a full stop, comma or exclamation mark off a squashed text.
fn trim_value(text: &str) -> &str {
    const QUOTES: &[char] = &['"', '\'', '`', '“', '”', '‘', '’', '「', '」', '『', '』', '《', '》', '<', '>'];
    const STOPS: &[char] = &['.', '。', ',', '、', ';', '!', ' '];
    text.trim_matches(|c| QUOTES.contains(&c) || c == ' ').trim_end_matches(|c| STOPS.contains(&c) || QUOTES.contains(&c))
}

/// Is there no word in a subject but reply prefixes and brackets?
fn is_wordless(subject: &str) -> bool {
    const PREFIXES: &[&str] =
        &["re", "fw", "fwd", "aw", "wg", "sv", "vs", "tr", "rv", "回复", "答复", "转发", "回覆", "答覆", "轉寄", "轉發"];
    let mut bare = String::new();
    let mut done = 0;
    for bracket in brackets(subject) {
        bare.push_str(subject.get(done..bracket.start).unwrap_or_default());
        bare.push(' ');
        done = bracket.end;
    }
    bare.push_str(subject.get(done..).unwrap_or_default());
    let bare = squash(&bare).to_lowercase();
    bare.split(|c: char| !c.is_alphanumeric()).filter(|word| !word.is_empty()).all(|word| PREFIXES.contains(&word))
}

/// What a bracket or an order line means.
enum Sense {
    /// Nothing to the desk.
    Text,
    /// An order, right or wrong.
    Tag(Meant),
}

/// An order before its place is known.
struct Meant {
    name: String,
    op: Op,
    value: String,
    scope: Scope,
    /// English and Chinese sentence.
    wrong: Option<(String, String)>,
}

impl Meant {
    fn file(self, reading: &mut TagReading, at: String) {
        let error = self.wrong.as_ref().map(|(en, _)| en.clone());
        if let Some((en, zh)) = self.wrong {
            reading.errors.push(TagError { at: at.clone(), sentence: Sentence::new(en, zh) });
        }
        reading.tags.push(Tag { name: self.name, op: self.op, value: self.value, at, error });
    }

    /// It stands in the text, where it is no order.
    fn astray(mut self, shown: &str) -> Meant {
        let shown: String = shown.chars().take(60).collect();
        self.wrong.get_or_insert((
            format!("{shown} stands in the text, where it is no order; put it into the subject, or on a line of its own above the text, as #note."),
            format!("{shown} 写在正文里，不是指令；请写入主题，或在正文之前单独成行，如 #备注。"),
        ));
        self
    }
}

/// A tag taken apart: name, operation, value.
pub(super) struct Parts<'a> {
    pub(super) name: &'a str,
    op: Op,
    value: &'a str,
    /// Written with a colon.
    colon: bool,
}

/// Takes `name=value`, `name+=value`, `name: value` apart; `spaced` also `name value`.
pub(super) fn parts(text: &str, spaced: bool) -> Parts<'_> {
    let split = |at: char| text.split_once(at).filter(|(name, _)| !spaced || !name.trim_end_matches(['+', '-', ' ']).contains(' '));
    if let Some((name, value)) = split('=') {
        let (name, op) = match (name.strip_suffix('+'), name.strip_suffix(['-', '\u{2212}'])) {
            (Some(name), _) => (name, Op::Add),
            (_, Some(name)) => (name, Op::Remove),
            _ => (name, Op::Set),
        };
        return Parts { name, op, value: trim_value(value), colon: false };
    }
    if let Some((name, value)) = split(':') {
        return Parts { name, op: Op::Set, value: trim_value(value), colon: true };
    }
    match text.split_once(' ').filter(|_| spaced) {
        Some((name, value)) => Parts { name, op: Op::Set, value: trim_value(value), colon: false },
        None => Parts { name: text, op: Op::Bare, value: "", colon: false },
    }
}

/// The meaning of what stands in a bracket.
fn bracket_sense(content: &str) -> Sense {
    if content.len() > LONGEST {
        return Sense::Text;
    }
    let text = squash(content);
    // People mix the two shapes: [#note].
    let text = text.strip_prefix('#').filter(|rest| rest.starts_with(char::is_alphabetic)).unwrap_or(&text);
    let parts = parts(text, false);
    let shown = format!("[{text}]");
    if text.contains("...") {
        // Somebody has cut it (NFKC has made three points of an ellipsis): what remains may be a stranger's words.
        return registry::lookup(parts.name).map_or(Sense::Text, |known| Sense::Tag(misspelt(&parts, no_tag(&shown, Some(known)))));
    }
    match registry::lookup(parts.name) {
        // `[Report: May]` is a label, but `[note: check the firewall]` must not go out to the requester.
        Some(Known::Later(_)) if parts.colon => return Sense::Text,
        Some(known) => return Sense::Tag(known_sense(known, &parts, &shown)),
        None => {}
    }
    let wrong = near_miss(&parts).or_else(|| strays::nearly_note(text)).map(|known| no_tag(&shown, Some(known)));
    let wrong = wrong.or_else(|| spaced_out(text, &shown)).or_else(|| several(text));
    match wrong {
        Some(wrong) => Sense::Tag(misspelt(&parts, wrong)),
        None => Sense::Text,
    }
}

/// The meaning of an order line, `#` taken off: always an order.
fn line_sense(line: &str) -> Meant {
    let text = squash(line);
    let parts = parts(&text, true);
    let shown = format!("#{}", text.chars().take(60).collect::<String>());
    match registry::lookup(parts.name) {
        Some(known) => known_sense(known, &parts, &shown),
        None => {
            let near = nearest(&fold_name(parts.name), registry::names()).and_then(registry::lookup);
            let (en, zh) = no_tag(&shown, near);
            let wrong = (
                format!("{en} A line of text that begins so is written with a backslash: \\{shown}"),
                format!("{zh}若该行是正文，请在行首加反斜杠：\\{shown}"),
            );
            misspelt(&parts, wrong)
        }
    }
}

fn misspelt(parts: &Parts, wrong: (String, String)) -> Meant {
    Meant { name: fold_name(parts.name), op: parts.op, value: parts.value.to_owned(), scope: Scope::Ticket, wrong: Some(wrong) }
}

fn known_sense(known: Known, parts: &Parts, shown: &str) -> Meant {
    let wrong = match known {
        Known::Tag(spec) => misuse(spec, parts, shown),
        Known::Later(later) => {
            let (mut en, mut zh) =
                (format!("[{}] is not available in this version.", later.name), format!("本版本尚不支持【{}】。", known.zh()));
            if !later.instead.is_empty() {
                en.push_str(&format!(" Use {} instead.", later.instead));
                zh.push_str(&format!("请改用 {}。", later.instead));
            }
            Some((en, zh))
        }
    };
    // `[resolve=]` is `[resolve]`.
    let op = if parts.value.is_empty() { Op::Bare } else { parts.op };
    Meant { name: known.name().to_owned(), op, value: parts.value.to_owned(), scope: known.scope(), wrong }
}

/// A known name with a value that it does not take, or without one that it needs.
fn misuse(spec: &TagSpec, parts: &Parts, shown: &str) -> Option<(String, String)> {
    let given = !parts.value.is_empty();
    let usage = (spec.usage, spec.usage_zh);
    match spec.takes {
        Takes::Nothing if given => Some((
            format!("{shown}: [{}] takes no value; write {}.", spec.name, usage.0),
            format!("{shown}：该标签不带值，请写{}。", usage.1),
        )),
        Takes::Value | Takes::List | Takes::Members if !given => {
            Some((format!("{shown} needs a value, such as {}.", usage.0), format!("{shown} 缺少值，例如{}。", usage.1)))
        }
        Takes::Value | Takes::Maybe if matches!(parts.op, Op::Add | Op::Remove) => {
            Some((format!("{shown}: write \"=\", as in {}.", usage.0), format!("{shown}：请用“=”，例如{}。", usage.1)))
        }
        Takes::List if parts.op == Op::Remove => Some((
            format!("{shown}: nothing can be taken away here; write {}.", usage.0),
            format!("{shown}：此处不能用“-=”，请写{}。", usage.1),
        )),
        _ => None,
    }
}

/// A name that is nearly one of ours. Short Latin names have too many neighbours (`[Teams]`, `[Notes]`) and so have Chinese ones of two
/// characters; before `=` hardly anything but an order is meant.
fn near_miss(parts: &Parts) -> Option<Known> {
    let name = fold_name(parts.name);
    if let Some(known) =
        registry::names().find(|known| known.len() >= 4 && known.is_ascii() && *known != name && is_same_word(&name, known))
    {
        return registry::lookup(known);
    }
    let letters = name.chars().count();
    let with_value = parts.op != Op::Bare && !parts.colon;
    if name.chars().all(|c| c.is_ascii_alphabetic() || c == '-' || c == '_') {
        if letters == 4 {
            return registry::names().find(|known| known.len() == 4 && swapped(&name, known)).and_then(registry::lookup);
        }
        let found = nearest(&name, registry::names().filter(|known| known.is_ascii() && known.len() >= 5))?;
        // Bare words of the trade stay text: [Request], [Urgent] and [Public] are two letters from a tag.
        // So do longer forms of a word: [Reminder].
        let most = if with_value || (letters >= 8 && letters.abs_diff(found.len()) < 2) { 2 } else { 1 };
        return (letters >= 5 && distance(&name, found) <= most).then(|| registry::lookup(found)).flatten();
    }
    let chinese = letters >= 2 && name.chars().all(is_han);
    // Of three and more, one is a slip of the input method: 【己解决】.
    let long = |name: &str| name.chars().count() >= 3 && !parts.name.trim().contains(char::is_whitespace);
    let known = registry::names().filter(|known| !known.is_ascii() && (with_value || long(known)));
    nearest(&name, known.filter(|_| chinese && (with_value || long(&name)))).and_then(registry::lookup)
}

/// Are the letters the same but for accents, spaces and hyphens, as autocorrection leaves them: `[résolve]`, `[re solve]`?
fn is_same_word(written: &str, known: &str) -> bool {
    let bare = |word: &str| word.nfd().filter(|c| !is_combining_mark(*c) && !matches!(c, ' ' | '-' | '_')).collect::<String>();
    bare(written) == bare(known)
}

/// Do two letters next to each other stand the wrong way round, and all else is the same?
fn swapped(one: &str, other: &str) -> bool {
    one != other && distance(one, other) == 1 && {
        let sorted = |word: &str| {
            let mut letters: Vec<char> = word.chars().collect();
            letters.sort_unstable();
            letters
        };
        sorted(one) == sorted(other)
    }
}

/// `[priority high]`: a name that takes a value, the `=` forgotten. Names that are common words need a number after them.
fn spaced_out(text: &str, shown: &str) -> Option<(String, String)> {
    let (name, value) = text.split_once(' ')?;
    let Some(Known::Tag(spec)) = registry::lookup(name).filter(|known| known.takes_value()) else { return None };
    let length = fold_name(name).chars().count();
    let telling = length >= if name.is_ascii() { 5 } else { 3 } || value.starts_with(|c: char| c.is_ascii_digit());
    telling.then(|| {
        (
            format!("{shown} is no tag; did you mean [{}={value}]?", spec.name),
            format!("{shown} 不是标签；您是不是要写【{}={value}】？", Known::Tag(spec).zh()),
        )
    })
}

/// `[resolve, quiet]`: each tag wants its own brackets.
fn several(text: &str) -> Option<(String, String)> {
    let pieces: Vec<&str> = text.split([',', '、', ';', '/', '|', '+', '&']).map(str::trim).filter(|piece| !piece.is_empty()).collect();
    let all = pieces.len() > 1 && pieces.iter().all(|piece| registry::lookup(parts(piece, false).name).is_some());
    all.then(|| {
        let apart: String = pieces.iter().map(|piece| format!("[{piece}]")).collect::<Vec<_>>().join(" ");
        (format!("[{text}]: one tag in each pair of brackets; write {apart}."), format!("[{text}]：每对括号只写一个标签，请写 {apart}。"))
    })
}

pub(super) fn no_tag(shown: &str, near: Option<Known>) -> (String, String) {
    match near {
        Some(known) => (
            format!("{shown} is no tag; did you mean [{}]?", known.name()),
            format!("没有 {shown} 这个标签；您是不是要写【{}】？", known.zh()),
        ),
        None => (format!("{shown} is no tag; [help] lists them."), format!("没有 {shown} 这个标签；发送【帮助】可查看全部标签。")),
    }
}
