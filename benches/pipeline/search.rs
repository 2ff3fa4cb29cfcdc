//! Knowledge bases of any size, made up, and mails that ask for what stands in them.

use std::fmt::Write as _;

use postdesk::domain::message::{Reading, ReplyText};
use postdesk::domain::suggest::{self, Search};
use postdesk::kb::{Index, Library};

use crate::load::Dice;

/// Syllables of which the words of the articles are made, so that their number grows with the text as in real language.
const SYLLABLES: [&str; 40] = [
    "ba", "ce", "di", "fo", "gu", "ha", "je", "ki", "lo", "mu", "na", "pe", "qui", "ro", "su", "ta", "ve", "wi", "xo", "yu", "bra", "cle",
    "dri", "flo", "gru", "pla", "pre", "sli", "sto", "tru", "net", "port", "disk", "mail", "print", "lock", "set", "link", "key", "web",
];
const FIRST_HAN: u32 = 0x4e00;

/// A word; the lower its number, the more frequent (Zipf's law, roughly).
fn word(dice: &mut Dice, chinese: bool) -> String {
    let rank = 3_usize.pow(dice.below(10) as u32).min(dice.below(60_000) + 1);
    let number = dice.below(rank * 3) + rank;
    if chinese {
        let character = |n: usize| char::from_u32(FIRST_HAN + (n % 3000) as u32).unwrap();
        return [character(number), character(number / 7 + 13)].iter().collect();
    }
    let mut word = String::new();
    let mut rest = number;
    while rest > 0 {
        word.push_str(SYLLABLES[rest % SYLLABLES.len()]);
        rest /= SYLLABLES.len();
    }
    word
}

fn words(dice: &mut Dice, n: usize, chinese: bool) -> String {
    let words: Vec<String> = std::iter::repeat_with(|| word(dice, chinese)).take(n).collect();
    words.join(if chinese { "" } else { " " })
}

/// So many articles of some 2 KB, half of them Chinese.
pub fn library(n: usize) -> Library {
    let mut dice = Dice::new("articles");
    let article = |at: usize| {
        let chinese = at % 2 == 1;
        let mut text = format!("+++\nid = \"a{at}\"\nlanguage = \"{}\"\n", if chinese { "zh" } else { "en" });
        let mut say = |count: usize| words(&mut dice, count, chinese);
        let keywords = [say(1), say(1), say(2), say(1), say(2)].map(|keyword| format!("\"{keyword}\"")).join(", ");
        write!(text, "title = \"{}\"\nsummary = \"{}\"\nkeywords = [{keywords}]\n+++\n", say(6), say(15)).unwrap();
        for _ in 0..12 {
            writeln!(text, "1. {}\n", say(if chinese { 25 } else { 24 })).unwrap();
        }
        (format!("kb/{at}.md"), text)
    };
    let files: Vec<(String, String)> = (0..n).map(article).collect();
    Library::read(&files, &[]).unwrap_or_else(|wrong| panic!("{}", wrong[0]))
}

/// An index over so many articles.
pub fn index(n: usize) -> Index {
    Index::of(&library(n))
}

/// So many mails of 8 KB, half of them Chinese.
pub fn mails(n: usize) -> Vec<Reading> {
    let mut dice = Dice::new("questions");
    let mut mail = |at: usize| {
        let chinese = at % 2 == 1;
        let text = words(&mut dice, if chinese { 1370 } else { 1100 }, chinese);
        Reading {
            base_subject: words(&mut dice, 6, chinese),
            language: Some(if chinese { "zh" } else { "en" }.to_owned()),
            reply: ReplyText { text: text.clone(), ..ReplyText::default() },
            text,
            ..Reading::default()
        }
    };
    (0..n).map(&mut mail).collect()
}

/// Asks for each of these mails as a decision does; how many articles were found.
pub fn ask(index: &Index, mails: &[Reading]) -> usize {
    let hits = mails.iter().map(|mail| index.find(&mail.base_subject, suggest::own_words(mail), mail.language.as_deref().unwrap()).len());
    hits.sum()
}
