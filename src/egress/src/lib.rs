//! Resolve, inject, forward: the only crate that opens a secret on the path of a call.
