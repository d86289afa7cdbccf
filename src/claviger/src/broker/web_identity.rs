//! Claviger as an OpenID provider, for providers of credentials: they know no tokens, and `token` knows no provider.

use std::sync::Arc;

use model::{Caller, UpstreamName};
use provider::{WebIdentity, WebIdentityFailed};
use secret::Secret;
use serde_json::{Map, Value};
use token::{SigningFailed, WebIdentityTokens};

/// What signs as `tokens` do.
pub(super) fn of(tokens: WebIdentityTokens) -> Arc<dyn WebIdentity> {
    Arc::new(Signer(tokens))
}

#[derive(Debug)]
struct Signer(WebIdentityTokens);

impl WebIdentity for Signer {
    fn id_token(
        &self,
        caller: &Caller,
        upstream: &UpstreamName,
        audience: &str,
        claims: Map<String, Value>,
    ) -> Result<Secret, WebIdentityFailed> {
        signed(self.0.of_session(caller, upstream, audience, claims))
    }

    fn own_token(&self, audience: &str) -> Result<Secret, WebIdentityFailed> {
        signed(self.0.of_ourselves(audience))
    }
}

fn signed(outcome: Result<Secret, SigningFailed>) -> Result<Secret, WebIdentityFailed> {
    outcome.map_err(|error| {
        tracing::error!(%error, "an identity token could not be signed");
        WebIdentityFailed
    })
}
