//! Each fault has its own name, blames somebody, and says nothing that somebody else wrote.

use std::sync::Arc;

use dial::Roots;
use model::AddressClass;
use provider::ProviderError;
use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, DnType, IsCa, KeyPair, date_time_ymd};
use rustls::{
    ServerConfig,
    pki_types::{PrivateKeyDer, PrivatePkcs8KeyDer},
};
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::TcpListener,
};
use tokio_rustls::TlsAcceptor;

use crate::{
    Blame, EgressError, Keeping, TrustAnchors, UpstreamParts, UpstreamTarget,
    testing::{Call, Recorder, Rig, Source, bearer, canary, parts, read, spawn, upstream},
};

/// A server that answers every connection with the same bytes and then does nothing more.
async fn raw(bytes: &'static [u8], closes: bool) -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    spawn(async move {
        let mut open = Vec::new();
        while let Ok((mut socket, _)) = listener.accept().await {
            let mut head = [0; 4096];
            if socket.read(&mut head).await.is_ok() && socket.write_all(bytes).await.is_ok() && !closes {
                open.push(socket);
            }
        }
    });
    port
}

async fn fault(port: u16) -> EgressError {
    let api = upstream(&format!("http://127.0.0.1:{port}"), bearer());
    match Rig::stored(&canary()).carry(Call::get(&api, "/")).await {
        Ok(response) => read(response).await.unwrap_err(),
        Err(error) => error,
    }
}

#[tokio::test]
async fn what_an_upstream_does_wrong_is_named() {
    for (bytes, closes, expected) in [
        (&b""[..], true, EgressError::Cut),
        (b"HTTP/1.1 200", true, EgressError::Cut),
        (b"nonsense\r\n\r\n", true, EgressError::BadHead),
        (b"HTTP/1.1 101 Switching Protocols\r\nupgrade: h2c\r\n\r\n", false, EgressError::BadHead),
        (b"HTTP/1.1 200 OK\r\ncontent-length: 9\r\n\r\nshort", true, EgressError::Cut),
        (b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\nzz\r\n", true, EgressError::Cut),
    ] {
        let error = fault(raw(bytes, closes).await).await;
        assert_eq!((error, error.blame()), (expected, Blame::Upstream), "{}", String::from_utf8_lossy(bytes));
        assert!(!error.is_unsent());
    }
}

#[tokio::test]
async fn where_nothing_listens_nothing_is_sent() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    drop(listener);
    assert_eq!(fault(port).await, EgressError::Unreachable);
    assert!(EgressError::Unreachable.is_unsent());

    for class in [AddressClass::Public, AddressClass::Private] {
        let recorder = Recorder::ok().await;
        let refused = UpstreamParts { class, ..parts(&format!("http://localhost:{}", recorder.port), bearer()) };
        let api = Arc::new(UpstreamTarget::new(refused).unwrap());
        let error = Rig::stored(&canary()).carry(Call::get(&api, "/")).await.unwrap_err();
        assert_eq!((error, recorder.count()), (EgressError::AddressRefused, 0));
    }
}

#[tokio::test(start_paused = true)]
async fn an_upstream_that_does_not_answer_is_given_up() {
    assert_eq!(fault(raw(b"", false).await).await, EgressError::HeadTimeout);
    let half = b"HTTP/1.1 200 OK\r\ncontent-length: 9\r\n\r\nshort";
    assert_eq!(fault(raw(half, false).await).await, EgressError::BodyTimeout);
}

#[tokio::test(start_paused = true)]
async fn a_source_that_does_not_issue_sends_nothing() {
    let recorder = Recorder::ok().await;
    let api = upstream(&format!("http://127.0.0.1:{}", recorder.port), bearer());
    let text = canary();
    let sources = [
        (Source::of(|_, _| Err(ProviderError::Missing { reason: "x".to_owned() })), EgressError::CredentialMissing),
        (Source::of(|_, _| Err(ProviderError::Refused { reason: "x".to_owned() })), EgressError::CredentialRefused),
        (Source::of(|_, _| Err(ProviderError::Unreachable)), EgressError::CredentialSourceUnreachable),
        (
            Source::slow(std::time::Duration::from_secs(3600), |_, _| Err(ProviderError::CannotRevoke)),
            EgressError::CredentialSourceUnreachable,
        ),
        (Source::stored("short"), EgressError::CredentialUnmaskable),
        (Source::stored(&format!("{text}\r\nx: y")), EgressError::CredentialUnfit),
    ];
    for (source, expected) in sources {
        for keeping in [Keeping::Nothing, Keeping::UntilExpiry] {
            let error = Rig::new(vec![(source.clone(), keeping)]).carry(Call::get(&api, "/")).await.unwrap_err();
            assert_eq!((error, error.blame()), (expected, Blame::Us));
            assert!(error.is_unsent());
            assert!(!format!("{error} {error:?}").contains(&text));
        }
    }
    let no_source = Rig::new(Vec::new()).carry(Call::get(&api, "/")).await.unwrap_err();
    assert_eq!(no_source, EgressError::CredentialMissing);
    assert_eq!(recorder.count(), 0);
}

