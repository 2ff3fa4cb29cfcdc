//! What a rule asks of a text: a field, and a word, an address, a pattern or a regular expression.

use std::borrow::Cow;
use std::collections::HashMap;
use std::sync::OnceLock;

use regex::Regex;
use regex_syntax::ast::ErrorKind;

use super::literals;
use crate::domain::message::{Person, Reading};
use crate::domain::text::{fold_words, is_spaced_letter};

/// Largest compiled form of one expression, bytes.
const REGEX_SIZE: usize = 1 << 20;
/// Largest cache of one expression at run time, bytes.
const REGEX_CACHE: usize = 1 << 19;
/// Compiled expressions that are kept from the start.
const KEPT: usize = 256;

/// A text of a mail that rules look at.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(super) enum Field {
    Subject,
    Text,
    From,
    FromDomain,
    To,
    Cc,
    AttachmentName,
    AttachmentType,
    Header(String),
}

impl Field {
    /// The field of this name as conditions spell it; a header's name is put in its usual capitals.
    pub(super) fn named(name: &str) -> Option<Field> {
        Some(match name {
            "subject" => Field::Subject,
            "text" => Field::Text,
            "from" => Field::From,
            "from_domain" => Field::FromDomain,
            "to" => Field::To,
            "cc" => Field::Cc,
            "attachment" => Field::AttachmentName,
            _ => return name.strip_prefix("header.").and_then(Field::header),
        })
    }

    /// A header by name (RFC 5322 section 2.2: printable ASCII without colon).
    pub(super) fn header(name: &str) -> Option<Field> {
        let sound = !name.is_empty() && name.bytes().all(|b| (33..=126).contains(&b) && b != b':');
        let capital = |word: &str| {
            let mut chars = word.chars();
            chars.next().map(|c| c.to_ascii_uppercase().to_string() + &chars.as_str().to_ascii_lowercase()).unwrap_or_default()
        };
        sound.then(|| Field::Header(name.split('-').map(capital).collect::<Vec<_>>().join("-")))
    }

    /// The name in evidence.
    pub(super) fn shown(&self) -> String {
        match self {
            Field::Subject => "subject".into(),
            Field::Text => "text".into(),
            Field::From => "from".into(),
            Field::FromDomain => "from_domain".into(),
            Field::To => "to".into(),
            Field::Cc => "cc".into(),
            Field::AttachmentName | Field::AttachmentType => "attachment".into(),
            Field::Header(name) => format!("header.{name}"),
        }
    }

    /// The texts of this field in a mail.
    pub(super) fn values<'m>(&self, mail: &'m Reading) -> Vec<Cow<'m, str>> {
        fn addresses(people: &[Person]) -> impl Iterator<Item = Cow<'_, str>> {
            people.iter().map(|p| Cow::Borrowed(p.address.as_str()))
        }
        match self {
            Field::Subject => vec![Cow::Borrowed(mail.subject.as_str())],
            Field::Text => vec![Cow::Borrowed(own_text(mail))],
            Field::From => mail.from.iter().map(|p| Cow::Borrowed(p.address.as_str())).collect(),
            Field::FromDomain => mail.from.iter().map(|p| Cow::Borrowed(p.address.domain())).collect(),
            Field::To => addresses(&mail.to).chain(mail.delivered_to.iter().map(|a| Cow::Borrowed(a.as_str()))).collect(),
            Field::Cc => addresses(&mail.cc).collect(),
            Field::AttachmentName => mail.attachments.iter().map(|a| Cow::Borrowed(a.name.as_str())).collect(),
            Field::AttachmentType => mail.attachments.iter().map(|a| Cow::Borrowed(a.media_type.as_str())).collect(),
            Field::Header(name) => {
                mail.headers.iter().filter(|(n, _)| n.eq_ignore_ascii_case(name)).map(|(_, v)| Cow::Borrowed(v.as_str())).collect()
            }
        }
    }
}

/// The writer's own words, or the whole text where they could not be told apart.
pub(super) fn own_text(mail: &Reading) -> &str {
    if mail.reply.text.trim().is_empty() || mail.forwarded { &mail.text } else { &mail.reply.text }
}

/// What becomes of an expression's compiled form and of the caches that it fills while it searches: some 30 KB for each that is used.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Memory {
    /// They stay: mails come one after the other.
    Kept,
    /// They go at once: each example uses an expression that no mail of this desk may ever need.
    Fleeting,
}

/// A regular expression: checked when the rules are read. Beyond the first [`KEPT`] the compiled form is thrown away and built again
/// when a mail first needs it, since most never do.
#[derive(Debug)]
pub(super) struct Pattern {
    source: String,
    built: OnceLock<Option<Regex>>,
    names: Vec<String>,
    literals: Option<Vec<String>>,
}

