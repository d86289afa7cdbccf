//! Measures the recognizer of shapes: `cargo run --release -p redact --example shapes -- FILES` reads the files and says how fast they
//! are looked through, at how many places it looks more closely, and what it takes for credentials; `--list` names each.
#![expect(clippy::print_stdout, clippy::unwrap_used, reason = "a measurement for a terminal")]

use std::collections::BTreeMap;
use std::hint::black_box;
use std::time::Instant;

use redact::{Rules, Shapes};

fn main() {
    let start = Instant::now();
    let shapes = Shapes::new(&Rules::built_in().unwrap()).unwrap();
    println!("{} rules, ready in {:.1} ms", shapes.count(), start.elapsed().as_secs_f64() * 1e3);
    let (options, files): (Vec<_>, Vec<_>) = std::env::args().skip(1).partition(|argument| argument.starts_with("--"));
    let is_listed = options.contains(&"--list".to_owned());
    let (mut bytes, mut seconds, mut places, mut counts) = (0, 0.0, 0, BTreeMap::<String, usize>::new());
    for file in files {
        let Ok(text) = std::fs::read(&file) else { continue };
        let sights = shapes.all(&text);
        let time = || {
            let start = Instant::now();
            black_box(shapes.all(&text));
            start.elapsed().as_secs_f64()
        };
        // The best of ten rounds is the one that was disturbed least.
        seconds += (0..10).map(|_| time()).fold(f64::INFINITY, f64::min);
        bytes += text.len();
        places += shapes.places(&text);
        for sight in sights {
            let name = shapes.rule(&sight);
            *counts.entry(name.to_owned()).or_default() += 1;
            if is_listed {
                println!("{file}: {name} {}: {}", sight.score, String::from_utf8_lossy(&text[sight.start..sight.end]));
            }
        }
    }
    let mebibytes = bytes as f64 / f64::from(1 << 20);
    let kilobytes = bytes as f64 / 1e3;
    println!("{mebibytes:.1} MiB at {:.2} GB/s", bytes as f64 / seconds / 1e9);
    println!("per KB: {:.2} places", places as f64 / kilobytes);
    let all = counts.values().sum::<usize>();
    println!("{all} finds, {:.3} per MiB: {counts:?}", all as f64 / mebibytes);
}
