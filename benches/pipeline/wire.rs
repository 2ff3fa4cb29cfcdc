//! Real servers on loopback: the rate at which IMAP brings mail in, and the time from the server's notice to the answer's way out.

use std::fs::Permissions;
use std::io::{Read as _, Write as _};
use std::net::{Shutdown, TcpListener, TcpStream};
use std::os::unix::fs::{MetadataExt as _, PermissionsExt as _, chown};
use std::path::Path;
use std::process::{Command, Stdio};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use chrono::Utc;
use lettre::{SmtpTransport, Transport as _, address::Envelope};
use postdesk::desk::{self, Desk};
use postdesk::domain::message::{Arrival, Cursor, Folder, Place as Spot, Withheld};
use postdesk::source::{Inbox, Start, imap, maildir};
use postdesk::store::Prepared;
use postdesk::tls::Tls;
use tokio::sync::watch;

use crate::desk::Place;
use crate::host::{Host, host};

/// Single mails whose way is timed.
const SINGLE: usize = 30;

/// T1 and nothing else.
struct OnlyReceive(Mutex<Desk>);

impl Inbox for OnlyReceive {
    type Ready = Vec<Prepared>;

    async fn cursor(&self, folder: &Folder) -> anyhow::Result<Option<Cursor>> {
        self.0.lock().unwrap().cursor(folder)
    }

    async fn set_cursor(&self, folder: &Folder, cursor: Cursor) -> anyhow::Result<()> {
        self.0.lock().unwrap().set_cursor(folder, cursor)
    }

    async fn received(&self, places: Vec<Spot>) -> anyhow::Result<Vec<bool>> {
        self.0.lock().unwrap().received(&places)
    }

    async fn prepare(&self, arrivals: Vec<Arrival>) -> anyhow::Result<Vec<Prepared>> {
        let policy = self.0.lock().unwrap().book().policy.clone();
        let prepare = move || arrivals.into_iter().map(|mail| desk::prepare(mail, &policy)).collect();
        Ok(tokio::task::spawn_blocking(prepare).await?)
    }

    async fn receive(&self, mails: Vec<Prepared>) -> anyhow::Result<()> {
        self.0.lock().unwrap().receive(mails)
    }

    async fn pass_over(&self, _: Vec<Withheld>) -> anyhow::Result<()> {
        anyhow::bail!("the server reads its mail")
    }

    async fn passed_over(&self, _: &Folder) -> anyhow::Result<Vec<Spot>> {
        Ok(Vec::new())
    }

    async fn no_more(&self, _: Vec<Spot>) -> anyhow::Result<()> {
        Ok(())
    }
}

/// Mails a second from a Maildir and from IMAP to durable causes; `round` keeps mailboxes apart.
pub fn rates(mails: &[Vec<u8>], round: usize) -> (f64, f64) {
    let place = Place::new();
    place.post(mails);
    let from_maildir = rate(mails.len(), &place, async |inbox, stopping| {
        maildir::watch(&place.account(), inbox, &Utc::now, stopping, true, &|_| ()).await.unwrap();
    });
    let (place, user) = (Place::new(), format!("bench-{round}-{}@desk.test", std::process::id()));
    let account = account(host(), &user);
    put(host(), &user, mails);
    let from_imap = rate(mails.len(), &place, async |inbox, stopping| {
        imap::watch(&account, "INBOX", inbox, &Utc::now, stopping, true, &|_| ()).await.unwrap();
    });
    (from_maildir, from_imap)
}

fn rate(mails: usize, place: &Place, watch: impl AsyncFnOnce(&OnlyReceive, watch::Receiver<bool>)) -> f64 {
    let inbox = OnlyReceive(Mutex::new(place.desk()));
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
    let (_stop, stopping) = watch::channel(false);
    let start = Instant::now();
    runtime.block_on(watch(&inbox, stopping));
    let rate = mails as f64 / start.elapsed().as_secs_f64();
    assert_eq!(place.counts().1 as usize, mails, "every mail was received");
    rate
}

