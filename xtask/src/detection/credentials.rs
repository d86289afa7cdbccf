//! Examples of credentials that come with other scanners' packages, and what is found of them.

use std::{
    env,
    fs::{self, File},
    path::{Path, PathBuf},
    process::{Command, Stdio},
};

use super::Options;
use crate::{
    command::{Failure, run, run_quietly},
    root,
};

/// The packages of crates.io whose examples are read; nothing of them is built. `examples.py` has their digests.
const PACKAGES: [(&str, &str); 3] =
    [("keyhog-core", "0.5.86"), ("kingfisher-rules", "3.0.1"), ("ripsecrets", "0.1.11")];

/// Has detect-secrets and Gitleaks look at the examples, and compares.
pub(super) fn compare(peers: &Path, folder: &Path, options: &Options) -> Result<(), Failure> {
    let examples = folder.join("examples.jsonl");
    let failed = |error| Failure::new(format!("cannot use {}: {error}", examples.display()));
    let programs = peers.join("secrets/venv/bin");
    let mut writer = Command::new(programs.join("python"));
    writer.arg(root().join("tests/peers/secrets/examples.py"));
    for (name, version) in PACKAGES {
        writer.arg(package(name, version)?);
    }
    writer.arg(programs.join("gitleaks")).stdout(Stdio::from(File::create(&examples).map_err(failed)?));
    run("examples of credentials, and what others find of them", &mut writer)?;
    let mut compare = Command::new(env!("CARGO"));
    compare.args(["run", "--release", "--quiet", "--package", "redact", "--example", "credentials", "--"]);
    compare.args(options.misses.then_some("--misses")).current_dir(root());
    run("what is found of the examples", compare.stdin(Stdio::from(File::open(&examples).map_err(failed)?)))
}

/// The file of a package, where cargo keeps it.
fn package(name: &str, version: &str) -> Result<PathBuf, Failure> {
    let mut info = Command::new(env!("CARGO"));
    info.args(["info", "--quiet", "--registry", "crates-io", &format!("{name}@{version}")]).current_dir(root());
    run_quietly(&format!("fetching {name} {version}"), &mut info)?;
    let home = env::var_os("CARGO_HOME").map(PathBuf::from);
    let home = home.or_else(|| env::home_dir().map(|home| home.join(".cargo"))).unwrap_or_default();
    let registries = home.join("registry/cache");
    let failed = |error| Failure::new(format!("cannot read {}: {error}", registries.display()));
    let folders = fs::read_dir(&registries).map_err(failed)?.filter_map(Result::ok);
    let mut files = folders.map(|registry| registry.path().join(format!("{name}-{version}.crate")));
    let found = files.find(|file| file.is_file());
    found.ok_or_else(|| Failure::new(format!("{name} {version} is not below {}", registries.display())))
}
