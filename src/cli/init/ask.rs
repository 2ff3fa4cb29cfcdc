//! Plain line prompts: a question, a default in brackets, and the question again where the answer will not do.

use std::io::{BufRead, Write};

use anyhow::Context;

/// Somebody who answers on a terminal.
pub struct Person<R, W> {
    input: R,
    out: W,
}

impl<R: BufRead, W: Write> Person<R, W> {
    /// Answers are read from `input`, questions go to `out`.
    pub fn new(input: R, out: W) -> Person<R, W> {
        Person { input, out }
    }

    /// Says something.
    ///
    /// # Errors
    /// The terminal is gone.
    pub fn tell(&mut self, words: impl std::fmt::Display) -> anyhow::Result<()> {
        writeln!(self.out, "{words}")?;
        Ok(())
    }

    /// Asks until `read` takes the answer. An empty answer is the default; an empty default too.
    ///
    /// # Errors
    /// The answers have ended, or the terminal is gone.
    pub fn ask<T>(&mut self, question: &str, default: &str, read: impl Fn(&str) -> Result<T, String>) -> anyhow::Result<T> {
        loop {
            match default {
                "" => write!(self.out, "{question}: ")?,
                default => write!(self.out, "{question} [{default}]: ")?,
            }
            self.out.flush()?;
            let mut line = String::new();
            let read_bytes = self.input.read_line(&mut line).context("reading an answer")?;
            anyhow::ensure!(read_bytes > 0, "the answers ended before the last question; nothing was written");
            let answer = match line.trim() {
                "" => default,
                answer => answer,
            };
            match read(answer) {
                Ok(value) => return Ok(value),
                Err(why) => self.tell(format_args!("  {why}"))?,
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_asks_again_until_the_answer_will_do() {
        let mut said = Vec::new();
        let mut person = Person::new(&b"x\n\n 7 \n\n"[..], &mut said);
        let number = |text: &str| text.parse::<u16>().map_err(|_| format!("\"{text}\" is no number"));
        assert_eq!(person.ask("Port", "", number).unwrap(), 7);
        assert_eq!(person.ask("Port", "993", number).unwrap(), 993);
        assert!(person.ask("Port", "", number).unwrap_err().to_string().contains("nothing was written"));
        let said = String::from_utf8(said).unwrap();
        assert_eq!(said, "Port:   \"x\" is no number\nPort:   \"\" is no number\nPort: Port [993]: Port: ");
    }
}
