//! Who may import whom: a crate boundary keeps a rule that no reviewer has to remember.

use std::{path::Path, process::Command};

use serde_json::Value;

use super::holds;

/// A crate, what of ours it may import, and why. What is not here is not allowed.
const ARROWS: &[(&str, &[&str], &str)] = &[
    ("secret", &[], "the ground: it must be readable without anything else"),
    ("model", &[], "nouns: whoever uses one must not get a mechanism with it"),
    ("mcp", &[], "a format: pure, so that it can be tested and fuzzed alone"),
    ("tlog", &[], "an auditor must be able to take the log without the broker"),
    ("vector", &[], "unsafe code: it must be readable without anything else"),
    (
        "redact",
        &["secret", "vector"],
        "it looks for fingerprints; it can open no secret, and knows no caller and no policy",
    ),
    ("policy", &["model"], "a decision is a pure function of nouns"),
    ("config", &["model"], "the file becomes nouns; it holds no secret, so it needs no type for one"),
    ("store", &["model"], "it keeps sessions, which hold no secret"),
    (
        "analyzer",
        &["dial", "model"],
        "it sends texts to one service, and knows neither callers nor what is done with findings",
    ),
    ("dial", &["model"], "it opens sockets to destinations, whoever asks"),
    ("token", &["model", "secret"], "it signs; what it fetches comes through a trait, so that it opens no socket"),
    ("vault", &["model", "secret"], "it seals secrets to the bindings that the nouns describe"),
    ("provider", &["model", "secret"], "the contract of those who issue credentials"),
    ("sigv4", &["model", "secret"], "a format: pure, so that it can be judged by vectors alone"),
    ("provider-aws-sts", &["model", "provider", "secret"], "it asks STS, with the client that AWS's SDK brings"),
    ("provider-fixed", &["model", "provider", "secret", "vault"], "the provider whose credentials are the vault's own"),
    ("provider-vault", &["dial", "model", "provider", "secret"], "it asks Vault, through `dial`"),
    (
        "provider-oauth2",
        &["dial", "model", "provider", "secret"],
        "asks an authorization server; where secrets are stored, it does not know",
    ),
    ("provider-github-app", &["dial", "model", "provider", "secret"], "asks GitHub, and knows as little"),
    ("provider-gcp", &["dial", "model", "provider", "secret"], "asks Google, and knows as little"),
    (
        "egress",
        &["dial", "model", "provider", "secret", "sigv4"],
        "resolve, inject, forward; the vault is a provider to it like every other",
    ),
    (
        "gateway",
        &["egress", "mcp", "model", "policy", "redact", "sigv4", "store", "tlog", "token"],
        "the path of a call; without `secret`, `vault` and `provider` it cannot open a credential",
    ),
];

/// What the tests of a crate may import beyond that, and why. It does not ship.
const ARROWS_OF_TESTS: &[(&str, &[&str], &str)] = &[(
    "gateway",
    &["dial", "secret"],
    "its tests carry calls with the real egress, which is made of a dialer and live secrets",
)];

/// Imports everything: it alone names concrete providers and stores.
const PROGRAM: &str = "claviger";

/// Judge or measure the product from outside, and never ship.
const OUTSIDE: &[&str] = &["tests", "benches", "leaks", "xtask"];

#[test]
fn each_crate_imports_only_what_its_place_allows() {
    let wrong = unexplained(&workspace());
    holds(
        "an import runs uphill. Move the code to the crate that may know both, or pass what is needed as an argument or a trait; \
         an arrow that is really missing is added to the table above, with its reason",
        &wrong,
    );
}

#[test]
fn an_arrow_uphill_and_an_unknown_crate_are_found() {
    let package = |name: &str, imports: &[&str], kind: Value| {
        let path = |name: &str| serde_json::json!({ "name": name, "path": "/x", "kind": kind });
        serde_json::json!({ "name": name, "dependencies": imports.iter().map(|name| path(name)).collect::<Vec<_>>() })
    };
    let found = |package| unexplained(&[package]).iter().filter(|wrong| !wrong.contains("no longer")).count();
    assert_eq!(found(package("gateway", &["egress", "secret"], Value::Null)), 1);
    assert_eq!(found(package("tlog", &["model"], Value::Null)), 1);
    assert_eq!(found(package("tlog", &["model"], "dev".into())), 1, "tests of a crate stay in its place too");
    assert_eq!(found(package("gateway", &["secret"], "dev".into())), 0, "its tests may");
    assert_eq!(found(package("provider-new", &["provider"], Value::Null)), 1);
    assert_eq!(found(package("provider", &["provider"], "dev".into())), 0, "its own tests turn a feature of it on");
    assert!(unexplained(&[package("vault", &["model"], Value::Null)]).iter().any(|wrong| wrong.contains("no longer")));
}

/// Imports without an arrow, and arrows without an import: both make the table a lie.
fn unexplained(packages: &[Value]) -> Vec<String> {
    let mut wrong = Vec::new();
    for package in packages {
        let name = package["name"].as_str().unwrap_or_default();
        if name == PROGRAM || OUTSIDE.contains(&name) {
            continue;
        }
        let Some((_, allowed, why)) = ARROWS.iter().find(|(from, ..)| *from == name) else {
            wrong.push(format!("{name}: it has no place yet; say in the table what it may import, and why"));
            continue;
        };
        let of_tests = ARROWS_OF_TESTS.iter().find(|(from, ..)| *from == name).map_or(&[][..], |(_, tests, _)| tests);
        let imports = ours(package, false).filter(|import| *import != name).collect::<Vec<_>>();
        let imports_of_tests = ours(package, true).filter(|import| *import != name && !of_tests.contains(import));
        let uphill = imports.iter().copied().chain(imports_of_tests).filter(|import| !allowed.contains(import));
        wrong.extend(uphill.map(|import| format!("{name} -> {import}: {why}")));
        let unused = allowed.iter().filter(|import| !imports.contains(import));
        wrong.extend(unused.map(|import| format!("{name} -> {import}: it no longer does; take the arrow away")));
    }
    wrong
}

/// What of ours a package, or its tests alone, depends on: our crates are found by their paths.
fn ours(package: &Value, is_of_tests: bool) -> impl Iterator<Item = &str> {
    let dependencies = package["dependencies"].as_array().map(Vec::as_slice).unwrap_or_default();
    let ours = dependencies.iter().filter(|dependency| dependency["path"].is_string());
    ours.filter(move |ours| (ours["kind"] == "dev") == is_of_tests).filter_map(|ours| ours["name"].as_str())
}

fn workspace() -> Vec<Value> {
    let mut command = Command::new(env!("CARGO"));
    command.args(["metadata", "--no-deps", "--offline", "--format-version", "1"]);
    let output = command.current_dir(Path::new(env!("CARGO_MANIFEST_DIR"))).output().expect("cargo runs");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let mut metadata: Value = serde_json::from_slice(&output.stdout).expect("cargo writes JSON");
    match metadata["packages"].take() {
        Value::Array(packages) if packages.len() > ARROWS.len() => packages,
        other => panic!("the packages of the workspace, not {other}"),
    }
}
