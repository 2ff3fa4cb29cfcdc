//! `postdesk import`: old mail from files becomes the history of a desk. Nothing is sent, no clock runs, nobody is told.
//!
//! First every mail is made durable, then all of them are decided on in the order of their arrival, whatever the order in the files. Both
//! go on where they were when they are begun again: a mail that is there already is known by its identity, as a mail from a mailbox is.

use std::path::{Path, PathBuf};
use std::sync::mpsc::{SyncSender, sync_channel};
use std::time::Instant;

use anyhow::Context;
use chrono::{DateTime, NaiveDate, TimeZone, Utc};

use super::progress::{Progress, span};
use super::{Exit, count, load_to_work, mailbox_named, table};
use crate::desk::{self, Desk, Rulebook};
use crate::domain::message::Arrival;
use crate::mail::parse;
use crate::source::archive::{Archive, OldMail};
use crate::store::lock::DataLock;
use crate::store::{self, Counts, Prepared};

/// Mails that share one flush, and their bytes.
const BATCH_MAILS: usize = 256;
const BATCH_BYTES: usize = 4 * 1024 * 1024;

/// Take up old mail from files: threaded and judged as live mail is, and nothing is sent.
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:
  postdesk import old.mbox
  postdesk import --since 2026-01-01 Maildir Maildir/.Sent
  postdesk import --mailbox support exported/

Name the archive of sent mail too: what agents, or people at the support address, answered becomes part of the tickets. Answers are found
by their References; a mail's time is that of its topmost Received field, else its Date, else the file's.
Nobody gets a mail, no clock runs, and tickets that nobody has written on for the time of [closing] close are closed.
An import that was interrupted goes on when it is begun again; a mail that is there already is not taken twice, nor does a mailbox bring it
again later. The desk must not run meanwhile.")]
pub struct Arguments {
    /// mbox files, Maildirs, directories with *.eml, single mails
    #[arg(required = true, value_name = "PATH")]
    paths: Vec<PathBuf>,
    /// The mailbox that the mails came to (default: the first of the configuration)
    #[arg(long, value_name = "NAME")]
    mailbox: Option<String>,
    /// Only mail that arrived on this day or later, in the desk's time zone
    #[arg(long, value_name = "YYYY-MM-DD", value_parser = day)]
    since: Option<NaiveDate>,
}

fn day(text: &str) -> Result<NaiveDate, String> {
    text.parse().map_err(|_| "a day such as 2026-01-31".to_owned())
}

/// Runs the command.
///
/// # Errors
/// The configuration is unsound, a path holds no mail, the desk runs, or the store fails.
pub fn run(config: &Path, arguments: &Arguments) -> anyhow::Result<Exit> {
    let loaded = load_to_work(config)?;
    let mailbox = mailbox_named(&loaded.config, arguments.mailbox.as_deref())?;
    let zone = loaded.config.desk.timezone;
    let midnight = |day: NaiveDate| zone.from_local_datetime(&day.and_time(chrono::NaiveTime::MIN)).earliest();
    let since = arguments.since.and_then(midnight).map(|at| at.with_timezone(&Utc));
    let archive = Archive::open(&arguments.paths)?;
    let data = &loaded.config.data;
    let Some(_lock) = DataLock::take(data)? else {
        anyhow::bail!("{}: stop it, import, and start it again; with systemd:  systemctl stop postdesk", DataLock::taken(data))
    };
    let book = Rulebook { policy: loaded.policy.clone(), templates: loaded.templates.clone() };
    let mut desk = Desk::open(store::open(data)?, book)?;
    let begun = Instant::now();
    let before = desk.store().counts(Utc::now())?;
    let reader = Reader { archive: &archive, mailbox, since, limit: loaded.config.limits.message_size, now: Utc::now() };
    let read = take_in(&mut desk, &reader)?;
    decide(&mut desk)?;
    let after = desk.store().counts(Utc::now())?;
    report(&read, &before, &after, begun, arguments.since)
}

/// What was read.
#[derive(Debug, Default, Clone, Copy)]
struct Read {
    mails: u64,
    skipped: u64,
}

/// Mails that are stored together, and how far the archive is read then.
struct Batch {
    mails: Vec<Prepared>,
    done: u64,
}

