//! A requester or participant writes again: what his words mean for the ticket, and who hears of it.

use super::{Scene, alerts, judge_by_rules, sender_name, withheld};
use crate::domain::facts::{Facts, Update};
use crate::domain::files::Bundle;
use crate::domain::message::{Draft, LetterKind, Reading, ReplyText};
use crate::domain::notify::{self, say};
use crate::domain::policy::{Agent, Policy};
use crate::domain::ticket::{Change, Status, Ticket};
use crate::domain::{Case, Decision, Judged, Need, Outcome, absence, reply, text};

/// What a requester's answer to a resolved ticket, or a courtesy, means.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Gist {
    /// Solved.
    Solved,
    /// Solved, and next to nothing beside it: enough to end a ticket that nobody has called solved yet.
    PlainlySolved,
    /// Thanks and nothing else.
    Thanks,
    /// An absence notice or a robot's "received", though nothing in its header says so.
    Absence,
    /// Something to read.
    Words,
}

const SOLVED: &[&str] = &["已解决", "解决了", "好了", "可以了", "solved", "resolved", "it works", "works now", "working now", "fixed"];

const NOT_SOLVED: &[&str] = &[
    "没有解决", "未解决", "没解决", "不行", "还是", "仍然", "not", "n't", "still", "but", "但", "however", "again", "又", "?", "？", "吗",
];

const THANKS: &[&str] = &["谢谢", "感谢", "多谢", "收到", "thanks", "thank you", "thx", "cheers", "great", "ok", "好的", "辛苦了"];

/// Words of somebody who wants it solved.
const WISHES: &[&str] = &["when", "please", "need", "get ", "want", "hope", "请", "何时", "时候", "尽快", "要", "能", "希望", "才"];

/// Words of more characters say more than their gist.
const LONGEST_GIST: usize = 60;

/// The gist of short own words; anything longer than a line or two, or with a doubt in it, is words.
fn gist(text: &str) -> Gist {
    if absence::phrase(text).is_some() {
        return Gist::Absence;
    }
    let text = text.trim();
    if text.is_empty() || text.chars().nth(LONGEST_GIST).is_some() {
        return Gist::Words;
    }
    let text = text::fold(text);
    if NOT_SOLVED.iter().any(|w| text.contains(w)) {
        return Gist::Words;
    }
    if SOLVED.iter().any(|w| text.contains(w)) {
        let rest = SOLVED.iter().chain(THANKS).fold(text.clone(), |text, word| text.replace(word, ""));
        let few = rest.chars().filter(|c| c.is_alphanumeric()).count() <= 8;
        return if few && !WISHES.iter().any(|w| rest.contains(w)) { Gist::PlainlySolved } else { Gist::Solved };
    }
    let rest = THANKS.iter().fold(text.clone(), |text, word| text.replace(word, ""));
    if rest == text {
        return Gist::Words;
    }
    let left = rest.chars().filter(|c| c.is_alphanumeric()).count();
    if left <= 12 && !rest.contains(|c: char| c.is_ascii_digit()) { Gist::Thanks } else { Gist::Words }
}

/// His own words. An answer to a mail of ours may hold excerpts of a log.
fn own_words_of(scene: &Scene<'_>) -> ReplyText {
    match scene.thread.sent_text() {
        Some(sent) => reply::own_words_with_excerpts(&scene.mail.text, Some(sent)),
        None => reply::own_words(&scene.mail.text, None),
    }
}

/// A requester or participant wrote again.
pub(super) fn followup(case: &Case, scene: &Scene<'_>, ticket: &Ticket, policy: &Policy) -> Result<Decision, Need> {
    let mut decision = Decision::new(Outcome::Joined { ticket: ticket.number }, sender_name(scene.mail));
    decision.guards.push((ticket.number, ticket.version));
    let reply = own_words_of(scene);
    let gist = if scene.mail.attachments.is_empty() { gist(&reply.text) } else { Gist::Words };
    let is_requester = scene.mail.from.as_ref().is_some_and(|p| p.address == ticket.requester.address);
    // What waits for an approval does not end by a word.
    let status = next_status(ticket.status, gist, is_requester && (ticket.open_approval().is_none() || gist == Gist::Solved));
    let reopened = status.is_some_and(|(s, _)| s == Status::Open) && !ticket.status.is_live();
    let allowed = match reopened && is_requester {
        true => notify::within_caps(case, &ticket.requester.address, Some(ticket.number), policy, scene.now)?,
        false => Ok(()),
    };
    let known = if scene.mail.attachments.is_empty() { &[] } else { case.files(ticket.number)? };
    let files = Bundle::of_mail(scene.mail, known, policy);
    let verdict = judge_by_rules(scene, &ticket.fields, policy);
    if let Some(decision) = alerts::word(case, scene, &verdict, policy)? {
        return Ok(decision);
    }
    let mut after = ticket.clone();
    let mut changes: Vec<Change> = Vec::new();
    if is_requester {
        changes.push(Change::LastFromRequester(scene.mail.id.clone()));
    }
    if let Some(writer) = scene.mail.from.as_ref().filter(|p| ticket.unreachable.contains(&p.address)) {
        decision.because(format!("{} writes again: no longer taken for out of reach", writer.address));
    }
    changes.extend(scene.mail.from.iter().flat_map(|writer| notify::within_reach(ticket, &writer.address)));
    if scene.origin.suspect.is_none() {
        changes.extend(notify::newcomers(scene.mail, ticket, policy).into_iter().map(|p| Change::Participant(p, true)));
    }
    let unknown = verdict.fields.iter().filter(|(name, _)| !ticket.fields.contains_key(*name));
    changes.extend(unknown.map(|(name, value)| Change::Field(name.clone(), Some(value.clone()))));
    if let Some((status, why)) = status {
        decision.because(why);
        changes.push(Change::Status(status));
    }
    for change in &changes {
        after.apply(change, scene.at);
    }
    if gist == Gist::Absence {
        decision.because("it reads like an automatic answer: no status changes");
    }
    if gist == Gist::Thanks && status.is_none() {
        decision.because("thanks and nothing else: filed, nobody is disturbed");
    } else if scene.incoming.quiet {
        decision.because("nobody is told: it arrived before the desk took this mailbox up");
    } else {
        tell_caretakers(&mut decision, scene, &after, (&reply.text, &files), reopened, policy);
    }
    if reopened && is_requester && ticket.alert.is_none() {
        match withheld(scene, allowed, policy) {
            Some(why) => decision.because(format!("no word that it is open again: {why}")),
            None => decision.drafts.push(open_again(&after, policy)),
        }
    }
    decision.changes = changes.into_iter().map(|c| (ticket.number, c)).collect();
    decision.judged = Some(Box::new(Judged { verdict, reply, ..Judged::of(scene) }));
    Ok(decision)
}

