//! Golden mails: every template in every language as it leaves the house. `UPDATE=1 cargo test --test suite goldens` rewrites them.

use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use chrono::{DateTime, Duration, Utc};
use mail_parser::{MessageParser, MimeHeaders};
use postdesk::domain::CauseKey;
use postdesk::domain::canned::{self, Canned, Filling};
use postdesk::domain::facts::{self, Facts};
use postdesk::domain::message::{
    Address, Attach, Draft, Enclosure, Letter, LetterKind, MessageId, Person, Recipient, TemplateName, Wording,
};
use postdesk::domain::policy::{Closing, Desk as DeskPolicy, Limits, Mailbox, Policy};
use postdesk::domain::ticket::{Matrix, TicketNo};
use postdesk::domain::trust::{Key, LetterName, Token};
use postdesk::mail::compose::{self, Desk};
use postdesk::mail::templates::Templates;
use proptest::prelude::*;

fn policy(name: &str, plus_addresses: bool) -> Policy {
    Policy {
        desk: DeskPolicy {
            name: name.into(),
            language: "en".into(),
            timezone: chrono_tz::Asia::Shanghai,
            ticket_prefix: "#".into(),
            operator: None,
            operator_language: None,
        },
        mailboxes: vec![Mailbox {
            name: "support".into(),
            address: address("support@desk.example"),
            aliases: vec![],
            via_lists: vec![],
            language: None,
            plus_addresses,
        }],
        teams: vec![],
        agents: vec![],
        approvers: vec![],
        categories: vec![],
        matrix: Matrix::default(),
        rules: Arc::default(),
        articles: Arc::default(),
        search: Arc::new(postdesk::domain::suggest::Nowhere),
        canned: Arc::default(),
        calendar: None,
        sla: std::collections::BTreeMap::default(),
        closing: Closing { close: Duration::days(5), ..Closing::default() },
        limits: Limits { message_size: 25 << 20, per_address: vec![], per_ticket: vec![], attachments: 10 << 20 },
        summaries: vec![],
        authserv_ids: vec![],
        internal: vec![],
        languages: vec!["en".into(), "zh".into()],
        key: Key::new([7; 32]),
        fingerprint: String::new(),
    }
}

fn address(text: &str) -> Address {
    Address::parse(text).unwrap()
}

fn recipient(name: &str, at: &str, cc: bool) -> Recipient {
    Recipient { person: Person { name: name.into(), address: address(at) }, cc }
}

/// The draft that a decision would make for these facts.
fn draft(facts: Facts, language: &str) -> Draft {
    use TemplateName::{
        Ack, AgentError, AgentFollowup, AgentNew, AgentReceipt, Approval, Closed, Confirm, Consult, Help, Quarantined, Reminder, Reply,
        Resolved, Summary, TooLarge, Update,
    };
    let (kind, agent) = match facts.template() {
        Ack | Update | Closed | TooLarge | Reminder => (LetterKind::Automatic, None),
        Reply | Resolved | Consult => (LetterKind::Reply, None),
        AgentNew | AgentFollowup | AgentReceipt | AgentError | Help => (LetterKind::Notice, Some("li".to_owned())),
        Quarantined => (LetterKind::Notice, None),
        Confirm => (LetterKind::Notice, Some("confirm.aaaaaaaaaaaaaaaa.li".to_owned())),
        Approval => (LetterKind::Notice, Some("approver.zhao.1".to_owned())),
        Summary => (LetterKind::Summary, None),
    };
    let zh = language == "zh";
    let to = match kind {
        LetterKind::Notice | LetterKind::Summary => vec![recipient(if zh { "李伟" } else { "Li Wei" }, "li@desk.example", false)],
        LetterKind::Automatic => vec![recipient(if zh { "王芳" } else { "Alice Brown" }, "alice@example.com", false)],
        LetterKind::Reply => vec![
            recipient(if zh { "王芳" } else { "Alice Brown" }, "alice@example.com", false),
            recipient(if zh { "陈，经理" } else { "Bob \"B\" Smith, Jr." }, "bob@example.com", true),
        ],
    };
    let answers = matches!(facts.template(), Ack | TooLarge | Reply | AgentReceipt | AgentError | Help);
    Draft {
        language: language.into(),
        kind,
        mailbox: "support".into(),
        ticket: facts.card().map(|card| TicketNo(card.number)),
        to,
        agent,
        answers: answers.then(|| MessageId::parse("CAF=x+1@mail.example.com").unwrap()),
        facts,
        variant: None,
        attach: vec![],
        held: None,
        not_before: None,
    }
}

