//! The vault's file: read whole, proven whole, written whole.

use std::{
    fs,
    io::{self, Read},
    os::unix::fs::{DirBuilderExt, PermissionsExt},
    path::Path,
    sync::Arc,
};

use ring::rand::{SecureRandom, SystemRandom};
use secret::{CannotSeal, KeyEncryptionKey, Sealed};

use crate::{
    CreateVaultError, OpenVaultError, Problem, StoreError,
    contents::{Contents, Proven},
    format,
    replace::{WriteLock, replace},
};

/// The file's name in its directory.
pub(crate) const FILE: &str = "vault";

/// What the file said when it was last read or written. Replaced whole, never changed.
pub(crate) struct State {
    pub(crate) key: Arc<KeyEncryptionKey>,
    pub(crate) contents: Contents<Proven>,
}

pub(crate) fn make_directory(directory: &Path) -> Result<(), CreateVaultError> {
    /// The bits by which others could put another file in place of the vault.
    const WRITABLE_BY_OTHERS: u32 = 0o022;
    let unwritable = |source| StoreError::Unwritable { directory: directory.to_owned(), source };
    fs::DirBuilder::new().recursive(true).mode(0o700).create(directory).map_err(unwritable)?;
    let mode = fs::metadata(directory).map_err(unwritable)?.permissions().mode();
    if mode & WRITABLE_BY_OTHERS == 0 {
        Ok(())
    } else {
        Err(CreateVaultError::DirectoryOpenToOthers { path: directory.to_owned() })
    }
}

/// Reads and proves the file, under the key that `key` finds for it.
pub(crate) fn load(
    directory: &Path,
    key: impl FnOnce(&format::Unproven<'_>) -> Result<Arc<KeyEncryptionKey>, Problem>,
) -> Result<State, OpenVaultError> {
    let path = directory.join(FILE);
    let prove = || {
        let bytes = read(&path)?;
        let unproven = format::decode(&bytes)?;
        let key = key(&unproven)?;
        let contents = unproven.prove(&key, unproven.derivation().kind())?;
        Ok(State { key, contents })
    };
    prove().map_err(|problem| OpenVaultError { path: path.clone(), problem })
}

/// Writes the next revision. What readers get is what was read back from the very bytes that are written, so that nothing is
/// ever written that does not open.
pub(crate) fn write(
    lock: &WriteLock,
    directory: &Path,
    mut contents: Contents<Sealed>,
    key: Arc<KeyEncryptionKey>,
) -> Result<Arc<State>, StoreError> {
    contents.header.revision = contents.header.revision.saturating_add(1);
    let bytes = format::encode(&contents, &key);
    if bytes.len() as u64 > format::FILE_LENGTH_MAX {
        return Err(StoreError::Full);
    }
    let path = directory.join(FILE);
    let proven = format::decode(&bytes).and_then(|unproven| unproven.prove(&key, unproven.derivation().kind()));
    let contents = proven.map_err(|problem| OpenVaultError { path: path.clone(), problem })?;
    let unwritable = |source| StoreError::Unwritable { directory: directory.to_owned(), source };
    replace(lock, &path, &bytes).map_err(unwritable)?;
    Ok(Arc::new(State { key, contents }))
}

/// Random bytes for a salt or an id; not secret.
pub(crate) fn random<const N: usize>() -> Result<[u8; N], CannotSeal> {
    let mut bytes = [0; N];
    SystemRandom::new().fill(&mut bytes).map_err(|_| CannotSeal::NoRandomness)?;
    Ok(bytes)
}

fn read(path: &Path) -> Result<Vec<u8>, Problem> {
    let file = fs::File::open(path).map_err(|error| match error.kind() {
        io::ErrorKind::NotFound => Problem::Missing,
        _ => Problem::Unreadable(error),
    })?;
    let mut bytes = Vec::new();
    file.take(format::FILE_LENGTH_MAX + 1).read_to_end(&mut bytes).map_err(Problem::Unreadable)?;
    if bytes.len() as u64 > format::FILE_LENGTH_MAX { Err(Problem::TooLarge) } else { Ok(bytes) }
}
