//! Bytes → text, whatever their label says.
//!
//! A charset label is a claim. Chinese mail is the worst liar: `gb2312` holds GBK or GB18030, Big5 and Latin-1 labels hold UTF-8 or GBK,
//! webmails send raw GBK without any label. So the label is tried, its result is weighed against what the bytes look like, and a better
//! reading wins with [`Defect::Mislabelled`]. Statistical detectors are unsure on the ten bytes of a subject; the shapes of UTF-8 and of
//! GB 2312's plane are nearly proof. So one is asked only for what is longer and other than Chinese (`guess`, decision 0052).

use std::borrow::Cow;

use encoding_rs::{BIG5, EUC_KR, Encoding, GB18030, GBK, ISO_2022_JP, REPLACEMENT, UTF_8, UTF_16BE, UTF_16LE, WINDOWS_1252};
use mail_parser::decoders::charsets::map::charset_decoder;

use super::guess;
use crate::domain::message::Defect;

/// Bytes of a text that may be UTF-8 by chance.
const SHORT: usize = 100;

/// Decodes bytes that carry this label, and says what was wrong with it.
pub fn decode<'a>(bytes: &'a [u8], label: Option<&str>) -> (Cow<'a, str>, Option<Defect>) {
    let label = label.map(str::trim).filter(|l| !l.is_empty());
    let named = label.and_then(|l| Encoding::for_label(l.as_bytes()).or_else(|| alias(l)));
    if let Some(japanese) = escaped(bytes).filter(|_| named.is_none_or(|e| e == UTF_8 || e == WINDOWS_1252)) {
        return (Cow::Owned(japanese), Some(Defect::Mislabelled));
    }
    if bytes.is_ascii() && !named.is_some_and(|e| e == ISO_2022_JP || e == UTF_16BE || e == UTF_16LE) {
        let unread = named.is_some_and(|e| e == REPLACEMENT) && bytes.contains(&0x1b);
        return match rare(bytes, label, named) {
            Some(text) => (Cow::Owned(text), None),
            // ASCII is UTF-8; the check is many times as fast as the search for flaws.
            None => (
                std::str::from_utf8(bytes).map_or_else(|_| String::from_utf8_lossy(bytes), Cow::Borrowed),
                unread.then_some(Defect::Undecodable),
            ),
        };
    }
    let Some(encoding) = named else {
        return rare(bytes, label, named).map_or_else(|| unlabelled(bytes), |text| (Cow::Owned(text), None));
    };
    if encoding == UTF_8 { unlabelled(bytes) } else { labelled(bytes, encoding, label.unwrap_or("")) }
}

/// Decodes raw 8-bit bytes of a header field: UTF-8 (RFC 6532), else GB18030, else Latin.
pub fn header(bytes: &[u8]) -> (Cow<'_, str>, Option<Defect>) {
    match std::str::from_utf8(bytes) {
        Ok(text) => escaped(bytes)
            .map(Cow::Owned)
            .or_else(|| chinese_in_utf8(bytes, text))
            .map_or((Cow::Borrowed(text), None), |better| (better, Some(Defect::Mislabelled))),
        Err(_) => unlabelled(bytes),
    }
}

/// ISO-2022-JP (RFC 1468) that no label names: its escapes stand in no other text.
fn escaped(bytes: &[u8]) -> Option<String> {
    let begun = memchr::memchr(0x1b, bytes).and_then(|at| bytes.get(at..))?;
    if !bytes.is_ascii() || !(begun.starts_with(b"\x1b$B") || begun.starts_with(b"\x1b$@")) {
        return None;
    }
    let bytes = joined_escapes(bytes);
    let (text, broken) = ISO_2022_JP.decode_without_bom_handling(&bytes);
    (!broken).then(|| text.into_owned())
}

