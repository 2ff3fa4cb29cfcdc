//! Mail of ours that did not arrive: bounces (RFC 3464) and letters that a server refused for good.
//!
//! Whoever looks after the ticket is told; never the address itself.

use super::{Scene, file_only};
use crate::domain::message::{Address, LetterKind, Reading};
use crate::domain::notify::{self, say};
use crate::domain::origin::bounce::Ended;
use crate::domain::origin::reason::BounceReason;
use crate::domain::policy::Policy;
use crate::domain::thread::{self, By, Thread};
use crate::domain::ticket::{Change, Ticket};
use crate::domain::trust::{self, Token, TokenPlace};
use crate::domain::{Case, Decision, Need, Outcome, Undelivered, approvals};

/// The ticket of the mail that bounced: by the signed address that the bounce went to, or its known Message-ID, else by our signed id in
/// what is returned of it.
pub(super) fn bounced_thread(case: &Case, mail: &Reading, tokens: &[(Token, TokenPlace)], policy: &Policy) -> Result<Thread, Need> {
    let mut ids: Vec<_> = trust::bounced(mail, policy).into_iter().collect();
    ids.extend(mail.report.iter().flat_map(|r| r.original.iter().chain(r.original_references.iter())).cloned());
    ids.extend(mail.in_reply_to.iter().chain(mail.references.iter()).cloned());
    ids.truncate(20);
    let known = if ids.is_empty() { None } else { case.known(&ids)?.first() };
    let anchor = ids.iter().find_map(|id| Token::read(id.as_str().split_once('@')?.0, &policy.key));
    let written = || mail.report.iter().flat_map(|report| trust::in_text(&report.returned, &policy.key)).next_back();
    let token = || anchor.or_else(|| tokens.first().map(|(token, _)| token.clone())).or_else(written);
    let ticket = known.map(|k| k.ticket).or_else(|| token().map(|token| token.ticket));
    // A mail that is named, and that we do not know, is none of ours.
    if ticket.is_none() && ids.is_empty() {
        return by_recipient(case, mail, policy);
    }
    let because = match (known, ticket) {
        (Some(known), _) if known.sent.is_some() => format!("it returns our mail {}", known.id),
        (Some(known), _) => format!("it returns a mail of {} that answers {}", known.ticket, known.id),
        (None, Some(ticket)) => format!("it carries our token of {ticket}"),
        (None, None) => ids.first().map_or_else(String::new, |id| format!("it names {id}, which is no mail of ours")),
    };
    let by = match (known, ticket) {
        (Some(_), _) => By::Reference,
        (None, Some(_)) => By::MessageId,
        (None, None) => By::None,
    };
    Ok(Thread { ticket, by, because, linked: None, through: None, sent: None })
}

/// Text of a bounce that is searched for a ticket's number, characters.
const SEARCHED: usize = 4000;

/// The ticket of a bounce that returns no id of our mail, as QQ and 163 write them: the one that its text or the returned subject names,
/// where the recipient takes part in it, else the recipient's only open one. Anybody can write that, so little follows from it.
fn by_recipient(case: &Case, mail: &Reading, policy: &Policy) -> Result<Thread, Need> {
    let nothing =
        || Thread { ticket: None, by: By::None, because: "it names no mail of ours".into(), linked: None, through: None, sent: None };
    // Where our mail has a signed return address, each bounce of it comes there.
    if policy.mailboxes.iter().any(|mailbox| mailbox.plus_addresses) {
        return Ok(nothing());
    }
    let named = mail.report.iter().flat_map(|report| &report.recipients).find_map(|one| one.recipient.as_ref());
    let Some(address) = named.filter(|address| !policy.is_own(address) && policy.agent_at(address).is_none()) else { return Ok(nothing()) };
    let returned = mail.report.as_ref().map_or("", |report| report.returned.as_str());
    let told: String = mail.subject.chars().chain(['\n']).chain(mail.text.chars().take(SEARCHED)).chain(returned.chars()).collect();
    for number in thread::numbers_in_subject(&told, &policy.desk.ticket_prefix).into_iter().take(3) {
        if case.ticket(number)?.is_some_and(|ticket| ticket.requester.address == *address || ticket.takes_part(address)) {
            let because = format!("it names {number} and {address}, who takes part in it");
            return Ok(Thread { ticket: Some(number), by: By::Subject, because, ..nothing() });
        }
    }
    Ok(match case.live_of(address)? {
        [only] => {
            let because = format!("it names no mail of ours, but {address}, whose only open ticket is {only}");
            Thread { ticket: Some(*only), by: By::Recipient, because, ..nothing() }
        }
        [] => nothing(),
        several => Thread { because: format!("it names no mail of ours, and {address} has {} open tickets", several.len()), ..nothing() },
    })
}

/// An address that a mail of ours did not reach, and why.
struct Loss<'a> {
    address: &'a Address,
    en: String,
    zh: String,
}

