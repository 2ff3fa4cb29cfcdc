//! An agent's day, as `docs/agents.md` and `docs/agents.zh.md` tell it: the mails on these pages are the program's own.
//! `UPDATE=1 cargo test day` writes them anew.
//!
//!     <!-- step 08:40 li replies to agent_new -->    what the block below it says is played, as a story's step is
//!     <!-- step 2026-11-30 08:00 the weekend -->     some sixty mails come in, one after another since Friday
//!     <!-- mail agent_receipt to li -->              the block below it is the newest such mail
//!     <!-- mail ack to alice@ext.test -->
//!     <!-- inbox li 8 -->                            the newest mails to li, one a line

use std::fmt::Write;

use chrono::{Duration, NaiveDateTime, TimeZone, Utc};
use chrono_tz::Asia::Shanghai;
use serde_json::Value;

use crate::stories::{act, template_of};
use crate::world::{CONFIG, Sent, World};

/// Who may say yes, beside the people of the stories' desk.
const APPROVER: &str = "[[approver]]\nhandle = \"zhao\"\nname = \"Zhao Lei\"\naddress = \"zhao@desk.test\"\n";

#[test]
fn the_day_of_an_agent_goes_as_the_pages_tell_it() {
    for name in ["docs/agents.md", "docs/agents.zh.md"] {
        let file = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join(name);
        let told = std::fs::read_to_string(&file).unwrap();
        let seen = play(name, &told);
        if std::env::var_os("UPDATE").is_some() {
            std::fs::write(&file, &seen).unwrap();
            continue;
        }
        let differs = told.lines().zip(seen.lines()).enumerate().find(|(_, (told, seen))| told != seen);
        assert!(told == seen, "{name} tells another day than the program; `UPDATE=1` accepts it. First difference: {differs:#?}");
    }
}

fn play(name: &str, page: &str) -> String {
    let mut world = World::new(&name.replace('/', "-"), CONFIG, &[("config.toml".to_owned(), APPROVER.to_owned())]);
    let (mut seen, mut shown) = (String::new(), 0);
    let mut lines = page.lines();
    while let Some(line) = lines.next() {
        writeln!(seen, "{line}").unwrap();
        let Some(head) = line.strip_prefix("<!-- ").and_then(|rest| rest.strip_suffix(" -->")) else { continue };
        let told = block(&mut lines.clone());
        let (kind, rest) = head.split_once(' ').unwrap_or((head, ""));
        let words: Vec<&str> = rest.split(' ').collect();
        let made = match (kind, words.as_slice()) {
            ("step", [day, time, "the", "weekend"]) => weekend(&mut world, &format!("{day} {time}")),
            ("step", _) => {
                let index = 1000 + shown;
                act(&mut world, rest, told.as_deref().unwrap_or(""), index);
                None
            }
            ("mail", [template, "to", whom]) => Some(mail(newest(&world, template, whom))),
            ("inbox", [whom, most]) => Some(inbox(&world, whom, most.parse().unwrap())),
            _ => panic!("{name}: no such mark: {line}"),
        };
        shown += 1;
        if let Some(made) = made {
            assert!(told.is_some(), "{name}: no block below {line}");
            let length = told.unwrap_or_default().lines().count() + 2;
            lines.by_ref().take(length).for_each(drop);
            writeln!(seen, "```text\n{made}\n```").unwrap();
        }
    }
    assert!(shown > 10, "{name} shows no day");
    seen
}

/// The text of the block that begins on the next line.
fn block<'a>(lines: &mut impl Iterator<Item = &'a str>) -> Option<String> {
    (lines.next()? == "```text").then(|| lines.take_while(|line| *line != "```").collect::<Vec<_>>().join("\n"))
}

