//! The pass on any machine.

use crate::anchors::{Anchors, BLOCK};

pub(crate) fn each_block<const PLANES: usize, const LENGTH: usize>(
    anchors: &Anchors<PLANES, LENGTH>,
    text: &[u8],
    marked: &mut impl FnMut(usize, u64),
) {
    for start in (0..text.len()).step_by(BLOCK) {
        let marks = (0..BLOCK).rev().fold(0, |marks, at| marks << 1 | u64::from(anchors.is_at(text, start + at)));
        marked(start, marks);
    }
}
