//! From a bit for each byte to the places that are wanted.
//!
//! Where there is a place cannot be guessed, so nothing branches for each: blocks without one are left out by counting, places are asked
//! for by the dozen, and only for what is left of them is anything called.

/// The bytes that a mask has a bit for.
pub(crate) const BLOCK: usize = 64;
/// How many blocks are looked at together.
pub(crate) const BLOCKS: usize = 32;
/// How many places are asked for together, at most.
const ROOM: usize = 2 * BLOCK;
/// How many places of a block are taken at once; most blocks with one have no more.
const STEP: usize = 4;

/// Calls `found` with the place of each bit that is wanted, in order. The first mask is of the block at `start`, which may be before the
/// text if it has no bits.
#[inline]
pub(crate) fn each_wanted(
    start: usize,
    marks: &[u64],
    is_wanted: &impl Fn(usize) -> bool,
    found: &mut impl FnMut(usize),
) {
    let (mut blocks, mut count) = ([(0_u16, 0_u64); BLOCKS], 0);
    for (number, mark) in (0..).zip(marks) {
        if let Some(block) = blocks.get_mut(count) {
            *block = (number, *mark);
        }
        count += usize::from(*mark != 0);
    }
    let mut places = Places { start, places: [0; ROOM], count: 0 };
    for (number, marks) in blocks.iter().take(count) {
        places.add(number * BLOCK as u16, *marks);
        if places.count > ROOM - BLOCK {
            places.ask(is_wanted, found);
        }
    }
    places.ask(is_wanted, found);
}

/// Places that are not asked for yet.
struct Places {
    start: usize,
    /// From the start on.
    places: [u16; ROOM],
    count: usize,
}

impl Places {
    #[inline]
    fn add(&mut self, block: u16, marks: u64) {
        let (mut rest, mut at) = (marks, self.count);
        while let Some(places) = self.places.get_mut(at..).and_then(<[u16]>::first_chunk_mut::<STEP>) {
            for place in places {
                *place = block + rest.trailing_zeros() as u16;
                rest &= rest.wrapping_sub(1);
            }
            at += STEP;
            if rest == 0 {
                break;
            }
        }
        self.count += marks.count_ones() as usize;
    }

    #[inline]
    fn ask(&mut self, is_wanted: &impl Fn(usize) -> bool, found: &mut impl FnMut(usize)) {
        let mut kept = 0;
        for number in 0..self.count.min(ROOM) {
            let place = self.places[number];
            self.places[kept % ROOM] = place;
            kept += usize::from(is_wanted(self.start.wrapping_add(usize::from(place))));
        }
        self.places.iter().take(kept).for_each(|place| found(self.start.wrapping_add(usize::from(*place))));
        self.count = 0;
    }
}
