//! The grammar as a table, its invariants, and the page that is generated from the registry.

use proptest::prelude::*;

use super::*;

const OWN: Option<&str> = Some("VPN down");

/// `subject | body` on a mail that joins a ticket → tags as `name op value`, `!` before those in error, and what remains.
fn on_ticket(subject: &str, body: &str) -> (String, String, String) {
    let reading = read(subject, OWN, body, true);
    (shown(&reading), reading.subject, reading.body)
}

fn shown(reading: &TagReading) -> String {
    let tag = |tag: &Tag| {
        let op = match tag.op {
            Op::Bare => "",
            Op::Set => "=",
            Op::Add => "+=",
            Op::Remove => "-=",
        };
        let wrong = if tag.error.is_some() { "!" } else { "" };
        format!("{wrong}{}{op}{}", tag.name, tag.value)
    };
    reading.tags.iter().map(tag).collect::<Vec<_>>().join(" ")
}

#[test]
fn tags_in_subjects() {
    let cases = [
        // The habits of mailers.
        ("RE: [External] [#1042] VPN down 【解决】", "resolve", "RE: [External] [#1042] VPN down"),
        ("Re:[#1042]【优先级＝高】", "priority=高", "Re:[#1042]"),
        ("回复： [#1042] VPN down〔认领〕", "take", "回复： [#1042] VPN down"),
        ("答复: Re: [#1042] VPN down ［resolve］", "resolve", "答复: Re: [#1042] VPN down"),
        ("Re: [#1042] VPN down [resolve] [priority=high]", "resolve priority=high", "Re: [#1042] VPN down"),
        ("[take] Re: [#1042] VPN down", "take", "Re: [#1042] VPN down"),
        ("Re: [take][note][#1042] VPN", "take note", "Re: [#1042] VPN"),
        ("VPN[resolve]down", "resolve", "VPN down"),
        // Case, spaces, width.
        ("[Resolve]", "resolve", ""),
        ("[RESOLVE]", "resolve", ""),
        ("[resolve ]", "resolve", ""),
        ("[ Resolve ]", "resolve", ""),
        ("[　resolve　]", "resolve", ""),
        ("[ｒｅｓｏｌｖｅ]", "resolve", ""),
        ("【ＲＥＳＯＬＶＥ】", "resolve", ""),
        ("[res\u{200b}olve]", "resolve", ""),
        ("[\u{feff}resolve\u{a0}]", "resolve", ""),
        ("【 解 决 】", "resolve", ""),
        ("[priority = high]", "priority=high", ""),
        ("［priority＝ｈｉｇｈ］", "priority=high", ""),
        ("[PRIORITY=High]", "priority=High", ""),
        ("【wait＝３ｄ】", "wait=3d", ""),
        // Mixed pairs.
        ("[resolve】", "resolve", ""),
        ("【关闭]", "close", ""),
        ("[[resolve]]", "resolve", "[ ]"),
        // Inflections and synonyms.
        ("[resolved]", "resolve", ""),
        ("[solved]", "resolve", ""),
        ("[closed]", "close", ""),
        ("[reopened]", "reopen", ""),
        ("[re-open]", "reopen", ""),
        ("[waiting]", "wait", ""),
        ("[pending]", "wait", ""),
        ("【已解决】", "resolve", ""),
        ("【已关闭】", "close", ""),
        ("【重新打开】", "reopen", ""),
        ("【等待=3天】", "wait=3天", ""),
        ("【指派=li】", "assign=li", ""),
        ("【小组=network】", "team=network", ""),
        ("【类别=网络】", "category=网络", ""),
        ("【知识=vpn-setup】", "kb=vpn-setup", ""),
        ("【备注】【静默】【发送】【帮助】", "note quiet send help", ""),
        // Values: spaces, quotes, punctuation, colons, lists, further equals signs.
        ("[category=Network and VPN]", "category=Network and VPN", ""),
        ("[category=  Network   and VPN ]", "category=Network and VPN", ""),
        ("[assign=\"Li Wei\"]", "assign=Li Wei", ""),
        ("[assign=“Li Wei”]", "assign=Li Wei", ""),
        ("【指派=「李伟」】", "assign=李伟", ""),
        ("[assign=li@example.com]", "assign=li@example.com", ""),
        ("[priority=high.]", "priority=high", ""),
        ("【优先级=高。】", "priority=高", ""),
        ("【优先级：高】", "priority=高", ""),
        ("[priority: high]", "priority=high", ""),
        ("[wait:3d]", "wait=3d", ""),
        ("[resolve.]", "resolve", ""),
        ("[resolve!]", "resolve", ""),
        ("【已解决！】", "resolve", ""),
        ("['resolve']", "resolve", ""),
        ("[resolve=]", "resolve", ""),
        ("[wait=]", "wait", ""),
        ("[kb=vpn,wifi]", "kb=vpn,wifi", ""),
        ("[kb+=vpn]", "kb+=vpn", ""),
        ("[category=a=b]", "category=a=b", ""),
        // Text.
        ("[EXTERNAL] VPN", "", "[EXTERNAL] VPN"),
        ("[#1042] VPN", "", "[#1042] VPN"),
        ("[JIRA-12] VPN", "", "[JIRA-12] VPN"),
        ("[Urgent] VPN", "", "[Urgent] VPN"),
        ("[Request] VPN", "", "[Request] VPN"),
        ("[Public] VPN", "", "[Public] VPN"),
        ("[Reminder] VPN", "", "[Reminder] VPN"),
        ("[Assigned] VPN", "", "[Assigned] VPN"),
        ("【重启】服务器", "", "【重启】服务器"),
        ("[Internal] VPN", "", "[Internal] VPN"),
        ("[Teams] call", "", "[Teams] call"),
        ("[] VPN", "", "[] VPN"),
        ("[ ] VPN", "", "[ ] VPN"),
        ("[=x] VPN", "", "[=x] VPN"),
        ("[id=5] VPN", "", "[id=5] VPN"),
        ("[https://example.com/?a=b] VPN", "", "[https://example.com/?a=b] VPN"),
        ("【紧急】VPN", "", "【紧急】VPN"),
        ("【通知】VPN", "", "【通知】VPN"),
        ("【解诀】VPN", "", "【解诀】VPN"),
        ("【编号=5】VPN", "", "【编号=5】VPN"),
        ("[Report: May] VPN", "", "[Report: May] VPN"),
        ("[team meeting]", "", "[team meeting]"),
        ("Two  spaces [EXTERNAL]  stay", "", "Two  spaces [EXTERNAL]  stay"),
    ];
    for (subject, tags, rest) in cases {
        assert_eq!(on_ticket(subject, ""), (tags.into(), rest.into(), String::new()), "{subject}");
        assert!(read(subject, OWN, "", true).errors.is_empty(), "{subject}");
    }
}

