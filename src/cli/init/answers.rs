//! What `init` must know, from flags, from a person, or by default.

use std::io::{BufRead, Write};
use std::path::{Path, PathBuf};
use std::str::FromStr;

use chrono_tz::Tz;

use super::Arguments;
use super::ask::Person;
use crate::config::provider::{self, Provider};
use crate::config::section::Trouble;
use crate::config::{Secret, Tls, value};
use crate::domain::language::is_chinese;
use crate::domain::message::Address;
use crate::domain::notify::say;

/// Everything that a config is made of.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Answers {
    /// The support address.
    pub address: Address,
    /// Where mail comes from.
    pub source: Source,
    /// Where mail goes.
    pub smtp: Server,
    /// Login at both servers.
    pub user: String,
    /// Where the password is.
    pub secret: Secret,
    /// The desk's name.
    pub name: String,
    /// `en` or `zh`.
    pub language: String,
    /// Of the desk.
    pub timezone: Tz,
    /// Who answers; at least one.
    pub agents: Vec<Member>,
}

/// Where mail comes from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Source {
    /// An IMAP server.
    Imap(Server),
    /// A Maildir.
    Maildir(PathBuf),
}

/// One server.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Server {
    /// Its name.
    pub host: String,
    /// Its port.
    pub port: u16,
    /// Encryption.
    pub tls: Tls,
    /// A company's own CA.
    pub ca_file: Option<PathBuf>,
    /// It wants a login.
    pub login: bool,
}

/// What came of asking.
pub enum Asked {
    /// Everything is known.
    All(Box<Answers>),
    /// These flags are missing, and nobody is there.
    Missing(Vec<&'static str>),
}

/// `imap.example.com` or `imap.example.com:993`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Host {
    name: String,
    port: Option<u16>,
}

impl FromStr for Host {
    type Err = String;

    fn from_str(text: &str) -> Result<Host, String> {
        let bad = || format!("\"{text}\" is no server: write HOST or HOST:PORT, such as imap.example.com:993");
        // An IPv6 address with a port stands in square brackets (RFC 3986 section 3.2.2).
        let (name, port) = match text.strip_prefix('[').and_then(|rest| rest.split_once(']')) {
            Some((name, "")) => (name, None),
            Some((name, port)) => (name, Some(port.strip_prefix(':').ok_or_else(bad)?)),
            None if text.matches(':').count() > 1 => (text, None),
            None => text.split_once(':').map_or((text, None), |(name, port)| (name, Some(port))),
        };
        let port = port.map(|port| port.parse().ok().filter(|port| *port > 0).ok_or_else(bad)).transpose()?;
        if name.is_empty() || name.contains(|c: char| c.is_whitespace() || "/@\"".contains(c)) {
            return Err(bad());
        }
        Ok(Host { name: name.to_owned(), port })
    }
}

/// An agent as he is named on the command line.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Member {
    /// Short, as in `[assign=li]`.
    pub handle: String,
    /// Stands in mails.
    pub name: String,
    /// The only address that is believed to be his.
    pub address: Address,
    /// He also gets the summaries.
    pub lead: bool,
}

impl FromStr for Member {
    type Err = String;

    fn from_str(text: &str) -> Result<Member, String> {
        let text = text.replace('，', ",");
        let parts: Vec<&str> = text.split(',').map(str::trim).collect();
        let (handle, name, at, lead) = match parts.as_slice() {
            [handle, name, at] => (handle, name, at, false),
            [handle, name, at, role] if role.eq_ignore_ascii_case("agent") => (handle, name, at, false),
            [handle, name, at, role] if role.eq_ignore_ascii_case("lead") => (handle, name, at, true),
            _ => return Err(format!("\"{text}\" is no agent: write HANDLE,NAME,ADDRESS or HANDLE,NAME,ADDRESS,lead")),
        };
        let handle = words(value::handle(handle))?;
        if handle.is_empty() {
            return Err("the handle is empty: write a short word such as li".to_owned());
        }
        let name = if name.is_empty() { handle.clone() } else { (*name).to_owned() };
        Ok(Member { handle, name, address: address(at)?, lead })
    }
}

