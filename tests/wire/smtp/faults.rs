//! What a server can do wrong, and what becomes of the parcel.

use std::sync::Arc;
use std::time::{Duration, Instant};

use postdesk::delivery::Handover;
use postdesk::delivery::smtp::{Account, Connection, Timeouts, Tls};

use super::script::Step::{Hear, HearBytes, HearMessage, Say, Serve, Wait};
use super::script::{ENVELOPE, HELLO, MESSAGE, Step, serve};
use super::{QUICK, account, assert_later, assert_refused, assert_taken, letter, parcel, with_login};

fn to(port: u16) -> Connection {
    Connection::new(Arc::new(account(port, Tls::None)))
}

fn impatient(port: u16, change: impl Fn(&mut Timeouts)) -> Connection {
    let mut timeouts = QUICK;
    change(&mut timeouts);
    Connection::new(Arc::new(Account { timeouts, ..account(port, Tls::None) }))
}

/// Joins steps and arrays of steps.
macro_rules! script {
    ($($part:expr),* $(,)?) => { vec![$(Vec::from($part)),*].into_iter().flatten().collect::<Vec<Step>>() };
}

#[tokio::test]
async fn cut_in_the_message_is_later() {
    // Ten megabytes do not fit into the sockets' buffers: the client is still writing when the server goes.
    let (port, server) = serve(vec![script![HELLO, ENVELOPE, [HearBytes(100_000)]]]).await;
    let handover = to(port).send(&parcel("a@ext.test", letter("cut", &"0123456789abcdef\r\n".repeat(600_000)))).await;
    assert_later(&handover, false, &["before its end"]);
    server.await.unwrap();
}

#[tokio::test]
async fn cut_after_354_is_never_final() {
    // A small message is in the network before the client can know: only the server knows whether the dot arrived.
    let (port, server) = serve(vec![script![HELLO, ENVELOPE]]).await;
    let handover = to(port).send(&parcel("a@ext.test", letter("cut", "x\r\n"))).await;
    assert!(matches!(handover, Handover::Later { pause: false, .. } | Handover::Uncertain(_)), "{handover:?}");
    server.await.unwrap();
}

#[tokio::test]
async fn cut_after_the_dot_is_uncertain() {
    let (port, server) = serve(vec![script![HELLO, ENVELOPE, [HearMessage]]]).await;
    let handover = to(port).send(&parcel("a@ext.test", letter("cut", "x\r\n"))).await;
    assert!(matches!(&handover, Handover::Uncertain(why) if why.contains("went out whole")), "{handover:?}");
    assert_eq!(server.await.unwrap(), [letter("cut", "x\r\n")]);
}

#[tokio::test]
async fn silence_after_the_dot_is_uncertain() {
    let (port, server) = serve(vec![script![HELLO, ENVELOPE, [HearMessage, Wait(Duration::from_millis(500))]]]).await;
    let mut connection = impatient(port, |t| (t.block, t.end) = (Duration::from_millis(100), Duration::from_millis(150)));
    let handover = connection.send(&parcel("a@ext.test", letter("silence", "x\r\n"))).await;
    assert!(matches!(&handover, Handover::Uncertain(why) if why.contains("150ms")), "{handover:?}");
    server.await.unwrap();
}

#[tokio::test]
async fn silence_in_the_message_is_later() {
    let (port, server) = serve(vec![script![HELLO, ENVELOPE, [Wait(Duration::from_millis(700))]]]).await;
    let mut connection = impatient(port, |t| t.block = Duration::from_millis(100));
    let handover = connection.send(&parcel("a@ext.test", vec![b'x'; 20_000_000])).await;
    assert_later(&handover, false, &["before its end", "100ms"]);
    server.await.unwrap();
}

#[tokio::test]
async fn a_slow_reader_is_waited_for_while_it_reads() {
    let reading = (0..40).flat_map(|_| [HearBytes(250_000), Wait(Duration::from_millis(20))]);
    let steps = script![HELLO, ENVELOPE, reading.collect::<Vec<_>>(), MESSAGE];
    let (port, server) = serve(vec![steps]).await;
    let mut connection = impatient(port, |t| t.block = Duration::from_millis(250));
    let bytes = "0123456789abcdef\r\n".repeat(700_000).into_bytes();
    assert_taken(&connection.send(&parcel("a@ext.test", bytes)).await);
    drop(connection);
    server.await.unwrap();
}

#[tokio::test]
async fn garbage_after_the_dot_is_uncertain() {
    let (port, server) = serve(vec![script![HELLO, ENVELOPE, [HearMessage, Say(b"panic: out of memory\r\n")]]]).await;
    let handover = to(port).send(&parcel("a@ext.test", letter("garbage", "x\r\n"))).await;
    assert!(matches!(handover, Handover::Uncertain(_)), "{handover:?}");
    server.await.unwrap();
}