#[test]
fn mistyped_tags() {
    // What is written → the tag that is meant, or what the sentence must say.
    let cases = [
        ("[resolv]", "[resolve]"),
        ("[reslove]", "[resolve]"),
        ("[resolvd]", "[resolve]"),
        ("[clsoe]", "[close]"),
        ("[reopne]", "[reopen]"),
        ("[quite]", "[quiet]"),
        ("[résolve]", "[resolve]"),
        ("[re solve]", "[resolve]"),
        ("[pri ority=high]", "[priority]"),
        ("[asign=li]", "[assign]"),
        ("[assing=li]", "[assign]"),
        ("[prioriy=high]", "[priority]"),
        ("[piorety=high]", "[priority]"),
        ("[catgeory=x]", "[category]"),
        ("[escalte]", "[escalate]"),
        ("[brodacats]", "[broadcast]"),
        ("【优先及=高】", "[priority]"),
        ("【只派=li】", "[assign]"),
        ("[priority high]", "[priority=high]"),
        ("[wait 3d]", "[wait=3d]"),
        ("【等待 3天】", "[wait=3天]"),
        ("【优先级 高】", "[priority=高]"),
        ("[resolve, quiet]", "[resolve] [quiet]"),
        ("【解决、静默】", "[解决] [静默]"),
        ("[take; priority=high]", "[take] [priority=high]"),
        ("[assign]", "needs a value, such as [assign=li]"),
        ("[priority=]", "needs a value"),
        ("【优先级】", "needs a value"),
        ("[kb]", "needs a value"),
        ("【己解决】", "did you mean [resolve]?"),
        ("[take=li]", "takes no value; write [take]"),
        ("[note=check the firewall]", "takes no value"),
        ("[note: check the firewall]", "takes no value"),
        ("[priority+=high]", "write \"=\""),
        ("[priority-=high]", "write \"=\""),
        ("[kb-=vpn]", "nothing can be taken away"),
        ("[incident=1040]", "[incident] is not available in this version."),
        ("【重大事件=1040】", "[incident] is not available in this version."),
        ("[kb-draft]", "[kb-draft] is not available"),
        ("[label+=vip]", "[label] is not available"),
        ("[asset-=PC-1]", "[asset] is not available"),
        ("[cc]", "needs a value"),
        ("[done]", "Use [resolve] instead."),
        ("[hold=2026-12-01]", "Use [wait=5d] instead."),
        ("[visit]", "[visit] is not available"),
        ("【成文】", "[kb-draft] is not available"),
    ];
    for (subject, says) in cases {
        let reading = read(&format!("Re: VPN down {subject}"), OWN, "", true);
        let sentences: Vec<&str> = reading.errors.iter().map(|e| e.sentence.to("en")).collect();
        assert_eq!(sentences.len(), 1, "{subject}: {sentences:?}");
        assert!(sentences[0].contains(says), "{subject}: {sentences:?}");
        assert!(reading.errors[0].sentence.to("zh-CN").chars().any(|c| c > '\u{2e80}'), "{subject}");
        assert_eq!(reading.subject, "Re: VPN down", "{subject}");
        assert_eq!(reading.tags[0].error.as_deref(), Some(sentences[0]), "{subject}");
        assert_eq!(reading.orders().count(), 0, "{subject}");
    }
}

