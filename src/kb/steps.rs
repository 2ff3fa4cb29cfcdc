//! The steps that an article lists, as plain lines: what a playbook tells an agent within a notification.

use pulldown_cmark::{Event, Parser, Tag, TagEnd};

/// The items of the article's numbered lists, or of its other lists where it has no numbered one. What stands below an item is part
/// of it.
pub(super) fn steps(markdown: &str) -> Vec<String> {
    let mut found = Found::default();
    for event in Parser::new(markdown) {
        found.take(event);
    }
    let steps = if found.numbered.is_empty() { found.bulleted } else { found.numbered };
    steps.into_iter().filter(|step| !step.is_empty()).collect()
}

#[derive(Default)]
struct Found {
    numbered: Vec<String>,
    bulleted: Vec<String>,
    /// The open lists, outermost first: is it numbered?
    lists: Vec<bool>,
    /// The text of the open step.
    step: String,
    /// The open link's address, and where its words begin.
    link: Option<(String, usize)>,
}

impl Found {
    fn take(&mut self, event: Event<'_>) {
        match event {
            Event::Start(Tag::List(first)) => self.lists.push(first.is_some()),
            Event::End(TagEnd::List(_)) => {
                self.lists.pop();
            }
            Event::Start(Tag::Item) if self.lists.len() > 1 => self.step.push_str(if self.ends_sentence() { " " } else { "; " }),
            Event::End(TagEnd::Item) if self.lists.len() == 1 => self.close(),
            _ if self.lists.is_empty() => {}
            Event::Text(text) | Event::Code(text) => self.step.push_str(&text),
            Event::SoftBreak | Event::HardBreak | Event::End(TagEnd::Paragraph) => self.step.push(' '),
            Event::Start(Tag::Link { dest_url, .. }) => self.link = Some((dest_url.into_string(), self.step.len())),
            Event::End(TagEnd::Link) => self.name_link(),
            _ => {}
        }
    }

    fn ends_sentence(&self) -> bool {
        self.step.trim_end().ends_with(['.', ':', '。', '：', ';', '；'])
    }

    /// A link's address stands behind its words, unless it is what they say.
    fn name_link(&mut self) {
        let Some((address, start)) = self.link.take() else { return };
        if self.step.get(start..).is_some_and(|words| words != address) {
            self.step.push_str(&format!(" ({address})"));
        }
    }

    fn close(&mut self) {
        let step = std::mem::take(&mut self.step).split_whitespace().collect::<Vec<_>>().join(" ");
        let list = if self.lists.first() == Some(&true) { &mut self.numbered } else { &mut self.bulleted };
        list.push(step);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn steps_are_the_items_of_lists() {
        for (markdown, expected) in [
            ("No list.", vec![]),
            (
                "Intro\n\n1. Open **any** page\n   without the VPN.\n2. Run `ipconfig`\n\n- not a step\n",
                vec!["Open any page without the VPN.", "Run ipconfig"],
            ),
            ("- one\n- two\n\n  and more\n", vec!["one", "two and more"]),
            ("1. Look at:\n   - power\n   - cable\n2. Done", vec!["Look at: power; cable", "Done"]),
            (
                "1. See [the page](https://kb.example/x) and <https://kb.example/y>",
                vec!["See the page (https://kb.example/x) and https://kb.example/y"],
            ),
            ("1. 打开网页\n2. 重启客户端\n\n## 之后\n\n1. 回复我们", vec!["打开网页", "重启客户端", "回复我们"]),
            ("1. a ![picture](x.png)\n2. ```\n   ping host\n   ```\n3.", vec!["a picture", "ping host"]),
        ] {
            assert_eq!(steps(markdown), expected, "{markdown}");
        }
    }
}
