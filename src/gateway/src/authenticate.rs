//! Who calls: the session token of a request, verified once and then looked up by its digest.

mod aws;

use std::sync::Arc;

use http::{HeaderMap, header};
use model::Timestamp;
use ring::digest::{SHA256, digest};
use token::SessionTokens;

use crate::{
    denial::Denial,
    session::{LiveSession, Sessions},
    upstream::Speech,
};

/// How many verified tokens are remembered. A forgotten one is verified again.
const REMEMBERED_MAX: u64 = 100_000;

/// A session token is about 700 bytes; nothing longer is looked at.
const TOKEN_BYTES_MAX: usize = 8 * 1024;

/// Evidence that the caller presented a session token that this service signed and that is unexpired.
#[derive(Debug)]
pub struct Authenticated {
    session: Arc<LiveSession>,
}

impl Authenticated {
    pub(crate) fn into_session(self) -> Arc<LiveSession> {
        self.session
    }
}

/// Verifies session tokens.
#[derive(Debug)]
pub struct Authenticator {
    tokens: Arc<SessionTokens>,
    sessions: Arc<Sessions>,
    remembered: moka::sync::Cache<[u8; 32], Arc<LiveSession>>,
}

impl Authenticator {
    /// An authenticator for tokens that `tokens` signed, of sessions in `sessions`.
    #[must_use]
    pub fn new(tokens: Arc<SessionTokens>, sessions: Arc<Sessions>) -> Self {
        let remembered = moka::sync::Cache::new(REMEMBERED_MAX);
        Self { tokens, sessions, remembered }
    }

    /// Reads and verifies the one session token of a request: a bearer token (RFC 6750, section 2.1), or what stands beside a
    /// signature of AWS.
    ///
    /// # Errors
    /// A denial of the 401 family, [`Denial::SeveralTokens`], or [`Denial::AwsSignature`] for a presigned URL.
    pub(crate) fn authenticate(
        &self,
        headers: &HeaderMap,
        query: &str,
        speech: &Speech,
        now: Timestamp,
    ) -> Result<Authenticated, Denial> {
        let token = match speech {
            Speech::Mcp(_) | Speech::Http(_) => bearer(headers)?,
            Speech::Aws(_) => aws::beside_a_signature(headers, query)?,
        };
        self.verify(token, now)
    }

    /// The same of an SDK of AWS that asks for its key, with the token, which is its password.
    ///
    /// # Errors
    /// As above.
    pub(crate) fn authenticate_verbatim<'a>(
        &self,
        headers: &'a HeaderMap,
        now: Timestamp,
    ) -> Result<(Authenticated, &'a str), Denial> {
        let token = aws::verbatim(headers)?;
        Ok((self.verify(token, now)?, token))
    }

    fn verify(&self, token: &str, now: Timestamp) -> Result<Authenticated, Denial> {
        let digest = token_digest(token);
        if let Some(session) = self.remembered.get(&digest) {
            return Ok(Authenticated { session });
        }
        let claims =
            self.tokens.verify(token, now).map_err(|reason| Denial::InvalidToken { reason: reason.to_string() })?;
        let session = self.sessions.find(&claims.session).ok_or(Denial::SessionEnded)?;
        if session.facts().token_id.as_str() != claims.token_id {
            return Err(Denial::InvalidToken { reason: "the token is not the one of its session".to_owned() });
        }
        self.remembered.insert(digest, Arc::clone(&session));
        Ok(Authenticated { session })
    }
}

/// A remembered token is found by the digest of its text, so that the table holds no token.
fn token_digest(token: &str) -> [u8; 32] {
    let mut out = [0; 32];
    out.copy_from_slice(digest(&SHA256, token.as_bytes()).as_ref());
    out
}

/// The bearer token of a request: exactly one, in the one place that is allowed.
fn bearer(headers: &HeaderMap) -> Result<&str, Denial> {
    let mut values = headers.get_all(header::AUTHORIZATION).iter();
    let value = values.next().ok_or(Denial::NoToken)?;
    if values.next().is_some() {
        return Err(Denial::SeveralTokens);
    }
    let invalid = |reason: &str| Denial::InvalidToken { reason: reason.to_owned() };
    let text = value.to_str().map_err(|_| invalid("the authorization header is not ASCII"))?;
    let (scheme, token) = text.split_once(' ').ok_or_else(|| invalid("the authorization header holds no token"))?;
    if !scheme.eq_ignore_ascii_case("bearer") {
        return Err(Denial::NoToken);
    }
    let token = token.trim_matches(' ');
    if token.is_empty() || token.len() > TOKEN_BYTES_MAX {
        return Err(invalid("the token is empty or too long"));
    }
    Ok(token)
}

#[cfg(test)]
mod tests {
    use http::HeaderValue;

    use super::*;

    fn headers(values: &[&str]) -> HeaderMap {
        let mut map = HeaderMap::new();
        for value in values {
            map.append(header::AUTHORIZATION, HeaderValue::from_str(value).unwrap());
        }
        map
    }

    #[test]
    fn the_scheme_is_compared_without_case() {
        assert_eq!(bearer(&headers(&["bEaReR abc"])).unwrap(), "abc");
    }

    #[test]
    fn a_request_holds_exactly_one_token() {
        assert!(matches!(bearer(&headers(&[])), Err(Denial::NoToken)));
        assert!(matches!(bearer(&headers(&["Basic abc"])), Err(Denial::NoToken)));
        assert!(matches!(bearer(&headers(&["Bearer a", "Bearer a"])), Err(Denial::SeveralTokens)));
        for empty in ["Bearer", "Bearer ", "Bearer   "] {
            assert!(matches!(bearer(&headers(&[empty])), Err(Denial::InvalidToken { .. })), "{empty:?}");
        }
        let long = format!("Bearer {}", "x".repeat(TOKEN_BYTES_MAX + 1));
        assert!(matches!(bearer(&headers(&[&long])), Err(Denial::InvalidToken { .. })));
    }
}
