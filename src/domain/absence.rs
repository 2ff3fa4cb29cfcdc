//! How automatic answers speak when nothing in their header says that a machine wrote them (RFC 3834 wants it to).
//!
//! Only words of the first person, and of systems about themselves: "out of office replies do not work" is a request. What is found here
//! is never thrown away, for people write such sentences too: an agent's is held, a requester's changes no status (promise 9).

use std::sync::LazyLock;

use aho_corasick::AhoCorasick;
use regex::Regex;

use super::text;

/// Characters of a text in which such a sentence stands.
const OPENING: usize = 400;
/// A longer text is a person's.
const LONGEST: usize = 1500;

/// A writer of English about himself, now and in time to come, folded; [`STATES`] follow.
const WRITERS: &[&str] = &[
    "i am ", "i'm ", "i am currently ", "i'm currently ", "i will be ", "i'll be ", "i shall be ", "i am going to be ", "i'm going to be ",
    "i will also be ", "i have been and am ",
];
const STATES: &[&str] = &[
    "out of the office", "out of office", "out of town", "out of the country", "away", "on vacation", "on holiday", "on annual leave",
    "on leave", "on parental leave", "on maternity leave", "on paternity leave", "on sick leave", "on a business trip",
    "on business travel", "on pto", "ooo", "travelling", "traveling",
];

/// What else absent people say of themselves, folded.
const ABSENT: &[&str] = &[
    "i am currently out of", "i'm currently out of", "no access to e-mail", "no access to email", "limited access to e-mail",
    "limited access to email", "i no longer work for", "i am no longer with", "i am going on vacation", "i am going on holiday",
    "our office is closed", "our offices are closed", "our office will be closed", "our offices will be closed", "我正在休假", "我在休假",
    "本人休假", "本人正在休假", "正在休年假", "我在休年假", "我正休假", "我目前不在办公室", "我不在办公室", "我现在不在办公室",
    "我正在出差", "本人出差", "我在出差", "无法及时回复", "不能及时回复", "暂时无法回复", "回复可能不及时", "回复会不及时", "回复不及时",
    "回复可能会延迟", "回复会有延迟", "回复可能延迟", "不能及时查看", "无法及时查看", "我已离职", "本人已离职", "ich bin derzeit nicht",
    "ich bin zurzeit nicht", "bin ich im urlaub", "bin ich nicht im büro", "en mon absence", "меня нет в офисе", "меня не будет",
    "я в отпуске", "izindeyim", "ofis dışındayım", "izinde olacağım", "izinli olacağım", "tatilde olacağım", "ofis dışında olacağım",
    "ofiste olmayacağım", "不在にして", "休暇中", "休暇を取って", "부재중입니다", "휴가 중",
];

/// A system about itself, folded. Not "your request was received" and the like: agents write that too.
const SYSTEMS: &[&str] = &[
    "this is an automatic", "this is an automated", "this is an auto", "automatically generated", "generated automatically",
    "do not reply to this e", "do not reply to this m", "这是自动回复", "这是一封自动", "此邮件为自动", "本邮件为自动", "本邮件由系统自动",
    "此邮件由系统自动", "系统自动回复", "系统自动发送", "请勿直接回复", "automatisch generiert", "automatisch erstellt",
    "generato automaticamente", "généré automatiquement", "generado automáticamente", "gerado automaticamente", "自动送信",
    "자동으로 발송", "dies ist eine automatische antwort", "il s'agit d'une réponse automatique", "esta es una respuesta automática",
    "esta é uma resposta automática", "questa è una risposta automatica",
];

