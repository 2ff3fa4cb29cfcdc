//! What is wrong with an operator's file: place, sentence, remedy, and a picture of the line.

use std::fmt;
use std::ops::Range;

use unicode_width::UnicodeWidthStr;

/// One thing that is wrong in one file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Complaint {
    /// File as the operator knows it, `rules/20-network.toml`.
    pub file: String,
    /// Line, from 1.
    pub line: usize,
    /// Column in characters, from 1.
    pub column: usize,
    /// What is wrong.
    pub message: String,
    /// What to do; may be empty.
    pub help: String,
    /// The line itself.
    pub source_line: String,
    /// How many characters are marked, at least 1.
    pub width: usize,
}

impl Complaint {
    /// A complaint about these bytes of a file's text.
    pub fn at(file: &str, text: &str, span: Range<usize>, message: impl Into<String>, help: impl Into<String>) -> Complaint {
        let before = text.get(..span.start).unwrap_or(text);
        let line_start = before.rfind('\n').map_or(0, |i| i + 1);
        let source_line = text.get(line_start..).unwrap_or("").lines().next().unwrap_or("").to_owned();
        let column = before.get(line_start..).unwrap_or("").chars().count() + 1;
        let marked = text.get(span).unwrap_or("").lines().next().unwrap_or("").chars().count();
        Complaint {
            file: file.to_owned(),
            line: before.matches('\n').count() + 1,
            column,
            message: message.into(),
            help: help.into(),
            source_line,
            width: marked.max(1),
        }
    }

    /// A complaint about a whole file.
    pub fn whole(file: &str, message: impl Into<String>, help: impl Into<String>) -> Complaint {
        Complaint::at(file, "", 0..0, message, help)
    }
}

/// The likely slip where the parser met something that is no TOML.
fn toml_remedy(message: &str, text: &str, at: usize) -> &'static str {
    let start = text.get(..at).and_then(|t| t.rfind('\n')).map_or(0, |i| i + 1);
    let line = text.get(start..).unwrap_or("").lines().next().unwrap_or("");
    if message.contains("duplicate key") && line.trim_start().starts_with("[[") {
        "one with single brackets stands above: write [[…]] there too, once for each"
    } else if message.contains("duplicate key") && line.trim_start().starts_with('[') {
        "it stands above already; keep one of the two, or write both with double brackets, [[…]], where there may be several"
    } else if message.contains("duplicate key") {
        "it stands above already; keep one of the two"
    } else if line.contains(['“', '”', '‘', '’', '＂', '「', '」']) {
        "write straight quotes: \"…\""
    } else if line.contains(['＝', '，', '［', '］', '＃', '：']) {
        "a full-width sign stands here; write = , [ ] # in half width"
    } else if line.contains('\\') && line.contains('"') {
        "a backslash inside \"…\" needs another one; or write '…', which takes backslashes as they are"
    } else if message.contains("array") {
        "a list is written [\"one\", \"two\"]: each text in quotes, a comma between two, ] at its end"
    } else if !line.contains('=') && line.contains(':') {
        "write key = value, with an equals sign"
    } else {
        "text needs quotes, lists need [ ], tables begin with [name] or [[name]]"
    }
}

/// Of the errors of a TOML parser those that are worth a word, each with its place, its sentence and the likely remedy. What comes behind a
/// bracket or a quote that is left open follows from it, and so does a second error on a line.
pub fn toml_errors(errors: &[toml::de::Error], text: &str) -> Vec<(Range<usize>, String, &'static str)> {
    let mut told: Vec<(Range<usize>, String, &'static str)> = Vec::new();
    let open = errors.iter().any(|error| error.message().contains("unclosed"));
    let line = |at: usize| text.get(..at).map_or(0, |before| before.matches('\n').count());
    let mut errors: Vec<_> = errors.iter().map(|error| (error.span().unwrap_or(0..0), error)).collect();
    errors.sort_by_key(|(span, _)| span.start);
    for (span, error) in errors {
        if told.last().is_some_and(|(last, ..)| open || line(last.start) == line(span.start)) {
            continue;
        }
        let help = toml_remedy(error.message(), text, span.start);
        told.push((span, error.message().to_owned(), help));
    }
    told
}

/// The nearest of some words, for "did you mean": at most a third of the letters differ.
pub fn nearest<'a>(word: &str, known: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    let word = word.to_lowercase();
    let most = (word.chars().count() / 3).max(1);
    known.into_iter().map(|k| (distance(&word, &k.to_lowercase()), k)).filter(|(d, _)| *d <= most).min_by_key(|(d, _)| *d).map(|(_, k)| k)
}

