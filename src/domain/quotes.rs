//! How mailers announce a quote, in the languages that they speak: tables, and the functions that read them.

/// Verbs of "… wrote:" lines, lower case.
const WROTE: &[&str] = &[
    "wrote", "writes", "schrieb", "geschrieben", "a écrit", "ha escrito", "escribió", "escribio", "escreveu", "ha scritto", "scritto",
    "schreef", "skrev", "napisał", "napisała", "napisał(a)", "pisze", "написал", "написала", "пишет", "napsal", "napsala", "kirjoitti",
    "yazdı", "yazmış", "đã viết", "menulis", "έγραψε", "написав", "pisze", "írta", "a scris", "写道", "寫道", "写到", "書きました",
    "님이 작성", "のメール",
];

/// How "… wrote:" lines begin, lower case, with the space or mark that follows.
const STARTS: &[&str] = &[
    "on ", "at ", "am ", "le ", "el ", "em ", "il ", "in data ", "op ", "den ", "w dniu ", "dnia ", "dne ", "vào ", "pada ", "στις ",
    "de ", "mon", "tue", "wed", "thu", "fri", "sat", "sun", "man.", "tir.", "ons.", "tor.", "fre.", "lør.", "søn.", "pe ", "в ", "пн",
    "вт", "ср", "чт", "пт", "在", "于", "於", "quoting ",
];

/// Fields of quoted header blocks, lower case: those that name the sender, and the others.
const FROM_FIELDS: &[&str] = &[
    "from", "von", "de", "da", "van", "från", "fra", "od", "от", "lähettäjä", "gönderen", "発信者", "差出人", "보낸 사람", "发件人",
    "寄件者", "寄件人",
];
const OTHER_FIELDS: &[&str] = &[
    "sent", "date", "to", "cc", "subject", "reply-to", "gesendet", "datum", "an", "betreff", "envoyé", "à", "objet", "enviado",
    "enviado el", "para", "asunto", "fecha", "data", "assunto", "enviada em", "inviato", "a", "oggetto", "verzonden", "aan", "onderwerp",
    "skickat", "till", "ämne", "sendt", "til", "emne", "wysłano", "do", "temat", "отправлено", "кому", "тема", "дата", "lähetetty", "aihe",
    "gönderildi", "kime", "konu", "送信日時", "宛先", "件名", "보낸 날짜", "받는 사람", "제목", "发送时间", "发送日期", "日期", "时间",
    "寄件日期", "寄件時間", "傳送日期", "發送日期", "收件人", "抄送", "抄送人", "主题", "收件者", "副本", "主旨",
];

/// What stands between the dashes of a separator line, lower case.
const SEPARATORS: &[&str] = &[
    "original message", "original", "original appointment", "forwarded message", "forwarded by", "replied message", "reply message",
    "origin message", "begin forwarded message", "ursprüngliche nachricht", "originalnachricht", "original-nachricht",
    "weitergeleitete nachricht", "message d'origine", "message transféré", "mensaje original", "mensaje reenviado", "mensagem original",
    "mensagem encaminhada", "messaggio originale", "messaggio inoltrato", "oorspronkelijk bericht", "doorgestuurd bericht",
    "ursprungligt meddelande", "oprindelig meddelelse", "opprinnelig melding", "wiadomość oryginalna", "oryginalna wiadomość",
    "исходное сообщение", "пересылаемое сообщение", "元のメッセージ", "원본 메시지", "原始邮件", "原始郵件", "原邮件", "转发的邮件",
    "转发邮件", "转发邮件信息", "轉寄郵件", "轉寄的郵件", "转发的原邮件",
];

/// Those that only a forward has, lower case.
const FORWARDS: &[&str] = &[
    "forwarded message", "weitergeleitete nachricht", "message transféré", "mensaje reenviado", "mensagem encaminhada",
    "messaggio inoltrato", "doorgestuurd bericht", "пересылаемое сообщение", "转发的邮件", "转发邮件", "转发邮件信息", "轉寄郵件",
    "轉寄的郵件", "转发的原邮件",
];

/// Apple Mail's words above a forward, without dashes and with a colon, lower case.
const BEGINNINGS: &[&str] = &[
    "begin forwarded message",
    "anfang der weitergeleiteten nachricht",
    "début du message réexpédié",
    "début du message transféré",
    "inicio del mensaje reenviado",
    "início da mensagem reencaminhada",
    "inizio messaggio inoltrato",
    "begin doorgestuurd bericht",
    "vidarebefordrat brev",
    "початок переадресованого листа",
    "начало переадресованного сообщения",
    "下面是被转发的邮件",
    "以下是转发的邮件",
    "开始转发的邮件",
    "以下是被轉寄的郵件",
    "以下是轉寄的郵件",
    "開始轉寄郵件",
    "転送されたメッセージ",
    "전달된 메시지",
];

