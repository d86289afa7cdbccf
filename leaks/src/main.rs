//! The corpus, the guesser and benign traffic over the scanner alone, as commands; `cargo xtask leaks` runs them.
#![expect(clippy::print_stdout, reason = "a command that people read")]

use std::{path::PathBuf, process::ExitCode, time::Instant};

use clap::{Parser, Subcommand};
use leaks::{
    benign,
    corpus::Corpus,
    encoding::{Class, Encoding},
    guesser, in_process,
    whisper::Whispers,
};

/// What runs over the scanner alone, without a gateway.
#[derive(Debug, Parser)]
struct Arguments {
    /// Which secrets, cuts and guesses; the same seed makes the same ones
    #[arg(long, default_value_t = 1, global = true)]
    seed: u64,
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Every case of the corpus in a body
    Corpus {
        /// Runs every so many-th case
        #[arg(long, default_value_t = 1)]
        every: usize,
        /// Encodings and channels whose names begin so, and no others
        #[arg(long)]
        only: Vec<String>,
    },
    /// One case by its name: what the upstream answers, and what arrives
    Case {
        /// As a report names it
        id: String,
    },
    /// Somebody who has guesses echoed, and watches what becomes of them
    Guess {
        /// How many queries in each game
        #[arg(long, default_value_t = 1_000_000)]
        queries: u64,
    },
    /// Guesses of which some characters are right, for an instruction counter
    Whisper {
        /// How they are written
        #[arg(long, default_value = "plain")]
        encoding: String,
        /// What stands between them
        #[arg(long, default_value = "_")]
        separator: String,
        /// How many characters of each are right
        #[arg(long, default_value_t = 0)]
        right: usize,
    },
    /// Traffic without secrets, which must come out as it went in
    Benign {
        /// How much, in MiB
        #[arg(long, default_value_t = 2048)]
        mebibytes: u64,
        /// How many finds of each rule are shown, to be judged
        #[arg(long, default_value_t = 0)]
        finds: usize,
        /// Where files are read
        #[arg(required = true)]
        folders: Vec<PathBuf>,
    },
}

fn main() -> ExitCode {
    let Arguments { seed, command } = Arguments::parse();
    let began = Instant::now();
    let is_good = match command {
        Command::Corpus { every, only } => corpus(seed, every, only),
        Command::Case { id } => case(seed, &id),
        Command::Guess { queries } => guess(seed, queries),
        Command::Whisper { encoding, separator, right } => Encoding::named(&encoding).is_some_and(|encoding| {
            let whispers = Whispers::new(seed, right, &encoding, &separator);
            println!("{} guesses", whispers.guesses());
            whispers.scan() == 0
        }),
        Command::Benign { mebibytes, finds, folders } => {
            let benign = benign::run(seed, &folders, mebibytes << 20, finds);
            println!("{}\n{} live secrets, none of which is there", benign.report(), benign::SECRETS);
            benign.live() == 0
        }
    };
    println!("{:.1} s", began.elapsed().as_secs_f64());
    if is_good { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

fn corpus(seed: u64, every: usize, only: Vec<String>) -> bool {
    let began = Instant::now();
    let tally = in_process::run(&Corpus { seed, classes: &[Class::A, Class::B, Class::C], every, only });
    let cases = [Class::A, Class::B, Class::C].map(|class| tally.of(class).total()).iter().sum::<u64>();
    let rate = cases as f64 / began.elapsed().as_secs_f64();
    println!("{}\n{cases} cases, {rate:.0} a second", tally.report());
    tally.of(Class::A).passed() == 0
}

fn case(seed: u64, id: &str) -> bool {
    let Some((reply, arrived, verdict)) = in_process::run_case(seed, id) else { return false };
    println!("{}\n\n{}\n\n{verdict:?}", String::from_utf8_lossy(&reply.body), String::from_utf8_lossy(&arrived));
    verdict.is_stopped()
}

fn guess(seed: u64, queries: u64) -> bool {
    let games = guesser::play(seed, queries);
    games.iter().for_each(|game| println!("{game}"));
    let (asked, reactions) = guesser::below_the_threshold(seed);
    println!("texts of less than 64 unknown bits: {asked}, reacted to {}", reactions.len());
    reactions.iter().take(20).for_each(|text| println!("  {text}"));
    games.iter().all(guesser::Game::is_chance) && reactions.is_empty()
}
