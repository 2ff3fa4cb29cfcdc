//! The speed of the desk, with the limits that it promises. Prints a line a measure; ends with 1 when one is missed.
//!
//! `cargo bench --bench pipeline` measures with mails of its own; `BENCH_MAILDIR=DIR[:DIR…]` with those of other Maildirs, in that order.
//! `cargo bench --bench pipeline -- mail tickets` makes only the measures of these names. See docs/performance.md.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, clippy::string_slice, clippy::panic, missing_docs)]

mod desk;
mod floor;
#[path = "../../tests/wire/host.rs"]
mod host;
mod load;
mod process;
mod reading;
mod search;
mod wire;

use std::path::Path;
use std::process::Stdio;
use std::time::{Duration, Instant};

use desk::Place;

/// Mails of one round.
const MAILS: usize = 2000;
/// Each figure is the best of so many rounds: what disturbs a round only ever makes it slower.
const ROUNDS: usize = 7;

/// CPU of the whole way of a mail, milliseconds: the other help desks that take mail spend between 35 and 474.
const MAIL_CPU: f64 = 0.9;
/// Rate against the floor of `floor.rs` in the same run: what is not parsing, compressing and inserting is no more than these again and half.
const OF_FLOOR: f64 = 0.4;

/// CPU of a mail at a hundred thousand tickets against a thousand: a desk must not grow slow with age.
const GROWTH: f64 = 1.3;
/// CPU of a mail with ten thousand rules against a hundred.
const RULES: f64 = 2.0;
/// `RssAnon` with a hundred thousand tickets, MB.
const RSS_ANON: f64 = 64.0;
/// Memory for one mail of 25 MB against its size.
const LARGE: f64 = 4.0;
/// Rate of IMAP against Maildir, both to durable causes.
const OF_MAILDIR: f64 = 0.8;
/// From the server's notice to the first letter's way out, milliseconds, where a flush takes less than `QUICK_FLUSH`.
const NOTICE: f64 = 50.0;
const QUICK_FLUSH: f64 = 3.0;

/// Rate of reading against that of the parser alone, on text mails of 8 KB.
const READING: f64 = 0.3;
/// What four times as much of a hostile shape may cost against once: linear is 4, and caches and the allocator have their say.
const HOSTILE: f64 = 8.0;

/// What the search adds to a mail of 8 KB, microseconds, with a hundred articles.
const SEARCH: f64 = 60.0;
/// The same with ten thousand articles against a hundred.
const SEARCH_GROWTH: f64 = 6.0;
/// What the index of ten thousand articles of 2 KB takes, MB, with what the allocator keeps of its making.
const SEARCH_MEMORY: f64 = 128.0;

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
    if report.wants("tickets") {
        tickets(&mut report, &mails);
    }
    if report.wants("rules") {
        rules(&mut report, &mails);
    }
    if report.wants("reading") {
        reading(&mut report);
    }
    if report.wants("search") {
        search(&mut report);
    }
    if report.wants("memory") {
        memory(&mut report);
    }
    if report.wants("wire") {
        wire(&mut report, &mails);
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
    let ratios = wholes.iter().zip(&floors).map(|(whole, floor)| whole.rate / floor.rate);
    report.at_least("mail", "rate against the floor, median", median(ratios), OF_FLOOR);
}

/// The middle one. Of ratios of things that were measured right after each other it is fair on a machine whose speed wanders; the best of
/// each is not, for the shorter one finds a good moment more easily.
fn median(ratios: impl Iterator<Item = f64>) -> f64 {
    let mut ratios: Vec<f64> = ratios.collect();
    ratios.sort_by(f64::total_cmp);
    ratios[ratios.len() / 2]
}

/// The same mails at a thousand and at a hundred thousand tickets, by turns.
fn tickets(report: &mut Report, mails: &[Vec<u8>]) {
    let desk = |past: usize| {
        let place = Place::new();
        place.fill(load::mails("past", past, false));
        place
    };
    let (small, large) = (desk(1_000), desk(100_000));
    let at = |place: &Place, mails: &[Vec<u8>]| {
        place.post(mails);
        cost(mails.len(), || place.work_off()).cpu
    };
    let costs: Vec<(f64, f64)> = mails.chunks(mails.len().div_ceil(ROUNDS)).map(|part| (at(&small, part), at(&large, part))).collect();
    let (few, many) = (median(costs.iter().map(|(few, _)| *few)), median(costs.iter().map(|(_, many)| *many)));
    report.say("tickets", &format!("{few:.3} ms of CPU a mail after 1,000 mails, {many:.3} after 100,000"));
    report.at_most("tickets", "growth, median", median(costs.iter().map(|(few, many)| many / few)), GROWTH);
}

/// The same mails with a hundred and with ten thousand rules whose words they do not hold.
fn rules(report: &mut Report, mails: &[Vec<u8>]) {
    let with = |n: usize| {
        let place = Place::with(|directory| {
            let rule = |i: usize| {
                format!(
                    "[[rule]]\nname = \"r{i}\"\nwhen = {{ words = [\"zq{i}x\", \"vocable {i} unheard\"] }}\nthen = {{ label = [\"l{i}\"] }}\n"
                )
            };
            std::fs::create_dir(directory.join("rules")).unwrap();
            std::fs::write(directory.join("rules/1.toml"), (0..n).map(rule).collect::<String>()).unwrap();
        });
        place.post(mails);
        cost(mails.len(), || place.work_off()).cpu
    };
    let (few, many) = (with(100), with(10_000));
    report.say("rules", &format!("{few:.3} ms of CPU a mail with 100 rules, {many:.3} with 10,000"));
    report.at_most("rules", "cost of 10,000 rules against 100", many / few, RULES);
}

