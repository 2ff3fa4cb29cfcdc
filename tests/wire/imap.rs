//! The IMAP source against Dovecot.

mod desk;
mod provider;
mod providers;

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use chrono::{TimeDelta, Utc};
use postdesk::source::SourceState;
use postdesk::source::imap::{Account, Mark, Start, Tls};

use self::desk::{Desk, Mailbox, Proxy, account, eventually, mail, read_once, send, soon, watch};
use crate::{SERVERS, host};

#[tokio::test]
async fn idle_brings_new_mail_at_once_and_leaves_no_trace() {
    let _servers = SERVERS.read().await;
    let mut mailbox = Mailbox::new("idle").await;
    mailbox.append("INBOX", Some(Utc::now() - TimeDelta::days(3)), &mail("old", 100)).await;
    let watched = watch(account(&mailbox), "INBOX", Desk::new());
    watched.up().await;
    let mut slowest = Duration::ZERO;
    for number in 1..=5 {
        let appended = Instant::now();
        mailbox.append("INBOX", None, &mail(&format!("new {number}"), 100)).await;
        eventually("the mail comes", || watched.desk.subjects().len() == number).await;
        slowest = slowest.max(appended.elapsed());
    }
    // Dovecot keeps a notice back for half a second.
    assert!(slowest < Duration::from_secs(2), "{slowest:?}");
    let mails = watched.desk.mails();
    assert_eq!(mails[0].raw, mail("new 1", 100).as_bytes());
    assert!(mails.iter().all(|mail| !mail.quiet && mail.whole_size.is_none() && mail.mailbox == "support"));
    assert!(mails.iter().all(|mail| (Utc::now() - mail.at).num_seconds() < 60));
    assert_eq!(mails.iter().map(|mail| mail.place.as_ref().unwrap().uid).collect::<Vec<_>>(), [2, 3, 4, 5, 6]);
    let cursors: Vec<_> = mails.iter().map(|mail| mail.cursor.as_ref().unwrap().1.next_uid).collect();
    assert_eq!(cursors, [3, 4, 5, 6, 7]);
    assert_eq!(mailbox.flags("INBOX").await, vec![String::new(); 6], "no flag is set");
    watched.stop().await;
}

#[tokio::test]
async fn a_renewed_idle_loses_nothing() {
    let _servers = SERVERS.read().await;
    let mut mailbox = Mailbox::new("renew").await;
    let watched = watch(Account { idle_renew: Duration::from_millis(30), ..account(&mailbox) }, "INBOX", Desk::new());
    watched.up().await;
    for number in 1..=20 {
        mailbox.append("INBOX", None, &mail(&number.to_string(), 100)).await;
        tokio::time::sleep(Duration::from_millis(17)).await;
    }
    eventually("all mails come", || watched.desk.subjects().len() >= 20).await;
    assert_eq!(watched.desk.subjects(), (1..=20).map(|number| number.to_string()).collect::<Vec<_>>());
    watched.stop().await;
}

#[tokio::test]
async fn tls_from_the_first_byte_and_by_starttls_with_an_own_authority() {
    let _servers = SERVERS.read().await;
    let mut mailbox = Mailbox::new("tls").await;
    mailbox.append("INBOX", None, &mail("hello", 100)).await;
    let ca_file = Some(host().get("CA_FILE").into());
    let plain = Account { start: Start::All, ..account(&mailbox) };
    for (tls, port) in [(Tls::Implicit, "IMAPS_PORT"), (Tls::Starttls, "IMAP_PORT")] {
        let trusted = Account { tls, port: host().port(port), ca_file: ca_file.clone(), ..plain.clone() };
        let desk = Desk::new();
        read_once(&trusted, "INBOX", &desk).await.unwrap();
        assert_eq!(desk.subjects(), ["hello"], "{tls:?}");
        let error = read_once(&Account { ca_file: None, ..trusted.clone() }, "INBOX", &Desk::new()).await.unwrap_err();
        assert!(format!("{error:#}").contains("a CA that this machine does not know"), "{error:#}");
        let error = read_once(&Account { host: "127.0.0.2".to_owned(), ..trusted }, "INBOX", &Desk::new()).await.unwrap_err();
        let error = format!("{error:#}");
        assert!(error.contains("not for 127.0.0.2") || error.contains("no connection to 127.0.0.2"), "{error}");
    }
}

