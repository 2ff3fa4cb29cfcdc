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
    /// It holds what looks like an agent's sign, as his notifications have it.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub sign: bool,
    /// Where it stands in the raw mail.
    pub span: Span,
}

/// Ends of names that mail servers and clients refuse to pass on, Gmail, Exchange and Outlook among them: what runs when it is opened.
const PROGRAMS: &[&str] = &[
    "ade", "adp", "apk", "appx", "appxbundle", "bat", "cab", "chm", "cmd", "com", "cpl", "dll", "exe", "hta", "ins", "isp", "jar", "js",
    "jse", "lnk", "mde", "msc", "msi", "msix", "msp", "mst", "pif", "ps1", "reg", "scf", "scr", "sct", "shb", "sys", "vb", "vbe", "vbs",
    "vxd", "wsc", "wsf", "wsh", "xll",
];

impl Attachment {
    /// It is a program, by its name or type; what is packed is not looked into.
    pub fn is_program(&self) -> bool {
        // Windows takes `a.exe. ` for `a.exe`.
        let name = self.name.trim_end_matches(['.', ' ']).to_ascii_lowercase();
        let end = name.rsplit_once('.').map_or("", |(_, end)| end);
        let kinds = ["application/x-msdownload", "application/x-msdos-program", "application/vnd.microsoft.portable-executable"];
        PROGRAMS.contains(&end) || kinds.contains(&self.media_type.as_str())
    }
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

/// Makes a [`FileHash`] of bytes that come in pieces, counts them, and looks for signs.
#[derive(Debug, Clone, Default)]
pub struct Fingerprint {
    sha: Sha256,
    size: u64,
    signs: Signs,
}

/// What the bytes of a file tell.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Print {
    /// How many they are.
    pub size: u64,
    /// By what they are known again.
    pub hash: FileHash,
    /// They hold what looks like an agent's sign.
    pub sign: bool,
}

impl Fingerprint {
    /// The next bytes.
    pub fn add(&mut self, bytes: &[u8]) {
        self.size += bytes.len() as u64;
        self.signs.add(bytes);
        let mut rest = bytes;
        while let Some((piece, after)) = memchr::memchr2(b'\r', b'\n', rest).and_then(|at| rest.split_at_checked(at)) {
            self.sha.update(piece);
            rest = after.get(1..).unwrap_or_default();
        }
        self.sha.update(rest);
    }

    /// What all bytes tell.
    pub fn end(self) -> Print {
        let digest = self.sha.finalize();
        let mut half = [0; 16];
        half.iter_mut().zip(digest).for_each(|(to, from)| *to = from);
        Print { size: self.size, hash: FileHash(half), sign: self.signs.found }
    }
}

/// Bytes that a sign takes at most, also in UTF-16.
const LONGEST_SIGN: usize = 256;

/// Looks for signs (`pd.1042.li.` and a signature) in bytes that come in pieces. The shape is enough: whether the desk made one, only its key
/// could say, and nobody writes such a word by chance.
#[derive(Debug, Clone, Default)]
pub struct Signs {
    /// The end of what has come: a sign may lie across two pieces.
    tail: Vec<u8>,
    found: bool,
}

impl Signs {
    /// Was there one?
    pub fn found(&self) -> bool {
        self.found
    }

    /// The next bytes.
    pub fn add(&mut self, bytes: &[u8]) {
        let end = bytes.len().saturating_sub(LONGEST_SIGN);
        self.tail.extend_from_slice(bytes.get(..LONGEST_SIGN).unwrap_or(bytes));
        self.found = self.found || holds_sign(&self.tail) || holds_sign(bytes);
        match bytes.get(end..).filter(|_| end > 0) {
            Some(last) => last.clone_into(&mut self.tail),
            None => drop(self.tail.drain(..self.tail.len().saturating_sub(LONGEST_SIGN))),
        }
    }
}

/// Is this media type Rich Text's?
pub fn is_rich_text(media_type: &str) -> bool {
    matches!(media_type, "text/rtf" | "application/rtf")
}

/// Does a piece of bytes hold what looks like an agent's sign?
pub fn holds_sign(bytes: &[u8]) -> bool {
    let begins = [b"pd.".as_slice(), b"p\0d\0.\0"];
    begins.into_iter().any(|begin| memchr::memmem::find_iter(bytes, begin).any(|at| bytes.get(at..).is_some_and(begins_with_sign)))
}

/// `pd.`, the ticket's number, the agent's handle, and 16 letters of base32; in quoted-printable a line may end within.
fn begins_with_sign(bytes: &[u8]) -> bool {
    let plain = bytes.iter().take(LONGEST_SIGN).copied().filter(|byte| !matches!(byte, 0 | b'=' | b'\r' | b'\n'));
    let plain: Vec<u8> = plain.collect();
    let mut parts = plain.splitn(4, |byte| *byte == b'.').skip(1);
    let number = parts.next().is_some_and(|number| !number.is_empty() && number.iter().all(u8::is_ascii_digit));
    let handle = parts.next().is_some_and(|handle| !handle.is_empty() && !handle.iter().any(u8::is_ascii_whitespace));
    let signature = parts.next().and_then(|rest| rest.get(..16));
    number && handle && signature.is_some_and(|letters| letters.iter().all(|letter| matches!(letter, b'a'..=b'z' | b'2'..=b'7')))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn programs_by_name_or_type() {
        for (name, media_type, program) in [
            ("invoice.pdf.exe", "application/pdf", true),
            ("SETUP.EXE", "application/octet-stream", true),
            ("a.js. ", "text/plain", true),
            ("a.bin", "application/x-msdownload", true),
            ("exe", "application/octet-stream", false),
            ("a.exe.txt", "text/plain", false),
            ("截图.png", "image/png", false),
            ("logs.zip", "application/zip", false),
        ] {
            let file = Attachment { name: name.into(), media_type: media_type.into(), ..Attachment::default() };
            assert_eq!(file.is_program(), program, "{name}");
        }
    }

    #[test]
    fn signs_are_found_wherever_they_lie() {
        let sign = "pd.1042.li.fyihqkft3xe4bys2";
        let utf16: Vec<u8> = sign.encode_utf16().flat_map(u16::to_le_bytes).collect();
        let far = [&b"x".repeat(70_000), sign.as_bytes(), &b"y".repeat(70_000)].concat();
        for (bytes, holds) in [
            (sign.as_bytes().to_vec(), true),
            (format!("References: <{sign}@desk.example>\r\n").into_bytes(), true),
            (utf16, true),
            (far, true),
            ("pd.1001.confirm.fyihqkft3xe4bys2.li.676fd7ixh52a3stu".into(), true),
            (sign.replace("qkft", "q=\r\nkft").into_bytes(), true),
            (format!("pd.pd.{sign}").into_bytes(), true),
            ("pd.1042.李.fyihqkft3xe4bys2".into(), true),
            ("pd.1042.li.short".into(), false),
            ("pd.x.li.fyihqkft3xe4bys2".into(), false),
            ("pd.1042.li and fyihqkft3xe4bys2 too.".into(), false),
            ("pd.".into(), false),
            (Vec::new(), false),
        ] {
            for piece in [1, 7, 255, 256, 257, 65_536, usize::MAX] {
                let mut print = Fingerprint::default();
                bytes.chunks(piece.min(bytes.len().max(1))).for_each(|piece| print.add(piece));
                assert_eq!(print.end().sign, holds, "{} in pieces of {piece}", String::from_utf8_lossy(&bytes));
            }
        }
    }
}
