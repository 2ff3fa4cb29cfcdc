//! A mail becomes a ticket: its first state as the rules see it, the acknowledgment, who hears of it.

use std::collections::BTreeMap;
use std::sync::Arc;

use chrono::Duration;

use super::{Scene, judge_by_rules, withheld};
use crate::domain::facts::{Ack, Facts, TooLarge};
use crate::domain::message::{Address, Draft, LetterKind, Person, Reading};
use crate::domain::notify::{self, Found, say};
use crate::domain::origin::OriginKind;
use crate::domain::policy::{Agent, Policy, Role};
use crate::domain::rules::Verdict;
use crate::domain::ticket::{Alert, Change, Ticket, TicketNo};
use crate::domain::{Case, Decision, Judged, Need, Outcome, Reason, approvals, language, sla, suggest};

/// A new ticket with acknowledgment and notifications. `verdict`: what the rules say, where they have been asked already.
pub(super) fn open(case: &Case, scene: &Scene<'_>, verdict: Option<Arc<Verdict>>, policy: &Policy) -> Result<Decision, Need> {
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
    let verdict = verdict.unwrap_or_else(|| judge_by_rules(scene, &BTreeMap::new(), policy));
    if let Some(mut decision) = kept_out(&verdict) {
        decision.judged = Some(Box::new(Judged { verdict, ..Judged::of(scene) }));
        return Ok(decision);
    }
    let ticket = first_state(number, scene, &verdict, policy);
    let actor = scene.handed.map_or(ticket.requester.address.as_str(), |handed| &handed.by.handle);
    let mut decision = Decision::new(Outcome::Opened { ticket: number }, actor);
    decision.because.extend(verdict.because.iter().map(|sentence| Reason(format!("rules: {sentence}"))));
    decision.because.extend(matches_by_rule(&verdict).map(Reason));
    let suggested = suggest::articles(&verdict, scene, policy, &ticket.language);
    decision.because.extend(suggested.iter().filter_map(suggest::because).map(Reason));
    let articles: Vec<String> = suggested.iter().map(|hit| hit.id.clone()).collect();
    let mut links = Vec::new();
    let allowed = if ticket.alert.is_some() { Err("a machine that reports by a key is never answered".into()) } else { allowed };
    match withheld(scene, allowed, policy) {
        Some(why) => decision.because(format!("no acknowledgment: {why}")),
        None => decision.drafts.push(acknowledgment(&ticket, scene, &verdict, &articles, policy, &mut links)),
    }
    ask_approvers(&mut decision, &ticket, scene, policy);
    let found = Found { evidence: &verdict.evidence, articles: &articles };
    let told = match looping(case, scene, policy)? {
        Some(why) => {
            decision.because(why);
            Vec::new()
        }
        None => notified_of_new(&ticket, &verdict, scene, policy),
    };
    for agent in told {
        decision.drafts.push(notify::agent_new(agent, &ticket, (scene.mail, scene.handed), &found, policy));
    }
    decision.changes.push((number, Change::Opened(Box::new(ticket))));
    decision.changes.extend(links.into_iter().map(|id| (number, Change::Link(id, true))));
    decision.judged = Some(Box::new(Judged { verdict, suggested, ..Judged::of(scene) }));
    Ok(decision)
}

/// Agents whose mailboxes answer each notice by a mail of their own open tickets for each other without end: colleagues are told of so many of
/// one agent's within so long, and of no more. The reason where this is one more.
fn looping(case: &Case, scene: &Scene<'_>, policy: &Policy) -> Result<Option<String>, Need> {
    let from = scene.mail.from.as_ref().filter(|_| scene.handed.is_none() && !scene.mail.forwarded && !scene.incoming.quiet);
    let Some(agent) = from.and_then(|from| policy.agent_at(&from.address)) else { return Ok(None) };
    let own = from.map(|from| case.live_of(&from.address)).transpose()?.unwrap_or_default();
    for (hours, most) in notify::NOTICES {
        let Some(before) = own.get(most as usize - 1) else { continue };
        if case.ticket(*before)?.is_some_and(|ticket| ticket.opened > scene.now - Duration::hours(hours)) {
            let handle = &agent.handle;
            return Ok(Some(format!(
                "{most} tickets of {handle}'s own within {hours} h look like a loop: colleagues are not told of this one"
            )));
        }
    }
    Ok(None)
}

