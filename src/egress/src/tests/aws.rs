//! An upstream of AWS sees a request that is signed with the minted key, whole, and none of the caller's own marks.

use std::sync::Arc;

use bytes::Bytes;
use dial::StreamError;
use futures_util::{StreamExt as _, stream};
use http::{HeaderMap, Method};
use http_body::{Body, Frame};
use http_body_util::{Full, StreamBody};
use model::Injection;
use provider::{Lease, Material};
use sigv4::{Message, PathEncoding, Payload, Presented, RequestLine, Verified};

use tokio::{io::AsyncReadExt as _, net::TcpListener, sync::oneshot};

use crate::{
    EgressError, Keeping, Outbound, UpstreamTarget,
    testing::{Call, NOW, Received, Recorder, Rig, Source, canary, secret, spawn, upstream},
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
        self.verified(received, encoding).payload()
    }

    fn verified(&self, received: &Received, encoding: PathEncoding) -> Verified {
        let (path, query) = received.target.split_once('?').unwrap_or((&received.target, ""));
        let presented = Presented::read(&received.headers, query).unwrap();
        assert_eq!((presented.access_key_id(), presented.region()), (KEY, "eu-central-1"));
        assert_eq!(presented.security_token(), Some(&*self.session_token));
        let line = RequestLine { method: &received.method, path, query, encoding };
        let message = Message { line, headers: &received.headers };
        let payload = presented.payload().unwrap();
        presented.verify(&message, payload, &secret(&self.secret_access_key), NOW).unwrap()
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
        let call = Call { body, method: Method::PUT, ..Call::get(&scene.api, "/reports/a") };
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
    assert_eq!(scene.rig.carry(call).await.unwrap_err(), EgressError::SlotTaken, "a stream of which chunks are said");
    let call = Call { body: Outbound::signed_chunks(chunks(vec![]), None), ..Call::get(&scene.api, "/reports/a") };
    assert_eq!(scene.rig.carry(call).await.unwrap_err(), EgressError::SlotTaken, "chunks of which nothing is said");
    let body = Outbound::stream(Full::new(Bytes::from_static(b"streamed")));
    let call = Call { body, ..Call::get(&scene.api, "/reports/a") };
    let call = call.with(&[("x-amz-content-sha256", "STREAMING-AWS4-ECDSA-P256-SHA256-PAYLOAD")]);
    assert_eq!(scene.rig.carry(call).await.unwrap_err(), EgressError::SlotTaken, "chunks of SigV4A");
    assert_eq!(scene.recorder.count(), 0);
}

type Piece = Result<Frame<Bytes>, StreamError>;

/// A body in these frames.
fn chunks(frames: Vec<Piece>) -> impl Body<Data = Bytes, Error = StreamError> + Send + 'static {
    StreamBody::new(stream::iter(frames))
}

fn chunk(bytes: &'static str) -> Piece {
    Ok(Frame::data(Bytes::from_static(bytes.as_bytes())))
}

