//! Broken builds: each is the product with one small thing left out, and the corpus must see it.

use std::{fs, os::unix::fs::PermissionsExt as _, path::PathBuf, process::Command};

use super::{CORPUS, test};
use crate::{
    command::{Failure, run_quietly, target},
    root,
};

/// The name of the `cfg` by which code is left out.
const CFG: &str = "claviger_broken";
/// Every so many-th case is enough to see what is missing altogether.
const EVERY_OF_SCANNER: u64 = 200;
const EVERY_OF_GATEWAY: u64 = 101;

/// What a thing is left out of, which says where the corpus is run.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Part {
    /// The scanner: over it alone.
    Scanner,
    /// The gateway: through the running program.
    Gateway,
}

/// Everything that is left out, one at a time.
const BROKEN: &[(Part, &str, &str)] = &[
    (Part::Scanner, "no_base64", "base64 of a secret is not looked for"),
    (Part::Scanner, "no_hexadecimal", "hexadecimal digits of a secret are not looked for"),
    (Part::Scanner, "no_reversed", "a secret read backwards is not looked for"),
    (Part::Scanner, "no_other_case", "a secret in the other case is not looked for"),
    (Part::Scanner, "no_state", "what one chunk ends with is forgotten when the next one comes"),
    (Part::Scanner, "no_hold_back", "what could become a find is passed on at once"),
    (Part::Scanner, "short_mask", "a find is masked but for its last window"),
    (Part::Scanner, "no_escapes", "escapes are not undone"),
    (Part::Scanner, "no_chains", "what stands between characters is not taken away"),
    (Part::Scanner, "no_lines", "lines are not joined"),
    (Part::Scanner, "no_base32", "base32 is not decoded"),
    (Part::Scanner, "no_nested_base64", "base64 is not decoded"),
    (Part::Gateway, "no_headers", "headers are passed on as they are"),
    (Part::Gateway, "no_error_bodies", "bodies of errors are passed on as they are"),
    (Part::Gateway, "no_events", "event streams are passed on as they are"),
    (Part::Gateway, "no_gzip", "compressed bodies are passed on as they are"),
];

/// Builds each and runs the corpus: whole, it must pass, and broken, it must fail.
pub(super) fn controls(seed: u64) -> Result<(), Failure> {
    if !passes(Part::Scanner, None, seed)? {
        return Err(Failure::new(
            "the corpus finds leaks in a build that is whole; run `cargo xtask leaks --in-process`",
        ));
    }
    let mut unseen = Vec::new();
    for (part, name, what) in BROKEN {
        println!("{name}: {what}");
        if passes(*part, Some(name), seed)? {
            unseen.push(*name);
        }
    }
    if unseen.is_empty() {
        println!("the corpus sees each of {} broken builds", BROKEN.len());
        return Ok(());
    }
    Err(Failure::new(format!("the corpus does not see what is broken: {}", unseen.join(", "))))
}

/// Whether the corpus comes out clean. What does not build is no answer.
fn passes(part: Part, broken: Option<&str>, seed: u64) -> Result<bool, Failure> {
    let wrapper = broken.map(wrapper).transpose()?;
    let cargo = || {
        let mut command = Command::new(env!("CARGO"));
        command.current_dir(root());
        if let Some(wrapper) = &wrapper {
            command.env("RUSTC_WORKSPACE_WRAPPER", wrapper);
        }
        command
    };
    let package = match part {
        Part::Scanner => "leaks",
        Part::Gateway => "claviger",
    };
    run_quietly(&format!("build {package}"), cargo().args(["build", "--package", package]))?;
    let debug = target()?.join("debug");
    let mut corpus = match part {
        Part::Scanner => {
            let mut corpus = Command::new(debug.join("leaks"));
            corpus.args(["--seed", &seed.to_string(), "corpus", "--every", &EVERY_OF_SCANNER.to_string()]);
            corpus
        }
        Part::Gateway => {
            let mut corpus = test(CORPUS, seed);
            corpus.env("CLAVIGER_BIN", debug.join("claviger"));
            corpus.env("CLAVIGER_LEAKS_EVERY", EVERY_OF_GATEWAY.to_string());
            corpus
        }
    };
    let output = corpus.output().map_err(|error| Failure::new(format!("the corpus does not start: {error}")))?;
    let said = String::from_utf8_lossy(&output.stdout);
    // What was counted says that it is the corpus that failed, and not something before it.
    let counted = said.lines().find(|line| line.starts_with("class A: "));
    let counted = counted.ok_or_else(|| Failure::new(format!("the corpus did not run:\n{said}")))?;
    println!("   {counted}");
    Ok(output.status.success())
}

/// A wrapper of the compiler that sets the `cfg` in our crates and in no others. One file for each: cargo knows builds apart by it.
fn wrapper(broken: &str) -> Result<PathBuf, Failure> {
    let failed = |error: std::io::Error| Failure::new(format!("cannot write below target: {error}"));
    let folder = target()?.join("broken");
    fs::create_dir_all(&folder).map_err(failed)?;
    let path = folder.join(broken);
    fs::write(&path, format!("#!/bin/sh\nexec \"$@\" --cfg '{CFG}=\"{broken}\"'\n")).map_err(failed)?;
    fs::set_permissions(&path, fs::Permissions::from_mode(0o755)).map_err(failed)?;
    Ok(path)
}
