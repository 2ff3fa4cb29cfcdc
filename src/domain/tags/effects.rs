//! What each tag does to a plan, in the registry's order. Every function either adds one sentence to [`Plan::done`] or refuses.

use super::registry::Arg;
use super::span::Span;
use crate::domain::approvals;
use crate::domain::canned::{self, Filling};
use crate::domain::complaint::nearest;
use crate::domain::message::TemplateName;
use crate::domain::orders::{Plan, Refusal, Scene};
use crate::domain::policy::{Agent, Approver};
use crate::domain::text::{self, fold};
use crate::domain::ticket::{Change, Priority, Status};
use crate::domain::{HeldLetter, QueuedLetter};

pub(super) type Effect = Result<(), Refusal>;

/// More names than this are not listed in a refusal.
const MOST_NAMES: usize = 20;

/// `[undo]`: runs before every other order, which then speaks of the ticket as it was.
pub fn undo(plan: &mut Plan, scene: &Scene, _: &Arg) -> Effect {
    let outbox = scene.case.outbox(scene.ticket.number).ok();
    let queued = outbox.map(|outbox| outbox.queued.as_slice()).unwrap_or_default();
    // Where an agent handed a request in, its acknowledgment is his too; but a ticket that is open stays open.
    let opens = |letter: &QueuedLetter| matches!(letter.template, Some(TemplateName::Ack | TemplateName::TooLarge));
    let mut of_agents = queued.iter().rev().filter(|letter| scene.policy.agent(&letter.actor).is_some() && !opens(letter));
    let own = of_agents.clone().find(|letter| letter.actor == scene.agent.handle);
    let Some(last) = own.or_else(|| of_agents.next()) else {
        return Err(match scene.policy.closing.undo {
            Some(_) => scene.refuse(
                "[undo]: no reply of this ticket waits any more; what has gone out cannot be taken back.".into(),
                "【撤销】：该工单没有待发的回复；已发出的邮件无法撤回。".into(),
            ),
            None => scene.refuse(
                "[undo]: replies go out at once here; what has gone out cannot be taken back.".into(),
                "【撤销】：此处的回复会立即发出，已发出的邮件无法撤回。".into(),
            ),
        });
    };
    plan.cancel.extend(queued.iter().filter(|letter| letter.cause == last.cause).map(|letter| letter.id));
    plan.restore.push(last.cause.clone());
    for (number, change) in &last.undoes {
        if *number == scene.ticket.number {
            plan.change(change.clone(), scene.now);
        } else {
            plan.others.push((*number, change.clone()));
        }
    }
    plan.quiet = true;
    let (en, zh) = match last.undoes.is_empty() {
        true => ("The mail is taken back. The ticket has changed since and stays as it is.", "邮件已撤回。工单此后又有变动，保持现状。"),
        false => ("The mail is taken back, and what it ordered is undone.", "邮件已撤回，其中的指令也已撤销。"),
    };
    plan.done.push(scene.say(en.into(), zh.into()));
    Ok(())
}

/// `[take]`
pub fn take(plan: &mut Plan, scene: &Scene, _: &Arg) -> Effect {
    if plan.after.owner.as_deref() == Some(scene.agent.handle.as_str()) {
        plan.done.push(scene.say("You own this ticket already.".into(), "该工单本来就由您负责。".into()));
        return Ok(());
    }
    let before = plan.after.owner.clone();
    give_to(plan, scene, scene.agent);
    let en = before.as_ref().map_or_else(String::new, |handle| format!(" (before: {handle})"));
    let zh = before.map_or_else(String::new, |handle| format!("（原负责人：{handle}）"));
    plan.done.push(scene.say(format!("You own this ticket now{en}."), format!("该工单现由您负责{zh}。")));
    Ok(())
}

/// `[assign=li]`
pub fn assign(plan: &mut Plan, scene: &Scene, arg: &Arg) -> Effect {
    let Some(agent) = find_agent(scene, arg.value) else {
        let handles = || scene.policy.agents.iter().map(|agent| agent.handle.as_str());
        return Err(unknown(scene, ("agent", "处理人"), arg.value, handles(), handles()));
    };
    let (name, handle) = (&agent.name, &agent.handle);
    if plan.after.owner.as_ref() == Some(handle) {
        plan.done.push(scene.say(
            format!("{name} ({handle}) owns this ticket already."),
            text::joined(&["该工单本来就由", name, &format!("（{handle}）负责。")]),
        ));
        return Ok(());
    }
    give_to(plan, scene, agent);
    plan.done.push(
        scene.say(format!("{name} ({handle}) owns this ticket now."), text::joined(&["该工单现由", name, &format!("（{handle}）负责。")])),
    );
    Ok(())
}

