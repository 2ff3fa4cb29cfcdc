//! Story files: mails in, clock steps, and everything that follows from them. `UPDATE=1 cargo test stories` writes what follows anew.
//!
//! A step begins with `>>>`, what follows from it stands below `<<<`:
//!
//!     >>> 2026-12-01 09:00 mail                 headers and text of a mail follow
//!     >>> 09:10 li replies to agent_new         the newest such mail to li is answered; `Tags:` adds to its subject, `Quote:` is
//!                                               top (default: own words above the quote), bottom or none
//!     >>> 09:20 alice@ext.test replies to ack
//!     >>> 2026-12-09 09:00 clock                nothing but time passes
//!     >>> 10:00 history 2026-11-02 09:00        a mail as `postdesk import` brings it, with the time of its arrival
//!     >>> 10:00 refuse bob@ext.test 550 5.1.1 no such user
//!
//! Times are those of the desk, Asia/Shanghai. Indented lines above the first step are rules of the desk's own, read after the built-in ones.

use std::fmt::Write;

use chrono::{NaiveDateTime, NaiveTime, TimeZone, Utc};
use chrono_tz::Asia::Shanghai;
use postdesk::store::TicketFilter;

use crate::world::{CONFIG, Sent, World};

#[test]
fn stories_go_as_they_are_told() {
    let dir = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/stories");
    let mut files: Vec<_> =
        std::fs::read_dir(&dir).unwrap().map(|e| e.unwrap().path()).filter(|p| p.extension().is_some_and(|e| e == "txt")).collect();
    files.sort();
    assert!(files.len() >= 10, "the stories are missing");
    let update = std::env::var_os("UPDATE").is_some();
    let mut differing = Vec::new();
    for file in files {
        let told = std::fs::read_to_string(&file).unwrap();
        let seen = play(&file.file_stem().unwrap().to_string_lossy(), &told);
        if update {
            std::fs::write(&file, &seen).unwrap();
        } else if seen != told {
            differing.push(format!("{}:\n{}", file.display(), first_difference(&told, &seen)));
        }
    }
    assert!(differing.is_empty(), "{}\nRead what differs; `UPDATE=1` accepts it.", differing.join("\n"));
}

fn first_difference(told: &str, seen: &str) -> String {
    let line = told.lines().zip(seen.lines()).take_while(|(a, b)| a == b).count();
    let around = |text: &str| text.lines().skip(line.saturating_sub(2)).take(8).collect::<Vec<_>>().join("\n    ");
    format!("  from line {} on\n  told:\n    {}\n  seen:\n    {}", line + 1, around(told), around(seen))
}

/// Plays a story and returns it with what really followed.
fn play(name: &str, story: &str) -> String {
    let mut parts = story.split("\n>>> ");
    let preamble = parts.next().unwrap_or("").trim_end();
    let mut world = World::new(name, CONFIG, &own_rules(preamble));
    let mut seen = format!("{preamble}\n");
    for (index, step) in parts.enumerate() {
        let input = step.split("\n<<<").next().unwrap_or("").trim_end();
        let (head, body) = input.split_once('\n').unwrap_or((input, ""));
        let before = tickets(&mut world);
        let sent = act(&mut world, head, body, index);
        write!(seen, "\n>>> {input}\n<<<\n{}", follows(&mut world, &before, &sent)).unwrap();
    }
    seen
}

/// The rules in a story's preamble: its indented lines.
fn own_rules(preamble: &str) -> String {
    preamble.lines().filter_map(|line| line.strip_prefix("    ")).map(|line| format!("{line}\n")).collect()
}

/// Carries one step out.
fn act(world: &mut World, head: &str, body: &str, index: usize) -> Vec<Sent> {
    let rest = move_clock(world, head);
    let words: Vec<&str> = rest.split_whitespace().collect();
    match words.as_slice() {
        ["mail"] => world.mail(&mail(body, index, world.now)),
        ["clock"] => world.settle(),
        ["history", day, time] => {
            let at = NaiveDateTime::parse_from_str(&format!("{day} {time}"), "%Y-%m-%d %H:%M").unwrap();
            let at = Shanghai.from_local_datetime(&at).unwrap().with_timezone(&Utc);
            world.history(&mail(body, index, at), at)
        }
        ["refuse", address, words @ ..] => {
            world.refused.push(((*address).to_owned(), words.join(" ")));
            Vec::new()
        }
        [who, "replies", "to", template] => {
            let raw = reply(world, who, template, body, index);
            world.mail(&raw)
        }
        other => panic!("no such step: {other:?}"),
    }
}

/// `2026-12-01 09:00 mail` or `09:00 mail`: sets the clock, returns what follows the time.
fn move_clock<'a>(world: &mut World, head: &'a str) -> &'a str {
    let today = world.now.with_timezone(&Shanghai).date_naive();
    let (when, rest) = match head.get(..16).and_then(|t| NaiveDateTime::parse_from_str(t, "%Y-%m-%d %H:%M").ok()) {
        Some(when) => (when, &head[16..]),
        None => {
            (today.and_time(NaiveTime::parse_from_str(&head[..5], "%H:%M").unwrap_or_else(|_| panic!("no time in {head:?}"))), &head[5..])
        }
    };
    world.now = Shanghai.from_local_datetime(&when).unwrap().with_timezone(&Utc);
    rest.trim()
}

