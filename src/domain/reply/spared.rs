//! What of an agent's mail must not fall away: his words go on to somebody who sees nothing else.
//!
//! A requester's mail is kept and read by people, so a cut too much loses nothing there. An agent's words are relayed, and what is cut from them
//! is gone without a trace. So what was cut is looked at once more: a mailer's head, with an address or fields, tells a quote, and so does
//! our own text. Lines behind anything else (a mark of his own hand, a heading that looks like a separator) are given back, and where it
//! is not plain that they are his, he is asked.

use std::collections::HashSet;

use super::super::echo::{self, Echo, Line};
use super::super::quotes::{self, Lines};
use super::super::text;
use super::{Kind, is_order, sign};

/// Shorter lines stand in our mail by chance, bytes.
const CHANCE: usize = 16;
/// Lines above a quote without a head that a gateway, or a mailer in an unknown language, may have written.
const BANNER: usize = 3;
/// Lines of a block that are looked at beside a short one.
const BESIDE: usize = 8;
/// Marked lines that are taken for an agent's own without a question.
const FEW: usize = 12;

/// Gives back what nothing tells for a quote; true where the agent must be asked.
pub fn keep(lines: &Lines<'_>, kinds: &mut [Kind], sent: Option<&str>, echo: Option<&Echo>) -> bool {
    let known = sent.map(|sent| Known { whole: echo::squeeze(sent), lines: sent.lines().map(echo::squeeze).collect() });
    let sight = Sight { lines, known, echo };
    let is_cut = |kind: &&Kind| matches!(kind, Kind::Quote | Kind::Blank);
    let (mut at, mut doubt) = (0, false);
    while at < lines.len() {
        let length = kinds.iter().skip(at).take_while(is_cut).count();
        let own: Vec<usize> = sight.own_lines(at, at + length).into_iter().filter(|at| kinds.get(*at) == Some(&Kind::Quote)).collect();
        doubt |= !own.is_empty() && sight.is_doubtful(&own);
        for at in own {
            kinds.iter_mut().skip(at).take(1).for_each(|kind| *kind = Kind::Own);
        }
        at += length.max(1);
    }
    doubt
}

fn is_marked(line: &str) -> bool {
    line.trim_start().starts_with(['>', '＞'])
}

fn is_marked_order(line: &str) -> bool {
    line.starts_with(['>', '＞']) && is_order(line)
}

/// The mail that is answered, squeezed.
struct Known {
    whole: String,
    lines: HashSet<String>,
}

struct Sight<'a> {
    lines: &'a Lines<'a>,
    known: Option<Known>,
    echo: Option<&'a Echo>,
}

/// What a mailer's head says of the lines below it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Head {
    /// All of them are quoted.
    OfAll,
    /// Those behind marks are.
    OfMarked,
}

/// What a block of lines without an empty one is to the quote around it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Block {
    /// It is of the quote, or a head.
    Quoted,
    /// Nothing tells whose it is; it says nothing that our mail does not.
    Open,
    /// It says something else.
    Own,
}

