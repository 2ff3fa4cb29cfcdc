//! Promise 4: machines that answer every mail and mark nothing come to rest, and the history says what was held back.

use chrono::Duration;
use postdesk::domain::ticket::TicketNo;
use postdesk::store::TicketFilter;

use crate::world::{CONFIG, Sent, World};

/// How a machine answers.
type Robot = fn(&Sent, usize) -> Vec<u8>;

/// A fresh Message-ID, no reference to what is answered: some ticket systems write so.
fn forgets(sent: &Sent, n: usize) -> Vec<u8> {
    raw(sent, n, &format!("[RT #{n}] Received: {}", sent.reading.subject), "", "Our number for it is new. We look into it.")
}

/// It has even a subject of its own.
fn renames(sent: &Sent, n: usize) -> Vec<u8> {
    raw(sent, n, &format!("Request {n} was received"), "", "We look into it.")
}

/// The same, and nothing acknowledges it: it reads like an absence.
fn absent(sent: &Sent, n: usize) -> Vec<u8> {
    raw(sent, n, &format!("Your mail {n}"), "", "I am travelling and will read your mail when I am back.")
}

/// In the thread, with the whole mail below.
fn quotes(sent: &Sent, n: usize) -> Vec<u8> {
    let id = sent.reading.id.as_ref().unwrap();
    let references: String = sent.reading.references.iter().map(|r| format!("{r} ")).collect();
    let quote: String = sent.reading.text.lines().map(|line| format!("> {line}\n")).collect();
    let thread = format!("In-Reply-To: {id}\nReferences: {references}{id}\n");
    raw(sent, n, &format!("Re: {}", sent.reading.subject), &thread, &format!("Answer {n} of a machine.\n\n{quote}"))
}

/// The same with an empty text and a tag that is none.
fn mistypes(sent: &Sent, n: usize) -> Vec<u8> {
    let id = sent.reading.id.as_ref().unwrap();
    let references: String = sent.reading.references.iter().map(|r| format!("{r} ")).collect();
    raw(sent, n, &format!("Re: {} [resovle]", sent.reading.subject), &format!("References: {references}{id}\n"), "")
}

/// The subject alone says what is answered.
fn repeats(sent: &Sent, n: usize) -> Vec<u8> {
    raw(sent, n, &format!("Re: {}", sent.reading.subject), "", "We look into it.")
}

fn raw(sent: &Sent, n: usize, subject: &str, thread: &str, text: &str) -> Vec<u8> {
    format!(
        "Message-ID: <robot-{n}@robot.test>\nFrom: {}\nTo: support@desk.test\nSubject: {subject}\n{thread}MIME-Version: 1.0\n\
         Content-Type: text/plain; charset=utf-8\nContent-Transfer-Encoding: 8bit\n\n{text}\n",
        sent.to
    )
    .into_bytes()
}

/// Answers whatever reaches a machine, a second later, until nothing reaches one. How often that was, at most a thousand.
fn play(world: &mut World, machines: &[(&str, Robot)]) -> usize {
    let mut answered = 0;
    let mut seen = 0;
    while let Some(sent) = world.sent.get(seen).cloned() {
        seen += 1;
        for (_, robot) in machines.iter().filter(|(address, _)| *address == sent.to) {
            answered += 1;
            assert!(answered < 1000, "the machines never come to rest");
            world.now += Duration::seconds(1);
            world.mail(&robot(&sent, answered));
        }
    }
    answered
}

/// Does any ticket's history say this?
fn told(world: &mut World, words: &str) -> bool {
    let store = world.desk.store();
    let filter = TicketFilter { limit: 1000, ..TicketFilter::default() };
    let numbers: Vec<TicketNo> = store.tickets(&filter).unwrap().iter().map(|t| t.number).collect();
    numbers.into_iter().any(|n| store.history(n).unwrap().iter().any(|row| row.because.iter().any(|reason| reason.0.contains(words))))
}

fn opened() -> World {
    let mut world = World::new("robots", CONFIG, &[]);
    world.mail(b"Message-ID: <first@ext.test>\nFrom: robot@ext.test\nTo: support@desk.test\nSubject: VPN down\n\nError 809.\n");
    world
}

#[test]
fn a_requester_that_is_a_machine() {
    for (robot, held_back) in [(renames as Robot, true), (forgets, false), (quotes, false)] {
        let mut world = opened();
        let answers = play(&mut world, &[("robot@ext.test", robot)]);
        assert!((1..=30).contains(&answers), "{answers}");
        assert_eq!(told(&mut world, "are enough: this one is held back"), held_back);
    }
}

#[test]
fn an_agent_that_is_a_machine() {
    for (robot, held_back) in [(forgets as Robot, true), (mistypes, true), (quotes, false)] {
        let mut world = opened();
        let answers = play(&mut world, &[("li@desk.test", robot)]);
        assert!((1..=30).contains(&answers), "{answers}");
        assert_eq!(told(&mut world, "this one is held back"), held_back);
    }
}

