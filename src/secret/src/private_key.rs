//! A private key that signs: read from PEM, printed by nothing.

use std::fmt;

use base64::{Engine as _, engine::general_purpose::STANDARD};
use ring::{
    rand::SystemRandom,
    rsa,
    signature::{ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, RSA_PKCS1_SHA256},
};
use zeroize::Zeroizing;

use crate::Secret;

/// A key that signs with one algorithm. What `ring` holds of it is not wiped, so make one for a signature and drop it.
pub struct PrivateKey(Kind);

enum Kind {
    Rsa(Box<rsa::KeyPair>),
    P256(Box<EcdsaKeyPair>),
}

/// Why a text is not a private key that can be used; what is wrong inside of it is not said.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
#[error("not an RSA key of 2048 to 4096 bits or a P-256 key in PEM (PKCS #8, or PKCS #1 for RSA)")]
pub struct InvalidPrivateKey;

/// The operating system gave no random bytes, or the key does not fit itself.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
#[error("nothing could be signed")]
pub struct CannotSign;

impl PrivateKey {
    /// Reads the one key of a PEM text (RFC 7468). The lines between its two marks may be joined.
    ///
    /// # Errors
    /// The text holds no key, several, or one of another kind.
    pub fn from_pem(pem: &Secret) -> Result<Self, InvalidPrivateKey> {
        let text = pem.expose().trim();
        let (label, rest) =
            text.strip_prefix("-----BEGIN ").and_then(|t| t.split_once("-----")).ok_or(InvalidPrivateKey)?;
        let (body, end) = rest.split_once("-----END ").ok_or(InvalidPrivateKey)?;
        if end.strip_suffix("-----") != Some(label) {
            return Err(InvalidPrivateKey);
        }
        let body: Zeroizing<String> = Zeroizing::new(body.split_whitespace().collect());
        let der = Zeroizing::new(STANDARD.decode(body.as_bytes()).map_err(|_| InvalidPrivateKey)?);
        let rsa = |read: Result<rsa::KeyPair, ring::error::KeyRejected>| read.map(|key| Kind::Rsa(Box::new(key)));
        let kind = match label {
            "RSA PRIVATE KEY" => rsa(rsa::KeyPair::from_der(&der)),
            "PRIVATE KEY" => rsa(rsa::KeyPair::from_pkcs8(&der)).or_else(|_| {
                let key = EcdsaKeyPair::from_pkcs8(&ECDSA_P256_SHA256_FIXED_SIGNING, &der, &SystemRandom::new());
                key.map(|key| Kind::P256(Box::new(key)))
            }),
            _ => return Err(InvalidPrivateKey),
        };
        kind.map(Self).map_err(|_| InvalidPrivateKey)
    }

    /// The name of its algorithm in the header of a JWS (RFC 7518, section 3.1).
    #[must_use]
    pub const fn algorithm(&self) -> &'static str {
        match self.0 {
            Kind::Rsa(_) => "RS256",
            Kind::P256(_) => "ES256",
        }
    }

    /// Signs, in the form that a JWS carries (RFC 7518, sections 3.3 and 3.4).
    ///
    /// # Errors
    /// See [`CannotSign`].
    pub fn sign(&self, message: &[u8]) -> Result<Vec<u8>, CannotSign> {
        let random = SystemRandom::new();
        match &self.0 {
            Kind::Rsa(key) => {
                let mut signature = vec![0; key.public().modulus_len()];
                let signed = key.sign(&RSA_PKCS1_SHA256, &random, message, &mut signature);
                signed.map(|()| signature).map_err(|_| CannotSign)
            }
            Kind::P256(key) => {
                key.sign(&random, message).map(|signature| signature.as_ref().to_vec()).map_err(|_| CannotSign)
            }
        }
    }
}

impl fmt::Debug for PrivateKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "PrivateKey({}, …)", self.algorithm())
    }
}

#[cfg(test)]
mod tests {
    use ring::signature::{ECDSA_P256_SHA256_FIXED, KeyPair as _, UnparsedPublicKey};

    use super::*;

    fn pem(label: &str, der: &[u8]) -> Secret {
        let body = STANDARD.encode(der);
        Secret::new(format!("-----BEGIN {label}-----\n{body}\n-----END {label}-----\n").into())
    }

    #[test]
    fn a_key_from_pem_signs_what_its_public_half_verifies() {
        let random = SystemRandom::new();
        let pkcs8 = EcdsaKeyPair::generate_pkcs8(&ECDSA_P256_SHA256_FIXED_SIGNING, &random).unwrap();
        let pair = EcdsaKeyPair::from_pkcs8(&ECDSA_P256_SHA256_FIXED_SIGNING, pkcs8.as_ref(), &random).unwrap();
        let key = PrivateKey::from_pem(&pem("PRIVATE KEY", pkcs8.as_ref())).unwrap();
        let signature = key.sign(b"message").unwrap();
        let public = UnparsedPublicKey::new(&ECDSA_P256_SHA256_FIXED, pair.public_key());
        assert_eq!(public.verify(b"message", &signature), Ok(()));
        assert!(public.verify(b"massage", &signature).is_err());
        assert_eq!(format!("{key:?}"), "PrivateKey(ES256, …)");
    }

    #[test]
    fn what_is_no_key_is_refused() {
        let pkcs8 = EcdsaKeyPair::generate_pkcs8(&ECDSA_P256_SHA256_FIXED_SIGNING, &SystemRandom::new()).unwrap();
        let two = format!("{0}{0}", pem("PRIVATE KEY", pkcs8.as_ref()).expose());
        let other_end = pem("PRIVATE KEY", pkcs8.as_ref()).expose().replace("END PRIVATE", "END PUBLIC");
        for text in [two, other_end, String::new(), "-----BEGIN PRIVATE KEY-----".to_owned()] {
            assert_eq!(PrivateKey::from_pem(&Secret::new(text.into())).unwrap_err(), InvalidPrivateKey);
        }
        for (label, der) in
            [("PRIVATE KEY", &b"no key"[..]), ("EC PRIVATE KEY", pkcs8.as_ref()), ("RSA PRIVATE KEY", pkcs8.as_ref())]
        {
            assert_eq!(PrivateKey::from_pem(&pem(label, der)).unwrap_err(), InvalidPrivateKey, "{label}");
        }
    }
}
