//! The directory that the demo makes: an ordinary desk with rules and articles of its own to try changes on.

use std::path::Path;

use anyhow::Context;

use crate::domain::rules::RuleSet;
use crate::kb;
use crate::store::lock::DataLock;

/// Tells a demo's directory from one that somebody cares for.
const MARK: &str = ".postdesk-demo";

const CONFIG: &str = include_str!("config.toml");

/// A rule of the demo's own, beside those that ship.
const ALERTS: &str = include_str!("70-alerts.toml");

/// Makes the directory anew; a demo of before is replaced.
///
/// # Errors
/// The directory is somebody's, a daemon works in it, or it cannot be written.
pub fn prepare(dir: &Path) -> anyhow::Result<()> {
    if dir.exists() {
        let empty = std::fs::read_dir(dir).with_context(|| format!("reading {}", dir.display()))?.next().is_none();
        anyhow::ensure!(
            empty || dir.join(MARK).exists(),
            "{} is not empty and no demo of before; name another directory:  --dir DIR",
            dir.display()
        );
        if dir.join("data").exists() {
            let lock = DataLock::take(&dir.join("data"))?;
            anyhow::ensure!(lock.is_some(), "a Postdesk works in {}; end it first, or name another directory:  --dir DIR", dir.display());
        }
        std::fs::remove_dir_all(dir).with_context(|| format!("replacing {}", dir.display()))?;
    }
    std::fs::create_dir_all(dir).with_context(|| format!("{} cannot be made; name another directory:  --dir DIR", dir.display()))?;
    // First of all, so that a demo which was interrupted can be replaced.
    write(dir, MARK, "")?;
    write(dir, "config.toml", CONFIG)?;
    for (name, text) in RuleSet::builtin_files() {
        write(dir, &name, &text)?;
    }
    write(dir, "rules/70-alerts.toml", ALERTS)?;
    for (name, text) in kb::BUILT_IN {
        write(dir, &format!("kb/{name}"), &with_link(text))?;
    }
    for folder in ["new", "cur", "tmp"] {
        std::fs::create_dir_all(dir.join("mail/support").join(folder))?;
    }
    Ok(())
}

fn write(dir: &Path, name: &str, text: &str) -> anyhow::Result<()> {
    let path = dir.join(name);
    if let Some(parent) = path.parent() {
        std::fs::create_dir_all(parent)?;
    }
    std::fs::write(&path, text).with_context(|| format!("writing {}", path.display()))
}

/// The articles ship with their link commented out, since no two intranets are alike; the demo's has one.
fn with_link(article: &str) -> String {
    article.replacen("# url = \"https://kb.example/", "url = \"https://kb.example.com/", 1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_article_gets_its_link() {
        for (name, text) in kb::BUILT_IN {
            assert!(with_link(text).contains("\nurl = \"https://kb.example.com/"), "{name}");
        }
    }
}