/// Fields of quoted header blocks that hold the subject, lower case.
const SUBJECT_FIELDS: &[&str] = &[
    "subject", "betreff", "objet", "asunto", "assunto", "oggetto", "onderwerp", "ämne", "emne", "temat", "тема", "aihe", "konu", "件名",
    "제목", "主题", "主旨",
];

/// More separators whose Chinese words vary.
const SEPARATORS_ZH: &[&str] = &["回复的原邮件", "回复的邮件", "原始信息", "邮件原件"];

/// How lines begin that phones and mailers add, lower case.
const CLIENTS: &[&str] = &[
    "sent from my ", "sent from mail for", "sent from outlook", "sent from yahoo", "sent from proton", "sent from samsung",
    "sent from typeapp", "sent from bluemail", "sent from gmail", "sent from a", "sent via ", "sent with ", "sent using ",
    "get outlook for", "get bluemail for", "typed on my", "von meinem ", "gesendet von ", "gesendet mit ", "gesendet über ",
    "envoyé de mon ", "envoyé depuis ", "envoyé à partir ", "enviado desde ", "enviado do ", "enviado de ", "enviado a partir ",
    "inviato da ", "verzonden vanaf ", "verstuurd vanaf ", "skickat från ", "sendt fra ", "lähetetty ", "wysłane z ", "отправлено с ",
    "отправлено из ", "odesláno z ", "发自我的", "发自 我的", "来自我的", "發自我的", "從我的", "从我的", "获取 outlook", "iphoneから送信",
    "나의 ",
];

/// Lines that mailers add and that need not stand at the start, lower case.
const CLIENT_PARTS: [&str; 9] =
    ["签名由", "邮箱大师定制", "发自我的企业微信", "发自企业微信", "版邮件发送", "通过 outlook", "發送自", "发送自", "gesendet.html"];

/// What companies' gateways write below every mail, lower case.
const GATEWAYS: &[&str] = &[
    "confidential", "intended recipient", "disclaimer", "privileged", "think before you print", "consider the environment", "scanned by",
    "virus-free", "unauthorised", "unauthorized", "vertraulich", "confidentiel", "confidencial", "riservat", "保密", "机密", "免责声明",
    "请勿泄露", "打印前", "非指定收件人", "機密", "免責",
];

/// Is this a line that a gateway writes below every mail?
pub fn is_gateway_line(line: &str) -> bool {
    let lower = line.to_lowercase();
    GATEWAYS.iter().any(|words| lower.contains(words))
}

/// A field of a quote's head.
pub fn is_field(line: &str) -> bool {
    field(line).is_some_and(|(name, _)| FROM_FIELDS.iter().chain(OTHER_FIELDS).any(|known| same_field(known, &name)))
}

/// Is this line a row of dashes or the like?
pub fn is_rule(line: &str) -> bool {
    let line = line.trim();
    line.chars().count() >= 2 && line.chars().all(|c| "-_=*#~+—–─·".contains(c))
}

/// A line that a phone or mailer has added.
pub fn is_client_line(line: &str) -> bool {
    let line = line.trim_start_matches(['[', '<', ' ', '*', '_']);
    // The link behind a product's name is part of the line, not of its length.
    let words = line.split(['<', '(']).next().unwrap_or("");
    if words.is_empty() || words.chars().count() > 60 || words.trim_end().ends_with(['?', '？']) {
        return false;
    }
    let lower = words.to_lowercase();
    CLIENTS.iter().any(|c| lower.starts_with(c) && (!c.starts_with("나의") || lower.contains("보냄")))
        || CLIENT_PARTS.iter().any(|c| lower.contains(c))
}

/// A separator or a block of header lines at `at`, after which everything is quoted: the line that the cut begins with.
pub fn separator(lines: &[&str], at: usize) -> Option<usize> {
    let line = lines.get(at)?.trim();
    if !may_separate(line) {
        return None;
    }
    if is_separator(line) {
        return Some(at);
    }
    header_block(lines, at).then(|| {
        // Outlook and Foxmail draw a rule above the block.
        let above = (0..at).rev().take(3).find(|i| lines.get(*i).is_some_and(|l| !l.trim().is_empty()));
        above.filter(|i| lines.get(*i).is_some_and(|l| is_rule(l))).unwrap_or(at)
    })
}

