//! Tags about several tickets, and about who takes part in one: `link`, `merge`, `requester`, `cc`, `handover`, `escalate`, `consult`.
//!
//! Nobody is let into a conversation by a slip in a number: tickets of different people are never merged, and whoever is let in by name is
//! named in the receipt.

use super::Op;
use super::effects::{Effect, find_agent, give_to, unapproved, unknown};
use super::registry::Arg;
use crate::domain::message::Person;
use crate::domain::orders::{Plan, Refusal, Scene};
use crate::domain::policy::{Agent, Role};
use crate::domain::text::{self, fold};
use crate::domain::ticket::{Change, Status, Ticket, TicketNo};
use crate::domain::{Query, forward, notify};

/// The members of a value: `1040, 1041`.
fn members<'a>(arg: &Arg<'a>) -> impl Iterator<Item = &'a str> {
    arg.value.split([',', '，', '、', ';', '；']).map(str::trim).filter(|member| !member.is_empty())
}

/// `1040`, `#1040`, `T-1040`.
fn number(text: &str) -> Option<TicketNo> {
    let digits = fold(text);
    digits.trim_start_matches(|c: char| !c.is_ascii_digit()).parse().ok().filter(|n| *n > 0).map(TicketNo)
}

/// What must be known for tags that name tickets.
pub fn named_tickets(arg: &Arg, _: &Ticket) -> Vec<Query> {
    members(arg).filter_map(number).map(Query::Ticket).collect()
}

/// The same for `merge`, which shows the other side how this one began.
pub fn merging(arg: &Arg, ticket: &Ticket) -> Vec<Query> {
    named_tickets(arg, ticket).into_iter().chain([Query::FirstWords(ticket.number)]).collect()
}

/// A ticket that a tag names, another one than this.
fn other<'a>(scene: &Scene<'a>, tag: &str, value: &str) -> Result<&'a Ticket, Refusal> {
    let Some(number) = number(value) else {
        return Err(scene.refuse(
            format!("[{tag}={value}]: \"{value}\" is no ticket number; write it as in [{tag}=1040]."),
            format!("[{tag}={value}]：“{value}”不是工单编号；请写成 [{tag}=1040]。"),
        ));
    };
    if number == scene.ticket.number {
        return Err(scene.refuse(format!("[{tag}={value}]: that is this ticket."), format!("[{tag}={value}]：这就是本工单。")));
    }
    let Some(ticket) = scene.case.ticket(number).ok().flatten() else {
        return Err(scene.refuse(format!("There is no ticket {number}."), format!("没有工单 {number}。")));
    };
    match ticket.merged {
        Some(into) => Err(scene.refuse(
            format!("{number} was merged into {into}; write [{tag}={}].", into.0),
            format!("{number} 已并入 {into}；请写 [{tag}={}]。", into.0),
        )),
        None => Ok(ticket),
    }
}

/// `[link=1040]`, `[link-=1040]`: on both tickets.
pub fn link(plan: &mut Plan, scene: &Scene, arg: &Arg) -> Effect {
    let on = arg.op != Op::Remove;
    for value in members(arg) {
        let other = other(scene, "link", value)?;
        let number = other.number;
        let changed = plan.change(Change::Related(number, on), scene.now);
        if other.related.contains(&scene.ticket.number) != on {
            plan.others.push((number, Change::Related(scene.ticket.number, on)));
        }
        let subject = &other.subject;
        let (en, zh) = match (changed, on) {
            (true, true) => (format!("Linked with {number} ({subject})."), format!("已与 {number}（{subject}）关联。")),
            (false, true) => (format!("It is linked with {number} already."), format!("此前已与 {number} 关联。")),
            (true, false) => (format!("No longer linked with {number}."), format!("已取消与 {number} 的关联。")),
            (false, false) => (format!("It was not linked with {number}."), format!("与 {number} 本无关联。")),
        };
        plan.done.push(scene.say(en, zh));
    }
    Ok(())
}

