//! Who gets which mail: cards, drafts and the caps on automatic mail (promise 4).

use chrono::{DateTime, Datelike, Duration, Utc};

use super::facts::{AgentFollowup, AgentNew, Because, Card, Facts, Link};
use super::files::Bundle;
use super::intake::Handed;
use super::language::{self, is_chinese};
use super::message::{Address, Defect, Draft, LetterKind, Person, Reading, Recipient};
use super::policy::{Agent, Article, Policy};
use super::reply;
use super::rules::{Evidence, labels};
use super::ticket::{Change, Clock, Ticket, TicketNo};
use super::trust::Token;
use super::{Case, Decision, Need, Query, Reason, approvals, origin, sla, suggest};

/// At most so many links in one mail.
pub const MOST_LINKS: usize = 3;

/// A ticket in words for a reader of this language.
pub fn card(ticket: &Ticket, policy: &Policy, language: &str) -> Card {
    let chinese = is_chinese(language);
    let word = |en: &str, zh: &str| if chinese { zh.to_owned() } else { en.to_owned() };
    Card {
        number: ticket.number.0,
        tag: tag(ticket.number, policy),
        subject: ticket.subject.clone(),
        status: word(ticket.status.as_str(), ticket.status.zh()),
        priority: word(ticket.priority.as_str(), ticket.priority.zh()),
        category: ticket.category.as_deref().map_or_else(String::new, |id| category_name(policy, id, language)),
        team: ticket.team.clone().unwrap_or_default(),
        owner: ticket.owner.as_deref().map_or_else(String::new, |handle| agent_name(policy, handle)),
        requester: ticket.requester.called().to_owned(),
        requester_address: ticket.requester.address.to_string(),
        opened: local_time(ticket.opened, policy),
        machine: ticket.alert.is_some(),
        approval: approvals::standing(ticket, policy, language),
    }
}

/// `[#1042]`
pub fn tag(number: TicketNo, policy: &Policy) -> String {
    format!("[{}{}]", policy.desk.ticket_prefix, number.0)
}

/// A category's name in a language; its id where the config knows no name.
pub fn category_name(policy: &Policy, id: &str, language: &str) -> String {
    policy.category(id).map_or_else(|| id.to_owned(), |c| c.name(language).to_owned())
}

/// An agent's name; the handle where it is unknown.
pub fn agent_name(policy: &Policy, handle: &str) -> String {
    policy.agent(handle).map_or_else(|| handle.to_owned(), |a| a.name.clone())
}

/// `2026-12-01 14:00` in the desk's zone.
pub fn local_time(at: DateTime<Utc>, policy: &Policy) -> String {
    at.with_timezone(&policy.desk.timezone).format("%Y-%m-%d %H:%M").to_string()
}

/// A moment within the next days as it is promised to a reader: `Tuesday 14:00`, `Thursday 8 October, 14:00`, `今天 14:00`.
pub fn promised(at: DateTime<Utc>, now: DateTime<Utc>, language: &str, policy: &Policy) -> String {
    let zone = policy.desk.timezone;
    let (at, now) = (at.with_timezone(&zone), now.with_timezone(&zone));
    let clock = at.format("%H:%M");
    let days = (at.date_naive() - now.date_naive()).num_days();
    let weekday = usize::try_from(at.weekday().num_days_from_monday()).unwrap_or_default();
    match (if is_chinese(language) { "zh" } else { language::primary(language) }, days) {
        ("zh", 0) => format!("今天 {clock}"),
        ("en", 0) => format!("{clock} today"),
        ("zh", _) => {
            let weekday = ["周一", "周二", "周三", "周四", "周五", "周六"].get(weekday).unwrap_or(&"周日");
            if days < 7 { format!("{weekday} {clock}") } else { format!("{} 月 {} 日（{weekday}）{clock}", at.month(), at.day()) }
        }
        ("en", _) if days < 7 => at.format("%A %H:%M").to_string(),
        ("en", _) => at.format("%A %-d %B, %H:%M").to_string(),
        _ => at.format("%Y-%m-%d %H:%M").to_string(),
    }
}

/// The language that an agent reads.
pub fn agent_language<'a>(agent: &'a Agent, policy: &'a Policy) -> &'a str {
    agent.language.as_deref().unwrap_or(&policy.desk.language)
}

