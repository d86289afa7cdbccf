//! `cargo xtask crash`: kills a broker at many points, under load or in the midst of mints, and says what was true after each.

use std::process::Command;

use crate::{
    command::{Failure, run, target},
    root,
};

/// The test that a long run under load is a long form of.
const LOAD: &str = "crash::nothing_is_lost_or_unrecorded_when_the_broker_is_killed";
/// The one for mints.
const MINTING: &str = "crash::minting::nothing_minted_is_left_when_the_broker_is_killed_in_a_mint";

/// How long a run is, and which.
#[derive(Debug, clap::Args)]
pub(crate) struct Options {
    /// How often the broker is killed
    #[arg(long, default_value_t = 300)]
    points: u64,
    /// Which points; the same seed sets the same ones
    #[arg(long, default_value_t = 1)]
    seed: u64,
    /// Kill it in the midst of mints, at OpenBao and PostgreSQL, instead of under load
    #[arg(long)]
    minting: bool,
    /// Kill the program as it ships instead of a debug build
    #[arg(long)]
    release: bool,
}

/// Builds the program and runs the test with it.
pub(crate) fn crash(options: &Options) -> Result<(), Failure> {
    let mut build = Command::new(env!("CARGO"));
    build.args(["build", "--package", "claviger"]).current_dir(root());
    if options.release {
        build.arg("--release");
    }
    run("the program", &mut build)?;
    let profile = if options.release { "release" } else { "debug" };
    let name = if options.minting { MINTING } else { LOAD };
    let mut test = Command::new(env!("CARGO"));
    test.args(["test", "--package", "tests", "--test", "product", "--", name, "--exact", "--nocapture"]);
    test.current_dir(root()).env("CLAVIGER_BIN", target()?.join(profile).join("claviger"));
    test.env("CLAVIGER_CRASH_POINTS", options.points.to_string());
    test.env("CLAVIGER_CRASH_SEED", options.seed.to_string());
    run("the crash run", &mut test)
}
