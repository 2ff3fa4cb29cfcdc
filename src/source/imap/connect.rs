//! From a host name to a session that is logged in: TCP, TLS (implicit or STARTTLS), greeting, login.

use std::fmt;
use std::io::ErrorKind;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use anyhow::Context as _;
use async_imap::imap_proto::{Capability, Response, Status};
use async_imap::{Authenticator, Client, error::Error};
use tokio::io::{AsyncRead, AsyncWrite, AsyncWriteExt as _, BufStream};
use tokio::net::TcpStream;
use tokio::time::timeout;

use super::session::Session;
use super::{Account, Tls};
use crate::sasl::{self, Proof};
use crate::tls;

/// TCP, TLS and login take this long at most, each.
const PATIENCE: Duration = Duration::from_secs(30);

/// Anything that bytes go over.
pub(super) trait Wire: AsyncRead + AsyncWrite + fmt::Debug + Unpin + Send {}
impl<T: AsyncRead + AsyncWrite + fmt::Debug + Unpin + Send> Wire for T {}

/// Buffered, because async-imap writes a command in four pieces.
pub(super) type Stream = BufStream<Box<dyn Wire>>;

/// The server said no to something that a person has to mend: the login, the folder.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
pub(super) struct Refused(pub String);

/// The password or token could not be had; the words name the remedy.
#[derive(Debug, thiserror::Error)]
#[error("the {} cannot be had", match .0 { Proof::Password => "password", Proof::Token => "access token" })]
pub(super) struct NoPassword(Proof);

/// Connects and logs in.
///
/// # Errors
/// [`Refused`] when the server does not take the login; anything else passes by itself.
pub(super) async fn connect(account: &Account) -> anyhow::Result<Session> {
    let address = format!("{}:{}", account.host, account.port);
    let tcp = in_time("the connection", TcpStream::connect((account.host.as_str(), account.port)))
        .await?
        .with_context(|| format!("no connection to {address}"))?;
    tcp.set_nodelay(true)?;
    let client = in_time("the greeting", client(account, tcp)).await.map_err(|error| hinted(account, error))??;
    let secret = secret(account).await?;
    let session = match account.proof {
        Proof::Password => in_time("the answer to the login", login(account, client, &secret)).await??,
        Proof::Token => in_time("the answer to the login", present(account, client, &secret)).await??,
    };
    Session::new(session).await
}

/// # Errors
/// It took too long.
async fn in_time<T>(what: &str, work: impl Future<Output = T>) -> anyhow::Result<T> {
    timeout(PATIENCE, work).await.map_err(|_| anyhow::anyhow!("{what} did not come within {} s", PATIENCE.as_secs()))
}

/// A server that waits for TLS says nothing.
fn hinted(account: &Account, error: anyhow::Error) -> anyhow::Error {
    if account.tls == Tls::Implicit { error } else { anyhow::anyhow!("{error} (if this port is for TLS, set tls = \"implicit\")") }
}

async fn client(account: &Account, tcp: TcpStream) -> anyhow::Result<Client<Stream>> {
    match account.tls {
        Tls::Implicit => {
            let mut client = Client::new(buffered(encrypt(account, tcp).await?));
            greeting(&mut client).await?;
            Ok(client)
        }
        Tls::Starttls => {
            let mut client = Client::new(tcp);
            greeting(&mut client).await?;
            client.run_command_and_check_ok("STARTTLS", None).await.map_err(|error| Refused(format!("STARTTLS: {}", words(&error))))?;
            // What was read before TLS is dropped with the old client: it may have been injected.
            Ok(Client::new(buffered(encrypt(account, client.into_inner()).await?)))
        }
        Tls::None => {
            let mut client = Client::new(buffered(tcp));
            greeting(&mut client).await?;
            Ok(client)
        }
    }
}

fn buffered(wire: impl Wire + 'static) -> Stream {
    BufStream::with_capacity(64 * 1024, 8 * 1024, Box::new(wire))
}

async fn encrypt(account: &Account, tcp: TcpStream) -> anyhow::Result<impl Wire + 'static + use<>> {
    tls::handshake(tcp, account.ca_file.as_deref(), &account.host, account.tls).await.map_err(anyhow::Error::msg)
}

/// RFC 3501 section 7.1: a greeting is OK, BYE or PREAUTH. The last is refused: nobody asked for a connection without a login, and
/// before STARTTLS it is a known attack.
async fn greeting<T: Wire>(client: &mut Client<T>) -> anyhow::Result<()> {
    let response = match client.read_response().await {
        Ok(response) => response.context("the server closed the connection without a greeting")?,
        // The parser shows what it could not read byte by byte.
        Err(error) if error.kind() == ErrorKind::Other => anyhow::bail!("this is no IMAP server: its greeting cannot be read"),
        Err(error) => return Err(error.into()),
    };
    match response.parsed() {
        Response::Data { status: Status::Ok, .. } => Ok(()),
        Response::Data { status: Status::Bye, outcome } => {
            anyhow::bail!("the server turned us away: {}", outcome.information.as_deref().unwrap_or_default())
        }
        _ => anyhow::bail!("the server does not greet as an IMAP server that expects a login"),
    }
}

/// Resolved anew at each login, so that a changed secret needs no restart. It may run a command: off the async threads.
async fn secret(account: &Account) -> anyhow::Result<String> {
    let resolve = account.password.clone();
    tokio::task::spawn_blocking(move || resolve()).await?.context(NoPassword(account.proof))
}

