//! What is signed here is what the SDK of AWS signs, byte for byte, and it is verified here.

#![expect(clippy::unwrap_used, reason = "what a test arranges may fail it")]

use std::time::{Duration, UNIX_EPOCH};

use aws_sigv4::{
    http_request::{
        PayloadChecksumKind, PercentEncodingMode, SignableBody, SignableRequest, SigningSettings,
        UriPathNormalizationMode, sign as sign_as_aws_does,
    },
    sign::v4::SigningParams,
};
use http::{HeaderMap, HeaderName, HeaderValue, Method};
use model::Timestamp;
use proptest::prelude::*;
use secret::Secret;
use sigv4::{CLOCK_SKEW_MAX, Credentials, Message, PathEncoding, Payload, Presented, Refusal, RequestLine, sign};

const NOW: Timestamp = Timestamp::from_seconds(1_800_000_000);
const KEY: &str = "ASIAEXAMPLEEXAMPLE00";

fn secret(text: &str) -> Secret {
    Secret::new(text.to_owned().into())
}

fn headers(fields: &[(&str, &str)]) -> HeaderMap {
    fields
        .iter()
        .map(|(name, value)| (name.parse::<HeaderName>().unwrap(), value.parse::<HeaderValue>().unwrap()))
        .collect()
}

/// The `Authorization` of the SDK for the fields that are signed here.
fn authorization_of_aws(
    line: RequestLine<'_>,
    fields: &HeaderMap,
    body: SignableBody<'_>,
    token: Option<&str>,
) -> String {
    let mut settings = SigningSettings::default();
    settings.payload_checksum_kind = PayloadChecksumKind::XAmzSha256;
    settings.uri_path_normalization_mode = UriPathNormalizationMode::Disabled;
    settings.percent_encoding_mode = match line.encoding {
        PathEncoding::Once => PercentEncodingMode::Single,
        PathEncoding::Twice => PercentEncodingMode::Double,
    };
    let credentials =
        aws_credential_types::Credentials::new(KEY, "the secret", token.map(str::to_owned), None, "a test");
    let identity = credentials.into();
    let parameters = SigningParams::builder().identity(&identity).region("eu-central-1").name("s3");
    let time = UNIX_EPOCH + Duration::from_secs(NOW.as_seconds());
    let parameters = parameters.time(time).settings(settings).build().unwrap().into();
    let uri = format!("https://s3.example{}?{}", line.path, line.query);
    let fields = fields.iter().map(|(name, value)| (name.as_str(), value.to_str().unwrap()));
    let request = SignableRequest::new(line.method.as_str(), uri, fields, body).unwrap();
    let (instructions, _) = sign_as_aws_does(request, &parameters).unwrap().into_parts();
    let mut headers = instructions.headers();
    headers.find(|(name, _)| *name == "authorization").unwrap().1.to_owned()
}

fn signed(line: RequestLine<'_>, fields: &HeaderMap, payload: Payload, token: Option<&Secret>) -> HeaderMap {
    let mut signed = fields.clone();
    let secret = secret("the secret");
    let credentials = Credentials {
        access_key_id: KEY,
        secret_access_key: &secret,
        session_token: token,
        region: "eu-central-1",
        service: "s3",
    };
    sign(&mut signed, line, payload, credentials, NOW).unwrap();
    signed
}

fn sha256(body: &[u8]) -> Payload {
    Payload::Sha256(ring::digest::digest(&ring::digest::SHA256, body).as_ref().try_into().unwrap())
}

proptest! {
    // There is no lib.rs beside a test to keep failures at.
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn both_sign_alike(
        path in "(/([a-zA-Z0-9._~!$&'()*+,;=:@-]|%20|%C3%A9){1,8}){1,3}",
        query in "([a-z]{1,3}(=([a-z0-9*'-]|%20|%2F){0,4})?(&[A-Z-]{1,3}=[a-z]{0,2}){0,3})?",
        kind in "[a-z]{1,8}/[a-z]{1,8}( ;  a=b)?",
        meta in "[!-~]([ -~]{0,20}[!-~])?",
        body in proptest::collection::vec(any::<u8>(), 0..64),
        token in proptest::option::of("[A-Za-z0-9+/=]{1,80}"),
        is_once in any::<bool>(),
        mode in 0..3,
    ) {
        let encoding = if is_once { PathEncoding::Once } else { PathEncoding::Twice };
        let line = RequestLine { method: &Method::PUT, path: &path, query: &query, encoding };
        let fields = headers(&[("host", "s3.example"), ("content-type", &kind), ("x-amz-meta-note", &meta)]);
        let (payload, theirs) = match mode {
            0 => (sha256(&body), SignableBody::Bytes(&body)),
            1 => (Payload::Unsigned, SignableBody::UnsignedPayload),
            _ => (Payload::UnsignedChunks, SignableBody::StreamingUnsignedPayloadTrailer),
        };
        let ours = signed(line, &fields, payload, token.as_deref().map(secret).as_ref());
        prop_assert_eq!(&ours["authorization"], &authorization_of_aws(line, &fields, theirs, token.as_deref()));
        let presented = Presented::read(&ours, &query).unwrap();
        prop_assert_eq!((presented.access_key_id(), presented.region(), presented.service()), (KEY, "eu-central-1", "s3"));
        prop_assert_eq!((presented.payload(), presented.security_token()), (Some(payload), token.as_deref()));
        let message = Message { line, headers: &ours };
        let verified = presented.verify(&message, payload, &secret("the secret"), NOW);
        prop_assert_eq!(verified.map(|verified| verified.payload()), Ok(payload));
        let wrong = presented.verify(&message, payload, &secret("another secret"), NOW);
        prop_assert_eq!(wrong.map(|verified| verified.payload()), Err(Refusal::Mismatch));
    }
}

