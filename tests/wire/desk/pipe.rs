//! `postdesk deliver`, and one mail in two mailboxes.

use std::time::{Duration, Instant};

use super::play::{Desk, Setting, eventually, letter, mail, mails, send};
use crate::SERVERS;

#[test]
fn a_mail_from_a_pipe_is_decided_within_a_second_while_the_daemon_runs() {
    let _servers = SERVERS.blocking_read();
    let desk = Desk::new("pipe", &Setting::default());
    let alice = desk.requester("alice");
    // Nobody runs yet: the mail is decided here, its letters wait.
    assert!(desk.deliver(letter(&alice, &desk.address(), "Before the day", "Early.").as_bytes()).success());
    assert_eq!(desk.tickets().len(), 1);
    assert!(desk.outbox().iter().all(|row| row["state"] == "queued"), "{:?}", desk.outbox());
    desk.run();
    mail(&alice, "ack", 1);
    for number in 2..=4 {
        let raw = letter(&alice, &desk.address(), &format!("Number {number}"), "From a pipe.");
        assert!(desk.deliver(raw.as_bytes()).success());
        let delivered = Instant::now();
        eventually("it is decided", || (desk.tickets().len() == number).then_some(()));
        let took = delivered.elapsed();
        assert!(took < Duration::from_secs(2), "a second, and a second for a busy machine: {took:?}");
        mail(&alice, "ack", number);
        assert!(desk.deliver(raw.as_bytes()).success(), "the same mail again is no error");
    }
    desk.settle(4);
    assert_eq!((desk.tickets().len(), mails(&alice).len()), (4, 4));
    desk.stop();
}

#[test]
fn copies_of_one_mail_in_two_mailboxes_make_one_ticket() {
    let _servers = SERVERS.blocking_read();
    let probe = Desk::new("copies", &Setting::default());
    let (support, other) = (probe.address(), probe.agent("hotline"));
    let text = std::fs::read_to_string(probe.directory.join("config.toml")).unwrap();
    let (head, rest) = text.split_once("[[mailbox]]").unwrap();
    let (first, delivery) = rest.split_once("[delivery]").unwrap();
    let second = first.replace(&support, &other).replace("name = \"support\"", "name = \"hotline\"");
    probe.write("config.toml", &format!("{head}[[mailbox]]{first}[[mailbox]]{second}[delivery]{delivery}"));
    let desk = probe;
    desk.run();
    eventually("both are watched", || (desk.log().matches("watching").count() == 2).then_some(()));
    let alice = desk.requester("alice");
    let to = format!("{support}, {other}");
    for (number, subject) in ["To both", "抄送两处"].into_iter().enumerate() {
        send(&alice, &[&support, &other], letter(&alice, &to, subject, "One mail, two mailboxes.").as_bytes());
        mail(&alice, "ack", number + 1);
    }
    eventually("both mailboxes have both", || (mails(&support).len() == 2 && mails(&other).len() == 2).then_some(()));
    send(&alice, &[&support], letter(&alice, &support, "The last", "The end.").as_bytes());
    send(&alice, &[&other], letter(&alice, &other, "The very last", "The end.").as_bytes());
    mail(&alice, "ack", 4);
    desk.settle(4);
    let subjects: Vec<String> = desk.tickets().iter().map(|ticket| ticket["subject"].as_str().unwrap().to_owned()).collect();
    assert_eq!(subjects.len(), 4, "{subjects:?}");
    assert_eq!(mails(&alice).len(), 4);
    desk.stop();
}
