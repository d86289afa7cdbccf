//! The vault: one file of sealed records, kept in memory as it is on disk, and opened a record at a time.

use std::{
    fmt,
    path::{Path, PathBuf},
    sync::Arc,
};

use model::{Binding, CredentialName, Timestamp};
use parking_lot::{Mutex, RwLock};
use secret::{CannotSeal, KeyEncryptionKey, Sealed, Secret, SecretBytes};

use crate::{
    CreateVaultError, Generation, KeyName, KeySource, OpenSecretError, OpenVaultError, Opened, Problem, StoreError,
    StoredCredential, StoredKey,
    contents::{Contents, Header, Proven, Record, Subject, associated_data},
    file::{FILE, State, load, make_directory, random, write},
    replace::WriteLock,
};

/// Stored secrets. Reading takes no disk access and no lock that a writer holds while it writes; writing blocks the thread.
pub struct Vault {
    directory: PathBuf,
    /// One writer at a time in this process; [`WriteLock`] holds off other processes.
    writer: Mutex<()>,
    state: RwLock<Arc<State>>,
}

impl Vault {
    /// Creates an empty vault in `directory`, and the directory too where it is missing.
    ///
    /// # Errors
    /// A vault that is there already stays; a short passphrase and a directory that others can write are refused.
    pub fn create(directory: &Path, source: &KeySource) -> Result<Self, CreateVaultError> {
        if !source.is_strong() {
            return Err(CreateVaultError::ShortPassphrase);
        }
        make_directory(directory)?;
        let lock = WriteLock::acquire(directory)?;
        let path = directory.join(FILE);
        if path.symlink_metadata().is_ok() {
            return Err(CreateVaultError::Exists { path });
        }
        let derivation = source.derivation(random().map_err(StoreError::Seal)?);
        let vault = random().map_err(StoreError::Seal)?;
        let header = Header { vault, revision: 0, generation_floor: 0, derivation };
        let key = derivation.derive(source).expect("the derivation was made for this source")?;
        let empty = Contents { header, credentials: [].into(), keys: [].into() };
        let state = write(&lock, directory, empty, Arc::new(key))?;
        Ok(Self { directory: directory.to_owned(), writer: Mutex::new(()), state: RwLock::new(state) })
    }

    /// Opens the vault in `directory`: proves its key, every record and the whole, and decrypts no secret.
    ///
    /// # Errors
    /// Each way in which a file does not open has its own [`Problem`], which says what to do.
    pub fn open(directory: &Path, source: &KeySource) -> Result<Self, OpenVaultError> {
        let state = load(directory, |unproven| {
            let derivation = unproven.derivation();
            let key = derivation.derive(source).ok_or(Problem::OtherKind { needed: derivation.kind() })?;
            Ok(Arc::new(key.map_err(Problem::CannotStretch)?))
        })?;
        let state = RwLock::new(Arc::new(state));
        Ok(Self { directory: directory.to_owned(), writer: Mutex::new(()), state })
    }

    /// Whether there is a vault in `directory`, readable or not.
    #[must_use]
    pub fn exists(directory: &Path) -> bool {
        directory.join(FILE).symlink_metadata().is_ok()
    }

    /// Opens the secret of one credential for its destination and slot: one decryption, in memory.
    ///
    /// # Errors
    /// A binding that differs in any part from the one that the secret was stored with does not decrypt it.
    pub fn open_secret(&self, binding: &Binding) -> Result<Opened, OpenSecretError> {
        let state = self.state();
        let Binding { credential, upstream, .. } = binding;
        let record = state
            .contents
            .credentials
            .get(credential)
            .ok_or_else(|| OpenSecretError::Missing { credential: credential.clone(), upstream: upstream.clone() })?;
        let opened = record.value.unlocked.open_text(&record.associated_data(&state.contents.header, binding));
        match opened {
            Ok(secret) => Ok(Opened { secret, generation: record.generation }),
            Err(_) if record.subject == *binding => Err(OpenSecretError::Damaged),
            Err(_) => Err(OpenSecretError::BoundElsewhere {
                credential: credential.clone(),
                upstream: upstream.clone(),
                stored_upstream: record.subject.upstream.clone(),
                stored_destination: record.subject.destination.clone(),
            }),
        }
    }

