//! Mails with every kind of fault, and what is read in them.

use proptest::prelude::*;

use super::*;

/// The bytes of a file, as a letter finds them again.
fn held(raw: &[u8], file: &Attachment) -> Vec<u8> {
    let Span { start, length, transfer } = file.span;
    let (mut bytes, mut decoder) = (Vec::new(), crate::transfer::decode::Decoder::new(transfer));
    decoder.feed(&raw[start as usize..][..length as usize], &mut bytes);
    decoder.end(&mut bytes);
    bytes
}

fn gbk(text: &str) -> Vec<u8> {
    encoding_rs::GB18030.encode(text).0.into_owned()
}

fn word(charset: &str, bytes: &[u8]) -> String {
    format!("=?{charset}?B?{}?=", data_encoding::BASE64.encode(bytes))
}

fn subject(value: &[u8]) -> String {
    read(&[b"From: a@b.example\r\nSubject: ", value, b"\r\n\r\nx"].concat(), None).subject
}

#[test]
fn subjects() {
    let text = "打印机坏了";
    let bytes = gbk(text);
    // Three bytes in: through the second character.
    let (left, right) = bytes.split_at(3);
    let split = format!("{}\r\n {}", word("gbk", left), word("GBK", right));
    for (raw, decoded) in [
        (split.as_bytes(), text),
        (bytes.as_slice(), text),
        (text.as_bytes(), text),
        (word("gb2312", &bytes).as_bytes(), text),
        (word("utf-8*zh", text.as_bytes()).as_bytes(), text),
        (word("utf-8", &bytes).as_bytes(), text),
        (b"=?utf-8?q?=E6=89=93_a?= b =?utf-8?q?c?=\r\n\t=?iso-8859-1?q?=E9?=", "打 a b cé"),
        (b"plain\r\n folded", "plain folded"),
        (b"=?utf-8?B?not closed", "=?utf-8?B?not closed"),
        (b"2 =? 3", "2 =? 3"),
        (b"=?x-none?B?YQ==?=", "a"),
        (b"", ""),
    ] {
        assert_eq!(subject(raw), decoded, "{}", String::from_utf8_lossy(raw));
    }
}

#[test]
fn addresses() {
    let people = |value: &str| -> Vec<(String, String)> {
        let mail = read(format!("To: {value}\n\nx").as_bytes(), None);
        mail.to.into_iter().map(|p| (p.name, p.address.to_string())).collect()
    };
    let p = |name: &str, address: &str| (name.to_owned(), address.to_owned());
    for (value, expected) in [
        ("a@b.example", vec![p("", "a@b.example")]),
        ("<A@B.Example>", vec![p("", "a@b.example")]),
        ("\"Li, Wei\" <li@b.example>, c@d.example", vec![p("Li, Wei", "li@b.example"), p("", "c@d.example")]),
        ("a@b.example (Li Wei)", vec![p("Li Wei", "a@b.example")]),
        ("Team: a@b.example, c@d.example;", vec![p("", "a@b.example"), p("", "c@d.example")]),
        ("undisclosed-recipients:;", vec![]),
        ("\"=?utf-8?B?5p2O?=\" <li@b.example>", vec![p("李", "li@b.example")]),
        ("=?utf-8?B?5p2OLCDkvJ8=?= <li@b.example>", vec![p("李, 伟", "li@b.example")]),
        ("=?utf-8?Q?Li_=3Cli=40b.example=3E?=", vec![p("Li", "li@b.example")]),
        (
            "=?utf-8?Q?Meier,_Anna?= <a@b.example>, =?utf-8?Q?IT:_a;_b?= <c@d.example>",
            vec![p("Meier, Anna", "a@b.example"), p("IT: a; b", "c@d.example")],
        ),
        ("=?utf-8?Q?Li <li@b.example>, =?utf-8?Q?Wei?= <w@b.example>", vec![p("=?utf-8?Q?Li", "li@b.example"), p("Wei", "w@b.example")]),
        ("\"O\\\"Neil\" <o@b.example>", vec![p("O\"Neil", "o@b.example")]),
        ("李伟 <li@b.example>；王 <w@b.example>", vec![p("李伟", "li@b.example"), p("王", "w@b.example")]),
        ("nobody, \"", vec![]),
    ] {
        assert_eq!(people(value), expected, "{value}");
    }
}

#[test]
fn ids() {
    let mail = read(b"Message-ID: <a@x>\nIn-Reply-To: <c@x> (my mail)\nReferences: <b@x>\n <long\n @x> <b@x>\n\nx", None);
    let ids = |list: &[MessageId]| list.iter().map(|i| i.as_str().to_owned()).collect::<Vec<_>>();
    assert_eq!(mail.id.as_ref().map(MessageId::as_str), Some("a@x"));
    assert_eq!(ids(&mail.references), ["b@x", "long@x", "c@x"]);
    assert_eq!(ids(&mail.in_reply_to), ["c@x"]);
}