/// Bytes to facts, without a desk.
fn reading(report: &mut Report) {
    let (ours, parsers) = reading::rates(&load::texts(1000));
    report.say("reading", &format!("text mails of 8 KB: {ours:.0} MB a second, the parser alone {parsers:.0}"));
    report.at_least("reading", "rate against the parser alone", ours / parsers, READING);
    let (worst, growth) = reading::worst_growth();
    report.at_most("reading", &format!("four times as many {worst}, the worst of the hostile shapes"), growth, HOSTILE);
}

/// The articles that a mail's words lead to, with a hundred and with ten thousand articles.
fn search(report: &mut Report) {
    let mails = search::mails(1000);
    let (few, before) = (search::index(100), process::memory("self", "RssAnon"));
    let start = Instant::now();
    let many = search::index(10_000);
    let (build, memory) = (start.elapsed(), process::memory("self", "RssAnon").saturating_sub(before));
    // Pieces of some milliseconds, so that what else the machine does falls into few of them; the best of ten rounds for each.
    let micros = |index| {
        let piece = |mails: &[_]| {
            let times = (0..10).map(|_| {
                let start = Instant::now();
                (search::ask(index, mails), start.elapsed())
            });
            times.min_by_key(|(_, time)| *time).unwrap()
        };
        let (found, time) = mails.chunks(50).map(piece).fold((0, Duration::ZERO), |(found, sum), (more, time)| (found + more, sum + time));
        assert!(found > 0, "the mails ask for nothing");
        time.as_secs_f64() / mails.len() as f64 * 1e6
    };
    let (with_few, with_many) = (micros(&few), micros(&many));
    report.say("search", &format!("10,000 articles written, read and indexed in {:.1} s", build.as_secs_f64()));
    report.say("search", &format!("{with_few:.1} µs a mail of 8 KB with 100 articles, {with_many:.1} with 10,000"));
    report.at_most("search", "µs a mail of 8 KB with 100 articles", with_few, SEARCH);
    report.at_most("search", "10,000 articles against 100", with_many / with_few, SEARCH_GROWTH);
    report.at_most("search", "RssAnon of 10,000 indexed articles, MB", memory as f64 / 1e6, SEARCH_MEMORY);
}

/// A desk of a hundred thousand tickets in a process of its own, and one mail of 25 MB.
fn memory(report: &mut Report) {
    let place = Place::new();
    place.fill(load::mails("past", 100_000, false));
    let config = place.directory.join("config.toml");
    let mut child =
        std::process::Command::new(env!("CARGO_BIN_EXE_postdesk")).arg("-c").arg(&config).arg("run").stderr(Stdio::null()).spawn().unwrap();
    let pid = child.id().to_string();
    let waits = |done: &dyn Fn() -> bool| {
        (0..1200)
            .find(|_| {
                done() || {
                    std::thread::sleep(Duration::from_millis(50));
                    false
                }
            })
            .unwrap()
    };
    let before = place.counts().1;
    place.post(&load::mails("new", 200, true));
    waits(&|| place.counts().1 >= before + 200);
    let anonymous = process::memory(&pid, "RssAnon");
    report.at_most("memory", "RssAnon with 100,000 tickets, MB", anonymous as f64 / 1e6, RSS_ANON);
    let mail = load::large(25_000_000);
    process::forget_peak(&pid);
    let at_rest = process::memory(&pid, "VmRSS");
    place.post(std::slice::from_ref(&mail));
    waits(&|| place.counts().1 > before + 200);
    let peak = process::memory(&pid, "VmHWM") - at_rest;
    report.at_most("memory", "peak of a mail of 25 MB against its size", peak as f64 / mail.len() as f64, LARGE);
    child.kill().unwrap();
    child.wait().unwrap();
}

/// Against a real Dovecot and a real Postfix; needs root and the packages of dev/test-packages.
fn wire(report: &mut Report, mails: &[Vec<u8>]) {
    let rates: Vec<(f64, f64)> = (0..ROUNDS).map(|round| wire::rates(mails, round)).collect();
    let maildir = rates.iter().map(|(maildir, _)| *maildir).fold(0.0, f64::max);
    let imap = rates.iter().map(|(_, imap)| *imap).fold(0.0, f64::max);
    report.say("wire", &format!("to durable causes: {maildir:.0} mails a second from Maildir, {imap:.0} from IMAP"));
    let ratios = rates.iter().map(|(maildir, imap)| imap / maildir);
    report.at_least("wire", "IMAP against Maildir, median", median(ratios), OF_MAILDIR);
    let (times, flush) = wire::latencies();
    let ms = |time: Duration| time.as_secs_f64() * 1000.0;
    let (median, late) = (ms(times[times.len() / 2]), ms(times[times.len() * 9 / 10]));
    report.say(
        "wire",
        &format!("EXISTS to MAIL FROM, {} mails: nine in ten within {late:.1} ms; a flush takes {:.2} ms", times.len(), ms(flush)),
    );
    match ms(flush) < QUICK_FLUSH {
        true => report.at_most("wire", "EXISTS to MAIL FROM, median, ms", median, NOTICE),
        false => report.say("wire", &format!("EXISTS to MAIL FROM, median: {median:.1} ms; not judged, for a flush is slow here")),
    }
}
