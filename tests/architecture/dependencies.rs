//! What we depend on: each with a reason, one TLS stack, no second C build of cryptography.

use std::{collections::BTreeSet, fs, path::Path, process::Command};

use super::{holds, sources::root};

/// Never in the product, and why.
const BANNED: &[(&str, &str)] = &[
    ("openssl", "a second TLS stack"),
    ("openssl-sys", "a second TLS stack"),
    ("native-tls", "a second TLS stack"),
    ("aws-lc-rs", "ring is the one provider of cryptography"),
    ("aws-lc-sys", "a C build of cryptography beside ring's"),
    ("ureq", "every byte that leaves goes through `dial`"),
];

/// In the product only because those bring it, and not called: every byte that leaves goes through `dial`.
const BROUGHT: &[(&str, &[&str], &str)] = &[
    ("reqwest", &["rustify", "vaultrs"], "the shapes of Vault's requests come with a client"),
    (
        "rustls-platform-verifier",
        &["reqwest"],
        "that client's; ours trusts what the configuration says, or the system's files",
    ),
];

/// There is one of each: types of two versions do not fit together, and the second is built for nothing.
const ONE_VERSION: &[&str] = &["rustls", "tokio-rustls", "ring", "hyper", "http", "http-body", "tokio", "serde"];

#[test]
fn every_dependency_says_why_it_is_there() {
    let manifest = fs::read_to_string(root().join("Cargo.toml")).expect("the workspace has a manifest");
    holds("a dependency without a reason: write it behind the line, as a comment", &unreasoned(&manifest));
}

#[test]
fn a_dependency_without_a_reason_is_found() {
    let manifest = "[workspace.dependencies]\nours = { path = \"src/ours\" }\na = \"1\" # why\nb = \"2\"\n# c\nc = { version = \"3\",\n features = [] }\n[profile.dev]\nd = 1\n";
    assert_eq!(unreasoned(manifest), ["b = \"2\"", "c = { version = \"3\","]);
}

/// Lines of `[workspace.dependencies]` that are not ours and say nothing.
fn unreasoned(manifest: &str) -> Vec<String> {
    let lines = manifest.lines().skip_while(|line| line.trim() != "[workspace.dependencies]").skip(1);
    let lines = lines.take_while(|line| !line.starts_with('[')).filter(|line| line.contains(" = "));
    let foreign = lines.filter(|line| line.starts_with(char::is_alphanumeric) && !line.contains("path = "));
    let reason = |line: &str| line.rsplit_once("# ").is_some_and(|(_, reason)| !reason.trim().is_empty());
    foreign.filter(|line| !reason(line)).map(str::to_owned).collect()
}

#[test]
fn the_product_has_one_tls_stack_and_one_http() {
    let tree = tree();
    assert!(tree.len() > 100, "the graph of the product is there");
    holds("the graph of the product: cargo tree -p claviger -e normal -i NAME says who asks for it", &misfits(&tree));
}

#[test]
fn a_second_tls_stack_and_a_second_version_are_found() {
    let found = |lines: &[&str]| misfits(&lines.iter().map(|line| (*line).to_owned()).collect());
    let good = ["rustls v0.23.1 ring,std", "hyper v1.2.0 client"];
    assert_eq!(found(&good), Vec::<String>::new());
    for wrong in ["openssl-sys v0.9.1 ", "aws-lc-rs v1.0.0 ", "hyper v0.14.1 ", "ureq v3.0.0 ", "rustls v0.22.0 ring"] {
        assert_eq!(found(&[good[0], good[1], wrong]).len(), 1, "{wrong}");
    }
    assert_eq!(found(&["rustls v0.23.1 std,tls12", good[1]]).len(), 1, "without ring");
    assert_eq!(found(&["rustls v0.23.1 aws_lc_rs,ring", good[1]]).len(), 1, "with another provider too");
}

#[test]
fn what_only_comes_along_is_brought_by_nobody_else() {
    for (name, by, why) in BROUGHT {
        let parents = parents(name);
        assert!(!parents.is_empty(), "{name} ({why}) is no longer there; take it off the list");
        let others = parents.into_iter().filter(|parent| !by.contains(&parent.as_str())).collect::<Vec<_>>();
        holds(&format!("{name} comes along with {by:?} and nothing else: {why}"), &others);
    }
    assert!(parents("dial").iter().any(|parent| parent == "egress"), "whoever brings something is found");
}

/// The packages of the product that ask for one.
fn parents(name: &str) -> Vec<String> {
    let mut command = Command::new(env!("CARGO"));
    command.args(["tree", "--offline", "--package", "claviger", "--edges", "normal", "--invert", name, "--depth", "1"]);
    command.args(["--prefix", "none", "--format", "{p}"]).current_dir(Path::new(env!("CARGO_MANIFEST_DIR")));
    let output = command.output().expect("cargo runs");
    let text = String::from_utf8(output.stdout).expect("cargo writes text");
    let names = text.lines().skip(1).filter_map(|line| line.split(' ').next());
    names.filter(|parent| !parent.is_empty()).map(str::to_owned).collect()
}

/// What must not be in a graph, of which each line is `NAME vVERSION FEATURES`.
fn misfits(tree: &BTreeSet<String>) -> Vec<String> {
    let mut wrong = Vec::new();
    for (banned, why) in BANNED {
        wrong.extend(named(tree, banned).map(|line| format!("{line}: {why}")));
    }
    for name in ONE_VERSION {
        let versions = named(tree, name).filter_map(|line| line.split(' ').nth(1)).collect::<BTreeSet<_>>();
        if versions.len() > 1 {
            wrong.push(format!("{name}: there are several: {versions:?}"));
        }
    }
    let providers = |line: &str| {
        let features = line.split(' ').nth(2).unwrap_or_default().split(',').collect::<Vec<_>>();
        (features.contains(&"ring"), features.iter().any(|feature| feature.contains("aws") || *feature == "fips"))
    };
    let unfit = named(tree, "rustls").filter(|line| providers(line) != (true, false));
    wrong.extend(unfit.map(|line| format!("{line}: rustls runs on ring alone")));
    wrong
}

fn named<'a>(tree: &'a BTreeSet<String>, name: &'a str) -> impl Iterator<Item = &'a String> {
    tree.iter().filter(move |line| line.split(' ').next() == Some(name))
}

/// Everything that is compiled into the program.
fn tree() -> BTreeSet<String> {
    let mut command = Command::new(env!("CARGO"));
    command.args(["tree", "--offline", "--package", "claviger", "--edges", "normal"]);
    command.args(["--prefix", "none", "--format", "{p} {f}"]).current_dir(Path::new(env!("CARGO_MANIFEST_DIR")));
    let output = command.output().expect("cargo runs");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let text = String::from_utf8(output.stdout).expect("cargo writes text");
    text.lines().map(|line| line.trim_end_matches(" (*)").to_owned()).collect()
}