/// A complaint of the config's readers, for a command line.
pub fn words<T>(read: Result<T, Trouble>) -> Result<T, String> {
    read.map_err(|trouble| format!("{}; {}", trouble.message, trouble.help))
}

/// An address.
pub fn address(text: &str) -> Result<Address, String> {
    words(value::address(text))
}

/// A kind of encryption.
pub fn tls(text: &str) -> Result<Tls, String> {
    match text {
        "implicit" => Ok(Tls::Implicit),
        "starttls" => Ok(Tls::Starttls),
        "none" => Ok(Tls::None),
        _ => Err("one of implicit, starttls, none".to_owned()),
    }
}

/// The word for a kind of encryption.
pub fn tls_word(tls: Tls) -> &'static str {
    match tls {
        Tls::Implicit => "implicit",
        Tls::Starttls => "starttls",
        Tls::None => "none",
    }
}

/// A language that ships.
pub fn language(text: &str) -> Result<String, String> {
    match text {
        "en" | "zh" => Ok(text.to_owned()),
        _ => Err("one of en, zh".to_owned()),
    }
}

/// Takes everything from flags and defaults.
///
/// # Errors
/// A default does not fit.
pub fn by_flags(given: &Arguments, dir: &Path) -> anyhow::Result<Asked> {
    resolve(given, dir, &mut Who::<std::io::Empty, std::io::Sink>::Nobody(Vec::new()))
}

/// Asks a person for what no flag says.
///
/// # Errors
/// The person is gone.
pub fn ask<R: BufRead, W: Write>(given: &Arguments, dir: &Path, person: &mut Person<R, W>) -> anyhow::Result<Asked> {
    let tongue = tongue(given);
    let how = say(
        &tongue,
        "An empty answer takes what stands in brackets. Nothing is written before the last question.\n",
        "直接回车即采用方括号中的内容。回答完最后一个问题之前不会写入任何文件。\n",
    );
    person.tell(how)?;
    resolve(given, dir, &mut Who::Person(person))
}

/// Whoever answers what no flag says.
enum Who<'a, R, W> {
    /// A person on a terminal.
    Person(&'a mut Person<R, W>),
    /// Nobody: the flags that would have been needed.
    Nobody(Vec<&'static str>),
}

impl<R: BufRead, W: Write> Who<'_, R, W> {
    /// The answer to one question. `default` is what most people want; empty where there is no such thing. `guess` is offered to a
    /// person only.
    fn say<T>(
        &mut self,
        flag: &'static str,
        question: &str,
        default: &str,
        guess: &str,
        read: impl Fn(&str) -> Result<T, String>,
    ) -> anyhow::Result<Option<T>> {
        match self {
            Who::Person(person) => person.ask(question, if default.is_empty() { guess } else { default }, read).map(Some),
            Who::Nobody(missing) if default.is_empty() => {
                missing.push(flag);
                Ok(None)
            }
            Who::Nobody(_) => read(default).map(Some).map_err(|why| anyhow::anyhow!("{flag}: {why}")),
        }
    }

    fn tell(&mut self, words: impl std::fmt::Display) -> anyhow::Result<()> {
        match self {
            Who::Person(person) => person.tell(words),
            Who::Nobody(_) => Ok(()),
        }
    }
}

