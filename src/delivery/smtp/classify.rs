//! What a negative reply means for the envelope and for the account. Pure: a table of cases is its test.
//!
//! RFC 5321 section 4.2.1 knows two answers, 4yz (try again) and 5yz (never again). Real servers also say 5yz when it is the *account*
//! that they will not serve at the moment: not logged in, too many mails an hour, a sender address that the login does not own. Taken
//! at their word such replies would fail every letter in the queue for good within seconds, so they are `Later` with a pause. The
//! enhanced status code (RFC 3463) is asked first, then the words, in the spellings of the large providers, English and Chinese.
//!
//! A subject of 1 (address) or 2 (mailbox) in the enhanced code speaks of the recipient: "too many" there is the recipient's trouble
//! and pauses nobody, unless the words name a limit on *sending*.

use crate::delivery::Handover;

/// The command whose reply is judged.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Phase {
    /// MAIL FROM: nothing of the recipient has been said yet.
    Mail,
    /// RCPT TO.
    Rcpt,
    /// DATA, before its 354.
    Data,
    /// The final dot.
    End,
}

/// An enhanced status code: class, subject, detail (RFC 3463 section 2).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Enhanced(pub u16, pub u16, pub u16);

/// Reads the enhanced status code that a reply's text begins with; `None` when there is none or its class does not agree with the
/// reply code (RFC 2034 section 4).
pub fn enhanced(code: u16, text: &str) -> Option<Enhanced> {
    let word = text.split_whitespace().next()?;
    let mut parts = word.split('.').map(|part| if part.len() <= 3 { part.parse::<u16>().ok() } else { None });
    let (class, subject, detail) = (parts.next()??, parts.next()??, parts.next()??);
    (parts.next().is_none() && class == code / 100).then_some(Enhanced(class, subject, detail))
}

/// Reply codes that speak of the login (RFC 4954 sections 4 and 6; 525 is RFC 5248).
const LOGIN_CODES: &[u16] = &[525, 530, 534, 535, 538];

/// Words that say: log in first, or as somebody else.
const LOGIN_WORDS: &[&str] = &[
    "authentication required", "authentication is required", "authentication failed", "must authenticate", "not authenticated",
    "need ehlo and auth", "auth first", "log in first", "login required", "please log in", "client host rejected", "user suspended",
    "account disabled", "account is disabled", "account has been disabled", "请先登录", "未登录", "认证失败",
];

/// Words that say: the sender's address is not the login's (QQ, Exmail, 163, Aliyun, Postfix, Yandex, Zoho, Exchange).
const SENDER_WORDS: &[&str] = &[
    "must equal authoriz", "must be same as authoriz", "must be the same as", "conform with authentication", "not owned by user",
    "not owned by auth user", "relaying disallowed as", "sender is not allowed to relay", "sendasdenied", "not allowed to send as",
    "permissions to send as this sender", "sender address is not allowed", "发件人与认证用户", "发信人与登录",
];

/// What to do about it.
const OWN_SENDER: &str = "this server takes mail from the login's own address alone: make `user` and the mailbox's `address` the same, or \
                          let the server allow it";

/// Words that name a limit on sending, whatever the enhanced code.
const LIMIT_WORDS: &[&str] = &[
    "sending limit", "sending quota", "submissionquota", "submission quota", "sender thread limit", "message rate", "sent too many",
    "daily limit", "hourly limit", "daily message limit", "rate limit", "rate-limit", "ratelimit", "throttl", "frequency limited",
    "unusual rate", "unusual sending", "mi:sfq", "mi:dmc", "mi:stc", "mi:cel", "hl:itc", "hl:icc", "hl:rep", "rp:qrc", "rp:rcl", "频率",
    "超过限制", "超出限制", "发信上限", "发送限制",
];

/// "Too many" of these are ours. (Too many hops or Received fields are this letter's loop, RFC 5321 section 6.3.)
const TOO_MANY: &[&str] = &[
    "message", "mail", "email", "connection", "concurrent", "session", "request", "recipient", "error", "login", "auth", "command", "bad",
];

/// Words that say that the sending host is on a block list: nothing will pass from here.
const BLOCK_WORDS: &[&str] = &["blocked using", "block list", "blocklist", "blacklist", "spamhaus", "dnsbl", "your ip ", "client address"];

