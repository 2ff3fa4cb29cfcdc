//! What follows from a mail: the order of judgements, and one function for each fate.
//!
//! Everything that must be asked is asked before the rules run, since an unanswered question makes `decide` start again.

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};

use super::facts::{self, Ack, Facts, TooLarge, Update};
use super::message::{Address, Draft, LetterKind, Person, Reading};
use super::notify::{self, Found, say};
use super::origin::{self, Origin, OriginKind};
use super::policy::{Agent, Policy, Role};
use super::rules::{Circumstances, Verdict};
use super::thread::{self, By, Thread};
use super::ticket::{Change, Status, Ticket, TicketNo};
use super::trust::{self, Sender};
use super::{Case, Decision, Event, Incoming, Judged, Need, Outcome, Quarantined, Undelivered, agents, history};

/// A mail with every judgement that precedes the decision.
#[derive(Debug, Clone, Copy)]
pub struct Scene<'a> {
    /// The mail.
    pub mail: &'a Reading,
    /// How it came.
    pub incoming: &'a Incoming,
    /// What kind it is.
    pub origin: &'a Origin,
    /// Who wrote it.
    pub sender: &'a Sender,
    /// Where it belongs.
    pub thread: &'a Thread,
    /// Arrival.
    pub at: DateTime<Utc>,
    /// Now: the moment of the decision, for clocks and caps.
    pub now: DateTime<Utc>,
}

/// A mail came in.
///
/// # Errors
/// The [`Need`] for what must be known first.
pub fn mail(case: &Case, event: &Event, incoming: &Incoming, policy: &Policy, now: DateTime<Utc>) -> Result<Decision, Need> {
    let mail = incoming.reading.as_ref();
    let origin = origin::judge(mail, policy);
    let tokens = trust::tokens(mail, policy);
    let sender = trust::judge(mail, &tokens, policy);
    let thread = match origin.kind {
        OriginKind::Own => Thread { ticket: None, by: By::None, because: "our own mail".into(), linked: None, sent: None },
        OriginKind::Bounce => bounced_thread(case, mail, &tokens)?,
        _ => thread::find(case, mail, &tokens, policy, now, incoming.quiet)?,
    };
    let scene = Scene { mail, incoming, origin: &origin, sender: &sender, thread: &thread, at: event.at, now };
    let ticket = match thread.ticket {
        Some(number) => case.ticket(number)?,
        None => None,
    };
    let mut decision = match (origin.kind, ticket) {
        (OriginKind::Own, _) => Decision::new(Outcome::Ignored, "desk"),
        (OriginKind::Bounce, Some(ticket)) => bounce(&scene, ticket, policy),
        (OriginKind::AutomaticReply | OriginKind::Bulk | OriginKind::Generated, Some(ticket)) => file_only(&scene, ticket),
        (OriginKind::Bounce | OriginKind::AutomaticReply, None) => Decision::new(Outcome::Ignored, "desk"),
        (OriginKind::Bulk | OriginKind::Generated, None) => machine(case, &scene, policy)?,
        (OriginKind::Person, Some(ticket)) if incoming.quiet && history::is_of_the_house(&scene, ticket, policy) => {
            history::answer(&scene, ticket, policy)
        }
        (OriginKind::Person, None) if incoming.quiet && mail.from.as_ref().is_some_and(|p| policy.is_own(&p.address)) => history::unasked(),
        (OriginKind::Person, Some(ticket)) if speaks_as_agent(&sender, ticket, policy) => agents::mail(case, &scene, ticket, policy)?,
        (OriginKind::Person, Some(ticket)) => followup(case, &scene, ticket, policy)?,
        (OriginKind::Person, None) => match agents::question(&scene, policy) {
            Some(answer) => answer,
            None => open(case, &scene, policy)?,
        },
    };
    if incoming.quiet {
        history::lay_to_rest(&mut decision, ticket, event.at, policy, now);
    }
    decision.because.insert(0, super::Reason(format!("origin: {}", origin.because)));
    decision.because.insert(1, super::Reason(format!("thread: {}", thread.because)));
    decision.because.insert(2, super::Reason(format!("sender: {}", sender.because)));
    let judged = decision.judged.get_or_insert_with(|| Box::new(Judged::of(&scene)));
    judged.origin = origin;
    judged.sender = sender;
    judged.thread = thread;
    Ok(decision)
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
            verdict: Verdict::default(),
            held: None,
        }
    }
}

