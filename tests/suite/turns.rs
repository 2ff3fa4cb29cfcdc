//! The wrong turns of a new operator: each message names the place, the reason and what to do.

use std::os::unix::fs::PermissionsExt;
use std::path::Path;

use postdesk::domain::message::{Folder, Place, Withheld};
use postdesk::domain::rules::RuleSet;
use postdesk::store::Note;
use postdesk::store::lock::DataLock;

use crate::cli::{desk, run, run_with};
use crate::common::Scratch;
use crate::world::CONFIG;

fn write(dir: &Path, name: &str, text: impl AsRef<[u8]>) {
    let file = dir.join(name);
    std::fs::create_dir_all(file.parent().unwrap()).unwrap();
    std::fs::write(file, text).unwrap();
}

/// A rule with this in the place of its condition, and of its effects.
fn rule(when: &str, then: &str) -> String {
    format!("[[rule]]\nname = \"own\"\nwhen = {when}\nthen = {then}\n")
}

fn expression(source: &str) -> String {
    rule(&format!("{{ matches = {{ text = '{source}' }} }}"), "{ category = \"network\" }")
}

fn ack(text: &str) -> String {
    format!("Subject: {{{{ticket.tag}}}}\n\n{text}\n")
}

const RULE: &str = "rules/own.toml";
const ACK: &str = "templates/en/ack.md";
const ARTICLE: &str = "kb/own.md";
const NETWORK: &str = "{ category = \"network\" }";

