//! The process dies at any moment: before the n-th call of the store, or after it with the answer lost. What was not flushed is gone. The
//! next start must end where an undisturbed run ends, and a mail that goes out twice must be the same mail.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use chrono::{DateTime, Utc};
use postdesk::delivery::Handover;
use postdesk::desk::{self, Desk};
use postdesk::domain::audit::{Class, Spot};
use postdesk::domain::message::{Address, Arrival, Cursor, Folder, LetterId, Place};
use postdesk::domain::reports::Scope;
use postdesk::domain::ticket::{Ticket, TicketNo, Version};
use postdesk::domain::unsettled::Lists;
use postdesk::domain::{Answer, CauseKey, Query};
use postdesk::policy::Loaded;
use postdesk::store::{
    self, CauseId, Commit, CommitError, Counts, Fate, JournalRow, Note, OutboxRow, Pending, Posting, Prepared, QuarantineRow, Read,
    Received, Result, Sealed, Store, TicketFilter,
};

use crate::common::Scratch;
use crate::world::{self, CONFIG, World};

/// Where the process dies.
#[derive(Clone, Copy, Debug)]
struct Death {
    at_call: usize,
    /// The call is carried out, but its answer is lost.
    after: bool,
}

/// A store that dies, and stays dead.
struct Mortal {
    inner: Box<dyn Store>,
    calls: Arc<AtomicUsize>,
    death: Option<Death>,
    /// The cause whose commit kills the process each time.
    poison: Option<CauseId>,
}

impl Mortal {
    fn call<T>(&mut self, work: impl FnOnce(&mut dyn Store) -> Result<T>) -> Result<T> {
        let n = self.calls.fetch_add(1, Ordering::Relaxed) + 1;
        match self.death {
            Some(death) if n > death.at_call || (n == death.at_call && !death.after) => anyhow::bail!("dead"),
            Some(death) if n == death.at_call => {
                work(self.inner.as_mut())?;
                anyhow::bail!("dead before it could answer")
            }
            _ => work(self.inner.as_mut()),
        }
    }
}

impl Read for Mortal {
    fn answer(&mut self, cause: &CauseKey, query: &Query) -> Result<Answer> {
        self.call(|s| s.answer(cause, query))
    }
}

/// Methods that only ask: death before or after them is the same as around the next write.
macro_rules! asks {
    ($($name:ident($($arg:ident: $type:ty),*) -> $out:ty;)*) => {
        $(fn $name(&self, $($arg: $type),*) -> Result<$out> { self.inner.$name($($arg),*) })*
    };
}

/// Methods that write, or that a batch consists of.
macro_rules! writes {
    ($($name:ident($($arg:ident: $type:ty),*) -> $out:ty;)*) => {
        $(fn $name(&mut self, $($arg: $type),*) -> Result<$out> { self.call(|s| s.$name($($arg),*)) })*
    };
}

impl Store for Mortal {
    asks! {
        cursor(folder: &Folder) -> Option<Cursor>;
        has_place(place: &Place) -> bool;
        classes(folder: &Folder, uidvalidity: u32) -> HashMap<Spot, Class>;
        due(now: DateTime<Utc>, limit: usize) -> Vec<(TicketNo, Version, DateTime<Utc>)>;
        quarantined() -> Vec<QuarantineRow>;
        withheld(folder: &Folder) -> Vec<Place>;
        raw(cause: CauseId) -> Option<Vec<u8>>;
        first_mails(limit: usize) -> Vec<CauseId>;
        openings(limit: usize) -> Vec<(CauseId, TicketNo)>;
        newest_from(senders: &[Address]) -> Option<(DateTime<Utc>, Vec<u8>)>;
        next_wake() -> Option<DateTime<Utc>>;
        senders() -> Vec<String>;
        outbox(all: bool, limit: usize) -> Vec<OutboxRow>;
        letter_bytes(envelope: i64) -> Option<Vec<u8>>;
        get(name: &str) -> Option<String>;
        ticket(number: TicketNo) -> Option<Ticket>;
        tickets(filter: &TicketFilter) -> Vec<Ticket>;
        history(number: TicketNo) -> Vec<JournalRow>;
        counts(now: DateTime<Utc>) -> Counts;
        unsettled(scope: &Scope) -> Lists;
    }
    writes! {
        set_cursor(folder: &Folder, cursor: Cursor) -> ();
        receive(mail: Prepared) -> Received;
        word(letters: &[LetterId], words: &Sealed) -> ();
        enqueue(key: &CauseKey, at: DateTime<Utc>, note: &Note) -> bool;
        pending(limit: usize) -> Vec<Pending>;
        mark(limit: usize) -> BTreeSet<CauseId>;
        recover() -> usize;
        attempt(cause: CauseId) -> u32;
        quarantine(cause: CauseId, why: &str, at: DateTime<Utc>) -> ();
        no_more_withheld(place: &Place, at: DateTime<Utc>) -> ();
        retry(cause: CauseId) -> bool;
        flush() -> ();
        claim(now: DateTime<Utc>, n: usize, mailboxes: &[String]) -> Vec<Posting>;
        settle(envelope: i64, fate: &Fate, now: DateTime<Utc>) -> ();
        unclaim() -> usize;
        resend(envelope: i64, now: DateTime<Utc>) -> bool;
        cancel(envelope: i64, now: DateTime<Utc>) -> bool;
        set(name: &str, value: &str) -> ();
        retime(strikes: &dyn Fn(&Ticket) -> Option<DateTime<Utc>>) -> usize;
    }

