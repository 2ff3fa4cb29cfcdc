//! The mail of an ordinary support desk, made up: the same seed gives the same bytes.
//!
//! 70 % open a ticket and 30 % answer an earlier mail; 30 % are Chinese, half of them in GB18030; half have an HTML form beside the plain one;
//! 10 % carry 200 KB that do not compress. 33 KB on average.

use std::fmt::Write as _;

use data_encoding::BASE64;
use encoding_rs::GB18030;

/// Bytes of an attachment before base64.
const ATTACHMENT: usize = 200_000;

const SUBJECTS: [&str; 10] = [
    "VPN drops every few minutes", "Printer on the third floor is offline", "Password expired while travelling",
    "Please install the new drawing program", "Shared drive asks for a login again", "Laptop battery lasts twenty minutes",
    "Outlook search finds nothing", "Access to the finance folder", "Wi-Fi in the meeting room is slow", "Second screen stays black",
];
const SUBJECTS_ZH: [&str; 10] = [
    "VPN 频繁断开", "三楼打印机脱机", "出差期间密码过期", "申请安装新版绘图软件", "共享盘反复要求登录", "笔记本电池只能用二十分钟",
    "邮箱搜索不到邮件", "申请财务文件夹权限", "会议室无线网络很慢", "第二台显示器黑屏",
];
const SENTENCES: [&str; 12] = [
    "Since yesterday evening this happens on both of my machines.",
    "A colleague at the next desk sees the same and we have no idea why.",
    "I restarted twice and cleaned up what the assistant suggested.",
    "The message on the screen disappears before I can read all of it.",
    "We have a delivery on Friday, so an answer before noon would be welcome.",
    "It worked until the update that was rolled out on Monday.",
    "When I open the same file from home, nothing goes wrong.",
    "I have attached what I see, in case that helps you.",
    "Could somebody ring me back in the afternoon?",
    "The serial number is on the sticker below the keyboard.",
    "Other programs are as quick as ever.",
    "If it has to be replaced, tell me what I should fill in.",
];
const SENTENCES_ZH: [&str; 10] = [
    "从昨天晚上开始,我的两台电脑都出现了同样的情况。",
    "旁边的同事也遇到了这个问题,我们都不清楚原因。",
    "我已经重启过两次,也按照提示清理过了。",
    "屏幕上的提示一闪而过,来不及看完整。",
    "周五要交付项目,希望中午之前能有答复。",
    "周一推送更新之前一切正常。",
    "在家里打开同一个文件就没有问题。",
    "截图放在附件里,供参考。",
    "下午能不能给我回个电话?",
    "如果需要更换设备,请告诉我要填什么表。",
];

/// Random numbers (SplitMix64): plain, and the same everywhere.
pub struct Dice(u64);

impl Dice {
    /// The same name gives the same numbers.
    pub fn new(name: &str) -> Dice {
        Dice(name.bytes().fold(0xcbf2_9ce4_8422_2325, |hash: u64, b| (hash ^ u64::from(b)).wrapping_mul(0x0100_0000_01b3)))
    }

    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    pub fn below(&mut self, n: usize) -> usize {
        (self.next() % n as u64) as usize
    }

    fn percent(&mut self, chance: usize) -> bool {
        self.below(100) < chance
    }

    fn pick<'a>(&mut self, list: &[&'a str]) -> &'a str {
        list[self.below(list.len())]
    }

    fn bytes(&mut self, n: usize) -> Vec<u8> {
        let mut bytes: Vec<u8> = std::iter::repeat_with(|| self.next().to_le_bytes()).take(n / 8 + 1).flatten().collect();
        bytes.truncate(n);
        bytes
    }
}

#[derive(Clone, Copy, PartialEq)]
enum Charset {
    Ascii,
    Utf8,
    Gb18030,
}

impl Charset {
    fn name(self) -> &'static str {
        match self {
            Charset::Ascii => "us-ascii",
            Charset::Utf8 => "utf-8",
            Charset::Gb18030 => "gb18030",
        }
    }

    fn encode(self, text: &str) -> Vec<u8> {
        if self == Charset::Gb18030 { GB18030.encode(text).0.into_owned() } else { text.as_bytes().to_vec() }
    }
}

