//! The search: a mail is read once a field, however many rules there are.
//!
//! Each atom brings literals ([`Test::literals`]); only where one of them is found is the atom looked at closer (word boundary, whole
//! address, regular expression). Words of letters can only begin where a word of the text begins, so these are looked up whole in a
//! table; everything else stands in an Aho-Corasick automaton, that with Chinese in one that ASCII texts pass over. All in one automaton
//! was measured at five times the cost for ten thousand rules: its failure links walk through memory that no cache holds. A
//! `RegexSet` was measured at seconds a mail.

use std::collections::HashMap;
use std::hash::{BuildHasherDefault, Hasher};

use aho_corasick::{AhoCorasick, AhoCorasickKind};

use super::atom::{Atom, AtomId, Atoms, Field, ListId, Lists, Memory, Test, Value};
use crate::domain::message::Reading;
use crate::domain::text::is_spaced_letter;

/// Literals of one field up to this many bytes become a DFA: the fastest search, some 500 bytes for each of theirs.
const SMALL: usize = 1 << 14;

impl Atoms {
    /// Builds the search.
    ///
    /// # Errors
    /// The words are too many for an automaton (more than two thousand million bytes).
    pub(super) fn finish(self) -> Result<Scanner, String> {
        let mut initial = vec![State::No; self.atoms.len()];
        let mut plans: Vec<Plan> = self.fields.iter().map(|_| Plan::default()).collect();
        for (index, (atom, state)) in self.atoms.iter().zip(&mut initial).enumerate() {
            let id = AtomId(u32::try_from(index).unwrap_or(u32::MAX));
            match (atom.test.literals(), plans.get_mut(atom.slot)) {
                (Some(literals), Some(plan)) => literals.into_iter().for_each(|literal| plan.add(literal, &atom.test, id)),
                _ => *state = State::Maybe,
            }
        }
        let searches = plans.into_iter().map(Plan::build).collect::<Result<_, _>>().map_err(|e| e.to_string())?;
        Ok(Scanner { atoms: self.atoms, fields: self.fields, searches, initial, lists: Lists::default(), open: Vec::new() })
    }
}

/// The words of the table by their first token.
type Table = HashMap<Box<str>, Vec<Phrase>, BuildHasherDefault<Fnv>>;

/// What follows a token, and the atoms that ask for it.
#[derive(Debug)]
struct Phrase {
    /// The second byte of the rest. Phrases share their first word and the space behind it: this tells most apart without a look at the rest.
    second: Option<u8>,
    rest: Box<str>,
    atoms: Vec<AtomId>,
}

/// By atom, those that were met: a byte each, for they are asked for a thousand times a mail.
#[derive(Debug)]
pub(super) struct States(Vec<Option<State>>);

impl States {
    fn get(&self, id: AtomId) -> Option<State> {
        self.0.get(id.index()).copied().flatten()
    }

    pub(super) fn set(&mut self, id: AtomId, state: State) {
        if let Some(slot) = self.0.get_mut(id.index()) {
            *slot = Some(state);
        }
    }
}

/// FNV-1a: short words, and keys that only the operator chooses, so that nobody can flood the table.
pub(super) struct Fnv(u64);

impl Default for Fnv {
    fn default() -> Fnv {
        Fnv(0xcbf2_9ce4_8422_2325)
    }
}

impl Hasher for Fnv {
    fn write(&mut self, bytes: &[u8]) {
        self.0 = bytes.iter().fold(self.0, |hash, byte| (hash ^ u64::from(*byte)).wrapping_mul(0x0000_0100_0000_01b3));
    }

    fn finish(&self) -> u64 {
        self.0
    }
}

/// The literals of one field, while they are being collected.
#[derive(Default)]
struct Plan {
    table: Table,
    literals: HashMap<String, Vec<AtomId>>,
}

