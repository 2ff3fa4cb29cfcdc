//! The program itself, as people and scripts meet it: what it prints, what it leaves behind, how it ends.

use std::collections::{BTreeMap, BTreeSet};
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use postdesk::domain::message::Reading;
use postdesk::mail::parse;
use serde_json::Value;

use crate::common::Scratch;
use crate::world::CONFIG;

/// How a run of the program ended.
pub struct Run {
    pub code: i32,
    pub out: String,
    pub err: String,
}

impl Run {
    pub fn json(&self) -> Value {
        serde_json::from_str(&self.out).unwrap_or_else(|e| panic!("{e} in {}{}", self.out, self.err))
    }

    /// The rows of a list in JSON.
    pub fn rows(&self) -> Vec<Value> {
        self.json().as_array().expect("one array").clone()
    }
}

/// Runs the program in a directory, with bytes on standard input.
pub fn run_with(dir: &Path, arguments: &[&str], input: &[u8]) -> Run {
    let mut child = Command::new(env!("CARGO_BIN_EXE_postdesk"))
        .args(arguments)
        .current_dir(dir)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    // A program that wants no input may have ended already.
    child.stdin.take().unwrap().write_all(input).ok();
    let output = child.wait_with_output().unwrap();
    Run {
        code: output.status.code().unwrap(),
        out: String::from_utf8(output.stdout).unwrap(),
        err: String::from_utf8(output.stderr).unwrap(),
    }
}

pub fn run(dir: &Path, arguments: &[&str]) -> Run {
    run_with(dir, arguments, b"")
}

/// Runs the program and expects that it ends well.
pub fn done(dir: &Path, arguments: &[&str]) -> Run {
    let run = run(dir, arguments);
    assert_eq!(run.code, 0, "{arguments:?}\n{}{}", run.out, run.err);
    run
}

/// A directory with a desk's configuration and an empty Maildir.
pub fn desk(name: &str) -> Scratch {
    let scratch = Scratch::new(name);
    std::fs::write(scratch.path().join("config.toml"), CONFIG).unwrap();
    for folder in ["in/new", "in/cur", "in/tmp"] {
        std::fs::create_dir_all(scratch.path().join(folder)).unwrap();
    }
    scratch
}

fn mail(id: &str, from: &str, subject: &str, text: &str) -> Vec<u8> {
    format!("Message-ID: <{id}@ext.test>\nFrom: {from}\nTo: support@desk.test\nSubject: {subject}\nContent-Type: text/plain; charset=utf-8\n\n{text}\n")
        .into_bytes()
}

/// The mails that the desk delivered to a Maildir.
fn delivered(maildir: &Path) -> Vec<Reading> {
    let files = std::fs::read_dir(maildir.join("new")).unwrap();
    files.map(|entry| parse::read(&std::fs::read(entry.unwrap().path()).unwrap(), None)).collect()
}

fn template(mail: &Reading) -> &str {
    mail.header("X-Postdesk-Mail").unwrap()
}

#[test]
fn the_demo_tells_its_day_twice_and_leaves_an_ordinary_desk() {
    let scratch = Scratch::new("demo");
    let dir = scratch.path();
    done(dir, &["demo"]);
    let demo = done(dir, &["demo"]);
    for line in [
        "08:02  Alice Baker: VPN down                           #1001 opened: network → notice to li, ack to alice",
        "08:12  Alice's mail once more, by another road         known already: nothing follows",
        "08:22  王芳, without a word 【认领】【优先级=高】      #1002 owner wang, high, open",
        "09:00  Ben's vacation notice answers us                filed with #1003\n",
        "kept; no ticket, no answer",
        "#1008 opened: network, linked to #1001",
    ] {
        assert!(demo.out.contains(line), "no {line}\n{}", demo.out);
    }
    the_readme_shows_it(&demo.out);
    the_demo_went_well(&dir.join("postdesk-demo"));
    notes_stay_inside(&dir.join("postdesk-demo"));
    for words in demo.out.split_whitespace().filter(|word| word.starts_with("postdesk-demo/")) {
        assert!(dir.join(words.trim_end_matches(',')).exists(), "{words} is not there");
    }
    for command in [
        "check", "doctor", "status", "outbox", "outbox list --all", "tickets list", "tickets show 1001", "tickets history #1004",
        "quarantine list", "summary daily --preview -", "run --once",
    ] {
        let arguments: Vec<&str> = ["-c", "postdesk-demo/config.toml"].into_iter().chain(command.split(' ')).collect();
        done(dir, &arguments);
    }
}

/// The README's block is this output; only the program's own path differs.
fn the_readme_shows_it(out: &str) {
    let readme = std::fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/README.md")).unwrap();
    let block = readme.split("<!-- demo output -->").nth(1).unwrap().split("<!-- end -->").next().unwrap();
    let shown = out.replace(env!("CARGO_BIN_EXE_postdesk"), "target/release/postdesk");
    assert_eq!(block.trim().trim_start_matches("```text\n").trim_end_matches("```").trim(), shown.trim());
}

fn the_demo_went_well(desk: &Path) {
    let tickets = done(desk, &["tickets", "list", "--json"]).rows();
    let states: BTreeMap<i64, (&str, &str)> = tickets
        .iter()
        .map(|t| (t["number"].as_i64().unwrap(), (t["status"].as_str().unwrap(), t["category"].as_str().unwrap_or("-"))))
        .collect();
    assert_eq!(states.len(), 11);
    assert_eq!(states[&1001], ("closed", "network"));
    assert_eq!(states[&1002], ("open", "printing"));
    assert_eq!(states[&1003], ("resolved", "account"));
    assert_eq!(states[&1004], ("closed", "permission"));
    assert_eq!(states[&1007], ("new", "network"));
    assert_eq!(states[&1009], ("new", "facility"));
    let status = done(desk, &["status", "--json"]).json();
    assert_eq!((&status["messages"], &status["pending"], &status["quarantined"]), (&31.into(), &0.into(), &0.into()));

    let alice = delivered(&desk.join("mail/people/alice@example.com"));
    let templates: BTreeSet<&str> = alice.iter().map(template).collect();
    assert_eq!((alice.len(), templates), (3, BTreeSet::from(["ack", "reply", "resolved"])));
    let anchors: BTreeSet<_> = alice.iter().map(|mail| mail.references.first().unwrap().clone()).collect();
    assert_eq!(anchors.len(), 1, "one thread");
    let told = |words: &str| alice.iter().filter(|mail| mail.text.contains(words)).count();
    assert_eq!((told("https://kb.example.com/en/vpn-setup"), told("TCP 443")), (1, 1));
    let zhao = delivered(&desk.join("mail/people/zhaomin@example.cn"));
    assert!(zhao.iter().any(|mail| mail.text.contains("https://kb.example.com/zh/printer-offline")));

    let li = delivered(&desk.join("mail/people/li@desk.example"));
    let handed = li.iter().find(|mail| mail.subject.contains("door reader")).unwrap();
    assert!(handed.text.contains("hangs on switch-2f") && handed.text.contains("has been dark since nine"), "{}", handed.text);
    let chen = delivered(&desk.join("mail/people/chen@desk.example"));
    assert!(chen.iter().any(|mail| template(mail) == "summary" && mail.text.contains("Opened: 11")));
}

