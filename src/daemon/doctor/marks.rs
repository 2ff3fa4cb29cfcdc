//! What servers wrote into the newest mails: by whose name results of authentication stand there, and when the mails arrived.

use std::collections::BTreeMap;

use chrono::{DateTime, Duration, Utc};

use super::Step;
use crate::domain::authentication::Results;
use crate::domain::message::Reading;

/// A mail that arrived later than now by more than this tells of a wrong clock.
const LEEWAY: Duration = Duration::minutes(1);

/// Which authserv-ids (RFC 8601 section 2.2) stand in the topmost Authentication-Results of the newest mails, and what follows for
/// `[trust]`. A border writes its own above all others.
pub fn authserv(newest: &[(Reading, Option<DateTime<Utc>>)], configured: &[String]) -> Vec<Step> {
    if newest.is_empty() {
        return vec![(true, "no mail is there yet that would show your border's name (authserv-id)".to_owned())];
    }
    let mut seen: BTreeMap<String, usize> = BTreeMap::new();
    for (mail, _) in newest {
        if let Some(id) = mail.header("Authentication-Results").and_then(authserv_id) {
            *seen.entry(id).or_default() += 1;
        }
    }
    let mut by_count: Vec<(&String, &usize)> = seen.iter().collect();
    by_count.sort_by_key(|(_, count)| std::cmp::Reverse(**count));
    let told: Vec<String> = by_count.iter().take(5).map(|(id, count)| format!("{id} ({count})")).collect();
    let told = format!("Authentication-Results in the newest {} mails: {}", newest.len(), told.join(", "));
    let Some((most, _)) = by_count.first() else {
        return vec![match configured {
            [] => (true, format!("no Authentication-Results in the newest {} mails: nothing for [trust]", newest.len())),
            ids => (false, format!("authserv_ids names {}, but none of the newest {} mails has any result", ids.join(", "), newest.len())),
        }];
    };
    let known = |id: &String| configured.iter().any(|own| own.eq_ignore_ascii_case(id));
    vec![match configured {
        [] => (
            true,
            format!(
                "{told}\n          where the first is your own mail server, add to config.toml:\n          [trust]\n          authserv_ids = [\"{most}\"]"
            ),
        ),
        _ if seen.keys().any(known) => (true, told),
        ids => (false, format!("{told}; authserv_ids names {}, which none of them has: write the name of your own server", ids.join(", "))),
    }]
}

/// `mx.example.com 1; dkim=pass` → `mx.example.com`. A stranger may have written it: what is no host name is none.
fn authserv_id(value: &str) -> Option<String> {
    let id = Results::read(value)?.authserv_id;
    let sound = id.len() <= 255 && id.chars().all(|c| c.is_ascii_alphanumeric() || ".-_".contains(c));
    sound.then_some(id)
}

/// What the arrival of the newest mail tells of clocks: one that arrived in the future is wrong. A clock that is behind shows only when
/// it is known when a mail left.
pub fn arrivals(newest: &[(Reading, Option<DateTime<Utc>>)], now: DateTime<Utc>) -> Step {
    let Some(at) = newest.iter().filter_map(|(_, at)| *at).max() else {
        return (true, "clock: no mail is there yet that shows the mail server's; --send compares it with ours".to_owned());
    };
    match at - now {
        ahead if ahead > LEEWAY => (false, format!("clock: a mail arrived {} from now: {REMEDY}", span(ahead))),
        ahead => {
            let ago = span((-ahead).max(Duration::zero()));
            (
                true,
                format!(
                    "clock: the newest mail arrived {ago} ago, so the mail server's is not ahead of ours; --send shows whether it is behind"
                ),
            )
        }
    }
}

/// What to do about clocks.
const REMEDY: &str = "this machine's clock or the mail server's is wrong (timedatectl); clocks and the first day go by it";

