//! The small notations of the config: durations, sizes, tiers, dates, hours, zones, schedules, names.
//!
//! Each is a pure function from text to value; what it refuses comes with the words to write instead.

use std::str::FromStr;

use chrono::{DateTime, Duration, NaiveDate, NaiveTime, TimeZone, Utc, Weekday};
use chrono_tz::{TZ_VARIANTS, Tz};
use croner::Cron;
use croner::parser::{CronParser, Seconds, Year};

use super::section::Trouble;
use crate::domain::calendar::{Calendar, Hours};
use crate::domain::complaint::nearest;
use crate::domain::message::Address;

/// `90s`, `5m`, `2h`, `3d`, `2w`, `1h30m`; at most ten years.
pub fn duration(text: &str) -> Result<Duration, Trouble> {
    in_units(text, Duration::days(1), Duration::weeks(1))
}

/// The same in business time: where there is a calendar, a day is a day's work and a week a week's.
pub fn business_duration(text: &str, calendar: Option<&Calendar>) -> Result<Duration, Trouble> {
    let (day, week) = calendar.map_or((Duration::days(1), Duration::weeks(1)), |c| (c.day(), c.week()));
    let length = in_units(text, day, week)?;
    if length.is_zero() {
        return Err(Trouble::new("nothing is too short", "write at least \"1m\""));
    }
    if length > day * 366 {
        return Err(Trouble::new(format!("\"{text}\" is longer than a year's work"), "write a shorter one, such as \"5d\""));
    }
    Ok(length)
}

fn in_units(text: &str, day: Duration, week: Duration) -> Result<Duration, Trouble> {
    let bad =
        || Trouble::new(format!("\"{text}\" is no duration"), "write a number with its unit: \"90s\", \"5m\", \"2h\", \"3d\", \"2w\"");
    let mut seconds: i64 = 0;
    let mut digits = String::new();
    for c in text.chars() {
        if c.is_ascii_digit() {
            digits.push(c);
            continue;
        }
        let unit = match c {
            's' => 1,
            'm' => 60,
            'h' => 3600,
            'd' => day.num_seconds(),
            'w' => week.num_seconds(),
            _ => return Err(bad()),
        };
        let count: i64 = digits.parse().map_err(|_| bad())?;
        digits.clear();
        seconds = count.checked_mul(unit).and_then(|s| seconds.checked_add(s)).ok_or_else(bad)?;
    }
    if !digits.is_empty() || text.is_empty() {
        return Err(bad());
    }
    if seconds > 3653 * 86_400 {
        return Err(Trouble::new(format!("\"{text}\" is longer than ten years"), "write a shorter one, such as \"30d\""));
    }
    Ok(Duration::seconds(seconds))
}

/// A duration that is not nothing.
pub fn positive_duration(text: &str) -> Result<Duration, Trouble> {
    let read = duration(text)?;
    if read.is_zero() { Err(Trouble::new("nothing is too short", "write at least \"1s\"")) } else { Ok(read) }
}

/// `25MB`, `512 KB`, `1GB` or a number of bytes; a kilobyte is 1024 bytes, as mail servers count.
pub fn size(text: &str) -> Result<u64, Trouble> {
    let bad = || Trouble::new(format!("\"{text}\" is no size"), "write \"25MB\", \"512KB\" or a number of bytes");
    let split = text.find(|c: char| !c.is_ascii_digit()).unwrap_or(text.len());
    let (digits, unit) = text.split_at_checked(split).ok_or_else(bad)?;
    let factor: u64 = match unit.trim().to_ascii_uppercase().as_str() {
        "" | "B" => 1,
        "K" | "KB" | "KIB" => 1 << 10,
        "M" | "MB" | "MIB" => 1 << 20,
        "G" | "GB" | "GIB" => 1 << 30,
        _ => return Err(bad()),
    };
    let count: u64 = digits.parse().map_err(|_| bad())?;
    let bytes = count.checked_mul(factor).filter(|b| *b <= 1 << 40).ok_or_else(bad)?;
    if bytes == 0 { Err(Trouble::new("nothing is too small", "write \"25MB\" or another size")) } else { Ok(bytes) }
}

/// The least size of a mail, or of its files, that makes sense: who writes 25 means megabytes.
const SMALLEST_MAIL: u64 = 16 << 10;

