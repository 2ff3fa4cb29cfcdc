//! Reading a TOML file key by key, so that *every* mistake is told at once, each with its place and its remedy.
//!
//! `#[derive(Deserialize)]` with `deny_unknown_fields` was weighed: it stops at the first mistake, and an operator who fixes five
//! typos would start the desk six times. So the spanned tree of the `toml` crate is walked by hand: each reader asks a [`Section`]
//! for its keys, what it did not ask for is unknown, and all complaints gather on one [`Page`].

use std::cell::RefCell;
use std::ops::Range;
use std::sync::LazyLock;

use regex::Regex;
use toml::Spanned;
use toml::de::{DeTable, DeValue};

use crate::domain::complaint::{Complaint, nearest, toml_errors};

/// What is wrong with a value, and what to write instead.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Trouble {
    /// What is wrong.
    pub message: String,
    /// What to write.
    pub help: String,
}

impl Trouble {
    /// A trouble with its remedy.
    pub fn new(message: impl Into<String>, help: impl Into<String>) -> Trouble {
        Trouble { message: message.into(), help: help.into() }
    }
}

/// One file with everything that was found in it.
#[derive(Debug)]
pub struct Page {
    file: String,
    /// The text as pictures show it: secrets that stand in it by mistake are starred out, byte for byte.
    shown: String,
    wrong: RefCell<Vec<Complaint>>,
    doubtful: RefCell<Vec<Complaint>>,
    languages: RefCell<Vec<(String, Complaint)>>,
}

impl Page {
    /// A page for this text; `file` is the name that complaints carry.
    pub fn new(file: &str, text: &str) -> Page {
        Page {
            file: file.to_owned(),
            shown: starred(text),
            wrong: RefCell::default(),
            doubtful: RefCell::default(),
            languages: RefCell::default(),
        }
    }

    /// Something is wrong here.
    pub fn complain(&self, span: Range<usize>, message: impl Into<String>, help: impl Into<String>) {
        self.wrong.borrow_mut().push(Complaint::at(&self.file, &self.shown, span, message, help));
    }

    /// How many mistakes were found so far.
    pub fn mistakes(&self) -> usize {
        self.wrong.borrow().len()
    }

    /// Something works, but hardly as meant.
    pub fn warn(&self, span: Range<usize>, message: impl Into<String>, help: impl Into<String>) {
        self.doubtful.borrow_mut().push(Complaint::at(&self.file, &self.shown, span, message, help));
    }

    /// This language is named here; whether templates speak it is not known yet.
    fn names_language(&self, span: Range<usize>, code: &str) {
        let help = format!("write \"en\" or \"zh\", or templates of your own in templates/{code}");
        let doubt = Complaint::at(&self.file, &self.shown, span, format!("no template is written in \"{code}\": English serves"), help);
        self.languages.borrow_mut().push((code.to_owned(), doubt));
    }

    /// The languages that the file names, each with what to say of it where no template speaks it.
    pub fn languages(&self) -> Vec<(String, Complaint)> {
        self.languages.take()
    }

    /// The piece of text at this place, as pictures show it.
    fn piece(&self, span: Range<usize>) -> &str {
        self.shown.get(span).unwrap_or("")
    }

    /// Everything found, (wrong, doubtful), each in the order of the file.
    pub fn found(self) -> (Vec<Complaint>, Vec<Complaint>) {
        let ordered = |cell: RefCell<Vec<Complaint>>| {
            let mut list = cell.into_inner();
            list.sort_by_key(|c| (c.line, c.column));
            list
        };
        (ordered(self.wrong), ordered(self.doubtful))
    }

    /// Parses the text, all syntax errors at once; `None` when there is one, since what was recovered would mislead.
    pub fn parse<'i>(&self, text: &'i str) -> Option<DeTable<'i>> {
        let (table, errors) = DeTable::parse_recoverable(text);
        for (span, message, help) in toml_errors(&errors, &self.shown) {
            self.complain(span, message, help);
        }
        errors.is_empty().then(|| table.into_inner())
    }
}

