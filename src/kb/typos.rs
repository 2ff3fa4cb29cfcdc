//! Words of one slip: for each known word all forms with one letter left out are kept; two words within one edit of each other share such
//! a form, or one is a form of the other. So a lookup costs a few searches however many words there are.

use super::words::hash;
use crate::domain::complaint::distance;

/// Shorter words are too near to each other.
const SHORTEST: usize = 5;

/// Known words by their forms.
#[derive(Debug, Default)]
pub(super) struct Typos {
    /// (hash of a form, word), sorted.
    forms: Vec<(u64, u32)>,
    words: Vec<Box<str>>,
}

impl Typos {
    /// Over these words; those that are too short or not Latin are passed over.
    pub(super) fn new(words: impl Iterator<Item = String>) -> Typos {
        let words: Vec<Box<str>> = words.filter(|word| corrects(word)).map(String::into_boxed_str).collect();
        let mut forms: Vec<(u64, u32)> =
            words.iter().zip(0..).flat_map(|(word, at)| shorter(word).map(move |form| (form, at)).collect::<Vec<_>>()).collect();
        forms.sort_unstable();
        forms.dedup();
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
        near.retain(|known| distance(known, word) <= 1);
        near
    }
}

fn corrects(word: &str) -> bool {
    word.len() >= SHORTEST && word.bytes().all(|b| b.is_ascii_lowercase())
}

/// Hashes of the word itself and of all forms without one letter.
fn shorter(word: &str) -> impl Iterator<Item = u64> {
    (0..=word.len()).map(move |gap| hash(word.bytes().enumerate().filter(|(at, _)| *at != gap).map(|(_, byte)| byte)))
}

#[cfg(test)]
mod tests {
    use super::*;

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
}