/// How large a mail, or its files together, may be.
pub fn mail_size(text: &str) -> Result<u64, Trouble> {
    match size(text)? {
        bytes if bytes < SMALLEST_MAIL => {
            let meant = text.trim().parse::<u64>().map_or_else(|_| "25MB".to_owned(), |number| format!("{number}MB"));
            Err(Trouble::new(format!("{bytes} bytes hold hardly a word"), format!("write a unit, \"{meant}\", and at least \"16KB\"")))
        }
        bytes => Ok(bytes),
    }
}

/// The name of a server that checks who sent a mail (RFC 8601), in small letters.
pub fn authserv_id(text: &str) -> Result<String, Trouble> {
    if text.chars().all(|c| c.is_alphanumeric() || "-._".contains(c)) {
        return Ok(text.to_lowercase());
    }
    let first = text.rsplit(':').next().unwrap_or(text).split(';').next().unwrap_or("").trim();
    let help = format!("write the name alone, as it stands behind \"Authentication-Results:\" before the first \";\": \"{first}\"");
    Err(Trouble::new(format!("\"{text}\" is no server's name"), help))
}

/// Header fields that the writer of a mail, or each server on its way, fills in.
const FILLED_BY_ANYBODY: [&str; 14] = [
    "from", "to", "cc", "bcc", "sender", "reply-to", "subject", "date", "message-id", "in-reply-to", "references", "received",
    "return-path", "content-type",
];

/// The name of a header field by which a border marks mail from inside.
pub fn border_header(text: &str) -> Result<String, Trouble> {
    let help = "write a field that your border alone sets, and takes away from mail that comes from outside: \"X-Internal\"";
    if FILLED_BY_ANYBODY.contains(&text.to_lowercase().as_str()) {
        return Err(Trouble::new(format!("anybody writes \"{text}\": everybody would be inside"), help));
    }
    if text.chars().all(|c| c.is_ascii_graphic() && c != ':') {
        Ok(text.to_owned())
    } else {
        Err(Trouble::new(format!("\"{text}\" is no name of a header field"), help))
    }
}

/// `10/1h`: at most ten within an hour.
pub fn tier(text: &str) -> Result<(Duration, u32), Trouble> {
    let bad = || Trouble::new(format!("\"{text}\" is no limit"), "write how many within how long: \"10/1h\"");
    let (count, within) = text.split_once('/').ok_or_else(bad)?;
    let count: u32 = count.trim().parse().map_err(|_| bad())?;
    let within = duration(within.trim()).map_err(|_| bad())?;
    if within.is_zero() { Err(bad()) } else { Ok((within, count)) }
}

/// A zone of the IANA database, with the nearest where there is none.
pub fn timezone(text: &str) -> Result<Tz, Trouble> {
    Tz::from_str(text).map_err(|_| {
        let folded = text.trim().to_lowercase().replace(' ', "_");
        let city = |name: &'static str| name.rsplit('/').next().unwrap_or(name);
        let names = || TZ_VARIANTS.iter().map(|tz| tz.name());
        let near = match folded.as_str() {
            "beijing" | "asia/beijing" | "北京" | "gmt+8" | "utc+8" | "上海" => Some("Asia/Shanghai"),
            _ => names()
                .find(|n| n.to_lowercase() == folded)
                .or_else(|| names().find(|n| city(n).to_lowercase() == folded))
                .or_else(|| nearest(&folded, names())),
        };
        let lead = near.map(|n| format!("did you mean \"{n}\"? ")).unwrap_or_default();
        Trouble::new(
            format!("\"{text}\" is no time zone"),
            format!("{lead}write a name of the IANA list: \"UTC\", \"Asia/Shanghai\", \"Europe/Berlin\""),
        )
    })
}

/// A language by its code: `en`, `zh`, `pt-br`.
pub fn language(text: &str) -> Result<String, Trouble> {
    let folded = text.to_lowercase().replace('_', "-");
    let meant = match folded.as_str() {
        "cn" | "chinese" | "中文" | "zh-hans" | "zh-cn" | "简体中文" => Some("zh"),
        "english" | "英文" | "英语" => Some("en"),
        "german" | "deutsch" => Some("de"),
        "french" => Some("fr"),
        "japanese" | "jp" => Some("ja"),
        _ => None,
    };
    let primary = folded.split('-').next().unwrap_or("");
    if meant.is_none() && (2..=3).contains(&primary.len()) && folded.chars().all(|c| c.is_ascii_alphanumeric() || c == '-') {
        return Ok(folded);
    }
    let lead = meant.map(|m| format!("did you mean \"{m}\"? ")).unwrap_or_default();
    Err(Trouble::new(format!("\"{text}\" is no language code"), format!("{lead}write \"en\", \"zh\" or another code of two letters")))
}

