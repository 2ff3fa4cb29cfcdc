//! The IMAP source against servers that behave like those of large providers.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use postdesk::source::SourceState;
use postdesk::source::imap::{self, Account, Mark, Password, Proof, Start, Tls};

use super::desk::{Desk, eventually, mail, read_once, soon, watch};
use super::provider::{Manners, PLAIN, Provider, Withholding};

/// An account there that takes up everything.
fn account(provider: &Provider) -> Account {
    Account {
        host: "localhost".to_owned(),
        port: provider.port,
        tls: Tls::None,
        ca_file: None,
        allow_plaintext: false,
        user: "support@desk.test".to_owned(),
        proof: Proof::Password,
        password: Arc::new(|| Ok("secret".to_owned())),
        folders: vec!["INBOX".to_owned()],
        poll: Duration::from_millis(50),
        idle: true,
        idle_renew: Duration::from_secs(28 * 60),
        mailbox: "support".to_owned(),
        mark: Mark::None,
        done_folder: None,
        sent_folder: None,
        start: Start::All,
        message_size: 25_000_000,
    }
}

const GOOGLE: Manners = Manners {
    before: "IMAP4rev1 SASL-IR AUTH=PLAIN AUTH=XOAUTH2",
    after: "IMAP4rev1 IDLE MOVE UIDPLUS ID",
    token: Some("ya29.good"),
    refuses: &["IDLE"],
    ..PLAIN
};

#[tokio::test]
async fn a_token_logs_in_with_the_command_or_when_it_is_asked_for() {
    let later = Manners { before: "IMAP4rev1 AUTH=XOAUTH2", ..GOOGLE };
    for (manners, command) in [(GOOGLE, "AUTHENTICATE XOAUTH2 dXNlcj1"), (later, "AUTHENTICATE XOAUTH2")] {
        let provider = Provider::start(manners).await;
        provider.deliver(mail("hello", 100));
        let account = Account { proof: Proof::Token, password: Arc::new(|| Ok("ya29.good".to_owned())), ..account(&provider) };
        let desk = Desk::new();
        read_once(&account, "INBOX", &desk).await.unwrap();
        assert_eq!(desk.subjects(), ["hello"]);
        assert!(provider.heard().iter().any(|said| said.starts_with(command)), "{:?}", provider.heard());
    }
}

#[tokio::test]
async fn each_login_takes_a_new_token_and_a_dead_one_is_named() {
    let provider = Provider::start(GOOGLE).await;
    let asked = Arc::new(AtomicUsize::new(0));
    let count = asked.clone();
    let renewed: Password = Arc::new(move || {
        let tokens = ["ya29.dead", "ya29.good", "ya29.good"];
        Ok(tokens[count.fetch_add(1, Ordering::SeqCst)].to_owned())
    });
    let account = Account { proof: Proof::Token, password: renewed, ..account(&provider) };
    let error = format!("{:#}", read_once(&account, "INBOX", &Desk::new()).await.unwrap_err());
    assert!(error.contains("login of support@desk.test refused by localhost: [AUTHENTICATIONFAILED] Invalid credentials"), "{error}");
    assert!(error.contains("(status 401, scope https://mail.test/)") && !error.contains("ya29"), "{error}");
    read_once(&account, "INBOX", &Desk::new()).await.unwrap();
    read_once(&account, "INBOX", &Desk::new()).await.unwrap();
    assert_eq!(asked.load(Ordering::SeqCst), 3);
    let none = Account { password: Arc::new(|| anyhow::bail!("the command failed")), ..account.clone() };
    let error = format!("{:#}", read_once(&none, "INBOX", &Desk::new()).await.unwrap_err());
    assert!(error.contains("the access token cannot be had: the command failed"), "{error}");
    let passwords_only = Provider::start(PLAIN).await;
    let elsewhere = Account { port: passwords_only.port, ..none };
    let elsewhere = Account { password: Arc::new(|| Ok("ya29.good".to_owned())), ..elsewhere };
    let error = format!("{:#}", read_once(&elsewhere, "INBOX", &Desk::new()).await.unwrap_err());
    assert!(error.contains("localhost does not offer XOAUTH2") && error.contains("password_command"), "{error}");
    let asked_first = passwords_only.heard();
    assert_eq!(asked_first, ["CAPABILITY"], "a token goes to no server that does not want one");
}

