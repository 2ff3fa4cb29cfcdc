//! The last lines that phones, mailers and providers add: "Sent from my iPhone", 发自我的 iPhone.
//!
//! A writer's own sentence may begin like one ("Sent from my account, three mails …"), so a line must also be short, end as feet end, or
//! name a device or a mailer.

use std::sync::LazyLock;

use aho_corasick::AhoCorasick;

use crate::domain::text::{is_han_or_kana, lower};

/// Devices and mailers.
const DEVICES: &[&str] = &[
    "phone", "ipad", "ipod", "android", "mobile", "galaxy", "samsung", "huawei", "honor", "xiaomi", "redmi", "oppo", "vivo", "oneplus",
    "pixel", "nexus", "nokia", "motorola", "xperia", "blackberry", "tablet", "cell", "handheld", "handset", "device", "outlook",
    "yahoo mail", "proton mail", "mail for windows", "gmail", "spark", "airmail", "typeapp", "boxer", "bluemail", "windows 10",
    "apple watch", "apple vision",
];

/// A search for them; `None` never happens.
static DEVICE: LazyLock<Option<AhoCorasick>> = LazyLock::new(|| AhoCorasick::new(DEVICES).ok());

fn names_a_device(lower: &str) -> bool {
    DEVICE.as_ref().is_some_and(|devices| devices.is_match(lower))
}

/// How feet begin in English; a device or a mailer follows, or little.
const SENT: &[&str] =
    &["sent from ", "sent via ", "sent by ", "sent with ", "sent using ", "sent through ", "sent on ", "typed on ", "written on "];

/// How feet begin in other languages.
const BEGINNINGS: &[&str] = &[
    "gesendet von ", "gesendet mit ", "gesendet über ", "gesendet aus ", "envoyé de mon ", "envoyé de ma ", "envoyé depuis ",
    "envoyé à partir ", "envoyé via ", "enviado desde ", "enviado do ", "enviado da ", "enviado de ", "enviado a partir ", "enviado pelo ",
    "inviato da ", "inviato dal ", "inviato con ", "verzonden vanaf ", "verzonden met ", "verstuurd vanaf ", "skickat från ",
    "skickades från ", "sendt fra ", "lähetetty ", "wysłane z ", "wysłano z ", "отправлено с ", "отправлено из ", "відправлено з ",
    "надіслано з ", "odesláno z ", "odoslané z ", "poslano s ", "elküldve ", "trimis de pe ", "στάλθηκε από ", "đã gửi từ ",
    "dikirim dari ", "enviat des de ", "נשלח מה", "ส่งจาก", "أُرسلت من ", "تم الإرسال من ",
];

/// Advertisements for Outlook.
const OUTLOOKS: &[&str] = &[
    "get outlook for ", "holen sie sich outlook ", "outlook für ", "télécharger outlook ", "obtenir outlook ", "obtener outlook ",
    "descargar outlook ", "obter o outlook ", "baixar o outlook ", "ottieni outlook ", "scarica outlook ", "outlook voor ",
    "download outlook ", "hämta outlook ", "hent outlook ", "hanki outlook ", "pobierz program outlook ", "pobierz outlook ",
    "скачать outlook ", "获取 outlook", "获取outlook", "下载 outlook", "下载适用于", "取得 outlook", "取得 ios", "取得 android",
    "get bluemail for ",
];

/// How such an advertisement ends where its beginning says too little.
const OUTLOOK_ENDS: &[&str] = &["beziehen", "herunterladen", "downloaden", "を入手", "다운로드"];

/// Beginning and end of lines in between which a device stands.
const FRAMES: &[(&str, &str)] = &[
    ("von mein", "gesendet"),
    ("von unterwegs", "gesendet"),
    ("diese nachricht wurde von mein", "gesendet"),
    ("", "から送信"),
    ("", "에서 보냄"),
    ("", "umdan gönderildi"),
    ("", "den gönderildi"),
    ("", "dan gönderildi"),
    ("从我的", "发送"),
    ("從我的", "傳送"),
    ("从我的", "传送"),
    ("由我的", "傳送"),
    ("由我的", "发送"),
    ("通过", "发送"),
    ("透過", "傳送"),
    ("该邮件从移动", "发送"),
    ("邮件从我的", "发送"),
    ("签名由", "定制"),
    ("簽名由", "定制"),
    ("", "版邮件发送"),
    ("", "邮箱大师定制"),
    ("", "邮箱大师 定制"),
];

