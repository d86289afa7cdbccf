//! What is wrong in a policy file, and where.

use std::{
    fmt,
    path::{Path, PathBuf},
};

use miette::Diagnostic;

/// How much of the offending text is shown, in characters: enough to recognise it, not a whole policy.
const EXCERPT_LENGTH_MAX: usize = 120;

/// One finding. Lines and columns count from one, columns in characters.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Problem {
    /// The file, or the directory.
    pub path: PathBuf,
    /// The line and the column; `None` where the file as a whole is meant.
    pub position: Option<(usize, usize)>,
    /// What is wrong and what to do.
    pub what: String,
    /// The offending text, cut to one line.
    pub text: String,
}

impl Problem {
    pub(crate) fn of_file(path: &Path, what: impl Into<String>) -> Self {
        Self { path: path.to_owned(), position: None, what: what.into(), text: String::new() }
    }

    /// A finding about the bytes `start..end` of `source`, which are moved onto character boundaries where they are not.
    pub(crate) fn at(path: &Path, source: &str, start: usize, end: usize, what: impl Into<String>) -> Self {
        let start = floor_boundary(source, start);
        let end = floor_boundary(source, end).max(start);
        let before = source.get(..start).unwrap_or_default();
        let line = before.matches('\n').count() + 1;
        let column = before.rsplit('\n').next().unwrap_or_default().chars().count() + 1;
        let offending = source.get(start..end).unwrap_or_default();
        let first_line = offending.lines().next().unwrap_or_default();
        let text = first_line.chars().take(EXCERPT_LENGTH_MAX).collect();
        Self { path: path.to_owned(), position: Some((line, column)), what: what.into(), text }
    }

    /// A finding of Cedar, at the label that it carries or else at the bytes `start..end`.
    pub(crate) fn of_cedar(path: &Path, source: &str, (start, end): (usize, usize), finding: &dyn Diagnostic) -> Self {
        let label = finding.labels().and_then(|mut labels| labels.next());
        let (start, end) = label.map_or((start, end), |l| (l.offset(), l.offset() + l.len()));
        let said = finding.to_string();
        // The position says which policy it is; Cedar's number of it says nothing to its author.
        let numbered = said.strip_prefix("for policy `").and_then(|rest| rest.split_once("`, "));
        let mut what = numbered.map_or(said.as_str(), |(_, rest)| rest).to_owned();
        if let Some(help) = finding.help() {
            what.push_str("; ");
            what.push_str(&help.to_string());
        }
        Self::at(path, source, start, end, what)
    }
}

fn floor_boundary(source: &str, at: usize) -> usize {
    (0..=at.min(source.len())).rev().find(|&b| source.is_char_boundary(b)).unwrap_or(0)
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.path.display())?;
        if let Some((line, column)) = self.position {
            write!(f, ":{line}:{column}")?;
        }
        write!(f, ": {}", self.what)?;
        if !self.text.is_empty() {
            write!(f, "\n    {}", self.text)?;
        }
        Ok(())
    }
}

/// Why no policies were loaded: everything that was found, in file order, one finding after another.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LoadError {
    problems: Vec<Problem>,
}

impl LoadError {
    pub(crate) const fn new(problems: Vec<Problem>) -> Self {
        Self { problems }
    }

    /// The findings; never empty.
    #[must_use]
    pub fn problems(&self) -> &[Problem] {
        &self.problems
    }
}

impl fmt::Display for LoadError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (i, problem) in self.problems.iter().enumerate() {
            if i > 0 {
                f.write_str("\n")?;
            }
            fmt::Display::fmt(problem, f)?;
        }
        Ok(())
    }
}

impl std::error::Error for LoadError {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_position_counts_characters_from_one() {
        let source = "// é\npermit éx\nrest";
        let at = source.find('x').unwrap();
        let problem = Problem::at(Path::new("a.cedar"), source, at, at + 6, "is wrong");
        assert_eq!(problem.to_string(), "a.cedar:2:9: is wrong\n    x");
    }

    #[test]
    fn a_span_that_cuts_a_character_or_runs_over_the_end_is_no_panic() {
        let problem = Problem::at(Path::new("a.cedar"), "é", 1, 99, "is wrong");
        assert_eq!(problem.to_string(), "a.cedar:1:1: is wrong\n    é");
    }
}
