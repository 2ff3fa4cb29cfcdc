//! Approvals by mail: who is asked, what counts as an answer, what follows from it.
//!
//! An approver's mail carries a token of his own for this one question, so that an answer to an older question decides nothing, and no
//! agent's token does (promise 6). Yes and no are believed as the first own word or as a tag, in an answer with that token from his own
//! address; anything else goes to the agents as words. Nobody approves what he asks for himself.

use chrono::{DateTime, Utc};

use super::facts::{self, AgentError, AgentReceipt, Facts, Update};
use super::files::Bundle;
use super::intake::Scene;
use super::message::{Address, Draft, LetterKind, Person, Reading};
use super::notify::{self, say};
use super::origin::{Origin, OriginKind};
use super::policy::{Agent, Approver, Policy};
use super::ticket::{Approval, Change, Ruling, Ticket, TicketNo};
use super::trust::{Token, TokenPlace};
use super::{Case, Decision, Judged, Need, Outcome, reply, tags, text};

/// The approvers that a rule names: one by handle, or all who have a category in scope.
pub fn named<'a>(name: &str, policy: &'a Policy) -> Vec<&'a Approver> {
    policy.approver(name).map_or_else(|| in_scope(name, policy), |approver| vec![approver])
}

/// The approvers who have this category in scope.
pub fn in_scope<'a>(category: &str, policy: &'a Policy) -> Vec<&'a Approver> {
    policy.approvers.iter().filter(|a| a.scope.is_empty() || a.scope.iter().any(|id| id == category)).collect()
}

/// Those who do not ask for it themselves, as requester or as the agent.
pub fn impartial<'a>(approvers: Vec<&'a Approver>, ticket: &Ticket, by: Option<&Agent>, policy: &Policy) -> Vec<&'a Approver> {
    let asks =
        |a: &Approver| policy.is_approvers(a, &ticket.requester.address) || by.is_some_and(|agent| policy.is_approvers(a, &agent.address));
    approvers.into_iter().filter(|a| !asks(a)).collect()
}

/// The ticket's approvals with one more question; an older one that is still open counts no more.
pub fn asked(ticket: &Ticket, asked: Vec<String>, by: Option<String>, at: DateTime<Utc>) -> Vec<Approval> {
    let mut approvals = ticket.approvals.clone();
    approvals.push(Approval { asked, by, at, ruling: None });
    approvals
}

/// Names of approvers, for people.
pub fn names(handles: &[String], policy: &Policy, language: &str) -> String {
    let called = |handle: &String| policy.approver(handle).map_or_else(|| handle.clone(), |a| a.name.clone());
    let names: Vec<String> = handles.iter().map(called).collect();
    if names.is_empty() { say(language, "nobody could be asked", "无人可审批") } else { names.join(&say(language, ", ", "、")) }
}

/// How the newest approval stands, in words; empty where none was asked for.
pub fn standing(ticket: &Ticket, policy: &Policy, language: &str) -> String {
    let Some(approval) = ticket.approvals.last() else { return String::new() };
    match &approval.ruling {
        None => {
            let names = names(&approval.asked, policy, language);
            say(language, format!("waits for {names}"), format!("等待审批（{names}）"))
        }
        Some(ruling) => {
            let name = names(std::slice::from_ref(&ruling.by), policy, language);
            match ruling.approved {
                true => say(language, format!("approved by {name}"), text::joined(&[&name, "已同意"])),
                false => say(language, format!("rejected by {name}"), text::joined(&[&name, "不同意"])),
            }
        }
    }
}

/// Is whoever reads this address asked for an approval that is still open?
pub fn is_asked(ticket: &Ticket, address: &Address, policy: &Policy) -> bool {
    let asked = ticket.open_approval().into_iter().flat_map(|approval| &approval.asked);
    asked.filter_map(|handle| policy.approver(handle)).any(|approver| approver.address == *address)
}

/// What an approver is asked.
pub struct Question<'a> {
    /// The agent who asks; empty where a rule does.
    pub asked_by: &'a str,
    /// What he says about it.
    pub note: &'a str,
    /// The requester's words.
    pub text: String,
    /// Names of his files.
    pub files: Vec<String>,
}

/// The question about a mail that opens a ticket.
pub fn question(mail: &Reading) -> Question<'static> {
    Question { asked_by: "", note: "", text: notify::own_text(mail), files: notify::file_names(mail) }
}

