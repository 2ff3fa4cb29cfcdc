//! Kinds of mail with the evidence that decides.

use super::super::attachment::Attachment;
use super::super::message::{Address, MessageId, Person, RecipientReport, ReplyText, Report};
use super::super::policy::{Closing, Desk, Limits, Mailbox};
use super::super::rules::RuleSet;
use super::super::ticket::Matrix;
use super::super::trust::{Key, LetterName};
use super::*;
use OriginKind::{AutomaticReply, Bounce as B, Bulk, Generated, Own, Person as P};

fn policy() -> Policy {
    let address = Address::parse("it@desk.example").unwrap();
    let mailbox = Mailbox {
        name: "it".into(),
        address,
        aliases: vec![],
        via_lists: vec!["help.desk.example".into()],
        language: None,
        plus_addresses: false,
    };
    Policy {
        desk: Desk {
            name: "IT".into(),
            language: "en".into(),
            timezone: chrono_tz::UTC,
            ticket_prefix: "#".into(),
            operator: None,
            operator_language: None,
        },
        mailboxes: vec![mailbox],
        teams: vec![],
        agents: vec![],
        categories: vec![],
        matrix: Matrix::default(),
        rules: std::sync::Arc::new(RuleSet::default()),
        articles: std::sync::Arc::default(),
        search: std::sync::Arc::new(crate::domain::suggest::Nowhere),
        calendar: None,
        sla: std::collections::BTreeMap::default(),
        canned: std::sync::Arc::default(),
        closing: Closing { close: chrono::Duration::days(7), ..Closing::default() },
        limits: Limits { message_size: 0, per_address: vec![], per_ticket: vec![], attachments: 0 },
        approvers: Vec::new(),
        summaries: vec![],
        languages: vec!["en".into(), "zh".into()],
        authserv_ids: vec!["mx.desk.example".into()],
        internal: Vec::new(),
        key: Key::new([7; 32]),
        fingerprint: String::new(),
    }
}

/// `Name: value` lines, an empty line, the text.
fn mail(raw: &str) -> Reading {
    let (header, text) = raw.split_once("\n\n").unwrap_or((raw, ""));
    let headers: Vec<(String, String)> =
        header.lines().filter_map(|l| l.split_once(": ")).map(|(n, v)| (n.to_owned(), v.to_owned())).collect();
    let get = |name: &str| headers.iter().find(|(n, _)| n.eq_ignore_ascii_case(name)).map(|(_, v)| v.clone());
    let subject = get("Subject").unwrap_or_default();
    let from = get("From").unwrap_or_else(|| "li@example.org".into());
    let bare = subject.trim_start_matches("Re: ").trim_start_matches("Fwd: ").trim_start_matches("转发：").replace("[#7]", "");
    Reading {
        from: Address::parse(&from).map(|address| Person { name: String::new(), address }),
        return_path: get("Return-Path").map(|v| Address::parse(&v)),
        forwarded: subject.starts_with("Fwd: ") || subject.starts_with("转发："),
        base_subject: bare,
        subject,
        text: text.to_owned(),
        reply: ReplyText { text: text.to_owned(), ..ReplyText::default() },
        in_reply_to: get("In-Reply-To").and_then(|v| MessageId::parse(&v)).into_iter().collect(),
        references: get("In-Reply-To").and_then(|v| MessageId::parse(&v)).into_iter().collect(),
        calendar_method: get("Calendar").map(|v| v.to_lowercase()),
        headers,
        ..Reading::default()
    }
}

