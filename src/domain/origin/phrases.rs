//! What servers write when they do not deliver, sentence by sentence, and the reason that each stands for.

use super::reason::BounceReason;

use BounceReason as R;

/// Phrases of notices, lower case. The order of the groups matters: what cannot be meant otherwise stands before what can.
pub const PHRASES: &[(BounceReason, &[&str])] = &[
    // Some say everything that may be wrong, or name the least of it first.
    (
        R::Spam,
        &["our bulk email filter", "our spam filter", "our spam firewall", "contains a virus", "contained a virus", "判定为垃圾邮件"],
    ),
    (R::Policy, &["policy violation", "violates policy", "policy reasons", "policy restrictions"]),
    (
        R::NoMailThere,
        &[
            "not accepting network messages", "nullmx", "null mx", "host does not accept mail", "domain does not accept mail",
            "domain does not receive mail",
        ],
    ),
    (R::NoMailbox, &["account or domain may not exist", "group you tried to contact", "recipientnotfound"]),
    (
        R::NoHost,
        &[
            "non-existent host", "nonexistent host", "non-existent domain", "nonexistent domain", "domain existiert nicht",
            "domaine n'existe pas", "dominio no existe", "domínio não existe", "dominio non esiste", "domein bestaat niet",
            "domena nie istnieje", "doména neexistuje", "домен не существует", "도메인이 존재하지 않",
            "destination computer was not found",
        ],
    ),
    (
        R::Loop,
        &[
            "too many hops", "mail loop", "loops back to", "looping", "forwarding loop", "routing loop", "loop detected",
            "maximum hop count", "hop count exceeded", "邮件循环",
        ],
    ),
    (
        R::Moved,
        &[
            "user has moved", "has moved to", "mailbox has moved", "address has changed", "has been replaced by",
            "no longer using this address", "用户已迁移",
        ],
    ),
    (
        R::Full,
        &[
            "mailbox full", "mailbox is full", "mailbox was full", "mailbox size limit", "mail box full", "account is full",
            "inbox is full", "inbox full", "folder is full", "maildir over", "mailfolder is over", "over quota", "overquota", "over-quota",
            "quota exceeded", "exceeded quota", "exceeds quota", "quota exceed", "quota full", "quota is full", "disk quota",
            "quota violation", "out of quota", "exceed the quota", "over the allowed quota", "over the maximum", "exceeded its quota",
            "exceeded their quota", "exceeded storage", "storage quota", "storage exceeded", "out of storage", "mailbox exceeded",
            "has exceeded the allowed", "exceeded mailbox", "exceeds mailbox", "exceeded the limit of the mailbox",
            "exceeded the size limit of the mailbox", "not enough storage space", "insufficient storage", "mailbox for user is full",
            "mailbox is over", "user is over", "user has exceeded", "over its size limit", "mailbox exceeds", "exceeds allowed size",
            "no space left in mailbox", "too many messages in this mailbox", "delivery failed: over quota", "postfach ist voll",
            "empfängers ist voll", "mailbox ist voll", "está lleno", "está llena", "låda är full", "jest pełna", "je plná", "boîte pleine",
            "boite pleine", "buzón lleno", "casella piena", "caixa cheia", "メールボックスが一杯", "容量を超え", "переполнен",
            "превышена квота", "邮箱已满", "邮箱满", "信箱已满", "信箱已滿", "郵箱已滿", "空间已满", "空间不足", "空間不足", "è piena",
            "caixa postal cheia", "está cheia", "ontvanger is vol", "postvak is vol", "mailbox is vol", "przepełnion", "est pleine",
            "megtelt", "er fuld", "on täynnä", "är full", "kotası dol", "είναι πλήρης", "hộp thư đầy", "hộp thư đã đầy", "容量が超過",
            "容量オーバー", "용량이 초과", "용량 초과", "가득 찼", "容量已满", "容量已滿", "容量不足", "超出配额", "超过配额", "超出容量",
            "存储空间满",
        ],
    ),
    (
        R::TooLarge,
        &[
            "too large", "too big", "message size exceed", "exceeds the maximum", "exceeds maximum",
            "exceeded maximum inbound message size", "exceeds size limit", "exceeds the size limit", "exceeds fixed limit",
            "exceeds fixed maximum message size", "message is larger than", "message length exceeds", "size limit",
            "larger than the maximum", "over size limit", "maximum message size", "邮件过大", "邮件太大", "大小超过", "超过大小限制",
            "尺寸超过", "超过了对方", "允许的最大", "郵件過大",
        ],
    ),
    (
        R::Unauthenticated,
        &[
            "spf check", "openspf", "mi:spf", "mi:dma", "mi:dkm", "spf fail", "spf:", "spf-", "spf validation", "spf record",
            "sender policy framework", "dkim", "dmarc", "sender id", "unauthenticated email", "unauthenticated mail",
            "email from this sender is not authenticated", "fails authentication", "spf验证", "spf校验", "spf检查",
        ],
    ),
    (
        R::ServerRefused,
        &[
            "reverse dns", "reverse lookup", "reverse hostname", "ptr record", "no ptr", "rdns", "blacklist", "black list", "blocklist",
            "block list", "blocked by", "blocked using", "spamhaus", "dnsbl", "rbl.", "-rbl", "barracudacentral", "spamcop", "sorbs",
            "is listed", "listed at", "listed by", "reputation", "your ip", "your host", "your server", "ip address has been",
            "ip address is", "from your ip", "connecting ip", "from this ip", "ipcheck", "hl:ipb", "hl:rep", "hl:itc", "hl:icc",
            "ip is not allowed", "client host", "ip not in whitelist", "connection refused from", "connections will not be accepted from",
            "connections not accepted from", "dynamic ip", "dynamic/residential", "dynamic address", "hostname is not",
            "cannot find your hostname", "cannot resolve your", "helo command rejected", "ehlo/helo", "invalid helo", "bad helo", "banned",
            "refused to talk to me", "unverifyable sending", "unverifiable sending", "following ip address", "user complaints",
            "your internet service provider", "mail server has been blocked", "server is blocked", "黑名单", "黑名單", "发信ip", "发件ip",
            "该ip", "ip被", "ip发送行为", "禁止连接", "ip信誉", "信誉",
        ],
    ),
    (
        R::TooFast,
        &[
            "rate limit", "rate-limit", "ratelimit", "rp:trc", "rp:qrc", "rp:cel", "mi:stc", "mi:sfq", "mi:cel", "exceeded threshold",
            "exceeded their limit", "frequency limit", "too many connections", "too many messages", "too many emails",
            "too many recipients", "too many mails", "too much mail", "too many concurrent", "too many sessions", "unusual rate",
            "at a rate that", "sending limit", "message limit", "limit exceeded", "daily limit", "throttl", "too quickly", "too fast",
            "max message per connection", "max emails per hour", "max defers and failures", "maximum number of messages", "频率",
            "邮件数量超", "发信过于频繁", "发送过于频繁", "发信量超", "超出发信",
        ],
    ),
    (
        R::SenderRefused,
        &[
            "sender address rejected", "sender rejected", "sender denied", "sender refused", "invalid sender", "unknown sender",
            "bad sender", "sender verify failed", "sender verification", "dns check failed", "sender not in allowed",
            "sendernotauthenticated", "sender domain must", "unroutable sender", "unrouteable sender", "sender address must",
            "must be same as", "must equal authorized user", "domain of sender", "return path", "you are not allowed to post",
            "may not post", "not allowed to send", "not permitted to send", "closed list", "posting to this list", "not a member",
            "don't have permission", "do not have permission", "does not have permission", "only accepts messages from",
            "not accepting mail from", "restricted to", "发件人地址被拒", "发件人不匹配", "发件人地址不合", "发信人电子邮件地址不合",
            "允许的发信用户", "发件人被拒", "拒收了您", "列入拒收", "没有权限",
        ],
    ),
    (
        R::NoMailbox,
        &[
            "user unknown", "unknown user", "unknown recipient", "recipient unknown", "unknown address", "addressee unknown",
            "unknown or illegal alias", "unknown local", "addresses were unknown", "unrecognised-orname", "unrecognised or-name",
            "unrecognized-orname", "unknown account", "unknown mailbox", "mailbox unknown", "unknown email", "unknown to", "no such user",
            "no such mailbox", "no such recipient", "no such address", "no such account", "no such person", "no such local",
            "no such email", "no such id", "no such name", "not a known user", "not a valid user", "not a valid mailbox",
            "not a valid recipient", "no valid recipient", "invalid recipient", "invalid rcpt", "invalid user", "invalid mailbox",
            "invalid address", "invalid final delivery user", "recipient is invalid", "illegal user", "recipient not found",
            "user not found", "mailbox not found", "account not found", "address not found", "user is not found", "no mailbox here",
            "no mailbox", "no account", "mailbox does not exist", "mailbox not exist", "account does not exist", "address does not exist",
            "user does not exist", "user doesn't exist", "user not exist", "recipient does not exist", "email does not exist",
            "does not exist here", "does not exist on", "does not exist at", "is not exist", "tried to reach does not exist",
            "non-existent", "nonexistent", "doesn't have a", "does not have an account", "not listed in", "is not listed",
            "not our customer", "not our user", "is not a user", "is not a known", "not known at this site", "not known here", "not local",
            "may not exist", "ambiguous address", "unrecognized user", "unable to verify user", "address unknown",
            "delivery to the following recipient failed", "bad destination mailbox", "no matches to nameserver query for mailbox",
            "could not find a user", "no user", "undeliverable address", "empfänger unbekannt", "utilisateur inconnu",
            "destinataire inconnu", "usuario desconocido", "utente sconosciuto", "usuário desconhecido", "пользователь не найден",
            "нет такого пользователя", "unbekannter benutzer", "unbekannter empfänger", "empfaenger unbekannt", "existiert nicht",
            "ist nicht bekannt", "kullanıcı bulunamadı", "bilinmeyen kullanıcı", "nieznany użytkownik", "nieznany odbiorca",
            "nie istnieje", "неизвестный пользователь", "не существует", "n'existe pas", "adresse inconnue", "no existe", "não existe",
            "non esiste", "bestaat niet", "neexistuje", "neznámý uživatel", "ismeretlen felhasználó", "okänd användare", "ukendt bruger",
            "tuntematon käyttäjä", "άγνωστος χρήστης", "không tồn tại", "不明なユーザ", "使用者不存在", "查無使用者", "존재하지 않",
            "없는 사용자", "宛先不明", "存在しない", "見つかりません", "收件人不存在", "收件人地址不存在", "用户不存在", "用戶不存在",
            "收件人邮件地址不存在", "帐号不存在", "账号不存在", "帳號不存在", "邮箱不存在", "郵箱不存在", "信箱不存在", "地址不存在",
            "帐户不存在", "账户不存在", "收件人未找到", "找不到收件人", "收件人地址无效", "地址错误", "无此用户", "查無此", "查无此",
            "未开通", "domino 目录", "domino directory",
        ],
    ),
    (
        R::Disabled,
        &[
            "account is disabled", "is disabled", "account disabled", "mailbox disabled", "mailbox is disabled",
            "account has been disabled", "user disabled", "user is disabled", "is inactive", "inactive", "is suspended",
            "account suspended", "has been suspended", "mailbox suspended", "user suspended", "frozen", "disabled recipient",
            "recipient disabled", "account closed", "account has been closed", "deactivated", "is locked", "account is locked",
            "user locked", "temporarily disabled", "not active", "no longer active", "no longer valid", "no longer available",
            "no longer in use", "no longer on", "has been blocked", "user not active", "account expired", "not accepting messages",
            "not accepting mail", "does not accept mail", "冻结", "凍結", "停用", "被禁用", "已禁用", "被锁定", "已注销", "暂停使用",
            "停止使用",
        ],
    ),
    (
        R::NoHost,
        &[
            "host unknown", "dns domain", "unknown host", "host not found", "no such host", "no such domain", "unknown domain",
            "domain unknown", "domain not found", "domain does not exist", "domain name not found", "couldn't find any host",
            "cannot find host", "can't find host", "could not find host", "unable to find host", "name or service not known",
            "illegal host/domain", "unrouteable", "unroutable", "unrouteable mail domain", "no route to domain", "invalid domain",
            "bad destination host", "bad domain", "dns error", "dns lookup", "dns failure", "no mx", "mx record", "mx lookup",
            "name server loop", "nxdomain", "host lookup did not complete", "domain lookup", "域名不存在", "域名无法", "域名解析",
            "找不到域", "無此網域", "dns查询失败", "域名不可用", "mx记录", "找不到主机",
        ],
    ),
    (
        R::Spam,
        &[
            "spam", "junk", "virus", "malware", "phish", "unsolicited", "bulk mail", "bulk email", "content filter", "suspicious content",
            "垃圾邮件", "垃圾郵件", "病毒", "反垃圾",
        ],
    ),
    (
        R::Content,
        &[
            "message content", "mail content denied", "content is denied", "content rejected", "rejected due to content", "attachment",
            "illegal attachment", "bare lf", "bare newline", "malformed", "rfc 5322", "rfc5322", "rfc 2822", "rfc2822", "not rfc",
            "header error", "missing header", "duplicate header", "multiple from", "multiple addresses in from", "invalid header",
            "mime error", "内容被拒", "内容不合", "附件类型", "不合规",
        ],
    ),
    (
        R::NoMailbox,
        &[
            "recipient address rejected", "address rejected", "recipient rejected", "mailbox unavailable", "mailbox is unavailable",
            "mailbox not available", "could not be found", "couldn't be found", "wasn't found", "was not found", "doesn't exist",
            "introuvable", "nicht gefunden", "no se encontró", "no se ha encontrado", "inesistente", "non trovat",
            "não foi possível encontrar", "não encontrado", "niet gevonden", "kan niet worden gevonden", "nie znaleziono", "не найден",
            "찾을 수 없", "找不到", "未找到地址", "not found",
        ],
    ),
    (
        R::Policy,
        &[
            "relay", "policy", "not allowed", "not permitted", "denied", "rejected by", "prohibited", "administrative", "access control",
            "security", "authentication required", "blocked", "message refused", "starttls", "support tls", "filtered", "tls required",
            "requires tls", "tls negotiation", "tls is required", "拒收", "拒绝", "拒絕", "策略", "安全",
        ],
    ),
    (
        R::Expired,
        &[
            "message expired", "delivery time expired", "delivery expired", "retry timeout exceeded", "retry time not reached",
            "retry time exceeded", "retry timeout", "could not be delivered for", "could not deliver for", "unable to deliver for",
            "unable to deliver this message after", "has been in the queue too long", "in the queue too long", "too long in the queue",
            "on the queue too long", "been in queue", "message timed out", "queue lifetime", "exceeded time limit", "delivery timeout",
            "delivery timed out", "not been delivered for", "not delivered after", "was not delivered within", "max time", "maximum time",
            "undeliverable for", "time limit", "尝试投递多次", "多次尝试投递", "停止投递", "多次投递", "投递超时", "超时未",
        ],
    ),
    (
        R::Network,
        &[
            "timed out", "time out", "timeout", "connection refused", "connection reset", "connection lost", "lost connection",
            "connection dropped", "connection closed", "could not connect", "socket error", "requests to connect", "cannot connect",
            "can't connect", "couldn't connect", "unable to connect", "failed to connect", "connect to host failed", "not connected",
            "no route to host", "network error", "network is unreachable", "network unreachable", "host unreachable", "host is down",
            "host is unreachable", "no answer from host", "bad connection", "broken pipe", "establish an smtp connection",
            "unable to contact", "not reachable", "server not responding", "name server", "name service", "temporary lookup failure",
            "连接超时", "连接失败", "无法连接", "网络", "連線", "連接",
        ],
    ),
    (
        R::System,
        &[
            "service unavailable", "service not available", "service temporarily unavailable", "server error", "system error",
            "operating system error", "internal error", "local error", "configuration error", "misconfigured", "out of memory",
            "disk full", "no space left", "insufficient system", "insufficient disk", "not enough space", "can't create", "cannot create",
            "cannot open", "can't open", "i/o error", "resources temporarily", "temporarily unavailable", "temporary failure",
            "temporary error", "temporarily deferred", "try again later", "please try later", "greylist", "graylist", "system failure",
            "mailer error", "mail server is down", "command died", "exit status", "exited with", "pipe to", "unable to run",
            "local configuration", "local delivery failed", "delivery agent", "系统错误", "系统繁忙", "服务器忙", "系統錯誤", "服务不可用",
        ],
    ),
    (
        R::Protocol,
        &[
            "syntax error", "command not recognized", "unrecognized command", "unrecognised command", "command unrecognized",
            "bad sequence", "not implemented", "protocol error", "unexpected response", "invalid response", "command rejected",
            "protocol violation", "smtputf8", "8bitmime", "bad command",
        ],
    ),
    (
        R::Expired,
        &[
            "delivery attempts", "attempts to deliver", "attempts:", "several attempts", "repeated attempts", "many attempts",
            "failed attempts", "too long",
        ],
    ),
];
