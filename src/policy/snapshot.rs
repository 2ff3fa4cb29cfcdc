//! Have the policy's files changed? Asked every few seconds by name, time and length: some thirty `stat` calls, which need no
//! notification library, work on every file system and see an atomic save as one change.

use std::io::ErrorKind;
use std::path::{Path, PathBuf};
use std::time::SystemTime;

use crate::config::Directories;
use crate::domain::complaint::Complaint;

/// A file as it was seen; the time is `None` when it was not there.
pub(super) type Stamp = (PathBuf, Option<SystemTime>, u64);

/// All files of a policy as they were seen.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Snapshot {
    config: Option<PathBuf>,
    directories: Option<Directories>,
    data: PathBuf,
    files: Vec<Stamp>,
}

/// A file as it is now.
pub(super) fn stamp(path: &Path) -> Stamp {
    let seen = std::fs::metadata(path).ok();
    (path.to_owned(), seen.as_ref().and_then(|m| m.modified().ok()), seen.map_or(0, |m| m.len()))
}

impl Snapshot {
    /// The config as it was seen before it was read, and all other files as they are now, before they are read.
    pub(super) fn around(config: Stamp, directories: &Directories, data: &Path) -> Snapshot {
        let path = config.0.clone();
        let mut files = vec![config, stamp(&super::key::path(data))];
        for (directory, extension) in [(&directories.rules, "toml"), (&directories.templates, "md"), (&directories.kb, "md")] {
            // A directory that is there and empty differs from one that is not: no rules, or the built-in ones.
            files.extend(files_in(directory, extension).into_iter().flat_map(|found| {
                let stamps = found.iter().map(|path| stamp(path)).collect::<Vec<_>>();
                std::iter::once((directory.clone(), None, 0)).chain(stamps)
            }));
        }
        Snapshot { config: Some(path), directories: Some(directories.clone()), data: data.to_owned(), files }
    }

    /// A new snapshot if any file was changed, added or taken away since. The caller keeps it even when loading then fails, so that
    /// one mistake is told once and not every few seconds.
    pub fn changed(&self) -> Option<Snapshot> {
        let now = Snapshot::around(stamp(self.config.as_ref()?), self.directories.as_ref()?, &self.data);
        (now != *self).then_some(now)
    }

    /// Has any file changed since?
    pub fn changed_since(&self) -> bool {
        self.changed().is_some()
    }
}

/// The files beside the others that look as if they were meant to be read, and are not: `95-own.yaml`, `ack.txt`, `templates/ack.md`.
pub(super) fn strays(directories: &Directories) -> Vec<Complaint> {
    const OTHERS: [&str; 8] = ["toml", "yaml", "yml", "json", "md", "markdown", "txt", "html"];
    let kinds = [(&directories.rules, "toml"), (&directories.templates, "md"), (&directories.kb, "md")];
    let mut strays = Vec::new();
    for (directory, extension) in kinds {
        let told = |path: &Path, help: String| Complaint::whole(&path.display().to_string(), "is not read", help);
        for other in all_below(directory).into_iter().flatten().filter(|path| !is_read_me(path)) {
            let ending = other.extension().unwrap_or_default().to_string_lossy().into_owned();
            if ending != extension && OTHERS.contains(&ending.to_lowercase().as_str()) {
                strays.push(told(&other, format!("only files *.{extension} are read here: give it that ending, or move it elsewhere")));
            } else if other.parent() == Some(&directories.templates) && ending == "md" {
                strays.push(told(&other, "move it into the directory of its language:  templates/en ,  templates/zh".to_owned()));
            }
        }
    }
    strays
}

/// What stands in the place of a directory or cannot be looked into: what is built in would serve instead, and nobody would know.
pub(super) fn unreadable(directories: &Directories) -> Vec<Complaint> {
    let kinds = [&directories.rules, &directories.templates, &directories.kb];
    let told = |directory: &PathBuf| {
        let error = std::fs::read_dir(directory).err()?;
        let help = match error.kind() {
            ErrorKind::NotFound => return None,
            // Above it something else is no directory: then it is not there.
            ErrorKind::NotADirectory if !directory.exists() => return None,
            ErrorKind::NotADirectory => "it is to be a directory: move the file away or into one; without any, the built-in ones serve",
            _ => "look at who may read it, and at the directories above it:  ls -ld",
        };
        Some(Complaint::whole(&directory.display().to_string(), format!("cannot be looked into: {error}"), help))
    };
    kinds.into_iter().filter_map(told).collect()
}

/// What tells people about a directory is no stray in it.
fn is_read_me(path: &Path) -> bool {
    path.file_name().is_some_and(|name| name.to_string_lossy().to_lowercase().starts_with("readme"))
}

/// Files with this extension in a directory and two levels below it, by name; without hidden ones, for editors leave those behind.
/// `None` where there is no such directory.
pub(super) fn files_in(directory: &Path, extension: &str) -> Option<Vec<PathBuf>> {
    let mut files = all_below(directory)?;
    files.retain(|path| path.extension().is_some_and(|e| e == extension));
    Some(files)
}

fn all_below(directory: &Path) -> Option<Vec<PathBuf>> {
    let mut files = visible(directory)?;
    for _ in 0..2 {
        let (below, here): (Vec<_>, Vec<_>) = files.into_iter().partition(|path| path.is_dir());
        files = here;
        files.extend(below.iter().flat_map(|path| visible(path).unwrap_or_default()));
    }
    files.retain(|path| !path.is_dir());
    files.sort();
    Some(files)
}

fn visible(directory: &Path) -> Option<Vec<PathBuf>> {
    let entries = std::fs::read_dir(directory).ok()?;
    let hidden = |path: &PathBuf| path.file_name().is_none_or(|name| name.to_string_lossy().starts_with('.'));
    Some(entries.filter_map(|entry| Some(entry.ok()?.path())).filter(|path| !hidden(path)).collect())
}