#[test]
fn kinds() {
    let cases = [
        (P, "Subject: VPN down\n\nplease help"),
        (P, "Subject: VPN down\nAuto-Submitted: no\n\nx"),
        (P, "Subject: VPN down\nPrecedence: first-class\n\nx"),
        (P, "Subject: 休假系统打不开\n\nx"),
        (P, "Subject: 自动回复设置不了\n\nx"),
        (P, "Subject: Out of office replies do not work\n\nx"),
        (P, "Subject: Automatic reply: does not work\nAuto-Submitted: no\n\nx"),
        (P, "Subject: 邮件退信了怎么办\n\n我给客户发邮件，总是退信"),
        (P, "Subject: Fwd: Undelivered Mail Returned to Sender\n\nwhat is this?\n\nReceived: from x"),
        (P, "Subject: 转发：系统退信\n\n为什么退信？\n\nReceived: from x"),
        (P, "Subject: Undelivered mail\n\nMy mail could not be delivered, why?"),
        (P, "From: postmaster@example.org\nSubject: A question about MX\n\nwho runs your MX?"),
        (P, "Subject: x\nList-Id: Help <help.desk.example>\nPrecedence: list\n\nvia our own list"),
        (P, "Subject: x\nReturn-Path: li@example.org\n\nhello"),
        (B, "From: MAILER-DAEMON@mx.example.org\nSubject: Undelivered Mail Returned to Sender\nAuto-Submitted: auto-replied\n\nx"),
        (B, "From: MAILER-DAEMON <>\nSubject: whatever\n\nx"),
        (B, "Content-Type: multipart/report; report-type=delivery-status; boundary=x\nSubject: x\n\nx"),
        (B, "Subject: x\nX-Failed-Recipients: li@example.org\n\nx"),
        (B, "From: postmaster@qq.example\nSubject: 来自qq.example的退信\n\n很抱歉"),
        (B, "From: Postmaster@163.example\nSubject: 系统退信/Systems bounce\n\n抱歉，您的邮件被退回来了"),
        (B, "From: postmaster@notes.example\nSubject: DELIVERY FAILURE: User li not listed in Domino Directory\n\nYour message"),
        (B, "From: 10000@qq.example\nSubject: 退信\n\n收件人：alice@ext.example"),
        (B, "From: service@netease.example\nSubject: 系统退信/Systems bounce\n\nalice@ext.example"),
        (B, "From: noreply@qq.example\nSubject: 【投递失败】\n\n<alice@ext.example>"),
        (B, "From: postmaster@163.example\nSubject: 退信\n\nalice@ext.example"),
        (P, "From: li@example.org\nSubject: 系统退信\n\n收件人：alice@ext.example"),
        (P, "From: service@example.org\nSubject: 系统退信\n\nalice@ext.example 总收到这个，麻烦看一下"),
        (P, "From: service@example.org\nSubject: 退信太多\n\nalice@ext.example"),
        (P, "From: noreply@example.org\nSubject: Re: 投递失败\n\nalice@ext.example"),
        (P, "From: noreply@example.org\nSubject: 短信投递失败\n\nalice@ext.example"),
        (P, "From: noreply@example.org\nSubject: 投递失败\n\n工单 5 的短信没有发出"),
        (B, "From: x@example.org\nReturn-Path: <>\nSubject: 投递失败通知\n\n收件人不存在"),
        (B, "From: admin@example.org\nSubject: failure notice\n\nUser unknown\n\nReceived: from a"),
        (B, "From: mail@example.org\nReturn-Path: <>\nSubject: Undeliverable: [#7] VPN down\n\nalice@ext.example: unknown"),
        (B, "From: mail@example.org\nReturn-Path: <>\nSubject: 退信：[#7] VPN down\n\n用户不存在"),
        (B, "From: mail@example.org\nAuto-Submitted: auto-generated\nSubject: Undeliverable: [#7] VPN\n\nUser unknown"),
        (P, "Subject: Re: [#7] Undeliverable mail\n\nUser unknown, it says."),
        (AutomaticReply, "Subject: Re: [#7] VPN down\nReturn-Path: <>\n\nYour mail was received."),
        (P, "Subject: Re: [EXT] VPN down\nReturn-Path: <>\n\nIt does not work."),
        (AutomaticReply, "Subject: Away\nAuto-Submitted: auto-replied (vacation)\n\nx"),
        (AutomaticReply, "Subject: x\nX-Autoreply: yes\n\nx"),
        (AutomaticReply, "Subject: x\nX-Autorespond: vacation\n\nx"),
        (AutomaticReply, "Subject: x\nPrecedence: auto_reply\n\nx"),
        (AutomaticReply, "Subject: Automatic reply: VPN\nAuto-Submitted: auto-generated\n\nx"),
        (AutomaticReply, "Subject: Out of Office: VPN\nIn-Reply-To: <a@desk.example>\n\nx"),
        (AutomaticReply, "Subject: 自动回复: VPN\n\nx"),
        (AutomaticReply, "Subject: 【自动回复】我在休假\n\nx"),
        (AutomaticReply, "Subject: 休假至12月5日\nReturn-Path: <>\n\nx"),
        (AutomaticReply, "Subject: I am on vacation until Monday\nPrecedence: bulk\n\nx"),
        (AutomaticReply, "Subject: Read: x\nContent-Type: multipart/report; report-type=disposition-notification\n\nx"),
        (AutomaticReply, "Subject: Accepted: visit\nCalendar: REPLY\n\nx"),
        (AutomaticReply, "Subject: Re: visit\nCalendar: COUNTER\n\nanother time"),
        (P, "Subject: visit\nCalendar: REQUEST\n\nwe meet"),
        (P, "Subject: visit\nCalendar: CANCEL\n\nwe do not meet"),
        (AutomaticReply, "Subject: Please confirm your message\n\nclick"),
        (AutomaticReply, "Subject: Absence du bureau : VPN\n\nJe suis absente"),
        (AutomaticReply, "Subject: Автоматический ответ: VPN\n\nx"),
        (AutomaticReply, "Subject: 부재중: VPN\n\nx"),
        (AutomaticReply, "Subject: Read: VPN\n\nYour message was read on Tuesday."),
        (AutomaticReply, "Subject: 已读：VPN\n\n您的邮件已被阅读"),
        (P, "Subject: Read: the manual is wrong\n\nPage 3 of it."),
        (P, "Subject: Absence requests cannot be saved\n\nx"),
        (Generated, "Subject: Alert: mail rejected rate is high\nAuto-Submitted: auto-generated\n\nsee the graph"),
        (Generated, "Subject: 【OA】王磊的休假申请待审批\nAuto-Submitted: auto-generated\n\nx"),
        (Generated, "Subject: Vacation request of Tim Fox\nAuto-Submitted: auto-generated\n\nx"),
        (Generated, "Subject: disk full\nAuto-Submitted: auto-generated\n\nx"),
        (Generated, "Subject: x\nContent-Type: multipart/report; report-type=feedback-report\n\nx"),
        (Bulk, "Subject: x\nList-Id: News <news.example.org>\n\nx"),
        (Bulk, "Subject: x\nList-Unsubscribe: <mailto:u@example.org>\n\nx"),
        (Bulk, "Subject: x\nPrecedence: Bulk\n\nx"),
        (Bulk, "Subject: x\nPrecedence: junk\n\nx"),
    ];
    for (kind, raw) in cases {
        let origin = judge(&mail(raw), &policy());
        assert_eq!(origin.kind, kind, "{raw}\n→ {}", origin.because);
        assert!(!origin.because.is_empty());
    }
}

