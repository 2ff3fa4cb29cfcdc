//! A file of a mail: what the mail says of it, where its bytes stand, and by what it is known again.

use data_encoding::HEXLOWER;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

/// A file or inline part of a mail. The bytes stay in the raw mail; `span` finds them again.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Attachment {
    /// File name as decoded (RFC 2231, RFC 2047); made up from the type where there is none.
    pub name: String,
    /// Media type, lower case, `type/subtype`.
    #[serde(rename = "type")]
    pub media_type: String,
    /// Decoded size in bytes.
    pub size: u64,
    /// An inline part (Content-Disposition: inline or referred to by cid).
    pub inline: bool,
    /// Content-ID without brackets.
    pub cid: Option<String>,
    /// What is in it.
    pub hash: FileHash,
    /// Where it stands in the raw mail.
    pub span: Span,
}

/// The encoded bytes of a file in a raw mail. Not the number of a part: bytes stay where they are, also for a later reader of mails.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Span {
    /// Bytes before it.
    pub start: u64,
    /// Bytes of it.
    pub length: u64,
    /// How they are encoded.
    pub transfer: Transfer,
}

/// How the bytes of a file are written: Content-Transfer-Encoding (RFC 2045 section 6), or what was in use before it.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Transfer {
    /// 7bit, 8bit, binary.
    #[default]
    Plain,
    /// base64.
    Base64,
    /// quoted-printable.
    QuotedPrintable,
    /// uuencode (IEEE Std 1003.1): no field says so, the lines stand inside a text.
    Uuencode,
}

/// What is in a file, by which it is known again: half of a SHA-256 over its bytes without CR and LF, for a mail client that sends a text
/// file back may have changed its line ends.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct FileHash([u8; 16]);

impl From<FileHash> for String {
    fn from(hash: FileHash) -> String {
        HEXLOWER.encode(&hash.0)
    }
}

impl TryFrom<String> for FileHash {
    type Error = String;

    fn try_from(text: String) -> Result<FileHash, String> {
        let bytes = HEXLOWER.decode(text.as_bytes()).ok().and_then(|bytes| bytes.try_into().ok());
        bytes.map(FileHash).ok_or_else(|| format!("{text:?} is no file's hash"))
    }
}

/// Makes a [`FileHash`] of bytes that come in pieces, and counts them.
#[derive(Debug, Clone, Default)]
pub struct Fingerprint {
    sha: Sha256,
    size: u64,
}

impl Fingerprint {
    /// The next bytes.
    pub fn add(&mut self, bytes: &[u8]) {
        self.size += bytes.len() as u64;
        let mut rest = bytes;
        while let Some((piece, after)) = memchr::memchr2(b'\r', b'\n', rest).and_then(|at| rest.split_at_checked(at)) {
            self.sha.update(piece);
            rest = after.get(1..).unwrap_or_default();
        }
        self.sha.update(rest);
    }

    /// The size of all bytes, and their hash.
    pub fn end(self) -> (u64, FileHash) {
        let digest = self.sha.finalize();
        let mut half = [0; 16];
        half.iter_mut().zip(digest).for_each(|(to, from)| *to = from);
        (self.size, FileHash(half))
    }
}