/// How long ago, in words.
pub fn ago(span: Duration, language: &str) -> String {
    let (count, en, zh) = match (span.num_minutes(), span.num_hours(), span.num_days()) {
        (..1, _, _) => return say(language, "just now", "刚才"),
        (minutes, ..1, _) => (minutes, "minute", "分钟前"),
        (_, hours, ..1) => (hours, "hour", "小时前"),
        (_, _, days) => (days, "day", "天前"),
    };
    let plural = if count == 1 { "" } else { "s" };
    say(language, format!("{count} {en}{plural} ago"), format!("{count} {zh}"))
}

/// The beginning of a text on one line.
pub fn one_line(text: &str, most: usize) -> String {
    let line = text.split_whitespace().collect::<Vec<_>>().join(" ");
    match line.char_indices().nth(most).and_then(|(end, _)| line.get(..end)) {
        Some(head) => format!("{}…", head.trim_end()),
        None => line,
    }
}

/// A sentence in English or Chinese.
pub fn say(language: &str, en: impl Into<String>, zh: impl Into<String>) -> String {
    if is_chinese(language) { zh.into() } else { en.into() }
}

/// Links for a requester: in his language, published, not internal, at most three.
pub fn links(ids: &[String], policy: &Policy, language: &str) -> Vec<(String, Link)> {
    let readable = ids.iter().filter_map(|id| policy.article(id, language)).filter(|a| suggest::is_for_requester(a, language));
    readable.filter_map(|a| Some((a.id.clone(), link(a)?))).take(MOST_LINKS).collect()
}

/// The link to a published article.
pub fn link(article: &Article) -> Option<Link> {
    Some(Link { title: article.title.clone(), url: article.url.clone()?, summary: article.summary.clone() })
}

/// Articles for an agent: any language and audience.
fn agent_links(ids: &[String], policy: &Policy, language: &str) -> Vec<Link> {
    ids.iter().filter_map(|id| policy.article(id, language)).map(agent_link).take(MOST_LINKS).collect()
}

/// An article as an agent sees it, published or not.
fn agent_link(article: &Article) -> Link {
    Link { title: article.title.clone(), url: article.url.clone().unwrap_or_default(), summary: article.summary.clone() }
}

/// A draft to the requester (and, in Cc, others), in the ticket's language.
pub fn to_requester(ticket: &Ticket, kind: LetterKind, facts: Facts, cc: Vec<Person>) -> Draft {
    let mut to = vec![Recipient { person: ticket.requester.clone(), cc: false }];
    to.extend(cc.into_iter().map(|person| Recipient { person, cc: true }));
    Draft {
        language: ticket.language.clone(),
        kind,
        mailbox: ticket.mailbox.clone(),
        ticket: Some(ticket.number),
        to,
        agent: None,
        answers: ticket.last_from_requester.clone(),
        facts,
        variant: None,
        attach: Vec::new(),
        held: None,
        not_before: None,
    }
}

/// A draft to one agent, with his own token.
pub fn to_agent(agent: &Agent, ticket: Option<&Ticket>, policy: &Policy, facts: Facts) -> Draft {
    let person = Person { name: agent.name.clone(), address: agent.address.clone() };
    let mut draft = to_staff(person, agent_language(agent, policy), policy, facts);
    draft.agent = Some(Token::name(&agent.handle, ticket.map_or(0, |ticket| ticket.retired(&agent.handle))));
    if let Some(ticket) = ticket {
        draft.ticket = Some(ticket.number);
        draft.mailbox.clone_from(&ticket.mailbox);
    }
    draft
}

/// A draft to somebody of the house who needs no token.
pub fn to_staff(person: Person, language: &str, policy: &Policy, facts: Facts) -> Draft {
    Draft {
        language: language.to_owned(),
        kind: LetterKind::Notice,
        mailbox: policy.mailboxes.first().map(|m| m.name.clone()).unwrap_or_default(),
        ticket: None,
        to: vec![Recipient { person, cc: false }],
        agent: None,
        answers: None,
        facts,
        variant: None,
        attach: Vec::new(),
        held: None,
        not_before: None,
    }
}

/// Who looks after a ticket: its owner, else each member of its team.
pub fn caretakers<'a>(ticket: &Ticket, policy: &'a Policy) -> Vec<&'a Agent> {
    let owner = ticket.owner.as_deref().and_then(|handle| policy.agent(handle));
    owner.map_or_else(|| policy.members(ticket.team.as_deref()), |owner| vec![owner])
}