/// A person's mail that quotes, attaches or asks about what machines write is never lost.
#[test]
fn look_alikes_are_persons() {
    for raw in [
        // Asks about bounces, in a mail of his own.
        "Subject: Undelivered Mail Returned to Sender\n\nHi, why do I get this?\n\nReceived: from mx.example.org\nuser unknown",
        "Subject: Delivery Status Notification (Failure)\nReturn-Path: li@example.org\nUser-Agent: Thunderbird\n\nsee my screenshot: could not be delivered\n\nReceived: from mx",
        "Subject: Mail delivery failed\n\nMy mail to the customer was not delivered, see below.\n\nReceived: from a\nDiagnostic: 550 user unknown",
        "Subject: Mail delivery failed: what should I do?\n\nundeliverable\n\nReceived: from a",
        "Subject: 退信\n\n请问为什么退信？\n\nReceived: from mx.example.org",
        "Subject: 系统退信怎么处理\n\n收件人不存在是什么意思\n\nReceived: from a",
        "Subject: 邮件投递失败，麻烦看一下\n\n无法投递\nReceived: from a",
        "Subject: 转发: 来自qq.example的退信\n\n收件人不存在",
        "Subject: Fwd: Mail delivery failed: returning message to sender\n\nThe following address failed:\n\nReceived: from a",
        "Subject: Re: Undeliverable: invoice\n\nIt works again: user unknown was our fault.",
        "Subject: Unzustellbar: Rechnung\n\nWarum kommt das? konnte nicht\n\nReceived: from a",
        "Subject: Mail delivery failed\n\nThis came back from a customer:\n\nA message could not be delivered\n\nReceived: from a",
        // A postmaster is a person too.
        "From: postmaster@example.org\nReturn-Path: postmaster@example.org\nUser-Agent: Mutt\nSubject: Your host\n\nYour mails are delayed here, for your host has no PTR record.",
        "From: postmaster@example.org\nReturn-Path: postmaster@example.org\nSubject: Delivery failure to your host\n\nCan you check why your server says user unknown?",
        "From: postmaster@example.org\nReturn-Path: postmaster@example.org\nSubject: Re: VPN\n\nThe address does not exist any more.",
        "From: postmaster@example.org\nSubject: Question\n\nYour mail is delayed. Could you please look at it?",
        // Absence and automatic replies as a subject matter.
        "Subject: Automatic reply: how do I switch it on?\n\nIn Outlook.",
        "Subject: Automatic reply: does not work\n\nI set it up yesterday and it does not work.",
        "Subject: 自动回复：设置不了\n\n请问怎么设置自动回复？",
        "Subject: 自动回复\n\n自动回复怎么关闭",
        "Subject: Vacation - request for July\n\nPlease approve in the leave system.",
        "Subject: Vacation: calendar is empty\n\nSince Monday.",
        "Subject: OOO: message is not sent\n\nMy colleagues say that nothing comes back.",
        "Subject: Out of office\n\nHow can I set the out of office notice on the phone?",
        "Subject: 休假\n\n休假系统打不开，请帮忙看看",
        "Subject: 出差：报销系统登录失败\n\n提示密码错误",
        "Subject: Absence: form cannot be saved\n\nError 500.",
        "Subject: Abwesend: Assistent startet nicht\n\nOutlook meldet einen Fehler.",
        "Subject: Auto: charging station is broken\n\nLevel 2, bay 7.",
        "Subject: 自动回复\n\n您好，我下周休假，自动回复要怎么设置？",
        "Subject: 自动回复：联系电话有误\n\n自动回复里的电话写错了，我改不掉",
        "Subject: Automatic reply - an old number in it\n\nThe text shows the number that I had until May. I changed it twice, and it comes back.",
        "Subject: Automatic reply: goes on\n\nI am at work since Monday, but everybody gets my automatic reply.",
        "Subject: Abwesenheitsnotiz: Frau Schulz\n\nBitte richten Sie für Frau Schulz eine Abwesenheitsnotiz ein, sie ist krank.",
        "Subject: Respuesta automática: un fallo\n\nLa respuesta automática no sale desde ayer.",
        "Subject: Автоответ\n\nВ Outlook не включается автоответ.",
        "Subject: Away - my calls\n\nI am away from my desk on Thursday. Please forward my calls to Bob.",
        "Subject: 外出\n\n外出期间电脑的锁屏密码忘了",
        "Subject: 休假\n\n休假期间账号被锁，登录不了",
        "Subject: Vacation: from abroad\n\nI am on vacation and the VPN says error 809.",
        "Subject: Re: 邮件设置（自动回复）\n\n我休假回来以后自动回复还在发，怎么关？",
        "Subject: Out of office assistant broken Re: [#1042] VPN\n\nSince Monday, why?",
        "Subject: VPN\n\nI have no access to my email.",
        // Receipts, challenges.
        "Subject: Fwd: Please confirm your email\n\nClick to prove that you are a human",
        "Subject: Read: receipts are sent twice\n\nEach time I open a mail, why?",
        "Subject: Please confirm your message about the printer\n\nDid you get my order of Monday?",
        "Subject: Sender verification fails on our relay\n\nPlease check the log.",
        "Subject: 已读：回执收不到\n\n怎么开启已读回执？",
    ] {
        let origin = judge(&mail(raw), &policy());
        assert_eq!(origin.kind, P, "{raw}\n→ {}", origin.because);
    }
}

