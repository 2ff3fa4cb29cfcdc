//! What a rule may do: one entry of [`EFFECTS`] each, from which the reference in docs/rules.md is generated.

use std::ops::Range;

use toml::de::{DeTable, DeValue};

use super::atom::Pattern;
use super::checklist::{Question, is_language};
use super::load::{Compiler, Item};
use super::{Names, Verdict};
use crate::domain::ticket::{Kind, Level};

/// Heaviest vote.
const HEAVIEST: i64 = 1_000;

/// A compiled effect.
#[derive(Debug)]
pub(super) enum Effect {
    /// A vote.
    Category(String),
    /// How heavy it is.
    Weight(i64),
    /// Writes a plain value into the verdict.
    Set(Set),
    /// Fills fields by expressions over subject and text.
    Extract(Vec<(String, Pattern)>),
    /// What must be known.
    Ask(Vec<Question>),
    /// A key with `{field}` in it.
    DedupKey(String),
    /// No ticket.
    Ignore,
    /// Nothing goes on before the operator has looked.
    Quarantine,
    /// The monitored thing is well again.
    Recover,
    /// This approver is asked first.
    Approval(String),
    /// No rule after this one.
    Stop,
}

/// Effects that only write a value down.
#[derive(Debug, Clone)]
pub(super) enum Set {
    Kind(Kind),
    Impact(Level),
    Urgency(Level),
    Team(String),
    Assign(String),
    Labels(Vec<String>),
    Kb(Vec<String>),
    Playbook(String),
    Template(String),
    Escalate,
    RequesterFromReplyTo,
    Ticket,
}

impl Set {
    /// Lists unite; of plain values the last writer wins.
    pub(super) fn write(&self, verdict: &mut Verdict) {
        match self {
            Set::Kind(kind) => verdict.kind = Some(*kind),
            Set::Impact(level) => verdict.impact = Some(*level),
            Set::Urgency(level) => verdict.urgency = Some(*level),
            Set::Team(team) => verdict.team = Some(team.clone()),
            Set::Assign(agent) => verdict.assign = Some(agent.clone()),
            Set::Labels(labels) => unite(&mut verdict.labels, labels),
            Set::Kb(articles) => unite(&mut verdict.kb, articles),
            Set::Playbook(name) => verdict.playbook = Some(name.clone()),
            Set::Template(name) => verdict.template = Some(name.clone()),
            Set::Escalate => verdict.escalate = true,
            Set::RequesterFromReplyTo => verdict.requester_from_reply_to = true,
            Set::Ticket => verdict.ticket = true,
        }
    }
}

/// Adds what is not there yet, in order.
pub(super) fn unite(list: &mut Vec<String>, more: &[String]) {
    for item in more {
        if !list.contains(item) {
            list.push(item.clone());
        }
    }
}

impl Effect {
    /// The name of an effect that a From line alone must not have.
    pub(super) fn needs_proof(&self) -> Option<&'static str> {
        match self {
            Effect::DedupKey(_) => Some("dedup_key"),
            Effect::Recover => Some("recover"),
            Effect::Approval(_) => Some("approval"),
            Effect::Ignore => Some("ignore"),
            _ => None,
        }
    }
}

/// One effect.
pub(super) struct EffectEntry {
    /// Key in `then`.
    pub(super) name: &'static str,
    /// A sentence or two.
    pub(super) doc: &'static str,
    /// The inside of `then = { … }`.
    pub(super) example: &'static str,
    compile: fn(&mut Compiler<'_>, &str, &Item<'_>) -> Option<Option<Effect>>,
}

fn set(set: Set) -> Option<Option<Effect>> {
    Some(Some(Effect::Set(set)))
}

/// `name = true` does it, `name = false` does nothing.
fn when_true(c: &mut Compiler<'_>, key: &str, item: &Item<'_>, effect: Effect) -> Option<Option<Effect>> {
    Some(c.flag(item, key)?.then_some(effect))
}

