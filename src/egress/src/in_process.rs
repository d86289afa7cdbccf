//! Egress in the process that asks for it.

use std::{fmt, sync::Arc};

use async_trait::async_trait;
use dial::Dialer;
use http::Response;
use model::{Clock, SessionId};

use crate::{
    CredentialSource, Egress, EgressError, ForwardTicket, LiveSecrets, TicketParts, Unscanned,
    forward::{Draft, Seal, forward},
    inject::inject,
    resolve::Resolver,
};

/// What an in-process egress works with.
#[derive(Debug)]
pub struct InProcessParts {
    /// Opens connections.
    pub dialer: Dialer,
    /// Tells whether a ticket is still good.
    pub clock: Arc<dyn Clock>,
    /// The sources of credentials; a [`crate::ProviderHandle`] is a place in this list.
    pub sources: Vec<CredentialSource>,
    /// Learns each credential before it leaves.
    pub live: Arc<LiveSecrets>,
}

/// Resolves, injects and forwards here.
pub struct InProcess {
    dialer: Dialer,
    clock: Arc<dyn Clock>,
    resolver: Resolver,
    live: Arc<LiveSecrets>,
}

impl InProcess {
    /// Puts the parts together.
    #[must_use]
    pub fn new(parts: InProcessParts) -> Self {
        let resolver = Resolver::new(parts.sources);
        Self { dialer: parts.dialer, clock: parts.clock, resolver, live: parts.live }
    }

    /// Ends what was minted for a session, with the session. A credential whose source cannot be reached ends by itself.
    pub async fn end_session(&self, session: &SessionId) {
        self.resolver.end_session(session).await;
    }
}

#[async_trait]
impl Egress for InProcess {
    async fn carry(&self, ticket: ForwardTicket) -> Result<Response<Unscanned>, EgressError> {
        let now = self.clock.now();
        let TicketParts { caller, trace, upstream, method, path, headers, body, .. } = ticket.spend(now)?;
        let mut draft = Draft::new(&upstream, method, &path, headers, body)?;
        let mut used = None;
        if let Some(credential) = upstream.credential() {
            let binding = &credential.binding;
            let lease = self.resolver.resolve(credential.provider, binding, &caller, trace, now).await?;
            // Learned before it is written, so that no answer to it can come before it is looked for.
            for secret in lease.material.secrets() {
                self.live.learn(&binding.credential, secret)?;
            }
            inject(&mut draft, binding, &lease, &self.dialer)?;
            used = Some((binding.credential.clone(), lease.id.clone()));
        }
        let (credential, lease) = used.unzip();
        let seal = Seal { fingerprints: self.live.current(), credential, lease };
        forward(&self.dialer, draft, seal).await
    }
}

impl fmt::Debug for InProcess {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("InProcess").field("resolver", &self.resolver).finish_non_exhaustive()
    }
}
