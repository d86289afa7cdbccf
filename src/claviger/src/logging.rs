//! Structured logs: one event a line on standard error, JSON unless it is a terminal. `docs/logging.md` says what stands in them.

use std::io::{IsTerminal as _, stderr};

use tracing_subscriber::EnvFilter;

/// The variable that sets levels, such as `info,gateway=debug`.
const VARIABLE: &str = "CLAVIGER_LOG";

/// Starts logging. Called once, before anything that logs.
pub(crate) fn start() {
    let filter = EnvFilter::builder().with_env_var(VARIABLE).try_from_env().unwrap_or_else(|_| EnvFilter::new("info"));
    let builder = tracing_subscriber::fmt().with_env_filter(filter).with_writer(stderr);
    if stderr().is_terminal() {
        builder.with_target(false).init();
    } else {
        builder.json().flatten_event(true).init();
    }
}
