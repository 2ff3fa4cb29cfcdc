//! How mailers in many languages announce a quote and sign a mail: tables, and what must be left of each answer.
//!
//! Add what you meet. The first word of an entry names mailer and language.

use postdesk::domain::notify::own_text;
use postdesk::domain::reply::own_words;
use postdesk::mail::parse;

/// Heads of one line that a quote follows.
const HEADS: &[(&str, &str)] = &[
    ("gmail en", "On Tue, Dec 1, 2026 at 9:12 AM IT Support <it@desk.example> wrote:"),
    ("gmail en-GB", "On Tue, 1 Dec 2026 at 09:12, IT Support <it@desk.example> wrote:"),
    ("gmail en, via a list", "On Tue, Dec 1, 2026 at 9:12 AM IT Support via Helpdesk <it@desk.example> wrote:"),
    ("gmail en, twice the address", "On Tue, Dec 1, 2026 at 9:12 AM <it@desk.example> wrote:"),
    ("gmail of 2014", "2014-12-01 9:12 GMT+01:00 IT Support <it@desk.example>:"),
    ("gmail de", "Am Di., 1. Dez. 2026 um 09:12 Uhr schrieb IT Support <it@desk.example>:"),
    ("inbox de", "IT Support <it@desk.example> schrieb am Di., 1. Dez. 2026 um 09:12 Uhr:"),
    ("gmail fr", "Le mar. 1 déc. 2026 à 09:12, IT Support <it@desk.example> a écrit :"),
    ("gmail es", "El mar, 1 dic 2026 a las 9:12, IT Support (<it@desk.example>) escribió:"),
    ("gmail it", "Il giorno mar 1 dic 2026 alle ore 09:12 IT Support <it@desk.example> ha scritto:"),
    ("gmail pt-BR", "Em ter., 1 de dez. de 2026 às 09:12, IT Support <it@desk.example> escreveu:"),
    ("gmail pt-PT", "IT Support <it@desk.example> escreveu no dia terça, 1/12/2026 à(s) 09:12:"),
    ("gmail nl", "Op di 1 dec 2026 om 09:12 schreef IT Support <it@desk.example>:"),
    ("gmail pl", "wt., 1 gru 2026 o 09:12 IT Support <it@desk.example> napisał(a):"),
    ("gmail ru", "вт, 1 дек. 2026 г. в 09:12, IT Support <it@desk.example>:"),
    ("gmail uk", "вт, 1 груд. 2026 р. о 09:12 IT Support <it@desk.example> пише:"),
    ("gmail ja", "2026年12月1日(火) 9:12 IT Support <it@desk.example>:"),
    ("gmail ko", "2026년 12월 1일 (화) 오전 9:12, IT Support <it@desk.example>님이 작성:"),
    ("gmail sv", "Den tis 1 dec. 2026 kl 09:12 skrev IT Support <it@desk.example>:"),
    ("gmail da", "Den tirs. 1. dec. 2026 kl. 09.12 skrev IT Support <it@desk.example>:"),
    ("gmail nb", "tir. 1. des. 2026 kl. 09:12 skrev IT Support <it@desk.example>:"),
    ("gmail fi", "ti 1. jouluk. 2026 klo 9.12 IT Support (it@desk.example) kirjoitti:"),
    ("gmail cs", "út 1. 12. 2026 v 9:12 odesílatel IT Support <it@desk.example> napsal:"),
    ("gmail sk", "ut 1. 12. 2026 o 9:12 IT Support <it@desk.example> napísal(a):"),
    ("gmail hu", "IT Support <it@desk.example> ezt írta (időpont: 2026. dec. 1., K, 9:12):"),
    ("gmail ro", "În mar., 1 dec. 2026 la 09:12, IT Support <it@desk.example> a scris:"),
    ("gmail tr", "IT Support <it@desk.example>, 1 Ara 2026 Sal, 09:12 tarihinde şunu yazdı:"),
    ("gmail el", "Στις Τρί 1 Δεκ 2026 στις 9:12 π.μ., ο χρήστης IT Support <it@desk.example> έγραψε:"),
    ("gmail vi", "Vào Th 3, 1 thg 12, 2026 vào lúc 09:12 IT Support <it@desk.example> đã viết:"),
    ("gmail id", "Pada tanggal Sel, 1 Des 2026 pukul 09.12 IT Support <it@desk.example> menulis:"),
    ("gmail th", "ในวันที่ อ. 1 ธ.ค. 2026 เวลา 09:12 IT Support <it@desk.example> เขียนว่า:"),
    (
        "gmail he",
        "\u{202b}בתאריך יום ג׳, 1 בדצמ׳ 2026 ב-9:12 מאת \u{202a}IT Support\u{202c}\u{200f} <\u{202a}it@desk.example\u{202c}\u{200f}>:\u{202c}",
    ),
    ("gmail ar", "في الثلاثاء، 1 ديسمبر 2026 في 9:12 ص تمت كتابة ما يلي بواسطة IT Support <it@desk.example>:"),
    ("gmail bg", "На вт, 1.12.2026 г. в 9:12 IT Support <it@desk.example> написа:"),
    ("gmail hr", "uto, 1. pro 2026. u 09:12 IT Support <it@desk.example> napisao je:"),
    ("gmail ca", "Missatge de IT Support <it@desk.example> del dia dt., 1 de des. 2026 a les 9:12:"),
    ("gmail zh", "IT 支持 <it@desk.example> 于2026年12月1日周二 09:12写道："),
    ("gmail zh-TW", "IT 支援 <it@desk.example> 於 2026年12月1日 週二 上午9:12寫道："),
    ("apple en", "On 1 Dec 2026, at 09:12, IT Support <it@desk.example> wrote:"),
    ("apple en-US", "On Dec 1, 2026, at 9:12 AM, IT Support <it@desk.example> wrote:"),
    ("apple en, a thin space", "On Dec 1, 2026, at 9:12\u{202f}AM, IT Support <it@desk.example> wrote:"),
    ("apple de", "Am 01.12.2026 um 09:12 schrieb IT Support <it@desk.example>:"),
    ("apple fr", "Le 1 déc. 2026 à 09:12, IT Support <it@desk.example> a écrit :"),
    ("apple es", "El 1 dic 2026, a las 9:12, IT Support <it@desk.example> escribió:"),
    ("apple it", "Il giorno 1 dic 2026, alle ore 09:12, IT Support <it@desk.example> ha scritto:"),
    ("apple pt", "Em 1 de dez. de 2026, à(s) 09:12, IT Support <it@desk.example> escreveu:"),
    ("apple nl", "Op 1 dec. 2026, om 09:12 heeft IT Support <it@desk.example> het volgende geschreven:"),
    ("apple pl", "Wiadomość napisana przez IT Support <it@desk.example> w dniu 1 gru 2026, o godz. 09:12:"),
    ("apple ru", "1 дек. 2026 г., в 09:12, IT Support <it@desk.example> написал(а):"),
    ("apple ja", "2026/12/01 9:12、IT Support <it@desk.example>のメール:"),
    ("apple ko", "2026. 12. 1. 오전 9:12, IT Support <it@desk.example> 작성:"),
    ("apple sv", "1 dec. 2026 kl. 09:12 skrev IT Support <it@desk.example>:"),
    ("apple da", "Den 1. dec. 2026 kl. 09.12 skrev IT Support <it@desk.example>:"),
    ("apple fi", "IT Support <it@desk.example> kirjoitti 1.12.2026 kello 9.12:"),
    ("apple tr", "IT Support <it@desk.example> şunları yazdı (1 Ara 2026 09:12):"),
    ("apple zh", "在 2026年12月1日，09:12，IT 支持 <it@desk.example> 写道："),
    ("apple zh, without 在", "2026年12月1日 09:12，IT 支持 <it@desk.example> 写道："),
    ("apple zh-TW", "IT 支援 <it@desk.example> 於 2026年12月1日 上午9:12 寫道："),
    ("thunderbird en", "On 12/1/26 09:12, IT Support wrote:"),
    ("thunderbird de", "Am 01.12.26 um 09:12 schrieb IT Support:"),
    ("thunderbird fr", "Le 01/12/2026 à 09:12, IT Support a écrit :"),
    ("thunderbird es", "El 1/12/26 a las 9:12, IT Support escribió:"),
    ("thunderbird it", "Il 01/12/2026 09:12, IT Support ha scritto:"),
    ("thunderbird pt-BR", "Em 01/12/2026 09:12, IT Support escreveu:"),
    ("thunderbird pt-PT", "Às 09:12 de 01/12/2026, IT Support escreveu:"),
    ("thunderbird nl", "Op 01-12-2026 om 09:12 schreef IT Support:"),
    ("thunderbird pl", "W dniu 1.12.2026 o 09:12, IT Support pisze:"),
    ("thunderbird ru", "01.12.2026 09:12, IT Support пишет:"),
    ("thunderbird ko", "2026-12-01 오전 9:12에 IT Support 이(가) 쓴 글:"),
    ("thunderbird sv", "Den 2026-12-01 kl. 09:12, skrev IT Support:"),
    ("thunderbird fi", "IT Support kirjoitti 1.12.2026 klo 9.12:"),
    ("thunderbird cs", "Dne 01. 12. 26 v 9:12 IT Support napsal(a):"),
    ("thunderbird hu", "2026. 12. 01. 9:12 keltezéssel, IT Support írta:"),
    ("thunderbird tr", "1.12.2026 09:12 tarihinde IT Support yazdı:"),
    ("thunderbird zh", "在 2026/12/1 9:12, IT 支持 写道:"),
    ("thunderbird zh-TW", "IT 支援 於 2026/12/1 上午 09:12 寫道:"),
    ("yahoo en", "On Tuesday, December 1, 2026 at 09:12:00 AM GMT+8, IT Support <it@desk.example> wrote:"),
    ("yahoo de", "Am Dienstag, 1. Dezember 2026 um 09:12:00 MEZ hat IT Support <it@desk.example> Folgendes geschrieben:"),
    ("yahoo fr", "Le mardi 1 décembre 2026 à 09:12:00 UTC+1, IT Support <it@desk.example> a écrit :"),
    ("yahoo es", "El martes, 1 de diciembre de 2026, 09:12:00 CET, IT Support <it@desk.example> escribió:"),
    ("yahoo it", "Il martedì 1 dicembre 2026 alle ore 09:12:00 CET, IT Support <it@desk.example> ha scritto:"),
    ("yahoo pt", "Em terça-feira, 1 de dezembro de 2026 09:12:00 BRT, IT Support <it@desk.example> escreveu:"),
    ("gmail mobile es", "El 1 dic. 2026 9:12 a. m., \"IT Support\" <it@desk.example> escribió:"),
    ("gmail mobile ru", "1 дек. 2026 г. 9:12 пользователь \"IT Support\" <it@desk.example> написал:"),
    ("gmail mobile pl", "1 gru 2026 9:12 AM \"IT Support\" <it@desk.example> napisał(a):"),
    ("gmail mobile sv", "Den 1 dec 2026 9:12 fm skrev \"IT Support\" <it@desk.example>:"),
    ("k-9 de", "Am 1. Dezember 2026 09:12:00 MEZ schrieb IT Support <it@desk.example>:"),
    ("proton", "On Tuesday, December 1st, 2026 at 09:12, IT Support <it@desk.example> wrote:"),
    ("fastmail", "On Tue, Dec 1, 2026, at 9:12 AM, IT Support wrote:"),
    ("netease", "在 2026-12-01 09:12:00，\"IT 支持\" <it@desk.example> 写道："),
    ("netease en", "At 2026-12-01 09:12:00, \"IT Support\" <it@desk.example> wrote:"),
    ("outlook for mac zh", "IT 支持 <it@desk.example> 于 2026/12/1 上午9:12 写入:"),
    ("eudora", "At 12/1/2026 09:12 AM, you wrote:"),
    ("notes", "IT Support <it@desk.example> wrote on 12/01/2026 09:12:13 AM:"),
    ("horde", "Quoting IT Support <it@desk.example>:"),
    ("horde de", "Zitat von IT Support <it@desk.example>:"),
    ("news", "In article <abc.1@desk.example>, IT Support <it@desk.example> writes:"),
    ("outlook with QuoteFix", "IT Support wrote on Tuesday, December 01, 2026 9:12 AM:"),
    ("zimbra", "----- On Dec 1, 2026, at 9:12 AM, IT Support it@desk.example wrote:"),
];

