//! Takes what a decoder writes, and refuses when it is more than the compressed bytes can honestly hold.

use std::io::{self, Write};

use bytes::Bytes;

/// How many bytes one compressed byte may stand for on the average of a body. Text compresses ten to forty times, long runs of
/// one byte a thousand times.
const EXPANSION_MAX: u64 = 200;
/// What any body may expand to, for short ones can be all repetition.
pub(super) const EXPANSION_FREE: u64 = 1024 * 1024;
/// What one push may expand to, which bounds the memory of a caller who collects it.
const PUSH_LENGTH_MAX: u64 = 16 * 1024 * 1024;
/// The largest piece that is given out.
const PIECE_LENGTH_MAX: usize = 32 * 1024;

#[derive(Debug)]
pub(super) struct Sink {
    /// What may be written however little is taken.
    free: u64,
    ready: Vec<Bytes>,
    taken: u64,
    given: u64,
    /// `given` when the push began.
    given_before: u64,
    is_exceeded: bool,
}

impl Sink {
    pub(super) const fn new(free: u64) -> Self {
        Self { free, ready: Vec::new(), taken: 0, given: 0, given_before: 0, is_exceeded: false }
    }

    pub(super) const fn start_push(&mut self) {
        self.given_before = self.given;
    }

    /// So many more compressed bytes are about to be decoded.
    pub(super) const fn allow_for(&mut self, length: usize) {
        self.taken += length as u64;
    }

    pub(super) const fn is_exceeded(&self) -> bool {
        self.is_exceeded
    }

    pub(super) fn drain(&mut self, out: &mut impl FnMut(Bytes)) {
        self.ready.drain(..).for_each(out);
    }
}

impl Write for Sink {
    fn write(&mut self, decoded: &[u8]) -> io::Result<usize> {
        self.given += decoded.len() as u64;
        self.is_exceeded |=
            self.given > self.free + self.taken * EXPANSION_MAX || self.given - self.given_before > PUSH_LENGTH_MAX;
        if self.is_exceeded {
            return Err(io::ErrorKind::FileTooLarge.into());
        }
        self.ready.extend(decoded.chunks(PIECE_LENGTH_MAX).map(Bytes::copy_from_slice));
        Ok(decoded.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}
