//! Every way in which a call does not come back; no variant holds text that somebody else wrote.

/// Whose fault it is, and so which status a caller sees.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Blame {
    /// Ours: a mistake in the configuration, a source of credentials, or a bug.
    Us,
    /// The upstream's.
    Upstream,
    /// The caller's.
    Caller,
}

/// Why a call has no answer, or why its answer ended early. What libraries said about it goes to the log.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, thiserror::Error)]
pub enum EgressError {
    /// Too much time passed between the record of the call and its forwarding.
    #[error("the forward ticket expired; send the call again")]
    TicketExpired,
    /// The session ended.
    #[error("the session ended; exchange a new token")]
    SessionEnded,
    /// The path could be read as one outside the destination.
    #[error("the path could be read as another one; send it without '.', '..', empty or encoded-slash segments")]
    PathRefused,
    /// `CONNECT` opens a tunnel that nobody can scan, and `TRACE` echoes the credential.
    #[error("the method is never forwarded")]
    MethodRefused,
    /// A header that has one meaning came twice.
    #[error("a header that may stand once stands twice; send it once")]
    HeaderRepeated,
    /// The caller filled the slot of the credential.
    #[error("the request fills the slot of its credential; leave it out")]
    SlotTaken,
    /// The request shows a handle that stands for no token of this session and upstream.
    #[error("the handle stands for no token that this upstream issued in this session")]
    HandleRefused,
    /// A body that passes through unread shows a handle.
    #[error("a handle stands where its token cannot be put")]
    HandleMisplaced,
    /// The body has no place for the credential.
    #[error("the request has no place for its credential; send a JSON object")]
    SlotMissing,
    /// The caller's body ended early.
    #[error("the body of the request ended early")]
    RequestCut,
    /// A chunk of the caller's body was not signed, so nothing from it on was sent.
    #[error("a chunk of the body is not signed")]
    ChunkUnsigned,
    /// No credential is stored or configured.
    #[error("no credential is stored for this upstream; add one with `claviger secret set`")]
    CredentialMissing,
    /// The credential is a person's own, and the session's subject has connected no account.
    #[error("the subject of this session has connected no account; it must connect one")]
    NotConnected,
    /// The credential is bound to another destination.
    #[error("the credential is bound to another destination; store it again for this one")]
    CredentialBoundElsewhere,
    /// The credential holds characters that its slot cannot carry.
    #[error("the credential does not fit into its slot; store it again without line breaks")]
    CredentialUnfit,
    /// The credential is so short or regular that it cannot be found in an answer.
    #[error("the credential cannot be recognized in an answer; store a longer one")]
    CredentialUnmaskable,
    /// The source of the credential refused to issue it, or issued one that has ended.
    #[error("the source of the credential refused to issue it")]
    CredentialRefused,
    /// The source of the credential did not answer.
    #[error("the source of the credential did not answer in time")]
    CredentialSourceUnreachable,
    /// The upstream's name has no address.
    #[error("the name of the upstream does not resolve")]
    Unresolvable,
    /// The upstream's name has an address that its class does not allow.
    #[error("the upstream resolves to an address that its class does not allow")]
    AddressRefused,
    /// Nothing accepts connections there.
    #[error("the upstream does not accept connections")]
    Unreachable,
    /// No connection in time.
    #[error("the upstream did not accept a connection in time")]
    ConnectTimeout,
    /// The certificate is for another name.
    #[error("the certificate of the upstream is for another name")]
    TlsName,
    /// The certificate is out of date.
    #[error("the certificate of the upstream is not valid today")]
    TlsExpired,
    /// Nobody we trust vouches for the certificate.
    #[error("the certificate of the upstream comes from an unknown issuer")]
    TlsUnknownIssuer,
    /// The handshake failed in another way.
    #[error("the upstream does not complete a TLS handshake")]
    TlsFailed,
    /// No response head in time.
    #[error("the upstream did not answer in time")]
    HeadTimeout,
    /// What came back is no response, or one that nobody asked for.
    #[error("the upstream answered with a malformed response head")]
    BadHead,
    /// The connection ended before or within the response.
    #[error("the upstream closed the connection before its answer was complete")]
    Cut,
    /// The response stopped.
    #[error("the upstream stopped sending its answer")]
    BodyTimeout,
}

impl EgressError {
    /// Whose fault it is.
    #[must_use]
    pub const fn blame(self) -> Blame {
        match self {
            Self::TicketExpired
            | Self::CredentialMissing
            | Self::CredentialBoundElsewhere
            | Self::CredentialUnfit
            | Self::CredentialUnmaskable
            | Self::CredentialRefused
            | Self::CredentialSourceUnreachable => Blame::Us,
            Self::SessionEnded
            | Self::NotConnected
            | Self::PathRefused
            | Self::MethodRefused
            | Self::HeaderRepeated
            | Self::SlotTaken
            | Self::SlotMissing
            | Self::HandleRefused
            | Self::HandleMisplaced
            | Self::RequestCut
            | Self::ChunkUnsigned => Blame::Caller,
            Self::Unresolvable
            | Self::AddressRefused
            | Self::Unreachable
            | Self::ConnectTimeout
            | Self::TlsName
            | Self::TlsExpired
            | Self::TlsUnknownIssuer
            | Self::TlsFailed
            | Self::HeadTimeout
            | Self::BadHead
            | Self::Cut
            | Self::BodyTimeout => Blame::Upstream,
        }
    }

    /// Whether nothing of the request can have reached the upstream.
    #[must_use]
    pub const fn is_unsent(self) -> bool {
        match self {
            Self::RequestCut
            | Self::ChunkUnsigned
            | Self::HandleMisplaced
            | Self::HeadTimeout
            | Self::BadHead
            | Self::Cut
            | Self::BodyTimeout => false,
            Self::TicketExpired
            | Self::SessionEnded
            | Self::PathRefused
            | Self::MethodRefused
            | Self::HeaderRepeated
            | Self::SlotTaken
            | Self::SlotMissing
            | Self::HandleRefused
            | Self::CredentialMissing
            | Self::NotConnected
            | Self::CredentialBoundElsewhere
            | Self::CredentialUnfit
            | Self::CredentialUnmaskable
            | Self::CredentialRefused
            | Self::CredentialSourceUnreachable
            | Self::Unresolvable
            | Self::AddressRefused
            | Self::Unreachable
            | Self::ConnectTimeout
            | Self::TlsName
            | Self::TlsExpired
            | Self::TlsUnknownIssuer
            | Self::TlsFailed => true,
        }
    }
}
