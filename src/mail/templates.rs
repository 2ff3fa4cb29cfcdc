//! `templates/<lang>/<name>.md`: Handlebars over Markdown, one file for the plain and the HTML part.

use std::path::Path;

use crate::domain::complaint::Complaint;
use crate::domain::facts::Facts;

/// Every template in every language, compiled.
#[derive(Debug)]
pub struct Templates {}

/// A rendered mail, before MIME.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Rendered {
    /// One line.
    pub subject: String,
    /// Plain part.
    pub text: String,
    /// HTML part.
    pub html: String,
}

impl Templates {
    /// The built-in templates, with those of `dir` (`templates/`) in their place; every one is rendered with sample facts.
    ///
    /// # Errors
    /// Every complaint about every file.
    pub fn load(_dir: Option<&Path>) -> Result<Templates, Vec<Complaint>> {
        Ok(Templates {})
    }

    /// Renders facts in a language; a language without this template falls back to English. `desk` is the desk's name, `reference`
    /// the token of the `Ref:` line (empty where there is none).
    ///
    /// # Errors
    /// A sentence that names template and place; cannot happen for templates that passed [`Templates::load`] with sound facts.
    pub fn render(&self, _facts: &Facts, _language: &str, _desk: &str, _reference: &str) -> anyhow::Result<Rendered> {
        anyhow::bail!("no templates yet")
    }
}
