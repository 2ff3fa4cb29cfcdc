//! What waits for somebody's look where no summary names it, and on the command line.

use chrono::{DateTime, Utc};
use postdesk::domain::doubt::Doubt;
use serde_json::json;

use crate::cli::{desk, done, run_with};
use crate::stories::act;
use crate::world::{CONFIG, Sent, World};

const SUMMARY: &str = "[[summary]]\nname = \"daily\"\nreport = \"daily\"\nto = [\"chen\"]\nschedule = \"0 8 * * *\"\n";

fn spam(id: &str) -> Vec<u8> {
    format!(
        "Message-ID: <{id}@elsewhere.test>\nFrom: Mallory <mallory@elsewhere.test>\nTo: support@desk.test\nX-Spam-Flag: YES\nSubject: Prize {id}\n\nClick.\n"
    )
    .into_bytes()
}

fn at(time: &str) -> DateTime<Utc> {
    format!("{time}:00+08:00").parse().unwrap()
}

fn summaries(sent: &[Sent]) -> Vec<(&str, &str)> {
    let made = sent.iter().filter(|sent| sent.reading.header("X-Postdesk-Mail") == Some("summary"));
    made.map(|sent| (sent.to.as_str(), sent.reading.subject.as_str())).collect()
}

#[test]
fn a_desk_without_a_summary_tells_its_leads_else_its_operator() {
    let bare = CONFIG.replace(SUMMARY, "");
    assert_ne!(bare, CONFIG);
    let leaderless = bare.replace("lead = \"chen\"\n", "").replace("role = \"lead\"\n", "");
    let operator = format!("{leaderless}\n[operator]\naddress = \"root@desk.test\"\nlanguage = \"zh\"\n");
    let of_a_team = format!("{bare}\n[[summary]]\nname = \"net\"\nscope = \"network\"\nto = [\"li\"]\nschedule = \"0 9 * * *\"\n");
    let own = format!("{bare}\n[[summary]]\nname = \"look\"\nreport = \"unsettled\"\nto = [\"li\"]\nschedule = \"0 9 * * 1-5\"\n");
    let [chen, root] =
        [("chen@desk.test", "IT Support: to look at, 2026-12-07 08:00"), ("root@desk.test", "IT Support：待处理事项，2026-12-07 08:00")];
    let net = ("li@desk.test", "IT Support: net, 2026-12-07 09:00");
    let look = ("li@desk.test", "IT Support: to look at, 2026-12-07 09:00");
    for (name, config, told) in [
        ("leads", &bare, vec![chen]),
        ("operator", &operator, vec![root]),
        ("nobody", &leaderless, vec![]),
        ("one team", &of_a_team, vec![chen, net]),
        ("own", &own, vec![look]),
    ] {
        let mut world = World::new("no-summary", config, &[]);
        // From Friday noon on: a schedule of working days comes next on Monday.
        world.now = at("2026-12-04T12:00");
        assert!(summaries(&world.settle()).is_empty(), "{name}: nothing waits");
        world.now = at("2026-12-06T20:00");
        let sent = world.mail(&spam("one"));
        assert_eq!(summaries(&sent).iter().filter(|(_, subject)| subject.contains("look")).count(), 0, "{name}: nothing waited");
        world.now = at("2026-12-07T08:00");
        let mut sent = world.settle();
        world.now = at("2026-12-07T09:00");
        sent.extend(world.settle());
        assert_eq!(summaries(&sent), told, "{name}");
        let named =
            sent.iter().filter(|sent| sent.reading.text.contains("mallory@elsewhere.test, 2026-12-06 20:00: marked as spam")).count();
        let named_zh =
            sent.iter().filter(|sent| sent.reading.text.contains("mallory@elsewhere.test，2026-12-06 20:00：被标为垃圾邮件")).count();
        assert_eq!(named + named_zh, told.iter().filter(|told| **told != net).count(), "{name}");
        world.now = at("2026-12-08T09:00");
        let unsettled = |sent: &[Sent]| summaries(sent).into_iter().filter(|told| told.0 != net.0 || name == "own").count();
        assert_eq!(unsettled(&world.settle()), 0, "{name}: once");
    }
}

