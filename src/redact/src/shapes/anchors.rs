//! By which eight bytes each rule is looked for, and which rules a place in a text speaks for.

use std::collections::BTreeMap;

use vector::{Anchors, GROUPS};

use super::classes::Set;

/// Vector passes are made for so many groups of eight.
const PLANES: usize = 2;
/// How many bytes the vector passes look at.
pub(crate) const LENGTH: usize = 8;
/// How many of them the table looks at: the first, or the last.
const KEY: usize = 4;
/// How many different keys one window may have: each has an entry in the table.
const KEYS_MAX: usize = 1300;
/// How often windows are put into groups anew.
const ROUNDS: usize = 2;
/// So many groups are for windows of which one of the first four bytes may be one of more than so many; the first of them for those
/// of which each may.
const LOOSE_GROUPS: usize = 5;
const BYTES_MAX: u32 = 12;
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
    anchors: Anchors<PLANES, LENGTH>,
    by_start: Table,
    by_end: Table,
}

impl Places {
    /// Takes the windows; the number of each is what [`Places::each`] gives.
    pub(crate) fn new(windows: &[Window]) -> Self {
        let table = |is_by_end| {
            let mut keys = BTreeMap::<u32, Vec<u16>>::new();
            for (number, window) in (0..).zip(windows).filter(|(_, window)| window.is_known_by_end == is_by_end) {
                window.keys().into_iter().for_each(|key| keys.entry(key).or_default().push(number));
            }
            Table::new(&keys)
        };
        Self { anchors: Anchors::new(grouped(windows)), by_start: table(false), by_end: table(true) }
    }

    /// Calls `found` with each place of the text, and each window that may lie there, letters taken in either case.
    pub(crate) fn each(&self, text: &[u8], mut found: impl FnMut(usize, u16)) {
        self.anchors.each(text, |at| {
            if let Some((start, end)) = keys_at(text, at) {
                self.by_start.at(start).iter().chain(self.by_end.at(end)).for_each(|window| found(at, *window));
            }
        });
    }

    /// How many places the pass finds in a text, and how many of them are those of a rule, for measurements.
    pub(crate) fn count(&self, text: &[u8]) -> (usize, usize) {
        let (mut places, mut known) = (0, 0);
        self.anchors.each(text, |at| {
            let keys = keys_at(text, at);
            places += 1;
            known +=
                usize::from(keys.is_some_and(|(start, end)| {
                    !self.by_start.at(start).is_empty() || !self.by_end.at(end).is_empty()
                }));
        });
        (places, known)
    }
}

fn keys_at(text: &[u8], at: usize) -> Option<(u32, u32)> {
    let window = text.get(at..)?.first_chunk::<LENGTH>()?;
    Some((fold(*window.first_chunk()?), fold(*window.last_chunk()?)))
}

impl Window {
    fn known(&self) -> impl Iterator<Item = &Set> {
        self.sets.iter().skip(if self.is_known_by_end { LENGTH - KEY } else { 0 }).take(KEY)
    }

