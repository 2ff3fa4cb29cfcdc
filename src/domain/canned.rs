//! Canned replies: `templates/<lang>/use/<name>.md`, texts that an agent sends with `[use=name]`.
//!
//! A file is plain text, as a person would type it, in which facts of the ticket may stand. What is filled in is decided here and not by
//! the templates, for the words are the agent's then: they are relayed, shown to colleagues and subtracted from answers as his own.

use super::complaint::{Complaint, nearest};
use super::language;

/// A fact that a canned reply may name.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Fact {
    Requester,
    Ticket,
    Agent,
    Desk,
}

const FACTS: [(&str, Fact); 4] = [("requester", Fact::Requester), ("ticket", Fact::Ticket), ("agent", Fact::Agent), ("desk", Fact::Desk)];

#[derive(Debug, Clone, PartialEq, Eq)]
enum Piece {
    Text(String),
    Fact(Fact),
}

/// What stands for the facts.
#[derive(Debug, Clone, Copy)]
pub struct Filling<'a> {
    /// Requester's name.
    pub requester: &'a str,
    /// `[#1042]`
    pub ticket: &'a str,
    /// The agent's name.
    pub agent: &'a str,
    /// The desk's name.
    pub desk: &'a str,
}

/// One canned reply in one language.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Canned {
    /// `ask-logs`
    pub name: String,
    /// `en`
    pub language: String,
    pieces: Vec<Piece>,
}

macro_rules! shipped {
    ($($name:literal),+ $(,)?) => {
        /// The canned replies that ship, as files: `templates/en/use/ask-logs.md` and its text.
        pub fn builtin_files() -> Vec<(String, &'static str)> {
            vec![$(
                (concat!("templates/en/use/", $name, ".md").to_owned(), include_str!(concat!("../../templates/en/use/", $name, ".md"))),
                (concat!("templates/zh/use/", $name, ".md").to_owned(), include_str!(concat!("../../templates/zh/use/", $name, ".md"))),
            )+]
        }
    };
}

shipped! {
    "ask-details",
    "ask-logs",
    "ask-screenshot",
    "in-progress",
    "known-outage",
    "need-approval",
    "remote-session",
    "try-restart",
}

impl Canned {
    /// Is this the path of a canned reply? (language, name) then.
    pub fn place(file: &str) -> Option<(&str, &str)> {
        let mut parts = file.rsplit(['/', '\\']);
        let name = parts.next()?.strip_suffix(".md")?;
        let in_use = parts.next()? == "use";
        Some((parts.next()?, name)).filter(|_| in_use)
    }

    /// Reads a file of this path; `None` where the path is none of a canned reply.
    ///
    /// # Errors
    /// Everything that is wrong with it.
    pub fn read(file: &str, text: &str) -> Option<Result<Canned, Vec<Complaint>>> {
        let (language, name) = Canned::place(file)?;
        let text = text.trim_start_matches('\u{FEFF}').replace("\r\n", "\n");
        let mut wrong = Vec::new();
        if !name.chars().all(|c| c.is_alphanumeric() || c == '-' || c == '_') {
            let message = format!("\"{name}\" cannot be written in a tag");
            wrong.push(Complaint::whole(file, message, "name it with letters, digits, - and _: ask-logs.md"));
        }
        if text.starts_with("Subject:") {
            let help = "delete the line: a canned reply is only the text, the subject is the ticket's";
            wrong.push(Complaint::at(file, &text, 0..8, "a canned reply has no Subject", help));
        }
        let pieces = pieces(file, &text, &mut wrong);
        if pieces.is_empty() && wrong.is_empty() {
            wrong.push(Complaint::whole(file, "is empty", "write the text that is to be sent"));
        }
        let canned = Canned { name: name.to_owned(), language: language.to_owned(), pieces };
        Some(if wrong.is_empty() { Ok(canned) } else { Err(wrong) })
    }

    /// The text with its facts.
    pub fn fill(&self, filling: Filling<'_>) -> String {
        let piece = |piece: &Piece| match piece {
            Piece::Text(text) => text.clone(),
            Piece::Fact(Fact::Requester) => harmless(filling.requester),
            Piece::Fact(Fact::Ticket) => filling.ticket.to_owned(),
            Piece::Fact(Fact::Agent) => filling.agent.to_owned(),
            Piece::Fact(Fact::Desk) => filling.desk.to_owned(),
        };
        self.pieces.iter().map(piece).collect()
    }
}

/// Takes a text apart at its facts.
fn pieces(file: &str, text: &str, wrong: &mut Vec<Complaint>) -> Vec<Piece> {
    let start = text.len() - text.trim_start().len();
    let mut rest = text.trim();
    let mut at = start;
    let mut pieces = Vec::new();
    while let Some((before, after)) = rest.split_once("{{") {
        let Some((inner, behind)) = after.split_once("}}") else {
            let place = at + before.len();
            wrong.push(Complaint::at(file, text, place..place + 2, "\"{{\" is not closed", "write {{ticket}}"));
            return pieces;
        };
        if !before.is_empty() {
            pieces.push(Piece::Text(unwrapped(before)));
        }
        let name = inner.trim();
        match FACTS.iter().find(|(known, _)| *known == name) {
            Some((_, fact)) => pieces.push(Piece::Fact(*fact)),
            None => {
                let names = FACTS.map(|(name, _)| name);
                let all = || format!("There are: {}", names.join(", "));
                let help = nearest(name, names).map_or_else(all, |near| format!("Did you mean \"{near}\"?"));
                let place = at + before.len();
                let message = format!("nothing is named \"{name}\" in a canned reply");
                wrong.push(Complaint::at(file, text, place..place + inner.len() + 4, message, help));
            }
        }
        at += before.len() + inner.len() + 4;
        rest = behind;
    }
    if !rest.is_empty() {
        pieces.push(Piece::Text(unwrapped(rest)));
    }
    pieces
}

