//! Tables for people: right in width with Chinese, no wider than the terminal, and whole when no terminal is there.
//!
//! That comfy-table breaks long cells in two was weighed: a row of two lines can neither be read down a column nor be found with grep.

use std::io::{IsTerminal, Write};

use comfy_table::{ContentArrangement, Table, presets};
use serde::Serialize;
use unicode_width::{UnicodeWidthChar, UnicodeWidthStr};

/// A column, and what becomes of it where a terminal is too narrow for the table.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Column<'a> {
    /// Stays as it is: a number, a state.
    Whole(&'a str),
    /// Words, which are cut.
    Words(&'a str),
    /// Left out where cut words make no room enough, the last one first.
    Spare(&'a str),
}

/// To no fewer columns of the terminal words are cut.
const FEWEST: usize = 16;

impl<'a> Column<'a> {
    fn name(self) -> &'a str {
        match self {
            Column::Whole(name) | Column::Words(name) | Column::Spare(name) => name,
        }
    }
}

/// Prints a table, or one JSON array of the rows when `json` is set. Where there is no row, people read `none` instead.
///
/// # Errors
/// Standard output is closed.
pub fn print<T: Serialize>(
    json: bool,
    columns: &[Column<'_>],
    rows: &[T],
    none: &str,
    cells: impl Fn(&T) -> Vec<String>,
) -> anyhow::Result<()> {
    if json {
        return print_json(&rows);
    }
    let mut out = std::io::stdout().lock();
    if rows.is_empty() {
        writeln!(out, "{none}")?;
        return Ok(());
    }
    write(&mut out, room(), columns, rows, cells)
}

/// Columns of the terminal that standard output is; none where it is a file or a pipe.
pub fn room() -> Option<usize> {
    let out = std::io::stdout();
    let size = out.is_terminal().then(|| rustix::termios::tcgetwinsize(&out).ok()).flatten();
    size.map(|size| usize::from(size.ws_col)).filter(|columns| *columns > 0)
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

/// Writes a table without a frame, no wider than `room`; says on standard error which columns were left out for that.
///
/// # Errors
/// The output is closed.
pub fn write<T>(
    out: &mut impl Write,
    room: Option<usize>,
    columns: &[Column<'_>],
    rows: &[T],
    cells: impl Fn(&T) -> Vec<String>,
) -> anyhow::Result<()> {
    let header: Vec<String> = columns.iter().map(|column| column.name().to_uppercase()).collect();
    let rows: Vec<Vec<String>> = rows.iter().map(|row| cells(row).iter().map(|cell| one_line(cell)).collect()).collect();
    let widest = |at: usize| std::iter::once(&header).chain(&rows).filter_map(|row| row.get(at)).map(|cell| cell.width()).max();
    let widths: Vec<usize> = (0..columns.len()).map(|at| widest(at).unwrap_or(0)).collect();
    let Fit { shown, most } = fit(columns, &widths, room);
    let mut table = Table::new();
    table.load_style(presets::NOTHING).set_content_arrangement(ContentArrangement::Disabled);
    let of = |row: &[String]| -> Vec<String> {
        let here = row.iter().zip(columns).zip(&shown).filter(|(_, shown)| **shown);
        here.map(|((cell, column), _)| if matches!(column, Column::Words(_)) { cut(cell, most) } else { cell.clone() }).collect()
    };
    table.set_header(of(&header));
    for row in &rows {
        table.add_row(of(row));
    }
    for line in table.lines() {
        writeln!(out, "{}", line.trim_end())?;
    }
    let left: Vec<&str> = header.iter().zip(&shown).filter(|(_, shown)| !**shown).map(|(name, _)| name.as_str()).collect();
    if !left.is_empty() {
        complain(format_args!("postdesk: left out for want of room: {}; a wider window or a pipe shows all", left.join(", ")));
    }
    Ok(())
}

/// What of a table is shown.
#[derive(Debug, PartialEq, Eq)]
struct Fit {
    /// Column by column.
    shown: Vec<bool>,
    /// Words are cut to so much.
    most: usize,
}

/// What to leave out and how far to cut, so that columns of these widths find room.
fn fit(columns: &[Column<'_>], widths: &[usize], room: Option<usize>) -> Fit {
    let mut shown = vec![true; columns.len()];
    let Some(room) = room else { return Fit { shown, most: usize::MAX } };
    // A blank stands on either side of a cell; the last one is trimmed.
    let line = |shown: &[bool], most: usize| {
        let cells = columns.iter().zip(widths).zip(shown).filter(|(_, shown)| **shown);
        let widths = cells.map(|((column, width), _)| if matches!(column, Column::Words(_)) { (*width).min(most) } else { *width } + 2);
        widths.sum::<usize>().saturating_sub(1)
    };
    let spare = columns.iter().enumerate().rev().filter(|(_, column)| matches!(column, Column::Spare(_)));
    for (at, _) in spare {
        if line(&shown, FEWEST) <= room {
            break;
        }
        shown.iter_mut().skip(at).take(1).for_each(|shown| *shown = false);
    }
    let most = (FEWEST..=room.max(FEWEST)).rev().find(|most| line(&shown, *most) <= room).unwrap_or(FEWEST);
    Fit { shown, most }
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
        let columns = [Column::Words("a"), Column::Whole("b")];
        let mut out = Vec::new();
        write(&mut out, None, &columns, &["打印机", "x\x1b[2J\n\u{202e}y"], |t| vec![(*t).to_owned(), "|".to_owned()]).unwrap();
        let text = String::from_utf8(out).unwrap();
        let at: Vec<usize> = text.lines().skip(1).map(|l| l.split('|').next().unwrap().width()).collect();
        assert_eq!(text.lines().count(), 3, "{text}");
        assert!(at.iter().all(|w| *w == at[0]) && !text.contains(['\x1b', '\u{202e}']), "{text}");
    }

    #[test]
    fn a_table_is_no_wider_than_the_terminal() {
        let columns = [Column::Whole("no"), Column::Spare("team"), Column::Words("who"), Column::Words("subject"), Column::Spare("when")];
        let row = ["#1001", "helpdesk", "赵敏", "三楼打印机坏了，一直闪红灯，重启也没有用 and the tray is empty", "2026-11-26 14:00"];
        let rows = [row, ["#7", "-", "Alice Margaret Baker-Johnson", "VPN", "2026-11-26 14:00"]];
        for (room, header, widest) in [
            (None, "NO TEAM WHO SUBJECT WHEN", 130),
            (Some(110), "NO TEAM WHO SUBJECT WHEN", 110),
            (Some(70), "NO TEAM WHO SUBJECT WHEN", 70),
            (Some(66), "NO TEAM WHO SUBJECT", 66),
            (Some(48), "NO WHO SUBJECT", 48),
            (Some(20), "NO WHO SUBJECT", 42),
        ] {
            let mut out = Vec::new();
            write(&mut out, room, &columns, &rows, |row| row.map(str::to_owned).to_vec()).unwrap();
            let text = String::from_utf8(out).unwrap();
            let names: Vec<&str> = text.lines().next().unwrap().split_whitespace().collect();
            assert_eq!((names.join(" ").as_str(), text.lines().count()), (header, 3), "{room:?}\n{text}");
            assert!(text.lines().all(|line| line.width() <= widest), "{room:?}\n{text}");
            assert_eq!(text.contains("and the tray is empty"), room.is_none_or(|room| room > 120), "{room:?}\n{text}");
        }
    }
}
