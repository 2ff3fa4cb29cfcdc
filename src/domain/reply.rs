//! What a person wrote himself: quotes, quote heads and signatures cut away.
//!
//! Lines are judged one by one with a window of four, so that the time is linear. What we sent ourselves is subtracted first, because that
//! is knowledge and the rest is custom. Statistical cutters were weighed: they lose a person's words without saying so. Here every cut has
//! a rule, and what looks like a quote but fits none is kept and called unsure.

use std::collections::HashSet;

use super::message::ReplyText;
use super::quotes;

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

/// Most of our own mail's text that is compared.
const SENT: usize = 64 * 1024;

/// Cuts quotes and signature from a text. `sent` is the stored text of the mail of ours that is answered: it is subtracted first.
pub fn own_words(text: &str, sent: Option<&str>) -> ReplyText {
    let lines: Vec<&str> = text.lines().map(|l| l.trim_end_matches(['\r', ' ', '\t', '\u{a0}'])).collect();
    let mut kinds: Vec<Kind> = lines.iter().map(|l| first_look(l)).collect();
    if let Some(sent) = sent.filter(|s| !s.trim().is_empty()) {
        subtract(&lines, &mut kinds, sent);
    }
    let headless = cut_heads(&lines, &mut kinds);
    wrapped_tails(&lines, &mut kinds);
    cut_signatures(&lines, &mut kinds);
    let mut reply = gather(&lines, &kinds);
    reply.unsure = headless || looks_quoted(&reply.text);
    reply
}

fn first_look(line: &str) -> Kind {
    let bare = line.trim_matches(|c: char| c.is_whitespace() || "\u{feff}\u{200b}ᐧ".contains(c));
    if bare.is_empty() {
        Kind::Blank
    } else if bare.starts_with('>') || bare.starts_with("&gt;") {
        Kind::Quote
    } else {
        Kind::Own
    }
}

/// Letters and digits alone, lower case: what survives re-wrapping, quote marks and mailers' decorations.
fn squeeze(text: &str) -> String {
    text.chars().filter(|c| c.is_alphanumeric()).flat_map(char::to_lowercase).collect()
}

/// Marks the lines that stand in our mail. A short line alone may be chance: it counts between others of ours, or in a quote.
fn subtract(lines: &[&str], kinds: &mut [Kind], sent: &str) {
    let cut = sent.char_indices().map(|(i, c)| i + c.len_utf8()).take_while(|end| *end <= SENT).last().unwrap_or(0);
    let sent = sent.get(..cut).unwrap_or("");
    let whole: HashSet<String> = sent.lines().map(squeeze).filter(|l| !l.is_empty()).collect();
    let stream = squeeze(sent);
    let ours: Vec<Ours> = lines
        .iter()
        .map(|line| {
            let bare = squeeze(line);
            // A Han character is worth three Latin letters, which is also its length in bytes.
            let long = bare.len() >= 16 && (whole.contains(&bare) || stream.contains(&bare));
            match () {
                () if bare.is_empty() => Ours::Silent,
                () if long => Ours::Surely(bare.len()),
                () if whole.contains(&bare) || (bare.len() >= 3 && stream.contains(&bare)) => Ours::Perhaps,
                () => Ours::No,
            }
        })
        .collect();
    let mut at = 0;
    while at < ours.len() {
        let run = ours.iter().skip(at).take_while(|o| **o != Ours::No).count();
        let inside = ours.get(at..at + run).unwrap_or_default();
        let sure = inside.iter().filter(|o| matches!(o, Ours::Surely(_))).count();
        let weight: usize = inside.iter().map(|o| if let Ours::Surely(n) = o { *n } else { 0 }).sum();
        if sure >= 2 || weight >= 40 {
            let first = inside.iter().position(|o| matches!(o, Ours::Surely(_))).unwrap_or(0);
            let begin = leading_perhaps(inside, first);
            let end = inside.iter().rposition(|o| *o != Ours::Silent).map_or(0, |i| i + 1);
            for kind in kinds.iter_mut().skip(at + begin).take(end.saturating_sub(begin)) {
                *kind = Kind::Quote;
            }
        }
        at += run.max(1);
    }
}

/// Short lines right before the first sure one belong to it (a greeting of ours), up to an empty line and beyond it once.
fn leading_perhaps(inside: &[Ours], first: usize) -> usize {
    let mut begin = first;
    let mut gaps = 0;
    for (i, o) in inside.iter().enumerate().take(first).rev() {
        match o {
            Ours::Perhaps => begin = i,
            Ours::Silent if gaps < 1 => gaps += 1,
            _ => break,
        }
    }
    begin
}

/// Does a line stand in our mail?
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Ours {
    /// Long enough to be no chance; its weight.
    Surely(usize),
    /// It does, but it is short.
    Perhaps,
    /// Nothing but marks on it.
    Silent,
    /// No.
    No,
}

