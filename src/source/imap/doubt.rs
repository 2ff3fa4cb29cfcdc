//! Mails that a server does not give out: whether that is the mail's fault or a passing trouble.
//!
//! A server that cannot read a mail says NO or BAD in each form, answers without the mail, or ends the connection. Any of these may
//! pass, so it counts only when it is seen on several connections; a mail that was asked for together with others when the connection
//! ended is asked for alone first.

use std::collections::BTreeMap;

use super::plan::Wanted;

/// On so many connections a mail is asked for before it is passed over.
const CONNECTIONS: u32 = 3;

/// What is known against mails of the open folder, by UID.
#[derive(Debug, Default)]
pub(super) struct Doubts(BTreeMap<u32, Doubt>);

#[derive(Debug, Default)]
struct Doubt {
    connections: u32,
    why: String,
}

impl Doubts {
    /// Is it to be asked for alone?
    pub(super) fn suspect(&self, uid: u32) -> bool {
        self.0.contains_key(&uid)
    }

    /// Why it is asked for no more.
    pub(super) fn settled(&self, uid: u32) -> Option<&str> {
        self.0.get(&uid).filter(|doubt| doubt.connections >= CONNECTIONS).map(|doubt| doubt.why.as_str())
    }

    /// The server would not give it out on this connection.
    pub(super) fn withheld(&mut self, uid: u32, why: String) {
        let doubt = self.0.entry(uid).or_default();
        *doubt = Doubt { connections: doubt.connections + 1, why };
    }

    /// The connection ended while these were asked for.
    pub(super) fn broke(&mut self, group: &[Wanted], why: &str) {
        match group {
            [one] => self.withheld(one.uid, why.to_owned()),
            many => {
                for wanted in many {
                    self.0.entry(wanted.uid).or_default();
                }
            }
        }
    }

    /// It came after all.
    pub(super) fn given(&mut self, uid: u32) {
        self.0.remove(&uid);
    }

    /// The folder's UIDs mean other mails now.
    pub(super) fn forget(&mut self) {
        self.0.clear();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn wanted(uid: u32) -> Wanted {
        Wanted { uid, size: 1, at: chrono::DateTime::UNIX_EPOCH, quiet: false }
    }

    #[test]
    fn one_bad_connection_is_no_reason() {
        let mut doubts = Doubts::default();
        doubts.broke(&[wanted(1), wanted(2)], "closed");
        assert!(doubts.suspect(1) && doubts.suspect(2) && !doubts.suspect(3));
        doubts.given(1);
        doubts.broke(&[wanted(2)], "closed");
        doubts.withheld(2, "BAD".to_owned());
        assert_eq!((doubts.suspect(1), doubts.settled(2)), (false, None), "in company it does not count");
        doubts.withheld(2, "NO".to_owned());
        assert_eq!(doubts.settled(2), Some("NO"));
        doubts.forget();
        assert!(!doubts.suspect(2));
    }
}