/// What missed its brackets, and what is nearly a note, is an error and stays where it stands.
#[test]
fn strays() {
    for subject in [
        "[note", "note]", "(note)", "{note}", "[note}", "[ note", "（备注）", "「备注」", "〖备注〗", "【备注", "备注】", "<note>",
        "[resolve VPN", "resolve] VPN", "(resolve) VPN", "[note: she is difficult", "(priority=high)", "[take [note]", "note] [take]",
        "([note)", "[notee]", "[ntoe]", "[note1]", "[not]", "[Notes]", "[internal note]", "[note to self]", "【备住】", "【被注】",
        "[tkae]", "[hlep]", "[close …]", "[note...]", "[note -]", "[*note*]", "[nóte]", "[n o t e]", "#note", "＃备注", "#priority high",
    ] {
        let reading = read(&format!("Re: VPN down {subject}"), OWN, "", true);
        assert!(!reading.errors.is_empty(), "{subject}");
        let own = format!("VPN down {subject}");
        let answers = read_answer(&format!("Re: [#1042] {own}"), ["VPN down", &own], "");
        assert!(answers.tags.is_empty(), "{subject} is the ticket's own: {:?}", answers.tags);
    }
    for subject in [
        "(new)", "(see below)", "VPN (office)", "[JIRA-12", "a] b", "]resolve[ VPN", "(help me)", "<li@example.com>", "《使用说明》",
        "C# note", "F#note", "#1042", "#vpn", "#newsletter", "[Röte]", "[Teams]", "[EXTERNAL", "[wai…", "[node-7]", "[Note…", "【备份】",
        "【关注】", "【备件】", "[then]", "(1)", "[#1042",
    ] {
        let reading = read(&format!("Re: VPN down {subject}"), OWN, "", true);
        assert!(reading.tags.is_empty(), "{subject}: {:?}", reading.tags);
    }
}

