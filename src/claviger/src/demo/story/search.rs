//! The search for the stored keys, where they must be and where they must not.

use std::{fs, path::Path};

use super::told;
use crate::{
    demo::{agent::Agent, keys::StoredKey, scene::Scene, terminal::Terminal},
    output::Failure,
};

pub(super) async fn everywhere(scene: &Scene, agent: &Agent, terminal: &mut Terminal) -> Result<(), Failure> {
    terminal.chapter("Where the keys are, after all this").await;
    let keys = [&*scene.workshop.key, &*scene.billing.key];
    for (upstream, key) in [&scene.workshop, &scene.billing].into_iter().zip(keys) {
        told(key.stands_in(&upstream.inbox.bytes()), "the search finds a key where it must be: at its upstream")?;
    }
    let swapped = [(&scene.workshop, &scene.billing.key), (&scene.billing, &scene.workshop.key)];
    for (upstream, other) in swapped {
        told(!other.stands_in(&upstream.inbox.bytes()), "no key reaches the upstream of another")?;
    }
    terminal.checked("each at its own upstream, and not at the other: so the search below can find them");
    told(stands_nowhere(&keys, agent.seen()), "no key stands in anything that the agent saw")?;
    terminal.checked(&format!("in none of the {} bytes that the agent saw", agent.seen().len()));
    let mut files = 0;
    search_files(&scene.folder, &keys, &mut files)?;
    terminal.checked(&format!("in none of the {files} files of the broker: sealed vault, sessions, record, log"));
    told(stands_nowhere(&keys, terminal.said().as_bytes()), "no key stands on this page")?;
    terminal.checked(
        "and nowhere on this page (searched: as they are, in hexadecimal, in base64 at each alignment, and by halves)",
    );
    Ok(())
}

fn search_files(folder: &Path, keys: &[&StoredKey], files: &mut usize) -> Result<(), Failure> {
    let failed = |error: std::io::Error| Failure::new(format!("{}: {error}", folder.display()));
    for entry in fs::read_dir(folder).map_err(failed)? {
        let path = entry.map_err(failed)?.path();
        if path.is_dir() {
            search_files(&path, keys, files)?;
            continue;
        }
        *files += 1;
        let bytes = match fs::read(&path) {
            Ok(bytes) => bytes,
            // The record's writer replaces its files while they are read.
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => continue,
            Err(error) => return Err(failed(error)),
        };
        told(stands_nowhere(keys, &bytes), format!("no key stands in {}", path.display()))?;
    }
    Ok(())
}

fn stands_nowhere(keys: &[&StoredKey], bytes: &[u8]) -> bool {
    !keys.iter().any(|key| key.stands_in(bytes))
}
