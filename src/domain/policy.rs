//! Everything that the operator decides, in the form that `decide` reads: config, rules and article cards.
//!
//! Made by `crate::policy::load` from files; sound by construction: every team, handle and category that is named exists.

use std::collections::BTreeMap;
use std::sync::Arc;

use chrono::{DateTime, Duration, Utc};
use chrono_tz::Tz;

use super::calendar::Calendar;
use super::canned::Canned;
use super::language;
use super::message::Address;
use super::rules::RuleSet;
use super::suggest::Search;
use super::ticket::{Matrix, Priority, Ticket};
use super::trust::Key;

/// The whole policy of a desk. Cheap to clone behind an [`Arc`]; replaced as a whole on reload.
#[derive(Debug, Clone)]
pub struct Policy {
    /// `[desk]`.
    pub desk: Desk,
    /// `[[mailbox]]`; never empty.
    pub mailboxes: Vec<Mailbox>,
    /// `[[team]]`.
    pub teams: Vec<Team>,
    /// `[[agent]]`.
    pub agents: Vec<Agent>,
    /// `[[approver]]`.
    pub approvers: Vec<Approver>,
    /// `[[category]]`.
    pub categories: Vec<Category>,
    /// `[priority] matrix`.
    pub matrix: Matrix,
    /// `rules/*.toml`, compiled.
    pub rules: Arc<RuleSet>,
    /// `kb/*.md`.
    pub articles: Arc<Vec<Article>>,
    /// Finds them by words.
    pub search: Arc<dyn Search>,
    /// `templates/<lang>/use/*.md`.
    pub canned: Arc<Vec<Canned>>,
    /// `[calendar]`.
    pub calendar: Option<Calendar>,
    /// `[sla.<priority>]`; a priority without targets has no clocks.
    pub sla: BTreeMap<Priority, Targets>,
    /// `[closing]`.
    pub closing: Closing,
    /// `[limits]`.
    pub limits: Limits,
    /// `[[summary]]`.
    pub summaries: Vec<Summary>,
    /// `[trust] authserv_ids`: the names under which our own border writes Authentication-Results (RFC 8601); only theirs are read.
    pub authserv_ids: Vec<String>,
    /// `[trust] internal`: headers, with their values, by which our border marks mail from inside.
    pub internal: Vec<(String, String)>,
    /// Languages that the templates speak.
    pub languages: Vec<String>,
    /// Signs ids and tokens.
    pub key: Key,
    /// Changes when any file of the policy changes; stands in every journal row. 16 hex digits.
    pub fingerprint: String,
}

/// `[desk]`.
#[derive(Debug, Clone)]
pub struct Desk {
    /// `IT Support`.
    pub name: String,
    /// Default language, `en`.
    pub language: String,
    /// Zone of the people who read times.
    pub timezone: Tz,
    /// `#` in `[#1042]`.
    pub ticket_prefix: String,
    /// `[operator] address`.
    pub operator: Option<Address>,
    /// `[operator] language`.
    pub operator_language: Option<String>,
}

/// `[[mailbox]]` as far as decisions need it.
#[derive(Debug, Clone)]
pub struct Mailbox {
    /// Key in the config.
    pub name: String,
    /// Its address.
    pub address: Address,
    /// Other addresses that reach it.
    pub aliases: Vec<Address>,
    /// List-Ids or list addresses through which people legitimately write to it.
    pub via_lists: Vec<String>,
    /// Language of acknowledgments where the requester's is unknown.
    pub language: Option<String>,
    /// Answers go to `support+{token}@…`.
    pub plus_addresses: bool,
}

/// `[[team]]`.
#[derive(Debug, Clone)]
pub struct Team {
    /// Key.
    pub name: String,
    /// Its list: no mail goes there, and it takes part in no conversation.
    pub address: Option<Address>,
    /// Handle of its lead.
    pub lead: Option<String>,
    /// Takes what no rule gives to another.
    pub default: bool,
}

/// What an agent may do.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Role {
    /// Works on tickets.
    Agent,
    /// Also gets summaries and escalations.
    Lead,
}

/// `[[agent]]`.
#[derive(Debug, Clone)]
pub struct Agent {
    /// `li`.
    pub handle: String,
    /// `Li Wei`.
    pub name: String,
    /// Where notifications go.
    pub address: Address,
    /// Other addresses that the agent writes from.
    pub aliases: Vec<Address>,
    /// Team.
    pub team: Option<String>,
    /// Role.
    pub role: Role,
    /// Language of notifications.
    pub language: Option<String>,
}

