//! Sessions and mintings behind traits, and the embedded SQLite that keeps them.
//!
//! In scope: what must outlive a restart. Out of scope: looking a session up on a call (`gateway` keeps the live ones in memory),
//! the tokens themselves, of which only the id is kept, and every secret: of what was minted, only the names.

pub mod conformance;
mod error;
mod lease;
mod row;
mod session;
mod sqlite;

pub use error::StoreError;
pub use lease::LeaseStore;
pub use session::{InvalidTokenId, Session, SessionStore, TokenId};
pub use sqlite::SqliteStore;
