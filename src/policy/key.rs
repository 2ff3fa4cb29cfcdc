//! The desk's key: 32 random bytes in `data/key`, hex on one line, mode 600. Whoever has it can make orders that the desk believes.

use std::fs::{self, DirBuilder, OpenOptions};
use std::io::{ErrorKind, Write};
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt, PermissionsExt};
use std::path::Path;

use anyhow::Context;

use crate::config::shell;
use crate::domain::complaint::Complaint;
use crate::domain::trust::Key;

/// Its name within the data directory.
const NAME: &str = "key";

/// The key on disk; `None` where there is none yet.
///
/// # Errors
/// A key that cannot be read or is damaged: a new one would make every signed id in the requesters' mailboxes worthless, so that is
/// the operator's decision.
pub fn read(data: &Path) -> Result<Option<Key>, Complaint> {
    let path = data.join(NAME);
    let complain = |message: String, help: String| Complaint::whole(&path.display().to_string(), message, help);
    let text = match fs::read_to_string(&path) {
        Ok(text) => text,
        // ENOTDIR: the data directory's own path is not there either.
        Err(e) if matches!(e.kind(), ErrorKind::NotFound | ErrorKind::NotADirectory) => return Ok(None),
        Err(e) => return Err(complain(format!("cannot be read: {e}"), "this user must be able to read the desk's key".into())),
    };
    let bytes = data_encoding::HEXLOWER_PERMISSIVE.decode(text.trim().as_bytes()).ok();
    let key = bytes.and_then(|bytes| <[u8; 32]>::try_from(bytes).ok()).filter(|bytes| *bytes != [0; 32]);
    key.map(|bytes| Some(Key(bytes))).ok_or_else(|| {
        let help = "restore it from a backup; if there is none, move it away: the next start makes a new one, \
                    and answers to earlier mails are then known by their Message-ID alone";
        complain("is damaged: 64 hex digits should stand in it".into(), help.into())
    })
}

/// A key that others may read.
pub(super) fn warning(data: &Path) -> Option<Complaint> {
    let path = data.join(NAME);
    let mode = fs::metadata(&path).ok()?.permissions().mode();
    let shown = path.display().to_string();
    (mode & 0o077 != 0)
        .then(|| Complaint::whole(&shown, "others may read the desk's key", format!("type  chmod 600 {}", shell::quoted(&shown))))
}

/// A desk whose key has gone gets a new one, and is told.
pub(super) fn lost(data: &Path) -> Option<Complaint> {
    let path = data.join(NAME);
    let gone = data.join("postdesk.db").exists() && !path.exists();
    let help = "if there is a backup of it, stop the desk and put it back; else agents' answers to older notifications are held";
    gone.then(|| Complaint::whole(&path.display().to_string(), "the desk's key was gone: a new one was made", help))
}

/// Makes the data directory (mode 700) and the key (mode 600), each only where it is not there.
///
/// # Errors
/// When the file system refuses.
pub fn ensure(data: &Path) -> anyhow::Result<()> {
    if !data.is_dir() {
        DirBuilder::new().recursive(true).mode(0o700).create(data).with_context(|| format!("cannot make {}", data.display()))?;
    }
    let path = data.join(NAME);
    if path.exists() {
        return Ok(());
    }
    let mut bytes = [0_u8; 32];
    let no_chance = |e| anyhow::anyhow!("the system gives no random bytes: {e}");
    getrandom::fill(&mut bytes).map_err(no_chance)?;
    let draft = data.join(format!("key.{:08x}", getrandom::u32().map_err(no_chance)?));
    let written = write_whole(&draft, &data_encoding::HEXLOWER.encode(&bytes)).and_then(|()| {
        // A link appears whole or not at all, and never replaces: two desks that start at once agree on one key.
        match fs::hard_link(&draft, &path) {
            Err(e) if e.kind() != ErrorKind::AlreadyExists => Err(e),
            _ => Ok(()),
        }
    });
    let tidied = fs::remove_file(&draft);
    written.and(tidied).with_context(|| format!("cannot write {}", path.display()))?;
    fs::File::open(data).and_then(|dir| dir.sync_all()).with_context(|| format!("cannot flush {}", data.display()))
}

fn write_whole(path: &Path, line: &str) -> std::io::Result<()> {
    let mut file = OpenOptions::new().write(true).create_new(true).mode(0o600).open(path)?;
    writeln!(file, "{line}")?;
    file.sync_all()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_is_made_once() {
        let data = std::env::temp_dir().join(format!("postdesk-key-{}", std::process::id()));
        let _ = fs::remove_dir_all(&data);
        assert!(read(&data).unwrap().is_none());
        let inner = data.join("deep");
        ensure(&inner).unwrap();
        let first = read(&inner).unwrap().unwrap();
        assert_ne!(first.0, [0; 32]);
        ensure(&inner).unwrap();
        assert_eq!(read(&inner).unwrap().unwrap().0, first.0);
        assert_eq!(fs::metadata(inner.join("key")).unwrap().permissions().mode() & 0o777, 0o600);
        assert_eq!(fs::metadata(&inner).unwrap().permissions().mode() & 0o777, 0o700);
        assert_eq!(fs::read_dir(&inner).unwrap().count(), 1, "no draft is left");
        assert_eq!(warning(&inner), None);

        assert_eq!(lost(&inner), None);
        fs::write(inner.join("postdesk.db"), "").unwrap();
        assert_eq!(lost(&inner), None);
        assert_eq!(lost(&data), None, "a desk that was never there has lost nothing");
        fs::rename(inner.join("key"), data.join("key")).unwrap();
        assert!(lost(&inner).unwrap().help.contains("backup"));
        fs::rename(data.join("key"), inner.join("key")).unwrap();

        fs::set_permissions(inner.join("key"), fs::Permissions::from_mode(0o644)).unwrap();
        assert!(warning(&inner).unwrap().help.contains("chmod 600"));
        for damaged in ["", "abc", &"0".repeat(64), &"zz".repeat(32)] {
            fs::write(inner.join("key"), damaged).unwrap();
            assert!(read(&inner).unwrap_err().help.contains("backup"), "{damaged}");
        }
        fs::remove_dir_all(&data).unwrap();
    }

    #[test]
    fn many_starts_at_once_agree_on_one_key() {
        let data = std::env::temp_dir().join(format!("postdesk-key-race-{}", std::process::id()));
        let _ = fs::remove_dir_all(&data);
        let start = |data: std::path::PathBuf| std::thread::spawn(move || ensure(&data).map(|()| read(&data).unwrap().unwrap().0));
        let threads: Vec<_> = (0..8).map(|_| start(data.clone())).collect();
        let mut keys: Vec<[u8; 32]> = threads.into_iter().map(|t| t.join().unwrap().unwrap()).collect();
        keys.dedup();
        assert_eq!(keys.len(), 1);
        fs::remove_dir_all(&data).unwrap();
    }
}
