//! A command of the operator's, run by `sh -c`: words in, words out, a time limit, and an end for all that it started.

use std::io::{Read, Write};
use std::os::unix::process::CommandExt;
use std::process::{Child, Command, Stdio};
use std::sync::mpsc;
use std::time::{Duration, Instant};

use anyhow::{Context, bail};

/// How long a command may take.
const PATIENCE: Duration = Duration::from_secs(30);

/// A word as a shell takes it: quoted only where it must be.
pub fn quoted(word: &str) -> String {
    let plain = !word.is_empty() && word.chars().all(|c| c.is_alphanumeric() || "/._-+,@%:~".contains(c));
    if plain { word.to_owned() } else { format!("'{}'", word.replace('\'', r"'\''")) }
}

/// Runs a command with these words on its standard input; returns what it prints. Blocks, at most 30 seconds.
///
/// # Errors
/// It cannot be started, fails, or takes too long. The words may hold what it printed to stderr, never what it printed to stdout.
pub fn run(command: &str, input: &str) -> anyhow::Result<String> {
    within(command, input, PATIENCE)
}

fn within(command: &str, input: &str, patience: Duration) -> anyhow::Result<String> {
    let mut child = Command::new("sh")
        .args(["-c", command])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .process_group(0)
        .spawn()
        .context("cannot start sh")?;
    tell(child.stdin.take(), input.to_owned());
    let (said, hears) = mpsc::channel();
    listen(child.stdout.take(), said.clone(), true);
    listen(child.stderr.take(), said, false);
    let deadline = Instant::now() + patience;
    let (mut out, mut err) = (Vec::new(), Vec::new());
    for _ in 0..2 {
        match hears.recv_timeout(deadline.saturating_duration_since(Instant::now())) {
            Ok((true, bytes)) => out = bytes,
            Ok((false, bytes)) => err = bytes,
            Err(_) => {
                end(&mut child);
                bail!("gave no answer within {} s; it was ended", patience.as_secs());
            }
        }
    }
    let Some(status) = wait_until(&mut child, deadline)? else {
        end(&mut child);
        bail!("did not end within {} s; it was ended", patience.as_secs());
    };
    if !status.success() {
        let words = String::from_utf8_lossy(&err);
        let words = words.trim();
        let first: String = words.lines().take(5).collect::<Vec<_>>().join(" / ").chars().take(500).collect();
        bail!("failed ({status}): {}", if first.is_empty() { "it said nothing on stderr" } else { &first });
    }
    String::from_utf8(out).map_err(|_| anyhow::anyhow!("printed something that is not UTF-8"))
}

/// Writes to the command beside the wait: one that does not read holds up nobody.
fn tell(pipe: Option<impl Write + Send + 'static>, input: String) {
    std::thread::spawn(move || {
        // A command that has no use for its input may end before it is written.
        let _ = pipe.map(|mut pipe| pipe.write_all(input.as_bytes()));
    });
}

/// Reads a pipe to its end beside the wait, at most 64 KB, so that a full pipe blocks nobody.
fn listen(pipe: Option<impl Read + Send + 'static>, said: mpsc::Sender<(bool, Vec<u8>)>, is_out: bool) {
    std::thread::spawn(move || {
        let mut bytes = Vec::new();
        if let Some(pipe) = pipe {
            // A read that fails leaves what came before it; the exit status tells the rest.
            let _ = pipe.take(64 << 10).read_to_end(&mut bytes);
        }
        let _ = said.send((is_out, bytes));
    });
}

fn wait_until(child: &mut Child, deadline: Instant) -> anyhow::Result<Option<std::process::ExitStatus>> {
    loop {
        if let Some(status) = child.try_wait()? {
            return Ok(Some(status));
        }
        if Instant::now() >= deadline {
            return Ok(None);
        }
        std::thread::sleep(Duration::from_millis(5));
    }
}

/// Ends the command with all that it started: it leads a process group of its own.
fn end(child: &mut Child) {
    let group = format!("-{}", child.id());
    let _ = Command::new("kill").args(["-KILL", "--", &group]).stderr(Stdio::null()).status();
    let _ = child.kill();
    let _ = child.wait();
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_are_quoted_where_a_shell_would_part_them() {
        for (word, typed) in
            [("postdesk-demo", "postdesk-demo"), ("/tmp/桌面", "/tmp/桌面"), ("my desk", "'my desk'"), ("li's", r"'li'\''s'"), ("", "''")]
        {
            assert_eq!(quoted(word), typed);
        }
    }

    #[test]
    fn words_go_in_and_come_out() {
        assert_eq!(run("cat", "磁盘满了\n").unwrap(), "磁盘满了\n");
        assert_eq!(run("true", &"x".repeat(1 << 20)).unwrap(), "", "input that nobody reads");
        assert_eq!(run("cat", "").unwrap(), "");
    }

    #[test]
    fn a_command_that_hangs_is_ended_with_its_children() {
        let start = Instant::now();
        let error = within("sleep 60 & sleep 60", "", Duration::from_millis(200)).unwrap_err().to_string();
        assert!(error.contains("it was ended"), "{error}");
        assert!(start.elapsed() < Duration::from_secs(10));
    }

    #[test]
    fn a_talkative_command_blocks_nobody() {
        let start = Instant::now();
        assert!(run("head -c 1000000 /dev/zero | tr '\\0' '\\n'", "").is_err());
        assert!(start.elapsed() < Duration::from_secs(10));
    }
}
