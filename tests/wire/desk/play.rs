//! What the tests of the whole desk play with: a desk as a process, mailboxes as their owners see them, requesters and neomutt.

use std::collections::BTreeMap;
use std::fs::{self, File, OpenOptions};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Output, Stdio};
use std::sync::Mutex;
use std::time::{Duration, Instant};

use lettre::{SmtpTransport, Transport as _, address::Envelope};
use postdesk::domain::message::Reading;
use postdesk::mail::parse;
use serde_json::Value;

use crate::host;

/// No single thing takes longer, however busy the machine is.
const PATIENCE: Duration = Duration::from_secs(60);

/// Waits until there is something.
#[track_caller]
pub fn eventually<T>(what: &str, mut look: impl FnMut() -> Option<T>) -> T {
    let start = Instant::now();
    loop {
        if let Some(found) = look() {
            return found;
        }
        assert!(start.elapsed() < PATIENCE, "not within {} s: {what}", PATIENCE.as_secs());
        std::thread::sleep(Duration::from_millis(20));
    }
}

/// How a desk is configured, beside its people.
pub struct Setting {
    /// `start = …` of the mailbox.
    pub start: &'static str,
    /// More lines of the mailbox.
    pub mailbox: &'static str,
    /// Port of an SMTP server without TLS and login, instead of Postfix.
    pub smtp_port: Option<u16>,
    /// The SMTP password stands in the file `smtp-password`.
    pub smtp_password_file: bool,
    /// Port of an IMAP server without TLS, instead of Dovecot with it.
    pub imap_port: Option<u16>,
    /// Agents: handle, name, language, role.
    pub agents: &'static [(&'static str, &'static str, &'static str, &'static str)],
    /// Anything else.
    pub more: String,
}

impl Default for Setting {
    fn default() -> Setting {
        Setting {
            start: "now",
            mailbox: "",
            smtp_port: None,
            smtp_password_file: false,
            imap_port: None,
            agents: &[("li", "Li Wei", "en", "agent")],
            more: String::new(),
        }
    }
}

/// A desk of a test's own: a directory, a mailbox at desk.test, people whose addresses no other test uses.
pub struct Desk {
    pub directory: PathBuf,
    name: String,
    child: Mutex<Option<Child>>,
    environment: Mutex<BTreeMap<String, String>>,
}

impl Desk {
    /// Writes the configuration; nothing runs yet.
    pub fn new(name: &str, setting: &Setting) -> Desk {
        let name = format!("{name}-{}", std::process::id());
        let directory = std::env::temp_dir().join(format!("postdesk-desk-{name}"));
        fs::create_dir_all(&directory).unwrap();
        let desk = Desk { directory, name, child: Mutex::default(), environment: Mutex::default() };
        desk.set("POSTDESK_PASSWORD", host().get("PASSWORD"));
        desk.write("config.toml", &desk.config(setting));
        desk
    }

    fn config(&self, setting: &Setting) -> String {
        let ca = format!("tls = \"implicit\"\nca_file = \"{}\"", host().get("CA_FILE"));
        let (imap, imap_tls) = setting.imap_port.map_or_else(|| (host().port("IMAPS_PORT"), ca.as_str()), |port| (port, "tls = \"none\""));
        let address = self.address();
        let login = format!("user = \"{address}\"\npassword_env = \"POSTDESK_PASSWORD\"");
        let smtp_login = match setting.smtp_password_file {
            true => format!("user = \"{address}\"\npassword_file = \"smtp-password\""),
            false => login.clone(),
        };
        let (smtp, smtp_tls) = match setting.smtp_port {
            Some(port) => (port, "tls = \"none\"\nconnections = 1".to_owned()),
            None => (host().port("SMTPS_PORT"), format!("{ca}\n{smtp_login}")),
        };
        let mut config = format!(
            "[desk]\nname = \"IT Support\"\n\n\
             [[mailbox]]\nname = \"support\"\naddress = \"{address}\"\nstart = \"{start}\"\n{more}\n\
             [mailbox.source]\nkind = \"imap\"\nhost = \"localhost\"\nport = {imap}\n{imap_tls}\n{login}\n\n\
             [delivery]\nkind = \"smtp\"\nhost = \"localhost\"\nport = {smtp}\n{smtp_tls}\n",
            start = setting.start,
            more = setting.mailbox,
        );
        for (handle, name, language, role) in setting.agents {
            let address = self.agent(handle);
            config.push_str(&format!(
                "\n[[agent]]\nhandle = \"{handle}\"\nname = \"{name}\"\naddress = \"{address}\"\nlanguage = \"{language}\"\nrole = \"{role}\"\n"
            ));
        }
        format!("{config}\n{}", setting.more)
    }