    /// How many keys it has, letters taken in either case.
    fn count_keys(&self) -> usize {
        self.known().map(|set| folded(*set).count_ones() as usize).product()
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
    let sets = |at| std::array::from_fn(|place| start.get(at + place).copied().unwrap_or(Set::MAX));
    let window = |at| [false, true].map(|is_known_by_end| (at, Window { sets: sets(at), is_known_by_end }));
    let windows = places.flat_map(window).filter(|(_, window)| window.count_keys() <= KEYS_MAX);
    let looseness = |window: &Window| (window.is_known_by_end, count_wide(&window.sets));
    windows.min_by(|(_, one), (_, other)| {
        looseness(one).cmp(&looseness(other)).then(chance(&one.sets).total_cmp(&chance(&other.sets)))
    })
}

fn folded(set: Set) -> Set {
    bytes(set).fold(0, |folded, byte| folded | 1 << (byte | 0x20))
}

/// Four bytes as a number in which the case of letters makes no difference.
const fn fold(bytes: [u8; KEY]) -> u32 {
    u32::from_le_bytes(bytes) | 0x2020_2020
}

fn bytes(set: Set) -> impl Iterator<Item = u8> {
    let mut rest = set;
    std::iter::from_fn(move || {
        let byte = (rest != 0).then(|| rest.trailing_zeros() as u8);
        rest &= rest.wrapping_sub(1);
        byte
    })
}

/// Puts windows that look alike into one group, so that a group finds few places that are none of its windows: each goes where it adds
/// least, and then again, now that the others are there.
fn grouped(windows: &[Window]) -> Vec<(usize, [Set; LENGTH])> {
    let mut sets = windows.iter().map(|window| window.sets).collect::<Vec<_>>();
    sets.sort_by(|one, other| chance(other).total_cmp(&chance(one)));
    sets.dedup();
    let room = sets.len().div_ceil(PLANES * GROUPS) * 3 / 2;
    let mut grouped = Vec::<(usize, [Set; LENGTH])>::new();
    for round in 0..ROUNDS {
        for (at, window) in sets.iter().enumerate() {
            let mut groups = [([0; LENGTH], 0); PLANES * GROUPS];
            for (_, (group, others)) in grouped.iter().enumerate().filter(|(other, _)| round == 0 || *other != at) {
                groups[*group].1 += 1;
                join(&mut groups[*group].0, others);
            }
            let adds = |group: &[Set; LENGTH]| {
                let mut joined = *group;
                join(&mut joined, window);
                // Squared, so that no group takes in all that would make others a little worse.
                f64::from(chance(&joined)).powi(2) - f64::from(chance(group)).powi(2)
            };
            let wide = count_wide(window);
            let is_free = |number, count| match wide {
                0 => number >= LOOSE_GROUPS && count < room,
                1..KEY => (1..LOOSE_GROUPS).contains(&number),
                _ => number == 0,
            };
            let free = groups.iter().enumerate().filter(|(number, (_, count))| is_free(*number, *count));
            let best = free
                .map(|(number, (group, _))| (number, adds(group)))
                .min_by(|(_, one), (_, other)| one.total_cmp(other));
            let best = best.map_or(0, |(number, _)| number);
            match grouped.get_mut(at) {
                Some(before) => before.0 = best,
                None => grouped.push((best, *window)),
            }
        }
    }
    grouped
}

/// How many of the first bytes may be one of many: such a window would make any group with others find too much.
fn count_wide(window: &[Set; LENGTH]) -> usize {
    window.iter().take(KEY).filter(|set| set.count_ones() > BYTES_MAX).count()
}

fn join(group: &mut [Set; LENGTH], window: &[Set; LENGTH]) {
    group.iter_mut().zip(window).for_each(|(all, set)| *all |= set);
}

/// How likely it is that a window lies at a place of a text as it is usual in answers: JSON, English, source code.
fn chance(window: &[Set; LENGTH]) -> f32 {
    let of = |set: &Set| if *set == Set::MAX { 1.0 } else { bytes(*set).map(commonness).sum() };
    window.iter().map(of).product()
}

/// How often a byte occurs in such texts, roughly; more than one by chance is no harm.
const fn commonness(byte: u8) -> f32 {
    match byte {
        b' ' => 0.13,
        b'e' => 0.075,
        b't' | b'a' => 0.055,
        b'o' | b'i' | b'n' | b's' | b'r' => 0.047,
        b'l' | b'd' | b'c' => 0.027,
        b'u' | b'm' | b'p' | b'h' | b'f' | b'g' => 0.018,
        b'"' | b'\n' => 0.025,
        b'.' | b',' | b'/' | b':' | b'_' | b'-' => 0.014,
        b'y' | b'b' | b'w' | b'v' | b'k' => 0.009,
        b'=' | b'(' | b')' | b'\'' | b'`' | b'0' | b'1' | b'2' => 0.006,
        b'3'..=b'9' | b'x' | b'A' | b'C' | b'E' | b'I' | b'S' | b'T' | b'{' | b'}' | b';' | b'\\' => 0.004,
        b'A'..=b'Z' | b'j' | b'q' | b'z' => 0.002,
        _ => 0.001,
    }
}

/// From four bytes to the numbers of what may be there: a hash table that is never changed.
#[derive(Debug)]
pub(crate) struct Table {
    /// The bytes, and where in `windows` theirs begin and end. Twice as many places as entries at least, so that a search is short.
    slots: Vec<(u32, u32, u32)>,
    windows: Vec<u16>,
}

impl Table {
    /// Words of four bytes at least, by their starts; the number of each is its place.
    pub(crate) fn of_words<'word>(words: impl Iterator<Item = &'word [u8]>) -> Self {
        let mut keys = BTreeMap::<u32, Vec<u16>>::new();
        for (number, word) in (0..).zip(words) {
            keys.entry(word.first_chunk().map_or(0, |start| fold(*start))).or_default().push(number);
        }
        Self::new(&keys)
    }

    /// The words that may begin at this place of a text.
    pub(crate) fn words_at(&self, text: &[u8], at: usize) -> &[u16] {
        text.get(at..).and_then(<[u8]>::first_chunk).map_or(&[], |start| self.at(fold(*start)))
    }

    fn new(texts: &BTreeMap<u32, Vec<u16>>) -> Self {
        let mut table = Self { slots: vec![(0, 0, 0); (2 * texts.len() + 1).next_power_of_two()], windows: Vec::new() };
        for (text, windows) in texts {
            let start = table.windows.len() as u32;
            table.windows.extend(windows);
            let mut slot = table.slot(*text);
            while table.slots[slot].2 != 0 {
                slot = (slot + 1) & (table.slots.len() - 1);
            }
            table.slots[slot] = (*text, start, table.windows.len() as u32);
        }
        table
    }

    fn at(&self, text: u32) -> &[u16] {
        let mut slot = self.slot(text);
        loop {
            match self.slots.get(slot) {
                Some((of, start, end)) if *of == text && *end != 0 => {
                    return self.windows.get(*start as usize..*end as usize).unwrap_or_default();
                }
                Some((_, _, 1..)) => slot = (slot + 1) & (self.slots.len() - 1),
                _ => return &[],
            }
        }
    }

    const fn slot(&self, text: u32) -> usize {
        // Fibonacci hashing: the upper bits of the product depend on all bytes.
        (text.wrapping_mul(0x9e37_79b1) >> 8) as usize & (self.slots.len() - 1)
    }
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
        assert_eq!(places.count(b"..ghp_xoxb...."), (3, 3));
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