    fn commit(&mut self, commit: &Commit) -> std::result::Result<Vec<LetterId>, CommitError> {
        if self.poison == Some(commit.cause) {
            self.death = Some(Death { at_call: self.calls.load(Ordering::Relaxed), after: false });
        }
        let mut conflict = None;
        let done = self.call(|s| match s.commit(commit) {
            Ok(letters) => Ok(letters),
            Err(CommitError::Unavailable(error)) => Err(error),
            Err(CommitError::Conflict(other)) => {
                conflict = Some(other);
                Ok(Vec::new())
            }
        });
        match conflict {
            Some(conflict) => Err(conflict.into()),
            None => Ok(done?),
        }
    }

    fn drop_batch(&mut self) -> Result<()> {
        // A dead process drops its batch, too.
        self.inner.drop_batch()
    }
}

/// What was carried out: Message-ID and recipient → the bytes, which ought to be the same each time.
type Carried = BTreeMap<(String, Address), BTreeSet<Vec<u8>>>;

/// Everything that can be seen from outside at the end.
#[derive(PartialEq, Debug)]
struct Ending {
    tickets: Vec<Ticket>,
    /// Message-ID and recipient → bytes.
    mails: BTreeMap<(String, Address), Vec<u8>>,
    histories: Vec<usize>,
    messages: u64,
}

/// The mails of a small day: two new ones, an agent's answer with an order, the requester's answer, a duplicate.
fn script() -> (Scratch, Vec<Vec<u8>>) {
    let mut world = World::new("crash-script", CONFIG, &[]);
    let file = "Content-Type: text/x-log; name=vpn.log\nContent-Transfer-Encoding: base64\n\nODA5IHRpbWVvdXQK";
    let vpn = format!(
        "Message-ID: <vpn@ext.test>\nFrom: Alice <alice@ext.test>\nTo: support@desk.test\nSubject: VPN down\n\
         Content-Type: multipart/mixed; boundary=b\n\n--b\n\nIt says error 809.\n--b\n{file}\n--b--\n"
    )
    .into_bytes();
    let printer = new("printer", "赵敏 <zhao@ext.test>", "打印机坏了", "三楼的打印机卡纸,无法打印。");
    let mut mails = vec![vpn.clone(), printer, vpn.clone()];
    let sent: Vec<_> = mails.iter().flat_map(|raw| world.mail(raw)).collect();
    let notice = sent.iter().find(|s| s.to == "li@desk.test").expect("li hears of the VPN");
    mails.push(answer("li@desk.test", "li-1", &format!("Re: {} [take] [wait=3d]", notice.reading.subject), notice, "Please send the log."));
    let reply = world.mail(mails.last().unwrap()).into_iter().find(|s| s.to == "alice@ext.test").expect("alice gets the words");
    mails.push(answer("alice@ext.test", "alice-2", &format!("Re: {}", reply.reading.subject), &reply, "Here it is."));
    world.mail(mails.last().unwrap());
    (world.scratch, mails)
}

/// An agent's mail that nothing proves, and his word for it.
fn script_of_a_confirmation() -> (Scratch, Vec<Vec<u8>>) {
    let mut world = World::new("crash-confirm", CONFIG, &[]);
    let mut mails = vec![
        new("vpn", "alice@ext.test", "VPN down", "It says error 809."),
        new("li-1", "li@desk.test", "[#1001] VPN down [take]", "Please send the log."),
    ];
    let question = mails.iter().flat_map(|raw| world.mail(raw)).last().expect("li is asked whether it is his");
    mails.push(answer("li@desk.test", "li-2", "Re: [#1001] VPN down", &question, "confirm"));
    world.mail(mails.last().unwrap());
    (world.scratch, mails)
}

