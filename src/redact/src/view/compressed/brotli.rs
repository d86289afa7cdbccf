//! What Brotli data may begin with (RFC 7932 section 9): it has no magic number, but few bytes are a header of it.

use super::bits::{Bits, PrefixCode};

/// Whether these may be the first bytes of such data: reads up to where the symbols of the first compressed meta-block begin, or up to
/// what is not worth reading. `None` where bytes are missing to say.
pub(super) fn header(head: &[u8]) -> Option<bool> {
    let bits = &mut Bits::new(head);
    if bits.take(1)? == 1 && bits.take(3)? == 0 && bits.take(3)? == 1 {
        return Some(false);
    }
    loop {
        let is_last = bits.take(1)? == 1;
        if is_last && bits.take(1)? == 1 {
            return Some(false);
        }
        let nibbles = bits.take(2)?;
        let (skipped, is_stored) = if nibbles == 3 {
            (metadata_length(bits)?.filter(|_| !is_last), false)
        } else {
            let length = bits.take(4 * (nibbles + 4))?;
            if nibbles > 0 && length >> (4 * (nibbles + 3)) == 0 {
                return Some(false);
            }
            if is_last || bits.take(1)? == 0 {
                return meta_block(bits);
            }
            (Some(length + 1), true)
        };
        let Some(skipped) = skipped else { return Some(false) };
        if !bits.skip_to_byte()? {
            return Some(false);
        }
        bits.skip_bytes(skipped)?;
        if is_stored {
            return Some(true);
        }
    }
}

/// The length of a meta-block that holds nothing; inside, `None` where it is none.
fn metadata_length(bits: &mut Bits<'_>) -> Option<Option<u32>> {
    let reserved = bits.take(1)?;
    let bytes = bits.take(2)?;
    let length = bits.take(8 * bytes)?;
    let is_short = bytes > 1 && length >> (8 * (bytes - 1)) == 0;
    let length = if bytes == 0 { 0 } else { length + 1 };
    Some((reserved == 0 && !is_short).then_some(length))
}

/// The header of a compressed meta-block behind its length.
fn meta_block(bits: &mut Bits<'_>) -> Option<bool> {
    let mut types = [1; 3];
    for of_category in &mut types {
        *of_category = count(bits)?;
        if *of_category > 1 && !has_block_count(bits, *of_category)? {
            return Some(false);
        }
    }
    let [literals, commands, distances] = types;
    let (postfix, direct) = (bits.take(2)?, bits.take(4)?);
    for _ in 0..literals {
        let _mode = bits.take(2)?;
    }
    let mut trees = [1; 2];
    for (trees, contexts) in trees.iter_mut().zip([64 * literals, 4 * distances]) {
        *trees = count(bits)?;
        if *trees > 1 && !has_context_map(bits, *trees, contexts)? {
            return Some(false);
        }
    }
    let [of_literals, of_distances] = trees;
    let alphabet = 16 + ((direct + 48) << postfix);
    for (trees, alphabet) in [(of_literals, 256), (commands, 704), (of_distances, alphabet)] {
        for _ in 0..trees {
            if prefix_code(bits, alphabet)?.is_none() {
                return Some(false);
            }
        }
    }
    Some(true)
}

/// The extra bits of the lengths of blocks (section 6).
const BLOCK_COUNT_BITS: [u32; 26] = [2, 2, 2, 2, 3, 3, 3, 3, 4, 4, 4, 4, 5, 5, 5, 5, 6, 6, 7, 8, 9, 10, 11, 12, 13, 24];

/// Whether the codes of some block types, and the length of the first block, stand here.
fn has_block_count(bits: &mut Bits<'_>, types: u32) -> Option<bool> {
    let is_code = prefix_code(bits, types + 2)?.is_some();
    let Some(lengths) = prefix_code(bits, 26)?.filter(|_| is_code) else { return Some(false) };
    let symbol = lengths.symbol(bits)?;
    bits.take(BLOCK_COUNT_BITS.get(usize::from(symbol)).copied().unwrap_or(0))?;
    Some(true)
}

/// Whether a context map for so many trees stands here (section 7.3).
fn has_context_map(bits: &mut Bits<'_>, trees: u32, contexts: u32) -> Option<bool> {
    let runs = if bits.take(1)? == 1 { bits.take(4)? + 1 } else { 0 };
    let Some(code) = prefix_code(bits, trees + runs)? else { return Some(false) };
    let mut known = 0;
    while known < contexts {
        let symbol = u32::from(code.symbol(bits)?);
        known += if (1..=runs).contains(&symbol) { (1 << symbol) + bits.take(symbol)? } else { 1 };
    }
    bits.take(1)?;
    Some(known == contexts)
}

