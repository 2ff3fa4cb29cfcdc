//! A whole day: two requesters, two agents in neomutt, one lead.

use std::collections::{BTreeSet, HashMap};

use super::play::{Desk, Mail, Setting, eventually, mail, mails};
use crate::SERVERS;

const AGENTS: &[(&str, &str, &str, &str)] =
    &[("li", "Li Wei", "en", "agent"), ("wang", "王芳", "zh", "agent"), ("zhou", "Zhou Lead", "en", "lead")];

/// What must never reach a requester: what notifications say, tags, an internal note, a mistyped order's text.
const INTERNAL: &[&str] = &[
    "~~~~~~~~ Postdesk", "Judged by", "分类依据", "rules/", "Reply to this mail: your words", "您写的内容会发给请求人", "[take]", "[note]",
    "[resolv", "priority=high", "【", "xyzzy-internal-note", "xyzzy-mistyped",
];

#[test]
fn a_day_of_two_requesters_two_agents_and_a_lead() {
    let _servers = SERVERS.blocking_read();
    let more = "[[summary]]\nname = \"daily\"\nreport = \"daily\"\nschedule = \"* * * * *\"\n".to_owned();
    let desk = Desk::new("day", &Setting { agents: AGENTS, more, ..Setting::default() });
    desk.run();
    std::thread::scope(|scope| {
        let english = scope.spawn(|| in_english(&desk));
        let chinese = scope.spawn(|| in_chinese(&desk));
        english.join().unwrap();
        chinese.join().unwrap();
    });
    let (alice, zhao) = (desk.requester("alice"), desk.requester("zhao"));
    mail(&desk.agent("zhou"), "summary", 1);
    desk.settle(12);
    desk.stop();
    eventually("each mail once, with its Message-ID", || (arrived(&desk) == desk.outbox_ids()).then_some(()));

    for requester in [&alice, &zhao] {
        let templates: Vec<String> = mails(requester).iter().map(|mail| mail.template().to_owned()).collect();
        assert_eq!(templates, ["ack", "reply", "resolved"], "{requester}");
        nothing_internal(&desk, requester);
        one_thread(&mails(requester), ".0.");
    }
    for (handle, ..) in AGENTS {
        for subject in ["VPN down", "三楼打印机坏了"] {
            let about: Vec<Mail> = mails(&desk.agent(handle)).into_iter().filter(|m| m.reading.subject.contains(subject)).collect();
            one_thread(&about, &format!(".{handle}."));
            let header = |mail: &Mail| String::from_utf8_lossy(&mail.raw).split("\n\n").next().unwrap().to_owned();
            assert!(about.iter().all(|mail| !header(mail).contains("@ext.test")), "the requester's address stands in a header");
        }
    }
    let tickets = desk.tickets();
    assert_eq!(tickets.len(), 2);
    assert!(tickets.iter().all(|ticket| ticket["status"] == "closed" && ticket["priority"] == "high"), "{tickets:?}");
    assert!(desk.cli(&["status"]).status.success());

    let summaries = desk.outbox().into_iter().filter(|row| row["template"] == "summary");
    assert!(summaries.clone().all(|row| row["to"] == desk.agent("zhou").as_str()), "the lead alone gets it");
    let slots: BTreeSet<String> = summaries.clone().map(|row| row["at"].as_str().unwrap()[..16].to_owned()).collect();
    assert_eq!(slots.len(), summaries.count(), "once a slot");
}

