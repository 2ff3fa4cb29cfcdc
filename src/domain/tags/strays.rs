//! Tags that missed their brackets: `[note` without an end, `note]`, `(note)`, `#note` in the subject, and what is nearly `note`.
//!
//! A reply whose `[resolve]` was missed does little harm. One whose `[note]` was missed goes out to the requester, so here more is an error
//! than elsewhere. Read only in an answer, and only what the subject that is answered does not say.

use super::grammar::{CLOSING, OPENING, fold_name, no_tag, parts, squash};
use super::registry::{self, Known};
use crate::domain::complaint::distance;

/// Pairs that people take for tags' brackets.
const OTHERS: [(char, char); 9] =
    [('(', ')'), ('（', '）'), ('{', '}'), ('<', '>'), ('「', '」'), ('『', '』'), ('〖', '〗'), ('《', '》'), ('〈', '〉')];

/// A longer piece is prose.
const LONGEST: usize = 60;

/// A piece of a subject that may be a tag in the wrong dress.
pub(super) struct Stray<'a> {
    /// Column in characters, from 1.
    pub column: usize,
    /// What stands inside.
    pub content: &'a str,
    /// It has both its brackets: then nothing but a tag may stand inside.
    whole: bool,
}

impl Stray<'_> {
    /// English and Chinese sentence, where it is a tag.
    pub fn wrong(&self) -> Option<(String, String)> {
        let text = squash(self.content);
        // A subject that was cut ends so.
        if text.chars().count() > LONGEST || text.contains("...") {
            return None;
        }
        let bare = text.trim_matches(|c: char| is_bracket(c) || c == ' ' || c == '#');
        let name = if self.whole { bare } else { bare.split([' ', ':']).next().unwrap_or(bare) };
        let known = registry::lookup(parts(name, false).name).filter(|known| matches!(known, Known::Tag(_)));
        let known = known.filter(|_| fold_name(name).len() >= 4).or_else(|| nearly_note(name));
        known.map(|known| no_tag(&text, Some(known)))
    }
}

fn is_bracket(c: char) -> bool {
    OPENING.contains(&c) || CLOSING.contains(&c) || OTHERS.iter().any(|(open, close)| c == *open || c == *close)
}

/// Every such piece.
pub(super) fn find(subject: &str) -> Vec<Stray<'_>> {
    let mut found = Vec::new();
    let mut open: Option<(usize, usize)> = None;
    let mut word = (0, 1);
    let mut after_space = true;
    let mut add = |(start, column): (usize, usize), end: usize, whole: bool| {
        if let Some(content) = subject.get(start..end).filter(|content| !content.trim().is_empty()) {
            found.push(Stray { column, content, whole });
        }
    };
    for (index, (at, c)) in subject.char_indices().enumerate() {
        let after = (at + c.len_utf8(), index + 2);
        if OPENING.contains(&c) {
            if let Some(unclosed) = open.replace(after) {
                add(unclosed, at, false);
            }
        } else if CLOSING.contains(&c) {
            if open.take().is_none() {
                add(word, at, true);
            }
        } else if let Some((_, close)) = OTHERS.iter().find(|(open, _)| *open == c)
            && let Some(length) = subject.get(after.0..).and_then(|rest| rest.find(*close))
        {
            add(after, after.0 + length, true);
        } else if after_space && open.is_none() && matches!(c, '#' | '＃') {
            // An order line's dress: it counts above the text, not here.
            let rest = subject.get(after.0..).unwrap_or_default();
            let length = rest.find(|c: char| c.is_whitespace() || is_bracket(c)).unwrap_or(rest.len());
            add((at, index + 1), after.0 + length, true);
        }
        after_space = c.is_whitespace();
        if c.is_whitespace() || is_bracket(c) {
            word = after;
        }
    }
    if let Some(unclosed) = open {
        add(unclosed, subject.len(), false);
    }
    found
}

/// `[notee]`, `[ntoe]`, `[internal note]`, and 【备住】 as input methods make it of 备注.
pub(super) fn nearly_note(text: &str) -> Option<Known> {
    let note = || registry::lookup("note");
    let name = fold_name(text);
    let letters = name.chars().count();
    if name.is_ascii() && (3..=6).contains(&letters) && name != "note" && distance(&name, "note") <= 1 {
        return note();
    }
    if let (Some(first), Some(second), 2) = (name.chars().next(), name.chars().nth(1), letters)
        && "备被倍背北贝辈悲".contains(first)
        && "注住主柱助驻著煮".contains(second)
    {
        return note();
    }
    let says = |word: &str| registry::lookup(word).is_some_and(|known| known.name() == "note");
    let words = || text.split(|c: char| !c.is_alphanumeric()).filter(|word| !word.is_empty());
    ((1..=4).contains(&words().count()) && words().any(says)).then(note).flatten()
}
