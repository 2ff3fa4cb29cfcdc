//! Subjects: what a mailer puts before them, taken off.

/// Prefixes of answers, lower case.
const REPLY: &[&str] = &[
    "re", "aw", "sv", "antw", "antwort", "vs", "odp", "res", "ynt", "ref", "rif", "回复", "回覆", "答复", "答覆", "回信", "返信", "reply",
    "r", "ré", "回復", "vá", "απ", "odg", "atb", "ответ", "antwoord", "답장",
];
/// Prefixes of forwards, lower case.
const FORWARD: &[&str] = &[
    "fwd", "fw", "wg", "tr", "rv", "enc", "i", "vb", "doorst", "vl", "pd", "i̇lt", "ilt", "转发", "轉發", "转寄", "轉寄", "轉寄信件",
    "转发邮件", "轉傳", "転送", "전달", "πρθ", "továbbítás", "пересл",
];

/// What the outermost prefix of a subject says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Prefix {
    /// There is none.
    None,
    /// An answer.
    Reply,
    /// A forward.
    Forward,
}

/// The bare subject, and what its outermost prefix says.
///
/// Prefixes may carry counters (`Re[2]:`, `回复(3)：`, `Re^2:`), full-width colons, and our `[#1042]` among them.
pub fn base(subject: &str) -> (String, Prefix) {
    let mut rest = subject.trim();
    let mut outermost = Prefix::None;
    loop {
        if let Some(after) = ticket_tag(rest) {
            rest = after.trim_start();
        } else if let Some((forward, after)) = prefix(rest) {
            if outermost == Prefix::None {
                outermost = if forward { Prefix::Forward } else { Prefix::Reply };
            }
            rest = after.trim_start();
        } else {
            break;
        }
    }
    let mut out = rest.to_owned();
    // The tag may also stand inside or at the end, where somebody has moved it.
    while let Some((before, after)) = inner_tag(&out) {
        out = [before.trim_end(), after.trim_start()].iter().filter(|s| !s.is_empty()).copied().collect::<Vec<_>>().join(" ");
    }
    (out.trim_end().to_owned(), outermost)
}

/// `[#1042]` or `【#1042】` at the start, taken off.
fn ticket_tag(text: &str) -> Option<&str> {
    let inside = text.strip_prefix(['[', '【', '［'])?.trim_start().strip_prefix(['#', '＃'])?;
    let after = inside.trim_start_matches(|c: char| c.is_numeric());
    let digits = inside.len() - after.len();
    (digits > 0 && digits <= 60).then(|| after.trim_start().strip_prefix([']', '】', '］'])).flatten()
}

fn inner_tag(text: &str) -> Option<(&str, &str)> {
    text.char_indices().filter(|(_, c)| matches!(c, '[' | '【' | '［')).find_map(|(at, _)| {
        let (before, tail) = text.split_at_checked(at)?;
        Some((before, ticket_tag(tail)?))
    })
}

/// A reply or forward prefix at the start: (is a forward, the rest).
fn prefix(text: &str) -> Option<(bool, &str)> {
    let colon = text.char_indices().take(24).find(|(_, c)| matches!(c, ':' | '：'))?;
    let (word, after) = text.split_at_checked(colon.0)?;
    let word = word.trim_end().to_lowercase();
    let word = word.trim_end_matches(|c: char| matches!(c, '[' | ']' | '(' | ')' | '^' | '*' | '（' | '）') || c.is_numeric()).trim_end();
    let forward = FORWARD.contains(&word);
    if !forward && !REPLY.contains(&word) {
        return None;
    }
    let mut chars = after.chars();
    chars.next();
    Some((forward, chars.as_str()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn prefixes_come_off() {
        for (subject, bare, prefix) in [
            ("VPN down", "VPN down", Prefix::None),
            ("Re: VPN down", "VPN down", Prefix::Reply),
            ("RE: Re[2]: AW: VPN down", "VPN down", Prefix::Reply),
            ("Re: [#1042] VPN down", "VPN down", Prefix::Reply),
            ("[#1042] 回复：VPN 连不上", "VPN 连不上", Prefix::Reply),
            ("答复: 回覆: 打印机", "打印机", Prefix::Reply),
            ("回复(3)：打印机", "打印机", Prefix::Reply),
            ("转发：打印机", "打印机", Prefix::Forward),
            ("Fwd: Re: VPN", "VPN", Prefix::Forward),
            ("Re: Fwd: VPN", "VPN", Prefix::Reply),
            ("WG: Drucker", "Drucker", Prefix::Forward),
            ("轉寄：印表機", "印表機", Prefix::Forward),
            ("転送: プリンタ", "プリンタ", Prefix::Forward),
            ("I: stampante", "stampante", Prefix::Forward),
            ("RV: impresora", "impresora", Prefix::Forward),
            ("ENC: impressora", "impressora", Prefix::Forward),
            ("FW: RE: [#7] x", "x", Prefix::Forward),
            ("TR : imprimante", "imprimante", Prefix::Forward),
            ("Re: VPN [#12] down 【#12】", "VPN down", Prefix::Reply),
            ("[EXTERNAL] Re: x", "[EXTERNAL] Re: x", Prefix::None),
            ("Error: disk full", "Error: disk full", Prefix::None),
            ("Re:", "", Prefix::Reply),
            ("", "", Prefix::None),
            ("[#] x", "[#] x", Prefix::None),
        ] {
            assert_eq!(base(subject), (bare.to_owned(), prefix), "{subject}");
        }
    }
}
