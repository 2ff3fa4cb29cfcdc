//! A ticket and the only way to change it.
//!
//! [`Ticket::apply`] is the single door: the store, the tags and the rules make [`Change`]s, and the journal keeps each with the
//! value before it, so that history, undo and time in state need nothing else. Status follows ITIL's words.

use std::collections::BTreeMap;
use std::fmt;

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

use super::message::{Address, MessageId, Person};

/// A ticket's number as people say it: `#1042`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(transparent)]
pub struct TicketNo(pub i64);

impl fmt::Display for TicketNo {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "#{}", self.0)
    }
}

/// Counts the commits to a ticket; a decision made on an older version is made again.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Default, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Version(pub i64);

macro_rules! closed_set {
    ($(#[$doc:meta])* $name:ident { $($(#[$vdoc:meta])* $variant:ident = $text:literal | $zh:literal),+ $(,)? }) => {
        $(#[$doc])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
        #[serde(rename_all = "snake_case")]
        pub enum $name { $($(#[$vdoc])* $variant),+ }

        impl $name {
            /// Every member, in order.
            pub const ALL: &'static [$name] = &[$($name::$variant),+];

            /// The English word, as rules, tags and JSON spell it.
            pub fn as_str(self) -> &'static str {
                match self { $($name::$variant => $text),+ }
            }

            /// The Chinese word.
            pub fn zh(self) -> &'static str {
                match self { $($name::$variant => $zh),+ }
            }

            /// Reads either word, any case.
            pub fn parse(text: &str) -> Option<$name> {
                let text = text.trim().to_lowercase();
                $name::ALL.iter().copied().find(|v| v.as_str() == text || v.zh() == text)
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(self.as_str())
            }
        }
    };
}

closed_set! {
    /// Where a ticket stands.
    Status {
        /// Nobody has answered yet.
        New = "new" | "新建",
        /// Somebody works on it.
        Open = "open" | "处理中",
        /// The requester has to answer.
        Waiting = "waiting" | "等待",
        /// Solved as the agent sees it; the requester is asked to confirm.
        Resolved = "resolved" | "已解决",
        /// Done.
        Closed = "closed" | "已关闭",
    }
}

impl Status {
    /// Counts as work that is still to be done.
    pub fn is_live(self) -> bool {
        matches!(self, Status::New | Status::Open | Status::Waiting)
    }
}

closed_set! {
    /// What the requester wants (ITIL).
    Kind {
        /// Something is broken.
        Incident = "incident" | "故障",
        /// Something is wanted.
        Request = "request" | "请求",
        /// A question.
        Question = "question" | "咨询",
        /// Praise, complaint, suggestion.
        Feedback = "feedback" | "反馈",
        /// A monitoring system's word.
        Alert = "alert" | "告警",
    }
}

closed_set! {
    /// How many are hit, or how urgent it is.
    Level {
        /// One person, or no hurry.
        Low = "low" | "低",
        /// The usual.
        Medium = "medium" | "中",
        /// A team, or work is blocked.
        High = "high" | "高",
    }
}

closed_set! {
    /// Impact × urgency.
    Priority {
        /// When there is time.
        Low = "low" | "低",
        /// The usual.
        Normal = "normal" | "普通",
        /// Before the usual.
        High = "high" | "高",
        /// Now.
        Urgent = "urgent" | "紧急",
    }
}

/// What a machine watches and reports: mails with the same key are one ticket, and no mail ever goes to the machine.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Alert {
    /// The `dedup_key`, filled in.
    pub key: String,
    /// When somebody was last told of it.
    pub told: DateTime<Utc>,
    /// How often it came back after it was over.
    pub returned: u32,
}

/// A question whether something may be done, and its answer.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Approval {
    /// Handles of the approvers who were asked; one answer decides.
    pub asked: Vec<String>,
    /// The agent who asks; `None` where a rule does.
    pub by: Option<String>,
    /// When.
    pub at: DateTime<Utc>,
    /// The answer, once there is one.
    pub ruling: Option<Ruling>,
}

/// An approver's answer.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Ruling {
    /// Yes or no.
    pub approved: bool,
    /// The approver's handle.
    pub by: String,
    /// When.
    pub at: DateTime<Utc>,
}

/// What a ticket's time is measured against.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Clock {
    /// Until a person answers.
    FirstResponse,
    /// Until the requester hears from us again.
    Update,
    /// Until it is resolved.
    Resolution,
    /// Until the requester is reminded that we wait for him.
    Reminder,
}