#[test]
fn file_names() {
    let name = |fields: &[u8]| {
        let start: &[u8] = b"From: a@b.example\nContent-Type: multipart/mixed; boundary=b\n\n--b\n\nx\n--b\n";
        let mail = read(&[start, fields, b"\n\nfile\n--b--\n"].concat(), None);
        mail.attachments.first().map(|a| a.name.clone()).unwrap_or_default()
    };
    let raw = [b"Content-Type: application/pdf; name=\"".as_slice(), &gbk("报表.pdf"), b"\""].concat();
    let cases: [(&[u8], &str); 9] = [
        (b"Content-Disposition: attachment; filename=a.pdf", "a.pdf"),
        (b"Content-Disposition: attachment; filename=\"a;b.pdf\"", "a;b.pdf"),
        (b"Content-Disposition: attachment; filename*=utf-8''%E6%8A%A5.pdf; filename=x.pdf", "报.pdf"),
        (b"Content-Disposition: attachment;\n filename*0*=utf-8''%E6%8A;\n filename*1*=%A5;\n filename*2=.pdf", "报.pdf"),
        (b"Content-Disposition: attachment; filename=\"=?utf-8?B?5oqlLnBkZg==?=\"", "报.pdf"),
        (&raw, "报表.pdf"),
        (b"Content-Disposition: attachment; filename=\"C:\\tmp\\..\\a.pdf\"", "a.pdf"),
        (b"Content-Type: image/png", "part-2.png"),
        (b"Content-Type: message/rfc822", "message.eml"),
    ];
    for (fields, expected) in cases {
        assert_eq!(name(fields), expected, "{}", String::from_utf8_lossy(fields));
    }
}

#[test]
fn parts_are_found_again() {
    let raw = b"Content-Type: multipart/mixed; boundary=b\n\n--b\n\nhi\n--b\nContent-Type: image/png; name=a.png\nContent-ID: <c1>\n\
                    Content-Transfer-Encoding: base64\n\niVBORw==\n--b--\n";
    let mail = read(raw, None);
    let file = mail.attachments.first().unwrap();
    assert_eq!((file.name.as_str(), file.size, file.inline, file.cid.as_deref()), ("a.png", 4, true, Some("c1")));
    assert_eq!(held(raw, file), b"\x89PNG");
    assert_eq!(mail.text, "hi");
}

#[test]
fn a_file_is_known_again_in_any_encoding() {
    let hash = |encoding: &str, body: &str| {
        let raw = format!("Content-Type: application/x-log\nContent-Disposition: attachment; filename=a.log\n{encoding}\n\n{body}");
        read(raw.as_bytes(), None).attachments.first().map(|a| a.hash)
    };
    let base64 = "Content-Transfer-Encoding: base64";
    let one = hash("X-None: x", "one=1\ntwo=2\n");
    assert_eq!(one, hash("X-None: x", "one=1\r\ntwo=2"), "line ends are the client's");
    assert_eq!(one, hash(base64, "b25lPTEKdHdvPTIK"));
    assert_eq!(one, hash("Content-Transfer-Encoding: quoted-printable", "one=3D1\ntw=\no=3D2\n"));
    assert_ne!(one, hash("X-None: x", "one=1\ntwo=3\n"));
}

#[test]
fn defects_are_named() {
    use Defect::*;
    for (raw, defects) in [
        (&b""[..], vec![NoHeader]),
        (b"just some text\nmore", vec![NoHeader]),
        (b"\r\n\r\n", vec![NoHeader]),
        (b"Subject: x\n\nx", vec![NoFrom, NoMessageId]),
        (b"From: a@b\nMessage-ID: <>\n\nx", vec![NoMessageId]),
        (b"From: a@b\nMessage-ID: <a@b>\nContent-Type: multipart/mixed; boundary=q\n\n--q\n\nhalf", vec![Truncated]),
        (b"From: a@b\nMessage-ID: <a@b>\nContent-Type: multipart/encrypted; boundary=q\n\n--q\n\nx\n--q--", vec![Encrypted]),
        (b"From: a@b\nMessage-ID: <a@b>\n\n-----BEGIN PGP MESSAGE-----\nx", vec![Encrypted]),
        (b"From: a@b\nMessage-ID: <a@b>\n\n\xc4\xe3\xba\xc3\xa3\xac\xb4\xf2\xd3\xa1\xbb\xfa", vec![Mislabelled]),
    ] {
        assert_eq!(read(raw, None).defects, defects, "{}", String::from_utf8_lossy(raw));
    }
    let head = read(b"From: a@b\nMessage-ID: <a@b>\nSubject: big\nContent-Type: multipart/mixed; boundary=q\n\n", Some(50_000_000));
    assert_eq!((head.oversize, head.size, head.defects), (true, 50_000_000, vec![TooLarge]));
}

