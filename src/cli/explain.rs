//! `postdesk explain`: how a mail would be read, threaded, judged and answered. The same path as the daemon's, without the commit.

use std::io::Write;
use std::path::{Path, PathBuf};

use anyhow::Context;
use chrono::Utc;
use serde_json::{Value, json};

use super::{Exit, in_words, input, load_or_builtin, table};
use crate::desk::{self, Desk, Question, Resolved, Rulebook};
use crate::domain::facts::{Facts, Link};
use crate::domain::message::{MessageId, Person, Reading};
use crate::domain::origin::bounce::{Bounce, Fate};
use crate::domain::policy::Policy;
use crate::domain::reports::Tally;
use crate::domain::suggest::Hit;
use crate::domain::ticket::{Change, TicketNo};
use crate::domain::{Answer, Decision, Outbox, Query, notify};
use crate::store;

/// Say how mails would be read, threaded, judged and answered; changes nothing.
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:
  postdesk explain mail.eml
  postdesk explain --json *.eml | jq .origin
  postdesk explain - < mail.eml

Without a configuration the built-in rules, templates and articles are used, and no ticket is known.")]
pub struct Arguments {
    /// One JSON object a line
    #[arg(long)]
    json: bool,
    /// The mailbox that the mails came to (default: the first)
    #[arg(long, value_name = "NAME")]
    mailbox: Option<String>,
    /// Mails as files; - is standard input
    #[arg(required = true, value_name = "FILE")]
    files: Vec<PathBuf>,
}

/// Runs the command.
///
/// # Errors
/// The configuration is unsound, or the store fails. A file that cannot be read is named and left out.
pub fn run(config: &Path, arguments: &Arguments) -> anyhow::Result<Exit> {
    let loaded = load_or_builtin(config)?;
    let book = Rulebook { policy: loaded.policy.clone(), templates: loaded.templates.clone() };
    let known = loaded.config.data.join("postdesk.db").exists().then(|| store::open_beside(&loaded.config.data)).transpose()?;
    let mut asked = match known {
        Some(store) => Asked::Desk(Box::new(Desk::only_to_ask(store, book.clone()))),
        None => Asked::Nobody,
    };
    let mailbox = super::mailbox_named(&loaded.config, arguments.mailbox.as_deref())?;
    let mut out = std::io::BufWriter::new(std::io::stdout().lock());
    let limit = loaded.config.limits.message_size;
    let mut unread = 0_u32;
    for file in &arguments.files {
        let (raw, whole_size) = match read(file, limit).with_context(|| format!("reading {}", file.display())) {
            Ok(mail) => mail,
            Err(error) => {
                out.flush()?;
                table::complain(format_args!("postdesk: {}", in_words(&error)));
                unread += 1;
                continue;
            }
        };
        let resolved = asked.explain(&Question { raw: &raw, whole_size, mailbox: &mailbox }, &book)?;
        let name = file.display().to_string();
        if arguments.json {
            serde_json::to_writer(&mut out, &report(&name, &resolved, &book.policy))?;
            writeln!(out)?;
        } else {
            tell(&mut out, &name, &resolved, &book.policy)?;
        }
    }
    out.flush()?;
    Ok(if unread == 0 { Exit::Done } else { Exit::Findings })
}

fn read(file: &Path, limit: u64) -> anyhow::Result<(Vec<u8>, Option<u64>)> {
    if file == Path::new("-") {
        return Ok(input::mail(&mut std::io::stdin().lock(), limit)?);
    }
    anyhow::ensure!(!file.is_dir(), "this is a directory: name the mails in it, such as {}/*.eml", file.display());
    Ok(input::mail(&mut std::fs::File::open(file)?, limit)?)
}

/// Who answers the questions of `decide`.
enum Asked {
    /// A desk's store.
    Desk(Box<Desk>),
    /// Nobody: no ticket, no mail is known.
    Nobody,
}

impl Asked {
    fn explain(&mut self, mail: &Question<'_>, book: &Rulebook) -> anyhow::Result<Resolved> {
        match self {
            Asked::Desk(desk) => desk.explain(mail, Utc::now()),
            Asked::Nobody => desk::explain(mail, book, Utc::now(), &mut |query| Ok(nothing_known(query))),
        }
    }
}

