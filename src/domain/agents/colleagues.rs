//! Who else hears of an agent's mail: new owners and teams, leads, people whose advice is asked, whoever looks after a ticket that this
//! one was merged into.

use super::{Author, Past};
use crate::domain::facts::{Consult, Facts};
use crate::domain::files::Bundle;
use crate::domain::message::{Draft, LetterKind, Recipient};
use crate::domain::notify::{self, say};
use crate::domain::orders::Plan;
use crate::domain::policy::Agent;
use crate::domain::ticket::Ticket;
use crate::domain::{Case, Decision, Need, text};

impl Author<'_> {
    /// A new owner or team, and the owner when somebody else wrote; leads and advisers.
    pub(super) fn tell_colleagues(&self, decision: &mut Decision, plan: &Plan, after: &Ticket, words: &str, past: Past<'_>, relays: bool) {
        let handed_over = if plan.hands_over() || !plan.escalated.is_empty() { past.files } else { &[] };
        let files = Bundle::of_colleague(&self.files, handed_over, after, self.policy);
        let leads: Vec<&Agent> = plan.escalated.iter().filter_map(|handle| self.policy.agent(handle)).collect();
        for lead in &leads {
            decision.drafts.push(notify::handed_over(lead, after, self.agent, words, past.words, &files, self.policy));
        }
        let knows = |a: &Agent| a.handle == self.agent.handle || leads.iter().any(|lead| lead.handle == a.handle);
        for agent in notify::caretakers(after, self.policy).into_iter().filter(|a| !knows(a)) {
            if plan.hands_over() {
                decision.drafts.push(notify::handed_over(agent, after, self.agent, words, past.words, &files, self.policy));
            } else if after.owner.is_some() && (!words.is_empty() || !files.attach.is_empty()) {
                let language = notify::agent_language(agent, self.policy);
                let event = if !relays {
                    say(language, "An internal note:", "内部备注：")
                } else {
                    say(language, "This answer went to the requester:", "以下回复已发给请求人：")
                };
                let from = &self.agent.name;
                decision.drafts.push(notify::agent_followup(agent, after, from, event, Some(&files), words.to_owned(), self.policy));
            }
        }
        self.ask_advice(decision, plan, after, words);
    }

    /// Colleagues are asked as agents; people outside get a letter of the agent's words, and nothing of the ticket but its subject.
    fn ask_advice(&self, decision: &mut Decision, plan: &Plan, after: &Ticket, words: &str) {
        for colleague in plan.advisers.iter().filter_map(|handle| self.policy.agent(handle)) {
            let language = notify::agent_language(colleague, self.policy);
            let event = say(
                language,
                "Your advice is asked for. With [note] in the subject your answer stays inside.",
                "请您提供意见。在主题中加【备注】，您的回复仅供内部。",
            );
            let own = Bundle::of_colleague(&self.files, &[], after, self.policy);
            let from = &self.agent.name;
            decision.drafts.push(notify::agent_followup(colleague, after, from, event, Some(&own), words.to_owned(), self.policy));
        }
        for person in &plan.consulted {
            let ticket = notify::card(after, self.policy, self.language);
            let facts = Facts::Consult(Consult {
                ticket,
                adviser: person.called().to_owned(),
                agent: self.agent.name.clone(),
                words: words.to_owned(),
            });
            let letter = notify::to_requester(after, LetterKind::Reply, facts, Vec::new());
            decision.drafts.push(Draft {
                language: self.language.to_owned(),
                to: vec![Recipient { person: person.clone(), cc: false }],
                answers: None,
                attach: self.files.attach.clone(),
                ..letter
            });
        }
    }

    /// Whoever looks after the ticket that goes on reads how this one began.
    ///
    /// # Errors
    /// The [`Need`] for that ticket and for the words.
    pub(super) fn tell_of_merge(&self, case: &Case, decision: &mut Decision, plan: &Plan) -> Result<(), Need> {
        let Some(into) = plan.merged else { return Ok(()) };
        let Some(other) = case.ticket(into)? else { return Ok(()) };
        let mut after = other.clone();
        for (_, change) in plan.others.iter().filter(|(number, _)| *number == into) {
            after.apply(change, self.scene.at);
        }
        decision.guards.push((into, other.version));
        let (number, name) = (self.ticket.number, &self.agent.name);
        for agent in notify::caretakers(&after, self.policy).into_iter().filter(|a| a.handle != self.agent.handle) {
            let language = notify::agent_language(agent, self.policy);
            let event = say(
                language,
                format!("{name} merged {number} into this ticket. It began so:"),
                text::joined(&[name, &format!("已将 {number} 并入该工单，其来信如下：")]),
            );
            let words = case.first_words(number)?.to_owned();
            let from = self.ticket.requester.called();
            decision.drafts.push(notify::agent_followup(agent, &after, from, event, None, words, self.policy));
        }
        Ok(())
    }
}
