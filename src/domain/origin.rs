//! What kind of mail a mail is: a person's, or some machine's (RFC 3834, RFC 3464).
//!
//! First match wins: own, bounce, automatic reply, generated, list or bulk, person. The tables hold words that machines write at the
//! start of a subject or notice; a word that people use as well (a ticket about the leave system) counts only beside a machine's mark.

use serde::{Deserialize, Serialize};

use super::message::{Address, Reading, Report};
use super::policy::Policy;

/// The kinds, as `explain` spells them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum OriginKind {
    /// Written by a person.
    Person,
    /// A vacation notice and its like.
    AutomaticReply,
    /// A machine's own mail: an alert, a form.
    Generated,
    /// A delivery report.
    Bounce,
    /// A list, a newsletter.
    Bulk,
    /// Our own mail, come back.
    Own,
}

/// A judgement with its reason.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Origin {
    /// What it is.
    pub kind: OriginKind,
    /// Why, in words with the evidence.
    pub because: String,
    /// The border marked it as spam or forged: a ticket without any automatic mail.
    pub suspect: bool,
    /// The sender's system asks for no acknowledgment, or would answer it.
    pub suppress: bool,
    /// Filled for a bounce.
    pub bounce: Option<Bounce>,
}

/// A bounce's facts.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Bounce {
    /// Who could not be reached.
    pub recipient: Option<Address>,
    /// Enhanced status code, `5.1.1` (RFC 3463).
    pub status: Option<String>,
    /// One line in words.
    pub reason: String,
    /// Will not come right by itself.
    pub hard: bool,
}

/// Judges a reading; first match wins, in the order of design section 4.
pub fn judge(mail: &Reading, policy: &Policy) -> Origin {
    let found = own(mail, policy)
        .map(|why| (OriginKind::Own, why))
        .or_else(|| bounce_shape(mail).map(|why| (OriginKind::Bounce, why)))
        .or_else(|| automatic_reply(mail).map(|why| (OriginKind::AutomaticReply, why)))
        .or_else(|| generated(mail).map(|why| (OriginKind::Generated, why)))
        .or_else(|| bulk(mail, policy).map(|why| (OriginKind::Bulk, why)));
    let (kind, mut because) = found.unwrap_or_else(|| (OriginKind::Person, "no mark of a machine".to_owned()));
    let suspicion = suspicion(mail, policy);
    if let Some(why) = &suspicion {
        because = format!("{because}; suspect: {why}");
    }
    let bounce = (kind == OriginKind::Bounce).then(|| facts(mail.report.as_ref(), mail));
    Origin { kind, because, suspect: suspicion.is_some(), suppress: suppressed(mail), bounce }
}

/// Our signed Message-ID (`pdl.<key>.<signature>@…`) or our loop header; never From.
fn own(mail: &Reading, policy: &Policy) -> Option<String> {
    if let Some((local, _)) = mail.id.as_ref().and_then(|id| id.as_str().split_once('@'))
        && let Some((key, signature)) = local.strip_prefix("pdl.").and_then(|rest| rest.split_once('.'))
        && policy.key.sign(&["letter", key]) == signature
    {
        return Some("its Message-ID carries our signature".to_owned());
    }
    let mark = policy.key.sign(&["loop"]);
    mail.all_headers("X-Postdesk-Loop").any(|v| v.trim() == mark).then(|| "it carries this desk's X-Postdesk-Loop header".to_owned())
}

// Bounces.

/// Subjects of delivery reports, lower case.
const BOUNCE_SUBJECTS: &[&str] = &[
    "undeliver", "returned mail", "delivery status notification", "delivery failure", "failure notice", "delivery notification",
    "mail delivery fail", "mail delivery problem", "mail delivery error", "mail system error", "delivery has failed",
    "could not be delivered", "non-deliver", "nondeliver", "not deliver", "unzustellbar", "delivery report", "mail failure",
    "message delivery failure", "returned to sender", "return to sender", "delivery failed", "delivery incomplete",
    "message not delivered", "message delayed", "delivery delayed", "delayed mail", "warning: message", "delivery warning", "failed mail",
    "warning: could not send", "message blocked", "rejected mail", "mail rejected", "message undelivered", "unknown user", "user unknown",
    "mail could not be", "notification d'échec", "non remis", "no se puede entregar", "no entregado", "mancato recapito", "не доставлен",
    "配信不能", "无法投递", "无法送达", "投递失败", "退信", "未送达", "传递失败", "未传递", "投递状态", "邮件被退回", "發送失敗",
    "無法傳遞", "無法送達", "寄送失敗",
];

