//! Reads bits, lowest first, and prefix codes, as deflate and Brotli write them (RFC 1951 section 3.1, RFC 7932 section 1.5).

/// The longest code of a symbol, in bits.
const CODE_LENGTH_MAX: usize = 15;

/// The first bytes of some data, of which more may follow.
pub(super) struct Bits<'bytes> {
    bytes: &'bytes [u8],
    at: usize,
}

impl<'bytes> Bits<'bytes> {
    pub(super) const fn new(bytes: &'bytes [u8]) -> Self {
        Self { bytes, at: 0 }
    }

    /// The next bits as a number, 32 at most; `None` past the last one.
    pub(super) fn take(&mut self, count: u32) -> Option<u32> {
        let rest = self.bytes.get(self.at / 8..)?;
        let end = self.at + count as usize;
        if end > self.bytes.len() * 8 {
            return None;
        }
        let word = rest.first_chunk::<8>().map_or_else(
            || rest.iter().rev().fold(0, |word, byte| word << 8 | u64::from(*byte)),
            |word| u64::from_le_bytes(*word),
        );
        let number = word >> (self.at % 8) & ((1 << count) - 1);
        self.at = end;
        Some(number as u32)
    }

    /// Skips whole bytes; `None` if more of them are missing.
    pub(super) fn skip_bytes(&mut self, count: u32) -> Option<()> {
        self.at += count as usize * 8;
        (self.at < self.bytes.len() * 8).then_some(())
    }

    /// Skips to the next whole byte; whether what is skipped is zero.
    pub(super) fn skip_to_byte(&mut self) -> Option<bool> {
        Some(self.take((8 - self.at as u32 % 8) % 8)? == 0)
    }
}

/// A prefix code that is told by the lengths of its symbols' codes.
pub(super) struct PrefixCode {
    counts: [u16; CODE_LENGTH_MAX + 1],
    symbols: Vec<u16>,
}

impl PrefixCode {
    /// `None` where these are no lengths of a complete code.
    pub(super) fn complete(lengths: &[u8]) -> Option<Self> {
        let mut counts = [0_u16; CODE_LENGTH_MAX + 1];
        let mut symbols = Vec::new();
        let mut room = 1_i32 << CODE_LENGTH_MAX;
        for length in 1..=CODE_LENGTH_MAX {
            let of_length = (0..).zip(lengths).filter(|(_, of_symbol)| usize::from(**of_symbol) == length);
            let before = symbols.len();
            symbols.extend(of_length.map(|(symbol, _)| symbol));
            let count = symbols.len() - before;
            room -= (count as i32) << (CODE_LENGTH_MAX - length);
            if let Some(known) = counts.get_mut(length) {
                *known = count as u16;
            }
        }
        (room == 0).then_some(Self { counts, symbols })
    }

    /// The code of a few symbols with these lengths, shortest first; a single one takes no bits. Symbols of one length stand in order.
    pub(super) fn of_symbols(symbols: &[u32], lengths: &[u8]) -> Option<Self> {
        let mut counts = [0_u16; CODE_LENGTH_MAX + 1];
        for length in lengths {
            *counts.get_mut(usize::from(*length))? += 1;
        }
        let mut of_length: Vec<_> = lengths.iter().zip(symbols.iter().map(|symbol| *symbol as u16)).collect();
        of_length.sort_unstable();
        Some(Self { counts, symbols: of_length.into_iter().map(|(_, symbol)| symbol).collect() })
    }

    /// The next symbol; `None` past the last bit.
    pub(super) fn symbol(&self, bits: &mut Bits<'_>) -> Option<u16> {
        if let [symbol] = self.symbols.as_slice() {
            return Some(*symbol);
        }
        let (mut code, mut first, mut index) = (0_u32, 0_u32, 0_u32);
        for count in self.counts.iter().skip(1) {
            code |= bits.take(1)?;
            let count = u32::from(*count);
            if code < first + count {
                return self.symbols.get((index + code - first) as usize).copied();
            }
            index += count;
            first = (first + count) << 1;
            code <<= 1;
        }
        None
    }
}
