//! Scanners of other people on the same texts, each a process that says how long it took.

use std::{
    fs::{self, File},
    path::PathBuf,
    process::{Command, Stdio},
};

use super::super::measure;
use crate::{command::Failure, peers, root};

/// The name of each, its Python environment, and the program that runs it.
const OTHERS: [(&str, &str, &str); 2] = [
    ("detect-secrets", "secrets", "tests/peers/secrets/rate.py"),
    ("Presidio", "presidio", "tests/peers/presidio/rate.py"),
];

/// Where they are installed.
#[derive(Debug)]
pub(super) struct Peers(PathBuf);

impl Peers {
    pub(super) fn install() -> Result<Self, Failure> {
        peers::install_only(&OTHERS.map(|(_, environment, _)| environment)).map(Self)
    }

    /// The time of each for a text.
    pub(super) fn seconds(&self, text: &str) -> Result<Vec<(&'static str, f64)>, Failure> {
        let file = root().join("target/scanned.txt");
        let failed = |error| Failure::new(format!("{}: {error}", file.display()));
        fs::write(&file, text).map_err(failed)?;
        let measure = |(name, environment, program)| {
            let mut python = Command::new(self.0.join(environment).join("venv/bin/python"));
            python.arg(root().join(program)).stdin(Stdio::from(File::open(&file).map_err(failed)?));
            Ok((name, measure::number(&measure::output(&mut python)?, "seconds")?))
        };
        OTHERS.into_iter().map(measure).collect()
    }
}
