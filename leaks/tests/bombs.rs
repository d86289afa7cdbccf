//! What a body costs is bounded by its length on the wire, whatever it expands to and however deep things stand in one another: in time of
//! the thread, beside a plain body of this length, and in memory.

use std::{fs, sync::Arc, time::Duration};

use bytes::Bytes;
use leaks::{
    bomb::{self, Bomb, FREE},
    in_process::fingerprints,
    shape::Credential,
};
use redact::{Content, Decoder, Masker, Personal, PersonalSettings, Profile, Shapes};
use rustix::time::{ClockId, clock_gettime};

/// As a proxy reads.
const CHUNK: usize = 16 << 10;
/// How many times the time of a plain body a bomb takes, for each byte of it.
const TIMES_MAX: f64 = 60.0;
/// What a process may need for a body, beside the program: buffers of decoders, and what one push expands to.
const MEBIBYTES_MAX: u64 = 64;

#[test]
fn a_bomb_costs_little_more_than_a_body_of_its_length() {
    check_that_a_peak_is_seen();
    let profile = Profile::new().with_shapes(Shapes::built_in());
    let personal = Personal::new(PersonalSettings::default()).expect("they are the default");
    let profile = Arc::new(profile.with_personal(Arc::new(personal)));
    let plain = plain(512 << 10);
    let plain = Bomb { name: "plain".to_owned(), coding: None, body: plain };
    // The first time, tables are made.
    scan(&plain, &profile, Content::Json);
    let (time, _) = scan(&plain, &profile, Content::Json);
    let per_byte = time.as_secs_f64() / plain.body.len() as f64;
    let mut worst = Vec::new();
    for (number, bomb) in bomb::all().into_iter().enumerate() {
        // Each as one of these, which is much the same to all of them.
        let of_all = [Content::Json, Content::Events, Content::Text];
        for content in of_all.iter().skip(number % of_all.len()).take(1) {
            forget_peak();
            let before = peak();
            let (time, decoded) = scan(&bomb, &profile, *content);
            let memory = peak().saturating_sub(before) >> 20;
            let wire = bomb.body.len();
            assert!(decoded <= bomb.passed_on_max(), "{}: {decoded} bytes out of {wire}", bomb.name);
            let times = time.as_secs_f64() / per_byte / (decoded.max(wire) + FREE) as f64;
            worst.push((
                times,
                memory,
                format!(
                    "{} as {content:?}: {wire} bytes, {decoded} decoded, {:.0} ms",
                    bomb.name,
                    time.as_secs_f64() * 1e3
                ),
            ));
        }
    }
    worst.sort_by(|one, other| other.0.total_cmp(&one.0));
    for (times, memory, name) in worst.iter().take(25) {
        println!("{times:>8.1} times {memory:>4} MiB  {name}");
    }
    println!("plain: {:.1} ns a byte; {} runs", per_byte * 1e9, worst.len());
    let over =
        worst.iter().filter(|(times, memory, _)| *times > TIMES_MAX || *memory > MEBIBYTES_MAX).collect::<Vec<_>>();
    assert!(over.is_empty(), "{over:#?}");
}

/// Memory that was used and given back must be seen, or a zero would prove nothing.
fn check_that_a_peak_is_seen() {
    forget_peak();
    let before = peak();
    drop(std::hint::black_box(vec![1_u8; 40 << 20]));
    assert!(peak() - before >= 39 << 20);
}

/// Decodes and masks a body as it comes. Returns the time of this thread, and how much was decoded before it was refused.
fn scan(bomb: &Bomb, profile: &Arc<Profile>, content: Content) -> (Duration, usize) {
    let secrets = fingerprints(Credential::one_of_each(1).iter().map(Credential::text));
    let began = now();
    let mut decoder = Decoder::new(bomb.coding.map(|coding| coding.token())).expect("it is known");
    let mut masker = Masker::new(secrets, profile, content);
    let mut decoded = 0;
    let mut push = |piece: Bytes| {
        decoded += piece.len();
        masker.push(piece, &mut |_| {});
    };
    let whole = bomb.body.chunks(CHUNK).all(|chunk| decoder.push(Bytes::copy_from_slice(chunk), &mut push).is_ok());
    let _ended_or_not = whole.then(|| decoder.finish(&mut push));
    masker.finish(&mut |_| {});
    (now() - began, decoded)
}

/// A body as tools give it.
fn plain(length: usize) -> Vec<u8> {
    let items = (0..).map(|number| {
        format!("{{\"id\":{number},\"name\":\"item {number}\",\"note\":\"it is what it is\\nand no more\"}},")
    });
    items.flat_map(String::into_bytes).take(length).collect()
}

fn now() -> Duration {
    let time = clock_gettime(ClockId::ThreadCPUTime);
    Duration::new(time.tv_sec.unsigned_abs(), u32::try_from(time.tv_nsec).expect("less than a second"))
}

/// The most memory that this process had since it was last forgotten, in bytes.
fn peak() -> u64 {
    let status = fs::read_to_string("/proc/self/status").expect("Linux");
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:")).expect("Linux says so");
    line.trim().trim_end_matches(" kB").parse::<u64>().expect("a number") << 10
}

fn forget_peak() {
    fs::write("/proc/self/clear_refs", "5").expect("a process may do this to itself");
}
