//! `[[example]]`: a mail and what is expected of it, so that rule files carry their own tests.

use std::collections::BTreeMap;
use std::ops::Range;

use chrono::DateTime;
use toml::de::{DeTable, DeValue};

use super::atom::Memory;
use super::conditions::{ORIGINS, ROLES};
use super::load::{Compiler, File, Item};
use super::{Circumstances, RuleSet, Verdict};
use crate::domain::attachment::Attachment;
use crate::domain::complaint::Complaint;
use crate::domain::message::{Address, Person, Reading, ReplyText};
use crate::domain::origin::OriginKind;
use crate::domain::text::is_han_or_kana;

/// A mail in a rule file, with what is expected.
#[derive(Debug)]
pub(super) struct Example {
    file: File,
    mail: Box<Reading>,
    origin: OriginKind,
    role: &'static str,
    authenticated: bool,
    suspect: bool,
    business_hours: Option<bool>,
    fields: BTreeMap<String, String>,
    expect: Vec<Expected>,
}

/// One key of `expect`.
#[derive(Debug)]
struct Expected {
    entry: &'static Expectation,
    span: Range<usize>,
    wanted: Vec<String>,
}

/// One thing that an example may expect.
pub(super) struct Expectation {
    /// Key in `expect`.
    pub(super) name: &'static str,
    /// A sentence.
    pub(super) doc: &'static str,
    /// All of it must be as wanted; otherwise what is wanted must be among it.
    exact: bool,
    got: fn(&Verdict, &Reading) -> Vec<String>,
}

impl std::fmt::Debug for Expectation {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.name)
    }
}

fn maybe(value: Option<impl ToString>) -> Vec<String> {
    vec![value.map_or_else(|| "none".to_owned(), |v| v.to_string())]
}

/// Everything that an example may expect.
pub(super) const EXPECTATIONS: &[Expectation] = &[
    Expectation {
        name: "category",
        doc: "The winning category; `none`: unclassified.",
        exact: true,
        got: |v, _| maybe(v.category.as_ref()),
    },
    Expectation { name: "type", doc: "What is wanted, or `none`.", exact: true, got: |v, _| maybe(v.kind) },
    Expectation { name: "impact", doc: "The level, or `none`.", exact: true, got: |v, _| maybe(v.impact) },
    Expectation { name: "urgency", doc: "The level, or `none`.", exact: true, got: |v, _| maybe(v.urgency) },
    Expectation { name: "team", doc: "The team that a rule names, or `none`.", exact: true, got: |v, _| maybe(v.team.as_ref()) },
    Expectation { name: "assign", doc: "The agent that a rule names, or `none`.", exact: true, got: |v, _| maybe(v.assign.as_ref()) },
    Expectation { name: "playbook", doc: "Its name, or `none`.", exact: true, got: |v, _| maybe(v.playbook.as_ref()) },
    Expectation { name: "template", doc: "Its name, or `none`.", exact: true, got: |v, _| maybe(v.template.as_ref()) },
    Expectation { name: "approval", doc: "Who is asked, or `none`.", exact: true, got: |v, _| maybe(v.approval.as_ref()) },
    Expectation {
        name: "dedup_key",
        doc: "The key with its fields filled in, or `none`.",
        exact: true,
        got: |v, _| maybe(v.dedup_key.as_ref()),
    },
    Expectation { name: "label", doc: "These are among the labels; `[]`: there are none.", exact: false, got: |v, _| v.labels.clone() },
    Expectation { name: "kb", doc: "These are among the articles; `[]`: there are none.", exact: false, got: |v, _| v.kb.clone() },
    Expectation {
        name: "missing",
        doc: "These are among the open questions; `[]`: there are none.",
        exact: false,
        got: |v, mail| v.asked_in(mail.language.as_deref().unwrap_or("en")),
    },
    Expectation {
        name: "rules",
        doc: "These rules match; `[]`: none does.",
        exact: false,
        got: |v, _| {
            let mut names: Vec<String> = v.evidence.iter().map(|e| e.rule.clone()).collect();
            names.dedup();
            names
        },
    },
    Expectation {
        name: "fields",
        doc: "These fields have these values.",
        exact: false,
        got: |v, _| v.fields.iter().map(|(name, value)| format!("{name} = {value}")).collect(),
    },
    Expectation { name: "ignore", doc: "`true` or `false`.", exact: true, got: |v, _| vec![v.ignore.is_some().to_string()] },
    Expectation { name: "quarantine", doc: "`true` or `false`.", exact: true, got: |v, _| vec![v.quarantine.is_some().to_string()] },
    Expectation { name: "ticket", doc: "`true` or `false`.", exact: true, got: |v, _| vec![v.ticket.to_string()] },
    Expectation { name: "escalate", doc: "`true` or `false`.", exact: true, got: |v, _| vec![v.escalate.to_string()] },
    Expectation { name: "recover", doc: "`true` or `false`.", exact: true, got: |v, _| vec![v.recover.to_string()] },
];

