//! How many leases there are, for whoever watches.

use std::sync::atomic::{AtomicUsize, Ordering};

/// How many leases an egress has.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct LeaseCounts {
    /// Serve calls.
    pub live: usize,
    /// Are being ended at their source, or end there by themselves.
    pub revoking: usize,
    /// Could not be ended: a person must do so at the source.
    pub irrevocable: usize,
}

/// The numbers as they change.
#[derive(Debug, Default)]
pub(super) struct Counts {
    pub(super) live: Count,
    pub(super) revoking: Count,
    pub(super) irrevocable: Count,
}

/// One of them.
#[derive(Debug, Default)]
pub(super) struct Count(AtomicUsize);

/// Counts while it exists.
#[derive(Debug)]
pub(super) struct Counted<'a>(&'a Count);

impl Counts {
    pub(super) fn now(&self) -> LeaseCounts {
        LeaseCounts { live: self.live.now(), revoking: self.revoking.now(), irrevocable: self.irrevocable.now() }
    }
}

impl Count {
    /// One more, for as long as the answer is kept.
    pub(super) fn one(&self) -> Counted<'_> {
        self.add();
        Counted(self)
    }

    /// One more, for good.
    pub(super) fn add(&self) {
        self.0.fetch_add(1, Ordering::Relaxed);
    }

    fn now(&self) -> usize {
        self.0.load(Ordering::Relaxed)
    }
}

impl Drop for Counted<'_> {
    fn drop(&mut self) {
        self.0.0.fetch_sub(1, Ordering::Relaxed);
    }
}