fn nothing_known(query: &Query) -> Answer {
    match query {
        Query::Known(_) => Answer::Known(Vec::new()),
        Query::Ticket(_) | Query::Keyed(_) => Answer::Ticket(None),
        Query::LiveOf(_) => Answer::Numbers(Vec::new()),
        Query::NewNumber => Answer::Number(TicketNo(1001)),
        Query::AutomaticTo(..) | Query::AutomaticFor(..) | Query::NoticesTo(..) | Query::QuestionsTo(..) => Answer::Count(0),
        Query::Held(_) => Answer::Letters(Vec::new()),
        Query::Outbox(_) => Answer::Outbox(Outbox::default()),
        Query::Tally(scope) => Answer::Tally(Box::new(Tally::new(scope.clone()))),
        Query::FirstWords(_) => Answer::Words(String::new()),
        Query::Files(_) => Answer::Files(Vec::new()),
        Query::ReplyAfter(..) => Answer::Crossing(None),
        Query::Asked(_) => Answer::Asked(Vec::new()),
    }
}

/// The object of design section 9.
fn report(file: &str, resolved: &Resolved, policy: &Policy) -> Value {
    let Resolved { reading, decision, letters } = resolved;
    let Some(mail) = reading.as_deref() else { return Value::Null };
    let Some(judged) = decision.judged.as_deref() else { return Value::Null };
    let verdict = &judged.verdict;
    let (impact, urgency, priority) = grades(decision);
    // As the requester is answered, where he is.
    let language = opened(decision).map(|ticket| ticket.language.as_str()).or(mail.language.as_deref()).unwrap_or(&policy.desk.language);
    json!({
        "version": 1,
        "file": file,
        "message": message(mail),
        "origin": {
            "kind": judged.origin.kind,
            "because": judged.origin.because,
            "suspect": judged.origin.suspect.is_some(),
            "bounce": judged.origin.bounce.as_ref().map(bounce),
        },
        "sender": {"role": judged.sender.role, "trust": judged.sender.proof(), "because": judged.sender.because},
        "reply": {"text": judged.reply.text, "quoted": judged.reply.quoted, "signature": judged.reply.signature},
        "language": mail.language,
        "tags": judged.tags,
        "thread": {"ticket": judged.thread.ticket, "by": judged.thread.by, "because": judged.thread.because},
        "verdict": {
            "category": verdict.category,
            "type": verdict.kind,
            "impact": impact,
            "urgency": urgency,
            "priority": priority,
            "team": opened(decision).map_or(verdict.team.as_ref(), |t| t.team.as_ref()),
            "labels": verdict.labels,
            "fields": verdict.fields,
            "missing": verdict.asked_in(language),
            "evidence": verdict.evidence,
        },
        "changes": decision.changes.iter().map(|(number, change)| json!({"ticket": number, "change": change})).collect::<Vec<_>>(),
        "held": judged.held,
        "kb": articles(&judged.suggested, language, policy),
        "mails": letters.iter().zip(&decision.drafts).map(|((letter, wording), draft)| {
            let whom = |cc: bool| draft.to.iter().filter(|r| r.cc == cc).map(|r| r.person.address.to_string()).collect::<Vec<_>>();
            json!({"template": letter.template.as_str(), "to": whom(false), "cc": whom(true), "subject": wording.subject, "text": wording.text})
        }).collect::<Vec<_>>(),
        "policy": policy.fingerprint,
    })
}

/// The gravest fate; `because` names that of each recipient.
fn bounce(bounce: &Bounce) -> Value {
    let fate = |f: &Fate| json!({"recipient": f.recipient, "status": f.status, "reason": f.reason.en()});
    bounce.gravest().map_or(Value::Null, fate)
}

fn opened(decision: &Decision) -> Option<&crate::domain::ticket::Ticket> {
    decision.changes.iter().find_map(|(_, change)| match change {
        Change::Opened(ticket) => Some(ticket.as_ref()),
        _ => None,
    })
}

fn grades(decision: &Decision) -> (Value, Value, Value) {
    opened(decision).map_or((Value::Null, Value::Null, Value::Null), |t| (json!(t.impact), json!(t.urgency), json!(t.priority)))
}

