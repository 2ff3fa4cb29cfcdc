//! The pages do not rot: what they tell people to type is understood, what they point to is there, what they call a setting is one.

use std::path::{Path, PathBuf};

use clap::{CommandFactory, Parser};
use postdesk::cli::Arguments;
use postdesk::domain::tags::TAGS;
use postdesk::policy;

use crate::common::Scratch;

fn root() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
}

fn read(path: &Path) -> String {
    std::fs::read_to_string(path).unwrap_or_else(|e| panic!("{}: {e}", path.display()))
}

/// Every page for readers, with its text.
fn pages() -> Vec<(PathBuf, String)> {
    fn below(dir: &Path, found: &mut Vec<PathBuf>) {
        for entry in std::fs::read_dir(dir).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                below(&path, found);
            } else if path.extension().is_some_and(|e| e == "md") {
                found.push(path);
            }
        }
    }
    let mut found = vec![root().join("README.md"), root().join("README.zh.md"), root().join("CHANGELOG.md")];
    below(&root().join("docs"), &mut found);
    found.sort();
    assert!(found.len() > 10, "{found:?}");
    found.into_iter().map(|path| (path.clone(), read(&path))).collect()
}

/// The code of a page: the lines of its blocks and its inline spans, each with its line number.
pub fn code(page: &str) -> Vec<(usize, String)> {
    let mut found = Vec::new();
    let mut fenced = false;
    for (number, line) in page.lines().enumerate().map(|(i, l)| (i + 1, l)) {
        let bare = line.trim_start();
        if bare.starts_with("```") {
            fenced = !fenced;
        } else if fenced || line.starts_with("    ") {
            found.push((number, bare.to_owned()));
        } else {
            found.extend(line.split('`').skip(1).step_by(2).map(|span| (number, span.to_owned())));
        }
    }
    found
}

/// The arguments of a call of `postdesk` in a line of code, if there is one.
pub fn call(line: &str) -> Option<Vec<String>> {
    let cargo = line.split_once("cargo run --release -- ").map(|(_, rest)| rest);
    let shell = || {
        let by_path = line.split_once("/bin/postdesk ").map(|(_, rest)| rest);
        let by_name = || line.strip_prefix("sudo -u postdesk ").unwrap_or(line).strip_prefix("postdesk ");
        by_path.or_else(by_name)
    };
    let rest = cargo.or_else(shell)?;
    // A service of master.cf is called so too.
    if rest.starts_with("unix ") {
        return None;
    }
    let end = ["  ", " <", " >", " |", " #"].iter().filter_map(|mark| rest.find(mark)).min().unwrap_or(rest.len());
    Some(rest[..end].split_whitespace().map(str::to_owned).collect())
}

#[test]
fn calls_are_found() {
    for (line, expected) in [
        ("postdesk outbox show 17        the mail", Some("outbox show 17")),
        ("postdesk explain mail.eml | jq .origin", Some("explain mail.eml")),
        ("sudo -u postdesk postdesk -c a.toml status", Some("-c a.toml status")),
        ("argv=/usr/local/bin/postdesk -c a.toml deliver", Some("-c a.toml deliver")),
        ("postdesk unix - n n - - pipe user=postdesk argv=/usr/local/bin/postdesk deliver", Some("deliver")),
        ("cargo run --release -- demo", Some("demo")),
        ("sudo install target/release/postdesk /usr/local/bin/", None),
        ("postdesk.db", None),
    ] {
        assert_eq!(call(line).map(|words| words.join(" ")).as_deref(), expected, "{line}");
    }
}

