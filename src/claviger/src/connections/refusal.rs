//! Why no account was connected: a word for the record, a sentence for the person.

use http::StatusCode;
use provider_oauth2::NotAuthorized;

/// Why no account was connected.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub(crate) enum NotConnected {
    /// The link is unknown: used, too old, or made up.
    #[error("This link was used already, or is too old. Let the agent try again, and open the new one.")]
    Stale,
    /// What came back does not belong to this browser, or came twice.
    #[error("This answer does not belong to this browser, or came twice. Open the link again.")]
    Foreign,
    /// Somebody else than the subject of the session opened the link.
    #[error(
        "You are signed in as another person than the one that this link is for. If nobody told you to expect it, tell your operator."
    )]
    SignedInAsAnother,
    /// The person said no.
    #[error("You did not allow it, so nothing was connected.")]
    Declined,
    /// The answer names another server than was asked.
    #[error("The answer did not come from the server that you were sent to, so it was not used. Tell your operator.")]
    OtherServer,
    /// Something else; the log has the reason.
    #[error("It did not work. The operator finds the reason in the log.")]
    Failed,
}

impl NotConnected {
    /// The status of the page that says so.
    pub(crate) const fn status(self) -> StatusCode {
        match self {
            Self::Stale => StatusCode::GONE,
            Self::Foreign => StatusCode::BAD_REQUEST,
            Self::SignedInAsAnother | Self::Declined => StatusCode::FORBIDDEN,
            Self::OtherServer | Self::Failed => StatusCode::BAD_GATEWAY,
        }
    }

    /// The word in the record.
    pub(super) const fn word(self) -> &'static str {
        match self {
            Self::Stale => "stale",
            Self::Foreign => "foreign",
            Self::SignedInAsAnother => "signed_in_as_another",
            Self::Declined => "declined",
            Self::OtherServer => "other_server",
            Self::Failed => "failed",
        }
    }
}

impl From<NotAuthorized> for NotConnected {
    fn from(error: NotAuthorized) -> Self {
        match error {
            NotAuthorized::Declined => Self::Declined,
            NotAuthorized::OtherIssuer => Self::OtherServer,
            NotAuthorized::Malformed => Self::Foreign,
            NotAuthorized::Server(reason) => {
                tracing::warn!(%reason, "an account could not be connected");
                Self::Failed
            }
        }
    }
}
