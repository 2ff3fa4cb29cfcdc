use proptest::prelude::*;

use super::conditions::CONDITIONS;
use super::effects::EFFECTS;
use super::scan::State;
use super::*;
use crate::domain::attachment::Attachment;
use crate::domain::complaint::Complaint;
use crate::domain::message::{Address, Person, ReplyText};

/// The built-in ones.
const CATEGORIES: [&str; 14] = [
    "hardware", "software", "network", "account", "permission", "printing", "mail", "security", "facility", "purchase", "staff", "howto",
    "feedback", "monitoring",
];

fn names() -> Names {
    let set = |list: &[&str]| Some(list.iter().map(|s| (*s).to_owned()).collect());
    Names {
        categories: set(&CATEGORIES),
        teams: set(&["network", "desktop"]),
        agents: set(&["li", "wang"]),
        articles: set(&[
            "host-down", "vpn-setup", "password-reset", "printer-offline", "wifi-connect", "software-install", "permission-request",
            "battery-swelling", "slow-computer", "mail-missing", "mfa-new-phone", "staff-changes", "phishing-report", "lost-device",
            "meeting-room-screen", "door-card", "buy-equipment", "meeting-audio", "laptop-will-not-start", "external-screen-dock",
            "file-recover", "vpn-setup-playbook", "password-reset-playbook", "permission-request-playbook", "staff-changes-playbook",
            "phishing-report-playbook", "laptop-will-not-start-playbook",
        ]),
        approvers: set(&["wang", "permission"]),
        templates: set(&["ack", "ack-outage", "ack-alert"]),
        checklists: BTreeMap::new(),
    }
}

fn told(complaints: &[Complaint]) -> String {
    complaints.iter().map(ToString::to_string).collect()
}

fn compile_with(text: &str, threshold: i64) -> Result<RuleSet, Vec<Complaint>> {
    RuleSet::compile(&[("rules/t.toml".to_owned(), text.to_owned())], &names(), threshold)
}

fn rules(text: &str) -> RuleSet {
    compile_with(text, 1).unwrap_or_else(|c| panic!("{}", told(&c)))
}

fn person(address: &str) -> Person {
    Person { name: String::new(), address: Address::parse(address).unwrap() }
}

fn mail(subject: &str, text: &str) -> Reading {
    Reading {
        from: Some(person("ann@example.com")),
        subject: subject.into(),
        text: text.into(),
        reply: ReplyText { text: text.into(), ..ReplyText::default() },
        ..Reading::default()
    }
}

fn around(fields: &BTreeMap<String, String>) -> Circumstances<'_> {
    Circumstances {
        origin: OriginKind::Person,
        role: "requester",
        authenticated: false,
        suspect: false,
        fields,
        at: DateTime::UNIX_EPOCH,
        business_hours: None,
    }
}

fn judge(rules: &RuleSet, mail: &Reading) -> Verdict {
    rules.judge(mail, &around(&BTreeMap::new()))
}

/// Only what asks for a field that another rule fills, or for words that are not there, is looked at in every mail.
#[test]
fn shipped_rules_wait_for_a_word() {
    let set = RuleSet::compile(&RuleSet::builtin_files(), &names(), 1).unwrap_or_else(|c| panic!("{}", told(&c)));
    let always: Vec<&str> = set.always.iter().filter_map(|i| set.rules.get(*i as usize)).map(|rule| rule.name.as_str()).collect();
    assert_eq!(always, ["one-writer", "severity-critical", "severity-first-class", "severity-small"]);
}

#[test]
fn shipped_rules_keep_their_own_examples() {
    for threshold in [0, 1] {
        let rules = RuleSet::compile(&RuleSet::builtin_files(), &names(), threshold).unwrap_or_else(|c| panic!("{}", told(&c)));
        assert!(rules.examples() >= 50);
        let failed = rules.run_examples();
        assert!(failed.is_empty(), "{}", told(&failed));
    }
}

#[test]
fn every_example_of_the_registries_compiles() {
    for condition in CONDITIONS {
        let text = format!("[[rule]]\nname = \"x\"\nwhen = {{ {} }}\nthen = {{ label = \"x\" }}\n", condition.example);
        assert!(compile_with(&text, 1).is_ok(), "{}: {}", condition.name, told(&compile_with(&text, 1).unwrap_err()));
    }
    for effect in EFFECTS {
        let text = format!(
            "[[rule]]\nname = \"x\"\nwhen = {{ from_domain = \"example.com\", authenticated = true, \
             matches = {{ text = '(?P<host>h\\d) (?P<check>c\\d)' }} }}\nthen = {{ {} }}\n",
            effect.example
        );
        assert!(compile_with(&text, 1).is_ok(), "{}: {}", effect.name, told(&compile_with(&text, 1).unwrap_err()));
    }
}

