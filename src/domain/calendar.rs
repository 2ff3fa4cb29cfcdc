//! Business hours: weekly hours, holidays, and make-up days (China works on some Saturdays); and how much of them passes between two moments.
//!
//! A desk's day is that of its zone, and its hours are what clocks show there. Where clocks change, an hour that is skipped begins with the
//! first moment after it, and one that comes twice counts twice: that is how long people are really there.

use chrono::{DateTime, Datelike, Days, Duration, NaiveDate, NaiveDateTime, NaiveTime, TimeZone, Timelike, Utc, Weekday};
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

/// No clock is followed further than this: a calendar that is closed for so long is closed for good.
const FURTHEST: usize = 4000;

impl Calendar {
    /// Is this moment within business hours, as clocks in this zone show it?
    pub fn is_open(&self, at: DateTime<Utc>, zone: Tz) -> bool {
        let local = at.with_timezone(&zone);
        let minute = local.hour() * 60 + local.minute();
        self.hours_of(local.date_naive()).any(|h| (u32::from(h.from)..u32::from(h.to)).contains(&minute))
    }

    /// Is anybody there on this day?
    pub fn is_workday(&self, day: NaiveDate) -> bool {
        self.hours_of(day).next().is_some()
    }

    /// The hours of one day; none on a free one.
    fn hours_of(&self, day: NaiveDate) -> impl Iterator<Item = &Hours> {
        let weekday = if self.workdays.contains(&day) {
            Some(Weekday::Mon)
        } else if self.holidays.iter().any(|(from, to)| *from <= day && day <= *to) {
            None
        } else {
            Some(day.weekday())
        };
        self.hours.iter().filter(move |hours| weekday.is_some_and(|weekday| hours.days.contains(&weekday)))
    }

    /// The moment at which so much business time has passed since `from`; `None` where it never does.
    pub fn after(&self, from: DateTime<Utc>, length: Duration, zone: Tz) -> Option<DateTime<Utc>> {
        let mut left = length;
        for (begin, end) in self.open_from(from, zone) {
            let here = end - begin;
            if here >= left {
                return Some(begin + left);
            }
            left -= here;
        }
        None
    }

    /// How much business time passes between two moments.
    pub fn between(&self, from: DateTime<Utc>, to: DateTime<Utc>, zone: Tz) -> Duration {
        let open = self.open_from(from, zone).take_while(|(begin, _)| *begin < to);
        open.fold(Duration::zero(), |sum, (begin, end)| sum + (end.min(to) - begin))
    }

    /// This moment, or the next at which somebody is there; `None` where nobody ever is.
    pub fn next_open(&self, at: DateTime<Utc>, zone: Tz) -> Option<DateTime<Utc>> {
        self.open_from(at, zone).next().map(|(begin, _)| begin)
    }

    /// Business time of the longest weekday: what people mean by a day's work.
    pub fn day(&self) -> Duration {
        (0..7).map(|n| self.weekday_minutes(n)).max().map_or(Duration::zero(), Duration::minutes)
    }

    /// Business time of a week without holidays.
    pub fn week(&self) -> Duration {
        Duration::minutes((0..7).map(|n| self.weekday_minutes(n)).sum())
    }

    /// Minutes of business on a weekday, counted from Monday; hours that overlap count once.
    fn weekday_minutes(&self, from_monday: u8) -> i64 {
        let mut spans: Vec<(u16, u16)> = self
            .hours
            .iter()
            .filter(|h| h.days.iter().any(|d| d.num_days_from_monday() == u32::from(from_monday)))
            .map(|h| (h.from, h.to))
            .collect();
        spans.sort_unstable();
        let mut done = 0;
        spans.into_iter().fold(0, |sum, (from, to)| {
            let begin = from.max(done);
            done = done.max(to);
            sum + i64::from(done.saturating_sub(begin))
        })
    }

