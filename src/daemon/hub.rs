//! The desk's own thread behind one bounded channel: sources hand mail in, carriers report back, clocks strike here.
//!
//! A turn is one batch of decisions and what came in meanwhile, so that neither starves the other. Everything that waits in the channel is
//! taken together: many arrivals share one flush, with the decisions before them.

use std::collections::VecDeque;
use std::sync::Arc;
use std::time::Duration;

use chrono::{DateTime, Utc};
use tokio::sync::{mpsc, oneshot, watch};

use crate::delivery::{self, Handover, Parcel};
use crate::desk::{self, Desk, Rulebook};
use crate::domain::message::{Arrival, Cursor, Folder, Place, Withheld};
use crate::domain::policy::Policy;
use crate::source::Inbox;
use crate::store::{self, Posting, Prepared};

/// What may be said to the desk's thread.
pub enum Message {
    /// How far was this folder read?
    Cursor(Folder, oneshot::Sender<anyhow::Result<Option<Cursor>>>),
    /// Remember this.
    SetCursor(Folder, Cursor, oneshot::Sender<anyhow::Result<()>>),
    /// Which of these places were received?
    Received(Vec<Place>, oneshot::Sender<anyhow::Result<Vec<bool>>>),
    /// These are not given out by their server.
    PassOver(Vec<Withheld>, oneshot::Sender<anyhow::Result<()>>),
    /// Which of the folder were not?
    PassedOver(Folder, oneshot::Sender<anyhow::Result<Vec<Place>>>),
    /// These have come after all, or are gone.
    NoMore(Vec<Place>, oneshot::Sender<anyhow::Result<()>>),
    /// T1, answered after the flush.
    Receive(Vec<Prepared>, oneshot::Sender<anyhow::Result<()>>),
    /// A delivery ended.
    Ended(Box<Posting>, Handover),
    /// A sound new rulebook.
    Reload(Rulebook),
    /// Answered when nothing waits and nothing is on its way.
    Settled(oneshot::Sender<()>),
    /// End after the current batch.
    Stop,
}

/// The channel as sources see it.
#[derive(Clone)]
pub struct Door {
    /// To the desk's thread.
    pub desk: mpsc::Sender<Message>,
    /// The live policy, by which mail is judged before it gets there.
    pub policy: watch::Receiver<Arc<Policy>>,
}

impl Door {
    async fn ask<T>(&self, message: impl FnOnce(oneshot::Sender<anyhow::Result<T>>) -> Message) -> anyhow::Result<T> {
        let (answer, waiting) = oneshot::channel();
        let gone = || anyhow::anyhow!("the desk has stopped");
        self.desk.send(message(answer)).await.map_err(|_| gone())?;
        waiting.await.map_err(|_| gone())?
    }
}

impl Inbox for Door {
    type Ready = Vec<Prepared>;

    async fn cursor(&self, folder: &Folder) -> anyhow::Result<Option<Cursor>> {
        self.ask(|answer| Message::Cursor(folder.clone(), answer)).await
    }

    async fn set_cursor(&self, folder: &Folder, cursor: Cursor) -> anyhow::Result<()> {
        self.ask(|answer| Message::SetCursor(folder.clone(), cursor, answer)).await
    }

    async fn received(&self, places: Vec<Place>) -> anyhow::Result<Vec<bool>> {
        if places.is_empty() {
            return Ok(Vec::new());
        }
        self.ask(|answer| Message::Received(places, answer)).await
    }

    async fn prepare(&self, arrivals: Vec<Arrival>) -> anyhow::Result<Vec<Prepared>> {
        // Reading, judging and packing are half of a mail's cost.
        let policy = Arc::clone(&self.policy.borrow());
        let prepare = move || arrivals.into_iter().map(|arrival| desk::prepare(arrival, &policy)).collect();
        Ok(tokio::task::spawn_blocking(prepare).await?)
    }

    async fn receive(&self, mails: Vec<Prepared>) -> anyhow::Result<()> {
        self.ask(|answer| Message::Receive(mails, answer)).await
    }

    async fn pass_over(&self, mails: Vec<Withheld>) -> anyhow::Result<()> {
        self.ask(|answer| Message::PassOver(mails, answer)).await
    }

    async fn passed_over(&self, folder: &Folder) -> anyhow::Result<Vec<Place>> {
        self.ask(|answer| Message::PassedOver(folder.clone(), answer)).await
    }

    async fn no_more(&self, places: Vec<Place>) -> anyhow::Result<()> {
        self.ask(|answer| Message::NoMore(places, answer)).await
    }
}