/// What notices say in their first lines, lower case.
const BOUNCE_WORDS: &[&str] = &[
    "could not be delivered", "couldn't be delivered", "cannot be delivered", "can't be delivered", "did not reach", "was not delivered",
    "not be delivered to", "permanent fatal error", "permanent error", "delivery failed", "delivery to the following", "delivery failure",
    "undeliverable", "undelivered", "unable to deliver", "failed permanently", "user unknown", "unknown user", "no such user",
    "mailbox unavailable", "returned to sender", "returned mail", "message returned", "delivery error", "delivery has failed",
    "delivery attempts", "does not exist", "not found", "failed to deliver", "failed addresses", "fatal errors", "the following address",
    "non-deliver", "over quota", "mailbox full", "invalid user", "postponed", "无法投递", "无法送达", "未能送达", "投递失败", "退信",
    "被退回", "退回", "收件人不存在", "發送失敗", "無法傳遞", "無法送達",
];

/// Why this is a delivery report, if it is one. A person who quotes, forwards or attaches a report does not write one.
pub fn bounce_shape(mail: &Reading) -> Option<String> {
    let root = content_type(mail);
    if root.starts_with("multipart/report") {
        if root.contains("disposition-notification") || root.contains("feedback-report") {
            return None;
        }
        if mail.report.is_some() || root.contains("delivery-status") {
            return Some("it is a delivery report (RFC 3464)".to_owned());
        }
    }
    if let Some(failed) = mail.header("X-Failed-Recipients") {
        return Some(format!("X-Failed-Recipients: {failed}"));
    }
    let subject = mail.base_subject.to_lowercase();
    let by_subject = BOUNCE_SUBJECTS.iter().find(|s| subject.contains(*s));
    let by_words = || {
        let opening = opening(&mail.text);
        BOUNCE_WORDS.iter().find(|w| opening.contains(*w))
    };
    if let Some(sender) = daemon(mail) {
        if mail.attachments.iter().any(|a| a.media_type == "message/delivery-status") {
            return Some(format!("a delivery report (RFC 3464) from {sender}"));
        }
        if let Some(word) = by_subject.or_else(by_words) {
            return Some(format!("it comes from {sender} and says \"{word}\""));
        }
        if sender.to_ascii_lowercase().contains("daemon") {
            return Some(format!("it comes from {sender}"));
        }
    }
    // A quoted or forwarded report has a prefix that mailers write and machines do not.
    let answered = mail.forwarded || mail.subject != mail.base_subject;
    let machine = mail.return_path == Some(None) || auto_submitted(mail).is_some();
    // An alert may speak of failed deliveries too: without the null reverse-path its text must read like a notice.
    let told = by_subject.is_some() && (mail.return_path == Some(None) || by_words().is_some());
    if machine && !answered && (mail.report.is_some() || told) && vacation(&mail.subject).is_none() {
        return Some(format!("a machine's mail with a report's {}", if by_subject.is_some() { "subject" } else { "content (RFC 3464)" }));
    }
    let returned = mail.attachments.iter().any(|a| a.media_type == "message/rfc822" || a.media_type == "text/rfc822-headers");
    if returned && !answered && mail.return_path == Some(None) && vacation(&mail.subject).is_none() {
        return Some("a null reverse-path, and it returns a mail".to_owned());
    }
    let (subject, words) = (by_subject?, by_words()?);
    let returned = returned || mail.text.lines().any(|l| l.trim_start_matches(['>', ' ']).starts_with("Received:"));
    let fresh = !answered && mail.in_reply_to.is_empty() && mail.references.is_empty();
    (fresh && returned).then(|| format!("its subject says \"{subject}\", its text \"{words}\", and it returns a mail"))
}

