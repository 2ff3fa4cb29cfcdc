//! Where our own mail stands in an answer to it: found by its text, whatever a client did to marks, line ends and heads.
//!
//! A quote is a copy in order. So the lines of the answer are laid along the text of our mail (letters and digits alone, which survive
//! re-wrapping and quote marks), and the heaviest chain of matches that runs forward in both is the quote. An own line that says what our
//! mail says stands at the wrong place of that chain and stays the writer's; what stands where the chain goes on without a gap was set
//! between the lines by the writer. Comparing line by line, without the order, was tried first: it cut greetings and repeated phrases.

use std::collections::HashMap;

use memchr::memmem;

use super::text;

/// Most of our mail's text that is compared, bytes.
const SENT: usize = 64 * 1024;
/// Lines of an answer that are compared; a hostile mail may have any number.
const LINES: usize = 10_000;
/// Places in our mail that are tried for one line.
const PLACES: usize = 16;
/// A run of matches with fewer bytes may be chance. A Han character is worth three Latin letters, which is also its length.
const CHANCE: usize = 16;
/// What a match gains that goes on where the one before ended, and once more where no line stands between.
const GOES_ON: usize = 4;

/// What a line of the answer is to our mail.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Line {
    /// It stands in our mail.
    Ours,
    /// Much of it stands in a part of our mail that is missing around here.
    Doubtful,
    /// It does not, and nothing of our mail is missing where it stands.
    Between,
    /// It does not.
    Other,
}

/// An answer laid along the mail that it answers.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Echo {
    /// One for each line of the answer.
    pub lines: Vec<Line>,
    /// Our mail stands there as a whole or with its beginning or end: it is quoted, not only spoken of.
    pub quoted: bool,
    /// The last line of our mail stands there too.
    pub to_the_end: bool,
    /// Hardly more than its end stands there.
    pub end_alone: bool,
}

impl Echo {
    /// The first line of ours at or after this one.
    pub fn next(&self, at: usize) -> Option<usize> {
        self.lines.iter().enumerate().skip(at).find(|(_, line)| **line == Line::Ours).map(|(at, _)| at)
    }

    /// The last line of ours.
    pub fn last(&self) -> Option<usize> {
        self.lines.iter().rposition(|line| *line == Line::Ours)
    }
}

/// Letters and digits alone, folded: clients and gateways change widths, and between traditional and simplified characters.
pub fn squeeze(text: &str) -> String {
    if text.is_ascii() {
        return text.chars().filter(char::is_ascii_alphanumeric).map(|c| c.to_ascii_lowercase()).collect();
    }
    text::fold(text).chars().filter(|c| c.is_alphanumeric()).collect()
}

/// A line that matches a stretch of our mail.
#[derive(Debug, Clone, Copy)]
struct Match {
    line: usize,
    start: usize,
    end: usize,
    score: usize,
    before: Option<usize>,
}

/// Lays an answer along the mail that it answers; `None` where nothing of that stands in it.
pub fn find(lines: &[&str], sent: &str) -> Option<Echo> {
    let cut = sent.char_indices().map(|(i, c)| i + c.len_utf8()).take_while(|end| *end <= SENT).last().unwrap_or(0);
    let ours = squeeze(sent.get(..cut)?);
    let bare: Vec<String> = lines.iter().take(LINES).map(|line| squeeze(line)).collect();
    let runs = runs(&chain(&bare, &ours));
    let (first, last) = (runs.first()?, runs.last()?);
    let covered: usize = runs.iter().map(Run::weight).sum();
    let to_the_end = last.end + CHANCE > ours.len() && last.end > 0;
    let quoted = to_the_end || covered * 2 >= ours.len() || (first.start == 0 && first.weight() >= 2 * CHANCE);
    let mut kinds = vec![Line::Other; lines.len()];
    for at in runs.iter().flat_map(|run| &run.lines) {
        if let Some(kind) = kinds.get_mut(*at) {
            *kind = Line::Ours;
        }
    }
    doubts(&mut kinds, &bare, &runs, &ours);
    let whole = runs.iter().flat_map(|run| &run.lines);
    if let (Some(first), Some(last)) = (whole.clone().min(), whole.max()) {
        let (above, below) = ((0..*first).rev(), last + 1..bare.len());
        apart(&mut kinds, &bare, above);
        apart(&mut kinds, &bare, below);
    }
    marks(&mut kinds, lines);
    let end_alone = to_the_end && first.start > 0 && covered * 2 < ours.len();
    Some(Echo { lines: kinds, quoted, to_the_end, end_alone })
}