/// What agents wrote for the house alone reached no requester.
fn notes_stay_inside(desk: &Path) {
    let mut looked_at = 0;
    for person in std::fs::read_dir(desk.join("mail/people")).unwrap() {
        let person = person.unwrap().path();
        if person.to_string_lossy().ends_with("@desk.example") {
            continue;
        }
        for mail in delivered(&person) {
            looked_at += 1;
            for canary in ["搓纸轮", "先不要告诉用户", "hangs on switch-2f", "Judged by", "~~~~ Postdesk"] {
                assert!(!mail.text.contains(canary), "{canary} reached {}", person.display());
            }
        }
    }
    assert!(looked_at > 15, "only {looked_at} mails");
}

#[test]
fn the_demo_takes_nobodys_directory() {
    let scratch = Scratch::new("demo-refused");
    std::fs::create_dir(scratch.path().join("mine")).unwrap();
    std::fs::write(scratch.path().join("mine/letter.txt"), "dear").unwrap();
    for place in ["mine", "mine/letter.txt"] {
        let refused = run(scratch.path(), &["demo", "--dir", place]);
        assert_eq!(refused.code, 1, "{}", refused.out);
        assert!(refused.err.contains(place), "{}", refused.err);
    }
    assert_eq!(std::fs::read_to_string(scratch.path().join("mine/letter.txt")).unwrap(), "dear");
    std::fs::create_dir(scratch.path().join("empty")).unwrap();
    done(scratch.path(), &["demo", "--dir", "empty"]);
}

#[test]
fn check_names_file_line_and_column() {
    let scratch = desk("check");
    let dir = scratch.path();
    assert_eq!(done(dir, &["check"]).out, "config.toml: sound\n");
    assert!(done(&std::env::temp_dir(), &["check"]).out.starts_with("the built-in rules"));
    let write = |name: &str, text: &str| {
        std::fs::create_dir_all(dir.join(name).parent().unwrap()).unwrap();
        std::fs::write(dir.join(name), text).unwrap();
    };
    let rule = "[[rule]]\nname = \"vpn\"\nwhen = { subject = [\"vpn\"] }\nthen = { category = \"network\" }\n";
    let example = "[[example]]\nsubject = \"VPN\"\nexpect = { category = \"hardware\" }\n";
    for (file, text, place, words) in [
        ("config.toml", CONFIG.replace("timezone", "timzone"), "config.toml:4:1:", "did you mean \"timezone\"?"),
        ("config.toml", CONFIG.replace("team = \"network\"", "team = \"netwrok\""), "config.toml:29:8:", "did you mean \"network\"?"),
        ("rules/10.toml", rule.replace("subject", "subjct"), "rules/10.toml:3:10:", "did you mean"),
        ("rules/10.toml", rule.replace("network", "netwrok"), "rules/10.toml:4:21:", "netwrok"),
        ("rules/10.toml", format!("{rule}{example}"), "rules/10.toml:7:23:", "hardware"),
        ("templates/en/ack.md", "Subject: {{ticket.tag}}\n\nHello {{nobody}}\n".to_owned(), "templates/en/ack.md:3:", "nobody"),
        ("kb/vpn.md", "+++\nid = \"vpn\"\n+++\n".to_owned(), "kb/vpn.md:1:1:", "title"),
    ] {
        let before = std::fs::read(dir.join(file)).ok();
        write(file, &text);
        let found = run(dir, &["check"]);
        let shown = found.err.lines().find(|line| line.starts_with(place)).unwrap_or_else(|| panic!("no {place} in\n{}", found.err));
        assert!(found.code == 1 && found.err.contains(words), "{shown}\n{}", found.err);
        // Nothing else works on what is unsound.
        if !text.contains("[[example]]") {
            assert_eq!(run(dir, &["run", "--once"]).code, 1);
        }
        match before {
            Some(bytes) => write(file, std::str::from_utf8(&bytes).unwrap()),
            None => std::fs::remove_dir_all(dir.join(Path::new(file).iter().next().unwrap())).unwrap(),
        }
    }
}

/// Every path of keys in a JSON value; `[]` stands for the members of a list.
fn paths(value: &Value, at: &str, found: &mut BTreeSet<String>) {
    match value {
        Value::Object(map) => map.iter().for_each(|(key, value)| paths(value, &format!("{at}.{key}"), found)),
        Value::Array(list) => list.iter().for_each(|value| paths(value, &format!("{at}[]"), found)),
        _ => {
            found.insert(at.to_owned());
        }
    }
}

