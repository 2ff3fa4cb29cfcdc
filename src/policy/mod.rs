//! config.toml, rules, templates and articles → one [`Policy`], or everything that is wrong with them; for `run`, `check`,
//! `explain` and reload alike, so that what `check` has passed is what goes live (promise 11). The examples of the rules are run by
//! `check` and before a reload, which has a better set to stay with; a desk that starts only tells of those that fail, since one that
//! judges a mail otherwise than meant is better than none.
//!
//! Files are read once into memory, then judged; a directory that is not there is served by what is built in. Nothing is written
//! but by [`prepare`].

pub mod key;
mod shipped;
mod snapshot;

use std::collections::BTreeSet;
use std::io::ErrorKind;
use std::path::Path;
use std::sync::Arc;

use sha2::{Digest, Sha256};

use crate::config::section::{did_you_mean, starred};
use crate::config::{self, Config};
use crate::domain::canned::{self, Canned};
use crate::domain::complaint::Complaint;
use crate::domain::language;
use crate::domain::policy::{Category, Mailbox, Policy, Team};
use crate::domain::rules::{Names, RuleSet};
use crate::domain::trust::Key;
use crate::kb::{self, Library};
use crate::mail::templates::Templates;
use snapshot::files_in;

pub use snapshot::Snapshot;

/// A policy that may go live.
#[derive(Debug)]
pub struct Loaded {
    /// The config: servers, paths, secrets' places.
    pub config: Config,
    /// What decisions read.
    pub policy: Arc<Policy>,
    /// What mails are made of.
    pub templates: Arc<Templates>,
    /// Articles with their texts.
    pub library: Library,
    /// What works, but hardly as meant.
    pub warnings: Vec<Complaint>,
    /// The files as they were when they were read.
    pub snapshot: Snapshot,
}

/// What `check` found.
#[derive(Debug, Default)]
pub struct Findings {
    /// None of these may go live.
    pub errors: Vec<Complaint>,
    /// These may.
    pub warnings: Vec<Complaint>,
}

/// The config of a desk that has none: for `explain` and `check` of rules alone.
const NO_CONFIG: &str = r#"
mailbox = [{ name = "support", address = "support@desk.example", source = { kind = "maildir", path = "mail" } }]
delivery = { kind = "maildir", path = "sent" }
agent = [{ handle = "agent", name = "Agent", address = "agent@desk.example", role = "lead" }]
"#;

/// A directory that cannot exist, so that no file of the working directory is taken for the desk's.
const NOWHERE: &str = "/dev/null/config.toml";

/// Loads a policy. Writes nothing: where the desk has no key yet, the policy's key is all zeroes, which signs samples well and
/// protects nothing. Whoever receives or sends mail calls [`prepare`] first.
///
/// # Errors
/// Everything that is wrong in the config; where that is sound, everything that is wrong in all other files.
pub fn load(config: &Path) -> Result<Loaded, Vec<Complaint>> {
    let seen = snapshot::stamp(config);
    let text = read_config(config)?;
    let read = config::read(config, &text)?;
    let snapshot = Snapshot::around(seen, &read.config.directories, &read.config.data);
    assemble(read, &text, snapshot, known_names)
}

/// Reads the config alone, for what needs no rules, templates or articles: a broken rule file must not hide tickets or stop mail.
///
/// # Errors
/// Everything that is wrong in it.
pub fn load_config(config: &Path) -> Result<Config, Vec<Complaint>> {
    let text = read_config(config)?;
    config::read(config, &text).map(|read| read.config)
}

/// Reads the config and the articles alone, without a config what is built in.
///
/// # Errors
/// Everything that is wrong in the config; where that is sound, everything that is wrong in the articles.
pub fn load_library(config: Option<&Path>) -> Result<(Config, Library), Vec<Complaint>> {
    let read = match config {
        Some(config) => config::read(config, &read_config(config)?)?,
        None => config::read(Path::new(NOWHERE), NO_CONFIG)?,
    };
    let (config, mut wrong) = (read.config, Vec::new());
    let at = &config.directories;
    let own = read_all(&at.base, &at.kb, "md", &mut wrong);
    let library = articles(own.as_ref(), &config).map_err(|c| wrong.extend(c)).ok();
    wrong.extend(library.iter().flat_map(|library| unknown_playbooks(&config, library)));
    match library {
        Some(library) if wrong.is_empty() => Ok((config, library)),
        _ => Err(wrong.into_iter().map(|c| beside(&at.base, c)).collect()),
    }
}

