//! Markdown → plain text and HTML in one pass.
//!
//! pulldown-cmark's own HTML writer is not used: it knows nothing of the slots of [`super::mold`], mail needs its styles inline, and the
//! plain part would need a second parse. Raw HTML in a template shows as text in both parts.

use std::borrow::Cow;

use memchr::memchr2;
use pulldown_cmark::{Alignment, Event, HeadingLevel, Options, Parser, Tag, TagEnd};

use super::escape;
use super::html::{PART, ends_in_www, html_line, push_html};
use super::mold;
use crate::domain::text;

/// Before a slot: its text is relayed line by line (a person of ours wrote it: links stay links).
pub(super) const RELAY: char = '\u{F0200}';
/// Before a slot: its text is shown line by line (a stranger wrote it: no links).
pub(super) const VERBATIM: char = '\u{F0201}';

/// Both parts of a mail's body, without the layout around them.
pub(super) struct Parts {
    /// Plain text, LF line ends, no line end at the end.
    pub text: String,
    /// HTML blocks.
    pub html: String,
}

/// Parses Markdown.
pub(super) fn parse(markdown: &str) -> Vec<Event<'static>> {
    Parser::new_ext(markdown, Options::ENABLE_TABLES).map(Event::into_static).collect()
}

/// Writes parsed Markdown; `facts` fill its slots.
pub(super) fn render(markdown: &[Event<'_>], facts: &[Cow<'_, str>]) -> Parts {
    let mut page = Page::new(facts);
    markdown.iter().for_each(|event| page.event(event));
    let end = page.text.trim_end().len();
    page.text.truncate(end);
    Parts { text: page.text, html: page.html }
}

/// Does the Markdown hold raw HTML, and where? It would show as text.
pub(super) fn raw_html(markdown: &[Event<'_>]) -> Option<String> {
    markdown.iter().find_map(|event| match event {
        Event::Html(html) | Event::InlineHtml(html) => Some(html.trim().to_owned()),
        _ => None,
    })
}

/// Room between the columns of a table.
const CELL: &str = "padding:2px 14px 2px 0";

/// A list that is open: the number of the next item, or a bullet.
struct List {
    next: Option<u64>,
}

/// A link that is open: its target, and where its title began in the plain text.
struct Link {
    url: String,
    start: usize,
}

/// A table that is collected, for its columns are only known at its end.
#[derive(Default)]
struct Table {
    align: Vec<Alignment>,
    head: bool,
    rows: Vec<Vec<Cell>>,
    /// The plain text and HTML outside, while a cell is written.
    outside: Option<(String, String)>,
}

#[derive(Default)]
struct Cell {
    text: String,
    html: String,
}

struct Page<'a> {
    facts: &'a [Cow<'a, str>],
    text: String,
    html: String,
    /// Line ends owed to the plain text before the next character.
    owed: usize,
    /// How much of the prefix the blank lines among them carry: a blank line between two quotes is no quote.
    gap: usize,
    /// What stands before each line of the plain text: quote marks and indentation.
    prefix: String,
    prefixes: Vec<usize>,
    lists: Vec<List>,
    /// Where the plain text ended after the last bullet.
    bullet: usize,
    links: Vec<Option<Link>>,
    table: Option<Table>,
}

