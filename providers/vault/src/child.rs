//! The token of one session at Vault: made short, named in the journal, used once, and then known by its accessor alone.

use std::{collections::BTreeMap, time::Duration};

use model::{LeaseId, Timestamp};
use provider::{CredentialRequest, ProviderError};
use serde_json::{Value, json};
use vaultrs::api::token::requests::{RenewTokenAccessorRequest, RevokeTokenAccessorRequest};

use crate::{Grant, VaultPath, answer::Token, failure::Failure, lease_name::LeaseName, own_token::Standing};

/// How long a token lives that nobody has written down yet. Should its answer be lost, nobody knows it, and it opens nothing.
const UNKNOWN_LIFE: Duration = Duration::from_secs(30);

/// A session's token.
#[derive(Debug)]
pub(crate) struct Child {
    pub(crate) token: Token,
    pub(crate) accessor: String,
    /// When Claviger's own token ends, and this one with it; `None` where it does not.
    pub(crate) tied_to: Option<Timestamp>,
    /// Names it in the journal.
    pub(crate) id: LeaseId,
}

/// Makes the token of one session for one credential. Vault itself lets it live no longer than the session, whatever becomes of
/// Claviger.
pub(crate) async fn create(
    standing: &Standing,
    token_role: Option<&VaultPath>,
    grant: &Grant,
    request: &CredentialRequest<'_>,
) -> Result<Child, ProviderError> {
    let session_end = request.caller.session_end;
    let path = token_role.map_or_else(|| "auth/token/create".to_owned(), |role| format!("auth/token/create/{role}"));
    let body = description(grant, request, session_end.since(standing.now()));
    let created = standing.call(session_end, || crate::endpoint::Raw::write(&*path, body.clone())).await;
    let doing = format!("making a session's token at {path}");
    let look_at = "Claviger's own policy must allow update there, and the token role, or Claviger's own token, must have the policies";
    let explain = |failure: Failure| failure.explain(&doing, look_at);
    let (answer, own) = created.map_err(explain)?;
    let auth = answer.auth.ok_or_else(|| explain(Failure::Unintelligible))?;
    let id = LeaseName::Token { accessor: &auth.accessor }.to_id().ok_or_else(|| explain(Failure::Unintelligible))?;
    let tied_to = if auth.orphan { None } else { own.end() };
    Ok(Child { token: auth.client_token, accessor: auth.accessor, tied_to, id })
}

/// What Vault's audit log knows of the session from now on.
fn description(grant: &Grant, request: &CredentialRequest<'_>, session_rest: Duration) -> Value {
    let caller = request.caller;
    let (agent, trace_id) = (caller.agent.name.as_str(), request.trace.trace_id());
    let upstream = request.binding.upstream.as_str();
    let meta =
        [("agent", agent), ("session", caller.session.as_str()), ("upstream", upstream), ("trace_id", &trace_id)];
    let mut body = json!({
        "type": "service",
        "display_name": format!("claviger-{agent}"),
        "meta": BTreeMap::from(meta),
        "ttl": seconds(UNKNOWN_LIFE.min(session_rest)),
        "explicit_max_ttl": seconds(session_rest),
        "renewable": true,
    });
    if let (false, Value::Object(members)) = (grant.policies.is_empty(), &mut body) {
        members.insert("policies".to_owned(), json!(grant.policies));
        members.insert("no_default_policy".to_owned(), Value::Bool(true));
    }
    body
}

/// Lets a session's token live until `until`, and says when it ends.
pub(crate) async fn extend(standing: &Standing, accessor: &str, until: Timestamp) -> Result<Timestamp, Failure> {
    let asked_at = standing.now();
    let increment = seconds(until.since(asked_at));
    let renewal = || RenewTokenAccessorRequest { accessor: accessor.to_owned(), increment: Some(increment.clone()) };
    let (answer, _) = standing.call(until, renewal).await?;
    let auth = answer.auth.ok_or(Failure::Unintelligible)?;
    Ok(asked_at.plus(auth.lease_duration()))
}

/// Ends a session's token, and every lease that it holds. That it is gone already is a success.
pub(crate) async fn end(standing: &Standing, accessor: &str) -> Result<(), Failure> {
    let revocation = || RevokeTokenAccessorRequest { accessor: accessor.to_owned() };
    match standing.call(standing.now(), revocation).await {
        Ok(_) => Ok(()),
        Err(failure) if failure.is_gone("accessor") => Ok(()),
        Err(failure) => Err(failure),
    }
}

/// Whole seconds as Vault reads them, rounded up: what ends a moment early is missed, and the lease says when it ends anyway.
pub(crate) fn seconds(duration: Duration) -> String {
    format!("{}s", duration.as_millis().div_ceil(1000))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn seconds_are_rounded_up() {
        assert_eq!(
            (seconds(Duration::from_millis(1)), seconds(Duration::from_secs(900))),
            ("1s".into(), "900s".into())
        );
    }
}
