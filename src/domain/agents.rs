//! What follows from an agent's mail on a ticket: orders carried out whole or not at all, words relayed to the requester.
//!
//! Nothing internal may leave by this door (promise 5): the notification that was answered is cut from the words, files of other mails
//! stay behind, and what cannot be cut with certainty is held until the agent says `[send]`.

mod answer;
mod astray;
mod colleagues;
mod unproved;

pub use astray::astray;

use chrono::{DateTime, Utc};

use super::absence;
use super::approvals::Question;
use super::attachment::holds_sign;
use super::canned;
use super::courtesy;
use super::doubt::Doubt;
use super::facts::{AgentError, AgentReceipt, Facts, Help, NOTICE_END};
use super::files::Own;
use super::intake::Scene;
use super::message::{Address, Defect, Draft, Held, LetterKind, Person, ReplyText, TemplateName};
use super::notify::{self, say};
use super::orders::{self, Plan};
use super::pacing;
use super::policy::{Agent, Policy};
use super::reply;
use super::sentence::Sentence;
use super::tags::{self, TagReading};
use super::ticket::{Change, Status, Ticket};
use super::trust;
use super::{Case, Crossing, Decision, Judged, Need, Outcome, Reader, TicketFile, text};

/// An agent's mail on a ticket of somebody else.
///
/// # Errors
/// The [`Need`] of an order.
pub fn mail(case: &Case, scene: &Scene<'_>, ticket: &Ticket, policy: &Policy) -> Result<Decision, Need> {
    let Some(agent) = scene.sender.agent.as_deref().and_then(|handle| policy.agent(handle)) else {
        return Ok(Decision::new(Outcome::Ignored, "desk"));
    };
    let language = notify::agent_language(agent, policy);
    let sent = scene.thread.sent.as_ref();
    let own = reply::own_words_of_agent(&scene.mail.text, sent);
    let read = tags::read_answer(&scene.mail.subject, [ticket.subject.as_str(), sent.map_or("", |sent| &sent.subject)], &own.text);
    let words = read.body.trim().to_owned();
    let known = if scene.mail.attachments.is_empty() { &[] } else { case.files(ticket.number)? };
    let files = Own::of(scene.mail, &words, known, agent);
    let author = Author { scene, ticket, agent, language, files, policy };
    let proved = proved(case, scene, ticket, agent)?;
    let mut decision = if !proved && author.is_doubted() {
        author.hold_doubted(&read, &words)
    } else if !proved && read.has("new") && read.errors.is_empty() {
        author.ask(&author.opens(&read, &words))
    } else {
        match orders::plan(case, policy, ticket, agent, &read, sent, scene.now)? {
            Err(refusals) => {
                let unproved = (!proved).then(|| author.unproved_because().1);
                author.refuse(unproved.into_iter().chain(refusals.into_iter().map(|r| r.0)).collect(), &words)
            }
            // Whether the mail is his comes before whether it may go now: that is looked at when he has confirmed it.
            Ok(plan) if proved && let Some(why) = author.crossed(case, &plan, &words)? => {
                author.hold((Doubt::Crossing, why), &author.with_canned(&words, &plan), None)
            }
            Ok(plan) => {
                let shows_past = plan.hands_over() || !plan.approvers.is_empty() || !plan.escalated.is_empty();
                let past = match shows_past {
                    true => Past { words: case.first_words(ticket.number)?, files: case.files(ticket.number)? },
                    false => Past::default(),
                };
                let mut decision = author.carry_out(&plan, &read, &own, &words, past);
                author.tell_of_merge(case, &mut decision, &plan)?;
                if proved { decision } else { author.ask_for(&plan, &words, decision) }
            }
        }
    };
    if !proved {
        author.cap(case, &mut decision)?;
    }
    decision.guards.push((ticket.number, ticket.version));
    let judged = decision.judged.get_or_insert_with(|| Box::new(Judged::of(scene)));
    judged.tag_errors = read.errors.iter().map(|e| e.sentence.en.clone()).collect();
    judged.tags = read.tags;
    judged.reply = ReplyText { text: words, ..own };
    Ok(decision)
}

