//! Where the bytes of a chunk go, and what is put in their place.

use bytes::Bytes;

use crate::{class::Class, marker::marker, report::Report};

/// Where the bytes of a chunk go: those from `clean` on are not passed on yet.
pub(super) struct Output<'push, F> {
    pub(super) chunk: &'push Bytes,
    pub(super) clean: usize,
    pub(super) report: &'push mut Report,
    pub(super) out: &'push mut F,
}

impl<F: FnMut(Bytes)> Output<'_, F> {
    pub(super) fn pass_until(&mut self, at: usize) {
        if self.clean < at {
            (self.out)(self.chunk.slice(self.clean..at));
            self.clean = at;
        }
    }

    pub(super) fn drop_until(&mut self, at: usize) {
        self.clean = self.clean.max(at);
    }

    pub(super) fn put(&mut self, bytes: Bytes) {
        if !bytes.is_empty() {
            (self.out)(bytes);
        }
    }

    pub(super) fn put_slashes(&mut self, count: u8) {
        self.put(Bytes::from_static(slashes_of(count)));
    }

    pub(super) fn mask(&mut self) {
        self.report.note(Class::NamedField);
        self.put(marker());
    }
}

/// So many backslashes, of seven.
pub(super) fn slashes_of(count: u8) -> &'static [u8] {
    br"\\\\\\\".get(..usize::from(count)).unwrap_or_default()
}
