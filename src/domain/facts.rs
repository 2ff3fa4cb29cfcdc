//! What each template is told: one struct a template, so that a decision cannot forget a fact and a template cannot invent one.
//!
//! `mail::templates` renders every template with [`Facts::samples`] at `check`, strictly: an unknown name is an error.

mod samples;

use serde::{Deserialize, Serialize};

use super::message::TemplateName;

/// Every mail to an agent or a lead ends in this line and the `Ref:` line after it. In an answer, quoted or not, nothing from this line
/// on is the agent's own.
pub const NOTICE_END: &str = "~~~~~~~~ Postdesk ~~~~~~~~";

/// The facts of one mail, by template.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(untagged)]
pub enum Facts {
    /// `ack`
    Ack(Ack),
    /// `reply`
    Reply(Reply),
    /// `update`
    Update(Update),
    /// `resolved`
    Resolved(Words),
    /// `closed`
    Closed(Closed),
    /// `agent_new`
    AgentNew(Box<AgentNew>),
    /// `agent_followup`
    AgentFollowup(AgentFollowup),
    /// `agent_receipt`
    AgentReceipt(AgentReceipt),
    /// `agent_error`
    AgentError(AgentError),
    /// `too_large`
    TooLarge(TooLarge),
    /// `summary`
    Summary(Box<Summary>),
    /// `help`
    Help(Help),
    /// `quarantined`
    Quarantined(Quarantined),
    /// `approval`
    Approval(Approval),
    /// `reminder`
    Reminder(Reminder),
    /// `consult`
    Consult(Consult),
    /// `confirm`
    Confirm(Confirm),
}

/// A ticket, in words for people; times are in the desk's zone.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Card {
    /// `1042`
    pub number: i64,
    /// `[#1042]`
    pub tag: String,
    /// Subject of the first mail.
    pub subject: String,
    /// Status word in the reader's language.
    pub status: String,
    /// Priority word in the reader's language.
    pub priority: String,
    /// Category name in the reader's language; empty when unclassified.
    pub category: String,
    /// Team; empty when none.
    pub team: String,
    /// Owner's name; empty when none.
    pub owner: String,
    /// Requester's name, or the local part of the address.
    pub requester: String,
    /// Requester's address: for agents only.
    pub requester_address: String,
    /// `2026-12-01 14:00`
    pub opened: String,
    /// A machine reports here: no mail goes to the requester.
    pub machine: bool,
    /// Who is asked for approval, or how that ended; empty where none was asked for. For agents only.
    pub approval: String,
}

/// A knowledge-base link.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Link {
    /// Title.
    pub title: String,
    /// Address; empty for an article without one.
    pub url: String,
    /// One line.
    pub summary: String,
}

/// `ack`: your mail is here. Never repeats a stranger's text.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Ack {
    /// The ticket; its subject is for the Subject line only.
    pub ticket: Card,
    /// The agent who passed the request on; empty where the reader wrote to us himself.
    pub handed_by: String,
    /// When a person will have answered, in words of the reader's language: `Tuesday 14:00`; empty where nothing is promised.
    pub answer_by: String,
    /// At most three.
    pub articles: Vec<Link>,
    /// What the desk still needs to know.
    pub missing: Vec<String>,
}

/// `reply`: an agent's words stand in the draft; this is what stands around them.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Reply {
    /// The ticket.
    pub ticket: Card,
    /// Who writes.
    pub agent: String,
    /// The agent's own words, plain text.
    pub words: String,
    /// Articles that the agent attached.
    pub articles: Vec<Link>,
}

/// `update`: progress, told unasked.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Update {
    /// The ticket after the change.
    pub ticket: Card,
    /// A person looks after it now (his name); empty when that did not change.
    pub owner: String,
    /// A team looks after it now; empty when that did not change.
    pub team: String,
    /// We wait for the requester now.
    pub waiting: bool,
    /// We work on it again.
    pub reopened: bool,
    /// An approver said no.
    pub rejected: bool,
}

/// `resolved`: cause and fix in the agent's words, which may be none.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Words {
    /// The ticket.
    pub ticket: Card,
    /// Who writes.
    pub agent: String,
    /// The agent's own words; may be empty.
    pub words: String,
    /// Articles that the agent attached.
    pub articles: Vec<Link>,
    /// Days until it closes by itself.
    pub closes_in_days: i64,
}

/// `closed`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Closed {
    /// The ticket.
    pub ticket: Card,
    /// Who closed it; empty when it closed by itself.
    pub agent: String,
    /// The agent's own words; may be empty.
    pub words: String,
    /// `[#1040]`, where it goes on as that; else empty.
    pub merged_into: String,
    /// Days within which an answer reopens it.
    pub reopen_days: i64,
}

/// One match of a rule, for an agent's eyes.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Because {
    /// Rule's name.
    pub rule: String,
    /// `rules/20-network.toml:3`
    pub at: String,
    /// Where it matched.
    pub field: String,
    /// What matched.
    pub matched: String,
}

