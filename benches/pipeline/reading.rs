//! Reading alone: beside the parser that it builds on, and on mails that were made to be slow.

use std::time::{Duration, Instant};

use mail_parser::MessageParser;
use postdesk::mail::parse;

/// Megabytes a second: of the desk's reading, and of the parser alone.
pub fn rates(mails: &[Vec<u8>]) -> (f64, f64) {
    let bytes: usize = mails.iter().map(Vec::len).sum();
    let parser = MessageParser::default();
    let (mut ours, mut parsers) = (Duration::ZERO, Duration::ZERO);
    // As in `search`: pieces, and the best of ten rounds for each; one after the other, for a machine's speed wanders.
    for piece in mails.chunks(50) {
        ours += best(10, || piece.iter().for_each(|mail| drop(std::hint::black_box(parse::read(mail, None)))));
        parsers += best(10, || piece.iter().for_each(|mail| drop(std::hint::black_box(parser.parse(mail)))));
    }
    let rate = |time: Duration| bytes as f64 / time.as_secs_f64() / 1e6;
    (rate(ours), rate(parsers))
}

/// What costs most when four times as much of it comes, and how many times as much it costs then.
pub fn worst_growth() -> (&'static str, f64) {
    let growth = |(name, hostile): Shape| {
        let time = |n: usize| {
            let mail = hostile(n);
            best(5, || drop(std::hint::black_box(parse::read(&mail, None)))).as_secs_f64()
        };
        // Large enough that what does not grow does not count.
        (name, time(40_000) / time(10_000))
    };
    HOSTILE.into_iter().map(growth).max_by(|(_, a), (_, b)| a.total_cmp(b)).unwrap_or(("", 0.0))
}

/// A name, and a mail with `n` of it.
type Shape = (&'static str, fn(usize) -> Vec<u8>);

/// Shapes that were made to be slow.
const HOSTILE: [Shape; 14] = [
    ("headers", |n| mail(&"X-A: b\n".repeat(n), "words")),
    ("encoded words", |n| mail(&format!("Subject: {}\n", "=?utf-8?Q?=E6?= ".repeat(n)), "words")),
    ("addresses", |n| mail(&format!("Cc: {}x@y.test\n", "a@b.test, ".repeat(n)), "words")),
    ("comments", |n| mail(&format!("Date: {}\n", "(".repeat(n)), "words")),
    ("references", |n| mail(&format!("References: {}\n", "<a@b.test> ".repeat(n)), "words")),
    ("parts", |n| mail("Content-Type: multipart/mixed; boundary=b\n", &"--b\n\nx\n".repeat(n))),
    ("nested parts", |n| {
        mail("Content-Type: multipart/mixed; boundary=b\n", &"--b\nContent-Type: multipart/mixed; boundary=b\n\n".repeat(n))
    }),
    ("lines", |n| mail("", &"word\n".repeat(n))),
    ("one line", |n| mail("", &"word ".repeat(n))),
    ("quote marks", |n| mail("", &format!("{} x\n", ">".repeat(n)))),
    ("quote heads", |n| mail("", &"On Tue, 1 Dec 2026, Ann wrote:\n> x\n".repeat(n / 4))),
    ("open heads", |n| mail("", &"On \n".repeat(n))),
    ("open tags", |n| mail("Content-Type: text/html\n", &"<div><b>x".repeat(n))),
    ("angle brackets", |n| mail("Content-Type: text/html\n", &"<".repeat(n))),
];

fn mail(headers: &str, body: &str) -> Vec<u8> {
    format!("From: a@b.test\nTo: support@desk.example\nMIME-Version: 1.0\n{headers}\n{body}").into_bytes()
}

fn best(rounds: usize, mut work: impl FnMut()) -> Duration {
    let times = (0..rounds).map(|_| {
        let start = Instant::now();
        work();
        start.elapsed()
    });
    times.min().unwrap_or_default()
}
