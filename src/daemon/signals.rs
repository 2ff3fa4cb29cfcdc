//! SIGTERM, Ctrl-C and SIGHUP.
//!
//! Until a program listens to them each ends it. So the daemon listens before it reads a file: `systemctl reload` right after a start, while
//! rules are still compiled, must not stop the desk. What comes before the desk is open waits until it is.

use anyhow::Context;
use tokio::runtime::{Builder, Runtime};
use tokio::signal::unix::{Signal, SignalKind, signal};

/// The daemon's runtime, and the signals that it hears.
pub struct Listening {
    pub(super) runtime: Runtime,
    pub(super) signals: Signals,
}

/// One receiver a signal.
pub(super) struct Signals {
    pub stop: Stop,
    pub hangup: Signal,
}

/// SIGTERM and Ctrl-C.
pub(super) struct Stop {
    terminate: Signal,
    interrupt: Signal,
}

impl Listening {
    /// Listens from now on.
    ///
    /// # Errors
    /// The runtime cannot be started, or the system refuses to tell of a signal.
    pub fn start() -> anyhow::Result<Listening> {
        let runtime = Builder::new_multi_thread().worker_threads(2).enable_all().build().context("starting the runtime")?;
        let inside = runtime.enter();
        let listen = |kind| signal(kind).context("listening to signals");
        let stop = Stop { terminate: listen(SignalKind::terminate())?, interrupt: listen(SignalKind::interrupt())? };
        let signals = Signals { stop, hangup: listen(SignalKind::hangup())? };
        drop(inside);
        Ok(Listening { runtime, signals })
    }
}

impl Stop {
    /// Waits until somebody asks for the end.
    pub async fn asked(&mut self) {
        tokio::select! {
            _ = self.terminate.recv() => {}
            _ = self.interrupt.recv() => {}
        }
        tracing::info!("asked to stop: what is in flight is finished first");
    }
}