/// Does the mail carry a token of its sender's for this ticket, or for the one that was merged into it?
fn proved(case: &Case, scene: &Scene<'_>, ticket: &Ticket, agent: &Agent) -> Result<bool, Need> {
    let for_ticket = |ticket: &Ticket| scene.sender.is_proved(ticket.number, ticket.retired(&agent.handle));
    let merged = scene.thread.through.map(|number| case.ticket(number)).transpose()?.flatten();
    Ok(for_ticket(ticket) || merged.is_some_and(for_ticket))
}

/// A question that an agent asks outside of any ticket, such as `[help]`: answered to the configured address, so no proof is needed. It
/// opens no ticket: words beside it that may be meant for one go back to him.
pub fn question(scene: &Scene<'_>, policy: &Policy) -> Option<Decision> {
    let agent = scene.sender.agent.as_deref().and_then(|handle| policy.agent(handle))?;
    let read = tags::read(&scene.mail.subject, None, &scene.mail.reply.text, false);
    let asks = read.tags.iter().any(|t| t.name == "help") && read.errors.is_empty();
    // Help is nothing secret, but a mail that is known to be forged must not fill an agent's mailbox.
    if !asks || scene.origin.suspect.is_some() {
        return None;
    }
    let mut decision = Decision::new(Outcome::Answered, agent.handle.as_str());
    decision.because("an agent asks for the tags");
    decision.internal = true;
    let words = if scene.mail.forwarded { scene.mail.text.trim() } else { read.body.trim() };
    let polite = courtesy::is_all(words, agent, &policy.desk.name);
    let unfiled = if polite { String::new() } else { notify::shortened(words) };
    let help = Help { unfiled, files: notify::file_names(scene.mail), ..help(agent, policy) };
    if !help.unfiled.is_empty() || !help.files.is_empty() {
        decision.because("what it says and carries beside that is filed nowhere: the answer says so, and how a ticket is opened");
    }
    decision.drafts.push(notify::to_agent(agent, None, policy, Facts::Help(help)));
    decision.judged = Some(Box::new(Judged { tags: read.tags, ..Judged::of(scene) }));
    Some(decision)
}

fn help(agent: &Agent, policy: &Policy) -> Help {
    let tags = tags::help_rows(notify::agent_language(agent, policy));
    Help { ticket: None, agent: agent.name.clone(), tags, unfiled: String::new(), files: Vec::new() }
}

/// What a colleague to whom a ticket is handed over must be shown of its past.
#[derive(Debug, Clone, Copy, Default)]
struct Past<'a> {
    /// The words with which it began.
    words: &'a str,
    /// Its files.
    files: &'a [TicketFile],
}

/// An agent who writes on a ticket.
struct Author<'a> {
    scene: &'a Scene<'a>,
    ticket: &'a Ticket,
    agent: &'a Agent,
    language: &'a str,
    files: Own,
    policy: &'a Policy,
}