impl Sight<'_> {
    fn line(&self, at: usize) -> &str {
        self.lines.get(at).copied().unwrap_or_default()
    }

    fn is_blank(&self, at: usize) -> bool {
        self.line(at).trim().is_empty()
    }

    fn is(&self, at: usize, line: Line) -> bool {
        self.echo.is_some_and(|echo| echo.lines.get(at) == Some(&line))
    }

    /// The lines of what was cut from `from` to `to` for which neither our own text nor a mailer's head accounts.
    fn own_lines(&self, from: usize, to: usize) -> Vec<usize> {
        let mut ours = (from..to).filter(|at| self.is(*at, Line::Ours));
        let first = ours.next();
        let last = ours.next_back().or(first);
        let quote = first.zip(last);
        let (mut head, mut at) = (None, from);
        // Blocks that stand together are one's: a heading goes with what stands below it.
        let (mut own, mut open): (Vec<usize>, Vec<usize>) = (Vec::new(), Vec::new());
        let mut says = false;
        while at < to {
            let end = at + (at..to).take_while(|at| !self.is_blank(*at)).count();
            if end > at {
                let block = self.block(at, end, quote, &mut head);
                if block == Block::Quoted {
                    own.extend(open.drain(..).filter(|_| says));
                    says = false;
                } else {
                    says |= block == Block::Own;
                    open.extend((at..end).filter(|at| !is_marked_order(self.line(*at))));
                }
            }
            at = end + 1;
        }
        own.extend(open.into_iter().filter(|_| says));
        own
    }

    fn block(&self, from: usize, to: usize, quote: Option<(usize, usize)>, head: &mut Option<Head>) -> Block {
        let marked = is_marked(self.line(from));
        let of_quote = (from..to).any(|at| self.is(at, Line::Ours));
        let begins = (from..to).find_map(|at| self.head(at, quote));
        *head = begins.or(*head);
        let beyond = quote.is_some_and(|(_, last)| last < from) && self.echo.is_some_and(|echo| echo.to_the_end);
        if of_quote || begins.is_some() || *head == Some(Head::OfAll) && !beyond {
            return Block::Quoted;
        }
        let between = quote.is_some_and(|(first, last)| first < from && to <= last);
        if between || beyond {
            // A mailer's change leaves a gap in our mail, the writer's insertion does not.
            let inserted = beyond || (from..to).all(|at| self.is(at, Line::Between));
            let unlike = !marked && quote.is_some_and(|(first, _)| is_marked(self.line(first)));
            return if (inserted || unlike) && self.says_more(from, to) { Block::Own } else { Block::Quoted };
        }
        if marked && *head == Some(Head::OfMarked) || self.may_announce(from, to, quote) {
            return Block::Quoted;
        }
        if self.says_more(from, to) { Block::Own } else { Block::Open }
    }

    /// The head of a mailer's that begins here; where the mail that is answered is unknown, what may be one will do.
    fn head(&self, at: usize, quote: Option<(usize, usize)>) -> Option<Head> {
        let wrote = || quotes::wrote(self.lines, at);
        let may_be = || self.known.is_none() && (wrote().is_some() || quotes::separator(self.lines, at).is_some());
        if !quotes::is_mailers_head(self.lines, at) && !may_be() {
            return None;
        }
        let behind = wrote().map_or_else(|| quotes::after_fields(self.lines, at), |(_, end)| end).max(at + 1);
        let next = (behind..self.lines.len()).find(|at| !self.is_blank(*at));
        let first = quote.map(|(first, _)| first).filter(|first| *first >= behind).or(next);
        let marked = is_marked(self.line(at)) || first.is_some_and(|at| is_marked(self.line(at)));
        Some(if marked { Head::OfMarked } else { Head::OfAll })
    }

    /// Is this a line or two right above our mail that end as heads do, in whatever language?
    fn may_announce(&self, from: usize, to: usize, quote: Option<(usize, usize)>) -> bool {
        let next = (to..self.lines.len()).find(|at| !self.is_blank(*at));
        let last = self.line(to.saturating_sub(1)).trim_end_matches(['*', ' ', '_']);
        let above = quote.is_some_and(|(first, _)| next == Some(first));
        above && to - from <= BANNER && last.ends_with([':', '：']) && last.chars().any(char::is_numeric)
    }

    /// Is there a line of words that our mail does not hold?
    fn says_more(&self, from: usize, to: usize) -> bool {
        let mut at = from;
        while at < to {
            if let Some((_, end)) = quotes::wrote(self.lines, at) {
                at = end.max(at + 1);
                continue;
            }
            let bare = echo::squeeze(self.line(at));
            if self.holds(&bare) {
                return false;
            }
            let told = bare.is_empty() || is_marked_order(self.line(at)) || quotes::separator(self.lines, at).is_some();
            if !told && !self.holds_beside(at, to) {
                return true;
            }
            at += 1;
        }
        false
    }

    /// Does our mail hold this line, and not by chance?
    fn holds(&self, bare: &str) -> bool {
        let Some(known) = &self.known else { return false };
        !bare.is_empty() && (known.lines.contains(bare) || bare.len() >= CHANCE && known.whole.contains(bare))
    }

    /// Does it hold one of the next lines of the same block? Wrapping leaves short pieces.
    fn holds_beside(&self, at: usize, to: usize) -> bool {
        let mut block = (at + 1..to).take(BESIDE).map(|at| echo::squeeze(self.line(at)));
        echo::squeeze(self.line(at)).len() < CHANCE && block.any(|bare| self.holds(&bare))
    }

    /// May these lines be anything else than the agent's own? They are his where he quotes nothing of our mail, and has marked some lines that
    /// our mail does not say either and no head announces.
    fn is_doubtful(&self, own: &[usize]) -> bool {
        let Some(known) = self.known.as_ref().filter(|_| self.echo.is_none() && own.len() <= FEW) else { return true };
        let like_head = |line: &str| line.contains('@') || line.ends_with([':', '：']) && line.chars().any(char::is_numeric);
        // Of a short line much stands anywhere.
        let like = |bare: String| bare.len() >= 2 * CHANCE && echo::is_like(&bare, &known.whole);
        let may_be_quoted = |line: &str| !is_marked(line) || like_head(line) || like(echo::squeeze(line));
        own.iter().any(|at| may_be_quoted(self.line(*at)))
    }
}

