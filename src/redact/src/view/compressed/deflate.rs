//! What raw deflate data may begin with (RFC 1951 section 3.2): it has no magic number, but few bytes are a block of it.

use super::bits::{Bits, PrefixCode};

/// Symbols in a row that hold a secret.
const SYMBOLS_MIN: u32 = 11;

/// Whether these may be the first bytes of such data: reads the first block as far as it can tell. `None` where bytes are missing to
/// say.
pub(super) fn block(head: &[u8]) -> Option<bool> {
    let bits = &mut Bits::new(head);
    let is_last = bits.take(1)? == 1;
    match bits.take(2)? {
        0 => {
            bits.skip_to_byte()?;
            let (length, complement) = (bits.take(16)?, bits.take(16)?);
            Some(length == !complement & 0xffff)
        }
        1 => fixed(bits, is_last),
        2 => dynamic(bits),
        _ => Some(false),
    }
}

/// Symbols of the fixed code, none of which may repeat what was not there.
fn fixed(bits: &mut Bits<'_>, is_last: bool) -> Option<bool> {
    let (mut length, mut symbols) = (0, 0);
    while let Some(symbol) = fixed_symbol(bits) {
        symbols += 1;
        match symbol {
            0..256 => length += 1,
            256 => return Some(!is_last || length >= SYMBOLS_MIN),
            257..=285 => {
                let Some((repeated, distance)) = repeated_length(bits, symbol).zip(distance(bits)) else { break };
                if distance.is_none_or(|distance| distance > length) {
                    return Some(false);
                }
                length += repeated;
            }
            _ => return Some(false),
        }
    }
    Some(symbols >= SYMBOLS_MIN)
}

fn fixed_symbol(bits: &mut Bits<'_>) -> Option<u32> {
    let mut code = high_first(bits, 7)?;
    if code < 24 {
        return Some(256 + code);
    }
    code = code << 1 | bits.take(1)?;
    Some(match code {
        0x30..0xc0 => code - 0x30,
        0xc0..0xc8 => 280 + code - 0xc0,
        _ => 144 + (code << 1 | bits.take(1)?) - 0x190,
    })
}

fn high_first(bits: &mut Bits<'_>, count: u32) -> Option<u32> {
    (0..count).try_fold(0, |number, _| Some(number << 1 | bits.take(1)?))
}

fn repeated_length(bits: &mut Bits<'_>, symbol: u32) -> Option<u32> {
    Some(match symbol - 257 {
        few @ 0..8 => 3 + few,
        28 => 258,
        more => {
            let extra = more / 4 - 1;
            3 + ((4 + more % 4) << extra) + bits.take(extra)?
        }
    })
}

/// How far back something is repeated from; inside, `None` for a code that there is not.
fn distance(bits: &mut Bits<'_>) -> Option<Option<u32>> {
    Some(match high_first(bits, 5)? {
        few @ 0..4 => Some(1 + few),
        more @ 4..30 => {
            let extra = more / 2 - 1;
            Some(1 + ((2 + more % 2) << extra) + bits.take(extra)?)
        }
        _ => None,
    })
}

/// The order in which the lengths of the codes for lengths stand.
const ORDER: [usize; 19] = [16, 17, 18, 0, 8, 7, 9, 6, 10, 5, 11, 4, 12, 3, 13, 2, 14, 1, 15];

/// The codes of a block that brings its own.
fn dynamic(bits: &mut Bits<'_>) -> Option<bool> {
    let (literals, distances) = (bits.take(5)? as usize + 257, bits.take(5)? as usize + 1);
    let count = bits.take(4)? as usize + 4;
    if literals > 286 || distances > 30 {
        return Some(false);
    }
    let mut lengths = [0_u8; 19];
    for symbol in ORDER.iter().take(count) {
        let length = bits.take(3)? as u8;
        if let Some(known) = lengths.get_mut(*symbol) {
            *known = length;
        }
    }
    let Some(code) = PrefixCode::complete(&lengths) else { return Some(false) };
    let mut lengths: Vec<u8> = Vec::new();
    while lengths.len() < literals + distances {
        let (length, times) = match code.symbol(bits)? {
            16 => (lengths.last().copied(), 3 + bits.take(2)?),
            17 => (Some(0), 3 + bits.take(3)?),
            18 => (Some(0), 11 + bits.take(7)?),
            length => (Some(length as u8), 1),
        };
        let Some(length) = length else { return Some(false) };
        lengths.extend(std::iter::repeat_n(length, times as usize));
    }
    // A block ends with a symbol of its own.
    let has_end = lengths.get(256).is_some_and(|length| *length > 0);
    let is_code = lengths.get(..literals).is_some_and(|lengths| PrefixCode::complete(lengths).is_some());
    Some(has_end && is_code && lengths.len() == literals + distances)
}
