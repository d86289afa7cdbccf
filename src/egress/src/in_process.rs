//! Egress in the process that asks for it.

use std::{fmt, sync::Arc, time::Duration};

use async_trait::async_trait;
use dial::Dialer;
use http::Response;
use model::{Caller, Clock, Minting, SessionId};

use crate::{
    CredentialSource, Egress, EgressError, ForwardTicket, Issued, IssuedTokenAction, LeaseCounts, Ledger, LiveSecrets,
    Presented, Pseudonyms, TicketParts, Unscanned, UpstreamTarget,
    forward::{Draft, Seal, forward},
    inject::inject,
    present::Shown,
    resolve::Resolver,
    stand_ins::StandIns,
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
    /// Remembers what they mint.
    pub ledger: Arc<dyn Ledger>,
    /// Learns each credential before it leaves.
    pub live: Arc<LiveSecrets>,
}

/// Resolves, injects and forwards here.
pub struct InProcess {
    dialer: Dialer,
    clock: Arc<dyn Clock>,
    resolver: Resolver,
    live: Arc<LiveSecrets>,
    stand_ins: StandIns,
}

impl InProcess {
    /// Puts the parts together.
    #[must_use]
    pub fn new(parts: InProcessParts) -> Self {
        let resolver = Resolver::new(parts.sources, Arc::clone(&parts.clock), parts.ledger);
        let stand_ins = StandIns::new(Arc::clone(&parts.live));
        Self { dialer: parts.dialer, clock: parts.clock, resolver, live: parts.live, stand_ins }
    }

    /// Revokes what was minted for a session that has ended, and mints nothing more for it; wipes what is kept for
    /// it. Returns at once. It must be called for each session that ends.
    pub fn end_session(&self, session: &SessionId) {
        self.resolver.end_session(session);
        self.stand_ins.end_session(session);
    }

    /// Revokes what processes left that are gone: all that the ledger knew before this process minted anything. Returns at once.
    pub fn end_earlier(&self, mintings: Vec<Minting>) {
        self.resolver.end_earlier(mintings);
    }

    /// Revokes everything that was minted, for as long as `wait_max`; what is left then, the next process revokes. Nothing is
    /// minted any more.
    pub async fn close(&self, wait_max: Duration) {
        self.resolver.close(wait_max).await;
    }

    /// How many leases there are.
    #[must_use]
    pub fn lease_counts(&self) -> LeaseCounts {
        self.resolver.lease_counts()
    }
}

impl InProcess {
    /// What the handles and pseudonyms of a request stand for.
    fn redeem(
        &self,
        session: &SessionId,
        upstream: &UpstreamTarget,
        stand_ins: Vec<Presented>,
    ) -> Result<Shown, EgressError> {
        let shown = stand_ins.into_iter().map(|shown| {
            let text = self.stand_ins.redeem(session, upstream, &shown.stand_in)?;
            Ok(text.map(|text| (shown, text)))
        });
        shown.filter_map(Result::transpose).collect::<Result<_, _>>().map(Shown)
    }

    /// Where personal values go that `upstream` tells `caller`, where the caller gets pseudonyms.
    fn pseudonyms_of(&self, upstream: &UpstreamTarget, caller: &Caller) -> Result<Option<Pseudonyms>, EgressError> {
        if !upstream.gives_pseudonyms() {
            return Ok(None);
        }
        let has_ended = |session: &SessionId| self.resolver.has_ended(session);
        self.stand_ins.pseudonyms(caller, upstream, self.clock.now(), has_ended).map(Some)
    }

    /// What becomes of the tokens that `upstream` issues to `caller`.
    fn issued_by(&self, upstream: &UpstreamTarget, caller: &Caller) -> Result<Issued, EgressError> {
        match upstream.issued_tokens() {
            IssuedTokenAction::Mask => Ok(Issued::Mask),
            IssuedTokenAction::Deny => Ok(Issued::Deny),
            IssuedTokenAction::Capture => {
                let has_ended = |session: &SessionId| self.resolver.has_ended(session);
                let capture = self.stand_ins.capture(caller, upstream, self.clock.now(), has_ended)?;
                Ok(Issued::Capture(Arc::new(capture)))
            }
        }
    }
}

#[async_trait]
impl Egress for InProcess {
    async fn carry(&self, ticket: ForwardTicket) -> Result<Response<Unscanned>, EgressError> {
        let TicketParts { caller, trace, upstream, method, path, headers, body, stand_ins, .. } =
            ticket.spend(self.clock.now())?;
        let shown = self.redeem(&caller.session, &upstream, stand_ins)?;
        let mut draft = Draft::new(&upstream, method, &path, headers, body)?;
        shown.fill(&mut draft, path.as_str().len())?;
        let mut used = None;
        let credential = upstream.credential().filter(|credential| !shown.takes_slot(&credential.binding.injection));
        if let Some(credential) = credential {
            let binding = &credential.binding;
            let lease = self.resolver.resolve(credential.provider, binding, &caller, trace).await?;
            // Learned before it is written, so that no answer to it can come before it is looked for.
            for secret in lease.material.secrets() {
                self.live.learn(&binding.credential, secret)?;
            }
            inject(&mut draft, binding, &lease, &self.dialer, self.clock.now())?;
            used = Some((binding.credential.clone(), lease.id.clone()));
        }
        let (credential, lease) = used.unzip();
        let issued = self.issued_by(&upstream, &caller)?;
        let pseudonyms = self.pseudonyms_of(&upstream, &caller)?;
        let fingerprints = self.stand_ins.fingerprints(&caller.session);
        let seal = Seal { fingerprints, credential, lease, issued, pseudonyms };
        forward(&self.dialer, draft, seal).await
    }
}

impl fmt::Debug for InProcess {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("InProcess").field("resolver", &self.resolver).finish_non_exhaustive()
    }
}
