//! How far a long piece of work has come: one line on a terminal that is written over, and nothing anywhere else.
//!
//! indicatif was weighed; for one bar at a time its six crates buy little.

use std::io::{IsTerminal, Write};
use std::path::PathBuf;
use std::time::{Duration, Instant};

/// Work that is shorter is not worth a line.
const SILENT: Duration = Duration::from_millis(700);
/// The line is not written more often.
const BETWEEN: Duration = Duration::from_millis(100);
/// Signs of the bar.
const WIDTH: u64 = 24;

/// Work that goes on.
pub struct Progress {
    what: &'static str,
    total: u64,
    done: u64,
    begun: Instant,
    shown: Option<Instant>,
    terminal: bool,
}

impl Progress {
    /// Work of this total begins now.
    pub fn new(what: &'static str, total: u64) -> Progress {
        Progress { what, total, done: 0, begun: Instant::now(), shown: None, terminal: std::io::stderr().is_terminal() }
    }

    /// The bytes of these files are read now.
    pub fn through(what: &'static str, files: &[PathBuf]) -> Progress {
        // One that cannot be looked at is named when it is read.
        Progress::new(what, files.iter().map(|file| std::fs::metadata(file).map_or(0, |file| file.len())).sum())
    }

    /// So much is done.
    pub fn reach(&mut self, done: u64) {
        self.done = done;
        let early = self.shown.map_or(self.begun.elapsed() < SILENT, |at| at.elapsed() < BETWEEN);
        if !self.terminal || early {
            return;
        }
        self.shown = Some(Instant::now());
        // A terminal that has gone hurts nobody: the work goes on.
        let _ = write!(std::io::stderr(), "\r{}\x1b[K", line(self.what, done, self.total, self.begun.elapsed()));
    }

    /// So much more is done.
    pub fn add(&mut self, more: u64) {
        self.reach(self.done + more);
    }

    /// Takes the line away, so that something else can be said.
    pub fn clear(&mut self) {
        if self.shown.take().is_some() {
            let _ = write!(std::io::stderr(), "\r\x1b[K");
        }
    }
}

impl Drop for Progress {
    fn drop(&mut self) {
        self.clear();
    }
}

/// `reading   [############............]  50 %   12 s left`.
fn line(what: &str, done: u64, total: u64, so_far: Duration) -> String {
    let total = total.max(1);
    let done = done.min(total);
    let full = usize::try_from(done * WIDTH / total).unwrap_or_default();
    let rest = usize::try_from(WIDTH).unwrap_or_default().saturating_sub(full);
    let left = match done {
        0 => String::new(),
        _ => format!("   {} left", span(so_far.mul_f64((total - done) as f64 / done as f64))),
    };
    format!("{what} [{}{}] {:>3} %{left}", "#".repeat(full), ".".repeat(rest), done * 100 / total)
}

/// `45 s`, `3 min`, `2 h 5 min`.
pub fn span(time: Duration) -> String {
    match time.as_secs() {
        seconds @ 0..90 => format!("{seconds} s"),
        seconds @ 90..5400 => format!("{} min", seconds.div_ceil(60)),
        seconds => format!("{} h {} min", seconds / 3600, seconds % 3600 / 60),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_says_how_much_is_left() {
        for (done, total, seconds, expected) in [
            (0, 0, 0, "reading [........................]   0 %"),
            (50, 100, 12, "reading [############............]  50 %   12 s left"),
            (1, 100, 60, "reading [........................]   1 %   1 h 39 min left"),
            (100, 100, 60, "reading [########################] 100 %   0 s left"),
            (7, 3, 5, "reading [########################] 100 %   0 s left"),
        ] {
            assert_eq!(line("reading", done, total, Duration::from_secs(seconds)), expected);
        }
    }
}