fn templates() -> Templates {
    Templates::load(None).unwrap_or_else(|c| panic!("{}", c.iter().map(ToString::to_string).collect::<String>()))
}

fn now() -> DateTime<Utc> {
    "2026-12-01T01:30:00Z".parse().unwrap()
}

fn letter(draft: &Draft, policy: &Policy, templates: &Templates) -> (Letter, Wording) {
    let cause = CauseKey("mail:golden".into());
    let desk = Desk { policy, templates, cause: &cause, now: now() };
    (compose::address(draft, 0, desk).unwrap(), compose::word(draft, 0, desk).unwrap())
}

/// The header block, unfolded, by lower-case name; panics on what RFC 5322 does not allow.
fn header_lines(bytes: &[u8]) -> Vec<(String, String)> {
    let text = std::str::from_utf8(bytes).unwrap();
    assert!(text.is_ascii());
    assert!(!text.replace("\r\n", "").contains(['\r', '\n']), "bare CR or LF");
    assert!(text.split("\r\n").all(|line| line.len() <= 998), "line too long");
    let head = text.split_once("\r\n\r\n").unwrap().0;
    let mut lines: Vec<(String, String)> = Vec::new();
    for line in head.split("\r\n") {
        if line.starts_with([' ', '\t']) {
            lines.last_mut().unwrap().1.push_str(line);
        } else {
            let (name, value) = line.split_once(':').unwrap();
            lines.push((name.to_ascii_lowercase(), value.trim().to_owned()));
        }
    }
    lines
}

/// A mail as a person can read it: its header, then each part decoded.
fn readable((letter, words): &(Letter, Wording)) -> String {
    let parsed = MessageParser::default().parse(&words.bytes).unwrap();
    let head = std::str::from_utf8(&words.bytes).unwrap().split_once("\r\n\r\n").unwrap().0.replace("\r\n", "\n");
    let text = parsed.body_text(0).unwrap().replace("\r\n", "\n");
    assert_eq!(text, words.text);
    let html = parsed.body_html(0).unwrap().replace("\r\n", "\n");
    assert_eq!(parsed.subject(), Some(words.subject.as_str()));
    let mut out = format!("envelope: {} -> {:?}\nsubject: {}\n{head}\n\n", letter.reverse_path.as_ref().unwrap(), letter.to, words.subject);
    out.push_str(&format!("=== text ===\n{text}\n=== html ===\n{html}"));
    for file in parsed.attachments() {
        out.push_str(&format!("\n=== file {} ({} bytes) ===\n", file.attachment_name().unwrap_or("?"), file.contents().len()));
    }
    out
}

fn check(path: &Path, have: &str, wrong: &mut Vec<String>) {
    if std::env::var_os("UPDATE").is_some() {
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, have).unwrap();
    }
    let want = std::fs::read_to_string(path).unwrap_or_default();
    if want != have {
        let line = want.lines().zip(have.lines()).position(|(a, b)| a != b).map_or(0, |n| n + 1);
        wrong.push(format!("{}:{line}", path.display()));
    }
}

fn goldens() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/goldens")
}

#[test]
fn every_template_in_every_language() {
    let (templates, mut wrong) = (templates(), Vec::new());
    for (language, desk) in [("en", "IT Support"), ("zh", "IT 服务台")] {
        let policy = policy(desk, false);
        let mut seen: HashMap<TemplateName, usize> = HashMap::new();
        for facts in Facts::samples(language) {
            let name = facts.template();
            let n = seen.entry(name).and_modify(|n| *n += 1).or_insert(1);
            let path = goldens().join(language).join(format!("{}-{n}.txt", name.as_str()));
            check(&path, &readable(&letter(&draft(facts, language), &policy, &templates)), &mut wrong);
        }
        assert!(TemplateName::ALL.iter().all(|name| seen.contains_key(name)), "a template without a sample");
    }
    assert!(wrong.is_empty(), "UPDATE=1 rewrites: {wrong:#?}");
}

