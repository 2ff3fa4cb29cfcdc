//! How people give themselves away: what no machine writes, for mails whose subject or quote reads like a machine's.

use super::opening;
use crate::domain::message::Reading;

/// How people end their letters, lower case; automatic replies do so too.
const POLITE: &[&str] = &["thanks", "best regards", "kind regards", "mit freundlichen", "cordialement", "谢谢"];

/// Words of people who tell what has happened to them, lower case.
const TELLING: &[&str] = &[
    "came back", "comes back", "come back", "bounced", "i sent", "i wrote", "i write", "when i send", "when i try", "i got this",
    "i get this", "i got a", "i get a", "i received this", "i keep getting", "my mail", "my e-mail", "my email", "my message to",
    "my account", "we get ", "we got ", "我的", "我发", "我给", "我们的", "我们发", "我们给", "我们收", "我们公司", "我收到", "我这边",
];

/// What holds one of [`TELLING`] and tells nothing: absent people say it, lower case.
const ABSENT_FROM: &[&str] = &["to my e-mail", "to my email", "to my mail", "checking my e", "check my e", "read my e", "reading my e"];

/// Words of people who ask about what they send along, lower case; of machines that write notices, none.
const ASKING: &[&str] = &[
    "why ", "how do i", "how can i", "how to ", "what does", "what is this", "what should i", "can you", "could you please",
    "could someone", "can someone", "please help", "please advise", "please check", "please explain", "any idea", "help me", "see below",
    "see attached", "is attached", "attached is", "doesn't work", "does not work", "don't work", "do not work", "not working",
    "cannot be set", "can't set", "cannot set", "cannot turn", "can't turn", "thank you in advance", "warum ", "können sie", "bitte um",
    "pourquoi", "pouvez-vous", "por qué", "¿", "perché", "por que ", "waarom", "dlaczego", "почему", "помогите", "なぜ", "教えて", "왜 ",
    "为什么", "为何", "怎么", "如何", "请问", "请帮", "麻烦", "求助", "帮忙", "帮我", "什么原因", "设置不了", "打不开", "不生效", "不能用",
    "吗", "为什麼", "怎麼", "請問", "如附件", "见附件", "见下",
];

/// Somebody asks for something, tells what has happened to him or takes his leave, in the subject or in the first lines of his own words.
pub fn asks(mail: &Reading) -> bool {
    said(mail, &[ASKING, TELLING, POLITE])
}

/// Somebody asks for something, or tells what has happened to him.
pub fn speaks(mail: &Reading) -> bool {
    said(mail, &[ASKING, TELLING])
}

/// Somebody asks for something.
pub fn wants(mail: &Reading) -> bool {
    said(mail, &[ASKING])
}

fn said(mail: &Reading, tables: &[&[&str]]) -> bool {
    let says = |words: &str| {
        let words = ABSENT_FROM.iter().fold(words.to_owned(), |left, phrase| left.replace(phrase, ""));
        questions(&words) || tables.iter().copied().flatten().any(|w| words.contains(w))
    };
    says(&mail.base_subject.to_lowercase()) || says(&opening(&mail.reply.text))
}

/// A question mark that is none of an address of the web.
fn questions(words: &str) -> bool {
    words.contains('？') || words.split_whitespace().any(|w| w.ends_with('?') && !w.contains("://"))
}

/// The reverse-path is the sender's own address: a mail program sent it, or a script in his name.
pub fn own_path(mail: &Reading) -> bool {
    let path = mail.return_path.as_ref().and_then(Option::as_ref);
    path.is_some() && path == mail.from.as_ref().map(|person| &person.address)
}

/// The mail bears a person's marks: a question, or his own reverse-path and the name of a mail program.
pub fn is_signed_by_a_person(mail: &Reading) -> bool {
    let program = ["User-Agent", "X-Mailer"].iter().any(|name| mail.header(name).is_some());
    asks(mail) || (own_path(mail) && program)
}
