//! The record of this story: what stands in it, that it is intact, and that an edit is found.

use std::{
    fs,
    path::{Path, PathBuf},
};

use serde_json::Value;
use tlog::{Outcome, Reader, VerifierKey};

use super::told;
use crate::{
    broker::VERIFIER_FILE,
    demo::{scene::Scene, terminal::Terminal},
    output::Failure,
};

/// A digit of the record that someone may want to be another: how often a leaked key was masked in the call of `echo`.
const ORIGINAL: &[u8] = b"\"masked_secrets\":2";
const EDITED: &[u8] = b"\"masked_secrets\":0";

pub(super) async fn read(scene: &Scene, terminal: &mut Terminal) -> Result<(), Failure> {
    terminal.chapter("The record of all this").await;
    let published = scene.broker.broker.log.publish().await;
    published.map_err(|error| Failure::new(format!("no checkpoint could be signed: {error}")))?;
    let entries = entries(&scene.record(), &verifier(scene)?)?;
    let kinds: Vec<_> = entries.iter().map(|entry| text(entry, "kind")).collect();
    let count = |kind: &str| kinds.iter().filter(|found| **found == kind).count();
    let counted = ["exchange", "intent", "outcome", "denial", "revocation"].map(count);
    told(counted == [1, 3, 3, 4, 1], format!("the record has an entry of each event (it has {kinds:?})"))?;
    let began = entries.first().map(|entry| number(entry, "time_ms")).unwrap_or_default();
    let rows: Vec<_> = entries.iter().enumerate().map(|(index, entry)| row(index, began, entry)).collect();
    terminal.table(["no", "seconds", "entry", "what", "which, why, how it ended"], &rows);
    match tlog::verify(&scene.record(), &verifier(scene)?, None) {
        Outcome::Intact(report) => {
            told(report.size >= entries.len() as u64, "the checkpoint covers every entry")?;
            terminal
                .checked(&format!("claviger audit verify: intact, {} entries under a signed checkpoint", report.size));
        }
        Outcome::Tampered { .. } | Outcome::CouldNotRun { .. } => told(false, "the record is intact")?,
    }
    terminal.checked(
        "an intent was written before each key left, an outcome after each answer; no key, argument or answer is in it",
    );
    Ok(())
}

pub(super) async fn edit(scene: &Scene, terminal: &mut Terminal) -> Result<(), Failure> {
    terminal.chapter("Someone edits a copy of the record: the leaks in `echo` never happened").await;
    let copy = scene.folder.join("edited-copy");
    copy_folder(&scene.record(), &copy)
        .map_err(|error| Failure::new(format!("the record cannot be copied: {error}")))?;
    let edited = edit_one_byte(&copy)?;
    let Outcome::Tampered { findings, .. } = tlog::verify(&copy, &verifier(scene)?, None) else {
        return told(false, "the edited byte is found");
    };
    let findings: Vec<_> = findings.iter().map(ToString::to_string).collect();
    let outcome =
        entries(&scene.record(), &verifier(scene)?)?.iter().position(|entry| number(entry, "masked_secrets") == 2);
    let outcome = outcome.ok_or_else(|| Failure::new("the record has no outcome with two masked secrets"))?;
    let place = format!("entry {outcome} was altered");
    told(findings.iter().any(|finding| finding.contains(&place)), "the check says which entry was altered")?;
    let name = edited.strip_prefix(&copy).unwrap_or(&edited).display().to_string();
    terminal.tell(&format!("one byte in {name}, `\"masked_secrets\":2` became `0`; then claviger audit verify:"));
    terminal.verbatim(&format!("TAMPERED WITH\n  {}", findings.join("\n  ")));
    terminal.checked("one byte, found, with its place");
    Ok(())
}