#[test]
fn explain_json_has_exactly_the_documented_keys() {
    let scratch = Scratch::new("explain");
    let dir = scratch.path();
    done(dir, &["demo"]);
    // One mail that has everything which the demo's mails lack.
    let rich = "Message-ID: <rich@ext.test>\nFrom: Ann <ann@ext.test>\nTo: support@desk.example\nCc: Bob <bob@ext.test>\n\
                Reply-To: Ann at home <ann@home.test>\nSubject: VPN drops\n\nThe VPN disconnects.\n";
    std::fs::write(dir.join("rich.eml"), rich).unwrap();
    let mut mails: Vec<PathBuf> =
        std::fs::read_dir(dir.join("postdesk-demo/mail/support/new")).unwrap().map(|e| e.unwrap().path()).collect();
    mails.push("rich.eml".into());
    let mut arguments = vec!["-c", "postdesk-demo/config.toml", "explain", "--json"];
    arguments.extend(mails.iter().map(|path| path.to_str().unwrap()));
    let lines = done(dir, &arguments).out;
    assert_eq!(lines.lines().count(), mails.len(), "one object a line");

    let person = ["name", "address"];
    let mut wanted: BTreeSet<String> = BTreeSet::new();
    let mut want = |prefix: &str, keys: &[&str]| wanted.extend(keys.iter().map(|key| format!("{prefix}{key}")));
    want(".", &["version", "file", "language", "held", "policy"]);
    want(".message.", &["id", "date", "subject", "base_subject", "references[]", "text", "defects[]"]);
    for list in ["from", "to[]", "cc[]", "reply_to[]"] {
        want(&format!(".message.{list}."), &person);
    }
    want(".message.attachments[].", &["name", "type", "size", "inline"]);
    want(".origin.", &["kind", "because", "suspect", "bounce.recipient", "bounce.status", "bounce.reason"]);
    want(".sender.", &["role", "trust", "because"]);
    want(".reply.", &["text", "quoted", "signature"]);
    want(".tags[].", &["name", "op", "value", "at", "error"]);
    want(".thread.", &["ticket", "by", "because"]);
    want(".verdict.", &["category", "type", "impact", "urgency", "priority", "team", "labels[]", "missing[]"]);
    want(".verdict.evidence[].", &["rule", "at", "field", "matched", "weight"]);
    want(".kb[].", &["id", "title", "url", "score"]);
    want(".mails[].", &["template", "to[]", "subject", "text"]);

    let mut found = BTreeSet::new();
    for line in lines.lines() {
        let object: Value = serde_json::from_str(line).unwrap();
        assert_eq!(object["version"], 1);
        for list in ["tags", "changes", "kb", "mails"] {
            assert!(object[list].is_array(), "{list} in {line}");
        }
        assert!(object["verdict"]["fields"].is_object() && object["mails"].as_array().unwrap().iter().all(|m| m["cc"].is_array()));
        let kinds = ["person", "automatic_reply", "generated", "bounce", "bulk", "own"];
        assert!(kinds.contains(&object["origin"]["kind"].as_str().unwrap()));
        paths(&object, "", &mut found);
    }
    // Changes are a ticket's own; fields are named by rules; where there is nothing, null stands for the object.
    found.retain(|path| {
        !path.starts_with(".changes[]") && !path.starts_with(".verdict.fields.") && path != ".message.from" && path != ".origin.bounce"
    });
    assert_eq!(found, wanted);
}

#[test]
fn a_mail_from_a_pipe_becomes_a_ticket_and_its_mails_wait_for_the_next_run() {
    let scratch = desk("deliver");
    let dir = scratch.path();
    assert_eq!(run(dir, &["tickets", "list"]).code, 1, "no desk yet");
    let vpn = mail("vpn", "Alice <alice@ext.test>", "VPN down", "It says error 809.");
    hand_in(dir, &vpn);
    // The MTA tries again although it was taken: the same mail, once.
    assert_eq!(run_with(dir, &["deliver", "--mailbox", "support"], &vpn).code, 0);
    let tickets = done(dir, &["tickets", "list", "--json"]).rows();
    assert_eq!(tickets.iter().map(|t| t["subject"].as_str().unwrap()).collect::<Vec<_>>(), ["VPN down"]);
    assert_eq!(tickets[0]["fields"]["error_code"], "809");
    let outbox = done(dir, &["outbox", "list", "--json"]).rows();
    let waiting: Vec<_> = outbox.iter().map(|row| (row["state"].as_str().unwrap(), row["to"].as_str().unwrap())).collect();
    assert_eq!(waiting.len(), 2, "{waiting:?}");
    assert!(waiting.contains(&("queued", "alice@ext.test")) && waiting.contains(&("queued", "li@desk.test")));
    let shown = done(dir, &["outbox", "show", &outbox[0]["envelope"].to_string()]).out;
    assert!(shown.contains("Message-ID: <") && shown.contains("X-Postdesk-Mail: "), "{shown}");
    let notice = outbox.iter().find(|row| row["to"] == "li@desk.test").unwrap()["envelope"].to_string();
    done(dir, &["outbox", "cancel", &notice]);
    assert_eq!(run(dir, &["outbox", "cancel", &notice]).code, 1);
    done(dir, &["run", "--once"]);
    assert_eq!(delivered(&dir.join("out/alice@ext.test")).len(), 1);
    assert!(!dir.join("out/li@desk.test").exists(), "cancelled");
    let status = done(dir, &["status", "--json"]).json();
    assert_eq!(status["envelopes"], serde_json::json!({"sent": 1, "cancelled": 1}));
    assert_eq!(status["tickets"], serde_json::json!({"new": 1}));
    let history = done(dir, &["tickets", "history", "1001", "--json"]).rows();
    assert_eq!(history[0]["mails"].as_array().unwrap().len(), 2);
    assert!(done(dir, &["quarantine", "list", "--json"]).rows().is_empty());
}

