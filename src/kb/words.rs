//! A text → the terms by which articles are indexed and asked for.
//!
//! Folded first (NFKC, case, traditional → simplified, see `domain::text`). A Latin word is a term as its stem. Chinese is written
//! without spaces: each pair of neighbours is a term, and each character, which says little, a light one; a dictionary was weighed and
//! left, since it lacks the names of products and the slips of mail. A group of `synonyms.txt` is a term wherever one of its phrases
//! stands, so that 无线 finds "Wi-Fi".

use std::borrow::Cow;
use std::collections::HashMap;
use std::hash::{BuildHasherDefault, Hasher};
use std::sync::LazyLock;

use aho_corasick::{AhoCorasick, MatchKind};

use crate::domain::text::{fold_words, is_spaced_letter};

const SYNONYMS: &str = include_str!("synonyms.txt");
const STOPWORDS: &str = include_str!("stopwords.txt");

/// What a term is made of.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(super) enum Kind {
    /// A group of synonyms.
    Concept,
    /// A word of a script with spaces.
    Word,
    /// Two neighbours of a script without.
    Pair,
    /// One character of it.
    Single,
}

/// A term: what kind, and 62 bits that stand for the rest; two words of one number are not to be met among a million.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(super) struct Term(u64);

impl Term {
    fn new(kind: Kind, key: u64) -> Term {
        Term((kind as u64) << 62 | key & (u64::MAX >> 2))
    }

    pub(super) fn kind(self) -> Kind {
        match self.0 >> 62 {
            0 => Kind::Concept,
            1 => Kind::Word,
            2 => Kind::Pair,
            _ => Kind::Single,
        }
    }
}

/// A map by keys that are spread already, but for a last mix: looked into for each word of each mail.
pub(super) type ByKey<K, V> = HashMap<K, V, BuildHasherDefault<Mix>>;

/// Spreads 64 bits over all bits (Fibonacci hashing).
#[derive(Debug, Default)]
pub(super) struct Mix(u64);

impl Hasher for Mix {
    fn finish(&self) -> u64 {
        self.0
    }

    fn write(&mut self, bytes: &[u8]) {
        self.write_u64(hash(bytes.iter().copied()));
    }

    fn write_u64(&mut self, key: u64) {
        let mixed = (self.0 ^ key).wrapping_mul(0x9e37_79b9_7f4a_7c15);
        self.0 = mixed ^ (mixed >> 32);
    }
}

/// FNV-1a: short keys, and the same on every machine.
pub(super) fn hash(bytes: impl Iterator<Item = u8>) -> u64 {
    bytes.fold(0xcbf2_9ce4_8422_2325, |hash, byte| (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3))
}

/// The two tables, ready to be looked for.
struct Lexicon {
    /// Phrases of synonyms, then Chinese stop words.
    phrases: Option<AhoCorasick>,
    /// Their groups; `None` for a stop word.
    groups: Vec<Option<u64>>,
    /// The groups of single Latin words, by the hash of their stem.
    stems: ByKey<u64, u64>,
    /// Hashes of stop words.
    stop: ByKey<u64, ()>,
}

static LEXICON: LazyLock<Lexicon> = LazyLock::new(|| {
    let lines = |table: &'static str| table.lines().filter(|line| !line.starts_with('#'));
    let (mut phrases, mut groups, mut stems) = (Vec::new(), Vec::new(), ByKey::default());
    for (line, group) in lines(SYNONYMS).zip(0..) {
        for phrase in line.split(',').map(fold_words) {
            if phrase.bytes().all(|b| b.is_ascii_alphanumeric()) {
                stems.insert(hash(stem(&phrase).bytes()), group);
            } else {
                phrases.push(phrase);
                groups.push(Some(group));
            }
        }
    }
    let mut stop = ByKey::default();
    for word in lines(STOPWORDS).flat_map(str::split_whitespace) {
        stop.insert(hash(word.bytes()), ());
        if !word.is_ascii() {
            phrases.push(word.to_owned());
            groups.push(None);
        }
    }
    Lexicon { phrases: AhoCorasick::builder().match_kind(MatchKind::LeftmostLongest).build(phrases).ok(), groups, stems, stop }
});

