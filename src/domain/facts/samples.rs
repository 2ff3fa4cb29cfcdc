//! Sample facts: what `check` renders every template with, and what the golden mails show.
//!
//! For each template a rich sample first, then the edges: empty lists, nobody in charge, no ticket, texts that try to break out.

use super::{
    Ack, AgentError, AgentFollowup, AgentNew, AgentReceipt, Approval, Because, Card, Closed, Confirm, Consult, Facts, Help, Link,
    OldTicket, Quarantined, Reminder, Reply, Row, Summary, TagHelp, TooLarge, Update, Waits, Words,
};
use crate::domain::doubt::{Doubt, Suspicion};
use crate::domain::language::is_chinese;
use crate::domain::sentence::Sentence;

impl Facts {
    /// Sample facts for every template, in the words of this language (`zh`, else English); a template's samples stand together.
    pub fn samples(language: &str) -> Vec<Facts> {
        let words = if is_chinese(language) { zh() } else { en() };
        let mut all = to_requesters(&words);
        all.extend(to_agents(&words));
        all.extend(reports(&words));
        for withheld in [false, true] {
            let (arrived, why) = ("2026-12-01 09:30".into(), words.defect.into());
            all.push(Facts::Quarantined(Quarantined { number: 12, arrived, bytes: 4711, why, withheld }));
        }
        all
    }
}