/// Heads that are known by the marked lines below them only.
const HEADS_ABOVE_MARKS: &[(&str, &str)] = &[
    ("gmail of 2012", "2012/12/1 IT Support <it@desk.example>"),
    ("gnus", "IT Support <it@desk.example> writes:"),
    ("gnus, no address", "IT Support writes:"),
    ("pine", "IT Support wrote:"),
    ("mutt, brief", "* IT Support <it@desk.example> [2026-12-01 09:12]:"),
    ("a language without a table", "Ar 1 Rhag 2026 am 09:12, ysgrifennodd IT Support <it@desk.example>:"),
    ("brief zh", "IT 支持 写道："),
    ("mailing list", "IT Support via helpdesk wrote on 1 December 2026:"),
];

/// What stands above a quote without marks: everything below is quoted.
const BLOCKS: &[(&str, &str)] = &[
    (
        "outlook en",
        "From: IT Support <it@desk.example>\nSent: Tuesday, December 1, 2026 9:12 AM\nTo: Li <li@example.org>\nSubject: RE: VPN",
    ),
    (
        "outlook en, cc",
        "From: IT Support <it@desk.example>\nSent: Tuesday, December 1, 2026 9:12 AM\nTo: Li <li@example.org>\nCc: Wang\nSubject: RE: VPN",
    ),
    (
        "outlook mac",
        "From: IT Support <it@desk.example>\nDate: Tuesday, 1 December 2026 at 09:12\nTo: Li <li@example.org>\nSubject: Re: VPN",
    ),
    (
        "outlook web",
        "________________________________\nFrom: IT Support <it@desk.example>\nSent: Tuesday, December 1, 2026 9:12 AM\nTo: Li <li@example.org>\nSubject: RE: VPN",
    ),
    (
        "outlook, bold",
        "*From:* IT Support [mailto:it@desk.example]\n*Sent:* Tuesday, December 1, 2026 9:12 AM\n*To:* Li\n*Subject:* RE: VPN",
    ),
    ("outlook, bold 2", "**From:** IT Support <it@desk.example>\n**Sent:** Tuesday\n**To:** Li\n**Subject:** RE: VPN"),
    (
        "outlook de",
        "Von: IT Support <it@desk.example>\nGesendet: Dienstag, 1. Dezember 2026 09:12\nAn: Li <li@example.org>\nBetreff: AW: VPN",
    ),
    ("outlook fr", "De : IT Support <it@desk.example>\nEnvoyé : mardi 1 décembre 2026 09:12\nÀ : Li <li@example.org>\nObjet : RE: VPN"),
    (
        "outlook es",
        "De: IT Support <it@desk.example>\nEnviado el: martes, 1 de diciembre de 2026 9:12\nPara: Li <li@example.org>\nAsunto: RE: VPN",
    ),
    (
        "outlook es, web",
        "De: IT Support <it@desk.example>\nEnviado: martes, 1 de diciembre de 2026 9:12\nPara: Li <li@example.org>\nAsunto: RE: VPN",
    ),
    ("outlook it", "Da: IT Support <it@desk.example>\nInviato: martedì 1 dicembre 2026 09:12\nA: Li <li@example.org>\nOggetto: R: VPN"),
    (
        "outlook pt",
        "De: IT Support <it@desk.example>\nEnviada em: terça-feira, 1 de dezembro de 2026 09:12\nPara: Li <li@example.org>\nAssunto: RES: VPN",
    ),
    (
        "outlook nl",
        "Van: IT Support <it@desk.example>\nVerzonden: dinsdag 1 december 2026 09:12\nAan: Li <li@example.org>\nOnderwerp: RE: VPN",
    ),
    ("outlook pl", "Od: IT Support <it@desk.example>\nWysłano: wtorek, 1 grudnia 2026 09:12\nDo: Li <li@example.org>\nTemat: RE: VPN"),
    ("outlook ru", "От: IT Support <it@desk.example>\nОтправлено: 1 декабря 2026 г. 9:12\nКому: Li <li@example.org>\nТема: RE: VPN"),
    ("outlook uk", "Від: IT Support <it@desk.example>\nНадіслано: 1 грудня 2026 р. 9:12\nКому: Li <li@example.org>\nТема: RE: VPN"),
    ("outlook ja", "差出人: IT Support <it@desk.example>\n送信日時: 2026年12月1日 9:12\n宛先: Li <li@example.org>\n件名: RE: VPN"),
    (
        "outlook ko",
        "보낸 사람: IT Support <it@desk.example>\n보낸 날짜: 2026년 12월 1일 화요일 오전 9:12\n받는 사람: Li <li@example.org>\n제목: RE: VPN",
    ),
    ("outlook sv", "Från: IT Support <it@desk.example>\nSkickat: den 1 december 2026 09:12\nTill: Li <li@example.org>\nÄmne: Sv: VPN"),
    ("outlook da", "Fra: IT Support <it@desk.example>\nSendt: 1. december 2026 09:12\nTil: Li <li@example.org>\nEmne: SV: VPN"),
    (
        "outlook fi",
        "Lähettäjä: IT Support <it@desk.example>\nLähetetty: tiistai 1. joulukuuta 2026 9.12\nVastaanottaja: Li <li@example.org>\nAihe: VS: VPN",
    ),
    ("outlook cs", "Od: IT Support <it@desk.example>\nOdesláno: úterý 1. prosince 2026 9:12\nKomu: Li <li@example.org>\nPředmět: RE: VPN"),
    (
        "outlook hu",
        "Feladó: IT Support <it@desk.example>\nElküldve: 2026. december 1., kedd 9:12\nCímzett: Li <li@example.org>\nTárgy: RE: VPN",
    ),
    (
        "outlook ro",
        "De la: IT Support <it@desk.example>\nTrimis: marți, 1 decembrie 2026 09:12\nCătre: Li <li@example.org>\nSubiect: RE: VPN",
    ),
    ("outlook tr", "Kimden: IT Support <it@desk.example>\nGönderildi: 1 Aralık 2026 Salı 09:12\nKime: Li <li@example.org>\nKonu: YNT: VPN"),
    ("outlook el", "Από: IT Support <it@desk.example>\nΣτάλθηκε: Τρίτη, 1 Δεκεμβρίου 2026 9:12\nΠρος: Li <li@example.org>\nΘέμα: RE: VPN"),
    (
        "outlook vi",
        "Từ: IT Support <it@desk.example>\nĐã gửi: Thứ Ba, 1 Tháng Mười Hai 2026 9:12\nĐến: Li <li@example.org>\nChủ đề: RE: VPN",
    ),
    ("outlook zh", "发件人: IT 支持 <it@desk.example>\n发送时间: 2026年12月1日 9:12\n收件人: 李 <li@example.org>\n主题: 答复: VPN"),
    (
        "outlook zh, no spaces, full width",
        "发件人：IT 支持 <it@desk.example>\n日期：2026年12月1日 星期二 9:12\n收件人：李 <li@example.org>\n主题：答复：VPN",
    ),
    ("outlook zh-TW", "寄件者: IT 支援 <it@desk.example>\n寄件日期: 2026年12月1日 上午 09:12\n收件者: 李 <li@example.org>\n主旨: RE: VPN"),
    (
        "outlook zh-TW, newer",
        "寄件者: IT 支援 <it@desk.example>\n已傳送: 2026年12月1日 上午 09:12\n收件者: 李 <li@example.org>\n主旨: RE: VPN",
    ),
    ("original message", "-----Original Message-----\nFrom: IT Support <it@desk.example>\nSent: Tuesday\nTo: Li\nSubject: VPN"),
    ("original message, bare", "-------- Original Message --------"),
    (
        "original message, proton",
        "‐‐‐‐‐‐‐ Original Message ‐‐‐‐‐‐‐\nOn Tuesday, December 1st, 2026 at 09:12, IT Support <it@desk.example> wrote:",
    ),
    ("original message, en dashes", "––––– Original message –––––\nFrom: IT"),
    ("original message de", "-----Ursprüngliche Nachricht-----\nVon: IT Support <it@desk.example>\nGesendet: Dienstag"),
    ("samsung de", "-------- Ursprüngliche Nachricht --------\nVon: IT Support <it@desk.example>\nDatum: 01.12.26 09:12 (GMT+01:00)"),
    ("samsung fr", "-------- Message d'origine --------\nDe : IT Support <it@desk.example>\nDate : 01/12/2026 09:12"),
    ("samsung fr, curly", "-------- Message d’origine --------\nDe : IT Support <it@desk.example>"),
    ("samsung es", "-------- Mensaje original --------\nDe: IT Support <it@desk.example>"),
    ("samsung it", "-------- Messaggio originale --------\nDa: IT Support <it@desk.example>"),
    ("samsung pt", "-------- Mensagem original --------\nDe : IT Support <it@desk.example>"),
    ("samsung nl", "-------- Oorspronkelijk bericht --------\nVan: IT Support <it@desk.example>"),
    ("samsung pl", "-------- Oryginalna wiadomość --------\nOd: IT Support <it@desk.example>"),
    ("samsung ru", "-------- Исходное сообщение --------\nОт: IT Support <it@desk.example>"),
    ("samsung sv", "-------- Originalmeddelande --------\nFrån: IT Support <it@desk.example>"),
    ("samsung ja", "-------- 元のメッセージ --------\n差出人: IT Support <it@desk.example>"),
    ("samsung zh", "-------- 原始邮件 --------\n发件人： IT 支持 <it@desk.example>\n日期： 2026/12/1 09:12"),
    ("samsung zh, other words", "-------- 原始信息 --------\n由： IT 支持 <it@desk.example>"),
    (
        "huawei zh",
        "-------- 原邮件 --------\n发件人：IT 支持 <it@desk.example>\n日期：2026年12月1日周二 09:12\n收件人：li@example.org\n主 题：Re: VPN",
    ),
    ("xiaomi zh", "在 IT 支持 <it@desk.example>，2026年12月1日 09:12写道："),
    (
        "qq zh",
        "------------------ 原始邮件 ------------------\n发件人: \"IT\" <it@desk.example>;\n发送时间: 2026年12月1日(星期二) 上午9:12\n收件人: \"李\"<li@qq.example>;\n主题: VPN",
    ),
    (
        "qq zh, the sender as a line",
        "------------------ 原始邮件 ------------------\n发件人:                                                                                                                        \"IT\"                                                                                    <it@desk.example>;\n发送时间:&nbsp;2026年12月1日(星期二) 上午9:12",
    ),
    (
        "qq zh, mobile",
        "---原始邮件---\n发件人: \"IT\"<it@desk.example>\n发送时间: 2026年12月1日(周二) 上午9:12\n收件人: \"李\"<li@qq.example>;\n主题: VPN",
    ),
    ("qq zh-TW", "------------------ 原始郵件 ------------------\n寄件者: \"IT\" <it@desk.example>;"),
    ("qq en", "------------------ Original ------------------\nFrom:  \"IT\";<it@desk.example>;\nDate:  Tue, Dec 1, 2026 09:12 AM"),
    ("qq en, mobile", "---Original---\nFrom: \"IT\"<it@desk.example>\nDate: Tue, Dec 1, 2026 09:12 AM"),
    ("foxmail", "发件人： IT 支持\n发送时间： 2026-12-01 09:12\n收件人： 李\n主题： Re: VPN"),
    ("foxmail, old", "2026-12-01 \n\n李伟 \n\n发件人： IT 支持 \n发送时间： 2026-12-01  09:12:00 \n收件人： 李 \n抄送： \n主题： Re: VPN"),
    ("foxmail en", "From: IT Support\nDate: 2026-12-01 09:12\nTo: li\nSubject: Re: VPN"),
    (
        "netease app",
        "---- 回复的原邮件 ----\n| 发件人 | IT<it@desk.example> |\n| 日期 | 2026年12月01日 09:12 |\n| 收件人 | li |\n| 主题 | VPN |",
    ),
    ("netease app, other words", "---- 回复的邮件 ----\n发件人 IT<it@desk.example>\n日期 2026年12月01日 09:12\n收件人 li"),
    (
        "netease app en",
        "---- Replied Message ----\n| From | IT<it@desk.example> |\n| Date | 12/01/2026 09:12 |\n| To | li |\n| Subject | VPN |",
    ),
    (
        "wecom",
        "----------------------原始邮件----------------------\n发件人：IT 支持 <it@desk.example>\n发送时间：2026年12月1日 09:12\n收件人：李\n主题：VPN",
    ),
    ("wecom, newer", "----------回复的邮件信息----------\nIT 支持<it@desk.example> 在 2026年12月1日 周二 09:12 写道："),
    (
        "dingtalk",
        "------------------------------------------------------------------\n发件人：IT 支持<it@desk.example>\n日　期：2026年12月01日 09:12:00\n收件人：李<li@example.org>\n主　题：Re: VPN",
    ),
    (
        "aliyun",
        "------------------------------------------------------------------\n发件人：IT 支持 <it@desk.example>\n发送时间：2026年12月1日(星期二) 09:12\n收件人：李 <li@example.org>\n主　题：Re: VPN",
    ),
    (
        "139",
        "----邮件原文----\n发件人:IT 支持 <it@desk.example>\n收件人:li@example.org\n抄 送: (无)\n发送时间:2026-12-01 09:12:00\n主题:VPN",
    ),
    ("sina", "----- 原始邮件 -----\n发件人：IT 支持 <it@desk.example>\n收件人：li@example.org\n主题：VPN\n日期：2026年12月01日 09点12分"),
    ("sohu", "----- 原文 -----\n发件人：IT 支持 <it@desk.example>\n收件人：li@example.org\n日期：2026-12-01 09:12\n主题：VPN"),
    (
        "coremail",
        "-----原始邮件-----\n发件人:\"IT 支持\" <it@desk.example>\n发送时间:2026-12-01 09:12:00 (星期二)\n收件人: li@example.org\n抄送: \n主题: VPN",
    ),
    (
        "coremail en",
        "-----Original Messages-----\nFrom:\"IT Support\" <it@desk.example>\nSent Time:2026-12-01 09:12:00 (Tuesday)\nTo: li@example.org\nSubject: VPN",
    ),
    ("feishu", "发件人: \"IT 支持\"<it@desk.example>\n日期: 2026年12月1日 (周二) 09:12\n主题: Re: VPN\n收件人: \"李\"<li@example.org>"),
    ("zoho", "---- On Tue, 01 Dec 2026 09:12:00 +0800 IT Support <it@desk.example> wrote ----"),
    ("zoho zh", "---- 在 星期二, 01 十二月 2026 09:12:00 +0800 IT 支持 <it@desk.example> 撰写 ----"),
    ("groupwise", ">>> IT Support <it@desk.example> 12/1/2026 9:12 AM >>>"),
    ("groupwise, old", ">>> \"IT Support\" <it@desk.example> 12/01/26 9:12 AM >>>"),
    (
        "notes 9",
        "From:        \"IT Support\" <it@desk.example>\nTo:        li@example.org\nDate:        12/01/2026 09:12 AM\nSubject:        Re: VPN",
    ),
    ("notes web", "-----\"IT Support\" <it@desk.example> wrote: -----\nTo: li@example.org\nFrom: \"IT Support\" <it@desk.example>"),
    ("notes 6", "\"IT Support\" <it@desk.example> \n12/01/2026 09:12 AM\n\nTo\nli@example.org\ncc\n\nSubject\nRe: VPN"),
    ("notes de", "Von:\t\"IT Support\" <it@desk.example>\nAn:\tli@example.org\nDatum:\t01.12.2026 09:12\nBetreff:\tRe: VPN"),
    (
        "apple, forwarded",
        "Begin forwarded message:\n\nFrom: IT Support <it@desk.example>\nSubject: VPN\nDate: 1 December 2026 at 09:12:00 CET\nTo: Li <li@example.org>",
    ),
    (
        "apple de, forwarded",
        "Anfang der weitergeleiteten Nachricht:\n\nVon: IT Support <it@desk.example>\nBetreff: VPN\nDatum: 1. Dezember 2026 um 09:12:00 MEZ\nAn: Li",
    ),
    (
        "apple fr, forwarded",
        "Début du message réexpédié :\n\nDe: IT Support <it@desk.example>\nObjet: VPN\nDate: 1 décembre 2026 à 09:12:00\nÀ: Li",
    ),
    (
        "apple zh, forwarded",
        "下面是被转发的邮件：\n\n发件人: IT 支持 <it@desk.example>\n主题: VPN\n日期: 2026年12月1日 GMT+8 09:12:00\n收件人: 李",
    ),
    (
        "gmail, forwarded",
        "---------- Forwarded message ---------\nFrom: IT Support <it@desk.example>\nDate: Tue, Dec 1, 2026 at 9:12 AM\nSubject: VPN\nTo: Li",
    ),
    (
        "gmail zh, forwarded",
        "---------- Forwarded message ---------\n发件人： IT 支持 <it@desk.example>\nDate: 2026年12月1日周二 09:12\nSubject: VPN\nTo: 李",
    ),
    (
        "thunderbird, forwarded",
        "-------- Forwarded Message --------\nSubject: \tVPN\nDate: \tTue, 1 Dec 2026 09:12:00 +0100\nFrom: \tIT Support <it@desk.example>\nTo: \tLi",
    ),
    (
        "thunderbird de, forwarded",
        "-------- Weitergeleitete Nachricht --------\nBetreff: \tVPN\nDatum: \tTue, 1 Dec 2026 09:12:00 +0100\nVon: \tIT Support <it@desk.example>\nAn: \tLi",
    ),
    (
        "thunderbird zh, forwarded",
        "-------- 转发的消息 --------\n主题: \tVPN\n日期: \tTue, 1 Dec 2026 09:12:00 +0800\n发件人: \tIT 支持 <it@desk.example>\n收件人: \t李",
    ),
    ("mail.ru", "Вторник, 1 декабря 2026, 9:12 +03:00 от IT Support <it@desk.example>:"),
    ("yandex", "01.12.2026, 09:12, \"IT Support\" <it@desk.example>:"),
    (
        "gmx de",
        "Gesendet: Dienstag, 01. Dezember 2026 um 09:12 Uhr\nVon: \"IT Support\" <it@desk.example>\nAn: li@example.org\nBetreff: Re: VPN",
    ),
    ("libero it", "----Messaggio originale----\nDa: it@desk.example\nData: 01/12/2026 9.12\nA: <li@example.org>\nOgg: VPN"),
    ("t-online de", "-----Original-Nachricht-----\nBetreff: VPN\nDatum: 2026-12-01T09:12:00+0100\nVon: \"IT Support\" <it@desk.example>"),
];

