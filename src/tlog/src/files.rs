//! Files that appear whole or not at all, and stay after a loss of power.

use std::collections::BTreeSet;
use std::fs::{self, File};
use std::io::{self, Read as _, Write as _};
use std::path::{Path, PathBuf};

/// Folder for files that are not yet whole, in the log's folder so that renaming is atomic.
const TEMPORARY: &str = "tmp";

/// The longest file besides the journal: a full bundle of the longest entries.
const FILE_LENGTH_MAX: u64 = 256 * (2 + 65_535);

/// Threads that sync files side by side: a device merges flushes that wait together.
const SYNC_THREADS: usize = 8;

/// Puts files into place; `files` are paths relative to `root` and contents. When it returns they are on the disk.
pub(crate) fn put<'a>(root: &Path, files: impl IntoIterator<Item = (String, &'a [u8])>) -> io::Result<()> {
    let mut changed = BTreeSet::new();
    ensure_folder(root, &root.join(TEMPORARY), &mut changed)?;
    let mut placed = Vec::new();
    for (relative, bytes) in files {
        let path = root.join(&relative);
        let folder = path.parent().unwrap_or(root).to_owned();
        ensure_folder(root, &folder, &mut changed)?;
        changed.insert(folder);
        placed.push((temporary(root, &relative), path, bytes));
    }
    let share = placed.len().div_ceil(SYNC_THREADS).max(1);
    std::thread::scope(|scope| {
        let write = |share: &[(PathBuf, PathBuf, &[u8])]| {
            share.iter().try_for_each(|(path, _, bytes)| write_synced(path, bytes))
        };
        let (first, others) = placed.split_at(share.min(placed.len()));
        let threads: Vec<_> = others.chunks(share).map(|share| scope.spawn(move || write(share))).collect();
        let written = write(first);
        threads
            .into_iter()
            .try_for_each(|thread| thread.join().unwrap_or_else(|_| Err(io::ErrorKind::Other.into())))?;
        written
    })?;
    placed.iter().try_for_each(|(temporary, path, _)| fs::rename(temporary, path))?;
    changed.iter().try_for_each(|folder| sync_folder(folder))
}

/// Removes what a crash has left half written.
pub(crate) fn remove_temporary(root: &Path) -> io::Result<()> {
    match fs::remove_dir_all(root.join(TEMPORARY)) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
        _ => Ok(()),
    }
}

/// Where a file is written before it is renamed to `relative`.
pub(crate) fn temporary(root: &Path, relative: &str) -> PathBuf {
    root.join(TEMPORARY).join(relative.replace('/', "-"))
}

/// Makes a folder's list of names survive a loss of power.
pub(crate) fn sync_folder(folder: &Path) -> io::Result<()> {
    File::open(folder)?.sync_all()
}

/// The file's content, or `None` when there is no such file. A file that is longer than any of a log is read just far enough to show it.
pub(crate) fn read_if_there(path: &Path) -> io::Result<Option<Vec<u8>>> {
    let mut bytes = Vec::new();
    match File::open(path).and_then(|file| file.take(FILE_LENGTH_MAX + 1).read_to_end(&mut bytes)) {
        Ok(_) => Ok(Some(bytes)),
        Err(error) if matches!(error.kind(), io::ErrorKind::NotFound | io::ErrorKind::NotADirectory) => Ok(None),
        Err(error) => Err(error),
    }
}

fn ensure_folder(root: &Path, folder: &Path, changed: &mut BTreeSet<PathBuf>) -> io::Result<()> {
    if folder.is_dir() {
        return Ok(());
    }
    if let Some(parent) = folder.parent().filter(|_| folder != root) {
        ensure_folder(root, parent, changed)?;
        changed.insert(parent.to_owned());
    }
    match fs::create_dir(folder) {
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => Ok(()),
        created => created,
    }
}

fn write_synced(path: &Path, bytes: &[u8]) -> io::Result<()> {
    let mut file = File::create(path)?;
    file.write_all(bytes)?;
    file.sync_data()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn many_files_are_put_replaced_and_leave_nothing_behind() {
        let folder = tempfile::tempdir().unwrap();
        for round in 0..2_u8 {
            let contents: Vec<_> = (0..50_u8).map(|i| (format!("a/{}/b{i}", i % 3), vec![i, round])).collect();
            put(folder.path(), contents.iter().map(|(path, bytes)| (path.clone(), &bytes[..]))).unwrap();
            for (path, bytes) in contents {
                assert_eq!(read_if_there(&folder.path().join(path)).unwrap(), Some(bytes));
            }
        }
        assert_eq!(fs::read_dir(folder.path().join(TEMPORARY)).unwrap().count(), 0);
        assert_eq!(read_if_there(&folder.path().join("a/none")).unwrap(), None);
        remove_temporary(folder.path()).unwrap();
        remove_temporary(folder.path()).unwrap();
    }

    #[test]
    fn a_file_that_cannot_be_put_is_an_error_and_the_others_stay_as_they_were() {
        let folder = tempfile::tempdir().unwrap();
        put(folder.path(), [("a".to_owned(), &b"one"[..])]).unwrap();
        assert!(put(folder.path(), [("a/b".to_owned(), &b"two"[..])]).is_err());
        assert_eq!(fs::read(folder.path().join("a")).unwrap(), b"one");
    }
}