    /// The open times from a moment on, in order, none within another.
    fn open_from(&self, from: DateTime<Utc>, zone: Tz) -> impl Iterator<Item = (DateTime<Utc>, DateTime<Utc>)> {
        let first = from.with_timezone(&zone).date_naive();
        let days = first.iter_days().take(FURTHEST);
        let spans = days.flat_map(move |day| {
            let mut spans: Vec<(DateTime<Utc>, DateTime<Utc>)> = self.hours_of(day).map(|hours| hours.on(day, zone)).collect();
            spans.sort_unstable();
            spans
        });
        let mut done = from;
        spans.filter_map(move |(begin, end)| {
            let begin = begin.max(done);
            done = done.max(end);
            (begin < end).then_some((begin, end))
        })
    }
}

impl Hours {
    /// From when to when on a day.
    fn on(&self, day: NaiveDate, zone: Tz) -> (DateTime<Utc>, DateTime<Utc>) {
        let local = |minute: u16| match NaiveTime::from_num_seconds_from_midnight_opt(u32::from(minute) * 60, 0) {
            Some(time) => day.and_time(time),
            // 24:00 is the next day's midnight.
            None => day.checked_add_days(Days::new(1)).unwrap_or(day).and_time(NaiveTime::MIN),
        };
        (moment(local(self.from), zone, false), moment(local(self.to), zone, true))
    }
}