/// Stars out values of keys that look like secrets in clear text. Bytes are counted, so that places stay right.
pub fn starred(text: &str) -> String {
    const SECRET: &str = concat!(
        r#"(?i)(?:^|[^\w-])(?:password|passwd|passphrase|pwd|secret|token|access_token|api_key)["']?\s*=\s*"#,
        r#"("""(?s:.*?)"""|'''(?s:.*?)'''|"(?:\\.|[^"\\\n])*"?|'[^'\n]*'?|[^\s,}]+)"#,
        r#"|password_env\s*=\s*("[^"\n]*[^\w"\n][^"\n]*"?)"#
    );
    static PATTERN: LazyLock<Option<Regex>> = LazyLock::new(|| Regex::new(SECRET).ok());
    let Some(pattern) = PATTERN.as_ref() else { return String::new() };
    let mut out = String::with_capacity(text.len());
    let mut done = 0;
    for found in pattern.captures_iter(text) {
        let Some(value) = found.get(1).or_else(|| found.get(2)) else { continue };
        out.push_str(text.get(done..value.start()).unwrap_or(""));
        out.extend(value.as_str().bytes().map(|b| if b == b'\n' { '\n' } else { '*' }));
        done = value.end();
    }
    out.push_str(text.get(done..).unwrap_or(""));
    out
}

/// One table that is being read.
#[derive(Debug)]
pub struct Section<'p> {
    /// Where complaints go.
    pub page: &'p Page,
    table: &'p DeTable<'p>,
    header: Range<usize>,
    name: String,
    asked: Vec<&'static str>,
}

/// Names that other programs use for our keys; edit distance would not find them.
const ELSEWHERE: &[(&str, &str)] = &[
    ("username", "user"),
    ("login", "user"),
    ("server", "host"),
    ("hostname", "host"),
    ("ssl", "tls"),
    ("encryption", "tls"),
    ("security", "tls"),
    ("email", "address"),
    ("mail", "address"),
    ("from", "address"),
    ("id", "name"),
    ("id", "handle"),
    ("name", "id"),
    ("tz", "timezone"),
    ("lang", "language"),
    ("cron", "schedule"),
    ("recipients", "to"),
    ("type", "kind"),
    ("protocol", "kind"),
    ("dir", "path"),
    ("directory", "data"),
    ("datadir", "data"),
    ("interval", "poll"),
    ("link", "url"),
    ("smtp", "delivery"),
    ("imap", "source"),
    ("user", "agent"),
];

/// Where keys belong that are easily written below another header: in TOML all that follows one is part of it.
const PLACES: &[(&str, &str)] = &[
    ("folders", "`source` of [[mailbox]]"),
    ("poll", "`source` of [[mailbox]]"),
    ("idle", "`source` of [[mailbox]]"),
    ("start", "[[mailbox]]"),
    ("mark", "[[mailbox]]"),
    ("done_folder", "[[mailbox]]"),
    ("sent_folder", "[[mailbox]]"),
    ("reply_address", "[[mailbox]]"),
    ("via_lists", "[[mailbox]]"),
    ("connections", "[delivery]"),
    ("rate", "[delivery]"),
    ("timezone", "[desk]"),
    ("ticket_prefix", "[desk]"),
    ("kb_url", "[desk]"),
    ("data", "[desk]"),
    ("alert_command", "[operator]"),
    ("canary", "[operator]"),
    ("authserv_ids", "[trust]"),
    ("internal", "[trust]"),
    ("hours", "[calendar]"),
    ("holidays", "[calendar]"),
    ("workdays", "[calendar]"),
    ("first_response", "[sla.normal]"),
    ("resolution", "[sla.normal]"),
    ("remind", "[closing]"),
    ("reopen_window", "[closing]"),
    ("message_size", "[limits]"),
    ("per_address", "[limits]"),
    ("per_ticket", "[limits]"),
    ("schedule", "[[summary]]"),
];

