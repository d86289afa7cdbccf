//! What the check finds, and that it finds nothing where there is nothing.

use std::fs;
use std::path::{Path, PathBuf};

use super::*;
use crate::log::{Durability, Log, LogOptions};
use crate::note::SigningKey;
use crate::tile::{BundleEntries, TilePath, encode_entry};

const ORIGIN: &str = "example.com/log";
const SEED: [u8; 32] = [42; 32];

fn key() -> VerifierKey {
    SigningKey::from_seed(ORIGIN, &SEED).unwrap().verifier().clone()
}

fn open(folder: &Path) -> Log {
    Log::open(folder, &LogOptions::new(ORIGIN, &SEED)).unwrap()
}

fn entry(i: u64) -> Vec<u8> {
    format!("entry {i}").into_bytes()
}

async fn append(log: &Log, entries: impl Iterator<Item = u64>) {
    for i in entries {
        log.append(&entry(i), Durability::Process).await.unwrap();
    }
}

/// A log that was published at each of the sizes and has `tail` more entries.
async fn log_of(sizes: &[u64], tail: u64) -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    let log = open(folder.path());
    let mut before = 0;
    for size in sizes {
        append(&log, before..*size).await;
        log.publish().await.unwrap();
        before = *size;
    }
    append(&log, before..before + tail).await;
    folder
}

fn check(folder: &Path) -> Outcome {
    verify(folder, &key(), None)
}

fn intact(folder: &Path) -> Report {
    match check(folder) {
        Outcome::Intact(report) => report,
        other => panic!("{other:?}"),
    }
}

fn findings(folder: &Path) -> Vec<String> {
    match check(folder) {
        Outcome::Tampered { findings, .. } => findings.iter().map(Finding::to_string).collect(),
        other => panic!("{other:?}"),
    }
}

fn findings_against(folder: &Path, kept: &[u8]) -> Vec<String> {
    match verify(folder, &key(), Some(kept)) {
        Outcome::Tampered { findings, .. } => findings.iter().map(Finding::to_string).collect(),
        Outcome::Intact(_) => Vec::new(),
        other @ Outcome::CouldNotRun { .. } => panic!("{other:?}"),
    }
}

fn files_below(folder: &Path, found: &mut Vec<PathBuf>) {
    for file in fs::read_dir(folder).unwrap() {
        let path = file.unwrap().path();
        if path.is_dir() { files_below(&path, found) } else { found.push(path) }
    }
}

fn copy(from: &Path) -> tempfile::TempDir {
    let to = tempfile::tempdir().unwrap();
    let mut files = Vec::new();
    files_below(from, &mut files);
    for file in files {
        let to = to.path().join(file.strip_prefix(from).unwrap());
        fs::create_dir_all(to.parent().unwrap()).unwrap();
        fs::copy(file, to).unwrap();
    }
    to
}

/// Rewrites a bundle as a list of entries.
fn edit_bundle(folder: &Path, path: &str, edit: impl FnOnce(&mut Vec<Vec<u8>>)) {
    let path = folder.join(path);
    let bundle = fs::read(&path).unwrap();
    let mut entries: Vec<_> = BundleEntries::new(&bundle).map(|entry| entry.unwrap().to_vec()).collect();
    edit(&mut entries);
    let mut bundle = Vec::new();
    entries.iter().for_each(|entry| encode_entry(&mut bundle, entry).unwrap());
    fs::write(path, bundle).unwrap();
}

#[tokio::test]
async fn logs_of_many_sizes_are_intact() {
    for size in [0, 1, 255, 256, 257, 511, 512, 513, 800] {
        let folder = log_of(&[size], 3).await;
        let report = intact(folder.path());
        assert_eq!(
            (report.size, report.open_tail, report.origin.as_str()),
            (size, OpenTail { entries: 3, torn_bytes: 0 }, ORIGIN)
        );
    }
}

