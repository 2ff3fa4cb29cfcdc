//! `kb/*.md`: articles with a head of facts and a text.
//!
//! The head is TOML between two lines `+++`. YAML between `---` was weighed: its subset would have to be read by hand or by another
//! library, while TOML is what the operator writes everywhere else, with the same complaints. One article in several languages is
//! several files with one `id`.

use std::sync::Arc;

use chrono::NaiveDate;
use toml::Spanned;

use super::links;
use crate::config::section::{Page, Section};
use crate::config::value;
use crate::domain::complaint::Complaint;
use crate::domain::policy::Article;

/// The articles that ship: (file name, text). They serve where the operator has no `kb/` of his own.
pub const BUILT_IN: [(&str, &str); 52] = [
    ("battery-swelling.en.md", include_str!("../../kb/battery-swelling.en.md")),
    ("battery-swelling.zh.md", include_str!("../../kb/battery-swelling.zh.md")),
    ("buy-equipment.en.md", include_str!("../../kb/buy-equipment.en.md")),
    ("buy-equipment.zh.md", include_str!("../../kb/buy-equipment.zh.md")),
    ("door-card.en.md", include_str!("../../kb/door-card.en.md")),
    ("door-card.zh.md", include_str!("../../kb/door-card.zh.md")),
    ("external-screen-dock.en.md", include_str!("../../kb/external-screen-dock.en.md")),
    ("external-screen-dock.zh.md", include_str!("../../kb/external-screen-dock.zh.md")),
    ("file-recover.en.md", include_str!("../../kb/file-recover.en.md")),
    ("file-recover.zh.md", include_str!("../../kb/file-recover.zh.md")),
    ("laptop-will-not-start-playbook.en.md", include_str!("../../kb/laptop-will-not-start-playbook.en.md")),
    ("laptop-will-not-start-playbook.zh.md", include_str!("../../kb/laptop-will-not-start-playbook.zh.md")),
    ("laptop-will-not-start.en.md", include_str!("../../kb/laptop-will-not-start.en.md")),
    ("laptop-will-not-start.zh.md", include_str!("../../kb/laptop-will-not-start.zh.md")),
    ("lost-device.en.md", include_str!("../../kb/lost-device.en.md")),
    ("lost-device.zh.md", include_str!("../../kb/lost-device.zh.md")),
    ("mail-missing.en.md", include_str!("../../kb/mail-missing.en.md")),
    ("mail-missing.zh.md", include_str!("../../kb/mail-missing.zh.md")),
    ("meeting-audio.en.md", include_str!("../../kb/meeting-audio.en.md")),
    ("meeting-audio.zh.md", include_str!("../../kb/meeting-audio.zh.md")),
    ("meeting-room-screen.en.md", include_str!("../../kb/meeting-room-screen.en.md")),
    ("meeting-room-screen.zh.md", include_str!("../../kb/meeting-room-screen.zh.md")),
    ("mfa-new-phone.en.md", include_str!("../../kb/mfa-new-phone.en.md")),
    ("mfa-new-phone.zh.md", include_str!("../../kb/mfa-new-phone.zh.md")),
    ("password-reset-playbook.en.md", include_str!("../../kb/password-reset-playbook.en.md")),
    ("password-reset-playbook.zh.md", include_str!("../../kb/password-reset-playbook.zh.md")),
    ("password-reset.en.md", include_str!("../../kb/password-reset.en.md")),
    ("password-reset.zh.md", include_str!("../../kb/password-reset.zh.md")),
    ("permission-request-playbook.en.md", include_str!("../../kb/permission-request-playbook.en.md")),
    ("permission-request-playbook.zh.md", include_str!("../../kb/permission-request-playbook.zh.md")),
    ("permission-request.en.md", include_str!("../../kb/permission-request.en.md")),
    ("permission-request.zh.md", include_str!("../../kb/permission-request.zh.md")),
    ("phishing-report-playbook.en.md", include_str!("../../kb/phishing-report-playbook.en.md")),
    ("phishing-report-playbook.zh.md", include_str!("../../kb/phishing-report-playbook.zh.md")),
    ("phishing-report.en.md", include_str!("../../kb/phishing-report.en.md")),
    ("phishing-report.zh.md", include_str!("../../kb/phishing-report.zh.md")),
    ("printer-offline.en.md", include_str!("../../kb/printer-offline.en.md")),
    ("printer-offline.zh.md", include_str!("../../kb/printer-offline.zh.md")),
    ("slow-computer.en.md", include_str!("../../kb/slow-computer.en.md")),
    ("slow-computer.zh.md", include_str!("../../kb/slow-computer.zh.md")),
    ("software-install.en.md", include_str!("../../kb/software-install.en.md")),
    ("software-install.zh.md", include_str!("../../kb/software-install.zh.md")),
    ("staff-changes-playbook.en.md", include_str!("../../kb/staff-changes-playbook.en.md")),
    ("staff-changes-playbook.zh.md", include_str!("../../kb/staff-changes-playbook.zh.md")),
    ("staff-changes.en.md", include_str!("../../kb/staff-changes.en.md")),
    ("staff-changes.zh.md", include_str!("../../kb/staff-changes.zh.md")),
    ("vpn-setup-playbook.en.md", include_str!("../../kb/vpn-setup-playbook.en.md")),
    ("vpn-setup-playbook.zh.md", include_str!("../../kb/vpn-setup-playbook.zh.md")),
    ("vpn-setup.en.md", include_str!("../../kb/vpn-setup.en.md")),
    ("vpn-setup.zh.md", include_str!("../../kb/vpn-setup.zh.md")),
    ("wifi-connect.en.md", include_str!("../../kb/wifi-connect.en.md")),
    ("wifi-connect.zh.md", include_str!("../../kb/wifi-connect.zh.md")),
];

