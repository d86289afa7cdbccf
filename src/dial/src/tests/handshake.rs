//! No byte of a request leaves before the server has proven its name.

use http::{Request, header};
use model::AddressClass;

use crate::{
    DialError, Dialer, Pool, PoolKey, PoolLimits, RequestBody, SendError, Target, Timeouts,
    testing::{Authority, Certificate, Seen, Then, serve},
};

const ANSWER: &[u8] = b"HTTP/1.1 204 No Content\r\n\r\n";

async fn server(authority: &Authority, kind: Certificate) -> (u16, Seen) {
    serve(Some(authority.acceptor(kind)), |_| (ANSWER.to_vec(), Then::Keep)).await
}

fn pool(dialer: &Dialer, host: &str, port: u16) -> Pool {
    let destination = format!("https://{host}:{port}").parse().unwrap();
    let target = Target { destination, class: AddressClass::Loopback, anchors: None, timeouts: Timeouts::default() };
    dialer.pool(PoolKey::Plain { upstream: "api".parse().unwrap() }, target, PoolLimits::default())
}

fn request() -> Request<RequestBody> {
    Request::get("/").header(header::HOST, "localhost").body(RequestBody::empty()).unwrap()
}

#[tokio::test]
async fn a_server_with_a_bad_certificate_receives_nothing() {
    let authority = Authority::new();
    let dialer = authority.dialer();
    for (kind, expected) in [
        (Certificate::OtherName, "the certificate of the destination is for another name"),
        (Certificate::Expired, "the certificate of the destination is not valid today"),
        (Certificate::NotYetValid, "the certificate of the destination is not valid today"),
        (Certificate::SelfSigned, "the certificate of the destination comes from an unknown issuer"),
    ] {
        let (port, seen) = server(&authority, kind).await;
        let error = pool(&dialer, "localhost", port).send(request()).await.unwrap_err();
        assert_eq!(error.to_string(), expected, "{kind:?}: {error:?}");
        assert_eq!((seen.connections(), seen.bytes()), (1, 0), "{kind:?}");
    }
}

#[tokio::test]
async fn a_server_with_a_good_certificate_is_answered_from() {
    let authority = Authority::new();
    let (port, seen) = server(&authority, Certificate::Good).await;
    let response = pool(&authority.dialer(), "localhost", port).send(request()).await.unwrap();
    assert_eq!(response.status(), 204);
    assert_eq!(seen.requests(), 1);
    assert!(seen.bytes() > 0);
}

#[tokio::test]
async fn a_certificate_for_a_name_does_not_serve_an_address() {
    let authority = Authority::new();
    let (port, seen) = server(&authority, Certificate::Good).await;
    let error = pool(&authority.dialer(), "127.0.0.1", port).send(request()).await.unwrap_err();
    assert!(matches!(error, SendError::Dial(DialError::TlsName(_))), "{error:?}");
    assert_eq!(seen.bytes(), 0);
}

#[tokio::test]
async fn another_authority_is_an_unknown_issuer_unless_the_target_names_it() {
    let (ours, theirs) = (Authority::new(), Authority::new());
    let (port, seen) = server(&theirs, Certificate::Good).await;
    let error = pool(&ours.dialer(), "localhost", port).send(request()).await.unwrap_err();
    assert!(matches!(error, SendError::Dial(DialError::TlsUnknownIssuer(_))), "{error:?}");
    assert_eq!(seen.bytes(), 0);

    let destination = format!("https://localhost:{port}").parse().unwrap();
    let anchors = Some(theirs.anchors());
    let target = Target { destination, class: AddressClass::Loopback, anchors, timeouts: Timeouts::default() };
    let connection = ours.dialer().connect(&target).await.unwrap();
    assert_eq!(connection.peer().port(), port);

    // Named anchors replace the dialer's own.
    let (port, _) = server(&ours, Certificate::Good).await;
    let destination = format!("https://localhost:{port}").parse().unwrap();
    let error = ours.dialer().connect(&Target { destination, ..target }).await.unwrap_err();
    assert!(matches!(error, DialError::TlsUnknownIssuer(_)), "{error:?}");
}

#[tokio::test]
async fn a_server_without_tls_is_no_tls_server() {
    let (port, seen) = serve(None, |_| (ANSWER.to_vec(), Then::Keep)).await;
    let plain = pool(&Authority::new().dialer(), "localhost", port);
    // The server reads the hello as text that never ends; it must hold none of the request.
    let waiting = plain.send(request());
    tokio::select! {
        outcome = waiting => panic!("{outcome:?}"),
        () = crate::testing::until(|| seen.bytes() > 0) => assert_eq!(seen.requests(), 0),
    }
}