/// (file, its text, place, what is wrong, what to do). The text of a config is the sound one with one thing changed.
fn broken() -> Vec<(&'static str, String, &'static str, &'static str, &'static str)> {
    let config = |from: &str, to: &str| {
        assert!(CONFIG.contains(from), "{from}");
        CONFIG.replacen(from, to, 1)
    };
    vec![
        ("config.toml", config("timezone", "timzone"), ":4:1: ", "unknown key `timzone` in [desk]", "did you mean \"timezone\"?"),
        ("config.toml", format!("{CONFIG}\n[opperator]\n"), ":", "unknown key `opperator`", "did you mean \"operator\"?"),
        ("config.toml", format!("{CONFIG}\n[desk]\n"), ":", "duplicate key", "keep one of the two"),
        ("config.toml", config("[desk]", "[desk]\nname = IT Support"), ":3:8: ", "string values must be quoted", "text needs quotes"),
        ("config.toml", config("[desk]", "[desk]\nname = “IT”"), ":3:8: ", "", "write straight quotes"),
        ("config.toml", format!("{CONFIG}\n[delivery.x]\npassword = \"hunter2\"\n"), ":", "", "known here:"),
        (
            "config.toml",
            format!("{CONFIG}\ndone_folder = \"Done\"\n"),
            ":",
            "unknown key `done_folder` in [trust]",
            "it belongs into [[mailbox]]",
        ),
        ("config.toml", format!("canary = \"1h\"\n{CONFIG}"), ":1:1: ", "unknown key `canary`", "it belongs into [operator]"),
        ("config.toml", format!("{CONFIG}\n[agent]\nhandle = \"x\"\n"), ":", "", "write both with double brackets, [[…]]"),
        (
            "config.toml",
            format!("{CONFIG}\n[calendar]\nhours = [\"mon-fri 9-18\"]\n"),
            ":",
            "`hours`: \"mon-fri 9-18\" are no hours",
            "09:00",
        ),
        ("config.toml", config("[limits]", "[limits]\nmessage_size = \"25\""), ":", "25 bytes hold hardly a word", "\"25MB\""),
        (
            "config.toml",
            format!("{CONFIG}\n[[category]]\nid = \"Network\"\n"),
            ":",
            "\"Network\" and the built-in \"network\"",
            "id = \"network\"",
        ),
        (
            "config.toml",
            config("[\"mx.desk.test\"]", "[\"mx.desk.test; dmarc=pass\"]"),
            ":",
            "\"mx.desk.test; dmarc=pass\" is no server's name",
            "\"mx.desk.test\"",
        ),
        ("config.toml", config("X-Inside", "From"), ":", "everybody would be inside", "your border alone sets"),
        (RULE, "[[rule]]\nname = \"own\nwhen = 1\n".into(), ":2:12: ", "this is not TOML: invalid basic string", "text needs quotes"),
        (RULE, "[[rule]]\nname \"own\"\n".into(), ":2:6: ", "this is not TOML", "text needs quotes"),
        (RULE, rule("{ subject = [\"x\" }", NETWORK), ":3:25: ", "missing comma between array elements", "] at its end"),
        (RULE, rule("{ matches = { text = \"\\d+\" } }", NETWORK), ":3:", "this is not TOML", "'…', which takes backslashes as they are"),
        (RULE, rule("{ subjct = [\"x\"] }", NETWORK), ":3:10: ", "there is no condition `subjct`", "did you mean `subject`?"),
        (
            RULE,
            rule("{ subject = \"x\" }", "{ categorie = \"network\" }"),
            ":4:10: ",
            "there is no effect `categorie`",
            "allowed: category",
        ),
        (RULE, rule("{ subject = \"x\" }", "{ category = \"netwrk\" }"), ":4:21: ", "no category `netwrk`", "did you mean `network`?"),
        (RULE, rule("{ language = \"chinese\" }", NETWORK), ":3:21: ", "`chinese` is no code of a language", "\"zh\""),
        (RULE, rule("{ subject = 5 }", NETWORK), ":3:20: ", "wants a text in quotes or a list", ""),
        (RULE, "[rule]\nname = \"own\"\n".into(), ":1:1: ", "`rule` is a list of tables", "begin each with [[rule]]"),
        (RULE, "[[rule]]\nname = \"own\"\nthen = { stop = true }\n".into(), ":1:1: ", "no conditions", "add when = { … }"),
        (RULE, expression("(error"), ":3:30: ", "unclosed group", "close it with )"),
        (RULE, expression("error)"), ":3:35: ", "unopened group", "open it with ("),
        (RULE, expression("[a-z"), ":3:30: ", "unclosed character class", "write [a-z]"),
        (RULE, expression("a{5,2}"), ":3:31: ", "invalid repetition count range", "smaller number first"),
        (RULE, expression("*a"), ":3:30: ", "repetition operator missing expression", "what is repeated before it"),
        (RULE, expression("(?=x)"), ":3:30: ", "look-around", "two conditions"),
        (RULE, expression(r"(x)\1"), ":3:33: ", "backreferences are not supported", "write out what is repeated"),
        (RULE, expression(r"\q"), ":3:30: ", "unrecognized escape sequence", r"known are \d"),
        (RULE, expression(r"\p{Hann}"), ":3:30: ", "Unicode property not found", r"\p{Han}"),
        (RULE, expression("(?P<Code>x)"), ":3:29: ", "`Code` is no name for a field", "small letters"),
        (RULE, expression("x*"), ":3:29: ", "matches an empty text", "write + for *"),
        (RULE, expression("(x{1000}){1000}"), ":3:29: ", "becomes larger than", "repeat less"),
        (ACK, ack("Hello {{ticket.tga}}"), ":3:9: ", "nothing is named \"tga\"", "Did you mean \"tag\"?"),
        (ACK, ack("Hello {{ticket.tag"), ":3:7: ", "{{ is not closed by }}", "write }} where the tag ends"),
        (ACK, ack("Hello {{{ticket.tag}}"), ":3:7: ", "{{{ is not closed by }}}", "write }}}"),
        (ACK, ack("Hello {{ticket.tag}"), ":3:7: ", "{{ is not closed by }}", "write }}"),
        (ACK, ack("{{#if ticket.tag}}x"), ":3:1: ", "{{#if …}} is never closed", "write {{/if}} where it ends"),
        (ACK, ack("{{#if ticket.tag}}x{{/each}}"), ":3:20: ", "{{#if}} is closed by {{/each}}", "write {{/if}} here"),
        (ACK, ack("x {{/if}}"), ":3:3: ", "{{/if}} closes nothing", "delete it"),
        (ACK, ack("x {{else}} y"), ":3:3: ", "{{else}} stands in no block", "between {{#if name}} and {{/if}}"),
        (ACK, ack("x {{ }} y"), ":3:3: ", "these brackets name nothing", "write a name"),
        (ACK, ack("x {{#iff ticket}}y{{/iff}}"), ":3:6: ", "no helper is named \"iff\"", "Did you mean \"if\"?"),
        (ACK, "Hello\n".into(), ":1:1: ", "the first line is no Subject", "The first line is \"Subject: …\""),
        ("templates/en/akc.md", ack("x"), ":1:1: ", "no mail is named \"akc\"", "Did you mean ack.md?"),
        (ARTICLE, "# Hello\n".into(), ":1:1: ", "the article has no head", "begin the file with a line +++"),
        (ARTICLE, "+++\nid = \"own\"\ntitle = \"x\"\n".into(), ":1:1: ", "the head has no end", "another line +++"),
        (ARTICLE, "+++\nid = \"own\"\ntitel = \"x\"\n+++\nx\n".into(), ":3:1: ", "unknown key `titel`", "did you mean \"title\"?"),
    ]
}

