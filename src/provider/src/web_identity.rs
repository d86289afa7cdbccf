//! How a provider proves to its source who asks, without a stored secret: with a token that Claviger signs.

use std::fmt;

use model::{Caller, UpstreamName};
use secret::Secret;
use serde_json::{Map, Value};

/// Claviger as an OpenID provider: its keys stand at its `jwks_uri`, and a source trusts what they sign.
pub trait WebIdentity: Send + Sync + fmt::Debug {
    /// Signs an ID token (OpenID Connect Core 1.0, section 2) about a session, for one `audience`. Its `sub` is
    /// `agent:NAME:upstream:NAME`; it lives for minutes, and not longer than the session. `claims` are added to it, and none of
    /// them can take the place of one that stands in every token.
    ///
    /// # Errors
    /// It could not be signed.
    fn id_token(
        &self,
        caller: &Caller,
        upstream: &UpstreamName,
        audience: &str,
        claims: Map<String, Value>,
    ) -> Result<Secret, WebIdentityFailed>;

    /// Signs an ID token about Claviger itself, for what it does at a source on its own behalf; its `sub` is `claviger`.
    ///
    /// # Errors
    /// It could not be signed.
    fn own_token(&self, audience: &str) -> Result<Secret, WebIdentityFailed>;
}

/// No token could be signed; what exactly is wrong stands in the log.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the identity of the session could not be signed")]
pub struct WebIdentityFailed;
