//! Character references of HTML 4, and the numeric ones.

use encoding_rs::WINDOWS_1252;

/// Name and character in turns.
const ENTITIES: &str = "\
    AElig Æ Aacute Á Acirc Â Agrave À Alpha Α Aring Å Atilde Ã Auml Ä Beta Β Ccedil Ç Chi Χ Dagger ‡ Delta Δ ETH Ð \
    Eacute É Ecirc Ê Egrave È Epsilon Ε Eta Η Euml Ë Gamma Γ Iacute Í Icirc Î Igrave Ì Iota Ι Iuml Ï Kappa Κ Lambda Λ Mu Μ \
    Ntilde Ñ Nu Ν OElig Œ Oacute Ó Ocirc Ô Ograve Ò Omega Ω Omicron Ο Oslash Ø Otilde Õ Ouml Ö Phi Φ Pi Π Prime ″ Psi Ψ \
    Rho Ρ Scaron Š Sigma Σ THORN Þ Tau Τ Theta Θ Uacute Ú Ucirc Û Ugrave Ù Upsilon Υ Uuml Ü Xi Ξ Yacute Ý Yuml Ÿ Zeta Ζ \
    aacute á acirc â acute ´ aelig æ agrave à alefsym ℵ alpha α and ∧ ang ∠ aring å asymp ≈ atilde ã auml ä bdquo „ beta β \
    brvbar ¦ bull • cap ∩ ccedil ç cedil ¸ cent ¢ chi χ circ ˆ clubs ♣ cong ≅ copy © crarr ↵ cup ∪ curren ¤ dArr ⇓ \
    dagger † darr ↓ deg ° delta δ diams ♦ divide ÷ eacute é ecirc ê egrave è empty ∅ emsp \u{2003} ensp \u{2002} epsilon ε \
    equiv ≡ eta η eth ð euml ë euro € exist ∃ fnof ƒ forall ∀ frac12 ½ frac14 ¼ frac34 ¾ frasl ⁄ gamma γ ge ≥ hArr ⇔ \
    harr ↔ hearts ♥ hellip … iacute í icirc î iexcl ¡ igrave ì image ℑ infin ∞ int ∫ iota ι iquest ¿ isin ∈ iuml ï kappa κ \
    lArr ⇐ lambda λ lang 〈 laquo « larr ← lceil ⌈ ldquo “ le ≤ lfloor ⌊ lowast ∗ loz ◊ lrm \u{200e} lsaquo ‹ lsquo ‘ \
    macr ¯ mdash — micro µ middot · minus − mu μ nabla ∇ ndash – ne ≠ ni ∋ not ¬ notin ∉ nsub ⊄ ntilde ñ nu ν oacute ó \
    ocirc ô oelig œ ograve ò oline ‾ omega ω omicron ο oplus ⊕ or ∨ ordf ª ordm º oslash ø otilde õ otimes ⊗ ouml ö para ¶ \
    part ∂ permil ‰ perp ⊥ phi φ pi π piv ϖ plusmn ± pound £ prime ′ prod ∏ prop ∝ psi ψ rArr ⇒ radic √ rang 〉 raquo » \
    rarr → rceil ⌉ rdquo ” real ℜ reg ® rfloor ⌋ rho ρ rlm \u{200f} rsaquo › rsquo ’ sbquo ‚ scaron š sdot ⋅ sect § \
    shy \u{ad} sigma σ sigmaf ς sim ∼ spades ♠ sub ⊂ sube ⊆ sum ∑ sup ⊃ sup1 ¹ sup2 ² sup3 ³ supe ⊇ szlig ß tau τ there4 ∴ \
    theta θ thetasym ϑ thinsp \u{2009} thorn þ tilde ˜ times × trade ™ uArr ⇑ uacute ú uarr ↑ ucirc û ugrave ù uml ¨ \
    upsih ϒ upsilon υ uuml ü weierp ℘ xi ξ yacute ý yen ¥ yuml ÿ zeta ζ zwj \u{200d} zwnj \u{200c}";

/// The longest name.
const LONGEST: usize = 8;

/// Adds a text with its references decoded.
pub fn decode(text: &str, out: &mut String) {
    let mut rest = text;
    while let Some(at) = memchr::memchr(b'&', rest.as_bytes()) {
        let (before, tail) = rest.split_at_checked(at).unwrap_or((rest, ""));
        out.push_str(before);
        let tail = tail.strip_prefix('&').unwrap_or("");
        rest = match reference(tail) {
            Some((c, after)) => {
                out.push(c);
                after
            }
            None => {
                out.push('&');
                tail
            }
        };
    }
    out.push_str(rest);
}

/// The reference behind an ampersand, and what follows it.
fn reference(tail: &str) -> Option<(char, &str)> {
    if let Some(number) = tail.strip_prefix('#') {
        return numeric(number);
    }
    let end = tail.bytes().take(LONGEST + 1).take_while(u8::is_ascii_alphanumeric).count();
    let (name, after) = tail.split_at_checked(end)?;
    if let Some(after) = after.strip_prefix(';') {
        return Some((named(name)?, after));
    }
    // Old writers leave the semicolon out.
    let bare = ["nbsp", "amp", "lt", "gt", "quot"].into_iter().find(|known| name == *known)?;
    Some((named(bare)?, after))
}

fn numeric(number: &str) -> Option<(char, &str)> {
    let (digits, radix) = match number.strip_prefix(['x', 'X']) {
        Some(hex) => (hex, 16),
        None => (number, 10),
    };
    let end = digits.bytes().take_while(|b| char::from(*b).is_digit(radix)).count();
    let (digits, after) = digits.split_at_checked(end)?;
    let code = u32::from_str_radix(digits, radix).ok()?;
    let c = match u8::try_from(code) {
        // Windows' own characters, as every browser reads them.
        Ok(byte @ 0x80..=0x9f) => WINDOWS_1252.decode_without_bom_handling(&[byte]).0.chars().next()?,
        _ => char::from_u32(code).filter(|c| *c != '\0').unwrap_or('\u{fffd}'),
    };
    Some((c, after.strip_prefix(';').unwrap_or(after)))
}

fn named(name: &str) -> Option<char> {
    match name {
        "nbsp" => Some('\u{a0}'),
        "amp" => Some('&'),
        "lt" => Some('<'),
        "gt" => Some('>'),
        "quot" => Some('"'),
        "apos" => Some('\''),
        _ => {
            let mut words = ENTITIES.split(' ');
            while let (Some(known), Some(character)) = (words.next(), words.next()) {
                if known == name {
                    return character.chars().next();
                }
            }
            None
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn references() {
        for (text, decoded) in [
            ("a &amp; b &lt;c&gt; &quot;", "a & b <c> \""),
            ("caf&eacute; &euro;5 &hellip; &rsquo; &alpha;", "café €5 … ’ α"),
            ("&#20320;&#x597d; &#146; &#150;", "你好 ’ –"),
            ("&nbsp&nbsp x AT&T &bogus; &; & &#; &#xZ; &#1114112; &#0;", "\u{a0}\u{a0} x AT&T &bogus; &; & &#; &#xZ; \u{fffd} \u{fffd}"),
            ("&&amp;", "&&"),
            ("", ""),
        ] {
            let mut out = String::new();
            decode(text, &mut out);
            assert_eq!(out, decoded, "{text}");
        }
        // Each name stands before its character.
        assert!(ENTITIES.split(' ').step_by(2).all(|name| named(name).is_some() && name.len() <= LONGEST));
    }
}
