//! The pass on any machine.

use crate::anchors::{Anchors, Reaches};
use crate::marks::{BLOCK, BLOCKS, Marks};

pub(crate) fn anchors<const PLANES: usize, const LENGTH: usize>(
    anchors: &Anchors<PLANES, LENGTH>,
    reaches: &mut Reaches<'_>,
    marks: &mut Marks,
) {
    marks.clear();
    for block in 0..BLOCKS {
        let Some(reach) = reaches.next() else { return };
        marks.set(block, (0..BLOCK).rev().fold(0, |mask, at| mask << 1 | u64::from(anchors.is_at(reach, at))));
    }
}
