//! Tokens that an upstream issues to an agent: used by their handles, in one session and at one upstream, and never seen.

use std::sync::Arc;

use http::{HeaderMap, Method, header::CONTENT_TYPE};
use parking_lot::Mutex;
use ring::digest::{SHA256, digest};
use serde_json::{Value, json};

use super::MARKER;
use crate::support::{
    broker::{Broker, BrokerSetup, bearer, headers},
    canary::{assert_clean, canary, plain_canary},
    echo::{Echo, Piece, Received, Reply},
    http_client::Answer,
    issuer::Issuer,
    streamed::Streamed,
};

const FORM: &str = "application/x-www-form-urlencoded";
const JSON: &str = "application/json";

/// An API with a token endpoint, which tells in plain words what it was shown.
struct Api {
    upstream: Echo,
    issued: Arc<Mutex<Vec<String>>>,
}

impl Api {
    async fn start() -> Self {
        let issued = Arc::new(Mutex::new(Vec::new()));
        let given = Arc::clone(&issued);
        let upstream = Echo::start(move |request| answer(request, &mut given.lock())).await;
        Self { upstream, issued }
    }

    fn issued(&self) -> Vec<String> {
        self.issued.lock().clone()
    }

    fn received(&self) -> Received {
        self.upstream.received().pop().expect("it arrived")
    }

    /// A broker for which the same server is four upstreams.
    async fn broker(&self, issuer: &Issuer, credential: &str) -> Broker {
        let url = self.upstream.url();
        let upstream = |setup: BrokerSetup, name: &str, line: &str| {
            setup.http(name, url).upstream_line(line).operation("all", &["GET", "POST"], "/**")
        };
        let setup = BrokerSetup::trusting(issuer.issuer());
        let setup =
            upstream(setup, "api", "issued_tokens = \"capture\"").credential("header = \"X-Api-Key\"", credential);
        let setup = upstream(setup, "other", "issued_tokens = \"capture\"");
        let setup = upstream(setup, "strict", "issued_tokens = \"deny\"");
        Broker::start(upstream(setup, "usual", "")).await
    }
}

/// What the API answers, and remembers to have issued.
fn answer(request: &Received, issued: &mut Vec<String>) -> Reply {
    let mut new = |name: &str| {
        let token = canary(name);
        issued.push(token.clone());
        token
    };
    let xml = |text: &str| text.replace('"', "&quot;").replace('+', "&#43;");
    match request.uri.path() {
        "/oauth/token" => Reply::json(&json!({
            "access_token": new("access token"), "token_type": "Bearer", "expires_in": 300,
            "refresh_token": new("refresh token"), "scope": "read",
        })),
        "/github/token" => {
            let token = plain_canary("access token");
            issued.push(token.clone());
            Reply::text(format!("access_token={token}&scope=repo&token_type=bearer")).header("content-type", FORM)
        }
        "/sts.xml" => Reply::text(format!(
            "<GetSessionTokenResponse><GetSessionTokenResult><Credentials>\n <AccessKeyId>ASIAEXAMPLE</AccessKeyId>\n \
             <SecretAccessKey>{}</SecretAccessKey>\n <SessionToken>\n{}\n</SessionToken>\n</Credentials>\
             </GetSessionTokenResult></GetSessionTokenResponse>",
            xml(&new("secret access key")).replace('\\', "&#92;"),
            xml(&new("session token of STS")).replace('\\', "&#x5c;"),
        ))
        .header("content-type", "text/xml"),
        "/sts.json" => Reply::json(&json!({ "Credentials": {
            "AccessKeyId": "ASIAEXAMPLE", "SecretAccessKey": new("secret access key"), "SessionToken": new("session token of STS"),
        } })),
        "/long" => {
            let token = new("token in a long answer");
            let (filler, token) = ("words ".repeat(60_000), json!(token));
            let text = format!("{{\"filler\":\"{filler}\",\"token\":{token},\"again\":{token}}}");
            let pieces = text.into_bytes();
            let pieces = pieces.chunks(4093).map(|piece| Piece::Bytes(piece.to_vec().into())).collect();
            Reply::stream(JSON, pieces)
        }
        "/expired" => Reply::status(401),
        "/mcp" => mcp_answer(request, &mut new),
        _ => {
            let shown =
                request.headers.get_all("authorization").iter().map(|value| String::from_utf8_lossy(value.as_bytes()));
            let shown: Vec<_> = shown.collect();
            Reply::text(format!("you showed {} and sent {}", shown.join(","), String::from_utf8_lossy(&request.body)))
        }
    }
}

