//! `claviger init`: a commented configuration to begin with.

use std::{fs, path::Path};

use crate::output::{Failure, say};

/// Writes the starting files. What is there already stays as it is.
pub(crate) fn run(folder: &Path) -> Result<(), Failure> {
    let files = config::starting_files();
    if let Some(there) = files.iter().map(|file| folder.join(file.path)).find(|path| path.exists()) {
        return Err(Failure::new(format!("{} is there already; nothing was written", there.display())));
    }
    for file in files {
        let path = folder.join(file.path);
        let failed = |error: std::io::Error| Failure::new(format!("cannot write {}: {error}", path.display()));
        if let Some(parent) = path.parent() {
            fs::create_dir_all(parent).map_err(failed)?;
        }
        fs::write(&path, file.text).map_err(failed)?;
        say(format!("wrote {}", path.display()));
    }
    say("next: name your identity provider and upstreams in it, then");
    say("  claviger check                              says what is wrong, and where");
    say("  claviger secret set NAME --upstream NAME    stores a credential");
    say("  claviger serve                              runs the broker");
    Ok(())
}
