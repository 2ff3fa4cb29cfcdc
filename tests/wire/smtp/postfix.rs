//! Against a real Postfix.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, Instant};

use postdesk::delivery::smtp::{Connection, Tls, doctor};
use postdesk::delivery::{Carrier, Handover};
use tokio::net::{TcpListener, TcpStream};

use super::{account, assert_later, assert_refused, assert_taken, letter, parcel, with_ca, with_login};
use crate::host;

fn plain() -> Connection {
    Connection::new(Arc::new(account(host().port("SMTP_PORT"), Tls::None)))
}

fn ca_file() -> PathBuf {
    PathBuf::from(host().get("CA_FILE"))
}

/// Waits for `count` mails in the inbox of `address` and gives their bytes.
fn mails(address: &str, count: usize) -> Vec<Vec<u8>> {
    let (local, domain) = address.split_once('@').unwrap();
    let folder = Path::new(host().get("MAIL_DIR")).join(domain).join(local).join("Maildir/new");
    let start = Instant::now();
    loop {
        let files: Vec<PathBuf> = std::fs::read_dir(&folder).map(|d| d.map(|e| e.unwrap().path()).collect()).unwrap_or_default();
        if files.len() >= count {
            return files.iter().map(|file| std::fs::read(file).unwrap()).collect();
        }
        assert!(start.elapsed() < Duration::from_secs(30), "{address} has {} mails, not {count}", files.len());
        std::thread::sleep(Duration::from_millis(20));
    }
}

/// What stands after the header, with the line ends of the Maildir.
fn body(mail: &[u8]) -> String {
    String::from_utf8(mail.to_vec()).unwrap().split_once("\n\n").unwrap().1.to_owned()
}

#[tokio::test]
async fn plain_starttls_and_implicit_tls() {
    let host = host();
    let password = host.get("PASSWORD");
    for (n, account) in [
        account(host.port("SMTP_PORT"), Tls::None),
        with_ca(account(host.port("SMTP_PORT"), Tls::Starttls), ca_file()),
        with_login(with_ca(account(host.port("SUBMISSION_PORT"), Tls::Starttls), ca_file()), "support@desk.test", password),
        with_login(with_ca(account(host.port("SMTPS_PORT"), Tls::Implicit), ca_file()), "support@desk.test", password),
    ]
    .into_iter()
    .enumerate()
    {
        let mut carrier = Carrier::Smtp(Connection::new(Arc::new(account)));
        assert_taken(&carrier.deliver(&parcel("roads@ext.test", letter(&format!("road{n}"), "你好，世界。\r\n"))).await);
        carrier.close().await;
    }
    for mail in mails("roads@ext.test", 4) {
        assert_eq!(body(&mail), "你好，世界。\n");
        assert!(mail.starts_with(b"Return-Path: <support@desk.test>\n"));
    }
}

#[tokio::test]
async fn the_bytes_arrive_as_they_are() {
    let long = "一二三四五六七八九十，打印机卡纸。\r\n".repeat(100_000);
    let cases = [
        ("dots", ".\r\n..\r\n.leading\r\n\r\n.\r\nlast.\r\n.\r\n"),
        ("chinese", "您好：\r\n  打印机又坏了……\r\n\r\n谢谢\r\n"),
        ("blank", "ends in blank lines\r\n\r\n\r\n"),
        ("none", "no line end at the end"),
        ("large", long.as_str()),
    ];
    let mut connection = plain();
    for (name, text) in cases {
        let to = format!("bytes-{name}@ext.test");
        assert_taken(&connection.send(&parcel(&to, letter(name, text))).await);
    }
    connection.close().await;
    for (name, text) in cases {
        let mail = &mails(&format!("bytes-{name}@ext.test"), 1)[0];
        let expected = format!("{}\n", text.replace("\r\n", "\n").strip_suffix('\n').unwrap_or(text));
        assert!(body(mail) == expected, "{name}");
    }
}

#[tokio::test]
async fn refused_logins_pause_in_words() {
    let host = host();
    let wrong = with_login(with_ca(account(host.port("SMTPS_PORT"), Tls::Implicit), ca_file()), "support@desk.test", "wrong");
    let handover = Connection::new(Arc::new(wrong)).send(&parcel("a@ext.test", letter("login", "x\r\n"))).await;
    assert_later(&handover, true, &["refuses the login of support@desk.test", "535 5.7.8", "check user and password"]);

    let none = with_ca(account(host.port("SUBMISSION_PORT"), Tls::Starttls), ca_file());
    let handover = Connection::new(Arc::new(none)).send(&parcel("a@ext.test", letter("login", "x\r\n"))).await;
    assert_later(&handover, true, &["Client host rejected"]);
}

#[tokio::test]
async fn refused_for_now_then_taken() {
    let mut connection = plain();
    let letter = parcel("later@ext.test", letter("later", "x\r\n"));
    host().play(&["refuse", "later@ext.test", "450", "4.2.0 try later"]).await;
    assert_later(&connection.send(&letter).await, false, &["450 4.2.0", "try later"]);
    host().play(&["accept", "later@ext.test"]).await;
    assert_taken(&connection.send(&letter).await);
    mails("later@ext.test", 1);
}

