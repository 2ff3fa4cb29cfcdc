//! What follows from a mail: the order of judgements. Each fate that takes more than a few lines has a room of its own below.
//!
//! Everything that must be asked is asked before the rules run, since an unanswered question makes `decide` start again.

mod alerts;
mod answered;
mod behalf;
mod bounces;
mod followup;
pub(super) mod opening;

use std::collections::BTreeMap;
use std::sync::Arc;

use chrono::{DateTime, Utc};

pub use bounces::undelivered;
pub use opening::team;

use super::confirm::Grant;
use super::facts::{self, Facts};
use super::foresight::Foresight;
use super::message::{Person, Reading, Withheld};
use super::notify;
use super::origin::{self, Origin, OriginKind};
use super::policy::{Agent, Policy, Role};
use super::rules::{Circumstances, Verdict};
use super::thread::{self, By, Thread};
use super::ticket::Ticket;
use super::trust::Sender;
use super::{Case, CauseKey, Decision, Event, Incoming, Judged, Need, Outcome, Quarantined, Reason, agents, history, pacing, retire};
use answered::Answered;

/// A mail with every judgement that precedes the decision.
#[derive(Debug, Clone, Copy)]
pub struct Scene<'a> {
    /// The mail; where an agent hands it in for somebody else, as if that one had sent it.
    pub mail: &'a Reading,
    /// Its cause.
    pub cause: &'a CauseKey,
    /// How it came.
    pub incoming: &'a Incoming,
    /// Its agent's word that it is his, where it is decided again for that.
    pub grant: Option<&'a Grant>,
    /// What kind it is.
    pub origin: &'a Origin,
    /// Who wrote it.
    pub sender: &'a Sender,
    /// Where it belongs.
    pub thread: &'a Thread,
    /// The agent who hands it in for somebody else, where one does.
    pub handed: Option<Handed<'a>>,
    /// Arrival.
    pub at: DateTime<Utc>,
    /// Now: the moment of the decision, for clocks and caps; of a mail from before the desk was there, its arrival.
    pub now: DateTime<Utc>,
}

impl<'a> Scene<'a> {
    /// What was foreseen of the mail: of one as it came, not of what an agent hands in with it.
    pub fn foreseen(&self) -> Option<&'a Foresight> {
        let foresight = self.incoming.foresight.as_ref();
        std::ptr::eq(self.mail, foresight.mail.as_ref()).then_some(foresight)
    }
}

/// An agent who hands in what somebody else wants.
#[derive(Debug, Clone, Copy)]
pub struct Handed<'a> {
    /// Who.
    pub by: &'a Agent,
    /// What he says to his colleagues about it; may be empty.
    pub note: &'a str,
}

/// A mail came in, or its agent has confirmed it.
///
/// # Errors
/// The [`Need`] for what must be known first.
pub fn mail(
    case: &Case,
    event: &Event,
    (incoming, grant): (&Incoming, Option<&Grant>),
    policy: &Policy,
    now: DateTime<Utc>,
) -> Result<Decision, Need> {
    let Foresight { mail: received, origin, tokens, .. } = incoming.foresight.as_ref();
    let received = received.as_ref();
    let mut sender = incoming.foresight.sender.clone();
    if let Some(grant) = grant {
        if sender.agent.as_ref() != Some(&grant.by) {
            return Ok(void(grant));
        }
        sender.grant(&notify::local_time(grant.confirmed, policy));
    }
    let answered = Answered::by(incoming, grant.is_some(), policy);
    let agent = sender.agent.as_deref().and_then(|handle| policy.agent(handle));
    let agent = agent.filter(|_| origin.kind == OriginKind::Person && origin.suspect.is_none() && !incoming.quiet && answered.is_none());
    let mut behalf = agent.and_then(|agent| behalf::of_forward(received, agent, tokens, policy));
    let mail = behalf.as_ref().map_or(received, |behalf| &behalf.reading);
    let mut thread = match origin.kind {
        OriginKind::Own => Thread { ticket: None, by: By::None, because: "our own mail".into(), linked: None, through: None, sent: None },
        OriginKind::Bounce => bounces::bounced_thread(case, mail, tokens, policy)?,
        _ => thread::find(case, mail, tokens, policy, now, incoming.quiet)?,
    };
    if let Some(answered) = &answered {
        answered.place(&mut sender, &mut thread);
    }
    if let (Some(agent), None) = (agent, &behalf) {
        behalf = behalf::of_order(case, received, (agent, &sender), &mut thread, policy)?;
    }
    let mail = behalf.as_ref().map_or(received, |behalf| &behalf.reading);
    if let Some(behalf) = &behalf {
        sender = behalf.sender();
    }
    let handed = behalf.as_ref().filter(|behalf| behalf.is_for_another()).map(|behalf| Handed { by: behalf.by, note: &behalf.note });
    // History went on in its own time.
    let moment = if incoming.quiet { event.at } else { now };
    let scene =
        Scene { mail, cause: &event.key, incoming, grant, origin, sender: &sender, thread: &thread, handed, at: event.at, now: moment };
    let ticket = match thread.ticket {
        Some(number) => case.ticket(number)?,
        None => None,
    };
    let mut decision = match behalf.as_ref().and_then(|behalf| behalf.refused(received, policy)) {
        Some(refused) => refused,
        None => fate(case, &scene, ticket, answered.as_ref(), policy)?,
    };
    match (&behalf, agent) {
        (Some(behalf), _) => behalf.receipt(&mut decision, ticket, policy),
        (None, Some(agent)) => behalf::nobody_named(&mut decision, received, agent, policy),
        (None, None) => {}
    }
    if incoming.quiet {
        history::lay_to_rest(&mut decision, ticket, event.at, policy, now);
    }
    notify::hold_back_loops(case, &mut decision, now)?;
    pacing::pace(case, &mut decision, policy, now)?;
    retire::tokens_seen_outside(case, &mut decision, (received, origin), tokens, policy)?;
    say_why(&mut decision, &scene);
    Ok(decision)
}

