//! By which four bytes each rule is looked for, and which rules a place in a text speaks for.

use std::collections::BTreeMap;

use vector::{Anchors, GROUPS, LENGTH, Window};

use super::classes::{Set, holds};

/// Vector passes are made for so many groups of eight.
const PLANES: usize = 2;
/// How many different texts one window may stand for: each has an entry in the table.
const TEXTS_MAX: usize = 4096;
/// How far from its start a rule may be looked for. What may be its start is kept back so long.
pub(crate) const REACH: usize = 84;

/// All windows of all rules.
#[derive(Debug)]
pub(crate) struct Places {
    anchors: Anchors<PLANES>,
    table: Table,
}

impl Places {
    /// Takes the windows; the number of each is what [`Places::each`] gives.
    pub(crate) fn new(windows: &[Window]) -> Self {
        let mut texts = BTreeMap::<u32, Vec<u16>>::new();
        for (number, window) in (0..).zip(windows) {
            for text in folded_texts(window) {
                texts.entry(text).or_default().push(number);
            }
        }
        Self { anchors: Anchors::new(grouped(windows)), table: Table::new(&texts) }
    }

    /// Calls `found` with each place of the text, and each window that may lie there, letters taken in either case.
    pub(crate) fn each(&self, text: &[u8], mut found: impl FnMut(usize, u16)) {
        self.anchors.each(text, |at| {
            if let Some(bytes) = text.get(at..).and_then(<[u8]>::first_chunk) {
                self.table.at(fold(*bytes)).iter().for_each(|window| found(at, *window));
            }
        });
    }

    /// How many places the pass finds in a text, and how many of them are those of a rule, for measurements.
    pub(crate) fn count(&self, text: &[u8]) -> (usize, usize) {
        let (mut places, mut known) = (0, 0);
        self.anchors.each(text, |at| {
            let bytes = text.get(at..).and_then(<[u8]>::first_chunk);
            places += 1;
            known += usize::from(bytes.is_some_and(|bytes| !self.table.at(fold(*bytes)).is_empty()));
        });
        (places, known)
    }
}

/// The rarest four bytes in a row of those that a rule's texts begin with, and at which place they are.
pub(crate) fn rarest(start: &[Set]) -> Option<(usize, Window)> {
    let windows = start.array_windows::<LENGTH>().enumerate().filter(|(_, window)| texts(window) <= TEXTS_MAX);
    windows.min_by(|(_, one), (_, other)| chance(one).total_cmp(&chance(other))).map(|(at, window)| (at, *window))
}

/// How many texts a window stands for, letters taken in either case.
fn texts(window: &Window) -> usize {
    window.iter().map(|set| folded(*set).count_ones() as usize).product()
}

fn folded_texts(window: &Window) -> Vec<u32> {
    let mut texts = vec![0];
    for (place, set) in window.iter().enumerate() {
        let set = folded(*set);
        let bytes = (0..128_u8).filter(|byte| holds(set, *byte)).map(|byte| u32::from(byte) << (8 * place));
        texts = bytes.flat_map(|byte| texts.iter().map(move |text| text | byte)).collect();
    }
    texts
}

fn folded(set: Set) -> Set {
    (0..128_u8).filter(|byte| holds(set, *byte)).fold(0, |folded, byte| folded | 1 << (byte | 0x20))
}

/// Four bytes as a number in which the case of letters makes no difference.
const fn fold(bytes: [u8; LENGTH]) -> u32 {
    u32::from_le_bytes(bytes) | 0x2020_2020
}

/// Puts windows that look alike into one group, so that a group finds few places that are none of its windows.
fn grouped(windows: &[Window]) -> Vec<(usize, Window)> {
    let mut groups = vec![([0; LENGTH], 0.0); PLANES * GROUPS];
    let mut rarest_first = windows.to_vec();
    rarest_first.sort_by(|one, other| chance(other).total_cmp(&chance(one)));
    rarest_first.dedup();
    rarest_first
        .into_iter()
        .map(|window| {
            let joined = groups.iter().enumerate().map(|(number, (group, before))| {
                let mut joined: Window = *group;
                joined.iter_mut().zip(window).for_each(|(joined, set)| *joined |= set);
                let after = chance(&joined);
                (number, joined, after, after - before)
            });
            let best = joined.min_by(|(.., one), (.., other)| one.total_cmp(other));
            let (number, joined, after, _) = best.unwrap_or((0, window, 0.0, 0.0));
            groups[number] = (joined, after);
            (number, window)
        })
        .collect()
}

/// How likely it is that a window lies at a place of a text as it is usual in answers: JSON, English, source code.
fn chance(window: &Window) -> f32 {
    let of = |set: &Set| (0..128_u8).filter(|byte| holds(*set, *byte)).map(commonness).sum::<f32>();
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

/// From four bytes to the windows that may lie there: a hash table that is never changed.
#[derive(Debug)]
struct Table {
    /// The bytes, and where in `windows` theirs begin and end. Twice as many places as entries at least, so that a search is short.
    slots: Vec<(u32, u32, u32)>,
    windows: Vec<u16>,
}

impl Table {
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

    fn window(text: &[u8; LENGTH]) -> Window {
        text.map(|byte| 1 << byte)
    }

    #[test]
    fn each_window_is_found_with_its_number_in_either_case() {
        let windows = [b"ghp_", b"xoxb", b"hp_x", b"GHP_"].map(window);
        let places = Places::new(&windows);
        let mut found = Vec::new();
        places.each(b"..ghp_xoxb", |at, window| found.push((at, window)));
        assert_eq!(found, [(2, 0), (2, 3), (3, 2), (6, 1)]);
        assert_eq!(places.count(b"..ghp_xoxb"), (3, 3));
        assert_eq!(places.count(b"nothing here"), (0, 0));
    }

    #[test]
    fn the_rarest_bytes_of_a_start_are_taken() {
        let start = b"the_QZ_".map(|byte| 1 << byte);
        assert_eq!(rarest(&start).map(|(at, _)| at), Some(3));
        assert_eq!(rarest(&start[..3]), None);
        let wide = [1 << b'a', u128::MAX, u128::MAX, u128::MAX];
        assert_eq!(rarest(&wide), None, "it would stand for too many texts");
    }

    #[test]
    fn many_windows_are_found_one_by_one() {
        let texts = (0..2000_u32).map(|number| format!("{number:04}").into_bytes()).collect::<Vec<_>>();
        let windows = texts.iter().map(|text| window(text.first_chunk().unwrap())).collect::<Vec<_>>();
        let places = Places::new(&windows);
        for (number, text) in (0..).zip(&texts) {
            let mut found = Vec::new();
            places.each(text, |at, window| found.push((at, window)));
            assert_eq!(found, [(0, number)]);
        }
    }
}
