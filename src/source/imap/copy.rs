//! Copies of sent mail in a folder of the account.

use std::sync::Arc;

use super::Account;
use super::connect::connect;

/// Adds mails, marked as read, to a folder, which is made when it is missing. On a connection of its own: the others are busy waiting.
///
/// # Errors
/// The account cannot be used, or the server does not take a mail; those before it are kept.
pub async fn keep(account: &Account, folder: &str, mails: &[Arc<Vec<u8>>]) -> anyhow::Result<()> {
    account.check_protection()?;
    let mut session = connect(account).await?;
    for mail in mails {
        session.append(folder, mail).await?;
    }
    session.leave().await;
    Ok(())
}