/// On one's own ticket an agent is a requester.
fn speaks_as_agent(sender: &Sender, ticket: &Ticket, policy: &Policy) -> bool {
    let agent = sender.agent.as_deref().and_then(|handle| policy.agent(handle));
    agent.is_some_and(|a| a.address != ticket.requester.address && !a.aliases.contains(&ticket.requester.address))
}

/// What the rules say of a mail.
fn judge_by_rules(scene: &Scene<'_>, fields: &BTreeMap<String, String>, policy: &Policy) -> Verdict {
    let around = Circumstances {
        origin: scene.origin.kind,
        role: scene.sender.role.as_str(),
        authenticated: scene.sender.trusted,
        suspect: scene.origin.suspect,
        fields,
        at: scene.at,
        business_hours: policy.calendar.as_ref().map(|c| c.is_open(scene.at, policy.desk.timezone)),
    };
    policy.rules.judge(scene.mail, &around)
}

/// Generated and bulk mail: a ticket only when a rule says so, and never answered.
fn machine(case: &Case, scene: &Scene<'_>, policy: &Policy) -> Result<Decision, Need> {
    let verdict = judge_by_rules(scene, &BTreeMap::new(), policy);
    if verdict.ticket {
        return open(case, scene, policy);
    }
    let mut decision = Decision::new(Outcome::Ignored, "desk");
    decision.because("no rule makes a ticket of it");
    decision.judged = Some(Box::new(Judged { verdict, ..Judged::of(scene) }));
    Ok(decision)
}

/// A new ticket with acknowledgment and notifications.
fn open(case: &Case, scene: &Scene<'_>, policy: &Policy) -> Result<Decision, Need> {
    let number = case.new_number();
    let writer = scene.mail.from.as_ref();
    let allowed = match writer {
        Some(writer) if scene.origin.kind == OriginKind::Person => notify::within_caps(case, &writer.address, None, policy, scene.now),
        _ => Ok(Ok(())),
    };
    let (number, allowed) = match (number, allowed) {
        (Ok(number), Ok(allowed)) => (number, allowed),
        (Err(mut one), Err(other)) => {
            one.0.extend(other.0);
            return Err(one);
        }
        (Err(need), _) | (_, Err(need)) => return Err(need),
    };
    let verdict = judge_by_rules(scene, &BTreeMap::new(), policy);
    if let Some(rule) = &verdict.ignore {
        let mut decision = Decision::new(Outcome::Ignored, "desk");
        decision.because(format!("rule {rule} ignores it"));
        decision.judged = Some(Box::new(Judged { verdict, ..Judged::of(scene) }));
        return Ok(decision);
    }
    if let Some(rule) = &verdict.quarantine {
        let why = format!("rule {rule} sets it aside");
        let mut decision = Decision::new(Outcome::SetAside { why: why.clone() }, "desk");
        decision.because(why);
        decision.judged = Some(Box::new(Judged { verdict, ..Judged::of(scene) }));
        return Ok(decision);
    }
    let ticket = first_state(number, scene, &verdict, policy);
    let mut decision = Decision::new(Outcome::Opened { ticket: number }, ticket.requester.address.as_str());
    decision.because.extend(verdict.because.iter().map(|sentence| super::Reason(format!("rules: {sentence}"))));
    decision.because.extend(matches_by_rule(&verdict).map(super::Reason));
    let mut links = Vec::new();
    match withheld(scene, allowed) {
        Some(why) => decision.because(format!("no acknowledgment: {why}")),
        None => decision.drafts.push(acknowledgment(&ticket, scene, &verdict, policy, &mut links)),
    }
    let found = Found { evidence: &verdict.evidence, articles: &verdict.kb };
    for agent in notified_of_new(&ticket, &verdict, scene, policy) {
        decision.drafts.push(notify::agent_new(agent, &ticket, scene.mail, &found, policy));
    }
    decision.changes.push((number, Change::Opened(Box::new(ticket))));
    decision.changes.extend(links.into_iter().map(|id| (number, Change::Link(id, true))));
    decision.judged = Some(Box::new(Judged { verdict, ..Judged::of(scene) }));
    Ok(decision)
}