fn in_english(desk: &Desk) {
    let (alice, li) = (desk.requester("alice"), desk.agent("li"));
    let (alice_baker, li_wei) = (format!("Alice Baker <{alice}>"), format!("Li Wei <{li}>"));
    desk.writes(&alice_baker, "VPN down", "Good morning,\n\nthe VPN says error 809 since today.\n\nAlice");
    let ack = mail(&alice, "ack", 1);
    assert!(ack.reading.text.contains("Thank you for writing"), "{}", ack.reading.text);
    answers_the_requester(&ack, "VPN down");
    let notice = notification(&li, "VPN down");
    assert!(notice.reading.text.contains("the VPN says error 809 since today."), "{}", notice.reading.text);
    assert_eq!(notice.reading.header("Auto-Submitted"), Some("auto-generated"));

    desk.answers(&li_wei, "VPN down", "Hello Alice,\n\nplease send me the log of the VPN client.\n", &[]);
    let reply = mail(&alice, "reply", 1);
    assert!(reply.reading.text.starts_with("Hello Alice,\n\nplease send me the log of the VPN client.\n"), "{}", reply.reading.text);
    assert_eq!(reply.reading.header("Auto-Submitted"), None, "a person's words");
    assert_eq!(reply.reading.from.as_ref().unwrap().name, "Li Wei via IT Support");

    desk.answers(&alice_baker, "VPN down", "Here it is: IKE timeout on port 500.", &["--bottom"]);
    let answer = mail(&li, "agent_followup", 1);
    assert!(answer.reading.text.contains("IKE timeout on port 500.") && !answer.reading.text.contains("please send me"));

    desk.answers(&li_wei, "VPN down", "xyzzy-internal-note: she is on the old router.", &["--subject-append", " [note]"]);
    mail(&li, "agent_receipt", 1);
    desk.answers(&li_wei, "VPN down", "xyzzy-mistyped: all is well.", &["--subject-append", " [resolv]"]);
    let error = mail(&li, "agent_error", 1);
    assert!(error.reading.text.contains("did you mean [resolve]?") && error.reading.text.contains("xyzzy-mistyped: all is well."));

    let tags = ["--subject-append", " [priority=high] [resolve]"];
    desk.answers(&li_wei, "VPN down", "The profile now uses port 443.", &tags);
    let resolved = mail(&alice, "resolved", 1);
    assert!(resolved.reading.text.starts_with("The profile now uses port 443.\n"), "{}", resolved.reading.text);
    mail(&li, "agent_receipt", 2);
    desk.answers(&alice_baker, "VPN down", "Solved, thank you!", &[]);
    let closed = mail(&li, "agent_followup", 2);
    assert!(closed.reading.text.contains("The requester confirms that it is solved; it is closed."), "{}", closed.reading.text);
}

fn in_chinese(desk: &Desk) {
    let (zhao, wang) = (desk.requester("zhao"), desk.agent("wang"));
    let (zhao_min, wang_fang) = (format!("赵敏 <{zhao}>"), format!("王芳 <{wang}>"));
    let subject = "三楼打印机坏了";
    desk.writes(&zhao_min, subject, "您好，三楼的打印机一直卡纸，无法打印。");
    let ack = mail(&zhao, "ack", 1);
    assert!(ack.reading.text.contains("来信已收到"), "{}", ack.reading.text);
    answers_the_requester(&ack, subject);
    assert!(notification(&wang, subject).reading.text.contains("一直卡纸"));

    let tags = ["--subject-append", " 【认领】【优先级＝高】【等待=3d】"];
    desk.answers(&wang_fang, subject, "赵敏您好，请告诉我打印机上的资产编号。", &tags);
    let reply = mail(&zhao, "reply", 1);
    assert!(reply.reading.text.starts_with("赵敏您好，请告诉我打印机上的资产编号。\n"), "{}", reply.reading.text);
    assert_eq!(reply.reading.from.as_ref().unwrap().name, "王芳（IT Support）");
    mail(&wang, "agent_receipt", 1);
    desk.answers(&zhao_min, subject, "编号是 PR-0311。", &[]);
    mail(&wang, "agent_followup", 1);
    desk.answers(&wang_fang, subject, "已更换搓纸轮，请再试一次。", &["--subject-append", "【解决】"]);
    let resolved = mail(&zhao, "resolved", 1);
    assert!(resolved.reading.text.contains("直接回复“已解决”"), "{}", resolved.reading.text);
    mail(&wang, "agent_receipt", 2);
    desk.answers(&zhao_min, subject, "已解决", &[]);
    let closed = mail(&wang, "agent_followup", 2);
    assert!(closed.reading.text.contains("工单已关闭"), "{}", closed.reading.text);
}

/// The notification of a new ticket.
fn notification(agent: &str, subject: &str) -> Mail {
    let new = |mail: &Mail| mail.template() == "agent_new" && mail.reading.subject.contains(subject);
    eventually("the notification", || mails(agent).into_iter().find(new))
}

