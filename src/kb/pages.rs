//! Articles as static pages: an index a language, a page an article, one stylesheet. No script, nothing from elsewhere; they can be read on
//! a telephone and in the dark, printed, and served by any web server or opened as files.

use std::fmt::Write;

use pulldown_cmark::{Event, Options, Parser, Tag, TagEnd, html};

use super::articles::{Library, Text};
use super::links;
use crate::domain::language::is_chinese;
use crate::domain::policy::Article;

/// What the pages say beside the articles.
pub struct Site<'a> {
    /// The desk's name.
    pub name: &'a str,
    /// Where to write when nothing helps.
    pub address: Option<&'a str>,
    /// The name of a category by its id, in a language.
    pub category: &'a dyn Fn(&str, &str) -> String,
    /// With the articles for agents.
    pub internal: bool,
}

/// The words of the pages: (English, Chinese); other languages read the English ones.
struct Words {
    all: &'static str,
    other: &'static str,
    inside: &'static str,
    checked: &'static str,
    stuck: &'static str,
}

const ENGLISH: Words = Words {
    all: "All articles",
    other: "Other",
    inside: "for agents only",
    checked: "Last checked on",
    stuck: "Still stuck? Answer our mail, or write to",
};
const CHINESE: Words =
    Words {
        all: "全部文章", other: "其他", inside: "仅供客服", checked: "最近核对：", stuck: "还没解决？直接回复我们的邮件，或写信至"
    };

fn words(language: &str) -> &'static Words {
    if is_chinese(language) { &CHINESE } else { &ENGLISH }
}

/// A language in its own words.
fn called(language: &str) -> &str {
    match language {
        "en" => "English",
        "zh" => "中文",
        other => other,
    }
}

/// The name of an article's page; that of the index is taken.
fn stem(card: &Article) -> &str {
    if card.id == "index" { "index-" } else { &card.id }
}

/// Where an article's page lies, below the address of all: `en/vpn-setup.html`, as a link writes it.
pub fn address(card: &Article) -> String {
    let mut path = format!("{}/", card.language);
    for byte in stem(card).bytes() {
        match byte {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' | b'_' => path.push(char::from(byte)),
            // Writing to a String cannot fail.
            other => drop(write!(path, "%{other:02X}")),
        }
    }
    path + ".html"
}

/// All files of the site, (path, content), the paths as the file system writes them.
pub fn pages(library: &Library, site: &Site<'_>) -> Vec<(String, String)> {
    let shown: Vec<(&Article, &Text)> =
        library.cards.iter().zip(&library.texts).filter(|(card, _)| site.internal || !card.internal).collect();
    let mut languages: Vec<&str> = shown.iter().map(|(card, _)| card.language.as_str()).collect();
    languages.sort_unstable();
    languages.dedup();
    let mut files =
        vec![("style.css".to_owned(), include_str!("pages.css").to_owned()), ("index.html".to_owned(), entrance(&languages, site))];
    for language in &languages {
        let of_language: Vec<(&Article, &Text)> = shown.iter().copied().filter(|(card, _)| card.language == *language).collect();
        files.push((format!("{language}/index.html"), index(language, &languages, &of_language, site)));
        for (card, text) in of_language {
            let others: Vec<&Article> =
                shown.iter().map(|(other, _)| *other).filter(|o| o.id == card.id && o.language != *language).collect();
            let shown = Shown { library, site };
            files.push((format!("{language}/{}.html", stem(card)), article(card, text, &others, shown)));
        }
    }
    files
}

/// Text for element and attribute alike.
fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;")
}

/// A whole page. `up` leads to the directory of all languages.
fn page(language: &str, up: &str, title: &str, nav: &str, main: &str, site: &Site<'_>) -> String {
    let (name, title) = (escaped(site.name), escaped(title));
    let stuck = site.address.map_or_else(String::new, |address| {
        let address = escaped(address);
        format!("<footer>{} <a href=\"mailto:{address}\">{address}</a></footer>\n", words(language).stuck)
    });
    format!(
        "<!doctype html>\n<html lang=\"{language}\">\n<head>\n<meta charset=\"utf-8\">\n\
         <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n<title>{title} · {name}</title>\n\
         <link rel=\"stylesheet\" href=\"{up}style.css\">\n</head>\n<body>\n\
         <header><strong>{name}</strong><nav>{nav}</nav></header>\n<main>\n{main}</main>\n{stuck}</body>\n</html>\n"
    )
}

