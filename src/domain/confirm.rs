//! Confirmation mails: an agent's mail that nothing proves is carried out when he confirms it (promise 6).
//!
//! The question goes to the agent's configured address and carries a token for itself alone: it names the agent and, as an HMAC of the
//! cause, the one mail that is asked about, so that it gives no other order. The desk keeps nothing more of a question than the mail
//! that asks it. The answer becomes a cause of its own, [`super::What::Granted`], whose key is that of the original: it comes once.

use chrono::{DateTime, Duration, Utc};
use serde::{Deserialize, Serialize};

use super::facts::{AgentError, Facts};
use super::intake::Scene;
use super::message::{Draft, Reading, ReplyText};
use super::notify::{self, say};
use super::origin::{Origin, OriginKind};
use super::policy::{Agent, Policy};
use super::tags::{self, Tag, TagReading};
use super::thread::{By, Thread};
use super::ticket::{Ticket, TicketNo};
use super::trust::{self, Key, Sender, Token, TokenPlace};
use super::{Asked, Case, CauseKey, Decision, Judged, Need, Outcome, absence, reply, retire, text};

/// So long a question can be answered.
pub fn lapses() -> Duration {
    Duration::days(7)
}

/// An agent's word that a mail is his.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Grant {
    /// The mail.
    pub original: CauseKey,
    /// His handle.
    pub by: String,
    /// When that mail arrived.
    pub written: DateTime<Utc>,
    /// When he confirmed it.
    pub confirmed: DateTime<Utc>,
}

/// What the token of a confirmation mail says. It stands where an agent's handle stands, `confirm.<signature>.<his name>`; a handle has no
/// dot, so that this is never an agent's token.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Question {
    /// Whom it asks.
    pub handle: String,
    /// How many of his tokens of the ticket were retired before.
    pub retired: u32,
    /// Of (agent, cause).
    signature: String,
    /// The agent was told how to answer: he is not told again, for two robots might go on.
    told: bool,
}

const ASKED: &str = "confirm";
const TOLD: &str = "again";

impl Question {
    /// The question to this agent about the mail of this cause.
    pub fn about(original: &CauseKey, agent: &Agent, ticket: &Ticket, key: &Key) -> Question {
        let signature = key.sign(&[ASKED, &agent.handle, &original.0]);
        Question { handle: agent.handle.clone(), retired: ticket.retired(&agent.handle), signature, told: false }
    }

    /// The question that a token answers.
    pub fn of(token: &Token) -> Option<Question> {
        let (kind, rest) = token.agent.as_deref()?.split_once('.')?;
        let told = match kind {
            ASKED => false,
            TOLD => true,
            _ => return None,
        };
        let (signature, name) = rest.split_once('.')?;
        let named = Token { ticket: token.ticket, agent: Some(name.to_owned()) };
        let (handle, retired) = named.holder()?;
        Some(Question { handle: handle.to_owned(), retired, signature: signature.to_owned(), told })
    }

    /// How it stands in the token.
    pub fn name(&self) -> String {
        let kind = if self.told { TOLD } else { ASKED };
        format!("{kind}.{}.{}", self.signature, Token::name(&self.handle, self.retired))
    }

    fn is_about(&self, original: &CauseKey, key: &Key) -> bool {
        key.signed(&[ASKED, &self.handle, &original.0], &self.signature)
    }
}

/// An answer to a confirmation mail.
#[derive(Debug)]
pub struct Answer<'a> {
    /// Who answers.
    pub agent: &'a Agent,
    /// The ticket of the question.
    pub ticket: TicketNo,
    /// Which one.
    pub question: Question,
}

impl Answer<'_> {
    /// Was the question put to whoever answers? Else somebody was asked for his opinion of it, as colleagues are.
    fn is_asked(&self) -> bool {
        self.question.handle == self.agent.handle
    }

    /// What the answer says of its sender, and of the conversation that it belongs to.
    pub fn place(&self, sender: &mut Sender, thread: &mut Thread) {
        if self.is_asked() {
            sender.because = format!("{}, and it answers the mail that asked him to confirm another", sender.because);
            thread.ticket.get_or_insert(self.ticket);
            thread.linked = None;
        } else {
            thread.because = format!("it answers the mail that asks {} to confirm another", self.question.handle);
            (thread.ticket, thread.by, thread.linked) = (Some(self.ticket), By::MessageId, None);
        }
    }
}

