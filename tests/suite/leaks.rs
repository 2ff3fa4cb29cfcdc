//! Promise 5: whatever a client makes of an answer, nothing internal reaches a requester, and an agent's words are whole or held.
//!
//! `ALL_WORDS=1 cargo test --test suite leaks` tries every word list with every style and notification: a minute.

use proptest::prelude::*;
use proptest::test_runner::TestCaseError;

use crate::clients::{Answered, Body, STYLES, Style};
use crate::world::{CONFIG, Sent, World};

/// What only the desk's people may read. Each stands in some notification.
const CANARIES: &[&str] = &[
    "canary-note", "canary-handover", "canary-rule", "canary_field", "canary-article", "Canary Colleague", "canary-team", "resovle",
    "#canary-tag", "Postdesk ~", "pd.1001.li.", "alice@ext.test,", "alice@ext.test，", "them internal", "仅内部可见", "did you mean",
];

/// Rules of the desk's own: names, evidence and fields that are nobody else's business.
const RULES: &str = r#"
[[rule]]
name = "canary-rule"
when = { matches = { text = '(?i)error\s*(?P<canary_field>[0-9]{3,5})' } }
then = { team = "canary-team", kb = ["canary-article"] }

[[rule]]
name = "poison"
when = { subject = ["poisonword"] }
then = { quarantine = true }
"#;

const ARTICLE: &str = "+++\nid = \"canary-article\"\ntitle = \"canary-article: restart the core switch with the key from the safe\"\n\
                       language = \"en\"\naudience = \"agent\"\nsummary = \"internal\"\n+++\n\nStep one.\n";

const ALICE_EN: &str = "Hello,\n\nsince today the VPN says error 809 after the update.\nIt worked yesterday, and nothing else has changed on \
                        this computer as far as I can tell.\n\nThanks\nAlice";
const ALICE_ZH: &str =
    "您好！\n\n从今天早上开始，VPN 升级之后一直报 error 809，重启过两次电脑也没有用，其他软件都正常。\n昨天还好好的。\n\n谢谢\n张爱丽";

/// Own words, with what makes them hard to tell from a quote.
const WORDS: &[&str] = &[
    "Done.",
    "ok",
    "好了",
    "已解决。",
    "Hello Alice,\n\nplease reboot the router and try again.\n\nSee you",
    "您好！\n\n请重启路由器后再试一次。\n\n李伟",
    "Hello Li Wei,\n\nthis begins as the notifications do, and it is meant for Alice all the same.\n\nRegards\nLi Wei",
    "Li Wei，您好！\n\n路由器已经更换，请再试一次，谢谢。",
    "Please try this:\n\n1. restart the computer\n2. sign in again\n3. tell us what it says\n\n- not the old client\n* but the new one",
    "请按以下步骤操作：\n\n1、退出旧版客户端\n2、重启电脑\n\n谢谢",
    "You wrote \"error 809 after the update\": that is a known fault of the router.\n\nWe change it tonight.\n\nThanks",
    "您提到“重启过两次电脑也没有用”，这是路由器的问题。\n\n今晚更换。",
    "A long line that every mailer will wrap, because it goes on and on about the router in the basement and what it does to the tunnel.\n\nSee you",
    "From: the second floor it works.\n\nOn Monday we saw 3 errors:\n\nE809\nE810",
    "It worked yesterday?\n\nThen run\n\n    ipconfig /all > C:\\temp\\out.txt\n\nand send us https://kb.example.test/vpn?a=1&b=2.",
    "Thanks",
    "谢谢",
];