/// Who hears of a new ticket: whoever looks after it; the leads too where a rule escalates; nobody of mail from before the desk was there.
fn notified_of_new<'a>(ticket: &Ticket, verdict: &Verdict, scene: &Scene<'_>, policy: &'a Policy) -> Vec<&'a Agent> {
    if scene.incoming.quiet {
        return Vec::new();
    }
    let mut agents = notify::caretakers(ticket, policy);
    if verdict.escalate {
        agents.extend(policy.agents.iter().filter(|a| a.role == Role::Lead));
    }
    let mut heard: Vec<&Agent> = Vec::new();
    for agent in agents.into_iter().filter(|a| a.address != ticket.requester.address) {
        if !heard.iter().any(|h| h.handle == agent.handle) {
            heard.push(agent);
        }
    }
    heard
}

/// Each rule that matched, with what it found and the weight of its vote.
fn matches_by_rule(verdict: &Verdict) -> impl Iterator<Item = String> {
    verdict.evidence.chunk_by(|one, next| one.at == next.at).filter_map(|found| {
        let first = found.first()?;
        let what: Vec<String> = found.iter().map(|e| format!("{} “{}”", e.field, e.matched)).collect();
        let vote = if first.weight == 0 { String::new() } else { format!(", {:+}", first.weight) };
        Some(format!("rule {} ({}): {}{vote}", first.rule, first.at, what.join(", ")))
    })
}

/// A ticket as the rules see it at once.
fn first_state(number: TicketNo, scene: &Scene<'_>, verdict: &Verdict, policy: &Policy) -> Ticket {
    let requester = requester(scene.mail, verdict);
    let language = language(scene, policy);
    let subject = subject_of(scene.mail, &language);
    let mut ticket = Ticket::open(number, subject, requester, scene.incoming.mailbox.clone(), language, scene.at);
    ticket.category.clone_from(&verdict.category);
    ticket.kind = verdict.kind;
    ticket.impact = verdict.impact.unwrap_or(ticket.impact);
    ticket.urgency = verdict.urgency.unwrap_or(ticket.urgency);
    ticket.priority = policy.matrix.priority(ticket.impact, ticket.urgency);
    ticket.owner.clone_from(&verdict.assign);
    let owners_team = verdict.assign.as_deref().and_then(|h| policy.agent(h)).and_then(|a| a.team.clone());
    let categorys_team = verdict.category.as_deref().and_then(|id| policy.category(id)).and_then(|c| c.team.clone());
    ticket.team = verdict.team.clone().or(owners_team).or(categorys_team).or_else(|| policy.default_team().map(|t| t.name.clone()));
    ticket.labels.clone_from(&verdict.labels);
    ticket.fields.clone_from(&verdict.fields);
    ticket.last_from_requester.clone_from(&scene.mail.id);
    ticket.linked = scene.thread.linked;
    ticket.quiet = scene.incoming.quiet;
    if scene.origin.kind == OriginKind::Person {
        ticket.participants = notify::newcomers(scene.mail, &ticket, policy);
    }
    ticket
}

/// Who asks: From, or Reply-To where a rule says so; an address that nobody has where there is none.
fn requester(mail: &Reading, verdict: &Verdict) -> Person {
    let form = verdict.requester_from_reply_to.then(|| mail.reply_to.first()).flatten();
    form.or(mail.from.as_ref()).cloned().unwrap_or_else(|| Person { name: String::new(), address: Address::nowhere() })
}

/// The requester's language where templates speak it; else the mailbox's, else the desk's.
fn language(scene: &Scene<'_>, policy: &Policy) -> String {
    let theirs = scene.mail.language.as_deref().filter(|l| policy.languages.iter().any(|known| known == l));
    let mailbox = policy.mailbox(&scene.incoming.mailbox).and_then(|m| m.language.as_deref());
    theirs.or(mailbox).unwrap_or(&policy.desk.language).to_owned()
}

fn subject_of(mail: &Reading, language: &str) -> String {
    let subject = mail.base_subject.trim();
    if subject.is_empty() { say(language, "(no subject)", "(无主题)") } else { subject.chars().take(200).collect() }
}

/// Why no acknowledgment goes out, if none does.
fn withheld(scene: &Scene<'_>, allowed: Result<(), String>) -> Option<String> {
    let mail = scene.mail;
    match scene.origin.kind {
        OriginKind::Person => {}
        _ => return Some("automatic mail is never answered".into()),
    }
    if scene.origin.suspect {
        return Some("the mail is suspect".into());
    }
    if scene.origin.suppress {
        return Some("X-Auto-Response-Suppress asks for none".into());
    }
    if scene.incoming.quiet {
        return Some("it arrived before the desk took this mailbox up".into());
    }
    match &mail.from {
        None => return Some("the mail names no sender".into()),
        Some(from) if notify::is_noreply(&from.address) => return Some(format!("nobody reads {}", from.address)),
        Some(_) => {}
    }
    allowed.err()
}

