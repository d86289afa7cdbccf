//! The provider: a token for the session, what it is allowed to read, and the end of both.

use std::{collections::HashMap, sync::Arc};

use async_trait::async_trait;
use dial::Dialer;
use model::{Binding, Clock, LeaseId, Timestamp};
use provider::{CredentialRequest, Lease, Provider, ProviderError};
use serde_json::json;

use crate::{
    Grant, Mint, Settings, VaultPath,
    answer::Answer,
    child::{self, Child},
    client::Client,
    endpoint::Raw,
    failure::Failure,
    lease_name::LeaseName,
    login::Login,
    material,
    own_token::Standing,
};

/// Mints at one server of HashiCorp Vault or OpenBao.
#[derive(Debug)]
pub struct VaultProvider {
    standing: Standing,
    token_role: Option<VaultPath>,
    grants: HashMap<Binding, Grant>,
}

impl VaultProvider {
    /// A provider of what `grants` names. Nothing is asked before the first credential is.
    #[must_use]
    pub fn new(
        settings: Settings,
        grants: impl IntoIterator<Item = Grant>,
        dialer: &Dialer,
        clock: Arc<dyn Clock>,
    ) -> Self {
        let client = Client::new(&settings, dialer);
        let Settings { auth, token_role, .. } = settings;
        let grants = grants.into_iter().map(|grant| (grant.binding.clone(), grant)).collect();
        Self { standing: Standing::new(client, Login::new(auth), clock), token_role, grants }
    }

    fn grant(&self, binding: &Binding) -> Result<&Grant, ProviderError> {
        let (credential, upstream) = (&binding.credential, &binding.upstream);
        self.grants.get(binding).ok_or_else(|| ProviderError::Missing {
            reason: format!("this provider mints no {credential} for this destination and slot of {upstream}"),
        })
    }

    async fn mint(
        &self,
        grant: &Grant,
        request: &CredentialRequest<'_>,
        child: &Child,
    ) -> Result<Lease, ProviderError> {
        let doing = format!("reading {}", grant.path);
        let session_end = request.caller.session_end;
        let asked_at = self.standing.now();
        let endpoint = material::request(grant, request, session_end.since(asked_at));
        let answer = self.standing.client().call(Some(&child.token), endpoint).await;
        let look_at = "check the path, and that the policies of the session's token allow it";
        let answer = answer.map_err(|failure| failure.explain(&doing, look_at))?;
        tracing::debug!(path = %grant.path, request_id = answer.request_id, lease_id = answer.lease_id, "Vault has minted");
        let unusable =
            |what: &dyn ToString| ProviderError::Refused { reason: format!("{doing}: {}", what.to_string()) };
        let data = answer.data.as_ref().ok_or_else(|| unusable(&"the answer has no data"))?;
        let material = material::read(&grant.mint, data).map_err(|why| unusable(&why))?;
        let name = name(&grant.mint, &answer, child);
        let id = name.and_then(LeaseName::to_id).ok_or_else(|| unusable(&"the lease has no usable id"))?;
        let mut expiry = material::expiration(data).map_or(session_end, |end| session_end.min(end));
        let mut renewable = false;
        if !answer.lease_id.is_empty() {
            let extended = child::extend(&self.standing, &child.accessor, session_end).await;
            let child_end = extended.map_err(|failure| failure.explain("extending a session's token", EXTEND))?;
            let tied_to = child.tied_to.unwrap_or(session_end);
            expiry = expiry.min(child_end).min(asked_at.plus(answer.lease_duration())).min(tied_to);
            renewable = answer.renewable && expiry < session_end && tied_to >= session_end;
        }
        Ok(Lease { id, material, expiry: Some(expiry), renewable })
    }
}

const EXTEND: &str = "Claviger's own policy must allow update at auth/token/renew-accessor";

#[async_trait]
impl Provider for VaultProvider {
    /// Makes a token, writes it down, reads with it, and lets it live as long as the session if a lease depends on it. What is
    /// dropped in between ends by itself within half a minute, leases included.
    async fn issue(&self, request: CredentialRequest<'_>) -> Result<Lease, ProviderError> {
        let grant = self.grant(request.binding)?;
        if request.caller.session_end <= self.standing.now() {
            return Err(ProviderError::Refused { reason: "the session has ended".to_owned() });
        }
        let child = child::create(&self.standing, self.token_role.as_ref(), grant, &request).await?;
        let lease = match request.journal.made(&child.id).await {
            Ok(()) => self.mint(grant, &request, &child).await,
            Err(unwritten) => Err(unwritten.into()),
        };
        // Without an answer the request may be under way; the journal leads to the token when it no longer is.
        if lease.as_ref().is_err_and(|error| !matches!(error, ProviderError::Unreachable))
            && let Err(failure) = child::end(&self.standing, &child.accessor).await
        {
            tracing::warn!(accessor = child.accessor, ?failure, "a session's token was not ended; it ends by itself");
        }
        lease
    }

