//! What machines report by a `dedup_key`: the first word opens a ticket, later ones join it, the recovery resolves it.
//!
//! A monitor that flaps must neither fill the list with tickets nor the agents' mailboxes with mail: they hear of what got worse, of the
//! first recovery and the first return, and else once an hour. The machine itself hears nothing. Rules let only a proved sender give a
//! key or a recovery; where the border doubts the mail, they give neither.

use std::sync::Arc;

use chrono::{DateTime, Duration, Utc};

use super::opening::{matches_by_rule, with_leads};
use super::{Scene, sender_name};
use crate::domain::files::Bundle;
use crate::domain::notify::{self, say};
use crate::domain::policy::Policy;
use crate::domain::rules::Verdict;
use crate::domain::ticket::{Alert, Change, Level, Status, Ticket};
use crate::domain::{Case, Decision, Judged, Need, Outcome, Reason};

/// How long an alert that goes on, or comes and goes, is not told again.
const SILENCE: Duration = Duration::hours(1);

/// What a mail says of the ticket with its key; `None` where there is neither a key nor such a ticket, and the mail goes its usual way.
///
/// # Errors
/// The [`Need`] for the ticket.
pub(super) fn word(case: &Case, scene: &Scene<'_>, verdict: &Arc<Verdict>, policy: &Policy) -> Result<Option<Decision>, Need> {
    let speaks = verdict.recover || verdict.dedup_key.is_some();
    if !speaks || verdict.ignore.is_some() || verdict.quarantine.is_some() {
        return Ok(None);
    }
    let known = match &verdict.dedup_key {
        Some(key) => case.keyed(key)?.filter(|ticket| takes_up(ticket, policy, scene.now)),
        None => None,
    };
    let mut decision = match (known.and_then(|ticket| Some((ticket, ticket.alert.as_ref()?))), verdict.recover) {
        (None, false) => return Ok(None),
        (Some((ticket, alert)), false) => Report { scene, ticket, alert, policy }.again(verdict),
        (Some((ticket, alert)), true) if ticket.status.is_live() => Report { scene, ticket, alert, policy }.over(),
        (_, true) => nothing_to_end(verdict),
    };
    decision.because.extend(matches_by_rule(verdict).map(Reason));
    decision.judged = Some(Box::new(Judged { verdict: Arc::clone(verdict), ..Judged::of(scene) }));
    Ok(Some(decision))
}

/// Live, or over for less than the time within which an answer reopens a ticket.
fn takes_up(ticket: &Ticket, policy: &Policy, now: DateTime<Utc>) -> bool {
    let over = ticket.closed.max(ticket.resolved);
    ticket.status.is_live() || over.is_some_and(|at| now - at <= policy.closing.reopen_window)
}

fn nothing_to_end(verdict: &Verdict) -> Decision {
    let mut decision = Decision::new(Outcome::Ignored, "desk");
    decision.because(match &verdict.dedup_key {
        Some(key) => format!("it says that “{key}” is over, and no open ticket has that key"),
        None => "it says that something is over, but has no dedup_key that names it".to_owned(),
    });
    decision
}

/// A machine's word on a ticket of its own.
struct Report<'a> {
    scene: &'a Scene<'a>,
    ticket: &'a Ticket,
    alert: &'a Alert,
    policy: &'a Policy,
}