/// Every effect.
pub(super) const EFFECTS: &[EffectEntry] = &[
    EffectEntry {
        name: "category",
        doc: "Votes for this category. The heaviest wins; effects of a rule whose category lost fall away.",
        example: "category = \"network\"",
        compile: |c, key, item| {
            let name = c.text(item, key)?;
            Some(Some(Effect::Category(c.configured(name, item.span(), "category", &c.names.categories)?)))
        },
    },
    EffectEntry {
        name: "weight",
        doc: "How heavy the vote is: a whole number, 1 where it is left out.",
        example: "category = \"network\", weight = 3",
        compile: |c, key, item| Some(Some(Effect::Weight(c.number(item, key, 1..=HEAVIEST)?))),
    },
    EffectEntry {
        name: "type",
        doc: "What is wanted: `incident`, `request`, `question`, `feedback` or `alert`.",
        example: "type = \"incident\"",
        compile: |c, key, item| {
            let all: Vec<(&str, Kind)> = Kind::ALL.iter().map(|k| (k.as_str(), *k)).collect();
            let text = c.text(item, key)?;
            set(Set::Kind(c.member(&text, item.span(), key, &all)?))
        },
    },
    EffectEntry {
        name: "impact",
        doc: "How many are hit: `low` (one person), `medium`, `high` (a team or more).",
        example: "impact = \"high\"",
        compile: |c, key, item| set(Set::Impact(level(c, key, item)?)),
    },
    EffectEntry {
        name: "urgency",
        doc: "How urgent it is: `low`, `medium`, `high`. Priority is impact × urgency.",
        example: "urgency = \"high\"",
        compile: |c, key, item| set(Set::Urgency(level(c, key, item)?)),
    },
    EffectEntry {
        name: "team",
        doc: "The team that gets it, instead of the category's.",
        example: "team = \"network\"",
        compile: |c, key, item| {
            let name = c.text(item, key)?;
            set(Set::Team(c.configured(name, item.span(), "team", &c.names.teams)?))
        },
    },
    EffectEntry {
        name: "assign",
        doc: "The agent who gets it, by handle.",
        example: "assign = \"li\"",
        compile: |c, key, item| {
            let name = c.text(item, key)?;
            set(Set::Assign(c.configured(name, item.span(), "agent", &c.names.agents)?))
        },
    },
    EffectEntry {
        name: "label",
        doc: "Free labels. Lists of several rules unite.",
        example: "label = [\"vpn\", \"home-office\"]",
        compile: |c, key, item| set(Set::Labels(c.texts(item, key)?.into_iter().map(|(t, _)| t.trim().to_owned()).collect())),
    },
    EffectEntry {
        name: "kb",
        doc: "Articles to suggest, by id. Lists of several rules unite.",
        example: "kb = [\"vpn-setup\"]",
        compile: articles,
    },
    EffectEntry {
        name: "playbook",
        doc: "An article whose steps stand in the agents' notification, by id; instead of the category's playbook.",
        example: "playbook = \"vpn-setup\"",
        compile: |c, key, item| {
            let (id, names) = (c.text(item, key)?, c.names);
            set(Set::Playbook(known_article(c, id, item.span(), names)?))
        },
    },
    EffectEntry {
        name: "ask",
        doc: "What must be known: a field, or a field with the question in words by language. A field that is filled is not asked for; a sentence without a field always is.",
        example: "ask = [{ field = \"error_code\", en = \"Which error number do you see?\", zh = \"显示的错误代码是多少？\" }]",
        compile: |c, key, item| Some(Some(Effect::Ask(questions(c, key, item)?))),
    },
    EffectEntry {
        name: "extract",
        doc: "Fills fields by regular expressions over subject and text: the first group, else the whole match.",
        example: "extract = { asset = '\\b((?:PC|NB)-\\d{4})\\b' }",
        compile: extract,
    },
    EffectEntry {
        name: "template",
        doc: "The acknowledgment is written from this variant of it: a file `templates/<language>/ack-….md` of yours.",
        example: "template = \"ack-outage\"",
        compile: |c, key, item| {
            let (name, names) = (c.text(item, key)?, c.names);
            set(Set::Template(c.configured(name, item.span(), "acknowledgment", &names.templates)?))
        },
    },
    EffectEntry {
        name: "approval",
        doc: "This approver is asked by mail, by handle or by a category in his scope; until he says yes or no, the ticket cannot be resolved. Demands proof of the sender.",
        example: "approval = \"wang\"",
        compile: |c, key, item| {
            let (name, names) = (c.text(item, key)?, c.names);
            Some(Some(Effect::Approval(c.configured(name, item.span(), "approver or scope", &names.approvers)?)))
        },
    },
    EffectEntry {
        name: "escalate",
        doc: "The team's lead is told at once.",
        example: "escalate = true",
        compile: |c, key, item| when_true(c, key, item, Effect::Set(Set::Escalate)),
    },
    EffectEntry {
        name: "requester",
        doc: "`reply_to`: the mail comes from a form, the requester is the address in Reply-To.",
        example: "requester = \"reply_to\"",
        compile: |c, key, item| {
            let text = c.text(item, key)?;
            c.member(&text, item.span(), key, &[("reply_to", ())])?;
            set(Set::RequesterFromReplyTo)
        },
    },
    EffectEntry {
        name: "dedup_key",
        doc: "Mails with the same key are one ticket, which stays silent towards the machine; `{field}` stands for a field's value. Demands proof of the sender.",
        example: "dedup_key = \"{host}/{check}\"",
        compile: dedup_key,
    },
    EffectEntry {
        name: "recover",
        doc: "The alert of the same `dedup_key` is over: its live ticket is resolved; where there is none, nothing happens. Demands proof of the sender.",
        example: "recover = true",
        compile: |c, key, item| when_true(c, key, item, Effect::Recover),
    },
    EffectEntry {
        name: "quarantine",
        doc: "Nothing is done with the mail before the operator has looked at it.",
        example: "quarantine = true",
        compile: |c, key, item| when_true(c, key, item, Effect::Quarantine),
    },
    EffectEntry {
        name: "ignore",
        doc: "No ticket; the mail is kept and the reason noted. Demands proof of the sender.",
        example: "ignore = true",
        compile: |c, key, item| when_true(c, key, item, Effect::Ignore),
    },
    EffectEntry {
        name: "ticket",
        doc: "Bulk or generated mail becomes a ticket all the same. It is never answered.",
        example: "ticket = true",
        compile: |c, key, item| when_true(c, key, item, Effect::Set(Set::Ticket)),
    },
    EffectEntry {
        name: "stop",
        doc: "No rule after this one is looked at.",
        example: "stop = true",
        compile: |c, key, item| when_true(c, key, item, Effect::Stop),
    },
];

