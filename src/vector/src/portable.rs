//! The pass on any machine.

use crate::anchors::Anchors;

pub(crate) fn each<const PLANES: usize, const LENGTH: usize>(
    anchors: &Anchors<PLANES, LENGTH>,
    text: &[u8],
    found: &mut impl FnMut(usize),
) {
    (0..text.len()).filter(|at| anchors.is_at(text, *at)).for_each(found);
}
