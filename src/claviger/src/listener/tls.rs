//! TLS 1.3 at a listener, with a certificate that is read again when its file changes.

use std::{
    fs,
    path::{Path, PathBuf},
    sync::Arc,
    time::{Duration, SystemTime},
};

use arc_swap::ArcSwap;
use parking_lot::Mutex;
use rustls::{
    ServerConfig,
    crypto::ring,
    pki_types::{CertificateDer, PrivateKeyDer, pem::PemObject as _},
    server::{ClientHello, ResolvesServerCert},
    sign::CertifiedKey,
};
use tokio::net::TcpStream;
use tokio_rustls::{TlsAcceptor, server::TlsStream};

use crate::output::Failure;

/// A changed certificate serves at the latest this long after its file was replaced, at the next handshake.
const RECHECK_INTERVAL: Duration = Duration::from_secs(1);

/// Accepts TLS connections.
#[derive(Clone)]
pub(super) struct Acceptor(TlsAcceptor);

impl Acceptor {
    /// Reads a certificate chain and its key.
    pub(super) fn read(certificate: &Path, key: &Path) -> Result<Self, Failure> {
        let provider = Arc::new(ring::default_provider());
        let chosen = Chosen::read(certificate, key)?;
        let versions = ServerConfig::builder_with_provider(provider).with_protocol_versions(&[&rustls::version::TLS13]);
        let versions = versions.map_err(|error| Failure::new(format!("TLS 1.3 cannot be set up: {error}")))?;
        let mut config = versions.with_no_client_auth().with_cert_resolver(Arc::new(chosen));
        config.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
        Ok(Self(TlsAcceptor::from(Arc::new(config))))
    }

    pub(super) async fn accept(&self, stream: TcpStream) -> std::io::Result<TlsStream<TcpStream>> {
        self.0.accept(stream).await
    }
}

impl std::fmt::Debug for Acceptor {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Acceptor(…)")
    }
}

/// The certificate that is served now.
#[derive(Debug)]
struct Chosen {
    certificate: PathBuf,
    key: PathBuf,
    current: ArcSwap<CertifiedKey>,
    checked: Mutex<Checked>,
}

#[derive(Debug)]
struct Checked {
    at: tokio::time::Instant,
    modified: [Option<SystemTime>; 2],
}

impl Chosen {
    fn read(certificate: &Path, key: &Path) -> Result<Self, Failure> {
        let current = ArcSwap::from_pointee(read(certificate, key).map_err(Failure::new)?);
        let checked = Mutex::new(Checked { at: tokio::time::Instant::now(), modified: modified(certificate, key) });
        Ok(Self { certificate: certificate.to_owned(), key: key.to_owned(), current, checked })
    }

    /// Reads the files again where they have changed. Files that do not fit each other, as in the middle of a replacement, leave
    /// the old certificate in place until the next look.
    fn refresh(&self) {
        {
            let mut checked = self.checked.lock();
            if checked.at.elapsed() < RECHECK_INTERVAL {
                return;
            }
            checked.at = tokio::time::Instant::now();
            let modified = modified(&self.certificate, &self.key);
            if modified == checked.modified {
                return;
            }
            checked.modified = modified;
        }
        match read(&self.certificate, &self.key) {
            Ok(certified) => {
                self.current.store(Arc::new(certified));
                tracing::info!(certificate = %self.certificate.display(), "a new certificate is served");
            }
            Err(error) => {
                // Looked at again with the next handshake, since a half-written file becomes whole.
                self.checked.lock().modified = [None, None];
                tracing::warn!(%error, "the changed certificate cannot be used; the old one is served");
            }
        }
    }
}

impl ResolvesServerCert for Chosen {
    fn resolve(&self, _hello: ClientHello<'_>) -> Option<Arc<CertifiedKey>> {
        self.refresh();
        Some(self.current.load_full())
    }
}

fn modified(certificate: &Path, key: &Path) -> [Option<SystemTime>; 2] {
    [certificate, key].map(|path| fs::metadata(path).and_then(|metadata| metadata.modified()).ok())
}

fn read(certificate: &Path, key: &Path) -> Result<CertifiedKey, String> {
    let chain = CertificateDer::pem_file_iter(certificate)
        .and_then(Iterator::collect::<Result<Vec<_>, _>>)
        .map_err(|error| format!("{}: no certificate chain in PEM: {error}", certificate.display()))?;
    let private = PrivateKeyDer::from_pem_file(key).map_err(|_| format!("{}: no private key in PEM", key.display()))?;
    let certified = CertifiedKey::from_der(chain, private, &ring::default_provider());
    certified.map_err(|error| format!("{} and {} do not fit each other: {error}", certificate.display(), key.display()))
}
