//! Structured logs: one event a line on standard error, JSON unless it is a terminal. `docs/logging.md` says what stands in them.

use std::{
    error::Error as _,
    fs::File,
    io::{IsTerminal as _, stderr},
    sync::Arc,
};

use tracing_subscriber::EnvFilter;

/// The variable that sets levels, such as `info,gateway=debug`.
const VARIABLE: &str = "CLAVIGER_LOG";

/// Starts logging. Called once, before anything that logs.
pub(crate) fn start() {
    let builder = tracing_subscriber::fmt().with_env_filter(filter()).with_writer(stderr);
    if stderr().is_terminal() {
        builder.with_target(false).init();
    } else {
        builder.json().flatten_event(true).init();
    }
}

/// Starts logging into a file, in JSON. Called instead of [`start`] by what has the terminal for itself.
pub(crate) fn start_in(file: File) {
    let builder = tracing_subscriber::fmt().with_env_filter(filter()).with_writer(Arc::new(file));
    builder.json().flatten_event(true).init();
}

fn filter() -> EnvFilter {
    EnvFilter::builder().with_env_var(VARIABLE).try_from_env().unwrap_or_else(|error| {
        if error.source().is_some_and(|source| !source.is::<std::env::VarError>()) {
            crate::output::hint(format!("claviger: {VARIABLE} is not understood, so the level is info: {error}"));
        }
        EnvFilter::new("info")
    })
}
