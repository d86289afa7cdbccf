//! Entry bundles: entries one after the other, each behind its length in two big-endian bytes.

/// The longest entry: its length is written in 16 bits.
pub const ENTRY_LENGTH_MAX: usize = u16::MAX as usize;

/// A bundle ends within an entry.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the entry bundle ends within an entry")]
pub struct MalformedBundle;

/// The entries of a bundle, in order; ends after the first error.
#[derive(Debug, Clone)]
pub struct BundleEntries<'a> {
    rest: &'a [u8],
}

/// Adds an entry to a bundle; `None` and no change when it is longer than [`ENTRY_LENGTH_MAX`].
pub fn encode_entry(bundle: &mut Vec<u8>, entry: &[u8]) -> Option<()> {
    let length = u16::try_from(entry.len()).ok()?;
    bundle.extend_from_slice(&length.to_be_bytes());
    bundle.extend_from_slice(entry);
    Some(())
}

impl<'a> BundleEntries<'a> {
    /// Reads a bundle.
    #[must_use]
    pub const fn new(bundle: &'a [u8]) -> Self {
        Self { rest: bundle }
    }
}

impl<'a> Iterator for BundleEntries<'a> {
    type Item = Result<&'a [u8], MalformedBundle>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.rest.is_empty() {
            return None;
        }
        let split = self.rest.split_first_chunk::<2>();
        let entry = split.and_then(|(length, rest)| rest.split_at_checked(usize::from(u16::from_be_bytes(*length))));
        let Some((entry, rest)) = entry else {
            self.rest = &[];
            return Some(Err(MalformedBundle));
        };
        self.rest = rest;
        Some(Ok(entry))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn an_entry_of_the_greatest_length_fits_and_one_more_byte_does_not() {
        let mut bundle = Vec::new();
        let longest = vec![7; ENTRY_LENGTH_MAX];
        assert_eq!(encode_entry(&mut bundle, &longest), Some(()));
        assert_eq!(encode_entry(&mut bundle, &vec![7; ENTRY_LENGTH_MAX + 1]), None);
        assert_eq!(BundleEntries::new(&bundle).collect::<Vec<_>>(), [Ok(&longest[..])]);
    }

    #[test]
    fn a_bundle_cut_anywhere_within_its_last_entry_is_malformed() {
        let mut bundle = Vec::new();
        encode_entry(&mut bundle, b"one").unwrap();
        encode_entry(&mut bundle, b"two").unwrap();
        for cut in 6..bundle.len() {
            assert_eq!(BundleEntries::new(&bundle[..cut]).collect::<Vec<_>>(), [Ok(&b"one"[..]), Err(MalformedBundle)]);
        }
    }

    proptest! {
        #[test]
        fn entries_read_back(entries in proptest::collection::vec(proptest::collection::vec(any::<u8>(), 0..40), 0..20)) {
            let mut bundle = Vec::new();
            entries.iter().for_each(|entry| encode_entry(&mut bundle, entry).unwrap());
            let read: Result<Vec<_>, _> = BundleEntries::new(&bundle).collect();
            prop_assert_eq!(read.unwrap(), entries);
        }
    }
}