#[test]
fn every_canned_reply_in_every_language() {
    let (templates, mut wrong) = (templates(), Vec::new());
    for (file, text) in canned::builtin_files() {
        let canned = Canned::read(&file, text).unwrap().unwrap_or_else(|c| panic!("{}", c[0]));
        let language = canned.language.as_str();
        let filling = Filling { requester: "Alice Brown", ticket: "[#1042]", agent: "Li Wei", desk: "IT Support" };
        let words = canned.fill(filling);
        let Some(Facts::Reply(reply)) = Facts::samples(language).into_iter().find(|f| f.template() == TemplateName::Reply) else {
            panic!()
        };
        let facts = Facts::Reply(facts::Reply { words, articles: Vec::new(), ..reply });
        let path = goldens().join(language).join(format!("use-{}.txt", canned.name));
        check(&path, &readable(&letter(&draft(facts, language), &policy("IT Support", false), &templates)), &mut wrong);
    }
    assert!(wrong.is_empty(), "UPDATE=1 rewrites: {wrong:#?}");
}

#[test]
fn headers_say_who_and_why() {
    let templates = templates();
    for (plus, facts) in [false, true].into_iter().flat_map(|plus| Facts::samples("en").into_iter().map(move |f| (plus, f))) {
        let policy = policy("IT, Support \"HQ\"", plus);
        let draft = draft(facts, "en");
        let (letter, words) = letter(&draft, &policy, &templates);
        let lines = header_lines(&words.bytes);
        let get = |name: &str| {
            let mut found = lines.iter().filter(|(n, _)| n == name);
            let first = found.next().map(|(_, v)| v.as_str());
            assert!(found.next().is_none(), "{name} twice");
            first
        };
        let reply = draft.kind == LetterKind::Reply;
        assert_eq!(get("auto-submitted").is_none(), reply);
        assert_eq!(get("x-auto-response-suppress").is_none(), reply);
        assert_eq!(get("x-postdesk-loop"), (!reply).then(|| policy.key.sign(&["loop"])).as_deref());
        if draft.facts.template() == TemplateName::Ack {
            assert_eq!(get("auto-submitted"), Some("auto-replied"));
        }
        assert_eq!(get("date"), Some("Tue, 1 Dec 2026 09:30:00 +0800"));
        assert_eq!(get("cc").is_some(), reply);
        assert_eq!(letter.to.len(), draft.to.len());
        if let Some(ticket) = draft.ticket {
            let token = Token { ticket, agent: draft.agent.clone() };
            let anchor = Token::anchor(&token.text(&policy.key), "desk.example").unwrap();
            assert!(get("references").unwrap().starts_with(&anchor.to_string()));
            assert!(words.subject.contains(&format!("[#{}]", ticket.0)), "{}", words.subject);
            let reply_to = if plus { format!("support+{}@desk.example", token.text(&policy.key)) } else { "support@desk.example".into() };
            assert_eq!(get("reply-to"), Some(reply_to.as_str()));
            assert!(words.text.ends_with(&format!("Ref: {}\n", token.text(&policy.key))));
        }
        if draft.kind == LetterKind::Notice {
            // The subject is the requester's own text; nothing that a mail client would answer to holds the address.
            let head: String = lines.iter().filter(|(n, _)| n != "subject").map(|(n, v)| format!("{n}: {v}\n")).collect();
            assert!(!head.contains("alice@example.com") && !head.contains("evil.example"), "{head}");
        }
        let id = LetterName::read(&letter.message_id).unwrap();
        assert!(id.is_signed(&policy.key) && id.ticket == draft.ticket);
        let path = letter.reverse_path.unwrap();
        assert_eq!(path.split_plus().map_or("", |(_, detail)| detail).starts_with("bounce."), plus);
    }
}

#[test]
fn odd_ids_and_addresses_do_no_harm() {
    let (templates, policy) = (templates(), policy("IT", true));
    let mut draft = draft(Facts::samples("en").remove(0), "en");
    draft.answers = MessageId::parse(&format!("{}@x", "a".repeat(890)));
    assert!(draft.answers.is_some());
    draft.to.push(recipient("", "weird..dots@@example.com", false));
    draft.to.push(recipient("张三", "张三@例子.example", true));
    let (letter, words) = letter(&draft, &policy, &templates);
    header_lines(&words.bytes);
    assert_eq!(letter.to.len(), 3);
    draft.answers = MessageId::parse("中文@x");
    let bytes = self::letter(&draft, &policy, &templates).1.bytes;
    assert!(header_lines(&bytes).iter().all(|(name, _)| name != "in-reply-to"));
}