impl Author<'_> {
    /// Nothing is done; the text is kept, internally, and the agent is told.
    fn refuse(&self, errors: Vec<Sentence>, words: &str) -> Decision {
        let mut decision = Decision::new(Outcome::Refused { ticket: Some(self.ticket.number) }, self.agent.handle.as_str());
        decision.internal = true;
        for error in &errors {
            decision.because(format!("refused: {}", error.en));
        }
        decision.drafts.push(self.error(&errors, words, None));
        decision
    }

    fn error(&self, errors: &[Sentence], words: &str, held: Option<&Held>) -> Draft {
        let lapses = held.and_then(|held| held.lapses);
        let facts = AgentError {
            tags: true,
            ticket: Some(notify::card(self.ticket, self.policy, self.language)),
            agent: self.agent.name.clone(),
            subject: self.scene.mail.subject.clone(),
            errors: errors.iter().map(|error| error.to(self.language).to_owned()).collect(),
            text: words.to_owned(),
            held: held.is_some(),
            days: lapses.map_or(0, |lapses| (lapses - self.scene.now).num_days()),
        };
        notify::to_agent(self.agent, Some(self.ticket), self.policy, Facts::AgentError(facts))
    }

    /// The words are kept as a held letter, orders are left undone, and the agent is asked.
    fn hold(&self, (doubt, why): (Doubt, Sentence), words: &str, lapses: Option<DateTime<Utc>>) -> Decision {
        let mut decision = Decision::new(Outcome::Refused { ticket: Some(self.ticket.number) }, self.agent.handle.as_str());
        decision.internal = true;
        decision.because(format!("held: {}", why.en));
        let held = Held { why: why.en.clone(), doubt, lapses };
        let held = (!words.is_empty() && self.ticket.alert.is_none()).then_some(held);
        if held.is_some() {
            let facts = self.words_facts(None, &[], words, self.ticket);
            let mut letter = notify::to_requester(self.ticket, LetterKind::Reply, facts, self.copied(self.ticket));
            letter.held.clone_from(&held);
            letter.attach.clone_from(&self.files.attach);
            decision.drafts.push(letter);
        }
        decision.drafts.push(self.error(std::slice::from_ref(&why), words, held.as_ref()));
        decision.judged = Some(Box::new(Judged { held: Some(why.en), ..Judged::of(self.scene) }));
        decision
    }

    /// Carries out a plan that nothing speaks against.
    fn carry_out(&self, plan: &Plan, read: &TagReading, own: &ReplyText, words: &str, past: Past<'_>) -> Decision {
        let files = &self.files.attach;
        let own_words = words;
        let words = &self.with_canned(own_words, plan);
        if own_words.is_empty() && self.scene.mail.defects.contains(&Defect::RichText) {
            let rich = Sentence::new(
                "Your mail is written in Rich Text (RTF), which the desk does not read. Write it in plain text or HTML.",
                "您的邮件正文为 RTF 格式，服务台无法读取，请改用纯文本或 HTML 格式发送。",
            );
            return self.refuse(vec![rich], own_words);
        }
        let speaks = !words.is_empty() || !files.is_empty();
        // A machine reads no answers: words on what it reports stay with the ticket.
        let kept = speaks && !plan.note && self.ticket.alert.is_some();
        let relays = speaks && !plan.note && !kept;
        let internal = || Some((Doubt::Internal, self.uncertain(own, own_words)?));
        let absence = || Some((Doubt::Absence, self.absent(read, own_words)?));
        if relays && let Some(why) = internal().or_else(absence) {
            return self.hold(why, words, None);
        }
        // An adviser outside must not read the notification either.
        if !plan.consulted.is_empty()
            && let Some(why) = self.uncertain(own, words)
        {
            return self.refuse(vec![why], words);
        }
        if words.is_empty() && files.is_empty() && read.tags.is_empty() {
            let empty = Sentence::new("The mail holds no words of yours and no order.", "邮件中没有您写的内容，也没有指令。");
            return self.refuse(vec![empty], words);
        }
        if (relays || !plan.consulted.is_empty()) && self.files.size() > self.policy.limits.attachments {
            let limit = self.policy.limits.attachments / 1_048_576;
            let too_big = Sentence::new(format!("The files are larger than {limit} MB together."), format!("附件总大小超过 {limit} MB。"));
            return self.refuse(vec![too_big], words);
        }
        let mut decision = Decision::new(Outcome::Joined { ticket: self.ticket.number }, self.agent.handle.as_str());
        decision.internal = !relays;
        let mut changes = self.changes(plan, relays || kept);
        // Whoever reads the answer in Cc takes part; whoever reads a note is asked for advice.
        let before = if plan.restore.is_empty() { self.ticket } else { &plan.after };
        let copied = notify::newcomers(self.scene.mail, before, self.policy);
        let (here, word) = if relays { (true, "takes part now") } else { (false, "is asked for advice") };
        let copied: Vec<Person> = if relays || (plan.note && speaks) { copied } else { Vec::new() };
        for person in &copied {
            decision.because(format!("{} stands in Cc: {word}", person.address));
            changes.push(if here { Change::Participant(person.clone(), true) } else { Change::Consulted(person.clone(), true) });
        }
        let mut after = self.ticket.clone();
        for change in &changes {
            after.apply(change, self.scene.at);
        }
        if self.tells(plan, &after, relays) {
            changes.push(Change::Told(Some(self.scene.now)));
            after.apply(&Change::Told(Some(self.scene.now)), self.scene.at);
        }
        decision.because(if relays { "the agent's words go to the requester" } else { "nothing of it is relayed" });
        if !plan.release.is_empty() {
            decision.because(format!("what was held goes out now: {} in all", plan.release.len()));
        }
        if !self.files.known.is_empty() {
            decision.because(format!("known from earlier mails of the ticket, not sent on: {}", self.files.known.join(", ")));
        }
        if !self.files.inside.is_empty() {
            decision.because(format!("may hold a mail of the desk, not sent on: {}", self.files.inside.join(", ")));
        }
        self.write_to_requester(&mut decision, plan, &after, relays.then_some(words.as_str()));
        pacing::wait_for_second_thoughts(&mut decision, self.policy, self.scene.now);
        self.tell_colleagues(&mut decision, plan, &after, words, past, relays);
        let held_back = relays && !self.files.not_sent(self.language).is_empty();
        let elsewhere = !self.went_elsewhere(&after, relays).is_empty();
        if kept
            || held_back
            || elsewhere
            || !copied.is_empty()
            || self.scene.grant.is_some()
            || (!read.tags.is_empty() && !plan.done.is_empty())
        {
            decision.drafts.push(self.receipt(plan, &after, relays, kept, &copied));
        }
        if plan.help {
            let ticket = Some(notify::card(&after, self.policy, self.language));
            let facts = Help { ticket, ..help(self.agent, self.policy) };
            decision.drafts.push(notify::to_agent(self.agent, Some(&after), self.policy, Facts::Help(facts)));
        }
        for approver in plan.approvers.iter().filter_map(|handle| self.policy.approver(handle)) {
            let question = Question { asked_by: &self.agent.name, note: words, text: past.words.to_owned(), files: Vec::new() };
            decision.drafts.push(question.to(approver, &after, self.policy));
        }
        decision.release.clone_from(&plan.release);
        decision.cancel.clone_from(&plan.cancel);
        decision.restore.clone_from(&plan.restore);
        decision.changes = changes.into_iter().map(|c| (self.ticket.number, c)).chain(plan.others.iter().cloned()).collect();
        decision
    }

    /// The agent's words with the canned replies behind them; where he wrote none, a greeting before them.
    fn with_canned(&self, words: &str, plan: &Plan) -> String {
        if plan.canned.is_empty() {
            return words.to_owned();
        }
        let name = canned::harmless(self.ticket.requester.called());
        let greeting = notify::say(&self.ticket.language, format!("Hello {name},"), format!("{name}，您好！"));
        let head = if words.is_empty() { greeting } else { words.to_owned() };
        std::iter::once(head).chain(plan.canned.iter().cloned()).collect::<Vec<_>>().join("\n\n")
    }

    /// Every change of the plan, with those that an answer itself brings.
    fn changes(&self, plan: &Plan, answers: bool) -> Vec<Change> {
        let mut changes = plan.changes.clone();
        changes.extend(notify::within_reach(self.ticket, &self.agent.address));
        let undoes = !plan.restore.is_empty();
        let before = if undoes { &plan.after } else { self.ticket };
        let moved = !undoes && changes.iter().any(|c| matches!(c, Change::Owner(_) | Change::Team(_)));
        if answers && before.owner.is_none() && !moved {
            changes.push(Change::Owner(Some(self.agent.handle.clone())));
        }
        if answers && before.answered.is_none() {
            changes.push(Change::Answered(Some(self.scene.at)));
        }
        let takes = changes.iter().any(|c| matches!(c, Change::Owner(Some(handle)) if *handle == self.agent.handle));
        if plan.status.is_none() && before.status == Status::New && (answers || takes) {
            changes.push(Change::Status(Status::Open));
        }
        changes.extend(plan.status_changes());
        changes
    }

    /// Does the requester hear of it, by words or by what the orders entail?
    fn tells(&self, plan: &Plan, after: &Ticket, relays: bool) -> bool {
        let entailed = || plan.status.is_some() || !plan.articles.is_empty() || self.update(plan, after).is_some();
        relays || !self.is_silent(plan, after) && entailed()
    }

    /// Does the requester get no mail that the orders entail?
    fn is_silent(&self, plan: &Plan, after: &Ticket) -> bool {
        plan.quiet || self.unheard(after).is_some()
    }

    /// Why the desk writes nothing to the requester by itself, where that is so.
    fn unheard(&self, after: &Ticket) -> Option<&'static str> {
        let address = &after.requester.address;
        [
            (after.quiet, "the ticket gets no automatic mail"),
            (*address == Address::nowhere(), "the ticket has no sender who could be written to"),
            (after.unreachable.contains(address), "the address is out of reach"),
            (self.policy.is_via_list(address), "it is a list that does not say who wrote"),
        ]
        .into_iter()
        .find_map(|(so, why)| so.then_some(why))
    }

    /// Why the words may hold something internal, if that is not certain.
    fn uncertain(&self, own: &ReplyText, words: &str) -> Option<Sentence> {
        // Translated or otherwise changed, a notification has its sign and the rule above it still.
        let shape = || holds_sign(words.as_bytes()) || words.contains(END_RULE) && text::fold(words).contains("postdesk");
        let token = !trust::in_text(words, &self.policy.key).is_empty() || words.contains(NOTICE_END) || shape();
        let quoted = notification(self.scene).is_some_and(|sent| repeats(words, sent));
        if token || quoted {
            return Some(Sentence::new(
                "Parts of the notification seem to stand among your words, so they were not sent on.",
                "您的文字中似乎夹有通知的内容，因此没有转发。",
            ));
        }
        own.unsure.then(|| {
            Sentence::new(
                "Nothing tells whether some lines of your mail are yours or quoted, so your words were not sent on.",
                "您邮件中有些内容无法判断是您写的还是引用的，因此没有转发。",
            )
        })
    }

    /// Somebody else's answer went out after the mail that this one answers: the requester should not get two that may differ.
    fn crossed(&self, case: &Case, plan: &Plan, words: &str) -> Result<Option<Sentence>, Need> {
        if plan.note || self.ticket.alert.is_some() || (words.is_empty() && plan.canned.is_empty() && self.files.attach.is_empty()) {
            return Ok(None);
        }
        let reader = Reader {
            handle: self.agent.handle.clone(),
            address: self.agent.address.clone(),
            answers: self.scene.thread.sent.as_ref().map(|sent| sent.key.clone()),
            until: self.scene.grant.map(|grant| grant.written),
        };
        let Some(Crossing { by, at, words, cause }) = case.reply_after(self.ticket.number, &reader)? else { return Ok(None) };
        // He takes that one back.
        if plan.restore.contains(cause) {
            return Ok(None);
        }
        let name = notify::agent_name(self.policy, by);
        let said = notify::one_line(words, 200);
        let [ago, ago_zh] = ["en", "zh"].map(|language| notify::ago(self.scene.now - *at, language));
        let [said, said_zh] = match said.is_empty() {
            true => [String::new(), String::new()],
            false => [format!(": \"{said}\""), format!("：“{said}”")],
        };
        Ok(Some(Sentence::new(
            format!("{name} answered {ago}{said}. [send] sends yours too."),
            text::joined(&[&name, "已于", &ago_zh, &format!("答复{said_zh}。如仍要发出您的回复，请发送【发送】。")]),
        )))
    }

    /// Why a machine may have written the words, though nothing in the header says so. Machines write no tags.
    fn absent(&self, read: &TagReading, words: &str) -> Option<Sentence> {
        let phrase = absence::phrase(words).filter(|_| read.tags.is_empty())?;
        Some(Sentence::new(
            format!("It reads like an automatic answer (\"{phrase}\"), so it was not sent on."),
            format!("这封邮件像是自动回复（“{phrase}”），因此没有转发。"),
        ))
    }

    fn receipt(&self, plan: &Plan, after: &Ticket, relays: bool, kept: bool, copied: &[Person]) -> Draft {
        let mut done = plan.done.clone();
        if let Some(grant) = self.scene.grant {
            let written = notify::local_time(grant.written, self.policy);
            let en = format!("Your mail of {written} is carried out, as you confirmed it.");
            done.insert(0, say(self.language, en, format!("您 {written} 的邮件已按您的确认执行。")));
        }
        if kept {
            done.push(say(
                self.language,
                "Your words stay with the ticket: a machine reports here, and gets no mail.",
                "您写的内容保留在工单中：该工单由监控系统上报，不会向其发送邮件。",
            ));
        }
        if relays {
            done.extend(self.files.not_sent(self.language));
        }
        if !copied.is_empty() {
            let names: Vec<&str> = copied.iter().map(|p| p.address.as_str()).collect();
            let (en, zh) = (names.join(", "), names.join("、"));
            done.push(match relays {
                true => say(
                    self.language,
                    format!("In Cc, and so taking part now: {en}. [cc-=…] takes somebody out."),
                    format!("因在抄送中而参与该工单：{zh}。如需移除，请发送【抄送-=…】。"),
                ),
                false => say(
                    self.language,
                    format!("In Cc of a note, and so asked for advice: {en}. What they answer stays inside."),
                    format!("因在备注的抄送中而视为咨询对象：{zh}。其回复仅供内部。"),
                ),
            });
        }
        done.extend(self.went_elsewhere(after, relays));
        let sent = relays && !self.has_reached(&after.requester.address);
        let undo = self.policy.closing.undo.filter(|undo| sent && !undo.is_zero());
        let facts = AgentReceipt {
            ticket: notify::card(after, self.policy, self.language),
            agent: self.agent.name.clone(),
            done,
            sent_to: if sent { after.requester.called().to_owned() } else { String::new() },
            goes_at: undo.map_or_else(String::new, |undo| notify::local_time(self.scene.now + undo, self.policy)),
        };
        notify::to_agent(self.agent, Some(after), self.policy, Facts::AgentReceipt(facts))
    }
}