/// An agent by handle, address or full name, where only one bears it; `me` and 我 are the writer.
pub(super) fn find_agent<'a>(scene: &Scene<'a>, value: &str) -> Option<&'a Agent> {
    let value = fold(value);
    let value = value.trim_start_matches('@');
    let agents = &scene.policy.agents;
    let at = |agent: &&Agent| agent.address.as_str() == value || agent.aliases.iter().any(|alias| alias.as_str() == value);
    let direct = agents.iter().find(|agent| fold(&agent.handle) == value).or_else(|| agents.iter().find(at));
    if direct.is_some() || matches!(value, "me" | "我" | "我自己") {
        return direct.or(Some(scene.agent));
    }
    let mut named = agents.iter().filter(|agent| fold(&agent.name) == value);
    named.next().filter(|_| named.next().is_none())
}

/// Makes an agent the owner; the ticket follows into the agent's team.
pub(super) fn give_to(plan: &mut Plan, scene: &Scene, agent: &Agent) {
    plan.change(Change::Owner(Some(agent.handle.clone())), scene.now);
    if let Some(team) = agent.team.as_ref().filter(|_| !scene.orders("team")) {
        plan.change(Change::Team(Some(team.clone())), scene.now);
    }
}

/// `[team=network]`. Runs after `take` and `assign`: an owner who was named in the same mail must fit the team.
pub fn team(plan: &mut Plan, scene: &Scene, arg: &Arg) -> Effect {
    let wanted = fold(arg.value);
    let teams = &scene.policy.teams;
    let Some(team) = teams.iter().find(|team| fold(&team.name) == wanted) else {
        let names = || teams.iter().map(|team| team.name.as_str());
        return Err(unknown(scene, ("team", "小组"), arg.value, names(), names()));
    };
    let name = &team.name;
    let owner = plan.after.owner.as_deref().and_then(|handle| scene.policy.agent(handle));
    let belongs = owner.is_some_and(|owner| owner.team.as_ref() == Some(name));
    let named = scene.orders("take") || scene.orders("assign");
    if let Some(owner) = owner.filter(|owner| named && !belongs && owner.team.is_some()) {
        let handle = &owner.handle;
        return Err(scene.refuse(
            format!("{handle} is not in team {name}; name an owner from that team or leave the owner out."),
            format!("{handle} 不在小组 {name} 中；请指派该小组的成员，或不指定负责人。"),
        ));
    }
    let moved = plan.change(Change::Team(Some(name.clone())), scene.now);
    let freed = !belongs && !named && plan.change(Change::Owner(None), scene.now);
    let (en, zh) = match (moved, freed) {
        (true, true) => {
            (format!("Moved to the queue of team {name}, without an owner."), format!("已转入小组 {name} 的队列，暂无负责人。"))
        }
        (true, false) => (format!("Moved to team {name}."), format!("已转入小组 {name}。")),
        (false, true) => {
            (format!("Back in the queue of team {name}, without an owner."), format!("已退回小组 {name} 的队列，暂无负责人。"))
        }
        (false, false) => (format!("The ticket is with team {name} already."), format!("该工单本来就在小组 {name}。")),
    };
    plan.done.push(scene.say(en, zh));
    Ok(())
}

/// `[priority=high]`
pub fn priority(plan: &mut Plan, scene: &Scene, arg: &Arg) -> Effect {
    let word = fold(arg.value);
    let known = Priority::parse(&word).or(match word.as_str() {
        "medium" | "middle" | "中" | "正常" | "一般" => Some(Priority::Normal),
        "critical" | "emergency" | "特急" | "加急" | "最高" => Some(Priority::Urgent),
        _ => None,
    });
    let Some(priority) = known else {
        let words = || Priority::ALL.iter().flat_map(|p| [p.as_str(), p.zh()]);
        return Err(unknown(scene, ("priority", "优先级"), arg.value, words(), words()));
    };
    let (en, zh) = if plan.change(Change::Priority(priority), scene.now) {
        (format!("Priority is {priority} now."), format!("优先级现为“{}”。", priority.zh()))
    } else {
        (format!("Priority is {priority} already."), format!("优先级本来就是“{}”。", priority.zh()))
    };
    plan.done.push(scene.say(en, zh));
    Ok(())
}

