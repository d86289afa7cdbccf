//! The keys that sign session tokens: published before they sign, kept until nothing of theirs is left, the same after a restart.

use std::{fmt, sync::Arc, time::Duration};

use arc_swap::ArcSwap;
use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use jsonwebtoken::{DecodingKey, EncodingKey};
use model::{Clock, Timestamp};
use parking_lot::Mutex;
use ring::{
    digest,
    rand::SystemRandom,
    signature::{ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, KeyPair},
};
use secret::SecretBytes;
use serde_json::json;
use zeroize::Zeroizing;

use crate::{
    exchange::SESSION_LIFE_MAX,
    issuer::LEEWAY_MAX,
    jose::{self, SignatureAlgorithm, SigningFailed},
    jws::Jws,
};

/// How long our published key set may be cached; send it as `Cache-Control: max-age`. A new key is published for this long before
/// it signs, so that every reader has it by then.
pub const JWKS_AGE_MAX: Duration = Duration::from_secs(60 * 60);
/// How long a key is kept after its successor began to sign: the life of the last token, and what clocks may differ.
const KEPT_AFTER: Duration = Duration::from_secs(SESSION_LIFE_MAX.as_secs() + LEEWAY_MAX.as_secs());
/// The most keys that are read back: the one that signs, the next, the last, and some of a clock that was set wrong.
const STORED_KEYS_MAX: usize = 16;

/// A signing key as it is stored. The store seals it; nothing here is for the disk as it is.
pub struct StoredKey {
    /// The private key in PKCS#8.
    pub pkcs8: SecretBytes,
    /// When the key begins to sign.
    pub signs_from: Timestamp,
}

impl fmt::Debug for StoredKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("StoredKey").field("signs_from", &self.signs_from).finish_non_exhaustive()
    }
}

/// The store could not read or write the keys.
#[derive(Debug, thiserror::Error)]
#[error("the signing keys could not be {what}: {reason}")]
pub struct KeyStoreError {
    /// `read` or `written`.
    pub what: &'static str,
    /// Why, for the log, without secret text.
    pub reason: String,
}

/// Where signing keys are kept between starts. Calls may block, so the program makes them outside of its runtime's threads.
pub trait KeyStore: Send + Sync {
    /// Every stored key.
    ///
    /// # Errors
    /// [`KeyStoreError`]; an empty store is no error.
    fn load(&self) -> Result<Vec<StoredKey>, KeyStoreError>;

    /// Replaces the stored keys, all or none.
    ///
    /// # Errors
    /// [`KeyStoreError`]; the keys stored before are then still there.
    fn save(&self, keys: &[StoredKey]) -> Result<(), KeyStoreError>;
}

/// Why there are no keys to sign with.
#[derive(Debug, thiserror::Error)]
pub enum KeyRingError {
    /// The store failed.
    #[error(transparent)]
    Store(#[from] KeyStoreError),
    /// A stored key is not one of ours.
    #[error(
        "a stored signing key is damaged; remove the stored signing keys, and every agent exchanges its token again"
    )]
    Damaged,
    /// The system has no randomness.
    #[error("no signing key could be generated")]
    NotGenerated,
}

/// The signing keys of this server.
pub struct KeyRing {
    keys: ArcSwap<Vec<RingKey>>,
    store: Box<dyn KeyStore>,
    clock: Arc<dyn Clock>,
    period: Duration,
    /// Held while keys change, never across an await: one rotation at a time.
    rotation: Mutex<()>,
}

#[derive(Clone)]
struct RingKey {
    id: String,
    signs_from: Timestamp,
    pkcs8: Arc<SecretBytes>,
    private: EncodingKey,
    public: DecodingKey,
    /// The coordinates, as they stand in the published key.
    x: String,
    y: String,
}

impl KeyRing {
    /// Reads the keys, or makes the first one. A new key signs for `period`, at the least for as long as its successor needs to be
    /// published ahead.
    ///
    /// # Errors
    /// [`KeyRingError`]; the server must not start without keys that it can keep.
    pub fn open(store: Box<dyn KeyStore>, clock: Arc<dyn Clock>, period: Duration) -> Result<Self, KeyRingError> {
        let mut keys = Vec::new();
        for stored in store.load()?.into_iter().take(STORED_KEYS_MAX) {
            keys.push(RingKey::read(Arc::new(stored.pkcs8), stored.signs_from)?);
        }
        keys.sort_by_key(|key| key.signs_from);
        let period = period.max(JWKS_AGE_MAX * 2);
        let ring = Self { keys: ArcSwap::from_pointee(keys), store, clock, period, rotation: Mutex::new(()) };
        ring.rotate()?;
        Ok(ring)
    }

