//! An identity provider of one key and one agent, for as long as a measurement takes.

use std::{
    convert::Infallible,
    fs,
    io::Write as _,
    os::unix::fs::OpenOptionsExt as _,
    path::Path,
    time::{SystemTime, UNIX_EPOCH},
};

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use bytes::Bytes;
use http::{HeaderValue, Response, header};
use http_body_util::Full;
use hyper::{server::conn::http1, service::service_fn};
use hyper_util::rt::TokioIo;
use ring::{
    rand::SystemRandom,
    signature::{ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, KeyPair as _},
};
use serde_json::json;
use tokio::net::TcpListener;

use crate::Failure;

const TOKEN_LIFE_SECONDS: u64 = 3600;

pub(crate) async fn run(audience: &str, folder: &Path) -> Result<(), Failure> {
    certificate(folder)?;
    let failed = |error| Failure::of("the issuer cannot listen", error);
    let socket = TcpListener::bind("127.0.0.1:0").await.map_err(failed)?;
    let address = socket.local_addr().map_err(failed)?;
    let (keys, token) = keys_and_token(&format!("http://{address}"), audience)?;
    println!("{address}\n{token}");
    loop {
        let (stream, _) = socket.accept().await.map_err(failed)?;
        let keys = keys.clone();
        let service = service_fn(move |_| {
            let mut response = Response::new(Full::new(keys.clone()));
            response.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static("application/json"));
            async move { Ok::<_, Infallible>(response) }
        });
        let _served = http1::Builder::new().keep_alive(false).serve_connection(TokioIo::new(stream), service).await;
    }
}

/// The key set (RFC 7517), and a token of the agent `bench` (RFC 7519).
fn keys_and_token(issuer: &str, audience: &str) -> Result<(Bytes, String), Failure> {
    let random = SystemRandom::new();
    let no_key = |error| Failure::of("no key", error);
    let algorithm = &ECDSA_P256_SHA256_FIXED_SIGNING;
    let pkcs8 = EcdsaKeyPair::generate_pkcs8(algorithm, &random).map_err(|error| no_key(error.to_string()))?;
    let key =
        EcdsaKeyPair::from_pkcs8(algorithm, pkcs8.as_ref(), &random).map_err(|error| no_key(error.to_string()))?;
    // An uncompressed point: the byte 4, x, y.
    let (x, y) = key.public_key().as_ref().get(1..).unwrap_or_default().split_at(32);
    let encode = |bytes: &[u8]| URL_SAFE_NO_PAD.encode(bytes);
    let jwk = json!({ "kty": "EC", "crv": "P-256", "alg": "ES256", "use": "sig", "kid": "1", "x": encode(x), "y": encode(y) });
    #[expect(clippy::disallowed_methods, reason = "a token is issued now")]
    let now = SystemTime::now().duration_since(UNIX_EPOCH).map_err(|error| Failure::of("the clock", error))?.as_secs();
    let head = json!({ "alg": "ES256", "kid": "1", "typ": "JWT" });
    let claims = json!({
        "iss": issuer, "aud": audience, "sub": "bench", "iat": now, "exp": now + TOKEN_LIFE_SECONDS, "jti": "1",
    });
    let signed = format!("{}.{}", encode(head.to_string().as_bytes()), encode(claims.to_string().as_bytes()));
    let signature = key.sign(&random, signed.as_bytes()).map_err(|error| no_key(error.to_string()))?;
    let token = format!("{signed}.{}", encode(signature.as_ref()));
    Ok((json!({ "keys": [jwk] }).to_string().into(), token))
}

/// Lays `certificate.pem` and `key.pem` for localhost into the folder, for the rows with TLS.
fn certificate(folder: &Path) -> Result<(), Failure> {
    let failed = |error: &dyn std::fmt::Display| Failure::of("no certificate", error);
    let made = rcgen::generate_simple_self_signed(["localhost".to_owned()]).map_err(|error| failed(&error))?;
    fs::write(folder.join("certificate.pem"), made.cert.pem()).map_err(|error| failed(&error))?;
    let key = fs::OpenOptions::new().write(true).create(true).truncate(true).mode(0o600).open(folder.join("key.pem"));
    let written = key.and_then(|mut key| key.write_all(made.signing_key.serialize_pem().as_bytes()));
    written.map_err(|error| failed(&error))
}