/// A desk in one language, with one notification of each kind to the agent who answers.
struct Stage {
    world: World,
    notices: Vec<(&'static str, Sent)>,
}

impl Stage {
    fn new(language: &str) -> Stage {
        let config = CONFIG
            .replace("name = \"network\"\n\n[[agent]]", "name = \"canary-team\"\n\n[[agent]]")
            .replace("team = \"network\"", "team = \"canary-team\"")
            .replace("team = \"support\"\nlanguage = \"zh\"", "team = \"canary-team\"\nlanguage = \"en\"")
            .replace("name = \"王芳\"", "name = \"Canary Colleague\"")
            .replace(
                "team = \"canary-team\"\nlanguage = \"en\"\n\n[[agent]]\nhandle = \"wang\"",
                &format!("team = \"canary-team\"\nlanguage = \"{language}\"\n\n[[agent]]\nhandle = \"wang\""),
            );
        let files = [("rules/99-own.toml", RULES), ("kb/canary-article.en.md", ARTICLE)];
        let mut world = World::new("leaks", &config, &files.map(|(file, text)| (file.to_owned(), text.to_owned())));
        let mut notices = Vec::new();
        let words = if language == "zh" { ALICE_ZH } else { ALICE_EN };
        world.mail(&post("1", "Alice <alice@ext.test>", "VPN 连不上 down", words));
        notices.push(("agent_new", newest(&world, "li@desk.test")));

        let to_wang = newest(&world, "wang@desk.test");
        world.mail(&answer(
            &to_wang,
            "wang@desk.test",
            "2",
            " [assign=li] [note]",
            &Body::Plain(
                "canary-handover: he is a difficult one,\nso be careful with what you tell him, please.\n\ncanary-handover ends.".into(),
            ),
        ));
        notices.push(("agent_new, handed over", newest(&world, "li@desk.test")));

        let ack = newest(&world, "alice@ext.test");
        world.mail(&answer(&ack, "alice@ext.test", "3", "", &Body::Plain(format!("{words}\n\nIt is urgent."))));
        notices.push(("agent_followup", newest(&world, "li@desk.test")));

        let to_wang = newest(&world, "wang@desk.test");
        world.mail(&answer(
            &to_wang,
            "wang@desk.test",
            "4",
            " [note]",
            &Body::Plain("canary-note: the contract of this customer ends in May.\n\ncanary-note ends.".into()),
        ));
        notices.push(("agent_followup, a note", newest(&world, "li@desk.test")));

        let to_li = newest(&world, "li@desk.test");
        world.mail(&answer(&to_li, "li@desk.test", "5", " [priority=high] [note]", &Body::Plain("canary-note: my own".into())));
        notices.push(("agent_receipt", newest(&world, "li@desk.test")));

        world.mail(&answer(
            &to_li,
            "li@desk.test",
            "6",
            " [resovle] [note]",
            &Body::Plain("canary-note: this was mistyped and meant for the house alone.".into()),
        ));
        notices.push(("agent_error", newest(&world, "li@desk.test")));

        world.mail(&post("9", "Li Wei <li@desk.test>", "[#1001] VPN [note]", "canary-note: nothing proves who wrote this."));
        notices.push(("confirm", newest(&world, "li@desk.test")));

        world.mail(&answer(&to_li, "li@desk.test", "7", " [help]", &Body::Plain(String::new())));
        notices.push(("help", newest(&world, "li@desk.test")));

        world.mail(&post("8", "Eve <eve@ext.test>", "poisonword canary-note", "canary-note"));
        notices.push(("quarantined", newest(&world, "chen@desk.test")));
        world.now += chrono::Duration::days(1);
        world.settle();
        notices.push(("summary", newest(&world, "chen@desk.test")));
        for (kind, notice) in &notices {
            let made = notice.reading.header("X-Postdesk-Mail").unwrap();
            assert!(kind.starts_with(made), "{kind} is {made}: {}", notice.reading.text);
        }
        Stage { world, notices }
    }

