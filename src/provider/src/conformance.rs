//! What every provider must do, as checks that its own tests run.
//!
//! A provider's author builds a [`Case`] against a source that is real or plays one, and unwraps [`check`]. A rule that is added
//! here is thereby added for every provider. What such tests are made of otherwise stands in [`parts`].

pub mod parts;

use std::{fmt::Debug, sync::Mutex};

use async_trait::async_trait;
use model::{Binding, Caller, LeaseId, Timestamp, TraceContext};
use secret::Secret;

use crate::{CredentialRequest, Journal, JournalFailed, Lease, Material, Provider, ProviderError};

/// What a provider is judged by.
#[derive(Debug)]
pub struct Case<'a> {
    /// Whose session asks.
    pub caller: &'a Caller,
    /// What the provider must answer with a lease.
    pub good: &'a Binding,
    /// What it must refuse: a credential that it does not know, and one that it knows, for another destination and for another
    /// slot.
    pub bad: &'a [Binding],
    /// How long its credentials live.
    pub life: Life,
    /// The time at which it is asked.
    pub now: Timestamp,
    /// Secrets that the provider or its source holds. What it issues is added to them.
    pub canaries: &'a [Secret],
}

/// How long a provider's credentials live.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Life {
    /// An operator stored them; they have no end of their own, and cannot be revoked.
    Stored,
    /// They are made for a session, and end with it at the latest.
    Minted,
}