#[tokio::test]
async fn a_refused_login_waits_and_says_so() {
    let _servers = SERVERS.read().await;
    let mailbox = Mailbox::new("wrong").await;
    let logins = Arc::new(AtomicUsize::new(0));
    let count = logins.clone();
    let password: postdesk::source::imap::Password = Arc::new(move || {
        count.fetch_add(1, Ordering::Relaxed);
        Ok("wrong".to_owned())
    });
    let watched = watch(Account { password, ..account(&mailbox) }, "INBOX", Desk::new());
    eventually("it waits", || !watched.states().is_empty()).await;
    let [SourceState::Waiting { why, wait, refused }] = &watched.states()[..] else { panic!("{:?}", watched.states()) };
    let user = &mailbox.user;
    assert!(why.contains(&format!("login of {user} refused by localhost")) && why.contains("Authentication failed"), "{why}");
    assert!(!why.contains("wrong\""), "the password is in no message: {why}");
    assert!(*refused && *wait >= Duration::from_secs(60), "{wait:?}");
    tokio::time::sleep(Duration::from_secs(1)).await;
    assert_eq!(logins.load(Ordering::Relaxed), 1);
    watched.stop().await;
    // A password that LOGIN cannot carry goes by AUTHENTICATE; the answer is as clear.
    let chinese = Account { password: Arc::new(|| Ok("密码".to_owned())), ..account(&mailbox) };
    let error = format!("{:#}", read_once(&chinese, "INBOX", &Desk::new()).await.unwrap_err());
    assert!(error.contains("refused") && error.contains("Authentication failed"), "{error}");
    let none = Account { password: Arc::new(|| anyhow::bail!("the command failed")), ..account(&mailbox) };
    let error = format!("{:#}", read_once(&none, "INBOX", &Desk::new()).await.unwrap_err());
    assert!(error.contains("the password cannot be had: the command failed"), "{error}");
}

#[tokio::test]
async fn a_folder_that_is_not_there_is_named() {
    let _servers = SERVERS.read().await;
    let mailbox = Mailbox::new("nowhere").await;
    let watched = watch(account(&mailbox), "Nowhere", Desk::new());
    eventually("it waits", || !watched.states().is_empty()).await;
    let states = watched.states();
    assert!(matches!(&states[..], [SourceState::Waiting { why, refused: true, .. }] if why.contains("folder Nowhere")), "{states:?}");
    watched.stop().await;
}

#[tokio::test]
async fn a_restart_in_the_middle_of_idle_misses_nothing() {
    let _servers = SERVERS.write().await;
    let mut mailbox = Mailbox::new("restart").await;
    let watched = watch(account(&mailbox), "INBOX", Desk::new());
    watched.up().await;
    mailbox.append("INBOX", None, &mail("before", 100)).await;
    eventually("the first mail comes", || watched.desk.subjects().len() == 1).await;
    host().play(&["stop-imap"]).await;
    send(&mailbox.user, &mail("meanwhile", 100)).await;
    host().play(&["start-imap"]).await;
    eventually("the mail that came meanwhile", || watched.desk.subjects().len() >= 2).await;
    let mut mailbox = mailbox.again().await;
    mailbox.append("INBOX", None, &mail("after", 100)).await;
    eventually("mail that comes after", || watched.desk.subjects().len() >= 3).await;
    assert_eq!(watched.desk.subjects(), ["before", "meanwhile", "after"]);
    assert!(watched.states().iter().any(|state| matches!(state, SourceState::Waiting { refused: false, .. })));
    host().play(&["kick", &mailbox.user]).await;
    mailbox.again().await.append("INBOX", None, &mail("kicked", 100)).await;
    eventually("mail after a kick", || watched.desk.subjects().len() >= 4).await;
    watched.stop().await;
}

#[tokio::test]
async fn a_changed_uidvalidity_hands_mails_over_again_with_their_new_places() {
    let _servers = SERVERS.write().await;
    let mut mailbox = Mailbox::new("uidvalidity").await;
    mailbox.append("INBOX", Some(Utc::now() - TimeDelta::days(9)), &mail("long before", 100)).await;
    let desk = Desk::new();
    let taken_up = account(&mailbox);
    read_once(&taken_up, "INBOX", &desk).await.unwrap();
    assert_eq!(desk.subjects(), [""; 0]);
    mailbox.append("INBOX", None, &mail("one", 100)).await;
    mailbox.append("INBOX", None, &mail("two", 100)).await;
    let watched = watch(taken_up, "INBOX", desk);
    watched.up().await;
    assert_eq!(watched.desk.subjects(), ["one", "two"]);
    host().play(&["wipe-uidvalidity", &mailbox.user, "INBOX"]).await;
    eventually("both come again", || watched.desk.subjects().len() >= 4).await;
    let mut mailbox = mailbox.again().await;
    mailbox.append("INBOX", None, &mail("three", 100)).await;
    eventually("new mail comes", || watched.desk.subjects().len() >= 5).await;
    let mails = watched.desk.mails();
    let mut subjects = watched.desk.subjects();
    subjects[2..4].sort();
    assert_eq!(subjects, ["one", "two", "one", "two", "three"]);
    let places: Vec<_> = mails.iter().map(|mail| mail.place.clone().unwrap()).collect();
    assert_eq!(places[0].uidvalidity, places[1].uidvalidity);
    assert_ne!(places[1].uidvalidity, places[2].uidvalidity);
    assert_eq!(places[2].uidvalidity, places[4].uidvalidity);
    assert!(mails.iter().all(|mail| !mail.quiet));
    watched.stop().await;
}