/// A bounce of a mail of a ticket: filed, no status or clock touched. Whoever looks after the ticket is told once of an address that cannot
/// be reached, and each time of a mail that did not arrive for another reason. Delays and arrivals are told to nobody.
pub(super) fn bounce(scene: &Scene<'_>, ticket: &Ticket, policy: &Policy) -> Decision {
    let mut decision = file_only(scene, ticket);
    let mut losses: Vec<Loss<'_>> = Vec::new();
    for fate in scene.origin.bounce.iter().flat_map(|b| &b.recipients) {
        let Some(address) = &fate.recipient else { continue };
        if fate.ended != Ended::Failed {
            decision.because(format!("{address}: {}", fate.en()));
            continue;
        }
        let loss = Loss { address, en: fate.en(), zh: fate.zh() };
        // What shows no id of ours may be forged: it puts nobody out of reach.
        let proved = !matches!(scene.thread.by, By::Subject | By::Recipient);
        if !proved || !fate.hard || !fate.reason.is_of_the_address() {
            decision.because(format!("a mail to {address} did not arrive: {}", loss.en));
            if is_news(&mut decision, ticket, address, proved, policy) {
                losses.push(loss);
            }
        } else if newly_unreachable(&mut decision, ticket, address, &loss.en) {
            losses.push(loss);
        }
    }
    tell(&mut decision, ticket, &losses, policy);
    decision
}

/// Notes an address that refuses mail, once.
fn newly_unreachable(decision: &mut Decision, ticket: &Ticket, address: &Address, why: &str) -> bool {
    let known = ticket.unreachable.contains(address);
    if known {
        decision.because(format!("{address} was known to be out of reach"));
    } else {
        decision.changes.push((ticket.number, Change::Unreachable(address.clone(), true)));
        decision.because(format!("{address} cannot be reached: {why}"));
    }
    !known
}

/// Is a refusal to be told that says nothing lasting? Of the requester each, for he misses an answer; of somebody in Cc or an agent once, and
/// so of anybody where nothing proves it.
fn is_news(decision: &mut Decision, ticket: &Ticket, address: &Address, proved: bool, policy: &Policy) -> bool {
    let reads_along = ticket.participants.iter().any(|p| p.address == *address) || policy.agent_at(address).is_some();
    if proved && (*address == ticket.requester.address || !reads_along) {
        return true;
    }
    let known = ticket.refused.contains(address);
    match known {
        true => decision.because(format!("that mail to {address} is refused was told before")),
        false => decision.changes.push((ticket.number, Change::Refused(address.clone(), true))),
    }
    !known
}

/// Tells whoever looks after the ticket, in one mail; nobody whose own address is out of reach or refused the last notification, or this one
/// would bounce again.
fn tell(decision: &mut Decision, ticket: &Ticket, losses: &[Loss<'_>], policy: &Policy) {
    if losses.is_empty() {
        return;
    }
    let lost = |a: &Address| losses.iter().any(|loss| loss.address == a) || ticket.unreachable.contains(a) || ticket.refused.contains(a);
    let told: Vec<_> = notify::caretakers(ticket, policy).into_iter().filter(|agent| !lost(&agent.address)).collect();
    if told.is_empty() {
        decision.because("nobody is told: no one looks after the ticket whose own mail arrives");
    }
    for agent in told {
        let say_one = |loss: &Loss<'_>| {
            let (to, en, zh) = (loss.address, &loss.en, &loss.zh);
            let language = notify::agent_language(agent, policy);
            say(language, format!("Mail to {to} could not be delivered: {en}"), format!("发往 {to} 的邮件无法送达：{zh}"))
        };
        let event = losses.iter().map(say_one).collect::<Vec<_>>().join("; ");
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
    let loss = Loss { address: &fate.to, en: fate.why.clone(), zh: fate.why.clone() };
    // A full mailbox or a suspicion of spam says nothing lasting about the address.
    let dead = BounceReason::of_dead_address(&fate.why);
    // A person wrote this to the requester, who has nothing else of it: each refusal is told, also where he was known to be out of reach.
    let words = fate.kind == LetterKind::Reply && fate.to == ticket.requester.address;
    match fate.kind {
        LetterKind::Reply | LetterKind::Automatic => {
            let news = match dead {
                true => newly_unreachable(&mut decision, ticket, &fate.to, &fate.why),
                false => is_news(&mut decision, ticket, &fate.to, true, policy),
            };
            if words || news {
                tell(&mut decision, ticket, &[loss], policy);
            }
        }
        LetterKind::Notice if approvals::is_asked(ticket, &fate.to, policy) => {
            tell(&mut decision, ticket, &[loss], policy);
        }
        LetterKind::Notice | LetterKind::Summary => decision.because("a notification's refusal is told to nobody who would refuse again"),
    }
    Ok(decision)
}