impl Question<'_> {
    /// The mail that asks an approver on a ticket's newest approval.
    pub fn to(&self, approver: &Approver, ticket: &Ticket, policy: &Policy) -> Draft {
        let facts = facts::Approval {
            ticket: notify::card(ticket, policy, language(approver, policy)),
            approver: approver.name.clone(),
            asked_by: self.asked_by.to_owned(),
            note: self.note.to_owned(),
            text: notify::shortened(&self.text),
            files: self.files.clone(),
        };
        to_approver(approver, ticket, ticket.approvals.len(), policy, Facts::Approval(facts))
    }
}

/// The language that an approver reads: his own, else his as an agent, else the desk's.
fn language<'a>(approver: &'a Approver, policy: &'a Policy) -> &'a str {
    let agent = policy.agents.iter().find(|a| a.address == approver.address);
    approver.language.as_deref().or_else(|| agent.and_then(|a| a.language.as_deref())).unwrap_or(&policy.desk.language)
}

fn to_approver(approver: &Approver, ticket: &Ticket, question: usize, policy: &Policy, facts: Facts) -> Draft {
    let person = Person { name: approver.name.clone(), address: approver.address.clone() };
    let mut draft = notify::to_staff(person, language(approver, policy), policy, facts);
    // A handle has no dot, so that this is never an agent's token.
    draft.agent = Some(format!("approver.{}.{question}", approver.handle));
    draft.ticket = Some(ticket.number);
    draft.mailbox.clone_from(&ticket.mailbox);
    draft
}

/// The approver who answers, the ticket, and which of its questions (from 1): where a token that was mailed to an approver comes back
/// from his own address, written by a person, and the border does not doubt it.
pub fn answered<'a>(
    mail: &Reading,
    origin: &Origin,
    tokens: &[(Token, TokenPlace)],
    policy: &'a Policy,
) -> Option<(&'a Approver, TicketNo, usize)> {
    if origin.kind != OriginKind::Person || origin.suspect.is_some() {
        return None;
    }
    let from = &mail.from.as_ref()?.address;
    tokens.iter().find_map(|(token, _)| {
        let (handle, question) = token.agent.as_deref()?.strip_prefix("approver.")?.rsplit_once('.')?;
        let approver = policy.approver(handle).filter(|a| policy.is_approvers(a, from))?;
        Some((approver, token.ticket, question.parse().ok()?))
    })
}

/// An approver's answer.
///
/// # Errors
/// The [`Need`] for the caps on mail to the requester.
pub fn answer(
    case: &Case,
    scene: &Scene<'_>,
    ticket: &Ticket,
    approver: &Approver,
    question: usize,
    policy: &Policy,
) -> Result<Decision, Need> {
    let own = reply::own_words(&scene.mail.text, scene.thread.sent_text());
    let read = tags::read(&scene.mail.subject, Some(&ticket.subject), &own.text, true);
    let words = read.body.trim().to_owned();
    let mut decision = Decision::new(Outcome::Joined { ticket: ticket.number }, approver.handle.as_str());
    decision.internal = true;
    decision.guards.push((ticket.number, ticket.version));
    let answer = Answer { scene, ticket, approver, question, words: &words, policy };
    match (answer.obstacle().or_else(|| foreign(&read)), ruling(&read, &words)) {
        (Some(why), _) => answer.undecided(&mut decision, why),
        (None, None) => {
            let en = "Neither yes nor no was found. Begin your answer with \"approved\" or \"rejected\".";
            answer.undecided(&mut decision, (en.into(), "没有看出是否同意。请以“同意”或“不同意”作为正文的开头。".into()));
        }
        (None, Some(approved)) => {
            let allowed = match approved {
                true => Ok(()),
                false => notify::within_caps(case, &ticket.requester.address, Some(ticket.number), policy, scene.now)?,
            };
            answer.decide(&mut decision, approved, allowed);
        }
    }
    decision.judged = Some(Box::new(Judged { tags: read.tags, reply: own, ..Judged::of(scene) }));
    Ok(decision)
}

const YES: &[&str] = &["同意", "批准", "approved", "approve"];
const NO: &[&str] = &["不同意", "不批准", "拒绝", "驳回", "rejected", "reject", "not approved"];