/// A tool that issues a token, and others that are told one.
fn mcp_answer(request: &Received, new: &mut impl FnMut(&str) -> String) -> Reply {
    let message: Value = serde_json::from_slice(&request.body).expect("the broker sends JSON");
    let structured = match message["params"]["name"].as_str() {
        Some("login") => json!({ "token": new("token of a tool") }),
        _ => json!({ "ok": true }),
    };
    Reply::json(&json!({ "jsonrpc": "2.0", "id": message["id"], "result": {
        "resultType": "complete", "isError": false, "structuredContent": structured,
        "content": [{ "type": "text", "text": structured.to_string() }],
    } }))
}

async fn post(broker: &Broker, session: &str, upstream: &str, path: &str, content_type: &str, body: &str) -> Answer {
    let mut fields = bearer(session);
    fields.insert(CONTENT_TYPE, content_type.parse().expect("a media type"));
    broker.send(Method::POST, &broker.http_url(upstream, path), fields, body.to_owned()).await
}

async fn get(broker: &Broker, session: &str, upstream: &str, path: &str, more: &[(&str, &str)]) -> Answer {
    let mut fields: HeaderMap = bearer(session);
    fields.extend(headers(more));
    broker.send(Method::GET, &broker.http_url(upstream, path), fields, "").await
}

/// The handle in a member of an answer.
fn handle(answer: &Value) -> String {
    let handle = answer.as_str().expect("a text").to_owned();
    assert!(handle.starts_with("claviger-handle_") && handle.len() == 59, "{handle}");
    handle
}

/// What the record calls a handle.
fn id(handle: &str) -> String {
    digest(&SHA256, handle.as_bytes()).as_ref().iter().take(8).map(|byte| format!("{byte:02x}")).collect()
}

fn refused(answer: &Answer) -> (u16, String) {
    (answer.status.as_u16(), answer.json()["error"].as_str().unwrap_or_default().to_owned())
}

