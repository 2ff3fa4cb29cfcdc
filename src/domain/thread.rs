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
use super::{Case, Known, Need, Query, Sent, authentication, origin};

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
    /// The recipient whom a bounce names, without an id of ours.
    Recipient,
    /// A new ticket.
    None,
}

impl By {
    /// Can only the desk have made the clue?
    fn is_signed(self) -> bool {
        matches!(self, By::AddressToken | By::MessageId | By::RefLine)
    }
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
    /// The ticket that the clue named, where that was merged into [`Thread::ticket`].
    pub through: Option<TicketNo>,
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
        Thread { ticket: None, by: By::None, because: because.into(), linked: None, through: None, sent: None }
    }
}

/// One clue: the ticket that it names, and how.
struct Clue {
    ticket: TicketNo,
    by: By,
    evidence: String,
}

/// How many clues are followed up: another.
const MOST_CLUES: usize = 60;

/// How many merges in a row are followed.
const MOST_MERGES: usize = 4;

/// How many ids of References are looked up, newest first: a bound on hostile headers.
const MOST_IDS: usize = 50;

/// What is known of the mails that this one answers, newest first.
fn known<'a>(case: &'a Case, mail: &Reading) -> Result<&'a [Known], Need> {
    let ids = newest_first(mail);
    if ids.is_empty() { Ok(&[]) } else { case.known(&ids) }
}

/// The mail of ours that this one answers, where it is known.
///
/// # Errors
/// The [`Need`] for known ids.
pub fn answered(case: &Case, mail: &Reading) -> Result<Option<Sent>, Need> {
    Ok(known(case, mail)?.iter().find_map(|known| known.sent.clone()))
}

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
    let known = known(case, mail)?;
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
    let clues: Vec<Clue> = clues.take(MOST_CLUES).collect();
    let missing: Vec<Query> = clues.iter().map(|clue| Query::Ticket(clue.ticket)).filter(|query| !case.has_answer(query)).collect();
    if !missing.is_empty() {
        return Err(Need(missing));
    }

    let asks = Asks { mail, from, forged: authentication::dmarc_failed(mail, policy), policy, now, history };
    let mut refused = None;
    for clue in clues {
        let Some((ticket, through)) = merged(case, clue.ticket)? else { continue };
        let number = ticket.number;
        let merged = through.map_or_else(String::new, |from| format!(" of {from}, which was merged into {number}"));
        let clue = Clue { evidence: format!("{}{merged}", clue.evidence), ticket: number, ..clue };
        match asks.admit(&clue, ticket) {
            Err(why) => drop(refused.get_or_insert((number, why))),
            Ok(standing) => {
                let because = format!("it belongs to {number} by {}; the sender is {standing}", clue.evidence);
                return Ok(Thread { ticket: Some(number), by: clue.by, because, linked: None, through, sent });
            }
        }
    }
    if let Some((number, why)) = refused {
        return Ok(Thread { linked: Some(number), sent, ..Thread::none(why) });
    }
    urging(case, &asks)
}

/// A ticket, or the one that it was merged into, with the number that led there.
fn merged(case: &Case, named: TicketNo) -> Result<Option<(&Ticket, Option<TicketNo>)>, Need> {
    let Some(mut ticket) = case.ticket(named)? else { return Ok(None) };
    for _ in 0..MOST_MERGES {
        let Some(into) = ticket.merged else { break };
        let Some(next) = case.ticket(into)? else { break };
        ticket = next;
    }
    Ok(Some((ticket, (ticket.number != named).then_some(named))))
}

/// A mail that asks to be let into a ticket.
struct Asks<'a> {
    mail: &'a Reading,
    from: Option<&'a Address>,
    /// Our border says that From is forged.
    forged: bool,
    policy: &'a Policy,
    now: DateTime<Utc>,
    history: bool,
}

