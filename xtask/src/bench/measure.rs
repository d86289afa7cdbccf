//! One turn of one path, and what it cost.

use std::{fs::File, process::Command};

use super::parts::Target;
use crate::command::Failure;

/// What a turn at full load cost.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Calls {
    count: f64,
    seconds: f64,
    cpu_seconds: f64,
}

impl Calls {
    /// Microseconds of user and system time of the measured process for each call.
    pub(crate) fn cpu_us(&self) -> f64 {
        self.cpu_seconds * 1e6 / self.count
    }

    pub(crate) fn per_second(&self) -> f64 {
        self.count / self.seconds
    }
}

/// How long calls took at a fixed rate, in microseconds.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Latency {
    pub(crate) p50_us: f64,
    pub(crate) p99_us: f64,
}

/// Calls as fast as the answers come.
pub(crate) fn load(target: &Target<'_>, seconds: f64, connections: usize) -> Result<Calls, Failure> {
    let mut load = command("load", target, seconds);
    load.args(["--connections", &connections.to_string()]);
    let before = target.process.cpu_seconds()?;
    let said = output(&mut load)?;
    let cpu_seconds = target.process.cpu_seconds()? - before;
    Ok(Calls { count: number(&said, "calls")?, seconds: number(&said, "seconds")?, cpu_seconds })
}

/// Calls at a fixed rate, one at a time.
pub(crate) fn pace(target: &Target<'_>, seconds: f64, per_second: u32) -> Result<Latency, Failure> {
    let mut pace = command("pace", target, seconds);
    let said = output(pace.args(["--calls-per-second", &per_second.to_string()]))?;
    Ok(Latency { p50_us: number(&said, "p50_us")?, p99_us: number(&said, "p99_us")? })
}

/// The first calls of sessions, and the second ones.
pub(crate) fn first(target: &Target<'_>, subject: File, sessions: usize) -> Result<[Latency; 2], Failure> {
    let mut first = Command::new(target.bench_parts);
    first.arg("first").arg(&target.address).args(["--path", &target.route, "--sessions", &sessions.to_string()]);
    let said = output(first.stdin(subject))?;
    let latency = |p50, p99| Ok(Latency { p50_us: number(&said, p50)?, p99_us: number(&said, p99)? });
    Ok([latency("p50_us", "p99_us")?, latency("next_p50_us", "next_p99_us")?])
}

/// The middle one; the lower of two.
pub(crate) fn median(values: impl Iterator<Item = f64>) -> f64 {
    let mut values: Vec<f64> = values.collect();
    values.sort_by(f64::total_cmp);
    values.get(values.len().saturating_sub(1) / 2).copied().unwrap_or(f64::NAN)
}

fn command(part: &str, target: &Target<'_>, seconds: f64) -> Command {
    let mut command = Command::new(target.bench_parts);
    command.arg(part).arg(&target.address).args(["--path", &target.route]);
    command.arg("--token").arg(&target.token).args(["--seconds", &seconds.to_string()]);
    if let Some(certificate) = &target.certificate {
        command.arg("--certificate").arg(certificate);
    }
    command
}

/// What a part says that measures.
pub(crate) fn output(command: &mut Command) -> Result<String, Failure> {
    let name = command.get_program().to_string_lossy().into_owned();
    let output = command.output().map_err(|error| Failure::new(format!("{name}: {error}")))?;
    if output.status.success() {
        return Ok(String::from_utf8_lossy(&output.stdout).into_owned());
    }
    Err(Failure::new(format!("{name}: {}", String::from_utf8_lossy(&output.stderr).trim_end())))
}

/// A number of what it says, such as `seconds=2.5`.
pub(crate) fn number(said: &str, name: &str) -> Result<f64, Failure> {
    let number = value(said, name)?.parse();
    number.map_err(|_| Failure::new(format!("what measures said no number for {name}: {said}")))
}

/// A word of what it says, such as `text=json`.
pub(crate) fn value<'said>(said: &'said str, name: &str) -> Result<&'said str, Failure> {
    let mut pairs = said.split_whitespace().filter_map(|pair| pair.split_once('='));
    let value = pairs.find(|(found, _)| *found == name).map(|(_, value)| value);
    value.ok_or_else(|| Failure::new(format!("what measures said no {name}: {said}")))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_median_is_a_measured_value() {
        assert_eq!(median([3.0, 1.0, 2.0].into_iter()), 2.0);
        assert_eq!(median([4.0, 1.0, 2.0, 3.0].into_iter()), 2.0);
    }
}
