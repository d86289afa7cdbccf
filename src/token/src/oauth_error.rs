//! The error answers of the token endpoints (RFC 6749, section 5.2; RFC 8693, section 2.2.2).

use http::StatusCode;
use serde::Serialize;

/// The codes that our endpoints answer with.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ErrorCode {
    /// The request is malformed, or a token in it is refused.
    InvalidRequest,
    /// The target is unknown, or not one that the agent may ask for (RFC 8707, section 2).
    InvalidTarget,
    /// The scope is malformed, or holds nothing that the agent may ask for.
    InvalidScope,
    /// The grant type is not token exchange.
    UnsupportedGrantType,
    /// The caller of introspection or revocation is not authenticated.
    InvalidClient,
    /// The issuer's keys cannot be fetched now; the same request may succeed later.
    TemporarilyUnavailable,
}

impl ErrorCode {
    /// The value of `error`.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::InvalidRequest => "invalid_request",
            Self::InvalidTarget => "invalid_target",
            Self::InvalidScope => "invalid_scope",
            Self::UnsupportedGrantType => "unsupported_grant_type",
            Self::InvalidClient => "invalid_client",
            Self::TemporarilyUnavailable => "temporarily_unavailable",
        }
    }

    /// The status of the answer.
    #[must_use]
    pub const fn status(self) -> StatusCode {
        match self {
            Self::InvalidRequest | Self::InvalidTarget | Self::InvalidScope | Self::UnsupportedGrantType => {
                StatusCode::BAD_REQUEST
            }
            Self::InvalidClient => StatusCode::UNAUTHORIZED,
            Self::TemporarilyUnavailable => StatusCode::SERVICE_UNAVAILABLE,
        }
    }
}

/// The body of an error answer. Send it with `Cache-Control: no-store`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct ErrorBody {
    error: &'static str,
    error_description: String,
}

impl ErrorBody {
    /// An answer with our own text; characters that the RFC does not allow in it become `'`.
    #[must_use]
    pub fn new(code: ErrorCode, description: &str) -> Self {
        let allowed = |c: char| matches!(c, '\x20'..='\x21' | '\x23'..='\x5b' | '\x5d'..='\x7e');
        let error_description = description.chars().map(|c| if allowed(c) { c } else { '\'' }).collect();
        Self { error: code.as_str(), error_description }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_description_holds_only_what_the_rfc_allows() {
        let body = ErrorBody::new(ErrorCode::InvalidScope, "a \"b\"\\\n\u{e9}~!#");
        assert_eq!(
            serde_json::to_string(&body).unwrap(),
            r#"{"error":"invalid_scope","error_description":"a 'b''''~!#"}"#
        );
    }
}
