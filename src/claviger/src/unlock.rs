//! Gets the key of the vault from where the configuration says: a prompt, a descriptor, a key file.

use std::{
    fs::File,
    io::{IsTerminal as _, Read as _, stdin},
    path::PathBuf,
};

use config::KeySource as Configured;
use secret::{FileKey, Secret};
use vault::KeySource;
use zeroize::Zeroizing;

use crate::output::Failure;

/// A passphrase or a pasted credential is no longer than this.
const SECRET_BYTES_MAX: u64 = 64 * 1024;

/// The key that opens the vault.
pub(crate) fn key(configured: &Configured) -> Result<KeySource, Failure> {
    let unreadable = |error: &dyn std::error::Error| Failure::because("the key of the vault cannot be read", error);
    match configured {
        Configured::PassphrasePrompt => prompt("passphrase of the vault: ").map(KeySource::passphrase),
        Configured::PassphraseFileDescriptor(number) => from_descriptor(*number).map(KeySource::passphrase),
        Configured::KeyFileDescriptor(number) => {
            let file = File::open(descriptor(*number)).map_err(|error| unreadable(&error))?;
            FileKey::read(file).map(KeySource::KeyFile).map_err(|error| unreadable(&error))
        }
        Configured::KeyFile(path) => KeySource::read_key_file(path).map_err(|error| unreadable(&error)),
    }
}

/// Asks on the terminal without echo, or reads standard input where that is no terminal.
pub(crate) fn prompt(question: &str) -> Result<Secret, Failure> {
    if !stdin().is_terminal() {
        return read_all(stdin().lock(), "standard input");
    }
    let answer = rpassword::prompt_password(question);
    let answer =
        answer.map(Zeroizing::new).map_err(|error| Failure::new(format!("nothing could be asked: {error}")))?;
    Ok(Secret::new(answer))
}

/// Reads a descriptor to its end.
pub(crate) fn from_descriptor(number: u32) -> Result<Secret, Failure> {
    let what = format!("file descriptor {number}");
    let file =
        File::open(descriptor(number)).map_err(|error| Failure::new(format!("{what} cannot be read: {error}")))?;
    read_all(file, &what)
}

fn descriptor(number: u32) -> PathBuf {
    PathBuf::from(format!("/dev/fd/{number}"))
}

/// Reads a secret text; the newline that ends it is not part of it.
fn read_all(source: impl std::io::Read, what: &str) -> Result<Secret, Failure> {
    let mut text = Zeroizing::new(String::with_capacity(4096));
    let read = source.take(SECRET_BYTES_MAX).read_to_string(&mut text);
    read.map_err(|_| Failure::new(format!("{what} holds no text")))?;
    let end = text.trim_end_matches(['\r', '\n']).len();
    text.truncate(end);
    if text.is_empty() {
        return Err(Failure::new(format!("{what} is empty")));
    }
    Ok(Secret::new(text))
}