#[tokio::test]
async fn a_log_of_three_levels_is_intact_and_an_edit_in_its_depth_is_located() {
    let folder = log_of(&[66_000], 0).await;
    assert_eq!(intact(folder.path()).size, 66_000);
    edit_bundle(folder.path(), "tile/entries/100", |entries| entries[7] = b"forged".to_vec());
    assert_eq!(findings(folder.path()), ["tile/entries/100: entry 25607 was altered"]);
    let tile = folder.path().join("tile/1/000");
    let mut bytes = fs::read(&tile).unwrap();
    bytes[100 * 32] ^= 1;
    fs::write(tile, bytes).unwrap();
    assert_eq!(
        findings(folder.path()),
        [
            "tile/1/000: altered; it is about entry 0 and after",
            "tile/entries/100: entry 25607 does not fit its hash, and no signature tells which of them was altered",
        ]
    );
}

#[tokio::test]
async fn an_edited_missing_reordered_or_extra_entry_is_named() {
    let original = log_of(&[600], 0).await;
    let bundle = "tile/entries/001";
    type Edit = fn(&mut Vec<Vec<u8>>);
    let cases: [(Edit, &[&str]); 5] = [
        (|entries| entries[44] = b"forged".to_vec(), &["tile/entries/001: entry 300 was altered"]),
        (|entries| drop(entries.remove(44)), &["tile/entries/001: entry 300 is missing"]),
        (|entries| entries.insert(44, b"forged".to_vec()), &["tile/entries/001: there is an extra entry at 300"]),
        (
            |entries| entries.swap(44, 45),
            &["tile/entries/001: entry 300 was altered", "tile/entries/001: entry 301 was altered"],
        ),
        (Vec::clear, &["tile/entries/001: entry 256 is missing"]),
    ];
    for (edit, expected) in cases {
        let folder = copy(original.path());
        edit_bundle(folder.path(), bundle, edit);
        assert_eq!(findings(folder.path()), expected);
    }
    let folder = copy(original.path());
    fs::remove_file(folder.path().join(bundle)).unwrap();
    assert_eq!(findings(folder.path()), ["tile/entries/001: missing; it holds what stands at entry 256 and after"]);
    edit_bundle(folder.path(), "tile/entries/002.p/88", |entries| entries[0] = b"forged".to_vec());
    assert_eq!(findings(folder.path()).len(), 2);
}

#[tokio::test]
async fn a_damaged_hash_tile_is_told_apart_from_a_damaged_entry() {
    let original = log_of(&[600], 0).await;
    for (tile, first) in [("tile/0/001", 256), ("tile/0/002.p/88", 512), ("tile/1/000.p/2", 0)] {
        let folder = copy(original.path());
        let path = folder.path().join(tile);
        let mut bytes = fs::read(&path).unwrap();
        bytes[40] ^= 1;
        fs::write(path, bytes).unwrap();
        assert_eq!(findings(folder.path()), [format!("{tile}: altered; it is about entry {first} and after")]);
    }
}

#[tokio::test]
async fn an_entry_that_was_forged_together_with_all_its_hashes_fails_the_root() {
    let original = log_of(&[600], 0).await;
    let forger = tempfile::tempdir().unwrap();
    let log = open(forger.path());
    append(&log, (0..600).map(|i| if i == 300 { 9999 } else { i })).await;
    log.publish().await.unwrap();
    drop(log);
    fs::copy(original.path().join("checkpoint"), forger.path().join("checkpoint")).unwrap();
    assert_eq!(findings(forger.path()), ["the entries before 600 do not have the root of the checkpoint"]);
}

/// Every way in which a file is changed here; `None` removes it.
fn mutations(bytes: &[u8]) -> Vec<Option<Vec<u8>>> {
    const POSITIONS: usize = 32;
    let mut mutated = vec![None, Some(Vec::new())];
    let step = bytes.len().div_ceil(POSITIONS).max(1);
    for at in (0..bytes.len()).step_by(step) {
        let mut flipped = bytes.to_vec();
        flipped[at] ^= 1 << (at % 8);
        let mut inserted = bytes.to_vec();
        inserted.insert(at, b'x');
        let mut removed = bytes.to_vec();
        removed.remove(at);
        mutated.extend([Some(flipped), Some(inserted), Some(removed), Some(bytes[..at].to_vec())]);
    }
    let mut longer = bytes.to_vec();
    longer.push(0);
    mutated.push(Some(longer));
    mutated.retain(|mutated| mutated.as_deref() != Some(bytes));
    mutated
}

