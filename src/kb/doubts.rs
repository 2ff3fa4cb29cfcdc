//! What is sound about articles and yet wants a look: no link, not checked for long, a category without any.

use chrono::{Days, NaiveDate};

use super::articles::Library;
use crate::domain::complaint::Complaint;

/// An article that nobody has looked at for so long may be wrong by now.
const FRESH: Days = Days::new(365);

/// Everything that wants a look, as of this day. `categories` are those of the desk.
pub fn doubts(library: &Library, categories: &[&str], today: NaiveDate) -> Vec<Complaint> {
    let mut found = without_link(library);
    found.extend(unchecked(library, today));
    found.extend(without_article(library, categories));
    found
}

/// Articles that no mail to a requester can carry. On the first day those are all: that is one thing to do.
fn without_link(library: &Library) -> Vec<Complaint> {
    let help =
        "write  url = \"https://…\" ; or build pages with  postdesk kb build  and write where they lie:  kb_url = \"https://…\"  in [desk]";
    let for_requesters = || library.cards.iter().zip(&library.texts).filter(|(card, _)| !card.internal);
    let all = for_requesters().count();
    let bare: Vec<Complaint> = for_requesters()
        .filter(|(card, _)| card.url.is_none())
        .map(|(_, text)| Complaint::whole(&text.file, "has no url: no mail can link to it", help))
        .collect();
    match bare.len() {
        most if most > 1 && most == all => {
            vec![Complaint::whole("kb", format!("none of the {all} articles for requesters has a url: no mail can link to one"), help)]
        }
        _ => bare,
    }
}

/// Articles that nobody has looked at for long, or ever.
fn unchecked(library: &Library, today: NaiveDate) -> Vec<Complaint> {
    let old = today.checked_sub_days(FRESH).unwrap_or(today);
    let (all, help) = (library.texts.len(), format!("read it; where it is true, write  verified = {today}"));
    if all > 1 && library.texts.iter().all(|text| text.verified.is_none()) {
        let message = format!("none of the {all} articles says when it was last checked");
        return vec![Complaint::whole("kb", message, format!("read them; where one is true, write  verified = {today}  into its head"))];
    }
    let stale = library.texts.iter().filter_map(|text| {
        let since = match text.verified {
            Some(day) if day >= old => return None,
            Some(day) => format!("was last checked on {day}, more than a year ago"),
            None => "says nowhere when it was last checked".to_owned(),
        };
        Some(Complaint::whole(&text.file, since, help.clone()))
    });
    stale.collect()
}

/// Categories of which an article for requesters is missing, in each language that the library speaks.
fn without_article(library: &Library, categories: &[&str]) -> Vec<Complaint> {
    let mut languages: Vec<&str> = library.cards.iter().map(|card| card.language.as_str()).collect();
    languages.sort_unstable();
    languages.dedup();
    let covered = |category: &str, language: &str| {
        library.cards.iter().any(|c| !c.internal && c.language == language && c.categories.iter().any(|id| id == category))
    };
    let lacking = categories.iter().filter_map(|category| {
        let missing: Vec<&str> = languages.iter().copied().filter(|language| !covered(category, language)).collect();
        let message = format!("no article is about the category \"{category}\" in {}", missing.join(", "));
        (!missing.is_empty()).then(|| Complaint::whole("kb", message, format!("write one, with  categories = [\"{category}\"]")))
    });
    lacking.collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_wants_a_look() {
        let article = |id: &str, more: &str| {
            let head = format!("id = \"{id}\"\ntitle = \"T\"\nlanguage = \"en\"\nsummary = \"S\"\ncategories = [\"network\"]\n{more}");
            (format!("kb/{id}.md"), format!("+++\n{head}\n+++\nText.\n"))
        };
        let files = [
            article("good", "url = \"https://x.example/\"\nverified = 2026-01-01"),
            article("old", "url = \"https://x.example/\"\nverified = 2025-06-30"),
            article("bare", "verified = 2026-06-01"),
            article("inside", "audience = \"agent\""),
        ];
        let library = Library::read(&files, &["network", "mail"]).unwrap();
        let found = doubts(&library, &["network", "mail"], NaiveDate::from_ymd_opt(2026, 7, 1).unwrap());
        let told: Vec<String> = found.iter().map(|c| format!("{}: {}", c.file, c.message)).collect();
        assert_eq!(
            told,
            [
                "kb/bare.md: has no url: no mail can link to it",
                "kb/old.md: was last checked on 2025-06-30, more than a year ago",
                "kb/inside.md: says nowhere when it was last checked",
                "kb: no article is about the category \"mail\" in en",
            ]
        );
        let files = [article("one", ""), article("two", ""), article("inside", "audience = \"agent\"")];
        let library = Library::read(&files, &["network"]).unwrap();
        let found = doubts(&library, &["network"], NaiveDate::from_ymd_opt(2026, 7, 1).unwrap());
        let told: Vec<String> = found.iter().map(|c| format!("{}: {}", c.file, c.message)).collect();
        assert_eq!(
            told,
            [
                "kb: none of the 2 articles for requesters has a url: no mail can link to one",
                "kb: none of the 3 articles says when it was last checked",
            ]
        );
    }
}
