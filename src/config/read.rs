//! The tables of config.toml, one function each.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use chrono::Duration;
use chrono_tz::Tz;
use toml::Spanned;
use toml::de::DeTable;

use super::account::{self, Delivery, Source};
use super::names::{Names, Owner, Thing};
use super::section::{Page, Section, Trouble};
use super::{Calendar, Config, Directories, Mailbox, Mark, Operator, Start, Trust, people, value};
use crate::domain::policy::{Closing, Desk, Limits, Targets};
use crate::domain::ticket::{Matrix, Priority};

/// Reads everything; complaints are on the page. `None` only where nothing whole can be made.
pub(super) fn config(page: &Page, table: &DeTable<'_>, file: &Path) -> Option<Config> {
    let base = file.parent().unwrap_or(Path::new("")).to_owned();
    let mut root = Section::root(page, table);
    let mut names = Names::default();

    let (mut desk, data, directories, kb_url) = desk(&mut root, &base);
    let zone = desk.timezone;
    let operator = operator(&mut root, &mut names);
    desk.operator = operator.address.clone();
    desk.operator_language.clone_from(&operator.language);
    let delivery = root.table("delivery").and_then(|section| account::delivery(section, &base));
    let mailboxes = mailboxes(&mut root, &mut names, &base, zone, delivery.as_ref());
    let trust = trust(&mut root);
    let teams = people::teams(&mut root, &mut names);
    let before = page.mistakes();
    let agents = people::agents(&mut root, &mut names, &teams);
    let agents_are_sound = page.mistakes() == before;
    let categories = people::categories(&mut root, &mut names);
    let approvers = people::approvers(&mut root, &mut names, &agents);
    let matrix = matrix(&mut root);
    let threshold = threshold(&mut root);
    let calendar = calendar(&mut root);
    let sla = sla(&mut root, calendar.as_ref().filter(|c| !c.week().is_zero()));
    if !sla.is_empty() && calendar.is_none() {
        let help = "add  [calendar]  with  hours = [\"mon-fri 09:00-18:00\"]";
        page.warn(root.key_span("sla"), "without a [calendar] the clocks run day and night, on Sundays too", help);
    }
    let closing = closing(&mut root);
    let limits = limits(&mut root);
    let agents_known = agents_are_sound.then_some(&agents);
    let summaries = people::summaries(&mut root, &mut names, agents_known, zone, operator.address.is_some());
    names.check(page);
    warn_of_idle_teams(page, &root, &teams, &agents);
    root.finish();

    Some(Config {
        file: file.to_owned(),
        desk,
        data,
        directories,
        kb_url,
        operator,
        mailboxes,
        trust,
        teams,
        agents,
        approvers,
        categories,
        matrix,
        threshold,
        calendar,
        sla,
        closing,
        limits,
        summaries,
    })
}

fn desk(root: &mut Section<'_>, base: &Path) -> (Desk, PathBuf, Directories, Option<String>) {
    let mut desk = Desk {
        name: "IT Support".to_owned(),
        language: "en".to_owned(),
        timezone: Tz::UTC,
        ticket_prefix: "#".to_owned(),
        operator: None,
        operator_language: None,
    };
    let mut data = base.join("data");
    let beside = |name: &str| base.join(name);
    let mut directories = Directories { base: base.to_owned(), rules: beside("rules"), templates: beside("templates"), kb: beside("kb") };
    let Some(mut section) = root.table("desk") else { return (desk, data, directories, None) };
    let take = |from: Option<Spanned<String>>, to: &mut String| {
        if let Some(text) = from {
            *to = text.into_inner();
        }
    };
    take(section.text("name"), &mut desk.name);
    take(section.language(), &mut desk.language);
    take(section.parsed("ticket_prefix", value::prefix), &mut desk.ticket_prefix);
    if let Some(zone) = section.parsed("timezone", value::timezone) {
        desk.timezone = zone.into_inner();
    }
    if let Some(path) = section.text("data") {
        data = base.join(path.get_ref());
        if data.is_file() {
            section.page.complain(path.span(), format!("{} is a file", data.display()), "write the name of a directory");
        }
    }
    for (key, place) in [("rules", &mut directories.rules), ("templates", &mut directories.templates), ("kb", &mut directories.kb)] {
        if let Some(path) = section.text(key) {
            *place = base.join(path.get_ref());
            if !place.is_dir() {
                let help = "make the directory, or delete this line: what is built in serves then";
                section.page.complain(path.span(), format!("there is no directory {}", place.display()), help);
            }
        }
    }
    let kb_url = section.parsed("kb_url", value::base_link).map(Spanned::into_inner);
    section.finish();
    (desk, data, directories, kb_url)
}

/// Canaries that come more often than this are hardly meant.
const SHORTEST_CANARY: chrono::TimeDelta = chrono::TimeDelta::minutes(5);

