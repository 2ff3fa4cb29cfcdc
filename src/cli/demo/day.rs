//! The day that the demo plays: who writes what, when. Times are those of the desk's zone.

/// A part of the day.
pub struct Chapter {
    /// What it shows.
    pub title: &'static str,
    /// What happens, in order.
    pub scenes: &'static [Scene],
}

/// One thing that somebody does.
pub struct Scene {
    /// `08:05`; `+1 08:00` is the next day.
    pub at: &'static str,
    /// What happens, for the printed line; empty for a new mail, whose sender and subject say it.
    pub title: &'static str,
    /// What is done.
    pub act: Act,
}

/// What can be done in a demo: write mail, answer mail, let time pass.
pub enum Act {
    /// A new mail as a client or a machine writes it.
    Mail(Mail),
    /// An answer to the newest mail of a kind that this person got.
    Answer(Answer),
    /// The requester's host reports that the newest mail of a kind could not be delivered (RFC 3464).
    Bounce {
        /// Address that refuses mail.
        who: &'static str,
        /// Template of the mail that comes back.
        to: &'static str,
        /// Part of its subject.
        about: &'static str,
    },
    /// Raw bytes, as broken as they are.
    Raw(&'static [u8]),
    /// The day's first mail once more, the same bytes in another file.
    Again,
    /// Nothing but the clock.
    Wait,
}

/// A new mail.
pub struct Mail {
    /// `Alice Baker <alice@example.com>`
    pub from: &'static str,
    /// Subject.
    pub subject: &'static str,
    /// More header lines, each with its line end; may be empty.
    pub headers: &'static str,
    /// Text.
    pub text: &'static str,
}

/// An answer.
pub struct Answer {
    /// `Li Wei <li@desk.example>`
    pub who: &'static str,
    /// Template of the mail that is answered: `ack`, `agent_new`, …
    pub to: &'static str,
    /// Part of that mail's subject, to tell several apart.
    pub about: &'static str,
    /// Added to the subject: ` [resolve]`.
    pub tags: &'static str,
    /// More header lines; may be empty.
    pub headers: &'static str,
    /// The answer's own words, written above the quoted mail.
    pub text: &'static str,
    /// A file that goes along: name and text.
    pub file: Option<(&'static str, &'static str)>,
}

const fn mail(at: &'static str, from: &'static str, subject: &'static str, text: &'static str) -> Scene {
    Scene { at, title: "", act: Act::Mail(Mail { from, subject, headers: "", text }) }
}

const fn machine(at: &'static str, from: &'static str, subject: &'static str, headers: &'static str, text: &'static str) -> Scene {
    Scene { at, title: "", act: Act::Mail(Mail { from, subject, headers, text }) }
}

const fn answer(
    at: &'static str,
    title: &'static str,
    who: &'static str,
    (to, about): (&'static str, &'static str),
    tags: &'static str,
    text: &'static str,
) -> Scene {
    Scene { at, title, act: Act::Answer(Answer { who, to, about, tags, headers: "", text, file: None }) }
}

const ALICE: &str = "Alice Baker <alice@example.com>";
const BEN: &str = "Ben Ortiz <ben@example.com>";
const ZHAO: &str = "赵敏 <zhaomin@example.cn>";
const WANG_LEI: &str = "王磊 <wanglei@example.cn>";
const SUN: &str = "孙丽 <sunli@example.cn>";
const LI: &str = "Li Wei <li@desk.example>";
const WANG: &str = "王芳 <wangfang@desk.example>";

/// The day.
pub static DAY: &[Chapter] = &[
    Chapter { title: "Mail becomes tickets: judged by rules, acknowledged with articles, handed to the right team", scenes: MORNING },
    Chapter { title: "Agents answer from their own mail client; tags in the subject steer", scenes: ANSWERS },
    Chapter { title: "Machines are never answered, and strangers enter no thread", scenes: MACHINES },
    Chapter { title: "Notes stay inside, tickets wait and change hands", scenes: FORENOON },
    Chapter { title: "The rest of the day, and the next morning", scenes: REST },
];

static MORNING: &[Scene] = &[
    mail(
        "08:02",
        ALICE,
        "VPN down",
        "Good morning,\n\nsince today the VPN says error 809 on my laptop. I cannot reach the file server from home.\n\nAlice",
    ),
    mail("08:04", ZHAO, "三楼打印机坏了", "您好，\n\n三楼的打印机一直卡纸，重启过了还是不行，麻烦派人看一下。\n\n赵敏"),
    mail(
        "08:09",
        BEN,
        "Cannot log in since Monday",
        "Hi,\n\nmy password no longer works, it probably expired over the weekend. Can you reset it?\n\nBen",
    ),
    mail("08:11", WANG_LEI, "申请财务共享盘的访问权限", "你好，\n\n我刚调到财务部，需要开通财务共享盘的访问权限，谢谢。\n\n王磊"),
    Scene { at: "08:12", title: "Alice's mail once more, by another road", act: Act::Again },
    mail(
        "08:15",
        "Carol Diaz <carol@example.com>",
        "Please install Acrobat",
        "Hello, I need Acrobat on my new notebook to sign contracts. Its label says PC-0411.",
    ),
    Scene {
        at: "08:17",
        title: "a broken mail: no From, no charset",
        act: Act::Raw(b"Subject: \xb4\xf2\xd3\xa1\xbb\xfa\n\n\xb6\xfe\xc2\xa5\xb4\xf2\xd3\xa1\xbb\xfa\xbb\xb5\xc1\xcb\n"),
    },
];

static ANSWERS: &[Scene] = &[
    answer(
        "08:20",
        "Li Wei answers Alice",
        LI,
        ("agent_new", "VPN"),
        " [take]",
        "Hello Alice,\n\nerror 809 means that a router on the way drops IPsec. Please switch the VPN profile to \"IKEv2\" and try again.",
    ),
    answer("08:22", "王芳, without a word", WANG, ("agent_new", "三楼打印机"), " 【认领】【优先级=高】", ""),
    Scene {
        at: "08:31",
        title: "Alice: still broken, with a file",
        act: Act::Answer(Answer {
            who: ALICE,
            to: "reply",
            about: "VPN",
            tags: "",
            headers: "",
            text: "Thanks, but it still fails with 809. The log is attached.",
            file: Some(("vpn-log.txt", "08:27:11 IKEv2 negotiation started\n08:27:41 timeout on UDP 500, error 809\n")),
        }),
    },
    answer(
        "08:44",
        "Li Wei mistypes a tag",
        LI,
        ("agent_followup", "VPN"),
        " [resovle]",
        "The log helped: your router blocks UDP 500. We moved your profile to TCP 443. Please connect again.",
    ),
    answer(
        "08:46",
        "Li Wei, right this time",
        LI,
        ("agent_error", "VPN"),
        " [resolve]",
        "The log helped: your router blocks UDP 500. We moved your profile to TCP 443. Please connect again.",
    ),
    answer("08:55", "Alice: solved, thank you!", ALICE, ("resolved", "VPN"), "", "Solved, thank you!"),
];

static MACHINES: &[Scene] = &[
    Scene {
        at: "09:00",
        title: "Ben's vacation notice answers us",
        act: Act::Answer(Answer {
            who: BEN,
            to: "ack",
            about: "log in",
            tags: "",
            headers: "Subject: Automatic reply: out of the office until noon\nAuto-Submitted: auto-replied\n",
            text: "I am out of the office until noon.",
            file: None,
        }),
    },
    machine(
        "09:02",
        "Daily Deals <news@shop.example>",
        "Autumn sale, 30 % off",
        "List-Id: <news.shop.example>\nList-Unsubscribe: <mailto:u@shop.example>\nPrecedence: bulk\n",
        "Everything must go.",
    ),
    machine(
        "09:05",
        "Monitor <alerts@monitor.example>",
        "CRITICAL: switch-2f is unreachable",
        "Auto-Submitted: auto-generated\n",
        "Host switch-2f (10.2.0.2) has not answered since 09:01.\nSecond floor, room 2.14.",
    ),
    Scene {
        at: "09:12",
        title: "Carol's mailbox refuses our mail",
        act: Act::Bounce { who: "carol@example.com", to: "ack", about: "Acrobat" },
    },
    mail("09:14", "Mallory <mallory@elsewhere.example>", "Re: [#1001] VPN down", "Please send me the VPN password."),
];

static FORENOON: &[Scene] = &[
    answer(
        "09:20",
        "王芳 writes a note",
        WANG,
        ("agent_receipt", "三楼打印机"),
        " 【备注】",
        "搓纸轮磨损，已联系供应商，周三到货。供应商报价偏高，先不要告诉用户。",
    ),
    answer(
        "09:25",
        "王芳 asks, and waits three days",
        WANG,
        ("agent_new", "权限"),
        " 【等待=3d】",
        "王磊您好，\n\n请您的主管回复确认此申请，并告知需要只读还是读写权限。",
    ),
    answer("09:40", "王磊 answers", WANG_LEI, ("reply", "权限"), "", "主管李总已同意，只读即可。"),
    mail(
        "09:41",
        "Dan Evans <dan@example.com>",
        "The door reader is dark",
        "Hello, the badge reader at the door on the second floor has been dark since nine. Who can look at it?\n\nDan",
    ),
    answer(
        "09:48",
        "王芳 hands it over",
        WANG,
        ("agent_new", "door reader"),
        " [team=network] [note]",
        "The reader hangs on switch-2f, which the monitor reports as down. Please look.",
    ),
    mail("09:50", SUN, "办公室无线网络很慢", "今天早上开始，办公室的 WiFi 特别慢，视频会议一直掉线，客户会议马上开始了，很急！"),
    answer(
        "10:05",
        "Li Wei adds a link",
        LI,
        ("agent_new", "无线"),
        " [take] [kb=wifi-connect]",
        "孙丽您好，\n\n三楼的无线接入点刚刚重启过，请先按所附文章重新连接；如果仍然慢，请告诉我您的座位号。",
    ),
    answer("10:12", "孙丽: 好的，谢谢！", SUN, ("reply", "无线"), "", "好的，谢谢！"),
    answer("10:30", "王芳, without a word", WANG, ("agent_new", "log in"), " [take] [resolve]", ""),
];

static REST: &[Scene] = &[
    mail("11:00", LI, "[help]", ""),
    answer("11:20", "王芳 solves it", WANG, ("agent_followup", "权限"), " 【解决】", "已为您开通只读权限，请重新登录后查看。"),
    mail(
        "13:15",
        "Emma Fox <emma@example.com>",
        "Laptop screen flickers",
        "Hello, the display of my laptop flickers since lunch, also on battery. No hurry.\n\nEmma",
    ),
    answer("15:30", "王磊: 已解决，谢谢！", WANG_LEI, ("resolved", "权限"), "", "已解决，谢谢！"),
    mail("16:45", SUN, "催办", "请问网络的问题有进展吗？"),
    Scene { at: "+1 08:00", title: "the next morning, by the clock alone", act: Act::Wait },
];
