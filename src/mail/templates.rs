//! `templates/<lang>/<name>.md`: Handlebars over Markdown, one file for the plain and the HTML part.
//!
//! The first line is `Subject: …`, the second is blank, the rest is the body. A template is run and its Markdown parsed once for all facts
//! of one shape (`mold`); both parts are written in one pass over that (`markdown`). The layout around both parts is here and the same for
//! all: no colours of its own, so that dark mode works by itself, and no width, so that a phone does.
//!
//! - `{{name}}`: a fact, on one line, never Markdown, HTML or a link; in the Subject cut and without links (`escape`).
//! - `{{relay words}}`: a text of one of ours, line by line as written; http(s) addresses are links.
//! - `{{verbatim text}}`: the same for a stranger's text; nothing is a link.
//! - `{{desk}}` is the desk's name. The `Ref:` line and the end of a notification are added behind the template.

mod check;
mod escape;
mod html;
mod markdown;
mod mold;
mod slip;

use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use anyhow::Context as _;
use handlebars::{Context, Handlebars, Helper, HelperDef, HelperResult, Output, RenderContext, RenderError, RenderErrorReason, Template};
use serde_json::Value;

use crate::domain::complaint::{Complaint, nearest};
use crate::domain::facts::{Facts, NOTICE_END};
use crate::domain::language::{self, is_chinese};
use crate::domain::message::TemplateName;
use crate::domain::text;
use check::Piece;
use mold::{Compared, Mold, Molds, Shape};

/// The languages that ship.
const LANGUAGES: [&str; 2] = ["en", "zh"];

/// Longest Subject line, characters: two facts and some words.
const SUBJECT_LIMIT: usize = 250;

macro_rules! shipped {
    ($($name:ident = $stem:literal),+ $(,)?) => {
        /// The text of a template that ships, and the name that complaints give it.
        fn shipped(name: TemplateName, language: &str) -> (&'static str, &'static str) {
            match (name, language) {
                $((TemplateName::$name, "zh") => (concat!("templates/zh/", $stem, ".md"), include_str!(concat!("../../templates/zh/", $stem, ".md"))),)+
                $((TemplateName::$name, _) => (concat!("templates/en/", $stem, ".md"), include_str!(concat!("../../templates/en/", $stem, ".md"))),)+
            }
        }
    };
}

shipped! {
    Ack = "ack",
    Reply = "reply",
    Update = "update",
    Resolved = "resolved",
    Closed = "closed",
    AgentNew = "agent_new",
    AgentFollowup = "agent_followup",
    AgentReceipt = "agent_receipt",
    AgentError = "agent_error",
    TooLarge = "too_large",
    Summary = "summary",
    Help = "help",
    Quarantined = "quarantined",
    Approval = "approval",
    Reminder = "reminder",
    Consult = "consult",
    Confirm = "confirm",
}

/// Every template in every language, compiled.
#[derive(Debug)]
pub struct Templates {
    subjects: Handlebars<'static>,
    bodies: Handlebars<'static>,
    /// By name.
    compared: BTreeMap<String, Compared>,
    molds: Molds,
}

/// Which half of a template failed.
enum Unfit {
    Subject(RenderError),
    Body(RenderError),
}

impl Unfit {
    fn into_error(self) -> RenderError {
        match self {
            Unfit::Subject(error) | Unfit::Body(error) => error,
        }
    }
}

/// A rendered mail, before MIME.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Rendered {
    /// Stem of the file that it was written from.
    pub template: String,
    /// One line.
    pub subject: String,
    /// Plain part.
    pub text: String,
    /// HTML part.
    pub html: String,
}

impl Templates {
    fn empty() -> Templates {
        Templates { subjects: registry(), bodies: registry(), compared: BTreeMap::new(), molds: Molds::default() }
    }

    /// The templates that ship, as files: `templates/en/ack.md` and its text.
    pub fn builtin_files() -> Vec<(String, &'static str)> {
        let every = LANGUAGES.iter().flat_map(|language| TemplateName::ALL.map(|name| shipped(name, language)));
        every.map(|(file, text)| (file.to_owned(), text)).collect()
    }