#[test]
fn writers_behind_a_list() {
    let mut policy = policy();
    if let Some(mailbox) = policy.mailboxes.first_mut() {
        mailbox.via_lists.push("help@lists.example".into());
    }
    let list = "List-Id: Help <help.desk.example>";
    for (raw, writer) in [
        (format!("From: help@lists.example\n{list}\nX-Original-From: Li Wei <li@x.example>\nSubject: x\n\nx"), Some("li@x.example")),
        (format!("From: help@lists.example\n{list}\nAuthor: li@x.example\nSubject: x\n\nx"), Some("li@x.example")),
        (format!("From: it@desk.example\n{list}\nX-Original-Sender: li@x.example\nSubject: x\n\nx"), Some("li@x.example")),
        // From is a person's, or the list is none of ours, or nothing names the writer.
        (format!("From: wu@x.example\n{list}\nX-Original-From: li@x.example\nSubject: x\n\nx"), None),
        ("From: help@lists.example\nList-Id: <news.example>\nX-Original-From: li@x.example\nSubject: x\n\nx".to_owned(), None),
        ("From: help@lists.example\nX-Original-From: li@x.example\nSubject: x\n\nx".to_owned(), None),
        (format!("From: help@lists.example\n{list}\nSubject: x\n\nx"), None),
        (format!("From: help@lists.example\n{list}\nX-Original-From: it@desk.example\nSubject: x\n\nx"), None),
    ] {
        let found = behind_list(&mail(&raw), &policy).and_then(|m| m.from);
        assert_eq!(found.as_ref().map(|p| p.address.as_str()), writer, "{raw}");
    }
    let mut munged = mail(&format!("From: help@lists.example\n{list}\nSubject: x\n\nx"));
    munged.from = munged.from.map(|p| Person { name: "Li Wei via Help".into(), ..p });
    munged.reply_to = Address::parse("li@x.example").map(|address| Person { name: String::new(), address }).into_iter().collect();
    let writer = behind_list(&munged, &policy).and_then(|m| m.from).unwrap();
    assert_eq!((writer.name.as_str(), writer.address.as_str()), ("Li Wei", "li@x.example"));
}