/// Last lines that phones, mailers and providers add.
const FOOTS: &[&str] = &[
    "Sent from my iPhone",
    "Sent from my iPad",
    "Sent from my Galaxy",
    "Sent from my Samsung Galaxy smartphone.",
    "Sent from my Huawei phone",
    "Sent from my mobile device",
    "Sent from my BlackBerry 10 smartphone on the EE network.",
    "Sent from my Verizon Wireless 4G LTE smartphone",
    "Sent from my Windows Phone",
    "Sent from Mail for Windows 10",
    "Sent from Mail<https://go.microsoft.com/fwlink/?LinkId=550986> for Windows",
    "Sent from Yahoo Mail on Android",
    "Sent from Yahoo Mail for iPhone",
    "Sent from Outlook for iOS",
    "Sent from Proton Mail for iOS",
    "Sent from Nine",
    "Sent with Spark",
    "Sent with Airmail",
    "Sent with Proton Mail secure email.",
    "Sent via mobile",
    "Sent by mobile",
    "Sent with [Proton Mail](https://proton.me/) secure email.",
    "Sent from Outlook<http://aka.ms/weboutlook>",
    "Sent from a phone",
    "(sent from my phone)",
    "[Sent from my mobile]",
    "<sent from my mobile phone>",
    "-- sent from my phone",
    "~ Sent from my tablet ~",
    "Get Outlook for iOS<https://aka.ms/o0ukef>",
    "Get [Outlook for Android](https://aka.ms/AAb9ysg)",
    "Get Outlook for Android",
    "From my iPhone",
    "Sent on the go",
    "Typed on my phone, please excuse brevity",
    "Sent from my Android device with K-9 Mail. Please excuse my brevity.",
    "Sent from my phone, please excuse typos.",
    "Von meinem iPhone gesendet",
    "Von meinem Samsung Galaxy Smartphone gesendet.",
    "Gesendet mit der GMX Mail App",
    "Gesendet von Mail für Windows",
    "Gesendet von Outlook für Android<https://aka.ms/AAb9ysg>",
    "Diese Nachricht wurde von meinem Android-Gerät mit K-9 Mail gesendet.",
    "Holen Sie sich Outlook für Android",
    "Outlook für iOS beziehen<https://aka.ms/o0ukef>",
    "Von unterwegs gesendet",
    "Envoyé de mon iPhone",
    "Envoyé depuis mon mobile",
    "Envoyé à partir de Outlook pour iOS<https://aka.ms/o0ukef>",
    "Envoyé de mon appareil Android avec K-9 Mail. Veuillez excuser ma brièveté.",
    "Télécharger Outlook pour Android",
    "Obtenir Outlook pour iOS<https://aka.ms/o0ukef>",
    "Enviado desde mi iPhone",
    "Enviado desde Outlook para Android",
    "Obtener Outlook para iOS",
    "Enviado do meu iPhone",
    "Enviado a partir do meu smartphone Samsung Galaxy.",
    "Obter o Outlook para iOS",
    "Inviato da iPhone",
    "Inviato da Outlook per Android",
    "Ottieni Outlook per iOS",
    "Scarica Outlook per Android",
    "Verstuurd vanaf mijn iPhone",
    "Verzonden vanaf mijn Galaxy",
    "Outlook voor iOS downloaden",
    "Skickat från min iPhone",
    "Hämta Outlook för iOS",
    "Sendt fra min iPhone",
    "Lähetetty iPhonesta",
    "Wysłane z iPhone'a",
    "Wysłano z mojego iPhone’a",
    "Pobierz program Outlook dla systemu Android",
    "Отправлено с iPhone",
    "Отправлено из Outlook для Android",
    "Отправлено из мобильной Яндекс Почты",
    "Отправлено из Почты Mail.ru для Android",
    "Odesláno z iPhonu",
    "iPhone'umdan gönderildi",
    "iPhoneから送信",
    "Outlook for iOS を入手",
    "나의 iPhone에서 보냄",
    "iOS용 Outlook 다운로드",
    "Đã gửi từ iPhone của tôi",
    "Dikirim dari iPhone saya",
    "Trimis de pe iPhone-ul meu",
    "发自我的iPhone",
    "发自我的 iPhone",
    "发自我的iPad",
    "发自我的华为手机",
    "发自我的小米手机",
    "发自我的 vivo 手机",
    "发自我的手机",
    "发自我的企业微信",
    "发自iPhone",
    "发自 iPhone 版 QQ邮箱",
    "发送自 Windows 10 版邮件应用",
    "发送自 Windows 版邮件",
    "发自 Outlook for iOS",
    "来自我的iPhone",
    "来自我的华为手机",
    "来自华为手机",
    "来自小米手机",
    "来自Outlook",
    "来自 iPhone 的邮件",
    "来自QQ邮箱",
    "发自网易邮箱手机智能版",
    "发自网易邮箱大师",
    "发自139邮箱",
    "发自新浪邮箱客户端",
    "从我的 iPhone 发送",
    "从我的iPhone发送",
    "从我的华为手机发送",
    "從我的 iPhone 傳送",
    "從我的iPhone傳送",
    "由我的iPhone傳送",
    "通过 Outlook for iOS 发送",
    "获取 Outlook for iOS<https://aka.ms/o0ukef>",
    "下载适用于 Android 的 Outlook",
    "取得 iOS 版 Outlook",
    "寄自我的 iPhone",
    "發自我的 iPhone",
    "签名由 网易邮箱大师 定制",
    "该邮件从移动设备发送",
    "本邮件来自我的手机",
    "发自钉钉",
    "来自钉钉邮箱",
    "发自飞书邮箱",
    "发自 飞书",
];

