//! Which slip made a template unreadable: handlebars' parser says what signs it would have taken, which helps nobody.
//!
//! The tags are read once more, by hand: each must end, each block must be closed by its own end, `{{else}}` stands in a block.

use std::ops::Range;

/// A slip: its bytes in the piece, what is wrong, what to write.
pub(super) struct Slip {
    pub(super) at: Range<usize>,
    pub(super) message: String,
    pub(super) help: String,
}

fn slip(at: Range<usize>, message: impl Into<String>, help: impl Into<String>) -> Option<Slip> {
    Some(Slip { at, message: message.into(), help: help.into() })
}

/// The first slip; `None` where the tags themselves are sound.
pub(super) fn find(piece: &str) -> Option<Slip> {
    let mut open: Vec<(&str, Range<usize>)> = Vec::new();
    let mut from = 0;
    while let Some(found) = piece.get(from..).and_then(|rest| rest.find("{{")) {
        let start = from + found;
        let rest = piece.get(start..).unwrap_or("");
        let (begin, end) = brackets(rest);
        let Some(length) = rest.find(end) else { return unclosed(rest, start, begin, end) };
        let whole = start..start + length + end.len();
        let inside = rest.get(begin.len()..length).unwrap_or("").trim_matches(|c: char| c == '~' || c.is_whitespace());
        from = whole.end;
        if begin.starts_with("{{!") {
            continue;
        }
        if inside.contains("{{") || (begin == "{{" && inside.contains('\n')) {
            return unclosed(rest, start, begin, end);
        }
        if inside.is_empty() || inside == "#" || inside == "/" {
            return slip(whole, "these brackets name nothing", "write a name between them, {{ticket.tag}}, or delete them");
        }
        if let Some(block) = inside.strip_prefix('#') {
            open.push((block.split_whitespace().next().unwrap_or(""), whole));
        } else if let Some(closed) = inside.strip_prefix('/') {
            match open.pop() {
                Some((name, _)) if name == closed.trim() => {}
                Some((name, _)) => {
                    return slip(
                        whole,
                        format!("{{{{#{name}}}}} is closed by {{{{/{}}}}}", closed.trim()),
                        format!("write {{{{/{name}}}}} here"),
                    );
                }
                None => return slip(whole, format!("{{{{/{}}}}} closes nothing", closed.trim()), "delete it, or open the block before it"),
            }
        } else if inside.split_whitespace().next() == Some("else") && open.is_empty() {
            return slip(whole, "{{else}} stands in no block", "it belongs between {{#if name}} and {{/if}}");
        } else if let Some(at) =
            inside.find(['.', '/']).filter(|_| inside.ends_with('.') || inside.contains("..") && !inside.contains("../"))
        {
            return slip(
                whole,
                format!("\"{inside}\" is no name"),
                format!("write {{{{{}.…}}}} with one of its parts", inside.get(..at).unwrap_or("")),
            );
        }
    }
    let (name, whole) = open.pop()?;
    slip(whole, format!("{{{{#{name} …}}}} is never closed"), format!("write {{{{/{name}}}}} where it ends"))
}

/// How a tag begins and ends.
fn brackets(rest: &str) -> (&'static str, &'static str) {
    match rest {
        _ if rest.starts_with("{{!--") => ("{{!--", "--}}"),
        _ if rest.starts_with("{{!") => ("{{!", "}}"),
        _ if rest.starts_with("{{{") => ("{{{", "}}}"),
        _ => ("{{", "}}"),
    }
}

/// A tag without an end: what is marked goes to the end of its line.
fn unclosed(rest: &str, start: usize, begin: &str, end: &str) -> Option<Slip> {
    let line = rest.lines().next().unwrap_or("").trim_end();
    slip(start..start + line.len(), format!("{begin} is not closed by {end}"), format!("write {end} where the tag ends"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn slips_are_named() {
        for (piece, place, message) in [
            ("a {{ticket.tag", "2..14", "{{ is not closed by }}"),
            ("a {{ticket.tag} b\n{{x}}", "2..17", "{{ is not closed by }}"),
            ("{{{ticket.tag}}", "0..15", "{{{ is not closed by }}}"),
            ("a {{! so\nb", "2..8", "{{! is not closed by }}"),
            ("{{#if x}}b{{#each y}}c{{/each}}", "0..9", "{{#if …}} is never closed"),
            ("{{#if x}}b{{else}}", "0..9", "{{#if …}} is never closed"),
            ("好 {{/if}}", "4..11", "{{/if}} closes nothing"),
            ("{{#if x}}b{{/each}}", "10..19", "{{#if}} is closed by {{/each}}"),
            ("a {{else}} b", "2..10", "{{else}} stands in no block"),
            ("a {{ }} b", "2..7", "these brackets name nothing"),
            ("{{ticket.}}", "0..11", "\"ticket.\" is no name"),
        ] {
            let slip = find(piece).unwrap_or_else(|| panic!("{piece}"));
            assert_eq!((format!("{:?}", slip.at).as_str(), slip.message.as_str()), (place, message), "{piece}");
            assert!(!slip.help.is_empty() && piece.get(slip.at).is_some(), "{piece}");
        }
        for sound in
            ["", "a } b { c", "{{x}} {{!-- {{ --}} {{! a }} {{#if a}}b{{else if c}}d{{else}}e{{/if}} {{~#each ../x~}}{{this}}{{/each}}"]
        {
            assert!(find(sound).is_none(), "{sound}");
        }
    }

    proptest::proptest! {
        #[test]
        fn any_text_is_borne(piece in "[{}#/~! a\\n好.else]{0,40}") {
            if let Some(slip) = find(&piece) {
                assert!(piece.get(slip.at).is_some());
            }
        }
    }
}
