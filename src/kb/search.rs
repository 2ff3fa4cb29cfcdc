//! Search over articles: an index a language, in memory, ranked by BM25F (Robertson, Zaragoza and Taylor 2004).
//!
//! A store's full-text search (SQLite FTS5) was weighed: it knows neither Chinese pairs nor synonyms nor slips, would tie articles, which
//! are files, to the database, and would make a decision wait for it. An article's weight for a term is worked out when the index is
//! built and kept in six bits, once for all of it and once for its head (title, keywords, summary); a posting takes four bytes. A query
//! reads its heaviest terms first and ends after so many postings, so that ten thousand articles cost a mail a few times what ten do.

use std::collections::HashSet;
use std::hash::BuildHasherDefault;
use std::sync::Arc;

use super::articles::{Library, Text};
use super::typos::Typos;
use super::words::{ByKey, Kind, Term, terms};
use crate::domain::language;
use crate::domain::policy::Article;
use crate::domain::suggest::{Hit, Search};

/// A field of an article: how much a word in it counts, and how far a long field makes its words count less (BM25's b).
struct Field {
    weight: f32,
    b: f32,
    of: fn(&Article, &Text) -> String,
}

/// The first three are the head.
const FIELDS: [Field; 4] = [
    Field { weight: 3.0, b: 0.2, of: |card, _| card.title.clone() },
    Field { weight: 3.0, b: 0.0, of: |_, text| text.keywords.join("\n\n") },
    Field { weight: 1.5, b: 0.3, of: |card, _| card.summary.clone() },
    Field { weight: 1.0, b: 0.6, of: |_, text| text.body.clone() },
];
const HEAD: usize = 3;

/// BM25's k1: what a second and third occurrence still add.
const K1: f32 = 1.5;

/// What a term counts that stands in the subject (or is looked for by itself), in the text, and what a second to a fourth time add.
const SUBJECT: f32 = 1.5;
const TEXT: f32 = 0.75;
const AGAIN: f32 = 0.25;

/// A query reads so many postings at most.
const MOST_POSTINGS: u32 = 10_000;
/// So many unknown words of a query are taken for slips at most.
const MOST_SLIPS: usize = 4;
/// What a word counts that was written with a slip.
const SLIP: f32 = 0.7;

/// From this score on an article is sure to be about it. `tests/suite/kb.rs` measures what it lets through.
pub const SURE: f64 = 0.52;
/// What the head alone must reach for that: words that happen to stand in a long text are no reason to send it.
const SURE_HEAD: f32 = 0.5;
/// An article that is so much less fitting than the best is not sent with it.
const BESIDE_BEST: f64 = 0.7;

/// An article that was found.
#[derive(Debug, Clone, PartialEq)]
pub struct Found<'a> {
    /// It.
    pub card: &'a Article,
    /// How well it fits, from 0 to 1.
    pub score: f64,
    /// A mail would carry it.
    pub sure: bool,
}

/// All articles, ready to be asked for.
#[derive(Debug, Default)]
pub struct Index {
    cards: Arc<Vec<Article>>,
    languages: Vec<(String, Tongue)>,
}

/// The articles of one language.
#[derive(Debug, Default)]
struct Tongue {
    /// Places in `Index::cards`.
    cards: Vec<usize>,
    terms: ByKey<Term, Place>,
    /// Article (20 bits), weight of its head (6 bits), weight of all of it (6 bits).
    postings: Vec<u32>,
    typos: Typos,
}

const ARTICLE_BITS: u32 = 20;
const FULL: f32 = 63.0;

impl Index {
    /// Over these articles.
    pub fn of(library: &Library) -> Index {
        let mut languages: Vec<(String, Vec<usize>)> = Vec::new();
        for (at, card) in library.cards.iter().enumerate() {
            match languages.iter_mut().find(|(language, _)| *language == card.language) {
                Some((_, cards)) => cards.push(at),
                None => languages.push((card.language.clone(), vec![at])),
            }
        }
        let languages = languages.into_iter().map(|(language, cards)| (language, Tongue::of(library, cards))).collect();
        Index { cards: Arc::clone(&library.cards), languages }
    }