#[test]
fn every_command_is_understood() {
    let (mut seen, mut wrong) = (0, Vec::new());
    for (path, text) in pages() {
        for (number, words) in code(&text).into_iter().filter_map(|(number, line)| Some((number, call(&line)?))) {
            seen += 1;
            if let Err(error) = Arguments::try_parse_from(std::iter::once("postdesk".to_owned()).chain(words.clone())) {
                // `postdesk rules` of a page that names the command alone is told from one that does not exist.
                let named = error.kind() == clap::error::ErrorKind::DisplayHelpOnMissingArgumentOrSubcommand;
                let alone = error.kind() == clap::error::ErrorKind::MissingRequiredArgument && words.len() == 1;
                if !named && !alone {
                    wrong.push(format!("{}:{number}: postdesk {}: {}", path.display(), words.join(" "), error.kind()));
                }
            }
        }
    }
    assert!(seen > 30, "only {seen} commands were found");
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// The words of a line as a shell takes it apart, single quotes understood.
fn shell_words(line: &str) -> Vec<String> {
    let mut words = Vec::new();
    for (index, piece) in line.split('\'').enumerate() {
        match index % 2 {
            0 => words.extend(piece.split_whitespace().map(str::to_owned)),
            _ => words.push(piece.to_owned()),
        }
    }
    words
}

#[test]
fn every_command_has_examples_that_are_understood() {
    let program = Arguments::command();
    let (mut seen, mut wrong) = (0, Vec::new());
    let commands = program.get_subcommands().flat_map(|command| std::iter::once(command).chain(command.get_subcommands()));
    for command in commands {
        let help = command.get_after_help().map(ToString::to_string).unwrap_or_default();
        // A line that ends with a backslash goes on in the next.
        let help: Vec<&str> = help.split("\\\n").map(str::trim_start).collect();
        let before = seen;
        for example in help.join(" ").lines().filter_map(|line| line.trim_start().strip_prefix("postdesk ")) {
            if example.starts_with("unix ") {
                continue;
            }
            seen += 1;
            let end = ["  ", " <", " >", " |"].iter().filter_map(|mark| example.find(mark)).min().unwrap_or(example.len());
            let example = &example[..end];
            if let Err(error) = Arguments::try_parse_from(std::iter::once("postdesk".to_owned()).chain(shell_words(example))) {
                wrong.push(format!("{}: {example}: {}", command.get_name(), error.kind()));
            }
        }
        if before == seen {
            wrong.push(format!("{} has no example", command.get_name()));
        }
    }
    assert!(seen > 30, "{seen}");
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// `## The first day` → `the-first-day`, as the usual renderers do it.
fn anchor(heading: &str) -> String {
    let kept = heading.trim().to_lowercase().replace(' ', "-");
    kept.chars().filter(|c| c.is_alphanumeric() || matches!(c, '-' | '_')).collect()
}

/// A line less what stands between backticks.
fn without_code(line: &str) -> String {
    line.split('`').step_by(2).collect()
}

#[test]
fn every_link_leads_somewhere() {
    let mut wrong = Vec::new();
    for (path, text) in pages() {
        // Code shows how links are written.
        let prose: Vec<String> = text.lines().filter(|l| !l.starts_with("    ")).map(without_code).collect();
        for target in prose.join("\n").split("](").skip(1).filter_map(|rest| rest.split(')').next()) {
            if target.contains("://") || target.starts_with("mailto:") {
                continue;
            }
            let (file, wanted) = target.split_once('#').map_or((target, None), |(file, anchor)| (file, Some(anchor)));
            let leads_to = if file.is_empty() { path.clone() } else { path.parent().unwrap().join(file) };
            if !leads_to.exists() {
                wrong.push(format!("{}: there is no {target}", path.display()));
            } else if let Some(wanted) = wanted
                && !read(&leads_to).lines().filter(|l| l.starts_with('#')).any(|l| anchor(l.trim_start_matches('#')) == wanted)
            {
                wrong.push(format!("{}: {target}: no such heading", path.display()));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn the_config_of_the_readme_is_sound() {
    let text = read(&root().join("README.md"));
    let block = text.split("<!-- config: checked by a test -->").nth(1).expect("the mark before the config");
    let lines = block.lines().skip_while(|l| l.trim() != "```toml").skip(1).take_while(|l| l.trim() != "```");
    let config = lines.map(|l| format!("{}\n", l.strip_prefix("   ").unwrap_or(l))).collect::<String>();
    let settings = config.lines().filter(|l| !l.trim().is_empty()).count();
    assert!((10..=22).contains(&settings), "a config of some twenty lines has {settings}");

    let scratch = Scratch::new("readme");
    let file = scratch.path().join("config.toml");
    std::fs::write(&file, &config).unwrap();
    let findings = policy::check(&file);
    let shown = |list: &[postdesk::domain::complaint::Complaint]| list.iter().map(ToString::to_string).collect::<String>();
    assert!(findings.errors.is_empty(), "{}", shown(&findings.errors));
    // The reader sets the variable in the next step.
    let unexpected: Vec<_> = findings.warnings.into_iter().filter(|w| !w.message.contains("variable")).collect();
    assert!(unexpected.is_empty(), "{}", shown(&unexpected));
}

/// The keys of the example config, also those that are commented out.
fn example_keys() -> Vec<String> {
    let text = read(&root().join("config.example.toml"));
    let key = |line: &str| {
        let (key, _) = line.trim_start_matches('#').trim_start().split_once(" = ")?;
        key.chars().all(|c| c.is_ascii_lowercase() || c == '_').then(|| key.to_owned())
    };
    let mut keys: Vec<String> = text.lines().filter_map(key).collect();
    keys.sort();
    keys.dedup();
    assert!(keys.len() > 40, "{keys:?}");
    keys
}

#[test]
fn the_operators_guide_names_every_setting() {
    let guide = read(&root().join("docs/operators.md"));
    let missing: Vec<String> = example_keys().into_iter().filter(|key| !guide.contains(key.as_str())).collect();
    assert!(missing.is_empty(), "docs/operators.md says nothing of {}", missing.join(", "));
}

#[test]
fn tags_that_people_are_told_to_write_exist() {
    // The mistake that the pages show.
    const MISTAKES: &[&str] = &["resovle"];
    let mut wrong = Vec::new();
    for name in ["README.md", "README.zh.md", "docs/agents.md", "docs/agents.zh.md", "docs/operators.md"] {
        let text = read(&root().join(name));
        for piece in text.split('[').skip(1) {
            let Some((inside, after)) = piece.split_once(']') else { continue };
            let tag = inside.split(['=', '+', '-']).next().unwrap_or("");
            let is_link = after.starts_with('(');
            let is_table = ["desk", "mailbox", "delivery", "team", "agent", "approver", "category", "priority", "rules"].contains(&tag)
                || ["calendar", "sla", "closing", "limits", "summary", "trust", "operator"].contains(&tag);
            let looks_like_one = !tag.is_empty() && tag.chars().all(|c| c.is_ascii_lowercase());
            if looks_like_one
                && !is_link
                && (inside.contains('=') || !is_table)
                && !MISTAKES.contains(&tag)
                && !TAGS.iter().any(|t| t.name == tag)
            {
                wrong.push(format!("{name}: [{inside}]"));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn no_page_knows_somebodys_machine() {
    for (path, text) in pages() {
        for place in ["/root/", "/home/", "/work/", "/tmp/", "target/debug"] {
            assert!(!text.contains(place), "{} names {place}", path.display());
        }
    }
}
