//! A desk of two agents and the built-in rules in a directory of its own, and the whole way of a mail through it.

use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use chrono::{DateTime, Utc};
use postdesk::daemon::hub::{Door, Hub, Message};
use postdesk::delivery::Handover;
use postdesk::desk::{self, Desk, Rulebook};
use postdesk::domain::message::{Arrival, Cursor, Folder};
use postdesk::policy::{self, Loaded};
use postdesk::source::{Start, maildir};
use postdesk::store;
use tokio::sync::{mpsc, oneshot, watch};

const CONFIG: &str = r#"
[desk]
name = "IT Support"
timezone = "Asia/Shanghai"
data = "data"

[[mailbox]]
name = "support"
address = "support@desk.example"
start = "all"
source = { kind = "maildir", path = "in" }

[delivery]
kind = "maildir"
path = "out"

[[team]]
name = "support"
default = true

[[agent]]
handle = "li"
name = "Li Wei"
address = "li@desk.example"
team = "support"
language = "en"

[[agent]]
handle = "wang"
name = "王芳"
address = "wang@desk.example"
team = "support"
language = "zh"

[[category]]
id = "hardware"

[[category]]
id = "network"

[[category]]
id = "software"

[[category]]
id = "account"

[[category]]
id = "permission"
"#;

/// A desk's directory, which goes with the value.
pub struct Place {
    pub directory: PathBuf,
    pub loaded: Loaded,
}

impl Place {
    pub fn new() -> Place {
        Place::with(|_| ())
    }

    /// A desk whose directory is prepared before it is read.
    pub fn with(prepare: impl FnOnce(&Path)) -> Place {
        static COUNT: AtomicU32 = AtomicU32::new(0);
        let unique = format!("pipeline-{}-{}", std::process::id(), COUNT.fetch_add(1, Ordering::Relaxed));
        let directory = Path::new(env!("CARGO_TARGET_TMPDIR")).join(unique);
        for part in ["new", "cur", "tmp"] {
            std::fs::create_dir_all(directory.join("in").join(part)).unwrap();
        }
        std::fs::write(directory.join("config.toml"), CONFIG).unwrap();
        prepare(&directory);
        let loaded = policy::prepare(&directory.join("config.toml"))
            .unwrap_or_else(|complaints| panic!("{}", complaints.iter().map(ToString::to_string).collect::<String>()));
        let place = Place { directory, loaded };
        // The desk has been here for ever: what lies in the Maildir is new and is answered.
        let since = Cursor { uidvalidity: 0, next_uid: 0, since: DateTime::UNIX_EPOCH };
        place.desk().set_cursor(&place.folder(), since).unwrap();
        place
    }

    pub fn desk(&self) -> Desk {
        let book = Rulebook { policy: self.loaded.policy.clone(), templates: self.loaded.templates.clone() };
        Desk::open(store::open(&self.loaded.config.data).unwrap(), book).unwrap()
    }

    fn folder(&self) -> Folder {
        Folder { host: "maildir".into(), user: String::new(), folder: self.directory.join("in").to_str().unwrap().into() }
    }

    /// Puts mails into the Maildir, as an MTA would.
    pub fn post(&self, mails: &[Vec<u8>]) {
        static COUNT: AtomicU32 = AtomicU32::new(0);
        for mail in mails {
            let name = format!("{:08}.bench", COUNT.fetch_add(1, Ordering::Relaxed));
            std::fs::write(self.directory.join("in/tmp").join(&name), mail).unwrap();
            std::fs::rename(self.directory.join("in/tmp").join(&name), self.directory.join("in/new").join(&name)).unwrap();
        }
    }

    pub fn account(&self) -> maildir::Account {
        maildir::Account {
            path: self.directory.join("in"),
            mailbox: "support".into(),
            poll: Duration::from_secs(1),
            mark_seen: false,
            done_folder: None,
            start: Start::All,
            message_size: self.loaded.policy.limits.message_size,
        }
    }

    /// From the Maildir to committed tickets with their letters queued, as the daemon does it, but that nothing is delivered.
    pub fn work_off(&self) {
        let desk = self.desk();
        let (sender, inbound) = mpsc::channel(64);
        let (live, policy) = watch::channel(self.loaded.policy.clone());
        let hub = std::thread::Builder::new().name("desk".into()).spawn(move || {
            let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build().unwrap();
            runtime.block_on(Hub::new(desk, inbound, Vec::new(), live, Utc::now).run()).unwrap();
        });
        let door = Door { desk: sender, policy };
        let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
        runtime.block_on(async {
            let (_stop, stopping) = watch::channel(false);
            maildir::watch(&self.account(), &door, &Utc::now, stopping, true, &|_| ()).await.unwrap();
            let (calm, waiting) = oneshot::channel();
            door.desk.send(Message::Settled(calm)).await.ok().unwrap();
            waiting.await.unwrap();
            door.desk.send(Message::Stop).await.ok().unwrap();
        });
        hub.unwrap().join().unwrap();
    }

    /// A past of so many tickets, whose mails were answered and whose letters were sent.
    pub fn fill(&self, mails: Vec<Vec<u8>>) {
        let mut desk = self.desk();
        let now = Utc::now();
        let mut mails = mails.into_iter().peekable();
        while mails.peek().is_some() {
            let arrival =
                |raw| Arrival { mailbox: "support".into(), place: None, at: now, raw, whole_size: None, quiet: false, cursor: None };
            let batch: Vec<Arrival> = mails.by_ref().take(256).map(arrival).collect();
            desk.receive(batch.into_iter().map(|mail| desk::prepare(mail, &self.loaded.policy)).collect()).unwrap();
            while !desk.step(now).unwrap().idle {}
            let sent = desk.claim(now, 4096, &["support".to_owned()]).unwrap();
            let sent: Vec<_> = sent.into_iter().map(|posting| (posting, Handover::Taken("250 ok".into()))).collect();
            desk.settle(&sent, now).unwrap();
        }
    }

    /// Tickets, messages and queued letters of the desk.
    pub fn counts(&self) -> (u64, u64, u64) {
        let counts = store::open(&self.loaded.config.data).unwrap().counts(chrono::Utc::now()).unwrap();
        let queued = counts.envelopes.iter().find(|(state, _)| state == "queued").map_or(0, |(_, n)| *n);
        (counts.tickets.iter().map(|(_, n)| n).sum(), counts.messages, queued)
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        std::fs::remove_dir_all(&self.directory).ok();
    }
}