/// Labels that mail uses and the WHATWG table does not know.
fn alias(label: &str) -> Option<&'static Encoding> {
    let label = label.to_ascii_lowercase();
    let label = label.split('*').next().unwrap_or("");
    match label {
        "cp936" | "ms936" | "windows-936" | "gb_2312-80" | "euc-cn" | "euccn" | "gb-2312" | "gb2312-80" | "gb-18030" => Some(GB18030),
        "cp950" | "ms950" | "big-5" | "windows-950" => Some(BIG5),
        "iso-2022-jp-ms" | "iso-2022-jp-1" | "iso-2022-jp-3" | "cp50220" | "cp50221" | "cp50222" => Some(ISO_2022_JP),
        "utf8mb4" | "utf_8" | "unicode-1-1-utf-8" | "us-ascii utf-8" => Some(UTF_8),
        _ => Encoding::for_label(label.trim_matches(['"', '\'', ' ']).as_bytes()),
    }
}

/// HZ, UTF-7 and the code pages that browsers have dropped.
fn rare(bytes: &[u8], label: Option<&str>, named: Option<&'static Encoding>) -> Option<String> {
    let label = label?;
    if label.eq_ignore_ascii_case("hz-gb-2312") || label.eq_ignore_ascii_case("hz") {
        return Some(hz(bytes));
    }
    if label.eq_ignore_ascii_case("iso-2022-kr") || label.eq_ignore_ascii_case("csiso2022kr") {
        return Some(iso_2022_kr(bytes));
    }
    // What encoding_rs knows it decodes itself; to "replacement" it maps what it will not decode.
    if named.is_some() {
        return None;
    }
    let label = if label.to_ascii_lowercase().ends_with("utf-7") { "utf-7" } else { label };
    charset_decoder(label.as_bytes()).map(|decoder| decoder(bytes))
}

/// HZ (RFC 1843): `~{` … `~}` hold GB 2312 with the high bits off.
fn hz(bytes: &[u8]) -> String {
    let mut eight_bit = Vec::with_capacity(bytes.len());
    let mut chinese = false;
    let mut rest = bytes.iter().copied().peekable();
    while let Some(byte) = rest.next() {
        match (byte, rest.peek()) {
            (b'~', Some(b'{')) => chinese = true,
            (b'~', Some(b'}')) => chinese = false,
            (b'~', Some(b'~')) => eight_bit.push(b'~'),
            (b'~', Some(b'\n')) => {}
            _ => {
                eight_bit.push(if chinese && byte > b' ' { byte | 0x80 } else { byte });
                continue;
            }
        }
        rest.next();
    }
    GB18030.decode_without_bom_handling(&eight_bit).0.into_owned()
}

/// ISO-2022-KR (RFC 1557): between SO and SI stands EUC-KR with the high bits off; `ESC $ ) C` at the start announces it.
fn iso_2022_kr(bytes: &[u8]) -> String {
    let announced = memchr::memmem::find(bytes, b"\x1b$)C");
    let mut eight_bit = Vec::with_capacity(bytes.len());
    let mut korean = false;
    for (at, &byte) in bytes.iter().enumerate() {
        match byte {
            0x0e => korean = true,
            0x0f => korean = false,
            _ if announced.is_some_and(|start| (start..start + 4).contains(&at)) => {}
            _ => eight_bit.push(if korean && byte > b' ' { byte | 0x80 } else { byte }),
        }
    }
    EUC_KR.decode_without_bom_handling(&eight_bit).0.into_owned()
}

