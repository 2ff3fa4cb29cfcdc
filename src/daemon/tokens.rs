//! Access tokens are asked for ahead of the logins that need them, so that a `token_command` that stopped working is told while the
//! connections that are open still live on their last token. Tokens that died unnoticed have silenced mailboxes for days.
//!
//! A login runs the command itself; what is asked for here is only looked at. So the command, or what it calls, does the renewal, and a
//! desk that restarts needs nothing of what an earlier one knew.

use std::collections::BTreeMap;
use std::time::Duration;

use chrono::{DateTime, Utc};
use tokio::sync::watch;

use super::alarm::{Alarm, Subject};
use crate::config::{Config, Delivery, Secret, Source};
use crate::sasl::AccessToken;

/// How often each command is tried.
const EVERY: Duration = Duration::from_secs(10 * 60);

/// A token that dies sooner is hardly a new one: Microsoft's and Google's live an hour.
const SHORT: chrono::Duration = chrono::Duration::minutes(2);

/// Every `token_command` of the config, with the login that it is for.
fn commands(config: &Config) -> Vec<(String, Secret)> {
    let mut found = BTreeMap::new();
    for mailbox in &config.mailboxes {
        if let Source::Imap(account) = &mailbox.source {
            found.insert(account.secret.clone(), format!("{} at {}", account.user, account.host));
        }
        if let Delivery::Smtp(account) = &mailbox.delivery
            && let (Some(user), Some(secret)) = (&account.user, &account.secret)
        {
            found.entry(secret.clone()).or_insert_with(|| format!("{user} at {}", account.host));
        }
    }
    found.into_iter().filter(|(secret, _)| matches!(secret, Secret::Token(_))).map(|(secret, login)| (login, secret)).collect()
}

/// Tries every `token_command` until the end is asked for. Comes back at once where there is none.
pub async fn look_after(config: Config, alarm: Alarm, mut stopping: watch::Receiver<bool>) {
    let commands = commands(&config);
    while !commands.is_empty() {
        for (login, secret) in &commands {
            let subject = Subject::Token(login.clone());
            match try_one(secret.clone()).await {
                Ok(()) => alarm.well(subject),
                Err(why) => {
                    tracing::error!(login, why, "no new access token: connections go on until the last one dies");
                    alarm.ill(subject, &why, true);
                }
            }
        }
        tokio::select! {
            () = tokio::time::sleep(EVERY) => {}
            _ = stopping.changed() => return,
        }
    }
}

async fn try_one(secret: Secret) -> Result<(), String> {
    let printed = tokio::task::spawn_blocking(move || secret.token(Utc::now())).await;
    let token = printed.map_err(|_| "token_command: running it ended in a panic".to_owned())?.map_err(|error| format!("{error:#}"))?;
    lives(&token, Utc::now())
}

/// A command that prints yesterday's token has not renewed it.
fn lives(token: &AccessToken, now: DateTime<Utc>) -> Result<(), String> {
    match token.dies {
        Some(dies) if dies - now < SHORT => {
            let dies = dies.format("%Y-%m-%d %H:%M UTC");
            Err(format!("token_command prints a token that dies at {dies}: it does not renew it; log in again with the tool that it calls"))
        }
        _ => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_that_was_not_renewed_is_told_before_it_dies() {
        let now: DateTime<Utc> = "2026-12-01T09:00:00Z".parse().unwrap();
        for (dies, good) in [
            (None, true),
            (Some("2026-12-01T10:00:00Z"), true),
            (Some("2026-12-01T09:02:00Z"), true),
            (Some("2026-12-01T09:01:59Z"), false),
            (Some("2026-11-30T09:00:00Z"), false),
        ] {
            let token = AccessToken { text: "abc".into(), dies: dies.map(|at| at.parse().unwrap()) };
            assert_eq!(lives(&token, now).is_ok(), good, "{dies:?}");
        }
    }

    #[tokio::test]
    async fn what_the_command_does_wrong_is_told_and_never_what_it_prints() {
        for (command, told) in [
            ("echo ya29.x", None),
            ("echo '{\"access_token\":\"ya29.x\",\"expires_in\":3599}'", None),
            ("echo '{\"access_token\":\"ya29.x\",\"expires_in\":5}'", Some("does not renew it")),
            ("echo ya29.x; echo 'refresh token revoked' >&2; exit 1", Some("refresh token revoked")),
            ("echo '{\"error\":\"invalid_grant\"}'", Some("no access_token")),
        ] {
            let outcome = try_one(Secret::Token(command.into())).await;
            assert_eq!(outcome.is_err(), told.is_some(), "{command}: {outcome:?}");
            if let (Err(why), Some(told)) = (outcome, told) {
                assert!(why.contains(told) && !why.replace(command, "").contains("ya29"), "{why}");
            }
        }
    }
}
