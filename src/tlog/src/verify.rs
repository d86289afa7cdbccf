//! The auditor's offline check of a log's folder, given nothing but the public key.
//!
//! Everything is recomputed from the entries. What the signed root commits to is told apart from what merely fits: entries that are
//! only in the journal yet are counted and checked for whole frames, and nothing vouches for more.

mod finding;
mod journal;
mod kept;
mod strays;
#[cfg(test)]
mod tests;
mod tree;

use std::path::Path;

use crate::checkpoint::{Checkpoint, CheckpointError};
use crate::files;
use crate::folder::{Folder, TileTrouble};
use crate::log::{CHECKPOINT, JOURNAL};
use crate::merkle::TreeHash;
use crate::note::VerifierKey;

pub use finding::Finding;

/// Runs of the check when the log is written meanwhile: a finding counts only if the checkpoint stood still around it.
const ATTEMPTS_MAX: usize = 5;

/// Findings that are collected. An unsigned checkpoint may claim any size, and every tile that it does not have is a finding.
const FINDINGS_MAX: usize = 1000;

/// How the check ended.
#[derive(Debug)]
pub enum Outcome {
    /// Everything that the checkpoint covers is as it was signed.
    Intact(Report),
    /// It is not, and this is where.
    Tampered {
        /// What could be read nevertheless.
        report: Report,
        /// Ordered as found: at least one, and the first thousand at most.
        findings: Vec<Finding>,
    },
    /// Nothing can be said: there is no log, or it cannot be read.
    CouldNotRun {
        /// Why, for a person.
        reason: String,
    },
}

/// What was checked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Report {
    /// The name of the log.
    pub origin: String,
    /// Entries under the checkpoint.
    pub size: u64,
    /// The root in the checkpoint.
    pub root: TreeHash,
    /// What the journal has beyond it.
    pub open_tail: OpenTail,
}

/// Entries that no checkpoint covers yet.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct OpenTail {
    /// Whole entries.
    pub entries: u64,
    /// Bytes of an entry whose writing was cut off, as after a crash.
    pub torn_bytes: u64,
}

/// Checks the log in `folder`; with `kept`, a checkpoint kept elsewhere, also that it still begins with what that one covers.
///
/// Only reads, and takes no lock: it may run beside the log's writer.
#[must_use]
pub fn verify(folder: &Path, key: &VerifierKey, kept: Option<&[u8]>) -> Outcome {
    let mut attempt = 1;
    loop {
        let outcome = Check::run(folder, key, kept);
        match outcome {
            Ok((Outcome::Tampered { .. }, ref note)) if attempt < ATTEMPTS_MAX && moved(folder, note.as_deref()) => {
                attempt += 1
            }
            Ok((outcome, _)) => return outcome,
            Err(reason) => return Outcome::CouldNotRun { reason },
        }
    }
}

/// One run of the check.
struct Check {
    folder: Folder,
    /// The checkpoint's root, if the checkpoint can be believed.
    root: Option<TreeHash>,
    findings: Vec<Finding>,
}

impl Check {
    /// The outcome, and the checkpoint as it was read.
    fn run(root: &Path, key: &VerifierKey, kept: Option<&[u8]>) -> Result<(Outcome, Option<Vec<u8>>), String> {
        let kept = kept.map(|note| Checkpoint::open(note, key)).transpose();
        let kept = kept.map_err(|error| format!("the checkpoint kept elsewhere cannot be used: {error}"))?;
        let note = files::read_if_there(&root.join(CHECKPOINT))
            .map_err(|error| format!("cannot read the checkpoint: {error}"))?;
        let (checkpoint, trouble) = match &note {
            Some(note) => read_checkpoint(note, key),
            None if root.join("tile").exists() || root.join(JOURNAL).exists() => {
                (None, Some(Finding::CheckpointMissing))
            }
            None => match &kept {
                Some(kept) => (None, Some(Finding::LogGone { kept_size: kept.size() })),
                None => return Err(format!("there is no log in {}", root.display())),
            },
        };
        let believed = trouble.is_none();
        let findings = trouble.into_iter().collect();
        let checkpoint = checkpoint.unwrap_or_else(|| Checkpoint::new(key, 0, TreeHash::EMPTY));
        let folder = Folder::new(root, checkpoint.size());
        let mut check = Self { folder, root: believed.then_some(checkpoint.root()), findings };
        let strays = if believed { check.list_strays()? } else { Vec::new() };
        let kept_root = check.tree(kept.as_ref().map(Checkpoint::size))?;
        let tail = if believed { check.journal()? } else { journal::Tail::default() };
        check.strays(&strays, &tail)?;
        if let Some(kept) = kept.filter(|_| believed) {
            check.kept(&kept, kept_root, &tail)?;
        }
        let report = Report {
            origin: checkpoint.origin().to_owned(),
            size: checkpoint.size(),
            root: checkpoint.root(),
            open_tail: OpenTail { entries: tail.count, torn_bytes: tail.torn_bytes },
        };
        let findings = check.findings;
        let intact = findings.is_empty();
        Ok((if intact { Outcome::Intact(report) } else { Outcome::Tampered { report, findings } }, note))
    }

    fn find(&mut self, finding: Finding) {
        if !self.has_enough() {
            self.findings.push(finding);
        }
    }

    fn has_enough(&self) -> bool {
        self.findings.len() >= FINDINGS_MAX
    }
}

/// What the checkpoint says, and what is wrong with it: an altered one still tells how many entries to look for.
fn read_checkpoint(note: &[u8], key: &VerifierKey) -> (Option<Checkpoint>, Option<Finding>) {
    match Checkpoint::open(note, key) {
        Ok(checkpoint) => (Some(checkpoint), None),
        Err(error) => (claimed(note, &error), Some(Finding::CheckpointInvalid(error))),
    }
}

fn claimed(note: &[u8], error: &CheckpointError) -> Option<Checkpoint> {
    // A checkpoint of another log says nothing about this one.
    (*error != CheckpointError::OtherOrigin).then(|| Checkpoint::claimed(note).ok())?
}

/// Whether the log was published to since.
fn moved(folder: &Path, note: Option<&[u8]>) -> bool {
    files::read_if_there(&folder.join(CHECKPOINT)).is_ok_and(|now| now.as_deref() != note)
}

/// A tile that is missing or malformed is a finding; one that cannot be read ends the check.
fn readable<T>(read: Result<T, TileTrouble>) -> Result<Result<T, TileTrouble>, String> {
    match read {
        Err(trouble @ TileTrouble::Unreadable { .. }) => Err(trouble.to_string()),
        other => Ok(other),
    }
}
