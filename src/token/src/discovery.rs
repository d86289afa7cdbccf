//! Where an issuer publishes its keys: OpenID Connect Discovery 1.0, section 4.

use serde_json::Value;
use url::{Host, Url};

use crate::{fetch::BODY_LENGTH_MAX, strict, strict::NotStrict};

/// Why a discovery document is not used.
#[derive(Debug, Clone, Copy, thiserror::Error, PartialEq, Eq)]
pub enum DiscoveryRefused {
    /// Not strict JSON.
    #[error("the discovery document: {0}")]
    NotStrict(#[from] NotStrict),
    /// `issuer` differs from the configured one by at least a byte.
    #[error("the discovery document names another issuer than the configuration; they must be equal byte for byte")]
    OtherIssuer,
    /// `jwks_uri` is missing, or not an https URL.
    #[error("the discovery document has no https `jwks_uri`")]
    NoKeys,
}

/// Why a URL is not one that keys are fetched from.
#[derive(Debug, Clone, Copy, thiserror::Error, PartialEq, Eq)]
#[error("keys are fetched from an https URL without user, query or fragment; http is for loopback only")]
pub struct NotFetchable;

/// A URL whose answer can be trusted: https, or http on this machine.
pub(crate) fn fetchable(text: &str) -> Result<Url, NotFetchable> {
    let url = Url::parse(text).map_err(|_| NotFetchable)?;
    let is_loopback = match url.host() {
        Some(Host::Domain(name)) => name == "localhost",
        Some(Host::Ipv4(address)) => address.is_loopback(),
        Some(Host::Ipv6(address)) => address.is_loopback(),
        None => false,
    };
    let is_protected = url.scheme() == "https" || (url.scheme() == "http" && is_loopback);
    let is_plain = url.username().is_empty() && url.password().is_none() && url.fragment().is_none();
    if is_protected && is_plain { Ok(url) } else { Err(NotFetchable) }
}

/// The discovery document's address: the issuer, without a trailing slash, and the well-known path.
pub(crate) fn document_url(issuer: &str) -> Result<Url, NotFetchable> {
    let issuer_url = fetchable(issuer)?;
    if issuer_url.query().is_some() {
        return Err(NotFetchable);
    }
    fetchable(&format!("{}/.well-known/openid-configuration", issuer.trim_end_matches('/')))
}

/// Reads `jwks_uri` from the document of `issuer`.
pub(crate) fn jwks_uri(body: &[u8], issuer: &str) -> Result<Url, DiscoveryRefused> {
    let document = strict::object(body, BODY_LENGTH_MAX)?;
    if document.get("issuer").and_then(Value::as_str) != Some(issuer) {
        return Err(DiscoveryRefused::OtherIssuer);
    }
    let uri = document.get("jwks_uri").and_then(Value::as_str).ok_or(DiscoveryRefused::NoKeys)?;
    fetchable(uri).map_err(|_| DiscoveryRefused::NoKeys)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_issuer_is_compared_byte_for_byte() {
        let document = br#"{"issuer":"https://idp.example","jwks_uri":"https://idp.example/keys"}"#;
        assert_eq!(jwks_uri(document, "https://idp.example").unwrap().as_str(), "https://idp.example/keys");
        for other in ["https://idp.example/", "https://IDP.example", "http://idp.example", ""] {
            assert_eq!(jwks_uri(document, other), Err(DiscoveryRefused::OtherIssuer), "{other}");
        }
        let plain = br#"{"issuer":"https://idp.example","jwks_uri":"http://idp.example/keys"}"#;
        assert_eq!(jwks_uri(plain, "https://idp.example"), Err(DiscoveryRefused::NoKeys));
    }

    #[test]
    fn keys_come_over_tls_or_from_this_machine() {
        assert_eq!(
            document_url("https://idp.example/t/").unwrap().as_str(),
            "https://idp.example/t/.well-known/openid-configuration"
        );
        assert!(document_url("http://127.0.0.1:8080").is_ok());
        assert!(document_url("http://[::1]:8080").is_ok());
        for refused in [
            "http://idp.example",
            "http://127.0.0.1.idp.example",
            "https://user@idp.example",
            "https://idp.example?x=1",
            "file:///keys",
            "idp.example",
        ] {
            assert_eq!(document_url(refused), Err(NotFetchable), "{refused}");
        }
    }
}
