//! One open SMTP connection: how it comes to be, and the dialogue for one parcel.
//!
//! lettre speaks the protocol (EHLO, AUTH, the commands, dot-stuffing); the phases are seen from here. `AsyncSmtpConnection::send` and
//! `message` hide where in DATA a link broke. Driven by `command`, and by `message_iter` with blocks that are counted as lettre draws
//! them, the phase is known: lettre asks for the next block only when the one before has been written, and writes the final dot only
//! after the last, so a failure before the iterator ran dry came before the dot. After that, [`Wire`] tells a failed write (the dot did
//! not go out whole) from a failed read (it may have arrived, and only the answer was lost).

use std::fmt::Display;
use std::net::SocketAddr;
use std::pin::pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::Duration;

use lettre::transport::smtp;
use lettre::transport::smtp::authentication::{Credentials, DEFAULT_MECHANISMS, Mechanism};
use lettre::transport::smtp::client::AsyncSmtpConnection;
use lettre::transport::smtp::commands::{Data, Ehlo, Mail, Noop, Quit, Rcpt, Rset, Starttls};
use lettre::transport::smtp::extension::{Extension, MailBodyParameter, MailParameter};
use lettre::transport::smtp::response::{Response, Severity};
use tokio::io::AsyncWriteExt;
use tokio::net::TcpStream;
use tokio::time::{Instant, timeout};

use super::classify::{Phase, classify, enhanced, sender_refused, words};
use super::payload::{self, Blocks};
use super::wire::{Road, Wire};
use super::{Account, Timeouts, Tls};
use crate::delivery::{Handover, Parcel};
use crate::domain::message::Address;
use crate::sasl::{self, Proof};
use crate::tls;

/// What a command line may hold beside `AUTH XOAUTH2` and CRLF (RFC 5321 section 4.5.3.1.4).
const COMMAND_LINE: usize = 512 - "AUTH XOAUTH2 \r\n".len();

/// What was done on the way to a usable connection, a sentence a step; false for the one that failed, which is the last.
pub type Steps = Vec<(bool, String)>;

/// See the module.
pub struct Link {
    smtp: AsyncSmtpConnection,
    write_failed: Arc<AtomicBool>,
    /// A transaction may be open on the server: RSET before the next.
    dirty: bool,
    /// When the server was last heard.
    pub heard: Instant,
    /// The last letter was not taken because the login does not own its sender's address.
    pub sender_refused: bool,
}

/// How a dialogue ended, for the parcel and for the link.
#[derive(Debug)]
pub enum Ending {
    /// The server answered; the link can go on.
    Answered(Handover),
    /// The link must not be used again.
    Broken(Handover),
    /// The server had closed the link, or closed it before it took MAIL: nothing of the parcel was said.
    Stale(String),
}

/// Why there is no link.
#[derive(Debug)]
pub struct Unopened {
    /// What was tried, what happened, what to do about it.
    pub why: String,
    /// All went well up to the login.
    pub at_login: bool,
}

impl From<String> for Unopened {
    fn from(why: String) -> Unopened {
        Unopened { why, at_login: false }
    }
}

/// Why a command got no positive reply.
enum Halt {
    /// A negative reply: code and text.
    Reply(u16, String),
    /// No reply: broken or timed out.
    Broken(String),
}

