//! `postdesk import`: old mail becomes history, once, and nothing goes out.

use std::collections::BTreeMap;
use std::path::Path;

use postdesk::store::lock::DataLock;
use serde_json::Value;

use crate::cli::{desk, done, run};

/// A mail of these days; `received` is what its topmost trace says.
fn old(id: &str, answers: &str, from: &str, to: &str, received: &str, subject: &str, text: &str) -> String {
    format!(
        "Received: from mx.ext.test by mx.desk.test; {received}\nReceived: from pc; Mon, 1 Jan 2001 00:00:00 +0000\nMessage-ID: <{id}@ext.test>\n\
         {}From: {from}\nTo: {to}\nSubject: {subject}\nDate: Mon, 1 Jan 2001 00:00:00 +0000\nContent-Type: text/plain; charset=utf-8\n\n{text}\n",
        if answers.is_empty() { String::new() } else { format!("In-Reply-To: <{answers}@ext.test>\n") },
    )
}

/// The mails, one thread of five and a mail alone; the answer stands before the question.
fn history() -> Vec<String> {
    let (alice, support) = ("Alice Baker <alice@ext.test>", "support@desk.test");
    vec![
        old("2", "1", "Li Wei <li@desk.test>", "alice@ext.test", "Tue, 3 Mar 2026 10:00:00 +0800", "Re: VPN down [close]", "Try IKEv2."),
        old("1", "", alice, support, "Tue, 3 Mar 2026 09:00:00 +0800", "VPN down", "Error 809.\n\nFrom here it fails.\n>From there, too."),
        old("3", "2", alice, support, "Tue, 3 Mar 2026 11:00:00 +0800", "Re: VPN down", "Thank you!"),
        old("4", "3", alice, support, "Thu, 2 Apr 2026 11:00:00 +0800", "Re: VPN down", "It fails again."),
        old("5", "4", "IT <support@desk.test>", "alice@ext.test", "Thu, 2 Apr 2026 12:00:00 +0800", "Re: VPN down", "Mended."),
        old("6", "", "赵敏 <zhao@ext.test>", support, "Fri, 3 Apr 2026 09:00:00 +0800", "三楼打印机坏了", "一直卡纸。"),
    ]
}

/// As mboxrd.
fn mbox(mails: &[String]) -> String {
    let quoted = |line: &str| if line.trim_start_matches('>').starts_with("From ") { format!(">{line}\n") } else { format!("{line}\n") };
    mails.iter().map(|mail| format!("From x Tue Mar  3 09:00:00 2026\n{}\n", mail.lines().map(quoted).collect::<String>())).collect()
}

fn tickets(dir: &Path) -> BTreeMap<String, Value> {
    done(dir, &["tickets", "list", "--json"]).rows().into_iter().map(|t| (t["subject"].as_str().unwrap().to_owned(), t)).collect()
}

fn nothing_went_out(dir: &Path) {
    assert_eq!(done(dir, &["outbox", "list", "--all", "--json"]).rows(), Vec::<Value>::new());
}

#[test]
fn an_archive_becomes_history_and_nothing_goes_out() {
    let scratch = desk("import");
    let dir = scratch.path();
    std::fs::write(dir.join("old.mbox"), mbox(&history())).unwrap();
    let first = done(dir, &["import", "old.mbox"]);
    assert!(first.out.contains("6 new, 0 known already\n") && first.out.contains("2 tickets opened, 2 of them closed"), "{}", first.out);
    assert_eq!(first.err, "", "no progress where no terminal is");
    nothing_went_out(dir);

    let found = tickets(dir);
    assert_eq!(found.len(), 2);
    let vpn = &found["VPN down"];
    assert_eq!(
        (&vpn["number"], &vpn["status"], &vpn["category"], &vpn["owner"]),
        (&1001.into(), &"closed".into(), &"network".into(), &"li".into())
    );
    for (field, time) in [("opened", "2026-03-03T01:00:00Z"), ("answered", "2026-03-03T02:00:00Z"), ("updated", "2026-04-02T03:00:00Z")] {
        assert_eq!(vpn[field], time, "{field}");
    }
    let history = done(dir, &["tickets", "history", "1001"]).out;
    let told: Vec<&str> = history.lines().filter(|line| line.starts_with("2026-")).collect();
    assert_eq!(
        told,
        [
            "2026-03-03 09:00  alice@ext.test", "2026-03-03 10:00  li", "2026-03-03 11:00  alice@ext.test",
            "2026-04-02 11:00  alice@ext.test", "2026-04-02 12:00  IT Support",
        ],
        "{history}"
    );
    assert!(history.contains("| From here it fails."), "{history}");
}

