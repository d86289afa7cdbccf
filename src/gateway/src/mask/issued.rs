//! What becomes of the tokens that an answer issues: they are kept behind handles, or the answer is refused.

use std::sync::Arc;

use bytes::Bytes;
use egress::{Capture, Issued};
use redact::{Class, FingerprintSet, Masker, Substitute, holds_secret};

/// Has `masker` do with issued tokens what the answer is closed up with.
pub(super) fn watching(masker: Masker, issued: Issued) -> Masker {
    match issued {
        Issued::Mask => masker,
        Issued::Capture(capture) => masker.with_issued(Box::new(Keeping(capture))),
        Issued::Deny => masker.refusing_issued(),
    }
}

/// Keeps each token, and puts its handle there.
struct Keeping(Arc<Capture>);

impl Substitute for Keeping {
    fn substitute(&mut self, _: Class, value: &[u8]) -> Option<Bytes> {
        // What has a slot of its own goes nowhere else: it was not issued, but came back.
        if holds_secret(&self.0.stored(), value) {
            return None;
        }
        self.0.keep(value).map(|handle| Bytes::copy_from_slice(handle.as_bytes()))
    }

    fn secrets(&self) -> Option<Arc<FingerprintSet>> {
        Some(self.0.fingerprints())
    }
}
