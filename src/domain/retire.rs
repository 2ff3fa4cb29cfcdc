//! Tokens that people outside have seen are retired (promise 6): with one of them and an agent's From anybody could give orders.
//!
//! A token is an HMAC and nothing is stored of it, so a ticket counts how many of an agent's were retired, and the count is part of the next.
//! The agent gets that with the next mail to him; an answer to an older one is held, and the mail that asks carries the new one.

use super::confirm::Question;
use super::message::{Address, Reading};
use super::origin::{Origin, OriginKind};
use super::policy::Policy;
use super::ticket::Change;
use super::trust::{Token, TokenPlace};
use super::{Case, Decision, Need, Reason};

/// Tokens of one mail that are looked at: a bound on hostile texts.
const MOST: usize = 20;

/// Retires the tokens of a mail that somebody outside the desk has written or gets.
///
/// # Errors
/// The [`Need`] for the tickets of the tokens.
pub fn tokens_seen_outside(
    case: &Case,
    decision: &mut Decision,
    (mail, origin): (&Reading, &Origin),
    tokens: &[(Token, TokenPlace)],
    policy: &Policy,
) -> Result<(), Need> {
    // A bounce or an absence notice returns what was sent to the agent himself.
    let Some(who) = outside(mail, policy).filter(|_| origin.kind == OriginKind::Person) else { return Ok(()) };
    for (token, _) in tokens.iter().take(MOST) {
        let question = Question::of(token);
        let asked = question.as_ref().map(|question| (question.handle.as_str(), question.retired));
        let Some((handle, retired)) = asked.or(token.holder()).filter(|(handle, _)| policy.agent(handle).is_some()) else { continue };
        let Some(ticket) = case.ticket(token.ticket)?.filter(|ticket| ticket.retired(handle) == retired) else { continue };
        decision.changes.push((ticket.number, Change::Retired(handle.to_owned(), retired + 1)));
        decision.guards.push((ticket.number, ticket.version));
        let number = ticket.number;
        // What is written to him now brings the next one.
        let old = Some(Token::name(handle, retired));
        for draft in decision.drafts.iter_mut().filter(|draft| draft.ticket == Some(number) && draft.agent == old) {
            draft.agent = Some(Token::name(handle, retired + 1));
        }
        decision.because.push(Reason(format!("the token of {handle} for {number} is retired: {who} has seen it")));
    }
    Ok(())
}

/// Somebody outside the desk who wrote this mail or gets it.
pub fn outside<'a>(mail: &'a Reading, policy: &Policy) -> Option<&'a Address> {
    let inside = |address: &Address| {
        let staff = policy.agent_at(address).is_some() || policy.approvers.iter().any(|a| policy.is_approvers(a, address));
        staff || policy.is_own(address) || policy.desk.operator.as_ref() == Some(address)
    };
    mail.from.iter().chain(mail.recipients()).map(|person| &person.address).find(|address| !inside(address))
}
