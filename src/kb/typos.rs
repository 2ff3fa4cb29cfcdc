//! Words of one slip: for each known word all forms with one letter left out are kept; two words within one edit of each other share such
//! a form, or one is a form of the other. So a lookup costs a few searches however many words there are.

use super::words::hash;

/// Shorter words are too near to each other.
const SHORTEST: usize = 5;

/// Known words by their forms.
#[derive(Debug, Default)]
pub(super) struct Typos {
    /// (hash of a form, word), sorted. Half a hash will do: what it finds is compared.
    forms: Vec<(u32, u32)>,
    words: Vec<Box<str>>,
}

impl Typos {
    /// Over these words; those that are too short or not Latin are passed over.
    pub(super) fn new(words: impl Iterator<Item = String>) -> Typos {
        let words: Vec<Box<str>> = words.filter(|word| corrects(word)).map(String::into_boxed_str).collect();
        let mut forms: Vec<(u32, u32)> =
            words.iter().zip(0..).flat_map(|(word, at)| shorter(word).map(move |form| (form, at)).collect::<Vec<_>>()).collect();
        forms.sort_unstable();
        forms.dedup();
        forms.shrink_to_fit();
        Typos { forms, words }
    }

    /// The known words within one edit of this one.
    pub(super) fn near(&self, word: &str) -> Vec<&str> {
        if !corrects(word) {
            return Vec::new();
        }
        let mut near: Vec<&str> = Vec::new();
        for form in shorter(word) {
            let from = self.forms.partition_point(|(known, _)| *known < form);
            let same = self.forms.get(from..).unwrap_or_default().iter().take_while(|(known, _)| *known == form);
            near.extend(same.filter_map(|(_, at)| self.words.get(*at as usize)).map(AsRef::as_ref));
        }
        near.sort_unstable();
        near.dedup();
        near.retain(|known| within_one_edit(known.as_bytes(), word.as_bytes()));
        near
    }
}

/// Is one letter added, left out, replaced, or changed places with its neighbour, or none?
fn within_one_edit(a: &[u8], b: &[u8]) -> bool {
    let same_head = a.iter().zip(b).take_while(|(a, b)| a == b).count();
    let (a, b) = (a.get(same_head..).unwrap_or_default(), b.get(same_head..).unwrap_or_default());
    let same_tail = a.iter().rev().zip(b.iter().rev()).take_while(|(a, b)| a == b).count();
    let (a, b) = (a.get(..a.len() - same_tail).unwrap_or_default(), b.get(..b.len() - same_tail).unwrap_or_default());
    match (a, b) {
        ([] | [_], [] | [_]) => true,
        ([a, b], [c, d]) => a == d && b == c,
        _ => false,
    }
}

fn corrects(word: &str) -> bool {
    word.len() >= SHORTEST && word.bytes().all(|b| b.is_ascii_lowercase())
}

/// Hashes of the word itself and of all forms without one letter.
fn shorter(word: &str) -> impl Iterator<Item = u32> {
    let without = move |gap| word.bytes().enumerate().filter(move |(at, _)| *at != gap).map(|(_, byte)| byte);
    (0..=word.len()).map(move |gap| (hash(without(gap)) >> 32) as u32)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::domain::complaint::distance;

    #[test]
    fn one_slip_is_found() {
        let typos = Typos::new(["printer", "password", "monitor", "vpn", "printers", "打印机的问题"].map(str::to_owned).into_iter());
        for (word, near) in [
            ("printer", "printer printers"),
            ("prnter", "printer"),
            ("pritner", "printer"),
            ("prinnter", "printer"),
            ("printed", "printer"),
            ("pasword", "password"),
            ("paswrd", ""),
            ("vpm", ""),
            ("monitr", "monitor"),
            ("onitor", "monitor"),
        ] {
            assert_eq!(typos.near(word).join(" "), near, "{word}");
        }
    }

    proptest! {
        #[test]
        fn one_edit_is_a_distance_of_one(a in "[ab]{0,6}", b in "[ab]{0,6}") {
            prop_assert_eq!(within_one_edit(a.as_bytes(), b.as_bytes()), distance(&a, &b) <= 1);
        }
    }
}
