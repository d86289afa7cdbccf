//! Every example is a configuration that Claviger takes as it stands, with policies that it takes, and a README of one screen.

use std::{fs, path::Path};

use crate::support::program;

/// As many lines as a tall window shows.
const LINES_MAX: usize = 70;

#[tokio::test]
async fn every_example_loads() {
    let examples = Path::new(env!("CARGO_MANIFEST_DIR")).join("../examples");
    let mut loaded = 0;
    for entry in fs::read_dir(&examples).expect("the examples") {
        let folder = entry.expect("an entry").path();
        let ran = program::run(&folder, &["check", "--offline"], "").await;
        assert_eq!(ran.code, Some(0), "{}:\n{}\n{}", folder.display(), ran.stdout, ran.stderr);
        let readme = fs::read_to_string(folder.join("README.md")).expect("an example has a README");
        let is_quickstart = folder.ends_with("quickstart");
        assert!(is_quickstart || readme.lines().count() <= LINES_MAX, "{} is longer than a screen", folder.display());
        loaded += 1;
    }
    assert!(loaded >= 5, "{loaded}");
}