/// Makes the data directory and the desk's key, where they are not there yet, then loads.
///
/// # Errors
/// As [`load`], and when the directory or the key cannot be made.
pub fn prepare(config: &Path) -> Result<Loaded, Vec<Complaint>> {
    let text = read_config(config)?;
    let read = config::read(config, &text)?;
    let no_data = |e: anyhow::Error| vec![no_data(&read.config.data, &e)];
    let lost = key::lost(&read.config.data);
    let aside = key::set_aside(&read.config.data).map_err(no_data)?;
    key::ensure(&read.config.data).map_err(no_data)?;
    let mut loaded = load(config)?;
    loaded.warnings.extend(lost.into_iter().chain(aside));
    Ok(loaded)
}

/// Loads anew for a desk that runs with the files of this fingerprint, and runs the examples of the rules where a file has changed:
/// a new key does not wait for them.
///
/// # Errors
/// As [`load`], when an example fails, and when the key is gone: with none, everybody could sign.
pub fn reload(config: &Path, live: &str) -> Result<Loaded, Vec<Complaint>> {
    let loaded = load(config)?;
    if loaded.policy.key.is_unset() {
        return Err(vec![key::gone(&loaded.config.data)]);
    }
    let failed = if loaded.policy.fingerprint == live { Vec::new() } else { try_examples(&loaded).errors };
    if failed.is_empty() { Ok(loaded) } else { Err(failed) }
}

/// Runs the examples of the rules: errors; as warnings those that lean on a shipped file which the operator took away.
pub fn try_examples(loaded: &Loaded) -> Findings {
    let gone = shipped::gone(&loaded.config.directories.rules);
    let mut findings = Findings::default();
    for complaint in loaded.policy.rules.run_examples() {
        let complaint = beside(&loaded.config.directories.base, complaint);
        match shipped::leans_on(&complaint, &gone) {
            Some(doubt) => findings.warnings.push(doubt),
            None => findings.errors.push(complaint),
        }
    }
    findings
}

/// The data directory, or the key in it, cannot be made.
fn no_data(data: &Path, error: &anyhow::Error) -> Complaint {
    let kind = error.chain().find_map(|cause| cause.downcast_ref::<std::io::Error>()).map(std::io::Error::kind);
    let help = match kind {
        _ if data.is_file() => {
            "a file stands where the directory should be: move it away, or write another place:  data = \"…\"  in [desk]"
        }
        Some(ErrorKind::StorageFull | ErrorKind::QuotaExceeded) => "make room there, or write another place:  data = \"…\"  in [desk]",
        Some(ErrorKind::ReadOnlyFilesystem) => "the file system is read-only: write another place:  data = \"…\"  in [desk]",
        _ => "make the directory writable for this user, or write another one:  data = \"…\"  in [desk]",
    };
    Complaint::whole(&data.display().to_string(), format!("{error:#}"), help)
}

/// Built-in rules, templates and articles with a desk of example addresses. Reads no file.
///
/// # Errors
/// None in a program that passed its tests.
pub fn builtin() -> Result<Loaded, Vec<Complaint>> {
    let read = config::read(Path::new(NOWHERE), NO_CONFIG)?;
    assemble(read, NO_CONFIG, Snapshot::default(), known_names)
}

/// A policy in which the rules of a directory stand in for the desk's (for what is built in, without a config), to measure them.
/// They may name categories, teams, agents and articles that nobody has configured.
///
/// # Errors
/// As [`load`], and when the directory holds no rules.
pub fn on_trial(config: Option<&Path>, rules: &Path) -> Result<Loaded, Vec<Complaint>> {
    if files_in(rules, "toml").is_none_or(|files| files.is_empty()) {
        let help = "name a directory that holds rule files, *.toml";
        return Err(vec![Complaint::whole(&rules.display().to_string(), "there are no rules here", help)]);
    }
    let (file, text) = match config {
        Some(config) => (config, read_config(config)?),
        None => (Path::new(NOWHERE), NO_CONFIG.to_owned()),
    };
    let mut read = config::read(file, &text)?;
    read.config.directories.rules = rules.to_owned();
    assemble(read, &text, Snapshot::default(), |_, _, _| Names::default())
}

/// Loads, runs the examples of the rules, gathers the warnings.
pub fn check(config: &Path) -> Findings {
    findings(load(config))
}

/// The same for what is built in.
pub fn check_builtin() -> Findings {
    findings(builtin())
}

