//! `[policy]`: which files hold the rules.

use std::path::PathBuf;

use schemars::JsonSchema;
use serde::Deserialize;

use crate::{
    at::At,
    named_files::{FilePattern, named_files},
    problem::Problems,
};

/// Which files hold the rules.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Policy {
    /// The policy files, in order and each once; all exist.
    pub files: Vec<PathBuf>,
}

/// The rules. Without a rule that permits it, no call is carried.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct PolicyTable {
    /// Files of Cedar policies. A `*` in the last part of a path stands for any characters; each entry names at least one file.
    files: Vec<At<FilePattern>>,
}

impl PolicyTable {
    pub(crate) fn check(&self, problems: &mut Problems<'_>) -> Policy {
        Policy { files: named_files(&self.files, "`claviger init` writes a policy", problems) }
    }
}
