//! Maildirs in a temporary directory.

use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};

use super::*;
use crate::domain::message::Withheld;

/// A desk that is a list.
#[derive(Default)]
struct List {
    mails: Mutex<Vec<Arrival>>,
    cursor: Mutex<Option<Cursor>>,
    asked: AtomicUsize,
    full: bool,
}

impl Inbox for List {
    type Ready = Vec<Arrival>;

    async fn cursor(&self, _: &Folder) -> anyhow::Result<Option<Cursor>> {
        Ok(*self.cursor.lock().unwrap())
    }

    async fn set_cursor(&self, _: &Folder, cursor: Cursor) -> anyhow::Result<()> {
        *self.cursor.lock().unwrap() = Some(cursor);
        Ok(())
    }

    async fn received(&self, places: Vec<Place>) -> anyhow::Result<Vec<bool>> {
        self.asked.fetch_add(places.len(), Ordering::Relaxed);
        let mails = self.mails.lock().unwrap();
        Ok(places.iter().map(|place| mails.iter().any(|mail| mail.place.as_ref() == Some(place))).collect())
    }

    async fn prepare(&self, arrivals: Vec<Arrival>) -> anyhow::Result<Vec<Arrival>> {
        Ok(arrivals)
    }

    async fn receive(&self, arrivals: Vec<Arrival>) -> anyhow::Result<()> {
        anyhow::ensure!(!self.full, "the disk is full");
        self.mails.lock().unwrap().extend(arrivals);
        Ok(())
    }

    fn is_spent(&self, mail: &Arrival) -> bool {
        mail.raw.starts_with(b"Subject: spent")
    }

    async fn pass_over(&self, _: Vec<Withheld>) -> anyhow::Result<()> {
        anyhow::bail!("a file can be read")
    }

    async fn passed_over(&self, _: &Folder) -> anyhow::Result<Vec<Place>> {
        Ok(Vec::new())
    }

    async fn no_more(&self, _: Vec<Place>) -> anyhow::Result<()> {
        Ok(())
    }
}

impl List {
    fn names(&self) -> Vec<String> {
        self.mails.lock().unwrap().iter().map(|mail| mail.place.clone().unwrap().name).collect()
    }
}

/// A Maildir that is removed at the end.
struct Mailbox(PathBuf);

impl Mailbox {
    fn new() -> Mailbox {
        static COUNT: AtomicUsize = AtomicUsize::new(0);
        let number = COUNT.fetch_add(1, Ordering::Relaxed);
        let path = std::env::temp_dir().join(format!("postdesk-maildir-{}-{number}", std::process::id()));
        for part in ["new", "cur", "tmp"] {
            fs::create_dir_all(path.join(part)).unwrap();
        }
        Mailbox(path)
    }

    fn put(&self, place: &str, at: i64, text: &str) {
        let file = fs::File::create(self.0.join(place)).unwrap();
        std::io::Write::write_all(&mut &file, text.as_bytes()).unwrap();
        file.set_modified(moment(at).into()).unwrap();
    }

    fn account(&self, start: Start) -> Account {
        Account {
            path: self.0.clone(),
            mailbox: "support".to_owned(),
            poll: Duration::from_millis(20),
            mark_seen: false,
            done_folder: None,
            start,
            message_size: 1000,
        }
    }

    fn files(&self, part: &str) -> Vec<String> {
        let list = fs::read_dir(self.0.join(part)).unwrap();
        let mut names: Vec<_> = list.map(|file| file.unwrap().file_name().into_string().unwrap()).collect();
        names.sort();
        names
    }
}

impl Drop for Mailbox {
    fn drop(&mut self) {
        fs::remove_dir_all(&self.0).unwrap();
    }
}

fn moment(second: i64) -> DateTime<Utc> {
    DateTime::from_timestamp(1_700_000_000 + second, 0).unwrap()
}

fn clock() -> DateTime<Utc> {
    moment(100)
}

async fn read_once(account: &Account, inbox: &List) -> anyhow::Result<()> {
    let (_stop, shutdown) = tokio::sync::watch::channel(false);
    watch(account, inbox, &clock, shutdown, true, &|_| ()).await
}