/// The connections of one delivery account, as the hub sees them: one envelope each in flight.
pub struct Line {
    /// Mailboxes that send by it.
    pub mailboxes: Vec<String>,
    /// To its carriers.
    pub postings: mpsc::Sender<Posting>,
    /// Connections that have nothing to do.
    pub free: usize,
    /// The account is in trouble: nothing is tried before then.
    pub paused_until: Option<DateTime<Utc>>,
    /// How many times in a row it was.
    pub pauses: u32,
    /// At most so many mails within this time, where the provider counts.
    pub rate: Option<(usize, chrono::Duration)>,
    /// When mails went out lately, oldest first; kept where there is a rate.
    pub lately: VecDeque<DateTime<Utc>>,
}

impl Line {
    /// How many envelopes may go out now.
    fn room(&mut self, now: DateTime<Utc>) -> usize {
        if self.paused_until.is_some_and(|until| now < until) {
            return 0;
        }
        // An account that was in trouble is tried with one envelope first.
        let free = if self.paused_until.is_some() { self.free.min(1) } else { self.free };
        let Some((most, within)) = self.rate else { return free };
        while self.lately.front().is_some_and(|at| *at + within <= now) {
            self.lately.pop_front();
        }
        free.min(most.saturating_sub(self.lately.len()))
    }

    /// An envelope goes out.
    fn took(&mut self, now: DateTime<Utc>) {
        self.free -= 1;
        if self.rate.is_some() {
            self.lately.push_back(now);
        }
    }

    /// What the end of a delivery says of the account.
    fn heard(&mut self, handover: &Handover, now: DateTime<Utc>) {
        match handover {
            // The other connections meet the same trouble at the same time.
            Handover::Later { pause: true, .. } if self.paused_until.is_some_and(|until| now < until) => {}
            Handover::Later { pause: true, why } => {
                self.pauses = self.pauses.saturating_add(1);
                let pause = delivery::pause(self.pauses);
                self.paused_until = Some(now + pause);
                tracing::warn!(mailboxes = self.mailboxes.join(", "), "delivery pauses for {} s: {why}", pause.num_seconds());
            }
            Handover::Later { pause: false, .. } => {}
            Handover::Taken(_) | Handover::Refused(_) | Handover::Uncertain(_) => (self.paused_until, self.pauses) = (None, 0),
        }
    }
}

/// At most so long between two looks at the queue: `deliver` of another process may have put something there.
const LOOK: Duration = Duration::from_millis(500);

/// What sources have handed in.
struct Arrivals {
    inbound: mpsc::Receiver<Message>,
    /// What was taken from the channel and is not served yet.
    aside: Vec<Message>,
    /// Who waits for the flush of mails that were taken in.
    hopeful: Vec<oneshot::Sender<anyhow::Result<()>>>,
}

impl Arrivals {
    /// Empties the channel.
    fn fetch(&mut self) {
        while let Ok(message) = self.inbound.try_recv() {
            self.aside.push(message);
        }
    }

    /// All mails that have come by now.
    fn take(&mut self) -> Vec<Prepared> {
        self.fetch();
        let mut taken = Vec::new();
        for message in std::mem::take(&mut self.aside) {
            match message {
                Message::Receive(mails, answer) => {
                    taken.extend(mails);
                    self.hopeful.push(answer);
                }
                other => self.aside.push(other),
            }
        }
        taken
    }

    /// Tells those who wait what became of their mails. Who has gone meanwhile need not hear it: his mail is safe.
    fn answer(&mut self, received: Result<(), &anyhow::Error>) {
        for answer in self.hopeful.drain(..) {
            drop(answer.send(received.map_err(|error| anyhow::anyhow!(store::in_words(error)))));
        }
    }
}

/// The hub.
pub struct Hub {
    desk: Desk,
    arrivals: Arrivals,
    lines: Vec<Line>,
    in_flight: usize,
    /// How deliveries ended that could not be written down yet.
    unsettled: Vec<(Posting, Handover)>,
    waiting_for_calm: Vec<oneshot::Sender<()>>,
    /// Tells the sources which policy is live.
    live: watch::Sender<Arc<Policy>>,
    clock: fn() -> DateTime<Utc>,
    next_tick: DateTime<Utc>,
    stopping: bool,
}

impl Hub {
    /// A hub over a desk, its channel and its delivery accounts; `live` goes to every door.
    pub fn new(
        desk: Desk,
        inbound: mpsc::Receiver<Message>,
        lines: Vec<Line>,
        live: watch::Sender<Arc<Policy>>,
        clock: fn() -> DateTime<Utc>,
    ) -> Hub {
        Hub {
            desk,
            arrivals: Arrivals { inbound, aside: Vec::new(), hopeful: Vec::new() },
            lines,
            in_flight: 0,
            unsettled: Vec::new(),
            waiting_for_calm: Vec::new(),
            live,
            clock,
            next_tick: DateTime::<Utc>::UNIX_EPOCH,
            stopping: false,
        }
    }

