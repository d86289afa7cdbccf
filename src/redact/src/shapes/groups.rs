//! Puts what is looked for into groups of windows that look alike, so that a group finds few places that are none of its windows.

use vector::Window;

use super::classes::Set;

/// How often windows are put into groups: once more when the others are there.
const ROUNDS: usize = 2;

/// A group: its windows, all together.
#[derive(Clone, Copy)]
struct Group<const LENGTH: usize> {
    sets: Window<LENGTH>,
    likely: [f32; LENGTH],
    count: usize,
}

/// The windows, each with the number of its group. Each goes where it adds least.
pub(crate) fn grouped<const LENGTH: usize>(
    mut windows: Vec<Window<LENGTH>>,
    groups: usize,
) -> Vec<(usize, Window<LENGTH>)> {
    windows.sort_by(|one, other| chance(other).total_cmp(&chance(one)).then_with(|| one.cmp(other)));
    windows.dedup();
    let room = windows.len().div_ceil(groups) * 3 / 2 + 1;
    let mut all = vec![Group::default(); groups];
    let mut placed = Vec::<(usize, Window<LENGTH>)>::new();
    for round in 0..ROUNDS {
        for (at, window) in windows.iter().enumerate() {
            if round > 0
                && let Some((before, _)) = placed.get(at)
            {
                let others = placed.iter().enumerate().filter(|(other, (group, _))| group == before && *other != at);
                all[*before] = others.fold(Group::default(), |group, (_, (_, window))| group.with(window));
            }
            let free = all.iter().enumerate().filter(|(_, group)| group.count < room);
            // Squared, so that no group takes in all that would make others a little worse.
            let adds = |group: &Group<LENGTH>| group.with(window).chance().powi(2) - group.chance().powi(2);
            let best =
                free.map(|(number, group)| (number, adds(group))).min_by(|(_, one), (_, other)| one.total_cmp(other));
            let best = best.map_or(0, |(number, _)| number);
            all[best] = all[best].with(window);
            match placed.get_mut(at) {
                Some(before) => before.0 = best,
                None => placed.push((best, *window)),
            }
        }
    }
    placed
}

impl<const LENGTH: usize> Default for Group<LENGTH> {
    fn default() -> Self {
        Self { sets: [0; LENGTH], likely: [0.0; LENGTH], count: 0 }
    }
}

impl<const LENGTH: usize> Group<LENGTH> {
    fn with(mut self, window: &Window<LENGTH>) -> Self {
        for ((all, likely), set) in self.sets.iter_mut().zip(&mut self.likely).zip(window) {
            let more = of_halves(set | *all);
            *likely += likelihood(more & !*all);
            *all = more;
        }
        self.count += 1;
        self
    }

    fn chance(&self) -> f64 {
        self.likely.iter().map(|likely| f64::from(*likely)).product()
    }
}

/// The bytes that have each the lower half of some byte of a set, and the upper half of some.
fn of_halves(set: Set) -> Set {
    let upper = (0..8).filter(|half| set >> (16 * half) & 0xffff != 0);
    let lower = (0..8).fold(0, |lower, half| lower | set >> (16 * half) & 0xffff);
    upper.fold(0, |all, half| all | lower << (16 * half))
}

/// How likely it is that a window lies at a place of a text as it is usual in answers: JSON, English, source code.
pub(crate) fn chance(window: &[Set]) -> f32 {
    window.iter().copied().map(likelihood).product()
}

/// How likely it is that a byte of such texts is in a set.
pub(crate) fn likelihood(set: Set) -> f32 {
    if set == Set::MAX { 1.0 } else { bytes(set).map(commonness).sum() }
}

/// The bytes of a set.
pub(crate) fn bytes(set: Set) -> impl Iterator<Item = u8> {
    let mut rest = set;
    std::iter::from_fn(move || {
        let byte = (rest != 0).then(|| rest.trailing_zeros() as u8);
        rest &= rest.wrapping_sub(1);
        byte
    })
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