#[tokio::test]
async fn netease_wants_id_after_the_login_and_knows_no_idle() {
    let netease = Manners { before: "IMAP4rev1 ID", after: "IMAP4rev1 ID UIDPLUS", id_demanded: true, ..PLAIN };
    let provider = Provider::start(netease).await;
    let watched = watch(account(&provider), "INBOX", Desk::new());
    watched.up().await;
    for number in 1..=3 {
        provider.deliver(mail(&format!("第{number}封"), 100));
        eventually("the mail comes by polling", || watched.desk.subjects().len() == number).await;
    }
    let heard = provider.heard();
    let at = |verb: &str| heard.iter().position(|said| said.starts_with(verb)).unwrap();
    assert!(at("LOGIN") < at("ID (") && at("ID (") < at("EXAMINE"), "{heard:?}");
    assert!(!provider.has_heard("IDLE") && provider.has_heard("NOOP"), "{heard:?}");
    watched.stop().await;
    // The same where ID is demanded and not offered.
    let silent = Provider::start(Manners { after: "IMAP4rev1 UIDPLUS", ..netease }).await;
    silent.deliver(mail("无声", 100));
    let desk = Desk::new();
    read_once(&account(&silent), "INBOX", &desk).await.unwrap();
    assert!(silent.has_heard("ID ("), "{:?}", silent.heard());
    // A server that trusts nobody says so in words that lead nowhere: the remedy is added.
    let deaf = Provider::start(Manners { trusts_nobody: true, ..netease }).await;
    let error = format!("{:#}", read_once(&account(&deaf), "INBOX", &Desk::new()).await.unwrap_err());
    assert!(error.contains("Unsafe Login") && error.contains("authorization code"), "{error}");
}

#[tokio::test]
async fn what_search_says_is_never_asked() {
    let provider = Provider::start(PLAIN).await;
    for number in 1..=60 {
        provider.deliver(mail(&number.to_string(), 100));
    }
    let desk = Desk::new();
    read_once(&account(&provider), "INBOX", &desk).await.unwrap();
    assert_eq!(desk.subjects().len(), 60);
    let examined = imap::doctor(&account(&provider)).await;
    assert!(examined.steps.iter().all(|(good, _)| *good), "{:?}", examined.steps);
    assert_eq!(examined.newest.len(), 50, "the newest of 60");
    assert!(String::from_utf8_lossy(&examined.newest[49].raw).contains("Subject: 60"));
    assert!(!provider.has_heard("SEARCH"));
}

#[tokio::test]
async fn forms_of_fetch_that_are_refused_have_another() {
    let large = 1024 * 1024 + 10;
    for refuses in [&["<0."][..], &[":* "], &["(UID BODY.PEEK[])"], &["1:3 (UID BODY", "1:3 BODY"], &[":* ", "<0.", "(UID BODY.PEEK[])"]] {
        let provider = Provider::start(Manners { refuses, ..PLAIN }).await;
        for (subject, size) in [("one", 100), ("two", 100), ("three", 100), ("large", large)] {
            provider.deliver(mail(subject, size));
        }
        let (desk, account) = (Desk::new(), Account { message_size: 2_000_000, ..account(&provider) });
        read_once(&account, "INBOX", &desk).await.unwrap();
        assert_eq!(desk.subjects(), ["one", "two", "three", "large"], "{refuses:?}");
        assert!(desk.mails().iter().all(|mail| mail.whole_size.is_none()), "{refuses:?}");
        assert!(desk.mails()[3].raw.len() > large, "{refuses:?}");
        let small = Account { message_size: 1000, ..account };
        let desk = Desk::new();
        read_once(&small, "INBOX", &desk).await.unwrap();
        assert_eq!(desk.subjects().last().map(String::as_str), Some("large"), "its header comes: {refuses:?}");
        let examined = imap::doctor(&small).await;
        assert!(examined.newest.len() == 4 && examined.steps.iter().all(|(good, _)| *good), "{refuses:?}: {:?}", examined.steps);
    }
    // Where none is left, the doctor says so before the desk is started.
    let provider = Provider::start(Manners { refuses: &["UID FETCH"], ..PLAIN }).await;
    provider.deliver(mail("one", 100));
    let examined = imap::doctor(&account(&provider)).await;
    assert!(examined.steps.iter().any(|(good, said)| !good && said.contains("new mails cannot be found")), "{:?}", examined.steps);
}

#[tokio::test]
async fn what_counts_is_what_is_offered_after_the_login() {
    let shy = Manners { before: "IMAP4rev1 IDLE MOVE", after: "IMAP4rev1", ..PLAIN };
    let eager = Manners { before: "IMAP4rev1", after: "IMAP4rev1 MOVE UIDPLUS", ..PLAIN };
    for (manners, moves) in [(shy, false), (eager, true)] {
        let provider = Provider::start(manners).await;
        provider.deliver(mail("done", 100));
        let account = Account { done_folder: Some("工单".to_owned()), ..account(&provider) };
        let desk = Desk::new();
        read_once(&account, "INBOX", &desk).await.unwrap();
        assert_eq!(desk.subjects(), ["done"]);
        assert_eq!(provider.has_heard("UID MOVE"), moves, "{:?}", provider.heard());
        assert!(provider.has_heard("\"&XEVTVQ-\""), "{:?}", provider.heard());
        // Neither MOVE nor UIDPLUS: copied and flagged, but nothing is expunged, for EXPUNGE takes what others have flagged, too.
        assert_eq!(provider.has_heard("UID COPY"), !moves);
        assert!(!provider.has_heard("EXPUNGE"), "{:?}", provider.heard());
    }
}