#[tokio::test]
async fn mails_come_in_the_order_of_their_arrival_and_stay_untouched() {
    let (maildir, inbox) = (Mailbox::new(), List::default());
    maildir.put("new/b", 120, "Subject: two\n\nbody");
    maildir.put("cur/c:2,S", 130, "Subject: three\n\nbody");
    maildir.put("new/a", 110, "Subject: one\n\nbody");
    maildir.put("new/.hidden", 115, "no mail");
    maildir.put("tmp/d", 115, "not yet a mail");
    read_once(&maildir.account(Start::Now), &inbox).await.unwrap();
    assert_eq!(inbox.names(), ["a", "b", "c"]);
    assert_eq!(inbox.mails.lock().unwrap()[0].raw, b"Subject: one\n\nbody");
    assert_eq!(inbox.mails.lock().unwrap()[0].at, moment(110));
    assert_eq!((maildir.files("new"), maildir.files("cur")), (vec![".hidden".into(), "a".into(), "b".into()], vec!["c:2,S".into()]));
    // A mail client looks at them: they move, and are still the same mails, in this process and in the next.
    fs::rename(maildir.0.join("new/a"), maildir.0.join("cur/a:2,RS")).unwrap();
    read_once(&maildir.account(Start::Now), &inbox).await.unwrap();
    assert_eq!(inbox.names().len(), 3);
}

#[tokio::test]
async fn the_first_day_is_quiet() {
    let limit = Start::Since(moment(55));
    let cases: [(Start, &[(&str, bool)]); 3] = [
        (Start::Now, &[("new", false)]),
        (Start::All, &[("old", true), ("later", true), ("new", false)]),
        (limit, &[("later", true), ("new", false)]),
    ];
    for (start, expected) in cases {
        let (maildir, inbox) = (Mailbox::new(), List::default());
        maildir.put("cur/old:2,S", 50, "x");
        maildir.put("new/later", 60, "x");
        maildir.put("new/new", 101, "x");
        read_once(&maildir.account(start), &inbox).await.unwrap();
        let got: Vec<(String, bool)> =
            inbox.mails.lock().unwrap().iter().map(|mail| (mail.place.clone().unwrap().name, mail.quiet)).collect();
        assert_eq!(got, expected.iter().map(|(name, quiet)| ((*name).to_owned(), *quiet)).collect::<Vec<_>>(), "{start:?}");
        assert_eq!(inbox.cursor.lock().unwrap().map(|cursor| cursor.since), Some(moment(100)));
    }
}

#[tokio::test]
async fn received_mails_are_marked_or_moved_where_configured() {
    let cases: [(bool, Option<&str>, [&str; 2], &str); 3] = [
        (true, None, ["a:2,S", "b:2,FS"], "cur"),
        (false, Some("Done"), ["a:2,", "b:2,F"], ".Done/cur"),
        (true, Some("Desk/Done"), ["a:2,S", "b:2,FS"], ".Desk.Done/cur"),
    ];
    for (mark_seen, done, names, part) in cases {
        let (maildir, inbox) = (Mailbox::new(), List::default());
        let account = Account { mark_seen, done_folder: done.map(str::to_owned), ..maildir.account(Start::All) };
        maildir.put("new/a", 1, "x");
        maildir.put("cur/b:2,F", 2, "x");
        // Nothing moves before the desk has it.
        read_once(&account, &List { full: true, ..List::default() }).await.unwrap_err();
        assert_eq!((maildir.files("new"), maildir.files("cur")), (vec!["a".into()], vec!["b:2,F".into()]));
        read_once(&account, &inbox).await.unwrap();
        assert_eq!(maildir.files(part), names);
        read_once(&account, &inbox).await.unwrap();
        assert_eq!(inbox.names().len(), 2);
    }
}

#[tokio::test]
async fn what_nobody_needs_is_removed_and_nothing_else() {
    for mark_seen in [false, true] {
        let maildir = Mailbox::new();
        let account = Account { mark_seen, ..maildir.account(Start::All) };
        maildir.put("new/a", 1, "Subject: a\n\nspent");
        maildir.put("new/b", 2, "Subject: spent\n\nx");
        maildir.put("cur/c:2,S", 3, "Subject: spent\n\nx");
        read_once(&account, &List { full: true, ..List::default() }).await.unwrap_err();
        assert_eq!(maildir.files("new"), ["a", "b"], "nothing goes before the desk has it");
        let inbox = List::default();
        read_once(&account, &inbox).await.unwrap();
        assert_eq!(inbox.names(), ["a", "b", "c"]);
        let left: [&[&str]; 2] = if mark_seen { [&[], &["a:2,S"]] } else { [&["a"], &[]] };
        assert_eq!([maildir.files("new"), maildir.files("cur")], left);
    }
}

#[tokio::test]
async fn a_copy_of_a_sent_mail_is_kept_once_and_read_by_nobody() {
    let mailbox = Mailbox::new();
    let account = mailbox.account(Start::All);
    let mail = |text: &str| Arc::new(format!("Subject: a\r\n\r\n{text}\r\n").into_bytes());
    for _ in 0..2 {
        keep(&account, "Sent/Desk", vec![mail("one"), mail("two")]).await.unwrap();
    }
    let kept = mailbox.files(".Sent.Desk/cur");
    assert_eq!(kept.len(), 2, "{kept:?}");
    assert!(kept.iter().all(|name| name.ends_with(":2,S")), "{kept:?}");
    let text = fs::read_to_string(mailbox.0.join(".Sent.Desk/cur").join(&kept[0])).unwrap();
    assert!(text.starts_with("Subject: a\n\n") && !text.contains('\r'), "{text:?}");
    assert!(mailbox.files(".Sent.Desk/tmp").is_empty());
    let list = List::default();
    read_once(&account, &list).await.unwrap();
    assert!(list.names().is_empty(), "copies are no mail that came in");
}

