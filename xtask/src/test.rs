//! `cargo xtask test`: what must hold before a change lands, quickest first.

use std::{env, process::Command};

use crate::{
    command::{Failure, run},
    peers, root,
};

/// Runs everything. In CI a judge that cannot run is a failure; elsewhere it is named at the end.
pub(crate) fn run_all(filter: Option<&str>) -> Result<(), Failure> {
    let in_ci = env::var_os("CI").is_some();
    run("format", cargo().args(["fmt", "--all", "--check"]))?;
    let peers = peers::install()?;
    if in_ci && !peers.skipped().is_empty() {
        return Err(Failure::new(format!("in CI no judge may be skipped\n{}", peers.summary())));
    }
    if filter.is_none() {
        run("lints", cargo().args(["clippy", "--workspace", "--all-targets", "--quiet", "--", "-D", "warnings"]))?;
    }
    let mut tests = cargo();
    tests.args(["test", "--workspace", "--all-targets", "--no-fail-fast"]).env("CLAVIGER_PEERS", peers.directory());
    if let Some(filter) = filter {
        tests.args(["--", filter]);
    }
    run("tests", &mut tests)?;
    if filter.is_none() {
        run("examples in the documentation", cargo().args(["test", "--workspace", "--doc", "--quiet"]))?;
        let mut documents = cargo();
        documents.args(["doc", "--workspace", "--no-deps", "--document-private-items", "--quiet"]);
        run("documentation", documents.env("RUSTDOCFLAGS", "-D warnings"))?;
    }
    println!("\nall of it holds");
    for reason in peers.skipped() {
        println!("skipped: {reason}");
    }
    Ok(())
}

fn cargo() -> Command {
    let mut command = Command::new(env!("CARGO"));
    command.current_dir(root());
    command
}
