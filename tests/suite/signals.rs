//! Signals that come while the daemon still starts.

use std::fs::{self, OpenOptions};
use std::io::{BufRead, BufReader, Write};
use std::process::{ChildStderr, Command, Stdio};
use std::sync::mpsc::{self, Receiver};
use std::thread;
use std::time::Duration;

use crate::cli::desk;

/// No step takes so long, unless it never comes.
const BOUND: Duration = Duration::from_secs(60);

/// SIGHUP, SIGINT and SIGTERM: bits of `SigCgt`, proc(5).
const HEARD: u64 = (1 << 0) | (1 << 1) | (1 << 14);

/// Does the process listen to them, so that none ends it?
fn listens(pid: u32) -> bool {
    let status = fs::read_to_string(format!("/proc/{pid}/status")).unwrap();
    let caught = status.lines().find_map(|line| line.strip_prefix("SigCgt:")).and_then(|mask| u64::from_str_radix(mask.trim(), 16).ok());
    caught.is_some_and(|mask| mask & HEARD == HEARD)
}

/// What a daemon logs.
struct Log {
    lines: Receiver<String>,
    seen: Vec<String>,
}

impl Log {
    fn of(stderr: ChildStderr) -> Log {
        let (sender, lines) = mpsc::channel();
        thread::spawn(move || BufReader::new(stderr).lines().map_while(Result::ok).try_for_each(|line| sender.send(line)));
        Log { lines, seen: Vec::new() }
    }

    /// Waits for a line with these words.
    fn wait(&mut self, words: &str) {
        while !self.seen.iter().any(|line| line.contains(words)) {
            match self.lines.recv_timeout(BOUND) {
                Ok(line) => self.seen.push(line),
                Err(error) => panic!("{words}: {error}\n{}", self.seen.join("\n")),
            }
        }
    }
}

#[test]
fn a_signal_that_comes_before_the_desk_is_open_is_heard_when_it_is() {
    let scratch = desk("early-signals");
    // A pipe in the config's place: whoever opens it has begun to read, and reads no further until something is written.
    let (config, aside) = (scratch.path().join("config.toml"), scratch.path().join("aside.toml"));
    fs::rename(&config, &aside).unwrap();
    assert!(Command::new("mkfifo").arg(&config).status().unwrap().success());
    let mut child = Command::new(env!("CARGO_BIN_EXE_postdesk"))
        .arg("run")
        .current_dir(scratch.path())
        .env_remove("POSTDESK_LOG")
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let mut log = Log::of(child.stderr.take().unwrap());
    let (opened, opening) = mpsc::channel();
    let pipe = config.clone();
    thread::spawn(move || opened.send(OpenOptions::new().write(true).open(pipe)));
    let mut pipe = opening.recv_timeout(BOUND).expect("it reads its config").unwrap();

    let pid = child.id();
    assert!(listens(pid));
    let send = |signal: &str| assert!(Command::new("kill").args([signal, &pid.to_string()]).status().unwrap().success());
    send("-HUP");
    assert!(log.lines.try_recv().is_err(), "the desk is not open yet");
    let text = fs::read(&aside).unwrap();
    fs::rename(&aside, &config).unwrap();
    pipe.write_all(&text).unwrap();
    drop(pipe);
    log.wait("the desk is open");
    log.wait("the files were reloaded");
    send("-TERM");
    log.wait("the desk is closed");
    assert!(child.wait().unwrap().success(), "{}", log.seen.join("\n"));
}
