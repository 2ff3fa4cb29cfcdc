//! Lengths of time as agents write them: `3d`, `3wd`, `2 weeks`, `3天`, `三个工作日`.

use chrono::{DateTime, Datelike, Days, Duration, NaiveDate, NaiveDateTime, TimeZone, Utc, Weekday};
use chrono_tz::Tz;
use unicode_normalization::UnicodeNormalization;

use crate::domain::calendar::Calendar;

/// No wait is longer than a year: beyond it a slip of the finger is likelier than a wish.
const MOST_DAYS: i64 = 366;

/// Days after which no more working days are looked for.
const FURTHEST: u32 = 4000;

/// A length of time.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Span {
    /// So much time.
    Plain(Duration),
    /// So many working days.
    WorkingDays(u32),
}

impl Span {
    /// Reads a length of time; `None` when it is none, is zero or is longer than a year.
    pub fn parse(text: &str) -> Option<Span> {
        let text: String = text.nfkc().filter(|c| !c.is_whitespace()).flat_map(char::to_lowercase).collect();
        let (count, unit) = number(&text)?;
        let unit = unit.strip_prefix('个').unwrap_or(unit);
        let span = match unit {
            "h" | "hour" | "hours" | "小时" | "钟头" => Span::Plain(Duration::hours(count)),
            "d" | "day" | "days" | "天" | "日" => Span::Plain(Duration::days(count)),
            "w" | "week" | "weeks" | "周" | "星期" | "礼拜" => Span::Plain(Duration::weeks(count)),
            "wd" | "workday" | "workdays" | "workingday" | "workingdays" | "工作日" => Span::WorkingDays(u32::try_from(count).ok()?),
            _ => return None,
        };
        let sound = match span {
            Span::Plain(length) => length > Duration::zero() && length <= Duration::days(MOST_DAYS),
            Span::WorkingDays(days) => days > 0 && i64::from(days) <= MOST_DAYS,
        };
        sound.then_some(span)
    }

    /// The moment at which it ends. Working days are those of the calendar, without one Monday to Friday, in `zone`; the time of day is kept.
    pub fn after(self, now: DateTime<Utc>, zone: Tz, calendar: Option<&Calendar>) -> DateTime<Utc> {
        let works = |day: NaiveDate| match calendar {
            Some(calendar) => calendar.is_workday(day),
            None => !matches!(day.weekday(), Weekday::Sat | Weekday::Sun),
        };
        match self {
            Span::Plain(length) => now + length,
            Span::WorkingDays(days) => {
                let local = now.with_timezone(&zone).naive_local();
                let mut day = local.date();
                let mut left = days;
                // A year of working days takes less, whatever the holidays.
                for _ in 0..FURTHEST {
                    if left == 0 {
                        break;
                    }
                    let Some(next) = day.checked_add_days(Days::new(1)) else { break };
                    day = next;
                    left -= u32::from(works(day));
                }
                in_zone(day.and_time(local.time()), zone)
            }
        }
    }
}

/// A local time that a change of clocks skips means the first moment after the gap.
fn in_zone(local: NaiveDateTime, zone: Tz) -> DateTime<Utc> {
    (0..=4)
        .find_map(|half_hours| zone.from_local_datetime(&(local + Duration::minutes(30 * half_hours))).earliest())
        .map_or_else(|| local.and_utc(), |moment| moment.with_timezone(&Utc))
}

/// The number at the head, in digits (at most four) or one Chinese numeral, and what follows.
fn number(text: &str) -> Option<(i64, &str)> {
    let unit = text.trim_start_matches(|c: char| c.is_ascii_digit());
    let digits = text.strip_suffix(unit)?;
    if !digits.is_empty() {
        return (digits.len() <= 4).then(|| digits.parse().ok()).flatten().map(|count| (count, unit));
    }
    let mut rest = text.chars();
    let count = match rest.next()? {
        '一' => 1,
        '二' | '两' | '兩' => 2,
        '三' => 3,
        '四' => 4,
        '五' => 5,
        '六' => 6,
        '七' => 7,
        '八' => 8,
        '九' => 9,
        '十' => 10,
        _ => return None,
    };
    Some((count, rest.as_str()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(text: &str) -> DateTime<Utc> {
        text.parse().unwrap()
    }

    #[test]
    fn lengths_are_read() {
        let days = |n| Some(Span::Plain(Duration::days(n)));
        let cases = [
            ("3d", days(3)),
            ("３ｄ", days(3)),
            ("3 days", days(3)),
            ("1 Day", days(1)),
            ("3天", days(3)),
            ("三天", days(3)),
            ("两周", days(14)),
            ("2w", days(14)),
            ("1个星期", days(7)),
            ("48h", Some(Span::Plain(Duration::hours(48)))),
            ("4小时", Some(Span::Plain(Duration::hours(4)))),
            ("3wd", Some(Span::WorkingDays(3))),
            ("3 working days", Some(Span::WorkingDays(3))),
            ("3个工作日", Some(Span::WorkingDays(3))),
            ("五工作日", Some(Span::WorkingDays(5))),
            ("0d", None),
            ("-3d", None),
            ("3", None),
            ("d", None),
            ("", None),
            ("3m", None),
            ("99999d", None),
            ("400d", None),
            ("2026-12-01", None),
        ];
        for (text, expected) in cases {
            assert_eq!(Span::parse(text), expected, "{text}");
        }
    }

    #[test]
    fn working_days_leave_out_the_weekend() {
        let shanghai = chrono_tz::Asia::Shanghai;
        let cases = [
            // Thursday 10:00 local → Tuesday.
            ("2026-12-03T02:00:00Z", 3, "2026-12-08T02:00:00Z"),
            // Saturday → Wednesday.
            ("2026-12-05T02:00:00Z", 3, "2026-12-09T02:00:00Z"),
            // Friday 17:00 UTC is Saturday 01:00 in Shanghai: the desk's day counts.
            ("2026-12-04T17:00:00Z", 1, "2026-12-06T17:00:00Z"),
        ];
        for (now, days, expected) in cases {
            assert_eq!(Span::WorkingDays(days).after(at(now), shanghai, None), at(expected), "{now}");
        }
    }

    #[test]
    fn a_skipped_hour_moves_on() {
        // Cairo skips 00:00 to 01:00 on Friday 2026-04-24.
        let cairo = chrono_tz::Africa::Cairo;
        assert_eq!(Span::WorkingDays(1).after(at("2026-04-22T22:30:00Z"), cairo, None), at("2026-04-23T22:00:00Z"));
    }

    #[test]
    fn working_days_are_those_of_the_calendar() {
        let day = |text: &str| text.parse::<NaiveDate>().unwrap();
        let week = vec![Weekday::Mon, Weekday::Tue, Weekday::Wed, Weekday::Thu, Weekday::Fri];
        let calendar = Calendar {
            hours: vec![crate::domain::calendar::Hours { days: week, from: 540, to: 1080 }],
            holidays: vec![(day("2026-10-01"), day("2026-10-07"))],
            workdays: vec![day("2026-10-10")],
        };
        let shanghai = chrono_tz::Asia::Shanghai;
        let after = |days| Span::WorkingDays(days).after(at("2026-09-30T02:00:00Z"), shanghai, Some(&calendar));
        assert_eq!((after(1), after(3)), (at("2026-10-08T02:00:00Z"), at("2026-10-10T02:00:00Z")));
    }
}