/// What an answer says: by tag or by its first own word; `None` where it says neither, or both, or asks.
fn ruling(read: &tags::TagReading, words: &str) -> Option<bool> {
    let by_tag = match (read.has("approve"), read.has("reject")) {
        (true, true) => return None,
        (false, false) => None,
        (yes, _) => Some(yes),
    };
    let line = text::fold(words.lines().next().unwrap_or_default().trim());
    let begins =
        |list: &[&str]| list.iter().filter_map(|word| line.strip_prefix(word)).any(|rest| !rest.starts_with(char::is_alphanumeric));
    let by_word = if line.contains(['?', '？']) {
        None
    } else if begins(NO) {
        Some(false)
    } else {
        begins(YES).then_some(true)
    };
    match (by_tag, by_word) {
        (Some(tag), Some(word)) if tag != word => None,
        (tag, word) => tag.or(word),
    }
}

/// Orders beside yes and no, and mistyped ones: all or nothing (promise 7).
fn foreign(read: &tags::TagReading) -> Option<(String, String)> {
    if let Some(error) = read.errors.first() {
        return Some((error.sentence.en.clone(), error.sentence.zh.clone()));
    }
    let other = read.orders().find(|tag| !["approve", "reject"].contains(&tag.name.as_str()))?;
    let en = format!("[{}] cannot stand in this answer: only [approve] or [reject] can.", other.name);
    Some((en, format!("此回复中只能使用【同意】或【拒绝】，不能使用[{}]。", other.name)))
}

/// An approver's answer to one question.
struct Answer<'a> {
    scene: &'a Scene<'a>,
    ticket: &'a Ticket,
    approver: &'a Approver,
    /// From 1.
    question: usize,
    words: &'a str,
    policy: &'a Policy,
}

