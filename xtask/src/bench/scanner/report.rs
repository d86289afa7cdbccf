//! The tables of the scanner, and what is asked of it.

use std::fmt::Write as _;

use super::{COMPARED_BYTES, Results, SECRETS, TEXTS};
use crate::{
    bench::{Options, machine, measure},
    command::version,
};

pub(super) const BEGIN: &str = "<!-- Measured by `cargo xtask bench --scanner`. Do not edit between the marks. -->";

/// The looks, and the heads of their columns.
const LOOKS: [(&str, &str); 9] = [
    ("copy", "copy"),
    ("live_1", "1 secret"),
    ("live_50", "50 secrets"),
    ("live_1000", "1,000 secrets"),
    ("fields", "named fields"),
    ("shapes", "shapes"),
    ("personal", "personal data"),
    ("credentials", "1,000 secrets, fields, shapes, copy"),
    ("all", "all, copy"),
];
const BYTES: [(usize, &str); 4] = [(2 << 10, "2 KB"), (64 << 10, "64 KB"), (1 << 20, "1 MB"), (64 << 20, "64 MB")];
const MIB: f64 = 1024.0;

/// All tables as Markdown.
pub(super) fn tables(results: &Results, options: &Options) -> String {
    let parts = [
        goals(results),
        rates(results),
        instructions(results),
        others(results),
        delays(results),
        memory(results),
        circumstances(results, options),
    ];
    parts.join("\n")
}

/// What is asked for, what was measured, and whether it holds.
fn goals(results: &Results) -> String {
    let mut text = String::from("| asked for | measured, by text | holds |\n|---|---|---|\n");
    let mut row = |goal: &str, measured: &[f64], digits: usize, holds: &dyn Fn(f64) -> bool| {
        if measured.is_empty() {
            return;
        }
        let shown: Vec<_> = measured.iter().map(|value| format!("{value:.digits$}")).collect();
        let holds = if measured.iter().all(|value| holds(*value)) { "yes" } else { "**no**" };
        let _infallible = writeln!(text, "| {goal} | {} | {holds} |", shown.join(", "));
    };
    let rates = |path: &str, look: &str| {
        let rates = TEXTS.iter().filter_map(|text| results.rate(path, text, COMPARED_BYTES, look));
        rates.collect::<Vec<_>>()
    };
    for (path, look, what, least) in [
        ("AVX-512", "live_1000", "1,000 live secrets in all encodings", 4.0),
        ("AVX2", "live_1000", "1,000 live secrets in all encodings", 1.5),
        ("AVX-512", "credentials", "with named fields, shapes and the copy", 3.0),
        ("AVX2", "credentials", "with named fields, shapes and the copy", 1.0),
        ("AVX-512", "all", "with personal data", 0.6),
        ("AVX2", "all", "with personal data", 0.6),
    ] {
        let goal = format!("{what}, {path}, 64 KB: {least} GB/s");
        row(&goal, &rates(path, look), 2, &|rate| rate >= least);
    }
    let fastest = results.paths.first().map_or("", String::as_str);
    let ratios = TEXTS.iter().filter_map(|text| results.ratio(fastest, text, "personal", "Presidio"));
    row("personal data: 2,000 times Presidio's recognizers", &ratios.collect::<Vec<_>>(), 0, &|ratio| ratio >= 2e3);
    let micros = TEXTS.iter().filter_map(|text| Some(results.seconds(fastest, text, BYTES[0].0, "all")? * 1e6));
    row("an answer of 2 KB, everything on: below 4 µs", &micros.collect::<Vec<_>>(), 1, &|micros| micros < 4.0);
    let waits = merged_delays(results).into_iter().map(|(_, _, p99)| p99 / 1e3);
    row("the first bytes wait, p99: at most 1 ms", &waits.collect::<Vec<_>>(), 3, &|wait| wait <= 1.0);
    text
}

fn rates(results: &Results) -> String {
    let mut text = String::from("| GB/s | text | length |");
    LOOKS.iter().for_each(|(_, head)| text.push_str(&format!(" {head} |")));
    text.push_str("\n|---|---|---|");
    text.push_str(&"---|".repeat(LOOKS.len()));
    text.push('\n');
    for path in &results.paths {
        for of in TEXTS {
            for (bytes, name) in BYTES {
                if results.seconds(path, of, bytes, "copy").is_none() {
                    continue;
                }
                let _infallible = write!(text, "| {path} | {of} | {name} |");
                for (look, _) in LOOKS {
                    let rate = results.rate(path, of, bytes, look).unwrap_or(f64::NAN);
                    let digits = if rate >= 10.0 { 0 } else { 2 };
                    let _infallible = write!(text, " {rate:.digits$} |");
                }
                text.push('\n');
            }
        }
    }
    text
}

