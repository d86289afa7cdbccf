//! Finds what `cargo xtask peers` installed, or says which test is skipped and why.

use std::{
    env, fs, io,
    io::Write as _,
    path::{Path, PathBuf},
    sync::OnceLock,
};

use tokio::process::Command;

use super::postgres;

/// Node 22 with the packages of `tests/peers/node`.
#[derive(Debug)]
pub(crate) struct Node {
    directory: PathBuf,
}

impl Node {
    /// Runs one of our scripts in `tests/peers/node`.
    pub(crate) fn script(&self, name: &str) -> Command {
        self.command(&self.directory.join(name))
    }

    /// Runs a script of an installed package, by its path below `node_modules`.
    pub(crate) fn package(&self, path: &str) -> Command {
        self.command(&self.modules().join(path))
    }

    /// Where the packages are.
    pub(crate) fn modules(&self) -> PathBuf {
        self.directory.join("node_modules")
    }

    fn command(&self, script: &Path) -> Command {
        let mut command = Command::new(self.modules().join(".bin/node"));
        command.arg(script);
        command
    }
}

/// Python with the packages of `tests/peers/python`.
#[derive(Debug)]
pub(crate) struct Python {
    program: PathBuf,
}

impl Python {
    /// Runs one of our scripts in `tests/peers/python`.
    pub(crate) fn script(&self, name: &str) -> Command {
        self.command(&source("python").join(name))
    }

    /// Runs a script of an example.
    pub(crate) fn example(&self, path: &str) -> Command {
        self.command(&Path::new(env!("CARGO_MANIFEST_DIR")).join("../examples").join(path))
    }

    /// The folder in which it is `python3`.
    pub(crate) fn folder(&self) -> &Path {
        self.program.parent().expect("a program stands in a folder")
    }

    fn command(&self, script: &Path) -> Command {
        let mut command = Command::new(&self.program);
        // Deprecation warnings of the older era would hide what matters in a failure.
        command.args(["-W", "ignore"]).arg(script);
        command
    }
}

/// Python with moto and the SDK of AWS.
#[derive(Debug)]
pub(crate) struct PythonOfAws {
    program: PathBuf,
}

impl PythonOfAws {
    /// Runs one of our scripts in `tests/peers/aws`.
    pub(crate) fn script(&self, name: &str) -> Command {
        let mut command = Command::new(&self.program);
        command.args(["-W", "ignore"]).arg(source("aws").join(name));
        command
    }

    /// The folder in which it is `python3`.
    pub(crate) fn folder(&self) -> &Path {
        self.program.parent().expect("a program stands in a folder")
    }
}

/// Python with Presidio's analyzer of personal data.
#[derive(Debug)]
pub(crate) struct PythonOfPresidio {
    program: PathBuf,
}

impl PythonOfPresidio {
    /// Runs one of our scripts in `tests/peers/presidio`.
    pub(crate) fn script(&self, name: &str) -> Command {
        let mut command = Command::new(&self.program);
        command.args(["-W", "ignore"]).arg(source("presidio").join(name));
        command
    }
}

/// Terraform, and the Python that runs what stands in for its providers.
#[derive(Debug)]
pub(crate) struct Terraform {
    pub(crate) python: PathBuf,
}

/// A peer that is not installed, and what it would have judged.
#[derive(Debug)]
pub(crate) struct Missing(String);

impl Missing {
    /// Says so on the terminal, around the capture of the test harness.
    ///
    /// # Panics
    ///
    /// In CI (where `CI` is set), where no judge may be skipped.
    pub(crate) fn skip(self) {
        let Self(reason) = self;
        assert!(env::var_os("CI").is_none(), "in CI no judge may be skipped: {reason}");
        let name = std::thread::current().name().unwrap_or("a test").to_owned();
        let _shown_or_not = writeln!(io::stderr(), "skipped: {name}: {reason}");
    }
}

/// Takes the peer, or ends the test as skipped.
macro_rules! or_skip {
    ($peer:expr) => {
        match $peer {
            Ok(peer) => peer,
            Err(missing) => return missing.skip(),
        }
    };
}
pub(crate) use or_skip;

/// Node 22, or why it is missing.
pub(crate) fn node() -> Result<Node, Missing> {
    static PREPARED: OnceLock<Result<PathBuf, String>> = OnceLock::new();
    PREPARED.get_or_init(|| prepared("node")).clone().map(|directory| Node { directory }).map_err(Missing)
}

