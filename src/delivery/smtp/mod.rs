//! Delivery by SMTP (RFC 5321) as a submission client (RFC 6409), one recipient a transaction, many transactions a connection.
//!
//! The outbox must know *when* a delivery failed: until the final dot has gone out whole nothing was taken and the letter may be tried
//! again; after it, a lost answer leaves the letter uncertain, and it must not be sent again unasked. So the dialogue is driven a
//! command at a time over lettre's low-level connection, see `link.rs`. lettre's pool and transport were left out: they hide the phase,
//! abort all recipients at the first refused one, and close the connection at every refusal.
//!
//! Not used: PIPELINING and CHUNKING (lettre has neither), DSN (bounces come back by mail), opportunistic TLS (the operator says what
//! the server must do; anything less is an error).

pub mod classify;
mod link;
mod payload;
mod wire;

use std::fmt;
use std::net::IpAddr;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use lettre::transport::smtp::extension::ClientId;

use crate::delivery::{Handover, Parcel};
use crate::domain::message::Address;
use link::{Ending, Link, Unopened};

pub use crate::sasl::Proof;
pub use crate::tls::Tls;

/// Looks a password up.
pub type Password = Box<dyn Fn() -> anyhow::Result<String> + Send + Sync>;

/// A server and the login there.
pub struct Account {
    /// Host name or IP address; the certificate is checked against it.
    pub host: String,
    /// Port.
    pub port: u16,
    /// Encryption.
    pub tls: Tls,
    /// PEM file of CAs that are trusted besides the machine's own.
    pub ca_file: Option<PathBuf>,
    /// Login; `None`: no login.
    pub user: Option<String>,
    /// What `password` gives.
    pub proof: Proof,
    /// Called at each login, on a thread that may block, so that a changed password needs no restart.
    pub password: Option<Password>,
    /// What EHLO says of this machine: a host name, or an IP address (sent as a literal).
    pub hello: String,
    /// Plain text to another machine is wanted.
    pub allow_plaintext: bool,
    /// How long to wait.
    pub timeouts: Timeouts,
}

impl fmt::Debug for Account {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Account").field("place", &self.place()).field("tls", &self.tls).field("user", &self.user).finish_non_exhaustive()
    }
}

impl Account {
    /// `host:port`.
    pub fn place(&self) -> String {
        format!("{}:{}", self.host, self.port)
    }

    fn client_id(&self) -> ClientId {
        match self.hello.parse() {
            Ok(IpAddr::V4(address)) => ClientId::Ipv4(address),
            Ok(IpAddr::V6(address)) => ClientId::Ipv6(address),
            Err(_) => ClientId::Domain(self.hello.clone()),
        }
    }
}

/// How long to wait for the server. The default is what RFC 5321 section 4.5.3.2 asks for, where it says something.
#[derive(Debug, Clone, Copy)]
pub struct Timeouts {
    /// Name look-up, TCP connection, TLS handshake: each.
    pub connect: Duration,
    /// The greeting and EHLO.
    pub greeting: Duration,
    /// MAIL, RCPT and every command without a limit of its own.
    pub command: Duration,
    /// DATA, up to 354.
    pub data: Duration,
    /// Progress in the message, a block of 64 KiB.
    pub block: Duration,
    /// The answer to the final dot.
    pub end: Duration,
    /// A connection that was silent for so long is asked (NOOP) whether it still lives.
    pub idle: Duration,
    /// The answers to NOOP and QUIT, which change nothing when they do not come.
    pub probe: Duration,
}

impl Default for Timeouts {
    fn default() -> Timeouts {
        let minutes = |n: u64| Duration::from_secs(60 * n);
        Timeouts {
            connect: Duration::from_secs(30),
            greeting: minutes(5),
            command: minutes(5),
            data: minutes(2),
            block: minutes(3),
            end: minutes(10),
            idle: Duration::from_secs(20),
            probe: Duration::from_secs(5),
        }
    }
}

/// A connection to one account, opened when it is first needed and again when it broke.
///
/// Dropping the future of [`Connection::send`] drops the link; the parcel's fate is then unknown to the caller, as after a crash.
pub struct Connection {
    account: Arc<Account>,
    link: Option<Box<Link>>,
    needs_a_person: bool,
}