#[tokio::test]
async fn folder_names_go_out_in_modified_utf7() {
    let provider = Provider::start(Manners { folder: "&XeVTVQ-/R&-D", ..PLAIN }).await;
    provider.deliver(mail("hello", 100));
    for folder in ["工单/R&D", "&XeVTVQ-/R&-D"] {
        let desk = Desk::new();
        read_once(&account(&provider), folder, &desk).await.unwrap();
        assert_eq!(desk.subjects(), ["hello"], "{folder}");
    }
}

#[tokio::test]
async fn mail_that_leaves_the_view_is_neither_missed_nor_read_again() {
    let provider = Provider::start(PLAIN).await;
    for number in 1..=5 {
        provider.deliver(mail(&number.to_string(), 100));
    }
    let watched = watch(account(&provider), "INBOX", Desk::new());
    watched.up().await;
    eventually("five mails", || watched.desk.subjects().len() == 5).await;
    provider.hide_oldest(4);
    provider.deliver(mail("6", 100));
    eventually("the sixth", || watched.desk.subjects().len() == 6).await;
    provider.hide_oldest(2);
    soon().await;
    provider.deliver(mail("7", 100));
    eventually("the seventh, into an empty view", || watched.desk.subjects().len() == 7).await;
    assert_eq!(watched.desk.subjects(), ["1", "2", "3", "4", "5", "6", "7"]);
    assert!(!watched.states().iter().any(|state| matches!(state, SourceState::Waiting { .. })), "{:?}", watched.states());
    let desk = watched.desk.clone();
    watched.stop().await;
    read_once(&account(&provider), "INBOX", &desk).await.unwrap();
    assert_eq!(desk.subjects().len(), 7, "after a restart, too");
}

/// The binary, from the config's `token_command` to the alarm when it stops working.
#[tokio::test]
async fn the_desk_reads_by_token_command_and_tells_when_it_fails() {
    let provider = Provider::start(GOOGLE).await;
    let directory = std::env::temp_dir().join(format!("postdesk-token-{}", std::process::id()));
    std::fs::create_dir_all(directory.join("sent")).unwrap();
    let token = directory.join("token");
    std::fs::write(&token, "{\"access_token\": \"ya29.good\", \"expires_in\": 3599}\n").unwrap();
    let config = format!(
        "[operator]\nalert_command = 'cat >> {alerts}'\n[delivery]\nkind = \"maildir\"\npath = \"sent\"\n[[mailbox]]\nname = \"support\"\n\
         address = \"support@desk.test\"\nsource = {{ kind = \"imap\", host = \"localhost\", port = {port}, tls = \"none\", poll = \"1s\", \
         user = \"support@desk.test\", token_command = \"cat {token}\" }}\n[[team]]\nname = \"it\"\ndefault = true\n\
         [[agent]]\nhandle = \"li\"\nname = \"Li Wei\"\naddress = \"li@desk.test\"\nteam = \"it\"\n",
        alerts = directory.join("alerts").display(),
        port = provider.port,
        token = token.display(),
    );
    std::fs::write(directory.join("config.toml"), config).unwrap();
    let run = || {
        let mut command = tokio::process::Command::new(env!("CARGO_BIN_EXE_postdesk"));
        command.current_dir(&directory).args(["run"]).kill_on_drop(true).stderr(std::process::Stdio::null());
        command.spawn().unwrap()
    };
    let mut desk = run();
    eventually("the folder is taken up", || provider.has_heard("NOOP")).await;
    provider.deliver(mail("VPN down", 100));
    let letters = || std::fs::read_dir(directory.join("sent/a@ext.test/new")).map_or(0, Iterator::count);
    eventually("an acknowledgment", || letters() == 1).await;
    assert!(!directory.join("alerts").exists());
    desk.kill().await.unwrap();
    std::fs::remove_file(&token).unwrap();
    let mut desk = run();
    let told = || std::fs::read_to_string(directory.join("alerts")).unwrap_or_default();
    eventually("the operator is told", || told().contains("no new access token for support@desk.test at localhost")).await;
    assert!(told().contains("mail stops when the last one dies") && told().contains("No such file"), "{}", told());
    desk.kill().await.unwrap();
    std::fs::remove_dir_all(&directory).unwrap();
}

