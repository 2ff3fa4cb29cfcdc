//! Business hours: weekly hours, holidays, and make-up days (China works on some Saturdays).

use chrono::{DateTime, Datelike, NaiveDate, Timelike, Utc, Weekday};
use chrono_tz::Tz;

/// Hours of work on some days of the week.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Hours {
    /// On these days.
    pub days: Vec<Weekday>,
    /// From this minute of the day.
    pub from: u16,
    /// Up to this minute of the day, at most 1440.
    pub to: u16,
}

/// `[calendar]`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Calendar {
    /// Hours of work by weekday.
    pub hours: Vec<Hours>,
    /// Free days, from and to included.
    pub holidays: Vec<(NaiveDate, NaiveDate)>,
    /// Working days that the weekday would not tell; they have Monday's hours.
    pub workdays: Vec<NaiveDate>,
}

impl Calendar {
    /// Is this moment within business hours, as clocks in this zone show it?
    pub fn is_open(&self, at: DateTime<Utc>, zone: Tz) -> bool {
        let local = at.with_timezone(&zone);
        let (day, minute) = (local.date_naive(), local.hour() * 60 + local.minute());
        let weekday = if self.workdays.contains(&day) {
            Weekday::Mon
        } else if self.holidays.iter().any(|(from, to)| *from <= day && day <= *to) {
            return false;
        } else {
            day.weekday()
        };
        self.hours.iter().any(|h| h.days.contains(&weekday) && (u32::from(h.from)..u32::from(h.to)).contains(&minute))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hours_holidays_and_make_up_days() {
        let day = |text: &str| text.parse::<NaiveDate>().unwrap();
        let week = vec![Weekday::Mon, Weekday::Tue, Weekday::Wed, Weekday::Thu, Weekday::Fri];
        let calendar = Calendar {
            hours: vec![Hours { days: week, from: 9 * 60, to: 18 * 60 }],
            holidays: vec![(day("2026-10-01"), day("2026-10-07"))],
            workdays: vec![day("2026-10-10")],
        };
        // Times of Shanghai are eight hours ahead of UTC.
        for (at, open) in [
            ("2026-12-01T01:00:00Z", true),
            ("2026-12-01T00:59:59Z", false),
            ("2026-12-01T09:59:59Z", true),
            ("2026-12-01T10:00:00Z", false),
            ("2026-12-05T03:00:00Z", false),
            ("2026-10-05T03:00:00Z", false),
            ("2026-10-10T03:00:00Z", true),
            ("2026-10-10T12:00:00Z", false),
        ] {
            assert_eq!(calendar.is_open(at.parse().unwrap(), chrono_tz::Asia::Shanghai), open, "{at}");
        }
    }
}
