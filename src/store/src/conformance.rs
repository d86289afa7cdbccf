//! What every store must do; each implementation runs this in its tests.

mod leases;
mod sessions;

pub use leases::{leases, minting};
pub use sessions::{BEGIN, LIFE, session, sessions};
