//! The fuzz targets over their corpora, on stable Rust: what once broke, and what reaches far.

#[path = "../../fuzz/targets.rs"]
mod targets;

use std::path::Path;

/// Feeds a target its corpus, each input also cut short and with its halves exchanged.
fn replay(name: &str, target: fn(&[u8])) {
    let corpus = Path::new(env!("CARGO_MANIFEST_DIR")).join("fuzz/corpus").join(name);
    let files = std::fs::read_dir(&corpus).unwrap_or_else(|e| panic!("{}: {e}", corpus.display()));
    let mut count = 0;
    for file in files {
        let data = std::fs::read(file.unwrap().path()).unwrap();
        let (front, back) = data.split_at(data.len() / 2);
        target(&data);
        target(front);
        target(&[back, front].concat());
        count += 1;
    }
    assert!(count >= 5, "{count} inputs for {name}");
}

#[test]
fn any_bytes_are_a_mail() {
    replay("parse", targets::parse);
}

#[test]
fn any_text_is_a_body() {
    replay("body", targets::body);
}

#[test]
fn any_subject_may_hold_orders() {
    replay("tags", targets::tags);
}

#[test]
fn any_mail_has_an_origin() {
    replay("origin", targets::origin);
}

#[test]
fn any_file_is_rules_or_complaints() {
    replay("rules", targets::rules);
}

#[test]
fn any_words_may_be_facts() {
    replay("facts", targets::facts);
}