/// Machines that set no mark, in the languages of the tables.
#[test]
fn automatic_replies_without_a_mark() {
    for raw in [
        "Subject: Abwesenheitsnotiz: VPN\n\nIch bin bis Montag nicht im Haus.",
        "Subject: Automatische Antwort: VPN\n\nVielen Dank.",
        "Subject: Réponse automatique : VPN\n\nJe suis absent.",
        "Subject: Respuesta automática: VPN\n\nEstoy de vacaciones.",
        "Subject: Risposta automatica: VPN\n\nSono in ferie.",
        "Subject: Resposta automática: VPN\n\nEstou de férias.",
        "Subject: Automatisch antwoord: VPN\n\nIk ben afwezig.",
        "Subject: Odpowiedź automatyczna: VPN\n\nJestem na urlopie.",
        "Subject: Автоответ: VPN\n\nЯ в отпуске.",
        "Subject: 自動返信: VPN\n\n不在にしております。",
        "Subject: 자동 회신: VPN\n\n휴가 중입니다.",
        "Subject: Autosvar: VPN\n\nJag har semester.",
        "Subject: Automaattinen vastaus: VPN\n\nOlen lomalla.",
        "Subject: Otomatik yanıt: VPN\n\nİzindeyim.",
        "Subject: 自动回复：VPN\n\n您好，我正在休假。",
        "Subject: 自动回复:Re: VPN\nIn-Reply-To: <a@desk.example>\n\n您好，来信已收到，请问有什么需要？",
        "Subject: 自动回复:Re: VPN\n\n您好，来信已收到，谢谢！",
        "Subject: 自动回复：[#1042] VPN\n\n有事请打电话，怎么联系都行",
        "Subject: 自动回复\n\n您好，您的邮件已收到，我们会尽快回复。",
        "Subject: Automatic reply\n\nThank you for your message. We will be in touch.\n\nBest regards",
        "Subject: 自动：李雷外出（返回日期 2026-12-05）\n\n我将于 2026-12-01 至 2026-12-05 外出。",
        "Subject: Li Lei is out of the office (returning 12/05/2026)\n\nI will answer then.\n\nNote: This is an automated response to your message \"VPN\".",
        "Subject: Re: VPN\nX-Auto-Response-Suppress: All\n\nI am on vacation until 5 December.",
        "Subject: תשובה אוטומטית: VPN\n\nx",
        "Subject: رد تلقائي: VPN\n\nx",
        "Subject: Автоматичен отговор: VPN\n\nx",
        "Subject: Automatinis atsakymas: VPN\n\nx",
        // What people write too, beside another sign.
        "Subject: Out of Office: VPN down\n\nI am out of the office until Monday.",
        "Subject: Out of Office: VPN down\nIn-Reply-To: <a@desk.example>\n\nBack on Monday.",
        "Subject: 休假\n\n您好，我正在休假，12月8日返回。",
        "Subject: 出差中\n\n本人出差，无法及时回复。",
        "Subject: Absent: VPN\n\nJe suis absent jusqu'à lundi.",
        "Subject: [Out of Office] Re: [#1042] VPN\n\nBack on Monday. Thanks!",
        "Subject: 休假\n\n您好，我正在休假，12月8日返回。谢谢！",
        "Subject: VPN (on leave)\nPrecedence: bulk\n\nx",
        "Subject: Abwesend\nX-Auto-Response-Suppress: All\n\nx",
        "Subject: VPN\nX-MDAutoReply: yes\n\nx",
        // In more languages, and behind or before what is answered.
        "Subject: Nepřítomnost: [#1042] VPN\n\nDo 4. 12. mám dovolenou.",
        "Subject: Vắng mặt: Re: [#1042] VPN\n\nx",
        "Subject: Извън офиса: Re: VPN\n\nx",
        "Subject: Εκτός γραφείου: Re: VPN\n\nx",
        "Subject: מחוץ למשרד: Re: VPN\n\nx",
        "Subject: الرد التلقائي: VPN\n\nx",
        "Subject: การตอบกลับอัตโนมัติ: VPN\n\nx",
        "Subject: Jawapan automatik: VPN\n\nx",
        "Subject: Out of the office until 4 Dec Re: [#1042] VPN\n\nBack then.",
        "Subject: Я в отпуске Re: [#1042] VPN\n\nБуду 4 декабря.",
        "Subject: Re: VPN 连不上（自动回复）\n\n您好，我在休假，12月5日回来。",
        "Subject: Auto: VPN\n\nI'm out of the office with limited access to my email.",
        "Subject: Tim Fox ist außer Haus (Rückkehr am 04.12.2026)\n\nHinweis: Dies ist eine automatische Antwort auf Ihre Nachricht.",
        // Receipts and challenges.
        "Subject: Gelesen: VPN\n\nIhre Nachricht wurde am Montag gelesen.",
        "Subject: 已读: VPN\n\n您的邮件已于 9:00 被阅读",
        "Subject: Lu : VPN\n\nVotre message a été lu.",
        "Subject: 已读: VPN\n\n这是邮件收条，您发给李雷的邮件已经被阅读。",
        "Subject: [BoxTrapper] Your message requires confirmation\n\nx",
        "Subject: Message verification required\n\nTo reduce spam, click the link and your mail will be released.",
        "Subject: 发件人验证\n\n为防止垃圾邮件，点击下面的链接完成验证",
    ] {
        let origin = judge(&mail(raw), &policy());
        assert_eq!(origin.kind, AutomaticReply, "{raw}\n→ {}", origin.because);
    }
}