/// The notification that a ticket has come to somebody.
pub fn agent_new(
    agent: &Agent,
    ticket: &Ticket,
    (mail, handed): (&Reading, Option<Handed<'_>>),
    found: &Found<'_>,
    policy: &Policy,
) -> Draft {
    let language = agent_language(agent, policy);
    let files = Bundle::of_mail(mail, &[], policy);
    let facts = AgentNew {
        handed_by: handed.map_or_else(String::new, |handed| handed.by.name.clone()),
        note: handed.map_or_else(String::new, |handed| shortened(handed.note)),
        text: own_text(mail),
        defects: warnings(ticket, Some(mail), language, policy),
        evidence: heaviest(found.evidence).into_iter().map(|evidence| because(evidence, language)).collect(),
        articles: agent_links(found.articles, policy, language),
        ..bare_new(agent, ticket, &files, policy)
    };
    Draft { attach: files.attach, ..to_agent(agent, Some(ticket), policy, Facts::AgentNew(Box::new(facts))) }
}

/// The notification that a colleague hands a ticket over: what he says about it, and the words with which it began.
pub fn handed_over(agent: &Agent, ticket: &Ticket, by: &Agent, note: &str, first_words: &str, files: &Bundle, policy: &Policy) -> Draft {
    let facts = AgentNew {
        handed_by: by.name.clone(),
        note: note.to_owned(),
        text: first_words.to_owned(),
        defects: warnings(ticket, None, agent_language(agent, policy), policy),
        articles: agent_links(&ticket.links, policy, agent_language(agent, policy)),
        ..bare_new(agent, ticket, files, policy)
    };
    Draft { attach: files.attach.clone(), ..to_agent(agent, Some(ticket), policy, Facts::AgentNew(Box::new(facts))) }
}

/// What a notification says of any ticket.
fn bare_new(agent: &Agent, ticket: &Ticket, files: &Bundle, policy: &Policy) -> AgentNew {
    let playbook = policy.playbook(ticket, agent_language(agent, policy));
    let by = |clock| sla::deadline(ticket, clock, policy).map_or_else(String::new, |at| local_time(at, policy));
    AgentNew {
        ticket: card(ticket, policy, agent_language(agent, policy)),
        agent: agent.name.clone(),
        answer_by: by(Clock::FirstResponse),
        resolve_by: by(Clock::Resolution),
        yours: ticket.owner.as_deref() == Some(agent.handle.as_str()),
        handed_by: String::new(),
        note: String::new(),
        text: String::new(),
        files: files.names(),
        not_attached: files.not_attached(agent_language(agent, policy), ticket, policy),
        defects: Vec::new(),
        evidence: Vec::new(),
        playbook: playbook.map(agent_link),
        steps: playbook.map_or_else(String::new, |article| numbered(&article.steps)),
        articles: Vec::new(),
        fields: ticket.fields.iter().map(|(name, value)| labels::shown(name, value, agent_language(agent, policy))).collect(),
    }
}

/// `1. …`, one a line.
fn numbered(steps: &[String]) -> String {
    let lines: Vec<String> = steps.iter().enumerate().map(|(at, step)| format!("{}. {step}", at + 1)).collect();
    lines.join("\n")
}

/// What the rules found, as far as a notification shows it.
#[derive(Debug, Clone, Copy, Default)]
pub struct Found<'a> {
    /// Matches.
    pub evidence: &'a [Evidence],
    /// Article ids.
    pub articles: &'a [String],
}

/// A notification names so many matches; all of them are in the history.
const MOST_EVIDENCE: usize = 6;

/// The matches that decided most, in the order of the rules.
fn heaviest(evidence: &[Evidence]) -> Vec<&Evidence> {
    let mut ranked: Vec<(usize, &Evidence)> = evidence.iter().enumerate().collect();
    ranked.sort_by_key(|(_, e)| std::cmp::Reverse(e.weight));
    ranked.truncate(MOST_EVIDENCE);
    ranked.sort_by_key(|(at, _)| *at);
    ranked.into_iter().map(|(_, e)| e).collect()
}

fn because(evidence: &Evidence, language: &str) -> Because {
    let Evidence { rule, at, field, matched, .. } = evidence;
    Because { rule: rule.clone(), at: at.clone(), field: field_in(language, field), matched: matched.clone() }
}

