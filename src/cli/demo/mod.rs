//! `postdesk demo`: a day of a desk on an embedded Maildir mailbox. The parts are the real ones (Maildir source, desk, store, Maildir
//! delivery); only the clock is played.

mod client;
mod day;
mod directory;
mod told;

use std::io::{IsTerminal, Write};
use std::path::{Path, PathBuf};

use anyhow::Context;
use chrono::{DateTime, Datelike, Duration, NaiveDate, NaiveTime, TimeZone, Utc, Weekday};
use chrono_tz::Tz;

use self::day::{Act, DAY, Scene};
use super::progress::Progress;
use super::table::{self, cut, pad};
use super::{Exit, load_to_work, tickets};
use crate::config::shell::quoted;
use crate::daemon::played::Played;
use crate::domain::message::Reading;
use crate::domain::policy::Policy;
use crate::domain::ticket::Ticket;
use crate::store::TicketFilter;
use crate::store::lock::DataLock;

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

/// Columns of the printed line for the event.
const EVENT: usize = 46;
/// Columns of a terminal that has room for an event and what followed beside it.
const BESIDE: usize = 120;

/// Runs the command.
///
/// # Errors
/// The directory is somebody's, or cannot be written.
pub fn run(arguments: &Arguments) -> anyhow::Result<Exit> {
    let dir = arguments.dir.as_path();
    directory::prepare(dir)?;
    let loaded = load_to_work(&dir.join("config.toml"))?;
    let _lock = DataLock::take(&loaded.config.data)?;
    let zone = loaded.policy.desk.timezone;
    let calendar = Calendar { day: played_day(Utc::now().with_timezone(&zone)), zone };
    let mut day = Day {
        dir,
        policy: &loaded.policy,
        calendar,
        desk: Played::open(&loaded, calendar.moment("07:55")?.with_timezone(&Utc))?,
        told: told::Told::default(),
        first: None,
        mails: (0, 0),
    };
    let mut out = std::io::stdout().lock();
    writeln!(
        out,
        "A day at the IT desk of example.com. Two agents, Li Wei and 王芳, a lead, requesters: all of them only read and write mail."
    )?;
    // Where the day can be read as it is played, it is its own progress.
    let scenes = DAY.iter().map(|chapter| chapter.scenes.len()).sum::<usize>();
    let mut progress = (!out.is_terminal()).then(|| Progress::new("playing the day", scenes as u64));
    let (mut played, room) = (0, table::room());
    for chapter in DAY {
        writeln!(out, "\n{}", chapter.title)?;
        for scene in chapter.scenes {
            progress.iter_mut().for_each(|progress| progress.reach(played));
            played += 1;
            let followed = day.play(scene)?;
            writeln!(out, "{}", told_line(scene, &followed, room))?;
        }
    }
    drop(progress);
    let (came, went) = day.mails;
    writeln!(out, "\n{came} mails came in, {went} went out. The tickets on the next morning:\n")?;
    print_tickets(&mut out, day.desk.store().tickets(&TicketFilter { limit: 100, ..TicketFilter::default() })?)?;
    writeln!(out, "{}", where_to_look(dir))?;
    Ok(Exit::Done)
}

/// The desk at work, and what the players keep in mind.
struct Day<'a> {
    dir: &'a Path,
    policy: &'a Policy,
    calendar: Calendar,
    desk: Played,
    told: told::Told,
    /// The day's first mail, which comes once more.
    first: Option<Vec<u8>>,
    /// Mails in and out so far; their number names the next one.
    mails: (usize, usize),
}

impl Day<'_> {
    /// Does what the scene says, lets the desk work, and says what followed.
    fn play(&mut self, scene: &Scene) -> anyhow::Result<String> {
        let now = self.calendar.moment(scene.at)?;
        self.desk.set_clock(now.with_timezone(&Utc));
        let index = self.mails.0;
        let raw = match &scene.act {
            Act::Mail(mail) => Some(client::new_mail(mail, index, now)),
            Act::Answer(answer) => {
                let parent = self.newest(client::address(answer.who), answer.to, answer.about)?;
                Some(client::answer(&parent, answer, index, now))
            }
            Act::Bounce { who, to, about } => Some(client::bounce(&self.newest(who, to, about)?, who, index, now)),
            Act::Raw(raw) => Some(raw.to_vec()),
            Act::Again => self.first.clone(),
            Act::Wait => None,
        };
        if let Some(raw) = raw {
            client::drop_into(&self.dir.join("mail/support"), false, &raw, index, now)?;
            if let Some(writer) = writer(scene) {
                client::drop_into(&self.mailbox(client::address(writer)), true, &raw, index, now)?;
            }
            self.first.get_or_insert(raw);
            self.mails.0 += 1;
        }
        let sent = self.desk.work()?;
        self.mails.1 += sent.len();
        self.told.next(self.desk.store(), &sent, self.policy)
    }

    fn mailbox(&self, address: &str) -> PathBuf {
        self.dir.join("mail/people").join(address)
    }

    fn newest(&self, who: &str, template: &str, about: &str) -> anyhow::Result<Reading> {
        client::find(&self.mailbox(who), template, about).with_context(|| format!("{who} has no {template} about {about}"))
    }
}

