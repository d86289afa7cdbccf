//! Where an authorization server is asked, by its own metadata (RFC 8414; OpenID Connect Discovery 1.0).

use std::{sync::Arc, time::Duration};

use dial::{Dialer, FetchError, FetchLimits, Fetched, Reach};
use http::StatusCode;
use moka::future::Cache;
use provider::ProviderError;
use serde::Deserialize;
use url::Url;

use crate::{Endpoints, protected_resource};

/// How long metadata is believed; endpoints move seldom.
const METADATA_LIFE: Duration = Duration::from_secs(3600);

/// A call waits for it, and for the token after it.
pub(crate) const TIMEOUT: Duration = Duration::from_secs(4);

/// Where a server is asked, and what it calls itself.
#[derive(Debug)]
pub(crate) struct Located {
    /// The issuer identifier; the URL of the token endpoint where the server has none.
    pub(crate) audience: String,
    pub(crate) token: Url,
    pub(crate) revocation: Option<Url>,
    /// `None` where nobody can be sent there.
    pub(crate) authorization: Option<Authorization>,
    /// What the API calls itself that led here, and what it wants of a token.
    pub(crate) resource: Option<String>,
    pub(crate) scope: Option<String>,
}

/// Where people are sent to consent.
#[derive(Debug)]
pub(crate) struct Authorization {
    pub(crate) endpoint: Url,
    /// Whether the server says that it checks PKCE with S256 (RFC 8414, section 2).
    pub(crate) has_s256: bool,
    /// Whether the server names itself when it sends people back (RFC 9207, section 3).
    pub(crate) names_issuer: bool,
    /// Whether a scope stands for a refresh token there (OpenID Connect Core 1.0, section 11).
    pub(crate) has_offline_access: bool,
    /// Where clients register themselves (RFC 7591).
    pub(crate) registration: Option<Url>,
    /// How clients may prove themselves (RFC 8414, section 2).
    pub(crate) methods: Vec<String>,
}

/// Finds a server's endpoints, and keeps what it found. One fetch at a time.
#[derive(Debug)]
pub(crate) struct Directory {
    endpoints: Endpoints,
    found: Cache<(), Arc<Located>>,
}

#[derive(Deserialize)]
struct Metadata {
    issuer: String,
    token_endpoint: String,
    revocation_endpoint: Option<String>,
    authorization_endpoint: Option<String>,
    #[serde(default)]
    code_challenge_methods_supported: Vec<String>,
    #[serde(default)]
    authorization_response_iss_parameter_supported: bool,
    #[serde(default)]
    scopes_supported: Vec<String>,
    registration_endpoint: Option<String>,
    #[serde(default = "basic_alone")]
    token_endpoint_auth_methods_supported: Vec<String>,
}

/// What a server means that does not say (RFC 8414, section 2).
fn basic_alone() -> Vec<String> {
    vec!["client_secret_basic".to_owned()]
}

impl Directory {
    pub(crate) fn new(endpoints: Endpoints) -> Self {
        Self { endpoints, found: Cache::builder().max_capacity(1).time_to_live(METADATA_LIFE).build() }
    }

    /// Where the server is asked.
    pub(crate) async fn locate(&self, dialer: &Dialer, reach: &Reach) -> Result<Arc<Located>, ProviderError> {
        let find = async {
            match &self.endpoints {
                Endpoints::Fixed { token, revocation } => {
                    let (token, revocation) = (token.clone(), revocation.clone());
                    let audience = token.to_string();
                    let (authorization, resource, scope) = (None, None, None);
                    Ok(Arc::new(Located { audience, token, revocation, authorization, resource, scope }))
                }
                Endpoints::Discovered { issuer } => discover(issuer, dialer, reach).await.map(Arc::new),
                Endpoints::OfResource { resource } => {
                    let found = protected_resource::find(resource, dialer, reach).await?;
                    let located = discover(&found.issuer, dialer, reach).await?;
                    Ok(Arc::new(Located { resource: Some(found.resource), scope: found.scope, ..located }))
                }
            }
        };
        self.found.try_get_with((), find).await.map_err(|failed: Arc<NotFound>| failed.told())
    }

    /// The same, where an API may have another server since it was asked.
    pub(crate) async fn locate_anew(&self, dialer: &Dialer, reach: &Reach) -> Result<Arc<Located>, ProviderError> {
        match &self.endpoints {
            Endpoints::OfResource { .. } => self.found.invalidate(&()).await,
            Endpoints::Discovered { .. } | Endpoints::Fixed { .. } => {}
        }
        self.locate(dialer, reach).await
    }
}

/// Why no endpoint was found.
#[derive(Debug, thiserror::Error)]
pub(crate) enum NotFound {
    #[error("the authorization server has no usable metadata (RFC 8414) at its issuer identifier; check `issuer`")]
    Missing,
    #[error("the metadata names another issuer than `issuer`, which is compared exactly; check its spelling")]
    OtherIssuer,
    #[error(
        "the API has no usable metadata (RFC 9728) that names its authorization server; write `issuer` in place of `protected_resource`"
    )]
    NoResource,
    #[error("the metadata of the API is about another one; check `protected_resource`")]
    OtherResource,
    #[error("the metadata could not be fetched")]
    Unreachable,
}

