//! The mail that a forward carries below its head: who wrote it, and what.
//!
//! Mailers write that head for people, in their own languages and layouts; `quotes` knows their words. Exchange names colleagues without
//! an address: then nobody is guessed.

use super::message::{Address, Original, Person};
use super::quotes::{self, HeadField, Lines};

/// Lines that a head may have.
const HEAD: usize = 16;

/// Lines that are looked at for a head: what stands further down is a quote of a quote.
const LINES: usize = 2000;

/// What a forward's head says.
#[derive(Debug, Clone, PartialEq)]
pub struct Head {
    /// Its words are a forward's and no answer's.
    pub certain: bool,
    /// The mail below it, where a header block follows.
    pub original: Option<Original>,
}

/// Finds the head of a forward. `announced`: the subject says that it is one, so that any quote's head serves; `fresh`: the mail answers
/// nothing, so that words which answers have too (原始邮件) serve where a head follows.
pub fn below_head(lines: &Lines<'_>, announced: bool, fresh: bool) -> Option<Head> {
    let quoted = || {
        // Apple Mail marks the whole forward as quoted, Gmail's HTML its head.
        let text = lines.iter().take(LINES).map(|line| unquoted(line)).collect::<Vec<_>>().join("\n");
        unquoted_head(&Lines::of(&text), announced, fresh)
    };
    unquoted_head(lines, announced, fresh).or_else(|| announced.then(quoted).flatten())
}

fn unquoted_head(lines: &Lines<'_>, announced: bool, fresh: bool) -> Option<Head> {
    for (at, line) in lines.iter().enumerate().take(LINES) {
        if lines.may_separate(at) && !line.trim_start().starts_with('>') {
            let certain = quotes::announces_forward(line);
            if certain || ((announced || fresh) && quotes::separator(lines, at).is_some()) {
                let original = read(lines.get(at..)?);
                // A bare "From: … To: …" block in a text that says nothing of a forward may be anything.
                let marked = certain || announced || quotes::head_field(line).is_none();
                let named = original.as_ref().is_some_and(|original| original.from.is_some());
                return (marked && (certain || announced || named)).then_some(Head { certain: certain || marked, original });
            }
        }
    }
    None
}

/// Reads the head at the first of these lines, and the mail below it.
fn read(lines: &[&str]) -> Option<Original> {
    // Apple Mail and Thunderbird may quote the whole of it.
    let lines: Vec<&str> = lines.iter().map(|line| unquoted(line)).collect();
    let first = lines.iter().take(HEAD).position(|line| quotes::head_field(line).is_some())?;
    let (mut from, mut subject) = (None, String::new());
    let mut end = first;
    let mut blank = 0;
    for (at, line) in lines.iter().enumerate().skip(first).take(HEAD) {
        let next = lines.get(at + 1).copied().unwrap_or_default();
        match quotes::head_field(line) {
            Some((HeadField::From, value)) if from.is_none() => {
                // A wrapped field: the address stands on the next line.
                from = person(value).or_else(|| person(&format!("{value} {next}")).filter(|_| quotes::head_field(next).is_none()));
                end = if value.contains('@') { at } else { at + 1 };
            }
            Some((HeadField::Subject, value)) if subject.is_empty() => (subject, end) = (value.to_owned(), at),
            Some(_) => end = at,
            None if line.is_empty() => {
                blank += 1;
                let goes_on = lines.iter().skip(at + 1).find(|l| !l.is_empty()).is_some_and(|l| quotes::head_field(l).is_some());
                if !goes_on || blank > 8 {
                    break;
                }
            }
            // What a field of many recipients leaves over.
            None if at == end + 1 && (line.contains('@') || line.starts_with("| ")) => end = at,
            None if at > end => break,
            None => {}
        }
    }
    let below = lines.get(end + 1..).unwrap_or_default();
    let last = below.iter().position(|line| quotes::ends_forward(line)).unwrap_or(below.len());
    // iPhones begin it with a mark of no width.
    let text = below.get(..last).unwrap_or_default().join("\n").trim_matches(|c: char| c.is_whitespace() || c == '\u{feff}').to_owned();
    Some(Original { from, subject, text, language: None, id: None, references: Vec::new() })
}

fn unquoted(line: &str) -> &str {
    let line = line.trim();
    line.strip_prefix('>').map_or(line, str::trim)
}

