//! The rule engine: what an operator's rule files say of a mail, with the evidence.
//!
//! Files are compiled once ([`RuleSet::compile`]). [`RuleSet::judge`] reads each field of a mail once (`scan`), looks only at the
//! rules of which a word was found, in file order, and lets their categories vote (`vote`). What can be asked and done stands in two
//! registries, `conditions` and `effects`, from which the reference in docs/rules.md is generated. Files carry their own tests
//! (`example`). Sieve (RFC 5228) was weighed as the language and left: it orders mail into folders, it cannot vote, and operators
//! review tables better than programs.

mod atom;
mod checklist;
mod conditions;
mod effects;
mod example;
pub mod labels;
mod literals;
mod load;
mod reference;
pub mod replay;
mod scan;
pub mod score;
mod vote;

use std::collections::{BTreeMap, BTreeSet};
use std::ops::Range;

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

use super::message::Reading;
use super::origin::OriginKind;
use super::ticket::{Kind, Level};
use atom::{Lists, Memory};
pub use checklist::{Question, is_field_name};
use conditions::Cond;
use effects::Effect;
use example::Example;
pub use reference::{conditions_markdown, effects_markdown, expectations_markdown};
use scan::Scanner;

/// Facts beside the reading that conditions may ask for.
#[derive(Debug, Clone)]
pub struct Circumstances<'a> {
    /// Kind of mail.
    pub origin: OriginKind,
    /// `requester`, `agent`, `lead`, …
    pub role: &'a str,
    /// The sender is proved by a border's aligned pass.
    pub authenticated: bool,
    /// Spam mark or DMARC failure.
    pub suspect: bool,
    /// Fields that the ticket has already.
    pub fields: &'a BTreeMap<String, String>,
    /// Moment of arrival.
    pub at: DateTime<Utc>,
    /// Whether `at` is within business hours, where a calendar is configured.
    pub business_hours: Option<bool>,
}

/// What rules may name and build on, from the config, the knowledge base and the templates; `None` leaves names unchecked.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Names {
    /// Category ids.
    pub categories: Option<BTreeSet<String>>,
    /// Team names.
    pub teams: Option<BTreeSet<String>>,
    /// Agents' handles.
    pub agents: Option<BTreeSet<String>>,
    /// Approvers' handles, and categories that some approver has in scope.
    pub approvers: Option<BTreeSet<String>>,
    /// Article ids.
    pub articles: Option<BTreeSet<String>>,
    /// Stems of templates for acknowledgments.
    pub templates: Option<BTreeSet<String>>,
    /// By category: what must be known of its tickets, beside what rules ask.
    pub checklists: BTreeMap<String, Vec<Question>>,
}

/// All rules of a desk, compiled once.
#[derive(Debug, Default)]
pub struct RuleSet {
    rules: Vec<Rule>,
    examples: Vec<Example>,
    scanner: Scanner,
    /// By atom: the rules to look at when it is there.
    triggered: Vec<Vec<u32>>,
    /// Rules to look at in every mail.
    always: Vec<u32>,
    /// The least weight that a category needs.
    threshold: i64,
    /// By category: what is asked beside what rules ask.
    checklists: BTreeMap<String, Vec<Question>>,
    /// Some rule joins mails by a key.
    keys: bool,
}

/// One rule.
#[derive(Debug)]
struct Rule {
    name: String,
    /// `rules/20-network.toml:3`
    at: String,
    when: Cond,
    category: Option<String>,
    weight: i64,
    stop: bool,
    effects: Vec<Effect>,
}

impl Rule {
    fn new(name: String, at: String, when: Cond, effects: Vec<(Effect, Range<usize>)>) -> Rule {
        let (mut category, mut weight, mut stop, mut others) = (None, 1, false, Vec::new());
        for (effect, _) in effects {
            match effect {
                Effect::Category(id) => category = Some(id),
                Effect::Weight(number) => weight = number,
                Effect::Stop => stop = true,
                other => others.push(other),
            }
        }
        let weight = if category.is_some() { weight } else { 0 };
        Rule { name, at, when, category, weight, stop, effects: others }
    }
}

/// What the rules say of a mail.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Verdict {
    /// Winning category.
    pub category: Option<String>,
    /// Set by a rule.
    pub kind: Option<Kind>,
    /// Set by a rule.
    pub impact: Option<Level>,
    /// Set by a rule.
    pub urgency: Option<Level>,
    /// Set by a rule, else the category's team is used by the caller.
    pub team: Option<String>,
    /// Agent's handle.
    pub assign: Option<String>,
    /// Lists unite.
    pub labels: Vec<String>,
    /// Captured fields.
    pub fields: BTreeMap<String, String>,
    /// Article ids, in order, each once.
    pub kb: Vec<String>,
    /// Questions of a checklist that the mail does not answer.
    pub missing: Vec<Question>,
    /// No ticket at all, and the rule that says so.
    pub ignore: Option<String>,
    /// Bulk or generated mail becomes a ticket all the same.
    pub ticket: bool,
    /// The requester is the Reply-To address.
    pub requester_from_reply_to: bool,
    /// Steps for the agent, by name.
    pub playbook: Option<String>,
    /// The template of the acknowledgment.
    pub template: Option<String>,
    /// Who is asked for approval: handle or scope.
    pub approval: Option<String>,
    /// The team's lead is told at once.
    pub escalate: bool,
    /// Mails with the same key are one ticket; fields are filled in.
    pub dedup_key: Option<String>,
    /// The alert of this `dedup_key` is over.
    pub recover: bool,
    /// Nothing is done before the operator has looked, and the rule that says so.
    pub quarantine: Option<String>,
    /// Every match.
    pub evidence: Vec<Evidence>,
    /// How it was decided, in sentences: `network 4, hardware 1: network wins (threshold 1)`.
    pub because: Vec<String>,
    /// Fields that the ticket was asked for, filled or not: for a ticket that has none of them the verdict is that for no ticket.
    pub depends_on: BTreeSet<String>,
}

