//! Why a mail was not delivered: a small closed set, found by status code (RFC 3463) and by the words that servers write.
//!
//! Codes that say little ("5.0.0", "5.7.1", "5.5.0") are given for everything; there the words decide. The table is of phrases, not of
//! programs: servers copy each other's sentences.

use serde::{Deserialize, Serialize};

use super::phrases::PHRASES;
use BounceReason as R;

/// Why a mail was not delivered.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum BounceReason {
    /// Nobody has this address.
    NoMailbox,
    /// The domain is unknown.
    NoHost,
    /// The domain takes no mail (RFC 7504, RFC 7505).
    NoMailThere,
    /// The mailbox has moved.
    Moved,
    /// The mailbox takes no mail at present.
    Disabled,
    /// The mailbox is full.
    Full,
    /// The message is too large.
    TooLarge,
    /// Our sender address was refused.
    SenderRefused,
    /// Our mail server was refused: its reputation, its name, a block list.
    ServerRefused,
    /// SPF, DKIM or DMARC failed (RFC 7372).
    Unauthenticated,
    /// Spam or a virus was seen in it.
    Spam,
    /// The content was refused, or could not be read.
    Content,
    /// Refused by policy.
    Policy,
    /// Too much mail in too short a time.
    TooFast,
    /// Given up after many attempts.
    Expired,
    /// The network, the name service or the route failed.
    Network,
    /// The mail went round in circles.
    Loop,
    /// The receiving system is in trouble.
    System,
    /// The mail systems did not understand each other.
    Protocol,
    /// Nothing was said.
    Unknown,
}

impl BounceReason {
    /// In words.
    pub fn en(self) -> &'static str {
        match self {
            R::NoMailbox => "no such mailbox",
            R::NoHost => "no such host",
            R::NoMailThere => "the domain takes no mail",
            R::Moved => "the mailbox has moved",
            R::Disabled => "the mailbox is disabled",
            R::Full => "the mailbox is full",
            R::TooLarge => "the message is too large",
            R::SenderRefused => "our sender address was refused",
            R::ServerRefused => "our mail server was refused",
            R::Unauthenticated => "our mail did not prove its sender (SPF, DKIM, DMARC)",
            R::Spam => "refused as spam or a virus",
            R::Content => "the content was refused",
            R::Policy => "refused by policy",
            R::TooFast => "too much mail in a short time",
            R::Expired => "not delivered in time",
            R::Network => "network or routing trouble",
            R::Loop => "the mail went round in circles",
            R::System => "the receiving system is in trouble",
            R::Protocol => "the mail systems did not understand each other",
            R::Unknown => "no reason given",
        }
    }

    /// In Chinese.
    pub fn zh(self) -> &'static str {
        match self {
            R::NoMailbox => "没有这个邮箱",
            R::NoHost => "没有这个域名",
            R::NoMailThere => "该域名不收邮件",
            R::Moved => "邮箱已迁移",
            R::Disabled => "邮箱已停用",
            R::Full => "邮箱已满",
            R::TooLarge => "邮件过大",
            R::SenderRefused => "我方发件地址被拒绝",
            R::ServerRefused => "我方邮件服务器被拒绝",
            R::Unauthenticated => "我方邮件未通过发件人验证（SPF、DKIM、DMARC）",
            R::Spam => "被判为垃圾邮件或病毒",
            R::Content => "邮件内容被拒绝",
            R::Policy => "被对方策略拒绝",
            R::TooFast => "短时间内发信过多",
            R::Expired => "未能按时送达",
            R::Network => "网络或路由故障",
            R::Loop => "邮件循环",
            R::System => "对方系统故障",
            R::Protocol => "双方邮件系统无法对话",
            R::Unknown => "未说明原因",
        }
    }

    /// The registered status code (RFC 3463, RFC 7372, RFC 7505) for a notice that gives none.
    pub fn status(self) -> Option<&'static str> {
        Some(match self {
            R::NoMailbox => "5.1.1",
            R::NoHost => "5.1.2",
            R::NoMailThere => "5.1.10",
            R::Moved => "5.1.6",
            R::Disabled => "5.2.1",
            R::Full => "5.2.2",
            R::TooLarge => "5.3.4",
            R::SenderRefused => "5.1.8",
            R::ServerRefused | R::Spam | R::Policy => "5.7.1",
            R::Unauthenticated => "5.7.26",
            R::Content => "5.6.0",
            R::TooFast => "4.7.28",
            R::Expired => "4.4.7",
            R::Network => "4.4.1",
            R::Loop => "5.4.6",
            R::System => "4.3.0",
            R::Protocol => "5.5.0",
            R::Unknown => return None,
        })
    }

    /// The same mail would fail again later. Of trouble in its own system a server knows best: it gives the class.
    pub fn lasts(self, class: Option<char>) -> bool {
        match (self, class) {
            (_, Some('4')) | (R::Full | R::TooFast | R::Expired | R::Network, _) => false,
            (R::System, class) => class == Some('5'),
            _ => true,
        }
    }

    /// The fault is the address's own and not that of one mail or of our server: other mail fails there too.
    pub fn is_of_the_address(self) -> bool {
        matches!(self, R::NoMailbox | R::NoHost | R::NoMailThere | R::Moved | R::Disabled | R::Unknown)
    }

    /// Does a server's final answer to a mail (`550 5.1.1 no such user`) speak of an address that takes no other mail either?
    pub fn of_dead_address(answer: &str) -> bool {
        let status = enhanced(answer);
        let reason = BounceReason::of(status.as_deref(), &[answer]);
        // What was only given up begins with no reply code of failure.
        let class = answer.chars().next().filter(|c| *c == '5').or(Some('4'));
        reason.lasts(class) && reason.is_of_the_address()
    }

    /// The reason by code and words: a code that says something, else the first words that do, else what the code hints at.
    pub fn of(status: Option<&str>, words: &[&str]) -> BounceReason {
        let (firm, hint) = status.map_or((None, None), by_status);
        firm.or_else(|| words.iter().find_map(|w| by_words(w))).or(hint).unwrap_or(R::Unknown)
    }
}