    /// Opens one of the broker's own keys.
    ///
    /// # Errors
    /// Where none of this name is stored.
    pub fn open_key(&self, name: &KeyName) -> Result<SecretBytes, OpenSecretError> {
        let state = self.state();
        let record = state.contents.keys.get(name).ok_or_else(|| OpenSecretError::MissingKey { key: name.clone() })?;
        let opened = record.value.unlocked.open(&record.associated_data(&state.contents.header, name));
        opened.map_err(|_| OpenSecretError::Damaged)
    }

    /// Stores a secret for one destination and slot; a former value of the name is gone.
    ///
    /// # Errors
    /// An empty secret, a slot that cannot carry one, and a disk that does not take it. The vault is then as before.
    pub fn put(&self, binding: &Binding, secret: Secret, now: Timestamp) -> Result<Generation, StoreError> {
        binding.injection.validate()?;
        if secret.expose().is_empty() {
            return Err(StoreError::Empty);
        }
        self.change(|contents, key| {
            let former = contents.credentials.get(&binding.credential).map(|record| record.generation);
            let record = seal(contents, binding, former, now, |associated_data| {
                Sealed::seal_text(&secret, associated_data, key)
            })?;
            let generation = record.generation;
            contents.credentials.insert(binding.credential.clone(), record);
            Ok(generation)
        })
    }

    /// Stores one of the broker's own keys; a former value of the name is gone.
    ///
    /// # Errors
    /// As [`Vault::put`].
    pub fn store_key(&self, name: &KeyName, key: SecretBytes, now: Timestamp) -> Result<Generation, StoreError> {
        if key.expose().is_empty() {
            return Err(StoreError::Empty);
        }
        self.change(|contents, wrapping_key| {
            let former = contents.keys.get(name).map(|record| record.generation);
            let record =
                seal(contents, name, former, now, |associated_data| Sealed::seal(&key, associated_data, wrapping_key))?;
            let generation = record.generation;
            contents.keys.insert(name.clone(), record);
            Ok(generation)
        })
    }

    /// Removes a credential.
    ///
    /// # Errors
    /// Where none of this name is stored, and where the disk does not take the change.
    pub fn remove(&self, credential: &CredentialName) -> Result<(), StoreError> {
        self.change(|contents, _| {
            let removed = contents.credentials.remove(credential).map(|record| record.generation);
            forget(contents, removed, credential.as_str())
        })
    }

    /// Removes one of the broker's own keys.
    ///
    /// # Errors
    /// As [`Vault::remove`].
    pub fn remove_key(&self, name: &KeyName) -> Result<(), StoreError> {
        self.change(|contents, _| {
            let removed = contents.keys.remove(name).map(|record| record.generation);
            forget(contents, removed, name.as_str())
        })
    }

    /// What is stored, by name; never a value.
    #[must_use]
    pub fn list(&self) -> Vec<StoredCredential> {
        let described = |record: &Record<Binding, Proven>| StoredCredential {
            binding: record.subject.clone(),
            generation: record.generation,
            stored: record.stored,
        };
        self.state().contents.credentials.values().map(described).collect()
    }

    /// The broker's own keys, by name; never a value.
    #[must_use]
    pub fn list_keys(&self) -> Vec<StoredKey> {
        let described = |record: &Record<KeyName, Proven>| StoredKey {
            name: record.subject.clone(),
            generation: record.generation,
            stored: record.stored,
        };
        self.state().contents.keys.values().map(described).collect()
    }