/// All articles of a desk, in the order of their files.
#[derive(Debug, Clone, Default)]
pub struct Library {
    /// The cards, for decisions.
    pub cards: Arc<Vec<Article>>,
    /// What only search and reports need, card by card.
    pub texts: Vec<Text>,
    /// Links to articles that shipped and were taken away: worth a word each.
    pub gone: Vec<Complaint>,
}

/// An article's text with the facts beside its card.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Text {
    /// File, `kb/vpn-setup.en.md`.
    pub file: String,
    /// Words by which it is found.
    pub keywords: Vec<String>,
    /// The day on which somebody last saw that it is true.
    pub verified: Option<NaiveDate>,
    /// Markdown.
    pub body: String,
}

impl Library {
    /// Reads articles from (file name, text) pairs. Categories must be among `categories`.
    ///
    /// # Errors
    /// Everything that is wrong with every file.
    pub fn read(files: &[(String, String)], categories: &[&str]) -> Result<Library, Vec<Complaint>> {
        let mut cards: Vec<Article> = Vec::new();
        let mut texts: Vec<Text> = Vec::new();
        let (mut wrong, mut found) = (Vec::new(), Vec::new());
        for (file, text) in files {
            let page = Page::new(file, text);
            let read = article(&page, file, text, categories);
            if let Some((card, at, _)) = &read
                && let Some((_, earlier)) = cards.iter().zip(&texts).find(|(c, _)| c.id == card.id && c.language == card.language)
            {
                let message = format!("{} is \"{}\" in \"{}\" already", earlier.file, card.id, card.language);
                page.complain(at.clone(), message, "give this article another id or language");
            }
            wrong.extend(page.found().0);
            if let Some((card, _, read)) = read {
                found.push(links::links(text, split(text).map_or("", |(_, body)| body)));
                cards.push(card);
                texts.push(read);
            }
        }
        // Of an article that is broken nobody knows what it is called.
        let whole = wrong.is_empty();
        let mut gone = Vec::new();
        for (((file, text), card), links) in files.iter().zip(&cards).zip(&found).filter(|_| whole) {
            let links = links::check(file, text, card, links, &cards);
            wrong.extend(links.wrong);
            gone.extend(links.gone);
        }
        if wrong.is_empty() { Ok(Library { cards: Arc::new(cards), texts, gone }) } else { Err(wrong) }
    }

    /// Gives each article without a link, but for those of agents alone, the one of its page below this address: see [`super::pages`].
    pub fn publish(&mut self, base: &str) {
        for card in Arc::make_mut(&mut self.cards).iter_mut().filter(|card| card.url.is_none() && !card.internal) {
            card.url = Some(format!("{base}/{}", super::pages::address(card)));
        }
    }
}

/// The head, made a TOML document of its own whose places are those of the file, and the body.
fn split(text: &str) -> Option<(String, &str)> {
    let bom = if text.starts_with('\u{feff}') { 3 } else { 0 };
    let rest = text.get(bom..)?.strip_prefix("+++")?;
    if !rest.starts_with(['\n', '\r']) {
        return None;
    }
    let end = rest.find("\n+++")?;
    let after = rest.get(end + 4..)?;
    let body = after.split_once('\n').map_or("", |(_, body)| body);
    // Blanks of the same length stand for what precedes the head, so that spans stay true.
    Some((format!("{}{}\n", " ".repeat(bom + 3), rest.get(..end)?), body))
}

