//! What an agent ordered, as a plan: all or nothing.
//!
//! [`plan`] runs the tags of one mail on a copy of the ticket, fields first, then the reply, status last. The first refusal does not
//! end it: an agent hears everything that is wrong at once, and nothing at all is done (promise 7). The caller turns a [`Plan`] into
//! changes and mails; which mails a change entails is the caller's business, not the tags'.

use chrono::{DateTime, Utc};

use super::message::LetterId;
use super::policy::{Agent, Policy, Role};
use super::tags::{self, Arg, Op, Phase, Tag, TagReading, TagSpec, Takes, is_chinese};
use super::ticket::{Change, Status, Ticket};
use super::{Case, Need, text};

/// Why an order is not carried out, and what to do: one sentence in the agent's language.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Refusal(pub String);

/// What the orders of one mail come to.
#[derive(Debug, Clone, PartialEq)]
pub struct Plan {
    /// Changes of fields, in order: each changes something. Status is not among them, see [`Plan::status_changes`].
    pub changes: Vec<Change>,
    /// The status to go to, where it is ordered and another one than now.
    pub status: Option<Status>,
    /// With [`Status::Waiting`]: until when; `None` waits without a limit.
    pub wait_until: Option<DateTime<Utc>>,
    /// Ids of articles to send along, each once, in the order given.
    pub articles: Vec<String>,
    /// The mail's text stays internal.
    pub note: bool,
    /// No mail that the orders entail.
    pub quiet: bool,
    /// Held letters that go out.
    pub release: Vec<LetterId>,
    /// The list of tags is asked for.
    pub help: bool,
    /// One sentence an order in the agent's language, for the receipt.
    pub done: Vec<String>,
    /// [`Plan::after`] has a new owner who is not the agent himself: the owner must hear.
    pub notify_owner_changed: bool,
    /// The ticket went to the queue of another team and has no owner: its members must hear.
    pub notify_team_changed: bool,
    /// The ticket as it will be, status and all.
    pub after: Ticket,
}

impl Plan {
    fn new(ticket: &Ticket) -> Plan {
        Plan {
            changes: Vec::new(),
            status: None,
            wait_until: None,
            articles: Vec::new(),
            note: false,
            quiet: false,
            release: Vec::new(),
            help: false,
            done: Vec::new(),
            notify_owner_changed: false,
            notify_team_changed: false,
            after: ticket.clone(),
        }
    }

    /// The changes of status, to be made after every other change of the mail.
    pub fn status_changes(&self) -> Vec<Change> {
        let Some(status) = self.status else { return Vec::new() };
        let mut changes = vec![Change::Status(status)];
        if status == Status::Waiting {
            changes.push(Change::WaitUntil(self.wait_until));
        }
        changes
    }

    /// Changes a field; false when it was so already.
    pub(super) fn change(&mut self, change: Change, now: DateTime<Utc>) -> bool {
        let changed = self.after.apply(&change, now).is_some();
        if changed {
            self.changes.push(change);
        }
        changed
    }

    /// Goes to a status; false when the ticket is there already.
    pub(super) fn go(&mut self, status: Status, until: Option<DateTime<Utc>>, now: DateTime<Utc>) -> bool {
        let moved = self.after.apply(&Change::Status(status), now).is_some();
        let timed = self.after.apply(&Change::WaitUntil(until), now).is_some();
        if moved || timed {
            self.status = Some(status);
            self.wait_until = until;
        }
        moved || timed
    }
}

/// What a tag may see while it is applied.
#[derive(Debug, Clone, Copy)]
pub struct Scene<'a> {
    /// The answers that its `needs` asked for.
    pub case: &'a Case,
    /// The policy.
    pub policy: &'a Policy,
    /// The ticket before any order.
    pub ticket: &'a Ticket,
    /// Who orders.
    pub agent: &'a Agent,
    /// The mail's own words, order lines cut.
    pub words: &'a str,
    /// Every tag of the mail.
    pub tags: &'a [Tag],
    /// Now.
    pub now: DateTime<Utc>,
}

impl Scene<'_> {
    /// The language in which the agent is answered.
    pub fn language(&self) -> &str {
        language_of(self.agent, self.policy)
    }

    /// The sentence that the agent reads.
    pub fn say(&self, en: String, zh: String) -> String {
        if is_chinese(self.language()) { zh } else { en }
    }

    /// A refusal that the agent reads.
    pub fn refuse(&self, en: String, zh: String) -> Refusal {
        Refusal(self.say(en, zh))
    }

    /// Is this tag in the mail?
    pub fn orders(&self, name: &str) -> bool {
        self.tags.iter().any(|tag| tag.name == name)
    }

    /// Has the mail words of its own?
    pub fn has_words(&self) -> bool {
        !self.words.trim().is_empty()
    }
}