impl Verdict {
    /// What is to be asked, in this language where the questions are written in it.
    pub fn asked_in(&self, language: &str) -> Vec<String> {
        self.missing.iter().map(|question| question.in_language(language).to_owned()).collect()
    }
}

/// One match of one rule.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Evidence {
    /// Rule's name.
    pub rule: String,
    /// `rules/20-network.toml:3`.
    pub at: String,
    /// `subject`, `text`, `header.X-Foo`, …
    pub field: String,
    /// What was found.
    pub matched: String,
    /// The weight of the rule's vote, on the first match of a rule; 0 on its others, and where the rule votes for nothing. So the sum over
    /// all evidence is the sum of all votes.
    pub weight: i64,
}

impl RuleSet {
    fn new(mut rules: Vec<Rule>, examples: Vec<Example>, mut scanner: Scanner, threshold: i64) -> RuleSet {
        let mut lists = Lists::default();
        rules.iter_mut().for_each(|rule| rule.when.gather(&mut lists));
        scanner.watch(lists);
        let mut triggered: Vec<Vec<u32>> = vec![Vec::new(); scanner.len()];
        let mut always = Vec::new();
        for (index, rule) in (0_u32..).zip(&rules) {
            match rule.when.triggers(&|id| scanner.is_always_open(id)) {
                Some(atoms) => {
                    for atom in atoms {
                        if let Some(list) = triggered.get_mut(atom.index()) {
                            list.push(index);
                        }
                    }
                }
                None => always.push(index),
            }
        }
        let keys = rules.iter().flat_map(|rule| &rule.effects).any(|effect| matches!(effect, Effect::DedupKey(_) | Effect::Recover));
        RuleSet { keys, rules, examples, scanner, triggered, always, threshold, checklists: BTreeMap::new() }
    }

    /// Judges a mail: total, and the same for the same arguments.
    pub fn judge(&self, mail: &Reading, around: &Circumstances<'_>) -> Verdict {
        self.judge_with(mail, around, Memory::Kept)
    }

    fn judge_with(&self, mail: &Reading, around: &Circumstances<'_>, memory: Memory) -> Verdict {
        let mut scan = self.scanner.scan(mail, memory);
        let mut candidates = self.always.clone();
        for hit in &scan.hits {
            candidates.extend(self.triggered.get(hit.index()).into_iter().flatten());
        }
        candidates.sort_unstable();
        candidates.dedup();
        let rules = candidates.into_iter().filter_map(|index| self.rules.get(index as usize));
        vote::judge(rules, &mut scan, mail, around, self)
    }

    /// Does any rule join mails by a key?
    pub fn have_keys(&self) -> bool {
        self.keys
    }

    /// Each rule's name, place and, where it votes, category; in file order.
    pub fn rules(&self) -> impl Iterator<Item = (&str, &str, Option<&str>)> {
        self.rules.iter().map(|rule| (rule.name.as_str(), rule.at.as_str(), rule.category.as_deref()))
    }

    /// How many rules there are.
    pub fn len(&self) -> usize {
        self.rules.len()
    }

    /// Are there none?
    pub fn is_empty(&self) -> bool {
        self.rules.is_empty()
    }

    /// The rules that ship, as (file name, text).
    pub fn builtin_files() -> Vec<(String, String)> {
        [
            ("rules/10-hardware.toml", include_str!("../../../rules/10-hardware.toml")),
            ("rules/15-printing.toml", include_str!("../../../rules/15-printing.toml")),
            ("rules/20-network.toml", include_str!("../../../rules/20-network.toml")),
            ("rules/30-software.toml", include_str!("../../../rules/30-software.toml")),
            ("rules/35-mail.toml", include_str!("../../../rules/35-mail.toml")),
            ("rules/40-account.toml", include_str!("../../../rules/40-account.toml")),
            ("rules/45-staff.toml", include_str!("../../../rules/45-staff.toml")),
            ("rules/50-permission.toml", include_str!("../../../rules/50-permission.toml")),
            ("rules/55-security.toml", include_str!("../../../rules/55-security.toml")),
            ("rules/60-facility.toml", include_str!("../../../rules/60-facility.toml")),
            ("rules/65-purchase.toml", include_str!("../../../rules/65-purchase.toml")),
            ("rules/70-urgency.toml", include_str!("../../../rules/70-urgency.toml")),
            ("rules/75-howto.toml", include_str!("../../../rules/75-howto.toml")),
            ("rules/80-feedback.toml", include_str!("../../../rules/80-feedback.toml")),
            ("rules/85-tone.toml", include_str!("../../../rules/85-tone.toml")),
            ("rules/90-monitoring.toml", include_str!("../../../rules/90-monitoring.toml")),
        ]
        .map(|(name, text)| (name.to_owned(), text.to_owned()))
        .into()
    }
}

#[cfg(test)]
mod tests;