fn labelled<'a>(bytes: &'a [u8], encoding: &'static Encoding, label: &str) -> (Cow<'a, str>, Option<Defect>) {
    let is_gb = encoding == GBK || encoding == GB18030;
    if let Ok(text) = std::str::from_utf8(bytes)
        && (encoding.is_single_byte() || long_sequences(bytes) >= 2)
    {
        return (Cow::Borrowed(text), Some(Defect::Mislabelled));
    }
    if encoding == ISO_2022_JP {
        let bytes = joined_escapes(bytes);
        let (text, broken) = encoding.decode_without_bom_handling(&bytes);
        return (Cow::Owned(text.into_owned()), broken.then_some(Defect::Undecodable));
    }
    if encoding == WINDOWS_1252
        && let Some(text) = foreign(bytes)
    {
        return (text, Some(Defect::Mislabelled));
    }
    // "Привет" in windows-1251 has the shape of GB 2312 too, so only the label that everybody gives by default is doubted.
    if encoding == WINDOWS_1252 && gb_shape(bytes).is_certain() {
        let (text, broken) = GB18030.decode_without_bom_handling(bytes);
        if !broken {
            return (text, Some(Defect::Mislabelled));
        }
    }
    let used = if is_gb { GB18030 } else { encoding };
    let (text, broken) = if used == UTF_16LE || used == UTF_16BE {
        // A byte order mark says which of the two it is (RFC 2781 section 3.2), and is no text.
        let (text, _, broken) = used.decode(bytes);
        (text, broken)
    } else {
        used.decode_without_bom_handling(bytes)
    };
    // The other way about: Big5 under a label of GB 2312 decodes to private characters and oddities, without a flaw.
    if is_gb && let Some(big5) = big5_in_gb(bytes) {
        return (big5, Some(Defect::Mislabelled));
    }
    if encoding == BIG5
        && let Some(gb) = gb_in_big5(bytes)
    {
        return (gb, Some(Defect::Mislabelled));
    }
    if !broken {
        let beyond = is_gb && label.to_ascii_lowercase().contains("2312") && gb_shape(bytes).outside > 0;
        return (text, beyond.then_some(Defect::Mislabelled));
    }
    // The label does not fit: whichever other reading fits without a flaw.
    for other in [GB18030, BIG5] {
        let (candidate, flawed) = other.decode_without_bom_handling(bytes);
        let fits = other != used && !flawed && (other == BIG5 || gb_shape(bytes).is_likely());
        if fits {
            return (candidate, Some(Defect::Mislabelled));
        }
    }
    (text, Some(Defect::Undecodable))
}

/// Without escapes that another follows at once, as where two encoded-words meet: `encoding_rs` takes these for a flaw.
fn joined_escapes(bytes: &[u8]) -> Vec<u8> {
    let escape = |at: usize| bytes.get(at) == Some(&0x1b) && matches!(bytes.get(at + 1), Some(b'(' | b'$'));
    let mut joined = Vec::with_capacity(bytes.len());
    let mut at = 0;
    while let Some(byte) = bytes.get(at) {
        if escape(at) && escape(at + 3) {
            at += 3;
        } else {
            joined.push(*byte);
            at += 1;
        }
    }
    joined
}

/// The text of bytes that have the shape of Big5 and none of GB 2312's.
fn big5_in_gb(bytes: &[u8]) -> Option<Cow<'_, str>> {
    let shape = gb_shape(bytes);
    if shape.is_likely() || shape.pairs() < 2 || shape.big5 * 10 < shape.pairs() * 9 {
        return None;
    }
    let (text, flawed) = BIG5.decode_without_bom_handling(bytes);
    (!flawed && !text.contains(|c| ('\u{e000}'..='\u{f8ff}').contains(&c))).then_some(text)
}

/// And the other way about: nearly all characters of Big5 in use have lead bytes up to 0xC6, of GB 2312 about half.
fn gb_in_big5(bytes: &[u8]) -> Option<Cow<'_, str>> {
    let shape = gb_shape(bytes);
    if !shape.is_certain() || shape.inside < 6 || shape.big5 * 10 > shape.pairs() * 8 {
        return None;
    }
    let (text, flawed) = GB18030.decode_without_bom_handling(bytes);
    (!flawed).then_some(text)
}