/// `agent_new`: work for you.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct AgentNew {
    /// The ticket.
    pub ticket: Card,
    /// Called by this name.
    pub agent: String,
    /// When a person must have answered, local time; empty where nothing is promised.
    pub answer_by: String,
    /// When it must be resolved, local time; empty where no time is set.
    pub resolve_by: String,
    /// True when it is the agent's own, false when it came to the team.
    pub yours: bool,
    /// Who handed it over; empty where the rules did.
    pub handed_by: String,
    /// What that colleague wrote with it; may be empty.
    pub note: String,
    /// The requester's words.
    pub text: String,
    /// Names of the files that go along.
    pub files: Vec<String>,
    /// Files that do not, one sentence each: why, and how to get at them.
    pub not_attached: Vec<String>,
    /// What was wrong with the mail, one sentence each.
    pub defects: Vec<String>,
    /// Why it was judged so.
    pub evidence: Vec<Because>,
    /// The article that says what to do.
    pub playbook: Option<Link>,
    /// Its steps, one a line: `1. …`; empty where it lists none.
    pub steps: String,
    /// Articles that fit.
    pub articles: Vec<Link>,
    /// Extracted facts, `error_code: 809`.
    pub fields: Vec<String>,
}

/// `agent_followup`: something happened on a ticket of yours.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct AgentFollowup {
    /// The ticket.
    pub ticket: Card,
    /// Called by this name.
    pub agent: String,
    /// Who wrote; empty where nobody did.
    pub from: String,
    /// What happened, a sentence in the agent's language; empty when it is simply an answer.
    pub event: String,
    /// The words that came.
    pub text: String,
    /// Names of the files that go along.
    pub files: Vec<String>,
    /// Files that do not, one sentence each: why, and how to get at them.
    pub not_attached: Vec<String>,
}

/// `agent_receipt`: what your orders did.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct AgentReceipt {
    /// The ticket after the orders.
    pub ticket: Card,
    /// Called by this name.
    pub agent: String,
    /// One sentence an order.
    pub done: Vec<String>,
    /// To whom the words went; empty when none were sent.
    pub sent_to: String,
    /// Until when they can be taken back, local time: then they go out; empty where they went at once.
    pub goes_at: String,
}

/// `agent_error`: nothing of this was done.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct AgentError {
    /// The ticket, when one was named.
    pub ticket: Option<Card>,
    /// Called by this name.
    pub agent: String,
    /// Subject of the agent's mail.
    pub subject: String,
    /// One sentence each, with did-you-mean.
    pub errors: Vec<String>,
    /// The agent's words, so that nothing must be typed again.
    pub text: String,
    /// The words are held and go out with `[send]`.
    pub held: bool,
    /// For so many days; 0 for ever.
    pub days: i64,
    /// The remedy is in the tags.
    pub tags: bool,
}

/// `too_large`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct TooLarge {
    /// The ticket that was opened from the header.
    pub ticket: Card,
    /// Size of the mail, MB, one decimal.
    pub size_mb: String,
    /// Limit, MB.
    pub limit_mb: String,
}

/// `summary`: figures for a lead.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Summary {
    /// Name of the summary.
    pub name: String,
    /// From when, local time.
    pub since: String,
    /// Until when, local time.
    pub until: String,
    /// When it was sent before, local time: suspect mail is named from then on.
    pub last: String,
    /// Something waits for somebody's look.
    pub waits: bool,
    /// Replies that are held, the newest ten.
    pub held: Vec<Waits>,
    /// So many more.
    pub more_held: u64,
    /// Mails that their agents have not confirmed yet, the newest ten.
    pub unconfirmed: Vec<Waits>,
    /// So many more.
    pub more_unconfirmed: u64,
    /// Mails that the border distrusts, the newest ten.
    pub suspect: Vec<Waits>,
    /// So many more.
    pub more_suspect: u64,
    /// The figures below are told.
    pub counts: bool,
    /// Opened in this time.
    pub opened: u64,
    /// First answered in this time.
    pub answered: u64,
    /// Resolved or closed in this time.
    pub resolved: u64,
    /// Live and nobody has answered.
    pub unanswered: u64,
    /// Live and with us.
    pub open: u64,
    /// Live and waiting for the requester.
    pub waiting: u64,
    /// The longest open, at most ten.
    pub oldest: Vec<OldTicket>,
    /// By category, most first.
    pub by_category: Vec<Row>,
    /// By team, most first.
    pub by_team: Vec<Row>,
}

/// Something that waits for somebody's look.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Waits {
    /// The ticket, its subject cut.
    pub ticket: Card,
    /// An agent's name, or the sender's address.
    pub who: String,
    /// Since when, local time.
    pub since: String,
    /// Why, words without a full stop.
    pub why: String,
    /// It may be somebody else's who calls himself so.
    pub doubted: bool,
    /// When it lapses by itself, local time; empty where it never does.
    pub until: String,
}

/// One of the oldest.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct OldTicket {
    /// The ticket.
    pub ticket: Card,
    /// `3d 4h`
    pub age: String,
}

/// A line of a table.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Row {
    /// Name.
    pub name: String,
    /// Opened in this time.
    pub opened: u64,
    /// Resolved in this time.
    pub resolved: u64,
    /// Live now.
    pub live: u64,
}

