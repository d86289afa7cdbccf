//! The contract of a credential provider, and the conformance suite that each one runs.
//!
//! In scope: what a provider is asked, what it answers, and what it may ask back. Out of scope: caching, renewal and revocation
//! schedules (`egress`), and where a credential is put (`model::Injection`).

#[cfg(feature = "conformance")]
pub mod conformance;
mod contract;
mod error;
mod journal;
mod jwt;
mod lease;
mod minted_tokens;
mod stored_secret;
mod web_identity;

pub use contract::{CredentialRequest, Provider};
pub use error::ProviderError;
pub use journal::{Journal, JournalFailed};
pub use jwt::sign_jwt;
pub use lease::{Lease, Material};
pub use minted_tokens::{MintedTokens, lease_id, random_text};
pub use stored_secret::StoredSecret;
pub use web_identity::{WebIdentity, WebIdentityFailed};