impl Link {
    /// Resolves, connects, negotiates TLS, says EHLO and logs in. Each step leaves a sentence in `steps`.
    ///
    /// # Errors
    /// A sentence that says what was tried, what happened, and what to do about it.
    pub async fn open(account: &Arc<Account>, steps: &mut Steps) -> Result<Link, Unopened> {
        let (stream, peer) = connect(account, steps).await?;
        if account.tls == Tls::None && !account.allow_plaintext && !peer.ip().to_canonical().is_loopback() {
            return Err(Unopened::from(format!(
                "{peer} is another machine and tls = \"none\" would show mail and password to everyone in between: set tls, or allow_plaintext = true"
            )));
        }
        let wire = match account.tls {
            Tls::None => Wire::new(Box::new(stream), peer),
            Tls::Implicit => Wire::new(encrypt(Box::new(stream), account, steps).await?, peer),
            Tls::Starttls => {
                let road = greeted(account, "the greeting and STARTTLS", starttls(Wire::new(Box::new(stream), peer), account)).await?;
                Wire::greeted(encrypt(road, account, steps).await?, peer)
            }
        };
        let write_failed = wire.write_failed();
        let smtp = greeted(account, "the greeting and the answer to EHLO", async {
            AsyncSmtpConnection::connect_with_transport(Box::new(wire), &account.client_id()).await.map_err(|error| {
                let said = said(&error).split_whitespace().collect::<Vec<_>>().join(" ");
                if error.is_response() {
                    let greeting = said.rsplit(" at: ").next().unwrap_or_default();
                    return format!(
                        "{} is no SMTP server, for it says \"{greeting}\": check host and port (implicit: 465, often; starttls: 587, often)",
                        account.place()
                    );
                }
                format!("{} does not take us as a client: {said}{}", account.place(), perhaps_tls(account))
            })
        })
        .await?;
        steps.push((true, format!("EHLO {}: {}", account.hello, capabilities(&smtp))));
        let mut link = Link { smtp, write_failed, dirty: false, heard: Instant::now(), sender_refused: false };
        link.log_in(account, steps).await.map_err(|why| Unopened { why, at_login: true })?;
        Ok(link)
    }

    async fn log_in(&mut self, account: &Arc<Account>, steps: &mut Steps) -> Result<(), String> {
        let Some(user) = &account.user else {
            steps.push((true, "no login: no user is set".to_owned()));
            return Ok(());
        };
        let place = account.place();
        let (mechanisms, names, kind) = match account.proof {
            Proof::Password => (DEFAULT_MECHANISMS, "PLAIN or LOGIN", "password"),
            Proof::Token => (&[Mechanism::Xoauth2][..], "XOAUTH2, which token_command needs,", "access token"),
        };
        if !mechanisms.iter().any(|m| self.smtp.server_info().supports_auth_mechanism(*m)) {
            return Err(format!(
                "{place} offers no login by {names} on this connection: use its submission port (465 or 587) with TLS, or leave user out"
            ));
        }
        // A password command may take its time; it must not hold up the runtime.
        let owner = Arc::clone(account);
        let secret = tokio::task::spawn_blocking(move || owner.password.as_ref().map_or_else(|| Ok(String::new()), |password| password()));
        let secret = match secret.await {
            Ok(Ok(secret)) => secret,
            Ok(Err(error)) => return Err(format!("the {kind} of {user} at {place} cannot be had: {error:#}")),
            Err(_) => return Err(format!("the {kind} of {user} at {place} cannot be had: looking it up ended in a panic")),
        };
        within(account.timeouts.command, "the login", async {
            match account.proof {
                Proof::Password => {
                    let credentials = Credentials::new(user.clone(), secret);
                    let outcome = self.smtp.auth(mechanisms, &credentials).await.map(drop).map_err(|error| said(&error));
                    outcome.map_err(|why| (why, "check user and password (some providers want an app password or authorization code)"))
                }
                Proof::Token => self.present(user, &secret).await.map_err(|why| (why, "check user and token_command")),
            }
            .map_err(|(why, remedy)| format!("{place} refuses the login of {user}: {why}; {remedy}"))
        })
        .await?;
        steps.push((true, format!("logged in as {user}")));
        Ok(())
    }

    /// XOAUTH2. The token goes along with the command where the line may be so long, else when the server asks (RFC 4954 section 4). A
    /// refusal comes as a challenge that says why, is answered with an empty line, and only then is a refusal.
    async fn present(&mut self, user: &str, token: &str) -> Result<(), String> {
        let message = sasl::xoauth2_base64(user, token);
        let mut reply = if message.len() <= COMMAND_LINE {
            self.smtp.command(format!("AUTH XOAUTH2 {message}\r\n")).await
        } else {
            match self.smtp.command("AUTH XOAUTH2\r\n").await {
                Ok(go) if go.has_code(334) => self.smtp.command(format!("{message}\r\n")).await,
                other => other,
            }
        };
        let mut why = String::new();
        if let Ok(challenge) = &reply
            && challenge.has_code(334)
        {
            why = format!(" ({})", sasl::refusal_base64(&text(challenge)));
            reply = self.smtp.command("\r\n").await;
        }
        match reply {
            Ok(done) if done.has_code(235) => Ok(()),
            Ok(other) => Err(format!("{}{why}", words(other.code().into(), &text(&other)))),
            Err(error) => Err(format!("{}{why}", said(&error))),
        }
    }