/// The mails to those whom a rule asks for approval.
fn ask_approvers(decision: &mut Decision, ticket: &Ticket, scene: &Scene<'_>, policy: &Policy) {
    let Some(approval) = ticket.open_approval() else { return };
    if approval.asked.is_empty() {
        decision.because("an approval is needed, and nobody may give it: an agent has to name an approver");
    }
    let question = approvals::question(scene.mail);
    for approver in approval.asked.iter().filter_map(|handle| policy.approver(handle)) {
        decision.drafts.push(question.to(approver, ticket, policy));
    }
}

/// A rule wants no ticket of it.
fn kept_out(verdict: &Verdict) -> Option<Decision> {
    let (outcome, why) = match (&verdict.ignore, &verdict.quarantine) {
        (Some(rule), _) => (Outcome::Ignored, format!("rule {rule} ignores it")),
        (None, Some(rule)) => {
            let why = format!("rule {rule} sets it aside");
            (Outcome::SetAside { why: why.clone() }, why)
        }
        (None, None) => return None,
    };
    let mut decision = Decision::new(outcome, "desk");
    decision.because(why);
    Some(decision)
}

/// Who hears of a new ticket: whoever looks after it; the leads too where a rule escalates; nobody of mail from before the desk was there.
fn notified_of_new<'a>(ticket: &Ticket, verdict: &Verdict, scene: &Scene<'_>, policy: &'a Policy) -> Vec<&'a Agent> {
    if scene.incoming.quiet {
        return Vec::new();
    }
    let mut agents = with_leads(notify::caretakers(ticket, policy), verdict, policy);
    agents.retain(|a| a.address != ticket.requester.address && scene.handed.is_none_or(|handed| handed.by.handle != a.handle));
    agents
}

/// The leads too, where a rule escalates.
pub(super) fn with_leads<'a>(mut agents: Vec<&'a Agent>, verdict: &Verdict, policy: &'a Policy) -> Vec<&'a Agent> {
    for lead in policy.agents.iter().filter(|a| verdict.escalate && a.role == Role::Lead) {
        if !agents.iter().any(|a| a.handle == lead.handle) {
            agents.push(lead);
        }
    }
    agents
}

/// Each rule that matched, with what it found and the weight of its vote.
pub(super) fn matches_by_rule(verdict: &Verdict) -> impl Iterator<Item = String> {
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
    let language = self::language(scene.mail, &scene.incoming.mailbox, policy);
    let subject = subject_of(scene.mail, &language);
    let mut ticket = Ticket::open(number, subject, requester, scene.incoming.mailbox.clone(), language, scene.at);
    ticket.category.clone_from(&verdict.category);
    ticket.kind = verdict.kind;
    ticket.impact = verdict.impact.unwrap_or(ticket.impact);
    ticket.urgency = verdict.urgency.unwrap_or(ticket.urgency);
    ticket.priority = policy.matrix.priority(ticket.impact, ticket.urgency);
    ticket.owner.clone_from(&verdict.assign);
    ticket.team = team(verdict, policy);
    ticket.labels.clone_from(&verdict.labels);
    ticket.fields.clone_from(&verdict.fields);
    ticket.playbook.clone_from(&verdict.playbook);
    ticket.last_from_requester.clone_from(&scene.mail.id);
    ticket.linked = scene.thread.linked;
    ticket.alert = verdict.dedup_key.clone().map(|key| Alert { key, told: scene.now, returned: 0 });
    let person = scene.origin.kind == OriginKind::Person && ticket.alert.is_none();
    ticket.clocked = !scene.incoming.quiet;
    ticket.quiet = scene.incoming.quiet || !person && !verdict.requester_from_reply_to;
    if let Some(name) = verdict.approval.as_deref().filter(|_| !scene.incoming.quiet) {
        let approvers = approvals::impartial(approvals::named(name, policy), &ticket, None, policy);
        let handles = approvers.into_iter().map(|a| a.handle.clone()).collect();
        ticket.approvals = approvals::asked(&ticket, handles, None, scene.now);
    }
    if person && scene.origin.suspect.is_none() {
        ticket.participants = notify::newcomers(scene.mail, &ticket, policy);
    }
    ticket
}

