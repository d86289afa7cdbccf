//! Sets as rectangles: bytes with one of some lower halves and one of some upper halves, which two lookups tell.

use super::Sets;

/// How many rectangles a set may have.
pub(super) const LAYERS: usize = 3;

/// For each layer, the sets by the lower half of a byte, and by its upper half; a byte is in those that both have, in any layer.
#[derive(Debug, Clone)]
pub(super) struct Rectangles(pub(super) [[[u8; 16]; 2]; LAYERS]);

impl Rectangles {
    /// The rectangles of sets of ASCII, if these have no more than there are layers.
    pub(super) fn of(sets: &Sets) -> Option<Self> {
        let mut layers = [[[0; 16]; 2]; LAYERS];
        let (rows, _) = sets.as_chunks::<16>();
        for bit in (0..8).map(|place| 1_u8 << place) {
            let columns = |row: &[u8; 16]| row.map(|sets| sets & bit);
            let mut known: Vec<[u8; 16]> = Vec::new();
            for (upper, row) in rows.iter().enumerate().filter(|(_, row)| columns(row) != [0; 16]) {
                if upper >= 8 {
                    return None;
                }
                let row = columns(row);
                let layer = known.iter().position(|of| *of == row).unwrap_or(known.len());
                let [by_lower, by_upper] = layers.get_mut(layer)?;
                by_upper[upper] |= bit;
                if layer == known.len() {
                    by_lower.iter_mut().zip(row).for_each(|(sets, of)| *sets |= of);
                    known.push(row);
                }
            }
        }
        Some(Self(layers))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_byte_is_in_the_sets_that_its_halves_say() {
        let mut sets = [0; 256];
        for (bytes, bit) in [(b"0123456789".as_slice(), 1), (b"abcxyzABCXYZ_", 2), (b"@<", 4), (b" ", 128)] {
            bytes.iter().for_each(|byte| sets[usize::from(*byte)] |= bit);
        }
        let Rectangles(layers) = Rectangles::of(&sets).unwrap();
        for byte in 0..128_usize {
            let found = layers.iter().fold(0, |sets, [lower, upper]| sets | lower[byte & 15] & upper[byte >> 4]);
            assert_eq!(found, sets[byte], "{byte}");
        }
    }

    #[test]
    fn sets_with_other_bytes_or_of_another_form_have_none() {
        let of = |bytes: &[u8]| {
            let mut sets = [0; 256];
            bytes.iter().for_each(|byte| sets[usize::from(*byte)] = 1);
            Rectangles::of(&sets)
        };
        assert!(of(b"\x80").is_none() && of(b"\x01\x12\x23\x34").is_none() && of(b"\x01\x12\x23").is_some());
    }
}
