//! `cargo xtask leaks`: gives a credential back in every encoding, channel and split, through the running broker or over the scanner
//! alone, and says what came through.

mod controls;

use std::{
    env,
    path::{Path, PathBuf},
    process::Command,
};

use crate::{
    command::{Failure, run, target},
    root,
};

/// The test that a whole run is a long form of.
const CORPUS: &str = "leaks::no_credential_comes_back_in_any_encoding_channel_or_split";
/// The one for what the length and the time of an answer tell.
const TIMING: &str = "leaks::timing::neither_length_nor_time_tells_how_much_of_a_guess_is_right";

/// What is run.
#[derive(Debug, clap::Args)]
pub(crate) struct Options {
    /// Which secrets and cuts; the same seed makes the same ones
    #[arg(long, default_value_t = 1)]
    seed: u64,
    /// Run every so many-th case
    #[arg(long, default_value_t = 2)]
    every: u64,
    /// Over the scanner alone, without a gateway: which encodings come through, within a minute
    #[arg(long, conflicts_with_all = ["guess", "benign"])]
    in_process: bool,
    /// Somebody who has guesses echoed, for 1,000,000 queries; and the length and time of answers, for 100,000 calls
    #[arg(long, conflicts_with = "benign")]
    guess: bool,
    /// Builds that are broken on purpose, each of which must fail
    #[arg(long, conflicts_with_all = ["in_process", "guess", "benign"])]
    controls: bool,
    /// 2 GiB of traffic without secrets, from the files of this machine
    #[arg(long)]
    benign: bool,
    /// With it: how many finds of each rule are shown, to be judged
    #[arg(long, default_value_t = 0, requires = "benign")]
    finds: usize,
}

/// Builds what is needed and runs it.
pub(crate) fn leaks(options: &Options) -> Result<(), Failure> {
    if options.controls {
        return controls::controls(options.seed);
    }
    if options.in_process {
        return scanner(options, &["corpus", "--every", &options.every.to_string()]);
    }
    if options.benign {
        let (folders, finds) = (folders()?, options.finds.to_string());
        let folders = folders.iter().filter_map(|folder| folder.to_str());
        return scanner(options, &["benign", "--finds", &finds].into_iter().chain(folders).collect::<Vec<_>>());
    }
    if options.guess {
        scanner(options, &["guess"])?;
        return product(options, TIMING, "CLAVIGER_LEAKS_CALLS", 100_000);
    }
    product(options, CORPUS, "CLAVIGER_LEAKS_EVERY", options.every)
}

/// Runs a command of the corpus itself.
fn scanner(options: &Options, arguments: &[&str]) -> Result<(), Failure> {
    let mut command = Command::new(env!("CARGO"));
    command.args(["run", "--release", "--package", "leaks", "--", "--seed", &options.seed.to_string()]);
    run("the scanner alone", command.args(arguments).current_dir(root()))
}

/// Runs a long form of a test, with the program as it ships.
fn product(options: &Options, test_name: &str, variable: &str, value: u64) -> Result<(), Failure> {
    let mut build = Command::new(env!("CARGO"));
    run("the program", build.args(["build", "--release", "--package", "claviger"]).current_dir(root()))?;
    let mut command = test(test_name, options.seed);
    command.env("CLAVIGER_BIN", target()?.join("release/claviger")).env(variable, value.to_string());
    run("through the broker", &mut command)
}

/// A test by its name.
fn test(name: &str, seed: u64) -> Command {
    let mut command = Command::new(env!("CARGO"));
    command.args(["test", "--package", "tests", "--test", "product", "--", name, "--exact", "--nocapture"]);
    command.current_dir(root()).env("CLAVIGER_LEAKS_SEED", seed.to_string());
    command
}

/// Where a developer's machine keeps text that nobody wrote for this: sources, documentation, packages.
fn folders() -> Result<Vec<PathBuf>, Failure> {
    let cargo = env::var_os("CARGO_HOME").map(PathBuf::from);
    let cargo = cargo.or_else(|| env::var_os("HOME").map(|home| Path::new(&home).join(".cargo")));
    let known = [target()?.join("peers"), "/usr/share/doc".into(), "/usr/share".into(), "/usr/lib".into()];
    let known =
        cargo.into_iter().flat_map(|cargo| [cargo.join("registry/src"), cargo.join("registry/cache")]).chain(known);
    Ok(known.filter(|folder| folder.is_dir()).collect())
}