/// A mail as written in the story, with the headers that every mail has.
fn mail(body: &str, index: usize, now: chrono::DateTime<Utc>) -> Vec<u8> {
    let mut raw = String::new();
    let header = body.split("\n\n").next().unwrap_or("").to_lowercase();
    let has = |name: &str| header.lines().any(|l| l.starts_with(name));
    if !has("message-id:") {
        writeln!(raw, "Message-ID: <story-{index}@ext.test>").unwrap();
    }
    if !has("to:") {
        writeln!(raw, "To: support@desk.test").unwrap();
    }
    if !has("content-type:") {
        writeln!(raw, "MIME-Version: 1.0\nContent-Type: text/plain; charset=utf-8\nContent-Transfer-Encoding: 8bit").unwrap();
    }
    writeln!(raw, "Date: {}", now.to_rfc2822()).unwrap();
    raw.push_str(body);
    raw.push('\n');
    raw.into_bytes()
}

/// An answer as a mail client writes it.
fn reply(world: &World, who: &str, template: &str, body: &str, index: usize) -> Vec<u8> {
    let address = if who.contains('@') { who.to_owned() } else { format!("{who}@desk.test") };
    let wanted = |s: &&Sent| s.to == address && template_of(s) == template;
    let answered = world.sent.iter().rev().find(wanted).unwrap_or_else(|| panic!("{who} got no {template}"));
    let (options, words) = options(body);
    let quote: String = answered.reading.text.trim_end().lines().map(|l| format!("> {l}\n")).collect();
    let text = match options.quote {
        "none" => words.to_owned(),
        "bottom" => format!("On Tue, Dec 1, 2026 at 9:00 AM IT Support <support@desk.test> wrote:\n{quote}\n{words}"),
        _ => format!("{words}\n\nOn Tue, Dec 1, 2026 at 9:00 AM IT Support <support@desk.test> wrote:\n{quote}"),
    };
    let id = answered.reading.id.as_ref().unwrap();
    let mut references: Vec<String> = answered.reading.references.iter().map(|r| r.to_string()).collect();
    references.push(id.to_string());
    let to = answered.reading.reply_to.first().or(answered.reading.from.as_ref()).unwrap();
    format!(
        "Message-ID: <story-{index}@desk.test>\nFrom: {}\nTo: {}\nSubject: {}{}\nIn-Reply-To: {id}\nReferences: {}\nDate: {}\n\
         MIME-Version: 1.0\nContent-Type: text/plain; charset=utf-8\nContent-Transfer-Encoding: 8bit\n{}\n{text}\n",
        options.from.unwrap_or(&address),
        to.address,
        options.subject.map_or_else(|| format!("Re: {}", answered.reading.subject.trim_start_matches("Re: ")), str::to_owned),
        options.tags,
        references.join("\n "),
        world.now.to_rfc2822(),
        options.headers,
    )
    .into_bytes()
}

#[derive(Default)]
struct Options<'a> {
    tags: String,
    quote: &'a str,
    subject: Option<&'a str>,
    from: Option<&'a str>,
    headers: String,
}

/// The lines `Tags:`, `Quote:`, `Subject:`, `From:` and other headers above the words.
fn options(body: &str) -> (Options<'_>, &str) {
    let mut options = Options::default();
    let mut rest = body;
    while let Some((name, after)) =
        rest.split_once(": ").filter(|(n, _)| !n.is_empty() && n.chars().all(|c| c.is_ascii_alphabetic() || c == '-'))
    {
        let (value, next) = after.split_once('\n').unwrap_or((after, ""));
        match name {
            "Tags" => options.tags = format!(" {value}"),
            "Quote" => options.quote = value,
            "Subject" => options.subject = Some(value),
            "From" => options.from = Some(value),
            _ => writeln!(options.headers, "{name}: {value}").unwrap(),
        }
        rest = next;
    }
    (options, rest.strip_prefix('\n').unwrap_or(rest))
}

/// Every mail of the desk says in a header which template made it.
fn template_of(sent: &Sent) -> String {
    sent.reading.header("X-Postdesk-Mail").unwrap_or("?").to_owned()
}

fn tickets(world: &mut World) -> Vec<(i64, String)> {
    let filter = TicketFilter { limit: 1000, ..TicketFilter::default() };
    let mut all: Vec<(i64, String)> = world.desk.store().tickets(&filter).unwrap().into_iter().map(|t| (t.number.0, line(&t))).collect();
    all.sort();
    all
}

fn line(t: &postdesk::domain::ticket::Ticket) -> String {
    let or_dash = |text: &Option<String>| text.clone().unwrap_or_else(|| "-".into());
    let mut line = format!(
        "#{} {}, {}, category {}, team {}, owner {}: {}",
        t.number.0,
        t.status,
        t.priority,
        or_dash(&t.category),
        or_dash(&t.team),
        or_dash(&t.owner),
        t.subject
    );
    if !t.participants.is_empty() {
        write!(line, " (with {})", t.participants.iter().map(|p| p.address.as_str()).collect::<Vec<_>>().join(", ")).unwrap();
    }
    if let Some(linked) = t.linked {
        write!(line, " (linked to {linked})").unwrap();
    }
    line
}

/// What followed: tickets that changed, then mails; the words of people and the desk's answers to orders in full.
fn follows(world: &mut World, before: &[(i64, String)], sent: &[Sent]) -> String {
    let mut out = String::new();
    for (number, line) in tickets(world) {
        if !before.contains(&(number, line.clone())) {
            writeln!(out, "{line}").unwrap();
        }
    }
    for mail in sent {
        let template = template_of(mail);
        writeln!(out, "{template} to {}: {}", mail.to, mail.reading.subject).unwrap();
        if ["reply", "resolved", "update", "agent_error", "agent_receipt", "agent_followup"].contains(&template.as_str()) {
            for line in mail.reading.text.lines().take_while(|l| !l.starts_with("-- ") && !l.contains("Ref: pd.")) {
                writeln!(out, "{}", format!("  | {line}").trim_end()).unwrap();
            }
        }
    }
    if out.is_empty() {
        out.push_str("nothing\n");
    }
    out
}