/// How far a run of a clock went, and who heard of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Alarm {
    /// When that run began: of another run nobody has heard yet.
    pub since: DateTime<Utc>,
    /// The time was over; else it was only running out.
    pub over: bool,
}

/// A time in which it was not our turn: the ticket waited, or was thought to be done.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Pause {
    /// From when.
    pub from: DateTime<Utc>,
    /// Until when; `None` while it lasts.
    pub until: Option<DateTime<Utc>>,
}

/// A ticket as stored: `number, version, doc`; the doc is this.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Ticket {
    /// Its number.
    pub number: TicketNo,
    /// Commits so far.
    pub version: Version,
    /// Subject of the first mail, without prefixes.
    pub subject: String,
    /// Who asked.
    pub requester: Person,
    /// Others in the conversation: they get replies in Cc and may write.
    pub participants: Vec<Person>,
    /// Mailbox that it came to.
    pub mailbox: String,
    /// Language of the requester.
    pub language: String,
    /// Where it stands.
    pub status: Status,
    /// The agent's handle.
    pub owner: Option<String>,
    /// The team's name.
    pub team: Option<String>,
    /// Category id; `None` is unclassified.
    pub category: Option<String>,
    /// What is wanted.
    pub kind: Option<Kind>,
    /// How many are hit.
    pub impact: Level,
    /// How urgent.
    pub urgency: Level,
    /// Impact × urgency, or what an agent set.
    pub priority: Priority,
    /// Extracted facts: `error_code` → `809`.
    pub fields: BTreeMap<String, String>,
    /// Free labels.
    pub labels: Vec<String>,
    /// Articles that were sent to the requester.
    pub links: Vec<String>,
    /// Article whose steps the agents follow, where a rule named one; else the category's serves.
    #[serde(default)]
    pub playbook: Option<String>,
    /// When the first mail arrived.
    pub opened: DateTime<Utc>,
    /// When it last changed.
    pub updated: DateTime<Utc>,
    /// When a person first answered.
    pub answered: Option<DateTime<Utc>>,
    /// When it was resolved last.
    pub resolved: Option<DateTime<Utc>>,
    /// When it was closed last.
    pub closed: Option<DateTime<Utc>>,
    /// Until when it waits, where a time was named.
    pub wait_until: Option<DateTime<Utc>>,
    /// Message-ID of the requester's newest mail: what replies answer.
    pub last_from_requester: Option<MessageId>,
    /// Addresses that refused mail for good.
    pub unreachable: Vec<Address>,
    /// Addresses of whom it was told that a server refused mail to them, for whatever reason, and that is told once.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub refused: Vec<Address>,
    /// The ticket that this one grew out of (a late answer to a closed one, a stranger's answer).
    pub linked: Option<TicketNo>,
    /// Tickets that an agent has linked with this one.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub related: Vec<TicketNo>,
    /// The ticket that goes on with this one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub merged: Option<TicketNo>,
    /// People who were asked for their advice: they may answer, and their answers stay internal.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub consulted: Vec<Person>,
    /// No automatic mail to the requester: it came before the desk was there (promise 16), or a machine wrote it (promise 4).
    pub quiet: bool,
    /// Where a machine reports with a `dedup_key`.
    #[serde(default)]
    pub alert: Option<Alert>,
    /// Every approval that was asked for; the newest counts.
    #[serde(default)]
    pub approvals: Vec<Approval>,
    /// Its clocks run: it came while the desk was there, and a person looks after it.
    #[serde(default)]
    pub clocked: bool,
    /// When the requester last heard from a person, or of one.
    #[serde(default)]
    pub told: Option<DateTime<Utc>>,
    /// When it was not our turn, oldest first.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub pauses: Vec<Pause>,
    /// What of its clocks was told.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub alarms: BTreeMap<Clock, Alarm>,
    /// How many tokens of an agent were retired, by handle.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub retired: BTreeMap<String, u32>,
}

impl Ticket {
    /// A ticket's first state: what is known before any rule spoke.
    pub fn open(number: TicketNo, subject: String, requester: Person, mailbox: String, language: String, at: DateTime<Utc>) -> Ticket {
        Ticket {
            number,
            version: Version(0),
            subject,
            requester,
            participants: Vec::new(),
            mailbox,
            language,
            status: Status::New,
            owner: None,
            team: None,
            category: None,
            kind: None,
            impact: Level::Medium,
            urgency: Level::Medium,
            priority: Priority::Normal,
            fields: BTreeMap::new(),
            labels: Vec::new(),
            links: Vec::new(),
            playbook: None,
            opened: at,
            updated: at,
            answered: None,
            resolved: None,
            closed: None,
            wait_until: None,
            last_from_requester: None,
            unreachable: Vec::new(),
            refused: Vec::new(),
            linked: None,
            related: Vec::new(),
            merged: None,
            consulted: Vec::new(),
            quiet: false,
            clocked: false,
            told: None,
            pauses: Vec::new(),
            alarms: BTreeMap::new(),
            retired: BTreeMap::new(),
            alert: None,
            approvals: Vec::new(),
        }
    }

