//! What we show a server that asks who we are: a certificate and the key that proves it (RFC 8446, section 4.4.2).

use std::{fmt, sync::Arc};

use rustls::{
    crypto::ring,
    pki_types::{CertificateDer, PrivateKeyDer},
    sign::{CertifiedKey, SingleCertAndKey},
};

/// A client certificate and its key. Cheap to clone; the key is in memory once and is never written anywhere.
#[derive(Clone)]
pub struct ClientIdentity(Arc<CertifiedKey>);

/// Why a certificate and a key cannot be shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum InvalidClientIdentity {
    /// There is no certificate.
    #[error("there is no certificate")]
    Empty,
    /// The key is of no kind that can sign a handshake.
    #[error("the private key cannot be read; expected RSA, ECDSA P-256 or P-384, or Ed25519")]
    Key,
    /// The key belongs to another certificate.
    #[error("the private key does not belong to the certificate")]
    OtherKey,
}

impl ClientIdentity {
    /// From a certificate, those between it and its root, and its private key in DER (PKCS #8, PKCS #1 or SEC 1).
    ///
    /// # Errors
    /// See [`InvalidClientIdentity`].
    pub fn new(chain: &[Vec<u8>], private_key: &[u8]) -> Result<Self, InvalidClientIdentity> {
        if chain.is_empty() {
            return Err(InvalidClientIdentity::Empty);
        }
        let chain = chain.iter().map(|der| CertificateDer::from(der.clone())).collect();
        let key = PrivateKeyDer::try_from(private_key).map_err(|_| InvalidClientIdentity::Key)?;
        let key = ring::sign::any_supported_type(&key).map_err(|_| InvalidClientIdentity::Key)?;
        let certified = CertifiedKey::new(chain, key);
        // Kinds of keys that cannot say which certificate is theirs are none that ring reads.
        certified.keys_match().map_err(|_| InvalidClientIdentity::OtherKey)?;
        Ok(Self(Arc::new(certified)))
    }

    pub(crate) fn resolver(&self) -> Arc<SingleCertAndKey> {
        Arc::new(SingleCertAndKey::from(CertifiedKey::clone(&self.0)))
    }
}

impl fmt::Debug for ClientIdentity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "ClientIdentity({} certificates)", self.0.cert.len())
    }
}
