//! From the rules that match to a verdict: votes, losers, effects, evidence.

use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet};

use super::atom::{AtomId, Memory, Pattern, Test, own_text};
use super::checklist::{Question, unanswered};
use super::conditions::{Asked, Cond};
use super::effects::{Effect, placeholders};
use super::scan::Scan;
use super::{Circumstances, Evidence, Rule, RuleSet, Verdict};
use crate::domain::message::Reading;

/// Longest value of a field, characters.
const LONGEST_FIELD: usize = 200;
/// Longest quotation in evidence, characters.
const LONGEST_QUOTE: usize = 80;
/// Matches of one rule that are kept as evidence.
const MOST_MATCHES: usize = 6;

/// What a matching rule found.
#[derive(Default)]
struct Found {
    /// (field, matched)
    matches: Vec<(String, String)>,
    fields: BTreeMap<String, String>,
}

/// Looks at these rules in order and concludes.
pub(super) fn judge<'r>(
    rules: impl Iterator<Item = &'r Rule>,
    scan: &mut Scan<'_, '_>,
    mail: &Reading,
    around: &Circumstances<'_>,
    set: &RuleSet,
) -> Verdict {
    let mut fields = BTreeMap::new();
    let mut fired: Vec<(&Rule, Found)> = Vec::new();
    let mut because = Vec::new();
    let depends_on = RefCell::new(BTreeSet::new());
    for rule in rules {
        let asked = Asked { mail, around, fields: &fields, asked: &depends_on };
        if !holds(&rule.when, scan, &asked) {
            continue;
        }
        let mut found = Found::default();
        witness(&rule.when, scan, &asked, &mut found);
        for effect in &rule.effects {
            if let Effect::Extract(patterns) = effect {
                extract(patterns, scan.memory, mail, &mut found.fields);
            }
        }
        fields.extend(found.fields.iter().map(|(name, value)| (name.clone(), value.clone())));
        fired.push((rule, found));
        if rule.stop {
            because.push(format!("rule {} ({}) stops: no rule after it was looked at", rule.name, rule.at));
            break;
        }
    }
    let verdict = Verdict { because, depends_on: depends_on.into_inner(), ..Verdict::default() };
    conclude(verdict, fired, around, set)
}

fn holds(cond: &Cond, scan: &mut Scan<'_, '_>, asked: &Asked<'_>) -> bool {
    match cond {
        Cond::Atom(id) => scan.holds(*id),
        Cond::All(parts) => parts.iter().all(|part| holds(part, scan, asked)),
        Cond::Any(parts) => parts.iter().any(|part| holds(part, scan, asked)),
        Cond::OneOf(list, atoms) => scan.has_any_of(*list) && atoms.iter().any(|id| scan.holds(*id)),
        Cond::Not(inner) => !holds(inner, scan, asked),
        Cond::Fact(fact) => (fact.test)(asked).is_some(),
    }
}

/// Collects what makes a condition hold.
fn witness(cond: &Cond, scan: &mut Scan<'_, '_>, asked: &Asked<'_>, found: &mut Found) {
    match cond {
        Cond::Atom(id) => witness_atom(*id, scan, found),
        Cond::OneOf(_, atoms) => atoms.iter().for_each(|id| witness_atom(*id, scan, found)),
        Cond::All(parts) | Cond::Any(parts) => {
            for part in parts {
                if holds(part, scan, asked) {
                    witness(part, scan, asked, found);
                }
            }
        }
        Cond::Fact(fact) => {
            if let Some(answer) = (fact.test)(asked) {
                found.matches.push((fact.name.clone(), quote(&answer)));
            }
        }
        Cond::Not(_) => {}
    }
}

fn witness_atom(id: AtomId, scan: &mut Scan<'_, '_>, found: &mut Found) {
    if !scan.holds(id) {
        return;
    }
    let Some((field, matched)) = scan.found(id) else { return };
    found.matches.push((field, quote(matched)));
    if let Some(pattern) = scan.pattern(id).filter(|pattern| !pattern.names().is_empty()) {
        for value in scan.values_of(id) {
            capture(pattern, scan.memory, &value.raw, &mut found.fields);
        }
    }
}

/// The named groups of the first match; a field that has a value keeps it.
fn capture(pattern: &Pattern, memory: Memory, text: &str, fields: &mut BTreeMap<String, String>) {
    let Some(regex) = pattern.regex(memory) else { return };
    let Some(captures) = regex.captures(text) else { return };
    for name in pattern.names() {
        if let Some(value) = captures.name(name) {
            fill(fields, name, value.as_str());
        }
    }
}

fn extract(patterns: &[(String, Pattern)], memory: Memory, mail: &Reading, fields: &mut BTreeMap<String, String>) {
    for (field, pattern) in patterns {
        let Some(regex) = pattern.regex(memory) else { continue };
        for text in [mail.subject.as_str(), own_text(mail)] {
            if let Some(captures) = regex.captures(text) {
                let value = captures.iter().skip(1).flatten().next().or_else(|| captures.get(0));
                fill(fields, field, value.map_or("", |m| m.as_str()));
            }
        }
    }
}

fn fill(fields: &mut BTreeMap<String, String>, name: &str, value: &str) {
    let value: String = value.trim().chars().take(LONGEST_FIELD).collect();
    if !value.is_empty() {
        fields.entry(name.to_owned()).or_insert(value);
    }
}

fn quote(text: &str) -> String {
    let mut chars = text.chars();
    let mut quoted: String = chars.by_ref().take(LONGEST_QUOTE).collect();
    if chars.next().is_some() {
        quoted.push('…');
    }
    quoted
}