/// Each condition with a mail where it holds and one where it does not.
#[test]
fn conditions() {
    let with = |change: &dyn Fn(&mut Reading)| {
        let mut mail = mail("hello", "nothing here");
        change(&mut mail);
        mail
    };
    let file = |name: &str, kind: &str| Attachment { name: name.into(), media_type: kind.into(), ..Attachment::default() };
    let plain = with(&|_| {});
    let table: Vec<(&str, Reading, Reading)> = vec![
        ("subject = 'VPN'", with(&|m| m.subject = "My ＶＰＮ is down".into()), with(&|m| m.subject = "vpns".into())),
        ("subject = '網路'", with(&|m| m.subject = "网路不通".into()), plain.clone()),
        ("text = 'not working'", with(&|m| m.reply.text = "it is not\n  Working.".into()), plain.clone()),
        ("text = 'print*'", with(&|m| m.reply.text = "printers".into()), with(&|m| m.reply.text = "blueprint".into())),
        ("words = 'hello'", plain.clone(), with(&|m| m.subject = "bye".into())),
        ("from = 'Ann@Example.com'", plain.clone(), with(&|m| m.from = Some(person("joann@example.com")))),
        ("from = '*@example.com'", plain.clone(), with(&|m| m.from = Some(person("ann@example.com.evil.test")))),
        (
            "from_domain = 'example.com'",
            with(&|m| m.from = Some(person("a@mail.example.com"))),
            with(&|m| m.from = Some(person("a@badexample.com"))),
        ),
        ("to = 'vip@example.com'", with(&|m| m.to = vec![person("x@y.z"), person("vip@example.com")]), plain.clone()),
        ("to = 'vip@example.com'", with(&|m| m.delivered_to = vec![Address::parse("vip@example.com").unwrap()]), plain.clone()),
        ("cc = '*@board.example.com'", with(&|m| m.cc = vec![person("a@board.example.com")]), plain.clone()),
        ("header.x-priority = '1'", with(&|m| m.headers = vec![("X-PRIORITY".into(), "1 (Highest)".into())]), plain.clone()),
        ("header = { X-Foo = true }", with(&|m| m.headers = vec![("x-foo".into(), String::new())]), plain.clone()),
        ("header.X-Foo = false", plain.clone(), with(&|m| m.headers = vec![("x-foo".into(), String::new())])),
        ("attachment = '*.LOG'", with(&|m| m.attachments = vec![file("Error.log", "text/plain")]), plain.clone()),
        (
            "attachment = 'image/*'",
            with(&|m| m.attachments = vec![file("x", "image/png")]),
            with(&|m| m.attachments = vec![file("x", "text/plain")]),
        ),
        ("attachment = true", with(&|m| m.attachments = vec![file("x", "text/plain")]), plain.clone()),
        ("attachment = false", plain.clone(), with(&|m| m.attachments = vec![file("x", "text/plain")])),
        ("language = ['zh', 'ja']", with(&|m| m.language = Some("zh".into())), plain.clone()),
        ("language = 'zh_CN'", with(&|m| m.language = Some("zh".into())), plain.clone()),
        ("size = '> 1 KB'", with(&|m| m.size = 1025), with(&|m| m.size = 1024)),
        ("size = '< 1 KB'", plain.clone(), with(&|m| m.size = 1024)),
        ("matches = { text = '(?i)error\\s*\\d+' }", with(&|m| m.reply.text = "an Error\n 809".into()), plain.clone()),
        ("matches = { text = '错误\\d' }", with(&|m| m.reply.text = "错误８".into()), with(&|m| m.reply.text = "錯誤8".into())),
        ("matches.header.X-Id = '^\\d+$'", with(&|m| m.headers = vec![("X-Id".into(), "12".into())]), plain.clone()),
        ("matches = { subject = ['^\\d$', '^.$'] }", with(&|m| m.subject = "x".into()), plain.clone()),
        ("all = [{ subject = 'a' }, { text = 'b' }]", mail("a", "b"), mail("a", "c")),
        ("any = [{ subject = 'a' }, { text = 'b' }]", mail("x", "b"), mail("x", "y")),
        ("any = { subject = 'a', text = 'b' }", mail("x", "b"), mail("x", "y")),
        ("not = { subject = 'a' }", mail("x", ""), mail("a", "")),
        ("not = [{ subject = 'a' }, { text = 'b' }]", mail("x", "y"), mail("x", "b")),
        ("subject = 'a', not = { any = [{ text = 'b' }, { not = { text = 'c' } }] }", mail("a", "c"), mail("a", "d")),
        (
            "origin = ['person', 'bulk'], role = 'requester', suspect = false, authenticated = false, subject = 'a'",
            mail("a", ""),
            plain.clone(),
        ),
    ];
    for (when, yes, no) in table {
        let set = rules(&format!("[[rule]]\nname = 'x'\nwhen = {{ {when} }}\nthen = {{ label = 'hit' }}"));
        assert_eq!(judge(&set, &yes).labels, ["hit"], "{when}");
        assert!(judge(&set, &no).labels.is_empty(), "{when}");
    }
}