/// Calls for each term of a text, with the word where it is one.
pub(super) fn terms(text: &str, mut each: impl FnMut(Term, &str)) {
    let folded = fold_words(text);
    let lexicon = &*LEXICON;
    let mut rest = 0;
    for found in lexicon.phrases.iter().flat_map(|phrases| phrases.find_iter(&folded)) {
        if !stands_alone(&folded, found.start(), found.end()) {
            continue;
        }
        plain(folded.get(rest..found.start()).unwrap_or(""), lexicon, true, &mut each);
        if let Some(Some(group)) = lexicon.groups.get(found.pattern().as_usize()) {
            each(Term::new(Kind::Concept, *group), "");
            plain(folded.get(found.range()).unwrap_or(""), lexicon, false, &mut each);
        }
        rest = found.end();
    }
    plain(folded.get(rest..).unwrap_or(""), lexicon, true, &mut each);
}

/// A phrase of letters does not begin or end inside a word.
fn stands_alone(text: &str, start: usize, end: usize) -> bool {
    let letter = |c: Option<char>| c.is_some_and(is_spaced_letter);
    let inside = |at: usize| {
        let (before, after) = text.split_at_checked(at).unwrap_or((text, ""));
        letter(before.chars().next_back()) && letter(after.chars().next())
    };
    !inside(start) && !inside(end)
}

/// Words, pairs and single characters of a folded text; `concepts`: the groups of its words too.
fn plain(text: &str, lexicon: &Lexicon, concepts: bool, each: &mut impl FnMut(Term, &str)) {
    let mut rest = text;
    while let Some(first) = rest.chars().next() {
        let spaced = is_spaced_letter(first);
        let same = |c: char| if spaced { is_spaced_letter(c) } else { c.is_alphanumeric() && !is_spaced_letter(c) };
        let end = rest.find(|c: char| !same(c)).unwrap_or(rest.len());
        let (run, after) = rest.split_at_checked(end.max(first.len_utf8())).unwrap_or((rest, ""));
        rest = after;
        if end == 0 {
            continue;
        }
        if spaced {
            word(run, lexicon, concepts, each);
        } else {
            unspaced(run, each);
        }
    }
}

fn word(run: &str, lexicon: &Lexicon, concepts: bool, each: &mut impl FnMut(Term, &str)) {
    let short = run.len() < 2 && !run.starts_with(|c: char| c.is_ascii_digit());
    if !short && !lexicon.stop.contains_key(&hash(run.bytes())) {
        let stem = hash(stem(run).bytes());
        if let Some(group) = lexicon.stems.get(&stem).filter(|_| concepts) {
            each(Term::new(Kind::Concept, *group), "");
        }
        each(Term::new(Kind::Word, stem), run);
    }
}

fn unspaced(run: &str, each: &mut impl FnMut(Term, &str)) {
    let mut before = None;
    for c in run.chars() {
        if let Some(before) = before {
            each(Term::new(Kind::Pair, u64::from(u32::from(before)) << 21 | u64::from(u32::from(c))), "");
        }
        each(Term::new(Kind::Single, u64::from(u32::from(c))), "");
        before = Some(c);
    }
}

/// A word without its plural, -ing or -ed. What is left need not be a word, only the same for both.
fn stem(word: &str) -> Cow<'_, str> {
    if word.len() < 4 || !word.bytes().all(|b| b.is_ascii_lowercase()) {
        return Cow::Borrowed(word);
    }
    if let Some(body) = word.strip_suffix("ies").or_else(|| word.strip_suffix("ied")).filter(|body| body.len() > 1) {
        return Cow::Owned(format!("{body}y"));
    }
    let sibilant = ["sses", "shes", "ches", "xes", "zes"].iter().any(|end| word.ends_with(end));
    let singular = match word.strip_suffix("es").filter(|_| sibilant) {
        Some(body) => body,
        None if ["ss", "us", "is"].iter().any(|end| word.ends_with(end)) => word,
        None => word.strip_suffix('s').unwrap_or(word),
    };
    let has_vowel = |body: &&str| body.len() > 2 && body.contains(['a', 'e', 'i', 'o', 'u', 'y']);
    let root = match singular.strip_suffix("ing").filter(has_vowel) {
        Some(body) => undoubled(body),
        None if singular.ends_with("eed") => singular,
        None => singular.strip_suffix("ed").filter(has_vowel).map_or(singular, undoubled),
    };
    Cow::Borrowed(root.strip_suffix('e').filter(|body| body.len() > 2).unwrap_or(root))
}

