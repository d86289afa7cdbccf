//! The program: wiring, listeners, command line, shutdown.
//!
//! In scope: turning a configuration into a running broker, and everything that a person types. Out of scope: what the parts do;
//! this crate alone names concrete providers and stores.

mod broker;
mod cli;
mod client;
mod command;
mod demo;
mod listener;
mod logging;
mod output;
mod unlock;

use std::process::ExitCode;

use clap::Parser as _;

fn main() -> ExitCode {
    cli::Arguments::parse().run()
}