/// Notices without a report, as servers of several makes begin them.
#[test]
fn notices_are_bounces() {
    for raw in [
        "From: postmaster@vtext.example\nSubject: Re:Hello\nIn-Reply-To: <a@desk.example>\n\nError: Invalid user address\n550 - no such user here",
        "From: Mail Delivery System <postmaster@e.example>\nSubject: Mail delivery failed: returning message to sender\n\nA message that you sent could not be delivered",
        "From: MAILER-DAEMON@yahoo.example\nSubject: Failure Notice\n\nSorry, we were unable to deliver your message. Why? See our help.",
        "From: Microsoft Outlook <MicrosoftExchange329@x.example>\nSubject: Undeliverable: VPN\nAuto-Submitted: auto-replied\n\nx",
        "From: \"系统退信\" <no-reply@163.example>\nSubject: 系统退信\n\n您的邮件被退回，为什么会退信？",
        "From: postmaster@qiye.example\nReturn-Path: <>\nSubject: 投递失败：会议通知\n\n收件人不存在",
        "From: noreply@ali.example\nReturn-Path: <>\nSubject: 您的邮件未送达\n\n无法投递到以下收件人",
        "From: admin@example.org\nReturn-Path: <>\nSubject: Unzustellbar: VPN\n\nkonnte nicht zugestellt werden",
        "From: admin@example.org\nReturn-Path: <>\nSubject: 配信不能\n\nx",
        "From: postmaster@x.example\nSubject: 无法传递: VPN\n\n向这些收件人或组传递邮件失败:\n\nli@x.example",
        "From: postmaster@x.example\nSubject: 배달되지 않음: VPN\n\n다음 받는 사람에게 메시지를 배달하지 못했습니다.\n\nli@x.example",
        "From: admin@example.org\nReturn-Path: <>\nSubject: **Message you sent blocked by our filter**\n\nIt has NOT BEEN DELIVERED.",
        "From: postmaster@example.org\nReturn-Path: <>\nSubject: Nedoručitelné: VPN\n\nli@x.example\nZadanou adresu nelze najít.",
        "From: postmaster@example.org\nReturn-Path: <>\nSubject: ???: VPN\n\nli@x.example\n#550 5.1.1",
        "From: postmaster@example.org\nSubject: 邮件延迟投递通知\n\n收件人：li@x.example\n对方暂时拒收（451 greylisted），稍后重试。",
        "From: postmaster@example.org\nReturn-Path: <>\nSubject: 邮件被拒绝：VPN\n\n您发给 li@x.example 的邮件被判定为垃圾邮件，已拒绝投递。",
        "From: 10000@exmail.example\nSubject: 退信通知：您的邮件未能送达\n\n您的邮件未能送达：\n主题：VPN\n收件人：li@x.example\n原因：邮箱不存在\n建议：请核实",
        "From: postmaster@x.example\nReturn-Path: <>\nSubject: Rejected: VPN\nAuto-Submitted: auto-replied (rejected)\nContent-Type: multipart/report; report-type=disposition-notification\n\nYour message was automatically rejected:\nQuota exceeded",
        "From: postmaster@example.org\nReturn-Path: <>\nAuto-Submitted: auto-replied\nSubject: 已延迟: VPN\n\n此邮件尚未送达。",
    ] {
        let origin = judge(&mail(raw), &policy());
        assert_eq!(origin.kind, B, "{raw}\n→ {}", origin.because);
    }
}

