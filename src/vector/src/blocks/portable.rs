//! Blocks on any machine: eight bytes at once, in an ordinary register.

use super::{BLOCK, Block, GroupFilter, Sets};

pub(super) fn each(
    sets: &Sets,
    text: &[u8],
    from: usize,
    filter: &GroupFilter<'_>,
    each: &mut impl FnMut(usize, &Block),
) {
    let mut at = from;
    let (blocks, rest) = text.get(from..).unwrap_or_default().as_chunks::<BLOCK>();
    for bytes in blocks {
        each(at, &block(sets, bytes, filter));
        at += BLOCK;
    }
    if !rest.is_empty() {
        each(at, &last(sets, rest, filter));
    }
}

/// The sets alone.
pub(super) fn sets(sets: &Sets, text: &[u8], from: usize, each: &mut impl FnMut(usize, &[u64; 8])) {
    let (blocks, rest) = text.get(from..).unwrap_or_default().as_chunks::<BLOCK>();
    let mut at = from;
    for bytes in blocks {
        each(at, &members(sets, bytes));
        at += BLOCK;
    }
    if !rest.is_empty() {
        let mut bytes = [0; BLOCK];
        bytes.iter_mut().zip(rest).for_each(|(byte, given)| *byte = *given);
        let bytes_there = (1_u64 << rest.len()) - 1;
        each(at, &members(sets, &bytes).map(|set| set & bytes_there));
    }
}

/// A block that the text does not fill.
fn last(sets: &Sets, rest: &[u8], filter: &GroupFilter<'_>) -> Block {
    let mut bytes = [0; BLOCK];
    if let Some(start) = bytes.get_mut(..rest.len()) {
        start.copy_from_slice(rest);
    }
    let mut block = block(sets, &bytes, filter);
    let bytes_there = (1_u64 << (rest.len() % BLOCK)) - 1;
    block.sets.iter_mut().for_each(|set| *set &= bytes_there);
    block.groups &= ((1_u16 << (rest.len() / 8)) - 1) as u8;
    block
}

fn block(sets: &Sets, bytes: &[u8; BLOCK], filter: &GroupFilter<'_>) -> Block {
    let mut block = Block { sets: members(sets, bytes), groups: 0 };
    let (groups, _) = bytes.as_chunks::<8>();
    for (number, group) in groups.iter().enumerate() {
        block.groups |= u8::from(filter.passes(u64::from_le_bytes(*group))) << number;
    }
    block
}

fn members(sets: &Sets, bytes: &[u8; BLOCK]) -> [u64; 8] {
    let mut masks = [0; 8];
    let (groups, _) = bytes.as_chunks::<8>();
    for (number, group) in groups.iter().enumerate() {
        let members = u64::from_le_bytes(group.map(|byte| sets[usize::from(byte)]));
        for (mask, members) in masks.iter_mut().zip(transposed(members).to_le_bytes()) {
            *mask |= u64::from(members) << (8 * number);
        }
    }
    masks
}

/// Turns eight bytes of eight bits: bit `i` of byte `j` becomes bit `j` of byte `i`.
const fn transposed(bits: u64) -> u64 {
    let t = (bits ^ (bits >> 7)) & 0x00aa_00aa_00aa_00aa;
    let bits = bits ^ t ^ (t << 7);
    let t = (bits ^ (bits >> 14)) & 0x0000_cccc_0000_cccc;
    let bits = bits ^ t ^ (t << 14);
    let t = (bits ^ (bits >> 28)) & 0x0000_0000_f0f0_f0f0;
    bits ^ t ^ (t << 28)
}

impl GroupFilter<'_> {
    fn passes(&self, group: u64) -> bool {
        let hash = (group ^ self.xor).wrapping_mul(self.factor) >> 32;
        let word = self.words.get((hash >> self.shift) as usize).copied().unwrap_or_default();
        word >> (hash & 63) & word >> (hash >> 6 & 63) & 1 == 1
    }
}