    /// The articles of a language that have anything to do with these words, best first.
    pub fn rank(&self, subject: &str, text: &str, language: &str, most: usize) -> Vec<Found<'_>> {
        let of = |is: &dyn Fn(&str) -> bool| self.languages.iter().find(|(name, _)| is(name));
        let Some((_, tongue)) = of(&|name| name == language).or_else(|| of(&|name| language::same(name, language))) else {
            return Vec::new();
        };
        let scores = tongue.scores(&tongue.query(subject, text), most);
        let best = scores.first().map_or(0.0, |(_, score, _)| shown(*score));
        let found = scores.into_iter().filter_map(|(at, score, head)| {
            let score = shown(score);
            let sure = score >= SURE && head >= SURE_HEAD && score >= best * BESIDE_BEST;
            Some(Found { card: self.cards.get(*tongue.cards.get(at)?)?, score, sure })
        });
        found.collect()
    }
}

impl Search for Index {
    fn find(&self, subject: &str, text: &str, language: &str) -> Vec<Hit> {
        let ranked = self.rank(subject, text, language, 6).into_iter().filter(|found| found.sure);
        ranked.map(|found| Hit { id: found.card.id.clone(), score: found.score }).collect()
    }
}

/// A sum of weights as a score from 0 to 1.
fn shown(score: f32) -> f64 {
    f64::from(score / (1.0 + score))
}

/// Where the postings of a term begin, and how many there are.
type Place = (u32, u32);

/// How often a term of a query was met.
#[derive(Debug, Clone, Copy, Default)]
struct Met {
    place: Place,
    subject: u16,
    text: u16,
    /// Only by way of a slip.
    slip: f32,
}

impl Met {
    fn weight(self) -> f32 {
        let times = |n: u16, first: f32| if n == 0 { 0.0 } else { first + AGAIN * f32::from(n.min(4) - 1) };
        times(self.subject, SUBJECT) + times(self.text, TEXT) + self.slip
    }
}

impl Tongue {
    fn of(library: &Library, cards: Vec<usize>) -> Tongue {
        let mut count = Count::default();
        for at in &cards {
            if let (Some(card), Some(text)) = (library.cards.get(*at), library.texts.get(*at)) {
                count.add(card, text);
            }
        }
        let Count { mut entries, lengths, words } = count;
        let average = average(&lengths);
        entries.sort_unstable_by_key(|entry| (entry.term, entry.article));
        let mut terms: ByKey<Term, Place> = ByKey::default();
        for (entry, at) in entries.iter().zip(0_u32..) {
            terms.entry(entry.term).or_insert((at, 0)).1 += 1;
        }
        terms.shrink_to_fit();
        let weigh = |entry: &Entry| posting(entry, lengths.get(entry.article as usize).unwrap_or(&average), &average);
        let postings = entries.iter().map(weigh).collect();
        Tongue { cards, terms, postings, typos: Typos::new(words.into_iter()) }
    }

    /// How rare a term is, from 0 to 1, whatever the number of articles.
    fn rarity(&self, articles: u32) -> f32 {
        let (all, with) = (self.cards.len() as f32, articles as f32);
        (1.0 + (all - with + 0.5) / (with + 0.5)).ln() / (1.0 + all).ln().max(1.0)
    }

    /// The known terms of a query with their weights, heaviest first. Single characters count in the subject only, which is short.
    fn query(&self, subject: &str, text: &str) -> Vec<(f32, Place)> {
        let mut asked: ByKey<Term, Met> = ByKey::with_capacity_and_hasher(256, BuildHasherDefault::default());
        let mut unknown: Vec<(String, f32)> = Vec::new();
        for (part, in_subject) in [(subject, true), (text, false)] {
            terms(part, |term, word| {
                if term.kind() == Kind::Single && !in_subject {
                    return;
                }
                if let Some(place) = self.terms.get(&term) {
                    let met = asked.entry(term).or_insert(Met { place: *place, ..Met::default() });
                    let times = if in_subject { &mut met.subject } else { &mut met.text };
                    *times = times.saturating_add(1);
                } else if unknown.len() < MOST_SLIPS && !word.is_empty() && !unknown.iter().any(|(known, _)| known == word) {
                    unknown.push((word.to_owned(), if in_subject { SUBJECT } else { TEXT }));
                }
            });
        }
        for (slip, weight) in unknown {
            for near in self.typos.near(&slip) {
                terms(near, |term, _| {
                    if let Some(place) = self.terms.get(&term) {
                        asked.entry(term).or_insert(Met { place: *place, slip: weight * SLIP, ..Met::default() });
                    }
                });
            }
        }
        let weigh = |(term, met): (Term, Met)| (met.weight() * kind_weight(term.kind()) * self.rarity(met.place.1), met.place);
        let mut query: Vec<(f32, Place)> = asked.into_iter().map(weigh).collect();
        query.sort_unstable_by(|(a, at), (b, bt)| b.total_cmp(a).then(at.cmp(bt)));
        query
    }

