//! Mail of ours that did not arrive: bounces (RFC 3464) and letters that a server refused for good.
//!
//! Whoever looks after the ticket is told, once an address; never the address itself.

use super::{Scene, file_only};
use crate::domain::message::{Address, LetterKind, Reading};
use crate::domain::notify::{self, say};
use crate::domain::policy::Policy;
use crate::domain::thread::{By, Thread};
use crate::domain::ticket::{Change, Ticket};
use crate::domain::trust::{Token, TokenPlace};
use crate::domain::{Case, Decision, Need, Outcome, Undelivered, approvals};

/// The ticket of the mail that bounced: by our token in the returned References, else by its known Message-ID.
pub(super) fn bounced_thread(case: &Case, mail: &Reading, tokens: &[(Token, TokenPlace)]) -> Result<Thread, Need> {
    let mut ids: Vec<_> = mail.report.iter().flat_map(|r| r.original.iter().chain(r.original_references.iter())).cloned().collect();
    ids.extend(mail.in_reply_to.iter().chain(mail.references.iter()).cloned());
    ids.truncate(20);
    let known = if ids.is_empty() { None } else { case.known(&ids)?.first() };
    let ticket = known.map(|k| k.ticket).or_else(|| tokens.first().map(|(t, _)| t.ticket));
    let because = match (known, ticket) {
        (Some(known), _) => format!("it returns our mail {}", known.id),
        (None, Some(ticket)) => format!("it carries our token of {ticket}"),
        (None, None) => "it names no mail of ours".to_owned(),
    };
    let by = if known.is_some() {
        By::Reference
    } else if ticket.is_some() {
        By::MessageId
    } else {
        By::None
    };
    Ok(Thread { ticket, by, because, linked: None, through: None, sent: None })
}

/// A bounce of a mail of a ticket: filed, and the owner is told once of an address that cannot be reached.
pub(super) fn bounce(scene: &Scene<'_>, ticket: &Ticket, policy: &Policy) -> Decision {
    let mut decision = file_only(scene, ticket);
    let Some(facts) = scene.origin.bounce.as_ref().filter(|b| b.hard) else { return decision };
    if let Some(recipient) = &facts.recipient {
        unreachable_address(&mut decision, ticket, recipient, &facts.reason, policy);
    }
    decision
}

/// Notes an address that refuses mail and tells whoever looks after the ticket, once; never the address itself.
fn unreachable_address(decision: &mut Decision, ticket: &Ticket, address: &Address, why: &str, policy: &Policy) {
    if ticket.unreachable.contains(address) {
        decision.because(format!("{address} was known to be out of reach"));
        return;
    }
    decision.changes.push((ticket.number, Change::Unreachable(address.clone(), true)));
    decision.because(format!("{address} cannot be reached: {why}"));
    tell_of_refusal(decision, ticket, address, why, policy);
}

fn tell_of_refusal(decision: &mut Decision, ticket: &Ticket, address: &Address, why: &str, policy: &Policy) {
    for agent in notify::caretakers(ticket, policy).into_iter().filter(|a| a.address != *address) {
        let event = say(
            notify::agent_language(agent, policy),
            format!("Mail to {address} could not be delivered: {why}"),
            format!("发往 {address} 的邮件无法送达：{why}"),
        );
        decision.drafts.push(notify::agent_followup(agent, ticket, "", event, None, String::new(), policy));
    }
}

/// A letter of ours was refused for good.
///
/// # Errors
/// The [`Need`] for its ticket.
pub fn undelivered(case: &Case, fate: &Undelivered, policy: &Policy) -> Result<Decision, Need> {
    let mut decision = Decision::new(Outcome::Done, "desk");
    decision.because(format!("“{}” could not be delivered to {}: {}", fate.subject, fate.to, fate.why));
    let Some(ticket) = fate.ticket.map(|n| case.ticket(n)).transpose()?.flatten() else { return Ok(decision) };
    decision.outcome = Outcome::Filed { ticket: ticket.number };
    decision.guards.push((ticket.number, ticket.version));
    match fate.kind {
        LetterKind::Reply => {
            // A person wrote this: each refusal is told, also where the address was known to be out of reach.
            decision.changes.push((ticket.number, Change::Unreachable(fate.to.clone(), true)));
            tell_of_refusal(&mut decision, ticket, &fate.to, &fate.why, policy);
        }
        LetterKind::Automatic => unreachable_address(&mut decision, ticket, &fate.to, &fate.why, policy),
        LetterKind::Notice if approvals::is_asked(ticket, &fate.to, policy) => {
            tell_of_refusal(&mut decision, ticket, &fate.to, &fate.why, policy);
        }
        LetterKind::Notice | LetterKind::Summary => decision.because("a notification's refusal is told to nobody who would refuse again"),
    }
    Ok(decision)
}