#[test]
fn exit_codes_and_sentences() {
    let scratch = desk("codes");
    let dir = scratch.path();
    hand_in(dir, &mail("a", "a@ext.test", "VPN down", "Help."));
    std::fs::write(dir.join("broken.toml"), "[desk]\nname = IT\n").unwrap();
    for (command, code, words) in [
        ("", 2, "Usage: postdesk"),
        ("tikets list", 2, "tickets"),
        ("tickets", 2, "history"),
        ("tickets show abc", 2, "such as 1042"),
        ("tickets list --status nwe", 2, "one of new, open"),
        ("tickets list --requester alice", 2, "alice@example.com"),
        ("explain", 2, "<FILE>"),
        ("summary daily", 2, "--preview"),
        ("tickets show 4711", 1, "there is no ticket #4711"),
        ("tickets list --team netwrk", 0, "did you mean network?"),
        ("kb", 2, "search"),
        ("kb search", 2, "<WORDS>"),
        ("kb search vpn --lang de", 1, "there are some in en, zh"),
        ("kb search qqqq", 0, "nothing was found"),
        ("kb build .", 1, "name an empty directory"),
        ("rules", 2, "eval"),
        ("rules eval", 2, "<FILE>"),
        ("rules eval --at-least 90 broken.toml", 2, "such as 0.9"),
        ("rules eval broken.toml", 1, "broken.toml:1:2: "),
        ("rules eval --rules nowhere broken.toml", 1, "nowhere:1:1: there are no rules here"),
        ("rules stats nowhere.jsonl", 1, "nowhere.jsonl"),
        ("outbox show 99", 1, "no mail 99"),
        ("quarantine list", 0, "nothing is in quarantine"),
        ("quarantine show 1", 1, "not in quarantine"),
        ("quarantine retry 1", 1, "not in quarantine"),
        ("summary dayly --preview -", 1, "did you mean daily?"),
        ("explain nothing.eml", 1, "nothing.eml"),
        ("explain --mailbox suport config.toml", 1, "did you mean support?"),
        ("-c nowhere.toml tickets list", 1, "nowhere.toml"),
        ("-c nowhere.toml check", 1, "-c FILE"),
        ("-c broken.toml status", 1, "broken.toml:2:"),
        ("deliver", 75, "standard input was empty"),
        ("deliver --mailbox suport", 75, "did you mean support?"),
        ("-c broken.toml deliver", 75, "broken.toml:2:"),
        ("--version", 0, env!("CARGO_PKG_VERSION")),
    ] {
        let arguments: Vec<&str> = command.split(' ').filter(|word| !word.is_empty()).collect();
        let run = run(dir, &arguments);
        let said = run.out.clone() + &run.err;
        assert_eq!(run.code, code, "{command}\n{said}");
        assert!(said.contains(words), "{command}\n{said}");
        assert!(!said.contains("panicked"), "{command}\n{said}");
    }
}

/// A rule that knows nothing of what the mail of the next test says.
const FAX: &str = "[[rule]]\nname = \"fax\"\nwhen = { words = \"fax\" }\nthen = { category = \"hardware\" }\n";

#[test]
fn what_no_rule_names_is_found_by_its_words() {
    let scratch = desk("found");
    let dir = scratch.path();
    std::fs::create_dir(dir.join("rules")).unwrap();
    std::fs::write(dir.join("rules/1.toml"), FAX).unwrap();
    let raw = mail("w", "Alice <alice@ext.test>", "Connect to the Wi-Fi", "My laptop does not see the wireless network any more.");
    std::fs::write(dir.join("wifi.eml"), raw).unwrap();
    let explained = |dir: &Path| done(dir, &["explain", "--json", "wifi.eml"]).json();
    let bare = explained(dir);
    assert_eq!((&bare["kb"][0]["id"], &bare["kb"][0]["url"]), (&Value::from("wifi-connect"), &Value::Null), "{bare}");
    let score = bare["kb"][0]["score"].as_f64().unwrap();
    assert!(score > 0.5 && score < 1.0, "{score}");
    let notice = bare["mails"].as_array().unwrap().iter().find(|m| m["template"] == "agent_new").unwrap();
    assert!(notice["text"].as_str().unwrap().contains("Connect to the Wi-Fi"), "{notice}");
    assert!(done(dir, &["explain", "wifi.eml"]).out.contains("search: wifi-connect fits the words, 0."));

    // With pages to link to, the requester gets the link too.
    std::fs::write(dir.join("config.toml"), CONFIG.replacen("data = ", "kb_url = \"https://help.test/kb/\"\ndata = ", 1)).unwrap();
    let linked = explained(dir);
    let ack = linked["mails"].as_array().unwrap().iter().find(|m| m["template"] == "ack").unwrap();
    assert!(ack["text"].as_str().unwrap().contains("https://help.test/kb/en/wifi-connect.html"), "{ack}");
}

#[test]
fn beside_a_named_article_stand_only_such_of_its_category() {
    let scratch = desk("beside");
    let dir = scratch.path();
    let vpn = mail("vpn", "alice@ext.test", "VPN down", "Error 809 on my laptop: I cannot reach the file server from home.");
    std::fs::write(dir.join("vpn.eml"), vpn).unwrap();
    let vpn = done(dir, &["explain", "--json", "vpn.eml"]).json();
    let ids: Vec<&str> = vpn["kb"].as_array().unwrap().iter().map(|hit| hit["id"].as_str().unwrap()).collect();
    assert!(ids[0] == "vpn-setup" && !ids.contains(&"slow-computer"), "{ids:?}");
}

#[test]
fn the_knowledge_base_is_searched_checked_and_built() {
    let scratch = desk("kb");
    let dir = scratch.path();
    let rows = done(dir, &["kb", "search", "--json", "--lang", "zh", "無線", "网络"]).rows();
    assert_eq!((&rows[0]["id"], &rows[0]["language"], &rows[0]["suggested"]), (&"wifi-connect".into(), &"zh".into(), &true.into()));
    assert!(done(dir, &["kb", "search", "pritner"]).out.contains("printer-offline"));

    let checked = done(dir, &["kb", "check"]);
    assert!(
        checked.err.contains("none of the 40 articles for requesters has a url") && checked.err.contains("no article is about"),
        "{}",
        checked.err
    );
    assert!(checked.out.contains("articles: sound, with "), "{}", checked.out);

    done(dir, &["kb", "build", "pages"]);
    let english = std::fs::read_to_string(dir.join("pages/en/vpn-setup.html")).unwrap();
    assert!(english.contains("../zh/vpn-setup.html") && english.contains("support@desk.test"), "{english}");

    // Own articles: what is gone from the library is gone from the pages, and nothing else is.
    std::fs::write(dir.join("pages/en/mine.html"), "mine").unwrap();
    std::fs::create_dir(dir.join("kb")).unwrap();
    let article = |more: &str| format!("+++\nid = \"fax\"\ntitle = \"Fax\"\nlanguage = \"en\"\nsummary = \"S\"\n{more}+++\nText.\n");
    std::fs::write(dir.join("kb/fax.md"), article("")).unwrap();
    done(dir, &["kb", "build", "pages"]);
    let left = |name: &str| dir.join("pages").join(name).exists();
    assert_eq!(["en/fax.html", "en/mine.html", "en/vpn-setup.html", "zh/index.html"].map(left), [true, true, false, false]);
    std::fs::write(dir.join("kb/fax.md"), article("titel = 1\n")).unwrap();
    let broken = run(dir, &["kb", "check"]);
    assert!(broken.code == 1 && broken.err.contains("fax.md:6:1:") && broken.err.contains("did you mean \"title\"?"), "{}", broken.err);
}

