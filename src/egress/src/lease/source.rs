//! A source as it is asked: within a time, by so many at once, and not while it is down.

use std::{sync::Arc, time::Duration};

use model::{Clock, LeaseId, ProviderName, Timestamp};
use provider::{CredentialRequest, Lease, Provider, ProviderError};
use tokio::{
    sync::{Semaphore, SemaphorePermit},
    time::timeout,
};

use super::circuit::Circuit;
use crate::EgressError;

/// The answer of a source must come within this time.
pub(super) const ANSWER_WAIT_MAX: Duration = Duration::from_secs(10);
/// Mintings and renewals at one source at a time: enough to keep it busy, few enough not to be what brings it down.
const ASKING_MAX: usize = 32;
/// How many wait for their turn; past it a source is so far behind that waiting is in vain.
const WAITING_MAX: usize = 1024;
/// How long one waits for its turn.
pub(super) const TURN_WAIT_MAX: Duration = Duration::from_secs(10);
/// Revocations at one source at a time. They have places of their own, so that slow mintings do not hold them up.
const REVOKING_MAX: usize = 32;

/// A source that mints.
#[derive(Debug)]
pub(super) struct Source {
    pub(super) name: ProviderName,
    provider: Arc<dyn Provider>,
    waiting: Semaphore,
    asking: Semaphore,
    revoking: Semaphore,
    circuit: Circuit,
}

/// The right to ask a source once.
#[derive(Debug)]
pub(super) struct Turn<'a> {
    source: &'a Source,
    _place: SemaphorePermit<'a>,
}

impl Source {
    pub(super) fn new(name: ProviderName, provider: Arc<dyn Provider>) -> Self {
        let (waiting, asking) = (Semaphore::new(WAITING_MAX), Semaphore::new(ASKING_MAX));
        Self { name, provider, waiting, asking, revoking: Semaphore::new(REVOKING_MAX), circuit: Circuit::default() }
    }

    /// Waits for a turn to ask.
    ///
    /// # Errors
    /// The source is down, or too many wait.
    pub(super) async fn turn(&self, clock: &dyn Clock) -> Result<Turn<'_>, EgressError> {
        let gone = EgressError::CredentialSourceUnreachable;
        if self.circuit.is_open(clock.now()) {
            return Err(gone);
        }
        let _waiting = self.waiting.try_acquire().map_err(|_| gone)?;
        let turn = timeout(TURN_WAIT_MAX, self.asking.acquire()).await;
        let (Ok(Ok(place)), true) = (turn, self.circuit.admits(clock.now())) else { return Err(gone) };
        Ok(Turn { source: self, _place: place })
    }

    /// Ends a lease, or what a journal names.
    ///
    /// # Errors
    /// The provider's; no answer in time is [`ProviderError::Unreachable`].
    pub(super) async fn revoke(&self, lease: &LeaseId) -> Result<(), ProviderError> {
        let _place = self.revoking.acquire().await.map_err(|_| ProviderError::Unreachable)?;
        in_time(self.provider.revoke(lease)).await
    }
}

impl Turn<'_> {
    /// Mints.
    ///
    /// # Errors
    /// The provider's; no answer in time is [`ProviderError::Unreachable`].
    pub(super) async fn issue(self, request: CredentialRequest<'_>, clock: &dyn Clock) -> Result<Lease, ProviderError> {
        self.note(in_time(self.source.provider.issue(request)).await, clock)
    }

    /// Extends.
    ///
    /// # Errors
    /// The provider's; no answer in time is [`ProviderError::Unreachable`].
    pub(super) async fn renew(
        self,
        lease: &LeaseId,
        until: Timestamp,
        clock: &dyn Clock,
    ) -> Result<Timestamp, ProviderError> {
        self.note(in_time(self.source.provider.renew(lease, until)).await, clock)
    }

    fn note<T>(&self, answer: Result<T, ProviderError>, clock: &dyn Clock) -> Result<T, ProviderError> {
        match &answer {
            Err(ProviderError::Unreachable) => self.source.circuit.failed(clock.now()),
            // Says nothing of the source, which may not have been asked.
            Err(ProviderError::NotConnected | ProviderError::Journal(_) | ProviderError::WebIdentity(_)) => {}
            Ok(_)
            | Err(ProviderError::Missing { .. } | ProviderError::Refused { .. } | ProviderError::CannotRevoke) => {
                self.source.circuit.answered();
            }
        }
        answer
    }
}

/// Gives an answer up after [`ANSWER_WAIT_MAX`].
pub(crate) async fn in_time<T>(answer: impl Future<Output = Result<T, ProviderError>>) -> Result<T, ProviderError> {
    timeout(ANSWER_WAIT_MAX, answer).await.unwrap_or(Err(ProviderError::Unreachable))
}