/// UTF-8 is the default; what is not UTF-8 is told by its shape.
fn unlabelled(bytes: &[u8]) -> (Cow<'_, str>, Option<Defect>) {
    let bytes = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes);
    let wide = match bytes {
        [0xff, 0xfe, ..] => Some(UTF_16LE),
        [0xfe, 0xff, ..] => Some(UTF_16BE),
        _ => None,
    };
    if let Some(encoding) = wide {
        return (encoding.decode_with_bom_removal(bytes).0, None);
    }
    if let Ok(text) = std::str::from_utf8(bytes) {
        return chinese_in_utf8(bytes, text).map_or((Cow::Borrowed(text), None), |gb| (gb, Some(Defect::Mislabelled)));
    }
    // UTF-8 that was cut or has a bad byte is still UTF-8.
    let flaws = bytes.utf8_chunks().filter(|c| !c.invalid().is_empty()).count();
    if long_sequences(bytes) > flaws * 4 {
        return (String::from_utf8_lossy(bytes), Some(Defect::Undecodable));
    }
    if let Some(text) = foreign(bytes) {
        return (text, Some(Defect::Mislabelled));
    }
    let shape = gb_shape(bytes);
    let (gb, gb_broken) = GB18030.decode_without_bom_handling(bytes);
    if !gb_broken && shape.is_likely() {
        return (gb, Some(Defect::Mislabelled));
    }
    let (big5, big5_broken) = BIG5.decode_without_bom_handling(bytes);
    if !big5_broken && shape.pairs() >= 2 && shape.big5 * 10 >= shape.pairs() * 8 {
        return (big5, Some(Defect::Mislabelled));
    }
    // Traditional characters in GBK have trail bytes that look like ASCII; Latin text has few high bytes among many letters.
    let dense = || shape.pairs() >= 4 && shape.pairs() * 20 >= bytes.iter().filter(|b| !b.is_ascii_whitespace()).count() * 7;
    if !gb_broken && (shape.pairs() >= 2 && shape.runs_even || dense()) {
        return (gb, Some(Defect::Mislabelled));
    }
    if let Some(encoding) = guess::latin(bytes) {
        return (encoding.decode_without_bom_handling(bytes).0, Some(Defect::Mislabelled));
    }
    let (latin, _) = WINDOWS_1252.decode_without_bom_handling(bytes);
    (latin, Some(Defect::Undecodable))
}

/// Few Chinese words in GB 2312 are flawless UTF-8 too, of letters that nobody writes side by side: `状态`, `模式`; and `谢谢` is `лл`.
fn chinese_in_utf8<'a>(bytes: &'a [u8], text: &str) -> Option<Cow<'a, str>> {
    if bytes.len() > SHORT || bytes.is_ascii() || !(guess::is_mixed(text) || text.trim() == "лл") {
        return None;
    }
    let shape = gb_shape(bytes);
    let (gb, flawed) = GB18030.decode_without_bom_handling(bytes);
    (shape.inside >= 2 && shape.outside == 0 && shape.runs_even && !flawed).then_some(gb)
}

/// The text of bytes that are nearly for certain neither Chinese in GB 2312 nor Latin, and decode without a flaw.
fn foreign(bytes: &[u8]) -> Option<Cow<'_, str>> {
    let shape = gb_shape(bytes);
    // Only Big5 has no lead bytes below 0xA1, and few above 0xC6.
    let big5 = || shape.pairs() >= 3 && shape.big5 * 10 >= shape.pairs() * 9 && guess::big5(bytes);
    let encoding = guess::foreign(bytes).or_else(|| big5().then_some(BIG5))?;
    // A few words of flawless GB 18030 are Chinese.
    let few = if guess::is_cyrillic(encoding) && shape.is_certain() { 4 } else { 8 };
    if shape.runs_even && shape.pairs() < few && !GB18030.decode_without_bom_handling(bytes).1 {
        return None;
    }
    let (text, flawed) = encoding.decode_without_bom_handling(bytes);
    (!flawed && guess::is_written(&text)).then_some(text)
}

/// How many complete UTF-8 sequences of three or four bytes there are.
fn long_sequences(bytes: &[u8]) -> usize {
    bytes.utf8_chunks().map(|c| c.valid().bytes().filter(|b| *b >= 0xe0).count()).sum()
}

/// What the pairs of high bytes look like.
#[derive(Debug, Default)]
struct Shape {
    /// Pairs in GB 2312's plane of common characters and punctuation.
    inside: usize,
    /// Pairs and quadruples that only GBK or GB18030 have.
    outside: usize,
    /// Pairs whose lead byte is one of Big5's common ones.
    big5: usize,
    /// Every run of high bytes has an even length: no lone accented letters.
    runs_even: bool,
}

impl Shape {
    fn pairs(&self) -> usize {
        self.inside + self.outside
    }
    fn is_likely(&self) -> bool {
        self.inside > 0 && self.inside * 10 >= self.pairs() * 7
    }
    fn is_certain(&self) -> bool {
        self.inside >= 3 && self.runs_even && self.inside * 10 >= self.pairs() * 9
    }
}

