//! Where a mailbox's mail comes from and where the desk's mail goes: servers, logins, TLS.

use std::path::{Path, PathBuf};
use std::time::Duration;

use toml::Spanned;

use super::secret::{Secret, is_world_readable};
use super::section::{Section, Trouble};
use super::{shell, value};
pub use crate::tls::Tls;

/// Where mail comes from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Source {
    /// A folder, or several, of an IMAP account.
    Imap(ImapAccount),
    /// A Maildir.
    Maildir {
        /// Its directory, with `new` and `cur`.
        path: PathBuf,
    },
}

/// `source = { kind = "imap", … }`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ImapAccount {
    /// Host name.
    pub host: String,
    /// Port.
    pub port: u16,
    /// Encryption.
    pub tls: Tls,
    /// A company's CA, PEM, beside the system's.
    pub ca_file: Option<PathBuf>,
    /// Login.
    pub user: String,
    /// Password or token.
    pub secret: Secret,
    /// Folders that are watched; never empty.
    pub folders: Vec<String>,
    /// How often the server is asked where it has no IDLE (RFC 2177).
    pub poll: Duration,
    /// IDLE is used where the server has it.
    pub idle: bool,
}

impl ImapAccount {
    /// Do both read one folder?
    pub(super) fn shares(&self, other: &ImapAccount) -> bool {
        let account = self.host.eq_ignore_ascii_case(&other.host) && self.port == other.port && self.user == other.user;
        account && other.folders.iter().any(|folder| self.watches(folder))
    }

    /// Is this folder among those that are read?
    pub(super) fn watches(&self, folder: &str) -> bool {
        self.folders.iter().any(|own| is_same_folder(own, folder))
    }
}

/// INBOX is one name however it is written; others are case-sensitive (RFC 3501 section 5.1).
fn is_same_folder(one: &str, other: &str) -> bool {
    one == other || [one, other].iter().all(|name| name.eq_ignore_ascii_case("INBOX"))
}

/// Where mail goes.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum Delivery {
    /// A submission server (RFC 6409).
    Smtp(SmtpAccount),
    /// A Maildir: each mail becomes a file.
    Maildir {
        /// Its directory.
        path: PathBuf,
    },
}

/// `[delivery] kind = "smtp"`.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct SmtpAccount {
    /// Host name.
    pub host: String,
    /// Port.
    pub port: u16,
    /// Encryption.
    pub tls: Tls,
    /// A company's CA, PEM, beside the system's.
    pub ca_file: Option<PathBuf>,
    /// Login; `None` where the server takes mail without one. Present exactly when `secret` is.
    pub user: Option<String>,
    /// Password or token.
    pub secret: Option<Secret>,
    /// Connections at once, 1 to 20.
    pub connections: u32,
    /// At most this many mails within this time.
    pub rate: Option<Rate>,
}

/// `rate = "60/1m"`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Rate {
    /// At most so many mails.
    pub mails: u32,
    /// Within this time.
    pub within: Duration,
}

/// What both kinds of server need.
struct Server {
    host: String,
    port: u16,
    tls: Tls,
    ca_file: Option<PathBuf>,
}

const TLS: &[(&str, Tls)] = &[("implicit", Tls::Implicit), ("starttls", Tls::Starttls), ("none", Tls::None)];

/// What a table of this kind speaks of.
#[derive(Clone, Copy)]
enum Kind {
    Server,
    Maildir,
}

/// Reads a mailbox's `source`. `base` is the config file's directory.
pub(super) fn source(mut section: Section<'_>, base: &Path) -> Option<Source> {
    let kinds = [("imap", Kind::Server), ("maildir", Kind::Maildir)];
    section.required("kind", "kind = \"imap\"  or  kind = \"maildir\"")?;
    let read = match section.choice("kind", &kinds)?.into_inner() {
        Kind::Maildir => {
            section.required("path", "path = \"/var/mail/support\"").map(|p| Source::Maildir { path: base.join(p.into_inner()) })
        }
        Kind::Server => imap(&mut section, base).map(Source::Imap),
    };
    section.finish();
    read
}

fn imap(section: &mut Section<'_>, base: &Path) -> Option<ImapAccount> {
    let server = server(section, base, [993, 143, 143], "imap.example.com");
    let user = section.required("user", "user = \"support@example.com\"");
    let secret = secret(section, base, true);
    let folders = folders(section);
    let poll = section.parsed("poll", value::positive_duration).and_then(|d| d.into_inner().to_std().ok());
    let idle = section.flag("idle").unwrap_or(true);
    let server = server?;
    Some(ImapAccount {
        host: server.host,
        port: server.port,
        tls: server.tls,
        ca_file: server.ca_file,
        user: user?.into_inner(),
        secret: secret?,
        folders: if folders.is_empty() { vec!["INBOX".into()] } else { folders },
        poll: poll.unwrap_or(Duration::from_secs(60)),
        idle,
    })
}

