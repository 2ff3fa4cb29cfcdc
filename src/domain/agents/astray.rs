//! An agent's answer to a mail of the desk that belongs to no ticket: a summary, the list of tags.
//!
//! Whoever answers a summary speaks of the desk's tickets. A ticket of its own for that, with an acknowledgment to him, would help nobody;
//! and to keep it unread would lose it. So he gets his words back, and is told where they would be read.

use crate::domain::courtesy;
use crate::domain::facts::{AgentError, Facts};
use crate::domain::intake::Scene;
use crate::domain::notify;
use crate::domain::policy::{Agent, Policy};
use crate::domain::sentence::Sentence;
use crate::domain::trust::LetterName;
use crate::domain::{Decision, Outcome};

/// What follows from such an answer; `None` for every other mail, and for one that forwards such a mail.
pub fn astray(scene: &Scene<'_>, policy: &Policy) -> Option<Decision> {
    let agent = scene.sender.agent.as_deref().and_then(|handle| policy.agent(handle))?;
    let newest = scene.mail.in_reply_to.first().or(scene.mail.references.last())?;
    let ours = LetterName::read(newest).filter(|letter| letter.is_signed(&policy.key))?;
    // With [new] it opens a ticket like any other mail.
    if scene.foreseen().is_none() || ours.ticket.is_some() || scene.mail.forwarded || scene.origin.suspect.is_some() || scene.incoming.quiet
    {
        return None;
    }
    let words = scene.mail.reply.text.trim();
    if courtesy::is_all(words, agent, &policy.desk.name) && scene.mail.attachments.is_empty() {
        let mut decision = Decision::new(Outcome::Ignored, agent.handle.as_str());
        decision.because("thanks for a mail of ours that belongs to no ticket");
        return Some(decision);
    }
    let mut decision = Decision::new(Outcome::Refused { ticket: None }, agent.handle.as_str());
    decision.internal = true;
    decision.because("it answers a mail of ours that belongs to no ticket: its words go back to the agent");
    decision.drafts.push(notify::to_agent(agent, None, policy, Facts::AgentError(returned(scene, words, agent, policy))));
    Some(decision)
}

fn returned(scene: &Scene<'_>, words: &str, agent: &Agent, policy: &Policy) -> AgentError {
    let prefix = &policy.desk.ticket_prefix;
    let why = Sentence::new(
        format!(
            "It answers a mail of the desk that belongs to no ticket, such as a summary, and nobody else reads it. For words about a ticket, \
             reply to a mail of that ticket, or put its number into the subject: [{prefix}1042] [note]. [new] there opens a new ticket."
        ),
        format!(
            "您回复的邮件（例如汇总邮件）不属于任何工单，内容不会有别人看到。如要谈某张工单，请回复该工单的邮件，或在主题中写明编号，例如 \
             [{prefix}1042]【备注】；主题中加【新建】则新建工单。"
        ),
    );
    AgentError {
        ticket: None,
        agent: agent.name.clone(),
        subject: scene.mail.subject.clone(),
        errors: vec![why.to(notify::agent_language(agent, policy)).to_owned()],
        text: notify::shortened(words),
        held: false,
        days: 0,
        tags: false,
    }
}
