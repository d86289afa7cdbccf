//! The text of the file: offsets to lines and columns, and the line that an error shows.

use std::{
    ops::Range,
    path::{Path, PathBuf},
};

/// The most characters of a line that an error shows; a pasted certificate should not fill the screen.
const LINE_LENGTH_MAX: usize = 160;

/// A file and its text.
#[derive(Debug)]
pub(crate) struct Source {
    path: PathBuf,
    text: String,
}

/// Where in the file, counted from one; columns count characters.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Position {
    pub(crate) line: usize,
    pub(crate) column: usize,
}

/// One line of the file, and which part of it is meant.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Excerpt {
    pub(crate) text: String,
    pub(crate) caret_start: usize,
    pub(crate) caret_length: usize,
}

/// What of the meant part is shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Shown {
    /// The whole line.
    Line,
    /// The line to the end of the meant key; what is assigned to it may be a secret in the wrong place.
    Key,
    /// The line up to the meant value, which may be a secret in the wrong place.
    UpToValue,
}

impl Source {
    pub(crate) const fn new(path: PathBuf, text: String) -> Self {
        Self { path, text }
    }

    pub(crate) fn path(&self) -> &Path {
        &self.path
    }

    pub(crate) fn text(&self) -> &str {
        &self.text
    }

    /// The path, taken as relative to the folder that the file is in.
    pub(crate) fn resolve(&self, path: &Path) -> PathBuf {
        self.path.parent().unwrap_or(Path::new("")).join(path)
    }

    pub(crate) fn position(&self, offset: usize) -> Position {
        let before = self.text.get(..offset).unwrap_or(&self.text);
        let line_start = before.rfind('\n').map_or(0, |at| at + 1);
        let column = before.get(line_start..).unwrap_or("").chars().count() + 1;
        Position { line: before.matches('\n').count() + 1, column }
    }

    pub(crate) fn excerpt(&self, span: &Range<usize>, shown: Shown) -> Excerpt {
        let start = span.start.min(self.text.len());
        let before = self.text.get(..start).unwrap_or("");
        let line_start = before.rfind('\n').map_or(0, |at| at + 1);
        let line = self.text.get(line_start..).unwrap_or("").lines().next().unwrap_or("");
        let start = (start - line_start).min(line.len());
        let end = (span.end.max(span.start) - line_start).clamp(start, line.len());
        let part = |from: usize, to: usize| line.get(from..to).unwrap_or("");
        // The header of a table assigns nothing.
        let shown = if shown == Shown::Key && line.trim_start().starts_with('[') { Shown::Line } else { shown };
        let (text, caret_length) = match shown {
            Shown::Line => (without_url_credentials(line), part(start, end).chars().count()),
            Shown::Key => (format!("{} = …", part(0, end)), part(start, end).chars().count()),
            Shown::UpToValue => (format!("{}…", part(0, start)), 1),
        };
        let text = text.replace('\t', " ").chars().take(LINE_LENGTH_MAX).collect();
        let caret_start = part(0, start).chars().count().min(LINE_LENGTH_MAX);
        Excerpt { text, caret_start, caret_length: caret_length.min(LINE_LENGTH_MAX - caret_start).max(1) }
    }
}

/// The line with the user name and password of a URL made unreadable, and as long as before.
fn without_url_credentials(line: &str) -> String {
    let Some(scheme_end) = line.find("://").map(|at| at + "://".len()) else { return line.to_owned() };
    let (head, rest) = line.split_at(scheme_end);
    let authority_end = rest.find(['/', '"', '\'', '?', '#']).unwrap_or(rest.len());
    let (authority, tail) = rest.split_at(authority_end);
    let Some((credentials, host)) = authority.rsplit_once('@') else { return line.to_owned() };
    format!("{head}{}@{host}{tail}", "…".repeat(credentials.chars().count()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn source(text: &str) -> Source {
        Source::new("folder/file.toml".into(), text.to_owned())
    }

    #[test]
    fn columns_count_characters() {
        let source = source("a = 1\n\u{e9}\u{e9} = \"x\"\n");
        assert_eq!(source.position(13), Position { line: 2, column: 6 });
        let excerpt = source.excerpt(&(13..16), Shown::Line);
        assert_eq!(excerpt, Excerpt { text: "\u{e9}\u{e9} = \"x\"".to_owned(), caret_start: 5, caret_length: 3 });
    }

    #[test]
    fn any_span_has_a_position_and_an_excerpt() {
        let source = source("k = \"\u{e9}\"\r\n");
        for start in 0..12 {
            for end in 0..12 {
                source.position(start);
                for shown in [Shown::Line, Shown::Key, Shown::UpToValue] {
                    assert!(source.excerpt(&(start..end), shown).caret_length >= 1);
                }
            }
        }
    }

    #[test]
    fn a_long_line_is_cut() {
        let excerpt = source(&"x".repeat(1000)).excerpt(&(900..1000), Shown::Line);
        assert_eq!((excerpt.text.len(), excerpt.caret_start, excerpt.caret_length), (160, 160, 1));
    }

    #[test]
    fn credentials_in_a_url_are_not_shown() {
        let shown = without_url_credentials("url = \"https://me:p@ss@a.example/x@y\"");
        assert_eq!(shown, format!("url = \"https://{}@a.example/x@y\"", "…".repeat(7)));
        let plain = "url = \"https://a.example/x@y\"";
        assert_eq!(without_url_credentials(plain), plain);
    }

    #[test]
    fn paths_are_relative_to_the_file() {
        assert_eq!(source("").resolve(Path::new("data")), Path::new("folder/data"));
        assert_eq!(source("").resolve(Path::new("/data")), Path::new("/data"));
    }
}