impl NotFound {
    fn told(&self) -> ProviderError {
        match self {
            Self::Unreachable => ProviderError::Unreachable,
            Self::Missing | Self::OtherIssuer | Self::NoResource | Self::OtherResource => {
                ProviderError::Refused { reason: self.to_string() }
            }
        }
    }
}

/// Reads the document of OAuth, or that of OpenID Connect where there is none.
async fn discover(issuer: &str, dialer: &Dialer, reach: &Reach) -> Result<Located, NotFound> {
    for url in places(issuer).ok_or(NotFound::Missing)? {
        let answer = fetch(&url, dialer, reach).await?;
        if answer.status.is_server_error() {
            return Err(NotFound::Unreachable);
        }
        if answer.status == StatusCode::OK {
            return read(&answer, issuer);
        }
    }
    Err(NotFound::Missing)
}

/// RFC 8414, sections 3.1 and 5: the word stands between host and path, or behind the path as OpenID Connect has it.
fn places(issuer: &str) -> Option<[Url; 3]> {
    let url = Url::parse(issuer).ok().filter(|url| url.query().is_none() && url.fragment().is_none())?;
    let path = url.path().trim_end_matches('/');
    let at = |path: String| {
        let mut place = url.clone();
        place.set_path(&path);
        place
    };
    Some([
        at(format!("/.well-known/oauth-authorization-server{path}")),
        at(format!("/.well-known/openid-configuration{path}")),
        at(format!("{path}/.well-known/openid-configuration")),
    ])
}

pub(crate) async fn fetch(url: &Url, dialer: &Dialer, reach: &Reach) -> Result<Fetched, NotFound> {
    let limits = FetchLimits { timeout: TIMEOUT, ..FetchLimits::default() };
    let fetched = match reach.anchors.clone() {
        Some(anchors) => dialer.fetch_trusting(url, limits, reach.class, anchors).await,
        None => dialer.fetch(url, limits, reach.class).await,
    };
    fetched.map_err(|error| {
        tracing::debug!(%error, "the metadata of an authorization server could not be fetched");
        match error {
            FetchError::UrlRefused | FetchError::TooLong { .. } => NotFound::Missing,
            FetchError::Send(_) | FetchError::Body(_) | FetchError::Timeout => NotFound::Unreachable,
        }
    })
}

/// The issuer is compared byte for byte (RFC 8414, section 3.3): who can put up a document cannot speak for another server.
fn read(answer: &Fetched, issuer: &str) -> Result<Located, NotFound> {
    let metadata: Metadata = serde_json::from_slice(&answer.body).map_err(|_| NotFound::Missing)?;
    if metadata.issuer != issuer {
        return Err(NotFound::OtherIssuer);
    }
    let url = |text: &str| Url::parse(text).map_err(|_| NotFound::Missing);
    let token = url(&metadata.token_endpoint)?;
    let revocation = metadata.revocation_endpoint.as_deref().map(url).transpose()?;
    let authorization = metadata.authorization_endpoint.as_deref().map(url).transpose()?;
    let registration = metadata.registration_endpoint.as_deref().map(url).transpose()?;
    // What goes there comes from people's browsers, so it is as safe as the issuer itself or safer.
    let is_safe = |endpoint: &Url| endpoint.scheme() == "https" || issuer.starts_with("http:");
    let authorization = authorization.filter(is_safe).map(|endpoint| Authorization {
        endpoint,
        has_s256: metadata.code_challenge_methods_supported.iter().any(|method| method == "S256"),
        names_issuer: metadata.authorization_response_iss_parameter_supported,
        has_offline_access: metadata.scopes_supported.iter().any(|scope| scope == "offline_access"),
        registration,
        methods: metadata.token_endpoint_auth_methods_supported,
    });
    Ok(Located { audience: metadata.issuer, token, revocation, authorization, resource: None, scope: None })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn metadata_is_looked_for_at_all_places() {
        let texts = |issuer: &str| places(issuer).map(|places| places.map(|place| place.to_string()));
        let expected = [
            "https://a.example/.well-known/oauth-authorization-server/tenant",
            "https://a.example/.well-known/openid-configuration/tenant",
            "https://a.example/tenant/.well-known/openid-configuration",
        ];
        assert_eq!(texts("https://a.example/tenant"), Some(expected.map(str::to_owned)));
        let expected = [
            "https://a.example/.well-known/oauth-authorization-server",
            "https://a.example/.well-known/openid-configuration",
            "https://a.example/.well-known/openid-configuration",
        ];
        assert_eq!(texts("https://a.example"), Some(expected.map(str::to_owned)));
        for refused in ["a.example", "https://a.example?x=y", "https://a.example/#x"] {
            assert_eq!(texts(refused), None, "{refused}");
        }
    }
}