/// A number of types or trees (section 9.2, `NBLTYPES`).
fn count(bits: &mut Bits<'_>) -> Option<u32> {
    if bits.take(1)? == 0 {
        return Some(1);
    }
    let more = bits.take(3)?;
    Some(1 + (1 << more) + bits.take(more)?)
}

/// Reads a prefix code for so many symbols (section 3); inside, `None` if it is none.
fn prefix_code(bits: &mut Bits<'_>, alphabet: u32) -> Option<Option<PrefixCode>> {
    let kind = bits.take(2)?;
    if kind == 1 { simple(bits, alphabet) } else { complex(bits, alphabet, kind as usize) }
}

fn simple(bits: &mut Bits<'_>, alphabet: u32) -> Option<Option<PrefixCode>> {
    let count = bits.take(2)? as usize + 1;
    let width = u32::BITS - (alphabet - 1).leading_zeros();
    let mut symbols = [u32::MAX; 4];
    for place in symbols.iter_mut().take(count) {
        *place = bits.take(width)?;
    }
    let is_deep = count == 4 && bits.take(1)? == 1;
    let symbols = symbols.get(..count).unwrap_or_default();
    let is_twice = (1..count).any(|at| symbols.get(..at).is_some_and(|before| before.contains(&symbols[at])));
    if is_twice || symbols.iter().any(|symbol| *symbol >= alphabet) {
        return Some(None);
    }
    let lengths: &[u8] = match (count, is_deep) {
        (1, _) => &[0],
        (2, _) => &[1, 1],
        (3, _) => &[1, 2, 2],
        (_, false) => &[2, 2, 2, 2],
        (_, true) => &[1, 2, 3, 3],
    };
    Some(PrefixCode::of_symbols(symbols, lengths))
}

/// The order in which the lengths of the codes for lengths stand.
const ORDER: [usize; 18] = [1, 2, 3, 4, 0, 5, 17, 6, 16, 7, 8, 9, 10, 11, 12, 13, 14, 15];

fn complex(bits: &mut Bits<'_>, alphabet: u32, skipped: usize) -> Option<Option<PrefixCode>> {
    let (mut lengths, mut room, mut count) = ([0_u8; 18], 32_i32, 0);
    for symbol in ORDER.iter().skip(skipped) {
        if room <= 0 {
            break;
        }
        let length = length_of_length(bits)?;
        if length > 0 {
            room -= 32 >> length;
            count += 1;
        }
        if let Some(known) = lengths.get_mut(*symbol) {
            *known = length;
        }
    }
    // A single length takes no bits.
    let single = lengths.iter().position(|length| *length > 0).filter(|_| count == 1);
    let code = match single {
        Some(single) => PrefixCode::of_symbols(&[single as u32], &[0]),
        None => PrefixCode::complete(&lengths),
    };
    code.map_or(Some(None), |code| lengths_of_symbols(bits, alphabet, &code))
}

/// The static code of section 3.5.
fn length_of_length(bits: &mut Bits<'_>) -> Option<u8> {
    Some(match bits.take(2)? {
        0 => 0,
        1 => 4,
        2 => 3,
        _ => match bits.take(1)? {
            0 => 2,
            _ if bits.take(1)? == 0 => 1,
            _ => 5,
        },
    })
}

/// The code whose lengths follow, if they fill one exactly.
fn lengths_of_symbols(bits: &mut Bits<'_>, alphabet: u32, code: &PrefixCode) -> Option<Option<PrefixCode>> {
    const ROOM: i32 = 1 << 15;
    let (mut lengths, mut room, mut last) = (Vec::new(), ROOM, 8_u8);
    let (mut repeated, mut repeats) = (0_u8, 0_u32);
    while lengths.len() < alphabet as usize && room > 0 {
        let length = code.symbol(bits)? as u8;
        if length < 16 {
            repeats = 0;
            lengths.push(length);
            if length > 0 {
                last = length;
                room -= ROOM >> length;
            }
            continue;
        }
        let (again, extra) = if length == 16 { (last, 2) } else { (0, 3) };
        if repeated != again {
            (repeated, repeats) = (again, 0);
        }
        let before = repeats;
        repeats = repeats.saturating_sub(2) << extra;
        repeats += bits.take(extra)? + 3;
        let more = repeats - before;
        if lengths.len() + more as usize > alphabet as usize {
            return Some(None);
        }
        lengths.extend(std::iter::repeat_n(again, more as usize));
        if again > 0 {
            room -= (more as i32) << (15 - again);
        }
    }
    Some(PrefixCode::complete(&lengths).filter(|_| room == 0))
}
