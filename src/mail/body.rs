//! Text out of bodies: HTML to plain text, format=flowed (RFC 3676), the language of a text.
//!
//! html2text renders what a reader would see, quotes as `> ` lines included, but takes quadratic time on nested tables and never ends on
//! tens of thousands of nested blocks. So size and nesting are measured first, and what is too much has its tags stripped instead.

use html2text::config;
use html2text::render::TextDecorator;

/// HTML larger than this is stripped coarsely, bytes.
const HTML_SIZE: usize = 256 * 1024;
/// Elements inside one another that are rendered.
const HTML_DEPTH: usize = 60;
/// Tables inside one another that are rendered.
const TABLE_DEPTH: usize = 6;
/// So wide that no line is wrapped: quotes and URLs stay whole.
const WIDTH: usize = 4000;

/// HTML as text, and whether it was too complex to be rendered.
pub fn html_to_text(html: &str) -> (String, bool) {
    if is_simple(html) {
        let rendered = config::with_decorator(Plain)
            .no_table_borders()
            .allow_width_overflow()
            .no_link_wrapping()
            .raw_mode(true)
            .unicode_strikeout(false)
            .string_from_read(html.as_bytes(), WIDTH);
        if let Ok(text) = rendered {
            return (tidy(&text), false);
        }
    }
    (tidy(&strip_tags(html)), true)
}

/// Trailing white space off, rules cut to a readable length, no-break spaces to spaces, at most two empty lines in a row.
fn tidy(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut blank = 0;
    for line in text.lines() {
        let line = line.trim_end();
        let rule = line.len() > 200 && line.chars().all(|c| c == '─' || c == '-' || c == '_');
        blank = if line.is_empty() { blank + 1 } else { 0 };
        if blank > 2 {
            continue;
        }
        if rule {
            out.push_str("________________________________");
        } else {
            out.extend(line.chars().map(|c| if c == '\u{a0}' { ' ' } else { c }));
        }
        out.push('\n');
    }
    out.trim_end().to_owned()
}

/// Small and flat enough to be rendered in linear time.
fn is_simple(html: &str) -> bool {
    if html.len() > HTML_SIZE {
        return false;
    }
    let (mut depth, mut tables, mut deepest, mut deepest_table) = (0_usize, 0_usize, 0_usize, 0_usize);
    for tag in html.split('<').skip(1) {
        let (closing, tag) = match tag.strip_prefix('/') {
            Some(tag) => (true, tag),
            None => (false, tag),
        };
        let name = tag.split(|c: char| !c.is_ascii_alphanumeric()).next().unwrap_or("");
        let void = ["br", "img", "hr", "meta", "link", "input", "col", "wbr", "p", "li", "td", "tr", "th"];
        if name.is_empty() || void.iter().any(|v| name.eq_ignore_ascii_case(v)) {
            continue;
        }
        let step = |n: usize| if closing { n.saturating_sub(1) } else { n + 1 };
        depth = step(depth);
        deepest = deepest.max(depth);
        if name.eq_ignore_ascii_case("table") {
            tables = step(tables);
            deepest_table = deepest_table.max(tables);
        }
    }
    deepest <= HTML_DEPTH && deepest_table <= TABLE_DEPTH
}