/// `help`: the tags.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Help {
    /// The ticket on which it was asked, if any.
    pub ticket: Option<Card>,
    /// Called by this name.
    pub agent: String,
    /// Every tag.
    pub tags: Vec<TagHelp>,
    /// Words of the mail that asks, which no ticket was opened for.
    pub unfiled: String,
    /// Names of its files.
    pub files: Vec<String>,
}

/// One tag.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct TagHelp {
    /// `[priority=high]`
    pub usage: String,
    /// Chinese synonyms that the usage does not show, `优先级`.
    pub zh: String,
    /// What it does.
    pub doc: String,
}

/// `quarantined`: a mail broke the desk three times.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Quarantined {
    /// For `postdesk quarantine show`.
    pub number: i64,
    /// When it arrived, local time.
    pub arrived: String,
    /// Its size.
    pub bytes: u64,
    /// What went wrong the last time.
    pub why: String,
    /// Its server does not give it out: it is asked for again, and `retry` has nothing to try.
    pub withheld: bool,
}

/// `approval`: may this be done?
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Approval {
    /// The ticket.
    pub ticket: Card,
    /// The approver, called by this name.
    pub approver: String,
    /// The agent who asks; empty where a rule does.
    pub asked_by: String,
    /// What the agent says about it; may be empty.
    pub note: String,
    /// The requester's words.
    pub text: String,
    /// File names.
    pub files: Vec<String>,
}

/// `reminder`: the requester is asked once more.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Reminder {
    /// The ticket.
    pub ticket: Card,
    /// We wait for his answer; else for his word that it is solved.
    pub waiting: bool,
    /// Days until it closes by itself; 0 where it does not.
    pub closes_in_days: i64,
}

/// `consult`: what do you say to this? To people outside as well.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Consult {
    /// The ticket; of it the reader sees number and subject.
    pub ticket: Card,
    /// Whose advice is asked, called by this name.
    pub adviser: String,
    /// The agent who asks.
    pub agent: String,
    /// The agent's words.
    pub words: String,
}

/// `confirm`: is this mail yours?
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Confirm {
    /// The ticket.
    pub ticket: Card,
    /// Called by this name.
    pub agent: String,
    /// Subject of the mail.
    pub subject: String,
    /// When it arrived, local time.
    pub written: String,
    /// Why nothing proves that it is his, a sentence.
    pub why: String,
    /// What the receipt would say of its orders, one sentence each.
    pub done: Vec<String>,
    /// Whom its words would go to; empty where they would stay inside, or there are none.
    pub sent_to: String,
    /// Its words, all of them: what he confirms he must see.
    pub text: String,
    /// Names of the files that would go along.
    pub files: Vec<String>,
    /// So many days he can confirm it.
    pub days: i64,
}

impl Facts {
    /// The template that they belong to.
    pub fn template(&self) -> TemplateName {
        match self {
            Facts::Ack(_) => TemplateName::Ack,
            Facts::Reply(_) => TemplateName::Reply,
            Facts::Update(_) => TemplateName::Update,
            Facts::Resolved(_) => TemplateName::Resolved,
            Facts::Closed(_) => TemplateName::Closed,
            Facts::AgentNew(_) => TemplateName::AgentNew,
            Facts::AgentFollowup(_) => TemplateName::AgentFollowup,
            Facts::AgentReceipt(_) => TemplateName::AgentReceipt,
            Facts::AgentError(_) => TemplateName::AgentError,
            Facts::TooLarge(_) => TemplateName::TooLarge,
            Facts::Summary(_) => TemplateName::Summary,
            Facts::Help(_) => TemplateName::Help,
            Facts::Quarantined(_) => TemplateName::Quarantined,
            Facts::Approval(_) => TemplateName::Approval,
            Facts::Reminder(_) => TemplateName::Reminder,
            Facts::Consult(_) => TemplateName::Consult,
            Facts::Confirm(_) => TemplateName::Confirm,
        }
    }

    /// The ticket's card, where there is one.
    pub fn card(&self) -> Option<&Card> {
        match self {
            Facts::Ack(f) => Some(&f.ticket),
            Facts::Reply(f) => Some(&f.ticket),
            Facts::Update(f) => Some(&f.ticket),
            Facts::Resolved(f) => Some(&f.ticket),
            Facts::Closed(f) => Some(&f.ticket),
            Facts::AgentNew(f) => Some(&f.ticket),
            Facts::AgentFollowup(f) => Some(&f.ticket),
            Facts::AgentReceipt(f) => Some(&f.ticket),
            Facts::AgentError(f) => f.ticket.as_ref(),
            Facts::TooLarge(f) => Some(&f.ticket),
            Facts::Approval(f) => Some(&f.ticket),
            Facts::Reminder(f) => Some(&f.ticket),
            Facts::Consult(f) => Some(&f.ticket),
            Facts::Confirm(f) => Some(&f.ticket),
            Facts::Summary(_) | Facts::Quarantined(_) => None,
            Facts::Help(f) => f.ticket.as_ref(),
        }
    }
}