/// What stands below the whole of our mail, where a gateway's words are among it: these are cut, and what follows them without a sentence.
/// True where all that stands above may be a gateway's or a mailer's too, so that his answer may be this.
pub fn below_quote(lines: &Lines<'_>, kinds: &mut [Kind], echo: &Echo, first: usize) -> bool {
    let top = echo.next(0).unwrap_or(0);
    let above = kinds.iter().take(top).filter(|kind| **kind == Kind::Own).count();
    let headed = kinds.iter().take(top).any(|kind| *kind == Kind::Quote);
    if above <= BANNER && !headed {
        return true;
    }
    let (mut at, mut begun) = (first, false);
    while at < lines.len() {
        let end = at + kinds.iter().skip(at).take_while(|kind| **kind != Kind::Blank).count();
        let block = lines.get(at..end).unwrap_or_default();
        let gateway = block.iter().any(|line| quotes::is_gateway_line(line));
        begun |= gateway;
        if gateway || begun && !block.iter().any(|line| is_sentence(line)) {
            sign(kinds, at, end);
        }
        at = end.max(at + 1);
    }
    false
}

/// Of our mail hardly more than pieces and its end stand there, without marks: are there lines that are taken for the agent's right above the
/// first piece, or between them where ours is missing? These may be the rest of it, changed beyond knowledge: translated, for instance.
pub fn follows_changed(lines: &Lines<'_>, kinds: &[Kind], echo: &Echo) -> bool {
    let (Some(first), Some(last)) = (echo.next(0).filter(|_| echo.end_alone), echo.last()) else { return false };
    let above = kinds.iter().take(first).rfind(|kind| **kind != Kind::Blank);
    let missing = |(kind, line): (&Kind, &Line)| *kind == Kind::Own && *line == Line::Other;
    let between = || kinds.iter().zip(&echo.lines).take(last).skip(first).any(missing);
    !lines.get(first).is_some_and(|line| is_marked(line)) && (above == Some(&Kind::Own) || between())
}

/// How many of these lines from a `--` on are a signature. Below the mark of RFC 3676 that is its first paragraph, and what follows without a
/// sentence; below a bare `--`, which people draw between their sentences, only what looks like a signature.
pub fn signature(lines: &Lines<'_>, kinds: &[Kind], at: usize, length: usize) -> usize {
    let line = |at: usize| lines.get(at).copied().unwrap_or_default();
    let has_words = |at: &usize| kinds.get(*at) == Some(&Kind::Own);
    let says = |at: &usize| is_sentence(line(*at)) && !quotes::is_gateway_line(line(*at));
    let words: Vec<usize> = (at + 1..at + length).filter(|at| has_words(at) && !quotes::is_client_line(line(*at))).collect();
    let Some(first) = words.first() else { return length };
    if !lines.signs(at) {
        // Of several the last is the signature's.
        if words.iter().any(|at| line(*at).trim() == "--") {
            return 0;
        }
        let looks_so = is_name(line(*first)) || words.iter().any(|at| is_reach(line(*at)));
        return if looks_so && !words.iter().any(says) { length } else { 0 };
    }
    let paragraph = first + (*first..at + length).take_while(has_words).count();
    (paragraph..at + length).find(|at| has_words(at) && says(at)).map_or(length, |end| end - at)
}

