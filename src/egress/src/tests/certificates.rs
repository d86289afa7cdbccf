//! A client certificate is shown in the handshake, on connections of its own lease, and replaced without dropping a call.

use std::{sync::Arc, time::Duration};

use dial::{Roots, TrustAnchors};
use model::Injection;
use provider::{Lease, Material};
use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, DnType, IsCa, KeyPair};
use ring::digest::{SHA256, digest};
use rustls::{
    RootCertStore, ServerConfig,
    pki_types::{PrivateKeyDer, PrivatePkcs8KeyDer},
    server::WebPkiClientVerifier,
};
use secret::SecretBytes;
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::TcpListener,
    sync::Notify,
};
use tokio_rustls::{TlsAcceptor, server::TlsStream};

use crate::{
    EgressError, InvalidUpstream, Keeping, UpstreamTarget,
    testing::{Call, NOW, Rig, Source, parts, read, spawn, upstream},
};

const LIFE: Duration = Duration::from_secs(300);

type Authority = CertifiedIssuer<'static, KeyPair>;

fn authority() -> Authority {
    let mut params = CertificateParams::new(Vec::new()).unwrap();
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    params.distinguished_name.push(DnType::CommonName, "authority");
    CertifiedIssuer::self_signed(params, KeyPair::generate().unwrap()).unwrap()
}

/// A certificate for `name`, and its key in PKCS #8.
fn certificate(authority: &Authority, name: &str) -> (Vec<u8>, Vec<u8>) {
    let key = KeyPair::generate().unwrap();
    let params = CertificateParams::new(vec![name.to_owned()]).unwrap();
    (params.signed_by(&key, authority).unwrap().der().to_vec(), key.serialize_der())
}

fn lease(id: &str, chain: Vec<u8>, key: Vec<u8>, life: Duration) -> Lease {
    let material = Material::Certificate { chain: vec![chain], private_key: SecretBytes::new(key.into()) };
    Lease { id: id.parse().unwrap(), material, expiry: Some(NOW.plus(life)), renewable: false }
}

fn thumbprint(certificate: &[u8]) -> String {
    digest(&SHA256, certificate).as_ref().iter().map(|byte| format!("{byte:02x}")).collect()
}

/// Answers each request with the thumbprint of the certificate that its connection showed; the body of `/slow` waits for `go`.
async fn server(authority: &Authority, go: Arc<Notify>) -> u16 {
    let mut roots = RootCertStore::empty();
    roots.add(authority.der().clone()).unwrap();
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let verifier = WebPkiClientVerifier::builder_with_provider(Arc::new(roots), Arc::clone(&provider)).build().unwrap();
    let (chain, key) = certificate(authority, "localhost");
    let config = ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_client_cert_verifier(verifier)
        .with_single_cert(vec![chain.into()], PrivateKeyDer::Pkcs8(PrivatePkcs8KeyDer::from(key)))
        .unwrap();
    let acceptor = TlsAcceptor::from(Arc::new(config));
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    spawn(async move {
        while let Ok((socket, _)) = listener.accept().await {
            let (acceptor, go) = (acceptor.clone(), Arc::clone(&go));
            spawn(async move {
                if let Ok(stream) = acceptor.accept(socket).await {
                    answer(stream, &go).await;
                }
            });
        }
    });
    port
}

async fn answer(mut stream: TlsStream<tokio::net::TcpStream>, go: &Notify) {
    let shown = thumbprint(&stream.get_ref().1.peer_certificates().unwrap()[0]);
    let mut head = [0; 4096];
    while let Ok(count @ 1..) = stream.read(&mut head).await {
        let length = format!("HTTP/1.1 200 OK\r\nContent-Length: {}\r\n\r\n", shown.len());
        stream.write_all(length.as_bytes()).await.unwrap();
        if String::from_utf8_lossy(&head[..count]).contains("/slow") {
            go.notified().await;
        }
        stream.write_all(shown.as_bytes()).await.unwrap();
    }
}

#[tokio::test]
async fn each_session_shows_its_own_and_a_call_outlasts_the_replacement() {
    let (authority, go) = (authority(), Arc::new(Notify::new()));
    let api = upstream(
        &format!("https://localhost:{}", server(&authority, Arc::clone(&go)).await),
        Injection::ClientCertificate,
    );
    let issued: Vec<_> = ["a", "b", "a again"].map(|name| certificate(&authority, name)).into();
    let thumbprints: Vec<_> = issued.iter().map(|(chain, _)| thumbprint(chain)).collect();
    let source = Source::of(move |count, session| {
        let (chain, key) = issued[count - 1].clone();
        Ok(lease(&format!("{session}-{count}"), chain, key, LIFE * if count < 3 { 1 } else { 3 }))
    });
    let anchors = TrustAnchors::from_der([authority.der().to_vec()]).unwrap();
    let rig = Rig::trusting(Roots::Only(anchors), vec![(source, Keeping::UntilExpiry)]);
    let call = async |session: &str, path| rig.carry(Call::get(&api, path).in_session(session)).await.unwrap();
    let shown =
        async |session: &str| String::from_utf8(read(call(session, "/").await).await.unwrap().to_vec()).unwrap();

    assert_eq!([shown("a").await, shown("b").await, shown("a").await], [0, 1, 0].map(|i| thumbprints[i].clone()));
    let waiting = call("a", "/slow").await;
    rig.clock.advance(LIFE);
    assert_eq!(shown("a").await, thumbprints[2], "the session has a new certificate");
    go.notify_one();
    assert_eq!(read(waiting).await.unwrap(), thumbprints[0], "and the call from before it ends on the old one");
}

#[tokio::test]
async fn a_certificate_that_cannot_be_shown_is_not() {
    let authority = authority();
    let (chain, _) = certificate(&authority, "a");
    let (_, other_key) = certificate(&authority, "a");
    let port = server(&authority, Arc::default()).await;
    let api = upstream(&format!("https://localhost:{port}"), Injection::ClientCertificate);
    for (chain, key) in [(chain.clone(), other_key), (chain, b"no key".to_vec())] {
        let source = Source::of(move |_, _| Ok(lease("l", chain.clone(), key.clone(), LIFE)));
        let rig = Rig::new(vec![(source, Keeping::UntilExpiry)]);
        assert_eq!(rig.carry(Call::get(&api, "/")).await.unwrap_err(), EgressError::CredentialUnfit);
    }
    let token = Source::of(|_, _| Ok(crate::testing::lease("l", &crate::testing::canary(), Some(NOW.plus(LIFE)))));
    let rig = Rig::new(vec![(token, Keeping::UntilExpiry)]);
    assert_eq!(rig.carry(Call::get(&api, "/")).await.unwrap_err(), EgressError::CredentialUnfit);
    let plain = UpstreamTarget::new(parts("http://127.0.0.1:1", Injection::ClientCertificate)).unwrap_err();
    assert_eq!(plain, InvalidUpstream::CertificateWithoutTls);
}