/// What becomes of a mail that is judged: which room it belongs to.
fn fate(
    case: &Case,
    scene: &Scene<'_>,
    ticket: Option<&Ticket>,
    answered: Option<&Answered<'_>>,
    policy: &Policy,
) -> Result<Decision, Need> {
    let quiet = scene.incoming.quiet;
    Ok(match (scene.origin.kind, ticket) {
        (OriginKind::Own, _) => Decision::new(Outcome::Ignored, "desk"),
        (OriginKind::Bounce, Some(ticket)) => bounces::bounce(scene, ticket, policy),
        (OriginKind::AutomaticReply, Some(ticket)) => file_only(scene, ticket),
        (OriginKind::Bounce | OriginKind::AutomaticReply, None) => Decision::new(Outcome::Ignored, "desk"),
        (OriginKind::Bulk | OriginKind::Generated, ticket) => machine(case, scene, ticket, policy)?,
        (OriginKind::Person, Some(ticket)) => match answered {
            Some(answered) => answered.decide(case, scene, ticket, policy)?,
            None if quiet && history::is_of_the_house(scene, ticket, policy) => history::answer(scene, ticket, policy),
            None if speaks_as_agent(scene.sender, ticket, policy) => agents::mail(case, scene, ticket, policy)?,
            None if advises(scene.mail, ticket) => followup::advice(case, scene, ticket, policy)?,
            None => followup::followup(case, scene, ticket, policy)?,
        },
        (OriginKind::Person, None) if quiet && scene.mail.from.as_ref().is_some_and(|p| policy.is_own(&p.address)) => history::unasked(),
        (OriginKind::Person, None) => match agents::question(scene, policy).or_else(|| agents::astray(scene, policy)) {
            Some(answer) => answer,
            None => newcomer(case, scene, policy)?,
        },
    })
}

/// Writes the judgements into the decision, the first of its reasons first.
fn say_why(decision: &mut Decision, scene: &Scene<'_>) {
    let Foresight { mail: received, behind_list, .. } = scene.incoming.foresight.as_ref();
    if let (Some(writer), true) = (&received.from, *behind_list) {
        decision.because(format!("a list of ours wrote itself into From; the writer is {}", writer.address));
    }
    let Scene { origin, thread, sender, .. } = scene;
    let first = [format!("origin: {}", origin.because), format!("thread: {}", thread.because), format!("sender: {}", sender.because)];
    decision.because.splice(0..0, first.map(Reason));
    decision.judged.get_or_insert_with(|| Box::new(Judged::of(scene)));
}

impl Judged {
    /// The judgements of a scene, before tags and rules.
    pub fn of(scene: &Scene<'_>) -> Judged {
        Judged {
            origin: scene.origin.clone(),
            sender: scene.sender.clone(),
            tags: Vec::new(),
            tag_errors: Vec::new(),
            thread: scene.thread.clone(),
            reply: scene.mail.reply.clone(),
            verdict: Arc::default(),
            suggested: Vec::new(),
            held: None,
        }
    }
}