fn message(mail: &Reading) -> Value {
    let people = |list: &[Person]| list.iter().map(|p| json!({"name": p.name, "address": p.address})).collect::<Vec<_>>();
    json!({
        "id": mail.id.as_ref().map(MessageId::as_str),
        "date": mail.date,
        "from": mail.from.as_ref().map(|p| json!({"name": p.name, "address": p.address})),
        "to": people(&mail.to),
        "cc": people(&mail.cc),
        "reply_to": people(&mail.reply_to),
        "subject": mail.subject,
        "base_subject": mail.base_subject,
        "references": mail.references,
        "text": mail.text,
        "attachments": mail.attachments.iter().map(|a| json!({"name": a.name, "type": a.media_type, "size": a.size, "inline": a.inline})).collect::<Vec<_>>(),
        "defects": mail.defects,
    })
}

/// The articles that fit; a rule's word has full score.
fn articles(suggested: &[Hit], language: &str, policy: &Policy) -> Vec<Value> {
    let known = suggested.iter().filter_map(|hit| Some((policy.article(&hit.id, language)?, hit.score))).take(notify::MOST_LINKS);
    known.map(|(a, score)| json!({"id": a.id, "title": a.title, "url": a.url, "score": score})).collect()
}

/// The same for a person.
fn tell(out: &mut impl Write, file: &str, resolved: &Resolved, policy: &Policy) -> std::io::Result<()> {
    let Resolved { reading, decision, letters } = resolved;
    let subject = reading.as_deref().map_or("", |mail| mail.subject.as_str());
    writeln!(out, "{file}: {subject}")?;
    for reason in &decision.because {
        writeln!(out, "  {}", reason.0)?;
    }
    if let Some(judged) = &decision.judged {
        for tag in &judged.tags {
            writeln!(
                out,
                "  tag [{}{}{}] at {}",
                tag.name,
                serde_json::to_value(tag.op).ok().and_then(|v| v.as_str().map(str::to_owned)).unwrap_or_default(),
                tag.value,
                tag.at
            )?;
        }
    }
    match opened(decision) {
        Some(ticket) => writeln!(
            out,
            "  would open a ticket: {}, priority {}, team {}",
            ticket.category.as_deref().map_or_else(|| "unclassified".to_owned(), |id| notify::category_name(policy, id, "en")),
            ticket.priority,
            ticket.team.as_deref().unwrap_or("-")
        )?,
        None => writeln!(out, "  would be: {}", outcome(decision))?,
    }
    for ((letter, wording), draft) in letters.iter().zip(&decision.drafts) {
        let to: Vec<&str> = letter.to.iter().map(|a| a.as_str()).collect();
        let links: Vec<&Link> = match &draft.facts {
            Facts::Ack(ack) => ack.articles.iter().collect(),
            _ => Vec::new(),
        };
        let with = if links.is_empty() {
            String::new()
        } else {
            format!(", with {}", links.iter().map(|l| l.title.as_str()).collect::<Vec<_>>().join(", "))
        };
        let held = if letter.held.is_some() { ", held" } else { "" };
        writeln!(out, "  would send {} to {}: {}{with}{held}", letter.template.as_str(), to.join(", "), wording.subject)?;
    }
    writeln!(out)
}

fn outcome(decision: &Decision) -> String {
    use crate::domain::Outcome;
    match &decision.outcome {
        Outcome::Opened { ticket } => format!("a new ticket {ticket}"),
        Outcome::Joined { ticket } => format!("a message of {ticket}"),
        Outcome::Filed { ticket } if decision.drafts.is_empty() => format!("filed with {ticket}; nothing follows"),
        Outcome::Filed { ticket } => format!("filed with {ticket}"),
        Outcome::Refused { ticket } => format!("refused orders{}", ticket.map_or_else(String::new, |n| format!(" on {n}"))),
        Outcome::Answered => "answered by mail".to_owned(),
        Outcome::Ignored => "kept, and ignored".to_owned(),
        Outcome::SetAside { why } => format!("put into quarantine: {why}"),
        Outcome::Done => "done".to_owned(),
    }
}