/// What a rule looked at, as its reader calls it: rule files are English, agents need not be.
fn field_in(language: &str, field: &str) -> String {
    const CHINESE: [(&str, &str); 11] = [
        ("subject", "主题"),
        ("text", "正文"),
        ("from", "发件人"),
        ("from_domain", "发件人域名"),
        ("to", "收件人"),
        ("cc", "抄送"),
        ("attachment", "附件"),
        ("language", "语言"),
        ("origin", "邮件类型"),
        ("role", "发件人身份"),
        ("business_hours", "工作时间"),
    ];
    let chinese = CHINESE.iter().find(|(name, _)| *name == field).filter(|_| is_chinese(language));
    chinese.map_or(field, |(_, chinese)| *chinese).to_owned()
}

/// The notification that something happened on a ticket.
pub fn agent_followup(
    agent: &Agent,
    ticket: &Ticket,
    from: &str,
    event: String,
    files: Option<&Bundle>,
    text: String,
    policy: &Policy,
) -> Draft {
    let facts = AgentFollowup {
        ticket: card(ticket, policy, agent_language(agent, policy)),
        agent: agent.name.clone(),
        from: from.to_owned(),
        event,
        text: shortened(&text),
        files: files.map(Bundle::names).unwrap_or_default(),
        not_attached: files.map(|f| f.not_attached(agent_language(agent, policy), ticket, policy)).unwrap_or_default(),
    };
    let attach = files.map(|f| f.attach.clone()).unwrap_or_default();
    Draft { attach, ..to_agent(agent, Some(ticket), policy, Facts::AgentFollowup(facts)) }
}

/// A notification shows so many characters of a mail; the whole of it is kept.
const MOST_TEXT: usize = 20_000;

/// The writer's own words; the whole text of a forward and where the cut left nothing. What looks like a quote and holds no mail of ours is
/// what the mail is about: one that did not arrive, or another's that the writer passes on by answering it to us ("see below").
pub fn own_text(mail: &Reading) -> String {
    let answers = mail.subject != mail.base_subject || !mail.in_reply_to.is_empty() || !mail.references.is_empty();
    let own = mail.reply.text.trim();
    if mail.reply.quoted && !answers {
        let own = reply::own_words_with_excerpts(&mail.text, None);
        return shortened(if own.quoted { mail.text.trim() } else { &own.text });
    }
    let of_others = mail.reply.quoted && !mail.text.contains(reply::REF_LINE);
    shortened(if own.is_empty() || mail.forwarded || of_others { mail.text.trim() } else { own })
}

/// A text that a notification can carry.
pub fn shortened(text: &str) -> String {
    // A text of fewer bytes has fewer characters.
    let end = if text.len() <= MOST_TEXT { None } else { text.char_indices().nth(MOST_TEXT) };
    match end.and_then(|(end, _)| text.get(..end)) {
        Some(head) => format!("{head}\n[…]"),
        None => text.to_owned(),
    }
}

/// Names of the files that came along.
pub fn file_names(mail: &Reading) -> Vec<String> {
    mail.attachments.iter().filter(|a| !a.inline).map(|a| a.name.clone()).collect()
}

/// What an agent should know of a new ticket before he answers.
fn warnings(ticket: &Ticket, mail: Option<&Reading>, language: &str, policy: &Policy) -> Vec<String> {
    let linked = ticket.linked.map(|number| {
        let from = &ticket.requester.address;
        let en = format!(
            "The mail speaks of {number}, but did not join it: its sender takes no part there, or it is a forward, or {number} is closed for \
             good. If it belongs there, [cc+={from}] in an answer on {number} lets the sender in."
        );
        let zh = format!(
            "邮件提到 {number}，但未并入：发件人不是该工单的参与者，或为转发邮件，或该工单早已关闭。如应归入，请在 {number} 的回复中写【抄送+={from}】让其参与。"
        );
        say(language, en, zh)
    });
    let defects = mail.into_iter().flat_map(|m| m.defects.iter().filter_map(|d| defect_sentence(*d, language)));
    let list = policy.is_via_list(&ticket.requester.address).then(|| {
        let en =
            "It came through a list that does not say who wrote it: an answer goes to all of the list. [requester=…] names the writer.";
        say(language, en, "邮件经由邮件列表转来，未说明由谁所写：回复会发给列表的所有成员。可用【请求人=…】指定发件人。")
    });
    linked.into_iter().chain(list).chain(defects).collect()
}

