//! The first ten minutes: from `postdesk init` to the first acknowledged mail, as a new operator walks them.

use super::play::{Desk, Setting, eventually, files, letter, mail, send};
use crate::smtp::script::{Step, serve};
use crate::{SERVERS, host};

/// `postdesk init` against the mail host, with more flags.
fn lay_out(desk: &Desk, more: &[&str]) {
    let place = |port: &str| format!("localhost:{}", host().get(port));
    let agent = format!("li,Li Wei,{},lead", desk.agent("li"));
    let (imap, smtp, address) = (place("IMAPS_PORT"), place("SMTPS_PORT"), desk.address());
    let flags = ["--address", &address, "--imap", &imap, "--smtp", &smtp, "--ca-file", host().get("CA_FILE"), "--agent", &agent];
    let laid = desk.cli(&[&["init", desk.directory.to_str().unwrap()], &flags[..], more].concat());
    assert!(laid.status.success(), "{}{}", String::from_utf8_lossy(&laid.stdout), String::from_utf8_lossy(&laid.stderr));
}

/// A command of the desk that must end well; its output.
fn goes_well(desk: &Desk, arguments: &[&str]) -> String {
    let output = desk.cli(arguments);
    let said = String::from_utf8_lossy(&output.stdout).into_owned() + &String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{arguments:?}: {said}");
    said
}

#[test]
fn from_init_to_the_first_acknowledged_mail() {
    let _servers = SERVERS.blocking_read();
    for (language, thanks) in [("en", "Thank you for writing"), ("zh", "来信已收到")] {
        let desk = Desk::bare(&format!("init-{language}"));
        lay_out(&desk, &["--language", language]);
        assert!(goes_well(&desk, &["check"]).ends_with("config.toml: sound\n"));
        assert!(goes_well(&desk, &["doctor"]).contains("everything answers as it should"));
        desk.run();
        let alice = desk.requester("alice");
        // Digits alone: the desk's own language answers.
        desk.writes(&alice, "809", "809");
        let ack = mail(&alice, "ack", 1);
        assert!(ack.reading.text.contains(thanks), "{}", ack.reading.text);
        mail(&desk.agent("li"), "agent_new", 1);
        desk.settle(1);
        desk.stop();
    }
}

/// `doctor` with these arguments: whether all is well, and what it said.
fn doctor(desk: &Desk, arguments: &[&str]) -> (bool, String) {
    let output = desk.cli(&[&["doctor"], arguments].concat());
    (output.status.success(), String::from_utf8_lossy(&output.stdout).into_owned())
}

#[test]
fn the_doctor_proves_what_only_a_mail_can_prove() {
    let _servers = SERVERS.blocking_read();
    let desk = Desk::new("doctor", &Setting::default());
    let (well, said) = doctor(&desk, &[]);
    assert!(well, "{said}");
    let sender = format!("mail from {} is taken", desk.address());
    for words in ["IDLE: new mail is seen at once", "MOVE: mail can be moved", "no mail is there yet", sender.as_str(), "MB are free for"] {
        assert!(said.contains(words), "no {words} in\n{said}");
    }
    assert!(files(&desk.address()).is_empty(), "without --send no mail is sent");

    // What a border writes, two others', and one below it that a stranger wrote.
    for (index, results) in ["mx.desk.test; dmarc=pass", "MX.desk.test 1; dmarc=fail", "mx.elsewhere.test; spf=pass"].iter().enumerate() {
        let mail = letter("Ann <ann@ext.test>", &desk.address(), &format!("Mail {index}"), "Hello.");
        let mail = format!("Authentication-Results: {results}\r\nAuthentication-Results: mx.forged.test; dmarc=pass\r\n{mail}");
        send("ann@ext.test", &[&desk.address()], mail.as_bytes());
    }
    eventually("three mails lie there", || (files(&desk.address()).len() == 3).then_some(()));
    let (well, said) = doctor(&desk, &["--send"]);
    assert!(well, "{said}");
    let arrived = format!("a mail to {} arrived within", desk.address());
    for words in [
        "Authentication-Results in the newest 3 mails: mx.desk.test (2), mx.elsewhere.test (1)",
        "authserv_ids = [\"mx.desk.test\"]",
        arrived.as_str(),
        "the mail server's clock agrees with ours",
        "plus addresses arrive: reply_address = \"support-doctor-",
    ] {
        assert!(said.contains(words), "no {words} in\n{said}");
    }
    assert_eq!(files(&desk.address()).len(), 5);

    // The desk takes no notice of the doctor's mail.
    desk.write("config.toml", &std::fs::read_to_string(desk.directory.join("config.toml")).unwrap().replace("\"now\"", "\"all\""));
    goes_well(&desk, &["run", "--once"]);
    assert_eq!(desk.tickets().len(), 3);
    assert!(desk.outbox().iter().all(|row| row["to"] != desk.address().as_str()));
}

