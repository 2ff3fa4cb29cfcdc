//! `postdesk demo`: a day of a desk on an embedded Maildir mailbox. The parts are the real ones (Maildir source, desk, store, Maildir
//! delivery); only the clock is played.

mod client;
mod day;

use std::path::{Path, PathBuf};

use anyhow::Context;
use chrono::{DateTime, Duration, NaiveTime, TimeZone, Utc};
use chrono_tz::Tz;

use self::day::{Act, DAY, Scene};
use super::table::cut;
use super::{Exit, load_to_work, tickets};
use crate::daemon::played::Played;
use crate::store::TicketFilter;

/// Play a day of some thirty mails on an embedded Maildir desk: no server, no configuration.
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:
  postdesk demo
  postdesk demo --dir /tmp/desk

Afterwards the desk's directory is an ordinary one:
  postdesk -c postdesk-demo/config.toml tickets list
  postdesk -c postdesk-demo/config.toml tickets history 1001")]
pub struct Arguments {
    /// Where the desk is made; a former demo there is replaced
    #[arg(long, default_value = "postdesk-demo", value_name = "DIR")]
    dir: PathBuf,
}

/// Tells a demo's directory from one that somebody cares for.
const MARK: &str = ".postdesk-demo";

const CONFIG: &str = include_str!("config.toml");

/// The Tuesday that is played.
const TODAY: (i32, u32, u32) = (2026, 12, 1);

/// Runs the command.
///
/// # Errors
/// The directory is somebody's, or cannot be written.
pub fn run(arguments: &Arguments) -> anyhow::Result<Exit> {
    let dir = prepare(&arguments.dir)?;
    let loaded = load_to_work(&dir.join("config.toml"))?;
    let zone = loaded.policy.desk.timezone;
    let mut desk = Played::open(&loaded, moment("07:55", zone)?)?;
    println!("A day at the IT desk of example.com. Requesters, agents and machines write mail; nobody sees anything but mail.\n");
    let mut raws: Vec<Vec<u8>> = Vec::new();
    let mut sent = 0;
    for (index, scene) in DAY.iter().enumerate() {
        let now = moment(scene.at, zone)?;
        desk.set_clock(now);
        let raw = bytes(scene, index, now, &dir, &raws)?;
        if let Some(raw) = &raw {
            client::drop_into(&dir.join("mail/support"), raw, index, now)?;
        }
        raws.push(raw.unwrap_or_default());
        println!("{:>8}  {}", scene.at, headline(scene));
        for letter in desk.work()? {
            sent += 1;
            println!("            → {:<13} {}  {}", letter.template, letter.to, cut(&letter.subject, 60));
        }
    }
    let mails = DAY.iter().filter(|s| !matches!(s.act, Act::Wait)).count();
    println!("\n{mails} mails came in, {sent} went out. The tickets at the end of the day:\n");
    let filter = TicketFilter { limit: 100, ..TicketFilter::default() };
    tickets::list(&desk.store().tickets(&filter)?, loaded.policy.desk.timezone, false)?;
    println!("{}", farewell(&arguments.dir));
    Ok(Exit::Done)
}

fn farewell(dir: &Path) -> String {
    let dir = dir.display();
    format!(
        "\nWhere to look:
  postdesk -c {dir}/config.toml tickets history 1001      what happened, and why
  postdesk -c {dir}/config.toml outbox list --all          every mail that went out
  neomutt -f {dir}/mail/out/alice@example.com              Alice's mailbox: one thread
  neomutt -f {dir}/mail/out/li@desk.example                Li's notifications; answer one, drop it into {dir}/mail/support/new,
  postdesk -c {dir}/config.toml run --once                 and let the desk work"
    )
}

/// An empty directory with the demo's configuration.
fn prepare(dir: &Path) -> anyhow::Result<PathBuf> {
    if dir.exists() {
        let empty = std::fs::read_dir(dir).with_context(|| format!("reading {}", dir.display()))?.next().is_none();
        anyhow::ensure!(
            empty || dir.join(MARK).exists(),
            "{} exists and is no demo of before; name another directory with --dir",
            dir.display()
        );
        std::fs::remove_dir_all(dir).with_context(|| format!("replacing {}", dir.display()))?;
    }
    for folder in ["mail/support/new", "mail/support/cur", "mail/support/tmp"] {
        std::fs::create_dir_all(dir.join(folder)).with_context(|| format!("making {}", dir.display()))?;
    }
    std::fs::write(dir.join(MARK), "")?;
    std::fs::write(dir.join("config.toml"), CONFIG)?;
    Ok(dir.to_owned())
}

/// `08:05`, or `+1 08:05` for the next day.
fn moment(at: &str, zone: Tz) -> anyhow::Result<DateTime<Utc>> {
    let (days, time) = at.strip_prefix("+1 ").map_or((0, at), |time| (1, time));
    let (year, month, day) = TODAY;
    let time = NaiveTime::parse_from_str(time, "%H:%M").with_context(|| format!("the time {at}"))?;
    let local = chrono::NaiveDate::from_ymd_opt(year, month, day).context("the day")?.and_time(time) + Duration::days(days);
    Ok(zone.from_local_datetime(&local).earliest().context("a time that the clock skips")?.with_timezone(&Utc))
}

fn headline(scene: &Scene) -> String {
    let who = match &scene.act {
        Act::Mail { from, subject, .. } => format!("{}: {}", from.split(" <").next().unwrap_or(from), subject),
        Act::Answer { who, tags, .. } => format!("{who} answers{tags}"),
        Act::Raw(_) | Act::Again(_) | Act::Wait => String::new(),
    };
    if who.is_empty() { scene.title.to_owned() } else { format!("{}  ({})", cut(&who, 60), scene.title) }
}

/// The bytes of a scene's mail; `None` where only time passes.
fn bytes(scene: &Scene, index: usize, now: DateTime<Utc>, dir: &Path, earlier: &[Vec<u8>]) -> anyhow::Result<Option<Vec<u8>>> {
    Ok(match &scene.act {
        Act::Mail { from, subject, headers, text } => Some(client::new_mail(from, subject, headers, text, index, now)),
        Act::Answer { who, to, about, tags, headers, text } => {
            let mailbox = dir.join("mail/out").join(who);
            let parent = client::find(&mailbox, to, about).with_context(|| format!("{who} has no {to} about {about}"))?;
            Some(client::answer(&parent, who, tags, headers, text, index, now))
        }
        Act::Raw(raw) => Some(raw.to_vec()),
        Act::Again(first) => earlier.get(*first).cloned(),
        Act::Wait => None,
    })
}
