//! The seam through which documents of issuers are fetched; the program implements it over its one outbound dialer.

use std::time::Duration;

use async_trait::async_trait;
use bytes::Bytes;
use url::Url;

/// The longest body that an implementation needs to hand over: 64 keys with certificate chains are about 200 KiB.
pub const BODY_LENGTH_MAX: usize = 256 * 1024;

/// A document that an issuer published.
#[derive(Debug, Clone)]
pub struct Fetched {
    /// The body, at most [`BODY_LENGTH_MAX`] bytes.
    pub body: Bytes,
    /// How long it may be cached, from `Cache-Control: max-age` or `Expires`; `None` where the answer says nothing.
    pub age_max: Option<Duration>,
}

/// Why a document could not be fetched. For the log; no caller reads it.
#[derive(Debug, Clone, Copy, thiserror::Error, PartialEq, Eq)]
pub enum FetchError {
    /// No connection, or no TLS session that verifies.
    #[error("could not connect")]
    Unreachable,
    /// The address is one that must not be called.
    #[error("the address is not allowed")]
    AddressRefused,
    /// No whole answer in time.
    #[error("no answer in time")]
    TooSlow,
    /// An answer other than 200; redirects are answers.
    #[error("answered with status {0}")]
    Status(u16),
    /// A body longer than [`BODY_LENGTH_MAX`].
    #[error("answered with too long a body")]
    TooLong,
}

/// Fetches with GET: no redirects, no cookies, a bounded body, a bounded time, and the address guard of every outbound call.
#[async_trait]
pub trait Fetch: Send + Sync {
    /// Fetches one document.
    ///
    /// # Errors
    /// [`FetchError`] for everything that is not a whole answer with status 200.
    async fn fetch(&self, url: &Url) -> Result<Fetched, FetchError>;
}
