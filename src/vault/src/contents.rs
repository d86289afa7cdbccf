//! What a vault holds, and what each record is bound to.

use std::{borrow::Cow, collections::BTreeMap, convert::Infallible, fmt};

use model::{Binding, CredentialName, Timestamp};
use secret::{CannotSeal, KeyEncryptionKey, Sealed, Secret, Unlocked};

use crate::{KeyName, Problem, source::Derivation};

/// How often a name was stored. A higher one replaced a lower one; no secret ever shares a name and generation with another.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Generation(u64);

impl Generation {
    pub(crate) const fn new(count: u64) -> Self {
        Self(count)
    }

    /// The generation as a number; the first is 1.
    #[must_use]
    pub const fn as_u64(self) -> u64 {
        self.0
    }
}

impl fmt::Display for Generation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(&self.0, f)
    }
}

/// A secret that was opened for its destination. Zeroized on drop.
#[derive(Debug)]
pub struct Opened {
    /// The secret.
    pub secret: Secret,
    /// Which of the values that were stored under this name.
    pub generation: Generation,
}

/// What anyone who may read the configuration may know of a stored credential: everything but its value.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StoredCredential {
    /// Its name, upstream, destination and slot.
    pub binding: Binding,
    /// Which of the values that were stored under this name.
    pub generation: Generation,
    /// When this value was stored.
    pub stored: Timestamp,
}

/// What may be known of one of the broker's own keys.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StoredKey {
    /// Its name.
    pub name: KeyName,
    /// Which of the values that were stored under this name.
    pub generation: Generation,
    /// When this value was stored.
    pub stored: Timestamp,
}

/// The length of a vault's id in bytes.
pub(crate) const VAULT_ID_LENGTH: usize = 16;

/// What is said once in a vault.
#[derive(Debug, Clone)]
pub(crate) struct Header {
    /// Random; a record of another vault does not open here.
    pub(crate) vault: [u8; VAULT_ID_LENGTH],
    /// Counts the writes.
    pub(crate) revision: u64,
    /// The highest generation of any record that was removed: a name that comes back goes on from here.
    pub(crate) generation_floor: u64,
    pub(crate) derivation: Derivation,
}

/// One stored value and everything that it is bound to.
#[derive(Debug, Clone)]
pub(crate) struct Record<S, V> {
    pub(crate) subject: S,
    pub(crate) generation: Generation,
    pub(crate) stored: Timestamp,
    pub(crate) value: V,
}

/// What a value belongs to.
pub(crate) trait Subject: Clone + PartialEq {
    /// Sets the two kinds of records apart.
    const KIND: &'static str;

    /// The part of the associated data that is the subject's.
    fn to_associated_data(&self) -> Vec<u8>;

    fn name(&self) -> &str;
}

impl Subject for Binding {
    const KIND: &'static str = "credential";

    fn to_associated_data(&self) -> Vec<u8> {
        Self::to_associated_data(self)
    }

    fn name(&self) -> &str {
        self.credential.as_str()
    }
}

impl Subject for KeyName {
    const KIND: &'static str = "key";

    fn to_associated_data(&self) -> Vec<u8> {
        self.as_str().as_bytes().to_vec()
    }

    fn name(&self) -> &str {
        self.as_str()
    }
}

/// The associated data of one record: format, vault, generation and time in fixed lengths, the kind with its length before it,
/// and the subject to the end; so that no two records share one.
pub(crate) fn associated_data<S: Subject>(
    header: &Header,
    generation: Generation,
    stored: Timestamp,
    subject: &S,
) -> Vec<u8> {
    let subject = subject.to_associated_data();
    let kind_length = S::KIND.len() as u64;
    [
        b"claviger-vault-record-v1".as_slice(),
        &header.vault,
        &generation.0.to_be_bytes(),
        &stored.as_millis().to_be_bytes(),
        &kind_length.to_be_bytes(),
        S::KIND.as_bytes(),
        &subject,
    ]
    .concat()
}

/// A value that is proven against the key, one decryption away from the secret.
#[derive(Debug)]
pub(crate) struct Proven {
    pub(crate) unlocked: Unlocked,
    /// Kept, because a call that asks for the same binding need not spell it again.
    associated_data: Box<[u8]>,
}

impl<S: Subject> Record<S, Proven> {
    /// What `subject` must be sealed with to open here. For any other than the record's own it is spelled out from what the
    /// caller gave, and decrypts nothing: that they differ is not left to a comparison.
    pub(crate) fn associated_data(&self, header: &Header, subject: &S) -> Cow<'_, [u8]> {
        if *subject == self.subject {
            Cow::Borrowed(&self.value.associated_data)
        } else {
            Cow::Owned(associated_data(header, self.generation, self.stored, subject))
        }
    }
}