/// A bare mail address.
pub fn address(text: &str) -> Result<Address, Trouble> {
    if !text.contains(['<', '>'])
        && let Some(address) = Address::parse(text)
        && address.as_str().matches('@').count() == 1
        && !address.domain().starts_with('.')
        && !address.domain().ends_with('.')
    {
        return Ok(address);
    }
    let inner = text.split_once('<').and_then(|(_, rest)| rest.split_once('>')).map(|(inner, _)| inner).and_then(Address::parse);
    let help = match inner {
        Some(inner) => format!("write the address alone: \"{inner}\"; the name has a key of its own"),
        None if text.contains('＠') => "the ＠ is full-width; write @".to_owned(),
        None => "write it as \"support@example.com\"".to_owned(),
    };
    Err(Trouble::new(format!("\"{text}\" is no mail address"), help))
}

/// A schedule of five fields, that comes at all.
pub fn schedule(text: &str) -> Result<Cron, Trouble> {
    const HELP: &str = "write minute, hour, day, month, weekday: \"0 8 * * 1-5\" is 08:00 from Monday to Friday";
    let parser = CronParser::builder().seconds(Seconds::Disallowed).year(Year::Disallowed).build();
    let cron = parser.parse(text).map_err(|e| Trouble::new(format!("\"{text}\" is no schedule ({e})"), HELP))?;
    let comes = Utc.timestamp_opt(0, 0).single().is_some_and(|start| cron.find_next_occurrence(&start, false).is_ok());
    if comes { Ok(cron) } else { Err(Trouble::new(format!("\"{text}\" never comes"), HELP)) }
}

/// A calendar day, `2026-12-01`.
pub fn date(text: &str) -> Result<NaiveDate, Trouble> {
    NaiveDate::parse_from_str(text, "%Y-%m-%d").map_err(|_| Trouble::new(format!("\"{text}\" is no date"), "write it as \"2026-12-01\""))
}

/// The first moment of a day in a zone.
pub fn midnight(day: NaiveDate, zone: Tz) -> DateTime<Utc> {
    let local = day.and_time(NaiveTime::MIN);
    // Some zones skip midnight when summer time begins; the hour after it exists then.
    let first = zone.from_local_datetime(&local).earliest().or_else(|| zone.from_local_datetime(&(local + Duration::hours(1))).earliest());
    first.map_or_else(|| local.and_utc(), |t| t.with_timezone(&Utc))
}

/// A day or days from..to, both included: `2026-10-01..2026-10-07`.
pub fn days(text: &str) -> Result<(NaiveDate, NaiveDate), Trouble> {
    let (from, to) = text.split_once("..").unwrap_or((text, text));
    let (from, to) = (date(from.trim())?, date(to.trim())?);
    if from <= to {
        return Ok((from, to));
    }
    Err(Trouble::new(format!("\"{text}\" ends before it begins"), format!("write \"{to}..{from}\"")))
}

/// `mon-fri 09:00-18:00`, `sat 10:00-12:00`, `mon,wed 09:00-12:00`.
pub fn hours(text: &str) -> Result<Hours, Trouble> {
    let bad = || Trouble::new(format!("\"{text}\" are no hours"), "write days and hours: \"mon-fri 09:00-18:00\", \"sat 10:00-12:00\"");
    let (days_part, hours_part) = text.split_once(' ').ok_or_else(bad)?;
    let mut days = Vec::new();
    for part in days_part.split(',') {
        let (first, last) = part.split_once('-').unwrap_or((part, part));
        let last: Weekday = last.trim().parse().map_err(|_| bad())?;
        let mut day: Weekday = first.trim().parse().map_err(|_| bad())?;
        days.push(day);
        while day != last {
            day = day.succ();
            days.push(day);
        }
    }
    let minute = |clock: &str| -> Option<u16> {
        let (h, m) = clock.trim().split_once(':')?;
        let (h, m): (u16, u16) = (h.parse().ok()?, m.parse().ok()?);
        (h < 24 && m < 60 || (h, m) == (24, 0)).then(|| h * 60 + m)
    };
    let (from, to) = hours_part.split_once('-').ok_or_else(bad)?;
    let (from, to) = (minute(from).ok_or_else(bad)?, minute(to).ok_or_else(bad)?);
    if from < to { Ok(Hours { days, from, to }) } else { Err(bad()) }
}

