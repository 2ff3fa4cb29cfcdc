//! IMAP servers as large providers run them, on real sockets: each with the manners that a test gives it, and a list of what it heard.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};

use data_encoding::BASE64;
use tokio::io::{AsyncBufReadExt as _, AsyncWriteExt as _, BufReader};
use tokio::net::tcp::{OwnedReadHalf, OwnedWriteHalf};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinHandle;

/// How a server behaves.
#[derive(Clone, Copy)]
pub struct Manners {
    /// Capabilities before the login.
    pub before: &'static str,
    /// And after it.
    pub after: &'static str,
    /// No folder is opened for a client that has not said ID after its login (163, 126).
    pub id_demanded: bool,
    /// Nor for anybody else.
    pub trusts_nobody: bool,
    /// Commands that hold such words are answered with BAD.
    pub refuses: &'static [&'static str],
    /// The mail with this UID is given out in no form, whatever the server does in its place.
    pub withholds: Option<(u32, Withholding)>,
    /// The date of arrival is NIL, which RFC 3501 does not know.
    pub undated: bool,
    /// The token that is taken, instead of any password.
    pub token: Option<&'static str>,
    /// The one folder, as it is spelled on the wire.
    pub folder: &'static str,
}

/// What a server does that cannot read a mail of its own.
#[derive(Clone, Copy, Debug)]
pub enum Withholding {
    /// NO to each FETCH of any part of it.
    No,
    /// NO to each FETCH of its body; its header is given.
    NoBody,
    /// OK, with an empty literal.
    Empty,
    /// OK, with NIL.
    Nil,
    /// OK, and no word of it.
    Silence,
    /// The connection ends.
    Bye,
}

pub const PLAIN: Manners = Manners {
    before: "IMAP4rev1",
    after: "IMAP4rev1 UIDPLUS",
    id_demanded: false,
    trusts_nobody: false,
    refuses: &[],
    withholds: None,
    undated: false,
    token: None,
    folder: "INBOX",
};

#[derive(Default)]
struct Folder {
    mails: Vec<(u32, String)>,
    last: u32,
}

pub struct Provider {
    pub port: u16,
    heard: Arc<Mutex<Vec<String>>>,
    folder: Arc<Mutex<Folder>>,
    mended: Arc<AtomicBool>,
    task: JoinHandle<()>,
}

impl Drop for Provider {
    fn drop(&mut self) {
        self.task.abort();
    }
}

impl Provider {
    pub async fn start(manners: Manners) -> Provider {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let (heard, folder): (Arc<Mutex<Vec<String>>>, Arc<Mutex<Folder>>) = Default::default();
        let mended = Arc::new(AtomicBool::new(false));
        let (list, mails, sound) = (heard.clone(), folder.clone(), mended.clone());
        let task = tokio::spawn(async move {
            loop {
                let (stream, _) = listener.accept().await.unwrap();
                tokio::spawn(Talk::new(stream, manners, list.clone(), mails.clone(), sound.clone()).hold());
            }
        });
        Provider { port, heard, folder, mended, task }
    }

    pub fn deliver(&self, mail: String) {
        let mut folder = self.folder.lock().unwrap();
        folder.last += 1;
        let uid = folder.last;
        folder.mails.push((uid, mail));
    }

    /// Mail that is older than the provider's window for mail clients leaves the view.
    pub fn hide_oldest(&self, count: usize) {
        self.folder.lock().unwrap().mails.drain(..count);
    }

    /// From now on every mail is given out.
    pub fn mend(&self) {
        self.mended.store(true, Ordering::SeqCst);
    }

    /// Every command so far, without tags.
    pub fn heard(&self) -> Vec<String> {
        self.heard.lock().unwrap().clone()
    }

    pub fn has_heard(&self, word: &str) -> bool {
        self.heard().iter().any(|command| command.to_uppercase().contains(word))
    }
}

struct Talk {
    road: BufReader<OwnedReadHalf>,
    back: OwnedWriteHalf,
    manners: Manners,
    heard: Arc<Mutex<Vec<String>>>,
    folder: Arc<Mutex<Folder>>,
    mended: Arc<AtomicBool>,
    logged_in: bool,
    named: bool,
}

