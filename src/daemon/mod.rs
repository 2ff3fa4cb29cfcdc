//! The running desk: sources and carriers as tasks, the desk on its own thread, signals, reload, shutdown.

mod accounts;
mod alarm;
mod audit;
mod canary;
mod copies;
mod doctor;
pub mod hub;
pub mod played;
mod signals;
mod tokens;

use std::collections::VecDeque;
use std::ffi::OsString;
use std::io::IsTerminal;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use anyhow::Context;
use chrono::Utc;
use tokio::signal::unix::Signal;
use tokio::sync::{mpsc, oneshot, watch};
use tokio::task::JoinSet;

use self::accounts::Watcher;
use self::alarm::{Alarm, Subject};
pub use self::audit::Audited;
use self::copies::Copies;
pub use self::doctor::Examination;
use self::hub::{Door, Hub, Line, Message};
pub use self::signals::Listening;
use self::signals::Signals;
use crate::config::Mailbox;
use crate::delivery::{Carrier, Handover};
use crate::desk::{Desk, Rulebook};
use crate::policy::{self, Loaded, Snapshot};
use crate::store::lock::DataLock;
use crate::store::{self, Posting, Store};

/// Messages that may wait for the desk before sources have to wait for it.
const WAITING: usize = 64;

/// What is logged unless `POSTDESK_LOG` says otherwise.
const DEFAULT_LOG: &str = "info";

/// How long the lock is waited for.
const LOCK_PATIENCE: Duration = Duration::from_secs(3);

/// How often the operator's files are looked at for changes.
const LOOK_FOR_CHANGES: Duration = Duration::from_secs(2);

/// Copies of sent mail that still wait at the end may take so long.
const LAST_COPIES: Duration = Duration::from_secs(10);

/// So may the operator's alert.
const LAST_ALARM: Duration = Duration::from_secs(31);

/// A connection that has had nothing to send for so long is closed.
const IDLE_CONNECTION: Duration = Duration::from_secs(30);

/// Logs to standard error: `POSTDESK_LOG` (default `info`), no bodies, no secrets; in colour on a terminal only.
pub fn log_to_stderr(json: bool) {
    let asked = std::env::var("POSTDESK_LOG").unwrap_or_else(|_| DEFAULT_LOG.to_owned());
    // A lone word that is no level would be taken for a module's name, and nothing be logged.
    let level = asked.contains('=') || asked.parse::<tracing::level_filters::LevelFilter>().is_ok();
    let understood = tracing_subscriber::EnvFilter::try_new(&asked).ok().filter(|_| level);
    let misread = understood.is_none();
    let filter = understood.unwrap_or_else(|| tracing_subscriber::EnvFilter::new(DEFAULT_LOG));
    let builder = tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_writer(std::io::stderr)
        .with_ansi(in_colour(std::io::stderr().is_terminal(), |name| std::env::var_os(name)))
        .with_target(false)
        // It would be told by `eprintln`, which panics where standard error is a pipe that nobody reads any more.
        .log_internal_errors(false);
    // A second call, as in tests, keeps the first logger.
    drop(if json { builder.json().try_init() } else { builder.try_init() });
    if misread {
        tracing::warn!("POSTDESK_LOG={asked} is not understood: write error, warn, info or debug");
    }
}

/// <https://no-color.org>: any text in it that is not empty counts. A dumb terminal shows escapes as signs.
fn in_colour(terminal: bool, variable: impl Fn(&str) -> Option<OsString>) -> bool {
    terminal && variable("NO_COLOR").is_none_or(|text| text.is_empty()) && variable("TERM").is_none_or(|name| name != "dumb")
}

/// Works until SIGTERM or Ctrl-C; with `once` until nothing waits any more.
///
/// # Errors
/// Another process works on the same directory, or the store fails for good.
pub fn run(listening: Listening, config: &Path, loaded: Loaded, once: bool) -> anyhow::Result<()> {
    let _lock = lock(&loaded.config.data)?;
    let desk = store::open(&loaded.config.data).and_then(|store| Desk::open(store, book_of(&loaded))).inspect_err(|error| {
        if !once {
            alarm::at_start(&loaded.config, error);
        }
    })?;
    let Listening { runtime, signals } = listening;
    let outcome = runtime.block_on(serve(config.to_owned(), loaded, desk, signals, once));
    runtime.shutdown_timeout(Duration::from_secs(2));
    outcome
}

/// Takes the lock; waits a little, since a `deliver` holds it for a moment.
fn lock(data: &Path) -> anyhow::Result<DataLock> {
    let until = std::time::Instant::now() + LOCK_PATIENCE;
    loop {
        if let Some(lock) = DataLock::take(data)? {
            return Ok(lock);
        }
        anyhow::ensure!(
            std::time::Instant::now() < until,
            "{} already; end it first, with systemd:  systemctl stop postdesk",
            DataLock::taken(data)
        );
        std::thread::sleep(Duration::from_millis(50));
    }
}

