//! A whole policy on disk: loaded, broken in one place, changed, mended.

use std::fs;
use std::path::PathBuf;

use super::*;

/// A directory of its own that goes away with the test.
struct Dir(PathBuf);

impl Dir {
    fn new(name: &str) -> Dir {
        let path = std::env::temp_dir().join(format!("postdesk-policy-{name}-{}", std::process::id()));
        let _ = fs::remove_dir_all(&path);
        fs::create_dir_all(&path).unwrap();
        let dir = Dir(path);
        dir.write("config.toml", NO_CONFIG);
        dir
    }

    fn write(&self, name: &str, text: &str) {
        let path = self.0.join(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    }

    fn config(&self) -> PathBuf {
        self.0.join("config.toml")
    }
}

impl Drop for Dir {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}

fn shown(complaints: &[Complaint]) -> String {
    complaints.iter().map(Complaint::to_string).collect::<Vec<_>>().join("\n")
}

const RULE: &str = "[[rule]]\nname = \"vpn\"\nwhen = { subject = [\"vpn\"] }\nthen = { category = \"network\", kb = [\"vpn-setup\"] }\n";

#[test]
fn what_is_built_in_is_sound() {
    let loaded = builtin().unwrap_or_else(|wrong| panic!("{}", shown(&wrong)));
    assert_eq!(loaded.policy.articles.len(), crate::kb::BUILT_IN.len());
    assert_eq!(loaded.policy.key, Key::unset());
    assert_eq!(loaded.policy.fingerprint.len(), 16);
    assert_eq!(shown(&loaded.policy.rules.run_examples()), "");
    assert_eq!(loaded.policy.article("vpn-setup", "zh").unwrap().language, "zh");
    assert!(!loaded.snapshot.changed_since());
}

#[test]
fn loading_writes_nothing_and_preparing_makes_the_key() {
    let dir = Dir::new("key");
    assert_eq!(load(&dir.config()).unwrap().policy.key, Key::unset());
    assert!(shown(&reload(&dir.config(), "").unwrap_err()).contains("the desk's key is gone"));
    assert_eq!(fs::read_dir(&dir.0).unwrap().count(), 1);
    let key = prepare(&dir.config()).unwrap().policy.key.clone();
    assert!(!key.is_unset());
    assert_eq!(prepare(&dir.config()).unwrap().policy.key, key);
    assert_eq!(reload(&dir.config(), "").unwrap().policy.key, key);
    dir.write("data/key", "damaged");
    assert!(shown(&load(&dir.config()).unwrap_err()).contains("restore the file from a backup"));
}

#[test]
fn one_bad_file_keeps_all_from_going_live() {
    for (name, text, words) in [
        ("rules/10.toml", RULE.replace("network", "netwrok"), "rules/10.toml:4:"),
        ("rules/10.toml", RULE.replace("vpn-setup", "vpn-stup"), "vpn-setup"),
        ("rules/10.toml", "[[rule]\n".to_owned(), "rules/10.toml:1:"),
        ("kb/a.md", "no head".to_owned(), "kb/a.md:1:1: the article has no head"),
        ("config.toml", "[desk]\n".to_owned(), "there is no mailbox"),
        ("config.toml", format!("{NO_CONFIG}\n[[category]]\nid = \"x\"\nplaybook = \"vpn-step\"\n"), "did you mean \"vpn-setup\"?"),
    ] {
        let dir = Dir::new("bad");
        dir.write(name, &text);
        let wrong = shown(&load(&dir.config()).expect_err(words));
        assert!(wrong.contains(words), "wanted {words}\n{wrong}");
        assert!(wrong.contains(&dir.0.display().to_string()), "the operator finds the file:\n{wrong}");
        assert_eq!(shown(&check(&dir.config()).errors), wrong);
    }
}

#[test]
fn a_template_that_fails_keeps_all_from_going_live() {
    let dir = Dir::new("template");
    dir.write("templates/en/ack.md", "Subject: {{nonsense}}\n\n{{nonsense}}\n");
    let wrong = shown(&load(&dir.config()).unwrap_err());
    assert!(wrong.contains("ack.md"), "{wrong}");
}

#[test]
fn an_acknowledgment_that_a_rule_names_must_be_there() {
    let dir = Dir::new("variant");
    dir.write("templates/en/ack-outage.md", "Subject: {{ticket.tag}}\n\nWe know of it.\n");
    dir.write("rules/10.toml", &RULE.replace("kb = [\"vpn-setup\"]", "template = \"ack-outage\""));
    let loaded = load(&dir.config()).unwrap_or_else(|wrong| panic!("{}", shown(&wrong)));
    assert!(shown(&loaded.warnings).contains("templates/zh/ack-outage.md"), "{}", shown(&loaded.warnings));
    dir.write("templates/zh/ack-outage.md", "Subject: {{ticket.tag}}\n\n已知故障。\n");
    assert!(!shown(&load(&dir.config()).unwrap().warnings).contains("ack-outage"));
    dir.write("rules/10.toml", &RULE.replace("kb = [\"vpn-setup\"]", "template = \"ack-outgae\""));
    let wrong = shown(&load(&dir.config()).unwrap_err());
    assert!(wrong.contains("rules/10.toml:4:") && wrong.contains("did you mean `ack-outage`?"), "{wrong}");
}

#[test]
fn check_runs_the_examples_of_the_rules() {
    let dir = Dir::new("examples");
    dir.write("rules/10.toml", &format!("{RULE}\n[[example]]\nsubject = \"VPN down\"\nexpect = {{ category = \"hardware\" }}\n"));
    assert!(load(&dir.config()).is_ok());
    let found = check(&dir.config());
    assert!(shown(&found.errors).contains("rules/10.toml:"), "{}", shown(&found.errors));
    dir.write("rules/10.toml", &format!("{RULE}\n[[example]]\nsubject = \"VPN down\"\nexpect = {{ category = \"network\" }}\n"));
    assert_eq!(shown(&check(&dir.config()).errors), "");
}

#[test]
fn a_reload_takes_no_rules_whose_own_examples_fail() {
    let dir = Dir::new("reload");
    let with = |category: &str| format!("{RULE}\n[[example]]\nsubject = \"VPN down\"\nexpect = {{ category = \"{category}\" }}\n");
    dir.write("rules/10.toml", &with("network"));
    let live = prepare(&dir.config()).unwrap().policy.fingerprint.clone();
    assert!(reload(&dir.config(), &live).is_ok());
    dir.write("rules/10.toml", &with("hardware"));
    let wrong = shown(&reload(&dir.config(), &live).unwrap_err());
    assert!(wrong.contains("rules/10.toml:8:23: this example expects category hardware, but gets network"), "{wrong}");
    // A desk that started with such rules takes a new key all the same.
    let live = load(&dir.config()).unwrap().policy.fingerprint.clone();
    key::rotate(&dir.0.join("data")).unwrap();
    assert!(reload(&dir.config(), &live).is_ok());
    dir.write("rules/10.toml", &with("network"));
    assert!(reload(&dir.config(), &live).is_ok());
}

#[test]
fn a_language_that_no_template_speaks_is_worth_a_word() {
    let dir = Dir::new("language");
    dir.write("config.toml", &format!("{NO_CONFIG}\n[desk]\nlanguage = \"fr\"\n[operator]\nlanguage = \"zh-tw\"\n"));
    let doubts = shown(&load(&dir.config()).unwrap_or_else(|wrong| panic!("{}", shown(&wrong))).warnings);
    assert!(doubts.contains("config.toml:7:12: no template is written in \"fr\": English serves"), "{doubts}");
    assert_eq!(doubts.matches("no template").count(), 1, "{doubts}");
    dir.write("templates/fr/ack.md", "Subject: {{ticket.tag}}\n\nBonjour.\n");
    assert_eq!(shown(&load(&dir.config()).unwrap().warnings).matches("no template").count(), 0);
}

#[test]
fn the_fingerprint_follows_every_file() {
    let dir = Dir::new("fingerprint");
    let mut seen = vec![load(&dir.config()).unwrap().policy.fingerprint.clone()];
    assert_eq!(load(&dir.config()).unwrap().policy.fingerprint, seen[0]);
    for (name, text) in [
        ("rules/10.toml", RULE.to_owned()),
        ("rules/11.toml", RULE.replace("\"vpn\"\n", "\"vpn2\"\n")),
        ("kb/vpn-setup.en.md", include_str!("../../kb/vpn-setup.en.md").to_owned()),
        ("config.toml", format!("{NO_CONFIG}# changed\n")),
    ] {
        dir.write(name, &text);
        let loaded = load(&dir.config()).unwrap_or_else(|wrong| panic!("{}", shown(&wrong)));
        assert!(!seen.contains(&loaded.policy.fingerprint), "{name}");
        seen.push(loaded.policy.fingerprint.clone());
    }
    fs::rename(dir.0.join("rules/11.toml"), dir.0.join("rules/12.toml")).unwrap();
    assert!(!seen.contains(&load(&dir.config()).unwrap().policy.fingerprint));
}

#[test]
fn changes_are_seen_once() {
    let dir = Dir::new("snapshot");
    let mut seen = load(&dir.config()).unwrap().snapshot;
    assert!(!seen.changed_since());
    let remove = |name: &str| fs::remove_file(dir.0.join(name)).unwrap();
    let steps: [&dyn Fn(); 9] = [
        &|| fs::create_dir(dir.0.join("rules")).unwrap(),
        &|| dir.write("rules/10.toml", RULE),
        &|| dir.write("rules/10.toml", &RULE.replace("network", "hardware")),
        &|| dir.write("templates/en/ack.md", "x"),
        &|| dir.write("kb/a.md", "x"),
        &|| remove("kb/a.md"),
        &|| key::ensure(&dir.0.join("data")).unwrap(),
        &|| key::rotate(&dir.0.join("data")).map(drop).unwrap(),
        &|| remove("config.toml"),
    ];
    for (at, step) in steps.iter().enumerate() {
        step();
        seen = seen.changed().unwrap_or_else(|| panic!("step {at}"));
        assert!(!seen.changed_since(), "step {at}");
    }
    for (name, text) in [("rules/.#10.toml", "x"), ("rules/10.toml~", "x"), ("rules/README", "x")] {
        dir.write(name, text);
        assert!(!seen.changed_since(), "{name} is no rule file");
    }
}

#[test]
fn other_files_than_text_are_told() {
    let dir = Dir::new("bytes");
    fs::write(dir.config(), b"[desk]\nname = \"\xb9\xa4\xb5\xa5\"\n").unwrap();
    let wrong = shown(&load(&dir.config()).unwrap_err());
    assert!(wrong.contains("config.toml:2:9: this is not UTF-8") && wrong.contains("2 | name = "), "{wrong}");
    fs::write(dir.config(), b"[desk]\npassword = \"hunter2\xb9\"\n").unwrap();
    let wrong = shown(&load(&dir.config()).unwrap_err());
    assert!(wrong.contains("config.toml:2:20:") && !wrong.contains("hunter2"), "{wrong}");
    fs::remove_file(dir.config()).unwrap();
    assert!(shown(&load(&dir.config()).unwrap_err()).contains("postdesk init"));
    dir.write("config.toml", NO_CONFIG);
    fs::create_dir(dir.0.join("rules")).unwrap();
    assert!(shown(&load(&dir.config()).unwrap().warnings).contains("no ticket is classified"));
}
