//! A folder of the repository, copied to where a test may change it.

use std::{fs, path::Path};

/// What somebody ran in the folder is theirs and stays there.
const LEFT: [&str; 3] = [".terraform", "data", "terraform.tfstate"];

/// Copies the folder with all that is below it.
pub(crate) fn copy(from: &Path, to: &Path) {
    fs::create_dir_all(to).expect("a test's folder");
    for entry in fs::read_dir(from).expect("a folder of the repository") {
        let path = entry.expect("an entry").path();
        if LEFT.iter().any(|left| path.ends_with(left)) {
            continue;
        }
        let target = to.join(path.file_name().expect("a name"));
        if path.is_dir() {
            copy(&path, &target);
        } else {
            fs::copy(&path, &target).expect("a test's folder");
        }
    }
}
