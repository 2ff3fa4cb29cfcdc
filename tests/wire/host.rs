//! One mail host for all wire tests of this process, started on first use. A shell at the other end of a pipe stops it when the process
//! is gone, however it went.

use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::OnceLock;
use std::time::{Duration, Instant};

pub struct Host {
    dir: PathBuf,
    env: HashMap<String, String>,
}

/// The host; the first caller starts it.
pub fn host() -> &'static Host {
    static HOST: OnceLock<Host> = OnceLock::new();
    HOST.get_or_init(|| {
        let dir = std::env::temp_dir().join(format!("postdesk-wire-{}", std::process::id()));
        let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("dev/mailhost");
        let guard = Command::new("sh")
            .args(["-c", "trap '' INT TERM HUP; read _; \"$0\" stop \"$1\"; rm -rf \"$1\""])
            .args([&script, &dir])
            .stdin(Stdio::piped())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        std::mem::forget(guard);
        let started = Command::new(&script).arg("start").arg(&dir).output().unwrap();
        assert!(started.status.success(), "{}", String::from_utf8_lossy(&started.stderr));
        let env = std::fs::read_to_string(dir.join("env")).unwrap();
        let env = env.lines().filter_map(|line| line.split_once('=')).map(|(k, v)| (k.to_owned(), v.to_owned())).collect();
        Host { dir, env }
    })
}

impl Host {
    /// A value of the host's `env` file.
    pub fn get(&self, name: &str) -> &str {
        &self.env[name]
    }

    /// A port by name, such as `SMTP_PORT`.
    pub fn port(&self, name: &str) -> u16 {
        self.get(name).parse().unwrap()
    }

    /// The file of the host's own CA.
    pub fn ca_file(&self) -> PathBuf {
        PathBuf::from(self.get("CA_FILE"))
    }

    /// Runs `dev/mailhost ARGUMENTS DIR`.
    pub fn run(&self, arguments: &[&str]) {
        let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("dev/mailhost");
        let output = Command::new(script).args(arguments).arg(&self.dir).output().unwrap();
        assert!(output.status.success(), "{arguments:?}: {}", String::from_utf8_lossy(&output.stderr));
    }

    /// Waits for `count` mails in the inbox of `address` and gives their bytes.
    pub fn mails(&self, address: &str, count: usize) -> Vec<Vec<u8>> {
        let (local, domain) = address.split_once('@').unwrap();
        let folder = Path::new(self.get("MAIL_DIR")).join(domain).join(local).join("Maildir/new");
        let start = Instant::now();
        loop {
            let files: Vec<PathBuf> = std::fs::read_dir(&folder).map(|d| d.map(|e| e.unwrap().path()).collect()).unwrap_or_default();
            if files.len() >= count {
                return files.iter().map(|file| std::fs::read(file).unwrap()).collect();
            }
            assert!(start.elapsed() < Duration::from_secs(30), "{address} has {} mails, not {count}", files.len());
            std::thread::sleep(Duration::from_millis(20));
        }
    }
}
