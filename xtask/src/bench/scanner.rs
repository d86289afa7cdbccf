//! `cargo xtask bench --scanner`: the scanner by itself on each vector path, and other scanners on the same texts, in turn, in one run.

mod instructions;
mod peers;
mod report;

use std::{collections::BTreeMap, path::PathBuf, process::Command, time::Instant};

use self::peers::Peers;
use super::{Options, machine, measure};
use crate::command::{Failure, run};

/// Who other scanners are compared on: long enough for what they do once a text not to count, and for them hardly short enough.
const COMPARED_BYTES: usize = 64 << 10;
/// The texts, by the names that `bench-scanner` knows.
const TEXTS: [&str; 3] = ["json", "events", "documentation"];
/// Numbers of secrets, and lengths of bodies, whose memory is measured.
const SECRETS: [usize; 3] = [1, 50, 1000];
const LENGTHS: [usize; 3] = [2 << 10, 1 << 20, 64 << 20];

/// What was looked for, in which text, and on which vector path.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
struct Cell {
    path: String,
    text: String,
    bytes: usize,
    look: String,
}

/// How long the first bytes wait, in a round.
#[derive(Debug, Clone)]
struct Delay {
    what: String,
    p50_us: f64,
    p99_us: f64,
}

/// Everything that was measured.
#[derive(Debug, Default)]
struct Results {
    /// The vector paths of this machine, the fastest first.
    paths: Vec<String>,
    /// The time of a body, in each round.
    seconds: BTreeMap<Cell, Vec<f64>>,
    /// The time of another scanner for a text of [`COMPARED_BYTES`], in each round.
    others: BTreeMap<(&'static str, &'static str), Vec<f64>>,
    delays: Vec<Delay>,
    /// The most memory in KiB, by the number of secrets and the length of the body.
    memory: BTreeMap<(usize, usize), f64>,
    /// Instructions for a body; empty where no tool is installed that counts them.
    instructions: BTreeMap<Cell, f64>,
    load_before: String,
}

/// The program that is measured.
#[derive(Debug)]
struct Scanner(PathBuf);

/// Builds, measures, and writes the tables to the terminal and into docs/performance.md.
pub(crate) fn bench(options: &Options) -> Result<(), Failure> {
    let mut build = Command::new(env!("CARGO"));
    build.args(["build", "--release", "--package", "benches", "--bin", "bench-scanner"]).current_dir(crate::root());
    run("building for release; the first time takes minutes", &mut build)?;
    let scanner = Scanner(super::target().join("release/bench-scanner"));
    let peers = Peers::install()?;
    let began = Instant::now();
    let results = measure_all(&scanner, &peers, options)?;
    println!("\n== measured: {:.0} s", began.elapsed().as_secs_f64());
    let tables = report::tables(&results, options);
    println!("\n{tables}");
    super::report::write(report::BEGIN, &tables)
}

fn measure_all(scanner: &Scanner, peers: &Peers, options: &Options) -> Result<Results, Failure> {
    let paths = scanner.say(&["paths"])?.lines().map(str::to_owned).collect();
    let mut results = Results { paths, load_before: machine::load_average(), ..Results::default() };
    for round in 1..=options.rounds {
        println!("\n== round {round} of {}", options.rounds);
        for path in results.paths.clone() {
            println!("   {path}");
            let said = scanner.say(&["rates", &path, "--bytes-max", &options.bytes_max.to_string()])?;
            for line in said.lines() {
                let cell = Cell::read(&path, line)?;
                results.seconds.entry(cell).or_default().push(measure::number(line, "seconds")?);
            }
        }
        for text in TEXTS {
            let written = scanner.say(&["text", text, &COMPARED_BYTES.to_string()])?;
            for (name, seconds) in peers.seconds(&written)? {
                println!("   {name}: {:.0} ms for {text}", seconds * 1e3);
                results.others.entry((name, text)).or_default().push(seconds);
            }
        }
        for line in scanner.say(&["delay"])?.lines() {
            let what = line.split_once("what=").map_or(line, |(_, what)| what).to_owned();
            let (p50_us, p99_us) = (measure::number(line, "p50_us")?, measure::number(line, "p99_us")?);
            results.delays.push(Delay { what, p50_us, p99_us });
        }
    }
    println!("\n== memory and instructions");
    for secrets in SECRETS {
        for bytes in LENGTHS.into_iter().filter(|bytes| *bytes <= options.bytes_max) {
            let said = scanner.say(&["memory", &secrets.to_string(), &bytes.to_string()])?;
            results.memory.insert((secrets, bytes), measure::number(&said, "most_kib")?);
        }
    }
    for path in results.paths.clone() {
        results.instructions.extend(instructions::count(scanner, &path)?);
    }
    Ok(results)
}

impl Scanner {
    fn say(&self, arguments: &[&str]) -> Result<String, Failure> {
        measure::output(Command::new(&self.0).args(arguments))
    }
}

impl Cell {
    fn read(path: &str, line: &str) -> Result<Self, Failure> {
        let text = |name| measure::value(line, name).map(str::to_owned);
        let bytes = measure::number(line, "bytes")? as usize;
        Ok(Self { path: path.to_owned(), text: text("text")?, bytes, look: text("look")? })
    }
}

impl Results {
    /// The median of the rounds.
    fn seconds(&self, path: &str, text: &str, bytes: usize, look: &str) -> Option<f64> {
        let cell = Cell { path: path.to_owned(), text: text.to_owned(), bytes, look: look.to_owned() };
        self.seconds.get(&cell).map(|rounds| measure::median(rounds.iter().copied()))
    }

    /// In GB/s.
    fn rate(&self, path: &str, text: &str, bytes: usize, look: &str) -> Option<f64> {
        Some(bytes as f64 / self.seconds(path, text, bytes, look)? / 1e9)
    }

    /// The median of how many times faster a look is than another scanner in the same round.
    fn ratio(&self, path: &str, text: &'static str, look: &str, other: &'static str) -> Option<f64> {
        let cell = Cell { path: path.to_owned(), text: text.to_owned(), bytes: COMPARED_BYTES, look: look.to_owned() };
        let (ours, theirs) = (self.seconds.get(&cell)?, self.others.get(&(other, text))?);
        Some(measure::median(theirs.iter().zip(ours).map(|(theirs, ours)| theirs / ours)))
    }
}