/// In-Reply-To names the requester's mail; References has the anchor first, then that mail.
fn answers_the_requester(ack: &Mail, subject: &str) {
    assert!(ack.reading.subject.starts_with("[#") && ack.reading.subject.ends_with(subject), "{}", ack.reading.subject);
    let [answered] = &ack.reading.in_reply_to[..] else { panic!("In-Reply-To: {:?}", ack.reading.in_reply_to) };
    assert!(answered.as_str().ends_with("@ext.test"));
    let [anchor, also] = &ack.reading.references[..] else { panic!("References: {:?}", ack.reading.references) };
    assert!(anchor.as_str().starts_with("pd.") && also == answered, "{:?}", ack.reading.references);
    assert_eq!(ack.reading.header("Auto-Submitted"), Some("auto-replied"));
}

/// What a client makes of References and In-Reply-To: one thread, below the anchor of this person.
fn one_thread(mails: &[Mail], anchored: &str) {
    let mut thread: HashMap<String, usize> = HashMap::new();
    for (number, mail) in mails.iter().enumerate() {
        let reading = &mail.reading;
        assert!(reading.references[0].as_str().contains(anchored), "{:?}", reading.references);
        let ids: Vec<String> =
            reading.id.iter().chain(&reading.references).chain(&reading.in_reply_to).map(|id| id.as_str().to_owned()).collect();
        let joined: BTreeSet<usize> = ids.iter().filter_map(|id| thread.get(id).copied()).collect();
        let ours = joined.first().copied().unwrap_or(number);
        thread.values_mut().filter(|other| joined.contains(other)).for_each(|other| *other = ours);
        thread.extend(ids.into_iter().map(|id| (id, ours)));
    }
    let threads: BTreeSet<usize> = thread.into_values().collect();
    assert_eq!(threads.len(), 1, "{} mails", mails.len());
}

/// No mail to a requester holds a canary, an agent's token or address, or a line that only notifications have.
fn nothing_internal(desk: &Desk, requester: &str) {
    let agents: Vec<Mail> = AGENTS.iter().flat_map(|(handle, ..)| mails(&desk.agent(handle))).collect();
    let tokens: BTreeSet<String> = agents
        .iter()
        .filter_map(|mail| mail.reading.references.first())
        .map(|anchor| anchor.as_str().split('@').next().unwrap().to_owned())
        .collect();
    assert_eq!(tokens.len(), 2 * AGENTS.len(), "each agent has a token of his own: {tokens:?}");
    let cards = ["Ticket:", "Requester", "From: ", "Status:", "工单：", "请求人：", "状态：", "@ext.test", "no owner", "高 · "];
    let lines: BTreeSet<&str> =
        agents.iter().flat_map(|mail| mail.reading.text.lines()).filter(|l| cards.iter().any(|c| l.contains(c))).collect();
    assert!(lines.len() >= 10, "{lines:?}");
    for mail in mails(requester) {
        let all = mail.everything();
        // To, and what servers wrote above the desk's own header, may name the requester.
        let body = String::from_utf8_lossy(mail.as_sent()).into_owned();
        for word in INTERNAL.iter().copied().chain(tokens.iter().map(String::as_str)).chain(lines.iter().copied()) {
            assert!(!all.contains(word), "{word:?} in\n{all}");
        }
        for (handle, ..) in AGENTS {
            assert!(!all.contains(&desk.agent(handle)), "{handle}'s address in\n{body}");
        }
    }
}

/// (recipient, Message-ID) of every mail that lies in an inbox, sorted.
fn arrived(desk: &Desk) -> Vec<(String, String)> {
    let people = [desk.requester("alice"), desk.requester("zhao")].into_iter().chain(AGENTS.iter().map(|(handle, ..)| desk.agent(handle)));
    let mut found: Vec<(String, String)> = people
        .flat_map(|address| {
            let ids: Vec<_> = mails(&address).iter().map(|mail| mail.reading.id.as_ref().unwrap().as_str().to_owned()).collect();
            ids.into_iter().map(move |id| (address.clone(), id))
        })
        .collect();
    found.sort();
    found
}