/// `[category=network]`
pub fn category(plan: &mut Plan, scene: &Scene, arg: &Arg) -> Effect {
    let wanted = fold(arg.value);
    let categories = &scene.policy.categories;
    let by_name = || categories.iter().find(|category| category.names.iter().any(|(_, name)| fold(name) == wanted));
    let Some(category) = categories.iter().find(|category| fold(&category.id) == wanted).or_else(by_name) else {
        let names = categories.iter().flat_map(|c| std::iter::once(c.id.as_str()).chain(c.names.iter().map(|(_, name)| name.as_str())));
        return Err(unknown(scene, ("category", "类别"), arg.value, names, categories.iter().map(|c| c.id.as_str())));
    };
    let name = category.name(scene.language());
    let (en, zh) = if plan.change(Change::Category(Some(category.id.clone())), scene.now) {
        // A rule named it for what it took the request to be.
        plan.change(Change::Playbook(None), scene.now);
        (format!("Category is {name} now."), format!("类别现为“{name}”。"))
    } else {
        (format!("Category is {name} already."), format!("类别本来就是“{name}”。"))
    };
    plan.done.push(scene.say(en, zh));
    Ok(())
}

/// `[note]`
pub fn note(plan: &mut Plan, scene: &Scene, _: &Arg) -> Effect {
    if !scene.has_words() {
        return Err(scene.refuse(
            "[note]: a note without text; write the note above the quoted mail.".into(),
            "【备注】没有正文；请在引用的邮件上方写下备注。".into(),
        ));
    }
    plan.note = true;
    plan.done.push(scene.say("Your text is kept as an internal note.".into(), "正文已存为内部备注。".into()));
    Ok(())
}

/// `[approval=zhao]`: the mail's text is for the approver alone.
pub fn approval(plan: &mut Plan, scene: &Scene, arg: &Arg) -> Effect {
    if !plan.after.status.is_live() {
        return Err(scene.refuse("[approval]: send [reopen] first.".into(), "【审批】：请先发送【重开】。".into()));
    }
    let approvers = &scene.policy.approvers;
    let wanted = fold(arg.value);
    let named: Vec<&Approver> = approvers.iter().filter(|a| fold(&a.handle) == wanted || fold(&a.name) == wanted).collect();
    let category = scene.policy.categories.iter().find(|c| fold(&c.id) == wanted || c.names.iter().any(|(_, n)| fold(n) == wanted));
    let found = match (named.is_empty(), category) {
        (true, Some(category)) => approvals::in_scope(&category.id, scene.policy),
        _ => named,
    };
    if found.is_empty() {
        let handles = || approvers.iter().map(|a| a.handle.as_str());
        return Err(unknown(scene, ("approver", "审批人"), arg.value, handles(), handles()));
    }
    let free = approvals::impartial(found, scene.ticket, Some(scene.agent), scene.policy);
    if free.is_empty() {
        return Err(scene.refuse(
            format!("[approval={}]: nobody approves what he asks for himself; name another approver.", arg.value),
            format!("【审批={}】：不能审批自己提出的请求；请指定其他审批人。", arg.value),
        ));
    }
    let names: Vec<&str> = free.iter().map(|a| a.name.as_str()).collect();
    plan.note = true;
    plan.approvers = free.iter().map(|a| a.handle.clone()).collect();
    let asked = approvals::asked(&plan.after, plan.approvers.clone(), Some(scene.agent.handle.clone()), scene.now);
    plan.change(Change::Approvals(asked), scene.now);
    plan.done.push(scene.say(
        format!("{} is asked for approval; your text goes there, and not to the requester.", names.join(", ")),
        text::joined(&["已请", &names.join("、"), "审批；正文只发给审批人，不发给请求人。"]),
    ));
    Ok(())
}