#[test]
fn own_mail_is_signed() {
    let (policy, key) = (policy(), "abcdefghijklmnop");
    let rotated = Policy { key: Key::new([8; 32]).after(vec![[7; 32]]), ..policy.clone() };
    let mut ours = mail("From: x@elsewhere.example\nSubject: x\nAuto-Submitted: auto-replied\n\nx");
    ours.id = LetterName::make(None, key, "desk.example", &policy.key);
    assert_eq!(judge(&ours, &policy).kind, Own);
    assert_eq!(judge(&ours, &rotated).kind, Own);
    ours.id = MessageId::parse(&format!("pdl.0.{key}.aaaaaaaaaaaaaaaa@desk.example"));
    assert_eq!(judge(&ours, &policy).kind, AutomaticReply);
    let looped = format!("Subject: x\nX-Postdesk-Loop: {}\n\nx", policy.key.sign(&["loop"]));
    assert_eq!(judge(&mail(&looped), &policy).kind, Own);
    assert_eq!(judge(&mail(&looped), &rotated).kind, Own);
    assert_eq!(judge(&mail("From: it@desk.example\nSubject: x\nX-Postdesk-Loop: forged\n\nx"), &policy).kind, P);
}

#[test]
fn suspicion_and_suppression() {
    for (raw, suspect, suppress) in [
        ("X-Spam-Flag: YES", true, false),
        ("X-Spam-Status: Yes, score=9", true, false),
        ("X-Spam-Status: No, score=0", false, false),
        ("X-Spam: Yes", true, false),
        ("X-Spam: no", false, false),
        ("X-MS-Exchange-Organization-SCL: 5", true, false),
        ("X-MS-Exchange-Organization-SCL: 4", false, false),
        ("X-MS-Exchange-Organization-SCL: -1", false, false),
        ("Authentication-Results: mx.desk.example; spf=pass; dmarc=fail header.from=example.org", true, false),
        ("Authentication-Results: mx.desk.example; dmarc=pass", false, false),
        ("Authentication-Results: mx.elsewhere.example; dmarc=fail", false, false),
        ("X-Auto-Response-Suppress: All", false, true),
        ("X-Auto-Response-Suppress: DR, OOF, AutoReply", false, true),
        ("X-Auto-Response-Suppress: None", false, false),
        ("X-JIRA-FingerPrint: 1", false, true),
        ("X-Postdesk-Mail: reply", false, true),
        ("Return-Path: <>", false, true),
        // What reads like an automatic answer may be one.
        ("X: x\n\nI no longer work for Acme. Turn to bob@example.org.", false, true),
        ("X: x\n\n您的来信我们已经收到，本邮件由系统自动发送，请勿直接回复。", false, true),
        ("X: x\n\nI got this, is it from you?\n\nThis is an automated message. Your mailbox is full.", false, false),
        ("X: x\n\nI am on leave, and the VPN still does not work.", false, false),
    ] {
        let origin = judge(&mail(&format!("Subject: x\n{raw}\n\nx")), &policy());
        assert_eq!((origin.kind, origin.suspect.is_some(), origin.suppress), (P, suspect, suppress), "{raw}");
    }
}