/// `[merge=1040]`: this ticket is closed, and what comes to it goes to the other one.
pub fn merge(plan: &mut Plan, scene: &Scene, arg: &Arg) -> Effect {
    unapproved(plan, scene)?;
    let ticket = scene.ticket;
    let other = other(scene, "merge", arg.value)?;
    let into = other.number;
    if ticket.alert.is_some() || other.alert.is_some() {
        return Err(scene.refuse(
            format!("[merge={}]: a machine reports on one of the two; use [link={}].", into.0, into.0),
            format!("【合并={}】：其中一个工单由监控系统上报；请用【关联={}】。", into.0, into.0),
        ));
    }
    if other.status == Status::Closed {
        return Err(scene.refuse(
            format!("[merge={}]: {into} is closed; reopen it first, or merge that one into this.", into.0),
            format!("【合并={}】：{into} 已关闭；请先重开，或将其并入本工单。", into.0),
        ));
    }
    let requester = &ticket.requester;
    if !other.takes_part(&requester.address) {
        let who = &requester.address;
        return Err(scene.refuse(
            format!("[merge={}]: {who} takes no part in {into} and would read what is not for him. Use [link={}], or first [cc+={who}] on {into}.", into.0, into.0),
            format!("【合并={}】：{who} 不是 {into} 的参与者，合并会使其看到他人的往来。请用【关联={}】，或先在 {into} 上【抄送+={who}】。", into.0, into.0),
        ));
    }
    plan.change(Change::Merged(Some(into)), scene.now);
    plan.go(Status::Closed, None, scene.now);
    let newcomers: Vec<&Person> = ticket.participants.iter().filter(|p| !other.takes_part(&p.address)).collect();
    plan.others.extend(newcomers.iter().map(|p| (into, Change::Participant((*p).clone(), true))));
    if matches!(other.status, Status::Waiting | Status::Resolved) {
        plan.others.push((into, Change::Status(Status::Open)));
    }
    plan.merged = Some(into);
    let subject = &other.subject;
    plan.done.push(scene.say(
        format!("Merged into {into} ({subject}): this ticket is closed, and answers to it go there."),
        format!("已并入 {into}（{subject}）：本工单关闭，之后的回复归入 {into}。"),
    ));
    if !newcomers.is_empty() {
        let names: Vec<&str> = newcomers.iter().map(|p| p.address.as_str()).collect();
        plan.done.push(
            scene.say(format!("They take part in {into} now: {}.", names.join(", ")), format!("现参与 {into}：{}。", names.join("、"))),
        );
    }
    Ok(())
}

/// Somebody outside the desk who can be written to. `tag` is as it is written, `cc+=`.
fn outsider(scene: &Scene, tag: &str, value: &str) -> Result<Person, Refusal> {
    let Some(person) = forward::person(value) else {
        return Err(scene.refuse(
            format!("[{tag}{value}]: \"{value}\" is no address; write it as in [{tag}alice@example.com]."),
            format!("[{tag}{value}]：“{value}”不是邮箱地址；请写成 [{tag}alice@example.com]。"),
        ));
    };
    let address = &person.address;
    if scene.policy.is_own(address) || notify::is_noreply(address) {
        return Err(scene.refuse(
            format!("[{tag}{address}]: nobody who asks for help reads {address}."),
            format!("[{tag}{address}]：{address} 不是请求人可用的地址。"),
        ));
    }
    Ok(person)
}

/// `[requester=alice@example.com]`
pub fn requester(plan: &mut Plan, scene: &Scene, arg: &Arg) -> Effect {
    let person = outsider(scene, "requester=", arg.value)?;
    if scene.ticket.alert.is_some() {
        return Err(scene.refuse(
            "[requester=…]: a machine reports here, and nobody is written to.".into(),
            "【请求人】：该工单由监控系统上报，没有请求人。".into(),
        ));
    }
    let before = plan.after.requester.clone();
    let address = &person.address;
    if before.address == *address {
        plan.done.push(scene.say(format!("{address} is the requester already."), format!("请求人本来就是 {address}。")));
        return Ok(());
    }
    let known = plan.after.participants.iter().find(|p| p.address == *address).cloned();
    let person = known.clone().unwrap_or_else(|| person.clone());
    if let Some(known) = known {
        plan.change(Change::Participant(known, false), scene.now);
    }
    plan.change(Change::Requester(person.clone()), scene.now);
    // What the new one is sent answers no mail of his.
    plan.change(Change::LastFromRequester(None), scene.now);
    let was = &before.address;
    plan.done.push(scene.say(
        format!("The requester is {address} now; {was} takes part no more ([cc+={was}] lets that person in again)."),
        format!("请求人现为 {address}；{was} 不再参与（如需保留，请发送【抄送+={was}】）。"),
    ));
    Ok(())
}

/// `[cc+=bob@example.com]`, `[cc-=bob@example.com]`
pub fn cc(plan: &mut Plan, scene: &Scene, arg: &Arg) -> Effect {
    for value in members(arg) {
        let person = outsider(scene, if arg.op == Op::Remove { "cc-=" } else { "cc+=" }, value)?;
        let address = &person.address;
        let known = plan.after.participants.iter().find(|p| p.address == *address).cloned();
        let (en, zh) = match (arg.op == Op::Remove, known) {
            _ if plan.after.requester.address == *address => {
                (format!("{address} is the requester, and gets every answer."), format!("{address} 是请求人，本来就会收到所有答复。"))
            }
            (true, Some(known)) => {
                plan.change(Change::Participant(known, false), scene.now);
                (format!("{address} takes part no more."), format!("{address} 不再参与。"))
            }
            (true, None) => (format!("{address} took no part."), format!("{address} 本未参与。")),
            (false, Some(_)) => (format!("{address} takes part already."), format!("{address} 此前已参与。")),
            (false, None) if scene.policy.agent_at(address).is_some() => {
                return Err(scene.refuse(
                    format!("[cc+={address}]: an agent reads every ticket; use [assign=…], or [consult=…] to ask for advice."),
                    format!("【抄送+={address}】：该地址属于处理人；请用【指派=…】，或用【咨询=…】征求意见。"),
                ));
            }
            (false, None) => {
                plan.change(Change::Participant(person.clone(), true), scene.now);
                (format!("{address} takes part now, and gets the answers."), format!("{address} 现参与该工单，会收到答复。"))
            }
        };
        plan.done.push(scene.say(en, zh));
    }
    Ok(())
}

