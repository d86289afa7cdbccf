//! `cargo xtask docs`: the documents that are generated from code.

use std::{fs, process::Command};

use crate::{command::Failure, root};

/// Writes the reference of the configuration from the types of `config`. A test fails while it is stale.
pub(crate) fn write() -> Result<(), Failure> {
    let mut reference = Command::new(env!("CARGO"));
    reference.args(["run", "--quiet", "--package", "config", "--example", "reference"]).current_dir(root());
    let output = reference.output().map_err(|error| Failure::new(format!("cannot start cargo: {error}")))?;
    if !output.status.success() {
        return Err(Failure::new(String::from_utf8_lossy(&output.stderr)));
    }
    let path = root().join("docs/configuration.md");
    fs::write(&path, &output.stdout)
        .map_err(|error| Failure::new(format!("cannot write {}: {error}", path.display())))?;
    println!("wrote {}", path.display());
    Ok(())
}
