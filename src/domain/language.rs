//! Language codes as they are met: BCP 47 tags, and what POSIX and other programs write in their stead (`zh-TW`, `zh_CN.UTF-8`, `ZH`).
//!
//! Whoever asks which of its two languages a text of ours is in, and whether two codes name languages that one reader reads, asks here.

/// A language that nobody can name (RFC 5646 section 4.1); of a mail: not English and not Chinese.
pub const UNDETERMINED: &str = "und";

/// The primary subtag (RFC 5646 section 2.2.1).
pub fn primary(language: &str) -> &str {
    language.split(['-', '_', '.', '@']).next().unwrap_or(language)
}

/// Chinese of any script and region?
pub fn is_chinese(language: &str) -> bool {
    same("zh", language)
}

/// Does who reads the one read the other?
pub fn same(one: &str, other: &str) -> bool {
    primary(one).eq_ignore_ascii_case(primary(other))
}

/// The language in which somebody is answered. `theirs`: the one that he writes, where it can be told; `told`: what the config says of
/// him; `ours`: those of the mailbox and of the desk; `spoken`: those of the templates, of which English is always one.
///
/// Who writes a language that no template speaks is answered in English: he may well not read that of the desk.
pub fn answer<'a>(theirs: Option<&'a str>, told: Option<&'a str>, ours: &[&'a str], spoken: &'a [String]) -> &'a str {
    // Somebody who writes to a Russian desk in letters that are not English writes Russian; but not to a Chinese one Chinese.
    let told_apart = |code: &&str| *code != UNDETERMINED || ours.first().is_some_and(|ours| is_chinese(ours));
    let Some(theirs) = theirs.filter(told_apart) else { return told.or(ours.first().copied()).unwrap_or("en") };
    // Of one language the desk's own form goes first, such as zh-tw.
    let own = told.into_iter().chain(ours.iter().copied());
    let exact = spoken.iter().map(String::as_str).filter(|code| *code == theirs);
    let kin = spoken.iter().map(String::as_str);
    own.chain(exact).chain(kin).find(|code| same(code, theirs)).or(told).unwrap_or("en")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn everybody_is_answered_in_a_language_that_he_reads() {
        let spoken = ["en", "pt-br", "zh", "zh-tw"].map(str::to_owned);
        for (theirs, told, ours, answered) in [
            (Some("zh"), None, &["en"][..], "zh"),
            (Some("en"), None, &["zh"], "en"),
            (None, None, &["zh"], "zh"),
            (None, None, &["zh", "en"], "zh"),
            (None, Some("en"), &["zh"], "en"),
            // No template speaks it.
            (Some("de"), None, &["zh"], "en"),
            (Some("ja"), None, &["en", "zh"], "en"),
            (Some("de"), Some("zh"), &["en"], "zh"),
            (Some("und"), None, &["zh-cn"], "en"),
            (Some("und"), None, &["ru"], "ru"),
            (Some("und"), Some("zh"), &["zh"], "zh"),
            // The mailbox's own, although its templates are to come.
            (Some("de"), None, &["de", "zh"], "de"),
            // One language under several codes.
            (Some("pt"), None, &["zh"], "pt-br"),
            (Some("zh"), None, &["zh-tw"], "zh-tw"),
            (Some("zh"), None, &["en", "zh_CN"], "zh_CN"),
            (Some("zh"), Some("zh-tw"), &["zh"], "zh-tw"),
        ] {
            assert_eq!(answer(theirs, told, ours, &spoken), answered, "{theirs:?} {told:?} {ours:?}");
        }
    }

    #[test]
    fn chinese_by_whatever_code() {
        for (language, chinese) in [
            ("zh", true),
            ("ZH", true),
            ("zh-CN", true),
            ("zh-tw", true),
            ("zh_TW", true),
            ("Zh-Hant-HK", true),
            ("zh_CN.UTF-8", true),
            ("zh.GB18030", true),
            ("en", false),
            ("en-ZH", false),
            ("zha", false),
            ("z", false),
            ("", false),
            ("中文", false),
        ] {
            assert_eq!(is_chinese(language), chinese, "{language}");
        }
    }

    #[test]
    fn one_reader_reads_both_or_not() {
        for (one, other, both) in [("pt-br", "pt", true), ("PT", "pt_BR", true), ("de", "da", false), ("", "en", false)] {
            assert_eq!((same(one, other), same(other, one)), (both, both), "{one} {other}");
        }
    }
}