/// The words that differ between the languages.
struct Vocabulary {
    language: &'static str,
    subject: &'static str,
    status: &'static str,
    priority: &'static str,
    category: &'static str,
    team: &'static str,
    owner: &'static str,
    requester: &'static str,
    words: &'static str,
    text: &'static str,
    playbook: &'static str,
    steps: &'static str,
    article: (&'static str, &'static str),
    missing: [&'static str; 2],
    approval: &'static str,
    file: &'static str,
    fields: [&'static str; 2],
    not_attached: &'static str,
    event: &'static str,
    done: [&'static str; 2],
    error: &'static str,
    unproved: &'static str,
    defect: &'static str,
    age: &'static str,
    answer_by: &'static str,
    tags: [(&'static str, &'static str, &'static str); 3],
}

fn en() -> Vocabulary {
    Vocabulary {
        language: "en",
        subject: "VPN drops every hour",
        status: "open",
        priority: "high",
        category: "Network",
        team: "network",
        owner: "Li Wei",
        requester: "Alice Brown",
        words: "Hello Alice,\n\nplease install the new client from https://kb.example.com/vpn-setup.\n\n    1. quit the old one\n    2. restart\n\nKind regards\nLi",
        text: "Hello,\n\nsince this morning the VPN drops after an hour:\n\n  > error 809 *again*\n\nSee http://intranet.example.com/shot.png\nAlice",
        playbook: "When the VPN is down",
        steps: "1. Look at https://status.example.com/vpn.\n2. Ask for the error number (809, 691).\n3. Restart *ike* on vpn-gw-1.",
        article: ("Set up the VPN client", "Install the client and import the profile, five minutes."),
        missing: ["the name of your computer (on the sticker, PC-0000)", "the exact words of the error message"],
        approval: "waits for Zhao Min",
        file: "screenshot 1.png",
        fields: ["Error code: 809", "url: http://intranet.example.com/"],
        not_attached: "dump.zip (31.2 MB) is too large: the files of one mail may have 20.0 MB together. It is in the original mail in the mailbox support@example.com; ask whoever looks after that mailbox.",
        event: "Our mail to alice@example.com was refused: 5.1.1 user unknown.",
        done: ["Priority is high now (was normal).", "The ticket is yours now."],
        error: "There is no tag \"priorty\". Did you mean \"priority\"?",
        unproved: "The mail did not answer a notification of yours, so nothing proves that you wrote it.",
        defect: "The sender's charset was wrong; the text was read by detection.",
        age: "3d 4h",
        answer_by: "Tuesday 14:00",
        tags: [
            ("[take]", "认领", "makes the ticket yours"),
            ("[priority=high]", "优先级", "low, normal, high or urgent"),
            ("[note]", "备注", "the text stays internal"),
        ],
    }
}

fn zh() -> Vocabulary {
    Vocabulary {
        language: "zh",
        subject: "VPN 每小时断线",
        status: "处理中",
        priority: "高",
        category: "网络",
        team: "网络组",
        owner: "李伟",
        requester: "王芳",
        words: "王芳您好：\n\n请从 https://kb.example.com/vpn-setup 下载新版客户端。\n\n    1、退出旧版\n    2、重启电脑\n\n李伟",
        text: "您好，\n\n从今天早上开始，VPN 每隔一小时就断线：\n\n  > 报 *809* 错误\n\n截图见http://intranet.example.com/shot.png，谢谢！\n王芳",
        playbook: "VPN 故障处理手册",
        steps: "1. 查看 https://status.example.com/vpn。\n2. 询问错误代码（809、691）。\n3. 在 vpn-gw-1 上重启 *ike*。",
        article: ("VPN 客户端安装指南", "安装客户端并导入配置，约五分钟。"),
        missing: ["电脑编号（贴在机身上，如 PC-0000）", "报错的完整文字或截图"],
        approval: "等待赵敏审批",
        file: "断线截图.png",
        fields: ["错误码：809", "url：http://intranet.example.com/"],
        not_attached: "内存转储.zip（31.2 MB）过大：每封邮件的附件合计不超过 20.0 MB。请在邮箱 support@example.com 的原邮件中查看，或联系邮箱管理员。",
        event: "发给 alice@example.com 的邮件被退回：5.1.1 用户不存在。",
        done: ["优先级已由“普通”改为“高”。", "工单已由您负责。"],
        error: "没有“优先机”这个标签，是否想写“优先级”？",
        unproved: "这封邮件不是对发给您的通知的回复，无法证明由您本人所写。",
        defect: "发件方标注的字符集有误，正文按检测结果读取。",
        age: "3天4小时",
        answer_by: "周二 14:00",
        tags: [
            ("【认领】", "领取、接手", "由您负责这张工单"),
            ("【优先级=高】", "级别", "低、普通、高、紧急"),
            ("【备注】", "", "正文仅内部可见"),
        ],
    }
}

/// What a hostile sender may write into any fact.
const HOSTILE: &str = "</p><script>x</script> **b** [win](http://evil.example) http://evil.example/ `| {{desk}}\r\nBcc: x@evil.example";

impl Vocabulary {
    fn card(&self) -> Card {
        Card {
            number: 1042,
            tag: "[#1042]".into(),
            subject: self.subject.into(),
            status: self.status.into(),
            priority: self.priority.into(),
            category: self.category.into(),
            team: self.team.into(),
            owner: self.owner.into(),
            requester: self.requester.into(),
            requester_address: "alice@example.com".into(),
            opened: "2026-12-01 09:12".into(),
            machine: false,
            approval: self.approval.into(),
        }
    }

    /// A ticket that nobody has looked at, from somebody who means harm.
    fn bare(&self) -> Card {
        Card {
            number: 1043,
            tag: "[#1043]".into(),
            subject: HOSTILE.into(),
            status: self.status.into(),
            priority: self.priority.into(),
            requester: HOSTILE.into(),
            requester_address: "x@evil.example".into(),
            opened: "2026-12-01 09:13".into(),
            ..Card::default()
        }
    }

    fn articles(&self) -> Vec<Link> {
        let (title, summary) = self.article;
        vec![
            Link { title: title.into(), url: "https://kb.example.com/vpn-setup".into(), summary: summary.into() },
            Link { title: "FAQ (VPN)".into(), url: "https://kb.example.com/a_b?x=(1)&y=2".into(), summary: String::new() },
            Link { title: "VPN *809*".into(), url: String::new(), summary: summary.into() },
        ]
    }
}

fn to_requesters(w: &Vocabulary) -> Vec<Facts> {
    let missing = w.missing.iter().map(|m| (*m).to_owned()).collect();
    let words = |ticket, words: &str, articles, closes_in_days| Words {
        ticket,
        agent: w.owner.into(),
        words: words.into(),
        articles,
        closes_in_days,
    };
    let update = Update { ticket: w.card(), owner: String::new(), team: String::new(), waiting: false, reopened: false, rejected: false };
    vec![
        Facts::Ack(Ack { ticket: w.card(), handed_by: String::new(), answer_by: w.answer_by.into(), articles: w.articles(), missing }),
        Facts::Ack(Ack {
            ticket: w.bare(),
            handed_by: w.owner.into(),
            answer_by: String::new(),
            articles: Vec::new(),
            missing: Vec::new(),
        }),
        Facts::Ack(Ack {
            ticket: Card { subject: String::new(), ..w.card() },
            handed_by: String::new(),
            answer_by: w.answer_by.into(),
            articles: Vec::new(),
            missing: vec![w.missing[0].into()],
        }),
        Facts::Reply(Reply { ticket: w.card(), agent: w.owner.into(), words: w.words.into(), articles: w.articles() }),
        Facts::Reply(Reply { ticket: w.bare(), agent: w.owner.into(), words: "OK".into(), articles: Vec::new() }),
        Facts::Update(Update { owner: w.owner.into(), ..update.clone() }),
        Facts::Update(Update { team: w.team.into(), waiting: true, ..update.clone() }),
        Facts::Update(Update { reopened: true, ..update.clone() }),
        Facts::Update(Update { rejected: true, ..update.clone() }),
        Facts::Update(update),
        Facts::Resolved(words(w.card(), w.words, w.articles(), 5)),
        Facts::Resolved(words(w.bare(), "", Vec::new(), 1)),
        Facts::Closed(Closed {
            ticket: w.card(),
            agent: w.owner.into(),
            words: w.words.into(),
            merged_into: String::new(),
            reopen_days: 14,
        }),
        Facts::Closed(Closed { ticket: w.bare(), agent: String::new(), words: String::new(), merged_into: String::new(), reopen_days: 1 }),
        Facts::Closed(Closed {
            ticket: w.card(),
            agent: w.owner.into(),
            words: String::new(),
            merged_into: "[#1040]".into(),
            reopen_days: 14,
        }),
        Facts::Reminder(Reminder { ticket: w.card(), waiting: true, closes_in_days: 7 }),
        Facts::Reminder(Reminder { ticket: w.bare(), waiting: true, closes_in_days: 0 }),
        Facts::Reminder(Reminder { ticket: w.card(), waiting: false, closes_in_days: 1 }),
        Facts::TooLarge(TooLarge { ticket: w.card(), size_mb: "61.3".into(), limit_mb: "25.0".into() }),
    ]
}

fn to_agents(w: &Vocabulary) -> Vec<Facts> {
    let mut all = new_tickets(w);
    all.extend(questions(w));
    all.extend(answers(w));
    all
}

fn new_tickets(w: &Vocabulary) -> Vec<Facts> {
    let because = |matched: &str| Because {
        rule: "vpn".into(),
        at: "rules/20-network.toml:3".into(),
        field: "subject".into(),
        matched: matched.into(),
    };
    let playbook = |url: &str| Some(Link { title: w.playbook.into(), url: url.into(), summary: String::new() });
    let new = AgentNew {
        ticket: w.card(),
        agent: w.owner.into(),
        answer_by: "2026-12-01 13:12".into(),
        resolve_by: "2026-12-02 09:12".into(),
        yours: true,
        handed_by: "Chen Hao".into(),
        note: w.event.into(),
        text: w.text.into(),
        files: vec![w.file.into(), "log_1*.txt".into()],
        not_attached: vec![w.not_attached.into()],
        defects: vec![w.defect.into()],
        evidence: vec![because("vpn"), because("809")],
        playbook: playbook("https://kb.example.com/vpn-outage"),
        steps: w.steps.into(),
        articles: w.articles(),
        fields: w.fields.map(str::to_owned).into(),
    };
    let bare_new = AgentNew {
        ticket: w.bare(),
        answer_by: String::new(),
        resolve_by: String::new(),
        yours: false,
        handed_by: String::new(),
        note: String::new(),
        text: HOSTILE.into(),
        files: Vec::new(),
        not_attached: vec![HOSTILE.into()],
        defects: Vec::new(),
        evidence: Vec::new(),
        playbook: None,
        steps: String::new(),
        articles: Vec::new(),
        fields: Vec::new(),
        ..new.clone()
    };
    vec![
        Facts::AgentNew(Box::new(new.clone())),
        Facts::AgentNew(Box::new(AgentNew { ticket: Card { machine: true, ..w.bare() }, playbook: playbook(""), ..bare_new.clone() })),
        Facts::AgentNew(Box::new(bare_new)),
    ]
}

fn questions(w: &Vocabulary) -> Vec<Facts> {
    let approval = Approval {
        ticket: w.card(),
        approver: w.owner.into(),
        asked_by: "Chen Hao".into(),
        note: w.event.into(),
        text: w.text.into(),
        files: vec![w.file.into()],
    };
    vec![
        Facts::Approval(approval.clone()),
        Facts::Approval(Approval {
            ticket: w.bare(),
            asked_by: String::new(),
            note: String::new(),
            text: HOSTILE.into(),
            files: Vec::new(),
            ..approval
        }),
        Facts::Consult(Consult { ticket: w.card(), adviser: w.requester.into(), agent: w.owner.into(), words: w.words.into() }),
        Facts::Consult(Consult { ticket: w.bare(), adviser: "expert".into(), agent: w.owner.into(), words: "OK?".into() }),
    ]
}

/// What follows upon words and orders.
fn answers(w: &Vocabulary) -> Vec<Facts> {
    let followup = AgentFollowup {
        ticket: w.card(),
        agent: w.owner.into(),
        from: w.requester.into(),
        event: String::new(),
        text: w.text.into(),
        files: vec![],
        not_attached: vec![],
    };
    let error = AgentError {
        ticket: Some(w.card()),
        agent: w.owner.into(),
        subject: "Re: [#1042] VPN [priorty=high]".into(),
        errors: vec![w.error.into()],
        text: w.words.into(),
        held: false,
        days: 0,
        tags: true,
    };
    let done: Vec<String> = w.done.iter().map(|d| (*d).to_owned()).collect();
    let confirm = Confirm {
        ticket: w.card(),
        agent: w.owner.into(),
        subject: "[#1042] [priority=high] [take]".into(),
        written: "2026-12-01 09:12".into(),
        why: w.unproved.into(),
        done: done.clone(),
        sent_to: w.requester.into(),
        text: w.words.into(),
        files: vec![w.file.into()],
        days: 7,
    };
    vec![
        Facts::AgentFollowup(AgentFollowup { files: vec![w.file.into()], not_attached: vec![w.not_attached.into()], ..followup.clone() }),
        Facts::AgentFollowup(AgentFollowup { from: String::new(), event: w.event.into(), text: String::new(), ..followup }),
        Facts::AgentReceipt(AgentReceipt {
            ticket: w.card(),
            agent: w.owner.into(),
            done: done.clone(),
            sent_to: w.requester.into(),
            goes_at: String::new(),
        }),
        Facts::AgentReceipt(AgentReceipt {
            ticket: w.card(),
            agent: w.owner.into(),
            done,
            sent_to: w.requester.into(),
            goes_at: "2026-12-01 09:22".into(),
        }),
        Facts::AgentReceipt(AgentReceipt {
            ticket: w.bare(),
            agent: w.owner.into(),
            done: Vec::new(),
            sent_to: String::new(),
            goes_at: String::new(),
        }),
        Facts::AgentError(error.clone()),
        Facts::AgentError(AgentError { held: true, ..error.clone() }),
        Facts::AgentError(AgentError { held: true, days: 7, ..error.clone() }),
        Facts::AgentError(AgentError { tags: false, ..error.clone() }),
        Facts::AgentError(AgentError { ticket: None, text: String::new(), ..error }),
        Facts::Confirm(confirm.clone()),
        Facts::Confirm(Confirm {
            done: Vec::new(),
            sent_to: String::new(),
            files: Vec::new(),
            subject: HOSTILE.into(),
            text: HOSTILE.into(),
            ..confirm.clone()
        }),
        Facts::Confirm(Confirm {
            ticket: w.bare(),
            subject: String::new(),
            sent_to: String::new(),
            text: String::new(),
            files: Vec::new(),
            ..confirm
        }),
    ]
}

fn reports(w: &Vocabulary) -> Vec<Facts> {
    let row = |name: &str, live| Row { name: name.into(), opened: 12, resolved: 9, live };
    let old = |ticket| OldTicket { ticket, age: w.age.into() };
    let summary = Summary {
        name: "daily".into(),
        since: "2026-11-30 08:00".into(),
        until: "2026-12-01 08:00".into(),
        last: "2026-11-27 08:00".into(),
        counts: true,
        opened: 31,
        answered: 28,
        resolved: 25,
        unanswered: 4,
        open: 17,
        waiting: 6,
        oldest: vec![old(w.card()), old(Card { owner: String::new(), ..w.bare() })],
        by_category: vec![row(w.category, 8), row("Account", 110)],
        by_team: vec![row(w.team, 8), row("a|b", 2)],
        ..Summary::default()
    };
    let quiet = Summary {
        name: summary.name.clone(),
        since: summary.since.clone(),
        until: summary.until.clone(),
        last: summary.last.clone(),
        counts: true,
        ..Summary::default()
    };
    let why = |line: Sentence| line.to(w.language).to_owned();
    let waits = Waits {
        ticket: w.card(),
        who: w.owner.into(),
        since: "2026-11-30 17:40".into(),
        why: why(Doubt::Internal.line()),
        doubted: false,
        until: String::new(),
    };
    let doubted =
        |ticket, doubt: Doubt| Waits { ticket, why: why(doubt.line()), doubted: true, until: "2026-12-07 17:40".into(), ..waits.clone() };
    let who = "x@evil.example".into();
    let stranger = Waits { ticket: w.bare(), who, why: why(Suspicion::Spam.line()), doubted: true, ..waits.clone() };
    let unsettled = Summary {
        name: "unsettled".into(),
        waits: true,
        held: vec![waits.clone(), doubted(w.bare(), Doubt::Forged)],
        unconfirmed: vec![doubted(w.card(), Doubt::Unproved)],
        more_unconfirmed: 1,
        suspect: vec![stranger],
        more_suspect: 12,
        counts: false,
        ..quiet.clone()
    };
    let busy = Summary { waits: true, held: vec![waits], more_held: 3, ..summary.clone() };
    let tags: Vec<TagHelp> =
        w.tags.iter().map(|(usage, zh, doc)| TagHelp { usage: (*usage).into(), zh: (*zh).into(), doc: (*doc).into() }).collect();
    let help = Help { ticket: None, agent: w.owner.into(), tags, unfiled: String::new(), files: Vec::new() };
    vec![
        Facts::Summary(Box::new(summary)),
        Facts::Summary(Box::new(quiet)),
        Facts::Summary(Box::new(busy)),
        Facts::Summary(Box::new(unsettled)),
        Facts::Help(Help { ticket: Some(w.card()), ..help.clone() }),
        Facts::Help(Help { unfiled: w.text.into(), files: vec![w.file.into()], ..help.clone() }),
        Facts::Help(help),
    ]
}