#[test]
fn status_counts_what_waits_and_a_preview_names_it() {
    let scratch = desk("unsettled");
    let dir = scratch.path();
    let config = std::fs::read_to_string(dir.join("config.toml")).unwrap();
    let lead = "[[agent]]\nhandle = \"chen\"\nname = \"Chen Hao\"\naddress = \"chen@desk.test\"\nrole = \"lead\"\n";
    let quiet = config.split("[[summary]]").next().unwrap();
    std::fs::write(dir.join("config.toml"), format!("{quiet}\n{}", if quiet.contains("role = \"lead\"") { "" } else { lead })).unwrap();
    done(dir, &["run", "--once"]);
    let preview = || done(dir, &["summary", "unsettled", "--preview", "-"]).out;
    let waiting = || done(dir, &["status", "--json"]).json()["waiting"].clone();
    assert!(preview().contains("no mail would go out") && !done(dir, &["status"]).out.contains("to look at"));
    assert_eq!(waiting(), json!({"held": 0, "unconfirmed": 0, "suspect": 0}));
    assert_eq!(run_with(dir, &["deliver"], &spam("one")).code, 0);
    let unproved = b"Message-ID: <o@desk.test>\nFrom: li@desk.test\nTo: support@desk.test\nSubject: [#1001] [close]\n\n";
    assert_eq!(run_with(dir, &["deliver"], unproved).code, 0);
    assert_eq!(waiting(), json!({"held": 0, "unconfirmed": 1, "suspect": 1}));
    let status = done(dir, &["status"]).out;
    let line =
        "to look at   0 held for [send], 1 to be confirmed, 1 suspect in 24 hours; `postdesk summary unsettled --preview -` names them";
    assert!(status.contains(line), "{status}");
    let mail = preview();
    assert!(mail.contains("Not confirmed: not carried out") && mail.contains("[#1001] Prize one"), "{mail}");
}

#[test]
fn every_doubt_is_told() {
    let config = format!("{CONFIG}\n[[agent]]\nhandle = \"zhao\"\nname = \"Zhao Lei\"\naddress = \"zhao@desk.test\"\nteam = \"network\"\n");
    for (doubt, steps) in [
        (
            Doubt::Internal,
            &[
                "09:20 li replies to agent_new\nQuote: none\n\nNo.\n\nReply to this mail: your words go to the requester. In the subject, [note] keeps",
            ] as &[&str],
        ),
        (Doubt::Absence, &["09:20 li replies to agent_new\n\nI am out of the office until 7 December."]),
        (Doubt::Crossing, &["09:10 zhao replies to agent_new\n\nRestart it.", "09:20 li replies to agent_new\n\nLeave it alone."]),
        (
            Doubt::Forged,
            &["09:20 li replies to agent_new\nAuthentication-Results: mx.desk.test; dmarc=fail header.from=desk.test\n\nPlease reboot."],
        ),
        (
            Doubt::Senders,
            &["09:20 mail\nFrom: Li Wei <li@desk.test>\nFrom: Mallory <m@elsewhere.test>\nSubject: [#1001] VPN down\n\nPlease reboot."],
        ),
        (
            Doubt::Seen,
            &[
                "09:10 li replies to agent_new\nCc: friend@elsewhere.test\nTags: [note]\n\nOn it.",
                "09:20 li replies to agent_new\nX-Spam-Flag: YES\n\nPlease reboot.",
            ],
        ),
    ] {
        let mut world = World::new("doubts", &config, &[]);
        let vpn = "2026-12-01 09:00 mail\nFrom: Alice <alice@ext.test>\nSubject: VPN down\n\nError 809.";
        for (index, step) in std::iter::once(&vpn).chain(steps).enumerate() {
            let (head, body) = step.split_once('\n').unwrap();
            act(&mut world, head, body, index);
        }
        world.now = at("2026-12-02T08:00");
        let sent = world.settle();
        let text = &sent.iter().find(|sent| sent.to == "chen@desk.test").unwrap().reading.text;
        let told = format!("- [#1001] VPN down\n  Li Wei, since 2026-12-01 09:20: {}.", doubt.line().en);
        assert!(text.contains(&told) && text.contains("Ask first") == doubt.is_of_the_writer(), "{told}\n{text}");
        assert_eq!(text.matches("[#1001]").count(), 2, "once, beside the longest open\n{text}");
    }
}
