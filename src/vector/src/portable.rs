//! The pass on any machine.

use crate::anchors::{Anchors, REACH, Reaches};
use crate::marks::{BLOCK, BLOCKS, Marks};

pub(crate) fn anchors<const PLANES: usize, const LENGTH: usize>(
    anchors: &Anchors<PLANES, LENGTH>,
    reaches: &mut Reaches<'_>,
    marks: &mut Marks,
) {
    marks.clear();
    for block in 0..BLOCKS {
        let Some(reach) = reaches.next() else { return };
        marks.set(block, in_block(anchors, reach));
    }
}

/// A bit for each byte of the block at which some group has a window.
pub(crate) fn in_block<const PLANES: usize, const LENGTH: usize>(
    anchors: &Anchors<PLANES, LENGTH>,
    reach: &[u8; REACH],
) -> u64 {
    (0..BLOCK).rev().fold(0, |mask, at| mask << 1 | u64::from(anchors.is_at(reach, at)))
}
