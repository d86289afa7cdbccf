//! By which eight bytes each rule is looked for, and which rules a place in a text speaks for.

use vector::{GROUPS, KEY, Keyed};

use super::classes::{Set, holds};
use super::groups::{bytes, count_wide, grouped, likelihood};
use super::table::Table;

/// Vector passes are made for so many groups of eight.
const PLANES: usize = 2;
/// How many bytes the vector passes look at.
pub(crate) const LENGTH: usize = 8;
/// How many different keys one window may have: each has an entry in the table.
const KEYS_MAX: usize = 1300;
/// So many groups are for windows of which one of the first four bytes may be one of many.
const LOOSE_GROUPS: usize = 4;
/// What stands in many texts, so that a window should not be known by it: of URLs, of JSON, and of English.
const COMMON: [&[u8; 3]; 26] = [
    b"htt", b"ttp", b"tps", b"ps:", b"s:/", b"://", b"www", b"ww.", b".co", b"com", b"om/", b"api", b"pi.", b"\":\"",
    b"\": ", b"\",\"", b"\":{", b"the", b"ing", b"ion", b"and", b"ent", b"tio", b"her", b"tha", b"dat",
];
/// How far from its start a rule may be looked for. What may be its start is kept back so long.
pub(crate) const REACH: usize = 84;

/// Eight bytes by which something is looked for.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Window {
    pub(crate) sets: [Set; LENGTH],
    /// Whether the table knows it by its last four bytes.
    is_known_by_end: bool,
}

/// All windows of all rules.
#[derive(Debug)]
pub(crate) struct Places {
    anchors: Keyed<PLANES, LENGTH>,
    by_start: Table,
    by_end: Table,
}

impl Places {
    /// Takes the windows; the number of each is what [`Places::each`] gives.
    pub(crate) fn new(windows: &[Window]) -> Self {
        let entries = |is_by_end| {
            let windows = (0..).zip(windows).filter(move |(_, window)| window.is_known_by_end == is_by_end);
            windows
                .flat_map(|(number, window)| window.keys().into_iter().map(move |key| (key, number)))
                .collect::<Vec<_>>()
        };
        let (by_start, by_end) = (entries(false), entries(true));
        let keys = |entries: &[(u32, u16)]| entries.iter().map(|(key, _)| *key).collect::<Vec<_>>();
        let grouped = grouped(windows.iter().map(|window| window.sets).collect(), PLANES * GROUPS, LOOSE_GROUPS);
        Self {
            anchors: Keyed::new(grouped, keys(&by_start), keys(&by_end)),
            by_start: Table::new(by_start),
            by_end: Table::new(by_end),
        }
    }

    /// Calls `found` with each place of the text, and each window that may lie there, letters taken in either case.
    pub(crate) fn each(&self, text: &[u8], mut found: impl FnMut(usize, u16)) {
        self.anchors.each(text, |at| {
            let windows = self.by_start.at(text, at).iter().chain(self.by_end.at(text, at + LENGTH - KEY));
            windows.for_each(|window| found(at, *window));
        });
    }

    /// How many places the pass finds in a text, and how many windows may lie there, for measurements.
    pub(crate) fn count(&self, text: &[u8]) -> (usize, usize) {
        let (mut places, mut windows) = (0, 0);
        self.anchors.each(text, |_| places += 1);
        self.each(text, |_, _| windows += 1);
        (places, windows)
    }
}

impl Window {
    fn known(&self) -> impl Iterator<Item = &Set> {
        self.sets.iter().skip(if self.is_known_by_end { LENGTH - KEY } else { 0 }).take(KEY)
    }

    /// How many keys it has, letters taken in either case.
    fn count_keys(&self) -> usize {
        self.known().map(|set| folded(*set).count_ones() as usize).product()
    }

    /// Whether it is known by what stands in many texts.
    fn is_common(&self) -> bool {
        let known = self.known().map(|set| folded(*set)).collect::<Vec<_>>();
        let begins = |sets: &[Set], common: &[u8; 3]| sets.iter().zip(common).all(|(set, byte)| holds(*set, *byte));
        known.windows(3).any(|sets| COMMON.iter().any(|common| begins(sets, common)))
    }

