//! A grant that the identity provider gives for another server (Identity Assertion JWT Authorization Grant): an enterprise decides
//! at one place which agent may use which API, and nobody consents at each of them.

use std::sync::Arc;

use dial::Dialer;
use model::Clock;
use provider::ProviderError;
use secret::Secret;

use crate::{Grant, IdentityAssertion, Proof, answer::read_assertion, form::Form, metadata::Located, server::Server};

/// The provider that both sides trust, and what shows it who asks.
#[derive(Debug)]
pub(crate) struct IdentityProvider {
    pub(crate) server: Server,
    pub(crate) proof: Proof,
}

impl IdentityProvider {
    pub(crate) fn new(assertion: &IdentityAssertion, dialer: Dialer, clock: Arc<dyn Clock>) -> Self {
        let server = Server::new(assertion.identity_provider.clone(), dialer, clock);
        Self { server, proof: assertion.proof.clone() }
    }

    /// What the server `located` takes as a grant, for the one who is shown by `subject`.
    pub(crate) async fn assertion(
        &self,
        subject: &Secret,
        grant: &Grant,
        located: &Located,
    ) -> Result<Secret, ProviderError> {
        let form = Form::new("urn:ietf:params:oauth:grant-type:token-exchange")
            .secret("subject_token", subject)
            .field("subject_token_type", "urn:ietf:params:oauth:token-type:id_token")
            .field("requested_token_type", ASSERTION)
            .field("audience", &located.audience)
            .optional("resource", grant.resource.as_deref().or(located.resource.as_deref()))
            .optional("scope", grant.scope.as_deref());
        let answer = self.server.exchange(form).await;
        answer.and_then(|answer| read_assertion(&answer, &grant.flow)).map_err(|error| match error {
            ProviderError::Refused { reason } => {
                ProviderError::Refused { reason: format!("at the identity provider: {reason}") }
            }
            ProviderError::Missing { .. }
            | ProviderError::NotConnected
            | ProviderError::Unreachable
            | ProviderError::CannotRevoke
            | ProviderError::Journal(_)
            | ProviderError::WebIdentity(_) => error,
        })
    }
}

/// What is asked for, and must be what is answered (RFC 8693, section 3).
pub(crate) const ASSERTION: &str = "urn:ietf:params:oauth:token-type:id-jag";