/// Compiles `then`; what is wrong is noted and left out.
pub(super) fn compile_table(c: &mut Compiler<'_>, item: &Item<'_>) -> Vec<(Effect, Range<usize>)> {
    let Some(table) = c.table(item, "then", "{ category = \"network\" }") else { return Vec::new() };
    let mut effects = Vec::new();
    for (key, value) in table {
        let name = key.get_ref().as_ref();
        let Some(entry) = EFFECTS.iter().find(|e| e.name == name) else {
            let names: Vec<&str> = EFFECTS.iter().map(|e| e.name).collect();
            c.unknown(key.span(), "there is no effect", name, &names);
            continue;
        };
        if let Some(Some(effect)) = (entry.compile)(c, name, value) {
            effects.push((effect, key.span()));
        }
    }
    if table.contains_key("weight") && !table.contains_key("category") {
        c.complain(item.span(), "a weight without a category votes for nothing", "add category = \"…\"");
    }
    effects
}

fn level(c: &mut Compiler<'_>, key: &str, item: &Item<'_>) -> Option<Level> {
    let all: Vec<(&str, Level)> = Level::ALL.iter().map(|l| (l.as_str(), *l)).collect();
    let text = c.text(item, key)?;
    c.member(&text, item.span(), key, &all)
}

fn articles(c: &mut Compiler<'_>, key: &str, item: &Item<'_>) -> Option<Option<Effect>> {
    let mut found = Some(Vec::new());
    let names = c.names;
    for (id, span) in c.texts(item, key)? {
        match (known_article(c, id, span, names), &mut found) {
            (Some(id), Some(found)) => found.push(id),
            _ => found = None,
        }
    }
    set(Set::Kb(found?))
}

