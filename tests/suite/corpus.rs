//! Whole mails, named after the mailer or the fault that they show. Each is read with LF and with CRLF line ends and compared with its
//! golden JSON; `UPDATE=1` rewrites the goldens.

use std::path::Path;
use std::sync::Arc;

use postdesk::domain::message::{Address, Reading};
use postdesk::domain::origin;
use postdesk::domain::policy::{Closing, Desk, Limits, Mailbox, Policy};
use postdesk::domain::rules::RuleSet;
use postdesk::domain::ticket::Matrix;
use postdesk::domain::trust::Key;
use postdesk::mail::parse;

fn policy() -> Policy {
    let mailbox = Mailbox {
        name: "it".into(),
        address: Address::parse("it@desk.example").unwrap(),
        aliases: vec![],
        via_lists: vec![],
        language: None,
        plus_addresses: false,
    };
    Policy {
        desk: Desk {
            name: "IT".into(),
            language: "en".into(),
            timezone: chrono_tz::UTC,
            ticket_prefix: "#".into(),
            operator: None,
            operator_language: None,
        },
        mailboxes: vec![mailbox],
        teams: vec![],
        agents: vec![],
        categories: vec![],
        matrix: Matrix::default(),
        rules: Arc::new(RuleSet::default()),
        articles: Arc::default(),
        search: Arc::new(postdesk::domain::suggest::Nowhere),
        canned: std::sync::Arc::default(),
        calendar: None,
        sla: std::collections::BTreeMap::default(),
        closing: Closing { close: chrono::Duration::days(7), ..Closing::default() },
        limits: Limits { message_size: 0, per_address: vec![], per_ticket: vec![], attachments: 0 },
        approvers: vec![],
        summaries: vec![],
        languages: vec!["en".into(), "zh".into()],
        authserv_ids: vec![],
        internal: vec![],
        key: Key::new([7; 32]),
        fingerprint: String::new(),
    }
}

/// The reading and its origin; sizes and places fall away, as they count the line ends.
fn golden(reading: &Reading) -> String {
    let mut reading = reading.clone();
    reading.size = 0;
    for file in &mut reading.attachments {
        (file.size, file.span.start, file.span.length) = (0, 0, 0);
    }
    let origin = origin::judge(&reading, &policy());
    serde_json::to_string_pretty(&serde_json::json!({ "origin": origin, "reading": reading })).unwrap() + "\n"
}

fn with_crlf(raw: &[u8]) -> Vec<u8> {
    raw.iter().flat_map(|b| if *b == b'\n' { b"\r\n".to_vec() } else { vec![*b] }).collect()
}

#[test]
fn every_mail_reads_as_its_golden() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/corpus");
    let mut mails: Vec<_> = std::fs::read_dir(&folder).unwrap().map(|e| e.unwrap().path()).collect();
    mails.retain(|p| p.extension().is_some_and(|e| e == "eml"));
    mails.sort();
    assert!(mails.len() >= 80, "the corpus is missing: {}", folder.display());
    for path in mails {
        let raw = std::fs::read(&path).unwrap();
        let expected = path.with_extension("json");
        let lf = golden(&parse::read(&raw, None));
        if std::env::var_os("UPDATE").is_some() {
            std::fs::write(&expected, &lf).unwrap();
        }
        let told = std::fs::read_to_string(&expected).unwrap_or_default();
        assert_eq!(lf, told, "{} with LF", path.display());
        assert_eq!(golden(&parse::read(&with_crlf(&raw), None)), told, "{} with CRLF", path.display());
    }
}