fn article(page: &Page, file: &str, text: &str, categories: &[&str]) -> Option<(Article, std::ops::Range<usize>, Text)> {
    let Some((head, body)) = split(text) else {
        let help = "begin the file with a line +++ , then id, title, language and summary, then another line +++";
        let message =
            if text.trim_start_matches('\u{feff}').starts_with("+++") { "the head has no end" } else { "the article has no head" };
        page.complain(0..3, message, help);
        return None;
    };
    let table = page.parse(&head)?;
    let mut section = Section::root(page, &table);
    let id = section.required("id", "id = \"vpn-setup\"").and_then(|id| section.accept("id", &id, value::word));
    let title = section.required("title", "title = \"Set up the VPN\"");
    let link = section.parsed("url", value::link).map(Spanned::into_inner);
    let language = section.required("language", "language = \"en\"").and_then(|l| section.accept("language", &l, value::language));
    let about = section.list("categories");
    let keywords = section.list("keywords");
    let audience = section.choice("audience", &[("requester", false), ("agent", true)]);
    let verified = section.parsed("verified", value::date).map(Spanned::into_inner);
    let summary = section.required("summary", "summary = \"One line for the mail\"");
    for category in &about {
        if !categories.contains(&category.get_ref().as_str()) {
            let help = crate::config::section::did_you_mean(category.get_ref(), categories, "known:");
            page.complain(category.span(), format!("there is no category \"{}\"", category.get_ref()), help);
        }
    }
    section.finish();
    if body.trim().is_empty() {
        page.complain(text.len()..text.len(), "the article has no text", "write it after the second line +++");
    }
    let (id, title, summary) = (id?, title?.into_inner(), summary?.into_inner());
    let plain = |list: Vec<Spanned<String>>| list.into_iter().map(Spanned::into_inner).collect();
    let at = id.span();
    let card = Article {
        id: id.into_inner(),
        title,
        url: link,
        language: language?.into_inner(),
        categories: plain(about),
        summary,
        internal: audience.is_some_and(Spanned::into_inner),
        steps: super::steps::steps(body),
    };
    Some((card, at, Text { file: file.to_owned(), keywords: plain(keywords), verified, body: body.trim().to_owned() }))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Result<Library, Vec<Complaint>> {
        read_all(&[("kb/a.md".to_owned(), text.to_owned())])
    }

    fn read_all(files: &[(String, String)]) -> Result<Library, Vec<Complaint>> {
        let categories: Vec<String> = crate::config::built_in_categories().map(|c| c.id).collect();
        Library::read(files, &categories.iter().map(String::as_str).collect::<Vec<_>>())
    }

    const SMALL: &str = "+++\nid = \"vpn\"\ntitle = \"VPN\"\nlanguage = \"en\"\nsummary = \"Short.\"\n+++\n# How\n";

    #[test]
    fn built_in_articles_are_sound_pairs() {
        let files: Vec<(String, String)> = BUILT_IN.iter().map(|(name, text)| (format!("kb/{name}"), (*text).to_owned())).collect();
        let library = read_all(&files).unwrap_or_else(|wrong| panic!("{}", wrong[0]));
        for article in library.cards.iter().filter(|a| a.language == "en") {
            let other = library.cards.iter().find(|a| a.language == "zh" && a.id == article.id).unwrap();
            assert_eq!(other.categories, article.categories);
        }
        assert_eq!(library.cards.len(), library.texts.len());
        let on_disk = std::fs::read_dir(concat!(env!("CARGO_MANIFEST_DIR"), "/kb")).unwrap().count();
        assert_eq!(on_disk, BUILT_IN.len(), "a new article stands in BUILT_IN too");
    }

    #[test]
    fn heads_are_read() {
        for text in [SMALL.to_owned(), SMALL.replace('\n', "\r\n"), format!("\u{feff}{SMALL}")] {
            let library = read(&text).unwrap_or_else(|wrong| panic!("{}", wrong[0]));
            assert_eq!((library.cards[0].id.as_str(), library.texts[0].body.as_str()), ("vpn", "# How"));
            assert!(!library.cards[0].internal);
        }
    }

    #[test]
    fn complaints_name_place_and_remedy() {
        for (from, to, place, words) in [
            ("+++\nid", "id", "1:1", "no head"),
            ("\n+++\n#", "\n#", "1:1", "no end"),
            ("title = \"VPN\"\n", "", "1:1", "has no `title`"),
            ("title", "titel", "3:1", "did you mean \"title\"?"),
            ("id = \"vpn\"", "id = \"vpn setup\"", "2:6", "without spaces"),
            ("\"en\"", "\"english\"", "4:12", "did you mean \"en\"?"),
            ("\"Short.\"", "\"Short.\"\nurl = \"javascript:alert(1)\"", "6:7", "https://"),
            ("\"Short.\"", "\"Short.\"\nurl = \"https://kb.example/a b\"", "6:7", "https://"),
            ("\"Short.\"", "\"Short.\"\naudience = \"all\"", "6:12", "one of requester, agent"),
            ("\"Short.\"", "\"Short.\"\ncategories = [\"netwrok\"]", "6:15", "did you mean \"network\"?"),
            ("\"Short.\"", "\"Short.\"\nverified = \"lately\"", "6:12", "2026-12-01"),
            ("\"Short.\"", "Short.", "5:11", "quotes"),
            ("# How\n", "", "7:1", "no text"),
        ] {
            let wrong = read(&SMALL.replacen(from, to, 1)).unwrap_err();
            let shown: Vec<String> = wrong.iter().map(Complaint::to_string).collect();
            let start = format!("kb/a.md:{place}:");
            assert!(shown.iter().any(|s| s.starts_with(&start) && s.contains(words)), "wanted {place} {words}\n{}", shown.join("\n"));
        }
    }

    #[test]
    fn links_to_other_articles_lead_somewhere() {
        let file = |id: &str, more: &str, body: &str| {
            let head = SMALL.replacen("\"vpn\"", &format!("\"{id}\""), 1).replacen("\n+++\n# How\n", &format!("{more}\n+++\n"), 1);
            (format!("kb/{id}.md"), head + body)
        };
        let all = |body: &str| {
            read_all(&[file("vpn", "", body), file("wifi", "", "x"), file("own", "\naudience = \"agent\"", "见[VPN](vpn)、[自己](own)")])
        };
        for body in [
            "See [the Wi-Fi](wifi).",
            "[w]\n\n[w]: wifi",
            "[a](https://x.example/a), [b](mailto:a@b.test), [c](ms-settings:bluetooth), [d](#steps), [e](../files/f.pdf), <https://x.example>",
            "`[no](link)`",
        ] {
            assert!(all(body).is_ok_and(|library| library.gone.is_empty()), "{body}");
        }
        for (body, place, words) in [
            ("See\n[the Wi-Fi](wiif).", "8:1", "did you mean (wifi)? an article is linked by its id"),
            ("See [the Wi-Fi](wifi.md).", "7:5", "articles are linked by their id:  (wifi)"),
            ("请看[内部](own)。", "7:3", "\"own\" is for agents only: who reads this cannot open it"),
            ("[a](wifi#steps)", "7:1", "articles are linked by their id alone:  (wifi)"),
            ("[a](page.html)", "7:1", "anything else by its whole address, https://…"),
            ("[a](JavaScript:alert)", "7:1", "runs in a reader's browser"),
        ] {
            let wrong = all(body).unwrap_err();
            let shown = wrong[0].to_string();
            assert!(wrong.len() == 1 && shown.starts_with(&format!("kb/vpn.md:{place}: ")) && shown.contains(words), "{body}\n{shown}");
        }
        let gone = all("[the card](door-card)").unwrap().gone;
        assert!(gone.len() == 1 && gone[0].message.contains("the article \"door-card\" is gone"), "{gone:?}");
    }

    #[test]
    fn articles_without_a_link_get_that_of_their_page() {
        let mut library = read(SMALL).unwrap();
        library.publish("https://help.example/kb");
        assert_eq!(library.cards[0].url.as_deref(), Some("https://help.example/kb/en/vpn.html"));
        for (from, to, url) in [
            ("\"Short.\"", "\"Short.\"\nurl = \"https://wiki.example/vpn\"", Some("https://wiki.example/vpn")),
            ("\"Short.\"", "\"Short.\"\naudience = \"agent\"", None),
            ("id = \"vpn\"", "id = \"远程\"", Some("https://help.example/kb/en/%E8%BF%9C%E7%A8%8B.html")),
        ] {
            let mut library = read(&SMALL.replacen(from, to, 1)).unwrap();
            library.publish("https://help.example/kb");
            assert_eq!(library.cards[0].url.as_deref(), url);
        }
    }

    #[test]
    fn the_same_article_twice_is_told() {
        let files = [("kb/a.md".to_owned(), SMALL.to_owned()), ("kb/b.md".to_owned(), SMALL.to_owned())];
        let wrong = read_all(&files).unwrap_err();
        assert!(wrong[0].to_string().starts_with("kb/b.md:2:6: kb/a.md is \"vpn\""), "{}", wrong[0]);
    }
}
