//! An account tried step by step, each in words with a remedy.

use super::connect::{NoPassword, connect};
use super::{Account, Refused, name};

/// Connects, logs in, opens every folder read-only and names what the server lacks. Each step: did it go well, and a sentence.
pub async fn doctor(account: &Account) -> Vec<(bool, String)> {
    let place = format!("{}:{}", account.host, account.port);
    let mut session = match connect(account).await {
        Ok(session) => session,
        Err(error) => {
            let remedy = if error.is::<Refused>() {
                "; see user and password_env, password_file or password_command (many providers want an app password or authorization code)"
            } else if error.is::<NoPassword>() || format!("{error:#}").contains("ca_file") {
                // It names its own.
                ""
            } else {
                "; see host, port and tls (implicit: 993, often; starttls: 143, often)"
            };
            return vec![(false, format!("IMAP {place}: {error:#}{remedy}"))];
        }
    };
    let mut steps = vec![(true, format!("IMAP {place}: connected and logged in as {}", account.user))];
    steps.push(if session.can_idle {
        (true, "IDLE: new mail is seen at once".to_owned())
    } else {
        (true, format!("no IDLE: new mail is looked for every {} s (poll)", account.poll.as_secs()))
    });
    for folder in &account.folders {
        steps.push(match session.open(&name::on_the_wire(folder), false).await {
            Ok(_) => (true, format!("folder {folder} can be read")),
            Err(error) => (false, format!("{error:#}; see folders, and the server's own spelling")),
        });
    }
    for folder in account.done_folder.iter().chain(&account.sent_folder) {
        steps.push(match session.open(&name::on_the_wire(folder), false).await {
            Ok(_) => (true, format!("folder {folder} is there")),
            Err(error) if error.is::<Refused>() => (true, format!("folder {folder} is not there yet: it is made when it is needed")),
            Err(error) => (false, format!("folder {folder}: {error:#}")),
        });
    }
    session.leave().await;
    steps
}