    /// The approval that is still to be given.
    pub fn open_approval(&self) -> Option<&Approval> {
        self.approvals.last().filter(|approval| approval.ruling.is_none())
    }

    /// How many tokens of this agent were retired.
    pub fn retired(&self, handle: &str) -> u32 {
        self.retired.get(handle).copied().unwrap_or(0)
    }

    /// Requester or participant?
    pub fn takes_part(&self, address: &Address) -> bool {
        self.requester.address == *address || self.participants.iter().any(|p| p.address == *address)
    }

    /// Was he asked for advice?
    pub fn is_consulted(&self, address: &Address) -> bool {
        self.consulted.iter().any(|p| p.address == *address)
    }

    /// Makes one change and returns what undoes it; `None` when nothing changed.
    ///
    /// This is the only place where a ticket changes.
    pub fn apply(&mut self, change: &Change, at: DateTime<Utc>) -> Option<Change> {
        let before = self.swap(change, at)?;
        self.updated = at;
        Some(before)
    }

    fn swap(&mut self, change: &Change, at: DateTime<Utc>) -> Option<Change> {
        fn put<T: PartialEq + Clone>(slot: &mut T, value: &T) -> Option<T> {
            (slot != value).then(|| std::mem::replace(slot, value.clone()))
        }
        match change {
            Change::Opened(_) => None,
            Change::Status(status) => {
                let before = put(&mut self.status, status)?;
                match status {
                    Status::Resolved => self.resolved = Some(at),
                    Status::Closed => self.closed = Some(at),
                    Status::New | Status::Open | Status::Waiting => {}
                }
                if *status != Status::Waiting {
                    self.wait_until = None;
                }
                self.take_turns(*status, at);
                Some(Change::Status(before))
            }
            Change::WaitUntil(until) => put(&mut self.wait_until, until).map(Change::WaitUntil),
            Change::Owner(owner) => put(&mut self.owner, owner).map(Change::Owner),
            Change::Team(team) => put(&mut self.team, team).map(Change::Team),
            Change::Category(category) => put(&mut self.category, category).map(Change::Category),
            Change::Kind(kind) => put(&mut self.kind, kind).map(Change::Kind),
            Change::Impact(level) => put(&mut self.impact, level).map(Change::Impact),
            Change::Urgency(level) => put(&mut self.urgency, level).map(Change::Urgency),
            Change::Priority(priority) => put(&mut self.priority, priority).map(Change::Priority),
            Change::Field(name, value) => {
                let before = match value {
                    Some(value) => self.fields.insert(name.clone(), value.clone()),
                    None => self.fields.remove(name),
                };
                (before != *value).then(|| Change::Field(name.clone(), before))
            }
            Change::Label(label, on) => toggle(&mut self.labels, label, *on).then(|| Change::Label(label.clone(), !on)),
            Change::Link(article, on) => toggle(&mut self.links, article, *on).then(|| Change::Link(article.clone(), !on)),
            Change::Participant(person, on) => {
                toggle(&mut self.participants, person, *on).then(|| Change::Participant(person.clone(), !on))
            }
            Change::Unreachable(address, on) => {
                toggle(&mut self.unreachable, address, *on).then(|| Change::Unreachable(address.clone(), !on))
            }
            Change::Refused(address, on) => toggle(&mut self.refused, address, *on).then(|| Change::Refused(address.clone(), !on)),
            Change::Answered(when) => put(&mut self.answered, when).map(Change::Answered),
            Change::LastFromRequester(id) => put(&mut self.last_from_requester, id).map(Change::LastFromRequester),
            Change::Requester(person) => put(&mut self.requester, person).map(Change::Requester),
            Change::Language(language) => put(&mut self.language, language).map(Change::Language),
            Change::Told(when) => put(&mut self.told, when).map(Change::Told),
            Change::Alarm(clock, alarm) => {
                let before = match alarm {
                    Some(alarm) => self.alarms.insert(*clock, *alarm),
                    None => self.alarms.remove(clock),
                };
                (before != *alarm).then_some(Change::Alarm(*clock, before))
            }
            Change::Retired(handle, count) => {
                let before = self.retired(handle);
                self.retired.insert(handle.clone(), *count);
                (before != *count).then(|| Change::Retired(handle.clone(), before))
            }
            Change::Related(other, on) => toggle(&mut self.related, other, *on).then(|| Change::Related(*other, !on)),
            Change::Merged(into) => put(&mut self.merged, into).map(Change::Merged),
            Change::Consulted(person, on) => toggle(&mut self.consulted, person, *on).then(|| Change::Consulted(person.clone(), !on)),
            Change::Playbook(id) => put(&mut self.playbook, id).map(Change::Playbook),
            Change::Alert(alert) => put(&mut self.alert, alert).map(Change::Alert),
            Change::Approvals(approvals) => put(&mut self.approvals, approvals).map(Change::Approvals),
        }
    }
}