/// Words that other programs use for our values.
const VALUES_ELSEWHERE: &[(&str, &str)] = &[
    ("ssl", "implicit"),
    ("tls", "implicit"),
    ("ssl/tls", "implicit"),
    ("imaps", "imap"),
    ("smtps", "smtp"),
    ("off", "none"),
    ("no", "none"),
    ("read", "seen"),
    ("manager", "lead"),
];

/// A member of a list of texts and tables.
pub enum Mixed<'p> {
    /// A text.
    Text(Spanned<String>),
    /// A table.
    Table(Section<'p>),
}

impl<'p> Section<'p> {
    /// The whole file as a section.
    pub fn root(page: &'p Page, table: &'p DeTable<'p>) -> Section<'p> {
        Section { page, table, header: 0..0, name: "this file".into(), asked: Vec::new() }
    }

    /// Where the table begins: the place of "something is missing here".
    pub fn header(&self) -> Range<usize> {
        self.header.clone()
    }

    /// Is the key written, whatever its value?
    pub fn has(&self, key: &str) -> bool {
        self.table.contains_key(key)
    }

    /// The place of a key.
    pub fn key_span(&self, key: &str) -> Range<usize> {
        self.table.get_key_value(key).map_or_else(|| self.header(), |(k, _)| k.span())
    }

    /// The value of a key; remembers that the key is known.
    fn get(&mut self, key: &'static str) -> Option<&'p Spanned<DeValue<'p>>> {
        self.know(key);
        self.table.get(key)
    }

    fn know(&mut self, key: &'static str) {
        if !self.asked.contains(&key) {
            self.asked.push(key);
        }
    }

    fn wrong_kind(&self, value: &Spanned<DeValue<'_>>, key: &str, wanted: &str, example: String) {
        let message = format!("`{key}` must be {wanted}, this is {}", kind(value.get_ref()));
        self.page.complain(value.span(), message, format!("write {example}"));
    }

    /// A text that is not empty.
    pub fn text(&mut self, key: &'static str) -> Option<Spanned<String>> {
        let value = self.get(key)?;
        match value.get_ref() {
            DeValue::String(text) if text.trim().is_empty() => {
                self.page.complain(value.span(), format!("`{key}` is empty"), "write a value or delete the line");
                None
            }
            // A line break in a name or folder would be a header or a command of its own further on.
            DeValue::String(text) if text.trim().contains(char::is_control) => {
                self.page.complain(value.span(), format!("`{key}` holds a line break or control sign"), "write it on one line");
                None
            }
            DeValue::String(text) => Some(Spanned::new(value.span(), text.trim().to_owned())),
            DeValue::Array(_) | DeValue::Table(_) => {
                self.wrong_kind(value, key, "one text", format!("{key} = \"…\""));
                None
            }
            _ => {
                self.wrong_kind(value, key, "a text", format!("{key} = \"{}\"", self.page.piece(value.span())));
                None
            }
        }
    }

    /// A text that must be there; `example` is a whole line to write.
    pub fn required(&mut self, key: &'static str, example: &str) -> Option<Spanned<String>> {
        if !self.has(key) {
            self.know(key);
            self.page.complain(self.header(), format!("{} has no `{key}`", self.name), format!("add a line such as  {example}"));
            return None;
        }
        self.text(key)
    }

    /// A text, number or date, as written, without quotes.
    pub fn scalar(&mut self, key: &'static str) -> Option<Spanned<String>> {
        let value = self.get(key)?;
        match value.get_ref() {
            DeValue::Integer(number) => Some(Spanned::new(value.span(), number.to_string())),
            DeValue::Datetime(moment) => Some(Spanned::new(value.span(), moment.to_string())),
            _ => self.text(key),
        }
    }

    /// A value that a function reads.
    pub fn parsed<T>(&mut self, key: &'static str, read: impl FnOnce(&str) -> Result<T, Trouble>) -> Option<Spanned<T>> {
        let text = self.scalar(key)?;
        self.accept(key, &text, read)
    }

    /// Reads a text that is already there, under the name of its key.
    pub fn accept<T>(&self, key: &str, text: &Spanned<String>, read: impl FnOnce(&str) -> Result<T, Trouble>) -> Option<Spanned<T>> {
        match read(text.get_ref()) {
            Ok(value) => Some(Spanned::new(text.span(), value)),
            Err(trouble) => {
                self.page.complain(text.span(), format!("`{key}`: {}", trouble.message), trouble.help);
                None
            }
        }
    }

    /// The code of a language.
    pub fn language(&mut self) -> Option<Spanned<String>> {
        let code = self.parsed("language", super::value::language)?;
        self.page.names_language(code.span(), code.get_ref());
        Some(code)
    }

    /// One word of a closed set.
    pub fn choice<T: Copy>(&mut self, key: &'static str, set: &[(&'static str, T)]) -> Option<Spanned<T>> {
        self.parsed(key, |text| {
            let found = set.iter().find(|(word, _)| *word == text);
            found.map(|(_, value)| *value).ok_or_else(|| {
                let words: Vec<&str> = set.iter().map(|(word, _)| *word).collect();
                let meant = VALUES_ELSEWHERE.iter().find(|(theirs, ours)| *theirs == text.to_lowercase() && words.contains(ours));
                let help = match meant {
                    Some((_, ours)) => format!("did you mean \"{ours}\"? one of {}", words.join(", ")),
                    None => did_you_mean(text, &words, "one of"),
                };
                Trouble::new(format!("\"{text}\" is not known"), help)
            })
        })
    }

    /// `true` or `false`.
    pub fn flag(&mut self, key: &'static str) -> Option<bool> {
        let value = self.get(key)?;
        if let DeValue::Boolean(flag) = value.get_ref() {
            return Some(*flag);
        }
        self.wrong_kind(value, key, "true or false", format!("{key} = true  or  {key} = false, without quotes"));
        None
    }

    /// A whole number within these bounds.
    pub fn number(&mut self, key: &'static str, bounds: std::ops::RangeInclusive<i64>) -> Option<Spanned<i64>> {
        let value = self.get(key)?;
        let (least, most) = (bounds.start(), bounds.end());
        let DeValue::Integer(number) = value.get_ref() else {
            self.wrong_kind(value, key, "a whole number", format!("{key} = a number from {least} to {most}, without quotes"));
            return None;
        };
        let read = i64::from_str_radix(number.as_str(), number.radix()).ok().filter(|read| bounds.contains(read));
        if read.is_none() {
            let message = format!("`{key}` is out of bounds: {}", self.page.piece(value.span()));
            self.page.complain(value.span(), message, format!("write a number from {least} to {most}"));
        }
        read.map(|read| Spanned::new(value.span(), read))
    }

    /// A list of texts; empty when the key is not written.
    pub fn list(&mut self, key: &'static str) -> Vec<Spanned<String>> {
        let Some(value) = self.get(key) else { return Vec::new() };
        let DeValue::Array(items) = value.get_ref() else {
            self.wrong_kind(value, key, "a list", format!("{key} = [{}]", self.page.piece(value.span())));
            return Vec::new();
        };
        let mut texts = Vec::new();
        for item in items.iter() {
            match item.get_ref() {
                DeValue::String(text) if !text.trim().is_empty() && !text.trim().contains(char::is_control) => {
                    texts.push(Spanned::new(item.span(), text.trim().to_owned()))
                }
                DeValue::Datetime(moment) => texts.push(Spanned::new(item.span(), moment.to_string())),
                _ => self.wrong_kind(item, key, "a list of texts", format!("{key} = [\"…\", \"…\"]")),
            }
        }
        texts
    }

    /// A list of texts and tables.
    pub fn mixed(&mut self, key: &'static str) -> Vec<Mixed<'p>> {
        let Some(value) = self.get(key) else { return Vec::new() };
        let DeValue::Array(items) = value.get_ref() else {
            self.wrong_kind(value, key, "a list", format!("{key} = [{}]", self.page.piece(value.span())));
            return Vec::new();
        };
        let mut found = Vec::new();
        for item in items.iter() {
            match item.get_ref() {
                DeValue::String(text) if !text.trim().is_empty() => {
                    found.push(Mixed::Text(Spanned::new(item.span(), text.trim().to_owned())))
                }
                DeValue::Table(table) => found.push(Mixed::Table(self.inner(table, item.span(), key, format!("`{key}`")))),
                _ => self.wrong_kind(item, key, "a list of texts and tables", format!("{key} = [\"…\", {{ … }}]")),
            }
        }
        found
    }

    /// A list whose members a function reads.
    pub fn parsed_list<T>(&mut self, key: &'static str, read: impl Fn(&str) -> Result<T, Trouble>) -> Vec<Spanned<T>> {
        let texts = self.list(key);
        texts.iter().filter_map(|text| self.accept(key, text, &read)).collect()
    }

    /// A list of lists of texts, as the matrix is one; `None` when not written or not of that shape.
    pub fn rows(&mut self, key: &'static str, example: &str) -> Option<Spanned<Vec<Vec<Spanned<String>>>>> {
        let value = self.get(key)?;
        let row = |value: &Spanned<DeValue<'_>>| {
            let cells = value.get_ref().as_array()?;
            cells.iter().map(|cell| Some(Spanned::new(cell.span(), cell.get_ref().as_str()?.to_owned()))).collect::<Option<Vec<_>>>()
        };
        let rows = value.get_ref().as_array().and_then(|rows| rows.iter().map(row).collect::<Option<Vec<_>>>());
        if rows.is_none() {
            self.wrong_kind(value, key, "a list of lists", format!("{key} = {example}"));
        }
        rows.map(|rows| Spanned::new(value.span(), rows))
    }

    /// A table of this name.
    pub fn table(&mut self, key: &'static str) -> Option<Section<'p>> {
        let value = self.get(key)?;
        let name = if self.name == "this file" { format!("[{key}]") } else { format!("`{key}` of {}", self.name) };
        match value.get_ref() {
            DeValue::Table(table) => Some(self.inner(table, value.span(), key, name)),
            DeValue::Array(_) => {
                self.page.complain(self.key_span(key), format!("there is one {name} only"), format!("write [{key}] with single brackets"));
                None
            }
            _ => {
                self.wrong_kind(value, key, "a table", format!("{key} = {{ … }}  or a section [{key}]"));
                None
            }
        }
    }

    /// Every table of a list: `[[key]]` sections or `key = [{ … }]`.
    pub fn tables(&mut self, key: &'static str) -> Vec<Section<'p>> {
        let Some(value) = self.get(key) else { return Vec::new() };
        let DeValue::Array(items) = value.get_ref() else {
            let help = format!("write [[{key}]] with double brackets; there may be several");
            self.page.complain(self.key_span(key), format!("`{key}` must be a list of tables"), help);
            return Vec::new();
        };
        let mut sections = Vec::new();
        for item in items.iter() {
            match item.get_ref() {
                DeValue::Table(table) => sections.push(self.inner(table, item.span(), key, format!("[[{key}]]"))),
                _ => self.wrong_kind(item, key, "a list of tables", format!("[[{key}]] with double brackets")),
            }
        }
        sections
    }

    /// Every key with its table, for tables whose keys the operator chooses among `known`.
    pub fn named_tables(&mut self, known: &[&'static str]) -> Vec<(&'static str, Section<'p>)> {
        known.iter().filter_map(|key| Some((*key, self.table(key)?))).collect()
    }

    fn inner(&self, table: &'p DeTable<'p>, span: Range<usize>, key: &str, name: String) -> Section<'p> {
        // An implied table (`[sla.high]` implies `[sla]`) has no place of its own.
        let header = if span.is_empty() { self.key_span(key) } else { span };
        Section { page: self.page, table, header, name, asked: Vec::new() }
    }

    /// Complains of every key that nobody asked for.
    pub fn finish(self) {
        for (key, value) in self.table.iter() {
            let word: &str = key.get_ref().as_ref();
            if self.asked.contains(&word) {
                continue;
            }
            if is_secret(word) && matches!(value.get_ref(), DeValue::String(_)) {
                self.page.complain(
                    key.span(),
                    format!("`{word}` stands in clear text; secrets never stand in this file"),
                    "write password_file = \"/etc/postdesk/password\" (mode 600), password_env = \"POSTDESK_PASSWORD\" \
                     or password_command = \"pass show postdesk\"; and change the password, for it has been written down",
                );
                continue;
            }
            let elsewhere = ELSEWHERE.iter().find(|(theirs, ours)| *theirs == word && self.asked.contains(ours)).map(|(_, ours)| *ours);
            let place = PLACES.iter().find(|(key, _)| *key == word).map(|(_, place)| *place);
            let help = match elsewhere {
                None if let Some(place) = place => format!("it belongs into {place}; known here: {}", self.asked.join(", ")),
                Some(ours) => format!("did you mean `{ours}`? Known here: {}", self.asked.join(", ")),
                None => did_you_mean(word, &self.asked, "known here:"),
            };
            self.page.complain(key.span(), format!("unknown key `{word}` in {}", self.name), help);
        }
    }
}

/// Does a key of this name hold a secret in clear text?
fn is_secret(key: &str) -> bool {
    ["password", "passwd", "passphrase", "pwd", "secret", "token", "access_token", "api_key"].contains(&key.to_lowercase().as_str())
}

/// `did you mean …? one of a, b, c`.
pub fn did_you_mean(word: &str, known: &[&str], lead: &str) -> String {
    let all = if known.is_empty() { "none".to_owned() } else { known.join(", ") };
    match nearest(word, known.iter().copied()) {
        Some(near) => format!("did you mean \"{near}\"? {lead} {all}"),
        None => format!("{lead} {all}"),
    }
}

fn kind(value: &DeValue<'_>) -> &'static str {
    match value {
        DeValue::String(_) => "a text",
        DeValue::Integer(_) => "a number",
        DeValue::Float(_) => "a number with a point",
        DeValue::Boolean(_) => "true or false",
        DeValue::Datetime(_) => "a date",
        DeValue::Array(_) => "a list",
        DeValue::Table(_) => "a table",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn secrets_are_starred_out_of_pictures() {
        for (text, hidden) in [
            ("password = \"hunter2\"", "hunter2"),
            ("source = { kind = \"imap\", password = 'hunter2', host = \"h\" }", "hunter2"),
            ("Password=hunter2", "hunter2"),
            ("password = \"\"\"\nhunter2\n\"\"\"", "hunter2"),
            ("password = \"hun\\\"ter2\"", "ter2"),
            ("password_env = \"hunter2!\"", "hunter2"),
            ("password = \"密码hunter2", "hunter2"),
            ("\"password\" = \"hunter2\"", "hunter2"),
        ] {
            let shown = starred(text);
            assert!(!shown.contains(hidden), "{shown}");
            assert_eq!(shown.len(), text.len());
        }
        for open in ["password_file = \"/etc/pw\"", "password_env = \"PW\"", "password_command = \"pass show x\"", "name = \"token\""] {
            assert_eq!(starred(open), open);
        }
    }

    #[test]
    fn spans_point_at_headers_and_values() {
        let text = "x = 1\n[[a]]\nk = 1\n\n[[a]]\n[b.c]\nl = { m = 2 }\n";
        let page = Page::new("t.toml", text);
        let table = page.parse(text).unwrap();
        let mut root = Section::root(&page, &table);
        let headers: Vec<_> = root.tables("a").iter().map(Section::header).collect();
        assert_eq!(headers, [6..11, 19..24]);
        let mut b = root.table("b").unwrap();
        assert!(!b.header().is_empty());
        assert_eq!(text.get(b.table("c").unwrap().header()), Some("[b.c]"));
    }
}