fn link(to: &str, language: Option<&str>, text: &str) -> String {
    let language = language.map_or_else(String::new, |l| format!(" lang=\"{l}\" hreflang=\"{l}\""));
    format!("<a href=\"{to}\"{language}>{}</a>", escaped(text))
}

/// The page above all languages.
fn entrance(languages: &[&str], site: &Site<'_>) -> String {
    let language = if let [only] = languages { only } else { "en" };
    let links: Vec<String> =
        languages.iter().map(|l| format!("<li>{}</li>\n", link(&format!("{l}/index.html"), Some(l), called(l)))).collect();
    let main = format!("<h1>{}</h1>\n<ul class=\"articles\">\n{}</ul>\n", escaped(site.name), links.concat());
    page(language, "", words(language).all, "", &main, site)
}

/// The articles of one language by category.
fn index(language: &str, languages: &[&str], articles: &[(&Article, &Text)], site: &Site<'_>) -> String {
    let words = words(language);
    let mut groups: Vec<(String, Vec<&Article>)> = Vec::new();
    for (card, _) in articles {
        let name = card.categories.first().map_or_else(|| words.other.to_owned(), |id| (site.category)(id, language));
        match groups.iter_mut().find(|(group, _)| *group == name) {
            Some((_, cards)) => cards.push(card),
            None => groups.push((name, vec![card])),
        }
    }
    let mut main = format!("<h1>{}</h1>\n", words.all);
    for (name, cards) in groups {
        let item = |card: &&Article| {
            let to = address(card);
            let file = to.rsplit('/').next().unwrap_or(&to).to_owned();
            format!("<li>{}{}<p>{}</p></li>\n", link(&file, None, &card.title), inside(card), escaped(&card.summary))
        };
        let items: String = cards.iter().map(item).collect();
        main += &format!("<h2>{}</h2>\n<ul class=\"articles\">\n{items}</ul>\n", escaped(&name));
    }
    let nav: Vec<String> =
        languages.iter().filter(|l| **l != language).map(|l| link(&format!("../{l}/index.html"), Some(l), called(l))).collect();
    page(language, "../", words.all, &nav.join(" · "), &main, site)
}

/// The mark of an article for agents.
fn inside(card: &Article) -> String {
    if card.internal { format!(" <span class=\"inside\">{}</span>", words(&card.language).inside) } else { String::new() }
}

/// What pages may link to.
#[derive(Clone, Copy)]
struct Shown<'a> {
    library: &'a Library,
    site: &'a Site<'a>,
}

fn article(card: &Article, text: &Text, others: &[&Article], shown: Shown<'_>) -> String {
    let words = words(&card.language);
    let mut nav = vec![link("index.html", None, words.all)];
    nav.extend(others.iter().map(|other| link(&format!("../{}", address(other)), Some(&other.language), called(&other.language))));
    let mut main = format!("<h1>{}{}</h1>\n<p class=\"summary\">{}</p>\n", escaped(&card.title), inside(card), escaped(&card.summary));
    html::push_html(&mut main, events(&text.body, &card.language, shown));
    if let Some(day) = text.verified {
        main += &format!("<p class=\"inside\">{} {day}</p>\n", words.checked);
    }
    page(&card.language, "../", &card.title, &nav.join(" · "), &main, shown.site)
}

/// An article's Markdown.
pub(super) fn parser(markdown: &str) -> Parser<'_> {
    Parser::new_ext(markdown, Options::ENABLE_TABLES)
}

