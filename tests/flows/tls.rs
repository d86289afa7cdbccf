//! TLS on both sides: ours is 1.3 and follows its files, an upstream must prove who it is before anything is sent.

use std::path::Path;

use bytes::Bytes;
use http::{Method, Request, StatusCode};
use http_body_util::{BodyExt as _, Empty};
use hyper::client::conn::http1;
use hyper_util::rt::TokioIo;
use rustls::{
    SupportedProtocolVersion,
    version::{TLS12, TLS13},
};
use serde_json::json;
use tokio::net::TcpStream;

use crate::support::{
    broker::{Broker, BrokerSetup, bearer},
    canary::canary,
    echo::{Echo, Reply},
    http_client::Failure,
    issuer::Issuer,
    tls::{Authority, connector},
};

#[tokio::test]
async fn the_listener_speaks_tls_1_3_alone_and_serves_a_new_certificate_when_its_files_change() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let authority = Authority::new(folder.path());
    let server = authority.server("broker", "localhost");
    let setup = BrokerSetup::trusting("http://127.0.0.1:9").mcp("one", "http://127.0.0.1:9/mcp", "2026-07-28");
    let broker = Broker::start(setup.tls(server.certificate(), server.key())).await;
    let address = broker.public_url().replace("https://localhost", "127.0.0.1");
    let ask = async |versions: &[&'static SupportedProtocolVersion]| get(&address, server.authority(), versions).await;

    let (first, status) = ask(&[&TLS13]).await.expect("TLS 1.3 is spoken");
    assert_eq!(status, StatusCode::OK);
    let refused = ask(&[&TLS12]).await.expect_err("TLS 1.2 is not");
    assert!(refused.to_string().contains("ProtocolVersion"), "{refused}");
    assert!(get_plain(&address).await.is_err(), "nor is plain HTTP");

    // A key that does not fit leaves the old certificate in place.
    let stray = authority.server("stray", "localhost");
    std::fs::copy(stray.key(), server.key()).expect("a test's folder");
    broker
        .wait_until_async(async || {
            ask(&[&TLS13]).await.expect("it still serves");
            broker.printed().contains("the old one is served")
        })
        .await;
    assert_eq!(ask(&[&TLS13]).await.expect("it still serves").0, first);

    authority.server("broker", "localhost");
    broker.wait_until_async(async || ask(&[&TLS13]).await.expect("it serves all the time").0 != first).await;
    broker.finish().await;
}

#[tokio::test]
async fn an_upstream_that_cannot_prove_who_it_is_receives_nothing() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let other_folder = tempfile::tempdir().expect("a temporary folder");
    let (authority, stranger) = (Authority::new(folder.path()), Authority::new(other_folder.path()));
    let answer = |_: &_| Reply::text("here");
    let good = Echo::start_tls(authority.server("good", "localhost"), answer).await;
    let other_name = Echo::start_tls(authority.server("other", "other.test"), answer).await;
    let unknown = Echo::start_tls(stranger.server("unknown", "localhost"), answer).await;
    let plain = Echo::start(answer).await;
    let trusted = good.certificate_authority().expect("it speaks TLS");
    let issuer = Issuer::start().await;
    let plain_as_tls = plain.url().replace("http://127.0.0.1", "https://localhost");
    let upstreams = [
        ("good", good.url()),
        ("other-name", other_name.url()),
        ("unknown", unknown.url()),
        ("plain", plain_as_tls.as_str()),
    ];
    let setup = upstreams.iter().fold(BrokerSetup::trusting(issuer.issuer()), |setup, (name, url)| {
        let setup = setup.http(name, url).upstream_line(&format!("certificate_authority = {trusted:?}"));
        setup.operation("all", &["GET"], "/**").credential("header = \"X-Api-Key\"", &canary(name))
    });
    let broker = Broker::start(setup).await;
    let session = broker.token(&issuer.token("assistant")).await;
    for (name, _) in &upstreams[1..] {
        let answer = broker.send(Method::GET, &broker.http_url(name, "/page"), bearer(&session), "").await;
        let description = "the upstream could not prove who it is, so nothing was sent";
        let expected = json!({ "error": "upstream_tls", "error_description": description });
        assert_eq!((answer.status.as_u16(), answer.json()), (502, expected), "{name}");
    }
    for silent in [&other_name, &unknown, &plain] {
        assert!(silent.received().is_empty(), "{:?}", silent.received());
    }
    let answer = broker.send(Method::GET, &broker.http_url("good", "/page"), bearer(&session), "").await;
    assert_eq!((answer.status.as_u16(), good.received().len()), (200, 1), "{answer:?}");
    broker.finish().await;
}

/// The certificate that was shown, and the status of the page of our keys.
async fn get(
    address: &str,
    authority: &Path,
    versions: &[&'static SupportedProtocolVersion],
) -> Result<(Vec<u8>, StatusCode), Failure> {
    let stream = connect(address).await?;
    let stream = connector(authority, versions).connect("localhost".try_into()?, stream).await?;
    let shown = stream.get_ref().1.peer_certificates().and_then(<[_]>::first).ok_or("no certificate")?.to_vec();
    Ok((shown, jwks(address, TokioIo::new(stream)).await?))
}

async fn get_plain(address: &str) -> Result<StatusCode, Failure> {
    jwks(address, TokioIo::new(connect(address).await?)).await
}

#[expect(clippy::disallowed_methods, reason = "a test's own connection to loopback")]
async fn connect(address: &str) -> Result<TcpStream, Failure> {
    Ok(TcpStream::connect(address).await?)
}

#[expect(clippy::disallowed_methods, reason = "the connection ends with the answer")]
async fn jwks<S>(address: &str, stream: TokioIo<S>) -> Result<StatusCode, Failure>
where
    S: tokio::io::AsyncRead + tokio::io::AsyncWrite + Unpin + Send + 'static,
{
    let (mut sender, connection) = http1::handshake(stream).await?;
    tokio::spawn(connection);
    let host = address.replace("127.0.0.1", "localhost");
    let request = Request::get("/jwks").header("host", host).body(Empty::<Bytes>::new())?;
    let answer = sender.send_request(request).await?;
    let status = answer.status();
    answer.into_body().collect().await?;
    Ok(status)
}