impl Pattern {
    /// Checks an expression.
    ///
    /// # Errors
    /// What is wrong with it.
    pub(super) fn new(source: &str, kept: &mut HashMap<String, Regex>) -> Result<Pattern, Unfit> {
        let hir = regex_syntax::Parser::new().parse(source).map_err(|error| match &error {
            regex_syntax::Error::Parse(e) => {
                Unfit { message: e.kind().to_string(), help: remedy(e.kind()), at: Some(e.span().start.offset) }
            }
            regex_syntax::Error::Translate(e) => Unfit { message: e.kind().to_string(), help: UNICODE, at: Some(e.span().start.offset) },
            other => Unfit { message: other.to_string(), help: UNFIT, at: None },
        })?;
        if hir.properties().minimum_len().unwrap_or(0) == 0 {
            let message = "this regular expression matches an empty text, and so every mail".into();
            return Err(Unfit { message, help: "let one sign be needed: write + for *, or leave out a ?", at: None });
        }
        let regex = match kept.get(source) {
            Some(regex) => regex.clone(),
            None => build(source).map_err(|error| match error {
                regex::Error::CompiledTooBig(limit) => Unfit {
                    message: format!("this regular expression becomes larger than {} KB when compiled", limit / 1024),
                    help: "repeat less, {1,20} for {1,2000}, or use lists of words",
                    at: None,
                },
                other => Unfit { message: other.to_string(), help: UNFIT, at: None },
            })?,
        };
        let names: Vec<String> = regex.capture_names().flatten().map(str::to_owned).collect();
        let built = OnceLock::new();
        if kept.len() < KEPT {
            kept.insert(source.to_owned(), regex.clone());
            // A fresh lock takes it.
            let _ = built.set(Some(regex));
        }
        Ok(Pattern { source: source.to_owned(), built, names, literals: literals::required(&hir) })
    }

    /// The compiled expression; `None` never happens after [`Pattern::new`].
    pub(super) fn regex(&self, memory: Memory) -> Option<Cow<'_, Regex>> {
        match (memory, self.built.get()) {
            (Memory::Kept, _) => self.built.get_or_init(|| build(&self.source).ok()).as_ref().map(Cow::Borrowed),
            // A copy has caches of its own.
            (Memory::Fleeting, Some(built)) => built.clone().map(Cow::Owned),
            (Memory::Fleeting, None) => build(&self.source).ok().map(Cow::Owned),
        }
    }

    /// The names of its groups.
    pub(super) fn names(&self) -> &[String] {
        &self.names
    }
}

/// A regular expression that cannot serve: what is wrong, what to do, and where in it (byte).
pub(super) struct Unfit {
    pub(super) message: String,
    pub(super) help: &'static str,
    pub(super) at: Option<usize>,
}

const UNFIT: &str = "a sign that means itself needs a backslash: \\( \\[ \\. \\* \\?";
const UNICODE: &str = "write a property such as \\p{Han} or \\p{L}, or list the characters: [甲乙丙]";

/// What to do about a mistake that the parser found.
fn remedy(kind: &ErrorKind) -> &'static str {
    match kind {
        ErrorKind::GroupUnclosed => "close it with ) ; a bracket that means itself is \\(",
        ErrorKind::GroupUnopened => "open it with ( ; a bracket that means itself is \\)",
        ErrorKind::ClassUnclosed | ErrorKind::ClassRangeInvalid => "write [a-z], smaller sign first; a bracket that means itself is \\[",
        ErrorKind::RepetitionMissing => "put what is repeated before it; a sign that means itself is \\* \\+ \\?",
        ErrorKind::RepetitionCountInvalid | ErrorKind::RepetitionCountUnclosed | ErrorKind::RepetitionCountDecimalEmpty => {
            "write {2}, {2,} or {2,5}, smaller number first; a brace that means itself is \\{"
        }
        ErrorKind::UnsupportedLookAround => "use two conditions, one of them below `not = { … }`",
        ErrorKind::UnsupportedBackreference => "write out what is repeated; expressions run in linear time here",
        ErrorKind::GroupNameDuplicate { .. } => "give one of the two groups another name, or make it (?:…), without a name",
        ErrorKind::EscapeUnrecognized | ErrorKind::EscapeUnexpectedEof => {
            "known are \\d \\w \\s \\b \\p{Han} and the like; a backslash that means itself is \\\\"
        }
        _ => UNFIT,
    }
}

