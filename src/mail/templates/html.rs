//! Plain text as HTML: escaped, its spaces kept, its addresses made into links or kept from becoming some.

/// Parts an address for the mail client's eyes and not for the reader's.
pub(super) const PART: &str = "<wbr>";

/// Adds text, escaped for element and attribute alike.
pub(super) fn push_html(out: &mut String, text: &str) {
    let mut rest = text;
    while let Some(at) = rest.bytes().position(|b| matches!(b, b'&' | b'<' | b'>' | b'"')) {
        let (before, from) = rest.split_at_checked(at).unwrap_or((rest, ""));
        out.push_str(before);
        push_escaped(out, from.as_bytes().first().copied().unwrap_or_default());
        rest = from.get(1..).unwrap_or("");
    }
    out.push_str(rest);
}

/// Adds one ASCII character.
fn push_escaped(out: &mut String, ascii: u8) {
    match ascii {
        b'&' => out.push_str("&amp;"),
        b'<' => out.push_str("&lt;"),
        b'>' => out.push_str("&gt;"),
        b'"' => out.push_str("&quot;"),
        other => out.push(char::from(other)),
    }
}

/// One line of plain text as HTML: runs of spaces stay, http(s) addresses become links where wanted and are parted where not.
pub(super) fn html_line(out: &mut String, line: &str, links: bool) {
    if !links {
        return html_text(out, line, true);
    }
    let mut rest = line;
    while let Some(at) = address_start(rest) {
        let (before, from) = rest.split_at_checked(at).unwrap_or((rest, ""));
        let (url, after) = from.split_at_checked(address_length(from)).unwrap_or((from, ""));
        html_text(out, before, false);
        out.push_str("<a href=\"");
        push_html(out, url);
        out.push_str("\">");
        push_html(out, url);
        out.push_str("</a>");
        rest = after;
    }
    html_text(out, rest, false);
}

/// Text with its spaces, of which HTML would swallow all but one, and those at a line's head. `parted`: no mail client takes its `://` and
/// `www.` for a link.
fn html_text(out: &mut String, text: &str, parted: bool) {
    let mut space = out.ends_with('\n') || out.ends_with("<p>");
    let mut rest = text;
    while let Some(at) = rest.bytes().position(|b| matches!(b, b' ' | b'\t' | b'&' | b'<' | b'>' | b'"' | b':' | b'.')) {
        let (before, from) = rest.split_at_checked(at).unwrap_or((rest, ""));
        out.push_str(before);
        let mark = from.as_bytes().first().copied().unwrap_or_default();
        match mark {
            b' ' if space && before.is_empty() => out.push_str("&nbsp;"),
            b'\t' => out.push_str("&nbsp;&nbsp;&nbsp; "),
            b':' if parted && from.starts_with("://") => out.extend([":", PART]),
            b'.' if parted && ends_in_www(before) => out.extend([PART, "."]),
            other => push_escaped(out, other),
        }
        space = matches!(mark, b' ' | b'\t');
        rest = from.get(1..).unwrap_or("");
    }
    out.push_str(rest);
}

/// `www`, in whatever case: what makes a link of the full stop behind it.
pub(super) fn ends_in_www(text: &str) -> bool {
    text.get(text.len().saturating_sub(3)..).is_some_and(|end| end.eq_ignore_ascii_case("www"))
}

fn address_start(text: &str) -> Option<usize> {
    let mut from = 0;
    while let Some(found) = text.get(from..)?.find("http") {
        let at = from + found;
        let tail = text.get(at..)?;
        let body = tail.strip_prefix("https://").or_else(|| tail.strip_prefix("http://"));
        if body.is_some_and(|b| b.starts_with(|c: char| c.is_ascii_alphanumeric() || c == '[')) {
            return Some(at);
        }
        from = at + 4;
    }
    None
}

/// Length of the address at the beginning: to the first character that stands in none, less the sentence's own punctuation.
fn address_length(text: &str) -> usize {
    let end = text
        .find(|c: char| !c.is_ascii_graphic() || matches!(c, '<' | '>' | '"' | '`' | '{' | '}' | '|' | '\\' | '^'))
        .unwrap_or(text.len());
    let mut url = text.get(..end).unwrap_or(text);
    let (round, square) = (url.contains('('), url.contains('['));
    loop {
        let shorter = match url.chars().next_back() {
            Some('.' | ',' | ';' | ':' | '!' | '?' | '\'' | '*' | '_') => url.get(..url.len() - 1),
            Some(')') if !round => url.get(..url.len() - 1),
            Some(']') if !square => url.get(..url.len() - 1),
            _ => None,
        };
        match shorter {
            Some(shorter) => url = shorter,
            None => return url.len(),
        }
    }
}
