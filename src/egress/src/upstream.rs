//! An upstream as egress knows it: where it is, how it is reached, and the one credential that it gets.

use std::{fmt, sync::OnceLock};

use dial::{Dialer, Pool, PoolKey, PoolLimits, Target, Timeouts, TrustAnchors};
use http::{HeaderName, HeaderValue, header};
use model::{AddressClass, Binding, Destination, Injection, InvalidInjection, Scheme, UpstreamName};
use provider::Lease;

use crate::{EgressError, certified::CertifiedPools, headers::is_reserved, inject::goes_to_aws};

/// Which of the sources that an egress was given issues a credential: its place in their list.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct ProviderHandle(pub usize);

/// The credential of an upstream, and who issues it.
#[derive(Debug, Clone)]
pub struct UpstreamCredential {
    /// What the credential is bound to.
    pub binding: Binding,
    /// Who issues it.
    pub provider: ProviderHandle,
}

/// What becomes of tokens that an upstream issues in its answers.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum IssuedTokenAction {
    /// They are masked like everything under a telling name, and forgotten.
    #[default]
    Mask,
    /// They are kept, and the caller gets handles in their place.
    Capture,
    /// The answer is withheld.
    Deny,
}

/// What an upstream is made of.
#[derive(Debug, Clone)]
pub struct UpstreamParts {
    /// Its name.
    pub name: UpstreamName,
    /// Where it is.
    pub destination: Destination,
    /// Which addresses it may have.
    pub class: AddressClass,
    /// Who may vouch for it in place of the operating system's trust anchors.
    pub anchors: Option<TrustAnchors>,
    /// How long each step of a call may take.
    pub timeouts: Timeouts,
    /// How many connections are kept.
    pub limits: PoolLimits,
    /// Header fields that a caller may send beside the usual ones.
    pub extra_headers: Vec<HeaderName>,
    /// Whether `Range` goes on. Who lets it on decides which ranges may be asked for: one could cut a secret in two before it is
    /// looked for.
    pub passes_ranges: bool,
    /// What becomes of tokens that it issues in its answers.
    pub issued_tokens: IssuedTokenAction,
    /// Whether pseudonyms take the place of personal values in its answers.
    pub gives_pseudonyms: bool,
    /// Its credential, where it needs one.
    pub credential: Option<UpstreamCredential>,
}

/// An upstream, checked. It owns the pool of its connections: one credential, one destination, one pool.
pub struct UpstreamTarget {
    parts: UpstreamParts,
    host: HeaderValue,
    pool: OnceLock<Pool>,
    certified: CertifiedPools,
}

/// Why an upstream cannot be called.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
pub enum InvalidUpstream {
    /// The credential is for another upstream, or for a destination that does not include this one.
    #[error("the credential is bound to another destination; store it again for this one")]
    CredentialBoundElsewhere,
    /// The slot cannot carry a credential.
    #[error(transparent)]
    Injection(#[from] InvalidInjection),
    /// A certificate is shown in a TLS handshake.
    #[error("a client certificate needs a destination with https")]
    CertificateWithoutTls,
    /// A caller may not set this header.
    #[error("the header {0} can carry a credential or change the request; it cannot be passed on")]
    ReservedHeader(HeaderName),
    /// The host cannot stand in a `Host` header.
    #[error("the host of the destination cannot stand in a Host header")]
    Host,
}

impl UpstreamTarget {
    /// Checks the parts against each other.
    ///
    /// # Errors
    /// See [`InvalidUpstream`].
    pub fn new(parts: UpstreamParts) -> Result<Self, InvalidUpstream> {
        let slot = parts.credential.as_ref().map(|credential| &credential.binding.injection);
        if let Some(UpstreamCredential { binding, .. }) = &parts.credential {
            if binding.upstream != parts.name || !binding.destination.covers(&parts.destination) {
                return Err(InvalidUpstream::CredentialBoundElsewhere);
            }
            binding.injection.validate()?;
            if binding.injection == Injection::ClientCertificate && parts.destination.scheme() == Scheme::Http {
                return Err(InvalidUpstream::CertificateWithoutTls);
            }
        }
        let is_slot = |name: &HeaderName| matches!(slot, Some(Injection::Header { name: slot, .. }) if slot == name);
        if let Some(name) = parts.extra_headers.iter().find(|name| is_reserved(name) || is_slot(name)) {
            return Err(InvalidUpstream::ReservedHeader(name.clone()));
        }
        let host = HeaderValue::try_from(parts.destination.authority()).map_err(|_| InvalidUpstream::Host)?;
        Ok(Self { parts, host, pool: OnceLock::new(), certified: CertifiedPools::default() })
    }

    /// Its name.
    #[must_use]
    pub const fn name(&self) -> &UpstreamName {
        &self.parts.name
    }

    /// Where it is.
    #[must_use]
    pub const fn destination(&self) -> &Destination {
        &self.parts.destination
    }

    /// Its credential, where it needs one.
    #[must_use]
    pub const fn credential(&self) -> Option<&UpstreamCredential> {
        self.parts.credential.as_ref()
    }