/// Paragraphs on one line each, as mail clients write them: a line that was broken for the file's sake would stay broken on a phone.
fn unwrapped(text: &str) -> String {
    let item = |line: &str| {
        line.starts_with([' ', '-', '*', '•', '>']) || line.trim_start_matches(|c: char| c.is_ascii_digit()).starts_with(['.', ')', '、'])
    };
    let wide = |c: Option<char>| c.is_some_and(|c| c >= '\u{2e80}');
    let mut lines = text.split('\n');
    let mut out = lines.next().unwrap_or_default().to_owned();
    for line in lines {
        let apart = line.is_empty() || item(line) || out.is_empty() || out.ends_with('\n');
        let chinese = wide(out.chars().next_back()) && wide(line.chars().next());
        out.push_str(if apart {
            "\n"
        } else if chinese {
            ""
        } else {
            " "
        });
        out.push_str(line);
    }
    out
}

/// A name from a stranger's mail, on one line and in no way a link: an agent's words are relayed with their links alive.
pub fn harmless(name: &str) -> String {
    let words: Vec<&str> = name.split(|c: char| c.is_whitespace() || c.is_control()).filter(|word| !word.is_empty()).collect();
    let line: String = words.join(" ").chars().take(60).collect();
    if line.contains(['/', '@', ':']) || line.to_lowercase().contains("www.") { line.replace(['/', '@', ':', '.'], " ") } else { line }
}

/// The reply of this name for a reader of this language: in it, in its primary language, or in English where the desk does not speak his.
///
/// # Errors
/// False where there is none of this name at all, true where it is not written in that language.
pub fn find<'a>(all: &'a [Canned], name: &str, language: &str, spoken: &[String]) -> Result<&'a Canned, bool> {
    let in_language = |wanted: &str| all.iter().find(|canned| canned.name == name && canned.language == wanted);
    let primary = || all.iter().find(|canned| canned.name == name && language::same(&canned.language, language));
    let foreign = !spoken.iter().any(|known| language::same(known, language));
    let english = || if foreign { in_language("en") } else { None };
    in_language(language).or_else(primary).or_else(english).ok_or_else(|| all.iter().any(|canned| canned.name == name))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Result<Canned, Vec<Complaint>> {
        Canned::read("templates/en/use/x.md", text).unwrap()
    }

    #[test]
    fn facts_are_filled_in_and_make_no_links() {
        let filling = |requester| Filling { requester, ticket: "[#7]", agent: "Li Wei", desk: "IT" };
        let canned = read("\nHello {{requester}},\n\n{{ ticket }} is {{agent}}'s. {{desk}}\n").unwrap();
        assert_eq!(canned.fill(filling("Ann\r\nB")), "Hello Ann B,\n\n[#7] is Li Wei's. IT");
        let filled = canned.fill(filling("http://evil.example www.evil.example"));
        assert!(!filled.contains("://") && !filled.contains("www."), "{filled}");
    }

    #[test]
    fn paragraphs_are_one_line_each() {
        let canned = read("Please try\nthis, {{requester}}:\n\n1. Save\n   it\n2. Restart\nnow\n\n请先\n试试。\nThen\nreply.").unwrap();
        let filling = Filling { requester: "Ann", ticket: "", agent: "", desk: "" };
        assert_eq!(canned.fill(filling), "Please try this, Ann:\n\n1. Save\n   it\n2. Restart now\n\n请先试试。 Then reply.");
    }

    #[test]
    fn mistakes_are_found_where_they_stand() {
        for (text, line, column, says) in [
            ("Hello {{requestor}}", 1, 7, "Did you mean \"requester\"?"),
            ("a\n\n{{#if ticket}}x{{/if}}", 3, 1, "There are: requester, ticket, agent, desk"),
            ("a {{ticket", 1, 3, "write {{ticket}}"),
            ("Subject: x\n\nHello", 1, 1, "delete the line"),
            (" \n", 1, 1, "write the text"),
        ] {
            let wrong = read(text).unwrap_err();
            assert_eq!((wrong[0].line, wrong[0].column), (line, column), "{text}: {}", wrong[0]);
            assert!(wrong[0].help.contains(says), "{text}: {}", wrong[0]);
        }
        assert!(Canned::read("templates/en/use/a b.md", "x").unwrap().is_err());
        assert!(Canned::read("templates/en/ack.md", "x").is_none());
    }

    #[test]
    fn what_ships_is_written_in_both_languages() {
        let all: Vec<Canned> = builtin_files().iter().map(|(file, text)| Canned::read(file, text).unwrap().unwrap()).collect();
        assert!(all.len() >= 16);
        let spoken = ["en".to_owned(), "zh".to_owned()];
        for canned in &all {
            for chinese in ["zh-tw", "zh_CN", "ZH"] {
                assert_eq!(find(&all, &canned.name, chinese, &spoken).unwrap().language, "zh");
            }
            assert_eq!(find(&all, &canned.name, "fr", &spoken).unwrap().language, "en");
        }
        let english: Vec<Canned> = all.iter().filter(|c| c.language == "en").cloned().collect();
        assert_eq!(find(&english, "ask-logs", "zh", &spoken), Err(true));
        assert_eq!(find(&english, "ask-log", "zh", &spoken), Err(false));
        let on_disk = std::fs::read_dir(concat!(env!("CARGO_MANIFEST_DIR"), "/templates/en/use")).unwrap().count();
        assert_eq!(on_disk * 2, all.len(), "a new reply stands in the list too");
    }
}
