//! Which articles go along with the first mails of a ticket: those that its rules name, then those that its words lead to.
//!
//! The search itself is not the domain's: the policy brings one along, pure as everything in it.

use std::fmt;

use super::intake::Scene;
use super::language;
use super::message::Reading;
use super::notify::MOST_LINKS;
use super::origin::OriginKind;
use super::policy::{Article, Policy};
use super::rules::Verdict;

/// An article that fits.
#[derive(Debug, Clone, PartialEq)]
pub struct Hit {
    /// Its id.
    pub id: String,
    /// How well, from 0 to 1; a rule's word is 1.
    pub score: f64,
}

/// Finds articles by words. The same words find the same articles for as long as the policy lives.
pub trait Search: fmt::Debug + Send + Sync {
    /// The articles of this language that are sure to be about it, best first; those for agents among them.
    fn find(&self, subject: &str, text: &str, language: &str) -> Vec<Hit>;
}

/// Finds nothing.
#[derive(Debug, Clone, Copy)]
pub struct Nowhere;

impl Search for Nowhere {
    fn find(&self, _subject: &str, _text: &str, _language: &str) -> Vec<Hit> {
        Vec::new()
    }
}

/// The score of an article that a rule names.
const BY_RULE: f64 = 1.0;

/// What a search reads of a mail's own words, bytes: what it is about is said early.
const MOST_TEXT: usize = 1000;

/// The articles that the rules name, in their order, then those that a person's words lead to, best first. Where the rules name enough
/// articles that a requester of this language can read, nothing is searched; where they name one, or tell the category, the words add only
/// such of that category: "laptop" and "down" in a mail about the VPN are no reason to send how one mends a slow laptop.
pub fn articles(verdict: &Verdict, scene: &Scene<'_>, policy: &Policy, language: &str) -> Vec<Hit> {
    let named = &verdict.kb;
    let mut hits: Vec<Hit> = named.iter().map(|id| Hit { id: id.clone(), score: BY_RULE }).collect();
    if scene.origin.kind == OriginKind::Person && are_wanted(named, policy, language) {
        let named_one =
            || named.iter().filter_map(|id| policy.article(id, language)).any(|article| language::same(&article.language, language));
        let told = verdict.category.is_some() || named_one();
        let fits = |hit: &Hit| !named.contains(&hit.id) && (!told || of_category(&hit.id, verdict, policy, language));
        let found = scene.foreseen().map_or_else(|| search(scene.mail, policy, language), |foresight| foresight.found(language));
        hits.extend(found.into_iter().filter(fits));
    }
    hits
}

/// Do the rules name fewer articles than a requester of this language can be given?
pub fn are_wanted(named: &[String], policy: &Policy, language: &str) -> bool {
    let readable = named.iter().filter_map(|id| policy.article(id, language)).filter(|a| is_for_requester(a, language));
    readable.count() < MOST_LINKS
}

/// The articles that a person's words lead to, best first.
pub fn search(mail: &Reading, policy: &Policy, language: &str) -> Vec<Hit> {
    policy.search.find(&mail.base_subject, own_words(mail), language)
}

/// Is it about the category that the rules gave? An article without categories is about everything.
fn of_category(id: &str, verdict: &Verdict, policy: &Policy, language: &str) -> bool {
    let Some(article) = policy.article(id, language) else { return false };
    article.categories.is_empty() || verdict.category.as_ref().is_some_and(|category| article.categories.contains(category))
}

/// The beginning of what somebody wrote himself.
pub fn own_words(mail: &Reading) -> &str {
    let own = if mail.reply.text.trim().is_empty() || mail.forwarded { &mail.text } else { &mail.reply.text };
    own.get(..own.floor_char_boundary(MOST_TEXT)).unwrap_or(own)
}

/// Why an article goes along that no rule names.
pub fn because(hit: &Hit) -> Option<String> {
    (hit.score < BY_RULE).then(|| format!("search: {} fits the words, {:.2}", hit.id, hit.score))
}

/// Can a requester of this language follow a link to it?
pub fn is_for_requester(article: &Article, language: &str) -> bool {
    !article.internal && language::same(&article.language, language) && article.url.is_some()
}
