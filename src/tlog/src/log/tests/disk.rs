//! Disks that refuse: full, failing, unable to sync; the log says so, loses nothing that it has acknowledged, and goes on by itself.

use std::cell::{Cell, RefCell};
use std::fs::File;
use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

use super::*;
use crate::log::AppendError;
use crate::log::file::JournalFile;

thread_local! {
    /// Writes of the log that this thread has opened and uses.
    pub(super) static WRITES: Cell<u32> = const { Cell::new(0) };
    /// The disk of the log that this thread opens.
    static DISK: RefCell<Arc<Disk>> = RefCell::default();
}

/// A disk with switches.
#[derive(Debug, Default)]
struct Disk {
    /// Bytes that still fit while `limited`.
    space: AtomicU64,
    limited: AtomicBool,
    write_error: parking_lot::Mutex<Option<io::ErrorKind>>,
    cannot_truncate: AtomicBool,
    cannot_sync: AtomicBool,
    hangs: AtomicBool,
}

#[derive(Debug)]
struct OnDisk {
    file: File,
    disk: Arc<Disk>,
}

impl JournalFile for OnDisk {
    fn append(&self, bytes: &[u8]) -> io::Result<usize> {
        while self.disk.hangs.load(Ordering::Acquire) {
            std::thread::yield_now();
        }
        if let Some(kind) = *self.disk.write_error.lock() {
            return Err(kind.into());
        }
        if !self.disk.limited.load(Ordering::Relaxed) {
            return self.file.append(bytes);
        }
        let space = self.disk.space.load(Ordering::Relaxed);
        let fits = bytes.len().min(usize::try_from(space).unwrap());
        if fits == 0 {
            return Err(io::ErrorKind::StorageFull.into());
        }
        self.disk.space.fetch_sub(fits as u64, Ordering::Relaxed);
        self.file.append(&bytes[..fits])
    }

    fn truncate(&self, length: u64) -> io::Result<()> {
        if self.disk.cannot_truncate.load(Ordering::Relaxed) {
            return Err(io::ErrorKind::Other.into());
        }
        self.file.truncate(length)
    }

    fn sync(&self) -> io::Result<()> {
        if self.disk.cannot_sync.load(Ordering::Relaxed) { Err(io::ErrorKind::Other.into()) } else { self.file.sync() }
    }
}

#[derive(Debug)]
struct Counted(File);

impl JournalFile for Counted {
    fn append(&self, bytes: &[u8]) -> io::Result<usize> {
        WRITES.with(|writes| writes.set(writes.get() + 1));
        self.0.append(bytes)
    }

    fn truncate(&self, length: u64) -> io::Result<()> {
        self.0.truncate(length)
    }

    fn sync(&self) -> io::Result<()> {
        self.0.sync()
    }
}

pub(super) fn counted(file: File) -> Arc<dyn JournalFile> {
    Arc::new(Counted(file))
}

fn on_disk(file: File) -> Arc<dyn JournalFile> {
    Arc::new(OnDisk { file, disk: DISK.with_borrow(Arc::clone) })
}

fn open_on_disk(folder: &Path, options: &LogOptions<'_>) -> (Log, Arc<Disk>) {
    DISK.set(Arc::default());
    let log = Log::open_with(folder, options, on_disk).unwrap();
    (log, DISK.with_borrow(Arc::clone))
}

#[tokio::test]
async fn a_full_disk_refuses_and_the_log_goes_on_when_there_is_space() {
    for space in 0..40 {
        let folder = tempfile::tempdir().unwrap();
        let (log, disk) = open_on_disk(folder.path(), &options());
        append_many(&log, 0..3).await;
        disk.space.store(space, Ordering::Relaxed);
        disk.limited.store(true, Ordering::Relaxed);
        let long = [7; 40];
        for durability in [Durability::Process, Durability::Power] {
            assert_eq!(log.append(&long, durability).await, Err(AppendError::DiskFull), "{space} bytes left");
        }
        assert_eq!(intact(folder.path()), (0, 3));
        disk.limited.store(false, Ordering::Relaxed);
        append_many(&log, 3..5).await;
        log.publish().await.unwrap();
        assert_eq!(read_all(folder.path()), (0..5).map(entry).collect::<Vec<_>>());
        assert_eq!(intact(folder.path()), (5, 0));
    }
}

#[tokio::test]
async fn every_kind_of_refusal_has_its_answer() {
    use AppendError::{DiskFailed, DiskFull, ReadOnly};
    let folder = tempfile::tempdir().unwrap();
    let (log, disk) = open_on_disk(folder.path(), &options());
    for (kind, expected) in [
        (io::ErrorKind::StorageFull, DiskFull),
        (io::ErrorKind::QuotaExceeded, DiskFull),
        (io::ErrorKind::FileTooLarge, DiskFull),
        (io::ErrorKind::ReadOnlyFilesystem, ReadOnly),
        (io::ErrorKind::PermissionDenied, ReadOnly),
        (io::ErrorKind::Other, DiskFailed),
    ] {
        *disk.write_error.lock() = Some(kind);
        assert_eq!(log.append(b"refused", Durability::Process).await, Err(expected));
        *disk.write_error.lock() = None;
        log.append(b"taken", Durability::Power).await.unwrap();
    }
    assert_eq!(read_all(folder.path()), vec![b"taken".to_vec(); 6]);
}