#[test]
fn circumstances() {
    let fields = BTreeMap::from([("error_code".to_owned(), "809".to_owned())]);
    let base = around(&fields);
    let table = [
        ("origin = 'bulk'", Circumstances { origin: OriginKind::Bulk, ..base.clone() }, Some(base.clone())),
        ("role = ['agent', 'lead']", Circumstances { role: "lead", ..base.clone() }, Some(base.clone())),
        ("authenticated = true", Circumstances { authenticated: true, ..base.clone() }, Some(base.clone())),
        ("suspect = true", Circumstances { suspect: true, ..base.clone() }, Some(base.clone())),
        ("business_hours = false", Circumstances { business_hours: Some(false), ..base.clone() }, Some(base.clone())),
        ("field.error_code = ['80?', '1']", base.clone(), None),
        ("field.error_code = true", base.clone(), None),
        ("field.other = false", base.clone(), None),
        ("not = { field.error_code = '810' }", base.clone(), None),
    ];
    for (when, yes, no) in table {
        let set = rules(&format!("[[rule]]\nname = 'x'\nwhen = {{ {when} }}\nthen = {{ label = 'hit' }}"));
        assert_eq!(set.judge(&mail("", ""), &yes).labels, ["hit"], "{when}");
        if let Some(no) = no {
            assert!(set.judge(&mail("", ""), &no).labels.is_empty(), "{when}");
        }
    }
}

const VOTES: &str = r#"
[[rule]]
name = "a"
when = { text = "alpha" }
then = { category = "network", weight = 2, team = "network", urgency = "high", kb = ["vpn-setup"], label = "a" }
[[rule]]
name = "b"
when = { text = "beta" }
then = { category = "hardware", weight = 3, team = "desktop", label = ["b", "c"], kb = "printer-offline", extract = { asset = 'PC-\d+' } }
[[rule]]
name = "c"
when = { text = "gamma" }
then = { category = "network", label = "c", kb = ["wifi-connect", "vpn-setup"], urgency = "low" }
[[rule]]
name = "d"
when = { text = "delta" }
then = { stop = true, type = "request" }
[[rule]]
name = "e"
when = { not = { text = "omega" } }
then = { label = "e" }
"#;

#[test]
fn categories_are_voted() {
    let set = compile_with(VOTES, 2).unwrap();
    let v = judge(&set, &mail("", "alpha beta gamma PC-1"));
    assert_eq!(v.category.as_deref(), Some("network"), "a tie goes to the first in file order");
    assert_eq!(v.team.as_deref(), Some("network"));
    assert_eq!(v.urgency, Some(Level::Low), "the last writer wins");
    assert_eq!(v.labels, ["a", "c", "e"], "lists unite, the loser's fall away");
    assert_eq!(v.kb, ["vpn-setup", "wifi-connect"]);
    assert!(v.fields.is_empty());
    assert_eq!(
        v.because,
        [
            "network 3, hardware 3: network wins as the first in file order (threshold 2)",
            "hardware lost, so the effects of rule b (rules/t.toml:6) fall away"
        ]
    );
    assert_eq!(v.evidence.iter().map(|e| e.weight).sum::<i64>(), 6);

    let v = judge(&set, &mail("", "beta alpha PC-77"));
    assert_eq!((v.category.as_deref(), v.team.as_deref()), (Some("hardware"), Some("desktop")));
    assert_eq!(v.fields.get("asset").map(String::as_str), Some("PC-77"));
    assert_eq!(v.because.first().unwrap(), "hardware 3, network 2: hardware wins (threshold 2)");

    let v = judge(&set, &mail("", "gamma"));
    assert_eq!((v.category, v.labels), (None, vec!["e".to_owned()]));
    assert_eq!(
        v.because,
        ["network 1: below the threshold 2, unclassified", "network lost, so the effects of rule c (rules/t.toml:10) fall away"]
    );

    let v = judge(&set, &mail("", "delta"));
    assert_eq!((v.kind, v.labels.len()), (Some(Kind::Request), 0), "stop ends");
    assert_eq!(v.because, ["no rule voted for a category: unclassified", "rule d (rules/t.toml:14) stops: no rule after it was looked at"]);

    let v = judge(&set, &mail("", "nothing"));
    assert_eq!(
        v.evidence,
        [Evidence {
            rule: "e".into(),
            at: "rules/t.toml:18".into(),
            field: "not".into(),
            matched: "nothing that this rule excludes".into(),
            weight: 0
        }]
    );
}

