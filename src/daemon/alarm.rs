//! `[operator] alert_command`: telling the operator where mail itself may not get through.
//!
//! What goes wrong and what goes well is heard from sources and carriers, through a channel that never holds them up. Most troubles pass:
//! only one that lasts is told, at once only where waiting mends nothing (a refused login, a store that fails). The same subject is told
//! once an hour at most, also over restarts: a unit that starts a failing desk again every ten seconds must not send hundreds of messages.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use chrono::{DateTime, Duration, Utc};
use tokio::sync::mpsc;
use tokio::task::JoinHandle;

use super::canary;
use super::hub::Door;
use crate::config::{Config, shell};
use crate::domain::language;
use crate::domain::message::{Arrival, Cursor, Folder, Place, Withheld};
use crate::source::Inbox;
use crate::store::{self, Prepared};

/// A trouble of this age is told, unless its subject takes longer to show.
const LASTING: Duration = Duration::minutes(15);

/// The same subject is told again after so long, if it lasts.
const AGAIN: Duration = Duration::hours(1);

/// In the data directory: when which subject was told last, and whose canaries are missed.
const LEDGER: &str = "alerts";

/// Before the name of a mailbox in the ledger: its canary was told as missed.
const MISSED: &str = "missed ";

/// What a trouble is about.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum Subject {
    /// A mailbox's folder cannot be read.
    Mailbox {
        /// Its configured name.
        mailbox: String,
        /// Folder, or path of a Maildir.
        folder: String,
    },
    /// Mail does not go out this way.
    Delivery(String),
    /// No new access token can be had for this login.
    Token(String),
    /// What this mailbox wrote to itself has not come back.
    Canary(String),
    /// Nothing can be written down.
    Store,
}

impl Subject {
    /// What counts as the same thing for the hour's silence: all folders of a mailbox share a server and a login.
    fn about(&self) -> String {
        match self {
            Subject::Mailbox { mailbox, .. } => format!("mailbox {mailbox}"),
            Subject::Delivery(way) => format!("delivery {way}"),
            Subject::Token(login) => format!("token {login}"),
            Subject::Canary(mailbox) => format!("canary {mailbox}"),
            Subject::Store => "store".to_owned(),
        }
    }

    /// A trouble of this age is told.
    fn lasting(&self) -> Duration {
        match self {
            // Greylisting puts a mail off for a quarter of an hour.
            Subject::Canary(_) => Duration::minutes(30),
            _ => LASTING,
        }
    }
}

/// What is heard.
#[derive(Debug)]
enum News {
    Ill { subject: Subject, why: String, grave: bool },
    Well(Subject),
    Settings(Settings),
    End,
}

/// Where news go. Cheap to clone.
#[derive(Debug, Clone)]
pub struct Alarm(mpsc::UnboundedSender<News>);

impl Alarm {
    /// An alarm with the task that rings it. The task ends after [`Alarm::end`], when what is due was told.
    pub fn start(config: &Config) -> (Alarm, JoinHandle<()>) {
        // Unbounded: a good news that were dropped would leave a false alarm. What comes is small and is waited for by nobody.
        let (sender, news) = mpsc::unbounded_channel();
        (Alarm(sender), tokio::spawn(listen(news, Settings::of(config), config.data.join(LEDGER))))
    }

    /// An alarm that nobody hears.
    pub fn silent() -> Alarm {
        Alarm(mpsc::unbounded_channel().0)
    }

    /// Something does not work. `grave`: waiting will not mend it.
    pub fn ill(&self, subject: Subject, why: &str, grave: bool) {
        self.say(News::Ill { subject, why: why.to_owned(), grave });
    }

    /// It works.
    pub fn well(&self, subject: Subject) {
        self.say(News::Well(subject));
    }

    /// The config was read anew.
    pub fn reload(&self, config: &Config) {
        self.say(News::Settings(Settings::of(config)));
    }

    /// Nothing more is to be heard.
    pub fn end(&self) {
        self.say(News::End);
    }

    fn say(&self, news: News) {
        // An error says that nobody listens.
        let _ = self.0.send(news);
    }
}

/// What the config says of alarms.
#[derive(Debug)]
struct Settings {
    command: Option<String>,
    desk: String,
    language: String,
}

impl Settings {
    fn of(config: &Config) -> Settings {
        Settings {
            command: config.operator.alert_command.clone(),
            desk: config.desk.name.clone(),
            language: config.operator.language.clone().unwrap_or_else(|| config.desk.language.clone()),
        }
    }

