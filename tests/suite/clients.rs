//! How mail clients write an answer. One entry is one habit of one client: head, quote, foot. Add what you meet: the tests that use
//! [`STYLES`] walk the list.

use postdesk::domain::attachment::Transfer;
use postdesk::transfer::decode::Decoder;

use crate::world::Sent;

/// What a client has to work with.
pub struct Answered {
    /// The plain part of the mail that is answered.
    pub text: String,
    /// Its HTML part, what stands inside `<body>`.
    pub html: String,
    /// Its subject.
    pub subject: String,
    /// Who answers.
    pub to: String,
}

impl Answered {
    pub fn of(sent: &Sent) -> Answered {
        let html = html_part(&sent.raw);
        let body = html.split_once("<body").and_then(|(_, rest)| rest.split_once('>')).map_or(html.as_str(), |(_, rest)| rest);
        let body = body.rsplit_once("</body>").map_or(body, |(body, _)| body);
        Answered {
            text: sent.reading.text.trim_end().to_owned(),
            html: body.to_owned(),
            subject: sent.reading.subject.clone(),
            to: sent.to.clone(),
        }
    }
}

/// The decoded HTML part of a mail of the desk.
fn html_part(raw: &[u8]) -> String {
    let raw = String::from_utf8_lossy(raw);
    let part = raw.split("\r\n--").find(|part| part.contains("Content-Type: text/html")).expect("every mail of the desk has HTML");
    let (header, body) = part.split_once("\r\n\r\n").unwrap();
    let transfer = match header.to_lowercase() {
        h if h.contains("base64") => Transfer::Base64,
        h if h.contains("quoted-printable") => Transfer::QuotedPrintable,
        _ => Transfer::Plain,
    };
    let (mut bytes, mut decoder) = (Vec::new(), Decoder::new(transfer));
    decoder.feed(body.as_bytes(), &mut bytes);
    decoder.end(&mut bytes);
    String::from_utf8(bytes).unwrap()
}

/// What a client sends.
pub enum Body {
    Plain(String),
    Flowed(String),
    Html(String),
}

pub struct Style {
    pub name: &'static str,
    pub write: fn(&Answered, &str) -> Body,
}

/// Each line behind a mark.
fn marked(text: &str, mark: &str) -> String {
    text.lines().map(|line| format!("{mark}{line}\n")).collect()
}

/// Lines wrapped as mailers do: at spaces, and between Chinese characters where there is none.
fn wrapped(text: &str, width: usize) -> String {
    let mut out = String::new();
    for line in text.lines() {
        let mut column = 0;
        for word in line.split_inclusive(' ') {
            if column > 0 && column + columns(word.trim_end()) > width {
                out = out.trim_end_matches(' ').to_owned() + "\n";
                column = 0;
            }
            for c in word.chars() {
                if column >= width && columns(&c.to_string()) == 2 {
                    out.push('\n');
                    column = 0;
                }
                out.push(c);
                column += columns(&c.to_string());
            }
        }
        out.push('\n');
    }
    out
}

fn columns(text: &str) -> usize {
    text.chars().map(|c| if c >= '\u{1100}' { 2 } else { 1 }).sum()
}

/// `format=flowed` (RFC 3676): soft breaks end in a space, quoted lines carry their mark on each line.
fn flowed(text: &str, mark: &str) -> String {
    let mut out = String::new();
    for line in text.lines() {
        let wrapped = wrapped(line, 70);
        let pieces: Vec<&str> = if line.is_empty() { vec![""] } else { wrapped.lines().collect() };
        for (i, piece) in pieces.iter().enumerate() {
            let soft = i + 1 < pieces.len();
            out.push_str(&format!("{mark}{}{piece}{}\n", if mark.is_empty() { "" } else { " " }, if soft { " " } else { "" }));
        }
    }
    out
}