/// The keys that make up the mail of an example.
pub(super) const MAIL_KEYS: &[&str] = &[
    "subject", "text", "from", "to", "cc", "headers", "attachments", "language", "size", "origin", "role", "authenticated", "suspect",
    "business_hours", "fields", "expect",
];

/// Reads one example; what is wrong is noted.
pub(super) fn compile(c: &mut Compiler<'_>, table: &DeTable<'_>, span: Range<usize>) -> Option<Example> {
    let mut example = Example {
        file: c.file().clone(),
        mail: Box::default(),
        origin: OriginKind::Person,
        role: "requester",
        authenticated: false,
        suspect: false,
        business_hours: None,
        fields: BTreeMap::new(),
        expect: Vec::new(),
    };
    let before = c.complaints.len();
    for (key, value) in table {
        if MAIL_KEYS.contains(&key.get_ref().as_ref()) {
            // What is wrong has been noted; the example is dropped below.
            let _ = read_key(c, &mut example, key.get_ref(), value);
        } else {
            c.unknown(key.span(), "an example has no", key.get_ref(), MAIL_KEYS);
        }
    }
    if example.expect.is_empty() && c.complaints.len() == before {
        c.complain(span.start..span.start, "this example expects nothing", "add expect = { category = \"…\" }");
    }
    let mail = &mut example.mail;
    if mail.language.is_none() {
        let chinese = mail.subject.chars().chain(mail.text.chars()).any(is_han_or_kana);
        mail.language = Some(if chinese { "zh" } else { "en" }.to_owned());
    }
    mail.base_subject = mail.subject.clone();
    mail.reply = ReplyText { text: mail.text.clone(), ..ReplyText::default() };
    (c.complaints.len() == before).then_some(example)
}

/// Reads one of [`MAIL_KEYS`]; `None`: a complaint was made.
fn read_key(c: &mut Compiler<'_>, example: &mut Example, key: &str, value: &Item<'_>) -> Option<()> {
    let mail = &mut example.mail;
    match key {
        "subject" => mail.subject = c.text(value, key)?,
        "text" => mail.text = c.text(value, key)?,
        "from" => mail.from = people(c, value, key)?.into_iter().next(),
        "to" => mail.to = people(c, value, key)?,
        "cc" => mail.cc = people(c, value, key)?,
        "headers" => mail.headers = pairs(c, value, key)?,
        "attachments" => mail.attachments = c.texts(value, key)?.into_iter().map(|(name, _)| file(name)).collect(),
        "language" => mail.language = Some(c.text(value, key)?),
        "size" => mail.size = u64::try_from(c.number(value, key, 0..=i64::MAX)?).ok()?,
        "origin" => example.origin = c.members(value, key, ORIGINS)?.into_iter().next()?,
        "role" => example.role = c.members(value, key, ROLES)?.into_iter().next()?,
        "authenticated" => example.authenticated = c.flag(value, key)?,
        "suspect" => example.suspect = c.flag(value, key)?,
        "business_hours" => example.business_hours = Some(c.flag(value, key)?),
        "fields" => example.fields = pairs(c, value, key)?.into_iter().collect(),
        "expect" => example.expect = expectations(c, value)?,
        _ => return None,
    }
    Some(())
}

fn people(c: &mut Compiler<'_>, value: &Item<'_>, key: &str) -> Option<Vec<Person>> {
    let mut people = Vec::new();
    for (text, span) in c.texts(value, key)? {
        let Some(address) = Address::parse(&text) else {
            c.complain(span, format!("`{text}` is no address"), "write name@example.com");
            return None;
        };
        people.push(Person { name: String::new(), address });
    }
    Some(people)
}

fn pairs(c: &mut Compiler<'_>, value: &Item<'_>, key: &str) -> Option<Vec<(String, String)>> {
    let table = c.table(value, key, "{ X-Priority = \"1\" }")?;
    let found: Vec<Option<(String, String)>> = table.iter().map(|(name, v)| Some((name.get_ref().to_string(), c.text(v, key)?))).collect();
    found.into_iter().collect()
}

