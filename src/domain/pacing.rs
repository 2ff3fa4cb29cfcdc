//! When mail to a requester goes out: an acknowledgment waits for a faster human, a human's words wait to be taken back, and news in quick
//! succession become one mail.
//!
//! A letter that waits in the outbox has been seen by nobody: what says more takes its place, and `[undo]` takes it back.

use chrono::{DateTime, Utc};

use super::facts::Facts;
use super::message::{Draft, LetterKind, TemplateName};
use super::policy::Policy;
use super::ticket::TicketNo;
use super::{Case, Decision, Need};

/// Is it mail to a requester?
fn to_requester(draft: &Draft) -> bool {
    matches!(draft.kind, LetterKind::Reply | LetterKind::Automatic)
}

/// Do a person's words, or the end of the ticket, make news and acknowledgments needless?
fn says_it_all(draft: &Draft) -> bool {
    let words = draft.kind == LetterKind::Reply && !matches!(draft.facts, Facts::Consult(_));
    draft.held.is_none() && (words || matches!(draft.facts, Facts::Resolved(_) | Facts::Closed(_)))
}

/// Lets what an agent has just sent wait, so that he can take it back.
pub fn wait_for_second_thoughts(decision: &mut Decision, policy: &Policy, now: DateTime<Utc>) {
    let Some(undo) = policy.closing.undo.filter(|undo| !undo.is_zero()) else { return };
    for draft in decision.drafts.iter_mut().filter(|draft| to_requester(draft) && draft.held.is_none()) {
        draft.not_before = Some(now + undo);
    }
}

/// Takes out of the queue what this decision makes needless, and lets news wait until the last mail is `gap` ago.
///
/// # Errors
/// The [`Need`] for the ticket's outbox.
pub fn pace(case: &Case, decision: &mut Decision, policy: &Policy, now: DateTime<Utc>) -> Result<(), Need> {
    let closing = &policy.closing;
    let gap = closing.gap.filter(|gap| !gap.is_zero());
    if gap.is_none() && closing.ack_delay.is_none() && closing.undo.is_none() {
        return Ok(());
    }
    let answers = decision.drafts.iter().find(|draft| says_it_all(draft)).and_then(|draft| draft.ticket);
    if let Some(number) = answers {
        let queued = case.outbox(number)?.queued.iter();
        let needless = queued.filter(|letter| matches!(letter.template, Some(TemplateName::Ack | TemplateName::Update)));
        let needless: Vec<_> = needless.map(|letter| letter.id).collect();
        if !needless.is_empty() {
            decision.because("an acknowledgment or news that waited in the outbox is needless now");
        }
        decision.cancel.extend(needless);
        // What was needless beside the words that are taken back is so beside these.
        decision.restore.clear();
        return Ok(());
    }
    let (Some(gap), Some(number)) = (gap, news(decision)) else { return Ok(()) };
    let outbox = case.outbox(number)?;
    let older: Vec<_> =
        outbox.queued.iter().filter(|letter| letter.template == Some(TemplateName::Update)).map(|letter| letter.id).collect();
    let replaces = !older.is_empty();
    decision.cancel.extend(older);
    let then = outbox.last_automatic.filter(|_| !replaces).map(|last| last + gap).filter(|then| *then > now);
    // What it replaces waited for the same mail.
    let then = if replaces { outbox.last_automatic.filter(|then| *then > now) } else { then };
    let Some(then) = then else { return Ok(()) };
    decision.because(format!("news to the requester wait until {} min after the last mail", gap.num_minutes()));
    for draft in &mut decision.drafts {
        if let Facts::Update(update) = &mut draft.facts {
            draft.not_before = draft.not_before.max(Some(then));
            // It also says what the one said that it replaces.
            if replaces && update.owner.is_empty() {
                update.owner.clone_from(&update.ticket.owner);
            }
        }
    }
    Ok(())
}

/// The ticket of which this decision has news.
fn news(decision: &Decision) -> Option<TicketNo> {
    decision.drafts.iter().find(|draft| matches!(draft.facts, Facts::Update(_))).and_then(|draft| draft.ticket)
}
