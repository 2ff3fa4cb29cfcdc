//! Links from one article to another: `[Connect to the Wi-Fi](wifi-connect)` names it by its id, as rules, playbooks and `[kb=…]` do.
//!
//! The name of the other's file was weighed, which editors and forges can follow. But files may be called and moved as one likes, and a
//! translation would have to be linked by another name than its original.

use std::ops::Range;

use pulldown_cmark::{Event, Tag};

use super::articles::BUILT_IN;
use crate::domain::complaint::{Complaint, nearest};
use crate::domain::policy::{self, Article};

/// A link of an article's text that leads to another article.
pub(super) struct Link {
    /// The other's id, as it is written.
    to: String,
    /// Where it stands in the file.
    at: Range<usize>,
}

/// What is wrong with an article's links.
#[derive(Default)]
pub(super) struct Found {
    /// Leads nowhere.
    pub wrong: Vec<Complaint>,
    /// Leads to an article that shipped and was taken away: its words stand there without a link.
    pub gone: Vec<Complaint>,
}

/// The id that a link's target is: what has neither a scheme, nor a path, nor a place within a page.
pub(super) fn id(target: &str) -> Option<&str> {
    (!target.is_empty() && !target.contains([':', '/', '#', '?'])).then_some(target)
}

/// The article that a link of a reader of this language leads to.
pub(super) fn target<'a>(cards: &'a [Article], target: &str, language: &str) -> Option<&'a Article> {
    policy::article(cards, id(target)?, language)
}

/// The links of a body, which ends the file's text.
pub(super) fn links(text: &str, body: &str) -> Vec<Link> {
    let before = text.len().saturating_sub(body.len());
    let events = super::pages::parser(body).into_offset_iter();
    let links = events.filter_map(|(event, at)| match event {
        Event::Start(Tag::Link { dest_url, .. }) => Some(Link { to: dest_url.into_string(), at: at.start + before..at.end + before }),
        _ => None,
    });
    links.collect()
}

/// Looks whether the links of one article lead somewhere where its readers may go.
pub(super) fn check(file: &str, text: &str, card: &Article, links: &[Link], cards: &[Article]) -> Found {
    let mut found = Found::default();
    for Link { to, at } in links {
        let complain = |message: String, help: String| Complaint::at(file, text, at.clone(), message, help);
        if ["javascript:", "data:", "vbscript:"].iter().any(|scheme| to.to_ascii_lowercase().starts_with(scheme)) {
            found.wrong.push(complain(format!("\"{to}\" runs in a reader's browser"), "link to an address, https://…".to_owned()));
            continue;
        }
        let Some(id) = id(to) else {
            let stem = to.split(['#', '?']).next().unwrap_or_default();
            if target(cards, stem, &card.language).is_some() {
                let help = format!("articles are linked by their id alone:  ({stem})");
                found.wrong.push(complain(format!("\"{to}\" names a place within an article"), help));
            }
            continue;
        };
        match policy::article(cards, id, &card.language) {
            None if shipped(id) => {
                let help = "write the words without a link, or write the article anew".to_owned();
                found.gone.push(complain(format!("the article \"{id}\" is gone: the pages show these words without a link"), help));
            }
            None => found.wrong.push(complain(format!("there is no article \"{id}\""), remedy(id, cards))),
            Some(other) if other.internal && !card.internal => {
                let help = "link to one for requesters, or make this one an article for agents too:  audience = \"agent\"".to_owned();
                found.wrong.push(complain(format!("\"{id}\" is for agents only: who reads this cannot open it"), help));
            }
            Some(_) => {}
        }
    }
    found
}

fn shipped(id: &str) -> bool {
    BUILT_IN.iter().any(|(name, _)| name.split('.').next() == Some(id))
}

/// What to write in the stead of an id that is none; often the name of a file is written there.
fn remedy(id: &str, cards: &[Article]) -> String {
    let mut known: Vec<&str> = cards.iter().map(|card| card.id.as_str()).collect();
    known.dedup();
    let stem = id.split('.').next().unwrap_or(id);
    if stem != id && known.contains(&stem) {
        return format!("articles are linked by their id:  ({stem})");
    }
    match nearest(stem, known.iter().copied()) {
        Some(near) => format!("did you mean ({near})? an article is linked by its id"),
        None => format!("an article is linked by its id, anything else by its whole address, https://…; ids: {}", known.join(", ")),
    }
}
