//! The suite judges rightly: a provider that keeps the contract passes, and for each rule one that breaks it fails by it.

#![expect(clippy::unwrap_used, reason = "what a test arranges may fail it")]

use std::sync::atomic::{AtomicU64, Ordering};

use async_trait::async_trait;
use model::{Agent, Binding, Caller, Injection, LeaseId, Scopes, Subject, Timestamp};
use provider::{
    CredentialRequest, Lease, Material, Provider, ProviderError,
    conformance::{Case, Life, Violation, check},
};
use secret::Secret;
use zeroize::Zeroizing;

const CANARY: &str = "canary-7f3a-of-the-source";
const NOW: Timestamp = Timestamp::from_seconds(1_000);
const SESSION_END: Timestamp = Timestamp::from_seconds(1_900);

/// Mints as it should, but for one thing.
struct Suspect {
    flaw: Flaw,
    count: AtomicU64,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Flaw {
    None,
    RefusesGood,
    AnswersBad,
    CallsBadUnreachable,
    IssuesNothing,
    SecretInId,
    SecretInError,
    SecretInDebug,
    SecretInDebugAsBytes,
    LivesLonger,
    HasEnded,
    NeverEnds,
    OneIdForAll,
    Unjournaled,
    RevocationFails,
    SecretInRevocation,
}

impl Suspect {
    fn is(&self, flaw: Flaw) -> bool {
        self.flaw == flaw
    }
}

impl std::fmt::Debug for Suspect {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        if self.is(Flaw::SecretInDebug) {
            write!(f, "Suspect {{ key: {CANARY} }}")
        } else if self.is(Flaw::SecretInDebugAsBytes) {
            write!(f, "Suspect {{ key: {:?} }}", CANARY.as_bytes())
        } else {
            f.write_str("Suspect")
        }
    }
}

#[async_trait]
impl Provider for Suspect {
    async fn issue(&self, request: CredentialRequest<'_>) -> Result<Lease, ProviderError> {
        let known = *request.binding == binding("known");
        if !known && self.is(Flaw::CallsBadUnreachable) {
            return Err(ProviderError::Unreachable);
        }
        if !known && !self.is(Flaw::AnswersBad) || known && self.is(Flaw::RefusesGood) {
            let reason = if self.is(Flaw::SecretInError) { CANARY } else { "not configured" }.to_owned();
            return Err(ProviderError::Missing { reason });
        }
        let number = self.count.fetch_add(1, Ordering::SeqCst);
        let minted = format!("minted-{number}-9c1d");
        let id = if self.is(Flaw::SecretInId) {
            format!("lease/{minted}")
        } else if self.is(Flaw::OneIdForAll) {
            "lease/1".to_owned()
        } else {
            format!("lease/{number}")
        };
        let id: LeaseId = id.parse().unwrap();
        if !self.is(Flaw::Unjournaled) {
            request.journal.made(&id).await?;
        }
        let end = if self.is(Flaw::LivesLonger) {
            Timestamp::from_millis(SESSION_END.as_millis() + 1)
        } else if self.is(Flaw::HasEnded) {
            NOW
        } else {
            SESSION_END
        };
        let expiry = (!self.is(Flaw::NeverEnds)).then_some(end);
        let text = if self.is(Flaw::IssuesNothing) { String::new() } else { minted };
        let material = Material::Token(Secret::new(Zeroizing::new(text)));
        Ok(Lease { id, material, expiry, renewable: false })
    }

    async fn revoke(&self, lease: &LeaseId) -> Result<(), ProviderError> {
        if self.is(Flaw::RevocationFails) {
            Err(ProviderError::Unreachable)
        } else if self.is(Flaw::SecretInRevocation) {
            Err(ProviderError::Refused { reason: CANARY.to_owned() })
        } else if lease.as_str().starts_with("lease/") {
            Ok(())
        } else {
            Err(ProviderError::Missing { reason: "no such lease".to_owned() })
        }
    }
}

fn binding(credential: &str) -> Binding {
    Binding {
        credential: credential.parse().unwrap(),
        upstream: "api".parse().unwrap(),
        destination: "https://api.example.com".parse().unwrap(),
        injection: Injection::Query { parameter: "key".to_owned() },
    }
}

async fn judge(flaw: Flaw, life: Life, bad: &[&str]) -> Result<(), Violation> {
    let caller = Caller {
        agent: Agent { name: "agent".parse().unwrap(), groups: Vec::new() },
        subject: Subject { issuer: "https://idp.example".to_owned(), id: "user".to_owned() },
        actor: None,
        session: "s1".parse().unwrap(),
        session_end: SESSION_END,
        scopes: Scopes::default(),
    };
    let (good, bad): (Binding, Vec<Binding>) = (binding("known"), bad.iter().map(|name| binding(name)).collect());
    let canaries = [Secret::new(Zeroizing::new(CANARY.to_owned()))];
    let case = Case { caller: &caller, good: &good, bad: &bad, life, now: NOW, canaries: &canaries };
    check(&Suspect { flaw, count: AtomicU64::new(0) }, &case).await
}

#[tokio::test]
async fn a_provider_that_keeps_the_contract_passes() {
    assert_eq!(judge(Flaw::None, Life::Minted, &["unknown", "other"]).await, Ok(()));
}

#[tokio::test]
async fn each_broken_rule_is_found_and_named() {
    for (flaw, violation) in [
        (Flaw::RefusesGood, Violation::GoodRefused("no credential: not configured".to_owned())),
        (Flaw::AnswersBad, Violation::BadAnswered(0)),
        (Flaw::CallsBadUnreachable, Violation::BadBlamed(0)),
        (Flaw::IssuesNothing, Violation::EmptySecret),
        (Flaw::SecretInId, Violation::SecretInId),
        (Flaw::SecretInError, Violation::SecretShown("an error")),
        (Flaw::SecretInDebug, Violation::SecretShown("the provider")),
        (Flaw::SecretInDebugAsBytes, Violation::SecretShown("the provider")),
        (Flaw::LivesLonger, Violation::Outlives),
        (Flaw::HasEnded, Violation::Ended),
        (Flaw::NeverEnds, Violation::WrongExpiry),
        (Flaw::OneIdForAll, Violation::IdTwice),
        (Flaw::Unjournaled, Violation::NotJournaled),
        (Flaw::RevocationFails, Violation::WrongRevocation("Err(Unreachable)".to_owned())),
        (Flaw::SecretInRevocation, Violation::SecretShown("an error")),
    ] {
        assert_eq!(judge(flaw, Life::Minted, &["unknown"]).await, Err(violation), "{flaw:?}");
    }
}

#[tokio::test]
async fn a_case_must_fit_its_provider() {
    assert_eq!(judge(Flaw::None, Life::Minted, &[]).await, Err(Violation::NothingBad));
    assert_eq!(judge(Flaw::None, Life::Stored, &["unknown"]).await, Err(Violation::WrongExpiry));
    let revoked = Violation::WrongRevocation("Ok(())".to_owned());
    assert_eq!(judge(Flaw::NeverEnds, Life::Stored, &["unknown"]).await, Err(revoked));
}
