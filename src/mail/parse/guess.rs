//! The encoding of bytes whose label says nothing, by the statistics of languages (the crate `chardetng`), where these are sure enough.
//!
//! Half of our writers are Chinese, and so the shape of GB 2312 is believed in `charset` unless something else is nearly certain: kana for
//! Japanese, a long run of nothing but Hangul for Korean, words that hardly have an ASCII letter for the other scripts (decision 0052).

use chardetng::{EncodingDetector, Iso2022JpDetection, Utf8Detection};
use encoding_rs::{BIG5, EUC_JP, EUC_KR, Encoding, SHIFT_JIS};

/// Bytes that are looked at.
const MOST: usize = 4096;
/// Hangul syllables that are no chance: every second character of Chinese in use stands where Hangul stands in EUC-KR.
const HANGUL: usize = 16;
/// Bytes beyond ASCII in a text of another script, and in a Latin text whose language can be told.
const SCRIPT: usize = 6;
const LATIN: usize = 4;
/// Letters of such a Latin text.
const LETTERS: usize = 30;

/// Encodings of scripts that are neither Latin nor Chinese, Japanese or Korean.
const SCRIPTS: &[&str] = &[
    "windows-1251", "KOI8-U", "KOI8-R", "IBM866", "ISO-8859-5", "windows-1253", "ISO-8859-7", "windows-1255", "ISO-8859-8", "windows-1256",
    "ISO-8859-6", "windows-874",
];

/// Latin encodings other than the default one.
const LATINS: &[&str] =
    &["windows-1250", "ISO-8859-2", "windows-1254", "windows-1257", "ISO-8859-4", "ISO-8859-13", "ISO-8859-16", "windows-1258"];

fn guessed(bytes: &[u8]) -> &'static Encoding {
    let head = bytes.get(..MOST).unwrap_or(bytes);
    let mut detector = EncodingDetector::new(Iso2022JpDetection::Deny);
    detector.feed(head, head.len() == bytes.len());
    detector.guess(None, Utf8Detection::Deny)
}

/// Bytes beyond ASCII, and ASCII letters.
fn letters(bytes: &[u8]) -> (usize, usize) {
    let head = bytes.get(..MOST).unwrap_or(bytes);
    (head.iter().filter(|b| !b.is_ascii()).count(), head.iter().filter(|b| b.is_ascii_alphabetic()).count())
}

/// Other than Chinese and other than Latin, nearly for certain. `None` says nothing.
pub fn foreign(bytes: &[u8]) -> Option<&'static Encoding> {
    let (high, ascii) = letters(bytes);
    if high < SCRIPT {
        return None;
    }
    let encoding = guessed(bytes);
    // Names, addresses and product names are Latin everywhere; whole Latin texts have few letters beyond ASCII.
    let dense = high * 2 >= ascii;
    if SCRIPTS.contains(&encoding.name()) {
        return dense.then_some(encoding);
    }
    let among = |is: fn(char) -> bool| {
        let (text, _) = encoding.decode_without_bom_handling(bytes.get(..MOST).unwrap_or(bytes));
        let all = text.chars().filter(|c| !c.is_ascii()).count();
        (text.chars().filter(|c| is(*c)).count(), all)
    };
    let found = if encoding == EUC_KR {
        let (hangul, all) = among(|c| ('\u{ac00}'..='\u{d7a3}').contains(&c));
        hangul >= HANGUL && hangul * 20 >= all * 19
    } else if encoding == EUC_JP || encoding == SHIFT_JIS {
        let (kana, all) = among(|c| ('\u{3041}'..='\u{30fa}').contains(&c));
        kana >= 3 && kana * 4 >= all
    } else {
        false
    };
    found.then_some(encoding)
}

/// Does it read like Big5?
pub fn big5(bytes: &[u8]) -> bool {
    guessed(bytes) == BIG5
}

/// Do these bytes make Russian and its like, of which few are needed?
pub fn is_cyrillic(encoding: &'static Encoding) -> bool {
    ["windows-1251", "KOI8-U", "KOI8-R"].contains(&encoding.name())
}

/// Hardly any sign among the characters beyond ASCII: words are letters and the marks that belong to them.
pub fn is_written(text: &str) -> bool {
    let signs = text.chars().filter(|c| matches!(u32::from(*c), 0x0080..=0x00bf | 0x2000..=0x22ff)).count();
    signs * 8 <= text.chars().filter(|c| !c.is_ascii()).count()
}

/// Do letters of several scripts stand side by side?
pub fn is_mixed(text: &str) -> bool {
    let blocks = text.chars().map(block);
    blocks.clone().zip(blocks.skip(1)).any(|(one, next)| one.is_some() && next.is_some() && one != next)
}

/// The script of a letter that UTF-8 writes in two bytes.
fn block(c: char) -> Option<u8> {
    Some(match u32::from(c) {
        0x00c0..=0x024f => 1,
        0x0250..=0x036f => 2,
        0x0370..=0x03ff => 3,
        0x0400..=0x052f => 4,
        0x0530..=0x058f => 5,
        0x0590..=0x05ff => 6,
        0x0600..=0x06ff => 7,
        0x0700..=0x07ff => 8,
        _ => return None,
    })
}

/// A Latin encoding other than the default one, where the text is long enough to tell its language.
pub fn latin(bytes: &[u8]) -> Option<&'static Encoding> {
    let (high, ascii) = letters(bytes);
    let encoding = (high >= LATIN && ascii >= LETTERS).then(|| guessed(bytes))?;
    LATINS.contains(&encoding.name()).then_some(encoding)
}