/// Does the agent go on below this line? Then no phone has written it.
pub fn goes_on(lines: &Lines<'_>, kinds: &[Kind], at: usize) -> bool {
    let next = kinds.iter().zip(lines.iter()).skip(at + 1).find(|(kind, _)| **kind != Kind::Blank);
    let added = |line: &str| line.trim() == "--" || quotes::is_client_line(line) || quotes::is_gateway_line(line) || quotes::is_rule(line);
    next.is_some_and(|(kind, line)| *kind == Kind::Own && !added(line))
}

/// A line that says something: some words and the end of a sentence, or many words.
fn is_sentence(line: &str) -> bool {
    /// Ends of names of companies and streets.
    const SHORT: [&str; 9] = ["ltd", "co", "inc", "corp", "st", "ave", "rd", "llc", "tel"];
    let line = line.trim();
    let han = line.chars().filter(|c| text::is_han_or_kana(*c)).count();
    let words: Vec<&str> = line.split_whitespace().filter(|word| word.chars().any(char::is_alphabetic)).collect();
    if han >= 6 && line.contains(['，', '。', '！', '？', '；']) || han >= 20 || words.len() >= 12 {
        return true;
    }
    let last = words.last().map(|word| word.trim_matches(|c: char| !c.is_alphanumeric()).to_lowercase()).unwrap_or_default();
    words.len() >= 3 && line.ends_with(['.', '!', '?', ':', '…', ';']) && !SHORT.contains(&last.as_str())
}

/// A Latin name: up to four words, each with a capital.
fn is_name(line: &str) -> bool {
    let words: Vec<&str> = line.split_whitespace().collect();
    let has_capital = |word: &&str| word.chars().next().is_some_and(char::is_uppercase);
    (1..=4).contains(&words.len()) && words.iter().all(has_capital) && !line.trim_end().ends_with(['.', '!', '?', ':'])
}

/// Says how somebody is reached: an address, a page, a number.
fn is_reach(line: &str) -> bool {
    line.contains('@') || line.contains("://") || line.contains("www.") || line.chars().filter(char::is_ascii_digit).count() >= 7
}

#[cfg(test)]
mod tests {
    use super::super::super::Sent;
    use super::super::super::message::LetterKey;
    use super::super::own_words_of_agent;

    const SENT: &str = "Hello Li Wei,\n\nthis one is new for the team \"network\". [take] makes it yours.\n\nThe mail:\n\nsince today the VPN says error \
                        809 after the update.\n\nThanks\nAlice\n\nReply to this mail: your words go to the requester.\n\n~~~~~~~~ Postdesk \
                        ~~~~~~~~\nRef: pd.1042.li.abcdefghijklmnop";
    const GMAIL: &str = "On Tue, Dec 1, 2026 at 9:12 AM IT Support <it@desk.test> wrote:";

    fn quote() -> String {
        SENT.lines().map(|line| format!("> {line}\n")).collect()
    }

    fn own(text: &str, known: bool) -> (String, bool) {
        let sent = Sent { key: LetterKey(String::new()), template: None, subject: String::new(), text: SENT.to_owned() };
        let reply = own_words_of_agent(text, Some(&sent).filter(|_| known));
        (reply.text, reply.unsure)
    }

    const PROMPT: &str = "Please run\n\n> ipconfig /all\n> ping gateway.desk.test\n\nand send us what it says.";
    const FIELDS: &str = "From: IT Support <it@desk.test>\nSent: Tuesday, December 1, 2026 9:12 AM\nTo: Li\nSubject: VPN";

