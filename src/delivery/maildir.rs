//! Delivery into Maildirs, one a recipient: the embedded default, for the demo, for tests and for desks whose mail another program carries.
//!
//! A file is written in `tmp`, flushed, renamed into `new`, and the folder flushed (the order that Maildir's inventor asks for): a reader
//! never sees half a mail, and what was reported as taken survives a power cut. Lines end in LF and Return-Path and Delivered-To stand
//! before the rest, as a mail delivery agent does it (RFC 5321 section 4.4).
//!
//! The file's unique name is a hash of Message-ID and recipient instead of time and process: a delivery that is repeated after a crash
//! replaces its own file instead of adding a second, and a torn file in `tmp` is written over by the next try. Once a reader has moved the
//! first copy to `cur`, a repeat is seen again, with the same Message-ID.

use std::fs::{self, File};
use std::io::{self, BufWriter, Write};
use std::path::{Path, PathBuf};

use data_encoding::HEXLOWER;
use sha2::{Digest, Sha256};

use crate::delivery::{Handover, Parcel};

/// Delivers a parcel into `<root>/<recipient>/new`.
///
/// An error of the file system is taken for the whole account's trouble: disk full and missing rights meet every recipient.
pub async fn deliver(root: &Path, parcel: &Parcel) -> Handover {
    let (root, parcel) = (root.to_owned(), parcel.clone());
    let written = tokio::task::spawn_blocking(move || {
        let folder = root.join(folder_name(parcel.to.as_str()));
        write(&root, &folder, &parcel).map_err(|error| format!("{}: {error}", folder.display()))
    });
    match written.await {
        Ok(Ok(path)) => Handover::Taken(format!("written to {}", path.display())),
        Ok(Err(why)) => Handover::Later { why, pause: true },
        Err(_) => Handover::Later { why: "the delivery was interrupted".to_owned(), pause: false },
    }
}

fn write(root: &Path, folder: &Path, parcel: &Parcel) -> io::Result<PathBuf> {
    let (tmp, new) = (folder.join("tmp"), folder.join("new"));
    if !new.is_dir() {
        for name in ["tmp", "cur", "new"] {
            fs::create_dir_all(folder.join(name))?;
        }
        File::open(folder)?.sync_all()?;
        File::open(root)?.sync_all()?;
    }
    let name = unique_name(parcel);
    let (from, to) = (tmp.join(&name), new.join(&name));
    let mut file = BufWriter::with_capacity(64 * 1024, File::create(&from)?);
    store(&mut file, parcel)?;
    file.into_inner()?.sync_all()?;
    fs::rename(&from, &to)?;
    File::open(&new)?.sync_all()?;
    Ok(to)
}

/// Writes the bytes of the file: trace fields first, every CRLF an LF. Not into memory: a letter with files is large.
fn store(out: &mut impl Write, parcel: &Parcel) -> io::Result<()> {
    let sender = parcel.reverse_path.as_ref().map_or("", |address| address.as_str());
    write!(out, "Return-Path: <{sender}>\nDelivered-To: {}\n", parcel.to)?;
    for line in parcel.bytes.split_inclusive(|byte| *byte == b'\n') {
        match line.strip_suffix(b"\r\n") {
            Some(text) => {
                out.write_all(text)?;
                out.write_all(b"\n")?;
            }
            None => out.write_all(line)?,
        }
    }
    Ok(())
}

/// See the module. Without a Message-ID the bytes stand in for it.
fn unique_name(parcel: &Parcel) -> String {
    let mut hash = Sha256::new();
    hash.update(message_id(&parcel.bytes).unwrap_or(&parcel.bytes));
    hash.update([0]);
    hash.update(parcel.to.as_str());
    let digest = hash.finalize();
    let short: Vec<u8> = digest.iter().copied().take(16).collect();
    format!("{}.postdesk", HEXLOWER.encode(&short))
}

/// The value of the Message-ID field, its folding and brackets included; `None` when there is none.
fn message_id(bytes: &[u8]) -> Option<&[u8]> {
    let mut lines = bytes.split(|byte| *byte == b'\n').map(<[u8]>::trim_ascii_end).take_while(|line| !line.is_empty());
    while let Some(line) = lines.next() {
        let Some((name, value)) = line.split_at_checked(b"message-id:".len()) else { continue };
        if name.eq_ignore_ascii_case(b"message-id:") {
            let value = value.trim_ascii();
            // A long id stands alone on the folded line.
            return if value.is_empty() { lines.next().map(<[u8]>::trim_ascii).filter(|id| !id.is_empty()) } else { Some(value) };
        }
    }
    None
}