/// Python, or why it is missing.
pub(crate) fn python() -> Result<Python, Missing> {
    let directory = installed("python").map_err(Missing)?;
    Ok(Python { program: directory.join("venv/bin/python") })
}

/// Nothing but that PostgreSQL can be started, or why it is missing.
pub(crate) fn postgres() -> Result<(), Missing> {
    postgres::programs().map(|_| ()).map_err(Missing)
}

/// The `script` of util-linux, which runs a program on a terminal of its own, or why it is missing.
pub(crate) async fn script() -> Result<(), Missing> {
    let version = Command::new("script").arg("--version").output().await;
    let is_it = version.is_ok_and(|version| String::from_utf8_lossy(&version.stdout).contains("util-linux"));
    if is_it { Ok(()) } else { Err(Missing("there is no `script` of util-linux on this machine".to_owned())) }
}

/// Python with moto and the SDK of AWS, or why it is missing.
pub(crate) fn python_of_aws() -> Result<PythonOfAws, Missing> {
    let directory = installed("aws").map_err(Missing)?;
    Ok(PythonOfAws { program: directory.join("venv/bin/python") })
}

/// Python with Presidio's analyzer, or why it is missing.
pub(crate) fn python_of_presidio() -> Result<PythonOfPresidio, Missing> {
    let directory = installed("presidio").map_err(Missing)?;
    Ok(PythonOfPresidio { program: directory.join("venv/bin/python") })
}

/// Terraform, or why it is missing.
pub(crate) fn terraform() -> Result<Terraform, Missing> {
    let python = installed("terraform").map_err(Missing)?.join("venv/bin/python");
    if on_path("terraform").is_none() {
        return Err(Missing("`terraform` is not installed (1.11 or later)".to_owned()));
    }
    Ok(Terraform { python })
}

/// The judge of AWS's policies, or why it is missing; Node runs it.
pub(crate) fn iam_judge() -> Result<Command, Missing> {
    static PREPARED: OnceLock<Result<PathBuf, String>> = OnceLock::new();
    let directory = PREPARED.get_or_init(|| prepared("iam")).clone().map_err(Missing)?;
    Ok(node()?.command(&directory.join("judge.mjs")))
}

/// Presidio's analyzer without a language model, or why it is missing. It prints its port.
pub(crate) fn presidio() -> Result<Command, Missing> {
    let directory = installed("presidio").map_err(Missing)?;
    let mut command = Command::new(directory.join("venv/bin/python"));
    command.args(["-W", "ignore"]).arg(source("presidio").join("service.py"));
    Ok(command)
}

/// The folder of the path that has a program.
fn on_path(program: &str) -> Option<PathBuf> {
    let path = env::var_os("PATH")?;
    env::split_paths(&path).find(|folder| folder.join(program).is_file())
}

/// The folder whose last installation was complete.
fn installed(kind: &str) -> Result<PathBuf, String> {
    let directory = match env::var_os("CLAVIGER_PEERS") {
        Some(peers) => PathBuf::from(peers),
        None => Path::new(env!("CARGO_MANIFEST_DIR")).join("../target/peers"),
    };
    let directory = directory.join(kind);
    if directory.join("installed").is_file() {
        return Ok(directory);
    }
    Err(format!("nothing is installed in {}: run `cargo xtask peers`", directory.display()))
}

/// The folder of Node packages, with our scripts in it.
fn prepared(kind: &str) -> Result<PathBuf, String> {
    let directory = installed(kind)?;
    copy_scripts(kind, &directory).map_err(|error| format!("cannot copy the scripts: {error}"))?;
    Ok(directory)
}

/// Node looks for packages beside the script, so the scripts go beside the packages. Test binaries that run at the same time
/// write the same bytes, and a rename shows each of them whole.
fn copy_scripts(kind: &str, directory: &Path) -> io::Result<()> {
    for entry in fs::read_dir(source(kind))? {
        let path = entry?.path();
        let (Some(name), Some("mjs")) = (path.file_name(), path.extension().and_then(|end| end.to_str())) else {
            continue;
        };
        let aside = directory.join(format!("{}.{}", name.display(), std::process::id()));
        fs::copy(&path, &aside)?;
        fs::rename(&aside, directory.join(name))?;
    }
    Ok(())
}

fn source(kind: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("peers").join(kind)
}
