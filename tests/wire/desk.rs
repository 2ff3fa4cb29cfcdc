//! The whole desk: the real `postdesk run` against Dovecot and Postfix, with people who only write mail.
//!
//! Requesters mail by SMTP, agents answer in neomutt. A desk has a mailbox, people and a directory of its own, so that desks run side by
//! side on one mail host.

mod confirm;
mod day;
mod delivery;
mod files;
mod first;
mod kill;
mod pipe;
mod play;
mod signals;
mod sources;
mod threads;