    /// Answers a notification and looks at what would go out. True where the words are held.
    fn judge(&mut self, notice: usize, style: &Style, words: &str) -> Result<bool, String> {
        let (kind, notice) = &self.notices[notice];
        let body = (style.write)(&Answered::of(notice), words);
        let raw = answer(notice, &notice.to, "answer", "", &body);
        let resolved =
            self.world.desk.explain(&postdesk::desk::Question { raw: &raw, whole_size: None, mailbox: "support" }, self.world.now).unwrap();
        let inside = |address: &str| address.ends_with("@desk.test");
        let mut relayed = None;
        let mut held = false;
        for ((letter, wording), draft) in resolved.letters.iter().zip(&resolved.decision.drafts) {
            if letter.to.iter().all(|to| inside(to.as_str())) {
                continue;
            }
            if letter.held.is_some() {
                held = true;
                continue;
            }
            let told = format!("{}\n{}", wording.subject, wording.text);
            if let Some(canary) = CANARIES.iter().find(|c| told.contains(**c)) {
                return Err(format!("{canary} leaks: {kind}, {}, {words:?}\n--- mail\n{}\n--- letter\n{told}", style.name, shown(&raw)));
            }
            if let postdesk::domain::facts::Facts::Reply(facts) = &draft.facts {
                relayed = Some((facts.words.clone(), facts.agent.clone()));
            }
        }
        if *kind == "summary" || *kind == "quarantined" {
            return Ok(false);
        }
        // Whatever an answer to this one says, it goes to nobody outside.
        if *kind == "confirm" {
            return if relayed.is_none() && !held { Ok(false) } else { Err(format!("{words:?} in an answer to {kind} went out")) };
        }
        let bare = |text: &str| text.split_whitespace().collect::<String>();
        // What a style adds of its own, and signs with.
        let plain = |r: String| r.trim_start_matches("See below.").trim_end().trim_end_matches("li@desk.test").to_owned();
        match relayed.map(|(relayed, name)| (plain(relayed), name)) {
            Some((relayed, _)) if bare(&relayed) == bare(words) => Ok(false),
            // His name stands below them in any case.
            Some((relayed, name)) if bare(&format!("{relayed}{name}")) == bare(words) => Ok(false),
            Some((relayed, _)) => {
                Err(format!("words changed: {kind}, {}\n--- own\n{words}\n--- relayed\n{relayed}\n--- mail\n{}", style.name, shown(&raw)))
            }
            None if held => Ok(true),
            None => Err(format!("neither sent nor held: {kind}, {}, {words:?}\n--- mail\n{}", style.name, shown(&raw))),
        }
    }
}

fn shown(raw: &[u8]) -> String {
    String::from_utf8_lossy(raw).into_owned()
}

fn newest(world: &World, to: &str) -> Sent {
    world.sent.iter().rev().find(|s| s.to == to).unwrap_or_else(|| panic!("nothing went to {to}")).clone()
}

fn post(id: &str, from: &str, subject: &str, text: &str) -> Vec<u8> {
    format!(
        "Message-ID: <{id}@ext.test>\nFrom: {from}\nTo: support@desk.test\nCc: Ben <ben@ext.test>\nSubject: {subject}\nMIME-Version: 1.0\n\
         Content-Type: text/plain; charset=utf-8\nContent-Transfer-Encoding: 8bit\n\n{text}\n"
    )
    .into_bytes()
}

/// An answer to a mail of the desk.
fn answer(answered: &Sent, from: &str, id: &str, tags: &str, body: &Body) -> Vec<u8> {
    let own = answered.reading.id.as_ref().unwrap();
    let references: Vec<String> = answered.reading.references.iter().chain([own]).map(ToString::to_string).collect();
    let (kind, text) = match body {
        Body::Plain(text) => ("text/plain; charset=utf-8", text),
        Body::Flowed(text) => ("text/plain; charset=utf-8; format=flowed", text),
        Body::Html(text) => ("text/html; charset=utf-8", text),
    };
    format!(
        "Message-ID: <{id}@desk.test>\nFrom: {from}\nTo: support@desk.test\nSubject: Re: {}{tags}\nIn-Reply-To: {own}\nReferences: {}\n\
         MIME-Version: 1.0\nContent-Type: {kind}\nContent-Transfer-Encoding: 8bit\n\n{text}\n",
        answered.reading.subject.trim_start_matches("Re: "),
        references.join(" ")
    )
    .into_bytes()
}

/// Every style, notification and language; the words are drawn.
#[test]
fn no_words_leak_or_change() {
    let mut stages = ["en", "zh"].map(Stage::new);
    let stages = std::cell::RefCell::new(&mut stages);
    let mut runner =
        proptest::test_runner::TestRunner::new(ProptestConfig { cases: 600, failure_persistence: None, ..ProptestConfig::default() });
    let all = (0..2_usize, 0..10_usize, 0..STYLES.len(), 0..WORDS.len());
    runner
        .run(&all, |(language, notice, style, words)| {
            let mut stages = stages.borrow_mut();
            stages[language].judge(notice, &STYLES[style], WORDS[words]).map(drop).map_err(TestCaseError::fail)
        })
        .unwrap();
}

#[test]
fn no_style_leaks_and_hardly_one_is_held() {
    // The other test draws from all words; these are the plainest.
    let plain = |language: &str| {
        if language == "zh" {
            "您好！\n\n请重启路由器后再试一次。\n\n李伟"
        } else {
            "Hello Alice,\n\nplease reboot the router.\n\nSee you"
        }
    };
    let (mut held, mut tried, mut wrong) = (Vec::new(), 0, Vec::new());
    for language in ["en", "zh"] {
        let mut stage = Stage::new(language);
        for at in 0..stage.notices.len() {
            for style in STYLES {
                let words: &[&str] = if std::env::var_os("ALL_WORDS").is_some() { WORDS } else { &[plain(language)] };
                for words in words {
                    tried += 1;
                    match stage.judge(at, style, words) {
                        Ok(false) => {}
                        Ok(true) => held.push(format!("{}, {language}, {}, {words:?}", stage.notices[at].0, style.name)),
                        Err(why) => wrong.push(why),
                    }
                }
            }
        }
    }
    assert!(wrong.is_empty(), "{} of {tried}:\n{}", wrong.len(), wrong.join("\n=====\n"));
    assert!(held.len() * 100 < tried, "{} of {tried} are held:\n{}", held.len(), held.join("\n"));
    println!("{} of {tried} are held", held.len());
}
