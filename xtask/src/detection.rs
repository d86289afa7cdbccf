//! `cargo xtask detection`: what is found in sentences and examples that nobody here wrote, beside what other scanners find.

mod credentials;

use std::{
    fs::{self, File},
    process::{Command, Stdio},
};

use crate::{
    command::{Failure, run, run_quietly},
    peers, root,
};

/// What the sentences depend on.
#[derive(Debug, clap::Args)]
pub(crate) struct Options {
    /// How many sentences
    #[arg(long, default_value_t = 1500)]
    count: u32,
    /// Where the generator starts
    #[arg(long, default_value_t = 44)]
    seed: u64,
    /// Tell each miss and each false find
    #[arg(long)]
    misses: bool,
}

/// Generates sentences, lets Presidio look at them, and compares. Fails where a kind is found less well than it was.
pub(crate) fn detection(options: &Options) -> Result<(), Failure> {
    let peers = peers::install_only(&["presidio", "secrets"])?;
    let folder = root().join("target/detection");
    let failed = |error| Failure::new(format!("cannot write below {}: {error}", folder.display()));
    fs::create_dir_all(&folder).map_err(failed)?;
    let sentences = folder.join("sentences.jsonl");
    let written = File::create(&sentences).map_err(failed)?;
    let mut generator = Command::new(peers.join("presidio/venv/bin/python"));
    generator
        .arg(root().join("tests/peers/presidio/sentences.py"))
        .args([options.count.to_string(), options.seed.to_string()]);
    run("sentences, and what Presidio finds in them", generator.stdout(Stdio::from(written)))?;
    let mut build = Command::new(env!("CARGO"));
    build.args(["build", "--release", "--quiet", "--package", "redact", "--example", "detection"]).current_dir(root());
    run_quietly("building the comparison", &mut build)?;
    let mut compare = Command::new(env!("CARGO"));
    compare.args(["run", "--release", "--quiet", "--package", "redact", "--example", "detection", "--"]);
    compare.args(options.misses.then_some("--misses")).current_dir(root());
    let sentences = File::open(&sentences)
        .map_err(|error| Failure::new(format!("cannot read {}: {error}", sentences.display())))?;
    run("what is found of what was put in", compare.stdin(Stdio::from(sentences)))?;
    credentials::compare(&peers, &folder, options)
}