/// A file by name, with the media type of its ending where that is plain.
fn file(name: String) -> Attachment {
    let ending = name.rsplit_once('.').map_or("", |(_, ending)| ending).to_lowercase();
    let media_type = match ending.as_str() {
        "png" | "gif" | "jpeg" => format!("image/{ending}"),
        "jpg" => "image/jpeg".into(),
        "txt" | "log" => "text/plain".into(),
        "pdf" => "application/pdf".into(),
        _ => "application/octet-stream".into(),
    };
    Attachment { name, media_type, ..Attachment::default() }
}

fn expectations(c: &mut Compiler<'_>, value: &Item<'_>) -> Option<Vec<Expected>> {
    let table = c.table(value, "expect", "{ category = \"network\" }")?;
    let mut all = Vec::new();
    for (key, value) in table {
        let Some(entry) = EXPECTATIONS.iter().find(|e| e.name == key.get_ref().as_ref()) else {
            let names: Vec<&str> = EXPECTATIONS.iter().map(|e| e.name).collect();
            c.unknown(key.span(), "an example cannot expect", key.get_ref(), &names);
            continue;
        };
        let wanted = match value.get_ref() {
            DeValue::Boolean(flag) => vec![flag.to_string()],
            DeValue::Array(items) if items.is_empty() => Vec::new(),
            DeValue::Table(_) => pairs(c, value, entry.name)?.into_iter().map(|(n, v)| format!("{n} = {v}")).collect(),
            _ => c.texts(value, entry.name)?.into_iter().map(|(text, _)| text).collect(),
        };
        if entry.name == "category"
            && let [one] = wanted.as_slice()
            && one != "none"
        {
            c.configured(one.clone(), value.span(), "category", &c.names.categories)?;
        }
        all.push(Expected { entry, span: value.span(), wanted });
    }
    Some(all)
}

impl Example {
    /// The rules that it names, with their places.
    pub(super) fn rule_names(&self) -> impl Iterator<Item = (&File, Range<usize>, &str)> {
        let of_rules = self.expect.iter().filter(|e| e.entry.name == "rules");
        of_rules.flat_map(|e| e.wanted.iter().map(|name| (&self.file, e.span.clone(), name.as_str())))
    }

    fn run(&self, rules: &RuleSet) -> Vec<Complaint> {
        let around = Circumstances {
            origin: self.origin,
            role: self.role,
            authenticated: self.authenticated,
            suspect: self.suspect,
            fields: &self.fields,
            at: DateTime::UNIX_EPOCH,
            business_hours: self.business_hours,
        };
        let verdict = rules.judge_with(&self.mail, &around, Memory::Fleeting);
        self.expect.iter().filter_map(|expected| self.compare(expected, &verdict)).collect()
    }

    fn compare(&self, expected: &Expected, verdict: &Verdict) -> Option<Complaint> {
        let got = (expected.entry.got)(verdict, &self.mail);
        let wanted = &expected.wanted;
        let same = match (expected.entry.exact, wanted.is_empty()) {
            (true, _) | (false, true) => got == *wanted,
            (false, false) => wanted.iter().all(|w| got.contains(w)),
        };
        if same {
            return None;
        }
        let list = |items: &[String]| if items.is_empty() { "nothing".to_owned() } else { items.join(", ") };
        let name = expected.entry.name;
        let message = format!("this example expects {name} {}, but gets {}", list(wanted), list(&got));
        let seen: Vec<String> = verdict.evidence.iter().map(|e| format!("{} ({}) by {} `{}`", e.rule, e.at, e.field, e.matched)).collect();
        let help =
            format!("mend the rule, or the example where it is to be so now; {}; matched: {}", verdict.because.join("; "), list(&seen));
        Some(Complaint::at(&self.file.name, &self.file.text, expected.span.clone(), message, help))
    }
}

impl RuleSet {
    /// Runs every `[[example]]` of the files against all rules: a complaint for each expectation that fails.
    pub fn run_examples(&self) -> Vec<Complaint> {
        let mut complaints: Vec<Complaint> = self.examples.iter().flat_map(|example| example.run(self)).collect();
        complaints.sort_by(|a, b| (&a.file, a.line, a.column).cmp(&(&b.file, b.line, b.column)));
        complaints
    }

    /// How many examples the files carry.
    pub fn examples(&self) -> usize {
        self.examples.len()
    }
}
