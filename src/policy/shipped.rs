//! The rule files that ship, as an operator has them: he may take one away.
//!
//! Their examples are mails as people write them, and what the vote says of such a mail hangs on all files together. So where one is
//! gone, an example of another that fails is no mistake of the operator's.

use std::path::Path;

use crate::domain::complaint::Complaint;
use crate::domain::rules::RuleSet;

/// The shipped files that are not in a directory which holds others of them.
pub(super) fn gone(rules: &Path) -> Vec<String> {
    let (here, gone): (Vec<_>, Vec<_>) = names().partition(|name| rules.join(name).exists());
    if here.is_empty() { Vec::new() } else { gone }
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