impl Report<'_> {
    /// The same alert once more: new values, a worse level, open again where it was over.
    fn again(&self, verdict: &Verdict) -> Decision {
        let Report { ticket, alert, scene, .. } = self;
        let returned = !ticket.status.is_live();
        let mut changes = Vec::new();
        let news = verdict.fields.iter().filter(|(name, value)| ticket.fields.get(*name) != Some(*value));
        changes.extend(news.map(|(name, value)| Change::Field(name.clone(), Some(value.clone()))));
        let raised = self.raised(verdict);
        let worse = !raised.is_empty();
        changes.extend(raised);
        if returned {
            changes.push(Change::Status(Status::Open));
        }
        let tell = !scene.incoming.quiet && (worse || returned && alert.returned == 0 || self.silent_long_enough());
        let (en, zh) = match (returned, worse) {
            (true, _) => ("the alert is back: open again", "告警再次出现，工单已重新打开。"),
            (false, true) => ("the alert is more urgent now", "告警级别升高。"),
            (false, false) => ("the alert goes on", "告警仍在持续。"),
        };
        let mut decision = self.decision(changes, tell, alert.returned.saturating_add(u32::from(returned)));
        decision.because(format!("{} has the key “{}”: {en}", ticket.number, alert.key));
        if tell {
            self.tell(&mut decision, (en, zh), Some(verdict));
        } else {
            decision.because("nobody is told again so soon");
        }
        decision
    }

    /// The alert is over.
    fn over(&self) -> Decision {
        let Report { ticket, alert, scene, .. } = self;
        let tell = !scene.incoming.quiet && (alert.returned == 0 || self.silent_long_enough());
        let mut decision = self.decision(vec![Change::Status(Status::Resolved)], tell, alert.returned);
        decision.because(format!("{} has the key “{}”, and the machine says that it is over: resolved", ticket.number, alert.key));
        if tell {
            self.tell(&mut decision, ("the alert is over: resolved", "告警已恢复，工单已解决。"), None);
        } else {
            decision.because("nobody is told: it comes and goes");
        }
        decision
    }

    fn decision(&self, mut changes: Vec<Change>, tell: bool, returned: u32) -> Decision {
        let Report { ticket, alert, scene, .. } = self;
        let told = if tell { scene.now } else { alert.told };
        let after = Alert { key: alert.key.clone(), told, returned };
        if after != **alert {
            changes.push(Change::Alert(Some(after)));
        }
        let mut decision = Decision::new(Outcome::Filed { ticket: ticket.number }, sender_name(scene.mail));
        decision.guards.push((ticket.number, ticket.version));
        decision.changes = changes.into_iter().map(|change| (ticket.number, change)).collect();
        decision
    }

    fn silent_long_enough(&self) -> bool {
        self.scene.now - self.alert.told >= SILENCE
    }

    /// Impact, urgency and priority where this mail sets them higher; an agent's own priority is never lowered.
    fn raised(&self, verdict: &Verdict) -> Vec<Change> {
        let ticket = self.ticket;
        let higher = |new: Option<Level>, old: Level| new.filter(|level| *level > old);
        let impact = higher(verdict.impact, ticket.impact);
        let urgency = higher(verdict.urgency, ticket.urgency);
        let priority = self.policy.matrix.priority(impact.unwrap_or(ticket.impact), urgency.unwrap_or(ticket.urgency));
        let priority = (impact.is_some() || urgency.is_some()).then_some(priority).filter(|priority| *priority > ticket.priority);
        let changes = [impact.map(Change::Impact), urgency.map(Change::Urgency), priority.map(Change::Priority)];
        changes.into_iter().flatten().collect()
    }

    fn tell(&self, decision: &mut Decision, (en, zh): (&str, &str), verdict: Option<&Verdict>) {
        let Report { scene, policy, .. } = self;
        let mut after = self.ticket.clone();
        for (_, change) in &decision.changes {
            after.apply(change, scene.at);
        }
        let caretakers = notify::caretakers(&after, policy);
        let heard = match verdict {
            Some(verdict) => with_leads(caretakers, verdict, policy),
            None => caretakers,
        };
        let flaps = after.alert.as_ref().is_some_and(|alert| alert.returned > 0);
        for agent in heard {
            let language = notify::agent_language(agent, policy);
            let mut event = say(language, sentence(en), zh);
            if flaps {
                event += &say(
                    language,
                    " It comes and goes: for the next hour you hear of it only if it gets worse.",
                    "告警时有时无，一小时内仅在加重时再通知。",
                );
            }
            let (words, files) = (scene.mail.reply.text.clone(), Bundle::of_mail(scene.mail, &[], policy));
            let from = scene.mail.from.as_ref().map_or("", |person| person.called());
            decision.drafts.push(notify::agent_followup(agent, &after, from, event, Some(&files), words, policy));
        }
    }
}

/// `the alert goes on` → `The alert goes on.`
fn sentence(words: &str) -> String {
    let mut letters = words.chars();
    letters.next().map_or_else(String::new, |first| format!("{}{}.", first.to_uppercase(), letters.as_str()))
}
