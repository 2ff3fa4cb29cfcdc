//! What leaves the house of an agent's mail: one message to the requester and whoever takes part, less those whom his own mail has reached.

use super::Author;
use crate::domain::facts::{self, Closed, Facts, Link, Update, Words};
use crate::domain::message::{Address, Draft, LetterKind, Person};
use crate::domain::notify::{self, say};
use crate::domain::orders::Plan;
use crate::domain::ticket::{Status, Ticket};
use crate::domain::{Decision, courtesy, retire, text};

impl Author<'_> {
    /// Has the agent's own mail gone to this address?
    pub(super) fn has_reached(&self, address: &Address) -> bool {
        self.scene.mail.recipients().any(|r| r.address == *address)
    }

    /// Somebody outside the desk whom the agent's own mail has shown the notification that it answers, with its token.
    pub(super) fn shown_to(&self) -> Option<&Address> {
        let proved = self.scene.sender.is_proved(self.ticket.number, self.ticket.retired(&self.agent.handle));
        retire::outside(self.scene.mail, self.policy).filter(|_| proved && self.scene.thread.sent.is_some())
    }

    /// Participants whom the agent's own mail has not reached already.
    pub(super) fn copied(&self, ticket: &Ticket) -> Vec<Person> {
        let reached = |p: &&Person| self.has_reached(&p.address);
        let gone = |p: &&Person| ticket.unreachable.contains(&p.address);
        ticket.participants.iter().filter(|p| !reached(p) && !gone(p)).cloned().collect()
    }

    fn links(&self, articles: &[String]) -> Vec<Link> {
        articles.iter().filter_map(|id| notify::link(self.policy.article(id, &self.ticket.language)?)).collect()
    }

    /// The template that the new status asks for, around the words.
    pub(super) fn words_facts(&self, status: Option<Status>, articles: &[String], words: &str, after: &Ticket) -> Facts {
        let ticket = notify::card(after, self.policy, &after.language);
        let right_below = articles.is_empty() && !matches!(status, Some(Status::Resolved | Status::Closed));
        let words = courtesy::without_name(words, self.agent, right_below).to_owned();
        let (agent, articles) = (self.agent.name.clone(), self.links(articles));
        match status {
            Some(Status::Resolved) => {
                Facts::Resolved(Words { ticket, agent, words, articles, closes_in_days: self.policy.closing.close.num_days() })
            }
            Some(Status::Closed) => {
                let merged_into = after.merged.map_or_else(String::new, |n| notify::tag(n, self.policy));
                Facts::Closed(Closed { ticket, agent, words, merged_into, reopen_days: self.policy.closing.reopen_window.num_days() })
            }
            _ => Facts::Reply(facts::Reply { ticket, agent, words, articles }),
        }
    }

    /// The agent's words, or what the orders themselves entail.
    pub(super) fn write_to_requester(&self, decision: &mut Decision, plan: &Plan, after: &Ticket, words: Option<&str>) {
        let Some(words) = words else {
            let update = || self.update(plan, after).filter(|_| !self.is_silent(plan, after));
            let progress = || Some(notify::to_requester(after, LetterKind::Automatic, Facts::Update(update()?), Vec::new()));
            decision.drafts.extend(self.entailed(plan, after, self.copied(after)).or_else(progress));
            let news = plan.ends() || !plan.articles.is_empty() || self.update(plan, after).is_some();
            if let Some(why) = self.unheard(after).filter(|_| news && !plan.quiet) {
                decision.because(format!("no mail about it to {}: {why}", after.requester.address));
            }
            return;
        };
        let of_words = |words: &str| self.words_facts(plan.status, &plan.articles, words, after);
        let mut letter = notify::to_requester(after, LetterKind::Reply, of_words(words), self.copied(after));
        letter.attach.clone_from(&self.files.attach);
        if self.has_reached(&after.requester.address) {
            decision.because(format!("{} has the words from the agent's own mail: not sent again", after.requester.address));
            letter.to.retain(|to| to.cc);
            letter.to.iter_mut().for_each(|to| to.cc = false);
            let canned = self.with_canned("", plan);
            match canned.is_empty() {
                true => decision.drafts.extend(self.entailed(plan, after, Vec::new())),
                false => decision.drafts.push(notify::to_requester(after, LetterKind::Reply, of_words(&canned), Vec::new())),
            }
        }
        if !letter.to.is_empty() {
            decision.drafts.push(letter);
        }
    }

    /// The mail without words that an end or an article entails.
    fn entailed(&self, plan: &Plan, after: &Ticket, cc: Vec<Person>) -> Option<Draft> {
        let wanted = (plan.ends() || !plan.articles.is_empty()) && !self.is_silent(plan, after);
        wanted.then(|| notify::to_requester(after, LetterKind::Automatic, self.words_facts(plan.status, &plan.articles, "", after), cc))
    }

    /// What the agent should know of where his own mail went.
    pub(super) fn went_elsewhere(&self, after: &Ticket, relays: bool) -> Vec<String> {
        let mut said = Vec::new();
        let requester = after.requester.called();
        if self.has_reached(&after.requester.address) {
            said.push(match relays {
                true => say(
                    self.language,
                    format!("{requester} has your words from your own mail; they were not sent again."),
                    text::joined(&[requester, "已直接收到您的邮件，内容没有再次发送。"]),
                ),
                false => say(
                    self.language,
                    format!("Your own mail went to {requester} too: what it says is not internal."),
                    text::joined(&["您的邮件也直接发给了", requester, "，其内容并非仅供内部。"]),
                ),
            });
        }
        if let Some(address) = self.shown_to() {
            let address = address.as_str();
            said.push(say(
                self.language,
                format!("{address} could read the notification below your words, and your sign with it. Answer this mail next: the older sign counts no more."),
                text::joined(&[address, "能看到您文字下方的通知和其中的凭证，旧凭证已作废。请从本邮件开始回复。"]),
            ));
        }
        said
    }

    /// Progress that the requester hears of unasked; `None` where nothing that concerns him changed.
    pub(super) fn update(&self, plan: &Plan, after: &Ticket) -> Option<Update> {
        let card = notify::card(after, self.policy, &after.language);
        let owner = if after.owner == self.ticket.owner { String::new() } else { card.owner.clone() };
        let team = if after.team == self.ticket.team || !owner.is_empty() { String::new() } else { card.team.clone() };
        let waiting = plan.status == Some(Status::Waiting);
        let reopened = plan.status == Some(Status::Open) && !self.ticket.status.is_live();
        let anything = !owner.is_empty() || !team.is_empty() || waiting || reopened;
        anything.then_some(Update { ticket: card, owner, team, waiting, reopened, rejected: false })
    }
}
