//! Compares which examples of credentials are found, and which harmless texts, with what other scanners find: `cargo xtask detection`.
//!
//! Reads the lines of `tests/peers/secrets/examples.py` from standard input, and writes a table in Markdown. With `--misses` it tells
//! each miss and each false find.
#![expect(clippy::print_stdout, clippy::unwrap_used, reason = "a measurement for a terminal")]

use std::{collections::BTreeMap, env, io, sync::Arc};

use bytes::Bytes;
use redact::{Action, Class, Content, Masker, Profile, Shapes};
use serde_json::Value;

const OTHERS: [&str; 2] = ["detect-secrets", "Gitleaks"];

/// How many examples there are of a kind, and how many of them are found: by shape or name, by shape alone, and by the others.
#[derive(Default, Clone, Copy)]
struct Tally {
    all: usize,
    found: [usize; 2 + OTHERS.len()],
}

fn main() {
    let tells = env::args().any(|argument| argument == "--misses");
    let profile = Profile::new().with_shapes(Shapes::built_in());
    // A field of a telling name is masked whatever its value is, which is not meant to tell examples apart.
    let shapes_alone = Arc::new(profile.clone().with_action(Class::NamedField, Action::Detect));
    let profile = Arc::new(profile);
    let mut tallies = BTreeMap::<(String, bool), Tally>::new();
    for line in io::stdin().lines() {
        let line: Value = serde_json::from_str(&line.unwrap()).unwrap();
        let (set, text) = (line["set"].as_str().unwrap(), line["text"].as_str().unwrap());
        let is_secret = line["is_secret"].as_bool().unwrap();
        let ours = [finds(&profile, text), finds(&shapes_alone, text)];
        let tally = tallies.entry((set.to_owned(), !is_secret)).or_default();
        tally.all += 1;
        let others = OTHERS.map(|other| line["found"][other].as_bool().unwrap());
        for (count, found) in tally.found.iter_mut().zip(ours.into_iter().chain(others)) {
            *count += usize::from(found);
        }
        if tells && ours[0] != is_secret {
            println!("{} in {set}: {text:?}", if is_secret { "missed" } else { "false" });
        }
    }
    println!("| examples of | what they are | how many | masked | by shape alone | {} |", OTHERS.join(" | "));
    println!("|---|---|---|---|---|{}", "---|".repeat(OTHERS.len()));
    for ((set, is_harmless), tally) in tallies {
        let what = if is_harmless { "harmless" } else { "secret" };
        let found: Vec<_> = tally.found.iter().map(usize::to_string).collect();
        println!("| {set} | {what} | {} | {} |", tally.all, found.join(" | "));
    }
}

/// Whether anything is masked.
fn finds(profile: &Arc<Profile>, text: &str) -> bool {
    let mut masker = Masker::without_secrets(profile, Content::Text);
    masker.push(Bytes::copy_from_slice(text.as_bytes()), &mut |_| {});
    masker.finish(&mut |_| {}).count() > 0
}