impl<'a> Page<'a> {
    fn new(facts: &'a [Cow<'a, str>]) -> Page<'a> {
        let size: usize = facts.iter().map(|fact| fact.len()).sum();
        Page {
            facts,
            text: String::with_capacity(2048 + size),
            html: String::with_capacity(6144 + size + size / 4),
            owed: 0,
            prefix: String::new(),
            prefixes: Vec::new(),
            lists: Vec::new(),
            bullet: usize::MAX,
            gap: 0,
            links: Vec::new(),
            table: None,
        }
    }

    fn event(&mut self, event: &Event<'_>) {
        match event {
            Event::Start(tag) => self.start(tag),
            Event::End(tag) => self.end(tag),
            Event::Text(text) | Event::Html(text) | Event::InlineHtml(text) => self.words(text),
            Event::Code(code) => {
                self.html.push_str("<code>");
                self.words(code);
                self.html.push_str("</code>");
            }
            Event::SoftBreak => {
                self.owe(1);
                // Browsers show a line end as a space, which Chinese does not have.
                if self.html.chars().next_back().is_some_and(|c| c < '\u{2E80}') {
                    self.html.push('\n');
                }
            }
            Event::HardBreak => {
                self.owe(1);
                self.html.push_str("<br>\n");
            }
            Event::Rule => {
                self.owe(2);
                self.plain("----");
                self.owe(2);
                self.html.push_str("<hr style=\"border:0;border-top:1px solid #8884\">\n");
            }
            Event::InlineMath(_) | Event::DisplayMath(_) | Event::FootnoteReference(_) | Event::TaskListMarker(_) => {}
        }
    }

    fn start(&mut self, tag: &Tag<'_>) {
        match tag {
            Tag::Paragraph => self.block("<p>"),
            Tag::Heading { level, .. } => self.block(heading(*level).0),
            Tag::BlockQuote(_) => {
                self.block("<blockquote style=\"margin:0;padding-left:12px;border-left:3px solid #8886\">\n");
                self.indent("> ");
            }
            Tag::CodeBlock(_) => self.block("<pre style=\"overflow:auto\">"),
            Tag::List(first) => {
                if self.lists.is_empty() {
                    self.owe(2);
                }
                self.html.push_str(if first.is_some() { "<ol>\n" } else { "<ul>\n" });
                self.lists.push(List { next: *first });
            }
            Tag::Item => self.item(),
            Tag::Table(align) => {
                self.owe(2);
                self.table = Some(Table { align: align.clone(), ..Table::default() });
            }
            Tag::TableHead => {
                if let Some(table) = &mut self.table {
                    table.head = true;
                    table.rows.push(Vec::new());
                }
            }
            Tag::TableRow => {
                if let Some(table) = &mut self.table {
                    table.rows.push(Vec::new());
                }
            }
            Tag::TableCell => {
                self.owed = 0;
                if let Some(table) = &mut self.table {
                    table.outside = Some((std::mem::take(&mut self.text), std::mem::take(&mut self.html)));
                }
            }
            Tag::Emphasis => self.html.push_str("<em>"),
            Tag::Strong => self.html.push_str("<strong>"),
            Tag::Link { dest_url, .. } => self.link(dest_url),
            // A picture would have to be fetched from somewhere: its text stands for it.
            _ => {}
        }
    }

    fn end(&mut self, tag: &TagEnd) {
        match tag {
            TagEnd::Paragraph => self.close("</p>\n"),
            TagEnd::Heading(level) => self.close(heading(*level).1),
            TagEnd::BlockQuote(_) => {
                self.outdent();
                self.close("</blockquote>\n");
            }
            TagEnd::CodeBlock => self.close("</pre>\n"),
            TagEnd::List(ordered) => {
                self.lists.pop();
                self.html.push_str(if *ordered { "</ol>\n" } else { "</ul>\n" });
                self.owe(if self.lists.is_empty() { 2 } else { 1 });
            }
            TagEnd::Item => {
                self.outdent();
                self.owe(1);
                self.html.push_str("</li>\n");
            }
            TagEnd::TableCell => self.cell(),
            TagEnd::Table => self.finish_table(),
            TagEnd::Emphasis => self.html.push_str("</em>"),
            TagEnd::Strong => self.html.push_str("</strong>"),
            TagEnd::Link => self.unlink(),
            _ => {}
        }
    }

    fn block(&mut self, html: &str) {
        // The first paragraph of a list's item stands beside its bullet.
        if self.text.len() != self.bullet {
            self.owe(2);
        }
        self.html.push_str(html);
    }

    fn close(&mut self, html: &str) {
        self.owe(2);
        self.html.push_str(html);
    }

    fn item(&mut self) {
        self.owe(1);
        let bullet = match self.lists.last_mut().and_then(|list| list.next.as_mut()) {
            Some(number) => {
                let bullet = format!("{number}. ");
                *number += 1;
                bullet
            }
            None => "- ".to_owned(),
        };
        self.plain(&bullet);
        self.bullet = self.text.len();
        self.indent(&" ".repeat(bullet.len()));
        self.html.push_str("<li>");
    }

    fn indent(&mut self, more: &str) {
        self.prefixes.push(self.prefix.len());
        self.prefix.push_str(more);
    }

    fn outdent(&mut self) {
        if let Some(length) = self.prefixes.pop() {
            self.prefix.truncate(length);
            self.gap = self.gap.min(length);
        }
    }

    /// At least this many line ends before the next character of the plain text.
    fn owe(&mut self, lines: usize) {
        if self.owed == 0 {
            self.gap = self.prefix.len();
        }
        self.owed = self.owed.max(lines);
    }

    /// Puts the line ends that are owed.
    fn settle(&mut self) {
        let owed = std::mem::take(&mut self.owed);
        if owed == 0 {
            return;
        }
        if self.table.as_ref().is_some_and(|t| t.outside.is_some()) {
            self.text.push(' ');
            return;
        }
        if !self.text.is_empty() {
            let gap = self.prefix.get(..self.gap).unwrap_or("").trim_end();
            for _ in 1..owed {
                self.text.push('\n');
                self.text.push_str(gap);
            }
            self.text.push('\n');
        }
        self.text.push_str(&self.prefix);
    }

    /// Adds to the plain text alone.
    fn plain(&mut self, text: &str) {
        self.settle();
        self.text.push_str(text);
    }

    /// Adds text of the template to both parts, and fills its slots.
    fn words(&mut self, text: &str) {
        let facts = self.facts;
        let mut rest = text;
        let mut after_fact = false;
        while !rest.is_empty() {
            // Slots are of plane 15, whose first byte is F3: everything up to there is copied whole.
            let plain = memchr2(0xF3, b'\n', rest.as_bytes()).unwrap_or(rest.len());
            let (before, from) = rest.split_at_checked(plain).unwrap_or((rest, ""));
            if after_fact && self.is_apart_from(before) {
                self.both(" ");
            }
            self.both(before);
            let mut chars = from.chars();
            let next = chars.next();
            after_fact = false;
            match next {
                Some(begin @ (RELAY | VERBATIM)) => {
                    let text = chars.next().and_then(|c| mold::fact(facts, c));
                    self.whole(text.unwrap_or(""), begin == RELAY);
                }
                Some('\n') => {
                    self.owe(1);
                    self.html.push('\n');
                }
                Some(c) => match mold::fact(facts, c) {
                    Some(fact) => {
                        let fact = escape::fact(fact);
                        if self.is_apart_from(&fact) {
                            self.both(" ");
                        }
                        self.fact(&fact);
                        after_fact = true;
                    }
                    None => self.both(c.encode_utf8(&mut [0; 4])),
                },
                None => {}
            }
            rest = chars.as_str();
        }
    }

    /// Does a space belong between what is written and this, one of them a fact: a Latin name beside Chinese words?
    fn is_apart_from(&self, next: &str) -> bool {
        let (left, right) = (self.text.chars().next_back(), next.chars().next());
        self.owed == 0 && left.zip(right).is_some_and(|(left, right)| text::stand_apart(left, right))
    }

    /// Adds text to both parts as it stands.
    fn both(&mut self, text: &str) {
        if !text.is_empty() {
            self.plain(text);
            push_html(&mut self.html, text);
        }
    }

    /// Adds a fact. `://` and `www.` are parted, else mail clients would make the link that the template did not.
    fn fact(&mut self, fact: &str) {
        let mut rest = fact;
        while let Some((before, from)) = memchr2(b'/', b'.', rest.as_bytes()).and_then(|at| rest.split_at_checked(at)) {
            self.both(before);
            self.settle();
            let mut chars = from.chars();
            let mark = chars.next().unwrap_or_default();
            if (mark == '/' && self.text.ends_with(":/")) || (mark == '.' && ends_in_www(&self.text)) {
                self.text.push(' ');
                self.html.push_str(PART);
            }
            self.text.push(mark);
            self.html.push(mark);
            rest = chars.as_str();
        }
        self.both(rest);
    }

    /// A text that stands for itself, line by line.
    fn whole(&mut self, text: &str, links: bool) {
        for (n, line) in escape::lines(text).split('\n').enumerate() {
            if n > 0 {
                self.gap = if self.owed == 0 { self.prefix.len() } else { self.gap };
                self.owed += 1;
                self.html.push_str("<br>\n");
            }
            if !line.is_empty() {
                self.plain(line);
                html_line(&mut self.html, line, links);
            }
        }
    }

    fn link(&mut self, url: &str) {
        let url: String = url.chars().map(|c| mold::fact(self.facts, c).map_or_else(|| c.to_string().into(), escape::fact)).collect();
        let good = ["https://", "http://", "mailto:"].iter().any(|scheme| url.starts_with(scheme)) && !url.contains(char::is_whitespace);
        if good {
            self.settle();
            self.html.push_str("<a href=\"");
            push_html(&mut self.html, &url);
            self.html.push_str("\">");
        }
        self.links.push(good.then_some(Link { url, start: self.text.len() }));
    }

    /// The plain text shows a link as `title: address`.
    fn unlink(&mut self) {
        let Some(Some(link)) = self.links.pop() else { return };
        self.html.push_str("</a>");
        let title = self.text.get(link.start..).unwrap_or("").trim().to_owned();
        let shown = link.url.strip_prefix("mailto:").unwrap_or(&link.url);
        if title.replace(":/ /", "://") == shown {
            self.text.truncate(link.start);
        } else if !title.is_empty() {
            self.text.push_str(": ");
        }
        self.text.push_str(shown);
    }

    fn cell(&mut self) {
        let Some(table) = &mut self.table else { return };
        let Some((text, html)) = table.outside.take() else { return };
        let cell = Cell { text: std::mem::replace(&mut self.text, text), html: std::mem::replace(&mut self.html, html) };
        if let Some(row) = table.rows.last_mut() {
            row.push(cell);
        }
        self.owed = 0;
    }

    fn finish_table(&mut self) {
        let Some(mut table) = self.table.take() else { return };
        let headless = table.rows.first().is_some_and(|row| row.iter().all(|c| c.text.trim().is_empty()));
        if headless {
            table.rows.remove(0);
        }
        self.owe(2);
        self.html.push_str("<table cellpadding=\"2\" style=\"border-collapse:collapse\">\n");
        let widths: Vec<usize> = (0..table.align.len())
            .map(|i| table.rows.iter().filter_map(|row| row.get(i)).map(|c| columns(&c.text)).max().unwrap_or(0))
            .collect();
        for (n, row) in table.rows.iter().enumerate() {
            self.html_row(row, &table.align, headless, !headless && n == 0);
            let line = if headless { pair(row) } else { aligned(row, &widths, &table.align) };
            self.plain(line.trim_end());
            self.owe(1);
        }
        self.html.push_str("</table>\n");
        self.owe(2);
    }

    /// `named`: the first cell is the name of the others; beside a long value on a phone it would be broken after every letter. What the
    /// attributes of HTML 4 can say, they say: a mail has many cells, and programs that read no CSS understand them.
    fn html_row(&mut self, row: &[Cell], align: &[Alignment], named: bool, head: bool) {
        let name = if head { "th" } else { "td" };
        self.html.push_str("<tr valign=\"top\">");
        for (n, (cell, align)) in row.iter().zip(align).enumerate() {
            let side = match (*align, head) {
                (Alignment::Right, _) => " align=\"right\"",
                (_, true) => " align=\"left\"",
                _ => "",
            };
            let whole = if named && n == 0 { " nowrap" } else { "" };
            let room = if named && n > 0 { [""; 3] } else { [" style=\"", CELL, "\""] };
            for piece in ["<", name, side, whole].into_iter().chain(room).chain([">", &cell.html, "</", name, ">"]) {
                self.html.push_str(piece);
            }
        }
        self.html.push_str("</tr>\n");
    }
}

