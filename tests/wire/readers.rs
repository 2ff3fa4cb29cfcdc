//! What others make of our mails: a letter with Chinese names, subject and file name, as neomutt and CPython's email package read it.
//!
//! The letter is the golden one, which `tests/suite/goldens.rs` holds against what the desk composes.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

const FROM: &str = "李伟（IT 服务台） <support@desk.example>";
const TO: &str = "王芳 <alice@example.com>";
const CC: &str = "陈，经理 <bob@example.com>";
const SUBJECT: &str = "Re: [#1042] VPN 每小时断线";
const FILE: &str = "断线截图（第 2 张）.png";
const WORDS: &str = "王芳您好：\n\n请从 https://kb.example.com/vpn-setup 下载新版客户端。";

fn letter() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/goldens/zh-with-file.eml")
}

#[test]
fn neomutt_reads_chinese_names_subject_and_files() {
    let home = std::env::temp_dir().join(format!("postdesk-readers-{}", std::process::id()));
    for folder in ["cur", "new", "tmp"] {
        std::fs::create_dir_all(home.join("box").join(folder)).unwrap();
    }
    std::fs::copy(letter(), home.join("box/new/1.letter")).unwrap();
    let settings = "set charset=utf-8 mbox_type=Maildir folder=. tmpdir=. sleep_time=0 beep=no wait_key=no help=no quit=yes pipe_decode=yes\n\
                    set header_cache='' move=no\n\
                    push '<pipe-message>cat >shown<enter><view-attachments><last-entry><save-entry><enter><exit><quit>'\n";
    std::fs::write(home.join("rc"), settings).unwrap();
    // neomutt wants a terminal; script lends it one.
    let run = Command::new("timeout")
        .args(["-k", "2", "20", "script", "-qec", "neomutt -n -F rc -f box", "/dev/null"])
        .current_dir(&home)
        .env("HOME", &home)
        .envs([("LC_ALL", "C.UTF-8"), ("TERM", "xterm"), ("LINES", "24"), ("COLUMNS", "100")])
        .stdin(Stdio::null())
        .output()
        .unwrap();
    let shown = std::fs::read_to_string(home.join("shown")).unwrap_or_default().replace('\r', "");
    let saved = std::fs::read(home.join(FILE));
    std::fs::remove_dir_all(&home).unwrap();
    for line in
        [format!("From: {FROM}\n"), format!("To: {TO}\n"), format!("Cc: {CC}\n"), format!("Subject: {SUBJECT}\n"), format!("\n{WORDS}\n")]
    {
        assert!(shown.contains(&line), "{line:?} is not in what neomutt shows:\n{shown}\n{}", String::from_utf8_lossy(&run.stdout));
    }
    assert_eq!(saved.ok().as_deref(), Some(&b"\x89PNG\r\n"[..]), "the file is not saved under its name");
}

#[test]
fn cpythons_email_package_reads_chinese_names_subject_and_files() {
    let script = "import email, email.policy, sys\n\
                  mail = email.message_from_bytes(open(sys.argv[1], 'rb').read(), policy=email.policy.default)\n\
                  people = [str(a) for name in ('from', 'to', 'cc') for a in mail[name].addresses]\n\
                  file, = mail.iter_attachments()\n\
                  words = mail.get_body(('plain',)).get_content().replace('\\r', '')\n\
                  told = people + [mail['subject'], file.get_filename(), file.get_content().hex(), words]\n\
                  sys.stdout.buffer.write('\\0'.join(told).encode())\n\
                  assert not mail.defects, mail.defects\n";
    let run = Command::new("python3").args(["-c", script]).arg(letter()).output().unwrap();
    assert!(run.status.success(), "{}", String::from_utf8_lossy(&run.stderr));
    let told = String::from_utf8(run.stdout).unwrap();
    let told: Vec<&str> = told.split('\0').collect();
    let (words, facts) = told.split_last().unwrap();
    assert_eq!(facts, [FROM, TO, CC, SUBJECT, FILE, "89504e470d0a"]);
    assert!(words.starts_with(WORDS), "{words}");
}