    /// The built-in templates, with those of `dir` (`templates/`) in their place; every one is rendered with sample facts.
    ///
    /// # Errors
    /// Every complaint about every file.
    pub fn load(dir: Option<&Path>) -> Result<Templates, Vec<Complaint>> {
        let mut templates = Templates::empty();
        let mut complaints = Vec::new();
        let own = dir.map_or_else(Vec::new, |dir| files(dir, &mut complaints));
        let replaced = |language: &str, name: TemplateName| own.iter().any(|f| f.language == language && f.stem == name.as_str());
        let samples = Samples::default();
        for (language, name) in LANGUAGES.iter().flat_map(|l| TemplateName::ALL.iter().map(move |n| (*l, *n))) {
            if !replaced(language, name) {
                let (file, text) = shipped(name, language);
                complaints.extend(templates.add(language, name, name.as_str(), file, text, &samples).err().into_iter().flatten());
            }
        }
        for own in &own {
            let added = templates.add(&own.language, own.name, &own.stem, &own.file, &own.text, &samples);
            complaints.extend(added.err().into_iter().flatten());
        }
        if complaints.is_empty() { Ok(templates) } else { Err(complaints) }
    }

    /// Every language that has an acknowledgment of its own, sorted.
    pub fn languages(&self) -> Vec<String> {
        let ending = format!("/{}", TemplateName::Ack.as_str());
        let mut languages: Vec<String> =
            self.bodies.get_templates().keys().filter_map(|key| Some(key.strip_suffix(&ending)?.to_owned())).collect();
        languages.sort();
        languages
    }

    /// What a rule's `template` may name: the acknowledgment and its variants in any language, sorted.
    pub fn acknowledgments(&self) -> BTreeSet<String> {
        let stems = self.bodies.get_templates().keys().filter_map(|key| key.split_once('/')).map(|(_, stem)| stem);
        stems.filter(|stem| TemplateName::parse(stem) == Some(TemplateName::Ack)).map(str::to_owned).collect()
    }

    /// Variants that a language lacks whose acknowledgment is spoken all the same: (language, stem).
    pub fn untranslated(&self) -> Vec<(String, String)> {
        let spoken = self.languages();
        let lacking = |stem: String| {
            let lacks = spoken.iter().filter(|language| !self.bodies.has_template(&format!("{language}/{stem}")));
            lacks.map(|language| (language.clone(), stem.clone())).collect::<Vec<_>>()
        };
        self.acknowledgments().into_iter().flat_map(lacking).collect()
    }

    /// Compiles one file and tries it with the facts of its template.
    fn add(
        &mut self,
        language: &str,
        name: TemplateName,
        stem: &str,
        file: &str,
        text: &str,
        samples: &Samples,
    ) -> Result<(), Vec<Complaint>> {
        let (subject, body) = split(file, text).map_err(|complaint| vec![complaint])?;
        let facts = samples.united(name);
        let key = format!("{language}/{stem}");
        let mut compared = Compared::default();
        for (piece, registry) in [(subject, &mut self.subjects), (body, &mut self.bodies)] {
            let template = Template::compile(piece.piece).map_err(|e| vec![piece.syntax(&e)])?;
            check::walk(&template, piece, facts, &mut compared)?;
            registry.register_template(&key, template);
        }
        self.compared.insert(key.clone(), compared);
        for sample in samples.of(name, language) {
            let values = values(sample, "Desk").map_err(|e| vec![Complaint::whole(file, e.to_string(), "")])?;
            let mold = self.mold(&key, &values, &self.shape(&key, &values));
            let mold = mold.map_err(|unfit| match unfit {
                Unfit::Subject(e) => vec![subject.render(&e)],
                Unfit::Body(e) => vec![body.render(&e)],
            })?;
            if let Some(tag) = markdown::raw_html(&mold.body) {
                return Err(vec![body.html(&tag)]);
            }
        }
        Ok(())
    }

    fn shape<'v>(&'v self, key: &str, values: &'v Value) -> Shape<'v> {
        static NOTHING: Compared = Compared { any: false, literals: BTreeSet::new() };
        Shape::of(key, values, self.compared.get(key).unwrap_or(&NOTHING))
    }