/// What answers an agent outside of any ticket comes to rest too: a wrong order that opens nothing comes back in each answer's subject.
#[test]
fn an_agent_that_is_a_machine_and_no_ticket() {
    for subject in ["[new] [for=nobody] cable", "[list]", "[help]"] {
        for robot in [quotes as Robot, repeats] {
            let mut world = World::new("robots", CONFIG, &[]);
            world.mail(format!("Message-ID: <1@x>\nFrom: li@desk.test\nTo: support@desk.test\nSubject: {subject}\n\nHello.\n").as_bytes());
            let answers = play(&mut world, &[("li@desk.test", robot)]);
            assert!((1..=30).contains(&answers), "{subject}: {answers}");
        }
    }
}

/// Each answers the notice of the other's ticket with a mail that opens one more.
#[test]
fn two_agents_that_are_machines() {
    let config = format!("{CONFIG}\n[[agent]]\nhandle = \"zoe\"\nname = \"Zoe\"\naddress = \"zoe@desk.test\"\nteam = \"support\"\n");
    for robot in [renames as Robot, absent] {
        let mut world = World::new("robots", &config, &[]);
        world.mail(b"Message-ID: <first@ext.test>\nFrom: bo@ext.test\nTo: support@desk.test\nSubject: Stapler\n\nIt is stuck.\n");
        let answers = play(&mut world, &[("wang@desk.test", robot), ("zoe@desk.test", robot)]);
        assert!((2..=80).contains(&answers), "{answers}");
        assert!(told(&mut world, "look like a loop: colleagues are not told of this one"));
    }
}

#[test]
fn machines_on_both_sides() {
    for agent in [forgets as Robot, quotes, mistypes] {
        for requester in [renames as Robot, quotes] {
            let mut world = opened();
            let answers = play(&mut world, &[("robot@ext.test", requester), ("li@desk.test", agent)]);
            assert!((1..=250).contains(&answers), "{answers}");
        }
    }
}

#[test]
fn two_desks_write_to_each_other() {
    let mut ours = World::new("desk", CONFIG, &[]);
    let mut theirs = World::new("other-desk", &CONFIG.replace("desk.test", "other.test"), &[]);
    // Somebody of theirs opens a ticket here in the name of their desk; our agent answers by way of ours.
    ours.mail(b"Message-ID: <1@other.test>\nFrom: support@other.test\nTo: support@desk.test\nSubject: VPN down\n\nError 809.\n");
    let notice = ours.sent.iter().find(|s| s.to == "li@desk.test").unwrap().clone();
    ours.mail(&quotes(&notice, 0));
    let mut carried = 0;
    let (mut at, mut back) = (0, 0);
    while at < ours.sent.len() || back < theirs.sent.len() {
        for sent in ours.sent.iter().skip(at).filter(|s| s.to == "support@other.test").cloned().collect::<Vec<_>>() {
            carried += 1;
            theirs.mail(&sent.raw);
        }
        at = ours.sent.len();
        for sent in theirs.sent.iter().skip(back).filter(|s| s.to == "support@desk.test").cloned().collect::<Vec<_>>() {
            carried += 1;
            ours.mail(&sent.raw);
        }
        back = theirs.sent.len();
        assert!(carried < 10, "the desks thank each other");
    }
    assert_eq!(carried, 2, "our acknowledgment and our agent's words; nothing came back");
}

#[test]
fn what_the_requester_does_not_get_stands_in_the_history() {
    let mut world = World::new("robots", CONFIG, &[]);
    world.refused.push(("bo@ext.test".to_owned(), "550 5.1.1 no such user".to_owned()));
    world.mail(b"Message-ID: <first@ext.test>\nFrom: bo@ext.test\nTo: support@desk.test\nSubject: VPN down\n\nError 809.\n");
    let notice = world.sent.iter().find(|s| s.to == "li@desk.test").unwrap().clone();
    let order = String::from_utf8(mistypes(&notice, 1)).unwrap().replace("[resovle]", "[resolve]");
    let sent = world.mail(order.as_bytes());
    assert!(sent.iter().all(|s| s.to == "li@desk.test"), "nothing goes to the requester");
    assert!(told(&mut world, "no mail about it to bo@ext.test: the address is out of reach"));
}

#[test]
fn two_from_fields_prove_nobody() {
    let mut world = opened();
    let notice = world.sent.iter().find(|s| s.to == "li@desk.test").unwrap().clone();
    let forged = String::from_utf8(quotes(&notice, 1)).unwrap().replace("To: support", "From: mallory@elsewhere.test\nTo: support");
    let sent = world.mail(forged.as_bytes());
    assert!(sent.iter().all(|s| s.to == "li@desk.test"), "nothing goes to the requester");
    assert!(told(&mut world, "several From fields"));
}
