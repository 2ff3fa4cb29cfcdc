//! Tables for people: right in width with Chinese, plain when no terminal is there.

use std::io::Write;

use comfy_table::{ContentArrangement, Table, presets};
use serde::Serialize;
use unicode_width::{UnicodeWidthChar, UnicodeWidthStr};

/// Prints a table, or one JSON array of the rows when `json` is set. Where there is no row, people read `none` instead.
///
/// # Errors
/// Standard output is closed.
pub fn print<T: Serialize>(json: bool, header: &[&str], rows: &[T], none: &str, cells: impl Fn(&T) -> Vec<String>) -> anyhow::Result<()> {
    if json {
        return print_json(&rows);
    }
    let mut out = std::io::stdout().lock();
    if rows.is_empty() {
        writeln!(out, "{none}")?;
        return Ok(());
    }
    write(&mut out, header, rows, cells)
}

/// Cuts a list that was asked for with one row too many, and says on standard error that there is more: whoever counts the rows of a
/// cut list counts wrong.
pub fn at_most<T>(mut rows: Vec<T>, limit: usize) -> Vec<T> {
    if rows.len() > limit {
        rows.truncate(limit);
        complain(format_args!("postdesk: only the first {limit} are shown; --limit sets how many"));
    }
    rows
}

/// The number of a row, as an argument.
///
/// # Errors
/// It is none.
pub fn number(text: &str) -> Result<i64, String> {
    text.parse().map_err(|_| "a number of the list, such as 17".to_owned())
}

/// How many rows, as an argument.
///
/// # Errors
/// It is no number, or none at all.
pub fn at_least_one(text: &str) -> Result<usize, String> {
    text.parse().ok().filter(|rows| *rows > 0).ok_or_else(|| "a whole number from 1".to_owned())
}

/// Writes a table without a frame.
///
/// # Errors
/// The output is closed.
pub fn write<T>(out: &mut impl Write, header: &[&str], rows: &[T], cells: impl Fn(&T) -> Vec<String>) -> anyhow::Result<()> {
    let mut table = Table::new();
    table.load_style(presets::NOTHING).set_content_arrangement(ContentArrangement::Disabled);
    table.set_header(header.iter().map(|h| h.to_uppercase()));
    for row in rows {
        table.add_row(cells(row).iter().map(|cell| one_line(cell)));
    }
    for line in table.lines() {
        writeln!(out, "{}", line.trim_end())?;
    }
    Ok(())
}

/// Prints one line. Unlike `println!`, it does not panic when a reader such as `head` has gone.
///
/// # Errors
/// Standard output is closed.
pub fn line(text: impl std::fmt::Display) -> anyhow::Result<()> {
    writeln!(std::io::stdout().lock(), "{text}")?;
    Ok(())
}

/// Says something on standard error. Unlike `eprintln!`, it does not panic when nobody reads that.
pub fn complain(text: impl std::fmt::Display) {
    // There is nobody left to tell.
    let _ = writeln!(std::io::stderr().lock(), "{text}");
}

/// Prints one JSON value.
///
/// # Errors
/// Standard output is closed.
pub fn print_json<T: Serialize>(value: &T) -> anyhow::Result<()> {
    let mut out = std::io::stdout().lock();
    serde_json::to_writer_pretty(&mut out, value)?;
    writeln!(out)?;
    Ok(())
}

/// A stranger's text for a terminal: control characters, which could write anywhere on it, and those that turn the direction of the rest
/// of the line (Unicode annex 9) are shown as blanks.
pub fn one_line(text: &str) -> String {
    let turns = |c| matches!(c, '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}');
    text.chars().map(|c| if c.is_control() || turns(c) { ' ' } else { c }).collect()
}

/// A text cut to so many columns of a terminal; a Chinese character takes two.
pub fn cut(text: &str, most: usize) -> String {
    if text.width() <= most {
        return text.to_owned();
    }
    let mut short = String::new();
    let mut columns = 0;
    for c in text.chars() {
        columns += c.width().unwrap_or(0);
        if columns >= most {
            break;
        }
        short.push(c);
    }
    short + "…"
}

/// A text filled up with blanks to so many columns.
pub fn pad(text: &str, columns: usize) -> String {
    format!("{text}{}", " ".repeat(columns.saturating_sub(text.width())))
}

/// `2026-12-01 14:00` in this zone.
pub fn time(at: chrono::DateTime<chrono::Utc>, zone: chrono_tz::Tz) -> String {
    at.with_timezone(&zone).format("%Y-%m-%d %H:%M").to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_are_cut_and_padded_by_columns() {
        for (text, most, wanted) in [
            ("VPN down", 8, "VPN down"),
            ("VPN down", 7, "VPN do…"),
            ("打印机坏了", 10, "打印机坏了"),
            ("打印机坏了", 9, "打印机坏…"),
            ("打印机坏了", 8, "打印机…"),
            ("", 3, ""),
        ] {
            assert_eq!(cut(text, most), wanted, "{text} {most}");
            assert!(cut(text, most).width() <= most);
            assert_eq!(pad(text, 12).width(), 12, "{text}");
        }
    }

    #[test]
    fn a_table_keeps_its_columns_and_its_lines() {
        let mut out = Vec::new();
        write(&mut out, &["a", "b"], &["打印机", "x\x1b[2J\n\u{202e}y"], |t| vec![(*t).to_owned(), "|".to_owned()]).unwrap();
        let text = String::from_utf8(out).unwrap();
        let at: Vec<usize> = text.lines().skip(1).map(|l| l.split('|').next().unwrap().width()).collect();
        assert_eq!(text.lines().count(), 3, "{text}");
        assert!(at.iter().all(|w| *w == at[0]) && !text.contains(['\x1b', '\u{202e}']), "{text}");
    }
}