#[test]
fn what_is_broken_is_told_with_place_reason_and_remedy() {
    let scratch = desk("turns");
    let dir = scratch.path();
    for (file, text, place, wrong, remedy) in broken() {
        write(dir, file, &text);
        let found = run(dir, &["check"]);
        let line = found.err.lines().find(|line| line.starts_with(&format!("{file}{place}")) && line.contains(wrong));
        assert!(line.is_some() && found.err.contains(remedy), "{file}: {text}\nwanted {place}{wrong} = {remedy}\n{}", found.err);
        assert_eq!(found.code, 1);
        // What is wrong in one place brings no complaint about another file.
        let strangers = found.err.lines().filter(|l| l.contains(".toml:") || l.contains(".md:")).find(|l| !l.starts_with(file));
        assert_eq!(strangers, None, "{text}");
        assert!(!found.err.contains("hunter2"), "{}", found.err);
        if file == "config.toml" {
            write(dir, file, CONFIG);
        } else {
            std::fs::remove_dir_all(dir.join(file.split('/').next().unwrap())).unwrap();
        }
    }
}

#[test]
fn a_bracket_left_open_is_one_complaint() {
    let scratch = desk("turns-open");
    let dir = scratch.path();
    for (file, text) in [
        (RULE, rule("{ subject = [\"x\" }", NETWORK)),
        (RULE, rule("{ subject = \"x", NETWORK)),
        ("config.toml", CONFIG.replacen("[\"mx.desk.test\"]", "[\"mx.desk.test\"", 1)),
    ] {
        write(dir, file, &text);
        let found = run(dir, &["check"]);
        assert!(found.out.ends_with(": 1 error\n"), "{text}\n{}{}", found.err, found.out);
        write(dir, "config.toml", CONFIG);
    }
}

/// Else the built-in rules would serve, and nobody would know.
#[test]
fn a_file_in_the_place_of_a_directory_is_told() {
    let scratch = desk("turns-place");
    let dir = scratch.path();
    for name in ["rules", "templates", "kb"] {
        write(dir, name, "x");
        let found = run(dir, &["check"]);
        assert!(found.code == 1 && found.err.starts_with(&format!("{name}:1:1: cannot be looked into")), "{}", found.err);
        assert!(found.err.contains("move the file away"), "{}", found.err);
        std::fs::remove_file(dir.join(name)).unwrap();
    }
    write(dir, "data", "x");
    let found = run(dir, &["check"]);
    assert!(
        found.code == 1 && found.err.contains("data is a file") && found.err.contains("write the name of a directory"),
        "{}",
        found.err
    );
    write(dir, "config.toml", CONFIG.replacen("data = \"data\"\n", "", 1));
    let found = run(dir, &["check"]);
    assert!(found.code == 1 && found.err.starts_with("data:1:1: is a file") && found.err.contains("data = "), "{}", found.err);
}

