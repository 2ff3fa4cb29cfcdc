//! The rule engine of design section 6.

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

use super::message::Reading;
use super::origin::OriginKind;
use super::ticket::{Kind, Level};

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

/// All rules of a desk, compiled once.
#[derive(Debug, Default)]
pub struct RuleSet {}

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
    pub missing: Vec<String>,
    /// No ticket at all, and the rule that says so.
    pub ignore: Option<String>,
    /// Bulk or generated mail becomes a ticket all the same.
    pub ticket: bool,
    /// The requester is the Reply-To address.
    pub requester_from_reply_to: bool,
    /// Every match.
    pub evidence: Vec<Evidence>,
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
    /// Weight of the vote; 0 where the rule votes for nothing.
    pub weight: i64,
}

impl RuleSet {
    /// Judges a mail.
    pub fn judge(&self, _mail: &Reading, _around: &Circumstances<'_>) -> Verdict {
        Verdict::default()
    }
}