    /// The support address.
    pub fn address(&self) -> String {
        format!("support-{}@desk.test", self.name)
    }

    /// An agent's address.
    pub fn agent(&self, handle: &str) -> String {
        format!("{handle}-{}@desk.test", self.name)
    }

    /// A requester's address.
    pub fn requester(&self, name: &str) -> String {
        format!("{name}-{}@ext.test", self.name)
    }

    /// Writes a file below the desk's directory, whole or not at all.
    pub fn write(&self, path: &str, text: &str) {
        let path = self.directory.join(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        let half = path.with_extension("new");
        fs::write(&half, text).unwrap();
        fs::rename(half, path).unwrap();
    }

    /// Sets a variable of the desk's environment, such as `POSTDESK_PASSWORD`.
    pub fn set(&self, variable: &str, value: &str) {
        self.environment.lock().unwrap().insert(variable.to_owned(), value.to_owned());
    }

    fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_postdesk"));
        command.arg("-c").arg(self.directory.join("config.toml")).args(arguments);
        command.envs(&*self.environment.lock().unwrap()).env_remove("POSTDESK_LOG").stdin(Stdio::null());
        command
    }

    /// Starts `postdesk run` and returns at once.
    pub fn spawn(&self) {
        let log = OpenOptions::new().create(true).append(true).open(self.directory.join("log")).unwrap();
        let child = self.command(&["run"]).stdout(Stdio::null()).stderr(log).spawn().unwrap();
        assert!(self.child.lock().unwrap().replace(child).is_none(), "it runs already");
    }

    /// Starts `postdesk run` and waits until it watches every mailbox.
    pub fn run(&self) {
        let before = self.watching();
        self.spawn();
        eventually("the mailbox is watched", || (self.watching() > before).then_some(()));
    }

    fn watching(&self) -> usize {
        self.log().matches("watching").count()
    }

    /// What the daemon has logged since the beginning.
    pub fn log(&self) -> String {
        fs::read_to_string(self.directory.join("log")).unwrap_or_default()
    }

    /// Waits for words in the log.
    #[track_caller]
    pub fn logs(&self, words: &str) {
        eventually(&format!("{words:?} in the log:\n{}", self.log()), || self.log().contains(words).then_some(()));
    }

    /// Sends a signal to the daemon.
    pub fn signal(&self, name: &str) {
        let pid = self.child.lock().unwrap().as_ref().expect("it runs").id().to_string();
        assert!(Command::new("kill").args([name, &pid]).status().unwrap().success());
    }

    /// Waits for the daemon's end.
    pub fn ended(&self) -> ExitStatus {
        let mut child = self.child.lock().unwrap().take().expect("it runs");
        eventually("the daemon ends", || child.try_wait().unwrap())
    }

    /// SIGKILL, at once.
    pub fn kill(&self) {
        let mut child = self.child.lock().unwrap().take().expect("it runs");
        child.kill().unwrap();
        child.wait().unwrap();
    }

    /// SIGTERM, and a clean end.
    pub fn stop(&self) {
        self.signal("-TERM");
        let ended = self.ended();
        assert!(ended.success(), "{ended}: {}", self.log());
    }

    /// Runs another command of the desk.
    pub fn cli(&self, arguments: &[&str]) -> Output {
        self.command(arguments).output().unwrap()
    }

    /// Its standard output, read as JSON.
    #[track_caller]
    pub fn json(&self, arguments: &[&str]) -> Value {
        let output = self.cli(arguments);
        serde_json::from_slice(&output.stdout)
            .unwrap_or_else(|error| panic!("{arguments:?}: {error}: {}", String::from_utf8_lossy(&output.stderr)))
    }

