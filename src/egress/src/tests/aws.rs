//! An upstream of AWS sees a request that is signed with the minted key, whole, and none of the caller's own marks.

use std::sync::Arc;

use bytes::Bytes;
use http_body_util::Full;
use model::Injection;
use provider::{Lease, Material};
use sigv4::{Message, PathEncoding, Payload, Presented, RequestLine};

use crate::{
    EgressError, Keeping, Outbound, UpstreamTarget,
    testing::{Call, NOW, Received, Recorder, Rig, Source, canary, secret, upstream},
};

const KEY: &str = "ASIAEXAMPLEEXAMPLE00";

struct Scene {
    recorder: Recorder,
    api: Arc<UpstreamTarget>,
    rig: Rig,
    secret_access_key: String,
    session_token: String,
}

impl Scene {
    async fn new(service: &str) -> Self {
        let recorder = Recorder::ok().await;
        let slot = Injection::AwsSigV4 { service: service.to_owned(), region: "eu-central-1".to_owned() };
        let api = upstream(&format!("http://127.0.0.1:{}", recorder.port), slot);
        let (secret_access_key, session_token) = (canary(), canary());
        let (signs, travels) = (secret_access_key.clone(), session_token.clone());
        let source = Source::of(move |_, _| {
            let material = Material::AwsKey {
                access_key_id: KEY.to_owned(),
                secret_access_key: secret(&signs),
                session_token: secret(&travels),
            };
            Ok(Lease { id: "aws-sts/key/1".parse().unwrap(), material, expiry: None, renewable: false })
        });
        let rig = Rig::new(vec![(source, Keeping::Nothing)]);
        Self { recorder, api, rig, secret_access_key, session_token }
    }

    /// What the upstream, knowing the secret, makes of what it received.
    fn payload_verified(&self, received: &Received, encoding: PathEncoding) -> Payload {
        let (path, query) = received.target.split_once('?').unwrap_or((&received.target, ""));
        let presented = Presented::read(&received.headers, query).unwrap();
        assert_eq!((presented.access_key_id(), presented.region()), (KEY, "eu-central-1"));
        assert_eq!(presented.security_token(), Some(&*self.session_token));
        let line = RequestLine { method: &received.method, path, query, encoding };
        let message = Message { line, headers: &received.headers };
        let payload = presented.payload().unwrap();
        presented.verify(&message, payload, &secret(&self.secret_access_key), NOW).unwrap().payload()
    }
}

fn sha256(body: &[u8]) -> Payload {
    Payload::Sha256(ring::digest::digest(&ring::digest::SHA256, body).as_ref().try_into().unwrap())
}

#[tokio::test]
async fn a_request_is_signed_with_the_minted_key_and_the_secret_stays() {
    for (service, encoding) in [("s3", PathEncoding::Once), ("dynamodb", PathEncoding::Twice)] {
        let scene = Scene::new(service).await;
        let call = Call::post(&scene.api, "/reports/a%20b.txt?x-id=PutObject&a", "the report");
        let call = call.with(&[
            ("authorization", "AWS4-HMAC-SHA256 Credential=CLAV/x/y/z/aws4_request, SignedHeaders=host, Signature=0"),
            ("x-amz-security-token", "the session's own"),
            ("x-amz-date", "20200101T000000Z"),
            ("x-amz-acl", "public-read"),
            ("x-amz-meta-note", "kept"),
            ("content-type", "text/plain"),
        ]);
        scene.rig.carry(call).await.unwrap();
        let received = scene.recorder.only();
        assert_eq!(scene.payload_verified(&received, encoding), sha256(b"the report"));
        assert_eq!(received.values("x-amz-meta-note"), ["kept"]);
        assert!(!received.text().contains(&scene.secret_access_key) && !received.text().contains("CLAV"));
        assert!(!received.headers.contains_key("x-amz-acl"));
        let authorization = received.values("authorization").concat();
        let fields = "content-type;host;x-amz-content-sha256;x-amz-date;x-amz-meta-note;x-amz-security-token";
        assert!(authorization.contains(&format!("/eu-central-1/{service}/aws4_request, SignedHeaders={fields},")));
    }
}

#[tokio::test]
async fn of_a_stream_is_signed_what_its_sender_says() {
    let digest = sha256(b"streamed").to_text();
    for (said, expected) in [
        (None, Payload::Unsigned),
        (Some(&*digest), sha256(b"streamed")),
        (Some("UNSIGNED-PAYLOAD"), Payload::Unsigned),
        (Some("STREAMING-UNSIGNED-PAYLOAD-TRAILER"), Payload::UnsignedChunks),
    ] {
        let scene = Scene::new("s3").await;
        let body = Outbound::stream(Full::new(Bytes::from_static(b"streamed")));
        let call = Call { body, method: http::Method::PUT, ..Call::get(&scene.api, "/reports/a") };
        let fields = said.map(|said| ("x-amz-content-sha256", said));
        scene.rig.carry(call.with(fields.as_slice())).await.unwrap();
        let received = scene.recorder.only();
        assert_eq!(scene.payload_verified(&received, PathEncoding::Once), expected, "{said:?}");
        assert_eq!(received.body, "streamed");
    }
}

#[tokio::test]
async fn what_cannot_be_signed_again_is_not_sent() {
    let scene = Scene::new("s3").await;
    let body = Outbound::stream(Full::new(Bytes::from_static(b"streamed")));
    let call = Call { body, ..Call::get(&scene.api, "/reports/a") };
    let call = call.with(&[("x-amz-content-sha256", "STREAMING-AWS4-HMAC-SHA256-PAYLOAD")]);
    assert_eq!(scene.rig.carry(call).await.unwrap_err(), EgressError::SlotTaken);
    assert_eq!(scene.recorder.count(), 0);
}

#[tokio::test]
async fn a_key_of_another_kind_signs_nothing() {
    let scene = Scene::new("s3").await;
    let refused = Rig::stored(&canary()).carry(Call::get(&scene.api, "/reports/a")).await.unwrap_err();
    assert_eq!((refused, scene.recorder.count()), (EgressError::CredentialUnfit, 0));
}
