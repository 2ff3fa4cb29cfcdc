//! What handlebars leaves unsaid about a template.
//!
//! Its strict mode reports an unknown name only where a branch is taken, and never in `{{#if typo}}`, which is simply false. So the
//! compiled template is walked whole and every path is looked up in the united sample facts.

use std::ops::Range;

use handlebars::template::{HelperTemplate, Parameter, Template, TemplateElement};
use handlebars::{Path, RenderError, TemplateError};
use serde_json::Value;

use super::mold::Compared;
use super::slip::{self, Slip};
use crate::domain::complaint::{Complaint, nearest};

/// Conditions and comparisons: whatever they are given must exist.
const PLAIN_HELPERS: [&str; 7] = ["eq", "ne", "gt", "lt", "and", "or", "not"];

/// The helpers that a template may use.
const HELPERS: [&str; 13] = ["if", "unless", "each", "with", "relay", "verbatim", "eq", "ne", "gt", "lt", "and", "or", "not"];

/// A piece of a template file: its Subject or its body.
#[derive(Clone, Copy)]
pub(super) struct Piece<'a> {
    /// File as the operator knows it.
    pub file: &'a str,
    /// The whole file.
    pub text: &'a str,
    /// Where the piece begins in it.
    pub start: usize,
    /// The piece.
    pub piece: &'a str,
}

impl Piece<'_> {
    /// A complaint about `word` at or after this place of the piece; about the place itself where the word is not found.
    fn complain(&self, place: Option<(usize, usize)>, word: &str, message: String, help: String) -> Complaint {
        let from = place.map_or(0, |(line, column)| offset(self.piece, line, column));
        let at = self.piece.get(from..).and_then(|rest| find_word(rest, word)).map_or(from, |found| from + found);
        let span: Range<usize> = self.start + at..self.start + at + word.len();
        Complaint::at(self.file, self.text, span, message, help)
    }

    /// A template that does not compile.
    pub fn syntax(&self, error: &TemplateError) -> Complaint {
        if let Some(Slip { at, message, help }) = slip::find(self.piece) {
            return Complaint::at(self.file, self.text, self.start + at.start..self.start + at.end, message, help);
        }
        let help = "allowed are {{name}}, {{#if name}} … {{else}} … {{/if}} and {{#each list}} … {{/each}}";
        self.complain(error.pos(), "", "this tag cannot be read".into(), help.into())
    }

    /// A template that does not render with sample facts.
    pub fn render(&self, error: &RenderError) -> Complaint {
        let place = error.line_no.zip(error.column_no);
        self.complain(place, "", error.reason().to_string(), "The name is not always there: ask with {{#if …}} first".into())
    }

    /// HTML in a template.
    pub fn html(&self, tag: &str) -> Complaint {
        self.complain(None, tag, format!("HTML would show as text: {tag}"), "Use Markdown".into())
    }
}

/// Byte offset of a line and column, both from 1, columns in characters.
fn offset(text: &str, line: usize, column: usize) -> usize {
    let start: usize = text.split_inclusive('\n').take(line.saturating_sub(1)).map(str::len).sum();
    let rest = text.get(start..).unwrap_or("");
    start + rest.char_indices().nth(column.saturating_sub(1)).map_or(rest.len(), |(i, _)| i)
}

/// The first place where the word stands alone.
fn find_word(text: &str, word: &str) -> Option<usize> {
    let part = |c: char| c.is_alphanumeric() || c == '_' || c == '.';
    let (begins, ends) = (word.starts_with(part), word.ends_with(part));
    text.match_indices(word)
        .find(|(at, _)| {
            let before = text.get(..*at).and_then(|t| t.chars().next_back());
            let after = text.get(at + word.len()..).and_then(|t| t.chars().next());
            !(begins && before.is_some_and(part) || ends && after.is_some_and(part))
        })
        .map(|(at, _)| at)
}

/// The sample facts of one template as one: whatever is anywhere is there.
pub(super) fn unite(into: &mut Value, from: &Value) {
    match (into, from) {
        (Value::Object(into), Value::Object(from)) => {
            for (name, value) in from {
                unite(into.entry(name.clone()).or_insert(Value::Null), value);
            }
        }
        (Value::Array(into), Value::Array(from)) => {
            for value in from {
                match into.first_mut() {
                    Some(first) => unite(first, value),
                    None => into.push(value.clone()),
                }
            }
        }
        (into @ Value::Null, from) => *into = from.clone(),
        _ => {}
    }
}

