//! What an agent ordered, as a plan: all or nothing.
//!
//! [`plan`] runs the tags of one mail on a copy of the ticket, fields first, then the reply, status last. The first refusal does not
//! end it: an agent hears everything that is wrong at once, and nothing at all is done (promise 7). The caller turns a [`Plan`] into
//! changes and mails; which mails a change entails is the caller's business, not the tags'.

use chrono::{DateTime, Utc};

use super::language::is_chinese;
use super::message::{LetterId, Person};
use super::policy::{Agent, Policy, Role};
use super::sentence::Sentence;
use super::tags::{self, Arg, Op, Phase, Tag, TagReading, TagSpec, Takes};
use super::ticket::{Change, Status, Ticket, TicketNo};
use super::{Case, CauseKey, Need, Sent, text};

/// Why an order is not carried out, and what to do.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Refusal(pub Sentence);

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
    /// Canned replies that go out behind the mail's words, filled in.
    pub canned: Vec<String>,
    /// The mail's text stays internal.
    pub note: bool,
    /// No mail that the orders entail.
    pub quiet: bool,
    /// Held letters that go out.
    pub release: Vec<LetterId>,
    /// Queued letters that are taken back.
    pub cancel: Vec<LetterId>,
    /// The causes that are undone: what they took out of the queue goes out after all.
    pub restore: Vec<CauseKey>,
    /// The list of tags is asked for.
    pub help: bool,
    /// Handles of approvers who are asked; the mail's words go to them.
    pub approvers: Vec<String>,
    /// Changes of other tickets.
    pub others: Vec<(TicketNo, Change)>,
    /// The ticket that goes on with this one.
    pub merged: Option<TicketNo>,
    /// People who are asked for advice; the mail's words go to them.
    pub consulted: Vec<Person>,
    /// Handles of colleagues who are asked for advice.
    pub advisers: Vec<String>,
    /// Handles of leads to whom it is escalated.
    pub escalated: Vec<String>,
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
    /// Somebody else has it now and must hear of it.
    pub fn hands_over(&self) -> bool {
        self.notify_owner_changed || self.notify_team_changed
    }

    /// It resolves or closes the ticket.
    pub fn ends(&self) -> bool {
        matches!(self.status, Some(Status::Resolved | Status::Closed))
    }

    fn new(ticket: &Ticket) -> Plan {
        Plan {
            changes: Vec::new(),
            status: None,
            wait_until: None,
            articles: Vec::new(),
            canned: Vec::new(),
            note: false,
            quiet: false,
            release: Vec::new(),
            cancel: Vec::new(),
            restore: Vec::new(),
            help: false,
            approvers: Vec::new(),
            others: Vec::new(),
            merged: None,
            consulted: Vec::new(),
            advisers: Vec::new(),
            escalated: Vec::new(),
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
    /// The mail of ours that is answered, where it is known.
    pub answered: Option<&'a Sent>,
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
        Refusal(Sentence::new(en, zh))
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

/// Plans the orders of one mail of `agent` on `ticket`, which answers `answered` of ours.
///
/// # Errors
/// The outer error is the [`Need`] for what the tags must know first; the inner one lists every reason why nothing is done.
pub fn plan(
    case: &Case,
    policy: &Policy,
    ticket: &Ticket,
    agent: &Agent,
    reading: &TagReading,
    answered: Option<&Sent>,
    now: DateTime<Utc>,
) -> Result<Result<Plan, Vec<Refusal>>, Need> {
    let scene = Scene { case, policy, ticket, agent, answered, words: &reading.body, tags: &reading.tags, now };
    let orders = in_order(reading);
    let needs: Vec<_> = orders.iter().flat_map(|(spec, arg)| (spec.needs)(arg, ticket)).filter(|query| !case.has_answer(query)).collect();
    if !needs.is_empty() {
        return Err(Need(needs));
    }
    let mut refusals: Vec<Refusal> = reading.errors.iter().map(|error| Refusal(error.sentence.clone())).collect();
    refusals.extend(contradictions(&scene, &orders));
    let mut plan = Plan::new(ticket);
    for (spec, arg) in &orders {
        let carried = if spec.role == Role::Lead && agent.role != Role::Lead {
            Err(scene.refuse(format!("[{}] is for leads.", spec.name), format!("【{}】仅限组长使用。", shown_zh(spec))))
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
            let mut seen: Vec<(Op, String)> = Vec::new();
            for tag in reading.orders().filter(|tag| tag.name == spec.name) {
                let value = (tag.op, text::fold(&tag.value));
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
        if (same && !matches!(first.takes, Takes::List | Takes::Members))
            || first.clashes.contains(&second.name)
            || second.clashes.contains(&first.name)
        {
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

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use chrono::Duration;

    use super::*;
    use crate::domain::message::{Address, LetterKey, TemplateName};
    use crate::domain::policy::{Article, Category, Closing, Desk, Limits, Team};
    use crate::domain::rules::RuleSet;
    use crate::domain::ticket::{Matrix, Priority};
    use crate::domain::trust::Key;
    use crate::domain::{Answer, HeldLetter, Query};

    fn agent(handle: &str, name: &str, team: Option<&str>) -> Agent {
        Agent {
            handle: handle.into(),
            name: name.into(),
            address: Address::parse(&format!("{handle}@desk.example")).unwrap(),
            aliases: Vec::new(),
            team: team.map(str::to_owned),
            role: Role::Agent,
            language: None,
        }
    }

    fn article(id: &str, language: &str, internal: bool) -> Article {
        Article {
            id: id.into(),
            title: format!("{id} in {language}"),
            url: Some(format!("https://kb.example.com/{id}")),
            language: language.into(),
            categories: Vec::new(),
            summary: String::new(),
            internal,
            steps: Vec::new(),
        }
    }

    fn policy() -> Policy {
        let names = |en: &str, zh: &str| vec![("en".to_owned(), en.to_owned()), ("zh".to_owned(), zh.to_owned())];
        Policy {
            desk: Desk {
                name: "IT".into(),
                language: "en".into(),
                timezone: chrono_tz::Asia::Shanghai,
                ticket_prefix: "#".into(),
                operator: None,
                operator_language: None,
            },
            mailboxes: Vec::new(),
            teams: ["network", "hardware"].map(|name| Team { name: name.into(), address: None, lead: None, default: false }).into(),
            agents: vec![
                agent("li", "Li Wei", Some("network")),
                agent("wang", "王芳", Some("hardware")),
                agent("zhao", "Zhao", Some("network")),
                agent("free", "Free Lance", None),
            ],
            categories: vec![
                Category { id: "network".into(), names: names("Network", "网络"), team: None, playbook: None },
                Category { id: "hw".into(), names: names("Hardware", "硬件"), team: None, playbook: None },
            ],
            matrix: Matrix::default(),
            rules: Arc::new(RuleSet::default()),
            articles: Arc::new(vec![article("vpn-setup", "en", false), article("vpn-setup", "zh", false), article("playbook", "en", true)]),
            search: Arc::new(crate::domain::suggest::Nowhere),
            canned: Arc::default(),
            calendar: None,
            sla: std::collections::BTreeMap::default(),
            closing: Closing { close: Duration::days(5), ..Closing::default() },
            limits: Limits { message_size: 1, per_address: Vec::new(), per_ticket: Vec::new(), attachments: 1 },
            approvers: Vec::new(),
            summaries: Vec::new(),
            authserv_ids: Vec::new(),
            internal: Vec::new(),
            languages: Vec::new(),
            key: Key::new([7; 32]),
            fingerprint: String::new(),
        }
    }

    /// Thursday, 10:00 in the desk's zone.
    fn now() -> DateTime<Utc> {
        "2026-12-03T02:00:00Z".parse().unwrap()
    }

    fn ticket() -> Ticket {
        let requester = Person { name: "Alice".into(), address: Address::parse("alice@example.com").unwrap() };
        let mut ticket = Ticket::open(TicketNo(1042), "VPN down".into(), requester, "support".into(), "en".into(), now());
        ticket.status = Status::Open;
        ticket.team = Some("network".into());
        ticket
    }

    fn case(held: &[i64]) -> Case {
        let mut case = Case::default();
        let letter = |id: &i64| HeldLetter {
            id: LetterId(*id),
            key: LetterKey(format!("mail:a#{id}")),
            why: "unsure".into(),
            lapses: None,
            subject: format!("Re: VPN {id}"),
        };
        case.learn(Query::Held(TicketNo(1042)), Answer::Letters(held.iter().map(letter).collect()));
        case
    }

    /// Plans `subject` as written by li on this ticket.
    fn run(ticket: &Ticket, subject: &str, words: &str) -> Result<Plan, Vec<String>> {
        run_with(&policy(), &case(&[]), ticket, subject, words)
    }

    fn run_with(policy: &Policy, case: &Case, ticket: &Ticket, subject: &str, words: &str) -> Result<Plan, Vec<String>> {
        let reading = tags::read(subject, Some(&ticket.subject), words, true);
        plan(case, policy, ticket, &policy.agents[0], &reading, None, now())
            .expect("no need is open")
            .map_err(|refusals| refusals.into_iter().map(|r| r.0.to(language_of(&policy.agents[0], policy)).to_owned()).collect())
    }

    fn done(subject: &str) -> Plan {
        run(&ticket(), subject, "Words").unwrap()
    }

    fn refused(subject: &str, words: &str) -> String {
        run(&ticket(), subject, words).unwrap_err().join(" | ")
    }

    #[test]
    fn a_mail_without_orders_plans_nothing() {
        assert_eq!(done("Re: VPN down [EXTERNAL]"), Plan::new(&ticket()));
    }

    #[test]
    fn owner_and_queue() {
        let owner = |who: &str| Change::Owner(Some(who.into()));
        let team = |name: &str| Change::Team(Some(name.into()));
        // (owner before, subject, changes, owner hears, team hears)
        let cases = [
            (None, "[take]", vec![owner("li")], false, false),
            (Some("li"), "[take]", vec![], false, false),
            (Some("wang"), "[take]", vec![owner("li")], false, false),
            (None, "[take] 【认领】", vec![owner("li")], false, false),
            (None, "[assign=zhao]", vec![owner("zhao")], true, false),
            (None, "[assign=Zhao]", vec![owner("zhao")], true, false),
            (None, "[assign=@zhao]", vec![owner("zhao")], true, false),
            (None, "[assign=me]", vec![owner("li")], false, false),
            (None, "【指派=王芳】", vec![owner("wang"), team("hardware")], true, false),
            (None, "[assign=wang@desk.example]", vec![owner("wang"), team("hardware")], true, false),
            (Some("zhao"), "[assign=zhao]", vec![], false, false),
            (Some("li"), "[assign=free]", vec![owner("free")], true, false),
            (None, "[team=hardware]", vec![team("hardware")], false, true),
            (Some("li"), "[team=hardware]", vec![team("hardware"), Change::Owner(None)], false, true),
            (Some("li"), "[team=network]", vec![], false, false),
            (Some("wang"), "[team=network]", vec![Change::Owner(None)], false, false),
            (Some("wang"), "[team=hardware]", vec![team("hardware")], false, false),
            (None, "[team=hardware] [assign=wang]", vec![owner("wang"), team("hardware")], true, false),
            (None, "[team=hardware] [assign=free]", vec![owner("free"), team("hardware")], true, false),
            (None, "[team=network] [take]", vec![owner("li")], false, false),
        ];
        for (before, subject, changes, owner_hears, team_hears) in cases {
            let mut ticket = ticket();
            ticket.owner = before.map(str::to_owned);
            let plan = run(&ticket, subject, "").unwrap();
            assert_eq!(plan.changes, changes, "{before:?} {subject}");
            assert_eq!((plan.notify_owner_changed, plan.notify_team_changed), (owner_hears, team_hears), "{before:?} {subject}");
            assert!(!plan.done.is_empty(), "{subject}");
        }
    }

    #[test]
    fn classification() {
        let priority = |p| vec![Change::Priority(p)];
        let category = |id: &str| vec![Change::Category(Some(id.into()))];
        let cases = [
            ("[priority=high]", priority(Priority::High)),
            ("[priority=HIGH]", priority(Priority::High)),
            ("【优先级=高】", priority(Priority::High)),
            ("【优先级=紧急】", priority(Priority::Urgent)),
            ("[priority=critical]", priority(Priority::Urgent)),
            ("[priority=low] [PRIORITY=Low]", priority(Priority::Low)),
            ("[priority=normal]", vec![]),
            ("【优先级=中】", vec![]),
            ("[category=hw]", category("hw")),
            ("[category=Hardware]", category("hw")),
            ("【类别=网络】", category("network")),
        ];
        for (subject, changes) in cases {
            assert_eq!(done(subject).changes, changes, "{subject}");
        }
    }

    #[test]
    fn another_category_brings_its_own_playbook() {
        let by_rule = Ticket { playbook: Some("vpn-outage".into()), category: Some("network".into()), ..ticket() };
        let plan = run(&by_rule, "[category=hw]", "Words").unwrap();
        assert_eq!((plan.after.category.as_deref(), plan.after.playbook), (Some("hw"), None));
        let same = run(&by_rule, "[category=network]", "Words").unwrap();
        assert_eq!(same.after.playbook.as_deref(), Some("vpn-outage"));
    }

    #[test]
    fn status() {
        let days = |n| Some(now() + Duration::days(n));
        // (status before, subject, status after, until)
        let cases = [
            (Status::Open, "[resolve]", Some(Status::Resolved), None),
            (Status::New, "[resolve]", Some(Status::Resolved), None),
            (Status::Resolved, "[resolve]", None, None),
            (Status::Open, "[close]", Some(Status::Closed), None),
            (Status::Closed, "[close]", None, None),
            (Status::Closed, "[reopen]", Some(Status::Open), None),
            (Status::Resolved, "[reopen]", Some(Status::Open), None),
            (Status::Open, "[reopen]", None, None),
            (Status::Open, "[wait]", Some(Status::Waiting), None),
            (Status::Waiting, "[wait]", None, None),
            (Status::Waiting, "[wait=3d]", Some(Status::Waiting), days(3)),
            (Status::Open, "【等待=3天】", Some(Status::Waiting), days(3)),
            (Status::Open, "[wait=3wd]", Some(Status::Waiting), days(5)),
            (Status::Resolved, "[wait]", Some(Status::Waiting), None),
            (Status::Closed, "[reopen] [wait=1d]", Some(Status::Waiting), days(1)),
        ];
        for (before, subject, after, until) in cases {
            let mut ticket = ticket();
            ticket.status = before;
            let plan = run(&ticket, subject, "").unwrap();
            assert_eq!((plan.status, plan.wait_until), (after, until), "{before} {subject}");
            assert_eq!(plan.after.status, after.unwrap_or(before), "{before} {subject}");
            assert!(plan.changes.is_empty() && !plan.done.is_empty(), "{before} {subject}");
            for change in plan.status_changes() {
                ticket.apply(&change, now());
            }
            assert_eq!((ticket.status, ticket.wait_until), (plan.after.status, plan.after.wait_until), "{before} {subject}");
        }
    }

    #[test]
    fn the_reply() {
        let plan = done("[kb=VPN-Setup, vpn-setup] [quiet]");
        assert_eq!((plan.articles.as_slice(), plan.quiet), (["vpn-setup".to_owned()].as_slice(), true));
        assert_eq!(plan.changes, [Change::Link("vpn-setup".into(), true)]);
        let plan = done("[note] [resolve] [kb=vpn-setup]");
        assert!(plan.note && plan.status == Some(Status::Resolved) && plan.articles.len() == 1);
        assert!(done("[help]").help);
        let plan = run_with(&policy(), &case(&[3, 5]), &ticket(), "【发送】", "").unwrap();
        assert_eq!(plan.release, [LetterId(3), LetterId(5)]);
    }

    #[test]
    fn what_is_sent_was_asked_about() {
        let held = |cause: &str, id: i64| HeldLetter {
            id: LetterId(id),
            key: LetterKey(format!("mail:{cause}#0")),
            why: "unsure".into(),
            lapses: None,
            subject: String::new(),
        };
        let asks = |cause: &str, template| Sent {
            key: LetterKey(format!("mail:{cause}#1")),
            template: Some(template),
            subject: String::new(),
            text: String::new(),
        };
        let (error, new) = (TemplateName::AgentError, TemplateName::AgentNew);
        for (letters, answered, sent) in [
            (vec![held("a", 1), held("b", 2)], Some(asks("b", error)), Some(vec![LetterId(2)])),
            (vec![held("a", 1), held("b", 2)], Some(asks("c", error)), None),
            (vec![held("a", 1), held("b", 2)], Some(asks("b", new)), None),
            (vec![held("a", 1), held("b", 2)], None, None),
            (vec![held("a", 1)], Some(asks("b", new)), Some(vec![LetterId(1)])),
            (vec![held("a", 1), held("a", 2)], None, Some(vec![LetterId(1), LetterId(2)])),
        ] {
            let mut case = Case::default();
            case.learn(Query::Held(TicketNo(1042)), Answer::Letters(letters));
            let reading = tags::read("[send]", None, "", true);
            let plan = plan(&case, &policy(), &ticket(), &policy().agents[0], &reading, answered.as_ref(), now()).unwrap();
            assert_eq!(plan.ok().map(|plan| plan.release), sent, "{answered:?}");
        }
    }

    #[test]
    fn what_a_tag_must_know_is_asked_for() {
        let reading = tags::read("[send]", None, "", true);
        let asked = plan(&Case::default(), &policy(), &ticket(), &policy().agents[0], &reading, None, now());
        assert_eq!(asked, Err(Need(vec![Query::Held(TicketNo(1042))])));
    }

    #[test]
    fn refusals_carry_a_remedy() {
        let cases = [
            ("[assign=liu]", "There is no agent \"liu\"; did you mean \"li\"? Known: li, wang, zhao, free"),
            ("[assign=nobody]", "There is no agent \"nobody\". Known: li, wang, zhao, free"),
            ("[team=netwrok]", "did you mean \"network\"? Known: network, hardware"),
            ("[category=netwrk]", "did you mean \"network\"? Known: network, hw"),
            ("【类别=应件】", "did you mean \"硬件\"?"),
            ("[priority=hihg]", "did you mean \"high\"?"),
            ("[kb=vpn-stup]", "did you mean \"vpn-setup\"? Known: vpn-setup"),
            ("[kb=playbook]", "for agents only"),
            ("[kb=vpn-setup] [note]", "leave out [note] or [quiet]"),
            ("[wait=soon]", "write 4h, 3d, 3wd (working days) or 2w"),
            ("[wait=2026-12-01]", "no length of time"),
            ("[send]", "no reply of this ticket is held back"),
            ("[resolve] [reopen]", "[reopen] and [resolve] contradict each other"),
            ("[resolve] [close]", "contradict"),
            ("[wait] [resolve]", "contradict"),
            ("[wait] [wait=3d]", "[wait] and [wait=3d] contradict"),
            ("[take] [assign=zhao]", "[take] and [assign=zhao] contradict"),
            ("[priority=high] [priority=low]", "[priority=high] and [priority=low] contradict"),
            ("[team=hardware] [take]", "li is not in team hardware"),
            ("[team=hardware] [assign=zhao]", "zhao is not in team hardware"),
            ("[resolv]", "did you mean [resolve]?"),
            ("[visit=1]", "not available in this version"),
        ];
        for (subject, says) in cases {
            let reasons = run(&ticket(), subject, "Words").unwrap_err();
            assert_eq!(reasons.len(), 1, "{subject}: {reasons:?}");
            assert!(reasons[0].contains(says), "{subject}: {reasons:?}");
        }
        assert!(refused("[note]", " \n").contains("a note without text"));
        assert!(refused("[note] [resolve]", "").contains("a note without text"));
        assert!(refused("[kb=vpn-setup] [quiet]", "").contains("[quiet]"));
    }

    #[test]
    fn a_closed_ticket_wants_reopen_first() {
        let mut ticket = ticket();
        ticket.status = Status::Closed;
        for subject in ["[wait]", "[wait=3d]", "[resolve]"] {
            assert!(run(&ticket, subject, "").unwrap_err()[0].contains("[reopen] first"), "{subject}");
        }
    }

    #[test]
    fn every_reason_is_listed_and_nothing_is_done() {
        let reasons = run(&ticket(), "[take] [prioriy=high] [team=x] [send] [wait=soon] [visit=1]", "Words").unwrap_err();
        assert_eq!(reasons.len(), 5, "{reasons:?}");
    }

    #[test]
    fn chinese_agents_read_chinese() {
        let mut policy = policy();
        policy.agents[0].language = Some("zh".into());
        let plan =
            run_with(&policy, &case(&[1]), &ticket(), "【认领】【优先级=高】【类别=网络】【发送】【等待=3天】【知识=vpn-setup】", "好")
                .unwrap();
        let reasons = run_with(&policy, &case(&[]), &ticket(), "[assign=lee] [send] [wait=soon] [resolv] [note]", "").unwrap_err();
        assert_eq!((plan.done.len(), reasons.len()), (6, 5));
        for sentence in plan.done.iter().chain(&reasons) {
            assert!(sentence.chars().any(|c| c > '\u{2e80}'), "{sentence}");
        }
    }

    #[test]
    fn sentences_of_a_receipt() {
        let plan = run_with(&policy(), &case(&[3]), &ticket(), "[close] [send] [priority=urgent] [take]", "").unwrap();
        assert_eq!(
            plan.done,
            ["You own this ticket now.", "Priority is urgent now.", "What was held back goes out (1): Re: VPN 3", "The ticket is closed."]
        );
    }
}