/// The text between the tags, a line for each block.
fn strip_tags(html: &str) -> String {
    let mut out = String::with_capacity(html.len() / 2);
    let mut pieces = html.split('<');
    push_text(&mut out, pieces.next().unwrap_or(""));
    let mut hidden: Option<&str> = None;
    for piece in pieces {
        let (tag, text) = piece.split_once('>').unwrap_or((piece, ""));
        let name = tag.trim_start_matches('/').split(|c: char| !c.is_ascii_alphanumeric()).next().unwrap_or("");
        let is = |names: &[&'static str]| names.iter().copied().find(|n| name.eq_ignore_ascii_case(n));
        match hidden {
            Some(until) if tag.starts_with('/') && name.eq_ignore_ascii_case(until) => hidden = None,
            Some(_) => continue,
            None => hidden = if tag.starts_with('/') { None } else { is(&["script", "style", "head", "title"]) },
        }
        if hidden.is_some() {
            continue;
        }
        let block = ["br", "p", "div", "tr", "li", "table", "ul", "ol", "h1", "h2", "h3", "h4", "blockquote", "pre", "hr"];
        if is(&block).is_some() && !out.ends_with('\n') {
            out.push('\n');
        }
        push_text(&mut out, text);
    }
    out
}

/// Adds text with its white space folded and the common entities decoded.
fn push_text(out: &mut String, text: &str) {
    for c in decode_entities(text).chars() {
        if !c.is_whitespace() || c == '\u{a0}' {
            out.push(c);
        } else if !out.ends_with([' ', '\n']) && !out.is_empty() {
            out.push(' ');
        }
    }
}

fn decode_entities(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut pieces = text.split('&');
    out.push_str(pieces.next().unwrap_or(""));
    for piece in pieces {
        let decoded = piece.split_once(';').filter(|(name, _)| name.len() <= 8).and_then(|(name, rest)| Some((entity(name)?, rest)));
        match decoded {
            Some((c, rest)) => {
                out.push(c);
                out.push_str(rest);
            }
            None => {
                out.push('&');
                out.push_str(piece);
            }
        }
    }
    out
}

fn entity(name: &str) -> Option<char> {
    if let Some(number) = name.strip_prefix('#') {
        let code = match number.strip_prefix(['x', 'X']) {
            Some(hex) => u32::from_str_radix(hex, 16).ok()?,
            None => number.parse().ok()?,
        };
        return char::from_u32(code);
    }
    Some(match name {
        "amp" => '&',
        "lt" => '<',
        "gt" => '>',
        "quot" => '"',
        "apos" => '\'',
        "nbsp" => ' ',
        _ => return None,
    })
}

/// Only what plain mail would hold: quotes and lists are marked, links and emphasis are bare words.
#[derive(Debug, Clone)]
struct Plain;

impl TextDecorator for Plain {
    type Annotation = ();

    fn decorate_link_start(&mut self, _url: &str) -> (String, ()) {
        (String::new(), ())
    }
    fn decorate_link_end(&mut self) -> String {
        String::new()
    }
    fn decorate_em_start(&self) -> (String, ()) {
        (String::new(), ())
    }
    fn decorate_em_end(&self) -> String {
        String::new()
    }
    fn decorate_strong_start(&self) -> (String, ()) {
        (String::new(), ())
    }
    fn decorate_strong_end(&self) -> String {
        String::new()
    }
    fn decorate_strikeout_start(&self) -> (String, ()) {
        (String::new(), ())
    }
    fn decorate_strikeout_end(&self) -> String {
        String::new()
    }
    fn decorate_code_start(&self) -> (String, ()) {
        (String::new(), ())
    }
    fn decorate_code_end(&self) -> String {
        String::new()
    }
    fn decorate_preformat_first(&self) {}
    fn decorate_preformat_cont(&self) {}
    fn decorate_image(&mut self, _src: &str, _title: &str) -> (String, ()) {
        (String::new(), ())
    }
    fn header_prefix(&self, _level: usize) -> String {
        String::new()
    }
    fn quote_prefix(&self) -> String {
        "> ".to_owned()
    }
    fn unordered_item_prefix(&self) -> String {
        "* ".to_owned()
    }
    fn ordered_item_prefix(&self, i: i64) -> String {
        format!("{i}. ")
    }
    fn make_subblock_decorator(&self) -> Self {
        Plain
    }
}

/// Joins the soft breaks of format=flowed; `delsp` drops the space at each join (RFC 3676 section 4).
pub fn unflow(text: &str, delsp: bool) -> String {
    let mut out = String::with_capacity(text.len());
    let mut open: Option<usize> = None;
    for line in text.lines() {
        let depth = line.bytes().take_while(|b| *b == b'>').count();
        let (_, rest) = line.split_at_checked(depth).unwrap_or(("", line));
        let rest = rest.strip_prefix(' ').unwrap_or(rest);
        if open != Some(depth) {
            if open.is_some() {
                out.push('\n');
            }
            out.push_str(&">".repeat(depth));
            if depth > 0 && !rest.is_empty() {
                out.push(' ');
            }
        }
        // "-- " ends no paragraph softly: it is the signature's mark.
        let soft = rest.ends_with(' ') && rest != "-- ";
        if soft {
            out.push_str(if delsp { rest.strip_suffix(' ').unwrap_or(rest) } else { rest });
            open = Some(depth);
        } else {
            out.push_str(rest);
            out.push('\n');
            open = None;
        }
    }
    out
}

/// English words that no neighbouring language shares.
const ENGLISH: &[&str] = &[
    "the", "and", "you", "please", "with", "have", "not", "this", "that", "my", "what", "from", "are", "for", "when", "can", "cannot",
    "your", "our", "is", "it", "has", "been", "would", "could", "of", "to", "thanks", "thank", "hello", "how", "does", "but", "was", "on",
    "after", "help", "need", "i", "we",
];

/// The language of a text as a BCP 47 primary subtag; `None` where it is too short to tell.
pub fn language(text: &str) -> Option<&'static str> {
    let (mut han, mut kana, mut hangul, mut letters) = (0_usize, 0_usize, 0_usize, 0_usize);
    for c in text.chars().take(4000) {
        match c {
            '\u{3400}'..='\u{9fff}' | '\u{f900}'..='\u{faff}' | '\u{20000}'..='\u{3ffff}' => han += 1,
            '\u{3041}'..='\u{30ff}' => kana += 1,
            '\u{ac00}'..='\u{d7af}' | '\u{1100}'..='\u{11ff}' => hangul += 1,
            c if c.is_alphabetic() => letters += 1,
            _ => {}
        }
    }
    // A Han character says as much as a Latin word of five letters.
    let latin = letters / 5;
    if kana > 1 && kana * 10 >= han && (kana + han) * 3 >= latin {
        return Some("ja");
    }
    if hangul > 1 && hangul * 3 >= latin {
        return Some("ko");
    }
    if han > 1 && han * 3 >= latin {
        return Some("zh");
    }
    let start = text.char_indices().nth(1000).map_or(text, |(end, _)| text.get(..end).unwrap_or(text));
    let words = start.split(|c: char| !c.is_alphanumeric() && c != '\'').filter(|w| !w.is_empty());
    let (mut count, mut english) = (0_usize, 0_usize);
    for word in words.take(150) {
        count += 1;
        english += usize::from(ENGLISH.iter().any(|e| word.eq_ignore_ascii_case(e)));
    }
    if english >= 2 && english * 6 >= count {
        return Some("en");
    }
    if letters < 40 {
        return None;
    }
    let told = whatlang::detect(start)?;
    if told.is_reliable() { primary_subtag(told.lang()) } else { (english >= 2).then_some("en") }
}