#[test]
fn evidence_quotes_what_was_found() {
    let set = rules(
        "[[rule]]\nname = 'v'\nwhen = { subject = ['vpn', '遠程'], text = 'error', language = 'en' }\nthen = { category = 'network', weight = 4 }",
    );
    let mut mail = mail("ＶＰＮ and 遠程", "An ERROR");
    mail.language = Some("en".into());
    let found: Vec<(String, String, i64)> = judge(&set, &mail).evidence.into_iter().map(|e| (e.field, e.matched, e.weight)).collect();
    for (field, matched) in [("subject", "vpn"), ("subject", "远程"), ("text", "error"), ("language", "en")] {
        assert!(found.iter().any(|(f, m, _)| f == field && m == matched), "{field} {matched} {found:?}");
    }
    assert_eq!(found.iter().map(|(_, _, w)| w).sum::<i64>(), 4);
}

const ALERT: &str = r#"
[[rule]]
name = "alert"
when = { from = "monitor@example.com", header.X-Desk-Secret = "k3y-for-the-desk-2026", matches = { subject = '(?P<state>PROBLEM|OK) (?P<host>\S+)' } }
then = { dedup_key = "alert:{host}", ticket = true, type = "alert", quarantine = false, playbook = "host-down", template = "ack-alert", escalate = true, approval = "wang" }
[[rule]]
name = "over"
when = { from = "monitor@example.com", authenticated = true, field.state = "OK" }
then = { recover = true, ignore = true }
[[rule]]
name = "form"
when = { from = "form@example.com" }
then = { requester = "reply_to", quarantine = true }
[[rule]]
name = "ask"
when = { text = "vpn" }
then = { ask = ["os", { field = "state", en = "?" }, { field = "code", en = "Which code?", zh = "什么代码？" }, "Since when?"] }
"#;

#[test]
fn every_effect_reaches_the_verdict() {
    let set = rules(ALERT);
    let fields = BTreeMap::from([("os".to_owned(), "linux".to_owned())]);
    let mut alert = mail("PROBLEM db1", "vpn");
    alert.from = Some(person("monitor@example.com"));
    alert.language = Some("zh".into());
    let without = set.judge(&alert, &around(&fields));
    assert_eq!(without.dedup_key, None, "no secret, no key");
    alert.headers = vec![("X-Desk-Secret".into(), "K3Y-for-the-desk-2026".into())];
    let v = set.judge(&alert, &around(&fields));
    assert_eq!(v.dedup_key.as_deref(), Some("alert:db1"));
    assert!(v.ticket && v.escalate && !v.recover && v.ignore.is_none() && v.quarantine.is_none());
    assert_eq!((v.playbook.as_deref(), v.template.as_deref(), v.approval.as_deref()), (Some("host-down"), Some("ack-alert"), Some("wang")));
    assert_eq!(v.asked_in("zh"), ["什么代码？", "Since when?"]);

    let doubted = set.judge(&alert, &Circumstances { suspect: true, ..around(&fields) });
    assert_eq!((doubted.dedup_key, doubted.approval), (None, None), "a secret does not outweigh the border's doubt");
    assert!(doubted.because.iter().any(|why| why.ends_with("no dedup_key, for the mail is suspect")), "{:?}", doubted.because);

    alert.subject = "OK db1".into();
    let v = set.judge(&alert, &Circumstances { authenticated: true, ..around(&fields) });
    assert!(v.recover, "a later rule sees the field of an earlier one");
    assert_eq!(v.ignore.as_deref(), Some("over"));

    let mut form = mail("", "");
    form.from = Some(person("form@example.com"));
    let v = set.judge(&form, &around(&fields));
    assert!(v.requester_from_reply_to);
    assert_eq!(v.quarantine.as_deref(), Some("form"));
}

