//! What the log promises, on real folders; only refusing disks are played.

mod appending;
mod crashes;
mod disk;
mod opening;
mod second_implementation;

use std::path::Path;

use super::{Durability, Log, LogOptions};
use crate::note::{SigningKey, VerifierKey};
use crate::reader::Reader;
use crate::verify::{Outcome, verify};

const ORIGIN: &str = "example.com/log";
const SEED: [u8; 32] = [42; 32];

fn options() -> LogOptions<'static> {
    LogOptions::new(ORIGIN, &SEED)
}

fn key() -> VerifierKey {
    SigningKey::from_seed(ORIGIN, &SEED).unwrap().verifier().clone()
}

fn entry(i: u64) -> Vec<u8> {
    format!("entry {i} {}", "x".repeat(usize::try_from(i % 7).unwrap())).into_bytes()
}

fn open(folder: &Path) -> Log {
    Log::open(folder, &options()).unwrap()
}

async fn append_many(log: &Log, indexes: std::ops::Range<u64>) {
    for i in indexes {
        assert_eq!(log.append(&entry(i), Durability::Process).await.unwrap().index(), i);
    }
}

fn read_all(folder: &Path) -> Vec<Vec<u8>> {
    Reader::open(folder, &key()).unwrap().entries(0).map(|entry| entry.unwrap().bytes).collect()
}

/// Size and open tail of a log that must be intact.
fn intact(folder: &Path) -> (u64, u64) {
    match verify(folder, &key(), None) {
        Outcome::Intact(report) => (report.size, report.open_tail.entries),
        other => panic!("{other:?}"),
    }
}