/// A person's handle: it stands in signed ids, which mail servers may fold to lower case.
pub fn handle(text: &str) -> Result<String, Trouble> {
    let sound =
        text.len() <= 20 && text != "0" && text.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-' || c == '_');
    if sound {
        return Ok(text.to_owned());
    }
    Err(Trouble::new(format!("\"{text}\" is no handle"), "write at most 20 of a-z, 0-9, - and _: \"li\", \"zhang-wei\""))
}

/// A name that stands in tags such as `[team=network]`: letters of any script, digits, `-`, `_`.
pub fn word(text: &str) -> Result<String, Trouble> {
    if text.chars().count() <= 40 && text.chars().all(|c| c.is_alphanumeric() || c == '-' || c == '_') {
        return Ok(text.to_owned());
    }
    Err(Trouble::new(
        format!("\"{text}\" cannot be written in a tag"),
        "write letters, digits, - and _ alone, without spaces: \"network\", \"second-line\", \"网络\"",
    ))
}

/// A link that a mail may carry: http, https or mailto, with something behind it, on one line without blanks.
pub fn link(text: &str) -> Result<String, Trouble> {
    let (scheme, rest) = text.split_once(':').unwrap_or(("", text));
    let sound = match scheme.to_ascii_lowercase().as_str() {
        "http" | "https" => rest.strip_prefix("//").is_some_and(|r| r.starts_with(|c: char| c.is_alphanumeric() || c == '[')),
        "mailto" => address(rest.split('?').next().unwrap_or(rest)).is_ok(),
        _ => false,
    };
    let clean = !text.contains(|c: char| c.is_whitespace() || c.is_control() || "<>\"'\\`()".contains(c));
    if sound && clean {
        return Ok(text.to_owned());
    }
    let help = "write a whole link that begins with https://, http:// or mailto: ; ( and ) are written %28 and %29";
    Err(Trouble::new(format!("\"{text}\" is no link for a mail"), help))
}

/// The address below which pages lie, without the slash at its end.
pub fn base_link(text: &str) -> Result<String, Trouble> {
    let web = text.to_ascii_lowercase().starts_with("http") && !text.contains(['?', '#']);
    match link(text) {
        Ok(link) if web => Ok(link.trim_end_matches('/').to_owned()),
        _ => Err(Trouble::new(format!("\"{text}\" is no address for pages"), "write where the pages lie: \"https://help.example.com/kb\"")),
    }
}

/// What stands before the number in `[#1042]`.
pub fn prefix(text: &str) -> Result<String, Trouble> {
    let sound =
        (1..=8).contains(&text.chars().count()) && !text.chars().any(|c| c.is_whitespace() || c.is_numeric() || "[]【】=".contains(c));
    if sound { Ok(text.to_owned()) } else { Err(Trouble::new(format!("\"{text}\" is no prefix"), "write \"#\" or a few letters: \"IT-\"")) }
}

