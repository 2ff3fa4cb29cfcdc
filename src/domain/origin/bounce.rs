//! Delivery reports (RFC 3464), and notices of servers that write none: which mail is one, and what it says of each recipient.
//!
//! A person who quotes, forwards or attaches a report does not write one, and his mail must never be lost. So words alone are not
//! enough: the sender is a mail system, or the reverse-path is null, or the mail returns another and nobody speaks in it.

use std::sync::LazyLock;

use aho_corasick::AhoCorasick;
use serde::{Deserialize, Serialize};

use super::reason::{BounceReason, enhanced};
use super::{auto_submitted, automatic, content_type, opening, speech};
use crate::domain::message::{Address, Reading, RecipientReport};

/// A bounce's facts.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Bounce {
    /// What became of the mail, one entry a recipient, failures first; never empty.
    pub recipients: Vec<Fate>,
}

/// What became of a mail to one recipient.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Fate {
    /// Who, where the notice says so.
    pub recipient: Option<Address>,
    /// How it ended.
    pub ended: Ended,
    /// Enhanced status code, `5.1.1` (RFC 3463): the report's own, else the registered one for what its words say.
    pub status: Option<String>,
    /// Why.
    pub reason: BounceReason,
    /// Will not come right by itself.
    pub hard: bool,
}

/// How a delivery ended (RFC 3464 section 2.3.3).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Ended {
    /// Given up.
    Failed,
    /// Not yet: the server goes on trying.
    Delayed,
    /// It arrived, or was passed on.
    Delivered,
}

impl Bounce {
    /// The facts of a mail that is a bounce.
    pub fn read(mail: &Reading) -> Bounce {
        let told = mail.report.as_ref().map_or(&[][..], |r| &r.recipients);
        // Of several, what the text says of one is no word on another.
        let words = if told.len() > 1 { String::new() } else { opening(&mail.text) };
        let mut recipients: Vec<Fate> = told.iter().map(|r| Fate::read(r, &words)).collect();
        if recipients.is_empty() {
            recipients.push(Fate::read(&RecipientReport::default(), &words));
        }
        recipients.sort_by_key(|fate| fate.ended);
        Bounce { recipients }
    }

    /// The fate that matters most: the first failure, else the first of all.
    pub fn gravest(&self) -> Option<&Fate> {
        self.recipients.first()
    }
}

impl Fate {
    fn read(report: &RecipientReport, opening: &str) -> Fate {
        let class = report.status.as_deref().and_then(|s| s.chars().next());
        let ended = match report.action.as_str() {
            "delayed" => Ended::Delayed,
            "delivered" | "relayed" | "expanded" => Ended::Delivered,
            _ if class == Some('2') => Ended::Delivered,
            _ => Ended::Failed,
        };
        let told = BounceReason::of(report.status.as_deref(), &[&report.diagnostic, opening]);
        let reason = if ended == Ended::Delivered { BounceReason::Unknown } else { told };
        let hard = ended == Ended::Failed && reason.lasts(class);
        Fate { recipient: report.recipient.clone(), ended, status: report.status.clone(), reason, hard }
    }

    /// In words: `no such mailbox (5.1.1)`.
    pub fn en(&self) -> String {
        self.phrase(self.reason.en(), ["delayed, still being tried: ", "delivered"])
    }

    /// In Chinese.
    pub fn zh(&self) -> String {
        self.phrase(self.reason.zh(), ["延迟，仍在尝试：", "已送达"])
    }

    fn phrase(&self, reason: &str, [delayed, delivered]: [&str; 2]) -> String {
        let status = self.status.as_ref().map(|s| format!(" ({s})")).unwrap_or_default();
        match self.ended {
            Ended::Failed => format!("{reason}{status}"),
            Ended::Delayed => format!("{delayed}{reason}{status}"),
            Ended::Delivered => format!("{delivered}{status}"),
        }
    }
}

