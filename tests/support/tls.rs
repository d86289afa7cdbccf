//! Certificates for one test: an authority of its own, and servers that it vouches for.

use std::{fs, path::Path, path::PathBuf, sync::Arc};

use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, DnType, IsCa, KeyPair};
use rustls::{
    ClientConfig, RootCertStore, ServerConfig, SupportedProtocolVersion,
    crypto::ring,
    pki_types::{CertificateDer, PrivateKeyDer, pem::PemObject as _},
    version::TLS13,
};
use tokio_rustls::{TlsAcceptor, TlsConnector};

/// An authority that exists for one test.
pub(crate) struct Authority {
    issuer: CertifiedIssuer<'static, KeyPair>,
    folder: PathBuf,
}

/// A server's certificate and key, and the authority's, as PEM files.
#[derive(Clone, Debug)]
pub(crate) struct Server {
    authority: PathBuf,
    certificate: PathBuf,
    key: PathBuf,
}

impl Authority {
    /// Makes an authority that keeps its files in `folder`.
    pub(crate) fn new(folder: &Path) -> Self {
        let mut params = CertificateParams::new(Vec::new()).expect("no names are valid names");
        // A certificate whose subject is its issuer's would pass for self-signed.
        params.distinguished_name.push(DnType::CommonName, "the authority of a test");
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        let key = KeyPair::generate().expect("random numbers");
        let issuer = CertifiedIssuer::self_signed(params, key).expect("it signs itself");
        fs::write(folder.join("authority.pem"), issuer.pem()).expect("a test's folder");
        Self { issuer, folder: folder.to_owned() }
    }

    /// A certificate for `name`, in files named after `file`; files of that name are replaced.
    pub(crate) fn server(&self, file: &str, name: &str) -> Server {
        let params = CertificateParams::new(vec![name.to_owned()]).expect("a name");
        let key = KeyPair::generate().expect("random numbers");
        let certificate = params.signed_by(&key, &self.issuer).expect("it signs");
        let path = |end: &str| self.folder.join(format!("{file}.{end}.pem"));
        let server =
            Server { authority: self.folder.join("authority.pem"), certificate: path("certificate"), key: path("key") };
        replace(&server.key, &key.serialize_pem());
        replace(&server.certificate, &certificate.pem());
        server
    }
}

/// Written beside and renamed, so that no reader sees half a file.
fn replace(path: &Path, text: &str) {
    use std::os::unix::fs::PermissionsExt as _;
    let aside = path.with_extension("new");
    fs::write(&aside, text).expect("a test's folder");
    fs::set_permissions(&aside, fs::Permissions::from_mode(0o600)).expect("a test's file");
    fs::rename(&aside, path).expect("a test's folder");
}

impl Server {
    /// The PEM file of the authority.
    pub(crate) fn authority(&self) -> &PathBuf {
        &self.authority
    }

    /// The PEM file of the certificate.
    pub(crate) fn certificate(&self) -> &Path {
        &self.certificate
    }

    /// The PEM file of the key.
    pub(crate) fn key(&self) -> &Path {
        &self.key
    }

    /// Serves with this certificate.
    pub(super) fn acceptor(&self) -> TlsAcceptor {
        let chain = CertificateDer::pem_file_iter(&self.certificate).and_then(Iterator::collect::<Result<Vec<_>, _>>);
        let key = PrivateKeyDer::from_pem_file(&self.key).expect("a key");
        let config = ServerConfig::builder_with_provider(Arc::new(ring::default_provider()));
        let config = config.with_safe_default_protocol_versions().expect("ring has them").with_no_client_auth();
        let config = config.with_single_cert(chain.expect("a chain"), key).expect("they fit each other");
        TlsAcceptor::from(Arc::new(config))
    }
}

/// A client that trusts only the authority in this PEM file and speaks only these versions.
pub(crate) fn connector(authority: &Path, versions: &[&'static SupportedProtocolVersion]) -> TlsConnector {
    TlsConnector::from(Arc::new(client(authority, versions)))
}

/// A client that trusts only the authority in this PEM file, and offers one protocol to speak inside (RFC 7301).
pub(crate) fn connector_offering(authority: &Path, protocol: &str) -> TlsConnector {
    let mut config = client(authority, &[&TLS13]);
    config.alpn_protocols = vec![protocol.as_bytes().to_vec()];
    TlsConnector::from(Arc::new(config))
}

fn client(authority: &Path, versions: &[&'static SupportedProtocolVersion]) -> ClientConfig {
    let mut roots = RootCertStore::empty();
    roots.add(CertificateDer::from_pem_file(authority).expect("a certificate")).expect("an authority");
    let config = ClientConfig::builder_with_provider(Arc::new(ring::default_provider()));
    let config = config.with_protocol_versions(versions).expect("ring has them");
    config.with_root_certificates(roots).with_no_client_auth()
}