/// `mapp` → `map`; `install`, `access` and `fizz` stay.
fn undoubled(body: &str) -> &str {
    let mut end = body.bytes().rev();
    let (last, before) = (end.next(), end.next());
    let doubled = last == before && !matches!(last, Some(b'l' | b's' | b'z' | b'a' | b'e' | b'i' | b'o' | b'u'));
    if doubled { body.get(..body.len() - 1).unwrap_or(body) } else { body }
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;

    /// The terms of a text as words: concepts by their first phrase in brackets.
    fn shown(text: &str) -> Vec<String> {
        let groups: Vec<&str> = SYNONYMS.lines().filter(|l| !l.starts_with('#')).map(|l| l.split(',').next().unwrap()).collect();
        let mut shown = Vec::new();
        terms(text, |term, word| {
            let low = |bits: u32| char::from_u32((term.0 >> bits & 0x1f_ffff) as u32).unwrap();
            shown.push(match term.kind() {
                Kind::Concept => format!("[{}]", groups[(term.0 & 0xffff) as usize]),
                Kind::Word => stem(word).into_owned(),
                Kind::Pair => format!("{}{}", low(21), low(0)),
                Kind::Single => low(0).to_string(),
            });
        });
        shown
    }

    #[test]
    fn texts_become_terms() {
        for (text, wanted) in [
            ("The printers", "[printer] printer"),
            ("my Wi-Fi drops", "[wifi] wi fi [offline] drop"),
            ("a wireless network", "[wifi] wireless network"),
            ("apply the patches", "apply [update] patch"),
            ("無線網路", "[wifi] 无 无线 线 线网 网 网路 路"),
            ("请问怎么打开？", "打 打开 开"),
            ("我的电脑", "[computer] 电 电脑 脑"),
            ("Error 809 again", "error 809"),
            ("ＶＰＮ連不上", "[vpn] vpn [cannot connect] 连 连不 不 不上 上"),
            ("café, naïve; a", "café naïve"),
            ("happily vpnish", "happily vpnish"),
            ("", ""),
        ] {
            assert_eq!(shown(text).join(" "), wanted, "{text}");
        }
    }

    #[test]
    fn forms_of_a_word_share_a_stem() {
        for family in [
            "print prints printing printed", "copy copies copying copied", "expire expires expired expiring", "map maps mapped mapping",
            "install installs installing installed", "box boxes", "access accessed accessing", "share shared sharing shares",
            "batch batches", "need needs", "status", "use uses", "bus", "speed", "string strings",
        ] {
            let stems: HashSet<String> = family.split(' ').map(|word| stem(word).into_owned()).collect();
            assert_eq!(stems.len(), 1, "{family}: {stems:?}");
        }
        for (one, other) in [("bed", "be"), ("printer", "print"), ("ring", "r"), ("news", "ne")] {
            assert_ne!(stem(one), stem(other));
        }
    }

    #[test]
    fn the_tables_are_sound() {
        assert!(LEXICON.phrases.is_some());
        let lines = || SYNONYMS.lines().filter(|line| !line.starts_with('#'));
        let mut seen = HashSet::new();
        for line in lines() {
            for phrase in line.split(',').map(fold_words) {
                assert!(!phrase.is_empty() && !LEXICON.stop.contains_key(&hash(phrase.bytes())), "{phrase}");
                assert!(seen.insert(stem(&phrase).into_owned()), "{phrase} or another form of it stands here twice");
            }
            assert!(line.is_ascii() || line.split(',').any(|p| p.is_ascii()), "{line} has no English");
            assert!(!line.is_ascii(), "{line} has no Chinese");
        }
    }
}
