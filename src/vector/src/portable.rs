//! The pass on any machine.

use crate::anchors::{Anchors, Reaches};
use crate::marks::{BLOCK, BLOCKS};

pub(crate) fn anchors<const PLANES: usize, const LENGTH: usize>(
    anchors: &Anchors<PLANES, LENGTH>,
    reaches: &mut Reaches<'_>,
    marked: &mut [u64; BLOCKS],
) -> usize {
    let mut count = 0;
    for marked in marked {
        let Some(reach) = reaches.next() else { break };
        *marked = (0..BLOCK).rev().fold(0, |marks, at| marks << 1 | u64::from(anchors.is_at(reach, at)));
        count += 1;
    }
    count
}
