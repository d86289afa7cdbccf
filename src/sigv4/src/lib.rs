//! AWS Signature Version 4 as a format: read, verified and written; no I/O.
//!
//! In scope: signatures in the `Authorization` header, as AWS documents them under "Signature Version 4 for API requests". Out of
//! scope, and refused by name: presigned URLs, the asymmetric SigV4A, and bodies whose chunks are signed one by one. Paths are
//! taken as they are on the wire; the caller refuses those that a server might normalize, so no path is normalized here.

mod canonical;
mod key;
mod payload;
mod presented;
mod sign;
mod stand_in;
mod time;

pub use canonical::{Message, PathEncoding, RequestLine};
pub use payload::Payload;
pub use presented::{CLOCK_SKEW_MAX, Presented, Refusal, Verified};
pub use sign::{Credentials, Unsignable, sign};
pub use stand_in::{StandIn, StandIns};