/// The header of a mail from inside, by the desk's `[trust]`.
const INSIDE: &str = "X-Inside: yes\nReceived: from pc (pc [10.0.0.7]) by mx.desk.test with ESMTPSA id 1\n";

/// Hands a mail in by the pipe.
fn hand_in(dir: &Path, raw: &[u8]) {
    assert_eq!(run_with(dir, &["deliver"], raw).code, 0);
}

/// Mails whose right verdict is known, as `rules eval` reads them.
const LABELLED: &str = r#"{"lang": "en", "subject": "VPN down", "text": "error 809", "expect": {"category": "network"}}
{"lang": "en", "subject": "Fax", "text": "it hums", "expect": {"category": "传真机", "label": []}}

{"lang": "zh", "subject": "打印机坏了", "text": "请处理", "expect": {"category": "none"}, "note": "on purpose"}
{"text": "nobody says what this is"}
"#;

#[test]
fn rules_are_measured() {
    let scratch = desk("rules");
    let dir = scratch.path();
    std::fs::write(dir.join("mails.jsonl"), LABELLED).unwrap();
    let told = done(dir, &["rules", "eval", "mails.jsonl"]).out;
    for row in [
        " en        2      50.0 %        50.0 %    100.0 %", " all       3      33.3 %        33.3 %    100.0 %",
        " 传真机    1      0.0 %    -        none 1",
    ] {
        assert!(told.lines().any(|line| line == row), "no row {row:?} in\n{told}");
    }
    let typo = r#"{"text": "vpn", "expect": {"category": "netwrk"}}"#;
    std::fs::write(dir.join("typo.jsonl"), typo).unwrap();
    let typo = run(dir, &["rules", "eval", "typo.jsonl"]).err;
    assert!(typo.contains("typo.jsonl:1 expects a category \"netwrk\" that is not configured; did you mean \"network\"?"), "{typo}");
    let verbose = done(dir, &["rules", "eval", "-v", "mails.jsonl"]).out;
    assert!(verbose.contains("mails.jsonl:4: 打印机坏了\n  category: expected none, got printing\n"), "{verbose}");
    assert!(verbose.contains("rule printer (rules/15-printing.toml:") && verbose.ends_with(&told), "{verbose}");
    let json = done(dir, &["rules", "eval", "--json", "mails.jsonl"]).json();
    assert_eq!(json["languages"]["zh"]["category"], serde_json::json!({"right": 0, "of": 1, "accuracy": 0.0}));
    assert_eq!((&json["all"]["mails"], &json["missed"][1]["place"]), (&Value::from(3), &Value::from("mails.jsonl:4")));
    assert_eq!(json["missed"][1]["missed"][0], serde_json::json!({"aspect": "category", "wanted": ["none"], "got": ["printing"]}));
    for (least, code) in [("0.3", 0), ("0.34", 1)] {
        assert_eq!(run(dir, &["rules", "eval", "--at-least", least, "mails.jsonl"]).code, code);
    }

    // Rules to try may speak of categories, teams and articles that nobody has configured, also without a config.
    std::fs::create_dir(dir.join("new")).unwrap();
    let rules = "[[rule]]\nname = \"fax\"\nwhen = { words = \"fax\" }\nthen = { category = \"传真机\", team = \"fax\", kb = \"fax\" }\n\n\
                 [[rule]]\nname = \"telex\"\nwhen = { words = \"telex\" }\nthen = { label = \"old\" }\n";
    std::fs::write(dir.join("new/1.toml"), rules).unwrap();
    let better = ["rules", "eval", "--at-least", "0.6", "--rules", "new", "mails.jsonl"];
    done(dir, &better);
    std::fs::remove_file(dir.join("config.toml")).unwrap();
    done(dir, &better);
    let stats = done(dir, &["rules", "stats", "--rules", "new", "mails.jsonl"]).out;
    let wanted = "4 mails judged by 2 rules, 1 of which never matched\n RULE   MATCHED  WON  LOST  CATEGORY  AT\n \
                  fax    1        1    0     传真机    new/1.toml:1\n telex  0        -    -     -         new/1.toml:6\n";
    assert_eq!(stats, wanted);
}

#[test]
fn rules_are_counted_over_the_mails_of_the_desk() {
    let scratch = desk("stats");
    let dir = scratch.path();
    assert_eq!(run(dir, &["rules", "stats"]).code, 1, "no desk yet");
    let answer =
        "Message-ID: <b@ext.test>\nFrom: b@ext.test\nTo: support@desk.test\nSubject: Re: VPN down\nAuto-Submitted: auto-replied\n\nvpn\n";
    for raw in [mail("a", "a@ext.test", "VPN down", "Help."), answer.as_bytes().to_vec(), mail("c", "c@ext.test", "VPN again", "Help.")] {
        hand_in(dir, &raw);
    }
    let matched = |last: &str| {
        let rows = done(dir, &["rules", "stats", "--json", "--last", last]).rows();
        rows.iter().find(|row| row["rule"] == "vpn").map(|row| (row["matched"].as_u64(), row["won"].as_u64())).unwrap()
    };
    assert_eq!((matched("100"), matched("1")), ((Some(2), Some(2)), (Some(1), Some(1))), "an automatic reply is not judged");
}