#[tokio::test]
async fn an_agent_uses_a_token_by_its_handle_and_never_sees_it() {
    let (api, issuer, key) = (Api::start().await, Issuer::start().await, canary("credential"));
    let broker = api.broker(&issuer, &key).await;
    let session = broker.token(&issuer.token("assistant")).await;
    let answer = post(&broker, &session, "api", "/oauth/token", FORM, "grant_type=client_credentials").await;
    assert_eq!(answer.status, 200, "{answer:?}");
    let body = answer.json();
    let (access, refresh) = (handle(&body["access_token"]), handle(&body["refresh_token"]));
    assert_ne!(access, refresh);
    assert_eq!(
        (&body["token_type"], &body["expires_in"], &body["scope"]),
        (&json!("Bearer"), &json!(300), &json!("read"))
    );
    let [access_token, refresh_token] = <[String; 2]>::try_from(api.issued()).expect("two tokens");

    let answer = get(&broker, &session, "api", "/me", &[("upstream-authorization", &format!("Bearer {access}"))]).await;
    let received = api.received();
    assert_eq!(received.header("authorization"), Some(format!("Bearer {access_token}").as_str()));
    assert_eq!(received.header("x-api-key"), Some(key.as_str()));
    assert!(!received.headers.contains_key("upstream-authorization"), "{received:?}");
    // The API says the token again, in a text without names.
    let text = String::from_utf8_lossy(&answer.body).into_owned();
    assert_eq!(
        (answer.status.as_u16(), text.as_str()),
        (200, format!("you showed Bearer {MARKER} and sent ").as_str())
    );

    let show = [("upstream-authorization", access.as_str())];
    let answer = get(&broker, &session, "api", "/expired", &show).await;
    assert_eq!(refused(&answer), (403, "issued_token_refused".to_owned()));

    let encode = |token: &str| url::form_urlencoded::byte_serialize(token.as_bytes()).collect::<String>();
    let form = |token: &str| format!("grant_type=refresh_token&refresh_token={token}");
    let answer = post(&broker, &session, "api", "/oauth/token", FORM, &form(&refresh)).await;
    assert_eq!(String::from_utf8_lossy(&api.received().body), form(&encode(&refresh_token)));
    let renewed = handle(&answer.json()["access_token"]);
    assert!(renewed != access && api.issued().len() == 4);

    let json = |token: &str| json!({ "a": 1.50, "token": token }).to_string();
    post(&broker, &session, "api", "/revoke", JSON, &json(&access)).await;
    assert_eq!(String::from_utf8_lossy(&api.received().body), json(&access_token));
    get(&broker, &session, "api", &format!("/me?access_token={access}&b=2"), &[]).await;
    let query = api.received().uri.query().expect("a query").to_owned();
    let parsed: Vec<_> = url::form_urlencoded::parse(query.as_bytes()).into_owned().collect();
    assert_eq!(parsed, [("access_token".to_owned(), access_token), ("b".to_owned(), "2".to_owned())]);

    let intents = broker.records_of("intent");
    let shown: Vec<_> = intents.iter().map(|entry| entry["handles"].clone()).collect();
    let (access_id, refresh_id) = (json!([id(&access)]), json!([id(&refresh)]));
    assert_eq!(shown, [Value::Null, access_id.clone(), access_id.clone(), refresh_id, access_id.clone(), access_id]);
    let outcomes = broker.records_of("outcome");
    assert_eq!(outcomes[0]["issued"], json!([id(&access), id(&refresh)]));
    assert_eq!((&outcomes[1]["issued"], &outcomes[1]["masked_secrets"]), (&Value::Null, &json!(1)));
    broker.finish().await;
}

#[tokio::test]
async fn a_handle_is_refused_everywhere_else() {
    let (api, issuer) = (Api::start().await, Issuer::start().await);
    let mut broker = api.broker(&issuer, &canary("credential")).await;
    let (session, stranger) =
        (broker.token(&issuer.token("assistant")).await, broker.token(&issuer.token("assistant")).await);
    let answer = post(&broker, &session, "api", "/oauth/token", FORM, "a=b").await;
    let access = handle(&answer.json()["access_token"]);
    let authorization = format!("Bearer {access}");
    let show = [("upstream-authorization", authorization.as_str())];
    let reached = api.upstream.received().len();
    let elsewhere = (403, "handle_refused".to_owned());
    for upstream in ["other", "strict", "usual"] {
        assert_eq!(refused(&get(&broker, &session, upstream, "/me", &show).await), elsewhere, "{upstream}");
    }
    assert_eq!(refused(&get(&broker, &stranger, "api", "/me", &show).await), elsewhere);
    let unknown = format!(
        "Bearer {}",
        access.chars().rev().take(43).fold("claviger-handle_".to_owned(), |text, c| text + &c.to_string())
    );
    assert_eq!(
        refused(&get(&broker, &session, "api", "/me", &[("upstream-authorization", &unknown)]).await),
        elsewhere
    );
    let misplaced = (400, "handle_misplaced".to_owned());
    let comment = json!({ "comment": format!("the token is {access}") }).to_string();
    assert_eq!(refused(&post(&broker, &session, "api", "/comments", JSON, &comment).await), misplaced);
    assert_eq!(refused(&get(&broker, &session, "api", &format!("/tokens/{access}"), &[]).await), misplaced);
    assert_eq!(api.upstream.received().len(), reached, "nothing was sent");
    // A body that passes through unread is cut where the handle stands.
    let file = format!("{}{access}{}", "x".repeat(40_000), "y".repeat(40_000));
    assert_eq!(refused(&post(&broker, &session, "api", "/files", "text/plain", &file).await), misplaced);
    let denials = broker.records_of("denial");
    assert!(denials.iter().all(|entry| entry["error"] == "handle_misplaced") && denials.len() == 2, "{denials:?}");

    // The session goes on after a restart; its tokens were in memory alone.
    broker.stop().await;
    broker.serve().await;
    assert_eq!(refused(&get(&broker, &session, "api", "/me", &show).await), elsewhere);
    let answer = post(&broker, &session, "api", "/oauth/token", FORM, "a=b").await;
    let authorization = format!("Bearer {}", handle(&answer.json()["access_token"]));
    let show = [("upstream-authorization", authorization.as_str())];
    assert_eq!(get(&broker, &session, "api", "/me", &show).await.status, 200);
    broker.revoke(&session).await;
    assert_eq!(refused(&get(&broker, &session, "api", "/me", &show).await), (401, "invalid_token".to_owned()));
    let next = broker.token(&issuer.token("assistant")).await;
    assert_eq!(refused(&get(&broker, &next, "api", "/me", &show).await), elsewhere);
    broker.finish().await;
}

