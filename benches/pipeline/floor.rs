//! The least that any desk must do with a mail: parse it, compress it, insert it, 64 to a durable transaction.

use std::path::Path;

use mail_parser::MessageParser;
use rusqlite::{Connection, params};
use zstd::bulk::Compressor;

/// Stores all of them in a database of their own.
pub fn run(mails: &[Vec<u8>], directory: &Path) {
    let mut database = Connection::open(directory.join("floor.db")).unwrap();
    database.pragma_update_and_check(None, "journal_mode", "wal", |row| row.get::<_, String>(0)).unwrap();
    database.pragma_update(None, "synchronous", "FULL").unwrap();
    database.execute("CREATE TABLE mail (id INTEGER PRIMARY KEY, message_id TEXT, subject TEXT, zstd BLOB)", []).unwrap();
    let parser = MessageParser::default();
    let mut compressor = Compressor::new(1).unwrap();
    for batch in mails.chunks(64) {
        let transaction = database.transaction().unwrap();
        let mut insert = transaction.prepare_cached("INSERT INTO mail (message_id, subject, zstd) VALUES (?1, ?2, ?3)").unwrap();
        for raw in batch {
            let mail = parser.parse(raw.as_slice()).unwrap();
            insert.execute(params![mail.message_id(), mail.subject(), compressor.compress(raw).unwrap()]).unwrap();
        }
        drop(insert);
        transaction.commit().unwrap();
    }
}