/// Raw HTML in an article shows as text, so that no page can hold a script. A link to another article leads to its page; the words of one
/// that has none here stand for themselves.
fn events<'a>(markdown: &'a str, language: &'a str, Shown { library, site }: Shown<'a>) -> impl Iterator<Item = Event<'a>> {
    let mut dead = false;
    parser(markdown).filter_map(move |event| match event {
        Event::Html(html) | Event::InlineHtml(html) => Some(Event::Text(html)),
        Event::Start(Tag::Link { link_type, dest_url, title, id }) if links::id(&dest_url).is_some() => {
            let found = links::target(&library.cards, &dest_url, language).filter(|other| site.internal || !other.internal);
            dead = found.is_none();
            let dest_url = format!("../{}", address(found?)).into();
            Some(Event::Start(Tag::Link { link_type, dest_url, title, id }))
        }
        Event::End(TagEnd::Link) if std::mem::take(&mut dead) => None,
        other => Some(other),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    const SITE: Site<'static> =
        Site { name: "IT & Co", address: Some("help@desk.example"), category: &|id, language| format!("{id} {language}"), internal: false };

    fn library() -> Library {
        let head = |id: &str, language: &str, more: &str| {
            format!("+++\nid = \"{id}\"\ntitle = \"<{id}>\"\nlanguage = \"{language}\"\nsummary = \"In short.\"\n{more}\n+++\n")
        };
        let files = [
            (
                "vpn.en.md",
                head("vpn", "en", "categories = [\"network\"]\nverified = 2026-11-01")
                    + "1. **Click**\n\n<script>alert(1)</script>\n\n[once more](vpn), [*far*](wifi)\n",
            ),
            ("vpn.zh.md", head("vpn", "zh", "categories = [\"network\"]") + "[点我](https://x.example/?a=1&b=2)\n"),
            ("远程.zh.md", head("远程", "zh", "audience = \"agent\"") + "内部，见[另一篇](index)、[自己](远程)\n"),
            ("index.en.md", head("index", "en", "") + "Text.\n"),
            ("wifi.zh.md", head("wifi", "zh", "") + "[VPN](vpn)\n"),
        ];
        Library::read(&files.map(|(name, text)| (name.to_owned(), text)), &["network"]).unwrap_or_else(|wrong| panic!("{}", wrong[0]))
    }

    fn file<'f>(files: &'f [(String, String)], name: &str) -> &'f str {
        &files.iter().find(|(path, _)| path == name).unwrap_or_else(|| panic!("no {name}")).1
    }

    #[test]
    fn a_site_is_made() {
        let library = library();
        let files = pages(&library, &SITE);
        let names: Vec<&str> = files.iter().map(|(path, _)| path.as_str()).collect();
        let english = ["en/index.html", "en/vpn.html", "en/index-.html"];
        assert_eq!(names, [&["style.css", "index.html"][..], &english, &["zh/index.html", "zh/vpn.html", "zh/wifi.html"]].concat());
        let english = file(&files, "en/vpn.html");
        for piece in [
            "<html lang=\"en\">",
            "<title>&lt;vpn&gt; · IT &amp; Co</title>",
            "<li><strong>Click</strong></li>",
            "&lt;script&gt;",
            "<a href=\"../en/vpn.html\">once more</a>, <a href=\"../zh/wifi.html\"><em>far</em></a>",
            "<a href=\"../zh/vpn.html\" lang=\"zh\" hreflang=\"zh\">中文</a>",
            "Last checked on 2026-11-01",
            "mailto:help@desk.example",
            "href=\"../style.css\"",
        ] {
            assert!(english.contains(piece), "no {piece} in\n{english}");
        }
        assert!(file(&files, "zh/vpn.html").contains("<a href=\"https://x.example/?a=1&amp;b=2\">点我</a>"));
        let index = file(&files, "zh/index.html");
        assert!(index.contains("<h2>network zh</h2>") && index.contains("<a href=\"vpn.html\">") && !index.contains("远程"), "{index}");
        assert!(files.iter().all(|(_, text)| !text.contains("<script") && !text.contains("src=")), "no script, nothing from elsewhere");
    }

    #[test]
    fn articles_for_agents_are_shown_where_they_are_wanted() {
        let library = library();
        let files = pages(&library, &Site { internal: true, ..SITE });
        let page = file(&files, "zh/远程.html");
        let other = "<a href=\"../en/index-.html\">另一篇</a>、<a href=\"../zh/%E8%BF%9C%E7%A8%8B.html\">自己</a>";
        assert!(page.contains("仅供客服") && page.contains(other), "{page}");
        assert!(file(&files, "zh/index.html").contains("<h2>其他</h2>\n<ul class=\"articles\">\n<li><a href=\"%E8%BF%9C%E7%A8%8B.html\">"));
    }
}