/// A mail that others may answer.
struct Opener {
    id: String,
    sender: usize,
    subject: String,
    charset: Charset,
}

/// So many mails: the openers first, then the answers. `name` keeps the ids of two loads apart; `files` is false for mails without files.
pub fn mails(name: &str, n: usize, files: bool) -> Vec<Vec<u8>> {
    let mut writer = Writer { dice: Dice::new(name), name: name.to_owned(), written: 0, files, long: false };
    let opening = if files { n - n * 3 / 10 } else { n };
    let people = (opening / 4).max(20);
    let mut openers = Vec::new();
    let mut mails = Vec::new();
    for _ in 0..opening {
        let (opener, mail) = writer.opener(people);
        openers.push(opener);
        mails.push(mail);
    }
    for _ in opening..n {
        let parent = writer.dice.below(openers.len());
        mails.push(writer.answer(&openers[parent]));
    }
    mails
}

/// So many mails of nothing but 8 KB of text.
pub fn texts(n: usize) -> Vec<Vec<u8>> {
    let mut writer = Writer { dice: Dice::new("texts"), name: "texts".to_owned(), written: 0, files: false, long: true };
    (0..n).map(|_| writer.opener(n).1).collect()
}

struct Writer {
    dice: Dice,
    name: String,
    written: usize,
    files: bool,
    long: bool,
}

impl Writer {
    fn opener(&mut self, people: usize) -> (Opener, Vec<u8>) {
        let charset = match self.dice.below(100) {
            0..15 => Charset::Gb18030,
            15..30 => Charset::Utf8,
            _ => Charset::Ascii,
        };
        let subject = self.dice.pick(if charset == Charset::Ascii { &SUBJECTS } else { &SUBJECTS_ZH });
        let subject = format!("{subject} ({})", self.dice.below(100_000));
        let opener = Opener { id: self.id(), sender: self.dice.below(people), subject, charset };
        let mail = self.mail(&opener.id, opener.sender, &opener.subject, charset, "");
        (opener, mail)
    }

    fn answer(&mut self, parent: &Opener) -> Vec<u8> {
        let id = self.id();
        let thread = format!("In-Reply-To: <{0}>\nReferences: <{0}>\n", parent.id);
        self.mail(&id, parent.sender, &format!("Re: {}", parent.subject), parent.charset, &thread)
    }

    fn id(&mut self) -> String {
        self.written += 1;
        format!("{:016x}.{}.{}@mx.people.example", self.dice.next(), self.written, self.name)
    }

    fn mail(&mut self, id: &str, sender: usize, subject: &str, charset: Charset, thread: &str) -> Vec<u8> {
        let mut head = String::new();
        let (hop, signature) = (self.dice.below(250) + 1, self.dice.bytes(96));
        let (body_hash, rest) = signature.split_at(32);
        write!(
            head,
            "Return-Path: <person{sender}.{name}@people.example>\n\
             Received: from out{hop}.people.example (out{hop}.people.example [192.0.2.{hop}])\n\tby mx.desk.example with ESMTPS id {queue:012x}\n\
             \tfor <support@desk.example>; Mon, 16 Nov 2026 09:30:00 +0000\n\
             DKIM-Signature: v=1; a=rsa-sha256; c=relaxed/relaxed; d=people.example; s=k1;\n\
             \th=from:to:subject:date:message-id; bh={bh};\n\tb={b}\n\
             From: Person {sender} <person{sender}.{name}@people.example>\nTo: Support <support@desk.example>\nSubject: {subject}\n\
             Date: Mon, 16 Nov 2026 09:30:00 +0000\nMessage-ID: <{id}>\n{thread}User-Agent: Loadmail/1\nMIME-Version: 1.0\n",
            name = self.name,
            queue = self.dice.next() >> 16,
            bh = BASE64.encode(body_hash),
            b = BASE64.encode(rest),
            subject = encoded_words(subject, charset),
        )
        .unwrap();
        let text = self.text(charset);
        let mut body = part("plain", &text, charset);
        if !self.long && self.dice.percent(50) {
            let html = format!(
                "<html><head><meta charset=\"{}\"></head><body><div style=\"font-family:sans-serif\">{}</div></body></html>\n",
                charset.name(),
                text.replace('\n', "<br>\n")
            );
            body = multipart("alternative", &self.dice.next().to_string(), &[body, part("html", &html, charset)]);
        }
        if self.files && self.dice.percent(10) {
            let name = format!("screen-{}.pdf", self.written);
            let mut file = format!(
                "Content-Type: application/pdf; name=\"{name}\"\nContent-Transfer-Encoding: base64\n\
                 Content-Disposition: attachment; filename=\"{name}\"\n\n"
            )
            .into_bytes();
            file.extend(base64_lines(&self.dice.bytes(ATTACHMENT)));
            body = multipart("mixed", &self.dice.next().to_string(), &[body, file]);
        }
        [head.into_bytes(), body].concat()
    }

