//! What a token endpoint answers: a token, or one of the words for why there is none.

use std::time::Duration;

use dial::Fetched;
use http::StatusCode;
use provider::ProviderError;
use secret::Secret;
use serde::Deserialize;
use zeroize::Zeroizing;

use crate::{Flow, identity_assertion::ASSERTION};

/// A token that was issued (RFC 6749, section 5.1).
pub(crate) struct Issued {
    pub(crate) access_token: Zeroizing<String>,
    /// `None` where the server does not say.
    pub(crate) told_life: Option<Duration>,
    /// A refresh token in place of the one that was used.
    pub(crate) refresh_token: Option<Secret>,
    /// Who the person is that consented (OpenID Connect Core 1.0, section 3.1.3.3); not verified.
    pub(crate) id_token: Option<Secret>,
    /// Whether other sessions have the same token, which nobody may end for them.
    pub(crate) is_lent: bool,
}

/// Where a server does not say how long a token lives, it is taken to live this long when it is ended early.
const UNTOLD_LIFE: Duration = Duration::from_secs(24 * 3600);

/// What was asked for, which decides what an operator is told to look at.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Asked<'a> {
    /// A token, in the way of a credential.
    Token(&'a Flow),
    /// What a code is worth.
    Code,
    /// The end of a token.
    End,
}

#[derive(Deserialize)]
struct TokenAnswer {
    access_token: Zeroizing<String>,
    token_type: String,
    expires_in: Option<u64>,
    refresh_token: Option<Zeroizing<String>>,
    id_token: Option<Zeroizing<String>>,
}

#[derive(Deserialize)]
struct ExchangeAnswer {
    access_token: Zeroizing<String>,
    issued_token_type: String,
}

#[derive(Deserialize)]
struct ErrorAnswer {
    error: String,
}

/// Longer than any token in use, and short enough for a header field.
const TOKEN_LENGTH_MAX: usize = 16 * 1024;

impl Issued {
    /// Reads an answer.
    ///
    /// # Errors
    /// Fixed words alone: nothing of what the server wrote is passed on.
    pub(crate) fn read(answer: &Fetched, asked: Asked<'_>) -> Result<Self, ProviderError> {
        if answer.status != StatusCode::OK {
            return Err(refusal(answer, asked));
        }
        let malformed = || refused("the authorization server answered without a usable token");
        let token: TokenAnswer = serde_json::from_slice(&answer.body).map_err(|_| malformed())?;
        if !token.token_type.eq_ignore_ascii_case("bearer") {
            return Err(refused("the authorization server issued a token that is not a bearer token"));
        }
        let refresh_token = token.refresh_token.filter(|token| !token.is_empty());
        if !is_token(&token.access_token)
            || refresh_token.as_ref().is_some_and(|token| !is_token(token))
            || token.expires_in == Some(0)
        {
            return Err(malformed());
        }
        Ok(Self {
            access_token: token.access_token,
            told_life: token.expires_in.map(Duration::from_secs),
            refresh_token: refresh_token.map(Secret::new),
            id_token: token.id_token.map(Secret::new),
            is_lent: false,
        })
    }

    /// A token that was issued before, for the rest of its life.
    pub(crate) const fn lent(access_token: Zeroizing<String>, life: Duration) -> Self {
        Self { access_token, told_life: Some(life), refresh_token: None, id_token: None, is_lent: true }
    }

    /// How long it may be used.
    pub(crate) fn life(&self) -> Duration {
        self.told_life.unwrap_or(UNTOLD_LIFE)
    }
}

/// Reads an answer that holds a grant for another server in place of a token (RFC 8693, section 2.2.1).
pub(crate) fn read_assertion(answer: &Fetched, flow: &Flow) -> Result<Secret, ProviderError> {
    if answer.status != StatusCode::OK {
        return Err(refusal(answer, Asked::Token(flow)));
    }
    let exchanged = serde_json::from_slice::<ExchangeAnswer>(&answer.body).ok();
    exchanged
        .filter(|exchanged| exchanged.issued_token_type == ASSERTION && is_token(&exchanged.access_token))
        .map(|exchanged| Secret::new(exchanged.access_token))
        .ok_or_else(|| refused("the authorization server answered without a grant for another server"))
}

/// Visible ASCII (RFC 6749, appendix A.12), so that a token can stand in a header field.
fn is_token(text: &str) -> bool {
    (1..=TOKEN_LENGTH_MAX).contains(&text.len()) && text.bytes().all(|b| b.is_ascii_graphic())
}