/// The person whose client keeps a copy of what he wrote; machines keep none.
fn writer(scene: &Scene) -> Option<&'static str> {
    match &scene.act {
        Act::Mail(mail) if mail.headers.is_empty() => Some(mail.from),
        Act::Answer(answer) if answer.headers.is_empty() => Some(answer.who),
        _ => None,
    }
}

fn headline(scene: &Scene) -> String {
    match &scene.act {
        Act::Mail(mail) => format!("{}: {}", client::name(mail.from), mail.subject),
        Act::Answer(answer) => format!("{}{}", scene.title, answer.tags),
        Act::Bounce { .. } | Act::Raw(_) | Act::Again | Act::Wait => scene.title.to_owned(),
    }
}

/// `08:02  Alice Baker: VPN down   #1001 opened`; on a narrow terminal what followed stands below.
fn told_line(scene: &Scene, followed: &str, room: Option<usize>) -> String {
    let (at, event) = (scene.at.trim_start_matches("+1 "), cut(&headline(scene), EVENT));
    match room {
        Some(room) if room < BESIDE => format!(" {at}  {event}\n        {followed}"),
        _ => format!(" {at}  {}  {followed}", pad(&event, EVENT)).trim_end().to_owned(),
    }
}

/// Which day is played.
#[derive(Clone, Copy)]
struct Calendar {
    day: NaiveDate,
    zone: Tz,
}

impl Calendar {
    /// `08:05`, or `+1 08:05` for the next day.
    fn moment(self, at: &str) -> anyhow::Result<DateTime<Tz>> {
        let (days, time) = at.strip_prefix("+1 ").map_or((0, at), |time| (1, time));
        let time = NaiveTime::parse_from_str(time, "%H:%M").with_context(|| format!("the time {at}"))?;
        let local = self.day.and_time(time) + Duration::days(days);
        self.zone.from_local_datetime(&local).earliest().context("a time that the clock skips")
    }
}

/// The newest workday, Monday to Thursday, whose next morning is over: the desk that remains is one of yesterday, with no mail from the
/// future and no clock long overdue.
fn played_day(now: DateTime<Tz>) -> NaiveDate {
    let yesterday = (now - Duration::hours(9)).date_naive() - Duration::days(1);
    let fits = |day: &NaiveDate| matches!(day.weekday(), Weekday::Mon | Weekday::Tue | Weekday::Wed | Weekday::Thu);
    yesterday.iter_days().rev().find(fits).unwrap_or(yesterday)
}

/// The tickets by number, without the times, which stand above.
fn print_tickets(out: &mut impl Write, mut all: Vec<Ticket>) -> anyhow::Result<()> {
    all.sort_by_key(|ticket| ticket.number);
    table::write(out, table::room(), &tickets::COLUMNS, &all, tickets::cells)
}

/// Commands to go on with; each works as it stands.
fn where_to_look(dir: &Path) -> String {
    let program = quoted(&std::env::args().next().unwrap_or_else(|| "postdesk".to_owned()));
    let dir = quoted(&dir.display().to_string());
    let postdesk = format!("{program} -c {dir}/config.toml");
    format!(
        "
Where to look:
  what happened to a ticket, and why     {postdesk} tickets history 1001
  every mail that went out               {postdesk} outbox list --all
  Alice's mailbox, one thread            neomutt -f {dir}/mail/people/alice@example.com
  Li Wei's: notices and his answers      neomutt -f {dir}/mail/people/li@desk.example
  the lead's: the summary                neomutt -f {dir}/mail/people/chen@desk.example
  rules and articles to try changes on   {dir}/rules, {dir}/kb, then: {postdesk} check

It is an ordinary desk now. Drop a mail of your own into {dir}/mail/support/new, then:
  {postdesk} run --once"
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_played_day_is_a_workday_whose_next_morning_is_over() {
        for (now, day) in [
            ("2026-11-25 10:00", "2026-11-24"), // Wednesday: yesterday
            ("2026-11-25 08:30", "2026-11-23"), // the summary of 08:00 is not out yet, surely
            ("2026-11-27 10:00", "2026-11-26"), // Friday
            ("2026-11-28 10:00", "2026-11-26"), // the weekend
            ("2026-11-30 10:00", "2026-11-26"), // Monday
            ("2026-12-01 10:00", "2026-11-30"),
        ] {
            let local = chrono::NaiveDateTime::parse_from_str(now, "%Y-%m-%d %H:%M").unwrap();
            let now = chrono_tz::Asia::Shanghai.from_local_datetime(&local).unwrap();
            assert_eq!(played_day(now).to_string(), day, "{now}");
        }
    }
}