/// Own words that look like quotes, heads and signatures, and are none.
const OWN: &[&str] = &[
    "On Monday it failed again.\nOn Tuesday at 9:12 it worked:\n\nthe printer prints.",
    "My boss wrote me on 3 Dec 2026.\nPlease help.",
    "From: the second floor\nNothing prints.",
    "I get this:\n\nError: 809\nCode: 12\nTime: 09:12",
    "To: be done today\nSubject: the printer",
    "Steps:\n1. open\n2. click\n---\nthen it fails",
    "Service Expire Date Description\n--------------------------------\nRegistration Jun 27, 2026 desk.example\n\nPlease renew.",
    "It is sent from my computer to the printer, but nothing comes out of it and I do not know why.",
    "Sent from my iPhone mails do not arrive, why?",
    "The mail that I sent from my phone has not arrived. Please look.",
    "From my iPhone it works, from my laptop it does not.",
    "In the log:\n* 2026-12-01 09:12 started\n* 2026-12-01 09:13 failed",
    "Please ask bob@example.org about 1 Dec 2026:\n\nhe was there.",
    "a -- b\n\n---- not a mark ----\nmore",
    "Der Fehler kam am 01.12.2026 um 09:12:\n\nE809",
    "来自华为手机的邮件都收不到，请帮忙看一下。",
    "发自内心地感谢你们！",
    "来自上海的同事也有这个问题",
    "主题：打印机坏了\n时间：今天上午\n地点：三楼",
    "他在 2026年12月1日 写道歉信，我没有收到。",
    "日志如下：\n2026-12-01 09:12:00 连接失败：\n错误 809",
    "从我的电脑发送邮件会失败",
    "We wrote:\n\nthree letters.",
    "Two things:\n- write your name above this line\n- sign",
    "##- Please type your reply above this line -##\n\nYour request has been solved.",
    "From: Berlin\nTo: Paris\nDate: 3 May 2026\n\nPlease book it.",
    "De: Madrid\nPara: Barcelona\nFecha: 3 de mayo",
    "客户在 2026年12月1日 的邮件里写道：\n打印机坏了",
    "2026-12-01 09:12 数据写入：\n失败",
    "On 3 Dec 2026 at 9:12 my boss wrote to all of us this:\n\nwork harder.",
    "Sent from my account three mails yesterday and none arrived.",
    "Von meinem Rechner aus geht nichts mehr.",
    "Outlook for Android crashes",
    "Test it like this:\n\nFrom: alerts@acme.example\nTo: it@acme.example\nSubject: test\n\nThen tell me.",
    "这封邮件收不到：\n发件人：bob@acme.example\n收件人：li@example.org\n主题：发票\n时间：今天上午\n麻烦查一下。",
    "From: Berlin\nTo: Paris\nDate: 3 May\nSubject: the trip\n\nPlease take the laptop along.",
    "他在2026年11月23日发给bob@acme.example的邮件里写道：\n设备已发货。\n请确认。",
    "The invoice from Acme <billing@acme.example> of 1 Dec 2026 says:\n\npay twice.",
];

