//! One decider a data directory: serial decisions are what make "one alarm" and the caps true.
//!
//! An advisory lock of the operating system on `data/lock` (flock or LockFileEx by [`File::try_lock`]): it goes with the process
//! however that ends, so there is never a stale one to clear away. The process id inside is for messages only.

use std::fs::{self, File, OpenOptions, TryLockError};
use std::io::{Seek, Write};
use std::path::Path;

use anyhow::Context;

/// The right to decide on this data directory, held until dropped.
#[derive(Debug)]
pub struct DataLock {
    _file: File,
}

impl DataLock {
    /// Takes the lock without waiting; `None` when another process (or another part of this one) holds it.
    ///
    /// # Errors
    /// The directory or the file cannot be made or locked.
    pub fn take(data: &Path) -> super::Result<Option<DataLock>> {
        super::make_directory(data)?;
        let path = data.join("lock");
        let mut file = OpenOptions::new()
            .read(true)
            .write(true)
            .create(true)
            .truncate(false)
            .open(&path)
            .with_context(|| format!("opening {}", path.display()))?;
        match file.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => return Ok(None),
            Err(TryLockError::Error(error)) => return Err(error).with_context(|| format!("locking {}", path.display())),
        }
        file.set_len(0)?;
        file.rewind()?;
        writeln!(file, "{}", std::process::id())?;
        Ok(Some(DataLock { _file: file }))
    }

    /// `another Postdesk (process 4711) works on data`.
    pub fn taken(data: &Path) -> String {
        let process = DataLock::last_holder(data).map_or_else(String::new, |process| format!(" (process {process})"));
        format!("another Postdesk{process} works on {}", data.display())
    }

    /// The process id that was written by whoever took the lock last. It says nothing about whether he still holds it.
    pub fn last_holder(data: &Path) -> Option<u32> {
        fs::read_to_string(data.join("lock")).ok()?.trim().parse().ok()
    }
}
