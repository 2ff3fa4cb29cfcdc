//! What people read about tags: the help mail, and the generated part of `docs/tags.md`.

use std::fmt::Write;

use super::registry::{RESERVED, TAGS, TagSpec};
use crate::domain::facts::TagHelp;
use crate::domain::language::is_chinese;

/// The rows of the help mail, in the reader's language.
pub fn help_rows(language: &str) -> Vec<TagHelp> {
    let zh = is_chinese(language);
    TAGS.iter()
        .map(|spec| TagHelp {
            usage: if zh { spec.usage_zh } else { spec.usage }.to_owned(),
            zh: others(spec, zh).join("、"),
            doc: if zh { spec.doc_zh } else { spec.doc_en }.to_owned(),
        })
        .collect()
}

/// Its Chinese names, but for those that the Chinese usage shows already.
fn others(spec: &TagSpec, zh: bool) -> Vec<&'static str> {
    let shown = |name: &str| zh && spec.usage_zh.split(['【', '】', '=', '+', '-']).any(|part| part == name);
    spec.zh.iter().copied().filter(|name| !shown(name)).collect()
}

/// The generated part of `docs/tags.md`: a table of the tags, then the reserved names.
pub fn markdown() -> String {
    let mut out = String::from("| tag | also | Chinese | effect | 作用 |\n|---|---|---|---|---|\n");
    for spec in TAGS {
        let usage: Vec<String> = spec.usage.split(" or ").map(|u| format!("`{u}`")).collect();
        let row = [usage.join(" "), quoted(spec.en), quoted(spec.zh), spec.doc_en.to_owned(), spec.doc_zh.to_owned()];
        let _ = writeln!(out, "| {} |", row.join(" | "));
    }
    out.push_str("\nKnown names that are refused in this version, so that they are never taken for text:\n\n");
    let later: Vec<String> =
        RESERVED.iter().map(|later| format!("`{}` {}", later.name, later.zh.first().copied().unwrap_or_default())).collect();
    let _ = writeln!(out, "{}.", later.join(", "));
    out
}

fn quoted(names: &[&str]) -> String {
    names.iter().map(|name| format!("`{name}`")).collect::<Vec<_>>().join(" ")
}