impl fmt::Debug for Connection {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Connection").field("account", &self.account).field("open", &self.link.is_some()).finish()
    }
}

impl Connection {
    /// No connection is made yet.
    pub fn new(account: Arc<Account>) -> Connection {
        Connection { account, link: None, needs_a_person: false }
    }

    /// Delivers one parcel. A link that the server closed meanwhile is opened again, once and silently, as long as MAIL was not taken.
    pub async fn send(&mut self, parcel: &Parcel) -> Handover {
        if let Some(mut link) = self.living().await {
            match link.transact(parcel, &self.account.timeouts).await {
                Ending::Stale(why) => {
                    tracing::debug!(place = %self.account.place(), why, "the server closed the connection: opening another")
                }
                ending => return self.keep(link, ending),
            }
        }
        let opened = Link::open(&self.account, &mut Vec::new()).await;
        self.needs_a_person = opened.as_ref().is_err_and(|unopened| unopened.at_login);
        match opened {
            Ok(link) => {
                let mut link = Box::new(link);
                let ending = link.transact(parcel, &self.account.timeouts).await;
                self.keep(link, ending)
            }
            Err(Unopened { why, .. }) => Handover::Later { why, pause: true },
        }
    }

    /// Did the last try end at the login, or at a sender's address that the login does not own? Waiting does not mend that.
    pub fn needs_a_person(&self) -> bool {
        self.needs_a_person
    }

    /// Says QUIT where a connection is open.
    pub async fn close(&mut self) {
        if let Some(link) = self.link.take() {
            link.quit(self.account.timeouts.probe).await;
        }
    }

    async fn living(&mut self) -> Option<Box<Link>> {
        let mut link = self.link.take()?;
        let limits = &self.account.timeouts;
        (link.heard.elapsed() < limits.idle || link.alive(limits.probe).await).then_some(link)
    }

    fn keep(&mut self, link: Box<Link>, ending: Ending) -> Handover {
        self.needs_a_person = link.sender_refused;
        match ending {
            Ending::Answered(handover) => {
                self.link = Some(link);
                handover
            }
            Ending::Broken(handover) => handover,
            // A fresh link on which the server takes no MAIL: it is not about this parcel.
            Ending::Stale(why) => Handover::Later { why, pause: true },
        }
    }
}

/// Tries everything but sending: name, connection, TLS, EHLO, login, and whether mail from these addresses would be taken. A sentence a
/// step; false with the remedy where it failed.
pub async fn doctor(account: &Arc<Account>, senders: &[Address]) -> Vec<(bool, String)> {
    let mut steps = Vec::new();
    let mut link = match Link::open(account, &mut steps).await {
        Ok(link) => link,
        Err(Unopened { why, .. }) => {
            steps.push((false, why));
            return steps;
        }
    };
    for sender in senders {
        if let Err(why) = link.would_take(sender, &account.timeouts).await {
            let login = account.user.as_deref().unwrap_or("no login");
            steps.push((
                false,
                format!(
                    "mail from {sender} is not taken with this login ({login}): {why}; many servers want From to be the login: make user and \
                     the mailbox's address the same, or let the server allow it"
                ),
            ));
            // What the server thinks of the link now is unknown.
            return steps;
        }
        steps.push((true, format!("mail from {sender} is taken")));
    }
    link.quit(account.timeouts.probe).await;
    steps
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_debug_form_holds_no_secret() {
        let account = Account {
            host: "mail.test".to_owned(),
            port: 465,
            tls: Tls::Implicit,
            ca_file: None,
            user: Some("desk".to_owned()),
            proof: Proof::Password,
            password: Some(Box::new(|| Ok("hunter2".to_owned()))),
            hello: "192.0.2.7".to_owned(),
            allow_plaintext: false,
            timeouts: Timeouts::default(),
        };
        let shown = format!("{:?}", Connection::new(Arc::new(account)));
        assert!(shown.contains("mail.test:465") && !shown.contains("hunter2"), "{shown}");
    }
}
