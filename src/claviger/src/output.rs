//! What people read: standard output for answers, standard error for why there is none.
#![expect(clippy::print_stdout, clippy::print_stderr, reason = "the one place that writes to the terminal")]

use std::process::ExitCode;

/// Why a command did not do what it was asked, with what to do next.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
pub(crate) struct Failure(String);

impl Failure {
    pub(crate) fn new(text: impl Into<String>) -> Self {
        Self(text.into())
    }

    /// What failed, and each cause below it.
    pub(crate) fn because(what: &str, error: &dyn std::error::Error) -> Self {
        let causes = std::iter::successors(Some(error), |error| error.source());
        Self(causes.fold(what.to_owned(), |text, cause| format!("{text}: {cause}")))
    }

    /// Says it on standard error.
    pub(crate) fn report(&self) -> ExitCode {
        eprintln!("claviger: {self}");
        ExitCode::FAILURE
    }
}

/// One line on standard output.
pub(crate) fn say(line: impl AsRef<str>) {
    println!("{}", line.as_ref());
}

/// One line on standard error, for what is no answer: prompts, progress, hints.
pub(crate) fn hint(line: impl AsRef<str>) {
    eprintln!("{}", line.as_ref());
}
