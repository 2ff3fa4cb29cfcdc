//! Plain text bodies: format=flowed (RFC 3676), the language of a text.

/// Joins the soft breaks of format=flowed; `delsp` drops the space at each join (RFC 3676 section 4).
pub fn unflow(text: &str, delsp: bool) -> String {
    let mut out = String::with_capacity(text.len());
    let mut open: Option<usize> = None;
    for line in text.lines() {
        let depth = line.bytes().take_while(|b| *b == b'>').count();
        let (_, rest) = line.split_at_checked(depth).unwrap_or(("", line));
        let rest = rest.strip_prefix(' ').unwrap_or(rest);
        if open != Some(depth) {
            if open.is_some() {
                out.push('\n');
            }
            out.push_str(&">".repeat(depth));
            if depth > 0 && !rest.is_empty() {
                out.push(' ');
            }
        }
        // "-- " ends no paragraph softly: it is the signature's mark.
        let soft = rest.ends_with(' ') && rest != "-- ";
        if soft {
            out.push_str(if delsp { rest.strip_suffix(' ').unwrap_or(rest) } else { rest });
            open = Some(depth);
        } else {
            out.push_str(rest);
            out.push('\n');
            open = None;
        }
    }
    out
}

/// English words that no neighbouring language shares, by their length.
const ENGLISH: [&[&str]; 7] = [
    &[],
    &["i"],
    &["my", "is", "it", "of", "to", "on", "we"],
    &["the", "and", "you", "not", "are", "for", "can", "our", "has", "how", "but", "was"],
    &["with", "have", "this", "that", "what", "from", "when", "your", "been", "does", "help", "need"],
    &["would", "could", "thank", "hello", "after"],
    &["please", "cannot", "thanks"],
];

fn is_english(word: &str) -> bool {
    ENGLISH.get(word.len()).is_some_and(|words| words.iter().any(|known| known.eq_ignore_ascii_case(word)))
}

/// Words that are looked at, and which part of them must be English.
const WORDS: (usize, usize) = (150, 6);

/// Characters that are looked at for their script.
const SCRIPT: usize = 4000;

/// How many characters of each script a text begins with.
#[derive(Debug, Default)]
struct Scripts {
    han: usize,
    kana: usize,
    hangul: usize,
    /// Letters of any other.
    letters: usize,
}

fn scripts(text: &str) -> Scripts {
    let mut count = Scripts::default();
    if let Some(start) = text.as_bytes().get(..SCRIPT.min(text.len())).filter(|start| start.is_ascii()) {
        count.letters = start.iter().filter(|b| b.is_ascii_alphabetic()).count();
        return count;
    }
    for c in text.chars().take(SCRIPT) {
        match c {
            '\0'..='\x7f' => count.letters += usize::from(c.is_ascii_alphabetic()),
            '\u{3400}'..='\u{9fff}' | '\u{f900}'..='\u{faff}' | '\u{20000}'..='\u{3ffff}' => count.han += 1,
            '\u{3041}'..='\u{30ff}' => count.kana += 1,
            '\u{ac00}'..='\u{d7af}' | '\u{1100}'..='\u{11ff}' => count.hangul += 1,
            c if c.is_alphabetic() => count.letters += 1,
            _ => {}
        }
    }
    count
}

