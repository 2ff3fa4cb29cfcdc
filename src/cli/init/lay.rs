//! The files of a new desk: their texts, in the desk's language, and how they get into its directory.

use std::io::ErrorKind;
use std::path::Path;

use anyhow::Context;
use toml::Value;

use super::answers::{Answers, Server, Source, tls_word};
use crate::cli::count;
use crate::config::provider::{self, Provider};
use crate::config::{self, Config, Secret};
use crate::domain::canned;
use crate::domain::language::is_chinese;
use crate::domain::notify::say;
use crate::domain::rules::RuleSet;
use crate::kb;
use crate::mail::templates::Templates;

const UNIT: &str = include_str!("postdesk.service");
const FIRST_STEPS: (&str, &str) = (include_str!("first-steps.en.md"), include_str!("first-steps.zh.md"));

/// What was written and what was there already.
#[derive(Debug, Default)]
pub struct Written {
    /// Files of each kind, in the order of writing.
    new: Vec<(&'static str, usize)>,
    kept: usize,
}

impl Written {
    /// `7 rules, 26 templates and postdesk.service written; 3 files were there already`.
    pub fn sentence(&self) -> String {
        let kinds: Vec<String> = self.new.iter().map(|(kind, n)| if *n > 1 { format!("{n} {kind}") } else { (*kind).to_owned() }).collect();
        let new = if kinds.is_empty() { "nothing was missing".to_owned() } else { format!("{} written", kinds.join(", ")) };
        if self.kept == 0 { new } else { format!("{new}; {} there already", count(self.kept, "file")) }
    }
}

/// The page that says how to go on.
pub fn first_steps(language: &str) -> &'static str {
    if is_chinese(language) { "入门.md" } else { "FIRST-STEPS.md" }
}

/// The provider that a config's servers belong to.
pub fn provider_of(config: &Config) -> Option<&'static Provider> {
    let mailbox = config.mailboxes.first()?;
    let mut hosts = Vec::new();
    if let config::Source::Imap(account) = &mailbox.source {
        hosts.push(account.host.as_str());
    }
    if let config::Delivery::Smtp(account) = &mailbox.delivery {
        hosts.push(account.host.as_str());
    }
    provider::of(hosts, None)
}

/// The text of `config.toml`: what was asked, and where to read on.
pub fn config(answers: &Answers) -> String {
    let say = |en: &str, zh: &str| say(&answers.language, en, zh);
    let mut parts = vec![
        say(
            "# A desk of Postdesk. After a change type:  postdesk check\n\
             # All other settings, with their defaults: config.example.toml and docs/operators.md in Postdesk's source.\n\
             # Relative paths start at this file's directory. A password never stands in here.",
            "# Postdesk 服务台的配置。修改后请运行：postdesk check\n\
             # 其他设置及默认值见 Postdesk 源码中的 config.example.toml 和 docs/operators.md。\n\
             # 相对路径以本文件所在目录为起点。密码不写在这里。",
        ),
        format!(
            "[desk]\nname = {}\nlanguage = {}\ntimezone = {}",
            quoted(&answers.name),
            quoted(&answers.language),
            quoted(answers.timezone.name())
        ),
        format!(
            "[[mailbox]]\nname = \"support\"\naddress = {}\nstart = \"now\"    # {}",
            quoted(answers.address.as_str()),
            say(
                "mail that is there already is left alone; or \"all\", or a date",
                "只处理今后的来信；也可写 \"all\" 或日期，旧邮件一律不自动回复"
            )
        ),
    ];
    parts.push(match &answers.source {
        Source::Imap(server) => format!("[mailbox.source]\nkind = \"imap\"\n{}", account(server, answers)),
        Source::Maildir(path) => format!("[mailbox.source]\nkind = \"maildir\"\npath = {}", quoted_path(path)),
    });
    parts.push(format!("[delivery]\nkind = \"smtp\"\n{}", account(&answers.smtp, answers)));
    for agent in &answers.agents {
        parts.push(format!(
            "[[agent]]\nhandle = {}\nname = {}\naddress = {}{}",
            quoted(&agent.handle),
            quoted(&agent.name),
            quoted(agent.address.as_str()),
            if agent.lead { "\nrole = \"lead\"" } else { "" }
        ));
    }
    let summary = "[[summary]]\nname = \"daily\"\nschedule = \"0 8 * * 1-5\"";
    parts.push(if answers.agents.iter().any(|agent| agent.lead) {
        format!("{}\n{summary}", say("# To every lead, at 08:00 from Monday to Friday.", "# 周一至周五 08:00 发给每位组长。"))
    } else {
        let why = say(
            "# A summary for leads: give an agent  role = \"lead\" , then take the # away.",
            "# 给组长的汇总：先为某位处理人写上 role = \"lead\"，再去掉 #。",
        );
        format!("{why}\n#{}", summary.replace('\n', "\n#"))
    });
    let promise = say(
        "# Take the # away, and the acknowledgment promises by when a person answers. Name times that you can keep.",
        "# 去掉下面的 #，回执就会写明工作人员最迟何时回复。请填写确实能做到的时限。",
    );
    parts.push(format!(
        "{promise}\n#[calendar]\n#hours = [\"mon-fri 09:00-12:00\", \"mon-fri 13:00-18:00\"]\n#\n{}",
        ["low", "normal", "high", "urgent"]
            .into_iter()
            .zip(["2d", "1d", "4h", "1h"])
            .map(|(priority, time)| format!("#[sla.{priority}]\n#first_response = \"{time}\""))
            .collect::<Vec<_>>()
            .join("\n#\n")
    ));
    parts.join("\n\n") + "\n"
}

