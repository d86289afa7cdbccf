//! From a bit for each byte to the places that are wanted.
//!
//! Where there is a place cannot be guessed, so nothing branches for each: places are asked for by the dozen, and only for what is left of
//! them is anything called.

/// The bytes that a mask has a bit for.
pub(crate) const BLOCK: usize = 64;
/// How many blocks are looked at together.
pub(crate) const BLOCKS: usize = 32;
/// How many places are asked for together, at most.
const ROOM: usize = 2 * BLOCK;
/// How many places of a block are taken at once; most blocks with one have no more.
const STEP: usize = 4;

/// A bit for each byte of some blocks.
#[derive(Debug)]
pub(crate) struct Marks {
    of_blocks: [u64; BLOCKS],
    /// A bit for each block that has a bit.
    any: u32,
}

const _: () = assert!(BLOCKS == u32::BITS as usize, "a bit for each block");

impl Marks {
    pub(crate) const NONE: Self = Self { of_blocks: [0; BLOCKS], any: 0 };

    #[inline]
    pub(crate) const fn clear(&mut self) {
        self.any = 0;
    }

    /// Takes the mask of a block, once after each [`Marks::clear`].
    // Inlined always: else it would not be compiled for the instructions of each vector pass that it is a part of.
    #[inline(always)]
    #[expect(clippy::inline_always, reason = "a part of each vector pass")]
    pub(crate) fn set(&mut self, block: usize, mask: u64) {
        if let Some(of_block) = self.of_blocks.get_mut(block) {
            *of_block = mask;
        }
        self.any |= u32::from(mask != 0) << (block % BLOCKS);
    }

    /// Takes the masks of so many blocks. Two loops, for the first shall be made of vector instructions.
    #[inline(always)]
    #[expect(clippy::inline_always, reason = "a part of each vector pass")]
    pub(crate) fn set_all(&mut self, count: usize, mask_of: impl Fn(usize) -> u64) {
        let of_blocks = self.of_blocks.iter_mut().take(count).enumerate();
        of_blocks.for_each(|(block, of_block)| *of_block = mask_of(block));
        let mut any = 0;
        for (block, mask) in self.of_blocks.iter().take(count).enumerate() {
            any |= u32::from(*mask != 0) << block;
        }
        self.any = any;
    }

    /// The mask of a block.
    #[inline(always)]
    #[expect(clippy::inline_always, reason = "a part of each vector pass")]
    pub(crate) const fn of_block(&self, block: usize) -> u64 {
        self.of_blocks[block % BLOCKS]
    }

    /// Calls `found` with the place of each bit, in order, as [`Marks::each_wanted`] does.
    #[inline]
    pub(crate) fn each(&self, start: usize, found: &mut impl FnMut(usize)) {
        let mut any = self.any;
        while any != 0 {
            let number = any.trailing_zeros() as usize % BLOCKS;
            let mut marks = self.of_blocks[number];
            while marks != 0 {
                found(start.wrapping_add(number * BLOCK + marks.trailing_zeros() as usize));
                marks &= marks - 1;
            }
            any &= any - 1;
        }
    }

    /// Calls `found` with the place of each bit that is wanted, in order. The first mask is of the block at `start`, which may be before
    /// the text if it has no bits.
    #[inline]
    pub(crate) fn each_wanted(&self, start: usize, is_wanted: &impl Fn(usize) -> bool, found: &mut impl FnMut(usize)) {
        if self.any == 0 {
            return;
        }
        let (mut any, mut places) = (self.any, Places { start, places: [0; ROOM], count: 0 });
        while any != 0 {
            let number = any.trailing_zeros() as usize % BLOCKS;
            places.add((number * BLOCK) as u16, self.of_blocks[number]);
            if places.count > ROOM - BLOCK {
                places.ask(is_wanted, found);
            }
            any &= any - 1;
        }
        places.ask(is_wanted, found);
    }
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
                // With a bit more, so that nobody asks whether there is one.
                *place = block + (rest | 1 << (u64::BITS - 1)).trailing_zeros() as u16;
                self.count += usize::from(rest != 0);
                rest &= rest.wrapping_sub(1);
            }
            at += STEP;
            if rest == 0 {
                break;
            }
        }
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