/// `[approve]`, `[reject]` in any other mail than an approver's answer.
pub fn ruling(_: &mut Plan, scene: &Scene, _: &Arg) -> Effect {
    Err(scene.refuse(
        "[approve] and [reject] count only in an approver's answer to the mail that asks for the approval.".into(),
        "【同意】和【拒绝】仅在审批人回复审批邮件时有效。".into(),
    ))
}

/// The refusal where somebody still has to say whether it may be done.
pub(super) fn unapproved(plan: &Plan, scene: &Scene) -> Effect {
    let Some(approval) = plan.after.open_approval() else { return Ok(()) };
    let names = approvals::names(&approval.asked, scene.policy, scene.language());
    Err(scene.refuse(
        format!("The ticket waits for an approval ({names}); until then it cannot be resolved or closed."),
        format!("工单正在等待审批（{names}），答复之前不能解决或关闭。"),
    ))
}

/// `[kb=vpn-setup]`: the link needs a mail to travel in.
pub fn kb(plan: &mut Plan, scene: &Scene, arg: &Arg) -> Effect {
    let told = scene.orders("resolve") && !scene.orders("quiet");
    if !told && (scene.orders("note") || (scene.orders("quiet") && !scene.has_words())) {
        return Err(scene.refuse(
            format!("[kb={}]: no mail goes to the requester that could carry the article; leave out [note] or [quiet].", arg.value),
            format!("【知识={}】：没有发给请求人的邮件可附文章；请去掉【备注】或【静默】。", arg.value),
        ));
    }
    for wanted in arg.value.split([',', '，', '、', ';']).map(str::trim).filter(|id| !id.is_empty()) {
        attach(plan, scene, wanted)?;
    }
    Ok(())
}

fn attach(plan: &mut Plan, scene: &Scene, wanted: &str) -> Effect {
    let articles = &scene.policy.articles;
    let folded = fold(wanted);
    let id = articles.iter().find(|article| fold(&article.id) == folded).map(|article| article.id.as_str());
    let Some(article) = id.and_then(|id| scene.policy.article(id, &scene.ticket.language)) else {
        let mut ids: Vec<&str> = articles.iter().filter(|article| !article.internal).map(|article| article.id.as_str()).collect();
        ids.sort_unstable();
        ids.dedup();
        return Err(unknown(scene, ("article", "文章"), wanted, ids.iter().copied(), ids.iter().copied()));
    };
    let (id, title) = (&article.id, &article.title);
    if article.internal {
        return Err(scene.refuse(
            format!("The article {id} is for agents only; put what the requester may know into your own words."),
            format!("文章 {id} 仅供内部使用；请用自己的话告知请求人。"),
        ));
    }
    if article.url.is_none() {
        return Err(scene.refuse(
            format!("The article {id} has no url that could be sent; ask the operator to set one in its file."),
            format!("文章 {id} 没有可发送的链接；请联系管理员在文章文件中设置 url。"),
        ));
    }
    if plan.articles.contains(id) {
        return Ok(());
    }
    plan.articles.push(id.clone());
    plan.change(Change::Link(id.clone(), true), scene.now);
    plan.done.push(scene.say(format!("The article \"{title}\" goes along."), format!("已附上文章《{title}》。")));
    Ok(())
}

/// `[use=ask-logs]`
pub fn canned(plan: &mut Plan, scene: &Scene, arg: &Arg) -> Effect {
    let ticket = scene.ticket;
    if ticket.alert.is_some() {
        return Err(scene.refuse(
            format!("[use={}]: a machine reports here, and gets no mail.", arg.value),
            format!("【套用={}】：该工单由监控系统上报，不会向其发送邮件。", arg.value),
        ));
    }
    let policy = scene.policy;
    for wanted in arg.value.split([',', '，', '、', ';']).map(str::trim).filter(|name| !name.is_empty()) {
        let name = fold(wanted);
        let found = match canned::find(&policy.canned, &name, &ticket.language, &policy.languages) {
            Ok(found) => found,
            Err(true) => {
                let language = &ticket.language;
                return Err(scene.refuse(
                    format!("[use={name}]: it is not written in the requester's language ({language}); write your reply yourself."),
                    format!("【套用={name}】：没有请求人所用语言（{language}）的版本，请自行撰写回复。"),
                ));
            }
            Err(false) => {
                let mut names: Vec<&str> = policy.canned.iter().map(|canned| canned.name.as_str()).collect();
                names.sort_unstable();
                names.dedup();
                return Err(unknown(scene, ("canned reply", "常用回复"), wanted, names.iter().copied(), names.iter().copied()));
            }
        };
        let tag = format!("[{}{}]", policy.desk.ticket_prefix, ticket.number.0);
        let filling = Filling { requester: ticket.requester.called(), ticket: &tag, agent: &scene.agent.name, desk: &policy.desk.name };
        plan.canned.push(found.fill(filling));
        plan.done.push(scene.say(format!("The canned reply \"{name}\" goes out."), format!("已套用常用回复“{name}”。")));
    }
    Ok(())
}

