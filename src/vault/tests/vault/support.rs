//! A vault in a directory of its own, with canaries in it, and the pen of someone who can write its file without the key.

use std::{fs, path::PathBuf};

use base64::{Engine, engine::general_purpose::STANDARD as BASE64};
use model::{Binding, Injection, Timestamp};
use ring::{
    digest,
    rand::{SecureRandom, SystemRandom},
};
use secret::{FileKey, Secret, SecretBytes};
use tempfile::TempDir;
use vault::{KeySource, OpenVaultError, Problem, Vault};
use zeroize::Zeroizing;

pub(crate) const NOW: Timestamp = Timestamp::from_seconds(1_800_000_000);

pub(crate) fn random() -> [u8; 32] {
    let mut bytes = [0; 32];
    SystemRandom::new().fill(&mut bytes).unwrap();
    bytes
}

/// Text that stands nowhere else.
pub(crate) fn canary() -> String {
    let hexadecimal: String = random().iter().map(|b| format!("{b:02x}")).collect();
    format!("canary-{hexadecimal}")
}

pub(crate) fn secret(text: &str) -> Secret {
    Secret::new(Zeroizing::new(text.to_owned()))
}

pub(crate) fn secret_bytes(text: &str) -> SecretBytes {
    SecretBytes::new(Zeroizing::new(text.as_bytes().to_vec()))
}

pub(crate) fn header(prefix: &str) -> Injection {
    Injection::Header { name: "authorization".parse().unwrap(), prefix: prefix.to_owned() }
}

pub(crate) fn binding(credential: &str) -> Binding {
    Binding {
        credential: credential.parse().unwrap(),
        upstream: "api".parse().unwrap(),
        destination: "https://api.example.com/v1".parse().unwrap(),
        injection: header("Bearer "),
    }
}

/// A vault below a key file, and the directory that it is in.
pub(crate) struct Scene {
    pub(crate) directory: TempDir,
    pub(crate) source: KeySource,
    pub(crate) vault: Vault,
}

impl Scene {
    pub(crate) fn new() -> Self {
        let source = key_file(&random());
        let directory = tempfile::tempdir().unwrap();
        let vault = Vault::create(directory.path(), &source).unwrap();
        Self { directory, source, vault }
    }

    /// Two keys and four credentials, each in a slot of another kind, and what was stored.
    pub(crate) fn filled() -> (Self, Vec<String>) {
        let scene = Self::new();
        let canaries: Vec<String> = (0..6).map(|_| canary()).collect();
        let injections = [
            header("Bearer "),
            Injection::Basic { username: "agent".to_owned() },
            Injection::Query { parameter: "api_key".to_owned() },
            Injection::Body { pointer: "/auth/token".to_owned() },
        ];
        for ((name, injection), canary) in ["a", "b", "c", "d"].into_iter().zip(injections).zip(&canaries) {
            scene.vault.put(&Binding { injection, ..binding(name) }, secret(canary), NOW).unwrap();
        }
        for (name, canary) in ["a", "token-signing"].into_iter().zip(canaries.iter().skip(4)) {
            scene.vault.store_key(&name.parse().unwrap(), secret_bytes(canary), NOW).unwrap();
        }
        (scene, canaries)
    }

    pub(crate) fn file(&self) -> PathBuf {
        self.directory.path().join("vault")
    }

    pub(crate) fn text(&self) -> String {
        fs::read_to_string(self.file()).unwrap()
    }

    /// Opens the file as a process does that has just started.
    pub(crate) fn open(&self) -> Result<Vault, OpenVaultError> {
        Vault::open(self.directory.path(), &self.source)
    }

    /// Puts other bytes in the file's place, and opens it.
    pub(crate) fn problem_of(&self, bytes: impl AsRef<[u8]>) -> Option<Problem> {
        fs::write(self.file(), bytes).unwrap();
        self.open().err().map(|error| error.problem)
    }
}

pub(crate) fn key_file(bytes: &[u8]) -> KeySource {
    KeySource::KeyFile(FileKey::read(bytes).unwrap())
}

/// The lines of a file above its last one.
pub(crate) fn body(text: &str) -> Vec<String> {
    let mut lines: Vec<String> = text.lines().map(str::to_owned).collect();
    lines.pop().unwrap();
    lines
}

/// A file of these lines with a count and a digest that fit, and the tag of `text`: the best that one can do without the key.
pub(crate) fn forge(text: &str, lines: &[String]) -> String {
    let body: String = lines.iter().map(|line| format!("{line}\n")).collect();
    forge_bytes(text, body.as_bytes(), lines.len() - 1).into_iter().map(char::from).collect()
}

pub(crate) fn forge_bytes(text: &str, body: &[u8], records: usize) -> Vec<u8> {
    let last: serde_json::Value = serde_json::from_str(text.lines().last().unwrap()).unwrap();
    let (digest, tag) = (BASE64.encode(digest::digest(&digest::SHA256, body)), last["tag"].as_str().unwrap());
    let last = format!("{{\"records\":{records},\"digest\":\"{digest}\",\"tag\":\"{tag}\"}}\n");
    [body, last.as_bytes()].concat()
}

/// The sealed value in a line of a record.
pub(crate) fn sealed(line: &str) -> &str {
    line.split_once("\"sealed\":\"").and_then(|(_, rest)| rest.split_once('"')).unwrap().0
}
