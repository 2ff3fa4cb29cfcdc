//! What becomes of mail that a server does not simply take.

use std::fs;

use super::play::{Desk, Setting, eventually, inbox, letter, mail, mails, send};
use crate::smtp::script::{ENVELOPE, Step, serve};
use crate::{SERVERS, host};

/// `postdesk outbox retry`.
fn retry(desk: &Desk, row: &serde_json::Value) {
    let output = desk.cli(&["outbox", "retry", &row["envelope"].to_string()]);
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
}

#[test]
fn refused_for_now_is_sent_later_and_refused_for_good_is_told() {
    let _servers = SERVERS.blocking_read();
    let desk = Desk::new("refusals", &Setting::default());
    let (later, never, li) = (desk.requester("later"), desk.requester("never"), desk.agent("li"));
    host().play_now(&["refuse", &later, "450", "4.2.0 come back later"]);
    host().play_now(&["refuse", &never, "550", "5.1.1 no such person"]);
    desk.run();
    desk.writes(&later, "The scanner is slow", "It takes minutes.");
    desk.writes(&never, "The screen is dark", "Since today.");

    let waits = eventually("a try that failed", || {
        desk.outbox().into_iter().find(|row| row["to"] == later.as_str() && row["state"] == "queued" && row["attempts"] == 1)
    });
    assert!(waits["why"].as_str().unwrap().contains("450 4.2.0") && waits["why"].as_str().unwrap().contains("come back later"), "{waits}");
    assert!(mails(&later).is_empty());
    host().play_now(&["accept", &later]);
    retry(&desk, &waits);
    let ack = mail(&later, "ack", 1);
    assert_eq!(ack.reading.id.as_ref().unwrap().as_str(), waits["message_id"]);
    assert_eq!(desk.envelope(&later, "sent")["attempts"], 2);

    let failed = desk.envelope(&never, "failed");
    assert!(failed["why"].as_str().unwrap().contains("550 5.1.1"), "{failed}");
    let told = mail(&li, "agent_followup", 1);
    assert!(told.reading.text.contains(&never) && told.reading.text.contains("no such person"), "{}", told.reading.text);
    let ticket = desk.tickets().into_iter().find(|ticket| ticket["subject"] == "The screen is dark").unwrap();
    assert_eq!(ticket["unreachable"][0], never.as_str());
    let history = desk.cli(&["tickets", "history", &ticket["number"].to_string()]);
    assert!(String::from_utf8_lossy(&history.stdout).contains("no such person"));
    assert_eq!(desk.cli(&["status"]).status.code(), Some(1), "a failed mail wants a look");
    // The address works again.
    host().play_now(&["accept", &never]);
    retry(&desk, &failed);
    mail(&never, "ack", 1);
    desk.settle(2);
    assert!(desk.cli(&["status"]).status.success());
    desk.stop();
}

#[test]
fn a_wrong_smtp_password_pauses_and_says_so() {
    let _servers = SERVERS.blocking_read();
    let more = "[operator]\nlanguage = \"zh\"\nalert_command = 'cat >> \"$ALERTS\"'\n".to_owned();
    let desk = Desk::new("smtp-login", &Setting { smtp_password_file: true, more, ..Setting::default() });
    let alerts = desk.directory.join("alerts");
    desk.set("ALERTS", alerts.to_str().unwrap());
    let (alice, li) = (desk.requester("alice"), desk.agent("li"));
    desk.write("smtp-password", "wrong-password");
    desk.run();
    desk.writes(&alice, "The door is stuck", "Room 12.");
    desk.logs("delivery pauses for 10 s");
    eventually("it is over for both", || desk.outbox().iter().all(|row| row["state"] == "queued").then_some(()));
    let log = desk.log();
    assert_eq!(log.matches("delivery pauses for 10 s").count(), 1, "{log}");
    assert!(log.contains(&format!("refuses the login of {}", desk.address())) && log.contains("check user and password"), "{log}");
    assert!(!log.contains("wrong-password") && !log.contains(host().get("PASSWORD")), "a password in the log:\n{log}");
    assert!(mails(&alice).is_empty() && mails(&li).is_empty());
    desk.logs("the operator was told by alert_command");
    let told = fs::read_to_string(&alerts).unwrap();
    assert!(told.contains("邮件无法经 localhost:") && told.contains("refuses the login") && told.lines().count() == 1, "{told}");
    // No restart: the password is looked up at each login.
    desk.write("smtp-password", host().get("PASSWORD"));
    mail(&alice, "ack", 1);
    mail(&li, "agent_new", 1);
    desk.settle(1);
    desk.stop();
}