impl Plan {
    fn add(&mut self, literal: String, test: &Test, id: AtomId) {
        let token = literal.find(|c| !is_spaced_letter(c)).unwrap_or(literal.len());
        let whole_token = token < literal.len() || matches!(test, Test::Word { open_end: false, .. });
        match literal.split_at_checked(token) {
            Some((first, rest)) if matches!(test, Test::Word { .. }) && !first.is_empty() && whole_token => {
                let phrases = self.table.entry(first.into()).or_default();
                match phrases.iter_mut().find(|known| *known.rest == *rest) {
                    Some(known) => known.atoms.push(id),
                    None => phrases.push(Phrase { second: rest.as_bytes().get(1).copied(), rest: rest.into(), atoms: vec![id] }),
                }
            }
            _ => self.literals.entry(literal).or_default().push(id),
        }
    }

    fn build(self) -> Result<Search, aho_corasick::BuildError> {
        let (ascii, other): (Vec<_>, Vec<_>) = self.literals.into_iter().partition(|(literal, _)| literal.is_ascii());
        Ok(Search { table: self.table, ascii: Automaton::build(ascii)?, other: Automaton::build(other)? })
    }
}

/// Literals that may stand anywhere.
#[derive(Debug)]
struct Automaton {
    search: AhoCorasick,
    /// By pattern: the atoms that asked for it.
    atoms: Vec<Vec<AtomId>>,
}

impl Automaton {
    /// `None` where there is nothing to search for.
    fn build(mut literals: Vec<(String, Vec<AtomId>)>) -> Result<Option<Automaton>, aho_corasick::BuildError> {
        if literals.is_empty() {
            return Ok(None);
        }
        literals.sort();
        let bytes: usize = literals.iter().map(|(literal, _)| literal.len()).sum();
        let kind = if bytes <= SMALL { AhoCorasickKind::DFA } else { AhoCorasickKind::ContiguousNFA };
        let search = AhoCorasick::builder().kind(Some(kind)).build(literals.iter().map(|(literal, _)| literal))?;
        Ok(Some(Automaton { search, atoms: literals.into_iter().map(|(_, atoms)| atoms).collect() }))
    }
}

/// The literals of one field.
#[derive(Debug)]
struct Search {
    table: Table,
    ascii: Option<Automaton>,
    /// Passed over where the text is ASCII.
    other: Option<Automaton>,
}

impl Search {
    /// Tells every place where an atom may hold.
    fn run(&self, text: &str, mut tell: impl FnMut(AtomId, usize, usize)) {
        let other = self.other.as_ref().filter(|_| !text.is_ascii());
        for automaton in self.ascii.iter().chain(other) {
            for hit in automaton.search.find_overlapping_iter(text) {
                for id in automaton.atoms.get(hit.pattern().as_usize()).into_iter().flatten() {
                    tell(*id, hit.start(), hit.end());
                }
            }
        }
        if self.table.is_empty() {
            return;
        }
        let mut begun = None;
        for (at, c) in text.char_indices() {
            match (is_spaced_letter(c), begun) {
                (true, None) => begun = Some(at),
                (false, Some(start)) => {
                    self.look_up(text, start, at, &mut tell);
                    begun = None;
                }
                _ => {}
            }
        }
        if let Some(start) = begun {
            self.look_up(text, start, text.len(), &mut tell);
        }
    }

    fn look_up(&self, text: &str, start: usize, end: usize, tell: &mut impl FnMut(AtomId, usize, usize)) {
        let (Some(token), Some(after)) = (text.get(start..end), text.get(end..)) else { return };
        let second = after.as_bytes().get(1);
        for Phrase { rest, atoms, .. } in
            self.table.get(token).into_iter().flatten().filter(|p| p.second.is_none() || p.second.as_ref() == second)
        {
            if after.starts_with(&**rest) {
                atoms.iter().for_each(|id| tell(*id, start, end + rest.len()));
            }
        }
    }
}

/// What is known of an atom.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum State {
    No,
    Yes,
    /// A literal is there (or there is none to look for): the expression must run.
    Maybe,
}

/// All atoms, ready to search.
#[derive(Debug, Default)]
pub(super) struct Scanner {
    atoms: Vec<Atom>,
    fields: Vec<Field>,
    searches: Vec<Search>,
    initial: Vec<State>,
    lists: Lists,
    /// By list: it must always be looked at.
    open: Vec<bool>,
}

impl Scanner {
    /// An atom.
    pub(super) fn atom(&self, id: AtomId) -> Option<&Atom> {
        self.atoms.get(id.index())
    }

