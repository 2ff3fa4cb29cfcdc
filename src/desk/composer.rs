//! Letters are written on a thread of their own while the desk goes on deciding: what a decision changes is needed by the next one, what
//! its letters say is not. Writing and packing them is a third of a mail's cost.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::mpsc::{self, Receiver, Sender};
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
    written: Receiver<Written>,
    out: usize,
}

impl Composer {
    /// # Errors
    /// No thread can be started.
    pub(super) fn start() -> anyhow::Result<Composer> {
        let (orders, inbound) = mpsc::channel::<Order>();
        let (outbound, written) = mpsc::channel();
        let work = move || {
            for order in inbound {
                let words = write(&order);
                if outbound.send(Written { cause: order.cause, letters: order.letters, words }).is_err() {
                    break;
                }
            }
        };
        // It ends by itself when the sender of the orders is dropped.
        thread::Builder::new().name("composer".to_owned()).spawn(work).context("starting the composer's thread")?;
        Ok(Composer { orders, written, out: 0 })
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

    /// The next letters; `None` when all are given back.
    ///
    /// # Errors
    /// The thread is gone.
    pub(super) fn next(&mut self) -> anyhow::Result<Option<Written>> {
        if self.out == 0 {
            return Ok(None);
        }
        let written = self.written.recv().context("the composer's thread is gone")?;
        self.out -= 1;
        Ok(Some(written))
    }
}

fn write(order: &Order) -> Result<Sealed, String> {
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
