//! Servers that behave like those of large providers: tokens, senders that must be the login, limits on sending.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use postdesk::delivery::smtp::{Account, Connection, Proof, Tls, doctor};
use postdesk::domain::message::Address;

use super::script::Step::{self, Hear, HearMessage, Say};
use super::script::{ENVELOPE, MESSAGE, serve};
use super::{account, assert_later, assert_taken, letter, parcel, with_login};

const OFFER: [Step; 3] = [Say(b"220 script\r\n"), Hear("EHLO"), Say(b"250-script\r\n250 AUTH LOGIN XOAUTH2\r\n")];
const QUIT: [Step; 2] = [Hear("QUIT"), Say(b"221 Bye\r\n")];

fn script<const N: usize>(parts: [Vec<Step>; N]) -> Vec<Step> {
    parts.into_iter().flatten().collect()
}

fn with_token(port: u16, token: &'static str) -> Account {
    Account { proof: Proof::Token, ..with_login(account(port, Tls::None), "support@desk.test", token) }
}

#[tokio::test]
async fn a_token_logs_in_on_one_line_or_two() {
    let long: &'static str = Box::leak("x".repeat(2000).into_boxed_str());
    let one_line = vec![Hear("AUTH XOAUTH2 dXNlcj1zdXBwb3J0QGRlc2sudGVzdAFhdXRoPUJlYXJlciBzaG9ydAEB\r\n"), Say(b"235 2.7.0 Accepted\r\n")];
    let two_lines = vec![Hear("AUTH XOAUTH2\r\n"), Say(b"334 \r\n"), Hear("dXNlcj1zdXBwb3J0QGRl"), Say(b"235 2.7.0 Accepted\r\n")];
    for (token, login) in [("short", one_line), (long, two_lines)] {
        let (port, server) = serve(vec![script([OFFER.into(), login, ENVELOPE.into(), MESSAGE.into(), QUIT.into()])]).await;
        let mut connection = Connection::new(Arc::new(with_token(port, token)));
        assert_taken(&connection.send(&parcel("a@ext.test", letter("token", "x\r\n"))).await);
        assert!(!connection.needs_a_person());
        connection.close().await;
        assert_eq!(server.await.unwrap().len(), 1);
    }
}

#[tokio::test]
async fn a_dead_token_is_named_and_the_next_login_brings_another() {
    // {"status":"401","scope":"https://mail.test/"}
    let challenge = Say(b"334 eyJzdGF0dXMiOiI0MDEiLCJzY29wZSI6Imh0dHBzOi8vbWFpbC50ZXN0LyJ9\r\n");
    let refused = vec![Hear("AUTH XOAUTH2 "), challenge, Hear("\r\n"), Say(b"535 5.7.8 Username and Password not accepted\r\n")];
    let taken = vec![Hear("AUTH XOAUTH2 "), Say(b"235 2.7.0 Accepted\r\n")];
    let scripts = vec![
        script([OFFER.into(), refused]),
        script([OFFER.into(), taken, ENVELOPE.into(), MESSAGE.into()]),
        vec![Say(b"220 script\r\n"), Hear("EHLO"), Say(b"250-script\r\n250 AUTH PLAIN LOGIN\r\n")],
    ];
    let (port, server) = serve(scripts).await;
    let asked = Arc::new(AtomicUsize::new(0));
    let count = asked.clone();
    let renewed: postdesk::delivery::smtp::Password =
        Box::new(move || Ok(["dead-token", "good-token", "good-token"][count.fetch_add(1, Ordering::SeqCst)].to_owned()));
    let account = Arc::new(Account { password: Some(renewed), ..with_token(port, "") });
    let mut connection = Connection::new(Arc::clone(&account));
    let letter = parcel("a@ext.test", letter("token", "x\r\n"));
    let handover = connection.send(&letter).await;
    assert_later(
        &handover,
        true,
        &["refuses the login of support@desk.test: 535 5.7.8", "(status 401, scope https://mail.test/)", "token_command"],
    );
    assert!(connection.needs_a_person() && !format!("{handover:?}").contains("dead-token"));
    assert_taken(&connection.send(&letter).await);
    assert_later(&Connection::new(account).send(&letter).await, true, &["offers no login by XOAUTH2"]);
    server.await.unwrap();
}

