//! The end of a session: at the next call, in what streams already, and after a restart.

use std::time::{Duration, Instant};

use base64::{Engine as _, engine::general_purpose::STANDARD};
use http::{HeaderMap, Method};
use ring::digest::{SHA256, digest};
use serde_json::json;

use crate::support::{
    broker::{Broker, BrokerSetup, bearer, headers, modern_body, modern_headers},
    canary::{canary, plain_canary},
    echo::{Echo, Piece, Reply},
    http_client::{self, Answer},
    issuer::Issuer,
    streamed::Streamed,
};

/// What is promised; the test's own share of a busy machine is small beside it.
const CUT_MAX: Duration = Duration::from_secs(1);

const ENDED: &str = "the session has ended; exchange a new token";

#[tokio::test]
async fn a_revoked_session_is_refused_at_its_next_call_and_after_a_restart() {
    let (upstream, issuer, mut broker) = stage(|setup| setup).await;
    let (ended, other) =
        (broker.token(&issuer.token("assistant")).await, broker.token(&issuer.token("assistant")).await);
    assert_eq!(get(&broker, &ended).await.status, 200);
    broker.revoke(&ended).await;
    broker.revoke(&ended).await;
    broker.revoke("a token that nobody issued").await;
    assert_ended(&get(&broker, &ended).await);
    assert_eq!(get(&broker, &other).await.status, 200);
    assert_eq!(broker.records_of("revocation").len(), 1);

    broker.restart().await;
    assert_ended(&get(&broker, &ended).await);
    assert_eq!(get(&broker, &other).await.status, 200);

    broker.revoke(&other).await;
    broker.kill().await;
    broker.serve().await;
    assert_ended(&get(&broker, &other).await);
    assert_eq!(upstream.received().len(), 3);
    broker.finish().await;
}

#[tokio::test]
async fn what_streams_when_its_session_ends_is_cut_within_a_second() {
    let (_upstream, issuer, broker) = stage(|setup| setup).await;
    let session = broker.token(&issuer.token("assistant")).await;
    let params = json!({ "name": "say", "arguments": {} });
    let mut post = modern_headers("tools/call", &params);
    post.extend(bearer(&session));
    let body = modern_body("tools/call", params).to_string();
    let mut streams = [
        Streamed::begin(Method::GET, &broker.http_url("plain", "/events"), bearer(&session), "").await,
        Streamed::begin(Method::POST, &broker.mcp_url("tools"), post, body).await,
    ];
    for stream in &mut streams {
        assert_eq!(stream.status(), 200);
        let first = stream.next().await.expect("an event").expect("whole");
        assert!(first.windows(5).any(|window| window == b"first"), "{first:?}");
    }
    let began = Instant::now();
    broker.revoke(&session).await;
    for stream in &mut streams {
        // A body that is cut must not look whole: the connection breaks, or the protocol's own error comes last.
        stream.read_to_end().await;
    }
    assert!(began.elapsed() < CUT_MAX, "{:?}", began.elapsed());
    assert!(streams[0].broke(), "a plain answer has no other way to say so");
    drop(streams);
    wait_for_outcomes(&broker, 2).await;
    let outcomes = broker.records_of("outcome");
    assert!(outcomes.iter().all(|outcome| outcome["ending"] == "cut"), "{outcomes:#?}");
    broker.finish().await;
}

#[tokio::test]
async fn a_session_ends_when_its_time_is_over_also_for_what_streams() {
    let agents = "[[agents]]\nname = \"assistant\"\nissuer = \"idp\"\nclaims = { sub = \"assistant\" }\n\
                  groups = [\"assistants\"]\nscopes = [\"plain:*\"]\nlifetime_seconds_max = 2\n";
    let (_upstream, issuer, broker) = stage(|setup| setup.agents(agents)).await;
    let session = broker.token(&issuer.token("assistant")).await;
    let mut stream = Streamed::begin(Method::GET, &broker.http_url("plain", "/events"), bearer(&session), "").await;
    stream.read_to_end().await;
    assert!(stream.broke());
    assert_ended(&get(&broker, &session).await);
    drop(stream);
    broker.finish().await;
}

