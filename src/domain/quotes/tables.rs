//! The words of quote heads, header blocks and separator lines, lower case. A language is added here and nowhere else.

/// Verbs of "… wrote:" lines that the name may follow.
pub const WROTE: &[&str] = &[
    "schrieb", "geschrieben", "a écrit", "ha escrito", "escribió", "escribio", "escreveu", "ha scritto", "scritto", "schreef",
    "geschreven", "skrev", "napisał", "napisana przez", "pisze", "написал", "пишет", "пише", "napsal", "napísal", "napisao", "napisala",
    "kirjoitti", "yazdı", "yazmış", "đã viết", "menulis", "έγραψε", "написа", "írta", "a scris", "님이 작성", "のメール", "쓴 글",
    "va escriure", "missatge de ", "เขียนว่า", "تمت كتابة", "כתב", "kirjutas", "rašė", "je napisal",
];

/// Verbs that stand at the end, but for a date or a mark of gender.
pub const WROTE_LAST: &[&str] = &["wrote", "writes", "写道", "寫道", "写到", "書きました"];

/// Ends of a sentence about what stands in a mail: no mailer writes so.
pub const IN_A_LETTER: &[&str] = &["里写道", "中写道", "裡寫道", "中寫道", "里面写道", "里写到", "中写到"];

/// Verbs that say too little without an address beside them.
pub const WROTE_BESIDE_ADDRESS: &[&str] = &["写入", "撰写", "撰寫", "작성"];

/// How "… wrote:" lines begin, with the space or mark that follows.
pub const STARTS: &[&str] = &[
    "on ", "at ", "am ", "le ", "el ", "em ", "às ", "il ", "in data ", "op ", "den ", "w dniu ", "dnia ", "dne ", "dňa ", "vào ", "pada ",
    "στις ", "în ", "de ", "mon", "tue", "wed", "thu", "fri", "sat", "sun", "man.", "tir.", "ons.", "tor.", "fre.", "lør.", "søn.", "pe ",
    "в ", "пн", "вт", "ср", "чт", "пт", "на ", "在", "于", "於", "quoting ",
];

/// Heads that name a sender and no date.
pub const QUOTING: &[&str] =
    &["quoting ", "zitat von ", "citando a ", "quoting: ", "in article <", "in message <", "citat ", "cita de ", "引用 "];

/// Fields of quoted header blocks that name the sender.
pub const FROM_FIELDS: &[&str] = &[
    "from", "von", "de", "da", "van", "från", "fra", "od", "от", "від", "lähettäjä", "gönderen", "kimden", "feladó", "de la", "από", "từ",
    "dari", "发信人", "発信者", "差出人", "보낸 사람", "보낸사람", "发件人", "寄件者", "寄件人", "由", "מאת", "من", "จาก",
];

/// Fields that name the subject.
pub const SUBJECT_FIELDS: &[&str] = &[
    "subject", "betreff", "objet", "asunto", "assunto", "oggetto", "ogg", "onderwerp", "ämne", "emne", "temat", "тема", "aihe", "předmět",
    "predmet", "tárgy", "subiect", "konu", "θέμα", "относно", "chủ đề", "subjek", "assumpte", "件名", "제목", "主题", "主旨", "标题",
    "נושא", "الموضوع", "เรื่อง", "thema",
];

/// The other fields: dates and recipients.
pub const OTHER_FIELDS: &[&str] = &[
    "寄件時間", "發送日期", "sent", "sent time", "date", "to", "cc", "bcc", "reply-to", "importance", "attachments", "gesendet", "datum",
    "an", "kopie", "envoyé", "envoyé le", "à", "enviado", "enviado el", "enviado em", "para", "fecha", "data", "enviada em", "inviato",
    "a", "verzonden", "aan", "skickat", "till", "kopia", "sendt", "til", "wysłano", "do", "dw", "отправлено", "надіслано", "изпратено",
    "кому", "копия", "до", "дата", "lähetetty", "vastaanottaja", "kopio", "päiväys", "odesláno", "odoslané", "poslano", "komu", "prima",
    "elküldve", "dátum", "címzett", "trimis", "către", "gönderildi", "gönderme", "tarih", "kime", "στάλθηκε", "ημερομηνία", "προς", "κοιν",
    "đã gửi", "ngày", "đến", "dikirim", "kepada", "tanggal", "enviat", "per a", "送信日時", "送信日", "日時", "日付", "宛先", "보낸 날짜",
    "날짜", "받는 사람", "참조", "发送时间", "发送日期", "发件时间", "日期", "时间", "收件人", "抄送", "抄送人", "收件者", "副本",
    "寄件日期", "傳送時間", "已傳送", "傳送日期", "回复给", "答复至", "נשלח", "אל", "תאריך", "تم الإرسال", "إلى", "التاريخ", "ส่ง", "ถึง",
    "วันที่",
];