/// Sentences in which a date may stand between the writer and his absence, folded.
const DATED: &[&str] = &[
    r"(?:休假|出差|外出|请假)期间[^。!?]{0,30}?(?:回复|联系|查看|查收|收发|邮件|谅解|致电|电话)",
    r"(?:我|本人)(?:[0-9将会于从自由下明后本这周星期礼拜月日号天起开始至到末年上午晚一二三四五六十、/.~—-]| ){1,30}(?:休|年假|度假|出差|外出|请假|放假|不在办公室|不在公司)",
    r"ich (?:bin|werde|befinde mich) [^!?]{0,40}?(?:nicht im büro|im urlaub|in urlaub|abwesend|nicht erreichbar|außer haus|auf dienstreise)",
    r"je (?:serai|suis|pars) [^!?]{0,30}?(?:absente?\b|en congé|en vacances|hors du bureau|en déplacement)",
    r"(?:estaré|voy a estar|estoy|me encuentro|me encontraré) [^!?]{0,30}?(?:fuera|ausente|de vacaciones|de viaje)",
    r"(?:estarei|vou estar|estou) [^!?]{0,30}?(?:fora do escritório|fora da empresa|ausente|de férias|em viagem)",
    r"(?:sarò|sono) [^!?]{0,30}?(?:assente|in ferie|fuori ufficio|fuori sede)",
    r"ik (?:ben|zal) [^!?]{0,40}?(?:afwezig|op vakantie|met vakantie|niet aanwezig|niet op kantoor)",
    r"(?:będę|jestem|przebywam) [^!?]{0,30}?(?:poza biurem|na urlopie|nieobecn)",
    r"(?:буду|нахожусь|ухожу|уезжаю|уйду) [^!?]{0,30}?(?:отпуск|не в офисе|отсутств|командировк)",
    r"jag (?:är|har|kommer att vara|tar) [^!?]{0,30}?(?:inte på kontoret|semester|bortrest|tjänsteresa|föräldraledig)",
    r"jeg (?:er|har|vil være|kommer til å være|holder) [^!?]{0,30}?(?:ikke på kontoret|ferie|fraværende|bortreist|bortrejst)",
    r"olen [^!?]{0,30}?(?:lomalla|poissa toimistolta|virkamatkalla)",
    r"(?:不在|休暇|出张)(?:と|に|を|の|で|中)?(?:なります|いたします|致します|させていただ|いただ|取得|予定|ため|しております)",
    r"(?:휴가|출장|부재)(?:를|을|로|로 인해|로 인하여)? ?(?:갑니다|입니다|예정|떠납니다|부재)|자리를 비(?:웁니다|울 예정)",
];

/// What somebody writes who wants something, folded; a sentence with one of [`REFERRING`] is none of his.
const ASKING: &[&str] = &[
    "please", "could you", "can you", "would you", "will you", "need ", "needs ", "want ", "hope ", "must ", "let me know", "i would like",
    "i'd like", "tell me", "send me", "when will", "any news", "still ", "does not work", "doesn't work", "not working", "broken", "请",
    "麻烦", "帮我", "帮忙", "能否", "能不能", "可否", "需要", "希望", "还是", "仍然", "不行", "不了", "不开", "不上", "坏了", "尽快",
    "何时", "什么时候", "怎么", "无法登录", "无法连接", "忘了", "忘记", "锁定", "被锁", "报错", "出错", "失败", "故障", "error", "crash",
    "locked", "wrong", "fails", "bitte", "könnten sie", "können sie", "s'il vous plaît", "merci de", "pourriez", "por favor", "per favore",
    "potete", "alstublieft", "graag", "kunt u", "proszę", "пожалуйста", "прошу", "vänligen", "snälla", "venligst", "vennligst", "lütfen",
    "お愿い", "ください", "부탁", "주세요", "주십시오",
];

/// Somebody who wants it done before he goes, folded: no notice says so.
const BEFORE: &[&str] = &[
    "before then", "before that", "before i leave", "before i go", "before my", "by then", "here before", "在此之前", "在这之前", "休假前",
    "放假前", "出差前", "走之前", "走前", "之前解决", "之前处理", "之前修", "之前弄", "请尽快", "vorher", "bis dahin bitte", "avant mon",
    "avant cela", "antes de eso", "antes de irme", "prima di allora", "voor die tijd", "до этого", "до отъезда",
];

/// Who asks how something is done, or says what does not work, wants something, whatever else he says, folded.
const WONDERING: &[&str] = &[
    "how do i", "how can i", "how to", "doesn't work", "does not work", "怎么", "怎样", "为什么", "写错", "改不", "不掉", "打不开", "连不",
    "wie kann ich", "comment puis", "cómo ",
];

/// Who says when he is there answers a question, folded.
const THERE: &[&str] = &[
    "is fine", "works for me", "suits me", "i am in on", "i'm in on", "i will be in the office", "i'll be in the office", "you can come",
    "有空", "可以来", "可以过来", "来吧", "都行", "都可以",
];

/// The same, but for a "not" before it.
const AT_WORK: &[(&str, &str)] = &[("在办公室", "不在办公室"), ("在公司", "不在公司")];

