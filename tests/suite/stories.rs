//! Story files: mails in, clock steps, and everything that follows from them. `UPDATE=1 cargo test stories` writes what follows anew;
//! `STORY=68` plays those alone whose names begin so.
//!
//! A step begins with `>>>`, what follows from it stands below `<<<`:
//!
//!     >>> 2026-12-01 09:00 mail                 headers and text of a mail follow
//!     >>> 09:10 li replies to agent_new         the newest such mail to li is answered; `Tags:` adds to its subject, `Quote:` is
//!                                               top (default: own words above the quote), bottom, unmarked (below a head of QQ Mail) or none, `Ids:` says what servers made
//!                                               of the ids: all replaced but the anchor, all replaced, or lost
//!     >>> 09:20 alice@ext.test replies to ack
//!     >>> 09:22 li replies to older confirm     the newest but one
//!     >>> 09:25 eve@ext.test replies to zhao@desk.test's approval
//!     >>> 2026-12-09 09:00 clock                nothing but time passes
//!     >>> 10:00 history 2026-11-02 09:00        a mail as `postdesk import` brings it, with the time of its arrival
//!     >>> 10:00 config                          lines that are added to the config of the running desk follow
//!     >>> 10:00 key rotate                      as `postdesk key` does it; `key drop 2` the same
//!     >>> 10:00 refuse bob@ext.test 550 5.1.1 no such user
//!     >>> 10:00 bounce ack to bob@ext.test 5.1.1 user unknown      the newest such mail comes back in a report (RFC 3464); `delay` the same
//!     >>> 10:00 notice ack to bob@ext.test 邮箱已满      in words alone, with a copy that ends within its header
//!
//! Among the headers of a mail or an answer, `File: NAME CONTENT` attaches a file, `Picture: NAME CONTENT` sets a picture into the text, and
//! `Returns: NAME` attaches a file of the mail that is answered, as some clients do. The content `3 MB` is that many bytes. Below a mail
//! that follows, `+` lines show its files.
//!
//! Times are those of the desk, Asia/Shanghai. Indented lines above the first step are files of the desk's own: a line
//! `templates/en/ack-outage.md:` says which; without one they are rules, read after the built-in ones. `config.toml:` adds to the config.

use std::fmt::Write;

use chrono::{NaiveDateTime, NaiveTime, TimeZone, Utc};
use chrono_tz::Asia::Shanghai;
use postdesk::domain::attachment::Span;
use postdesk::policy::key;
use postdesk::store::TicketFilter;
use postdesk::transfer::decode::Decoder;

use crate::world::{CONFIG, Sent, World};