/// Server and login.
fn account(server: &Server, answers: &Answers) -> String {
    let mut lines = vec![
        format!("host = {}", quoted(&server.host)),
        format!("port = {}", server.port),
        format!("tls = {}", quoted(tls_word(server.tls))),
    ];
    lines.extend(server.ca_file.as_ref().map(|file| format!("ca_file = {}", quoted_path(file))));
    if server.login {
        lines.push(format!("user = {}", quoted(&answers.user)));
        lines.push(match &answers.secret {
            Secret::Env(variable) => format!("password_env = {}", quoted(variable)),
            Secret::File(file) => format!("password_file = {}", quoted_path(file)),
            Secret::Command(command) | Secret::Token(command) => format!("{} = {}", answers.secret.key(), quoted(command)),
        });
    }
    lines.join("\n")
}

fn quoted(text: &str) -> String {
    Value::String(text.to_owned()).to_string()
}

fn quoted_path(path: &Path) -> String {
    quoted(&path.to_string_lossy())
}

/// Writes one file that is not there yet.
///
/// # Errors
/// It cannot be written.
pub fn file(dir: &Path, name: &str, text: &str) -> anyhow::Result<bool> {
    let path = dir.join(name);
    if let Some(parent) = path.parent() {
        std::fs::create_dir_all(parent)
            .with_context(|| format!("{} cannot be made; name a place where you may write", parent.display()))?;
    }
    match std::fs::File::create_new(&path).and_then(|mut file| std::io::Write::write_all(&mut file, text.as_bytes())) {
        Ok(()) => Ok(true),
        Err(error) if error.kind() == ErrorKind::AlreadyExists => Ok(false),
        Err(error) => Err(error).with_context(|| format!("writing {}", path.display())),
    }
}