/// Own words between the paragraphs of a quote: the first piece above all, the others after a paragraph each.
fn interleaved(quote: &str, words: &str, mark: &str) -> String {
    let pieces: Vec<&str> = words.split("\n\n").collect();
    let (first, rest) = pieces.split_first().unwrap();
    let mut rest = rest.iter();
    let mut out = format!("{first}\n\n");
    for paragraph in quote.split("\n\n") {
        out.push_str(&marked(paragraph, mark));
        out.push_str(if mark.is_empty() { "\n" } else { mark.trim_end() });
        out.push('\n');
        if let Some(piece) = rest.next() {
            out.push_str(&format!("\n{piece}\n\n"));
        }
    }
    for piece in rest {
        out.push_str(&format!("\n{piece}\n\n"));
    }
    out
}

fn escaped(words: &str) -> String {
    words.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;")
}

/// Own words as HTML, a block a line.
fn blocks(words: &str, tag: &str) -> String {
    let line = |l: &str| format!("<{tag}>{}</{tag}>\n", if l.is_empty() { "<br>".into() } else { escaped(l).replace("  ", "&nbsp; ") });
    words.lines().map(line).collect()
}

fn english_head(a: &Answered) -> String {
    format!("From: IT Support <support@desk.test>\nSent: Tuesday, December 1, 2026 9:12 AM\nTo: {}\nSubject: {}\n", a.to, a.subject)
}

fn chinese_head(a: &Answered) -> String {
    format!("发件人: IT Support <support@desk.test>\n发送时间: 2026年12月1日 9:12\n收件人: {}\n主题: {}\n", a.to, a.subject)
}

const GMAIL: &str = "On Tue, Dec 1, 2026 at 9:12 AM IT Support <support@desk.test> wrote:";
const GMAIL_ZH: &str = "IT Support <support@desk.test> 于2026年12月1日周二 09:12写道：";
const APPLE: &str = "On 1 Dec 2026, at 09:12, IT Support <support@desk.test> wrote:";

macro_rules! styles {
    ($($name:literal => |$a:ident, $words:ident| $body:expr;)+) => {
        /// Every habit.
        pub const STYLES: &[Style] = &[$(Style { name: $name, write: |$a, $words| $body }),+];
    };
}