fn resolve<R: BufRead, W: Write>(given: &Arguments, dir: &Path, who: &mut Who<'_, R, W>) -> anyhow::Result<Asked> {
    let ask = |en: &str, zh: &str| say(&tongue(given), en, zh);
    let address = match &given.address {
        Some(address) => Some(address.clone()),
        None => who.say("--address", &ask("Support address that people write to", "支持邮箱的地址（大家写信的地址）"), "", "", address)?,
    };
    let domain = address.as_ref().map(|a| a.domain().to_owned());
    let known = provider::of(given.imap.iter().chain(&given.smtp).map(|host| host.name.as_str()), domain.as_deref());
    if let Some(provider) = known {
        who.tell(format_args!("  {}: {}", provider.name, ask(provider.note.0, provider.note.1)))?;
    }
    let domain = domain.unwrap_or_default();
    let ca_file = given.ca_file.as_deref().map(|file| within(dir, file)).transpose()?;
    let source = source(given, dir, who, known, &domain, ca_file.as_deref())?;
    let smtp = smtp(given, who, known, &domain, ca_file.as_deref())?;
    let user = match (&given.user, &address) {
        (Some(user), _) => user.clone(),
        (None, Some(address)) => who
            .say("--user", &ask("Login at the servers", "服务器的登录名"), address.as_str(), "", |text| Ok(text.to_owned()))?
            .unwrap_or_default(),
        (None, None) => String::new(),
    };
    let secret = secret(given, dir, who)?;
    let language = match &given.language {
        Some(language) => language.clone(),
        None => who
            .say("--language", &ask("Language of the desk, en or zh", "服务台的语言，en 或 zh"), machine_language(), "", language)?
            .unwrap_or_default(),
    };
    let name = match &given.name {
        Some(name) => name.clone(),
        None => {
            let default = say(&language, "IT Support", "IT 服务台");
            who.say(
                "--name",
                &ask("Name of the desk, which signs its mails", "服务台的名称（邮件落款）"),
                &default,
                "",
                |text| Ok(text.to_owned()),
            )?
            .unwrap_or(default)
        }
    };
    let zone = |text: &str| words(value::timezone(text));
    let timezone = match given.timezone {
        Some(timezone) => timezone,
        None => who.say("--timezone", &ask("Time zone", "时区"), machine_timezone().name(), "", zone)?.unwrap_or(Tz::UTC),
    };
    let agents = if given.agent.is_empty() { agents(given, who)? } else { given.agent.clone() };
    if let Who::Nobody(missing) = who
        && !missing.is_empty()
    {
        return Ok(Asked::Missing(std::mem::take(missing)));
    }
    // What is not there was counted as missing.
    let (Some(address), Some(source), Some(smtp)) = (address, source, smtp) else { return Ok(Asked::Missing(Vec::new())) };
    Ok(Asked::All(Box::new(Answers { address, source, smtp, user, secret, name, language, timezone, agents })))
}

fn source<R: BufRead, W: Write>(
    given: &Arguments,
    dir: &Path,
    who: &mut Who<'_, R, W>,
    known: Option<&Provider>,
    domain: &str,
    ca_file: Option<&Path>,
) -> anyhow::Result<Option<Source>> {
    let ask = |en: &str, zh: &str| say(&tongue(given), en, zh);
    if let Some(path) = &given.maildir {
        return Ok(Some(Source::Maildir(within(dir, path)?)));
    }
    let host = match (&given.imap, known) {
        (Some(host), _) => Some(host.clone()),
        (None, Some(provider)) => Some(Host { name: provider.imap.0.to_owned(), port: Some(provider.imap.1) }),
        (None, None) => who.say(
            "--imap",
            &ask("IMAP server, HOST or HOST:PORT", "IMAP 服务器，写作 主机 或 主机:端口"),
            "",
            &format!("imap.{domain}"),
            Host::from_str,
        )?,
    };
    let Some(host) = host else { return Ok(None) };
    let usual = match host.port {
        Some(143) => Tls::Starttls,
        _ => Tls::Implicit,
    };
    let tls = encryption(
        given.imap_tls,
        known.is_some(),
        usual,
        "--imap-tls",
        &ask("Encryption of IMAP, implicit, starttls or none", "IMAP 的加密方式：implicit、starttls 或 none"),
        who,
    )?;
    let port = host.port.unwrap_or(if tls == Tls::Implicit { 993 } else { 143 });
    Ok(Some(Source::Imap(Server { host: host.name, port, tls, ca_file: ca_file.map(Path::to_owned), login: true })))
}

