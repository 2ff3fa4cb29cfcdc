//! Subject tags: the grammar of design section 5 and the registry TAGS.

use serde::Serialize;

/// How a tag changes its value.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub enum Op {
    /// `[name]`
    #[serde(rename = "")]
    Bare,
    /// `[name=value]`
    #[serde(rename = "=")]
    Set,
    /// `[name+=value]`
    #[serde(rename = "+=")]
    Add,
    /// `[name-=value]`
    #[serde(rename = "-=")]
    Remove,
}

/// A tag as written, with its canonical name.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Tag {
    /// Canonical name: `priority` for `【优先级=高】`.
    pub name: String,
    /// Operation.
    pub op: Op,
    /// Value, trimmed; empty for a bare tag.
    pub value: String,
    /// `subject` or `body`, with the column or line: `subject:12`, `body:1`.
    pub at: String,
    /// What is wrong with it, where something is.
    pub error: Option<String>,
}
