//! The key of a service account, as Google gives it out.

use std::time::Duration;

use model::Timestamp;
use provider::{ProviderError, sign_jwt};
use secret::{PrivateKey, Secret};
use serde::Deserialize;
use serde_json::{Map, Value, json};
use zeroize::Zeroizing;

/// An assertion is used at once; this covers clocks that differ. Google allows an hour.
const ASSERTION_LIFE: Duration = Duration::from_secs(300);

/// A key for one use.
#[derive(Deserialize)]
pub(crate) struct ServiceAccountKey {
    client_email: String,
    private_key_id: String,
    private_key: Zeroizing<String>,
}

impl ServiceAccountKey {
    /// Reads a key file. Where the file says that tokens come from is ignored: the configuration says so.
    pub(crate) fn read(json: &Secret) -> Result<Self, ProviderError> {
        serde_json::from_str(json.expose()).map_err(|_| ProviderError::Missing {
            reason: "the stored key is not the JSON of a service account's key; store it again".to_owned(),
        })
    }

    /// Signs what asks for a token: `claim` says which.
    pub(crate) fn assertion(
        self,
        claim: (&str, Value),
        audience: &str,
        now: Timestamp,
    ) -> Result<Secret, ProviderError> {
        let key = PrivateKey::from_pem(&Secret::new(self.private_key)).map_err(|why| ProviderError::Missing {
            reason: format!("the private key in the stored key cannot be used: {why}; store it again"),
        })?;
        let mut claims = Map::new();
        for (name, value) in [
            ("iss", json!(self.client_email)),
            ("sub", json!(self.client_email)),
            ("aud", json!(audience)),
            ("iat", json!(now.as_seconds())),
            ("exp", json!(now.plus(ASSERTION_LIFE).as_seconds())),
            claim,
        ] {
            claims.insert(name.to_owned(), value);
        }
        sign_jwt(&key, Some(&self.private_key_id), &claims)
            .map_err(|why| ProviderError::Refused { reason: why.to_string() })
    }
}