    /// What he writes himself goes out, and is asked about where it may be a quote.
    #[test]
    fn own_lines_do_not_fall_away() {
        let quote = quote();
        for (case, text, words, asked) in [
            ("a prompt, nothing quoted", PROMPT.to_owned(), PROMPT, false),
            ("a prompt above the quote", format!("{PROMPT}\n\n{GMAIL}\n\n{quote}"), PROMPT, false),
            ("a prompt above a quote without a head", format!("{PROMPT}\n\n{quote}"), PROMPT, true),
            ("a prompt below the quote", format!("{GMAIL}\n\n{quote}\n{PROMPT}"), PROMPT, true),
            ("right below the quote", format!("{GMAIL}\n\n{quote}\n> ipconfig\n\nRun that."), "> ipconfig\n\nRun that.", true),
            ("a short one, that our mail holds by chance", "Run\n> vpn\nnow.".to_owned(), "Run\n> vpn\nnow.", false),
            ("a marked order stays one", "> #close\n\nDone.".to_owned(), "Done.", false),
            (
                "her words",
                "> since today the VPN says error 809\n> after the update.\n\nThat is known.".to_owned(),
                "That is known.",
                false,
            ),
            (
                "her words, nearly",
                "> since today my VPN says an error 809 after that update\n\nKnown.".to_owned(),
                "> since today my VPN says an error 809 after that update\n\nKnown.",
                true,
            ),
            (
                "a heading like a separator",
                "Compare:\n\n----- Original -----\nold text\n\n----- New -----\nnew text".to_owned(),
                "Compare:\n\n----- Original -----\nold text\n\n----- New -----\nnew text",
                true,
            ),
            (
                "the same above the quote",
                format!("Compare:\n\n----- Original -----\nold text\n\n----- New -----\nnew text\n\n{GMAIL}\n\n{quote}"),
                "Compare:\n\n----- Original -----\nold text\n\n----- New -----\nnew text",
                true,
            ),
            (
                "a head like a mailer's, but for the address",
                "Hello,\n\nOn 1 Dec 2026 at 9:12 you wrote:\n\nthe printer is broken.\n\nIt works again.".to_owned(),
                "Hello,\n\nOn 1 Dec 2026 at 9:12 you wrote:\n\nthe printer is broken.\n\nIt works again.",
                true,
            ),
            ("the same on top", "On 1 Dec 2026 at 9:12 you wrote:\n\nthe printer is broken.".to_owned(), "the printer is broken.", true),
            ("right below the head", format!("Hello,\n\n{GMAIL}\n\nYes.\n\n{quote}"), "Hello,\n\nYes.", true),
            (
                "a heading between the lines of the quote",
                format!("{GMAIL}\n\n{}", quote.replacen("> \n", "> \n\n----- New -----\nThe limit is nine.\n\nFine?\n\n", 1)),
                "----- New -----\nThe limit is nine.\n\nFine?",
                false,
            ),
            (
                "a heading like a separator between them",
                format!("{GMAIL}\n\n{}", quote.replacen("> \n", "> \n\n----- Original -----\nThe limit is nine.\n\nFine?\n\n", 1)),
                "----- Original -----\nThe limit is nine.\n\nFine?",
                true,
            ),
            (
                "a prompt below a quote without marks",
                format!("{FIELDS}\n\n{SENT}\n\n> ipconfig /all\n\nRun that."),
                "> ipconfig /all\n\nRun that.",
                true,
            ),
            (
                "a prompt between them",
                format!("{GMAIL}\n\n{}", quote.replacen("> \n", "> \n\n> ipconfig /all\n\n", 1)),
                "> ipconfig /all",
                true,
            ),
            (
                "a translated mail of ours above its end",
                format!(
                    "Done.\n\nIT Support:\n\nBonjour Li Wei,\n\nce message est nouveau.\n\n{}",
                    SENT.split_once("words go to the requester.\n\n").unwrap().1
                ),
                "Done.\n\nIT Support:\n\nBonjour Li Wei,\n\nce message est nouveau.",
                true,
            ),
            (
                "the same with a piece that no translator knew",
                format!(
                    "Done.\n\n{FIELDS}\n\nthis one is new for the team \"network\". [take] makes it yours.\n\nVPN 自今日起报错。\n\n{}",
                    SENT.split_once("words go to the requester.\n\n").unwrap().1
                ),
                "Done.\n\nVPN 自今日起报错。",
                true,
            ),
            (
                "a head in an unknown language",
                format!("Done.\n\nAr 01/12/26 09:12, ysgrifennodd IT Support:\n\n{quote}"),
                "Done.\n\nAr 01/12/26 09:12, ysgrifennodd IT Support:",
                false,
            ),
            ("the same, marked", format!("Done.\n\n> Ar 01/12/26 09:12, ysgrifennodd IT Support:\n\n{quote}"), "Done.", false),
            ("a mailer's separator", format!("Done.\n\n-----Original Message-----\n{FIELDS}\n\nsomething else"), "Done.", false),
            ("a mailer's fields", format!("Done.\n\n{FIELDS}\n\nsomething else"), "Done.", false),
            ("a mailer's head", format!("Done.\n\n{GMAIL}\n\nsomething else"), "Done.", false),
            (
                "a mailer's head, wrapped",
                format!("Done.\n\n{}\n\n> something else", GMAIL.replace("Support <", "Support\n<")),
                "Done.",
                false,
            ),
            ("a marked head", format!("Done.\n\n> {GMAIL}\n>\n> something else"), "Done.", false),
            (
                "marked fields",
                "Done.\n\n> 发件人: \"IT\"<it@desk.test>\n> 日期: 2026年12月1日\n> 主题: VPN\n> 别的内容".to_owned(),
                "Done.",
                false,
            ),
            (
                "fields of a table",
                "Done.\n\n---- 回复的原邮件 ----\n| 发件人 | IT<it@desk.test> |\n| 日期 | 2026年12月01日 09:12 |\n| 主题 | VPN |\n别的"
                    .to_owned(),
                "Done.",
                false,
            ),
            (
                "a client's change within the quote",
                format!("Done.\n\n{}", quote.replace("> Thanks", "> [cid:logo] Best regards and many")),
                "Done.",
                false,
            ),
        ] {
            assert_eq!(own(&text, true), (words.to_owned(), asked), "{case}: {text}");
        }
    }