/// The rule that a provider broke.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
pub enum Violation {
    /// A suite without bad requests would prove too little.
    #[error("the case has no bad request")]
    NothingBad,
    /// A good request is answered with a lease.
    #[error("a good request was refused: {0}")]
    GoodRefused(String),
    /// A bad request is not answered with a lease.
    #[error("the bad request number {0} was answered with a lease")]
    BadAnswered(usize),
    /// What is wrong with a bad request is said: nothing is there, or the source refuses.
    #[error("the bad request number {0} was refused as if the source were down, or as a revocation")]
    BadBlamed(usize),
    /// An empty secret authenticates nobody.
    #[error("the secret is empty")]
    EmptySecret,
    /// The lease's id stands in records, which hold no secret.
    #[error("the id of a lease holds a secret")]
    SecretInId,
    /// Nobody reads a secret from a log.
    #[error("a secret shows in what {0} prints")]
    SecretShown(&'static str),
    /// A minted credential ends with its session at the latest.
    #[error("a minted credential outlives its session")]
    Outlives,
    /// A credential that has ended is of no use.
    #[error("a credential has ended before it is used")]
    Ended,
    /// A stored credential has no end, and a minted one has one.
    #[error("the credential has an end where none is due, or none where one is")]
    WrongExpiry,
    /// Two minted credentials are two leases: to revoke one is not to revoke the other.
    #[error("two minted credentials have one lease id")]
    IdTwice,
    /// What can be ended must be known to whoever ends it when the process has died.
    #[error("a lease can be revoked, and the journal does not say how")]
    NotJournaled,
    /// A minted lease is revoked, or its provider says that it cannot; a stored one says that it cannot.
    #[error("revoking a lease was answered with: {0}")]
    WrongRevocation(String),
}

/// A journal in memory, for a provider's own tests.
#[derive(Debug, Default)]
pub struct Notes(Mutex<Vec<LeaseId>>);

impl Notes {
    /// What was written down, in order.
    #[must_use]
    pub fn all(&self) -> Vec<LeaseId> {
        self.0.lock().map(|made| made.clone()).unwrap_or_default()
    }
}

#[async_trait]
impl Journal for Notes {
    async fn made(&self, made: &LeaseId) -> Result<(), JournalFailed> {
        self.0.lock().map_err(|_| JournalFailed)?.push(made.clone());
        Ok(())
    }
}

/// Judges a provider by every rule.
///
/// # Errors
/// The first rule that is broken.
pub async fn check(provider: &dyn Provider, case: &Case<'_>) -> Result<(), Violation> {
    let notes = Notes::default();
    let leases = issues_what_is_asked(provider, case, &notes).await?;
    refuses_what_is_not_its_own(provider, case, &leases, &notes).await?;
    answers_a_revocation(provider, case, &leases, &notes).await?;
    shows_nothing("the provider", provider, case, &leases)
}

/// A good request gives a lease, twice; each has an id without a secret in it, a secret, and the end that its life asks for.
async fn issues_what_is_asked(
    provider: &dyn Provider,
    case: &Case<'_>,
    notes: &Notes,
) -> Result<[Lease; 2], Violation> {
    let leases = [issue(provider, case, notes).await?, issue(provider, case, notes).await?];
    for lease in &leases {
        if is_empty(&lease.material) {
            return Err(Violation::EmptySecret);
        }
        let ids = [lease.id.clone()].into_iter().chain(notes.all());
        if ids.into_iter().any(|id| holds_secret(id.as_str(), case, &leases)) {
            return Err(Violation::SecretInId);
        }
        match (case.life, lease.expiry) {
            (Life::Stored, None) => {}
            (Life::Stored, Some(_)) | (Life::Minted, None) => return Err(Violation::WrongExpiry),
            (Life::Minted, Some(expiry)) if expiry > case.caller.session_end => return Err(Violation::Outlives),
            (Life::Minted, Some(expiry)) if expiry <= case.now => return Err(Violation::Ended),
            (Life::Minted, Some(_)) => {}
        }
        shows_nothing("a lease", lease, case, &leases)?;
    }
    let [first, second] = &leases;
    if case.life == Life::Minted && first.id == second.id { Err(Violation::IdTwice) } else { Ok(leases) }
}

async fn issue(provider: &dyn Provider, case: &Case<'_>, notes: &Notes) -> Result<Lease, Violation> {
    let issued = provider.issue(case.request(case.good, notes)).await;
    issued.map_err(|refused| Violation::GoodRefused(refused.to_string()))
}

impl<'a> Case<'a> {
    /// A request for one credential, as egress would make it.
    #[must_use]
    pub fn request(&'a self, binding: &'a Binding, journal: &'a dyn Journal) -> CredentialRequest<'a> {
        CredentialRequest { binding, caller: self.caller, trace: TraceContext::new([7; 16], [7; 8], 0), journal }
    }
}

fn is_empty(material: &Material) -> bool {
    match material {
        Material::Certificate { chain, private_key } => chain.is_empty() || private_key.expose().is_empty(),
        Material::Token(_) | Material::Password { .. } | Material::AwsKey { .. } => {
            material.secrets().any(|secret| secret.expose().is_empty())
        }
    }
}

/// A bad request gives no lease, and a reason without a secret in it.
async fn refuses_what_is_not_its_own(
    provider: &dyn Provider,
    case: &Case<'_>,
    leases: &[Lease],
    notes: &Notes,
) -> Result<(), Violation> {
    if case.bad.is_empty() {
        return Err(Violation::NothingBad);
    }
    for (number, bad) in case.bad.iter().enumerate() {
        let refused = provider.issue(case.request(bad, notes)).await.err().ok_or(Violation::BadAnswered(number))?;
        error_shows_nothing(&refused, case, leases)?;
        match refused {
            ProviderError::Missing { .. } | ProviderError::Refused { .. } => {}
            ProviderError::NotConnected
            | ProviderError::Unreachable
            | ProviderError::CannotRevoke
            | ProviderError::Journal(_)
            | ProviderError::WebIdentity(_) => return Err(Violation::BadBlamed(number)),
        }
    }
    Ok(())
}

/// Every lease's revocation is answered, a second time too, and so is that of a lease that never was.
async fn answers_a_revocation(
    provider: &dyn Provider,
    case: &Case<'_>,
    leases: &[Lease],
    notes: &Notes,
) -> Result<(), Violation> {
    let noted = notes.all();
    let unknown: LeaseId = "no/such/lease".parse().expect("visible ASCII within the limit");
    let known = leases.iter().map(|lease| (&lease.id, true));
    let journaled = noted.iter().map(|id| (id, true));
    let again = known.clone().chain(journaled.clone()).map(|(id, _)| (id, false));
    for (id, issued) in known.chain(journaled).chain(again).chain([(&unknown, false)]) {
        let answer = provider.revoke(id).await;
        if issued && answer.is_ok() && noted.is_empty() {
            return Err(Violation::NotJournaled);
        }
        if let Err(refused) = &answer {
            error_shows_nothing(refused, case, leases)?;
        }
        let fits = match (case.life, &answer) {
            (_, Err(ProviderError::CannotRevoke)) => true,
            (Life::Stored, Ok(()) | Err(_)) => false,
            (Life::Minted, Ok(())) => true,
            // Of a lease that is gone or never was, a source may say that it does not know it.
            (Life::Minted, Err(ProviderError::Missing { .. } | ProviderError::Refused { .. })) => !issued,
            (
                Life::Minted,
                Err(
                    ProviderError::NotConnected
                    | ProviderError::Unreachable
                    | ProviderError::Journal(_)
                    | ProviderError::WebIdentity(_),
                ),
            ) => false,
        };
        if !fits {
            return Err(Violation::WrongRevocation(format!("{answer:?}")));
        }
    }
    Ok(())
}

fn error_shows_nothing(error: &ProviderError, case: &Case<'_>, leases: &[Lease]) -> Result<(), Violation> {
    if holds_secret(&error.to_string(), case, leases) {
        return Err(Violation::SecretShown("an error"));
    }
    shows_nothing("an error", error, case, leases)
}

fn shows_nothing<T: Debug + ?Sized>(
    what: &'static str,
    value: &T,
    case: &Case<'_>,
    leases: &[Lease],
) -> Result<(), Violation> {
    let shown = [format!("{value:?}"), format!("{value:#?}")];
    if shown.iter().any(|shown| holds_secret(shown, case, leases)) { Err(Violation::SecretShown(what)) } else { Ok(()) }
}

/// Whether a text holds a secret as it is, in hexadecimal, or as a list of its bytes, which is how a derived `Debug` shows one.
fn holds_secret(text: &str, case: &Case<'_>, leases: &[Lease]) -> bool {
    let compact: String = text.split_whitespace().collect();
    let secrets = case.canaries.iter().chain(leases.iter().flat_map(|lease| lease.material.secrets()));
    secrets.map(Secret::expose).filter(|secret| !secret.is_empty()).any(|secret| {
        let hexadecimal: String = secret.bytes().map(|b| format!("{b:02x}")).collect();
        let list: Vec<String> = secret.bytes().map(|b| b.to_string()).collect();
        let spaceless: String = secret.split_whitespace().collect();
        text.contains(secret)
            || compact.contains(&spaceless)
            || text.to_ascii_lowercase().contains(&hexadecimal)
            || compact.contains(&list.join(","))
    })
}
