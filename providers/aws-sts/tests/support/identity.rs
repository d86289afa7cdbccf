//! An identity provider that signs nothing: it gives a canary for a token and remembers what it was asked.

use model::{Caller, UpstreamName};
use parking_lot::Mutex;
use provider::{WebIdentity, WebIdentityFailed};
use secret::Secret;
use serde_json::{Map, Value};

/// What was asked: the audience and the claims.
#[derive(Debug)]
pub(crate) struct Identity {
    token: String,
    pub(crate) asked: Mutex<Vec<(String, Map<String, Value>)>>,
}

impl Identity {
    pub(crate) fn new(token: &str) -> Self {
        Self { token: token.to_owned(), asked: Mutex::default() }
    }
}

impl WebIdentity for Identity {
    fn id_token(
        &self,
        _caller: &Caller,
        _upstream: &UpstreamName,
        audience: &str,
        claims: Map<String, Value>,
    ) -> Result<Secret, WebIdentityFailed> {
        self.asked.lock().push((audience.to_owned(), claims));
        Ok(Secret::new(self.token.clone().into()))
    }

    fn own_token(&self, _audience: &str) -> Result<Secret, WebIdentityFailed> {
        Err(WebIdentityFailed)
    }
}