#[tokio::test]
async fn a_connection_cut_after_the_final_dot_leaves_the_mail_uncertain() {
    let _servers = SERVERS.read().await;
    let hello = || [Step::Say(b"220 script\r\n"), Step::Hear("EHLO "), Step::Say(b"250 script\r\n")];
    let cut = hello().into_iter().chain(ENVELOPE).chain([Step::HearMessage]).collect();
    let serves = || hello().into_iter().chain([Step::Serve]).collect();
    let (port, server) = serve(vec![cut, serves(), serves()]).await;
    tokio::task::spawn_blocking(move || in_doubt(port)).await.unwrap();
    let messages: Vec<String> = server.await.unwrap().into_iter().map(|bytes| String::from_utf8(bytes).unwrap()).collect();
    let [doubtful, ack, again] = &messages[..] else { panic!("{messages:?}") };
    assert!(doubtful.contains("X-Postdesk-Mail: agent_new") && ack.contains("X-Postdesk-Mail: ack"));
    assert_eq!(doubtful, again, "the same mail");
}

fn in_doubt(port: u16) {
    let desk = Desk::new("cut", &Setting { smtp_port: Some(port), ..Setting::default() });
    let (alice, li) = (desk.requester("alice"), desk.agent("li"));
    desk.run();
    desk.writes(&alice, "The mouse is gone", "Who took it?");
    // Agents' mail goes first: that one is in doubt, the next is not.
    let doubtful = desk.envelope(&li, "uncertain");
    desk.envelope(&alice, "sent");
    assert!(doubtful["why"].as_str().unwrap().contains("its answer did not come"), "{doubtful}");
    assert_eq!(desk.cli(&["status"]).status.code(), Some(1), "an uncertain mail wants a look");
    let table = String::from_utf8(desk.cli(&["outbox"]).stdout).unwrap();
    assert!(table.contains("uncertain") && !table.contains(" sent "), "{table}");
    desk.stop();
    desk.run();
    assert!(desk.quiet(1));
    desk.envelope(&li, "uncertain");
    retry(&desk, &doubtful);
    desk.envelope(&li, "sent");
    assert!(desk.cli(&["status"]).status.success());
    desk.stop();
}

#[test]
fn what_an_agent_wrote_is_kept_once_in_the_sent_folder() {
    let _servers = SERVERS.blocking_read();
    let desk = Desk::new("sent", &Setting { mailbox: "sent_folder = \"已发送\"", ..Setting::default() });
    let (alice, bob) = (desk.requester("alice"), desk.requester("bob"));
    desk.run();
    let asks = letter(&alice, &desk.address(), "The beamer hums", "Louder every day.");
    send(&alice, &[&desk.address()], asks.replacen("\r\nSubject:", &format!("\r\nCc: {bob}\r\nSubject:"), 1).as_bytes());
    mail(&alice, "ack", 1);
    desk.answers(&desk.agent("li"), "The beamer hums", "Please switch it off.", &[]);
    let reply = mail(&alice, "reply", 1);
    mail(&bob, "reply", 1);
    desk.settle(2);
    desk.stop();
    // Modified UTF-7, RFC 3501 section 5.1.3.
    let kept: Vec<_> = fs::read_dir(inbox(&desk.address()).join(".&XfJT0ZAB-/cur")).unwrap().map(|entry| entry.unwrap().path()).collect();
    let [copy] = &kept[..] else { panic!("one mail, one copy: {kept:?}") };
    assert!(copy.to_str().unwrap().ends_with('S'), "{copy:?} is read");
    assert_eq!(String::from_utf8(fs::read(copy).unwrap()).unwrap(), String::from_utf8_lossy(reply.as_sent()));
    assert!(!desk.log().contains("no copy"), "{}", desk.log());
}

#[test]
fn a_copy_that_cannot_be_kept_is_said_and_nothing_is_sent_again() {
    let _servers = SERVERS.blocking_read();
    // No server takes a name with an empty part.
    let desk = Desk::new("unsent", &Setting { mailbox: "sent_folder = \"a//b\"", ..Setting::default() });
    let alice = desk.requester("alice");
    desk.run();
    desk.writes(&alice, "The lamp blinks", "All day.");
    mail(&alice, "ack", 1);
    desk.answers(&desk.agent("li"), "The lamp blinks", "We bring a new one.", &[]);
    mail(&alice, "reply", 1);
    desk.logs("no copy of sent mail could be kept");
    desk.settle(2);
    desk.stop();
    let replies: Vec<_> = desk.outbox().into_iter().filter(|row| row["template"] == "reply").collect();
    let [reply] = &replies[..] else { panic!("one reply: {replies:?}") };
    assert_eq!((reply["state"].as_str(), reply["attempts"].as_u64()), (Some("sent"), Some(1)));
    assert_eq!(mails(&alice).iter().filter(|mail| mail.template() == "reply").count(), 1);
}