/// Own lines like fields right above the block of a quote.
const FIELDS: &[&str] = &[
    "日期：12月1日\n时间：下午3点\n地点：三楼会议室\n主题：投影仪检修\n请准时参加。",
    "Cc: is missing\nBcc: too\nSubject: is there\nPlease look.",
    "姓名：张三\n发送时间：2026-11-27\n收件人：li@example.org\n问题：邮件发不出去",
];

const QUOTED: &str = "Dear Li,\n\nplease restart the VPN client and sign in again.\n\nIT Support";
const WORDS: [&str; 2] = ["It works.\n\nThanks\nLi", "好了，谢谢！\n\n李伟"];

fn marked(text: &str) -> String {
    text.lines().map(|line| format!("> {line}\n")).collect()
}

/// A head as mailers wrap it: at spaces, and within the angle brackets.
fn wrapped(head: &str, width: usize) -> String {
    let mut out = String::new();
    let mut column = 0;
    for word in head.split_inclusive([' ', '<']) {
        if column > 0 && column + word.trim_end().chars().count() > width {
            out = out.trim_end().to_owned() + "\n";
            column = 0;
        }
        out.push_str(word);
        column += word.chars().count();
    }
    out
}

/// Collects what is wrong, so that one run shows all of it.
#[derive(Default)]
struct Wrong(Vec<String>);

