//! The corpus over the scanner alone, as a command; `cargo xtask leaks` runs it, and the product's tests run the rest.
#![expect(clippy::print_stdout, reason = "a command that people read")]

use std::{process::ExitCode, time::Instant};

use clap::Parser;
use leaks::{
    corpus::Corpus,
    encoding::{Class, Encoding},
    in_process,
    judge::Judge,
    shape::Credential,
};

/// Runs the corpus over the scanner, without a gateway.
#[derive(Debug, Parser)]
struct Arguments {
    /// Which secrets and cuts; the same seed makes the same ones
    #[arg(long, default_value_t = 1)]
    seed: u64,
    /// Runs every so many-th case
    #[arg(long, default_value_t = 1)]
    every: usize,
}

fn main() -> ExitCode {
    let Arguments { seed, every } = Arguments::parse();
    for encoding in Encoding::all().filter(|encoding| encoding.class != Class::C) {
        for credential in Credential::one_of_each(seed) {
            if !Judge::reads_encoding(credential.text().as_bytes(), &encoding) {
                println!("the judge cannot read {} of {}", encoding.name, credential.shape().as_str());
            }
        }
    }
    let began = Instant::now();
    let corpus = Corpus { seed, classes: &[Class::A, Class::B, Class::C], every };
    let tally = in_process::run(&corpus);
    println!("{}", tally.report());
    let seconds = began.elapsed().as_secs_f64();
    let cases = [Class::A, Class::B, Class::C].map(|class| tally.of(class).total()).iter().sum::<u64>();
    println!("{cases} cases in {seconds:.1} s, {:.0} a second", cases as f64 / seconds);
    if tally.of(Class::A).passed() == 0 { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}