#[tokio::test]
async fn replies_to_the_dot_in_odd_dress_are_understood() {
    for (reply, taken) in [
        (&b"250\r\n"[..], true),
        (b"250 Ok\n", true),
        (b"250-two\r\n250 lines\r\n", true),
        // "rejected" in GBK.
        (b"554 \xbe\xdc\xca\xd5\r\n", false),
    ] {
        let (port, server) = serve(vec![script![HELLO, ENVELOPE, [HearMessage, Say(reply)]]]).await;
        let handover = to(port).send(&parcel("a@ext.test", letter("odd", "x\r\n"))).await;
        if taken {
            assert!(matches!(handover, Handover::Taken(_)), "{reply:?}: {handover:?}");
        } else {
            assert_eq!(handover, Handover::Refused("554 拒收".to_owned()));
        }
        server.await.unwrap();
    }
}

#[tokio::test]
async fn link_broken_before_data_is_later() {
    for heard in [1, 3, 4, 5] {
        let steps: Vec<Step> = HELLO.into_iter().chain(ENVELOPE.into_iter().take(heard)).collect();
        let (port, server) = serve(vec![steps]).await;
        let handover = to(port).send(&parcel("a@ext.test", letter("early", "x\r\n"))).await;
        // Before MAIL is answered it is not about this parcel.
        assert_later(&handover, heard < 2, &["closed the connection"]);
        server.await.unwrap();
    }
}

#[tokio::test]
async fn shutting_down_in_mid_dialogue_pauses() {
    let farewell = [Hear("MAIL"), Say(b"250 Ok\r\n"), Hear("RCPT"), Say(b"421 4.3.2 going down\r\n")];
    let (port, server) = serve(vec![script![HELLO, farewell], script![HELLO, [Serve]]]).await;
    let mut connection = to(port);
    let letter = parcel("a@ext.test", letter("421", "x\r\n"));
    assert_later(&connection.send(&letter).await, true, &["421 4.3.2 going down"]);
    // The next try opens a connection of its own.
    assert_taken(&connection.send(&letter).await);
    connection.close().await;
    assert_eq!(server.await.unwrap().len(), 1);
}

#[tokio::test]
async fn a_connection_that_the_server_closed_is_opened_again_silently() {
    let full: [Step; 2] = [Hear("MAIL"), Say(b"421 4.7.0 enough on this connection\r\n")];
    let (port, server) = serve(vec![
        // Closed without a word; closed with one; the third serves.
        script![HELLO, ENVELOPE, MESSAGE],
        script![HELLO, ENVELOPE, MESSAGE, full],
        script![HELLO, [Serve]],
    ])
    .await;
    let mut connection = to(port);
    for n in 0..4 {
        assert_taken(&connection.send(&parcel("a@ext.test", letter(&format!("again{n}"), "x\r\n"))).await);
    }
    connection.close().await;
    assert_eq!(server.await.unwrap().len(), 4, "each came once");
}

#[tokio::test]
async fn a_connection_that_fell_asleep_is_probed() {
    let (port, server) = serve(vec![script![HELLO, ENVELOPE, MESSAGE, [Hear("NOOP")]], script![HELLO, [Serve]]]).await;
    let mut connection = impatient(port, |t| t.idle = Duration::from_millis(1));
    let letter = parcel("a@ext.test", letter("asleep", "x\r\n"));
    assert_taken(&connection.send(&letter).await);
    tokio::time::sleep(Duration::from_millis(10)).await;
    assert_taken(&connection.send(&letter).await);
    connection.close().await;
    server.await.unwrap();
}

#[tokio::test]
async fn a_server_that_takes_no_mail_at_all_is_not_asked_for_ever() {
    let busy = [Hear("MAIL"), Say(b"421 4.7.0 too busy\r\n")];
    let (port, server) = serve(vec![script![HELLO, busy]]).await;
    assert_later(&to(port).send(&parcel("a@ext.test", letter("busy", "x\r\n"))).await, true, &["421 4.7.0 too busy"]);
    server.await.unwrap();
}

#[tokio::test]
async fn refused_at_each_step_and_the_next_passes_on_the_same_connection() {
    let (port, server) = serve(vec![script![
        HELLO,
        [Hear("MAIL"), Say(b"552 5.3.4 too large\r\n")],
        [Hear("MAIL"), Say(b"250 Ok\r\n"), Hear("RCPT"), Say(b"550 5.1.1 unknown\r\n")],
        [Hear("RSET"), Say(b"250 Ok\r\n"), Hear("MAIL"), Say(b"250 Ok\r\n"), Hear("RCPT"), Say(b"250 Ok\r\n")],
        [Hear("DATA"), Say(b"554 5.5.1 not this\r\n"), Hear("RSET"), Say(b"250 Ok\r\n")],
        ENVELOPE,
        [HearMessage, Say(b"554 5.6.0 a virus\r\n")],
        [Hear("MAIL FROM:<>\r\n"), Say(b"250 Ok\r\n"), Hear("RCPT TO:<a@ext.test>\r\n"), Say(b"250 Ok\r\n")],
        [Hear("DATA\r\n"), Say(b"354 go on\r\n")],
        MESSAGE,
        [Hear("QUIT"), Say(b"221 Bye\r\n")],
    ]])
    .await;
    let mut connection = to(port);
    let mut letter = parcel("a@ext.test", letter("steps", "x\r\n"));
    for words in ["552 5.3.4 too large", "550 5.1.1 unknown", "554 5.5.1 not this", "554 5.6.0 a virus"] {
        assert_refused(&connection.send(&letter).await, words);
    }
    letter.reverse_path = None;
    assert_taken(&connection.send(&letter).await);
    connection.close().await;
    server.await.unwrap();
}