fn new(id: &str, from: &str, subject: &str, text: &str) -> Vec<u8> {
    format!("Message-ID: <{id}@ext.test>\nFrom: {from}\nTo: support@desk.test\nSubject: {subject}\nContent-Type: text/plain; charset=utf-8\n\n{text}\n").into_bytes()
}

fn answer(from: &str, id: &str, subject: &str, to: &world::Sent, text: &str) -> Vec<u8> {
    let parent = to.reading.id.as_ref().unwrap();
    let references: Vec<String> = to.reading.references.iter().map(ToString::to_string).collect();
    format!(
        "Message-ID: <{id}@x.test>\nFrom: {from}\nTo: support@desk.test\nSubject: {subject}\nIn-Reply-To: {parent}\nReferences: {} {parent}\n\n{text}\n",
        references.join(" ")
    )
    .into_bytes()
}

/// Plays the script, dying once on the way, and looks at the end. Also tells how many calls were made.
fn play(loaded: &Loaded, mails: &[Vec<u8>], death: Option<Death>) -> (Ending, usize) {
    let scratch = Scratch::new("crash");
    let data = scratch.path().join("data");
    let calls = Arc::new(AtomicUsize::new(0));
    let mut carried: Carried = BTreeMap::new();
    let open = |death| Box::new(Mortal { inner: store::open(&data).unwrap(), calls: Arc::clone(&calls), death, poison: None });
    let now: DateTime<Utc> = "2026-12-01T01:00:00Z".parse().unwrap();
    let mut received = 0;
    if life(open(death), loaded, mails, &mut received, &mut carried, now).is_err() {
        life(open(None), loaded, mails, &mut received, &mut carried, now).expect("the second life ends well");
    }
    let mut store = store::open(&data).unwrap();
    let tickets = store.tickets(&TicketFilter { limit: 100, ..TicketFilter::default() }).unwrap();
    let histories = tickets.iter().map(|t| store.history(t.number).unwrap().len()).collect();
    for (key, versions) in &carried {
        assert_eq!(versions.len(), 1, "{key:?} went out in different bytes after {death:?}");
    }
    let waiting = store.outbox(false, 100).unwrap();
    assert!(waiting.is_empty(), "not sent after {death:?}: {waiting:?}");
    let messages = store.counts(Utc::now()).unwrap().messages;
    let mails = carried.into_iter().map(|(key, mut versions)| (key, versions.pop_first().unwrap())).collect();
    drop(store.flush());
    (Ending { tickets, mails, histories, messages }, calls.load(Ordering::Relaxed))
}

/// One life of the process: from the first mail that was not surely received, to the end or to death.
fn life(
    store: Box<dyn Store>,
    loaded: &Loaded,
    mails: &[Vec<u8>],
    received: &mut usize,
    carried: &mut Carried,
    now: DateTime<Utc>,
) -> anyhow::Result<()> {
    let mut desk = Desk::open(store, world::book(loaded))?;
    loop {
        work(&mut desk, carried, now)?;
        let Some(raw) = mails.get(*received) else { return Ok(()) };
        let arrival =
            Arrival { mailbox: "support".into(), place: None, at: now, raw: raw.clone(), whole_size: None, quiet: false, cursor: None };
        desk.receive(vec![desk::prepare(arrival, &loaded.policy)])?;
        *received += 1;
    }
}

fn work(desk: &mut Desk, carried: &mut Carried, now: DateTime<Utc>) -> anyhow::Result<()> {
    loop {
        let idle = desk.step(now)?.idle;
        let postings = desk.claim(now, 10, &["support".to_owned()])?;
        if idle && postings.is_empty() {
            return Ok(());
        }
        let ended: Vec<(Posting, Handover)> = postings
            .into_iter()
            .map(|posting| {
                let id = postdesk::mail::parse::read(&posting.bytes, None).id.expect("every letter has an id");
                carried.entry((id.to_string(), posting.to.clone())).or_default().insert(posting.bytes.to_vec());
                (posting, Handover::Taken("250 ok".into()))
            })
            .collect();
        desk.settle(&ended, now)?;
    }
}

#[test]
fn whenever_the_process_dies_the_outcome_is_the_same() {
    let (origin, mails) = script();
    let loaded = world::load(origin.path(), CONFIG);
    let (undisturbed, calls) = play(&loaded, &mails, None);
    assert_eq!(undisturbed.tickets.len(), 2);
    let with_file = |bytes: &&Vec<u8>| bytes.windows(16).any(|w| w == b"ODA5IHRpbWVvdXQK");
    assert_eq!(undisturbed.mails.values().filter(with_file).count(), 1, "Li gets the file");
    dies_at_every_call(&loaded, &mails, (&undisturbed, calls));
}

