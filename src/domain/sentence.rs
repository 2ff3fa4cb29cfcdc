//! One sentence in both languages: in the reader's for his mail, in English for the history, which has one language whoever acted.

use super::language::is_chinese;

/// A sentence in English and Chinese.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Sentence {
    /// In English, as the history has it.
    pub en: String,
    /// In Chinese.
    pub zh: String,
}

impl Sentence {
    /// The sentence that has these two forms.
    pub fn new(en: impl Into<String>, zh: impl Into<String>) -> Sentence {
        Sentence { en: en.into(), zh: zh.into() }
    }

    /// For a reader of this language: Chinese for `zh…`, English for every other.
    pub fn to(&self, language: &str) -> &str {
        if is_chinese(language) { &self.zh } else { &self.en }
    }
}
