//! Installs the real servers and clients of the tests below `target/peers`, pinned by version and hash.

use std::{
    fs,
    path::{Path, PathBuf},
    process::Command,
};

use crate::{
    command::{Failure, run_quietly, version},
    root,
};

/// The Python environments, and what is installed into each; the pins of one leave the others alone.
const PYTHON: &[(&str, &str)] = &[
    ("python", "the RFC 8693 client, the MCP SDK and a PostgreSQL driver"),
    ("openbao", "OpenBao, which is a Vault server"),
    ("aws", "an AWS to play with, and its SDK"),
    ("terraform", "what stands in for Terraform's providers"),
    ("presidio", "the analyzer of personal data, and sentences that hold some"),
    ("secrets", "scanners of source code for credentials"),
];

/// The folders of Node packages, and what is installed into each.
const NODE: &[(&str, &str)] = &[
    ("node", "Node 22, the identity provider, the MCP judge, SDKs and servers"),
    ("iam", "the judge of AWS's policies"),
];

const NO_PYTHON: &str = "`python3` is not installed (3.11 or later)";

/// Where the peers are, and what is missing and why.
#[derive(Debug)]
pub(crate) struct Peers {
    directory: PathBuf,
    skipped: Vec<String>,
}

impl Peers {
    /// The folder that tests find in `CLAVIGER_PEERS`.
    pub(crate) fn directory(&self) -> &Path {
        &self.directory
    }

    /// The judges that cannot run here, with the reason.
    pub(crate) fn skipped(&self) -> &[String] {
        &self.skipped
    }

    pub(crate) fn summary(&self) -> String {
        let mut text = format!("peers are in {}", self.directory.display());
        for reason in &self.skipped {
            text.push_str("\nskipped: ");
            text.push_str(reason);
        }
        text
    }
}

/// Installs what is missing or has changed; a second run does nothing.
pub(crate) fn install() -> Result<Peers, Failure> {
    let directory = real(&root().join("target/peers"))?;
    println!("\n== peers of the tests, below {}", directory.display());
    let mut skipped = Vec::new();
    match version("npm") {
        Some(_) => {
            for (kind, contents) in NODE {
                node(&directory, kind, contents)?;
            }
        }
        None => {
            skipped.push("every Node judge and peer: `npm` is not installed (Node 20 or later brings it)".to_owned())
        }
    }
    if !install_python(&directory, &|_| true)? {
        skipped.push(format!("every peer from PyPI: {NO_PYTHON}"));
    }
    if version("terraform").is_none() {
        skipped.push("the modules in terraform/: `terraform` is not installed (1.11 or later)".to_owned());
    }
    if postgres().is_none() {
        let what = "database users that Vault makes: PostgreSQL is not installed";
        skipped.push(format!("{what} (on Debian, the packages `postgresql` and `libpq-dev`)"));
    }
    Ok(Peers { directory, skipped })
}

/// Installs these environments of Python alone, and gives the folder of all.
pub(crate) fn install_only(kinds: &[&str]) -> Result<PathBuf, Failure> {
    let directory = real(&root().join("target/peers"))?;
    println!("\n== {}, below {}", kinds.join(", "), directory.display());
    let is_there = install_python(&directory, &|kind| kinds.contains(&kind))?;
    is_there.then_some(directory).ok_or_else(|| Failure::new(NO_PYTHON))
}

/// Whether there is a Python to install environments for.
fn install_python(directory: &Path, is_wanted: &dyn Fn(&str) -> bool) -> Result<bool, Failure> {
    let Some(program) = ["python3", "python"].into_iter().find(|program| version(program).is_some()) else {
        return Ok(false);
    };
    for (kind, contents) in PYTHON.iter().filter(|(kind, _)| is_wanted(kind)) {
        python(directory, program, kind, contents)?;
    }
    Ok(true)
}

/// The folder without the links on the way to it: Python writes the path into the programs that it installs.
fn real(folder: &Path) -> Result<PathBuf, Failure> {
    let made = fs::create_dir_all(folder).and_then(|()| fs::canonicalize(folder));
    made.map_err(|error| Failure::new(format!("cannot write below {}: {error}", folder.display())))
}

/// The folder of PostgreSQL's programs.
pub(crate) fn postgres() -> Option<PathBuf> {
    let output = Command::new("pg_config").arg("--bindir").output().ok()?;
    let folder = PathBuf::from(String::from_utf8_lossy(&output.stdout).trim());
    ["initdb", "postgres", "psql"].iter().all(|program| folder.join(program).is_file()).then_some(folder)
}

fn node(directory: &Path, kind: &str, contents: &str) -> Result<(), Failure> {
    let source = root().join("tests/peers").join(kind);
    let target = directory.join(kind);
    let pins = ["package.json", "package-lock.json"];
    if is_current(&source, &target, &pins) {
        println!("   Node packages ({kind}) are current");
        return Ok(());
    }
    copy(&source, &target, &pins)?;
    // `npm ci` checks the integrity hash of every package against the lock file.
    run_quietly(
        &format!("installing {contents} (npm)"),
        Command::new("npm").args(["ci", "--no-audit", "--no-fund", "--loglevel=error"]).current_dir(&target),
    )?;
    finish(&source, &target, &pins)
}

fn python(directory: &Path, program: &str, kind: &str, contents: &str) -> Result<(), Failure> {
    let source = root().join("tests/peers").join(kind);
    let target = directory.join(kind);
    let pins = ["requirements.txt"];
    if is_current(&source, &target, &pins) {
        println!("   Python packages ({kind}) are current");
        return Ok(());
    }
    copy(&source, &target, &pins)?;
    let environment = target.join("venv");
    run_quietly("making a Python environment", Command::new(program).args(["-m", "venv"]).arg(&environment))?;
    // The pinned list is whole, so that pip has nothing to add to it.
    run_quietly(
        &format!("installing {contents} (pip)"),
        Command::new(environment.join("bin/python"))
            .args(["-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--no-cache-dir"])
            .args(["--no-deps", "--require-hashes", "-r"])
            .arg(target.join("requirements.txt")),
    )?;
    finish(&source, &target, &pins)
}

/// A folder is current when the mark of its last complete installation equals the pins.
fn is_current(source: &Path, target: &Path, pins: &[&str]) -> bool {
    let installed = fs::read(target.join("installed"));
    matches!((installed, pinned(source, pins)), (Ok(installed), Ok(pinned)) if installed == pinned)
}

fn finish(source: &Path, target: &Path, pins: &[&str]) -> Result<(), Failure> {
    let pinned = pinned(source, pins)?;
    fs::write(target.join("installed"), pinned)
        .map_err(|error| Failure::new(format!("cannot write below {}: {error}", target.display())))
}

fn pinned(source: &Path, pins: &[&str]) -> Result<Vec<u8>, Failure> {
    let mut all = Vec::new();
    for pin in pins {
        let path = source.join(pin);
        all.extend(fs::read(&path).map_err(|error| Failure::new(format!("cannot read {}: {error}", path.display())))?);
    }
    Ok(all)
}

fn copy(source: &Path, target: &Path, files: &[&str]) -> Result<(), Failure> {
    let failed = |error| Failure::new(format!("cannot write below {}: {error}", target.display()));
    fs::create_dir_all(target).map_err(failed)?;
    for file in files {
        fs::copy(source.join(file), target.join(file)).map_err(failed)?;
    }
    Ok(())
}