#[tokio::test]
async fn a_mailbox_is_taken_up_from_now_from_a_date_or_whole() {
    let _servers = SERVERS.read().await;
    let mut mailbox = Mailbox::new("start").await;
    let now = Utc::now();
    for days in [30, 20, 10] {
        mailbox.append("INBOX", Some(now - TimeDelta::days(days)), &mail(&format!("{days} days"), 100)).await;
    }
    let cases: [(Start, &[&str]); 4] = [
        (Start::Now, &[]),
        (Start::All, &["30 days", "20 days", "10 days"]),
        (Start::Since(now - TimeDelta::days(20) - TimeDelta::seconds(1)), &["20 days", "10 days"]),
        (Start::Since(now), &[]),
    ];
    let mut desks = Vec::new();
    for (start, expected) in cases {
        let (desk, account) = (Desk::new(), Account { start, ..account(&mailbox) });
        read_once(&account, "INBOX", &desk).await.unwrap();
        read_once(&account, "INBOX", &desk).await.unwrap();
        assert_eq!(desk.subjects(), expected, "{start:?}");
        assert!(desk.mails().iter().all(|mail| mail.quiet), "{start:?}");
        desks.push((desk, account));
    }
    // An old mail that somebody moves in later is taken, but gets no automatic mail; a new one does.
    mailbox.append("INBOX", Some(now - TimeDelta::days(40)), &mail("moved in", 100)).await;
    mailbox.append("INBOX", None, &mail("new", 100)).await;
    for (desk, account) in desks {
        let before = desk.subjects().len();
        read_once(&account, "INBOX", &desk).await.unwrap();
        assert_eq!(desk.subjects()[before..], ["moved in", "new"], "{:?}", account.start);
        assert_eq!(desk.mails()[before..].iter().map(|mail| mail.quiet).collect::<Vec<_>>(), [true, false]);
    }
}

#[tokio::test]
async fn large_mails_come_in_windows_and_over_size_ones_by_their_header() {
    let _servers = SERVERS.read().await;
    let mut mailbox = Mailbox::new("large").await;
    let window = 1024 * 1024;
    let header = mail("", 0).len();
    let sizes = [1000, window - header, window + 1 - header, 2 * window - header, 3_500_000, 5_000_000, 1000];
    for (number, size) in sizes.iter().enumerate() {
        mailbox.append("INBOX", None, &mail(&number.to_string(), *size)).await;
    }
    let (desk, account) = (Desk::new(), Account { start: Start::All, message_size: 4_000_000, ..account(&mailbox) });
    read_once(&account, "INBOX", &desk).await.unwrap();
    let mails = desk.mails();
    assert_eq!(mails.len(), sizes.len());
    for (number, (got, size)) in mails.iter().zip(sizes).enumerate() {
        let sent = mail(&number.to_string(), size);
        if size > 4_000_000 {
            assert_eq!((got.whole_size, got.raw.ends_with(b"\r\n\r\n")), (Some(sent.len() as u64), true));
            assert!(got.raw.len() < 1000 && sent.as_bytes().starts_with(&got.raw));
        } else {
            assert!(got.whole_size.is_none() && got.raw == sent.as_bytes(), "mail {number} of {size} bytes");
        }
    }
    assert!(mailbox.flags("INBOX").await.iter().all(String::is_empty));
}

