//! Secrets that tests make, and the search for them where none may be.
//!
//! Every secret of a test is random and registered here, for the whole process: what one test's broker prints is also searched for
//! the secrets of all others.

mod forms;
mod index;

use std::{fmt, fs, path::Path, sync::LazyLock};

use parking_lot::RwLock;
use ring::rand::{SecureRandom as _, SystemRandom};

use self::index::Index;

static REGISTERED: LazyLock<RwLock<Index>> = LazyLock::new(RwLock::default);

/// A random secret. Among its characters are those that JSON, URLs and headers write each in their own way.
pub(crate) fn canary(name: &str) -> String {
    let text = format!("cnry/{}+\"{}\\{}", random_hex(6), random_hex(5), random_hex(6));
    register(name, &text);
    text
}

/// A random secret of plain characters, for places that take no others.
pub(crate) fn plain_canary(name: &str) -> String {
    let text = format!("canary-{}", random_hex(16));
    register(name, &text);
    text
}

/// Watches for a secret that something else made, such as a token.
///
/// # Panics
///
/// When the text is so short that it could be found by chance.
pub(crate) fn register(name: &str, text: &str) {
    assert!(text.len() >= 16, "{name} is too short to look for");
    REGISTERED.write().add(name, text);
}

/// A secret that was found where none may be. It names the secret and never shows it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Leak {
    place: String,
    secret: String,
    form: &'static str,
}

impl Leak {
    /// What the secret looked like.
    pub(crate) fn form(&self) -> &'static str {
        self.form
    }
}

impl fmt::Display for Leak {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} holds the {} as {}", self.place, self.secret, self.form)
    }
}

/// Everything that is found in `bytes`.
pub(crate) fn leaks(place: &str, bytes: &[u8]) -> Vec<Leak> {
    let found = REGISTERED.read().find(bytes);
    found.into_iter().map(|(secret, form)| Leak { place: place.to_owned(), secret, form }).collect()
}

/// # Panics
///
/// When `bytes` hold a secret; the message names the secret and the place.
pub(crate) fn assert_clean(place: &str, bytes: &[u8]) {
    assert_none(&leaks(place, bytes));
}

/// # Panics
///
/// When `bytes` hold this one secret.
pub(crate) fn assert_clean_of(secret: &str, place: &str, bytes: &[u8]) {
    let mut one = Index::default();
    one.add("secret", secret);
    assert!(one.find(bytes).is_empty(), "{place} holds the secret");
}

/// # Panics
///
/// With every leak, when there is one.
pub(crate) fn assert_none(leaks: &[Leak]) {
    assert!(leaks.is_empty(), "{}", leaks.iter().map(ToString::to_string).collect::<Vec<_>>().join("\n"));
}

/// Every leak in the names and bytes of the files below a folder, and how many files were read.
pub(crate) fn leaks_below(folder: &Path) -> (Vec<Leak>, usize) {
    let (mut found, mut files) = (Vec::new(), 0);
    let Ok(entries) = fs::read_dir(folder) else { return (found, files) };
    for entry in entries.flatten() {
        let path = entry.path();
        found.extend(leaks(&format!("the name of {}", path.display()), entry.file_name().as_encoded_bytes()));
        if path.is_dir() {
            let (inner, count) = leaks_below(&path);
            found.extend(inner);
            files += count;
        } else if let Ok(bytes) = fs::read(&path) {
            found.extend(leaks(&path.display().to_string(), &bytes));
            files += 1;
        }
    }
    (found, files)
}

/// Lowercase hexadecimal digits of random bytes.
pub(crate) fn random_hex(bytes: usize) -> String {
    let mut random = vec![0; bytes];
    SystemRandom::new().fill(&mut random).expect("random numbers");
    forms::hexadecimal(&random, "0123456789abcdef")
}

/// Everything that a secret may look like, by name: for tests that plant each of them.
pub(crate) fn forms_of(secret: &str) -> Vec<(&'static str, Vec<u8>)> {
    forms::forms(secret)
}
