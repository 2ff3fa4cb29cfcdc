//! Who and what is defined in a config, and where each is named: duplicates, unknown names and mail loops are found here.

use std::ops::Range;

use toml::Spanned;

use super::section::{Page, did_you_mean};
use crate::domain::message::Address;

/// What a name may name.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Thing {
    Mailbox,
    Team,
    /// A handle of an agent.
    Agent,
    Approver,
    Category,
    Summary,
}

impl Thing {
    fn word(self) -> &'static str {
        match self {
            Thing::Mailbox => "mailbox",
            Thing::Team => "team",
            Thing::Agent => "agent",
            Thing::Approver => "approver",
            Thing::Category => "category",
            Thing::Summary => "summary",
        }
    }

    /// How to define one.
    fn remedy(self, name: &str) -> String {
        let key = match self {
            Thing::Agent | Thing::Approver => "handle",
            Thing::Category => "id",
            Thing::Mailbox | Thing::Team | Thing::Summary => "name",
        };
        format!("add  [[{}]]  with  {key} = \"{name}\"", self.word())
    }
}

/// Whose an address is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Owner {
    /// The desk's own: a mailbox or an alias of one.
    Desk(String),
    /// An agent's.
    Agent(String),
    /// An approver's.
    Approver(String),
    /// The operator's.
    Operator,
    /// A team's list.
    Team(String),
}

impl Owner {
    fn words(&self) -> String {
        match self {
            Owner::Desk(name) => format!("mailbox \"{name}\""),
            Owner::Agent(handle) => format!("agent \"{handle}\""),
            Owner::Approver(handle) => format!("approver \"{handle}\""),
            Owner::Operator => "the operator".to_owned(),
            Owner::Team(name) => format!("team \"{name}\""),
        }
    }
}

/// Every definition and every use.
#[derive(Debug, Default)]
pub(super) struct Names {
    defined: Vec<(Thing, String)>,
    used: Vec<(Thing, Spanned<String>)>,
    addresses: Vec<(Owner, Spanned<Address>)>,
}

impl Names {
    /// A definition; a second one of the same name is an error.
    pub(super) fn define(&mut self, page: &Page, thing: Thing, name: &Spanned<String>) {
        if self.is_defined(thing, name.get_ref()) {
            let message = format!("a second {} is called \"{}\"", thing.word(), name.get_ref());
            page.complain(name.span(), message, "give it another name, or delete one of the two");
        } else {
            self.defined.push((thing, name.get_ref().clone()));
        }
    }

    /// A definition that stands in no file.
    pub(super) fn define_built_in(&mut self, thing: Thing, name: &str) {
        if !self.is_defined(thing, name) {
            self.defined.push((thing, name.to_owned()));
        }
    }

    pub(super) fn is_defined(&self, thing: Thing, name: &str) -> bool {
        self.defined.iter().any(|(t, n)| *t == thing && n == name)
    }

    /// A use of a name, checked at the end.
    pub(super) fn uses(&mut self, thing: Thing, name: &Spanned<String>) {
        self.used.push((thing, name.clone()));
    }

    /// An address with its owner.
    pub(super) fn address(&mut self, owner: Owner, address: &Spanned<Address>) {
        self.addresses.push((owner, address.clone()));
    }

    /// Complains of every name that is used and not defined, and of every address that would make a loop or two people of one.
    pub(super) fn check(&self, page: &Page) {
        for (thing, name) in &self.used {
            if !self.is_defined(*thing, name.get_ref()) {
                let known: Vec<&str> = self.defined.iter().filter(|(t, _)| t == thing).map(|(_, n)| n.as_str()).collect();
                let hint = did_you_mean(name.get_ref(), &known, "known:");
                let help = format!("{hint}; or {}", thing.remedy(name.get_ref()));
                page.complain(name.span(), format!("there is no {} \"{}\"", thing.word(), name.get_ref()), help);
            }
        }
        for (at, (owner, address)) in self.addresses.iter().enumerate() {
            let mut earlier = self.addresses.iter().take(at).filter(|(_, other)| other.get_ref() == address.get_ref());
            let found = earlier.find_map(|(other, place)| Some((clash(other, owner)?, is_desk(owner) && !is_desk(other), place.span())));
            if let Some(((message, help), blame_earlier, place)) = found {
                let span = if blame_earlier { place } else { address.span() };
                page.complain(span, format!("{}: {message}", address.get_ref()), help);
            } else if !is_desk(owner)
                && let Some((message, help)) = self.desk_of(address.get_ref()).and_then(|desk| clash(desk, owner))
            {
                page.complain(address.span(), format!("{}: {message}", address.get_ref()), help);
            }
        }
    }

    /// The mailbox that a plus address of the desk reaches.
    fn desk_of(&self, address: &Address) -> Option<&Owner> {
        let (base, _) = address.split_plus()?;
        self.addresses.iter().find(|(owner, own)| is_desk(owner) && *own.get_ref() == base).map(|(owner, _)| owner)
    }
}

fn is_desk(owner: &Owner) -> bool {
    matches!(owner, Owner::Desk(_))
}

/// Why two owners cannot share an address, and the remedy.
fn clash(first: &Owner, second: &Owner) -> Option<(String, &'static str)> {
    match (first, second) {
        (Owner::Desk(_), Owner::Desk(_)) => {
            Some((format!("{} has this address already", first.words()), "one address belongs to one mailbox; delete it here"))
        }
        (Owner::Desk(_), other) | (other, Owner::Desk(_)) => {
            let (a, b) = (first.words(), second.words());
            let desk = if is_desk(first) { a.as_str() } else { b.as_str() };
            Some((
                format!("{} cannot have an address of {desk}: the desk would write to itself without end", other.words()),
                "write the person's own address",
            ))
        }
        (Owner::Agent(a), Owner::Agent(b)) if a == b => {
            Some((format!("agent \"{a}\" has this address already"), "delete it here; `aliases` are addresses beside `address`"))
        }
        (Owner::Agent(_), Owner::Agent(_)) => Some((
            format!("{} has this address already; nobody could tell the two apart", first.words()),
            "give each agent an address of his own; a common address can be a team's `address`",
        )),
        (Owner::Approver(a), Owner::Approver(_)) => Some((format!("approver \"{a}\" has this address already"), "delete one of the two")),
        // An agent may approve, be the operator, or be a team's whole list.
        _ => None,
    }
}

/// A handle belongs to one person: an approver may share an agent's only with the agent's own address.
pub(super) fn shared_handle(page: &Page, handle: &str, span: Range<usize>, same_person: bool) {
    if !same_person {
        let help = "give the approver another handle, or the agent's own address if it is the same person";
        page.complain(span, format!("an agent with another address is called \"{handle}\" already"), help);
    }
}
