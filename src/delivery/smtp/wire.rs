//! The byte stream under lettre's connection: TCP or TLS, made to fit what lettre's parser expects and what the outbox must know.
//!
//! - Replies are handed up one tidy line at a time. lettre reads UTF-8 lines that end in CRLF and have text after the code; servers also
//!   send GBK, bare LF, and codes without text (which RFC 5321 section 4.2 tells clients to accept). A reply that cannot be read would
//!   look like a broken link, and after the final dot that is a letter in doubt.
//! - A failed write is remembered apart from a failed read, which lettre's error does not tell: when the final dot could not be
//!   written, the server cannot have taken the message.
//! - A byte that came before TLS is never read after it (the injection that RFC 3207 section 6 warns of).

use std::fmt;
use std::future::poll_fn;
use std::io::{self, Cursor};
use std::net::SocketAddr;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::{Context, Poll, ready};

use lettre::transport::smtp::client::AsyncTokioStream;
use lettre::transport::smtp::response::Response;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

/// A TCP connection or TLS over one.
pub trait Road: AsyncRead + AsyncWrite + Send + Sync + Unpin + fmt::Debug {}
impl<T: AsyncRead + AsyncWrite + Send + Sync + Unpin + fmt::Debug> Road for T {}

/// Twice what RFC 5321 section 4.5.3.1.5 allows a reply line, as Postfix has it.
const LINE_LIMIT: usize = 2_048;
/// All lines of one reply together.
const REPLY_LIMIT: usize = 100_000;

/// See the module.
#[derive(Debug)]
pub struct Wire {
    road: Box<dyn Road>,
    peer: SocketAddr,
    /// Read, not yet handed up as a line.
    raw: Vec<u8>,
    /// A tidy line on its way up.
    line: Cursor<Vec<u8>>,
    write_failed: Arc<AtomicBool>,
}

impl Wire {
    /// A stream whose next line comes from the server.
    pub fn new(road: Box<dyn Road>, peer: SocketAddr) -> Wire {
        Wire { road, peer, raw: Vec::new(), line: Cursor::default(), write_failed: Arc::default() }
    }

    /// The stream after STARTTLS, where the server does not greet again (RFC 3207 section 4.2) but lettre waits for it.
    pub fn greeted(road: Box<dyn Road>, peer: SocketAddr) -> Wire {
        Wire { line: Cursor::new(b"220 STARTTLS\r\n".to_vec()), ..Wire::new(road, peer) }
    }

    /// Becomes true when a write or flush fails.
    pub fn write_failed(&self) -> Arc<AtomicBool> {
        Arc::clone(&self.write_failed)
    }

    /// The stream below, for a TLS handshake.
    ///
    /// # Errors
    /// The server has already said more than it was asked.
    pub fn into_road(self) -> io::Result<Box<dyn Road>> {
        let unread = self.raw.len() as u64 + (self.line.get_ref().len() as u64).saturating_sub(self.line.position());
        if unread > 0 {
            return Err(invalid(format!("{unread} bytes came unencrypted after the answer to STARTTLS: somebody may be in between")));
        }
        Ok(self.road)
    }

    /// Reads one reply of one or more lines.
    ///
    /// # Errors
    /// The link is broken, or what came is no SMTP reply.
    pub async fn reply(&mut self) -> io::Result<Response> {
        let mut text = String::new();
        loop {
            poll_fn(|cx| self.poll_line(cx)).await?;
            let line = std::mem::take(&mut self.line).into_inner();
            text.push_str(&String::from_utf8_lossy(&line));
            if line.get(3) != Some(&b'-') {
                return text.parse().map_err(|_| invalid(format!("this is no SMTP reply: {}", text.trim_end())));
            }
            if text.len() > REPLY_LIMIT {
                return Err(invalid(format!("a reply of over {REPLY_LIMIT} bytes")));
            }
        }
    }