fn operator(root: &mut Section<'_>, names: &mut Names) -> Operator {
    let Some(mut section) = root.table("operator") else { return Operator::default() };
    let address = section.parsed("address", value::address);
    if let Some(address) = &address {
        names.address(Owner::Operator, address);
    }
    let language = section.language().map(Spanned::into_inner);
    let alert_command = section.text("alert_command").map(Spanned::into_inner);
    let canary = section.parsed("canary", value::positive_duration);
    if let Some(often) = canary.as_ref().filter(|every| *every.get_ref() < SHORTEST_CANARY) {
        let message = format!("each mailbox writes to itself {} times a day", 86_400 / often.get_ref().num_seconds().max(1));
        section.page.warn(often.span(), message, "write  canary = \"1h\" ; providers count what is sent");
    }
    let canary = canary.and_then(|every| every.into_inner().to_std().ok());
    section.finish();
    Operator { address: address.map(Spanned::into_inner), language, alert_command, canary }
}

fn mailboxes(root: &mut Section<'_>, names: &mut Names, base: &Path, zone: Tz, delivery: Option<&Delivery>) -> Vec<Mailbox> {
    let desk_delivers = root.has("delivery");
    let mut mailboxes: Vec<Mailbox> = Vec::new();
    for section in root.tables("mailbox") {
        let header = section.header();
        let Some(read) = mailbox(section, names, base, zone, delivery, desk_delivers) else { continue };
        if let Some(other) = mailboxes.iter().find(|other| read_the_same(other, &read)) {
            let message =
                format!("\"{}\" reads a folder that \"{}\" reads: which of the two answers would be chance", read.name, other.name);
            root.page.complain(header, message, "keep one of the two, and write the address of the other into its `aliases`");
        }
        mailboxes.push(read);
    }
    if !root.has("mailbox") {
        let help = "add  [[mailbox]]  with name, address and source = { kind = \"imap\", … } ; config.example.toml shows one";
        root.page.complain(root.header(), "there is no mailbox, so there is nothing to do", help);
    }
    mailboxes
}

fn read_the_same(one: &Mailbox, other: &Mailbox) -> bool {
    matches!((&one.source, &other.source), (Source::Imap(one), Source::Imap(other)) if one.shares(other))
}

fn mailbox(
    mut section: Section<'_>,
    names: &mut Names,
    base: &Path,
    zone: Tz,
    delivery: Option<&Delivery>,
    desk_delivers: bool,
) -> Option<Mailbox> {
    let name = section.required("name", "name = \"support\"").and_then(|n| section.accept("name", &n, value::word));
    let address =
        section.required("address", "address = \"support@example.com\"").and_then(|a| section.accept("address", &a, value::address));
    let aliases = section.parsed_list("aliases", value::address);
    let via_lists = section.list("via_lists").into_iter().map(|l| l.into_inner().to_lowercase()).collect();
    let language = section.language().map(Spanned::into_inner);
    let start = section.parsed("start", |text| start(text, zone)).map_or(Start::Now, Spanned::into_inner);
    let plus_addresses = match &address {
        Some(address) => section.parsed("reply_address", |text| reply_address(text, address.get_ref().as_str())),
        None => section.parsed("reply_address", |_| Ok(false)),
    };
    let marks = [("none", Mark::None), ("seen", Mark::Seen), ("keyword", Mark::Keyword)];
    let mark = section.choice("mark", &marks).map_or(Mark::None, Spanned::into_inner);
    let done_folder = section.text("done_folder");
    let sent_folder = section.text("sent_folder").map(Spanned::into_inner);
    if let Some(name) = &name {
        names.define(section.page, Thing::Mailbox, name);
        for address in address.iter().chain(&aliases) {
            names.address(Owner::Desk(name.get_ref().clone()), address);
        }
    }
    let source = section.table("source").and_then(|table| account::source(table, base));
    check_filing(&section, mark, done_folder.as_ref(), source.as_ref());
    if !section.has("source") {
        let help = "add  source = { kind = \"imap\", host = \"…\", user = \"…\", password_file = \"…\" }  or  source = { kind = \"maildir\", path = \"…\" }";
        section.page.complain(section.header(), "this mailbox has no `source`", help);
    }
    let own = section.table("delivery").and_then(|table| account::delivery(table, base));
    if !section.has("delivery") && !desk_delivers {
        let help = "add  [delivery]  with kind = \"smtp\", host, user and password_file, for all mailboxes";
        section.page.complain(section.header(), "this mailbox has no way to send", help);
    }
    section.finish();
    Some(Mailbox {
        name: name?.into_inner(),
        address: address?.into_inner(),
        aliases: aliases.into_iter().map(Spanned::into_inner).collect(),
        via_lists,
        language,
        start,
        plus_addresses: plus_addresses.is_some_and(Spanned::into_inner),
        mark,
        done_folder: done_folder.map(Spanned::into_inner),
        sent_folder,
        source: source?,
        delivery: own.or_else(|| delivery.cloned())?,
    })
}

