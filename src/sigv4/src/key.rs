//! The chain of keys from a secret access key to the key of one day, region and service.

use ring::{digest, hmac};
use secret::Secret;
use zeroize::Zeroizing;

use crate::payload::to_hex;

/// The name of the algorithm, in every signature.
pub(crate) const ALGORITHM: &str = "AWS4-HMAC-SHA256";
/// How every scope ends.
pub(crate) const TERMINATOR: &str = "aws4_request";

/// What a signature is good for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Scope<'a> {
    /// Year, month and day.
    pub(crate) date: &'a str,
    pub(crate) region: &'a str,
    pub(crate) service: &'a str,
}

impl Scope<'_> {
    pub(crate) fn to_text(self) -> String {
        format!("{}/{}/{}/{TERMINATOR}", self.date, self.region, self.service)
    }
}

/// The key of one day, region and service. It signs and verifies.
#[derive(Debug)] // of a key, `ring` shows the algorithm alone
pub(crate) struct SigningKey(hmac::Key);

impl SigningKey {
    pub(crate) fn derive(secret_access_key: &Secret, scope: Scope<'_>) -> Self {
        let mut first = Zeroizing::new(Vec::with_capacity(4 + secret_access_key.expose().len()));
        first.extend_from_slice(b"AWS4");
        first.extend_from_slice(secret_access_key.expose().as_bytes());
        let steps = [scope.date, scope.region, scope.service, TERMINATOR];
        Self(steps.iter().fold(key(&first), |last, step| key(hmac::sign(&last, step.as_bytes()).as_ref())))
    }

    pub(crate) fn sign(&self, string_to_sign: &str) -> [u8; 32] {
        let mut signature = [0; 32];
        signature.copy_from_slice(hmac::sign(&self.0, string_to_sign.as_bytes()).as_ref());
        signature
    }

    /// In constant time.
    pub(crate) fn verifies(&self, string_to_sign: &str, signature: &[u8]) -> bool {
        hmac::verify(&self.0, string_to_sign.as_bytes(), signature).is_ok()
    }
}

fn key(bytes: &[u8]) -> hmac::Key {
    hmac::Key::new(hmac::HMAC_SHA256, bytes)
}

/// What is signed: the digest of the canonical request, in its scope, at its time.
pub(crate) fn string_to_sign(time: &str, scope: Scope<'_>, canonical: &str) -> String {
    let digest = digest::digest(&digest::SHA256, canonical.as_bytes());
    format!("{ALGORITHM}\n{time}\n{}\n{}", scope.to_text(), to_hex(digest.as_ref()))
}