fn findings(loaded: Result<Loaded, Vec<Complaint>>) -> Findings {
    match loaded {
        Ok(mut loaded) => {
            let Findings { errors, warnings } = try_examples(&loaded);
            loaded.warnings.extend(warnings);
            Findings { errors, warnings: loaded.warnings }
        }
        Err(errors) => Findings { errors, warnings: Vec::new() },
    }
}

fn read_config(config: &Path) -> Result<String, Vec<Complaint>> {
    read_text(config, &config.display().to_string()).map_err(|mut complaint| {
        if config.is_dir() {
            complaint.message = "is a directory".to_owned();
            complaint.help = format!("name the file in it:  -c {}", config.join("config.toml").display());
        } else if !config.exists() {
            complaint.help = "name it with  -c FILE , or go to its directory;  postdesk init DIR  lays out a new desk".to_owned();
        }
        vec![complaint]
    })
}

/// A file's text; `name` is what complaints call it.
fn read_text(path: &Path, name: &str) -> Result<String, Complaint> {
    let bytes = std::fs::read(path)
        .map_err(|e| Complaint::whole(name, format!("cannot be read: {e}"), "look at its name and at who may read it:  ls -l"))?;
    String::from_utf8(bytes).map_err(|e| {
        // What comes before the place is sound, so the place is the same in the text with signs in the stead of wrong bytes.
        let at = e.utf8_error().valid_up_to();
        let shown = starred(&String::from_utf8_lossy(e.as_bytes()));
        let help = "save it as UTF-8; in many editors: Save as, encoding UTF-8";
        Complaint::at(name, &shown, at..at, "this is not UTF-8", help)
    })
}

/// The files of one kind: (name relative to the config's directory, text).
type Files = Vec<(String, String)>;

/// All files of a directory; `None` where there is no such directory.
fn read_all(base: &Path, directory: &Path, extension: &str, wrong: &mut Vec<Complaint>) -> Option<Files> {
    let mut files = Vec::new();
    for path in files_in(directory, extension)? {
        let name = path.strip_prefix(base).unwrap_or(&path).display().to_string();
        match read_text(&path, &name) {
            Ok(text) => files.push((name, text)),
            Err(complaint) => wrong.push(beside(base, complaint)),
        }
    }
    Some(files)
}

/// Says which names rules may use.
type Naming = fn(&Config, Option<&Library>, Option<&Templates>) -> Names;

fn assemble(read: config::Read, config_text: &str, snapshot: Snapshot, naming: Naming) -> Result<Loaded, Vec<Complaint>> {
    let config::Read { config, mut warnings, languages } = read;
    let at = &config.directories;
    let mut wrong = snapshot::unreadable(at);
    wrong.extend(no_directory(&config.data));

    let own_rules = read_all(&at.base, &at.rules, "toml", &mut wrong);
    let own_articles = read_all(&at.base, &at.kb, "md", &mut wrong);
    let own_templates = read_all(&at.base, &at.templates, "md", &mut wrong);
    warn_of_empty(&at.rules, own_rules.as_ref(), &mut warnings);
    warnings.extend(snapshot::strays(at));

    let templates = Templates::load(own_templates.is_some().then_some(at.templates.as_path()));
    let mut collect = |complaints: Vec<Complaint>| wrong.extend(complaints.into_iter().map(|c| beside(&at.base, c)));
    let templates = templates.map_err(&mut collect).ok();
    let library = articles(own_articles.as_ref(), &config).map_err(&mut collect).ok();
    if let Some(library) = &library {
        collect(unknown_playbooks(&config, library));
    }
    let rules = compile(own_rules.as_ref(), &config, &naming(&config, library.as_ref(), templates.as_ref())).map_err(&mut collect).ok();
    let canned = canned(own_templates.as_ref()).map_err(&mut collect).ok();
    let key = key::read(&config.data).map_err(|complaint| wrong.push(complaint)).ok();

    let (Some(templates), Some(library), Some(rules), Some(canned), Some(key), true) =
        (templates, library, rules, canned, key, wrong.is_empty())
    else {
        return Err(wrong);
    };
    warnings.extend(key::warning(&config.data));
    warnings.extend(library.gone.iter().cloned().map(|c| beside(&at.base, c)));
    warnings.extend(shipped::missing(own_rules.as_ref(), &library).into_iter().map(|c| beside(&at.base, c)));
    let spoken = templates.languages();
    let speaks = |code: &str| spoken.iter().any(|spoken| language::same(spoken, code));
    warnings.extend(languages.into_iter().filter(|(code, _)| !speaks(code)).map(|(_, doubt)| doubt));
    warnings.extend(templates.untranslated().iter().map(|(language, stem)| untranslated(&config, language, stem)));
    warnings.extend(one_tongued(&canned, &spoken).map(|(language, name)| {
        let file = config.directories.templates.join(language).join("use").join(format!("{name}.md"));
        let message = format!("is missing: [use={name}] is refused where the requester writes in \"{language}\"");
        Complaint::whole(&file.display().to_string(), message, "write it, beside the one in the other language")
    }));
    let fingerprint = fingerprint(config_text, [own_rules, own_templates, own_articles]);
    let policy = Policy {
        languages: templates.languages(),
        canned: Arc::new(canned),
        ..policy(&config, rules, &library, key.unwrap_or_else(Key::unset), fingerprint)
    };
    Ok(Loaded { policy: Arc::new(policy), templates: Arc::new(templates), library, warnings, snapshot, config })
}