/// Subjects of delivery reports, lower case.
const SUBJECTS: &[&str] = &[
    "undeliver", "returned mail", "delivery status notification", "delivery failure", "failure notice", "delivery notification",
    "mail delivery fail", "mail delivery problem", "mail delivery error", "mail system error", "delivery has failed", "delivery status",
    "could not be delivered", "non-deliver", "nondeliver", "non deliver", "not deliver", "delivery report", "mail failure",
    "message status", "message delivery failure", "returned to sender", "return to sender", "delivery failed", "delivery incomplete",
    "delivery problem", "delivery error", "message not delivered", "message delayed", "delivery delayed", "delayed mail",
    "warning: message", "delivery warning", "failed mail", "failure delivery", "failed delivery", "error sending your mail", "email error",
    "mail error", "warning: could not send", "message blocked", "rejected mail", "mail rejected", "message rejected", "message refused",
    "message undelivered", "unknown user", "user unknown", "mail could not be", "message returned", "address invalid", "unzustellbar",
    "zustellung fehlgeschlagen", "nicht zugestellt", "zustellstatus", "notification d'échec", "échec de remise", "echec de remise",
    "non remis", "non distribué", "no se puede entregar", "no entregado", "no se ha podido entregar", "error de entrega",
    "mancato recapito", "mancata consegna", "impossibile recapitare", "não entregue", "falha na entrega", "onbestelbaar", "niet bezorgd",
    "niedostarcz", "nie dostarczono", "не доставлен", "недоставлен", "配信不能", "配信できません", "送信エラー", "エラーメール", "반송",
    "전송 실패", "전달되지", "배달되지 않", "배달할 수 없", "kan inte levereras", "oleverer", "olevererbart", "teslim edilemedi",
    "无法投递", "无法送达", "投递失败", "无法传递", "退信", "未送达", "传递失败", "未传递", "投递状态", "投递延迟", "邮件被退回",
    "邮件退回", "发送失败", "送达失败", "發送失敗", "無法傳遞", "無法送達", "寄送失敗", "無法投遞", "退件", "message you sent blocked",
    "已延迟:", "已延迟：", "邮件被拒", "延迟投递", "延迟通知", "邮件被拦截", "送达通知", "投递成功", "nedoručiteln", "nelze doručit",
    "kézbesíthetetlen", "nem kézbesíthető", "nie można dostarczyć", "kan ikke leveres", "zustellung verzögert", "non distribuable",
    "message retardé",
];

/// What notices say in their first lines, lower case.
const WORDS: &[&str] = &[
    "could not be delivered", "couldn't be delivered", "cannot be delivered", "can't be delivered", "did not reach", "was not delivered",
    "not be delivered to", "permanent fatal error", "permanent error", "delivery failed", "delivery to the following", "delivery failure",
    "undeliverable", "undelivered", "unable to deliver", "failed permanently", "user unknown", "unknown user", "no such user",
    "mailbox unavailable", "returned to sender", "returned mail", "message returned", "delivery error", "delivery has failed",
    "delivery attempts", "does not exist", "not found", "failed to deliver", "failed addresses", "fatal errors", "the following address",
    "non-deliver", "over quota", "mailbox full", "invalid user", "postponed", "delayed", "will be retried", "has been rejected",
    "nicht zugestellt", "konnte nicht", "n'a pas pu être", "no se pudo entregar", "non è stato possibile", "não foi possível",
    "niet worden bezorgd", "nie mogła zostać", "не может быть доставлен", "не удалось доставить", "配信できません", "届けられません",
    "送信できません", "전달할 수 없", "전송하지 못", "배달하지 못", "배달할 수 없", "传递邮件失败", "无法投递", "无法送达", "未能送达",
    "投递失败", "退信", "被退回", "退回", "收件人不存在", "發送失敗", "無法傳遞", "無法送達", "無法投遞", "not been delivered", "拒绝投递",
    "拒绝接收", "未能投递", "未能成功", "发送失败", "nelze doručit", "nem sikerült kézbesíteni",
];

/// Senders that are mail systems and nobody's address, lower case.
const DAEMONS: &[&str] = &[
    "mailer-daemon", "mailerdaemon", "mailer_daemon", "mailer daemon", "mail-daemon", "maildaemon", "mail.daemon", "mdaemon@",
    "smtp-daemon",
];

/// Senders that are mail systems, or the people who look after them, lower case.
const POSTMASTERS: &[&str] = &[
    "postmaster", "post_master", "microsoftexchange", "mmdf@", "mail delivery s", "mail administrator", "delivery subsystem", "系统退信",
    "退信", "邮件系统",
];

