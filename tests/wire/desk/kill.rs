//! kill -9 in the middle of a burst of 200 mails. `KILL_SEED=7` kills at other moments.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use super::play::{Desk, Mail, Setting, eventually, letter, mails, send};
use crate::SERVERS;

const MAILS: usize = 200;
const KILLS: u64 = 10;
/// Connections of a delivery, by default: a kill may repeat one mail on each.
const CONNECTIONS: u64 = 2;

#[test]
fn killed_in_the_middle_of_a_burst_it_loses_nothing_and_repeats_only_what_was_in_flight() {
    let _servers = SERVERS.blocking_read();
    let desk = Desk::new("burst", &Setting::default());
    let requester = |number: usize| desk.requester(&format!("r{number}"));
    // The mailbox is taken up before the burst.
    desk.run();
    std::thread::scope(|scope| {
        scope.spawn(|| {
            for number in 0..MAILS {
                let (subject, text) = SAYINGS[number % SAYINGS.len()];
                let from = requester(number);
                send(&from, &[&desk.address()], letter(&from, &desk.address(), &format!("{subject} {number}"), text).as_bytes());
            }
        });
        let mut dice = Dice(std::env::var("KILL_SEED").map_or(42, |seed| seed.parse().unwrap()));
        for _ in 0..KILLS {
            std::thread::sleep(Duration::from_millis(100 + dice.roll(1200)));
            desk.kill();
            desk.spawn();
        }
    });
    desk.settle(MAILS as u64);
    let status = desk.cli(&["status"]);
    assert!(status.status.success(), "{}", String::from_utf8_lossy(&status.stdout));
    desk.stop();
    let unclean = desk.log().matches("the last run ended uncleanly").count();
    assert!(unclean > 0, "no kill met work; another KILL_SEED would");

    let tickets = desk.tickets();
    let of: BTreeSet<&str> = tickets.iter().map(|ticket| ticket["requester"]["address"].as_str().unwrap()).collect();
    assert_eq!((tickets.len(), of.len()), (MAILS, MAILS), "a ticket each");
    let outbox = desk.outbox();
    assert_eq!(outbox.len(), 2 * MAILS);
    assert!(outbox.iter().all(|row| row["state"] == "sent"));
    let sent: BTreeSet<&str> = outbox.iter().map(|row| row["message_id"].as_str().unwrap()).collect();
    assert_eq!(sent.len(), 2 * MAILS);

    let mut repeats = 0;
    let acknowledged: usize = (0..MAILS).map(|number| once_or_the_same(&requester(number), "ack", 1, &sent, &mut repeats)).sum();
    let notified = once_or_the_same(&desk.agent("li"), "agent_new", MAILS, &sent, &mut repeats);
    println!("{} mails, {repeats} of them repeats after {KILLS} kills, {unclean} of them in work", acknowledged + notified);
    assert!(repeats <= KILLS * CONNECTIONS, "{repeats} repeats");
}

const SAYINGS: &[(&str, &str)] = &[
    ("VPN down", "The VPN says error 809 since today."),
    ("打印机卡纸", "您好，三楼的打印机一直卡纸，无法打印。"),
    ("Password expired", "I cannot log in any more."),
    ("邮箱登录不上", "密码没有改过，今天突然登录不上邮箱。"),
    ("A new monitor, please", "Mine flickers."),
];

/// Waits until `address` has `distinct` mails. Copies of one are the same byte for byte. Returns how many there are in all.
fn once_or_the_same(address: &str, template: &str, distinct: usize, sent: &BTreeSet<&str>, repeats: &mut u64) -> usize {
    let all = eventually(&format!("{distinct} {template} to {address}"), || {
        let all = mails(address);
        let ids: BTreeSet<_> = all.iter().map(|mail| mail.reading.id.clone()).collect();
        (ids.len() >= distinct).then_some(all)
    });
    let mut known: BTreeMap<&str, &Mail> = BTreeMap::new();
    for mail in &all {
        let id = mail.reading.id.as_ref().unwrap().as_str();
        assert!(sent.contains(id) && mail.template() == template, "{template} {id} to {address}");
        if let Some(first) = known.insert(id, mail) {
            assert!(first.as_sent() == mail.as_sent(), "{id} came again with other bytes");
            *repeats += 1;
        }
    }
    assert_eq!(known.len(), distinct, "{address}");
    all.len()
}

/// Knuth's MMIX generator: the same numbers each time.
struct Dice(u64);

impl Dice {
    fn roll(&mut self, sides: u64) -> u64 {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) % sides
    }
}