    /// (article, score, score of its head) of the best ones, best first.
    fn scores(&self, query: &[(f32, Place)], most: usize) -> Vec<(usize, f32, f32)> {
        let mut sums: Vec<(f32, f32)> = vec![(0.0, 0.0); self.cards.len()];
        let mut read = 0;
        for (weight, (start, n)) in query {
            read += n;
            if read > MOST_POSTINGS {
                break;
            }
            let postings = self.postings.get(*start as usize..(start + n) as usize).unwrap_or_default();
            for posting in postings {
                if let Some((all, head)) = sums.get_mut((posting >> 12) as usize) {
                    *all += weight * (posting & 63) as f32;
                    *head += weight * (posting >> 6 & 63) as f32;
                }
            }
        }
        let mut best: Vec<(usize, f32, f32)> = Vec::new();
        let mut least = 0.0;
        for (at, (all, head)) in sums.into_iter().enumerate() {
            if all > least {
                best.insert(best.partition_point(|(_, other, _)| *other >= all / FULL), (at, all / FULL, head / FULL));
                best.truncate(most);
                least = if best.len() < most { 0.0 } else { best.last().map_or(0.0, |(_, all, _)| all * FULL) };
            }
        }
        best
    }
}

/// A pair of characters is half a word; one character says hardly anything.
fn kind_weight(kind: Kind) -> f32 {
    match kind {
        Kind::Concept | Kind::Word => 1.0,
        Kind::Pair => 0.6,
        Kind::Single => 0.12,
    }
}

/// A term of an article: how often it stands in each field.
struct Entry {
    term: Term,
    article: u32,
    counts: [u8; FIELDS.len()],
}

/// What is counted before anything can be weighed.
#[derive(Default)]
struct Count {
    entries: Vec<Entry>,
    /// Terms in each field, by article.
    lengths: Vec<[f32; FIELDS.len()]>,
    words: HashSet<String>,
}

impl Count {
    fn add(&mut self, card: &Article, text: &Text) {
        let article = u32::try_from(self.lengths.len()).unwrap_or(u32::MAX);
        let mut counts: ByKey<Term, [u8; FIELDS.len()]> = ByKey::default();
        let mut lengths = [0.0; FIELDS.len()];
        for ((at, field), length) in FIELDS.iter().enumerate().zip(&mut lengths) {
            terms(&(field.of)(card, text), |term, word| {
                *length += 1.0;
                if let Some(count) = counts.entry(term).or_default().get_mut(at) {
                    *count = count.saturating_add(1);
                }
                if !word.is_empty() && !self.words.contains(word) {
                    self.words.insert(word.to_owned());
                }
            });
        }
        self.entries.extend(counts.into_iter().map(|(term, counts)| Entry { term, article, counts }));
        self.lengths.push(lengths);
    }
}

fn average(lengths: &[[f32; FIELDS.len()]]) -> [f32; FIELDS.len()] {
    let mut sums = [0.0; FIELDS.len()];
    for length in lengths {
        sums.iter_mut().zip(length).for_each(|(sum, n)| *sum += n);
    }
    sums.map(|sum| (sum / lengths.len().max(1) as f32).max(1.0))
}

