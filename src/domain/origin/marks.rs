//! Marks beside the kind: the border's suspicion (RFC 8601), and systems that must not be answered.

use crate::domain::authentication;
use crate::domain::doubt::Suspicion;
use crate::domain::message::Reading;
use crate::domain::policy::Policy;

/// Marks that ticket systems and robots put on all that they send, a person's words among it: a ticket, but no answer of ours, or two
/// systems would thank each other for ever.
const ROBOTS: &[&str] = &[
    "X-Postdesk-Mail", "X-Loop", "X-RT-Loop-Prevention", "RT-Ticket", "X-OTRS-Loop", "X-Powered-By-OTRS", "X-Znuny-Loop",
    "X-Zammad-Ticket-Id", "X-JIRA-FingerPrint", "X-Zendesk-From-Account-Id", "X-ServiceNow-Generated", "X-GLPI-Itemtype", "X-Redmine-Host",
    "X-GitHub-Reason", "X-GitLab-Project", "X-Bugzilla-Type", "X-Roundup-Name", "X-Freshdesk-Ticket-Id", "X-osTicket-Loop",
    "X-Request-Tracker",
];

/// The sender's system asks that no machine answers, or is a machine that would answer back.
pub fn suppressed(mail: &Reading) -> bool {
    // A null reverse-path is never answered: RFC 5321 section 4.5.5.
    asks_for_none(mail) || mail.return_path == Some(None) || ROBOTS.iter().any(|name| mail.header(name).is_some())
}

/// X-Auto-Response-Suppress (Exchange's own).
pub fn asks_for_none(mail: &Reading) -> bool {
    mail.all_headers("X-Auto-Response-Suppress").any(|v| {
        let v = v.to_ascii_lowercase();
        ["all", "autoreply", "oof"].iter().any(|w| v.split([',', ' ', ';']).any(|x| x.trim() == *w))
    })
}

/// Fields that begin with "yes" in what a filter takes for spam: SpamAssassin's, rspamd's.
const SPAM: &[&str] = &["X-Spam-Flag", "X-Spam-Status", "X-Spam"];

/// Exchange's spam confidence level, -1 to 9; what has at least [`SPAM_LEVEL`] goes to the junk folder.
const LEVEL: &str = "X-MS-Exchange-Organization-SCL";
const SPAM_LEVEL: u8 = 5;

/// Why the border distrusts this mail, with the evidence.
pub fn suspicion(mail: &Reading, policy: &Policy) -> Option<(Suspicion, String)> {
    let yes = |value: &str| value.trim().to_ascii_lowercase().starts_with("yes");
    let marked = SPAM.iter().find_map(|name| Some((*name, mail.header(name).filter(|value| yes(value))?)));
    let high = |value: &str| value.trim().parse::<u8>().is_ok_and(|level| level >= SPAM_LEVEL);
    if let Some((name, value)) = marked.or_else(|| Some((LEVEL, mail.header(LEVEL).filter(|value| high(value))?))) {
        return Some((Suspicion::Spam, format!("{name}: {}", value.chars().take(40).collect::<String>())));
    }
    authentication::dmarc_failed(mail, policy).then(|| (Suspicion::Dmarc, "our border reports dmarc=fail".to_owned()))
}