/// `[[approver]]`: says whether something may be done.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Approver {
    /// `wang`.
    pub handle: String,
    /// `Wang Fang`.
    pub name: String,
    /// Where questions go.
    pub address: Address,
    /// Category ids that this person may approve; empty means all.
    pub scope: Vec<String>,
    /// Language of the questions.
    pub language: Option<String>,
}

/// `[[category]]`.
#[derive(Debug, Clone)]
pub struct Category {
    /// `network`.
    pub id: String,
    /// Name by language: `en` → `Network`.
    pub names: Vec<(String, String)>,
    /// Team that gets it.
    pub team: Option<String>,
    /// Id of the article whose steps its agents follow.
    pub playbook: Option<String>,
}

impl Category {
    /// Its name in a language, else in English, else its id.
    pub fn name(&self, language: &str) -> &str {
        let find = |l: &str| self.names.iter().find(|(lang, _)| lang == l).map(|(_, name)| name.as_str());
        find(language).or_else(|| find("en")).unwrap_or(&self.id)
    }
}

/// A knowledge-base article's card; its text is looked up by `crate::kb`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Article {
    /// `vpn-setup`.
    pub id: String,
    /// Title in its own language.
    pub title: String,
    /// Where it can be read; `None` when it is not published.
    pub url: Option<String>,
    /// Language.
    pub language: String,
    /// Categories.
    pub categories: Vec<String>,
    /// One line for mails.
    pub summary: String,
    /// Agents only.
    pub internal: bool,
    /// The steps that it lists, each on one line.
    pub steps: Vec<String>,
}

/// The article of this id, in this language where there is one of the same id, else any.
pub fn article<'a>(all: &'a [Article], id: &str, language: &str) -> Option<&'a Article> {
    let all = || all.iter().filter(|a| a.id == id);
    let read = || all().find(|a| language::same(&a.language, language));
    all().find(|a| a.language == language).or_else(read).or_else(|| all().next())
}

/// `[sla.<priority>]`: how long each may take, in business time where there is a calendar.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Targets {
    /// Until a person answers.
    pub first_response: Option<Duration>,
    /// From one word to the requester to the next.
    pub update: Option<Duration>,
    /// Until it is resolved.
    pub resolution: Option<Duration>,
}

/// `[closing]`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Closing {
    /// A resolved ticket closes by itself after this long without a word.
    pub close: Duration,
    /// A closed ticket is reopened by an answer within this long; later it becomes a linked new one.
    pub reopen_window: Duration,
    /// A requester who keeps us waiting is reminded after this long.
    pub remind: Option<Duration>,
    /// Least time between two automatic mails to the requester of one ticket.
    pub gap: Option<Duration>,
    /// An acknowledgment waits this long, in case an agent is faster.
    pub ack_delay: Option<Duration>,
    /// An agent's reply can be taken back this long.
    pub undo: Option<Duration>,
}

impl Default for Closing {
    fn default() -> Closing {
        Closing { close: Duration::days(7), reopen_window: Duration::days(14), remind: None, gap: None, ack_delay: None, undo: None }
    }
}

/// `[limits]`.
#[derive(Debug, Clone)]
pub struct Limits {
    /// Largest mail that is fetched whole, bytes.
    pub message_size: u64,
    /// Automatic mail to one address: (within, at most).
    pub per_address: Vec<(Duration, u32)>,
    /// Automatic mail for one ticket: (within, at most).
    pub per_ticket: Vec<(Duration, u32)>,
    /// Largest sum of attachments that is relayed, bytes.
    pub attachments: u64,
}

/// `[[summary]]`.
#[derive(Debug, Clone)]
pub struct Summary {
    /// Key.
    pub name: String,
    /// Entry of REPORTS, `daily`.
    pub report: String,
    /// Agents' handles; where there is none, it goes to the operator.
    pub to: Vec<String>,
    /// When; five-field cron expression.
    pub schedule: croner::Cron,
    /// Zone of the schedule.
    pub timezone: Tz,
    /// Only this team's tickets.
    pub team: Option<String>,
}

impl Policy {
    /// The mailbox of this name, else the first.
    pub fn mailbox(&self, name: &str) -> Option<&Mailbox> {
        self.mailboxes.iter().find(|m| m.name == name).or_else(|| self.mailboxes.first())
    }

    /// Is this the address of a list through which people write to a mailbox? The config may name it by its List-Id (RFC 2919):
    /// `help.lists.example.com` is `help@lists.example.com`.
    pub fn is_via_list(&self, address: &Address) -> bool {
        let is_it = |list: &String| {
            list.eq_ignore_ascii_case(address.as_str()) || list.replacen('.', "@", 1).eq_ignore_ascii_case(address.as_str())
        };
        self.mailboxes.iter().flat_map(|mailbox| &mailbox.via_lists).any(is_it)
    }

