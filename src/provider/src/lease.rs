//! A credential with a life, by its kind.

use model::{LeaseId, Timestamp};
use secret::{Secret, SecretBytes};

/// A credential with a life.
#[derive(Debug)]
pub struct Lease {
    /// The lease, as the provider knows it; it stands in the record of the call.
    pub id: LeaseId,
    /// What to inject.
    pub material: Material,
    /// When the credential ends by itself; `None` for one that an operator stored.
    pub expiry: Option<Timestamp>,
    /// Whether [`Provider::renew`](crate::Provider::renew) can move that end.
    pub renewable: bool,
}

/// Secret material, by its kind. A slot takes the kind that fits it and refuses the others.
#[derive(Debug)]
pub enum Material {
    /// One secret: a key or a token.
    Token(Secret),
    /// A user that was made for the session.
    Password {
        /// The user's name; not a secret.
        username: String,
        /// Its password.
        password: Secret,
    },
    /// What AWS's Signature Version 4 is computed with.
    AwsKey {
        /// Names the key, and travels in the clear.
        access_key_id: String,
        /// Signs.
        secret_access_key: Secret,
        /// Travels beside the signature.
        session_token: Secret,
    },
    /// A client certificate for TLS.
    Certificate {
        /// The certificate and those between it and its root, each DER.
        chain: Vec<Vec<u8>>,
        /// Its key, PKCS #8 DER.
        private_key: SecretBytes,
    },
}

impl Material {
    /// Every secret text of it, each of which is looked for in answers. A private key is none: it is never sent to anyone.
    pub fn secrets(&self) -> impl Iterator<Item = &Secret> {
        let (first, second) = match self {
            Self::Token(secret) => (Some(secret), None),
            Self::Password { password, .. } => (Some(password), None),
            Self::AwsKey { secret_access_key, session_token, .. } => (Some(secret_access_key), Some(session_token)),
            Self::Certificate { .. } => (None, None),
        };
        first.into_iter().chain(second)
    }
}