/// A complaint whose file is found from where the operator stands.
fn beside(base: &Path, complaint: Complaint) -> Complaint {
    let path = base.join(&complaint.file);
    if path.exists() { Complaint { file: path.display().to_string(), ..complaint } } else { complaint }
}

/// A file in the place of the data directory.
fn no_directory(data: &Path) -> Option<Complaint> {
    let help = "move it away, or write another place:  data = \"…\"  in [desk]";
    data.is_file().then(|| Complaint::whole(&data.display().to_string(), "is a file, and the desk's data need a directory", help))
}

fn warn_of_empty(directory: &Path, files: Option<&Files>, warnings: &mut Vec<Complaint>) {
    if files.is_some_and(Vec::is_empty) {
        let help = "put a *.toml file there, or delete the directory: the built-in rules serve then";
        warnings.push(Complaint::whole(&directory.display().to_string(), "holds no rules: no ticket is classified", help));
    }
}

fn untranslated(config: &Config, language: &str, stem: &str) -> Complaint {
    let file = config.directories.templates.join(language).join(format!("{stem}.md"));
    let message = format!("is missing: who writes in \"{language}\" gets the plain acknowledgment");
    Complaint::whole(&file.display().to_string(), message, "write it, beside the one in the other language")
}

/// The canned replies that ship, with the operator's in their place and beside them.
fn canned(own: Option<&Files>) -> Result<Vec<Canned>, Vec<Complaint>> {
    let builtin = canned::builtin_files().into_iter().map(|(file, text)| (file, text.to_owned()));
    let own = own.into_iter().flatten().cloned();
    let (mut all, mut wrong) = (Vec::<Canned>::new(), Vec::new());
    for read in builtin.chain(own).filter_map(|(file, text)| Canned::read(&file, &text)) {
        match read {
            Ok(canned) => {
                all.retain(|other| (&other.name, &other.language) != (&canned.name, &canned.language));
                all.push(canned);
            }
            Err(complaints) => wrong.extend(complaints),
        }
    }
    if wrong.is_empty() { Ok(all) } else { Err(wrong) }
}

/// Canned replies that a language lacks which the templates speak: (language, name).
fn one_tongued<'a>(all: &'a [Canned], spoken: &'a [String]) -> impl Iterator<Item = (&'a str, &'a str)> {
    let names: BTreeSet<&str> = all.iter().map(|canned| canned.name.as_str()).collect();
    let lacks = |language: &str, name: &str| !all.iter().any(|canned| canned.name == name && canned.language == language);
    let each = names.into_iter().flat_map(move |name| spoken.iter().map(move |language| (language.as_str(), name)));
    each.filter(move |(language, name)| lacks(language, name))
}

fn articles(own: Option<&Files>, config: &Config) -> Result<Library, Vec<Complaint>> {
    let categories: Vec<&str> = config.categories.iter().map(|c| c.id.as_str()).collect();
    let mut library = match own {
        Some(files) => Library::read(files, &categories)?,
        None => Library::read(&built_in_articles(), &categories)?,
    };
    if let Some(base) = &config.kb_url {
        library.publish(base);
    }
    Ok(library)
}

fn built_in_articles() -> Files {
    kb::BUILT_IN.iter().map(|(name, text)| (format!("kb/{name}"), (*text).to_owned())).collect()
}

/// Built-in rules name built-in articles: where the operator's own serve, a link to one that is gone is simply not sent.
fn compile(own: Option<&Files>, config: &Config, names: &Names) -> Result<RuleSet, Vec<Complaint>> {
    match own {
        Some(files) => RuleSet::compile(files, names, config.threshold),
        None => RuleSet::compile(&RuleSet::builtin_files(), &Names { articles: None, ..names.clone() }, config.threshold),
    }
}