    /// What becomes of tokens that it issues.
    #[must_use]
    pub const fn issued_tokens(&self) -> IssuedTokenAction {
        self.parts.issued_tokens
    }

    /// Whether its callers get pseudonyms, which are turned back in what they send to it.
    #[must_use]
    pub const fn gives_pseudonyms(&self) -> bool {
        self.parts.gives_pseudonyms
    }

    /// Whether the credential goes into the body of a request, which must then be all there.
    #[must_use]
    pub fn fills_body(&self) -> bool {
        let slot = self.parts.credential.as_ref().map(|credential| &credential.binding.injection);
        matches!(slot, Some(Injection::Body { .. }))
    }

    /// Whether a caller may send this header field, beside the usual ones.
    pub(crate) fn passes(&self, name: &HeaderName) -> bool {
        let slot = self.parts.credential.as_ref().map(|credential| &credential.binding.injection);
        let is_of_aws = || matches!(slot, Some(Injection::AwsSigV4 { .. })) && goes_to_aws(name);
        let is_range = || *name == header::RANGE && self.parts.passes_ranges;
        self.parts.extra_headers.contains(name) || is_of_aws() || is_range()
    }

    pub(crate) const fn host(&self) -> &HeaderValue {
        &self.host
    }

    /// The connections of this upstream; made at the first call.
    pub(crate) fn pool(&self, dialer: &Dialer) -> &Pool {
        self.pool.get_or_init(|| dialer.pool(self.pool_key(), self.target(), self.parts.limits))
    }

    /// The connections that show the certificate of a lease; made at its first call.
    ///
    /// # Errors
    /// The certificate cannot be shown.
    pub(crate) fn certified_pool(&self, dialer: &Dialer, lease: &Lease) -> Result<Pool, EgressError> {
        self.certified
            .of(lease, |identity| dialer.certified_pool(self.pool_key(), self.target(), identity, self.parts.limits))
    }

    fn pool_key(&self) -> PoolKey {
        let upstream = self.parts.name.clone();
        match &self.parts.credential {
            Some(credential) => PoolKey::Credential { name: credential.binding.credential.clone(), upstream },
            None => PoolKey::Plain { upstream },
        }
    }

    fn target(&self) -> Target {
        let UpstreamParts { destination, class, anchors, timeouts, .. } = &self.parts;
        Target { destination: destination.clone(), class: *class, anchors: anchors.clone(), timeouts: *timeouts }
    }
}

impl fmt::Debug for UpstreamTarget {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("UpstreamTarget").field("parts", &self.parts).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parts(destination: &str) -> UpstreamParts {
        UpstreamParts {
            name: "api".parse().unwrap(),
            destination: destination.parse().unwrap(),
            class: AddressClass::Public,
            anchors: None,
            timeouts: Timeouts::default(),
            limits: PoolLimits::default(),
            extra_headers: Vec::new(),
            passes_ranges: false,
            issued_tokens: IssuedTokenAction::Mask,
            gives_pseudonyms: false,
            credential: None,
        }
    }

    fn bound(destination: &str, upstream: &str) -> UpstreamParts {
        let binding = Binding {
            credential: "key".parse().unwrap(),
            upstream: upstream.parse().unwrap(),
            destination: destination.parse().unwrap(),
            injection: Injection::Header { name: "x-key".parse().unwrap(), prefix: String::new() },
        };
        let credential = Some(UpstreamCredential { binding, provider: ProviderHandle(0) });
        UpstreamParts { credential, ..parts("https://api.example/v1") }
    }

    #[test]
    fn a_credential_serves_the_destination_that_it_is_bound_to() {
        assert!(UpstreamTarget::new(bound("https://api.example/v1", "api")).is_ok());
        assert!(UpstreamTarget::new(bound("https://api.example", "api")).is_ok());
        for (destination, upstream) in [
            ("https://api.example/v1", "other"),
            ("https://api.example/v1/users", "api"),
            ("https://api.example/v2", "api"),
            ("https://api.example:8443/v1", "api"),
            ("http://api.example/v1", "api"),
            ("https://evil.example/v1", "api"),
        ] {
            let refused = UpstreamTarget::new(bound(destination, upstream)).unwrap_err();
            assert_eq!(refused, InvalidUpstream::CredentialBoundElsewhere, "{destination} {upstream}");
        }
    }

    #[test]
    fn a_caller_is_never_let_into_a_slot() {
        for name in ["authorization", "x-key", "cookie", "x-forwarded-host"] {
            let name: HeaderName = name.parse().unwrap();
            let parts = UpstreamParts { extra_headers: vec![name.clone()], ..bound("https://api.example", "api") };
            assert_eq!(UpstreamTarget::new(parts).unwrap_err(), InvalidUpstream::ReservedHeader(name));
        }
        let extra_headers = vec!["x-tenant".parse().unwrap()];
        assert!(UpstreamTarget::new(UpstreamParts { extra_headers, ..bound("https://api.example", "api") }).is_ok());
    }
}
