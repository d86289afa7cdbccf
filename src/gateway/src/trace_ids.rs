//! Ids of traces and spans: unpredictable to callers, and made without asking the kernel for each.

use std::{
    hash::{BuildHasher as _, RandomState},
    sync::atomic::{AtomicU64, Ordering},
};

/// A counter under a keyed hash; the key is random and of this process. For ids that tie things together; nothing may depend on
/// their being secret.
#[derive(Debug, Default)]
pub(crate) struct TraceIds {
    key: RandomState,
    next: AtomicU64,
}

impl TraceIds {
    /// A new trace id.
    pub(crate) fn trace(&self) -> [u8; 16] {
        let mut id = [0; 16];
        let (high, low) = id.split_at_mut(8);
        high.copy_from_slice(&self.span());
        low.copy_from_slice(&self.span());
        id
    }

    /// A new span id.
    pub(crate) fn span(&self) -> [u8; 8] {
        self.key.hash_one(self.next.fetch_add(1, Ordering::Relaxed)).to_ne_bytes()
    }
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;

    #[test]
    fn ids_do_not_repeat_and_differ_between_processes() {
        let (one, other) = (TraceIds::default(), TraceIds::default());
        let ids: HashSet<_> = (0..10_000).flat_map(|_| [one.trace(), other.trace()]).collect();
        assert_eq!(ids.len(), 20_000);
    }
}