/// The first lines in lower case.
fn opening(text: &str) -> String {
    let mut opening = String::new();
    for line in text.lines().map(str::trim).filter(|l| !l.is_empty()).take(14) {
        opening.extend(line.chars().take(300).flat_map(char::to_lowercase));
        opening.push(' ');
    }
    opening
}

/// The sender, where it is a mail system's. Some write a From that is no address: `MAILER-DAEMON <>`.
fn daemon(mail: &Reading) -> Option<&str> {
    let marks = [
        "mailer-daemon", "mailerdaemon", "mailer_daemon", "mailer daemon", "mail-daemon", "maildaemon", "mail.daemon", "mdaemon@",
        "smtp-daemon", "postmaster", "post_master", "microsoftexchange", "mmdf@", "mail delivery s", "mail administrator",
        "delivery subsystem", "邮件系统", "系统退信", "退信",
    ];
    let from = mail.header("From")?;
    let lower = from.to_lowercase();
    marks.iter().any(|m| lower.contains(m)).then_some(from)
}

/// Content-Type of the whole mail, lower case.
fn content_type(mail: &Reading) -> String {
    mail.header("Content-Type").unwrap_or("").to_ascii_lowercase()
}

/// Phrases of notices and the status code (RFC 3463) that they stand for. Order matters: the more telling first.
const STATUS_WORDS: &[(&str, &str)] = &[
    ("user unknown", "5.1.1"),
    ("unknown user", "5.1.1"),
    ("no such user", "5.1.1"),
    ("no such mailbox", "5.1.1"),
    ("no such recipient", "5.1.1"),
    ("unknown recipient", "5.1.1"),
    ("recipient unknown", "5.1.1"),
    ("invalid recipient", "5.1.1"),
    ("recipient not found", "5.1.1"),
    ("user not found", "5.1.1"),
    ("mailbox not found", "5.1.1"),
    ("no mailbox here", "5.1.1"),
    ("unknown or illegal alias", "5.1.1"),
    ("unknown address", "5.1.1"),
    ("account does not exist", "5.1.1"),
    ("doesn't have a", "5.1.1"),
    ("not listed in", "5.1.1"),
    ("unrouteable", "5.1.2"),
    ("address does not exist", "5.1.1"),
    ("addressee unknown", "5.1.1"),
    ("user doesn't exist", "5.1.1"),
    ("user does not exist", "5.1.1"),
    ("收件人不存在", "5.1.1"),
    ("用户不存在", "5.1.1"),
    ("收件人邮件地址不存在", "5.1.1"),
    ("帐号不存在", "5.1.1"),
    ("账号不存在", "5.1.1"),
    ("邮箱不存在", "5.1.1"),
    ("地址不存在", "5.1.1"),
    ("host unknown", "5.1.2"),
    ("host not found", "5.1.2"),
    ("unknown host", "5.1.2"),
    ("domain not found", "5.1.2"),
    ("no such host", "5.1.2"),
    ("couldn't find any host", "5.1.2"),
    ("域名不存在", "5.1.2"),
    ("domain does not exist", "5.1.2"),
    ("unroutable", "5.1.2"),
    ("may not exist", "5.1.1"),
    ("folder is full", "5.2.2"),
    ("invalid user", "5.1.1"),
    ("mailbox is full", "5.2.2"),
    ("mailbox full", "5.2.2"),
    ("over quota", "5.2.2"),
    ("quota exceeded", "5.2.2"),
    ("exceeded storage", "5.2.2"),
    ("邮箱已满", "5.2.2"),
    ("空间已满", "5.2.2"),
    ("空间不足", "5.2.2"),
    ("account is disabled", "5.2.1"),
    ("mailbox disabled", "5.2.1"),
    ("account has been disabled", "5.2.1"),
    ("被禁用", "5.2.1"),
    ("too large", "5.3.4"),
    ("exceeds the maximum", "5.3.4"),
    ("relay", "5.7.1"),
    ("spam", "5.7.1"),
    ("垃圾邮件", "5.7.1"),
    ("timed out", "4.4.1"),
    ("connection refused", "4.4.1"),
    ("network error", "4.4.1"),
    ("too long", "4.4.7"),
    ("attempts", "4.4.7"),
];

