//! Tokens that are minted for a session: asked for with stored secrets, used in one slot, kept going across a crash.

use std::sync::Arc;

use base64::{Engine as _, engine::general_purpose::STANDARD};
use http::Method;
use parking_lot::Mutex;
use serde_json::json;

use crate::support::{
    broker::{Broker, BrokerSetup, bearer},
    canary::canary,
    echo::{Echo, Received, Reply},
    issuer::Issuer,
};

/// An authorization server that gives out a new refresh token with each use and knows none but the newest.
struct Login {
    server: Echo,
    client_secret: String,
    newest: Arc<Mutex<String>>,
}

impl Login {
    async fn start() -> Self {
        let client_secret = canary("client secret");
        let newest = Arc::new(Mutex::new(canary("refresh token")));
        // Both parts are encoded as in a form before they are joined (RFC 6749, section 2.3.1).
        let encoded: String = url::form_urlencoded::byte_serialize(client_secret.as_bytes()).collect();
        let (basic, current) = (STANDARD.encode(format!("claviger:{encoded}")), Arc::clone(&newest));
        let answer = move |request: &Received| match request.uri.path() {
            "/.well-known/oauth-authorization-server" => {
                let issuer = format!("http://{}", request.header("host").unwrap_or_default());
                Reply::json(&json!({ "issuer": issuer, "token_endpoint": format!("{issuer}/token") }))
            }
            "/token" => {
                let fields: Vec<_> = url::form_urlencoded::parse(&request.body).into_owned().collect();
                let field =
                    |name: &str| fields.iter().find(|(known, _)| known == name).map(|(_, value)| value.as_str());
                let mut newest = current.lock();
                let expected = format!("Basic {basic}");
                if request.header("authorization") != Some(expected.as_str()) || field("refresh_token") != Some(&newest)
                {
                    return Reply::status(400);
                }
                *newest = canary("refresh token");
                let access_token = canary("access token");
                Reply::json(&json!({
                    "access_token": access_token, "token_type": "Bearer", "expires_in": 300, "refresh_token": *newest,
                }))
            }
            _ => Reply::status(404),
        };
        Self { server: Echo::start(answer).await, client_secret, newest }
    }

    fn setup(&self, issuer: &Issuer, upstream: &Echo) -> BrokerSetup {
        let credential = "[upstreams.credential]\nname = \"crm-token\"\nprovider = \"login\"\n\
                          inject = { header = \"Authorization\", prefix = \"Bearer \" }\n\
                          oauth2 = { grant = \"refresh-token\", refresh_token = \"crm-refresh\" }";
        let provider = format!(
            "[[providers.oauth2]]\nname = \"login\"\nissuer = \"{}\"\naddresses = \"loopback\"\n\
             client_id = \"claviger\"\nclient_secret = \"login-secret\"\n",
            self.server.url()
        );
        BrokerSetup::trusting(issuer.issuer())
            .http("crm", upstream.url())
            .operation("all", &["GET"], "/**")
            .upstream_line(credential)
            .more(&provider)
    }
}

#[tokio::test]
async fn a_refresh_token_that_rotates_is_not_lost_in_a_crash() {
    let login = Login::start().await;
    let upstream =
        Echo::start(|request| Reply::text(request.header("authorization").unwrap_or("nothing").to_owned())).await;
    let issuer = Issuer::start().await;
    let mut broker = Broker::prepare(login.setup(&issuer, &upstream)).await;
    let first = login.newest.lock().clone();
    for (name, secret) in [("login-secret", &login.client_secret), ("crm-refresh", &first)] {
        let ran = broker.command(&["secret", "set", name, "--provider", "login", "-c", "claviger.toml"], secret).await;
        assert_eq!(ran.code, Some(0), "{ran:?}");
    }
    broker.serve().await;
    let mut seen = Vec::new();
    for _ in 0..2 {
        for _ in 0..2 {
            // Each session has a token of its own, so each uses the refresh token once.
            let session = broker.token(&issuer.token("assistant")).await;
            for _ in 0..2 {
                let answer = broker.send(Method::GET, &broker.http_url("crm", "/me"), bearer(&session), "").await;
                assert_eq!((answer.status.as_u16(), answer.body.as_ref()), (200, &b"Bearer (masked-secret)"[..]));
            }
            let received = upstream.received();
            let tokens: Vec<_> = received.iter().rev().take(2).map(|call| call.header("authorization")).collect();
            assert_eq!(tokens[0], tokens[1]);
            seen.push(tokens[0].expect("a token").to_owned());
        }
        broker.kill().await;
        broker.serve().await;
    }
    seen.sort();
    seen.dedup();
    assert_eq!(seen.len(), 4);
    assert_ne!(*login.newest.lock(), first);
    broker.finish().await;
}

#[tokio::test]
async fn a_secret_that_a_provider_lacks_is_named_before_it_is_needed() {
    let login = Login::start().await;
    let upstream = Echo::start(|_| Reply::text("here")).await;
    let issuer = Issuer::start().await;
    let broker = Broker::prepare_empty(login.setup(&issuer, &upstream));
    let stranger = canary("stranger");
    for (name, holder, why) in [
        ("login-secret", "crm", "no provider \"crm\" in the configuration"),
        ("other", "login", "needs no secret \"other\""),
    ] {
        let ran =
            broker.command(&["secret", "set", name, "--provider", holder, "-c", "claviger.toml"], &stranger).await;
        assert!(ran.code != Some(0) && ran.stderr.contains(why), "{ran:?}");
    }
    broker.command(&["secret", "set", "login-secret", "--provider", "login", "-c", "claviger.toml"], &stranger).await;
    let checked = broker.command(&["check", "-c", "claviger.toml"], "").await;
    let said = checked.stdout;
    assert!(said.contains("1 of 2 can be used"), "{said}");
    assert!(said.contains("enter it with `claviger secret set crm-refresh --provider login`"), "{said}");
}