/// Decides what waits, for `deliver`, which holds the lock. Letters stay queued for the next run.
///
/// # Errors
/// The store fails.
pub fn decide_what_waits(loaded: &Loaded) -> anyhow::Result<()> {
    let mut desk = Desk::open(store::open(&loaded.config.data)?, book_of(loaded))?;
    while !desk.step(Utc::now())?.idle {}
    Ok(())
}

fn book_of(loaded: &Loaded) -> Rulebook {
    Rulebook { policy: Arc::clone(&loaded.policy), templates: Arc::clone(&loaded.templates) }
}

async fn serve(config: PathBuf, loaded: Loaded, desk: Desk, signals: Signals, once: bool) -> anyhow::Result<()> {
    let Signals { stop: mut asked, hangup } = signals;
    let (sender, inbound) = mpsc::channel(WAITING);
    let (live, policy) = watch::channel(Arc::clone(&loaded.policy));
    let door = Door { desk: sender, policy };
    let (stop, stopping) = watch::channel(false);
    // With `once` somebody waits for the end, and the exit code tells him.
    let senders = desk.senders()?;
    let (alarm, ringing) = if once { (Alarm::silent(), tokio::spawn(async {})) } else { Alarm::start(&loaded.config) };
    let (copies, copying) = Copies::start(&loaded);
    let mut carriers = JoinSet::new();
    let mut lines = start_carriers(&loaded, &Ways { door: door.clone(), alarm: alarm.clone(), copies }, &mut carriers);
    adopt(&mut lines, senders);
    let mut hub_ended = start_hub(Hub::new(desk, inbound, lines, live, Utc::now))?;
    let mut sources = JoinSet::new();
    for watcher in accounts::watchers(&loaded) {
        sources.spawn(keep_watching(watcher, door.clone(), alarm.clone(), stopping.clone(), once));
    }
    let tokens = tokio::spawn(tokens::look_after(loaded.config.clone(), alarm.clone(), stopping.clone()));
    // With `once` nobody waits for it to come back.
    let running = loaded.config.mailboxes.clone();
    let language = loaded.config.operator.language.clone().unwrap_or_else(|| loaded.config.desk.language.clone());
    let (beat, beats) = watch::channel(loaded.config.operator.canary);
    let canaries =
        (!once).then(|| tokio::spawn(canary::send(running.clone(), beats, door.policy.clone(), language, alarm.clone(), stopping.clone())));
    tracing::info!(mailboxes = loaded.policy.mailboxes.len(), policy = loaded.policy.fingerprint, "the desk is open");
    let listeners = Listeners { door: door.clone(), alarm: alarm.clone(), beat };
    let live = Live { config, seen: loaded.snapshot.clone(), fingerprint: loaded.policy.fingerprint.clone(), running };
    let reloading = tokio::spawn(reload_on_change(live, listeners, hangup, stopping.clone()));
    // Beside everything else: some hundred mails are judged for it.
    drop(tokio::task::spawn_blocking(move || tell_of_examples(&loaded)));

    let outcome = if once {
        tokio::select! {
            ended = work_off(&mut sources, &door) => ended,
            ended = &mut hub_ended => flat(ended),
        }
    } else {
        tokio::select! {
            () = asked.asked() => Ok(()),
            ended = &mut hub_ended => flat(ended),
        }
    };
    stop.send_replace(true);
    tokio::time::timeout(Duration::from_secs(3), async { while sources.join_next().await.is_some() {} }).await.ok();
    reloading.abort();
    tokens.abort();
    if let Some(canaries) = canaries {
        canaries.abort();
    }
    let outcome = match outcome {
        Ok(()) if door.desk.send(Message::Stop).await.is_ok() => flat(hub_ended.await),
        Ok(()) => Ok(()),
        Err(error) => {
            // With `once` it may be a source's trouble, and the hub is well.
            drop(door.desk.send(Message::Stop).await);
            alarm.ill(Subject::Store, &format!("{error:#}; the desk has ended"), true);
            Err(error)
        }
    };
    drop(carriers);
    tokio::time::timeout(LAST_COPIES, copying).await.ok();
    if outcome.is_err() {
        alarm.end();
        tokio::time::timeout(LAST_ALARM, ringing).await.ok();
    }
    tracing::info!("the desk is closed");
    outcome
}

fn flat(ended: Result<anyhow::Result<()>, oneshot::error::RecvError>) -> anyhow::Result<()> {
    ended.context("the desk's thread died")?
}

/// How long a source that panicked rests before it is started again.
const AFTER_A_PANIC: Duration = Duration::from_secs(10);