/// How Chinese feet begin …
const FROM_ZH: &[&str] = &["发自", "來自", "来自", "寄自", "發自", "发送自", "發送自", "本邮件来自", "邮件来自"];
/// … and what follows: mine, a maker, a mailer.
const MINE_ZH: &[&str] = &[
    "我的", "iphone", "ipad", "android", "安卓", "华为", "華為", "荣耀", "小米", "红米", "三星", "魅族", "vivo", "oppo", "一加", "中兴",
    "锤子", "手机", "手機", "移动", "outlook", "windows", "qq", "网易", "163", "126", "139", "189", "新浪", "搜狐", "阿里", "钉钉", "釘釘",
    "飞书", "企业微信", "微信", "foxmail", "mail", "lark", "wps", "coremail", "易邮",
];

/// What may stand behind that: kinds of devices and mailers, in single characters. A sentence that begins so has others.
const REST_ZH: &str = "我的手机手機邮箱郵箱客户端客戶端大师大師邮件郵件版安卓苹果蘋果华为華為荣耀榮耀小米红米三星魅族一加中兴锤子平板电脑電腦设备設備发送發送傳送\
                       企业微信企業微信钉钉釘釘飞书飛書新浪搜狐网易網易阿里云雲移动移動畅享暢享网页網頁与與和、·行动裝置装置智能智慧型应用應用程序";

/// Whole lines.
const WHOLE: &[&str] =
    &["sent on the go", "sent on the move", "sent on the run", "sent from the road", "please excuse brevity", "please excuse my brevity"];

/// Most words of a line that names a device or a mailer, of one that asks to excuse typing errors as well, and of one that does neither.
const WORDS: (usize, usize, usize) = (10, 16, 7);

/// What feet begin with, from the tables.
struct First {
    /// Words where the script has capitals, by their length in bytes, so that a word meets the few that are as long.
    words: Vec<Vec<&'static str>>,
    /// What comes before the first Latin letter or space in other scripts.
    others: Vec<&'static str>,
}

/// Longer words, in bytes, begin no foot.
const LONGEST: usize = 30;

static FIRST: LazyLock<First> = LazyLock::new(|| {
    let frames = FRAMES.iter().map(|(start, _)| *start).filter(|start| !start.is_empty());
    let tables = [SENT, BEGINNINGS, OUTLOOKS, WHOLE, FROM_ZH, &["from my "]];
    let mut known = First { words: vec![Vec::new(); LONGEST + 1], others: Vec::new() };
    for entry in tables.into_iter().flatten().copied().chain(frames) {
        match entry.chars().next() {
            Some(first) if first.is_lowercase() => {
                let word = entry.split(' ').next().unwrap_or(entry);
                known.words.get_mut(word.len()).filter(|words| !words.contains(&word)).into_iter().for_each(|words| words.push(word));
            }
            _ => known.others.extend(entry.split(|c: char| c.is_ascii()).next().filter(|start| !start.is_empty())),
        }
    }
    known
});

impl First {
    /// Does a foot begin as this line does?
    fn begins(&self, line: &str) -> bool {
        let Some(first) = line.chars().next() else { return false };
        // Chinese has no capitals, and may have no space.
        if !first.is_lowercase() && !first.is_uppercase() {
            return !first.is_ascii() && self.others.iter().any(|start| line.starts_with(start));
        }
        let Some(word) = first_word(line) else { return false };
        if word.is_ascii() { self.has(word) } else { self.has(&word.to_lowercase()) }
    }

    /// Is this one of the words? Latin letters may be capitals.
    fn has(&self, word: &str) -> bool {
        self.words.get(word.len()).is_some_and(|words| words.iter().any(|known| known.eq_ignore_ascii_case(word)))
    }
}

/// The first word, unless it is too long.
fn first_word(line: &str) -> Option<&str> {
    let near = line.as_bytes().get(..=LONGEST).unwrap_or(line.as_bytes());
    // A space that does not break is the bytes c2 a0.
    let is_space = |at: &usize| near.get(*at) == Some(&b' ') || line.as_bytes().get(at + 1) == Some(&0xa0);
    match memchr::memchr2_iter(b' ', 0xc2, near).find(is_space) {
        Some(end) => line.get(..end),
        None => (line.len() <= LONGEST).then_some(line),
    }
}

/// What feet end with that may begin with anything.
fn ends() -> impl Iterator<Item = &'static str> {
    FRAMES.iter().filter(|(start, _)| start.is_empty()).map(|(_, end)| *end).chain(OUTLOOK_ENDS.iter().copied())
}

/// Their last characters, each once.
static LAST: LazyLock<Vec<char>> = LazyLock::new(|| {
    let mut last: Vec<char> = ends().filter_map(|end| end.chars().next_back()).collect();
    last.sort_unstable();
    last.dedup();
    last
});