fn conclude<'r>(mut verdict: Verdict, fired: Vec<(&'r Rule, Found)>, around: &Circumstances<'_>, set: &'r RuleSet) -> Verdict {
    let (category, reason) = elect(&fired, set.threshold);
    verdict.category = category;
    verdict.because.insert(0, reason);
    let (mut questions, mut key) = (Vec::new(), None);
    for (rule, found) in fired {
        verdict.evidence.extend(evidence(rule, &found));
        if rule.category.is_some() && rule.category != verdict.category {
            if !rule.effects.is_empty() || !found.fields.is_empty() {
                let lost = rule.category.as_deref().unwrap_or_default();
                verdict.because.push(format!("{lost} lost, so the effects of rule {} ({}) fall away", rule.name, rule.at));
            }
            continue;
        }
        verdict.fields.extend(found.fields);
        for effect in &rule.effects {
            match effect.needs_proof().filter(|_| around.suspect) {
                Some(name) => verdict.because.push(format!("rule {} ({}): no {name}, for the mail is suspect", rule.name, rule.at)),
                None => carry_out(effect, rule, &mut verdict, &mut questions, &mut key),
            }
        }
    }
    let depends_on = RefCell::new(std::mem::take(&mut verdict.depends_on));
    let of_ticket = |field: &str| {
        depends_on.borrow_mut().insert(field.to_owned());
        around.fields.get(field)
    };
    let value = |field: &str| verdict.fields.get(field).or_else(|| of_ticket(field)).cloned();
    questions.extend(verdict.category.as_ref().and_then(|id| set.checklists.get(id)).into_iter().flatten());
    verdict.missing = unanswered(questions.into_iter(), |field| value(field).is_some());
    if let Some((key, rule)) = key {
        match filled(key, &value) {
            Ok(key) => verdict.dedup_key = Some(key),
            Err(field) => {
                verdict.because.push(format!("rule {} has no dedup_key for this mail: the field {field} is not filled", rule.name))
            }
        }
    }
    verdict.depends_on = depends_on.into_inner();
    verdict
}

/// Writes one effect into the verdict; what can only be told at the end is put aside.
fn carry_out<'r>(
    effect: &'r Effect,
    rule: &'r Rule,
    verdict: &mut Verdict,
    questions: &mut Vec<&'r Question>,
    key: &mut Option<(&'r str, &'r Rule)>,
) {
    match effect {
        Effect::Set(set) => set.write(verdict),
        Effect::Ask(list) => questions.extend(list),
        Effect::DedupKey(text) => *key = Some((text, rule)),
        Effect::Ignore => verdict.ignore = Some(rule.name.clone()),
        Effect::Quarantine => verdict.quarantine = Some(rule.name.clone()),
        Effect::Recover => verdict.recover = true,
        Effect::Approval(who) => verdict.approval = Some(who.clone()),
        Effect::Category(_) | Effect::Weight(_) | Effect::Extract(_) | Effect::Stop => {}
    }
}

/// Fills in a key.
fn filled(key: &str, value: &dyn Fn(&str) -> Option<String>) -> Result<String, String> {
    let mut text = key.to_owned();
    for field in placeholders(key).unwrap_or_default() {
        let value = value(field).ok_or_else(|| field.to_owned())?;
        text = text.replace(&format!("{{{field}}}"), &value);
    }
    Ok(text)
}

fn evidence(rule: &Rule, found: &Found) -> Vec<Evidence> {
    let entry = |field: &str, matched: &str, weight| Evidence {
        rule: rule.name.clone(),
        at: rule.at.clone(),
        field: field.to_owned(),
        matched: matched.to_owned(),
        weight,
    };
    if found.matches.is_empty() {
        return vec![entry("not", "nothing that this rule excludes", rule.weight)];
    }
    let weights = std::iter::once(rule.weight).chain(std::iter::repeat(0));
    found.matches.iter().take(MOST_MATCHES).zip(weights).map(|((field, matched), weight)| entry(field, matched, weight)).collect()
}

/// Counts the votes. Of equal weights the one that was voted for first in file order wins, so that the outcome is stable.
fn elect(fired: &[(&Rule, Found)], threshold: i64) -> (Option<String>, String) {
    let mut votes: Vec<(&str, i64)> = Vec::new();
    for (rule, _) in fired {
        let Some(category) = rule.category.as_deref() else { continue };
        match votes.iter_mut().find(|(name, _)| *name == category) {
            Some((_, sum)) => *sum += rule.weight,
            None => votes.push((category, rule.weight)),
        }
    }
    votes.sort_by_key(|(_, sum)| -sum);
    let tally = votes.iter().map(|(name, sum)| format!("{name} {sum}")).collect::<Vec<_>>().join(", ");
    match votes.as_slice() {
        [] => (None, "no rule voted for a category: unclassified".to_owned()),
        [(_, sum), ..] if *sum < threshold => (None, format!("{tally}: below the threshold {threshold}, unclassified")),
        [(name, sum), rest @ ..] => {
            let tie = rest.first().is_some_and(|(_, other)| other == sum);
            let how = if tie { " as the first in file order" } else { "" };
            (Some((*name).to_owned()), format!("{tally}: {name} wins{how} (threshold {threshold})"))
        }
    }
}

impl Scan<'_, '_> {
    /// The field's name and what the atom found in it.
    fn found(&self, id: AtomId) -> Option<(String, &str)> {
        Some((self.atom(id)?.field.shown(), self.find(id)?))
    }

    fn pattern(&self, id: AtomId) -> Option<&Pattern> {
        match &self.atom(id)?.test {
            Test::Pattern(pattern) => Some(pattern),
            _ => None,
        }
    }
}