/// One source; a bug in it, or in a library below it, stops neither the other sources nor itself for good.
async fn keep_watching(watcher: Watcher, door: Door, alarm: Alarm, stopping: watch::Receiver<bool>, once: bool) -> anyhow::Result<()> {
    let mailbox = watcher.mailbox().to_owned();
    loop {
        let ended = tokio::spawn(watcher.clone().watch(door.clone(), alarm.clone(), stopping.clone(), once)).await;
        match ended {
            Ok(Ok(())) => return Ok(()),
            Ok(Err(error)) => {
                let error = anyhow::anyhow!(
                    "{}; `postdesk doctor` tries the servers and says what to change",
                    format!("{error:#}").trim_end_matches('.')
                );
                tracing::error!(mailbox, "a mailbox is no longer watched: {error}");
                return Err(error);
            }
            Err(panic) if once => return Err(anyhow::Error::new(panic).context("a source died")),
            Err(panic) => {
                tracing::error!(mailbox, "a source died and is started again in {} s: {panic}", AFTER_A_PANIC.as_secs());
                alarm.ill(
                    watcher.subject(),
                    &format!("a bug in Postdesk ends the reading of this mailbox again and again: {panic}"),
                    false,
                );
            }
        }
        tokio::time::sleep(AFTER_A_PANIC).await;
    }
}

/// The desk works on a thread of its own, since its store blocks.
fn start_hub(hub: Hub) -> anyhow::Result<oneshot::Receiver<anyhow::Result<()>>> {
    let (ended, receiver) = oneshot::channel();
    let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build().context("starting the desk's runtime")?;
    std::thread::Builder::new()
        .name("desk".to_owned())
        .spawn(move || drop(ended.send(runtime.block_on(hub.run()))))
        .context("starting the desk's thread")?;
    Ok(receiver)
}

/// Waits until every source has seen what there is, and everything that follows is done.
async fn work_off(sources: &mut JoinSet<anyhow::Result<()>>, door: &Door) -> anyhow::Result<()> {
    let mut outcome = Ok(());
    while let Some(ended) = sources.join_next().await {
        if let Err(error) = ended.context("a source died").flatten() {
            outcome = Err(error);
        }
    }
    let (calm, waiting) = oneshot::channel();
    if door.desk.send(Message::Settled(calm)).await.is_ok() {
        waiting.await.ok();
    }
    outcome
}

/// Who hears of changed files.
struct Listeners {
    door: Door,
    alarm: Alarm,
    /// How often canaries are sent.
    beat: watch::Sender<Option<Duration>>,
}

/// What the desk runs with.
struct Live {
    config: PathBuf,
    /// The files as they were looked at last; a mistake in them is told once.
    seen: Snapshot,
    /// Of the set that is live.
    fingerprint: String,
    /// The mailboxes that are watched.
    running: Vec<Mailbox>,
}

/// An example that fails keeps no desk from starting; the operator hears of it, since no later change of his is taken until it holds.
fn tell_of_examples(loaded: &Loaded) {
    let failed = policy::try_examples(loaded).errors;
    for complaint in &failed {
        tracing::warn!("{complaint}");
    }
    if !failed.is_empty() {
        tracing::warn!("these examples fail: the desk works with the rules as they are, and takes no change of its files until they hold");
    }
}

/// SIGHUP and changed files reload rules, templates, articles and the key, only when everything is sound (promise 11).
async fn reload_on_change(mut live: Live, listeners: Listeners, mut hangup: Signal, mut stopping: watch::Receiver<bool>) {
    loop {
        tokio::select! {
            _ = hangup.recv() => live.seen = live.seen.changed().unwrap_or(live.seen),
            () = tokio::time::sleep(LOOK_FOR_CHANGES) => match live.seen.changed() {
                Some(now) => live.seen = now,
                None => continue,
            },
            _ = stopping.changed() => return,
        }
        let (path, fingerprint) = (live.config.clone(), live.fingerprint.clone());
        match tokio::task::spawn_blocking(move || policy::reload(&path, &fingerprint)).await {
            Ok(Ok(loaded)) => {
                // It knows the directories that the new config names, and was taken before they were read.
                live.seen = loaded.snapshot.clone();
                live.fingerprint.clone_from(&loaded.policy.fingerprint);
                listeners.alarm.reload(&loaded.config);
                listeners
                    .beat
                    .send_if_modified(|beat| std::mem::replace(beat, loaded.config.operator.canary) != loaded.config.operator.canary);
                tracing::info!(policy = loaded.policy.fingerprint, "the files were reloaded");
                if loaded.config.mailboxes != live.running {
                    tracing::warn!("mailboxes, their servers or how they are read have changed: that takes effect after a restart");
                }
                if listeners.door.desk.send(Message::Reload(book_of(&loaded))).await.is_err() {
                    return;
                }
            }
            Ok(Err(complaints)) => {
                for complaint in &complaints {
                    tracing::error!("{complaint}");
                }
                tracing::error!("the changed files are not sound: the last good ones stay live");
            }
            Err(error) => tracing::error!("reloading failed: {error}"),
        }
    }
}