#[tokio::test]
async fn slow_and_strange_greetings() {
    for (steps, words) in [
        (vec![Wait(Duration::from_millis(400))], "did not come within 200ms"),
        (vec![Say(b"554 5.7.1 no mail from you\r\n")], "554 5.7.1 no mail from you"),
        (vec![Say(b"421 4.3.2 later\r\n")], "421 4.3.2 later"),
        (vec![Say(b"SSH-2.0-OpenSSH_9.7\r\n")], "is no SMTP server, for it says \"SSH-2.0-OpenSSH_9.7\""),
        (vec![], "closed the connection"),
    ] {
        let (port, server) = serve(vec![steps]).await;
        let mut connection = impatient(port, |t| t.greeting = Duration::from_millis(200));
        assert_later(&connection.send(&parcel("a@ext.test", letter("greeting", "x\r\n"))).await, true, &[words]);
        server.await.unwrap();
    }
}

#[tokio::test]
async fn nobody_listens() {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    drop(listener);
    assert_later(&to(port).send(&parcel("a@ext.test", "x\r\n")).await, true, &["cannot be reached", "check host, port"]);
}

#[tokio::test]
async fn starttls_that_is_not_offered_or_was_tampered_with() {
    let offers = || [Say(b"220 script\r\n"), Hear("EHLO"), Say(b"250-script\r\n250 STARTTLS\r\n"), Hear("STARTTLS")];
    for (steps, words) in [
        (script![HELLO], "does not offer STARTTLS"),
        (script![offers(), [Say(b"454 4.7.0 no certificate\r\n")]], "refuses STARTTLS: 454 4.7.0"),
        (script![offers(), [Say(b"220 go\r\n250-script\r\n250 AUTH PLAIN\r\n")]], "came unencrypted"),
    ] {
        let (port, server) = serve(vec![steps]).await;
        let account = with_login(account(port, Tls::Starttls), "desk", "secret");
        assert_later(&Connection::new(Arc::new(account)).send(&parcel("a@ext.test", "x\r\n")).await, true, &[words]);
        server.await.unwrap();
    }
}

#[tokio::test]
async fn no_login_offered_and_a_password_that_cannot_be_had() {
    let (port, server) = serve(vec![script![HELLO]]).await;
    let account_here = with_login(account(port, Tls::None), "desk", "secret");
    assert_later(&Connection::new(Arc::new(account_here)).send(&parcel("a@ext.test", "x\r\n")).await, true, &["offers no login"]);
    server.await.unwrap();

    let (port, server) = serve(vec![vec![Say(b"220 script\r\n"), Hear("EHLO"), Say(b"250-script\r\n250 AUTH PLAIN\r\n")]]).await;
    let broken =
        Account { user: Some("desk".to_owned()), password: Some(Box::new(|| anyhow::bail!("no such file"))), ..account(port, Tls::None) };
    assert_later(&Connection::new(Arc::new(broken)).send(&parcel("a@ext.test", "x\r\n")).await, true, &["no such file", "desk"]);
    server.await.unwrap();
}

#[tokio::test]
async fn smtputf8_is_asked_for_or_missed() {
    let (port, server) = serve(vec![script![HELLO, [Serve]]]).await;
    let mut connection = to(port);
    assert_refused(&connection.send(&parcel("张三@ext.test", "x\r\n")).await, "张三@ext.test is not an ASCII address");
    assert_taken(&connection.send(&parcel("a@ext.test", letter("ascii", "x\r\n"))).await);
    connection.close().await;
    server.await.unwrap();

    let hello = [Say(b"220 script\r\n"), Hear("EHLO"), Say(b"250-script\r\n250-8BITMIME\r\n250 SMTPUTF8\r\n")];
    let (port, server) = serve(vec![script![hello, [Hear("MAIL FROM:<support@desk.test> SMTPUTF8 BODY=8BITMIME\r\n")]]]).await;
    to(port).send(&parcel("张三@ext.test", "你好\r\n")).await;
    server.await.unwrap();
}

#[tokio::test]
async fn small_mails_do_not_wait_for_delayed_acknowledgments() {
    let (port, server) = serve(vec![script![HELLO, [Serve]]]).await;
    let mut connection = to(port);
    let letter = parcel("a@ext.test", letter("fast", "x\r\n"));
    let start = Instant::now();
    for _ in 0..100 {
        assert_taken(&connection.send(&letter).await);
    }
    // A delayed ACK is 40 ms: a hundred of them take four seconds.
    assert!(start.elapsed() < Duration::from_secs(2), "{:?} for 100", start.elapsed());
    connection.close().await;
    assert_eq!(server.await.unwrap().len(), 100);
}
