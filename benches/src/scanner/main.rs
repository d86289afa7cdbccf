//! Measures the scanner by itself, on one vector path and on one core. `cargo xtask bench --scanner` runs it.
#![expect(
    clippy::print_stdout,
    clippy::print_stderr,
    reason = "what is printed is read by `cargo xtask bench --scanner`"
)]

mod delay;
mod looks;
mod memory;
mod rates;
mod texts;

use std::process::ExitCode;

use clap::{Parser, Subcommand};
use vector::Path;

use self::texts::Text;

/// The same as that of the product, on whose speed it bears.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

/// The names of the vector paths.
const PATHS: [(&str, Path); 3] = [("AVX-512", Path::Avx512), ("AVX2", Path::Avx2), ("portable", Path::Portable)];

#[derive(Debug, Parser)]
struct Arguments {
    #[command(subcommand)]
    part: Part,
}

#[derive(Debug, Subcommand)]
enum Part {
    /// Names the paths that this machine can take
    Paths,
    /// Prints a text as it is measured
    Text { text: Text, bytes: usize },
    /// How fast each text is looked through for each thing
    Rates {
        /// The vector path
        path: String,
        /// The longest texts that are measured
        #[arg(long)]
        bytes_max: usize,
    },
    /// Looks through each text for each thing, for a tool that counts instructions
    Instructions {
        /// The vector path
        path: String,
    },
    /// Looks through one text for one thing again and again, for a profiler
    Again {
        /// The vector path
        path: String,
        text: Text,
        bytes: usize,
        /// As `rates` prints it
        look: String,
        times: u32,
    },
    /// How long the first bytes of an answer wait for the scanner
    Delay,
    /// The memory that a body takes to be scanned
    Memory { secrets: usize, bytes: usize },
}

fn main() -> ExitCode {
    match run(Arguments::parse().part) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("{error}");
            ExitCode::FAILURE
        }
    }
}

fn run(part: Part) -> Result<(), Box<dyn std::error::Error>> {
    match part {
        Part::Paths => PATHS.iter().filter(|(_, path)| path.is_available()).for_each(|(name, _)| println!("{name}")),
        Part::Text { text, bytes } => print!("{}", String::from_utf8_lossy(&text.write(bytes))),
        Part::Rates { path, bytes_max } => {
            take(&path)?;
            rates::measure(bytes_max)?;
        }
        Part::Instructions { path } => {
            take(&path)?;
            rates::count()?;
        }
        Part::Again { path, text, bytes, look, times } => {
            take(&path)?;
            rates::again(text, bytes, &look, times)?;
        }
        Part::Delay => delay::measure()?,
        Part::Memory { secrets, bytes } => memory::measure(secrets, bytes)?,
    }
    Ok(())
}

fn take(name: &str) -> Result<(), String> {
    let path = PATHS.iter().find(|(known, _)| *known == name);
    let is_taken = path.is_some_and(|(_, path)| path.prefer());
    if is_taken { Ok(()) } else { Err(format!("this machine has no path `{name}`")) }
}