    /// Does the server still answer?
    pub async fn alive(&mut self, limit: Duration) -> bool {
        matches!(timeout(limit, self.smtp.command(Noop)).await, Ok(Ok(_)))
    }

    /// Takes leave, without waiting long for the answer.
    pub async fn quit(mut self, limit: Duration) {
        // Whether the server says goodbye changes nothing.
        let _ = timeout(limit, self.smtp.command(Quit)).await;
    }

    /// One transaction: MAIL, RCPT, DATA, the message, its answer (RFC 5321 section 3.3).
    pub async fn transact(&mut self, parcel: &Parcel, limits: &Timeouts) -> Ending {
        let parameters = match self.mail_parameters(parcel) {
            Ok(parameters) => parameters,
            Err(why) => return Ending::Answered(Handover::Refused(why)),
        };
        self.sender_refused = false;
        if self.dirty {
            match self.say("RSET", Rset, limits.command).await {
                Ok(_) => self.dirty = false,
                Err(Halt::Reply(code, text)) => return Ending::Stale(words(code, &text)),
                Err(Halt::Broken(why)) => return Ending::Stale(why),
            }
        }
        let sender = parcel.reverse_path.as_ref().map(envelope_address);
        match self.say("MAIL", Mail::new(sender, parameters), limits.command).await {
            Ok(_) => self.dirty = true,
            // Servers close idle links, and those that carried their share, with 421 or without a word.
            Err(Halt::Reply(421, text)) => return Ending::Stale(words(421, &text)),
            Err(Halt::Reply(code, text)) => return self.answered(Phase::Mail, code, &text),
            Err(Halt::Broken(why)) => return Ending::Stale(why),
        }
        match self.say("RCPT", Rcpt::new(envelope_address(&parcel.to), vec![]), limits.command).await {
            Ok(_) => {}
            Err(Halt::Reply(code, text)) => return self.answered(Phase::Rcpt, code, &text),
            Err(Halt::Broken(why)) => return Ending::Broken(Handover::Later { why, pause: false }),
        }
        match self.say("DATA", Data, limits.data).await {
            Ok(reply) if reply.has_code(354) => {}
            // Something else than "go on": what follows would be out of step.
            Ok(reply) => return broken(classify(Phase::Data, u16::from(reply.code()), None, &text(&reply))),
            Err(Halt::Reply(code, text)) => return self.answered(Phase::Data, code, &text),
            Err(Halt::Broken(why)) => return Ending::Broken(Handover::Later { why, pause: false }),
        }
        self.message(&payload::canonical(&parcel.bytes), limits).await
    }

    /// Would the server take a mail from this address to itself? Nothing is sent: the transaction is taken back before DATA.
    ///
    /// # Errors
    /// What the server says against it.
    pub async fn would_take(&mut self, sender: &Address, limits: &Timeouts) -> Result<(), String> {
        let refused = |halt| match halt {
            Halt::Reply(code, text) => words(code, &text),
            Halt::Broken(why) => why,
        };
        self.say("MAIL", Mail::new(Some(envelope_address(sender)), Vec::new()), limits.command).await.map_err(refused)?;
        // Some servers judge the sender here only.
        self.say("RCPT", Rcpt::new(envelope_address(sender), Vec::new()), limits.command).await.map_err(refused)?;
        self.say("RSET", Rset, limits.command).await.map_err(refused).map(drop)
    }

