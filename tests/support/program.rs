//! The program under test: `claviger` itself, built as it is now.

use std::{
    env,
    path::{Path, PathBuf},
    process::{Command, Stdio},
    sync::OnceLock,
    time::Duration,
};

use tokio::{io::AsyncWriteExt as _, time::timeout};

use super::canary;

/// A command reads a few files, and stretches a passphrase at most.
const COMMAND_MAX: Duration = Duration::from_secs(60);

/// Where the program is. It is built once unless `CLAVIGER_BIN` names one.
///
/// # Panics
///
/// When it cannot be built.
pub(crate) fn claviger() -> &'static Path {
    static PROGRAM: OnceLock<PathBuf> = OnceLock::new();
    PROGRAM.get_or_init(|| env::var_os("CLAVIGER_BIN").map_or_else(build, PathBuf::from))
}

/// The tests stand in `TARGET/PROFILE/deps`, and the program of the same profile in `TARGET/PROFILE`.
fn build() -> PathBuf {
    let tests = env::current_exe().expect("a test has a path");
    let profile = tests.parent().and_then(Path::parent).expect("tests stand in TARGET/PROFILE/deps").to_owned();
    let target = profile.parent().expect("a profile stands in TARGET");
    let mut cargo = Command::new(env!("CARGO"));
    cargo.args(["build", "--quiet", "--package", "claviger", "--target-dir"]).arg(target);
    if profile.ends_with("release") {
        cargo.arg("--release");
    }
    let built = cargo.current_dir(env!("CARGO_MANIFEST_DIR")).stdin(Stdio::null()).output().expect("cargo runs");
    assert!(built.status.success(), "claviger does not build:\n{}", String::from_utf8_lossy(&built.stderr));
    profile.join("claviger")
}

/// What a command printed, and how it ended.
#[derive(Debug)]
pub(crate) struct Ran {
    pub(crate) code: Option<i32>,
    pub(crate) stdout: String,
    pub(crate) stderr: String,
}

/// Runs the program to its end in `folder`, with `stdin`.
///
/// # Panics
///
/// When it does not end, or prints a secret.
pub(crate) async fn run(folder: &Path, arguments: &[&str], stdin: &str) -> Ran {
    let mut command = tokio::process::Command::new(claviger());
    command.args(arguments).current_dir(folder);
    run_command(command, stdin).await
}

/// Runs a command that ends in the program.
///
/// # Panics
///
/// When it does not end, or prints a secret.
pub(crate) async fn run_command(mut command: tokio::process::Command, stdin: &str) -> Ran {
    command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).kill_on_drop(true);
    let mut child = command.spawn().expect("the program starts");
    let mut input = child.stdin.take().expect("stdin is piped");
    // A command that fails early does not read.
    let _read_or_not = input.write_all(stdin.as_bytes()).await;
    drop(input);
    let output = timeout(COMMAND_MAX, child.wait_with_output()).await.expect("the command ends");
    let output = output.expect("its output can be read");
    canary::assert_clean("standard output of a command", &output.stdout);
    canary::assert_clean("standard error of a command", &output.stderr);
    let text = |bytes: Vec<u8>| String::from_utf8(bytes).expect("the program prints text");
    Ran { code: output.status.code(), stdout: text(output.stdout), stderr: text(output.stderr) }
}
