//! Promise 6: what nothing proves is carried out by its agent's own word alone, once, and a forger fills nobody's mailbox.

use postdesk::desk::{self, Question};
use postdesk::domain::confirm::Grant;
use postdesk::domain::foresight::Foresight;
use postdesk::domain::ticket::TicketNo;
use postdesk::domain::{Case, CauseKey, Event, Incoming, Outcome, What, decide};
use postdesk::store::JournalRow;

use crate::stories::template_of;
use crate::world::{CONFIG, Sent, World};

fn raw(id: &str, from: &str, subject: &str, text: &str) -> Vec<u8> {
    format!("Message-ID: <{id}@x.test>\nFrom: {from}\nTo: support@desk.test\nSubject: {subject}\n\n{text}\n").into_bytes()
}

fn answer(sent: &Sent, id: &str, text: &str) -> Vec<u8> {
    let (own, anchor) = (sent.reading.id.as_ref().unwrap(), sent.reading.references.first().unwrap());
    raw(id, &sent.to, &format!("Re: {}\nIn-Reply-To: {own}\nReferences: {anchor} {own}", sent.reading.subject), text)
}

fn opened() -> World {
    let mut world = World::new("confirm", CONFIG, &[]);
    world.mail(&raw("vpn", "alice@ext.test", "VPN down", "Error 809."));
    world
}

/// A desk whose agent was asked, and the mail that asks.
fn asked() -> (World, Sent) {
    let mut world = opened();
    let sent = world.mail(&raw("order", "li@desk.test", "[#1001] VPN down [priority=high]", "Please reboot the router."));
    let [question] = sent.as_slice() else { panic!("{} mails", sent.len()) };
    assert_eq!(template_of(question), "confirm");
    let question = question.clone();
    (world, question)
}

fn history(world: &mut World) -> Vec<JournalRow> {
    world.desk.store().history(TicketNo(1001)).unwrap()
}

fn because(row: &JournalRow) -> String {
    row.because.iter().map(|reason| reason.0.as_str()).collect::<Vec<_>>().join("\n")
}

#[test]
fn the_history_says_what_was_asked_and_what_was_confirmed() {
    let (mut world, question) = asked();
    world.now += chrono::Duration::minutes(5);
    world.mail(&answer(&question, "yes", "confirm"));
    let rows = history(&mut world);
    let [_, order, yes, granted] = rows.as_slice() else { panic!("{} rows", rows.len()) };
    assert_eq!(order.outcome, Outcome::Refused { ticket: Some(TicketNo(1001)) });
    assert!(order.changes.is_empty() && order.internal);
    assert!(because(order).contains("li is asked to confirm it"), "{}", because(order));
    assert!(yes.changes.is_empty() && yes.internal && yes.mails.is_empty());
    assert!(because(yes).contains("li confirms the mail of 2026-12-01 09:00: it is carried out now"), "{}", because(yes));
    assert_eq!(granted.cause, order.cause.granted());
    assert_eq!((granted.actor.as_str(), granted.at), ("li", world.now));
    assert!(because(granted).contains("he confirmed it at 2026-12-01 09:05"), "{}", because(granted));
    assert_eq!(granted.text.as_deref(), Some("Please reboot the router."));
    assert!(!granted.internal, "the words went to the requester");
    let mails: Vec<(&str, &str)> = granted.mails.iter().map(|mail| (mail.template.as_str(), mail.to.as_str())).collect();
    assert_eq!(mails, [("reply", "alice@ext.test"), ("agent_receipt", "li@desk.test")]);
}

/// One history, one language: whoever acted, it is written as the command line speaks.
#[test]
fn the_history_of_a_chinese_agent_is_in_english() {
    let mut world = opened();
    let doubted = "wang@desk.test\nAuthentication-Results: mx.desk.test; dmarc=fail header.from=desk.test";
    for (n, (from, subject, text)) in [
        ("wang@desk.test", "[#1001] VPN [备住]", "合同五月到期。"),
        ("wang@desk.test", "[#1001] VPN 【指派=nobody】", ""),
        ("wang@desk.test", "[#1001] VPN", "请重启路由器。"),
        (doubted, "[#1001] VPN", "请重启路由器。"),
        ("wang@desk.test", "VPN 【新建】【代报=nobody】", "请重启路由器。"),
    ]
    .into_iter()
    .enumerate()
    {
        let sent = world.mail(&raw(&format!("zh-{n}"), from, subject, text));
        assert!(
            sent.iter().filter(|mail| mail.to == "wang@desk.test").all(|mail| mail.reading.text.contains("您好")),
            "his mails are in his language"
        );
    }
    let opened = world.desk.store().openings(9).unwrap().len();
    assert_eq!(opened, 1, "nothing else was opened");
    let rows = history(&mut world);
    assert_eq!(rows.len(), 5);
    for row in &rows {
        let told = because(row);
        assert!(!told.chars().any(|c| c > '\u{2e80}' && !"王芳备住".contains(c)), "{told}");
    }
    let outbox = world.desk.store().outbox(true, 99).unwrap();
    let held = outbox.iter().find(|row| row.state == "held").unwrap();
    assert!(held.why.starts_with("Our mail server says"), "{}", held.why);
}

