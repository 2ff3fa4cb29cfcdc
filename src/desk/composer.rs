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

/// A letter to be written.
pub(super) struct Order {
    /// Which cause of the batch it follows from.
    pub(super) cause: usize,
    /// Its key.
    pub(super) key: CauseKey,
    /// What to write.
    pub(super) draft: Draft,
    /// Which of the cause's drafts it is.
    pub(super) ordinal: usize,
    /// Its row.
    pub(super) letter: LetterId,
    /// What speaks.
    pub(super) book: Rulebook,
    /// Its date.
    pub(super) now: DateTime<Utc>,
}

/// A letter that was written, or why it could not be.
pub(super) struct Written {
    pub(super) cause: usize,
    pub(super) letter: LetterId,
    pub(super) words: Result<Sealed, String>,
}

/// The thread, and the letters that it has not given back.
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
                if outbound.send(Written { cause: order.cause, letter: order.letter, words }).is_err() {
                    break;
                }
            }
        };
        // It ends by itself when the sender of the orders is dropped.
        thread::Builder::new().name("composer".to_owned()).spawn(work).context("starting the composer's thread")?;
        Ok(Composer { orders, written, out: 0 })
    }

    /// Has a letter written.
    ///
    /// # Errors
    /// The thread is gone.
    pub(super) fn order(&mut self, order: Order) -> anyhow::Result<()> {
        self.orders.send(order).ok().context("the composer's thread is gone")?;
        self.out += 1;
        Ok(())
    }

    /// A letter that is ready.
    pub(super) fn ready(&mut self) -> Option<Written> {
        let written = self.written.try_recv().ok()?;
        self.out -= 1;
        Some(written)
    }

    /// The next letter; `None` when all are given back.
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
    let Order { book, key, draft, ordinal, now, .. } = order;
    let composing = compose::Desk { policy: &book.policy, templates: &book.templates, cause: key, now: *now };
    match catch_unwind(AssertUnwindSafe(|| compose::word(draft, *ordinal, composing))) {
        Ok(Ok(wording)) => Ok(Sealed::from(wording)),
        Ok(Err(error)) => Err(format!("a mail could not be written: {error:#}")),
        Err(panic) => Err(format!("a bug in Postdesk: {}", panic_words(panic.as_ref()))),
    }
}