/// A whole vault: with values as they are stored, or with values that are proven and ready to open.
#[derive(Debug)]
pub(crate) struct Contents<V> {
    pub(crate) header: Header,
    pub(crate) credentials: BTreeMap<CredentialName, Record<Binding, V>>,
    pub(crate) keys: BTreeMap<KeyName, Record<KeyName, V>>,
}

impl Contents<Sealed> {
    /// Proves every record, and what it says of itself, against the key. No secret is decrypted.
    pub(crate) fn unlock(&self, key: &KeyEncryptionKey) -> Result<Contents<Proven>, Problem> {
        self.convert(self.header.clone(), |record, associated_data, sealed| {
            match sealed.clone().unlock(associated_data, key) {
                Ok(unlocked) => Ok(Proven { unlocked, associated_data: associated_data.into() }),
                Err(_) => Err(Problem::Altered { record: record.to_string() }),
            }
        })
    }
}

impl Contents<Proven> {
    /// A copy to change and to write.
    pub(crate) fn to_sealed(&self) -> Contents<Sealed> {
        let copied =
            self.convert(self.header.clone(), |_, _, proven| Ok::<_, Infallible>(proven.unlocked.sealed().clone()));
        let Ok(copied) = copied;
        copied
    }

    /// The same secrets below another key. Payloads stay as they are; only the data keys are wrapped anew.
    pub(crate) fn rewrap(
        &self,
        derivation: Derivation,
        key: &KeyEncryptionKey,
    ) -> Result<Contents<Sealed>, CannotSeal> {
        let header = Header { derivation, ..self.header.clone() };
        self.convert(header, |_, associated_data, proven| proven.unlocked.rewrap(associated_data, key))
    }
}

impl<V> Contents<V> {
    /// The same records with other values. `convert` is told which record it is, and given the associated data.
    fn convert<W, E>(
        &self,
        header: Header,
        convert: impl Fn(Label<'_>, &[u8], &V) -> Result<W, E>,
    ) -> Result<Contents<W>, E> {
        let credentials = convert_records(&self.credentials, &header, &convert)?;
        let keys = convert_records(&self.keys, &header, &convert)?;
        Ok(Contents { header, credentials, keys })
    }
}

/// Names one record in a message.
pub(crate) struct Label<'a> {
    kind: &'static str,
    name: &'a str,
}

impl fmt::Display for Label<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "the {} {}", self.kind, self.name)
    }
}

fn convert_records<K: Clone + Ord, S: Subject, V, W, E>(
    records: &BTreeMap<K, Record<S, V>>,
    header: &Header,
    convert: impl Fn(Label<'_>, &[u8], &V) -> Result<W, E>,
) -> Result<BTreeMap<K, Record<S, W>>, E> {
    let one = |(key, record): (&K, &Record<S, V>)| {
        let Record { subject, generation, stored, value } = record;
        let associated_data = associated_data(header, *generation, *stored, subject);
        let value = convert(Label { kind: S::KIND, name: subject.name() }, &associated_data, value)?;
        Ok((key.clone(), Record { subject: subject.clone(), generation: *generation, stored: *stored, value }))
    };
    records.iter().map(one).collect()
}

#[cfg(test)]
mod tests {
    use secret::SALT_LENGTH;

    use super::*;

    #[test]
    fn every_part_of_a_record_changes_its_associated_data() {
        let header = |vault| Header {
            vault,
            revision: 1,
            generation_floor: 0,
            derivation: Derivation::KeyFile { salt: [0; SALT_LENGTH] },
        };
        let key: KeyName = "a".parse().unwrap();
        let binding = |upstream: &str| Binding {
            credential: "a".parse().unwrap(),
            upstream: upstream.parse().unwrap(),
            destination: "https://a.example".parse().unwrap(),
            injection: model::Injection::Query { parameter: "key".to_owned() },
        };
        let (one, now) = (header([1; VAULT_ID_LENGTH]), Timestamp::from_millis(7));
        let all = [
            associated_data(&one, Generation(1), now, &key),
            associated_data(&header([2; VAULT_ID_LENGTH]), Generation(1), now, &key),
            associated_data(&one, Generation(2), now, &key),
            associated_data(&one, Generation(1), Timestamp::from_millis(8), &key),
            associated_data(&one, Generation(1), now, &"b".parse::<KeyName>().unwrap()),
            associated_data(&one, Generation(1), now, &binding("a")),
            associated_data(&one, Generation(1), now, &binding("b")),
        ];
        for (i, one) in all.iter().enumerate() {
            assert!(all.iter().skip(i + 1).all(|other| other != one), "{i}");
        }
    }
}