    /// ESMTP parameters of MAIL, by what the server offers.
    ///
    /// # Errors
    /// The letter needs SMTPUTF8 and the server lacks it.
    fn mail_parameters(&self, parcel: &Parcel) -> Result<Vec<MailParameter>, String> {
        let server = self.smtp.server_info();
        let mut parameters = Vec::new();
        let foreign = parcel.reverse_path.iter().chain([&parcel.to]).find(|address| !address.as_str().is_ascii());
        if let Some(address) = foreign {
            if !server.supports_feature(Extension::SmtpUtfEight) {
                return Err(format!("{address} is not an ASCII address, and {} does not offer SMTPUTF8 (RFC 6531)", server.name()));
            }
            parameters.push(MailParameter::SmtpUtfEight);
        }
        // Without 8BITMIME the bytes go out as they are: servers that lack it pass them on in practice, and to bounce the letter instead
        // (RFC 6152 section 3) helps nobody.
        if !parcel.bytes.is_ascii() && server.supports_feature(Extension::EightBitMime) {
            parameters.push(MailParameter::Body(MailBodyParameter::EightBitMime));
        }
        Ok(parameters)
    }

    async fn say<C: Display>(&mut self, verb: &str, command: C, limit: Duration) -> Result<Response, Halt> {
        match timeout(limit, self.smtp.command(command)).await {
            Ok(Ok(reply)) => {
                self.heard = Instant::now();
                Ok(reply)
            }
            Ok(Err(error)) => match reply(&error) {
                Some((code, text)) => {
                    self.heard = Instant::now();
                    Err(Halt::Reply(code, text))
                }
                None => Err(Halt::Broken(format!("the link broke at {verb}: {}", said(&error)))),
            },
            Err(_) => Err(Halt::Broken(format!("no answer to {verb} within {limit:?}"))),
        }
    }

    /// The message and the answer to its final dot.
    async fn message(&mut self, bytes: &[u8], limits: &Timeouts) -> Ending {
        let drawn = AtomicUsize::new(0);
        let whole = AtomicBool::new(false);
        let sent = {
            let mut sending = pin!(self.smtp.message_iter(Blocks::new(bytes, &drawn, &whole)));
            loop {
                let before = (drawn.load(Ordering::Relaxed), whole.load(Ordering::Relaxed));
                let limit = if before.1 { limits.end } else { limits.block };
                match timeout(limit, &mut sending).await {
                    Ok(result) => break result.map_err(Some),
                    Err(_) if before != (drawn.load(Ordering::Relaxed), whole.load(Ordering::Relaxed)) => {}
                    Err(_) => break Err(None),
                }
            }
        };
        self.heard = Instant::now();
        let dot_went_out = whole.load(Ordering::Relaxed) && !self.write_failed.load(Ordering::Relaxed);
        let why = match &sent {
            Ok(reply) if reply.code().severity == Severity::PositiveCompletion => {
                self.dirty = false;
                return Ending::Answered(Handover::Taken(words(reply.code().into(), &text(reply))));
            }
            Ok(reply) => words(reply.code().into(), &text(reply)),
            Err(Some(error)) => match reply(error) {
                Some((code, text)) => {
                    self.dirty = false;
                    return self.answered(Phase::End, code, &text);
                }
                None => said(error),
            },
            Err(None) => format!("no answer within {:?}", if dot_went_out { limits.end } else { limits.block }),
        };
        if dot_went_out {
            return Ending::Broken(Handover::Uncertain(format!("the message went out whole, its answer did not come: {why}")));
        }
        // A server that has had enough says why before it hangs up.
        if let Some((code, text)) = self.last_words(limits.probe).await {
            return broken(classify(Phase::End, code, enhanced(code, &text), &text));
        }
        Ending::Broken(Handover::Later { why: format!("the link broke in the message, before its end: {why}"), pause: false })
    }

    /// A negative reply as an ending. After 421 the server closes (RFC 5321 section 3.8).
    fn answered(&mut self, phase: Phase, code: u16, text: &str) -> Ending {
        let enhanced = enhanced(code, text);
        self.sender_refused = sender_refused(code, enhanced, text);
        let handover = classify(phase, code, enhanced, text);
        if code == 421 { Ending::Broken(handover) } else { Ending::Answered(handover) }
    }

    async fn last_words(&mut self, limit: Duration) -> Option<(u16, String)> {
        match timeout(limit, self.smtp.read_response()).await {
            Ok(Err(error)) => reply(&error),
            _ => None,
        }
    }
}

fn broken(handover: Handover) -> Ending {
    Ending::Broken(handover)
}