/// A request as it was signed, then changed, and how it is refused.
fn refusal(query: &str, change: impl FnOnce(&mut HeaderMap), now: Timestamp) -> Option<Refusal> {
    let line = RequestLine { method: &Method::GET, path: "/reports/a.txt", query: "", encoding: PathEncoding::Once };
    let mut headers = signed(line, &headers(&[("host", "s3.example")]), Payload::Unsigned, None);
    change(&mut headers);
    let message = Message { line: RequestLine { query, ..line }, headers: &headers };
    let presented = match Presented::read(&headers, query) {
        Ok(presented) => presented,
        Err(refusal) => return Some(refusal),
    };
    presented.verify(&message, presented.payload().unwrap(), &secret("the secret"), now).err()
}

#[test]
fn a_signature_is_good_for_five_minutes_either_way() {
    let milliseconds = |offset: i64| Timestamp::from_millis(NOW.as_millis().saturating_add_signed(offset));
    let most = i64::try_from(CLOCK_SKEW_MAX.as_millis()).unwrap();
    for (offset, expected) in
        [(0, None), (most, None), (-most, None), (most + 1, Some(Refusal::Skewed)), (-most - 1, Some(Refusal::Skewed))]
    {
        assert_eq!(refusal("", |_| {}, milliseconds(offset)), expected, "{offset}");
    }
}

#[test]
fn what_cannot_be_signed_again_is_refused_with_the_reason() {
    let set = |name: &'static str, value: &'static str| {
        move |headers: &mut HeaderMap| drop(headers.insert(name, HeaderValue::from_static(value)))
    };
    let add = |name: &'static str, value: &'static str| {
        move |headers: &mut HeaderMap| assert!(headers.append(name, HeaderValue::from_static(value)))
    };
    for presigned in ["X-Amz-Signature=00", "a=b&x-amz-credential=c", "X-Amz-Algorithm=AWS4-HMAC-SHA256"] {
        assert_eq!(refusal(presigned, |_| {}, NOW), Some(Refusal::Presigned), "{presigned}");
    }
    let events = set("x-amz-content-sha256", "STREAMING-AWS4-HMAC-SHA256-EVENTS");
    assert_eq!(refusal("", events, NOW), Some(Refusal::Stream));
    let asymmetric_chunks = set("x-amz-content-sha256", "STREAMING-AWS4-ECDSA-P256-SHA256-PAYLOAD");
    assert_eq!(refusal("", asymmetric_chunks, NOW), Some(Refusal::Algorithm));
    let asymmetric = set("authorization", "AWS4-ECDSA-P256-SHA256 Credential=a/b");
    assert_eq!(refusal("", asymmetric, NOW), Some(Refusal::Algorithm));
    assert_eq!(refusal("", |headers| drop(headers.remove("authorization")), NOW), Some(Refusal::Unsigned));
    assert_eq!(refusal("", set("authorization", "Bearer token"), NOW), Some(Refusal::Unsigned));
    assert_eq!(refusal("", set("x-amz-acl", "public-read"), NOW), Some(Refusal::FieldNotSigned));
    assert_eq!(refusal("", set("host", "evil.example"), NOW), Some(Refusal::Mismatch));
    assert_eq!(refusal("", add("host", "b"), NOW), Some(Refusal::Mismatch));
    assert_eq!(refusal("", add("x-amz-date", "b"), NOW), Some(Refusal::Malformed));
}

#[test]
fn a_malformed_signature_is_refused() {
    const GOOD: &str = "Credential=A/20270115/eu-central-1/s3/aws4_request";
    let signature = format!("Signature={}", "a".repeat(64));
    for (credential, signed, signature) in [
        ("Credential=A/20270115/eu-central-1/s3", "SignedHeaders=host", &*signature),
        ("Credential=A/20270115/eu-central-1/s3/aws4_request/x", "SignedHeaders=host", &signature),
        ("Credential=A", "SignedHeaders=host", &signature),
        (GOOD, "SignedHeaders=x-amz-date;host", &signature),
        (GOOD, "SignedHeaders=host;host", &signature),
        (GOOD, "SignedHeaders=host", "Signature=00"),
        (GOOD, "SignedHeaders=host", "Signature=zz"),
        (GOOD, GOOD, &signature),
        (GOOD, "Other=host", &signature),
        (GOOD, "SignedHeaders", &signature),
    ] {
        let value = format!("AWS4-HMAC-SHA256 {credential}, {signed}, {signature}");
        let headers = headers(&[("host", "a"), ("x-amz-date", "20270115T080000Z"), ("authorization", &value)]);
        assert!(matches!(Presented::read(&headers, ""), Err(Refusal::Malformed)), "{value}");
    }
}
