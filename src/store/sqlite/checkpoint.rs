//! Pages go from the write-ahead log into the database beside the desk's thread: a commit that copied them would keep the desk waiting for
//! as long as ten others.
//!
//! The thread copies most of them while the desk goes on writing; the few that were written meanwhile are copied by the desk itself,
//! between two batches, so that the log starts anew with the next one. A thread that cannot work costs nothing but that help.

use std::cell::Cell;
use std::ffi::c_int;
use std::path::PathBuf;
use std::sync::mpsc::{Receiver, Sender, TryRecvError, channel};
use std::thread::JoinHandle;

use rusqlite::{Connection, OpenFlags};

/// Pages in the log after which they are copied, 32 MiB: an index page that many batches changed is then copied once for all of them.
const OFTEN: c_int = 4096;

thread_local! {
    /// Pages in the log after this thread's last commit, from SQLite's hook.
    static PAGES: Cell<c_int> = const { Cell::new(0) };
}

/// Who copies the pages of a database.
pub(super) struct Checkpoints {
    path: PathBuf,
    copyist: Option<Copyist>,
    /// The thread was asked, and what it answers is awaited.
    asked: bool,
}

/// The thread.
struct Copyist {
    orders: Sender<()>,
    done: Receiver<()>,
    thread: JoinHandle<()>,
}

impl Checkpoints {
    /// Takes over from SQLite, which would copy within a commit.
    pub(super) fn take_over(conn: &Connection, path: PathBuf) -> Checkpoints {
        conn.wal_hook(Some(|_, pages| {
            PAGES.set(pages);
            Ok(())
        }));
        Checkpoints { path, copyist: None, asked: false }
    }

    /// Has pages copied where it is time; after a commit.
    pub(super) fn after_commit(&mut self, conn: &Connection) {
        if PAGES.take() < OFTEN {
            return;
        }
        if self.copyist.is_none() {
            self.copyist = Copyist::start(self.path.clone()).ok();
        }
        let Some(copyist) = &self.copyist else { return copy(conn) };
        if !std::mem::replace(&mut self.asked, true) && copyist.orders.send(()).is_ok() {
            return;
        }
        // It has done its part, or it is gone.
        if copyist.done.try_recv() != Err(TryRecvError::Empty) {
            self.asked = false;
            copy(conn);
        }
    }
}

impl Drop for Checkpoints {
    fn drop(&mut self) {
        if let Some(Copyist { orders, thread, .. }) = self.copyist.take() {
            drop(orders);
            // It ends with its last order; what it could not do is done with the next checkpoint.
            drop(thread.join());
        }
    }
}

impl Copyist {
    fn start(path: PathBuf) -> std::io::Result<Copyist> {
        let (orders, inbound) = channel();
        let (outbound, done) = channel();
        let work = move || {
            let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
            let Ok(conn) = Connection::open_with_flags(path, flags) else { return };
            for () in inbound {
                copy(&conn);
                if outbound.send(()).is_err() {
                    break;
                }
            }
        };
        Ok(Copyist { orders, done, thread: std::thread::Builder::new().name("checkpoint".to_owned()).spawn(work)? })
    }
}

/// Copies what no reader is in the way of. As where SQLite does it by itself, a failure spoils nothing: what was committed stands in the
/// log, and a disk that is full is met by the next commit.
fn copy(conn: &Connection) {
    drop(conn.query_row("PRAGMA wal_checkpoint(PASSIVE)", [], |_| Ok(())));
}