impl Ticket {
    /// Whose turn it is after a change of status.
    fn take_turns(&mut self, status: Status, at: DateTime<Utc>) {
        let ours = matches!(status, Status::New | Status::Open);
        match self.pauses.last_mut().filter(|pause| pause.until.is_none()) {
            Some(pause) if ours && pause.from >= at => drop(self.pauses.pop()),
            Some(pause) => pause.until = Some(at),
            None => {}
        }
        if !ours {
            self.pauses.push(Pause { from: at, until: None });
        }
    }

    /// Since when it is not our turn.
    pub fn paused_since(&self) -> Option<DateTime<Utc>> {
        self.pauses.last().filter(|pause| pause.until.is_none()).map(|pause| pause.from)
    }
}

/// Adds or removes a member; false when it was so already.
fn toggle<T: PartialEq + Clone>(list: &mut Vec<T>, item: &T, on: bool) -> bool {
    let here = list.contains(item);
    if here == on {
        return false;
    }
    if on {
        list.push(item.clone());
    } else {
        list.retain(|other| other != item);
    }
    true
}

/// One change of one ticket.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Change {
    /// The ticket comes into being in this state.
    Opened(Box<Ticket>),
    /// Status.
    Status(Status),
    /// Waiting until then; `None` waits without a limit.
    WaitUntil(Option<DateTime<Utc>>),
    /// The owner's handle.
    Owner(Option<String>),
    /// The team's name.
    Team(Option<String>),
    /// Category id.
    Category(Option<String>),
    /// What is wanted.
    Kind(Option<Kind>),
    /// How many are hit.
    Impact(Level),
    /// How urgent.
    Urgency(Level),
    /// Priority.
    Priority(Priority),
    /// A field's value; `None` removes it.
    Field(String, Option<String>),
    /// A label on or off.
    Label(String, bool),
    /// An article sent to the requester (or, undone, not).
    Link(String, bool),
    /// A participant in or out.
    Participant(Person, bool),
    /// An address that refuses mail.
    Unreachable(Address, bool),
    /// A refusal of mail to an address was told.
    Refused(Address, bool),
    /// When a person first answered.
    Answered(Option<DateTime<Utc>>),
    /// The requester's newest mail.
    LastFromRequester(Option<MessageId>),
    /// Who asked.
    Requester(Person),
    /// The requester's language.
    Language(String),
    /// A ticket linked with this one, or no more.
    Related(TicketNo, bool),
    /// The ticket that goes on with this one.
    Merged(Option<TicketNo>),
    /// Somebody whose advice is asked, or no more.
    Consulted(Person, bool),
    /// When the requester last heard from us.
    Told(Option<DateTime<Utc>>),
    /// What was told of a clock.
    Alarm(Clock, Option<Alarm>),
    /// So many tokens of this agent are retired.
    Retired(String, u32),
    /// The article whose steps are followed; `None` leaves it to the category.
    Playbook(Option<String>),
    /// What is known of a machine's reports.
    Alert(Option<Alert>),
    /// Every approval that was asked for.
    Approvals(Vec<Approval>),
}

/// Impact × urgency → priority: rows are impact low to high, columns urgency low to high.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Matrix(pub [[Priority; 3]; 3]);

impl Default for Matrix {
    fn default() -> Matrix {
        use Priority::{High, Low, Normal, Urgent};
        Matrix([[Low, Normal, Normal], [Low, Normal, High], [Normal, High, Urgent]])
    }
}

impl Matrix {
    /// The priority for these two.
    pub fn priority(&self, impact: Level, urgency: Level) -> Priority {
        let Matrix([low, medium, high]) = self;
        let [l, m, h] = match impact {
            Level::Low => low,
            Level::Medium => medium,
            Level::High => high,
        };
        *match urgency {
            Level::Low => l,
            Level::Medium => m,
            Level::High => h,
        }
    }
}