#[tokio::test]
async fn a_whole_group_is_refused_together_and_nothing_of_it_is_recorded() {
    let folder = tempfile::tempdir().unwrap();
    let (log, disk) = open_on_disk(folder.path(), &options());
    disk.space.store(500, Ordering::Relaxed);
    disk.limited.store(true, Ordering::Relaxed);
    let mut callers = tokio::task::JoinSet::new();
    for i in 0..50 {
        let log = log.clone();
        drop(callers.spawn(async move { log.append(&entry(i), Durability::Process).await }));
    }
    let outcomes = callers.join_all().await;
    assert_eq!(outcomes.iter().filter(|outcome| **outcome == Err(AppendError::DiskFull)).count(), 50);
    assert_eq!(intact(folder.path()), (0, 0));
}

#[tokio::test]
async fn a_journal_that_cannot_be_cut_back_takes_nothing_until_it_can() {
    let folder = tempfile::tempdir().unwrap();
    let (log, disk) = open_on_disk(folder.path(), &options());
    append_many(&log, 0..2).await;
    disk.space.store(10, Ordering::Relaxed);
    disk.limited.store(true, Ordering::Relaxed);
    disk.cannot_truncate.store(true, Ordering::Relaxed);
    assert_eq!(log.append(b"refused", Durability::Process).await, Err(AppendError::DiskFull));
    disk.limited.store(false, Ordering::Relaxed);
    assert_eq!(log.append(b"refused", Durability::Process).await, Err(AppendError::DiskFailed));
    disk.cannot_truncate.store(false, Ordering::Relaxed);
    append_many(&log, 2..4).await;
    assert_eq!(read_all(folder.path()), (0..4).map(entry).collect::<Vec<_>>());
}

#[tokio::test]
async fn a_failed_sync_ends_the_segment_and_the_next_checkpoint_begins_another() {
    let folder = tempfile::tempdir().unwrap();
    let (log, disk) = open_on_disk(folder.path(), &options());
    append_many(&log, 0..2).await;
    disk.cannot_sync.store(true, Ordering::Relaxed);
    assert_eq!(log.append(&entry(2), Durability::Power).await, Err(AppendError::SyncFailed));
    disk.cannot_sync.store(false, Ordering::Relaxed);
    assert_eq!(
        log.append(b"refused", Durability::Process).await,
        Err(AppendError::SyncFailed),
        "a later sync proves nothing"
    );
    assert_eq!(log.publish().await.unwrap().size(), 3, "what was written is published nevertheless");
    append_many(&log, 3..5).await;
    log.append(&entry(5), Durability::Power).await.unwrap();
    let segments: Vec<_> =
        std::fs::read_dir(folder.path().join("journal")).unwrap().map(|file| file.unwrap().file_name()).collect();
    assert_eq!(segments, ["00000000000000000003"]);
    drop(log);
    let log = open(folder.path());
    assert_eq!(log.recovery().replayed_entries, 3);
    log.publish_blocking().unwrap();
    assert_eq!(read_all(folder.path()), (0..6).map(entry).collect::<Vec<_>>());
    assert_eq!(intact(folder.path()), (6, 0));
}

#[tokio::test]
async fn a_sync_that_fails_while_publishing_ends_the_segment_too() {
    let folder = tempfile::tempdir().unwrap();
    let (log, disk) = open_on_disk(folder.path(), &options());
    append_many(&log, 0..2).await;
    disk.cannot_sync.store(true, Ordering::Relaxed);
    assert_eq!(log.publish().await.unwrap().size(), 2);
    disk.cannot_sync.store(false, Ordering::Relaxed);
    append_many(&log, 2..4).await;
    assert_eq!(intact(folder.path()), (2, 2));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn callers_behind_a_disk_that_hangs_are_refused_in_time() {
    let folder = tempfile::tempdir().unwrap();
    let quick = LogOptions { wait_max: std::time::Duration::from_millis(50), ..options() };
    let (log, disk) = open_on_disk(folder.path(), &quick);
    disk.hangs.store(true, Ordering::Release);
    let mut callers = tokio::task::JoinSet::new();
    for i in 0..5 {
        let log = log.clone();
        drop(
            callers
                .spawn(async move { log.append(&entry(i), Durability::Process).await.map(|receipt| receipt.index()) }),
        );
    }
    let refused = callers.join_next().await.unwrap().unwrap();
    assert_eq!(refused, Err(AppendError::TimedOut));
    disk.hangs.store(false, Ordering::Release);
    while callers.join_next().await.is_some() {}
    log.publish().await.unwrap();
    assert_eq!(read_all(folder.path()).len(), 5);
}

#[tokio::test]
async fn a_folder_that_takes_no_tiles_delays_the_checkpoint_and_loses_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let log = open(folder.path());
    append_many(&log, 0..300).await;
    std::fs::write(folder.path().join("tile"), b"in the way").unwrap();
    for _ in 0..2 {
        assert!(log.publish().await.is_err());
    }
    append_many(&log, 300..310).await;
    std::fs::remove_file(folder.path().join("tile")).unwrap();
    assert_eq!(log.publish().await.unwrap().size(), 300);
    assert_eq!(log.publish().await.unwrap().size(), 310);
    assert_eq!(intact(folder.path()), (310, 0));
}