#[test]
fn the_history_says_when_what_was_held_went_out() {
    let mut world = opened();
    let told = world.sent.iter().find(|mail| template_of(mail) == "agent_new").cloned().unwrap();
    let question = world.mail(&answer(&told, "away", "I am out of the office until Monday."));
    world.mail(&answer(&question[0], "send", "#send"));
    let rows = history(&mut world);
    assert!(because(rows.last().unwrap()).contains("what was held goes out now: 1 in all"), "{}", because(rows.last().unwrap()));
}

#[test]
fn explain_says_it_beforehand_and_changes_nothing() {
    let (mut world, question) = asked();
    let now = world.now;
    let mut explain = |raw: &[u8]| world.desk.explain(&Question { raw, whole_size: None, mailbox: "support" }, now).unwrap();
    let asks = explain(&raw("again", "li@desk.test", "[#1001] VPN down [close]", "Good bye."));
    assert!(asks.decision.judged.unwrap().held.unwrap().contains("nothing proves that you wrote it"));
    assert_eq!(asks.letters.iter().map(|(letter, _)| letter.template.as_str()).collect::<Vec<_>>(), ["confirm"]);
    let confirms = explain(&answer(&question, "yes", "confirm"));
    assert_eq!(confirms.decision.grants.len(), 1);
    assert!(confirms.decision.because.iter().any(|reason| reason.0.starts_with("li confirms the mail of ")));
    assert_eq!(history(&mut world).len(), 2, "nothing was changed");
}

#[test]
fn two_answers_at_once_carry_it_out_once() {
    let (mut world, question) = asked();
    let policy = world.desk.book().policy.clone();
    let both = ["one", "two"].map(|id| desk::prepare(world.arrival(&answer(&question, id, "confirm")), &policy));
    world.desk.receive(both.into()).unwrap();
    let sent = world.settle();
    let mut made: Vec<String> = sent.iter().map(template_of).collect();
    made.sort();
    assert_eq!(made, ["agent_error", "agent_receipt", "reply"]);
    let error = sent.iter().find(|mail| template_of(mail) == "agent_error").unwrap();
    assert!(error.reading.text.contains("That is done already"), "{}", error.reading.text);
}

#[test]
fn a_forger_fills_nobodys_mailbox() {
    let mut world = opened();
    for n in 1002..1030 {
        world.mail(&raw(&format!("vpn-{n}"), &format!("bob{n}@ext.test"), "VPN down", "Error 809."));
    }
    for (hour, most) in [(0, 10), (1, 20), (2, 30), (3, 30)] {
        world.now = "2026-12-01T01:00:00Z".parse::<chrono::DateTime<chrono::Utc>>().unwrap() + chrono::Duration::minutes(61 * hour);
        for n in 1001..1030 {
            world.mail(&raw(&format!("forged-{hour}-{n}"), "li@desk.test", &format!("[#{n}] [close]"), "Send us your password."));
        }
        assert_eq!(world.sent.iter().filter(|mail| template_of(mail) == "confirm").count(), most, "in hour {hour}");
    }
    let last = world.desk.store().history(TicketNo(1029)).unwrap();
    let last = because(last.last().unwrap());
    assert!(last.contains("30 questions to li@desk.test within 24 h are enough: this one is held back"), "{last}");
    assert!(!last.contains("is asked to confirm it"), "{last}");
    // He can be asked again the next day.
    world.now += chrono::Duration::hours(30);
    let sent = world.mail(&raw("own", "li@desk.test", "[#1001] [close]", "Done."));
    assert!(sent.iter().any(|mail| template_of(mail) == "confirm"));
}

/// Between his word and the decision the config may have changed.
#[test]
fn a_grant_is_worth_nothing_where_the_mail_is_another_agents() {
    let world = opened();
    let policy = world.desk.book().policy.clone();
    let reading = desk::read(&raw("order", "li@desk.test", "[#1001] VPN down [close]", "Done."), None).unwrap();
    let foresight = std::sync::Arc::new(Foresight::of(reading, world.now, policy.clone()));
    let original = Incoming { mailbox: "support".into(), quiet: false, foresight };
    let grant = Grant { original: CauseKey("mail:x".into()), by: "wang".into(), written: world.now, confirmed: world.now };
    let event = Event { key: grant.original.granted(), at: world.now, what: What::Granted { original, grant } };
    let decision = decide(&Case::default(), &event, &policy, world.now).unwrap();
    assert_eq!(decision.outcome, Outcome::Done);
    assert!(decision.changes.is_empty() && decision.drafts.is_empty());
}
