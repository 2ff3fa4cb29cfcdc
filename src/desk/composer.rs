//! Letters are written on a thread of their own while the desk goes on deciding: what a decision changes is needed by the next one, what
//! its letters say is not. Writing and packing them is a third of a mail's cost. A desk that has nothing left to decide writes along.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::mpsc::{self, Receiver, Sender};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;

use anyhow::Context;
use chrono::{DateTime, Utc};

use super::{Rulebook, panic_words};
use crate::domain::CauseKey;
use crate::domain::message::{Draft, LetterId};
use crate::mail::compose;
use crate::store::Sealed;

/// The letters of a decision, to be written.
pub(super) struct Order {
    /// Which cause of the batch they follow from.
    pub(super) cause: usize,
    /// Its key.
    pub(super) key: CauseKey,
    /// What to write.
    pub(super) drafts: Vec<Draft>,
    /// Their rows.
    pub(super) letters: Vec<LetterId>,
    /// What speaks.
    pub(super) book: Rulebook,
    /// Their date.
    pub(super) now: DateTime<Utc>,
}

/// Letters that were written, or why they could not be.
pub(super) struct Written {
    pub(super) cause: usize,
    pub(super) letters: Vec<LetterId>,
    pub(super) words: Result<Sealed, String>,
}

/// The thread, and the orders that it has not carried out.
pub(super) struct Composer {
    orders: Sender<Order>,
    /// The orders that nobody has begun. The thread holds this while it waits for one.
    waiting: Arc<Mutex<Receiver<Order>>>,
    written: Receiver<Written>,
    out: usize,
}

impl Composer {
    /// # Errors
    /// No thread can be started.
    pub(super) fn start() -> anyhow::Result<Composer> {
        let (orders, inbound) = mpsc::channel::<Order>();
        let (outbound, written) = mpsc::channel();
        let waiting = Arc::new(Mutex::new(inbound));
        let theirs = Arc::clone(&waiting);
        let next = move || theirs.lock().unwrap_or_else(PoisonError::into_inner).recv();
        let work = move || {
            while let Ok(order) = next() {
                if outbound.send(write(order)).is_err() {
                    break;
                }
            }
        };
        // It ends by itself when the sender of the orders is dropped.
        thread::Builder::new().name("composer".to_owned()).spawn(work).context("starting the composer's thread")?;
        Ok(Composer { orders, waiting, written, out: 0 })
    }

    /// Has letters written.
    ///
    /// # Errors
    /// The thread is gone.
    pub(super) fn order(&mut self, order: Order) -> anyhow::Result<()> {
        self.orders.send(order).ok().context("the composer's thread is gone")?;
        self.out += 1;
        Ok(())
    }

    /// Letters that are ready.
    pub(super) fn ready(&mut self) -> Option<Written> {
        let written = self.written.try_recv().ok()?;
        self.out -= 1;
        Some(written)
    }

    /// The next letters; `None` when all are given back. Who waits for them writes some himself.
    ///
    /// # Errors
    /// The thread is gone.
    pub(super) fn next(&mut self) -> anyhow::Result<Option<Written>> {
        if self.out == 0 {
            return Ok(None);
        }
        if let Some(written) = self.ready() {
            return Ok(Some(written));
        }
        let written = match self.not_begun() {
            Some(order) => write(order),
            None => self.written.recv().context("the composer's thread is gone")?,
        };
        self.out -= 1;
        Ok(Some(written))
    }

    fn not_begun(&self) -> Option<Order> {
        // Where the thread has it, there is no order.
        self.waiting.try_lock().ok()?.try_recv().ok()
    }
}

fn write(order: Order) -> Written {
    let words = words(&order);
    Written { cause: order.cause, letters: order.letters, words }
}

fn words(order: &Order) -> Result<Sealed, String> {
    let Order { book, key, drafts, now, .. } = order;
    let composing = compose::Desk { policy: &book.policy, templates: &book.templates, cause: key, now: *now };
    let write = || -> anyhow::Result<Vec<_>> {
        drafts.iter().enumerate().map(|(ordinal, draft)| compose::word(draft, ordinal, composing)).collect()
    };
    match catch_unwind(AssertUnwindSafe(write)) {
        Ok(Ok(wordings)) => Ok(Sealed::from(wordings)),
        Ok(Err(error)) => Err(format!("a mail could not be written: {error:#}")),
        Err(panic) => Err(format!("a bug in Postdesk: {}", panic_words(panic.as_ref()))),
    }
}