    /// Runs a template over facts that are slots.
    fn mold(&self, key: &str, values: &Value, shape: &Shape<'_>) -> Result<Mold, Unfit> {
        let mut context = Context::null();
        *context.data_mut() = shape.outline(values);
        let subject = self.subjects.render_with_context(key, &context).map_err(Unfit::Subject)?;
        let body = self.bodies.render_with_context(key, &context).map_err(Unfit::Body)?;
        Ok(Mold { subject, body: markdown::parse(&body) })
    }

    /// The stem of the file from which [`Templates::render`] writes.
    pub fn stem(&self, facts: &Facts, variant: Option<&str>, language: &str) -> String {
        self.find(language, facts.template(), variant).1.to_owned()
    }

    /// Renders facts in a language: from the operator's variant where the language has it, else from the template itself, else from
    /// the English one. `desk` is the desk's name, `reference` the token of the `Ref:` line (empty where there is none).
    ///
    /// # Errors
    /// A sentence that names template and place; cannot happen for templates that passed [`Templates::load`] with sound facts.
    pub fn render(&self, facts: &Facts, variant: Option<&str>, language: &str, desk: &str, reference: &str) -> anyhow::Result<Rendered> {
        let name = facts.template();
        let (language, stem) = self.find(language, name, variant);
        let key = format!("{language}/{stem}");
        let values = values(facts, desk)?;
        let shape = self.shape(&key, &values);
        let mold = self.molds.get(&shape, || self.mold(&key, &values, &shape));
        let mold = mold.map_err(Unfit::into_error).with_context(|| format!("template {key}"))?;
        let mut parts = markdown::render(&mold.body, shape.facts());
        let mut last = Vec::new();
        if to_agents(name) {
            last.push(NOTICE_END.to_owned());
        }
        if !reference.is_empty() {
            last.push(format!("Ref: {reference}"));
        }
        if !last.is_empty() {
            parts.text.push_str("\n\n");
            parts.text.push_str(&last.join("\n"));
        }
        let html = page(language, &parts.html, &last.join("<br>\n"));
        parts.text.push('\n');
        Ok(Rendered { template: stem.to_owned(), subject: one_line(&subject(&mold, shape.facts())), text: parts.text, html })
    }

    /// Language and stem of the file to write from. The reader's language (itself, or its primary subtag, `zh` for `zh-TW`) counts for
    /// more than the variant.
    fn find<'l>(&self, language: &'l str, name: TemplateName, variant: Option<&'l str>) -> (&'l str, &'l str) {
        let primary = if is_chinese(language) { "zh" } else { language::primary(language) };
        let variant = variant.filter(|stem| TemplateName::parse(stem) == Some(name));
        let stems = || variant.into_iter().chain([name.as_str()]);
        let wanted = [language, primary].into_iter().flat_map(|language| stems().map(move |stem| (language, stem)));
        let english = stems().map(|stem| ("en", stem));
        wanted
            .chain(english)
            .find(|(language, stem)| self.bodies.has_template(&format!("{language}/{stem}")))
            .unwrap_or(("en", name.as_str()))
    }
}

/// Mail to agents, leads and approvers: it ends in [`NOTICE_END`].
fn to_agents(name: TemplateName) -> bool {
    use TemplateName::{AgentError, AgentFollowup, AgentNew, AgentReceipt, Approval, Confirm, Help, Quarantined, Summary};
    matches!(name, Approval | AgentNew | AgentFollowup | AgentReceipt | AgentError | Confirm | Help | Summary | Quarantined)
}

fn registry() -> Handlebars<'static> {
    let mut registry = Handlebars::new();
    registry.set_strict_mode(true);
    // What it is told are slots; facts are escaped where they fill these.
    registry.register_escape_fn(handlebars::no_escape);
    registry.register_helper("relay", Box::new(Mark(markdown::RELAY)));
    registry.register_helper("verbatim", Box::new(Mark(markdown::VERBATIM)));
    registry
}

/// `{{relay words}}`, `{{verbatim text}}`: a mark before the slot.
struct Mark(char);

