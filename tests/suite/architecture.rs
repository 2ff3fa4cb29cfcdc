//! Imports run strictly downward, the lints that keep panics out stand, and the house has the rooms that its plan names.

use std::path::{Path, PathBuf};

/// Each room and the rooms that it may import from, lowest first.
const FLOORS: &[(&str, &[&str])] = &[
    ("domain", &[]),
    ("transfer", &["domain"]),
    ("sasl", &[]),
    ("tls", &[]),
    ("config", &["domain", "sasl", "tls"]),
    ("kb", &["domain", "config"]),
    ("mail", &["domain", "transfer"]),
    ("store", &["domain", "transfer"]),
    ("delivery", &["domain", "sasl", "tls"]),
    ("source", &["domain", "sasl", "tls"]),
    ("policy", &["domain", "config", "kb", "mail"]),
    ("desk", &["domain", "delivery", "mail", "kb", "store"]),
    ("daemon", &["domain", "delivery", "desk", "mail", "sasl", "source", "store", "config", "policy"]),
    ("cli", &["domain", "delivery", "desk", "source", "store", "config", "policy", "daemon", "mail", "kb"]),
];

fn root() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
}

fn sources(dir: &Path) -> Vec<(PathBuf, String)> {
    let mut found = Vec::new();
    for entry in std::fs::read_dir(dir).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            found.extend(sources(&path));
        } else if path.extension().is_some_and(|e| e == "rs") {
            let text = std::fs::read_to_string(&path).unwrap();
            found.push((path, text));
        }
    }
    found
}

/// The room that a file belongs to: its directory or stem directly below `src`.
fn room(path: &Path) -> String {
    let below = path.strip_prefix(root().join("src")).unwrap();
    below.components().next().unwrap().as_os_str().to_string_lossy().trim_end_matches(".rs").to_owned()
}

#[test]
fn imports_run_downward() {
    let files = sources(&root().join("src"));
    assert!(files.len() > 20);
    let mut upward = Vec::new();
    for (path, text) in &files {
        let room = room(path);
        if room == "lib" || room == "main" {
            continue;
        }
        let (_, allowed) = FLOORS.iter().find(|(name, _)| *name == room).unwrap_or_else(|| panic!("{room} stands on no floor"));
        // Everything that names a room of this crate, in imports and in paths alike.
        for (number, line) in text.lines().enumerate() {
            let code = line.split("//").next().unwrap_or("");
            for path_after in code.split("crate::").skip(1) {
                let names: Vec<&str> = match path_after.strip_prefix('{') {
                    Some(list) => list.split([',', '}']).map(|n| n.trim().split("::").next().unwrap_or("")).collect(),
                    None => vec![path_after.split(|c: char| !c.is_alphanumeric() && c != '_').next().unwrap_or("")],
                };
                for name in names.into_iter().filter(|n| FLOORS.iter().any(|(floor, _)| floor == n)) {
                    if name != room && !allowed.contains(&name) {
                        upward.push(format!("{}:{}: {room} imports {name}", path.display(), number + 1));
                    }
                }
            }
        }
    }
    assert!(upward.is_empty(), "{}", upward.join("\n"));
}

#[test]
fn the_rooms_stand_in_the_order_of_their_dependencies() {
    let order: Vec<&str> = FLOORS.iter().map(|(room, _)| *room).collect();
    for (height, (room, allowed)) in FLOORS.iter().enumerate() {
        assert!(allowed.iter().all(|below| order[..height].contains(below)), "{room} imports from above");
    }
    let lib = std::fs::read_to_string(root().join("src/lib.rs")).unwrap();
    let listed: Vec<&str> = lib.lines().filter_map(|line| line.strip_prefix("pub mod ")?.strip_suffix(';')).collect();
    assert_eq!(listed, order, "src/lib.rs says that its modules stand so");
}

#[test]
fn the_domain_touches_no_outside_world() {
    let outside = [
        "std::fs", "std::net", "std::time::", "std::process", "std::env", "tokio", "rusqlite", "lettre", "async_imap", "Utc::now",
        "Local::now", "getrandom",
    ];
    for (path, text) in sources(&root().join("src/domain")).into_iter().filter(|(path, _)| !path.ends_with("tests.rs")) {
        let code = text.split("#[cfg(test)]").next().unwrap();
        for word in outside {
            let found = code.lines().position(|l| l.split("//").next().unwrap_or("").contains(word));
            assert!(found.is_none(), "{}:{}: the domain is pure, but this names {word}", path.display(), found.unwrap_or(0) + 1);
        }
    }
}

#[test]
fn nothing_silences_the_lints_that_keep_panics_out() {
    let manifest = std::fs::read_to_string(root().join("Cargo.toml")).unwrap();
    for lint in ["unwrap_used", "expect_used", "indexing_slicing", "string_slice", "panic", "unreachable", "todo"] {
        assert!(manifest.contains(&format!("{lint} = \"deny\"")), "{lint}");
    }
    assert!(manifest.contains("unsafe_code = \"forbid\""));
    for (path, text) in sources(&root().join("src")) {
        assert!(!text.contains("#[allow(") && !text.contains("#![allow("), "{} silences a lint", path.display());
    }
}

#[test]
fn sql_lives_in_the_store_alone() {
    for (path, text) in sources(&root().join("src")) {
        let sql =
            ["SELECT ", "INSERT INTO", "UPDATE ", "DELETE FROM"].iter().find(|word| text.contains(**word) && text.contains("rusqlite"));
        assert!(sql.is_none() || room(&path) == "store", "{}", path.display());
    }
}

#[test]
fn names_that_say_nothing_are_not_used() {
    let banned = ["Manager", "Handler", "Service", "Helper", "Util", "Processor"];
    for (path, text) in sources(&root().join("src")) {
        for line in text.lines().filter(|l| {
            ["struct ", "enum ", "trait ", "mod ", "type "].iter().any(|k| l.trim_start().trim_start_matches("pub ").starts_with(k))
        }) {
            let name = line.split(['(', '{', '<', ';', '=']).next().unwrap_or("");
            assert!(!banned.iter().any(|b| name.contains(b)), "{}: {line}", path.display());
        }
    }
}

/// Whether a code is Chinese is asked in one place, so that `zh-TW` means the same everywhere.
#[test]
fn one_function_says_what_is_chinese() {
    let asks = |code: &str| ["== \"zh", "!= \"zh", "starts_with(\"zh", "Some(\"zh\") =>"].iter().any(|way| code.contains(way));
    assert!(asks("if language == \"zh\" {") && asks("language.starts_with(\"zh\")") && !asks("is_chinese(language)"));
    for (path, text) in sources(&root().join("src")) {
        let code = text.split("#[cfg(test)]").next().unwrap_or_default();
        let found = code.lines().find(|line| asks(line));
        assert_eq!(found, None, "{}: domain::language knows that", path.display());
    }
}