    /// Works until told to stop, and until what is in flight has ended or five seconds are over.
    ///
    /// # Errors
    /// The store fails again and again, so that nothing more can be promised.
    pub async fn run(mut self) -> anyhow::Result<()> {
        let mut failures = 0_u32;
        let mut idle = false;
        while !self.stopping {
            self.listen(idle).await;
            match self.turn() {
                Ok(nothing_left) => {
                    failures = 0;
                    idle = nothing_left;
                }
                Err(error) => {
                    failures += 1;
                    tracing::error!(failures, "the store failed: {}", store::in_words(&error));
                    if failures >= 20 {
                        return Err(error.context("the store failed twenty times in a row"));
                    }
                    tokio::time::sleep(Duration::from_millis(100 << failures.min(6))).await;
                }
            }
        }
        self.drain().await
    }

    /// Serves what is in the channel, but for mails; waits for something when idle.
    async fn listen(&mut self, idle: bool) {
        if idle && self.arrivals.aside.is_empty() {
            let wait = (self.next_tick - (self.clock)()).to_std().unwrap_or(Duration::ZERO).min(LOOK);
            match tokio::time::timeout(wait, self.arrivals.inbound.recv()).await {
                Ok(Some(message)) => self.arrivals.aside.push(message),
                Ok(None) => self.stopping = true,
                Err(_) => {}
            }
        }
        self.arrivals.fetch();
        self.serve();
    }

    /// Serves what was set aside; mails stay there for the next turn, and all ended deliveries share a flush.
    fn serve(&mut self) {
        let mut ended = Vec::new();
        for message in std::mem::take(&mut self.arrivals.aside) {
            match message {
                mails @ Message::Receive(..) => self.arrivals.aside.push(mails),
                Message::Ended(posting, handover) => ended.push((*posting, handover)),
                Message::Cursor(folder, answer) => drop(answer.send(self.desk.cursor(&folder))),
                Message::SetCursor(folder, cursor, answer) => drop(answer.send(self.desk.set_cursor(&folder, cursor))),
                Message::Received(places, answer) => drop(answer.send(self.desk.received(&places))),
                Message::PassOver(mails, answer) => drop(answer.send(self.desk.pass_over(mails, (self.clock)()))),
                Message::PassedOver(folder, answer) => drop(answer.send(self.desk.passed_over(&folder))),
                Message::NoMore(places, answer) => drop(answer.send(self.desk.no_more(&places, (self.clock)()))),
                Message::Reload(book) => {
                    self.live.send_replace(Arc::clone(&book.policy));
                    self.desk.reload(book);
                }
                Message::Settled(answer) => self.waiting_for_calm.push(answer),
                Message::Stop => self.stopping = true,
            }
        }
        self.ended(ended);
    }

    fn ended(&mut self, ended: Vec<(Posting, Handover)>) {
        let now = (self.clock)();
        self.in_flight = self.in_flight.saturating_sub(ended.len());
        for (posting, handover) in &ended {
            let Some(line) = self.lines.iter_mut().find(|l| l.mailboxes.contains(&posting.mailbox)) else { continue };
            line.free += 1;
            line.heard(handover, now);
        }
        self.unsettled.extend(ended);
        if let Err(error) = self.settle(now) {
            tracing::error!(
                "how deliveries ended could not be written down; if the desk dies now, they are repeated: {}",
                store::in_words(&error)
            );
        }
    }

    /// T3 for what ended, and for what could not be written down before.
    fn settle(&mut self, now: DateTime<Utc>) -> anyhow::Result<()> {
        if !self.unsettled.is_empty() {
            self.desk.settle(&self.unsettled, now)?;
            self.unsettled.clear();
        }
        Ok(())
    }

    /// Clocks, one batch and what came in meanwhile, deliveries. True when nothing is left to do now.
    fn turn(&mut self) -> anyhow::Result<bool> {
        let now = (self.clock)();
        self.settle(now)?;
        if now >= self.next_tick {
            self.desk.tick(now)?;
            let wake = self.desk.next_wake(now)?.unwrap_or(now + chrono::Duration::minutes(1));
            self.next_tick = wake.max(now + chrono::Duration::milliseconds(200)).min(now + chrono::Duration::minutes(1));
        }
        let step = self.desk.turn(now, || self.arrivals.take());
        self.arrivals.answer(step.as_ref().map(drop));
        let step = step?;
        let sent = self.post(now)?;
        let calm = step.idle && sent == 0;
        if calm && self.in_flight == 0 {
            for answer in self.waiting_for_calm.drain(..) {
                let _ = answer.send(());
            }
        }
        if !step.idle {
            // What was decided may have clocks and letters of its own.
            self.next_tick = self.next_tick.min(now + chrono::Duration::seconds(1));
        }
        Ok(calm)
    }