/// Whose queue: what a rule says, else the assigned agent's, the category's, the default one.
pub fn team(verdict: &Verdict, policy: &Policy) -> Option<String> {
    let owners_team = verdict.assign.as_deref().and_then(|h| policy.agent(h)).and_then(|a| a.team.clone());
    let categorys_team = verdict.category.as_deref().and_then(|id| policy.category(id)).and_then(|c| c.team.clone());
    verdict.team.clone().or(owners_team).or(categorys_team).or_else(|| policy.default_team().map(|t| t.name.clone()))
}

/// Who asks: From, or Reply-To where a rule says so; an address that nobody has where there is none.
fn requester(mail: &Reading, verdict: &Verdict) -> Person {
    let form = verdict.requester_from_reply_to.then(|| mail.reply_to.first()).flatten();
    form.or(mail.from.as_ref()).cloned().unwrap_or_else(|| Person { name: String::new(), address: Address::nowhere() })
}

/// The language in which the requester is written to, by what he writes, what the config says of him where he is an agent, and the
/// languages of mailbox and desk.
pub fn language(mail: &Reading, mailbox: &str, policy: &Policy) -> String {
    let agent = mail.from.as_ref().and_then(|from| policy.agent_at(&from.address)).and_then(|agent| agent.language.as_deref());
    let mailbox = policy.mailbox(mailbox).and_then(|m| m.language.as_deref());
    let ours: Vec<&str> = mailbox.into_iter().chain([policy.desk.language.as_str()]).collect();
    language::answer(mail.language.as_deref(), agent, &ours, &policy.languages).to_owned()
}

fn subject_of(mail: &Reading, language: &str) -> String {
    let subject = mail.base_subject.trim();
    if subject.is_empty() { say(language, "(no subject)", "(无主题)") } else { subject.chars().take(200).collect() }
}

/// The promise of an answer, where one is made that can still be kept.
fn answer_by(ticket: &Ticket, scene: &Scene<'_>, policy: &Policy) -> String {
    let promised = sla::answer_by(ticket, policy).filter(|at| *at > scene.now);
    promised.map_or_else(String::new, |at| notify::promised(sla::rounded(at), scene.now, &ticket.language, policy))
}

/// The acknowledgment, or the word that the mail was too large. Fills in the articles that it links.
fn acknowledgment(
    ticket: &Ticket,
    scene: &Scene<'_>,
    verdict: &Verdict,
    suggested: &[String],
    policy: &Policy,
    linked: &mut Vec<String>,
) -> Draft {
    let card = notify::card(ticket, policy, &ticket.language);
    let facts = if scene.mail.oversize {
        let megabytes = |bytes: u64| format!("{:.1}", bytes as f64 / 1_048_576.0);
        Facts::TooLarge(TooLarge { ticket: card, size_mb: megabytes(scene.mail.size), limit_mb: megabytes(policy.limits.message_size) })
    } else {
        let (ids, articles) = notify::links(suggested, policy, &ticket.language).into_iter().unzip();
        *linked = ids;
        let handed_by = scene.handed.map_or_else(String::new, |handed| handed.by.name.clone());
        let answer_by = answer_by(ticket, scene, policy);
        Facts::Ack(Ack { ticket: card, handed_by, answer_by, articles, missing: verdict.asked_in(&ticket.language) })
    };
    let not_before = policy.closing.ack_delay.filter(|delay| !delay.is_zero()).map(|delay| scene.now + delay);
    Draft { variant: verdict.template.clone(), not_before, ..notify::to_requester(ticket, LetterKind::Automatic, facts, Vec::new()) }
}
