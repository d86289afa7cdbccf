//! Connections are kept apart, reused when clean, and dropped when not.

use std::{
    pin::Pin,
    task::{Context, Poll},
    time::Duration,
};

use bytes::Bytes;
use http::{Method, Request, header};
use http_body::{Body, Frame};
use http_body_util::BodyExt as _;
use model::AddressClass;

use crate::{
    DialOptions, Dialer, Pool, PoolKey, PoolLimits, RequestBody, SendError, Target, Timeouts,
    testing::{Then, Turn, serve, until},
};

fn pool_of(credential: &str, port: u16, limits: PoolLimits) -> Pool {
    let destination = format!("http://127.0.0.1:{port}").parse().unwrap();
    let target = Target { destination, class: AddressClass::Loopback, anchors: None, timeouts: Timeouts::default() };
    let key = PoolKey::Credential { name: credential.parse().unwrap(), upstream: "api".parse().unwrap() };
    Dialer::new(DialOptions::default()).pool(key, target, limits)
}

fn pool(port: u16) -> Pool {
    pool_of("key", port, PoolLimits::default())
}

fn request() -> Request<RequestBody> {
    Request::get("/").header(header::HOST, "localhost").body(RequestBody::empty()).unwrap()
}

async fn text(pool: &Pool) -> Result<String, SendError> {
    let response = pool.send(request()).await?;
    let body = response.into_body().collect().await.unwrap().to_bytes();
    Ok(String::from_utf8(body.to_vec()).unwrap())
}

fn ok(body: &str) -> Vec<u8> {
    format!("HTTP/1.1 200 OK\r\ncontent-length: {}\r\n\r\n{body}", body.len()).into_bytes()
}

#[tokio::test]
async fn a_connection_is_reused_by_its_own_pool_only() {
    let (port, seen) = serve(None, |turn| (ok(&turn.of_connection.to_string()), Then::Keep)).await;
    let (one, two) = (pool_of("one", port, PoolLimits::default()), pool_of("two", port, PoolLimits::default()));
    for round in 1..=3 {
        assert_eq!(text(&one).await.unwrap(), round.to_string());
        assert_eq!(text(&two).await.unwrap(), round.to_string());
    }
    assert_eq!((seen.connections(), seen.requests()), (2, 6));
}

#[tokio::test]
async fn one_and_a_half_responses_close_the_connection() {
    let half = "HTTP/1.1 200 OK\r\ncontent-length: 7\r\n\r\nforeign";
    for extra in [half, &half[..20], "x"] {
        let extra = extra.to_owned();
        let (port, seen) = serve(None, move |turn| {
            let mut bytes = ok(&turn.of_connection.to_string());
            bytes.extend_from_slice(extra.as_bytes());
            (bytes, Then::Keep)
        })
        .await;
        let pool = pool(port);
        for _ in 0..20 {
            assert_eq!(text(&pool).await.unwrap(), "1");
        }
        assert_eq!((seen.connections(), seen.requests()), (20, 20));
    }
}

#[tokio::test]
async fn a_body_that_is_not_read_to_its_end_takes_its_connection_down() {
    let (port, seen) = serve(None, |_| (ok(&"x".repeat(100_000)), Then::Keep)).await;
    let pool = pool(port);
    for _ in 0..3 {
        drop(pool.send(request()).await.unwrap());
    }
    assert_eq!((seen.connections(), seen.requests()), (3, 3));
}

#[tokio::test]
async fn an_answer_that_ends_early_is_an_error_and_its_connection_is_not_reused() {
    let short = b"HTTP/1.1 200 OK\r\ncontent-length: 10\r\n\r\nhalf";
    let (port, seen) = serve(None, move |_| (short.to_vec(), Then::Close)).await;
    let pool = pool(port);
    for _ in 0..2 {
        let body = pool.send(request()).await.unwrap().into_body();
        assert_eq!(body.collect().await.unwrap_err().to_string(), "the destination cut its response short");
    }
    assert_eq!(seen.connections(), 2);
}

#[tokio::test]
async fn interim_responses_are_swallowed() {
    let (port, _) = serve(None, |_| {
        let interim = "HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early Hints\r\nlink: </x>; rel=preload\r\n\r\n";
        ([interim.as_bytes(), &ok("final")].concat(), Then::Keep)
    })
    .await;
    let response = pool(port).send(request()).await.unwrap();
    assert_eq!(response.status(), 200);
    assert!(!response.headers().contains_key("link"));
}