#[test]
fn a_changed_rule_is_tried_on_the_mails_of_the_desk() {
    let scratch = desk("replay");
    let dir = scratch.path();
    std::fs::create_dir(dir.join("rules")).unwrap();
    std::fs::write(dir.join("rules/1.toml"), FAX).unwrap();
    for raw in [
        mail("a", "a@ext.test", "The fax hums", "Help."),
        mail("b", "b@ext.test", "传真机发不出去了", "请处理"),
        mail("c", "c@ext.test", "Telex", "Is there still one?"),
        [INSIDE.as_bytes().to_vec(), mail("d", "li@desk.test", "Re: [#1002] [category=network] [quiet]", "")].concat(),
        [INSIDE.as_bytes().to_vec(), mail("e", "li@desk.test", "Re: [#1003] [category=software] [quiet]", "")].concat(),
    ] {
        hand_in(dir, &raw);
    }
    let before = done(dir, &["tickets", "list", "--json"]).out;
    let same = "3 mails: 3 same, 0 changed (0 newly classified, 0 now unclassified); agents have set 2: 0 agreed before, 0 now\n\
                nothing would change\n";
    assert_eq!(done(dir, &["rules", "replay"]).out, same);

    let lines = "[[rule]]\nname = \"lines\"\nwhen = { words = [\"telex\", \"传真\"] }\nthen = { category = \"network\" }\n";
    std::fs::write(dir.join("rules/2.toml"), lines).unwrap();
    let told = done(dir, &["rules", "replay"]).out;
    let wanted = "\
3 mails: 1 same, 2 changed (2 newly classified, 0 now unclassified); agents have set 2: 0 agreed before, 1 now
 TICKET  SUBJECT           WAS                         IS NOW                 SINCE                RULE
 #1003   Telex             unclassified, team support  network, team network  set by li: software  lines (rules/2.toml:1)
 #1002   传真机发不出去了  unclassified, team support  network, team network  set by li: network   lines (rules/2.toml:1)
";
    assert_eq!(told, wanted);
    let first = |arguments: &[&str]| done(dir, &[&["rules", "replay"], arguments].concat()).out.lines().next().unwrap().to_owned();
    assert!(first(&["--last", "1"]).starts_with("1 mail: 0 same, 1 changed"));
    assert!(first(&["--category", "hardware"]).starts_with("1 mail: 1 same, 0 changed"));
    assert!(first(&["--category", "none"]).starts_with("2 mails: 0 same, 2 changed"));

    let aside = FAX.replace("category = \"hardware\"", "quarantine = true");
    std::fs::write(dir.join("rules/1.toml"), aside).unwrap();
    let rows = done(dir, &["rules", "replay", "--json"]).rows();
    assert_eq!((rows.len(), &rows[2]["changed"], &rows[2]["now"]), (3, &true.into(), &Value::Null), "{rows:?}");
    assert_eq!((&rows[2]["was"]["category"], &rows[2]["rule"]["name"]), (&"hardware".into(), &"fax".into()));
    assert_eq!(rows[1]["set"], serde_json::json!({"by": "li", "category": "network"}));
    assert_eq!(done(dir, &["tickets", "list", "--json"]).out, before, "nothing is changed");
}

/// What an agent hands in was judged as if its requester had sent it, and is so again.
#[test]
fn a_ticket_that_an_agent_opened_is_replayed_as_it_was_judged() {
    let scratch = desk("replay-new");
    let dir = scratch.path();
    std::fs::create_dir(dir.join("rules")).unwrap();
    let asked = "[[rule]]\nname = \"asked\"\nwhen = { role = \"requester\", words = [\"telex\"] }\nthen = { category = \"hardware\" }\n\
        [[rule]]\nname = \"order\"\nwhen = { words = [\"new\"] }\nthen = { category = \"network\", weight = 20 }\n";
    std::fs::write(dir.join("rules/1.toml"), asked).unwrap();
    for raw in [
        mail("a", "a@ext.test", "Telex", "It hums."),
        mail("b", "li@desk.test", "Telex [for=bob@ext.test]", "It is silent."),
        mail("c", "li@desk.test", "Telex [new]", "Mine, too."),
        [INSIDE.as_bytes().to_vec(), mail("d", "li@desk.test", "Re: [#1001] Telex [new]", "A second telex.")].concat(),
        [INSIDE.as_bytes().to_vec(), mail("e", "li@desk.test", "Re: [#1001] Telex", "#new\nA third telex.")].concat(),
    ] {
        hand_in(dir, &raw);
    }
    let told = done(dir, &["rules", "replay"]).out;
    assert!(told.starts_with("5 mails: 5 same, 0 changed"), "{told}");
}

#[test]
fn the_doctor_asks_the_newest_mail_of_an_agent_what_proves_him() {
    let scratch = desk("cli-doctor");
    let dir = scratch.path();
    let said = done(dir, &["doctor"]).out;
    assert!(said.contains("no mail yet of li, wang, chen: a new mail to support@desk.test with the subject [help]"), "{said}");
    let arrives = |id: &str, header: &str| {
        let raw = [header.as_bytes(), &mail(id, "li@desk.test", "[help]", "")].concat();
        std::fs::write(dir.join("in/new").join(id), raw).unwrap();
        done(dir, &["run", "--once"]);
        run(dir, &["doctor"])
    };
    let doubted = arrives("1", "");
    assert_eq!(doubted.code, 1);
    assert!(doubted.out.contains("not proved by [trust], for it has no Authentication-Results; it has no token either"), "{}", doubted.out);
    assert!(doubted.out.contains("WRONG [trust] proves none of these mails"), "{}", doubted.out);
    let inside = arrives("2", INSIDE);
    assert_eq!(inside.code, 0, "{}", inside.out);
    assert!(inside.out.contains("proved by [trust], for our border marks the mail as one from inside (X-Inside: yes)"), "{}", inside.out);
}

