//! Received bytes that are neither passed on nor dropped yet, kept as slices of what was received.

use std::collections::VecDeque;

use bytes::Bytes;

/// A queue of slices with the stream position of its first byte.
#[derive(Debug)]
pub(crate) struct Pending {
    /// Empty if there are none. Nearly always it is the only one, and then nothing is allocated.
    first: Bytes,
    others: VecDeque<Bytes>,
    start: u64,
}

impl Pending {
    pub(crate) const fn new() -> Self {
        Self { first: Bytes::new(), others: VecDeque::new(), start: 0 }
    }

    /// The stream position of the first byte that was neither passed on nor dropped.
    pub(crate) const fn start(&self) -> u64 {
        self.start
    }

    pub(crate) fn push(&mut self, slice: Bytes) {
        if self.first.is_empty() {
            self.first = slice;
        } else if !slice.is_empty() {
            self.others.push_back(slice);
        }
    }

    /// Passes on everything before this position.
    pub(crate) fn release(&mut self, until: u64, out: &mut impl FnMut(Bytes)) {
        while let Some(slice) = self.take(until) {
            out(slice);
        }
    }

    /// Drops everything before this position.
    pub(crate) fn skip(&mut self, until: u64) {
        while self.take(until).is_some() {}
    }

    /// Takes the first slice, or as much of it as stands before this position.
    fn take(&mut self, until: u64) -> Option<Bytes> {
        if self.start >= until || self.first.is_empty() {
            return None;
        }
        let wanted = usize::try_from(until - self.start).unwrap_or(usize::MAX);
        if wanted < self.first.len() {
            self.start = until;
            return Some(self.first.split_to(wanted));
        }
        self.start += self.first.len() as u64;
        let next = self.others.pop_front().unwrap_or_default();
        Some(std::mem::replace(&mut self.first, next))
    }
}