    /// `postdesk deliver`.
    pub fn deliver(&self, raw: &[u8]) -> ExitStatus {
        let file = self.directory.join("delivered.eml");
        fs::write(&file, raw).unwrap();
        self.command(&["deliver"]).stdin(File::open(file).unwrap()).status().unwrap()
    }

    /// Every ticket, oldest first.
    pub fn tickets(&self) -> Vec<Value> {
        let mut tickets = self.json(&["tickets", "list", "--limit", "10000", "--json"]).as_array().unwrap().clone();
        tickets.sort_by_key(|ticket| ticket["number"].as_i64());
        tickets
    }

    /// The outbox, oldest first.
    pub fn outbox(&self) -> Vec<Value> {
        let mut rows = self.json(&["outbox", "list", "--all", "--limit", "10000", "--json"]).as_array().unwrap().clone();
        rows.reverse();
        rows
    }

    /// (recipient, Message-ID) of every envelope, sorted.
    pub fn outbox_ids(&self) -> Vec<(String, String)> {
        let text = |value: &Value| value.as_str().unwrap().trim_matches(['<', '>']).to_owned();
        let mut ids: Vec<_> = self.outbox().iter().map(|row| (text(&row["to"]), text(&row["message_id"]))).collect();
        ids.sort();
        ids
    }

    /// Waits for an envelope to this address in this state.
    #[track_caller]
    pub fn envelope(&self, to: &str, state: &str) -> Value {
        let row = || self.outbox().into_iter().find(|row| row["to"] == to && row["state"] == state);
        eventually(&format!("{state} to {to}"), row)
    }

    /// So many messages came in, and nothing waits to be decided or sent.
    pub fn quiet(&self, messages: u64) -> bool {
        let counts = self.json(&["status", "--json"]);
        let busy = |state: &str| counts["envelopes"][state].as_u64().is_some_and(|n| n > 0);
        counts["messages"].as_u64() >= Some(messages) && counts["pending"] == 0 && !busy("queued") && !busy("sending")
    }

    /// Waits for that.
    #[track_caller]
    pub fn settle(&self, messages: u64) {
        eventually(&format!("calm after {messages} messages; log:\n{}", self.log()), || self.quiet(messages).then_some(()));
    }

    /// A requester's mail to the desk, by SMTP.
    pub fn writes(&self, from: &str, subject: &str, text: &str) {
        let (_, address) = split(from);
        send(&address, &[&self.address()], letter(from, &self.address(), subject, text).as_bytes());
    }

    /// Somebody answers the newest mail whose subject matches, in neomutt.
    pub fn answers(&self, who: &str, subject: &str, text: &str, options: &[&str]) {
        self.neomutt(who, text, &[&["--to-subject", subject][..], options].concat());
    }

    /// neomutt, as `dev/neomutt-reply` drives it.
    pub fn neomutt(&self, who: &str, text: &str, options: &[&str]) {
        let (_, address) = split(who);
        let words = self.directory.join(format!("{address}.words"));
        fs::write(&words, text).unwrap();
        let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("dev/neomutt-reply");
        let mut command = Command::new(script);
        command.arg("--dir").arg(host().directory()).args(["--from", who, "--body-file"]).arg(&words).args(options);
        let written = command.stdin(Stdio::null()).output().unwrap();
        assert!(written.status.success(), "neomutt {options:?}: {}", String::from_utf8_lossy(&written.stderr));
    }
}

impl Drop for Desk {
    fn drop(&mut self) {
        if let Some(mut child) = self.child.lock().ok().and_then(|mut child| child.take()) {
            let _ = child.kill();
            let _ = child.wait();
        }
        if std::thread::panicking() {
            eprintln!("the desk's log:\n{}", self.log());
        }
        let _ = fs::remove_dir_all(&self.directory);
    }
}

/// `Name <address>` taken apart.
pub fn split(who: &str) -> (String, String) {
    match who.split_once('<') {
        Some((name, address)) => (name.trim().to_owned(), address.trim_end_matches('>').to_owned()),
        None => (String::new(), who.to_owned()),
    }
}