    /// How often the vault was written. It only grows: a lower one than was seen before is an older copy put back.
    #[must_use]
    pub fn revision(&self) -> u64 {
        self.state().contents.header.revision
    }

    /// Reads what another process wrote since.
    ///
    /// # Errors
    /// As [`Vault::open`], and where an older copy was put back. What was read before stays in use.
    pub fn reload(&self) -> Result<(), OpenVaultError> {
        let _turn = self.writer.lock();
        let state = Arc::new(self.reloaded()?);
        *self.state.write() = state;
        Ok(())
    }

    /// Seals everything below another key, in one replacement of the file: it is done or not begun, so that there is nothing
    /// to resume. Whoever kept the old file and the old key can still open that.
    ///
    /// # Errors
    /// As [`Vault::put`], and for a short passphrase.
    pub fn rewrap(&self, source: &KeySource) -> Result<(), StoreError> {
        if !source.is_strong() {
            return Err(StoreError::ShortPassphrase);
        }
        let derivation = source.derivation(random()?);
        let key = derivation.derive(source).expect("the derivation was made for this source")?;
        let _turn = self.writer.lock();
        let lock = WriteLock::acquire(&self.directory)?;
        let contents = self.reloaded()?.contents.rewrap(derivation, &key)?;
        let state = write(&lock, &self.directory, contents, Arc::new(key))?;
        *self.state.write() = state;
        Ok(())
    }

    fn state(&self) -> Arc<State> {
        Arc::clone(&self.state.read())
    }

    /// Applies a change to what is on disk now, writes it, and only then shows it to readers.
    fn change<T>(
        &self,
        change: impl FnOnce(&mut Contents<Sealed>, &KeyEncryptionKey) -> Result<T, StoreError>,
    ) -> Result<T, StoreError> {
        let _turn = self.writer.lock();
        let lock = WriteLock::acquire(&self.directory)?;
        let current = self.reloaded()?;
        let mut contents = current.contents.to_sealed();
        let answer = change(&mut contents, &current.key)?;
        let state = write(&lock, &self.directory, contents, current.key)?;
        *self.state.write() = state;
        Ok(answer)
    }

    /// The file as it is now, under the key that is at hand.
    fn reloaded(&self) -> Result<State, OpenVaultError> {
        let known = self.state();
        let state = load(&self.directory, |_| Ok(Arc::clone(&known.key)))?;
        let (known, found) = (known.contents.header.revision, state.contents.header.revision);
        if found < known {
            let path = self.directory.join(FILE);
            return Err(OpenVaultError { path, problem: Problem::RolledBack { known, found } });
        }
        Ok(state)
    }
}

impl fmt::Debug for Vault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let state = self.state();
        f.debug_struct("Vault")
            .field("directory", &self.directory)
            .field("revision", &state.contents.header.revision)
            .field("credentials", &state.contents.credentials.len())
            .field("keys", &state.contents.keys.len())
            .finish_non_exhaustive()
    }
}

/// Seals the next value of a name.
fn seal<S: Subject>(
    contents: &Contents<Sealed>,
    subject: &S,
    former: Option<Generation>,
    now: Timestamp,
    seal: impl FnOnce(&[u8]) -> Result<Sealed, CannotSeal>,
) -> Result<Record<S, Sealed>, StoreError> {
    let last = former.map_or(contents.header.generation_floor, Generation::as_u64);
    let generation = Generation::new(last.saturating_add(1));
    let value = seal(&associated_data(&contents.header, generation, now, subject))?;
    Ok(Record { subject: subject.clone(), generation, stored: now, value })
}

/// Keeps the count of a removed record, so that its name and generation are not used twice.
fn forget(contents: &mut Contents<Sealed>, removed: Option<Generation>, name: &str) -> Result<(), StoreError> {
    let removed = removed.ok_or_else(|| StoreError::Missing { name: name.to_owned() })?;
    let header = &mut contents.header;
    header.generation_floor = header.generation_floor.max(removed.as_u64());
    Ok(())
}
