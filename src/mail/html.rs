//! HTML as the text that a reader would see: blocks as lines, quotes behind `> `, clients' marks as the separators that plain mail has.
//!
//! One pass over the tags with a stack of open elements; nothing is fetched and no markup survives. A browser's parser with a renderer
//! (html5ever, html2text) was weighed and used at first: quadratic on nested tables, endless on some thousand nested blocks, and blind to
//! `class="gmail_attr"`. Mail needs no more of HTML's error recovery than that a closing tag closes what it names. Time is linear in the page:
//! the stack is bounded, and what is nested deeper is read as if it were not.

mod clients;
mod entities;
mod lexer;

use clients::Mark;
use lexer::{Lexer, Token};

use crate::domain::quotes::{self, HeadField};

/// Elements inside one another that are told apart.
const DEPTH: usize = 200;
/// Quotes and lists inside one another that are drawn.
const DRAWN: usize = 5;
/// What stands above a mail that is answered: the line of Outlook's plain mails, which the rules for quotes know.
const ORIGINAL: &str = "-----Original Message-----";
const RULE: &str = "________";

/// A page as text, and whether it was nested too deeply to be read exactly.
pub fn to_text(html: &str) -> (String, bool) {
    let mut page = Page::default();
    for token in Lexer::new(html) {
        match token {
            Token::Text(text) => page.text(text),
            Token::Open(name, attributes) => page.open(&name.to_ascii_lowercase(), attributes),
            Token::Close(name) => page.close(&name.to_ascii_lowercase()),
        }
    }
    page.end_line();
    page.out.truncate(page.out.trim_end().len());
    (page.out, page.too_deep)
}

/// What an element does to the lines around it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    Inline,
    /// Begins and ends a line.
    Line,
    /// With an empty line above and below.
    Paragraph,
    Quote,
    Bullets,
    Numbers(usize),
    Item,
    Table,
    Row,
    Cell,
    Preformatted,
    /// Nothing in it is read.
    Hidden,
}

fn kind(name: &str) -> Kind {
    match name {
        "p" | "h1" | "h2" | "h3" | "h4" | "h5" | "h6" | "dl" => Kind::Paragraph,
        "div" | "center" | "article" | "section" | "header" | "footer" | "address" | "main" | "nav" | "aside" | "form" | "fieldset"
        | "figure" | "body" | "dt" | "dd" | "caption" | "option" | "includetail" => Kind::Line,
        "ul" | "menu" | "dir" => Kind::Bullets,
        "ol" => Kind::Numbers(0),
        "li" => Kind::Item,
        "table" => Kind::Table,
        "tr" => Kind::Row,
        "td" | "th" => Kind::Cell,
        "pre" => Kind::Preformatted,
        _ => Kind::Inline,
    }
}

/// The address of a link that writes a mail.
fn mailto(href: &str) -> Option<String> {
    let address = href.get(..7).filter(|scheme| scheme.eq_ignore_ascii_case("mailto:")).and_then(|_| href.get(7..))?;
    let address = address.split('?').next().unwrap_or_default().trim();
    (address.contains('@') && address.len() <= 254 && !address.contains(char::is_whitespace)).then(|| address.to_owned())
}

/// A line of a mail's head that names the sender and no address: Foxmail has that in the link alone.
fn names_sender(line: &str) -> bool {
    line.len() <= 200 && !line.contains('@') && matches!(quotes::head_field(line), Some((HeadField::From, name)) if !name.is_empty())
}

/// An open element.
#[derive(Debug)]
struct Element {
    name: String,
    kind: Kind,
}

#[derive(Debug, Default)]
struct Page {
    out: String,
    /// The line that is being written, without what stands before it.
    line: String,
    /// White space stands between what was written and what comes.
    space: bool,
    /// An empty line is due, this many quotes deep.
    gap: Option<usize>,
    /// The bullet of the item that begins.
    bullet: Option<String>,
    /// The last lines say that the mail that is answered comes.
    announced: bool,
    /// The address that an open link writes to.
    mailto: Option<String>,
    stack: Vec<Element>,
    /// Elements that the stack has no room for.
    beyond: usize,
    too_deep: bool,
    /// Open elements of these kinds.
    quotes: usize,
    items: usize,
    preformatted: usize,
    hidden: usize,
}

