//! Counts instructions with callgrind: on a machine that others use, too, they are the one figure that does not change.

use std::{collections::BTreeMap, fs, process::Command};

use super::{Cell, Scanner};
use crate::{
    bench::measure,
    command::{Failure, version},
    root,
};

/// Instructions for each body, on a path. None where valgrind is not installed or does not know the path's instructions.
pub(super) fn count(scanner: &Scanner, path: &str) -> Result<BTreeMap<Cell, f64>, Failure> {
    if version("valgrind").is_none() {
        return Ok(BTreeMap::new());
    }
    let folder = root().join("target/instructions");
    let failed = |error| Failure::new(format!("{}: {error}", folder.display()));
    if folder.exists() {
        fs::remove_dir_all(&folder).map_err(failed)?;
    }
    fs::create_dir_all(&folder).map_err(failed)?;
    let mut callgrind = Command::new("valgrind");
    callgrind.args(["--tool=callgrind", "--dump-before=bench_scanner::rates::measured*"]);
    callgrind.args(["--dump-before=bench_scanner::rates::settled*", "--callgrind-out-file=counts"]);
    callgrind.arg(&scanner.0).args(["instructions", path]).current_dir(&folder);
    let Ok(said) = measure::output(&mut callgrind) else {
        println!("   {path}: not known to valgrind");
        return Ok(BTreeMap::new());
    };
    let counts = said.lines().zip(1..).map(|(line, place)| {
        // A dump is of what was done before it: the second of each two is of what is measured.
        let file = folder.join(format!("counts.{}", place * 2));
        let dump = fs::read_to_string(&file).map_err(failed)?;
        let total = dump.lines().find_map(|line| line.strip_prefix("totals: ")?.trim().parse().ok());
        let total = total.ok_or_else(|| Failure::new(format!("{} has no total", file.display())))?;
        Ok((Cell::read(path, line)?, total))
    });
    counts.collect()
}
