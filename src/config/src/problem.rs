//! What is wrong with a configuration: each problem with its place, its text, and what would be right.

use std::{
    fmt,
    ops::Range,
    path::{Path, PathBuf},
};

use crate::source::{Excerpt, Position, Shown, Source};

/// More problems than this are not reported; who has so many gave us another kind of file.
const PROBLEMS_MAX: usize = 64;

/// All that is wrong with a configuration, in the order of the file.
#[derive(Debug, PartialEq, Eq)]
pub struct ConfigErrors(Vec<Problem>);

/// One thing that is wrong.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Problem {
    file: PathBuf,
    position: Option<Position>,
    excerpt: Option<Excerpt>,
    message: String,
    help: Option<String>,
}

impl ConfigErrors {
    /// The problems; there is at least one.
    #[must_use]
    pub fn problems(&self) -> &[Problem] {
        &self.0
    }
}

impl std::error::Error for ConfigErrors {}

impl fmt::Display for ConfigErrors {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (at, problem) in self.0.iter().enumerate() {
            if at > 0 {
                f.write_str("\n\n")?;
            }
            fmt::Display::fmt(problem, f)?;
        }
        Ok(())
    }
}

impl Problem {
    /// A problem with the file as a whole.
    pub(crate) fn with_file(file: &Path, message: String, help: &str) -> ConfigErrors {
        let help = Some(help.to_owned());
        ConfigErrors(vec![Self { file: file.to_owned(), position: None, excerpt: None, message, help }])
    }

    /// The file.
    #[must_use]
    pub fn file(&self) -> &Path {
        &self.file
    }

    /// The line and column, both counted from one; none where the file could not be read.
    #[must_use]
    pub fn line_and_column(&self) -> Option<(usize, usize)> {
        self.position.map(|position| (position.line, position.column))
    }

    /// What is wrong.
    #[must_use]
    pub fn message(&self) -> &str {
        &self.message
    }

    /// What would be right.
    #[must_use]
    pub fn help(&self) -> Option<&str> {
        self.help.as_deref()
    }

    /// Says what would be right.
    pub(crate) fn help_with(&mut self, help: impl Into<String>) {
        self.help = Some(help.into());
    }
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:", self.file.display())?;
        let gutter = self.position.map_or(0, |position| position.line.to_string().len());
        if let Some(Position { line, column }) = self.position {
            write!(f, "{line}:{column}:")?;
        }
        write!(f, " {}", self.message)?;
        if let (Some(Position { line, .. }), Some(excerpt)) = (self.position, &self.excerpt) {
            let (indent, carets) = (" ".repeat(excerpt.caret_start), "^".repeat(excerpt.caret_length));
            write!(f, "\n{:gutter$} |\n{line} | {}\n{:gutter$} | {indent}{carets}", "", excerpt.text, "")?;
        }
        if let Some(help) = &self.help {
            write!(f, "\n{:gutter$} = {help}", "")?;
        }
        Ok(())
    }
}

/// Problems as they are found.
#[derive(Debug)]
pub(crate) struct Problems<'a> {
    source: &'a Source,
    found: Vec<Problem>,
}

impl<'a> Problems<'a> {
    pub(crate) const fn new(source: &'a Source) -> Self {
        Self { source, found: Vec::new() }
    }

    pub(crate) const fn source(&self) -> &'a Source {
        self.source
    }

    pub(crate) const fn is_empty(&self) -> bool {
        self.found.is_empty()
    }

    pub(crate) const fn is_full(&self) -> bool {
        self.found.len() >= PROBLEMS_MAX
    }

    /// A problem with the file as a whole, which has no line to show.
    pub(crate) fn at_top(&mut self, message: impl Into<String>) -> &mut Problem {
        let problem = self.at(&(0..0), message);
        problem.excerpt = None;
        problem
    }

    /// A problem with the text at `span`, which is shown.
    pub(crate) fn at(&mut self, span: &Range<usize>, message: impl Into<String>) -> &mut Problem {
        self.add(span, Shown::Line, message.into())
    }

    /// A problem with a key, whose value is not shown.
    pub(crate) fn at_key(&mut self, span: &Range<usize>, message: impl Into<String>) -> &mut Problem {
        self.add(span, Shown::Key, message.into())
    }

    /// A problem with a value that may be a secret, and is not shown.
    pub(crate) fn at_hidden(&mut self, span: &Range<usize>, message: impl Into<String>) -> &mut Problem {
        self.add(span, Shown::UpToValue, message.into())
    }

    /// The problems in the order of the file; nothing where there is none.
    pub(crate) fn finish(mut self) -> Result<(), ConfigErrors> {
        self.found.sort_by_key(|problem| problem.position);
        self.found.truncate(PROBLEMS_MAX);
        if self.found.is_empty() { Ok(()) } else { Err(ConfigErrors(self.found)) }
    }

    fn add(&mut self, span: &Range<usize>, shown: Shown, message: String) -> &mut Problem {
        let excerpt = Some(self.source.excerpt(span, shown));
        let position = Some(self.source.position(span.start));
        self.found.push(Problem { file: self.source.path().to_owned(), position, excerpt, message, help: None });
        self.found.last_mut().expect("a problem was pushed on the line above")
    }
}
