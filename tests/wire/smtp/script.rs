//! A server that follows a script, one script a connection.

use std::time::Duration;

use tokio::io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader};
use tokio::net::TcpListener;
use tokio::task::JoinHandle;

pub enum Step {
    /// Sends these bytes as they are.
    Say(&'static [u8]),
    /// Reads a line, which must begin so.
    Hear(&'static str),
    /// Reads the message with its final dot.
    HearMessage,
    /// Reads so many bytes, no more.
    HearBytes(usize),
    /// Does nothing for so long.
    Wait(Duration),
    /// Takes every mail until the client goes.
    Serve,
}
use Step::*;

/// A greeting and an EHLO without extensions.
pub const HELLO: [Step; 3] = [Say(b"220 script\r\n"), Hear("EHLO desk.test"), Say(b"250 script\r\n")];
/// MAIL and RCPT taken, and DATA.
pub const ENVELOPE: [Step; 6] =
    [Hear("MAIL FROM:<"), Say(b"250 Ok\r\n"), Hear("RCPT TO:<"), Say(b"250 Ok\r\n"), Hear("DATA"), Say(b"354 go on\r\n")];
/// A message taken.
pub const MESSAGE: [Step; 2] = [HearMessage, Say(b"250 2.0.0 taken\r\n")];

/// Starts the server; the handle ends with the last script and gives the messages that were heard whole.
pub async fn serve(scripts: Vec<Vec<Step>>) -> (u16, JoinHandle<Vec<Vec<u8>>>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    let task = tokio::spawn(async move {
        let mut messages = Vec::new();
        for script in scripts {
            let (stream, _) = listener.accept().await.unwrap();
            stream.set_nodelay(true).unwrap();
            let mut stream = BufReader::new(stream);
            for step in script {
                match step {
                    Say(bytes) => stream.write_all(bytes).await.unwrap(),
                    Hear(start) => {
                        let line = line(&mut stream).await;
                        assert!(line.starts_with(start.as_bytes()), "{:?}, not {start}", String::from_utf8_lossy(&line));
                    }
                    HearMessage => messages.push(message(&mut stream).await),
                    HearBytes(count) => {
                        let mut bytes = vec![0; count];
                        stream.read_exact(&mut bytes).await.unwrap();
                    }
                    Wait(time) => tokio::time::sleep(time).await,
                    Serve => loop {
                        let line = line(&mut stream).await;
                        match line.get(..4).unwrap_or_default() {
                            b"DATA" => {
                                stream.write_all(b"354 go on\r\n").await.unwrap();
                                messages.push(message(&mut stream).await);
                                stream.write_all(b"250 2.0.0 taken\r\n").await.unwrap();
                            }
                            b"QUIT" | b"" => break,
                            _ => stream.write_all(b"250 Ok\r\n").await.unwrap(),
                        }
                    },
                }
            }
        }
        messages
    });
    (port, task)
}

async fn line(stream: &mut (impl AsyncBufReadExt + Unpin)) -> Vec<u8> {
    let mut line = Vec::new();
    stream.read_until(b'\n', &mut line).await.unwrap();
    line
}

/// The message with its transparency dots, without the final one.
async fn message(stream: &mut (impl AsyncBufReadExt + Unpin)) -> Vec<u8> {
    let mut message = Vec::new();
    loop {
        let line = line(stream).await;
        if line.is_empty() || line == b".\r\n" {
            return message;
        }
        message.extend(line);
    }
}
