//! `text/enriched` (RFC 1896), and `text/richtext` before it (RFC 1341), as the text that a reader would see.
//!
//! Of the commands only those count that change lines or say whose words stand inside: `nofill`, `excerpt`, `param`. One pass; a `<` that
//! begins no command stays.

/// The longest command, in letters (RFC 1896, "60 characters").
const LONGEST: usize = 60;
/// Excerpts inside one another that are marked.
const MARKED: usize = 5;

/// Which of the two is read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Form {
    /// `text/enriched`: an empty line ends a line.
    Enriched,
    /// `text/richtext`: commands end lines.
    Richtext,
}

/// The text without its commands, with LF.
pub fn to_text(text: &str, form: Form) -> String {
    let mut page = Page::default();
    let mut rest = text;
    while let Some(at) = memchr::memchr2(b'<', b'\n', rest.as_bytes()) {
        let (before, tail) = rest.split_at_checked(at).unwrap_or((rest, ""));
        page.words(before);
        rest = match tail.strip_prefix('<') {
            Some(tail) if form == Form::Enriched && tail.starts_with('<') => {
                page.words("<");
                tail.get(1..).unwrap_or("")
            }
            Some(tail) => match command(tail) {
                Some((name, after)) => {
                    page.command(&name.to_ascii_lowercase(), form);
                    after
                }
                None => {
                    page.words("<");
                    tail
                }
            },
            None => {
                let after = tail.trim_start_matches('\n');
                page.line_ends(tail.len() - after.len(), form);
                after
            }
        };
    }
    page.words(rest);
    page.out.truncate(page.out.trim_end().len());
    page.out
}

/// `/bold>…` → the name, and what follows it.
fn command(tail: &str) -> Option<(&str, &str)> {
    let end = tail.bytes().take(LONGEST + 2).position(|b| b == b'>')?;
    let (name, after) = (tail.get(..end)?, tail.get(end + 1..)?);
    let bare = name.strip_prefix('/').unwrap_or(name);
    (!bare.is_empty() && bare.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-')).then_some((name, after))
}

#[derive(Debug, Default)]
struct Page {
    out: String,
    /// Open commands of these names.
    unfilled: usize,
    excerpts: usize,
    unread: usize,
}

impl Page {
    fn words(&mut self, words: &str) {
        if self.unread > 0 || words.is_empty() {
            return;
        }
        if self.excerpts > 0 && (self.out.is_empty() || self.out.ends_with('\n')) {
            self.out.push_str(&"> ".repeat(self.excerpts.min(MARKED)));
        }
        self.out.push_str(words);
    }

    /// A single line end is a space, each further one ends a line.
    fn line_ends(&mut self, count: usize, form: Form) {
        let ends = match form {
            Form::Enriched if self.unfilled > 0 => count,
            Form::Enriched => count - 1,
            Form::Richtext => 0,
        };
        if ends == 0 {
            return self.words(if self.out.ends_with([' ', '\n']) || self.out.is_empty() { "" } else { " " });
        }
        (0..ends).for_each(|_| self.end_line());
    }

    fn end_line(&mut self) {
        if self.unread == 0 {
            self.out.truncate(self.out.trim_end_matches(' ').len());
            self.out.push('\n');
        }
    }

    fn begin_line(&mut self) {
        if !self.out.is_empty() && !self.out.ends_with('\n') {
            self.end_line();
        }
    }

    fn command(&mut self, name: &str, form: Form) {
        let (bare, step) = name.strip_prefix('/').map_or((name, 1), |bare| (bare, -1));
        let counter = match bare {
            "nofill" => &mut self.unfilled,
            "param" | "comment" => &mut self.unread,
            "excerpt" => {
                self.begin_line();
                &mut self.excerpts
            }
            "lt" if form == Form::Richtext => return self.words("<"),
            "nl" | "np" if form == Form::Richtext => return self.end_line(),
            "paragraph" if form == Form::Richtext => return self.begin_line(),
            _ => return,
        };
        *counter = counter.saturating_add_signed(step);
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn what_a_reader_would_see() {
        use Form::{Enriched, Richtext};
        for (form, text, seen) in [
            (
                Enriched,
                "<bold>Now</bold> is the time for <italic>all</italic> good men\n<smaller>(and women)</smaller>",
                "Now is the time for all good men (and women)",
            ),
            (Enriched, "one\n\ntwo\n\n\nthree\n", "one\ntwo\n\nthree"),
            (Enriched, "<color><param>red</param>Stop</color>: 1 << 2 < 3 <b c> <>", "Stop: 1 < 2 < 3 <b c> <>"),
            (Enriched, "ok\n\n<excerpt>Does it\nwork?\n\nAnd this?\n</excerpt>\n\nYes.", "ok\n> Does it work?\n> And this?\n\nYes."),
            (Enriched, "<nofill>a\nb\n\nc</nofill>\nd", "a\nb\n\nc d"),
            (Enriched, "打印机<Bold>坏</BOLD>了", "打印机坏了"),
            (Enriched, "</bold></excerpt>a", "a"),
            (Enriched, "", ""),
            (Richtext, "<bold>one</bold> a\nb<nl>two <lt>x><nl><nl>three<comment>no</comment>", "one a b\ntwo <x>\n\nthree"),
        ] {
            assert_eq!(to_text(text, form), seen, "{text}");
        }
    }

    #[test]
    fn hostile_texts_come_to_an_end() {
        for piece in ["<", "<<", "<excerpt>\n", "<param>", "\n", "<a", "</nofill>", "<excerpt>a\n\n"] {
            let text = to_text(&piece.repeat(300_000 / piece.len()), Form::Enriched);
            assert!(text.len() <= 1_000_000, "{piece}: {}", text.len());
        }
    }

    proptest! {
        #[test]
        fn any_text_ends(text in "(<(/?(bold|param|excerpt|nofill|nl|lt)>)?|[a-c <>\n]|打){0,200}") {
            for form in [Form::Enriched, Form::Richtext] {
                to_text(&text, form);
            }
        }
    }
}
