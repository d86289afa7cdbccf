//! A submission is one bounded request, whatever it is answered with.

use std::time::Duration;

use bytes::Bytes;
use http::{HeaderMap, HeaderValue, Method, header};
use model::AddressClass;
use url::Url;

use crate::{
    DialOptions, Dialer, FetchError, FetchLimits, Fetched, Reach, Submission,
    testing::{Then, serve, silent},
};

async fn submit(url: &str) -> Result<Fetched, FetchError> {
    let url = Url::parse(url).unwrap();
    let headers = HeaderMap::from_iter([
        (header::AUTHORIZATION, HeaderValue::from_static("Basic YTpi")),
        // What frames the request is not the caller's.
        (header::HOST, HeaderValue::from_static("evil.example")),
    ]);
    let submission = Submission { method: Method::POST, url: &url, headers, body: Bytes::new() };
    let limits = FetchLimits { body_length_max: 512, timeout: Duration::from_secs(7) };
    let reach = Reach { class: AddressClass::Loopback, anchors: None };
    Dialer::new(DialOptions::default()).submit(submission, limits, &reach).await
}

#[tokio::test]
async fn what_is_submitted_arrives_with_its_own_fields_and_no_other_host() {
    let (port, seen) = serve(None, |turn| {
        let body = turn.head;
        (format!("HTTP/1.1 200 OK\r\ncontent-length: {}\r\n\r\n{body}", body.len()).into_bytes(), Then::Close)
    })
    .await;
    let answer = submit(&format!("http://127.0.0.1:{port}/token?a=b")).await.unwrap();
    let text = String::from_utf8_lossy(&answer.body).into_owned();
    let mut lines: Vec<_> = text.trim_end().split("\r\n").collect();
    lines.sort_unstable();
    let host = format!("host: 127.0.0.1:{port}");
    let expected = [
        "POST /token?a=b HTTP/1.1",
        "accept-encoding: identity",
        "authorization: Basic YTpi",
        "connection: close",
        "content-length: 0",
        &host,
    ];
    assert_eq!((lines.as_slice(), seen.requests()), (expected.as_slice(), 1));
}

#[tokio::test]
async fn a_redirect_and_an_error_are_answers() {
    for status in [302, 307, 400, 500] {
        let (port, seen) = serve(None, move |_| {
            let head = format!("HTTP/1.1 {status} X\r\nlocation: http://127.0.0.1:1/\r\ncontent-length: 2\r\n\r\n{{}}");
            (head.into_bytes(), Then::Close)
        })
        .await;
        let answer = submit(&format!("http://127.0.0.1:{port}/")).await.unwrap();
        assert_eq!((answer.status.as_u16(), seen.requests()), (status, 1));
    }
}

#[tokio::test]
async fn a_long_answer_and_a_foreign_plain_url_are_refused() {
    let (port, _) =
        serve(None, |_| (format!("HTTP/1.1 200 OK\r\n\r\n{}", "x".repeat(513)).into_bytes(), Then::Close)).await;
    assert!(matches!(submit(&format!("http://127.0.0.1:{port}/")).await, Err(FetchError::TooLong { .. })));
    for url in ["http://user:word@127.0.0.1/", "ftp://127.0.0.1/"] {
        assert!(matches!(submit(url).await, Err(FetchError::UrlRefused)), "{url}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_submission_ends_in_time() {
    let (port, _listener) = silent().await;
    let refused = submit(&format!("http://127.0.0.1:{port}/")).await.unwrap_err();
    assert!(matches!(refused, FetchError::Timeout | FetchError::Send(_)), "{refused}");
}
