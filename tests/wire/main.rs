//! Against real servers: Dovecot and Postfix on loopback, started by `dev/mailhost`.
//!
//! `MAILHOST_DIR` names a host that runs already. Without it one is started for this process and stopped when the process ends, however
//! it ends: a shell waits for the end of a pipe whose other end this process holds.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, clippy::string_slice, clippy::panic, missing_docs)]

mod desk;
mod imap;
mod smtp;

use std::collections::HashMap;
use std::os::unix::process::CommandExt as _;
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::sync::OnceLock;

use tokio::sync::RwLock;

/// The shared mail host. Tests use mailboxes of their own.
pub struct Host {
    directory: PathBuf,
    settings: HashMap<String, String>,
    /// Held for its standard input.
    _guard: Option<Child>,
}

/// Held for reading by a test that must not see the servers restart, for writing by one that restarts them.
pub static SERVERS: RwLock<()> = RwLock::const_new(());

/// The host, started by the first who asks.
pub fn host() -> &'static Host {
    static HOST: OnceLock<Host> = OnceLock::new();
    HOST.get_or_init(|| match std::env::var_os("MAILHOST_DIR") {
        Some(directory) => Host::at(directory.into(), None),
        None => Host::start(),
    })
}

fn script() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("dev/mailhost")
}

impl Host {
    fn start() -> Host {
        let directory = PathBuf::from(format!("/tmp/postdesk-wire-{}", std::process::id()));
        std::fs::create_dir_all(&directory).unwrap();
        // The guard comes first: a start that fails half-way is cleaned up too.
        let guard = Command::new("sh")
            .args(["-c", "cat >/dev/null; \"$0\" stop \"$1\"; rm -rf \"$1\""])
            .args([script().as_os_str(), directory.as_os_str()])
            .process_group(0)
            .stdin(Stdio::piped())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let started = Command::new(script()).arg("start").arg(&directory).stdin(Stdio::null()).output().unwrap();
        assert!(started.status.success(), "dev/mailhost: {}", String::from_utf8_lossy(&started.stderr));
        Host::at(directory, Some(guard))
    }

    fn at(directory: PathBuf, guard: Option<Child>) -> Host {
        let text = std::fs::read_to_string(directory.join("env")).expect("MAILHOST_DIR names a started host");
        let settings = text.lines().filter_map(|line| line.split_once('=')).map(|(name, value)| (name.to_owned(), value.to_owned()));
        Host { directory, settings: settings.collect(), _guard: guard }
    }

    /// Where it lives.
    pub fn directory(&self) -> &std::path::Path {
        &self.directory
    }

    /// A line of `env`, as `dev/mailhost` describes it.
    pub fn get(&self, name: &str) -> &str {
        &self.settings[name]
    }

    /// One of the ports.
    pub fn port(&self, name: &str) -> u16 {
        self.get(name).parse().unwrap()
    }

    /// The same for a test without a runtime.
    pub fn play_now(&self, arguments: &[&str]) {
        let played = Command::new(script()).args(arguments).arg(&self.directory).stdin(Stdio::null()).output().unwrap();
        assert!(played.status.success(), "dev/mailhost {arguments:?}: {}", String::from_utf8_lossy(&played.stderr));
    }

    /// Runs `dev/mailhost ARGUMENTS DIR`.
    pub async fn play(&self, arguments: &[&str]) {
        let mut command = tokio::process::Command::new(script());
        let played = command.args(arguments).arg(&self.directory).stdin(Stdio::null()).output().await.unwrap();
        assert!(played.status.success(), "dev/mailhost {arguments:?}: {}", String::from_utf8_lossy(&played.stderr));
    }
}
