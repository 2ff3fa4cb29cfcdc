//! What a rule may ask: one entry of [`CONDITIONS`] each, from which the reference in docs/rules.md is generated.

use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::ops::Range;

use toml::de::{DeTable, DeValue};

use super::Circumstances;
use super::atom::{Atom, AtomId, Atoms, Field, ListId, Lists, Test, glob_matches};
use super::load::{Compiler, Item};
use crate::domain::language;
use crate::domain::message::Reading;
use crate::domain::origin::OriginKind;
use crate::domain::text::fold_words;

/// A compiled condition.
#[derive(Debug)]
pub(super) enum Cond {
    /// Asked of a text.
    Atom(AtomId),
    /// Every one.
    All(Vec<Cond>),
    /// At least one.
    Any(Vec<Cond>),
    /// At least one of a list of words: what most rules ask. `Scan` knows of each list whether a mail holds anything of it.
    OneOf(ListId, Vec<AtomId>),
    /// Not this.
    Not(Box<Cond>),
    /// Asked of anything else.
    Fact(Fact),
}

impl Cond {
    fn runs_expressions(&self, atoms: &Atoms) -> bool {
        match self {
            Cond::Atom(id) => atoms.get(*id).is_some_and(|atom| matches!(atom.test, Test::Pattern(_))),
            Cond::All(parts) | Cond::Any(parts) => parts.iter().any(|part| part.runs_expressions(atoms)),
            Cond::OneOf(_, ids) => ids.iter().any(|id| Cond::Atom(*id).runs_expressions(atoms)),
            Cond::Not(inner) => inner.runs_expressions(atoms),
            Cond::Fact(_) => false,
        }
    }
}

/// What a fact is asked of.
pub(super) struct Asked<'a> {
    pub(super) mail: &'a Reading,
    pub(super) around: &'a Circumstances<'a>,
    /// Fields that rules before this one have filled.
    pub(super) fields: &'a BTreeMap<String, String>,
    /// Names of fields that the ticket was asked for.
    pub(super) asked: &'a RefCell<BTreeSet<String>>,
}

impl Asked<'_> {
    fn field(&self, name: &str) -> Option<&String> {
        self.fields.get(name).or_else(|| {
            self.asked.borrow_mut().insert(name.to_owned());
            self.around.fields.get(name)
        })
    }
}

type FactTest = Box<dyn Fn(&Asked<'_>) -> Option<String> + Send + Sync>;

/// A question that needs no search: the answer is the evidence, or nothing.
pub(super) struct Fact {
    pub(super) name: String,
    pub(super) test: FactTest,
    /// It holds only when the sender is proved.
    proves: bool,
}

impl fmt::Debug for Fact {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Fact({})", self.name)
    }
}