/// What notices ask for: to turn to somebody else, to wait, to forgive; folded.
const REFERRING: &[&str] = &[
    "contact", "please call", "can call", "reach ", "urgent", "emergenc", "immediate", "my absence", "write to", "mail to", "please email",
    "please e-mail", "get in touch", "please note", "be aware", "be advised", "expect", "accept", "excuse", "bear with", "allow",
    "forgive", "please direct", "refer to", "forward", "resend", "turn to", "speak to", "colleague", "assist", "delay", "patien",
    "understanding", "do not reply", "intended recipient", "联系", "急事", "紧急", "要事", "致电", "拨打", "电话", "谅解", "见谅", "理解",
    "包涵", "原谅", "回复", "答复", "发送至", "发至", "转交", "代为", "代班", "对接", "请找", "稍候", "稍后", "耐心", "知悉", "悉知",
    "知晓", "不便", "wenden", "dringend", "kontakt", "vertret", "geduld", "urgen", "joindre", "adresse", "dirij", "contatt", "rivolg",
    "contat", "spoed", "piln", "срочн", "обращ", "связ", "свяж", "bråd", "haste", "akut", "kiireel", "yhtey", "acil", "iletişim", "başvur",
    "连络", "急ぎ", "了承", "容赦", "긴급", "급한", "연락", "문의", "양해",
];

/// Words that hold one of [`ASKING`] and ask for nothing.
const HARMLESS: &[&str] = &["请假", "申请", "邀请", "敬请"];

/// All phrases and sentences of absence, looked for at once.
struct Signs {
    phrases: Vec<String>,
    of_phrases: Option<AhoCorasick>,
    dated: Option<Regex>,
}

static SIGNS: LazyLock<Signs> = LazyLock::new(|| {
    let of_writers = WRITERS.iter().flat_map(|who| STATES.iter().map(move |state| format!("{who}{state}")));
    let phrases: Vec<String> = ABSENT.iter().map(|phrase| (*phrase).to_owned()).chain(of_writers).collect();
    Signs { of_phrases: AhoCorasick::new(&phrases).ok(), phrases, dated: Regex::new(&DATED.join("|")).ok() }
});

static SYSTEM: LazyLock<Option<AhoCorasick>> = LazyLock::new(|| AhoCorasick::new(SYSTEMS).ok());

/// The first phrase by which a text reads like an automatic answer, if it does. Who goes away and wants something before that asks.
pub fn phrase(words: &str) -> Option<String> {
    if words.chars().nth(LONGEST).is_some() {
        return None;
    }
    let opening = text::fold_words(&words.chars().take(OPENING).collect::<String>());
    let by_system = SYSTEM.as_ref().and_then(|system| system.find(&opening)).and_then(|found| SYSTEMS.get(found.pattern().as_usize()));
    by_system.map(|phrase| (*phrase).to_owned()).or_else(|| SIGNS.absent(&opening).filter(|_| !asks(&opening)))
}

/// Is this phrase one of a system about itself, which no absent person says?
pub fn is_of_a_system(phrase: &str) -> bool {
    SYSTEMS.contains(&phrase)
}

/// Does somebody ask here for more than to be patient or to turn to somebody else?
pub fn wants(words: &str) -> bool {
    asks(&text::fold_words(&words.chars().take(OPENING).collect::<String>()))
}

impl Signs {
    fn absent(&self, opening: &str) -> Option<String> {
        let phrase = self.of_phrases.as_ref().and_then(|phrases| phrases.find(opening));
        let phrase = phrase.and_then(|found| self.phrases.get(found.pattern().as_usize()).cloned());
        phrase.or_else(|| self.dated.as_ref()?.find(opening).map(|found| found.as_str().to_owned()))
    }
}

