//! Unsafe code stands in one crate: every other one takes the lints of the workspace, which forbid it.

use std::fs;

use super::{holds, sources::root};

/// The one crate whose lints are its own.
const VECTOR: &str = "src/vector/Cargo.toml";

#[test]
fn unsafe_code_is_forbidden_but_in_one_crate() {
    let folders =
        ["src", "providers"].into_iter().flat_map(|folder| fs::read_dir(root().join(folder)).expect("it is there"));
    let mut manifests =
        folders.map(|entry| entry.expect("it can be listed").path().join("Cargo.toml")).collect::<Vec<_>>();
    manifests.extend(["tests", "benches", "xtask"].map(|crate_| root().join(crate_).join("Cargo.toml")));
    let read =
        |path: &std::path::PathBuf| (path.display().to_string(), fs::read_to_string(path).expect("it can be read"));
    let manifests = manifests.iter().map(read).collect::<Vec<_>>();
    assert!(manifests.iter().any(|(path, _)| path.ends_with(VECTOR)), "the exception is still there");
    holds("write `[lints]` and `workspace = true`; what needs unsafe code belongs into `vector`", &lax(&manifests));
}

#[test]
fn a_crate_with_lints_of_its_own_is_found() {
    let strict = ("a/Cargo.toml".to_owned(), "[lints]\nworkspace = true\n".to_owned());
    let own = ("b/Cargo.toml".to_owned(), "[lints.rust]\nunsafe_code = \"allow\"\n".to_owned());
    assert_eq!(lax(&[strict, own]), ["b/Cargo.toml"]);
}

fn lax(manifests: &[(String, String)]) -> Vec<String> {
    let strict = |text: &str| text.contains("[lints]\nworkspace = true\n");
    let lax = manifests.iter().filter(|(path, text)| !path.ends_with(VECTOR) && !strict(text));
    lax.map(|(path, _)| path.clone()).collect()
}
