//! A certified OpenID provider with random secrets, whose tokens can have any one fault.

use base64::{Engine as _, engine::general_purpose::STANDARD};
use http::{HeaderMap, HeaderValue, Method, header};
use serde_json::{Map, Value, json};

use super::{http_client, peers::Node, process::Process};

/// What the provider is started with: see `tests/peers/node/identity_provider.mjs`.
#[derive(Debug, Default)]
pub(crate) struct Setup {
    clients: Vec<Value>,
    resources: Map<String, Value>,
}

impl Setup {
    /// A workload that gets tokens with these claims.
    pub(crate) fn client(mut self, id: &str, secret: &str, claims: Value) -> Self {
        self.clients.push(json!({ "client_id": id, "client_secret": secret, "claims": claims }));
        self
    }

    /// An audience that tokens can be asked for; `options` are `algorithm`, `ttl_seconds`, `scope`, and the faults.
    pub(crate) fn resource(mut self, audience: &str, options: Value) -> Self {
        self.resources.insert(audience.to_owned(), options);
        self
    }
}

/// A running provider.
#[derive(Debug)]
pub(crate) struct IdentityProvider {
    process: Process,
    issuer: String,
    secrets: Map<String, Value>,
}

impl IdentityProvider {
    /// Starts it on a free port.
    pub(crate) async fn start(node: &Node, setup: Setup) -> Self {
        let secret = |client: &Value| Some((client["client_id"].as_str()?.to_owned(), client["client_secret"].clone()));
        let secrets = setup.clients.iter().filter_map(secret).collect();
        let wanted = json!({ "clients": setup.clients, "resources": setup.resources });
        let ready = |line: &str| {
            let said: Value = serde_json::from_str(line).ok()?;
            said["issuer"].as_str().map(str::to_owned)
        };
        let script = node.script("identity_provider.mjs");
        let (process, issuer) = Process::start("identity-provider", script, &format!("{wanted}\n"), ready).await;
        Self { process, issuer, secrets }
    }

    /// Its issuer identifier, `http://127.0.0.1:PORT`.
    pub(crate) fn issuer(&self) -> &str {
        &self.issuer
    }

    /// A JWT access token by the client credentials grant.
    ///
    /// # Panics
    ///
    /// With the answer, when the provider gives none.
    pub(crate) async fn token(&self, client: &str, audience: &str) -> String {
        let fields = [("grant_type", "client_credentials"), ("resource", audience)];
        let secret = self.secrets.get(client).and_then(Value::as_str).unwrap_or_else(|| panic!("no client {client}"));
        let mut basic = HeaderValue::from_str(&format!("Basic {}", STANDARD.encode(format!("{client}:{secret}"))))
            .expect("base64 is a header value");
        basic.set_sensitive(true);
        let headers = HeaderMap::from_iter([(header::AUTHORIZATION, basic)]);
        let answer = http_client::post_form(&format!("{}/token", self.issuer), headers, &fields).await;
        let token = answer.json()["access_token"].as_str().map(str::to_owned);
        token.unwrap_or_else(|| panic!("no token: {answer:?}"))
    }

    /// Swaps to fresh keys with new ids; returns the ids.
    pub(crate) async fn rotate(&self) -> Vec<String> {
        let answer = self.control(Method::POST, "rotate").await;
        serde_json::from_value(answer["kids"].clone()).unwrap_or_else(|_| panic!("no kids: {answer}"))
    }

    /// Makes every later discovery or JWKS answer wait.
    pub(crate) async fn delay(&self, milliseconds: u32) {
        self.control(Method::POST, &format!("delay/{milliseconds}")).await;
    }

    /// How often `discovery`, `jwks` or `token` was asked.
    pub(crate) async fn count(&self, kind: &str) -> u64 {
        let counts = self.control(Method::GET, "counts").await;
        counts[kind].as_u64().unwrap_or_else(|| panic!("no count of {kind}: {counts}"))
    }

    /// The process, to kill it.
    pub(crate) fn process(&mut self) -> &mut Process {
        &mut self.process
    }

    async fn control(&self, method: Method, path: &str) -> Value {
        http_client::send(method, &format!("{}/{path}", self.issuer), HeaderMap::new(), "").await.json()
    }
}