/// The acknowledgment, or the word that the mail was too large. Fills in the articles that it links.
fn acknowledgment(ticket: &Ticket, scene: &Scene<'_>, verdict: &Verdict, policy: &Policy, linked: &mut Vec<String>) -> Draft {
    let card = notify::card(ticket, policy, &ticket.language);
    let facts = if scene.mail.oversize {
        let megabytes = |bytes: u64| format!("{:.1}", bytes as f64 / 1_048_576.0);
        Facts::TooLarge(TooLarge { ticket: card, size_mb: megabytes(scene.mail.size), limit_mb: megabytes(policy.limits.message_size) })
    } else {
        let (ids, articles) = notify::links(&verdict.kb, policy, &ticket.language).into_iter().unzip();
        *linked = ids;
        Facts::Ack(Ack { ticket: card, articles, missing: verdict.missing.clone() })
    };
    notify::to_requester(ticket, LetterKind::Automatic, facts, Vec::new())
}

/// Filed with its ticket; no status, no clock, no mail (promise 9).
fn file_only(scene: &Scene<'_>, ticket: &Ticket) -> Decision {
    let mut decision = Decision::new(Outcome::Filed { ticket: ticket.number }, sender_name(scene.mail));
    decision.guards.push((ticket.number, ticket.version));
    decision.because(format!("filed with {} and nothing else: automatic mail changes nothing", ticket.number));
    decision
}

fn sender_name(mail: &Reading) -> String {
    mail.from.as_ref().map_or_else(|| "unknown".to_owned(), |p| p.address.to_string())
}

/// The ticket of the mail that bounced: by our token in the returned References, else by its known Message-ID.
fn bounced_thread(case: &Case, mail: &Reading, tokens: &[(trust::Token, trust::TokenPlace)]) -> Result<Thread, Need> {
    let mut ids: Vec<_> = mail.report.iter().flat_map(|r| r.original.iter().chain(r.original_references.iter())).cloned().collect();
    ids.extend(mail.in_reply_to.iter().chain(mail.references.iter()).cloned());
    ids.truncate(20);
    let known = if ids.is_empty() { None } else { case.known(&ids)?.first() };
    let ticket = known.map(|k| k.ticket).or_else(|| tokens.first().map(|(t, _)| t.ticket));
    let because = match (known, ticket) {
        (Some(known), _) => format!("it returns our mail {}", known.id),
        (None, Some(ticket)) => format!("it carries our token of {ticket}"),
        (None, None) => "it names no mail of ours".to_owned(),
    };
    let by = if known.is_some() {
        By::Reference
    } else if ticket.is_some() {
        By::MessageId
    } else {
        By::None
    };
    Ok(Thread { ticket, by, because, linked: None, sent: None })
}

/// A bounce of a mail of a ticket: filed, and the owner is told once of an address that cannot be reached.
fn bounce(scene: &Scene<'_>, ticket: &Ticket, policy: &Policy) -> Decision {
    let mut decision = file_only(scene, ticket);
    let Some(facts) = scene.origin.bounce.as_ref().filter(|b| b.hard) else { return decision };
    if let Some(recipient) = &facts.recipient {
        unreachable_address(&mut decision, ticket, recipient, &facts.reason, policy);
    }
    decision
}

/// Notes an address that refuses mail and tells whoever looks after the ticket, once; never the address itself.
fn unreachable_address(decision: &mut Decision, ticket: &Ticket, address: &Address, why: &str, policy: &Policy) {
    if ticket.unreachable.contains(address) {
        decision.because(format!("{address} was known to be out of reach"));
        return;
    }
    decision.changes.push((ticket.number, Change::Unreachable(address.clone(), true)));
    decision.because(format!("{address} cannot be reached: {why}"));
    tell_of_refusal(decision, ticket, address, why, policy);
}

fn tell_of_refusal(decision: &mut Decision, ticket: &Ticket, address: &Address, why: &str, policy: &Policy) {
    for agent in notify::caretakers(ticket, policy).into_iter().filter(|a| a.address != *address) {
        let event = say(
            notify::agent_language(agent, policy),
            format!("Mail to {address} could not be delivered: {why}"),
            format!("发往 {address} 的邮件无法送达：{why}"),
        );
        decision.drafts.push(notify::agent_followup(agent, ticket, "", event, None, String::new(), policy));
    }
}