#[test]
fn notices_in_words() {
    let notice = |from: &str, subject: &str, text: &str| {
        let mail = read(format!("From: {from}\nTo: it@desk.example\nSubject: {subject}\nReturn-Path: <>\n\n{text}").as_bytes(), None);
        let report = mail.report.expect(subject);
        let first = report.recipients.into_iter().next().unwrap_or_default();
        let text = |v: Option<String>| v.unwrap_or_default();
        (
            text(first.recipient.map(|a| a.to_string())),
            text(first.status),
            first.action,
            text(report.original.map(|i| i.as_str().to_owned())),
        )
    };
    let e = |a: &str, b: &str, c: &str, d: &str| (a.to_owned(), b.to_owned(), c.to_owned(), d.to_owned());
    assert_eq!(
        notice(
            "MAILER-DAEMON@q.example",
            "failure notice",
            "Hi. This is the qmail-send program at q.example.\n\n<li@x.example>:\nSorry, no mailbox here by that name. (#5.1.1)\n\n--- Below this line is a copy of the message.\n\nReturn-Path: <it@desk.example>\nMessage-ID: <m1@desk.example>\n\nhi"
        ),
        e("li@x.example", "5.1.1", "failed", "m1@desk.example")
    );
    assert_eq!(
        notice(
            "Mail Delivery System <Mailer-Daemon@e.example>",
            "Mail delivery failed: returning message to sender",
            "A message that you sent could not be delivered to one or more of its\nrecipients. The following address(es) failed:\n\n  li@x.example\n    Unrouteable address\n\n------ This is a copy of the message, including all the headers. ------\n\nReceived: from a\nMessage-Id: <m2@desk.example>\n"
        ),
        e("li@x.example", "5.1.2", "failed", "m2@desk.example")
    );
    assert_eq!(
        notice(
            "System Administrator <postmaster@ex.example>",
            "Undeliverable: VPN",
            "Your message did not reach some or all of the intended recipients.\n\n      'li@x.example' on 12/1/2026 9:12 AM\n            The e-mail account does not exist at the organization.\n            <mx.example #5.1.1>"
        ),
        e("li@x.example", "5.1.1", "failed", "")
    );
    assert_eq!(
        notice(
            "postmaster@n.example",
            "DELIVERY FAILURE: x",
            "Your message\n\n  Subject: x\n\nwas not delivered to:\n\n  li@x.example\n\nbecause:\n\n  User li not listed in Domino Directory"
        ),
        e("li@x.example", "5.1.1", "failed", "")
    );
    assert_eq!(
        notice(
            "PostMaster@qq.example",
            "来自qq.example的退信",
            "很抱歉您的邮件被退回。\n收件人邮件地址：li@x.example\n退信原因：收件人邮箱已满\n"
        ),
        e("li@x.example", "5.2.2", "failed", "")
    );
    assert_eq!(
        notice(
            "postmaster@a.example",
            "退信通知: VPN",
            "您的邮件未能投递成功。\n\n收件人: li@x.example\n退信代码: 554\n退信原因: 发信IP被列入黑名单 (554 RBL)\n"
        ),
        e("li@x.example", "5.7.1", "failed", "")
    );
    assert_eq!(
        notice("postmaster@a.example", "投递状态通知", "您的邮件已投递成功。\n\n收件人: li@x.example\n"),
        e("li@x.example", "", "delivered", "")
    );
    assert_eq!(
        notice(
            "MAILER-DAEMON@s.example",
            "Warning: message still undelivered",
            "<li@x.example>: connection timed out. Will be retried until 2 days old."
        ),
        e("li@x.example", "4.4.1", "delayed", "")
    );
}

/// What a notice of a mail system says of each recipient: `address status action`.
fn told(header: &str, text: &str) -> Vec<String> {
    let raw = format!("From: MAILER-DAEMON@q.example\nTo: it@desk.example\nSubject: failure notice\n{header}\n{text}");
    let one = |r: crate::domain::message::RecipientReport| {
        format!("{} {} {}", r.recipient.map_or_else(String::new, |a| a.to_string()), r.status.unwrap_or_default(), r.action)
    };
    read(raw.as_bytes(), None).report.unwrap().recipients.into_iter().map(one).collect()
}

#[test]
fn notices_that_cite_a_message_id_go_on_below_it() {
    let cited = "This report relates to a message you sent with the following header fields:\n\n  Message-id: <m1@desk.example>\n  \
                 From: it@desk.example\n  Subject: VPN\n\nYour message cannot be delivered to the following recipients:\n\n  \
                 Recipient address: li@x.example\n  Reason: Over quota\n";
    assert_eq!(told("", cited), ["li@x.example 5.2.2 failed"]);
    let copied = "li@x.example: user unknown\n\nMessage-ID: <m1@desk.example>\nReceived: from a by b\nTo: wu@y.example\n\n\
                  Recipient: wu@y.example mailbox full\n";
    assert_eq!(told("", copied), ["li@x.example 5.1.1 failed"]);
}

#[test]
fn delays_and_addresses_in_more_languages() {
    for (text, expected) in [
        ("Votre message n'a pas encore pu être remis.\n\n<li@x.example>: Connection timed out\n", "li@x.example 4.4.1 delayed"),
        ("Ihre Nachricht konnte noch nicht zugestellt werden.\n\n<li@x.example>: Connection refused\n", "li@x.example 4.4.1 delayed"),
        ("发送至 li@x.example 时出现了暂时性的问题。会在 47 小时内继续重试。\n\nconnection timed out\n", "li@x.example 4.4.1 delayed"),
        ("Die Zustellung war verzögert und ist endgültig gescheitert.\n\n<li@x.example>: mailbox full\n", "li@x.example 5.2.2 failed"),
        ("您发给li@x.example的邮件大小为45MB，超过了对方服务器允许的最大邮件大小。\n", "li@x.example 5.3.4 failed"),
        ("<用户@例子.example>: 550 5.1.1 User unknown\n", "用户@例子.example 5.1.1 failed"),
    ] {
        assert_eq!(told("", text), [expected], "{text}");
    }
}

