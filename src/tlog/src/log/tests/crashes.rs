//! What is left when the process ends at any point, and that the log goes on from there.

use std::fs;

use super::*;
use crate::log::Recovery;

/// A copy of the folder as a crash would leave it.
fn copy(from: &Path, to: &Path) {
    fs::create_dir_all(to).unwrap();
    for file in fs::read_dir(from).unwrap() {
        let file = file.unwrap();
        let to = to.join(file.file_name());
        if file.file_type().unwrap().is_dir() {
            copy(&file.path(), &to)
        } else {
            assert!(fs::copy(file.path(), to).is_ok());
        }
    }
}

#[tokio::test]
async fn a_journal_cut_at_any_byte_loses_only_what_is_cut_and_goes_on() {
    let folder = tempfile::tempdir().unwrap();
    let log = open(folder.path());
    append_many(&log, 0..4).await;
    log.publish().await.unwrap();
    let journal = folder.path().join("journal/00000000000000000000");
    let published = fs::metadata(&journal).unwrap().len();
    append_many(&log, 4..8).await;
    let length = fs::metadata(&journal).unwrap().len();
    let mut seen = std::collections::BTreeSet::new();
    for cut in published..=length {
        let crashed = tempfile::tempdir().unwrap();
        copy(folder.path(), crashed.path());
        fs::File::options()
            .write(true)
            .open(crashed.path().join("journal/00000000000000000000"))
            .unwrap()
            .set_len(cut)
            .unwrap();
        let (size, tail) = intact(crashed.path());
        assert_eq!(size, 4);
        let log = open(crashed.path());
        assert_eq!(log.recovery().replayed_entries, tail, "cut at {cut}");
        seen.insert((tail, log.recovery().cut_bytes > 0));
        append_many(&log, 4 + tail..10).await;
        log.publish().await.unwrap();
        assert_eq!(intact(crashed.path()), (10, 0));
        assert_eq!(read_all(crashed.path()), (0..10).map(entry).collect::<Vec<_>>());
    }
    assert_eq!(seen.len(), 9, "every number of whole entries, with and without a torn one: {seen:?}");
}

#[tokio::test]
async fn a_journal_cut_into_what_is_published_is_a_rollback() {
    let folder = tempfile::tempdir().unwrap();
    let log = open(folder.path());
    append_many(&log, 0..4).await;
    log.publish().await.unwrap();
    drop(log);
    let journal = folder.path().join("journal/00000000000000000000");
    let length = fs::metadata(&journal).unwrap().len();
    fs::File::options().write(true).open(&journal).unwrap().set_len(length - 1).unwrap();
    let error = Log::open(folder.path(), &options()).unwrap_err().to_string();
    assert_eq!(
        error,
        "the journal ends at entry 3, the checkpoint has 4: the log was tampered with or rolled back; run the verification"
    );
}

#[tokio::test]
async fn a_crash_between_tiles_and_checkpoint_is_no_tampering() {
    let folder = tempfile::tempdir().unwrap();
    let log = open(folder.path());
    append_many(&log, 0..250).await;
    log.publish().await.unwrap();
    let crashed = tempfile::tempdir().unwrap();
    append_many(&log, 250..600).await;
    let old = fs::read(folder.path().join("checkpoint")).unwrap();
    let journal = fs::read(folder.path().join("journal/00000000000000000000")).unwrap();
    log.publish().await.unwrap();
    copy(folder.path(), crashed.path());
    fs::write(crashed.path().join("checkpoint"), old).unwrap();
    fs::write(crashed.path().join("journal/00000000000000000000"), journal).unwrap();
    assert_eq!(intact(crashed.path()), (250, 350));
    let log = open(crashed.path());
    assert_eq!(log.recovery(), Recovery { replayed_entries: 350, cut_bytes: 0 });
    append_many(&log, 600..610).await;
    log.publish().await.unwrap();
    assert_eq!(intact(crashed.path()), (610, 0));
}

#[tokio::test]
async fn segments_roll_and_those_that_are_published_go() {
    let folder = tempfile::tempdir().unwrap();
    let log = Log::open(folder.path(), &LogOptions { segment_bytes_max: 2000, ..options() }).unwrap();
    let segments = || fs::read_dir(folder.path().join("journal")).unwrap().count();
    let mut next = 0;
    for _ in 0..20 {
        for _ in 0..60 {
            assert_eq!(log.append(&entry(next), Durability::Process).await.unwrap().index(), next);
            next += 1;
        }
        log.publish().await.unwrap();
        assert!(segments() <= 2, "{} segments", segments());
        let crashed = tempfile::tempdir().unwrap();
        copy(folder.path(), crashed.path());
        let again = open(crashed.path());
        assert_eq!((again.size(), intact(crashed.path())), (next, (next, 0)));
    }
    assert!(!folder.path().join("journal/00000000000000000000").exists());
}

#[tokio::test]
async fn the_log_reopens_at_every_size_around_full_tiles() {
    let folder = tempfile::tempdir().unwrap();
    let mut before = 0;
    for size in (1..=4).chain(252..=260).chain(508..=516) {
        let log = open(folder.path());
        assert_eq!(log.size(), before);
        append_many(&log, before..size).await;
        before = size;
        if size % 3 != 0 {
            assert_eq!(log.publish_blocking().unwrap().size(), size);
        }
    }
    drop(open(folder.path()).publish_blocking().unwrap());
    assert_eq!(intact(folder.path()), (516, 0));
    assert!(!folder.path().join("tile/entries/000.p").exists(), "partial tiles go when the full one has come");
}
