//! What an agent hands in for somebody else: a requester's mail that he forwards to the desk, or a request that he opens with `[new]` and
//! `[for=…]`.
//!
//! The mail is then judged as if that other person had sent it. No proof of the agent is asked for where nothing but a new ticket comes of
//! it: whoever forges an agent's From could forge the requester's as well. The receipt goes to the agent's configured address, so that he
//! sees what was made of his mail, or that somebody speaks in his name.

use crate::domain::facts::{AgentError, AgentReceipt, Facts};
use crate::domain::forward;
use crate::domain::message::{Original, Person, Reading, ReplyText};
use crate::domain::notify::{self, say};
use crate::domain::policy::{Agent, Policy};
use crate::domain::sentence::Sentence;
use crate::domain::tags::{self, Tag, TagReading};
use crate::domain::thread::{By, Thread, numbers_in_subject};
use crate::domain::ticket::{Change, Ticket};
use crate::domain::trust::{Sender, SenderRole, Token, TokenPlace};
use crate::domain::{Case, Decision, Need, Outcome, Sent, reply, text};

/// A mail as its real requester would have sent it.
#[derive(Debug, Clone)]
pub(super) struct Behalf<'a> {
    /// The agent who hands it in.
    pub by: &'a Agent,
    /// The mail.
    pub reading: Reading,
    /// The agent's words to his colleagues.
    pub note: String,
    /// Who is the requester, and why.
    pub because: String,
    forwarded: bool,
    errors: Vec<Sentence>,
    /// What the agent gets back where nothing is opened.
    written: String,
}

impl Behalf<'_> {
    /// The requester, of whom nothing is proved.
    pub(super) fn sender(&self) -> Sender {
        Sender {
            role: SenderRole::Requester,
            agent: None,
            proved: Vec::new(),
            vouched: false,
            trusted: false,
            because: self.because.clone(),
        }
    }
}

/// An agent's forward of somebody's mail. One to a ticket's own address is meant for that ticket.
pub(super) fn of_forward<'a>(mail: &Reading, by: &'a Agent, tokens: &[(Token, TokenPlace)], policy: &Policy) -> Option<Behalf<'a>> {
    if tokens.iter().any(|(_, place)| *place == TokenPlace::Address) {
        return None;
    }
    let original = mail.original.as_deref()?;
    // A mail that is attached to words on a ticket is meant for that one.
    let prefix = &policy.desk.ticket_prefix;
    if !mail.forwarded && (!mail.references.is_empty() || !numbers_in_subject(&mail.subject, prefix).is_empty()) {
        return None;
    }
    // Brackets that the requester wrote are nobody's order.
    let orders = Orders::of(tags::read(&mail.subject, Some(&original.subject), &mail.reply.text, false), policy);
    let of_house = |person: &Person| {
        let own = person.address == by.address || by.aliases.contains(&person.address);
        own || policy.is_own(&person.address) || notify::is_noreply(&person.address)
    };
    let because = |from: &Person, why: &str| format!("{} forwards a mail of {}: {why}", by.handle, from.address);
    let (from, because) = match (orders.requester.clone(), original.from.clone().filter(|from| !of_house(from))) {
        (Some(named), _) => (named.clone(), because(&named, "[for=…] names the requester")),
        (None, Some(sender)) => (sender.clone(), because(&sender, "its sender is the requester")),
        (None, None) => return None,
    };
    let reading = unwrapped(mail, original, from);
    Some(Behalf {
        by,
        reading,
        note: orders.read.body.trim().to_owned(),
        because,
        forwarded: true,
        errors: orders.errors(),
        written: mail.text.clone(),
    })
}

/// The carried mail as one of its own. People to whom it went do not take part: nobody asked them.
fn unwrapped(mail: &Reading, original: &Original, from: Person) -> Reading {
    let subject = if original.subject.is_empty() { without_orders(&mail.base_subject) } else { original.subject.clone() };
    Reading {
        reply: reply::own_words(&original.text, None),
        text: original.text.clone(),
        language: original.language.clone().or_else(|| mail.language.clone()),
        references: original.references.iter().chain(&mail.references).cloned().collect(),
        // Forwards mostly answer, in their header, the mail that they carry.
        id: original.id.clone().or_else(|| mail.in_reply_to.first().cloned()),
        forwarded: false,
        original: None,
        to: Vec::new(),
        cc: Vec::new(),
        // The number of a ticket is a clue.
        subject: without_orders(&mail.subject),
        ..from_else(mail, from, subject)
    }
}