/// What is wrong with a file, and what the operator is told: place, sentence.
#[test]
fn complaints() {
    let rule = |when: &str, then: &str| format!("[[rule]]\nname = 'x'\nwhen = {{ {when} }}\nthen = {{ {then} }}");
    let ok = "label = 'l'";
    let table = [
        (rule("subjct = 'a'", ok), "3:10: there is no condition `subjct`; did you mean `subject`?"),
        (rule("subject = 5", ok), "3:20: `subject` wants a text in quotes or a list of such texts, not a whole number"),
        (rule("subject = ['a', 5]", ok), "3:26: `subject` wants texts in quotes, not a whole number"),
        (rule("subject = []", ok), "3:20: the list of `subject` is empty"),
        (rule("subject = ''", ok), "3:20: an empty text in `subject`"),
        (rule("subject = '*'", ok), "3:20: `*` would match every mail"),
        (rule("", ok), "3:8: a condition that asks nothing would match every mail"),
        (rule("from = 'example.com'", ok), "3:17: `example.com` is no address"),
        (rule("from_domain = 'a@b'", ok), "3:24: `a@b` is no domain"),
        (rule("origin = 'bulky'", ok), "3:19: `origin` has no `bulky`; did you mean `bulk`?"),
        (rule("authenticated = 'yes'", ok), "3:26: `authenticated` wants true or false, without quotes, not a text"),
        (rule("size = '5'", ok), "3:17: `5` is no size"),
        (rule("matches = { text = 'a(b' }", ok), "3:31: unclosed group"),
        (rule("matches = { text = 'a*' }", ok), "3:29: this regular expression matches an empty text, and so every mail"),
        (rule("matches = { txt = 'a' }", ok), "3:22: a mail has no `txt`; did you mean `text`?"),
        (rule("matches = { text = '(?P<Code>a)' }", ok), "3:29: `Code` is no name for a field"),
        (rule("matches = { text = '\\w{500}' }", ok), "3:29: this regular expression becomes larger than 1024 KB when compiled"),
        (rule("any = []", ok), "3:16: `any` wants a list of conditions"),
        (rule("any = 'a'", ok), "3:16: `any` wants a list of conditions"),
        (rule("header = 'a'", ok), "3:19: `header` wants a table such as { X-Priority = [\"1\"] }, not a text"),
        (rule("subject = 'a'", "categry = 'network'"), "4:10: there is no effect `categry`; did you mean `category`?"),
        (rule("subject = 'a'", "category = 'netwrok'"), "4:21: there is no category `netwrok`; did you mean `network`?"),
        (rule("subject = 'a'", "team = 'netwok'"), "4:17: there is no team `netwok`; did you mean `network`?"),
        (rule("subject = 'a'", "assign = 'lee'"), "4:19: there is no agent `lee`"),
        (rule("subject = 'a'", "kb = ['vpn-set-up']"), "4:16: there is no article `vpn-set-up`; did you mean `vpn-setup`?"),
        (rule("subject = 'a'", "weight = 2"), "4:8: a weight without a category votes for nothing"),
        (rule("subject = 'a'", "category = 'network', weight = 0"), "4:41: `weight` is a whole number from 1 to 1000"),
        (rule("subject = 'a'", "category = 'network', weight = 1.5"), "4:41: `weight` wants a whole number, not a number with a point"),
        (rule("subject = 'a'", "playbook = 'vpn-set-up'"), "4:21: there is no article `vpn-set-up`; did you mean `vpn-setup`?"),
        (rule("subject = 'a'", "template = 'ack-outtage'"), "4:21: there is no acknowledgment `ack-outtage`; did you mean `ack-outage`?"),
        (rule("subject = 'a'", "urgency = 'hgih'"), "4:20: `urgency` has no `hgih`; did you mean `high`?"),
        (rule("subject = 'a'", "requester = 'sender'"), "4:22: `requester` has no `sender`"),
        (rule("subject = 'a'", "playbook = 'a b'"), "4:21: there is no article `a b`"),
        (rule("subject = 'a'", "ask = [{ feld = 'x' }]"), "4:19: a question has no `feld`; did you mean `field`?"),
        (rule("subject = 'a'", ""), "4:8: this rule does nothing"),
        (rule("subject = 'a'", "ignore = true"), "4:10: `ignore` would let strangers act: this rule neither names a sender nor proves him"),
        (
            rule("from = 'a@b.c'", "ignore = true"),
            "4:10: `ignore` would let strangers act: this rule believes the From line alone, which anybody can write",
        ),
        (rule("authenticated = true", "recover = true"), "4:10: `recover` would let strangers act: this rule names no sender"),
        (rule("from = 'a@b.c', any = [{ authenticated = true }, { subject = 'x' }]", "approval = 'wang'"), "4:10: `approval` would"),
        (rule("subject = 'a'", "approval = 'wnag'"), "4:21: there is no approver or scope `wnag`; did you mean `wang`?"),
        (rule("from = 'a@b.c', not = { authenticated = true }", "ignore = true"), "4:10: `ignore` would"),
        (rule("from = 'a@b.c', text = 'password'", "ignore = true"), "4:10: `ignore` would"),
        (rule("from = 'a@b.c', authenticated = true", "dedup_key = '{host}'"), "4:22: no rule fills the field `host`"),
        (rule("from = 'a@b.c', authenticated = true", "dedup_key = 'host'"), "4:22: this key is the same for every mail"),
        ("[[rule]]\nname = 'x'\nthen = { label = 'l' }".into(), "1:1: this rule has no conditions"),
        ("[[rule]]\nwhen = { subject = 'a' }\nthen = { label = 'l' }".into(), "1:1: this rule has no name"),
        ("[rule]\nname = 'x'".into(), "1:1: `rule` is a list of tables"),
        ("[[rules]]\nname = 'x'".into(), "1:3: a rule file has no `rules`; did you mean `rule`?"),
        ("[[rule]]\nname = 'x'\nif = 1".into(), "3:1: a rule has no `if`"),
        ("x = = 1".into(), "1:5: this is not TOML"),
        ("[[example]]\nsubject = 'a'".into(), "1:1: this example expects nothing"),
        ("[[example]]\nsubjet = 'a'\nexpect = { category = 'none' }".into(), "2:1: an example has no `subjet`; did you mean `subject`?"),
        ("[[example]]\nexpect = { categry = 'none' }".into(), "2:12: an example cannot expect `categry`; did you mean `category`?"),
        ("[[example]]\nexpect = { rules = ['nobody'] }".into(), "2:20: there is no rule `nobody`"),
    ];
    let mut wrong = String::new();
    for (text, want) in table {
        let complaints = compile_with(&text, 1).expect_err(&text);
        let told = told(&complaints);
        if !told.contains(&format!("rules/t.toml:{want}")) {
            wrong += &format!("{text}\nwants {want}\ngets {told}\n");
        }
    }
    assert!(wrong.is_empty(), "{wrong}");
}

