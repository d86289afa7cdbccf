//! `claviger demo`: the whole story on this machine.

use crate::output::Failure;

/// Tells it.
pub(crate) fn run(_once: bool) -> Result<(), Failure> {
    Err(Failure::new("not told yet"))
}