fn build(source: &str) -> Result<Regex, regex::Error> {
    regex::RegexBuilder::new(source).size_limit(REGEX_SIZE).dfa_size_limit(REGEX_CACHE).build()
}

/// What is asked of a text. Everything but patterns is folded.
#[derive(Debug)]
pub(super) enum Test {
    /// A word or phrase; `open_end` is for `print*`.
    Word { text: String, open_end: bool },
    /// The whole text.
    Whole(String),
    /// This domain or one below it.
    Domain(String),
    /// `*` is any text, `?` any character.
    Glob(String),
    /// A regular expression, on the text as it was written.
    Pattern(Box<Pattern>),
}

impl Test {
    /// Does this stretch of a folded text count? For patterns: it may.
    pub(super) fn confirms(&self, text: &str, start: usize, end: usize) -> bool {
        match self {
            Test::Word { text: word, open_end } => {
                let before = text.get(..start).and_then(|t| t.chars().next_back());
                let after = text.get(end..).and_then(|t| t.chars().next());
                let free = |edge: Option<char>, beyond: Option<char>| {
                    !(edge.is_some_and(is_spaced_letter) && beyond.is_some_and(is_spaced_letter))
                };
                free(word.chars().next(), before) && (*open_end || free(word.chars().next_back(), after))
            }
            Test::Whole(_) => start == 0 && end == text.len(),
            Test::Domain(_) => end == text.len() && (start == 0 || text.get(..start).is_some_and(|t| t.ends_with('.'))),
            Test::Glob(glob) => glob_matches(glob, text),
            Test::Pattern(_) => true,
        }
    }

    /// What it finds in a text, by itself: for evidence, and the measure of the automaton's honesty.
    pub(super) fn find<'v>(&'v self, value: &'v Value<'_>, memory: Memory) -> Option<&'v str> {
        let folded = value.folded.as_str();
        match self {
            Test::Word { text, .. } => {
                let mut from = 0;
                while let Some(at) = folded.get(from..).and_then(|rest| rest.find(text.as_str())) {
                    let start = from + at;
                    if self.confirms(folded, start, start + text.len()) {
                        return Some(text);
                    }
                    from = start + text.chars().next().map_or(1, char::len_utf8);
                }
                None
            }
            Test::Whole(whole) => (folded == whole).then_some(folded),
            Test::Domain(domain) => {
                let start = folded.len().checked_sub(domain.len())?;
                (folded.ends_with(domain.as_str()) && self.confirms(folded, start, folded.len())).then_some(folded)
            }
            Test::Glob(glob) => glob_matches(glob, folded).then_some(folded),
            Test::Pattern(pattern) => pattern.regex(memory)?.find(&value.raw).map(|m| m.as_str()),
        }
    }

    /// Literals of which one must be there; `None`: it must always be looked at.
    pub(super) fn literals(&self) -> Option<Vec<String>> {
        match self {
            Test::Word { text, .. } | Test::Whole(text) | Test::Domain(text) => Some(vec![text.clone()]),
            Test::Glob(glob) => {
                glob.split(['*', '?']).max_by_key(|piece| piece.len()).filter(|piece| !piece.is_empty()).map(|piece| vec![piece.to_owned()])
            }
            Test::Pattern(pattern) => pattern.literals.clone(),
        }
    }

    /// Equal tests of one field are one atom.
    fn key(&self) -> (u8, String) {
        match self {
            Test::Word { text, open_end } => (u8::from(*open_end), text.clone()),
            Test::Whole(text) => (2, text.clone()),
            Test::Domain(text) => (3, text.clone()),
            Test::Glob(text) => (4, text.clone()),
            Test::Pattern(pattern) => (5, pattern.source.clone()),
        }
    }
}

/// `*` any text, `?` any one character. Quadratic at worst, on short texts.
pub(super) fn glob_matches(glob: &str, text: &str) -> bool {
    let glob: Vec<char> = glob.chars().collect();
    let text: Vec<char> = text.chars().collect();
    let (mut g, mut t) = (0, 0);
    let mut retry: Option<(usize, usize)> = None;
    while t < text.len() {
        match glob.get(g) {
            Some('*') => {
                retry = Some((g + 1, t));
                g += 1;
            }
            Some(c) if *c == '?' || text.get(t) == Some(c) => {
                g += 1;
                t += 1;
            }
            _ => match retry {
                Some((after_star, from)) => {
                    retry = Some((after_star, from + 1));
                    g = after_star;
                    t = from + 1;
                }
                None => return false,
            },
        }
    }
    glob.get(g..).unwrap_or_default().iter().all(|c| *c == '*')
}