#[tokio::test]
async fn tokens_are_found_in_every_shape_that_servers_answer_in() {
    let (api, issuer) = (Api::start().await, Issuer::start().await);
    let broker = api.broker(&issuer, &canary("credential")).await;
    let session = broker.token(&issuer.token("assistant")).await;
    let use_it = async |handle: &str| {
        get(&broker, &session, "api", "/me", &[("upstream-authorization", handle)]).await;
        api.received().header("authorization").map(str::to_owned)
    };
    let text = async |path: &str| {
        let answer = get(&broker, &session, "api", path, &[]).await;
        assert_eq!(answer.status, 200, "{answer:?}");
        String::from_utf8(answer.body.to_vec()).expect("text")
    };
    let form = text("/github/token").await;
    let given = form.strip_prefix("access_token=").and_then(|rest| rest.strip_suffix("&scope=repo&token_type=bearer"));
    assert_eq!(use_it(given.expect(&form)).await, api.issued().pop());

    let document = text("/sts.xml").await;
    assert!(document.contains("<AccessKeyId>ASIAEXAMPLE</AccessKeyId>"), "{document}");
    let element = |name: &str| {
        let (_, rest) = document.split_once(&format!("<{name}>")).expect(name);
        rest.split_once(&format!("</{name}>")).expect(name).0.to_owned()
    };
    let (secret_key, session_token) = (element("SecretAccessKey"), element("SessionToken"));
    let issued = api.issued();
    assert_eq!(use_it(&secret_key).await.as_ref(), issued.get(1));
    assert_eq!(use_it(&session_token).await.as_ref(), issued.get(2));

    let answer: Value = serde_json::from_str(&text("/sts.json").await).expect("JSON");
    let issued = api.issued();
    assert_eq!(use_it(&handle(&answer["Credentials"]["SecretAccessKey"])).await.as_ref(), issued.get(3));
    assert_eq!(use_it(&handle(&answer["Credentials"]["SessionToken"])).await.as_ref(), issued.get(4));

    // In an answer that streams, what follows a token is searched for it.
    let long: Value = serde_json::from_str(&text("/long").await).expect("JSON");
    assert_eq!((use_it(&handle(&long["token"])).await, &long["again"]), (api.issued().pop(), &json!(MARKER)));
    broker.finish().await;
}

