//! Lists and bulk mail (RFC 2919, RFC 2369), and people whose From a list has replaced by its own address.

use super::precedence;
use crate::domain::message::{Address, Person, Reading};
use crate::domain::policy::Policy;

const FIELDS: [&str; 5] = ["List-Id", "List-Post", "X-Mailing-List", "Mailing-List", "List-Unsubscribe"];

/// People reach the mailbox through its own lists: those marks say nothing.
fn is_own(value: &str, policy: &Policy) -> bool {
    let value = value.to_lowercase();
    policy.mailboxes.iter().flat_map(|m| &m.via_lists).any(|list| !list.is_empty() && value.contains(&list.to_lowercase()))
}

/// Why this is a list's or bulk mail, if it is.
pub fn bulk(mail: &Reading, policy: &Policy) -> Option<String> {
    if passed_on(mail, policy) {
        return None;
    }
    if let Some((name, value)) = FIELDS.iter().find_map(|name| mail.header(name).map(|v| (name, v))) {
        return Some(format!("{name}: {}", value.chars().take(120).collect::<String>()));
    }
    let precedence = precedence(mail);
    matches!(precedence.as_str(), "bulk" | "list" | "junk").then(|| format!("Precedence: {precedence}"))
}

/// Is this the address of one of the mailbox's own lists, by the config or by the mail that it passed on?
///
/// Who writes behind it nobody knows, and everybody on it reads what is sent there.
pub fn is_own_list(address: &Address, mail: &Reading, policy: &Policy) -> bool {
    let posts_there = |value: &str| is_own(value, policy) || passed_on(mail, policy);
    policy.is_via_list(address)
        || mail.all_headers("List-Post").any(|post| post.to_lowercase().contains(&format!("mailto:{address}")) && posts_there(post))
}

fn passed_on(mail: &Reading, policy: &Policy) -> bool {
    FIELDS.iter().any(|name| mail.all_headers(name).any(|value| is_own(value, policy)))
}

/// Fields in which lists keep the writer whose From they replaced, RFC 9057's first; Reply-To is what remains.
const WRITERS: [&str; 4] = ["Author", "X-Original-From", "Original-From", "X-Original-Sender"];

/// The mail as its writer sent it, where one of the mailbox's own lists wrote itself into From ("Li via Help"), as lists do for DMARC.
///
/// Never a person of the house: roles are not taken from what a list passes on.
pub fn behind_list(mail: &Reading, policy: &Policy) -> Option<Reading> {
    let from = mail.from.as_ref()?;
    let lists = |address: &Address| is_own_list(address, mail, policy);
    let of_list = lists(&from.address) || policy.is_own(&from.address);
    if !of_list || !passed_on(mail, policy) {
        return None;
    }
    let told = WRITERS.iter().find_map(|name| person(mail.header(name)?));
    let reply_to = || mail.reply_to.iter().find(|p| !lists(&p.address)).cloned();
    let stranger = |p: &Person| !policy.is_own(&p.address) && !lists(&p.address) && policy.agent_at(&p.address).is_none();
    let mut writer = told.filter(stranger).or_else(reply_to).filter(stranger)?;
    if writer.name.is_empty() {
        let name = from.name.split(" via ").next().unwrap_or("");
        writer.name = name.trim_matches(['\'', '"', ' ']).to_owned();
    }
    Some(Reading { from: Some(writer), ..mail.clone() })
}

/// `Li <li@x.example>` or a bare address.
fn person(value: &str) -> Option<Person> {
    let (name, address) = value.rsplit_once('<').unwrap_or(("", value));
    let address = Address::parse(address.trim().trim_end_matches('>'))?;
    Some(Person { name: name.trim().trim_matches('"').to_owned(), address })
}
