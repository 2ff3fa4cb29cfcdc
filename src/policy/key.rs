//! The desk's key: 32 random bytes in `data/key`, hex on one line, mode 600. Whoever has it can make orders that the desk believes.
//! Older keys stand on the lines below: they verify and sign no more.

use std::fs::{self, DirBuilder, File, OpenOptions};
use std::io::{ErrorKind, Write};
use std::os::unix::fs::{DirBuilderExt, MetadataExt, OpenOptionsExt, PermissionsExt, fchown};
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

use anyhow::Context;

use crate::config::shell;
use crate::domain::complaint::Complaint;
use crate::domain::trust::{Key, Secret};

/// Its name within the data directory.
const NAME: &str = "key";

/// Each stranger's `pd.` is tried with every key.
const MOST: usize = 8;

/// Where the key is.
pub(super) fn path(data: &Path) -> PathBuf {
    data.join(NAME)
}

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
    let mut secrets = Vec::new();
    for (number, line) in text.lines().enumerate().filter(|(_, line)| !line.trim().is_empty()) {
        secrets.push(secret(line).ok_or_else(|| {
            let help = "restore the file from a backup; if there is none, and another line is sound, take this one out: mails that it signed \
                        are then known by their Message-ID alone; if no line is sound, move the file away: the next start makes a new key";
            // The line itself is not shown: it may be most of a key.
            Complaint { line: number + 1, ..complain("this line is damaged: 64 hex digits should stand in it".into(), help.into()) }
        })?);
    }
    if secrets.len() > MOST {
        let help = format!("take out lines from the end, the oldest: {MOST} are read");
        return Err(complain(format!("holds {} keys", secrets.len()), help));
    }
    let mut secrets = secrets.into_iter();
    let signs = secrets.next().ok_or_else(|| {
        let help = "restore it from a backup; if there is none, move it away: the next start makes a new one, \
                    and answers to earlier mails are then known by their Message-ID alone";
        complain("is empty: 64 hex digits should stand in it".into(), help.into())
    })?;
    Ok(Some(Key::new(signs).after(secrets.collect())))
}

fn secret(line: &str) -> Option<Secret> {
    let bytes = data_encoding::HEXLOWER_PERMISSIVE.decode(line.trim().as_bytes()).ok()?;
    Secret::try_from(bytes).ok().filter(|bytes| *bytes != [0; 32])
}

/// Puts a fresh key in front; the others verify still. Returns what the file holds now.
///
/// # Errors
/// There is no sound key yet, there is no room for one more, or the file cannot be written.
pub fn rotate(data: &Path) -> anyhow::Result<Key> {
    change(data, |mut secrets| {
        anyhow::ensure!(
            secrets.len() < MOST,
            "there are {MOST} keys, and no more are read: let go of the oldest:  postdesk key drop {MOST}"
        );
        secrets.insert(0, fresh()?);
        Ok(secrets)
    })
}

/// Lets go of an older key, by its number in the file: what it signed proves nothing any more.
///
/// # Errors
/// There is no such key, it is the one that signs, or the file cannot be written.
pub fn drop(data: &Path, number: usize) -> anyhow::Result<Key> {
    change(data, |mut secrets| {
        anyhow::ensure!(number != 1, "key 1 signs; put a new one in front of it first:  postdesk key rotate");
        anyhow::ensure!((1..=secrets.len()).contains(&number), "there is no key {number}; see  postdesk key list");
        secrets.remove(number - 1);
        Ok(secrets)
    })
}

fn change(data: &Path, how: impl FnOnce(Vec<Secret>) -> anyhow::Result<Vec<Secret>>) -> anyhow::Result<Key> {
    let path = path(data);
    let none = || anyhow::anyhow!("there is no {} yet: `postdesk run` makes it when it first starts", path.display());
    // Two changes at once would lose one's key. The lock goes with the process.
    let directory = File::open(data).map_err(|e| if e.kind() == ErrorKind::NotFound { none() } else { e.into() })?;
    directory.lock().with_context(|| format!("locking {}", data.display()))?;
    let key = read(data).map_err(|complaint| anyhow::anyhow!("{complaint}"))?.ok_or_else(none)?;
    let secrets = how(key.secrets().copied().collect())?;
    let lines: Vec<String> = secrets.iter().map(|secret| data_encoding::HEXLOWER.encode(secret)).collect();
    let draft = data.join(format!("key.{:08x}", getrandom::u32().map_err(no_chance)?));
    let replaced = write_whole(&draft, &lines.join("\n"), Some(&path)).and_then(|()| fs::rename(&draft, &path));
    if let Err(error) = replaced {
        // What is left of it would be a second copy of the key.
        let _ = fs::remove_file(&draft);
        return Err(error).with_context(|| format!("cannot write {}; nothing was changed", path.display()));
    }
    directory.sync_all().with_context(|| format!("cannot flush {}", data.display()))?;
    read(data).map_err(|complaint| anyhow::anyhow!("{complaint}"))?.ok_or_else(none)
}

