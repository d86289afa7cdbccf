//! The table, and its place in docs/performance.md.

use std::{fmt::Write as _, fs};

use super::{
    Options, Results, Work, machine,
    measure::{self, Latency},
    minting::Minted,
    parts::Path,
};
use crate::{
    command::{Failure, version, version_of},
    root,
};

/// The mark before the table of calls.
pub(crate) const BEGIN: &str = "<!-- Measured by `cargo xtask bench`. Do not edit between the marks. -->";
const END: &str = "<!-- End of what is measured. -->";

/// The tables as Markdown, which also reads well on a terminal.
pub(crate) fn table(results: &Results, options: &Options) -> String {
    let mut text = if results.rows.is_empty() { String::new() } else { paths_table(results) };
    if let Some(minted) = &results.minted {
        text.push_str(&minted_table(minted));
    }
    let _infallible = write!(text, "\n{}\n", circumstances(options, &results.load_before));
    text
}

/// What each path costs, and how long a call takes on it.
fn paths_table(results: &Results) -> String {
    let mut text = String::from(
        "| work | path | CPU µs per call | ratio to nginx (lowest to highest round) | calls/s |\n|---|---|---|---|---|\n",
    );
    for row in &results.rows {
        let ratio = match (row.path, results.ratio(row)) {
            (Path::Direct, _) | (_, None) => "–".to_owned(),
            (Path::Nginx, _) => "1.00".to_owned(),
            (Path::Claviger, Some(ratio)) => {
                let (low, high) = spread(results, row.work);
                format!("**{ratio:.2}** ({low:.2} to {high:.2})")
            }
        };
        let (cpu, rate) = (row.median(measure::Calls::cpu_us), row.median(measure::Calls::per_second));
        let _infallible =
            writeln!(text, "| {} | {} | {cpu:.1} | {ratio} | {rate:.0} |", row.work.title(), row.path.name());
    }
    let _infallible = write!(
        text,
        "\n| path, JSON answer of 2 KB at {} calls/s | p50 µs | p99 µs | added p50 | added p99 | memory MB |\n|---|---|---|---|---|---|\n",
        super::CALLS_PER_SECOND
    );
    let direct = results.latency(Path::Direct);
    for path in Path::ALL {
        let (Some(own), Some(direct)) = (results.latency(path), direct) else { continue };
        let added =
            |own: f64, base: f64| if path == Path::Direct { "–".to_owned() } else { format!("{:.0}", own - base) };
        let memory = results.memory.iter().find(|(of, _)| *of == path);
        let memory = memory.map_or("–".to_owned(), |(_, kib)| format!("{:.0}", *kib as f64 / 1024.0));
        let _infallible = writeln!(
            text,
            "| {} | {:.0} | {:.0} | {} | {} | {memory} |",
            path.name(),
            own.p50_us,
            own.p99_us,
            added(own.p50_us, direct.p50_us),
            added(own.p99_us, direct.p99_us)
        );
    }
    text
}

/// What a minted credential costs, beside a stored one.
fn minted_table(minted: &Minted) -> String {
    let mut text = String::from(
        "\n| credential, JSON answer of 2 KB | CPU µs per call | calls/s | p50 µs | p99 µs |\n|---|---|---|---|---|\n",
    );
    let (cpu, rate) = (minted.calls(measure::Calls::cpu_us), minted.calls(measure::Calls::per_second));
    let (p50, p99) = (minted.latency(|of| of.p50_us), minted.latency(|of| of.p99_us));
    let columns = cpu.into_iter().zip(rate).zip(p50.into_iter().zip(p99));
    for (name, ((cpu, rate), (p50, p99))) in ["stored", "minted, with a lease"].into_iter().zip(columns) {
        let _infallible = writeln!(text, "| {name} | {cpu:.1} | {rate:.0} | {p50:.0} | {p99:.0} |");
    }
    let _infallible = write!(
        text,
        "\n| {} sessions one after another, a user of PostgreSQL each | p50 ms | p99 ms |\n|---|---|---|\n",
        super::minting::SESSIONS
    );
    for (name, Latency { p50_us, p99_us }) in ["first call, which mints", "second call"].into_iter().zip(minted.first) {
        let _infallible = writeln!(text, "| {name} | {:.1} | {:.1} |", p50_us / 1e3, p99_us / 1e3);
    }
    text
}

fn circumstances(options: &Options, load_before: &str) -> String {
    let nginx = version_of("nginx", "-v").unwrap_or_default();
    let nginx = nginx.rsplit_once('/').map_or("?", |(_, version)| version);
    let rust = version("rustc").unwrap_or_default();
    let rust = rust.split_whitespace().nth(1).unwrap_or("?");
    format!(
        "{} rounds of {} s for each path, {} connections, {} stored credentials, {} rules. {}, load average {load_before} before the \
         run. nginx {nginx}, Rust {rust}.",
        options.rounds,
        options.seconds,
        options.connections,
        options.credentials,
        super::setup::RULES,
        machine::facts()
    )
}

/// The lowest and the highest ratio of a round.
fn spread(results: &Results, work: Work) -> (f64, f64) {
    let (Some(ours), Some(nginx)) = (results.row(work, Path::Claviger), results.row(work, Path::Nginx)) else {
        return (f64::NAN, f64::NAN);
    };
    let ratios = ours.turns.iter().zip(&nginx.turns).map(|(ours, theirs)| ours.cpu_us() / theirs.cpu_us());
    ratios.fold((f64::INFINITY, 0.0), |(low, high), ratio| (low.min(ratio), high.max(ratio)))
}

/// Puts a table between its marks in docs/performance.md.
pub(crate) fn write(begin: &str, table: &str) -> Result<(), Failure> {
    let path = root().join("docs/performance.md");
    let failed = |error: &dyn std::fmt::Display| Failure::new(format!("{}: {error}", path.display()));
    let text = fs::read_to_string(&path).map_err(|error| failed(&error))?;
    let (before, rest) = text.split_once(begin).ok_or_else(|| failed(&"the first mark of the table is missing"))?;
    let (_, after) = rest.split_once(END).ok_or_else(|| failed(&"the last mark of the table is missing"))?;
    fs::write(&path, format!("{before}{begin}\n\n{table}\n{END}{after}")).map_err(|error| failed(&error))?;
    println!("wrote {}", path.display());
    Ok(())
}