    /// Hands due envelopes to free connections.
    fn post(&mut self, now: DateTime<Utc>) -> anyhow::Result<usize> {
        let mut posted = 0;
        for line in &mut self.lines {
            let room = line.room(now);
            if room == 0 {
                continue;
            }
            for posting in self.desk.claim(now, room, &line.mailboxes)? {
                if line.postings.try_send(posting).is_ok() {
                    line.took(now);
                    self.in_flight += 1;
                    posted += 1;
                }
            }
        }
        Ok(posted)
    }

    /// Takes in what was handed in, and waits for deliveries in flight, so that their end is known, but not for long.
    async fn drain(mut self) -> anyhow::Result<()> {
        self.lines.clear();
        let deadline = tokio::time::Instant::now() + Duration::from_secs(5);
        loop {
            let received = self.desk.receive(self.arrivals.take());
            self.arrivals.answer(received.as_ref().map(drop));
            self.serve();
            if self.in_flight == 0 {
                break;
            }
            match tokio::time::timeout_at(deadline, self.arrivals.inbound.recv()).await {
                Ok(Some(message)) => self.arrivals.aside.push(message),
                Ok(None) | Err(_) => break,
            }
        }
        self.desk.rest()
    }
}

/// The parcel for a posting.
pub fn parcel(posting: &Posting) -> Parcel {
    Parcel { reverse_path: posting.reverse_path.clone(), to: posting.to.clone(), bytes: std::sync::Arc::clone(&posting.bytes) }
}

/// Which mailboxes share which delivery account: equal settings, one line.
pub fn shared_lines<T: PartialEq + Clone>(settings: &[(String, T)]) -> Vec<(T, Vec<String>)> {
    let mut lines: Vec<(T, Vec<String>)> = Vec::new();
    for (mailbox, setting) in settings {
        match lines.iter_mut().find(|(known, _)| known == setting) {
            Some((_, mailboxes)) => mailboxes.push(mailbox.clone()),
            None => lines.push((setting.clone(), vec![mailbox.clone()])),
        }
    }
    lines
}

#[cfg(test)]
mod tests {
    use super::*;

    fn line(rate: Option<(usize, chrono::Duration)>) -> Line {
        let (postings, _) = mpsc::channel(4);
        Line { mailboxes: Vec::new(), postings, free: 4, paused_until: None, pauses: 0, rate, lately: VecDeque::new() }
    }

    #[test]
    fn a_rate_is_kept_over_its_window() {
        let at = |seconds| DateTime::<Utc>::UNIX_EPOCH + chrono::Duration::seconds(seconds);
        let mut line = line(Some((2, chrono::Duration::seconds(60))));
        assert_eq!(line.room(at(0)), 2);
        line.took(at(0));
        line.took(at(30));
        line.free = 4;
        assert_eq!(line.room(at(59)), 0);
        assert_eq!(line.room(at(60)), 1);
        assert_eq!(line.room(at(90)), 2);
    }

    #[test]
    fn an_account_in_trouble_is_left_alone_then_tried_with_one() {
        let at = |seconds| DateTime::<Utc>::UNIX_EPOCH + chrono::Duration::seconds(seconds);
        let mut line = line(None);
        line.paused_until = Some(at(30));
        assert_eq!((line.room(at(29)), line.room(at(30))), (0, 1));
        let trouble = Handover::Later { why: "no connection".to_owned(), pause: true };
        for (second, until) in [(30, 40), (31, 40), (40, 60), (60, 100)] {
            line.heard(&trouble, at(second));
            assert_eq!(line.paused_until, Some(at(until)), "after {second} s");
        }
        line.heard(&Handover::Taken("250".to_owned()), at(100));
        line.heard(&trouble, at(200));
        assert_eq!(line.paused_until, Some(at(210)), "a new trouble");
    }

    #[test]
    fn equal_settings_share_a_line() {
        let settings = [("a".to_owned(), 1), ("b".to_owned(), 2), ("c".to_owned(), 1)];
        assert_eq!(shared_lines(&settings), [(1, vec!["a".to_owned(), "c".to_owned()]), (2, vec!["b".to_owned()])]);
    }
}