    /// Is this one of the desk's own addresses (plus details ignored)?
    pub fn is_own(&self, address: &Address) -> bool {
        let own = |a: &Address| self.mailboxes.iter().any(|m| m.address == *a || m.aliases.contains(a));
        own(address) || address.split_plus().is_some_and(|(base, _)| own(&base))
    }

    /// The agent who writes from this address.
    pub fn agent_at(&self, address: &Address) -> Option<&Agent> {
        self.agents.iter().find(|a| a.address == *address || a.aliases.contains(address))
    }

    /// The agent of this handle.
    pub fn agent(&self, handle: &str) -> Option<&Agent> {
        self.agents.iter().find(|a| a.handle == handle)
    }

    /// The approver of this handle.
    pub fn approver(&self, handle: &str) -> Option<&Approver> {
        self.approvers.iter().find(|a| a.handle == handle)
    }

    /// Does this approver write from this address? One who is an agent too also does from an agent's aliases.
    pub fn is_approvers(&self, approver: &Approver, address: &Address) -> bool {
        let agent = self.agents.iter().find(|a| a.address == approver.address);
        approver.address == *address || agent.is_some_and(|a| a.aliases.contains(address))
    }

    /// The category of this id.
    pub fn category(&self, id: &str) -> Option<&Category> {
        self.categories.iter().find(|c| c.id == id)
    }

    /// The team that takes what no rule gives to another.
    pub fn default_team(&self) -> Option<&Team> {
        self.teams.iter().find(|t| t.default).or_else(|| self.teams.first())
    }

    /// The members of a team; its lead where it has none; everybody where there is no lead either.
    pub fn members(&self, team: Option<&str>) -> Vec<&Agent> {
        let members: Vec<&Agent> = self.agents.iter().filter(|a| team.is_some() && a.team.as_deref() == team).collect();
        if !members.is_empty() {
            return members;
        }
        let lead = team.and_then(|t| self.teams.iter().find(|x| x.name == t)).and_then(|t| t.lead.as_deref()).and_then(|h| self.agent(h));
        lead.map_or_else(|| self.agents.iter().collect(), |lead| vec![lead])
    }

    /// The article of this id, in this language where there is one of the same id, else any.
    pub fn article(&self, id: &str, language: &str) -> Option<&Article> {
        article(&self.articles, id, language)
    }

    /// The article whose steps a ticket's agents follow: what a rule named, else what its category names.
    pub fn playbook(&self, ticket: &Ticket, language: &str) -> Option<&Article> {
        let categorys = || ticket.category.as_deref().and_then(|id| self.category(id)).and_then(|c| c.playbook.as_deref());
        self.article(ticket.playbook.as_deref().or_else(categorys)?, language)
    }

    /// The lead of a team; every lead where it has none.
    pub fn leads(&self, team: Option<&str>) -> Vec<&Agent> {
        let of_team = self.teams.iter().find(|t| Some(t.name.as_str()) == team).and_then(|t| self.agent(t.lead.as_deref()?));
        of_team.map_or_else(|| self.agents.iter().filter(|a| a.role == Role::Lead).collect(), |lead| vec![lead])
    }

    /// The moment at which so much business time has passed; without a calendar all time is business time.
    pub fn after(&self, from: DateTime<Utc>, length: Duration) -> Option<DateTime<Utc>> {
        match &self.calendar {
            Some(calendar) => calendar.after(from, length, self.desk.timezone),
            None => from.checked_add_signed(length),
        }
    }

    /// How much business time passes between two moments.
    pub fn between(&self, from: DateTime<Utc>, to: DateTime<Utc>) -> Duration {
        match &self.calendar {
            Some(calendar) => calendar.between(from, to, self.desk.timezone),
            None => to - from,
        }
    }

    /// This moment, or the next at which somebody is there.
    pub fn next_open(&self, at: DateTime<Utc>) -> DateTime<Utc> {
        let opens = self.calendar.as_ref().and_then(|calendar| calendar.next_open(at, self.desk.timezone));
        opens.unwrap_or(at)
    }

    /// The next time of a schedule strictly after `after`.
    pub fn next_slot(summary: &Summary, after: DateTime<Utc>) -> Option<DateTime<Utc>> {
        let local = after.with_timezone(&summary.timezone);
        summary.schedule.find_next_occurrence(&local, false).ok().map(|t| t.with_timezone(&Utc))
    }
}
