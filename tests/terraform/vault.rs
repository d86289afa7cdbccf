//! A real OpenBao that a module set up, and an issuer in Claviger's place: it publishes keys at its URL, and signs.

use http::{HeaderMap, HeaderValue, Method, StatusCode};
use serde_json::{Value, json};

use crate::support::{
    http_client::{self, Answer},
    issuer::Issuer,
    openbao::OpenBao,
    peers,
    terraform::Terraform,
};

/// The server, and what set it up.
pub(super) struct Vault {
    pub(super) server: OpenBao,
    pub(super) claviger: Issuer,
    pub(super) terraform: Terraform,
    pub(super) outputs: Value,
}

impl Vault {
    /// Applies a folder of `terraform/` with these variables besides the two URLs.
    pub(super) async fn set_up(peer: &peers::Terraform, folder: &str, variables: &[(&str, &str)]) -> Self {
        let (server, claviger) = (OpenBao::start(&[]), Issuer::start().await);
        let mut terraform = Terraform::new(peer)
            .with("VAULT_ADDR", &server.url())
            .with("VAULT_TOKEN", server.root_token())
            .with("TF_VAR_public_url", claviger.issuer())
            .with("TF_VAR_vault_url", &server.url());
        for (name, value) in variables {
            terraform = terraform.with(&format!("TF_VAR_{name}"), value);
        }
        let outputs = terraform.apply(folder).await;
        Self { server, claviger, terraform, outputs }
    }

    /// Logs in as Claviger does, with a token of `issuer` and other claims; `auth` of the answer.
    ///
    /// # Errors
    ///
    /// The status of a refusal.
    pub(super) async fn login(&self, issuer: &Issuer, claims: Value) -> Result<Value, StatusCode> {
        let mut all = json!({ "aud": self.server.url() });
        for (name, value) in claims.as_object().expect("claims by name") {
            all[name] = value.clone();
        }
        let jwt = issuer.token_with("claviger", all);
        let answer = self.write("auth/claviger/login", "", json!({ "role": "claviger", "jwt": jwt })).await;
        if answer.status == StatusCode::OK { Ok(answer.json()["auth"].clone()) } else { Err(answer.status) }
    }

    /// Claviger's own token.
    pub(super) async fn own_token(&self) -> String {
        let auth = self.login(&self.claviger, json!({})).await.expect("Claviger logs in");
        auth["client_token"].as_str().expect("a token").to_owned()
    }

    /// The token of a session with one policy, and its accessor.
    pub(super) async fn session_token(&self, own: &str, policy: &str) -> (String, String) {
        let asked =
            json!({ "type": "service", "policies": [policy], "no_default_policy": true, "explicit_max_ttl": "900s" });
        let made = self.write("auth/token/create/claviger", own, asked).await;
        assert_eq!(made.status, StatusCode::OK, "{made:?}");
        let text = |field| made.json()["auth"][field].as_str().expect("a token").to_owned();
        (text("client_token"), text("accessor"))
    }

    /// Reads a path with a token.
    pub(super) async fn read(&self, path: &str, token: &str) -> Answer {
        self.ask(Method::GET, path, token, String::new()).await
    }

    /// Writes to a path with a token; an empty one is none.
    pub(super) async fn write(&self, path: &str, token: &str, body: Value) -> Answer {
        self.ask(Method::POST, path, token, body.to_string()).await
    }

    async fn ask(&self, method: Method, path: &str, token: &str, body: String) -> Answer {
        let mut headers = HeaderMap::new();
        if !token.is_empty() {
            headers.insert("x-vault-token", HeaderValue::from_str(token).expect("a token is printable"));
        }
        http_client::send(method, &format!("{}/v1/{path}", self.server.url()), headers, body).await
    }
}
