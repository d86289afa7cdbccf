//! `cargo xtask bench`: the same call directly, through nginx and through Claviger, in turn, in one run.

mod machine;
mod measure;
mod minting;
mod parts;
mod report;
mod scanner;
mod setup;
mod source;

use std::{env, path::PathBuf, process::Command, time::Instant};

use crate::{
    command::{Failure, run},
    root,
};

use self::{
    measure::{Calls, Latency},
    parts::{Parts, Path},
};

/// Calls in a second where latency is measured: few enough that a call never waits for another.
const CALLS_PER_SECOND: u32 = 500;
/// What a call costs at first, before caches and buffers are there, is not measured.
const WARM_UP_SECONDS: f64 = 0.5;

/// How long and how hard is measured.
#[derive(Debug, Clone, clap::Args)]
pub(crate) struct Options {
    /// How often each path has its turn; medians are shown
    #[arg(long, default_value_t = 5)]
    rounds: usize,
    /// How long a turn takes
    #[arg(long, default_value_t = 2.0)]
    seconds: f64,
    /// Connections that call at once
    #[arg(long, default_value_t = 16)]
    connections: usize,
    /// Credentials that are stored, each of which is looked for in every answer
    #[arg(long, default_value_t = 1000)]
    credentials: usize,
    /// Only the first table row of each path: the small JSON answer
    #[arg(long)]
    small: bool,
    /// Only minted credentials, and leave docs/performance.md as it is
    #[arg(long)]
    minting: bool,
    /// The scanner by itself and nothing else, beside other scanners
    #[arg(long)]
    scanner: bool,
    /// The longest text that the scanner is measured on
    #[arg(long, default_value_t = 64 << 20, value_name = "BYTES")]
    bytes_max: usize,
    /// Measure this program and leave docs/performance.md as it is; without it, what is in the folder is built and measured
    #[arg(long)]
    program: Option<PathBuf>,
}

/// What is asked for, and how it is named in the table.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Work {
    Small,
    Large,
    Events,
    SmallTls,
}

impl Work {
    const ALL: [Self; 4] = [Self::Small, Self::Large, Self::Events, Self::SmallTls];

    /// The upstream's name, and the last segment of its path.
    const fn upstream(self) -> &'static str {
        match self {
            Self::Small | Self::SmallTls => "small",
            Self::Large => "large",
            Self::Events => "events",
        }
    }

    const fn title(self) -> &'static str {
        match self {
            Self::Small => "JSON answer of 2 KB",
            Self::Large => "JSON answer of 64 KB",
            Self::Events => "event stream of 2 KB",
            Self::SmallTls => "JSON answer of 2 KB, TLS 1.3 from the caller",
        }
    }

    const fn is_tls(self) -> bool {
        matches!(self, Self::SmallTls)
    }
}

/// The turns of one path at one work.
#[derive(Debug)]
struct Row {
    work: Work,
    path: Path,
    turns: Vec<Calls>,
}

/// Everything that was measured.
#[derive(Debug)]
struct Results {
    rows: Vec<Row>,
    latencies: Vec<(Path, Vec<Latency>)>,
    memory: Vec<(Path, u64)>,
    /// `None` where OpenBao or PostgreSQL is not installed.
    minted: Option<minting::Minted>,
    /// What the machine was doing already.
    load_before: String,
}

/// Builds, measures, and writes the table to the terminal and into docs/performance.md.
pub(crate) fn bench(options: &Options) -> Result<(), Failure> {
    if options.scanner {
        return scanner::bench(options);
    }
    parts::check_nginx()?;
    let programs = build(options)?;
    println!("\n== setting up: {} stored credentials, {} rules", options.credentials, setup::RULES);
    let parts = Parts::start(&programs, options.credentials)?;
    let began = Instant::now();
    let results = if options.minting {
        Results::of_minting(minting::measure(&parts, options)?)
    } else {
        measure_all(&parts, options)?
    };
    println!("\n== measured: {:.0} s", began.elapsed().as_secs_f64());
    let table = report::table(&results, options);
    println!("\n{table}");
    if options.program.is_none() && !options.minting {
        report::write(report::BEGIN, &table)?;
    }
    Ok(())
}