/// What a code says for certain, and what it hints at where the words say nothing.
fn by_status(status: &str) -> (Option<BounceReason>, Option<BounceReason>) {
    let mut parts = status.split('.').skip(1);
    let (subject, detail) = (parts.next().unwrap_or(""), parts.next().unwrap_or(""));
    let firm = match (subject, detail) {
        ("1", "1" | "3") => R::NoMailbox,
        // Microsoft's own 4.310: the domain does not exist.
        ("1", "2") | ("4", "310") => R::NoHost,
        ("1", "6") => R::Moved,
        ("1", "7" | "8") => R::SenderRefused,
        ("2", "2") => R::Full,
        ("2", "3") | ("3", "4") => R::TooLarge,
        ("4", "6") => R::Loop,
        ("4", "7") => R::Expired,
        ("7", "20" | "21" | "22" | "23" | "24" | "26" | "27") => R::Unauthenticated,
        ("7", "13") => R::Disabled,
        ("7", "25") => R::ServerRefused,
        ("7", "28") => R::TooFast,
        _ => return (None, hint(subject, detail)),
    };
    (Some(firm), None)
}

fn hint(subject: &str, detail: &str) -> Option<BounceReason> {
    Some(match (subject, detail) {
        ("1", "10") => R::NoMailThere,
        ("1", _) => R::NoMailbox,
        ("2", "1") => R::Disabled,
        ("3", _) => R::System,
        ("4", "4") => R::NoHost,
        ("4", _) => R::Network,
        ("5", _) => R::Protocol,
        ("6", _) => R::Content,
        ("7", _) => R::Policy,
        _ => return None,
    })
}

/// The first enhanced status code (RFC 3463) in a text; one that says something before `5.0.0`.
pub fn enhanced(text: &str) -> Option<String> {
    let mut vague = None;
    for word in text.split(|c: char| !c.is_ascii_digit() && c != '.') {
        let word = word.trim_matches('.');
        let mut parts = word.split('.');
        let (Some(class), Some(subject), Some(detail), None) = (parts.next(), parts.next(), parts.next(), parts.next()) else { continue };
        let sound = matches!(class, "2" | "4" | "5") && (1..=3).contains(&subject.len()) && (1..=3).contains(&detail.len());
        // 5.7.0 to 5.7.30 exist; a version number has a larger subject.
        if !sound || subject.parse::<u16>().is_ok_and(|s| s > 7) {
            continue;
        }
        if word.ends_with(".0.0") {
            vague.get_or_insert(word);
        } else {
            return Some(word.to_owned());
        }
    }
    vague.map(str::to_owned)
}

/// The reason that a notice's words give; the first group with a phrase in the text wins. That something takes long says less than why.
pub fn by_words(text: &str) -> Option<BounceReason> {
    let text = squeezed(text);
    let told = |(_, phrases): &&(BounceReason, &[&str])| phrases.iter().any(|p| text.contains(p));
    PHRASES.iter().find(told).map(|(reason, _)| *reason)
}