    /// How many atoms there are.
    pub(super) fn len(&self) -> usize {
        self.atoms.len()
    }

    /// Must this atom be looked at in every mail?
    pub(super) fn is_always_open(&self, id: AtomId) -> bool {
        self.initial.get(id.index()) == Some(&State::Maybe)
    }

    /// Learns which lists the rules ask for.
    pub(super) fn watch(&mut self, lists: Lists) {
        self.open = vec![false; lists.len()];
        for index in 0..u32::try_from(self.atoms.len()).unwrap_or(u32::MAX) {
            let id = AtomId(index);
            if self.is_always_open(id) {
                mark(&mut self.open, lists.of(id));
            }
        }
        self.lists = lists;
    }

    /// Reads a mail: each field once.
    pub(super) fn scan<'s, 'm>(&'s self, mail: &'m Reading, memory: Memory) -> Scan<'s, 'm> {
        let values: Vec<Vec<Value<'m>>> = self.fields.iter().map(|f| f.values(mail).into_iter().map(Value::new).collect()).collect();
        let mut scan =
            Scan { scanner: self, states: States(vec![None; self.atoms.len()]), hits: Vec::new(), met: self.open.clone(), values, memory };
        let Scan { states, hits, met, values, .. } = &mut scan;
        for (search, values) in self.searches.iter().zip(values.iter()) {
            for value in values {
                search.run(&value.folded, |id, start, end| {
                    let Some(atom) = self.atoms.get(id.index()) else { return };
                    if states.get(id).is_none() && atom.test.confirms(&value.folded, start, end) {
                        states.set(id, if matches!(atom.test, Test::Pattern(_)) { State::Maybe } else { State::Yes });
                        hits.push(id);
                        mark(met, self.lists.of(id));
                    }
                });
            }
        }
        scan
    }
}

fn mark(marks: &mut [bool], lists: &[ListId]) {
    for list in lists {
        if let Some(mark) = marks.get_mut(list.index()) {
            *mark = true;
        }
    }
}

/// One mail, searched.
#[derive(Debug)]
pub(super) struct Scan<'s, 'm> {
    scanner: &'s Scanner,
    /// Of the atoms that were met; the others are as [`Scanner::initial`] says.
    states: States,
    /// Atoms that are there or may be.
    pub(super) hits: Vec<AtomId>,
    /// By list: it may hold.
    met: Vec<bool>,
    values: Vec<Vec<Value<'m>>>,
    /// Of the expressions that run for it.
    pub(super) memory: Memory,
}

impl Scan<'_, '_> {
    /// Is the atom there? Runs its expression if that is still open, once.
    pub(super) fn holds(&mut self, id: AtomId) -> bool {
        match self.states.get(id).or_else(|| self.scanner.initial.get(id.index()).copied()) {
            Some(State::Yes) => true,
            Some(State::Maybe) => {
                let holds = self.find(id).is_some();
                self.states.set(id, if holds { State::Yes } else { State::No });
                holds
            }
            Some(State::No) | None => false,
        }
    }

    /// May any atom of this list be there?
    pub(super) fn has_any_of(&self, list: ListId) -> bool {
        self.met.get(list.index()).copied().unwrap_or(true)
    }

    /// An atom.
    pub(super) fn atom(&self, id: AtomId) -> Option<&Atom> {
        self.scanner.atom(id)
    }

    #[cfg(test)]
    pub(super) fn atoms(&self) -> usize {
        self.scanner.len()
    }

    #[cfg(test)]
    pub(super) fn states(&mut self) -> &mut States {
        &mut self.states
    }

    /// What the atom found, looked up afresh.
    pub(super) fn find(&self, id: AtomId) -> Option<&str> {
        let atom = self.scanner.atom(id)?;
        self.values_of(id).iter().find_map(|value| atom.test.find(value, self.memory))
    }

    /// The texts that the atom looks at.
    pub(super) fn values_of(&self, id: AtomId) -> &[Value<'_>] {
        let slot = self.scanner.atom(id).map(|atom| atom.slot);
        slot.and_then(|slot| self.values.get(slot)).map_or(&[], Vec::as_slice)
    }
}