    fn keys(&self) -> Vec<u32> {
        let mut keys = vec![0];
        for (place, set) in self.known().enumerate() {
            let bytes = bytes(folded(*set)).map(|byte| u32::from(byte) << (8 * place));
            keys = bytes.flat_map(|byte| keys.iter().map(move |key| key | byte)).collect();
        }
        keys
    }
}

/// The rarest eight bytes in a row of those that a rule's texts begin with, and at which place they are. What follows the last known
/// byte may be any, if there are so many bytes at least.
pub(crate) fn rarest(start: &[Set], bytes_min: usize) -> Option<(usize, Window)> {
    let places = 0..(bytes_min + 1).saturating_sub(LENGTH).min(start.len());
    let mut sets = start.iter().map(|set| (*set, likelihood(*set))).collect::<Vec<_>>();
    sets.resize(start.len() + LENGTH, (Set::MAX, 1.0));
    let looked_at = places.zip(sets.array_windows::<LENGTH>()).flat_map(|(at, place)| {
        let chance = place.iter().map(|(_, likelihood)| likelihood).product::<f32>();
        [false, true].map(|is_known_by_end| (at, Window { sets: place.map(|(set, _)| set), is_known_by_end }, chance))
    });
    let windows = looked_at.filter(|(_, window, _)| window.count_keys() <= KEYS_MAX);
    let looseness = |window: &Window| (window.is_known_by_end, window.is_common(), count_wide(&window.sets));
    let rarest = windows.min_by(|(_, one, chance), (_, other, of_other)| {
        looseness(one).cmp(&looseness(other)).then(chance.total_cmp(of_other))
    });
    rarest.map(|(at, window, _)| (at, window))
}

/// The set with letters in lower case, and all else as [`vector::key`] has it.
const fn folded(set: Set) -> Set {
    // The bytes of which bit 0x20 is not set are 0 to 31 and 64 to 95.
    const CLEAR: Set = 0xffff_ffff | 0xffff_ffff << 64;
    set & !CLEAR | (set & CLEAR) << 32
}

#[cfg(test)]
mod tests {
    use super::*;

    fn window(text: &[u8; KEY]) -> Window {
        let sets = std::array::from_fn(|place| text.get(place).map_or(Set::MAX, |byte| 1 << byte));
        Window { sets, is_known_by_end: false }
    }

    #[test]
    fn each_window_is_found_with_its_number_in_either_case() {
        let windows = [b"ghp_", b"xoxb", b"hp_x", b"GHP_"].map(window);
        let places = Places::new(&windows);
        let mut found = Vec::new();
        places.each(b"..ghp_xoxb....", |at, window| found.push((at, window)));
        assert_eq!(found, [(2, 0), (2, 3), (3, 2), (6, 1)]);
        assert_eq!(places.count(b"..ghp_xoxb...."), (3, 4));
        assert_eq!(places.count(b"nothing here"), (0, 0));
    }

    #[test]
    fn the_rarest_bytes_of_a_start_are_taken() {
        let start = b"the_QZ_the".map(|byte| 1 << byte);
        assert_eq!(rarest(&start, 10).map(|(at, _)| at), Some(1));
        assert!(rarest(&start[..2], 10).is_none());
        assert!(rarest(&start, 7).is_none(), "too short");
        let at_the_end = [[Set::MAX; 20].as_slice(), &start[..4]].concat();
        assert_eq!(rarest(&at_the_end, 24).map(|(at, _)| at), Some(16));
        let wide = [1 << b'a', u128::MAX, u128::MAX, u128::MAX];
        assert!(rarest(&wide, 8).is_none(), "it would stand for too many texts");
    }

    #[test]
    fn many_windows_are_found_one_by_one() {
        let texts = (0..2000_u32).map(|number| format!("{number:04}").into_bytes()).collect::<Vec<_>>();
        let windows = texts.iter().map(|text| window(text.first_chunk().unwrap())).collect::<Vec<_>>();
        let places = Places::new(&windows);
        for (number, text) in (0..).zip(&texts) {
            let mut found = Vec::new();
            places.each(&[text.as_slice(), b"...."].concat(), |at, window| found.push((at, window)));
            assert_eq!(found, [(0, number)]);
        }
    }
}