/// Walks a template and notes what it compares. `facts` are the united samples.
///
/// # Errors
/// Every complaint about it.
pub(super) fn walk(template: &Template, piece: Piece<'_>, facts: &Value, compared: &mut Compared) -> Result<(), Vec<Complaint>> {
    let mut walk = Walk { piece, scopes: vec![Some(facts)], complaints: Vec::new(), compared };
    walk.template(template, None);
    if walk.complaints.is_empty() { Ok(()) } else { Err(walk.complaints) }
}

struct Walk<'a> {
    piece: Piece<'a>,
    /// What `this` is, outermost first; `None` where a complaint was made already.
    scopes: Vec<Option<&'a Value>>,
    complaints: Vec<Complaint>,
    compared: &'a mut Compared,
}

type Place = Option<(usize, usize)>;

impl<'a> Walk<'a> {
    fn template(&mut self, template: &Template, outer: Place) {
        for (n, element) in template.elements.iter().enumerate() {
            let place = template.mapping.get(n).map(|m| (m.0, m.1)).or(outer);
            match element {
                TemplateElement::Expression(tag) => self.expression(tag, place),
                TemplateElement::HelperBlock(tag) => self.block(tag, place),
                TemplateElement::HtmlExpression(_) => {
                    self.complain(
                        place, "{{", "a fact is always escaped: {{{…}}} is not available",
                        "Write {{name}}, {{relay words}} or {{verbatim text}}",
                    );
                }
                TemplateElement::RawString(_) | TemplateElement::Comment(_) => {}
                _ => self.complain(place, "{{", "partials and decorators are not available in mail templates", "Write the text out"),
            }
        }
    }

    fn complain(&mut self, place: Place, word: &str, message: impl Into<String>, help: impl Into<String>) {
        self.complaints.push(self.piece.complain(place, word, message.into(), help.into()));
    }

    /// `{{name}}` or `{{helper name}}`.
    fn expression(&mut self, tag: &HelperTemplate, place: Place) {
        let name = tag.name.as_name().unwrap_or_default();
        if tag.params.is_empty() && tag.hash.is_empty() && !HELPERS.contains(&name) {
            if let Some(value @ (Value::Object(_) | Value::Array(_))) = self.path_text(name, place) {
                let message = format!("\"{name}\" is not one text but {}", kind(Some(value)));
                self.complain(place, name, message, format!("Use {{{{#each {name}}}}} or one of its parts, {{{{{name}.…}}}}"));
            }
            return;
        }
        match name {
            "relay" | "verbatim" => match tag.params.as_slice() {
                [Parameter::Path(Path::Relative((segments, raw)))] if segments.len() == 1 && self.root_text(raw) => {}
                _ => self.complain(place, name, format!("{{{{{name} …}}}} takes the name of one text of the mail"), self.root_names()),
            },
            _ if PLAIN_HELPERS.contains(&name) => {
                self.compared.any = true;
                self.params(tag, place);
            }
            _ => self.unknown_helper(name, place),
        }
    }

    /// `{{#helper name}} … {{else}} … {{/helper}}`.
    fn block(&mut self, tag: &HelperTemplate, place: Place) {
        let name = tag.name.as_name().unwrap_or_default();
        if tag.block_param.is_some() {
            self.complain(place, "as", "\"as |…|\" is not available", "Use {{this}} and its parts");
        }
        let inner = match name {
            "if" | "unless" => {
                self.params(tag, place);
                None
            }
            "each" | "with" => Some(self.inner_scope(name, tag, place)),
            _ => {
                self.unknown_helper(name, place);
                None
            }
        };
        if let Some(body) = &tag.template {
            let pushed = inner.is_some();
            self.scopes.extend(inner);
            self.template(body, place);
            if pushed {
                self.scopes.pop();
            }
        }
        if let Some(body) = &tag.inverse {
            self.template(body, place);
        }
    }