/// `[handover=network]`, `[handover=wang]`: the mail's text is for whoever gets it.
pub fn handover(plan: &mut Plan, scene: &Scene, arg: &Arg) -> Effect {
    let wanted = fold(arg.value);
    let team = scene.policy.teams.iter().find(|team| fold(&team.name) == wanted);
    let (en, zh) = match (team, find_agent(scene, arg.value)) {
        (Some(team), _) => {
            plan.change(Change::Team(Some(team.name.clone())), scene.now);
            plan.change(Change::Owner(None), scene.now);
            (format!("team {}", team.name), format!("小组 {}", team.name))
        }
        (None, Some(agent)) => {
            give_to(plan, scene, agent);
            (agent.name.clone(), agent.name.clone())
        }
        (None, None) => {
            let names = || {
                let agents = scene.policy.agents.iter().map(|agent| agent.handle.as_str());
                scene.policy.teams.iter().map(|team| team.name.as_str()).chain(agents)
            };
            return Err(unknown(scene, ("team or agent", "小组或处理人"), arg.value, names(), names()));
        }
    };
    plan.note = true;
    plan.done.push(scene.say(
        format!("Handed over to {en}; your text goes there, and not to the requester."),
        text::joined(&["已转交", &zh, "；正文只发给接手人，不发给请求人。"]),
    ));
    Ok(())
}

/// `[escalate]`: to the team's lead, else to every lead.
pub fn escalate(plan: &mut Plan, scene: &Scene, _: &Arg) -> Effect {
    let policy = scene.policy;
    let team = plan.after.team.as_deref().and_then(|name| policy.teams.iter().find(|team| team.name == name));
    let of_team = team.and_then(|team| team.lead.as_deref()).and_then(|handle| policy.agent(handle));
    let leads: Vec<&Agent> = match of_team {
        Some(lead) => vec![lead],
        None => policy.agents.iter().filter(|agent| agent.role == Role::Lead).collect(),
    };
    let others: Vec<&Agent> = leads.into_iter().filter(|lead| lead.handle != scene.agent.handle).collect();
    if others.is_empty() {
        return Err(
            scene.refuse("[escalate]: the config names no lead but yourself.".into(), "【升级】：除您之外没有配置其他组长。".into())
        );
    }
    plan.note = true;
    plan.change(Change::Label("escalated".into(), true), scene.now);
    plan.escalated = others.iter().map(|lead| lead.handle.clone()).collect();
    let names: Vec<&str> = others.iter().map(|lead| lead.name.as_str()).collect();
    plan.done.push(scene.say(
        format!("Escalated to {}; your text goes there, and not to the requester.", names.join(", ")),
        text::joined(&["已升级给", &names.join("、"), "；正文只发给组长，不发给请求人。"]),
    ));
    Ok(())
}

/// `[consult=expert@example.com]`: the mail's text goes there, and the answer stays internal.
pub fn consult(plan: &mut Plan, scene: &Scene, arg: &Arg) -> Effect {
    if !scene.has_words() {
        return Err(scene.refuse(
            "[consult]: write your question above the quoted mail.".into(),
            "【咨询】没有正文；请在引用的邮件上方写下问题。".into(),
        ));
    }
    for value in members(arg) {
        let (en, zh) = if let Some(colleague) = find_agent(scene, value).filter(|agent| agent.handle != scene.agent.handle) {
            plan.advisers.push(colleague.handle.clone());
            (colleague.name.clone(), colleague.name.clone())
        } else {
            let person = outsider(scene, "consult=", value)?;
            if plan.after.takes_part(&person.address) {
                let address = &person.address;
                return Err(scene.refuse(
                    format!("[consult={address}]: {address} takes part in the ticket; just write your reply."),
                    format!("【咨询={address}】：{address} 已参与该工单，请直接回复。"),
                ));
            }
            plan.change(Change::Consulted(person.clone(), true), scene.now);
            let name = person.address.to_string();
            plan.consulted.push(person);
            (name.clone(), name)
        };
        plan.done.push(scene.say(
            format!("{en} is asked for advice; your text goes there, and not to the requester."),
            text::joined(&["已向", &zh, "咨询；正文只发给对方，不发给请求人。"]),
        ));
    }
    plan.note = true;
    Ok(())
}
