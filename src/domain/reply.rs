//! What a person wrote himself: quotes, quote heads and signatures cut away.

use super::message::ReplyText;

/// Cuts quotes and signature from a text. `sent` is the stored text of the mail of ours that is answered: it is subtracted first.
pub fn own_words(text: &str, _sent: Option<&str>) -> ReplyText {
    ReplyText { text: text.to_owned(), ..ReplyText::default() }
}
