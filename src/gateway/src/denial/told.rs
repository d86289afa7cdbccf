//! What a caller is told of a refusal: status, challenge, code and text. `docs/errors.md` is the table of this file.
//!
//! The texts are ours alone: no upstream's words, no path of this machine, no secret.

use egress::{Blame, EgressError};
use http::StatusCode;
use mcp::fault::code;
use redact::Unscannable;

use super::Denial;
use crate::{analysis::Unanalyzed, mask::Interrupted};

/// What a caller is told.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Told {
    /// The HTTP status.
    pub status: StatusCode,
    /// A stable word, for programs; it stands in the body, the record and the metrics.
    pub error: &'static str,
    /// The code of a JSON-RPC error, where the protocol has one for this.
    pub rpc_code: Option<i64>,
    /// One sentence, for people.
    pub description: &'static str,
}

const fn told(status: StatusCode, error: &'static str, description: &'static str) -> Told {
    Told { status, error, rpc_code: None, description }
}

impl Denial {
    /// What the caller is told.
    #[must_use]
    pub fn told(&self) -> Told {
        use StatusCode as S;
        match self {
            Self::ForeignHost => told(S::MISDIRECTED_REQUEST, "foreign_host", "this host name is not served here"),
            Self::ForeignOrigin => told(S::FORBIDDEN, "foreign_origin", "this origin may not call from a browser"),
            Self::NoToken => {
                told(S::UNAUTHORIZED, "token_required", "send a session token; the token endpoint issues one")
            }
            Self::SeveralTokens => told(S::BAD_REQUEST, "invalid_request", "send exactly one token"),
            Self::InvalidToken { .. } => told(S::UNAUTHORIZED, "invalid_token", "the session token is not valid"),
            Self::SessionEnded => told(S::UNAUTHORIZED, "invalid_token", "the session has ended; exchange a new token"),
            Self::WrongAudience => told(S::UNAUTHORIZED, "invalid_token", "the session token is not for this resource"),
            Self::UnknownUpstream => told(S::NOT_FOUND, "unknown_upstream", "no upstream is served here"),
            Self::MethodNotAllowed { .. } => {
                told(S::METHOD_NOT_ALLOWED, "method_not_allowed", "the endpoint does not take this method")
            }
            Self::Malformed(_) => told(S::BAD_REQUEST, "malformed", "the message is malformed"),
            Self::TooLarge => told(S::PAYLOAD_TOO_LARGE, "too_large", "the body is longer than this service takes"),
            Self::BodyUnread => told(S::REQUEST_TIMEOUT, "body_unread", "the body did not arrive whole and in time"),
            Self::AmbiguousPath => {
                told(S::BAD_REQUEST, "ambiguous_path", "the path holds empty, dot or encoded segments")
            }
            Self::UnknownOperation => {
                told(S::FORBIDDEN, "unknown_operation", "no operation of this upstream has this method and path")
            }
            Self::AwsSignature(refusal) => told(S::FORBIDDEN, "invalid_signature", refusal.text()),
            Self::AwsField => told(
                S::BAD_REQUEST,
                "field_refused",
                "a header field of the request does not go on to AWS: access lists and the like; leave it out",
            ),
            Self::AwsRange => told(
                S::BAD_REQUEST,
                "range_refused",
                "ranges begin and end at whole mebibytes, and only where the upstream accepts ranges; read the whole object",
            ),
            Self::AwsBody => {
                told(S::BAD_REQUEST, "body_refused", "the body is not one JSON object with each member once")
            }
            Self::UnknownMcpSession => {
                told(S::NOT_FOUND, "unknown_mcp_session", "the MCP session is unknown or has ended; initialize again")
            }
            Self::InsufficientScope { .. } => {
                told(S::FORBIDDEN, "insufficient_scope", "the session was not granted this tool")
            }
            Self::Policy { .. } => told(S::FORBIDDEN, "denied_by_policy", "policy does not permit this call"),
            Self::ApprovalRequired { .. } => told(
                S::FORBIDDEN,
                "approval_required",
                "a person must approve this call, and no approver is configured",
            ),
            Self::WitnessRequired { .. } => {
                told(S::FORBIDDEN, "witness_required", "a witness must cosign the record first, and none is configured")
            }
            Self::NoMcpSession => {
                told(S::BAD_REQUEST, "mcp_session_required", "send the MCP-Session-Id that initialize returned")
            }
            Self::Unsolicited => told(S::BAD_REQUEST, "unsolicited", "nobody asked what this answers"),
            Self::CapabilityRequired { .. } => Told {
                rpc_code: Some(code::MISSING_CAPABILITY),
                ..told(
                    S::BAD_REQUEST,
                    "capability_required",
                    "the tool needs a client capability that was not declared",
                )
            },
            Self::RequestState => Told {
                rpc_code: Some(code::INVALID_PARAMS),
                ..told(S::BAD_REQUEST, "request_state", "the request state is not one that belongs to this call")
            },
            Self::RecordUnavailable { .. } => told(
                S::SERVICE_UNAVAILABLE,
                "record_unavailable",
                "the call cannot be recorded now, so it was not made",
            ),
            Self::ConnectionRequired { url: Some(_) } => {
                told(S::FORBIDDEN, "connection_required", "the user of this session must connect an account first")
            }
            Self::ConnectionRequired { url: None } => told(
                S::FORBIDDEN,
                "connection_required",
                "the call needs an account of a user, and the subject of this session cannot connect one",
            ),
            Self::Egress(error) => egress_told(*error),
            Self::CredentialRefused => told(
                S::BAD_GATEWAY,
                "credential_refused",
                "the upstream refused the credential of this service; an operator must look",
            ),
            Self::IssuedTokenRefused => told(
                S::FORBIDDEN,
                "issued_token_refused",
                "the upstream refused the token that the handle stands for; ask it for a new one",
            ),
            Self::HandleMisplaced => told(
                S::BAD_REQUEST,
                "handle_misplaced",
                "a handle stands alone in a field that is named as a token is, or behind a scheme in Upstream-Authorization",
            ),
            Self::UpstreamProtocol { .. } => {
                told(S::BAD_GATEWAY, "upstream_protocol", "the upstream's answer is not one of the protocol")
            }
            Self::OutcomeUnrecorded { .. } | Self::Interrupted(Interrupted::Unrecorded) => told(
                S::INTERNAL_SERVER_ERROR,
                "outcome_unrecorded",
                "the call was made, its outcome could not be recorded, so its answer is withheld",
            ),
            Self::Interrupted(Interrupted::SessionEnded) => Self::SessionEnded.told(),
            Self::Interrupted(Interrupted::Unscannable) => Self::Unscannable(Unscannable::Corrupt).told(),
            Self::Interrupted(Interrupted::Blocked(class)) => Self::Blocked { class: *class }.told(),
            Self::Interrupted(Interrupted::Unanalyzed(unanalyzed)) => Self::Unanalyzed(*unanalyzed).told(),
            Self::Interrupted(Interrupted::Protocol) => Self::UpstreamProtocol { reason: "" }.told(),
            Self::Interrupted(Interrupted::Upstream) => {
                told(S::BAD_GATEWAY, "upstream_cut", "the upstream's answer broke off")
            }
            Self::CallBlocked { .. } => told(
                S::FORBIDDEN,
                "call_blocked",
                "the call holds a secret or personal data that may not be sent to this upstream; leave it out",
            ),
            Self::Blocked { .. } => told(
                S::BAD_GATEWAY,
                "answer_blocked",
                "the answer holds what the operator of this service refuses to pass on, so it is withheld",
            ),
            Self::Unanalyzed(Unanalyzed::NoAnswer) => told(
                S::SERVICE_UNAVAILABLE,
                "analyzer_unavailable",
                "names and places cannot be looked for now, so nothing is passed on; try again shortly",
            ),
            Self::Unanalyzed(Unanalyzed::TooLong) => told(
                S::FORBIDDEN,
                "too_long_to_analyze",
                "it is too long to be looked through for names and places, so it is not passed on; ask for less at a time",
            ),
            Self::Unscannable(_) => told(
                S::BAD_GATEWAY,
                "unscannable",
                "the upstream's answer cannot be scanned for secrets, so it is withheld",
            ),
            Self::Overloaded => {
                told(S::SERVICE_UNAVAILABLE, "overloaded", "too many calls are waiting; try again shortly")
            }
            Self::Internal { .. } => {
                told(S::INTERNAL_SERVER_ERROR, "internal", "a fault of this service; its log says more")
            }
        }
    }

