//! What is fuzzed, a function a target: total on any bytes, and true to the invariants that are asserted here.
//!
//! `fuzz_targets` feeds them from libFuzzer, `tests/suite/fuzz.rs` replays the corpora on stable Rust. See docs/standards.md.
#![allow(dead_code, clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, clippy::string_slice, clippy::panic)]

use std::sync::{Arc, LazyLock};

use postdesk::domain::authentication::Results;
use postdesk::domain::facts::Facts;
use postdesk::domain::foresight::Foresight;
use postdesk::domain::message::Reading;
use postdesk::domain::rules::{Names, RuleSet};
use postdesk::domain::{reply, tags};
use postdesk::mail::{flowed, html, language, parse};
use postdesk::policy::{self, Loaded};
use serde_json::Value;

static DESK: LazyLock<Loaded> = LazyLock::new(|| policy::builtin().expect("what is built in is sound"));

/// What a mail may grow by when it is read, bytes; and how often its size beyond that.
const ROOM: usize = 4096;
const GROWTH: usize = 8;

/// Raw bytes of a mail → facts: bounded, one line where one is promised, spans inside the mail.
pub fn parse(data: &[u8]) {
    let mail = parse::read(data, None);
    one_line(&mail.subject);
    mail.from.iter().chain(&mail.to).chain(&mail.cc).chain(&mail.reply_to).for_each(|person| {
        one_line(&person.name);
        one_line(person.address.as_str());
    });
    mail.attachments.iter().for_each(|file| one_line(&file.name));
    mail.references.iter().chain(&mail.id).for_each(|id| one_line(id.as_str()));
    assert!(mail.text.len() <= data.len() * GROWTH + ROOM, "{} bytes of text in a mail of {}", mail.text.len(), data.len());
    for file in &mail.attachments {
        let end = file.span.start.checked_add(file.span.length).expect("the end of a file");
        assert!(end <= data.len() as u64, "a file ends behind its mail");
    }
    assert_eq!(parse::read(data, None), mail, "reading is a function of the bytes");
}

/// A text, as HTML and as it is → words: what is kept was there.
pub fn body(data: &[u8]) {
    let text = String::from_utf8_lossy(data);
    html::to_text(&text);
    flowed::unflow(&text, true);
    flowed::unflow(&text, false);
    language::of(&text);
    let (sent, answer) = text.split_once("\n===\n").unwrap_or(("", &text));
    for sent in [None, Some(sent)] {
        let kept = reply::own_words(answer, sent);
        let stays = |line: &str| answer.contains(line.trim());
        assert!(kept.text.lines().all(stays), "words that nobody wrote: {:?}", kept.text);
    }
}

/// Subject and body of an agent's mail → orders: an error or a tag, never both in silence.
pub fn tags(data: &[u8]) {
    let text = String::from_utf8_lossy(data);
    let (subject, body) = text.split_once('\n').unwrap_or((&text, ""));
    for own in [None, Some(subject), Some("VPN down [EXTERNAL]")] {
        for joins in [true, false] {
            let read = tags::read(subject, own, body, joins);
            for tag in read.orders() {
                assert!(tags::lookup(&tag.name).is_some(), "an order that nobody knows: {tag:?}");
            }
        }
    }
    tags::read_answer(subject, ["VPN down", "Re: VPN down"], body);
}

/// A mail → what kind it is, who wrote it, what the rules say: each with a reason.
pub fn origin(data: &[u8]) {
    let mail: Arc<Reading> = Arc::new(parse::read(data, None));
    let foresight = Foresight::of(mail, "2026-12-01T08:00:00Z".parse().expect("a time"), Arc::clone(&DESK.policy));
    assert!(!foresight.origin.because.is_empty() && !foresight.sender.because.is_empty());
    assert!(!foresight.sender.trusted && foresight.sender.proved.is_empty(), "trust out of nothing");
    assert!(foresight.tokens.is_empty(), "a signature out of nothing");
    foresight.verdict();
}

/// The value of an Authentication-Results field → findings, each a part of it.
pub fn authentication(data: &[u8]) {
    let value = String::from_utf8_lossy(data);
    let Some(results) = Results::read(&value) else { return };
    let lower = value.to_lowercase();
    assert!(!results.authserv_id.is_empty() && results.findings.len() <= value.len());
    for finding in &results.findings {
        assert!(lower.contains(&finding.method) && lower.contains(&finding.result), "a finding out of nothing: {finding:?}");
    }
}

/// A rule file → rules, or complaints that name a place in it.
pub fn rules(data: &[u8]) {
    let text = String::from_utf8_lossy(data).into_owned();
    let file = "rules/1.toml".to_owned();
    match RuleSet::compile(&[(file, text)], &Names::default(), 1) {
        Ok(rules) => {
            let mail = parse::read(b"From: a@b.test\nSubject: VPN down\n\nError 809, it is urgent. \xE6\x80\xA5\n", None);
            let policy = &DESK.policy;
            let foresight = Foresight::of(Arc::new(mail), Default::default(), Arc::clone(policy));
            let evidence = &foresight.verdict().evidence;
            assert!(rules.len() < 1_000_000 && evidence.iter().all(|e| !e.rule.is_empty()));
        }
        Err(complaints) => {
            assert!(!complaints.is_empty());
            assert!(complaints.iter().all(|complaint| complaint.to_string().contains("rules/1.toml")), "a complaint without a place");
        }
    }
}

/// A stranger's words in each fact of each template → a mail: one line of Subject, no markup and no link of his.
pub fn facts(data: &[u8]) {
    let words = String::from_utf8_lossy(data);
    for language in ["en", "zh"] {
        for sample in Facts::samples(language) {
            let mut values = serde_json::to_value(&sample).expect("facts are JSON");
            fill(&mut values, &words);
            let Ok(facts) = serde_json::from_value::<Facts>(values) else { continue };
            if facts.template() != sample.template() {
                continue;
            }
            let mail = DESK.templates.render(&facts, None, language, "Desk", "").expect("sound templates take any words");
            one_line(&mail.subject);
            for evil in ["<script", "<img", "<iframe", "<style>", "href=\"javascript"] {
                let outside = mail.html.to_lowercase().matches(evil).count();
                assert_eq!(outside, 0, "{evil} in the HTML of {}", mail.template);
            }
        }
    }
}

/// Puts the words into every text that is a stranger's to choose.
fn fill(value: &mut Value, words: &str) {
    match value {
        Value::String(text) => words.clone_into(text),
        Value::Array(list) => list.iter_mut().for_each(|value| fill(value, words)),
        Value::Object(map) => map.iter_mut().filter(|(name, _)| *name != "url").for_each(|(_, value)| fill(value, words)),
        _ => {}
    }
}

fn one_line(text: &str) {
    assert!(!text.contains(['\r', '\n', '\0']), "more than a line: {text:?}");
}
