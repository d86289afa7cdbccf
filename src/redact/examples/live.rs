//! Measures how fast live secrets are looked for in all encodings: `cargo run --release -p redact --example live`.
//!
//! With an argument (`json`, `escaped`, `events`, `page`, `code` or `picture`) it scans that text three thousand times for a thousand
//! secrets and says nothing, for counting instructions: `perf stat -e instructions` or `valgrind --tool=callgrind` in front of it.
#![expect(clippy::print_stdout, clippy::unwrap_used, reason = "a measurement for a terminal")]

use std::hint::black_box;
use std::sync::Arc;
use std::time::{Duration, Instant};

use bytes::Bytes;
use redact::{Content, Masker, Profile};
use secret::{FingerprintKey, FingerprintSet, Secret};
use zeroize::Zeroizing;

const LENGTHS: [usize; 3] = [2_000, 64_000, 8_000_000];
/// Writes the part of a text that has this number.
type Write = fn(u64) -> String;

const TEXTS: [(&str, Write); 6] =
    [("json", json), ("escaped", escaped), ("events", events), ("page", page), ("code", code), ("picture", picture)];

fn main() {
    if let Some(wanted) = std::env::args().nth(1) {
        let (_, write) = TEXTS.iter().find(|(name, _)| *name == wanted).unwrap();
        let (set, body) = (set(1000), body(64_000, *write));
        (0..3000).for_each(|_| scan(&set, &body));
        return;
    }
    println!("secrets  text       bytes     µs per body  GB/s");
    for secrets in [1, 50, 1000] {
        let set = set(secrets);
        for (name, write) in TEXTS {
            for length in LENGTHS {
                let body = body(length, write);
                let time = fastest(&set, &body);
                let rate = body.len() as f64 / time.as_secs_f64() / 1e9;
                println!("{secrets:7}  {name:8} {:8}  {:13.2}  {rate:4.2}", body.len(), time.as_secs_f64() * 1e6);
            }
        }
    }
    let mut set = FingerprintSet::clone(&set(1000));
    let start = Instant::now();
    set.add(&secret(5_000), 5_000).unwrap();
    println!("adding one secret to 1000: {:.1} µs", start.elapsed().as_secs_f64() * 1e6);
}

/// The mean of the best of ten rounds, which is the one that was disturbed least.
fn fastest(set: &Arc<FingerprintSet>, body: &Bytes) -> Duration {
    let repeats = (4_000_000 / body.len() as u32).max(1);
    let round = || {
        let start = Instant::now();
        (0..repeats).for_each(|_| scan(set, body));
        start.elapsed() / repeats
    };
    (0..10).map(|_| round()).min().unwrap()
}

fn scan(set: &Arc<FingerprintSet>, body: &Bytes) {
    let mut masker = Masker::new(Arc::clone(set), &Arc::new(Profile::new()), Content::Binary);
    let mut out = |piece: Bytes| drop(black_box(piece));
    masker.push(body.clone(), &mut out);
    assert_eq!(masker.finish(&mut out).count(), 0);
}

fn set(secrets: u64) -> Arc<FingerprintSet> {
    let mut set = FingerprintSet::new(&FingerprintKey::random().unwrap());
    for number in 0..secrets {
        set.add(&secret(number), number as u32).unwrap();
    }
    Arc::new(set)
}

fn secret(number: u64) -> Secret {
    let mut state = mixed(number + 1);
    let mut text = String::from("ghp_");
    for _ in 0..36 {
        state = mixed(state);
        let digits = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789";
        text.push(char::from(digits[(state >> 32) as usize % digits.len()]));
    }
    Secret::new(Zeroizing::new(text))
}

fn mixed(number: u64) -> u64 {
    let number = (number ^ number >> 29).wrapping_mul(0x9e37_79b9_7f4a_7c15);
    number ^ number >> 32
}

fn body(length: usize, write: fn(u64) -> String) -> Bytes {
    let mut body = String::new();
    let mut number = 0;
    while body.len() < length {
        number += 1;
        body.push_str(&write(number));
    }
    Bytes::from(body)
}

/// JSON as a tool answers it.
fn json(number: u64) -> String {
    let sha = [mixed(number), mixed(number + 1)];
    format!(
        "{{\"id\":{number},\"title\":\"Issue {number}: the build fails on a machine without a network\",\"sha\":\"{:016x}{:016x}\",\"labels\":[\"bug\",\"open\"],\
         \"url\":\"https://example.org/repos/octo/issues/{number}?page=2&state=open\",\"created_at\":\"2026-07-{:02}T09:{:02}:11Z\",\"body\":null}},",
        sha[0],
        sha[1],
        number % 28 + 1,
        number % 60
    )
}

/// The same inside a string, as a tool result of MCP holds it.
fn escaped(number: u64) -> String {
    json(number).replace('"', "\\\"").replace("},", "},\\n")
}

fn events(number: u64) -> String {
    format!(
        "event: message\ndata: {{\"jsonrpc\":\"2.0\",\"method\":\"notifications/progress\",\"params\":{{\"progressToken\":\"t{number}\",\"progress\":{number},\"message\":\"step {number} of many is done\"}}}}\n\n"
    )
}

fn page(number: u64) -> String {
    format!(
        "<li class=\"item\"><a href=\"/wiki/Page_{number}?from=start&amp;sort=up\">The page number {number} says it&#39;s good &mdash; and more of it</a>\n  <span>caf\u{e9} \u{2019}{number}\u{2019}</span></li>\n"
    )
}

fn code(number: u64) -> String {
    format!(
        "    for i in 0..{number} {{\n        let x = a[i] + b[i] * 2;\n        if x > 0xff {{ return Err(Error::Overflow {{ at: i, value: \"{number}\\n\" }}); }}\n    }}\n"
    )
}

/// Base64 of data that is not text.
fn picture(number: u64) -> String {
    let digits = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let mut state = number;
    (0..1000)
        .map(|_| {
            state = mixed(state + 1);
            char::from(digits[(state >> 20) as usize % 64])
        })
        .collect()
}