/// Subjects of Chinese notices, with nothing behind them but a mark or another language.
const BARE: &[&str] = &[
    "退信", "系统退信", "退信通知", "邮件退信", "邮件退信通知", "投递失败", "投递失败通知", "邮件投递失败", "邮件投递失败通知",
    "邮件被退回", "系統退信",
];

/// Lines and characters of such a notice.
const MOST_LINES: usize = 8;
const MOST_CHARS: usize = 400;

/// Senders of such notices that are no people, lower case.
const SYSTEMS: &[&str] = &[
    "noreply", "no-reply", "no_reply", "donotreply", "10000@", "service@", "system@", "mail@", "邮箱团队", "邮件系统", "系统邮件",
    "系统管理员",
];

/// Why this is a delivery report, if it is one.
pub fn shape(mail: &Reading) -> Option<String> {
    let root = content_type(mail);
    // Dovecot and others refuse with what has the form of a read receipt (RFC 5429 section 2.1.1).
    if mail.header("Auto-Submitted").is_some_and(|v| v.to_ascii_lowercase().contains("(rejected)")) {
        return Some("the recipient's filter or mailbox refused a mail (RFC 5429)".to_owned());
    }
    if root.starts_with("multipart/report") {
        if root.contains("disposition-notification") || root.contains("feedback-report") {
            return None;
        }
        if mail.report.is_some() || root.contains("delivery-status") {
            return Some("it is a delivery report (RFC 3464)".to_owned());
        }
    }
    if mail.report.is_some() && mail.header("X-Amz-Sns-Message-Id").is_some() {
        return Some("it is a delivery event of Amazon SES".to_owned());
    }
    if let Some(failed) = mail.header("X-Failed-Recipients") {
        return Some(format!("X-Failed-Recipients: {failed}"));
    }
    if !may_be_notice(mail) {
        return None;
    }
    let evidence = Evidence::of(mail);
    evidence.of_a_daemon().or_else(|| evidence.of_a_machine()).or_else(|| evidence.returned_by_nobody()).or_else(|| evidence.is_bare())
}

/// A quick look: without one of these nothing in [`Evidence`] tells, and most mails have none.
fn may_be_notice(mail: &Reading) -> bool {
    static SPOKEN: LazyLock<Option<AhoCorasick>> = LazyLock::new(|| AhoCorasick::new(SUBJECTS).ok());
    let from = mail.header("From").unwrap_or_default().to_lowercase();
    let subject = mail.base_subject.to_lowercase();
    mail.return_path == Some(None)
        || auto_submitted(mail).is_some()
        || DAEMONS.iter().chain(POSTMASTERS).any(|mark| from.contains(mark))
        || SPOKEN.as_ref().is_none_or(|spoken| spoken.is_match(&subject))
}

/// What speaks for a notice that is no RFC 3464 report.
struct Evidence<'a> {
    mail: &'a Reading,
    /// The words of a report's subject.
    subject: Option<&'static str>,
    /// The words of a notice's first lines.
    words: Option<&'static str>,
    /// Its prefix says that it answers or forwards, which machines do not write.
    answered: bool,
    /// It brings another mail along.
    returns: bool,
    null_path: bool,
}

/// A prefix was taken off the subject. The number of a ticket that stands further inside is none: each mail of ours carries one, and a
/// notice repeats it.
pub(super) fn is_prefixed(mail: &Reading) -> bool {
    let first = |subject: &str| subject.trim_start().split([' ', '[', '【', '［']).next().unwrap_or_default().to_owned();
    mail.subject != mail.base_subject && first(&mail.subject) != first(&mail.base_subject)
}

