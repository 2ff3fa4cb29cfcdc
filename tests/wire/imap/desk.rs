//! What the IMAP tests play with: a desk that is a list, a mailbox as another client sees it, a proxy that hides or cuts.

use std::collections::HashMap;
use std::fmt::Write as _;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use async_imap::{Client, Session};
use chrono::{DateTime, Utc};
use futures_util::TryStreamExt as _;
use lettre::{SmtpTransport, Transport as _, address::Envelope};
use postdesk::domain::message::{Arrival, Cursor, Folder, Place, Withheld};
use postdesk::source::imap::{self, Account, Mark, Start, Tls};
use postdesk::source::{Inbox, SourceState};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{Semaphore, watch};
use tokio::task::JoinHandle;

use crate::host;

/// An account of this mailbox that hears of mail by IDLE alone.
pub fn account(mailbox: &Mailbox) -> Account {
    Account {
        host: "localhost".to_owned(),
        port: host().port("IMAP_PORT"),
        tls: Tls::None,
        ca_file: None,
        allow_plaintext: false,
        user: mailbox.user.clone(),
        proof: imap::Proof::Password,
        password: Arc::new(|| Ok(host().get("PASSWORD").to_owned())),
        folders: vec!["INBOX".to_owned()],
        poll: Duration::from_secs(3600),
        idle: true,
        idle_renew: Duration::from_secs(28 * 60),
        mailbox: "support".to_owned(),
        mark: Mark::None,
        done_folder: None,
        sent_folder: None,
        start: Start::Now,
        message_size: 25_000_000,
    }
}

/// A mail with a body of so many bytes.
pub fn mail(subject: &str, body: usize) -> String {
    let line = "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcd\r\n";
    let mut text = format!("From: a@ext.test\r\nTo: support@desk.test\r\nSubject: {subject}\r\n\r\n");
    let length = text.len() + body;
    while text.len() + line.len() <= length {
        text.push_str(line);
    }
    let rest = length - text.len();
    if rest >= 2 {
        write!(text, "{}\r\n", "x".repeat(rest - 2)).unwrap();
    } else {
        text.push_str(&"x".repeat(rest));
    }
    text
}

