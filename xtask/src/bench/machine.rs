//! What the kernel says of a process and of this machine.

use std::{
    fs::{self, File},
    io::Read as _,
};

use crate::command::Failure;

/// Ticks of `/proc/PID/stat` in a second; the kernel's interface fixes it on every platform that Linux runs on.
const TICKS_PER_SECOND: f64 = 100.0;

/// User and system time of a process and its threads.
pub(crate) fn cpu_seconds(pid: u32) -> Result<f64, Failure> {
    let stat = read(&format!("/proc/{pid}/stat"))?;
    // The second field is a name in parentheses and may hold spaces; `utime` and `stime` are the 14th and 15th.
    let after_name = stat.rsplit_once(')').map_or("", |(_, rest)| rest);
    let fields: Vec<&str> = after_name.split_whitespace().collect();
    let ticks = |at: usize| fields.get(at).and_then(|field| field.parse::<f64>().ok());
    let (Some(user), Some(system)) = (ticks(11), ticks(12)) else {
        return Err(Failure::new(format!("process {pid} has no times; it may have ended")));
    };
    Ok((user + system) / TICKS_PER_SECOND)
}

/// Memory of a process that is in use now.
pub(crate) fn resident_kib(pid: u32) -> Result<u64, Failure> {
    let status = read(&format!("/proc/{pid}/status"))?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"));
    let number = line.and_then(|line| line.split_whitespace().next()?.parse().ok());
    number.ok_or_else(|| Failure::new(format!("process {pid} has no memory; it may have ended")))
}

/// Whether packages can be installed.
pub(crate) fn is_root() -> bool {
    let status = read("/proc/self/status").unwrap_or_default();
    status.lines().any(|line| line.starts_with("Uid:\t0\t"))
}

/// A credential as servers give them: 40 random characters.
pub(crate) fn random_text() -> std::io::Result<String> {
    const LETTERS: &[u8; 32] = b"abcdefghijkmnpqrstuvwxyz23456789";
    let mut bytes = [0_u8; 40];
    File::open("/dev/urandom")?.read_exact(&mut bytes)?;
    Ok(bytes.iter().map(|byte| char::from(LETTERS[usize::from(byte % 32)])).collect())
}

/// How many processes want a core; a measurement by itself adds about two.
pub(crate) fn load_average() -> String {
    let load = fs::read_to_string("/proc/loadavg").unwrap_or_default();
    load.split_whitespace().next().unwrap_or("?").to_owned()
}

/// What a reader needs to judge absolute times, and nothing that names the machine.
pub(crate) fn facts() -> String {
    let cpu = fs::read_to_string("/proc/cpuinfo").unwrap_or_default();
    let cores = cpu.lines().filter(|line| line.starts_with("processor")).count();
    let flags = cpu.lines().find(|line| line.starts_with("flags")).unwrap_or_default();
    let vectors = ["avx512f", "avx2"].into_iter().find(|flag| flags.split_whitespace().any(|has| has == *flag));
    format!("Linux, {}, {cores} cores, {}", std::env::consts::ARCH, vectors.unwrap_or("no AVX2"))
}

fn read(path: &str) -> Result<String, Failure> {
    fs::read_to_string(path).map_err(|error| Failure::new(format!("cannot read {path}: {error}")))
}
