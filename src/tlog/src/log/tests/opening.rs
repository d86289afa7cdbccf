//! Who may open a log, and what a log that is not its own is called.

use std::fs;

use super::*;
use crate::log::OpenError;

async fn small_log(folder: &Path) {
    let log = open(folder);
    append_many(&log, 0..300).await;
    log.publish().await.unwrap();
}

fn refusal(folder: &Path) -> OpenError {
    Log::open(folder, &options()).unwrap_err()
}

#[tokio::test]
async fn a_second_instance_is_refused_until_the_first_is_gone() {
    let folder = tempfile::tempdir().unwrap();
    let log = open(folder.path());
    let clone = log.clone();
    drop(log);
    let expected = format!(
        "another process has the log in {} open; stop it, or give this instance a directory of its own",
        folder.path().display()
    );
    assert_eq!(refusal(folder.path()).to_string(), expected);
    drop(clone);
    drop(open(folder.path()));
}

#[tokio::test]
async fn another_key_or_origin_does_not_open_the_log() {
    let folder = tempfile::tempdir().unwrap();
    small_log(folder.path()).await;
    for other in [LogOptions::new(ORIGIN, &[1; 32]), LogOptions::new("example.com/other", &SEED)] {
        assert!(matches!(Log::open(folder.path(), &other), Err(OpenError::Checkpoint(_))));
    }
    assert!(matches!(Log::open(folder.path(), &LogOptions::new("no spaces", &SEED)), Err(OpenError::Origin(_))));
}

#[tokio::test]
async fn a_log_without_its_checkpoint_is_not_begun_anew() {
    let folder = tempfile::tempdir().unwrap();
    small_log(folder.path()).await;
    fs::remove_file(folder.path().join("checkpoint")).unwrap();
    assert!(matches!(refusal(folder.path()), OpenError::CheckpointMissing));
}

#[tokio::test]
async fn tiles_that_do_not_have_the_signed_root_do_not_open() {
    let folder = tempfile::tempdir().unwrap();
    small_log(folder.path()).await;
    for path in ["tile/0/001.p/44", "tile/1/000.p/1", "tile/entries/001.p/44"] {
        let path = folder.path().join(path);
        let original = fs::read(&path).unwrap();
        let mut altered = original.clone();
        altered[10] ^= 1;
        fs::write(&path, altered).unwrap();
        assert!(matches!(refusal(folder.path()), OpenError::Tile { .. }), "{path:?}");
        fs::remove_file(&path).unwrap();
        assert!(matches!(refusal(folder.path()), OpenError::Tile { .. }), "{path:?}");
        fs::write(&path, original).unwrap();
    }
    drop(open(folder.path()));
}

#[tokio::test]
async fn a_journal_that_says_otherwise_does_not_open() {
    let folder = tempfile::tempdir().unwrap();
    small_log(folder.path()).await;
    let other = tempfile::tempdir().unwrap();
    let log = open(other.path());
    for i in 0..300 {
        log.append(if i == 270 { b"other".to_vec() } else { entry(i) }.as_slice(), Durability::Process).await.unwrap();
    }
    fs::copy(other.path().join("journal/00000000000000000000"), folder.path().join("journal/00000000000000000000"))
        .unwrap();
    assert!(matches!(refusal(folder.path()), OpenError::JournalDisagrees { index: 270 }));
    fs::remove_file(folder.path().join("journal/00000000000000000000")).unwrap();
    assert!(matches!(refusal(folder.path()), OpenError::JournalBehind { end: 0, size: 300 }));
}

#[tokio::test]
async fn a_checkpoint_that_changes_under_an_open_log_ends_the_signing() {
    let folder = tempfile::tempdir().unwrap();
    let log = open(folder.path());
    let first = fs::read(folder.path().join("checkpoint")).unwrap();
    append_many(&log, 0..3).await;
    log.publish().await.unwrap();
    fs::write(folder.path().join("checkpoint"), first).unwrap();
    append_many(&log, 3..4).await;
    assert!(matches!(log.publish().await, Err(crate::log::PublishError::CheckpointChanged)));
}
