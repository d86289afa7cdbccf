//! The temporary folder of the demonstration: its owner's alone, and gone at the end.

use std::{
    fs::{self, File},
    io::Write as _,
    os::unix::fs::{DirBuilderExt as _, OpenOptionsExt as _},
    path::{Path, PathBuf},
};

use super::keys::random_text;
use crate::output::{Failure, hint};

/// A folder that is removed when this value goes.
pub(super) struct Folder(PathBuf);

impl Folder {
    /// Makes a new one where the operating system keeps temporary files.
    pub(super) fn make() -> Result<Self, Failure> {
        let path = std::env::temp_dir().join(format!("claviger-demo-{}", random_text(8)?));
        let made = fs::DirBuilder::new().mode(0o700).create(&path);
        made.map_err(|error| Failure::new(format!("cannot make {}: {error}", path.display())))?;
        Ok(Self(path))
    }

    pub(super) fn path(&self) -> &Path {
        &self.0
    }

    /// A new file that only its owner can read.
    pub(super) fn create(&self, name: &str) -> Result<File, Failure> {
        let path = self.0.join(name);
        let failed = |error: std::io::Error| Failure::new(format!("cannot write {}: {error}", path.display()));
        if let Some(parent) = path.parent() {
            fs::create_dir_all(parent).map_err(failed)?;
        }
        File::options().write(true).create_new(true).mode(0o600).open(&path).map_err(failed)
    }

    /// A new file with this text.
    pub(super) fn write(&self, name: &str, bytes: impl AsRef<[u8]>) -> Result<PathBuf, Failure> {
        let path = self.0.join(name);
        let written = self.create(name)?.write_all(bytes.as_ref());
        written.map_err(|error| Failure::new(format!("cannot write {}: {error}", path.display())))?;
        Ok(path)
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        if let Err(error) = fs::remove_dir_all(&self.0) {
            hint(format!("{} could not be removed: {error}", self.0.display()));
        }
    }
}