#[test]
fn bounce_facts() {
    let told = |status: Option<&str>, action: &str, diagnostic: &str| RecipientReport {
        status: status.map(str::to_owned),
        action: action.into(),
        diagnostic: diagnostic.into(),
        ..RecipientReport::default()
    };
    for (report, words, hard) in [
        (told(Some("5.1.1"), "failed", ""), "no such mailbox (5.1.1)", true),
        (told(Some("5.0.0"), "failed", "550 User unknown"), "no such mailbox (5.0.0)", true),
        (told(Some("5.2.2"), "failed", ""), "the mailbox is full (5.2.2)", false),
        (told(Some("4.2.2"), "failed", ""), "the mailbox is full (4.2.2)", false),
        (told(Some("5.7.1"), "failed", ""), "refused by policy (5.7.1)", true),
        (told(Some("4.4.7"), "failed", ""), "not delivered in time (4.4.7)", false),
        (told(Some("4.4.1"), "delayed", ""), "delayed, still being tried: network or routing trouble (4.4.1)", false),
        (told(Some("2.1.5"), "delivered", "user unknown"), "delivered (2.1.5)", false),
        (told(Some("2.0.0"), "", ""), "delivered (2.0.0)", false),
        (told(Some("5.1.1"), "relayed", ""), "delivered (5.1.1)", false),
        (told(None, "failed", "邮箱已满"), "the mailbox is full", false),
        (told(None, "failed", "对方服务器拒收（550 rejected as spam）"), "refused as spam or a virus", true),
        (told(None, "failed", ""), "no reason given", true),
    ] {
        let mail = Reading { report: Some(Report { recipients: vec![report.clone()], ..Report::default() }), ..Reading::default() };
        let bounce = bounce::Bounce::read(&mail);
        let fate = bounce.gravest().unwrap();
        assert_eq!((fate.en().as_str(), fate.hard), (words, hard), "{report:?}");
        assert!(!fate.zh().is_empty());
    }
}

#[test]
fn failures_stand_first() {
    let told = |address: &str, action: &str| RecipientReport {
        recipient: Address::parse(address),
        action: action.into(),
        ..RecipientReport::default()
    };
    let recipients = vec![told("a@x.example", "delivered"), told("b@x.example", "delayed"), told("c@x.example", "failed")];
    let bounce = bounce::Bounce::read(&Reading { report: Some(Report { recipients, ..Report::default() }), ..Reading::default() });
    let order: Vec<&str> = bounce.recipients.iter().filter_map(|f| f.recipient.as_ref()).map(Address::local).collect();
    assert_eq!(order, ["c", "b", "a"]);
    assert_eq!(bounce::Bounce::read(&Reading::default()).recipients.len(), 1, "a notice without facts has one unknown fate");
}

#[test]
fn a_returned_mail_with_a_null_reverse_path_is_a_bounce() {
    let mut mail = mail("From: no-reply@example.org\nReturn-Path: <>\nSubject: Mail\n\nYour mail");
    let part = Attachment { name: "x.eml".into(), media_type: "message/rfc822".into(), ..Attachment::default() };
    mail.attachments.push(part);
    assert_eq!(judge(&mail, &policy()).kind, B);
    mail.return_path = Address::parse("li@example.org").map(Some);
    assert_eq!(judge(&mail, &policy()).kind, P);
}