impl Answer<'_> {
    /// Why this approver decides nothing, whatever he says: (English, Chinese).
    fn obstacle(&self) -> Option<(String, String)> {
        let both = |en: &str, zh: &str| Some((en.to_owned(), zh.to_owned()));
        let newest = self.ticket.approvals.last().filter(|_| self.question == self.ticket.approvals.len());
        let Some(approval) = newest else {
            return both("It answers an older question; another one was asked since.", "这是对较早审批请求的答复，之后已另行请求审批。");
        };
        if approval.ruling.is_some() {
            let standing = |language: &str| standing(self.ticket, self.policy, language);
            return Some((format!("It was decided before: {}.", standing("en")), format!("此前已有结论：{}。", standing("zh"))));
        }
        let by = approval.by.as_deref().and_then(|handle| self.policy.agent(handle));
        let asked = approval.asked.contains(&self.approver.handle);
        if !asked || impartial(vec![self.approver], self.ticket, by, self.policy).is_empty() {
            return both("Nobody approves what he asks for himself.", "不能审批自己提出的请求。");
        }
        None
    }

    fn decide(&self, decision: &mut Decision, approved: bool, allowed: Result<(), String>) {
        let Answer { ticket, approver, scene, .. } = self;
        let mut approvals = ticket.approvals.clone();
        if let Some(newest) = approvals.last_mut() {
            newest.ruling = Some(Ruling { approved, by: approver.handle.clone(), at: scene.at });
        }
        let change = Change::Approvals(approvals);
        let mut after = (*ticket).clone();
        after.apply(&change, scene.at);
        decision.changes.push((ticket.number, change));
        decision.because(format!("{} ({}) {} it", approver.name, approver.handle, if approved { "approves" } else { "rejects" }));
        let name = &approver.name;
        let told = match approved {
            true => (format!("{name} approved it."), text::joined(&[name, "已同意。"])),
            false => (format!("{name} rejected it."), text::joined(&[name, "不同意。"])),
        };
        self.tell_agents(decision, &after, &told);
        decision.drafts.push(self.receipt(&after, approved));
        if !approved {
            match self.unheard(allowed) {
                Some(why) => decision.because(format!("the requester is not told: {why}")),
                None => decision.drafts.push(self.rejection(&after)),
            }
        }
    }

    /// Why the requester gets no mail, if so.
    fn unheard(&self, allowed: Result<(), String>) -> Option<String> {
        let ticket = self.ticket;
        if ticket.quiet || ticket.alert.is_some() {
            return Some("the ticket gets no automatic mail".to_owned());
        }
        let address = &ticket.requester.address;
        if ticket.unreachable.contains(address) || notify::is_noreply(address) || self.policy.is_via_list(address) {
            return Some(format!("nobody can be reached at {address}"));
        }
        allowed.err()
    }

    /// The approver's words are for the agents alone: the requester hears that it was rejected, and the rest from an agent.
    fn rejection(&self, after: &Ticket) -> Draft {
        let ticket = notify::card(after, self.policy, &after.language);
        let facts = Update { ticket, owner: String::new(), team: String::new(), waiting: false, reopened: false, rejected: true };
        notify::to_requester(after, LetterKind::Automatic, Facts::Update(facts), Vec::new())
    }

    fn receipt(&self, after: &Ticket, approved: bool) -> Draft {
        let language = language(self.approver, self.policy);
        let done = match approved {
            true => say(language, "You approved it. The team has been told.", "您已同意，处理小组已收到通知。"),
            false => say(language, "You rejected it. The team has been told.", "您已拒绝，处理小组已收到通知。"),
        };
        let facts = AgentReceipt {
            ticket: notify::card(after, self.policy, language),
            agent: self.approver.name.clone(),
            done: vec![done],
            goes_at: String::new(),
            sent_to: String::new(),
        };
        to_approver(self.approver, after, self.question, self.policy, Facts::AgentReceipt(facts))
    }

    /// Nothing is decided: the approver hears why, the agents get his words.
    fn undecided(&self, decision: &mut Decision, (en, zh): (String, String)) {
        decision.because(format!("nothing is decided: {en}"));
        let language = language(self.approver, self.policy);
        let facts = AgentError {
            tags: false,
            ticket: Some(notify::card(self.ticket, self.policy, language)),
            agent: self.approver.name.clone(),
            subject: self.scene.mail.subject.clone(),
            errors: vec![say(language, en, zh)],
            text: self.words.to_owned(),
            held: false,
            days: 0,
        };
        decision.drafts.push(to_approver(self.approver, self.ticket, self.question, self.policy, Facts::AgentError(facts)));
        if !self.words.is_empty() {
            let name = &self.approver.name;
            let told =
                (format!("Approver {name} writes; nothing is decided by it:"), text::joined(&["审批人", name, "来信（不构成审批决定）："]));
            self.tell_agents(decision, self.ticket, &told);
        }
    }

    fn tell_agents(&self, decision: &mut Decision, after: &Ticket, (en, zh): &(String, String)) {
        for agent in notify::caretakers(after, self.policy).into_iter().filter(|a| a.address != self.approver.address) {
            let event = say(notify::agent_language(agent, self.policy), en.as_str(), zh.as_str());
            let files = Bundle::of_mail(self.scene.mail, &[], self.policy);
            let words = self.words.to_owned();
            decision.drafts.push(notify::agent_followup(agent, after, &self.approver.name, event, Some(&files), words, self.policy));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn yes_and_no_are_first_words_or_tags() {
        for (subject, words, expected) in [
            ("Re: VPN", "Approved.", Some(true)),
            ("Re: VPN", "approved, thanks\nZhao", Some(true)),
            ("Re: VPN", "Approve", Some(true)),
            ("Re: VPN", "同意", Some(true)),
            ("Re: VPN", "同意，请办理。", Some(true)),
            ("Re: VPN", "批准。", Some(true)),
            ("Re: VPN", "不同意", Some(false)),
            ("Re: VPN", "不同意：理由不足", Some(false)),
            ("Re: VPN", "Rejected - ask her lead first", Some(false)),
            ("Re: VPN", "Not approved", Some(false)),
            ("Re: VPN [approve]", "", Some(true)),
            ("Re: VPN [approve]", "Fine with me", Some(true)),
            ("回复: VPN 【拒绝】", "", Some(false)),
            ("Re: VPN", "#approve", Some(true)),
            ("Re: VPN", "Approved by whom?", None),
            ("Re: VPN", "同意吗？", None),
            ("Re: VPN", "同意不了", None),
            ("Re: VPN", "Which folder is it? Then approved.", None),
            ("Re: VPN", "Approvedly so", None),
            ("Re: VPN", "I think that is approved", None),
            ("Re: VPN [approve] [reject]", "", None),
            ("Re: VPN [approve]", "Rejected", None),
            ("Re: VPN", "", None),
        ] {
            let read = tags::read(subject, Some("VPN"), words, true);
            assert_eq!(ruling(&read, read.body.trim()), expected, "{subject} | {words}");
        }
    }
}