/// Somebody whose advice was asked answers: for the agents alone; no status, no clock, nobody new takes part.
pub(super) fn advice(case: &Case, scene: &Scene<'_>, ticket: &Ticket, policy: &Policy) -> Result<Decision, Need> {
    let mut decision = Decision::new(Outcome::Joined { ticket: ticket.number }, sender_name(scene.mail));
    decision.guards.push((ticket.number, ticket.version));
    decision.internal = true;
    let reply = reply::own_words(&scene.mail.text, scene.thread.sent_text());
    let known = if scene.mail.attachments.is_empty() { &[] } else { case.files(ticket.number)? };
    let files = Bundle::of_mail(scene.mail, known, policy);
    decision.because("the answer of somebody whose advice was asked: it stays internal");
    let from = scene.mail.from.as_ref().map_or("", |from| from.called());
    for agent in notify::caretakers(ticket, policy).into_iter().filter(|_| !scene.incoming.quiet) {
        let event = say(
            notify::agent_language(agent, policy),
            "Advice that was asked for; the requester has not got it.",
            "咨询的答复，请求人未收到：",
        );
        decision.drafts.push(notify::agent_followup(agent, ticket, from, event, Some(&files), reply.text.clone(), policy));
    }
    decision.judged = Some(Box::new(Judged { reply, ..Judged::of(scene) }));
    Ok(decision)
}

/// The word to the requester that his ticket is worked on again.
fn open_again(ticket: &Ticket, policy: &Policy) -> Draft {
    let card = notify::card(ticket, policy, &ticket.language);
    let facts = Update { ticket: card, owner: String::new(), team: String::new(), waiting: false, reopened: true, rejected: false };
    notify::to_requester(ticket, LetterKind::Automatic, Facts::Update(facts), Vec::new())
}

/// What an answer does to the status, with the reason.
fn next_status(status: Status, gist: Gist, is_requester: bool) -> Option<(Status, &'static str)> {
    match (status, gist) {
        (Status::Resolved, Gist::Solved) if is_requester => Some((Status::Closed, "the requester confirms that it is solved: closed")),
        (Status::New | Status::Open | Status::Waiting | Status::Resolved, Gist::PlainlySolved) if is_requester => {
            Some((Status::Closed, "the requester says that it is solved: closed"))
        }
        (_, Gist::Thanks | Gist::Absence) => None,
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

fn tell_caretakers(
    decision: &mut Decision,
    scene: &Scene<'_>,
    ticket: &Ticket,
    (words, files): (&str, &Bundle),
    reopened: bool,
    policy: &Policy,
) {
    let from = writer(scene.mail, ticket);
    let wrote = |a: &Agent| scene.mail.from.as_ref().is_some_and(|p| p.address == a.address);
    let handed_in = |a: &Agent| scene.handed.is_some_and(|handed| handed.by.handle == a.handle);
    for agent in notify::caretakers(ticket, policy).into_iter().filter(|a| !wrote(a) && !handed_in(a)) {
        let language = notify::agent_language(agent, policy);
        let event = match (ticket.status, reopened) {
            (_, true) => say(language, "It was reopened by this answer.", "此回复重新打开了工单。"),
            (Status::Closed, _) => {
                say(language, "The requester confirms that it is solved; it is closed.", "请求人确认已解决，工单已关闭。")
            }
            _ => String::new(),
        };
        decision.drafts.push(notify::agent_followup(agent, ticket, from, event, Some(files), words.to_owned(), policy));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_gist_is_found_only_where_nothing_else_is_said() {
        for (text, expected) in [
            ("已解决,谢谢!", Gist::PlainlySolved),
            ("Solved, thanks", Gist::PlainlySolved),
            ("It works now.", Gist::PlainlySolved),
            ("问题已解决", Gist::PlainlySolved),
            ("Please get it fixed", Gist::Solved),
            ("希望尽快解决了", Gist::Solved),
            ("The router was replaced and it works", Gist::Solved),
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
            ("I am out of the office until Monday.", Gist::Absence),
            ("您好，我正在休假，12月7日返回。", Gist::Absence),
        ] {
            assert_eq!(gist(text), expected, "{text}");
        }
    }
}