#[test]
fn whenever_the_process_dies_a_confirmed_mail_is_carried_out_once() {
    let (origin, mails) = script_of_a_confirmation();
    let loaded = world::load(origin.path(), CONFIG);
    let (undisturbed, calls) = play(&loaded, &mails, None);
    assert_eq!(undisturbed.tickets[0].owner.as_deref(), Some("li"));
    assert_eq!(undisturbed.mails.keys().filter(|(_, to)| to.as_str() == "alice@ext.test").count(), 2, "the acknowledgment and his words");
    dies_at_every_call(&loaded, &mails, (&undisturbed, calls));
}

fn dies_at_every_call(loaded: &Loaded, mails: &[Vec<u8>], (undisturbed, calls): (&Ending, usize)) {
    assert!(calls > 40, "only {calls} calls: what is tested here?");
    for at_call in 1..=calls {
        for after in [false, true] {
            let death = Death { at_call, after };
            let (ending, _) = play(loaded, mails, Some(death));
            assert_eq!(ending, *undisturbed, "after {death:?}");
        }
    }
}

/// One life over the desk in `data` with a cause that kills; true when it came to rest.
fn comes_to_rest(loaded: &Loaded, poison: Option<CauseId>, carried: &mut Carried, now: DateTime<Utc>) -> bool {
    let inner = store::open(&loaded.config.data).unwrap();
    let mortal = Box::new(Mortal { inner, calls: Arc::default(), death: None, poison });
    Desk::open(mortal, world::book(loaded)).and_then(|mut desk| work(&mut desk, carried, now)).is_ok()
}

#[test]
fn a_cause_that_ends_the_process_each_time_is_quarantined_and_the_others_go_on() {
    let scratch = Scratch::new("poison");
    let loaded = world::load(scratch.path(), CONFIG);
    let now: DateTime<Utc> = "2026-12-01T01:00:00Z".parse().unwrap();
    let raws = ["first", "poison", "last"].map(|name| {
        format!("Message-ID: <{name}@ext.test>\nFrom: {name}@ext.test\nTo: support@desk.test\nSubject: {name}\n\nThe VPN is down.\n")
            .into_bytes()
    });
    let mut store = store::open(&loaded.config.data).unwrap();
    for raw in raws.clone() {
        let arrival = Arrival { mailbox: "support".into(), place: None, at: now, raw, whole_size: None, quiet: false, cursor: None };
        store.receive(arrival.into()).unwrap();
    }
    store.flush().unwrap();
    let poison = store.pending(3).unwrap().get(1).map(|cause| cause.id).unwrap();
    drop(store);

    let mut carried = Carried::new();
    let mut deaths = 0;
    while !comes_to_rest(&loaded, Some(poison), &mut carried, now) {
        deaths += 1;
        assert!(deaths < 10, "the desk never gets past it");
    }
    // Once in company, which is not counted against anybody; then alone, three times.
    assert_eq!(deaths, 4);
    let store = store::open(&loaded.config.data).unwrap();
    let subjects = |store: &dyn Store| {
        let filter = TicketFilter { limit: 10, ..TicketFilter::default() };
        let mut all: Vec<String> = store.tickets(&filter).unwrap().into_iter().map(|t| t.subject).collect();
        all.sort();
        all
    };
    assert_eq!(subjects(store.as_ref()), ["first", "last"]);
    let set_aside = store.quarantined().unwrap();
    assert_eq!(set_aside.iter().map(|row| row.id).collect::<Vec<_>>(), [poison]);
    assert!(set_aside[0].why.contains("ended the process"), "{}", set_aside[0].why);
    assert_eq!(store.raw(poison).unwrap().as_deref(), Some(raws[1].as_slice()));
    let acknowledged: Vec<&str> = carried.keys().map(|(_, to)| to.as_str()).filter(|to| to.ends_with("@ext.test")).collect();
    assert_eq!(acknowledged.len(), 2, "{acknowledged:?}");
    drop(store);

    // After an upgrade, say: the operator has it tried once more.
    let mut store = store::open(&loaded.config.data).unwrap();
    assert!(store.retry(poison).unwrap());
    store.flush().unwrap();
    drop(store);
    assert!(comes_to_rest(&loaded, None, &mut carried, now));
    let store = store::open(&loaded.config.data).unwrap();
    assert_eq!(subjects(store.as_ref()), ["first", "last", "poison"]);
    assert!(store.quarantined().unwrap().is_empty());
}
