//! Trailers of an upstream's answer (RFC 9112, section 7.1.2): nothing of them comes back, whatever they hold.

use http::Method;
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::{TcpListener, TcpStream},
    time::timeout,
};

use crate::support::{
    broker::{Broker, BrokerSetup, bearer},
    canary::{assert_clean, leaks, plain_canary},
    issuer::Issuer,
};

/// Only a hang takes this long.
const ANSWER_MAX: std::time::Duration = std::time::Duration::from_secs(30);

#[tokio::test]
async fn no_trailer_of_an_upstream_comes_back() {
    let secret = plain_canary("credential that comes in a trailer");
    let upstream = upstream(&secret).await;
    let issuer = Issuer::start().await;
    let setup = BrokerSetup::trusting(issuer.issuer()).http("api", &format!("http://{upstream}"));
    let setup = setup.operation("all", &["GET"], "/**").credential("header = \"X-Api-Key\"", &secret);
    let broker = Broker::start(setup).await;
    let session = broker.token(&issuer.token("assistant")).await;
    let listens = broker.public_url().trim_start_matches("http://").to_owned();
    for kind in ["text/plain", "text/event-stream"] {
        // What is sent ends with trailers that hold it: the search finds them where nobody stands in between.
        let bare = get(&upstream, &format!("/{kind}"), "").await;
        assert_eq!(leaks("trailers", &bare).len(), 1, "{}", String::from_utf8_lossy(&bare));

        let arrived = get(&listens, &format!("/http/api/{kind}"), &session).await;
        assert_clean("an answer with trailers", &arrived);
        let text = String::from_utf8(arrived).expect("text").to_ascii_lowercase();
        assert!(text.starts_with("http/1.1 200 ok\r\n") && text.contains("data: the whole body"), "{text}");
        for name in ["trailer:", "etag", "x-checksum", "set-cookie"] {
            assert!(!text.contains(name), "{name} in {text}");
        }
    }
    // A client that reads by the book takes the answer for whole.
    let answer = broker.send(Method::GET, &broker.http_url("api", "/text/plain"), bearer(&session), "").await;
    assert_eq!((answer.status.as_u16(), &answer.body[..]), (200, &b"data: the whole body\n\n"[..]));
    assert!(broker.records_of("outcome").iter().all(|outcome| outcome["ending"] == "complete"));
    broker.finish().await;
}

/// An upstream that sends trailers without being asked; the path is the type of its answer. Gives `host:port`.
#[expect(clippy::disallowed_methods, reason = "the server ends with its test's runtime")]
async fn upstream(secret: &str) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
    let address = listener.local_addr().expect("it is bound").to_string();
    let secret = secret.to_owned();
    tokio::spawn(async move {
        while let Ok((mut stream, _)) = listener.accept().await {
            let (mut request, mut piece) = (Vec::new(), [0; 4096]);
            while !request.ends_with(b"\r\n\r\n") {
                match stream.read(&mut piece).await {
                    Ok(length) if length > 0 => request.extend_from_slice(&piece[..length]),
                    _ => break,
                }
            }
            let request = String::from_utf8_lossy(&request);
            let kind = request.split(' ').nth(1).unwrap_or_default().trim_start_matches('/');
            let body = "data: the whole body\n\n";
            let answer = format!(
                "HTTP/1.1 200 OK\r\ncontent-type: {kind}\r\ntransfer-encoding: chunked\r\nconnection: close\r\n\
                 trailer: etag, x-checksum\r\n\r\n{:x}\r\n{body}\r\n0\r\n\
                 etag: \"{secret}\"\r\nx-checksum: {secret}\r\nset-cookie: key={secret}\r\n\r\n",
                body.len()
            );
            let _taken_or_not = stream.write_all(answer.as_bytes()).await;
        }
    });
    address
}

/// All bytes of an answer as they come, to a client that says that it takes trailers.
#[expect(clippy::disallowed_methods, reason = "a test's own connection to loopback")]
async fn get(authority: &str, path: &str, session: &str) -> Vec<u8> {
    let mut stream = TcpStream::connect(authority).await.expect("it listens");
    let request = format!(
        "GET {path} HTTP/1.1\r\nhost: {authority}\r\nauthorization: Bearer {session}\r\nte: trailers\r\n\
         connection: close, te\r\n\r\n"
    );
    stream.write_all(request.as_bytes()).await.expect("it reads");
    let mut arrived = Vec::new();
    timeout(ANSWER_MAX, stream.read_to_end(&mut arrived)).await.expect("it answers in time").expect("it answers");
    arrived
}