/// A letter of ours was refused for good.
///
/// # Errors
/// The [`Need`] for its ticket.
pub fn undelivered(case: &Case, fate: &Undelivered, policy: &Policy) -> Result<Decision, Need> {
    let mut decision = Decision::new(Outcome::Done, "desk");
    decision.because(format!("“{}” could not be delivered to {}: {}", fate.subject, fate.to, fate.why));
    let Some(ticket) = fate.ticket.map(|n| case.ticket(n)).transpose()?.flatten() else { return Ok(decision) };
    decision.outcome = Outcome::Filed { ticket: ticket.number };
    decision.guards.push((ticket.number, ticket.version));
    match fate.kind {
        LetterKind::Reply => {
            // A person wrote this: each refusal is told, also where the address was known to be out of reach.
            decision.changes.push((ticket.number, Change::Unreachable(fate.to.clone(), true)));
            tell_of_refusal(&mut decision, ticket, &fate.to, &fate.why, policy);
        }
        LetterKind::Automatic => unreachable_address(&mut decision, ticket, &fate.to, &fate.why, policy),
        LetterKind::Notice | LetterKind::Summary => decision.because("a notification's refusal is told to nobody who would refuse again"),
    }
    Ok(decision)
}

/// A cause was set aside: the operator is told, where the config names one, else the leads.
pub fn quarantined(what: &Quarantined, policy: &Policy) -> Decision {
    let mut decision = Decision::new(Outcome::Done, "desk");
    decision.because(format!("cause {} was set aside: {}", what.number, what.why));
    let arrived = notify::local_time(what.arrived, policy);
    let facts = facts::Quarantined { number: what.number, arrived, bytes: what.bytes, why: what.why.clone() };
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

/// What a requester's answer to a resolved ticket, or a courtesy, means.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Gist {
    /// Solved.
    Solved,
    /// Thanks and nothing else.
    Thanks,
    /// Something to read.
    Words,
}

const SOLVED: &[&str] = &["已解决", "解决了", "好了", "可以了", "solved", "resolved", "it works", "works now", "working now", "fixed"];
const NOT_SOLVED: &[&str] = &[
    "没有解决", "未解决", "没解决", "不行", "还是", "仍然", "not", "n't", "still", "but", "但", "however", "again", "又", "?", "？", "吗",
];
const THANKS: &[&str] = &["谢谢", "感谢", "多谢", "收到", "thanks", "thank you", "thx", "cheers", "great", "ok", "好的", "辛苦了"];

/// The gist of short own words; anything longer than a line or two, or with a doubt in it, is words.
fn gist(text: &str) -> Gist {
    let text = super::text::fold(text.trim());
    if text.is_empty() || text.chars().count() > 60 || NOT_SOLVED.iter().any(|w| text.contains(w)) {
        return Gist::Words;
    }
    if SOLVED.iter().any(|w| text.contains(w)) {
        return Gist::Solved;
    }
    let rest = THANKS.iter().fold(text.clone(), |text, word| text.replace(word, ""));
    if rest == text {
        return Gist::Words;
    }
    let left = rest.chars().filter(|c| c.is_alphanumeric()).count();
    if left <= 12 && !rest.contains(|c: char| c.is_ascii_digit()) { Gist::Thanks } else { Gist::Words }
}