fn smtp<R: BufRead, W: Write>(
    given: &Arguments,
    who: &mut Who<'_, R, W>,
    known: Option<&Provider>,
    domain: &str,
    ca_file: Option<&Path>,
) -> anyhow::Result<Option<Server>> {
    let ask = |en: &str, zh: &str| say(&tongue(given), en, zh);
    let host = match (&given.smtp, known) {
        (Some(host), _) => Some(host.clone()),
        (None, Some(provider)) => Some(Host { name: provider.smtp.0.to_owned(), port: Some(provider.smtp.1) }),
        (None, None) => who.say(
            "--smtp",
            &ask("SMTP server, HOST or HOST:PORT", "SMTP 服务器，写作 主机 或 主机:端口"),
            "",
            &format!("smtp.{domain}"),
            Host::from_str,
        )?,
    };
    let Some(host) = host else { return Ok(None) };
    // A mail server of this machine takes mail from it as it is.
    let here = ["localhost", "127.0.0.1", "::1"].contains(&host.name.as_str()) && matches!(host.port, None | Some(25));
    let usual = match host.port {
        _ if here => Tls::None,
        Some(587 | 25) => Tls::Starttls,
        _ => Tls::Implicit,
    };
    let tls = encryption(
        given.smtp_tls,
        known.is_some() || here,
        usual,
        "--smtp-tls",
        &ask("Encryption of SMTP, implicit, starttls or none", "SMTP 的加密方式：implicit、starttls 或 none"),
        who,
    )?;
    let port = host.port.unwrap_or(match tls {
        Tls::Implicit => 465,
        Tls::Starttls => 587,
        Tls::None => 25,
    });
    let ca_file = ca_file.filter(|_| tls != Tls::None).map(Path::to_owned);
    Ok(Some(Server { host: host.name, port, tls, ca_file, login: !here || given.user.is_some() }))
}

/// Nobody is asked where the usual kind is certain.
fn encryption<R: BufRead, W: Write>(
    given: Option<Tls>,
    certain: bool,
    usual: Tls,
    flag: &'static str,
    question: &str,
    who: &mut Who<'_, R, W>,
) -> anyhow::Result<Tls> {
    match given {
        Some(tls) => Ok(tls),
        None if certain => Ok(usual),
        None => Ok(who.say(flag, question, tls_word(usual), "", tls)?.unwrap_or(usual)),
    }
}

fn secret<R: BufRead, W: Write>(given: &Arguments, dir: &Path, who: &mut Who<'_, R, W>) -> anyhow::Result<Secret> {
    let ask = |en: &str, zh: &str| say(&tongue(given), en, zh);
    if let Some(file) = &given.password_file {
        return Ok(Secret::File(within(dir, file)?));
    }
    if let Some(variable) = &given.password_env {
        return Ok(Secret::Env(variable.clone()));
    }
    const USUAL: &str = "POSTDESK_PASSWORD";
    let question = ask(
        "Where the password is: a variable's name, or a file's path with a slash in it (./password)",
        "密码放在哪里：环境变量名，或带斜杠的文件路径（./password）",
    );
    let read = |text: &str| match text.contains('/') {
        true => within(dir, Path::new(text)).map(Secret::File).map_err(|error| error.to_string()),
        false => words(value::variable(text)).map(Secret::Env),
    };
    Ok(who.say("--password-env", &question, USUAL, "", read)?.unwrap_or_else(|| Secret::Env(USUAL.to_owned())))
}

fn agents<R: BufRead, W: Write>(given: &Arguments, who: &mut Who<'_, R, W>) -> anyhow::Result<Vec<Member>> {
    let ask = |en: &str, zh: &str| say(&tongue(given), en, zh);
    let shape = ask("HANDLE,NAME,ADDRESS, with ,lead behind it for a lead", "代号,姓名,邮箱地址；组长在后面加 ,lead");
    let first = format!("{}{shape}", ask("First agent: ", "第一位处理人："));
    let mut agents: Vec<Member> = Vec::new();
    agents.extend(who.say("--agent", &first, "", "", Member::from_str)?);
    let more = ask("Next agent; empty when these are all", "下一位处理人；没有了就直接回车");
    while let Who::Person(person) = who {
        let next = person.ask(&more, "", |text| match text {
            "" => Ok(None),
            text => Member::from_str(text).map(Some),
        })?;
        match next {
            Some(agent) => agents.push(agent),
            None => break,
        }
    }
    Ok(agents)
}