#[tokio::test]
async fn an_upstream_that_may_issue_nothing_has_its_answer_withheld() {
    let (api, issuer) = (Api::start().await, Issuer::start().await);
    let broker = api.broker(&issuer, &canary("credential")).await;
    let session = broker.token(&issuer.token("assistant")).await;
    for path in ["/oauth/token", "/github/token", "/sts.xml", "/sts.json"] {
        let answer = get(&broker, &session, "strict", path, &[]).await;
        assert_eq!(refused(&answer), (502, "answer_blocked".to_owned()), "{path}");
    }
    let mut long = Streamed::begin(Method::GET, &broker.http_url("strict", "/long"), bearer(&session), "").await;
    let arrived = long.read_to_end().await.to_vec();
    assert!(long.broke() && !arrived.is_empty());
    assert_clean("what arrived", &arrived);
    let outcomes = broker.records_of("outcome");
    assert!(
        outcomes.iter().all(|outcome| outcome["ending"] == "answer_blocked") && outcomes.len() == 5,
        "{outcomes:?}"
    );
    // Everything else of it is as usual.
    let answer = get(&broker, &session, "strict", "/me", &[]).await;
    assert_eq!((answer.status.as_u16(), &answer.body[..]), (200, &b"you showed  and sent "[..]));
    broker.finish().await;
}

#[tokio::test]
async fn unless_it_is_configured_tokens_are_masked_and_forgotten() {
    let (api, issuer) = (Api::start().await, Issuer::start().await);
    let broker = api.broker(&issuer, &canary("credential")).await;
    let session = broker.token(&issuer.token("assistant")).await;
    let body = get(&broker, &session, "usual", "/oauth/token", &[]).await.json();
    assert_eq!((&body["access_token"], &body["refresh_token"]), (&json!(MARKER), &json!(MARKER)));
    broker.finish().await;
}

#[tokio::test]
async fn a_tool_of_an_mcp_server_takes_the_handle_of_another_s_token() {
    let (api, issuer) = (Api::start().await, Issuer::start().await);
    let setup = BrokerSetup::trusting(issuer.issuer())
        .mcp("tools", &format!("{}/mcp", api.upstream.url()), "2026-07-28")
        .upstream_line("issued_tokens = \"capture\"\nmasking = { calls = { named_fields = \"mask\" } }")
        .credential("header = \"X-Api-Key\"", &canary("credential"));
    let broker = Broker::start(setup).await;
    let session = broker.token(&issuer.token("assistant")).await;
    let result = broker.call_tool("tools", &session, "login", json!({})).await.json()["result"].clone();
    let given = handle(&result["structuredContent"]["token"]);
    // The same token in a text that is JSON has the same handle.
    assert_eq!(result["content"][0]["text"], json!(json!({ "token": given }).to_string()));
    let arguments = json!({ "session": { "access_token": given, "password": "correct-horse" }, "of": 2 });
    let answer = broker.call_tool("tools", &session, "list", arguments).await;
    assert_eq!(answer.json()["result"]["structuredContent"], json!({ "ok": true }), "{answer:?}");
    let sent: Value = serde_json::from_slice(&api.received().body).expect("JSON");
    assert_eq!(
        sent["params"]["arguments"],
        json!({ "session": { "access_token": api.issued()[0], "password": MARKER }, "of": 2 })
    );
    let answer = broker.call_tool("tools", &session, "note", json!({ "text": given })).await;
    let error = answer.json()["error"].clone();
    assert_eq!(
        (answer.status.as_u16(), &error["code"], &error["data"]["error"]),
        (200, &json!(-31_400), &json!("handle_misplaced"))
    );
    let stranger = broker.token(&issuer.token("assistant")).await;
    let answer = broker.call_tool("tools", &stranger, "list", json!({ "token": given })).await;
    let error = answer.json()["error"].clone();
    assert_eq!(
        (answer.status.as_u16(), &error["code"], &error["data"]["error"]),
        (200, &json!(-31_403), &json!("handle_refused"))
    );
    broker.finish().await;
}
