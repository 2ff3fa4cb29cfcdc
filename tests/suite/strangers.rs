//! Promise 8: whatever a stranger has got hold of, and whatever he writes, no ticket of somebody else changes by it.

use std::sync::Mutex;

use postdesk::desk::Question;
use postdesk::domain::Outcome;
use postdesk::domain::ticket::Change;
use postdesk::domain::trust::LetterName;
use proptest::prelude::*;
use proptest::test_runner::TestCaseError;

use crate::world::{CONFIG, World};

/// Tickets in every state: open with a participant and an adviser, merged, closed, resolved, long closed.
fn stage() -> World {
    let mut world = World::new("strangers", CONFIG, &[]);
    let mut write = |from: &str, subject: &str, more: &str, text: &str| {
        let id = world.sent.len();
        let raw = format!(
            "Message-ID: <{id}.{}@ext.test>\nFrom: {from}\nTo: support@desk.test\nSubject: {subject}\n{more}\n\n{text}\n",
            subject.len()
        );
        world.mail(raw.as_bytes());
        world.now += chrono::Duration::minutes(10);
        let newest = world.sent.iter().rev().find(|sent| sent.to.ends_with("@desk.test")).unwrap();
        newest.reading.references.first().map_or_else(String::new, |anchor| format!("References: {anchor}"))
    };
    let token = write("alice@ext.test", "VPN down", "Cc: ben@ext.test", "Error 809.");
    write("li@desk.test", "Re: [#1001] VPN down [consult=expert@vendor.test]", &token, "Have you seen this?");
    write("li@desk.test", "Re: [#1001] VPN down", &token, "We look at it.");
    let second = write("alice@ext.test", "VPN still down", "", "The same.");
    write("li@desk.test", "Re: [#1002] VPN still down [merge=1001]", &second, "");
    let third = write("carol@ext.test", "VPN again", "", "Error 720.");
    write("li@desk.test", "Re: [#1003] VPN again [close]", &third, "Done.");
    let fourth = write("dan@ext.test", "VPN", "", "Error 691.");
    write("li@desk.test", "Re: [#1004] VPN [resolve]", &fourth, "Done.");
    world
}

#[test]
fn the_stage_is_set() {
    let mut world = stage();
    let states: Vec<String> = [1001, 1002, 1003, 1004]
        .map(|n| world.desk.store().ticket(postdesk::domain::ticket::TicketNo(n)).unwrap().unwrap())
        .map(|t| format!("{} {} {}", t.status, t.participants.len(), t.consulted.len()))
        .into();
    assert_eq!(states, ["open 1 1", "closed 0 0", "closed 0 0", "resolved 0 0"]);
}

/// Where answers go to an address of the ticket's own, some people's address books keep it.
#[test]
fn an_address_book_leads_into_no_ticket() {
    let config = CONFIG.replace("start = \"all\"", "start = \"all\"\nreply_address = \"support+{token}@desk.test\"");
    let mut world = World::new("address-book", &config, &[]);
    world.mail(b"Message-ID: <1@ext.test>\nFrom: alice@ext.test\nTo: support@desk.test\nSubject: VPN  down since Monday\n\nError 809.\n");
    let ack = world.sent.iter().find(|sent| sent.to == "alice@ext.test").unwrap().reading.clone();
    let kept = ack.reply_to[0].address.to_string();
    assert!(kept.starts_with("support+pd.1001."), "{kept}");
    for (from, subject, answers, joins) in [
        ("alice@ext.test", "Re: VPN down since Monday", "", true),
        ("alice@ext.test", "回复：vpn down since Monday", "", true),
        ("alice@ext.test", "VPN down sin...", "", true),
        ("alice@ext.test", "[#1001] something else", "", true),
        ("alice@ext.test", "The printer jams", "", false),
        ("alice@ext.test", "", "", false),
        ("alice@ext.test", "VPN", "", false),
        ("alice@ext.test", "The printer jams", "In-Reply-To: <rewritten@mail.ext.test>\n", true),
        ("mallory@elsewhere.test", "Re: VPN down since Monday", "In-Reply-To: <rewritten@mail.ext.test>\n", false),
        ("li@desk.test", "The printer jams", "", false),
    ] {
        let raw = format!("Message-ID: <2@ext.test>\nFrom: {from}\nTo: {kept}\nSubject: {subject}\n{answers}\nHello.\n");
        let decision =
            world.desk.explain(&Question { raw: raw.as_bytes(), whole_size: None, mailbox: "support" }, world.now).unwrap().decision;
        let thread = &decision.judged.as_ref().unwrap().thread;
        assert_eq!(thread.ticket.is_some(), joins, "{from}: {subject}: {}", thread.because);
        assert!(joins || thread.linked.is_some(), "{from}: {subject}: linked, {}", thread.because);
    }
}