async fn login(account: &Account, client: Client<Stream>, password: &str) -> anyhow::Result<async_imap::Session<Stream>> {
    let plain = [account.user.as_str(), password].iter().all(|text| text.bytes().all(|byte| matches!(byte, b' '..=b'~')));
    let outcome = if plain {
        client.login(&account.user, password).await
    } else {
        // LOGIN takes 7-bit strings only (RFC 3501 section 9); SASL PLAIN takes UTF-8 (RFC 4616).
        client.authenticate("PLAIN", Plain(format!("\0{}\0{password}", account.user))).await
    };
    outcome.map_err(|(error, _)| unproved(account, error, None))
}

/// XOAUTH2. The token goes along with the command where the server takes it there (SASL-IR, RFC 4959), else when it asks.
async fn present(account: &Account, mut client: Client<Stream>, token: &str) -> anyhow::Result<async_imap::Session<Stream>> {
    let offered = offered(&mut client).await?;
    let offers = |name: &str| offered.iter().any(|one| one == name);
    if !offers("AUTH=XOAUTH2") {
        let remedy = "it takes no token: write password_file, password_env or password_command in the place of token_command";
        return Err(Refused(format!("{} does not offer XOAUTH2: {remedy}", account.host)).into());
    }
    let challenge = Arc::new(Mutex::new(None));
    let mut bearer = Bearer { message: Some(sasl::xoauth2(&account.user, token)), challenge: Arc::clone(&challenge) };
    let mut mechanism = "XOAUTH2".to_owned();
    if offers("SASL-IR") {
        bearer.message = None;
        mechanism = format!("{mechanism} {}", sasl::xoauth2_base64(&account.user, token));
    }
    let outcome = client.authenticate(mechanism, bearer).await;
    outcome.map_err(|(error, _)| {
        let said = challenge.lock().ok().and_then(|mut said| said.take());
        unproved(account, error, said)
    })
}

/// What the server can do before the login.
async fn offered(client: &mut Client<Stream>) -> anyhow::Result<Vec<String>> {
    // async-imap runs no command before the login that has an answer; a tag of our own is told from its.
    let road = client.get_mut();
    road.write_all(b"pd0 CAPABILITY\r\n").await.context("CAPABILITY cannot be sent")?;
    road.flush().await.context("CAPABILITY cannot be sent")?;
    let mut names = Vec::new();
    loop {
        let response = client.read_response().await.context("no answer to CAPABILITY")?.context("the server closed the connection")?;
        match response.parsed() {
            Response::Capabilities(list) => names.extend(list.iter().map(capability_name)),
            Response::Done { tag, .. } if tag.0 == "pd0" => return Ok(names),
            _ => {}
        }
    }
}

/// A capability as servers write it, in capitals.
pub(super) fn capability_name(capability: &Capability<'_>) -> String {
    match capability {
        Capability::Imap4rev1 => "IMAP4REV1".to_owned(),
        Capability::Auth(mechanism) => format!("AUTH={}", mechanism.to_uppercase()),
        Capability::Atom(name) => name.to_uppercase(),
    }
}

/// Why a login failed, with what the server said to the token.
fn unproved(account: &Account, error: Error, said: Option<String>) -> anyhow::Error {
    let said = said.map(|said| format!(" ({said})")).unwrap_or_default();
    match error {
        // RFC 5530: the account is in order, the server is not.
        Error::No(ref text) if text.contains("[UNAVAILABLE]") => anyhow::anyhow!("the login did not go through: {}", words(&error)),
        Error::No(_) | Error::Bad(_) => {
            let why = format!("login of {} refused by {}: {}{said}", account.user, account.host, words(&error));
            anyhow::Error::new(Refused(why))
        }
        Error::Io(error) => anyhow::Error::new(error).context("the connection broke during the login"),
        _ => anyhow::anyhow!("the connection was closed during the login{said}"),
    }
}

/// XOAUTH2 as async-imap asks for it: the message, unless it went with the command, then an empty line for the challenge that says no.
struct Bearer {
    message: Option<String>,
    challenge: Arc<Mutex<Option<String>>>,
}

impl Authenticator for Bearer {
    type Response = String;

    fn process(&mut self, challenge: &[u8]) -> String {
        self.message.take().unwrap_or_else(|| {
            if let Ok(mut said) = self.challenge.lock() {
                *said = Some(sasl::refusal(challenge));
            }
            String::new()
        })
    }
}

/// RFC 4616: `authzid NUL authcid NUL passwd`, sent as the answer to the server's empty challenge.
struct Plain(String);

impl Authenticator for Plain {
    type Response = String;

    fn process(&mut self, _challenge: &[u8]) -> String {
        std::mem::take(&mut self.0)
    }
}

/// The server's own words. async-imap hands them over as `code: …, info: Some("…")`.
fn words(error: &Error) -> String {
    match error {
        Error::No(text) | Error::Bad(text) => {
            let said = text.split_once("info: Some(\"").and_then(|(_, rest)| rest.strip_suffix("\")"));
            said.unwrap_or("no reason given").replace("\\\"", "\"")
        }
        Error::Io(error) => error.to_string(),
        _ => "the connection was closed".to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_servers_words_are_found() {
        let cases = [
            ("code: None, info: Some(\"[AUTHENTICATIONFAILED] Authentication failed.\")", "[AUTHENTICATIONFAILED] Authentication failed."),
            ("code: Some(Alert), info: Some(\"Say \\\"please\\\"\")", "Say \"please\""),
            ("code: None, info: None", "no reason given"),
        ];
        for (text, said) in cases {
            assert_eq!(words(&Error::No(text.to_owned())), said);
        }
    }
}