#[test]
fn the_doctor_shows_what_proves_an_agent() {
    let _servers = SERVERS.blocking_read();
    let desk = Desk::new("doctor-agent", &Setting::default());
    let li = desk.agent("li");
    let (well, said) = doctor(&desk, &[]);
    assert!(well && said.contains("no mail yet of li"), "{said}");
    let mail = letter(&format!("Li Wei <{li}>"), &desk.address(), "[help]", "");
    let border = "Authentication-Results: mx.desk.test; dmarc=pass header.from=desk.test\r\n\
                  Received: from pc (pc.desk.test [203.0.113.7]) by mx.desk.test with ESMTPSA id 1\r\n";
    send(&li, &[&desk.address()], format!("{border}{mail}").as_bytes());
    eventually("his mail lies there", || (files(&desk.address()).len() == 1).then_some(()));
    let (well, said) = doctor(&desk, &[]);
    assert!(well && said.contains("(\"[help]\"): not proved by [trust] yet; it has no token either"), "{said}");
    assert!(said.contains("dmarc=pass header.from=desk.test is said by mx.desk.test"), "{said}");
    let config = std::fs::read_to_string(desk.directory.join("config.toml")).unwrap();
    desk.write("config.toml", &format!("{config}\n[trust]\nauthserv_ids = [\"mx.desk.test\"]\n"));
    let (well, said) = doctor(&desk, &[]);
    assert!(well && said.contains("proved by [trust], for our border mx.desk.test reports dmarc=pass header.from=desk.test"), "{said}");
}

#[test]
fn the_doctor_names_wrong_turns_with_the_remedy() {
    let _servers = SERVERS.blocking_read();
    let desk = Desk::new("doctor-wrong", &Setting::default());
    let config = std::fs::read_to_string(desk.directory.join("config.toml")).unwrap();
    let ca_file = format!("ca_file = \"{}\"", host().get("CA_FILE"));
    let starttls = (
        format!("port = {}\ntls = \"implicit\"", host().port("IMAPS_PORT")),
        format!("port = {}\ntls = \"implicit\"", host().port("IMAP_PORT")),
    );
    let trust = (String::new(), "\n[trust]\nauthserv_ids = [\"mx.old.test\"]\n".to_owned());
    send("ann@ext.test", &[&desk.address()], letter("ann@ext.test", &desk.address(), "No results", "Hello.").as_bytes());
    eventually("a mail lies there", || (files(&desk.address()).len() == 1).then_some(()));
    for (from, to, words) in [
        // Another name of this machine, as inet_aton(3) reads it.
        ("host = \"localhost\"", "host = \"0x7f000001\"", "\"0x7f000001\" is no host name that a certificate can be checked for"),
        (ca_file.as_str(), "", "a CA that this machine does not know: name that CA's PEM file beside host:  ca_file = "),
        (&starttls.0, &starttls.1, "does not begin with TLS on this port: set tls = \"starttls\""),
        ("[delivery]", "folders = [\"Nowhere\"]\n[delivery]", "see folders, and the server's own spelling; there are INBOX"),
        ("[delivery]", &format!("{}[delivery]", trust.1), "authserv_ids names mx.old.test"),
    ] {
        assert!(config.contains(from), "{from}");
        desk.write("config.toml", &config.replacen(from, to, 1));
        let (well, said) = doctor(&desk, &[]);
        assert!(!well && said.lines().any(|line| line.starts_with("  WRONG") && line.contains(words)), "no {words} in\n{said}");
    }
    desk.write("config.toml", &config);
    desk.set("POSTDESK_PASSWORD", "wrong-password");
    let (well, said) = doctor(&desk, &[]);
    let refused = said.lines().filter(|line| line.starts_with("  WRONG") && line.contains("login of")).count();
    assert!(!well && refused == 2 && said.contains("authorization code") && !said.contains("wrong-password"), "{said}");
}

#[tokio::test]
async fn the_doctor_sees_that_a_sender_is_not_the_login() {
    let _servers = SERVERS.read().await;
    let script = vec![
        Step::Say(b"220 script\r\n"),
        Step::Hear("EHLO "),
        Step::Say(b"250 script\r\n"),
        Step::Hear("MAIL FROM:<support-"),
        Step::Say(b"553 Mail from must equal authorized user\r\n"),
    ];
    let (port, server) = serve(vec![script]).await;
    let (well, said) = tokio::task::spawn_blocking(move || {
        let desk = Desk::new("doctor-sender", &Setting { smtp_port: Some(port), ..Setting::default() });
        doctor(&desk, &[])
    })
    .await
    .unwrap();
    server.await.unwrap();
    let wrong: Vec<&str> = said.lines().filter(|line| line.starts_with("  WRONG")).collect();
    assert!(!well && wrong.len() == 1, "{said}");
    assert!(wrong[0].contains("553") && wrong[0].contains("make user and the mailbox's address the same"), "{said}");
}

#[test]
fn the_doctor_says_that_plus_addresses_are_lost() {
    let _servers = SERVERS.blocking_read();
    let desk = Desk::new("doctor-plus", &Setting::default());
    let plus = desk.address().replace('@', "+postdesk-doctor@");
    host().play_now(&["refuse", &plus, "550", "5.1.1 no such person"]);
    let (well, said) = doctor(&desk, &["--send"]);
    assert!(well && said.contains("plus addresses do not arrive: leave reply_address as it is"), "{said}");
    let config = std::fs::read_to_string(desk.directory.join("config.toml")).unwrap();
    let address = format!("address = \"{}\"\n", desk.address());
    let reply = format!("{address}reply_address = \"{}\"\n", desk.address().replace('@', "+{token}@"));
    desk.write("config.toml", &config.replacen(&address, &reply, 1));
    let (well, said) = doctor(&desk, &["--send"]);
    host().play_now(&["accept", &plus]);
    assert!(!well && said.contains("are lost: set reply_address = \"fixed\""), "{said}");
}