/// Cuts quote heads, and what follows them. True when a head was followed by text that may be the answer.
fn cut_heads(lines: &[&str], kinds: &mut [Kind]) -> bool {
    let mut unsure = false;
    let mut at = 0;
    while at < lines.len() {
        if kinds.get(at) != Some(&Kind::Own) {
            at += 1;
            continue;
        }
        if let Some(start) = quotes::separator(lines, at) {
            mark(kinds, start, lines.len());
            return unsure;
        }
        let Some((start, end)) = quotes::wrote(lines, at) else {
            at += 1;
            continue;
        };
        let next = kinds.iter().skip(end).position(|k| *k != Kind::Blank).map(|i| end + i);
        let quoted = next.is_none_or(|n| kinds.get(n) == Some(&Kind::Quote));
        let nothing_before = kinds.iter().take(start).all(|k| *k != Kind::Own);
        if quoted {
            mark(kinds, start, end);
        } else if nothing_before {
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

fn mark(kinds: &mut [Kind], from: usize, to: usize) {
    for kind in kinds.iter_mut().take(to).skip(from) {
        *kind = Kind::Quote;
    }
}

/// A mailer that wraps a long quoted line leaves its tail without a mark, right between two quoted lines.
fn wrapped_tails(lines: &[&str], kinds: &mut [Kind]) {
    for i in 1..lines.len() {
        let around = (kinds.get(i - 1), kinds.get(i), kinds.get(i + 1));
        let long = lines.get(i - 1).is_some_and(|l| l.chars().count() >= 60);
        let short = lines.get(i).is_some_and(|l| l.chars().count() < 60);
        if around == (Some(&Kind::Quote), Some(&Kind::Own), Some(&Kind::Quote)) && long && short {
            mark(kinds, i, i + 1);
        }
    }
}

/// Signatures: below `-- ` (RFC 3676 section 4.3), and the lines that phones and mailers add.
fn cut_signatures(lines: &[&str], kinds: &mut [Kind]) {
    let mut at = 0;
    while at < lines.len() {
        let own = kinds.get(at) == Some(&Kind::Own);
        let line = lines.get(at).copied().unwrap_or("");
        if own && matches!(line.trim(), "--" | "-- ") {
            let length = kinds.iter().skip(at).take_while(|k| matches!(k, Kind::Own | Kind::Blank)).count();
            let words = kinds.iter().skip(at + 1).take(length).filter(|k| **k == Kind::Own).count();
            if words <= 15 {
                sign(kinds, at, at + length);
                at += length;
                continue;
            }
        }
        if own && quotes::is_client_line(line) {
            sign(kinds, card_start(lines, kinds, at), at + 1);
        }
        at += 1;
    }
}

/// NetEase draws a card of `|` lines above its own line.
fn card_start(lines: &[&str], kinds: &[Kind], at: usize) -> usize {
    let card = |i: &usize| {
        let line = lines.get(*i).map_or("", |l| l.trim());
        line.starts_with('|') || line.ends_with('|') || (kinds.get(*i) == Some(&Kind::Blank))
    };
    if !lines.get(at).is_some_and(|l| l.contains("网易")) {
        return at;
    }
    let above = (0..at).rev().take(20).take_while(card).count();
    at - above
}

fn sign(kinds: &mut [Kind], from: usize, to: usize) {
    for kind in kinds.iter_mut().take(to).skip(from).filter(|k| **k == Kind::Own) {
        *kind = Kind::Signature;
    }
}

fn gather(lines: &[&str], kinds: &[Kind]) -> ReplyText {
    let mut own: Vec<&str> = Vec::new();
    let mut signature: Vec<&str> = Vec::new();
    for (line, kind) in lines.iter().zip(kinds) {
        match kind {
            Kind::Own => own.push(line),
            Kind::Blank | Kind::Quote => {
                if own.last().is_some_and(|l| !l.is_empty()) {
                    own.push("");
                }
            }
            Kind::Signature => signature.push(line),
        }
    }
    while own.last().is_some_and(|l| l.is_empty() || quotes::is_rule(l)) {
        own.pop();
    }
    let signature = signature.iter().filter(|l| !matches!(l.trim(), "--" | "-- ")).copied().collect::<Vec<_>>().join("\n");
    ReplyText {
        text: own.join("\n").trim().to_owned(),
        quoted: kinds.contains(&Kind::Quote),
        signature: signature.trim().to_owned(),
        unsure: false,
    }
}

/// Does what was kept still look like quoted matter? Our own reference line is a sure sign.
fn looks_quoted(text: &str) -> bool {
    text.lines().any(|line| {
        let line = line.trim();
        line.starts_with("Ref: pd.") || quotes::is_stray_head(line)
    })
}

#[cfg(test)]
mod tests {
    use super::*;
}