/// The programs that run.
#[derive(Debug)]
struct Programs {
    claviger: PathBuf,
    bench_parts: PathBuf,
}

fn build(options: &Options) -> Result<Programs, Failure> {
    let mut cargo = Command::new(env!("CARGO"));
    cargo.args(["build", "--release", "--package", "benches"]).current_dir(root());
    if options.program.is_none() {
        cargo.args(["--package", "claviger"]);
    }
    run("building for release; the first time takes minutes", &mut cargo)?;
    let claviger = options.program.clone().unwrap_or_else(|| target().join("release/claviger"));
    Ok(Programs { claviger, bench_parts: target().join("release/bench-parts") })
}

/// Where cargo builds.
fn target() -> PathBuf {
    env::var_os("CARGO_TARGET_DIR").map_or_else(|| root().join("target"), PathBuf::from)
}

fn measure_all(parts: &Parts, options: &Options) -> Result<Results, Failure> {
    let works: &[Work] = if options.small { &[Work::Small] } else { &Work::ALL };
    let mut rows = Vec::new();
    for work in works {
        for path in Path::ALL {
            // Nobody stands between where TLS ends at the upstream itself.
            if !(work.is_tls() && path == Path::Direct) {
                rows.push(Row { work: *work, path, turns: Vec::new() });
            }
        }
    }
    let load_before = machine::load_average();
    let mut latencies: Vec<_> = Path::ALL.map(|path| (path, Vec::new())).into();
    println!("\n== warming up");
    for row in &rows {
        measure::load(&parts.target(row.path, row.work), WARM_UP_SECONDS, options.connections)?;
    }
    for round in 1..=options.rounds {
        println!("== round {round} of {}", options.rounds);
        for row in &mut rows {
            let turn = measure::load(&parts.target(row.path, row.work), options.seconds, options.connections)?;
            println!(
                "   {:<9} {:<46} {:>6.1} µs of CPU per call, {:>7.0} calls/s",
                row.path.name(),
                row.work.title(),
                turn.cpu_us(),
                turn.per_second()
            );
            row.turns.push(turn);
        }
        for (path, turns) in &mut latencies {
            turns.push(measure::pace(&parts.target(*path, Work::Small), options.seconds, CALLS_PER_SECOND)?);
        }
    }
    let memory = [Path::Nginx, Path::Claviger];
    let memory = memory.into_iter().map(|path| Ok((path, parts.process(path, Work::Small).resident_kib()?)));
    let memory = memory.collect::<Result<_, Failure>>()?;
    let minted = minting::measure(parts, options)?;
    Ok(Results { rows, latencies, memory, minted, load_before })
}

impl Row {
    fn median(&self, of: impl Fn(&Calls) -> f64) -> f64 {
        measure::median(self.turns.iter().map(of))
    }
}

impl Results {
    fn row(&self, work: Work, path: Path) -> Option<&Row> {
        self.rows.iter().find(|row| row.work == work && row.path == path)
    }

    /// The median of the ratios to nginx in the same round.
    fn ratio(&self, row: &Row) -> Option<f64> {
        let nginx = self.row(row.work, Path::Nginx)?;
        let ratios = row.turns.iter().zip(&nginx.turns).map(|(ours, theirs)| ours.cpu_us() / theirs.cpu_us());
        Some(measure::median(ratios))
    }

    /// Of nothing else.
    fn of_minting(minted: Option<minting::Minted>) -> Self {
        let load_before = machine::load_average();
        Self { rows: Vec::new(), latencies: Vec::new(), memory: Vec::new(), minted, load_before }
    }

    fn latency(&self, path: Path) -> Option<Latency> {
        let (_, turns) = self.latencies.iter().find(|(of, _)| *of == path)?;
        Some(Latency {
            p50_us: measure::median(turns.iter().map(|turn| turn.p50_us)),
            p99_us: measure::median(turns.iter().map(|turn| turn.p99_us)),
        })
    }
}
