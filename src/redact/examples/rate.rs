//! Measures how fast an answer is scanned: `cargo run --release -p redact --example rate`.
#![expect(clippy::print_stdout, clippy::unwrap_used, reason = "a measurement for a terminal")]

use std::hint::black_box;
use std::sync::Arc;
use std::time::{Duration, Instant};

use bytes::Bytes;
use redact::{Content, Masker, Profile};
use secret::{FingerprintKey, FingerprintSet, Secret};
use zeroize::Zeroizing;

fn main() {
    println!("secrets  bytes   content  µs per body  GB/s");
    for secrets in [0, 1, 100, 1000] {
        let set = set(secrets);
        for length in [2_000, 64_000] {
            let body = body(length);
            for content in [Content::Text, Content::Binary] {
                let time = fastest(&set, content, &body);
                let rate = body.len() as f64 / time.as_secs_f64() / 1e9;
                println!("{secrets:7}  {:5}  {content:>8?}  {:11.2}  {rate:4.2}", body.len(), time.as_secs_f64() * 1e6);
            }
        }
    }
    let mut set = FingerprintSet::clone(&set(1000));
    let start = Instant::now();
    set.add(&secret(5_000), 5_000).unwrap();
    println!("adding one secret to 1000: {:.1} µs", start.elapsed().as_secs_f64() * 1e6);
}

/// The mean of the best of 20 rounds, which is the one that was disturbed least.
fn fastest(set: &Arc<FingerprintSet>, content: Content, body: &Bytes) -> Duration {
    let profile = Arc::new(Profile::new());
    let repeats = 2_000_000 / body.len() as u32;
    let round = || {
        let start = Instant::now();
        for _ in 0..repeats {
            let mut masker = Masker::new(Arc::clone(set), &profile, content);
            let mut out = |piece: Bytes| drop(black_box(piece));
            masker.push(body.clone(), &mut out);
            assert_eq!(masker.finish(&mut out).count(), 0);
        }
        start.elapsed() / repeats
    };
    (0..20).map(|_| round()).min().unwrap()
}

fn set(secrets: u64) -> Arc<FingerprintSet> {
    let mut set = FingerprintSet::new(&FingerprintKey::random().unwrap());
    for number in 0..secrets {
        set.add(&secret(number), number as u32).unwrap();
    }
    Arc::new(set)
}

fn secret(number: u64) -> Secret {
    let hash = |factor: u64| (number + 1).wrapping_mul(factor);
    let text =
        format!("{:016x}/{:016x}+{:x}", hash(0x9e37_79b9_7f4a_7c15), hash(0xd1b5_4a32_d192_ed03), hash(0x8cb9_2ba7));
    Secret::new(Zeroizing::new(text))
}

/// JSON as a tool answers it.
fn body(length: usize) -> Bytes {
    let mut body = String::from("{\"jsonrpc\":\"2.0\",\"id\":1,\"result\":{\"items\":[");
    let mut number = 0_u64;
    while body.len() < length {
        number += 1;
        let hash = number.wrapping_mul(0xc2b2_ae3d_27d4_eb4f);
        body.push_str(&format!(
            "{{\"id\":{number},\"title\":\"Issue {number}: the build fails\",\"sha\":\"{hash:016x}\",\"labels\":[\"bug\",\"open\"],\"url\":\"https://example.org/issues/{number}\"}},"
        ));
    }
    body.push_str("]}}");
    Bytes::from(body)
}
