//! One broker for one data directory.

use std::{
    fs::{self, File, TryLockError},
    path::Path,
};

use crate::output::Failure;

/// The claim on a data directory; given up when the process ends, however it ends.
#[derive(Debug)]
pub(crate) struct Instance {
    _lock: File,
}

impl Instance {
    /// Claims a data directory, and makes it where it is not there.
    pub(crate) fn claim(folder: &Path) -> Result<Self, Failure> {
        let failed = |error: std::io::Error| {
            Failure::new(format!("the data directory {} cannot be used: {error}", folder.display()))
        };
        make_private(folder).map_err(failed)?;
        let lock =
            File::options().create(true).truncate(false).write(true).open(folder.join("lock")).map_err(failed)?;
        match lock.try_lock() {
            Ok(()) => Ok(Self { _lock: lock }),
            Err(TryLockError::WouldBlock) => Err(Failure::new(format!(
                "another broker uses the data directory {}; stop it, or give this one a directory of its own",
                folder.display()
            ))),
            Err(TryLockError::Error(error)) => Err(failed(error)),
        }
    }
}

/// Makes a folder that only its owner can look into.
fn make_private(folder: &Path) -> std::io::Result<()> {
    use std::os::unix::fs::{DirBuilderExt as _, PermissionsExt as _};
    fs::DirBuilder::new().recursive(true).mode(0o700).create(folder)?;
    // One that was there already may be more open than what is kept in it allows.
    fs::set_permissions(folder, fs::Permissions::from_mode(0o700))
}