/// The status code that a notice's words stand for.
pub fn words_to_status(text: &str) -> Option<&'static str> {
    let text = text.to_lowercase();
    STATUS_WORDS.iter().find(|(words, _)| text.contains(words)).map(|(_, status)| *status)
}

fn facts(report: Option<&Report>, mail: &Reading) -> Bounce {
    let empty = Report::default();
    let report = report.unwrap_or(&empty);
    let status = report.status.clone();
    let class = status.as_deref().and_then(|s| s.chars().next());
    let (reason, lasting) = match report.action.as_str() {
        "delayed" => ("delayed, still being tried", false),
        "delivered" | "relayed" | "expanded" => ("delivered", false),
        _ if class == Some('2') => ("delivered", false),
        _ => {
            let told = words_to_status(&report.diagnostic).or_else(|| words_to_status(&opening(&mail.text)));
            let known = status.as_deref().filter(|s| !s.ends_with(".0.0")).or(told);
            reason(known.unwrap_or(""))
        }
    };
    Bounce { recipient: report.recipient.clone(), status, reason: reason.to_owned(), hard: lasting && class != Some('4') }
}

/// A closed set of reasons by status code, and whether the same mail would fail again later.
fn reason(status: &str) -> (&'static str, bool) {
    let mut parts = status.split('.').skip(1);
    match (parts.next().unwrap_or(""), parts.next().unwrap_or("")) {
        ("1", "2") => ("no such host", true),
        ("1", "7" | "8") => ("our sender address was refused", true),
        ("1", _) => ("no such mailbox", true),
        ("2", "1") => ("the mailbox is disabled", true),
        ("2", "2") => ("the mailbox is full", false),
        ("2", "3") | ("3", "4") => ("the message is too large", true),
        ("4", "7") => ("not delivered in time", false),
        ("4", _) => ("network or routing trouble", false),
        ("3", _) => ("the receiving system cannot take mail", false),
        ("6", _) => ("the content was refused", true),
        ("7", _) => ("refused by policy or as spam", true),
        ("5", _) => ("the mail systems did not understand each other", true),
        _ => ("not delivered, no reason given", true),
    }
}

// Automatic replies.

/// Auto-Submitted's keyword (RFC 3834 section 5) where it says that a machine wrote; `no` is a person's mail.
fn auto_submitted(mail: &Reading) -> Option<String> {
    let word = mail.header("Auto-Submitted")?.split([';', '(', ' ']).next().unwrap_or("").trim().to_ascii_lowercase();
    (!word.is_empty() && word != "no").then_some(word)
}

/// How automatic replies begin their subject, lower case; a colon, bracket or the end must follow.
const VACATION: &[&str] = &[
    "automatic reply", "automatic response", "automated reply", "automated response", "auto reply", "auto-reply", "autoreply",
    "auto response", "auto-response", "autoresponse", "auto", "out of office", "out of the office", "out of office autoreply",
    "out of office reply", "out-of-office", "ooo", "vacation", "away from the office", "on vacation", "自动回复", "自動回覆", "自動回復",
    "自动答复", "自动应答", "不在办公室", "不在辦公室", "外出自动回复", "休假自动回复", "自動返信", "自動応答", "不在通知", "자동 회신",
    "자동 응답", "부재중", "abwesenheitsnotiz", "abwesend", "automatische antwort", "automatische antwoord", "réponse automatique",
    "message d'absence", "absence du bureau", "absent du bureau", "respuesta automática", "fuera de la oficina", "fuera de oficina",
    "risposta automatica", "fuori sede", "fuori ufficio", "resposta automática", "fora do escritório", "automatisch antwoord",
    "niet aanwezig", "afwezig", "automatyczna odpowiedź", "poza biurem", "автоответ", "автоматический ответ", "вне офиса",
    "автоматична відповідь", "autosvar", "automatiskt svar", "automatisk svar", "frånvarande", "automaattinen vastaus",
    "poissaoloilmoitus", "automatická odpověď", "mimo kancelář", "automatikus válasz", "házon kívül", "otomatik yanıt", "ofis dışında",
    "răspuns automat", "αυτόματη απάντηση", "trả lời tự động", "balasan otomatis",
];