/// A quick look, as most lines are neither.
fn may_separate(line: &str) -> bool {
    line.starts_with(['-', '*', '_', '=', '—', '─', '|', '<']) || line.contains([':', '：'])
}

fn is_separator(line: &str) -> bool {
    let dashes = |c: char| "-_=*—─ \u{a0}|<>".contains(c);
    let inside = line.trim_matches(dashes);
    let marked = line.len() - inside.len() >= 4 || line.chars().filter(|c| *c == '-' || *c == '—').count() >= 4;
    let lower = inside.trim_end_matches([':', '：']).replace("&nbsp;", " ").trim().to_lowercase();
    // Notes: -----"IT Support" <it@desk.example> wrote: -----
    let wrote = || WROTE.iter().any(|verb| lower.ends_with(verb)) && lower.contains('@');
    let known = || wrote() || SEPARATORS.iter().chain(SEPARATORS_ZH).any(|s| lower == *s);
    (marked
        && line.starts_with(['-', '*', '_', '=', '—', '─'])
        && (known()
            || lower.starts_with("forwarded by")
            || lower.starts_with("forwarded message from")
            || lower.starts_with("original message")))
        || (line.ends_with([':', '：']) && BEGINNINGS.iter().any(|s| lower == *s))
}

/// A separator that only a forward has.
pub fn announces_forward(line: &str) -> bool {
    let line = line.trim();
    if !may_separate(line) || !is_separator(line) {
        return false;
    }
    let inside = line.trim_matches(|c: char| "-_=*—─ \u{a0}|<>:：".contains(c)).replace("&nbsp;", " ").to_lowercase();
    ["forwarded by", "forwarded message from"].iter().any(|start| inside.starts_with(start))
        || FORWARDS.iter().chain(BEGINNINGS).any(|s| inside == *s)
}

/// The line that mutt and Pine write below a forward.
pub fn ends_forward(line: &str) -> bool {
    let inside = line.trim_matches(|c: char| "- ".contains(c)).to_lowercase();
    line.starts_with("--") && inside == "end forwarded message"
}

/// What a line of a quoted header block holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum HeadField {
    /// The sender.
    From,
    /// The subject.
    Subject,
    /// Another field.
    Other,
}

/// A line of a quoted header block, with its value.
pub fn head_field(line: &str) -> Option<(HeadField, &str)> {
    let (name, value) = table_row(line).or_else(|| field(line))?;
    let is = |known: &&&str| same_field(known, &name);
    let kind = if FROM_FIELDS.iter().any(|f| is(&f)) {
        HeadField::From
    } else if SUBJECT_FIELDS.iter().any(|f| is(&f)) {
        HeadField::Subject
    } else if OTHER_FIELDS.iter().any(|f| is(&f)) {
        HeadField::Other
    } else {
        return None;
    };
    Some((kind, value.trim().trim_end_matches('*').trim()))
}

/// The field name of a line `Name: value`, with a mailer's bold marks off.
fn field(line: &str) -> Option<(String, &str)> {
    let line = line.trim().trim_start_matches(['*', '|', ' ', '_']);
    let colon = line.char_indices().take(24).find(|(_, c)| matches!(c, ':' | '：'))?;
    let (name, value) = line.split_at_checked(colon.0)?;
    let name: String = name.trim_matches(['*', ' ', '\u{a0}', '\u{3000}']).to_lowercase();
    let name = if name.is_ascii() { name } else { name.replace([' ', '\u{3000}', '\u{a0}'], "") };
    Some((name, value.trim_start_matches([':', '：', '*', ' '])))
}

/// Table layouts of NetEase: `| 发件人 | li<li@example.org> |`.
fn table_row(line: &str) -> Option<(String, &str)> {
    let inside = line.trim().strip_prefix('|')?;
    let (name, value) = inside.split_once('|')?;
    Some((name.trim().to_lowercase(), value.trim().trim_end_matches('|')))
}

/// `From:` with a mail's other fields around it: at least three different ones within eight lines, the first of them here.
fn header_block(lines: &[&str], at: usize) -> bool {
    let mut named_from = false;
    let mut others: Vec<String> = Vec::new();
    let mut misses = 0;
    for (i, line) in lines.iter().skip(at).take(10).enumerate() {
        if line.trim().is_empty() {
            // HTML mails put an empty line between the fields.
            if i > 0 && misses >= 3 {
                break;
            }
            misses += 1;
            continue;
        }
        let Some(name) = field(line).map(|(n, _)| n).or_else(|| table_row(line).map(|(n, _)| n)) else {
            misses += 1;
            if i == 0 || misses > 3 {
                break;
            }
            continue;
        };
        if FROM_FIELDS.iter().any(|f| same_field(f, &name)) {
            named_from = true;
        } else if OTHER_FIELDS.iter().any(|f| same_field(f, &name)) {
            if !others.contains(&name) {
                others.push(name);
            }
        } else if i == 0 {
            return false;
        } else {
            misses += 1;
        }
        if named_from && others.len() >= 2 {
            return true;
        }
    }
    false
}

