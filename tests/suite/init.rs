//! `postdesk init`: what it lays out is sound at once, and takes nothing from anybody.

use std::io::Write;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::process::{Command, Stdio};

use clap::Parser;
use postdesk::cli::Arguments;

use crate::common::Scratch;
use crate::docs::{call, code};

/// How a run ended.
struct Run {
    code: i32,
    out: String,
    err: String,
}

/// Runs the program where a shell finds it by its name.
fn postdesk(dir: &Path, arguments: &[&str]) -> Run {
    let program = Path::new(env!("CARGO_BIN_EXE_postdesk"));
    let output = Command::new(program)
        .args(arguments)
        .current_dir(dir)
        .env("PATH", program.parent().unwrap())
        .env("USER", "desk")
        .env("LANG", "C.UTF-8")
        .env_remove("LC_ALL")
        .env("POSTDESK_PASSWORD", "secret")
        .stdin(Stdio::null())
        .output()
        .unwrap();
    let text = |bytes: Vec<u8>| String::from_utf8(bytes).unwrap();
    Run { code: output.status.code().unwrap(), out: text(output.stdout), err: text(output.stderr) }
}

const LI: &str = "li,Li Wei,li@example.com,lead";
const WANG: &str = "wang,王芳,wang@example.com";

/// What `init` was told, and a line that the config must then have.
const DESKS: &[(&[&str], &str)] = &[
    (&["--address", "it@qq.com", "--agent", LI], "host = \"smtp.qq.com\""),
    (&["--address", "it@qq.com", "--language", "zh", "--agent", LI, "--agent", WANG], "name = \"IT 服务台\""),
    (
        &[
            "--address", "support@example.com", "--imap", "imap.example.com:143", "--smtp", "[::1]:587", "--user", "support", "--agent",
            WANG, "--password-file", "desk/the password", "--timezone", "Asia/Shanghai", "--name", "A \"fine\" desk",
        ],
        "password_file = \"the password\"",
    ),
    (
        &[
            "--address", "support@example.com", "--maildir", "mail box", "--smtp", "localhost", "--language", "zh", "--agent", LI,
            "--agent", WANG,
        ],
        "kind = \"maildir\"",
    ),
];

#[test]
fn what_it_lays_out_is_sound_at_once() {
    for (index, (flags, line)) in DESKS.iter().enumerate() {
        let scratch = Scratch::new(&format!("init-{index}"));
        let dir = scratch.path();
        for folder in ["new", "cur", "tmp"] {
            std::fs::create_dir_all(dir.join("mail box").join(folder)).unwrap();
        }
        let laid = postdesk(dir, &[&["init", "desk"], *flags].concat());
        assert_eq!(laid.code, 0, "{flags:?}\n{}{}", laid.out, laid.err);
        let desk = dir.join("desk");
        let password = desk.join("the password");
        std::fs::write(&password, "secret\n").unwrap();
        std::fs::set_permissions(&password, std::fs::Permissions::from_mode(0o600)).unwrap();
        let config = std::fs::read_to_string(desk.join("config.toml")).unwrap();
        assert!(config.lines().any(|l| l == *line), "{config}");
        for kind in ["rules", "templates/en", "templates/zh", "kb"] {
            let [here, shipped] = [desk.join(kind), Path::new(env!("CARGO_MANIFEST_DIR")).join(kind)];
            let files = |dir: &Path| std::fs::read_dir(dir).unwrap().filter(|e| e.as_ref().unwrap().path().is_file()).count();
            assert_eq!(files(&here), files(&shipped), "{kind}");
        }
        let checked = postdesk(&desk, &["check"]);
        assert_eq!((checked.code, checked.out.as_str()), (0, "config.toml: sound\n"), "{config}\n{}", checked.err);
        the_first_steps_can_be_taken(&desk);
        the_unit_knows_its_place(&desk);
        a_password_survives_the_first_steps(&desk);
    }
}

/// Every command of the page is understood, and every file that it names is there.
fn the_first_steps_can_be_taken(desk: &Path) {
    let chinese = desk.join("入门.md");
    let page = std::fs::read_to_string(if chinese.exists() { chinese } else { desk.join("FIRST-STEPS.md") }).unwrap();
    let calls: Vec<Vec<String>> = code(&page).iter().filter_map(|(_, line)| call(line)).collect();
    assert!(calls.len() >= 5, "{page}");
    for words in calls {
        let understood = Arguments::try_parse_from(std::iter::once("postdesk".to_owned()).chain(words.clone()));
        assert!(understood.is_ok(), "{words:?}");
    }
    assert!(page.contains(&format!("cd {}", desk.display())), "{page}");
    for file in ["rules/", "templates/", "kb/", "config.toml", "postdesk.service"] {
        assert!(page.contains(file) && desk.join(file).exists(), "{file}");
    }
    let left = ["{address}", "{dir}", "{postdesk}", "{note}", "{password}", "{user}", "{service_user}", "{backup}"]
        .into_iter()
        .find(|name| page.contains(name));
    assert_eq!(left, None);
    let backup = format!("{}-backup/postdesk.db", desk.display());
    assert!(page.contains(&backup) && page.contains("cp data/key ") && page.contains("kb_url = "), "{page}");
    // The tests' user is one who is there; the service of root gets a user of its own.
    assert_eq!(page.contains("sudo useradd"), page.contains("`postdesk`，") || page.contains("user `postdesk`"), "{page}");
}

