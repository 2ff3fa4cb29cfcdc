//! Signals that come while the daemon still starts.

use std::fs::{self, File};
use std::process::Command;
use std::time::{Duration, Instant};

use postdesk::store::lock::DataLock;

use crate::cli::desk;

/// Looks until it is so.
fn eventually(what: &str, mut so: impl FnMut() -> bool) {
    let start = Instant::now();
    while !so() {
        assert!(start.elapsed() < Duration::from_secs(60), "{what}");
        std::thread::sleep(Duration::from_millis(5));
    }
}

/// SIGHUP, SIGINT and SIGTERM: bits of `SigCgt`, proc(5).
const HEARD: u64 = (1 << 0) | (1 << 1) | (1 << 14);

/// Does the process listen to them, so that none ends it?
fn listens(pid: u32) -> bool {
    let status = fs::read_to_string(format!("/proc/{pid}/status")).unwrap_or_default();
    let caught = status.lines().find_map(|line| line.strip_prefix("SigCgt:")).and_then(|mask| u64::from_str_radix(mask.trim(), 16).ok());
    caught.is_some_and(|mask| mask & HEARD == HEARD)
}

#[test]
fn a_signal_that_comes_before_the_desk_is_open_is_heard_when_it_is() {
    let scratch = desk("early-signals");
    let log = scratch.path().join("log");
    let logged = |words: &str| fs::read_to_string(&log).unwrap_or_default().contains(words);
    // Whoever holds the lock keeps the desk from being opened.
    let lock = DataLock::take(&scratch.path().join("data")).unwrap().expect("nobody works there");
    let mut child = Command::new(env!("CARGO_BIN_EXE_postdesk"))
        .arg("run")
        .current_dir(scratch.path())
        .env_remove("POSTDESK_LOG")
        .stderr(File::create(&log).unwrap())
        .spawn()
        .unwrap();
    let pid = child.id();
    let send = |signal: &str| assert!(Command::new("kill").args([signal, &pid.to_string()]).status().unwrap().success());
    eventually("it listens", || listens(pid));
    assert!(!logged("the desk is open"));
    send("-HUP");
    drop(lock);
    eventually("it reloads", || logged("the files were reloaded"));
    send("-TERM");
    assert!(child.wait().unwrap().success(), "{}", fs::read_to_string(&log).unwrap());
    assert!(logged("the desk is closed"));
}
