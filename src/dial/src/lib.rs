//! The one place that opens outbound sockets: TLS, the resolved-address guard, timeouts.
//!
//! In scope: turning a destination into a verified connection, keeping connections apart by credential, one small bounded GET for
//! discovery documents and key sets, and one small bounded request to sources of credentials. Out of scope: what is sent and why (`egress`), and what comes back (`redact`).
//!
//! No address is dialed that was not checked, no byte of a request is written before the server's certificate is verified, and no
//! redirect is followed by anything in this crate.

mod address;
mod dialer;
mod driver;
mod embedded;
mod error;
mod fetch;
mod identity;
mod idle;
mod pool;
mod request_body;
mod resolve;
mod response_body;
mod stream;
mod submit;
mod target;
mod tls;

#[cfg(test)]
mod testing;
#[cfg(test)]
mod tests;

pub use address::permits;
pub use dialer::{Connection, DialOptions, Dialer, WithoutTls};
pub use error::{BodyError, DialError, SendError};
pub use fetch::{FetchError, FetchLimits, Fetched};
pub use identity::{ClientIdentity, InvalidClientIdentity};
pub use pool::{Pool, PoolKey, PoolLimits};
pub use request_body::{RequestBody, StreamError};
pub use response_body::ResponseBody;
pub use rustls::pki_types::CertificateDer;
pub use submit::{Reach, Submission};
pub use target::{Target, Timeouts};
pub use tls::{InvalidTrustAnchors, Roots, TrustAnchors};
