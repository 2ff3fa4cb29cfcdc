//! Files on their way: a requester's to the agent, the agent's own to the requester, and nothing back.

use mail_parser::{MessageParser, MimeHeaders};

use super::play::{Desk, Mail, Setting, letter, mail, send};
use crate::SERVERS;

/// (name, bytes) of each file of a mail, as another parser than ours reads it.
fn files(mail: &Mail) -> Vec<(String, Vec<u8>)> {
    let parsed = MessageParser::default().parse(&mail.raw).unwrap();
    parsed.attachments().map(|file| (file.attachment_name().unwrap_or("").to_owned(), file.contents().to_vec())).collect()
}

#[test]
fn an_agent_in_neomutt_gets_a_screenshot_and_sends_a_file_of_his_own() {
    let _servers = SERVERS.blocking_read();
    let desk = Desk::new("files", &Setting::default());
    desk.run();
    let (alice, li) = (desk.requester("alice"), desk.agent("li"));
    // Every byte there is, so that a transfer encoding that goes wrong is seen.
    let screenshot: Vec<u8> = (0..200_000_u32).map(|n| (n.wrapping_mul(n) / 7) as u8).chain(0..=255).collect();
    let encoded: Vec<String> = screenshot.chunks(57).map(|line| data_encoding::BASE64.encode(line)).collect();
    let plain = letter(&alice, &desk.address(), "VPN down", "It says 809, see the picture.");
    let (header, text) = plain.split_once("Content-Type:").unwrap();
    let raw = format!(
        "{header}Content-Type: multipart/mixed; boundary=\"b\"\r\n\r\n--b\r\nContent-Type:{text}--b\r\nContent-Type: image/png\r\n\
         Content-Disposition: attachment; filename*=utf-8''%E6%88%AA%E5%9B%BE.png\r\nContent-Transfer-Encoding: base64\r\n\r\n{}\r\n--b--\r\n",
        encoded.join("\r\n")
    );
    send(&alice, &[&desk.address()], raw.as_bytes());
    let notice = mail(&li, "agent_new", 1);
    let [(name, bytes)] = &files(&notice)[..] else { panic!("{:?}", notice.reading.attachments) };
    assert!(name == "截图.png" && *bytes == screenshot, "{name}, {} bytes", bytes.len());

    // He attaches what came with the notification, as some clients do by themselves, and a log of his own.
    let path = |name: &str| desk.directory.join(name).to_str().unwrap().to_owned();
    std::fs::write(path("came.png"), bytes).unwrap();
    let log = "08:27 IKE_AUTH timed out\n超时\n";
    std::fs::write(path("own.log"), log).unwrap();
    desk.answers(
        &format!("Li Wei <{li}>"),
        "VPN down",
        "The log says why.\n",
        &["--attach", &path("came.png"), "--attach", &path("own.log")],
    );
    let reply = mail(&alice, "reply", 1);
    assert!(reply.reading.text.starts_with("The log says why.\n"), "{}", reply.reading.text);
    let [(name, bytes)] = &files(&reply)[..] else { panic!("{:?}", reply.reading.attachments) };
    assert_eq!((name.as_str(), String::from_utf8_lossy(bytes).replace("\r\n", "\n").as_str()), ("own.log", log));
    assert!(mail(&li, "agent_receipt", 1).reading.text.contains("came.png"), "he is told what stayed behind");

    let row = desk.outbox().into_iter().find(|row| row["template"] == "reply").unwrap();
    let shown = desk.cli(&["outbox", "show", &row["envelope"].to_string()]).stdout;
    assert_eq!(String::from_utf8_lossy(&shown).replace("\r\n", "\n"), String::from_utf8_lossy(reply.as_sent()));
    desk.settle(2);
    desk.stop();
}
