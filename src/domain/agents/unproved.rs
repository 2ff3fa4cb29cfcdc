//! A mail that bears an agent's From and that nothing proves: he is asked at his configured address, and until he answers nothing is done.

use super::Author;
use crate::domain::confirm::{self, Question};
use crate::domain::doubt::Doubt;
use crate::domain::facts::{Confirm, Facts};
use crate::domain::notify::{self, say};
use crate::domain::orders::Plan;
use crate::domain::sentence::Sentence;
use crate::domain::tags::{Tag, TagReading};
use crate::domain::{Case, Decision, Judged, Need, Outcome, trust};

impl Author<'_> {
    /// May the mail be forged, by what is known of it? Then nobody is asked to confirm it.
    pub(super) fn is_doubted(&self) -> bool {
        self.scene.origin.suspect.is_some() || trust::forged(self.scene.mail, self.policy).is_some()
    }

    /// Why nothing proves that the agent wrote it.
    pub(super) fn unproved_because(&self) -> (Doubt, Sentence) {
        let retired = self.scene.sender.proved.iter().any(|(number, _)| *number == self.ticket.number);
        let (doubt, en, zh) = match self.scene.origin.suspect.is_some() {
            _ if retired => (
                Doubt::Seen,
                "The notification that you answered has been seen by people outside, so it proves no more that you wrote the mail.",
                "您所回复的通知已被外部人员看到，不能再证明邮件由您本人所写。",
            ),
            true => (
                Doubt::Forged,
                "Our mail server says that the sender of the mail may be forged, so nothing proves that you wrote it.",
                "邮件服务器认为这封邮件的发件人可能是伪造的，无法证明由您本人所写。",
            ),
            false if self.is_doubted() => (
                Doubt::Senders,
                "The mail names several senders, so nothing proves that you wrote it.",
                "这封邮件写有多个发件人，无法证明由您本人所写。",
            ),
            false => (
                Doubt::Unproved,
                "The mail did not answer a notification of yours, so nothing proves that you wrote it.",
                "这封邮件不是对发给您的通知的回复，无法证明由您本人所写。",
            ),
        };
        (doubt, Sentence::new(en, zh))
    }

    /// The words wait for `[send]` in an answer to the mail that asks, as long as a question waits for its answer. A note, and what may be
    /// a mistyped one, waits for nothing: it must never go out.
    pub(super) fn hold_doubted(&self, read: &TagReading, words: &str) -> Decision {
        let why = self.unproved_because();
        if read.is_inward() || !read.errors.is_empty() {
            let errors = read.errors.iter().map(|error| error.sentence.clone());
            return self.refuse(std::iter::once(why.1).chain(errors).collect(), words);
        }
        self.hold(why, words, Some(self.scene.now + confirm::lapses()))
    }

    /// Asks the agent whether the mail is his. `planned` is what would follow if that were proved: what would be refused even then is
    /// refused at once; what would be held is asked about first, for `[send]` would send it as his.
    pub(super) fn ask_for(&self, plan: &Plan, words: &str, planned: Decision) -> Decision {
        let held = planned.judged.as_ref().is_some_and(|judged| judged.held.is_some());
        if !held && matches!(planned.outcome, Outcome::Refused { .. }) {
            return planned;
        }
        let sent_to = if planned.internal && !held { String::new() } else { self.ticket.requester.called().to_owned() };
        self.ask(&Wanted { done: plan.done.clone(), text: self.with_canned(words, plan), sent_to })
    }

    /// Keeps the desk's mails about what nothing proves within bounds: anybody can write in an agent's name.
    ///
    /// # Errors
    /// The [`Need`] for the caps.
    pub(super) fn cap(&self, case: &Case, decision: &mut Decision) -> Result<(), Need> {
        if let Err(why) = notify::may_ask(case, &self.agent.address, self.policy, self.scene.now)? {
            decision.drafts.retain(|draft| !matches!(draft.facts, Facts::Confirm(_) | Facts::AgentError(_)));
            decision.because(why);
        } else if decision.drafts.iter().any(|draft| matches!(draft.facts, Facts::Confirm(_))) {
            decision.because(format!("{} is asked to confirm it", self.agent.handle));
        }
        Ok(())
    }

    /// What a mail wants that opens another ticket beside this one. Whether it can is decided when he has confirmed it.
    pub(super) fn opens(&self, read: &TagReading, words: &str) -> Wanted {
        let orders: Vec<String> = read.orders().map(Tag::to_string).collect();
        let (orders, number) = (orders.join(" "), notify::tag(self.ticket.number, self.policy));
        let en = format!("{orders}: a ticket of its own is opened, linked with {number}.");
        let done = vec![say(self.language, en, format!("{orders}：另开一张工单，与 {number} 关联。"))];
        Wanted { done, text: words.to_owned(), sent_to: String::new() }
    }

    /// Asks the agent whether the mail is his.
    pub(super) fn ask(&self, wanted: &Wanted) -> Decision {
        let (_, why) = self.unproved_because();
        let mut decision = Decision::new(Outcome::Refused { ticket: Some(self.ticket.number) }, self.agent.handle.as_str());
        decision.internal = true;
        decision.because(format!("held: {}", why.en));
        decision.judged = Some(Box::new(Judged { held: Some(why.en.clone()), ..Judged::of(self.scene) }));
        let facts = Confirm {
            ticket: notify::card(self.ticket, self.policy, self.language),
            agent: self.agent.name.clone(),
            subject: self.scene.mail.subject.clone(),
            written: notify::local_time(self.scene.at, self.policy),
            why: why.to(self.language).to_owned(),
            done: wanted.done.clone(),
            sent_to: wanted.sent_to.clone(),
            text: notify::shortened(&wanted.text),
            files: self.files.attach.iter().map(|attach| attach.file.name.clone()).collect(),
            days: confirm::lapses().num_days(),
        };
        let mut draft = notify::to_agent(self.agent, Some(self.ticket), self.policy, Facts::Confirm(facts));
        draft.agent = Some(Question::about(self.scene.cause, self.agent, self.ticket, &self.policy.key).name());
        decision.drafts.push(draft);
        decision
    }
}

/// What a mail wants, for its agent's eyes.
pub(super) struct Wanted {
    /// One sentence an order.
    done: Vec<String>,
    text: String,
    /// Whom the text would go to; empty where it stays inside.
    sent_to: String,
}