/// Waits until it is so.
pub async fn eventually(what: &str, reached: impl Fn() -> bool) {
    let waited = tokio::time::timeout(Duration::from_secs(30), async {
        while !reached() {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    });
    waited.await.unwrap_or_else(|_| panic!("not within 30 s: {what}"));
}

/// Long enough for what happens at once.
pub async fn soon() {
    tokio::time::sleep(Duration::from_millis(300)).await;
}

/// By SMTP, while there is no IMAP.
pub async fn send(to: &str, text: &str) {
    let envelope = Envelope::new(Some("a@ext.test".parse().unwrap()), vec![to.parse().unwrap()]).unwrap();
    let text = text.to_owned();
    tokio::task::spawn_blocking(move || {
        let transport = SmtpTransport::builder_dangerous("localhost").port(host().port("SMTP_PORT")).build();
        transport.send_raw(&envelope, text.as_bytes()).unwrap();
    })
    .await
    .unwrap();
}

/// A desk that is a list.
pub struct Desk {
    mails: Mutex<Vec<Arrival>>,
    withheld: Mutex<Vec<Withheld>>,
    cursors: Mutex<HashMap<Folder, Cursor>>,
    full: AtomicBool,
    gate: Semaphore,
    waiting: AtomicBool,
}

impl Desk {
    pub fn new() -> Arc<Desk> {
        Arc::new(Desk {
            mails: Mutex::default(),
            withheld: Mutex::default(),
            cursors: Mutex::default(),
            full: AtomicBool::default(),
            gate: Semaphore::new(1),
            waiting: AtomicBool::default(),
        })
    }

    /// From now on nothing can be stored.
    pub fn fill(&self) {
        self.full.store(true, Ordering::SeqCst);
    }

    /// Storing takes until [`Desk::release`].
    pub fn hold(&self) {
        self.gate.forget_permits(1);
    }

    pub fn release(&self) {
        self.gate.add_permits(1);
    }

    /// Somebody waits for the desk to store.
    pub fn waiting(&self) -> bool {
        self.waiting.load(Ordering::SeqCst)
    }

    pub fn mails(&self) -> Vec<Arrival> {
        self.mails.lock().unwrap().clone()
    }

    /// What was passed over and did not come since.
    pub fn withheld(&self) -> Vec<Withheld> {
        self.withheld.lock().unwrap().clone()
    }

    pub fn subjects(&self) -> Vec<String> {
        let subject = |mail: &Arrival| {
            let text = String::from_utf8_lossy(&mail.raw).into_owned();
            text.lines().find_map(|line| line.strip_prefix("Subject: ")).unwrap_or_default().to_owned()
        };
        self.mails.lock().unwrap().iter().map(subject).collect()
    }
}

impl Inbox for Desk {
    type Ready = Vec<Arrival>;

    async fn cursor(&self, folder: &Folder) -> anyhow::Result<Option<Cursor>> {
        Ok(self.cursors.lock().unwrap().get(folder).copied())
    }

    async fn set_cursor(&self, folder: &Folder, cursor: Cursor) -> anyhow::Result<()> {
        self.cursors.lock().unwrap().insert(folder.clone(), cursor);
        Ok(())
    }

    async fn received(&self, places: Vec<Place>) -> anyhow::Result<Vec<bool>> {
        let mails = self.mails.lock().unwrap();
        Ok(places.iter().map(|place| mails.iter().any(|mail| mail.place.as_ref() == Some(place))).collect())
    }

    async fn prepare(&self, arrivals: Vec<Arrival>) -> anyhow::Result<Vec<Arrival>> {
        Ok(arrivals)
    }

    async fn receive(&self, arrivals: Vec<Arrival>) -> anyhow::Result<()> {
        anyhow::ensure!(!self.full.load(Ordering::SeqCst), "the disk is full");
        self.waiting.store(true, Ordering::SeqCst);
        let _open = self.gate.acquire().await?;
        self.cursors.lock().unwrap().extend(arrivals.iter().filter_map(|mail| mail.cursor.clone()));
        self.mails.lock().unwrap().extend(arrivals);
        Ok(())
    }

    fn is_spent(&self, mail: &Arrival) -> bool {
        mail.raw.windows(14).any(|bytes| bytes == b"Subject: spent")
    }

    async fn pass_over(&self, mails: Vec<Withheld>) -> anyhow::Result<()> {
        self.withheld.lock().unwrap().extend(mails);
        Ok(())
    }

    async fn passed_over(&self, folder: &Folder) -> anyhow::Result<Vec<Place>> {
        Ok(self.withheld().into_iter().map(|mail| mail.place).filter(|place| place.folder == *folder).collect())
    }

    async fn no_more(&self, places: Vec<Place>) -> anyhow::Result<()> {
        self.withheld.lock().unwrap().retain(|mail| !places.contains(&mail.place));
        Ok(())
    }
}

/// Hands over what waits, and ends.
pub async fn read_once(account: &Account, folder: &str, desk: &Desk) -> anyhow::Result<()> {
    let (_stop, shutdown) = watch::channel(false);
    imap::watch(account, folder, desk, &Utc::now, shutdown, true, &|_| ()).await
}

/// A watch in a task of its own, as in the daemon.
pub struct Watched {
    pub desk: Arc<Desk>,
    states: Arc<Mutex<Vec<SourceState>>>,
    stop: watch::Sender<bool>,
    task: JoinHandle<anyhow::Result<()>>,
}

pub fn watch(account: Account, folder: &str, desk: Arc<Desk>) -> Watched {
    let (stop, shutdown) = watch::channel(false);
    let states: Arc<Mutex<Vec<SourceState>>> = Arc::default();
    let (inbox, heard, folder) = (desk.clone(), states.clone(), folder.to_owned());
    let task = tokio::spawn(async move {
        let report = |state| heard.lock().unwrap().push(state);
        imap::watch(&account, &folder, &*inbox, &Utc::now, shutdown, false, &report).await
    });
    Watched { desk, states, stop, task }
}

impl Watched {
    pub fn states(&self) -> Vec<SourceState> {
        self.states.lock().unwrap().clone()
    }

    /// Waits until it is connected and up to date.
    pub async fn up(&self) {
        eventually("the folder is watched", || self.states().last() == Some(&SourceState::Watching)).await;
    }

    pub async fn stop(self) {
        self.stop.send_replace(true);
        let ended = tokio::time::timeout(Duration::from_secs(3), self.task).await;
        ended.expect("the end is put off").unwrap().unwrap();
    }
}

/// A mailbox of a test's own, as another client sees it.
pub struct Mailbox {
    pub user: String,
    session: Session<TcpStream>,
}

impl Mailbox {
    /// Runs share no mailbox: the host may outlive them.
    pub async fn new(name: &str) -> Mailbox {
        Mailbox::open(format!("{name}-{}@desk.test", std::process::id())).await
    }

    /// On a new connection.
    pub async fn again(self) -> Mailbox {
        Mailbox::open(self.user).await
    }

    async fn open(user: String) -> Mailbox {
        let tcp = TcpStream::connect(("localhost", host().port("IMAP_PORT"))).await.unwrap();
        let mut client = Client::new(tcp);
        client.read_response().await.unwrap().unwrap();
        let session = client.login(&user, host().get("PASSWORD")).await.map_err(|(error, _)| error).unwrap();
        Mailbox { user, session }
    }

    pub async fn append(&mut self, folder: &str, at: Option<DateTime<Utc>>, text: &str) {
        let at = at.map(|at| at.format("\"%d-%b-%Y %H:%M:%S +0000\"").to_string());
        self.session.append(folder, None, at.as_deref(), text).await.unwrap();
    }

    pub async fn create(&mut self, folder: &str) {
        self.session.create(folder).await.unwrap();
    }

    pub async fn expunge(&mut self, folder: &str, uids: &str) {
        self.session.select(folder).await.unwrap();
        let stored = self.session.uid_store(uids, "+FLAGS.SILENT (\\Deleted)").await.unwrap();
        stored.try_collect::<Vec<_>>().await.unwrap();
        self.session.run_command_and_check_ok("EXPUNGE").await.unwrap();
    }

    pub async fn flag(&mut self, folder: &str, uids: &str, flag: &str) {
        self.session.select(folder).await.unwrap();
        let stored = self.session.uid_store(uids, format!("+FLAGS.SILENT ({flag})")).await.unwrap();
        stored.try_collect::<Vec<_>>().await.unwrap();
        // Closing would expunge.
        self.session.examine(folder).await.unwrap();
    }

    /// The flags of every mail in order, \Recent apart, each mail's in one string.
    pub async fn flags(&mut self, folder: &str) -> Vec<String> {
        let selected = self.session.examine(folder).await.unwrap();
        if selected.exists == 0 {
            return Vec::new();
        }
        let fetched: Vec<_> = self.session.uid_fetch("1:*", "(FLAGS)").await.unwrap().try_collect().await.unwrap();
        let spelled = |flag: async_imap::types::Flag<'_>| match flag {
            async_imap::types::Flag::Recent => None,
            async_imap::types::Flag::Custom(name) => Some(name.into_owned()),
            other => Some(format!("\\{other:?}")),
        };
        fetched.iter().map(|mail| mail.flags().filter_map(spelled).collect::<Vec<_>>().join(" ")).collect()
    }
}