impl Talk {
    fn new(
        stream: TcpStream,
        manners: Manners,
        heard: Arc<Mutex<Vec<String>>>,
        folder: Arc<Mutex<Folder>>,
        mended: Arc<AtomicBool>,
    ) -> Talk {
        stream.set_nodelay(true).unwrap();
        let (road, back) = stream.into_split();
        Talk { road: BufReader::new(road), back, manners, heard, folder, mended, logged_in: false, named: false }
    }

    async fn say(&mut self, text: &str) {
        // A client may be gone.
        let _ = self.back.write_all(text.as_bytes()).await;
    }

    async fn line(&mut self) -> Option<String> {
        let mut line = String::new();
        self.road.read_line(&mut line).await.ok().filter(|length| *length > 0)?;
        Some(line.trim_end_matches(['\r', '\n']).to_owned())
    }

    async fn hold(mut self) {
        self.say("* OK ready\r\n").await;
        while let Some(line) = self.line().await {
            let (tag, command) = line.split_once(' ').expect("a tag and a command");
            self.heard.lock().unwrap().push(command.to_owned());
            let end = self.answer(command).await;
            if end == "BYE" {
                return;
            }
            self.say(&format!("{tag} {end}\r\n")).await;
            if command == "LOGOUT" {
                return;
            }
        }
    }

    /// Everything but the tagged line, which is returned.
    async fn answer(&mut self, command: &str) -> String {
        let verb = command.split(' ').next().unwrap_or_default().to_uppercase();
        if let Some(word) = self.manners.refuses.iter().find(|word| command.contains(**word)) {
            return format!("BAD {word} is not understood");
        }
        match verb.as_str() {
            "CAPABILITY" => {
                let list = if self.logged_in { self.manners.after } else { self.manners.before };
                self.say(&format!("* CAPABILITY {list}\r\n")).await;
            }
            "LOGIN" if self.manners.token.is_none() => self.logged_in = true,
            "AUTHENTICATE" if let Some(token) = self.manners.token => return self.present(command, token).await,
            "LOGIN" | "AUTHENTICATE" => return "NO [AUTHENTICATIONFAILED] no such login here".to_owned(),
            _ if !self.logged_in && verb != "LOGOUT" => return "BAD log in first".to_owned(),
            "ID" => {
                self.named = true;
                self.say("* ID NIL\r\n").await;
            }
            "SELECT" | "EXAMINE" => {
                if self.manners.trusts_nobody || self.manners.id_demanded && !self.named {
                    return format!("NO {verb} Unsafe Login. Please contact kefu@188.com for help");
                }
                if !command.ends_with(&format!("\"{}\"", self.manners.folder)) {
                    return "NO no such folder".to_owned();
                }
                let (exists, next) = self.counts();
                self.say(&format!("* {exists} EXISTS\r\n* OK [UIDVALIDITY 1] ok\r\n* OK [UIDNEXT {next}] ok\r\n")).await;
            }
            "NOOP" => {
                let (exists, _) = self.counts();
                self.say(&format!("* {exists} EXISTS\r\n")).await;
            }
            // It lies: nothing is ever found.
            "SEARCH" => self.say("* SEARCH\r\n").await,
            "FETCH" => return self.fetch(command, false).await,
            "UID" if command.starts_with("UID FETCH ") => return self.fetch(&command[4..], true).await,
            "UID" if command.starts_with("UID SEARCH") => self.say("* SEARCH\r\n").await,
            "UID" | "LOGOUT" => {}
            _ => return format!("BAD {verb} is not understood"),
        }
        "OK done".to_owned()
    }

    fn counts(&self) -> (usize, u32) {
        let folder = self.folder.lock().unwrap();
        (folder.mails.len(), folder.last + 1)
    }