fn folders(section: &mut Section<'_>) -> Vec<String> {
    let mut folders: Vec<String> = Vec::new();
    for folder in section.list("folders") {
        if folders.iter().any(|known| is_same_folder(known, folder.get_ref())) {
            section.page.complain(folder.span(), format!("folder \"{}\" stands here twice", folder.get_ref()), "delete one of the two");
        }
        folders.push(folder.into_inner());
    }
    folders
}

/// Reads `[delivery]` or a mailbox's own `delivery`.
pub(super) fn delivery(mut section: Section<'_>, base: &Path) -> Option<Delivery> {
    let kinds = [("smtp", Kind::Server), ("maildir", Kind::Maildir)];
    section.required("kind", "kind = \"smtp\"  or  kind = \"maildir\"")?;
    let read = match section.choice("kind", &kinds)?.into_inner() {
        Kind::Maildir => section.required("path", "path = \"sent\"").map(|p| Delivery::Maildir { path: base.join(p.into_inner()) }),
        Kind::Server => smtp(&mut section, base).map(Delivery::Smtp),
    };
    section.finish();
    read
}

fn smtp(section: &mut Section<'_>, base: &Path) -> Option<SmtpAccount> {
    let server = server(section, base, [465, 587, 25], "smtp.example.com");
    let user = section.text("user");
    let secret = secret(section, base, user.is_some());
    if user.is_none() && secret.is_some() {
        let help = "add  user = \"support@example.com\" , or delete the password where the server wants no login";
        section.page.complain(section.header(), "there is a password, but no `user`", help);
    }
    let connections = section.number("connections", 1..=20).and_then(|n| u32::try_from(n.into_inner()).ok());
    let rate = section.parsed("rate", |text| match value::tier(text)? {
        (_, 0) => Err(Trouble::new("no mail would ever go out", "write how many within how long: \"60/1m\"")),
        (within, mails) => Ok(Rate { mails, within: within.to_std().unwrap_or(Duration::from_secs(1)) }),
    });
    let server = server?;
    Some(SmtpAccount {
        host: server.host,
        port: server.port,
        tls: server.tls,
        ca_file: server.ca_file,
        user: user.map(Spanned::into_inner),
        secret,
        connections: connections.unwrap_or(2),
        rate: rate.map(Spanned::into_inner),
    })
}

/// Host, port and encryption; `ports` are those of implicit TLS, STARTTLS and none.
fn server(section: &mut Section<'_>, base: &Path, ports: [u16; 3], example: &str) -> Option<Server> {
    let [implicit, starttls, plain] = ports;
    let host = section.required("host", &format!("host = \"{example}\""));
    let unwritten = (!section.has("tls")).then(|| Spanned::new(0..0, Tls::Implicit));
    let tls = section.choice("tls", TLS).or(unwritten);
    let port = section.number("port", 1..=65535);
    let allow_plaintext = section.flag("allow_plaintext").unwrap_or(false);
    let ca_file = section.text("ca_file").map(|file| (file.span(), base.join(file.into_inner())));
    if let Some((span, path)) = &ca_file
        && !path.is_file()
    {
        section.page.complain(
            span.clone(),
            format!("there is no file {}", path.display()),
            "write the path of a PEM file with the CA's certificate",
        );
    }
    if let Some(host) = &host
        && let Some(trouble) = host_trouble(host.get_ref())
    {
        section.page.complain(host.span(), format!("`host`: {}", trouble.message), trouble.help);
        return None;
    }
    let (host, tls) = (host?, tls?);
    if *tls.get_ref() == Tls::None && !is_loopback(host.get_ref()) && !allow_plaintext {
        section.page.complain(
            tls.span(),
            format!("password and mail would go to {} in clear text", host.get_ref()),
            "write tls = \"implicit\" or tls = \"starttls\"; if it must be, add  allow_plaintext = true",
        );
    }
    let usual = match tls.get_ref() {
        Tls::Implicit => implicit,
        Tls::Starttls => starttls,
        Tls::None => plain,
    };
    let number = port.as_ref().and_then(|p| u16::try_from(*p.get_ref()).ok()).unwrap_or(usual);
    if let Some(port) = &port {
        let hint = match tls.get_ref() {
            Tls::Implicit if number == starttls => Some("starttls"),
            Tls::Starttls if number == implicit => Some("implicit"),
            _ => None,
        };
        if let Some(hint) = hint {
            let help = format!("write tls = \"{hint}\", or delete `port` to take the usual {usual}");
            section.page.warn(port.span(), format!("port {number} usually speaks the other kind of TLS"), help);
        }
    }
    Some(Server { host: host.into_inner(), port: number, tls: tls.into_inner(), ca_file: ca_file.map(|(_, path)| path) })
}