impl HelperDef for Mark {
    fn call<'reg: 'rc, 'rc>(
        &self,
        h: &Helper<'rc>,
        _: &'reg Handlebars<'reg>,
        _: &'rc Context,
        _: &mut RenderContext<'reg, 'rc>,
        out: &mut dyn Output,
    ) -> HelperResult {
        let slot = h.param(0).and_then(|p| p.value().as_str()).ok_or(RenderErrorReason::ParamNotFoundForIndex("relay", 0))?;
        // What is no slot is nothing, or a word of the template's own.
        if mold::is_slot(slot) {
            out.write(self.0.encode_utf8(&mut [0; 4]))?;
        }
        Ok(out.write(slot)?)
    }
}

fn values(facts: &Facts, desk: &str) -> anyhow::Result<Value> {
    let mut values = serde_json::to_value(facts)?;
    if let Some(values) = values.as_object_mut() {
        values.insert("desk".into(), Value::String(desk.to_owned()));
    }
    Ok(values)
}

/// A Subject with its slots filled.
fn subject(mold: &Mold, facts: &[Cow<'_, str>]) -> String {
    let fact = |c| mold::fact(facts, c);
    let mut filled = mold.subject.chars().filter_map(fact).map(escape::subject);
    let words = mold.subject.split(|c| fact(c).is_some());
    let pieces: Vec<String> = words.flat_map(|words| std::iter::once(words.to_owned()).chain(filled.next())).collect();
    text::joined(&pieces.iter().map(String::as_str).collect::<Vec<_>>())
}

/// The HTML part: the layout that all mails share. Colours are the reader's own, so that dark mode needs nothing.
fn page(language: &str, body: &str, last: &str) -> String {
    let (begin, end) = if last.is_empty() { ("", "") } else { ("<p style=\"color:#808080;font-size:12px\">", "</p>\n") };
    [
        "<!DOCTYPE html>\n<html lang=\"",
        language,
        "\"><head><meta charset=\"utf-8\"><meta name=\"viewport\" content=\"width=device-width,initial-scale=1\">\
         <meta name=\"color-scheme\" content=\"light dark\"></head>\n\
         <body style=\"margin:0;padding:16px;font:16px/1.5 sans-serif\"><div style=\"max-width:42em;overflow-wrap:anywhere\">\n",
        body,
        begin,
        last,
        end,
        "</div></body></html>\n",
    ]
    .concat()
}

/// A Subject line: one line, no control characters, not endless.
fn one_line(subject: &str) -> String {
    let words: Vec<&str> = subject.split(|c: char| c.is_whitespace() || c.is_control()).filter(|w| !w.is_empty()).collect();
    let mut line = words.join(" ");
    // An agent's own subject may be an answer already.
    while let Some(rest) = line.strip_prefix("Re: ").filter(|rest| rest.starts_with("Re: ")) {
        line = rest.to_owned();
    }
    line.chars().take(SUBJECT_LIMIT).collect()
}

/// A template file taken apart: its Subject and its body.
fn split<'a>(file: &'a str, text: &'a str) -> Result<(Piece<'a>, Piece<'a>), Complaint> {
    const SHAPE: &str = "The first line is \"Subject: …\", the second is blank, then comes the text";
    let (first, rest) = text.split_once('\n').unwrap_or((text, ""));
    let Some(subject) = first.strip_prefix("Subject:").filter(|s| !s.trim().is_empty()) else {
        return Err(Complaint::at(file, text, 0..first.len(), "the first line is no Subject", SHAPE));
    };
    let (second, _) = rest.split_once('\n').unwrap_or((rest, ""));
    let start = first.len() + 1;
    if !second.trim().is_empty() {
        return Err(Complaint::at(file, text, start..start + second.len(), "the second line is not blank", SHAPE));
    }
    if rest.trim().is_empty() {
        return Err(Complaint::at(file, text, 0..0, "there is no text below the Subject", SHAPE));
    }
    let begin = first.len() - subject.len();
    Ok((Piece { file, text, start: begin, piece: subject }, Piece { file, text, start, piece: rest }))
}