#[tokio::test]
async fn mails_are_marked_and_moved_only_where_configured_and_only_after_the_flush() {
    let _servers = SERVERS.read().await;
    let cases = [
        ("mark-seen", Mark::Seen, None, "", "\\Seen"),
        ("mark-keyword", Mark::Keyword("$Postdesk".to_owned()), None, "", "$Postdesk"),
        ("move", Mark::None, Some("工单/Done"), "", ""),
        ("mark-move", Mark::Seen, Some("Done"), "", "\\Seen"),
        ("copy-expunge", Mark::None, Some("Done"), "MOVE", ""),
        ("copy-delete", Mark::None, Some("Done"), "MOVE UIDPLUS", ""),
    ];
    for (name, mark, done, hidden, flags) in cases {
        let mut mailbox = Mailbox::new(name).await;
        mailbox.append("INBOX", None, &mail("a", 100)).await;
        mailbox.append("INBOX", None, &mail("b", 100)).await;
        let proxy = Proxy::start(hidden, None).await;
        let account = Account { port: proxy.port, start: Start::All, mark, done_folder: done.map(str::to_owned), ..account(&mailbox) };
        let full = Desk::new();
        full.fill();
        read_once(&account, "INBOX", &full).await.unwrap_err();
        assert_eq!(mailbox.flags("INBOX").await, ["", ""], "{name}: nothing happens before the flush");
        let desk = Desk::new();
        read_once(&account, "INBOX", &desk).await.unwrap();
        assert_eq!(desk.subjects(), ["a", "b"]);
        let folder = done.map_or("INBOX", |folder| if folder == "Done" { "Done" } else { "&XeVTVQ-/Done" });
        assert_eq!(mailbox.flags(folder).await, [flags, flags], "{name}");
        if done.is_some() {
            let left: &[&str] = if name == "copy-delete" { &["\\Deleted", "\\Deleted"] } else { &[] };
            assert_eq!(mailbox.flags("INBOX").await, left, "{name}");
        }
        read_once(&account, "INBOX", &desk).await.unwrap();
        assert_eq!(desk.subjects().len(), 2, "{name}: nothing comes twice");
    }
}

#[tokio::test]
async fn what_nobody_needs_is_removed_after_the_flush_and_nothing_else() {
    let _servers = SERVERS.read().await;
    // A person has marked the first mail \\Deleted, and has not made up her mind yet.
    let cases = [
        ("spent", "", Mark::None, &["\\Deleted", ""][..]),
        ("spent-writable", "", Mark::Seen, &["\\Seen \\Deleted", "\\Seen"]),
        ("spent-stays", "UIDPLUS", Mark::None, &["\\Deleted", "", "", ""]),
    ];
    for (name, hidden, mark, left) in cases {
        let mut mailbox = Mailbox::new(name).await;
        for subject in ["a", "spent 1", "b", "spent 2"] {
            mailbox.append("INBOX", None, &mail(subject, 100)).await;
        }
        mailbox.flag("INBOX", "1", "\\Deleted").await;
        let proxy = Proxy::start(hidden, None).await;
        let account = Account { port: proxy.port, start: Start::All, mark, ..account(&mailbox) };
        let full = Desk::new();
        full.fill();
        read_once(&account, "INBOX", &full).await.unwrap_err();
        assert_eq!(mailbox.flags("INBOX").await, ["\\Deleted", "", "", ""], "{name}: nothing happens before the flush");
        let watched = watch(account, "INBOX", Desk::new());
        watched.up().await;
        assert_eq!(watched.desk.subjects(), ["a", "spent 1", "b", "spent 2"], "{name}");
        let mut flags = mailbox.flags("INBOX").await;
        flags.iter_mut().for_each(|of_one| *of_one = sorted(of_one));
        assert_eq!(flags, left.iter().map(|of_one| sorted(of_one)).collect::<Vec<_>>(), "{name}");
        mailbox.append("INBOX", None, &mail("after", 100)).await;
        eventually("mail that comes after", || watched.desk.subjects().len() == 5).await;
        watched.stop().await;
    }
}

fn sorted(flags: &str) -> String {
    let mut flags: Vec<&str> = flags.split(' ').collect();
    flags.sort_unstable();
    flags.join(" ")
}

#[tokio::test]
async fn marks_that_a_crash_prevented_are_made_up_for() {
    let _servers = SERVERS.read().await;
    let mut mailbox = Mailbox::new("unfinished").await;
    let before = Desk::new();
    mailbox.append("INBOX", None, &mail("never received", 100)).await;
    let unmarked = account(&mailbox);
    read_once(&unmarked, "INBOX", &before).await.unwrap();
    mailbox.append("INBOX", None, &mail("received", 100)).await;
    read_once(&unmarked, "INBOX", &before).await.unwrap();
    assert_eq!(mailbox.flags("INBOX").await, ["", ""]);
    read_once(&Account { mark: Mark::Seen, ..unmarked }, "INBOX", &before).await.unwrap();
    assert_eq!(mailbox.flags("INBOX").await, ["", "\\Seen"], "what the desk never received stays as it is");
    assert_eq!(before.subjects(), ["received"]);
}