#[test]
fn a_file_that_a_command_cannot_use_is_told_with_a_remedy() {
    let scratch = desk("turns-files");
    let dir = scratch.path();
    assert_eq!(run(dir, &["run", "--once"]).code, 0);
    std::fs::create_dir(dir.join("empty")).unwrap();
    for (command, says) in [
        ("explain no.eml", "reading no.eml: No such file or directory (os error 2); look at its name"),
        ("explain in", "this is a directory: name the mails in it"),
        ("import no.mbox", "reading no.mbox: No such file or directory (os error 2); look at its name"),
        ("import empty", "empty holds no mail: it has neither `new` and `cur`, as a Maildir has, nor files *.eml"),
        ("import in", "in holds no mail: nothing lies in its `new` and `cur`; name an mbox file, a Maildir"),
        ("import config.toml", "it begins neither with \"From \", as an mbox does, nor with a header field"),
        ("rules eval no.jsonl", "reading no.jsonl: No such file or directory (os error 2); look at its name"),
        ("rules eval in", "it is a directory: name a file"),
        ("rules stats no.jsonl", "look at its name"),
        ("kb build config.toml", "a file stands in its way"),
        ("kb build in", "in holds other things than pages; name an empty directory"),
        ("summary daily --preview no/such.eml", "make the directory above it first"),
        ("demo --dir config.toml", "a file stands in its way"),
        ("init config.toml", "is a file, and a desk is a directory"),
        ("-c no.toml status", "name it with  -c FILE"),
        ("-c no.toml rules stats", "name it with  -c FILE"),
        ("-c no.toml rules replay", "name it with  -c FILE"),
    ] {
        let ended = run(dir, &command.split(' ').collect::<Vec<_>>());
        assert!(ended.code == 1 && ended.err.contains(says), "{command}: wanted {says}\n{}", ended.err);
    }
    let nowhere = Scratch::new("turns-nowhere");
    for command in ["doctor", "run", "import x", "rules stats", "rules replay", "tickets list", "outbox", "status", "key list"] {
        let ended = run(nowhere.path(), &command.split(' ').collect::<Vec<_>>());
        assert!(ended.code == 1 && ended.err.contains("postdesk init DIR"), "{command}\n{}", ended.err);
    }
}

#[test]
fn the_outbox_is_listed_without_the_word_list() {
    let scratch = desk("turns-outbox");
    let dir = scratch.path();
    assert_eq!(run(dir, &["run", "--once"]).code, 0);
    for (short, long) in [(&["outbox", "--json"], &["outbox", "list", "--json"]), (&["outbox", "--all"], &["outbox", "list", "--all"])] {
        let (short, long) = (run(dir, short), run(dir, long));
        assert!(short.code == 0 && short.out == long.out, "{}{}", short.err, short.out);
    }
    assert_eq!(run(dir, &["outbox", "--all", "show", "1"]).code, 2);
}

#[test]
fn one_mistake_in_an_agent_or_a_calendar_is_one_complaint() {
    let scratch = desk("turns-follow");
    let dir = scratch.path();
    let lead = "role = \"lead\"";
    assert!(CONFIG.contains(lead) && CONFIG.contains("[[summary]]"));
    for (text, wrong) in [
        (CONFIG.replace(lead, "role = \"boss\""), "`role`: \"boss\" is not known"),
        (format!("{CONFIG}\n[calendar]\nhours = [\"9 to 5\"]\n"), "`hours`: \"9 to 5\" are no hours"),
    ] {
        write(dir, "config.toml", text);
        let found = run(dir, &["check"]);
        assert!(found.err.contains(wrong) && found.out.contains("config.toml: 1 error"), "{}{}", found.err, found.out);
    }
}