#[tokio::test]
async fn an_account_that_is_not_connected_is_asked_for_each_time() {
    let recorder = Recorder::ok().await;
    let api = upstream(&format!("http://127.0.0.1:{}", recorder.port), bearer());
    for keeping in [Keeping::Nothing, Keeping::UntilExpiry] {
        let asked = Arc::new(std::sync::atomic::AtomicUsize::new(0));
        let counted = Arc::clone(&asked);
        let source = Source::of(move |_, _| {
            counted.fetch_add(1, std::sync::atomic::Ordering::Relaxed);
            Err(ProviderError::NotConnected)
        });
        let rig = Rig::new(vec![(source, keeping)]);
        for count in 1..=2 {
            let error = rig.carry(Call::get(&api, "/")).await.unwrap_err();
            assert_eq!((error, error.blame(), error.is_unsent()), (EgressError::NotConnected, Blame::Caller, true));
            assert_eq!(asked.load(std::sync::atomic::Ordering::Relaxed), count);
        }
    }
    assert_eq!(recorder.count(), 0);
}

/// A TLS server that counts what it can decrypt.
async fn tls(authority: &CertifiedIssuer<'static, KeyPair>, kind: &str) -> (u16, Arc<std::sync::atomic::AtomicUsize>) {
    use std::sync::atomic::{AtomicUsize, Ordering};
    let name = if kind == "other name" { "other.example" } else { "localhost" };
    let mut params = CertificateParams::new(vec![name.to_owned()]).unwrap();
    params.distinguished_name.push(DnType::CommonName, "server");
    if kind == "expired" {
        params.not_after = date_time_ymd(2020, 1, 1);
    }
    let key = KeyPair::generate().unwrap();
    let certificate = if kind == "self-signed" { params.self_signed(&key) } else { params.signed_by(&key, authority) };
    let key = PrivateKeyDer::Pkcs8(PrivatePkcs8KeyDer::from(key.serialize_der()));
    let config = ServerConfig::builder_with_provider(Arc::new(rustls::crypto::ring::default_provider()))
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(vec![certificate.unwrap().der().clone()], key)
        .unwrap();
    let acceptor = TlsAcceptor::from(Arc::new(config));
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    let bytes = Arc::new(AtomicUsize::new(0));
    let counted = Arc::clone(&bytes);
    spawn(async move {
        while let Ok((socket, _)) = listener.accept().await {
            let Ok(mut stream) = acceptor.accept(socket).await else { continue };
            let mut head = [0; 4096];
            if let Ok(count) = stream.read(&mut head).await {
                counted.fetch_add(count, Ordering::SeqCst);
                let _closed = stream.write_all(b"HTTP/1.1 204 No Content\r\n\r\n").await;
            }
        }
    });
    (port, bytes)
}

#[tokio::test]
async fn a_server_that_does_not_prove_its_name_gets_no_byte() {
    let mut params = CertificateParams::new(Vec::new()).unwrap();
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    params.distinguished_name.push(DnType::CommonName, "authority");
    let authority = CertifiedIssuer::self_signed(params, KeyPair::generate().unwrap()).unwrap();
    for (kind, expected) in [
        ("other name", Some(EgressError::TlsName)),
        ("expired", Some(EgressError::TlsExpired)),
        ("self-signed", Some(EgressError::TlsUnknownIssuer)),
        ("good", None),
    ] {
        let anchors = TrustAnchors::from_der([authority.der().to_vec()]).unwrap();
        let rig = Rig::trusting(Roots::Only(anchors), vec![(Source::stored(&canary()), Keeping::Nothing)]);
        let (port, bytes) = tls(&authority, kind).await;
        let api = upstream(&format!("https://localhost:{port}"), bearer());
        let outcome = rig.carry(Call::get(&api, "/")).await.err();
        let count = bytes.load(std::sync::atomic::Ordering::SeqCst);
        assert_eq!((outcome, count > 0), (expected, expected.is_none()), "{kind}");
    }
}