#[test]
fn words_about_a_recipient_stand_where_he_does() {
    for (text, expected) in [
        ("undeliverable to:\n\tli@x.example (user not found)\n\twu@y.example (mailbox over its size limit)\n", "5.1.1 5.2.2"),
        ("not delivered:\nli@x.example; Mailbox does not exist\nwu@y.example - quota exceeded\n", "5.1.1 5.2.2"),
    ] {
        let expected: Vec<&str> = expected.split(' ').collect();
        let told = told("", text);
        assert_eq!(told.iter().map(|one| one.split(' ').nth(1).unwrap()).collect::<Vec<_>>(), expected, "{told:?}");
    }
    let pipe = "The following address(es) failed:\n\n  pipe to |/usr/bin/procmail\n    generated by li@x.example\n    local delivery failed\n\n\
                The following text was generated during the delivery attempt:\n\nprocmail: Quota exceeded while writing\n";
    assert_eq!(told("", pipe), ["li@x.example 5.2.2 failed"]);
}

#[test]
fn several_recipients_of_one_notice() {
    let qmail = "<li@x.example>:\n192.0.2.1 does not like recipient.\nRemote host said: 550 5.1.1 user unknown\n\n\
                     <wu@y.example>:\nSorry, I couldn't find any host named y.example. (#5.1.2)\n";
    assert_eq!(told("", qmail), ["li@x.example 5.1.1 failed", "wu@y.example 5.1.2 failed"]);
    let exim = "The following address(es) failed:\n\n  li@x.example\n    Unrouteable address\n  wu@y.example\n    \
                    SMTP error from remote mail server after RCPT TO:<wu@y.example>:\n    host mx [192.0.2.2]: 452 mailbox full\n";
    assert_eq!(told("X-Failed-Recipients: li@x.example, wu@y.example\n", exim), ["li@x.example 5.1.2 failed", "wu@y.example 4.2.2 failed"]);
    let sendmail = "   ----- The following addresses had permanent fatal errors -----\n<li@x.example>\n<wu@x.example>\n\n\
                        ----- Transcript of session follows -----\n550 <li@x.example>... User unknown\n552 <wu@x.example>... Message too large\n";
    assert_eq!(told("", sendmail), ["li@x.example 5.1.1 failed", "wu@x.example 5.3.4 failed"]);
    let chinese = "以下收件人投递失败：\n收件人：li@x.example\n退信原因：用户不存在\n收件人：wu@y.example\n退信原因：对方邮箱已满\n";
    assert_eq!(told("", chinese), ["li@x.example 5.1.1 failed", "wu@y.example 5.2.2 failed"]);
    let report = "Content-Type: multipart/report; report-type=delivery-status; boundary=b\n";
    let groups = "--b\n\nx\n--b\nContent-Type: message/delivery-status\n\nReporting-MTA: dns; m\n\nFinal-Recipient: rfc822; li@x.example\nAction: failed\n\
                      Status: 5.1.1\n\nFinal-Recipient: rfc822; wu@y.example\nAction: delayed\nStatus: 4.4.1\n--b--\n";
    assert_eq!(told(report, groups), ["li@x.example 5.1.1 failed", "wu@y.example 4.4.1 delayed"]);
    let local = "--b\n\nx\n--b\nContent-Type: message/delivery-status\n\nReporting-MTA: dns; m\n\nFinal-Recipient: LOCAL;<li>\nAction: failed\n\
                 Status: 5.1.1\n--b\nContent-Type: text/rfc822-headers\n\nTo: Li <li@x.example>\nMessage-ID: <m@desk.example>\n--b--\n";
    assert_eq!(told(report, local), ["li@x.example 5.1.1 failed"], "an account of a machine is nobody's address");
    let many: String = (0..500).map(|n| format!("<u{n}@x.example>:\nuser unknown\n\n")).collect();
    assert_eq!(told("", &many).len(), 50, "bounded");
}

#[test]
fn the_original_is_found_in_what_is_left_of_it() {
    let original = |text: &str| {
        let raw =
            format!("From: MAILER-DAEMON@q.example\nReturn-Path: <>\nSubject: failure notice\n\n<li@x.example>:\nuser unknown\n\n{text}");
        let report = read(raw.as_bytes(), None).report.unwrap();
        let id = |id: &MessageId| id.as_str().to_owned();
        (report.original.as_ref().map(id), report.original_references.iter().map(id).collect::<Vec<_>>())
    };
    let found = (Some("m@desk.example".to_owned()), vec!["pd.1.0.x@desk.example".to_owned(), "b@c".to_owned()]);
    for text in [
        "Return-Path: <it@desk.example>\nMessage-ID: <m@desk.example>\nReferences: <pd.1.0.x@desk.example>\n <b@c>\n\nhi",
        "> Received: from a\n> Message-Id: <m@desk.example>\n> References: <pd.1.0.x@desk.example>\n>  <b@c>\n>\n> hi",
        "   Received: from a\n   References: <pd.1.0.x@desk.example>\n\t<b@c>\n   Message-ID: <m@desk.example>",
    ] {
        assert_eq!(original(text), found, "{text}");
    }
    let cut = "--- Below this line is a copy of the message.\n\nReceived: from a\nReferences: <pd.1.0.x@desk.example>\n <b@c>\nMess";
    assert_eq!(original(cut), (None, found.1));
    assert_eq!(original("The mail with the message-id: <m@desk.example> is lost.").0, found.0);
}

