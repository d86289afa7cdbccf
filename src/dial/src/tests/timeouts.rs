//! Every wait ends. Time is moved by hand.

use std::time::Duration;

use http::{Request, header};
use http_body_util::BodyExt as _;
use model::AddressClass;
use tokio::time::Instant;

use crate::{
    DialError, DialOptions, Dialer, Pool, PoolKey, PoolLimits, RequestBody, SendError, Target, Timeouts,
    testing::{Authority, Then, serve, silent},
};

const TIMEOUTS: Timeouts =
    Timeouts { connect: Duration::from_secs(3), head: Duration::from_secs(20), idle: Duration::from_secs(100) };

fn pool(scheme: &str, port: u16, dialer: &Dialer) -> Pool {
    let destination = format!("{scheme}://localhost:{port}").parse().unwrap();
    let target = Target { destination, class: AddressClass::Loopback, anchors: None, timeouts: TIMEOUTS };
    dialer.pool(PoolKey::Plain { upstream: "api".parse().unwrap() }, target, PoolLimits::default())
}

fn request() -> Request<RequestBody> {
    Request::get("/").header(header::HOST, "localhost").body(RequestBody::empty()).unwrap()
}

#[tokio::test(start_paused = true)]
async fn a_handshake_that_never_ends_is_given_up() {
    let (port, _listener) = silent().await;
    let start = Instant::now();
    let error = pool("https", port, &Authority::new().dialer()).send(request()).await.unwrap_err();
    assert!(matches!(error, SendError::Dial(DialError::ConnectTimeout)), "{error:?}");
    assert_eq!(start.elapsed().as_secs(), 3);
}

#[tokio::test(start_paused = true)]
async fn a_head_that_never_comes_is_given_up() {
    let (port, _listener) = silent().await;
    let start = Instant::now();
    let error = pool("http", port, &Dialer::new(DialOptions::default())).send(request()).await.unwrap_err();
    assert!(matches!(error, SendError::HeadTimeout), "{error:?}");
    assert_eq!(start.elapsed().as_secs(), 20);
}

#[tokio::test(start_paused = true)]
async fn a_body_that_stops_is_given_up() {
    let begin = b"HTTP/1.1 200 OK\r\ncontent-length: 10\r\n\r\nhalf";
    let (port, seen) = serve(None, move |_| (begin.to_vec(), Then::Hang)).await;
    let pool = pool("http", port, &Dialer::new(DialOptions::default()));
    let mut body = pool.send(request()).await.unwrap().into_body();
    assert_eq!(body.frame().await.unwrap().unwrap().into_data().unwrap(), "half");
    let start = Instant::now();
    let error = body.frame().await.unwrap().unwrap_err();
    assert_eq!(error.to_string(), "the destination stopped sending");
    assert!((100..=101).contains(&start.elapsed().as_secs()));
    drop(pool.send(request()).await.unwrap());
    assert_eq!(seen.connections(), 2, "its connection is not used again");
}

#[tokio::test(start_paused = true)]
async fn a_body_that_trickles_is_waited_for() {
    use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
    let (port, listener) = silent().await;
    let server = async {
        let (mut socket, _) = listener.accept().await.unwrap();
        let mut head = [0; 1024];
        assert!(socket.read(&mut head).await.unwrap() > 0);
        socket.write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 5\r\n\r\n").await.unwrap();
        for byte in b"slow!" {
            tokio::time::sleep(Duration::from_secs(90)).await;
            socket.write_all(&[*byte]).await.unwrap();
        }
        socket
    };
    let pool = pool("http", port, &Dialer::new(DialOptions::default()));
    let client = async { pool.send(request()).await.unwrap().into_body().collect().await.unwrap().to_bytes() };
    let (_socket, body) = tokio::join!(server, client);
    assert_eq!(body, "slow!");
}