    /// Publishes the next key when its time has come, and drops those that no living token was signed with. Call it once a minute;
    /// a call too many does nothing, and without any the present key goes on signing.
    ///
    /// # Errors
    /// [`KeyRingError`]; the keys are then as before.
    pub fn rotate(&self) -> Result<(), KeyRingError> {
        let _one_at_a_time = self.rotation.lock();
        let now = self.clock.now();
        let before = self.keys.load_full();
        let mut keys: Vec<RingKey> = before.to_vec();
        // A key is past once its successor has signed for long enough.
        while keys.get(1).is_some_and(|successor| now >= successor.signs_from.plus(KEPT_AFTER)) {
            keys.remove(0);
        }
        let next_from = match keys.last() {
            // Nobody has read a key set yet, so the first key signs at once.
            None => Some(now),
            Some(last) if now.plus(JWKS_AGE_MAX) >= last.signs_from.plus(self.period) => Some(now.plus(JWKS_AGE_MAX)),
            Some(_) => None,
        };
        if let Some(signs_from) = next_from {
            keys.push(RingKey::generate(signs_from)?);
        }
        if keys.len() == before.len() && next_from.is_none() {
            return Ok(());
        }
        // Stored before it is published: a key that a reader has seen survives a crash.
        let stored: Vec<_> = keys.iter().map(RingKey::to_stored).collect();
        self.store.save(&stored)?;
        self.keys.store(Arc::new(keys));
        Ok(())
    }

    /// Our key set (RFC 7517, section 5), public parts only.
    #[must_use]
    pub fn jwks(&self) -> serde_json::Value {
        let keys = self.keys.load();
        let published = keys.iter().map(|key| {
            json!({"kty": "EC", "crv": "P-256", "x": key.x, "y": key.y, "kid": key.id, "use": "sig",
                   "alg": SignatureAlgorithm::Es256.as_str()})
        });
        json!({"keys": published.collect::<Vec<_>>()})
    }

    /// Signs a payload under the present key, in compact form with this `typ`.
    pub(crate) fn sign(&self, typ: &str, payload: &[u8]) -> Result<String, SigningFailed> {
        let keys = self.keys.load();
        let now = self.clock.now();
        // Where the clock was set back behind every key, the oldest signs: it is the one that readers know.
        let key = keys.iter().rev().find(|key| key.signs_from <= now).or(keys.first()).ok_or(SigningFailed)?;
        let header = json!({"alg": SignatureAlgorithm::Es256.as_str(), "kid": key.id, "typ": typ}).to_string();
        let mut token = URL_SAFE_NO_PAD.encode(header);
        token.push('.');
        URL_SAFE_NO_PAD.encode_string(payload, &mut token);
        let signature = jose::sign_es256(&key.private, token.as_bytes())?;
        token.push('.');
        URL_SAFE_NO_PAD.encode_string(signature, &mut token);
        Ok(token)
    }

    /// Whether the token was signed by the key of ours that it names.
    pub(crate) fn verifies(&self, jws: &Jws<'_>) -> bool {
        let keys = self.keys.load();
        let key = keys.iter().find(|key| jws.key_id.as_deref() == Some(&key.id));
        jws.algorithm == SignatureAlgorithm::Es256
            && key.is_some_and(|key| jose::verify(jws.algorithm, &key.public, jws.signing_input, &jws.signature))
    }
}

impl fmt::Debug for KeyRing {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(self.keys.load().iter().map(|key| &key.id)).finish()
    }
}

impl RingKey {
    fn generate(signs_from: Timestamp) -> Result<Self, KeyRingError> {
        let generated = EcdsaKeyPair::generate_pkcs8(&ECDSA_P256_SHA256_FIXED_SIGNING, &SystemRandom::new());
        let pkcs8 = Zeroizing::new(generated.map_err(|_| KeyRingError::NotGenerated)?.as_ref().to_vec());
        Self::read(Arc::new(SecretBytes::new(pkcs8)), signs_from)
    }

    fn read(pkcs8: Arc<SecretBytes>, signs_from: Timestamp) -> Result<Self, KeyRingError> {
        let random = SystemRandom::new();
        let pair = EcdsaKeyPair::from_pkcs8(&ECDSA_P256_SHA256_FIXED_SIGNING, pkcs8.expose(), &random)
            .map_err(|_| KeyRingError::Damaged)?;
        let point = pair.public_key().as_ref();
        // 4, and two coordinates of 32 bytes (SEC 1, section 2.3.3).
        let coordinate =
            |range| point.get(range).map(|bytes| URL_SAFE_NO_PAD.encode(bytes)).ok_or(KeyRingError::Damaged);
        let (x, y) = (coordinate(1..33)?, coordinate(33..65)?);
        // The thumbprint (RFC 7638, section 3): the required members in order, without spaces.
        let thumbprint = format!(r#"{{"crv":"P-256","kty":"EC","x":"{x}","y":"{y}"}}"#);
        let id = URL_SAFE_NO_PAD.encode(digest::digest(&digest::SHA256, thumbprint.as_bytes()));
        let (private, public) = (EncodingKey::from_ec_der(pkcs8.expose()), DecodingKey::from_ec_der(point));
        Ok(Self { id, signs_from, pkcs8, private, public, x, y })
    }

    fn to_stored(&self) -> StoredKey {
        let copy = Zeroizing::new(self.pkcs8.expose().to_vec());
        StoredKey { pkcs8: SecretBytes::new(copy), signs_from: self.signs_from }
    }
}

#[cfg(test)]
mod tests {
    use model::ManualClock;

