//! Measures how fast personal data is found, and how much of it: `cargo run --release -p redact --example personal -- FILE…`.
#![expect(clippy::print_stdout, clippy::unwrap_used, reason = "a measurement for a terminal")]

use std::{collections::BTreeMap, env, fs, hint::black_box, time::Instant};

use redact::{Personal, PersonalSettings};

fn main() {
    let arguments: Vec<String> = env::args().skip(1).collect();
    let (options, files): (Vec<&String>, Vec<&String>) =
        arguments.iter().partition(|argument| argument.starts_with("--"));
    let has = |option: &str| options.iter().any(|given| *given == option);
    let personal = Personal::new(PersonalSettings::default()).unwrap();
    let texts = files.iter().map(|file| ((*file).clone(), fs::read(file).unwrap()));
    let texts: Vec<(String, Vec<u8>)> = if files.is_empty() { made_up() } else { texts.collect() };
    for (name, text) in texts {
        // The first look compiles the forms of telephone numbers.
        let mut kinds = BTreeMap::<&str, usize>::new();
        for find in personal.finds(&text) {
            *kinds.entry(find.class.as_str()).or_default() += 1;
            if has("--tell") {
                let line = text[..find.start].iter().rposition(|byte| *byte == b'\n').map_or(0, |at| at + 1);
                let before =
                    String::from_utf8_lossy(&text[line.max(find.start.saturating_sub(60))..find.start]).into_owned();
                let value = String::from_utf8_lossy(&text[find.start..find.end]).into_owned();
                println!("  {} {} …{before}[{value}]", find.class.as_str(), find.score);
            }
        }
        if has("--once") {
            // For a count of instructions: the difference to a file twice as long is free of what is done once.
            continue;
        }
        let rounds = (5_000_000 / text.len().max(1)).clamp(1, 10_000);
        let best = (0..10)
            .map(|_| {
                let start = Instant::now();
                for _ in 0..rounds {
                    black_box(personal.finds(black_box(&text)));
                }
                start.elapsed().as_secs_f64() / rounds as f64
            })
            .fold(f64::INFINITY, f64::min);
        println!("{name}: {} bytes, {:.2} GB/s, {kinds:?}", text.len(), text.len() as f64 / best / 1e9);
    }
}

/// Answers as tools give them, with numbers and without personal data but for what is said.
fn made_up() -> Vec<(String, Vec<u8>)> {
    let repeated = |write: &dyn Fn(u64) -> String| (1..=2000).map(write).collect::<String>().into_bytes();
    let hash = |number: u64| number.wrapping_mul(0xc2b2_ae3d_27d4_eb4f);
    vec![
        (
            "issues in JSON".to_owned(),
            repeated(&|n| {
                format!(
                    "{{\"id\":{n},\"title\":\"Issue {n}: the build fails\",\"sha\":\"{:016x}\",\"labels\":[\"bug\",\"open\"],\"url\":\"https://example.org/issues/{n}\"}},",
                    hash(n)
                )
            }),
        ),
        (
            "events in JSON".to_owned(),
            repeated(&|n| {
                format!(
                    "{{\"id\":{},\"at\":\"2026-11-{:02}T16:49:{:02}.123Z\",\"ms\":{},\"price\":{}.{:02},\"uuid\":\"{:08x}-4f89-11d3-9a0c-{:012x}\"}},",
                    hash(n) % 1_000_000_000,
                    n % 28 + 1,
                    n % 60,
                    1_763_650_000_000 + n,
                    n % 1000,
                    n % 100,
                    hash(n) as u32,
                    hash(n) >> 16
                )
            }),
        ),
        (
            "prose".to_owned(),
            repeated(&|n| {
                format!(
                    "The quick brown fox jumps over the lazy dog, and nobody is surprised; see chapter {n} of the book.\n"
                )
            }),
        ),
        (
            "log lines with addresses".to_owned(),
            repeated(&|n| {
                format!(
                    "2026-11-20 16:49:{:02},123 INFO [worker-{}] 10.0.{}.{}:443 \"GET /api/v1/items/{n}\" 200 {}\n",
                    n % 60,
                    n % 8,
                    n % 256,
                    n % 250,
                    n * 37
                )
            }),
        ),
        ("zeros".to_owned(), vec![b' '; 1 << 20]),
        ("base64".to_owned(), repeated(&|n| format!("{:x}QmFz{:016x}/k+", n, hash(n)))),
    ]
}
