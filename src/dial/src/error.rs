//! Why nothing could be sent, and why an answer ended early.

use std::io;

/// Why there is no connection. The text names no address, name or certificate; what the library said is kept as the source, for
/// the log.
#[derive(Debug, thiserror::Error)]
pub enum DialError {
    /// The name has no address.
    #[error("the name of the destination does not resolve")]
    Unresolvable(#[source] Option<io::Error>),
    /// At least one of the name's addresses lies outside the class that the destination is allowed.
    #[error("the destination resolves to an address that its class does not allow")]
    AddressRefused,
    /// No address accepted a connection.
    #[error("the destination does not accept connections")]
    Unreachable(#[source] io::Error),
    /// Resolving, connecting and the TLS handshake together took too long.
    #[error("the destination did not accept a connection in time")]
    ConnectTimeout,
    /// The certificate is for another name.
    #[error("the certificate of the destination is for another name")]
    TlsName(#[source] io::Error),
    /// The certificate is out of date, or not valid yet.
    #[error("the certificate of the destination is not valid today")]
    TlsExpired(#[source] io::Error),
    /// No trust anchor vouches for the certificate.
    #[error("the certificate of the destination comes from an unknown issuer")]
    TlsUnknownIssuer(#[source] io::Error),
    /// The handshake failed in another way.
    #[error("the destination does not complete a TLS handshake")]
    Tls(#[source] io::Error),
}

/// Why a request has no response.
#[derive(Debug, thiserror::Error)]
pub enum SendError {
    /// There is no connection; nothing was sent.
    #[error(transparent)]
    Dial(#[from] DialError),
    /// No response head came in time.
    #[error("the destination did not answer in time")]
    HeadTimeout,
    /// The connection ended before a response head; the request may have been acted on.
    #[error("the destination closed the connection before it answered")]
    Cut(#[source] hyper::Error),
    /// What came back is not a response of HTTP/1.1, or one that nobody asked for.
    #[error("the destination answered with a malformed response head")]
    BadHead(#[source] Option<hyper::Error>),
    /// The body that the caller streams ended early.
    #[error("the body of the request ended early")]
    RequestBody(#[source] hyper::Error),
}

/// Why a response body ended early.
#[derive(Debug, thiserror::Error)]
pub enum BodyError {
    /// The connection ended, or the framing broke.
    #[error("the destination cut its response short")]
    Cut(#[source] hyper::Error),
    /// Nothing came for too long.
    #[error("the destination stopped sending")]
    IdleTimeout,
}
