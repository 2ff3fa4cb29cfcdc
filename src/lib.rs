//! Postdesk: a help desk that lives in a mailbox.
//!
//! Requesters write mail, agents answer with their ordinary mail client and steer by tags in the subject, leads get summaries. There is no
//! web console, and nothing but mail is ever asked of anybody.
//!
//! # How it works
//!
//! Everything that can happen is a *cause* with a unique key: a mail, a ticket's clock, a report slot, a refused letter. [`desk`] takes causes
//! in order, asks the pure [`domain::decide`] what follows, lets [`mail`] write the letters and commits all of it to the [`store`].
//! [`source`]s bring mail in and wait for the flush; [`delivery`] carries letters out and says how that ended; [`daemon`] runs them side by
//! side around the one desk.
//!
//! # What always holds
//!
//! - The domain is pure: no file, socket, clock or random number. Time is an argument.
//! - Nothing is sent inside a transaction, and nothing leaves the process before a flush.
//! - A letter's bytes never change; sending it again is sending the same mail.
//! - Only [`domain::ticket::Ticket::apply`] changes a ticket, and the journal keeps what undoes each change.
//! - Any bytes are a mail: reading is total, with defects as facts.
//! - From alone is never believed; an order needs the token that was mailed to that one agent.
//!
//! Modules stand in the order of their dependencies, lowest first; `tests/suite/architecture.rs` reads the imports.

pub mod domain;

pub mod transfer;

pub mod sasl;
pub mod tls;

pub mod config;

pub mod kb;
pub mod mail;
pub mod store;

pub mod delivery;
pub mod source;

pub mod policy;

pub mod desk;

pub mod daemon;

pub mod cli;
