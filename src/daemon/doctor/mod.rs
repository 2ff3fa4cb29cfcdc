//! What `doctor` tries: every source and delivery of the configuration, what the newest mails tell, the machine, and a round trip.

mod agents;
mod marks;
mod round_trip;

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use chrono::{DateTime, Utc};

use super::accounts::{imap_account, smtp_account};
use super::hub;
use crate::config::{Delivery, Mailbox, Source, provider};
use crate::delivery::smtp;
use crate::domain::message::{Address, Reading};
use crate::mail::parse;
use crate::policy::Loaded;
use crate::source::imap;
use crate::store;

/// Whether something went well, and a sentence: with the remedy where it did not.
pub type Step = (bool, String);

/// What was tried at one place.
#[derive(Debug)]
pub enum Examination {
    /// This is tried now; a server may keep it waiting.
    Begun(String),
    /// The steps of what was begun.
    Done(Vec<Step>),
}

/// A person waits for the answer: no server is waited for as long as RFC 5321 asks for.
const PATIENCE: Duration = Duration::from_secs(30);

/// Less free space than this is too little to go on for long.
const LITTLE_SPACE_MB: u64 = 500;

/// Tries everything; with `send` a mail goes from each mailbox to itself.
///
/// # Errors
/// Those of `tell`.
pub async fn examine(loaded: &Loaded, send: bool, tell: &mut impl FnMut(Examination) -> anyhow::Result<()>) -> anyhow::Result<()> {
    use Examination::{Begun, Done};
    let mut newest = Vec::new();
    for mailbox in &loaded.config.mailboxes {
        tell(Begun(format!("mailbox {} ({})", mailbox.name, mailbox.address)))?;
        tell(Done(source(mailbox, loaded, &mut newest).await))?;
    }
    tell(Begun("what proves your agents".to_owned()))?;
    tell(Done(agents(loaded, newest)?))?;
    let deliveries: Vec<_> = loaded.config.mailboxes.iter().map(|m| (m.name.clone(), m.delivery.clone())).collect();
    for (delivery, names) in hub::shared_lines(&deliveries) {
        let mailboxes: Vec<&Mailbox> = loaded.config.mailboxes.iter().filter(|m| names.contains(&m.name)).collect();
        tell(Begun(format!("delivery of {}", names.join(", "))))?;
        tell(Done(match &delivery {
            Delivery::Smtp(account) => {
                let mut account = smtp_account(account);
                (account.timeouts.greeting, account.timeouts.command) = (PATIENCE, PATIENCE);
                let senders: Vec<_> = mailboxes.iter().map(|m| m.address.clone()).collect();
                let account = Arc::new(account);
                let mut steps = smtp::doctor(&account, &senders).await;
                steps.extend(known(&account.host, &steps));
                steps.extend(foreign_senders(&account.host, account.user.as_deref(), &senders));
                steps
            }
            Delivery::Maildir { path } => vec![(true, format!("mail is written below {}", path.display()))],
        }))?;
    }
    if send {
        for mailbox in &loaded.config.mailboxes {
            tell(Begun(format!("round trip of {}", mailbox.name)))?;
            tell(Done(round_trip::try_it(mailbox, loaded).await))?;
        }
    }
    tell(Begun("this machine".to_owned()))?;
    tell(Done(vec![space(&loaded.config.data), fonts()]))
}

/// Headers of mails with their time of arrival, where the server told it.
type Headers = Vec<(Reading, Option<DateTime<Utc>>)>;