/// What is done with a received mail must be possible, and end.
fn check_filing(section: &Section<'_>, mark: Mark, done_folder: Option<&Spanned<String>>, source: Option<&Source>) {
    match (source, done_folder) {
        (Some(Source::Maildir { .. }), _) if mark == Mark::Keyword => {
            let help = "write mark = \"seen\" , or delete the line";
            section.page.warn(section.key_span("mark"), "a Maildir has no keywords: this marks nothing", help);
        }
        (Some(Source::Imap(imap)), Some(done)) if imap.watches(done.get_ref()) => {
            let message = format!("\"{}\" is read itself: what is moved there would come again, without end", done.get_ref());
            section.page.complain(done.span(), message, "name another folder; it is made when it is missing");
        }
        _ => {}
    }
}

fn start(text: &str, zone: Tz) -> Result<Start, Trouble> {
    match text {
        "now" => Ok(Start::Now),
        "all" => Ok(Start::All),
        _ => value::date(text).map(|day| Start::Since(value::midnight(day, zone))).map_err(|_| {
            let help = "write \"now\" (what arrives from now on), \"all\", or the first day, \"2026-12-01\"";
            Trouble::new(format!("\"{text}\" is no beginning"), help)
        }),
    }
}

/// `fixed`, or the mailbox's own address with `+{token}` in it.
fn reply_address(text: &str, address: &str) -> Result<bool, Trouble> {
    let (local, domain) = address.rsplit_once('@').unwrap_or((address, ""));
    let plus = format!("{local}+{{token}}@{domain}");
    match text.to_lowercase() {
        fixed if fixed == "fixed" => Ok(false),
        same if same == plus => Ok(true),
        _ => Err(Trouble::new(format!("\"{text}\" is none"), format!("write \"fixed\" or \"{plus}\""))),
    }
}

fn trust(root: &mut Section<'_>) -> Trust {
    let Some(mut section) = root.table("trust") else { return Trust::default() };
    let authserv_ids = section.parsed_list("authserv_ids", value::authserv_id).into_iter().map(Spanned::into_inner).collect();
    let mut internal = Vec::new();
    for mut rule in section.tables("internal") {
        let header = rule.required("header", "header = \"X-Internal\"").and_then(|h| rule.accept("header", &h, value::border_header));
        let value = rule.required("value", "value = \"yes\"");
        if let (Some(header), Some(value)) = (header, value) {
            internal.push((header.into_inner(), value.into_inner()));
        }
        rule.finish();
    }
    section.finish();
    Trust { authserv_ids, internal }
}

fn matrix(root: &mut Section<'_>) -> Matrix {
    const EXAMPLE: &str = "[[\"low\", \"normal\", \"normal\"], [\"low\", \"normal\", \"high\"], [\"normal\", \"high\", \"urgent\"]]";
    let Some(mut section) = root.table("priority") else { return Matrix::default() };
    let rows = section.rows("matrix", EXAMPLE);
    let mut matrix = Matrix::default();
    if let Some(rows) = rows {
        let cells: Vec<&Spanned<String>> = rows.get_ref().iter().flatten().collect();
        if rows.get_ref().len() != 3 || rows.get_ref().iter().any(|row| row.len() != 3) {
            let message = "`matrix` needs three rows (impact low, medium, high) of three words (urgency low, medium, high)";
            section.page.complain(rows.span(), message, format!("write matrix = {EXAMPLE}"));
        }
        for (to, from) in matrix.0.iter_mut().flatten().zip(cells) {
            let read = section.accept("matrix", from, |text| {
                Priority::parse(text).ok_or_else(|| {
                    let words: Vec<&str> = Priority::ALL.iter().map(|p| p.as_str()).collect();
                    let help = super::section::did_you_mean(text, &words, "one of");
                    Trouble::new(format!("\"{text}\" is no priority"), help)
                })
            });
            *to = read.map_or(*to, Spanned::into_inner);
        }
    }
    section.finish();
    matrix
}

/// The least weight that classifies a mail, where the config says nothing.
pub(super) const THRESHOLD: i64 = 1;

fn threshold(root: &mut Section<'_>) -> i64 {
    let Some(mut section) = root.table("rules") else { return THRESHOLD };
    let threshold = section.number("threshold", 1..=1000).map_or(THRESHOLD, Spanned::into_inner);
    section.finish();
    threshold
}

