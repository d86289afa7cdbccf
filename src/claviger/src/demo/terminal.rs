//! The page that the story is told on: chapters, two columns, tables; color and pauses on a terminal only.

use std::{
    io::{IsTerminal as _, stdout},
    time::Duration,
};

use crate::output::say;

const WIDTH: usize = 108;
const COLUMN_WIDTH: usize = (WIDTH - 9) / 2;
/// Long enough to begin to read what was just said.
const PAUSE: Duration = Duration::from_millis(1200);

/// A terminal, or whatever stands in its place.
pub(super) struct Terminal {
    is_watched: bool,
    is_colored: bool,
    chapters: usize,
    /// All that was said, before it was broken into lines: so that this too can be searched.
    said: String,
}

/// The few colors that mean something.
#[derive(Clone, Copy)]
enum Color {
    Title,
    Right,
    Faint,
}

impl Terminal {
    pub(super) fn new() -> Self {
        let is_watched = stdout().is_terminal();
        // https://no-color.org
        let is_colored = is_watched && std::env::var_os("NO_COLOR").is_none_or(|value| value.is_empty());
        Self { is_watched, is_colored, chapters: 0, said: String::new() }
    }

    /// Begins a chapter, after a moment to read the one before.
    pub(super) async fn chapter(&mut self, title: &str) {
        if self.is_watched && self.chapters > 0 {
            tokio::time::sleep(PAUSE).await;
        }
        self.chapters += 1;
        let title = format!("{}. {title}", self.chapters);
        self.remember(&title);
        self.line("", None);
        self.line(&title, Some(Color::Title));
    }

    /// Plain words.
    pub(super) fn tell(&mut self, text: &str) {
        self.remember(text);
        for line in wrapped(text, WIDTH - 3, "") {
            self.line(&format!("   {line}"), None);
        }
    }

    /// A claim that was just checked.
    pub(super) fn checked(&mut self, text: &str) {
        self.remember(text);
        for (number, line) in wrapped(text, WIDTH - 5, "").into_iter().enumerate() {
            let mark = if number == 0 { "✓" } else { " " };
            self.line(&format!("   {mark} {line}"), Some(Color::Right));
        }
    }

    /// Something to read or copy as it is.
    pub(super) fn verbatim(&mut self, text: &str) {
        self.remember(text);
        text.lines().for_each(|line| self.line(&format!("     {line}"), None));
    }

    /// Two texts side by side.
    pub(super) fn columns(&mut self, left: (&str, &[String]), right: (&str, &[String])) {
        left.1.iter().chain(right.1).for_each(|line| self.remember(line));
        let rule = "─".repeat(COLUMN_WIDTH);
        let row = |left: &str, right: &str| format!("   {left}{} │ {right}", padding(left, COLUMN_WIDTH));
        self.line(&row(left.0, right.0), Some(Color::Title));
        self.line(&format!("   {rule}─┼─{rule}"), Some(Color::Faint));
        let [left, right] = [left.1, right.1]
            .map(|lines| lines.iter().flat_map(|line| wrapped(line, COLUMN_WIDTH, "  ")).collect::<Vec<_>>());
        for number in 0..left.len().max(right.len()) {
            let [left, right] = [&left, &right].map(|lines| lines.get(number).map_or("", String::as_str));
            self.line(&row(left, right), None);
        }
    }

    /// Rows under a heading; each column as wide as its widest cell.
    pub(super) fn table<const N: usize>(&mut self, heading: [&str; N], rows: &[[String; N]]) {
        rows.iter().flatten().for_each(|cell| self.remember(cell));
        let mut widths = heading.map(|cell| cell.chars().count());
        for row in rows {
            for (width, cell) in widths.iter_mut().zip(row) {
                *width = (*width).max(cell.chars().count());
            }
        }
        let line = |cells: [&str; N]| {
            let cells = cells.iter().zip(widths).map(|(cell, width)| format!("{cell}{}", padding(cell, width)));
            format!("   {}", cells.collect::<Vec<_>>().join("  ").trim_end())
        };
        self.line(&line(heading), Some(Color::Faint));
        rows.iter().for_each(|row| self.line(&line(row.each_ref().map(String::as_str)), None));
    }

    /// All that was said.
    pub(super) fn said(&self) -> &str {
        &self.said
    }

    fn remember(&mut self, text: &str) {
        self.said.push_str(text);
        self.said.push('\n');
    }

    fn line(&self, text: &str, color: Option<Color>) {
        let text = text.trim_end();
        match color.filter(|_| self.is_colored) {
            None => say(text),
            Some(Color::Title) => say(format!("\x1b[1m{text}\x1b[0m")),
            Some(Color::Right) => say(format!("\x1b[32m{text}\x1b[0m")),
            Some(Color::Faint) => say(format!("\x1b[2m{text}\x1b[0m")),
        }
    }
}

fn padding(text: &str, width: usize) -> String {
    " ".repeat(width.saturating_sub(text.chars().count()))
}

/// Lines of at most `width` characters, broken at spaces where there are any; what goes on begins with `indent`. Control characters
/// of others do not reach the terminal.
fn wrapped(text: &str, width: usize, indent: &str) -> Vec<String> {
    let mut rest: Vec<char> = text.chars().map(|c| if c.is_control() { '·' } else { c }).collect();
    let mut lines = Vec::new();
    while rest.len() > width {
        let space = rest.iter().take(width + 1).rposition(|c| *c == ' ').filter(|at| *at > width / 2);
        let tail = rest.split_off(space.unwrap_or(width));
        lines.push(rest.into_iter().collect::<String>().trim_end().to_owned());
        rest = indent.chars().chain(tail.into_iter().skip_while(|c| *c == ' ')).collect();
    }
    lines.push(rest.into_iter().collect());
    lines
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_is_broken_at_spaces_and_long_words_anywhere() {
        assert_eq!(wrapped("one two three four", 10, "  "), ["one two", "  three", "  four"]);
        assert_eq!(wrapped("abcdefghijklmno", 10, "  "), ["abcdefghij", "  klmno"]);
        assert_eq!(wrapped("", 10, "  "), [""]);
        assert_eq!(wrapped("a\u{1b}[2J", 10, ""), ["a·[2J"]);
    }
}