/// Does a folded text ask for more than to be patient or to turn to somebody else, or answer when somebody is there?
fn asks(opening: &str) -> bool {
    let has = |sentence: &str, words: &[&str]| words.iter().any(|word| sentence.contains(word));
    let opening = HARMLESS.iter().fold(opening.to_owned(), |text, word| text.replace(word, ""));
    has(&opening, BEFORE)
        || has(&opening, THERE)
        || has(&opening, WONDERING)
        || AT_WORK.iter().any(|(there, not)| opening.replace(not, "").contains(there))
        || opening.split_inclusive(['.', '!', '?', ';', '。', '\n']).any(|sentence| {
            let question = sentence.ends_with('?') || sentence.contains('吗');
            (question || has(sentence, ASKING)) && !has(sentence, REFERRING)
        })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn phrases_are_folded() {
        for phrase in [WRITERS, STATES, ABSENT, SYSTEMS, ASKING, BEFORE, WONDERING, THERE, REFERRING, HARMLESS].into_iter().flatten() {
            assert_eq!(text::fold_words(phrase).trim_end(), phrase.trim_end());
        }
        assert!(DATED.iter().all(|sentence| sentence.chars().all(|c| text::simplify(c) == c)));
        assert!(SIGNS.of_phrases.is_some() && SIGNS.dated.is_some() && SYSTEM.is_some());
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

    /// Notices of absences to come, and people who go away and want something.
    #[test]
    fn going_away_or_asking() {
        for (words, absent) in [
            ("Hello, I will be out of office from Monday to Friday. For urgent matters, please open a ticket or call +49 30 123.", true),
            ("I'll be on vacation from 1 to 5 December with limited access to email.", true),
            ("I will be travelling next week. If you need help, please contact Bob.", true),
            ("Thanks for your mail! I shall be away until 7 December. Please note that replies may take longer.", true),
            ("Our offices will be closed from 24 December to 1 January. Please expect some delay.", true),
            ("我下周休假，邮件回复可能不及时。", true),
            ("您好，我将于12月1日至12月5日休假，如有急事请联系王工 13800000000，谢谢！", true),
            ("本人下周一到周五出差，邮件会尽快回复，敬请谅解。", true),
            ("我明天起请假三天，期间有事请找小王。", true),
            ("我這週五休假，不便之處敬請見諒。", true),
            ("Ich bin vom 1. bis 5. Dezember nicht im Büro. In dringenden Fällen wenden Sie sich bitte an Herrn Li.", true),
            ("Ich werde ab Montag im Urlaub sein.", true),
            ("Je serai absente du 1er au 5 décembre. En cas d'urgence, merci de contacter M. Li.", true),
            ("Estaré de vacaciones del 1 al 5 de diciembre.", true),
            ("Estarei de férias de 1 a 5 de dezembro. Em caso de urgência, por favor contacte o João.", true),
            ("Sarò in ferie dal 1 al 5 dicembre.", true),
            ("Ik ben van 1 tot 5 december op vakantie. Neem bij spoed contact op met Jan, alstublieft.", true),
            ("Od 1 do 5 grudnia będę na urlopie. W pilnych sprawach proszę o kontakt z Janem.", true),
            ("С 1 по 5 декабря я буду в отпуске. По срочным вопросам обращайтесь к Ивану.", true),
            ("Jag är på semester nästa vecka.", true),
            ("Jeg vil være på ferie fra mandag.", true),
            ("Olen ensi viikolla lomalla.", true),
            ("1-5 Aralık arasında izinde olacağım.", true),
            ("12月1日から5日まで不在となります。お急ぎの場合は田中までご連絡ください。", true),
            ("다음 주 휴가 예정입니다. 급한 용무는 김 대리에게 연락 부탁드립니다.", true),
            ("I will be on holiday next week, please fix it before then.", false),
            ("I'll be out of the office from Monday, so I need the laptop by Friday.", false),
            ("It still does not work, and I am on leave from tomorrow.", false),
            ("I am away on Friday. Can you come on Thursday?", false),
            ("This is urgent, I will be travelling on Monday and want it solved by then.", false),
            ("我下周休假，请在此之前处理好。", false),
            ("我明天出差，麻烦今天帮我把笔记本修好。", false),
            ("我下周一出差，电脑还是连不上。", false),
            ("我周五休假，能不能周四来？", false),
            ("我下周请假流程提交不了", false),
            ("Ich bin ab Montag im Urlaub, bitte vorher reparieren.", false),
            ("Ik ben volgende week op vakantie, kunt u het vandaag maken?", false),
            ("Je serai en congé lundi, pourriez-vous passer vendredi ?", false),
            ("来週は不在となりますので、今週中に修理をお願いします。", false),
            ("I will be out of office on Monday, Tuesday is fine.", false),
            ("我周三出差，周四在办公室。", false),
            ("我明天上午外出，下午有空，可以过来。", false),
            ("我下周出差，不在公司。", true),
            ("出差期间邮件回复可能较慢，急事请致电。", true),
            ("出差期间电脑坏了", false),
            ("我下周休假，自动回复怎么设置？", false),
            ("我正在出差，酒店里 VPN 报错 809。", false),
            ("I am on vacation and the VPN says error 809.", false),
            ("Ben will be out of office from Monday.", false),
            ("小王下周休假", false),
        ] {
            assert_eq!(phrase(words).is_some(), absent, "{words}: {:?}", phrase(words));
        }
    }
}