#[test]
fn proof_is_accepted() {
    for when in [
        "from = 'a@b.c', authenticated = true",
        "from_domain = 'b.c', text = 'tok3n-abcdef-99'",
        "any = [{ from = 'a@b.c', authenticated = true }, { from = 'd@e.f', header.X-K = 'tok3n-abcdef-99' }]",
    ] {
        rules(&format!("[[rule]]\nname = 'x'\nwhen = {{ {when} }}\nthen = {{ ignore = true }}"));
    }
}

#[test]
fn all_errors_of_all_files_at_once_with_a_picture() {
    let files = [
        ("rules/20.toml".to_owned(), "[[rule]]\nname = 'x'\nwhen = { subjct = '连不上', txt = 'a' }\nthen = { tem = 'a' }".to_owned()),
        ("rules/10.toml".to_owned(), "[[rule]]\nname = 'x'\nwhen = { subject = 'a' }\nthen = { label = 1 }".to_owned()),
    ];
    let complaints = RuleSet::compile(&files, &names(), 1).unwrap_err();
    let places: Vec<(&str, usize, usize)> = complaints.iter().map(|c| (c.file.as_str(), c.line, c.column)).collect();
    assert_eq!(places, [("rules/10.toml", 4, 18), ("rules/20.toml", 3, 10), ("rules/20.toml", 3, 26), ("rules/20.toml", 4, 10)]);
    assert!(complaints[1].to_string().contains("3 | when = { subjct = '连不上', txt = 'a' }\n   |          ^^^^^^"), "{}", complaints[1]);
}