/// A defect that an agent should know of, as a sentence.
fn defect_sentence(defect: Defect, language: &str) -> Option<String> {
    let (en, zh) = match defect {
        // Of each program its own sentence tells (`files`).
        Defect::NoMessageId | Defect::Mislabelled | Defect::Program => return None,
        Defect::NoFrom => ("The mail names no sender: it cannot be answered by mail.", "邮件没有发件人，无法回复。"),
        Defect::NoHeader => ("The mail has no header.", "邮件没有信头。"),
        Defect::Undecodable => ("Parts of the text could not be decoded.", "部分内容无法解码。"),
        Defect::TooManyParts => (
            "The mail has too many parts, or too many inside one another; not all of it was read.",
            "邮件的分段过多或嵌套过深，未能全部读取。",
        ),
        Defect::HeaderTooLarge => ("The mail's header is too large; not all of it was read.", "邮件的信头过大，未能全部读取。"),
        Defect::Winmail => (
            "The mail's files are inside winmail.dat, which is passed on as it is and which only Outlook opens: ask the sender to write in HTML or plain text, not in Rich Text, and to send them again.",
            "邮件的附件包含在 winmail.dat 中（原样转交），只有 Outlook 能打开；请对方改用 HTML 或纯文本格式（而非 RTF）重新发送。",
        ),
        Defect::RichText => (
            "The mail is written in Rich Text (RTF), which the desk does not read: its words are in the attached file.",
            "邮件正文为 RTF 格式，服务台无法读取，内容见附件。",
        ),
        Defect::Uuencoded => (
            "The mail has files in uuencode inside an encoded text; they were left out: ask for them as ordinary attachments.",
            "邮件正文（已再次编码）中含有 uuencode 编码的文件，未能转发；请对方以普通附件重新发送。",
        ),
        Defect::HtmlTooComplex => ("The HTML was too complex; its text was read coarsely.", "HTML 过于复杂，仅粗略读取了文字。"),
        Defect::Encrypted => ("The mail is encrypted: only its header could be read.", "邮件已加密，只能读取信头。"),
        Defect::TooLarge => ("The mail is larger than the limit: only its header was read.", "邮件超过大小限制，只读取了信头。"),
        Defect::SameIdOtherBody => ("Another mail with the same Message-ID came before.", "之前收到过相同 Message-ID 但内容不同的邮件。"),
        Defect::Truncated => ("The mail ends in the middle of a part.", "邮件在中途被截断。"),
        Defect::TextTooLong => ("The mail's text is too long: only its beginning was read.", "邮件正文过长，只读取了开头部分。"),
    };
    Some(say(language, en, zh))
}

/// May one more automatic mail go to this address for this ticket? The reason where it may not.
///
/// # Errors
/// The [`Need`] for all tallies at once.
pub fn within_caps(
    case: &Case,
    to: &Address,
    ticket: Option<TicketNo>,
    policy: &Policy,
    now: DateTime<Utc>,
) -> Result<Result<(), String>, Need> {
    let mut caps = Caps::default();
    for (within, most) in &policy.limits.per_address {
        caps.count(case.automatic_to(to, now - *within), *most, &format!("automatic mails to {to}"), *within);
    }
    if let Some(number) = ticket {
        for (within, most) in &policy.limits.per_ticket {
            caps.count(case.automatic_for(number, now - *within), *most, &format!("automatic mails for {number}"), *within);
        }
    }
    caps.end()
}

/// May an agent at this address be asked once more whether a mail is his? Whoever writes in his name must not fill his mailbox, so that the
/// caps on automatic mail to an address hold for these. The reason where he may not.
///
/// # Errors
/// The [`Need`] for all tallies at once.
pub fn may_ask(case: &Case, to: &Address, policy: &Policy, now: DateTime<Utc>) -> Result<Result<(), String>, Need> {
    let mut caps = Caps::default();
    for (within, most) in &policy.limits.per_address {
        caps.count(case.questions_to(to, now - *within), *most, &format!("questions to {to}"), *within);
    }
    caps.end()
}

