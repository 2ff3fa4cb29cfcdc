//! The marks that mail clients set in the tree: where a quote is, where it begins, where a signature begins.

use super::lexer::attribute;

/// What an element is to a mail.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Mark {
    /// Its content is quoted.
    Quote,
    /// The line that announces a quote.
    Head,
    /// From here on the mail that is answered stands, with the writer's words perhaps below.
    Original,
    /// A signature.
    Signature,
    /// Nobody sees it.
    Hidden,
}

/// Class, id or name → mark. A value ends with `*` where the client adds a number.
const MARKS: &[(&str, Mark)] = &[
    // Gmail, Thunderbird, Roundcube
    ("gmail_attr", Mark::Head),
    ("moz-cite-prefix", Mark::Head),
    ("moz-email-headers-table", Mark::Original),
    ("reply-intro", Mark::Head),
    // Outlook on the web, for phones, the new one, the old one
    ("divrplyfwdmsg", Mark::Original),
    ("appendonsend", Mark::Original),
    ("outlookmessageheader", Mark::Original),
    ("mail-editor-reference-message-container", Mark::Original),
    ("ms-outlook-mobile-reference-message", Mark::Original),
    ("stopspelling", Mark::Original),
    // Yahoo, Zimbra, BlackBerry, Spark, GMX, Zoho, Samsung
    ("yahoo_quoted*", Mark::Original),
    ("zwchr", Mark::Original),
    ("_originalcontent", Mark::Original),
    ("messagereplysection", Mark::Original),
    ("quote", Mark::Original),
    ("zmail_extra", Mark::Original),
    ("quoted_header", Mark::Original),
    // QQ Mail and WeCom, NetEase, Aliyun and DingTalk, Feishu
    ("original-content", Mark::Original),
    ("xm_compose_origin_mail_container", Mark::Original),
    ("ntes-mailmaster-quote", Mark::Original),
    ("isreplycontent", Mark::Quote),
    ("__aliyun_previous_history_wrap", Mark::Original),
    ("history-quote-wrapper", Mark::Original),
    ("lark-mail-quote*", Mark::Original),
    // Signatures
    ("gmail_signature", Mark::Signature),
    ("moz-signature", Mark::Signature),
    ("signature", Mark::Signature),
    ("ms-outlook-mobile-signature", Mark::Signature),
    ("applemailsignature", Mark::Signature),
    ("protonmail_signature_block", Mark::Signature),
    ("messagesignaturesection", Mark::Signature),
    ("-x-evo-signature", Mark::Signature),
    ("__aliyun_signature_wrap", Mark::Signature),
    ("lark-mail-signature", Mark::Signature),
    ("ntes-pcmac-signature", Mark::Signature),
    ("ntes-mailmaster-signature", Mark::Signature),
    ("divneteasemailcard", Mark::Signature),
    ("xm_write_card", Mark::Signature),
    ("sh-signature", Mark::Signature),
    ("neteasefooter", Mark::Hidden),
];

/// Reads the mark of an element.
pub fn mark(name: &str, attributes: &str) -> Option<Mark> {
    let style = || attribute(attributes, "style").map(bare_style).unwrap_or_default();
    match name {
        "blockquote" => {
            let cited = attribute(attributes, "type").is_some() || attribute(attributes, "class").is_some();
            // Gmail's "indent more" is a blockquote without a border.
            return (cited || !style().contains("border:none")).then_some(Mark::Quote);
        }
        "includetail" => return Some(Mark::Original),
        _ => {}
    }
    if attributes.is_empty() {
        return None;
    }
    let named = ["id", "class", "name", "data-marker", "title"].iter().filter_map(|key| attribute(attributes, key)).find_map(named);
    let styled = || {
        let style = style();
        if style.contains("display:none") {
            return Some(Mark::Hidden);
        }
        // Word draws this line above the header block, in any language; Foxmail draws its own above a signature.
        let word = style.contains("border:none;border-top:solid") && style.contains("padding:3.0pt0");
        let foxmail = name == "hr" && style.contains("width:210px") && attributes.to_ascii_lowercase().contains("#b5c4df");
        if word { Some(Mark::Original) } else { foxmail.then_some(Mark::Signature) }
    };
    named.or_else(styled)
}

fn bare_style(style: &str) -> String {
    style.chars().filter(|c| !c.is_whitespace()).map(|c| c.to_ascii_lowercase()).collect()
}

fn named(value: &str) -> Option<Mark> {
    value.split_ascii_whitespace().find_map(|word| {
        let word = word.to_ascii_lowercase();
        let fits = |known: &str| match known.strip_suffix('*') {
            Some(start) => word.starts_with(start),
            None => word == known,
        };
        MARKS.iter().find(|(known, _)| fits(known)).map(|(_, mark)| *mark)
    })
}