#[test]
fn what_looks_like_a_file_of_the_desk_and_is_not_read_is_told() {
    let scratch = desk("turns-strays");
    let dir = scratch.path();
    for name in ["rules/95-own.yaml", "rules/96-own.TOML", "templates/ack.md", "templates/en/ack.txt", "kb/own.html"] {
        write(dir, name, "x");
        let found = run(dir, &["check"]);
        assert!(found.code == 0 && found.err.contains(&format!("warning: {name}:1:1: is not read")), "{name}\n{}", found.err);
        std::fs::remove_file(dir.join(name)).unwrap();
    }
    for name in ["rules/README.md", "templates/en/readme.txt", "rules/.95-own.yaml", "rules/95-own.toml~"] {
        write(dir, name, "x");
        assert!(!run(dir, &["check"]).err.contains("is not read"), "{name}");
    }
}

#[test]
fn a_picture_of_a_line_stays_one_line_of_a_terminal() {
    let scratch = desk("turns-binary");
    let dir = scratch.path();
    write(dir, "config.toml", [b"\x1b[2J\x07".repeat(500), b"\xff".to_vec()].concat());
    let found = run(dir, &["check"]);
    assert!(found.err.contains("config.toml:1:2501: this is not UTF-8"), "{}", found.err);
    assert!(!found.err.contains(['\u{1b}', '\u{7}']) && found.err.lines().all(|line| line.chars().count() < 200), "{}", found.err);
    let found = run(dir, &["-c", ".", "check"]);
    assert!(found.err.contains("is a directory") && found.err.contains("-c ./config.toml"), "{}", found.err);
}

#[test]
fn a_newer_program_leaves_the_database_of_an_older_desk_that_runs() {
    let scratch = desk("turns-older");
    let dir = scratch.path();
    assert_eq!(run(dir, &["run", "--once"]).code, 0);
    let data = dir.join("data");
    let version = |set: Option<i64>| {
        let db = rusqlite::Connection::open(data.join("postdesk.db")).unwrap();
        if let Some(version) = set {
            db.pragma_update(None, "user_version", version).unwrap();
        }
        db.pragma_query_value(None, "user_version", |row| row.get::<_, i64>(0)).unwrap()
    };
    let newest = version(None);
    version(Some(newest - 1));
    let older_desk = DataLock::take(&data).unwrap().unwrap();
    for command in [&["status"][..], &["tickets", "list"], &["explain", "-"], &["outbox"]] {
        let refused = run_with(dir, command, b"From: a@b.test\nSubject: x\n\ny\n");
        assert!(refused.code == 1 && refused.err.contains("is an older Postdesk than this one: restart it first"), "{}", refused.err);
    }
    assert_eq!(run_with(dir, &["deliver"], b"From: a@b.test\nSubject: x\n\ny\n").code, 75);
    assert_eq!(version(None), newest - 1);
    version(Some(newest));
    assert_eq!(run(dir, &["status"]).code, 0, "beside a desk of the same version");
    drop(older_desk);
}

/// Writes the rules that ship.
fn shipped(dir: &Path) -> Vec<String> {
    let files = RuleSet::builtin_files();
    files.iter().for_each(|(name, text)| write(dir, name, text));
    files.into_iter().map(|(name, _)| name).collect()
}

#[test]
fn a_shipped_rule_file_may_be_taken_away() {
    let scratch = desk("turns-gone");
    let dir = scratch.path();
    for name in shipped(dir) {
        let file = dir.join(&name);
        let text = std::fs::read(&file).unwrap();
        std::fs::remove_file(&file).unwrap();
        let checked = run(dir, &["check"]);
        assert_eq!(checked.code, 0, "without {name}\n{}", checked.err);
        let doubts = checked.err.matches("warning: ").count();
        let explained = checked.err.matches(&format!("{} shipped beside this file and is gone", name.trim_start_matches("rules/"))).count();
        assert_eq!(doubts, explained, "without {name}\n{}", checked.err);
        std::fs::write(file, text).unwrap();
    }
    // With all of them here, an example that fails is the operator's own doing.
    write(dir, RULE, rule("{ words = [\"vpn\"] }", "{ category = \"hardware\", weight = 50 }"));
    assert_eq!(run(dir, &["check"]).code, 1);
}