/// The newest mail of each agent: one that lies in a mailbox, or that the desk has had.
fn agents(loaded: &Loaded, newest: Headers) -> anyhow::Result<Vec<Step>> {
    let known = loaded.config.data.join("postdesk.db").exists().then(|| store::open_beside(&loaded.config.data)).transpose()?;
    let found = loaded.policy.agents.iter().map(|agent| {
        let own: Vec<Address> = std::iter::once(&agent.address).chain(&agent.aliases).cloned().collect();
        let his = |mail: &Reading| mail.from.as_ref().is_some_and(|from| own.contains(&from.address));
        let there = newest.iter().filter(|(mail, _)| his(mail)).filter_map(|(mail, at)| Some((at.as_ref().copied()?, mail.clone())));
        let had = match &known {
            Some(store) => store.newest_from(&own)?,
            None => None,
        };
        let had = had.map(|(at, raw)| (at, parse::read(&raw, None)));
        Ok((agent, there.chain(had).max_by_key(|(at, _)| *at)))
    });
    let found: Vec<agents::Newest<'_>> = found.collect::<anyhow::Result<_>>()?;
    Ok(agents::proofs(&found, &loaded.policy))
}

async fn source(mailbox: &Mailbox, loaded: &Loaded, newest: &mut Headers) -> Vec<Step> {
    let account = match (&mailbox.source, imap_account(mailbox, loaded.policy.limits.message_size)) {
        (Source::Maildir { path }, _) => return vec![maildir(path)],
        (Source::Imap(_), None) => return Vec::new(),
        (Source::Imap(_), Some(account)) => account,
    };
    let imap::Examined { mut steps, newest: headers } = imap::doctor(&account).await;
    steps.extend(known(&account.host, &steps));
    if steps.iter().all(|(good, _)| *good) {
        let read: Headers = headers.iter().map(|header| (parse::read(&header.raw, None), header.at)).collect();
        steps.extend(marks::authserv(&read, &loaded.config.trust.authserv_ids));
        steps.push(marks::arrivals(&read, Utc::now()));
        newest.extend(read);
    }
    steps
}

/// What is known of this provider, where its server did not take the login.
fn known(host: &str, steps: &[Step]) -> Option<Step> {
    let refused = steps.last().is_some_and(|(good, words)| !good && words.contains("login"));
    let provider = provider::of([host], None).filter(|_| refused)?;
    Some((false, format!("{}: {}", provider.name, provider.note.0)))
}

/// Some providers judge the sender only when a mail has been sent whole, so that no trial before shows it.
fn foreign_senders(host: &str, user: Option<&str>, senders: &[Address]) -> Option<Step> {
    let provider = provider::of([host], None).filter(|provider| provider.wants_own_sender())?;
    let user = user?;
    let foreign = senders.iter().find(|sender| !user.eq_ignore_ascii_case(sender.as_str()))?;
    let words = format!(
        "{} takes mail from {foreign} only where it lets the login {user} send in that name; a mail shows it (--send)",
        provider.name
    );
    Some((true, words))
}

fn maildir(path: &Path) -> Step {
    if path.join("new").is_dir() {
        return (true, format!("{} is a Maildir", path.display()));
    }
    (
        false,
        format!("{} is no Maildir: it has no directory `new`; make it with `mkdir -p {}/{{new,cur,tmp}}`", path.display(), path.display()),
    )
}

/// Free space where the data is, or will be. POSIX `df` is asked: the standard library cannot, and a crate for one number is much.
fn space(data: &Path) -> Step {
    // The last ancestor of a relative path is empty: the directory where we stand.
    let place = data.ancestors().find(|path| path.exists()).unwrap_or(Path::new("."));
    let output = std::process::Command::new("df").arg("-Pk").arg(place).env("LC_ALL", "C").output();
    let text = output.map(|output| String::from_utf8_lossy(&output.stdout).into_owned()).unwrap_or_default();
    match free_megabytes(&text) {
        Some(free) if free < LITTLE_SPACE_MB => {
            (false, format!("disk: {free} MB are free for {}: make room, or move data to a larger disk", data.display()))
        }
        Some(free) => (true, format!("disk: {free} MB are free for {}", data.display())),
        None => (true, format!("disk: how much is free for {} could not be asked (df -Pk)", data.display())),
    }
}

/// Whether a browser or terminal of this machine can show Chinese, by fontconfig. Never wrong: mails and pages are read elsewhere.
fn fonts() -> Step {
    let output = std::process::Command::new("fc-list").args([":lang=zh", "family"]).env("LC_ALL", "C").output();
    (true, font_words(output.ok().map(|output| String::from_utf8_lossy(&output.stdout).into_owned()).as_deref()))
}

