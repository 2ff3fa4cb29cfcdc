//! Two agents at once, and a forward, in neomutt.

use super::play::{Desk, Setting, eventually, mail, mails};
use crate::SERVERS;

const AGENTS: &[(&str, &str, &str, &str)] = &[("li", "Li Wei", "en", "agent"), ("wang", "王芳", "zh", "agent")];

#[test]
fn the_second_of_two_answers_is_held_until_its_writer_says_so() {
    let _servers = SERVERS.blocking_read();
    let desk = Desk::new("two", &Setting { agents: AGENTS, ..Setting::default() });
    desk.run();
    let (alice, li, wang) = (desk.requester("alice"), desk.agent("li"), desk.agent("wang"));
    let (li_wei, wang_fang) = (format!("Li Wei <{li}>"), format!("王芳 <{wang}>"));
    desk.writes(&format!("Alice Baker <{alice}>"), "VPN down", "The VPN says error 809.");
    mail(&li, "agent_new", 1);
    mail(&wang, "agent_new", 1);

    desk.answers(&li_wei, "VPN down", "Please restart the router.", &[]);
    mail(&alice, "reply", 1);
    desk.answers(&wang_fang, "VPN down", "证书过期了，请更新。", &[]);
    let question = mail(&wang, "agent_error", 1);
    let text = &question.reading.text;
    assert!(text.contains("Li Wei 已于") && text.contains("“Please restart the router.”"), "{text}");
    assert_eq!(mails(&alice).iter().filter(|mail| mail.template() == "reply").count(), 1, "the second waits");

    desk.answers(&wang_fang, "VPN down", "", &["--subject-append", " 【发送】"]);
    let second = mail(&alice, "reply", 2);
    assert!(second.reading.text.starts_with("证书过期了，请更新。\n"), "{}", second.reading.text);
    mail(&wang, "agent_receipt", 1);
    desk.stop();
}

#[test]
fn a_forward_in_neomutt_opens_a_ticket_for_whoever_wrote_the_mail() {
    let _servers = SERVERS.blocking_read();
    let desk = Desk::new("forward", &Setting { agents: AGENTS, ..Setting::default() });
    desk.run();
    let (alice, li, wang) = (desk.requester("alice"), desk.agent("li"), desk.agent("wang"));
    // She writes to Li, not to the desk.
    let letter = super::play::letter(&format!("Alice Baker <{alice}>"), &li, "Printer jams", "The printer on the third floor jams.");
    super::play::send(&alice, &[&li], letter.as_bytes());
    eventually("her mail", || mails(&li).into_iter().find(|mail| mail.reading.subject == "Printer jams"));

    let forward = ["--to-subject", "Printer jams", "--forward", &desk.address()];
    desk.neomutt(&format!("Li Wei <{li}>"), "She is in a hurry.", &forward);
    let ack = mail(&alice, "ack", 1);
    assert!(
        ack.reading.subject.ends_with("Printer jams") && ack.reading.text.contains("Li Wei has passed your request on"),
        "{}",
        ack.reading.text
    );
    let notice = mail(&wang, "agent_new", 1);
    let text = &notice.reading.text;
    assert!(text.contains("The printer on the third floor jams.") && text.contains("She is in a hurry."), "{text}");
    let receipt = mail(&li, "agent_receipt", 1);
    assert!(receipt.reading.text.contains(&format!("Opened for Alice Baker <{alice}>")), "{}", receipt.reading.text);
    let tickets = desk.tickets();
    assert_eq!((tickets.len(), tickets[0]["requester"]["address"].as_str()), (1, Some(alice.as_str())), "{tickets:?}");

    // The receipt is answered as any notification is.
    desk.answers(&format!("Li Wei <{li}>"), "#1001", "A technician is on his way.", &[]);
    let reply = mail(&alice, "reply", 1);
    assert!(reply.reading.text.starts_with("A technician is on his way.\n"), "{}", reply.reading.text);
    desk.stop();
}