#[tokio::test]
async fn any_mutation_of_any_file_is_found() {
    let original = log_of(&[3, 200, 256, 400, 530], 0).await;
    let control = intact(original.path());
    assert_eq!((control.size, control.open_tail), (530, OpenTail::default()));
    let mut files = Vec::new();
    files_below(original.path(), &mut files);
    // The lock is an empty file that says nothing.
    files.retain(|file| file.file_name().unwrap() != "lock");
    let folder = copy(original.path());
    let (mut tried, mut found, mut missed) = (0, 0, Vec::new());
    for file in &files {
        let relative = file.strip_prefix(original.path()).unwrap();
        let target = folder.path().join(relative);
        let bytes = fs::read(file).unwrap();
        // A partial tile of an earlier size may be missing: the wider one stands for it.
        let dispensable = relative.to_str().unwrap().parse().is_ok_and(|tile: TilePath| {
            TilePath::at_size(tile.kind(), tile.index(), 530).is_some_and(|needed| needed.width() > tile.width())
        });
        for mutated in mutations(&bytes) {
            if mutated.is_none() && dispensable {
                continue;
            }
            tried += 1;
            match &mutated {
                None => fs::remove_file(&target).unwrap(),
                Some(mutated) => fs::write(&target, mutated).unwrap(),
            }
            match check(folder.path()) {
                Outcome::Tampered { .. } => found += 1,
                // A journal that ends within an entry looks like a crash: said, and not called tampering.
                Outcome::Intact(report) if report.open_tail.torn_bytes > 0 => found += 1,
                other => missed.push(format!("{relative:?}: {} bytes, {other:?}", mutated.map_or(0, |m| m.len()))),
            }
            fs::write(&target, &bytes).unwrap();
        }
    }
    assert_eq!(missed, Vec::<String>::new(), "found {found} of {tried} in {} files", files.len());
    assert_eq!(found, tried);
    println!("{found} of {tried} mutations found in {} files", files.len());
    assert!(tried > 1000 && files.len() >= 9, "{tried} mutations of {} files", files.len());
    assert_eq!(intact(folder.path()), control, "the log is intact again after the last mutation is undone");
}

#[tokio::test]
async fn files_that_do_not_belong_to_a_log_are_named() {
    let folder = log_of(&[300], 2).await;
    for (path, bytes) in
        [("tile/entries/002", &b"\0\x01x"[..]), ("tile/0/001.p/99", b"x"), ("tile/readme", b""), ("journal/1", b"")]
    {
        let path = folder.path().join(path);
        fs::write(&path, bytes).unwrap();
        assert_eq!(findings(folder.path()).len(), 1, "{path:?}");
        fs::remove_file(path).unwrap();
    }
    intact(folder.path());
}

#[tokio::test]
async fn a_torn_tail_is_said_and_a_damaged_one_is_found() {
    let folder = log_of(&[10], 5).await;
    let journal = folder.path().join("journal/00000000000000000000");
    let bytes = fs::read(&journal).unwrap();
    fs::write(&journal, &bytes[..bytes.len() - 3]).unwrap();
    assert_eq!(intact(folder.path()).open_tail, OpenTail { entries: 4, torn_bytes: 15 });
    let mut damaged = bytes;
    let last = damaged.len() - 1;
    damaged[last] ^= 1;
    fs::write(&journal, damaged).unwrap();
    assert_eq!(findings(folder.path()), ["journal/00000000000000000000: damaged at entry 14"]);
    fs::remove_file(&journal).unwrap();
    assert_eq!(findings(folder.path()), ["journal: the segments are missing"]);
}

#[tokio::test]
async fn a_copy_without_the_journal_is_judged_by_its_tiles() {
    let folder = log_of(&[300], 5).await;
    fs::remove_dir_all(folder.path().join("journal")).unwrap();
    assert_eq!(intact(folder.path()).open_tail, OpenTail::default());
}

