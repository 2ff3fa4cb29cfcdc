//! How automatic answers speak when nothing in their header says that a machine wrote them (RFC 3834 wants it to).
//!
//! Only words of the first person, and of systems about themselves: "out of office replies do not work" is a request. What is found here
//! is never thrown away, for people write such sentences too: an agent's is held, a requester's changes no status (promise 9).

use std::sync::LazyLock;

use aho_corasick::AhoCorasick;

use super::text;

/// Characters of a text in which such a sentence stands.
const OPENING: usize = 400;
/// A longer text is a person's.
const LONGEST: usize = 1500;

/// The phrases, folded.
const PHRASES: &[&str] = &[
    // Absent.
    "i am out of the office", "i'm out of the office", "i am currently out of", "i'm currently out of", "i will be out of the office",
    "i am out of office", "i'm out of office", "i am currently away", "i'm currently away", "i am away from", "i am on vacation",
    "i'm on vacation", "i am on annual leave", "i'm on annual leave", "i am on leave", "i am currently on leave", "i'm on leave",
    "i am on holiday", "i'm on holiday", "i am on parental leave", "i am on maternity leave", "i am travelling", "no access to e-mail",
    "no access to email", "limited access to e-mail", "limited access to email", "i no longer work for", "i am no longer with",
    "我正在休假", "我在休假", "本人休假", "本人正在休假", "正在休年假", "我在休年假", "我正休假", "休假期间", "我目前不在办公室",
    "我不在办公室", "我现在不在办公室", "我正在出差", "本人出差", "我在出差", "出差期间", "外出期间", "无法及时回复", "不能及时回复",
    "暂时无法回复", "我已离职", "本人已离职", "ich bin derzeit nicht", "ich bin zurzeit nicht", "ich bin nicht im büro",
    "bin ich nicht im büro", "ich bin abwesend", "ich bin im urlaub", "ich befinde mich im urlaub", "bin ich im urlaub", "je suis absent",
    "je suis actuellement absent", "je suis en congé", "en mon absence", "estoy fuera de la oficina", "estoy de vacaciones",
    "me encuentro de vacaciones", "me encuentro fuera de la oficina", "estaré fuera", "estou fora do escritório", "estou de férias",
    "estou ausente", "sono fuori ufficio", "sono assente", "sono in ferie", "ik ben niet aanwezig", "ik ben afwezig", "ik ben op vakantie",
    "ik ben met vakantie", "jestem poza biurem", "jestem na urlopie", "przebywam na urlopie", "я в отпуске", "я нахожусь в отпуске",
    "меня нет в офисе", "jag är inte på kontoret", "jag har semester", "jag är på semester", "jeg er ikke på kontoret", "jeg har ferie",
    "jeg er på ferie", "olen lomalla", "izindeyim", "ofis dışındayım", "不在にして", "休暇中", "休暇を取って", "부재중입니다", "휴가 중",
    // A system about itself. Not "your request was received" and the like: agents write that too.
    "this is an automatic", "this is an automated", "this is an auto", "automatically generated", "generated automatically",
    "do not reply to this e", "do not reply to this m", "这是自动回复", "这是一封自动", "此邮件为自动", "本邮件为自动", "本邮件由系统自动",
    "此邮件由系统自动", "系统自动回复", "系统自动发送", "请勿直接回复", "automatisch generiert", "automatisch erstellt",
    "generato automaticamente", "généré automatiquement", "generado automáticamente", "gerado automaticamente", "自动送信",
    "자동으로 발송",
];

/// All phrases, looked for at once.
static ANY: LazyLock<Option<AhoCorasick>> = LazyLock::new(|| AhoCorasick::new(PHRASES).ok());

/// The first phrase by which a text reads like an automatic answer, if it does.
pub fn phrase(words: &str) -> Option<&'static str> {
    if words.chars().nth(LONGEST).is_some() {
        return None;
    }
    let opening: String = words.chars().take(OPENING).collect();
    let found = ANY.as_ref()?.find(&text::fold_words(&opening))?;
    PHRASES.get(found.pattern().as_usize()).copied()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn phrases_are_folded() {
        for phrase in PHRASES {
            assert_eq!(text::fold_words(phrase), *phrase);
        }
    }

    #[test]
    fn absent_or_not() {
        for (words, absent) in [
            ("Thank you for your message. I am currently out of\nthe office and return on 7 December.", true),
            ("您好！\n\n您的邮件我已收到，我正在出差，会尽快回复您。", true),
            ("Ich bin derzeit nicht im Büro.", true),
            ("我正在休假", true),
            ("您好，本人正在休年假，12 月 7 日回来。", true),
            ("Me encuentro de vacaciones hasta el lunes.", true),
            ("Przebywam na urlopie do 7 grudnia.", true),
            ("我想休年假，系统里提交不了。", false),
            ("This is an automated message. Ticket 55 was opened.", true),
            ("We have received your laptop; a ticket was opened for it.", false),
            ("Automatic replies cannot be set. 自动回复设置不了。", false),
            ("Out of office replies do not work for me.", false),
            ("休假系统打不开", false),
            ("Please reboot the router.", false),
            ("The printer is on the second floor; Ben is on holiday.", false),
            ("", false),
        ] {
            assert_eq!(phrase(words).is_some(), absent, "{words}");
        }
    }
}
