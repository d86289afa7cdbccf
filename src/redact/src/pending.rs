//! Received bytes that are neither passed on nor dropped yet, kept as slices of what was received.

use std::collections::VecDeque;

use bytes::{Buf, Bytes};

/// A queue of slices with the stream position of its first byte.
#[derive(Debug)]
pub(crate) struct Pending {
    slices: VecDeque<Bytes>,
    start: u64,
}

impl Pending {
    pub(crate) const fn new() -> Self {
        Self { slices: VecDeque::new(), start: 0 }
    }

    /// The stream position of the first byte that was neither passed on nor dropped.
    pub(crate) const fn start(&self) -> u64 {
        self.start
    }

    pub(crate) fn push(&mut self, slice: Bytes) {
        self.slices.push_back(slice);
    }

    /// Passes on everything before this position.
    pub(crate) fn release(&mut self, until: u64, out: &mut impl FnMut(Bytes)) {
        while self.start < until
            && let Some(front) = self.slices.front_mut()
        {
            let wanted = usize::try_from(until - self.start).unwrap_or(usize::MAX);
            if wanted < front.len() {
                self.start = until;
                out(front.split_to(wanted));
                return;
            }
            self.start += front.len() as u64;
            if let Some(slice) = self.slices.pop_front() {
                out(slice);
            }
        }
    }

    /// Drops everything before this position.
    pub(crate) fn skip(&mut self, until: u64) {
        while self.start < until
            && let Some(front) = self.slices.front_mut()
        {
            let wanted = usize::try_from(until - self.start).unwrap_or(usize::MAX);
            if wanted < front.len() {
                self.start = until;
                front.advance(wanted);
                return;
            }
            self.start += front.len() as u64;
            self.slices.pop_front();
        }
    }
}