    /// Extends the session's token first: a lease ends with the token that holds it.
    async fn renew(&self, lease: &LeaseId, until: Timestamp) -> Result<Timestamp, ProviderError> {
        let Some(LeaseName::Lease { accessor, lease_id }) = LeaseName::of(lease) else {
            return Err(ProviderError::Refused { reason: "this credential cannot be renewed".to_owned() });
        };
        let child_end = child::extend(&self.standing, accessor, until).await;
        let child_end = child_end.map_err(|failure| gone(failure, "extending a session's token", EXTEND))?;
        let asked_at = self.standing.now();
        let increment = until.since(asked_at).as_secs();
        let renewal = || Raw::write("sys/leases/renew", json!({ "lease_id": lease_id, "increment": increment }));
        let look_at = "Claviger's own policy must allow update at sys/leases/renew";
        let answer = self.standing.call(until, renewal).await;
        let (answer, _) = answer.map_err(|failure| gone(failure, "renewing a lease", look_at))?;
        Ok(until.min(child_end).min(asked_at.plus(answer.lease_duration())))
    }

    /// Ends the lease first, and waits for that: what ends with its token ends soon, but unseen.
    async fn revoke(&self, lease: &LeaseId) -> Result<(), ProviderError> {
        let unknown = || ProviderError::Missing { reason: "this lease is none of Vault's".to_owned() };
        let (accessor, revoked) = match LeaseName::of(lease).ok_or_else(unknown)? {
            LeaseName::Token { accessor } => (accessor, Ok(())),
            LeaseName::Lease { accessor, lease_id } => (accessor, self.revoke_lease(lease_id).await),
            LeaseName::Value { .. } | LeaseName::Certificate { .. } => return Err(ProviderError::CannotRevoke),
        };
        let ended = child::end(&self.standing, accessor).await;
        revoked.map_err(|failure| still_there(failure, "revoking a lease", "sys/leases/revoke"))?;
        ended.map_err(|failure| still_there(failure, "ending a session's token", "auth/token/revoke-accessor"))
    }
}

impl VaultProvider {
    async fn revoke_lease(&self, lease_id: &str) -> Result<(), Failure> {
        let revocation = || Raw::write("sys/leases/revoke", json!({ "lease_id": lease_id, "sync": true }));
        match self.standing.call(self.standing.now(), revocation).await {
            Ok(_) => Ok(()),
            Err(failure) if failure.is_gone("lease") => Ok(()),
            Err(failure) => Err(failure),
        }
    }
}

/// Under which name what was read is ended.
fn name<'a>(mint: &Mint, answer: &'a Answer, child: &'a Child) -> Option<LeaseName<'a>> {
    let accessor = &*child.accessor;
    if !answer.lease_id.is_empty() {
        return Some(LeaseName::Lease { accessor, lease_id: &answer.lease_id });
    }
    match mint {
        Mint::Stored { .. } => Some(LeaseName::Value { accessor }),
        Mint::Certificate { .. } => {
            answer.data.as_ref().and_then(material::serial).map(|serial| LeaseName::Certificate { serial })
        }
        // What is minted without a lease could not be ended.
        Mint::Password { .. } | Mint::Token { .. } | Mint::AwsKey => None,
    }
}

/// A lease that cannot be renewed has ended, or somebody ended it; another one is minted then.
fn gone(failure: Failure, doing: &str, look_at: &str) -> ProviderError {
    match failure.explain(doing, look_at) {
        ProviderError::Missing { reason } => ProviderError::Refused { reason },
        other => other,
    }
}

/// What is not ended is still there, unless Claviger is not allowed to end it; the engine may not reach what it ends it at.
fn still_there(failure: Failure, doing: &str, path: &str) -> ProviderError {
    if let (false, Failure::Refused { status, said }) = (failure.is_denied(), &failure) {
        tracing::warn!(doing, status = status.as_u16(), said, "Vault could not do so; it will be asked again");
        return ProviderError::Unreachable;
    }
    failure.explain(doing, &format!("Claviger's own policy must allow update at {path}"))
}