fn row(index: usize, began: u64, entry: &Value) -> [String; 5] {
    let (kind, error) = (text(entry, "kind"), text(entry, "error"));
    let seconds = number(entry, "time_ms").saturating_sub(began);
    let (what, how) = match kind {
        "exchange" => (format!("for {}", text(entry, "agent")), text(entry, "scope").replace(' ', ", ")),
        "intent" => (called(entry), format!("rule {}, credential {}", text(entry, "rule"), text(entry, "credential"))),
        "outcome" => {
            let ended = format!("{} {}", number(entry, "status"), text(entry, "ending"));
            let (secrets, fields) = (number(entry, "masked_secrets"), number(entry, "masked_fields"));
            (
                format!("of no {}", number(entry, "intent")),
                format!("{ended}; masked: {secrets} secrets, {fields} fields"),
            )
        }
        "denial" if text(entry, "rule").is_empty() => (called(entry), error.to_owned()),
        "denial" => (called(entry), format!("{error}, rule {}", text(entry, "rule"))),
        _ => (
            format!("session {}…", text(entry, "session").chars().take(8).collect::<String>()),
            text(entry, "cause").to_owned(),
        ),
    };
    [index.to_string(), format!("{}.{:03}", seconds / 1000, seconds % 1000), kind.to_owned(), what, how]
}

/// What was called, as far as it was known.
fn called(entry: &Value) -> String {
    let parts = [text(entry, "upstream"), text(entry, "tool")].into_iter().filter(|part| !part.is_empty());
    let thing = parts.collect::<Vec<_>>().join("/");
    format!("{} {thing}", text(entry, "action")).trim().to_owned()
}

fn text<'a>(entry: &'a Value, name: &str) -> &'a str {
    entry.get(name).and_then(Value::as_str).unwrap_or_default()
}

fn number(entry: &Value, name: &str) -> u64 {
    entry.get(name).and_then(Value::as_u64).unwrap_or_default()
}

fn verifier(scene: &Scene) -> Result<VerifierKey, Failure> {
    let text = fs::read_to_string(scene.folder.join("data").join(VERIFIER_FILE)).unwrap_or_default();
    text.trim().parse().map_err(|error| Failure::new(format!("the verifier key cannot be read: {error}")))
}

fn entries(folder: &Path, key: &VerifierKey) -> Result<Vec<Value>, Failure> {
    let failed = |error: &dyn std::fmt::Display| Failure::new(format!("the record cannot be read: {error}"));
    let reader = Reader::open(folder, key).map_err(|error| failed(&error))?;
    let parsed = reader.entries(0).map(|entry| {
        let entry = entry.map_err(|error| failed(&error))?;
        serde_json::from_slice(&entry.bytes).map_err(|error| failed(&error))
    });
    parsed.collect()
}

fn copy_folder(from: &Path, to: &Path) -> std::io::Result<()> {
    fs::create_dir_all(to)?;
    for entry in fs::read_dir(from)? {
        let entry = entry?;
        let (path, target) = (entry.path(), to.join(entry.file_name()));
        if path.is_dir() { copy_folder(&path, &target)? } else { fs::copy(&path, &target).map(drop)? }
    }
    Ok(())
}

/// Edits the published entry, and says in which file it stands.
fn edit_one_byte(copy: &Path) -> Result<PathBuf, Failure> {
    let failed = |error: std::io::Error| Failure::new(format!("the copy cannot be edited: {error}"));
    let mut folders = vec![copy.join("tile/entries")];
    let mut edited = None;
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(&folder).map_err(failed)? {
            let path = entry.map_err(failed)?.path();
            if path.is_dir() {
                folders.push(path);
                continue;
            }
            let mut bytes = fs::read(&path).map_err(failed)?;
            let place = bytes.windows(ORIGINAL.len()).position(|window| window == ORIGINAL);
            let Some(slot) = place.and_then(|at| bytes.get_mut(at..at + EDITED.len())) else { continue };
            slot.copy_from_slice(EDITED);
            fs::write(&path, bytes).map_err(failed)?;
            edited = Some(path);
        }
    }
    edited.ok_or_else(|| Failure::new("the copy has no outcome with two masked secrets"))
}