/// Words of absence that people also use in tickets: they count only beside a machine's mark.
const ABSENCE: &[&str] = &[
    "out of office", "out of the office", "vacation", "on leave", "away", "holiday", "absence", "休假", "不在办公室", "出差", "外出",
    "自动回复", "自動回覆", "不在辦公室", "absent", "autoreply",
];

/// The subject begins as automatic replies do.
fn vacation(subject: &str) -> Option<&'static str> {
    let subject = subject.to_lowercase();
    let subject = subject.trim_start_matches(['[', '【', '(', '（', '<', '*', ' ', '"', '“']);
    VACATION.iter().copied().find(|word| {
        subject.strip_prefix(*word).is_some_and(|after| {
            let after = after.trim_start();
            after.is_empty()
                || after.starts_with([':', '：', ']', '】', ')', '）', '>', '*', '"', '”', '-', '–'])
                || after.starts_with("re:")
        })
    })
}

fn automatic_reply(mail: &Reading) -> Option<String> {
    let submitted = auto_submitted(mail);
    if let Some(word) = submitted.as_deref().filter(|w| *w == "auto-replied") {
        return Some(format!("Auto-Submitted: {word}"));
    }
    for name in [
        "X-Autoreply", "X-Autorespond", "X-Autoresponder", "X-Autoreply-From", "X-Mail-Autoreply", "X-AutoReply-From",
        "X-TMDA-Confirm-Done",
    ] {
        if let Some(value) = mail.header(name).filter(|v| !v.eq_ignore_ascii_case("no")) {
            return Some(format!("{name}: {value}"));
        }
    }
    let precedence = precedence(mail);
    if precedence == "auto_reply" || precedence == "auto-reply" {
        return Some(format!("Precedence: {precedence}"));
    }
    let root = content_type(mail);
    if root.contains("disposition-notification") || mail.attachments.iter().any(|a| a.media_type == "message/disposition-notification") {
        return Some("it is a read receipt (RFC 3798)".to_owned());
    }
    if let Some(why) = calendar_reply(mail, &root) {
        return Some(why);
    }
    if let Some(why) = challenge(mail).or_else(|| receipt(mail)) {
        return Some(why);
    }
    if mail.return_path == Some(None) && !mail.references.is_empty() {
        return Some("it answers with a null reverse-path, as no person does (RFC 5321 section 4.5.5)".to_owned());
    }
    if mail.header("Auto-Submitted").is_some() && submitted.is_none() {
        return None;
    }
    if let Some(word) = vacation(&mail.subject) {
        return Some(format!("its subject begins with \"{word}\""));
    }
    let machine =
        submitted.is_some() || mail.return_path == Some(None) || matches!(precedence.as_str(), "bulk" | "junk") || asks_for_none(mail);
    let subject = mail.subject.to_lowercase();
    let absence = ABSENCE.iter().find(|w| subject.contains(**w)).filter(|_| machine)?;
    Some(format!("its subject says \"{absence}\" and a machine wrote it"))
}

fn precedence(mail: &Reading) -> String {
    mail.header("Precedence").unwrap_or("").trim().to_ascii_lowercase()
}

/// Answers to invitations (RFC 5546 REPLY).
fn calendar_reply(mail: &Reading, root: &str) -> Option<String> {
    let calendar = root.starts_with("text/calendar") || mail.attachments.iter().any(|a| a.media_type == "text/calendar");
    let words = [
        "accepted:", "declined:", "tentative:", "tentatively accepted:", "已接受", "接受:", "接受：", "已拒绝", "谢绝:", "谢绝：", "暂定:",
        "暂定：", "zugesagt:", "abgesagt:", "accepté", "refusé",
    ];
    let subject = mail.subject.to_lowercase();
    let told = root.contains("method=reply") || root.contains("method=\"reply\"");
    (calendar && (told || words.iter().any(|w| subject.starts_with(w)))).then(|| "it answers an invitation".to_owned())
}

