//! What developers run: `cargo xtask test`, `peers`, `docs`, `bench`, `crash`, `leaks`, `fuzz`, `detection`.
#![expect(clippy::print_stdout, reason = "a command that people read")]

mod bench;
mod command;
mod crash;
mod detection;
mod docs;
mod fuzz;
mod leaks;
mod peers;
mod test;

use std::{path::PathBuf, process::ExitCode};

use clap::{Parser, Subcommand};

/// The commands of people who build Claviger.
#[derive(Debug, Parser)]
#[command(name = "cargo xtask", about, disable_help_subcommand = true)]
struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Everything that must hold before a change lands: format, lints, documents, every test with its real servers
    Test {
        /// Only tests whose names contain this
        filter: Option<String>,
    },
    /// Install the real servers and clients of the tests below target/peers
    Peers,
    /// Write the documents that are generated from code
    Docs,
    /// Kill a broker at many points, and check after each that nothing is lost, unrecorded or left at a source
    Crash(crash::Options),
    /// Give a credential back in every way, and say what came through
    Leaks(leaks::Options),
    /// Feed decoders and the scanner with inputs that a fuzzer makes up
    Fuzz(fuzz::Options),
    /// Measure a call directly, through nginx and through Claviger, and write docs/performance.md
    Bench(bench::Options),
    /// Compare what is found of personal data and of credentials with what is there, and with what other scanners find
    Detection(detection::Options),
}

fn main() -> ExitCode {
    let outcome = match Arguments::parse().command {
        Command::Test { filter } => test::run_all(filter.as_deref()),
        Command::Peers => peers::install().map(|peers| println!("{}", peers.summary())),
        Command::Docs => docs::write(),
        Command::Crash(options) => crash::crash(&options),
        Command::Leaks(options) => leaks::leaks(&options),
        Command::Fuzz(options) => fuzz::fuzz(&options),
        Command::Bench(options) => bench::bench(&options),
        Command::Detection(options) => detection::detection(&options),
    };
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => {
            println!("\n{failure}");
            ExitCode::FAILURE
        }
    }
}

/// The root of the repository.
fn root() -> PathBuf {
    let manifest = PathBuf::from(env!("CARGO_MANIFEST_DIR"));
    manifest.parent().map(PathBuf::from).unwrap_or(manifest)
}
