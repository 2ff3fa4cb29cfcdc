//! Rule files → compiled rules, or everything that is wrong with them.
//!
//! The files are walked as spanned TOML values instead of being deserialised by serde, which stops at the first error: an operator
//! gets all complaints of all files at once, each with its place.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::ops::Range;
use std::sync::Arc;

use regex::Regex;
use toml::Spanned;
use toml::de::{DeTable, DeValue};

use super::atom::{Atoms, Field, Pattern, Test, Unfit};
use super::checklist::is_field_name;
use super::conditions::{self, Cond};
use super::effects::{self, Effect};
use super::example::{self, Example};
use super::{Names, Rule, RuleSet};
use crate::domain::complaint::{Complaint, nearest, toml_errors};
use crate::domain::text::fold_words;

/// A value with its place in the file.
pub(super) type Item<'t> = Spanned<DeValue<'t>>;

/// All regular expressions of one rule together, bytes of source.
const MOST_REGEX: usize = 4_000;
/// Conditions within conditions.
const DEEPEST: usize = 16;

/// A file, kept for complaints about its examples.
#[derive(Debug, Clone)]
pub(super) struct File {
    pub(super) name: String,
    pub(super) text: Arc<str>,
    /// Where each line but the first begins.
    lines: Arc<[usize]>,
}

impl File {
    fn new(name: &str, text: &str) -> File {
        let lines = text.bytes().enumerate().filter(|(_, byte)| *byte == b'\n').map(|(at, _)| at + 1).collect();
        File { name: name.to_owned(), text: text.into(), lines }
    }

    /// The line of a byte, from 1.
    fn line(&self, at: usize) -> usize {
        self.lines.partition_point(|start| *start <= at) + 1
    }
}

/// Collects atoms and complaints while the files are read.
pub(super) struct Compiler<'n> {
    pub(super) names: &'n Names,
    pub(super) atoms: Atoms,
    pub(super) complaints: Vec<Complaint>,
    file: File,
    /// Bytes of regular expressions in the rule so far.
    regex_bytes: usize,
    /// Expressions by source: the same one is compiled once.
    kept: HashMap<String, Regex>,
    depth: usize,
    /// Every rule was understood; otherwise nobody can say which names and fields are missing.
    whole: bool,
    /// Every field that some rule fills.
    pub(super) filled: BTreeSet<String>,
    /// Fields that a template of some rule reads, to be checked at the end.
    pub(super) read: Vec<(File, Range<usize>, String)>,
}

impl RuleSet {
    /// Compiles rule files, given as (name as the operator knows it, text), in the order of their names.
    ///
    /// # Errors
    /// Everything that is wrong in any of them, in order of place.
    pub fn compile(files: &[(String, String)], names: &Names, threshold: i64) -> Result<RuleSet, Vec<Complaint>> {
        let mut files: Vec<File> = files.iter().map(|(name, text)| File::new(name, text)).collect();
        files.sort_by(|a, b| a.name.cmp(&b.name));
        let mut compiler = Compiler {
            names,
            atoms: Atoms::default(),
            complaints: Vec::new(),
            file: File::new("", ""),
            regex_bytes: 0,
            kept: HashMap::new(),
            depth: 0,
            whole: true,
            filled: BTreeSet::new(),
            read: Vec::new(),
        };
        let (mut rules, mut examples) = (Vec::new(), Vec::new());
        for file in files {
            compiler.file = file.clone();
            compiler.read_file(&file, &mut rules, &mut examples);
        }
        compiler.check_names(&rules, &examples);
        let Compiler { atoms, mut complaints, .. } = compiler;
        complaints.sort_by(|a, b| (&a.file, a.line, a.column).cmp(&(&b.file, b.line, b.column)));
        if !complaints.is_empty() {
            return Err(complaints);
        }
        let scanner = atoms.finish().map_err(|e| vec![Complaint::whole("rules", e, "use fewer or shorter words")])?;
        let set = RuleSet::new(rules.into_iter().map(|r| r.rule).collect(), examples, scanner, threshold);
        Ok(RuleSet { checklists: names.checklists.clone(), ..set })
    }
}