/// `[send]`: what the answered mail asks about; elsewhere only what one mail left behind. A letter that nobody has looked at may be forged.
pub fn send(plan: &mut Plan, scene: &Scene, _: &Arg) -> Effect {
    let held = scene.case.held(scene.ticket.number).unwrap_or_default();
    let asked = scene.answered.filter(|sent| sent.template == Some(TemplateName::AgentError));
    let meant: Vec<&HeldLetter> = held.iter().filter(|letter| asked.is_none_or(|sent| letter.key.is_beside(&sent.key))).collect();
    let lapsed = |letter: &&HeldLetter| letter.lapses.is_some_and(|lapses| lapses <= scene.now);
    let (late, meant): (Vec<&HeldLetter>, Vec<&HeldLetter>) = meant.into_iter().partition(lapsed);
    if meant.is_empty() && !late.is_empty() {
        return Err(scene.refuse(
            "[send]: what was held back has expired; write your reply as the text of the mail.".into(),
            "【发送】：暂扣的回复已过期；请直接在邮件正文中回复。".into(),
        ));
    }
    let Some(first) = meant.first() else {
        return Err(scene.refuse(
            "[send]: no reply of this ticket is held back that this mail could mean; write your reply as the text of the mail.".into(),
            "【发送】：没有与此对应的暂扣回复；请直接在邮件正文中回复。".into(),
        ));
    };
    if meant.iter().any(|letter| !letter.key.is_beside(&first.key)) {
        return Err(scene.refuse(
            "[send]: several replies are held back; answer the mail that asks about the one that is to go.".into(),
            "【发送】：有多封回复被暂扣；请直接回复询问该封邮件的通知。".into(),
        ));
    }
    plan.release.extend(meant.iter().map(|letter| letter.id));
    let subjects: Vec<&str> = meant.iter().map(|letter| letter.subject.as_str()).collect();
    let (n, subjects) = (meant.len(), subjects.join("; "));
    plan.done.push(scene.say(format!("What was held back goes out ({n}): {subjects}"), format!("现发出暂扣的回复（{n} 封）：{subjects}")));
    Ok(())
}

/// `[quiet]`
pub fn quiet(plan: &mut Plan, scene: &Scene, _: &Arg) -> Effect {
    plan.quiet = true;
    plan.done.push(scene.say("The requester is not told of these orders.".into(), "这些指令不通知请求人。".into()));
    Ok(())
}

/// `[help]`
pub fn help(plan: &mut Plan, scene: &Scene, _: &Arg) -> Effect {
    plan.help = true;
    plan.done.push(scene.say("The list of tags comes in a mail of its own.".into(), "标签一览另有邮件寄上。".into()));
    Ok(())
}

/// `[new]` and `[for=…]` on a ticket where they open nothing: `intake::behalf` takes them where they do.
pub fn opening(_: &mut Plan, scene: &Scene, _: &Arg) -> Effect {
    Err(scene.refuse(
        "[for=…] opens a ticket; in an answer on a ticket write [new] [for=…], or [requester=…] to change who asks.".into(),
        "【代报】用于新建工单；回复已有工单时请写【新建】【代报=…】，或用【请求人=…】更改请求人。".into(),
    ))
}

/// `[reopen]`
pub fn reopen(plan: &mut Plan, scene: &Scene, _: &Arg) -> Effect {
    let status = plan.after.status;
    let (en, zh) = if status.is_live() {
        (format!("The ticket is not resolved or closed; it stays {status}."), format!("该工单并未解决或关闭，仍为“{}”。", status.zh()))
    } else {
        plan.go(Status::Open, None, scene.now);
        ("The ticket is open again.".into(), "工单已重新打开。".into())
    };
    plan.done.push(scene.say(en, zh));
    Ok(())
}

