//! Who a person is: an ID token of the issuer that vouches for the subjects of sessions too.

use model::Subject;
use provider_oauth2::{AuthorizationCode, NotAuthorized, Pending, Redirected, Wish};
use token::Issuers;
use url::Url;

use super::{NotConnected, Place, handles::draw};

/// Where the people of one issuer sign in.
#[derive(Debug)]
pub(crate) struct Login {
    pub(super) place: Place,
    code: AuthorizationCode,
    issuers: Issuers,
}

/// A person who was sent to sign in.
#[derive(Debug)]
pub(super) struct SigningIn {
    pending: Pending,
    nonce: String,
}

impl Login {
    /// `issuers` verifies the ID tokens for the client that `code` is.
    pub(crate) const fn new(place: Place, code: AuthorizationCode, issuers: Issuers) -> Self {
        Self { place, code, issuers }
    }

    pub(super) async fn begin(&self, state: &str) -> Result<(Url, SigningIn), NotConnected> {
        let nonce = draw().ok_or(NotConnected::Failed)?;
        let wish = Wish { scope: Some("openid"), nonce: Some(&nonce), ..Wish::default() };
        let (url, pending) = self.code.begin(wish, state).await.map_err(NotAuthorized::from)?;
        Ok((url, SigningIn { pending, nonce }))
    }

    /// Who signed in: of whom the issuer says so in a token that was asked for here.
    pub(super) async fn finish(&self, signing_in: SigningIn, redirected: Redirected) -> Result<Subject, NotConnected> {
        let SigningIn { pending, nonce } = signing_in;
        let authorized = self.code.finish(pending, redirected).await?;
        let unproven = |reason: String| {
            tracing::warn!(reason, place = %self.place, "a person who signed in could not be identified");
            NotConnected::Failed
        };
        let id_token = authorized.id_token.ok_or_else(|| unproven("no ID token came with the code".to_owned()))?;
        let verified = self.issuers.verify(id_token.expose()).await.map_err(|refused| unproven(refused.to_string()))?;
        if verified.claim(["nonce"]).and_then(|claim| claim.as_str()) != Some(&nonce) {
            return Err(unproven("the ID token has another nonce".to_owned()));
        }
        Ok(verified.subject().clone())
    }
}
