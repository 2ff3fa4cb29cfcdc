//! `[[team]]`, `[[agent]]`, `[[approver]]`, `[[category]]`, `[[summary]]`: who works at the desk, on what, and who is told.

use chrono_tz::Tz;
use toml::Spanned;

use super::names::{Names, Owner, Thing, shared_handle};
use super::section::{Mixed, Page, Section, Trouble, did_you_mean};
use super::{Category, Team, value};
use crate::domain::policy::{Agent, Approver, Role, Summary};
use crate::domain::reports;
use crate::domain::rules::{Question, is_field_name};

/// The team that is there when none is written.
pub(super) const DEFAULT_TEAM: &str = "support";

/// Built-in categories: (id, English, Chinese). The built-in rules vote for them.
const CATEGORIES: [(&str, &str, &str); 14] = [
    ("hardware", "Hardware", "硬件"),
    ("software", "Software", "软件"),
    ("network", "Network", "网络"),
    ("account", "Account", "账号"),
    ("permission", "Permission", "权限"),
    ("printing", "Printing", "打印"),
    ("mail", "Mail", "邮件"),
    ("security", "Security", "安全"),
    ("facility", "Rooms and access", "会议室与门禁"),
    ("purchase", "Purchase", "采购"),
    ("staff", "Joiners and leavers", "入转离"),
    ("howto", "How-to", "使用咨询"),
    ("feedback", "Feedback", "意见反馈"),
    ("monitoring", "Monitoring", "监控告警"),
];

pub(super) fn teams(root: &mut Section<'_>, names: &mut Names) -> Vec<Team> {
    let mut teams = Vec::new();
    let mut default_at = None;
    for mut section in root.tables("team") {
        let name = section.required("name", "name = \"network\"").and_then(|n| section.accept("name", &n, value::word));
        let address = section.parsed("address", value::address);
        let lead = section.text("lead");
        let default = section.flag("default").unwrap_or(false);
        if let Some(lead) = &lead {
            names.uses(Thing::Agent, lead);
        }
        if let Some(name) = name {
            names.define(section.page, Thing::Team, &name);
            if let Some(address) = &address {
                names.address(Owner::Team(name.get_ref().clone()), address);
            }
            if let (true, Some(first)) = (default, &default_at) {
                let help = format!("team \"{first}\" is the default already; write  default = true  once");
                section.page.complain(section.key_span("default"), "there can be one default team only", help);
            }
            if default && default_at.is_none() {
                default_at = Some(name.get_ref().clone());
            }
            let (lead, address) = (lead.map(Spanned::into_inner), address.map(Spanned::into_inner));
            teams.push(Team { name: name.into_inner(), address, lead, default });
        }
        section.finish();
    }
    if teams.is_empty() && !root.has("team") {
        names.define_built_in(Thing::Team, DEFAULT_TEAM);
        teams.push(Team { name: DEFAULT_TEAM.to_owned(), address: None, lead: None, default: true });
    }
    if default_at.is_none()
        && let Some(first) = teams.first_mut()
    {
        first.default = true;
    }
    teams
}

pub(super) fn agents(root: &mut Section<'_>, names: &mut Names, teams: &[Team]) -> Vec<Agent> {
    let only = if let [team] = teams { Some(team.name.as_str()) } else { None };
    let mut agents = Vec::new();
    for section in root.tables("agent") {
        agents.extend(agent(section, names, only));
    }
    if !root.has("agent") {
        let help = "add  [[agent]]  with handle, name and address";
        root.page.warn(root.header(), "there is no agent: tickets are opened and acknowledged, and nobody is told", help);
    }
    agents
}