/// Damerau-Levenshtein distance (adjacent transpositions count one), in characters.
pub fn distance(a: &str, b: &str) -> usize {
    let b: Vec<char> = b.chars().collect();
    let mut older: Vec<usize> = Vec::new();
    let mut last: Vec<usize> = (0..=b.len()).collect();
    let mut before = None;
    for (i, ca) in a.chars().enumerate() {
        let mut row = vec![i + 1];
        let mut left_char = None;
        for (j, cb) in b.iter().enumerate() {
            let at = |r: &[usize], k: usize| r.get(k).copied().unwrap_or(usize::MAX / 2);
            let mut best = (at(&last, j) + usize::from(ca != *cb)).min(at(&last, j + 1) + 1).min(at(&row, j) + 1);
            if before == Some(*cb) && left_char == Some(ca) {
                best = best.min(j.checked_sub(1).map_or(usize::MAX / 2, |k| at(&older, k)) + 1);
            }
            row.push(best);
            left_char = Some(*cb);
        }
        before = Some(ca);
        older = std::mem::replace(&mut last, row);
    }
    last.last().copied().unwrap_or(0)
}

/// Of a line so many characters are shown before the mark, and from the mark on.
const BEFORE: usize = 80;
const BEHIND: usize = 100;

impl Complaint {
    /// The line and below it the mark. A file need not be text: of a long line the part around the mark is shown, and signs that would
    /// steer a terminal are not.
    fn picture(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let at = self.column.saturating_sub(1);
        let cut = at.saturating_sub(BEFORE);
        // Such as turn the direction of a line (Unicode annex 9) would move the mark.
        let steers = |c: char| c.is_control() || matches!(c, '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}');
        let shown = |c: char| match c {
            '\t' => ' ',
            c if steers(c) => '\u{FFFD}',
            c => c,
        };
        let part = |skip: usize, most: usize| self.source_line.chars().skip(skip).take(most).map(shown).collect::<String>();
        let (dots, lead) = (if cut > 0 { "…" } else { "" }, part(cut, at - cut));
        let (marked, behind) = (part(at, self.width.min(BEHIND)), part(at, BEHIND));
        let more = if self.source_line.chars().nth(at + BEHIND).is_some() { "…" } else { "" };
        let number = self.line.to_string();
        let gutter = " ".repeat(number.len());
        writeln!(f, " {gutter} |\n {number} | {dots}{lead}{behind}{more}")?;
        // Full-width characters take two columns on a terminal.
        let before = dots.width() + lead.width();
        writeln!(f, " {gutter} | {}{}", " ".repeat(before), "^".repeat(marked.width().max(1)))
    }
}

impl fmt::Display for Complaint {
    /// `file:line:column: message`, the line with its mark, and the remedy.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "{}:{}:{}: {}", self.file, self.line, self.column, self.message)?;
        if !self.source_line.is_empty() {
            self.picture(f)?;
        }
        if !self.help.is_empty() {
            writeln!(f, "   = {}", self.help)?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_mark_stands_below_what_is_wrong_however_long_the_line_is() {
        let picture = |before: &str, wrong: &str, after: &str| {
            let text = format!("{before}{wrong}{after}");
            let told = Complaint::at("f", &text, before.len()..before.len() + wrong.len(), "wrong", "").to_string();
            told.lines().skip(2).map(str::to_owned).collect::<Vec<_>>()
        };
        assert_eq!(picture("a = ", "bad", " # x"), [" 1 | a = bad # x", "   |     ^^^"]);
        assert_eq!(picture("a = ", "“bad”", ""), [" 1 | a = “bad”", "   |     ^^^^^"]);
        assert_eq!(picture("名 = ", "坏", ""), [" 1 | 名 = 坏", "   |      ^^"]);
        assert_eq!(picture("\tk = \u{202e}", "\u{1b}[2J", ""), [" 1 |  k = \u{fffd}\u{fffd}[2J", "   |       ^^^^"]);
        let long = picture(&"x".repeat(300), &"y".repeat(300), "z");
        assert_eq!(long[0], format!(" 1 | …{}{}…", "x".repeat(BEFORE), "y".repeat(BEHIND)));
        assert_eq!(long[1], format!("   | {}{}", " ".repeat(BEFORE + 1), "^".repeat(BEHIND)));
    }
}