/// A template file of the operator.
struct Own {
    language: String,
    /// The template that it replaces or varies: these facts it is told.
    name: TemplateName,
    stem: String,
    file: String,
    text: String,
}

/// The files of `templates/<lang>/*.md`, in name order.
fn files(dir: &Path, complaints: &mut Vec<Complaint>) -> Vec<Own> {
    let mut found = Vec::new();
    let base = dir.file_name().map_or_else(|| "templates".to_owned(), |n| n.to_string_lossy().into_owned());
    for language in listing(dir, &base, complaints) {
        let folder = dir.join(&language);
        if language.starts_with('.') || !folder.is_dir() {
            continue;
        }
        let shown = format!("{base}/{language}");
        let tag = language.split('-').all(|part| (2..=8).contains(&part.len()) && part.bytes().all(|b| b.is_ascii_alphanumeric()));
        if !tag {
            complaints.push(Complaint::whole(
                &shown,
                format!("\"{language}\" is no language"),
                "Directories are named en, zh, de, pt-BR, …",
            ));
            continue;
        }
        for file in listing(&folder, &shown, complaints) {
            let shown = format!("{shown}/{file}");
            let Some(stem) = file.strip_suffix(".md").filter(|stem| !stem.starts_with('.')) else { continue };
            let Some(name) = TemplateName::parse(stem) else {
                let names = TemplateName::ALL.map(TemplateName::as_str);
                let all = || format!("There are: {}; an acknowledgment for a rule is named ack-….md", names.join(", "));
                let help = nearest(stem, names).map_or_else(all, |n| format!("Did you mean {n}.md?"));
                complaints.push(Complaint::whole(&shown, format!("no mail is named \"{stem}\""), help));
                continue;
            };
            match std::fs::read(folder.join(&file)).map(String::from_utf8) {
                Ok(Ok(text)) => {
                    let text = text.trim_start_matches('\u{FEFF}').replace("\r\n", "\n");
                    found.push(Own { language: language.clone(), name, stem: stem.to_owned(), file: shown, text });
                }
                Ok(Err(_)) => complaints.push(Complaint::whole(&shown, "is not UTF-8", "Save it as UTF-8")),
                Err(error) => complaints.push(Complaint::whole(&shown, format!("cannot be read: {error}"), "")),
            }
        }
    }
    found
}

fn listing(dir: &Path, shown: &str, complaints: &mut Vec<Complaint>) -> Vec<String> {
    let entries = std::fs::read_dir(dir).and_then(|entries| {
        entries.map(|entry| entry.map(|e| e.file_name().to_string_lossy().into_owned())).collect::<std::io::Result<Vec<String>>>()
    });
    match entries {
        Ok(mut names) => {
            names.sort();
            names
        }
        Err(error) => {
            complaints.push(Complaint::whole(shown, format!("cannot be read: {error}"), ""));
            Vec::new()
        }
    }
}

/// Sample facts, and for each template all of them as one.
struct Samples {
    by_language: Vec<(&'static str, Vec<Facts>)>,
    united: BTreeMap<TemplateName, Value>,
}

impl Default for Samples {
    fn default() -> Samples {
        let by_language: Vec<(&str, Vec<Facts>)> = LANGUAGES.iter().map(|l| (*l, Facts::samples(l))).collect();
        let mut united: BTreeMap<TemplateName, Value> = BTreeMap::new();
        for facts in by_language.iter().flat_map(|(_, samples)| samples) {
            if let Ok(values) = values(facts, "Desk") {
                check::unite(united.entry(facts.template()).or_default(), &values);
            }
        }
        Samples { by_language, united }
    }
}

impl Samples {
    fn united(&self, name: TemplateName) -> &Value {
        self.united.get(&name).unwrap_or(&Value::Null)
    }