/// `only` is the one team of a small desk: an agent without a team belongs to it.
fn agent(mut section: Section<'_>, names: &mut Names, only: Option<&str>) -> Option<Agent> {
    let handle = section.required("handle", "handle = \"li\"").and_then(|h| section.accept("handle", &h, value::handle));
    let name = section.text("name");
    let address = section.required("address", "address = \"li@example.com\"").and_then(|a| section.accept("address", &a, value::address));
    let aliases = section.parsed_list("aliases", value::address);
    let team = section.text("team");
    let role = section.choice("role", &[("agent", Role::Agent), ("lead", Role::Lead)]).map_or(Role::Agent, Spanned::into_inner);
    let language = section.language().map(Spanned::into_inner);
    if let Some(team) = &team {
        names.uses(Thing::Team, team);
    }
    if let Some(handle) = &handle {
        names.define(section.page, Thing::Agent, handle);
        for address in address.iter().chain(&aliases) {
            names.address(Owner::Agent(handle.get_ref().clone()), address);
        }
        if team.is_none() && only.is_none() && role == Role::Agent && !section.has("team") {
            let message = format!("agent \"{}\" belongs to no team and is told of no new ticket", handle.get_ref());
            section.page.warn(section.header(), message, "add  team = \"…\" , or  role = \"lead\"");
        }
    }
    section.finish();
    let (handle, address) = (handle?.into_inner(), address?.into_inner());
    Some(Agent {
        name: name.map_or_else(|| handle.clone(), Spanned::into_inner),
        handle,
        address,
        aliases: aliases.into_iter().map(Spanned::into_inner).collect(),
        team: team.map(Spanned::into_inner).or_else(|| only.map(str::to_owned)),
        role,
        language,
    })
}

pub(super) fn approvers(root: &mut Section<'_>, names: &mut Names, agents: &[Agent]) -> Vec<Approver> {
    let mut approvers = Vec::new();
    for mut section in root.tables("approver") {
        let handle = section.required("handle", "handle = \"wang\"").and_then(|h| section.accept("handle", &h, value::handle));
        let name = section.text("name");
        let address =
            section.required("address", "address = \"wang@example.com\"").and_then(|a| section.accept("address", &a, value::address));
        let scope = section.list("scope");
        let language = section.language().map(Spanned::into_inner);
        for category in &scope {
            names.uses(Thing::Category, category);
        }
        if let (Some(handle), Some(address)) = (handle, address) {
            names.define(section.page, Thing::Approver, &handle);
            names.address(Owner::Approver(handle.get_ref().clone()), &address);
            if let Some(agent) = agents.iter().find(|a| a.handle == *handle.get_ref()) {
                shared_handle(section.page, handle.get_ref(), handle.span(), agent.address == *address.get_ref());
            }
            approvers.push(Approver {
                name: name.map_or_else(|| handle.get_ref().clone(), Spanned::into_inner),
                handle: handle.into_inner(),
                address: address.into_inner(),
                scope: scope.into_iter().map(Spanned::into_inner).collect(),
                language,
            });
        }
        section.finish();
    }
    approvers
}

/// The built-in categories are always there, for the built-in rules vote for them; one of the same id replaces one.
pub(super) fn categories(root: &mut Section<'_>, names: &mut Names) -> Vec<Category> {
    let mut categories: Vec<Category> = root.tables("category").into_iter().filter_map(|section| category(section, names)).collect();
    for built_in in built_in_categories() {
        names.define_built_in(Thing::Category, &built_in.id);
        if !categories.iter().any(|c| c.id == built_in.id) {
            categories.push(built_in);
        }
    }
    categories
}

/// The categories of the built-in rules, for every desk.
pub fn built_in_categories() -> impl Iterator<Item = Category> {
    CATEGORIES.iter().map(|(id, en, zh)| Category {
        id: (*id).to_owned(),
        names: vec![("en".to_owned(), (*en).to_owned()), ("zh".to_owned(), (*zh).to_owned())],
        team: None,
        checklist: Vec::new(),
        playbook: None,
    })
}

fn category(mut section: Section<'_>, names: &mut Names) -> Option<Category> {
    let id = section.required("id", "id = \"network\"").and_then(|id| section.accept("id", &id, value::word));
    let team = section.text("team");
    let checklist = section.mixed("checklist").into_iter().filter_map(|line| question(section.page, line)).collect();
    let playbook = section.text("playbook").map(Spanned::into_inner);
    let mut spoken = Vec::new();
    if let Some(mut table) = section.table("name") {
        for language in ["en", "zh"] {
            spoken.extend(table.text(language).map(|name| (language.to_owned(), name.into_inner())));
        }
        table.finish();
    }
    if let Some(team) = &team {
        names.uses(Thing::Team, team);
    }
    if let Some(id) = &id {
        names.define(section.page, Thing::Category, id);
        if let Some(known) = built_in_categories().find(|c| c.id != *id.get_ref() && c.id == id.get_ref().to_lowercase()) {
            let message = format!("`id`: \"{}\" and the built-in \"{}\" would be two categories", id.get_ref(), known.id);
            section.page.complain(
                id.span(),
                message,
                format!("write id = \"{}\" , or another word; how it reads in mails is its `name`", known.id),
            );
        }
    }
    section.finish();
    let id = id?.into_inner();
    if spoken.is_empty()
        && let Some(known) = built_in_categories().find(|c| c.id == id)
    {
        spoken = known.names;
    }
    Some(Category { id, names: spoken, team: team.map(Spanned::into_inner), checklist, playbook })
}

