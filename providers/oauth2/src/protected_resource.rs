//! Which authorization server an API trusts, and what it wants of a token, by its own words (RFC 9728).

use dial::{Dialer, FetchError, FetchLimits, Fetched, Reach, Submission};
use http::{HeaderMap, HeaderValue, Method, StatusCode, header};
use model::Destination;
use serde::Deserialize;
use url::Url;

use crate::metadata::{NotFound, TIMEOUT, fetch};

/// What an API says about its tokens.
#[derive(Debug)]
pub(crate) struct ProtectedResource {
    /// Its identifier, as it spells it: what tokens are for (RFC 8707).
    pub(crate) resource: String,
    /// The issuer identifier of its authorization server.
    pub(crate) issuer: String,
    /// What a token has to be allowed, separated by spaces.
    pub(crate) scope: Option<String>,
}

#[derive(Deserialize)]
struct Metadata {
    resource: String,
    #[serde(default)]
    authorization_servers: Vec<String>,
    scopes_supported: Option<Vec<String>>,
}

/// What an API answers to who shows no token (RFC 6750, section 3; RFC 9728, section 5.1).
#[derive(Debug, Default, PartialEq, Eq)]
struct Challenge {
    metadata: Option<String>,
    scope: Option<String>,
}

/// A request that an MCP server answers without doing anything, where it does not want a token first.
const PING: &[u8] = br#"{"jsonrpc":"2.0","id":1,"method":"ping"}"#;

/// Asks the API at `url`.
pub(crate) async fn find(url: &str, dialer: &Dialer, reach: &Reach) -> Result<ProtectedResource, NotFound> {
    let server = Url::parse(url).map_err(|_| NotFound::NoResource)?;
    let challenge = challenge(&server, dialer, reach).await?;
    let places = match challenge.metadata.as_deref().map(Url::parse) {
        Some(named) => vec![named.map_err(|_| NotFound::NoResource)?],
        None => places(&server),
    };
    for place in places {
        let answer = fetch(&place, dialer, reach).await?;
        if answer.status.is_server_error() {
            return Err(NotFound::Unreachable);
        }
        if answer.status == StatusCode::OK {
            return read(&answer, url, challenge.scope);
        }
    }
    Err(NotFound::NoResource)
}

/// RFC 9728, section 3.1: the word stands between host and path; some servers describe all that they serve at their root.
fn places(server: &Url) -> Vec<Url> {
    let at = |path: &str| {
        let mut place = server.clone();
        place.set_path(&format!("/.well-known/oauth-protected-resource{path}"));
        place
    };
    match server.path().trim_end_matches('/') {
        "" => vec![at("")],
        path => vec![at(path), at("")],
    }
}

async fn challenge(server: &Url, dialer: &Dialer, reach: &Reach) -> Result<Challenge, NotFound> {
    let headers = HeaderMap::from_iter([
        (header::CONTENT_TYPE, HeaderValue::from_static("application/json")),
        (header::ACCEPT, HeaderValue::from_static("application/json, text/event-stream")),
    ]);
    let submission = Submission { method: Method::POST, url: server, headers, body: PING.into() };
    let limits = FetchLimits { timeout: TIMEOUT, ..FetchLimits::default() };
    match dialer.submit(submission, limits, reach).await {
        Ok(answer) if answer.status == StatusCode::UNAUTHORIZED => {
            let fields = answer.headers.get_all(header::WWW_AUTHENTICATE).iter();
            Ok(fields.filter_map(|field| field.to_str().ok()).find_map(Challenge::parse).unwrap_or_default())
        }
        Ok(_) | Err(FetchError::TooLong { .. }) => Ok(Challenge::default()),
        Err(FetchError::UrlRefused) => Err(NotFound::NoResource),
        Err(FetchError::Send(_) | FetchError::Body(_) | FetchError::Timeout) => Err(NotFound::Unreachable),
    }
}