fn known_article(c: &mut Compiler<'_>, id: String, span: Range<usize>, names: &Names) -> Option<String> {
    c.configured(id, span, "article", &names.articles)
}

fn questions(c: &mut Compiler<'_>, key: &str, item: &Item<'_>) -> Option<Vec<Question>> {
    let items: Vec<&Item<'_>> = match item.get_ref() {
        DeValue::Array(items) => items.iter().collect(),
        _ => vec![item],
    };
    let found: Vec<Option<Question>> = items.into_iter().map(|item| question(c, key, item)).collect();
    found.into_iter().collect()
}

fn question(c: &mut Compiler<'_>, key: &str, item: &Item<'_>) -> Option<Question> {
    match item.get_ref() {
        DeValue::Table(table) => question_table(c, item, table),
        _ => {
            let text = c.text(item, key)?;
            match Question::plain(&text) {
                Some(question) => Some(question),
                None => c.field_name(&text, item.span()).map(|_| Question::default()),
            }
        }
    }
}

fn question_table(c: &mut Compiler<'_>, item: &Item<'_>, table: &DeTable<'_>) -> Option<Question> {
    let mut question = Question { field: None, words: Vec::new() };
    for (name, value) in table {
        let text = c.text(value, name.get_ref())?;
        match name.get_ref().as_ref() {
            "field" => question.field = Some(c.field_name(&text, value.span())?),
            language if is_language(language) => {
                question.words.push((language.to_owned(), text));
            }
            other => {
                c.unknown(name.span(), "a question has no", other, &["field", "en", "zh"]);
                return None;
            }
        }
    }
    if question.words.is_empty() && question.field.is_none() {
        c.complain(
            item.span(),
            "this question asks nothing",
            "such as { field = \"error_code\", en = \"Which error number do you see?\" }",
        );
        return None;
    }
    Some(question)
}

fn extract(c: &mut Compiler<'_>, key: &str, item: &Item<'_>) -> Option<Option<Effect>> {
    let table = c.table(item, key, "{ asset = '\\b(PC-\\d{4})\\b' }")?;
    let mut all = Some(Vec::new());
    for (name, value) in table {
        let field = c.field_name(name.get_ref(), name.span());
        let pattern = c.text(value, key).and_then(|source| c.pattern(&source, value.span()));
        match (field, pattern, &mut all) {
            (Some(field), Some(pattern), Some(all)) => {
                c.filled.insert(field.clone());
                all.push((field, pattern));
            }
            _ => all = None,
        }
    }
    Some(Some(Effect::Extract(all?)))
}

fn dedup_key(c: &mut Compiler<'_>, key: &str, item: &Item<'_>) -> Option<Option<Effect>> {
    let text = c.text(item, key)?;
    let Some(fields) = placeholders(&text) else {
        c.complain(item.span(), format!("`{text}` has a brace too many or too few"), "write {field} for a field's value");
        return None;
    };
    if fields.is_empty() {
        c.complain(item.span(), "this key is the same for every mail", "name a field in it, such as \"{host}/{check}\"");
        return None;
    }
    for field in fields {
        c.field_name(field, item.span())?;
        let place = (c.file().clone(), item.span(), field.to_owned());
        c.read.push(place);
    }
    Some(Some(Effect::DedupKey(text)))
}

/// The names in braces; `None` when the braces do not pair.
pub(super) fn placeholders(text: &str) -> Option<Vec<&str>> {
    let mut fields = Vec::new();
    let mut rest = text;
    while let Some((before, after)) = rest.split_once('{') {
        let (field, behind) = after.split_once('}')?;
        if before.contains('}') || field.contains('{') {
            return None;
        }
        fields.push(field);
        rest = behind;
    }
    (!rest.contains('}')).then_some(fields)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn braces() {
        assert_eq!(placeholders("{host}/{check}"), Some(vec!["host", "check"]));
        assert_eq!(placeholders("plain"), Some(vec![]));
        for bad in ["{host", "host}", "{a{b}}", "}{"] {
            assert_eq!(placeholders(bad), None, "{bad}");
        }
    }
}