/// `[new]` and `[for=…]`. On a ticket of somebody else `[new]` opens another one beside it, which takes the agent's proof.
///
/// # Errors
/// The [`Need`] for the ticket that the mail joins.
pub(super) fn of_order<'a>(
    case: &Case,
    mail: &Reading,
    (by, sender): (&'a Agent, &Sender),
    thread: &mut Thread,
    policy: &Policy,
) -> Result<Option<Behalf<'a>>, Need> {
    let joined = thread.ticket.map(|number| case.ticket(number)).transpose()?.flatten();
    let Some(behalf) = ordered(mail, by, joined, thread.sent.as_ref(), policy) else { return Ok(None) };
    if let Some(ticket) = joined {
        let number = ticket.number;
        if !sender.is_proved(number, ticket.retired(&by.handle)) {
            return Ok(None);
        }
        *thread = Thread {
            ticket: None,
            by: By::None,
            because: format!("it belongs to {number}, but [new] opens a ticket of its own: linked"),
            linked: Some(number),
            ..thread.clone()
        };
    }
    Ok(Some(behalf))
}

/// What such a mail hands in, on the ticket that it joins and in answer to this mail of ours.
pub(super) fn ordered<'a>(
    mail: &Reading,
    by: &'a Agent,
    joined: Option<&Ticket>,
    sent: Option<&Sent>,
    policy: &Policy,
) -> Option<Behalf<'a>> {
    let own = reply::own_words(&mail.text, sent.map(|sent| sent.text.as_str()));
    let read = match joined {
        Some(ticket) => {
            let sent = sent.map_or("", |sent| sent.subject.as_str());
            tags::read_answer(&mail.subject, [ticket.subject.as_str(), sent], &own.text)
        }
        None => tags::read(&mail.subject, None, &own.text, false),
    };
    let orders = Orders::of(read, policy);
    let errors = orders.errors();
    if !orders.new && (joined.is_some() || orders.requester.is_none() && errors.is_empty()) {
        return None;
    }
    let requester = orders.requester.clone().or_else(|| joined.map(|ticket| ticket.requester.clone()));
    let from = requester.unwrap_or_else(|| Person { name: by.name.clone(), address: by.address.clone() });
    let because = format!("{} opens it for {}", by.handle, from.address);
    let written = if mail.forwarded { mail.text.clone() } else { orders.read.body.trim().to_owned() };
    let text = written.clone();
    let subject = without_orders(&mail.base_subject);
    let reading = Reading { reply: ReplyText { text: text.clone(), ..own }, text, ..from_else(mail, from, subject) };
    Some(Behalf { by, reading, note: String::new(), because, forwarded: false, errors, written })
}

fn from_else(mail: &Reading, from: Person, subject: String) -> Reading {
    Reading { from: Some(from), sender: None, reply_to: Vec::new(), base_subject: subject.clone(), subject, ..mail.clone() }
}

fn without_orders(subject: &str) -> String {
    tags::read(subject, None, "", false).subject
}

/// The orders of a mail that opens a ticket.
struct Orders {
    read: TagReading,
    new: bool,
    requester: Option<Person>,
    /// A `[for=…]` that names nobody who can be written to.
    wrong: Option<String>,
}

impl Orders {
    fn of(read: TagReading, policy: &Policy) -> Orders {
        let named: Option<String> = read.orders().find(|tag: &&Tag| tag.name == "for").map(|tag| tag.value.clone());
        let person = named.as_deref().and_then(forward::person);
        let requester = person.filter(|p| !policy.is_own(&p.address) && !notify::is_noreply(&p.address));
        let wrong = named.filter(|_| requester.is_none());
        Orders { new: read.has("new"), requester, wrong, read }
    }

    /// What is wrong with them.
    fn errors(&self) -> Vec<Sentence> {
        let written = self.read.errors.iter().map(|error| error.sentence.clone());
        let others: Vec<String> =
            self.read.orders().filter(|t| !matches!(t.name.as_str(), "new" | "for" | "help")).map(Tag::to_string).collect();
        let alone = (!others.is_empty()).then(|| {
            let others = others.join(" ");
            let en = format!("{others}: beside [new] only [for=…] counts; send the rest in a reply to the receipt of the new ticket.");
            Sentence::new(en, format!("{others}：与【新建】同用的只能是【代报=…】；其余指令请在回复新工单的通知时发送。"))
        });
        let nobody = self.wrong.iter().map(|value| {
            let en = format!(
                "[for={value}]: \"{value}\" is no address that can be written to; write the requester's, as in [for=alice@example.com]."
            );
            Sentence::new(
                en,
                format!("【代报={value}】：“{value}”不是可以联系的邮箱地址；请写请求人的邮箱，例如【代报=alice@example.com】。"),
            )
        });
        written.chain(alone).chain(nobody).collect()
    }
}

