//! The language of a text: by its script, then by small words that mails are full of, then by whatlang's trigrams.

use crate::domain::language::UNDETERMINED;

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
    let initial = word.as_bytes().first().map(u8::to_ascii_lowercase);
    let known = ENGLISH.get(word.len()).copied().unwrap_or_default();
    known.iter().any(|known| known.as_bytes().first().copied() == initial && known.eq_ignore_ascii_case(word))
}

/// Words that are looked at, and which part of them must be English.
const WORDS: (usize, usize) = (150, 6);

/// How many of the words are English, and how many were looked at: enough are enough, whatever follows.
fn english_of<'a>(words: impl Iterator<Item = &'a str>) -> (usize, usize) {
    let (mut english, mut count) = (0, 0);
    for word in words {
        count += 1;
        english += usize::from(is_english(word));
        if english * WORDS.1 >= WORDS.0 {
            break;
        }
    }
    (english, count)
}

/// Characters of a text that tell its language.
const START: usize = 1000;

/// How many characters of each script there are.
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
    if text.is_ascii() {
        count.letters = text.bytes().filter(u8::is_ascii_alphabetic).count();
        return count;
    }
    for c in text.chars() {
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

/// The first characters of a text.
fn start(text: &str) -> &str {
    match text.as_bytes().get(..START) {
        None => text,
        Some(start) if start.is_ascii() => text.get(..START).unwrap_or(text),
        Some(_) => text.char_indices().nth(START).and_then(|(end, _)| text.get(..end)).unwrap_or(text),
    }
}

/// Words by which people take their leave. Below stands a signature, often in another language and longer than the mail.
const CLOSINGS: &[&str] = &[
    "best regards", "kind regards", "warm regards", "regards", "with best", "thanks", "thank you", "many thanks", "cheers", "sincerely",
    "yours", "谢谢", "多谢", "祝好", "此致", "顺颂", "顺祝", "祝您",
];

/// Bytes of a line that takes leave.
const CLOSING: usize = 40;

/// What stands above the first line by which the writer takes his leave.
fn above_closing(text: &str) -> Option<&str> {
    let mut at = 0;
    for line in text.split_inclusive('\n') {
        let bare = line.trim();
        let begins = |closing: &&str| bare.get(..closing.len()).is_some_and(|start| start.eq_ignore_ascii_case(closing));
        if bare.len() <= CLOSING && CLOSINGS.iter().any(begins) {
            return text.get(..at);
        }
        at += line.len();
    }
    None
}

/// The language of a mail: of its words alone where they tell it, else of its subject and words.
pub fn of_mail(subject: &str, words: &str) -> Option<&'static str> {
    of(words).or_else(|| of(&format!("{subject}\n{words}")))
}

/// The language of a text as a BCP 47 primary subtag; `None` where it is too short to tell.
pub fn of(text: &str) -> Option<&'static str> {
    let start = start(text);
    above_closing(start).and_then(language_of).or_else(|| language_of(start))
}

/// So few Chinese words in an English text are an error message or a thank-you.
const FEW: usize = 4;

fn language_of(start: &str) -> Option<&'static str> {
    let Scripts { han, kana, hangul, letters } = scripts(start);
    // A Han character says as much as a Latin word of five letters.
    let latin = letters / 5;
    if kana > 1 && kana * 10 >= han && (kana + han) * 3 >= latin {
        return Some("ja");
    }
    if hangul > 1 && hangul * 3 >= latin {
        return Some("ko");
    }
    let words = || start.split(|c: char| !c.is_alphanumeric() && c != '\'').filter(|word| !word.is_empty()).take(WORDS.0);
    let chinese = han > 1 && han * 3 >= latin;
    if chinese && han > FEW {
        return Some("zh");
    }
    let (english, count) = english_of(words());
    if chinese && english <= 2 {
        return Some("zh");
    }
    if english >= 2 && english * WORDS.1 >= count {
        return Some("en");
    }
    let told = if letters < 40 { None } else { whatlang::detect(start) };
    match told.filter(whatlang::Info::is_reliable).and_then(|told| primary_subtag(told.lang())) {
        Some("en") => Some("en"),
        None if letters >= 40 && english >= 2 => Some("en"),
        // A few words of Chinese beside a long log, or another's mail: the writer is hardly of that third language.
        _ if han > 1 => None,
        Some(third) => Some(third),
        None => {
            let words: Vec<String> = words().map(str::to_lowercase).collect();
            neighbour(&words).or_else(|| other_letters(&words))
        }
    }
}

