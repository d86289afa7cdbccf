//! The pass on any machine, and the end of a text on all of them.

use crate::anchors::Anchors;

pub(crate) fn each<const PLANES: usize>(
    anchors: &Anchors<PLANES>,
    text: &[u8],
    from: usize,
    found: &mut impl FnMut(usize),
) {
    (from..text.len()).filter(|at| anchors.is_at(text, *at)).for_each(found);
}
