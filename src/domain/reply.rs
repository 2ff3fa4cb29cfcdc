//! What a person wrote himself: quotes, quote heads and signatures cut away.
//!
//! Lines are judged one by one with a window of four, so that the time is linear. What we sent ourselves is subtracted first (see `echo`),
//! because that is knowledge and the rest is custom. Statistical cutters were weighed: they lose a person's words without saying so. Here every cut has
//! a rule, and what looks like a quote but fits none is kept and called unsure.

mod spared;

use std::cell::LazyCell;

use super::echo::{self, Echo, Line};
use super::message::{ReplyText, TemplateName};
use super::quotes::{HeadField, Lines};
use super::{Sent, quotes};

/// What a line is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    /// The writer's.
    Own,
    /// Nothing on it.
    Blank,
    /// Quoted, a quote's head, or our own mail.
    Quote,
    /// The writer's signature.
    Signature,
}

/// How the line begins by which our mails are known.
pub const REF_LINE: &str = "Ref: pd.";

/// Lines of words that a signature may have.
const SIGNATURE: usize = 15;

/// Cuts quotes and signature from a text. `sent` is the stored text of the mail of ours that is answered: it is subtracted first.
pub fn own_words(text: &str, sent: Option<&str>) -> ReplyText {
    own_words_of(&Lines::of(text), sent)
}

/// The same where the text's lines are at hand.
pub fn own_words_of(lines: &Lines<'_>, sent: Option<&str>) -> ReplyText {
    cut(lines, sent, |echo| echo.quoted, Marked::Quoted)
}

/// The same for somebody outside the desk who answers this mail of ours, or, where `sent` is `None`, who answers none: lines that he marks
/// himself, a log or what a vendor says, stand above any quote and are kept.
pub fn own_words_with_excerpts(text: &str, sent: Option<&str>) -> ReplyText {
    cut(&Lines::of(text), sent, |echo| echo.quoted, Marked::AboveAHead)
}

/// What marked lines are (`> `).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Marked {
    /// Another's words.
    Quoted,
    /// The same, but above the head of a quote the writer's.
    AboveAHead,
    /// The same, but for orders: an agent who marks one gives it not, and no requester reads it.
    ButOrders,
    /// The same, and what nothing tells for a quote is his as well.
    Agents,
}

/// The same for an answer to this mail of ours. One that returned the writer's own words is subtracted only where it stands to its very
/// end: they may come again.
pub fn own_words_of_answer(text: &str, sent: Option<&Sent>) -> ReplyText {
    // What he marks above the head of its quote is his own: a command behind a prompt, a line of a log.
    cut_answer(text, sent, if sent.is_some() { Marked::ButOrders } else { Marked::Quoted })
}

/// The same for words that go on to a requester: what may be the agent's own does not fall away (see `spared`).
pub fn own_words_of_agent(text: &str, sent: Option<&Sent>) -> ReplyText {
    cut_answer(text, sent, Marked::Agents)
}

fn cut_answer(text: &str, sent: Option<&Sent>, marked: Marked) -> ReplyText {
    let returned = sent.is_some_and(|sent| matches!(sent.template, Some(TemplateName::AgentError | TemplateName::Confirm)));
    let certain = |echo: &Echo| if returned { echo.to_the_end } else { echo.quoted };
    cut(&Lines::of(text), sent.map(|sent| sent.text.as_str()), certain, marked)
}

fn cut(lines: &Lines<'_>, sent: Option<&str>, certain: impl Fn(&Echo) -> bool, marked: Marked) -> ReplyText {
    let agents = marked == Marked::Agents;
    let mut kinds: Vec<Kind> = lines.iter().map(|l| first_look(l)).collect();
    unmark_from_lines(lines, &mut kinds);
    let echo = sent.filter(|s| !s.trim().is_empty()).and_then(|sent| echo::find(lines, sent)).filter(certain);
    let unsure = match &echo {
        Some(echo) => subtract(lines, &mut kinds, echo, agents),
        None => {
            let headless = cut_heads(lines, &mut kinds, None);
            wrapped_tails(lines, &mut kinds) || headless
        }
    };
    if marked != Marked::Quoted && !(agents && sent.is_none()) {
        keep_excerpts(lines, &mut kinds, (sent.is_some(), marked), echo.as_ref());
    }
    let spared = agents && spared::keep(lines, &mut kinds, sent, echo.as_ref());
    cut_signatures(lines, &mut kinds, agents);
    let mut reply = gather(lines, &kinds);
    reply.unsure |= unsure || spared;
    reply
}