/// Lays mails into a mailbox of the mail host, as its delivery would.
fn put(host: &Host, user: &str, mails: &[Vec<u8>]) {
    let (local, domain) = user.split_once('@').unwrap();
    let root = host.directory().join("mail");
    let theirs = std::fs::metadata(&root).unwrap();
    let home = root.join(domain).join(local);
    let own = |path: &Path| chown(path, Some(theirs.uid()), Some(theirs.gid())).unwrap();
    std::fs::create_dir_all(home.join("Maildir")).unwrap();
    for folder in [&root.join(domain), &home, &home.join("Maildir")] {
        own(folder);
    }
    for folder in ["cur", "new", "tmp"] {
        std::fs::create_dir(home.join("Maildir").join(folder)).unwrap();
        own(&home.join("Maildir").join(folder));
    }
    for (n, mail) in mails.iter().enumerate() {
        let file = home.join("Maildir/new").join(format!("{}.M{n:06}P1.bench", 1_700_000_000 + n));
        std::fs::write(&file, mail).unwrap();
        own(&file);
    }
}

fn account(host: &Host, user: &str) -> imap::Account {
    let password = host.get("PASSWORD").to_owned();
    imap::Account {
        host: "127.0.0.1".into(),
        port: host.port("IMAP_PORT"),
        tls: Tls::None,
        ca_file: None,
        allow_plaintext: true,
        user: user.to_owned(),
        proof: imap::Proof::Password,
        password: Arc::new(move || Ok(password.clone())),
        folders: vec!["INBOX".into()],
        poll: Duration::from_secs(60),
        idle: true,
        idle_renew: Duration::from_secs(28 * 60),
        mailbox: "support".into(),
        mark: imap::Mark::None,
        done_folder: None,
        sent_folder: None,
        start: Start::All,
        message_size: 25 * 1024 * 1024,
    }
}

/// What two listeners between the desk and its servers have seen.
#[derive(Default)]
struct Seen {
    /// When IMAP spoke of a new mail.
    notice: Option<Instant>,
    /// When the first letter after that went to SMTP.
    way_out: Option<Instant>,
}

/// From the notice `EXISTS` to the first `MAIL FROM`, one mail at a time, sorted; and how long a flush takes here.
pub fn latencies() -> (Vec<Duration>, Duration) {
    let (host, seen) = (host(), Arc::new(Mutex::new(Seen::default())));
    let imap = listen(host.port("IMAP_PORT"), &seen, b"", b" EXISTS");
    let smtp = listen(host.port("SMTP_PORT"), &seen, b"MAIL FROM", b"");
    let address = format!("quick-{}@desk.test", std::process::id());
    let place = Place::with(|directory| {
        std::fs::write(directory.join("password"), host.get("PASSWORD")).unwrap();
        std::fs::set_permissions(directory.join("password"), Permissions::from_mode(0o600)).unwrap();
        let config = std::fs::read_to_string(directory.join("config.toml")).unwrap();
        let people = &config[config.find("[[team]]").unwrap()..];
        let servers = format!(
            "[desk]\ndata = \"data\"\n[[mailbox]]\nname = \"support\"\naddress = \"{address}\"\n\
             source = {{ kind = \"imap\", host = \"127.0.0.1\", port = {imap}, tls = \"none\", user = \"{address}\", password_file = \"password\" }}\n\
             [delivery]\nkind = \"smtp\"\nhost = \"127.0.0.1\"\nport = {smtp}\ntls = \"none\"\n"
        );
        std::fs::write(directory.join("config.toml"), format!("{servers}{people}").replace("desk.example", "desk.test")).unwrap();
    });
    let flush = flush(&place.directory);
    let log = std::fs::File::create(place.directory.join("log")).unwrap();
    let mut command = Command::new(env!("CARGO_BIN_EXE_postdesk"));
    let mut child =
        command.arg("-c").arg(place.directory.join("config.toml")).arg("run").stdout(Stdio::null()).stderr(log).spawn().unwrap();
    let log = || std::fs::read_to_string(place.directory.join("log")).unwrap();
    wait("the desk watches", || log().contains("watching"));
    let mut times: Vec<Duration> = (0..SINGLE).map(|n| one(&seen, host, &address, n, &place)).collect();
    times.sort();
    child.kill().unwrap();
    child.wait().unwrap();
    (times, flush)
}