/// Writes everything that belongs beside a config, as far as it is not there.
///
/// # Errors
/// Something cannot be written.
pub fn beside(dir: &Path, config: &Config) -> anyhow::Result<Written> {
    let rules = RuleSet::builtin_files();
    let templates = Templates::builtin_files().into_iter().chain(canned::builtin_files()).map(|(name, text)| (name, text.to_owned()));
    let articles = kb::BUILT_IN.iter().map(|(name, text)| (format!("kb/{name}"), (*text).to_owned()));
    let steps = first_steps(&config.desk.language);
    let kinds: [(&'static str, Vec<(String, String)>); 6] = [
        ("rule files", rules),
        ("templates", templates.collect()),
        ("articles", articles.collect()),
        ("postdesk.service", vec![("postdesk.service".to_owned(), unit(dir, config)?)]),
        (".gitignore", vec![(".gitignore".to_owned(), ignored(config))]),
        (steps, vec![(steps.to_owned(), page(dir, config)?)]),
    ];
    let mut written = Written::default();
    for (kind, files) in kinds {
        let mut new = 0;
        for (name, text) in files {
            match file(dir, &name, &text)? {
                true => new += 1,
                false => written.kept += 1,
            }
        }
        if new > 0 {
            written.new.push((kind, new));
        }
    }
    Ok(written)
}

/// What must not get into version control.
fn ignored(config: &Config) -> String {
    let base = &config.directories.base;
    let below = |path: &Path| path.strip_prefix(base).ok().map(|path| format!("/{}\n", path.display()));
    let mut lines = below(&config.data).map(|data| data.replace('\n', "/\n")).unwrap_or_default() + "/password.env\n";
    if let Some(Secret::File(file)) = secret_of(config) {
        lines += &below(&file).unwrap_or_default();
    }
    lines
}

fn secret_of(config: &Config) -> Option<Secret> {
    let mailbox = config.mailboxes.first()?;
    match (&mailbox.source, &mailbox.delivery) {
        (config::Source::Imap(account), _) => Some(account.secret.clone()),
        (_, config::Delivery::Smtp(account)) => account.secret.clone(),
        _ => None,
    }
}

/// The systemd unit. Where the directory lies in somebody's home or in /tmp, the unit cannot hide these.
fn unit(dir: &Path, config: &Config) -> anyhow::Result<String> {
    let in_any = |places: &[&str]| places.iter().any(|place| dir.starts_with(place));
    let yes = |on: bool| (if on { "yes" } else { "no" }).to_owned();
    let mut writable = vec![dir.to_owned()];
    for mailbox in &config.mailboxes {
        if let config::Source::Maildir { path } = &mailbox.source {
            writable.push(path.clone());
        }
    }
    let writable: Vec<String> = writable.iter().map(|path| for_systemd(path, true)).collect();
    Ok(filled(
        UNIT,
        &[
            ("user", user()),
            ("dir", for_systemd(dir, false)),
            ("program", for_systemd(&std::env::current_exe().context("this program's own path")?, true)),
            ("config", for_systemd(&config.file, true)),
            ("protect_home", yes(!in_any(&["/home", "/root", "/run/user"]))),
            ("private_tmp", yes(!in_any(&["/tmp", "/var/tmp"]))),
            ("writable", writable.join(" ")),
        ],
    ))
}

/// The user of the service where root lays the desk out.
const SERVICE_USER: &str = "postdesk";

/// The user that the service runs as: the one who lays the desk out, but never root.
fn user() -> String {
    let user = std::env::var("USER").or_else(|_| std::env::var("LOGNAME")).unwrap_or_default();
    if user.is_empty() || user == "root" { SERVICE_USER.to_owned() } else { user }
}

/// systemd.syntax(7), systemd.service(5): `%` begins a specifier, `$` a variable; quotes where a value may hold several words.
fn for_systemd(path: &Path, quotes: bool) -> String {
    let text = path.to_string_lossy().replace('%', "%%");
    let plain = text.chars().all(|c| c.is_alphanumeric() || "/._-%+@:,".contains(c));
    match quotes && !plain {
        true => format!("\"{}\"", text.replace('\\', "\\\\").replace('"', "\\\"").replace('$', "$$")),
        false => text,
    }
}

/// The page of first steps, every command as it is to be typed.
fn page(dir: &Path, config: &Config) -> anyhow::Result<String> {
    let language = config.desk.language.as_str();
    let say = |en: &str, zh: &str| say(language, en, zh);
    let address = config.mailboxes.first().map(|mailbox| mailbox.address.to_string()).unwrap_or_default();
    let note = provider_of(config)
        .map_or_else(String::new, |p| say(&format!("\n{}: {}.\n", p.name, p.note.0), &format!("\n{}：{}。\n", p.name, p.note.1)));
    let user = user();
    // Whoever lays it out for himself is there already, and may write.
    let lines = format!(
        "    sudo useradd --system --home-dir {0} --shell /usr/sbin/nologin {user}\n    sudo chown -R {user}: {0}\n\n",
        shell(&dir.display().to_string())
    );
    let service_user = if user == SERVICE_USER {
        say("The user, where there is none yet, and the directory as his own:\n\n", "新建该用户（如果还没有），并把目录交给他：\n\n")
            + &lines
    } else {
        String::new()
    };
    // Beside the directory, which may be under version control.
    let backup = dir.with_file_name(format!("{}-backup", dir.file_name().unwrap_or_default().to_string_lossy()));
    Ok(filled(
        if is_chinese(language) { FIRST_STEPS.1 } else { FIRST_STEPS.0 },
        &[
            ("address", address),
            ("dir", shell(&dir.display().to_string())),
            ("postdesk", shell(&program()?)),
            ("note", note),
            ("password", password(config, &say)),
            ("user", user),
            ("service_user", service_user),
            ("backup", shell(&backup.display().to_string())),
        ],
    ))
}

/// How to put the password where the config says.
fn password(config: &Config, say: &impl Fn(&str, &str) -> String) -> String {
    match secret_of(config) {
        Some(Secret::Env(variable)) => format!(
            // Quoted for the shell and for systemd alike, whatever stands in a password.
            "    (umask 077; read -rsp 'Password: ' p; printf '{variable}=\"%s\"\\n' \"$(printf %s \"$p\" | sed 's/[\\\\\"$`]/\\\\&/g')\" > password.env)\n    set -a; . ./password.env; set +a\n\n{}",
            say(
                "The second line is needed in each new shell; the service reads `password.env` by itself. (In bash.)",
                "每个新的 shell 都要执行第二行；系统服务会自己读取 `password.env`。（以上命令用于 bash。）"
            )
        ),
        Some(Secret::File(file)) => format!(
            "    (umask 077; read -rsp 'Password: ' p; printf '%s\\n' \"$p\" > {})\n\n{}",
            shell(&file.display().to_string()),
            say(
                "(In bash.) It is read at each login: a new password needs no restart.",
                "（用于 bash。）每次登录时都会重新读取，更换密码无需重启。"
            )
        ),
        Some(Secret::Command(_) | Secret::Token(_)) | None => say("Nothing to do: no password is kept here.", "无需操作：这里不保存密码。"),
    }
}

/// The program as this shell finds it: by name where that leads to it, else by its path.
fn program() -> anyhow::Result<String> {
    let own = std::env::current_exe().context("this program's own path")?;
    let paths = std::env::var_os("PATH").unwrap_or_default();
    let by_name = std::env::split_paths(&paths).map(|dir| dir.join("postdesk")).find(|path| path.is_file());
    let same = by_name.and_then(|path| path.canonicalize().ok()).is_some_and(|path| own.canonicalize().is_ok_and(|own| own == path));
    Ok(if same { "postdesk".to_owned() } else { own.display().to_string() })
}

/// A word for a shell.
pub fn shell(word: &str) -> String {
    let plain = !word.is_empty() && word.chars().all(|c| c.is_alphanumeric() || "/._-+@:,=".contains(c));
    if plain { word.to_owned() } else { format!("'{}'", word.replace('\'', "'\\''")) }
}

/// `{name}` in a text, filled in once: what is filled in is not looked at again.
fn filled(text: &str, facts: &[(&str, String)]) -> String {
    let mut out = String::new();
    for (index, piece) in text.split('{').enumerate() {
        let fact = piece.split_once('}').filter(|_| index > 0).and_then(|(name, rest)| {
            let (_, value) = facts.iter().find(|(known, _)| *known == name)?;
            Some((value, rest))
        });
        match fact {
            Some((value, rest)) => out.extend([value.as_str(), rest]),
            None if index > 0 => out.extend(["{", piece]),
            None => out.push_str(piece),
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_keep_their_meaning_in_shell_and_unit() {
        for (word, in_shell, in_unit) in [
            ("/srv/desk", "/srv/desk", "/srv/desk"),
            ("/srv/服务台", "/srv/服务台", "/srv/服务台"),
            ("/srv/my desk", "'/srv/my desk'", "\"/srv/my desk\""),
            ("/srv/100%/it's", "'/srv/100%/it'\\''s'", "\"/srv/100%%/it's\""),
            ("/srv/$HOME", "'/srv/$HOME'", "\"/srv/$$HOME\""),
        ] {
            assert_eq!(shell(word), in_shell);
            assert_eq!(for_systemd(Path::new(word), true), in_unit);
        }
    }

    #[test]
    fn facts_are_filled_in_once() {
        let facts = [("a", "{b}".to_owned()), ("b", "2".to_owned())];
        assert_eq!(filled("{a} {b} {new,cur} {", &facts), "{b} 2 {new,cur} {");
    }
}
