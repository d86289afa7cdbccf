//! The first pass: where in a text a number, a mailbox or a machine-readable line may be, in few instructions per byte.

/// The places to look at, from a position on: the first digit of each run of digits, each `@`, and the second of the first two `<`
/// that follow each other. No kind of personal data with a form is without one of them.
pub(super) struct Anchors<'text> {
    text: &'text [u8],
    /// Where the block of `left` begins.
    block: usize,
    /// The places of the block that were not given yet, a bit each.
    left: u64,
    /// Whether the block before ended with a digit.
    after_digit: u64,
    /// Whether it ended with `<`.
    after_bracket: u64,
}

/// Bytes that are looked at together: as many as a word has bits.
const BLOCK: usize = 64;

impl<'text> Anchors<'text> {
    pub(super) fn from(text: &'text [u8], from: usize) -> Self {
        let before = from.checked_sub(1).and_then(|before| text.get(before));
        let mut anchors = Self {
            text,
            block: from,
            left: 0,
            after_digit: u64::from(before.is_some_and(u8::is_ascii_digit)),
            after_bracket: u64::from(before == Some(&b'<')),
        };
        anchors.left = anchors.look();
        anchors
    }

    /// The next place.
    pub(super) fn next(&mut self) -> Option<usize> {
        while self.left == 0 {
            self.block += BLOCK;
            if self.block >= self.text.len() {
                return None;
            }
            self.left = self.look();
        }
        let place = self.left.trailing_zeros();
        self.left &= self.left - 1;
        Some(self.block + place as usize)
    }

    /// Leaves out what is before a position.
    pub(super) fn skip_to(&mut self, position: usize) {
        while position >= self.block + BLOCK {
            self.left = 0;
            self.block += BLOCK;
            if self.block >= self.text.len() {
                return;
            }
            self.left = self.look();
        }
        if position > self.block {
            self.left &= u64::MAX << (position - self.block);
        }
    }

    /// The places in the block that is next.
    fn look(&mut self) -> u64 {
        let rest = self.text.get(self.block..).unwrap_or_default();
        let mut padded = [0; BLOCK];
        let block = rest.first_chunk::<BLOCK>().unwrap_or_else(|| {
            padded[..rest.len()].copy_from_slice(rest);
            &padded
        });
        // Most blocks of prose have nothing, and this compiles to a few vector instructions.
        if !block.iter().fold(false, |any, byte| any | is_anchor(*byte)) {
            (self.after_digit, self.after_bracket) = (0, 0);
            return 0;
        }
        let digits = mask(block, |byte| byte.is_ascii_digit());
        let brackets = mask(block, |byte| byte == b'<');
        let second = brackets & (brackets << 1 | self.after_bracket);
        let places =
            digits & !(digits << 1 | self.after_digit) | mask(block, |byte| byte == b'@') | second & !(second << 1);
        (self.after_digit, self.after_bracket) = (digits >> (BLOCK - 1), brackets >> (BLOCK - 1));
        places
    }
}

const fn is_anchor(byte: u8) -> bool {
    byte.is_ascii_digit() | (byte == b'@') | (byte == b'<')
}

/// One bit for each byte that is so.
fn mask(block: &[u8; BLOCK], is: impl Fn(u8) -> bool) -> u64 {
    let flags = block.map(|byte| u8::from(is(byte)));
    let mut mask = 0;
    for (i, eight) in flags.as_chunks::<8>().0.iter().enumerate() {
        // The product brings the lowest bit of each byte next to each other, into the highest byte.
        mask |= (u64::from_le_bytes(*eight).wrapping_mul(0x0102_0408_1020_4080) >> 56) << (8 * i);
    }
    mask
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn all(text: &[u8], from: usize) -> Vec<usize> {
        let mut anchors = Anchors::from(text, from);
        std::iter::from_fn(|| anchors.next()).collect()
    }

    proptest! {
        #[test]
        fn each_place_is_given_once_from_wherever_it_starts(text in "[a1@<\\-]{0,300}", from in 0_usize..300) {
            let text = text.as_bytes();
            let expected = (0..text.len()).filter(|at| {
                let before = at.checked_sub(1).map(|before| text[before]);
                match text[*at] {
                    b'1' => before != Some(b'1'),
                    b'@' => true,
                    b'<' => before == Some(b'<') && at.checked_sub(2).is_none_or(|before| text[before] != b'<'),
                    _ => false,
                }
            });
            let expected: Vec<usize> = expected.filter(|at| *at >= from).collect();
            // A third bracket may be given again where a block begins; that costs time and finds nothing new.
            let given: Vec<usize> = all(text, from)
                .into_iter()
                .filter(|at| !(text[*at] == b'<' && at.checked_sub(2).is_some_and(|before| text[before] == b'<')))
                .collect();
            prop_assert_eq!(given, expected);
        }

        #[test]
        fn nothing_before_a_position_is_given_after_a_skip(text in "[a1@]{0,300}", to in 0_usize..320) {
            let mut anchors = Anchors::from(text.as_bytes(), 0);
            anchors.skip_to(to);
            let given: Vec<usize> = std::iter::from_fn(|| anchors.next()).collect();
            let expected: Vec<usize> = all(text.as_bytes(), 0).into_iter().filter(|at| *at >= to).collect();
            prop_assert_eq!(given, expected);
        }
    }
}
