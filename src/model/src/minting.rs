//! What may exist at a source of credentials because of one minting.

use crate::{CredentialName, LeaseId, MintingId, ProviderName, SessionId, Timestamp};

/// One minting of a credential, from before it begins until nothing of it is left at its source. It holds no secret.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Minting {
    /// Names the minting, whatever it comes to.
    pub id: MintingId,
    /// Who mints, and revokes.
    pub provider: ProviderName,
    /// The credential.
    pub credential: CredentialName,
    /// The session that it is for.
    pub session: SessionId,
    /// When that session ends by itself; nothing that was minted for it outlives this.
    pub session_end: Timestamp,
    /// When the minting began.
    pub begun: Timestamp,
    /// What was made on the way and can be ended, in the order in which it was made.
    pub made: Vec<LeaseId>,
    /// What the minting came to; `None` while it runs, and where it failed.
    pub minted: Option<Minted>,
    /// How far ending it early came.
    pub revocation: Revocation,
}

/// A lease that was minted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Minted {
    /// As the provider names it.
    pub lease: LeaseId,
    /// When it ends by itself.
    pub expiry: Timestamp,
}

/// How far ending a minting early came.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Revocation {
    /// How often it was tried in vain.
    pub attempts: u32,
    /// Why the last try failed, in a word of ours.
    pub error: Option<String>,
    /// Whether it is tried no more: what is left must be ended at its source by a person.
    pub is_irrevocable: bool,
}