#[tokio::test]
async fn one_refused_recipient_stops_no_other() {
    let mut connection = plain();
    host().play(&["refuse", "gone@ext.test", "550", "5.1.1 gone for good"]).await;
    for n in 0..3 {
        assert_refused(&connection.send(&parcel("gone@ext.test", letter("gone", "x\r\n"))).await, "550 5.1.1");
        assert_taken(&connection.send(&parcel("here@ext.test", letter(&format!("here{n}"), "x\r\n"))).await);
    }
    assert_refused(&connection.send(&parcel("somebody@elsewhere.test", letter("away", "x\r\n"))).await, "554 5.7.1");
    host().play(&["accept", "gone@ext.test"]).await;
    mails("here@ext.test", 3);
}

#[tokio::test]
async fn bounces_go_out_with_the_null_reverse_path() {
    let mut letter = parcel("null@ext.test", letter("null", "x\r\n"));
    letter.reverse_path = None;
    assert_taken(&plain().send(&letter).await);
    // Postfix's name for the null reverse-path towards a delivery agent.
    assert!(mails("null@ext.test", 1)[0].starts_with(b"Return-Path: <MAILER-DAEMON>\n"));
}

#[tokio::test]
async fn an_unknown_ca_names_the_remedy() {
    let host = host();
    for (port, tls) in [("SMTPS_PORT", Tls::Implicit), ("SUBMISSION_PORT", Tls::Starttls)] {
        let account = Arc::new(account(host.port(port), tls));
        let handover = Connection::new(account).send(&parcel("a@ext.test", "x\r\n")).await;
        assert_later(&handover, true, &["does not know", "ca_file"]);
    }
}

#[tokio::test]
async fn a_certificate_for_another_name() {
    let listener = TcpListener::bind("127.0.0.2:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    let proxy = tokio::spawn(async move {
        let (mut near, _) = listener.accept().await.unwrap();
        let mut far = TcpStream::connect(("127.0.0.1", host().port("SMTPS_PORT"))).await.unwrap();
        let _ = tokio::io::copy_bidirectional(&mut near, &mut far).await;
    });
    let mut account = with_ca(account(port, Tls::Implicit), ca_file());
    account.host = "127.0.0.2".to_owned();
    let steps = doctor(&Arc::new(account), &[]).await;
    let (ok, why) = steps.last().unwrap();
    assert!(!ok && why.contains("not for 127.0.0.2 but for localhost, mail.desk.test"), "{why}");
    proxy.await.unwrap();
}

#[tokio::test]
async fn tls_on_the_wrong_port() {
    let host = host();
    let implicit = with_ca(account(host.port("SMTP_PORT"), Tls::Implicit), ca_file());
    assert_later(&Connection::new(Arc::new(implicit)).send(&parcel("a@ext.test", "x\r\n")).await, true, &["tls = \"starttls\""]);
}

#[tokio::test]
async fn the_doctor_names_each_step() {
    let host = host();
    let account = |password: &str| {
        let base = with_ca(account(host.port("SUBMISSION_PORT"), Tls::Starttls), ca_file());
        Arc::new(with_login(base, "support@desk.test", password))
    };
    let steps = doctor(&account(host.get("PASSWORD")), &[]).await;
    assert!(steps.iter().all(|(ok, _)| *ok), "{steps:?}");
    let sentences: Vec<&str> = steps.iter().map(|(_, sentence)| sentence.as_str()).collect();
    for (sentence, start) in sentences.iter().zip([
        "localhost is ",
        "connected to 127.0.0.1:",
        "TLS with localhost, certificate verified",
        "EHLO desk.test: mail.desk.test offers 8BITMIME, SMTPUTF8, AUTH PLAIN LOGIN",
        "logged in as support@desk.test",
    ]) {
        assert!(sentence.starts_with(start), "{sentences:?}");
    }

    let steps = doctor(&account("wrong"), &[]).await;
    assert!(matches!(steps.last(), Some((false, why)) if why.contains("535")), "{steps:?}");
    assert_eq!(steps.iter().filter(|(ok, _)| !ok).count(), 1);
}

#[tokio::test]
async fn a_chinese_address_goes_out_as_smtputf8() {
    assert_taken(&plain().send(&parcel("张三@ext.test", letter("utf8", "您好\r\n"))).await);
}

#[tokio::test]
async fn many_small_mails_on_one_connection() {
    let host = host();
    let account =
        with_login(with_ca(account(host.port("SMTPS_PORT"), Tls::Implicit), ca_file()), "support@desk.test", host.get("PASSWORD"));
    let mut connection = Connection::new(Arc::new(account));
    let start = Instant::now();
    for n in 0..200 {
        let handover = connection.send(&parcel("many@ext.test", letter(&format!("many{n}"), "x\r\n"))).await;
        assert!(matches!(handover, Handover::Taken(_)), "{handover:?}");
    }
    println!("{:.0} mails a second", 200.0 / start.elapsed().as_secs_f64());
    connection.close().await;
    mails("many@ext.test", 200);
}
