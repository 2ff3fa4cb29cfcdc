//! The reference of docs/rules.md, from the registries.

use std::fmt::Write;

use super::conditions::CONDITIONS;
use super::effects::EFFECTS;
use super::example::EXPECTATIONS;

/// Every condition as a Markdown table.
pub fn conditions_markdown() -> String {
    table("condition", CONDITIONS.iter().map(|c| (c.name, c.doc, Some(c.example))))
}

/// Every effect as a Markdown table.
pub fn effects_markdown() -> String {
    table("effect", EFFECTS.iter().map(|e| (e.name, e.doc, Some(e.example))))
}

/// Everything that an example may expect as a Markdown table.
pub fn expectations_markdown() -> String {
    table("expectation", EXPECTATIONS.iter().map(|e| (e.name, e.doc, None)))
}

fn table<'e>(title: &str, entries: impl Iterator<Item = (&'e str, &'e str, Option<&'e str>)>) -> String {
    let mut text = String::new();
    for (name, doc, example) in entries {
        let doc = doc.replace('|', "\\|");
        let row = match example {
            Some(example) => format!("| `{name}` | {doc} | `{}` |", example.replace('|', "\\|")),
            None => format!("| `{name}` | {doc} |"),
        };
        if text.is_empty() {
            let head = if example.is_some() { "meaning | example |\n|---|---|---|" } else { "meaning |\n|---|---|" };
            // Writing to a String cannot fail.
            let _ = writeln!(text, "| {title} | {head}");
        }
        let _ = writeln!(text, "{row}");
    }
    text
}
