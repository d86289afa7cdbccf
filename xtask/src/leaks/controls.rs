//! Broken builds: each is the product with one small thing left out, and the corpus must see it.

use std::{fs, os::unix::fs::PermissionsExt as _, path::PathBuf, process::Command};

use super::{CORPUS, test};
use crate::{
    command::{Failure, run_quietly, target},
    root,
};

/// The name of the `cfg` by which code is left out.
const CFG: &str = "claviger_broken";
/// Every so many-th case of the encodings and channels in which it must be seen.
const EVERY_OF_SCANNER: u64 = 20;
const EVERY_OF_GATEWAY: u64 = 50;

/// What a thing is left out of, which says where the corpus is run.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Part {
    /// The scanner: over it alone.
    Scanner,
    /// The gateway: through the running program.
    Gateway,
}

/// A build with one thing left out.
struct Broken {
    part: Part,
    name: &'static str,
    /// The encodings and channels by whose cases it must be seen: what their names begin with.
    only: &'static str,
    what: &'static str,
}

const fn scanner(name: &'static str, only: &'static str, what: &'static str) -> Broken {
    Broken { part: Part::Scanner, name, only, what }
}

const fn gateway(name: &'static str, only: &'static str, what: &'static str) -> Broken {
    Broken { part: Part::Gateway, name, only, what }
}

/// Everything that is left out, one at a time.
const BROKEN: &[Broken] = &[
    scanner("no_base64", "base64_at base64url_at basic_user", "base64 of a secret is not looked for"),
    scanner("no_hexadecimal", "hex_", "hexadecimal digits of a secret are not looked for"),
    scanner("no_reversed", "reversed", "a secret read backwards is not looked for"),
    scanner("no_other_case", "swapped_case", "a secret in the other case is not looked for"),
    scanner("no_state", "plain", "what one chunk ends with is forgotten when the next one comes"),
    scanner("no_hold_back", "plain", "what could become a find is passed on at once"),
    scanner("short_mask", "plain", "a find is masked but for its last window"),
    scanner("no_escapes", "percent_ unicode_ entities_", "escapes are not undone"),
    scanner("no_chains", "spaces_between decimal_codes", "what stands between characters is not taken away"),
    scanner("no_lines", "line_numbered", "lines are not joined"),
    scanner("no_base32", "base32", "base32 is not decoded"),
    scanner("no_nested_base64", "base64_twice", "base64 is not decoded"),
    scanner("no_wide", "mcp_blob", "base64 of wide characters is not decoded"),
    scanner("no_compressed", "base64_of_gzip base64_of_zstd", "compressed data in base64 is not looked into"),
    scanner("no_unmarked", "base64_of_br", "nor is such data that has no magic number"),
    scanner("no_events_together", "sse_events mcp_progress_pieces", "events are looked at one by one"),
    gateway("no_headers", "etag location link content_disposition", "headers are passed on as they are"),
    gateway("no_error_bodies", "server_error client_error", "bodies of errors are passed on as they are"),
    gateway("no_events", "sse_data mcp_progress", "event streams are passed on as they are"),
    gateway("no_gzip", "gzip", "compressed bodies are passed on as they are"),
];

/// Builds each and runs its cases of the corpus: whole, all must pass, and broken, they must not.
pub(super) fn controls(seed: u64) -> Result<(), Failure> {
    for part in [Part::Scanner, Part::Gateway] {
        let of_part = BROKEN.iter().filter(|broken| broken.part == part).map(|broken| broken.only);
        if !passes(part, None, &of_part.collect::<Vec<_>>().join(" "), seed)? {
            return Err(Failure::new("the corpus finds leaks in a build that is whole; run `cargo xtask leaks`"));
        }
    }
    let mut unseen = Vec::new();
    for Broken { part, name, only, what } in BROKEN {
        println!("{name}: {what}");
        if passes(*part, Some(name), only, seed)? {
            unseen.push(*name);
        }
    }
    if unseen.is_empty() {
        println!("the corpus sees each of {} broken builds", BROKEN.len());
        return Ok(());
    }
    Err(Failure::new(format!("the corpus does not see what is broken: {}", unseen.join(", "))))
}

/// Whether the cases with such names come out clean. What does not build is no answer.
fn passes(part: Part, broken: Option<&str>, only: &str, seed: u64) -> Result<bool, Failure> {
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
            corpus.args(only.split(' ').flat_map(|only| ["--only", only]));
            corpus
        }
        Part::Gateway => {
            let mut corpus = test(CORPUS, seed);
            corpus.env("CLAVIGER_BIN", debug.join("claviger"));
            corpus.env("CLAVIGER_LEAKS_EVERY", EVERY_OF_GATEWAY.to_string()).env("CLAVIGER_LEAKS_ONLY", only);
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