impl Wrong {
    fn check(&mut self, name: &str, text: &str, own: &str) {
        for text in [text.to_owned(), text.replace('\n', "\r\n")] {
            let reply = own_words(&text, None);
            if reply.text != own {
                self.0.push(format!("{name}: {:?}\n  of {text:?}", reply.text));
                return;
            }
        }
    }

    fn end(self) {
        assert!(self.0.is_empty(), "{} wrong:\n{}", self.0.len(), self.0.join("\n"));
    }
}

#[test]
fn heads_in_many_languages() {
    let mut wrong = Wrong::default();
    for (name, head) in HEADS {
        for words in WORDS {
            wrong.check(&format!("{name}, above"), &format!("{words}\n\n{head}\n\n{}", marked(QUOTED)), words);
            wrong.check(&format!("{name}, close"), &format!("{words}\n{head}\n{}", marked(QUOTED)), words);
            wrong.check(&format!("{name}, below"), &format!("{head}\n\n{}\n{words}\n", marked(QUOTED)), words);
            wrong.check(&format!("{name}, inside"), &format!("{words}\n\n{}", marked(&format!("{head}\n\n{QUOTED}"))), words);
            wrong.check(&format!("{name}, unmarked"), &format!("{words}\n\n\n{head}\n\n{QUOTED}\n"), words);
            for width in [64, 40] {
                wrong.check(&format!("{name}, wrapped"), &format!("{words}\n\n{}\n\n{}", wrapped(head, width), marked(QUOTED)), words);
            }
        }
    }
    wrong.end();
}