/// Cuts our own mail, which is known, and what clients write around it. True where what remains may be a part of it.
fn subtract(lines: &Lines<'_>, kinds: &mut [Kind], echo: &Echo, agents: bool) -> bool {
    let mut doubtful = false;
    let (mut marked, mut unmarked) = (0_usize, 0_usize);
    for ((kind, line), ours) in kinds.iter_mut().zip(lines.iter()).zip(&echo.lines) {
        match (*kind, ours) {
            (Kind::Own, Line::Ours) => {
                unmarked += 1;
                *kind = Kind::Quote;
            }
            (Kind::Own, Line::Doubtful) if !quotes::is_field(line) => doubtful = true,
            (Kind::Quote, Line::Ours) => marked += 1,
            _ => {}
        }
    }
    cut_tabbed(lines, kinds, echo);
    let headless = cut_heads(lines, kinds, Some(echo));
    // Behind the whole of an unmarked quote, which may hold marked lines of ours, stands what a gateway adds, or the answer.
    let last = echo.last().unwrap_or(0);
    let above = kinds.iter().take(last).any(|kind| *kind == Kind::Own);
    if above && marked <= unmarked && echo.to_the_end {
        let below: Vec<usize> = (last + 1..lines.len()).filter(|at| kinds.get(*at) == Some(&Kind::Own)).collect();
        let gateway = below.iter().any(|at| lines.get(*at).is_some_and(|l| quotes::is_gateway_line(l)));
        if let (Some(first), true) = (below.first(), gateway) {
            match agents {
                true => doubtful |= spared::below_quote(lines, kinds, echo, *first),
                false => sign(kinds, *first, lines.len()),
            }
        }
    }
    doubtful || headless || agents && spared::follows_changed(lines, kinds, echo)
}

/// Mailboxes in one file mark a line that begins with "From " (RFC 4155); who quotes marks the lines around it too.
fn unmark_from_lines(lines: &[&str], kinds: &mut [Kind]) {
    let marked = |at: Option<usize>| at.and_then(|at| lines.get(at)).is_some_and(|line| first_look(line) == Kind::Quote);
    for (at, kind) in kinds.iter_mut().enumerate() {
        let stuffed = lines.get(at).is_some_and(|line| line.starts_with(">From "));
        if stuffed && !marked(at.checked_sub(1)) && !marked(Some(at + 1)) {
            *kind = Kind::Own;
        }
    }
}

/// Gives the writer back the marked lines above the first head of a quote; in an answer only where our mail stands below it.
fn keep_excerpts(lines: &[&str], kinds: &mut [Kind], (answers, marked): (bool, Marked), echo: Option<&Echo>) {
    // Apple Mail marks the head too.
    let marked_head = |line: &str| line.starts_with(['>', '＞']) && quotes::is_head_above_marks(line.trim_start_matches(['>', '＞', ' ']));
    let is_head = |(kind, line): &(&Kind, &&str)| **kind == Kind::Quote && (first_look(line) == Kind::Own || marked_head(line));
    let head = kinds.iter().zip(lines).position(|pair| is_head(&pair));
    let end = match (head, echo.and_then(|echo| echo.next(0))) {
        (None, _) if !answers => lines.len(),
        (Some(head), _) if !answers => head,
        (Some(head), Some(ours)) if head < ours => head,
        _ => return,
    };
    for (kind, line) in kinds.iter_mut().zip(lines).take(end).filter(|(kind, _)| **kind == Kind::Quote) {
        if marked == Marked::AboveAHead || !is_order(line) {
            *kind = Kind::Own;
        }
    }
}

/// An order behind a mark is a quoted one.
fn is_order(line: &str) -> bool {
    let bare = line.trim_start_matches(['>', '＞', ' ']);
    bare.strip_prefix(['#', '＃']).is_some_and(|name| name.starts_with(char::is_alphabetic))
}

fn first_look(line: &str) -> Kind {
    // Most lines begin with a letter.
    if line.starts_with(|c: char| c.is_ascii_alphanumeric() || ('\u{4e00}'..='\u{9fff}').contains(&c)) {
        return Kind::Own;
    }
    let bare = line.trim_matches(|c: char| matches!(c, '\u{feff}' | '\u{200b}' | 'ᐧ') || c.is_whitespace());
    if bare.is_empty() {
        Kind::Blank
    } else if bare.starts_with(['>', '＞']) || bare.starts_with("&gt;") {
        Kind::Quote
    } else {
        Kind::Own
    }
}

