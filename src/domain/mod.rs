//! The pure heart: what happened (`Event`), what is known (`Case`), what follows (`Decision`).
//!
//! Nothing here does I/O, reads a clock or draws a random number. [`decide`] may *ask*: a getter of [`Case`] that lacks an answer
//! returns the [`Need`] for it, which travels up by `?`; the desk answers and calls again. So the code reads straight and a test
//! needs no server.

pub mod absence;
pub mod agents;
pub mod approvals;
pub mod attachment;
pub mod audit;
pub mod authentication;
pub mod calendar;
pub mod canned;
pub mod complaint;
pub mod confirm;
pub mod courtesy;
pub mod doubt;
pub mod echo;
pub mod facts;
pub mod files;
pub mod foresight;
pub mod forward;
pub mod history;
pub mod intake;
pub mod language;
pub mod message;
pub mod notify;
pub mod orders;
pub mod origin;
pub mod pacing;
pub mod policy;
pub mod quotes;
pub mod reply;
pub mod reports;
pub mod retire;
pub mod rules;
pub mod sentence;
pub mod sla;
pub mod suggest;
pub mod tags;
pub mod text;
pub mod thread;
pub mod ticket;
pub mod trust;
pub mod unsettled;

use std::sync::Arc;

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

use confirm::Grant;
use foresight::Foresight;
use message::{Address, Draft, LetterId, LetterKind, MessageId, Withheld};
use policy::Policy;
use ticket::{Change, Ticket, TicketNo, Version};

/// The unique key of a cause: `mail:…`, `due:1042:…`, `slot:daily:2026-12-01T07:00:00Z`, `fate:…`.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct CauseKey(pub String);

impl CauseKey {
    /// The key of the one cause that carries out the mail of this one, once its agent has confirmed it.
    pub fn granted(&self) -> CauseKey {
        CauseKey(format!("granted:{}", self.0))
    }
}

/// One thing that happened.
#[derive(Debug, Clone)]
pub struct Event {
    /// Its key: deciding it twice is impossible.
    pub key: CauseKey,
    /// When it happened: arrival for a mail, the moment itself for a clock.
    pub at: DateTime<Utc>,
    /// What.
    pub what: What,
}

/// Everything that can happen.
#[derive(Debug, Clone)]
pub enum What {
    /// A mail came in.
    Mail(Incoming),
    /// A mail that nothing proved is decided again: its agent has confirmed it.
    Granted {
        /// The mail.
        original: Incoming,
        /// His word.
        grant: Grant,
    },
    /// A ticket's clock struck.
    Due(TicketNo),
    /// A report's time has come.
    Slot {
        /// Name of the `[[summary]]`.
        name: String,
        /// The slot's own time.
        at: DateTime<Utc>,
        /// The one before it that was sent, where that is known.
        last: Option<DateTime<Utc>>,
    },
    /// A letter could not be delivered for good.
    Undelivered(Undelivered),
    /// A cause broke the desk three times and was set aside.
    Quarantined(Quarantined),
    /// A server does not give out a mail.
    Withheld(Withheld),
}

/// A mail with where and how it came.
#[derive(Debug, Clone)]
pub struct Incoming {
    /// Configured mailbox.
    pub mailbox: String,
    /// It came before the desk was there: no automatic mail.
    pub quiet: bool,
    /// What it says, and what the policy that decides made of that beforehand.
    pub foresight: Arc<Foresight>,
}

/// A cause that was set aside.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Quarantined {
    /// Its number for `postdesk quarantine`.
    pub number: i64,
    /// When it arrived.
    pub arrived: DateTime<Utc>,
    /// Its size in bytes; 0 for what is no mail.
    pub bytes: u64,
    /// What went wrong the last time.
    pub why: String,
    /// It lies on its server still, which does not give it out: it is asked for again, and `retry` has nothing to try.
    #[serde(default)]
    pub withheld: bool,
}

/// The end of an envelope that was refused for good.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Undelivered {
    /// The letter.
    pub letter: LetterId,
    /// What kind of letter.
    pub kind: LetterKind,
    /// Its ticket.
    pub ticket: Option<TicketNo>,
    /// Its subject.
    pub subject: String,
    /// The recipient.
    pub to: Address,
    /// What the server said, or how long was tried.
    pub why: String,
}