impl Page {
    fn text(&mut self, text: &str) {
        if self.hidden > 0 {
            return;
        }
        let mut decoded = String::with_capacity(text.len());
        entities::decode(text, &mut decoded);
        if self.preformatted > 0 {
            for (i, line) in decoded.split('\n').enumerate() {
                if i > 0 {
                    self.break_line();
                }
                self.line.extend(line.chars().filter(|c| !c.is_control() || *c == '\t'));
            }
            return;
        }
        for c in decoded.chars() {
            match c {
                ' ' | '\t' | '\n' | '\r' | '\x0c' => self.space = true,
                c if c.is_control() => {}
                c => {
                    if std::mem::take(&mut self.space) && !self.line.is_empty() && !self.line.ends_with(' ') {
                        self.line.push(' ');
                    }
                    self.line.push(if c == '\u{a0}' { ' ' } else { c });
                }
            }
        }
    }

    /// Writes the line that has been begun, if there is anything on it.
    fn end_line(&mut self) {
        self.space = false;
        if self.line.trim().is_empty() {
            self.line.clear();
            return;
        }
        if let Some(depth) = self.gap.take()
            && !(self.out.is_empty() || self.out.ends_with("\n\n") || self.out.ends_with("\n>\n"))
        {
            self.push_line(depth, "");
        }
        self.announced = self.line == ORIGINAL || (self.announced && self.line == RULE);
        let indent = self.items.saturating_sub(usize::from(self.bullet.is_some())).min(DRAWN);
        let line = format!("{}{}{}", "  ".repeat(indent), self.bullet.take().unwrap_or_default(), self.line);
        self.line.clear();
        self.push_line(self.quotes, &line);
    }

    fn push_line(&mut self, quotes: usize, line: &str) {
        let start = self.out.len();
        self.out.push_str(&"> ".repeat(quotes.min(DRAWN)));
        self.out.push_str(line);
        let end = self.out.trim_end_matches(' ').len().max(start);
        self.out.truncate(end);
        self.out.push('\n');
    }

    /// `<br>`: ends the line, or leaves an empty one; three in a row say no more than two.
    fn break_line(&mut self) {
        if !self.line.trim().is_empty() {
            return self.end_line();
        }
        self.line.clear();
        self.space = false;
        if !self.out.is_empty() {
            let depth = self.gap.take().map_or(self.quotes, |depth| depth.min(self.quotes));
            let empty = "> ".repeat(depth.min(DRAWN));
            if !self.out.ends_with(&format!("\n{0}\n{0}\n", empty.trim_end())) {
                self.push_line(depth, "");
            }
        }
    }

    /// An empty line before whatever comes.
    fn paragraph(&mut self) {
        self.end_line();
        self.gap = Some(self.gap.map_or(self.quotes, |depth| depth.min(self.quotes)));
    }

    fn open(&mut self, name: &str, attributes: &str) {
        match name {
            "br" => {
                return if self.hidden == 0 {
                    self.break_line()
                };
            }
            "hr" => return self.rule(attributes),
            "img" | "input" | "meta" | "link" | "col" | "wbr" | "base" | "area" | "source" | "embed" | "param" | "track" => return,
            _ => {}
        }
        if name == "a" {
            self.mailto = lexer::attribute(attributes, "href").and_then(mailto);
        }
        let mark = clients::mark(name, attributes);
        let kind = match (kind(name), mark) {
            (_, Some(Mark::Hidden)) => Kind::Hidden,
            (_, Some(Mark::Quote | Mark::Head)) => Kind::Quote,
            (Kind::Inline, _) if name == "blockquote" => Kind::Line,
            (kind, _) => kind,
        };
        self.close_implied(kind, name);
        if self.stack.len() >= DEPTH {
            self.beyond += 1;
            self.too_deep = true;
            return;
        }
        if self.hidden == 0 {
            self.begin(kind, mark);
        }
        self.count(kind, 1);
        self.stack.push(Element { name: name.to_owned(), kind });
    }

    fn rule(&mut self, attributes: &str) {
        match clients::mark("hr", attributes) {
            _ if self.hidden > 0 => {}
            None => self.whole_line(RULE),
            mark => self.begin(Kind::Line, mark),
        }
    }

    fn whole_line(&mut self, line: &str) {
        self.end_line();
        self.line.push_str(line);
        self.end_line();
    }

    /// The lines around an element that begins.
    fn begin(&mut self, kind: Kind, mark: Option<Mark>) {
        match kind {
            Kind::Inline | Kind::Hidden => {}
            Kind::Line | Kind::Row => self.end_line(),
            Kind::Bullets | Kind::Numbers(_) if self.items > 0 => self.end_line(),
            Kind::Paragraph | Kind::Quote | Kind::Bullets | Kind::Numbers(_) | Kind::Table | Kind::Preformatted => self.paragraph(),
            Kind::Item => {
                self.end_line();
                self.bullet = Some(self.next_bullet());
            }
            Kind::Cell => {
                if !self.line.trim().is_empty() {
                    self.line.push_str("  ");
                }
            }
        }
        match mark {
            Some(Mark::Original) if self.quotes == 0 && !self.announced => self.whole_line(ORIGINAL),
            Some(Mark::Signature) if !self.out.ends_with("\n-- \n") && !self.out.ends_with("\n--\n") => self.begin_signature(),
            _ => {}
        }
    }