/// An address as one file name: letters and digits of any script and `@.+-_=` stay, anything else becomes `%` and two hex digits a byte,
/// so that no two addresses share a name and none leads out of the folder. Names too long for a file system end in a hash.
fn folder_name(address: &str) -> String {
    const LONGEST: usize = 200;
    let mut name = String::with_capacity(address.len());
    let mut cut = false;
    for (at, c) in address.char_indices() {
        let keep = c.is_alphanumeric() || "@+-_=".contains(c) || (c == '.' && at > 0);
        let mut utf8 = [0_u8; 4];
        let piece = c.encode_utf8(&mut utf8);
        let piece = if keep { piece.to_owned() } else { piece.bytes().map(|byte| format!("%{byte:02X}")).collect() };
        if name.len() + piece.len() > LONGEST {
            cut = true;
            break;
        }
        name.push_str(&piece);
    }
    if cut {
        let digest: Vec<u8> = Sha256::digest(address).iter().copied().take(16).collect();
        name.push_str(&format!("%{}", HEXLOWER.encode(&digest)));
    }
    name
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::message::Address;
    use std::sync::Arc;

    fn parcel(to: &str, bytes: &[u8]) -> Parcel {
        Parcel { reverse_path: Address::parse("desk@d.test"), to: Address::parse(to).unwrap(), bytes: Arc::new(bytes.to_vec()) }
    }

    fn scratch(name: &str) -> PathBuf {
        let dir = std::env::temp_dir().join(format!("postdesk-maildir-{name}-{}", std::process::id()));
        let _ = fs::remove_dir_all(&dir);
        fs::create_dir_all(&dir).unwrap();
        dir
    }

    fn names(dir: PathBuf) -> Vec<String> {
        let mut names: Vec<String> = fs::read_dir(dir).unwrap().map(|e| e.unwrap().file_name().into_string().unwrap()).collect();
        names.sort();
        names
    }

    #[test]
    fn folder_names() {
        for (address, expected) in [
            ("bob@ext.test", "bob@ext.test"),
            ("desk+1042-k@d.test", "desk+1042-k@d.test"),
            ("../../etc@x", "%2E./..%2Fetc@x"),
            (".@x", "%2E@x"),
            ("a/b@x", "a%2Fb@x"),
            ("a\\b@x", "a%5Cb@x"),
            ("a%2fb@x", "a%252fb@x"),
            ("张三@例子.公司", "张三@例子.公司"),
        ] {
            let expected = expected.replace("%2E./", "%2E.%2F");
            assert_eq!(folder_name(address), expected);
        }
    }

    #[test]
    fn long_names_fit_and_differ() {
        let (a, b) = (format!("{}a@x", "长".repeat(90)), format!("{}b@x", "长".repeat(90)));
        assert!(folder_name(&a).len() < 255);
        assert_ne!(folder_name(&a), folder_name(&b));
    }

    proptest::proptest! {
        #[test]
        fn names_are_one_component_and_injective(a in "[a-z/.%@\\\\ 张]{1,30}", b in "[a-z/.%@\\\\ 张]{1,30}") {
            let name = folder_name(&a);
            proptest::prop_assert!(!name.contains(['/', '\\', '\0']) && !name.starts_with('.'));
            proptest::prop_assert_eq!(a == b, name == folder_name(&b));
        }
    }

    #[tokio::test]
    async fn a_repeat_replaces_itself_and_others_do_not() {
        let root = scratch("repeat");
        let letter = b"Message-ID: <1@d.test>\r\nSubject: =?utf-8?q?x?=\r\n\r\n.\r\n\xe4\xbd\xa0\xe5\xa5\xbd\r\n";
        for _ in 0..2 {
            assert!(matches!(deliver(&root, &parcel("bob@ext.test", letter)).await, Handover::Taken(_)));
        }
        assert!(matches!(deliver(&root, &parcel("eve@ext.test", letter)).await, Handover::Taken(_)));
        let other = b"Message-ID: <2@d.test>\r\n\r\nx\r\n";
        let Handover::Taken(words) = deliver(&root, &parcel("bob@ext.test", other)).await else { panic!("not taken") };
        assert!(words.contains("bob@ext.test/new/"));

        assert_eq!(names(root.clone()), ["bob@ext.test", "eve@ext.test"]);
        assert_eq!(names(root.join("bob@ext.test/new")).len(), 2);
        assert_eq!(names(root.join("bob@ext.test/tmp")).len(), 0);
        let eve = fs::read(root.join("eve@ext.test/new").join(&names(root.join("eve@ext.test/new"))[0])).unwrap();
        assert_eq!(
            String::from_utf8(eve).unwrap(),
            "Return-Path: <desk@d.test>\nDelivered-To: eve@ext.test\nMessage-ID: <1@d.test>\nSubject: =?utf-8?q?x?=\n\n.\n你好\n"
        );
        fs::remove_dir_all(&root).unwrap();
    }

    #[tokio::test]
    async fn a_file_in_the_way_is_the_accounts_trouble() {
        let root = scratch("blocked");
        fs::write(root.join("bob@ext.test"), "in the way").unwrap();
        let Handover::Later { why, pause: true } = deliver(&root, &parcel("bob@ext.test", b"\r\n")).await else { panic!("taken") };
        assert!(why.contains("bob@ext.test"), "{why}");
        fs::remove_dir_all(&root).unwrap();
    }

    #[test]
    fn message_ids() {
        for (bytes, expected) in [
            (&b"From: a\r\nMessage-Id: <1@x>\r\n\r\n"[..], Some(&b"<1@x>"[..])),
            (b"MESSAGE-ID:\r\n <long@x>\r\nTo: b\r\n\r\n", Some(b"<long@x>")),
            (b"Message-ID:\r\n\r\n", None),
            (b"From: a\r\n\r\nMessage-ID: <body@x>\r\n", None),
            (b"", None),
        ] {
            assert_eq!(message_id(bytes), expected);
        }
    }
}
