//! The broker's own keys, sealed in the vault: those that sign session tokens, and the one that signs the record.

use std::{io::Write as _, path::Path, sync::Arc};

use model::{Clock, Timestamp};
use ring::rand::{SecureRandom as _, SystemRandom};
use secret::SecretBytes;
use sigv4::StandIns;
use tlog::SigningKey;
use token::{KeyStore, KeyStoreError, StoredKey};
use vault::{KeyName, OpenSecretError, Vault};
use zeroize::Zeroizing;

use crate::output::Failure;

const SIGNING_KEYS: &str = "session-token-keys";
const AUDIT_SEED: &str = "audit-signing-seed";
const STAND_INS: &str = "aws-stand-in-key";
/// Where the public half of the record's key lies in the data directory. Keep a copy elsewhere.
pub(crate) const VERIFIER_FILE: &str = "audit-verifier-key";

/// The keys that sign session tokens, as one record of the vault.
#[derive(Debug)]
pub(crate) struct VaultKeys {
    vault: Arc<Vault>,
    clock: Arc<dyn Clock>,
}

impl VaultKeys {
    pub(crate) fn new(vault: Arc<Vault>, clock: Arc<dyn Clock>) -> Self {
        Self { vault, clock }
    }
}

impl KeyStore for VaultKeys {
    fn load(&self) -> Result<Vec<StoredKey>, KeyStoreError> {
        let failed = |reason: String| KeyStoreError { what: "read", reason };
        match self.vault.open_key(&name(SIGNING_KEYS)) {
            Ok(bytes) => decode(bytes.expose()).ok_or_else(|| failed("the stored keys are malformed".to_owned())),
            Err(OpenSecretError::MissingKey { .. }) => Ok(Vec::new()),
            Err(error) => Err(failed(error.to_string())),
        }
    }

    fn save(&self, keys: &[StoredKey]) -> Result<(), KeyStoreError> {
        let mut bytes = Zeroizing::new(Vec::with_capacity(4096));
        for key in keys {
            let pkcs8 = key.pkcs8.expose();
            let length = u32::try_from(pkcs8.len()).unwrap_or(u32::MAX);
            bytes.extend_from_slice(&key.signs_from.as_millis().to_be_bytes());
            bytes.extend_from_slice(&length.to_be_bytes());
            bytes.extend_from_slice(pkcs8);
        }
        let stored = self.vault.store_key(&name(SIGNING_KEYS), SecretBytes::new(bytes), self.clock.now());
        stored.map(drop).map_err(|error| KeyStoreError { what: "written", reason: error.to_string() })
    }
}

/// Keys one after the other: when each begins to sign, its length, and the key.
fn decode(mut bytes: &[u8]) -> Option<Vec<StoredKey>> {
    let mut keys = Vec::new();
    while !bytes.is_empty() {
        let (signs_from, rest) = bytes.split_first_chunk::<8>()?;
        let (length, rest) = rest.split_first_chunk::<4>()?;
        let (pkcs8, rest) = rest.split_at_checked(usize::try_from(u32::from_be_bytes(*length)).ok()?)?;
        let signs_from = Timestamp::from_millis(u64::from_be_bytes(*signs_from));
        keys.push(StoredKey { pkcs8: SecretBytes::new(Zeroizing::new(pkcs8.to_vec())), signs_from });
        bytes = rest;
    }
    Some(keys)
}

/// The seed of the record's key; made on the first start.
pub(super) fn audit_seed(vault: &Vault, clock: &dyn Clock) -> Result<Zeroizing<[u8; 32]>, Failure> {
    random_key(vault, clock, AUDIT_SEED, "of the record")
}

/// The keys that callers of AWS sign with are derived from one that is made on the first start: a restart changes none of them.
pub(super) fn stand_ins(vault: &Vault, clock: &dyn Clock) -> Result<StandIns, Failure> {
    let key = random_key(vault, clock, STAND_INS, "that stands in for keys of AWS")?;
    Ok(StandIns::new(&SecretBytes::new(Zeroizing::new(key.to_vec()))))
}

/// A key of 32 random bytes; made where it is not there yet.
fn random_key(vault: &Vault, clock: &dyn Clock, stored_as: &str, what: &str) -> Result<Zeroizing<[u8; 32]>, Failure> {
    let mut key = Zeroizing::new([0; 32]);
    match vault.open_key(&name(stored_as)) {
        Ok(stored) => {
            let bytes = <[u8; 32]>::try_from(stored.expose());
            *key = bytes.map_err(|_| {
                Failure::new(format!("the stored key {what} is malformed; restore the vault from a copy"))
            })?;
        }
        Err(OpenSecretError::MissingKey { .. }) => {
            let filled = SystemRandom::new().fill(&mut *key);
            filled.map_err(|_| Failure::new("the operating system gives no random bytes"))?;
            let bytes = SecretBytes::new(Zeroizing::new(key.to_vec()));
            let stored = vault.store_key(&name(stored_as), bytes, clock.now());
            stored.map_err(|error| Failure::new(format!("the key {what} cannot be stored: {error}")))?;
        }
        Err(error) => return Err(Failure::new(format!("the key {what} cannot be opened: {error}"))),
    }
    Ok(key)
}

/// Lays the public half into the data directory, where it is not there yet.
pub(super) fn publish_verifier(data_directory: &Path, origin: &str, seed: &[u8; 32]) -> Result<(), Failure> {
    let key = SigningKey::from_seed(origin, seed)
        .map_err(|error| Failure::new(format!("the verifier key cannot be derived: {error}")))?;
    let (path, text) = (data_directory.join(VERIFIER_FILE), format!("{}\n", key.verifier()));
    if std::fs::read(&path).is_ok_and(|published| published == text.as_bytes()) {
        return Ok(());
    }
    replace(&path, text.as_bytes())
        .map_err(|error| Failure::new(format!("the verifier key cannot be written: {error}")))
}

/// Puts a file into place that is whole whenever this process is killed.
fn replace(path: &Path, bytes: &[u8]) -> std::io::Result<()> {
    let aside = path.with_extension("new");
    let mut file = std::fs::File::create(&aside)?;
    file.write_all(bytes)?;
    file.sync_all()?;
    std::fs::rename(aside, path)
}

fn name(text: &str) -> KeyName {
    text.parse().expect("the names above are of a-z and hyphens")
}
