//! Subject tags (design section 5): what an agent's mail orders, and what of it is plain text.
//!
//! `grammar` finds tags in a subject and at the head of a body, `registry` says what each one means, `effects` carries one
//! out on a [`super::orders::Plan`], `several` those about other tickets and people, `span` reads lengths of time, `strays` finds what missed
//! its brackets. The grammar is searched for, not matched against: a subject
//! that has been through three mail clients and a spam gateway still holds its tags somewhere.

mod effects;
mod grammar;
mod reference;
mod registry;
mod several;
mod span;
mod strays;
#[cfg(test)]
mod tests;

use std::fmt;

use serde::Serialize;

use super::sentence::Sentence;

pub use grammar::{read, read_answer};
pub use reference::{help_rows, markdown};
pub use registry::{Arg, Known, Phase, RESERVED, Reserved, Scope, TAGS, TagSpec, Takes, lookup, spec};

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

impl fmt::Display for Tag {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let op = match self.op {
            Op::Bare => return write!(f, "[{}]", self.name),
            Op::Set => "=",
            Op::Add => "+=",
            Op::Remove => "-=",
        };
        write!(f, "[{}{op}{}]", self.name, self.value)
    }
}

/// A tag that cannot be an order, with the remedy; in both languages, because grammar knows no reader.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TagError {
    /// `subject:12`, `body:1`, as in [`Tag::at`].
    pub at: String,
    /// The sentence, with did-you-mean where there is one.
    pub sentence: Sentence,
}

/// What a mail orders, and what remains of it as text.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct TagReading {
    /// Every tag in order, subject first; those with [`Tag::error`] stand in `errors` too.
    pub tags: Vec<Tag>,
    /// What is wrong: one entry is enough to refuse the whole mail.
    pub errors: Vec<TagError>,
    /// The subject without its tags, right or wrong.
    pub subject: String,
    /// The body without its leading order lines, `\#` unescaped.
    pub body: String,
}

impl TagReading {
    /// The sound orders, in order.
    pub fn orders(&self) -> impl Iterator<Item = &Tag> {
        self.tags.iter().filter(|tag| tag.error.is_none())
    }

    /// Is its text for colleagues only?
    pub fn is_inward(&self) -> bool {
        self.orders().any(|tag| spec(&tag.name).is_some_and(|spec| spec.inward))
    }

    /// Is this canonical name ordered?
    pub fn has(&self, name: &str) -> bool {
        self.orders().any(|tag| tag.name == name)
    }
}