/// A local time as a moment: the first or the last that clocks show so; the first after it where they skip it.
fn moment(local: NaiveDateTime, zone: Tz, last: bool) -> DateTime<Utc> {
    let shown = |local| {
        let moments = zone.from_local_datetime(&local);
        if last { moments.latest() } else { moments.earliest() }
    };
    (0..=4)
        .find_map(|half_hours| shown(local + Duration::minutes(30 * half_hours)))
        .map_or_else(|| local.and_utc(), |moment| moment.with_timezone(&Utc))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const WEEK: [Weekday; 5] = [Weekday::Mon, Weekday::Tue, Weekday::Wed, Weekday::Thu, Weekday::Fri];

    fn calendar(hours: &[(u16, u16)]) -> Calendar {
        let day = |text: &str| text.parse::<NaiveDate>().unwrap();
        Calendar {
            hours: hours.iter().map(|(from, to)| Hours { days: WEEK.to_vec(), from: *from, to: *to }).collect(),
            holidays: vec![(day("2026-10-01"), day("2026-10-07"))],
            workdays: vec![day("2026-10-10")],
        }
    }

    fn at(text: &str) -> DateTime<Utc> {
        text.parse().unwrap()
    }

    #[test]
    fn hours_holidays_and_make_up_days() {
        let calendar = calendar(&[(9 * 60, 18 * 60)]);
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
    #[test]
    fn business_time_leaves_out_nights_weekends_and_holidays() {
        let split = calendar(&[(9 * 60, 12 * 60), (13 * 60, 18 * 60)]);
        let shanghai = chrono_tz::Asia::Shanghai;
        // (from, minutes, until), in Shanghai.
        for (from, minutes, until) in [
            ("2026-12-01T09:00:00+08:00", 60, "2026-12-01T10:00:00+08:00"),
            ("2026-12-01T11:30:00+08:00", 60, "2026-12-01T13:30:00+08:00"),
            ("2026-12-01T11:30:00+08:00", 30, "2026-12-01T12:00:00+08:00"),
            ("2026-12-01T17:30:00+08:00", 60, "2026-12-02T09:30:00+08:00"),
            ("2026-12-04T17:30:00+08:00", 8 * 60, "2026-12-07T17:30:00+08:00"),
            ("2026-12-05T22:00:00+08:00", 60, "2026-12-07T10:00:00+08:00"),
            // The week of the national day: closed to the 9th but for Saturday the 10th, which is made up for.
            ("2026-09-30T17:00:00+08:00", 120, "2026-10-08T10:00:00+08:00"),
            ("2026-10-09T17:00:00+08:00", 120, "2026-10-10T10:00:00+08:00"),
        ] {
            let (from, until) = (at(from), at(until));
            assert_eq!(split.after(from, Duration::minutes(minutes), shanghai), Some(until), "{from}");
            assert_eq!(split.between(from, until, shanghai), Duration::minutes(minutes), "{from}");
        }
        assert_eq!(split.next_open(at("2026-12-05T22:00:00+08:00"), shanghai), Some(at("2026-12-07T09:00:00+08:00")));
        assert_eq!((split.day(), split.week()), (Duration::hours(8), Duration::hours(40)));
        let overlapping = calendar(&[(9 * 60, 17 * 60), (10 * 60, 18 * 60)]);
        assert_eq!((overlapping.day(), overlapping.week()), (Duration::hours(9), Duration::hours(45)));
        assert_eq!(calendar(&[]).after(at("2026-12-01T09:00:00Z"), Duration::minutes(1), shanghai), None);
    }

    #[test]
    fn nights_in_which_clocks_change_are_as_long_as_they_are() {
        let night = Calendar { hours: vec![Hours { days: vec![Weekday::Sun], from: 0, to: 6 * 60 }], ..calendar(&[]) };
        let berlin = chrono_tz::Europe::Berlin;
        for (day, hours) in [("2026-03-29", 5), ("2026-10-25", 7), ("2026-11-01", 6)] {
            let noon = at(&format!("{day}T12:00:00Z"));
            assert_eq!(night.between(noon - Duration::days(1), noon, berlin), Duration::hours(hours), "{day}");
        }
    }

    fn calendars() -> impl Strategy<Value = Calendar> {
        let hours = (0_u16..1320, 60_u16..720, proptest::sample::subsequence(WEEK.to_vec(), 1..=5));
        let days = proptest::collection::vec(0_i64..700, 0..6);
        (proptest::collection::vec(hours, 1..4), days.clone(), days).prop_map(|(hours, holidays, workdays)| {
            let day = |n: i64| NaiveDate::from_ymd_opt(2026, 1, 1).unwrap() + Duration::days(n);
            Calendar {
                hours: hours.into_iter().map(|(from, length, days)| Hours { days, from, to: (from + length).min(1440) }).collect(),
                holidays: holidays.into_iter().map(|n| (day(n), day(n + n % 5))).collect(),
                workdays: workdays.into_iter().map(day).collect(),
            }
        })
    }

    proptest! {
        #![proptest_config(ProptestConfig { cases: 300, failure_persistence: None, ..ProptestConfig::default() })]

        #[test]
        fn business_time_adds_up(
            calendar in calendars(),
            zone in proptest::sample::select(vec![chrono_tz::UTC, chrono_tz::Asia::Shanghai, chrono_tz::America::New_York, chrono_tz::Africa::Cairo]),
            start in 0_i64..600 * 1440,
            (one, other) in (1_i64..3000, 0_i64..3000),
        ) {
            let from = at("2026-01-01T00:00:00Z") + Duration::minutes(start);
            let (one, other) = (Duration::minutes(one), Duration::minutes(other));
            // Hours that end within an hour that comes twice end with its second coming, and `is_open` cannot tell which it is.
            let changes = ![chrono_tz::UTC, chrono_tz::Asia::Shanghai].contains(&zone);
            let then = calendar.after(from, one, zone).unwrap();
            // What has passed is what was asked for, and the last minute of it was business.
            prop_assert_eq!(calendar.between(from, then, zone), one);
            prop_assert!(then >= from + one);
            prop_assert!(changes || calendar.is_open(then - Duration::seconds(1), zone));
            // In two steps it is the same.
            let sum = calendar.after(from, one + other, zone).unwrap();
            if !other.is_zero() {
                prop_assert_eq!(calendar.after(then, other, zone).unwrap(), sum);
            }
            prop_assert_eq!(calendar.between(from, sum, zone), one + other);
            // Nobody is there before the next opening, and somebody is then.
            let open = calendar.next_open(from, zone).unwrap();
            prop_assert!(open >= from && calendar.between(from, open, zone).is_zero());
            prop_assert!(changes || calendar.is_open(open, zone) && (open == from || !calendar.is_open(from, zone)));
        }
    }
}