/// A path as the config has it: from the desk's directory where the file lies in it, else whole.
fn within(dir: &Path, path: &Path) -> anyhow::Result<PathBuf> {
    let whole = std::path::absolute(path)?;
    Ok(whole.strip_prefix(dir).map(Path::to_owned).unwrap_or(whole))
}

/// In what language the questions are asked.
fn tongue(given: &Arguments) -> String {
    given.language.clone().unwrap_or_else(|| machine_language().to_owned())
}

/// Of the person who types, as POSIX names it.
fn machine_language() -> &'static str {
    let set = |name: &str| std::env::var(name).ok().filter(|value| !value.is_empty());
    let language = set("LC_ALL").or_else(|| set("LC_MESSAGES")).or_else(|| set("LANG"));
    if language.is_some_and(|language| is_chinese(&language)) { "zh" } else { "en" }
}

/// Of this machine, by the link that systemd and most others keep.
fn machine_timezone() -> Tz {
    let link = std::fs::read_link("/etc/localtime").unwrap_or_default();
    let name = link.to_string_lossy().split_once("zoneinfo/").map(|(_, name)| name.to_owned());
    name.and_then(|name| name.parse().ok()).filter(|zone| *zone != Tz::Etc__UTC).unwrap_or(Tz::UTC)
}

#[cfg(test)]
mod tests {
    use clap::Parser;

    use super::*;

    #[derive(Parser)]
    struct Line {
        #[command(flatten)]
        arguments: Arguments,
    }

    fn flags(line: &str) -> Arguments {
        Line::try_parse_from(["init", "/desk"].into_iter().chain(line.split_whitespace())).unwrap().arguments
    }

    fn answers(asked: Asked) -> Answers {
        match asked {
            Asked::All(answers) => *answers,
            Asked::Missing(flags) => panic!("{flags:?} is missing"),
        }
    }

    #[test]
    fn hosts_and_agents_are_read() {
        let host = |name: &str, port| Ok(Host { name: name.to_owned(), port });
        for (text, expected) in [
            ("imap.example.com", host("imap.example.com", None)),
            ("imap.example.com:993", host("imap.example.com", Some(993))),
            ("::1", host("::1", None)),
            ("[::1]:993", host("::1", Some(993))),
        ] {
            assert_eq!(text.parse::<Host>(), expected);
        }
        for wrong in ["", ":993", "imap.example.com:", "imap.example.com:0", "imaps://imap.example.com", "a b", "[::1]993"] {
            assert!(wrong.parse::<Host>().is_err(), "{wrong}");
        }
        let li: Member = "li，李伟，li@example.com，lead".parse().unwrap();
        assert_eq!((li.handle.as_str(), li.name.as_str(), li.lead), ("li", "李伟", true));
        assert_eq!("li,,li@example.com".parse::<Member>().unwrap().name, "li");
        assert!(
            "li,Li,li@example.com,Lead".parse::<Member>().unwrap().lead && !"li,Li,li@example.com,agent".parse::<Member>().unwrap().lead
        );
        for wrong in ["li", "li,Li Wei", "Li Wei,Li,li@example.com", "li,Li,li@example.com,boss", "li,Li,example.com", ",Li,li@example.com"]
        {
            assert!(wrong.parse::<Member>().is_err(), "{wrong}");
        }
    }