#[tokio::test]
async fn what_is_no_log_cannot_be_checked() {
    let folder = tempfile::tempdir().unwrap();
    let reason = format!("there is no log in {}", folder.path().display());
    assert!(matches!(check(folder.path()), Outcome::CouldNotRun { reason: why } if why == reason));
    let log = log_of(&[3], 0).await;
    let outcome = verify(log.path(), &key(), Some(b"no checkpoint"));
    assert!(
        matches!(outcome, Outcome::CouldNotRun { reason } if reason == "the checkpoint kept elsewhere cannot be used: not a signed note")
    );
    let stranger = SigningKey::from_seed(ORIGIN, &[1; 32]).unwrap();
    let Outcome::Tampered { findings, .. } = verify(log.path(), stranger.verifier(), None) else {
        panic!("a stranger's key")
    };
    assert_eq!(findings[0].to_string(), "checkpoint: the note is not signed by a known key");
}

#[tokio::test]
async fn a_log_that_grew_is_consistent_with_every_checkpoint_it_had() {
    let folder = tempfile::tempdir().unwrap();
    let log = open(folder.path());
    let mut kept = vec![fs::read(folder.path().join("checkpoint")).unwrap()];
    for size in [1, 200, 256, 300, 600] {
        append(&log, log.size()..size).await;
        log.publish().await.unwrap();
        kept.push(fs::read(folder.path().join("checkpoint")).unwrap());
    }
    for kept in kept {
        assert_eq!(findings_against(folder.path(), &kept), Vec::<String>::new());
    }
}

#[tokio::test]
async fn a_log_that_was_rolled_back_replaced_cut_or_removed_is_told_by_a_kept_checkpoint() {
    let folder = log_of(&[300], 0).await;
    let older = copy(folder.path());
    let log = open(folder.path());
    append(&log, 300..500).await;
    let with_tail = copy(folder.path());
    log.publish().await.unwrap();
    let kept = fs::read(folder.path().join("checkpoint")).unwrap();
    assert_eq!(findings_against(folder.path(), &kept), Vec::<String>::new());

    assert_eq!(
        findings_against(older.path(), &kept),
        ["the log was rolled back to 300 entries; the checkpoint kept elsewhere has 500"]
    );
    intact(older.path());

    assert_eq!(
        findings_against(with_tail.path(), &kept),
        ["an older checkpoint of 300 entries was put back; all 500 entries of the one kept elsewhere are there"]
    );

    let replaced = tempfile::tempdir().unwrap();
    let other = open(replaced.path());
    append(&other, (0..600).map(|i| i + u64::from(i == 299))).await;
    other.publish().await.unwrap();
    assert_eq!(
        findings_against(replaced.path(), &kept),
        ["the log was replaced: its first 500 entries are not those of the checkpoint kept elsewhere"]
    );
    intact(replaced.path());

    let cut = copy(folder.path());
    fs::remove_file(cut.path().join("tile/entries/001.p/244")).unwrap();
    assert_eq!(
        findings_against(cut.path(), &kept),
        ["tile/entries/001.p/244: missing; it holds what stands at entry 256 and after"]
    );

    let gone = tempfile::tempdir().unwrap();
    assert_eq!(
        findings_against(gone.path(), &kept),
        ["the log is gone; the checkpoint kept elsewhere has 500 entries"]
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_check_may_run_while_the_log_is_written() {
    let folder = tempfile::tempdir().unwrap();
    let log =
        Log::open(folder.path(), &LogOptions { segment_bytes_max: 3000, ..LogOptions::new(ORIGIN, &SEED) }).unwrap();
    let path = folder.path().to_owned();
    let auditor = tokio::task::spawn_blocking(move || (0..20).map(|_| intact(&path).size).max());
    let mut round = 0;
    // The check takes longer as the log grows, so the log does not grow forever.
    while round < 100 && !auditor.is_finished() {
        append(&log, round * 50..(round + 1) * 50).await;
        log.publish().await.unwrap();
        round += 1;
    }
    assert!(auditor.await.unwrap().is_some());
}

#[tokio::test]
async fn a_checkpoint_that_claims_an_absurd_size_does_not_keep_the_check_busy() {
    let folder = log_of(&[300], 0).await;
    let path = folder.path().join("checkpoint");
    let note = fs::read_to_string(&path).unwrap();
    for size in ["18446744073709551615", "72057594037927936", "0"] {
        fs::write(&path, note.replace("\n300\n", &format!("\n{size}\n"))).unwrap();
        assert_eq!(
            findings(folder.path())[0],
            "checkpoint: the signature of a known key does not verify: the note was altered"
        );
    }
}