/// The way of one mail; comes back when all of its letters are out.
fn one(seen: &Mutex<Seen>, host: &Host, address: &str, n: usize, place: &Place) -> Duration {
    let raw = format!(
        "From: Person <person{n}@ext.test>\r\nTo: {address}\r\nSubject: VPN down {n}\r\nMessage-ID: <{n}.{}@ext.test>\r\n\r\nError 809.\r\n",
        std::process::id()
    );
    *seen.lock().unwrap() = Seen::default();
    let envelope = Envelope::new(Some("person@ext.test".parse().unwrap()), vec![address.parse().unwrap()]).unwrap();
    let postfix = SmtpTransport::builder_dangerous("127.0.0.1").port(host.port("SMTP_PORT")).build();
    postfix.send_raw(&envelope, raw.as_bytes()).unwrap();
    let done = |seen: &Seen| Some(seen.way_out? - seen.notice?);
    wait("a letter goes out", || done(&seen.lock().unwrap()).is_some());
    wait("every letter is out", || place.counts().2 == 0);
    done(&seen.lock().unwrap()).unwrap()
}

fn wait(what: &str, done: impl Fn() -> bool) {
    let start = Instant::now();
    while !done() {
        assert!(start.elapsed() < Duration::from_secs(60), "not within a minute: {what}");
        std::thread::sleep(Duration::from_millis(10));
    }
}

/// How long it takes to make one page durable, the median of some.
fn flush(directory: &Path) -> Duration {
    let mut file = std::fs::File::create(directory.join("flushed")).unwrap();
    let mut times: Vec<Duration> = (0..21)
        .map(|_| {
            let start = Instant::now();
            file.write_all(&[7; 4096]).unwrap();
            file.sync_data().unwrap();
            start.elapsed()
        })
        .collect();
    times.sort();
    times[10]
}

/// A port that leads to another one; notes when these words pass, to the server or from it.
fn listen(to: u16, seen: &Arc<Mutex<Seen>>, asked: &'static [u8], told: &'static [u8]) -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    let seen = Arc::clone(seen);
    std::thread::spawn(move || {
        for client in listener.incoming().map_while(Result::ok) {
            let server = TcpStream::connect(("127.0.0.1", to)).unwrap();
            for stream in [&client, &server] {
                stream.set_nodelay(true).unwrap();
            }
            pass(client.try_clone().unwrap(), server.try_clone().unwrap(), asked, Arc::clone(&seen));
            pass(server, client, told, Arc::clone(&seen));
        }
    });
    port
}

fn pass(mut from: TcpStream, mut to: TcpStream, words: &'static [u8], seen: Arc<Mutex<Seen>>) {
    std::thread::spawn(move || {
        let mut block = vec![0; 65_536];
        while let Ok(n @ 1..) = from.read(&mut block) {
            if !words.is_empty() && block[..n].windows(words.len()).any(|window| window == words) {
                let mut seen = seen.lock().unwrap();
                let Seen { notice, way_out } = &mut *seen;
                // What is said of the mail before is over: the notice comes first.
                if words == b"MAIL FROM" {
                    *way_out = way_out.or(notice.map(|_| Instant::now()));
                } else {
                    notice.get_or_insert_with(Instant::now);
                }
            }
            if to.write_all(&block[..n]).is_err() {
                break;
            }
        }
        let _ = to.shutdown(Shutdown::Both);
    });
}
