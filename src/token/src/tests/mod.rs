//! Tests that take several files of the crate together.

mod exchanges;
mod keys;
mod model_based;
mod single_faults;
pub(crate) mod support;
mod wycheproof;