/// A mail of somebody who takes no part in any ticket, made of what he may have seen.
fn mail() -> impl Strategy<Value = String> {
    let from = prop_oneof![
        Just("Mallory <mallory@elsewhere.test>"),
        Just("\"alice@ext.test\" <mallory@elsewhere.test>"),
        Just("alice@ext.test <mallory@elsewhere.test>"),
        Just("mallory@elsewhere.test, alice@ext.test"),
        Just("mallory@ext.test"),
        Just("alice@ext.test.elsewhere.test"),
        Just("noreply@elsewhere.test"),
        Just("<>"),
    ];
    let subject = "(Re: |Fwd: |回复：|转发: |)(\\[#100[1-4]\\] |【#1001】|)(VPN down|VPN|any news\\?|催办|)( \\[close\\]| \\[for=alice@ext\\.test\\]| \\[merge=1001\\]| 【关闭】|)";
    let header = prop_oneof![
        Just(""),
        Just("Reply-To: alice@ext.test\n"),
        Just("Sender: alice@ext.test\n"),
        Just("Cc: alice@ext.test, ben@ext.test, li@desk.test\n"),
        Just("Return-Path: <alice@ext.test>\n"),
        Just("X-Original-From: alice@ext.test\n"),
        Just("Auto-Submitted: auto-replied\n"),
        Just("Precedence: bulk\n"),
        Just("Authentication-Results: mx.elsewhere.test; dmarc=pass header.from=ext.test\n"),
    ];
    let text = prop_oneof![
        Just("Please close it."),
        Just("#close\n\nhello"),
        Just("Solved, thanks!"),
        Just("approved"),
        Just("---------- Forwarded message ---------\nFrom: Alice <alice@ext.test>\nSubject: Re: [#1001] VPN down\n\nclose it"),
    ];
    // Which mails of the desk he has, and what of them he uses: id, references, the whole text, an address made of the token.
    let seen = proptest::collection::vec((any::<proptest::sample::Index>(), 0..4_u8), 0..4);
    (from, subject, header, text, seen).prop_map(|(from, subject, header, text, seen)| {
        let seen: Vec<String> = seen.iter().map(|(which, how)| format!("{}:{how}", which.index(1_000_000))).collect();
        format!("{from}\n{subject}\n{}\n{header}\n{text}", seen.join(" "))
    })
}

/// The mail in bytes, with what he has seen filled in.
fn written(recipe: &str, world: &World) -> String {
    let mut lines = recipe.splitn(4, '\n');
    let (from, subject, seen) = (lines.next().unwrap(), lines.next().unwrap(), lines.next().unwrap());
    let rest = lines.next().unwrap();
    let (header, text) = match rest.split_once("\n\n").filter(|(header, _)| header.contains(": ")) {
        Some((header, text)) => (format!("{header}\n"), text),
        None => (String::new(), rest.trim_start_matches('\n')),
    };
    let (mut references, mut quoted, mut to) = (Vec::new(), String::new(), vec!["support@desk.test".to_owned()]);
    for one in seen.split_whitespace() {
        let (which, how) = one.split_once(':').unwrap();
        let sent = &world.sent[which.parse::<usize>().unwrap() % world.sent.len()].reading;
        match how {
            "0" => references.extend(sent.id.iter().map(ToString::to_string)),
            "1" => references.extend(sent.references.iter().map(ToString::to_string)),
            "2" => quoted += &format!("\n\n{}", sent.text),
            _ => to.extend(
                sent.references.first().and_then(|id| id.as_str().split_once('@')).map(|(token, _)| format!("support+{token}@desk.test")),
            ),
        }
    }
    let answers = if references.is_empty() { String::new() } else { format!("In-Reply-To: {0}\nReferences: {0}\n", references.join(" ")) };
    format!("Message-ID: <m@elsewhere.test>\nFrom: {from}\nTo: {}\nSubject: {subject}\n{answers}{header}\n{text}{quoted}\n", to.join(", "))
}

