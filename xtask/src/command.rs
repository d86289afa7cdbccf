//! Runs one command, says what runs and how long it took, and fails with what to do.

use std::{
    env,
    fmt::Write as _,
    io::Write as _,
    path::{Path, PathBuf},
    process::{Command, Stdio},
    time::Instant,
};

/// A step that did not succeed, as a person reads it.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
pub(crate) struct Failure(pub(crate) String);

impl Failure {
    pub(crate) fn new(text: impl Into<String>) -> Self {
        Self(text.into())
    }
}

/// Runs a step with its output on the terminal.
pub(crate) fn run(step: &str, command: &mut Command) -> Result<(), Failure> {
    println!("\n== {step}");
    let started = Instant::now();
    let status =
        command.status().map_err(|error| Failure::new(format!("{step}: cannot start {}: {error}", name(command))))?;
    println!("== {step}: {:.1} s", started.elapsed().as_secs_f32());
    if status.success() { Ok(()) } else { Err(Failure::new(format!("failed: {step}\n  {}", shown(command)))) }
}

/// Runs a step quietly and shows its output only when it fails.
pub(crate) fn run_quietly(step: &str, command: &mut Command) -> Result<(), Failure> {
    print!("   {step} … ");
    // A terminal shows the step while it runs; nothing depends on it.
    let _shown_or_not = std::io::stdout().flush();
    let started = Instant::now();
    let output = command.stdin(Stdio::null()).output();
    let output = output.map_err(|error| Failure::new(format!("cannot start {}: {error}", name(command))))?;
    println!("{:.1} s", started.elapsed().as_secs_f32());
    if output.status.success() {
        return Ok(());
    }
    let mut text = format!("failed: {step}\n  {}\n", shown(command));
    for stream in [&output.stdout, &output.stderr] {
        let _infallible = writeln!(text, "{}", String::from_utf8_lossy(stream).trim_end());
    }
    Err(Failure(text))
}

/// Where cargo builds: the folder of profiles that holds this command.
pub(crate) fn target() -> Result<PathBuf, Failure> {
    let this = env::current_exe().map_err(|error| Failure::new(format!("this command has no path: {error}")))?;
    let target = this.ancestors().nth(2).ok_or_else(|| Failure::new("run this as `cargo xtask …`"))?;
    Ok(target.to_owned())
}

/// What a program prints for its version, or `None` where it does not run.
pub(crate) fn version(program: impl AsRef<Path>) -> Option<String> {
    version_of(program, "--version")
}

/// The same for a program that has another option for it, and perhaps says it on standard error.
pub(crate) fn version_of(program: impl AsRef<Path>, option: &str) -> Option<String> {
    let output = Command::new(program.as_ref()).arg(option).stdin(Stdio::null()).output().ok()?;
    let said = if output.stdout.is_empty() { &output.stderr } else { &output.stdout };
    output.status.success().then(|| String::from_utf8_lossy(said).trim().to_owned())
}

fn name(command: &Command) -> String {
    command.get_program().to_string_lossy().into_owned()
}

fn shown(command: &Command) -> String {
    let arguments = command.get_args().map(|a| a.to_string_lossy().into_owned()).collect::<Vec<_>>().join(" ");
    format!("{} {arguments}", name(command))
}
