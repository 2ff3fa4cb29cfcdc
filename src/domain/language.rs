//! Language codes as they are met: BCP 47 tags, and what POSIX and other programs write in their stead (`zh-TW`, `zh_CN.UTF-8`, `ZH`).
//!
//! Whoever asks which of its two languages a text of ours is in, and whether two codes name languages that one reader reads, asks here.

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

#[cfg(test)]
mod tests {
    use super::*;

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