/// The heaviest chain of matches that runs forward in the answer and in our mail.
fn chain(bare: &[String], ours: &str) -> Vec<Match> {
    let mut found: Vec<Match> = Vec::new();
    let mut heaviest = Heaviest::new(ours.len());
    // The heaviest match that ends at a place, and the line that spoke last.
    let mut ends: HashMap<usize, usize> = HashMap::new();
    let mut spoke = None;
    // Where the newest matches ended: a common word goes on there, though it stands in a hundred places.
    let mut newest: Vec<usize> = Vec::new();
    for (line, text) in bare.iter().enumerate().filter(|(_, text)| !text.is_empty()) {
        let known = found.len();
        for start in places(text, ours, &newest) {
            let end = start + text.len();
            let mut score = text.len();
            let mut before = None;
            if let Some((best, at)) = heaviest.up_to(start) {
                (score, before) = (text.len() + best, Some(at));
            }
            if let Some(at) = ends.get(&start).copied()
                && let Some(one) = found.get(at)
            {
                let near = if Some(one.line) == spoke { GOES_ON } else { 0 };
                let joined = text.len() + one.score + GOES_ON + near;
                if joined >= score {
                    (score, before) = (joined, Some(at));
                }
            }
            found.push(Match { line, start, end, score, before });
        }
        for (at, one) in found.iter().enumerate().skip(known) {
            heaviest.add(one.end, one.score, at);
            let held = ends.get(&one.end).and_then(|held| found.get(*held)).map_or(0, |held| held.score);
            if one.score >= held {
                ends.insert(one.end, at);
            }
        }
        newest.extend(found.iter().skip(known).map(|one| one.end));
        newest.drain(..newest.len().saturating_sub(PLACES * PLACES));
        spoke = Some(line);
    }
    let mut at = heaviest.up_to(ours.len()).map(|(_, at)| at);
    let mut chain = Vec::new();
    while let Some(one) = at.and_then(|at| found.get(at)) {
        chain.push(*one);
        at = one.before;
    }
    chain.reverse();
    chain
}

/// Where a line may stand in our mail: its first places, and those where a match ended just now.
fn places(text: &str, ours: &str, newest: &[usize]) -> Vec<usize> {
    let mut places: Vec<usize> = memmem::find_iter(ours.as_bytes(), text).take(PLACES).collect();
    if places.len() == PLACES {
        places.extend(newest.iter().copied().filter(|end| ours.get(*end..).is_some_and(|rest| rest.starts_with(text))));
        places.sort_unstable();
        places.dedup();
    }
    places
}

/// The heaviest match that ends at or before a place: a Fenwick tree of maxima.
struct Heaviest(Vec<(usize, usize)>);

impl Heaviest {
    fn new(length: usize) -> Heaviest {
        Heaviest(vec![(0, 0); length + 2])
    }

    fn add(&mut self, end: usize, score: usize, at: usize) {
        let mut i = end + 1;
        while let Some(slot) = self.0.get_mut(i) {
            if score >= slot.0 {
                *slot = (score, at);
            }
            i += i & i.wrapping_neg();
        }
    }

