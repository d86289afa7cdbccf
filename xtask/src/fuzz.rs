//! `cargo xtask fuzz`: feeds each property of the leak corpus with inputs that libFuzzer makes up.

use std::{
    env, fs,
    io::{BufRead as _, BufReader},
    path::{Path, PathBuf},
    process::{Command, Stdio},
    time::{Duration, Instant},
};

use crate::{
    command::{Failure, run, target},
    root,
};

/// What the compiler counts for libFuzzer. These are options of the compiler that every toolchain has.
const INSTRUMENTED: [&str; 5] = [
    "-Cpasses=sancov-module",
    "-Cllvm-args=-sanitizer-coverage-level=4",
    "-Cllvm-args=-sanitizer-coverage-inline-8bit-counters",
    "-Cllvm-args=-sanitizer-coverage-pc-table",
    "-Cllvm-args=-sanitizer-coverage-trace-compares",
];
/// A longer input holds nothing that a shorter one cannot.
const INPUT_LENGTH_MAX: u32 = 4096;
/// No input takes so long, with all the checks of a debug build and all that is counted.
const SECONDS_PER_INPUT_MAX: u32 = 10;
/// No input needs so much memory.
const MEBIBYTES_MAX: u32 = 1024;
/// How often a run says where it is.
const TOLD_EVERY: Duration = Duration::from_secs(15);

/// What is run.
#[derive(Debug, clap::Args)]
pub(crate) struct Options {
    /// For how long each target is fed
    #[arg(long, default_value_t = 60)]
    seconds: u64,
    /// Only targets whose names contain this
    target: Option<String>,
    /// Run one input that a target failed at, as it is named at the end of a run
    #[arg(long, requires = "target")]
    input: Option<PathBuf>,
}

/// Builds the targets and runs one after the other. What they learn is kept below `target/fuzz`, for the next run.
pub(crate) fn fuzz(options: &Options) -> Result<(), Failure> {
    let folder = target()?.join("fuzz");
    let names = names(options.target.as_deref())?;
    build(&folder)?;
    if let Some(input) = &options.input {
        for name in &names {
            run(name, Command::new(program(&folder, name)).arg(input).current_dir(root()))?;
        }
        return Ok(());
    }
    let mut failed = Vec::new();
    for name in &names {
        if !feed(name, &folder, options.seconds)? {
            failed.push(name.as_str());
        }
    }
    if failed.is_empty() {
        println!("\nnone of {} targets failed", names.len());
        return Ok(());
    }
    Err(Failure::new(format!("failed: {}; `cargo xtask fuzz TARGET --input FILE` shows where", failed.join(", "))))
}

/// The targets, by their files.
fn names(filter: Option<&str>) -> Result<Vec<String>, Failure> {
    let folder = root().join("fuzz/fuzz_targets");
    let files = fs::read_dir(&folder).map_err(|error| Failure::new(format!("{}: {error}", folder.display())))?;
    let names = files.flatten().filter_map(|file| Some(file.path().file_stem()?.to_str()?.to_owned()));
    let mut names = names.filter(|name| filter.is_none_or(|filter| name.contains(filter))).collect::<Vec<_>>();
    names.sort();
    if names.is_empty() { Err(Failure::new("no target has such a name")) } else { Ok(names) }
}

fn build(folder: &Path) -> Result<(), Failure> {
    let mut command = Command::new(env!("CARGO"));
    command.args(["build", "--release", "--manifest-path", "fuzz/Cargo.toml"]);
    // For a named platform, so that programs that run while building are not instrumented.
    command.args(["--target", &host()?, "--target-dir"]).arg(folder);
    command.env("CARGO_ENCODED_RUSTFLAGS", INSTRUMENTED.join("\x1f"));
    run("the targets", command.env_remove("RUSTFLAGS").current_dir(root()))
}

/// Whether a target holds for so long.
fn feed(name: &str, folder: &Path, seconds: u64) -> Result<bool, Failure> {
    let failed = |error: std::io::Error| Failure::new(format!("{name}: {error}"));
    let [corpus, seeds, failures] = ["corpus", "seeds", "failures"].map(|kind| folder.join(kind).join(name));
    for folder in [&corpus, &seeds, &failures] {
        fs::create_dir_all(folder).map_err(failed)?;
    }
    println!("\n== {name}");
    let mut command = Command::new(program(folder, name));
    command.arg(&corpus).arg(&seeds).env("CLAVIGER_FUZZ_SEEDS", &seeds).current_dir(root());
    command.arg("-dict=fuzz/dictionary").arg(format!("-artifact_prefix={}/", failures.display()));
    command.args([format!("-max_total_time={seconds}"), format!("-max_len={INPUT_LENGTH_MAX}")]);
    command.args([format!("-timeout={SECONDS_PER_INPUT_MAX}"), format!("-rss_limit_mb={MEBIBYTES_MAX}")]);
    command.args(["-reload=0", "-print_final_stats=1"]);
    let mut fuzzer = command.stderr(Stdio::piped()).stdout(Stdio::null()).spawn().map_err(failed)?;
    let (mut told, mut last, mut is_failing) = (Instant::now(), String::new(), false);
    for line in fuzzer.stderr.take().into_iter().flat_map(|said| BufReader::new(said).lines()).map_while(Result::ok) {
        is_failing |= line.contains("panicked at") || line.contains("ERROR: libFuzzer");
        if line.starts_with('#') {
            if told.elapsed() >= TOLD_EVERY {
                println!("   {line}");
                told = Instant::now();
            }
            last = line;
        } else if is_failing || line.starts_with("stat::") {
            println!("   {line}");
        }
    }
    println!("   {last}");
    Ok(fuzzer.wait().map_err(failed)?.success())
}

fn program(folder: &Path, name: &str) -> PathBuf {
    folder.join(host().unwrap_or_default()).join("release").join(name)
}

/// The platform that this toolchain builds for.
fn host() -> Result<String, Failure> {
    let compiler = env::var_os("RUSTC").unwrap_or_else(|| "rustc".into());
    let output = Command::new(compiler).arg("-vV").output();
    let output = output.map_err(|error| Failure::new(format!("the compiler does not start: {error}")))?;
    let said = String::from_utf8_lossy(&output.stdout).into_owned();
    let host = said.lines().find_map(|line| line.strip_prefix("host: ")).map(str::to_owned);
    host.ok_or_else(|| Failure::new("the compiler does not say for which platform it builds"))
}
