//! Every way we say no. What a caller is told of it is in [`told`]; what only the log may know stands in `reason` fields and in
//! [`Denial::reason`].

mod told;

use egress::EgressError;
use mcp::Rejected;
use model::{RuleId, Scope};
use redact::{Class, Unscannable};

pub use self::told::Told;
use crate::{analysis::Unanalyzed, mask::Interrupted};

/// Why a call is refused.
#[derive(Debug)]
pub enum Denial {
    /// The request came with a `Host` that is not ours (DNS rebinding).
    ForeignHost,
    /// A browser sent the request from an origin that is not on the list.
    ForeignOrigin,
    /// No bearer token.
    NoToken,
    /// More than one token (RFC 6750, section 2).
    SeveralTokens,
    /// The token does not verify. The caller learns only that.
    InvalidToken {
        /// For the log.
        reason: String,
    },
    /// The session has expired or was revoked.
    SessionEnded,
    /// The token is not for the resource that was called.
    WrongAudience,
    /// No upstream has this name, or the caller may not know.
    UnknownUpstream,
    /// The HTTP method is not one of the endpoint.
    MethodNotAllowed {
        /// What the endpoint takes, for the `Allow` header.
        allow: &'static str,
    },
    /// The message is malformed; MCP's own code and status say how.
    Malformed(Rejected),
    /// The body is longer than the configured limit.
    TooLarge,
    /// The body did not arrive in time, or broke off.
    BodyUnread,
    /// The path of a plain HTTP call does not mean the same to every server.
    AmbiguousPath,
    /// No operation of the upstream allows this method and path.
    UnknownOperation,
    /// The signature of a request to AWS cannot be verified, or does not fit.
    AwsSignature(sigv4::Refusal),
    /// A request to AWS has a field that does not go on.
    AwsField,
    /// A request to AWS asks for a part of an object that does not go on.
    AwsRange,
    /// A request to AWS has a body that is not what its service reads.
    AwsBody,
    /// An MCP session of the older era is unknown, has ended or belongs to another principal.
    UnknownMcpSession,
    /// The session was not granted this tool; a new exchange that names the scope may help.
    InsufficientScope {
        /// What the call needs.
        scope: Scope,
    },
    /// A policy forbids the call, or none permits it.
    Policy {
        /// The rule that decided.
        rule: RuleId,
    },
    /// A person must approve the call, and no approver is configured.
    ApprovalRequired {
        /// The rule that asks.
        rule: RuleId,
    },
    /// A witness must cosign the record first, and none is configured.
    WitnessRequired {
        /// The rule that asks.
        rule: RuleId,
    },
    /// A request of the older era came without the session id that it was given.
    NoMcpSession,
    /// An answer came to something that nobody asked.
    Unsolicited,
    /// The client must declare a capability before this tool can answer it (MCP -32021).
    CapabilityRequired {
        /// The capability.
        capability: &'static str,
    },
    /// A `requestState` that this service did not make, or made for another call, principal or time.
    RequestState,
    /// The record cannot be written, so nothing is sent.
    RecordUnavailable {
        /// For the log.
        reason: String,
    },
    /// The call was made and its outcome cannot be recorded, so its answer is withheld.
    OutcomeUnrecorded {
        /// For the log.
        reason: String,
    },
    /// The call needs an account that the subject of the session has not connected.
    ConnectionRequired {
        /// Where the subject connects one; `None` where it cannot sign in here.
        url: Option<String>,
    },
    /// The upstream could not be called, or its answer was none.
    Egress(EgressError),
    /// The upstream refused the credential that Claviger presented.
    CredentialRefused,
    /// The upstream refused the token that a handle stands for.
    IssuedTokenRefused,
    /// A handle stands where no token may stand.
    HandleMisplaced,
    /// The upstream answered in a way that the Model Context Protocol does not know.
    UpstreamProtocol {
        /// For the log.
        reason: &'static str,
    },
    /// The answer broke off before it could be passed on.
    Interrupted(Interrupted),
    /// The call holds what the operator says to refuse.
    CallBlocked {
        /// What; `None` for what cannot be masked and sent on.
        class: Option<Class>,
    },
    /// The answer holds what the operator says to refuse.
    Blocked {
        /// What.
        class: Class,
    },
    /// Nobody looked for names and places in the call or the answer, so it is not passed on.
    Unanalyzed(Unanalyzed),
    /// The answer cannot be scanned, so it is not passed on.
    Unscannable(Unscannable),
    /// Too many calls wait already.
    Overloaded,
    /// A fault of ours.
    Internal {
        /// For the log.
        reason: String,
    },
}

impl Denial {
    /// The rule that decided, where one did.
    #[must_use]
    pub(crate) const fn rule(&self) -> Option<&RuleId> {
        match self {
            Self::Policy { rule } | Self::ApprovalRequired { rule } | Self::WitnessRequired { rule } => Some(rule),
            _ => None,
        }
    }

    /// Where a person can change that the call is refused.
    #[must_use]
    pub(crate) const fn page(&self) -> Option<&String> {
        match self {
            Self::ConnectionRequired { url } => url.as_ref(),
            _ => None,
        }
    }

    /// What the log may know beyond the caller's text.
    #[must_use]
    pub(crate) fn reason(&self) -> String {
        match self {
            Self::InvalidToken { reason }
            | Self::RecordUnavailable { reason }
            | Self::OutcomeUnrecorded { reason }
            | Self::Internal { reason } => reason.clone(),
            Self::UpstreamProtocol { reason } => (*reason).to_owned(),
            Self::Egress(error) => error.to_string(),
            Self::Unscannable(error) => error.to_string(),
            Self::Unanalyzed(error) => error.to_string(),
            Self::Malformed(rejected) => rejected.to_string(),
            Self::Interrupted(interrupted) => interrupted.to_string(),
            Self::CallBlocked { class: Some(class) } => format!("the call holds {}", class.as_str()),
            Self::Blocked { class } => format!("the answer holds {}", class.as_str()),
            Self::CapabilityRequired { capability } => (*capability).to_owned(),
            other => other.told().description.to_owned(),
        }
    }

    /// Whether waiting a second may help; then the answer says so.
    #[must_use]
    pub(crate) const fn is_passing(&self) -> bool {
        matches!(
            self,
            Self::RecordUnavailable { .. }
                | Self::Overloaded
                | Self::Unanalyzed(Unanalyzed::NoAnswer)
                | Self::Egress(EgressError::CredentialSourceUnreachable)
        )
    }

    /// Whether the model that asked should read the refusal: the transport is fine, the call is not allowed.
    #[must_use]
    pub(crate) const fn is_for_the_model(&self) -> bool {
        matches!(
            self,
            Self::Policy { .. }
                | Self::CallBlocked { .. }
                | Self::Unanalyzed(Unanalyzed::TooLong)
                | Self::ApprovalRequired { .. }
                | Self::WitnessRequired { .. }
                | Self::ConnectionRequired { .. }
                | Self::HandleMisplaced
                | Self::Egress(EgressError::HandleRefused | EgressError::HandleMisplaced)
        )
    }
}
