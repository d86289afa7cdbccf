//! Blocks on any machine: eight bytes at once, in an ordinary register.

use super::{BATCH, BLOCK, Batch, Filled, GROUP, GroupFilter, Reader, Sets, SetsReader, cut, filled};

pub(super) fn each(sets: &Sets, text: &[u8], filter: &GroupFilter<'_>, reader: &mut impl Reader) {
    for (number, text) in text.chunks(BATCH * BLOCK).enumerate() {
        let mut batch = Batch::default();
        for (block, text) in text.chunks(BLOCK).enumerate() {
            let (bytes, mut groups) = (filled(text), 0);
            filter.each(text, |place| groups |= 1 << (place / GROUP));
            batch.put(block, members(sets, &bytes), groups, text.len());
        }
        reader.read(number * BATCH * BLOCK, &batch);
    }
}

/// The first sets alone.
pub(super) fn sets<const COUNT: usize>(sets: &Sets, text: &[u8], reader: &mut impl SetsReader<COUNT>) {
    let mut blocks = Filled::of(text);
    while let Some((at, bytes, length)) = blocks.next() {
        let mut members = members(sets, bytes);
        cut(&mut members, length);
        members.first_chunk().into_iter().for_each(|first| reader.read(at, first));
    }
}

fn members(sets: &Sets, bytes: &[u8; BLOCK]) -> [u64; 8] {
    let mut masks = [0; 8];
    let (groups, _) = bytes.as_chunks::<GROUP>();
    for (number, group) in groups.iter().enumerate() {
        let members = u64::from_le_bytes(group.map(|byte| sets[usize::from(byte)]));
        for (mask, members) in masks.iter_mut().zip(transposed(members).to_le_bytes()) {
            *mask |= u64::from(members) << (GROUP * number);
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
