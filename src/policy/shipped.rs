//! The rule files and articles that ship, as an operator has them: he may take one away.
//!
//! Their examples are mails as people write them, and what the vote says of such a mail hangs on all files together. So where one is
//! gone, an example of another that fails is no mistake of the operator's.

use std::collections::BTreeSet;
use std::path::Path;

use crate::domain::complaint::Complaint;
use crate::domain::rules::RuleSet;
use crate::kb::{self, Library};

use super::Files;

/// The shipped files that are not in a directory which holds others of them.
pub(super) fn gone(rules: &Path) -> Vec<String> {
    let (here, gone): (Vec<_>, Vec<_>) = names().partition(|name| rules.join(name).exists());
    if here.is_empty() { Vec::new() } else { gone }
}

/// The ids of the articles that ship. Rules may name them also where they are gone: no link to them is sent then.
pub(super) fn articles() -> impl Iterator<Item = &'static str> {
    kb::BUILT_IN.iter().filter_map(|(name, _)| name.split('.').next())
}

/// The shipped articles that rules name and that are gone: worth a word each, where it is named first in a file.
pub(super) fn missing(rules: Option<&Files>, library: &Library) -> Vec<Complaint> {
    let gone: BTreeSet<&str> = articles().filter(|id| !library.cards.iter().any(|card| card.id == *id)).collect();
    let help = "take it out of the rule, or write the article anew";
    let mut found = Vec::new();
    for (file, text) in rules.into_iter().flatten() {
        found.extend(gone.iter().filter_map(|id| {
            let quoted = format!("\"{id}\"");
            let (at, _) = text.match_indices(&quoted).find(|(at, _)| names_an_article(text.get(..*at).unwrap_or_default()))?;
            Some(Complaint::at(file, text, at..at + quoted.len(), format!("the article \"{id}\" is gone: nothing is sent for it"), help))
        }));
    }
    match (library.cards.is_empty(), found.len()) {
        (true, 1..) => vec![Complaint::whole(
            "kb",
            "holds no articles: the rules that name some send none",
            "write some, or delete the directory: the built-in ones serve then",
        )],
        _ => found,
    }
}

/// Does a rule's text up to here end within `kb = […` or `playbook = …`?
fn names_an_article(before: &str) -> bool {
    let key = before.rsplit_once('=').map_or("", |(keys, _)| keys.trim_end());
    key.ends_with("kb") || key.ends_with("playbook")
}

fn names() -> impl Iterator<Item = String> {
    RuleSet::builtin_files().into_iter().filter_map(|(name, _)| Some(Path::new(&name).file_name()?.to_string_lossy().into_owned()))
}

/// The complaint of a shipped file's example, where others of these files are gone: worth a word, and no error.
pub(super) fn leans_on(complaint: &Complaint, gone: &[String]) -> Option<Complaint> {
    let name = Path::new(&complaint.file).file_name()?.to_string_lossy().into_owned();
    (!gone.is_empty() && names().any(|shipped| shipped == name)).then(|| {
        let help =
            format!("{} shipped beside this file and is gone: delete the example too, or write what you expect now", gone.join(", "));
        Complaint { help, ..complaint.clone() }
    })
}