/// Cuts quote heads, and what follows them: up to where our mail begins, where that is known, else to the end. True when a head was
/// followed by text that may be the answer.
fn cut_heads(lines: &Lines<'_>, kinds: &mut [Kind], echo: Option<&Echo>) -> bool {
    let mut unsure = false;
    let mut own_before = false;
    let mut at = 0;
    while at < lines.len() {
        let marked_separator = || lines.get(at).is_some_and(|line| quotes::is_marked_separator(line));
        if kinds.get(at) != Some(&Kind::Own) && !marked_separator() {
            at += 1;
            continue;
        }
        let ours = echo.and_then(|echo| echo.next(at));
        if own_before && ours.is_none() && lines.get(at).is_some_and(|line| quotes::is_reply_line(line.trim())) {
            mark(kinds, at, lines.len());
            return unsure;
        }
        if let Some(start) = quotes::separator(lines, at) {
            // Nothing above, and marks on what is quoted: the answer stands below.
            let behind = quotes::after_fields(lines, at);
            if ours.is_none() && !own_before && kinds.get(behind) == Some(&Kind::Quote) {
                mark(kinds, start, behind);
                at = behind;
                continue;
            }
            mark(kinds, start, ours.unwrap_or(lines.len()));
            let Some(ours) = ours else { return unsure };
            keep_twice_said(lines, kinds, start, ours);
            at = ours;
            continue;
        }
        let above_ours = || echo.and_then(|_| above_quote(lines, kinds, at).or_else(|| fields_above(lines, at, ours?)));
        let Some((start, end)) = quotes::wrote(lines, at).or_else(above_ours) else {
            own_before = true;
            at += 1;
            continue;
        };
        let next = kinds.iter().skip(end).position(|k| *k != Kind::Blank).map(|i| end + i);
        let quoted = next.is_none_or(|n| kinds.get(n) == Some(&Kind::Quote));
        own_before |= start > at;
        if quoted {
            mark(kinds, start, end);
        } else if let Some(ours) = ours {
            mark(kinds, start, ours);
        } else if !own_before {
            // An unmarked quote with the answer below it, or nothing but a quote: who can tell?
            mark(kinds, start, end);
            unsure = true;
        } else {
            mark(kinds, start, lines.len());
            return unsure;
        }
        at = end;
    }
    unsure
}

/// A head without a date right above what was told as ours: s-nail marks a quote by a tab alone.
fn above_quote(lines: &[&str], kinds: &[Kind], at: usize) -> Option<(usize, usize)> {
    let below = kinds.iter().skip(at + 1).find(|kind| **kind != Kind::Blank);
    (below == Some(&Kind::Quote) && quotes::is_head_above_marks(lines.get(at)?.trim())).then_some((at, at + 1))
}

/// Fields without a date right above our mail, such as a gateway leaves: a sender, a subject and one more.
fn fields_above(lines: &[&str], at: usize, ours: usize) -> Option<(usize, usize)> {
    let fields =
        || lines.get(at..ours).unwrap_or_default().iter().filter(|line| !line.trim().is_empty()).map(|line| quotes::head_field(line));
    let has = |kind| fields().flatten().any(|(field, _)| field == kind);
    let whole = ours - at <= 12 && (3..=8).contains(&fields().count()) && fields().all(|field| field.is_some());
    (whole && has(HeadField::From) && has(HeadField::Subject)).then_some((at, ours))
}

/// s-nail may quote header fields above our text and the HTML part below it, marked by a tab alone: under a head, they are the quote's.
fn cut_tabbed(lines: &Lines<'_>, kinds: &mut [Kind], echo: &Echo) {
    let line = |at: usize| lines.get(at).copied().unwrap_or_default();
    let tabbed = |at: &usize| line(*at).is_empty() || line(*at).starts_with('\t');
    let (Some(first), Some(last)) = (echo.next(0).filter(|at| line(*at).starts_with('\t')), echo.last()) else { return };
    let start = (0..first).rev().take_while(tabbed).last().unwrap_or(first);
    let Some(head) = start.checked_sub(1) else { return };
    if !quotes::is_head_above_marks(line(head).trim()) && quotes::separator(lines, head).is_none() {
        return;
    }
    mark(kinds, start, first);
    let below = (last + 1..lines.len()).find(|at| !line(*at).is_empty());
    if below.is_some_and(|at| line(at).starts_with("\t<") || line(at).starts_with("\tContent-")) {
        let length = (last + 1..lines.len()).take_while(tabbed).count();
        mark(kinds, last + 1, last + 1 + length);
    }
}

/// A greeting right below the head that our mail begins with as well stands there twice: once it is the writer's.
fn keep_twice_said(lines: &[&str], kinds: &mut [Kind], start: usize, ours: usize) {
    let first = lines.get(ours).map(|line| line.trim()).unwrap_or_default();
    let twice = (start..ours).find(|at| lines.get(*at).is_some_and(|line| line.trim() == first));
    if let Some(kind) = twice.and_then(|at| kinds.get_mut(at)) {
        *kind = Kind::Own;
    }
}