styles! {
    "Gmail" => |a, w| Body::Plain(format!("{w}\n\n{GMAIL}\n\n{}", marked(&wrapped(&a.text, 74), "> ")));
    "Gmail, bottom" => |a, w| Body::Plain(format!("{GMAIL}\n\n{}\n{w}\n", marked(&wrapped(&a.text, 74), "> ")));
    "Gmail, between the lines" => |a, w| Body::Plain(interleaved(&a.text, w, "> "));
    "Gmail, long lines broken below the mark" => |a, w| Body::Plain(format!("{w}\n\n{GMAIL}\n\n{}", wrapped(&marked(&a.text, "> "), 72)));
    "Gmail in Chinese" => |a, w| Body::Plain(format!("{w}\n\n{GMAIL_ZH}\n\n{}", marked(&a.text, "> ")));
    "Gmail in Chinese, mobile" => |a, w| Body::Plain(format!(
        "{w}\n\n在 2026年12月1日周二 09:12，IT Support <support@desk.test> 写道：\n\n{}", marked(&a.text, "> ")));
    "Gmail, HTML" => |a, w| Body::Html(format!(
        "<div dir=\"ltr\">{}</div><br><div class=\"gmail_quote\"><div dir=\"ltr\" class=\"gmail_attr\">{}<br></div>\
         <blockquote class=\"gmail_quote\" style=\"margin:0 0 0 .8ex;border-left:1px #ccc solid;padding-left:1ex\">{}</blockquote></div>",
        blocks(w, "div"), escaped(GMAIL), a.html));
    "Outlook" => |a, w| Body::Plain(format!("{w}\n\n{}\n{}", english_head(a), a.text));
    "Outlook, re-wrapped" => |a, w| Body::Plain(format!("{w}\n\n{}\n{}", english_head(a), wrapped(&a.text, 72)));
    "Outlook, original message" => |a, w| Body::Plain(format!("{w}\n\n-----Original Message-----\n{}\n{}", english_head(a), a.text));
    "Outlook, original message, marked" => |a, w| Body::Plain(format!(
        "{w}\n\n-----Original Message-----\n{}\n{}", english_head(a), marked(&a.text, "> ")));
    "Outlook, between the lines" => |a, w| Body::Plain(format!(
        "See below.\n\n{}\n{}", english_head(a), interleaved(&a.text, &format!("\n\n{w}"), "").trim_start()));
    "Outlook, below" => |a, w| Body::Plain(format!("{}\n{}\n\n{w}\n", english_head(a), a.text));
    "Outlook, HTML" => |a, w| Body::Html(format!(
        "<div class=WordSection1>{}<p class=MsoNormal>&nbsp;</p><div><div style='border:none;border-top:solid #E1E1E1 1.0pt;\
         padding:3.0pt 0in 0in 0in'><p class=MsoNormal><b>From:</b> IT Support &lt;support@desk.test&gt; <br><b>Sent:</b> Tuesday, \
         December 1, 2026 9:12 AM<br><b>To:</b> {}<br><b>Subject:</b> {}</p></div></div><p class=MsoNormal>&nbsp;</p>{}</div>",
        blocks(w, "p"), escaped(&a.to), escaped(&a.subject), a.html));
    "Outlook, HTML, a bar" => |a, w| Body::Html(format!(
        "<div class=WordSection1>{}<div style='border:none;border-left:solid blue 1.5pt;padding:0in 0in 0in 4.0pt'>{}</div></div>",
        blocks(w, "p"), a.html));
    "Outlook in Chinese" => |a, w| Body::Plain(format!("{w}\n\n{}\n{}", chinese_head(a), a.text));
    "Outlook in Chinese, HTML" => |a, w| Body::Html(format!(
        "<div class=WordSection1>{}<div style='border-top:solid #E1E1E1 1.0pt'><p><b>发件人<span lang=EN-US>:</span></b> IT Support \
         &lt;support@desk.test&gt;<br><b>发送时间:</b> 2026年12月1日 9:12<br><b>收件人:</b> {}<br><b>主题:</b> {}</p></div>{}</div>",
        blocks(w, "p"), escaped(&a.to), escaped(&a.subject), a.html));
    "Outlook on the web" => |a, w| Body::Plain(format!("{w}\n\n________________________________\n{}\n{}", english_head(a), a.text));
    "Outlook on the web, HTML" => |a, w| Body::Html(format!(
        "{}<div id=\"appendonsend\"></div><hr style=\"display:inline-block;width:98%\" tabindex=\"-1\"><div id=\"divRplyFwdMsg\" dir=\"ltr\">\
         <font face=\"Calibri\"><b>From:</b> IT Support &lt;support@desk.test&gt;<br><b>Sent:</b> Tuesday, December 1, 2026 9:12 AM<br>\
         <b>To:</b> {}<br><b>Subject:</b> {}</font><div>&nbsp;</div></div>{}",
        blocks(w, "div"), escaped(&a.to), escaped(&a.subject), a.html));
    "Outlook for iOS" => |a, w| Body::Plain(format!(
        "{w}\n\nGet Outlook for iOS<https://aka.ms/o0ukef>\n________________________________\n{}\n{}", english_head(a), a.text));
    "Outlook for Android in Chinese" => |a, w| Body::Plain(format!(
        "{w}\n\n获取 Outlook for Android<https://aka.ms/AAb9ysg>\n________________________________\n{}\n{}", chinese_head(a), a.text));
    "Apple Mail" => |a, w| Body::Plain(format!("{w}\n\n{}", marked(&format!("{APPLE}\n\n{}", a.text), "> ")));
    "Apple Mail, HTML" => |a, w| Body::Html(format!(
        "<div>{}</div><br><div><blockquote type=\"cite\"><div>{}</div><br class=\"Apple-interchange-newline\"><div>{}</div></blockquote></div>",
        blocks(w, "div"), escaped(APPLE), a.html));
    "iPhone" => |a, w| Body::Plain(format!("{w}\n\nSent from my iPhone\n\n{}", marked(&format!("{APPLE}\n\n{}", a.text), "> ")));
    "iPhone in Chinese" => |a, w| Body::Plain(format!(
        "{w}\n\n发自我的iPhone\n\n{}", marked(&format!("在 2026年12月1日，09:12，IT Support <support@desk.test> 写道：\n\n{}", a.text), "> ")));
    "Thunderbird, bottom, flowed" => |a, w| Body::Flowed(format!(
        "On 12/1/26 09:12, IT Support wrote:\n{}\n{}", flowed(&a.text, ">"), flowed(w, "")));
    "Thunderbird, top, flowed" => |a, w| Body::Flowed(format!(
        "{}\nOn 12/1/26 09:12, IT Support wrote:\n{}", flowed(w, ""), flowed(&a.text, ">")));
    "Thunderbird in Chinese" => |a, w| Body::Plain(format!("在 2026/12/1 9:12, IT Support 写道:\n{}\n{w}\n", marked(&a.text, "> ")));
    "Thunderbird for Android" => |a, w| Body::Plain(format!(
        "{w}\n\nAm 1. Dezember 2026 09:12:00 MEZ schrieb IT Support <support@desk.test>:\n{}", marked(&wrapped(&a.text, 72), ">")));
    "neomutt" => |a, w| Body::Plain(format!("On Tue, Dec 01, 2026 at 09:12:00AM +0800, IT Support wrote:\n{}\n{w}\n", marked(&a.text, "> ")));
    "Yahoo" => |a, w| Body::Plain(format!(
        "{w}\n    On Tuesday, December 1, 2026 at 09:12:00 AM GMT+8, IT Support <support@desk.test> wrote:  \n \n {}", marked(&a.text, " ")));
    "Proton" => |a, w| Body::Plain(format!(
        "{w}\n\nSent with [Proton Mail](https://proton.me/mail/home) secure email.\n\nOn Tuesday, December 1st, 2026 at 09:12, IT Support \
         <support@desk.test> wrote:\n\n{}", marked(&a.text, "> ")));
    "Samsung" => |a, w| Body::Plain(format!(
        "{w}\n\nSent from my Galaxy\n\n-------- Original message --------\nFrom: IT Support <support@desk.test>\nDate: 01/12/2026 09:12 \
         (GMT+08:00)\nTo: {}\nSubject: {}\n\n{}", a.to, a.subject, a.text));
    "QQ Mail" => |a, w| Body::Plain(format!(
        "{w}\n\n\n\n\n------------------ 原始邮件 ------------------\n发件人: \"IT Support\" <support@desk.test>;\n发送时间: 2026年12月1日(星期二) \
         上午9:12\n收件人: \"Li\"<{}>;\n主题: {}\n\n\n\n{}", a.to, a.subject, a.text));
    "QQ Mail, HTML" => |a, w| Body::Html(format!(
        "<div>{}</div><div><br></div><div style=\"font-size:12px;padding:2px 0\">------------------&nbsp;原始邮件&nbsp;------------------</div>\
         <div style=\"font-size:12px;background:#efefef\"><div><b>发件人:</b> \"IT Support\" &lt;support@desk.test&gt;;</div><div><b>发送时间:</b>\
         &nbsp;2026年12月1日(星期二) 上午9:12</div><div><b>收件人:</b>&nbsp;\"Li\"&lt;{}&gt;;</div><div><b>主题:</b>&nbsp;{}</div></div>{}",
        blocks(w, "div"), escaped(&a.to), escaped(&a.subject), a.html));
    "QQ Mail, HTML, newer" => |a, w| Body::Html(format!(
        "<div>{}</div><div><br></div><div id=\"original-content\" class=\"xm_compose_origin_mail_container\"><div class=\"\
         xm_mail_oringinal_describe\"><div>原始邮件</div><hr><div>发件人：IT Support &lt;support@desk.test&gt;</div><div>发件时间：2026年12月1日 \
         09:12</div><div>收件人：{}</div><div>主题：{}</div></div>{}</div>",
        blocks(w, "div"), escaped(&a.to), escaped(&a.subject), a.html));
    "QQ Mail, HTML, tail" => |a, w| Body::Html(format!(
        "<div>{}</div><div><includetail><div>&nbsp;</div><div><div>------------------&nbsp;Original&nbsp;------------------</div><div><b>From: </b>\
         IT Support&lt;support@desk.test&gt;</div><div><b>Date: </b>Tue, Dec 1, 2026 09:12 AM</div></div>{}</includetail></div>",
        blocks(w, "div"), a.html));
    "Foxmail, HTML" => |a, w| Body::Html(format!(
        "<div><span></span>{}</div><div><br></div><hr style=\"width: 210px; height: 1px;\" color=\"#b5c4df\" size=\"1\" align=\"left\"><div><span>\
         <div>li@desk.test</div></span></div><blockquote style=\"margin-Top: 0px; margin-Bottom: 0px; margin-Left: 0.5em\"><div>&nbsp;</div><div \
         style=\"border:none;border-top:solid #B5C4DF 1.0pt;padding:3.0pt 0cm 0cm 0cm\"><div><b>发件人：</b>&nbsp;IT Support</div><div><b>发送时间：</b>\
         &nbsp;2026-12-01&nbsp;09:12</div><div><b>收件人：</b>{}</div><div><b>主题：</b>{}</div></div>{}</blockquote>",
        blocks(w, "div"), escaped(&a.to), escaped(&a.subject), a.html));
    "NetEase, HTML" => |a, w| Body::Html(format!(
        "<div style=\"line-height:1.7\">{}<br><div id=\"divNeteaseMailCard\"></div><br><pre>在 2026-12-01 09:12:00，\"IT Support\" \
         &lt;support@desk.test&gt; 写道：</pre><blockquote id=\"isReplyContent\" style=\"PADDING-LEFT: 1ex\">{}</blockquote></div>",
        blocks(w, "div"), a.html));
    "DingTalk, HTML" => |a, w| Body::Html(format!(
        "<div class=\"__aliyun_email_body_block\">{}<div class=\"__aliyun_signature_wrap\"></div><div class=\"__aliyun_previous_history_wrap\">\
         <blockquote><div>------------------------------------------------------------------</div><div>发件人：IT Support&lt;support@desk.test&gt;</div>\
         <div>日　期：2026年12月01日 09:12:00</div><div>收件人：{}</div><div>主　题：{}</div>{}</blockquote></div></div>",
        blocks(w, "div"), escaped(&a.to), escaped(&a.subject), a.html));
    "Feishu, HTML" => |a, w| Body::Html(format!(
        "<div>{}</div><div id=\"lark-mail-quote-1\" class=\"history-quote-wrapper\"><div><div>发件人:&nbsp;IT Support&lt;support@desk.test&gt;</div>\
         <div>日期:&nbsp;2026年12月1日 (周二) 09:12</div><div>主题:&nbsp;{}</div></div>{}</div>",
        blocks(w, "div"), escaped(&a.subject), a.html));
    "Yahoo, HTML" => |a, w| Body::Html(format!(
        "<div class=\"ydp\">{}</div><div id=\"yahoo_quoted_1\" class=\"yahoo_quoted\"><div><div>Dydd Mawrth, 1 Rhagfyr 2026, ysgrifennodd IT \
         Support &lt;support@desk.test&gt;</div><div><br></div>{}</div></div>",
        blocks(w, "div"), a.html));
    "GMX, HTML" => |a, w| Body::Html(format!(
        "<div>{}<div name=\"quote\" style=\"margin:10px 5px 5px 10px; border-left:2px solid #C3D9E5\"><div><b>Gesendet:</b> Dienstag, 01. Dezember 2026 \
         um 09:12 Uhr<br><b>Von:</b> \"IT Support\" &lt;support@desk.test&gt;<br><b>An:</b> {}<br><b>Betreff:</b> {}</div><div name=\"quoted-content\">\
         {}</div></div></div>",
        blocks(w, "div"), escaped(&a.to), escaped(&a.subject), a.html));
    "Thunderbird, HTML, bottom" => |a, w| Body::Html(format!(
        "<div class=\"moz-cite-prefix\">Ar 01/12/26 09:12, ysgrifennodd IT Support:<br></div><blockquote type=\"cite\" \
         cite=\"mid:1@desk.test\">{}</blockquote>{}<div class=\"moz-signature\">-- <br>Li Wei</div>",
        a.html, blocks(w, "p")));
    "Gmail, HTML, bottom, signed" => |a, w| Body::Html(format!(
        "<div dir=\"ltr\"><div class=\"gmail_quote\"><div dir=\"ltr\" class=\"gmail_attr\">{}<br></div><blockquote class=\"gmail_quote\">{}\
         </blockquote></div>{}<span class=\"gmail_signature_prefix\">-- </span><br><div dir=\"ltr\" class=\"gmail_signature\">Li Wei</div></div>",
        escaped(GMAIL), a.html, blocks(w, "div")));
    "Outlook for iOS, HTML" => |a, w| Body::Html(format!(
        "{}<div id=\"ms-outlook-mobile-signature\"><div>Hankige Outlook for iOS</div></div><hr><div id=\"divRplyFwdMsg\" dir=\"ltr\"><b>Saatja:</b> \
         IT Support &lt;support@desk.test&gt;<br><b>Saadetud:</b> 1. detsember 2026<br><b>Teema:</b> {}</div>{}",
        blocks(w, "div"), escaped(&a.subject), a.html));
    "Outlook on the web, HTML, below" => |a, w| Body::Html(format!(
        "<div id=\"divRplyFwdMsg\"><b>From:</b> IT Support &lt;support@desk.test&gt;<br><b>Sent:</b> Tuesday, December 1, 2026 9:12 AM<br><b>To:</b> {}<br>\
         <b>Subject:</b> {}</div>{}{}",
        escaped(&a.to), escaped(&a.subject), a.html, blocks(w, "div")));
    "QQ Mail, mobile" => |a, w| Body::Plain(format!(
        "{w}\n\n发自我的iPhone\n\n\n------------------ Original ------------------\nFrom: IT Support <support@desk.test>\nDate: Tue,Dec 1,2026 \
         9:12 AM\nTo: li <{}>\nSubject: Re: {}\n\n{}", a.to, a.subject, a.text));
    "Foxmail" => |a, w| Body::Plain(format!(
        "{w}\n\n\n\nli@desk.test\n \n发件人： IT Support\n发送时间： 2026-12-01 09:12\n收件人： {}\n主题： {}\n{}", a.to, a.subject, a.text));
    "NetEase" => |a, w| Body::Plain(format!(
        "{w}\n\n\n\n\n\n在 2026-12-01 09:12:00，\"IT Support\" <support@desk.test> 写道：\n{}", marked(&a.text, ">")));
    "NetEase, unmarked" => |a, w| Body::Plain(format!(
        "{w}\n\n\n\n\n\n在 2026-12-01 09:12:00，\"IT Support\" <support@desk.test> 写道：\n\n{}", a.text));
    "NetEase in English" => |a, w| Body::Plain(format!(
        "{w}\n\n\n\nAt 2026-12-01 09:12:00, \"IT Support\" <support@desk.test> wrote:\n{}", marked(&a.text, ">")));
    "NetEase, app" => |a, w| Body::Plain(format!(
        "{w}\n\n\n\n---- 回复的原邮件 ----\n| 发件人 | IT Support<support@desk.test> |\n| 日期 | 2026年12月01日 09:12 |\n| 收件人 | {} |\n| 主题 | \
         {} |\n{}", a.to, a.subject, a.text));
    "WeCom" => |a, w| Body::Plain(format!(
        "{w}\n\n发自我的企业微信\n\n----------------------原始邮件----------------------\n发件人：IT Support <support@desk.test>\n发送时间：2026年12月1日 \
         09:12\n收件人：{}\n主题：{}\n\n{}", a.to, a.subject, a.text));
    "DingTalk" => |a, w| Body::Plain(format!(
        "{w}\n\n------------------------------------------------------------------\n发件人：IT Support <support@desk.test>\n发送时间：2026年12月1日(星期二) \
         09:12\n收件人：{}\n主　题：{}\n\n{}", a.to, a.subject, a.text));
    "Feishu" => |a, w| Body::Plain(format!(
        "{w}\n\n> 发件人: \"IT Support\"<support@desk.test>\n> 日期: 2026年12月1日 (周二) 09:12\n> 主题: {}\n> 收件人: {}\n{}",
        a.subject, a.to, marked(&a.text, "> ")));
    "Notes" => |a, w| Body::Plain(format!(
        "{w}\n\n\n\nFrom:        \"IT Support\" <support@desk.test>\nTo:        {}\nDate:        12/01/2026 09:12 AM\nSubject:        {}\n\
         ______________________________________________\n\n\n\n{}", a.to, a.subject, a.text));
    "Notes, web" => |a, w| Body::Plain(format!(
        "{w}\n\n-----\"IT Support\" <support@desk.test> wrote: -----\nTo: {}\nFrom: \"IT Support\" <support@desk.test>\nDate: 12/01/2026 09:12AM\n\
         Subject: {}\n\n{}", a.to, a.subject, a.text));
    "no mark at all" => |a, w| Body::Plain(format!("{w}\n\n{}", a.text));
    "no mark at all, bottom" => |a, w| Body::Plain(format!("{}\n\n{w}\n", a.text));
    "no mark at all, re-wrapped" => |a, w| Body::Plain(format!("{w}\n\n{}", wrapped(&a.text, 72)));
    "no mark at all, narrow" => |a, w| Body::Plain(format!("{w}\n\n{}", wrapped(&a.text, 40)));
    "no mark at all, HTML" => |a, w| Body::Html(format!("{}<br><br>{}", blocks(w, "div"), a.html));
    "a bar" => |a, w| Body::Plain(format!("{w}\n\n{GMAIL}\n{}", marked(&a.text, "| ")));
    "a drawn bar" => |a, w| Body::Plain(format!("{w}\n\n{}", marked(&a.text, "│ ")));
    "a full-width mark" => |a, w| Body::Plain(format!("{w}\n\n{}", marked(&a.text, "＞")));
    "no quote" => |_a, w| Body::Plain(format!("{w}\n"));
    "no quote, a signature" => |_a, w| Body::Plain(format!("{w}\n\n-- \nLi Wei, IT\n+86 10 5555 0100\n"));
    "a signature above the quote" => |a, w| Body::Plain(format!("{w}\n\n-- \nLi Wei, IT\n\n{GMAIL}\n\n{}", marked(&a.text, "> ")));
    "QQ Mail, HTML, a card" => |a, w| Body::Html(format!(
        "<div>{}</div><div><hr style=\"width: 50px;\"><a class=\"xm_write_card\" id=\"in_alias\"><table><tr><td><img src=\"cid:face\"></td><td><div \
         class=\"businessCard_name\">Li Wei</div><div>li@qq.test</div></td></tr></table></a></div><div id=\"original-content\"><div>---原始邮件---</div>\
         <div>发件人: IT Support &lt;support@desk.test&gt;</div>{}</div>",
        blocks(w, "div"), a.html));
    "a company's lines below" => |a, w| Body::Plain(format!(
        "{w}\n\n{}\n{}\n\nAcme GmbH, Am Markt 1, Berlin\nGeschäftsführer: Max Muster, Amtsgericht Berlin\n", english_head(a), a.text));
    "a gateway's words below" => |a, w| Body::Plain(format!(
        "{w}\n\n{}\n{}\n\nThis e-mail is confidential. If you are not the intended recipient, please delete it.\n", english_head(a), a.text));
}