#[test]
fn a_shipped_article_may_be_taken_away() {
    let scratch = desk("turns-article");
    let dir = scratch.path();
    shipped(dir);
    for (name, text) in postdesk::kb::BUILT_IN {
        let (id, _) = name.split_once('.').unwrap();
        assert!(text.contains(&format!("id = \"{id}\"\n")), "{name} is called by its id");
        write(dir, &format!("kb/{name}"), text);
    }
    assert_eq!(run(dir, &["check"]).err, "");
    for name in ["kb/door-card.en.md", "kb/door-card.zh.md"] {
        std::fs::remove_file(dir.join(name)).unwrap();
    }
    let checked = run(dir, &["check"]);
    assert!(checked.code == 0 && checked.err.matches("warning").count() == 3, "{}", checked.err);
    for place in ["rules/60-facility.toml:43:51", "kb/lost-device.en.md:20:61", "kb/lost-device.zh.md:20:26"] {
        assert!(checked.err.contains(&format!("warning: {place}: the article \"door-card\" is gone")), "{}", checked.err);
    }
    std::fs::remove_dir_all(dir.join("kb")).unwrap();
    std::fs::create_dir(dir.join("kb")).unwrap();
    let checked = run(dir, &["check"]);
    assert!(
        checked.code == 0 && checked.err.contains("holds no articles") && checked.err.matches("warning").count() == 1,
        "{}",
        checked.err
    );
    write(dir, RULE, rule("{ subject = \"x\" }", "{ kb = \"door-crad\" }"));
    assert!(run(dir, &["check"]).err.contains("there is no article `door-crad`"));
}

#[test]
fn one_broken_rule_file_is_one_complaint() {
    let scratch = desk("turns-one");
    let dir = scratch.path();
    for name in shipped(dir).into_iter().step_by(5) {
        let text = std::fs::read_to_string(dir.join(&name)).unwrap();
        for broken in [text.replacen("name = ", "name ", 1), text.replacen("when = ", "wen = ", 1)] {
            write(dir, &name, &broken);
            let checked = run(dir, &["check"]);
            let about: Vec<&str> = checked.err.lines().filter(|line| line.starts_with("rules/")).collect();
            assert!(!about.is_empty() && about.iter().all(|line| line.starts_with(&name)), "{name}\n{}", checked.err);
        }
        write(dir, &name, &text);
    }
}

#[test]
fn a_store_that_cannot_serve_says_what_to_do() {
    let scratch = desk("turns-store");
    let dir = scratch.path();
    let database = dir.join("data/postdesk.db");
    std::fs::create_dir(dir.join("data")).unwrap();
    let commands: [&[&str]; 4] = [&["tickets", "list"], &["status"], &["outbox"], &["run", "--once"]];
    let says = |words: &str| {
        for command in commands {
            let ended = run(dir, command);
            assert!(ended.code == 1 && ended.err.contains(words), "{command:?}: wanted {words}\n{}", ended.err);
            assert!(ended.err.contains("data/postdesk.db"), "{command:?}\n{}", ended.err);
        }
        let kept = run_with(dir, &["deliver"], b"Subject: x\n\ny\n");
        assert!(kept.code == 75 && kept.err.contains(words), "{}", kept.err);
    };
    std::fs::write(&database, [7_u8; 20_000]).unwrap();
    says("put a backup in its place");
    std::fs::remove_file(&database).unwrap();
    rusqlite::Connection::open(&database).unwrap().execute_batch("CREATE TABLE theirs (x)").unwrap();
    says("it is another program's database: move it away");
    std::fs::remove_dir_all(dir.join("data")).unwrap();
    std::fs::write(dir.join("data"), "").unwrap();
    write(dir, "config.toml", CONFIG.replacen("data = \"data\"", "", 1));
    let refused = run(dir, &["run", "--once"]);
    assert!(refused.code == 1 && refused.err.contains("a file stands where the directory should be"), "{}", refused.err);
}