/// Whoever writes is taken for out of reach no more, nor for somebody whose mailbox refused a mail.
pub fn within_reach(ticket: &Ticket, writer: &Address) -> impl Iterator<Item = Change> {
    let unreachable = ticket.unreachable.contains(writer).then(|| Change::Unreachable(writer.clone(), false));
    let refused = ticket.refused.contains(writer).then(|| Change::Refused(writer.clone(), false));
    unreachable.into_iter().chain(refused)
}

/// Tallies that are held against their limits.
#[derive(Default)]
struct Caps {
    missing: Vec<Query>,
    over: Option<String>,
}

impl Caps {
    fn count(&mut self, count: Result<u32, Need>, most: u32, what: &str, within: Duration) {
        match count {
            Ok(n) if n >= most => {
                let span =
                    if within < Duration::hours(1) { format!("{} min", within.num_minutes()) } else { format!("{} h", within.num_hours()) };
                self.over.get_or_insert(format!("{n} {what} within {span} are enough: this one is held back"));
            }
            Ok(_) => {}
            Err(Need(queries)) => self.missing.extend(queries),
        }
    }

    fn end(self) -> Result<Result<(), String>, Need> {
        if self.missing.is_empty() { Ok(self.over.map_or(Ok(()), Err)) } else { Err(Need(self.missing)) }
    }
}

/// Notices of one ticket to one agent that other people's mail may cause: (within hours, at most). No person writes so often; two robots
/// that answer each other by way of the desk do.
pub const NOTICES: [(i64, u32); 2] = [(1, 20), (24, 60)];

/// Notices that answer a mail, or tell of one, stop where they are too many: that is a loop (promise 4). The history says so. What belongs to
/// no ticket is counted by the questions to its agent.
///
/// # Errors
/// The [`Need`] for the tallies.
pub fn hold_back_loops(case: &Case, decision: &mut Decision, now: DateTime<Utc>) -> Result<(), Need> {
    let caused = |d: &Draft| matches!(d.facts, Facts::AgentFollowup(_) | Facts::AgentError(_) | Facts::Confirm(_) | Facts::Help(_));
    let mut over: Vec<Address> = Vec::new();
    let mut missing = Need(Vec::new());
    for draft in decision.drafts.iter().filter(|d| caused(d)) {
        let Some(to) = draft.to.first().map(|to| &to.person.address) else { continue };
        for (hours, most) in NOTICES {
            let since = now - Duration::hours(hours);
            let (written, what) = match draft.ticket {
                Some(number) => (case.notices_to(to, number, since), format!("notices for {number}")),
                None => (case.questions_to(to, since), "questions".to_owned()),
            };
            match written {
                Ok(n) if n >= most && !over.contains(to) => {
                    let why = format!("{n} {what} to {to} within {hours} h look like a loop: this one is held back");
                    decision.because.push(Reason(why));
                    over.push(to.clone());
                }
                Ok(_) => {}
                Err(Need(queries)) => missing.0.extend(queries),
            }
        }
    }
    if !missing.0.is_empty() {
        return Err(missing);
    }
    decision.drafts.retain(|d| !(caused(d) && d.to.iter().any(|to| over.contains(&to.person.address))));
    Ok(())
}

/// Addresses that a mail names beside its sender and that may take part: not ours, no agent, no list, no noreply.
pub fn newcomers(mail: &Reading, ticket: &Ticket, policy: &Policy) -> Vec<Person> {
    let mut found: Vec<Person> = Vec::new();
    for person in mail.recipients() {
        let address = &person.address;
        let stays_out = policy.is_own(address)
            || policy.agent_at(address).is_some()
            || is_noreply(address)
            || is_list(address, mail, policy)
            || ticket.takes_part(address)
            || found.iter().any(|p| p.address == *address);
        if !stays_out {
            found.push(person.clone());
        }
    }
    found
}

/// An address that nobody reads.
pub fn is_noreply(address: &Address) -> bool {
    let local = address.local().replace(['-', '_', '.'], "");
    ["noreply", "donotreply", "mailerdaemon", "postmaster", "bounce", "bounces"].iter().any(|w| local == *w || local.starts_with("noreply"))
}

fn is_list(address: &Address, mail: &Reading, policy: &Policy) -> bool {
    let teams = policy.teams.iter().any(|team| team.address.as_ref() == Some(address));
    let listed = origin::is_own_list(address, mail, policy);
    let posts_to_it = mail.header("List-Post").is_some_and(|v| v.to_lowercase().contains(address.as_str()));
    teams || listed || posts_to_it
}