#[test]
fn files_go_along() {
    let raw = "From: a@example.com\r\nMIME-Version: 1.0\r\nContent-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\nContent-Type: text/plain\r\n\r\nhi\r\n\
               --b\r\nContent-Type: image/png; name=x.png\r\nContent-Disposition: attachment; filename=x.png\r\nContent-Transfer-Encoding: base64\r\n\r\n\
               iVBORw0K\r\n--b--\r\n";
    let (templates, policy) = (templates(), policy("IT 服务台", false));
    let facts = Facts::samples("zh").into_iter().find(|f| f.template() == TemplateName::Reply).unwrap();
    let mut draft = draft(facts, "zh");
    let name = "断线截图（第 2 张）.png";
    let mut file = postdesk::mail::parse::read(raw.as_bytes(), None).attachments.remove(0);
    file.name = name.into();
    draft.attach.push(Attach { file, mail: None });
    let (_, mut words) = letter(&draft, &policy, &templates);
    let [Enclosure { at, mail, span, size: 6 }] = words.files.as_slice() else { panic!("{:?}", words.files) };
    assert_eq!(mail.0, "mail:golden");
    let encoded = raw.bytes().skip(span.start as usize).take(span.length as usize).collect::<Vec<_>>();
    assert_eq!(encoded, b"iVBORw0K");
    words.bytes.splice(at..at, encoded);
    let parsed = MessageParser::default().parse(&words.bytes).unwrap();
    let file = parsed.attachments().next().unwrap();
    assert_eq!(file.attachment_name(), Some(name));
    assert_eq!(file.contents(), b"\x89PNG\r\n");
    let mut wrong = Vec::new();
    check(&goldens().join("zh-with-file.eml"), std::str::from_utf8(&words.bytes).unwrap(), &mut wrong);
    assert!(wrong.is_empty(), "UPDATE=1 rewrites: {wrong:#?}");
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 200, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn nothing_from_a_mail_becomes_a_header(subject in "(\\PC|[\r\n\0 =?\"<>,])*", name in "(\\PC|[\r\n\0=?\"<>,@])*", text in "(?s).*", which in 0_usize..48) {
        thread_local!(static TEMPLATES: Templates = templates());
        let policy = policy(&name, true);
        let mut samples = Facts::samples(if which % 2 == 0 { "en" } else { "zh" });
        let mut facts = samples.swap_remove(which % samples.len());
        match &mut facts {
            Facts::Ack(f) => { f.ticket.subject.clone_from(&subject); f.ticket.team.clone_from(&name); }
            Facts::Reply(f) => { f.ticket.subject.clone_from(&subject); f.agent.clone_from(&name); f.words.clone_from(&text); }
            Facts::AgentNew(f) => { f.ticket.subject.clone_from(&subject); f.ticket.requester.clone_from(&name); f.text.clone_from(&text); }
            Facts::AgentFollowup(f) => { f.ticket.subject.clone_from(&subject); f.from.clone_from(&name); f.text.clone_from(&text); }
            Facts::AgentError(f) => { f.subject.clone_from(&subject); f.text.clone_from(&text); }
            Facts::Resolved(f) => { f.words.clone_from(&text); }
            Facts::Confirm(f) => { f.subject.clone_from(&subject); f.text.clone_from(&text); }
            Facts::Summary(f) => for waits in f.held.iter_mut().chain(&mut f.suspect) {
                waits.ticket.subject.clone_from(&subject);
                waits.who.clone_from(&name);
            }
            _ => {}
        }
        let mut draft = draft(facts, "en");
        draft.to[0].person.name.clone_from(&name);
        let (one, two) = TEMPLATES.with(|t| (letter(&draft, &policy, t), letter(&draft, &policy, t)));
        prop_assert_eq!(&one, &two);
        let known = ["date", "from", "to", "cc", "reply-to", "subject", "message-id", "in-reply-to", "references", "auto-submitted",
            "x-auto-response-suppress", "x-postdesk-loop", "x-postdesk-mail", "mime-version", "content-type"];
        let lines = header_lines(&one.1.bytes);
        for (n, (name, _)) in lines.iter().enumerate() {
            prop_assert!(known.contains(&name.as_str()), "{}", name);
            prop_assert!(lines.iter().take(n).all(|(other, _)| other != name), "{} twice", name);
        }
        let parsed = MessageParser::default().parse(&one.1.bytes).unwrap();
        prop_assert_eq!(parsed.subject().unwrap(), one.1.subject.as_str());
        prop_assert_eq!(parsed.from().unwrap().first().unwrap().address(), Some("support@desk.example"));
        prop_assert_eq!(parsed.to().unwrap().first().unwrap().address(), Some(draft.to[0].person.address.as_str()));
        prop_assert_eq!(parsed.body_text(0).unwrap().replace("\r\n", "\n"), one.1.text);
    }
}