/// What the page has a shell do with a password gives it back, whatever stands in it.
fn a_password_survives_the_first_steps(desk: &Path) {
    let chinese = desk.join("入门.md");
    let page = std::fs::read_to_string(if chinese.exists() { chinese } else { desk.join("FIRST-STEPS.md") }).unwrap();
    let lines: Vec<&str> = page.lines().filter(|line| line.contains("password.env") && line.starts_with("    ")).collect();
    let [write, read] = lines.as_slice() else { return assert!(lines.is_empty(), "{lines:?}") };
    let variable = read_variable(write);
    for password in ["secret", "a'b\"c$d\\e`f", "授权码 #!%"] {
        let script = format!("{write}\n{read}\nprintf %s \"${variable}\"\nrm password.env\n");
        let mut shell =
            Command::new("bash").args(["-c", &script]).current_dir(desk).stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
        writeln!(shell.stdin.take().unwrap(), "{password}").unwrap();
        assert_eq!(String::from_utf8(shell.wait_with_output().unwrap().stdout).unwrap(), password, "{write}");
    }
}

fn read_variable(line: &str) -> &str {
    line.split_once("printf '").and_then(|(_, rest)| rest.split_once('=')).unwrap().0
}

fn the_unit_knows_its_place(desk: &Path) {
    let unit = std::fs::read_to_string(desk.join("postdesk.service")).unwrap();
    let config = desk.join("config.toml");
    assert!(unit.contains(&format!("ExecStart={} -c {} run", env!("CARGO_BIN_EXE_postdesk"), config.display())), "{unit}");
    assert!(unit.contains(&format!("ReadWritePaths={}", desk.display())) && unit.contains("User=desk\n"), "{unit}");
    // The scratch directory lies in /tmp, which PrivateTmp would hide.
    assert_eq!(unit.contains("PrivateTmp=no"), desk.starts_with("/tmp"), "{unit}");
}

#[test]
fn nothing_is_overwritten() {
    let scratch = Scratch::new("init-kept");
    let dir = scratch.path();
    let flags = ["--address", "it@qq.com", "--agent", LI];
    std::fs::create_dir(dir.join("desk")).unwrap();
    assert_eq!(postdesk(dir, &[&["init", "desk"], &flags[..]].concat()).code, 0, "an empty directory will do");
    let again = postdesk(dir, &[&["init", "desk"], &flags[..]].concat());
    assert_eq!(again.code, 1, "{}", again.out);
    assert!(again.err.contains("is not empty") && again.err.contains("postdesk init --add "), "{}", again.err);

    let desk = dir.join("desk");
    let edited = std::fs::read_to_string(desk.join("rules/10-hardware.toml")).unwrap() + "# ours\n";
    std::fs::write(desk.join("rules/10-hardware.toml"), &edited).unwrap();
    std::fs::remove_file(desk.join("rules/20-network.toml")).unwrap();
    std::fs::remove_file(desk.join("FIRST-STEPS.md")).unwrap();
    // What is there already says everything: no flag is needed.
    let added = postdesk(dir, &["init", "--add", "desk"]);
    assert_eq!(added.code, 0, "{}{}", added.out, added.err);
    assert!(added.out.contains("desk: rule files, FIRST-STEPS.md written; "), "{}", added.out);
    assert_eq!(std::fs::read_to_string(desk.join("rules/10-hardware.toml")).unwrap(), edited);
    assert!(desk.join("rules/20-network.toml").exists());
    let complete = postdesk(dir, &["init", "--add", "desk"]);
    assert!(complete.out.contains("desk: nothing was missing; "), "{}", complete.out);
}

#[test]
fn where_nobody_can_be_asked_what_is_missing_is_named() {
    let scratch = Scratch::new("init-missing");
    for (flags, code, words) in [
        (&["--address", "support@example.com"][..], 2, "this is not said: --imap, --smtp, --agent; see"),
        (&["--address", "support@example.com", "--maildir", "in", "--imap", "x"], 2, "cannot be used with"),
        (&["--address", "support"], 2, "write it as \"support@example.com\""),
        (&["--address", "it@qq.com", "--agent", "li"], 2, "write HANDLE,NAME,ADDRESS"),
        (&["--address", "it@qq.com", "--timezone", "Asia/Beijing"], 2, "did you mean \"Asia/Shanghai\"?"),
        (&["--address", "it@qq.com", "--agent", LI, "--agent", LI], 1, "handle"),
        (&["--address", "it@x.test", "--imap", "h", "--smtp", "mx.x.test", "--smtp-tls", "none", "--agent", LI], 1, "clear text"),
    ] {
        let refused = postdesk(scratch.path(), &[&["init", "desk"], flags].concat());
        assert_eq!(refused.code, code, "{flags:?}\n{}{}", refused.out, refused.err);
        assert!(refused.err.contains(words), "{flags:?}\n{}", refused.err);
        assert!(!scratch.path().join("desk").exists(), "{flags:?}");
    }
}