    /// The OAuth challenge that goes with a 401 or an insufficient scope (RFC 6750, section 3; RFC 9728, section 5.1).
    #[must_use]
    pub(crate) fn challenge(&self, resource_metadata: &str) -> Option<String> {
        let told = self.told();
        match self {
            // A request without a token is told where to get one, without an error (RFC 6750, section 3.1).
            Self::NoToken => Some(format!("Bearer resource_metadata=\"{resource_metadata}\"")),
            Self::InvalidToken { .. } | Self::SessionEnded | Self::WrongAudience | Self::SeveralTokens => {
                Some(format!(
                    "Bearer error=\"{}\", error_description=\"{}\", resource_metadata=\"{resource_metadata}\"",
                    told.error, told.description
                ))
            }
            Self::InsufficientScope { scope } => Some(format!(
                "Bearer error=\"insufficient_scope\", scope=\"{scope}\", error_description=\"{}\", resource_metadata=\"{resource_metadata}\"",
                told.description
            )),
            _ => None,
        }
    }
}

/// Whose fault it is decides the status; the word says what to look at.
fn egress_told(error: EgressError) -> Told {
    use StatusCode as S;
    match error {
        EgressError::SessionEnded => Denial::SessionEnded.told(),
        EgressError::NotConnected => Denial::ConnectionRequired { url: None }.told(),
        EgressError::ConnectTimeout | EgressError::HeadTimeout | EgressError::BodyTimeout => {
            told(S::GATEWAY_TIMEOUT, "upstream_timeout", "the upstream did not answer in time")
        }
        EgressError::ChunkUnsigned => Denial::AwsSignature(sigv4::Refusal::Chunk).told(),
        EgressError::CredentialMissing
        | EgressError::CredentialBoundElsewhere
        | EgressError::CredentialUnfit
        | EgressError::CredentialUnmaskable
        | EgressError::CredentialRefused => told(
            S::BAD_GATEWAY,
            "credential_unavailable",
            "this service has no usable credential for the upstream; an operator must look",
        ),
        EgressError::CredentialSourceUnreachable => told(
            S::SERVICE_UNAVAILABLE,
            "credential_source_unreachable",
            "the source of the credential does not answer; try again",
        ),
        EgressError::SlotTaken => {
            told(S::BAD_REQUEST, "slot_taken", "leave out what this service fills in: the credential")
        }
        EgressError::HandleRefused => told(
            S::FORBIDDEN,
            "handle_refused",
            "the handle stands for no token that this upstream issued in this session",
        ),
        EgressError::HandleMisplaced => Denial::HandleMisplaced.told(),
        EgressError::SlotMissing => {
            told(S::BAD_REQUEST, "slot_missing", "the body has no place for the credential; send a JSON object")
        }
        EgressError::TlsName | EgressError::TlsExpired | EgressError::TlsUnknownIssuer | EgressError::TlsFailed => {
            told(S::BAD_GATEWAY, "upstream_tls", "the upstream could not prove who it is, so nothing was sent")
        }
        EgressError::AddressRefused => told(
            S::BAD_GATEWAY,
            "upstream_address",
            "the upstream's name leads to an address that is not allowed, so nothing was sent",
        ),
        other => match other.blame() {
            Blame::Caller => told(S::BAD_REQUEST, "request_refused", "the request cannot be forwarded in this form"),
            Blame::Upstream => {
                told(S::BAD_GATEWAY, "upstream_unreachable", "the upstream could not be reached, or broke off")
            }
            Blame::Us => told(S::INTERNAL_SERVER_ERROR, "internal", "a fault of this service; its log says more"),
        },
    }
}
