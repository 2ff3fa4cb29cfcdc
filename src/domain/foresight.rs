//! What can be said of a mail before its turn comes: the judgements that need the mail and the policy, and nothing of the store.
//!
//! They are a third of what the desk's own thread would have to do, so sources make them on theirs. Pure as they are, they are the same
//! whoever makes them; only a policy that changed meanwhile makes them stale.

use std::collections::BTreeMap;
use std::sync::{Arc, OnceLock};

use chrono::{DateTime, Utc};

use super::intake;
use super::message::Reading;
use super::origin::{self, Origin};
use super::policy::Policy;
use super::rules::Verdict;
use super::trust::{self, Sender, Token, TokenPlace};

/// The judgements of one mail by one policy.
#[derive(Debug)]
pub struct Foresight {
    /// What it says.
    pub mail: Arc<Reading>,
    at: DateTime<Utc>,
    policy: Arc<Policy>,
    /// What kind of mail it is.
    pub origin: Origin,
    /// The signed ids of ours that it carries.
    pub tokens: Vec<(Token, TokenPlace)>,
    /// Who wrote it.
    pub sender: Sender,
    verdict: OnceLock<Verdict>,
}

impl Foresight {
    /// Judges a mail that arrived at `at`. The rules are asked when somebody wants to know what they say.
    pub fn of(mail: Arc<Reading>, at: DateTime<Utc>, policy: Arc<Policy>) -> Foresight {
        let origin = origin::judge(&mail, &policy);
        let tokens = trust::tokens(&mail, &policy);
        let sender = trust::judge(&mail, &tokens, &policy);
        Foresight { mail, at, policy, origin, tokens, sender, verdict: OnceLock::new() }
    }

    /// Was the mail judged by this very policy?
    pub fn is_by(&self, policy: &Arc<Policy>) -> bool {
        Arc::ptr_eq(&self.policy, policy)
    }

    /// What the rules say of the mail while nothing is known of its ticket.
    pub fn verdict(&self) -> &Verdict {
        let judge = || intake::verdict(&self.mail, (&self.origin, &self.sender), &BTreeMap::new(), self.at, &self.policy);
        self.verdict.get_or_init(judge)
    }
}