/// A plain mail as a client writes it, with a Message-ID of its own.
pub fn letter(from: &str, to: &str, subject: &str, text: &str) -> String {
    static COUNT: std::sync::atomic::AtomicU64 = std::sync::atomic::AtomicU64::new(0);
    let count = COUNT.fetch_add(1, std::sync::atomic::Ordering::Relaxed);
    let (name, address) = split(from);
    let date = chrono::Utc::now().to_rfc2822();
    format!(
        "From: {} <{address}>\r\nTo: {to}\r\nSubject: {}\r\nMessage-ID: <{count}.{}@ext.test>\r\nDate: {date}\r\nMIME-Version: 1.0\r\n\
         Content-Type: text/plain; charset=utf-8\r\nContent-Transfer-Encoding: 8bit\r\n\r\n{}\r\n",
        encoded(&name),
        encoded(subject),
        std::process::id(),
        text.replace('\n', "\r\n"),
    )
}

/// RFC 2047.
fn encoded(text: &str) -> String {
    if text.is_ascii() { text.to_owned() } else { format!("=?utf-8?B?{}?=", data_encoding::BASE64.encode(text.as_bytes())) }
}

/// Hands a mail to Postfix.
pub fn send(from: &str, to: &[&str], raw: &[u8]) {
    let to = to.iter().map(|address| address.parse().unwrap()).collect();
    let envelope = Envelope::new(Some(from.parse().unwrap()), to).unwrap();
    SmtpTransport::builder_dangerous("localhost").port(host().port("SMTP_PORT")).build().send_raw(&envelope, raw).unwrap();
}

/// A mail in somebody's inbox.
pub struct Mail {
    pub raw: Vec<u8>,
    pub reading: Reading,
}

impl Mail {
    /// Which template wrote it; empty for a mail of somebody else.
    pub fn template(&self) -> &str {
        self.reading.header("X-Postdesk-Mail").unwrap_or("")
    }

    /// As it was handed to the server: without what servers put before the first header of the desk's.
    pub fn as_sent(&self) -> &[u8] {
        let start = self.raw.windows(7).position(|window| window == b"\nDate: ").expect("a Date") + 1;
        &self.raw[start..]
    }

    /// Everything that a client could show: header, plain text, HTML, decoded.
    pub fn everything(&self) -> String {
        let parsed = mail_parser::MessageParser::default().parse(&self.raw).unwrap();
        let mut all = String::from_utf8_lossy(&self.raw).into_owned();
        all.extend(self.reading.headers.iter().map(|(name, value)| format!("\n{name}: {value}")));
        for part in &parsed.parts {
            all.push('\n');
            all.push_str(&String::from_utf8_lossy(part.contents()));
        }
        all
    }
}

/// Where the inbox of an address is.
pub fn inbox(address: &str) -> PathBuf {
    let (local, domain) = address.split_once('@').unwrap();
    Path::new(host().get("MAIL_DIR")).join(domain).join(local).join("Maildir")
}

/// The files of an inbox in the order of their arrival.
pub fn files(address: &str) -> Vec<PathBuf> {
    let folder = inbox(address);
    let list = |name: &str| fs::read_dir(folder.join(name)).into_iter().flatten().map(|entry| entry.unwrap().path());
    let mut files: Vec<PathBuf> = list("new").chain(list("cur")).collect();
    files.sort_by_key(|file| {
        // 1795392589.M213600P32504.vm,…
        let name = file.file_name().unwrap().to_string_lossy().into_owned();
        let (seconds, rest) = name.split_once(".M").unwrap();
        let micros: String = rest.chars().take_while(char::is_ascii_digit).collect();
        (seconds.parse::<u64>().unwrap(), micros.parse::<u64>().unwrap())
    });
    files
}

/// The mails of an inbox in the order of their arrival.
pub fn mails(address: &str) -> Vec<Mail> {
    // A client may rename a file between the look and the reading.
    let read = |file: PathBuf| fs::read(file).ok();
    let mail = |raw: Vec<u8>| Mail { reading: parse::read(&raw, None), raw };
    files(address).into_iter().filter_map(read).map(mail).collect()
}

/// Waits for a mail that a template wrote, the `count`th of its kind.
#[track_caller]
pub fn mail(address: &str, template: &str, count: usize) -> Mail {
    eventually(&format!("{template} number {count} to {address}"), || {
        mails(address).into_iter().filter(|mail| mail.template() == template).nth(count - 1)
    })
}