#[test]
fn what_is_there_is_not_taken_twice_by_archive_or_mailbox() {
    let scratch = desk("import-again");
    let dir = scratch.path();
    let mails = history();
    // One that ended in the middle, and one that is begun again.
    std::fs::write(dir.join("half.mbox"), mbox(&mails[..3])).unwrap();
    std::fs::write(dir.join("old.mbox"), mbox(&mails)).unwrap();
    done(dir, &["import", "half.mbox"]);
    let whole = done(dir, &["import", "old.mbox"]);
    assert!(whole.out.contains("3 new, 3 known already\n"), "{}", whole.out);
    let before = (tickets(dir), done(dir, &["status", "--json"]).json());
    let again = done(dir, &["import", "old.mbox", "old.mbox"]);
    assert!(again.out.contains("0 new, 12 known already\n") && again.out.contains("0 tickets opened"), "{}", again.out);
    // The live mailbox has them with the line ends of SMTP and a trace of its own; start = "all" takes up everything.
    for (index, mail) in mails.iter().enumerate() {
        let live = format!("Delivered-To: support@desk.test\n{mail}").replace('\n', "\r\n");
        std::fs::write(dir.join(format!("in/new/{index}.live")), live).unwrap();
    }
    done(dir, &["run", "--once"]);
    assert_eq!((tickets(dir), done(dir, &["status", "--json"]).json()), before);
    nothing_went_out(dir);
}

#[test]
fn every_kind_of_archive_is_read() {
    let scratch = desk("import-kinds");
    let dir = scratch.path();
    let mails = history();
    for folder in ["Maildir/new", "Maildir/cur", "Maildir/tmp", "exported/2026/april"] {
        std::fs::create_dir_all(dir.join(folder)).unwrap();
    }
    std::fs::write(dir.join("Maildir/cur/1.a:2,S"), &mails[1]).unwrap();
    std::fs::write(dir.join("Maildir/new/2.b"), &mails[0]).unwrap();
    std::fs::write(dir.join("Maildir/tmp/3.c"), &mails[2]).unwrap();
    std::fs::write(dir.join("exported/2026/april/4.EML"), &mails[3]).unwrap();
    std::fs::write(dir.join("exported/notes.txt"), "none").unwrap();
    std::fs::write(dir.join("6.eml"), &mails[5]).unwrap();
    std::fs::write(dir.join("old.mbox"), mbox(&mails[4..5])).unwrap();
    let all = done(dir, &["import", "--since", "2026-03-03", "Maildir", "exported", "6.eml", "old.mbox"]);
    assert!(all.out.starts_with("5 mails read in ") && all.out.contains(" 0 left out, from before 2026-03-03\n"), "{}", all.out);
    assert_eq!(tickets(dir).len(), 2);

    let other = desk("import-since");
    let dir = other.path();
    std::fs::write(dir.join("old.mbox"), mbox(&mails)).unwrap();
    let since = done(dir, &["import", "--mailbox", "support", "--since", "2026-04-03", "old.mbox"]);
    assert!(since.out.contains("1 new, 0 known already\n") && since.out.contains("  5 left out"), "{}", since.out);
}

#[test]
fn wrong_turns_name_the_remedy() {
    let scratch = desk("import-wrong");
    let dir = scratch.path();
    std::fs::write(dir.join("old.mbox"), mbox(&history())).unwrap();
    std::fs::create_dir(dir.join("empty")).unwrap();
    for (arguments, code, words) in [
        (&["import", "nowhere"][..], 1, "reading nowhere"),
        (&["import", "empty"], 1, "holds no mail"),
        (&["import", "--mailbox", "suport", "old.mbox"], 1, "did you mean support?"),
        (&["import", "--since", "yesterday", "old.mbox"], 2, "YYYY-MM-DD"),
        (&["import"], 2, "<PATH>..."),
    ] {
        let refused = run(dir, arguments);
        assert!(refused.code == code && refused.err.contains(words), "{arguments:?}: {} {}", refused.code, refused.err);
    }
    let lock = DataLock::take(&dir.join("data")).unwrap().expect("nobody works there");
    let busy = run(dir, &["import", "old.mbox"]);
    assert!(busy.code == 1 && busy.err.contains("stop it, import, and start it again"), "{}", busy.err);
    drop(lock);
    done(dir, &["import", "old.mbox"]);
}