fn calendar(root: &mut Section<'_>) -> Option<Calendar> {
    let mut section = root.table("calendar")?;
    let plain = |list: Vec<Spanned<_>>| list.into_iter().map(Spanned::into_inner).collect();
    let written = section.list("hours");
    let hours = written.iter().filter_map(|text| section.accept("hours", text, value::hours)).map(Spanned::into_inner).collect();
    let holidays = plain(section.parsed_list("holidays", value::days));
    let workdays = section.parsed_list("workdays", value::date).into_iter().map(Spanned::into_inner).collect();
    let calendar = Calendar { hours, holidays, workdays };
    // Hours that cannot be read have been told.
    if written.is_empty() {
        let help = "add  hours = [\"mon-fri 09:00-18:00\"]";
        section.page.complain(section.header(), "a calendar without hours: nobody would ever answer", help);
    }
    section.finish();
    Some(calendar)
}

/// A day of a target is a day's work and a week is a week's, where there is a calendar.
fn sla(root: &mut Section<'_>, calendar: Option<&Calendar>) -> BTreeMap<Priority, Targets> {
    let Some(mut section) = root.table("sla") else { return BTreeMap::new() };
    let words: Vec<&'static str> = Priority::ALL.iter().map(|p| p.as_str()).collect();
    let mut all = BTreeMap::new();
    for (word, mut table) in section.named_tables(&words) {
        let mut read = |key| table.parsed(key, |text| value::business_duration(text, calendar));
        let (first_response, update, resolution) = (read("first_response"), read("update"), read("resolution"));
        if let (Some(answer), Some(end)) = (&first_response, &resolution)
            && end.get_ref() < answer.get_ref()
        {
            let help = "give `resolution` at least the time of `first_response`";
            table.page.warn(end.span(), "a ticket would have to be solved before it has to be answered", help);
        }
        let inner = |time: Option<Spanned<_>>| time.map(Spanned::into_inner);
        let targets = Targets { first_response: inner(first_response), update: inner(update), resolution: inner(resolution) };
        table.finish();
        all.extend(Priority::parse(word).map(|priority| (priority, targets)));
    }
    section.finish();
    all
}

fn closing(root: &mut Section<'_>) -> Closing {
    let mut closing = Closing::default();
    let Some(mut section) = root.table("closing") else { return closing };
    closing.remind = section.parsed("remind", value::positive_duration).map(Spanned::into_inner);
    if let Some(close) = section.parsed("close", value::positive_duration) {
        closing.close = close.into_inner();
    }
    if let Some(window) = section.parsed("reopen_window", value::duration) {
        closing.reopen_window = window.into_inner();
    }
    closing.gap = section.parsed("gap", value::duration).map(Spanned::into_inner);
    closing.ack_delay = section.parsed("ack_delay", value::duration).map(Spanned::into_inner);
    closing.undo = section.parsed("undo", value::duration).map(Spanned::into_inner);
    section.finish();
    closing
}

fn limits(root: &mut Section<'_>) -> Limits {
    let mut limits = Limits {
        message_size: 25 << 20,
        per_address: vec![(Duration::hours(1), 10), (Duration::days(1), 30)],
        per_ticket: vec![(Duration::minutes(10), 5), (Duration::days(1), 20)],
        attachments: 20 << 20,
    };
    let Some(mut section) = root.table("limits") else { return limits };
    if let Some(size) = section.parsed("message_size", value::mail_size) {
        limits.message_size = size.into_inner();
    }
    if let Some(size) = section.parsed("attachments", value::mail_size) {
        limits.attachments = size.into_inner();
    }
    for (key, tiers) in [("per_address", &mut limits.per_address), ("per_ticket", &mut limits.per_ticket)] {
        let written = section.list(key);
        let read: Vec<_> = written.iter().filter_map(|text| section.accept(key, text, value::tier)).collect();
        if section.has(key) {
            *tiers = read.into_iter().map(Spanned::into_inner).collect();
            if written.is_empty() {
                let help = format!("write {key} = [\"10/1h\", \"30/1d\"], or delete the line");
                section.page.complain(
                    section.key_span(key),
                    format!("`{key}` without a limit would let two robots write to each other without end"),
                    help,
                );
            }
        }
    }
    section.finish();
    limits
}

/// A team that nobody belongs to: its tickets go to its lead or to everybody.
fn warn_of_idle_teams(page: &Page, root: &Section<'_>, teams: &[super::Team], agents: &[crate::domain::policy::Agent]) {
    for team in teams.iter().filter(|t| !agents.is_empty() && t.lead.is_none() && !agents.iter().any(|a| a.team.as_ref() == Some(&t.name)))
    {
        let message = format!("nobody belongs to team \"{}\", and it has no lead: everybody is told of its tickets", team.name);
        page.warn(root.key_span("team"), message, format!("give an agent  team = \"{}\"", team.name));
    }
}