fn mark(kinds: &mut [Kind], from: usize, to: usize) {
    for kind in kinds.iter_mut().take(to).skip(from) {
        *kind = Kind::Quote;
    }
}

/// A mailer that wraps a long quoted line leaves its tail without a mark, right between two quoted lines. True where a line that stays may be
/// such a tail, for its first word would not have fitted on the line above.
fn wrapped_tails(lines: &[&str], kinds: &mut [Kind]) -> bool {
    let length = |i: usize| lines.get(i).map_or(0, |line| line.chars().count());
    let width = LazyCell::new(|| {
        let marked = lines.iter().filter(|line| first_look(line) == Kind::Quote);
        marked.map(|line| line.chars().count()).max().unwrap_or(0).min(78)
    });
    let mut doubtful = false;
    for i in 1..lines.len() {
        let around = (kinds.get(i - 1), kinds.get(i), kinds.get(i + 1));
        if around != (Some(&Kind::Quote), Some(&Kind::Own), Some(&Kind::Quote)) {
            continue;
        }
        if length(i - 1) >= 60 && length(i) < 60 {
            mark(kinds, i, i + 1);
        } else if *width >= 40 {
            let word = lines.get(i).and_then(|line| line.split_whitespace().next()).map_or(0, |word| word.chars().count());
            doubtful |= length(i - 1) + 1 + word > *width;
        }
    }
    doubtful
}

/// Signatures: below `-- ` (RFC 3676 section 4.3), and the lines that phones and mailers add.
fn cut_signatures(lines: &Lines<'_>, kinds: &mut [Kind], agents: bool) {
    let mut at = 0;
    while at < lines.len() {
        if kinds.get(at) != Some(&Kind::Own) {
            at += 1;
            continue;
        }
        let line = lines.get(at).map_or("", |line| line.trim());
        if line == "--" {
            let length = kinds.iter().skip(at).take(SIGNATURE * 4).take_while(|k| matches!(k, Kind::Own | Kind::Blank)).count();
            let words = kinds.iter().skip(at + 1).take(length).filter(|k| **k == Kind::Own).count();
            let length = if agents { spared::signature(lines, kinds, at, length) } else { length };
            if words <= SIGNATURE && length > 0 {
                sign(kinds, at, at + length);
                at += length;
                continue;
            }
        }
        if line == "| |" {
            let end = card_end(lines, kinds, at);
            sign(kinds, at, end);
            at = end.max(at + 1);
            continue;
        }
        if quotes::is_client_line(line) && !(agents && spared::goes_on(lines, kinds, at)) {
            sign(kinds, card_start(lines, at), at + 1);
        }
        at += 1;
    }
}

/// NetEase draws a card between `|` lines above its own line.
fn card_start(lines: &[&str], at: usize) -> usize {
    let near = || (at.saturating_sub(12)..at).find(|i| lines.get(*i).is_some_and(|l| l.trim().starts_with('|')));
    let netease = lines.get(at).is_some_and(|l| l.contains("网易"));
    if netease { near().unwrap_or(at) } else { at }
}

/// The end of a card that begins at `at`: its last line is a lone `|`, a quote or nothing follows. `at` where it is no card.
fn card_end(lines: &[&str], kinds: &[Kind], at: usize) -> usize {
    let end = at + kinds.iter().skip(at).take(12).take_while(|k| **k == Kind::Own).count();
    let next = kinds.iter().skip(end).find(|k| **k != Kind::Blank);
    let closed = end.checked_sub(1).and_then(|last| lines.get(last)).is_some_and(|l| l.trim() == "|");
    if closed && next.is_none_or(|k| *k == Kind::Quote) { end } else { at }
}

fn sign(kinds: &mut [Kind], from: usize, to: usize) {
    for kind in kinds.iter_mut().take(to).skip(from).filter(|k| **k == Kind::Own) {
        *kind = Kind::Signature;
    }
}