#[test]
fn a_categorys_checklist_is_asked_where_it_wins() {
    let checklists =
        BTreeMap::from([("network".to_owned(), vec![Question::plain("code").unwrap(), Question::plain("Since when?").unwrap()])]);
    let text = "[[rule]]\nname = 'n'\nwhen = { subject = 'vpn' }\nthen = { category = 'network', ask = ['Since when?'] }\n\
                [[rule]]\nname = 'c'\nwhen = { matches = { text = '(?P<code>[0-9]{3})' } }\n";
    let set =
        RuleSet::compile(&[("t.toml".into(), text.into())], &Names { checklists, ..names() }, 1).unwrap_or_else(|c| panic!("{}", told(&c)));
    assert_eq!(judge(&set, &mail("vpn", "")).asked_in("en"), ["Since when?", "code"]);
    assert_eq!(judge(&set, &mail("vpn", "error 809")).asked_in("en"), ["Since when?"]);
    assert!(judge(&set, &mail("printer", "")).missing.is_empty());
}

#[test]
fn names_are_unique_over_all_files() {
    let file = |name: &str| (name.to_owned(), "[[rule]]\nname = 'x'\nwhen = { subject = 'a' }\nthen = { label = 'l' }".to_owned());
    let complaints = RuleSet::compile(&[file("rules/b.toml"), file("rules/a.toml")], &names(), 1).unwrap_err();
    assert!(told(&complaints).contains("rules/b.toml:2:8: the name `x` is taken by the rule at rules/a.toml:1"), "{}", told(&complaints));
}

#[test]
fn failed_examples_say_what_came() {
    let set = rules(&format!(
        "{VOTES}\n[[example]]\ntext = 'alpha'\nexpect = {{ category = 'hardware', label = ['z'], kb = [], urgency = 'high' }}"
    ));
    let told = told(&set.run_examples());
    for want in [
        "rules/t.toml:25:23: this example expects category hardware, but gets network",
        "this example expects label z, but gets a, e",
        "this example expects kb nothing, but gets vpn-setup",
        "network 2: network wins (threshold 1)",
    ] {
        assert!(told.contains(want), "{want}\n{told}");
    }
    assert!(!told.contains("expects urgency"), "{told}");
}

/// docs/rules.md holds the generated reference; `UPDATE=1` writes it.
#[test]
fn the_reference_is_fresh() {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/docs/rules.md");
    let old = std::fs::read_to_string(path).unwrap();
    let mut new = old.clone();
    for (name, table) in [("conditions", conditions_markdown()), ("effects", effects_markdown()), ("expectations", expectations_markdown())]
    {
        let (begin, end) = (format!("<!-- {name}: generated -->\n"), format!("<!-- end of {name} -->"));
        let (head, rest) = new.split_once(&begin).expect("the marker of the beginning");
        let (_, tail) = rest.split_once(&end).expect("the marker of the end");
        new = format!("{head}{begin}\n{table}\n{end}{tail}");
    }
    if std::env::var_os("UPDATE").is_some() {
        std::fs::write(path, &new).unwrap();
    } else {
        assert!(new == old, "docs/rules.md is stale: run the tests with UPDATE=1");
    }
}

/// The worked example of docs/rules.md is true, beside the shipped rules.
#[test]
fn the_worked_example_runs() {
    let text = include_str!("../../../docs/rules.md");
    let block = text.split("```toml\n").nth(1).and_then(|rest| rest.split("```").next()).unwrap();
    let own = ("rules/95-own.toml".to_owned(), block.to_owned());
    let files: Vec<_> = RuleSet::builtin_files().into_iter().chain([own]).collect();
    let set = RuleSet::compile(&files, &names(), 1).unwrap_or_else(|c| panic!("{}", told(&c)));
    assert!(set.run_examples().is_empty(), "{}", told(&set.run_examples()));
    // The evidence shown, its line numbers aside.
    let (subject, body) = text.split_once("    Subject: ").and_then(|(_, rest)| rest.split_once("\n\n")).unwrap();
    let shipped = RuleSet::compile(&RuleSet::builtin_files(), &names(), 1).unwrap();
    let verdict = judge(&shipped, &mail(subject, body.split("\n\n").next().unwrap()));
    assert_eq!(verdict.category.as_deref(), Some("facility"));
    for found in verdict.evidence {
        assert!(text.contains(&format!("rule {} ({}", found.rule, found.at.split(':').next().unwrap())), "{}", found.rule);
    }
}