/// An article with its weights for one term, packed.
fn posting(entry: &Entry, length: &[f32; FIELDS.len()], average: &[f32; FIELDS.len()]) -> u32 {
    let (mut all, mut head) = (0.0, 0.0);
    for (at, ((field, count), (length, average))) in FIELDS.iter().zip(entry.counts).zip(length.iter().zip(average)).enumerate() {
        let weight = field.weight * f32::from(count) / (1.0 - field.b + field.b * length / average);
        all += weight;
        head += if at < HEAD { weight } else { 0.0 };
    }
    let packed = |tf: f32| (tf / (K1 + tf) * FULL).round() as u32;
    entry.article.min((1 << ARTICLE_BITS) - 1) << 12 | packed(head) << 6 | packed(all)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn file(id: &str, language: &str, title: &str, keywords: &str, body: &str) -> (String, String) {
        let head = format!("id = \"{id}\"\ntitle = \"{title}\"\nlanguage = \"{language}\"\nsummary = \"{title}\"\nkeywords = [{keywords}]");
        (format!("kb/{id}.{language}.md"), format!("+++\n{head}\n+++\n{body}\n"))
    }

    fn index() -> Index {
        let filler =
            |n: usize| file(&format!("filler-{n}"), "en", &format!("Filler number {n}"), "", "Nothing that anybody looks for, at length.");
        let mut files: Vec<(String, String)> = (0..20).map(filler).collect();
        files.extend([
            file("wifi", "en", "Connect to the Wi-Fi", "\"ssid\"", "Choose the network of the house and type your password."),
            file("printer", "en", "The printer prints nothing", "\"paper jam\", \"toner\"", "Open the lid and look for paper."),
            file("password", "en", "Forgotten or expired password", "\"locked out\"", "Set a new password on the page for passwords."),
            file("wifi", "zh", "连接无线网络", "\"信号\"", "选择公司的网络，输入密码。"),
            file("printer", "zh", "打印机脱机或不打印", "\"卡纸\"", "打开盖子，取出纸张。"),
            file("page", "zh", "网页打不开", "", "换一个浏览器再试。"),
        ]);
        Index::of(&Library::read(&files, &[]).unwrap_or_else(|wrong| panic!("{}", wrong[0])))
    }

    /// What a mail would carry.
    fn sure(index: &Index, subject: &str, text: &str, language: &str) -> Vec<String> {
        index.find(subject, text, language).into_iter().map(|hit| hit.id).collect()
    }

    #[test]
    fn words_lead_to_articles() {
        let index = index();
        for (subject, text, language, wanted) in [
            ("wireless is down", "", "en", "wifi"),
            ("WLAN", "I cannot see it any more", "en", "wifi"),
            ("无线连不上", "", "en", "wifi"),
            ("printers", "", "en", "printer"),
            ("prnter", "", "en", "printer"),
            ("My pasword has expird", "", "en", "password"),
            ("Help", "There is a paper jam in the printer next to the kitchen. Thanks!", "en", "printer"),
            ("wifi 没有信号", "", "zh", "wifi"),
            ("wifi 沒有信號", "", "zh-TW", "wifi"),
            ("無線網路", "", "zh", "wifi"),
            ("列印不出來", "", "zh", "printer"),
            ("无法打开网页", "", "zh", "page"),
        ] {
            let found = index.rank(subject, text, language, 3);
            assert_eq!(found.first().map(|found| found.card.id.as_str()), Some(wanted), "{subject}: {found:?}");
        }
    }

    #[test]
    fn what_is_sure_goes_into_a_mail() {
        let index = index();
        for (subject, text, language, wanted) in [
            ("The printer has a paper jam", "", "en", "printer"),
            ("Expired password", "Hello, I am locked out since Monday.", "en", "password"),
            ("打印机卡纸", "", "zh", "printer"),
            ("求助", "办公室的无线网络今天没有信号，连不上。", "zh", "wifi"),
        ] {
            assert_eq!(sure(&index, subject, text, language), [wanted], "{subject}");
        }
    }

    #[test]
    fn what_is_about_nothing_known_finds_nothing() {
        let index = index();
        for (subject, text, language) in [
            ("Lunch on Friday?", "Shall we meet at the usual place, or look for a new house?", "en"),
            ("Your page", "We looked at your page and would open a shop there.", "en"),
            ("Wi-Fi", "", "de"),
            ("周五聚餐", "大家选一下地方，我来订位。", "zh"),
            ("", "", "en"),
        ] {
            assert!(sure(&index, subject, text, language).is_empty(), "{subject}");
        }
    }

    #[test]
    fn nobody_waits_for_common_words() {
        let files: Vec<(String, String)> =
            (0..2000).map(|n| file(&format!("a{n}"), "en", "Common words", "", &format!("unique{n} words"))).collect();
        let index = Index::of(&Library::read(&files, &[]).unwrap());
        let found = index.rank("unique77x unique1234", "common words", "en", 1);
        assert_eq!(found[0].card.id, "a1234");
    }

    proptest! {
        #[test]
        fn any_words_are_answered_alike(subject in any::<String>(), text in "[a-z打印机无线 \n]{0,60}") {
            let index = index();
            for language in ["en", "zh"] {
                let found = index.rank(&subject, &text, language, 100);
                prop_assert!(found.iter().all(|f| (0.0..=1.0).contains(&f.score)));
                prop_assert!(found.is_sorted_by(|a, b| a.score >= b.score));
                prop_assert_eq!(&found, &index.rank(&subject, &text, language, 100));
            }
        }
    }
}
