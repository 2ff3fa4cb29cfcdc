//! The day that the demo plays: who writes what, when. Times are those of the desk on one Tuesday.

/// One thing that somebody does.
pub struct Scene {
    /// `08:05`; `+1 08:00` is the next day.
    pub at: &'static str,
    /// A word on what is to be seen, printed beside it.
    pub title: &'static str,
    /// What is done.
    pub act: Act,
}

/// What can be done in a demo: write mail, answer mail, let time pass.
pub enum Act {
    /// A new mail as a client writes it: From, Subject, more header lines, text.
    Mail {
        /// `Alice Baker <alice@example.com>`
        from: &'static str,
        /// Subject.
        subject: &'static str,
        /// Header lines, each with its line end; may be empty.
        headers: &'static str,
        /// Text.
        text: &'static str,
    },
    /// An answer to the newest mail of a template that this person got.
    Answer {
        /// Address of the one who answers.
        who: &'static str,
        /// `ack`, `agent_new`, …
        to: &'static str,
        /// Part of that mail's subject, to tell several apart.
        about: &'static str,
        /// Added to the subject: ` [resolve]`.
        tags: &'static str,
        /// Header lines; may be empty.
        headers: &'static str,
        /// The answer's own words, written above the quoted mail.
        text: &'static str,
    },
    /// Raw bytes, as broken as they are.
    Raw(&'static [u8]),
    /// The same bytes as an earlier scene's, once more.
    Again(usize),
    /// Nothing but the clock.
    Wait,
}

const fn mail(at: &'static str, title: &'static str, from: &'static str, subject: &'static str, text: &'static str) -> Scene {
    Scene { at, title, act: Act::Mail { from, subject, headers: "", text } }
}

const fn machine(
    at: &'static str,
    title: &'static str,
    from: &'static str,
    subject: &'static str,
    headers: &'static str,
    text: &'static str,
) -> Scene {
    Scene { at, title, act: Act::Mail { from, subject, headers, text } }
}

const fn answer(
    at: &'static str,
    title: &'static str,
    who: &'static str,
    to: &'static str,
    about: &'static str,
    tags: &'static str,
    text: &'static str,
) -> Scene {
    Scene { at, title, act: Act::Answer { who, to, about, tags, headers: "", text } }
}

/// The day.
pub static DAY: &[Scene] = &[
    mail(
        "08:02",
        "a requester whose VPN is down",
        "Alice Baker <alice@example.com>",
        "VPN down",
        "Good morning,\n\nsince today the VPN says error 809 on my laptop. I cannot reach the file server from home.\n\nAlice",
    ),
    mail(
        "08:04",
        "a Chinese requester with a broken printer",
        "赵敏 <zhaomin@example.cn>",
        "三楼打印机坏了",
        "您好,\n\n三楼的打印机一直卡纸,重启过了还是不行,麻烦派人看一下。\n\n赵敏",
    ),
    mail(
        "08:09",
        "a forgotten password",
        "Ben Ortiz <ben@example.com>",
        "Cannot log in - password expired?",
        "Hi, my password no longer works after the weekend. Can you reset it?\n\nBen",
    ),
    mail(
        "08:11",
        "权限申请",
        "王磊 <wanglei@example.cn>",
        "申请财务共享盘的访问权限",
        "你好,我刚调到财务部,需要开通财务共享盘的访问权限,谢谢。",
    ),
    Scene { at: "08:12", title: "the first mail once more: nothing happens", act: Act::Again(0) },
    answer(
        "08:20",
        "Li answers and takes the ticket",
        "li@desk.example",
        "agent_new",
        "VPN",
        " [take]",
        "Hello Alice,\n\nerror 809 means that your router drops IPsec. Please switch the VPN profile to \"IKEv2\" and try again.\n\nLi",
    ),
    answer("08:22", "王芳 takes the printer, without words", "wangfang@desk.example", "agent_new", "打印机", " 【认领】【优先级=高】", ""),
    machine(
        "08:25",
        "a vacation notice for our acknowledgment: no answer to it, ever",
        "Ben Ortiz <ben@example.com>",
        "Automatic reply: away until Monday",
        "Auto-Submitted: auto-replied\n",
        "I am out of office until Monday.",
    ),
    answer(
        "08:31", "Alice: still broken, with a file", "alice@example.com", "reply", "VPN", "",
        "Thanks, but it still fails with 809. What else can I try?",
    ),
    mail(
        "08:35",
        "software",
        "Carol Diaz <carol@example.com>",
        "Please install Acrobat",
        "Hello, I need Acrobat installed on my new notebook for signing contracts. Asset PC-0411.",
    ),
    machine(
        "08:40",
        "a newsletter: kept, no ticket",
        "News <news@shop.example>",
        "Autumn sale, 30 % off",
        "List-Id: <news.shop.example>\nList-Unsubscribe: <mailto:u@shop.example>\nPrecedence: bulk\n",
        "Buy now.",
    ),
    answer(
        "08:44", "a near miss: nothing is sent, Li is told", "li@desk.example", "agent_followup", "VPN", " [resovle]",
        "Please reboot the router, then it works.",
    ),
    answer(
        "08:46",
        "and again, right this time",
        "li@desk.example",
        "agent_followup",
        "VPN",
        " [resolve]",
        "The router's firmware blocked UDP 500; we changed the profile on our side to TCP 443. Please reconnect.",
    ),
    mail(
        "08:50",
        "网络很慢",
        "孙丽 <sunli@example.cn>",
        "办公室无线网络很慢",
        "今天早上开始,办公室的 WiFi 特别慢,视频会议一直掉线,客户会议马上开始了,很急!",
    ),
    answer("08:55", "Alice confirms in her own words", "alice@example.com", "resolved", "VPN", "", "Solved, thank you!"),
    answer(
        "09:01",
        "王芳 asks for more and waits three working days",
        "wangfang@desk.example",
        "agent_new",
        "权限",
        " 【等待=3wd】",
        "王磊您好,\n\n请您的主管回复确认此申请,并告知需要只读还是读写权限。\n\n王芳",
    ),
    answer("09:10", "the answer that was waited for", "wanglei@example.cn", "reply", "权限", "", "主管李总已同意,只读即可。"),
    Scene {
        at: "09:12",
        title: "a bounce: filed with its ticket, Li's colleague is told once",
        act: Act::Answer {
            who: "carol@example.com",
            to: "ack",
            about: "Acrobat",
            tags: "",
            headers: "Return-Path: <>\nFrom: MAILER-DAEMON@example.com\nSubject: Undelivered Mail Returned to Sender\nAuto-Submitted: auto-replied\nContent-Type: multipart/report; report-type=delivery-status; boundary=b\n",
            text: "--b\nContent-Type: text/plain\n\nYour mail could not be delivered to carol@example.com.\n\n--b\nContent-Type: message/delivery-status\n\nReporting-MTA: dns; mx.example.com\n\nFinal-Recipient: rfc822; carol@example.com\nAction: failed\nStatus: 5.1.1\nDiagnostic-Code: smtp; 550 5.1.1 no such user\n\n--b\nContent-Type: text/rfc822-headers\n\n@ORIGINAL@\n--b--\n",
        },
    },
    answer(
        "09:20", "a note stays inside", "wangfang@desk.example", "agent_receipt", "打印机", " 【备注】",
        "搓纸轮磨损,已联系供应商,周三到货。",
    ),
    mail(
        "09:31",
        "a mail that names no category",
        "Dan Evans <dan@example.com>",
        "Question",
        "Hello, who do I talk to about the coffee machine on the second floor?",
    ),
    machine(
        "09:40",
        "somebody else's number in the subject: a linked new ticket, not Alice's",
        "Mallory <mallory@elsewhere.example>",
        "Re: [#1001] VPN down",
        "",
        "Please send me the VPN password.",
    ),
    Scene {
        at: "09:41",
        title: "a broken mail: no From, raw Chinese bytes; still a ticket",
        act: Act::Raw(b"Subject: \xb4\xf2\xd3\xa1\xbb\xfa\n\n\xb4\xf2\xd3\xa1\xbb\xfa\xbb\xb5\xc1\xcb\n"),
    },
    answer(
        "10:05",
        "孙丽's network: Li hands out an article",
        "li@desk.example",
        "agent_new",
        "无线",
        " [take] [kb=wifi-connect]",
        "孙丽您好,\n\n三楼的无线接入点刚刚重启过,请先按附上的文章重新连接;如果仍然慢,请告诉我您的座位号。\n\n李伟",
    ),
    answer("10:12", "thanks and nothing else: filed, nobody is disturbed", "sunli@example.cn", "reply", "无线", "", "好的,谢谢!"),
    answer("10:30", "Ben's password is done; no words are needed", "wangfang@desk.example", "agent_new", "password", " [resolve]", ""),
    mail("11:00", "the list of tags, asked by mail", "Li Wei <li@desk.example>", "[help]", ""),
    answer(
        "11:20", "王芳 resolves the permission", "wangfang@desk.example", "agent_followup", "权限", " 【解决】",
        "已为您开通只读权限,请重新登录后查看。",
    ),
    mail(
        "13:15",
        "a second ticket from Alice",
        "Alice Baker <alice@example.com>",
        "Laptop screen flickers",
        "Hello, the display of my laptop flickers since lunch, also on battery.\n\nAlice",
    ),
    answer("14:00", "handed to the other team", "wangfang@desk.example", "agent_new", "Acrobat", " [team=network]", ""),
    answer("15:30", "王磊 is content", "wanglei@example.cn", "resolved", "权限", "", "已解决,谢谢王工!"),
    mail("16:45", "urging without a number joins the one open ticket", "孙丽 <sunli@example.cn>", "催办", "请问网络的问题有进展吗?"),
    Scene { at: "+1 08:00", title: "the lead's summary", act: Act::Wait },
];