fn fact(name: &str, test: impl Fn(&Asked<'_>) -> Option<String> + Send + Sync + 'static) -> Option<Cond> {
    Some(Cond::Fact(Fact { name: name.to_owned(), test: Box::new(test), proves: false }))
}

/// One condition.
pub(super) struct Condition {
    /// Key in `when`.
    pub(super) name: &'static str,
    /// A sentence or two.
    pub(super) doc: &'static str,
    /// The inside of `when = { … }`.
    pub(super) example: &'static str,
    compile: fn(&mut Compiler<'_>, &str, &Item<'_>) -> Option<Cond>,
}

/// Every condition.
pub(super) const CONDITIONS: &[Condition] = &[
    Condition {
        name: "subject",
        doc: "The subject has one of these words or phrases.",
        example: "subject = [\"vpn\", \"远程接入\"]",
        compile: word_list,
    },
    Condition {
        name: "text",
        doc: "The writer's own words have one of these words or phrases; what he quotes is not searched.",
        example: "text = [\"cannot connect\", \"连不上\"]",
        compile: word_list,
    },
    Condition {
        name: "words",
        doc: "The subject or the text has one of these words or phrases.",
        example: "words = [\"print*\", \"打印机\"]",
        compile: anywhere,
    },
    Condition {
        name: "from",
        doc: "The sender's address is one of these; `*` is any text. From is not proved: anybody can write it.",
        example: "from = [\"monitor@example.com\", \"*@ops.example.com\"]",
        compile: addresses,
    },
    Condition {
        name: "from_domain",
        doc: "The sender's domain is one of these or lies below it.",
        example: "from_domain = \"example.com\"",
        compile: domains,
    },
    Condition {
        name: "to",
        doc: "One of the addresses in To, or one that the border says it was delivered to, is one of these; `*` is any text.",
        example: "to = \"vip-support@example.com\"",
        compile: addresses,
    },
    Condition {
        name: "cc",
        doc: "One of the addresses in Cc is one of these; `*` is any text.",
        example: "cc = \"*@board.example.com\"",
        compile: addresses,
    },
    Condition {
        name: "header.<Name>",
        doc: "This header field has one of these words or phrases; `true`: the mail has such a field, `false`: it has none.",
        example: "header.X-Priority = [\"1\", \"highest\"]",
        compile: header,
    },
    Condition {
        name: "attachment",
        doc: "A file's name, or its media type where there is a `/`, is one of these; `*` is any text. `true`: there is a file, `false`: there is none.",
        example: "attachment = [\"*.log\", \"image/*\"]",
        compile: attachment,
    },
    Condition { name: "language", doc: "The own words are in one of these languages.", example: "language = \"zh\"", compile: language },
    Condition {
        name: "origin",
        doc: "What kind of mail it is: `person`, `automatic_reply`, `generated`, `bounce`, `bulk` or `own`.",
        example: "origin = [\"generated\", \"bulk\"]",
        compile: origin,
    },
    Condition { name: "role", doc: "Who writes: `requester`, `agent` or `lead`.", example: "role = \"requester\"", compile: role },
    Condition {
        name: "authenticated",
        doc: "The sender is proved by an aligned pass at our own border (or is not).",
        example: "authenticated = true",
        compile: authenticated,
    },
    Condition {
        name: "suspect",
        doc: "The border marked the mail as spam or forged (or did not).",
        example: "suspect = false",
        compile: |c, _, item| {
            let want = c.flag(item, "suspect")?;
            fact("suspect", move |a| (a.around.suspect == want).then(|| want.to_string()))
        },
    },
    Condition {
        name: "business_hours",
        doc: "The mail came within (or outside) the hours of the calendar. Without a calendar it never holds.",
        example: "business_hours = false",
        compile: |c, _, item| {
            let want = c.flag(item, "business_hours")?;
            fact("business_hours", move |a| (a.around.business_hours == Some(want)).then(|| want.to_string()))
        },
    },
    Condition {
        name: "size",
        doc: "The whole mail is larger (`>`) or smaller (`<`) than this; units are B, KB, MB, GB of 1,024 each.",
        example: "size = \"> 5 MB\"",
        compile: size,
    },
    Condition {
        name: "field",
        doc: "A field that the ticket has, or that a rule before this one filled, is one of these values; `*` is any text. `true`: it is filled, `false`: it is not.",
        example: "field.error_code = [\"809\", \"69?\"]",
        compile: field,
    },
    Condition {
        name: "matches",
        doc: "A field of the mail (`words`: subject or text) matches this regular expression (or one of a list). It sees the text as it was written: case and width are up to the expression, `(?i)` and `[:：]`. Named groups become fields of the ticket; agents read their names with spaces for `_`.",
        example: "matches = { text = '(?i)error\\s*(?P<error_code>\\d{3,5})' }",
        compile: matches,
    },
    Condition {
        name: "all",
        doc: "Every one of these holds. The conditions of one table are always meant so.",
        example: "all = [{ subject = \"vpn\" }, { text = \"timeout\" }]",
        compile: |c, key, item| Some(Cond::All(branches(c, key, item)?)),
    },
    Condition {
        name: "any",
        doc: "At least one of these holds.",
        example: "any = [{ subject = \"vpn\" }, { text = \"anyconnect\", language = \"en\" }]",
        compile: |c, key, item| Some(Cond::Any(branches(c, key, item)?)),
    },
    Condition {
        name: "not",
        doc: "This does not hold; of a list, none does.",
        example: "subject = \"vpn\", not = { subject = \"newsletter\" }",
        compile: |c, key, item| {
            let inner = match item.get_ref() {
                DeValue::Array(_) => Cond::Any(branches(c, key, item)?),
                _ => compile_table(c, item)?,
            };
            Some(Cond::Not(Box::new(inner)))
        },
    },
];

/// Compiles a table of conditions: all of them.
pub(super) fn compile_table(c: &mut Compiler<'_>, item: &Item<'_>) -> Option<Cond> {
    let table = c.table(item, "when", "{ subject = [\"vpn\"] }")?;
    if table.is_empty() {
        c.complain(
            item.span(),
            "a condition that asks nothing would match every mail",
            "for every mail of a person: { origin = \"person\" }",
        );
        return None;
    }
    if !c.descend(item.span()) {
        return None;
    }
    let found = keys(c, table);
    c.ascend();
    let mut found = found?;
    if found.len() == 1 { found.pop() } else { Some(Cond::All(found)) }
}

/// The conditions of a table; expressions stand last, so that they run only where everything else holds.
fn keys(c: &mut Compiler<'_>, table: &DeTable<'_>) -> Option<Vec<Cond>> {
    let mut all = Some(Vec::new());
    for (key, value) in table {
        let name = key.get_ref().as_ref();
        let is_header = name == "header" || name.starts_with("header.");
        let entry = CONDITIONS.iter().find(|e| e.name == name || (is_header && e.name == "header.<Name>"));
        let Some(entry) = entry else {
            let names: Vec<&str> = CONDITIONS.iter().map(|e| e.name).collect();
            c.unknown(key.span(), "there is no condition", name, &names);
            all = None;
            continue;
        };
        match ((entry.compile)(c, name, value), &mut all) {
            (Some(cond), Some(all)) => all.push(cond),
            _ => all = None,
        }
    }
    if let Some(all) = &mut all {
        all.sort_by_key(|cond| cond.runs_expressions(&c.atoms));
    }
    all
}

/// The list of `all`, `any` and `not`; a table stands for its conditions one by one.
fn branches(c: &mut Compiler<'_>, key: &str, item: &Item<'_>) -> Option<Vec<Cond>> {
    match item.get_ref() {
        DeValue::Array(items) if !items.is_empty() => {
            let found: Vec<Option<Cond>> = items.iter().map(|item| compile_table(c, item)).collect();
            found.into_iter().collect()
        }
        DeValue::Table(table) if !table.is_empty() => {
            let found = if c.descend(item.span()) { keys(c, table) } else { None };
            c.ascend();
            found
        }
        _ => {
            c.complain(
                item.span(),
                format!("`{key}` wants a list of conditions"),
                format!("such as {key} = [{{ subject = \"vpn\" }}, {{ text = \"vpn\" }}]"),
            );
            None
        }
    }
}

fn any_of(c: &mut Compiler<'_>, field: &Field, tests: Vec<Test>) -> Cond {
    let mut atoms: Vec<Cond> = tests.into_iter().map(|test| Cond::Atom(c.atoms.add(field.clone(), test))).collect();
    match (atoms.len(), atoms.pop()) {
        (1, Some(only)) => only,
        (_, last) => {
            atoms.extend(last);
            Cond::Any(atoms)
        }
    }
}

fn word_list(c: &mut Compiler<'_>, key: &str, item: &Item<'_>) -> Option<Cond> {
    let tests = c.words(item, key)?;
    let field = c.text_field(key, item.span())?;
    Some(any_of(c, &field, tests))
}

fn anywhere(c: &mut Compiler<'_>, key: &str, item: &Item<'_>) -> Option<Cond> {
    let subject = c.words(item, key)?;
    let text = c.words(item, key)?;
    Some(Cond::Any(vec![any_of(c, &Field::Subject, subject), any_of(c, &Field::Text, text)]))
}

fn addresses(c: &mut Compiler<'_>, key: &str, item: &Item<'_>) -> Option<Cond> {
    let field = c.text_field(key, item.span())?;
    let mut tests = Vec::new();
    for (text, span) in c.texts(item, key)? {
        let folded = fold_words(&text);
        if folded.contains('*') {
            tests.push(Test::Glob(folded));
        } else if folded.contains('@') {
            tests.push(Test::Whole(folded));
        } else {
            c.complain(span, format!("`{text}` is no address"), "write name@example.com, or *@example.com for a whole domain");
            return None;
        }
    }
    Some(any_of(c, &field, tests))
}

fn domains(c: &mut Compiler<'_>, key: &str, item: &Item<'_>) -> Option<Cond> {
    let mut tests = Vec::new();
    for (text, span) in c.texts(item, key)? {
        let domain = fold_words(text.trim_start_matches(['@', '.']));
        if domain.contains(['@', '*', ' ']) || domain.is_empty() {
            c.complain(span, format!("`{text}` is no domain"), "write example.com; what lies below it is meant too");
            return None;
        }
        tests.push(Test::Domain(domain));
    }
    Some(any_of(c, &Field::FromDomain, tests))
}

fn header(c: &mut Compiler<'_>, key: &str, item: &Item<'_>) -> Option<Cond> {
    if let Some(name) = key.strip_prefix("header.") {
        return one_header(c, name, item);
    }
    let table = c.table(item, "header", "{ X-Priority = [\"1\"] }")?;
    let found: Vec<Option<Cond>> = table.iter().map(|(name, value)| one_header(c, name.get_ref(), value)).collect();
    let found: Option<Vec<Cond>> = found.into_iter().collect();
    found.map(Cond::All)
}

fn one_header(c: &mut Compiler<'_>, name: &str, item: &Item<'_>) -> Option<Cond> {
    let Some(field) = Field::header(name) else {
        c.complain(item.span(), format!("`{name}` is no name of a header field"), "write it as the mail does, such as header.X-Priority");
        return None;
    };
    if let DeValue::Boolean(want) = item.get_ref() {
        let (want, name, shown) = (*want, name.to_owned(), field.shown());
        return fact(&shown, move |a| {
            (a.mail.header(&name).is_some() == want).then(|| if want { "there" } else { "not there" }.to_owned())
        });
    }
    let tests = c.words(item, &field.shown())?;
    Some(any_of(c, &field, tests))
}

fn attachment(c: &mut Compiler<'_>, key: &str, item: &Item<'_>) -> Option<Cond> {
    if let DeValue::Boolean(want) = item.get_ref() {
        let want = *want;
        return fact(key, move |a| {
            let first = a.mail.attachments.iter().find(|f| !f.inline);
            (first.is_some() == want).then(|| first.map_or_else(|| "none".to_owned(), |f| f.name.clone()))
        });
    }
    let (types, names): (Vec<_>, Vec<_>) = c.texts(item, key)?.into_iter().map(|(t, _)| fold_words(&t)).partition(|t| t.contains('/'));
    let globs = |list: Vec<String>| list.into_iter().map(Test::Glob).collect::<Vec<_>>();
    let sides = [(Field::AttachmentName, globs(names)), (Field::AttachmentType, globs(types))];
    Some(Cond::Any(sides.into_iter().filter(|(_, tests)| !tests.is_empty()).map(|(field, tests)| any_of(c, &field, tests)).collect()))
}

fn language(c: &mut Compiler<'_>, key: &str, item: &Item<'_>) -> Option<Cond> {
    let mut wanted: Vec<String> = Vec::new();
    for (text, span) in c.texts(item, key)? {
        let code = language::primary(&text);
        if !(2..=3).contains(&code.len()) || !code.bytes().all(|b| b.is_ascii_alphabetic()) {
            c.complain(span, format!("`{text}` is no code of a language"), "write \"en\", \"zh\" or another code of two letters");
            return None;
        }
        wanted.push(text);
    }
    fact(key, move |a| a.mail.language.as_ref().filter(|l| wanted.iter().any(|wanted| language::same(wanted, l))).cloned())
}

/// The kinds of mail, as rules spell them.
pub(super) const ORIGINS: &[(&str, OriginKind)] = &[
    ("person", OriginKind::Person),
    ("automatic_reply", OriginKind::AutomaticReply),
    ("generated", OriginKind::Generated),
    ("bounce", OriginKind::Bounce),
    ("bulk", OriginKind::Bulk),
    ("own", OriginKind::Own),
];

/// The roles, as rules spell them.
pub(super) const ROLES: &[(&str, &str)] = &[("requester", "requester"), ("agent", "agent"), ("lead", "lead")];

fn origin(c: &mut Compiler<'_>, key: &str, item: &Item<'_>) -> Option<Cond> {
    let wanted = c.members(item, key, ORIGINS)?;
    fact(key, move |a| {
        let kind = wanted.iter().find(|kind| **kind == a.around.origin)?;
        ORIGINS.iter().find(|(_, k)| k == kind).map(|(name, _)| (*name).to_owned())
    })
}

fn role(c: &mut Compiler<'_>, key: &str, item: &Item<'_>) -> Option<Cond> {
    let wanted = c.members(item, key, ROLES)?;
    fact(key, move |a| wanted.contains(&a.around.role).then(|| a.around.role.to_owned()))
}

fn authenticated(c: &mut Compiler<'_>, key: &str, item: &Item<'_>) -> Option<Cond> {
    let want = c.flag(item, key)?;
    let test: FactTest = Box::new(move |a| (a.around.authenticated == want).then(|| want.to_string()));
    Some(Cond::Fact(Fact { name: key.to_owned(), test, proves: want }))
}

fn size(c: &mut Compiler<'_>, key: &str, item: &Item<'_>) -> Option<Cond> {
    let text = c.text(item, key)?;
    let Some((above, bytes)) = read_size(&text) else {
        c.complain(item.span(), format!("`{text}` is no size"), "write \"> 5 MB\" or \"< 200 KB\"");
        return None;
    };
    fact(key, move |a| {
        let holds = if above { a.mail.size > bytes } else { a.mail.size < bytes };
        holds.then(|| format!("{} bytes", a.mail.size))
    })
}

/// `> 5 MB` → (larger than, bytes).
fn read_size(text: &str) -> Option<(bool, u64)> {
    let text = text.trim();
    let (above, rest) = match text.strip_prefix('>') {
        Some(rest) => (true, rest),
        None => (false, text.strip_prefix('<')?),
    };
    let rest = rest.trim().to_ascii_lowercase();
    let digits: String = rest.chars().take_while(|c| c.is_ascii_digit()).collect();
    let unit = match rest.strip_prefix(digits.as_str())?.trim() {
        "" | "b" => 1,
        "kb" | "k" => 1 << 10,
        "mb" | "m" => 1 << 20,
        "gb" | "g" => 1 << 30,
        _ => return None,
    };
    Some((above, digits.parse::<u64>().ok()?.checked_mul(unit)?))
}

fn field(c: &mut Compiler<'_>, key: &str, item: &Item<'_>) -> Option<Cond> {
    let table = c.table(item, key, "{ error_code = [\"809\"] }")?;
    let mut all = Some(Vec::new());
    for (name, value) in table {
        let name = c.field_name(name.get_ref(), name.span());
        let wanted = match value.get_ref() {
            DeValue::Boolean(want) => Some(Err(*want)),
            _ => c.texts(value, key).map(|texts| Ok(texts.iter().map(|(t, _)| fold_words(t)).collect::<Vec<String>>())),
        };
        let (Some(name), Some(wanted)) = (name, wanted) else {
            all = None;
            continue;
        };
        let shown = format!("field.{name}");
        let cond = fact(&shown, move |a| {
            let value = a.field(&name);
            match &wanted {
                Err(want) => (value.is_some() == *want).then(|| value.cloned().unwrap_or_else(|| "not there".into())),
                Ok(globs) => value.filter(|v| globs.iter().any(|g| glob_matches(g, &fold_words(v)))).cloned(),
            }
        });
        if let (Some(all), Some(cond)) = (&mut all, cond) {
            all.push(cond);
        }
    }
    all.map(Cond::All)
}

fn matches(c: &mut Compiler<'_>, key: &str, item: &Item<'_>) -> Option<Cond> {
    let table = c.table(item, key, "{ text = '(?i)error (?P<error_code>\\d+)' }")?;
    let mut all = Some(Vec::new());
    for (name, value) in table {
        let inner: Vec<(String, &Item<'_>)> = match value.get_ref() {
            DeValue::Table(headers) if name.get_ref() == "header" => {
                headers.iter().map(|(header, value)| (format!("header.{}", header.get_ref()), value)).collect()
            }
            _ => vec![(name.get_ref().clone().into_owned(), value)],
        };
        for (field, value) in inner {
            match (expressions(c, &field, name.span(), value), &mut all) {
                (Some(cond), Some(all)) => all.push(cond),
                _ => all = None,
            }
        }
    }
    all.map(Cond::All)
}

/// One expression or several over one field; `words` is subject and text.
fn expressions(c: &mut Compiler<'_>, field: &str, place: Range<usize>, value: &Item<'_>) -> Option<Cond> {
    let fields = match field {
        "words" => vec![Field::Subject, Field::Text],
        _ => vec![c.text_field(field, place)?],
    };
    let sources = c.texts(value, "matches")?;
    let mut conds = Vec::new();
    for field in fields {
        let built: Vec<_> = sources.iter().map(|(text, span)| c.pattern(text, span.clone()).map(|p| Test::Pattern(Box::new(p)))).collect();
        let tests: Option<Vec<Test>> = built.into_iter().collect();
        conds.push(any_of(c, &field, tests?));
    }
    Some(Cond::Any(conds))
}

impl Cond {
    /// Makes lists of those of its parts that are nothing but words. For conditions that have been looked through: the others look at
    /// each word.
    pub(super) fn gather(&mut self, lists: &mut Lists) {
        match self {
            Cond::All(parts) => parts.iter_mut().for_each(|part| part.gather(lists)),
            Cond::Not(inner) => inner.gather(lists),
            Cond::Any(parts) => {
                let atom = |part: &Cond| if let Cond::Atom(id) = part { Some(*id) } else { None };
                match parts.iter().map(atom).collect::<Option<Vec<_>>>() {
                    Some(atoms) => *self = Cond::OneOf(lists.add(&atoms), atoms),
                    None => parts.iter_mut().for_each(|part| part.gather(lists)),
                }
            }
            Cond::Atom(_) | Cond::OneOf(..) | Cond::Fact(_) => {}
        }
    }

    /// Can it hold only where something of this kind holds?
    pub(super) fn requires(&self, what: &dyn Fn(&Cond) -> bool) -> bool {
        match self {
            Cond::All(parts) => parts.iter().any(|part| part.requires(what)),
            Cond::Any(parts) => !parts.is_empty() && parts.iter().all(|part| part.requires(what)),
            Cond::Not(_) => false,
            Cond::OneOf(_, atoms) => !atoms.is_empty() && atoms.iter().all(|id| what(&Cond::Atom(*id))),
            Cond::Atom(_) | Cond::Fact(_) => what(self),
        }
    }

    /// Atoms of which at least one must be there for it to hold; `None`: it may hold without any.
    pub(super) fn triggers(&self, is_open: &dyn Fn(AtomId) -> bool) -> Option<Vec<AtomId>> {
        match self {
            Cond::Atom(id) => (!is_open(*id)).then(|| vec![*id]),
            Cond::All(parts) => parts.iter().filter_map(|part| part.triggers(is_open)).min_by_key(Vec::len),
            Cond::Any(parts) => {
                let all: Option<Vec<Vec<AtomId>>> = parts.iter().map(|part| part.triggers(is_open)).collect();
                all.map(|all| all.into_iter().flatten().collect())
            }
            Cond::OneOf(_, atoms) => atoms.iter().all(|id| !is_open(*id)).then(|| atoms.clone()),
            Cond::Not(_) | Cond::Fact(_) => None,
        }
    }
}

/// Names the sender.
pub(super) fn is_from(cond: &Cond, atoms: &Atoms) -> bool {
    matches!(cond, Cond::Atom(id) if atoms.get(*id).is_some_and(|a| matches!(a.field, Field::From | Field::FromDomain)))
}

/// Proves the sender: the border did, or a word that strangers cannot know.
pub(super) fn is_proof(cond: &Cond, atoms: &Atoms) -> bool {
    match cond {
        Cond::Fact(fact) => fact.proves,
        Cond::Atom(id) => atoms.get(*id).is_some_and(is_secret),
        _ => false,
    }
}

fn is_secret(atom: &Atom) -> bool {
    let Test::Word { text, open_end: false } = &atom.test else { return false };
    let letters = text.chars().any(|c| c.is_ascii_alphabetic());
    let digits = text.chars().any(|c| c.is_ascii_digit());
    let place = matches!(atom.field, Field::Text | Field::Subject | Field::Header(_));
    place && letters && digits && !text.contains(' ') && text.chars().count() >= 12
}

/// The fields that a condition fills: named groups outside of `not`.
pub(super) fn captured(cond: &Cond, atoms: &Atoms) -> Vec<String> {
    match cond {
        Cond::All(parts) | Cond::Any(parts) => parts.iter().flat_map(|part| captured(part, atoms)).collect(),
        Cond::Atom(id) => match atoms.get(*id).map(|a| &a.test) {
            Some(Test::Pattern(pattern)) => pattern.names().to_vec(),
            _ => Vec::new(),
        },
        Cond::OneOf(_, list) => list.iter().flat_map(|id| captured(&Cond::Atom(*id), atoms)).collect(),
        Cond::Not(_) | Cond::Fact(_) => Vec::new(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes() {
        for (text, want) in [
            ("> 5 MB", Some((true, 5 << 20))),
            ("<200kb", Some((false, 200 << 10))),
            (">1", Some((true, 1))),
            ("5 MB", None),
            ("> MB", None),
            ("> 5 stones", None),
            ("> 99999999999999999999 GB", None),
        ] {
            assert_eq!(read_size(text), want, "{text}");
        }
    }
}