#[test]
fn brackets_of_the_mail_that_is_answered_are_text() {
    // Our mail's subject says the ticket's otherwise: cut, and without links.
    let reading = read_answer("Re: [#7] VPN [close …] [take]", ["VPN [close www.x.example ]", "[#7] VPN [close …]"], "");
    assert_eq!(shown(&reading), "take");
    let reading = read_answer("Re: [#7] VPN [resolve] [resolve]", ["VPN [resolve]", "[#7] VPN [resolve]"], "");
    assert_eq!(shown(&reading), "resolve");
}

#[test]
fn orders_at_the_wrong_place_are_errors() {
    for body in [
        "[note]\nSecret", "【备注】秘密", "[note] Secret", "#[note]\nSecret", "# note\nSecret", "＃ 备注\n秘密", "# priority high\nx",
        "Secret\n#note", "Secret\n\n[note]", "Secret\n【备注】【静默】\n", "Hello\n#take", "# Heading\n#take", "#123\n#take",
        "#take\nHello\n#note", "[notee] Secret",
    ] {
        let reading = read("Re: VPN", OWN, body, true);
        assert_eq!(reading.errors.len(), 1, "{body}: {:?}", reading.errors);
        assert!(read("VPN", None, body, false).errors.is_empty(), "{body}");
    }
    for body in [
        "Hello\n#include <stdio.h>", "# Heading\ntext", "Hello\n\\#note", "see [note] 3", "Hello\n#1042", "[1] first\n[2] second",
        "#take\nHello",
    ] {
        assert!(read("Re: VPN", OWN, body, true).errors.is_empty(), "{body}");
    }
}

#[test]
fn a_right_tag_beside_a_wrong_one_is_read_too() {
    let (tags, rest, _) = on_ticket("Re: VPN [take] [prioriy=high] [close]", "");
    assert_eq!((tags.as_str(), rest.as_str()), ("take !prioriy=high close", "Re: VPN"));
}

#[test]
fn the_tickets_own_brackets_are_text() {
    let cases = [
        ("Re: [resolve] VPN", Some("[resolve] VPN"), "", "Re: [resolve] VPN"),
        ("Re: 【 Resolve 】 VPN", Some("[resolve] VPN"), "", "Re: 【 Resolve 】 VPN"),
        ("Re: [resolve] VPN [resolve]", Some("[resolve] VPN"), "resolve", "Re: [resolve] VPN"),
        ("Re: [Help] VPN [take]", Some("[Help] VPN"), "take", "Re: [Help] VPN"),
        ("Re: [resolv] VPN", Some("[resolv] VPN"), "", "Re: [resolv] VPN"),
        ("Re: [resolve] VPN", None, "resolve", "Re: VPN"),
    ];
    for (subject, own, tags, rest) in cases {
        let reading = read(subject, own, "", true);
        assert_eq!((shown(&reading).as_str(), reading.subject.as_str()), (tags, rest), "{subject}");
    }
}

#[test]
fn order_lines() {
    let cases = [
        ("#take", "take", ""),
        ("#take\nHello\n", "take", "Hello\n"),
        ("#priority high\n\nHello", "priority=high", "Hello"),
        ("\n\n  #priority=high\r\n\r\n#note\r\nHello\r\n", "priority=high note", "Hello\r\n"),
        ("#priority = high", "priority=high", ""),
        ("#priority: high", "priority=high", ""),
        ("＃优先级 高\n你好", "priority=高", "你好"),
        ("＃优先级　高\n你好", "priority=高", "你好"),
        ("#优先级=高\n#已解决\n你好", "priority=高 resolve", "你好"),
        ("#assign Li Wei", "assign=Li Wei", ""),
        ("#wait 3 days\nText", "wait=3 days", "Text"),
        ("#WAIT", "wait", ""),
        ("\u{200b}#take", "take", ""),
        ("#take\n# Heading", "take", "# Heading"),
        ("#take\n#123 is the number", "take", "#123 is the number"),
        ("#take\n\\#include is C", "take", "#include is C"),
        ("\\#take\nHello", "", "#take\nHello"),
        ("\\＃认领", "", "＃认领"),
        ("a \\# b", "", "a \\# b"),
        ("", "", ""),
        ("  \n", "", "  \n"),
        ("#", "", "#"),
        ("##take", "", "##take"),
    ];
    for (body, tags, rest) in cases {
        assert_eq!(on_ticket("VPN", body), (tags.into(), "VPN".into(), rest.into()), "{body:?}");
    }
}

