//! What the scenes of providers' own tests are made of: who asks, for what, and what an operator stored.

use std::{sync::Arc, time::Duration};

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use model::{Agent, Binding, Caller, Clock as _, Injection, Scopes, Subject, SystemClock};
use ring::rand::{SecureRandom as _, SystemRandom};
use secret::Secret;

use crate::{Lease, Material, ProviderError, StoredSecret};

/// An agent that acts for `alice`, in the session `s1` that ends after `session_rest`.
///
/// # Panics
/// The names of this function's own are no names.
#[must_use]
pub fn caller(session_rest: Duration) -> Caller {
    Caller {
        agent: Agent { name: "agent".parse().expect("a name"), groups: Vec::new() },
        subject: Subject { issuer: "https://idp.example".to_owned(), id: "alice".to_owned() },
        actor: None,
        session: "s1".parse().expect("an id"),
        session_end: SystemClock.now().plus(session_rest),
        scopes: Scopes::default(),
    }
}

/// A credential that goes into `Authorization: Bearer`.
///
/// # Panics
/// What is given are no names, or no destination.
#[must_use]
pub fn bearer(credential: &str, upstream: &str, destination: &str) -> Binding {
    Binding {
        credential: credential.parse().expect("the name of a credential"),
        upstream: upstream.parse().expect("the name of an upstream"),
        destination: destination.parse().expect("a destination"),
        injection: Injection::Header { name: "authorization".parse().expect("a name"), prefix: "Bearer ".to_owned() },
    }
}

/// What a provider of `good` must refuse: a credential that it does not know, and the one that it knows for another destination and
/// for another slot.
///
/// # Panics
/// The names of this function's own are no names.
#[must_use]
pub fn others(good: &Binding) -> [Binding; 3] {
    [
        Binding { credential: "unknown".parse().expect("a name"), ..good.clone() },
        Binding { destination: "https://evil.test".parse().expect("a destination"), ..good.clone() },
        Binding { injection: Injection::Query { parameter: "key".to_owned() }, ..good.clone() },
    ]
}

/// A secret with this text.
#[must_use]
pub fn secret(text: &str) -> Secret {
    Secret::new(text.to_owned().into())
}

/// What an operator stored.
#[must_use]
pub fn stored(text: &str) -> Arc<dyn StoredSecret> {
    Arc::new(Kept(secret(text)))
}

#[derive(Debug)]
struct Kept(Secret);

impl StoredSecret for Kept {
    fn open(&self) -> Result<Secret, ProviderError> {
        Ok(secret(self.0.expose()))
    }
}

/// A text that stands nowhere by chance, for a secret of a test.
///
/// # Panics
/// The operating system gives no random bytes.
#[must_use]
pub fn canary() -> String {
    let mut bytes = [0; 32];
    SystemRandom::new().fill(&mut bytes).expect("the system gives random bytes");
    URL_SAFE_NO_PAD.encode(bytes)
}

/// The token of a lease.
///
/// # Panics
/// The lease is of something else.
#[must_use]
pub fn token(lease: &Lease) -> &str {
    let Material::Token(token) = &lease.material else { panic!("{lease:?} is of no token") };
    token.expose()
}