    fn up_to(&self, end: usize) -> Option<(usize, usize)> {
        let mut best = (0, 0);
        let mut i = (end + 1).min(self.0.len() - 1);
        while i > 0 {
            if let Some(slot) = self.0.get(i).filter(|slot| slot.0 > best.0) {
                best = *slot;
            }
            i &= i - 1;
        }
        (best.0 > 0).then_some(best)
    }
}

/// Matches that follow each other in our mail without a gap.
struct Run {
    start: usize,
    end: usize,
    lines: Vec<usize>,
}

impl Run {
    fn weight(&self) -> usize {
        self.end - self.start
    }
}

/// The runs of a chain that are no chance.
fn runs(chain: &[Match]) -> Vec<Run> {
    let mut runs: Vec<Run> = Vec::new();
    for one in chain {
        match runs.last_mut().filter(|run| run.end == one.start) {
            Some(run) => {
                run.end = one.end;
                run.lines.push(one.line);
            }
            None => runs.push(Run { start: one.start, end: one.end, lines: vec![one.line] }),
        }
    }
    runs.retain(|run| run.weight() >= CHANCE);
    runs
}

/// A row of marks between two lines of ours, such as a bar or a bullet that lost its words, is ours.
fn marks(kinds: &mut [Line], lines: &[&str]) {
    let mark = |c: char| c.is_ascii_punctuation() || c.is_whitespace() || "│┃▏·—–─“”‘’。，；：！？、（）【】《》「」＞".contains(c);
    let mut after_ours = false;
    let mut pending: Vec<usize> = Vec::new();
    for (at, line) in lines.iter().enumerate().filter(|(_, line)| !line.trim().is_empty()) {
        let Some(kind) = kinds.get(at).copied() else { return };
        if kind == Line::Ours {
            pending.drain(..).for_each(|at| kinds.iter_mut().skip(at).take(1).for_each(|kind| *kind = Line::Ours));
            after_ours = true;
        } else if after_ours && line.chars().all(mark) {
            pending.push(at);
        } else {
            pending.clear();
            after_ours = false;
        }
    }
}

/// Lines that a client has changed: much of them stands in the part of our mail that is missing where they stand.
fn doubts(kinds: &mut [Line], bare: &[String], runs: &[Run], ours: &str) {
    let mut places = runs.iter().flat_map(|run| run.lines.iter().map(move |line| (*line, run))).peekable();
    let mut from = 0;
    for (at, text) in bare.iter().enumerate() {
        if let Some((_, run)) = places.next_if(|(line, _)| *line == at) {
            // Inside a run nothing of our mail is missing.
            from = run.end;
            continue;
        }
        let to = places.peek().map_or(ours.len(), |(_, run)| run.start);
        let missing = ours.get(from..to).unwrap_or_default();
        if let Some(kind) = kinds.get_mut(at) {
            *kind = if missing.is_empty() { Line::Between } else { likeness(text, missing) };
        }
    }
}

/// What looks changed and stands apart from our mail, behind lines of the writer's, may be the writer's.
fn apart(kinds: &mut [Line], bare: &[String], away: impl Iterator<Item = usize>) {
    let mut beside = true;
    for at in away.filter(|at| bare.get(*at).is_some_and(|text| !text.is_empty())) {
        let Some(kind) = kinds.get_mut(at) else { return };
        beside &= *kind == Line::Ours;
        if *kind == Line::Ours && !beside {
            *kind = Line::Doubtful;
        }
    }
}

/// Does a text, squeezed like this line, hold most of it?
pub fn is_like(line: &str, text: &str) -> bool {
    likeness(line, text) != Line::Other
}