    #[test]
    fn servers_follow_from_provider_port_and_place() {
        for (line, imap, smtp) in [
            ("--address it@qq.com", ("imap.qq.com", 993, Tls::Implicit), ("smtp.qq.com", 465, Tls::Implicit, true)),
            ("--address it@hotmail.com", ("outlook.office365.com", 993, Tls::Implicit), ("smtp.office365.com", 587, Tls::Starttls, true)),
            (
                "--address it@example.com --imap imap.exmail.qq.com",
                ("imap.exmail.qq.com", 993, Tls::Implicit),
                ("smtp.exmail.qq.com", 465, Tls::Implicit, true),
            ),
            (
                "--address it@example.com --imap mx.example.com:143 --smtp mx.example.com:587",
                ("mx.example.com", 143, Tls::Starttls),
                ("mx.example.com", 587, Tls::Starttls, true),
            ),
            (
                "--address it@example.com --imap mx.example.com --smtp localhost",
                ("mx.example.com", 993, Tls::Implicit),
                ("localhost", 25, Tls::None, false),
            ),
            (
                "--address it@example.com --imap localhost:1993 --smtp localhost:1465",
                ("localhost", 1993, Tls::Implicit),
                ("localhost", 1465, Tls::Implicit, true),
            ),
        ] {
            let answers = answers(by_flags(&flags(&format!("{line} --agent li,Li,li@example.com")), Path::new("/desk")).unwrap());
            let Source::Imap(found) = &answers.source else { panic!("{:?}", answers.source) };
            assert_eq!((found.host.as_str(), found.port, found.tls), imap, "{line}");
            let to = &answers.smtp;
            assert_eq!((to.host.as_str(), to.port, to.tls, to.login), smtp, "{line}");
        }
    }

    #[test]
    fn what_is_missing_is_named() {
        for (line, expected) in [
            ("", &["--address", "--imap", "--smtp", "--agent"][..]),
            ("--address it@example.com", &["--imap", "--smtp", "--agent"]),
            ("--address it@gmail.com", &["--agent"]),
            ("--maildir /var/mail/it --agent li,Li,li@example.com", &["--address", "--smtp"]),
        ] {
            match by_flags(&flags(line), Path::new("/desk")).unwrap() {
                Asked::Missing(missing) => assert_eq!(missing, expected, "{line}"),
                Asked::All(answers) => panic!("{answers:?}"),
            }
        }
    }

    #[test]
    fn a_person_is_asked_for_the_rest() {
        let typed = "support@example.com\n\nmail.example.com:587\n\n\n./desk/password\nzh\n\nAsia/Shanghai\nli,李伟\nli,李伟,li@example.com,lead\n\n";
        let mut said = Vec::new();
        let dir = std::path::absolute("desk").unwrap();
        let asked = ask(&flags("--imap-tls implicit"), &dir, &mut Person::new(typed.as_bytes(), &mut said)).unwrap();
        let said = String::from_utf8(said).unwrap();
        let answers = answers(asked);
        assert_eq!(answers.secret, Secret::File("password".into()), "{said}");
        assert_eq!(
            (answers.name.as_str(), answers.timezone.name(), answers.user.as_str()),
            ("IT 服务台", "Asia/Shanghai", "support@example.com")
        );
        assert_eq!((answers.smtp.port, answers.smtp.tls, answers.agents.len()), (587, Tls::Starttls, 1));
        assert!(said.contains("IMAP server, HOST or HOST:PORT [imap.example.com]: "), "{said}");
        assert!(said.contains("is no agent"), "{said}");
    }

    #[test]
    fn a_person_is_asked_in_his_language() {
        let typed = "it@qq.com\n\n\n\n\nli，李伟，li@example.com，lead\n\n";
        let mut said = Vec::new();
        let asked = ask(&flags("--language zh"), Path::new("/desk"), &mut Person::new(typed.as_bytes(), &mut said)).unwrap();
        let said = String::from_utf8(said).unwrap();
        for words in ["直接回车", "支持邮箱的地址", "授权码", "密码放在哪里", "服务台的名称", "时区", "第一位处理人", "下一位处理人"]
        {
            assert!(said.contains(words), "{words}\n{said}");
        }
        assert_eq!(answers(asked).agents.len(), 1);
    }
}
