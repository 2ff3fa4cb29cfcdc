//! The literals that a regular expression requires, so that it need not run on a mail that has none of them.
//!
//! The expressions see the text as it was written, the search for literals sees the folded text; so a literal is folded, and what
//! folding could change together with its neighbours is cut off: white space and composable letters at the ends, and everything that
//! needs the normaliser. What remains of a literal is in the folded text whenever the expression matches.

use regex_syntax::hir::literal::{Extractor, Seq};
use regex_syntax::hir::{Class, Hir, HirKind};

use crate::domain::text::{fold_char, fold_words, may_compose};

/// More alternatives than this are not worth a search.
const MOST: usize = 64;

/// One of these stands in the folded text of everything that the expression matches; `None` when no such set is worth searching for.
pub(super) fn required(hir: &Hir) -> Option<Vec<String>> {
    let folded = fold_classes(hir);
    let best = search(&folded)?;
    Some(best.0)
}

/// A set with the length of its shortest member.
type Found = (Vec<String>, usize);

fn search(hir: &Hir) -> Option<Found> {
    let whole = prefixes(hir);
    let inner = match hir.kind() {
        HirKind::Capture(capture) => search(&capture.sub),
        HirKind::Repetition(repetition) if repetition.min > 0 => search(&repetition.sub),
        HirKind::Alternation(branches) => {
            let all: Option<Vec<Found>> = branches.iter().map(search).collect();
            all.and_then(|all| sound(all.into_iter().flat_map(|(set, _)| set).collect()))
        }
        HirKind::Concat(parts) => {
            let tails = (1..parts.len()).filter_map(|i| prefixes(&Hir::concat(parts.get(i..)?.to_vec())));
            let parts = parts.iter().filter_map(search);
            tails.chain(parts).reduce(better)
        }
        _ => None,
    };
    [whole, inner].into_iter().flatten().reduce(better)
}

/// The longer, then the smaller set.
fn better(a: Found, b: Found) -> Found {
    let a_wins = a.1 > b.1 || (a.1 == b.1 && a.0.len() <= b.0.len());
    if a_wins { a } else { b }
}

fn prefixes(hir: &Hir) -> Option<Found> {
    let found: Seq = Extractor::new().limit_total(MOST).extract(hir);
    let literals = found.literals()?;
    let pieces = literals.iter().map(|literal| {
        let bytes = literal.as_bytes();
        let text = std::str::from_utf8(bytes).unwrap_or_else(|e| {
            let sound = bytes.get(..e.valid_up_to()).unwrap_or_default();
            std::str::from_utf8(sound).unwrap_or_default()
        });
        longest_piece(text)
    });
    sound(pieces.collect())
}

/// A set worth searching for: not empty, not large, no member that is next to nothing.
fn sound(mut set: Vec<String>) -> Option<Found> {
    set.sort();
    set.dedup();
    // A Chinese character has three bytes and is rare, a single letter or digit is everywhere.
    let shortest = set.iter().map(String::len).min()?;
    (shortest >= 2 && set.len() <= MOST).then_some((set, shortest))
}

/// The longest part of a literal that survives folding whatever stands around it.
fn longest_piece(literal: &str) -> String {
    literal.split(|c: char| fold_char(c).is_none() && !c.is_whitespace()).map(settled).max_by_key(String::len).unwrap_or_default()
}

fn settled(piece: &str) -> String {
    let mut folded = fold_words(piece);
    // A space at the end may be part of a longer gap; `fold_words` has cut it, and with it what follows is no neighbour.
    let open = piece.chars().next_back().is_some_and(|c| !c.is_whitespace());
    if open && folded.chars().next_back().is_some_and(may_compose) {
        folded.pop();
    }
    folded.trim_end().to_owned()
}

/// Replaces each class whose members fold to one and the same character, such as `[Ee]` of `(?i)e`, by that character.
fn fold_classes(hir: &Hir) -> Hir {
    match hir.kind() {
        HirKind::Class(class) => only_fold(class).map_or_else(|| hir.clone(), |c| Hir::literal(c.to_string().into_bytes())),
        HirKind::Capture(capture) => fold_classes(&capture.sub),
        HirKind::Repetition(repetition) => {
            let mut repetition = repetition.clone();
            repetition.sub = Box::new(fold_classes(&repetition.sub));
            Hir::repetition(repetition)
        }
        HirKind::Concat(parts) => Hir::concat(parts.iter().map(fold_classes).collect()),
        HirKind::Alternation(branches) => Hir::alternation(branches.iter().map(fold_classes).collect()),
        HirKind::Empty | HirKind::Literal(_) | HirKind::Look(_) => hir.clone(),
    }
}

fn only_fold(class: &Class) -> Option<char> {
    let Class::Unicode(class) = class else { return None };
    let mut members = class.ranges().iter().flat_map(|range| range.start()..=range.end()).take(5);
    let fold = |c: char| if c.is_whitespace() { None } else { fold_alone(c) };
    let first = fold(members.next()?)?;
    let mut seen = 1;
    for member in members {
        seen += 1;
        if seen > 4 || fold(member) != Some(first) {
            return None;
        }
    }
    Some(first)
}

/// The one character that a character folds to, the normaliser included: U+212A KELVIN SIGN is `k`.
fn fold_alone(c: char) -> Option<char> {
    fold_char(c).or_else(|| {
        let folded = fold_words(c.encode_utf8(&mut [0; 4]));
        let mut chars = folded.chars();
        chars.next().filter(|only| chars.next().is_none() && only.is_ascii_alphanumeric())
    })
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn of(pattern: &str) -> Option<Vec<String>> {
        required(&regex_syntax::parse(pattern).unwrap())
    }

    #[test]
    fn finds_literals() {
        let table: &[(&str, &[&str])] = &[
            (r"(?i)error\s*(?P<code>[0-9]{3,5})", &["erro"]),
            (r"(?i)vpn-(\d+)", &["vpn-"]),
            (r"错误(代码|码)[:：]\s*(\d+)", &["错误代码:", "错误码:"]),
            (r"錯誤\d+", &["错误"]),
            (r"\d+ Error \d+", &["error"]),
            (r"\b(?:PC|NB)-\d{4}\b", &["nb-", "pc-"]),
            (r"(?i)(kernel panic|blue screen)", &["blue scree", "kernel pani"]),
            (r"(?:x|y)+ printer 5", &["printer 5"]),
            (r"\d{6}", &[]),
            (r"[a-z]+", &[]),
            (r"foo|\d", &[]),
            (r"(?i)k\s", &[]),
        ];
        for (pattern, want) in table {
            let got = of(pattern).unwrap_or_default();
            assert_eq!(got, *want, "{pattern}");
        }
    }

    proptest! {
        /// What an expression matches has one of its literals after folding, whatever stands around.
        #[test]
        fn a_match_has_a_literal(
            pattern in "((a|B|[Kk]|é|网|網| |\\\\s|-|\\(\\?i:ab\\)|\\[网網\\]|0)[+?]?){1,7}",
            text in "[abkBKéAÀK网網打\\s\u{301}\u{338}ａ0-]{0,14}",
        ) {
            let regex = regex::Regex::new(&pattern).unwrap();
            if let (true, Some(literals)) = (regex.is_match(&text), of(&pattern)) {
                let folded = fold_words(&text);
                prop_assert!(literals.iter().any(|l| folded.contains(l.as_str())), "{pattern:?} {text:?} {literals:?} {folded:?}");
            }
        }
    }
}