/// What is drawn around the desk's name at a notification's end.
const END_RULE: &str = "~~~~~~~~";

/// The text of the notification that is answered. One that returns an agent's own words to him is left out: they may come again.
fn notification<'a>(scene: &Scene<'a>) -> Option<&'a str> {
    let sent = scene.thread.sent.as_ref().filter(|sent| sent.template != Some(TemplateName::AgentError));
    sent.map(|sent| sent.text.as_str())
}

/// Does a line of the notification, long enough to be no coincidence, stand among the words?
fn repeats(words: &str, sent: &str) -> bool {
    /// Without quote marks, bullet or number.
    fn bare(line: &str) -> &str {
        let line = line.trim_matches(|c: char| c.is_whitespace() || ">|│┃▏＞".contains(c));
        let counted = line.trim_start_matches(|c: char| c.is_ascii_digit());
        let step = if counted.len() < line.len() { counted.strip_prefix(['.', '、', ')']) } else { line.strip_prefix(['-', '*', '•']) };
        step.map_or(line, str::trim_start)
    }
    // A Chinese character says as much as two letters.
    let long = |line: &&str| line.chars().map(|c| if c < '\u{2e80}' { 1 } else { 2 }).sum::<usize>() >= 16;
    let told: std::collections::HashSet<&str> = sent.lines().map(bare).filter(long).collect();
    words.lines().map(bare).filter(long).any(|line| told.contains(line))
}