#[test]
fn every_mail_of_the_mailbox_is_accounted_for() {
    let scratch = desk("cli-audit");
    let dir = scratch.path();
    let arrives = |name: &str, raw: &[u8], age: u64| {
        let path = dir.join("in/new").join(name);
        std::fs::write(&path, raw).unwrap();
        let time = std::time::SystemTime::now() - std::time::Duration::from_secs(age);
        std::fs::File::options().append(true).open(path).unwrap().set_modified(time).unwrap();
    };
    std::fs::write(dir.join("config.toml"), CONFIG.replace("start = \"all\"", "start = \"now\"")).unwrap();
    arrives("1.old.ext", &mail("old", "bob@ext.test", "Long ago", "Hello."), 86400);
    done(dir, &["run", "--once"]);
    arrives("2.vpn.ext", &mail("vpn", "alice@ext.test", "VPN down", "Error 809."), 0);
    arrives("3.bulk.ext", &[b"List-Id: <news.ext.test>\n", mail("bulk", "news@ext.test", "News", "None.").as_slice()].concat(), 0);
    done(dir, &["run", "--once"]);
    arrives("4.new.ext", &mail("new", "bob@ext.test", "The printer", "It is broken."), 0);
    std::fs::remove_file(dir.join("in/new/3.bulk.ext")).unwrap();
    let sound = done(dir, &["audit"]).out;
    for line in [
        ": 3 mails\n", "1  opened a ticket\n", "1  just arrived, to be received next\n",
        "1  were there before the desk, and are left alone\n", "1  more that the desk has had from there lie there no more",
        "\nevery mail is accounted for\n",
    ] {
        assert!(sound.contains(line), "no {line:?} in\n{sound}");
    }
    // It is the same mailbox from wherever the program is started.
    let (above, config) = (dir.parent().unwrap(), format!("{}/config.toml", dir.file_name().unwrap().to_str().unwrap()));
    let elsewhere = done(above, &["-c", &config, "audit", "--json"]).rows();
    assert_eq!(elsewhere[0]["classes"], serde_json::json!({"before": 1, "opened": 1, "unread": 1}));
    // Where everything is to be taken up, what has lain there for a day should have been read.
    std::fs::write(dir.join("config.toml"), CONFIG).unwrap();
    let wrong = run(dir, &["audit"]);
    assert!(wrong.code == 1 && wrong.out.contains("MISSING  1.old.ext, arrived "), "{}{}", wrong.out, wrong.err);
    let rows = run(dir, &["audit", "--json"]).rows();
    assert_eq!((&rows[0]["mails"], &rows[0]["gone"], &rows[0]["missing"][0]["name"]), (&3.into(), &1.into(), &"1.old.ext".into()));
    assert_eq!(rows[0]["classes"], serde_json::json!({"opened": 1, "unread": 1, "missing": 1}));
    done(dir, &["run", "--once"]);
    assert!(done(dir, &["audit"]).out.contains("3  opened a ticket\n"));
}

#[test]
fn a_new_key_signs_and_no_command_shows_one() {
    let scratch = desk("cli-key");
    let dir = scratch.path();
    let file = dir.join("data/key");
    assert!(done(dir, &["key", "list"]).out.contains("there is no key yet"));
    let none = run(dir, &["key", "rotate"]);
    assert!(none.code == 1 && none.err.contains("`postdesk run` makes it"), "{}", none.err);
    assert!(!file.exists());

    // What arrived before the mailbox was taken up would not be answered.
    done(dir, &["run", "--once"]);
    std::fs::write(dir.join("in/new/1"), mail("one", "alice@ext.test", "VPN down", "Error 809.")).unwrap();
    done(dir, &["run", "--once"]);
    let notification = delivered(&dir.join("out/li@desk.test")).into_iter().find(|m| template(m) == "agent_new").unwrap();
    let first = done(dir, &["key", "list", "--json"]).rows();
    let mut said = done(dir, &["key", "rotate"]).out;
    assert!(said.contains("beside 1 older key to verify"), "{said}");
    let mode = std::os::unix::fs::PermissionsExt::mode(&std::fs::metadata(&file).unwrap().permissions());
    assert_eq!(mode & 0o777, 0o600);
    let rows = done(dir, &["key", "list", "--json"]).rows();
    assert_eq!((&rows[0]["signs"], &rows[1]["signs"], rows.len()), (&true.into(), &false.into(), 2));
    assert_eq!(rows[1]["fingerprint"], first[0]["fingerprint"]);
    assert_ne!(rows[0]["fingerprint"], first[0]["fingerprint"]);

    let order = |id: &str, tag: &str| {
        let raw = mail(id, "li@desk.test", &format!("Re: {} [{tag}] [quiet]", notification.subject), "");
        let references: Vec<String> = notification.references.iter().map(ToString::to_string).collect();
        [format!("References: {}\n", references.join(" ")).into_bytes(), raw].concat()
    };
    let status = || done(dir, &["tickets", "list", "--json"]).rows()[0]["status"].clone();
    std::fs::write(dir.join("in/new/2"), order("two", "resolve")).unwrap();
    done(dir, &["run", "--once"]);
    assert_eq!(status(), "resolved", "the token of the older key counts");
    said += &done(dir, &["key", "list"]).out;
    said += &done(dir, &["key", "drop", "2"]).out;
    std::fs::write(dir.join("in/new/3"), order("three", "close")).unwrap();
    done(dir, &["run", "--once"]);
    assert_eq!(status(), "resolved", "that of a key which is gone does not");

    for (arguments, words) in [(["key", "drop", "1"], "key 1 signs"), (["key", "drop", "2"], "there is no key 2")] {
        let refused = run(dir, &arguments);
        assert!(refused.code == 1 && refused.err.contains(words), "{}", refused.err);
        said += &refused.err;
    }
    let secret = std::fs::read_to_string(&file).unwrap();
    assert!(!said.contains(secret.trim()), "{said}");
    std::fs::write(&file, format!("{secret}{}\n", secret.trim().get(1..).unwrap())).unwrap();
    for command in [["key", "list"].as_slice(), &["key", "rotate"], &["check"]] {
        let broken = run(dir, command);
        assert!(broken.code == 1 && broken.err.contains("data/key:2:1: this line is damaged"), "{}", broken.err);
        assert!(!broken.err.contains(secret.trim().get(1..).unwrap()), "{}", broken.err);
    }
}

#[test]
fn every_command_has_help_with_examples() {
    let dir = std::env::temp_dir();
    for command in [
        "demo", "check", "doctor", "run", "deliver", "explain", "kb", "rules", "tickets", "outbox", "quarantine", "status", "summary",
        "key", "audit",
    ] {
        let help = done(&dir, &[command, "--help"]).out;
        assert!(help.contains(&format!("Examples:\n  postdesk {command}")), "{help}");
    }
}

#[test]
fn a_reader_that_has_seen_enough_is_no_error() {
    let scratch = desk("pipe");
    for n in 0..40 {
        let text = "很长的一行\n".repeat(2000);
        let raw = mail(&n.to_string(), "Alice <alice@ext.test>", "Question", &text);
        std::fs::write(scratch.path().join(format!("in/new/{n}.mail")), raw).unwrap();
    }
    done(scratch.path(), &["run", "--once"]);
    for arguments in
        [&["tickets", "history", "1001"][..], &["tickets", "list", "--json"], &["outbox", "list", "--all"], &["status"], &["check"]]
    {
        let mut child = Command::new(env!("CARGO_BIN_EXE_postdesk"))
            .args(arguments)
            .current_dir(scratch.path())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        drop(child.stdout.take());
        let output = child.wait_with_output().unwrap();
        let said = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success() && said.is_empty(), "{arguments:?}: {said}");
    }
}