/// The question that a mail answers: the first token that was mailed to somebody of the house is that of a question.
pub fn answered<'a>(mail: &Reading, origin: &Origin, tokens: &[(Token, TokenPlace)], policy: &'a Policy) -> Option<Answer<'a>> {
    if origin.kind != OriginKind::Person {
        return None;
    }
    let agent = policy.agent_at(&mail.from.as_ref()?.address)?;
    let (token, _) = tokens.iter().find(|(token, _)| token.agent.is_some())?;
    let answer = Answer { agent, ticket: token.ticket, question: Question::of(token)? };
    (answer.is_asked() || origin.suspect.is_none()).then_some(answer)
}

/// What follows from an answer to somebody else's question: nothing, and the writer hears what he answered. The mail that tells him carries his own token, so that its
/// answers are no more of this kind.
///
/// # Errors
/// The [`Need`] for the caps.
fn answer_of_another(case: &Case, scene: &Scene<'_>, answer: &Answer<'_>, ticket: &Ticket, policy: &Policy) -> Result<Decision, Need> {
    let Answer { agent, ticket: number, question } = answer;
    let own = reply::own_words(&scene.mail.text, scene.thread.sent_text());
    let said = Said { scene, agent, ticket, number: *number, question, words: own.text.trim(), policy };
    let mut decision = Decision::new(Outcome::Refused { ticket: Some(ticket.number) }, agent.handle.as_str());
    decision.internal = true;
    decision.guards.push((ticket.number, ticket.version));
    decision.because(format!("nothing is done: it answers the mail that asks {} whether another is his", question.handle));
    match notify::may_ask(case, &agent.address, policy, scene.now)? {
        Ok(()) => {
            let asked = notify::agent_name(policy, &question.handle);
            decision.drafts.push(said.error(
                format!(
                    "You answered a mail to {asked}. It asks whether a mail that came in the name of {asked} is genuine, and only {asked} can say so, \
                     in a reply to it; where nobody does, it lapses by itself. Yours went to nobody. To write on this ticket, reply to this mail."
                ),
                text::joined(&[
                    "您回复的是发给",
                    &asked,
                    "的邮件：它询问一封以",
                    &asked,
                    "名义发来的邮件是否属实，只有",
                    &asked,
                    "本人回复该邮件才能确认；无人确认则自动失效。您的邮件没有转给任何人。如需在该工单中回复，请直接回复本邮件。",
                ]),
            ));
        }
        Err(why) => decision.because(why),
    }
    decision.judged = Some(Box::new(Judged { reply: ReplyText { text: said.words.to_owned(), ..own }, ..Judged::of(scene) }));
    Ok(decision)
}

/// What follows from an answer; `ticket` is the one that it is filed with.
///
/// # Errors
/// The [`Need`] for what was asked on the ticket.
pub fn answer(case: &Case, scene: &Scene<'_>, answer: &Answer<'_>, ticket: &Ticket, policy: &Policy) -> Result<Decision, Need> {
    if !answer.is_asked() {
        return answer_of_another(case, scene, answer, ticket, policy);
    }
    let Answer { agent, ticket: number, question } = answer;
    let own = reply::own_words_of_answer(&scene.mail.text, scene.thread.sent.as_ref());
    let sent = scene.thread.sent.as_ref().map_or("", |sent| sent.subject.as_str());
    let read = tags::read_answer(&scene.mail.subject, [ticket.subject.as_str(), sent], &own.text);
    let asked = case.asked(*number)?.iter().find(|asked| question.is_about(&asked.cause, &policy.key));
    let retired = case.ticket(*number)?.map_or(0, |ticket| ticket.retired(&agent.handle));
    let said = Said { scene, agent, ticket, number: *number, question, words: own.text.trim(), policy };
    let mut decision = Decision::new(Outcome::Refused { ticket: Some(ticket.number) }, agent.handle.as_str());
    decision.internal = true;
    decision.guards.push((ticket.number, ticket.version));
    match asked {
        _ if !confirms(said.words) && said.is_left_alone() => {
            decision.because("not carried out: the answer does not begin with \"confirm\"")
        }
        Some(asked) if let Some(why) = said.obstacle(asked, retired) => said.refuse(&mut decision, why),
        Some(asked) if confirms(said.words) => said.grant(&mut decision, asked, &read),
        Some(asked) => said.tell_how(&mut decision, asked),
        None => said.refuse(&mut decision, ("The desk knows no such question.".into(), "找不到所回复的确认请求。".into())),
    }
    decision.judged =
        Some(Box::new(Judged { tags: read.tags, reply: ReplyText { text: said.words.to_owned(), ..own }, ..Judged::of(scene) }));
    Ok(decision)
}