#[test]
fn heads_above_marked_lines() {
    let mut wrong = Wrong::default();
    for (name, head) in HEADS_ABOVE_MARKS {
        for words in WORDS {
            wrong.check(&format!("{name}, above"), &format!("{words}\n\n{head}\n\n{}", marked(QUOTED)), words);
            wrong.check(&format!("{name}, below"), &format!("{head}\n{}\n{words}\n", marked(QUOTED)), words);
        }
    }
    wrong.end();
}

#[test]
fn blocks_in_many_languages() {
    let mut wrong = Wrong::default();
    for (name, block) in BLOCKS {
        // Old Foxmail dates and signs the mail above the block.
        let signed = block.strip_prefix("2026-12-01 \n\n李伟 \n\n");
        for words in WORDS {
            let own = signed.map_or(words.to_owned(), |_| format!("{words}\n\n2026-12-01\n\n李伟"));
            wrong.check(name, &format!("{words}\n\n{block}\n\n{QUOTED}\n"), &own);
            wrong.check(&format!("{name}, marked"), &format!("{words}\n\n\n{block}\n{}", marked(QUOTED)), &own);
            let apart = block.replace('\n', "\n\n");
            wrong.check(&format!("{name}, empty lines between"), &format!("{words}\n\n{apart}\n\n{QUOTED}\n"), &own);
        }
    }
    wrong.end();
}

