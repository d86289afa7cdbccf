//! TLS as it is spoken to servers: verified name and chain, TLS 1.2 or later, HTTP/1.1, no early data.

use std::{fmt, io, sync::Arc};

use rustls::{
    CertificateError, ClientConfig, RootCertStore,
    client::Resumption,
    crypto::ring,
    pki_types::{CertificateDer, pem::PemObject as _},
};

use crate::{ClientIdentity, DialError};

/// Certificates that may vouch for a server.
#[derive(Clone)]
pub struct TrustAnchors(Arc<RootCertStore>);

/// Whom a dialer trusts where a target does not say.
#[derive(Debug, Clone, Default)]
pub enum Roots {
    /// The trust anchors of the operating system.
    #[default]
    System,
    /// These and no others.
    Only(TrustAnchors),
}

/// Why certificates cannot be trust anchors.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
pub enum InvalidTrustAnchors {
    /// There is no certificate.
    #[error("there is no certificate; expected one or more PEM blocks of type CERTIFICATE")]
    Empty,
    /// A certificate cannot be read.
    #[error("certificate {position} cannot be read as X.509")]
    Malformed {
        /// Which one, counted from 1.
        position: usize,
    },
}

impl TrustAnchors {
    /// From certificates in DER.
    ///
    /// # Errors
    /// Says which certificate cannot be read, or that there is none.
    pub fn from_der(certificates: impl IntoIterator<Item = Vec<u8>>) -> Result<Self, InvalidTrustAnchors> {
        let mut store = RootCertStore::empty();
        for (i, der) in certificates.into_iter().enumerate() {
            store.add(der.into()).map_err(|_| InvalidTrustAnchors::Malformed { position: i + 1 })?;
        }
        if store.is_empty() { Err(InvalidTrustAnchors::Empty) } else { Ok(Self(Arc::new(store))) }
    }

    /// From the text of a PEM file (RFC 7468); blocks of another type are passed over.
    ///
    /// # Errors
    /// Says which certificate cannot be read, or that there is none.
    pub fn from_pem(text: &[u8]) -> Result<Self, InvalidTrustAnchors> {
        let mut certificates = Vec::new();
        for (i, certificate) in CertificateDer::pem_slice_iter(text).enumerate() {
            let certificate = certificate.map_err(|_| InvalidTrustAnchors::Malformed { position: i + 1 })?;
            certificates.push(certificate.to_vec());
        }
        Self::from_der(certificates)
    }

    /// What a dialer trusts. A machine without trust anchors can still call plain and privately anchored destinations, so that
    /// this only warns.
    pub(crate) fn of(roots: Roots) -> Self {
        match roots {
            Roots::Only(anchors) => anchors,
            Roots::System => {
                let found = rustls_native_certs::load_native_certs();
                let mut store = RootCertStore::empty();
                let (usable, unusable) = store.add_parsable_certificates(found.certs);
                if usable == 0 {
                    tracing::warn!(
                        unusable,
                        "the operating system has no trust anchors; public TLS servers will be refused"
                    );
                }
                Self(Arc::new(store))
            }
        }
    }
}

impl fmt::Debug for TrustAnchors {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "TrustAnchors({})", self.0.len())
    }
}

/// Whether TLS sessions may be resumed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Sessions {
    /// Every connection is a full handshake.
    Fresh,
    /// Resumed, and only within this configuration: what is resumed under one credential never serves another.
    Resumed,
}

/// Sessions kept for resumption; a pool has one server, and a server hands out two to four tickets for each handshake.
const SESSION_COUNT_MAX: usize = 8;

/// A configuration of its own: settings, trust and resumption belong to one pool.
pub(crate) fn client_config(
    anchors: &TrustAnchors,
    identity: Option<&ClientIdentity>,
    sessions: Sessions,
) -> Arc<ClientConfig> {
    let config = ClientConfig::builder_with_provider(Arc::new(ring::default_provider()))
        .with_safe_default_protocol_versions()
        .expect("ring implements the suites of TLS 1.2 and 1.3")
        .with_root_certificates(Arc::clone(&anchors.0));
    let mut config = match identity {
        Some(identity) => config.with_client_cert_resolver(identity.resolver()),
        None => config.with_no_client_auth(),
    };
    config.alpn_protocols = vec![b"http/1.1".to_vec()];
    // Early data can be replayed by whoever recorded it, and would leave before the server has proven itself.
    config.enable_early_data = false;
    config.resumption = match sessions {
        Sessions::Fresh => Resumption::disabled(),
        Sessions::Resumed => Resumption::in_memory_sessions(SESSION_COUNT_MAX),
    };
    Arc::new(config)
}

/// Names what went wrong in a handshake.
pub(crate) fn handshake_error(error: io::Error) -> DialError {
    let reason = error.get_ref().and_then(|inner| inner.downcast_ref::<rustls::Error>());
    let Some(rustls::Error::InvalidCertificate(reason)) = reason else { return DialError::Tls(error) };
    #[expect(clippy::wildcard_enum_match_arm, reason = "the library's own enum, and it grows")]
    match reason {
        CertificateError::NotValidForName | CertificateError::NotValidForNameContext { .. } => {
            DialError::TlsName(error)
        }
        CertificateError::Expired
        | CertificateError::ExpiredContext { .. }
        | CertificateError::NotValidYet
        | CertificateError::NotValidYetContext { .. } => DialError::TlsExpired(error),
        CertificateError::UnknownIssuer => DialError::TlsUnknownIssuer(error),
        _ => DialError::Tls(error),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn trust_anchors_are_certificates() {
        assert_eq!(TrustAnchors::from_pem(b"").unwrap_err(), InvalidTrustAnchors::Empty);
        assert_eq!(TrustAnchors::from_der([]).unwrap_err(), InvalidTrustAnchors::Empty);
        assert_eq!(
            TrustAnchors::from_der([b"nonsense".to_vec()]).unwrap_err(),
            InvalidTrustAnchors::Malformed { position: 1 }
        );
        let authority = crate::testing::Authority::new();
        let anchors = TrustAnchors::from_pem(authority.pem().as_bytes()).unwrap();
        assert_eq!(format!("{anchors:?}"), "TrustAnchors(1)");
    }

    #[test]
    fn early_data_is_off_and_only_http_1_1_is_offered() {
        let anchors = crate::testing::Authority::new().anchors();
        for sessions in [Sessions::Fresh, Sessions::Resumed] {
            let config = client_config(&anchors, None, sessions);
            assert!(!config.enable_early_data);
            assert_eq!(config.alpn_protocols, [b"http/1.1".to_vec()]);
        }
    }
}