/// Challenge-response systems ask the sender to prove that he is a person.
fn challenge(mail: &Reading) -> Option<String> {
    let subject = mail.subject.to_lowercase();
    let words = [
        "[boxtrapper]", "please confirm your message", "confirm your email to", "your message requires confirmation",
        "message verification required", "spam arrest",
    ];
    let word = words.iter().find(|w| subject.contains(**w))?;
    Some(format!("its subject is a challenge: \"{word}\""))
}

/// How read receipts without a report begin their subject, lower case, and what one of them says.
const RECEIPTS: &[&str] =
    &["read:", "not read:", "已读:", "已读：", "未读:", "回执:", "回执：", "gelesen:", "lu :", "leído:", "letto:", "lido:"];
const RECEIPT_WORDS: &[&str] = &[
    "was read on", "was deleted without being read", "this is a receipt for", "已被阅读", "已于", "已阅读", "已查看", "wurde gelesen",
    "wurde am", "a été lu", "fue leído", "è stato letto", "foi lida",
];

/// A read receipt of a client that knows no RFC 3798.
fn receipt(mail: &Reading) -> Option<String> {
    let subject = mail.subject.to_lowercase();
    let opening = opening(&mail.text);
    let begun = RECEIPTS.iter().find(|word| subject.starts_with(**word))?;
    RECEIPT_WORDS.iter().any(|words| opening.contains(words)).then(|| format!("it is a read receipt: its subject begins with \"{begun}\""))
}

// Machines' own mail.

fn generated(mail: &Reading) -> Option<String> {
    if let Some(word) = auto_submitted(mail) {
        return Some(format!("Auto-Submitted: {word}"));
    }
    let root = content_type(mail);
    (root.starts_with("multipart/report") && root.contains("feedback-report")).then(|| "it is an abuse report (RFC 5965)".to_owned())
}

fn bulk(mail: &Reading, policy: &Policy) -> Option<String> {
    // People reach the mailbox through its own lists: those marks say nothing.
    let through = |value: &str| {
        let value = value.to_lowercase();
        policy.mailboxes.iter().flat_map(|m| &m.via_lists).any(|list| !list.is_empty() && value.contains(&list.to_lowercase()))
    };
    let lists = ["List-Id", "List-Post", "X-Mailing-List", "Mailing-List", "List-Unsubscribe"];
    if lists.iter().any(|name| mail.all_headers(name).any(through)) {
        return None;
    }
    if let Some((name, value)) = lists.iter().find_map(|name| mail.header(name).map(|v| (name, v))) {
        return Some(format!("{name}: {}", value.chars().take(120).collect::<String>()));
    }
    let precedence = precedence(mail);
    matches!(precedence.as_str(), "bulk" | "list" | "junk").then(|| format!("Precedence: {precedence}"))
}

// Beside the kind.

/// Marks that ticket systems and robots put on all that they send, a person's words among it: a ticket, but no answer of ours, or two
/// systems would thank each other for ever.
const ROBOTS: &[&str] = &[
    "X-Postdesk-Mail", "X-Loop", "X-RT-Loop-Prevention", "RT-Ticket", "X-OTRS-Loop", "X-Powered-By-OTRS", "X-Znuny-Loop",
    "X-Zammad-Ticket-Id", "X-JIRA-FingerPrint", "X-Zendesk-From-Account-Id", "X-ServiceNow-Generated", "X-GLPI-Itemtype", "X-Redmine-Host",
    "X-GitHub-Reason", "X-GitLab-Project", "X-Bugzilla-Type", "X-Roundup-Name", "X-Freshdesk-Ticket-Id", "X-osTicket-Loop",
    "X-Request-Tracker",
];

/// The sender's system asks that no machine answers, or is a machine that would answer back.
fn suppressed(mail: &Reading) -> bool {
    // A null reverse-path is never answered: RFC 5321 section 4.5.5.
    asks_for_none(mail) || mail.return_path == Some(None) || ROBOTS.iter().any(|name| mail.header(name).is_some())
}

/// X-Auto-Response-Suppress (Exchange's own).
fn asks_for_none(mail: &Reading) -> bool {
    mail.all_headers("X-Auto-Response-Suppress").any(|v| {
        let v = v.to_ascii_lowercase();
        ["all", "autoreply", "oof"].iter().any(|w| v.split([',', ' ', ';']).any(|x| x.trim() == *w))
    })
}