/// A question that `decide` puts to the desk.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum Query {
    /// Which of these ids are known, newest first as given? → [`Answer::Known`]
    Known(Vec<MessageId>),
    /// A ticket by number → [`Answer::Ticket`]
    Ticket(TicketNo),
    /// The live tickets of a requester, newest first → [`Answer::Numbers`]
    LiveOf(Address),
    /// The ticket of a `dedup_key`: a live one before any other, then the newest → [`Answer::Ticket`]
    Keyed(String),
    /// The number for a ticket that this cause opens; the same cause gets the same number → [`Answer::Number`]
    NewNumber,
    /// How many automatic letters were written to this address since then → [`Answer::Count`]
    AutomaticTo(Address, DateTime<Utc>),
    /// How many automatic letters were written for this ticket since then → [`Answer::Count`]
    AutomaticFor(TicketNo, DateTime<Utc>),
    /// How many notices for this ticket were written to this address since then → [`Answer::Count`]
    NoticesTo(Address, TicketNo, DateTime<Utc>),
    /// How many mails that ask whether a mail is his, or what he meant, were written to this agent since then → [`Answer::Count`]
    QuestionsTo(Address, DateTime<Utc>),
    /// The mails of this ticket that agents were asked to confirm, oldest first → [`Answer::Asked`]
    Asked(TicketNo),
    /// Letters that are held for this ticket → [`Answer::Letters`]
    Held(TicketNo),
    /// What of this ticket's mail to its requester has not left yet, and when he got the last automatic one → [`Answer::Outbox`]
    Outbox(TicketNo),
    /// What a report counts, over the tickets that are live or were touched in its span → [`Answer::Tally`]
    Tally(reports::Scope),
    /// The own words of the mail that opened a ticket → [`Answer::Words`]
    FirstWords(TicketNo),
    /// The newest reply by somebody else that went out on a ticket after this agent was told of it, by the letter that he answers or else by
    /// the last that was written to him → [`Answer::Crossing`]
    ReplyAfter(TicketNo, Reader),
    /// The files of a ticket's mails, oldest first; those of refused and filed mails do not count → [`Answer::Files`]
    Files(TicketNo),
}

/// What the desk answers.
#[derive(Debug, Clone, PartialEq)]
pub enum Answer {
    /// Known messages.
    Known(Vec<Known>),
    /// A ticket, if there is one.
    Ticket(Option<Box<Ticket>>),
    /// Ticket numbers.
    Numbers(Vec<TicketNo>),
    /// One new number.
    Number(TicketNo),
    /// A tally.
    Count(u32),
    /// Held letters.
    Letters(Vec<HeldLetter>),
    /// Mail to a requester that has not left yet.
    Outbox(Outbox),
    /// What a report counts.
    Tally(Box<reports::Tally>),
    /// A text; empty where there is none.
    Words(String),
    /// Files of mails.
    Files(Vec<TicketFile>),
    /// A reply that went out meanwhile.
    Crossing(Option<Crossing>),
    /// Mails that agents were asked to confirm.
    Asked(Vec<Asked>),
}

/// A mail that its agent was asked to confirm.
#[derive(Debug, Clone, PartialEq)]
pub struct Asked {
    /// Its cause.
    pub cause: CauseKey,
    /// When it arrived.
    pub written: DateTime<Utc>,
    /// When he was asked.
    pub at: DateTime<Utc>,
    /// When he confirmed it.
    pub granted: Option<DateTime<Utc>>,
}

/// An agent who answers, and what he has read.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Reader {
    /// His handle.
    pub handle: String,
    /// Where his notifications go.
    pub address: Address,
    /// The letter of ours that he answers, where it is known.
    pub answers: Option<message::LetterKey>,
    /// What was written to him later he had not read.
    pub until: Option<DateTime<Utc>>,
}