impl<'a> Evidence<'a> {
    fn of(mail: &'a Reading) -> Evidence<'a> {
        let (subject, opening) = (mail.base_subject.to_lowercase(), opening(&mail.text));
        let returned = ["message/rfc822", "text/rfc822-headers", "message/delivery-status"];
        let attached = mail.attachments.iter().any(|a| returned.contains(&a.media_type.as_str()));
        let written_out = || mail.text.lines().any(|l| l.trim_start_matches(['>', ' ', '\t']).starts_with("Received:"));
        Evidence {
            mail,
            subject: SUBJECTS.iter().copied().find(|s| subject.contains(s)),
            words: WORDS.iter().copied().find(|w| opening.contains(w)),
            answered: mail.forwarded || is_prefixed(mail),
            returns: attached || written_out(),
            null_path: mail.return_path == Some(None),
        }
    }

    /// The sender is a mail system. A postmaster may be a person, who answers, asks and has a reverse-path.
    fn of_a_daemon(&self) -> Option<String> {
        // Some write a From that is no address: `MAILER-DAEMON <>`.
        let from = self.mail.header("From")?;
        let lower = from.to_lowercase();
        let is_one_of = |marks: &[&str]| marks.iter().any(|m| lower.contains(m));
        if is_one_of(DAEMONS) {
            return Some(match self.subject.or(self.words) {
                Some(word) => format!("it comes from {from} and says \"{word}\""),
                None => format!("it comes from {from}"),
            });
        }
        let machine = self.null_path || auto_submitted(self.mail).is_some();
        let own_path = speech::own_path(self.mail);
        let person = || {
            (speech::asks(self.mail) && (self.subject.is_none() || own_path))
                || (self.answered && (own_path || self.words.is_none()))
                || (self.subject.is_none() && speech::is_signed_by_a_person(self.mail))
        };
        if !is_one_of(POSTMASTERS) || (!machine && person()) {
            return None;
        }
        if self.mail.report.is_some() {
            return Some(format!("a delivery report (RFC 3464) from {from}"));
        }
        // A machine's code of failure needs no words that we know.
        let code = || enhanced(&self.mail.text).filter(|code| machine && !self.answered && code.starts_with(['4', '5']));
        let word = self.subject.or(self.words).map(str::to_owned).or_else(code)?;
        Some(format!("it comes from {from} and says \"{word}\""))
    }

    /// The null reverse-path (RFC 5321 section 4.5.5) or RFC 3834's mark, and a report's shape.
    fn of_a_machine(&self) -> Option<String> {
        let machine = self.null_path || auto_submitted(self.mail).is_some();
        if !machine || self.answered || automatic::vacation(self.mail).is_some() {
            return None;
        }
        if self.null_path && self.returns && self.mail.attachments.iter().any(|a| a.media_type.contains("rfc822")) {
            return Some("a null reverse-path, and it returns a mail".to_owned());
        }
        // An alert may speak of failed deliveries too: without the null reverse-path its text must read like a notice.
        let told = self.subject.filter(|_| self.null_path || self.words.is_some());
        match told {
            Some(subject) => Some(format!("a machine's mail whose subject says \"{subject}\"")),
            None => self.mail.report.is_some().then(|| "a machine's mail with a report's content (RFC 3464)".to_owned()),
        }
    }

    /// A system's mail of a subject and a recipient, and nobody speaks in it.
    fn is_bare(&self) -> Option<String> {
        let mail = self.mail;
        let from = mail.header("From").unwrap_or_default().to_lowercase();
        let head = mail.base_subject.split(['/', '|', ':', '：', '-', '（', '(']).next().unwrap_or_default();
        let head = head.trim().trim_matches(['【', '】', '[', ']', '!', '！', '。']);
        let subject = BARE.iter().find(|subject| **subject == head)?;
        let lines = mail.text.lines().filter(|line| !line.trim().is_empty());
        let short = lines.clone().count() <= MOST_LINES && mail.text.chars().nth(MOST_CHARS).is_none() && mail.text.contains('@');
        let fresh = !self.answered && mail.in_reply_to.is_empty() && mail.references.is_empty();
        let system = SYSTEMS.iter().find(|mark| from.contains(**mark))?;
        (short && fresh && !speech::asks(mail))
            .then(|| format!("its subject is \"{subject}\", its sender \"{system}\", and it names an address"))
    }

    /// No mark at all, but subject, text and the returned mail are a notice's, and nobody speaks in it.
    fn returned_by_nobody(&self) -> Option<String> {
        let (subject, words) = (self.subject?, self.words?);
        let mail = self.mail;
        let fresh = !self.answered && mail.in_reply_to.is_empty() && mail.references.is_empty();
        (fresh && self.returns && !speech::is_signed_by_a_person(mail))
            .then(|| format!("its subject says \"{subject}\", its text \"{words}\", and it returns a mail"))
    }
}