/// The agent's own language, else the desk's.
fn language_of<'a>(agent: &'a Agent, policy: &'a Policy) -> &'a str {
    agent.language.as_deref().unwrap_or(&policy.desk.language)
}

/// One order with everything that its execution needs.
type Order<'a> = (&'static TagSpec, Arg<'a>);

/// Plans the orders of one mail of `agent` on `ticket`. `words` are the mail's own words without order lines.
///
/// # Errors
/// The outer error is the [`Need`] for what the tags must know first; the inner one lists every reason why nothing is done.
pub fn plan(
    case: &Case,
    policy: &Policy,
    ticket: &Ticket,
    agent: &Agent,
    reading: &TagReading,
    words: &str,
    now: DateTime<Utc>,
) -> Result<Result<Plan, Vec<Refusal>>, Need> {
    let scene = Scene { case, policy, ticket, agent, words, tags: &reading.tags, now };
    let orders = in_order(reading);
    let needs: Vec<_> = orders.iter().flat_map(|(spec, arg)| (spec.needs)(arg, ticket)).filter(|query| !case.has_answer(query)).collect();
    if !needs.is_empty() {
        return Err(Need(needs));
    }
    let mut refusals: Vec<Refusal> = reading.errors.iter().map(|error| Refusal(error.sentence(scene.language()).to_owned())).collect();
    refusals.extend(contradictions(&scene, &orders));
    let mut plan = Plan::new(ticket);
    for (spec, arg) in &orders {
        let carried = if spec.role == Role::Lead && agent.role != Role::Lead {
            Err(scene.refuse(format!("[{}] is for leads.", spec.name), format!("【{}】仅限负责人使用。", shown_zh(spec))))
        } else {
            (spec.apply)(&mut plan, &scene, arg)
        };
        refusals.extend(carried.err());
    }
    if !refusals.is_empty() {
        refusals.dedup();
        return Ok(Err(refusals));
    }
    settle_notices(&mut plan, &scene);
    Ok(Ok(plan))
}

/// The sound orders by phase, then in the registry's order; the same order twice counts once.
fn in_order(reading: &TagReading) -> Vec<Order<'_>> {
    let mut orders: Vec<Order> = Vec::new();
    for phase in [Phase::Fields, Phase::Reply, Phase::Status] {
        for spec in tags::TAGS.iter().filter(|spec| spec.phase == phase) {
            let mut seen: Vec<String> = Vec::new();
            for tag in reading.orders().filter(|tag| tag.name == spec.name) {
                let value = text::fold(&tag.value);
                if !seen.contains(&value) {
                    seen.push(value);
                    orders.push((spec, Arg { op: tag.op, value: &tag.value }));
                }
            }
        }
    }
    orders
}

/// Orders that cannot stand in one mail: two values for one tag, or two tags that exclude each other.
fn contradictions(scene: &Scene, orders: &[Order]) -> Vec<Refusal> {
    let mut refusals = Vec::new();
    let mut pairs = orders.iter().enumerate().flat_map(|(i, first)| orders.iter().skip(i + 1).map(move |second| (first, second)));
    for ((first, one), (second, other)) in &mut pairs {
        let same = first.name == second.name;
        if (same && first.takes != Takes::List) || first.clashes.contains(&second.name) || second.clashes.contains(&first.name) {
            let (a, b) = (written(first.name, one), written(second.name, other));
            refusals.push(
                scene.refuse(
                    format!("{a} and {b} contradict each other; send one of them."),
                    format!("{a} 与 {b} 相互矛盾，请只写其中一个。"),
                ),
            );
        }
    }
    refusals
}

/// A tag as it would be written.
fn written(name: &str, arg: &Arg) -> String {
    match arg.op {
        Op::Bare => format!("[{name}]"),
        Op::Set => format!("[{name}={}]", arg.value),
        Op::Add => format!("[{name}+={}]", arg.value),
        Op::Remove => format!("[{name}-={}]", arg.value),
    }
}

fn shown_zh(spec: &TagSpec) -> &'static str {
    spec.zh.first().copied().unwrap_or(spec.name)
}

/// Who must hear of the change: never the agent who made it.
fn settle_notices(plan: &mut Plan, scene: &Scene) {
    let owner = plan.after.owner.as_deref();
    plan.notify_owner_changed = owner.is_some() && plan.after.owner != scene.ticket.owner && owner != Some(scene.agent.handle.as_str());
    plan.notify_team_changed = owner.is_none() && plan.after.team.is_some() && plan.after.team != scene.ticket.team;
}
