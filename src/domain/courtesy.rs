//! What a mail says for form's sake: greetings, thanks, closings, and the signature of a client that sets no `-- ` above it.
//!
//! Only what is plainly nothing counts. In doubt a text says something: that costs its writer one paragraph to read, the other way costs
//! him an answer.

use super::policy::Agent;
use super::text;

/// Phrases in letters with spaces between words, folded; longer ones first.
const SPACED: &[&str] = &[
    "thank you very much", "thank you in advance", "thanks in advance", "with best regards", "with kind regards", "best regards",
    "kind regards", "warm regards", "yours sincerely", "yours faithfully", "have a nice day", "good morning", "good afternoon",
    "good evening", "service desk", "many thanks", "best wishes", "thank you", "thanks a lot", "help desk", "the desk", "sincerely",
    "colleagues", "everybody", "everyone", "helpdesk", "postdesk", "regards", "support", "testing", "thanks", "please", "cheers", "hello",
    "there", "madam", "dear", "team", "desk", "best", "guys", "help", "test", "hey", "all", "sir", "thx", "br", "hi", "it",
];

/// Chinese ones; longer ones first.
const CHINESE: &[&str] = &[
    "祝工作顺利", "祝您工作愉快", "顺颂商祺", "顺祝商祺", "工作愉快", "服务台", "各位同事", "各位老师", "辛苦了", "麻烦了", "早上好",
    "上午好", "下午好", "晚上好", "大家好", "各位好", "谢谢您", "谢谢", "多谢", "感谢", "此致", "敬礼", "祝好", "您好", "你好", "各位",
    "大家", "同事", "老师", "支持", "客服", "测试", "帮助", "请",
];

/// Phrases after which a part of a name is enough.
const CLOSINGS: &[&str] = &["regards", "thanks", "thank you", "cheers", "sincerely", "faithfully", "wishes", "祝", "谢", "此致", "敬礼"];

/// So many lines, of so many characters, may a signature have below its name.
const SIGNATURE: (usize, usize) = (6, 60);

/// Is there nothing in these words of an agent to the desk of this name but courtesy and his signature?
pub fn is_all(words: &str, agent: &Agent, desk: &str) -> bool {
    let lines: Vec<&str> = words.lines().map(str::trim).filter(|line| !folded(line).trim().is_empty()).collect();
    let whole = folded(&agent.name);
    let parts: Vec<String> = whole.split_whitespace().map(|part| format!(" {part} ")).collect();
    let known: Vec<String> = [&agent.handle, desk].into_iter().chain(agent.team.as_deref()).map(folded).collect();
    let names: Vec<&String> = std::iter::once(&whole).chain(&parts).chain(&known).collect();
    let mut closed = false;
    for (at, line) in lines.iter().enumerate() {
        // What stands beside the name, as in "Li Wei | Network".
        let name = folded(line.split(['|', '/', '·']).next().unwrap_or_default());
        let signs = name == whole || (closed && parts.contains(&name));
        if signs && lines.get(at + 1..).is_some_and(is_card) {
            return true;
        }
        let text = folded(line);
        if !without(&text, &names).trim().is_empty() {
            return false;
        }
        closed = CLOSINGS.iter().any(|closing| text.contains(closing));
    }
    true
}

/// The words without a last line that is the agent's name and nothing else, or a part of it that is set apart: the templates write it below.
/// A closing ("Best regards,") may stand last only where the name comes right below.
pub fn without_name<'a>(words: &'a str, agent: &Agent, right_below: bool) -> &'a str {
    let Some((before, last)) = words.trim_end().rsplit_once('\n') else { return words };
    let above = before.trim_end();
    let closing = above.lines().last().is_some_and(|line| CLOSINGS.iter().any(|closing| folded(line).contains(closing)));
    let apart = closing || before.get(above.len()..).is_some_and(|space| space.contains('\n'));
    let (name, last) = (folded(&agent.name), folded(last));
    let signs = last == name || apart && name.contains(&last) && !last.trim().is_empty();
    if signs && !above.is_empty() && (right_below || !closing) { above } else { words }
}

/// Has it the shape of what stands below the name in a signature?
fn is_card(lines: &[&str]) -> bool {
    let says = |line: &str| line.contains(['?', '？', '！', '。']) || [" ps ", " p s "].iter().any(|ps| folded(line).starts_with(ps));
    lines.len() <= SIGNATURE.0 && lines.iter().all(|line| line.chars().count() <= SIGNATURE.1 && !says(line))
}

/// Folded, with a space for whatever is no letter, figure or mark of a question, and one at each end.
fn folded(line: &str) -> String {
    let text: String = text::fold(line).chars().map(|c| if c.is_alphanumeric() || c == '?' { c } else { ' ' }).collect();
    format!(" {} ", text.split_whitespace().collect::<Vec<_>>().join(" "))
}