/// A reply of somebody else that crosses one's own.
#[derive(Debug, Clone, PartialEq)]
pub struct Crossing {
    /// The cause that it follows from.
    pub cause: CauseKey,
    /// Who wrote it, by handle.
    pub by: String,
    /// When it went out.
    pub at: DateTime<Utc>,
    /// What it says.
    pub words: String,
}

/// A message that the store knows.
#[derive(Debug, Clone, PartialEq)]
pub struct Known {
    /// Its id.
    pub id: MessageId,
    /// Its ticket.
    pub ticket: TicketNo,
    /// Filled where the message is a letter of ours.
    pub sent: Option<Sent>,
}

/// What a letter of ours said: it is subtracted from answers first.
#[derive(Debug, Clone, PartialEq)]
pub struct Sent {
    /// (cause, ordinal).
    pub key: message::LetterKey,
    /// The template that made it; `None` for one that this version does not know.
    pub template: Option<message::TemplateName>,
    /// Its subject.
    pub subject: String,
    /// Its plain text.
    pub text: String,
}

/// A file that a mail of a ticket brought.
#[derive(Debug, Clone, PartialEq)]
pub struct TicketFile {
    /// The mail that holds it.
    pub mail: CauseKey,
    /// Who sent that.
    pub from: Option<Address>,
    /// The file.
    pub file: attachment::Attachment,
}

/// A letter that waits for `[send]`.
#[derive(Debug, Clone, PartialEq)]
pub struct HeldLetter {
    /// Its row.
    pub id: LetterId,
    /// (cause, ordinal).
    pub key: message::LetterKey,
    /// Why it is held.
    pub why: String,
    /// When it lapses, if ever.
    pub lapses: Option<DateTime<Utc>>,
    /// Its subject.
    pub subject: String,
}

/// A letter to a requester that nobody has seen yet: it waits for its time in the outbox.
#[derive(Debug, Clone, PartialEq)]
pub struct QueuedLetter {
    /// Its row.
    pub id: LetterId,
    /// The cause that it follows from.
    pub cause: CauseKey,
    /// Who decided that: an agent's handle, an address, `desk`.
    pub actor: String,
    /// The template that made it.
    pub template: Option<message::TemplateName>,
    /// What undoes the decision, in the order in which it is to be done; empty where one of its tickets has changed since.
    pub undoes: Vec<(TicketNo, Change)>,
}

/// Mail of a ticket to its requester.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Outbox {
    /// What waits, oldest first.
    pub queued: Vec<QueuedLetter>,
    /// When the newest automatic mail was or will be sent.
    pub last_automatic: Option<DateTime<Utc>>,
}

/// What `decide` must know before it can go on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Need(pub Vec<Query>);

impl Need {
    /// Has each query answered and the case learn it.
    ///
    /// # Errors
    /// The first that could not be answered.
    pub fn meet<E>(self, case: &mut Case, mut ask: impl FnMut(&Query) -> Result<Answer, E>) -> Result<(), E> {
        for query in self.0 {
            let answer = ask(&query)?;
            case.learn(query, answer);
        }
        Ok(())
    }
}

/// The answers so far.
#[derive(Debug, Clone, Default)]
pub struct Case {
    answers: Vec<(Query, Answer)>,
}