#[test]
fn foots_of_phones_and_mailers() {
    let mut wrong = Wrong::default();
    for foot in FOOTS {
        for words in WORDS {
            wrong.check(foot, &format!("{words}\n\n{foot}\n"), words);
            wrong.check(
                foot,
                &format!("{words}\n\n{foot}\n\nOn 1 Dec 2026, at 09:12, IT <it@desk.example> wrote:\n\n{}", marked(QUOTED)),
                words,
            );
            wrong.check(foot, &format!("{words}\n\n{foot}\n\n在 2026年12月1日，09:12，IT <it@desk.example> 写道：\n\n{QUOTED}"), words);
        }
    }
    wrong.end();
}

#[test]
fn own_words_are_kept() {
    let mut wrong = Wrong::default();
    for words in OWN {
        wrong.check("alone", words, words);
        wrong.check("above a quote", &format!("{words}\n\n{}\n\n{}", HEADS[0].1, marked(QUOTED)), words);
        wrong.check("below a quote", &format!("{}\n\n{}\n{words}\n", HEADS[0].1, marked(QUOTED)), words);
    }
    for words in FIELDS {
        wrong.check("above a block", &format!("{words}\n\n{}\n\n{QUOTED}", BLOCKS[0].1), words);
    }
    wrong.end();
}

/// A mail that opens a ticket: what it quotes is what it is about, unless it is ours.
#[test]
fn agents_see_what_a_first_mail_is_about() {
    let block = "From: Bob <bob@acme.example>\nSent: Monday, November 30, 2026 4:10 PM\nTo: Alice\nSubject: Invoice 77\n\nI wrote twice.";
    let zh = "发件人：bob@acme.example\n收件人：lilei@example.org\n主题：发票\n发送时间：2026-11-30 16:10\n麻烦查一下。";
    for (subject, text, shown) in [
        ("Re: Invoice 77", format!("See below.\n\n{block}"), format!("See below.\n\n{block}")),
        ("邮件收不到", format!("这封邮件收不到：\n{zh}"), format!("这封邮件收不到：\n{zh}")),
        ("VPN", format!("It says:\n\n{}", marked("error 809")), "It says:\n\n> error 809".to_owned()),
        ("VPN", "It is down.\n\nSent from my iPhone".to_owned(), "It is down.".to_owned()),
        ("Re: VPN", format!("Mine too.\n\n{block}\n\nRef: pd.1001.0.aaaaaaaaaaaaaaaa"), "Mine too.".to_owned()),
    ] {
        let raw = format!("From: alice@example.org\nSubject: {subject}\nContent-Type: text/plain; charset=utf-8\n\n{text}\n");
        assert_eq!(own_text(&parse::read(raw.as_bytes(), None)), shown, "{subject}");
    }
}