fn gather(lines: &Lines<'_>, kinds: &[Kind]) -> ReplyText {
    // Where the writer's lines stand; `None` between them, where something was left out.
    let mut own: Vec<Option<usize>> = Vec::new();
    let mut signature: Vec<&str> = Vec::new();
    for (at, (line, kind)) in lines.iter().zip(kinds).enumerate() {
        match kind {
            Kind::Own => own.push(Some(at)),
            Kind::Blank | Kind::Quote if own.last().is_some_and(Option::is_some) => own.push(None),
            Kind::Blank | Kind::Quote => {}
            Kind::Signature => signature.push(line),
        }
    }
    let line = |at: &Option<usize>| at.and_then(|at| lines.get(at)).copied().unwrap_or_default();
    while own.last().is_some_and(|at| at.is_none() || quotes::is_rule(line(at))) {
        own.pop();
    }
    let signature = signature.iter().filter(|l| !matches!(l.trim(), "--" | "-- ")).copied().collect::<Vec<_>>().join("\n");
    ReplyText {
        text: own.iter().map(line).collect::<Vec<_>>().join("\n").trim().to_owned(),
        quoted: kinds.contains(&Kind::Quote),
        signature: signature.trim().to_owned(),
        unsure: own.iter().flatten().any(|at| lines.may_separate(*at) && looks_quoted(line(&Some(*at)).trim())),
    }
}