/// The language of a text as a BCP 47 primary subtag; `None` where it is too short to tell.
pub fn language(text: &str) -> Option<&'static str> {
    let Scripts { han, kana, hangul, letters } = scripts(text);
    // A Han character says as much as a Latin word of five letters.
    let latin = letters / 5;
    if kana > 1 && kana * 10 >= han && (kana + han) * 3 >= latin {
        return Some("ja");
    }
    if hangul > 1 && hangul * 3 >= latin {
        return Some("ko");
    }
    if han > 1 && han * 3 >= latin {
        return Some("zh");
    }
    let start = text.char_indices().nth(1000).map_or(text, |(end, _)| text.get(..end).unwrap_or(text));
    let words = start.split(|c: char| !c.is_alphanumeric() && c != '\'').filter(|w| !w.is_empty());
    let (mut count, mut english) = (0_usize, 0_usize);
    for word in words.take(WORDS.0) {
        count += 1;
        english += usize::from(is_english(word));
        if english * WORDS.1 >= WORDS.0 {
            // Enough, whatever follows.
            break;
        }
    }
    if english >= 2 && english * WORDS.1 >= count {
        return Some("en");
    }
    if letters < 40 {
        return None;
    }
    let told = whatlang::detect(start)?;
    match told.is_reliable().then(|| primary_subtag(told.lang())).flatten() {
        // A few words of Chinese beside a long log, or another's mail: the writer is hardly of that third language.
        Some(third) if han > 1 && third != "en" => None,
        None => (english >= 2 && !told.is_reliable()).then_some("en"),
        some => some,
    }
}

/// ISO 639-3 as whatlang names it → BCP 47.
fn primary_subtag(lang: whatlang::Lang) -> Option<&'static str> {
    use whatlang::Lang;
    Some(match lang {
        Lang::Eng => "en",
        Lang::Cmn => "zh",
        Lang::Deu => "de",
        Lang::Fra => "fr",
        Lang::Spa => "es",
        Lang::Por => "pt",
        Lang::Ita => "it",
        Lang::Nld => "nl",
        Lang::Pol => "pl",
        Lang::Rus => "ru",
        Lang::Ukr => "uk",
        Lang::Swe => "sv",
        Lang::Dan => "da",
        Lang::Nob => "nb",
        Lang::Fin => "fi",
        Lang::Ces => "cs",
        Lang::Hun => "hu",
        Lang::Ron => "ro",
        Lang::Tur => "tr",
        Lang::Vie => "vi",
        Lang::Ind => "id",
        Lang::Ara => "ar",
        Lang::Heb => "he",
        Lang::Ell => "el",
        Lang::Tha => "th",
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn flowed_lines_join() {
        for (text, delsp, joined) in [
            ("a \nb\nc", false, "a b\nc\n"),
            ("> a \n> b\n>> c \nd", false, "> a b\n>> c \nd\n"),
            ("a\n-- \nsig", false, "a\n-- \nsig\n"),
            (" >not a quote\n From me", false, ">not a quote\nFrom me\n"),
            ("打印 \n机", true, "打印机\n"),
        ] {
            assert_eq!(unflow(text, delsp), joined, "{text:?}");
        }
    }

    #[test]
    fn languages() {
        for (text, language_) in [
            ("VPN 连不上", Some("zh")),
            ("打印機壞了，please check the printer", Some("zh")),
            ("VPN down", None),
            ("help", None),
            ("My printer is broken, please help", Some("en")),
            ("プリンターが壊れました", Some("ja")),
            ("프린터가 고장났습니다", Some("ko")),
            ("", None),
            ("Der Drucker in der dritten Etage druckt seit heute Morgen nur noch leere Seiten, bitte kommen Sie vorbei.", Some("de")),
            ("Hallo, mein Drucker druckt seit gestern nicht mehr. Können Sie mir bitte helfen? Danke, Jan", Some("de")),
            ("Bonjour, je ne peux plus me connecter au VPN depuis ce matin. Merci de votre aide.", Some("fr")),
            ("Buenos días, desde ayer no puedo entrar en mi cuenta y la pantalla dice que la contraseña no es válida. Gracias", Some("es")),
            (
                "看看日志：\n\nDer Dienst wurde unerwartet beendet. Der Vorgang konnte nicht abgeschlossen werden, weil die Datei von einem anderen \
                 Prozess verwendet wird.",
                None,
            ),
            ("L'imprimante du troisième étage ne fonctionne plus depuis ce matin, pouvez-vous passer la réparer ?", Some("fr")),
        ] {
            assert_eq!(language(text), language_, "{text}");
        }
    }
}