/// What a negative reply (or one of the wrong class) to the command of `phase` means.
///
/// `text` is the reply without its code, its lines joined; the words in the answer are one line, `code text`.
pub fn classify(phase: Phase, code: u16, enhanced: Option<Enhanced>, text: &str) -> Handover {
    let mut why = words(code, text);
    let lower = text.to_lowercase();
    let sender = sender_refused(code, enhanced, text);
    if sender {
        why = format!("{why}; {OWN_SENDER}");
    }
    let of_account =
        sender || login(code, enhanced, &lower) || limited(enhanced, &lower) || policy_before_recipient(phase, enhanced, &lower);
    match code {
        // RFC 5321 section 3.8: 421 may come in answer to anything, the channel closes.
        421 => Handover::Later { why, pause: true },
        // RFC 3463 section 3.4: X.3.1 the mail system is full, X.3.2 it takes nothing now.
        400..=499 => Handover::Later { pause: of_account || matches!(enhanced, Some(Enhanced(_, 3, 1 | 2))), why },
        500..=599 if of_account => Handover::Later { why, pause: true },
        500..=599 => Handover::Refused(why),
        _ => Handover::Later { why: format!("the server's answer makes no sense here: {why}"), pause: false },
    }
}

/// The account has to log in, or as somebody else.
fn login(code: u16, enhanced: Option<Enhanced>, lower: &str) -> bool {
    // 5.7.8 credentials invalid, 5.7.9 mechanism too weak, 5.7.14 (Google) log in by browser, 5.7.57 (Microsoft) not logged in.
    LOGIN_CODES.contains(&code) || matches!(enhanced, Some(Enhanced(5, 7, 8 | 9 | 14 | 57))) || has(lower, LOGIN_WORDS)
}

/// The login may not send from this address. Waiting mends nothing.
pub fn sender_refused(code: u16, enhanced: Option<Enhanced>, text: &str) -> bool {
    // 5.7.60 (Microsoft): no permission to send as this sender. Aliyun says 440.
    (code >= 500 || code == 440) && (matches!(enhanced, Some(Enhanced(5, 7, 60))) || has(&text.to_lowercase(), SENDER_WORDS))
}

/// The account sends more than it may.
fn limited(enhanced: Option<Enhanced>, lower: &str) -> bool {
    let of_recipient = matches!(enhanced, Some(Enhanced(_, 1 | 2, _)));
    let too_many = || lower.split("too many ").skip(1).any(|after| TOO_MANY.iter().any(|what| after.starts_with(what)));
    // Microsoft 365: 5.1.8 a sender that is shut out, 5.7.232 and 5.7.233 the tenant's day is used up, 5.7.501 to 5.7.503 and 5.7.705 too
    // much of it was spam.
    let of_microsoft = matches!(enhanced, Some(Enhanced(5, 1, 8) | Enhanced(5, 7, 232 | 233 | 501..=503 | 705)));
    of_microsoft || has(lower, LIMIT_WORDS) || (!of_recipient && too_many())
}

/// A policy refusal (X.7.z) of MAIL, or a block list: it cannot be about the recipient.
fn policy_before_recipient(phase: Phase, enhanced: Option<Enhanced>, lower: &str) -> bool {
    phase == Phase::Mail && (matches!(enhanced, Some(Enhanced(_, 7, _))) || has(lower, BLOCK_WORDS))
}

fn has(lower: &str, words: &[&str]) -> bool {
    words.iter().any(|word| lower.contains(word))
}