/// Reads and prepares on a thread of its own, while the one before is stored.
struct Reader<'a> {
    archive: &'a Archive,
    mailbox: String,
    since: Option<DateTime<Utc>>,
    limit: u64,
    now: DateTime<Utc>,
}

impl Reader<'_> {
    fn read(&self, out: &SyncSender<Batch>) -> anyhow::Result<Read> {
        let mut read = Read::default();
        let (mut batch, mut bytes) = (Vec::new(), 0);
        self.archive.read(self.limit, &mut |old| {
            let done = old.done;
            let Some(mail) = self.prepared(old) else {
                read.skipped += 1;
                return Ok(());
            };
            read.mails += 1;
            bytes += mail.arrival.raw.len();
            batch.push(mail);
            if batch.len() >= BATCH_MAILS || bytes >= BATCH_BYTES {
                bytes = 0;
                // Nobody listens any more when the store has failed, and that is said there.
                out.send(Batch { mails: std::mem::take(&mut batch), done }).context("storing what was read")?;
            }
            Ok(())
        })?;
        out.send(Batch { mails: batch, done: self.archive.bytes }).context("storing what was read")?;
        Ok(read)
    }

    /// The mail as it arrived; none where that was too early.
    fn prepared(&self, old: OldMail) -> Option<Prepared> {
        let trace = desk::read(&old.raw, old.whole_size).and_then(|reading| parse::arrived(&reading));
        // A clock that was wrong then must not bring mail from the future.
        let at = trace.unwrap_or(old.file_time).min(self.now);
        let arrival =
            Arrival { mailbox: self.mailbox.clone(), place: None, at, raw: old.raw, whole_size: old.whole_size, quiet: true, cursor: None };
        // All is taken in before anything is decided: what could be foreseen now would be forgotten by then.
        self.since.is_none_or(|since| at >= since).then(|| Prepared::from(arrival))
    }
}

/// T1 for all of it.
fn take_in(desk: &mut Desk, reader: &Reader<'_>) -> anyhow::Result<Read> {
    let mut progress = Progress::new("reading ", reader.archive.bytes);
    let (out, batches) = sync_channel(2);
    std::thread::scope(|scope| {
        let reading = scope.spawn(move || reader.read(&out));
        for batch in batches {
            desk.receive(batch.mails)?;
            progress.reach(batch.done);
        }
        reading.join().map_err(|_| anyhow::anyhow!("reading the mails panicked"))?
    })
}

/// T2 for all that waits, oldest first.
fn decide(desk: &mut Desk) -> anyhow::Result<()> {
    let waiting = desk.store().counts(Utc::now())?.pending;
    let mut progress = Progress::new("deciding", waiting);
    let mut done = 0;
    loop {
        let step = desk.step(Utc::now())?;
        if step.idle {
            return Ok(());
        }
        done += step.decided + step.quarantined;
        progress.reach(done as u64);
    }
}

fn report(read: &Read, before: &Counts, after: &Counts, begun: Instant, since: Option<NaiveDate>) -> anyhow::Result<Exit> {
    let took = begun.elapsed();
    let rate = read.mails as f64 / took.as_secs_f64().max(0.001);
    let new = after.messages.saturating_sub(before.messages);
    table::line(format_args!("{} read in {}, {rate:.0} a second", count(read.mails as usize, "mail"), span(took)))?;
    table::line(format_args!("  {new} new, {} known already", read.mails.saturating_sub(new)))?;
    if let Some(since) = since {
        table::line(format_args!("  {} left out, from before {since}", read.skipped))?;
    }
    let tickets = |counts: &Counts, closed: bool| -> u64 {
        counts.tickets.iter().filter(|(status, _)| !closed || status == "closed").map(|(_, n)| n).sum()
    };
    let (all, closed) =
        (tickets(after, false).saturating_sub(tickets(before, false)), tickets(after, true).saturating_sub(tickets(before, true)));
    table::line(format_args!("  {} opened, {closed} of them closed; nothing was sent", count(all as usize, "ticket")))?;
    let broken = after.quarantined.saturating_sub(before.quarantined);
    if broken > 0 {
        table::line(format_args!("  {} set aside; see `postdesk quarantine list`", count(broken as usize, "mail")))?;
        return Ok(Exit::Findings);
    }
    Ok(Exit::Done)
}