/// What may stand around a foot.
fn is_wrapping(c: char) -> bool {
    !c.is_ascii_alphanumeric() && is_mark(c)
}

fn is_mark(c: char) -> bool {
    matches!(c, '[' | ']' | '<' | '>' | '(' | ')' | '*' | '_' | '~' | '-' | '–' | '—' | '·' | '|' | '«' | '»' | '"' | '“' | '”')
        || c.is_whitespace()
}

/// A quick look, as most lines are none: how it begins, or how it ends where that tells.
fn may_be_foot(line: &str) -> bool {
    let end = line.trim_end_matches(is_end_mark);
    let last = || end.chars().next_back().is_some_and(|c| LAST.contains(&c));
    FIRST.begins(line)
        || line.len() <= 40 && end.contains("rom m")
        || !line.is_ascii() && last() && ends().any(|known| end.ends_with(known))
}

/// What may end a foot's sentence.
fn is_end_mark(c: char) -> bool {
    matches!(c, '.' | '。' | '!' | '！' | ' ')
}

/// A line that a phone, a mailer or a provider has added.
pub fn is_client_line(line: &str) -> bool {
    let line = line.trim_matches(is_wrapping);
    if line.len() > 400 || !may_be_foot(line) {
        return false;
    }
    let bare = bare(line);
    let length = bare.chars().count();
    if !(3..=110).contains(&length) || bare.ends_with(['?', '？', ',', '，', ':', '：']) {
        return false;
    }
    let lower = lower(&bare);
    let lower = lower.trim_end_matches(is_end_mark);
    is_english(lower) || is_of_table(lower) || is_chinese(lower)
}

/// The line without brackets, bullets, emphasis and links.
fn bare(line: &str) -> String {
    let mut out = String::with_capacity(line.len());
    let mut rest = line;
    while let Some(at) = memchr::memchr2(b'<', b'(', rest.as_bytes()) {
        let (before, tail) = rest.split_at_checked(at).unwrap_or((rest, ""));
        out.push_str(before);
        let Some((inside, after)) = tail.split_once(['>', ')']) else {
            // The closing mark went with the line's end.
            rest = if tail.contains("://") { "" } else { tail };
            break;
        };
        if !inside.contains("://") && !inside.contains("mailto:") {
            out.push_str(inside.trim_start_matches(['<', '(']));
        }
        rest = after;
    }
    out.push_str(rest);
    out.retain(|c| !"[]*".contains(c));
    out.trim().to_owned()
}

fn is_english(lower: &str) -> bool {
    let words = lower.split_whitespace().count();
    if WHOLE.contains(&lower) {
        return true;
    }
    if let Some(rest) = SENT.iter().find_map(|s| lower.strip_prefix(s)) {
        let device = names_a_device(rest);
        let excused = ["excuse", "brevity", "typo"].iter().any(|w| rest.contains(w));
        return match (device, excused) {
            (true, true) => words <= WORDS.1,
            (true, false) => words <= WORDS.0,
            _ => words <= 3 || (words <= WORDS.2 && (rest.starts_with("my ") || rest.starts_with("a "))),
        };
    }
    // "From my iPhone", "Nick from mobile".
    let device =
        lower.split_once("from my ").map(|(_, d)| d).or_else(|| lower.split_once("from ").map(|(_, d)| d).filter(|d| *d == "mobile"));
    words <= 4 && device.is_some_and(names_a_device)
}

fn is_of_table(lower: &str) -> bool {
    let words = lower.split_whitespace().count();
    if words > WORDS.1 {
        return false;
    }
    let outlook = || {
        OUTLOOKS.iter().any(|o| lower.starts_with(o))
            && (words <= 9 && !["outlook für ", "outlook voor "].iter().any(|o| lower.starts_with(o)))
            || (lower.contains("outlook") && OUTLOOK_ENDS.iter().any(|e| lower.ends_with(e)))
    };
    let framed = |(start, end): &(&str, &str)| {
        lower.starts_with(start) && lower.ends_with(end) && lower.len() > start.len() + end.len() && !lower.contains(['，', '。'])
    };
    BEGINNINGS.iter().any(|b| lower.starts_with(b)) || outlook() || (lower.chars().count() <= 70 && FRAMES.iter().any(framed))
}

fn is_chinese(lower: &str) -> bool {
    let Some(rest) = FROM_ZH.iter().find_map(|f| lower.strip_prefix(f)) else { return false };
    let rest = rest.trim_start();
    let plain = |c: char| !is_han_or_kana(c) || REST_ZH.contains(c);
    rest.chars().all(plain)
        && rest.chars().count() <= 24
        && !rest.contains(['，', '。', '；', '、'])
        && MINE_ZH.iter().any(|m| rest.starts_with(m))
}
