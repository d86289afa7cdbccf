//! Compares what is found in sentences with what was put in, and with what another analyzer finds: `cargo xtask detection`.
//!
//! Reads the lines of `tests/peers/presidio/sentences.py` from standard input, and writes a table in Markdown. With `--misses` it
//! tells each miss and each false find.
#![expect(clippy::print_stdout, clippy::unwrap_used, reason = "a measurement for a terminal")]

use std::{collections::BTreeMap, env, io, process::ExitCode, time::Instant};

use redact::{Personal, PersonalSettings};
use serde_json::Value;

/// The kinds that the sentences hold and that have a form, and the least of the F2 scores that a change may leave.
const KINDS: &[(&str, f64)] = &[
    ("CREDIT_CARD", 0.99),
    ("EMAIL_ADDRESS", 0.99),
    ("IBAN_CODE", 0.99),
    ("IP_ADDRESS", 0.99),
    ("PHONE_NUMBER", 0.60),
    ("US_DRIVER_LICENSE", 0.0),
    ("US_SSN", 0.95),
];

/// A kind and its bytes.
type Span = (String, usize, usize);

/// How many were put in, were found of these, and were found in all.
#[derive(Default, Clone, Copy)]
struct Tally {
    real: usize,
    hit: usize,
    found: usize,
    right: usize,
}

impl Tally {
    fn add(&mut self, kind: &str, real: &[Span], found: &[Span]) {
        let of_kind = |spans: &[Span]| spans.iter().filter(|span| span.0 == kind).cloned().collect::<Vec<_>>();
        let (real, found) = (of_kind(real), of_kind(found));
        let overlaps = |one: &Span, others: &[Span]| others.iter().any(|other| one.1 < other.2 && other.1 < one.2);
        self.real += real.len();
        self.hit += real.iter().filter(|span| overlaps(span, &found)).count();
        self.found += found.len();
        self.right += found.iter().filter(|span| overlaps(span, &real)).count();
    }

    fn precision(self) -> f64 {
        if self.found == 0 { f64::NAN } else { self.right as f64 / self.found as f64 }
    }

    fn recall(self) -> f64 {
        self.hit as f64 / self.real.max(1) as f64
    }

    /// Recall counts twice as much as precision.
    fn f2(self) -> f64 {
        let (precision, recall) = (self.precision(), self.recall());
        if self.right == 0 { 0.0 } else { 5.0 * precision * recall / (4.0 * precision + recall) }
    }

    fn row(self) -> String {
        format!("{:.3} | {:.3} | {:.3}", self.precision(), self.recall(), self.f2())
    }
}

fn main() -> ExitCode {
    let tells = env::args().any(|argument| argument == "--misses");
    let personal = Personal::new(PersonalSettings::default()).unwrap();
    let mut tallies = BTreeMap::<&str, [Tally; 3]>::new();
    let (mut bytes, mut ours_seconds, mut theirs_seconds, mut count) = (0, 0.0, 0.0, 0);
    let lines: Vec<Value> = io::stdin().lines().map(|line| serde_json::from_str(&line.unwrap()).unwrap()).collect();
    // The first look at a country's telephone numbers compiles their forms.
    let warm: usize =
        lines.iter().filter_map(|line| Some(personal.finds(line["text"].as_str()?.as_bytes()).len())).sum();
    assert!(warm > 0, "there is something to find");
    for line in &lines {
        let Some(text) = line["text"].as_str() else {
            theirs_seconds = line["seconds"].as_f64().unwrap();
            continue;
        };
        let started = Instant::now();
        let finds = personal.finds(text.as_bytes());
        ours_seconds += started.elapsed().as_secs_f64();
        bytes += text.len();
        count += 1;
        let real = spans(&line["spans"], text, 0.0);
        let ours: Vec<Span> = finds.iter().map(|find| (find.class.as_str().to_owned(), find.start, find.end)).collect();
        let theirs = [0.5, 0.0].map(|threshold| spans(&line["found"], text, threshold));
        for (kind, _) in KINDS {
            let [one, two, three] = tallies.entry(*kind).or_default();
            one.add(kind, &real, &ours);
            two.add(kind, &real, &theirs[0]);
            three.add(kind, &real, &theirs[1]);
        }
        if tells {
            tell(text, &real, &ours);
        }
    }
    println!(
        "{count} sentences, {bytes} bytes; ours {:.1} µs, theirs {:.1} µs a sentence\n",
        micros(ours_seconds, count),
        micros(theirs_seconds, count)
    );
    println!(
        "| kind | put in | precision | recall | F2 | Presidio from 0.5: precision | recall | F2 | Presidio: precision | recall | F2 |"
    );
    println!("|---|---|---|---|---|---|---|---|---|---|---|");
    let mut is_good = count > 0;
    for (kind, floor) in KINDS {
        let [ours, from_half, theirs] = tallies.get(kind).copied().unwrap_or_default();
        println!("| {kind} | {} | {} | {} | {} |", ours.real, ours.row(), from_half.row(), theirs.row());
        is_good &= ours.real == 0 || ours.f2() >= *floor;
    }
    if is_good { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

fn micros(seconds: f64, count: usize) -> f64 {
    seconds / count.max(1) as f64 * 1e6
}

/// Reads spans whose places are counted in characters.
fn spans(spans: &Value, text: &str, threshold: f64) -> Vec<Span> {
    let places: Vec<usize> = text.char_indices().map(|(byte, _)| byte).chain([text.len()]).collect();
    let place = |value: &Value| places[value.as_u64().unwrap() as usize];
    let sure =
        spans.as_array().unwrap().iter().filter(|span| span["score"].as_f64().is_none_or(|score| score >= threshold));
    sure.map(|span| (span["entity"].as_str().unwrap().to_owned(), place(&span["start"]), place(&span["end"]))).collect()
}

fn tell(text: &str, real: &[Span], found: &[Span]) {
    let is_known = |span: &&Span| KINDS.iter().any(|(kind, _)| *kind == span.0);
    let has = |spans: &[Span], span: &Span| {
        spans.iter().any(|other| other.0 == span.0 && span.1 < other.2 && other.1 < span.2)
    };
    for span in real.iter().filter(is_known).filter(|span| !has(found, span)) {
        println!("missed {} [{}] in {text:?}", span.0, &text[span.1..span.2]);
    }
    for span in found.iter().filter(|span| !has(real, span)) {
        println!("false {} [{}] in {text:?}", span.0, &text[span.1..span.2]);
    }
}