    #[test]
    fn where_the_mail_that_is_answered_is_unknown() {
        let quote = quote();
        for (case, text, words, asked) in [
            ("a prompt", PROMPT.to_owned(), PROMPT, true),
            ("a quote", format!("Done.\n\n{GMAIL}\n\n{quote}"), "Done.", false),
            ("a head without an address", format!("Done.\n\nOn 12/1/26 09:12, IT Support wrote:\n{quote}"), "Done.", false),
        ] {
            assert_eq!(own(&text, false), (words.to_owned(), asked), "{case}: {text}");
        }
    }

    #[test]
    fn signatures_and_dashes() {
        let quote = quote();
        let banner = "CAUTION: This mail came from outside.";
        let gateway = "This e-mail is confidential.";
        let whole = format!("{banner}\n\n{SENT}\n\nYour account works again.\n\n{gateway}");
        assert!(own(&whole, true).0.contains("Your account works again.") && own(&whole, true).1);
        for (case, text, words) in [
            ("a dash between sentences", "First this.\n--\nThen that is done.".to_owned(), "First this.\n--\nThen that is done."),
            ("two dashes", "1. unplug\n--\n2. plug in\n\n--\nLi Wei\n+86 10 5555 0100".to_owned(), "1. unplug\n--\n2. plug in"),
            (
                "his line that looks like a phone's at the end",
                "都不行：\n\n来自 iPhone 的连接不受支持".to_owned(),
                "都不行：\n\n来自 iPhone 的连接不受支持",
            ),
            ("a dash between short lines", "Monday\n--\nTuesday at nine".to_owned(), "Monday\n--\nTuesday at nine"),
            ("in Chinese", "先重启。\n--\n再登录一次，谢谢。".to_owned(), "先重启。\n--\n再登录一次，谢谢。"),
            ("a signature", "Done.\n-- \nLi Wei, IT\nBe kind to each other.".to_owned(), "Done."),
            ("a signature that lost its space", "Done.\n--\nLi Wei\nIT Support".to_owned(), "Done."),
            ("the same with a number", "好了。\n--\n李伟\n电话 010-5555 0100".to_owned(), "好了。"),
            (
                "words below a signature",
                format!("Done.\n-- \nLi Wei\nIT\n\nOne more thing, please restart it.\n\n{GMAIL}\n\n{quote}"),
                "Done.\n\nOne more thing, please restart it.",
            ),
            ("a disclaimer in it", format!("Done.\n-- \nLi Wei\n\n{gateway}"), "Done."),
            ("a phone's line", "Done.\n\nSent from my iPhone".to_owned(), "Done."),
            ("his line that looks like a phone's", "来自 iPhone 的连接\n都不行".to_owned(), "来自 iPhone 的连接\n都不行"),
            (
                "below the quote, with a gateway's words",
                format!("See below.\n\n{FIELDS}\n\n{SENT}\n\nYour account works again.\n\nAcme GmbH\n\n{gateway}"),
                "See below.\n\nYour account works again.\n\nAcme GmbH",
            ),
        ] {
            assert_eq!(own(&text, true), (words.to_owned(), false), "{case}: {text}");
        }
    }
}