/// Why the border distrusts this mail.
fn suspicion(mail: &Reading, policy: &Policy) -> Option<String> {
    for name in ["X-Spam-Flag", "X-Spam-Status"] {
        if let Some(value) = mail.header(name).filter(|v| v.trim().to_ascii_lowercase().starts_with("yes")) {
            return Some(format!("{name}: {}", value.chars().take(40).collect::<String>()));
        }
    }
    dmarc_failed(mail, policy).then(|| "our border reports dmarc=fail".to_owned())
}

/// Does our own border say that From is forged (RFC 8601)? What others write under their names says nothing.
pub fn dmarc_failed(mail: &Reading, policy: &Policy) -> bool {
    let ours = |value: &str| {
        let id = value.split([';', ' ']).next().unwrap_or("").trim();
        policy.authserv_ids.iter().any(|own| own.eq_ignore_ascii_case(id))
    };
    let failed = |value: &str| value.split(';').skip(1).any(|r| r.trim_start().to_ascii_lowercase().starts_with("dmarc=fail"));
    mail.all_headers("Authentication-Results").any(|v| ours(v) && failed(v))
}

#[cfg(test)]
mod tests {
    use super::super::attachment::Attachment;
    use super::super::message::{MessageId, Person};
    use super::super::policy::{Closing, Desk, Limits, Mailbox};
    use super::super::rules::RuleSet;
    use super::super::ticket::Matrix;
    use super::super::trust::Key;
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
            canned: std::sync::Arc::default(),
            calendar: None,
            sla: std::collections::BTreeMap::default(),
            closing: Closing { close: chrono::Duration::days(7), ..Closing::default() },
            limits: Limits { message_size: 0, per_address: vec![], per_ticket: vec![], attachments: 0 },
            approvers: Vec::new(),
            summaries: vec![],
            languages: vec!["en".into(), "zh".into()],
            authserv_ids: vec!["mx.desk.example".into()],
            key: Key([7; 32]),
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
        let bare = subject.trim_start_matches("Re: ").trim_start_matches("Fwd: ").trim_start_matches("转发：").to_owned();
        Reading {
            from: Address::parse(&from).map(|address| Person { name: String::new(), address }),
            return_path: get("Return-Path").map(|v| Address::parse(&v)),
            forwarded: subject.starts_with("Fwd: ") || subject.starts_with("转发："),
            base_subject: bare,
            subject,
            text: text.to_owned(),
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
            (B, "From: x@example.org\nReturn-Path: <>\nSubject: 投递失败通知\n\n收件人不存在"),
            (B, "From: admin@example.org\nSubject: failure notice\n\nUser unknown\n\nReceived: from a"),
            (AutomaticReply, "Subject: Away\nAuto-Submitted: auto-replied (vacation)\n\nx"),
            (AutomaticReply, "Subject: x\nX-Autoreply: yes\n\nx"),
            (AutomaticReply, "Subject: x\nX-Autorespond: vacation\n\nx"),
            (AutomaticReply, "Subject: x\nPrecedence: auto_reply\n\nx"),
            (AutomaticReply, "Subject: Automatic reply: VPN\nAuto-Submitted: auto-generated\n\nx"),
            (AutomaticReply, "Subject: Out of Office: VPN\n\nx"),
            (AutomaticReply, "Subject: 自动回复: VPN\n\nx"),
            (AutomaticReply, "Subject: 【自动回复】我在休假\n\nx"),
            (AutomaticReply, "Subject: 休假至12月5日\nReturn-Path: <>\n\nx"),
            (AutomaticReply, "Subject: I am on vacation until Monday\nPrecedence: bulk\n\nx"),
            (AutomaticReply, "Subject: Read: x\nContent-Type: multipart/report; report-type=disposition-notification\n\nx"),
            (AutomaticReply, "Subject: Accepted: visit\nContent-Type: text/calendar; method=REPLY\n\nx"),
            (AutomaticReply, "Subject: Please confirm your message\n\nclick"),
            (AutomaticReply, "Subject: Absence du bureau : VPN\n\nJe suis absente"),
            (AutomaticReply, "Subject: Автоматический ответ: VPN\n\nx"),
            (AutomaticReply, "Subject: 부재중: VPN\n\nx"),
            (AutomaticReply, "Subject: Read: VPN\n\nYour message was read on Tuesday."),
            (AutomaticReply, "Subject: 已读：VPN\n\n您的邮件已被阅读"),
            (P, "Subject: Read: the manual is wrong\n\nPage 3 of it."),
            (P, "Subject: Absence requests cannot be saved\n\nx"),
            (Generated, "Subject: Alert: mail rejected rate is high\nAuto-Submitted: auto-generated\n\nsee the graph"),
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

    #[test]
    fn own_mail_is_signed() {
        let policy = policy();
        let key = "abcdefghijklmnop";
        let mut ours = mail("From: x@elsewhere.example\nSubject: x\nAuto-Submitted: auto-replied\n\nx");
        ours.id = MessageId::parse(&format!("pdl.{key}.{}@desk.example", policy.key.sign(&["letter", key])));
        assert_eq!(judge(&ours, &policy).kind, Own);
        ours.id = MessageId::parse(&format!("pdl.{key}.aaaaaaaaaaaaaaaa@desk.example"));
        assert_eq!(judge(&ours, &policy).kind, AutomaticReply);
        let looped = format!("Subject: x\nX-Postdesk-Loop: {}\n\nx", policy.key.sign(&["loop"]));
        assert_eq!(judge(&mail(&looped), &policy).kind, Own);
        assert_eq!(judge(&mail("From: it@desk.example\nSubject: x\nX-Postdesk-Loop: forged\n\nx"), &policy).kind, P);
    }

    #[test]
    fn suspicion_and_suppression() {
        for (raw, suspect, suppress) in [
            ("X-Spam-Flag: YES", true, false),
            ("X-Spam-Status: Yes, score=9", true, false),
            ("X-Spam-Status: No, score=0", false, false),
            ("Authentication-Results: mx.desk.example; spf=pass; dmarc=fail header.from=example.org", true, false),
            ("Authentication-Results: mx.desk.example; dmarc=pass", false, false),
            ("Authentication-Results: mx.elsewhere.example; dmarc=fail", false, false),
            ("X-Auto-Response-Suppress: All", false, true),
            ("X-Auto-Response-Suppress: DR, OOF, AutoReply", false, true),
            ("X-Auto-Response-Suppress: None", false, false),
            ("X-JIRA-FingerPrint: 1", false, true),
            ("X-Postdesk-Mail: reply", false, true),
            ("Return-Path: <>", false, true),
        ] {
            let origin = judge(&mail(&format!("Subject: x\n{raw}\n\nx")), &policy());
            assert_eq!((origin.kind, origin.suspect, origin.suppress), (P, suspect, suppress), "{raw}");
        }
    }

    #[test]
    fn bounce_facts() {
        let report = |status: Option<&str>, action: &str, diagnostic: &str| Report {
            status: status.map(str::to_owned),
            action: action.into(),
            diagnostic: diagnostic.into(),
            ..Report::default()
        };
        for (report, reason, hard) in [
            (report(Some("5.1.1"), "failed", ""), "no such mailbox", true),
            (report(Some("5.0.0"), "failed", "550 User unknown"), "no such mailbox", true),
            (report(Some("5.1.2"), "failed", ""), "no such host", true),
            (report(Some("5.2.2"), "failed", ""), "the mailbox is full", false),
            (report(Some("4.2.2"), "failed", ""), "the mailbox is full", false),
            (report(Some("5.7.1"), "failed", ""), "refused by policy or as spam", true),
            (report(Some("4.4.7"), "failed", ""), "not delivered in time", false),
            (report(Some("4.4.1"), "delayed", ""), "delayed, still being tried", false),
            (report(Some("2.1.5"), "delivered", ""), "delivered", false),
            (report(None, "failed", "邮箱已满"), "the mailbox is full", false),
            (report(None, "failed", ""), "not delivered, no reason given", true),
        ] {
            let facts = facts(Some(&report), &Reading::default());
            assert_eq!((facts.reason.as_str(), facts.hard), (reason, hard), "{report:?}");
        }
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
}