#[test]
fn stories_go_as_they_are_told() {
    let dir = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/stories");
    let mut files: Vec<_> =
        std::fs::read_dir(&dir).unwrap().map(|e| e.unwrap().path()).filter(|p| p.extension().is_some_and(|e| e == "txt")).collect();
    files.sort();
    assert!(files.len() >= 10, "the stories are missing");
    if let Ok(begins) = std::env::var("STORY") {
        files.retain(|file| file.file_name().is_some_and(|name| name.to_string_lossy().starts_with(&begins)));
    }
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
    let mut world = World::new(name, CONFIG, &own_files(preamble));
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

/// The files in a story's preamble: its indented lines, below the name of their file.
fn own_files(preamble: &str) -> Vec<(String, String)> {
    let mut files: Vec<(String, String)> = Vec::new();
    let mut name = "rules/99-own.toml";
    for line in preamble.lines() {
        if let Some(file) = line.strip_suffix(':').filter(|f| f.ends_with(".md") || f.ends_with(".toml")) {
            name = file;
            continue;
        }
        let text = match line.strip_prefix("    ") {
            Some(text) => text,
            None if line.is_empty() => "",
            None => continue,
        };
        match files.iter_mut().find(|(file, _)| file == name) {
            Some((_, all)) => *all += &format!("{text}\n"),
            None if text.is_empty() => {}
            None => files.push((name.to_owned(), format!("{text}\n"))),
        }
    }
    files
}

/// Carries one step out.
pub fn act(world: &mut World, head: &str, body: &str, index: usize) -> Vec<Sent> {
    let rest = move_clock(world, head);
    let words: Vec<&str> = rest.split_whitespace().collect();
    match words.as_slice() {
        ["mail"] => world.mail(&mail(body, index, world.now)),
        ["clock"] => world.settle(),
        ["config"] => {
            world.reconfigure(body);
            world.settle()
        }
        ["key", "rotate"] => {
            world.change_key(key::rotate);
            world.settle()
        }
        ["key", "drop", number] => {
            world.change_key(|data| key::drop(data, number.parse().unwrap()));
            world.settle()
        }
        ["history", day, time] => {
            let at = NaiveDateTime::parse_from_str(&format!("{day} {time}"), "%Y-%m-%d %H:%M").unwrap();
            let at = Shanghai.from_local_datetime(&at).unwrap().with_timezone(&Utc);
            world.history(&mail(body, index, at), at)
        }
        ["refuse", address, words @ ..] => {
            world.refused.push(((*address).to_owned(), words.join(" ")));
            Vec::new()
        }
        [how @ ("bounce" | "delay" | "notice"), template, "to", address, words @ ..] => {
            let raw = undelivered(world, how, (template, address), words, index);
            world.mail(&raw)
        }
        [who, "replies", "to", template] => {
            let raw = reply(world, who, (who, template, 0), body, index);
            world.mail(&raw)
        }
        [who, "replies", "to", "older", template] => {
            let raw = reply(world, who, (who, template, 1), body, index);
            world.mail(&raw)
        }
        [who, "replies", "to", whose, template] => {
            let raw = reply(world, who, (whose.trim_end_matches("'s"), template, 0), body, index);
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
    let (header, text) = body.split_once("\n\n").unwrap_or((body, ""));
    let (files, others): (Vec<&str>, Vec<&str>) = header.lines().partition(|line| File::read(line, None).is_some());
    if !files.is_empty() {
        let files: Vec<File> = files.iter().filter_map(|line| File::read(line, None)).collect();
        return mail(&format!("{}\n{}", others.join("\n"), multipart(text, &files)), index, now);
    }
    let header = header.to_lowercase();
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

/// A file of a mail.
struct File {
    name: String,
    content: Vec<u8>,
    inline: bool,
}

impl File {
    /// A line `File: …`, `Picture: …` or, in an answer, `Returns: …`.
    fn read(line: &str, answered: Option<&Sent>) -> Option<File> {
        let (kind, rest) = line.split_once(": ")?;
        let (name, content) = rest.split_once(' ').unwrap_or((rest, ""));
        let content = match (kind, answered) {
            ("File" | "Picture", _) => match content.strip_suffix(" MB").and_then(|n| n.parse::<usize>().ok()) {
                Some(megabytes) => name.bytes().cycle().take(megabytes << 20).collect(),
                None => content.as_bytes().to_vec(),
            },
            ("Returns", Some(sent)) => files(sent).into_iter().find(|f| f.name == name).unwrap_or_else(|| panic!("no {name} came")).content,
            _ => return None,
        };
        Some(File { name: name.to_owned(), content, inline: kind == "Picture" })
    }
}

/// The files of a mail of the desk.
fn files(sent: &Sent) -> Vec<File> {
    let content = |span: &Span| {
        let (mut bytes, mut decoder) = (Vec::new(), Decoder::new(span.transfer));
        decoder.feed(&sent.raw[span.start as usize..][..span.length as usize], &mut bytes);
        decoder.end(&mut bytes);
        bytes
    };
    sent.reading.attachments.iter().map(|a| File { name: a.name.clone(), content: content(&a.span), inline: a.inline }).collect()
}

/// The header and body of a mail with files, as a client writes them.
fn multipart(text: &str, files: &[File]) -> String {
    let mut out = format!(
        "MIME-Version: 1.0\nContent-Type: multipart/mixed; boundary=\"=_files\"\n\n--=_files\n\
         Content-Type: text/plain; charset=utf-8\nContent-Transfer-Encoding: 8bit\n\n{text}\n"
    );
    for File { name, content, inline } in files {
        let kind = match name.rsplit('.').next() {
            Some("png") => "image/png",
            Some("eml") => "message/rfc822",
            _ => "application/octet-stream",
        };
        let place = if *inline {
            format!("inline; filename=\"{name}\"\nContent-ID: <{name}@here>")
        } else {
            format!("attachment; filename=\"{name}\"")
        };
        let (encoding, content) = match kind {
            "message/rfc822" => ("8bit", String::from_utf8_lossy(content).into_owned()),
            _ => ("base64", data_encoding::BASE64.encode(content)),
        };
        write!(out, "--=_files\nContent-Type: {kind}\nContent-Transfer-Encoding: {encoding}\nContent-Disposition: {place}\n\n{content}\n")
            .unwrap();
    }
    out + "--=_files--\n"
}

/// An answer as a mail client writes it: by `who`, to a mail that `whose` got before the newest so many.
fn reply(world: &World, who: &str, (whose, template, newer): (&str, &str, usize), body: &str, index: usize) -> Vec<u8> {
    let at = |who: &str| if who.contains('@') { who.to_owned() } else { format!("{who}@desk.test") };
    let (address, recipient) = (at(who), at(whose));
    let wanted = |s: &&Sent| s.to == recipient && template_of(s) == template;
    let answered = world.sent.iter().rev().filter(wanted).nth(newer).unwrap_or_else(|| panic!("{whose} got no {template}"));
    let (options, words) = options(body, answered);
    let quote: String = answered.reading.text.trim_end().lines().map(|l| format!("> {l}\n")).collect();
    let text = match options.quote {
        "none" => words.to_owned(),
        "unmarked" => format!(
            "{words}\n\n------------------ 原始邮件 ------------------\n发件人: \"IT Support\" <support@desk.test>;\n主题: {}\n\n{}",
            answered.reading.subject, answered.reading.text
        ),
        "bottom" => format!("On Tue, Dec 1, 2026 at 9:00 AM IT Support <support@desk.test> wrote:\n{quote}\n{words}"),
        _ => format!("{words}\n\nOn Tue, Dec 1, 2026 at 9:00 AM IT Support <support@desk.test> wrote:\n{quote}"),
    };
    let id = answered.reading.id.as_ref().unwrap();
    let mut references: Vec<String> = answered.reading.references.iter().map(|r| r.to_string()).collect();
    references.push(id.to_string());
    let foreign = format!("<{index}.rewritten@mail.ext.test>");
    match options.ids {
        "replaced but the anchor" => references = vec![references.swap_remove(0), foreign.clone()],
        "replaced" => references = vec![foreign.clone()],
        _ => {}
    }
    let answers = match options.ids {
        "" => format!("In-Reply-To: {id}\nReferences: {}\n", references.join("\n ")),
        "lost" => String::new(),
        _ => format!("In-Reply-To: {foreign}\nReferences: {}\n", references.join("\n ")),
    };
    let to = answered.reading.reply_to.first().or(answered.reading.from.as_ref()).unwrap();
    format!(
        "Message-ID: <story-{index}@desk.test>\nFrom: {}\nTo: {}\nSubject: {}{}\n{answers}Date: {}\n{}{}\n",
        options.from.unwrap_or(&address),
        to.address,
        options.subject.map_or_else(|| format!("Re: {}", answered.reading.subject.trim_start_matches("Re: ")), str::to_owned),
        options.tags,
        world.now.to_rfc2822(),
        options.headers,
        match options.files.as_slice() {
            [] => format!("MIME-Version: 1.0\nContent-Type: text/plain; charset=utf-8\nContent-Transfer-Encoding: 8bit\n\n{text}"),
            files => multipart(&text, files),
        },
    )
    .into_bytes()
}

/// A mail of the desk comes back from somebody's server.
fn undelivered(world: &World, how: &str, (template, address): (&str, &str), words: &[&str], index: usize) -> Vec<u8> {
    let wanted = |s: &&Sent| s.to == address && template_of(s) == template;
    let sent = world.sent.iter().rev().find(wanted).unwrap_or_else(|| panic!("{address} got no {template}"));
    let head = format!(
        "Return-Path: <>\nFrom: Mail Delivery System <MAILER-DAEMON@mx.ext.test>\nTo: support@desk.test\nMessage-ID: <story-{index}@mx.ext.test>\n\
         Date: {}\nMIME-Version: 1.0\n",
        world.now.to_rfc2822()
    );
    let anchor = sent.reading.references.first().unwrap();
    if how == "notice" {
        let plain = "Content-Type: text/plain; charset=utf-8\nContent-Transfer-Encoding: 8bit";
        let words = words.join(" ");
        return format!(
            "{head}Subject: failure notice\n{plain}\n\n<{address}>:\n{words}\n\n--- Below this line is a copy of the message.\n\n\
             Return-Path: <support@desk.test>\nReceived: from desk.test\nReferences: {anchor}\nMess"
        )
        .into_bytes();
    }
    let (status, words) = words.split_first().unwrap();
    let (action, words) = (if how == "delay" { "delayed" } else { "failed" }, words.join(" "));
    let id = sent.reading.id.as_ref().unwrap();
    format!(
        "{head}Subject: Delivery report\nAuto-Submitted: auto-replied\nContent-Type: multipart/report; report-type=delivery-status; boundary=b\n\n\
         --b\n\nYour mail was not delivered.\n--b\nContent-Type: message/delivery-status\n\nReporting-MTA: dns; mx.ext.test\n\n\
         Final-Recipient: rfc822; {address}\nAction: {action}\nStatus: {status}\nDiagnostic-Code: smtp; {words}\n\n\
         --b\nContent-Type: text/rfc822-headers\n\nFrom: support@desk.test\nMessage-ID: {id}\nReferences: {anchor}\n--b--\n"
    )
    .into_bytes()
}

#[derive(Default)]
struct Options<'a> {
    tags: String,
    quote: &'a str,
    ids: &'a str,
    subject: Option<&'a str>,
    from: Option<&'a str>,
    headers: String,
    files: Vec<File>,
}

/// The lines `Tags:`, `Quote:`, `Subject:`, `From:`, those of files, and other headers above the words.
fn options<'a>(body: &'a str, answered: &Sent) -> (Options<'a>, &'a str) {
    let mut options = Options::default();
    let mut rest = body;
    while let Some((name, after)) =
        rest.split_once(": ").filter(|(n, _)| !n.is_empty() && n.chars().all(|c| c.is_ascii_alphabetic() || c == '-'))
    {
        let (value, next) = after.split_once('\n').unwrap_or((after, ""));
        match name {
            "Tags" => options.tags = format!(" {value}"),
            "Quote" => options.quote = value,
            "Ids" => options.ids = value,
            "Subject" => options.subject = Some(value),
            "From" => options.from = Some(value),
            "File" | "Picture" | "Returns" => options.files.extend(File::read(&format!("{name}: {value}"), Some(answered))),
            _ => writeln!(options.headers, "{name}: {value}").unwrap(),
        }
        rest = next;
    }
    (options, rest.strip_prefix('\n').unwrap_or(rest))
}

/// Every mail of the desk says in a header which template made it.
pub fn template_of(sent: &Sent) -> String {
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
    if !t.consulted.is_empty() {
        write!(line, " (asked {})", t.consulted.iter().map(|p| p.address.as_str()).collect::<Vec<_>>().join(", ")).unwrap();
    }
    for other in &t.related {
        write!(line, " (see {other})").unwrap();
    }
    if let Some(into) = t.merged {
        write!(line, " (merged into {into})").unwrap();
    }
    if let Some(linked) = t.linked {
        write!(line, " (linked to {linked})").unwrap();
    }
    line
}

/// The lines of a summary before its figures: what waits for somebody's look.
fn lists_of_summary(text: &str) -> usize {
    let stands = |lines: [&str; 2]| text.lines().position(|line| lines.contains(&line));
    match (stands(["Figures", "数据"]), stands(["Now:", "目前："])) {
        (Some(figures), _) => figures,
        (None, Some(_)) => 0,
        (None, None) => usize::MAX,
    }
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
        for File { name, content, .. } in files(mail) {
            let shown =
                if content.len() <= 60 { String::from_utf8_lossy(&content).into_owned() } else { format!("{} bytes", content.len()) };
            writeln!(out, "  + {name}: {shown}").unwrap();
        }
        let whole =
            ["reply", "resolved", "update", "reminder", "agent_error", "agent_receipt", "agent_followup", "approval", "consult", "confirm"]
                .contains(&template.as_str());
        // Of an acknowledgment its lists, what is linked and what is asked; of a notification the steps of a playbook,
        // of the help all but its list, of a summary what waits for a look.
        let listed = |line: &str| match template.as_str() {
            "ack" => line.starts_with("- "),
            "help" => !line.starts_with(['-', ' ']),
            "agent_new" => line.trim_start_matches(|c: char| c.is_ascii_digit()).starts_with(". "),
            "summary" => !line.is_empty(),
            _ => whole || template.starts_with("ack-"),
        };
        let shown = |line: &&str| listed(line);
        let most = if template == "summary" { lists_of_summary(&mail.reading.text) } else { usize::MAX };
        for line in mail.reading.text.lines().take(most).take_while(|l| !l.starts_with("-- ") && !l.contains("Ref: pd.")).filter(shown) {
            writeln!(out, "{}", format!("  | {line}").trim_end()).unwrap();
        }
    }
    if out.is_empty() {
        out.push_str("nothing\n");
    }
    out
}
