//! Mail from before the desk was there: history, threaded and judged as any mail is, from which nothing goes out.
//!
//! Nobody is answered or told, no order in it is carried out and nothing of it is held. What agents wrote back then, or the house from its
//! shared address, are messages of the ticket. A ticket that nobody has written on for long is closed, since no clock of the desk ever
//! ran for it.

use chrono::{DateTime, Utc};

use super::intake::Scene;
use super::policy::Policy;
use super::ticket::{Change, Status, Ticket};
use super::{Decision, Outcome};

/// Did the house write this, an agent or somebody at the shared address, on a ticket of somebody else?
pub fn is_of_the_house(scene: &Scene<'_>, ticket: &Ticket, policy: &Policy) -> bool {
    let Some(from) = scene.mail.from.as_ref().map(|p| &p.address).filter(|from| **from != ticket.requester.address) else { return false };
    let agent = policy.agent_at(from);
    policy.is_own(from) || agent.is_some_and(|a| a.address != ticket.requester.address && !a.aliases.contains(&ticket.requester.address))
}

/// What the house wrote on a ticket: an answer where the requester got it, else something internal.
pub fn answer(scene: &Scene<'_>, ticket: &Ticket, policy: &Policy) -> Decision {
    let agent = scene.sender.agent.as_deref().and_then(|handle| policy.agent(handle));
    let actor = agent.map_or(policy.desk.name.as_str(), |a| a.handle.as_str());
    let mut decision = Decision::new(Outcome::Joined { ticket: ticket.number }, actor);
    decision.guards.push((ticket.number, ticket.version));
    decision.internal = !scene.mail.recipients().any(|p| p.address == ticket.requester.address);
    if decision.internal {
        decision.because("written inside the house before the desk was there: a message of the ticket, no order");
        return decision;
    }
    decision.because("an answer of the house from before the desk was there: a message of the ticket, no order");
    let mut changes = Vec::new();
    if ticket.answered.is_none() {
        changes.push(Change::Answered(Some(scene.at)));
    }
    if let (None, Some(agent)) = (&ticket.owner, agent) {
        changes.push(Change::Owner(Some(agent.handle.clone())));
    }
    if ticket.status == Status::New {
        changes.push(Change::Status(Status::Open));
    }
    decision.changes = changes.into_iter().map(|change| (ticket.number, change)).collect();
    decision
}

/// What the house wrote to somebody who has no ticket.
pub fn unasked() -> Decision {
    let mut decision = Decision::new(Outcome::Ignored, "desk");
    decision.because("the house wrote it before the desk was there, and it answers no ticket");
    decision
}

/// Makes history of a decision: nothing goes out, and a ticket on which nobody has written for long is closed.
pub fn lay_to_rest(decision: &mut Decision, before: Option<&Ticket>, at: DateTime<Utc>, policy: &Policy, now: DateTime<Utc>) {
    decision.drafts.clear();
    decision.release.clear();
    decision.cancel.clear();
    if let Outcome::SetAside { why } = &decision.outcome {
        let why = format!("{why}: kept, and nobody is told, since it arrived before the desk took this mailbox up");
        decision.outcome = Outcome::Ignored;
        decision.because(why);
    }
    let moves = decision.changes.iter().any(|(_, change)| matches!(change, Change::Status(_)));
    let ticket = match decision.outcome {
        Outcome::Opened { ticket } | Outcome::Joined { ticket } => ticket,
        // What a machine reports again.
        Outcome::Filed { ticket } if moves => ticket,
        _ => return,
    };
    let newest = before.map_or(at, |ticket| ticket.updated.max(at));
    if now - newest <= policy.closing.close {
        return;
    }
    decision.changes.retain(|(_, change)| !matches!(change, Change::Status(_)));
    decision.changes.push((ticket, Change::Status(Status::Closed)));
    if before.is_none_or(|ticket| ticket.status != Status::Closed) {
        decision.because(format!("nobody has written on {ticket} for {} days: closed", policy.closing.close.num_days()));
    }
}