    /// The samples of a template, in a language that has some.
    fn of(&self, name: TemplateName, language: &str) -> impl Iterator<Item = &Facts> {
        let own = self.by_language.iter().find(|(l, _)| language::same(l, language)).or(self.by_language.first());
        own.into_iter().flat_map(|(_, samples)| samples).filter(move |facts| facts.template() == name)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Loads one file in place of the built-in one and returns what is said about it.
    fn complaints(name: &str, text: &str) -> Vec<String> {
        let samples = Samples::default();
        let mut templates = Templates::empty();
        let name = TemplateName::ALL.into_iter().find(|n| n.as_str() == name).unwrap();
        let found = templates.add("en", name, name.as_str(), "t.md", text, &samples).err().unwrap_or_default();
        found.iter().map(|c| format!("{}:{} {} {} | {}", c.line, c.column, c.width, c.message, c.help)).collect()
    }

    #[test]
    fn mistakes_are_found_where_they_stand() {
        for (text, wanted) in [
            ("Hello\n\nx", "1:1 5 the first line is no Subject"),
            ("Subject: x\nHello", "2:1 5 the second line is not blank"),
            ("Subject: x\n\n", "1:1 1 there is no text"),
            ("Subject: {{ticket.tga}}\n\nx", "1:12 10 nothing is named \"tga\" here | Did you mean \"tag\"?"),
            ("Subject: x\n\na\n  {{#if artcles}}y{{/if}}", "4:9 7 nothing is named \"artcles\" here | Did you mean \"articles\"?"),
            ("Subject: x\n\n{{#each articles}}\n- {{titel}}\n{{/each}}", "4:5 5 nothing is named \"titel\" here | Did you mean \"title\"?"),
            ("Subject: x\n\n{{#each articles}}{{../ticket.nmber}}{{/each}}", "3:21 15 nothing is named \"nmber\""),
            ("Subject: x\n\n{{#if missing}}a{{else if tcket}}b{{/if}}", "3:27 5 nothing is named \"tcket\""),
            ("Subject: x\n\n{{#if (eq ticket.numbr 1)}}b{{/if}}", "3:11 12 nothing is named \"numbr\""),
            ("Subject: x\n\n好 {{{ticket.tag}}}", "3:3 2 a fact is always escaped"),
            ("Subject: x\n\n{{> foot}}", "3:1 2 partials"),
            ("Subject: x\n\n{{ticket}}", "3:3 6 \"ticket\" is not one text but a group of facts"),
            ("Subject: x\n\n{{#each ticket.tag}}x{{/each}}", "3:9 10 {{#each}} needs a list"),
            ("Subject: x\n\n{{upper ticket.tag}}", "3:3 5 no helper is named \"upper\""),
            ("Subject: x\n\n{{relay wrds}}", "3:3 5 {{relay …}} takes the name of one text of the mail | One of: answer_by, desk"),
            ("Subject: x\n\na <b>x</b>", "3:3 3 HTML would show as text: <b>"),
            ("Subject: x\n\n{{#if missing}}\nx", "3:1 15 {{#if …}} is never closed | write {{/if}} where it ends"),
            ("Subject: x\n\n{{#if missing}}x{{/each}}", "3:17 9 {{#if}} is closed by {{/each}} | write {{/if}} here"),
            ("Subject: x\n\n{{ticket.}}", "3:1 11 \"ticket.\" is no name"),
            ("Subject: x\n\n{{a b=}}", "this tag cannot be read"),
        ] {
            let found = complaints("ack", text);
            assert!(found.first().is_some_and(|c| c.contains(wanted)), "{text:?}\n{wanted}\n{found:#?}");
        }
        // Not always there: found by rendering the sample without a ticket.
        let found = complaints("help", "Subject: x\n\na\nb {{ticket.tag}}");
        assert!(found[0].starts_with("4:"), "{found:?}");
        assert!(complaints("ack", "Subject: x\n\n{{#with ticket}}{{tag}} {{../desk}} {{@root.ticket.tag}}{{/with}}").is_empty());
    }

    #[test]
    fn files_replace_and_add() {
        let dir = std::env::temp_dir().join(format!("postdesk-templates-{}", std::process::id()));
        let write = |path: &str, text: &str| {
            let file = dir.join(path);
            std::fs::create_dir_all(file.parent().unwrap()).unwrap();
            std::fs::write(file, text).unwrap();
        };
        write("de/ack.md", "\u{FEFF}Subject: {{ticket.tag}} {{ticket.subject}}\r\n\r\nGuten Tag,\r\n\r\nIhre Nachricht ist da.\r\n");
        write("en/ack.md", "Subject: {{ticket.tag}}\n\nMine.\n");
        write("en/README.txt", "not a template");
        let templates = Templates::load(Some(&dir)).unwrap();
        let facts = &Facts::samples("en")[0];
        assert_eq!(templates.render(facts, None, "de-AT", "IT", "").unwrap().text, "Guten Tag,\n\nIhre Nachricht ist da.\n");
        assert_eq!(templates.render(facts, None, "fr", "IT", "pd.1").unwrap().text, "Mine.\n\nRef: pd.1\n");
        for chinese in ["zh-CN", "zh_TW", "ZH"] {
            assert!(templates.render(facts, None, chinese, "IT", "").unwrap().text.contains("您好"), "{chinese}");
        }
        write("en/ack-outage.md", "Subject: {{ticket.tag}}\n\nWe know of it.\n");
        write("zh/ack-outage.md", "Subject: {{ticket.tag}}\n\n故障处理中。\n");
        let templates = Templates::load(Some(&dir)).unwrap();
        let outage = |language: &str| templates.render(facts, Some("ack-outage"), language, "IT", "").unwrap();
        assert_eq!((outage("en").text.as_str(), outage("en").template.as_str()), ("We know of it.\n", "ack-outage"));
        assert_eq!(outage("zh-TW").text, "故障处理中。\n");
        assert_eq!((outage("fr").text.as_str(), outage("de").template.as_str()), ("We know of it.\n", "ack"));
        let update = Facts::samples("en").into_iter().find(|f| f.template() == TemplateName::Update).unwrap();
        assert_eq!(templates.render(&update, Some("ack-outage"), "en", "IT", "").unwrap().template, "update");
        assert_eq!(templates.acknowledgments().into_iter().collect::<Vec<_>>(), ["ack", "ack-outage"]);
        assert_eq!(templates.untranslated(), [("de".to_owned(), "ack-outage".to_owned())]);
        write("en/ack-outage.md", "Subject: x\n\n{{words}}");
        write("en/akc.md", "Subject: x\n\ny");
        write("en/help.md", "Subject: x\n\n{{agnt}}");
        write("en/update.md", "no");
        let found = Templates::load(Some(&dir)).unwrap_err();
        std::fs::remove_dir_all(&dir).unwrap();
        let base = dir.file_name().unwrap().to_str().unwrap();
        let places: Vec<String> = found.iter().map(|c| format!("{}:{}:{}", c.file.replace(base, "templates"), c.line, c.column)).collect();
        assert_eq!(
            places,
            ["templates/en/akc.md:1:1", "templates/en/ack-outage.md:3:3", "templates/en/help.md:3:3", "templates/en/update.md:1:1"]
        );
        assert_eq!(found[0].help, "Did you mean ack.md?");
    }

    #[test]
    fn every_sample_renders_and_nothing_breaks_out() {
        let templates = Templates::load(None).unwrap_or_else(|c| panic!("{}", c.iter().map(ToString::to_string).collect::<String>()));
        for language in LANGUAGES {
            for facts in Facts::samples(language) {
                let mail = templates.render(&facts, None, language, "IT", "pd.1042.0.abc").unwrap();
                let all = format!("{}\n{}\n{}", mail.subject, mail.text, mail.html);
                assert!(!all.contains("\n\n\n"), "{all}");
                assert!(!all.chars().any(|c| matches!(u32::from(c), 0xF_0000..=0xF_FFFF)), "{all}");
                assert!(!mail.html.contains("<script") && !mail.html.contains("href=\"http://evil"), "{}", mail.html);
                assert!(!mail.subject.contains("://") && mail.subject.chars().count() < 100, "{}", mail.subject);
                assert!(mail.text.ends_with("\nRef: pd.1042.0.abc\n"), "{}", mail.text);
                assert_eq!(mail.text.contains(NOTICE_END), to_agents(facts.template()));
                if facts.template() == TemplateName::Ack {
                    assert!(!mail.text.contains("VPN drops") && !mail.text.contains("script"), "{}", mail.text);
                }
            }
        }
    }
}
