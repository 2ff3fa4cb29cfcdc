//! What follows from a mail.

use chrono::{DateTime, Utc};

use super::policy::Policy;
use super::{Case, Decision, Event, Incoming, Need, Outcome, Undelivered};

/// A mail came in.
pub fn mail(_case: &Case, _event: &Event, _mail: &Incoming, _policy: &Policy, _now: DateTime<Utc>) -> Result<Decision, Need> {
    Ok(Decision::new(Outcome::Ignored, "desk"))
}

/// A letter could not be delivered.
pub fn undelivered(_case: &Case, _fate: &Undelivered, _policy: &Policy, _now: DateTime<Utc>) -> Result<Decision, Need> {
    Ok(Decision::new(Outcome::Done, "desk"))
}