#[test]
fn no_strangers_mail_changes_a_ticket() {
    let world = Mutex::new(stage());
    let mut runner = proptest::test_runner::TestRunner::new(ProptestConfig { cases: 600, ..ProptestConfig::default() });
    let outcome = runner.run(&mail(), |recipe| {
        let mut world = world.lock().unwrap();
        let raw = written(&recipe, &world);
        let now = world.now;
        let decision = world.desk.explain(&Question { raw: raw.as_bytes(), whole_size: None, mailbox: "support" }, now).unwrap().decision;
        let fail = |what: &str| Err(TestCaseError::fail(format!("{what} by\n{raw}\n{:?}", decision.because)));
        for (number, change) in &decision.changes {
            match change {
                // Tokens that he has seen are worth nothing any more.
                Change::Retired(..) => {}
                Change::Opened(ticket) if ticket.number == *number && number.0 > 1004 => {}
                _ if number.0 > 1004 => {}
                _ => return fail(&format!("{number} changes: {change:?}")),
            }
        }
        // Automatic mail is filed, and does nothing.
        if let Outcome::Joined { ticket } = decision.outcome {
            return fail(&format!("he is in {ticket}"));
        }
        let insiders = ["alice@ext.test", "ben@ext.test", "carol@ext.test", "dan@ext.test", "expert@vendor.test"];
        match decision.drafts.iter().flat_map(|d| &d.to).find(|to| insiders.contains(&to.person.address.as_str())) {
            Some(to) => fail(&format!("{} gets a mail", to.person.address)),
            None => Ok(()),
        }
    });
    if let Err(error) = outcome {
        panic!("{error}");
    }
}

/// Some servers return nothing of the mail: the address that the bounce went to names it, to whoever can sign.
#[test]
fn a_bounce_finds_its_mail_by_the_address_that_it_went_to() {
    let config = CONFIG.replace("start = \"all\"", "start = \"all\"\nreply_address = \"support+{token}@desk.test\"");
    let mut world = World::new("bounce-address", &config, &[]);
    world.mail(b"Message-ID: <1@ext.test>\nFrom: alice@ext.test\nTo: support@desk.test\nSubject: VPN down\n\nError 809.\n");
    let id = world.sent.iter().find(|sent| sent.to == "alice@ext.test").unwrap().reading.id.clone().unwrap();
    let letter = LetterName::read(&id).unwrap().key.to_owned();
    let key = world.desk.book().policy.key.clone();
    let signature = key.sign(&["bounce", &letter]);
    for (signature, finds) in [(signature.as_str(), true), ("aaaaaaaaaaaaaaaa", false), (letter.as_str(), false)] {
        let raw = format!(
            "Return-Path: <>\nDelivered-To: support+bounce.1001.{letter}.{signature}@desk.test\nFrom: postmaster@mx.ext.test\nTo: support@desk.test\n\
             Message-ID: <2@mx.ext.test>\nSubject: failure notice\nMIME-Version: 1.0\nContent-Type: text/plain; charset=utf-8\n\
             Content-Transfer-Encoding: 8bit\n\n收件人：alice@ext.test\n退信原因：用户不存在\n"
        );
        let decision =
            world.desk.explain(&Question { raw: raw.as_bytes(), whole_size: None, mailbox: "support" }, world.now).unwrap().decision;
        let thread = &decision.judged.as_ref().unwrap().thread;
        assert_eq!(thread.ticket.is_some(), finds, "{signature}: {}", thread.because);
    }
}