fn instructions(results: &Results) -> String {
    if results.instructions.is_empty() {
        return String::new();
    }
    let mut text = String::from("| instructions per byte, 64 KB | text |");
    LOOKS.iter().for_each(|(_, head)| text.push_str(&format!(" {head} |")));
    text.push_str("\n|---|---|");
    text.push_str(&"---|".repeat(LOOKS.len()));
    text.push('\n');
    for path in &results.paths {
        for of in TEXTS {
            let found = |look: &str| {
                let mut cells = results.instructions.iter();
                let cell = cells.find(|(cell, _)| cell.path == *path && cell.text == of && cell.look == look);
                cell.map(|(cell, count)| count / cell.bytes as f64)
            };
            let counts: Vec<_> = LOOKS.iter().filter_map(|(look, _)| found(look)).collect();
            if !counts.is_empty() {
                let counts: Vec<_> = counts.iter().map(|count| format!("{count:.2}")).collect();
                let _infallible = writeln!(text, "| {path} | {of} | {} |", counts.join(" | "));
            }
        }
    }
    text
}

/// What others look for is not the same: each stands beside what of ours comes nearest.
fn others(results: &Results) -> String {
    let mut text = String::from(
        "| 64 KB | text | MB/s | ours, portable: times faster | ours, fastest: times faster |\n|---|---|---|---|---|\n",
    );
    let fastest = results.paths.first().map_or("", String::as_str);
    for ((other, of), rounds) in &results.others {
        let look = if *other == "Presidio" { "personal" } else { "shapes" };
        let rate = COMPARED_BYTES as f64 / measure::median(rounds.iter().copied()) / 1e6;
        let [slow, fast] = ["portable", fastest].map(|path| results.ratio(path, of, look, other).unwrap_or(f64::NAN));
        let _infallible = writeln!(text, "| {other} | {of} | {rate:.3} | {slow:.0} | {fast:.0} |");
    }
    text
}

fn delays(results: &Results) -> String {
    let mut text = String::from("| the first bytes wait, everything on | p50 µs | p99 µs |\n|---|---|---|\n");
    for (what, p50, p99) in merged_delays(results) {
        let _infallible = writeln!(text, "| {what} | {p50:.0} | {p99:.0} |");
    }
    text
}

/// The medians of the rounds.
fn merged_delays(results: &Results) -> Vec<(&str, f64, f64)> {
    let mut merged: Vec<(&str, f64, f64)> = Vec::new();
    for delay in &results.delays {
        if merged.iter().all(|(what, _, _)| *what != delay.what) {
            let same = || results.delays.iter().filter(|other| other.what == delay.what);
            let (p50, p99) = (same().map(|one| one.p50_us), same().map(|one| one.p99_us));
            merged.push((&delay.what, measure::median(p50), measure::median(p99)));
        }
    }
    merged
}

fn memory(results: &Results) -> String {
    let mut text = String::from("| most memory of the process in MB, everything on |");
    let is_measured = |bytes| results.memory.keys().any(|(_, measured)| *measured == bytes);
    let lengths = || BYTES.iter().filter(|(bytes, _)| is_measured(*bytes));
    lengths().for_each(|(_, name)| text.push_str(&format!(" body of {name} |")));
    text.push_str("\n|---|");
    text.push_str(&"---|".repeat(lengths().count()));
    text.push('\n');
    for secrets in SECRETS {
        let _infallible = write!(text, "| live secrets: {secrets} |");
        for (bytes, _) in lengths() {
            let most = results.memory.get(&(secrets, *bytes)).map_or(f64::NAN, |kib| kib / MIB);
            let _infallible = write!(text, " {most:.1} |");
        }
        text.push('\n');
    }
    text
}

fn circumstances(results: &Results, options: &Options) -> String {
    let rust = version("rustc").unwrap_or_default();
    let rust = rust.split_whitespace().nth(1).unwrap_or("?");
    format!(
        "{} rounds. {}, load average {} before the run. Rust {rust}.\n",
        options.rounds,
        machine::facts(),
        results.load_before
    )
}