/// How many of a line's pieces of three letters stand in a text.
fn likeness(line: &str, missing: &str) -> Line {
    let letters: Vec<(usize, char)> = line.char_indices().collect();
    if letters.len() < 8 && line.len() < CHANCE {
        return Line::Other;
    }
    let (mut all, mut there) = (0, 0);
    for piece in letters.windows(3) {
        let (Some(first), Some(last)) = (piece.first(), piece.last()) else { continue };
        let Some(piece) = line.get(first.0..last.0 + last.1.len_utf8()) else { continue };
        all += 1;
        there += usize::from(missing.contains(piece));
    }
    match () {
        () if there * 10 >= all * 8 => Line::Ours,
        () if there * 10 >= all * 6 => Line::Doubtful,
        () => Line::Other,
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const SENT: &str = "Hello Li,\n\nthis one is new for the team.\n\nTicket: [#1] VPN down\nOwner: nobody\n\nHello,\n\nthe VPN says error 809 since today.\n\
                        Thanks\nAlice\n\nReply to this mail: your words go out.\n\n~~~ Postdesk ~~~\nRef: pd.1.li.abcdefgh";

    fn shown(text: &str) -> (String, bool) {
        let lines: Vec<&str> = text.lines().collect();
        let Some(echo) = find(&lines, SENT) else { return (text.replace('\n', "|"), false) };
        let kept = lines.iter().zip(&echo.lines).filter(|(line, kind)| **kind != Line::Ours && !line.trim().is_empty());
        (kept.map(|(line, _)| *line).collect::<Vec<_>>().join("|"), echo.quoted)
    }

    #[test]
    fn own_lines_stay() {
        for (case, text, own, quoted) in [
            ("above", format!("Done.\n\n{SENT}"), "Done.", true),
            ("below", format!("{SENT}\n\nDone."), "Done.", true),
            ("the same greeting above", format!("Hello Li,\nDone.\n\n{SENT}"), "Hello Li,|Done.", true),
            ("the same greeting below", format!("{SENT}\n\nHello Li,\nDone.\nThanks\nAlice"), "Hello Li,|Done.|Thanks|Alice", true),
            (
                "a repeated line",
                format!("the VPN says error 809 since today.\nIt does.\n{SENT}"),
                "the VPN says error 809 since today.|It does.",
                true,
            ),
            ("between the lines", SENT.replace("since today.", "since today.\nOwner: yes\nno"), "Owner: yes|no", true),
            ("re-wrapped", format!("Done.\n{}", SENT.replace("for the", "for\nthe").replace("says", "says\n")), "Done.", true),
            (
                "changed by the way",
                format!(
                    "Done.\n{}",
                    SENT.replace("Reply to this mail: your words go out.", "Reply to this mail; your words go out. [cid:1]")
                ),
                "Done.",
                true,
            ),
            (
                "said in other words above a part of it",
                "Then the VPN says error 809 since today?\nThen wait.\n\nReply to this mail: your words go out.\n~~~ Postdesk ~~~\nRef: pd.1.li.abcdefgh".into(),
                "Then the VPN says error 809 since today?|Then wait.",
                true,
            ),
            ("in full width", format!("Done.\n{}", SENT.replace("error 809", "ｅｒｒｏｒ　８０９")), "Done.", true),
            ("rows of marks", format!("- ok\n-\n{}", SENT.replace("\n\n", "\n|\n")), "- ok|-", true),
            ("not quoted", "the VPN says error 809 since today.\nDone.".into(), "Done.", false),
            ("nothing of ours", "Thanks\nAlice".into(), "Thanks|Alice", false),
        ] {
            assert_eq!(shown(&text), (own.to_owned(), quoted), "{case}");
        }
    }

    proptest! {
        #[test]
        fn any_texts_end(lines in proptest::collection::vec("(Hello Li,|Thanks|Owner: nobody|打印机|.{0,20})", 0..40), sent in "(?s).{0,200}") {
            let lines: Vec<&str> = lines.iter().map(String::as_str).collect();
            for sent in [sent.as_str(), SENT, &lines.join("\n")] {
                prop_assert!(find(&lines, sent).is_none_or(|echo| echo.lines.len() == lines.len()));
            }
        }
    }
}
