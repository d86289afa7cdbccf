//! How Claviger proves at an endpoint which client it is.

use std::time::Duration;

use base64::{Engine as _, engine::general_purpose::STANDARD};
use http::{HeaderMap, HeaderValue, header};
use model::Timestamp;
use provider::{ProviderError, random_text, sign_jwt};
use secret::{PrivateKey, Secret};
use serde_json::{Map, json};
use url::form_urlencoded::byte_serialize;
use zeroize::Zeroizing;

use crate::{Client, ClientAuthentication, form::Form};

/// An assertion is used at once; this covers clocks that differ.
const ASSERTION_LIFE: Duration = Duration::from_secs(60);

impl Client {
    /// Adds what proves the client, to the form or to the header fields. `server` is the audience of an assertion.
    pub(crate) fn authenticate(
        &self,
        form: Form,
        server: &str,
        now: Timestamp,
    ) -> Result<(Form, HeaderMap), ProviderError> {
        let mut headers = HeaderMap::new();
        let form = match &self.authentication {
            ClientAuthentication::Basic(secret) => {
                headers.insert(header::AUTHORIZATION, basic(&self.id, &secret.open()?)?);
                form
            }
            ClientAuthentication::Body(secret) => {
                form.field("client_id", &self.id).secret("client_secret", &secret.open()?)
            }
            ClientAuthentication::PrivateKey { key, key_id } => {
                let assertion = self.assertion(&key.open()?, key_id.as_deref(), server, now)?;
                form.field("client_id", &self.id)
                    .field("client_assertion_type", "urn:ietf:params:oauth:client-assertion-type:jwt-bearer")
                    .secret("client_assertion", &assertion)
            }
            ClientAuthentication::Public => form.field("client_id", &self.id),
        };
        Ok((form, headers))
    }

    /// A client assertion (RFC 7523, section 3): used once, for one server.
    fn assertion(
        &self,
        pem: &Secret,
        key_id: Option<&str>,
        server: &str,
        now: Timestamp,
    ) -> Result<Secret, ProviderError> {
        let key = PrivateKey::from_pem(pem).map_err(|why| ProviderError::Missing {
            reason: format!("the stored key of the client {} cannot be used: {why}; store it again", self.id),
        })?;
        let claims = json!({
            "iss": self.id, "sub": self.id, "aud": server, "jti": random_text()?,
            "iat": now.as_seconds(), "exp": now.plus(ASSERTION_LIFE).as_seconds(),
        });
        let none = Map::new();
        sign_jwt(&key, key_id, claims.as_object().unwrap_or(&none))
            .map_err(|why| ProviderError::Refused { reason: why.to_string() })
    }
}

/// Both parts are form-encoded before they are joined (RFC 6749, section 2.3.1).
fn basic(id: &str, secret: &Secret) -> Result<HeaderValue, ProviderError> {
    let mut pair = Zeroizing::new(String::with_capacity(1024));
    pair.extend(byte_serialize(id.as_bytes()));
    pair.push(':');
    pair.extend(byte_serialize(secret.expose().as_bytes()));
    let text = Zeroizing::new(format!("Basic {}", STANDARD.encode(pair.as_bytes())));
    let mut value = HeaderValue::from_str(&text)
        .map_err(|_| ProviderError::Refused { reason: "the client cannot be written as a header".to_owned() })?;
    value.set_sensitive(true);
    Ok(value)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_parts_of_basic_are_encoded() {
        let value = basic("a:b", &Secret::new("c d:%".to_owned().into())).unwrap();
        assert_eq!(value.to_str().unwrap(), format!("Basic {}", STANDARD.encode("a%3Ab:c+d%3A%25")));
        assert!(value.is_sensitive());
    }
}
