//! Against real servers: Dovecot and Postfix on loopback, see `host`.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, clippy::string_slice, clippy::panic, missing_docs)]

mod desk;
mod host;
mod imap;
mod readers;
mod smtp;

use std::process::{Command, Stdio};

use tokio::sync::RwLock;

pub use host::host;
use host::{Host, script};

/// Held for reading by a test that must not see the servers restart, for writing by one that restarts them.
pub static SERVERS: RwLock<()> = RwLock::const_new(());

impl Host {
    /// The same for a test without a runtime.
    pub fn play_now(&self, arguments: &[&str]) {
        let played = Command::new(script()).args(arguments).arg(self.directory()).stdin(Stdio::null()).output().unwrap();
        assert!(played.status.success(), "dev/mailhost {arguments:?}: {}", String::from_utf8_lossy(&played.stderr));
    }

    /// Runs `dev/mailhost ARGUMENTS DIR`.
    pub async fn play(&self, arguments: &[&str]) {
        let mut command = tokio::process::Command::new(script());
        let played = command.args(arguments).arg(self.directory()).stdin(Stdio::null()).output().await.unwrap();
        assert!(played.status.success(), "dev/mailhost {arguments:?}: {}", String::from_utf8_lossy(&played.stderr));
    }
}