/// A reply as one line for people and logs: `code text`, control characters gone, at most 400 characters.
pub fn words(code: u16, text: &str) -> String {
    let line: Vec<&str> = text.split(|c: char| c.is_whitespace() || c.is_control()).filter(|word| !word.is_empty()).collect();
    format!("{code} {}", line.join(" ")).trim_end().chars().take(400).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Debug, PartialEq)]
    enum Is {
        Refused,
        Later,
        Pause,
    }
    use Is::*;
    use Phase::*;

    #[test]
    fn replies() {
        let cases: &[(Phase, u16, &str, Is)] = &[
            // At their word.
            (Rcpt, 550, "5.1.1 <bob@ext.test>: Recipient address rejected: User unknown", Refused),
            (Rcpt, 550, "No such user here", Refused),
            (Rcpt, 550, "User not found: bob@163.com", Refused),
            (Rcpt, 552, "5.2.2 Mailbox full", Refused),
            (Rcpt, 554, "5.7.1 <bob@x.test>: Relay access denied", Refused),
            (Rcpt, 450, "4.2.0 try later", Later),
            (Rcpt, 451, "4.7.1 Greylisting in action, please come back later", Later),
            (Rcpt, 452, "4.2.2 Mailbox full", Later),
            (Mail, 552, "5.3.4 Message size exceeds fixed limit", Refused),
            (Mail, 553, "Requested action not taken: NULL sender is not allowed", Refused),
            (Mail, 451, "4.3.0 Temporary lookup failure", Later),
            (Data, 554, "5.5.1 Error: no valid recipients", Refused),
            (End, 554, "5.6.0 Message contains a virus", Refused),
            (End, 554, "DT:SPM 163 smtp8, please see http://mail.163.com/help", Refused),
            (End, 451, "4.3.0 queue file write error", Later),
            // This letter's loop, not our rate.
            (Rcpt, 554, "5.4.6 Too many hops 26", Refused),
            (End, 554, "5.4.0 Too many Received headers", Refused),
            // The recipient's rate, not ours (Gmail).
            (Rcpt, 450, "4.2.1 The user you are trying to contact is receiving mail at a rate that prevents additional messages", Later),
            (Rcpt, 550, "5.2.1 The user you are trying to contact is receiving too many messages", Refused),
            // The host is in trouble.
            (Rcpt, 421, "4.3.2 Service shutting down", Pause),
            (End, 421, "closing", Pause),
            (Mail, 452, "4.3.1 Insufficient system storage", Pause),
            (Mail, 451, "4.3.2 Please try again later", Pause),
            // Login.
            (Mail, 530, "5.7.0 Authentication required", Pause),
            (Mail, 530, "5.7.57 Client not authenticated to send mail", Pause),
            (Mail, 503, "Error: need EHLO and AUTH first !", Pause),
            (Rcpt, 535, "5.7.8 Error: authentication failed", Pause),
            (Rcpt, 550, "5.7.1 Client not authenticated", Pause),
            (Rcpt, 554, "5.7.1 <localhost[127.0.0.1]>: Client host rejected: Access denied", Pause),
            (Rcpt, 553, "5.7.1 <a@d.test>: Sender address rejected: not owned by user b@d.test", Pause),
            (Mail, 501, "Mail from address must be same as authorization user", Pause),
            (Mail, 553, "Mail from must equal authorized user", Pause),
            (Mail, 440, "mail from account doesn't conform with authentication (Auth Account:a@d.test|Mail Account:b@d.test)", Pause),
            (Rcpt, 553, "5.7.1 Sender address rejected: not owned by auth user.", Pause),
            (Rcpt, 553, "Relaying disallowed as b@d.test", Pause),
            (End, 554, "5.2.252 SendAsDenied; a@d.test not allowed to send as b@d.test", Pause),
            (End, 550, "5.7.60 SMTP; Client does not have permissions to send as this sender", Pause),
            // Throttling.
            (Rcpt, 550, "5.7.1 Too many messages from your address, slow down", Pause),
            (End, 554, "Sending limit exceeded for today", Pause),
            (Mail, 550, "5.4.5 Daily user sending limit exceeded", Pause),
            (Rcpt, 550, "5.1.90 Your message can't be sent because you've reached your daily limit for message recipients", Pause),
            (End, 554, "5.2.0 STOREDRV.Submission.Exception:SubmissionQuotaExceededException", Pause),
            (Rcpt, 450, "4.7.1 Error: too much mail, rate limit", Pause),
            (Rcpt, 452, "4.5.3 Too many recipients", Pause),
            (End, 554, "5.2.0 STOREDRV.Submission.Exception; the submission quota of the sender is used up", Pause),
            (End, 550, "5.2.2 Submission quota exceeded", Pause),
            (Mail, 432, "4.3.2 STOREDRV.ClientSubmit; sender thread limit exceeded", Pause),
            (End, 550, "5.1.8 Access denied, bad outbound sender", Pause),
            (End, 550, "5.7.705 Access denied, tenant has exceeded threshold", Pause),
            (Rcpt, 550, "5.7.233 Your message can't be sent because your tenant exceeded its daily limit", Pause),
            (Mail, 421, "HL:ICC 163 smtp8", Pause),
            (Rcpt, 452, "RP:QRC 163 smtp8", Pause),
            (End, 550, "The user has sent too many mails today", Pause),
            // What it says is the trouble: every other letter may go.
            (End, 550, "Mail content denied. http://service.mail.qq.com/cgi-bin/help?subtype=1", Refused),
            (Mail, 454, "4.7.0 Too many login attempts", Pause),
            (Rcpt, 550, "Mail frequency limited. http://service.mail.qq.com", Pause),
            (Mail, 451, "MI:SFQ 163 smtp4", Pause),
            (Mail, 554, "发件人当天内累计邮件数量超过限制", Pause),
            (End, 550, "5.7.28 Our system has detected an unusual rate of unsolicited mail originating from your IP address", Pause),
            // MAIL refused by policy.
            (Mail, 554, "5.7.1 Service unavailable; Client host [192.0.2.1] blocked using zen.spamhaus.org", Pause),
            (Mail, 550, "your IP 192.0.2.1 is not welcome", Pause),
            (Rcpt, 554, "5.7.1 Message refused by policy", Refused),
        ];
        for (phase, code, text, expected) in cases {
            let found = match classify(*phase, *code, enhanced(*code, text), text) {
                Handover::Refused(why) => {
                    assert_eq!(why, format!("{code} {text}"));
                    Refused
                }
                Handover::Later { pause: true, .. } => Pause,
                Handover::Later { pause: false, .. } => Later,
                other => panic!("{other:?}"),
            };
            assert_eq!(found, *expected, "{phase:?} {code} {text}");
        }
    }

    #[test]
    fn a_sender_that_is_not_the_login_is_told_apart() {
        for (code, text, refused) in [
            (501, "mail from address must be same as authorization user", true),
            (553, "Mail from must equal authorized user", true),
            (553, "5.7.1 <a@d.test>: Sender address rejected: not owned by user b@d.test", true),
            (554, "5.2.252 SendAsDenied; b@d.test not allowed to send as a@d.test", true),
            (550, "5.7.60 SMTP; Client does not have permissions to send as this sender", true),
            (550, "5.1.1 User unknown", false),
            (451, "must equal authorized user", false),
        ] {
            assert_eq!(sender_refused(code, enhanced(code, text), text), refused, "{text}");
            let handover = classify(Mail, code, enhanced(code, text), text);
            let told = matches!(&handover, Handover::Later { why, pause: true } if why.ends_with(OWN_SENDER));
            assert_eq!(told, refused, "{handover:?}");
        }
    }

    #[test]
    fn positive_reply_in_the_wrong_place_is_no_acceptance() {
        assert!(matches!(classify(Data, 250, None, "Ok"), Handover::Later { pause: false, .. }));
    }

    #[test]
    fn enhanced_codes() {
        for (code, text, expected) in [
            (550, "5.1.1 no", Some(Enhanced(5, 1, 1))),
            (550, "5.7.509 no", Some(Enhanced(5, 7, 509))),
            (450, "5.1.1 the classes differ", None),
            (550, "5.1 no", None),
            (550, "5.1.1.1 no", None),
            (550, "192.0.2.1 no", None),
            (550, "", None),
            (550, "No such user", None),
        ] {
            assert_eq!(enhanced(code, text), expected, "{text}");
        }
    }

    #[test]
    fn words_are_one_bounded_line() {
        assert_eq!(words(550, "a\r\nb\tc\u{7}"), "550 a b c");
        assert_eq!(words(550, ""), "550");
        assert_eq!(words(550, &"界".repeat(9_000)).chars().count(), 400);
    }

    proptest::proptest! {
        /// Whatever a server says, a negative reply is never an acceptance and never uncertain.
        #[test]
        fn total(code in 400_u16..600, text in ".*") {
            let handover = classify(End, code, enhanced(code, &text), &text);
            let (later, refused) = (matches!(handover, Handover::Later { .. }), matches!(handover, Handover::Refused(_)));
            proptest::prop_assert!(later || (refused && code >= 500), "{handover:?}");
        }
    }
}
