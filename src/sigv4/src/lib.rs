//! AWS Signature Version 4 as a format: read, verified and written; no I/O.
//!
//! In scope: signatures in the `Authorization` header, as AWS documents them under "Signature Version 4 for API requests", and
//! those of the chunks of a body that follow from one. Out of scope, and refused by name: presigned URLs and the asymmetric SigV4A.
//! Paths are taken as they are on the wire; the caller refuses those that a server might normalize, so no path is normalized here.

mod canonical;
mod chain;
mod chunk_signer;
mod chunks;
mod key;
mod payload;
mod presented;
mod sign;
mod stand_in;
mod time;

pub use canonical::{Message, PathEncoding, RequestLine};
pub use chunk_signer::ChunkSigner;
pub use chunks::{CHUNK_LENGTH_MAX, Piece, SignedChunks};
pub use payload::Payload;
pub use presented::{CLOCK_SKEW_MAX, Presented, Refusal, Verified, is_presigned};
pub use sign::{Credentials, Signed, Unsignable, sign};
pub use stand_in::{StandIn, StandIns};