#[test]
fn nobody_who_reads_the_log_stops_nothing() {
    let scratch = desk("no-log");
    let dir = scratch.path();
    std::fs::write(dir.join("in/new/1.1.ext"), mail("log", "alice@ext.test", "VPN down", "Help.")).unwrap();
    for (arguments, config, code) in [(&["run", "--once"][..], CONFIG, 0), (&["check"], "nonsense", 1), (&["status"], "nonsense", 1)] {
        std::fs::write(dir.join("config.toml"), config).unwrap();
        let mut command = Command::new(env!("CARGO_BIN_EXE_postdesk"));
        let mut child = command.args(arguments).current_dir(dir).stdout(Stdio::null()).stderr(Stdio::piped()).spawn().unwrap();
        drop(child.stderr.take());
        assert_eq!(child.wait().unwrap().code(), Some(code), "{arguments:?}");
    }
    std::fs::write(dir.join("config.toml"), CONFIG).unwrap();
    assert_eq!(done(dir, &["tickets", "list", "--json"]).rows().len(), 1);
}

/// A desk that speaks Chinese answers who writes something else, all in one language.
#[test]
fn whoever_writes_is_answered_in_one_language_that_he_reads() {
    let scratch = desk("third-language");
    let dir = scratch.path();
    std::fs::write(dir.join("config.toml"), CONFIG.replacen("[desk]", "[desk]\nlanguage = \"zh\"", 1)).unwrap();
    let german = "Hallo, mein VPN geht seit gestern nicht mehr. Können Sie mir bitte helfen? Danke, Hans";
    for (from, text, language, asks) in [
        ("Hans <hans@ext.test>", german, "Thank you for writing", ""),
        ("Ivan <ivan@ext.test>", "Привет, помогите!", "Thank you for writing", ""),
        // Nobody can tell: the desk's.
        ("bob@ext.test", "VPN 809", "来信已收到", "VPN 客户端"),
        ("Li Wei <li@desk.test>", german, "Thank you for writing", ""),
        ("王芳 <wang@desk.test>", german, "来信已收到", ""),
    ] {
        std::fs::write(dir.join("mail.eml"), mail("third", from, "VPN down", text)).unwrap();
        let explained = done(dir, &["explain", "--json", "mail.eml"]).json();
        let mails = explained["mails"].as_array().unwrap();
        let ack = mails.iter().find(|m| m["template"] == "ack").unwrap_or_else(|| panic!("{explained:#}"))["text"].as_str().unwrap();
        assert!(ack.contains(language) && ack.contains(asks), "{from}: {text}\n{ack}");
        assert!(asks.is_empty() || explained["verdict"]["missing"][0].as_str().unwrap().contains(asks), "{explained:#}");
    }
}

#[test]
fn explain_reads_standard_input_and_goes_on_after_a_file_that_is_not_there() {
    let scratch = desk("explain-input");
    let vpn = mail("vpn", "Alice <alice@ext.test>", "VPN down", "It says error 809.");
    let run = run_with(scratch.path(), &["explain", "--json", "nothing.eml", "-"], &vpn);
    assert_eq!((run.code, run.json()["file"].as_str(), run.json()["message"]["subject"].as_str()), (1, Some("-"), Some("VPN down")));
    assert!(run.err.contains("nothing.eml"), "{}", run.err);
}

#[test]
fn a_list_that_is_cut_says_so() {
    let scratch = desk("cut-lists");
    let dir = scratch.path();
    for id in ["a", "b", "c"] {
        hand_in(dir, &mail(id, &format!("{id}@ext.test"), "VPN down", "Help."));
    }
    for (command, rows, cut) in [
        (["tickets", "list", "--json", "--limit", "2"], 2, true),
        (["tickets", "list", "--json", "--limit", "3"], 3, false),
        (["outbox", "list", "--json", "--limit", "5"], 5, true),
        (["outbox", "list", "--json", "--limit", "6"], 6, false),
    ] {
        let run = done(dir, &command);
        assert_eq!((run.rows().len(), run.err.contains("only the first")), (rows, cut), "{command:?}: {}", run.err);
    }
}

#[test]
fn completions_and_manual_pages_follow_the_help() {
    let here = std::env::temp_dir();
    for shell in ["bash", "zsh", "fish"] {
        let script = done(&here, &["completions", shell]).out;
        for word in ["quarantine", "import", "since", "smtp-tls"] {
            assert!(script.contains(word), "{shell} does not complete {word}");
        }
    }
    let page = done(&here, &["man"]).out;
    assert!(page.starts_with(".ie") && page.contains(".TH postdesk 1") && page.contains("postdesk\\-import(1)"), "{page}");
    let page = done(&here, &["man", "import"]).out;
    assert!(page.contains(".TH postdesk-import 1") && page.contains("\\-\\-since") && page.contains("Examples:"), "{page}");
    let page = done(&here, &["man", "rules", "eval"]).out;
    assert!(page.contains(".TH postdesk-rules-eval 1") && page.contains("at\\-least"), "{page}");
    assert_eq!(done(&here, &["man", "rules-eval"]).out, page);
    let refused = run(&here, &["man", "imprt"]);
    assert!(refused.code == 1 && refused.err.contains("did you mean import?"), "{}", refused.err);
}

#[test]
fn mail_of_a_mailbox_that_was_renamed_goes_out_all_the_same() {
    let scratch = desk("renamed");
    let dir = scratch.path();
    hand_in(dir, &mail("vpn", "alice@ext.test", "VPN down", "Help."));
    std::fs::write(dir.join("config.toml"), CONFIG.replacen("name = \"support\"", "name = \"helpdesk\"", 1)).unwrap();
    let run = done(dir, &["run", "--once"]);
    assert!(run.err.contains("the config no longer names (support)"), "{}", run.err);
    let states: Vec<String> = done(dir, &["outbox", "list", "--all", "--json"]).rows().iter().map(|row| row["state"].to_string()).collect();
    assert!(!states.is_empty() && states.iter().all(|state| state == "\"sent\""), "{states:?}");
}