/// A rule with the place of its name.
struct Placed {
    rule: Rule,
    name_at: Option<(File, Range<usize>)>,
}

impl Compiler<'_> {
    fn read_file(&mut self, file: &File, rules: &mut Vec<Placed>, examples: &mut Vec<Example>) {
        let (document, errors) = DeTable::parse_recoverable(&file.text);
        for (span, message, help) in toml_errors(&errors, &file.text) {
            self.complain(span, format!("this is not TOML: {message}"), help);
        }
        if !errors.is_empty() {
            self.whole = false;
            return;
        }
        for (key, value) in document.get_ref() {
            match key.get_ref().as_ref() {
                "rule" => self.each_table(value, "rule", |this, table, span| match this.rule(table, span) {
                    Some(rule) => rules.push(rule),
                    None => this.whole = false,
                }),
                "example" => self.each_table(value, "example", |this, table, span| {
                    examples.extend(example::compile(this, table, span));
                }),
                other => self.unknown(key.span(), "a rule file has no", other, &["rule", "example"]),
            }
        }
    }

    /// Runs over the tables of `[[name]]`.
    fn each_table(&mut self, value: &Item<'_>, name: &str, mut each: impl FnMut(&mut Self, &DeTable<'_>, Range<usize>)) {
        let DeValue::Array(items) = value.get_ref() else {
            return self.complain(
                value.span(),
                format!("`{name}` is a list of tables"),
                format!("begin each with [[{name}]], in two brackets"),
            );
        };
        for item in items {
            match item.get_ref() {
                DeValue::Table(table) => each(self, table, item.span()),
                other => {
                    self.complain(item.span(), format!("a {name} is a table, not {}", kind(other)), format!("begin it with [[{name}]]"));
                }
            }
        }
    }

    fn rule(&mut self, table: &DeTable<'_>, span: Range<usize>) -> Option<Placed> {
        (self.regex_bytes, self.depth) = (0, 0);
        let before = self.complaints.len();
        let (mut name, mut name_at, mut when, mut then) = (None, None, None, None);
        for (key, value) in table {
            match key.get_ref().as_ref() {
                "name" => {
                    name = self.text(value, "name").filter(|n| !n.trim().is_empty());
                    name_at = Some((self.file.clone(), value.span()));
                }
                "when" => when = Some((conditions::compile_table(self, value), value.span())),
                "then" => then = Some((effects::compile_table(self, value), value.span())),
                other => self.unknown(key.span(), "a rule has no", other, &["name", "when", "then"]),
            }
        }
        let place = key_span(&span);
        if name.is_none() && !table.iter().any(|(k, _)| k.get_ref() == "name") {
            self.complain(place.clone(), "this rule has no name", "add name = \"…\"; evidence and statistics speak of the rule by it");
        }
        if when.is_none() {
            self.complain(place.clone(), "this rule has no conditions", "add when = { … }");
        }
        let (Some((when, when_at)), name) = (when, name.unwrap_or_default()) else { return None };
        let when = when?;
        let captures = conditions::captured(&when, &self.atoms);
        self.filled.extend(captures.iter().cloned());
        let (effects, then_at) = match then {
            Some((effects, at)) => (effects, at),
            None => (Vec::new(), when_at.clone()),
        };
        if effects.is_empty() && captures.is_empty() && self.complaints.len() == before {
            self.complain(then_at.clone(), "this rule does nothing", "add then = { … }, or a named group (?P<field>…) to its `matches`");
        }
        self.check_proof(&when, &effects, &when_at);
        let at = format!("{}:{}", self.file.name, self.file.line(span.start));
        Some(Placed { rule: Rule::new(name, at, when, effects), name_at })
    }

    /// Effects that close or hide things want more than a From line, which anybody can write.
    fn check_proof(&mut self, when: &Cond, effects: &[(Effect, Range<usize>)], when_at: &Range<usize>) {
        let from = when.requires(&|c| conditions::is_from(c, &self.atoms));
        let proof = when.requires(&|c| conditions::is_proof(c, &self.atoms));
        if from && proof {
            return;
        }
        for (effect, span) in effects {
            let Some(name) = effect.needs_proof() else { continue };
            let lacks = match (from, proof) {
                (false, true) => "names no sender",
                (true, false) => "believes the From line alone, which anybody can write",
                _ => "neither names a sender nor proves him",
            };
            let example = if *when_at == (0..0) { "" } else { "; not below `any` or `not`" };
            self.complain(
                span.clone(),
                format!("`{name}` would let strangers act: this rule {lacks}"),
                format!(
                    "add to `when`: a `from` or `from_domain`, and beside it `authenticated = true` or a secret word of 12 or more \
                     letters and digits in `text`, `subject` or `header.<Name>`{example}"
                ),
            );
        }
    }

    /// What only all files together can tell: names twice, examples of unknown rules, templates over fields that nobody fills.
    fn check_names(&mut self, rules: &[Placed], examples: &[Example]) {
        let mut seen: BTreeMap<&str, &str> = BTreeMap::new();
        for placed in rules {
            let Some((file, span)) = &placed.name_at else { continue };
            if let Some(first) = seen.insert(&placed.rule.name, &placed.rule.at) {
                let message = format!("the name `{}` is taken by the rule at {first}", placed.rule.name);
                self.complaints.push(Complaint::at(&file.name, &file.text, span.clone(), message, "give one of them another name"));
            }
        }
        if !self.whole {
            return;
        }
        for (file, span, name) in examples.iter().flat_map(Example::rule_names) {
            if !seen.contains_key(name) {
                let near = nearest(name, seen.keys().copied()).map(|n| format!("; did you mean `{n}`?")).unwrap_or_default();
                let help = "a rule that was renamed or taken away: write the new name, or delete it from the example";
                self.complaints.push(Complaint::at(&file.name, &file.text, span, format!("there is no rule `{name}`{near}"), help));
            }
        }
        for (file, span, field) in std::mem::take(&mut self.read) {
            if !self.filled.contains(&field) {
                let near = nearest(&field, self.filled.iter().map(String::as_str)).map(|n| format!("; did you mean `{n}`?"));
                let message = format!("no rule fills the field `{field}`{}", near.unwrap_or_default());
                let help = "fields come from (?P<name>…) in `matches` and from `extract`";
                self.complaints.push(Complaint::at(&file.name, &file.text, span, message, help));
            }
        }
    }

    /// The file that is being read.
    pub(super) fn file(&self) -> &File {
        &self.file
    }

    /// Notes what is wrong.
    pub(super) fn complain(&mut self, span: Range<usize>, message: impl Into<String>, help: impl Into<String>) {
        self.complaints.push(Complaint::at(&self.file.name, &self.file.text, span, message, help));
    }

    /// An unknown key or word, with did-you-mean and the list of those that exist. `what`: "there is no condition".
    pub(super) fn unknown(&mut self, span: Range<usize>, what: &str, word: &str, allowed: &[&str]) {
        let near = nearest(word, allowed.iter().copied()).map(|n| format!("; did you mean `{n}`?")).unwrap_or_default();
        let help = if allowed.is_empty() { "none is configured".to_owned() } else { format!("allowed: {}", allowed.join(", ")) };
        self.complain(span, format!("{what} `{word}`{near}"), help);
    }

    fn wrong_type(&mut self, item: &Item<'_>, what: &str, wanted: &str) {
        self.complain(item.span(), format!("`{what}` wants {wanted}, not {}", kind(item.get_ref())), "");
    }

    /// A text in quotes.
    pub(super) fn text(&mut self, item: &Item<'_>, what: &str) -> Option<String> {
        if let DeValue::String(text) = item.get_ref() {
            return Some(text.clone().into_owned());
        }
        self.wrong_type(item, what, "a text in quotes");
        None
    }

    /// `true` or `false`.
    pub(super) fn flag(&mut self, item: &Item<'_>, what: &str) -> Option<bool> {
        if let DeValue::Boolean(flag) = item.get_ref() {
            return Some(*flag);
        }
        self.wrong_type(item, what, "true or false, without quotes");
        None
    }

    /// A whole number within a range.
    pub(super) fn number(&mut self, item: &Item<'_>, what: &str, range: std::ops::RangeInclusive<i64>) -> Option<i64> {
        let DeValue::Integer(number) = item.get_ref() else {
            self.wrong_type(item, what, "a whole number");
            return None;
        };
        let value = i64::from_str_radix(number.as_str(), number.radix()).ok().filter(|n| range.contains(n));
        if value.is_none() {
            self.complain(item.span(), format!("`{what}` is a whole number from {} to {}", range.start(), range.end()), "");
        }
        value
    }

    /// A table.
    pub(super) fn table<'i, 't>(&mut self, item: &'i Item<'t>, what: &str, example: &str) -> Option<&'i DeTable<'t>> {
        if let DeValue::Table(table) = item.get_ref() {
            return Some(table);
        }
        self.wrong_type(item, what, &format!("a table such as {example}"));
        None
    }

    /// One text or a list of texts, none empty, each with its place.
    pub(super) fn texts(&mut self, item: &Item<'_>, what: &str) -> Option<Vec<(String, Range<usize>)>> {
        let items: Vec<&Item<'_>> = match item.get_ref() {
            DeValue::String(_) => vec![item],
            DeValue::Array(items) => items.iter().collect(),
            _ => {
                self.wrong_type(item, what, "a text in quotes or a list of such texts");
                return None;
            }
        };
        if items.is_empty() {
            self.complain(item.span(), format!("the list of `{what}` is empty"), "name at least one, or leave it out");
            return None;
        }
        let mut texts = Vec::new();
        let mut sound = true;
        for item in items {
            match item.get_ref() {
                DeValue::String(text) if !text.trim().is_empty() => texts.push((text.clone().into_owned(), item.span())),
                DeValue::String(_) => {
                    self.complain(item.span(), format!("an empty text in `{what}`"), "an empty text would match every mail");
                    sound = false;
                }
                other => {
                    self.complain(item.span(), format!("`{what}` wants texts in quotes, not {}", kind(other)), "");
                    sound = false;
                }
            }
        }
        sound.then_some(texts)
    }

    /// Each text as a member of a closed set.
    pub(super) fn members<T: Clone>(&mut self, item: &Item<'_>, what: &str, all: &[(&str, T)]) -> Option<Vec<T>> {
        let texts = self.texts(item, what)?;
        let found: Vec<Option<T>> = texts.into_iter().map(|(text, span)| self.member(&text, span, what, all)).collect();
        found.into_iter().collect()
    }

    /// A member of a closed set by name, any case.
    pub(super) fn member<T: Clone>(&mut self, text: &str, span: Range<usize>, what: &str, all: &[(&str, T)]) -> Option<T> {
        let word = text.trim().to_lowercase();
        let found = all.iter().find(|(name, _)| *name == word).map(|(_, value)| value.clone());
        if found.is_none() {
            let names: Vec<&str> = all.iter().map(|(name, _)| *name).collect();
            self.unknown(span, &format!("`{what}` has no"), text, &names);
        }
        found
    }

    /// A name that must be configured, where it is known what is.
    pub(super) fn configured(&mut self, text: String, span: Range<usize>, what: &str, known: &Option<BTreeSet<String>>) -> Option<String> {
        let Some(known) = known.as_ref().filter(|known| !known.contains(&text)) else { return Some(text) };
        let names: Vec<&str> = known.iter().map(String::as_str).collect();
        self.unknown(span, &format!("there is no {what}"), &text, &names);
        None
    }

    /// The name of an extracted fact.
    pub(super) fn field_name(&mut self, name: &str, span: Range<usize>) -> Option<String> {
        let sound = is_field_name(name);
        if !sound {
            let help = "small letters a to z, digits and _, a letter first, such as error_code";
            self.complain(span, format!("`{name}` is no name for a field"), help);
        }
        sound.then(|| name.to_owned())
    }

    /// Folded words; a `*` at the end stands for the rest of a word.
    pub(super) fn words(&mut self, item: &Item<'_>, what: &str) -> Option<Vec<Test>> {
        let mut tests = Vec::new();
        for (word, span) in self.texts(item, what)? {
            let open_end = word.ends_with('*');
            let text = fold_words(word.trim_end_matches('*'));
            if text.is_empty() {
                self.complain(span, format!("`{word}` would match every mail"), "write at least one letter");
                return None;
            }
            tests.push(Test::Word { text, open_end });
        }
        Some(tests)
    }

    /// A regular expression; its named groups must be names of fields.
    pub(super) fn pattern(&mut self, source: &str, span: Range<usize>) -> Option<Pattern> {
        self.regex_bytes += source.len();
        if self.regex_bytes > MOST_REGEX {
            let message = format!("the regular expressions of this rule are longer than {MOST_REGEX} characters together");
            self.complain(span, message, "make several rules of it, or use lists of words");
            return None;
        }
        let pattern = match Pattern::new(source, &mut self.kept) {
            Ok(pattern) => pattern,
            Err(Unfit { message, help, at }) => {
                let place = at.and_then(|at| self.inside(source, &span, at)).unwrap_or(span);
                self.complain(place, message, help);
                return None;
            }
        };
        let sound: Option<Vec<String>> = pattern.names().iter().map(|name| self.field_name(name, span.clone())).collect();
        sound.map(|_| pattern)
    }

    /// The place of a byte of an expression in the file, where it stands there as it is.
    fn inside(&self, source: &str, span: &Range<usize>, at: usize) -> Option<Range<usize>> {
        let written = self.file.text.get(span.clone())?;
        let start = span.start + written.find(source)? + at;
        Some(start..start + 1)
    }

    /// Goes one level down in nested conditions; false when that is too deep.
    pub(super) fn descend(&mut self, span: Range<usize>) -> bool {
        self.depth += 1;
        let fine = self.depth <= DEEPEST;
        if !fine {
            self.complain(span, format!("conditions are nested deeper than {DEEPEST} levels"), "make several rules of it");
        }
        fine
    }

    /// Comes back up.
    pub(super) fn ascend(&mut self) {
        self.depth = self.depth.saturating_sub(1);
    }

    /// The field of a text by the name that conditions use.
    pub(super) fn text_field(&mut self, name: &str, span: Range<usize>) -> Option<Field> {
        let field = Field::named(name);
        if field.is_none() {
            let all = ["words", "subject", "text", "from", "from_domain", "to", "cc", "attachment", "header.<Name>"];
            self.unknown(span, "a mail has no", name, &all);
        }
        field
    }
}

/// The header of a table alone, for complaints about what it lacks.
fn key_span(table: &Range<usize>) -> Range<usize> {
    table.start..table.start
}

/// A TOML type in an operator's words.
fn kind(value: &DeValue<'_>) -> &'static str {
    match value {
        DeValue::String(_) => "a text",
        DeValue::Integer(_) => "a whole number",
        DeValue::Float(_) => "a number with a point",
        DeValue::Boolean(_) => "true or false",
        DeValue::Datetime(_) => "a date",
        DeValue::Array(_) => "a list",
        DeValue::Table(_) => "a table",
    }
}
