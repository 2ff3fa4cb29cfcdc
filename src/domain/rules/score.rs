//! How well rules judge mails whose right verdict somebody wrote down, and which rules do the work: folds for `rules eval` and
//! `rules stats`.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::{RuleSet, Verdict};
use crate::domain::ticket::Level;

/// What is expected of a mail; `none` says that nothing is.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct Labels {
    /// The winning category.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub category: Option<String>,
    /// What is wanted.
    #[serde(default, rename = "type", skip_serializing_if = "Option::is_none")]
    pub kind: Option<String>,
    /// How many are hit.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub impact: Option<String>,
    /// How soon.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub urgency: Option<String>,
    /// These are among the labels; an empty list: there are none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub label: Option<Vec<String>>,
}

/// One thing that a mail is judged on.
pub struct Aspect {
    /// Its key in [`Labels`].
    pub name: &'static str,
    wanted: fn(&Labels) -> Option<Vec<String>>,
    got: fn(&Verdict) -> Vec<String>,
    right: fn(&[String], &[String]) -> bool,
}

/// Everything that a mail is judged on; the category comes first.
pub const ASPECTS: [Aspect; 5] = [
    Aspect { name: "category", wanted: |l| one(&l.category), got: |v| maybe(v.category.as_ref()), right: |wanted, got| wanted == got },
    Aspect { name: "type", wanted: |l| one(&l.kind), got: |v| maybe(v.kind), right: |wanted, got| wanted == got },
    Aspect { name: "impact", wanted: |l| one(&l.impact), got: |v| maybe(v.impact), right: level_is },
    Aspect { name: "urgency", wanted: |l| one(&l.urgency), got: |v| maybe(v.urgency), right: level_is },
    Aspect {
        name: "label",
        wanted: |l| l.label.clone(),
        got: |v| v.labels.clone(),
        right: |wanted, got| if wanted.is_empty() { got.is_empty() } else { wanted.iter().all(|w| got.contains(w)) },
    },
];

/// Stands for what no rule says.
pub const NONE: &str = "none";

fn one(value: &Option<String>) -> Option<Vec<String>> {
    value.clone().map(|value| vec![value])
}

fn maybe(value: Option<impl ToString>) -> Vec<String> {
    vec![value.map_or_else(|| NONE.to_owned(), |v| v.to_string())]
}

/// A level that no rule sets is the middle one, as in the ticket.
fn level_is(wanted: &[String], got: &[String]) -> bool {
    let filled = |list: &[String]| list.first().filter(|l| *l != NONE).cloned().unwrap_or_else(|| Level::Medium.to_string());
    filled(wanted) == filled(got)
}

/// So many were right of those where something was expected.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
pub struct Share {
    /// Right ones.
    pub right: usize,
    /// All.
    pub of: usize,
}

impl Share {
    /// From 0 to 1; `None` where there is none.
    pub fn ratio(self) -> Option<f64> {
        (self.of > 0).then(|| self.right as f64 / self.of as f64)
    }

    fn count(&mut self, right: bool) {
        self.right += usize::from(right);
        self.of += 1;
    }
}

/// The score over some mails.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Score {
    /// How many.
    pub mails: usize,
    /// Those without a category.
    pub unclassified: usize,
    /// A share for each of [`ASPECTS`].
    pub aspects: [Share; ASPECTS.len()],
}

/// The scores over a set of labelled mails.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Scores {
    /// Over all of them.
    pub all: Score,
    /// By language.
    pub by_language: BTreeMap<String, Score>,
    /// How many mails of a category were given which: (expected, got) → mails.
    pub confusion: BTreeMap<(String, String), usize>,
}

/// An aspect of a mail that was judged otherwise than expected.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Miss {
    /// Which.
    pub aspect: &'static str,
    /// What was expected.
    pub wanted: Vec<String>,
    /// What the rules said.
    pub got: Vec<String>,
}

impl Scores {
    /// Counts one mail; what was missed in it.
    pub fn add(&mut self, language: &str, labels: &Labels, verdict: &Verdict) -> Vec<Miss> {
        let mut missed = Vec::new();
        let tongue = self.by_language.entry(language.to_owned()).or_default();
        for score in [&mut self.all, &mut *tongue] {
            score.mails += 1;
            score.unclassified += usize::from(verdict.category.is_none());
        }
        for (at, aspect) in ASPECTS.iter().enumerate() {
            let Some(wanted) = (aspect.wanted)(labels) else { continue };
            let got = (aspect.got)(verdict);
            let right = (aspect.right)(&wanted, &got);
            for share in [self.all.aspects.get_mut(at), tongue.aspects.get_mut(at)].into_iter().flatten() {
                share.count(right);
            }
            if aspect.name == "category" {
                *self.confusion.entry((wanted.concat(), got.concat())).or_default() += 1;
            }
            if !right {
                missed.push(Miss { aspect: aspect.name, wanted, got });
            }
        }
        missed
    }

    /// The share of mails whose category was right.
    pub fn accuracy(&self) -> Option<f64> {
        self.all.aspects.first().and_then(|share| share.ratio())
    }
}

/// What one rule did over some mails.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct RuleTally {
    /// Its name.
    pub rule: String,
    /// `rules/20-network.toml:3`.
    pub at: String,
    /// The category that it votes for.
    pub category: Option<String>,
    /// Mails that it matched.
    pub matched: usize,
    /// Of these, mails that got its category.
    pub won: usize,
    /// Of these, mails that got another one or none.
    pub lost: usize,
}

