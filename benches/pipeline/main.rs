//! The speed of the desk, with the limits that it promises. Prints a line a measure; ends with 1 when one is missed.
//!
//! `cargo bench --bench pipeline` measures with mails of its own; `BENCH_MAILDIR=DIR[:DIR…]` with those of other Maildirs, in that order.
//! `cargo bench --bench pipeline -- mail tickets` makes only the measures of these names. See docs/performance.md.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, clippy::string_slice, clippy::panic, missing_docs)]

mod desk;
mod floor;
mod load;
mod process;

use std::path::Path;
use std::time::{Duration, Instant};

use desk::Place;

/// Mails of one round.
const MAILS: usize = 2000;
/// Each figure is the best of so many rounds: what disturbs a round only ever makes it slower.
const ROUNDS: usize = 3;

/// CPU of the whole way of a mail, milliseconds: the other help desks that take mail spend between 35 and 474.
const MAIL_CPU: f64 = 0.9;
/// Rate against the floor of `floor.rs` in the same run: what is not parsing, compressing and inserting is no more than these again and half.
const OF_FLOOR: f64 = 0.4;

/// One round's cost.
#[derive(Clone, Copy)]
struct Cost {
    /// Milliseconds a mail.
    cpu: f64,
    /// Mails a second.
    rate: f64,
}

fn cost(mails: usize, work: impl FnOnce()) -> Cost {
    let (cpu, start) = (process::cpu("self"), Instant::now());
    work();
    let (cpu, wall) = (process::cpu("self") - cpu, start.elapsed());
    let each = |time: Duration| time.as_secs_f64() / mails as f64;
    Cost { cpu: each(cpu) * 1000.0, rate: 1.0 / each(wall) }
}

fn best(costs: &[Cost]) -> Cost {
    let cpu = costs.iter().map(|c| c.cpu).fold(f64::INFINITY, f64::min);
    Cost { cpu, rate: costs.iter().map(|c| c.rate).fold(0.0, f64::max) }
}

/// The mails to measure with.
fn mails() -> Vec<Vec<u8>> {
    let Some(maildirs) = std::env::var_os("BENCH_MAILDIR") else { return load::mails("load", MAILS, true) };
    let mut mails = Vec::new();
    for maildir in std::env::split_paths(&maildirs) {
        let entries = std::fs::read_dir(maildir.join("new")).unwrap_or_else(|e| panic!("{}: {e}", maildir.display()));
        let mut files: Vec<_> = entries.map(|entry| entry.unwrap().path()).collect();
        files.sort();
        mails.extend(files.iter().map(|file| std::fs::read(file).unwrap()));
    }
    mails
}

/// What was promised and what came out.
struct Report {
    wanted: Vec<String>,
    missed: usize,
}

impl Report {
    fn wants(&self, name: &str) -> bool {
        self.wanted.is_empty() || self.wanted.iter().any(|w| w == name)
    }

    fn say(&self, name: &str, words: &str) {
        println!("{name:<10} {words}");
    }

    /// A figure that may not be above its limit.
    fn at_most(&mut self, name: &str, what: &str, figure: f64, limit: f64) {
        self.judge(name, what, figure, limit, "at most", figure <= limit);
    }

    /// A figure that may not be below its limit.
    fn at_least(&mut self, name: &str, what: &str, figure: f64, limit: f64) {
        self.judge(name, what, figure, limit, "at least", figure >= limit);
    }

    fn judge(&mut self, name: &str, what: &str, figure: f64, limit: f64, word: &str, kept: bool) {
        self.missed += usize::from(!kept);
        println!("{name:<10} {what}: {figure:.3} ({word} {limit}){}", if kept { "" } else { "  MISSED" });
    }
}

fn main() {
    // cargo passes `--bench`.
    let wanted = std::env::args().skip(1).filter(|a| !a.starts_with('-')).collect();
    let mut report = Report { wanted, missed: 0 };
    let mails = mails();
    let bytes: usize = mails.iter().map(Vec::len).sum();
    report.say("load", &format!("{} mails of {:.1} KB on average", mails.len(), bytes as f64 / mails.len() as f64 / 1000.0));
    if report.wants("mail") {
        mail(&mut report, &mails);
    }
    std::process::exit(i32::from(report.missed > 0));
}

/// The whole way of a mail, beside the floor.
fn mail(report: &mut Report, mails: &[Vec<u8>]) {
    let (mut floors, mut wholes) = (Vec::new(), Vec::new());
    for _ in 0..ROUNDS {
        let place = Place::new();
        floors.push(cost(mails.len(), || floor::run(mails, Path::new(&place.directory))));
        place.post(mails);
        wholes.push(cost(mails.len(), || place.work_off()));
        let (tickets, messages, letters) = place.counts();
        assert_eq!(messages as usize, mails.len());
        if wholes.len() == 1 {
            report.say("mail", &format!("{tickets} tickets, {letters} letters queued"));
        }
    }
    let (floor, whole) = (best(&floors), best(&wholes));
    report.say("mail", &format!("floor: {:.3} ms of CPU, {:.0} mails a second", floor.cpu, floor.rate));
    report.say("mail", &format!("desk: {:.0} mails a second", whole.rate));
    report.at_most("mail", "CPU a mail, ms", whole.cpu, MAIL_CPU);
    report.at_least("mail", "rate against the floor", whole.rate / floor.rate, OF_FLOOR);
}
