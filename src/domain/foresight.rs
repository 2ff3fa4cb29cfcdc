//! What can be said of a mail before its turn comes: the judgements that need the mail and the policy, and nothing of the store.
//!
//! They are a third of what the desk's own thread would have to do, so sources make them on theirs. Pure as they are, they are the same
//! whoever makes them; only a policy that changed meanwhile makes them stale.

use std::collections::BTreeMap;
use std::sync::{Arc, OnceLock};

use chrono::{DateTime, Utc};

use super::intake::{self, opening};
use super::message::Reading;
use super::origin::{self, Origin, OriginKind};
use super::policy::Policy;
use super::rules::Verdict;
use super::suggest::{self, Hit};
use super::trust::{self, Sender, Token, TokenPlace};

/// The judgements of one mail by one policy.
#[derive(Debug)]
pub struct Foresight {
    /// What it says; where a list of ours wrote itself into From, with the writer there.
    pub mail: Arc<Reading>,
    /// A list of ours did.
    pub behind_list: bool,
    at: DateTime<Utc>,
    policy: Arc<Policy>,
    /// What kind of mail it is.
    pub origin: Origin,
    /// The signed ids of ours that it carries.
    pub tokens: Vec<(Token, TokenPlace)>,
    /// Who wrote it.
    pub sender: Sender,
    verdict: OnceLock<Arc<Verdict>>,
    /// The language that was asked first, and what was found in it.
    found: OnceLock<(String, Vec<Hit>)>,
}

impl Foresight {
    /// Judges a mail that arrived at `at`. Rules and articles are looked at when somebody asks for them, or [`Foresight::look_ahead`] does.
    pub fn of(mail: Arc<Reading>, at: DateTime<Utc>, policy: Arc<Policy>) -> Foresight {
        let rewritten = origin::behind_list(&mail, &policy);
        let behind_list = rewritten.is_some();
        let mail = rewritten.map_or(mail, Arc::new);
        let origin = origin::judge(&mail, &policy);
        let tokens = trust::tokens(&mail, &policy);
        let sender = trust::judge(&mail, &tokens, &policy);
        Foresight { mail, behind_list, at, policy, origin, tokens, sender, verdict: OnceLock::new(), found: OnceLock::new() }
    }

    /// Was the mail judged by this very policy?
    pub fn is_by(&self, policy: &Arc<Policy>) -> bool {
        Arc::ptr_eq(&self.policy, policy)
    }

    /// Looks at what will be asked of a mail to this mailbox, as far as its facts tell.
    pub fn look_ahead(&self, mailbox: &str) {
        // Of our own mail, bounces and automatic replies nobody asks what the rules say.
        if !matches!(self.origin.kind, OriginKind::Person | OriginKind::Generated | OriginKind::Bulk) {
            return;
        }
        let verdict = self.verdict();
        let opens = self.origin.kind == OriginKind::Person && self.tokens.is_empty();
        let language = opening::language(&self.mail, mailbox, &self.policy);
        if opens && suggest::are_wanted(&verdict.kb, &self.policy, &language) {
            self.found(&language);
        }
    }

    /// The articles of this language that the mail's words lead to, best first.
    pub fn found(&self, language: &str) -> Vec<Hit> {
        let search = || suggest::search(&self.mail, &self.policy, language);
        let (asked, hits) = self.found.get_or_init(|| (language.to_owned(), search()));
        if asked == language { hits.clone() } else { search() }
    }

    /// What the rules say of the mail while nothing is known of its ticket.
    pub fn verdict(&self) -> &Arc<Verdict> {
        let judge = || intake::verdict(&self.mail, (&self.origin, &self.sender), &BTreeMap::new(), self.at, &self.policy);
        self.verdict.get_or_init(|| Arc::new(judge()))
    }
}