impl Challenge {
    /// Reads a field (RFC 9110, section 11.6.1). `None` where it asks for no bearer token.
    fn parse(field: &str) -> Option<Self> {
        let mut quoted = false;
        let words = field.split(|c: char| {
            quoted ^= c == '"';
            !quoted && (c == ',' || c == ' ' || c == '\t')
        });
        let (mut found, mut is_bearer) = (None, false);
        for word in words.filter(|word| !word.is_empty()) {
            let Some((name, value)) = word.split_once('=') else {
                is_bearer = word.eq_ignore_ascii_case("bearer");
                if is_bearer {
                    found.get_or_insert_with(Self::default);
                }
                continue;
            };
            let Some(challenge) = found.as_mut().filter(|_| is_bearer) else { continue };
            let value = value.trim_matches('"').to_owned();
            match name.to_ascii_lowercase().as_str() {
                "resource_metadata" => challenge.metadata = Some(value),
                "scope" => challenge.scope = Some(value),
                _ => {}
            }
        }
        found
    }
}

/// The document speaks for the API that was asked, or it is somebody else's (RFC 9728, section 3.3).
fn read(answer: &Fetched, url: &str, challenged: Option<String>) -> Result<ProtectedResource, NotFound> {
    let metadata: Metadata = serde_json::from_slice(&answer.body).map_err(|_| NotFound::NoResource)?;
    if !is_for(&metadata.resource, url) {
        return Err(NotFound::OtherResource);
    }
    let issuer = metadata.authorization_servers.into_iter().next().ok_or(NotFound::NoResource)?;
    let listed = metadata.scopes_supported.filter(|scopes| !scopes.is_empty()).map(|scopes| scopes.join(" "));
    Ok(ProtectedResource { resource: metadata.resource, issuer, scope: challenged.or(listed) })
}

/// Whether a resource is the API at `url`, or one that has it below itself.
fn is_for(resource: &str, url: &str) -> bool {
    let (resource, url) = (resource.parse::<Destination>(), url.parse::<Destination>());
    resource.is_ok_and(|resource| url.is_ok_and(|url| resource.covers(&url)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_document_stands_at_the_path_or_at_the_root() {
        let texts = |url: &str| places(&Url::parse(url).unwrap()).into_iter().map(String::from).collect::<Vec<_>>();
        let root = "https://a.example/.well-known/oauth-protected-resource";
        assert_eq!(texts("https://a.example/mcp"), [&format!("{root}/mcp"), root]);
        assert_eq!(texts("https://a.example/"), [root]);
    }

    #[test]
    fn a_challenge_is_read_by_its_parameters() {
        let parsed = |field: &str| Challenge::parse(field).map(|Challenge { metadata, scope }| (metadata, scope));
        let some = |text: &str| Some(text.to_owned());
        let whole = r#"Bearer error="invalid_token", scope="a b", resource_metadata="https://a.example/x?y=z""#;
        assert_eq!(parsed(whole), Some((some("https://a.example/x?y=z"), some("a b"))));
        assert_eq!(parsed("bearer scope=a"), Some((None, some("a"))));
        assert_eq!(parsed("Bearer"), Some((None, None)));
        // What another scheme says is not for us.
        assert_eq!(parsed(r#"Basic realm="x", scope="y", Bearer scope="a", DPoP scope="b""#), Some((None, some("a"))));
        assert_eq!(parsed(r#"Basic realm="x""#), None);
    }

    #[test]
    fn a_document_is_about_the_server_that_was_asked() {
        let url = "https://a.example/mcp";
        for resource in [url, "https://a.example", "https://a.example/"] {
            assert!(is_for(resource, url), "{resource}");
        }
        for resource in ["https://evil.example/mcp", "http://a.example/mcp", "https://a.example/mc", "mcp", ""] {
            assert!(!is_for(resource, url), "{resource}");
        }
    }
}
