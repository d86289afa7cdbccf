//! How large a JSON text may be before it is refused.

/// Recursion and the bit stack of the streaming checker end here, whatever a caller asks for.
pub(crate) const DEPTH_CEILING: u8 = 128;

/// What one JSON text may cost. The tree of an accepted text takes at most its own bytes plus about 120 for each value: the value, its key, and
/// the slack of vectors that doubled.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    pub(super) bytes_max: usize,
    pub(super) depth_max: u8,
    pub(super) keys_max: usize,
    pub(super) key_length_max: usize,
    pub(super) values_max: usize,
    pub(super) number_length_max: usize,
}

impl Limits {
    /// A message from a caller: 4 MiB holds a file as base64 in an argument, 64 levels hold every schema seen in the wild.
    pub const MESSAGE: Self = Self {
        bytes_max: 4 << 20,
        depth_max: 64,
        keys_max: 4_096,        // an object is a record or a small map, never a table
        key_length_max: 4_096,  // a URI fits
        values_max: 131_072,    // about 16 MiB of tree, an embedding fits a hundred times
        number_length_max: 128, // a 256-bit integer takes 78 digits
    };

    /// A list result of an upstream: large catalogs, deep schemas.
    pub const LIST: Self = Self { bytes_max: 16 << 20, depth_max: DEPTH_CEILING, values_max: 524_288, ..Self::MESSAGE };

    /// The same limits for a text of at most `bytes_max` bytes.
    #[must_use]
    pub const fn with_bytes_max(self, bytes_max: usize) -> Self {
        Self { bytes_max, ..self }
    }

    /// The same limits with another depth, at most 128.
    #[must_use]
    pub const fn with_depth_max(self, depth_max: u8) -> Self {
        Self { depth_max: if depth_max < DEPTH_CEILING { depth_max } else { DEPTH_CEILING }, ..self }
    }

    /// The longest text in bytes.
    #[must_use]
    pub const fn bytes_max(&self) -> usize {
        self.bytes_max
    }
}
