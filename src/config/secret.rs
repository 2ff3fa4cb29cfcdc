//! Passwords and tokens: named in the config, fetched when a connection needs them, never written anywhere (promise 14).

use std::fmt;
use std::path::{Path, PathBuf};

use anyhow::{Context, bail};
use chrono::{DateTime, Utc};

use super::shell;
use crate::sasl::{AccessToken, Proof};

/// Where a secret comes from.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Secret {
    /// `password_env`: an environment variable.
    Env(String),
    /// `password_file`: a file with one line.
    File(PathBuf),
    /// `password_command`: a command for `sh -c` that prints one line.
    Command(String),
    /// `token_command`: a command that prints an OAuth 2 access token for XOAUTH2.
    Token(String),
}

/// A secret in clear text. Neither `Debug` nor `Display` shows it.
#[derive(Clone, PartialEq, Eq)]
pub struct Revealed(String);

impl Revealed {
    /// The secret itself; hand it to the server and to nobody else.
    pub fn expose(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Revealed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Revealed(…)")
    }
}

impl Secret {
    /// What it proves a login with.
    pub fn proof(&self) -> Proof {
        if matches!(self, Secret::Token(_)) { Proof::Token } else { Proof::Password }
    }

    /// The key by which the config names it.
    pub fn key(&self) -> &'static str {
        match self {
            Secret::Env(_) => "password_env",
            Secret::File(_) => "password_file",
            Secret::Command(_) => "password_command",
            Secret::Token(_) => "token_command",
        }
    }

    /// Key and value, as the config has them.
    fn place(&self) -> String {
        match self {
            Secret::Env(name) => format!("{}: the variable {name}", self.key()),
            Secret::File(path) => format!("{}: {}", self.key(), path.display()),
            Secret::Command(command) | Secret::Token(command) => format!("{}: `{command}`", self.key()),
        }
    }

    /// Runs a `token_command`. Blocks up to 30 seconds.
    ///
    /// # Errors
    /// As those of [`Secret::resolve`]; it is no token.
    pub fn token(&self, now: DateTime<Utc>) -> anyhow::Result<AccessToken> {
        let Secret::Token(command) = self else { bail!("{} gives a password, not a token", self.key()) };
        let printed = shell::run(command, "").with_context(|| format!("token_command: `{command}`"))?;
        AccessToken::read(&printed, now).map_err(|why| anyhow::anyhow!("token_command: `{command}`: {why}"))
    }

    /// Fetches the secret. Blocks, for a command up to 30 seconds: call it where blocking is allowed. Fetch again after a refused
    /// login, since files change and tokens expire.
    ///
    /// # Errors
    /// A sentence for the operator with the remedy. It may show what a command printed to stderr, never what it printed to stdout.
    pub fn resolve(&self) -> anyhow::Result<Revealed> {
        let text = match self {
            Secret::Env(name) => std::env::var(name).map_err(|e| match e {
                std::env::VarError::NotPresent => {
                    anyhow::anyhow!("password_env: the variable {name} is not set for this process; set it in its unit or shell")
                }
                std::env::VarError::NotUnicode(_) => anyhow::anyhow!("password_env: the variable {name} is not UTF-8"),
            })?,
            Secret::File(path) => std::fs::read_to_string(path)
                .with_context(|| format!("password_file: cannot read {}; does it exist, may this user read it?", path.display()))?,
            Secret::Command(command) => {
                shell::run(command, "").with_context(|| format!("{}; try it in a shell, as the desk's user", self.place()))?
            }
            Secret::Token(_) => return Ok(Revealed(self.token(Utc::now())?.text)),
        };
        let line = text.trim_end_matches(['\r', '\n']);
        if line.is_empty() {
            bail!("{}: nothing is in it; put the password there, on one line", self.place());
        }
        if line.contains(['\r', '\n', '\0']) {
            bail!("{}: more than one line; leave the password alone there, with a command for example by `| head -n 1`", self.place());
        }
        Ok(Revealed(line.to_owned()))
    }
}

/// Others than the owner's group may read this file.
pub(super) fn is_world_readable(path: &Path) -> bool {
    use std::os::unix::fs::PermissionsExt;
    std::fs::metadata(path).is_ok_and(|m| m.permissions().mode() & 0o004 != 0)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn command(text: &str) -> Secret {
        Secret::Command(text.into())
    }

    #[test]
    fn secrets_lose_their_line_end_and_are_not_shown() {
        let dir = std::env::temp_dir().join(format!("postdesk-secret-{}", std::process::id()));
        std::fs::create_dir_all(&dir).unwrap();
        let file = dir.join("password");
        std::fs::write(&file, "geheim 密码 \r\n").unwrap();
        let revealed = Secret::File(file.clone()).resolve().unwrap();
        assert_eq!(revealed.expose(), "geheim 密码 ");
        assert_eq!(format!("{revealed:?}"), "Revealed(…)");
        assert_eq!(command("echo hunter2").resolve().unwrap().expose(), "hunter2");
        assert!(Secret::Env("PATH".into()).resolve().is_ok());
        std::fs::write(&file, "\n").unwrap();
        assert!(Secret::File(file).resolve().unwrap_err().to_string().contains("nothing is in it"));
        std::fs::remove_dir_all(&dir).unwrap();
    }

    #[test]
    fn errors_show_stderr_and_never_stdout() {
        for (text, says) in [
            ("echo hunter2; echo 'no such entry' >&2; exit 3", "no such entry"),
            ("echo hunter2; exit 1", "said nothing"),
            ("printf 'hunter2\\nuser: li\\n'", "more than one line"),
            ("true", "nothing is in it"),
            ("printf '\\377hunter2'", "not UTF-8"),
        ] {
            let error = format!("{:#}", command(text).resolve().unwrap_err());
            assert!(error.contains(says), "{text}: {error}");
            assert!(!error.replace(text, "").contains("hunter2"), "{error}");
        }
        let error = Secret::Env("POSTDESK_SURELY_UNSET".into()).resolve().unwrap_err().to_string();
        assert!(error.contains("POSTDESK_SURELY_UNSET is not set"), "{error}");
    }
}