/// Where a carrier reports to.
#[derive(Clone)]
struct Ways {
    door: Door,
    alarm: Alarm,
    copies: Copies,
}

/// One task a connection; the connections of an account share its line.
fn start_carriers(loaded: &Loaded, ways: &Ways, tasks: &mut JoinSet<()>) -> Vec<Line> {
    let settings: Vec<_> = loaded.config.mailboxes.iter().map(|m| (m.name.clone(), m.delivery.clone())).collect();
    let mut lines = Vec::new();
    for (delivery, mailboxes) in hub::shared_lines(&settings) {
        let connections = accounts::connections(&delivery);
        let (postings, receiver) = mpsc::channel(connections);
        let receiver = Arc::new(tokio::sync::Mutex::new(receiver));
        for _ in 0..connections {
            let subject = Subject::Delivery(accounts::way(&delivery));
            tasks.spawn(carry(accounts::carrier(&delivery), subject, Arc::clone(&receiver), ways.clone()));
        }
        lines.push(Line {
            mailboxes,
            postings,
            free: connections,
            paused_until: None,
            pauses: 0,
            rate: accounts::rate(&delivery),
            lately: VecDeque::new(),
        });
    }
    lines
}

/// Mail of a mailbox that the config no longer names goes out by the first account: it must not wait for ever.
fn adopt(lines: &mut [Line], senders: Vec<String>) {
    let orphans: Vec<String> = senders.into_iter().filter(|name| !lines.iter().any(|line| line.mailboxes.contains(name))).collect();
    if let (Some(first), false) = (lines.first_mut(), orphans.is_empty()) {
        let (gone, by) = (orphans.join(", "), first.mailboxes.join(", "));
        tracing::warn!("mail of mailboxes that the config no longer names ({gone}) goes out by the delivery of {by}");
        first.mailboxes.extend(orphans);
    }
}

/// One connection: takes a posting, delivers it, reports how it ended.
async fn carry(mut carrier: Carrier, subject: Subject, postings: Arc<tokio::sync::Mutex<mpsc::Receiver<Posting>>>, ways: Ways) {
    loop {
        let next = async { postings.lock().await.recv().await };
        let posting = match tokio::time::timeout(IDLE_CONNECTION, next).await {
            Ok(Some(posting)) => posting,
            Ok(None) => break,
            Err(_) => {
                carrier.close().await;
                continue;
            }
        };
        let handover = carrier.deliver(&hub::parcel(&posting)).await;
        match &handover {
            Handover::Later { pause: true, why } => ways.alarm.ill(subject.clone(), why, carrier.needs_a_person()),
            _ => ways.alarm.well(subject.clone()),
        }
        ways.copies.keep(&posting, &handover);
        if ways.door.desk.send(Message::Ended(Box::new(posting), handover)).await.is_err() {
            break;
        }
    }
    carrier.close().await;
}

/// Tries every server of the configuration, for `doctor`; `tell` hears of each as soon as it was tried. With `send` a mail goes from
/// each mailbox to itself.
///
/// # Errors
/// The runtime cannot be started, or `tell` fails.
pub fn examine(loaded: &Loaded, send: bool, mut tell: impl FnMut(Examination) -> anyhow::Result<()>) -> anyhow::Result<()> {
    on_one_thread()?.block_on(doctor::examine(loaded, send, &mut tell))
}

/// Accounts for every mail that lies in a folder of the configuration; `tell` hears of each folder in turn.
///
/// # Errors
/// The runtime cannot be started, or `tell` fails.
pub fn audit(loaded: &Loaded, store: &dyn Store, mut tell: impl FnMut(Audited) -> anyhow::Result<()>) -> anyhow::Result<()> {
    on_one_thread()?.block_on(audit::audit(loaded, store, Utc::now, &mut tell))
}

fn on_one_thread() -> anyhow::Result<tokio::runtime::Runtime> {
    tokio::runtime::Builder::new_current_thread().enable_all().build().context("starting the runtime")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn colours_are_for_terminals_that_want_them() {
        for (terminal, variables, colours) in [
            (true, &[][..], true),
            (false, &[], false),
            (true, &[("NO_COLOR", "1")], false),
            (true, &[("NO_COLOR", "")], true),
            (true, &[("TERM", "xterm")], true),
            (true, &[("TERM", "dumb")], false),
        ] {
            let variable = |wanted: &str| variables.iter().find(|(name, _)| *name == wanted).map(|(_, text)| OsString::from(text));
            assert_eq!(in_colour(terminal, variable), colours, "{terminal} {variables:?}");
        }
    }
}