/// However a server attaches the mail that it returns.
#[test]
fn the_returned_mail_is_read_in_any_part() {
    let copy = "Message-ID: <m@desk.example>\nReferences: <pd.1.0.x@desk.example>\nSubject: [#1] VPN\n\nhi\nRef: pd.1.0.x\n";
    for kind in [
        "message/rfc822", "text/rfc822-headers", "text/plain", "text/plain; name=\"original.txt\"",
        "application/octet-stream; name=\"mail.eml\"",
    ] {
        for report in [
            "Content-Type: message/delivery-status\n\nReporting-MTA: dns; m\n\nFinal-Recipient: rfc822; li@x.example\nAction: failed\nStatus: 5.1.1\n",
            "\nli@x.example does not exist\n",
        ] {
            let raw = format!(
                "From: MAILER-DAEMON@q.example\nSubject: Returned mail\nContent-Type: multipart/mixed; boundary=b\n\n--b\n\nx\n--b\n{report}--b\n\
                 Content-Type: {kind}\n\n{copy}--b--\n"
            );
            let report = read(raw.as_bytes(), None).report.unwrap();
            assert_eq!(report.original.as_ref().map(MessageId::as_str), Some("m@desk.example"), "{kind}");
            assert_eq!(report.returned, "[#1] VPN\nhi\nRef: pd.1.0.x", "{kind}");
        }
    }
}

/// (form, Content-Type and body of a forward) whose text names no sender's address.
#[test]
fn a_forward_is_read_where_its_sender_stands() {
    let page = "<div>请处理</div><div><b>发件人：</b>&nbsp;<a href=\"mailto:ming@ext.test\">李明</a></div><div><b>发送时间：</b>&nbsp;2026-12-01&nbsp;09:00</div>\
                <div><b>收件人：</b>&nbsp;li</div><div><b>主题：</b>&nbsp;打印机</div><div>卡纸。</div>";
    let text = "请处理\n\n发件人： 李明\n发送时间： 2026-12-01 09:00\n收件人： li\n主题： 打印机\n卡纸。";
    let foxmail = format!(
        "multipart/alternative; boundary=b\n\n--b\nContent-Type: text/plain; charset=utf-8\n\n{text}\n--b\nContent-Type: text/html; charset=utf-8\n\n{page}\n--b--\n"
    );
    let mail = "From: =?utf-8?b?5p2O5piO?= <ming@ext.test>\nSubject: =?utf-8?b?5omT5Y2w5py6?=\nContent-Type: text/plain; charset=utf-8\n\n卡纸。\n";
    let file = format!(
        "multipart/mixed; boundary=b\n\n--b\n\nplease\n--b\nContent-Type: application/octet-stream; name=\"mail.eml\"\n\n{mail}--b--\n"
    );
    for (form, rest) in [("foxmail", foxmail), ("as a file", file)] {
        let mail = read(format!("From: li@desk.test\nSubject: Fwd: x\nContent-Type: {rest}").as_bytes(), None);
        let original = mail.original.unwrap_or_else(|| panic!("{form}"));
        let from = original.from.map(|from| format!("{} <{}>", from.name, from.address));
        assert_eq!(
            (from.as_deref(), original.subject.as_str(), original.text.trim()),
            (Some("李明 <ming@ext.test>"), "打印机", "卡纸。"),
            "{form}"
        );
    }
}

#[test]
fn an_attached_report_does_not_make_a_bounce() {
    let raw = b"From: li@example.org\nSubject: what is this?\nContent-Type: multipart/mixed; boundary=b\n\n--b\n\nplease explain\n--b\n\
                    Content-Type: message/rfc822\n\nFrom: MAILER-DAEMON@x.example\nSubject: Undelivered Mail\nContent-Type: multipart/report\n\nx\n--b--\n";
    let mail = read(raw, None);
    assert_eq!((crate::domain::origin::bounce::shape(&mail), mail.report), (None, None));
}

#[test]
fn deep_and_wide_mails_end() {
    let deep = "Content-Type: message/rfc822\n\n".repeat(200_000);
    assert_eq!(read(deep.as_bytes(), None).attachments.len(), 1);
    let wide = format!("Content-Type: multipart/digest; boundary=b\n\n{}", "--b\n\nx\n".repeat(50_000));
    assert!(read(wide.as_bytes(), None).defects.contains(&Defect::TooManyParts));
    let long = [b"From: a@b\n\n".as_slice(), &vec![b'x'; 3 * TEXT]].concat();
    assert_eq!(read(&long, None).text.len(), TEXT);
    let fields = "X-A: b\n".repeat(100_000);
    assert_eq!(read(fields.as_bytes(), None).headers.len(), 1000);
}

