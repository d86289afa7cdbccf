//! The body of a request to an endpoint: a form whose memory is wiped.

use bytes::Bytes;
use secret::Secret;
use url::form_urlencoded::byte_serialize;
use zeroize::Zeroizing;

/// Enough for two tokens in most forms, so that a secret is rarely moved while it is written.
const CAPACITY: usize = 16 * 1024;

/// Fields of `application/x-www-form-urlencoded`, in order.
pub(crate) struct Form(Zeroizing<String>);

impl Form {
    pub(crate) fn new(grant_type: &str) -> Self {
        Self::default().field("grant_type", grant_type)
    }

    pub(crate) fn field(mut self, name: &str, value: &str) -> Self {
        if !self.0.is_empty() {
            self.0.push('&');
        }
        self.0.push_str(name);
        self.0.push('=');
        self.0.extend(byte_serialize(value.as_bytes()));
        self
    }

    /// A field that is left out where it has no value.
    pub(crate) fn optional(self, name: &str, value: Option<&str>) -> Self {
        match value {
            Some(value) => self.field(name, value),
            None => self,
        }
    }

    pub(crate) fn secret(self, name: &str, secret: &Secret) -> Self {
        self.field(name, secret.expose())
    }

    /// The bytes, which are wiped when they have been sent.
    pub(crate) fn into_body(mut self) -> Bytes {
        Bytes::from_owner(Zeroizing::new(std::mem::take(&mut *self.0).into_bytes()))
    }
}

impl Default for Form {
    fn default() -> Self {
        Self(Zeroizing::new(String::with_capacity(CAPACITY)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fields_are_encoded_and_missing_ones_left_out() {
        let secret = Secret::new("a+b&c=d e\u{e9}".to_owned().into());
        let form =
            Form::new("x").optional("resource", Some("https://a/?b")).optional("scope", None).secret("s", &secret);
        assert_eq!(form.into_body(), "grant_type=x&resource=https%3A%2F%2Fa%2F%3Fb&s=a%2Bb%26c%3Dd+e%C3%A9");
    }
}
