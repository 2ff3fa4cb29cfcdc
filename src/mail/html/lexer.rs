//! HTML cut into tags and text, as browsers do it (HTML Living Standard, section 13.2.5), for what mail needs of it.

/// A piece of HTML.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Token<'a> {
    /// Text with its character references.
    Text(&'a str),
    /// `<name attributes>`.
    Open(&'a str, &'a str),
    /// `</name>`.
    Close(&'a str),
}

/// Elements whose content is no text of the page: skipped to their end.
const RAW: [&str; 11] = ["script", "style", "title", "textarea", "xmp", "iframe", "noembed", "noframes", "template", "svg", "math"];

/// Cuts a page; comments, declarations and raw elements are left out.
#[derive(Debug)]
pub struct Lexer<'a> {
    rest: &'a str,
}

impl<'a> Lexer<'a> {
    /// At the start of a page.
    pub fn new(html: &'a str) -> Lexer<'a> {
        Lexer { rest: html }
    }

    fn skip(&mut self, count: usize) {
        self.rest = self.rest.get(count..).unwrap_or("");
    }

    /// `<!-- … -->`, `<!doctype …>`, `<![endif]>`, `<?xml … ?>`.
    fn skip_declaration(&mut self) {
        let Some(comment) = self.rest.strip_prefix("<!--") else {
            return self.skip(self.rest.find('>').map_or(self.rest.len(), |at| at + 1));
        };
        let end = match comment {
            c if c.starts_with('>') => 1,
            c if c.starts_with("->") => 2,
            c => memchr::memmem::find(c.as_bytes(), b"-->").map_or(c.len(), |at| at + 3),
        };
        self.skip(4 + end);
    }

    /// Behind the end of a raw element.
    fn skip_raw(&mut self, name: &str) {
        let bytes = self.rest.as_bytes();
        let ends = memchr::memmem::find_iter(bytes, b"</").find(|at| {
            let after = bytes.get(at + 2..).unwrap_or_default();
            let closes = after.get(..name.len()).is_some_and(|n| n.eq_ignore_ascii_case(name.as_bytes()));
            closes && after.get(name.len()).is_none_or(|b| !b.is_ascii_alphanumeric())
        });
        self.skip(ends.unwrap_or(bytes.len()));
    }
}

impl<'a> Iterator for Lexer<'a> {
    type Item = Token<'a>;

    fn next(&mut self) -> Option<Token<'a>> {
        loop {
            let bytes = self.rest.as_bytes();
            let begins = |at: usize| bytes.get(at + 1).is_some_and(|b| b.is_ascii_alphabetic() || matches!(b, b'/' | b'!' | b'?'));
            let start = memchr::memchr_iter(b'<', bytes).find(|at| begins(*at)).unwrap_or(bytes.len());
            if start > 0 {
                let (text, rest) = self.rest.split_at_checked(start)?;
                self.rest = rest;
                return Some(Token::Text(text));
            }
            match bytes.get(1)? {
                b'!' | b'?' => self.skip_declaration(),
                b'/' => {
                    let inside = self.rest.get(2..).unwrap_or("");
                    let end = inside.find('>').unwrap_or(inside.len());
                    let name = name_of(inside.get(..end).unwrap_or(""));
                    self.skip(2 + end + 1);
                    if !name.is_empty() {
                        return Some(Token::Close(name));
                    }
                }
                _ => {
                    let inside = self.rest.get(1..).unwrap_or("");
                    let name = name_of(inside);
                    let attributes = inside.get(name.len()..).unwrap_or("");
                    let end = tag_end(attributes);
                    self.skip(1 + name.len() + end + 1);
                    let drawn = attributes.get(..end).is_some_and(|a| a.ends_with('/')) && matches!(name, "svg" | "math");
                    if drawn {
                        continue;
                    }
                    if RAW.iter().any(|raw| name.eq_ignore_ascii_case(raw)) {
                        self.skip_raw(name);
                    } else {
                        return Some(Token::Open(name, attributes.get(..end).unwrap_or("")));
                    }
                }
            }
        }
    }
}

fn name_of(tag: &str) -> &str {
    let end = tag.find(|c: char| c.is_ascii_whitespace() || c == '/' || c == '>').unwrap_or(tag.len());
    tag.get(..end).unwrap_or("")
}

/// Where a tag ends: at the first `>` outside a quoted value.
fn tag_end(attributes: &str) -> usize {
    let mut quote = None;
    let mut after_equals = false;
    for (at, b) in attributes.bytes().enumerate() {
        match (quote, b) {
            (Some(q), b) if q == b => quote = None,
            (Some(_), _) => {}
            (None, b'>') => return at,
            (None, b'"' | b'\'') if after_equals => quote = Some(b),
            _ => {}
        }
        after_equals = b == b'=' || (after_equals && b.is_ascii_whitespace());
    }
    // A quote that is never closed would swallow the page: the tag ends where it would without it.
    quote.and_then(|_| attributes.find('>')).unwrap_or(attributes.len())
}

/// The value of an attribute, as written.
pub fn attribute<'a>(attributes: &'a str, name: &str) -> Option<&'a str> {
    let mut rest = attributes;
    loop {
        rest = rest.trim_start_matches(|c: char| c.is_ascii_whitespace() || c == '/');
        let end = rest.find(|c: char| c.is_ascii_whitespace() || c == '=' || c == '/').unwrap_or(rest.len());
        let (key, after) = rest.split_at_checked(end)?;
        let after = after.trim_ascii_start();
        let (value, after) = match after.strip_prefix('=').map(str::trim_ascii_start) {
            Some(quoted) if quoted.starts_with(['"', '\'']) => {
                let mark = quoted.chars().next()?;
                let inside = quoted.strip_prefix(mark)?;
                inside.split_once(mark).unwrap_or((inside, ""))
            }
            Some(bare) => bare.split_at_checked(bare.find(|c: char| c.is_ascii_whitespace()).unwrap_or(bare.len()))?,
            None => ("", after),
        };
        if key.eq_ignore_ascii_case(name) {
            return Some(value);
        }
        if after.is_empty() || (key.is_empty() && after.len() == rest.len()) {
            return None;
        }
        rest = after;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pages_are_cut() {
        let html =
            "<!doctype html>a<!-- <b> -->b<P CLASS='x>y' id=z>c</p ><script>if (a<b) \"</p>\"</script>d < e <3 <!--> f<br/>g</>h<style>x";
        let tokens: Vec<_> = Lexer::new(html).collect();
        use Token::{Close, Open, Text};
        let expected = [
            Text("a"),
            Text("b"),
            Open("P", " CLASS='x>y' id=z"),
            Text("c"),
            Close("p"),
            Close("script"),
            Text("d < e <3 "),
            Text(" f"),
            Open("br", "/"),
            Text("g"),
            Text("h"),
        ];
        assert_eq!(tokens, expected);
    }

    #[test]
    fn attributes_are_found() {
        let tag = " class=\"a b\" ID = 'c' hidden type=cite style=x/y";
        for (name, value) in
            [("class", Some("a b")), ("id", Some("c")), ("type", Some("cite")), ("hidden", Some("")), ("style", Some("x/y")), ("z", None)]
        {
            assert_eq!(attribute(tag, name), value, "{name}");
        }
        assert_eq!(attribute("", "a"), None);
        assert_eq!(attribute(" = =", "a"), None);
        assert_eq!(attribute(" a=\"never closed", "a"), Some("never closed"));
    }
}
