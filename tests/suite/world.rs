//! A whole desk in a temporary directory: real config, rules, templates and store; time is injected, mail goes into a list.

use std::path::Path;

use chrono::{DateTime, Utc};
use postdesk::delivery::Handover;
use postdesk::desk::{self, Desk, Rulebook};
use postdesk::domain::message::{Arrival, Reading};
use postdesk::domain::rules::RuleSet;
use postdesk::domain::trust::Key;
use postdesk::kb;
use postdesk::mail::parse;
use postdesk::policy::{self, Loaded};
use postdesk::store::{self, Posting};

use crate::common::Scratch;

/// The desk of the stories: two teams, two agents, a lead who gets a summary each morning; a mail carries 2 MB of files.
pub const CONFIG: &str = r#"
[desk]
name = "IT Support"
timezone = "Asia/Shanghai"
data = "data"

[[mailbox]]
name = "support"
address = "support@desk.test"
start = "all"
source = { kind = "maildir", path = "in" }

[delivery]
kind = "maildir"
path = "out"

[[team]]
name = "support"
lead = "chen"
default = true

[[team]]
name = "network"

[[agent]]
handle = "li"
name = "Li Wei"
address = "li@desk.test"
team = "network"
language = "en"

[[agent]]
handle = "wang"
name = "王芳"
address = "wang@desk.test"
team = "support"
language = "zh"

[[agent]]
handle = "chen"
name = "Chen Hao"
address = "chen@desk.test"
role = "lead"

[[category]]
id = "hardware"
name = { en = "Hardware", zh = "硬件" }

[[category]]
id = "software"
name = { en = "Software", zh = "软件" }

[[category]]
id = "network"
name = { en = "Network", zh = "网络" }
team = "network"

[[category]]
id = "account"
name = { en = "Account", zh = "账号" }

[[category]]
id = "permission"
name = { en = "Permission", zh = "权限" }

[[summary]]
name = "daily"
report = "daily"
to = ["chen"]
schedule = "0 8 * * *"

[limits]
attachments = "2MB"

[trust]
authserv_ids = ["mx.desk.test"]
internal = [{ header = "X-Inside", value = "yes" }]
"#;

/// A mail that left the desk.
#[derive(Clone)]
pub struct Sent {
    pub to: String,
    pub reading: Reading,
    pub raw: Vec<u8>,
}

pub struct World {
    pub scratch: Scratch,
    pub desk: Desk,
    pub now: DateTime<Utc>,
    pub sent: Vec<Sent>,
    /// Recipients that are refused for good, with the server's words.
    pub refused: Vec<(String, String)>,
    config: String,
}

pub fn load(dir: &Path, config: &str) -> Loaded {
    let file = dir.join("config.toml");
    std::fs::write(&file, config).unwrap();
    policy::prepare(&file).unwrap_or_else(|complaints| panic!("{}", complaints.iter().map(ToString::to_string).collect::<String>()))
}

pub fn book(loaded: &Loaded) -> Rulebook {
    Rulebook { policy: loaded.policy.clone(), templates: loaded.templates.clone() }
}

impl World {
    /// A new desk; `files` are its own, beside the built-in ones; `config.toml` among them adds to the config.
    pub fn new(name: &str, config: &str, files: &[(String, String)]) -> World {
        let scratch = Scratch::new(name);
        let (more, files): (Vec<_>, Vec<_>) = files.iter().cloned().partition(|(file, _)| file == "config.toml");
        let articles = kb::BUILT_IN.iter().map(|(name, text)| (format!("kb/{name}"), (*text).to_owned()));
        for (file, text) in RuleSet::builtin_files().into_iter().chain(articles).chain(files) {
            let path = scratch.path().join(file);
            std::fs::create_dir_all(path.parent().unwrap()).unwrap();
            std::fs::write(path, text).unwrap();
        }
        let more: String = more.into_iter().map(|(_, text)| text).collect();
        let config = format!("{config}\n{more}");
        let loaded = load(scratch.path(), &config);
        let desk = Desk::open(store::open(&loaded.config.data).unwrap(), book(&loaded)).unwrap();
        let now = "2026-12-01T01:00:00Z".parse().unwrap();
        World { scratch, desk, now, sent: Vec::new(), refused: Vec::new(), config }
    }

    /// Adds to the config while the desk runs.
    pub fn reconfigure(&mut self, more: &str) {
        self.config = format!("{}\n{more}", self.config);
        self.desk.reload(book(&load(self.scratch.path(), &self.config)));
    }

    /// The desk's key is changed as `postdesk key` does it, and taken by the running desk.
    pub fn change_key(&mut self, how: impl FnOnce(&Path) -> anyhow::Result<Key>) {
        how(&self.scratch.path().join("data")).unwrap();
        self.desk.reload(book(&load(self.scratch.path(), &self.config)));
    }

    pub fn arrival(&self, raw: &[u8]) -> Arrival {
        Arrival { mailbox: "support".into(), place: None, at: self.now, raw: raw.to_vec(), whole_size: None, quiet: false, cursor: None }
    }

    /// Receives one mail and does all that follows.
    pub fn mail(&mut self, raw: &[u8]) -> Vec<Sent> {
        let arrival = self.arrival(raw);
        let prepared = desk::prepare(arrival, &self.desk.book().policy);
        self.desk.receive(vec![prepared]).unwrap();
        self.settle()
    }

    /// Takes in a mail from before the desk was there.
    pub fn history(&mut self, raw: &[u8], at: DateTime<Utc>) -> Vec<Sent> {
        let arrival = Arrival { at, quiet: true, ..self.arrival(raw) };
        let prepared = desk::prepare(arrival, &self.desk.book().policy);
        self.desk.receive(vec![prepared]).unwrap();
        self.settle()
    }

    /// Clocks, decisions and deliveries until nothing waits. Returns what was sent.
    pub fn settle(&mut self) -> Vec<Sent> {
        let before = self.sent.len();
        for _ in 0..50 {
            self.desk.tick(self.now).unwrap();
            let mut idle = self.desk.step(self.now).unwrap().idle;
            let postings = self.desk.claim(self.now, 100, &["support".to_owned()]).unwrap();
            idle &= postings.is_empty();
            let ended: Vec<(Posting, Handover)> = postings.into_iter().map(|p| self.carry(p)).collect();
            self.desk.settle(&ended, self.now).unwrap();
            if idle {
                return self.sent[before..].to_vec();
            }
        }
        panic!("the desk never came to rest");
    }

    fn carry(&mut self, posting: Posting) -> (Posting, Handover) {
        if let Some((_, words)) = self.refused.iter().find(|(to, _)| to == posting.to.as_str()) {
            let words = words.clone();
            return (posting, Handover::Refused(words));
        }
        self.sent.push(Sent { to: posting.to.to_string(), reading: parse::read(&posting.bytes, None), raw: posting.bytes.to_vec() });
        (posting, Handover::Taken("250 ok".into()))
    }
}
