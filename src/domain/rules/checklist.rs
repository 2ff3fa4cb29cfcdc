//! Checklists: what must be known of a request, and how to ask for what its mail does not say.

use std::collections::BTreeSet;

use crate::domain::language;

/// One line of a checklist.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Question {
    /// Answered when this field is filled; without one it is always asked.
    pub field: Option<String>,
    /// How to ask, by language.
    pub words: Vec<(String, String)>,
}

impl Question {
    /// A question that is one text: a sentence, or the name of a field; `None` for what is neither.
    pub fn plain(text: &str) -> Option<Question> {
        if text.contains(' ') || !text.is_ascii() {
            return Some(Question { field: None, words: vec![("en".into(), text.to_owned())] });
        }
        is_field_name(text).then(|| Question { field: Some(text.to_owned()), words: Vec::new() })
    }

    /// In this language, `zh` for `zh-tw` too, else in English, else in the first one there is.
    pub fn in_language(&self, language: &str) -> &str {
        let find = |wanted: &str| self.words.iter().find(|(l, _)| l == wanted);
        let kin = || self.words.iter().find(|(l, _)| language::same(l, language));
        let words = find(language).or_else(kin).or_else(|| find("en")).or_else(|| self.words.first());
        words.map_or_else(|| self.field.as_deref().unwrap_or_default(), |(_, words)| words)
    }
}

/// May an extracted fact have this name?
pub fn is_field_name(name: &str) -> bool {
    name.len() <= 40
        && name.starts_with(|c: char| c.is_ascii_lowercase())
        && name.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_')
}

/// Is this the name of a language, as the key of a question's words?
pub fn is_language(key: &str) -> bool {
    (2..=3).contains(&key.len()) && key.bytes().all(|b| b.is_ascii_lowercase())
}

/// The questions that no filled field answers, each field and each sentence once.
pub(super) fn unanswered<'q>(questions: impl Iterator<Item = &'q Question>, filled: impl Fn(&str) -> bool) -> Vec<Question> {
    let mut asked = BTreeSet::new();
    let open = questions.filter(|question| !question.field.as_deref().is_some_and(&filled));
    open.filter(|question| asked.insert(question.field.as_deref().unwrap_or_else(|| question.in_language("en")))).cloned().collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn questions_speak_the_readers_language() {
        let question =
            Question { field: Some("os".into()), words: vec![("en".into(), "Which?".into()), ("zh".into(), "哪个？".into())] };
        assert_eq!((question.in_language("zh"), question.in_language("zh-tw")), ("哪个？", "哪个？"));
        assert_eq!(question.in_language("fr"), "Which?");
        assert_eq!(question.in_language(""), "Which?");
        assert_eq!(Question { field: Some("os".into()), words: vec![] }.in_language("zh"), "os");
    }

    #[test]
    fn a_text_is_a_sentence_or_a_field() {
        for (text, field) in [("Which error?", None), ("哪个错误？", None), ("error_code", Some("error_code"))] {
            assert_eq!(Question::plain(text).unwrap().field.as_deref(), field, "{text}");
        }
        for neither in ["Error", "error-code", "2nd", ""] {
            assert_eq!(Question::plain(neither), None, "{neither}");
        }
    }

    #[test]
    fn what_is_known_or_asked_already_is_not_asked() {
        let ask = |field: &str, en: &str| Question { field: Some(field.into()), words: vec![("en".into(), en.into())] };
        let list = [ask("os", "Which system?"), ask("code", "Which code?"), ask("code", "Code?"), Question::plain("Since when?").unwrap()];
        let twice = list.iter().chain(&list);
        let open = unanswered(twice, |field| field == "os");
        assert_eq!(open.iter().map(|question| question.in_language("zh")).collect::<Vec<_>>(), ["Which code?", "Since when?"]);
    }
}
