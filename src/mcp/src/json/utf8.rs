//! Checks that a stream of chunks is UTF-8, where a chunk may end inside a character.

use std::str;

/// The bytes of a character that the last chunk began.
#[derive(Debug, Default)]
pub(crate) struct Utf8Stream {
    carry: [u8; 4],
    carried: usize,
}

impl Utf8Stream {
    /// Whether everything so far can be UTF-8.
    #[must_use]
    pub(crate) fn push(&mut self, chunk: &[u8]) -> bool {
        let mut rest = chunk;
        while self.carried > 0 {
            let Some((&byte, tail)) = rest.split_first() else { return true };
            let Some(place) = self.carry.get_mut(self.carried) else { return false };
            *place = byte;
            self.carried += 1;
            rest = tail;
            match str::from_utf8(self.carry.get(..self.carried).unwrap_or_default()) {
                Ok(_) => self.carried = 0,
                Err(error) if error.error_len().is_some() => return false,
                Err(_) => {}
            }
        }
        let Err(error) = str::from_utf8(rest) else { return true };
        let unfinished = rest.get(error.valid_up_to()..).unwrap_or_default();
        if error.error_len().is_some() {
            return false;
        }
        for (place, byte) in self.carry.iter_mut().zip(unfinished) {
            *place = *byte;
        }
        self.carried = unfinished.len();
        true
    }

    /// Whether the stream may end here.
    #[must_use]
    pub(crate) fn is_complete(&self) -> bool {
        self.carried == 0
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn any_split_gives_the_verdict_of_the_whole(bytes in prop_oneof![
            proptest::collection::vec(any::<u8>(), 0..12),
            any::<String>().prop_map(String::into_bytes),
        ], step in 1usize..5) {
            let mut stream = Utf8Stream::default();
            let fine = bytes.chunks(step).all(|chunk| stream.push(chunk)) && stream.is_complete();
            prop_assert_eq!(fine, str::from_utf8(&bytes).is_ok());
        }
    }
}
