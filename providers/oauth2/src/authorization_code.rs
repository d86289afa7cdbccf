//! A person consents in a browser, and the code that comes back becomes tokens (RFC 6749, section 4.1; RFC 7636; RFC 9207).

use std::sync::Arc;

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use dial::Dialer;
use model::Clock;
use moka::future::Cache;
use provider::{ProviderError, random_text};
use ring::digest::{SHA256, digest};
use secret::Secret;
use url::Url;

use crate::{
    Connection, Settings,
    answer::Asked,
    form::Form,
    metadata::{Authorization, Located},
    redirect::Redirected,
    registration::{Registered, Wanted},
    server::Server,
};

/// Sends people to one authorization server, and takes in what their browsers bring back.
#[derive(Debug)]
pub struct AuthorizationCode {
    server: Server,
    redirect_uri: String,
    /// Made at most once in a process, by the issuer identifier.
    registrations: Cache<String, Arc<Registered>>,
}

/// An API that moves from one server to another has had two; a broker keeps no more than a few.
const REGISTRATION_COUNT_MAX: u64 = 4;

/// What a person is asked to consent to.
#[derive(Debug, Clone, Copy, Default)]
pub struct Wish<'a> {
    /// What the tokens may do, separated by spaces; what the API wants, where it says so, if there is none.
    pub scope: Option<&'a str>,
    /// What they are for (RFC 8707); what the API calls itself, where it says so, if there is none.
    pub resource: Option<&'a str>,
    /// What they are for, where the server calls it so.
    pub audience: Option<&'a str>,
    /// Comes back in the ID token, which shows that the code was asked for here (OpenID Connect Core 1.0, section 3.1.2.1).
    pub nonce: Option<&'a str>,
    /// Whether the person is asked even where it has consented before.
    pub asks_always: bool,
}

/// What is kept until a browser comes back.
#[derive(Debug)]
pub struct Pending {
    verifier: Secret,
    located: Arc<Located>,
    names_issuer: bool,
    registered: Option<Arc<Registered>>,
    resource: Option<String>,
}

/// What a code was worth.
#[derive(Debug)]
pub struct Authorized {
    /// Gives access tokens when the person is gone.
    pub connection: Connection,
    /// Says who the person is; not verified.
    pub id_token: Option<Secret>,
}

/// Why a browser that came back brought nothing.
#[derive(Debug, thiserror::Error)]
pub enum NotAuthorized {
    /// The person, or the server in its name, said no.
    #[error("the authorization server was not allowed to give out a code (access_denied)")]
    Declined,
    /// The answer is not one of the server that was asked (RFC 9207, section 2.4).
    #[error("the answer does not name the authorization server that was asked")]
    OtherIssuer,
    /// The answer holds neither a code nor an error.
    #[error("the answer holds no code")]
    Malformed,
    /// The server does not give out tokens for the code.
    #[error(transparent)]
    Server(#[from] ProviderError),
}

impl AuthorizationCode {
    /// At the server of `settings`, which sends browsers back to `redirect_uri`.
    #[must_use]
    pub fn new(settings: Settings, redirect_uri: String, dialer: Dialer, clock: Arc<dyn Clock>) -> Self {
        let registrations = Cache::new(REGISTRATION_COUNT_MAX);
        Self { server: Server::new(settings, dialer, clock), redirect_uri, registrations }
    }

    /// Where a browser is sent, with `state` to know it by when it comes back.
    ///
    /// # Errors
    /// The server cannot be reached, has no authorization endpoint, does not bind codes to who asked for them, or registers nobody
    /// where nobody registered Claviger.
    pub async fn begin(&self, wish: Wish<'_>, state: &str) -> Result<(Url, Pending), ProviderError> {
        let located = self.server.locate_anew().await?;
        let authorization = located.authorization.as_ref().ok_or_else(|| {
            refused("the authorization server has no authorization endpoint; people cannot be sent there")
        })?;
        // A server that does not know PKCE takes the parameters and checks nothing; then a nonce has to show whose code it is.
        if !authorization.has_s256 && wish.nonce.is_none() {
            return Err(refused(
                "the authorization server does not say that it checks PKCE with S256 (code_challenge_methods_supported)",
            ));
        }
        let registered = self.registered(&located.audience, authorization).await?;
        let client = self.server.client(registered.as_deref())?;
        let scope = wish.scope.map(str::to_owned).or_else(|| wanted_scope(&located, authorization));
        let resource = wish.resource.or(located.resource.as_deref());
        // 43 characters at least (RFC 7636, section 4.1).
        let verifier = Secret::new(format!("{}{}", random_text()?, random_text()?).into());
        let mut url = authorization.endpoint.clone();
        let mut query = url.query_pairs_mut();
        query
            .append_pair("response_type", "code")
            .append_pair("client_id", &client.id)
            .append_pair("redirect_uri", &self.redirect_uri)
            .append_pair("state", state)
            .append_pair("code_challenge", &challenge(&verifier))
            .append_pair("code_challenge_method", "S256");
        let optional = [
            ("scope", scope.as_deref()),
            ("resource", resource),
            ("audience", wish.audience),
            ("nonce", wish.nonce),
            ("prompt", wish.asks_always.then_some("consent")),
        ];
        for (name, value) in optional.into_iter().filter_map(|(name, value)| Some((name, value?))) {
            query.append_pair(name, value);
        }
        drop(query);
        let (names_issuer, resource) = (authorization.names_issuer, resource.map(str::to_owned));
        Ok((url, Pending { verifier, located, names_issuer, registered, resource }))
    }