    fn text(&mut self, charset: Charset) -> String {
        let english = charset == Charset::Ascii;
        let mut text = String::from(if english { "Hello,\n" } else { "您好:\n" });
        let paragraphs = 2 + self.dice.below(4);
        let mut written = 0;
        while written < paragraphs || self.long && text.len() < 8000 {
            written += 1;
            text.push('\n');
            for _ in 0..2 + self.dice.below(4) {
                text.push_str(self.dice.pick(if english { &SENTENCES } else { &SENTENCES_ZH }));
                text.push_str(if english { "\n" } else { "" });
            }
        }
        text.push_str(if english { "\nKind regards\nA person\n" } else { "\n\n此致\n敬礼\n" });
        text
    }
}

/// RFC 2047, no word longer than 75 characters and none that begins inside a character.
fn encoded_words(text: &str, charset: Charset) -> String {
    if charset == Charset::Ascii {
        return text.to_owned();
    }
    let chars: Vec<char> = text.chars().collect();
    let word = |piece: &[char]| {
        let bytes = charset.encode(&piece.iter().collect::<String>());
        format!("=?{}?B?{}?=", charset.name(), BASE64.encode(&bytes))
    };
    chars.chunks(12).map(word).collect::<Vec<_>>().join("\n ")
}

fn part(subtype: &str, text: &str, charset: Charset) -> Vec<u8> {
    let encoding = if charset == Charset::Ascii { "7bit" } else { "base64" };
    let head = format!("Content-Type: text/{subtype}; charset=\"{}\"\nContent-Transfer-Encoding: {encoding}\n\n", charset.name());
    let bytes = charset.encode(text);
    [head.into_bytes(), if charset == Charset::Ascii { bytes } else { base64_lines(&bytes) }].concat()
}

fn multipart(subtype: &str, boundary: &str, parts: &[Vec<u8>]) -> Vec<u8> {
    let mut bytes = format!("Content-Type: multipart/{subtype}; boundary=\"=_{boundary}\"\n\n").into_bytes();
    for part in parts {
        bytes.extend(format!("--=_{boundary}\n").into_bytes());
        bytes.extend(part);
        bytes.push(b'\n');
    }
    bytes.extend(format!("--=_{boundary}--\n").into_bytes());
    bytes
}

fn base64_lines(bytes: &[u8]) -> Vec<u8> {
    let mut lines = Vec::with_capacity(bytes.len() * 4 / 3 + bytes.len() / 57 + 2);
    for line in bytes.chunks(57) {
        lines.extend(BASE64.encode(line).into_bytes());
        lines.push(b'\n');
    }
    lines
}

/// One mail whose only part of note is a file of so many bytes as base64.
pub fn large(bytes: usize) -> Vec<u8> {
    let head = "From: Person <person@people.example>\nTo: Support <support@desk.example>\nSubject: The whole log\n\
                Message-ID: <large@mx.people.example>\nMIME-Version: 1.0\n";
    let file = "Content-Type: application/zip; name=log.zip\nContent-Transfer-Encoding: base64\n\n";
    let encoded = base64_lines(&Dice(7).bytes(bytes / 78 * 57));
    let parts = [part("plain", "Here is the whole log.\n", Charset::Ascii), [file.as_bytes(), &encoded].concat()];
    [head.as_bytes(), &multipart("mixed", "large", &parts)].concat()
}
