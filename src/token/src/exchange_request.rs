//! A token exchange request as it stands on the wire (RFC 8693, section 2.1).

use std::fmt;

use zeroize::Zeroizing;

use crate::{
    form::{Form, FormRefused},
    oauth_error::ErrorCode,
};

/// The grant type of a token exchange.
pub const GRANT_TYPE: &str = "urn:ietf:params:oauth:grant-type:token-exchange";
/// The parameters that may stand more than once (RFC 8693, section 2.1; RFC 8707, section 2).
const REPEATABLE: [&str; 2] = ["resource", "audience"];
/// The most targets of one session; an agent of more than this needs a narrower task.
const TARGETS_MAX: usize = 32;
/// The longest `scope`: a hundred scopes of the greatest length that tools have in practice.
const SCOPE_LENGTH_MAX: usize = 8 * 1024;

/// The token types that are exchanged or issued (RFC 8693, section 3).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TokenType {
    /// `urn:ietf:params:oauth:token-type:access_token`.
    AccessToken,
    /// `urn:ietf:params:oauth:token-type:id_token`.
    IdToken,
    /// `urn:ietf:params:oauth:token-type:jwt`.
    Jwt,
}

impl TokenType {
    /// The type's URI.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::AccessToken => "urn:ietf:params:oauth:token-type:access_token",
            Self::IdToken => "urn:ietf:params:oauth:token-type:id_token",
            Self::Jwt => "urn:ietf:params:oauth:token-type:jwt",
        }
    }

    fn parse(uri: &str) -> Option<Self> {
        [Self::AccessToken, Self::IdToken, Self::Jwt].into_iter().find(|known| known.as_str() == uri)
    }
}

/// Why a request is not an exchange that we do. The text is for the caller and holds nothing of the request.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum RequestRefused {
    /// The body is not read.
    #[error(transparent)]
    Form(#[from] FormRefused),
    /// Another grant type.
    #[error("only the grant type urn:ietf:params:oauth:grant-type:token-exchange is supported")]
    GrantType,
    /// A token type other than `jwt`, `id_token` and `access_token`.
    #[error("the {0} must be the jwt, id_token or access_token type")]
    TokenType(&'static str),
    /// `actor_token_type` without `actor_token`.
    #[error("actor_token_type without actor_token")]
    ActorTypeAlone,
    /// Something other than an access token is asked for.
    #[error("the requested_token_type must be the access_token or jwt type")]
    RequestedType,
    /// More targets than one session may have.
    #[error("too many values of resource and audience")]
    TooManyTargets,
    /// A scope longer than any honest one.
    #[error("the scope is too long")]
    ScopeTooLong,
}

impl RequestRefused {
    /// The error code (RFC 6749, section 5.2).
    #[must_use]
    pub const fn code(&self) -> ErrorCode {
        match self {
            Self::GrantType => ErrorCode::UnsupportedGrantType,
            Self::TooManyTargets => ErrorCode::InvalidTarget,
            Self::ScopeTooLong => ErrorCode::InvalidScope,
            Self::Form(_) | Self::TokenType(_) | Self::ActorTypeAlone | Self::RequestedType => {
                ErrorCode::InvalidRequest
            }
        }
    }
}

/// A security token with the type that its sender gives it. Wiped on drop and never printed.
pub(crate) struct PresentedToken {
    pub(crate) token: Zeroizing<String>,
    pub(crate) token_type: TokenType,
}

impl fmt::Debug for PresentedToken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "PresentedToken({:?})", self.token_type)
    }
}

/// A well-formed exchange request. Nothing in it is verified.
#[derive(Debug)]
pub struct ExchangeRequest {
    pub(crate) subject: PresentedToken,
    pub(crate) actor: Option<PresentedToken>,
    pub(crate) resources: Vec<String>,
    pub(crate) audiences: Vec<String>,
    pub(crate) scope: Option<String>,
    pub(crate) issued_type: TokenType,
}