#[tokio::test]
async fn without_idle_it_polls() {
    let _servers = SERVERS.read().await;
    for (name, hidden, idle) in [("poll-lacking", "IDLE", true), ("poll-wanted", "", false)] {
        let mut mailbox = Mailbox::new(name).await;
        let proxy = Proxy::start(hidden, None).await;
        let poll = Duration::from_millis(100);
        let watched = watch(Account { port: proxy.port, poll, idle, ..account(&mailbox) }, "INBOX", Desk::new());
        watched.up().await;
        for number in 1..=3 {
            mailbox.append("INBOX", None, &mail(&number.to_string(), 100)).await;
            eventually("the mail comes", || watched.desk.subjects().len() == number).await;
        }
        watched.stop().await;
    }
}

#[tokio::test]
async fn every_folder_has_its_own_cursor_in_any_script() {
    let _servers = SERVERS.read().await;
    let mut mailbox = Mailbox::new("folders").await;
    let folders = [("inbox", "INBOX"), ("工单", "&XeVTVQ-"), ("R&D", "R&-D")];
    let mut watched = Vec::new();
    for (name, wire) in folders {
        if wire != "INBOX" {
            mailbox.create(wire).await;
        }
        mailbox.append(wire, None, &mail(name, 100)).await;
        watched.push(watch(Account { start: Start::All, ..account(&mailbox) }, name, Desk::new()));
    }
    for (one, (name, wire)) in watched.into_iter().zip(folders) {
        eventually("the mail comes", || one.desk.mails().len() == 1).await;
        let place = one.desk.mails()[0].place.clone().unwrap();
        assert_eq!((place.folder.folder.as_str(), place.folder.host.as_str()), (wire, "localhost"), "{name}");
        one.stop().await;
    }
}

#[tokio::test]
async fn a_cut_connection_is_never_taken_for_the_end_of_an_answer() {
    let _servers = SERVERS.read().await;
    let mut mailbox = Mailbox::new("cut").await;
    for number in 0..150 {
        mailbox.append("INBOX", None, &mail(&number.to_string(), 10_000)).await;
    }
    // The first connections are cut wherever the budget of bytes ends: in the answer to discovery, in bodies, between two of them.
    let proxy = Proxy::start("", Some(vec![900, 4_000, 300_000, 1_000_001])).await;
    let watched = watch(Account { port: proxy.port, start: Start::All, ..account(&mailbox) }, "INBOX", Desk::new());
    watched.up().await;
    let expected: Vec<_> = (0..150).map(|number| number.to_string()).collect();
    assert_eq!(watched.desk.subjects(), expected, "each once, in order");
    assert_eq!(watched.states().len(), 5, "{:?}", watched.states());
    watched.stop().await;
}

#[tokio::test]
async fn a_mail_that_vanishes_meanwhile_stops_nothing() {
    let _servers = SERVERS.read().await;
    let mut mailbox = Mailbox::new("vanish").await;
    for number in 0..130 {
        mailbox.append("INBOX", None, &mail(&number.to_string(), 100)).await;
    }
    let desk = Desk::new();
    desk.hold();
    let watched = watch(Account { start: Start::All, ..account(&mailbox) }, "INBOX", desk);
    // Two groups are read, the third is not: it loses two mails.
    eventually("the first group waits", || watched.desk.waiting()).await;
    soon().await;
    mailbox.expunge("INBOX", "129,130").await;
    watched.desk.release();
    watched.up().await;
    mailbox.append("INBOX", None, &mail("after", 100)).await;
    eventually("the last mail comes", || watched.desk.subjects().last().is_some_and(|subject| subject == "after")).await;
    assert_eq!(watched.desk.subjects().len(), 129);
    watched.stop().await;
}

#[tokio::test]
async fn the_end_is_not_put_off() {
    let _servers = SERVERS.read().await;
    let mailbox = Mailbox::new("end").await;
    let idle = watch(account(&mailbox), "INBOX", Desk::new());
    let poll = watch(Account { idle: false, poll: Duration::from_secs(600), ..account(&mailbox) }, "INBOX", Desk::new());
    // Nobody listens there: it waits for its next try.
    let unreachable = watch(Account { port: 9, ..account(&mailbox) }, "INBOX", Desk::new());
    idle.up().await;
    poll.up().await;
    eventually("it waits", || !unreachable.states().is_empty()).await;
    for watched in [idle, poll, unreachable] {
        let asked = Instant::now();
        watched.stop().await;
        assert!(asked.elapsed() < Duration::from_secs(1), "{:?}", asked.elapsed());
    }
}
