//! SIGTERM, SIGHUP, and files that change under a running desk.

use std::time::{Duration, Instant};

use super::play::{Desk, Setting, eventually, letter, mail};
use crate::SERVERS;
use crate::smtp::script::{ENVELOPE, Step, serve};

#[test]
fn changed_rules_go_live_only_when_they_are_sound() {
    let _servers = SERVERS.blocking_read();
    let desk = Desk::new("reload", &Setting::default());
    let alice = desk.requester("alice");
    let rule = |category: &str| {
        format!(
            "[[rule]]\nname = \"kettle\"\nwhen = {{ subject = [\"kettle\", \"水壶\"] }}\nthen = {{ category = \"{category}\", weight = 3 }}\n"
        )
    };
    let category = |subject: &str, number: usize| {
        desk.writes(&alice, subject, "It is what it is.");
        mail(&alice, "ack", number);
        desk.tickets()[number - 1]["category"].clone()
    };
    desk.write("rules/10-kettle.toml", &rule("hardware"));
    desk.run();
    assert_eq!(category("The kettle leaks", 1), "hardware");

    desk.write("rules/10-kettle.toml", &rule("hardwear"));
    desk.logs("10-kettle.toml:4:");
    desk.logs("the last good ones stay live");
    assert!(desk.log().contains("did you mean"), "{}", desk.log());
    assert_eq!(category("水壶坏了", 2), "hardware");
    // A pipe may bring mail meanwhile, too.
    assert!(desk.deliver(letter(&alice, &desk.address(), "A pipe drips", "Slowly.").as_bytes()).success());
    mail(&alice, "ack", 3);

    desk.write("rules/10-kettle.toml", &rule("software"));
    desk.logs("were reloaded");
    assert_eq!(category("Another kettle", 4), "software");

    let reloads = || desk.log().matches("were reloaded").count();
    let before = reloads();
    desk.signal("-HUP");
    eventually("SIGHUP reloads", || (reloads() == before + 1).then_some(()));
    assert_eq!(category("The last kettle", 5), "software");

    // Rules that have moved are looked at where they are now.
    desk.write("others/10-kettle.toml", &rule("account"));
    let config = std::fs::read_to_string(desk.directory.join("config.toml")).unwrap();
    let (before, moved) = (reloads(), config.replacen("[desk]", "[desk]\nrules = \"others\"", 1));
    desk.write("config.toml", &moved);
    eventually("the moved rules", || (reloads() == before + 1).then_some(()));
    assert!(!desk.log().contains("after a restart"));
    desk.write("others/10-kettle.toml", &rule("permission"));
    eventually("the changed rules", || (reloads() == before + 2).then_some(()));
    assert_eq!(category("Now really the last kettle", 6), "permission");
    desk.write("config.toml", &moved.replacen("start = \"now\"", "start = \"now\"\nmark = \"seen\"", 1));
    desk.logs("that takes effect after a restart");
    desk.stop();
}

#[tokio::test]
async fn sigterm_ends_a_busy_desk_within_seconds() {
    let _servers = SERVERS.read().await;
    let hello = [Step::Say(b"220 script\r\n"), Step::Hear("EHLO "), Step::Say(b"250 script\r\n")];
    // A server that takes a message and thinks about it for longer than anybody waits.
    let slow = hello.into_iter().chain(ENVELOPE).chain([Step::HearMessage, Step::Wait(Duration::from_secs(15))]).collect();
    let (port, server) = serve(vec![slow]).await;
    tokio::task::spawn_blocking(move || {
        let desk = Desk::new("term", &Setting { smtp_port: Some(port), ..Setting::default() });
        let li = desk.agent("li");
        desk.run();
        desk.writes(&desk.requester("alice"), "The lamp flickers", "All day.");
        desk.envelope(&li, "sending");
        let asked = Instant::now();
        desk.stop();
        assert!(asked.elapsed() < Duration::from_secs(10), "{:?}", asked.elapsed());
        assert!(desk.log().contains("the desk is closed"));
    })
    .await
    .unwrap();
    server.abort();
}
