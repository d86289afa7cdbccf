//! One minting: its row is written before it, and completed after.

use std::sync::Arc;

use model::{Minted, Minting, Revocation, TraceContext};
use provider::{CredentialRequest, Lease, ProviderError};

use super::{Shared, ledger::MintJournal, slot::Slot};
use crate::{EgressError, resolve::refusal};

/// Why there is no lease, and what may be left of it at its source.
#[derive(Debug)]
pub(super) struct Failed {
    pub(super) error: EgressError,
    pub(super) remains: Option<Minting>,
}

impl From<EgressError> for Failed {
    fn from(error: EgressError) -> Self {
        Self { error, remains: None }
    }
}

/// Mints the credential of a slot. It takes the time of a turn and of an answer at the most.
///
/// # Errors
/// What failed. Whatever was made on the way is in the ledger, and in what remains.
pub(super) async fn mint(slot: &Slot, shared: &Arc<Shared>, trace: TraceContext) -> Result<(Lease, Minting), Failed> {
    let turn = slot.source.turn(&*shared.clock).await?;
    if slot.end.is_cancelled() {
        return Err(EgressError::SessionEnded.into());
    }
    let mut minting = Minting {
        id: shared.draw_id()?,
        provider: slot.source.name.clone(),
        credential: slot.binding.credential.clone(),
        session: slot.caller.session.clone(),
        session_end: slot.caller.session_end,
        begun: shared.clock.now(),
        made: Vec::new(),
        minted: None,
        revocation: Revocation::default(),
    };
    if shared.ledger.open(&minting).await.is_err() {
        // It may be there all the same, and nothing will ever come of it.
        let _gone_or_not = shared.ledger.ended(&minting.id).await;
        return Err(EgressError::CredentialSourceUnreachable.into());
    }
    let journal = MintJournal::new(&*shared.ledger, &minting.id);
    let request = CredentialRequest { binding: &slot.binding, caller: &slot.caller, trace, journal: &journal };
    let issued = turn.issue(request, &*shared.clock).await;
    minting.made = journal.take();
    let (provider, credential, session) = (&minting.provider, &minting.credential, &minting.session);
    let lease = match issued {
        Ok(lease) => lease,
        Err(reason) => {
            // A person who has not connected an account yet is no fault; the call that needs it is logged where it is answered.
            if !matches!(reason, ProviderError::NotConnected) {
                tracing::warn!(%provider, %credential, %session, %reason, "no credential was minted");
            }
            return Err(Failed { error: refusal(&reason), remains: Some(minting) });
        }
    };
    let expiry = lease.expiry.unwrap_or(slot.caller.session_end);
    let minted = Minted { lease: lease.id.clone(), expiry };
    let completed = shared.ledger.complete(&minting.id, &minted).await;
    let error = if completed.is_err() {
        Some(EgressError::CredentialSourceUnreachable)
    } else if expiry <= shared.clock.now() {
        tracing::warn!(%provider, %credential, %session, lease = %lease.id, "a credential was minted that has ended");
        Some(EgressError::CredentialRefused)
    } else {
        tracing::info!(%provider, %credential, %session, lease = %lease.id, "a credential was minted");
        None
    };
    minting.minted = Some(minted);
    match error {
        Some(error) => Err(Failed { error, remains: Some(minting) }),
        None => Ok((lease, minting)),
    }
}