/// Does a text begin with the word, alone? A question confirms nothing.
fn confirms(words: &str) -> bool {
    const WORDS: [&str; 2] = ["confirm", "确认"];
    let line = text::fold(words.lines().map(str::trim).find(|line| !line.is_empty()).unwrap_or_default());
    let line = line.trim_start_matches(['"', '\'', '*', '`', '“', '‘', '「', ' ']);
    let ends = |rest: &str| rest.chars().next().is_none_or(|c| !c.is_alphanumeric() && !"-_@'’".contains(c));
    !line.contains(['?', '？']) && WORDS.iter().filter_map(|word| line.strip_prefix(word)).any(ends)
}

/// An agent's answer, with what it is about.
struct Said<'a> {
    scene: &'a Scene<'a>,
    agent: &'a Agent,
    ticket: &'a Ticket,
    /// The ticket of the question, which may have been merged since.
    number: TicketNo,
    question: &'a Question,
    words: &'a str,
    policy: &'a Policy,
}

impl Said<'_> {
    /// Nobody need be told that this confirms nothing: a machine wrote it, or he was told.
    fn is_left_alone(&self) -> bool {
        self.question.told || absence::phrase(self.words).is_some()
    }

    /// Why the answer counts for nothing, whatever it says: (English, Chinese).
    fn obstacle(&self, asked: &Asked, retired: u32) -> Option<(String, String)> {
        let time = |at| notify::local_time(at, self.policy);
        let written = time(asked.written);
        let both = |en: String, zh: String| Some((en, zh));
        if self.scene.origin.suspect.is_some() || trust::forged(self.scene.mail, self.policy).is_some() {
            return both(
                "Our mail server says that the sender of the answer may be forged, so it confirms nothing.".into(),
                "邮件服务器认为这封回复的发件人可能是伪造的，因此不作为确认。".into(),
            );
        }
        if let Some(at) = asked.granted {
            let at = time(at);
            return both(
                format!("That is done already: you confirmed your mail of {written} at {at}, and were told then what came of it."),
                format!("此事已经办理：您 {written} 的邮件已于 {at} 确认，结果当时已通知您。"),
            );
        }
        if retire::outside(self.scene.mail, self.policy).is_some() || self.question.retired != retired {
            return both(
                format!(
                    "The question has been seen by people outside, so an answer to it proves nothing. Your mail of {written} was not carried out; send it again in a reply to this mail."
                ),
                format!("确认请求已被外部人员看到，对它的回复不能证明什么。您 {written} 的邮件没有执行；请在回复本邮件时重新发送。"),
            );
        }
        let days = lapses().num_days();
        (self.scene.at - asked.at > lapses()).then(|| {
            (
                format!("The question has lapsed after {days} days. Your mail of {written} was not carried out; send it again in a reply to this mail."),
                format!("确认请求已超过 {days} 天，不再有效。您 {written} 的邮件没有执行；请在回复本邮件时重新发送。"),
            )
        })
    }

    fn refuse(&self, decision: &mut Decision, (en, zh): (String, String)) {
        decision.because(format!("not carried out: {en}"));
        decision.drafts.push(self.error(en, zh));
    }

    fn error(&self, en: String, zh: String) -> Draft {
        let language = notify::agent_language(self.agent, self.policy);
        let facts = AgentError {
            tags: false,
            ticket: Some(notify::card(self.ticket, self.policy, language)),
            agent: self.agent.name.clone(),
            subject: self.scene.mail.subject.clone(),
            errors: vec![say(language, en, zh)],
            text: notify::shortened(self.words),
            held: false,
            days: 0,
        };
        notify::to_agent(self.agent, Some(self.ticket), self.policy, Facts::AgentError(facts))
    }

    /// The mail that tells how asks once more.
    fn tell_how(&self, decision: &mut Decision, asked: &Asked) {
        decision.because("not carried out: the answer does not begin with \"confirm\"; the agent is told how");
        let written = notify::local_time(asked.written, self.policy);
        let mut draft = self.error(
            format!("Your answer does not begin with the word \"confirm\", so your mail of {written} is not carried out. To have it carried out, reply to this mail with that one word."),
            format!("您的回复没有以“确认”二字开头，因此您 {written} 的邮件没有执行。如需执行，请回复本邮件，只写“确认”二字。"),
        );
        draft.agent = Some(Question { told: true, ..self.question.clone() }.name());
        draft.ticket = Some(self.number);
        decision.drafts.push(draft);
    }

    fn grant(&self, decision: &mut Decision, asked: &Asked, read: &TagReading) {
        decision.outcome = Outcome::Joined { ticket: self.ticket.number };
        let (handle, written) = (&self.agent.handle, notify::local_time(asked.written, self.policy));
        decision.because(format!("{handle} confirms the mail of {written}: it is carried out now"));
        let (original, by) = (asked.cause.clone(), handle.clone());
        decision.grants.push(Grant { original, by, written: asked.written, confirmed: self.scene.at });
        if read.tags.is_empty() {
            return;
        }
        let shown: Vec<String> = read.tags.iter().map(Tag::to_string).collect();
        let shown = shown.join(" ");
        decision.because(format!("not carried out: {shown} in the answer"));
        decision.drafts.push(self.error(
            format!(
                "{shown}: not carried out. Your mail of {written} was, as it stood; send what you want beside it in a reply to this mail."
            ),
            format!("{shown}：没有执行。您 {written} 的邮件已按原样执行；其他指令请在回复本邮件时发送。"),
        ));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_own_word_confirms() {
        for (words, expected) in [
            ("confirm", true),
            ("Confirm.", true),
            ("CONFIRM!", true),
            ("\n  confirm\n\nLi Wei", true),
            ("Confirm, thanks", true),
            ("confirm - Li", true),
            ("confirm\u{3000}", true),
            ("ｃｏｎｆｉｒｍ", true),
            ("\"confirm\"", true),
            ("*confirm*", true),
            ("确认", true),
            ("确认。", true),
            ("确认！", true),
            ("確認", true),
            ("确认，谢谢", true),
            ("“确认”", true),
            ("确认 李伟", true),
            ("Confirmed", false),
            ("confirmed by Bob that it works", false),
            ("confirms", false),
            ("confirm-not", false),
            ("confirm@desk.test wrote this", false),
            ("Confirm?", false),
            ("confirm what?", false),
            ("I confirm", false),
            ("Do not confirm", false),
            ("Yes, confirm", false),
            ("> confirm", false),
            ("#confirm", false),
            ("[confirm]", false),
            ("确认吗？", false),
            ("确认无误", false),
            ("不确认", false),
            ("已确认", false),
            ("", false),
        ] {
            assert_eq!(confirms(words), expected, "{words:?}");
        }
    }

    #[test]
    fn a_question_is_for_one_agent_and_one_mail() {
        let key = Key::new([7; 32]);
        let (mail, other) = (CauseKey("mail:a.b".into()), CauseKey("mail:a.c".into()));
        for (handle, retired, told) in [("li", 0, false), ("li", 3, false), ("wang", 0, true), ("1", 2, true), ("confirm", 0, false)] {
            let signature = key.sign(&[ASKED, handle, &mail.0]);
            let question = Question { handle: handle.into(), retired, signature, told };
            let token = Token { ticket: TicketNo(1042), agent: Some(question.name()) };
            let read = Token::read(&token.text(&key), &key).unwrap();
            assert_eq!(Question::of(&read), Some(question.clone()), "{handle}");
            assert!(question.is_about(&mail, &key) && !question.is_about(&other, &key));
            let borrowed = Question { handle: "chen".into(), ..question };
            assert!(!borrowed.is_about(&mail, &key));
            assert_ne!(read.holder().map(|(holder, _)| holder), Some(handle), "it is no agent's token");
        }
        for name in ["li", "li.1", "confirm", "confirm.1", "again.2", "approver.zhao.1", "0"] {
            assert_eq!(Question::of(&Token { ticket: TicketNo(1042), agent: Some(name.into()) }), None, "{name}");
        }
    }
}
