//! Search over articles: an index a language, in memory, ranked by BM25F (Robertson, Zaragoza and Taylor 2004).
//!
//! A store's full-text search (SQLite FTS5) was weighed: it knows neither Chinese pairs nor synonyms nor slips, would tie articles, which
//! are files, to the database, and would make a decision wait for it. An article's weight for a term is worked out when the index is
//! built and kept in six bits, once for all of it and once for its head (title, keywords, summary); a posting takes four bytes. A query
//! reads its heaviest terms first and ends after so many postings, so that it costs no more with ten thousand articles than with ten.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use super::articles::{Library, Text};
use super::typos::Typos;
use super::words::{Kind, Term, terms};
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
const MOST_POSTINGS: u32 = 30_000;
/// So many unknown words of a query are taken for slips at most.
const MOST_SLIPS: usize = 8;
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
    /// Where the postings of a term begin, and how many there are.
    terms: HashMap<Term, (u32, u32)>,
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
        let Some((_, tongue)) = self.languages.iter().find(|(name, _)| name == language) else { return Vec::new() };
        let mut scores = tongue.scores(&tongue.query(subject, text));
        scores.truncate(most);
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

/// How often a term stands in each field.
type Counts = HashMap<Term, [f32; FIELDS.len()]>;

impl Tongue {
    fn of(library: &Library, cards: Vec<usize>) -> Tongue {
        let (mut counts, mut lengths, mut known) = (Vec::new(), Vec::new(), HashSet::new());
        for at in &cards {
            let (Some(card), Some(text)) = (library.cards.get(*at), library.texts.get(*at)) else { continue };
            let (of_terms, length) = count(card, text, &mut known);
            counts.push(of_terms);
            lengths.push(length);
        }
        let average = average(&lengths);
        let mut entries: Vec<(Term, u32)> = Vec::new();
        for ((of_terms, length), at) in counts.iter().zip(&lengths).zip(0_u32..) {
            entries.extend(of_terms.iter().map(|(term, fields)| (*term, posting(at, fields, length, &average))));
        }
        entries.sort_unstable();
        let mut terms: HashMap<Term, (u32, u32)> = HashMap::new();
        for ((term, _), at) in entries.iter().zip(0_u32..) {
            terms.entry(*term).or_insert((at, 0)).1 += 1;
        }
        let mut postings: Vec<u32> = entries.into_iter().map(|(_, posting)| posting).collect();
        postings.shrink_to_fit();
        terms.shrink_to_fit();
        Tongue { cards, terms, postings, typos: Typos::new(known.into_iter()) }
    }

    /// How rare a term is, from 0 to 1, whatever the number of articles.
    fn rarity(&self, articles: u32) -> f32 {
        let (all, with) = (self.cards.len() as f32, articles as f32);
        (1.0 + (all - with + 0.5) / (with + 0.5)).ln() / (1.0 + all).ln().max(1.0)
    }

    /// The known terms of a query with their weights, heaviest first.
    fn query(&self, subject: &str, text: &str) -> Vec<(f32, (u32, u32))> {
        let mut asked: HashMap<Term, f32> = HashMap::new();
        let mut unknown: Vec<(String, f32)> = Vec::new();
        for (part, first) in [(subject, SUBJECT), (text, TEXT)] {
            let mut seen: HashMap<Term, u32> = HashMap::new();
            terms(part, |term, word| {
                if self.terms.contains_key(&term) {
                    let times = seen.entry(term).or_default();
                    *times += 1;
                    let more = match times {
                        1 => first,
                        2..=4 => AGAIN,
                        _ => 0.0,
                    };
                    *asked.entry(term).or_default() += more;
                } else if !word.is_empty() && unknown.len() < MOST_SLIPS && !unknown.iter().any(|(known, _)| known == word) {
                    unknown.push((word.to_owned(), first));
                }
            });
        }
        for (slip, weight) in unknown {
            for near in self.typos.near(&slip) {
                terms(near, |term, _| {
                    asked.entry(term).or_insert(weight * SLIP);
                });
            }
        }
        let weigh = |(term, times): (Term, f32)| {
            let place = *self.terms.get(&term)?;
            Some((times * kind_weight(term.kind()) * self.rarity(place.1), place))
        };
        let mut query: Vec<(f32, (u32, u32))> = asked.into_iter().filter_map(weigh).collect();
        query.sort_unstable_by(|(a, at), (b, bt)| b.total_cmp(a).then(at.cmp(bt)));
        query
    }

    /// (article, score, score of its head), best first.
    fn scores(&self, query: &[(f32, (u32, u32))]) -> Vec<(usize, f32, f32)> {
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
        let hits = sums.into_iter().enumerate().filter(|(_, (all, _))| *all > 0.0);
        let mut scores: Vec<(usize, f32, f32)> = hits.map(|(at, (all, head))| (at, all / FULL, head / FULL)).collect();
        scores.sort_by(|(_, a, _), (_, b, _)| b.total_cmp(a));
        scores
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

/// The terms of an article by field, and how long its fields are. Notes its words.
fn count(card: &Article, text: &Text, known: &mut HashSet<String>) -> (Counts, [f32; FIELDS.len()]) {
    let mut counts = Counts::new();
    let mut lengths = [0.0; FIELDS.len()];
    for ((at, field), length) in FIELDS.iter().enumerate().zip(&mut lengths) {
        terms(&(field.of)(card, text), |term, word| {
            *length += 1.0;
            if let Some(count) = counts.entry(term).or_default().get_mut(at) {
                *count += 1.0;
            }
            if !word.is_empty() && !known.contains(word) {
                known.insert(word.to_owned());
            }
        });
    }
    (counts, lengths)
}

fn average(lengths: &[[f32; FIELDS.len()]]) -> [f32; FIELDS.len()] {
    let mut sums = [0.0; FIELDS.len()];
    for length in lengths {
        sums.iter_mut().zip(length).for_each(|(sum, n)| *sum += n);
    }
    sums.map(|sum| (sum / lengths.len().max(1) as f32).max(1.0))
}

/// An article with its weights for one term, packed.
fn posting(at: u32, counts: &[f32; FIELDS.len()], length: &[f32; FIELDS.len()], average: &[f32; FIELDS.len()]) -> u32 {
    let (mut all, mut head) = (0.0, 0.0);
    for (at, ((field, count), (length, average))) in FIELDS.iter().zip(counts).zip(length.iter().zip(average)).enumerate() {
        let weight = field.weight * count / (1.0 - field.b + field.b * length / average);
        all += weight;
        head += if at < HEAD { weight } else { 0.0 };
    }
    let packed = |tf: f32| (tf / (K1 + tf) * FULL).round() as u32;
    at.min((1 << ARTICLE_BITS) - 1) << 12 | packed(head) << 6 | packed(all)
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
