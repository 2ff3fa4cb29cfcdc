//! The first ten minutes: from `postdesk init` to the first acknowledged mail, as a new operator walks them.

use super::play::{Desk, mail};
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