/// The name of an environment variable. The text is not repeated: it may be the password itself, put here by mistake.
pub fn variable(text: &str) -> Result<String, Trouble> {
    let sound = text.chars().all(|c| c.is_ascii_alphanumeric() || c == '_') && !text.starts_with(|c: char| c.is_ascii_digit());
    if sound {
        return Ok(text.to_owned());
    }
    Err(Trouble::new(
        "this is no name of an environment variable",
        "write the variable's name, not the password: password_env = \"POSTDESK_PASSWORD\"",
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations() {
        for (text, seconds) in [("90s", 90), ("5m", 300), ("2h", 7200), ("3d", 259_200), ("2w", 1_209_600), ("1h30m", 5400), ("0s", 0)] {
            assert_eq!(duration(text).unwrap(), Duration::seconds(seconds), "{text}");
        }
        for text in ["", "5", "m", "5 m", "-5m", "5M", "1.5h", "99999999999999999999d", "4000d", "5min", "３d"] {
            assert!(duration(text).is_err(), "{text}");
        }
    }

    #[test]
    fn sizes_and_tiers() {
        for (text, bytes) in [("25MB", 25 << 20), ("25 mb", 25 << 20), ("512KB", 512 << 10), ("1GiB", 1 << 30), ("1000", 1000), ("7B", 7)] {
            assert_eq!(size(text).unwrap(), bytes, "{text}");
        }
        for text in ["", "MB", "0", "0MB", "-1", "1.5MB", "5TB", "99999999999999999999", "９MB"] {
            assert!(size(text).is_err(), "{text}");
        }
        assert_eq!(tier("10/1h").unwrap(), (Duration::hours(1), 10));
        assert_eq!(tier("0 / 1d").unwrap(), (Duration::days(1), 0));
        for text in ["10", "10/", "/1h", "10/0s", "ten/1h", "1h/10"] {
            assert!(tier(text).is_err(), "{text}");
        }
    }

    #[test]
    fn near_words() {
        for (text, hint) in [
            ("Asia/Shanghia", "\"Asia/Shanghai\""),
            ("Shanghai", "\"Asia/Shanghai\""),
            ("asia/shanghai", "\"Asia/Shanghai\""),
            ("Beijing", "\"Asia/Shanghai\""),
            ("Europe/Berln", "\"Europe/Berlin\""),
            ("New York", "\"America/New_York\""),
            ("somewhere", "IANA"),
        ] {
            let help = timezone(text).unwrap_err().help;
            assert!(help.contains(hint), "{text}: {help}");
        }
        assert!(language("cn").unwrap_err().help.contains("\"zh\""));
        assert!(language("English").unwrap_err().help.contains("\"en\""));
        assert_eq!(language("zh").unwrap(), "zh");
        assert_eq!(language("pt_BR").unwrap(), "pt-br");
        assert!(address("Li Wei <li@desk.example>").unwrap_err().help.contains("\"li@desk.example\""));
        assert!(address("li＠desk.example").unwrap_err().help.contains("full-width"));
        for bad in ["li", "@desk.example", "li@", "li @desk.example", "a@b@c", "li@desk.example.", "<li@desk.example>"] {
            assert!(address(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn schedules_come_at_all() {
        assert!(schedule("0 8 * * 1-5").is_ok());
        assert!(schedule("0 8 * * MON").is_ok());
        for bad in ["", "0 8 * *", "0 0 8 * * *", "61 8 * * *", "0 25 * * *", "daily at 8"] {
            assert!(schedule(bad).is_err(), "{bad}");
        }
        assert!(schedule("0 0 30 2 *").unwrap_err().message.contains("never comes"));
    }

    #[test]
    fn hours_and_days() {
        let weekdays = hours("mon-fri 09:00-18:00").unwrap();
        assert_eq!((weekdays.days.len(), weekdays.from, weekdays.to), (5, 540, 1080));
        assert_eq!(hours("fri-mon 00:00-24:00").unwrap().days.len(), 4);
        assert_eq!(hours("mon,wed 09:00-12:30").unwrap().to, 750);
        for bad in ["mon-fri", "09:00-18:00", "mon 18:00-09:00", "mon 09:00-25:00", "mon 9-18", "noday 09:00-18:00", "mon 09:61-18:00"] {
            assert!(hours(bad).is_err(), "{bad}");
        }
        assert_eq!(days("2026-10-01..2026-10-07").unwrap().1, date("2026-10-07").unwrap());
        assert!(days("2026-10-07..2026-10-01").unwrap_err().help.contains("2026-10-01..2026-10-07"));
        assert!(date("2026-02-30").is_err());
        assert_eq!(midnight(date("2026-12-01").unwrap(), Tz::Asia__Shanghai).to_rfc3339(), "2026-11-30T16:00:00+00:00");
    }

    #[test]
    fn names() {
        for good in ["li", "zhang-wei", "a_1"] {
            assert!(handle(good).is_ok(), "{good}");
        }
        for bad in ["0", "Li", "li.wei", "李", "li wei", "abcdefghijklmnopqrstu"] {
            assert!(handle(bad).is_err(), "{bad}");
        }
        assert!(word("网络").is_ok());
        assert!(word("second line").is_err());
        assert!(prefix("IT-").is_ok());
        assert!(prefix("IT 1").is_err());
        let told = variable("hunter2!").unwrap_err();
        assert!(!told.message.contains("hunter2") && !told.help.contains("hunter2"));
    }

    #[test]
    fn links() {
        for good in ["https://kb.example/vpn", "http://wiki.corp:8080/页面?a=b#c", "mailto:desk@desk.example", "HTTPS://[::1]/x"] {
            assert!(link(good).is_ok(), "{good}");
        }
        for bad in [
            "", "kb.example/vpn", "ftp://x/y", "file:///etc/passwd", "javascript:x", "https://", "https:///x", "data:text/html,x",
            "mailto:nobody", "https://x/)[y](z",
        ] {
            assert!(link(bad).is_err(), "{bad}");
        }
        assert_eq!(base_link("https://help.example/kb/").ok().as_deref(), Some("https://help.example/kb"));
        for bad in ["mailto:desk@desk.example", "help.example", "https://help.example/?page=", "https://help.example/#"] {
            assert!(base_link(bad).is_err(), "{bad}");
        }
    }
}