/// The first address of a field as people see it: `Alice Baker <alice@ext.test>`, `"李"<li@x.test>;`, `Alice [mailto:alice@ext.test]`. A name
/// may read like an address: the one in brackets counts.
pub fn person(value: &str) -> Option<Person> {
    let bracket = value.find('<').filter(|open| value.get(*open..).is_some_and(|rest| rest.contains('@')));
    let from = bracket.filter(|open| value.get(..*open).is_some_and(|name| !name.contains([';', ','])));
    let at = from.unwrap_or(0) + value.get(from.unwrap_or(0)..)?.find('@')?;
    let belongs = |c: char| c.is_alphanumeric() || "._%+-=~'".contains(c);
    let (before, after) = value.split_at_checked(at)?;
    let local = before.trim_end_matches(belongs).len();
    let domain = after.get(1..)?;
    let end = domain.find(|c: char| !(c.is_alphanumeric() || "-.".contains(c))).unwrap_or(domain.len());
    let text = format!("{}@{}", before.get(local..)?.trim_matches('\''), domain.get(..end)?.trim_end_matches('.'));
    let address = Address::parse(&text).filter(|address| address.domain().contains('.'))?;
    let name = before.get(..local)?.trim_end_matches("mailto:").trim_matches(|c: char| " \"'“”<[(（*;,".contains(c));
    Some(Person { name: if name.contains('@') { String::new() } else { name.to_owned() }, address })
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// (client, text, announced by the subject, sender, subject, text)
    const FORWARDS: &[(&str, &str, bool, &str, &str, &str)] = &[
        (
            "gmail",
            "FYI\n\n---------- Forwarded message ---------\nFrom: Alice Baker <alice@ext.test>\nDate: Tue, Dec 1, 2026 at 9:00 AM\nSubject: VPN down\nTo: Li Wei <li@desk.test>, Ben\n <ben@ext.test>\n\n\nError 809.\n\nAlice",
            false,
            "Alice Baker <alice@ext.test>",
            "VPN down",
            "Error 809.\n\nAlice",
        ),
        (
            "apple",
            "See below.\n\n> Begin forwarded message:\n\nBegin forwarded message:\n\n> From: Alice Baker <alice@ext.test>\n> Subject: VPN down\n> Date: 1 December 2026 at 09:00:00 CST\n> To: li@desk.test\n> \n> Error 809.\n> Alice\n",
            false,
            "Alice Baker <alice@ext.test>",
            "VPN down",
            "Error 809.\nAlice",
        ),
        (
            "apple, chinese",
            "下面是被转发的邮件：\n\n> 发件人: 李明 <ming@ext.test>\n> 主题: 打印机\n> 日期: 2026年12月1日\n> 收件人: li@desk.test\n>\n> 卡纸了。\n",
            false,
            "李明 <ming@ext.test>",
            "打印机",
            "卡纸了。",
        ),
        (
            "apple, the whole marked as quoted",
            "See.\n\n> Begin forwarded message:\n> \n> From: Alice Baker <alice@ext.test>\n> Subject: VPN down\n> Date: 1 December 2026 at 09:00:00 CST\n> To: li@desk.test\n> \n> Error 809.\n",
            true,
            "Alice Baker <alice@ext.test>",
            "VPN down",
            "Error 809.",
        ),
        (
            "gmail's page, its head marked as quoted",
            "FYI\n\n> ---------- Forwarded message ---------\n> From: Alice Baker <alice@ext.test>\n> Date: Tue, Dec 1, 2026 at 9:00 AM\n> Subject: VPN down\n> To: Li <li@desk.test>\n\n\nError 809.",
            true,
            "Alice Baker <alice@ext.test>",
            "VPN down",
            "Error 809.",
        ),
        (
            "iphone, chinese, with a mark of no width",
            "下面是被转发的邮件：\n\n> 发件人: 李明 <ming@ext.test>\n> 日期: 2026年12月1日 GMT+8 09:00:00\n> 收件人: li@desk.test\n> 主题: 打印机\n> \n> \u{feff}卡纸了。\n",
            false,
            "李明 <ming@ext.test>",
            "打印机",
            "卡纸了。",
        ),
        (
            "thunderbird, japanese",
            "-------- 転送メッセージ --------\n件名: \tプリンタ\n日付: \t2026年12月1日\n差出人: \tAlice <alice@ext.test>\n宛先: \tli@desk.test\n\n紙詰まり。",
            false,
            "Alice <alice@ext.test>",
            "プリンタ",
            "紙詰まり。",
        ),
        (
            "a name that reads like an address",
            "---------- Forwarded message ---------\nFrom: \"old@other.test\" <alice@ext.test>\nDate: Tue\nSubject: VPN\n\nError.",
            false,
            " <alice@ext.test>",
            "VPN",
            "Error.",
        ),
        (
            "outlook",
            "Can you take this?\n\nFrom: Alice Baker <alice@ext.test>\nSent: Tuesday, December 1, 2026 9:00 AM\nTo: Li Wei <li@desk.test>; Ben <ben@ext.test>\nSubject: VPN down\n\nError 809.\n",
            true,
            "Alice Baker <alice@ext.test>",
            "VPN down",
            "Error 809.",
        ),
        (
            "outlook, chinese",
            "请处理。\n\n发件人: 李明 <ming@ext.test>\n发送时间: 2026年12月1日 9:00\n收件人: 李伟 <li@desk.test>\n主题: 打印机\n\n卡纸了。\n",
            true,
            "李明 <ming@ext.test>",
            "打印机",
            "卡纸了。",
        ),
        (
            "outlook, traditional, mailto",
            "-----Original Message-----\n寄件者: 陳大文 [mailto:chan@ext.test] \n寄件日期: 2026年12月1日\n收件者: li@desk.test\n主旨: 印表機\n\n卡紙。",
            true,
            "陳大文 <chan@ext.test>",
            "印表機",
            "卡紙。",
        ),
        (
            "qq",
            "\n\n------------------ 原始邮件 ------------------\n发件人: \"李明\"<ming@ext.test>;\n发送时间: 2026年12月1日(星期二) 上午9:00\n收件人: \"李伟\"<li@desk.test>;\n主题: 打印机\n\n卡纸了。",
            false,
            "李明 <ming@ext.test>",
            "打印机",
            "卡纸了。",
        ),
        (
            "163",
            "请看\n\n\n-------- 转发邮件信息 --------\n发件人：\"李明\" <ming@ext.test>\n发送日期：2026-12-01 09:00:00\n收件人：li@desk.test\n主题：打印机\n\n卡纸了。",
            false,
            "李明 <ming@ext.test>",
            "打印机",
            "卡纸了。",
        ),
        (
            "163 app",
            "---- 转发的邮件 ----\n| 发件人 | 李明<ming@ext.test> |\n| 日期 | 2026年12月01日 09:00 |\n| 收件人 | <li@desk.test> |\n| 主题 | 打印机 |\n卡纸了。",
            false,
            "李明 <ming@ext.test>",
            "打印机",
            "卡纸了。",
        ),
        (
            "thunderbird",
            "\n\n\n-------- Weitergeleitete Nachricht --------\nBetreff: \tDrucker\nDatum: \tTue, 1 Dec 2026 09:00:00 +0100\nVon: \tAlice <alice@ext.test>\nAn: \tli@desk.test\n\n\n\nPapierstau.\n",
            false,
            "Alice <alice@ext.test>",
            "Drucker",
            "Papierstau.",
        ),
        (
            "mutt",
            "FYI\n\n----- Forwarded message from Alice Baker <alice@ext.test> -----\n\nDate: Tue, 1 Dec 2026 09:00:00 +0800\nFrom: Alice Baker <alice@ext.test>\nTo: li@desk.test\nSubject: VPN down\n\nError 809.\n\n----- End forwarded message -----\n",
            false,
            "Alice Baker <alice@ext.test>",
            "VPN down",
            "Error 809.",
        ),
        (
            "html with an empty line between the fields",
            "---------- Forwarded message ---------\n\nFrom: Alice <alice@ext.test>\n\nDate: Tue\n\nSubject: VPN\n\nError.",
            false,
            "Alice <alice@ext.test>",
            "VPN",
            "Error.",
        ),
    ];

    #[test]
    fn the_original_is_read_below_every_head() {
        for (client, text, announced, from, subject, words) in FORWARDS {
            for text in [(*text).to_owned(), text.replace('\n', "\r\n")] {
                let head = below_head(&Lines::of(&text), *announced, true).unwrap_or_else(|| panic!("{client}: no head"));
                let original = head.original.unwrap_or_else(|| panic!("{client}: no header block"));
                assert!(head.certain, "{client}");
                let sender = original.from.unwrap_or_else(|| panic!("{client}: no sender"));
                assert_eq!(format!("{} <{}>", sender.name, sender.address), *from, "{client}");
                assert_eq!((original.subject.as_str(), original.text.as_str()), (*subject, *words), "{client}");
            }
        }
    }

    #[test]
    fn what_is_no_forward_has_no_head() {
        for (case, text, announced, fresh) in [
            ("words about one", "I got a Forwarded message from Alice <alice@ext.test>: what now?", false, true),
            ("a form", "From: Alice <alice@ext.test>\nTo: the second floor\nSubject: keys\nDate: today", false, true),
            ("quoted", "> ---------- Forwarded message ---------\n> From: Alice <alice@ext.test>\n> Subject: x", false, true),
            (
                "qq's answer, renamed",
                "好了\n\n------------------ 原始邮件 ------------------\n发件人: \"IT\"<it@desk.test>;\n主题: x\n收件人: y\n\n请再试",
                false,
                false,
            ),
        ] {
            assert_eq!(below_head(&Lines::of(text), announced, fresh), None, "{case}");
        }
        // Exchange names colleagues without an address: a forward whose sender nobody can know.
        let nameless =
            below_head(&Lines::of("From: Alice Baker\nSent: Tuesday\nTo: Li Wei\nSubject: VPN\n\nError 809."), true, false).unwrap();
        let original = nameless.original.unwrap();
        assert_eq!((original.from, original.subject.as_str(), original.text.as_str()), (None, "VPN", "Error 809."));
    }

    proptest! {
        #[test]
        fn any_text_is_read(text in "(?s).{0,400}", announced: bool, fresh: bool) {
            below_head(&Lines::of(&text), announced, fresh);
        }

        #[test]
        fn any_lines_are_read(lines in proptest::collection::vec("(> )?(---- Forwarded message ----|From: a <a@b.c>|发件人：|Subject: x|To: @|\\| 主题 \\| x \\||)", 0..30)) {
            if let Some(Head { original: Some(original), .. }) = below_head(&Lines::of(&lines.join("\n")), true, true) {
                prop_assert!(original.from.is_none_or(|from| from.address.domain().contains('.')));
            }
        }
    }
}
