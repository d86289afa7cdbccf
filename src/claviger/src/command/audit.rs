//! `claviger audit verify`: an auditor's check, offline, with nothing but the public key.

use std::{
    fs,
    path::{Path, PathBuf},
    process::ExitCode,
};

use tlog::{Outcome, VerifierKey};

use crate::{
    broker::VERIFIER_FILE,
    output::{Failure, hint, say},
};

/// The record was tampered with; told apart from a check that could not run.
const TAMPERED: u8 = 3;

/// Verifies a record.
pub(crate) fn verify(
    folder: Option<&Path>,
    key: Option<&Path>,
    against: Option<&Path>,
    json: bool,
    config: &Path,
) -> ExitCode {
    match check(folder, key, against, config) {
        Err(failure) => failure.report(),
        Ok(outcome) => report(&outcome, json),
    }
}

fn check(folder: Option<&Path>, key: Option<&Path>, against: Option<&Path>, config: &Path) -> Result<Outcome, Failure> {
    let (folder, beside): (PathBuf, PathBuf) = match folder {
        Some(folder) => (folder.to_owned(), folder.join("..").join(VERIFIER_FILE)),
        None => {
            let data = super::load(config)?.server.data_directory;
            (data.join("audit"), data.join(VERIFIER_FILE))
        }
    };
    let key = key.map_or(beside, Path::to_owned);
    let unreadable = |path: &Path, error: &dyn std::fmt::Display| Failure::new(format!("{}: {error}", path.display()));
    let text = fs::read_to_string(&key).map_err(|error| unreadable(&key, &error))?;
    let verifier: VerifierKey = text.trim().parse().map_err(|error| unreadable(&key, &error))?;
    let kept = against.map(|path| fs::read(path).map_err(|error| unreadable(path, &error))).transpose()?;
    Ok(tlog::verify(&folder, &verifier, kept.as_deref()))
}

fn report(outcome: &Outcome, json: bool) -> ExitCode {
    match outcome {
        Outcome::Intact(report) => {
            if json {
                let line = serde_json::json!({
                    "outcome": "intact", "entries": report.size, "open_tail": report.open_tail.entries,
                });
                say(line.to_string());
            } else {
                say(format!("intact: {} entries under a signed checkpoint", report.size));
                if report.open_tail.entries > 0 {
                    say(format!("open tail: {} entries are not under a checkpoint yet", report.open_tail.entries));
                }
            }
            ExitCode::SUCCESS
        }
        Outcome::Tampered { findings, .. } => {
            if json {
                let findings: Vec<_> = findings.iter().map(ToString::to_string).collect();
                say(serde_json::json!({ "outcome": "tampered", "findings": findings }).to_string());
            } else {
                say("TAMPERED WITH");
                findings.iter().for_each(|finding| say(format!("  {finding}")));
            }
            ExitCode::from(TAMPERED)
        }
        Outcome::CouldNotRun { reason } => {
            hint(format!("claviger: the check could not run: {reason}"));
            ExitCode::FAILURE
        }
    }
}