/// A host is a name or an address, without scheme, port or path.
fn host_trouble(host: &str) -> Option<Trouble> {
    let bare = host.split_once("://").map_or(host, |(_, rest)| rest);
    if let Some((name, port)) = bare.trim_end_matches('/').rsplit_once(':')
        && !name.contains(':')
        && port.parse::<u16>().is_ok()
    {
        return Some(Trouble::new(format!("\"{host}\" holds a port"), format!("write host = \"{name}\" and port = {port}")));
    }
    if bare != host || host.contains(|c: char| c.is_whitespace() || "/@".contains(c)) {
        let name = bare.rsplit('@').next().unwrap_or(bare).trim_end_matches('/');
        return Some(Trouble::new(format!("\"{host}\" is no host name"), format!("write the name alone: host = \"{name}\"")));
    }
    None
}

/// Does this host never leave the machine?
fn is_loopback(host: &str) -> bool {
    let bare = host.trim_start_matches('[').trim_end_matches(']');
    bare.eq_ignore_ascii_case("localhost") || bare.parse::<std::net::IpAddr>().is_ok_and(|ip| ip.is_loopback())
}

/// The one secret of an account.
fn secret(section: &mut Section<'_>, base: &Path, needed: bool) -> Option<Secret> {
    const REMEDY: &str = "write one of  password_file = \"/etc/postdesk/password\" ,  password_env = \"POSTDESK_PASSWORD\" ,  \
                          password_command = \"pass show postdesk\" ,  token_command = \"…\" (OAuth 2)";
    const KEYS: [&str; 4] = ["password_env", "password_file", "password_command", "token_command"];
    let written: Vec<&str> = KEYS.into_iter().filter(|key| section.has(key)).collect();
    let env = section.parsed("password_env", value::variable);
    let file = section.text("password_file").map(|file| Spanned::new(file.span(), base.join(file.into_inner())));
    if let Some(env) = &env
        && std::env::var_os(env.get_ref()).is_none()
    {
        let help = "the desk needs it in its own environment when it runs; here nothing is wrong if another shell or unit sets it";
        section.page.warn(env.span(), "this variable is not set here", help);
    }
    if let Some(file) = &file {
        look_at_file(section, file);
    }
    let env = env.map(|s| Secret::Env(s.into_inner()));
    let file = file.map(|s| Secret::File(s.into_inner()));
    let command = section.text("password_command").map(|s| Secret::Command(s.into_inner()));
    let token = section.text("token_command").map(|s| Secret::Token(s.into_inner()));
    match written.as_slice() {
        [] if needed && !section.has("password") => section.page.complain(section.header(), "the account has no password", REMEDY),
        [_, second, ..] => {
            section.page.complain(
                section.key_span(second),
                format!("{} say the same thing twice", written.join(" and ")),
                "keep one of them",
            );
        }
        _ => {}
    }
    env.or(file).or(command).or(token)
}

/// A password file that is not there yet, or that everybody may read, is worth a warning: the desk may run on another machine.
fn look_at_file(section: &Section<'_>, file: &Spanned<PathBuf>) {
    let path = file.get_ref().display().to_string();
    if !file.get_ref().is_file() {
        section.page.warn(
            file.span(),
            format!("there is no file {path} here"),
            "the desk needs it when it runs; write the password into it",
        );
    } else if is_world_readable(file.get_ref()) {
        section.page.warn(
            file.span(),
            format!("everybody on this machine may read {path}"),
            format!("type  chmod 600 {}", shell::quoted(&path)),
        );
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hosts() {
        for (host, help) in [
            ("imaps://imap.desk.example", "host = \"imap.desk.example\""),
            ("imap.desk.example:993", "port = 993"),
            ("https://imap.desk.example:993/", "port = 993"),
            ("support@desk.example", "host = \"desk.example\""),
        ] {
            assert!(host_trouble(host).unwrap().help.contains(help), "{host}");
        }
        for good in ["imap.desk.example", "127.0.0.1", "::1", "邮局.example"] {
            assert_eq!(host_trouble(good), None, "{good}");
        }
        for (host, near) in [
            ("localhost", true),
            ("127.0.0.9", true),
            ("::1", true),
            ("[::1]", true),
            ("10.0.0.1", false),
            ("localhost.evil.example", false),
        ] {
            assert_eq!(is_loopback(host), near, "{host}");
        }
    }
}