/// A requester or participant wrote again.
fn followup(case: &Case, scene: &Scene<'_>, ticket: &Ticket, policy: &Policy) -> Result<Decision, Need> {
    let mut decision = Decision::new(Outcome::Joined { ticket: ticket.number }, sender_name(scene.mail));
    decision.guards.push((ticket.number, ticket.version));
    let reply = super::reply::own_words(&scene.mail.text, scene.thread.sent_text());
    let gist = if scene.mail.attachments.is_empty() { gist(&reply.text) } else { Gist::Words };
    let is_requester = scene.mail.from.as_ref().is_some_and(|p| p.address == ticket.requester.address);
    let status = next_status(ticket.status, gist, is_requester);
    let reopened = status.is_some_and(|(s, _)| s == Status::Open) && !ticket.status.is_live();
    let allowed = match reopened && is_requester {
        true => notify::within_caps(case, &ticket.requester.address, Some(ticket.number), policy, scene.now)?,
        false => Ok(()),
    };
    let verdict = judge_by_rules(scene, &ticket.fields, policy);
    let mut after = ticket.clone();
    let mut changes: Vec<Change> = Vec::new();
    if is_requester {
        changes.push(Change::LastFromRequester(scene.mail.id.clone()));
    }
    changes.extend(notify::newcomers(scene.mail, ticket, policy).into_iter().map(|p| Change::Participant(p, true)));
    let unknown = verdict.fields.iter().filter(|(name, _)| !ticket.fields.contains_key(*name));
    changes.extend(unknown.map(|(name, value)| Change::Field(name.clone(), Some(value.clone()))));
    if let Some((status, why)) = status {
        decision.because(why);
        changes.push(Change::Status(status));
    }
    for change in &changes {
        after.apply(change, scene.at);
    }
    if gist == Gist::Thanks && status.is_none() {
        decision.because("thanks and nothing else: filed, nobody is disturbed");
    } else if scene.incoming.quiet {
        decision.because("nobody is told: it arrived before the desk took this mailbox up");
    } else {
        tell_caretakers(&mut decision, scene, &after, &reply.text, reopened, policy);
    }
    if reopened && is_requester {
        match withheld(scene, allowed) {
            Some(why) => decision.because(format!("no word that it is open again: {why}")),
            None => decision.drafts.push(open_again(&after, policy)),
        }
    }
    decision.changes = changes.into_iter().map(|c| (ticket.number, c)).collect();
    decision.judged = Some(Box::new(Judged { verdict, reply, ..Judged::of(scene) }));
    Ok(decision)
}

/// The word to the requester that his ticket is worked on again.
fn open_again(ticket: &Ticket, policy: &Policy) -> Draft {
    let card = notify::card(ticket, policy, &ticket.language);
    let facts = Update { ticket: card, owner: String::new(), team: String::new(), waiting: false, reopened: true };
    notify::to_requester(ticket, LetterKind::Automatic, Facts::Update(facts), Vec::new())
}

/// What an answer does to the status, with the reason.
fn next_status(status: Status, gist: Gist, is_requester: bool) -> Option<(Status, &'static str)> {
    match (status, gist) {
        (Status::Resolved, Gist::Solved) if is_requester => Some((Status::Closed, "the requester confirms that it is solved: closed")),
        (_, Gist::Thanks) => None,
        (Status::Waiting, _) => Some((Status::Open, "the answer that it waited for is here: open again")),
        (Status::Resolved | Status::Closed, Gist::Words) => Some((Status::Open, "it is not solved for the writer: reopened")),
        _ => None,
    }
}

/// The writer's name as this mail or an earlier one gave it.
fn writer<'a>(mail: &'a Reading, ticket: &'a Ticket) -> &'a str {
    let Some(from) = &mail.from else { return "" };
    let known = std::iter::once(&ticket.requester).chain(&ticket.participants).find(|p| p.address == from.address);
    known.filter(|_| from.name.trim().is_empty()).unwrap_or(from).called()
}

fn tell_caretakers(decision: &mut Decision, scene: &Scene<'_>, ticket: &Ticket, words: &str, reopened: bool, policy: &Policy) {
    let from = writer(scene.mail, ticket);
    for agent in notify::caretakers(ticket, policy).into_iter().filter(|a| scene.mail.from.as_ref().is_none_or(|p| p.address != a.address))
    {
        let language = notify::agent_language(agent, policy);
        let event = match (ticket.status, reopened) {
            (_, true) => say(language, "It was reopened by this answer.", "此回复重新打开了工单。"),
            (Status::Closed, _) => {
                say(language, "The requester confirms that it is solved; it is closed.", "请求人确认已解决，工单已关闭。")
            }
            _ => String::new(),
        };
        decision.drafts.push(notify::agent_followup(agent, ticket, from, event, Some(scene.mail), words.to_owned(), policy));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_gist_is_found_only_where_nothing_else_is_said() {
        for (text, expected) in [
            ("已解决,谢谢!", Gist::Solved),
            ("Solved, thanks", Gist::Solved),
            ("It works now.", Gist::Solved),
            ("Thanks!", Gist::Thanks),
            ("Thank you very much, Li", Gist::Thanks),
            ("好的,谢谢", Gist::Thanks),
            ("没有解决", Gist::Words),
            ("Thanks, but it still fails", Gist::Words),
            ("It doesn't work", Gist::Words),
            ("Is it fixed?", Gist::Words),
            ("谢谢,但还是连不上", Gist::Words),
            ("thanks, error 809 now", Gist::Words),
            ("Please send the invoice to accounting", Gist::Words),
            ("", Gist::Words),
        ] {
            assert_eq!(gist(text), expected, "{text}");
        }
    }
}