    /// The words for the command's standard input.
    fn words(&self, subject: &Subject, trouble: &Trouble) -> String {
        let (desk, why, since) = (&self.desk, &trouble.why, trouble.since.format("%Y-%m-%d %H:%M UTC"));
        if language::is_chinese(&self.language) {
            match subject {
                Subject::Mailbox { mailbox, folder } => format!("{desk}：自 {since} 起，邮箱 {mailbox}（{folder}）无法读取：{why}\n"),
                Subject::Delivery(way) => format!("{desk}：自 {since} 起，邮件无法经 {way} 发出：{why}\n"),
                Subject::Token(login) => format!("{desk}：无法为 {login} 取得新的访问令牌，旧令牌失效后邮件将中断：{why}\n"),
                Subject::Canary(mailbox) => format!("{desk}：自 {since} 起，邮箱 {mailbox} 发给自己的检测邮件未能返回：{why}\n"),
                Subject::Store => format!("{desk}：数据无法保存：{why}\n"),
            }
        } else {
            match subject {
                Subject::Mailbox { mailbox, folder } => {
                    format!("{desk}: mailbox {mailbox} ({folder}) cannot be read since {since}: {why}\n")
                }
                Subject::Delivery(way) => format!("{desk}: no mail goes out by {way} since {since}: {why}\n"),
                Subject::Token(login) => {
                    format!("{desk}: no new access token for {login}; mail stops when the last one dies: {why}\n")
                }
                Subject::Canary(mailbox) => {
                    format!("{desk}: mail from mailbox {mailbox} to itself has not come back since {since}: {why}\n")
                }
                Subject::Store => format!("{desk}: the store failed: {why}\n"),
            }
        }
    }

    /// The words when a canary is back that was missed.
    fn words_back(&self, mailbox: &str) -> String {
        let desk = &self.desk;
        if language::is_chinese(&self.language) {
            format!("{desk}：邮箱 {mailbox} 发给自己的检测邮件已重新收到，邮件恢复正常\n")
        } else {
            format!("{desk}: mail from mailbox {mailbox} to itself comes back again\n")
        }
    }
}

/// A trouble that lasts.
#[derive(Debug, Clone)]
struct Trouble {
    since: DateTime<Utc>,
    why: String,
    grave: bool,
    /// Something was heard of it since it was told last.
    fresh: bool,
}

/// Troubles and what was told of them. Pure.
#[derive(Debug, Default)]
struct Board {
    troubles: BTreeMap<Subject, Trouble>,
    told: BTreeMap<String, DateTime<Utc>>,
    /// Mailboxes whose canaries were told as missed, and since when: they are not back.
    missed: BTreeMap<String, DateTime<Utc>>,
    /// Mailboxes whose canaries were missed, and are back.
    back: Vec<String>,
}

impl Board {
    fn ill(&mut self, subject: Subject, why: String, grave: bool, now: DateTime<Utc>) {
        let since = self.troubles.get(&subject).map_or(now, |known| known.since);
        self.troubles.insert(subject, Trouble { since, why, grave, fresh: true });
    }

    fn well(&mut self, subject: &Subject) {
        self.troubles.remove(subject);
        if let Subject::Canary(mailbox) = subject
            && self.missed.remove(mailbox).is_some()
        {
            self.back.push(mailbox.clone());
        }
    }

    /// When a trouble is to be told.
    fn due(&self, subject: &Subject, trouble: &Trouble) -> Option<DateTime<Utc>> {
        let lasting = if trouble.grave { trouble.since } else { trouble.since + subject.lasting() };
        let again = self.told.get(&subject.about()).map(|told| *told + AGAIN);
        trouble.fresh.then(|| again.map_or(lasting, |again| again.max(lasting)))
    }

    /// The moment at which something is to be told next.
    fn next(&self) -> Option<DateTime<Utc>> {
        self.troubles.iter().filter_map(|(subject, trouble)| self.due(subject, trouble)).min()
    }

    /// Takes one trouble that is to be told now.
    fn take(&mut self, now: DateTime<Utc>) -> Option<(Subject, Trouble)> {
        let due = |(subject, trouble): &(&Subject, &Trouble)| self.due(subject, trouble).is_some_and(|at| at <= now);
        let subject = self.troubles.iter().find(due).map(|(subject, _)| subject.clone())?;
        self.told.insert(subject.about(), now);
        let trouble = self.troubles.get_mut(&subject)?;
        trouble.fresh = false;
        if let Subject::Canary(mailbox) = &subject {
            self.missed.insert(mailbox.clone(), trouble.since);
        }
        Some((subject, trouble.clone()))
    }

