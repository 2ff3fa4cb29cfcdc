//! Which ticket a mail belongs to (design section 4).
//!
//! Clues are tried from the strongest to the weakest. Each, signed or not, counts only when its sender has a standing on that ticket:
//! requester, participant or agent (promise 8). Nothing is ever threaded by subject alone.

use chrono::{DateTime, Utc};
use serde::Serialize;

use super::message::{Address, MessageId, Reading};
use super::policy::Policy;
use super::ticket::{Status, Ticket, TicketNo};
use super::trust::{Token, TokenPlace};
use super::{Case, Need, Sent};

/// By which clue.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum By {
    /// Signed token in an address of ours.
    AddressToken,
    /// Signed id in In-Reply-To or References.
    MessageId,
    /// A known Message-ID in References.
    Reference,
    /// The signed `Ref:` line quoted.
    RefLine,
    /// `[#1042]` in the subject.
    Subject,
    /// Urging without a number.
    Urging,
    /// A new ticket.
    None,
}

/// The ticket that a mail belongs to.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Thread {
    /// The ticket, if it belongs to one.
    pub ticket: Option<TicketNo>,
    /// By which clue.
    pub by: By,
    /// Evidence in words.
    pub because: String,
    /// The ticket that a clue named but that the mail may not enter: the new ticket is linked to it.
    pub linked: Option<TicketNo>,
    /// The mail of ours that is answered, where it is known.
    #[serde(skip)]
    pub sent: Option<Sent>,
}

impl Thread {
    /// The text of the mail of ours that is answered, where it is known.
    pub fn sent_text(&self) -> Option<&str> {
        self.sent.as_ref().map(|sent| sent.text.as_str())
    }

    fn none(because: impl Into<String>) -> Thread {
        Thread { ticket: None, by: By::None, because: because.into(), linked: None, sent: None }
    }
}

/// One clue: the ticket that it names, and how.
struct Clue {
    ticket: TicketNo,
    by: By,
    evidence: String,
}

/// How many ids of References are looked up, newest first: a bound on hostile headers.
const MOST_IDS: usize = 50;

/// Finds the ticket of a mail; `history` for one from before the desk was there.
///
/// # Errors
/// The [`Need`] for known ids, tickets or the sender's live tickets.
pub fn find(
    case: &Case,
    mail: &Reading,
    tokens: &[(Token, TokenPlace)],
    policy: &Policy,
    now: DateTime<Utc>,
    history: bool,
) -> Result<Thread, Need> {
    let ids = newest_first(mail);
    let known = if ids.is_empty() { &[] } else { case.known(&ids)? };
    let sent = known.iter().find_map(|k| k.sent.clone());
    let from = mail.from.as_ref().map(|p| &p.address);

    let signed = |place: TokenPlace, by: By, what: &str| {
        let evidence = what.to_owned();
        tokens.iter().filter(move |(_, p)| *p == place).map(move |(t, _)| Clue { ticket: t.ticket, by, evidence: evidence.clone() })
    };
    let clues = signed(TokenPlace::Address, By::AddressToken, "the signed address that it was sent to")
        .chain(signed(TokenPlace::Reference, By::MessageId, "a signed id in its References"))
        .chain(signed(TokenPlace::RefLine, By::RefLine, "the signed Ref: line that it quotes"))
        .chain(known.iter().map(|k| Clue { ticket: k.ticket, by: By::Reference, evidence: format!("the known Message-ID {}", k.id) }))
        .chain(numbers_in_subject(&mail.subject, &policy.desk.ticket_prefix).into_iter().map(|n| Clue {
            ticket: n,
            by: By::Subject,
            evidence: format!("[{}{}] in its subject", policy.desk.ticket_prefix, n.0),
        }));

    let mut refused = None;
    for clue in clues {
        let Some(ticket) = case.ticket(clue.ticket)? else { continue };
        if let Some(why) = barred(mail, from, &clue, ticket, policy, now, history) {
            refused.get_or_insert((clue.ticket, why));
            continue;
        }
        return Ok(Thread {
            ticket: Some(clue.ticket),
            by: clue.by,
            because: format!("it belongs to {} by {}", clue.ticket, clue.evidence),
            linked: None,
            sent,
        });
    }
    if let Some((number, why)) = refused {
        return Ok(Thread { ticket: None, by: By::None, because: why, linked: Some(number), sent });
    }
    urging(case, mail, from)
}