/// One text of a mail, both ways.
#[derive(Debug)]
pub(super) struct Value<'m> {
    pub(super) raw: Cow<'m, str>,
    pub(super) folded: String,
}

impl<'m> Value<'m> {
    pub(super) fn new(raw: Cow<'m, str>) -> Value<'m> {
        Value { folded: fold_words(&raw), raw }
    }
}

/// Index of an atom.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) struct AtomId(pub(super) u32);

impl AtomId {
    pub(super) fn index(self) -> usize {
        self.0 as usize
    }
}

/// Index of a list of atoms.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct ListId(u32);

impl ListId {
    pub(super) fn index(self) -> usize {
        self.0 as usize
    }
}

/// Which lists an atom stands in.
#[derive(Debug, Default)]
pub(super) struct Lists {
    by_atom: Vec<Vec<ListId>>,
    count: u32,
}

impl Lists {
    /// Takes up a list.
    pub(super) fn add(&mut self, atoms: &[AtomId]) -> ListId {
        let list = ListId(self.count);
        self.count += 1;
        for atom in atoms {
            if self.by_atom.len() <= atom.index() {
                self.by_atom.resize_with(atom.index() + 1, Vec::new);
            }
            if let Some(lists) = self.by_atom.get_mut(atom.index()) {
                lists.push(list);
            }
        }
        list
    }

    /// The lists that an atom stands in.
    pub(super) fn of(&self, atom: AtomId) -> &[ListId] {
        self.by_atom.get(atom.index()).map_or(&[], Vec::as_slice)
    }

    pub(super) fn len(&self) -> usize {
        self.count as usize
    }
}

/// One question to one field.
#[derive(Debug)]
pub(super) struct Atom {
    pub(super) field: Field,
    /// Index into the fields of the scanner.
    pub(super) slot: usize,
    pub(super) test: Test,
}

/// All atoms of all rules, while they are being collected.
#[derive(Debug, Default)]
pub(super) struct Atoms {
    pub(super) atoms: Vec<Atom>,
    pub(super) fields: Vec<Field>,
    known: HashMap<(Field, (u8, String)), AtomId>,
}

impl Atoms {
    /// The atom for this question; equal questions are asked once.
    pub(super) fn add(&mut self, field: Field, test: Test) -> AtomId {
        let key = (field, test.key());
        if let Some(id) = self.known.get(&key) {
            return *id;
        }
        let field = key.0.clone();
        let slot = self.fields.iter().position(|f| *f == field).unwrap_or_else(|| {
            self.fields.push(field.clone());
            self.fields.len() - 1
        });
        let id = AtomId(u32::try_from(self.atoms.len()).unwrap_or(u32::MAX));
        self.atoms.push(Atom { field, slot, test });
        self.known.insert(key, id);
        id
    }

    /// An atom.
    pub(super) fn get(&self, id: AtomId) -> Option<&Atom> {
        self.atoms.get(id.index())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn globs() {
        for (glob, text, want) in [
            ("*.log", "error.log", true),
            ("*.log", "error.logs", false),
            ("*@example.com", "ann@example.com", true),
            ("a*b*c", "axxbyyc", true),
            ("a*b*c", "axxbyy", false),
            ("?b", "ab", true),
            ("?b", "b", false),
            ("*", "", true),
            ("", "", true),
            ("报告?.docx", "报告1.docx", true),
        ] {
            assert_eq!(glob_matches(glob, text), want, "{glob} {text}");
        }
    }

    #[test]
    fn words_stand_alone() {
        let word = |text: &str, open_end| Test::Word { text: text.into(), open_end };
        for (word, text, want) in [
            (word("vpn", false), "my vpn is down", true),
            (word("vpn", false), "连不上vpn了", true),
            (word("vpn", false), "myvpn", false),
            (word("vpn", false), "vpn2", false),
            (word("vpn", false), "myvpn vpn", true),
            (word("print", true), "printers", true),
            (word("print", true), "blueprint", false),
            (word("打印", false), "不能打印了", true),
            (word("c++", false), "c++ build", true),
            (word("c++", false), "abc++", false),
            (word("wi-fi", false), "wi-fi.", true),
            (word("réseau", false), "le réseau est", true),
            (word("r", false), "réseau", false),
        ] {
            assert_eq!(word.find(&Value::new(Cow::Borrowed(text)), Memory::Kept).is_some(), want, "{word:?} {text}");
        }
    }

    #[test]
    fn header_names_in_their_usual_capitals() {
        assert_eq!(Field::named("header.x-PRIORITY"), Some(Field::Header("X-Priority".into())));
        assert_eq!(Field::named("header.a b"), None);
        assert_eq!(Field::named("header."), None);
    }
}
