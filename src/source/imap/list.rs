//! What lies in the folders of an account, for the audit.

use super::connect::connect;
use super::{Account, name};
use crate::domain::audit::{Listed, Spot};
use crate::source::Listing;

/// Lists a folder on a connection of its own; nothing is changed.
///
/// # Errors
/// The account cannot be used, or the folder cannot be opened or listed.
pub async fn list(account: &Account, folder: &str) -> anyhow::Result<Listing> {
    account.check_protection()?;
    let mut session = connect(account).await?;
    let selected = session.open(&name::on_the_wire(folder), false).await?;
    let found = session.discover(1).await?;
    session.leave().await;
    let mails = found.into_iter().map(|mail| Listed { spot: Spot { uid: mail.uid, name: String::new() }, at: mail.at }).collect();
    Ok(Listing { folder: account.folder(folder), uidvalidity: selected.uidvalidity, mails })
}