#[test]
fn wrong_order_lines() {
    let cases = [
        ("#include <stdio.h>", "\\#include"),
        ("#priorty high", "did you mean [priority]?"),
        ("#优先级高", "did you mean [priority]?"),
        ("#take it", "takes no value"),
        ("#assign", "needs a value"),
        ("#visit 1040", "not available in this version"),
        ("#ntoe", "did you mean [note]?"),
        ("#take #resolve", "takes no value"),
    ];
    for (body, says) in cases {
        let reading = read("VPN", OWN, &format!("{body}\nSecret"), true);
        assert_eq!(reading.errors.len(), 1, "{body}");
        assert!(reading.errors[0].sentence.en.contains(says), "{body}: {}", reading.errors[0].sentence.en);
        assert_eq!((reading.errors[0].at.as_str(), reading.body.as_str()), ("body:1", "Secret"), "{body}");
    }
}

#[test]
fn on_a_mail_that_joins_no_ticket() {
    let cases = [
        ("[help]", "", "help", "", ""),
        ("Re: 【帮助】", " \n", "help", "Re:", " \n"),
        ("[EXTERNAL] [help]", "", "help", "[EXTERNAL]", ""),
        ("", "#help", "help", "", ""),
        ("help me [help]", "", "", "help me [help]", ""),
        ("[help]", "My screen is black", "help", "", "My screen is black"),
        ("Re: 【帮助】", "王芳", "help", "Re:", "王芳"),
        ("[help] [new]", "My screen is black", "new", "[help]", "My screen is black"),
        ("[help]", "#new\nMy screen is black", "new", "[help]", "My screen is black"),
        ("", "#help\nMy screen is black", "", "", "#help\nMy screen is black"),
        ("[list]", "Li", "!list", "", "Li"),
        ("VPN [resolve] [prioriy=high]", "#take\nHello", "", "VPN [resolve] [prioriy=high]", "#take\nHello"),
        ("VPN", "#include <stdio.h>", "", "VPN", "#include <stdio.h>"),
        ("VPN [new]", "Hello", "new", "VPN", "Hello"),
        ("VPN 【代报=alice@example.com】", "Hello", "for=alice@example.com", "VPN", "Hello"),
        ("VPN", "#new\n#priority high\nHello", "new", "VPN", "#priority high\nHello"),
        ("[list]", "", "!list", "", ""),
        ("[list] of printers", "", "", "[list] of printers", ""),
    ];
    for (subject, body, tags, rest, text) in cases {
        let reading = read(subject, None, body, false);
        assert_eq!((shown(&reading).as_str(), reading.subject.as_str(), reading.body.as_str()), (tags, rest, text), "{subject} | {body}");
    }
}

#[test]
fn places_are_told() {
    let reading = read("回复: VPN 【解决】[wait]", OWN, "\n#take\n", true);
    let places: Vec<&str> = reading.tags.iter().map(|tag| tag.at.as_str()).collect();
    assert_eq!(places, ["subject:9", "subject:13", "body:2"]);
}

/// Every name and synonym: folded, it must mean one thing.
fn all_names() -> Vec<(&'static str, &'static str)> {
    let now = TAGS.iter().map(|spec| (spec.name, spec.zh, spec.en));
    let later = RESERVED.iter().map(|later| (later.name, later.zh, later.en));
    now.chain(later)
        .flat_map(|(name, zh, en)| std::iter::once(&name).chain(zh).chain(en).map(move |n| (*n, name)).collect::<Vec<_>>())
        .collect()
}

#[test]
fn names_are_unique() {
    let mut names: Vec<&str> = all_names().iter().map(|(name, _)| *name).collect();
    names.sort_unstable();
    let count = names.len();
    names.dedup();
    assert_eq!(names.len(), count);
}