/// Lower case, white space folded, since phrases are wrapped at any place.
fn squeezed(text: &str) -> String {
    let mut folded = String::with_capacity(text.len());
    for word in text.split_whitespace() {
        if !folded.is_empty() {
            folded.push(' ');
        }
        folded.extend(word.chars().flat_map(char::to_lowercase).map(|c| if c == '’' { '\'' } else { c }));
    }
    folded
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn phrases_are_folded() {
        for phrase in PHRASES.iter().flat_map(|(_, phrases)| *phrases) {
            assert_eq!(squeezed(phrase), *phrase);
        }
    }

    #[test]
    fn reasons_by_code_and_words() {
        for (status, words, reason) in [
            // A code that says something.
            (Some("5.1.1"), "", R::NoMailbox),
            (Some("5.1.2"), "550 rejected", R::NoHost),
            (Some("5.2.2"), "", R::Full),
            (Some("4.4.7"), "connection timed out", R::Expired),
            (Some("5.7.26"), "", R::Unauthenticated),
            (Some("5.4.6"), "", R::Loop),
            // Codes that are given for everything: the words decide, else the hint.
            (Some("5.0.0"), "550 User unknown", R::NoMailbox),
            (Some("5.7.1"), "554 Service unavailable; client host [192.0.2.1] blocked using zen.spamhaus.org", R::ServerRefused),
            (Some("5.7.1"), "550 message content rejected as SPAM", R::Spam),
            (Some("5.7.1"), "550 relaying denied", R::Policy),
            (Some("5.7.1"), "", R::Policy),
            (Some("5.1.10"), "RESOLVER.ADR.RecipientNotFound", R::NoMailbox),
            (Some("5.1.10"), "domain does not accept mail (nullMX)", R::NoMailThere),
            (Some("5.5.0"), "550 Requested action not taken: mailbox unavailable", R::NoMailbox),
            (Some("5.2.0"), "552 over quota", R::Full),
            (Some("4.0.0"), "450 greylisted", R::System),
            (Some("5.0.0"), "", R::Unknown),
            // Words alone.
            (None, "Sorry, no mailbox here by that name. (#5.1.1)", R::NoMailbox),
            (None, "I'm afraid I wasn't able to deliver: 550 no such user. Giving up on 192.0.2.1.", R::NoMailbox),
            (None, "all hosts for 'x.example' have been failing: retry timeout exceeded", R::Expired),
            (None, "Unrouteable address", R::NoHost),
            (None, "550 Unroutable sender address", R::SenderRefused),
            (None, "Recipient address rejected: policy violation", R::Policy),
            (None, "552 Message size exceeds fixed limit", R::TooLarge),
            (None, "421 too many connections from your host, rate limit", R::ServerRefused),
            (None, "452 Too many emails sent, try again later", R::TooFast),
            (None, "550-5.7.26 does not pass DMARC", R::Unauthenticated),
            (None, "The email\n account   that you tried to reach\nis disabled", R::Disabled),
            (None, "User li (li@x.example) not listed in Domino Directory", R::NoMailbox),
            (None, "delivery temporarily suspended: connect to mx: connection refused", R::Network),
            (None, "收件人邮件地址（li@x.example）不存在，用户不存在", R::NoMailbox),
            (None, "对方邮箱已满", R::Full),
            (None, "收件人邮箱空间不足", R::Full),
            (None, "发信IP被列入黑名单", R::ServerRefused),
            (None, "邮件可能含有垃圾邮件内容", R::Spam),
            (None, "发送频率过快", R::TooFast),
            (None, "域名解析失败", R::NoHost),
            (None, "收件人拒收了您的邮件", R::SenderRefused),
            (None, "邮件大小超过限制", R::TooLarge),
            (None, "连接超时", R::Network),
            (None, "all relevant MX records point to non-existent hosts", R::NoHost),
            (None, "because they are not accepting mail from it@desk.example", R::SenderRefused),
            (None, "User mailbox exceeds allowed size: li@x.example", R::Full),
            (None, "Connection timed out. Delivery attempts will continue", R::Network),
            (None, "Delivery failed 20 attempts: li@x.example", R::Expired),
            (None, "451 Greylisting in action. Delivery attempts will continue", R::System),
            (None, "Ящик получателя переполнен", R::Full),
            (None, "550 Ip frequency limited", R::TooFast),
            (None, "550 Mail content denied", R::Content),
            (None, "发件人当天内累计邮件数量超过限制", R::TooFast),
            (None, "该IP发送行为异常，被临时禁止连接", R::ServerRefused),
            (None, "信封发件人和信头发件人不匹配", R::SenderRefused),
            (Some("5.2.14"), "RESOLVER.FWD.Loop; there is a forwarding loop configured in the directory", R::Loop),
            (Some("5.4.310"), "DNS domain x.example does not exist", R::NoHost),
            (Some("5.7.705"), "Access denied, tenant has exceeded threshold", R::TooFast),
            (Some("5.7.708"), "Access denied, traffic not accepted from this IP", R::ServerRefused),
            (Some("5.7.124"), "Sender not in allowed-senders list", R::SenderRefused),
            (Some("5.7.1"), "Recipient address rejected: Please see http://www.openspf.org/Why", R::Unauthenticated),
            (None, "554 HL:IPB 163 mx17 http://mail.163.com/help/help_spam_16.htm", R::ServerRefused),
            (None, "550 RP:TRC 163 mx22", R::TooFast),
            (None, "550 Domain may not exist or DNS check failed", R::SenderRefused),
            (None, "559 Invalid rcptto", R::NoMailbox),
            (None, "L'adresse que vous avez entrée est introuvable", R::NoMailbox),
            (None, "El buzón del destinatario está lleno", R::Full),
            (None, "Das Postfach des Empfängers ist voll", R::Full),
            (None, "Não foi possível encontrar o endereço de email", R::NoMailbox),
            (None, "입력한 전자 메일 주소를 찾을 수 없습니다", R::NoMailbox),
            (None, "找不到您輸入的電子郵件地址", R::NoMailbox),
            (None, "找不到主机", R::NoHost),
            (Some("5.4.0"), "Reason 1 (Unable-To-Transfer); Diagnostic 0 (Unrecognised-ORName)", R::NoMailbox),
            (None, "A transcript of the attempts follows. The number of attempts made: 1. 550 not OK", R::Unknown),
            (None, "Die Adresse ist vollständig unbekannt: Empfänger unbekannt", R::NoMailbox),
            (None, "was blocked by our bulk email filter", R::Spam),
            (None, "This message has been blocked because it contains a virus", R::Spam),
            (None, "La casella di posta del destinatario è piena", R::Full),
            (None, "caixa postal cheia", R::Full),
            (None, "De mailbox van de ontvanger is vol", R::Full),
            (None, "받는 사람의 메일함 용량이 초과되었습니다", R::Full),
            (None, "nieznany użytkownik: \"li\"", R::NoMailbox),
            (None, "неизвестный пользователь", R::NoMailbox),
            (None, "不明なユーザー", R::NoMailbox),
            (None, "Người dùng không tồn tại", R::NoMailbox),
            (None, "使用者不存在", R::NoMailbox),
            (None, "该用户未开通139邮箱", R::NoMailbox),
            (None, "Die Domain existiert nicht", R::NoHost),
            (None, "Domain x.example has exceeded the max emails per hour", R::TooFast),
            (None, "501 mail from address must be same as authorization user", R::SenderRefused),
            (None, "系统在72小时内多次尝试投递均未成功", R::Expired),
            (None, "nothing of use", R::Unknown),
        ] {
            assert_eq!(BounceReason::of(status, &[words]), reason, "{status:?} {words}");
        }
    }

    #[test]
    fn answers_that_speak_of_the_address() {
        for (answer, dead) in [
            ("550 5.1.1 <li@x.example>: Recipient address rejected: User unknown", true),
            ("550 no such user", true),
            ("550 5.1.2 bad domain", true),
            ("550 5.2.1 account disabled", true),
            ("550 refused", true),
            ("550 5.2.2 <li@x.example>: Recipient address rejected: Mailbox full", false),
            ("552 对方邮箱已满", false),
            ("552 5.3.4 message too large", false),
            ("550 5.7.1 message content rejected as SPAM", false),
            ("554 5.7.1 client host [192.0.2.1] blocked using zen.spamhaus.org", false),
            ("given up after five days; the last answer was: 450 4.4.1 connection timed out", false),
            ("given up after five days; the last answer was: 450 mailbox unavailable", false),
        ] {
            assert_eq!(BounceReason::of_dead_address(answer), dead, "{answer}");
        }
    }

    #[test]
    fn derived_codes_mean_their_reason() {
        for (reason, _) in PHRASES {
            let status = reason.status().unwrap();
            let read = BounceReason::of(Some(status), &[]);
            // 5.7.1 and 4.3.0 cover several.
            assert!(read == *reason || status == "5.7.1", "{reason:?} gives {status}, which reads as {read:?}");
        }
    }

    #[test]
    fn what_comes_right_by_itself() {
        for (reason, class, lasts) in [
            (R::NoMailbox, Some('5'), true),
            (R::NoMailbox, Some('4'), false),
            (R::Full, Some('5'), false),
            (R::System, None, false),
            (R::System, Some('5'), true),
            (R::Spam, None, true),
            (R::Expired, Some('5'), false),
        ] {
            assert_eq!(reason.lasts(class), lasts, "{reason:?} {class:?}");
        }
    }
}