/// A folded line without the names and every phrase.
fn without(line: &str, names: &[&String]) -> String {
    // A space of its own for each word, since two phrases side by side would share one.
    let spaced = |words: &str| format!(" {} ", words.trim().replace(' ', "  "));
    let mut line = spaced(line);
    for name in names.iter().filter(|name| !name.trim().is_empty()) {
        let han = name.trim().chars().all(text::is_han_or_kana);
        line = if han { line.replace(name.trim(), " ") } else { line.replace(&spaced(name), " ") };
    }
    line = SPACED.iter().fold(line, |line, phrase| line.replace(&spaced(phrase), " "));
    CHINESE.iter().fold(line, |line, phrase| line.replace(phrase, " "))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::message::Address;
    use crate::domain::policy::Role;

    fn agent(name: &str) -> Agent {
        Agent {
            handle: "li".into(),
            name: name.into(),
            address: Address::parse("li@desk.example").unwrap(),
            aliases: Vec::new(),
            team: Some("network".into()),
            role: Role::Agent,
            language: None,
        }
    }

    #[test]
    fn a_name_that_comes_below_anyway_is_left_out() {
        for (name, words, above_name, above_more) in [
            ("Li Wei", "Try again.\n\nLi Wei\n", "Try again.", "Try again."),
            ("Li Wei", "Try again.\nli wei,", "Try again.", "Try again."),
            ("王芳", "请再试一次。\n\n王芳", "请再试一次。", "请再试一次。"),
            ("Li Wei", "Try again.\n\nBest regards,\nLi Wei", "Try again.\n\nBest regards,", "Try again.\n\nBest regards,\nLi Wei"),
            ("王芳", "好了。\n此致\n敬礼\n王芳", "好了。\n此致\n敬礼", "好了。\n此致\n敬礼\n王芳"),
            ("Li Wei", "Ask Li Wei", "Ask Li Wei", "Ask Li Wei"),
            ("Li Wei", "Ask\nWei", "Ask\nWei", "Ask\nWei"),
            ("Li Wei", "Ask \nWei", "Ask \nWei", "Ask \nWei"),
            ("Li Wei", "Try again.\n\nLi", "Try again.", "Try again."),
            ("Li Wei", "Try again.\nCheers\nLi", "Try again.\nCheers", "Try again.\nCheers\nLi"),
            ("Li Wei", "Try again.\n\nL", "Try again.\n\nL", "Try again.\n\nL"),
            ("Li Wei", "Try again.\n\n:)", "Try again.\n\n:)", "Try again.\n\n:)"),
            ("Li Wei", "Li Wei", "Li Wei", "Li Wei"),
            ("Li Wei", "\nLi Wei", "\nLi Wei", "\nLi Wei"),
            ("Li Wei", "", "", ""),
        ] {
            let agent = agent(name);
            assert_eq!((without_name(words, &agent, true), without_name(words, &agent, false)), (above_name, above_more), "{words}");
        }
    }

    #[test]
    fn courtesy_says_nothing() {
        let (li, wang) = (agent("Li Wei"), agent("王芳"));
        for (agent, words, expected) in [
            (&li, "", true),
            (&li, " \n--\n", true),
            (&li, "Hello,", true),
            (&li, "Hi team!", true),
            (&li, "Dear all,\n\nthanks in advance.\n\nBest regards,\nLi", true),
            (&li, "test", true),
            (&li, "help, please", true),
            (&li, "Li Wei\nNetwork Operations\n+86 10 5555 0100\nli@desk.example", true),
            (&li, "Li Wei | Network Operations | +86 10 5555 0100", true),
            (&li, "Best regards\nLi\nNetwork Operations", true),
            (&li, "Regards\nLi Wei\nPS: the printer on floor 3 is broken", false),
            (&li, "Li\nmy printer is broken", false),
            (&li, "Hi, my printer is broken", false),
            (&li, "Hello?", false),
            (&li, "Thanks\nAnd reset the password of Bob", false),
            (&li, "How do I hand a ticket over", false),
            (&li, "List", false),
            (&li, "809", false),
            (&wang, "您好，\n\n谢谢！\n王芳", true),
            (&wang, "大家好：\n请帮助，谢谢。\n\n王芳\n信息技术部\n分机 8021", true),
            (&wang, "各位老师，辛苦了", true),
            (&wang, "測試", true),
            (&wang, "您好，打印机坏了", false),
            (&wang, "王芳的电脑坏了", false),
            (&wang, "王芳\n打印机坏了。", false),
        ] {
            assert_eq!(is_all(words, agent, "IT Support"), expected, "{words:?}");
        }
    }
}