fn gb_shape(bytes: &[u8]) -> Shape {
    let mut shape = Shape { runs_even: true, ..Shape::default() };
    let mut run = 0_usize;
    let mut rest = bytes.iter().copied();
    while let Some(lead) = rest.next() {
        if lead < 0x80 {
            shape.runs_even &= run.is_multiple_of(2);
            run = 0;
            continue;
        }
        let Some(trail) = rest.next() else {
            shape.runs_even = false;
            break;
        };
        shape.big5 += usize::from((0xa1..=0xc6).contains(&lead));
        // Row 0xAA-0xAF and 0xF8 up are empty in GB 2312; so is everything below 0xA1.
        let plane = (0xa1..=0xa9).contains(&lead) || (0xb0..=0xf7).contains(&lead);
        if plane && trail >= 0xa1 {
            shape.inside += 1;
            run += 2;
        } else {
            shape.outside += 1;
            run += if trail >= 0x80 { 2 } else { 1 };
            if trail.is_ascii_digit() {
                rest.nth(1);
            }
        }
    }
    shape.runs_even &= run.is_multiple_of(2);
    shape
}

#[cfg(test)]
mod tests {
    use super::*;

    const TEXT: &str = "您好，打印机坏了，请帮忙看一下。";

    #[test]
    fn labels_that_lie() {
        let gbk = GB18030.encode(TEXT).0.into_owned();
        let rare = GB18030.encode("镕䶮𠮷和一些普通的字").0.into_owned();
        let big5 = BIG5.encode("您好，印表機壞了，請幫忙看一下。").0.into_owned();
        let traditional = GB18030.encode("您好，印表機壞了，請幫忙看一下。").0.into_owned();
        let short = GB18030.encode("機壞").0.into_owned();
        // As two encoded-words give it.
        let japanese = [ISO_2022_JP.encode("日本").0, ISO_2022_JP.encode("語です").0].concat();
        let m = Some(Defect::Mislabelled);
        type Case<'a> = (&'a [u8], Option<&'a str>, &'a str, Option<Defect>);
        let cases: Vec<Case<'_>> = vec![
            (&gbk, Some("gb2312"), TEXT, None),
            (&gbk, Some("GBK"), TEXT, None),
            (&gbk, Some("cp936"), TEXT, None),
            (&rare, Some("gb2312"), "镕䶮𠮷和一些普通的字", m),
            (&rare, Some("gb18030"), "镕䶮𠮷和一些普通的字", None),
            (&gbk, None, TEXT, m),
            (&gbk, Some("utf-8"), TEXT, m),
            (&gbk, Some("us-ascii"), TEXT, m),
            (&gbk, Some("iso-8859-1"), TEXT, m),
            (&gbk, Some("x-unknown"), TEXT, m),
            (TEXT.as_bytes(), Some("big5"), TEXT, m),
            (TEXT.as_bytes(), Some("gb2312"), TEXT, m),
            (TEXT.as_bytes(), Some("iso-8859-1"), TEXT, m),
            (TEXT.as_bytes(), None, TEXT, None),
            (&big5, Some("big5"), "您好，印表機壞了，請幫忙看一下。", None),
            (&big5, None, "您好，印表機壞了，請幫忙看一下。", m),
            (&big5, Some("gb2312"), "您好，印表機壞了，請幫忙看一下。", m),
            (&big5, Some("gbk"), "您好，印表機壞了，請幫忙看一下。", m),
            (&traditional, Some("gb2312"), "您好，印表機壞了，請幫忙看一下。", m),
            (&traditional, Some("gbk"), "您好，印表機壞了，請幫忙看一下。", None),
            (&short, Some("gb2312"), "機壞", m),
            (&gbk, Some("big5"), TEXT, m),
            (&traditional, None, "您好，印表機壞了，請幫忙看一下。", m),
            (&japanese, Some("iso-2022-jp"), "日本語です", None),
            ("プリンターです".as_bytes(), Some("iso-2022-jp"), "プリンターです", m),
            (b"Hi +ZeVnLIqe-", Some("unicode-1-1-utf-7"), "Hi 日本語", None),
            (b"R\xe9sum\xe9 d'\xe9t\xe9, cr\xe8me", None, "Résumé d'été, crème", Some(Defect::Undecodable)),
            (b"caf\xe9 cr\xe8me", Some("iso-8859-1"), "café crème", None),
            (b"Gr\xfc\xdfe aus M\xfcnchen", Some("windows-1252"), "Grüße aus München", None),
            (b"\xfe\xff\x4f\x60\x59\x7d", Some("utf-16"), "你好", None),
            (b"\xff\xfe\x60\x4f\x7d\x59", Some("utf-16"), "你好", None),
            (b"\x60\x4f\x7d\x59", Some("utf-16le"), "你好", None),
            (b"~{<:Ky2;SP~} ok", Some("hz-gb-2312"), "己所不有 ok", None),
            (b"Hi +ZeVnLIqe-", Some("utf-7"), "Hi 日本語", None),
            (b"\x1b$BF|K\\8l\x1b(B", Some("iso-2022-jp"), "日本語", None),
            (b"\x1b$BF|K\\8l\x1b(B", Some("iso-2022-jp-ms"), "日本語", None),
            (b"\x1b$BF|K\\8l\x1b(B", Some("cp50220"), "日本語", None),
            (b"\x1b$BF|K\\8l\x1b(B ok", None, "日本語 ok", m),
            (b"\x1b$BF|K\\8l\x1b(B", Some("us-ascii"), "日本語", m),
            (b"\x1b[1mbold\x1b[0m", None, "\x1b[1mbold\x1b[0m", None),
        ];
        for (bytes, label, text, defect) in cases {
            assert_eq!(decode(bytes, label), (Cow::Borrowed(text), defect), "{label:?} {text}");
        }
    }

    /// Every encoding that encoding_rs knows, with words of those who use it; words of even length in one script are the hard ones.
    #[test]
    fn every_charset_is_read_as_its_label_says() {
        let samples = [
            ("windows-1252", "Grüße aus München, café"),
            ("windows-1250", "Příliš žluťoučký kůň"),
            ("ISO-8859-2", "Zażółć gęślą jaźń"),
            ("ISO-8859-3", "Ĉu ŝi ĵus"),
            ("ISO-8859-4", "ķēniņš šķiņķis"),
            ("windows-1251", "Привет"),
            ("windows-1251", "Принтер не печатает"),
            ("KOI8-R", "Привет, принтер не работает"),
            ("KOI8-U", "Доброго дня, їжак"),
            ("ISO-8859-5", "Привет"),
            ("IBM866", "Привет"),
            ("x-mac-cyrillic", "Привет"),
            ("ISO-8859-6", "مرحبا"),
            ("windows-1256", "مرحبا"),
            ("ISO-8859-7", "Καλημέρα"),
            ("windows-1253", "Καλημέρα"),
            ("ISO-8859-8", "שלום"),
            ("ISO-8859-8-I", "שלום"),
            ("windows-1255", "שלום"),
            ("windows-1254", "Günaydın şekerim"),
            ("ISO-8859-10", "þetta er"),
            ("ISO-8859-13", "Ąžuolas"),
            ("windows-1257", "Ąžuolas"),
            ("ISO-8859-14", "Ŵyneb"),
            ("ISO-8859-15", "5 € à Œuvre"),
            ("ISO-8859-16", "Țară"),
            ("windows-1258", "Tiêng Viêt đ"),
            ("windows-874", "สวัสดี"),
            ("macintosh", "Grüße"),
            ("GBK", TEXT),
            ("gb18030", "镕䶮𠮷"),
            ("gb18030", TEXT),
            ("Big5", "您好，印表機壞了"),
            ("EUC-JP", "プリンターが壊れました"),
            ("ISO-2022-JP", "プリンターが壊れました"),
            ("Shift_JIS", "プリンターが壊れました"),
            ("EUC-KR", "프린터가 고장났습니다"),
            ("UTF-8", TEXT),
            ("x-user-defined", "plain"),
        ];
        for (label, text) in samples {
            let encoding = Encoding::for_label(label.as_bytes()).unwrap();
            let (bytes, used, lost) = encoding.encode(text);
            assert!(!lost && used == encoding, "{label}: the sample does not fit");
            assert_eq!(decode(&bytes, Some(label)), (Cow::Borrowed(text), None), "{label} {text}");
        }
        for (label, bytes) in [
            ("UTF-16LE", "你好".encode_utf16().flat_map(u16::to_le_bytes).collect::<Vec<_>>()),
            ("UTF-16BE", "你好".encode_utf16().flat_map(u16::to_be_bytes).collect()),
        ] {
            assert_eq!(decode(&bytes, Some(label)).0, "你好", "{label}");
        }
        assert_eq!(decode(b"\x1b$)C\x0eGA80EM\x0f ok", Some("iso-2022-kr")), (Cow::Borrowed("프린터 ok"), None));
        assert_eq!(decode(b"\x1b$)A\x0e1", Some("iso-2022-cn")).1, Some(Defect::Undecodable));
    }

    /// No label, or one that everybody gives by default, over the bytes of another language.
    #[test]
    fn other_languages_without_a_true_label() {
        for (written, text) in [
            ("windows-1251", "Принтер на третьем этаже не работает"),
            ("windows-1251", "Не работает VPN"),
            ("KOI8-R", "Принтер на третьем этаже не работает"),
            ("windows-1253", "Ο εκτυπωτής δεν λειτουργεί"),
            ("windows-1255", "המדפסת בקומה השלישית לא עובדת"),
            ("windows-1256", "الطابعة لا تعمل منذ الصباح"),
            ("windows-874", "เครื่องพิมพ์ชั้นสามเสียตั้งแต่เช้าวันนี้"),
            ("Shift_JIS", "三階のプリンターが今朝から動きません。"),
            ("EUC-JP", "三階のプリンターが今朝から動きません。"),
            ("EUC-KR", "3층 프린터가 오늘 아침부터 작동하지 않습니다."),
            ("Big5", "三樓的印表機從今天早上就壞了，謝謝。"),
        ] {
            let bytes = Encoding::for_label(written.as_bytes()).unwrap().encode(text).0;
            for label in [None, Some("utf-8"), Some("us-ascii"), Some("iso-8859-1")] {
                assert_eq!(decode(&bytes, label), (Cow::Borrowed(text), Some(Defect::Mislabelled)), "{written} under {label:?}");
            }
        }
        for (written, text) in [
            ("windows-1254", "Üçüncü kattaki yazıcı sabahtan beri çalışmıyor, lütfen kontrol edin"),
            ("ISO-8859-2", "Drukarka na trzecim piętrze nie działa od rana, proszę sprawdzić żółtą lampkę"),
        ] {
            let bytes = Encoding::for_label(written.as_bytes()).unwrap().encode(text).0;
            assert_eq!(decode(&bytes, None), (Cow::Borrowed(text), Some(Defect::Mislabelled)), "{written}");
        }
        // Short Chinese words look like Korean or Japanese to statistics, and Latin ones like their neighbours.
        for text in [
            "您好", "催办", "密码", "李雷", "请假单", "附件打不开 报错 809", "厂家要远程", "忘帶門禁卡", "會議斷斷續續", "應該是話機壞了",
            "我在 8 樓", "IE模式", "一直转圈", "状态: FIRING", "谢谢", "正の能量", "附件打不开报错，请帮忙看看怎么办",
        ] {
            let bytes = GB18030.encode(text).0;
            assert_eq!(decode(&bytes, None).0, text);
        }
        for text in ["Résistance de 5 Ω", "5 µΩ", "Größe «Ω»", "Привет, café", "naïve Δx", "ЛЛ", "спасибо", "שלום"]
        {
            assert_eq!(decode(text.as_bytes(), None), (Cow::Borrowed(text), None));
            assert_eq!(header(text.as_bytes()), (Cow::Borrowed(text), None));
        }
        for text in ["Señor, la impresora está rota", "Drucker läuft nicht", "Imprimante déréglée"] {
            let bytes = WINDOWS_1252.encode(text).0;
            assert_eq!(decode(&bytes, None).0, text);
            assert_eq!(decode(&bytes, Some("iso-8859-1")).0, text);
        }
    }

    #[test]
    fn broken_utf8_stays_utf8() {
        let (text, defect) = decode("打印机坏了请看".as_bytes().split_last().unwrap().1, Some("utf-8"));
        assert!(text.starts_with("打印机坏了请"));
        assert_eq!(defect, Some(Defect::Undecodable));
    }
}