    /// What Claviger registered as at this server, where nobody registered it before. One registration at a time.
    async fn registered(&self, issuer: &str, server: &Authorization) -> Result<Option<Arc<Registered>>, ProviderError> {
        if !self.server.wants_registration() {
            return Ok(None);
        }
        let none = || {
            refused(
                "the authorization server registers no client like this one; write `client_id` of one that is registered there",
            )
        };
        let register = async {
            let endpoint = server.registration.as_ref().ok_or_else(none)?;
            let wanted = Wanted::at(server, &self.redirect_uri).ok_or_else(none)?;
            self.server.register(endpoint, &wanted).await.map(Arc::new)
        };
        let registered = self.registrations.try_get_with(issuer.to_owned(), register).await;
        registered.map(Some).map_err(|error: Arc<ProviderError>| match &*error {
            ProviderError::Refused { reason } => refused(reason),
            ProviderError::Missing { .. }
            | ProviderError::NotConnected
            | ProviderError::Unreachable
            | ProviderError::CannotRevoke
            | ProviderError::Journal(_)
            | ProviderError::WebIdentity(_) => ProviderError::Unreachable,
        })
    }

    /// Turns what a browser brought back into tokens, once.
    ///
    /// # Errors
    /// See [`NotAuthorized`]. The code is not shown to anyone where its issuer is in doubt.
    pub async fn finish(&self, pending: Pending, redirected: Redirected) -> Result<Authorized, NotAuthorized> {
        // Compared exactly, also where the answer is an error; a server that promises its name is not believed without it.
        match redirected.issuer {
            Some(issuer) if issuer != pending.located.audience => return Err(NotAuthorized::OtherIssuer),
            None if pending.names_issuer => return Err(NotAuthorized::OtherIssuer),
            Some(_) | None => {}
        }
        match redirected.error.as_deref() {
            Some("access_denied") => return Err(NotAuthorized::Declined),
            Some(error) => return Err(refused(told(error)).into()),
            None => {}
        }
        let code = redirected.code.ok_or(NotAuthorized::Malformed)?;
        let form = Form::new("authorization_code")
            .secret("code", &code)
            .field("redirect_uri", &self.redirect_uri)
            .secret("code_verifier", &pending.verifier)
            .optional("resource", pending.resource.as_deref());
        let Pending { located, registered, .. } = pending;
        let (client, asked) = (self.server.client(registered.as_deref())?, self.server.now());
        let mut issued = self.server.ask_as(&client, &located, form, Asked::Code).await?;
        let id_token = issued.id_token.take();
        Ok(Authorized {
            connection: Connection::new(&located.audience, registered.as_deref(), issued, asked),
            id_token,
        })
    }
}

/// What the API wants, and what makes it last where the server has a word for that.
fn wanted_scope(located: &Located, server: &Authorization) -> Option<String> {
    let wanted = located.scope.as_deref()?;
    let lasts = server.has_offline_access && !wanted.split(' ').any(|scope| scope == "offline_access");
    Some(if lasts { format!("{wanted} offline_access") } else { wanted.to_owned() })
}

/// RFC 7636, section 4.2.
fn challenge(verifier: &Secret) -> String {
    URL_SAFE_NO_PAD.encode(digest(&SHA256, verifier.expose().as_bytes()))
}

/// An authorization endpoint's words for an operator (RFC 6749, section 4.1.2.1; RFC 8707, section 2).
fn told(error: &str) -> &'static str {
    match error {
        "invalid_scope" => "the authorization server does not grant these scopes (invalid_scope); check `scopes`",
        "invalid_target" => "the authorization server does not know this target (invalid_target); check `resource`",
        "unauthorized_client" => {
            "the client may not send people here (unauthorized_client); allow it the authorization code grant"
        }
        _ => "the authorization server sent the person back with an error; its own log says which",
    }
}

fn refused(reason: &str) -> ProviderError {
    ProviderError::Refused { reason: reason.to_owned() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_challenge_is_that_of_the_standard() {
        // RFC 7636, appendix B.
        let verifier = Secret::new("dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk".to_owned().into());
        assert_eq!(challenge(&verifier), "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM");
    }
}