    use super::*;
    use crate::tests::support::MemoryKeys;

    const WEEK: Duration = Duration::from_secs(7 * 24 * 60 * 60);
    const START: Timestamp = Timestamp::from_seconds(1_800_000_000);

    fn open(store: &Arc<MemoryKeys>, clock: &Arc<ManualClock>) -> KeyRing {
        KeyRing::open(Box::new(Arc::clone(store)), Arc::clone(clock) as Arc<dyn Clock>, WEEK).unwrap()
    }

    fn ids(ring: &KeyRing) -> Vec<String> {
        let jwks = ring.jwks();
        jwks["keys"].as_array().unwrap().iter().map(|key| key["kid"].as_str().unwrap().to_owned()).collect()
    }

    fn signer(ring: &KeyRing) -> String {
        let token = ring.sign("at+jwt", b"{}").unwrap();
        let jws = Jws::parse(&token).unwrap();
        assert!(ring.verifies(&jws));
        jws.key_id.unwrap()
    }

    #[test]
    fn a_key_is_published_before_it_signs_and_kept_until_its_last_token_is_over() {
        let (store, clock) = (Arc::new(MemoryKeys::default()), Arc::new(ManualClock::at(START)));
        let mut ring = open(&store, &clock);
        let first = signer(&ring);
        assert_eq!(ids(&ring), std::slice::from_ref(&first));

        clock.advance(WEEK.checked_sub(JWKS_AGE_MAX).unwrap().checked_sub(Duration::from_millis(1)).unwrap());
        ring.rotate().unwrap();
        assert_eq!(ids(&ring), std::slice::from_ref(&first), "a millisecond too early");

        clock.advance(Duration::from_millis(1));
        ring.rotate().unwrap();
        let published = ids(&ring);
        assert_eq!((published.len(), signer(&ring)), (2, first.clone()), "published, and not yet signing");
        let second = published[1].clone();

        ring = open(&store, &clock);
        assert_eq!((ids(&ring), signer(&ring)), (published, first.clone()), "the same after a restart");

        clock.advance(JWKS_AGE_MAX.checked_sub(Duration::from_millis(1)).unwrap());
        ring.rotate().unwrap();
        let last_of_first = ring.sign("at+jwt", b"{}").unwrap();
        assert_eq!(Jws::parse(&last_of_first).unwrap().key_id.unwrap(), first);

        clock.advance(Duration::from_millis(1));
        assert_eq!(signer(&ring), second, "its time has come, also where nobody calls rotate");

        clock.advance(KEPT_AFTER.checked_sub(Duration::from_millis(1)).unwrap());
        ring = open(&store, &clock);
        assert!(ring.verifies(&Jws::parse(&last_of_first).unwrap()), "the last token of the first key still verifies");

        clock.advance(Duration::from_millis(1));
        ring.rotate().unwrap();
        assert_eq!(ids(&ring), [second]);
        assert!(!ring.verifies(&Jws::parse(&last_of_first).unwrap()));
    }

    #[test]
    fn a_key_that_could_not_be_stored_is_not_published() {
        let (store, clock) = (Arc::new(MemoryKeys::default()), Arc::new(ManualClock::at(START)));
        let ring = open(&store, &clock);
        let before = ids(&ring);
        clock.advance(WEEK);
        store.fail(true);
        assert!(matches!(ring.rotate(), Err(KeyRingError::Store(_))));
        assert_eq!((ids(&ring), vec![signer(&ring)]), (before.clone(), before));
        store.fail(false);
        ring.rotate().unwrap();
        assert_eq!(ids(&ring).len(), 2);
    }

    #[test]
    fn a_clock_that_is_set_back_leaves_a_key_that_signs() {
        let store = Arc::new(MemoryKeys::default());
        let first = signer(&open(&store, &Arc::new(ManualClock::at(START))));
        let earlier = Arc::new(ManualClock::at(Timestamp::from_seconds(1_000_000_000)));
        assert_eq!(signer(&open(&store, &earlier)), first);
    }

    #[test]
    fn a_damaged_key_stops_the_start_and_no_debug_output_holds_a_key() {
        let (store, clock) = (Arc::new(MemoryKeys::default()), Arc::new(ManualClock::at(START)));
        let ring = open(&store, &clock);
        let published = ring.jwks();
        let mut members: Vec<_> = published["keys"][0].as_object().unwrap().keys().map(String::as_str).collect();
        members.sort_unstable();
        assert_eq!(members, ["alg", "crv", "kid", "kty", "use", "x", "y"]);
        assert_eq!(format!("{ring:?}"), format!("{:?}", ids(&ring)));
        store.damage();
        let opened = KeyRing::open(Box::new(Arc::clone(&store)), clock, WEEK);
        assert!(matches!(opened, Err(KeyRingError::Damaged)));
    }
}