/// Does a line that was kept still look like quoted matter? Our own reference line is a sure sign.
fn looks_quoted(line: &str) -> bool {
    line.starts_with(REF_LINE) || quotes::is_stray_head(line)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::super::message::LetterKey;
    use super::*;

    /// (text, sent, own words).
    #[test]
    fn excerpts_above_a_quote_are_the_writers() {
        let sent = "Hello Alice,\n\nThank you for writing. Your mail has arrived.\n\nIT Support\n";
        let quote = "On Tue, Dec 1, 2026 at 9:10 AM IT <it@desk.test> wrote:\n\n> Hello Alice,\n>\n> Thank you for writing. Your mail has arrived.\n>\n> IT Support\n";
        let log = "It says:\n\n> error 809 in log\n\nWhat now?";
        for (text, sent, own) in [
            (log.to_owned(), None, log),
            (format!("{log}\n\n-- \nAlice"), None, log),
            (format!("{log}\n\n{quote}"), None, log),
            (format!("{log}\n\n{quote}"), Some(sent), log),
            (quote.to_owned(), Some(sent), ""),
            (format!("{quote}\nBelow."), Some(sent), "Below."),
            ("> Hello Alice,\n>\n> Thank you for writing. Your mail has arrived.\n\nFine.".to_owned(), Some(sent), "Fine."),
            (log.to_owned(), Some(sent), "It says:\n\nWhat now?"),
            (">From here it goes wrong.".to_owned(), None, ">From here it goes wrong."),
        ] {
            assert_eq!(own_words_with_excerpts(&text, sent).text, own, "{text}");
        }
        assert_eq!(own_words(&format!("{log}\n\n{quote}"), Some(sent)).text, "It says:\n\nWhat now?", "an adviser's are not read");
        let key = LetterKey(String::new());
        let of_ours = Sent { key, template: None, subject: String::new(), text: sent.to_owned() };
        for (text, own) in [
            (format!("{log}\n\n{quote}"), log),
            (format!("> #close\n\nDone.\n\n{quote}"), "Done."),
            // Apple Mail marks the head, and a gateway may leave none but fields.
            (format!("{log}\n\n{}", quote.replace("On Tue", "> On Tue").replace("wrote:\n", "wrote:\n>")), log),
            (format!("{log}\n\nFrom: Alice via IT\nTo: Li\nSubject: VPN\n\n{sent}"), log),
            (format!("From: the cellar\nTo: the roof\n\n{sent}"), "From: the cellar\nTo: the roof"),
            // Without a head above our mail nobody can tell whose they are.
            (log.to_owned(), "It says:\n\nWhat now?"),
            (format!("{}\n{log}", quote.split_once("\n\n").unwrap().1), "It says:\n\nWhat now?"),
            ("Done.\n\n> On 1 Dec 2026, at 9:10, IT <it@desk.test> wrote:\n>\n> Hello Alice,\n>\n> Thank you for writing. Your mail has arrived.".to_owned(), "Done."),
        ] {
            assert_eq!(own_words_of_answer(&text, Some(&of_ours)).text, own, "an agent's: {text}");
        }
        let ours = "Please run this and send me what it says, with a picture of the screen:\n\n> bcdedit /enum\n\nLi Wei\n";
        let below = format!("Done.\n\n{ours}\nThis mail is confidential.\n");
        assert_eq!(own_words(&below, Some(ours)).text, "Done.", "a marked line of ours is no mark of a client");
        assert_eq!(own_words("Fails.\n>From here it goes wrong.\nHelp", None).text, "Fails.\n>From here it goes wrong.\nHelp");
        assert_eq!(own_words("Fails.\n\n> Hello\n>From there\n> on", None).text, "Fails.");
    }

    /// (mailer, text, own words).
    const CLIENTS: &[(&str, &str, &str)] = &[
        ("plain", "It works.\n\nThanks\nLi", "It works.\n\nThanks\nLi"),
        (
            "gmail",
            "It works.\n\nOn Tue, Dec 1, 2026 at 9:12 AM IT Support <it@desk.example> wrote:\n\n> Please try\n> again.\n",
            "It works.",
        ),
        (
            "gmail, wrapped head",
            "It works.\n\nOn Tue, Dec 1, 2026 at 9:12 AM A Very Long Name Indeed via Support <\nit@desk.example> wrote:\n\n> Please try\n",
            "It works.",
        ),
        ("gmail zh", "好了。\n\nIT 支持 <it@desk.example> 于2026年12月1日周二 09:12写道：\n\n> 请再试一次\n", "好了。"),
        ("gmail zh-hant", "好了。\n\nIT <it@desk.example> 於 2026年12月1日 週二 上午9:12寫道：\n\n> 請再試\n", "好了。"),
        (
            "outlook desktop",
            "It works.\n\nFrom: IT Support <it@desk.example>\nSent: Tuesday, December 1, 2026 9:12 AM\nTo: Li <li@example.org>\nSubject: RE: VPN\n\nPlease try again.\n",
            "It works.",
        ),
        (
            "outlook web",
            "It works.\n________________________________\nFrom: IT Support <it@desk.example>\nSent: Tuesday, December 1, 2026 9:12 AM\nTo: Li\nSubject: RE: VPN\n\nPlease try again.\n",
            "It works.",
        ),
        (
            "outlook mobile",
            "It works.\n\nGet Outlook for iOS<https://aka.ms/o0ukef>\n________________________________\nFrom: IT <it@desk.example>\nSent: Tuesday, December 1, 2026\nTo: Li\nSubject: VPN\n\nPlease\n",
            "It works.",
        ),
        (
            "outlook html, bold fields, empty lines between",
            "It works.\n\n*From:* IT <it@desk.example>\n\n*Sent:* Tuesday\n\n*To:* Li\n\n*Subject:* VPN\n\nPlease\n",
            "It works.",
        ),
        (
            "outlook zh",
            "好了。\n\n发件人: IT 支持 <it@desk.example>\n发送时间: 2026年12月1日 9:12\n收件人: 李 <li@example.org>\n主题: 答复: VPN\n\n请再试一次。\n",
            "好了。",
        ),
        ("apple", "It works.\n\n> On 1 Dec 2026, at 09:12, IT <it@desk.example> wrote:\n> \n> Please try\n", "It works."),
        ("apple zh", "好了\n\n> 在 2026年12月1日，09:12，IT <it@desk.example> 写道：\n> \n> 请再试\n", "好了"),
        ("iphone", "It works.\n\nSent from my iPhone\n\nOn Dec 1, 2026, at 09:12, IT <it@desk.example> wrote:\n\n> Please\n", "It works."),
        ("iphone zh", "好了\n\n发自我的iPhone\n\n> 在 2026年12月1日，09:12，IT <it@desk.example> 写道：\n> 请再试\n", "好了"),
        (
            "thunderbird, bottom",
            "Am 01.12.2026 um 09:12 schrieb IT Support:\n> Bitte nochmal\n> versuchen.\n\nGeht wieder.\n",
            "Geht wieder.",
        ),
        ("thunderbird zh", "在 2026/12/1 9:12, IT 支持 写道:\n> 请再试一次\n\n好了，谢谢\n", "好了，谢谢"),
        (
            "yahoo",
            "It works.\n    On Tuesday, December 1, 2026 at 09:12:00 AM GMT, IT <it@desk.example> wrote:  \n \n Please try again.\n",
            "It works.",
        ),
        (
            "qq mail",
            "好了\n\n\n------------------ 原始邮件 ------------------\n发件人: \"IT\" <it@desk.example>;\n发送时间: 2026年12月1日(星期二) 上午9:12\n收件人: \"李\"<li@qq.example>;\n主题: VPN\n\n请再试\n",
            "好了",
        ),
        ("qq mail, html", "好了\n\n------------------&nbsp;原始邮件&nbsp;------------------\n发件人: x\n请再试\n", "好了"),
        (
            "qq mail en",
            "ok\n\n------------------ Original ------------------\nFrom:  \"IT\";<it@desk.example>;\nDate:  Tue\n\nPlease\n",
            "ok",
        ),
        (
            "foxmail",
            "好了\n\n\n\n李伟\n \n发件人： IT 支持\n发送时间： 2026-12-01 09:12\n收件人： 李\n主题： Re: VPN\n请再试一次\n",
            "好了\n\n李伟",
        ),
        ("163", "好了\n\n\n\n\n\n在 2026-12-01 09:12:00，\"IT 支持\" <it@desk.example> 写道：\n\n请再试一次\n多行\n", "好了"),
        (
            "163 app",
            "好了\n\n| |\n李伟\n|\n|\n邮箱：li@163.example\n|\n\n签名由 网易邮箱大师 定制\n\n---- 回复的原邮件 ----\n| 发件人 | IT<it@desk.example> |\n| 日期 | 2026年12月01日 09:12 |\n| 收件人 | li |\n| 主题 | VPN |\n请再试\n",
            "好了",
        ),
        ("wecom", "好了\n\n发自我的企业微信\n\n----------------------原始邮件----------------------\n发件人：IT\n请再试\n", "好了"),
        ("fr", "Merci.\n\nLe mar. 1 déc. 2026 à 09:12, IT <it@desk.example> a écrit :\n\n> Essayez\n", "Merci."),
        ("es", "Gracias.\n\nEl mar, 1 dic 2026 a las 9:12, IT (<it@desk.example>) escribió:\n\n> Pruebe\n", "Gracias."),
        ("pt", "Obrigado.\n\nEm ter., 1 de dez. de 2026 às 09:12, IT <it@desk.example> escreveu:\n\n> Tente\n", "Obrigado."),
        ("it", "Grazie.\n\nIl giorno mar 1 dic 2026 alle ore 09:12 IT <it@desk.example> ha scritto:\n\n> Provi\n", "Grazie."),
        ("nl", "Dank.\n\nOp di 1 dec 2026 om 09:12 schreef IT <it@desk.example>:\n\n> Probeer\n", "Dank."),
        ("sv", "Tack.\n\nDen tis 1 dec. 2026 kl 09:12 skrev IT <it@desk.example>:\n\n> Prova\n", "Tack."),
        ("pl", "Dzięki.\n\nwt., 1 gru 2026 o 09:12 IT <it@desk.example> napisał(a):\n\n> Proszę\n", "Dzięki."),
        ("ru", "Спасибо.\n\nвт, 1 дек. 2026 г. в 09:12, IT <it@desk.example>:\n\n> Попробуйте\n", "Спасибо."),
        ("ja", "直りました。\n\n2026年12月1日(火) 9:12 IT <it@desk.example>:\n\n> もう一度\n", "直りました。"),
        ("ko", "됩니다.\n\n2026년 12월 1일 (화) 오전 9:12, IT <it@desk.example>님이 작성:\n\n> 다시\n", "됩니다."),
        ("tr", "Tamam.\n\nIT <it@desk.example>, 1 Ara 2026 Sal, 09:12 tarihinde şunu yazdı:\n\n> Deneyin\n", "Tamam."),
        ("interleaved", "Hi,\n\n> Does it work now?\n\nYes.\n\n> And the printer?\n\nNo.\n", "Hi,\n\nYes.\n\nNo."),
        ("signature", "Thanks!\n\n-- \nLi Wei\n+86 10 5555\n", "Thanks!"),
        ("no signature", "a -- b\n\n---- not a mark ----\nmore", "a -- b\n\n---- not a mark ----\nmore"),
        (
            "a date and a colon are no head", "On 1 Dec we saw these 3 errors:\n\nE809\nE810\n",
            "On 1 Dec we saw these 3 errors:\n\nE809\nE810",
        ),
        ("wrote in a sentence", "My boss wrote me on 3 Dec 2026.\nPlease help.", "My boss wrote me on 3 Dec 2026.\nPlease help."),
        ("one field is no block", "From: the second floor\nNothing prints.", "From: the second floor\nNothing prints."),
        ("forward", "See below.\n\n---------- Forwarded message ---------\nFrom: x <x@y.example>\nSubject: z\n\nold\n", "See below."),
    ];

    #[test]
    fn mailers() {
        for (mailer, text, own) in CLIENTS {
            assert_eq!(own_words(text, None).text, *own, "{mailer}");
            assert_eq!(own_words(&text.replace('\n', "\r\n"), None).text, *own, "{mailer} with CRLF");
        }
    }

    #[test]
    fn signatures_are_kept_apart() {
        let reply = own_words("好了\n\n发自我的iPhone\n", None);
        assert_eq!((reply.text.as_str(), reply.signature.as_str(), reply.quoted), ("好了", "发自我的iPhone", false));
        assert_eq!(own_words("ok\n-- \nLi\nIT", None).signature, "Li\nIT");
    }

    const SENT: &str = "Dear Li,\n\nplease restart the VPN client and sign in again with your new password, then tell us whether it works.\n\n\
                        Ref: pd.1042.0.abcdefghijklmnop\n\nIT Support";

    #[test]
    fn our_own_mail_is_subtracted() {
        let rewrapped = "Dear Li,\n\nplease restart the VPN client and sign in\nagain with your new password, then tell us\nwhether it works.\n\n\
                         Ref: pd.1042.0.abcdefghijklmnop\n\nIT Support";
        let quoted = |text: &str| text.lines().map(|l| format!("> {l}\n")).collect::<String>();
        for (case, text, own) in [
            ("unmarked below", format!("It works.\n\n{SENT}"), "It works."),
            ("unmarked above", format!("{SENT}\n\nIt works."), "It works."),
            ("greeting below", format!("{SENT}\n\nDear Li,\nall is well now."), "Dear Li,\nall is well now."),
            ("re-wrapped", format!("It works.\n\n{rewrapped}"), "It works."),
            ("quoted", format!("It works.\n\n{}", quoted(rewrapped)), "It works."),
            (
                "s-nail, tabs",
                format!("\"IT Support\" <support@desk.example> wrote:\n\n{}\nIt works.", quoted(rewrapped).replace("> ", "\t")),
                "It works.",
            ),
            (
                "s-nail in Chinese, tabs",
                format!("Li（IT） <support@desk.example> wrote:\n\n{}\n好了", quoted(rewrapped).replace("> ", "\t")),
                "好了",
            ),
            (
                "s-nail with header fields and the HTML part",
                format!(
                    "Li（IT） <support@desk.example> wrote:\n\n\tFrom support@desk.example Tue Dec  1 09:12:00 2026\n\tReceived: from a by b\n\t\
                     Date: Tue, 1 Dec 2026 09:12:00 +0800\n\tTo: li@desk.example\n\n\n\tContent-Type: text/plain\n\n{}\n\t<!DOCTYPE html>\n\t<p>x\n\n好了",
                    quoted(rewrapped).replace("> ", "\t")
                ),
                "好了",
            ),
            (
                "s-nail, the whole mail below the answer",
                format!(
                    "It works.\n-------- Original Message --------\n\tFrom support@desk.example Tue Dec  1 09:12:00 2026\n\tReceived: from a by b\n\n{}\n\tContent-Type: text/html\n\n\t<p>x\n",
                    quoted(rewrapped).replace("> ", "\t")
                ),
                "It works.",
            ),
            (
                "a tab of his own below the tabs",
                format!("IT Support <support@desk.example> wrote:\n\n{}\n\tIt works.", quoted(rewrapped).replace("> ", "\t")),
                "It works.",
            ),
            ("answers inside", rewrapped.replace("whether it works.", "whether it works.\n\nIt does!"), "It does!"),
        ] {
            let reply = own_words(&text, Some(SENT));
            assert_eq!((reply.text.as_str(), reply.quoted, reply.unsure), (own, true, false), "{case}");
        }
        // His own words may repeat a phrase of ours.
        assert_eq!(own_words("The VPN client is down.\nIT Support", Some(SENT)).text, "The VPN client is down.\nIT Support");
    }

    #[test]
    fn what_may_be_a_quote_is_unsure() {
        for (text, unsure) in [
            ("On 1 Dec 2026 IT <it@desk.example> wrote:\n\nPlease restart.\n\nDone!", true),
            ("Done\nRef: pd.1042.0.abcdefghijklmnop", true),
            ("Done\nFrom: IT <it@desk.example>\nPlease restart", true),
            (
                "Done\n\n> The laboratory tells us that the manager,\nFeatherstonehaugh,\n> is away until Monday, and comes back later.",
                true,
            ),
            ("Done\n\n> Does it work?\nYes, it works again.\n> And does the printer print what you send to it?", false),
            ("Done", false),
        ] {
            assert_eq!(own_words(text, None).unsure, unsure, "{text}");
        }
    }

    #[test]
    fn long_texts_come_to_an_end() {
        for line in ["On 1 wrote:\n", "> > >\n", "--\n", "From: a\n", "a@b <1 2\n", "|\n"] {
            own_words(&line.repeat(100_000 / line.len()), Some(SENT));
        }
        own_words(&"a\n".repeat(50_000), Some(&"a ".repeat(30_000)));
    }

    proptest! {
        #[test]
        fn never_panics(text in "(?s).{0,400}", sent in proptest::option::of("(?s).{0,200}")) {
            own_words(&text, sent.as_deref());
        }

        #[test]
        fn lines_of_mail_never_panic(lines in proptest::collection::vec("(> |>|-- |On 1 Dec 2026 x <a@b> wrote:|发件人：|From: |\\||--- 原始邮件 ---|Sent from my |[a-z ]{0,9}|打印机)", 0..40)) {
            let text = lines.join("\n");
            let reply = own_words(&text, Some(&text));
            prop_assert!(reply.text.len() <= text.len());
        }
    }
}