    /// Fills `line` with the next line from the server. The end of the stream is an error: nobody up here waits for less than a line.
    fn poll_line(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        loop {
            if let Some(end) = self.raw.iter().position(|byte| *byte == b'\n') {
                let rest = self.raw.split_off(end + 1);
                let whole = std::mem::replace(&mut self.raw, rest);
                self.line = Cursor::new(tidy(&whole));
                return Poll::Ready(Ok(()));
            }
            if self.raw.len() > LINE_LIMIT {
                return Poll::Ready(Err(invalid(format!("a reply line of over {LINE_LIMIT} bytes"))));
            }
            let mut space = [0_u8; 1_024];
            let mut buf = ReadBuf::new(&mut space);
            ready!(Pin::new(&mut self.road).poll_read(cx, &mut buf))?;
            if buf.filled().is_empty() {
                return Poll::Ready(Err(io::Error::new(io::ErrorKind::UnexpectedEof, "the server closed the connection")));
            }
            self.raw.extend_from_slice(buf.filled());
        }
    }

    fn noted<T>(&self, result: io::Result<T>) -> io::Result<T> {
        result.inspect_err(|_| self.write_failed.store(true, Ordering::Relaxed))
    }
}

/// A reply line as lettre reads it: UTF-8, text (perhaps empty) after the code, CRLF at the end.
fn tidy(line: &[u8]) -> Vec<u8> {
    let line = line.strip_suffix(b"\n").unwrap_or(line);
    let line = line.strip_suffix(b"\r").unwrap_or(line);
    let mut tidy = match std::str::from_utf8(line) {
        Ok(_) => line.to_vec(),
        // RFC 5321 wants ASCII; the servers that break it say so in Chinese.
        Err(_) => encoding_rs::GB18030.decode_without_bom_handling(line).0.into_owned().into_bytes(),
    };
    if tidy.len() == 3 {
        tidy.push(b' ');
    }
    tidy.extend_from_slice(b"\r\n");
    tidy
}

fn invalid(why: String) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, why)
}

impl AsyncRead for Wire {
    fn poll_read(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        if self.line.position() >= self.line.get_ref().len() as u64 {
            ready!(self.poll_line(cx))?;
        }
        Pin::new(&mut self.line).poll_read(cx, buf)
    }
}

impl AsyncWrite for Wire {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        let result = ready!(Pin::new(&mut self.road).poll_write(cx, bytes));
        Poll::Ready(self.noted(result))
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        let result = ready!(Pin::new(&mut self.road).poll_flush(cx));
        Poll::Ready(self.noted(result))
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.road).poll_shutdown(cx)
    }
}

impl AsyncTokioStream for Wire {
    fn peer_addr(&self) -> io::Result<SocketAddr> {
        Ok(self.peer)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use tokio::io::AsyncWriteExt;

    #[test]
    fn lines() {
        for (raw, expected) in [
            (&b"250 Ok\r\n"[..], "250 Ok\r\n"),
            (b"250 Ok\n", "250 Ok\r\n"),
            (b"250\r\n", "250 \r\n"),
            (b"250-SIZE 1\r\n", "250-SIZE 1\r\n"),
            ("550 用户不存在\r\n".as_bytes(), "550 用户不存在\r\n"),
            (b"550 \xd3\xc3\xbb\xa7\xb2\xbb\xb4\xe6\xd4\xda\r\n", "550 用户不存在\r\n"),
            (b"\r\n", "\r\n"),
        ] {
            assert_eq!(String::from_utf8(tidy(raw)).unwrap(), expected);
        }
    }

    #[tokio::test]
    async fn replies_and_what_comes_too_early() {
        let (mut server, client) = tokio::io::duplex(4_096);
        let mut wire = Wire::new(Box::new(client), SocketAddr::from(([127, 0, 0, 1], 25)));
        server.write_all(b"220-mail\r\n220 ready\r\n250 injected\r\n").await.unwrap();
        let greeting = wire.reply().await.unwrap();
        assert_eq!(greeting.message().collect::<Vec<_>>(), ["mail", "ready"]);
        assert!(wire.into_road().unwrap_err().to_string().contains("14 bytes came unencrypted"));
    }

    #[tokio::test]
    async fn no_reply_is_an_error_in_words() {
        for (said, words) in
            [("", "closed the connection"), ("220 half", "closed the connection"), ("HTTP/1.1 400 Bad\r\n", "no SMTP reply: HTTP/1.1")]
        {
            let (mut server, client) = tokio::io::duplex(4_096);
            let mut wire = Wire::new(Box::new(client), SocketAddr::from(([127, 0, 0, 1], 25)));
            server.write_all(said.as_bytes()).await.unwrap();
            drop(server);
            let error = wire.reply().await.unwrap_err().to_string();
            assert!(error.contains(words), "{said:?}: {error}");
        }
    }
}
