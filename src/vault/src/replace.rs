//! Replacing a file so that at every moment the old one or the new one is there, whole.

use std::{
    fs::{self, File, OpenOptions, TryLockError},
    io::{self, Write},
    os::unix::fs::OpenOptionsExt,
    path::{Path, PathBuf},
    thread,
    time::Duration,
};

use crate::StoreError;

/// Sealed bytes too are the owner's alone.
const MODE: u32 = 0o600;
/// Where the new file is written before it takes the old one's name.
const TEMPORARY: &str = "vault.new";
/// Held while a process writes; it has no content and stays.
const LOCK: &str = "vault.lock";
/// How often a held lock is tried again: writing takes some milliseconds, so that a second is enough for dozens of writers.
const LOCK_ATTEMPTS_MAX: u32 = 50;
const LOCK_PAUSE: Duration = Duration::from_millis(20);

/// The right to write, until it is dropped or the process ends.
#[derive(Debug)]
pub(crate) struct WriteLock(#[expect(dead_code, reason = "the open file is the lock")] File);

impl WriteLock {
    /// Waits a second at the most.
    pub(crate) fn acquire(directory: &Path) -> Result<Self, StoreError> {
        let unwritable = |source| StoreError::Unwritable { directory: directory.to_owned(), source };
        let path = directory.join(LOCK);
        let file = OpenOptions::new().create(true).append(true).mode(MODE).open(path).map_err(unwritable)?;
        for attempt in 1..=LOCK_ATTEMPTS_MAX {
            match file.try_lock() {
                Ok(()) => return Ok(Self(file)),
                Err(TryLockError::WouldBlock) if attempt < LOCK_ATTEMPTS_MAX => thread::sleep(LOCK_PAUSE),
                Err(TryLockError::WouldBlock) => {}
                Err(TryLockError::Error(source)) => return Err(unwritable(source)),
            }
        }
        Err(StoreError::Busy)
    }
}

/// Writes `bytes` under the name of `target`. Needs the lock, because the temporary file has one name.
pub(crate) fn replace(_lock: &WriteLock, target: &Path, bytes: &[u8]) -> io::Result<()> {
    let mut replacement = Replacement::new(target, bytes);
    STEPS.into_iter().try_for_each(|step| replacement.take(step))
}

/// One thing that the file system does at a time. A power cut may come between any two.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Step {
    /// Takes away what a writer left that was cut off.
    Clear,
    /// Makes the temporary file, for the owner alone.
    Create,
    /// Fills it.
    Write,
    /// Waits until its content is on the disk.
    SyncFile,
    /// Gives it the name; from here on the new file is the file.
    Rename,
    /// Waits until the name is on the disk.
    SyncDirectory,
}

const STEPS: [Step; 6] = [Step::Clear, Step::Create, Step::Write, Step::SyncFile, Step::Rename, Step::SyncDirectory];

struct Replacement<'a> {
    target: &'a Path,
    temporary: PathBuf,
    file: Option<File>,
    bytes: &'a [u8],
}

impl<'a> Replacement<'a> {
    fn new(target: &'a Path, bytes: &'a [u8]) -> Self {
        Self { target, temporary: target.with_file_name(TEMPORARY), file: None, bytes }
    }

    fn take(&mut self, step: Step) -> io::Result<()> {
        match step {
            Step::Clear => match fs::remove_file(&self.temporary) {
                Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
                Ok(()) | Err(_) => Ok(()),
            },
            Step::Create => {
                let file = OpenOptions::new().write(true).create_new(true).mode(MODE).open(&self.temporary)?;
                self.file = Some(file);
                Ok(())
            }
            Step::Write => self.file()?.write_all(self.bytes),
            Step::SyncFile => self.file()?.sync_all(),
            Step::Rename => fs::rename(&self.temporary, self.target),
            Step::SyncDirectory => match self.target.parent() {
                Some(directory) => File::open(directory)?.sync_all(),
                None => Ok(()),
            },
        }
    }

    /// The open file; `&File` writes too.
    fn file(&self) -> io::Result<&File> {
        self.file.as_ref().ok_or_else(|| io::ErrorKind::NotFound.into())
    }
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt;

    use super::*;

    #[test]
    fn a_writer_cut_off_after_any_step_leaves_the_old_file_or_the_new_one() {
        for steps in 0..=STEPS.len() {
            // Within the one step that takes long, after every eighth part of it.
            for eighths in 0..=8 {
                let directory = tempfile::tempdir().unwrap();
                let target = directory.path().join("vault");
                fs::write(&target, "old").unwrap();
                let new = "new".repeat(100);
                let written = if steps == 3 { new.get(..new.len() * eighths / 8).unwrap() } else { new.as_str() };
                let mut cut_off = Replacement::new(&target, written.as_bytes());
                STEPS.into_iter().take(steps).for_each(|step| cut_off.take(step).unwrap());
                drop(cut_off);

                let expected = if steps < 5 { "old" } else { new.as_str() };
                assert_eq!(fs::read_to_string(&target).unwrap(), expected, "{steps} steps");
                // Whoever comes next is not hindered by what was left.
                let lock = WriteLock::acquire(directory.path()).unwrap();
                replace(&lock, &target, b"next").unwrap();
                assert_eq!(fs::read_to_string(&target).unwrap(), "next");
            }
        }
    }

    #[test]
    fn a_replaced_file_is_its_owners_alone() {
        let directory = tempfile::tempdir().unwrap();
        let target = directory.path().join("vault");
        fs::write(&target, "old").unwrap();
        fs::set_permissions(&target, fs::Permissions::from_mode(0o644)).unwrap();
        replace(&WriteLock::acquire(directory.path()).unwrap(), &target, b"new").unwrap();
        let modes =
            ["vault", LOCK].map(|name| fs::metadata(directory.path().join(name)).unwrap().permissions().mode() & 0o777);
        assert_eq!(modes, [0o600, 0o600]);
        assert!(!directory.path().join(TEMPORARY).exists());
    }

    #[test]
    fn a_second_writer_is_told_to_come_back() {
        let directory = tempfile::tempdir().unwrap();
        let first = WriteLock::acquire(directory.path()).unwrap();
        assert!(matches!(WriteLock::acquire(directory.path()), Err(StoreError::Busy)));
        drop(first);
        WriteLock::acquire(directory.path()).unwrap();
    }
}
