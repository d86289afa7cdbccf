//! Sessions behind traits, and the embedded SQLite that keeps them.
//!
//! In scope: what must outlive a restart. Out of scope: looking a session up on a call (`gateway` keeps the live ones in memory)
//! and the tokens themselves, of which only the id is kept.

pub mod conformance;
mod error;
mod row;
mod session;
mod sqlite;

pub use error::StoreError;
pub use session::{InvalidTokenId, Session, SessionStore, TokenId};
pub use sqlite::SqliteSessions;