#[test]
fn an_mta_keeps_the_mail_whatever_is_wrong_with_the_call() {
    let scratch = desk("turns-deliver");
    let dir = scratch.path();
    let mail = b"From: a@ext.test\nSubject: x\n\ny\n";
    for arguments in [
        &["deliver", "--mailbx", "support"][..],
        &["deliver", "more"],
        &["deliver", "--mailbox"],
        &["deliver", "--mailbox", "nobody"],
        &["-c", "nowhere.toml", "deliver"],
        &["--confg", "x", "deliver"],
    ] {
        let refused = run_with(dir, arguments, mail);
        assert!(refused.code == 75 && !refused.err.is_empty(), "{arguments:?}: {} {}", refused.code, refused.err);
    }
    assert_eq!(run(dir, &["deliver", "--help"]).code, 0);
    assert_eq!(run(dir, &["run", "--onec"]).code, 2);
}

#[test]
fn wrong_arguments_are_answered_with_the_right_ones() {
    let scratch = desk("turns-arguments");
    let dir = scratch.path();
    run_with(dir, &["deliver"], b"From: a@ext.test\nSubject: x\n\ny\n");
    for (arguments, code, words) in [
        ("frobnicate", 2, "try '--help'"),
        ("chekc", 2, "'check'"),
        ("tickets show abc", 2, "such as 1042 or #1042"),
        ("tickets show 99", 1, "`postdesk tickets list` shows what there is"),
        ("tickets list --status opn", 2, "one of new, open, waiting, resolved, closed"),
        ("tickets list --limit 0", 2, "a whole number from 1"),
        ("outbox show 99", 1, "`postdesk outbox list --all` shows what there is"),
        ("outbox show x", 2, "a number of the list, such as 17"),
        ("quarantine show 99", 1, "`postdesk quarantine list`"),
        ("summary nothing --preview -", 1, "there is daily"),
        ("import nowhere", 1, "reading nowhere: No such file"),
        ("import config.toml", 1, "it holds no mail: it begins neither with \"From \""),
        ("import --since yesterday config.toml", 2, "a day such as 2026-01-31"),
        ("import --mailbox x config.toml", 1, "there is no mailbox x; there is support"),
        ("explain in", 1, "name the mails in it, such as in/*.eml"),
        ("kb search vpn --lang de", 1, "there are some in en, zh"),
        ("kb build in", 1, "name an empty directory"),
        ("rules eval config.toml", 1, "one JSON object a line is wanted"),
        ("rules eval --rules in config.toml", 1, "name a directory that holds rule files"),
        ("man nothing", 1, "there are demo, init, check"),
        ("init fresh", 2, "--address, --imap, --smtp, --agent"),
        ("-c nowhere.toml run", 1, "postdesk init DIR  lays out a new desk"),
    ] {
        let words_of = |text: &str| text.split(' ').map(str::to_owned).collect::<Vec<_>>();
        let arguments = words_of(arguments);
        let ended = run(dir, &arguments.iter().map(String::as_str).collect::<Vec<_>>());
        assert!(ended.code == code && ended.err.contains(words), "{arguments:?}: wanted {code}, {words}\n{} {}", ended.code, ended.err);
    }
}

#[test]
fn remedies_can_be_typed_where_a_path_has_blanks() {
    let scratch = desk("turns blanks");
    let dir = scratch.path();
    write(dir, "config.toml", CONFIG.replacen("data = \"data\"", "data = \"the data\"", 1));
    run_with(dir, &["deliver"], b"From: a@ext.test\nSubject: x\n\ny\n");
    let key = dir.join("the data/key");
    std::fs::set_permissions(&key, std::fs::Permissions::from_mode(0o644)).unwrap();
    let checked = run(dir, &["check"]);
    let remedy = checked.err.lines().find_map(|line| line.split_once("type  ")).unwrap().1.to_owned();
    assert_eq!(remedy, "chmod 600 'the data/key'");
    assert!(std::process::Command::new("sh").args(["-c", &remedy]).current_dir(dir).status().unwrap().success());
    assert_eq!(run(dir, &["check"]).err, "");
}