/// Whoever confirmed the mail is no agent any more, or it is another's now.
fn void(grant: &Grant) -> Decision {
    let mut decision = Decision::new(Outcome::Done, "desk");
    decision.because(format!("{} confirmed it, but the mail is none of his any more: nothing is done", grant.by));
    decision
}

/// On one's own ticket an agent is a requester.
fn speaks_as_agent(sender: &Sender, ticket: &Ticket, policy: &Policy) -> bool {
    let agent = sender.agent.as_deref().and_then(|handle| policy.agent(handle));
    agent.is_some_and(|a| a.address != ticket.requester.address && !a.aliases.contains(&ticket.requester.address))
}

/// Was the sender asked for advice, and takes no part else?
fn advises(mail: &Reading, ticket: &Ticket) -> bool {
    mail.from.as_ref().is_some_and(|from| ticket.is_consulted(&from.address) && !ticket.takes_part(&from.address))
}

/// What the rules say of the mail of a scene.
fn judge_by_rules(scene: &Scene<'_>, fields: &BTreeMap<String, String>, policy: &Policy) -> Arc<Verdict> {
    if let Some(foresight) = scene.foreseen() {
        let verdict = foresight.verdict();
        if fields.keys().all(|field| !verdict.depends_on.contains(field)) {
            return Arc::clone(verdict);
        }
    }
    Arc::new(verdict(scene.mail, (scene.origin, scene.sender), fields, scene.at, policy))
}

/// What the rules say of a mail of this origin and sender that arrived at `at`.
pub fn verdict(
    mail: &Reading,
    (origin, sender): (&Origin, &Sender),
    fields: &BTreeMap<String, String>,
    at: DateTime<Utc>,
    policy: &Policy,
) -> Verdict {
    let around = Circumstances {
        origin: origin.kind,
        role: sender.role.as_str(),
        authenticated: sender.trusted,
        suspect: origin.suspect.is_some(),
        fields,
        at,
        business_hours: policy.calendar.as_ref().map(|c| c.is_open(at, policy.desk.timezone)),
    };
    policy.rules.judge(mail, &around)
}

/// What the rules say of a mail that opened a ticket; of one that an agent handed in, what they say of that. Of history nobody hands
/// anything in.
///
/// # Errors
/// The [`Need`] for what the mail answers.
pub fn first_verdict(case: &Case, seen: &Foresight, opened: &Ticket, policy: &Policy) -> Result<Arc<Verdict>, Need> {
    let mail = seen.mail.as_ref();
    let agent = seen.sender.agent.as_deref().and_then(|handle| policy.agent(handle));
    let agent = agent.filter(|_| seen.origin.kind == OriginKind::Person && seen.origin.suspect.is_none() && opened.clocked);
    let Some(agent) = agent else { return Ok(Arc::clone(seen.verdict())) };
    let behalf = match behalf::of_forward(mail, agent, &seen.tokens, policy) {
        Some(behalf) => Some(behalf),
        None => {
            let beside = opened.linked.map(|number| case.ticket(number)).transpose()?.flatten();
            let sent = if beside.is_some() { thread::answered(case, mail)? } else { None };
            behalf::ordered(mail, agent, beside, sent.as_ref(), policy)
        }
    };
    Ok(match behalf {
        Some(behalf) => Arc::new(verdict(&behalf.reading, (&seen.origin, &behalf.sender()), &BTreeMap::new(), opened.opened, policy)),
        None => Arc::clone(seen.verdict()),
    })
}

/// Generated and bulk mail: a word on what its key names, or a ticket when a rule says so; never answered.
fn machine(case: &Case, scene: &Scene<'_>, ticket: Option<&Ticket>, policy: &Policy) -> Result<Decision, Need> {
    let verdict = judge_by_rules(scene, &BTreeMap::new(), policy);
    if let Some(decision) = alerts::word(case, scene, &verdict, policy)? {
        return Ok(decision);
    }
    match ticket {
        // The first word on a thing is no answer, whatever mail it refers to.
        Some(ticket) if verdict.dedup_key.is_none() => Ok(file_only(scene, ticket)),
        _ if verdict.ticket => opening::open(case, scene, Some(verdict), policy),
        _ => {
            let mut decision = Decision::new(Outcome::Ignored, "desk");
            decision.because("no rule makes a ticket of it");
            decision.judged = Some(Box::new(Judged { verdict, ..Judged::of(scene) }));
            Ok(decision)
        }
    }
}