/// `[wait]`, `[wait=3d]`, `[wait=3wd]`
pub fn wait(plan: &mut Plan, scene: &Scene, arg: &Arg) -> Effect {
    if plan.after.status == Status::Closed {
        return Err(closed(scene, "[wait]", "【等待】"));
    }
    let zone = scene.policy.desk.timezone;
    let until = match (arg.value, Span::parse(arg.value)) {
        ("", _) => None,
        (_, Some(span)) => Some(span.after(scene.now, zone, scene.policy.calendar.as_ref())),
        (value, None) => {
            return Err(scene.refuse(
                format!("[wait={value}]: \"{value}\" is no length of time up to a year; write 4h, 3d, 3wd (working days) or 2w."),
                format!("【等待={value}】：“{value}”不是一年以内的时长；请写 4小时、3天、3工作日 或 2周。"),
            ));
        }
    };
    let moved = plan.go(Status::Waiting, until, scene.now);
    let (en, zh) = match until.map(|until| until.with_timezone(&zone).format("%Y-%m-%d %H:%M")) {
        Some(local) => (format!("Waiting for the requester until {local}."), format!("等待请求人答复，至 {local}。")),
        None if moved => ("Waiting for the requester.".into(), "等待请求人答复。".into()),
        None => ("The ticket waits for the requester already.".into(), "该工单本来就在等待请求人答复。".into()),
    };
    plan.done.push(scene.say(en, zh));
    Ok(())
}

/// `[resolve]`
pub fn resolve(plan: &mut Plan, scene: &Scene, _: &Arg) -> Effect {
    unapproved(plan, scene)?;
    if plan.after.status == Status::Closed {
        return Err(closed(scene, "[resolve]", "【解决】"));
    }
    let (en, zh) = if plan.go(Status::Resolved, None, scene.now) {
        ("The ticket is resolved.", "工单已解决。")
    } else {
        ("The ticket is resolved already.", "该工单此前已解决。")
    };
    plan.done.push(scene.say(en.into(), zh.into()));
    Ok(())
}

/// `[close]`
pub fn close(plan: &mut Plan, scene: &Scene, _: &Arg) -> Effect {
    unapproved(plan, scene)?;
    let (en, zh) = if plan.go(Status::Closed, None, scene.now) {
        ("The ticket is closed.", "工单已关闭。")
    } else {
        ("The ticket is closed already.", "该工单此前已关闭。")
    };
    plan.done.push(scene.say(en.into(), zh.into()));
    Ok(())
}

fn closed(scene: &Scene, en: &str, zh: &str) -> Refusal {
    scene.refuse(format!("{en}: the ticket is closed; send [reopen] first."), format!("{zh}：工单已关闭；请先发送【重开】。"))
}

/// "No agent "lee"; did you mean "li"? Known: …"
pub(super) fn unknown<'a>(
    scene: &Scene,
    (en, zh): (&str, &str),
    value: &str,
    candidates: impl Iterator<Item = &'a str>,
    listed: impl Iterator<Item = &'a str>,
) -> Refusal {
    let value: String = value.chars().take(60).collect();
    let near = nearest(&fold(&value), candidates);
    let mut names: Vec<&str> = listed.take(MOST_NAMES + 1).collect();
    let more = names.len() > MOST_NAMES;
    names.truncate(MOST_NAMES);
    let dots = if more { ", …" } else { "" };
    let (list, list_zh) = if names.is_empty() { ("none".into(), "无".into()) } else { (names.join(", "), names.join("、")) };
    let hint = near.map_or_else(String::new, |near| format!("; did you mean \"{near}\"?"));
    let hint_zh = near.map_or_else(String::new, |near| format!("；您是不是指“{near}”？"));
    let (end, end_zh) = if near.is_some() { ("", "") } else { (".", "。") };
    scene.refuse(
        format!("There is no {en} \"{value}\"{hint}{end} Known: {list}{dots}"),
        format!("没有名为“{value}”的{zh}{hint_zh}{end_zh}可用：{list_zh}{dots}"),
    )
}