#[tokio::test]
async fn chunks_are_signed_again_and_the_body_keeps_its_length() {
    let trailer = HeaderMap::from_iter([("x-amz-checksum-crc32".parse().unwrap(), "sOO8/Q==".parse().unwrap())]);
    for (mode, trailer) in
        [("STREAMING-AWS4-HMAC-SHA256-PAYLOAD", None), ("STREAMING-AWS4-HMAC-SHA256-PAYLOAD-TRAILER", Some(trailer))]
    {
        for is_length_known in [true, false] {
            let scene = Scene::new("s3").await;
            let mut frames = vec![chunk("the first chunk "), chunk("and the second")];
            frames.extend(trailer.clone().map(|trailer| Ok(Frame::trailers(trailer))));
            // What is around a chunk, the trailer and its signature have the same length whoever signs.
            let lines = "10;chunk-signature=\r\n\r\ne;chunk-signature=\r\n\r\n0;chunk-signature=\r\n\r\n".len();
            let fields = "x-amz-checksum-crc32:sOO8/Q==\r\nx-amz-trailer-signature:\r\n".len() + 64;
            let length = lines + 3 * 64 + 30 + trailer.as_ref().map_or(0, |_| fields);
            let body = Outbound::signed_chunks(chunks(frames), is_length_known.then_some(length as u64));
            let call = Call { body, method: Method::PUT, ..Call::get(&scene.api, "/reports/a") };
            scene.rig.carry(call.with(&[("x-amz-content-sha256", mode)])).await.unwrap();
            let received = scene.recorder.only();
            let framing = if is_length_known {
                ("content-length", length.to_string())
            } else {
                ("transfer-encoding", "chunked".to_owned())
            };
            assert_eq!(received.values(framing.0), [framing.1]);
            assert_eq!(received.body.len(), length);
            let mut reader = scene.verified(&received, PathEncoding::Once).into_chunks().unwrap();
            reader.push(&received.body);
            let pieces =
                [reader.take_piece(), reader.take_piece(), reader.take_piece()].map(|piece| piece.unwrap().unwrap());
            let bytes = |text: &'static str| sigv4::Piece::Chunk(Bytes::from_static(text.as_bytes()));
            assert_eq!(
                pieces,
                [bytes("the first chunk "), bytes("and the second"), sigv4::Piece::End(trailer.clone())]
            );
        }
    }
}

/// An upstream that says when `mark` has come, and what it has got when nothing more comes.
async fn half(mark: &'static [u8]) -> (u16, oneshot::Receiver<()>, oneshot::Receiver<Vec<u8>>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    let ((comes, come), (gets, got)) = (oneshot::channel(), oneshot::channel());
    spawn(async move {
        let (mut socket, _) = listener.accept().await.unwrap();
        let (mut all, mut comes) = (Vec::new(), Some(comes));
        while socket.read_buf(&mut all).await.is_ok_and(|length| length > 0) {
            if all.windows(mark.len()).any(|window| window == mark)
                && let Some(comes) = comes.take()
            {
                comes.send(()).unwrap();
            }
        }
        gets.send(all).unwrap();
    });
    (port, come, got)
}

#[tokio::test]
async fn a_chunk_that_is_not_signed_leaves_the_upstream_with_half_a_request() {
    for length in [None, Some(500)] {
        let scene = Scene::new("s3").await;
        let (port, come, got) = half(b"verified").await;
        let slot = scene.api.credential().unwrap().binding.injection.clone();
        let api = upstream(&format!("http://127.0.0.1:{port}"), slot);
        let unsigned = async { come.await.map(|()| Err(sigv4::Refusal::Chunk.into())).unwrap() };
        let frames =
            stream::iter([chunk("verified")]).chain(stream::once(unsigned)).chain(stream::iter([chunk("never")]));
        let body = Outbound::signed_chunks(StreamBody::new(frames), length);
        let call = Call { body, method: Method::PUT, ..Call::get(&api, "/reports/a") };
        let call = call.with(&[("x-amz-content-sha256", "STREAMING-AWS4-HMAC-SHA256-PAYLOAD")]);
        assert_eq!(scene.rig.carry(call).await.unwrap_err(), EgressError::ChunkUnsigned, "{length:?}");
        let got = String::from_utf8(got.await.unwrap()).unwrap();
        assert!(got.contains("8;chunk-signature="), "{got}");
        assert!(!got.contains("never") && !got.contains("0;chunk-signature=") && !got.ends_with("0\r\n\r\n"), "{got}");
    }
}

#[tokio::test]
async fn a_key_of_another_kind_signs_nothing() {
    let scene = Scene::new("s3").await;
    let refused = Rig::stored(&canary()).carry(Call::get(&scene.api, "/reports/a")).await.unwrap_err();
    assert_eq!((refused, scene.recorder.count()), (EgressError::CredentialUnfit, 0));
}