/// Sixty mails from Friday evening to this hour.
fn weekend(world: &mut World, until: &str) -> Option<String> {
    const ENGLISH: [&str; 7] = ["Ben Ortiz", "Carol Diaz", "Dan Evans", "Emma Fox", "Frank Green", "Grace Hill", "Ian Jones"];
    const CHINESE: [&str; 7] = ["孙丽", "王磊", "周洋", "何静", "吴敏", "郑强", "刘欣"];
    let until = NaiveDateTime::parse_from_str(until, "%Y-%m-%d %H:%M").unwrap();
    let until = Shanghai.from_local_datetime(&until).unwrap().with_timezone(&Utc);
    let mails = std::fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/mails/train.jsonl")).unwrap();
    let all = mails.lines().map(|line| serde_json::from_str::<Value>(line).unwrap());
    let (network, others): (Vec<Value>, Vec<Value>) = all.partition(|mail| mail["expect"]["category"] == "network");
    // One in six is for the team "network".
    let chosen = others.chunks(5).zip(network.iter()).flat_map(|(others, network)| others.iter().chain([network])).take(58);
    for (n, mail) in chosen.enumerate() {
        let (subject, text) = (mail["subject"].as_str().unwrap_or(""), mail["text"].as_str().unwrap_or(""));
        world.now = until - Duration::minutes(60 * (58 - n as i64));
        let raw = format!(
            "Message-ID: <weekend-{n}@ext.test>\nFrom: {} <p{}@ext.test>\nTo: support@desk.test\nSubject: {subject}\n\
             MIME-Version: 1.0\nContent-Type: text/plain; charset=utf-8\nContent-Transfer-Encoding: 8bit\n\n{text}\n",
            if mail["lang"] == "zh" { CHINESE[n % 7] } else { ENGLISH[n % 7] },
            n
        );
        world.mail(raw.as_bytes());
    }
    world.now = until;
    None
}

fn address(whom: &str) -> String {
    if whom.contains('@') { whom.to_owned() } else { format!("{whom}@desk.test") }
}

fn newest<'a>(world: &'a World, template: &str, whom: &str) -> &'a Sent {
    let to = address(whom);
    let found = world.sent.iter().rev().find(|sent| sent.to == to && template_of(sent) == template);
    found.unwrap_or_else(|| panic!("{whom} got no {template}"))
}

/// A mail as its reader sees it.
fn mail(sent: &Sent) -> String {
    let person = |p: &postdesk::domain::message::Person| format!("{} <{}>", p.name, p.address);
    let reading = &sent.reading;
    let mut out = String::new();
    writeln!(out, "From: {}", reading.from.as_ref().map(person).unwrap_or_default()).unwrap();
    writeln!(out, "To: {}", reading.to.iter().map(person).collect::<Vec<_>>().join(", ")).unwrap();
    writeln!(out, "Subject: {}\n", reading.subject).unwrap();
    for line in reading.text.trim_end().lines() {
        writeln!(out, "{}", same_token(line).trim_end()).unwrap();
    }
    out.trim_end().to_owned()
}

/// Each desk has a key of its own; the page keeps one token.
fn same_token(line: &str) -> String {
    match line.split_once("Ref: pd.") {
        Some((before, token)) => {
            let mut parts: Vec<&str> = token.split('.').collect();
            // The token of a confirmation mail has a signature inside as well.
            let signed = parts.iter().position(|part| *part == "confirm").map(|kind| kind + 1);
            let last = parts.len() - 1;
            for at in signed.into_iter().chain([last]) {
                parts[at] = "lfahy2skaaet2ekb";
            }
            format!("{before}Ref: pd.{}", parts.join("."))
        }
        None => line.to_owned(),
    }
}

fn inbox(world: &World, whom: &str, most: usize) -> String {
    let to = address(whom);
    let mails: Vec<&Sent> = world.sent.iter().filter(|sent| sent.to == to).collect();
    let line = |sent: &&&Sent| {
        let from = sent.reading.from.as_ref().map(|p| p.name.clone()).unwrap_or_default();
        format!("{from}: {}", sent.reading.subject)
    };
    let mut lines: Vec<String> = mails.iter().rev().take(most).map(|sent| line(&sent)).collect();
    if mails.len() > most {
        lines.push(format!("… {}", mails.len() - most));
    }
    lines.join("\n")
}