/// How far the server's clock is off, when a mail that left us at `left` and was there at `seen` has this time of arrival.
pub fn clock(left: DateTime<Utc>, seen: DateTime<Utc>, arrived: DateTime<Utc>) -> Step {
    // INTERNALDATE has whole seconds.
    let (early, late) = (left - Duration::seconds(1) - arrived, arrived - seen);
    match (early > LEEWAY, late > LEEWAY) {
        (true, _) => (false, format!("the mail server's clock is {} behind ours: {REMEDY}", span(early))),
        (_, true) => (false, format!("the mail server's clock is {} ahead of ours: {REMEDY}", span(late))),
        _ => (true, "the mail server's clock agrees with ours".to_owned()),
    }
}

fn span(time: Duration) -> String {
    match time.num_minutes() {
        0..=1 => format!("{} s", time.num_seconds()),
        minutes @ 2..=119 => format!("{minutes} min"),
        minutes => format!("{} h", minutes / 60),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::mail::parse;

    fn at(text: &str) -> DateTime<Utc> {
        text.parse().unwrap()
    }

    fn mails(results: &[&str]) -> Vec<(Reading, Option<DateTime<Utc>>)> {
        let line = |value: &&str| if value.is_empty() { String::new() } else { format!("Authentication-Results: {value}\n") };
        results.iter().map(|value| (parse::read(format!("{}Subject: x\n\n", line(value)).as_bytes(), None), None)).collect()
    }

    #[test]
    fn the_border_is_found_by_what_stands_on_the_mails() {
        let mixed = mails(&["MX.desk.test; spf=pass", "mx.desk.test 1; dkim=none", "", "other.test; spf=fail", "\x1b[2J; spf=pass"]);
        let proposed = authserv(&mixed, &[]).remove(0);
        assert!(proposed.0 && proposed.1.contains("newest 5 mails: mx.desk.test (2), other.test (1)"), "{}", proposed.1);
        assert!(proposed.1.ends_with("[trust]\n          authserv_ids = [\"mx.desk.test\"]"), "{}", proposed.1);
        for (found, configured, good, words) in [
            (mixed.as_slice(), "Mx.Desk.test", true, "mx.desk.test (2)"),
            (&mixed, "mx.old.test", false, "names mx.old.test, which none of them has"),
            (&mails(&[""]), "mx.desk.test", false, "none of the newest 1 mails has any result"),
        ] {
            let step = authserv(found, &[configured.to_owned()]).remove(0);
            assert!(step.0 == good && step.1.contains(words), "{configured}: {}", step.1);
        }
        assert!(authserv(&mails(&["", ""]), &[]).remove(0).1.contains("nothing for [trust]"));
        assert!(authserv(&[], &[]).remove(0).1.contains("no mail is there yet"));
    }

    #[test]
    fn clocks_are_compared() {
        let (left, seen) = (at("2026-12-01T09:00:00.700Z"), at("2026-12-01T09:00:03Z"));
        for (arrived, good, words) in [
            ("2026-12-01T09:00:00Z", true, "agrees"),
            ("2026-12-01T09:00:02Z", true, "agrees"),
            ("2026-12-01T08:50:00Z", false, "9 min behind"),
            ("2026-12-01T17:00:02Z", false, "7 h ahead"),
            ("2026-12-01T09:01:30Z", false, "87 s ahead"),
        ] {
            let step = clock(left, seen, at(arrived));
            assert!(step.0 == good && step.1.contains(words), "{arrived}: {}", step.1);
        }
        let mut newest = mails(&["", ""]);
        for (arrived, now, good, words) in [
            (None, left, true, "no mail is there yet"),
            (Some("2026-12-01T09:30:00Z"), left, false, "arrived 29 min from now: this machine's clock or"),
            (Some("2026-12-01T09:30:00Z"), at("2026-12-01T09:29:30Z"), true, "arrived 0 s ago, so the mail server's is not ahead"),
            (Some("2026-12-01T09:30:00Z"), at("2026-12-01T13:30:00Z"), true, "arrived 4 h ago"),
        ] {
            newest[1].1 = arrived.map(at);
            let step = arrivals(&newest, now);
            assert!(step.0 == good && step.1.contains(words), "{arrived:?}: {}", step.1);
        }
    }
}