/// Each costs time in proportion to its size: none may wait for a square.
#[test]
fn hostile_mails_end_soon() {
    let multiparts =
        |levels: usize| -> String { (0..levels).map(|i| format!("Content-Type: multipart/mixed; boundary=b{i}\n\n--b{i}\n")).collect() };
    let field =
        |piece: &str| format!("Subject: {0}\nTo: {0}\nReferences: {0}\nContent-Type: {0}\n\nx", piece.repeat(100_000 / piece.len()));
    let fields = |line: &str| line.repeat(1_000_000 / line.len()) + "\n\nx";
    let html = |piece: &str| format!("Content-Type: text/html\n\n{}", piece.repeat(1_000_000 / piece.len()));
    let text = |piece: &str| format!("From: a@b\n\n{}", piece.repeat(1_000_000 / piece.len()));
    let (deep, many, nul) = (multiparts(1000), fields("Delivered-To: a@b.example\n"), "\0".repeat(1_000_000));
    for (case, raw, defect) in [
        ("1000 multiparts inside one another", deep, Some(Defect::TooManyParts)),
        (
            "50,000 parts",
            format!("Content-Type: multipart/mixed; boundary=b\n\n{}", "--b\n\nx\n".repeat(50_000)),
            Some(Defect::TooManyParts),
        ),
        ("a header of 10 MB", format!("X-A: {}\n\nx", "a\n ".repeat(3_300_000)), Some(Defect::HeaderTooLarge)),
        ("fields without end", fields("X: y\n"), Some(Defect::HeaderTooLarge)),
        ("many borders", many, Some(Defect::HeaderTooLarge)),
        (
            "different borders",
            (0..900)
                .map(|i| format!("Delivered-To: {}\n", (0..40).map(|j| format!("a{i}.{j}@b,")).collect::<String>()))
                .collect::<String>()
                + "\nx",
            None,
        ),
        ("words begun", field("=?u?b?"), None),
        ("words begun, long", field("=?utf-8?q?aaaaaaaaaaaaaaaaaaa"), None),
        ("half words", field("=?=?"), None),
        ("commas", field(","), None),
        ("angles", field("<"), None),
        ("ids", field("<a@b> "), None),
        ("ids, different", field("<a@b\n "), None),
        ("comments", field("("), None),
        ("quotes", field("\""), None),
        ("parameters", field("a*0*=x; "), None),
        ("deep HTML", html("<div>"), Some(Defect::HtmlTooComplex)),
        ("deep tables", html("<table><tr><td>"), Some(Defect::HtmlTooComplex)),
        ("closing tags", html("<b></i>"), Some(Defect::HtmlTooComplex)),
        ("heads", text("On 1 Dec 2026 x <a@b> wrote:\n"), None),
        ("fields in the text", text("From: a@b\n"), None),
        ("quotes in the text", text("> "), None),
        ("uuencode begun", text("begin 644 a\n"), None),
        ("uuencode, long", text("begin 644 a\n#0V%T\n"), None),
        ("signatures begun", text("-----BEGIN PGP SIGNED MESSAGE-----\n\n"), None),
        ("feet", text("Sent from my (<"), None),
        ("a long text", text("words\n").repeat(2), Some(Defect::TextTooLong)),
        ("files in uuencode", text("begin 644 a\nend\n"), Some(Defect::TooManyParts)),
        (
            "recipients of a report",
            (0..100).fold(
                "Content-Type: multipart/report; boundary=b\n\n--b\nContent-Type: message/delivery-status\n\nReporting-MTA: dns; m\n"
                    .to_owned(),
                |report, i| report + &format!("\nFinal-Recipient: rfc822; a{i}@b.example\nAction: failed\nStatus: 5.1.1\n"),
            ),
            Some(Defect::TextTooLong),
        ),
        ("NULs", nul, Some(Defect::NoHeader)),
    ] {
        let mail = read(raw.as_bytes(), None);
        assert!(defect.is_none_or(|d| mail.defects.contains(&d)), "{case}: {:?}", mail.defects);
    }
}

