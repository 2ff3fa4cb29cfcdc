//! An agent writes from anywhere, nothing proves that it is he, and he confirms it in his mail client.

use super::play::{Desk, Setting, letter, mail, mails, send};
use crate::SERVERS;

#[test]
fn an_agent_in_neomutt_confirms_what_he_wrote_elsewhere() {
    let _servers = SERVERS.blocking_read();
    let desk = Desk::new("confirm", &Setting::default());
    desk.run();
    let (alice, li) = (desk.requester("alice"), desk.agent("li"));
    let li_wei = format!("Li Wei <{li}>");
    desk.writes(&alice, "VPN down", "It says 809.");
    mail(&li, "agent_new", 1);

    // By a web form of his provider's, say.
    let order = letter(&li_wei, &desk.address(), "[#1001] VPN down [priority=high]", "Please reboot the router.");
    send(&li, &[&desk.address()], order.as_bytes());
    let question = mail(&li, "confirm", 1);
    assert!(question.reading.text.contains("Priority is high now.") && question.reading.text.contains("Please reboot the router."));
    assert!(mails(&alice).iter().all(|mail| mail.template() == "ack"), "nothing is done yet");

    let id = question.reading.id.as_ref().unwrap().to_string();
    desk.neomutt(&li_wei, "Yes, it is mine.\n", &["--to-message-id", &id]);
    let how = mail(&li, "agent_error", 1);
    assert!(how.reading.text.contains("does not begin with the word \"confirm\""), "{}", how.reading.text);

    let id = how.reading.id.as_ref().unwrap().to_string();
    desk.neomutt(&li_wei, "Confirm.\n\nLi Wei\n", &["--to-message-id", &id]);
    let reply = mail(&alice, "reply", 1);
    assert!(reply.reading.text.starts_with("Please reboot the router.\n"), "{}", reply.reading.text);
    let receipt = mail(&li, "agent_receipt", 1);
    assert!(receipt.reading.text.contains("is carried out, as you confirmed it."), "{}", receipt.reading.text);
    assert_eq!(desk.tickets()[0]["priority"], "high");

    let history = desk.cli(&["tickets", "history", "1001"]);
    let history = String::from_utf8_lossy(&history.stdout);
    for words in ["li is asked to confirm it", "li confirms the mail of", "he confirmed it at"] {
        assert!(history.contains(words), "{words:?} is not in\n{history}");
    }
    desk.settle(4);
    desk.stop();
}