/// Why there is no token (RFC 6749, section 5.2; RFC 8707, section 2).
pub(crate) fn refusal(answer: &Fetched, asked: Asked<'_>) -> ProviderError {
    let error = serde_json::from_slice(&answer.body).map_or_else(|_| String::new(), |body: ErrorAnswer| body.error);
    if answer.status.is_server_error()
        || answer.status == StatusCode::TOO_MANY_REQUESTS
        || matches!(error.as_str(), "temporarily_unavailable" | "server_error" | "slow_down")
    {
        return ProviderError::Unreachable;
    }
    refused(match error.as_str() {
        "invalid_client" => {
            "the authorization server does not accept the client (invalid_client); check its id, and store its secret or key again"
        }
        "invalid_grant" => match asked {
            Asked::Token(Flow::RefreshToken(_)) => {
                "the refresh token has ended or was revoked (invalid_grant); store another one"
            }
            Asked::Token(Flow::Connection(_)) => return ProviderError::NotConnected,
            Asked::Code => "the code is not accepted (invalid_grant); the person has to begin again",
            Asked::Token(
                Flow::TokenExchange(_) | Flow::JwtBearer(_) | Flow::IdentityAssertion(_) | Flow::ClientCredentials,
            )
            | Asked::End => {
                "the authorization server does not accept who asks (invalid_grant); check that it trusts this broker's issuer for this audience"
            }
        },
        "invalid_request" => {
            "the authorization server does not accept the request (invalid_request); check which of `grant`, `scopes`, `resource` and `audience` this client may use"
        }
        "invalid_scope" => "the authorization server does not grant these scopes (invalid_scope); check `scopes`",
        "invalid_target" => {
            "the authorization server does not know this target (invalid_target); check `resource` and `audience`"
        }
        "unauthorized_client" => {
            "the client may not use this grant (unauthorized_client); allow it at the authorization server"
        }
        "unsupported_grant_type" => "the authorization server does not have this grant (unsupported_grant_type)",
        "unsupported_token_type" => return ProviderError::CannotRevoke,
        _ => {
            return ProviderError::Refused {
                reason: format!("the authorization server answered with status {}", answer.status.as_u16()),
            };
        }
    })
}

fn refused(reason: &str) -> ProviderError {
    ProviderError::Refused { reason: reason.to_owned() }
}

#[cfg(test)]
mod tests {
    use http::HeaderMap;

    use super::*;

    fn read(status: u16, body: &str) -> Result<Issued, String> {
        let status = StatusCode::from_u16(status).unwrap();
        let answer = Fetched { status, headers: HeaderMap::new(), body: body.to_owned().into() };
        Issued::read(&answer, Asked::Token(&Flow::ClientCredentials)).map_err(|error| error.to_string())
    }

    #[test]
    fn a_token_is_read_with_its_life() {
        let issued = read(200, r#"{"access_token":"a.b","token_type":"BEARER","expires_in":60,"scope":"x"}"#).unwrap();
        assert_eq!((issued.access_token.as_str(), issued.told_life), ("a.b", Some(Duration::from_secs(60))));
        assert!(issued.refresh_token.is_none());
        let issued = read(200, r#"{"access_token":"a","token_type":"bearer","refresh_token":"r"}"#).unwrap();
        assert_eq!((issued.told_life, issued.refresh_token.unwrap().expose()), (None, "r"));
        assert!(issued.id_token.is_none());
    }

    #[test]
    fn what_is_no_usable_token_is_refused() {
        let long = format!(r#"{{"access_token":"{}","token_type":"bearer"}}"#, "a".repeat(TOKEN_LENGTH_MAX + 1));
        for body in [
            "",
            "[]",
            "{}",
            r#"{"access_token":"a"}"#,
            r#"{"access_token":"","token_type":"bearer"}"#,
            r#"{"access_token":"a b","token_type":"bearer"}"#,
            r#"{"access_token":"a\r\nb","token_type":"bearer"}"#,
            r#"{"access_token":"a","token_type":"bearer","expires_in":0}"#,
            r#"{"access_token":"a","token_type":"bearer","expires_in":-1}"#,
            r#"{"access_token":"a","token_type":"bearer","refresh_token":"a b"}"#,
            r#"{"access_token":"a","access_token":"b","token_type":"bearer"}"#,
            &long,
        ] {
            let refused = read(200, body).err();
            let expected = "the credential source refused: the authorization server answered without a usable token";
            assert_eq!(refused.as_deref(), Some(expected), "{body}");
        }
        let dpop = read(200, r#"{"access_token":"a","token_type":"DPoP"}"#).err().unwrap();
        assert!(dpop.ends_with("not a bearer token"), "{dpop}");
    }

    #[test]
    fn an_error_is_told_by_its_word_and_without_the_servers_own() {
        for (status, body, said) in [
            (400, r#"{"error":"invalid_scope","error_description":"canary"}"#, "(invalid_scope); check `scopes`"),
            (401, r#"{"error":"invalid_client"}"#, "store its secret or key again"),
            (400, r#"{"error":"canary"}"#, "answered with status 400"),
            (302, "canary", "answered with status 302"),
            (404, r#"{"error":{"canary":1}}"#, "answered with status 404"),
            (400, r#"{"error":"temporarily_unavailable"}"#, "could not be reached"),
            (429, "", "could not be reached"),
            (503, r#"{"error":"invalid_grant"}"#, "could not be reached"),
        ] {
            let refused = read(status, body).err().unwrap();
            assert!(refused.ends_with(said) && !refused.contains("canary"), "{body}: {refused}");
        }
    }
}