    /// What was told, a line a subject, then what is missed; what is so old that it hinders nothing is left out.
    fn ledger(&self, now: DateTime<Utc>) -> String {
        let young = self.told.iter().filter(|(_, at)| now - **at < AGAIN).map(|(about, at)| (at, about.clone()));
        let missed = self.missed.iter().map(|(mailbox, at)| (at, format!("{MISSED}{mailbox}")));
        young.chain(missed).map(|(at, what)| format!("{} {what}\n", at.format("%Y-%m-%dT%H:%M:%SZ"))).collect()
    }

    /// Reads [`Board::ledger`]; lines that are none, and such from the future, count for nothing.
    fn remembering(ledger: &str, now: DateTime<Utc>) -> Board {
        let mut board = Board::default();
        for (at, what) in ledger.lines().filter_map(|line| line.split_once(' ')) {
            let Some(at) = at.parse::<DateTime<Utc>>().ok().filter(|at| *at <= now) else { continue };
            match what.strip_prefix(MISSED) {
                Some(mailbox) => board.missed.insert(mailbox.to_owned(), at),
                None => board.told.insert(what.to_owned(), at),
            };
        }
        board
    }
}

async fn listen(mut news: mpsc::UnboundedReceiver<News>, mut settings: Settings, ledger: PathBuf) {
    let mut board = Board::remembering(&std::fs::read_to_string(&ledger).unwrap_or_default(), Utc::now());
    let mut open = true;
    while open {
        let wake = board.next().filter(|_| settings.command.is_some()).map(|at| (at - Utc::now()).to_std().unwrap_or_default());
        tokio::select! {
            heard = news.recv() => match heard {
                Some(News::Ill { subject, why, grave }) => board.ill(subject, why, grave, Utc::now()),
                Some(News::Well(subject)) => board.well(&subject),
                Some(News::Settings(new)) => settings = new,
                Some(News::End) | None => open = false,
            },
            () = tokio::time::sleep(wake.unwrap_or(std::time::Duration::MAX)) => {}
        }
        while let Some(command) = settings.command.clone()
            && let Some((subject, trouble)) = board.take(Utc::now())
        {
            let words = settings.words(&subject, &trouble);
            if let Err(error) = tokio::task::spawn_blocking(move || ring(&command, &subject, &words)).await {
                tracing::error!("alert_command: {error}");
            }
            remember(&ledger, &board.ledger(Utc::now()));
        }
        for mailbox in std::mem::take(&mut board.back) {
            let (words, subject) = (settings.words_back(&mailbox), Subject::Canary(mailbox));
            if let Some(command) = settings.command.clone()
                && let Err(error) = tokio::task::spawn_blocking(move || ring(&command, &subject, &words)).await
            {
                tracing::error!("alert_command: {error}");
            }
            remember(&ledger, &board.ledger(Utc::now()));
        }
    }
}

/// Tells of a store that cannot be opened: nothing runs yet, and nothing will. Blocks while the command runs.
pub fn at_start(config: &Config, why: &anyhow::Error) {
    let (settings, ledger, now) = (Settings::of(config), config.data.join(LEDGER), Utc::now());
    let mut board = Board::remembering(&std::fs::read_to_string(&ledger).unwrap_or_default(), now);
    board.ill(Subject::Store, store::in_words(why), true, now);
    if let Some(command) = &settings.command
        && let Some((subject, trouble)) = board.take(now)
    {
        ring(command, &subject, &settings.words(&subject, &trouble));
        remember(&ledger, &board.ledger(now));
    }
}

fn ring(command: &str, subject: &Subject, words: &str) {
    match shell::run(command, words) {
        Ok(_) => tracing::warn!(about = subject.about(), "the operator was told by alert_command"),
        Err(error) => tracing::error!(about = subject.about(), "alert_command: {error:#}"),
    }
}

/// A disk that is full is one of the troubles: what cannot be written is told again after a restart.
fn remember(ledger: &Path, text: &str) {
    if let Err(error) = std::fs::write(ledger, text) {
        tracing::debug!("{}: {error}", ledger.display());
    }
}

/// The desk's door; what the store refuses is heard.
pub struct Heard<'a> {
    /// The door itself.
    pub door: &'a Door,
    /// Who is to hear.
    pub alarm: &'a Alarm,
}

impl Heard<'_> {
    fn noted<T>(&self, answer: anyhow::Result<T>) -> anyhow::Result<T> {
        match answer {
            Ok(answer) => {
                self.alarm.well(Subject::Store);
                Ok(answer)
            }
            // A desk that has stopped answers nobody.
            Err(error) if self.door.desk.is_closed() => Err(error),
            Err(error) => {
                let why = store::in_words(&error);
                self.alarm.ill(Subject::Store, &why, true);
                Err(anyhow::anyhow!("the store failed: {why}"))
            }
        }
    }
}

