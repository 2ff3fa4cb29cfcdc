//! Scheduled reports: a pure fold over ticket facts.

use chrono::{DateTime, Utc};

use super::policy::Policy;
use super::{Case, Decision, Need};

/// A slot's time has come.
pub fn slot(_case: &Case, _name: &str, _at: DateTime<Utc>, _policy: &Policy) -> Result<Decision, Need> {
    Ok(Decision::new(super::Outcome::Done, "desk"))
}

/// Names of the reports that a `[[summary]]` may ask for.
pub const NAMES: &[&str] = &["daily"];