impl Behalf<'_> {
    /// Is the requester somebody else?
    pub fn is_for_another(&self) -> bool {
        self.reading.from.as_ref().is_some_and(|from| from.address != self.by.address)
    }

    /// Nothing is opened where an order is wrong; the agent is told, and gets his text back.
    pub fn refused(&self, received: &Reading, policy: &Policy) -> Option<Decision> {
        if self.errors.is_empty() {
            return None;
        }
        let mut decision = Decision::new(Outcome::Refused { ticket: None }, self.by.handle.as_str());
        decision.internal = true;
        self.errors.iter().for_each(|error| decision.because(format!("refused: {}", error.en)));
        let language = notify::agent_language(self.by, policy);
        let facts = AgentError {
            tags: true,
            ticket: None,
            agent: self.by.name.clone(),
            subject: received.subject.clone(),
            errors: self.errors.iter().map(|error| error.to(language).to_owned()).collect(),
            text: notify::shortened(self.written.trim()),
            held: false,
            days: 0,
        };
        decision.drafts.push(notify::to_agent(self.by, None, policy, Facts::AgentError(facts)));
        Some(decision)
    }

    /// Tells the agent whose ticket it became.
    pub fn receipt(&self, decision: &mut Decision, joined: Option<&Ticket>, policy: &Policy) {
        let opened = opened(decision);
        let Some(ticket) = opened.or(joined) else { return };
        let Some(person) = self.reading.from.as_ref().filter(|_| self.is_for_another()) else { return };
        let language = notify::agent_language(self.by, policy);
        let who = if person.name.is_empty() { person.address.to_string() } else { format!("{} <{}>", person.name, person.address) };
        let sentence = match (opened.is_some(), self.forwarded) {
            (true, true) => say(
                language,
                format!("Opened for {who}, whose mail you forwarded. If that is wrong, reply with [requester=…]."),
                text::joined(&["已为", &who, "（您所转发的邮件）新建工单。如有误，请回复【请求人=…】。"]),
            ),
            (true, false) => say(language, format!("Opened for {who}."), text::joined(&["已为", &who, "新建工单。"])),
            (false, _) => say(
                language,
                format!("The mail that you forwarded is one of {who}, and is on this ticket now."),
                text::joined(&["您转发的是", &who, "的邮件，已归入该工单。"]),
            ),
        };
        let mut done = vec![sentence];
        if !self.note.is_empty() {
            done.push(say(language, "Your own words go to the colleagues only.", "您自己写的内容只给同事看。"));
        }
        let facts = AgentReceipt {
            ticket: notify::card(ticket, policy, language),
            agent: self.by.name.clone(),
            done,
            sent_to: String::new(),
            goes_at: String::new(),
        };
        let draft = notify::to_agent(self.by, Some(ticket), policy, Facts::AgentReceipt(facts));
        decision.drafts.push(draft);
        if !self.note.is_empty() {
            decision.because(format!("{} says to the colleagues: “{}”", self.by.handle, notify::one_line(&self.note, 500)));
        }
    }
}

/// An agent's forward whose original names no sender with an address opened a ticket of the agent's own: he hears how to mend that.
pub(super) fn nobody_named(decision: &mut Decision, received: &Reading, agent: &Agent, policy: &Policy) {
    let unnamed = received.forwarded && received.original.as_ref().is_none_or(|original| original.from.is_none());
    let Some(ticket) = opened(decision).filter(|_| unnamed) else { return };
    let language = notify::agent_language(agent, policy);
    let done = vec![say(
        language,
        "The mail that you forwarded names no sender with an address, so the ticket is opened for you. \
         To open it for somebody else, forward the mail again with [for=address] in the subject.",
        "您转发的邮件中没有发件人的邮箱地址，因此工单以您的名义新建。如需为他人新建，请在主题中写明【代报=邮箱地址】后重新转发。",
    )];
    let ticket_card = notify::card(ticket, policy, language);
    let facts = AgentReceipt { ticket: ticket_card, agent: agent.name.clone(), done, sent_to: String::new(), goes_at: String::new() };
    let draft = notify::to_agent(agent, Some(ticket), policy, Facts::AgentReceipt(facts));
    decision.drafts.push(draft);
    decision.because("a forward without a sender that could be read: the agent is the requester");
}

fn opened(decision: &Decision) -> Option<&Ticket> {
    decision.changes.iter().find_map(|(_, change)| match change {
        Change::Opened(ticket) => Some(ticket.as_ref()),
        _ => None,
    })
}