#[test]
fn clashes_name_tags() {
    for spec in TAGS {
        for other in spec.clashes {
            let other = super::spec(other).expect("a clash names a tag");
            assert!(other.clashes.contains(&spec.name), "{} and {}", spec.name, other.name);
        }
    }
}

#[test]
fn every_usage_is_an_order_without_error() {
    for row in help_rows("en").iter().chain(&help_rows("zh")) {
        let reading = read(&row.usage, None, "", true);
        assert!(!reading.tags.is_empty() && reading.errors.is_empty(), "{}", row.usage);
        assert!(!row.doc.is_empty());
    }
    assert!(help_rows("en").iter().all(|row| !row.zh.is_empty()));
    for row in help_rows("zh") {
        let named = |name: &str| row.usage.split(['【', '】', '=', '+', '-']).filter(|part| *part == name).count();
        assert!(row.zh.is_empty() || row.zh.split('、').all(|name| named(name) == 0), "{} {}", row.usage, row.zh);
    }
}

#[test]
fn tags_page() {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/docs/tags.md");
    let page = std::fs::read_to_string(path).unwrap();
    let (head, rest) = page.split_once("rewrites -->\n").unwrap();
    let (_, tail) = rest.split_once("<!-- end").unwrap();
    let fresh = format!("{head}rewrites -->\n\n{}\n<!-- end{tail}", markdown());
    if std::env::var_os("UPDATE").is_some() {
        std::fs::write(path, &fresh).unwrap();
    } else {
        assert!(page == fresh, "docs/tags.md is stale: UPDATE=1 cargo test tags_page");
    }
}

proptest! {
    #[test]
    fn any_strings_give_a_reading(subject in ".{0,60}", own in proptest::option::of(".{0,20}"), body in "(?s).{0,80}", joins: bool) {
        let reading = read(&subject, own.as_deref(), &body, joins);
        let wrong = reading.tags.iter().filter(|tag| tag.error.is_some()).count();
        prop_assert_eq!(wrong, reading.errors.len());
    }

    #[test]
    fn bracketed_strings_give_a_reading(
        pieces in proptest::collection::vec(r"[\[【〔［]([ ]{0,2}[a-zA-Z解决优先级]{0,9}[=＝:： +-]{0,2}[a-z0-9高,]{0,6})[\]】〕］]|#[a-z]{0,6} ?|\\n", 0..6),
        joins: bool,
    ) {
        let text = pieces.concat();
        let reading = read(&text, None, &text, joins);
        prop_assert_eq!(reading.tags.iter().filter(|tag| tag.error.is_some()).count(), reading.errors.len());
        prop_assert!(reading.subject.chars().count() <= text.chars().count());
    }

    #[test]
    fn without_brackets_and_order_lines_all_is_text(subject in r"[^\[【〔［]{0,60}", body in r"([^#＃\s\\\x{200b}-\x{200f}\x{2060}\x{feff}\x{ad}][^\\]{0,80})?", joins: bool) {
        let reading = read(&subject, None, &body, joins);
        prop_assert_eq!(reading, TagReading { subject, body, ..TagReading::default() });
    }

    #[test]
    fn every_name_comes_back_from_every_bracket(
        (written, name) in proptest::sample::select(all_names()),
        (open, close) in proptest::sample::select(vec![("[", "]"), ("【", "】"), ("〔", "〕"), ("［", "］")]),
        upper: bool,
        pad in "[ 　]{0,2}",
    ) {
        let shape = if upper { written.to_uppercase() } else { written.to_owned() };
        let subject = format!("Re: VPN {open}{pad}{shape}{pad}{close} down");
        let reading = read(&subject, None, "", true);
        prop_assert_eq!(reading.tags.len(), 1);
        prop_assert_eq!(reading.tags[0].name.as_str(), name);
        prop_assert_eq!(reading.subject.as_str(), "Re: VPN down");
        let line = read("", None, &format!("#{shape}{pad}\nText"), true);
        prop_assert_eq!(line.tags[0].name.as_str(), name);
        prop_assert_eq!(line.body.as_str(), "Text");
    }
}