fn fresh() -> anyhow::Result<Secret> {
    let mut bytes = [0_u8; 32];
    getrandom::fill(&mut bytes).map_err(no_chance)?;
    Ok(bytes)
}

fn no_chance(error: getrandom::Error) -> anyhow::Error {
    anyhow::anyhow!("the system gives no random bytes: {error}")
}

/// A desk that runs has lost its key.
pub(super) fn gone(data: &Path) -> Complaint {
    let help = "put it back from a backup before the desk is started anew; until then it works on with the key that it has read";
    Complaint::whole(&path(data).display().to_string(), "the desk's key is gone", help)
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

/// A desk that is made for the first time has its database a moment after its key.
const FIRST_START: Duration = Duration::from_secs(3600);

/// A key whose database is gone is put aside, so that a new one is made; the operator is told. Ticket numbers begin anew then, and an agent's
/// answer to a notification of the old #1001 would be his proof, and its words go to the requester of the new one.
///
/// # Errors
/// The file system refuses.
pub(super) fn set_aside(data: &Path) -> anyhow::Result<Option<Complaint>> {
    let path = data.join(NAME);
    let Ok(made) = fs::metadata(&path).and_then(|key| key.modified()) else { return Ok(None) };
    let old = made.elapsed().is_ok_and(|age| age > FIRST_START);
    // What cannot be looked at is not gone.
    let gone = matches!(data.join("postdesk.db").try_exists(), Ok(false));
    if !old || !gone {
        return Ok(None);
    }
    let seconds = made.duration_since(SystemTime::UNIX_EPOCH).map_or(0, |since| since.as_secs());
    let aside = data.join(format!("{NAME}.old-{seconds}"));
    fs::rename(&path, &aside).with_context(|| format!("cannot move {} to {}", path.display(), aside.display()))?;
    let help = format!(
        "if there is a backup of the database, stop the desk and put both back: the key lies in {}; \
         else agents' answers to mails of the old tickets are not taken for answers to new ones of the same numbers",
        aside.display()
    );
    let database = data.join("postdesk.db").display().to_string();
    Ok(Some(Complaint::whole(&database, "the desk's database was gone: a new one is made, and a new key", help)))
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
    let draft = data.join(format!("key.{:08x}", getrandom::u32().map_err(no_chance)?));
    let written = write_whole(&draft, &data_encoding::HEXLOWER.encode(&fresh()?), None).and_then(|()| {
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

/// Writes a new file, which belongs to whom `like` belongs: root may change the key of a desk that runs as another user.
fn write_whole(path: &Path, lines: &str, like: Option<&Path>) -> std::io::Result<()> {
    let mut file = OpenOptions::new().write(true).create_new(true).mode(0o600).open(path)?;
    if let Some(like) = like {
        let owner = fs::metadata(like)?;
        fchown(&file, Some(owner.uid()), Some(owner.gid()))?;
    }
    writeln!(file, "{lines}")?;
    file.sync_all()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_without_its_database_is_put_aside() {
        let data = std::env::temp_dir().join(format!("postdesk-key-aside-{}", std::process::id()));
        let _ = fs::remove_dir_all(&data);
        assert_eq!(set_aside(&data).unwrap(), None, "nothing is there");
        ensure(&data).unwrap();
        let first = read(&data).unwrap().unwrap();
        assert_eq!(set_aside(&data).unwrap(), None, "a desk that is being made");
        let age = || File::options().write(true).open(data.join(NAME)).unwrap().set_modified(SystemTime::now() - FIRST_START * 2).unwrap();
        age();
        fs::write(data.join("postdesk.db"), "x").unwrap();
        assert_eq!(set_aside(&data).unwrap(), None, "an ordinary start");
        fs::remove_file(data.join("postdesk.db")).unwrap();
        let told = set_aside(&data).unwrap().unwrap();
        assert!(told.file.ends_with("postdesk.db") && told.help.contains("key.old-"), "{told}");
        ensure(&data).unwrap();
        assert_ne!(read(&data).unwrap().unwrap(), first);
        assert_eq!(fs::read_dir(&data).unwrap().count(), 2, "the old key is kept");
        fs::remove_dir_all(&data).unwrap();
    }

    #[test]
    fn a_key_is_made_once() {
        let data = std::env::temp_dir().join(format!("postdesk-key-{}", std::process::id()));
        let _ = fs::remove_dir_all(&data);
        assert!(read(&data).unwrap().is_none());
        let inner = data.join("deep");
        ensure(&inner).unwrap();
        let first = read(&inner).unwrap().unwrap();
        assert!(!first.is_unset());
        ensure(&inner).unwrap();
        assert_eq!(read(&inner).unwrap().unwrap(), first);
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
    fn a_new_key_signs_and_the_older_ones_stay() {
        let data = std::env::temp_dir().join(format!("postdesk-key-rotate-{}", std::process::id()));
        let _ = fs::remove_dir_all(&data);
        let file = data.join("key");
        let said = |error: anyhow::Error| format!("{error:#}");
        let secrets = |key: Key| key.secrets().copied().collect::<Vec<_>>();
        assert!(said(rotate(&data).unwrap_err()).contains("postdesk run"));
        ensure(&data).unwrap();
        fs::set_permissions(&file, fs::Permissions::from_mode(0o644)).unwrap();
        let mut kept = secrets(read(&data).unwrap().unwrap());
        for _ in 1..MOST {
            let now = secrets(rotate(&data).unwrap());
            assert!(!kept.contains(&now[0]));
            assert_eq!(now[1..], kept);
            kept = now;
        }
        assert_eq!(fs::metadata(&file).unwrap().permissions().mode() & 0o777, 0o600);
        assert!(said(rotate(&data).unwrap_err()).contains("postdesk key drop 8"));
        for (number, words) in [(0, "no key 0"), (1, "key 1 signs"), (9, "no key 9")] {
            assert!(said(drop(&data, number).unwrap_err()).contains(words), "{number}");
        }
        assert_eq!(secrets(read(&data).unwrap().unwrap()), kept, "what is refused changes nothing");
        kept.remove(2);
        assert_eq!(secrets(drop(&data, 3).unwrap()), kept);
        assert_eq!(fs::read_dir(&data).unwrap().count(), 1, "no draft is left");

        let lines = fs::read_to_string(&file).unwrap();
        let second = lines.lines().nth(1).unwrap();
        for (text, line, words) in [
            (lines.replacen(second, second.get(..63).unwrap(), 1), 2, "this line is damaged"),
            (format!("{lines}\n{}\n", "0".repeat(64)), 9, "this line is damaged"),
            (format!("{lines}{}\n{}\n", "1".repeat(64), "2".repeat(64)), 1, "holds 9 keys"),
            ("\n \n".to_owned(), 1, "is empty"),
        ] {
            fs::write(&file, &text).unwrap();
            let complaint = read(&data).unwrap_err();
            assert!(complaint.line == line && complaint.message.contains(words), "{complaint}");
            assert!(!complaint.help.is_empty() && !complaint.to_string().contains(second.get(..60).unwrap()), "{complaint}");
            assert!(rotate(&data).is_err());
            assert_eq!(fs::read_to_string(&file).unwrap(), text, "a damaged file is left as it is");
        }
        fs::remove_dir_all(&data).unwrap();
    }

    #[test]
    fn many_changes_at_once_lose_no_key() {
        let data = std::env::temp_dir().join(format!("postdesk-key-changes-{}", std::process::id()));
        let _ = fs::remove_dir_all(&data);
        ensure(&data).unwrap();
        let change = |data: std::path::PathBuf| std::thread::spawn(move || rotate(&data).unwrap());
        let threads: Vec<_> = (1..MOST).map(|_| change(data.clone())).collect();
        threads.into_iter().for_each(|t| std::mem::drop(t.join().unwrap()));
        assert_eq!(read(&data).unwrap().unwrap().secrets().count(), MOST);
        fs::remove_dir_all(&data).unwrap();
    }

    #[test]
    fn many_starts_at_once_agree_on_one_key() {
        let data = std::env::temp_dir().join(format!("postdesk-key-race-{}", std::process::id()));
        let _ = fs::remove_dir_all(&data);
        let start = |data: std::path::PathBuf| std::thread::spawn(move || ensure(&data).map(|()| read(&data).unwrap().unwrap()));
        let threads: Vec<_> = (0..8).map(|_| start(data.clone())).collect();
        let mut keys: Vec<Key> = threads.into_iter().map(|t| t.join().unwrap().unwrap()).collect();
        keys.dedup();
        assert_eq!(keys.len(), 1);
        fs::remove_dir_all(&data).unwrap();
    }
}