/// What rules may name; `library` and `templates` are `None` where they are broken themselves.
fn known_names(config: &Config, library: Option<&Library>, templates: Option<&Templates>) -> Names {
    Names {
        categories: Some(config.categories.iter().map(|c| c.id.clone()).collect()),
        teams: Some(config.teams.iter().map(|t| t.name.clone()).collect()),
        agents: Some(config.agents.iter().map(|a| a.handle.clone()).collect()),
        approvers: Some(approvers(config)),
        articles: library.map(|library| {
            // Shipped ones may be named also where they are gone; that is worth a warning.
            let own = library.cards.iter().map(|article| article.id.clone());
            own.chain(shipped::articles().map(str::to_owned)).collect()
        }),
        templates: templates.map(Templates::acknowledgments),
        checklists: config.categories.iter().map(|c| (c.id.clone(), c.checklist.clone())).collect(),
    }
}

/// What a rule's `approval` may name: approvers, and categories that one of them has in scope.
fn approvers(config: &Config) -> BTreeSet<String> {
    let in_scope = |id: &&String| config.approvers.iter().any(|a| a.scope.is_empty() || a.scope.contains(id));
    let handles = config.approvers.iter().map(|a| &a.handle);
    handles.chain(config.categories.iter().map(|c| &c.id).filter(in_scope)).cloned().collect()
}

/// A category's playbook is an article.
fn unknown_playbooks(config: &Config, library: &Library) -> Vec<Complaint> {
    let known: Vec<&str> = library.cards.iter().map(|a| a.id.as_str()).collect();
    let unknown = config.categories.iter().filter_map(|c| Some((c, c.playbook.as_deref().filter(|p| !known.contains(p))?)));
    unknown
        .map(|(category, playbook)| {
            let message = format!("category \"{}\": there is no article \"{playbook}\" for `playbook`", category.id);
            Complaint::whole(&config.file.display().to_string(), message, did_you_mean(playbook, &known, "known:"))
        })
        .collect()
}

/// SHA-256 over version, names and contents, each framed by its length; 16 hex digits. Built-in files change with the version.
fn fingerprint(config: &str, kinds: [Option<Files>; 3]) -> String {
    let mut hash = Sha256::new();
    let mut add = |part: &str| {
        hash.update((part.len() as u64).to_be_bytes());
        hash.update(part.as_bytes());
    };
    add(env!("CARGO_PKG_VERSION"));
    add(config);
    for files in kinds {
        add(if files.is_some() { "own" } else { "built in" });
        for (name, text) in files.iter().flatten() {
            add(name);
            add(text);
        }
    }
    let digest: Vec<u8> = hash.finalize().iter().take(8).copied().collect();
    data_encoding::HEXLOWER.encode(&digest)
}

fn policy(config: &Config, rules: RuleSet, library: &Library, key: Key, fingerprint: String) -> Policy {
    let mailbox = |m: &config::Mailbox| Mailbox {
        name: m.name.clone(),
        address: m.address.clone(),
        aliases: m.aliases.clone(),
        via_lists: m.via_lists.clone(),
        language: m.language.clone(),
        plus_addresses: m.plus_addresses,
    };
    let team = |t: &config::Team| Team { name: t.name.clone(), address: t.address.clone(), lead: t.lead.clone(), default: t.default };
    let category =
        |c: &config::Category| Category { id: c.id.clone(), names: c.names.clone(), team: c.team.clone(), playbook: c.playbook.clone() };
    Policy {
        desk: config.desk.clone(),
        mailboxes: config.mailboxes.iter().map(mailbox).collect(),
        teams: config.teams.iter().map(team).collect(),
        agents: config.agents.clone(),
        approvers: config.approvers.clone(),
        categories: config.categories.iter().map(category).collect(),
        matrix: config.matrix.clone(),
        rules: Arc::new(rules),
        articles: Arc::clone(&library.cards),
        search: Arc::new(kb::Index::of(library)),
        canned: Arc::default(),
        calendar: config.calendar.clone(),
        sla: config.sla.clone(),
        closing: config.closing,
        limits: config.limits.clone(),
        summaries: config.summaries.clone(),
        authserv_ids: config.trust.authserv_ids.clone(),
        internal: config.trust.internal.clone(),
        languages: Vec::new(),
        key,
        fingerprint,
    }
}

#[cfg(test)]
mod tests;