fn same_field(known: &str, name: &str) -> bool {
    known == name || (known.contains(' ') && known.replace(' ', "") == name)
}

/// A "… wrote:" head that begins or ends near line `at`: its first line and the line after it.
pub fn wrote(lines: &[&str], at: usize) -> Option<(usize, usize)> {
    // The head may take four lines; its first is here. Most lines have no head's end near them.
    if !lines.iter().skip(at).take(4).any(|l| l.ends_with([':', '：', '*']) || l.ends_with("wrote")) {
        return None;
    }
    let first = lines.get(at)?.trim();
    let begins = first.len() <= 300 && (is_start(first) || first.contains(['@', '<']) || has_date(first) || has_verb(first));
    if !begins {
        return None;
    }
    let mut joined = String::new();
    for (count, line) in lines.iter().skip(at).take(4).enumerate() {
        let line = line.trim();
        if line.is_empty() {
            return None;
        }
        // A wrapped head may leave `>:` on a line of its own.
        if count > 0 && line.starts_with('>') && !(line.len() <= 3 && line.ends_with([':', '：'])) {
            return None;
        }
        if !joined.is_empty() {
            joined.push(' ');
        }
        joined.push_str(line);
        if joined.len() > 500 {
            return None;
        }
        if is_head(&joined) {
            let narrower = (at + 1..=at + count).rev().find(|s| is_strong_head(lines, *s, at + count));
            // A line of the writer's own may stand right above the head.
            let start = if is_start(first) { at } else { narrower.unwrap_or(at) };
            return Some((start, at + count + 1));
        }
    }
    None
}

/// Does a head that begins as heads do stand in these lines?
fn is_strong_head(lines: &[&str], start: usize, end: usize) -> bool {
    let joined = lines.get(start..=end).unwrap_or_default().join(" ");
    is_start(joined.trim()) && is_head(joined.trim())
}

fn is_start(line: &str) -> bool {
    let line = line.trim_start_matches(['*', '_', ' ', '"']);
    let head: String = line.chars().take(12).flat_map(char::to_lowercase).collect();
    STARTS.iter().any(|s| head.starts_with(s))
}

fn has_verb(text: &str) -> bool {
    let lower = text.to_lowercase();
    WROTE.iter().any(|v| lower.contains(v))
}

/// Two groups of digits, as every date or time has.
fn has_date(text: &str) -> bool {
    let mut groups = 0;
    let mut inside = false;
    for c in text.chars() {
        let digit = c.is_numeric();
        groups += usize::from(digit && !inside);
        inside = digit;
    }
    groups >= 2
}

/// A whole head: a date, a verb, a start or an address, and a colon at the end.
fn is_head(joined: &str) -> bool {
    let end = joined.trim_end_matches(['*', '_', ' ', '\u{a0}', '\u{200e}']);
    let colon = end.ends_with([':', '：']);
    let bare_verb = || end.to_lowercase().ends_with(" wrote") && end.contains('@') && is_start(end);
    if !colon && !bare_verb() {
        return false;
    }
    // Gmail in Japanese, Korean and Russian has no verb: a date, a name, an address, a colon.
    let verbless = || {
        let dated = has_date(end) && has_year(end);
        dated && end.contains('@') && end.trim_end_matches([':', '：']).trim_end().ends_with('>')
    };
    if !has_verb(end) {
        return verbless();
    }
    let sentence = end.contains("://") && !end.contains('<');
    let dated = has_date(end) || (is_start(end) && end.chars().any(char::is_numeric));
    !sentence && dated && (is_start(end) || end.contains('@') || end.contains(['<', '年']) || has_year(end))
}

fn has_year(text: &str) -> bool {
    text.split(|c: char| !c.is_ascii_digit()).any(|w| w.len() == 4 && (w.starts_with("19") || w.starts_with("20")))
}

/// A line that would begin a quote, kept because its company is missing.
pub fn is_stray_head(line: &str) -> bool {
    if is_separator(line) {
        return true;
    }
    let from = field(line).is_some_and(|(name, value)| FROM_FIELDS.iter().any(|f| same_field(f, &name)) && value.contains('@'));
    from || (line.ends_with([':', '：']) && is_head(line))
}