impl Asks<'_> {
    /// What the sender is to the ticket that a clue leads to; an error says why the mail may not enter it.
    fn admit(&self, clue: &Clue, ticket: &Ticket) -> Result<&'static str, String> {
        let (mail, number, evidence) = (self.mail, ticket.number, &clue.evidence);
        // Before the desk was there, people answered from the shared address.
        let house = |a: &Address| self.policy.agent_at(a).is_some() || (self.history && self.policy.is_own(a));
        let standing = match self.from {
            Some(a) if origin::is_own_list(a, mail, self.policy) => {
                return Err(format!(
                    "{evidence} names {number}, but a list that does not say who wrote takes no part in it: a new ticket, linked"
                ));
            }
            Some(a) if ticket.requester.address == *a => "its requester",
            Some(a) if house(a) => "an agent",
            Some(a) if ticket.takes_part(a) => "a participant",
            Some(a) if ticket.is_consulted(a) => "somebody who was consulted",
            _ => return Err(format!("{evidence} names {number}, but the sender takes no part in it: a new ticket, linked")),
        };
        let agent = self.from.is_some_and(house);
        if self.forged && !agent && !clue.by.is_signed() {
            return Err(format!("{evidence} names {number}, but our border calls the sender forged: a new ticket, linked"));
        }
        if mail.forwarded && !agent && !self.returns_ours() {
            return Err(format!("it is a forward: a new ticket, linked to {number}"));
        }
        if clue.by == By::AddressToken && mail.references.is_empty() && !self.keeps_subject(ticket) {
            return Err(format!("an address of {number} from an address book, with a subject of its own: a new ticket, linked"));
        }
        let closed_for = ticket.closed.filter(|_| ticket.status == Status::Closed).map(|at| self.now - at);
        if !agent && !self.history && closed_for.is_some_and(|d| d > self.policy.closing.reopen_window) {
            return Err(format!("{number} was closed too long ago to be reopened: a new ticket, linked"));
        }
        Ok(standing)
    }

    /// What it carries is a mail of ours, and its subject calls it no forward: an answer of somebody whose client left out what it answers.
    fn returns_ours(&self) -> bool {
        let writer = self.mail.original.as_ref().and_then(|original| original.from.as_ref());
        self.mail.subject == self.mail.base_subject && writer.is_some_and(|person| self.policy.is_own(&person.address))
    }

    /// Does the subject name the ticket, or say what the ticket's does, whatever a client put around or cut off?
    fn keeps_subject(&self, ticket: &Ticket) -> bool {
        if numbers_in_subject(&self.mail.subject, &self.policy.desk.ticket_prefix).contains(&ticket.number) {
            return true;
        }
        let bare = |subject: &str| super::text::fold(subject).split_whitespace().collect::<String>();
        let (here, there) = (bare(&self.mail.base_subject), bare(&ticket.subject));
        let cut = here.trim_end_matches(['.', '…']);
        !here.is_empty() && !there.is_empty() && (here.contains(&there) || (cut.chars().count() >= 8 && there.starts_with(cut)))
    }
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
    "催办", "催一下", "催单", "麻烦尽快", "有进展吗", "什么进展", "进展如何", "进度如何", "有消息吗", "有结果吗", "any update", "any news",
    "any progress", "following up", "gentle reminder", "what is the status", "still waiting for",
];

/// A subject and words of more characters do more than urge.
const LONGEST_URGING: usize = 200;

/// Urging without a number joins the sender's one live ticket.
fn urging(case: &Case, asks: &Asks<'_>) -> Result<Thread, Need> {
    let nothing = || Thread::none("nothing in it names a ticket: a new one");
    let text = format!("{} {}", asks.mail.base_subject, asks.mail.reply.text);
    if text.chars().nth(LONGEST_URGING).is_some() || asks.mail.forwarded || asks.forged {
        return Ok(nothing());
    }
    let text = super::text::fold(&text);
    let Some(word) = URGING.iter().find(|w| text.contains(*w)) else { return Ok(nothing()) };
    let Some(from) = asks.from.filter(|from| !origin::is_own_list(from, asks.mail, asks.policy)) else { return Ok(nothing()) };
    Ok(match case.live_of(from)? {
        [only] => Thread {
            ticket: Some(*only),
            by: By::Urging,
            ..Thread::none(format!("it urges (“{word}”) and {only} is the sender's only open ticket"))
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