fn heading(level: HeadingLevel) -> (&'static str, &'static str) {
    match level {
        HeadingLevel::H1 => ("<h2 style=\"font-size:20px\">", "</h2>\n"),
        _ => ("<h3 style=\"font-size:16px\">", "</h3>\n"),
    }
}

/// A row of a table without a head: `name: value`.
fn pair(row: &[Cell]) -> String {
    let mut line = String::new();
    for (n, cell) in row.iter().enumerate() {
        if n == 1 {
            line.push_str(if line.ends_with(|c: char| c >= '\u{2E80}') { "：" } else { ": " });
        } else if n > 1 {
            line.push_str("  ");
        }
        line.push_str(cell.text.trim());
    }
    line
}

fn aligned(row: &[Cell], widths: &[usize], align: &[Alignment]) -> String {
    let mut line = String::new();
    for ((cell, width), align) in row.iter().zip(widths).zip(align) {
        let fill = " ".repeat(width.saturating_sub(columns(&cell.text)));
        if !line.is_empty() {
            line.push_str("  ");
        }
        if *align == Alignment::Right {
            line.push_str(&fill);
            line.push_str(&cell.text);
        } else {
            line.push_str(&cell.text);
            line.push_str(&fill);
        }
    }
    line
}

/// Width on a terminal: Chinese takes two columns.
fn columns(text: &str) -> usize {
    text.chars()
        .map(|c| if matches!(c, '\u{1100}'..='\u{115F}' | '\u{2E80}'..='\u{FF60}' | '\u{20000}'..='\u{3FFFD}') { 2 } else { 1 })
        .sum()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn plain(markdown: &str) -> String {
        render(&parse(markdown), &[]).text
    }

    #[test]
    fn markdown_as_plain_text() {
        for (given, wanted) in [
            ("# Head\n\nOne\ntwo *three*  \nfour.\n", "Head\n\nOne\ntwo three\nfour."),
            ("- a\n- [b](https://x.example/)\n  more\n\nend", "- a\n- b: https://x.example/\n  more\n\nend"),
            ("1. a\n2. b", "1. a\n2. b"),
            ("- a\n\n- b", "- a\n\n- b"),
            ("- a\n  - b\n- c\n\nx", "- a\n  - b\n- c\n\nx"),
            ("> q\n> r\n\nx", "> q\n> r\n\nx"),
            ("a\n\n> q\n>\n> r\n> - s", "a\n\n> q\n>\n> r\n>\n> - s"),
            ("[https://x.example](https://x.example)", "https://x.example"),
            ("[mail](mailto:a@b.example)", "mail: a@b.example"),
            ("[x](javascript:alert)", "x"),
            ("a `[note]` b\n\n---\n\nc", "a [note] b\n\n----\n\nc"),
            ("| | |\n|--|--|\n| From | Li |\n| 优先级 | 高 |", "From: Li\n优先级：高"),
            ("| a | n |\n|---|--:|\n| 组 | 10 |\n| long | 1 |\n\nx", "a      n\n组    10\nlong   1\n\nx"),
            ("```\nx  y\n z\n```\nk", "x  y\n z\n\nk"),
        ] {
            assert_eq!(plain(given), wanted, "{given:?}");
        }
    }

    #[test]
    fn names_stand_apart_from_chinese_words() {
        for (template, fact, wanted) in [
            ("$有新工单", "support", "support 有新工单"),
            ("$有新工单", "信息部", "信息部有新工单"),
            ("发给$。", "Alice Baker", "发给 Alice Baker。"),
            ("发给$。", "王芳", "发给王芳。"),
            ("由 $ 转来", "Li", "由 Li 转来"),
            ("**由$转来**", "Li", "由 Li 转来"),
            ("主题“$”", "VPN连不上", "主题“VPN连不上”"),
            ("有$封", "3", "有 3 封"),
            ("有$封", "", "有封"),
            ("Hello $,", "王芳", "Hello 王芳,"),
        ] {
            let parts = filled(template, fact);
            assert_eq!(parts.text, wanted, "{template}");
            assert!(parts.html.contains(wanted), "{template}: {}", parts.html);
        }
    }

    /// Renders a template in which the first slot stands for a fact.
    fn filled(template: &str, fact: &str) -> Parts {
        render(&parse(&template.replace('$', "\u{F1000}")), &[fact.into()])
    }

    #[test]
    fn facts_make_no_links_and_no_markup() {
        let parts = filled("Hi $\n", "<b> http://evil.example www.evil.example [x](https://y) \u{F1000}\u{F0200}");
        assert_eq!(parts.text, "Hi <b> http:/ /evil.example www .evil.example [x](https:/ /y) \u{F1000}\u{F0200}");
        assert!(parts.html.contains("&lt;b&gt;") && !parts.html.contains("<a "), "{}", parts.html);
        let linked = filled("[t]($)", "https://kb.example/a_(b)?x=1&y");
        assert_eq!(linked.text, "t: https://kb.example/a_(b)?x=1&y");
        assert!(linked.html.contains("href=\"https://kb.example/a_(b)?x=1&amp;y\""), "{}", linked.html);
        assert_eq!(filled("[t]($)", "javascript:alert").html, "<p>t</p>\n");
        // Emphasis is the template's, whatever the fact begins and ends with.
        assert_eq!(filled("**$**后", "（重要）").html, "<p><strong>（重要）</strong>后</p>\n");
    }

    #[test]
    fn relayed_words_stay_as_they_are() {
        let words = "Hi *Li*,\r\n\r\n  1. do https://kb.example/a?b=1.\r\n> 请看http://x.example/，谢谢\n";
        let parts = filled(&format!("{RELAY}$\n\nBye\n"), words);
        assert_eq!(parts.text, "Hi *Li*,\n\n  1. do https://kb.example/a?b=1.\n> 请看http://x.example/，谢谢\n\nBye");
        assert_eq!(
            parts.html,
            "<p>Hi *Li*,<br>\n<br>\n&nbsp;&nbsp;1. do <a href=\"https://kb.example/a?b=1\">https://kb.example/a?b=1</a>.<br>\n&gt; 请看<a \
             href=\"http://x.example/\">http://x.example/</a>，谢谢</p>\n<p>Bye</p>\n"
        );
        let parts = filled(&format!("{VERBATIM}$"), words);
        assert!(!parts.html.contains("<a ") && parts.html.contains("do https:<wbr>//kb.example/a?b=1."), "{}", parts.html);
    }

    #[test]
    fn long_lines_cost_no_more_than_their_length() {
        for line in ["www.", "http://a", "http://a)", " ", ":/", "](", "\t", "好http"] {
            let words = line.repeat(400_000 / line.len());
            for template in [format!("{RELAY}$"), format!("{VERBATIM}$"), "$".to_owned()] {
                let parts = filled(&template, &words);
                assert!(parts.html.len() < 12_000_000);
            }
        }
        let tail = format!("http://a{}", ")".repeat(400_000));
        assert!(filled(&format!("{RELAY}$"), &tail).html.contains("<a href=\"http://a\">"));
    }
}