    /// AUTHENTICATE XOAUTH2 as Google has it: an error is a challenge first.
    async fn present(&mut self, command: &str, token: &str) -> String {
        let message = match command.splitn(3, ' ').nth(2) {
            Some(message) => message.to_owned(),
            None => {
                self.say("+ \r\n").await;
                self.line().await.unwrap_or_default()
            }
        };
        let said = String::from_utf8(BASE64.decode(message.as_bytes()).unwrap()).unwrap();
        if said == format!("user=support@desk.test\x01auth=Bearer {token}\x01\x01") {
            self.logged_in = true;
            return "OK Success".to_owned();
        }
        let why = BASE64.encode(br#"{"status":"401","schemes":"Bearer","scope":"https://mail.test/"}"#);
        self.say(&format!("+ {why}\r\n")).await;
        let answer = self.line().await;
        assert_eq!(answer.as_deref(), Some(""), "the challenge is answered with an empty line");
        "NO [AUTHENTICATIONFAILED] Invalid credentials (Failure)".to_owned()
    }

    async fn fetch(&mut self, command: &str, by_uid: bool) -> String {
        let (set, items) = command.trim_start_matches("FETCH ").split_once(' ').unwrap();
        let mails: Vec<(usize, u32, String)> = {
            let folder = self.folder.lock().unwrap();
            let numbered = folder.mails.iter().enumerate().map(|(at, (uid, mail))| (at + 1, *uid, mail.clone()));
            let last = if by_uid { folder.mails.last().map_or(0, |(uid, _)| *uid) } else { u32::try_from(folder.mails.len()).unwrap() };
            numbered.filter(|(number, uid, _)| holds(set, if by_uid { *uid } else { u32::try_from(*number).unwrap() }, last)).collect()
        };
        for (number, uid, mail) in mails {
            let part = items.split_once("BODY.PEEK[");
            let withheld = self.manners.withholds.filter(|(bad, _)| *bad == uid && part.is_some() && !self.mended.load(Ordering::SeqCst));
            match withheld {
                Some((_, Withholding::No)) => return "NO [SERVERBUG] Internal error occurred".to_owned(),
                Some((_, Withholding::NoBody)) if !items.contains("[HEADER]") => return "NO cannot parse the message".to_owned(),
                Some((_, Withholding::Bye)) => return "BYE".to_owned(),
                Some((_, Withholding::Silence)) => continue,
                Some((_, Withholding::Empty | Withholding::Nil)) => {
                    let (section, rest) = part.unwrap().1.split_once(']').unwrap();
                    let at = if rest.starts_with('<') { "<0>" } else { "" };
                    let bytes = if matches!(withheld, Some((_, Withholding::Nil))) { "NIL" } else { "{0}\r\n" };
                    self.say(&format!("* {number} FETCH (UID {uid} BODY[{section}]{at} {bytes})\r\n")).await;
                    continue;
                }
                Some((_, Withholding::NoBody)) | None => {}
            }
            let mut told = vec![format!("UID {uid}")];
            if items.contains("RFC822.SIZE") {
                told.push(format!("RFC822.SIZE {}", mail.len()));
            }
            if items.contains("INTERNALDATE") {
                let dated = chrono::Utc::now().format("INTERNALDATE \"%d-%b-%Y %H:%M:%S +0000\"").to_string();
                told.push(if self.manners.undated { "INTERNALDATE NIL".to_owned() } else { dated });
            }
            if let Some(asked) = items.split("BODY.PEEK[").nth(1) {
                let (section, rest) = asked.split_once(']').unwrap();
                let whole = if section == "HEADER" { &mail[..mail.find("\r\n\r\n").unwrap() + 4] } else { &mail };
                let (label, bytes) = match rest.strip_prefix('<').and_then(|part| part.split_once('>')) {
                    Some((part, _)) => {
                        let (from, length) = part.split_once('.').unwrap();
                        let from = whole.len().min(from.parse().unwrap());
                        let to = whole.len().min(from + length.parse::<usize>().unwrap());
                        (format!("<{from}>"), &whole[from..to])
                    }
                    None => (String::new(), whole),
                };
                told.push(format!("BODY[{section}]{label} {{{}}}\r\n{bytes}", bytes.len()));
            }
            self.say(&format!("* {number} FETCH ({})\r\n", told.join(" "))).await;
        }
        "OK done".to_owned()
    }
}

/// Does a sequence set hold this number?
fn holds(set: &str, number: u32, last: u32) -> bool {
    let value = |text: &str| if text == "*" { last } else { text.parse().unwrap() };
    set.split(',').any(|range| {
        let (first, end) = range.split_once(':').unwrap_or((range, range));
        let (first, end) = (value(first), value(end));
        (first.min(end)..=first.max(end)).contains(&number)
    })
}