/// Dates that only mailers call so.
pub const SENT_FIELDS: &[&str] = &[
    "sent", "gesendet", "envoyé", "enviado", "enviadoel", "inviato", "verzonden", "skickat", "sendt", "wysłano", "отправлено", "送信日時",
    "发送时间", "寄件日期", "傳送時間",
];

/// What stands between the dashes of a separator line.
pub const SEPARATORS: &[&str] = &[
    "转发邮件信息", "original message", "original messages", "original", "original appointment", "original mail", "original email",
    "forwarded message", "forwarded by", "forwarded mail", "replied message", "reply message", "reply original message", "origin message",
    "begin forwarded message", "ursprüngliche nachricht", "originalnachricht", "original-nachricht", "weitergeleitete nachricht",
    "message d'origine", "message original", "message transféré", "mensaje original", "mensaje reenviado", "mensagem original",
    "mensagem encaminhada", "mensagem reencaminhada", "messaggio originale", "messaggio inoltrato", "oorspronkelijk bericht",
    "oorspronkelijke bericht", "doorgestuurd bericht", "originalmeddelande", "ursprungligt meddelande", "vidarebefordrat meddelande",
    "oprindelig meddelelse", "original meddelelse", "videresendt meddelelse", "opprinnelig melding", "videresendt melding",
    "alkuperäinen viesti", "wiadomość oryginalna", "oryginalna wiadomość", "wiadomość przekazana", "původní zpráva", "přeposlaná zpráva",
    "eredeti üzenet", "mesaj original", "orijinal mesaj", "orijinal ileti", "αρχικό μήνυμα", "исходное сообщение",
    "пересылаемое сообщение", "оригинальное сообщение", "вихідне повідомлення", "thư gốc", "pesan asli", "missatge original",
    "元のメッセージ", "転送メッセージ", "원본 메시지", "원본 메일", "전달된 메시지", "原始邮件", "原始郵件", "原邮件", "原郵件",
    "原始信息", "原始訊息", "原始消息", "邮件原件", "邮件原文", "原文", "转发的邮件", "转发邮件", "转发的消息", "轉寄郵件", "轉寄的郵件",
    "轉寄的訊息", "回复的原邮件", "回复的邮件", "回复的邮件信息", "转发的邮件信息", "转发的原邮件", "回覆的郵件", "答复的邮件",
];

/// Lines of their own, with a colon, above a forwarded mail (Apple Mail).
pub const FORWARDS: &[&str] = &[
    "início da mensagem reencaminhada",
    "початок переадресованого листа",
    "以下是转发的邮件",
    "开始转发的邮件",
    "以下是被轉寄的郵件",
    "begin forwarded message",
    "anfang der weitergeleiteten nachricht",
    "début du message réexpédié",
    "début du message transféré",
    "inicio del mensaje reenviado",
    "início da mensagem reenviada",
    "início da mensagem encaminhada",
    "inizio messaggio inoltrato",
    "begin doorgestuurd bericht",
    "vidarebefordrat brev",
    "start på videresendt besked",
    "начало переадресованного сообщения",
    "початок пересланого повідомлення",
    "początek przekazywanej wiadomości",
    "välitetty viesti alkaa",
    "転送されたメッセージ",
    "전달된 메시지",
    "下面是被转发的邮件",
    "以下是轉寄的郵件",
    "開始轉寄郵件",
];

/// What stands on the lines above which other desks want the answer.
pub const REPLY_LINES: &[&str] = &[
    "above this line", "über dieser linie", "über dieser zeile", "oberhalb dieser", "au-dessus de cette ligne", "encima de esta línea",
    "arriba de esta línea", "acima desta linha", "sopra questa riga", "boven deze regel", "boven deze lijn", "ovanför denna rad",
    "over denne linje", "выше этой линии", "выше этой строки", "この行より上", "在此行上方", "在此线上方", "此行以上", "此線以上",
    "此线以上",
];

/// Separators that only a forward has, lower case.
pub const FORWARDED: &[&str] = &[
    "forwarded message", "weitergeleitete nachricht", "message transféré", "mensaje reenviado", "mensagem encaminhada",
    "messaggio inoltrato", "doorgestuurd bericht", "пересылаемое сообщение", "转发的邮件", "转发邮件", "转发邮件信息", "轉寄郵件",
    "轉寄的郵件", "转发的原邮件", "转发的邮件信息", "转发的消息", "轉寄的訊息", "転送メッセージ", "전달된 메시지",
    "mensagem reencaminhada", "vidarebefordrat meddelande", "videresendt meddelelse", "videresendt melding", "wiadomość przekazana",
    "přeposlaná zpráva",
];
