//! The program: wiring, listeners, command line, shutdown.
//!
//! In scope: turning a configuration into a running broker, and everything that a person types. Out of scope: what the parts do;
//! this crate alone names concrete providers and stores.

mod broker;
mod cli;
mod client;
mod command;
mod connections;
mod demo;
mod listener;
mod logging;
mod output;
mod unlock;

use std::process::ExitCode;

use clap::Parser as _;

/// Calls that wait side by side hold many small allocations of one size, for which the system's allocator keeps too few at hand.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> ExitCode {
    cli::Arguments::parse().run()
}
