//! Whether `[trust]` proves the agents, by the newest mail of each: what holds for live mail is asked of that one.

use chrono::{DateTime, Utc};

use super::Step;
use crate::domain::message::Reading;
use crate::domain::policy::{Agent, Policy};
use crate::domain::{authentication, notify, trust};

/// An agent and his newest mail, with its arrival.
pub type Newest<'a> = (&'a Agent, Option<(DateTime<Utc>, Reading)>);

/// What proves each agent, and what would.
pub fn proofs(agents: &[Newest<'_>], policy: &Policy) -> Vec<Step> {
    let judged: Vec<(Proof, String)> =
        agents.iter().filter_map(|(agent, newest)| newest.as_ref().map(|newest| judge(agent, newest, policy))).collect();
    let configured = !policy.authserv_ids.is_empty() || !policy.internal.is_empty();
    let mut steps: Vec<Step> = judged.iter().map(|(proof, words)| (*proof != Proof::Forged, words.clone())).collect();
    if configured && !judged.is_empty() && judged.iter().all(|(proof, _)| *proof != Proof::Border) {
        let words = "[trust] proves none of these mails: have an agent write from your own network or mail server, and look at its header";
        steps.push((false, words.to_owned()));
    }
    let silent: Vec<&str> = agents.iter().filter(|(_, newest)| newest.is_none()).map(|(agent, _)| agent.handle.as_str()).collect();
    if !silent.is_empty() {
        let desk = policy.mailboxes.first().map_or("the desk", |mailbox| mailbox.address.as_str());
        let words = format!(
            "no mail yet of {}: a new mail to {desk} with the subject [help], then `postdesk doctor` again, shows what proves them",
            silent.join(", ")
        );
        steps.push((true, words));
    }
    steps
}

/// What a mail proves by itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Proof {
    /// Our border vouches for it.
    Border,
    /// Our border calls it forged.
    Forged,
    /// Only the token, or nothing.
    Other,
}

fn judge(agent: &Agent, (at, mail): &(DateTime<Utc>, Reading), policy: &Policy) -> (Proof, String) {
    let head = format!("{}, mail of {} (\"{}\")", agent.handle, notify::local_time(*at, policy), notify::one_line(&mail.subject, 60));
    if let Some(why) = trust::forged(mail, policy) {
        return (Proof::Forged, format!("{head}: it proves nobody, for {why}: let your mail administrator see its header"));
    }
    if let Some(why) = authentication::vouched(mail, policy) {
        return (Proof::Border, format!("{head}: proved by [trust], for {why}"));
    }
    let sender = trust::judge(mail, &trust::tokens(mail, policy), policy);
    let token = match sender.proved.is_empty() {
        true => "it has no token either: he is asked to confirm such a mail",
        false => "the token proves it, as it does for every answer",
    };
    let words = match authentication::would_vouch(mail) {
        Err(why) => format!("{head}: not proved by [trust], for {why}; {token}"),
        Ok((id, pass)) => {
            format!(
                "{head}: not proved by [trust] yet; {token}\n          {pass} is said by {id}: if that is your own mail server, \
                 this proves such mails; write in config.toml\n          [trust]\n          authserv_ids = [\"{id}\"]"
            )
        }
    };
    (Proof::Other, words)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::ticket::TicketNo;
    use crate::domain::trust::Token;
    use crate::mail::parse;
    use crate::policy;

    const RECEIVED: &str = "Received: from pc (pc.desk.test [203.0.113.7]) by mx.desk.test with ESMTPSA id 1\n";
    const PASS: &str = "Authentication-Results: mx.desk.test; dmarc=pass header.from=desk.test\n";

    fn policy(ids: &[&str]) -> Policy {
        let mut policy = (*policy::builtin().unwrap().policy).clone();
        policy.authserv_ids = ids.iter().map(|id| (*id).to_owned()).collect();
        policy.agents = ["li", "wang"]
            .map(|handle| Agent {
                handle: handle.into(),
                name: handle.into(),
                address: crate::domain::message::Address::parse(&format!("{handle}@desk.test")).unwrap(),
                aliases: Vec::new(),
                team: None,
                role: crate::domain::policy::Role::Agent,
                language: None,
            })
            .into();
        policy
    }

    fn told(header: &str, policy: &Policy) -> Vec<Step> {
        let mail = parse::read(format!("{header}From: Li Wei <li@desk.test>\nSubject: VPN\n\nDone.\n").as_bytes(), None);
        let [li, wang] = policy.agents.as_slice() else { panic!("two agents") };
        proofs(&[(li, Some(("2026-12-01T01:00:00Z".parse().unwrap(), mail))), (wang, None)], policy)
    }

    #[test]
    fn the_newest_mail_of_each_agent_shows_what_proves_him() {
        let fail = "Authentication-Results: mx.desk.test; dmarc=fail header.from=desk.test\n";
        let elsewhere = "Authentication-Results: mx.desk.test; spf=pass smtp.mailfrom=web.test\n";
        let below = format!("{RECEIVED}{PASS}");
        let above = format!("{PASS}{RECEIVED}");
        for (ids, header, good, words) in [
            (
                &["mx.desk.test"][..],
                above.as_str(),
                true,
                "proved by [trust], for our border mx.desk.test reports dmarc=pass header.from=desk.test",
            ),
            (&[], above.as_str(), true, "authserv_ids = [\"mx.desk.test\"]"),
            (&["mx.old.test"], above.as_str(), true, "authserv_ids = [\"mx.desk.test\"]"),
            (&[], below.as_str(), true, "do not stand above a Received field"),
            (&[], &format!("{elsewhere}{RECEIVED}"), true, "no pass for exactly desk.test; it has no token either"),
            (&[], RECEIVED, true, "no Authentication-Results; it has no token either: he is asked to confirm"),
            (&["mx.desk.test"], &format!("{fail}{RECEIVED}"), false, "for our border reports dmarc=fail"),
        ] {
            let steps = told(header, &policy(ids));
            assert!(steps[0].0 == good && steps[0].1.contains(words), "{header}: {}", steps[0].1);
            assert!(steps[0].1.starts_with("li, mail of 2026-12-01 "), "{}", steps[0].1);
            let proves = ids.is_empty() || steps[0].1.contains("proved by [trust], for our border");
            assert_eq!(steps.iter().any(|(good, words)| !good && words.starts_with("[trust] proves none")), !proves, "{header}");
            assert!(steps.last().is_some_and(|(good, words)| *good && words.starts_with("no mail yet of wang")));
        }
        let policy = policy(&[]);
        let token = Token { ticket: TicketNo(1001), agent: Some("li".into()) }.text(&policy.key);
        let steps = told(&format!("References: <{token}@desk.test>\n"), &policy);
        assert!(steps[0].1.ends_with("the token proves it, as it does for every answer"), "{}", steps[0].1);
    }
}
