//! What happens to the mailbox under the desk's hands.

use std::fs::{self, File};
use std::time::{Duration, SystemTime};

use super::play::{Desk, Setting, eventually, files, letter, mail, mails, send};
use crate::{SERVERS, host};

#[test]
fn a_refused_login_waits_and_says_so() {
    let _servers = SERVERS.blocking_read();
    let more = "[operator]\nalert_command = 'cat >> \"$ALERTS\"'\n".to_owned();
    let desk = Desk::new("imap-login", &Setting { more, ..Setting::default() });
    let (alice, alerts) = (desk.requester("alice"), desk.directory.join("alerts"));
    desk.set("ALERTS", alerts.to_str().unwrap());
    desk.set("POSTDESK_PASSWORD", "wrong-password");
    desk.spawn();
    desk.logs("the mailbox cannot be read now, waiting");
    desk.logs("the operator was told by alert_command");
    let told = fs::read_to_string(&alerts).unwrap();
    assert!(told.contains("IT Support: mailbox support (INBOX) cannot be read since") && told.contains("login of"), "{told}");
    let log = desk.log();
    assert!(log.contains(&format!("login of {} refused by localhost", desk.address())), "{log}");
    assert!(!log.contains("wrong-password"), "the password is in the log:\n{log}");
    desk.stop();
    // Somebody restarts it without having mended anything: the operator knows already.
    desk.spawn();
    eventually("the second refusal", || (desk.log().matches("cannot be read now").count() == 2).then_some(()));
    desk.stop();
    assert_eq!(fs::read_to_string(&alerts).unwrap(), told);
    desk.set("POSTDESK_PASSWORD", host().get("PASSWORD"));
    desk.run();
    desk.writes(&alice, "Hello", "Is anybody there?");
    mail(&alice, "ack", 1);
    desk.stop();
}

#[test]
fn a_restart_in_idle_loses_nothing_and_a_new_uidvalidity_repeats_nothing() {
    let _servers = SERVERS.blocking_write();
    let desk = Desk::new("restart", &Setting::default());
    let people: Vec<String> = ["one", "two", "three", "four"].iter().map(|name| desk.requester(name)).collect();
    desk.run();
    desk.writes(&people[0], "The first", "Before.");
    mail(&people[0], "ack", 1);
    host().play_now(&["stop-imap"]);
    desk.writes(&people[1], "第二封", "服务器停机时。");
    host().play_now(&["start-imap"]);
    mail(&people[1], "ack", 1);
    desk.logs("the mailbox cannot be read now, waiting");
    host().play_now(&["wipe-uidvalidity", &desk.address(), "INBOX"]);
    desk.writes(&people[2], "The third", "After.");
    mail(&people[2], "ack", 1);
    // With the daemon down, too.
    desk.stop();
    host().play_now(&["wipe-uidvalidity", &desk.address(), "INBOX"]);
    desk.run();
    desk.writes(&people[3], "第四封", "最后一封。");
    mail(&people[3], "ack", 1);
    desk.settle(4);
    desk.stop();
    assert_eq!(desk.tickets().len(), 4);
    assert_eq!(desk.outbox().len(), 8, "an acknowledgment and a notification each");
    eventually("every notification", || (mails(&desk.agent("li")).len() == 4).then_some(()));
    assert!(people.iter().all(|address| mails(address).len() == 1));
    unseen(&desk);
}