/// `list` is what `fc-list` printed, a font a line with its names; none where there is no fontconfig.
fn font_words(list: Option<&str>) -> String {
    const ELSEWHERE: &str = "mails and pages are read elsewhere, but a browser on this machine would show boxes (Debian: fonts-noto-cjk)";
    let first = list.and_then(|list| list.lines().filter_map(|line| line.split(',').next()).min()).map(str::trim);
    match (list, first) {
        (_, Some(name)) if !name.is_empty() => format!("fonts: Chinese can be shown here, in {name}"),
        (Some(_), _) => format!("fonts: none with Chinese is installed here: {ELSEWHERE}"),
        (None, _) => "fonts: this machine has no fontconfig, and needs none to send mail".to_owned(),
    }
}

/// POSIX: file system, blocks of 1024 bytes, used, available, capacity, mounted on; a name of the first may hold blanks.
fn free_megabytes(df: &str) -> Option<u64> {
    let words: Vec<&str> = df.lines().nth(1)?.split_whitespace().collect();
    let numbers = |window: &[&str]| window.iter().filter_map(|word| word.parse::<u64>().ok()).collect::<Vec<_>>();
    let found = words.windows(4).find(|window| window.last().is_some_and(|word| word.ends_with('%')) && numbers(window).len() == 3)?;
    numbers(found).last().map(|kilobytes| kilobytes / 1024)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fonts_are_told() {
        for (list, words) in [
            (Some("Noto Serif CJK SC,Noto Serif CJK SC Light\nNoto Sans CJK SC,思源黑体\n"), "can be shown here, in Noto Sans CJK SC"),
            (Some(""), "none with Chinese is installed here"),
            (None, "no fontconfig"),
        ] {
            assert!(font_words(list).contains(words), "{list:?}: {}", font_words(list));
        }
    }

    #[test]
    fn what_is_known_of_a_provider_is_said_where_it_helps() {
        let refused = [(false, "login of it@163.com refused by imap.163.com: NO".to_owned())];
        let words = |host: &str, steps: &[Step]| known(host, steps).unwrap_or_default().1;
        assert!(words("imap.163.com", &refused).contains("NetEase 163: the password is not the one for the web but an authorization code"));
        assert!(words("outlook.office365.com", &refused).contains("token_command"));
        assert_eq!(words("imap.163.com", &[(true, "logged in".to_owned())]), "");
        assert_eq!(words("mail.example.com", &refused), "");
        let senders = ["it@qq.com", "help@desk.test"].map(|address| Address::parse(address).unwrap());
        for (host, user, told) in [
            ("smtp.qq.com", Some("It@QQ.com"), true),
            ("smtp.office365.com", Some("it@qq.com"), true),
            ("smtp.gmail.com", Some("it@qq.com"), false),
            ("localhost", Some("it@qq.com"), false),
            ("smtp.qq.com", None, false),
        ] {
            let step = foreign_senders(host, user, &senders);
            assert_eq!(step.is_some(), told, "{host}");
            assert!(step.is_none_or(|(_, words)| words.contains("help@desk.test")), "{host}");
        }
        assert_eq!(foreign_senders("smtp.qq.com", Some("it@qq.com"), &senders[..1]), None);
    }

    #[test]
    fn free_space_is_read() {
        let head = "Filesystem     1024-blocks     Used Available Capacity Mounted on\n";
        for (line, free) in [
            ("/dev/vda1        41152736 12345678  26700000      32% /\n", Some(26_074)),
            ("//server/my share 41152736 12345678  1048576      98% /mnt/my 5% disk\n", Some(1024)),
            ("none\n", None),
        ] {
            assert_eq!(free_megabytes(&format!("{head}{line}")), free, "{line}");
        }
        for place in [std::env::temp_dir().join("not/there/yet"), "not/there/yet".into()] {
            assert!(space(&place).1.contains("MB are free"), "{}", place.display());
        }
    }
}
