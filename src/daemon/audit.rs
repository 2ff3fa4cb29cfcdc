//! The folders of the configuration beside the store: is every mail that lies there accounted for?

use chrono::{DateTime, Utc};

use super::accounts::{Watcher, watchers};
use crate::domain::audit::{Audit, Memory, compare};
use crate::policy::Loaded;
use crate::source::{Listing, Verdict, imap, maildir};
use crate::store::Store;

/// What came of one folder.
#[derive(Debug)]
pub struct Audited {
    /// The mailbox's name in the config.
    pub mailbox: String,
    /// The folder as the config spells it, or the Maildir's path.
    pub folder: String,
    /// What lies there; or why that cannot be told.
    pub found: anyhow::Result<Audit>,
}

/// Lists every folder of the configuration and compares it with the store.
///
/// # Errors
/// Those of `tell`, which hears of each folder in turn.
pub async fn audit(
    loaded: &Loaded,
    store: &dyn Store,
    clock: impl Fn() -> DateTime<Utc>,
    tell: &mut impl FnMut(Audited) -> anyhow::Result<()>,
) -> anyhow::Result<()> {
    for watcher in watchers(loaded) {
        // What is received meanwhile is then in the store, and not the other way round.
        let found = match list(&watcher).await {
            Ok(listing) => account_for(listing, &watcher, store, clock()),
            Err(error) => Err(error),
        };
        tell(Audited { mailbox: watcher.mailbox().to_owned(), folder: watcher.folder(), found })?;
    }
    Ok(())
}

async fn list(watcher: &Watcher) -> anyhow::Result<Listing> {
    match watcher {
        Watcher::Imap { account, folder } => {
            imap::list(account, folder).await.map_err(|error| anyhow::anyhow!("{error:#}; `postdesk doctor` says what to change"))
        }
        Watcher::Maildir(account) => maildir::list(account),
    }
}

fn account_for(listing: Listing, watcher: &Watcher, store: &dyn Store, now: DateTime<Utc>) -> anyhow::Result<Audit> {
    let Listing { folder, uidvalidity, mails } = listing;
    let cursor = store.cursor(&folder)?;
    if cursor.is_some_and(|cursor| cursor.uidvalidity != uidvalidity) {
        anyhow::bail!("its server has renumbered the folder, and the desk has not gone through it since: let `postdesk run` do that first");
    }
    let next_uid = cursor.map(|cursor| cursor.next_uid).filter(|next| *next > 0);
    let since = cursor.map_or(now, |cursor| cursor.since);
    let memory = Memory { mails: store.classes(&folder, uidvalidity)?, next_uid };
    Ok(compare(mails, &memory, |at| watcher.start().judge(since, true, at) == Verdict::Skip, now))
}
