//! Waiting for news: IDLE (RFC 2177), or NOOP at intervals.
//!
//! async-imap's own IDLE takes a closed connection for an interrupt, lets `* OK Still here` put off its time-out for ever, and hangs when
//! IDLE is refused; so the exchange is driven here.

use std::time::Duration;

use anyhow::Context as _;
use async_imap::imap_proto::{MailboxDatum, RequestId, Response};
use tokio::time::{Instant, sleep, timeout, timeout_at};

use super::Account;
use super::session::Session;
use crate::source::{Shutdown, stopped, stopping};

/// DONE is answered within this time, or the connection is dead.
const PATIENCE: Duration = Duration::from_secs(15);

/// A server that ends IDLE sooner by itself does not mean it.
const SHORTEST: Duration = Duration::from_secs(2);

/// RFC 2177: a client is to renew IDLE every 29 minutes at least.
const LONGEST: Duration = Duration::from_secs(28 * 60);

/// Why the wait is over.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Wake {
    /// There is or may be new mail.
    Look,
    /// The end was asked for.
    Stop,
}

/// What a response means to one who idles.
enum Notice {
    /// New mail, or a sign that something changed.
    News,
    /// `+ idling`.
    Begun,
    /// The tagged response: IDLE is over, or was never granted.
    Ended,
    /// Nothing.
    Still,
}

impl Session {
    /// Waits for new mail or for the moment at which to look in any case.
    pub(super) async fn wait(&mut self, account: &Account, shutdown: &Shutdown) -> anyhow::Result<Wake> {
        if account.idle && self.can_idle {
            let longest = account.idle_renew.min(LONGEST).min(account.poll.saturating_mul(5));
            if let Some(wake) = self.idle(longest, shutdown).await? {
                return Ok(wake);
            }
            tracing::warn!(host = account.host, "the server offers IDLE but refuses it: polling instead");
            self.can_idle = false;
        }
        tokio::select! {
            () = stopped(shutdown) => return Ok(Wake::Stop),
            () = sleep(account.poll) => (),
        }
        self.checked("NOOP", |_| ()).await?;
        Ok(Wake::Look)
    }

    /// `None` when the server does not grant IDLE.
    async fn idle(&mut self, longest: Duration, shutdown: &Shutdown) -> anyhow::Result<Option<Wake>> {
        let until = Instant::now() + longest;
        let tag = timeout(PATIENCE, self.inner.run_command("IDLE")).await.context("IDLE cannot be sent")??;
        let (mut begun, asked) = (false, Instant::now());
        while !(begun && (self.news || stopping(shutdown))) {
            let patience = if begun { until } else { Instant::now() + PATIENCE };
            let notice = tokio::select! {
                notice = timeout_at(patience, self.notice(&tag)) => notice,
                () = stopped(shutdown), if begun => break,
            };
            match notice {
                Ok(Ok(Notice::Begun)) => begun = true,
                // One that ends by itself at once would be asked for again without end.
                Ok(Ok(Notice::Ended)) => return Ok((begun && asked.elapsed() > SHORTEST).then_some(Wake::Look)),
                Ok(Ok(Notice::News)) => self.news = true,
                Ok(Ok(Notice::Still)) => (),
                Ok(Err(error)) => return Err(error),
                Err(_) if begun => break,
                Err(_) => anyhow::bail!("IDLE was not answered"),
            }
        }
        timeout(PATIENCE, self.done(&tag)).await.context("DONE was not answered")??;
        Ok(Some(if stopping(shutdown) { Wake::Stop } else { Wake::Look }))
    }

    async fn done(&mut self, tag: &RequestId) -> anyhow::Result<()> {
        self.inner.run_command_untagged("DONE").await?;
        while !matches!(self.notice(tag).await?, Notice::Ended) {}
        Ok(())
    }

    /// The next response, without a time-out of its own: in IDLE silence is no fault.
    async fn notice(&mut self, tag: &RequestId) -> anyhow::Result<Notice> {
        self.next_unhurried(|response| match response {
            Response::Continue(_) => Notice::Begun,
            Response::Done { tag: seen, .. } if seen == tag => Notice::Ended,
            Response::MailboxData(MailboxDatum::Exists(_) | MailboxDatum::Recent(_)) => Notice::News,
            _ => Notice::Still,
        })
        .await
    }
}