/// Counts what each rule did, in file order.
#[derive(Debug, Clone)]
pub struct RuleTallies(Vec<RuleTally>);

impl RuleTallies {
    /// Nothing counted yet.
    pub fn of(rules: &RuleSet) -> RuleTallies {
        let row = |(rule, at, category): (&str, &str, Option<&str>)| RuleTally {
            rule: rule.to_owned(),
            at: at.to_owned(),
            category: category.map(str::to_owned),
            matched: 0,
            won: 0,
            lost: 0,
        };
        RuleTallies(rules.rules().map(row).collect())
    }

    /// Counts one mail.
    pub fn add(&mut self, verdict: &Verdict) {
        // All matches of a rule stand together.
        for found in verdict.evidence.chunk_by(|one, next| one.at == next.at).filter_map(<[_]>::first) {
            let Some(row) = self.0.iter_mut().find(|row| row.at == found.at) else { continue };
            row.matched += 1;
            if row.category.is_some() {
                let won = row.category == verdict.category;
                row.won += usize::from(won);
                row.lost += usize::from(!won);
            }
        }
    }

    /// Most matches first; of equals, in file order.
    pub fn sorted(mut self) -> Vec<RuleTally> {
        self.0.sort_by_key(|row| std::cmp::Reverse(row.matched));
        self.0
    }
}

#[cfg(test)]
mod tests {
    use super::super::{Circumstances, Names};
    use super::*;
    use crate::domain::message::{Reading, ReplyText};
    use crate::domain::origin::OriginKind;

    const RULES: &str = "
        [[rule]]\nname = 'vpn'\nwhen = { words = 'vpn' }\nthen = { category = '网络', weight = 2, label = 'remote' }
        [[rule]]\nname = 'screen'\nwhen = { words = 'screen' }\nthen = { category = 'anything at all' }
        [[rule]]\nname = 'now'\nwhen = { words = 'now' }\nthen = { urgency = 'high' }
        [[rule]]\nname = 'fax'\nwhen = { words = 'fax' }\nthen = { category = 'fax' }\n";

    fn rules() -> RuleSet {
        RuleSet::compile(&[("rules/t.toml".to_owned(), RULES.to_owned())], &Names::default(), 1).unwrap()
    }

    fn judge(rules: &RuleSet, text: &str) -> Verdict {
        let reply = ReplyText { text: text.to_owned(), ..ReplyText::default() };
        let mail = Reading { text: text.to_owned(), reply, ..Reading::default() };
        let around = Circumstances {
            origin: OriginKind::Person,
            role: "requester",
            authenticated: false,
            suspect: false,
            fields: &BTreeMap::new(),
            at: chrono::DateTime::UNIX_EPOCH,
            business_hours: None,
        };
        rules.judge(&mail, &around)
    }

    fn labels(json: &str) -> Labels {
        serde_json::from_str(json).unwrap()
    }

    #[test]
    fn mails_are_scored() {
        let rules = rules();
        let mut scores = Scores::default();
        for (language, text, expect, missed) in [
            ("en", "vpn now", r#"{"category": "网络", "urgency": "high", "label": ["remote"]}"#, ""),
            ("en", "my screen and the vpn", r#"{"category": "anything at all", "urgency": "medium"}"#, "category"),
            ("zh", "vpn", r#"{"category": "网络", "label": [], "type": "incident"}"#, "type label"),
            ("zh", "hello", r#"{"category": "none", "urgency": "low", "impact": "none", "type": "none"}"#, "urgency"),
            ("zh", "hello", "{}", ""),
        ] {
            let found = scores.add(language, &labels(expect), &judge(&rules, text));
            assert_eq!(found.iter().map(|m| m.aspect).collect::<Vec<_>>().join(" "), missed, "{text}");
        }
        assert_eq!(scores.accuracy(), Some(0.75));
        assert_eq!((scores.all.mails, scores.all.unclassified), (5, 2));
        let shares = |language: &str| scores.by_language[language].aspects.map(|s| (s.right, s.of));
        assert_eq!(shares("en"), [(1, 2), (0, 0), (0, 0), (2, 2), (1, 1)]);
        assert_eq!(shares("zh"), [(2, 2), (1, 2), (1, 1), (0, 1), (0, 1)]);
        let confused: Vec<_> = scores.confusion.iter().map(|((a, b), n)| (a.as_str(), b.as_str(), *n)).collect();
        assert_eq!(confused, [("anything at all", "网络", 1), ("none", "none", 1), ("网络", "网络", 2)]);
    }

    #[test]
    fn a_mistyped_expectation_is_an_error() {
        assert!(serde_json::from_str::<Labels>(r#"{"catgory": "network"}"#).is_err());
    }

    #[test]
    fn rules_are_counted() {
        let rules = rules();
        let mut tallies = RuleTallies::of(&rules);
        for text in ["vpn vpn now", "the screen of the vpn", "screen", "now", "nothing"] {
            tallies.add(&judge(&rules, text));
        }
        let rows: Vec<_> = tallies.sorted().into_iter().map(|r| (r.rule, r.matched, r.won, r.lost)).collect();
        let row = |name: &str, matched, won, lost| (name.to_owned(), matched, won, lost);
        assert_eq!(rows, [row("vpn", 2, 2, 0), row("screen", 2, 1, 1), row("now", 2, 0, 0), row("fax", 0, 0, 0)]);
    }
}