#[tokio::test]
async fn a_sender_that_is_not_the_login_pauses_the_account_and_says_what_to_do() {
    for (mail, rcpt, end) in [
        // QQ and Exmail, at MAIL.
        (Some(&b"501 Mail from address must be same as authorization user.\r\n"[..]), None, None),
        // Postfix, at RCPT.
        (None, Some(&b"553 5.7.1 <support@desk.test>: Sender address rejected: not owned by user it@desk.test\r\n"[..]), None),
        // Exchange, after the message.
        (None, None, Some(&b"554 5.2.252 SendAsDenied; it@desk.test not allowed to send as support@desk.test\r\n"[..])),
    ] {
        let ok: &[u8] = b"250 Ok\r\n";
        let mut steps = vec![Say(b"220 script\r\n"), Hear("EHLO"), Say(b"250 script\r\n"), Hear("MAIL"), Say(mail.unwrap_or(ok))];
        if mail.is_none() {
            steps.extend([Hear("RCPT"), Say(rcpt.unwrap_or(ok))]);
        }
        if let Some(end) = end {
            steps.extend([Hear("DATA"), Say(b"354 go on\r\n"), HearMessage, Say(end)]);
        }
        let (port, server) = serve(vec![steps]).await;
        let mut connection = Connection::new(Arc::new(account(port, Tls::None)));
        let handover = connection.send(&parcel("a@ext.test", letter("sender", "x\r\n"))).await;
        assert_later(&handover, true, &["make `user` and the mailbox's `address` the same"]);
        assert!(connection.needs_a_person());
        server.await.unwrap();
    }
}

#[tokio::test]
async fn doctor_names_a_sender_that_is_not_the_login() {
    let login = [Hear("AUTH LOGIN"), Say(b"334 VXNlcm5hbWU6\r\n"), Hear(""), Say(b"334 UGFzc3dvcmQ6\r\n"), Hear(""), Say(b"235 Ok\r\n")];
    let refused = [Hear("MAIL FROM:<it@desk.test>"), Say(b"501 Mail from address must be same as authorization user.\r\n")];
    let (port, server) = serve(vec![script([OFFER.into(), login.into(), refused.into()])]).await;
    let account = Arc::new(with_login(account(port, Tls::None), "support@desk.test", "code"));
    let steps = doctor(&account, &[Address::parse("it@desk.test").unwrap()]).await;
    let (good, words) = steps.last().unwrap();
    assert!(!good && words.contains("it@desk.test is not taken with this login (support@desk.test)"), "{words}");
    server.await.unwrap();
}

#[tokio::test]
async fn limits_pause_the_account_and_lose_nothing() {
    for (phase, words) in [
        ("MAIL", &b"421 HL:ICC 163 smtp8, too many connections\r\n"[..]),
        ("MAIL", b"451 MI:SFQ 163 smtp4\r\n"),
        ("RCPT", b"550 Mail frequency limited. http://service.mail.qq.com\r\n"),
        ("RCPT", "554 发件人当天内累计邮件数量超过限制\r\n".as_bytes()),
        ("END", b"554 5.2.0 STOREDRV.Submission.Exception:SubmissionQuotaExceededException\r\n"),
        ("END", b"550 5.2.2 Submission quota exceeded\r\n"),
        ("END", b"550 5.4.5 Daily user sending limit exceeded\r\n"),
    ] {
        let ok: &[u8] = b"250 Ok\r\n";
        let said = |at: &str| if at == phase { Say(words) } else { Say(ok) };
        let mut steps = vec![Say(b"220 script\r\n"), Hear("EHLO"), Say(b"250 script\r\n"), Hear("MAIL"), said("MAIL")];
        if phase != "MAIL" {
            steps.extend([Hear("RCPT"), said("RCPT")]);
        }
        if phase == "END" {
            steps.extend([Hear("DATA"), Say(b"354 go on\r\n"), HearMessage, said("END")]);
        }
        // A fresh link that is closed at MAIL is not tried a third time.
        let again = script([vec![Say(b"220 script\r\n"), Hear("EHLO"), Say(b"250 script\r\n")], ENVELOPE.into(), MESSAGE.into()]);
        let (port, server) = serve(vec![steps, again]).await;
        let account = Arc::new(account(port, Tls::None));
        let letter = parcel("a@ext.test", letter("limit", "x\r\n"));
        let mut limited = Connection::new(Arc::clone(&account));
        assert_later(&limited.send(&letter).await, true, &[]);
        assert!(!limited.needs_a_person(), "it passes by itself");
        drop(limited);
        assert_taken(&Connection::new(account).send(&letter).await);
        assert_eq!(server.await.unwrap().len(), if phase == "END" { 2 } else { 1 });
    }
}
