//! Plain text whose lines flow (RFC 3676).

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

#[cfg(test)]
mod tests {
    use super::*;

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
}