impl ExchangeRequest {
    /// Reads the body of a `POST` to the token endpoint. Unknown parameters are ignored.
    ///
    /// # Errors
    /// [`RequestRefused`], whose [`RequestRefused::code`] is the answer's `error`.
    pub fn parse(body: &[u8]) -> Result<Self, RequestRefused> {
        let form = Form::parse(body, &REPEATABLE)?;
        if form.required("grant_type")? != GRANT_TYPE {
            return Err(RequestRefused::GrantType);
        }
        let subject = PresentedToken {
            token: Zeroizing::new(form.required("subject_token")?.to_owned()),
            token_type: token_type(form.required("subject_token_type")?, "subject_token_type")?,
        };
        let actor = match form.one("actor_token") {
            Some(token) => Some(PresentedToken {
                token: Zeroizing::new(token.to_owned()),
                token_type: token_type(form.required("actor_token_type")?, "actor_token_type")?,
            }),
            None if form.one("actor_token_type").is_some() => return Err(RequestRefused::ActorTypeAlone),
            None => None,
        };
        let issued_type = match form.one("requested_token_type").map(TokenType::parse) {
            None | Some(Some(TokenType::AccessToken)) => TokenType::AccessToken,
            Some(Some(TokenType::Jwt)) => TokenType::Jwt,
            Some(Some(TokenType::IdToken) | None) => return Err(RequestRefused::RequestedType),
        };
        let owned = |name: &str| form.all(name).map(str::to_owned).collect::<Vec<_>>();
        let (resources, audiences) = (owned("resource"), owned("audience"));
        if resources.len() + audiences.len() > TARGETS_MAX {
            return Err(RequestRefused::TooManyTargets);
        }
        let scope = form.one("scope").map(str::to_owned);
        if scope.as_ref().is_some_and(|scope| scope.len() > SCOPE_LENGTH_MAX) {
            return Err(RequestRefused::ScopeTooLong);
        }
        Ok(Self { subject, actor, resources, audiences, scope, issued_type })
    }

    /// The type of the token that is to be issued.
    #[must_use]
    pub const fn issued_type(&self) -> TokenType {
        self.issued_type
    }
}

fn token_type(uri: &str, parameter: &'static str) -> Result<TokenType, RequestRefused> {
    TokenType::parse(uri).ok_or(RequestRefused::TokenType(parameter))
}

#[cfg(test)]
mod tests {
    use super::*;

    const GOOD: &str = "grant_type=urn:ietf:params:oauth:grant-type:token-exchange&subject_token=canary-7f3a\
                        &subject_token_type=urn:ietf:params:oauth:token-type:jwt";

    fn refusal(more: &str) -> (RequestRefused, ErrorCode) {
        let refused = ExchangeRequest::parse(format!("{GOOD}{more}").as_bytes()).unwrap_err();
        (refused.clone(), refused.code())
    }

    #[test]
    fn a_request_holds_its_tokens_and_prints_none() {
        let more = "&actor_token=canary-7f3a&actor_token_type=urn%3Aietf%3Aparams%3Aoauth%3Atoken-type%3Aid_token\
                    &resource=https://gw.example/mcp/a&resource=https://gw.example/mcp/b&audience=c&scope=a:x+b:*&unknown=1\
                    &requested_token_type=urn:ietf:params:oauth:token-type:jwt";
        let request = ExchangeRequest::parse(format!("{GOOD}{more}").as_bytes()).unwrap();
        assert_eq!(request.subject.token.as_str(), "canary-7f3a");
        assert_eq!(request.actor.as_ref().unwrap().token_type, TokenType::IdToken);
        assert_eq!(request.resources.len(), 2);
        assert_eq!(
            (request.audiences.as_slice(), request.scope.as_deref()),
            (["c".to_owned()].as_slice(), Some("a:x b:*"))
        );
        assert_eq!(request.issued_type(), TokenType::Jwt);
        assert!(!format!("{request:?}").contains("canary"));
    }

    #[test]
    fn each_fault_has_its_error_code() {
        let kind = "urn:ietf:params:oauth:token-type";
        for (more, why, code) in [
            ("&subject_token=b".to_owned(), FormRefused::Repeated.into(), ErrorCode::InvalidRequest),
            (format!("&actor_token_type={kind}:jwt"), RequestRefused::ActorTypeAlone, ErrorCode::InvalidRequest),
            ("&actor_token=x".to_owned(), FormRefused::Missing("actor_token_type").into(), ErrorCode::InvalidRequest),
            (
                format!("&actor_token=x&actor_token_type={kind}:saml2"),
                RequestRefused::TokenType("actor_token_type"),
                ErrorCode::InvalidRequest,
            ),
            (
                format!("&requested_token_type={kind}:refresh_token"),
                RequestRefused::RequestedType,
                ErrorCode::InvalidRequest,
            ),
            ("&resource=https://a.example".repeat(33), RequestRefused::TooManyTargets, ErrorCode::InvalidTarget),
            (format!("&scope={}", "a".repeat(8193)), RequestRefused::ScopeTooLong, ErrorCode::InvalidScope),
        ] {
            assert_eq!(refusal(&more), (why, code), "{more:.60}");
        }
        let other = GOOD.replace("token-exchange", "jwt-bearer");
        let refused = ExchangeRequest::parse(other.as_bytes()).unwrap_err();
        assert_eq!((refused.clone(), refused.code()), (RequestRefused::GrantType, ErrorCode::UnsupportedGrantType));
        let without =
            ExchangeRequest::parse(b"grant_type=urn:ietf:params:oauth:grant-type:token-exchange").unwrap_err();
        assert_eq!(without, FormRefused::Missing("subject_token").into());
    }
}