/// Why a clue may not lead into this ticket, if so.
fn barred(
    mail: &Reading,
    from: Option<&Address>,
    clue: &Clue,
    ticket: &Ticket,
    policy: &Policy,
    now: DateTime<Utc>,
    history: bool,
) -> Option<String> {
    // Before the desk was there, people answered from the shared address.
    let agent = from.is_some_and(|a| policy.agent_at(a).is_some() || (history && policy.is_own(a)));
    let number = ticket.number;
    if !agent && !from.is_some_and(|a| ticket.takes_part(a)) {
        return Some(format!("{} names {number}, but the sender takes no part in it: a new ticket, linked", clue.evidence));
    }
    if mail.forwarded && !agent {
        return Some(format!("it is a forward: a new ticket, linked to {number}"));
    }
    if clue.by == By::AddressToken && mail.references.is_empty() && !mail.base_subject.contains(ticket.subject.as_str()) {
        return Some(format!("an address of {number} from an address book, with a subject of its own: a new ticket, linked"));
    }
    let closed_for = ticket.closed.map(|at| now - at);
    if !agent && !history && ticket.status == Status::Closed && closed_for.is_some_and(|d| d > policy.closing.reopen_window) {
        return Some(format!("{number} was closed too long ago to be reopened: a new ticket, linked"));
    }
    None
}

/// Ids that this mail answers, newest first, at most [`MOST_IDS`].
fn newest_first(mail: &Reading) -> Vec<MessageId> {
    let mut ids: Vec<MessageId> = Vec::new();
    for id in mail.in_reply_to.iter().chain(mail.references.iter().rev()) {
        if ids.len() >= MOST_IDS {
            break;
        }
        if !ids.contains(id) {
            ids.push(id.clone());
        }
    }
    ids
}

/// `[#1042]` and its full-width forms in a subject.
pub fn numbers_in_subject(subject: &str, prefix: &str) -> Vec<TicketNo> {
    let folded = super::text::fold(subject);
    let mut found = Vec::new();
    for piece in folded.split(['[', '【', '〔']).skip(1) {
        let inside = piece.split([']', '】', '〕']).next().unwrap_or("").trim();
        let digits = inside.strip_prefix(prefix.to_lowercase().as_str()).map(str::trim);
        if let Some(number) = digits.and_then(|d| d.parse::<i64>().ok()).filter(|n| *n > 0) {
            found.push(TicketNo(number));
        }
    }
    found
}

/// Words that ask for news and say nothing else. Folded.
const URGING: &[&str] = &[
    "催办", "催一下", "麻烦尽快", "有进展吗", "什么进展", "进展如何", "any update", "any news", "any progress", "following up",
    "gentle reminder",
];

/// Urging without a number joins the sender's one live ticket.
fn urging(case: &Case, mail: &Reading, from: Option<&Address>) -> Result<Thread, Need> {
    let text = super::text::fold(&format!("{} {}", mail.base_subject, mail.reply.text));
    let Some(word) = URGING.iter().find(|w| text.contains(*w)).filter(|_| text.chars().count() <= 200) else {
        return Ok(Thread::none("nothing in it names a ticket: a new one"));
    };
    let Some(from) = from else { return Ok(Thread::none("nothing in it names a ticket: a new one")) };
    Ok(match case.live_of(from)? {
        [only] => Thread {
            ticket: Some(*only),
            by: By::Urging,
            because: format!("it urges (“{word}”) and {only} is the sender's only open ticket"),
            linked: None,
            sent: None,
        },
        [] => Thread::none(format!("it urges (“{word}”), but the sender has no open ticket: a new one")),
        several => Thread::none(format!("it urges (“{word}”), but the sender has {} open tickets: a new one", several.len())),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_number_is_read_in_every_bracket() {
        for (subject, numbers) in [
            ("Re: [#1042] VPN", vec![1042]),
            ("回复：【#1042】VPN", vec![1042]),
            ("［＃１０４２］", vec![1042]),
            ("[ #7 ] [#8]", vec![7, 8]),
            ("#1042 without brackets", vec![]),
            ("[1042]", vec![]),
            ("[#x]", vec![]),
            ("[#-4]", vec![]),
            ("[#99999999999999999999]", vec![]),
        ] {
            let found: Vec<i64> = numbers_in_subject(subject, "#").into_iter().map(|n| n.0).collect();
            // Full-width forms fold in `text::fold`.
            assert_eq!(found, numbers, "{subject}");
        }
    }
}