impl Inbox for Heard<'_> {
    type Ready = Vec<Prepared>;

    async fn cursor(&self, folder: &Folder) -> anyhow::Result<Option<Cursor>> {
        self.noted(self.door.cursor(folder).await)
    }

    async fn set_cursor(&self, folder: &Folder, cursor: Cursor) -> anyhow::Result<()> {
        self.noted(self.door.set_cursor(folder, cursor).await)
    }

    async fn received(&self, places: Vec<Place>) -> anyhow::Result<Vec<bool>> {
        self.noted(self.door.received(places).await)
    }

    async fn prepare(&self, arrivals: Vec<Arrival>) -> anyhow::Result<Vec<Prepared>> {
        self.door.prepare(arrivals).await
    }

    fn is_spent(&self, mail: &Arrival) -> bool {
        canary::is_spent(mail, &self.door.policy.borrow().key)
    }

    async fn receive(&self, mails: Vec<Prepared>) -> anyhow::Result<()> {
        let canaries = canary::seen(mails.iter().map(|mail| &mail.arrival), &self.door.policy.borrow().key);
        canaries.into_iter().for_each(|mailbox| self.alarm.well(Subject::Canary(mailbox)));
        self.noted(self.door.receive(mails).await)
    }

    async fn pass_over(&self, mails: Vec<Withheld>) -> anyhow::Result<()> {
        self.noted(self.door.pass_over(mails).await)
    }

    async fn passed_over(&self, folder: &Folder) -> anyhow::Result<Vec<Place>> {
        self.noted(self.door.passed_over(folder).await)
    }

    async fn no_more(&self, places: Vec<Place>) -> anyhow::Result<()> {
        self.noted(self.door.no_more(places).await)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(minutes: i64) -> DateTime<Utc> {
        DateTime::<Utc>::UNIX_EPOCH + Duration::minutes(minutes)
    }

    fn folder(name: &str) -> Subject {
        Subject::Mailbox { mailbox: "support".to_owned(), folder: name.to_owned() }
    }

    /// What is told at this minute.
    fn told(board: &mut Board, minute: i64) -> Vec<Subject> {
        std::iter::from_fn(|| board.take(at(minute))).map(|(subject, _)| subject).collect()
    }

    #[test]
    fn what_passes_is_not_told_and_what_lasts_is() {
        let mut board = Board::default();
        board.ill(folder("INBOX"), "no connection".to_owned(), false, at(0));
        assert_eq!(board.next(), Some(at(15)));
        assert!(told(&mut board, 14).is_empty());
        board.well(&folder("INBOX"));
        assert_eq!(board.next(), None);
        board.ill(folder("INBOX"), "no connection".to_owned(), false, at(16));
        board.ill(folder("INBOX"), "no route".to_owned(), false, at(29));
        assert!(told(&mut board, 30).is_empty());
        let (subject, trouble) = board.take(at(31)).unwrap();
        assert_eq!((subject, trouble.since, trouble.why.as_str()), (folder("INBOX"), at(16), "no route"));
    }

    #[test]
    fn the_grave_is_told_at_once_and_nothing_twice_an_hour() {
        let mut board = Board::default();
        board.ill(folder("INBOX"), "login refused".to_owned(), true, at(0));
        board.ill(folder("Alerts"), "login refused".to_owned(), true, at(0));
        board.ill(Subject::Store, "disk full".to_owned(), true, at(0));
        assert_eq!(told(&mut board, 0), [folder("Alerts"), Subject::Store], "the folders of a mailbox are one subject");
        board.well(&folder("INBOX"));
        board.well(&folder("Alerts"));
        board.ill(folder("INBOX"), "login refused".to_owned(), true, at(5));
        assert!(told(&mut board, 59).is_empty());
        assert_eq!(board.next(), Some(at(60)));
        assert_eq!(told(&mut board, 60), [folder("INBOX")]);
        assert_eq!(board.next(), None, "of a trouble that nobody heard of again nothing is told");
        board.ill(folder("INBOX"), "login refused".to_owned(), true, at(70));
        assert_eq!(board.next(), Some(at(120)));
    }

    #[test]
    fn a_restart_forgets_nothing_that_was_told() {
        let mut board = Board::default();
        board.ill(Subject::Store, "disk full".to_owned(), true, at(0));
        board.ill(Subject::Delivery("smtp.test:465".to_owned()), "refused".to_owned(), true, at(0));
        assert_eq!(told(&mut board, 0).len(), 2);
        let ledger = board.ledger(at(10));
        assert_eq!(ledger, "1970-01-01T00:00:00Z delivery smtp.test:465\n1970-01-01T00:00:00Z store\n");
        let mut again = Board::remembering(&format!("rubbish\n2999-01-01T00:00:00Z store\n{ledger}"), at(10));
        again.ill(Subject::Store, "disk full".to_owned(), true, at(11));
        assert!(told(&mut again, 59).is_empty());
        assert_eq!(told(&mut again, 60), [Subject::Store]);
        assert!(Board::default().ledger(at(0)).is_empty() && board.ledger(at(60)).is_empty());
    }

    #[test]
    fn a_canary_that_is_missed_is_told_once_and_once_more_when_it_is_back() {
        let mut board = Board::default();
        let canary = || Subject::Canary("support".to_owned());
        let sent = |board: &mut Board, minute| board.ill(canary(), "it was taken".to_owned(), false, at(minute));
        sent(&mut board, 0);
        assert!(told(&mut board, 29).is_empty());
        board.well(&canary());
        assert!(told(&mut board, 60).is_empty() && board.back.is_empty(), "it came: nobody hears of it");
        sent(&mut board, 60);
        assert_eq!(board.next(), Some(at(90)));
        assert_eq!(told(&mut board, 90), [canary()]);
        assert!(told(&mut board, 110).is_empty());
        sent(&mut board, 120);
        assert!(told(&mut board, 149).is_empty());
        board.well(&canary());
        assert_eq!((std::mem::take(&mut board.back), told(&mut board, 300)), (vec!["support".to_owned()], vec![]));
    }

    #[test]
    fn what_a_restart_finds_missed_is_told_once_when_it_is_back() {
        let canary = || Subject::Canary("support".to_owned());
        let restart = |board: &Board, minute| Board::remembering(&board.ledger(at(minute)), at(minute));
        let mut board = Board::default();
        board.ill(canary(), "it was taken".to_owned(), false, at(0));
        assert_eq!(told(&mut board, 30), [canary()]);
        // Hours later, and again before the next canary is on its way.
        let mut again = restart(&restart(&board, 300), 301);
        again.well(&canary());
        assert_eq!(std::mem::take(&mut again.back), ["support"]);
        again.well(&canary());
        let mut third = restart(&again, 302);
        third.well(&canary());
        assert!(again.back.is_empty() && third.back.is_empty(), "it is told once");
        // A canary that was not told as missed is nobody's news after a restart either.
        let mut quiet = Board::default();
        quiet.ill(canary(), "it was taken".to_owned(), false, at(0));
        let mut after = restart(&quiet, 10);
        after.well(&canary());
        assert!(after.back.is_empty());
    }

    #[test]
    fn the_words_are_in_the_operators_language() {
        let trouble = Trouble { since: at(0), why: "535 no".to_owned(), grave: true, fresh: true };
        let settings = |language: &str| Settings { command: None, desk: "IT".to_owned(), language: language.to_owned() };
        for (language, subject, words) in [
            ("en", folder("INBOX"), "IT: mailbox support (INBOX) cannot be read since 1970-01-01 00:00 UTC: 535 no\n"),
            ("en", Subject::Delivery("a:465".to_owned()), "IT: no mail goes out by a:465 since 1970-01-01 00:00 UTC: 535 no\n"),
            ("en", Subject::Store, "IT: the store failed: 535 no\n"),
            ("zh", folder("INBOX"), "IT：自 1970-01-01 00:00 UTC 起，邮箱 support（INBOX）无法读取：535 no\n"),
            ("en", Subject::Token("it@a".to_owned()), "IT: no new access token for it@a; mail stops when the last one dies: 535 no\n"),
            ("zh", Subject::Token("it@a".to_owned()), "IT：无法为 it@a 取得新的访问令牌，旧令牌失效后邮件将中断：535 no\n"),
            ("zh", Subject::Delivery("a:465".to_owned()), "IT：自 1970-01-01 00:00 UTC 起，邮件无法经 a:465 发出：535 no\n"),
            (
                "en",
                Subject::Canary("it".to_owned()),
                "IT: mail from mailbox it to itself has not come back since 1970-01-01 00:00 UTC: 535 no\n",
            ),
            ("zh", Subject::Canary("it".to_owned()), "IT：自 1970-01-01 00:00 UTC 起，邮箱 it 发给自己的检测邮件未能返回：535 no\n"),
            ("ZH_tw", Subject::Store, "IT：数据无法保存：535 no\n"),
        ] {
            assert_eq!(settings(language).words(&subject, &trouble), words);
        }
    }
}