/// Stands between the desk and Dovecot, hides capabilities and cuts connections.
pub struct Proxy {
    pub port: u16,
    task: JoinHandle<()>,
}

impl Proxy {
    /// `hidden` names capabilities; `budgets` says after how many bytes from the server each of the first connections is cut.
    pub async fn start(hidden: &str, budgets: Option<Vec<usize>>) -> Proxy {
        let listener = TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let hidden: Vec<String> = hidden.split_whitespace().map(|name| format!(" {name}")).collect();
        let mut budgets = budgets.unwrap_or_default().into_iter();
        let task = tokio::spawn(async move {
            loop {
                let (client, _) = listener.accept().await.unwrap();
                let server = TcpStream::connect(("localhost", host().port("IMAP_PORT"))).await.unwrap();
                tokio::spawn(pass(client, server, hidden.clone(), budgets.next().unwrap_or(usize::MAX)));
            }
        });
        Proxy { port, task }
    }
}

impl Drop for Proxy {
    fn drop(&mut self) {
        self.task.abort();
    }
}

async fn pass(mut client: TcpStream, mut server: TcpStream, hidden: Vec<String>, mut budget: usize) {
    let (mut up, mut down) = (vec![0; 65536], vec![0; 65536]);
    loop {
        tokio::select! {
            read = client.read(&mut up) => match read {
                Ok(length) if length > 0 => if server.write_all(&up[..length]).await.is_err() { return },
                _ => return,
            },
            read = server.read(&mut down) => match read {
                Ok(length) if length > 0 => {
                    let length = length.min(budget);
                    budget -= length;
                    hide(&mut down[..length], &hidden);
                    if client.write_all(&down[..length]).await.is_err() || budget == 0 { return }
                }
                _ => return,
            },
        }
    }
}

/// Same length, another name.
fn hide(bytes: &mut [u8], hidden: &[String]) {
    for name in hidden {
        let found: Vec<usize> = bytes.windows(name.len()).enumerate().filter(|(_, at)| *at == name.as_bytes()).map(|(at, _)| at).collect();
        for at in found {
            bytes[at + 1] = b'_';
        }
    }
}