impl RuleSet {
    /// Every rule looked at, every atom asked by itself: slow and plain.
    fn judge_plainly(&self, mail: &Reading, around: &Circumstances<'_>) -> Verdict {
        let mut scan = self.scanner.scan(mail, atom::Memory::Kept);
        scan.ask_each();
        vote::judge(self.rules.iter(), &mut scan, mail, around, self)
    }
}

impl super::scan::Scan<'_, '_> {
    fn ask_each(&mut self) {
        for index in 0..self.atoms() {
            let id = super::atom::AtomId(u32::try_from(index).unwrap());
            let there = self.find(id).is_some();
            self.states().set(id, if there { State::Yes } else { State::No });
        }
    }
}

fn a_word() -> impl Strategy<Value = String> {
    "(ab|a|b|vpn|网络|網|打印机|c\\+\\+|x y| 809|é)\\*?"
}

fn a_condition() -> impl Strategy<Value = String> {
    let leaf = prop_oneof![
        (prop_oneof![Just("subject"), Just("text"), Just("words")], a_word())
            .prop_map(|(field, word)| format!("{field} = ['{word}', 'zz']")),
        "(ab|a|[bB]|vpn|(?i:vpn)|网络|é|\\\\d+|\\\\s)(\\+|x|ab|错|809)".prop_map(|p| format!("matches = {{ text = '{p}' }}")),
        "(e|E)rr(or)? ?(?P<code>[0-9]{3})".prop_map(|p| format!("matches = {{ subject = '{p}' }}")),
        Just("from_domain = 'example.com'".to_owned()),
        Just("field.code = true".to_owned()),
        Just("attachment = '*.log'".to_owned()),
        Just("language = 'zh'".to_owned()),
    ];
    leaf.prop_recursive(3, 12, 3, |inner| {
        (prop_oneof![Just("all"), Just("any"), Just("not")], prop::collection::vec(inner, 1..4))
            .prop_map(|(key, parts)| format!("{key} = [{}]", parts.iter().map(|p| format!("{{ {p} }}")).collect::<Vec<_>>().join(", ")))
    })
}

proptest! {
    /// The automaton, the gates and the index change no verdict.
    #[test]
    fn a_scan_equals_asking_each_rule(
        conditions in prop::collection::vec((a_condition(), 0..5_usize, 1..4_i64), 1..12),
        subject in "(ab|a| |vpn|VPN|网络|網|打印|机|c\\+\\+|x|y|Error 809|é|e\u{301}|\n){0,8}",
        text in "(ab|aB| |vpn|ＶＰＮ|网络|網絡|打印|\n|机|c\\+\\+|x|y|809|é|e\u{301}|b\u{338}|错){0,12}",
    ) {
        let text_of = |(i, (when, category, weight)): (usize, &(String, usize, i64))| {
            format!("[[rule]]\nname = 'r{i}'\nwhen = {{ {when} }}\nthen = {{ category = '{}', weight = {weight}, label = 'l{i}' }}\n", CATEGORIES[*category])
        };
        let file: String = conditions.iter().enumerate().map(text_of).collect();
        let set = compile_with(&file, 1).unwrap_or_else(|c| panic!("{file}\n{}", told(&c)));
        let mail = mail(&subject, &text);
        let fields = BTreeMap::new();
        let verdict = set.judge(&mail, &around(&fields));
        let plain = Verdict { depends_on: verdict.depends_on.clone(), ..set.judge_plainly(&mail, &around(&fields)) };
        prop_assert_eq!(&verdict, &plain, "{}", file);
        if !verdict.depends_on.contains("code") {
            let fields = BTreeMap::from([("code".to_owned(), "809".to_owned())]);
            prop_assert_eq!(&verdict, &set.judge(&mail, &around(&fields)), "{}", file);
        }
    }

    #[test]
    fn judge_is_total(subject in any::<String>(), text in any::<String>(), name in any::<String>()) {
        static BUILTIN: std::sync::OnceLock<RuleSet> = std::sync::OnceLock::new();
        let set = BUILTIN.get_or_init(|| RuleSet::compile(&RuleSet::builtin_files(), &names(), 1).unwrap());
        let mut mail = mail(&subject, &text);
        mail.headers = vec![(name, subject)];
        judge(set, &mail);
    }

    #[test]
    fn compile_is_total(text in "(\\[\\[rule\\]\\]|\\[\\[example\\]\\]|\n|when|then|name|expect| = |\\{|\\}|'|a|1|true|\\[|\\]|any|text|,|matches|\\(|\\*){0,30}") {
        let _ = compile_with(&text, 1);
    }
}