    /// With the space by which it is told from a dash that somebody drew (RFC 3676 section 4.3).
    fn begin_signature(&mut self) {
        self.whole_line("--");
        if self.out.ends_with("--\n") {
            self.out.pop();
            self.out.push_str(" \n");
        }
    }

    fn next_bullet(&mut self) -> String {
        let list = self.stack.iter_mut().rev().find(|e| matches!(e.kind, Kind::Bullets | Kind::Numbers(_)));
        match list.map(|e| &mut e.kind) {
            Some(Kind::Numbers(count)) => {
                *count += 1;
                format!("{count}. ")
            }
            _ => "* ".to_owned(),
        }
    }

    /// Elements that end where another one of their kind begins: paragraphs, items, rows, cells.
    fn close_implied(&mut self, kind: Kind, name: &str) {
        if kind == Kind::Inline {
            return;
        }
        let open = self.stack.iter().rposition(|e| e.kind != Kind::Inline);
        if let Some(at) = open.filter(|at| self.stack.get(*at).is_some_and(|e| e.name == "p")) {
            self.close_from(at);
        }
        let (own, fence): (&[&str], &[&str]) = match name {
            "li" => (&["li"], &["ul", "ol", "menu", "dir", "table"]),
            "dt" | "dd" => (&["dt", "dd"], &["dl", "table"]),
            "td" | "th" => (&["td", "th"], &["tr", "table"]),
            "tr" => (&["tr"], &["table"]),
            _ => return,
        };
        let near = self.stack.iter().rposition(|e| own.contains(&e.name.as_str()) || fence.contains(&e.name.as_str()));
        if let Some(at) = near.filter(|at| self.stack.get(*at).is_some_and(|e| own.contains(&e.name.as_str()))) {
            self.close_from(at);
        }
    }

    /// Closes what the tag names, and what is open inside it; inline elements alone. A table's content closes nothing around the table.
    fn close(&mut self, name: &str) {
        if name == "a"
            && let Some(address) = self.mailto.take()
            && names_sender(&self.line)
        {
            self.line.push_str(&format!(" <{address}>"));
        }
        if self.beyond > 0 {
            self.beyond -= 1;
            return;
        }
        let found = self.stack.iter().rposition(|e| e.name == name || (e.kind == Kind::Table && name != "body" && name != "html"));
        let Some(at) = found.filter(|at| self.stack.get(*at).is_some_and(|e| e.name == name)) else { return };
        if self.stack.get(at).is_some_and(|e| e.kind == Kind::Inline) {
            self.stack.remove(at);
        } else {
            self.close_from(at);
        }
    }

    fn close_from(&mut self, at: usize) {
        while self.stack.len() > at
            && let Some(element) = self.stack.pop()
        {
            if self.hidden == 0 {
                self.finish(element.kind);
            }
            self.count(element.kind, -1);
            let list = matches!(element.kind, Kind::Bullets | Kind::Numbers(_)) && self.items == 0;
            if self.hidden == 0 && (list || matches!(element.kind, Kind::Quote | Kind::Paragraph | Kind::Table | Kind::Preformatted)) {
                self.paragraph();
            }
        }
    }

    fn finish(&mut self, kind: Kind) {
        match kind {
            Kind::Inline | Kind::Hidden | Kind::Cell => {}
            _ => self.end_line(),
        }
        if kind == Kind::Item {
            self.bullet = None;
        }
    }