/// Ours are parsed strictly enough to inject nothing; lettre's own parser refuses local parts that exist (two dots in a row).
fn envelope_address(address: &Address) -> lettre::Address {
    lettre::Address::new_dangerous(address.local(), address.domain())
}

async fn connect(account: &Account, steps: &mut Steps) -> Result<(TcpStream, SocketAddr), String> {
    let place = account.place();
    let limit = account.timeouts.connect;
    let found = match timeout(limit, tokio::net::lookup_host((account.host.as_str(), account.port))).await {
        Ok(Ok(found)) => found.collect::<Vec<_>>(),
        Ok(Err(error)) => return Err(format!("the name {} cannot be resolved: {error}; check host and this machine's DNS", account.host)),
        Err(_) => return Err(format!("the name {} was not resolved within {limit:?}; check this machine's DNS", account.host)),
    };
    let addresses: Vec<String> = found.iter().map(|address| address.ip().to_string()).collect();
    steps.push((true, format!("{} is {}", account.host, addresses.join(", "))));
    let mut last = format!("{} has no address; check host", account.host);
    for address in found {
        last = match timeout(limit, TcpStream::connect(address)).await {
            Ok(Ok(stream)) => {
                // The final dot is a small write after a large one: without this each message waits for a delayed ACK. Failing is harmless.
                let _ = stream.set_nodelay(true);
                steps.push((true, format!("connected to {address}")));
                return Ok((stream, address));
            }
            Ok(Err(error)) => format!("{place} ({address}) cannot be reached: {error}; check host, port and firewall"),
            Err(_) => format!("{place} ({address}) did not answer within {limit:?}; check host, port and firewall"),
        };
    }
    Err(last)
}

/// STARTTLS up to the server's "go ahead" (RFC 3207 section 4), by hand: lettre's own keeps bytes that came before TLS and reads them after.
async fn starttls(mut wire: Wire, account: &Account) -> Result<Box<dyn Road>, String> {
    let place = account.place();
    let lost = |error: std::io::Error| format!("{place} before TLS: {error}");
    let refused = |at: &str, reply: &Response| format!("{place} refuses {at}: {}", words(reply.code().into(), &text(reply)));

    let greeting = wire.reply().await.map_err(lost)?;
    if !greeting.has_code(220) {
        return Err(refused("the connection", &greeting));
    }
    wire.write_all(Ehlo::new(account.client_id()).to_string().as_bytes()).await.map_err(lost)?;
    let ehlo = wire.reply().await.map_err(lost)?;
    if !ehlo.is_positive() {
        return Err(refused("EHLO", &ehlo));
    }
    if !ehlo.message().skip(1).any(|line| line.trim().eq_ignore_ascii_case("STARTTLS")) {
        return Err(format!("{place} does not offer STARTTLS: set tls = \"implicit\" (port 465, often), or another port"));
    }
    wire.write_all(Starttls.to_string().as_bytes()).await.map_err(lost)?;
    let go = wire.reply().await.map_err(lost)?;
    if !go.has_code(220) {
        return Err(refused("STARTTLS", &go));
    }
    wire.into_road().map_err(lost)
}

async fn encrypt(road: Box<dyn Road>, account: &Account, steps: &mut Steps) -> Result<Box<dyn Road>, String> {
    let handshake = tls::handshake(road, account.ca_file.as_deref(), &account.host, account.tls);
    let road = within(account.timeouts.connect, "the TLS handshake", handshake).await?;
    steps.push((true, format!("TLS with {}, certificate verified", account.host)));
    Ok(Box::new(road))
}

async fn within<T>(limit: Duration, what: &str, work: impl Future<Output = Result<T, String>>) -> Result<T, String> {
    timeout(limit, work).await.unwrap_or_else(|_| Err(format!("{what} did not come within {limit:?}")))
}

/// [`within`] for a greeting, which does not come where the server waits for TLS.
async fn greeted<T>(account: &Account, what: &str, work: impl Future<Output = Result<T, String>>) -> Result<T, String> {
    let limit = account.timeouts.greeting;
    let late = |_| Err(format!("{what} did not come within {limit:?}{}", perhaps_tls(account)));
    timeout(limit, work).await.unwrap_or_else(late)
}