#[tokio::test]
async fn malformed_heads_are_refused() {
    for bytes in [
        "HTTP/1.1 101 Switching Protocols\r\nconnection: upgrade\r\nupgrade: websocket\r\n\r\n",
        "HTTP/1.1 200 OK\r\ncontent-length: 4\r\ntransfer-encoding: chunked\r\n\r\n4\r\nbody\r\n0\r\n\r\n",
        "HTTP/1.1 200 OK\r\ncontent-length: 4\r\ncontent-length: 5\r\n\r\nbody!",
        "HTTP/1.1 200 OK\r\ncontent-length: -1\r\n\r\n",
        "HTTP/1.1 200 OK\r\nx: a\r\n b\r\ncontent-length: 0\r\n\r\n",
        "HTTP/1.1 200 OK\r\nno colon\r\ncontent-length: 0\r\n\r\n",
        "HTTP/1.1 200 OK\r\nspace : before\r\ncontent-length: 0\r\n\r\n",
        "ICY 200 OK\r\n\r\n",
        "not http at all\r\n\r\n",
    ] {
        let (port, _) = serve(None, move |_| (bytes.as_bytes().to_vec(), Then::Keep)).await;
        let error = pool(port).send(request()).await.unwrap_err();
        assert!(matches!(error, SendError::BadHead(_)), "{bytes:?}: {error:?}");
    }
}

#[tokio::test]
async fn a_request_that_may_have_been_sent_is_not_sent_again() {
    // The second request of a connection is read and never answered.
    let (port, seen) = serve(None, |turn| match turn.of_connection {
        1 => (ok("first"), Then::Keep),
        _ => (Vec::new(), Then::Close),
    })
    .await;
    let pool = pool(port);
    assert_eq!(text(&pool).await.unwrap(), "first");
    let error = text(&pool).await.unwrap_err();
    assert!(matches!(error, SendError::Cut(_)), "{error:?}");
    assert_eq!((seen.connections(), seen.requests()), (1, 2));
}

#[tokio::test]
async fn a_connection_that_the_server_closed_is_replaced() {
    let (port, seen) = serve(None, |_| (ok("again"), Then::Close)).await;
    let pool = pool(port);
    for _ in 0..20 {
        assert_eq!(text(&pool).await.unwrap(), "again");
    }
    assert_eq!((seen.connections(), seen.requests()), (20, 20));
}

#[tokio::test]
async fn idle_connections_are_bounded() {
    let (port, seen) = serve(None, |turn| (ok(&turn.of_connection.to_string()), Then::Keep)).await;
    let limits = PoolLimits { idle_count_max: 2, ..PoolLimits::default() };
    let pool = pool_of("key", port, limits);
    let mut waiting = Vec::new();
    for _ in 0..5 {
        waiting.push(pool.send(request()).await.unwrap().into_body());
    }
    for body in waiting.drain(..) {
        body.collect().await.unwrap();
    }
    assert_eq!(seen.connections(), 5);
    for _ in 0..3 {
        waiting.push(pool.send(request()).await.unwrap().into_body());
    }
    assert_eq!(seen.connections(), 6, "two of three came from the pool");
}

#[tokio::test]
async fn an_idle_connection_is_closed_when_its_time_is_over() {
    let (port, seen) = serve(None, |turn| (ok(&turn.of_connection.to_string()), Then::Keep)).await;
    let limits = PoolLimits { idle_timeout: Duration::from_secs(20), ..PoolLimits::default() };
    let pool = pool_of("key", port, limits);
    assert_eq!(text(&pool).await.unwrap(), "1");
    assert_eq!(text(&pool).await.unwrap(), "2");
    tokio::time::pause();
    tokio::time::advance(Duration::from_secs(21)).await;
    tokio::time::resume();
    assert_eq!(text(&pool).await.unwrap(), "1");
    assert_eq!(seen.connections(), 2);
}

#[tokio::test]
async fn an_unused_pool_closes_its_connections() {
    let (port, seen) = serve(None, |_| (ok("x"), Then::Keep)).await;
    let limits = PoolLimits { idle_timeout: Duration::from_secs(20), ..PoolLimits::default() };
    let pool = pool_of("key", port, limits);
    text(&pool).await.unwrap();
    assert_eq!(seen.closed(), 0);
    tokio::time::pause();
    tokio::time::advance(Duration::from_secs(41)).await;
    tokio::time::resume();
    until(|| seen.closed() == 1).await;

    text(&pool).await.unwrap();
    drop(pool);
    until(|| seen.closed() == 2).await;
}

#[tokio::test]
async fn a_body_goes_out_as_it_is() {
    let (port, _) = serve(None, |Turn { head, .. }| {
        let framing = head.lines().find(|line| line.starts_with("content-length") || line.starts_with("transfer"));
        (ok(framing.unwrap_or("none")), Then::Hang)
    })
    .await;
    let stream = || Once(Some(Bytes::from_static(b"abc")));
    for (body, framing) in [
        (RequestBody::bytes(Bytes::from_static(b"abc")), "content-length: 3"),
        (RequestBody::stream(stream()), "transfer-encoding: chunked"),
        (RequestBody::empty(), "none"),
    ] {
        let request = Request::builder().method(Method::POST).uri("/").header(header::HOST, "localhost").body(body);
        let response = pool(port).send(request.unwrap()).await.unwrap();
        assert_eq!(response.into_body().collect().await.unwrap().to_bytes(), framing);
    }
}

/// A body of one piece, whose length nobody knows beforehand.
struct Once(Option<Bytes>);

impl Body for Once {
    type Data = Bytes;
    type Error = std::convert::Infallible;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        _: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, std::convert::Infallible>>> {
        Poll::Ready(self.0.take().map(|bytes| Ok(Frame::data(bytes))))
    }
}