#[tokio::test]
async fn a_resource_server_with_credentials_may_ask_what_is_true_of_a_token() {
    let secret = plain_canary("introspection secret");
    let sha256: String = digest(&SHA256, secret.as_bytes()).as_ref().iter().map(|byte| format!("{byte:02x}")).collect();
    let clients = format!("[[introspection_clients]]\nid = \"resource-server\"\nsecret_sha256 = \"{sha256}\"\n");
    let (_upstream, issuer, broker) = stage(|setup| setup.more(&clients)).await;
    let session = broker.token(&issuer.token("assistant")).await;
    let ask = async |authorization: Option<String>, token: &str| {
        let fields = authorization.map_or_else(HeaderMap::new, |value| headers(&[("authorization", &value)]));
        http_client::post_form(&format!("{}/introspect", broker.public_url()), fields, &[("token", token)]).await
    };
    let basic = |id: &str, secret: &str| Some(format!("Basic {}", STANDARD.encode(format!("{id}:{secret}"))));
    let known = || basic("resource-server", &secret);

    let answer = ask(known(), &session).await;
    assert_eq!(answer.status, 200, "{answer:?}");
    let body = answer.json();
    let expected = json!({
        "active": true, "token_type": "Bearer", "iss": broker.public_url(), "sub": "assistant", "client_id": "assistant",
        "act": { "iss": broker.public_url(), "sub": "assistant" },
        "aud": [broker.http_url("plain", ""), broker.mcp_url("tools")], "scope": "plain:* tools:*",
        "jti": body["jti"], "iat": body["iat"], "exp": body["exp"],
    });
    assert_eq!(body, expected);

    for refused in
        [None, basic("resource-server", "another"), basic("another", &secret), Some(format!("Bearer {session}"))]
    {
        let answer = ask(refused, &session).await;
        assert_eq!((answer.status.as_u16(), answer.header("www-authenticate")), (401, "Basic realm=\"introspection\""));
        let description = "introspection needs the credentials of a configured client";
        assert_eq!(answer.json(), json!({ "error": "invalid_client", "error_description": description }));
    }
    assert_eq!(ask(known(), &issuer.token("assistant")).await.json(), json!({ "active": false }));
    broker.revoke(&session).await;
    assert_eq!(ask(known(), &session).await.json(), json!({ "active": false }));
    broker.finish().await;
}

/// A plain upstream and an MCP one whose streams begin and do not end.
async fn stage(change: impl FnOnce(BrokerSetup) -> BrokerSetup) -> (Echo, Issuer, Broker) {
    let upstream = Echo::start(|request| match request.uri.path() {
        "/events" => Reply::stream("text/event-stream", vec![Piece::Bytes("data: first\n\n".into()), Piece::Hang]),
        "/mcp" => {
            let event = json!({ "jsonrpc": "2.0", "method": "notifications/message", "params": { "level": "info", "data": "first" } });
            Reply::stream("text/event-stream", vec![Piece::Bytes(format!("data: {event}\n\n").into()), Piece::Hang])
        }
        _ => Reply::text("here"),
    })
    .await;
    let issuer = Issuer::start().await;
    let setup = BrokerSetup::trusting(issuer.issuer())
        .http("plain", upstream.url())
        .operation("all", &["GET"], "/**")
        .credential("header = \"X-Api-Key\"", &canary("credential"))
        .mcp("tools", &format!("{}/mcp", upstream.url()), "2026-07-28");
    let broker = Broker::start(change(setup)).await;
    (upstream, issuer, broker)
}

async fn get(broker: &Broker, session: &str) -> Answer {
    broker.send(Method::GET, &broker.http_url("plain", "/page"), bearer(session), "").await
}

fn assert_ended(answer: &Answer) {
    assert_eq!(answer.status, 401, "{answer:?}");
    let error = answer.json();
    assert_eq!(error, json!({ "error": "invalid_token", "error_description": ENDED }));
    assert!(answer.header("www-authenticate").starts_with("Bearer error=\"invalid_token\""), "{answer:?}");
}

/// An outcome is written when the answer is cut, which its reader sees a moment earlier.
async fn wait_for_outcomes(broker: &Broker, count: usize) {
    broker.wait_until(|_| broker.records_of("outcome").len() >= count).await;
}