#[tokio::test]
async fn a_mail_that_is_given_out_in_no_form_is_passed_over_and_asked_for_again() {
    use Withholding::{Bye, Empty, Nil, No, NoBody, Silence};
    for (how, why) in [
        (No, "the server answered UID FETCH with NO: [SERVERBUG] Internal error occurred"),
        (NoBody, "the server answered UID FETCH with NO: cannot parse the message"),
        (Empty, "the server answered UID FETCH with OK, but without the mail"),
        (Nil, "the server answered UID FETCH with OK, but without the mail"),
        (Silence, "the server answered UID FETCH with OK, but without the mail"),
        (Bye, "the server closed the connection"),
    ] {
        let provider = Provider::start(Manners { withholds: Some((2, how)), ..PLAIN }).await;
        for subject in ["one", "poison", "three"] {
            provider.deliver(mail(subject, 100));
        }
        let account = account(&provider);
        let watched = watch(account.clone(), "INBOX", Desk::new());
        eventually("the mails beside it", || watched.desk.subjects() == ["one", "three"]).await;
        watched.up().await;
        provider.deliver(mail("four", 100));
        eventually("what comes later", || watched.desk.subjects() == ["one", "three", "four"]).await;
        let [withheld] = watched.desk.withheld().try_into().unwrap();
        assert_eq!((withheld.place.uid, withheld.size), (2, mail("poison", 100).len() as u64), "{how:?}");
        assert!(withheld.why.contains(why), "{how:?}: {}", withheld.why);
        assert_eq!(withheld.header.contains("Subject: poison"), matches!(how, NoBody), "{how:?}: {}", withheld.header);
        let logins = provider.heard().iter().filter(|said| said.starts_with("LOGIN")).count();
        assert!(logins >= 3, "{how:?}: a passing trouble is no reason: {logins}");
        let desk = watched.desk.clone();
        watched.stop().await;
        // The next process asks again: in vain, then with success, without losing its place.
        read_once(&account, "INBOX", &desk).await.unwrap();
        assert_eq!((desk.withheld().len(), desk.subjects().len()), (1, 3), "{how:?}");
        provider.mend();
        provider.deliver(mail("five", 100));
        read_once(&account, "INBOX", &desk).await.unwrap();
        assert_eq!(desk.subjects(), ["one", "three", "four", "poison", "five"], "{how:?}");
        assert!(desk.withheld().is_empty(), "{how:?}");
        read_once(&account, "INBOX", &desk).await.unwrap();
        assert_eq!(desk.subjects().len(), 5, "{how:?}");
    }
}

/// The library that parses answers panics at this one.
#[tokio::test]
async fn an_answer_that_nobody_can_read_is_named_and_waited_out() {
    let provider = Provider::start(Manners { undated: true, ..PLAIN }).await;
    provider.deliver(mail("one", 100));
    let account = account(&provider);
    let error = format!("{:#}", read_once(&account, "INBOX", &Desk::new()).await.unwrap_err());
    assert!(error.contains("the server's answer cannot be read"), "{error}");
    let watched = watch(account, "INBOX", Desk::new());
    let waits =
        |state: &SourceState| matches!(state, SourceState::Waiting { why, .. } if why.contains("the server's answer cannot be read"));
    eventually("that it is told", || watched.states().iter().any(waits)).await;
    watched.stop().await;
}

#[tokio::test]
async fn a_mail_that_ends_each_connection_stops_no_single_run() {
    let provider = Provider::start(Manners { withholds: Some((2, Withholding::Bye)), ..PLAIN }).await;
    for subject in ["one", "poison", "three"] {
        provider.deliver(mail(subject, 100));
    }
    let (desk, account) = (Desk::new(), account(&provider));
    read_once(&account, "INBOX", &desk).await.unwrap();
    assert_eq!((desk.withheld().len(), desk.subjects()), (1, vec!["one".to_owned(), "three".to_owned()]));
    provider.deliver(mail("four", 100));
    read_once(&account, "INBOX", &desk).await.unwrap();
    assert_eq!((desk.withheld().len(), desk.subjects().len()), (1, 3));
}

#[tokio::test]
async fn a_mail_that_was_passed_over_and_then_removed_is_asked_for_no_more() {
    let provider = Provider::start(Manners { withholds: Some((1, Withholding::No)), ..PLAIN }).await;
    provider.deliver(mail("poison", 100));
    let (desk, account) = (Desk::new(), account(&provider));
    read_once(&account, "INBOX", &desk).await.unwrap();
    assert_eq!((desk.withheld().len(), desk.subjects().len()), (1, 0));
    provider.hide_oldest(1);
    provider.deliver(mail("two", 100));
    read_once(&account, "INBOX", &desk).await.unwrap();
    assert_eq!((desk.withheld().len(), desk.subjects()), (0, vec!["two".to_owned()]));
}
