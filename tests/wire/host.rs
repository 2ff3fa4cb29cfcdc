//! The mail host, a real Dovecot and a real Postfix on loopback, which `dev/mailhost` starts.
//!
//! `MAILHOST_DIR` names one that runs already. Without it one is started for this process and stopped when the process ends, however
//! it ends: a shell waits for the end of a pipe whose other end this process holds.

use std::collections::HashMap;
use std::os::unix::process::CommandExt as _;
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::sync::OnceLock;

/// The shared mail host. Tests use mailboxes of their own.
pub struct Host {
    directory: PathBuf,
    settings: HashMap<String, String>,
    /// Held for its standard input.
    _guard: Option<Child>,
}

/// The host, started by the first who asks.
pub fn host() -> &'static Host {
    static HOST: OnceLock<Host> = OnceLock::new();
    HOST.get_or_init(|| match std::env::var_os("MAILHOST_DIR") {
        Some(directory) => Host::at(directory.into(), None),
        None => Host::start(),
    })
}

/// `dev/mailhost`.
pub fn script() -> PathBuf {
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
}
