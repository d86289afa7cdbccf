//! Knows the end of an event of a stream, however the stream is cut.

/// The last bytes of a stream, by which the end of an event is known however the stream is cut.
#[derive(Debug, Default)]
pub(super) struct LineEnd([u8; 3]);

impl LineEnd {
    pub(super) fn follow(&mut self, bytes: &[u8]) {
        for byte in bytes.iter().skip(bytes.len().saturating_sub(self.0.len())) {
            self.0.rotate_left(1);
            self.0[2] = *byte;
        }
    }

    /// Whether an empty line has just ended (HTML, section 9.2.6).
    pub(super) fn is_blank(&self) -> bool {
        matches!(self.0, [_, b'\n', b'\n'] | [_, b'\r', b'\r'] | [b'\n', b'\r', b'\n'])
    }
}