#[tokio::test]
async fn a_move_that_a_crash_prevented_is_made_up_for() {
    let (maildir, inbox) = (Mailbox::new(), List::default());
    maildir.put("new/a", 1, "x");
    read_once(&maildir.account(Start::All), &inbox).await.unwrap();
    read_once(&Account { mark_seen: true, ..maildir.account(Start::All) }, &inbox).await.unwrap();
    assert_eq!((maildir.files("new"), maildir.files("cur"), inbox.names().len()), (vec![], vec!["a:2,S".into()], 1));
}

#[tokio::test]
async fn of_a_large_mail_only_the_header_is_read() {
    let (maildir, inbox) = (Mailbox::new(), List::default());
    let body = "x".repeat(2000);
    maildir.put("new/a", 1, &format!("Subject: big\r\nFrom: a@b\r\n\r\n{body}"));
    read_once(&maildir.account(Start::All), &inbox).await.unwrap();
    let mails = inbox.mails.lock().unwrap();
    assert_eq!((mails[0].raw.as_slice(), mails[0].whole_size), (b"Subject: big\r\nFrom: a@b\r\n\r\n".as_slice(), Some(2027)));
}

#[tokio::test]
async fn a_watched_maildir_gives_new_mail_once_and_ends_at_once() {
    let (maildir, inbox) = (Mailbox::new(), List::default());
    for number in 0..200 {
        maildir.put(&format!("cur/{number:03}:2,S"), 110, "x");
    }
    let (stop, shutdown) = tokio::sync::watch::channel(false);
    let account = maildir.account(Start::Now);
    let states = Mutex::new(Vec::new());
    let report = |state| states.lock().unwrap().push(state);
    let play = async {
        until(|| inbox.names().len() == 200).await;
        maildir.put("new/late", 120, "x");
        until(|| inbox.names().len() == 201).await;
        sleep(Duration::from_millis(100)).await;
        stop.send_replace(true);
    };
    let (ended, ()) = tokio::time::timeout(Duration::from_secs(10), async {
        tokio::join!(watch(&account, &inbox, &clock, shutdown, false, &report), play)
    })
    .await
    .unwrap();
    ended.unwrap();
    assert_eq!(inbox.names().len(), 201);
    assert_eq!(inbox.asked.load(Ordering::Relaxed), 201, "every name is asked for once");
    assert_eq!(*states.lock().unwrap(), [SourceState::Watching]);
}

async fn until(reached: impl Fn() -> bool) {
    while !reached() {
        sleep(Duration::from_millis(5)).await;
    }
}

#[tokio::test]
async fn what_is_no_maildir_is_named() {
    let account = Account { path: PathBuf::from("/nowhere/at/all"), ..Mailbox::new().account(Start::All) };
    let error = format!("{:#}", read_once(&account, &List::default()).await.unwrap_err());
    assert!(error.contains("no Maildir: /nowhere/at/all/new"), "{error}");
}

#[test]
fn a_listing_is_skipped_only_when_nothing_can_have_changed() {
    let maildir = Mailbox::new();
    let mut known = Known::default();
    maildir.put("new/a", 1, "x");
    assert_eq!(known.list(&maildir.0).unwrap().len(), 1);
    assert!(known.listed.is_none(), "too fresh to rely on");
    for part in ["new", "cur"] {
        fs::File::open(maildir.0.join(part)).unwrap().set_modified(SystemTime::now() - Duration::from_secs(10)).unwrap();
    }
    assert_eq!(known.list(&maildir.0).unwrap().len(), 1);
    assert!(known.listed.is_some());
    assert_eq!(known.list(&maildir.0).unwrap(), []);
    maildir.put("new/b", 2, "x");
    assert_eq!(known.list(&maildir.0).unwrap().len(), 2);
}

#[test]
fn batches_are_bounded() {
    let entry = |size| (Entry { name: "n".into(), path: PathBuf::new(), at: moment(0), size }, false);
    let cases = [(vec![], 0), (vec![entry(1); 100], 64), (vec![entry(u64::from(u32::MAX)); 3], 1), (vec![entry(BATCH_BYTES / 2); 3], 2)];
    for (wanted, length) in cases {
        assert_eq!(batch_length(&wanted), length);
    }
}