#[test]
fn of_a_mail_over_the_limit_the_header_is_explained() {
    let scratch = desk("turns-large");
    let dir = scratch.path();
    write(dir, "config.toml", CONFIG.replacen("[limits]", "[limits]\nmessage_size = \"1MB\"", 1));
    for (size, template) in [(1 << 19, "ack"), (3 << 20, "too_large")] {
        let mail = format!("From: a@ext.test\nSubject: VPN down\n\n{}\n", "words ".repeat(size / 6));
        write(dir, "large.eml", &mail);
        let (file, piped) = (run(dir, &["explain", "large.eml"]), run_with(dir, &["explain", "-"], mail.as_bytes()));
        for explained in [file, piped] {
            assert!(explained.out.contains(&format!("would send {template} to a@ext.test")), "{size}\n{}{}", explained.out, explained.err);
        }
    }
}

#[test]
fn a_mail_that_its_server_does_not_give_out_is_told_with_what_is_known_of_it() {
    let scratch = desk("turns-withheld");
    let dir = scratch.path();
    let folder = Folder { host: "mail.test".into(), user: "support@desk.test".into(), folder: "INBOX".into() };
    let place = Place { folder: folder.clone(), uidvalidity: 7, uid: 42, name: String::new() };
    let at = "2026-12-01T01:30:00Z".parse().unwrap();
    let header = "From: a@ext.test\r\nSubject: VPN down\r\n\r\n".to_owned();
    let why = "the server answered UID FETCH with NO: cannot parse".to_owned();
    let mail = Withheld { mailbox: "support".into(), place: place.clone(), at, size: 4711, why, header };
    {
        let mut store = postdesk::store::open(&dir.join("data")).unwrap();
        assert!(store.enqueue(&Withheld::key(&place), at, &Note::Withheld(mail.clone())).unwrap());
        assert!(!store.enqueue(&Withheld::key(&place), at, &Note::Withheld(mail)).unwrap(), "it is told once");
        store.flush().unwrap();
    }
    // The desk decides what waits, and the mail after it goes on.
    run_with(dir, &["deliver"], b"From: b@ext.test\nSubject: printer\n\ny\n");
    let listed = run(dir, &["quarantine", "list", "--json"]);
    let row = &listed.rows()[0];
    assert_eq!((listed.code, &row["size"], &row["withheld"]), (1, &4711.into(), &true.into()));
    let why = row["why"].as_str().unwrap();
    for words in ["support@desk.test at mail.test does not give out the mail with UID 42 in INBOX", "cannot parse", "Subject: VPN down"] {
        assert!(why.contains(words), "{why}");
    }
    let number = row["id"].to_string();
    assert!(run(dir, &["status"]).out.contains("quarantine   1;"));
    assert!(run(dir, &["quarantine", "show", &number]).out.starts_with("From: a@ext.test"));
    let retried = run(dir, &["quarantine", "retry", &number]);
    assert!(retried.code == 1 && retried.err.contains("asks for it again each hour"), "{}", retried.err);
    let told = run(dir, &["outbox", "list", "--json"]);
    let told = told.rows().into_iter().find(|row| row["template"] == "quarantined").expect("the operator is told");
    let words = run(dir, &["outbox", "show", &told["envelope"].to_string()]).out;
    assert!(words.contains("asks for it again each hour") && !words.contains("quarantine retry"), "{words}");
    // It was received after all.
    let mut store = postdesk::store::open(&dir.join("data")).unwrap();
    assert_eq!(store.withheld(&folder).unwrap(), std::slice::from_ref(&place));
    let elsewhere = Folder { folder: "Alerts".into(), ..folder.clone() };
    assert!(store.withheld(&elsewhere).unwrap().is_empty());
    store.no_more_withheld(&place, at).unwrap();
    store.flush().unwrap();
    assert!(store.withheld(&folder).unwrap().is_empty() && store.quarantined().unwrap().is_empty());
}