#[test]
fn the_first_day_is_quiet() {
    let _servers = SERVERS.blocking_read();
    for (start, taken) in [("now", 1), ("all", 3)] {
        let desk = Desk::new(&format!("start-{start}"), &Setting { start, ..Setting::default() });
        let (old, new, li) = (desk.requester("old"), desk.requester("new"), desk.agent("li"));
        for subject in ["Long ago", "很久以前"] {
            send(&old, &[&desk.address()], letter(&old, &desk.address(), subject, "What became of it?").as_bytes());
        }
        eventually("both lie there", || (files(&desk.address()).len() == 2).then_some(()));
        // INTERNALDATE is the file's time, until Dovecot has seen it.
        for file in files(&desk.address()) {
            File::options().append(true).open(file).unwrap().set_modified(SystemTime::now() - Duration::from_secs(3600)).unwrap();
        }
        desk.run();
        desk.writes(&new, "From today", "Hello.");
        mail(&new, "ack", 1);
        desk.settle(taken);
        assert_eq!(desk.tickets().len() as u64, taken, "{start}");
        let outbox: Vec<String> = desk.outbox().iter().map(|row| row["to"].as_str().unwrap().to_owned()).collect();
        assert_eq!(outbox.len(), 2, "only the new mail is answered and told of: {outbox:?}");
        mail(&li, "agent_new", 1);
        assert!(mails(&old).is_empty());
        // A word on an old ticket wakes it up.
        if start == "all" {
            desk.writes(&old, "Re: [#1001] Long ago", "Any news?");
            let told = mail(&li, "agent_followup", 1);
            assert!(told.reading.text.contains("Any news?"), "{}", told.reading.text);
        }
        desk.stop();
        accounted_for(&desk, start);
        unseen(&desk);
    }
}

/// `audit` lists the folder of the real server beside the store.
fn accounted_for(desk: &Desk, start: &str) {
    let audit = || -> (Option<i32>, serde_json::Value) {
        let output = desk.cli(&["audit", "--json"]);
        (output.status.code(), serde_json::from_slice::<serde_json::Value>(&output.stdout).unwrap()[0].take())
    };
    let (code, sound) = audit();
    let expected = match start {
        "now" => serde_json::json!({"before": 2, "opened": 1}),
        _ => serde_json::json!({"opened": 3, "joined": 1}),
    };
    assert_eq!((code, &sound["classes"], &sound["missing"]), (Some(0), &expected, &serde_json::json!([])), "{sound}");
    // Another comes, and the desk does not run.
    let waiting = |sound: &serde_json::Value| {
        let mut waiting = sound.clone();
        waiting["mails"] = (sound["mails"].as_u64().unwrap() + 1).into();
        waiting["classes"]["unread"] = 1.into();
        waiting
    };
    let last = desk.requester("last");
    send(&last, &[&desk.address()], letter(&last, &desk.address(), "Nobody reads this", "Yet.").as_bytes());
    eventually("it waits", || (audit() == (Some(0), waiting(&sound))).then_some(()));
}

/// No flag was set in the desk's mailbox.
fn unseen(desk: &Desk) {
    for file in files(&desk.address()) {
        let name = file.to_string_lossy().into_owned();
        let flags = name.split_once(":2,").map_or("", |(_, flags)| flags);
        assert!(flags.is_empty(), "flags on {name}");
    }
}

#[test]
fn a_canary_comes_back_and_leaves_no_trace() {
    let _servers = SERVERS.blocking_read();
    let desk = Desk::new("canary", &Setting { start: "all", ..Setting::default() });
    let writer = desk.requester("alice");
    desk.writes(&writer, "What is X-Postdesk-Canary?", "X-Postdesk-Canary: 1 aaaaaaaaaaaaaaaa");
    desk.run();
    desk.settle(1);
    assert_eq!(files(&desk.address()).len(), 1);
    let letters = desk.outbox().len();
    // The running desk hears of it.
    let config = std::fs::read_to_string(desk.directory.join("config.toml")).unwrap();
    desk.write("config.toml", &format!("{config}\n[operator]\ncanary = \"1s\"\n"));
    let status = || -> serde_json::Value { serde_json::from_slice(&desk.cli(&["status", "--json"]).stdout).unwrap() };
    eventually("two canaries are received", || {
        let status = status();
        (status["messages"].as_u64() >= Some(3) && status["pending"] == 0).then(|| {
            assert_eq!(status["tickets"], serde_json::json!({"new": 1}), "{status}");
            assert_eq!(desk.outbox().len(), letters, "nobody is written to");
        })
    });
    desk.write("config.toml", &config);
    eventually("the canaries are gone, the mail is there", || (files(&desk.address()).len() == 1).then_some(()));
    desk.stop();
    unseen(&desk);
}