fn perhaps_tls(account: &Account) -> &'static str {
    if account.tls == Tls::Implicit { "" } else { " (if this port is for TLS, set tls = \"implicit\")" }
}

/// A reply's lines as one.
fn text(reply: &Response) -> String {
    reply.message().collect::<Vec<_>>().join(" ")
}

/// The negative reply in lettre's error, if it is one.
fn reply(error: &smtp::Error) -> Option<(u16, String)> {
    let code = error.status()?;
    Some((code.into(), std::error::Error::source(error).map(ToString::to_string).unwrap_or_default()))
}

/// lettre's error in the server's or the system's words.
fn said(error: &smtp::Error) -> String {
    match (reply(error), std::error::Error::source(error)) {
        (Some((code, text)), _) => words(code, &text),
        (None, Some(source)) => source.to_string(),
        (None, None) => error.to_string(),
    }
}

/// What the server offers that matters here.
fn capabilities(smtp: &AsyncSmtpConnection) -> String {
    let server = smtp.server_info();
    let mut offers: Vec<String> = [Extension::EightBitMime, Extension::SmtpUtfEight]
        .iter()
        .filter(|e| server.supports_feature(**e))
        .map(ToString::to_string)
        .collect();
    let login: Vec<String> = [Mechanism::Plain, Mechanism::Login, Mechanism::Xoauth2]
        .iter()
        .filter(|m| server.supports_auth_mechanism(**m))
        .map(ToString::to_string)
        .collect();
    if !login.is_empty() {
        offers.push(format!("AUTH {}", login.join(" ")));
    }
    format!("{} offers {}", server.name(), if offers.is_empty() { "no extension that is used here".to_owned() } else { offers.join(", ") })
}

#[cfg(test)]
mod tests {
    use super::*;
    use lettre::transport::smtp::extension::ClientId;
    use tokio::io::{AsyncReadExt, DuplexStream};

    async fn hear(stream: &mut DuplexStream, end: &[u8]) {
        let mut heard = Vec::new();
        while !heard.ends_with(end) {
            heard.push(stream.read_u8().await.unwrap());
        }
    }

    /// A server that reads `count` bytes of the message and is gone, before the client can write another: the pipe holds one byte.
    async fn vanish_after(count: usize) -> Ending {
        let (client, mut server) = tokio::io::duplex(1);
        let serving = tokio::spawn(async move {
            server.write_all(b"220 x\r\n").await.unwrap();
            hear(&mut server, b"\r\n").await;
            server.write_all(b"250 x\r\n").await.unwrap();
            for reply in [&b"250 Ok\r\n"[..], b"250 Ok\r\n", b"354 go on\r\n"] {
                hear(&mut server, b"\r\n").await;
                server.write_all(reply).await.unwrap();
            }
            let mut message = vec![0; count];
            server.read_exact(&mut message).await.unwrap();
        });
        let wire = Wire::new(Box::new(client), SocketAddr::from(([127, 0, 0, 1], 25)));
        let write_failed = wire.write_failed();
        let hello = ClientId::Domain("desk.test".to_owned());
        let smtp = AsyncSmtpConnection::connect_with_transport(Box::new(wire), &hello).await.unwrap();
        let mut link = Link { smtp, write_failed, dirty: false, heard: Instant::now(), sender_refused: false };
        let to = Address::parse("a@ext.test").unwrap();
        let parcel = Parcel { reverse_path: None, to, bytes: Arc::new(b"A: b\r\n\r\n.c\r\n".to_vec()) };
        let ending = link.transact(&parcel, &Timeouts::default()).await;
        serving.await.unwrap();
        ending
    }

    #[tokio::test]
    async fn only_the_whole_final_dot_leaves_a_letter_in_doubt() {
        let whole = b"A: b\r\n\r\n..c\r\n.\r\n".len();
        for count in 0..whole {
            let ending = vanish_after(count).await;
            assert!(matches!(ending, Ending::Broken(Handover::Later { pause: false, .. })), "{count} of {whole}: {ending:?}");
        }
        let ending = vanish_after(whole).await;
        assert!(matches!(ending, Ending::Broken(Handover::Uncertain(_))), "{ending:?}");
    }
}