/// A mail that looks like a person's and belongs to no ticket. Where rules know keys, it may be a machine's all the same; they are asked
/// before a number is taken, so that a flapping alert uses up none.
fn newcomer(case: &Case, scene: &Scene<'_>, policy: &Policy) -> Result<Decision, Need> {
    let verdict = policy.rules.have_keys().then(|| judge_by_rules(scene, &BTreeMap::new(), policy));
    if let Some(verdict) = &verdict
        && let Some(decision) = alerts::word(case, scene, verdict, policy)?
    {
        return Ok(decision);
    }
    opening::open(case, scene, verdict, policy)
}

/// Why no acknowledgment goes out, if none does.
fn withheld(scene: &Scene<'_>, allowed: Result<(), String>, policy: &Policy) -> Option<String> {
    let mail = scene.mail;
    match scene.origin.kind {
        OriginKind::Person => {}
        _ => return Some("automatic mail is never answered".into()),
    }
    if scene.origin.suspect.is_some() {
        return Some("the mail is suspect".into());
    }
    if scene.origin.suppress {
        return Some("the sender's system asks for none, or would answer it".into());
    }
    if scene.incoming.quiet {
        return Some("it arrived before the desk took this mailbox up".into());
    }
    match &mail.from {
        None => return Some("the mail names no sender".into()),
        Some(from) if notify::is_noreply(&from.address) => return Some(format!("nobody reads {}", from.address)),
        Some(from) if origin::is_own_list(&from.address, mail, policy) => {
            return Some(format!("{} is a list that does not say who wrote, and all of it would read one", from.address));
        }
        Some(from) if policy.is_own(&from.address) => return Some(format!("{} is an address of the desk itself", from.address)),
        Some(_) => {}
    }
    allowed.err()
}

/// Filed with its ticket; no status, no clock, no mail (promise 9).
fn file_only(scene: &Scene<'_>, ticket: &Ticket) -> Decision {
    let mut decision = Decision::new(Outcome::Filed { ticket: ticket.number }, sender_name(scene.mail));
    decision.guards.push((ticket.number, ticket.version));
    decision.because(format!("filed with {}: no status and no clock changes, and it is not answered", ticket.number));
    decision
}

fn sender_name(mail: &Reading) -> String {
    mail.from.as_ref().map_or_else(|| "unknown".to_owned(), |p| p.address.to_string())
}

/// A mail that its server does not give out is set aside by what is known of it, so that the mails after it go on.
pub fn not_given_out(mail: &Withheld) -> Decision {
    let Withheld { place, why, header, .. } = mail;
    let folder = &place.folder;
    let known = |field: &str| {
        let line = header.lines().find(|line| line.get(..field.len()).is_some_and(|start| start.eq_ignore_ascii_case(field)))?;
        Some(line.chars().take(120).collect::<String>())
    };
    let fields: Vec<String> = ["From:", "Subject:", "Date:"].into_iter().filter_map(known).collect();
    let fields = if fields.is_empty() { "nothing of it could be had".to_owned() } else { fields.join(", ") };
    let why = format!(
        "{} at {} does not give out the mail with UID {} in {}: {why} ({fields})",
        folder.user, folder.host, place.uid, folder.folder
    );
    let mut decision = Decision::new(Outcome::SetAside { why: why.clone() }, "desk");
    decision.because(why);
    decision
}

/// A cause was set aside: the operator is told, where the config names one, else the leads.
pub fn quarantined(what: &Quarantined, policy: &Policy) -> Decision {
    let mut decision = Decision::new(Outcome::Done, "desk");
    decision.because(format!("cause {} was set aside: {}", what.number, what.why));
    let arrived = notify::local_time(what.arrived, policy);
    let facts = facts::Quarantined { number: what.number, arrived, bytes: what.bytes, why: what.why.clone(), withheld: what.withheld };
    let drafts = match &policy.desk.operator {
        Some(operator) => {
            let person = Person { name: String::new(), address: operator.clone() };
            let language = policy.desk.operator_language.as_deref().unwrap_or(&policy.desk.language);
            vec![notify::to_staff(person, language, policy, Facts::Quarantined(facts))]
        }
        None => {
            let leads = policy.agents.iter().filter(|a| a.role == Role::Lead);
            leads.map(|lead| notify::to_agent(lead, None, policy, Facts::Quarantined(facts.clone()))).collect()
        }
    };
    decision.drafts = drafts;
    decision
}