/// A line of a checklist, as a rule's `ask` has it: a field, a sentence, or a field with its question by language.
fn question(page: &Page, line: Mixed<'_>) -> Option<Question> {
    const HELP: &str =
        "a field is small letters, digits and _ ; or write { field = \"error_code\", en = \"Which error?\", zh = \"哪个错误？\" }";
    match line {
        Mixed::Text(text) => {
            let question = Question::plain(text.get_ref());
            if question.is_none() {
                page.complain(text.span(), format!("`{}` is neither a field nor a question", text.get_ref()), HELP);
            }
            question
        }
        Mixed::Table(mut table) => {
            let field = table.parsed("field", |text| match is_field_name(text) {
                true => Ok(text.to_owned()),
                false => Err(Trouble::new(format!("`{text}` is no name for a field"), HELP)),
            });
            let words: Vec<(String, String)> =
                ["en", "zh"].into_iter().filter_map(|l| Some((l.to_owned(), table.text(l)?.into_inner()))).collect();
            let header = table.header();
            table.finish();
            if field.is_none() && words.is_empty() {
                page.complain(header, "this question asks nothing", HELP);
                return None;
            }
            Some(Question { field: field.map(Spanned::into_inner), words })
        }
    }
}

/// `agents` are `None` where some cannot be read: who is a lead is not known then.
pub(super) fn summaries(root: &mut Section<'_>, names: &mut Names, agents: Option<&Vec<Agent>>, zone: Tz, operator: bool) -> Vec<Summary> {
    let leads = || agents.into_iter().flatten().filter(|a| a.role == Role::Lead).map(|a| a.handle.clone());
    let mut summaries = Vec::new();
    for mut section in root.tables("summary") {
        let name = section.required("name", "name = \"daily\"").and_then(|n| section.accept("name", &n, value::word));
        let report = section.text("report");
        let to = section.list("to");
        let schedule =
            section.required("schedule", "schedule = \"0 8 * * 1-5\"").and_then(|s| section.accept("schedule", &s, value::schedule));
        let timezone = section.parsed("timezone", value::timezone).map_or(zone, Spanned::into_inner);
        let team = section.text("scope").filter(|scope| scope.get_ref() != "all");
        for handle in &to {
            names.uses(Thing::Agent, handle);
        }
        if let Some(team) = &team {
            names.uses(Thing::Team, team);
        }
        if let Some(report) = &report
            && reports::find(report.get_ref()).is_none()
        {
            let help = did_you_mean(report.get_ref(), &reports::names(), "one of");
            section.page.complain(report.span(), format!("there is no report \"{}\"", report.get_ref()), help);
        }
        let to: Vec<String> = if section.has("to") { to.into_iter().map(Spanned::into_inner).collect() } else { leads().collect() };
        if to.is_empty() && (agents.is_some() || section.has("to")) {
            let help = "add  to = [\"li\"] , or give an agent  role = \"lead\"";
            section.page.complain(section.header(), "nobody gets this summary", help);
        }
        if let Some(name) = &name {
            names.define(section.page, Thing::Summary, name);
        }
        if let (Some(name), Some(schedule)) = (name, schedule) {
            summaries.push(Summary {
                name: name.into_inner(),
                report: report.map_or_else(|| "daily".to_owned(), Spanned::into_inner),
                to,
                schedule: schedule.into_inner(),
                timezone,
                team: team.map(Spanned::into_inner),
            });
        }
        section.finish();
    }
    summaries.extend(own_summary(&summaries, leads().collect(), zone, operator));
    summaries
}

/// The summary that the desk has where no other reaches over all teams: what is held or suspect must not stay unsaid. To the leads, else
/// to the operator.
fn own_summary(others: &[Summary], leads: Vec<String>, timezone: Tz, operator: bool) -> Option<Summary> {
    let told = others.iter().any(|summary| summary.team.is_none() || summary.name == reports::UNSETTLED);
    let schedule = value::schedule("0 8 * * *").ok()?;
    let name = reports::UNSETTLED.to_owned();
    (!told && (operator || !leads.is_empty())).then(|| Summary { report: name.clone(), name, to: leads, schedule, timezone, team: None })
}
