//! What a person types, one file a command.

pub(crate) mod audit;
pub(crate) mod check;
pub(crate) mod findings;
pub(crate) mod init;
pub(crate) mod lease;
pub(crate) mod scan;
pub(crate) mod secret;
pub(crate) mod serve;
pub(crate) mod token;

use std::path::Path;

use config::Config;

use crate::output::Failure;

/// Reads the configuration; every problem is said with its place in the file.
pub(crate) fn load(path: &Path) -> Result<Config, Failure> {
    config::load(path).map_err(|errors| Failure::new(format!("the configuration cannot be used\n\n{errors}")))
}