    fn count(&mut self, kind: Kind, step: isize) {
        let counter = match kind {
            Kind::Quote => &mut self.quotes,
            Kind::Item => &mut self.items,
            Kind::Preformatted => &mut self.preformatted,
            Kind::Hidden => &mut self.hidden,
            _ => return,
        };
        *counter = counter.saturating_add_signed(step);
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// (case, page, text)
    const PAGES: &[(&str, &str, &str)] = &[
        (
            "foxmail's sender",
            "<div><b>发件人：</b>&nbsp;<a href='mailto:ming@ext.test'>李明</a></div><p>Ask <a href='mailto:x@ext.test'>Ben</a></p>",
            "发件人： 李明 <ming@ext.test>\n\nAsk Ben",
        ),
        ("blocks", "<p>Hi&nbsp;there,</p><div>see <a href='http://x.example/'>this</a><br>bye</div>", "Hi there,\n\nsee this\nbye"),
        ("white space", "<div> a \n <b> b</b>c  </div>\n<div>\n d</div>", "a bc\nd"),
        ("breaks", "a<br>b<br><br>c<div>d<br></div><div><br></div>e", "a\nb\n\nc\nd\n\ne"),
        ("Outlook's empty paragraph", "<p class=MsoNormal>a<o:p></o:p></p><p class=MsoNormal><o:p>&nbsp;</o:p></p><p>b</p>", "a\n\nb"),
        ("quotes", "a<blockquote>old<blockquote>older</blockquote>old</blockquote>b", "a\n\n> old\n>\n> > older\n>\n> old\n\nb"),
        ("indented, no quote", "<blockquote style='margin: 0 0 0 40px; border: none; padding: 0px'>mine</blockquote>", "mine"),
        ("lists", "<ul><li>a<li>b<ol><li>c</li><li>d<br>e</ol></ul>f", "* a\n* b\n  1. c\n  2. d\n    e\n\nf"),
        ("a table", "<table><tr><td>a<td>b<tr><td>c</td><td><div>d</div></td></table>e", "a  b\nc\nd\n\ne"),
        ("pre", "<pre>a\n  b\n\nc</pre>", "a\n  b\n\nc"),
        (
            "unseen",
            "<head><title>t</title><style>p{}</style></head>a<div style='display: none'>x<p>y</div><script>z</script><!-- c -->b",
            "ab",
        ),
        ("a rule", "a<hr>b", "a\n________\nb"),
        ("sloppy", "</div>a<b>b<div>c</b>d</div></table><p>e<div>f", "ab\ncd\n\ne\n\nf"),
        ("text only", "a < b &amp; c", "a < b & c"),
        ("nothing", "", ""),
    ];

    #[test]
    fn pages_read_as_they_look() {
        for (case, page, text) in PAGES {
            assert_eq!(to_text(page), ((*text).to_owned(), false), "{case}");
        }
    }

    #[test]
    fn clients_marks_become_lines() {
        for (client, page, text) in [
            (
                "Gmail",
                "<div dir=\"ltr\">ok</div><br><div class=\"gmail_quote\"><div dir=\"ltr\" class=\"gmail_attr\">W dniu X napisał:<br></div>\
                 <blockquote class=\"gmail_quote\" style=\"border-left:1px\">old</blockquote></div>",
                "ok\n\n> W dniu X napisał:\n\n> old",
            ),
            (
                "Outlook on the web",
                "<div>ok</div><div id=\"appendonsend\"></div><hr><div id=\"divRplyFwdMsg\"><b>Avsändare:</b> x</div><div>old</div>",
                "ok\n-----Original Message-----\n________\nAvsändare: x\nold",
            ),
            (
                "Word",
                "<p>ok</p><div><div style='border:none;border-top:solid #E1E1E1 1.0pt;padding:3.0pt 0cm 0cm 0cm'><p><b>X:</b> y</p></div></div>",
                "ok\n\n-----Original Message-----\n\nX: y",
            ),
            (
                "Gmail, signed",
                "ok<br><span class=\"gmail_signature_prefix\">-- </span><br><div class=\"gmail_signature\">Li</div>",
                "ok\n--\nLi",
            ),
            ("Outlook, signed", "<div>ok</div><div id=\"Signature\"><p>Li</p></div>", "ok\n-- \n\nLi"),
            (
                "QQ Mail",
                "<div>好</div><div><includetail><div>--- 原始邮件 ---</div></includetail></div>",
                "好\n-----Original Message-----\n--- 原始邮件 ---",
            ),
        ] {
            assert_eq!(to_text(page).0, text, "{client}");
        }
    }

    #[test]
    fn hostile_pages_come_to_an_end() {
        for piece in [
            "<div>", "<table><tr><td>", "<div></span>", "<b><div></b>", "<blockquote>a<br>", "<div><!--</div>-->",
            "<div><style></stylex></div>", "<ul><li>", "</div>", "<", "<!--", "<!", "&", "&#", "<a b=\"", "<p>", "<x y=z ", "</",
            "<pre>\n", "<br>", "<style>", "<td>",
        ] {
            let (text, _) = to_text(&(piece.repeat(300_000 / piece.len()) + "deep"));
            assert!(text.len() < 12_000_000, "{piece}: {}", text.len());
        }
        assert!(to_text(&("<div>".repeat(50_000) + "deep")) == ("deep".to_owned(), true));
    }

    proptest! {
        #[test]
        fn any_page_ends(page in "(<(/?(p|div|b|table|td|tr|li|ul|ol|blockquote|pre|br|hr|head)( class=\"gmail_attr\"| style='display:none')?>)?|[a-c <>&;\"'=!/-]|打){0,200}") {
            let (text, _) = to_text(&page);
            prop_assert!(!text.contains("\n\n\n\n"));
        }
    }
}