#[test]
fn words_in_any_wrapping() {
    use Defect::{Encrypted, RichText, Uuencoded, Winmail};
    let mail = |rest: &str| read(format!("From: a@b.example\nMessage-ID: <a@b>\n{rest}").as_bytes(), None);
    let signed = "-----BEGIN PGP SIGNED MESSAGE-----\nHash: SHA512\n\nHello\n- - a list\n-----BEGIN PGP SIGNATURE-----\n\niQEz\n-----END PGP SIGNATURE-----\n";
    for (rest, words, defects) in [
            (format!("\n{signed}"), "Hello\n- a list", vec![]),
            ("\nsee\nbegin 644 cat.txt\n#0V%T\n`\nend\n".to_owned(), "see\n[cat.txt]", vec![]),
            ("Content-Transfer-Encoding: quoted-printable\n\nsee\nbegin 644 cat.txt\n#0V%T\n`\nend\n".to_owned(), "see\n[cat.txt]", vec![Uuencoded]),
            (
                "Content-Type: multipart/mixed; boundary=b\n\n--b\n\nhi\n--b\nContent-Type: application/ms-tnef; name=winmail.dat\n\nx\n--b--".to_owned(),
                "hi",
                vec![Winmail],
            ),
            ("Content-Type: multipart/encrypted; protocol=\"application/pgp-encrypted\"; boundary=b\n\n--b\nContent-Type: application/pgp-encrypted\n\nVersion: 1\n--b\nContent-Type: application/octet-stream; name=encrypted.asc\n\n-----BEGIN PGP MESSAGE-----\n\nhQEM\n-----END PGP MESSAGE-----\n--b--".to_owned(), "", vec![Encrypted]),
            ("\nSee below.\n-----BEGIN PGP MESSAGE-----\n\nhQEM\n-----END PGP MESSAGE-----\n".to_owned(), "See below.\n-----BEGIN PGP MESSAGE-----\n\nhQEM\n-----END PGP MESSAGE-----", vec![Encrypted]),
            ("\nWhat is this?\n> -----BEGIN PGP MESSAGE-----\n> hQEM\n".to_owned(), "What is this?", vec![]),
            ("Content-Type: application/octet-stream; name=smime.p7m\nContent-Transfer-Encoding: base64\n\nMIAGCSqGSIb3DQEHA6CA\n".to_owned(), "", vec![Encrypted]),
            ("Content-Type: application/pkcs7-mime; smime-type=enveloped-data\nContent-Transfer-Encoding: base64\n\nMIAGCSqGSIb3DQEHA6CA\n".to_owned(), "", vec![Encrypted]),
            ("Content-Type: multipart/signed; boundary=b\n\n--b\n\nhi\n--b\nContent-Type: application/pgp-signature; name=s.asc\n\nx\n--b--".to_owned(), "hi", vec![]),
            ("Content-Type: text/plain; format=flowed; delsp=yes\n\n打印 \n机坏了\n".to_owned(), "打印机坏了", vec![]),
            ("Content-Type: text/enriched\n\n<bold>Hi</bold>\nthere\n\nLi <<li@b.example>\n".to_owned(), "Hi there\nLi <li@b.example>", vec![]),
            ("Content-Type: multipart/alternative; boundary=b\n\n--b\nContent-Type: text/enriched\n\n<bold>Hi</bold>\n--b\nContent-Type: text/rtf\n\n{\\rtf1 Hi}\n--b--".to_owned(), "Hi", vec![]),
            ("Content-Type: text/rtf\n\n{\\rtf1 Hi}\n".to_owned(), "", vec![RichText]),
            ("Content-Type: multipart/mixed; boundary=b\n\n--b\nContent-Type: application/rtf\n\n{\\rtf1 Hi}\n--b--".to_owned(), "", vec![RichText]),
            ("Content-Type: text/plain; charset=utf-7\n\nHi +ZeVnLIqe-\n".to_owned(), "Hi 日本語", vec![]),
        ] {
            let mail = mail(&rest);
            assert_eq!((mail.reply.text.as_str(), mail.defects), (words, defects), "{rest}");
        }
}

/// (what stands in the text, names and contents of its files, defect)
#[test]
fn files_in_the_text_are_attachments() {
    let mail = |head: &str, text: &str| format!("From: a@b.example\nMessage-ID: <a@b>\n{head}\n{text}").into_bytes();
    let cat = "begin 644 cat.txt\n#0V%T\n`\nend\n";
    let long = format!("begin 600 ../../etc/zeros\n{}`\nend\n", format!("M{}\n", "`".repeat(60)).repeat(100_000));
    for (head, text, words, files) in [
        ("", format!("see\n\n{cat}\nbye\n"), "see\n\n[cat.txt]\n\nbye", vec![("cat.txt", b"Cat".to_vec())]),
        ("", format!("{cat}{cat}"), "[cat.txt]\n[cat.txt]", vec![("cat.txt", b"Cat".to_vec()); 2]),
        // Blanks at a line's end are lost on the way.
        ("", "begin 644 z\n#  \nend\n".to_owned(), "[z]", vec![("z", vec![0; 3])]),
        // The text is cut long before the file ends; the file is not.
        ("", format!("see\n{long}bye"), "see\n[../../etc/zeros]\nbye", vec![("zeros", vec![0; 4_500_000])]),
        ("Content-Type: text/html\n", cat.to_owned(), "begin 644 cat.txt #0V%T ` end", vec![]),
    ] {
        for raw in [mail(head, &text), mail(head, &text.replace('\n', "\r\n"))] {
            let read = read(&raw, None);
            let found: Vec<_> = read.attachments.iter().map(|file| (file.name.as_str(), held(&raw, file))).collect();
            assert!(found == files && read.text.len() < 100, "{words}: {:?}", read.attachments);
            assert!(read.attachments.iter().zip(&files).all(|(file, (_, bytes))| file.size == bytes.len() as u64 && !file.inline));
            assert_eq!((read.reply.text.as_str(), read.defects), (words, vec![]));
        }
    }
    let gbk = [b"From: a@b.example\nContent-Type: text/plain; charset=gbk\n\nbegin 644 ", &gbk("报告.txt")[..], b"\n#0V%T\nend\n"].concat();
    assert_eq!(read(&gbk, None).attachments[0].name, "报告.txt");
}