/// ISO 639-3 as whatlang names it → BCP 47.
fn primary_subtag(lang: whatlang::Lang) -> Option<&'static str> {
    use whatlang::Lang;
    Some(match lang {
        Lang::Eng => "en",
        Lang::Cmn => "zh",
        Lang::Deu => "de",
        Lang::Fra => "fr",
        Lang::Spa => "es",
        Lang::Por => "pt",
        Lang::Ita => "it",
        Lang::Nld => "nl",
        Lang::Pol => "pl",
        Lang::Rus => "ru",
        Lang::Ukr => "uk",
        Lang::Swe => "sv",
        Lang::Dan => "da",
        Lang::Nob => "nb",
        Lang::Fin => "fi",
        Lang::Ces => "cs",
        Lang::Hun => "hu",
        Lang::Ron => "ro",
        Lang::Tur => "tr",
        Lang::Vie => "vi",
        Lang::Ind => "id",
        Lang::Ara => "ar",
        Lang::Heb => "he",
        Lang::Ell => "el",
        Lang::Tha => "th",
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn html_reads_like_mail() {
        let (text, coarse) = html_to_text(
            "<html><head><style>p{}</style></head><body><p>Hi&nbsp;there,</p><div>see <a href='http://x.example/'>this</a><br>bye</div>\
             <hr><blockquote>old<blockquote>older</blockquote></blockquote><table><tr><td>a</td><td>b</td></tr></table></body></html>",
        );
        assert!(!coarse);
        assert!(text.starts_with("Hi there,\n\nsee this\nbye\n"), "{text}");
        assert!(text.contains("\n> old\n"), "{text}");
        assert!(text.contains("\n> > older"), "{text}");
        assert!(!text.contains("p{}"), "{text}");
    }

    #[test]
    fn too_complex_html_is_stripped() {
        for bad in ["<div>".repeat(50_000) + "deep", "<table><tr><td>".repeat(2000) + "deep", "x".repeat(HTML_SIZE) + "deep"] {
            let (text, coarse) = html_to_text(&bad);
            assert!(coarse && text.ends_with("deep"), "{}", bad.len());
        }
        assert_eq!(strip_tags("<head><title>t</title></head>a &amp; b<br/>c<script>x<y</script>&#20320; &bogus; <"), "a & b\nc你 &bogus; ");
    }

    #[test]
    fn flowed_lines_join() {
        for (text, delsp, joined) in [
            ("a \nb\nc", false, "a b\nc\n"),
            ("> a \n> b\n>> c \nd", false, "> a b\n>> c \nd\n"),
            ("a\n-- \nsig", false, "a\n-- \nsig\n"),
            (" >not a quote\n From me", false, ">not a quote\nFrom me\n"),
            ("打印 \n机", true, "打印机\n"),
        ] {
            assert_eq!(unflow(text, delsp), joined, "{text:?}");
        }
    }

    #[test]
    fn languages() {
        for (text, language_) in [
            ("VPN 连不上", Some("zh")),
            ("打印機壞了，please check the printer", Some("zh")),
            ("VPN down", None),
            ("help", None),
            ("My printer is broken, please help", Some("en")),
            ("プリンターが壊れました", Some("ja")),
            ("프린터가 고장났습니다", Some("ko")),
            ("", None),
            ("Der Drucker in der dritten Etage druckt seit heute Morgen nur noch leere Seiten, bitte kommen Sie vorbei.", Some("de")),
            ("L'imprimante du troisième étage ne fonctionne plus depuis ce matin, pouvez-vous passer la réparer ?", Some("fr")),
        ] {
            assert_eq!(language(text), language_, "{text}");
        }
    }
}
