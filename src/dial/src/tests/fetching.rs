//! A fetch is one bounded GET, wherever its answer points.

use std::time::Duration;

use model::AddressClass;
use url::Url;

use crate::{
    DialOptions, Dialer, FetchError, FetchLimits, Fetched,
    testing::{Authority, Certificate, Then, serve, silent},
};

async fn fetch(url: &str) -> Result<Fetched, FetchError> {
    let limits = FetchLimits { body_length_max: 64, timeout: Duration::from_secs(7) };
    Dialer::new(DialOptions::default()).fetch(&Url::parse(url).unwrap(), limits, AddressClass::Loopback).await
}

#[tokio::test]
async fn a_document_is_fetched_with_its_query_and_nothing_else() {
    let (port, _) = serve(None, |turn| {
        let body = turn.head;
        (format!("HTTP/1.1 200 OK\r\ncontent-length: {}\r\n\r\n{body}", body.len()).into_bytes(), Then::Close)
    })
    .await;
    let limits = FetchLimits { body_length_max: 4096, timeout: Duration::from_secs(7) };
    let url = Url::parse(&format!("http://127.0.0.1:{port}/a/b?c=d#e")).unwrap();
    let fetched = Dialer::new(DialOptions::default()).fetch(&url, limits, AddressClass::Loopback).await.unwrap();
    let expected = format!(
        "GET /a/b?c=d HTTP/1.1\r\nhost: 127.0.0.1:{port}\r\naccept: application/json\r\naccept-encoding: identity\r\n\
         connection: close\r\n\r\n"
    );
    assert_eq!((fetched.status.as_u16(), String::from_utf8_lossy(&fetched.body).as_ref()), (200, expected.as_str()));
}

#[tokio::test]
async fn no_redirect_is_followed() {
    for code in [301, 302, 303, 307, 308] {
        let (second, seen) = serve(None, |_| (b"HTTP/1.1 204 No Content\r\n\r\n".to_vec(), Then::Close)).await;
        let (first, _) = serve(None, move |_| {
            let location = format!("http://127.0.0.1:{second}/");
            let head = format!(
                "HTTP/1.1 {code} Moved\r\nlocation: {location}\r\nrefresh: 0; url={location}\r\n\
                 alt-svc: h2=\":{second}\"\r\ncontent-length: 0\r\n\r\n"
            );
            (head.into_bytes(), Then::Close)
        })
        .await;
        assert_eq!(fetch(&format!("http://127.0.0.1:{first}/")).await.unwrap().status, code);
        assert_eq!(seen.connections(), 0, "{code}");
        assert_eq!(fetch(&format!("http://127.0.0.1:{second}/")).await.unwrap().status, 204);
        assert_eq!(seen.requests(), 1, "the second server answers when it is asked");
    }
}

#[tokio::test]
async fn a_long_answer_is_refused_with_and_without_a_length() {
    for head in ["content-length: 65", "connection: close"] {
        let (port, _) = serve(None, move |_| {
            (format!("HTTP/1.1 200 OK\r\n{head}\r\n\r\n{}", "x".repeat(65)).into_bytes(), Then::Close)
        })
        .await;
        let error = fetch(&format!("http://127.0.0.1:{port}/")).await.unwrap_err();
        assert_eq!(error.to_string(), "the response is longer than 64 bytes", "{head}");
    }
    let (port, _) =
        serve(None, |_| (format!("HTTP/1.1 200 OK\r\n\r\n{}", "x".repeat(64)).into_bytes(), Then::Close)).await;
    assert_eq!(fetch(&format!("http://127.0.0.1:{port}/")).await.unwrap().body.len(), 64);
}

#[tokio::test]
async fn only_https_is_fetched_from_elsewhere() {
    let dialer = Dialer::new(DialOptions::default());
    for (url, class) in [
        ("http://a.example/", AddressClass::Public),
        ("http://10.0.0.1/", AddressClass::Private),
        ("https://user@a.example/", AddressClass::Public),
        ("https://user:pass@a.example/", AddressClass::Public),
        ("file:///etc/passwd", AddressClass::Loopback),
        ("ftp://127.0.0.1/", AddressClass::Loopback),
        ("data:application/json,{}", AddressClass::Loopback),
    ] {
        let refused = dialer.fetch(&Url::parse(url).unwrap(), FetchLimits::default(), class).await;
        assert!(matches!(refused, Err(FetchError::UrlRefused)), "{url}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_fetch_ends_in_time() {
    let (port, _listener) = silent().await;
    let error = fetch(&format!("http://127.0.0.1:{port}/")).await.unwrap_err();
    let text = error.to_string();
    assert!(matches!(error, FetchError::Timeout | FetchError::Send(_)), "{text}");
}

#[tokio::test]
async fn a_fetch_trusts_whom_it_is_told_to() {
    let authority = Authority::new();
    let answer = b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\n{}";
    let (port, seen) = serve(Some(authority.acceptor(Certificate::Good)), move |_| (answer.to_vec(), Then::Keep)).await;
    let url = Url::parse(&format!("https://localhost:{port}/")).unwrap();
    let (limits, class) = (FetchLimits::default(), AddressClass::Loopback);
    let dialer = Authority::new().dialer();
    assert!(dialer.fetch(&url, limits, class).await.is_err());
    assert_eq!(seen.bytes(), 0);
    let fetched = dialer.fetch_trusting(&url, limits, class, authority.anchors()).await.unwrap();
    assert_eq!(fetched.body, "{}");
}
