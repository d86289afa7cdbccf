//! What the tests of this provider stand on.

pub(crate) mod account;
pub(crate) mod identity;
pub(crate) mod recorder;
