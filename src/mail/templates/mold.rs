//! A template filled in with slots in place of facts, kept for all mails of the same shape.
//!
//! What a template makes of facts depends on little of them: which are there, how long the lists are, numbers, and what it compares. That
//! is their [`Shape`]. A mold is made once a shape: handlebars runs over facts whose texts are slots, and the Markdown is parsed. A mail
//! costs the filling of the slots, a third of what rendering it anew would; and no fact ever passes through handlebars or Markdown, so that
//! none can become markup.

use std::borrow::Cow;
use std::collections::{BTreeSet, HashMap};
use std::sync::{Arc, Mutex, PoisonError};

use pulldown_cmark::Event;
use serde_json::Value;

/// The first slot. Slots are of plane 15, and not of the BMP's private area, because GB18030 mail really uses the latter.
const FIRST: u32 = 0xF_1000;

/// Molds that are kept, some 10 KB each. A desk's mails have some two hundred shapes.
const MOST: usize = 512;

/// The character that stands for a fact.
fn slot(index: usize) -> char {
    u32::try_from(index).ok().and_then(|n| char::from_u32(FIRST + n)).unwrap_or(char::REPLACEMENT_CHARACTER)
}

/// Does a text begin with a slot?
pub(super) fn is_slot(text: &str) -> bool {
    text.chars().next().is_some_and(|c| (FIRST..0x10_0000).contains(&u32::from(c)))
}

/// The fact that a character stands for.
pub(super) fn fact<'f>(facts: &'f [Cow<'_, str>], c: char) -> Option<&'f str> {
    let index = usize::try_from(u32::from(c).checked_sub(FIRST)?).ok()?;
    facts.get(index).map(AsRef::as_ref)
}

/// A template with slots.
#[derive(Debug)]
pub(super) struct Mold {
    /// The Subject's text.
    pub subject: String,
    /// The body's Markdown, parsed.
    pub body: Vec<Event<'static>>,
}

/// What a template compares: these texts may decide how it reads.
#[derive(Debug, Default)]
pub(super) struct Compared {
    /// It compares at all.
    pub any: bool,
    /// Texts that stand in its comparisons.
    pub literals: BTreeSet<String>,
}

/// What of some facts decides how a template reads, and the facts that fill its slots.
pub(super) struct Shape<'v> {
    key: Vec<u8>,
    facts: Slots<'v>,
}

impl<'v> Shape<'v> {
    /// The shape of facts for a template of this name.
    pub fn of(template: &str, values: &'v Value, compared: &'v Compared) -> Shape<'v> {
        let mut shape = Shape { key: Vec::with_capacity(1024), facts: Slots { texts: Vec::with_capacity(64), compared } };
        shape.push(template.as_bytes());
        shape.describe("", values);
        shape
    }

    /// The texts of the slots.
    pub fn facts(&self) -> &[Cow<'v, str>] {
        &self.facts.texts
    }

    /// The facts with slots for texts.
    pub fn outline(&self, values: &Value) -> Value {
        Slots { texts: Vec::new(), compared: self.facts.compared }.outline("", values)
    }

    fn push(&mut self, bytes: &[u8]) {
        self.key.extend_from_slice(bytes);
        self.key.push(0);
    }

    fn describe(&mut self, name: &str, value: &'v Value) {
        match (value, self.facts.place(name, value)) {
            (_, Some(Place::Slot(index))) if self.facts.compared.any => {
                self.key.push(b's');
                self.key.extend_from_slice(&index.to_le_bytes());
            }
            (_, Some(Place::Slot(_))) => self.key.push(b's'),
            (_, Some(Place::Itself(text))) => {
                self.key.push(b't');
                self.push(text.as_bytes());
            }
            (Value::Object(fields), None) => {
                self.key.push(b'{');
                for (name, value) in fields {
                    self.push(name.as_bytes());
                    self.describe(name, value);
                }
                self.key.push(b'}');
            }
            (Value::Array(items), None) => {
                self.key.push(b'[');
                items.iter().for_each(|item| self.describe("", item));
                self.key.push(b']');
            }
            (other, None) => self.push(other.to_string().as_bytes()),
        }
    }
}

/// Where a text goes.
enum Place<'v> {
    /// It decides something by itself, as one that is empty does.
    Itself(&'v str),
    Slot(usize),
}

struct Slots<'v> {
    texts: Vec<Cow<'v, str>>,
    compared: &'v Compared,
}

impl<'v> Slots<'v> {
    /// Where this value goes if it is a text, or a number that is a name.
    fn place(&mut self, name: &str, value: &'v Value) -> Option<Place<'v>> {
        let text = match value {
            Value::String(text) if text.is_empty() => return Some(Place::Itself("")),
            // True for handlebars, and nothing to see.
            Value::String(text) if text.trim().is_empty() => return Some(Place::Itself(" ")),
            Value::String(text) if self.compared.literals.contains(text) => return Some(Place::Itself(text)),
            Value::String(text) => Cow::Borrowed(text.as_str()),
            Value::Number(number) if name == "number" => Cow::Owned(number.to_string()),
            _ => return None,
        };
        // Two facts that a template finds equal are equal in the mold.
        let same = if self.compared.any { self.texts.iter().position(|known| *known == text) } else { None };
        Some(Place::Slot(same.unwrap_or_else(|| {
            self.texts.push(text);
            self.texts.len() - 1
        })))
    }

    fn outline(&mut self, name: &str, value: &'v Value) -> Value {
        match (value, self.place(name, value)) {
            (_, Some(Place::Slot(index))) => Value::String(slot(index).to_string()),
            (_, Some(Place::Itself(text))) => Value::String(text.to_owned()),
            (Value::Object(fields), None) => fields.iter().map(|(name, value)| (name.clone(), self.outline(name, value))).collect(),
            (Value::Array(items), None) => items.iter().map(|item| self.outline("", item)).collect(),
            (other, None) => other.clone(),
        }
    }
}

/// The molds that were made.
#[derive(Debug, Default)]
pub(super) struct Molds(Mutex<HashMap<Vec<u8>, Arc<Mold>>>);

impl Molds {
    /// The mold of a shape, made where it is new.
    ///
    /// # Errors
    /// What keeps it from being made.
    pub fn get<E>(&self, shape: &Shape<'_>, make: impl FnOnce() -> Result<Mold, E>) -> Result<Arc<Mold>, E> {
        if let Some(mold) = self.0.lock().unwrap_or_else(PoisonError::into_inner).get(&shape.key) {
            return Ok(Arc::clone(mold));
        }
        let mold = Arc::new(make()?);
        let mut molds = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if molds.len() >= MOST {
            molds.clear();
        }
        molds.insert(shape.key.clone(), Arc::clone(&mold));
        Ok(mold)
    }
}
