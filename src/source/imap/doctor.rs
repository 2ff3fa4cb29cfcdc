//! An account tried step by step, each in words with a remedy.

use std::time::{Duration, Instant};

use chrono::{DateTime, Utc};

use super::connect::{NoPassword, connect};
use super::fetch::Header;
use super::session::Session;
use super::{Account, Proof, Refused, name};
use crate::domain::message::MessageId;

/// How many of a mailbox's newest mails are looked at.
const NEWEST: u32 = 50;

/// How many of the server's folders are named where the right one is missing.
const FOLDERS: usize = 20;

/// What was tried at an account, and what lies there.
#[derive(Debug, Default)]
pub struct Examined {
    /// Each step: did it go well, and a sentence.
    pub steps: Vec<(bool, String)>,
    /// Headers of the newest mails.
    pub newest: Vec<Header>,
}

/// Connects, logs in, opens every folder read-only and names what the server lacks.
pub async fn doctor(account: &Account) -> Examined {
    let place = format!("{}:{}", account.host, account.port);
    let mut session = match connect(account).await {
        Ok(session) => session,
        Err(error) => {
            return Examined { steps: vec![(false, format!("IMAP {place}: {}{}", said(&error), remedy(&error)))], newest: Vec::new() };
        }
    };
    let mut found = Examined::default();
    let steps = &mut found.steps;
    steps.push((true, format!("IMAP {place}: connected and logged in as {}{}", account.user, by(account.proof))));
    steps.push(if session.can_idle {
        (true, "IDLE: new mail is seen at once".to_owned())
    } else {
        (true, format!("no IDLE: new mail is looked for every {} s (poll)", account.poll.as_secs()))
    });
    steps.push((true, moves(session.can_move, session.can_uid_expunge, account.done_folder.as_deref())));
    for folder in &account.folders {
        let selected = match session.open(&name::on_the_wire(folder), false).await {
            Ok(selected) => selected,
            Err(error) => {
                let there = if error.is::<Refused>() { there(&mut session).await } else { String::new() };
                steps.push((false, format!("{}; see folders, and the server's own spelling{there}", said(&error))));
                continue;
            }
        };
        // As the desk looks for new mail, from the last one on.
        let last = selected.uidnext.unwrap_or(1).saturating_sub(1).max(1);
        steps.push(match session.discover(last).await {
            Ok(_) => (true, format!("folder {folder} can be read")),
            Err(error) => (false, format!("folder {folder}: new mails cannot be found there: {error:#}")),
        });
        match session.newest(NEWEST).await {
            Ok(headers) => found.newest.extend(headers),
            Err(error) => steps.push((false, format!("folder {folder}: its newest mails cannot be read: {error:#}"))),
        }
    }
    for folder in account.done_folder.iter().chain(&account.sent_folder) {
        steps.push(match session.open(&name::on_the_wire(folder), false).await {
            Ok(_) => (true, format!("folder {folder} is there")),
            Err(error) if error.is::<Refused>() => (true, format!("folder {folder} is not there yet: it is made when it is needed")),
            Err(error) => (false, format!("folder {folder}: {error:#}")),
        });
    }
    session.leave().await;
    found
}

/// The folders that could have been meant, in words.
async fn there(session: &mut Session) -> String {
    let Ok(mut names) = session.folders().await else { return String::new() };
    names.sort();
    let more = names.len().saturating_sub(FOLDERS);
    let named: Vec<String> = names.iter().take(FOLDERS).map(|wire| name::as_read(wire)).collect();
    match (named.as_slice(), more) {
        ([], _) => String::new(),
        (named, 0) => format!("; there are {}", named.join(", ")),
        (named, more) => format!("; there are {} and {more} more", named.join(", ")),
    }
}

/// How the login was proved, where that is not by a password.
fn by(proof: Proof) -> &'static str {
    if proof == Proof::Token { " by XOAUTH2 (token_command)" } else { "" }
}

/// The error without the full stop that servers set.
fn said(error: &anyhow::Error) -> String {
    format!("{error:#}").trim_end_matches('.').to_owned()
}

/// What to look at when there is no session.
fn remedy(error: &anyhow::Error) -> &'static str {
    if error.is::<Refused>() {
        "; see user and password_env, password_file or password_command (many providers want an app password or authorization code), or token_command"
    } else if error.is::<NoPassword>() || format!("{error:#}").contains("ca_file") {
        // It names its own.
        ""
    } else if format!("{error:#}").contains("lookup address") {
        "; check host and this machine's DNS"
    } else {
        "; see host, port and tls (implicit: 993, often; starttls: 143, often)"
    }
}

/// What becomes of a handled mail on this server (RFC 6851, RFC 4315).
fn moves(can_move: bool, can_uid_expunge: bool, done_folder: Option<&str>) -> String {
    let folder = done_folder.unwrap_or("a done_folder");
    match (can_move, can_uid_expunge) {
        (true, true) => format!("MOVE: mail can be moved to {folder} in one step; UIDPLUS: the desk's own canaries can be removed"),
        (true, false) => {
            format!("MOVE: mail can be moved to {folder} in one step; no UIDPLUS: the desk's own canaries stay in the mailbox")
        }
        (false, true) => format!("no MOVE, but UIDPLUS: mail for {folder} is copied there and removed here"),
        (false, false) => format!(
            "neither MOVE nor UIDPLUS: mail for {folder} is copied there and flagged \\Deleted here; it stays until somebody empties the folder"
        ),
    }
}

/// Waits until mails with these Message-IDs lie in the account's folders. For each its header and when it was seen; `None` where it did
/// not come in time. The others are given `grace` after the first.
///
/// # Errors
/// The account cannot be read.
pub async fn await_mails(
    account: &Account,
    wanted: &[MessageId],
    patience: Duration,
    grace: Duration,
) -> anyhow::Result<Vec<Option<(Header, DateTime<Utc>)>>> {
    let mut session = connect(account).await?;
    let mut found: Vec<Option<(Header, DateTime<Utc>)>> = vec![None; wanted.len()];
    let mut until = Instant::now() + patience;
    loop {
        for folder in &account.folders {
            // Opened anew, so that servers show what has come meanwhile.
            session.open(&name::on_the_wire(folder), false).await?;
            for header in session.newest(NEWEST).await? {
                let named = |id: &MessageId| header.raw.windows(id.as_str().len()).any(|bytes| bytes == id.as_str().as_bytes());
                if let Some(place) = wanted.iter().zip(&mut found).find_map(|(id, place)| (place.is_none() && named(id)).then_some(place)) {
                    *place = Some((header, Utc::now()));
                    until = until.min(Instant::now() + grace);
                }
            }
        }
        if found.iter().all(Option::is_some) || Instant::now() >= until {
            session.leave().await;
            return Ok(found);
        }
        tokio::time::sleep(Duration::from_millis(500)).await;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_server_lacks_is_named() {
        for (can_move, can_uid_expunge, words) in [
            (true, true, "MOVE: mail can be moved to Done in one step; UIDPLUS: "),
            (true, false, "in one step; no UIDPLUS: "),
            (false, true, "no MOVE, but UIDPLUS: mail for Done is copied"),
            (false, false, "neither MOVE nor UIDPLUS: "),
        ] {
            assert!(moves(can_move, can_uid_expunge, Some("Done")).contains(words), "{words}");
        }
        assert_eq!(remedy(&anyhow::anyhow!("failed to lookup address information: x")), "; check host and this machine's DNS");
        assert_eq!(said(&anyhow::anyhow!("Authentication failed.")), "Authentication failed");
    }
}
