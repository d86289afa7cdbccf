//! What `claviger init` writes: the quickstart of the examples, so that both say the same.

/// A file to begin with.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct StartingFile {
    /// Where it goes, relative to the folder of the configuration.
    pub path: &'static str,
    /// Its text.
    pub text: &'static str,
}

/// The configuration, commented, and the policy that it names.
#[must_use]
pub const fn starting_files() -> [StartingFile; 2] {
    [
        StartingFile { path: "claviger.toml", text: include_str!("../../../examples/quickstart/claviger.toml") },
        StartingFile {
            path: "policy/quickstart.cedar",
            text: include_str!("../../../examples/quickstart/policy/quickstart.cedar"),
        },
    ]
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::load;

    #[test]
    fn the_starting_files_load() {
        let folder = tempfile::tempdir().unwrap();
        for StartingFile { path, text } in starting_files() {
            let path = folder.path().join(path);
            std::fs::create_dir_all(path.parent().unwrap()).unwrap();
            std::fs::write(path, text).unwrap();
        }
        let config = load(&folder.path().join("claviger.toml")).unwrap_or_else(|errors| panic!("{errors}"));
        assert_eq!(config.policy.files, [folder.path().join("policy/quickstart.cedar")]);
    }
}