macro_rules! getter {
    ($(#[$doc:meta])* $name:ident($($arg:ident: $type:ty),*) -> $out:ty, $query:expr, $variant:ident($bound:pat) => $value:expr) => {
        $(#[$doc])*
        ///
        /// # Errors
        /// The [`Need`] for the answer, when it is not there yet.
        pub fn $name(&self, $($arg: $type),*) -> Result<$out, Need> {
            let query = $query;
            match self.answers.iter().find(|(q, _)| *q == query) {
                Some((_, Answer::$variant($bound))) => Ok($value),
                _ => Err(Need(vec![query])),
            }
        }
    };
}

impl Case {
    /// Adds an answer.
    pub fn learn(&mut self, query: Query, answer: Answer) {
        self.answers.push((query, answer));
    }

    /// Is there an answer to this query yet?
    pub fn has_answer(&self, query: &Query) -> bool {
        self.answers.iter().any(|(q, _)| q == query)
    }

    getter!(
        /// The known ones among these ids.
        known(ids: &[MessageId]) -> &[Known], Query::Known(ids.to_vec()), Known(list) => list.as_slice());
    getter!(
        /// A ticket by number.
        ticket(number: TicketNo) -> Option<&Ticket>, Query::Ticket(number), Ticket(ticket) => ticket.as_deref());
    getter!(
        /// Live tickets of a requester.
        live_of(address: &Address) -> &[TicketNo], Query::LiveOf(address.clone()), Numbers(list) => list.as_slice());
    getter!(
        /// The ticket of a `dedup_key`, live or not.
        keyed(key: &str) -> Option<&Ticket>, Query::Keyed(key.to_owned()), Ticket(ticket) => ticket.as_deref());
    getter!(
        /// The number of the ticket that this cause opens.
        new_number() -> TicketNo, Query::NewNumber, Number(number) => *number);
    getter!(
        /// Automatic letters to an address since then.
        automatic_to(address: &Address, since: DateTime<Utc>) -> u32, Query::AutomaticTo(address.clone(), since), Count(n) => *n);
    getter!(
        /// Automatic letters for a ticket since then.
        automatic_for(number: TicketNo, since: DateTime<Utc>) -> u32, Query::AutomaticFor(number, since), Count(n) => *n);
    getter!(
        /// Notices for a ticket to an address since then.
        notices_to(address: &Address, number: TicketNo, since: DateTime<Utc>) -> u32,
        Query::NoticesTo(address.clone(), number, since), Count(n) => *n);
    getter!(
        /// Questions to an agent's address since then: whether a mail is his, what he meant.
        questions_to(address: &Address, since: DateTime<Utc>) -> u32, Query::QuestionsTo(address.clone(), since), Count(n) => *n);
    getter!(
        /// The mails of a ticket that agents were asked to confirm.
        asked(number: TicketNo) -> &[Asked], Query::Asked(number), Asked(list) => list.as_slice());
    getter!(
        /// Held letters of a ticket.
        held(number: TicketNo) -> &[HeldLetter], Query::Held(number), Letters(list) => list.as_slice());
    getter!(
        /// Mail of a ticket to its requester that has not left yet.
        outbox(number: TicketNo) -> &Outbox, Query::Outbox(number), Outbox(outbox) => outbox);
    getter!(
        /// What a report counts.
        tally(scope: &reports::Scope) -> &reports::Tally, Query::Tally(scope.clone()), Tally(tally) => tally.as_ref());
    getter!(
        /// The own words of the mail that opened a ticket.
        first_words(number: TicketNo) -> &str, Query::FirstWords(number), Words(text) => text.as_str());
    getter!(
        /// A reply that went out after this agent was told of a ticket.
        reply_after(number: TicketNo, reader: &Reader) -> Option<&Crossing>,
        Query::ReplyAfter(number, reader.clone()), Crossing(found) => found.as_ref());
    getter!(
        /// The files of a ticket's mails.
        files(number: TicketNo) -> &[TicketFile], Query::Files(number), Files(list) => list.as_slice());
}

/// Why something was decided, in a sentence with its evidence.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Reason(pub String);

/// What became of a cause.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "became", rename_all = "snake_case")]
pub enum Outcome {
    /// A new ticket.
    Opened {
        /// Its number.
        ticket: TicketNo,
    },
    /// A message of a ticket.
    Joined {
        /// Its number.
        ticket: TicketNo,
    },
    /// Filed with a ticket, but nothing follows: an automatic reply, a bounce.
    Filed {
        /// Its number.
        ticket: TicketNo,
    },
    /// An agent's mail whose orders were refused; its text is kept with the ticket.
    Refused {
        /// The ticket that it spoke of.
        ticket: Option<TicketNo>,
    },
    /// A question that was answered by mail.
    Answered,
    /// Kept, but no ticket: bulk mail, our own mail, a bounce of nothing known.
    Ignored,
    /// Put into quarantine by a rule, or because nobody can read it; the operator is told.
    SetAside {
        /// The rule, or what its server says.
        why: String,
    },
    /// A clock or slot that did its work.
    Done,
}

impl Outcome {
    /// The ticket that the cause ended in.
    pub fn ticket(&self) -> Option<TicketNo> {
        match self {
            Outcome::Opened { ticket } | Outcome::Joined { ticket } | Outcome::Filed { ticket } => Some(*ticket),
            Outcome::Refused { ticket } => *ticket,
            Outcome::Answered | Outcome::Ignored | Outcome::SetAside { .. } | Outcome::Done => None,
        }
    }
}

/// What follows from an event: data, carried out by the desk in one commit.
#[derive(Debug, Clone, PartialEq)]
pub struct Decision {
    /// What became of it.
    pub outcome: Outcome,
    /// Who did it, for the journal: an agent's handle, an address, `desk`.
    pub actor: String,
    /// Changes, in order. A new ticket begins with [`Change::Opened`].
    pub changes: Vec<(TicketNo, Change)>,
    /// The versions that this was decided on; another version means: decide again.
    pub guards: Vec<(TicketNo, Version)>,
    /// Mails to write.
    pub drafts: Vec<Draft>,
    /// Held letters that may go now.
    pub release: Vec<LetterId>,
    /// Queued letters that do not go: this decision says more, or takes them back.
    pub cancel: Vec<LetterId>,
    /// Causes whose own cancellations are void: what they said more is taken back.
    pub restore: Vec<CauseKey>,
    /// Mails that are carried out now that their agents have confirmed them.
    pub grants: Vec<Grant>,
    /// The mail's text stays internal (a note, a refused order): never relayed or quoted to a requester.
    pub internal: bool,
    /// Reasons with evidence.
    pub because: Vec<Reason>,
    /// How a mail was judged, for `explain`.
    pub judged: Option<Box<Judged>>,
}

impl Decision {
    /// A decision with this outcome and nothing else yet.
    pub fn new(outcome: Outcome, actor: impl Into<String>) -> Decision {
        Decision {
            outcome,
            actor: actor.into(),
            changes: Vec::new(),
            guards: Vec::new(),
            drafts: Vec::new(),
            release: Vec::new(),
            cancel: Vec::new(),
            restore: Vec::new(),
            grants: Vec::new(),
            internal: false,
            because: Vec::new(),
            judged: None,
        }
    }

    /// Adds a reason.
    pub fn because(&mut self, reason: impl Into<String>) {
        self.because.push(Reason(reason.into()));
    }
}

/// Every judgement of one mail, with its reasons.
#[derive(Debug, Clone, PartialEq)]
pub struct Judged {
    /// What kind of mail it is.
    pub origin: origin::Origin,
    /// Who wrote it and how far that is believed.
    pub sender: trust::Sender,
    /// The tags found in subject and body, carried out or not.
    pub tags: Vec<tags::Tag>,
    /// What went wrong with the tags, one sentence each.
    pub tag_errors: Vec<String>,
    /// The ticket that it belongs to.
    pub thread: thread::Thread,
    /// The own words after the stored text of the mail answered was subtracted.
    pub reply: message::ReplyText,
    /// What the rules say.
    pub verdict: Arc<rules::Verdict>,
    /// Articles that fit: those that the rules name, then those that the words lead to.
    pub suggested: Vec<suggest::Hit>,
    /// Why the relay is held, if it is.
    pub held: Option<String>,
}

/// Decides one event. Pure and total: the same arguments give the same answer.
///
/// # Errors
/// The [`Need`] for what must be known first; the caller answers it in the case and calls again.
pub fn decide(case: &Case, event: &Event, policy: &Policy, now: DateTime<Utc>) -> Result<Decision, Need> {
    match &event.what {
        What::Mail(mail) => intake::mail(case, event, (mail, None), policy, now),
        What::Granted { original, grant } => intake::mail(case, event, (original, Some(grant)), policy, now),
        What::Due(number) => sla::struck(case, *number, policy, now),
        What::Slot { name, at, last } => reports::slot(case, name, (*at, *last), policy),
        What::Undelivered(fate) => intake::undelivered(case, fate, policy),
        What::Quarantined(what) => Ok(intake::quarantined(what, policy)),
        What::Withheld(mail) => Ok(intake::not_given_out(mail)),
    }
}