/// Words that short mails of other languages are full of and that English does not have.
const NEIGHBOURS: [(&str, &[&str]); 8] = [
    (
        "de",
        &["nicht", "ich", "mein", "meine", "bitte", "und", "ist", "der", "danke", "hallo", "seit", "mehr", "geht", "können", "kann", "bei"],
    ),
    ("fr", &["bonjour", "merci", "je", "mon", "ne", "pas", "votre", "vous", "depuis", "marche", "cordialement"]),
    ("es", &["hola", "buenos", "necesito", "ayuda", "gracias", "puedo", "favor", "cuenta", "desde"]),
    ("it", &["buongiorno", "ciao", "grazie", "riesco", "mio", "mia", "il", "della", "sono", "alla", "posso", "aiuto"]),
    ("pt", &["olá", "bom", "não", "consigo", "meu", "minha", "obrigado", "obrigada", "podem", "ajudar", "favor"]),
    ("nl", &["ik", "niet", "mijn", "kunt", "het", "een", "graag", "bedankt", "hallo", "kan", "geen", "naar"]),
    ("ru", &["здравствуйте", "работает", "меня", "могу", "пожалуйста", "помогите", "спасибо", "добрый", "почему", "нужно"]),
    ("uk", &["вітаю", "працює", "мене", "можу", "ласка", "допоможіть", "дякую", "добрий", "чому", "потрібно"]),
];

/// The neighbouring language of which a text has as many words as it must have English ones to be English.
fn neighbour(words: &[String]) -> Option<&'static str> {
    let of = |known: &[&str]| words.iter().filter(|word| known.contains(&word.as_str())).count();
    let found = NEIGHBOURS.iter().map(|(language, known)| (of(known), *language));
    let (most, language) = found.reduce(|best, next| if next.0 > best.0 { next } else { best })?;
    (most >= 2 && most * WORDS.1 >= words.len()).then_some(language)
}

/// Some language that is neither English nor Chinese, by the letters of several words: Cyrillic, Thai, Latin with accents. Which one it is
/// whatlang cannot tell of so few.
fn other_letters(words: &[String]) -> Option<&'static str> {
    let foreign = words.iter().filter(|word| word.chars().any(|c| !c.is_ascii() && c.is_alphabetic())).count();
    (foreign >= 2 && foreign * WORDS.1 >= words.len()).then_some(UNDETERMINED)
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
        Lang::Bul => "bg",
        Lang::Bel => "be",
        Lang::Mkd => "mk",
        Lang::Srp => "sr",
        Lang::Hrv => "hr",
        Lang::Slk => "sk",
        Lang::Slv => "sl",
        Lang::Lit => "lt",
        Lang::Lav => "lv",
        Lang::Est => "et",
        Lang::Cat => "ca",
        Lang::Hin => "hi",
        Lang::Pes => "fa",
        Lang::Tha => "th",
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn languages() {
        for (text, language) in [
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
            ("Hallo, mein Drucker geht nicht.", Some("de")),
            ("Bonjour, mon imprimante ne marche plus, merci de votre aide.", Some("fr")),
            ("Hola, no puedo entrar en mi cuenta, necesito ayuda.", Some("es")),
            ("Ik kan niet inloggen op mijn account, kunt u helpen?", Some("nl")),
            ("Здравствуйте, не работает принтер.", Some("ru")),
            ("สวัสดี เครื่องพิมพ์เสีย", Some("und")),
            ("Здравствуйте, у меня не работает принтер на третьем этаже, помогите пожалуйста.", Some("ru")),
            ("Xin chào, máy in của tôi không hoạt động.", Some("und")),
            ("VPN login failed error 809", None),
            (
                "打印机坏了。\n\nBest regards,\nLi Wei\nSenior Engineer\nExample Technology Co., Ltd.\nThis mail is for you and not for others.",
                Some("zh"),
            ),
            (
                "请帮我安装 Adobe Acrobat Pro.\nThanks & Best Regards\nWang Fang\nSenior Manager, Finance Department, Example Technology",
                Some("zh"),
            ),
            ("The printer is broken.\n\n谢谢！\n李伟\n技术部\n示例科技有限公司", Some("en")),
            ("Hi,\nmy laptop shows this:\n\n系统错误\n\nWhat should I do?\nBob", Some("en")),
            ("Dear IT, my VPN is not working today. 谢谢", Some("en")),
            ("my VPN 坏了", Some("zh")),
            ("Hi,\nThanks for your reply.\n我的电脑还是打不开", Some("zh")),
            ("谢谢", Some("zh")),
            ("printer broken pls, José", None),
            ("SAP GUI timeout: connection reset by peer", None),
            ("打印机坏了", Some("zh")),
            ("打 Drucker geht nicht, danke", Some("de")),
            ("坏了 Drucker geht nicht", Some("zh")),
            (
                "看看日志：\n\nDer Dienst wurde unerwartet beendet. Der Vorgang konnte nicht abgeschlossen werden, weil die Datei von einem anderen \
                 Prozess verwendet wird.",
                None,
            ),
            ("L'imprimante du troisième étage ne fonctionne plus depuis ce matin, pouvez-vous passer la réparer ?", Some("fr")),
        ] {
            assert_eq!(of(text), language, "{text}");
        }
    }
}
