//! Keys that stand in for real ones: an unmodified SDK signs with one, Claviger verifies it, and AWS knows nothing of it.

use model::{SessionId, Timestamp};
use ring::hmac;
use secret::{Secret, SecretBytes};
use zeroize::Zeroizing;

use crate::{payload::to_hex, time};

/// AWS gives no key that begins so: nobody takes it for a real one, and scanners for real ones do not report it.
const PREFIX: &str = "CLAV";
/// AWS's own have 20 characters, and some SDKs check that.
const ACCESS_KEY_ID_LENGTH: usize = 20;

/// Derives the keys of sessions. Nothing is stored of any of them.
#[derive(Debug)]
pub struct StandIns(hmac::Key);

/// The key of one session.
#[derive(Debug)]
pub struct StandIn {
    access_key_id: String,
    secret_access_key: Secret,
}

impl StandIns {
    /// Keys that are derived from `key`; the same ones for as long as it stays the same.
    #[must_use]
    pub fn new(key: &SecretBytes) -> Self {
        Self(hmac::Key::new(hmac::HMAC_SHA256, key.expose()))
    }

    /// The key of a session.
    #[must_use]
    pub fn of(&self, session: &SessionId) -> StandIn {
        let derive = |what: &str| hmac::sign(&self.0, format!("claviger-aws-stand-in-v1/{what}/{session}").as_bytes());
        let id = derive("access-key-id");
        // Base 32 as AWS's own ids are written: five bits of a byte are a letter or a digit.
        let letters =
            id.as_ref().iter().filter_map(|byte| b"ABCDEFGHIJKLMNOPQRSTUVWXYZ234567".get(usize::from(byte & 31)));
        let letters = letters.take(ACCESS_KEY_ID_LENGTH - PREFIX.len()).map(|letter| char::from(*letter));
        let secret = Zeroizing::new(to_hex(derive("secret-access-key").as_ref()));
        StandIn { access_key_id: PREFIX.chars().chain(letters).collect(), secret_access_key: Secret::new(secret) }
    }
}

impl StandIn {
    /// The name of the key.
    #[must_use]
    pub fn access_key_id(&self) -> &str {
        &self.access_key_id
    }

    /// What the SDK signs with.
    #[must_use]
    pub const fn secret_access_key(&self) -> &Secret {
        &self.secret_access_key
    }

    /// The answer that SDKs expect at `AWS_CONTAINER_CREDENTIALS_FULL_URI`. `session_token` comes back with each request.
    #[must_use]
    pub fn container_credentials(&self, session_token: &str, expiry: Timestamp) -> Zeroizing<String> {
        // A session token is a JWT, so that nothing here needs escaping.
        Zeroizing::new(format!(
            r#"{{"AccessKeyId":"{}","SecretAccessKey":"{}","Token":"{session_token}","Expiration":"{}"}}"#,
            self.access_key_id,
            self.secret_access_key.expose(),
            time::format_extended(expiry)
        ))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn stand_in(key: &[u8], session: &str) -> StandIn {
        StandIns::new(&SecretBytes::new(Zeroizing::new(key.to_vec()))).of(&session.parse().unwrap())
    }

    #[test]
    fn a_session_has_one_key_and_no_other_session_has_it() {
        let (one, again, other, elsewhere) =
            (stand_in(b"k", "s1"), stand_in(b"k", "s1"), stand_in(b"k", "s2"), stand_in(b"l", "s1"));
        let parts = |key: &StandIn| (key.access_key_id.clone(), key.secret_access_key.expose().to_owned());
        assert_eq!(parts(&one), parts(&again));
        for different in [&other, &elsewhere] {
            assert_ne!(one.access_key_id, different.access_key_id);
            assert_ne!(one.secret_access_key.expose(), different.secret_access_key.expose());
        }
    }

    #[test]
    fn it_looks_like_a_key_and_not_like_one_of_aws() {
        let key = stand_in(b"k", "s1");
        assert_eq!(key.access_key_id.len(), 20);
        assert!(key.access_key_id.bytes().all(|b| b.is_ascii_uppercase() || b.is_ascii_digit()));
        assert!(!key.access_key_id.starts_with('A'), "AWS's begin with AKIA, ASIA and the like");
        assert!(!format!("{key:?}").contains(key.secret_access_key.expose()));
    }

    #[test]
    fn sdks_read_the_answer() {
        let answer = stand_in(b"k", "s1").container_credentials("a.b.c", Timestamp::from_seconds(1_440_938_160));
        let answer: serde_json::Value = serde_json::from_str(&answer).unwrap();
        assert_eq!((&answer["Token"], &answer["Expiration"]), (&"a.b.c".into(), &"2015-08-30T12:36:00Z".into()));
        assert_eq!(answer["SecretAccessKey"].as_str().map(str::len), Some(64));
    }
}