    fn inner_scope(&mut self, helper: &str, tag: &HelperTemplate, place: Place) -> Option<&'a Value> {
        let [param] = tag.params.as_slice() else {
            self.complain(place, helper, format!("{{{{#{helper} …}}}} takes one name"), "");
            return None;
        };
        let value = self.param(param, place)?;
        let name = param.as_name().unwrap_or_default();
        match (helper, value) {
            ("each", Value::Array(items)) => items.first(),
            ("with", Value::Object(_)) => Some(value),
            _ => {
                let wanted = if helper == "each" { "a list" } else { "a group of facts" };
                self.complain(place, name, format!("{{{{#{helper}}}}} needs {wanted}; \"{name}\" is {}", kind(Some(value))), "");
                None
            }
        }
    }

    fn params(&mut self, tag: &HelperTemplate, place: Place) {
        if tag.params.is_empty() {
            let name = tag.name.as_name().unwrap_or_default();
            self.complain(place, name, format!("\"{name}\" needs a name"), "");
        }
        for param in tag.params.iter().chain(tag.hash.values()) {
            let _ = self.param(param, place);
        }
    }

    fn param(&mut self, param: &Parameter, place: Place) -> Option<&'a Value> {
        match param {
            Parameter::Name(name) => self.path_text(name, place),
            Parameter::Path(_) => self.path_text(param.as_name().unwrap_or_default(), place),
            Parameter::Literal(literal) => {
                self.compared.literals.extend(literal.as_str().map(str::to_owned));
                None
            }
            Parameter::Subexpression(inner) => {
                self.compared.any = true;
                if let TemplateElement::Expression(tag) = inner.as_element() {
                    self.expression(tag, place);
                }
                None
            }
            _ => None,
        }
    }

    /// The value at a path; a complaint where there is none.
    fn path_text(&mut self, raw: &str, place: Place) -> Option<&'a Value> {
        match self.lookup(raw) {
            Ok(value) => Some(value),
            Err(Unknown::Silent) => None,
            Err(Unknown::Name { name, known }) => {
                let help = match nearest(&name, known.iter().map(String::as_str)) {
                    Some(near) => format!("Did you mean \"{near}\"?"),
                    None if known.is_empty() => String::new(),
                    None => format!("There are: {}", known.join(", ")),
                };
                self.complain(place, raw, format!("nothing is named \"{name}\" here"), help);
                None
            }
        }
    }

    fn lookup(&self, raw: &str) -> Result<&'a Value, Unknown> {
        const LOCALS: [&str; 4] = ["@index", "@first", "@last", "@key"];
        if LOCALS.contains(&raw) {
            return Err(Unknown::Silent);
        }
        let mut scopes = self.scopes.as_slice();
        let mut path = raw;
        while let Some(rest) = path.strip_prefix("../") {
            path = rest;
            scopes = scopes.split_last().map_or(scopes, |(_, outer)| outer);
        }
        let mut scope = scopes.last();
        if let Some(rest) = path.strip_prefix("@root.").or_else(|| path.strip_prefix("@root/")) {
            path = rest;
            scope = self.scopes.first();
        }
        let Some(mut value) = scope.copied().flatten() else { return Err(Unknown::Silent) };
        for name in path.split(['.', '/']).filter(|name| !matches!(*name, "this" | "")) {
            let Some(next) = value.get(name) else {
                let known = value.as_object().map(|o| o.keys().cloned().collect()).unwrap_or_default();
                return Err(Unknown::Name { name: name.to_owned(), known });
            };
            value = next;
        }
        Ok(value)
    }

    fn root_text(&self, name: &str) -> bool {
        self.scopes.first().copied().flatten().and_then(|v| v.get(name)).is_some_and(Value::is_string)
    }

    fn root_names(&self) -> String {
        let facts = self.scopes.first().copied().flatten().and_then(Value::as_object);
        let names: Vec<&str> = facts.into_iter().flatten().filter(|(_, v)| v.is_string()).map(|(k, _)| k.as_str()).collect();
        format!("One of: {}", names.join(", "))
    }

    fn unknown_helper(&mut self, name: &str, place: Place) {
        let help =
            nearest(name, HELPERS).map_or_else(|| format!("There are: {}", HELPERS.join(", ")), |near| format!("Did you mean \"{near}\"?"));
        self.complain(place, name, format!("no helper is named \"{name}\""), help);
    }
}

/// Why a path leads nowhere.
enum Unknown {
    /// A complaint was made already, or it is handlebars' own.
    Silent,
    /// This part of it, and what stands in its place.
    Name { name: String, known: Vec<String> },
}

fn kind(value: Option<&Value>) -> &'static str {
    match value {
        Some(Value::Array(_)) => "a list",
        Some(Value::Object(_)) => "a group of facts",
        Some(Value::Bool(_)) => "yes or no",
        Some(Value::Number(_)) => "a number",
        _ => "a text",
    }
}