#[test]
fn addresses_outside_ascii() {
    let mail =
        read("From: 李伟 <李伟@例子.example>\nTo: Łukasz <łukasz@desk.example>\nMessage-ID: <一@例子.example>\n\nx".as_bytes(), None);
    assert_eq!(mail.from.map(|p| (p.name, p.address.to_string())), Some(("李伟".into(), "李伟@例子.example".into())));
    assert_eq!(mail.to.first().map(|p| p.address.to_string()).as_deref(), Some("łukasz@desk.example"));
    assert_eq!(mail.defects, []);
}

proptest! {
    #[test]
    fn any_bytes_are_read(raw in proptest::collection::vec(any::<u8>(), 0..600)) {
        let mail = read(&raw, None);
        for file in &mail.attachments {
            prop_assert_eq!(held(&raw, file).len() as u64, file.size);
        }
    }

    #[test]
    fn any_pieces_of_mail_are_read(pieces in proptest::collection::vec(prop_oneof![
        Just(b"\r\n".to_vec()), Just(b"\n\n".to_vec()), Just(b"--b\n".to_vec()), Just(b"--b--".to_vec()), Just(b"From: ".to_vec()),
        Just(b"Subject: =?gbk?B?".to_vec()), Just(b"?=".to_vec()), Just(b"Content-Type: multipart/report; boundary=b".to_vec()),
        Just(b"Content-Type: text/html; charset=big5\n\n".to_vec()), Just(b"Content-Transfer-Encoding: base64\n".to_vec()),
        Just(b"Content-Type: message/delivery-status\n\n".to_vec()), Just(b"Content-Type: text/plain; format=flowed\n\n".to_vec()),
        Just(b"<table><div>".to_vec()), Just(b"filename*0*=utf-8''%E6".to_vec()), proptest::collection::vec(any::<u8>(), 0..12),
    ], 0..40)) {
        let raw = pieces.concat();
        let mail = read(&raw, None);
        prop_assert!(mail.attachments.len() <= 1000);
    }

    #[test]
    fn any_date_is_read(value in "[0-9JanFebMonTue:, +-]{0,40}") {
        date(&value);
    }

    #[test]
    fn line_ends_make_no_difference(lines in proptest::collection::vec("[ -~]{0,30}", 0..20)) {
        let lf = format!("From: a@b.example\nSubject: x\n\n{}", lines.join("\n"));
        let crlf = lf.replace('\n', "\r\n");
        let (mut a, mut b) = (read(lf.as_bytes(), None), read(crlf.as_bytes(), None));
        (a.size, b.size) = (0, 0);
        prop_assert_eq!(a, b);
    }
}

/// The plain part of some mails says only that the words are in the other one.
#[test]
fn a_plain_part_that_is_a_stub_is_passed_over() {
    let mail = |plain: &str| {
        format!(
            "From: a@b.example\r\nContent-Type: multipart/alternative; boundary=b\r\n\r\n--b\r\nContent-Type: text/plain; charset=utf-8\r\n\r\n{plain}\r\n\
             --b\r\nContent-Type: text/html; charset=utf-8\r\n\r\n<p>The printer is broken.</p>\r\n--b--\r\n"
        )
    };
    for (plain, html) in [
        ("Your mail client does not support HTML.", true),
        ("To view the message, please use an HTML\r\ncompatible email viewer!", true),
        ("您的邮件客户端不支持 HTML 格式，请使用支持 HTML 的客户端查看", true),
        ("Ihr Programm kann kein HTML anzeigen.", true),
        ("The printer on floor 2 is broken.", false),
        ("打印机坏了", false),
        (&format!("The page does not support HTML. {}", "It fails. ".repeat(40)), false),
    ] {
        let text = read(mail(plain).as_bytes(), None).text;
        assert_eq!(text.trim() == "The printer is broken.", html, "{plain}: {text}");
    }
}

/// Lists and gateways set a footer below a text in base64 as it is.
#[test]
fn a_footer_below_base64_spoils_nothing() {
    let words = "打印机坏了，请处理";
    let encoded = data_encoding::BASE64.encode(words.as_bytes());
    let (first, second) = encoded.split_at(16);
    for (body, text) in [
        (format!("{encoded}\r\n"), words.to_owned()),
        (format!("{encoded}\r\n\r\n-- \r\nSent by the list\r\n"), format!("{words}\n-- \nSent by the list\n")),
        (format!("{first}\r\n{second}\r\n\r\n_______\r\nThe list\r\n"), format!("{words}\n_______\nThe list\n")),
        (format!("{first}\r\n\r\n{second}\r\n"), words.to_owned()),
        (format!("{first} \r\n {second}\r\n"), words.to_owned()),
        (format!("{first}!\r\n{second}\r\n"), words.to_owned()),
        (
            format!("{}\r\nScanned by a gateway.", data_encoding::BASE64.encode("坏了.".as_bytes())),
            "坏了.\nScanned by a gateway.".to_owned(),
        ),
    ] {
        let raw =
            format!("From: a@b.example\r\nContent-Type: text/plain; charset=utf-8\r\nContent-Transfer-Encoding: base64\r\n\r\n{body}");
        assert_eq!(read(raw.as_bytes(), None).text, text, "{body}");
    }
}
